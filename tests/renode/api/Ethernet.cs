// What a network interface is to Renode.
using System;
using System.Linq;

namespace Antmicro.Renode.Core.Structure
{
    public struct MACAddress
    {
        public static MACAddress Parse(string text)
        {
            return new MACAddress { text = text };
        }

        public override string ToString()
        {
            return text;
        }

        private string text;
    }
}

namespace Antmicro.Renode.Network
{
    // With a checksum at its end, if `addCrc`.
    public class EthernetFrame
    {
        public static bool TryCreateEthernetFrame(byte[] data, bool addCrc, out EthernetFrame frame)
        {
            frame = data.Length < 18 + (addCrc ? 4 : 0) ? null
                : new EthernetFrame { Length = data.Length, Bytes = addCrc ? data.Concat(new byte[] { 1, 2, 3, 4 }).ToArray() : data };
            return frame != null;
        }

        public byte[] Bytes { get; private set; }

        // Without the checksum.
        public int Length { get; private set; }
    }
}

namespace Antmicro.Renode.Peripherals.Network
{
    public interface INetworkInterface : Core.IEmulationElement { }

    public interface IMACInterface : INetworkInterface
    {
        Core.Structure.MACAddress MAC { get; set; }

        void ReceiveFrame(Renode.Network.EthernetFrame frame);

        event Action<Renode.Network.EthernetFrame> FrameReady;
    }
}
