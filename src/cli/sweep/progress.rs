//! How far a sweep has come: a line on a terminal that is written again and again, with the rate and the time left.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a person waits in wall-clock time")]

use std::io::{IsTerminal, Write, stderr};
use std::time::Instant;

/// The line. Where no terminal is, nothing is written.
pub struct Progress {
    all: usize,
    start: Instant,
    shown: bool,
    terminal: bool,
}

impl Progress {
    pub fn new(all: usize) -> Progress {
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
        if !self.terminal || done == 0 {
            return;
        }
        let seconds = self.start.elapsed().as_secs_f64();
        let rate = count(done) / seconds.max(0.001);
        let left = count(self.all.saturating_sub(done)) / rate;
        let _ = write!(
            stderr(),
            "\r{done} of {}, {failed} failed, {rate:.1} a second, {left:.0} s left",
            self.all
        );
        let _ = stderr().flush();
        self.shown = true;
    }
}

/// A count where a person reads it rounded.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
