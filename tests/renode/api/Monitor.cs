// What a command of the Monitor is to Renode.
using System;

using AntShell.Commands;

namespace AntShell.Commands
{
    public interface ICommandInteraction
    {
        void Write(char c, ConsoleColor? color = null);
    }

    public static class ICommandInteractionExtensions
    {
        public static void WriteLine(this ICommandInteraction ici, string str = "", ConsoleColor? color = null)
        {
            foreach(var c in str + "\n")
            {
                ici.Write(c, color);
            }
        }
    }
}

namespace Antmicro.Renode.UserInterface
{
    public class Monitor { }
}

namespace Antmicro.Renode.UserInterface.Commands
{
    // Made as soon as the file is included in which it stands.
    public abstract class AutoLoadCommand
    {
        protected AutoLoadCommand(Monitor monitor, string name, string description, params string[] alternativeNames) { }
    }

    [AttributeUsage(AttributeTargets.Method)]
    public class RunnableAttribute : Attribute { }
}
