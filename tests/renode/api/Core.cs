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

        TimeSourceBase LocalTimeSource { get; set; }

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

        public ExternalsManager ExternalsManager { get; } = new ExternalsManager();

        public abstract AutoResetEvent GetStartedStateChangedEvent(bool requiredStartedState, bool waitForTransition = true);
    }

    public interface IExternal : IEmulationElement { }

    public class ExternalsManager
    {
        public void AddExternal(IExternal external, string name)
        {
            if(externals.ContainsKey(name))
            {
                throw new Exceptions.RecoverableException("External's name already in use");
            }
            externals.Add(name, external);
        }

        public bool TryGetByName<T>(string name, out T result) where T : class
        {
            IExternal found;
            result = externals.TryGetValue(name, out found) ? found as T : null;
            return result != null;
        }

        public bool TryGetName(IExternal external, out string name)
        {
            name = null;
            foreach(var one in externals)
            {
                name = one.Value == external ? one.Key : name;
            }
            return name != null;
        }

        private readonly Dictionary<string, IExternal> externals = new Dictionary<string, IExternal>();
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

    public class TimeSourceBase
    {
        public bool ExecuteInSerial { get; set; }

        public TimeInterval Quantum { get; set; } = TimeInterval.FromNanoseconds(100000);
    }

    public class MasterTimeSource : TimeSourceBase
    {
        public TimeInterval ElapsedVirtualTime { get; private set; }

        public void ExecuteInNearestSyncedState(Action<TimeStamp> what, bool executeImmediately = false)
        {
            lock(actions)
            {
                actions.Add(what);
            }
        }

        // All machines have come so far, and stand still.
        public void Synchronize(TimeInterval time)
        {
            ElapsedVirtualTime = time;
            Action<TimeStamp>[] now;
            lock(actions)
            {
                now = actions.ToArray();
                actions.Clear();
            }
            foreach(var action in now)
            {
                action(new TimeStamp(time));
            }
        }

        private readonly List<Action<TimeStamp>> actions = new List<Action<TimeStamp>>();
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
