//! One end's transmitter: a queue, and the byte that is on the wire.

use super::stored::Stored;
use super::{Frame, LineSettings};
use crate::time::Instant;

/// When stored bytes go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// One after the other, back to back.
    #[default]
    Wire,
    /// Each ends one byte time after its store, whatever else is on the wire; of what was held back, one byte time after
    /// the sender may go on.
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
    /// What its bytes are sent with.
    settings: LineSettings,
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
    queue: Stored<M>,
    run: Option<Run>,
    busy: bool,
    held: bool,
    /// When it was last let go on.
    released: Instant,
    /// The byte on the wire has not been seen by [`Transmitter::take_started`].
    fresh: bool,
}

impl<M: Copy + PartialEq> Transmitter<M> {
    /// An idle transmitter.
    pub fn new(settings: LineSettings, pace: Pace) -> Self {
        Transmitter {
            settings,
            pace,
            queue: Stored::default(),
            run: None,
            busy: false,
            held: false,
            released: Instant::ZERO,
            fresh: false,
        }
    }

    /// Stores `byte` at `now`. Everything due until `now` must have been taken.
    pub fn store(&mut self, now: Instant, byte: u8, mark: M) {
        // Only one that is paced by the stores looks at their times.
        let stored = if self.pace == Pace::AsStored { now } else { Instant::ZERO };
        self.queue.push(byte, mark, stored);
        if !self.busy && !self.held {
            self.start(now);
        }
    }

    /// Bytes that have not ended yet.
    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// Sets it. The byte on the wire ends as it began.
    pub fn set(&mut self, settings: LineSettings) {
        self.settings = settings;
    }

    /// Stops it behind the byte on the wire (CTS is high), or lets it go on at `now`.
    pub fn hold(&mut self, now: Instant, held: bool) {
        if self.held && !held {
            self.released = now;
        }
        self.held = held;
        if !held && !self.busy && !self.queue.is_empty() {
            self.start(now);
        }
    }

    /// When its last byte ended; `None`: some have not ended yet.
    pub fn silent_since(&self) -> Option<Instant> {
        self.queue.is_empty().then(|| self.run.map_or(Instant::ZERO, |run| run.end))
    }

    /// What it is set to.
    pub fn settings(&self) -> LineSettings {
        self.settings
    }

    /// When the byte on the wire ends.
    pub fn next_edge(&self) -> Option<Instant> {
        if self.busy { self.run.map(|r| r.end) } else { None }
    }

    /// The byte on the wire, once for each.
    pub fn take_started(&mut self) -> Option<Frame<M>> {
        if !std::mem::take(&mut self.fresh) {
            return None;
        }
        let (run, (byte, mark, _)) = (self.run?, self.queue.front()?);
        let before = run.half_bits - run.settings.half_bits();
        Some(Frame::new(run.settings, (run.start, before), (run.byte, run.end), byte, mark))
    }

    /// Takes the byte that has ended by `now`, with the time of its end. The next one starts there.
    pub fn take(&mut self, now: Instant) -> Option<(Instant, u8, M)> {
        let end = self.next_edge().filter(|end| *end <= now)?;
        let (byte, mark, _) = self.queue.pop()?;
        let settings = self.run.map_or(self.settings, |run| run.settings);
        self.busy = false;
        if !self.queue.is_empty() && !self.held {
            self.start(end);
        }
        // Data bits beyond those of the setting are never sent.
        Some((end, byte & settings.data_mask(), mark))
    }

    /// Drops everything, the byte on the wire included: power is gone.
    pub fn cut(&mut self) {
        self.queue.clear();
        self.run = None;
        self.busy = false;
        self.fresh = false;
    }

    /// Starts the queue's first byte at `at`.
    fn start(&mut self, at: Instant) {
        let settings = self.settings;
        let length = settings.half_bits();
        let run = match (self.pace, self.run, self.queue.front()) {
            (Pace::AsStored, _, Some((_, _, stored))) => {
                let start = stored.max(self.released);
                Run { start, half_bits: length, byte: start, end: start, settings }
            }
            // It starts exactly where the last one ended: the run goes on.
            (_, Some(run), _) if run.end == at && run.settings == settings => {
                Run { half_bits: run.half_bits + length, byte: at, ..run }
            }
            _ => Run { start: at, half_bits: length, byte: at, end: at, settings },
        };
        self.run = Some(Run { end: run.start + settings.span(run.half_bits), ..run });
        self.busy = true;
        self.fresh = true;
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
    fn as_stored_bytes_that_were_held_back_do_not_go_out_in_the_past() {
        let mut tx = Transmitter::new(LineSettings::eight_n_one(1_000_000), Pace::AsStored);
        for byte in [1, 2, 3] {
            tx.store(at(0), byte, ());
        }
        tx.hold(at(5_000), true);
        assert_eq!(tx.take(Instant::MAX), Some((at(10_000), 1, ())), "it was on the wire");
        assert_eq!(tx.take(Instant::MAX), None);
        tx.hold(at(50_000), false);
        tx.store(at(55_000), 4, ());
        assert_eq!(ends(&mut tx), [60_000, 60_000, 65_000]);
    }

    #[test]
    fn a_new_setting_holds_from_the_next_byte_on() {
        let mut tx = Transmitter::new(LineSettings::eight_n_one(1_000_000), Pace::Wire);
        for byte in [0x41, 0xc2, 0xc3] {
            tx.store(at(0), byte, ());
        }
        tx.set(LineSettings { data_bits: 7, ..LineSettings::eight_n_one(500_000) });
        assert_eq!(tx.take(at(10_000)), Some((at(10_000), 0x41, ())), "begun with the old one");
        assert_eq!(
            tx.take(at(28_000)),
            Some((at(28_000), 0x42, ())),
            "nine bits at half the rate, seven of data"
        );
        tx.set(LineSettings::eight_n_one(1_000_000));
        assert_eq!(tx.take(at(46_000)), Some((at(46_000), 0x43, ())));
    }

    #[test]
    fn a_held_transmitter_ends_its_byte_and_goes_on_when_it_may() {
        let mut tx = Transmitter::new(LineSettings::eight_n_one(1_000_000), Pace::Wire);
        tx.store(at(0), 1, ());
        tx.store(at(0), 2, ());
        tx.hold(at(5_000), true);
        assert_eq!(tx.take(Instant::MAX), Some((at(10_000), 1, ())));
        assert_eq!(tx.take(Instant::MAX), None);
        tx.store(at(20_000), 3, ());
        tx.hold(at(30_000), false);
        assert_eq!(ends(&mut tx), [40_000, 50_000]);
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
