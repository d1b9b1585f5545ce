//! What waits in a transmitter.

use std::collections::VecDeque;

use crate::time::Instant;

/// Bytes with the mark and the time of their store, one byte of memory each as long as both stay the same: firmware can
/// store a lot ahead.
#[derive(Debug)]
pub(super) struct Stored<M> {
    bytes: VecDeque<u8>,
    /// How many of the bytes, in order, have this mark and this time; none is empty.
    runs: VecDeque<(usize, M, Instant)>,
}

impl<M> Default for Stored<M> {
    fn default() -> Self {
        Stored { bytes: VecDeque::new(), runs: VecDeque::new() }
    }
}

impl<M: Copy + PartialEq> Stored<M> {
    pub fn push(&mut self, byte: u8, mark: M, at: Instant) {
        self.bytes.push_back(byte);
        match self.runs.back_mut() {
            Some((count, last, time)) if *last == mark && *time == at => *count += 1,
            _ => self.runs.push_back((1, mark, at)),
        }
    }

    pub fn front(&self) -> Option<(u8, M, Instant)> {
        let (_, mark, at) = self.runs.front()?;
        Some((*self.bytes.front()?, *mark, *at))
    }

    pub fn pop(&mut self) -> Option<(u8, M, Instant)> {
        let first = self.front()?;
        self.bytes.pop_front();
        if let Some((count, ..)) = self.runs.front_mut() {
            *count -= 1;
            if *count == 0 {
                self.runs.pop_front();
            }
        }
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            *self = Stored::default();
        }
        Some(first)
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn clear(&mut self) {
        *self = Stored::default();
    }
}

/// Bytes of memory that an empty queue keeps at most.
const KEPT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_and_share_what_is_the_same() {
        let at = Instant::from_nanos;
        let list = [(b'a', 1, at(5)), (b'b', 1, at(5)), (b'c', 2, at(5)), (b'd', 2, at(6)), (b'e', 1, at(6))];
        let mut stored = Stored::default();
        for (byte, mark, time) in list {
            stored.push(byte, mark, time);
        }
        assert_eq!((stored.len(), stored.runs.len()), (5, 4));
        let out: Vec<_> = std::iter::from_fn(|| stored.pop()).collect();
        assert_eq!(out, list);
        assert!(stored.is_empty() && stored.runs.is_empty());
    }
}
