// Save and Load as Renode's serialiser does them to the objects of a peripheral, in place: what is transient is gone, as are
// the subscribers of events, the native world is of another process, and the hooks are called in their order.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

using Antmicro.Migrant;
using Antmicro.Migrant.Hooks;
using Antmicro.Renode.Peripherals.Network;

namespace EspAtHarness
{
    public static class State
    {
        // `meanwhile` sees the snapshot of each world.
        public static void SaveAndLoad(IEnumerable<Board> boards, Action<byte[]> meanwhile = null)
        {
            var all = boards.ToArray();
            var modules = all.Select(b => (object)b.Module).ToArray();
            var worlds = modules.SelectMany(m => new[] { Value(m, "home"), Value(m, "own") }).Distinct().ToArray();
            var lans = modules.SelectMany(m => (IEnumerable<object>)Value(m, "lans"));
            var objects = modules.Concat(worlds).Concat(lans).ToArray();
            Call<PreSerializationAttribute>(objects);
            var saved = worlds.ToDictionary(w => w, w => Value(w, "saved"));
            Call<PostSerializationAttribute>(objects);
            foreach(var world in worlds)
            {
                typeof(EspAtWorld).GetMethod("Free", Members).Invoke(world, null);
                Field(world, "saved").SetValue(world, saved[world]);
                if(meanwhile != null && saved[world] != null)
                {
                    meanwhile((byte[])saved[world]);
                }
            }
            foreach(var one in objects)
            {
                foreach(var field in one.GetType().GetFields(Members).Where(IsTransient))
                {
                    field.SetValue(one, null);
                }
            }
            foreach(var board in all)
            {
                Field(board.Uart, "CharReceived").SetValue(board.Uart, null);
            }
            Call<PostDeserializationAttribute>(objects);
        }

        private static bool IsTransient(FieldInfo field)
        {
            return field.IsDefined(typeof(TransientAttribute)) || field.FieldType.IsDefined(typeof(TransientAttribute));
        }

        private static void Call<T>(IEnumerable<object> objects) where T : Attribute
        {
            foreach(var one in objects)
            {
                foreach(var hook in one.GetType().GetMethods(Members).Where(m => m.IsDefined(typeof(T))))
                {
                    hook.Invoke(one, null);
                }
            }
        }

        private static object Value(object one, string field)
        {
            return Field(one, field).GetValue(one);
        }

        private static FieldInfo Field(object one, string name)
        {
            return one.GetType().GetField(name, Members);
        }

        private const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
    }
}
