//! How bytes from the MCU become blocks for the network, and how `+++` ends it.
//!
//! [`Framing`] sees every byte with the start of its start bit and the end of its last stop bit, is polled at
//! the times that it names, and says which block leaves when. Three `+` leave passthrough when more than
//! [`GUARD`] of silence stands before the first and after the third, and less than that between them; exactly
//! as much is neither more nor less, so that such `+` are data. Silence runs from the end of a stop bit to the
//! next start bit. A `+` that may still be part of an escape is withheld; once it can't be, it joins the block
//! with its own time of arrival.

use crate::time::{Duration, Instant, earliest};

/// The silence around `+++`.
pub const GUARD: Duration = Duration::from_millis(20);

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// A block leaves as soon as it has so many bytes.
    pub block: usize,
    /// A block that is not full leaves so long after its first byte, which is how the documentation's "within 20 ms" is
    /// read; zero: every byte at once.
    pub interval: Duration,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// These bytes go to the network.
    Send(Vec<u8>),
    /// The MCU speaks commands again.
    Leave,
}

/// Bytes on their way from the UART to the network.
#[derive(Clone, Debug)]
pub struct Framing {
    packing: Packing,
    block: Vec<u8>,
    /// When the block leaves as it is.
    due: Option<Instant>,
    /// Full blocks.
    full: Vec<Vec<u8>>,
    /// When the withheld `+` arrived, at most three.
    withheld: Vec<Instant>,
    /// End of the last stop bit so far.
    silent_since: Instant,
}

impl Framing {
    /// Passthrough begins; the last byte before it ended at `silent_since`.
    pub fn new(packing: Packing, silent_since: Instant) -> Framing {
        Framing {
            packing,
            block: Vec::new(),
            due: None,
            full: Vec::new(),
            withheld: Vec::new(),
            silent_since,
        }
    }

    /// A byte whose start bit began at `start` and whose last stop bit ended at `end`. Everything due before
    /// `end` must have been polled; what is due at `end` itself comes after it.
    pub fn byte(&mut self, start: Instant, end: Instant, byte: u8) {
        let silence = start.since(self.silent_since);
        let goes_on = (1..3).contains(&self.withheld.len()) && byte == b'+' && silence < GUARD;
        if !goes_on {
            self.release();
        }
        if goes_on || (byte == b'+' && silence > GUARD) {
            self.withheld.push(end);
        } else {
            self.append(end, byte);
        }
        self.silent_since = end;
    }

    /// A byte that ended at `end` was lost: it breaks the silence and is nothing else.
    pub fn lose(&mut self, end: Instant) {
        self.release();
        self.silent_since = end;
    }

    /// Nothing comes behind this: what is there is data, and leaves.
    pub fn finish(&mut self) {
        self.release();
        if !self.block.is_empty() {
            self.full.push(std::mem::take(&mut self.block));
        }
        self.due = None;
    }

    /// When [`Framing::poll`] must be called at the latest. `receiving`: when the byte that is on the wire now
    /// started.
    pub fn next_timer(&self, receiving: Option<Instant>) -> Option<Instant> {
        let full = (!self.full.is_empty()).then_some(Instant::ZERO);
        earliest([full, self.due, self.verdict(receiving)])
    }

    /// The next thing to be done by `now`.
    pub fn poll(&mut self, now: Instant, receiving: Option<Instant>) -> Option<Action> {
        if !self.full.is_empty() {
            return Some(Action::Send(self.full.remove(0)));
        }
        if self.verdict(receiving).is_some_and(|t| t <= now) {
            if self.withheld.len() < 3 {
                self.release();
                return self.poll(now, receiving);
            }
            // What came before the escape leaves before it takes effect.
            if self.block.is_empty() {
                self.withheld.clear();
                return Some(Action::Leave);
            }
            return Some(self.send());
        }
        self.due.filter(|due| *due <= now).map(|_| self.send())
    }

    /// Bytes that have not left yet.
    pub fn pending(&self) -> usize {
        self.full.iter().map(Vec::len).sum::<usize>() + self.block.len() + self.withheld.len()
    }

    /// True when it must be polled at once: a block is full, or one that is due by now has got a byte that was late.
    pub fn is_due(&self, now: Instant, receiving: Option<Instant>) -> bool {
        self.next_timer(receiving).is_some_and(|at| at <= now)
    }

    /// True when the silence before a byte that started at `start` has decided what the withheld `+` are: poll first.
    pub fn is_decided(&self, start: Instant) -> bool {
        self.verdict(Some(start)).is_some()
    }

    /// When silence alone decides what the withheld `+` are: after the third more than the guard time, before
    /// that as much as no `+` of an escape may be late. A byte that started in time decides when it is there.
    fn verdict(&self, receiving: Option<Instant>) -> Option<Instant> {
        let silent = *self.withheld.last()? + GUARD;
        let at = if self.withheld.len() == 3 { silent + Duration::from_nanos(1) } else { silent };
        receiving.is_none_or(|start| start >= at).then_some(at)
    }

    /// The withheld `+` are data.
    fn release(&mut self) {
        for arrived in std::mem::take(&mut self.withheld) {
            self.append(arrived, b'+');
        }
    }

    fn append(&mut self, arrived: Instant, byte: u8) {
        if self.due.is_none() {
            self.due = Some(arrived + self.packing.interval);
        }
        self.block.push(byte);
        if self.block.len() >= self.packing.block {
            self.full.push(std::mem::take(&mut self.block));
            self.due = None;
        }
    }

    fn send(&mut self) -> Action {
        self.due = None;
        Action::Send(std::mem::take(&mut self.block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    /// When a block leaves whose bytes end after so many milliseconds.
    fn leaves(ends: &[u64]) -> Option<Instant> {
        let packing = Packing { block: 100, interval: Duration::from_millis(20) };
        let mut framing = Framing::new(packing, Instant::ZERO);
        for end in ends {
            framing.byte(ms(*end), ms(*end), b'x');
        }
        framing.next_timer(None)
    }

    #[test]
    fn the_time_of_a_block_counts_from_its_first_byte() {
        assert_eq!(leaves(&[30, 40, 45]), Some(ms(50)), "no pause makes it longer");
    }
}
