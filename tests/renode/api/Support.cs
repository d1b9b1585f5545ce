// What else renode/EspAt.cs uses of Renode: exceptions, logging, serialization hooks, native libraries. Written from the
// signatures. Loading a library is real; the log is kept for the tests.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Antmicro.Migrant
{
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Field)]
    public class TransientAttribute : Attribute { }
}

namespace Antmicro.Migrant.Hooks
{
    [AttributeUsage(AttributeTargets.Method)]
    public class PreSerializationAttribute : Attribute { }

    [AttributeUsage(AttributeTargets.Method)]
    public class PostSerializationAttribute : Attribute { }

    [AttributeUsage(AttributeTargets.Method)]
    public class PostDeserializationAttribute : Attribute { }
}

namespace Antmicro.Renode.Exceptions
{
    // The only exception that Renode's Monitor survives.
    public class RecoverableException : Exception
    {
        public RecoverableException(string message, Exception innerException) : base(message, innerException) { }

        public RecoverableException(string message) : base(message) { }
    }

    // The only one that the creation of a platform survives.
    public class ConstructionException : RecoverableException
    {
        public ConstructionException(string message) : base(message) { }
    }
}

namespace Antmicro.Renode.Logging
{
    public class LogLevel
    {
        public static readonly LogLevel Debug = new LogLevel("DEBUG");
        public static readonly LogLevel Info = new LogLevel("INFO");
        public static readonly LogLevel Warning = new LogLevel("WARNING");
        public static readonly LogLevel Error = new LogLevel("ERROR");

        public override string ToString()
        {
            return name;
        }

        private LogLevel(string name)
        {
            this.name = name;
        }

        private readonly string name;
    }

    public static class Logger
    {
        public static void Log(this Core.IEmulationElement e, LogLevel type, string message, params object[] args)
        {
            lock(Lines)
            {
                Lines.Add("[" + type + "] " + string.Format(message, args));
            }
        }

        public static readonly List<string> Lines = new List<string>();
    }
}

namespace Antmicro.Renode.Utilities
{
    public static class SharedLibraries
    {
        public static IntPtr LoadLibrary(string path)
        {
            dlerror();
            var address = dlopen(path, RTLD_NOW);
            if(address == IntPtr.Zero)
            {
                throw Failure("opening");
            }
            return address;
        }

        public static IntPtr GetSymbolAddress(IntPtr libraryAddress, string name)
        {
            var address = dlsym(libraryAddress, name);
            if(address == IntPtr.Zero)
            {
                throw Failure("getting symbol from");
            }
            return address;
        }

        private static Exception Failure(string operation)
        {
            var message = Marshal.PtrToStringAnsi(dlerror());
            return new InvalidOperationException("Error while " + operation + " dynamic library: " + message);
        }

        [DllImport("libdl.so.2")]
        private static extern IntPtr dlopen(string path, int mode);

        [DllImport("libdl.so.2")]
        private static extern IntPtr dlsym(IntPtr handle, string name);

        [DllImport("libdl.so.2")]
        private static extern IntPtr dlerror();

        private const int RTLD_NOW = 2;
    }
}
