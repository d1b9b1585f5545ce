// A machine as Renode's is to a peripheral: virtual time that stands still on the CPU's thread until the CPU says how far
// it has come, timers that run on that thread with the clock's lock held, pauses that take effect between steps, and the
// exceptions that Renode throws for what it does not forgive.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

using Antmicro.Renode.Core;
using Antmicro.Renode.Exceptions;
using Antmicro.Renode.Peripherals;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.UART;
using Antmicro.Renode.Time;

namespace EspAtHarness
{
    public class Machine : Emulation, IMachine, IBusController, ICPU
    {
        // Without `emulation` it is one of its own.
        public Machine(Emulation emulation = null)
        {
            EmulationManager.Instance.CurrentEmulation = emulation ?? this;
            thread = new Thread(Loop) { IsBackground = true, Name = "CPU" };
            thread.Start();
        }

        // ---- IMachine, IBusController, ICPU ----------------------------------------------------------------------------

        public TimeStamp ElapsedVirtualTime => new TimeStamp(TimeInterval.FromNanoseconds(Volatile.Read(ref reported)));

        public TimeSourceBase LocalTimeSource { get; set; } = new TimeSourceBase();

        public IBusController SystemBus => this;

        public bool TryGetCurrentCPU(out ICPU cpu)
        {
            cpu = OnCpuThread ? this : null;
            return OnCpuThread;
        }

        public IEnumerable<ICPU> GetCPUs()
        {
            yield return this;
        }

        public ExecutionMode ExecutionMode { get; set; }

        public void SyncTime()
        {
            if(!OnCpuThread)
            {
                throw new InvalidOperationException("SyncTime on a thread that is not the CPU's");
            }
            lock(clock)
            {
                // As in Renode: a timer that asks for the time does not run other timers.
                if(inTimers)
                {
                    return;
                }
                inTimers = true;
                try
                {
                    while(timers.Count > 0 && timers[0].At <= executed)
                    {
                        var timer = timers[0];
                        timers.RemoveAt(0);
                        Volatile.Write(ref reported, Math.Max(reported, timer.At));
                        Fatal(() => timer.Action(TimeInterval.FromNanoseconds(timer.ScheduledAt)));
                    }
                    Volatile.Write(ref reported, executed);
                }
                finally
                {
                    inTimers = false;
                }
            }
        }

        public void ScheduleAction(TimeInterval delay, Action<TimeInterval> action, string name = null)
        {
            if(OnCpuThread)
            {
                SyncTime();
            }
            lock(clock)
            {
                var now = reported;
                if(delay.TotalNanoseconds == 0)
                {
                    action(TimeInterval.FromNanoseconds(now));
                    return;
                }
                var timer = new Timer { ScheduledAt = now, At = now + delay.TotalNanoseconds, Action = action };
                var place = timers.FindIndex(t => t.At > timer.At);
                timers.Insert(place < 0 ? timers.Count : place, timer);
            }
        }

        public void PauseAndRequestEmulationPause(bool precise = false)
        {
            // As in Renode: forgotten when the emulation has not been started, or not quite.
            if(IsStarted)
            {
                pauseWanted = true;
            }
        }

        public void Reset()
        {
            foreach(var peripheral in peripherals)
            {
                peripheral.Reset();
            }
        }

        // ---- Emulation -------------------------------------------------------------------------------------------------

        public override bool IsStarted => started;

        public override IEnumerable<IMachine> Machines => Others.Concat(new[] { this });

        public readonly List<IMachine> Others = new List<IMachine>();

        public override void StartAll()
        {
            StartPeripherals();
            Go(ulong.MaxValue);
            // The gap in which Renode runs without saying so.
            Thread.Sleep(StartGap);
            SetStarted(true);
        }

        public override void PauseAll()
        {
            if(!OnCpuThread)
            {
                pauseWanted = true;
                WaitUntilIdle();
            }
            SetStarted(false);
        }

        public override AutoResetEvent GetStartedStateChangedEvent(bool requiredStartedState, bool waitForTransition = true)
        {
            var changed = new AutoResetEvent(false);
            Action<bool> handler = null;
            handler = now =>
            {
                if(now == requiredStartedState)
                {
                    changed.Set();
                }
            };
            startedChanged += handler;
            return changed;
        }

        // What the Monitor's `emulation RunFor` does.
        public void RunFor(ulong nanoseconds)
        {
            StartPeripherals();
            Go(executed + nanoseconds);
            WaitUntilIdle();
            PausePeripherals();
        }

        public void Remove(IPeripheral peripheral)
        {
            peripherals.Remove(peripheral);
        }

        // ---- the test's side -------------------------------------------------------------------------------------------

        public void Add(IPeripheral peripheral)
        {
            peripherals.Add(peripheral);
        }

        // The guest does something at this time, on the CPU's thread, while the reported time lags behind.
        public void Guest(ulong at, Action action)
        {
            lock(clock)
            {
                var timer = new Timer { At = at, Action = _ => action() };
                var place = guest.FindIndex(t => t.At > at);
                guest.Insert(place < 0 ? guest.Count : place, timer);
            }
        }

        public bool OnCpuThread => Thread.CurrentThread == thread;

        public ulong Executed => executed;

        // What would have ended Renode.
        public Exception Died { get; private set; }

        public int StartGap;

        private void Loop()
        {
            while(true)
            {
                lock(gate)
                {
                    while(executed >= target)
                    {
                        idle = true;
                        Monitor.PulseAll(gate);
                        Monitor.Wait(gate);
                    }
                    idle = false;
                }
                Step();
                if(pauseWanted)
                {
                    pauseWanted = false;
                    lock(gate)
                    {
                        target = executed;
                    }
                    PausePeripherals();
                    SetStarted(false);
                }
            }
        }

        // To the next thing that happens: the guest does something, a timer is due, a quantum ends.
        private void Step()
        {
            Action action = null;
            ulong next;
            lock(clock)
            {
                next = Math.Min((executed / Quantum + 1) * Quantum, target);
                if(timers.Count > 0)
                {
                    next = Math.Min(next, Math.Max(timers[0].At, executed));
                }
                if(guest.Count > 0 && guest[0].At <= next)
                {
                    next = Math.Max(guest[0].At, executed);
                    var doing = guest[0].Action;
                    action = () => doing(TimeInterval.FromNanoseconds(0));
                    guest.RemoveAt(0);
                }
                executed = next;
            }
            if(action != null)
            {
                Fatal(action);
                return;
            }
            SyncTime();
        }

        private void Fatal(Action action)
        {
            try
            {
                action();
            }
            catch(Exception e)
            {
                Died = Died ?? e;
            }
        }

        public void StartPeripherals()
        {
            foreach(var peripheral in peripherals)
            {
                var ownLife = peripheral as IHasOwnLife;
                if(ownLife != null)
                {
                    ownLife.Start();
                }
            }
        }

        public void PausePeripherals()
        {
            foreach(var peripheral in peripherals)
            {
                var ownLife = peripheral as IHasOwnLife;
                if(ownLife != null)
                {
                    ownLife.Pause();
                }
            }
        }

        public void Go(ulong until)
        {
            lock(gate)
            {
                target = until;
                idle = false;
                Monitor.PulseAll(gate);
            }
        }

        public void WaitUntilIdle()
        {
            lock(gate)
            {
                while(!idle)
                {
                    Monitor.Wait(gate);
                }
            }
        }

        private void SetStarted(bool value)
        {
            if(started != value)
            {
                started = value;
                var handler = startedChanged;
                if(handler != null)
                {
                    handler(value);
                }
            }
        }

        private ulong executed;
        private ulong reported;
        private ulong target;
        private bool idle = true;
        private bool inTimers;
        private volatile bool started;
        private volatile bool pauseWanted;
        private event Action<bool> startedChanged;

        private readonly Thread thread;
        private readonly object gate = new object();
        private readonly object clock = new object();
        private readonly List<Timer> timers = new List<Timer>();
        private readonly List<Timer> guest = new List<Timer>();
        private readonly List<IPeripheral> peripherals = new List<IPeripheral>();

        private const ulong Quantum = 100000;

        private class Timer
        {
            public ulong At;
            public ulong ScheduledAt;
            public Action<TimeInterval> Action;
        }
    }

    // Several machines under one clock, which meet at the end of each quantum.
    public class Bench : Emulation
    {
        public Machine Add()
        {
            var machine = new Machine(this);
            machines.Add(machine);
            return machine;
        }

        public void RunFor(ulong nanoseconds)
        {
            machines.ForEach(m => m.StartPeripherals());
            for(var end = elapsed + nanoseconds; elapsed < end;)
            {
                elapsed = Math.Min(elapsed + MasterTimeSource.Quantum.TotalNanoseconds, end);
                foreach(var machine in machines)
                {
                    machine.Go(elapsed);
                    if(MasterTimeSource.ExecuteInSerial)
                    {
                        machine.WaitUntilIdle();
                    }
                }
                machines.ForEach(m => m.WaitUntilIdle());
                MasterTimeSource.Synchronize(TimeInterval.FromNanoseconds(elapsed));
            }
            machines.ForEach(m => m.PausePeripherals());
        }

        public override bool IsStarted => false;

        public override IEnumerable<IMachine> Machines => machines;

        public override void StartAll()
        {
            throw new NotSupportedException();
        }

        public override void PauseAll()
        {
        }

        public override AutoResetEvent GetStartedStateChangedEvent(bool requiredStartedState, bool waitForTransition = true)
        {
            return new AutoResetEvent(false);
        }

        private ulong elapsed;
        private readonly List<Machine> machines = new List<Machine>();
    }

    // The MCU's UART. It must be used on the CPU's thread, like a Renode model without a lock.
    public class McuUart : IUART
    {
        public McuUart(Machine machine)
        {
            this.machine = machine;
        }

        public void WriteChar(byte value)
        {
            if(!machine.OnCpuThread)
            {
                throw new InvalidOperationException("a received byte races the CPU: this is not its thread");
            }
            if(Broken)
            {
                throw new InvalidOperationException("the UART model has a bug");
            }
            Received += (char)value;
            Times.Add(machine.ElapsedVirtualTime.TimeElapsed.TotalNanoseconds);
            var handler = OnReceived;
            if(handler != null)
            {
                handler();
            }
        }

        // What the guest stores into the transmit register, all in one instant.
        public void Send(string text)
        {
            foreach(var c in text)
            {
                CharReceived((byte)c);
            }
        }

        public void Reset()
        {
        }

        public event Action<byte> CharReceived;

        public event Action OnReceived;

        // As some models do while nobody has set the divisor.
        public uint BaudRate => 9216000 / Divisor;

        public Bits StopBits { get; set; } = Bits.None;

        public Parity ParityBit { get; set; } = Parity.None;

        public uint Divisor;
        public bool Broken;
        public string Received = "";
        public readonly List<ulong> Times = new List<ulong>();

        private readonly Machine machine;
    }

    // A UART hub: Renode stamps every byte with the time of the thread that brings it.
    public class Hub
    {
        public Hub(Machine machine, IUART uart)
        {
            this.machine = machine;
            uart.CharReceived += Take;
        }

        public string Passed = "";

        private void Take(byte value)
        {
            if(!machine.OnCpuThread)
            {
                throw new ArgumentException("Tried to obtain a virtual time stamp of an unregistered thread");
            }
            Passed += (char)value;
        }

        private readonly Machine machine;
    }
}
