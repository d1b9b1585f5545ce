//! The world: modules, the network between them, and time.
//!
//! A [`World`] is a pure function of its inputs. Drivers push inputs in with the virtual time at which they
//! happen, and pull outputs out with the virtual time at which they happened:
//!
//! - A byte stored at `t` starts on the wire at `t`, or where the byte before it ends, whichever is later.
//! - An input at `t` first lets everything up to `t` happen, then takes effect. Calling
//!   [`World::advance`] more often changes nothing.
//! - Outputs wait in a queue for each module and are handed out only up to the time reached. When they are
//!   read changes nothing.
//! - Each module has its own clock. In a world with several, one may be ahead of the slowest by at most the
//!   world's lookahead. Beyond that, or backwards, is an error that changes nothing.

pub mod console;
pub mod inputlog;
mod quantity;
pub mod scenario;
mod spelling;

use std::fmt;

use crate::capture::UartPacket;
use crate::time::{Instant, Timebase};
pub use scenario::Scenario;

/// One module of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub(crate) u32);

/// When the bytes that an MCU stores go out on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum McuTx {
    /// One after the other at line rate, whatever the emulator's UART model does (the default).
    #[default]
    Wire,
    /// Every byte ends one byte time after its store.
    AsStored,
}

/// How a driver attaches to a module.
#[derive(Clone, Copy, Debug)]
pub struct Attachment {
    /// The unit of the times that the driver passes and gets.
    pub timebase: Timebase,
    /// How stored bytes are paced.
    pub mcu_tx: McuTx,
}

impl Default for Attachment {
    fn default() -> Self {
        Attachment { timebase: Timebase::NANOS, mcu_tx: McuTx::Wire }
    }
}

/// Pins of a module that an MCU drives or reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pin {
    /// Chip enable: low holds the module in reset (input, high at the start).
    En,
    /// Boot strap (input, high at the start).
    Gpio0,
    /// The MCU's RTS, the module's CTS: high asks the module to stop sending (input, low at the start).
    McuRts,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Bytes that the MCU stored.
    pub mcu_bytes: u64,
    /// Bytes that left the module's UART.
    pub module_bytes: u64,
    /// Deepest the MCU-side queue has been, in bytes.
    pub mcu_queue_max: u64,
    /// Bytes that the driver reported lost because the MCU's receiver was full.
    pub mcu_overruns: u64,
    /// Bytes that the module lost because its buffers were full.
    pub module_overruns: u64,
    /// Times at which the driver was late or coarse and its time was clamped.
    pub clamped: u64,
    /// Frames that the module sent.
    pub frames_sent: u64,
    /// Frames that reached the module.
    pub frames_received: u64,
    /// Frames lost on the module's link, both directions.
    pub frames_lost: u64,
}

/// What can be wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No module of this name; the names that exist.
    UnknownModule(String, Vec<String>),
    /// The module has a driver already.
    AlreadyAttached(String),
    /// The module has no driver.
    NotAttached(String),
    /// The id belongs to no module of this world.
    NoSuchModule,
    /// Time went backwards: what was passed, and what had been reached (ticks of the driver).
    TimeBackwards {
        /// The module's name.
        module: String,
        /// The tick that was passed.
        tick: u64,
        /// The tick that had been reached.
        reached: u64,
    },
    /// A module would be further ahead of the slowest than the lookahead allows.
    TooFarAhead {
        /// The module's name.
        module: String,
        /// The tick that was passed.
        tick: u64,
        /// The last tick that is allowed now.
        limit: u64,
        /// The module that must move first.
        slowest: String,
    },
    /// The tick lies past the end of time (about 584 years).
    TimeOverflow(u64),
    /// The pin can't be driven from outside.
    NotAnInput(Pin),
    /// A console line was not understood; the sentence says why and what was expected.
    Console(String),
}

impl fmt::Display for Error {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
impl std::error::Error for Error {}

/// What to record beside the simulation itself. None of it changes what happens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recording {
    /// Make capture bytes ([`World::take_capture`]).
    pub capture: bool,
    /// Make input log bytes ([`World::take_log`]).
    pub log: bool,
    /// Keep the dialogue ([`World::take_dialogue`]).
    pub dialogue: bool,
}

/// A simulated world. See the module's documentation for the contract.
pub struct World {}

impl World {
    /// A world at time 0. `seed` goes before the scenario's.
    pub fn new(_scenario: &Scenario, _seed: Option<u64>, _recording: Recording) -> World {
        todo!()
    }

    /// The seed in force.
    pub fn seed(&self) -> u64 {
        todo!()
    }

    /// Names of the modules, in the order of their ids.
    pub fn module_names(&self) -> Vec<&str> {
        todo!()
    }

    /// Attaches a driver to the module called `name`.
    pub fn attach(&mut self, _name: &str, _attachment: Attachment) -> Result<ModuleId, Error> {
        todo!()
    }

    /// Takes the driver away. The module's clock no longer holds anybody back.
    pub fn detach(&mut self, _module: ModuleId) -> Result<(), Error> {
        todo!()
    }

    /// The MCU stores `byte` into its UART at `tick`.
    pub fn uart_write(&mut self, _module: ModuleId, _tick: u64, _byte: u8) -> Result<(), Error> {
        todo!()
    }

    /// The level of a pin changes at `tick`.
    pub fn set_pin(&mut self, _module: ModuleId, _tick: u64, _pin: Pin, _high: bool) -> Result<(), Error> {
        todo!()
    }

    /// The driver lost a byte because the MCU's receiver was full at `tick`: counted, and a warning.
    pub fn mcu_overrun(&mut self, _module: ModuleId, _tick: u64, _byte: u8) -> Result<(), Error> {
        todo!()
    }

    /// A line of the console. Takes effect at the earliest instant that no module has passed, or at its own
    /// time (`at 1.5s ap home down`). Returns what it answers.
    pub fn console(&mut self, _line: &str) -> Result<String, Error> {
        todo!()
    }

    /// The tick at which this module has something for its driver, or must be woken with [`World::advance`].
    /// `None`: nothing will happen unless the driver does something.
    pub fn next_event(&self, _module: ModuleId) -> Result<Option<u64>, Error> {
        todo!()
    }

    /// Lets everything up to and including `tick` happen, as far as this module is concerned.
    pub fn advance(&mut self, _module: ModuleId, _tick: u64) -> Result<(), Error> {
        todo!()
    }

    /// How far this module has come: ticks of its driver.
    pub fn reached(&self, _module: ModuleId) -> Result<u64, Error> {
        todo!()
    }

    /// The next byte on the wire to the MCU, up to the time reached.
    pub fn uart_read(&mut self, _module: ModuleId) -> Result<Option<UartByte>, Error> {
        todo!()
    }

    /// Counters of a module.
    pub fn statistics(&self, _module: ModuleId) -> Result<Statistics, Error> {
        todo!()
    }

    /// Warnings since the last call: one sentence each, with the virtual time.
    pub fn take_warnings(&mut self) -> Vec<String> {
        todo!()
    }

    /// Capture bytes (pcapng) since the last call. Empty unless [`Recording::capture`].
    pub fn take_capture(&mut self) -> Vec<u8> {
        todo!()
    }

    /// Input log bytes (text) since the last call. Empty unless [`Recording::log`].
    pub fn take_log(&mut self) -> Vec<u8> {
        todo!()
    }

    /// The dialogue since the last call. Empty unless [`Recording::dialogue`].
    pub fn take_dialogue(&mut self) -> Vec<(ModuleId, UartPacket)> {
        todo!()
    }

    /// The digest of everything up to the time reached: 16 hex digits when shown.
    pub fn digest(&self) -> u64 {
        todo!()
    }

    /// The content digest: the same without times.
    pub fn content_digest(&self) -> u64 {
        todo!()
    }

    /// The digest of one module.
    pub fn module_digest(&self, _module: ModuleId) -> Result<u64, Error> {
        todo!()
    }
}

/// Runs an input log again: the same bytes, capture and digest, without MCU or emulator.
///
/// `text` is what [`World::take_log`] gave, all of it. Returns the world at the end of the log.
pub fn replay(_text: &str, _recording: Recording) -> Result<World, String> {
    todo!()
}
