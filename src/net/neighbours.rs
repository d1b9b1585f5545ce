//! The gateway's table of neighbours on one segment, of ARP and of neighbour discovery.
//!
//! What it has seen on the segment it need not ask for. Otherwise it asks, and keeps a few packets until the
//! answer comes.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::addr::Mac;
use crate::time::{Duration, Instant};

/// Most neighbours that are remembered, where the world does not have more.
const KNOWN_LIMIT: usize = 1024;
/// Addresses of a node: one of IPv4, and of IPv6 that of its link, a global one and one from before.
const ADDRESSES: usize = 4;
/// Most neighbours that are asked for at a time, where the world does not have more.
const WANTED_LIMIT: usize = 64;
/// Most packets that wait for one neighbour; the oldest goes first.
const PACKET_LIMIT: usize = 4;
/// How often one is asked for, and how long each answer may take.
const ATTEMPTS: u32 = 3;
const ATTEMPT_TIME: Duration = Duration::from_secs(1);

struct Wanted {
    packets: VecDeque<Vec<u8>>,
    asked: u32,
    /// When the last question counts as unanswered.
    until: Instant,
}

/// What to do with a packet for a neighbour.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// Send it there.
    Known(Mac, Vec<u8>),
    /// It is kept. Ask for the neighbour.
    Ask,
    /// It is kept; an older one is dropped where too many wait. The question is on its way.
    Asked,
    /// It can't be kept: too many neighbours are asked for already.
    Full(Vec<u8>),
}

/// What has become of the unanswered questions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Overdue {
    /// Neighbours to ask for again.
    pub(super) ask: Vec<IpAddr>,
    /// Packets for neighbours that do not answer.
    pub(super) undeliverable: Vec<Vec<u8>>,
}

/// A neighbour that is remembered.
struct Known {
    mac: Mac,
    /// It was the neighbour of this number that was seen.
    seen: u64,
}

/// The neighbours on one segment.
pub(super) struct Neighbours {
    known: BTreeMap<IpAddr, Known>,
    wanted: BTreeMap<IpAddr, Wanted>,
    /// How often one was seen.
    seen: u64,
    /// Most of `known` and of `wanted`.
    limits: (usize, usize),
}

impl Neighbours {
    /// A table that has room for so many nodes.
    pub(super) fn new(nodes: usize) -> Neighbours {
        let limits = (KNOWN_LIMIT.max(nodes.saturating_mul(ADDRESSES)), WANTED_LIMIT.max(nodes));
        Neighbours { known: BTreeMap::new(), wanted: BTreeMap::new(), seen: 0, limits }
    }

    /// `address` was seen to be at `mac`. Returns the packets that waited for it. Where the table is full, who was seen
    /// longest ago is forgotten.
    pub(super) fn learn(&mut self, address: IpAddr, mac: Mac) -> VecDeque<Vec<u8>> {
        self.seen += 1;
        self.known.insert(address, Known { mac, seen: self.seen });
        if self.known.len() > self.limits.0
            && let Some(oldest) = self.known.iter().min_by_key(|(_, k)| k.seen).map(|(address, _)| *address)
        {
            self.known.remove(&oldest);
        }
        self.wanted.remove(&address).map(|w| w.packets).unwrap_or_default()
    }

    /// Where the packet for the neighbour `address` goes.
    pub(super) fn resolve(&mut self, now: Instant, address: IpAddr, packet: Vec<u8>) -> Resolution {
        if let Some(known) = self.known.get(&address) {
            return Resolution::Known(known.mac, packet);
        }
        if let Some(wanted) = self.wanted.get_mut(&address) {
            if wanted.packets.len() == PACKET_LIMIT {
                wanted.packets.pop_front();
            }
            wanted.packets.push_back(packet);
            return Resolution::Asked;
        }
        if self.wanted.len() >= self.limits.1 {
            return Resolution::Full(packet);
        }
        let wanted = Wanted { packets: VecDeque::from([packet]), asked: 1, until: now + ATTEMPT_TIME };
        self.wanted.insert(address, wanted);
        Resolution::Ask
    }

    /// When [`Neighbours::overdue`] has something to do.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.wanted.values().map(|w| w.until).min()
    }

    /// Questions whose answer is overdue at `now`.
    pub(super) fn overdue(&mut self, now: Instant) -> Overdue {
        let mut overdue = Overdue::default();
        self.wanted.retain(|address, wanted| {
            if wanted.until > now {
                return true;
            }
            if wanted.asked == ATTEMPTS {
                overdue.undeliverable.extend(wanted.packets.drain(..));
                return false;
            }
            wanted.asked += 1;
            wanted.until = now + ATTEMPT_TIME;
            overdue.ask.push(*address);
            true
        });
        overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 4, 9));
    const MAC: Mac = [2, 0, 0, 0, 0, 9];

    fn second(s: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(s)
    }

    #[test]
    fn packets_wait_for_the_answer_and_leave_in_order() {
        let mut n = Neighbours::new(1);
        assert_eq!(n.resolve(second(0), ADDRESS, vec![0]), Resolution::Ask);
        for i in 1..6 {
            assert_eq!(n.resolve(second(0), ADDRESS, vec![i]), Resolution::Asked);
        }
        assert_eq!(n.learn(ADDRESS, MAC), [[2], [3], [4], [5]]);
        assert_eq!(n.resolve(second(0), ADDRESS, vec![6]), Resolution::Known(MAC, vec![6]));
        assert_eq!(n.next_timer(), None);
    }

    #[test]
    fn three_unanswered_questions_a_second_apart_make_a_neighbour_unreachable() {
        let mut n = Neighbours::new(1);
        n.resolve(second(0), ADDRESS, vec![7]);
        let again = Overdue { ask: vec![ADDRESS], undeliverable: vec![] };
        assert_eq!(n.overdue(second(0)), Overdue::default());
        assert_eq!(n.next_timer(), Some(second(1)));
        assert_eq!(n.overdue(second(1)), again);
        assert_eq!(n.overdue(second(2)), again);
        assert_eq!(n.overdue(second(3)), Overdue { ask: vec![], undeliverable: vec![vec![7]] });
        assert_eq!(n.next_timer(), None);
        assert_eq!(n.resolve(second(4), ADDRESS, vec![8]), Resolution::Ask);
    }

    #[test]
    fn a_scan_does_not_grow_the_table_without_limit() {
        let mut n = Neighbours::new(1);
        for i in 0..5000 {
            n.resolve(second(0), Ipv4Addr::from_bits(i).into(), vec![]);
            n.learn(Ipv4Addr::from_bits(0x0a00_0000 + i).into(), MAC);
        }
        assert_eq!((n.wanted.len(), n.known.len()), (WANTED_LIMIT, KNOWN_LIMIT));
    }

    #[test]
    fn a_full_table_forgets_who_was_seen_longest_ago() {
        let mut n = Neighbours::new(1);
        let address = |i: u32| IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + i));
        for i in 0..KNOWN_LIMIT as u32 {
            n.learn(address(i), MAC);
        }
        n.learn(address(0), MAC);
        n.learn(ADDRESS, MAC);
        let known = |n: &mut Neighbours, a| matches!(n.resolve(second(0), a, vec![]), Resolution::Known(..));
        assert!(known(&mut n, ADDRESS), "the newcomer has no place");
        assert!(known(&mut n, address(0)), "one that was seen again is forgotten");
        assert!(!known(&mut n, address(1)), "the one that was seen longest ago is still there");
    }

    #[test]
    fn a_table_has_room_for_all_nodes_and_says_when_a_question_has_none() {
        let mut n = Neighbours::new(1000);
        let address = |i: u32| IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + i));
        for i in 0..4000 {
            n.learn(address(i), MAC);
        }
        assert_eq!(n.resolve(second(0), address(0), vec![]), Resolution::Known(MAC, vec![]));
        for i in 4000..5000 {
            assert_eq!(n.resolve(second(0), address(i), vec![1]), Resolution::Ask);
        }
        assert_eq!(n.resolve(second(0), address(5000), vec![7]), Resolution::Full(vec![7]));
    }
}
