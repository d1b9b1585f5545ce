//! A byte as a waveform: high when idle, a low start bit, the data bits with the lowest first, parity, stop bits.

use super::LineSettings;
use crate::time::Instant;

/// A byte on the wire, as its sender puts it there. `M` travels with it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<M> {
    /// What it is sent with.
    pub settings: LineSettings,
    /// Its data bits.
    pub byte: u8,
    /// What it is part of.
    pub mark: M,
    /// Beginning of its start bit.
    pub start: Instant,
    /// End of its last stop bit.
    pub end: Instant,
    /// Where its run of back-to-back bytes began, and the half bit times of it before this byte.
    run: Instant,
    before: u64,
    /// Bits that noise inverts: bit 0 the start bit, then as they come, the first stop bit last.
    inverted: u16,
}

impl<M> Frame<M> {
    /// A byte from `start` to `end`, of the run that began at `run`, behind `before` half bit times of it.
    pub(super) fn new(
        settings: LineSettings,
        (run, before): (Instant, u64),
        (start, end): (Instant, Instant),
        byte: u8,
        mark: M,
    ) -> Frame<M> {
        Frame { settings, byte: byte & settings.data_mask(), mark, start, end, run, before, inverted: 0 }
    }

    /// How many bits noise can hit: all, with the first stop bit.
    pub(super) fn bits(&self) -> u64 {
        self.settings.bits_before_stop() + 1
    }

    /// Inverts a bit, 0 being the start bit.
    pub(super) fn invert(&mut self, bit: u64) {
        self.inverted ^= 1 << bit.min(15);
    }

    /// No bit of it is inverted.
    pub(super) fn is_intact(&self) -> bool {
        self.inverted == 0
    }

    /// Moves its waveform behind `end`, where that comes later: a sender that does not wait for the byte before
    /// can't have both on one wire.
    pub(super) fn queue_behind(&mut self, end: Instant) {
        if self.edge(0) < end {
            self.run = end;
            self.before = 0;
        }
    }

    /// The end of its waveform.
    pub(super) fn over(&self) -> Instant {
        self.run + self.settings.span(self.before + self.settings.half_bits())
    }

    /// Where bit `bit` begins.
    pub(super) fn edge(&self, bit: u64) -> Instant {
        self.run + self.settings.span(self.before + 2 * bit)
    }

    /// The level of bit `bit`: true for high. Stop bits are high.
    pub(super) fn level(&self, bit: u64) -> bool {
        let data = u64::from(self.settings.data_bits.clamp(5, 8));
        let level = match bit {
            0 => false,
            n if n <= data => self.byte >> (n - 1) & 1 == 1,
            n if n < self.settings.bits_before_stop() => self.settings.parity_of(self.byte) == Some(true),
            _ => true,
        };
        level ^ (bit < 16 && self.inverted >> bit & 1 == 1)
    }

    /// The level at `at`; `None` before and behind it.
    pub(super) fn level_at(&self, at: Instant) -> Option<bool> {
        if at < self.edge(0) || at >= self.over() {
            return None;
        }
        let bit = (1..=self.bits()).find(|bit| self.edge(*bit) > at);
        // Behind the first stop bit there may be another half or whole one.
        Some(self.level(bit.map_or(self.bits(), |bit| bit - 1)))
    }
}
