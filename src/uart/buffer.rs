//! What has reached a module's UART and waits for its firmware: first in the driver's ring, and while that is full
//! in the hardware's FIFO.
//!
//! Here the driver moves bytes to the ring at once; a real one does so every 100 bytes, or when the line is idle for ten
//! symbols. That is left out on purpose: bytes carry the times at which they ended, and the silence around `+++`, the
//! flush time and what ends a command count from those, so that it could be seen in nothing but a delay of ten symbols
//! (0.9 ms at 115200 baud) before a command begins, which is part of the time that a command is drawn to take. Nor does
//! it move RTS: the FIFO comes to the threshold only when the ring is full. With flow control the UART raises RTS while
//! its FIFO holds the threshold or more. A byte that comes to a full FIFO is lost, and nobody is told.

use std::collections::VecDeque;

use crate::time::Instant;

/// A byte that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Beginning of its start bit.
    pub start: Instant,
    /// End of its last stop bit.
    pub end: Instant,
    /// The byte.
    pub byte: u8,
    /// Bytes between the one before and this were lost; the last of them ended then.
    pub lost: Option<Instant>,
}

/// FIFO and ring of one UART.
#[derive(Debug)]
pub struct ReceiveBuffer {
    fifo: usize,
    ring: usize,
    /// RTS is high while so many bytes are in the FIFO; `None`: flow control is off.
    threshold: Option<usize>,
    waiting: VecDeque<Waiting>,
    lost: Option<Instant>,
    overruns: u64,
}

impl ReceiveBuffer {
    /// An empty one; sizes in bytes.
    pub fn new(fifo: usize, ring: usize) -> ReceiveBuffer {
        let waiting = VecDeque::new();
        ReceiveBuffer { fifo, ring, threshold: None, waiting, lost: None, overruns: 0 }
    }

    /// Sets the fill of the FIFO at which RTS goes high; `None` switches flow control off.
    pub fn set_threshold(&mut self, threshold: Option<usize>) {
        self.threshold = threshold;
    }

    /// A byte has been received. False when it was lost.
    pub fn push(&mut self, start: Instant, end: Instant, byte: u8) -> bool {
        if self.waiting.len() >= self.ring + self.fifo {
            self.lost = Some(end);
            self.overruns += 1;
            return false;
        }
        let lost = self.lost.take();
        self.waiting.push_back(Waiting { start, end, byte, lost });
        true
    }

    /// The byte that the firmware gets next.
    pub fn front(&self) -> Option<&Waiting> {
        self.waiting.front()
    }

    /// Takes it.
    pub fn pop(&mut self) -> Option<Waiting> {
        self.waiting.pop_front()
    }

    /// When the last byte behind everything that waits was lost, once; `None` while something waits.
    pub fn take_lost(&mut self) -> Option<Instant> {
        if self.waiting.is_empty() { self.lost.take() } else { None }
    }

    /// Bytes in the FIFO.
    pub fn in_fifo(&self) -> usize {
        self.waiting.len().saturating_sub(self.ring)
    }

    /// Bytes in the FIFO and in the ring.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The level of RTS: high asks the other end to stop.
    pub fn rts(&self) -> bool {
        self.threshold.is_some_and(|threshold| self.in_fifo() >= threshold)
    }

    /// Bytes lost so far.
    pub fn overruns(&self) -> u64 {
        self.overruns
    }

    /// Forgets what waits: the chip starts anew.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.lost = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ns: u64) -> Instant {
        Instant::from_nanos(ns)
    }

    /// A FIFO of four behind a ring of three, with `n` bytes in them.
    fn filled(n: u64) -> ReceiveBuffer {
        let mut buffer = ReceiveBuffer::new(4, 3);
        for i in 0..n {
            buffer.push(at(10 * i), at(10 * i + 9), i as u8);
        }
        buffer
    }

    #[test]
    fn the_fifo_fills_only_when_the_ring_is_full() {
        let fills: Vec<usize> = (0..=8).map(|n| filled(n).in_fifo()).collect();
        assert_eq!(fills, [0, 0, 0, 0, 1, 2, 3, 4, 4]);
        assert_eq!(filled(8).overruns(), 1);
        assert_eq!(filled(8).len(), 7);
    }

    #[test]
    fn rts_is_high_from_the_threshold_on_and_only_with_flow_control() {
        for (n, high) in [(4, false), (5, true), (7, true)] {
            let mut buffer = filled(n);
            assert!(!buffer.rts(), "{n} bytes without flow control");
            buffer.set_threshold(Some(2));
            assert_eq!(buffer.rts(), high, "{n} bytes");
        }
        let mut buffer = filled(5);
        buffer.set_threshold(Some(2));
        buffer.pop();
        assert!(!buffer.rts(), "one byte below the threshold");
    }

    #[test]
    fn what_follows_a_loss_says_so_once() {
        let mut buffer = filled(9);
        assert_eq!(buffer.take_lost(), None, "something waits");
        buffer.pop();
        assert!(buffer.push(at(100), at(109), b'x'));
        assert!(buffer.pop().is_some_and(|first| first.lost.is_none()));
        let all: Vec<Waiting> = std::iter::from_fn(|| buffer.pop()).collect();
        assert_eq!(
            all.last().map(|last| last.lost),
            Some(Some(at(89))),
            "the ninth byte was the last lost one"
        );
        assert_eq!(buffer.take_lost(), None, "told already");
        let mut buffer = filled(8);
        while buffer.pop().is_some() {}
        assert_eq!(buffer.take_lost(), Some(at(79)));
        assert_eq!(buffer.take_lost(), None);
    }
}
