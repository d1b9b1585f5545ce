//! Datagrams that wait to be read in passive mode. What does not fit is lost, and so is the rest of a datagram that
//! a read cuts.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::net::stack::Datagram;

/// A UDP link's buffer in passive mode.
#[derive(Clone, Debug, Default)]
pub struct Datagrams {
    queue: VecDeque<Datagram>,
    bytes: usize,
}

impl Datagrams {
    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Bytes of the one that is taken next.
    pub fn next_len(&self) -> Option<usize> {
        self.queue.front().map(|datagram| datagram.data.len())
    }

    /// Keeps a datagram, with others up to `room` bytes. False: it is lost. An empty one has nothing to keep.
    pub fn push(&mut self, datagram: Datagram, room: usize) -> bool {
        if datagram.data.len() > room.saturating_sub(self.bytes) {
            return false;
        }
        if !datagram.data.is_empty() {
            self.bytes += datagram.data.len();
            self.queue.push_back(datagram);
        }
        true
    }

    /// Takes the next datagram whole.
    pub fn pop(&mut self) -> Option<Datagram> {
        let datagram = self.queue.pop_front()?;
        self.bytes -= datagram.data.len();
        Some(datagram)
    }

    /// Reads up to `max` bytes, from as many datagrams as it takes; what the last one has beyond that is lost, as
    /// captured. The sender is the last one whose data is in it, as captured, too.
    pub fn read(&mut self, max: usize) -> Option<(SocketAddr, Vec<u8>)> {
        let first = self.pop()?;
        let (mut from, mut data) = (first.from, first.data);
        while data.len() < max {
            let Some(next) = self.pop() else { break };
            from = next.from;
            data.extend_from_slice(&next.data);
        }
        data.truncate(max);
        Some((from, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(from: u8, len: usize) -> Datagram {
        Datagram { from: SocketAddr::from(([10, 0, 0, from], 9)), local: None, data: vec![from; len] }
    }

    #[test]
    fn a_read_that_cuts_a_datagram_loses_its_rest() {
        let mut buffer = Datagrams::default();
        assert!(buffer.push(datagram(1, 1332), 5760) && buffer.push(datagram(2, 1332), 5760));
        assert_eq!(buffer.len(), 2664);
        assert_eq!(buffer.read(1000).map(|(_, d)| d.len()), Some(1000));
        assert_eq!(buffer.len(), 1332, "only whole datagrams remain");
        assert!(buffer.push(datagram(3, 10), 5760));
        let (from, data) = buffer.read(1340).expect("two datagrams");
        assert_eq!((from.ip().to_string().as_str(), data.len(), buffer.len()), ("10.0.0.3", 1340, 0));
        assert_eq!(data[1332..], [3; 8]);
        assert_eq!(buffer.read(10), None);
    }

    #[test]
    fn what_does_not_fit_is_lost_and_smaller_ones_still_fit() {
        let mut buffer = Datagrams::default();
        assert!(buffer.push(datagram(1, 5000), 5760));
        assert!(!buffer.push(datagram(1, 761), 5760));
        assert!(buffer.push(datagram(1, 760), 5760));
        assert!(!buffer.push(datagram(1, 1), 5760));
        assert!(buffer.push(datagram(1, 0), 5760), "nothing to lose");
        assert_eq!((buffer.len(), buffer.pop().map(|d| d.data.len())), (5760, Some(5000)));
    }
}
