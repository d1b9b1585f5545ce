//! What can be wrong with a call to a world. An error changes nothing.

use std::fmt;

use super::spelling::cut;
use crate::time::Instant;
use crate::uart::{self, LineSettings};

/// What can be wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The network can't be built as the scenario says; the sentence says why.
    Network(String),
    /// A module can't have a file that the scenario names for it, such as a certificate; the sentence says why, with the
    /// place in the scenario.
    ModuleFile(String),
    /// The module's profile is none that exists.
    UnknownProfile {
        /// The module's name.
        module: String,
        /// What its configuration has.
        profile: String,
    },
    /// What a module has saved can't be read; the text says where and what was expected.
    Saved(String),
    /// The capture can't be made as it is asked for; the sentence says why.
    Capture(String),
    /// No module of this name; the names that exist.
    UnknownModule(String, Vec<String>),
    /// No host of this name.
    UnknownHost(String),
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
        /// The last tick that is allowed now; `None`: not even its tick 0, whose instant (the attachment's origin) is too far
        /// ahead itself.
        limit: Option<u64>,
        /// The module that must move first.
        slowest: String,
    },
    /// The tick lies past the end of time (about 584 years).
    TimeOverflow(u64),
    /// A cable into a LAN, or a frame for it, is not as it must be; the sentence says why.
    Lan(String),
    /// A device in a LAN has sent a frame so long ago that it should have arrived already.
    LanTooLate {
        /// When it was sent.
        at: Instant,
        /// How far the slowest module has come.
        reached: Instant,
    },
    /// The MCU may not store so much ahead of the line.
    McuQueueFull {
        /// The module's name.
        module: String,
        /// Bytes that wait already.
        waiting: usize,
        /// Bytes that were to be stored.
        stored: usize,
        /// The most that may wait.
        limit: usize,
    },
    /// No UART can be set like that.
    LineSettings(LineSettings),
    /// A console line was not understood, or can't be carried out; the sentence says why.
    Console(String),
    /// An input log can't be replayed; the sentence says why.
    Replay(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Network(why) => write!(f, "the network can't be built: {why}"),
            Error::UnknownProfile { module, profile } => {
                write!(f, "module '{module}' has the profile '{profile}', which does not exist")
            }
            Error::UnknownModule(name, known) => {
                write!(f, "there is no module '{}'; this world has {}", cut(name), known.join(", "))
            }
            Error::UnknownHost(name) => write!(f, "there is no host '{name}'"),
            Error::AlreadyAttached(name) => {
                write!(f, "module '{name}' is attached to another driver already")
            }
            Error::NotAttached(name) => write!(f, "module '{name}' is not attached to a driver"),
            Error::LineSettings(line) => {
                let (baud, bits) = (uart::BAUD, uart::DATA_BITS);
                let (least, most) = (baud.start(), baud.end());
                let (fewest, all) = (bits.start(), bits.end());
                write!(f, "expected {least} to {most} baud and {fewest} to {all} data bits, found {line}")
            }
            Error::NoSuchModule => f.write_str("the module id belongs to no module of this world"),
            Error::TimeBackwards { module, tick, reached } => {
                write!(f, "time went backwards for module '{module}': tick {tick} after tick {reached}")
            }
            Error::TooFarAhead { module, tick, limit: None, slowest } => write!(
                f,
                "module '{module}' can't go to tick {tick}: even its tick 0 is too far ahead, until '{slowest}' has caught up"
            ),
            Error::TooFarAhead { module, tick, limit: Some(limit), slowest } => write!(
                f,
                "module '{module}' can't go to tick {tick}: it may go to tick {limit} until '{slowest}' has caught up"
            ),
            Error::McuQueueFull { module, waiting, stored, limit } => write!(
                f,
                "{waiting} bytes wait to go out on the wire to module '{module}', and {stored} more would be over the \
                 {limit} that the MCU may store ahead (`mcu-queue` in the scenario's [wire.{module}])"
            ),
            Error::LanTooLate { at, reached } => write!(
                f,
                "a frame that was sent at {at} has arrived 100 us later, and all modules have come to {reached} already"
            ),
            Error::TimeOverflow(tick) => write!(f, "tick {tick} lies past the end of time (2^64 ns)"),
            Error::Console(why)
            | Error::Lan(why)
            | Error::Replay(why)
            | Error::Saved(why)
            | Error::ModuleFile(why)
            | Error::Capture(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}
