// Renode's interfaces, as far as renode/EspAt.cs uses them: our own declarations, written from the signatures of Renode
// 1.16.1. The harness beside implements them.
using System;
using System.Collections.Generic;
using System.Threading;

using Antmicro.Renode.Peripherals;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Time;

namespace Antmicro.Renode.Core
{
    public interface IEmulationElement { }

    public interface IMachine : IEmulationElement
    {
        TimeStamp ElapsedVirtualTime { get; }

        IBusController SystemBus { get; }

        void ScheduleAction(TimeInterval delay, Action<TimeInterval> action, string name = null);

        void PauseAndRequestEmulationPause(bool precise = false);
    }

    public interface IGPIOReceiver : IPeripheral
    {
        void OnGPIO(int number, bool value);
    }

    public sealed class GPIO
    {
        public void Set(bool value)
        {
            if(IsSet != value)
            {
                IsSet = value;
                changed(value);
            }
        }

        public void AddStateChangedHook(Action<bool> hook)
        {
            changed += hook;
        }

        public bool IsSet { get; private set; }

        private Action<bool> changed = delegate { };
    }

    [AttributeUsage(AttributeTargets.Class)]
    public class GPIOAttribute : Attribute
    {
        public int NumberOfInputs { get; set; }

        public int NumberOfOutputs { get; set; }
    }

    public abstract class Emulation
    {
        public abstract bool IsStarted { get; }

        public abstract void StartAll();

        public abstract void PauseAll();

        public abstract IEnumerable<IMachine> Machines { get; }

        public MasterTimeSource MasterTimeSource { get; } = new MasterTimeSource();

        public abstract AutoResetEvent GetStartedStateChangedEvent(bool requiredStartedState, bool waitForTransition = true);
    }

    public class EmulationManager
    {
        public static EmulationManager Instance { get; } = new EmulationManager();

        public Emulation CurrentEmulation { get; set; }
    }
}

namespace Antmicro.Renode.Peripherals
{
    public interface IPeripheral : Core.IEmulationElement
    {
        void Reset();
    }

    public interface IHasOwnLife
    {
        void Start();

        void Pause();

        void Resume();

        bool IsPaused { get; }
    }
}

namespace Antmicro.Renode.Peripherals.Bus
{
    public interface IBusController
    {
        bool TryGetCurrentCPU(out ICPU cpu);

        IEnumerable<ICPU> GetCPUs();
    }
}

namespace Antmicro.Renode.Peripherals.CPU
{
    public interface ICPU : IPeripheral
    {
        void SyncTime();

        ExecutionMode ExecutionMode { get; set; }
    }

    public enum ExecutionMode
    {
        Continuous,
        SingleStep
    }
}

namespace Antmicro.Renode.Time
{
    public struct TimeInterval
    {
        public static TimeInterval FromNanoseconds(ulong v)
        {
            return new TimeInterval(v);
        }

        public static TimeInterval FromSeconds(double v)
        {
            return new TimeInterval((ulong)(v * 1e9));
        }

        public ulong TotalNanoseconds => ticks;

        private TimeInterval(ulong ticks)
        {
            this.ticks = ticks;
        }

        private readonly ulong ticks;
    }

    public class MasterTimeSource
    {
        public bool ExecuteInSerial { get; set; }
    }

    public struct TimeStamp
    {
        public TimeStamp(TimeInterval interval)
        {
            TimeElapsed = interval;
        }

        public TimeInterval TimeElapsed { get; }
    }
}
