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
        /// Why.
        loss: McuLoss,
    },
    /// The MCU sends while the chip does not run. Said once until it does.
    Unheard(Deaf),
}

/// Why the MCU's receiver has lost a byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum McuLoss {
    /// It was full or off; the driver can't tell which.
    #[default]
    Unknown,
    /// The same, and the MCU has not sent anything so far: it may not use its UART yet.
    Unused,
    /// It was full.
    Full,
    /// It was off.
    Off,
}

/// Why a module hears nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deaf {
    /// EN is low.
    Off,
    /// There is no supply.
    Unpowered,
    /// It starts; it hears from `ready` on.
    Booting,
    /// It waits for a download.
    Download,
    /// It sleeps deeply.
    Asleep,
}

impl UartEvent {
    /// Something is wrong with how the MCU uses its UART.
    pub fn is_warning(&self) -> bool {
        use UartEvent::{Asleep, EscapeSpoilt, ModuleOverrun, Unheard};
        matches!(self, ModuleOverrun | Asleep | EscapeSpoilt | Unheard(_))
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
                f.write_str("light sleep: what the MCU sends is lost, and wakes nobody; the pin of AT+SLEEPWKCFG does")
            }
            UartEvent::EscapeSpoilt => f.write_str(
                "`+++` is data: it was stored more than 20 ms after the byte before it and before the next one, but bytes \
                 were still queued in the MCU, so that there was less silence on the wire; let the transmit queue run \
                 empty before each of the 20 ms, or set mcu-tx = \"as-stored\"",
            ),
            UartEvent::McuOverrun { byte, loss } => match loss {
                McuLoss::Unknown => write!(f, "MCU receiver full or off: lost 0x{byte:02x}"),
                McuLoss::Unused => {
                    write!(f, "MCU receiver full or off before the MCU's first byte: 0x{byte:02x} was not heard")
                }
                McuLoss::Full => write!(f, "MCU receiver overrun: lost 0x{byte:02x}"),
                McuLoss::Off => write!(f, "MCU receiver off: 0x{byte:02x} was not heard"),
            },
            UartEvent::Unheard(why) => f.write_str(match why {
                Deaf::Off => "the MCU sends while the module is switched off (EN is low), and nobody hears it",
                Deaf::Unpowered => "the MCU sends while the module has no supply, and nobody hears it",
                Deaf::Booting => "the MCU sends while the module boots, and nobody hears it before `ready`",
                Deaf::Download => "the MCU sends while the module is in download mode, and no AT firmware hears it",
                Deaf::Asleep => "the MCU sends while the module is in deep sleep, and nobody hears it",
            }),
        }
    }
}
