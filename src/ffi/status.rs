//! What a call can answer.

use std::ffi::CStr;

use crate::edge::Poisoned;
use crate::world::Error;

/// What a call answers. Everything but ESPAT_STATUS_OK means: nothing was changed, outputs are as they were, and
/// espat_last_error() says in one sentence what was wrong. The exceptions stand with the function.
///
/// Later versions may add values.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_status {
    /// Done.
    Ok = 0,
    /// A pointer is NULL that must not be.
    NullPointer = 1,
    /// The handle is not a world, or its world was freed.
    InvalidHandle = 2,
    /// The `size` of a structure is one that no version of this library has.
    InvalidSize = 3,
    /// A text is not UTF-8.
    InvalidUtf8 = 4,
    /// An argument or a field has a value that means nothing.
    InvalidArgument = 5,
    /// The scenario, or what its modules have saved, has mistakes; the text shows each with its line.
    InvalidScenario = 6,
    /// The input log can't be read, or an input in it was refused.
    InvalidLog = 7,
    /// A console line was not understood, or can't be carried out.
    InvalidLine = 8,
    /// The world has no module of this name or id.
    UnknownModule = 9,
    /// The module has a driver already.
    AlreadyAttached = 10,
    /// The module has no driver.
    NotAttached = 11,
    /// The tick lies before the one that the module has reached.
    TimeBackwards = 12,
    /// The module would be further ahead of the slowest one than the world allows. Move that one first.
    TooFarAhead = 13,
    /// The tick lies past the end of time, 2^64 ns.
    TimeOverflow = 14,
    /// The buffer is too small; the length that is needed was set.
    BufferTooSmall = 15,
    /// This world was not asked to record that for pulling.
    NotRecorded = 16,
    /// The world was finished. What it has can be read, but it takes no more inputs.
    Finished = 17,
    /// A file could not be read or written.
    Io = 18,
    /// An internal error, now or earlier, has stopped this world. Please report it.
    Poisoned = 19,
    /// An internal error in a call that concerns no world. Please report it.
    Internal = 20,
    /// The world has no host of this name.
    UnknownHost = 21,
    /// The MCU would have more bytes stored ahead of the line than it may.
    QueueFull = 22,
}

impl espat_status {
    const ALL: [(espat_status, &'static CStr); 23] = [
        (espat_status::Ok, c"OK"),
        (espat_status::NullPointer, c"a pointer is NULL"),
        (espat_status::InvalidHandle, c"not a world, or a freed one"),
        (espat_status::InvalidSize, c"wrong size of a structure"),
        (espat_status::InvalidUtf8, c"a text is not UTF-8"),
        (espat_status::InvalidArgument, c"an argument means nothing"),
        (espat_status::InvalidScenario, c"mistakes in the scenario"),
        (espat_status::InvalidLog, c"the input log can't be replayed"),
        (espat_status::InvalidLine, c"a console line that can't be carried out"),
        (espat_status::UnknownModule, c"no such module"),
        (espat_status::AlreadyAttached, c"the module has a driver already"),
        (espat_status::NotAttached, c"the module has no driver"),
        (espat_status::TimeBackwards, c"time went backwards"),
        (espat_status::TooFarAhead, c"too far ahead of another module"),
        (espat_status::TimeOverflow, c"past the end of time"),
        (espat_status::BufferTooSmall, c"the buffer is too small"),
        (espat_status::NotRecorded, c"not recorded for pulling"),
        (espat_status::Finished, c"the world was finished"),
        (espat_status::Io, c"a file could not be read or written"),
        (espat_status::Poisoned, c"stopped by an internal error"),
        (espat_status::Internal, c"internal error"),
        (espat_status::UnknownHost, c"no such host"),
        (espat_status::QueueFull, c"too many bytes stored ahead of the line"),
    ];

    /// A few words for the status of this number.
    pub(super) fn words(number: u32) -> &'static CStr {
        let found = Self::ALL.iter().find(|(status, _)| *status as u32 == number);
        found.map_or(c"unknown status", |(_, words)| words)
    }
}

/// Why a call failed: its status and the sentence for [`espat_last_error`](super::espat_last_error).
#[derive(Debug)]
pub(super) struct Failure {
    pub status: espat_status,
    pub sentence: String,
}

impl Failure {
    pub fn new(status: espat_status, sentence: impl Into<String>) -> Failure {
        Failure { status, sentence: sentence.into() }
    }

    /// An argument or a field has a value that means nothing.
    pub fn argument(sentence: impl Into<String>) -> Failure {
        Failure::new(espat_status::InvalidArgument, sentence)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let status = match &error {
            Error::Network(_) | Error::ModuleFile(_) | Error::UnknownProfile { .. } | Error::Saved(_) => {
                espat_status::InvalidScenario
            }
            Error::UnknownModule(..) | Error::NoSuchModule => espat_status::UnknownModule,
            Error::UnknownHost(_) => espat_status::UnknownHost,
            Error::LineSettings(_) | Error::Lan(_) => espat_status::InvalidArgument,
            Error::AlreadyAttached(_) => espat_status::AlreadyAttached,
            Error::NotAttached(_) => espat_status::NotAttached,
            Error::TimeBackwards { .. } | Error::LanTooLate { .. } => espat_status::TimeBackwards,
            Error::TooFarAhead { .. } => espat_status::TooFarAhead,
            Error::TimeOverflow(_) => espat_status::TimeOverflow,
            Error::McuQueueFull { .. } => espat_status::QueueFull,
            Error::Console(_) => espat_status::InvalidLine,
            Error::Replay(_) => espat_status::InvalidLog,
            Error::Capture(_) => espat_status::Io,
        };
        Failure::new(status, error.to_string())
    }
}

impl From<Poisoned> for Failure {
    fn from(poisoned: Poisoned) -> Failure {
        Failure::new(espat_status::Poisoned, poisoned.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_keeps_its_number_and_has_words() {
        for (number, (status, words)) in espat_status::ALL.iter().enumerate() {
            assert_eq!(*status as usize, number, "{status:?} has moved: C programs depend on its number");
            assert_eq!(espat_status::words(number as u32), *words);
        }
        assert_eq!(espat_status::words(espat_status::ALL.len() as u32), c"unknown status");
        assert_eq!(espat_status::words(u32::MAX), c"unknown status");
    }
}
