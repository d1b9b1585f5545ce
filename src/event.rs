//! The order of events, and the queue that keeps it.
//!
//! Two things that happen at the same nanosecond still happen in one order, the same on every machine: by
//! time, then by kind (wire edge, frame, timer), then by the name of the node they belong to, then by the
//! order in which they were filed for that node. Nothing is counted globally, so the order in which drivers'
//! threads call cannot matter.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::time::Instant;

/// What kind of thing an event is; earlier kinds go first at the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A UART byte's stop bit ends, or a pin changes.
    WireEdge,
    /// A frame arrives at a node.
    Frame,
    /// A timer of a node fires.
    Timer,
}

/// A node's place in the order of names (0 = first name), fixed when the world is made.
pub type Rank = u32;

/// Where an event stands in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// When it happens.
    pub time: Instant,
    /// What kind it is.
    pub kind: Kind,
    /// Which node it belongs to.
    pub node: Rank,
    /// Its number among the events filed for that node.
    pub sequence: u64,
}

struct Entry<E> {
    key: Key,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<E> Eq for Entry<E> {}
impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Entry<E> {
    /// Reversed: the heap's greatest entry is the earliest event.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

/// Events in order.
pub struct Queue<E> {
    heap: BinaryHeap<Entry<E>>,
    filed: Vec<u64>,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue { heap: BinaryHeap::new(), filed: Vec::new() }
    }
}

impl<E> Queue<E> {
    /// Files `event` for `node` at `time`.
    pub fn push(&mut self, time: Instant, kind: Kind, node: Rank, event: E) {
        let n = node as usize;
        if self.filed.len() <= n {
            self.filed.resize(n + 1, 0);
        }
        let sequence = self.filed[n];
        self.filed[n] += 1;
        self.heap.push(Entry { key: Key { time, kind, node, sequence }, event });
    }

    /// Where the earliest event stands.
    pub fn peek(&self) -> Option<Key> {
        self.heap.peek().map(|e| e.key)
    }

    /// Takes the earliest event.
    pub fn pop(&mut self) -> Option<(Key, E)> {
        self.heap.pop().map(|e| (e.key, e.event))
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True when no event waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_at_one_instant_go_by_kind_then_name_then_filing_order() {
        let at = Instant::from_nanos;
        let mut q = Queue::default();
        q.push(at(5), Kind::Timer, 0, "timer of a");
        q.push(at(5), Kind::Frame, 1, "first frame of b");
        q.push(at(5), Kind::Frame, 1, "second frame of b");
        q.push(at(5), Kind::Frame, 0, "frame of a");
        q.push(at(5), Kind::WireEdge, 9, "edge of j");
        q.push(at(4), Kind::Timer, 9, "earlier");
        let order: Vec<_> = std::iter::from_fn(|| q.pop()).map(|(_, e)| e).collect();
        assert_eq!(
            order,
            ["earlier", "edge of j", "frame of a", "first frame of b", "second frame of b", "timer of a"]
        );
    }
}
