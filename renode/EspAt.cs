//
// An ESP-AT Wi-Fi module beside the MCU of a Renode machine.
//
//     include @EspAt.cs
//     machine LoadPlatformDescriptionFromString "wifi: Network.EspAt @ sysbus { uart: usart2 }"
//
// Modules of several machines in one network, a world that they share:
//
//     emulation CreateEspAtWorld "air" @lab.toml
//     machine LoadPlatformDescriptionFromString "wifi: Network.EspAt @ sysbus { uart: usart2; world: \"air\"; module: \"lamp\" }"
//
// The module itself is espat-sim's library; this file is its driver. It owns no thread and no socket. Virtual time goes
// in with every byte and pin, and comes out with every byte of the module, exact to the nanosecond.
// A port of the module's LAN, for a Renode switch:
//
//     machine LoadPlatformDescriptionFromString "lan: Network.EspAtLan @ sysbus { wifi: wifi }"
//
// README.md beside this file is the guide, ../include/espat_sim.h the contract between the two.
//
// C# 7.0 without local functions, patterns with 'when' and the like: what Renode's compilers have in common. And one file,
// though a long one: `include` compiles what it is given in one go, and Renode before 1.16 takes a single file. Its parts:
// the peripheral as Renode sees it, settings and questions, bytes and timers, the MCU's line settings, observations, its
// place in a world; the binding of the library (Native); the Monitor's command; the port of a LAN (EspAtLan); and last the world
// (EspAtWorld), of one module or of several.
//
using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

using Antmicro.Migrant;
using Antmicro.Migrant.Hooks;
using Antmicro.Renode.Core;
using Antmicro.Renode.Core.Structure;
using Antmicro.Renode.Exceptions;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Network;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.UART;
using Antmicro.Renode.Time;
using Antmicro.Renode.UserInterface.Commands;
using Antmicro.Renode.Utilities;

using AntShell.Commands;

namespace Antmicro.Renode.Peripherals.Network
{
    using Native = EspAt.Native;
    using Observation = EspAt.Observation;
    using Waiter = EspAt.Waiter;

    // GPIO inputs: 0 is EN, 1 is GPIO0, 2 is the MCU's RTS, 3 is the pin that wakes the module. The output is the module's RTS.
    [GPIO(NumberOfInputs = EspAt.PinCount)]
    public class EspAt : IUART, IGPIOReceiver, IHasOwnLife, IDisposable
    {
        // With `uart`, the module is wired to it: what the MCU sends arrives on the CPU's thread at the exact time, and
        // what the module sends is received at the exact time. Without, it is a UART itself: registered at one that
        // takes peripherals, or connected through a UART hub. `world` is the name of one that `emulation CreateEspAtWorld`
        // has made, `module` which of its modules this is; without, the module has a world of its own.
        public EspAt(IMachine machine, IUART uart = null, string world = "", string module = "")
        {
            this.machine = machine;
            this.uart = uart;
            own = new EspAtWorld(this);
            home = own;
            moduleName = module;
            try
            {
                if(world.Length > 0)
                {
                    home = EspAtWorld.Called(world);
                }
                // Power is on from here on.
                own.Origin = machine.ElapsedVirtualTime.TimeElapsed.TotalNanoseconds;
                Connect();
            }
            catch(RecoverableException e)
            {
                own.Dispose();
                // The only exception that Renode survives in a constructor.
                throw new ConstructionException(Refused(e.Message).Message);
            }
        }

        // ---- IUART: used when there is no `uart`, and by analyzers and testers ----------------------------------------

        public void WriteChar(byte value)
        {
            HandleMcuByte(value);
        }

        public event Action<byte> CharReceived
        {
            add
            {
                if(uart != null && ReferenceEquals(value.Target, uart))
                {
                    // Renode goes on knowing it, although its creation has failed.
                    refused = true;
                    throw Refused("The module is wired to its UART twice, so that every byte would be there twice: write either"
                        + " `@ sysbus { uart: X }` or `@ X`");
                }
                charReceived += value;
            }
            remove { charReceived -= value; }
        }

        // What the module's UART is set to now.
        public uint BaudRate => ModuleLine.Baud;

        public Bits StopBits => Native.StopBits[ModuleLine.StopBits];

        public Parity ParityBit => Native.Parities[ModuleLine.Parity];

        // ---- pins and resets -------------------------------------------------------------------------------------------

        // The module's RTS, the MCU's CTS: high asks the MCU to stop sending.
        public GPIO Rts { get; } = new GPIO();

        public void OnGPIO(int number, bool value)
        {
            if(number < 0 || number >= PinCount)
            {
                this.Log(LogLevel.Warning, "There is no pin {0}: 0 is EN, 1 is GPIO0, 2 is RTS, 3 is WAKE", number);
                return;
            }
            DriveModule(delegate
            {
                pins[number] = value;
                if(HasWorld)
                {
                    native.Check(native.SetPin(world, module, Tick(), NativePins[number], value ? 1u : 0u));
                }
            });
        }

        // The MCU's reset. The module lives on, as on the bench, unless PowerCycleOnReset is set. With EN wired, the pin's
        // level counts and nothing else.
        public void Reset()
        {
            mcuHasSent = false;
            if(PowerCycleOnReset && pins[PinEn] == null && HasWorld)
            {
                DriveModule(TogglePower);
            }
        }

        public bool PowerCycleOnReset { get; set; }

        // Takes the module's power away and gives it back. The MCU does not notice, except by what the module does.
        public void PowerCycle()
        {
            Order(delegate
            {
                if(pins[PinEn] == false)
                {
                    throw new RecoverableException("The MCU holds EN low, so the module stays off");
                }
                TogglePower();
            });
        }

        // ---- the machine starts, pauses, goes away ---------------------------------------------------------------------

        public void Start()
        {
            IsPaused = false;
            var waiter = OurWaiter;
            if(waiter != null)
            {
                waiter.Stopped.Reset();
                waiter.Going.Set();
            }
            if(!refused)
            {
                ForMonitor(MakeWorld);
                home.SetPaceOf(machine);
                WarnOfParallelMachines();
            }
        }

        public void Resume()
        {
            Start();
        }

        public void Pause()
        {
            IsPaused = true;
            // Who waits is not the cause: it was taken off before the pause that it asks for.
            var waiter = OurWaiter;
            if(waiter != null)
            {
                waiter.Going.Reset();
                waiter.Stopped.Set();
            }
            ForCallback(home.FlushFiles);
        }

        public bool IsPaused { get; private set; } = true;

        public void Dispose()
        {
            if(uart != null)
            {
                uart.CharReceived -= HandleMcuByte;
            }
            lock(Instances)
            {
                Instances.Remove(this);
            }
            ForCallback(delegate
            {
                lock(sync)
                {
                    disposed = true;
                    if(OurWaiter != null)
                    {
                        OurWaiter.Stopped.Set();
                    }
                    Leave();
                }
                own.Dispose();
            });
        }

        // ---- set before the machine starts -----------------------------------------------------------------------------

        // The library's file. Not needed where it lies beside EspAt.cs, in the build tree or where `make install` puts it.
        public string Library
        {
            get { return home.Library; }
            set { OwnWorld().Library = value; }
        }

        // The scenario's file. Empty: the built-in scenario.
        public string Scenario
        {
            get { return home.Scenario; }
            set { OwnWorld().Scenario = value; }
        }

        // Where everything random starts. Without it the scenario's seed counts, or 1.
        public ulong Seed
        {
            get { return home.Seed; }
            set { OwnWorld().Seed = value; }
        }

        // The capture (pcapng) for Wireshark. It is complete whenever the machine is paused.
        public string Capture
        {
            get { return home.Capture; }
            set { OwnWorld().Capture = value; }
        }

        // The input log, for `espat-sim replay`.
        public string InputLog
        {
            get { return home.InputLog; }
            set { OwnWorld().InputLog = value; }
        }

        // The TLS key log (NSS's format), for whoever decrypts a capture that was made elsewhere. Capture holds these secrets.
        public string KeyLog
        {
            get { return home.KeyLog; }
            set { OwnWorld().KeyLog = value; }
        }

        // The world that this module shares with others, by the name that `emulation CreateEspAtWorld` has given it. Empty:
        // its own.
        public string World
        {
            get { return home.Name; }
            set { Set(delegate { home = value.Length > 0 ? EspAtWorld.Called(value) : own; }); }
        }

        // The module of the scenario. Empty: its first; in a world that is shared, its only one.
        public string Module
        {
            get { return moduleName; }
            set { Set(delegate { moduleName = value; }); }
        }

        // "wire": bytes that the MCU stores leave one after the other at line rate. "as-stored": each one byte time after
        // its store. Empty: as the scenario says, or "wire".
        public string McuTx
        {
            get { return mcuTx; }
            set
            {
                Set(delegate
                {
                    if(value != "" && value != "wire" && value != "as-stored")
                    {
                        throw new RecoverableException("McuTx is \"" + value + "\", expected \"wire\" or \"as-stored\"");
                    }
                    mcuTx = value;
                });
            }
        }

        // The MCU's UART has hardware flow control: what the MCU stores waits while the module's RTS is high. Where it is not
        // set, the scenario says so, or it has none.
        public bool ObeysRts
        {
            get { return obeysRts ?? false; }
            set { Set(delegate { obeysRts = value; }); }
        }

        // ---- questions and orders at any time --------------------------------------------------------------------------

        // What the MCU's UART is set to. "follow": always what the module's is. "uart": what the model `uart` says, from the
        // first byte on that the firmware sends; renode/docs/wire.md knows which models say the truth. Or settings, such
        // as "9600 8n1". Where the MCU's differ from the module's, bytes are garbled both ways.
        public string McuLine
        {
            get { return mcuLine; }
            set
            {
                ForMonitor(delegate
                {
                    if(value == "uart" && uart == null)
                    {
                        throw new RecoverableException("McuLine is \"uart\", but the module knows no UART: it was attached without"
                            + " `uart:`");
                    }
                    var settings = value == "follow" || value == "uart" ? (Line?)null : Line.Parse(value);
                    lock(sync)
                    {
                        mcuLine = value;
                        mcuLineGiven = settings;
                        if(HasWorld)
                        {
                            native.Check(native.Advance(world, module, Tick()));
                            TellMcuLine();
                        }
                    }
                    Wake();
                });
            }
        }

        // A line of espat-sim's console, such as "ap home down" or "at 12s link wifi loss 20%"; "help" lists them.
        // Without a time it takes effect now. While the machine runs, when that is differs from run to run: pause it
        // first, or say `at`.
        public string Console(string line)
        {
            string answer = null;
            Order(delegate
            {
                native.Check(native.Advance(world, module, Tick()));
                answer = native.Console(world, line);
            });
            // It may be about other modules of the world.
            ForMonitor(home.WakeAll);
            return answer;
        }

        public string Status => Console("status");

        // Such as "joined 'home' as 192.168.1.100", "not joined", "booting", "switched off".
        public string WifiState => AskNow(delegate { return native.ModuleText(world, module); });

        // The open AT links, one a line, such as "0 TCP 203.0.113.10:80"; those of clients of the module's own server with
        // them. After a reset, in deep sleep and without power there is none.
        public string Links => AskNow(delegate { return string.Join("\n", native.Links(world, module)); });

        // All that the `tcp-terminal` of a host (with `udp` its `udp-terminal`) has received since the start, with
        // unprintable bytes as \r, \n, \x00 and so on, and " and \ behind a \.
        public string HostReceived(string host, bool udp = false)
        {
            return home.HostReceived(host, udp);
        }

        // What the scenario's `expect` asks for and has not come true by now, one a line with its reason; empty when all has.
        public string ExpectationsUnmet => home.ExpectationsUnmet;

        // One of the counters of Statistics.
        public string Statistic(string name)
        {
            foreach(var line in Statistics.Split('\n'))
            {
                if(line.StartsWith(name + " ", StringComparison.Ordinal))
                {
                    return line.Substring(name.Length + 1);
                }
            }
            throw new RecoverableException("There is no statistic '" + name + "' in:\n" + Statistics);
        }

        public string Statistics
        {
            get
            {
                return AskWorld(delegate
                {
                    var s = new Native.Statistics { Size = Native.SizeOf(typeof(Native.Statistics)) };
                    native.Check(native.StatisticsRead(world, module, ref s));
                    return "mcu-bytes " + s.McuBytes + "\nmodule-bytes " + s.ModuleBytes
                        + "\nmcu-queue-max " + s.McuQueueMax + "\nmcu-overruns " + s.McuOverruns
                        + "\nmodule-overruns " + s.ModuleOverruns + "\nframes-sent " + s.FramesSent
                        + "\nframes-received " + s.FramesReceived + "\nframes-lost " + s.FramesLost
                        + "\nmodule-received " + s.ModuleReceived + "\nmodule-framing-errors " + s.ModuleFramingErrors
                        + "\nmodule-parity-errors " + s.ModuleParityErrors + "\nmcu-received " + s.McuReceived
                        + "\nmcu-framing-errors " + s.McuFramingErrors + "\nmcu-parity-errors " + s.McuParityErrors
                        + "\nwire-lost " + s.WireLost + "\nmodule-unheard " + s.ModuleUnheard;
                }, "");
            }
        }

        // Of everything that has happened so far on the UARTs and pins and in the frames of its world, with the times.
        public string Digest => home.Digest;

        // The same without the times, to compare runs under different emulators.
        public string ContentDigest => home.ContentDigest;

        // Of the library, such as "0.1.0".
        public string Version => home.Version;

        // Brings capture and log up to date, for other programs to read. Pausing does the same.
        public void Flush()
        {
            home.Flush();
        }

        // Waits in virtual time until something has been observed, and pauses the emulation at that very instant (unless
        // `pause` is false). Starts the emulation if it does not run. Returns the observation's text.
        //
        // `kind` is of a module "command" (a line from the MCU), "reply" (a line from the module), "station", "link", "change", "fault",
        // "console" or "uart", and of a host "station", "http", "update", "tcp-terminal", "tcp-echo", "udp-terminal", "udp-echo", "dns",
        // "sntp", "tls", "mqtt", "websocket", "discard",
        // "source", "script", "external", "toxic" or "change". `subject` is the module's or host's name; empty is any. `text` is part of the
        // observation's text, or with `regex` an expression that matches part of it.
        //
        // What was observed since the start counts too, but nothing counts twice: a match takes all older observations of
        // the same kind and subject with it. ForgetObservations takes all.
        public string WaitFor(string kind, string text = "", string subject = "", float timeout = 10, bool regex = false,
            bool pause = true)
        {
            string found = null;
            ForMonitor(delegate
            {
                MakeWorld();
                native.CheckObservation(world, subject, kind);
                found = Wait(new Waiter(this, kind, text, subject, regex, pause), timeout);
            });
            return found;
        }

        // Of the last observation that WaitFor has returned: when it was made, in seconds; the other end, such as
        // "203.0.113.10:80"; the address that a station has got, such as "192.168.1.100". Empty where there is none.
        public string ObservedAt => Seconds(lastFound.Nanoseconds);

        public string ObservedPeer => lastFound.Peer;

        public string ObservedAddress => lastFound.Address;

        // What was observed and not yet taken by WaitFor: time, subject, kind, text.
        public string Observations
        {
            get
            {
                lock(sync)
                {
                    ForMonitor(home.CollectObservations);
                    return string.Join("\n", home.Observed);
                }
            }
        }

        // What was observed up to now is not found by WaitFor.
        public void ForgetObservations()
        {
            lock(sync)
            {
                ForMonitor(home.CollectObservations);
                home.Observed.Clear();
            }
        }

        // ---- from the MCU to the module --------------------------------------------------------------------------------

        private void HandleMcuByte(byte value)
        {
            DriveModule(delegate
            {
                if(!HasWorld)
                {
                    return;
                }
                mcuHasSent = true;
                TellMcuLine();
                WarnOfMismatch();
                var status = native.UartWrite(world, module, Tick(), value);
                if(status == Native.QueueFull)
                {
                    // From here on bytes would be lost: nobody may take what follows for a run.
                    var waiter = home.Waiting;
                    if(waiter != null)
                    {
                        waiter.StoppedForGood.Set();
                    }
                    machine.PauseAndRequestEmulationPause(false);
                }
                native.Check(status);
            });
        }

        // Lets the MCU's CPU do something to the module. No exception gets out.
        private void DriveModule(Action action)
        {
            ForCallback(delegate
            {
                // Before our lock is taken: this may run timers, ours too.
                SyncTime();
                lock(sync)
                {
                    action();
                    home.CollectObservations();
                }
                Wake();
            });
        }

        private void TogglePower()
        {
            var now = Tick();
            native.Check(native.SetPin(world, module, now, PinEn, 0));
            native.Check(native.SetPin(world, module, now, PinEn, 1));
        }

        // ---- what the MCU's UART is set to -----------------------------------------------------------------------------

        // Tells the world what the MCU's UART is set to, when that has changed. Registers change unseen, so this is asked
        // before each byte and event; a change counts from the last one on, so it holds for whatever has begun since.
        private void TellMcuLine()
        {
            if(mcuLine == "follow" && mcuLineTold == null)
            {
                return;
            }
            var line = native.ModuleLine(world, module);
            if(mcuLineGiven != null)
            {
                line = mcuLineGiven.Value;
            }
            else if(mcuLine == "uart" && mcuHasSent)
            {
                line = LineOfUart(line);
            }
            if(!line.Equals(mcuLineTold))
            {
                ulong reached;
                native.Check(native.Reached(world, module, out reached));
                native.SetMcuLine(world, module, reached, line);
                mcuLineTold = line;
            }
        }

        // What the MCU's UART model says; where it says nothing, what the module's is set to. Models do not say how many data
        // bits there are.
        private Line LineOfUart(Line ofModule)
        {
            var line = ofModule;
            try
            {
                line.Baud = uart.BaudRate;
                line.Parity = IndexOr(ofModule.Parity, Native.Parities, uart.ParityBit);
                line.StopBits = IndexOr(ofModule.StopBits, Native.StopBits, uart.StopBits);
            }
            catch(Exception)
            {
                // Some models divide by a divisor that nobody has set.
                line.Baud = 0;
            }
            if(!line.IsPossible)
            {
                if(!toldAboutUart)
                {
                    toldAboutUart = true;
                    this.Log(LogLevel.Warning, "The model of the MCU's UART says no baud rate: it follows the module's");
                }
                return ofModule;
            }
            return line;
        }

        private void WarnOfMismatch()
        {
            if(mcuLineTold == null)
            {
                return;
            }
            var ofModule = native.ModuleLine(world, module);
            if(mcuLineTold.Value.Understands(ofModule))
            {
                return;
            }
            var mismatch = "The MCU sends at " + mcuLineTold + ", the module is set to " + ofModule;
            if(mismatch != lastMismatch)
            {
                lastMismatch = mismatch;
                this.Log(LogLevel.Warning, "{0}", mismatch);
            }
        }

        private static uint IndexOr<T>(uint otherwise, T[] values, T value)
        {
            var index = Array.IndexOf(values, value);
            return index < 0 ? otherwise : (uint)index;
        }

        // ---- from the module to the MCU --------------------------------------------------------------------------------

        // Sees to it that HandleTimer is called when the module has something. Takes and leaves the lock: Renode's clock
        // has one of its own, and calls us with it held. For the same reason no other machine's clock is touched on the way
        // to or from a CPU: EspAtWorld.Meet does that where all stand still.
        internal void Wake()
        {
            WakeModule();
            EspAtLan[] attached;
            lock(sync)
            {
                attached = lans.ToArray();
            }
            foreach(var lan in attached)
            {
                lan.Wake();
            }
        }

        private void WakeModule()
        {
            ulong target, delay;
            lock(sync)
            {
                if(!HasWorld)
                {
                    return;
                }
                ulong next;
                native.Check(native.NextEvent(world, module, out next));
                if(home.HasObserved || arrived.Count > 0 || native.ModuleRts(world, module) != Rts.IsSet)
                {
                    next = 0;
                }
                // What lies behind the limit is looked at when the machines meet again.
                if(next == Native.Never || next > home.Limit)
                {
                    return;
                }
                // A delay of 0 would call back at once, within this call.
                var now = Now();
                delay = next > now + LeastDelay ? next - now : LeastDelay;
                target = now + delay;
                foreach(var pending in timers)
                {
                    if(pending <= target)
                    {
                        return;
                    }
                }
                timers.Add(target);
            }
            machine.ScheduleAction(TimeInterval.FromNanoseconds(delay), delegate { HandleTimer(target); }, "EspAt");
        }

        private void HandleTimer(ulong target)
        {
            ForCallback(delegate
            {
                byte[] bytes;
                bool rts;
                Waiter satisfied = null;
                lock(sync)
                {
                    timers.Remove(target);
                    if(!HasWorld)
                    {
                        return;
                    }
                    TellMcuLine();
                    native.Check(native.Advance(world, module, Tick()));
                    TakeBytes();
                    bytes = new byte[Math.Min(arrived.Count, BytesAtOnce)];
                    for(var i = 0; i < bytes.Length; i++)
                    {
                        bytes[i] = arrived.Dequeue();
                    }
                    rts = native.ModuleRts(world, module);
                    home.CollectObservations();
                    if(home.HasObserved)
                    {
                        satisfied = home.Waiting;
                        home.Waiting = null;
                    }
                }
                // Without our lock: this goes deep into Renode.
                Rts.Set(rts);
                foreach(var value in bytes)
                {
                    Deliver(value);
                }
                if(satisfied != null)
                {
                    Satisfy(satisfied);
                }
                Wake();
            });
        }

        private void TakeBytes()
        {
            foreach(var value in native.Read(world, module))
            {
                arrived.Enqueue(value);
            }
        }

        private void Deliver(byte value)
        {
            if(uart != null)
            {
                uart.WriteChar(value);
            }
            var handler = charReceived;
            if(handler != null)
            {
                handler(value);
            }
        }

        // ---- observations ----------------------------------------------------------------------------------------------

        // Who waits by this module.
        private Waiter OurWaiter
        {
            get
            {
                var waiter = home.Waiting;
                return waiter != null && waiter.Module == this ? waiter : null;
            }
        }

        private string Wait(Waiter waiter, float timeout)
        {
            var emulation = EmulationManager.Instance.CurrentEmulation;
            var paused = emulation.GetStartedStateChangedEvent(false);
            // Asked before anybody can satisfy the waiter, which stops it.
            var started = emulation.IsStarted;
            if(started && IsPaused)
            {
                throw new RecoverableException("This machine is paused while the emulation runs, so that its time stands still:"
                    + " 'machine Start', or 'pause' for the whole emulation, then wait");
            }
            foreach(var cpu in machine.SystemBus.GetCPUs())
            {
                if(started && cpu.ExecutionMode == ExecutionMode.SingleStep)
                {
                    throw new RecoverableException("A debugger has stopped a CPU of this machine, so that its time stands still:"
                        + " let it go on, then wait");
                }
            }
            lock(sync)
            {
                if(home.Waiting != null)
                {
                    throw new RecoverableException("Somebody waits for an observation of this world already");
                }
                waiter.Found = home.TakeObserved(waiter);
                if(waiter.Found == null)
                {
                    home.Waiting = waiter;
                }
            }
            if(waiter.Found != null)
            {
                // Where an emulation that runs is stopped by this, nobody can say.
                if(waiter.Pause && started)
                {
                    emulation.PauseAll();
                }
            }
            else
            {
                machine.ScheduleAction(TimeInterval.FromSeconds((double)Math.Max(timeout, 0.001f)), delegate
                {
                    HandleTimeout(waiter);
                }, "EspAt time-out");
                Wake();
                if(!started)
                {
                    try
                    {
                        emulation.StartAll();
                    }
                    catch
                    {
                        TakeBack(waiter);
                        throw;
                    }
                }
                if(!IsWaitOver(waiter, paused) && TakeBack(waiter))
                {
                    // It may have come in the instant of the stop.
                    if(waiter.Found == null)
                    {
                        throw new RecoverableException("Something else stopped the machine at " + Seconds(Now())
                            + " s, while it was waited for " + waiter.Wanted);
                    }
                }
                else
                {
                    waiter.Done.WaitOne();
                    if(waiter.Pause && emulation.IsStarted)
                    {
                        paused.WaitOne();
                    }
                }
            }
            lock(sync)
            {
                if(waiter.Found == null)
                {
                    throw new RecoverableException(waiter.Failure(timeout, home.Observed));
                }
                lastFound = waiter.Found;
                return waiter.Found.Text;
            }
        }

        // Waits in wall time until the waiter is satisfied (true) or time stands still (false). A reset of the machine, a
        // firmware that is loaded: Renode stops a machine for them and lets it go on by itself.
        private static bool IsWaitOver(Waiter waiter, WaitHandle paused)
        {
            while(true)
            {
                var first = WaitHandle.WaitAny(new WaitHandle[] { waiter.Done, waiter.Stopped, paused, waiter.StoppedForGood });
                if(first != 1)
                {
                    return first == 0;
                }
                var next = WaitHandle.WaitAny(new WaitHandle[] { waiter.Done, waiter.Going, paused, waiter.StoppedForGood },
                    StandstillMilliseconds);
                if(next != 1)
                {
                    return next == 0;
                }
            }
        }

        // True when nobody has satisfied it, or will.
        private bool TakeBack(Waiter waiter)
        {
            lock(sync)
            {
                if(home.Waiting != waiter)
                {
                    return false;
                }
                home.Waiting = null;
                return true;
            }
        }

        // Null when it was scheduled before a Save, and a Load has happened since.
        private void HandleTimeout(Waiter waiter)
        {
            if(waiter != null)
            {
                waiter.IsLate = true;
                ForCallback(Wake);
            }
        }

        // Runs within a timer: the emulation stops here, at the same instant in every run.
        private void Satisfy(Waiter waiter)
        {
            if(waiter.Pause)
            {
                // StartAll says so only after it has set time in motion; until then a pause would be forgotten.
                SpinWait.SpinUntil(() => EmulationManager.Instance.CurrentEmulation.IsStarted, 5000);
                machine.PauseAndRequestEmulationPause(false);
            }
            waiter.Done.Set();
        }

        // ---- its place in a world --------------------------------------------------------------------------------------

        // Makes the world, unless that was done, and takes this module's place in it.
        private void MakeWorld()
        {
            lock(sync)
            {
                if(HasWorld)
                {
                    return;
                }
                if(disposed)
                {
                    throw new RecoverableException("The module was removed from the machine");
                }
                home.Make();
                if(HasWorld)
                {
                    // It was restored, this module's place in it, and the cables into its LAN.
                    return;
                }
                try
                {
                    nameInForce = moduleName.Length > 0 ? moduleName : home.OnlyModule();
                    module = native.AttachModule(world, nameInForce, mcuTx, obeysRts);
                    home.Arrive(this, module);
                    for(var pin = 0; pin < PinCount; pin++)
                    {
                        if(pins[pin] != null && pins[pin] != PinsAtStart[pin])
                        {
                            native.Check(native.SetPin(world, module, Tick(), NativePins[pin], pins[pin] == true ? 1u : 0u));
                        }
                    }
                    TellMcuLine();
                    if(pins[PinGpio0] == false && pins[PinEn] != false)
                    {
                        // The chip has started before it could see the level.
                        TogglePower();
                    }
                    lans.ForEach(lan => lan.Plug());
                }
                catch
                {
                    Leave();
                    throw;
                }
            }
            Wake();
        }

        private void Leave()
        {
            mcuLineTold = null;
            home.Depart(this);
        }

        // The world whose settings are this module's to make.
        private EspAtWorld OwnWorld()
        {
            if(home != own)
            {
                throw Refused("This module shares the world '" + home.Name + "' with others: set it there, '" + home.Name + " ...'");
            }
            return own;
        }

        internal void Add(EspAtLan lan)
        {
            lock(sync)
            {
                lans.Add(lan);
                if(HasWorld)
                {
                    lan.Plug();
                }
            }
        }

        internal void Remove(EspAtLan lan)
        {
            lock(sync)
            {
                lans.Remove(lan);
            }
        }

        internal bool HasWorld => home.Has(this);

        internal Native native => home.Native;

        internal IntPtr world => home.Handle;

        internal object sync => home.Sync;

        private Line ModuleLine => AskWorld(delegate { return native.ModuleLine(world, module); }, Line.AtStart);

        // ---- time ------------------------------------------------------------------------------------------------------

        // On a CPU's thread, virtual time stands still until the CPU says how far it has come.
        internal void SyncTime()
        {
            ICPU cpu;
            if(machine.SystemBus.TryGetCurrentCPU(out cpu))
            {
                cpu.SyncTime();
            }
        }

        internal ulong Now()
        {
            var now = machine.ElapsedVirtualTime.TimeElapsed.TotalNanoseconds;
            return now > home.Origin ? now - home.Origin : 0;
        }

        // For the library, whose time never goes back, and in which no module may be too far ahead of the others.
        private ulong Tick()
        {
            ulong reached;
            native.Check(native.Reached(world, module, out reached));
            return Math.Max(Math.Min(Now(), home.Limit), reached);
        }

        internal static string Seconds(ulong nanoseconds)
        {
            return nanoseconds / 1000000000 + "." + (nanoseconds % 1000000000).ToString("D9");
        }

        // ---- errors: none of ours ends Renode --------------------------------------------------------------------------

        // What Renode's Monitor calls may throw this one exception.
        internal static void ForMonitor(Action action)
        {
            try
            {
                action();
            }
            catch(RecoverableException)
            {
                throw;
            }
            catch(Exception e)
            {
                // Without the cause: Renode would show the message again.
                throw new RecoverableException(e.Message);
            }
        }

        // What CPUs and timers call must throw nothing.
        internal void ForCallback(Action action)
        {
            try
            {
                action();
            }
            catch(Exception e)
            {
                if(e.Message != lastError)
                {
                    lastError = e.Message;
                    this.Log(LogLevel.Error, "{0}", e.Message);
                }
            }
        }

        // Something that the Monitor wants done in the world.
        private void Order(Action action)
        {
            ForMonitor(delegate
            {
                MakeWorld();
                lock(sync)
                {
                    action();
                    home.CollectObservations();
                }
                Wake();
            });
        }

        private void Set(Action action)
        {
            ForMonitor(delegate
            {
                lock(sync)
                {
                    if(HasWorld)
                    {
                        throw Refused("Too late: this is set before the machine starts");
                    }
                    try
                    {
                        action();
                    }
                    catch(Exception e)
                    {
                        throw Refused(e.Message);
                    }
                }
            });
        }

        // A question about what is now. Whenever something happens in the module, a timer of ours brings it up to that time; so
        // time is not moved here, nor a timer set, and who asks changes nothing.
        private string AskNow(Func<string> question)
        {
            string answer = null;
            ForMonitor(delegate
            {
                MakeWorld();
                lock(sync)
                {
                    answer = question();
                }
            });
            return answer;
        }

        // Logged as well, because for a line of a .repl Renode does not show what an exception says.
        internal RecoverableException Refused(string reason)
        {
            this.Log(LogLevel.Error, "{0}", reason);
            return new RecoverableException(reason);
        }

        private T AskWorld<T>(Func<T> question, T otherwise)
        {
            var answer = otherwise;
            ForMonitor(delegate
            {
                lock(sync)
                {
                    if(HasWorld)
                    {
                        answer = question();
                    }
                }
            });
            return answer;
        }

        // Machines that run side by side see each other, and Renode's clock, at other instants in every run.
        private void WarnOfParallelMachines()
        {
            var emulation = EmulationManager.Instance.CurrentEmulation;
            if(toldAboutMachines || emulation.MasterTimeSource.ExecuteInSerial)
            {
                return;
            }
            var machines = 0;
            foreach(var one in emulation.Machines)
            {
                machines++;
            }
            if(machines > 1)
            {
                toldAboutMachines = true;
                this.Log(LogLevel.Warning, "This emulation has {0} machines that run in parallel, so that no two runs are the same:"
                    + " 'emulation SetGlobalSerialExecution true' makes them repeatable", machines);
            }
        }

        // Also after a Load: Renode saves no events.
        private void Connect()
        {
            lock(Instances)
            {
                foreach(var other in Instances)
                {
                    if(uart != null && other != this && other.uart == uart)
                    {
                        throw new RecoverableException("Two modules have the same UART: give each its own after `uart:`");
                    }
                }
                Instances.Remove(this);
                Instances.Add(this);
            }
            if(uart != null)
            {
                uart.CharReceived += HandleMcuByte;
            }
        }

        // ---- Save and Load ---------------------------------------------------------------------------------------------

        // The world counts what can be taken as taken, when it is saved.
        [PreSerialization]
        private void TakeBeforeSave()
        {
            lock(sync)
            {
                if(HasWorld)
                {
                    TakeBytes();
                }
            }
        }

        [PostDeserialization]
        private void ConnectAfterLoad()
        {
            Connect();
        }

        private string moduleName = "";
        private string mcuTx = "";
        private bool? obeysRts;
        private string mcuLine = "follow";
        // Of McuLine, if it is settings.
        private Line? mcuLineGiven;

        // The world that it is in, and the one that is its own.
        private EspAtWorld home;
        private readonly EspAtWorld own;
        private string nameInForce = "";
        private uint module;
        // What the world was told last; null: nothing yet, so the MCU's line follows the module's.
        private Line? mcuLineTold;
        // Since its reset: so the firmware has set its UART up.
        private bool mcuHasSent;
        private bool toldAboutMachines;
        private bool refused;
        private bool toldAboutUart;
        private string lastMismatch;
        private bool disposed;
        private string lastError;

        private Observation lastFound = new Observation();

        private readonly IMachine machine;
        private readonly IUART uart;
        // Null: not wired, so the board's pull-up or pull-down counts.
        private readonly bool?[] pins = new bool?[PinCount];
        // When HandleTimer will be called.
        private readonly List<ulong> timers = new List<ulong>();
        // The ports of its LAN.
        private readonly List<EspAtLan> lans = new List<EspAtLan>();
        // What has come from the module for the MCU and waits for HandleTimer.
        private readonly Queue<byte> arrived = new Queue<byte>();

        [Transient]
        private Action<byte> charReceived;

        // Every module of this Renode that was not disposed of.
        private static readonly List<EspAt> Instances = new List<EspAt>();

        // The pin that wakes the module is nobody's until it is driven.
        private static readonly bool?[] PinsAtStart = { true, true, false, null };

        // The library's numbers of the inputs; its 3 is an output.
        private static readonly uint[] NativePins = { 0, 1, 2, 4 };

        private const int PinEn = 0;
        private const int PinGpio0 = 1;
        internal const int PinCount = 4;
        // A machine that has been stopped for so long, in wall time, is not on its way through a reset.
        private const int StandstillMilliseconds = 2000;
        private const ulong LeastDelay = 1000;
        // If there are more bytes, the next event is now.
        private const int BytesAtOnce = 64;

        internal class Observation
        {
            public Observation()
            {
                Peer = "";
                Address = "";
            }

            public override string ToString()
            {
                return Seconds(Nanoseconds) + " " + Subject + " " + Kind + " " + Text;
            }

            public ulong Nanoseconds;
            public string Subject;
            public string Kind;
            public string Text;
            public string Peer;
            public string Address;
        }

        // What one end of the wire is set to. Parity and stop bits are indices of Native.Parities and Native.StopBits.
        internal struct Line
        {
            public static Line Parse(string text)
            {
                var match = Form.Match(text);
                var line = new Line();
                if(match.Success)
                {
                    line.Baud = uint.Parse(match.Groups[1].Value);
                    line.DataBits = uint.Parse(match.Groups[2].Value);
                    line.Parity = (uint)"noe".IndexOf(match.Groups[3].Value, StringComparison.Ordinal);
                    line.StopBits = (uint)Array.IndexOf(StopBitsTexts, match.Groups[4].Value);
                }
                if(!line.IsPossible)
                {
                    throw new RecoverableException("expected \"follow\", \"uart\", or 80 to 5000000 baud and a format, such as"
                        + " \"9600 8n1\" or \"115200 7e1.5\", found \"" + text + "\"");
                }
                return line;
            }

            public override string ToString()
            {
                return Baud + " " + DataBits + "noe"[(int)Parity] + StopBitsTexts[StopBits];
            }

            // Whether a UART set to this makes bytes out of what one set to `other` sends: at the tenth bit, the middles of
            // the bits must not be half a bit apart.
            public bool Understands(Line other)
            {
                return DataBits == other.DataBits && Parity == other.Parity
                    && Math.Abs((long)Baud - other.Baud) * 20 < other.Baud;
            }

            public bool IsPossible => Baud >= 80 && Baud <= 5000000;

            public static readonly Line AtStart = new Line { Baud = 115200, DataBits = 8 };

            public uint Baud;
            public uint DataBits;
            public uint Parity;
            public uint StopBits;

            private static readonly Regex Form = new Regex("^([0-9]{1,7}) +([5-8])([noe])(1|1[.]5|2)$");
            private static readonly string[] StopBitsTexts = { "1", "1.5", "2" };
        }

        [Transient]
        internal class Waiter
        {
            public Waiter(EspAt module, string kind, string text, string subject, bool regex, bool pause)
            {
                Module = module;
                this.kind = kind;
                this.text = text;
                this.subject = subject;
                expression = regex ? new Regex(text) : null;
                Pause = pause;
            }

            public bool Concerns(Observation o)
            {
                return o.Kind == kind && (subject.Length == 0 || o.Subject == subject);
            }

            public bool Matches(Observation o)
            {
                return Concerns(o) && (expression != null ? expression.IsMatch(o.Text)
                    : o.Text.IndexOf(text, StringComparison.Ordinal) >= 0);
            }

            public string Wanted => kind + (subject.Length > 0 ? " of " + subject : "") + " with \"" + text + "\"";

            public string Failure(float timeout, List<Observation> observed)
            {
                var failure = "no " + Wanted + " within " + timeout + " s of virtual time";
                var others = observed.FindAll(Concerns);
                if(others.Count == 0)
                {
                    return failure + "; there was no other either";
                }
                var shown = Math.Min(others.Count, 5);
                return failure + "; the last of " + others.Count + ":\n  "
                    + string.Join("\n  ", others.GetRange(others.Count - shown, shown));
            }

            public Observation Found;
            public volatile bool IsLate;
            public readonly EspAt Module;
            public readonly bool Pause;
            public readonly ManualResetEvent Done = new ManualResetEvent(false);
            // Somebody else has stopped the machine.
            public readonly ManualResetEvent Stopped = new ManualResetEvent(false);
            // By the module itself, whose machine does not go on by itself.
            public readonly ManualResetEvent StoppedForGood = new ManualResetEvent(false);
            // It goes on.
            public readonly ManualResetEvent Going = new ManualResetEvent(false);

            private readonly string kind;
            private readonly string text;
            private readonly string subject;
            private readonly Regex expression;
        }

        // The library: include/espat_sim.h in C#. One for each file, for as long as Renode runs.
        [Transient]
        internal class Native
        {
            // Where the library is looked for: `given`, the environment, beside this file (also in the build tree and where
            // `make install` puts it), where the system looks. Null, with a reason, when it is not there.
            public static Native TryFind(string given, out string reason)
            {
                var fromEnvironment = Environment.GetEnvironmentVariable("ESPAT_SIM_LIBRARY");
                var asked = !string.IsNullOrEmpty(given) ? given : fromEnvironment;
                if(!string.IsNullOrEmpty(asked))
                {
                    return TryLoad(asked, out reason);
                }
                var looked = new List<string>();
                foreach(var folder in Folders())
                {
                    foreach(var name in FileNames)
                    {
                        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, name));
                        looked.Add(path);
                        if(File.Exists(path))
                        {
                            return TryLoad(path, out reason);
                        }
                    }
                }
                reason = "The library of espat-sim was not found. Build it ('make build'), install it ('make install'), or say"
                    + " where it is: 'sysbus.wifi Library \"/path/to/" + FileNames[0] + "\"' or the environment variable"
                    + " ESPAT_SIM_LIBRARY. Looked for:\n  " + string.Join("\n  ", looked);
                return null;
            }

            public string LibraryVersion => Text(version());

            // Throws what the library says about a scenario.
            public void CheckScenario(string path)
            {
                Check(WorldFree(NewWorld(path, null, "", "", "")));
            }

            public IntPtr NewWorld(string scenario, ulong? seed, string capture, string inputLog, string keyLog)
            {
                return WithOptions(scenario, seed, capture, inputLog, keyLog, delegate(WorldOptions options)
                {
                    IntPtr made;
                    Check(worldNew(ref options, out made));
                    return made;
                });
            }

            // In the order of their ids.
            public List<string> ModuleNames(IntPtr world)
            {
                UIntPtr count;
                Check(moduleCount(world, out count));
                var names = new List<string>();
                for(var i = 0u; i < count.ToUInt32(); i++)
                {
                    IntPtr name;
                    Check(moduleName(world, (UIntPtr)i, out name));
                    names.Add(Text(name));
                }
                return names;
            }

            public uint AttachModule(IntPtr world, string name, string mcuTx, bool? obeysRts)
            {
                var options = new AttachOptions
                {
                    Size = SizeOf(typeof(AttachOptions)),
                    // espat_mcu_tx and espat_obeys_rts; 0 is what was not given.
                    McuTx = mcuTx == "wire" ? 1u : mcuTx == "as-stored" ? 2u : 0u,
                    ObeysRts = obeysRts == null ? 0u : obeysRts.Value ? 1u : 2u
                };
                var text = Utf8(name);
                try
                {
                    uint id;
                    Check(attach(world, text, ref options, out id));
                    return id;
                }
                finally
                {
                    Marshal.FreeHGlobal(text);
                }
            }

            public string Console(IntPtr world, string line)
            {
                var text = Utf8(line);
                try
                {
                    IntPtr answer;
                    Check(console(world, text, out answer));
                    return Text(answer);
                }
                finally
                {
                    Marshal.FreeHGlobal(text);
                }
            }

            // Takes the bytes that have arrived at the MCU.
            public List<byte> Read(IntPtr world, uint module)
            {
                var bytes = new List<byte>();
                var records = new UartByte[64];
                UIntPtr count;
                do
                {
                    Check(uartRead(world, module, records, (UIntPtr)(uint)records.Length, out count));
                    for(var i = 0; i < count.ToUInt32(); i++)
                    {
                        bytes.Add(records[i].Byte);
                    }
                }
                while(count.ToUInt32() == records.Length);
                return bytes;
            }

            // A world as it is, as a text.
            public byte[] Snapshot(IntPtr world)
            {
                ulong length;
                Check(worldSnapshot(world, 0, null, UIntPtr.Zero, out length));
                var bytes = new byte[length];
                Check(worldSnapshot(world, 0, bytes, (UIntPtr)length, out length));
                return bytes;
            }

            // The world of a snapshot, which has its scenario and seed.
            public IntPtr RestoreWorld(byte[] snapshot, string capture, string inputLog, string keyLog)
            {
                return WithOptions("", null, capture, inputLog, keyLog, delegate(WorldOptions options)
                {
                    IntPtr made;
                    Check(worldRestore(snapshot, (UIntPtr)(uint)snapshot.Length, ref options, out made));
                    return made;
                });
            }

            public Line ModuleLine(IntPtr world, uint module)
            {
                var settings = new LineSettings { Size = SizeOf(typeof(LineSettings)) };
                Check(moduleLineRead(world, module, ref settings));
                return new Line
                {
                    Baud = settings.Baud,
                    DataBits = settings.DataBits,
                    Parity = settings.Parity,
                    StopBits = settings.StopBits
                };
            }

            public void SetMcuLine(IntPtr world, uint module, ulong tick, Line line)
            {
                var settings = new LineSettings
                {
                    Size = SizeOf(typeof(LineSettings)),
                    Baud = line.Baud,
                    DataBits = line.DataBits,
                    Parity = line.Parity,
                    StopBits = line.StopBits
                };
                Check(mcuLineSet(world, module, tick, ref settings));
            }

            public bool ModuleRts(IntPtr world, uint module)
            {
                uint level;
                Check(moduleRts(world, module, out level));
                return level != 0;
            }

            // Throws what exists, where there is no such subject or kind.
            public void CheckObservation(IntPtr world, string subject, string kind)
            {
                var texts = new[] { Utf8(subject), Utf8(kind) };
                try
                {
                    Check(observationCheck(world, texts[0], texts[1]));
                }
                finally
                {
                    Array.ForEach(texts, Marshal.FreeHGlobal);
                }
            }

            // Such as "joined 'home' as 192.168.1.100".
            public string ModuleText(IntPtr world, uint module)
            {
                var state = new ModuleState { Size = SizeOf(typeof(ModuleState)) };
                Check(moduleState(world, module, ref state));
                return Text(state.Text);
            }

            // Such as "0 TCP 203.0.113.10:80".
            public string[] Links(IntPtr world, uint module)
            {
                var links = new Link[LinksAtMost];
                links[0].Size = SizeOf(typeof(Link));
                UIntPtr count;
                Check(linksRead(world, module, links, (UIntPtr)LinksAtMost, out count));
                var texts = new string[Math.Min(count.ToUInt32(), LinksAtMost)];
                for(var i = 0; i < texts.Length; i++)
                {
                    texts[i] = links[i].Id + " " + links[i].Kind + " " + links[i].Peer;
                }
                return texts;
            }

            // Such as "failed: by 20s wifi station joined home: ...".
            public List<string> ExpectationsUnmet(IntPtr world)
            {
                UIntPtr count;
                Check(expectationCount(world, out count));
                var unmet = new List<string>();
                for(var i = 0u; i < count.ToUInt32(); i++)
                {
                    var found = new Expectation { Size = SizeOf(typeof(Expectation)) };
                    Check(expectationRead(world, (UIntPtr)i, ref found));
                    if(found.Outcome == OutcomeOpen)
                    {
                        unmet.Add("open: " + Text(found.Text));
                    }
                    else if(found.Outcome != OutcomeMet && found.Outcome != OutcomeAbsent)
                    {
                        unmet.Add("failed: " + Text(found.Text) + ": " + Text(found.Why));
                    }
                }
                return unmet;
            }

            public byte[] HostReceived(IntPtr world, string host, bool udp)
            {
                var text = Utf8(host);
                try
                {
                    ulong length;
                    var protocol = udp ? ProtocolUdp : ProtocolTcp;
                    Check(hostReceived(world, text, protocol, 0, null, UIntPtr.Zero, out length));
                    var bytes = new byte[length];
                    Check(hostReceived(world, text, protocol, 0, bytes, (UIntPtr)length, out length));
                    return bytes;
                }
                finally
                {
                    Marshal.FreeHGlobal(text);
                }
            }

            public Observation NextObservation(IntPtr world)
            {
                var next = new ObservationRecord { Size = SizeOf(typeof(ObservationRecord)) };
                Check(observationTake(world, ref next));
                if(next.Text == IntPtr.Zero)
                {
                    return null;
                }
                return new Observation
                {
                    Nanoseconds = next.Nanoseconds,
                    Subject = Text(next.Subject),
                    Kind = Text(next.Kind),
                    Text = Text(next.Text),
                    Peer = Text(next.Peer),
                    Address = Text(next.Address)
                };
            }

            public string NextWarning(IntPtr world)
            {
                IntPtr warning;
                Check(warningRead(world, out warning));
                return warning == IntPtr.Zero ? null : Text(warning);
            }

            private IntPtr WithOptions(string scenario, ulong? seed, string capture, string inputLog, string keyLog,
                Func<WorldOptions, IntPtr> make)
            {
                var options = new WorldOptions
                {
                    Size = SizeOf(typeof(WorldOptions)),
                    Record = RecordObservations | RecordHostReceived | RecordSnapshot
                };
                try
                {
                    options.ScenarioPath = Utf8OrNull(scenario);
                    options.CapturePath = Utf8OrNull(capture);
                    options.InputLogPath = Utf8OrNull(inputLog);
                    options.KeyLogPath = Utf8OrNull(keyLog);
                    options.Seed = seed ?? 0;
                    options.SeedGiven = seed != null ? 1u : 0u;
                    return make(options);
                }
                finally
                {
                    Marshal.FreeHGlobal(options.ScenarioPath);
                    Marshal.FreeHGlobal(options.CapturePath);
                    Marshal.FreeHGlobal(options.InputLogPath);
                    Marshal.FreeHGlobal(options.KeyLogPath);
                }
            }

            public uint LanAttach(IntPtr world, string accessPoint)
            {
                var text = Utf8(accessPoint);
                try
                {
                    uint port;
                    Check(lanAttach(world, text, out port));
                    return port;
                }
                finally
                {
                    Marshal.FreeHGlobal(text);
                }
            }

            // The next frame for the device at the cable's end, and when it is there; null: none waits.
            public byte[] LanTake(IntPtr world, uint port, out ulong due)
            {
                var frame = new LanFrame { Size = SizeOf(typeof(LanFrame)) };
                var buffer = new byte[LongestFrame];
                Check(lanTake(world, port, ref frame, buffer, (UIntPtr)(uint)buffer.Length));
                due = frame.Nanoseconds;
                Array.Resize(ref buffer, (int)frame.Length);
                return buffer.Length > 0 ? buffer : null;
            }

            // Throws what the library says when `status` is an error.
            public void Check(uint status)
            {
                if(status != 0)
                {
                    throw new RecoverableException(Text(lastError()));
                }
            }

            public static UIntPtr SizeOf(Type structure)
            {
                return (UIntPtr)(uint)Marshal.SizeOf(structure);
            }

            public readonly string Path;
            public readonly OutUlong WorldSeed;
            public readonly OutUlong Digest;
            public readonly OutUlong ContentDigest;
            public readonly ModuleOutUlong NextEvent;
            public readonly ModuleOutUlong Reached;
            public readonly OnModule Detach;
            public readonly ModuleTick Advance;
            public readonly ModuleTickByte UartWrite;
            public readonly ModuleTickPin SetPin;
            public readonly ModuleStatistics StatisticsRead;
            public readonly OnWorld Flush;
            public readonly OnWorld WorldFree;
            public readonly OnModule LanDetach;
            public readonly LanSender LanSend;

            public const ulong Never = ulong.MaxValue;
            public const uint QueueFull = 22;

            // In the order of espat_parity and espat_stop_bits.
            public static readonly Parity[] Parities = { Parity.None, Parity.Odd, Parity.Even };
            public static readonly Bits[] StopBits = { Bits.One, Bits.OneAndAHalf, Bits.Two };

            private Native(string path)
            {
                Path = path;
                var address = SharedLibraries.LoadLibrary(path);
                // Before anything else is looked up: another version may lack it.
                var found = ((NoArgumentsUint)Bind(address, "espat_abi_version", typeof(NoArgumentsUint)))();
                if(found != AbiVersion)
                {
                    throw new RecoverableException("it speaks version " + found + " of the binary interface and EspAt.cs version "
                        + AbiVersion + "; take both from one release of espat-sim");
                }
                version = (NoArguments)Bind(address, "espat_version", typeof(NoArguments));
                lastError = (NoArguments)Bind(address, "espat_last_error", typeof(NoArguments));
                worldNew = (WorldNew)Bind(address, "espat_world_new", typeof(WorldNew));
                worldSnapshot = (WorldSnapshot)Bind(address, "espat_world_snapshot", typeof(WorldSnapshot));
                worldRestore = (WorldRestore)Bind(address, "espat_world_restore", typeof(WorldRestore));
                WorldFree = (OnWorld)Bind(address, "espat_world_free", typeof(OnWorld));
                WorldSeed = (OutUlong)Bind(address, "espat_world_seed", typeof(OutUlong));
                moduleCount = (OutSize)Bind(address, "espat_module_count", typeof(OutSize));
                moduleName = (ModuleName)Bind(address, "espat_module_name", typeof(ModuleName));
                observationCheck = (ObservationCheck)Bind(address, "espat_observation_check", typeof(ObservationCheck));
                console = (ConsoleLine)Bind(address, "espat_world_console", typeof(ConsoleLine));
                attach = (Attach)Bind(address, "espat_attach", typeof(Attach));
                Detach = (OnModule)Bind(address, "espat_detach", typeof(OnModule));
                lanAttach = (LanAttacher)Bind(address, "espat_lan_attach", typeof(LanAttacher));
                LanDetach = (OnModule)Bind(address, "espat_lan_detach", typeof(OnModule));
                LanSend = (LanSender)Bind(address, "espat_lan_send", typeof(LanSender));
                lanTake = (LanTaker)Bind(address, "espat_lan_take", typeof(LanTaker));
                UartWrite = (ModuleTickByte)Bind(address, "espat_uart_write", typeof(ModuleTickByte));
                SetPin = (ModuleTickPin)Bind(address, "espat_pin_set", typeof(ModuleTickPin));
                NextEvent = (ModuleOutUlong)Bind(address, "espat_next_event", typeof(ModuleOutUlong));
                Advance = (ModuleTick)Bind(address, "espat_advance", typeof(ModuleTick));
                Reached = (ModuleOutUlong)Bind(address, "espat_reached", typeof(ModuleOutUlong));
                mcuLineSet = (McuLineSetter)Bind(address, "espat_mcu_line_set", typeof(McuLineSetter));
                moduleLineRead = (ModuleLineReader)Bind(address, "espat_module_line_read", typeof(ModuleLineReader));
                moduleRts = (ModuleOutUint)Bind(address, "espat_module_rts", typeof(ModuleOutUint));
                uartRead = (UartRead)Bind(address, "espat_uart_take", typeof(UartRead));
                StatisticsRead = (ModuleStatistics)Bind(address, "espat_statistics_read", typeof(ModuleStatistics));
                observationTake = (ObservationTake)Bind(address, "espat_observation_take", typeof(ObservationTake));
                moduleState = (ModuleStateReader)Bind(address, "espat_module_state", typeof(ModuleStateReader));
                linksRead = (LinksReader)Bind(address, "espat_links_read", typeof(LinksReader));
                expectationCount = (OutSize)Bind(address, "espat_expectation_count", typeof(OutSize));
                expectationRead = (ExpectationReader)Bind(address, "espat_expectation_read", typeof(ExpectationReader));
                hostReceived = (HostReceivedReader)Bind(address, "espat_host_received", typeof(HostReceivedReader));
                warningRead = (OutText)Bind(address, "espat_warning_take", typeof(OutText));
                Flush = (OnWorld)Bind(address, "espat_world_flush", typeof(OnWorld));
                Digest = (OutUlong)Bind(address, "espat_world_digest", typeof(OutUlong));
                ContentDigest = (OutUlong)Bind(address, "espat_world_content_digest", typeof(OutUlong));
            }

            private static Native TryLoad(string path, out string reason)
            {
                lock(Loaded)
                {
                    Native native;
                    reason = null;
                    if(Loaded.TryGetValue(path, out native))
                    {
                        return native;
                    }
                    try
                    {
                        native = new Native(path);
                    }
                    catch(Exception e)
                    {
                        reason = "The library of espat-sim, " + path + ", can't be used: " + e.Message;
                        return null;
                    }
                    Loaded.Add(path, native);
                    return native;
                }
            }

            private static Delegate Bind(IntPtr library, string name, Type type)
            {
                try
                {
                    return Marshal.GetDelegateForFunctionPointer(SharedLibraries.GetSymbolAddress(library, name), type);
                }
                catch(InvalidOperationException)
                {
                    throw new RecoverableException("it is older than EspAt.cs and lacks " + name
                        + "; take both from one release of espat-sim");
                }
            }

            private static IEnumerable<string> Folders()
            {
                var here = System.IO.Path.GetDirectoryName(ThisFile());
                if(!string.IsNullOrEmpty(here))
                {
                    yield return here;
                    yield return System.IO.Path.Combine(here, "..", "target", "release");
                    yield return System.IO.Path.Combine(here, "..", "target", "debug");
                    // From PREFIX/share/espat-sim/renode
                    yield return System.IO.Path.Combine(here, "..", "..", "..", "lib");
                }
                yield return "/usr/local/lib";
                yield return "/usr/lib";
            }

            private static string ThisFile([CallerFilePath] string path = "")
            {
                return path;
            }

            private static IntPtr Utf8OrNull(string text)
            {
                return text.Length == 0 ? IntPtr.Zero : Utf8(text);
            }

            private static IntPtr Utf8(string text)
            {
                var bytes = Encoding.UTF8.GetBytes(text + "\0");
                var place = Marshal.AllocHGlobal(bytes.Length);
                Marshal.Copy(bytes, 0, place, bytes.Length);
                return place;
            }

            private static string Text(IntPtr text)
            {
                var length = 0;
                while(Marshal.ReadByte(text, length) != 0)
                {
                    length++;
                }
                var bytes = new byte[length];
                Marshal.Copy(text, bytes, 0, length);
                return Encoding.UTF8.GetString(bytes);
            }

            // The delegates are kept here for as long as they may be called.
            private static readonly Dictionary<string, Native> Loaded = new Dictionary<string, Native>();
            private static readonly string[] FileNames = { "libespat_sim.so", "libespat_sim.dylib", "espat_sim.dll" };

            private readonly NoArguments version;
            private readonly NoArguments lastError;
            private readonly WorldNew worldNew;
            private readonly LanAttacher lanAttach;
            private readonly LanTaker lanTake;
            private readonly WorldSnapshot worldSnapshot;
            private readonly WorldRestore worldRestore;
            private readonly OutSize moduleCount;
            private readonly ModuleName moduleName;
            private readonly ConsoleLine console;
            private readonly ObservationCheck observationCheck;
            private readonly Attach attach;
            private readonly McuLineSetter mcuLineSet;
            private readonly ModuleLineReader moduleLineRead;
            private readonly ModuleOutUint moduleRts;
            private readonly UartRead uartRead;
            private readonly ObservationTake observationTake;
            private readonly ModuleStateReader moduleState;
            private readonly LinksReader linksRead;
            private readonly OutSize expectationCount;
            private readonly ExpectationReader expectationRead;
            private readonly HostReceivedReader hostReceived;
            private readonly OutText warningRead;

            private const uint AbiVersion = 2;
            private const uint RecordObservations = 8;
            private const uint RecordHostReceived = 64;
            private const uint RecordSnapshot = 256;
            private const int LongestFrame = 1518;
            private const uint ProtocolTcp = 1;
            private const uint ProtocolUdp = 2;
            private const int LinksAtMost = 5;
            private const uint OutcomeOpen = 0;
            private const uint OutcomeMet = 1;
            private const uint OutcomeAbsent = 2;

            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint OnWorld(IntPtr world);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint OnModule(IntPtr world, uint module);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint OutUlong(IntPtr world, out ulong value);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint ModuleOutUlong(IntPtr world, uint module, out ulong value);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint ModuleTick(IntPtr world, uint module, ulong tick);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint ModuleTickByte(IntPtr world, uint module, ulong tick, byte value);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint ModuleTickPin(IntPtr world, uint module, ulong tick, uint pin, uint level);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint ModuleStatistics(IntPtr world, uint module, ref Statistics statistics);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            public delegate uint LanSender(IntPtr world, uint port, ulong nanoseconds, byte[] bytes, UIntPtr length);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint LanAttacher(IntPtr world, IntPtr accessPoint, out uint port);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint LanTaker(IntPtr world, uint port, ref LanFrame frame, [In, Out] byte[] buffer, UIntPtr capacity);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate IntPtr NoArguments();
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint NoArgumentsUint();
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint WorldNew(ref WorldOptions options, out IntPtr world);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint WorldSnapshot(IntPtr world, ulong offset, [In, Out] byte[] buffer, UIntPtr capacity,
                out ulong length);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint WorldRestore(byte[] snapshot, UIntPtr length, ref WorldOptions options, out IntPtr world);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint ModuleName(IntPtr world, UIntPtr index, out IntPtr name);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint ConsoleLine(IntPtr world, IntPtr line, out IntPtr answer);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint ObservationCheck(IntPtr world, IntPtr subject, IntPtr kind);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint Attach(IntPtr world, IntPtr name, ref AttachOptions options, out uint module);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint McuLineSetter(IntPtr world, uint module, ulong tick, ref LineSettings line);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint ModuleLineReader(IntPtr world, uint module, ref LineSettings line);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint ModuleOutUint(IntPtr world, uint module, out uint value);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint UartRead(IntPtr world, uint module, [In, Out] UartByte[] bytes, UIntPtr capacity,
                out UIntPtr count);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint ObservationTake(IntPtr world, ref ObservationRecord observation);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint ModuleStateReader(IntPtr world, uint module, ref ModuleState state);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint LinksReader(IntPtr world, uint module, [In, Out] Link[] links, UIntPtr capacity,
                out UIntPtr count);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint OutSize(IntPtr world, out UIntPtr count);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint ExpectationReader(IntPtr world, UIntPtr index, ref Expectation expectation);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint HostReceivedReader(IntPtr world, IntPtr host, uint protocol, ulong offset,
                [In, Out] byte[] buffer, UIntPtr capacity, out ulong length);
            [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
            private delegate uint OutText(IntPtr world, out IntPtr text);

            [StructLayout(LayoutKind.Sequential)]
            private struct WorldOptions
            {
                public UIntPtr Size;
                public IntPtr Scenario;
                public IntPtr ScenarioPath;
                public ulong Seed;
                public uint SeedGiven;
                public uint Record;
                public IntPtr CapturePath;
                public IntPtr InputLogPath;
                public IntPtr KeyLogPath;
            }

            [StructLayout(LayoutKind.Sequential)]
            private struct LanFrame
            {
                public UIntPtr Size;
                public ulong Nanoseconds;
                public UIntPtr Length;
            }

            [StructLayout(LayoutKind.Sequential)]
            private struct AttachOptions
            {
                public UIntPtr Size;
                public ulong TimebaseHz;
                public ulong OriginNs;
                public uint McuTx;
                public uint ObeysRts;
            }

            [StructLayout(LayoutKind.Sequential)]
            private struct LineSettings
            {
                public UIntPtr Size;
                public uint Baud;
                public uint DataBits;
                public uint Parity;
                public uint StopBits;
            }

            [StructLayout(LayoutKind.Sequential, Size = 24)]
            private struct UartByte
            {
                public ulong Tick;
                public ulong Nanoseconds;
                public byte Byte;
                public byte Flags;
            }

            [StructLayout(LayoutKind.Sequential)]
            public struct Statistics
            {
                public UIntPtr Size;
                public ulong McuBytes;
                public ulong ModuleBytes;
                public ulong McuQueueMax;
                public ulong McuOverruns;
                public ulong ModuleOverruns;
                public ulong FramesSent;
                public ulong FramesReceived;
                public ulong FramesLost;
                public ulong ModuleReceived;
                public ulong ModuleFramingErrors;
                public ulong ModuleParityErrors;
                public ulong McuReceived;
                public ulong McuFramingErrors;
                public ulong McuParityErrors;
                public ulong WireLost;
                public ulong ModuleUnheard;
            }

            [StructLayout(LayoutKind.Sequential)]
            private struct ObservationRecord
            {
                public UIntPtr Size;
                public ulong Number;
                public ulong Nanoseconds;
                public IntPtr Subject;
                public IntPtr Kind;
                public IntPtr Text;
                public uint Event;
                public uint Link;
                public uint Protocol;
                public uint Code;
                public ulong Count;
                public ulong Sent;
                public IntPtr Peer;
                public IntPtr Address;
                public IntPtr Name;
                public IntPtr Detail;
                public IntPtr Data;
                public UIntPtr Length;
            }

            [StructLayout(LayoutKind.Sequential)]
            private struct Expectation
            {
                public UIntPtr Size;
                public ulong Nanoseconds;
                public uint Line;
                public uint Outcome;
                public IntPtr Text;
                public IntPtr Why;
            }

            [StructLayout(LayoutKind.Sequential)]
            private struct ModuleState
            {
                public UIntPtr Size;
                public uint Power;
                public uint Wifi;
                public IntPtr Text;
                public IntPtr AccessPoint;
                public IntPtr Ipv4;
                public IntPtr Ipv6LinkLocal;
                public IntPtr Ipv6Global;
                public IntPtr SoftApIpv4;
                public IntPtr Mac;
                public uint Multiple;
                public uint Passive;
                public uint Passthrough;
                public uint SleepsLightly;
                public uint ServerPort;
                public uint Rts;
                public uint Baud;
                public uint DataBits;
                public uint Parity;
                public uint StopBits;
                public uint McuBaud;
                public uint McuDataBits;
                public uint McuParity;
                public uint McuStopBits;
                public ulong McuQueued;
                public ulong ModuleWaiting;
                public ulong ModuleQueued;
            }

            [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Ansi)]
            private struct Link
            {
                public UIntPtr Size;
                public uint Id;
                public uint Protocol;
                public uint Accepted;
                public uint Passive;
                public uint Port;
                public uint LocalPort;
                public ulong Waiting;
                public ulong Unsent;
                [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 8)]
                public string Kind;
                [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 48)]
                public string Address;
                [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 64)]
                public string Peer;
            }
        }
    }

    // `espat` in the Monitor. Renode makes it as soon as this file is included, which is what lets a state be loaded in another
    // Renode than the one that has saved it: states name types by their assembly, and this file is compiled to an assembly of
    // another name in each.
    public class EspAtCommand : AutoLoadCommand
    {
        public EspAtCommand(UserInterface.Monitor monitor) : base(monitor, "espat", "tells what modules of espat-sim there are.")
        {
            AppDomain.CurrentDomain.AssemblyResolve += Resolve;
        }

        [Runnable]
        public void Run(ICommandInteraction writer)
        {
            foreach(var line in EspAtWorld.Overview())
            {
                writer.WriteLine(line);
            }
        }

        private static Assembly Resolve(object sender, ResolveEventArgs wanted)
        {
            return MadeByInclude.IsMatch(wanted.Name) ? typeof(EspAtCommand).Assembly : null;
        }

        // Renode names what it compiles by a GUID.
        private static readonly Regex MadeByInclude = new Regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    }

    // A port of the LAN behind an access point of a module's network: what is connected to it, over a switch or as it is, is a
    // host like those of the scenario. Boards with Ethernet, Linux in Renode, a tap.
    //
    // A frame takes 100 us to the access point and back. It belongs to the module's machine: there it comes and goes at the
    // exact time; a switch passes it on when machines meet.
    public class EspAtLan : IMACInterface, IPeripheral, IDisposable
    {
        public EspAtLan(IMachine machine, EspAt wifi, string accessPoint = "home")
        {
            this.machine = machine;
            this.wifi = wifi;
            this.accessPoint = accessPoint;
            MAC = MACAddress.Parse("02:00:00:00:00:01");
            wifi.Add(this);
        }

        public void Reset()
        {
        }

        public void Dispose()
        {
            wifi.Remove(this);
            wifi.ForCallback(delegate
            {
                lock(wifi.sync)
                {
                    if(port != null && wifi.HasWorld)
                    {
                        wifi.native.Check(wifi.native.LanDetach(wifi.world, port.Value));
                    }
                    port = null;
                }
            });
        }

        // Of the port itself. No frame has it.
        public MACAddress MAC { get; set; }

        // From the network to what is connected here.
        public event Action<EthernetFrame> FrameReady;

        // From what is connected here to the network.
        public void ReceiveFrame(EthernetFrame frame)
        {
            wifi.ForCallback(delegate
            {
                wifi.SyncTime();
                // Without its checksum.
                var bytes = frame.Bytes;
                Array.Resize(ref bytes, frame.Length);
                lock(wifi.sync)
                {
                    if(!IsPlugged)
                    {
                        return;
                    }
                    wifi.native.Check(wifi.native.LanSend(wifi.world, port.Value, wifi.Now(), bytes, (UIntPtr)(uint)bytes.Length));
                }
                wifi.Wake();
            });
        }

        internal void Plug()
        {
            port = wifi.native.LanAttach(wifi.world, accessPoint);
        }

        // Takes what has come for this port, and sees to it that HandleTimer is called when it is there.
        internal void Wake()
        {
            ulong target, delay;
            lock(wifi.sync)
            {
                TakeFrames();
                if(arrived.Count == 0)
                {
                    return;
                }
                var now = wifi.Now();
                delay = Math.Max(arrived.Peek().Due, now + LeastDelay) - now;
                target = now + delay;
                if(timers.Exists(pending => pending <= target))
                {
                    return;
                }
                timers.Add(target);
            }
            machine.ScheduleAction(TimeInterval.FromNanoseconds(delay), delegate { HandleTimer(target); }, "EspAtLan");
        }

        private void HandleTimer(ulong target)
        {
            wifi.ForCallback(delegate
            {
                var due = new List<byte[]>();
                lock(wifi.sync)
                {
                    timers.Remove(target);
                    TakeFrames();
                    while(arrived.Count > 0 && arrived.Peek().Due <= wifi.Now())
                    {
                        due.Add(arrived.Dequeue().Bytes);
                    }
                }
                foreach(var bytes in due)
                {
                    var padded = bytes;
                    Array.Resize(ref padded, Math.Max(bytes.Length, ShortestFrame));
                    EthernetFrame frame;
                    var handler = FrameReady;
                    if(handler != null && EthernetFrame.TryCreateEthernetFrame(padded, true, out frame))
                    {
                        handler(frame);
                    }
                }
                Wake();
            });
        }

        // The world counts what can be taken as taken, when it is saved.
        [PreSerialization]
        private void TakeFrames()
        {
            lock(wifi.sync)
            {
                if(!IsPlugged)
                {
                    return;
                }
                ulong due;
                byte[] bytes;
                while((bytes = wifi.native.LanTake(wifi.world, port.Value, out due)) != null)
                {
                    arrived.Enqueue(new Frame { Due = due, Bytes = bytes });
                }
            }
        }

        private bool IsPlugged => port != null && wifi.HasWorld;

        private uint? port;

        private readonly IMachine machine;
        private readonly EspAt wifi;
        private readonly string accessPoint;
        // When HandleTimer will be called.
        private readonly List<ulong> timers = new List<ulong>();
        // In the order of their times.
        private readonly Queue<Frame> arrived = new Queue<Frame>();

        private const ulong LeastDelay = 1000;
        // Without its checksum: shorter ones are filled up on the wire.
        private const int ShortestFrame = 60;

        private class Frame
        {
            public ulong Due;
            public byte[] Bytes;
        }
    }

    public static class EspAtWorldExtensions
    {
        // A world that modules of several machines share: one network, one clock, one capture, one digest. Modules say its
        // name (`world: "air"`). The machines of the emulation run one after the other from here on, which makes each run
        // the same as the one before.
        public static void CreateEspAtWorld(this Emulation emulation, string name, string scenario = "")
        {
            EspAt.ForMonitor(delegate
            {
                var world = new EspAtWorld();
                try
                {
                    world.Scenario = scenario;
                    emulation.ExternalsManager.AddExternal(world, name);
                }
                catch
                {
                    world.Dispose();
                    throw;
                }
                world.RunInSerial(emulation);
            });
        }
    }

    // A world of espat-sim: the air and the network of one module, or of several in several machines.
    //
    // In one that is shared, each module's clock is its machine's. Within a time quantum machines run one after the other or
    // side by side, each without regard to the others; at its end all stand at the same time, and Meet brings all modules
    // there. A module may be ahead of the slowest by the lookahead, so a quantum must not be longer; where it is, it is set.
    public class EspAtWorld : IExternal, IDisposable
    {
        // One that several modules share, an external of the emulation.
        public EspAtWorld()
        {
            Enlist();
        }

        // The own world of a module.
        internal EspAtWorld(EspAt owner)
        {
            this.owner = owner;
            Enlist();
        }

        // The shared world of this name.
        internal static EspAtWorld Called(string name)
        {
            EspAtWorld found;
            if(!EmulationManager.Instance.CurrentEmulation.ExternalsManager.TryGetByName(name, out found))
            {
                throw new RecoverableException("There is no world '" + name + "' yet: make it before its modules, with 'emulation"
                    + " CreateEspAtWorld \"" + name + "\"'");
            }
            return found;
        }

        // What worlds there are, each with its modules and what they do.
        internal static IEnumerable<string> Overview()
        {
            EspAtWorld[] all;
            lock(Worlds)
            {
                all = Worlds.FindAll(w => w.IsMade).ToArray();
            }
            if(all.Length == 0)
            {
                yield return "No module of espat-sim is on: attach one, then start the emulation";
            }
            foreach(var world in all)
            {
                yield return world.IsShared ? "world " + world.Name + ":" : "a world of its own:";
                foreach(var line in world.Modules.Split('\n'))
                {
                    yield return "  " + line;
                }
            }
        }

        public void Dispose()
        {
            lock(Worlds)
            {
                Worlds.Remove(this);
            }
            ForCallback(delegate
            {
                lock(Sync)
                {
                    disposed = true;
                    members.Clear();
                    Free();
                }
            });
        }

        // ---- set before the machines start -----------------------------------------------------------------------------

        // The library's file. Not needed where it lies beside EspAt.cs, in the build tree or where `make install` puts it.
        public string Library
        {
            get { return Native != null ? Native.Path : library; }
            set
            {
                Set(delegate
                {
                    var path = ExistingFile(value);
                    if(Native != null && path != Native.Path)
                    {
                        throw new RecoverableException("Too late: the library is loaded already, from " + Native.Path);
                    }
                    library = path;
                });
            }
        }

        // The scenario's file. Empty: the built-in scenario.
        public string Scenario
        {
            get { return scenario; }
            set
            {
                Set(delegate
                {
                    var path = ExistingFile(value);
                    string reason;
                    var loaded = Native ?? Native.TryFind(library, out reason);
                    if(loaded != null)
                    {
                        loaded.CheckScenario(path);
                    }
                    scenario = path;
                });
            }
        }

        // Where everything random starts. Without it the scenario's seed counts, or 1.
        public ulong Seed
        {
            get
            {
                ulong inForce = seed ?? 1;
                EspAt.ForMonitor(delegate
                {
                    lock(Sync)
                    {
                        if(IsMade)
                        {
                            Native.Check(Native.WorldSeed(Handle, out inForce));
                        }
                    }
                });
                return inForce;
            }
            set { Set(delegate { seed = value; }); }
        }

        // The capture (pcapng) for Wireshark. It is complete whenever the emulation is paused.
        public string Capture
        {
            get { return capture; }
            set { Set(delegate { capture = OwnFile(value); }); }
        }

        // The input log, for `espat-sim replay`.
        public string InputLog
        {
            get { return inputLog; }
            set { Set(delegate { inputLog = OwnFile(value); }); }
        }

        // The TLS key log (NSS's format), for whoever decrypts a capture that was made elsewhere. Capture holds these secrets.
        public string KeyLog
        {
            get { return keyLog; }
            set { Set(delegate { keyLog = OwnFile(value); }); }
        }

        // ---- questions and orders at any time --------------------------------------------------------------------------

        // A line of espat-sim's console, such as "ap home down" or "at 12s link lamp loss 20%"; "help" lists them.
        public string Console(string line)
        {
            string answer = null;
            EspAt.ForMonitor(delegate
            {
                Make();
                lock(Sync)
                {
                    answer = Native.Console(Handle, line);
                    CollectObservations();
                }
                WakeAll();
            });
            return answer;
        }

        public string Status => Console("status");

        // The modules of the scenario, one a line, each with what it is doing.
        public string Modules => Ask(delegate
        {
            var lines = new List<string>();
            foreach(var name in Native.ModuleNames(Handle))
            {
                lines.Add(name + ": " + Native.ModuleText(Handle, (uint)lines.Count));
            }
            return string.Join("\n", lines);
        });

        // As EspAt's.
        public string HostReceived(string host, bool udp = false)
        {
            return Ask(delegate { return Escaped(Native.HostReceived(Handle, host, udp)); });
        }

        // What the scenario's `expect` asks for and has not come true by now, one a line with its reason; empty when all has.
        public string ExpectationsUnmet => Ask(delegate { return string.Join("\n", Native.ExpectationsUnmet(Handle)); });

        // Of everything that has happened so far on UARTs and pins and in frames, with the times.
        public string Digest => DigestText(n => n.Digest);

        // The same without the times: what two machines that run side by side have in common from run to run.
        public string ContentDigest => DigestText(n => n.ContentDigest);

        // Of the library, such as "0.1.0".
        public string Version
        {
            get
            {
                string version = null;
                EspAt.ForMonitor(delegate { version = Load().LibraryVersion; });
                return version;
            }
        }

        // Brings capture and logs up to date, for other programs to read. Pausing does the same.
        public void Flush()
        {
            EspAt.ForMonitor(FlushFiles);
        }

        // ---- for its modules -------------------------------------------------------------------------------------------

        // Its name among the emulation's externals; empty for the own world of a module.
        internal string Name
        {
            get
            {
                string name = null;
                if(owner == null)
                {
                    EmulationManager.Instance.CurrentEmulation.ExternalsManager.TryGetName(this, out name);
                }
                return name ?? "";
            }
        }

        internal void Make()
        {
            lock(Sync)
            {
                if(IsMade)
                {
                    return;
                }
                if(disposed)
                {
                    throw new RecoverableException("The world was removed from the emulation");
                }
                Load();
                if(saved != null)
                {
                    // Its modules are where they were, and Renode has Meet in its queue.
                    Handle = Native.RestoreWorld(saved, capture, inputLog, keyLog);
                    saved = null;
                    return;
                }
                Handle = Native.NewWorld(scenario, seed, capture, inputLog, keyLog);
                if(IsShared)
                {
                    // Power is on from here on.
                    Origin = Master.ElapsedVirtualTime.TotalNanoseconds;
                    met = 0;
                }
            }
            if(IsShared)
            {
                Master.ExecuteInNearestSyncedState(Meet);
            }
        }

        // The module that one is who does not say which: the first of a world that is its own, the only one of a shared.
        internal string OnlyModule()
        {
            var names = Native.ModuleNames(Handle);
            if(IsShared && names.Count > 1)
            {
                throw new RecoverableException("The world '" + Name + "' has the modules " + string.Join(", ", names)
                    + ": say which one this is, such as module: \"" + names[0] + "\"");
            }
            return names[0];
        }

        internal void Arrive(EspAt module, uint id)
        {
            members.Add(module, id);
        }

        // A world of its own ends with its module; in a shared one the others go on.
        internal void Depart(EspAt module)
        {
            uint id;
            var was = members.TryGetValue(module, out id);
            members.Remove(module);
            if(!IsMade)
            {
                return;
            }
            if(IsShared && was)
            {
                Native.Check(Native.Detach(Handle, id));
            }
            else if(!IsShared)
            {
                Free();
            }
        }

        internal bool Has(EspAt module)
        {
            return IsMade && members.ContainsKey(module);
        }

        internal void CollectObservations()
        {
            if(!IsMade)
            {
                return;
            }
            Observation next;
            while((next = Native.NextObservation(Handle)) != null)
            {
                if(Waiting != null && Waiting.Found == null && Waiting.Matches(next))
                {
                    Waiting.Found = next;
                    Observed.RemoveAll(Waiting.Concerns);
                    continue;
                }
                if(Observed.Count == ObservationsKept)
                {
                    Observed.RemoveAt(0);
                }
                Observed.Add(next);
            }
            string warning;
            while((warning = Native.NextWarning(Handle)) != null)
            {
                Speaker.Log(LogLevel.Warning, "{0}", warning);
            }
        }

        internal bool HasObserved => Waiting != null && (Waiting.Found != null || Waiting.IsLate);

        // What fits and was observed already, or null.
        internal Observation TakeObserved(Waiter waiter)
        {
            CollectObservations();
            var index = Observed.FindIndex(waiter.Matches);
            if(index < 0)
            {
                return null;
            }
            var found = Observed[index];
            Observed.RemoveAt(index);
            var older = 0;
            Observed.RemoveAll(o => older++ < index && waiter.Concerns(o));
            return found;
        }

        internal void FlushFiles()
        {
            lock(Sync)
            {
                if(IsMade)
                {
                    Native.Check(Native.Flush(Handle));
                }
            }
        }

        // Not on a CPU's thread, nor in a timer: other machines' clocks are asked.
        internal void WakeAll()
        {
            foreach(var module in Members())
            {
                module.Wake();
            }
        }

        // How far a module of a shared world may go: to the lookahead after the last meeting.
        internal ulong Limit => IsShared ? met + Lookahead : ulong.MaxValue;

        // ---- the machines' clocks --------------------------------------------------------------------------------------

        // A machine starts that has a module of a shared world.
        internal void SetPaceOf(IMachine machine)
        {
            if(!IsShared)
            {
                return;
            }
            KeepQuantum();
            machine.LocalTimeSource.Quantum = Shorter(machine.LocalTimeSource.Quantum);
            // Several CPUs of one machine.
            machine.LocalTimeSource.ExecuteInSerial |= Master.ExecuteInSerial;
        }

        internal void RunInSerial(Emulation emulation)
        {
            if(!emulation.MasterTimeSource.ExecuteInSerial)
            {
                emulation.MasterTimeSource.ExecuteInSerial = true;
                Speaker.Log(LogLevel.Info, "The machines of this emulation run one after the other from here on, so that each run is the"
                    + " same; 'emulation SetGlobalSerialExecution false' lets them run side by side");
            }
        }

        // All machines have come to the end of a quantum and stand still. What one has done can reach another only after the
        // lookahead, so after this: here each module learns what has come for it.
        private void Meet(TimeStamp now)
        {
            if(disposed)
            {
                return;
            }
            Master.ExecuteInNearestSyncedState(Meet);
            ForCallback(delegate
            {
                lock(Sync)
                {
                    KeepQuantum();
                    Advance();
                    CollectObservations();
                }
                WakeAll();
            });
        }

        // Brings all modules to where the slowest machine is, side by side.
        private void Advance()
        {
            if(!IsMade || members.Count == 0)
            {
                return;
            }
            var goal = ulong.MaxValue;
            foreach(var module in members.Keys)
            {
                goal = Math.Min(goal, module.Now());
            }
            while(met < goal)
            {
                met = Math.Min(met + Lookahead, goal);
                foreach(var module in members)
                {
                    ulong reached;
                    Native.Check(Native.Reached(Handle, module.Value, out reached));
                    if(reached < met)
                    {
                        Native.Check(Native.Advance(Handle, module.Value, met));
                    }
                }
            }
        }

        private void KeepQuantum()
        {
            var quantum = Master.Quantum;
            if(quantum.TotalNanoseconds > Lookahead)
            {
                Master.Quantum = Shorter(quantum);
                Speaker.Log(LogLevel.Warning, "The quantum is set from {0} us back to 100 us: the modules of a world meet that often",
                    quantum.TotalNanoseconds / 1000);
            }
        }

        private static TimeInterval Shorter(TimeInterval quantum)
        {
            return quantum.TotalNanoseconds > Lookahead ? TimeInterval.FromNanoseconds(Lookahead) : quantum;
        }

        private static MasterTimeSource Master => EmulationManager.Instance.CurrentEmulation.MasterTimeSource;

        // ---- what the others are made of -------------------------------------------------------------------------------

        private EspAt[] Members()
        {
            lock(Sync)
            {
                var all = new EspAt[members.Count];
                members.Keys.CopyTo(all, 0);
                // In the order of the scenario, not of their places in memory.
                Array.Sort(all, (a, b) => members[a].CompareTo(members[b]));
                return all;
            }
        }

        private string Ask(Func<string> question)
        {
            string answer = null;
            EspAt.ForMonitor(delegate
            {
                Make();
                lock(Sync)
                {
                    answer = question();
                }
            });
            return answer;
        }

        private string DigestText(Func<Native, Native.OutUlong> function)
        {
            return Ask(delegate
            {
                ulong digest;
                Native.Check(function(Native)(Handle, out digest));
                return digest.ToString("x16");
            });
        }

        private void Set(Action action)
        {
            EspAt.ForMonitor(delegate
            {
                lock(Sync)
                {
                    if(IsMade)
                    {
                        throw Refused("Too late: this is set before the machine starts");
                    }
                    try
                    {
                        action();
                    }
                    catch(Exception e)
                    {
                        throw Refused(e.Message);
                    }
                }
            });
        }

        private RecoverableException Refused(string reason)
        {
            Speaker.Log(LogLevel.Error, "{0}", reason);
            return new RecoverableException(reason);
        }

        private void ForCallback(Action action)
        {
            try
            {
                action();
            }
            catch(Exception e)
            {
                if(e.Message != lastError)
                {
                    lastError = e.Message;
                    Speaker.Log(LogLevel.Error, "{0}", e.Message);
                }
            }
        }

        private Native Load()
        {
            if(Native == null)
            {
                string reason;
                Native = Native.TryFind(library, out reason);
                if(Native == null)
                {
                    throw new RecoverableException(reason);
                }
            }
            return Native;
        }

        private void Free()
        {
            if(Handle != IntPtr.Zero)
            {
                var freed = Handle;
                Handle = IntPtr.Zero;
                Native.Check(Native.WorldFree(freed));
            }
        }

        private static string ExistingFile(string path)
        {
            if(string.IsNullOrEmpty(path))
            {
                return "";
            }
            if(!File.Exists(path))
            {
                throw new RecoverableException("There is no file " + Path.GetFullPath(path));
            }
            return Path.GetFullPath(path);
        }

        private static string WritableFile(string path)
        {
            if(string.IsNullOrEmpty(path))
            {
                return "";
            }
            if(!Path.IsPathRooted(path))
            {
                throw new RecoverableException("Renode would write " + path + " into its own folder; say which one you mean, such"
                    + " as $CWD/" + path + " or $ORIGIN/" + path);
            }
            var full = Path.GetFullPath(path);
            if(Directory.Exists(full))
            {
                throw new RecoverableException(full + " is a folder");
            }
            if(!Directory.Exists(Path.GetDirectoryName(full)))
            {
                throw new RecoverableException("There is no folder " + Path.GetDirectoryName(full));
            }
            return full;
        }

        // A file that no other world writes.
        private string OwnFile(string path)
        {
            var full = WritableFile(path);
            lock(Worlds)
            {
                foreach(var other in Worlds)
                {
                    if(full.Length > 0 && other != this && (other.capture == full || other.inputLog == full || other.keyLog == full))
                    {
                        throw new RecoverableException("Another module writes " + full + " already");
                    }
                }
            }
            return full;
        }

        private static string Escaped(byte[] bytes)
        {
            var text = new StringBuilder();
            foreach(var value in bytes)
            {
                switch((char)value)
                {
                case '\r': text.Append("\\r"); break;
                case '\n': text.Append("\\n"); break;
                case '\t': text.Append("\\t"); break;
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                default:
                    text.Append(value >= 0x20 && value < 0x7f ? ((char)value).ToString() : "\\x" + value.ToString("x2"));
                    break;
                }
            }
            return text.ToString();
        }

        private void Enlist()
        {
            lock(Worlds)
            {
                Worlds.Add(this);
            }
        }

        // ---- Save and Load ---------------------------------------------------------------------------------------------

        // All inputs so far, which make the world what it is. Kept in Renode's own file.
        [PreSerialization]
        private void SaveWorld()
        {
            lock(Sync)
            {
                if(IsMade)
                {
                    CollectObservations();
                    saved = Native.Snapshot(Handle);
                }
            }
        }

        [PostSerialization]
        private void ForgetSaved()
        {
            if(IsMade)
            {
                saved = null;
            }
        }

        // The world itself is made when it is needed: what is wrong then is told where it can be mended.
        [PostDeserialization]
        private void EnlistAfterLoad()
        {
            if(saved != null)
            {
                // What the saved run has recorded stays as it is.
                capture = "";
                inputLog = "";
                keyLog = "";
            }
            Enlist();
        }

        private bool IsMade => Handle != IntPtr.Zero;

        private bool IsShared => owner == null;

        // Under whose name its messages are.
        private IEmulationElement Speaker => owner != null ? (IEmulationElement)owner : this;

        // World time 0, in the machines' time.
        internal ulong Origin;
        [Transient]
        internal Native Native;
        [Transient]
        internal IntPtr Handle;
        [Transient]
        internal Waiter Waiting;
        internal readonly List<Observation> Observed = new List<Observation>();
        internal readonly object Sync = new object();

        private string library = "";
        private string scenario = "";
        private string capture = "";
        private string inputLog = "";
        private string keyLog = "";
        private ulong? seed;
        // World time to which all modules were brought.
        private ulong met;
        private bool disposed;
        private string lastError;
        // Between a Save and the world that is made from it.
        private byte[] saved;

        private readonly EspAt owner;
        // Its modules that are attached, with the library's numbers of them.
        private readonly Dictionary<EspAt, uint> members = new Dictionary<EspAt, uint>();

        // Every world of this Renode that was not disposed of.
        private static readonly List<EspAtWorld> Worlds = new List<EspAtWorld>();

        // The library's, in ns.
        private const ulong Lookahead = 100000;
        private const int ObservationsKept = 10000;
    }
}
