//! What a test makes go wrong inside the firmware: answers that it gives in place of its own, memory that is gone, flash
//! that takes no writes. All of it outlives a restart: the test has said so, not the firmware.

use std::fmt;

use super::hostile::Place;
use crate::net::service::quoted;
use crate::rng::Stream;
use crate::time::Duration;

/// What a command is answered with that is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `OK`.
    Ok,
    /// `ERROR`.
    Error,
    /// `busy p...`.
    Busy,
    /// These bytes and nothing more; none: silence.
    Text(Vec<u8>),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Ok => f.write_str("OK"),
            Answer::Error => f.write_str("ERROR"),
            Answer::Busy => f.write_str("busy p..."),
            Answer::Text(text) => f.write_str(&quoted(text)),
        }
    }
}

/// An answer in place of the firmware's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The line that is answered so, or its beginning: what follows is no letter and no digit where this ends in one.
    pub command: Vec<u8>,
    /// What comes.
    pub answer: Answer,
    /// How often; `None`: always.
    pub times: Option<u32>,
    /// How long the command seems to run.
    pub delay: Duration,
}

impl Override {
    /// Whether it is for this line. Letters are the same in upper and lower case, as they are for the firmware.
    fn is_for(&self, line: &[u8]) -> bool {
        let Some((begin, rest)) = line.split_at_checked(self.command.len()) else { return false };
        let goes_on = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        begin.eq_ignore_ascii_case(&self.command) && !(goes_on(self.command.last()) && goes_on(rest.first()))
    }
}

/// As much of a report is shown, bytes.
const SHOWN: usize = 200;

/// What is wrong with a module's firmware and its memory.
#[derive(Debug, Default)]
pub struct Faults {
    overrides: Vec<Override>,
    /// So much of the heap is free while nothing uses it, bytes; `None`: as much as the profile says.
    pub heap: Option<u32>,
    /// Writes to flash fail. Erasing works.
    pub flash_fails: bool,
    /// Reports come where they are least expected: where draws for that come from.
    pub hostile: Option<Stream>,
    /// What is to be told of what has gone wrong where nobody can tell it.
    pub news: Vec<FaultEvent>,
}

impl Faults {
    /// From now on lines are answered so; what was said of the same command before is forgotten.
    pub fn answer(&mut self, new: Override) {
        self.forget(Some(&new.command));
        self.overrides.push(new);
    }

    /// What lines are answered with.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// A command is carried out again, or all are.
    pub fn forget(&mut self, command: Option<&[u8]>) {
        self.overrides.retain(|old| command.is_some_and(|c| !c.eq_ignore_ascii_case(&old.command)));
    }

    /// What a line is answered with in place of being carried out. The longest command that it begins with counts.
    pub fn take_answer(&mut self, line: &[u8]) -> Option<(Answer, Duration)> {
        let fits = self.overrides.iter_mut().filter(|known| known.is_for(line));
        let found = fits.max_by_key(|known| known.command.len())?;
        if let Some(times) = &mut found.times {
            *times = times.saturating_sub(1);
        }
        let taken = (found.answer.clone(), found.delay);
        self.overrides.retain(|known| known.times != Some(0));
        Some(taken)
    }
}

/// Something that was made to go wrong has gone wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultEvent {
    /// A command was not carried out, but answered so.
    Answered {
        /// The command's line.
        line: Vec<u8>,
        /// The answer.
        answer: Answer,
    },
    /// There was no memory.
    NoMemory {
        /// What for.
        what: &'static str,
        /// So much was needed, bytes.
        needed: u32,
        /// So much was free, bytes.
        free: u32,
    },
    /// Flash took no write.
    NotWritten(String),
    /// A hostile report was put somewhere.
    Reported {
        /// Where.
        place: Place,
        /// What was printed there.
        text: Vec<u8>,
    },
}

impl fmt::Display for FaultEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultEvent::Answered { line, answer } => {
                write!(f, "answered {} with {answer}", String::from_utf8_lossy(line))
            }
            FaultEvent::NoMemory { what, needed, free } => {
                write!(f, "no memory for {what}: {needed} bytes needed, {free} free")
            }
            FaultEvent::NotWritten(what) => write!(f, "flash not written: {what}"),
            FaultEvent::Reported { place, text } => {
                write!(f, "report {place}: {}", quoted(&text[..text.len().min(SHOWN)]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(command: &str, answer: Answer, times: Option<u32>) -> Override {
        Override { command: command.into(), answer, times, delay: Duration::ZERO }
    }

    #[test]
    fn an_override_is_for_a_whole_word_and_the_longest_one_counts() {
        let mut faults = Faults::default();
        faults.answer(with("AT+CIPSEND", Answer::Error, None));
        faults.answer(with("at+cipsend=1", Answer::Busy, None));
        let mut of = |line: &str| faults.take_answer(line.as_bytes()).map(|(answer, _)| answer);
        assert_eq!(of("AT+CIPSEND=0,5"), Some(Answer::Error));
        assert_eq!(of("AT+CIPSEND"), Some(Answer::Error));
        assert_eq!(of("AT+CIPSEND=1,5"), Some(Answer::Busy));
        assert_eq!(of("AT+CIPSEND=12,5"), Some(Answer::Error), "another number");
        assert_eq!(of("AT+CIPSENDEX=0,5"), None, "another command");
        assert_eq!(of("AT+CIPSEN"), None);
    }

    #[test]
    fn an_override_that_is_used_up_is_gone_and_one_that_is_said_again_is_new() {
        let mut faults = Faults::default();
        faults.answer(with("AT", Answer::Error, Some(2)));
        faults.answer(with("AT", Answer::Ok, Some(1)));
        assert_eq!(faults.take_answer(b"AT").map(|(answer, _)| answer), Some(Answer::Ok));
        assert_eq!(faults.take_answer(b"AT"), None);
        faults.answer(with("AT", Answer::Error, None));
        faults.answer(with("ATE0", Answer::Error, None));
        faults.forget(Some(b"at"));
        assert!(faults.take_answer(b"AT").is_none() && faults.take_answer(b"ATE0").is_some());
        faults.forget(None);
        assert!(faults.take_answer(b"ATE0").is_none());
    }
}
