//! Ethernet framing, the table of neighbours, and ARP; [`super::nd`] is ARP's counterpart in IPv6.
//!
//! smoltcp's own neighbour discovery is not used: after a miss it stays silent for a second for every
//! address, and a socket whose neighbour does not answer holds back its later datagrams. This one behaves as
//! lwIP's does: packets for an unknown neighbour wait for it, a request goes out at once and then every
//! second, and after five ARP requests (three solicitations in IPv6) without an answer the packets are dropped.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr,
};

use crate::net::{addr, icmpv6};
use crate::time::{Duration, Instant};

/// How long an answer is believed (lwIP's `ARP_MAXAGE`).
const LIFETIME: Duration = Duration::from_secs(300);
/// Time between two requests for one address.
const RETRY: Duration = Duration::from_secs(1);
/// Requests before the waiting packets are dropped (lwIP's `ARP_MAXPENDING`).
const ARP_REQUESTS: u8 = 5;
/// Solicitations before they are (lwIP's `LWIP_ND6_MAX_MULTICAST_SOLICIT` and `LWIP_ND6_MAX_UNICAST_SOLICIT`).
const SOLICITATIONS: u8 = 3;
/// How long an IPv6 neighbour that is old has to be heard by itself (`LWIP_ND6_DELAY_FIRST_PROBE_TIME`).
const DELAY: Duration = Duration::from_secs(5);
/// Packets that wait for one neighbour; the oldest goes when another comes.
const WAITING: usize = 16;
/// Neighbours kept; the one whose entry ends first makes room.
const NEIGHBOURS: usize = 256;
/// Destination of frames for everybody.
const BROADCAST: [u8; 6] = [0xff; 6];

/// What is known about one address.
pub(super) enum Neighbour {
    Known {
        mac: [u8; 6],
        until: Instant,
    },
    /// Packets wait for it. `own`: the address that asks.
    Wanted {
        packets: VecDeque<Vec<u8>>,
        asked: u8,
        ask_at: Instant,
        own: IpAddr,
    },
    /// IPv6 alone: nothing was heard from it for long, so it is asked whether it is still there. Packets go on to it.
    Probed {
        mac: [u8; 6],
        asked: u8,
        ask_at: Instant,
        own: IpAddr,
    },
}

impl Neighbour {
    /// One at `mac` whose entry is old, and which `own` is going to ask.
    fn probed(now: Instant, mac: [u8; 6], own: IpAddr) -> Neighbour {
        Neighbour::Probed { mac, asked: 0, ask_at: now + DELAY, own }
    }
}

/// What a received frame holds for the IP layer.
pub(super) enum Frame {
    /// An IPv4 packet.
    Ipv4(Vec<u8>),
    /// An IPv6 packet.
    Ipv6(Vec<u8>),
    /// An ARP message (see [`Ethernet::arp`]).
    Arp(Vec<u8>),
}

/// One Ethernet interface.
pub(super) struct Ethernet {
    mac: [u8; 6],
    pub(super) neighbours: BTreeMap<IpAddr, Neighbour>,
}

impl Ethernet {
    pub(super) fn new(mac: [u8; 6]) -> Self {
        Ethernet { mac, neighbours: BTreeMap::new() }
    }

    pub(super) fn mac(&self) -> [u8; 6] {
        self.mac
    }

    /// Forgets the neighbours that `gone` names, and the packets that wait for one.
    pub(super) fn forget(&mut self, gone: impl Fn(&IpAddr) -> bool) {
        self.neighbours.retain(|address, _| !gone(address));
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
            EthernetProtocol::Ipv6 => Some(Frame::Ipv6(frame)),
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

    /// The IP `packet` in its frame.
    fn packet(&self, to: [u8; 6], packet: &[u8]) -> Vec<u8> {
        let ipv6 = packet.first().is_some_and(|first| first >> 4 == 6);
        self.frame(to, if ipv6 { EthernetProtocol::Ipv6 } else { EthernetProtocol::Ipv4 }, packet)
    }

    /// Sends `packet` to the neighbour at `mac`.
    pub(super) fn send_to(&self, mac: [u8; 6], packet: &[u8], frames: &mut VecDeque<Vec<u8>>) {
        frames.push_back(self.packet(mac, packet));
    }

    /// Sends `packet` to everybody on the link.
    pub(super) fn send_broadcast(&self, packet: &[u8], frames: &mut VecDeque<Vec<u8>>) {
        self.send_to(BROADCAST, packet, frames);
    }

    /// Sends `packet` to the members of a multicast group.
    pub(super) fn send_multicast(&self, group: IpAddr, packet: &[u8], frames: &mut VecDeque<Vec<u8>>) {
        let to = match group {
            IpAddr::V4(group) => {
                let [_, b, c, d] = group.octets();
                [0x01, 0x00, 0x5e, b & 0x7f, c, d]
            }
            IpAddr::V6(group) => addr::group_mac(group),
        };
        self.send_to(to, packet, frames);
    }

    /// Sends `packet` to the neighbour `hop`, now or as soon as it is known. `own` is the node's address.
    pub(super) fn send(
        &mut self,
        now: Instant,
        own: IpAddr,
        hop: IpAddr,
        packet: Vec<u8>,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        match self.neighbours.get_mut(&hop) {
            Some(Neighbour::Known { mac, until }) if *until > now => {
                let to = *mac;
                self.send_to(to, &packet, frames);
            }
            Some(Neighbour::Probed { mac, .. }) => {
                let to = *mac;
                self.send_to(to, &packet, frames);
            }
            Some(Neighbour::Known { mac, .. }) if hop.is_ipv6() => {
                let to = *mac;
                self.neighbours.insert(hop, Neighbour::probed(now, to, own));
                self.send_to(to, &packet, frames);
            }
            Some(Neighbour::Wanted { packets, .. }) => {
                if packets.len() == WAITING {
                    packets.pop_front();
                }
                packets.push_back(packet);
            }
            _ => {
                self.make_room(hop);
                let packets = VecDeque::from([packet]);
                let wanted = Neighbour::Wanted { packets, asked: 1, ask_at: now + RETRY, own };
                self.neighbours.insert(hop, wanted);
                frames.extend(self.question(own, hop, None));
            }
        }
    }

    /// The frame that asks for `hop`: everybody, or `mac` alone.
    fn question(&self, own: IpAddr, hop: IpAddr, mac: Option<[u8; 6]>) -> Option<Vec<u8>> {
        match (own, hop) {
            (IpAddr::V4(own), IpAddr::V4(hop)) => Some(self.request(own, hop)),
            (IpAddr::V6(own), IpAddr::V6(hop)) => {
                let group = addr::solicited_node(hop);
                let (to, mac) = mac.map_or((group, addr::group_mac(group)), |mac| (hop, mac));
                Some(self.packet(mac, &icmpv6::neighbor_solicit(self.mac, own, hop, to)))
            }
            _ => None,
        }
    }

    /// `address` is at `mac`, which is believed until then. What waited for it is sent.
    pub(super) fn learn(
        &mut self,
        address: IpAddr,
        mac: [u8; 6],
        until: Instant,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        self.make_room(address);
        let known = Neighbour::Known { mac, until };
        if let Some(Neighbour::Wanted { packets, .. }) = self.neighbours.insert(address, known) {
            frames.extend(packets.iter().map(|packet| self.packet(mac, packet)));
        }
    }

    fn make_room(&mut self, newcomer: IpAddr) {
        if self.neighbours.len() < NEIGHBOURS || self.neighbours.contains_key(&newcomer) {
            return;
        }
        let end = |n: &Neighbour| match n {
            Neighbour::Known { until, .. } => *until,
            Neighbour::Wanted { ask_at, .. } | Neighbour::Probed { ask_at, .. } => *ask_at,
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
        if usable && (target == address || self.neighbours.contains_key(&from.into())) {
            self.learn(from.into(), mac, now + LIFETIME, frames);
        }
        if target == address && operation == ArpOperation::Request && mac != self.mac {
            frames.push_back(self.arp_frame(ArpOperation::Reply, address, (mac, from), mac));
        }
    }

    /// Repeats requests that are due and gives up on those that were repeated often enough.
    pub(super) fn run(&mut self, now: Instant, frames: &mut VecDeque<Vec<u8>>) {
        let mut due = Vec::new();
        self.neighbours.retain(|hop, neighbour| {
            let (asked, ask_at, own, mac) = match neighbour {
                Neighbour::Known { .. } => return true,
                Neighbour::Wanted { asked, ask_at, own, .. } => (asked, ask_at, own, None),
                Neighbour::Probed { asked, ask_at, own, mac } => (asked, ask_at, own, Some(*mac)),
            };
            if *ask_at > now {
                return true;
            }
            if *asked >= if hop.is_ipv6() { SOLICITATIONS } else { ARP_REQUESTS } {
                return false;
            }
            *asked += 1;
            *ask_at = now + RETRY;
            due.push((*own, *hop, mac));
            true
        });
        frames.extend(due.into_iter().filter_map(|(own, hop, mac)| self.question(own, hop, mac)));
    }

    /// When [`run`](Self::run) has something to do.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        let times = self.neighbours.values().filter_map(|n| match n {
            Neighbour::Wanted { ask_at, .. } | Neighbour::Probed { ask_at, .. } => Some(*ask_at),
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
