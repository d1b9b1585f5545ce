//! One end's transmitter: a queue, and the byte that is on the wire.

use std::collections::VecDeque;

use super::LineSettings;
use crate::time::Instant;

/// When stored bytes go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// One after the other, back to back.
    #[default]
    Wire,
    /// Each ends one byte time after its store, whatever else is on the wire.
    AsStored,
}

/// Bytes that touch each other: where the first one started, and how long the run has become.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: Instant,
    half_bits: u64,
    /// Start of the last byte.
    byte: Instant,
    end: Instant,
}

/// Puts bytes on the wire. `M` travels with each byte (what the byte is part of).
///
/// A byte stored at `t` starts at `t`, or where the byte before it ends, whichever is later. It ends at the
/// start of its run of back-to-back bytes + ceil(bit times so far x 10^9 / baud) ns: computed from the run's
/// start, never summed, so that nothing drifts.
#[derive(Debug)]
pub struct Transmitter<M> {
    settings: LineSettings,
    pace: Pace,
    queue: VecDeque<(u8, M, Instant)>,
    run: Option<Run>,
    busy: bool,
}

impl<M> Transmitter<M> {
    /// An idle transmitter.
    pub fn new(settings: LineSettings, pace: Pace) -> Self {
        Transmitter { settings, pace, queue: VecDeque::new(), run: None, busy: false }
    }

    /// Stores `byte` at `now`. Everything due until `now` must have been taken.
    pub fn store(&mut self, now: Instant, byte: u8, mark: M) {
        self.queue.push_back((byte, mark, now));
        if !self.busy {
            self.start(now);
        }
    }

    /// Bytes that have not ended yet.
    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// What it is set to.
    pub fn settings(&self) -> LineSettings {
        self.settings
    }

    /// When the byte on the wire ends.
    pub fn next_edge(&self) -> Option<Instant> {
        if self.busy { self.run.map(|r| r.end) } else { None }
    }

    /// When the byte on the wire started.
    pub fn sending_since(&self) -> Option<Instant> {
        if self.busy { self.run.map(|r| r.byte) } else { None }
    }

    /// Takes the byte that has ended by `now`, with the time of its end. The next one starts there.
    pub fn take(&mut self, now: Instant) -> Option<(Instant, u8, M)> {
        let end = self.next_edge().filter(|end| *end <= now)?;
        let (byte, mark, _) = self.queue.pop_front()?;
        self.busy = false;
        if !self.queue.is_empty() {
            self.start(end);
        }
        Some((end, byte, mark))
    }

    /// Drops everything, the byte on the wire included: power is gone.
    pub fn cut(&mut self) {
        self.queue.clear();
        self.run = None;
        self.busy = false;
    }

    /// Starts the queue's first byte at `at`.
    fn start(&mut self, at: Instant) {
        let length = self.settings.half_bits();
        let run = match (self.pace, self.run, self.queue.front()) {
            (Pace::AsStored, _, Some((_, _, stored))) => {
                Run { start: *stored, half_bits: length, byte: *stored, end: *stored }
            }
            // It starts exactly where the last one ended: the run goes on.
            (_, Some(run), _) if run.end == at => Run { half_bits: run.half_bits + length, byte: at, ..run },
            _ => Run { start: at, half_bits: length, byte: at, end: at },
        };
        self.run = Some(Run { end: run.start + self.settings.span(run.half_bits), ..run });
        self.busy = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ns: u64) -> Instant {
        Instant::from_nanos(ns)
    }

    fn ends(tx: &mut Transmitter<()>) -> Vec<u64> {
        std::iter::from_fn(|| tx.take(Instant::MAX)).map(|(end, _, ())| end.as_nanos()).collect()
    }

    #[test]
    fn a_buffer_stored_at_once_goes_out_at_line_rate_without_drift() {
        let mut tx = Transmitter::new(LineSettings::eight_n_one(115_200), Pace::Wire);
        for _ in 0..115_200 {
            tx.store(at(5), b'U', ());
        }
        let ends = ends(&mut tx);
        assert_eq!(ends[0], 5 + 86_806);
        assert_eq!(ends[1], 5 + 173_612, "ceil(20 bits x 10^9 / 115200) after the run's start");
        assert_eq!(ends[2], 5 + 260_417, "a summed 3 x 86 806 would be 260 418");
        assert_eq!(*ends.last().unwrap(), 5 + 10_000_000_000, "115200 bytes of ten bits take ten seconds");
    }

    #[test]
    fn a_pause_starts_a_new_run_and_touching_bytes_do_not() {
        let settings = LineSettings::eight_n_one(115_200);
        let mut tx = Transmitter::new(settings, Pace::Wire);
        tx.store(at(0), 1, ());
        assert_eq!(tx.take(at(86_805)), None, "not before its end");
        assert_eq!(tx.take(at(86_806)), Some((at(86_806), 1, ())));
        tx.store(at(86_806), 2, ());
        assert_eq!(tx.next_edge(), Some(at(173_612)), "stored where the last one ended: the run goes on");
        tx.take(at(173_612));
        tx.store(at(173_613), 3, ());
        assert_eq!(tx.next_edge(), Some(at(173_613 + 86_806)), "one nanosecond of pause: a new run");
    }

    #[test]
    fn as_stored_bytes_end_one_byte_time_after_their_store() {
        let mut tx = Transmitter::new(LineSettings::eight_n_one(1_000_000), Pace::AsStored);
        for ns in [0, 0, 7] {
            tx.store(at(ns), 0, ());
        }
        assert_eq!(ends(&mut tx), [10_000, 10_000, 10_007]);
    }

    #[test]
    fn a_power_cut_takes_the_byte_on_the_wire_with_it() {
        let mut tx = Transmitter::new(LineSettings::eight_n_one(115_200), Pace::Wire);
        tx.store(at(0), 1, ());
        tx.cut();
        assert_eq!(tx.take(Instant::MAX), None);
        assert_eq!(tx.pending(), 0);
    }
}
