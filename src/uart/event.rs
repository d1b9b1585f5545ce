//! What there is to tell of a module's UART: values, and the sentences that they are for people.

use std::fmt;

/// Something has happened on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UartEvent {
    /// The module's RTS has changed.
    Rts {
        /// True: the MCU is asked to stop.
        high: bool,
        /// Bytes in the module's receive FIFO.
        waiting: usize,
    },
    /// The MCU's RTS, the module's CTS, has changed the way of what the module sends.
    Cts {
        /// True: the module stops.
        high: bool,
        /// Bytes that it still has to send.
        waiting: usize,
    },
    /// The module's receive FIFO is full. Said once until a byte fits again.
    ModuleOverrun,
    /// The chip sleeps lightly and does not hear the MCU. Said once for each sleep.
    Asleep,
    /// `+++` was not seen as the end of passthrough, because bytes were still queued in the MCU.
    EscapeSpoilt,
    /// The MCU's receiver has lost a byte.
    McuOverrun {
        /// The byte.
        byte: u8,
    },
}

impl UartEvent {
    /// Something is wrong with how the MCU uses its UART.
    pub fn is_warning(&self) -> bool {
        matches!(self, UartEvent::ModuleOverrun | UartEvent::EscapeSpoilt)
    }
}

impl fmt::Display for UartEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UartEvent::Rts { high, waiting } => {
                let level = if *high { "high" } else { "low" };
                write!(f, "RTS {level}: {waiting} bytes in the receive FIFO")
            }
            UartEvent::Cts { high, waiting } => {
                let (level, what) = if *high { ("high", "stops") } else { ("low", "goes on") };
                write!(f, "CTS {level}: the module {what} with {waiting} bytes to send")
            }
            UartEvent::ModuleOverrun => f.write_str("receive FIFO full: bytes from the MCU are being lost"),
            UartEvent::Asleep => {
                f.write_str("light sleep: what the MCU sends is lost until the module is awake")
            }
            UartEvent::EscapeSpoilt => f.write_str(
                "`+++` is data: it was stored more than 20 ms after the byte before it and before the next one, but bytes \
                 were still queued in the MCU, so that there was less silence on the wire; let the transmit queue run \
                 empty before each of the 20 ms, or set mcu-tx = \"as-stored\"",
            ),
            UartEvent::McuOverrun { byte } => write!(f, "MCU receiver overrun: lost 0x{byte:02x}"),
        }
    }
}
