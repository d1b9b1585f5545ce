//! Ethernet framing and ARP.
//!
//! smoltcp's own neighbour discovery is not used: after a miss it stays silent for a second for every
//! address, and a socket whose neighbour does not answer holds back its later datagrams. This one behaves as
//! lwIP's does: packets for an unknown neighbour wait for it, an ARP request goes out at once and then every
//! second, and after five requests without an answer the packets are dropped.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;

use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr,
};

use crate::time::{Duration, Instant};

/// How long an answer is believed (lwIP's `ARP_MAXAGE`).
const LIFETIME: Duration = Duration::from_secs(300);
/// Time between two requests for one address.
const RETRY: Duration = Duration::from_secs(1);
/// Requests before the waiting packets are dropped (lwIP's `ARP_MAXPENDING`).
const REQUESTS: u8 = 5;
/// Packets that wait for one neighbour; the oldest goes when another comes.
const WAITING: usize = 16;
/// Neighbours kept; the one whose entry ends first makes room.
const NEIGHBOURS: usize = 256;
/// Destination of frames for everybody.
const BROADCAST: [u8; 6] = [0xff; 6];

/// What is known about one address.
enum Neighbour {
    Known { mac: [u8; 6], until: Instant },
    Wanted { packets: VecDeque<Vec<u8>>, asked: u8, ask_at: Instant },
}

/// What a received frame holds for the IP layer.
pub(super) enum Frame {
    /// An IPv4 packet.
    Ipv4(Vec<u8>),
    /// An ARP message (see [`Ethernet::arp`]).
    Arp(Vec<u8>),
}

/// One Ethernet interface.
pub(super) struct Ethernet {
    mac: [u8; 6],
    neighbours: BTreeMap<Ipv4Addr, Neighbour>,
}

impl Ethernet {
    pub(super) fn new(mac: [u8; 6]) -> Self {
        Ethernet { mac, neighbours: BTreeMap::new() }
    }

    pub(super) fn mac(&self) -> [u8; 6] {
        self.mac
    }

    /// Forgets every neighbour, and the packets that wait for one.
    pub(super) fn clear(&mut self) {
        self.neighbours.clear();
    }

    /// Takes a frame apart; `None` when it is not for this node or holds nothing the stack knows.
    pub(super) fn open(&self, mut frame: Vec<u8>) -> Option<Frame> {
        let header = EthernetFrame::new_checked(&frame[..]).ok()?;
        let to = header.dst_addr();
        if to.0 != self.mac && !to.is_multicast() && !to.is_broadcast() {
            return None;
        }
        let kind = header.ethertype();
        frame.drain(..EthernetFrame::<&[u8]>::header_len());
        match kind {
            EthernetProtocol::Ipv4 => Some(Frame::Ipv4(frame)),
            EthernetProtocol::Arp => Some(Frame::Arp(frame)),
            _ => None,
        }
    }

    fn frame(&self, to: [u8; 6], kind: EthernetProtocol, payload: &[u8]) -> Vec<u8> {
        let repr = EthernetRepr {
            src_addr: EthernetAddress(self.mac),
            dst_addr: EthernetAddress(to),
            ethertype: kind,
        };
        let mut bytes = vec![0; repr.buffer_len() + payload.len()];
        let mut frame = EthernetFrame::new_unchecked(&mut bytes);
        repr.emit(&mut frame);
        frame.payload_mut().copy_from_slice(payload);
        bytes
    }

    fn arp_frame(
        &self,
        operation: ArpOperation,
        source: Ipv4Addr,
        target: ([u8; 6], Ipv4Addr),
        to: [u8; 6],
    ) -> Vec<u8> {
        let repr = ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr: EthernetAddress(self.mac),
            source_protocol_addr: source,
            target_hardware_addr: EthernetAddress(target.0),
            target_protocol_addr: target.1,
        };
        let mut payload = vec![0; repr.buffer_len()];
        repr.emit(&mut ArpPacket::new_unchecked(&mut payload));
        self.frame(to, EthernetProtocol::Arp, &payload)
    }

    /// The ARP request for `target`. With `own == target` it is the gratuitous one.
    pub(super) fn request(&self, own: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
        self.arp_frame(ArpOperation::Request, own, ([0; 6], target), BROADCAST)
    }

    /// Sends `packet` to the neighbour at `mac`.
    pub(super) fn send_to(&self, mac: [u8; 6], packet: &[u8], frames: &mut VecDeque<Vec<u8>>) {
        frames.push_back(self.frame(mac, EthernetProtocol::Ipv4, packet));
    }

    /// Sends `packet` to everybody on the link.
    pub(super) fn send_broadcast(&self, packet: &[u8], frames: &mut VecDeque<Vec<u8>>) {
        frames.push_back(self.frame(BROADCAST, EthernetProtocol::Ipv4, packet));
    }

    /// Sends `packet` to the members of a multicast group.
    pub(super) fn send_multicast(&self, group: Ipv4Addr, packet: &[u8], frames: &mut VecDeque<Vec<u8>>) {
        let [_, b, c, d] = group.octets();
        let to = [0x01, 0x00, 0x5e, b & 0x7f, c, d];
        frames.push_back(self.frame(to, EthernetProtocol::Ipv4, packet));
    }

    /// Sends `packet` to the neighbour `hop`, now or as soon as it is known. `own` is the node's address.
    pub(super) fn send(
        &mut self,
        now: Instant,
        own: Ipv4Addr,
        hop: Ipv4Addr,
        packet: Vec<u8>,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        match self.neighbours.get_mut(&hop) {
            Some(Neighbour::Known { mac, until }) if *until > now => {
                let to = *mac;
                frames.push_back(self.frame(to, EthernetProtocol::Ipv4, &packet));
            }
            Some(Neighbour::Wanted { packets, .. }) => {
                if packets.len() == WAITING {
                    packets.pop_front();
                }
                packets.push_back(packet);
            }
            _ => {
                self.make_room(hop);
                frames.push_back(self.request(own, hop));
                let packets = VecDeque::from([packet]);
                self.neighbours.insert(hop, Neighbour::Wanted { packets, asked: 1, ask_at: now + RETRY });
            }
        }
    }

    fn make_room(&mut self, newcomer: Ipv4Addr) {
        if self.neighbours.len() < NEIGHBOURS || self.neighbours.contains_key(&newcomer) {
            return;
        }
        let end = |n: &Neighbour| match n {
            Neighbour::Known { until, .. } => *until,
            Neighbour::Wanted { ask_at, .. } => *ask_at,
        };
        if let Some(first) = self.neighbours.iter().min_by_key(|(_, n)| end(n)).map(|(a, _)| *a) {
            self.neighbours.remove(&first);
        }
    }

    /// Handles an ARP message. `own` is the node's address and the bits of its mask.
    pub(super) fn arp(
        &mut self,
        now: Instant,
        own: Option<(Ipv4Addr, u8)>,
        message: &[u8],
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        let Some((address, prefix_len)) = own else { return };
        let Ok(ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr: EthernetAddress(mac),
            source_protocol_addr: from,
            target_protocol_addr: target,
            ..
        }) = ArpPacket::new_checked(message).and_then(|p| ArpRepr::parse(&p))
        else {
            return;
        };
        let usable = EthernetAddress(mac).is_unicast()
            && mac != self.mac
            && from != address
            && on_link((address, prefix_len), from);
        // As in lwIP: what is said to us makes an entry, what is said to others only refreshes one.
        if usable && (target == address || self.neighbours.contains_key(&from)) {
            self.make_room(from);
            let known = Neighbour::Known { mac, until: now + LIFETIME };
            if let Some(Neighbour::Wanted { packets, .. }) = self.neighbours.insert(from, known) {
                for packet in packets {
                    frames.push_back(self.frame(mac, EthernetProtocol::Ipv4, &packet));
                }
            }
        }
        if target == address && operation == ArpOperation::Request && mac != self.mac {
            frames.push_back(self.arp_frame(ArpOperation::Reply, address, (mac, from), mac));
        }
    }

    /// Repeats requests that are due and gives up on those that were repeated often enough.
    pub(super) fn run(&mut self, now: Instant, own: Option<Ipv4Addr>, frames: &mut VecDeque<Vec<u8>>) {
        let mut due = Vec::new();
        self.neighbours.retain(|hop, neighbour| match neighbour {
            Neighbour::Wanted { asked, ask_at, .. } if *ask_at <= now => {
                if *asked >= REQUESTS {
                    return false;
                }
                *asked += 1;
                *ask_at = now + RETRY;
                due.push(*hop);
                true
            }
            _ => true,
        });
        if let Some(own) = own {
            frames.extend(due.into_iter().map(|hop| self.request(own, hop)));
        }
    }

    /// When [`run`](Self::run) has something to do.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        let times = self.neighbours.values().filter_map(|n| match n {
            Neighbour::Wanted { ask_at, .. } => Some(*ask_at),
            Neighbour::Known { .. } => None,
        });
        times.min()
    }
}

/// True when `address` is in the network of `own` (address, mask bits).
pub(super) fn on_link(own: (Ipv4Addr, u8), address: Ipv4Addr) -> bool {
    (u32::from(own.0) ^ u32::from(address)) & mask(own.1) == 0
}

/// The mask of `prefix_len` bits.
pub(super) fn mask(prefix_len: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix_len.min(32))).unwrap_or(0)
}
