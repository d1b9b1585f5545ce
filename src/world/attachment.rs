//! What passes between a world and the driver of a module: how the driver attaches, the pins between MCU and module, the
//! bytes that come back, and the counters of the module.

use super::spelling::{did_you_mean, one_of, shown};
use crate::module::Module;
use crate::time::{Instant, Timebase};

/// When the bytes that an MCU stores go out on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum McuTx {
    /// One after the other at line rate, whatever the emulator's UART model does (the default).
    #[default]
    Wire,
    /// Every byte ends one byte time after its store.
    AsStored,
}

impl McuTx {
    /// Each with the word for it.
    pub const WORDS: [(&str, McuTx); 2] = [("wire", McuTx::Wire), ("as-stored", McuTx::AsStored)];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            McuTx::Wire => "wire",
            McuTx::AsStored => "as-stored",
        }
    }

    /// Reads the word for it.
    ///
    /// # Errors
    /// One sentence with what was expected.
    pub fn parse(text: &str) -> Result<McuTx, String> {
        let words = || Self::WORDS.iter().map(|(word, _)| *word);
        let found = Self::WORDS.iter().find(|(word, _)| *word == text);
        found.map(|(_, mcu_tx)| *mcu_tx).ok_or_else(|| {
            format!("expected {}, found {}{}", one_of(words()), shown(text), did_you_mean(text, words()))
        })
    }
}

/// How a driver attaches to a module. What it says goes before the scenario; what it does not say is as the scenario
/// has it, or as stands here.
#[derive(Clone, Copy, Debug)]
pub struct Attachment {
    /// The unit of the times that the driver passes and gets.
    pub timebase: Timebase,
    /// How stored bytes are paced; [`McuTx::Wire`] when nobody says.
    pub mcu_tx: Option<McuTx>,
    /// The MCU's UART obeys the module's RTS: what is stored waits while that is high. It does not when nobody says.
    pub obeys_rts: Option<bool>,
}

impl Default for Attachment {
    fn default() -> Self {
        Attachment { timebase: Timebase::NANOS, mcu_tx: None, obeys_rts: None }
    }
}

/// Pins of a module that an MCU drives or reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pin {
    /// Chip enable: low holds the module in reset (input, high at the start).
    En,
    /// Boot strap, sampled when the chip starts: low keeps the AT firmware from starting (input, high at the
    /// start).
    Gpio0,
    /// The MCU's RTS, the module's CTS: high asks the module to stop sending (input, low at the start). It has
    /// an effect only when the module's flow control asks for it (AT+UART with 2 or 3); the default does not.
    McuRts,
    /// The pin that wakes the module from light sleep: the GPIO that AT+SLEEPWKCFG names, on a board that wires it
    /// (input, nobody's at the start). GPIO0 is [`Pin::Gpio0`] also when AT+SLEEPWKCFG names it.
    // 3 is the module's own RTS.
    Wake = 4,
}

impl Pin {
    /// Each with the word for it.
    pub const WORDS: [(&str, Pin); 4] =
        [("en", Pin::En), ("gpio0", Pin::Gpio0), ("rts", Pin::McuRts), ("wake", Pin::Wake)];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, pin)| *pin == self).map_or("", |(word, _)| word)
    }

    /// The pin has this level from now on.
    pub(super) fn drive(self, now: Instant, high: bool, module: &mut Module) {
        match self {
            Pin::En => module.set_enable(now, high),
            Pin::Gpio0 => module.set_gpio0(now, high),
            Pin::McuRts => module.set_cts(now, high),
            Pin::Wake => module.set_wake(now, high),
        }
    }
}

/// Pins that a module drives and an MCU may read. In the digest their numbers go on behind those of [`Pin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputPin {
    /// The module's RTS, the MCU's CTS: high asks the MCU to stop sending (low at the start).
    ModuleRts = 3,
}

/// A pin that the module drives has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinChange {
    /// When, in the driver's timebase (rounded up).
    pub tick: u64,
    /// The same in world time.
    pub at: Instant,
    /// Which one.
    pub pin: OutputPin,
    /// Its level from then on.
    pub high: bool,
}

/// One byte on the wire to the MCU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UartByte {
    /// End of its last stop bit in the driver's timebase (rounded up).
    pub tick: u64,
    /// The same in world time.
    pub at: Instant,
    /// The byte.
    pub byte: u8,
    /// 0: received clean. Bit 0: framing error. Bit 1: parity error. Bit 2: break.
    pub flags: u8,
}

/// Counters of one module. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Statistics {
    /// Bytes that the MCU stored.
    pub mcu_bytes: u64,
    /// Bytes that left the module's UART.
    pub module_bytes: u64,
    /// Deepest the MCU-side queue has been, in bytes.
    pub mcu_queue_max: u64,
    /// Bytes that the driver reported lost because the MCU's receiver was full or off.
    pub mcu_overruns: u64,
    /// Bytes that the module lost because its buffers were full.
    pub module_overruns: u64,
    /// Frames that the module sent.
    pub frames_sent: u64,
    /// Frames that reached the module.
    pub frames_received: u64,
    /// Frames lost on the module's link, both directions.
    pub frames_lost: u64,
    /// What the module's UART received, bytes; those lost for want of room are among them.
    pub module_received: u64,
    /// Those of them with a framing error or a break.
    pub module_framing_errors: u64,
    /// Those with a parity error.
    pub module_parity_errors: u64,
    /// What the MCU's UART received, bytes.
    pub mcu_received: u64,
    /// Those of them with a framing error or a break.
    pub mcu_framing_errors: u64,
    /// Those with a parity error.
    pub mcu_parity_errors: u64,
    /// Bytes lost on the wire, both directions.
    pub wire_lost: u64,
    /// Bytes that the module received while its firmware did not run or slept lightly: nobody heard them.
    pub module_unheard: u64,
}
