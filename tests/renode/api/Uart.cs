// Renode's UART interface, written from its signatures.
using System;

namespace Antmicro.Renode.Peripherals.UART
{
    public interface IUART<T> : IPeripheral
    {
        event Action<T> CharReceived;

        void WriteChar(T value);

        uint BaudRate { get; }

        Bits StopBits { get; }

        Parity ParityBit { get; }
    }

    public interface IUART : IUART<byte> { }

    public enum Parity
    {
        Odd,
        Even,
        None,
        Forced1,
        Forced0,
        Multidrop
    }

    public enum Bits
    {
        None,
        One,
        Half,
        OneAndAHalf,
        Two
    }
}
