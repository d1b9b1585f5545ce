//! The gateway's table of neighbours on one segment, of ARP and of neighbour discovery.
//!
//! What it has seen on the segment it need not ask for. Otherwise it asks, and keeps a few packets until the
//! answer comes.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::addr::Mac;
use crate::time::{Duration, Instant};

/// Most neighbours that are remembered.
const KNOWN_LIMIT: usize = 1024;
/// Most neighbours that are asked for at a time.
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
    /// It is kept, or dropped because too many wait. The question is on its way.
    Asked,
}

/// What has become of the unanswered questions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Overdue {
    /// Neighbours to ask for again.
    pub(super) ask: Vec<IpAddr>,
    /// Packets for neighbours that do not answer.
    pub(super) undeliverable: Vec<Vec<u8>>,
}

/// The neighbours on one segment.
#[derive(Default)]
pub(super) struct Neighbours {
    known: BTreeMap<IpAddr, Mac>,
    wanted: BTreeMap<IpAddr, Wanted>,
}

impl Neighbours {
    /// `address` was seen to be at `mac`. Returns the packets that waited for it.
    pub(super) fn learn(&mut self, address: IpAddr, mac: Mac) -> VecDeque<Vec<u8>> {
        if self.known.len() < KNOWN_LIMIT || self.known.contains_key(&address) {
            self.known.insert(address, mac);
        }
        self.wanted.remove(&address).map(|w| w.packets).unwrap_or_default()
    }

    /// Where the packet for the neighbour `address` goes.
    pub(super) fn resolve(&mut self, now: Instant, address: IpAddr, packet: Vec<u8>) -> Resolution {
        if let Some(mac) = self.known.get(&address) {
            return Resolution::Known(*mac, packet);
        }
        if let Some(wanted) = self.wanted.get_mut(&address) {
            if wanted.packets.len() == PACKET_LIMIT {
                wanted.packets.pop_front();
            }
            wanted.packets.push_back(packet);
            return Resolution::Asked;
        }
        if self.wanted.len() == WANTED_LIMIT {
            return Resolution::Asked;
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
        let mut n = Neighbours::default();
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
        let mut n = Neighbours::default();
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
        let mut n = Neighbours::default();
        for i in 0..5000 {
            n.resolve(second(0), Ipv4Addr::from_bits(i).into(), vec![]);
            n.learn(Ipv4Addr::from_bits(0x0a00_0000 + i).into(), MAC);
        }
        assert_eq!((n.wanted.len(), n.known.len()), (WANTED_LIMIT, KNOWN_LIMIT));
    }
}
