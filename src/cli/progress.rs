//! How far a work of many runs has come: a line on a terminal that is written again and again, with the rate and the time
//! left.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a person waits in wall-clock time")]

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// The line. Where no terminal is, nothing is written.
pub struct Progress {
    /// How many runs there are; `None`: as many as there is time for.
    all: Option<usize>,
    start: Instant,
    shown: bool,
    terminal: bool,
}

impl Progress {
    pub fn new(all: Option<usize>) -> Progress {
        Progress { all, start: Instant::now(), shown: false, terminal: stderr().is_terminal() }
    }

    /// Takes the line away, before something else is printed.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    /// Writes the line when `done` runs are over, of which `failed` have failed.
    pub fn show(&mut self, done: usize, failed: usize) {
        if done == 0 {
            return;
        }
        let rate = self.rate(done);
        match self.all {
            Some(all) => {
                let left = count(all.saturating_sub(done)) / rate;
                self.note(&format!("{done} of {all}, {failed} failed, {rate:.1} a second, {left:.0} s left"));
            }
            None => self.note(&format!("{done}, {failed} failed, {rate:.1} a second")),
        }
    }

    /// Writes the line with this text.
    pub fn note(&mut self, text: &str) {
        if self.terminal {
            // Without wrapping: of a line that is wider than the terminal the next one could not take all away.
            let _ = write!(stderr(), "\r\x1b[?7l{text}\x1b[K\x1b[?7h");
            let _ = stderr().flush();
            self.shown = true;
        }
    }

    /// How long it has taken.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Runs in a second, when `done` are over.
    pub fn rate(&self, done: usize) -> f64 {
        count(done) / self.elapsed().as_secs_f64().max(0.001)
    }
}

/// A count where a person reads it rounded.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
