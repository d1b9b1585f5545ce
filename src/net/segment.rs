//! LAN segments: the Ethernet switch behind an access point.

use std::collections::{BTreeMap, BTreeSet};

use super::addr::{ETHERNET_HEADER, Mac};

/// Most MAC addresses that a switch remembers; frames to others are flooded.
const LEARNED_LIMIT: usize = 1024;

/// What a switch's port leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Port {
    /// The gateway.
    Gateway,
    /// A host, by its index.
    Host(usize),
    /// A module that is associated with the access point, by its index.
    Module(usize),
    /// The device of a driver at the end of a cable, by the cable's index.
    Lan(usize),
}

/// One broadcast domain.
pub(super) struct Segment {
    name: String,
    up: bool,
    /// How strong its access point is heard, in dBm.
    pub(super) rssi: i8,
    /// The segment whose stations those of its access point are; `None`: this one.
    pub(super) lan: Option<usize>,
    ports: BTreeSet<Port>,
    learned: BTreeMap<Mac, Learned>,
    /// How often a sender was heard.
    heard: u64,
}

/// Where an address was heard last.
struct Learned {
    port: Port,
    /// It was the sender of this number.
    heard: u64,
}

impl Segment {
    /// A segment with only the gateway on it.
    pub(super) fn new(name: &str) -> Self {
        Segment {
            name: name.to_owned(),
            up: true,
            rssi: -45,
            lan: None,
            ports: BTreeSet::from([Port::Gateway]),
            learned: BTreeMap::new(),
            heard: 0,
        }
    }

    /// A segment with nothing on it.
    pub(super) fn empty(name: &str) -> Self {
        Segment { ports: BTreeSet::new(), ..Segment::new(name) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_up(&self) -> bool {
        self.up
    }

    /// A switch that is down passes nothing, and forgets what it has learned.
    pub(super) fn set_up(&mut self, up: bool) {
        self.up = up;
        if !up {
            self.learned.clear();
        }
    }

    /// Something is plugged in.
    pub(super) fn join(&mut self, port: Port) {
        self.ports.insert(port);
    }

    /// Something is unplugged, and its addresses are forgotten.
    pub(super) fn leave(&mut self, port: Port) {
        self.ports.remove(&port);
        self.learned.retain(|_, learned| learned.port != port);
    }

    /// The ports that a frame from `from` goes out on. Learns the sender's address.
    pub(super) fn switch(&mut self, from: Port, frame: &[u8]) -> Vec<Port> {
        let Some((dst, src)) = addresses(frame) else {
            return Vec::new();
        };
        if !self.up {
            return Vec::new();
        }
        self.learn(from, src);
        match self.learned.get(&dst).map(|learned| learned.port) {
            Some(port) if port == from => Vec::new(),
            Some(port) => vec![port],
            None => self.ports.iter().copied().filter(|p| *p != from).collect(),
        }
    }

    fn learn(&mut self, from: Port, src: Mac) {
        let group = src[0] & 1 != 0;
        // A frame can still be under way when its sender has left: that must not bring it back.
        if group || !self.ports.contains(&from) {
            return;
        }
        self.heard += 1;
        self.learned.insert(src, Learned { port: from, heard: self.heard });
        // Switches forget by age; here who was silent longest makes room, and only where there is none.
        if self.learned.len() > LEARNED_LIMIT
            && let Some(oldest) = self.learned.iter().min_by_key(|(_, l)| l.heard).map(|(mac, _)| *mac)
        {
            self.learned.remove(&oldest);
        }
    }
}

/// Destination and source of an Ethernet frame; `None` when it is too short to have them.
fn addresses(frame: &[u8]) -> Option<(Mac, Mac)> {
    if frame.len() < ETHERNET_HEADER {
        return None;
    }
    Some((frame[..6].try_into().ok()?, frame[6..12].try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mac = [2, 0, 0, 0, 0, 0xa];
    const B: Mac = [2, 0, 0, 0, 0, 0xb];
    const ALL: Mac = [0xff; 6];

    fn frame(dst: Mac, src: Mac) -> Vec<u8> {
        [&dst[..], &src[..], &[8, 0]].concat()
    }

    fn segment() -> Segment {
        let mut segment = Segment::new("home");
        segment.join(Port::Module(0));
        segment.join(Port::Module(1));
        segment
    }

    #[test]
    fn a_switch_floods_until_it_has_learned_and_never_sends_back() {
        let mut s = segment();
        assert_eq!(s.switch(Port::Module(0), &frame(B, A)), [Port::Gateway, Port::Module(1)]);
        assert_eq!(s.switch(Port::Module(1), &frame(A, B)), [Port::Module(0)]);
        assert_eq!(s.switch(Port::Module(0), &frame(B, A)), [Port::Module(1)]);
        assert_eq!(s.switch(Port::Module(0), &frame(ALL, A)), [Port::Gateway, Port::Module(1)]);
        assert_eq!(s.switch(Port::Module(0), &frame(A, A)), []);
    }

    #[test]
    fn a_station_that_left_is_forgotten_even_when_a_frame_of_it_is_still_under_way() {
        let mut s = segment();
        s.switch(Port::Module(1), &frame(A, B));
        s.leave(Port::Module(1));
        assert_eq!(s.switch(Port::Module(1), &frame(A, B)), [Port::Gateway, Port::Module(0)]);
        assert_eq!(s.switch(Port::Module(0), &frame(B, A)), [Port::Gateway]);
    }

    #[test]
    fn a_switch_that_is_down_or_gets_a_fragment_passes_nothing() {
        let mut s = segment();
        assert_eq!(s.switch(Port::Module(0), &[0xff; 13]), []);
        s.set_up(false);
        assert_eq!(s.switch(Port::Module(0), &frame(ALL, A)), []);
        s.set_up(true);
        assert_eq!(s.switch(Port::Module(0), &frame(ALL, A)).len(), 2);
    }

    #[test]
    fn a_flood_of_source_addresses_does_not_grow_the_table_without_limit() {
        let mut s = segment();
        for i in 0..5000u32 {
            let [_, _, c, d] = i.to_be_bytes();
            s.switch(Port::Module(0), &frame(ALL, [2, 1, 1, 1, c, d]));
        }
        assert_eq!(s.learned.len(), LEARNED_LIMIT);
    }

    #[test]
    fn a_full_table_replaces_the_address_that_was_silent_longest() {
        let mut s = segment();
        s.switch(Port::Module(1), &frame(ALL, B));
        for i in 0..LEARNED_LIMIT as u32 - 1 {
            let [_, _, c, d] = i.to_be_bytes();
            s.switch(Port::Module(0), &frame(ALL, [2, 1, 1, 1, c, d]));
        }
        s.switch(Port::Module(1), &frame(ALL, B));
        s.switch(Port::Module(0), &frame(ALL, A));
        assert_eq!(s.switch(Port::Module(1), &frame(A, B)), [Port::Module(0)], "the newcomer is flooded for");
        assert_eq!(
            s.switch(Port::Module(0), &frame(B, A)),
            [Port::Module(1)],
            "who was heard again is forgotten"
        );
        let flooded = s.switch(Port::Module(1), &frame([2, 1, 1, 1, 0, 0], B));
        assert_eq!(flooded, [Port::Gateway, Port::Module(0)], "the oldest address is still there");
    }
}
