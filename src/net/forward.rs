//! What a router does with a packet: find its next hop, count down its time to live, and say in ICMP what is
//! wrong (RFC 792, RFC 1812; in IPv6 RFC 4443).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smoltcp::wire::{
    Icmpv4DstUnreachable, Icmpv4Message, Icmpv4Packet, Icmpv4TimeExceeded, Icmpv6DstUnreachable,
    Icmpv6Message, Icmpv6Packet, IpProtocol, Ipv4Cidr, Ipv4Packet, Ipv6Packet,
};

use super::{addr, icmpv6, packet};

/// Longest ICMP error in bytes, IP header included (RFC 1812 section 4.3.2.3).
const ERROR_MAX: usize = 576;
/// Largest packet on a segment.
const SEGMENT_MTU: u16 = 1500;

/// Where a packet goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// The gateway itself: its address on this segment.
    Local(usize),
    /// A host beyond the gateway, on a link of its own.
    Host(usize),
    /// The destination itself is on this segment.
    Segment(usize),
    /// Nowhere: broadcast and multicast stay where they are, and some addresses are nobody's.
    Nowhere,
}

/// Why a packet is not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Its time to live ran out.
    TimeExceeded,
    /// No route to its network.
    NetUnreachable,
    /// Its destination does not answer.
    HostUnreachable,
    /// It is larger than the next link's MTU.
    TooLarge(u16),
    /// IPv6: its source means something on its own link only.
    BeyondScope,
}

struct HostRoute {
    host: usize,
    mtu: u16,
}

/// The routing table.
#[derive(Default)]
pub(super) struct Routes {
    /// The gateway's IPv4 address with its prefix, and the /64.
    segments: Vec<(Ipv4Cidr, Option<Ipv6Addr>)>,
    /// Segments by the first address of their IPv4 network; these do not overlap.
    networks: BTreeMap<Ipv4Addr, usize>,
    /// Segments by their /64.
    prefixes: BTreeMap<Ipv6Addr, usize>,
    hosts: BTreeMap<IpAddr, HostRoute>,
}

impl Routes {
    /// Adds the next segment (they are counted from 0): the gateway's IPv4 address on it with its prefix, and the /64.
    pub(super) fn add_segment(&mut self, gateway: Ipv4Cidr, ipv6: Option<Ipv6Addr>) {
        let index = self.segments.len();
        self.networks.insert(gateway.network().address(), index);
        self.prefixes.extend(ipv6.map(|prefix| (addr::network(prefix, 64), index)));
        self.segments.push((gateway, ipv6));
    }

    /// Adds a host beyond the gateway, behind a link of this MTU.
    pub(super) fn add_host(&mut self, address: IpAddr, host: usize, mtu: u16) {
        self.hosts.insert(address, HostRoute { host, mtu });
    }

    /// The MTU of a host's link has changed.
    pub(super) fn set_mtu(&mut self, host: usize, mtu: u16) {
        for route in self.hosts.values_mut().filter(|r| r.host == host) {
            route.mtu = mtu;
        }
    }

    /// The way to `dst` and the MTU on it; `None` when there is none.
    pub(super) fn lookup(&self, dst: IpAddr) -> Option<(Hop, u16)> {
        let usable = match dst {
            IpAddr::V4(dst) => addr::is_unicast(dst),
            IpAddr::V6(dst) => addr::is_unicast(dst) && !dst.is_unicast_link_local(),
        };
        if !usable {
            return Some((Hop::Nowhere, SEGMENT_MTU));
        }
        if let Some(route) = self.hosts.get(&dst) {
            return Some((Hop::Host(route.host), route.mtu));
        }
        let hop = match dst {
            IpAddr::V4(dst) => self.segment_of(dst),
            IpAddr::V6(dst) => self.segment_of_ipv6(dst),
        };
        hop.map(|hop| (hop, SEGMENT_MTU))
    }

    fn segment_of(&self, dst: Ipv4Addr) -> Option<Hop> {
        let (_, &segment) = self.networks.range(..=dst).next_back()?;
        let (cidr, _) = &self.segments[segment];
        if !cidr.contains_addr(&dst) {
            return None;
        }
        Some(if dst == cidr.address() {
            Hop::Local(segment)
        } else if Some(dst) == cidr.broadcast() || dst == cidr.network().address() {
            Hop::Nowhere
        } else {
            Hop::Segment(segment)
        })
    }

    fn segment_of_ipv6(&self, dst: Ipv6Addr) -> Option<Hop> {
        let segment = *self.prefixes.get(&addr::network(dst, 64))?;
        let gateway = self.segments[segment].1.map(addr::gateway_in);
        Some(if gateway == Some(dst) { Hop::Local(segment) } else { Hop::Segment(segment) })
    }
}

/// The well-formed packet `bytes` as it leaves for a link of this MTU: in pieces, where it is too large and may be cut.
pub(super) fn forwarded(bytes: &[u8], mtu: u16) -> Result<Vec<Vec<u8>>, Problem> {
    let mut bytes = bytes.to_vec();
    let (length, ipv6) = (bytes.len(), packet::is_ipv6(&bytes));
    let hops = if ipv6 {
        Ipv6Packet::new_unchecked(&bytes[..]).hop_limit()
    } else {
        Ipv4Packet::new_unchecked(&bytes[..]).hop_limit()
    };
    if hops <= 1 {
        return Err(Problem::TimeExceeded);
    }
    let may_be_cut = !ipv6 && !Ipv4Packet::new_unchecked(&bytes[..]).dont_frag();
    if length > usize::from(mtu) && !may_be_cut {
        return Err(Problem::TooLarge(mtu));
    }
    if ipv6 {
        Ipv6Packet::new_unchecked(&mut bytes[..]).set_hop_limit(hops - 1);
    } else {
        let mut packet = Ipv4Packet::new_unchecked(&mut bytes[..]);
        packet.set_hop_limit(hops - 1);
        packet.fill_checksum();
    }
    Ok(packet::fragments(bytes, usize::from(mtu)))
}

/// The ICMP error of `from` that tells the sender of the well-formed packet `original`; `None` where none may be sent.
pub(super) fn icmp_error(problem: Problem, from: IpAddr, original: &[u8]) -> Option<Vec<u8>> {
    match from {
        IpAddr::V4(from) => icmpv4_error(problem, from, original),
        IpAddr::V6(from) => icmpv6_error(problem, from, original),
    }
}

fn icmpv4_error(problem: Problem, from: Ipv4Addr, original: &[u8]) -> Option<Vec<u8>> {
    let packet = Ipv4Packet::new_checked(original).ok()?;
    let payload = packet.payload();
    // Never about an ICMP error (only echo messages are none here), about a later fragment, or to nobody.
    let echo = |kind: &u8| {
        [Icmpv4Message::EchoRequest, Icmpv4Message::EchoReply].contains(&Icmpv4Message::from(*kind))
    };
    let error = packet.next_header() == IpProtocol::Icmp && !payload.first().is_some_and(echo);
    if error || packet.frag_offset() != 0 || !addr::is_unicast(packet.src_addr()) {
        return None;
    }
    let (kind, code, mtu) = match problem {
        Problem::TimeExceeded => (Icmpv4Message::TimeExceeded, Icmpv4TimeExceeded::TtlExpired.into(), 0),
        Problem::NetUnreachable => unreachable(Icmpv4DstUnreachable::NetUnreachable, 0),
        Problem::HostUnreachable => unreachable(Icmpv4DstUnreachable::HostUnreachable, 0),
        Problem::TooLarge(mtu) => unreachable(Icmpv4DstUnreachable::FragRequired, mtu),
        Problem::BeyondScope => return None,
    };
    let quoted = &original[..original.len().min(ERROR_MAX - 20 - 8)];
    let mut bytes = vec![0; 8 + quoted.len()];
    // RFC 1191 section 4: the next link's MTU is the last field of the header.
    bytes[6..8].copy_from_slice(&mtu.to_be_bytes());
    bytes[8..].copy_from_slice(quoted);
    let mut icmp = Icmpv4Packet::new_unchecked(&mut bytes[..]);
    icmp.set_msg_type(kind);
    icmp.set_msg_code(code);
    icmp.fill_checksum();
    Some(packet::ipv4(from, packet.src_addr(), IpProtocol::Icmp, &bytes))
}

fn unreachable(reason: Icmpv4DstUnreachable, mtu: u16) -> (Icmpv4Message, u8, u16) {
    (Icmpv4Message::DstUnreachable, reason.into(), mtu)
}

fn icmpv6_error(problem: Problem, from: Ipv6Addr, original: &[u8]) -> Option<Vec<u8>> {
    let packet = Ipv6Packet::new_checked(original).ok()?;
    let error = |kind: &u8| Icmpv6Message::from(*kind).is_error();
    let about_error =
        packet.next_header() == IpProtocol::Icmpv6 && packet.payload().first().is_some_and(error);
    if about_error || !addr::is_unicast(packet.src_addr()) || packet.dst_addr().is_multicast() {
        return None;
    }
    let unreachable = |reason: Icmpv6DstUnreachable| (Icmpv6Message::DstUnreachable, reason.into(), 0);
    let (kind, code, mtu) = match problem {
        Problem::TimeExceeded => (Icmpv6Message::TimeExceeded, 0, 0),
        Problem::NetUnreachable => unreachable(Icmpv6DstUnreachable::NoRoute),
        Problem::HostUnreachable => unreachable(Icmpv6DstUnreachable::AddrUnreachable),
        Problem::BeyondScope => unreachable(Icmpv6DstUnreachable::BeyondScope),
        Problem::TooLarge(mtu) => (Icmpv6Message::PktTooBig, 0, mtu),
    };
    // As much of the packet as fits the smallest MTU.
    let quoted = &original[..original.len().min(usize::from(icmpv6::MIN_MTU) - 40 - 8)];
    let mut bytes = vec![0; 8 + quoted.len()];
    bytes[4..8].copy_from_slice(&u32::from(mtu).to_be_bytes());
    bytes[8..].copy_from_slice(quoted);
    let mut icmp = Icmpv6Packet::new_unchecked(&mut bytes[..]);
    icmp.set_msg_type(kind);
    icmp.set_msg_code(code);
    icmp.fill_checksum(&from, &packet.src_addr());
    Some(icmpv6::packet(from, packet.src_addr(), IpProtocol::Icmpv6, packet::TTL, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 2);
    const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);
    const WEB: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);

    fn routes() -> Routes {
        let mut routes = Routes::default();
        routes.add_segment(Ipv4Cidr::new(GATEWAY, 24), None);
        routes.add_host(WEB.into(), 3, 1500);
        routes
    }

    fn packet_with_ttl(ttl: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = packet::ipv4(MODULE, WEB, IpProtocol::Udp, payload);
        let mut packet = Ipv4Packet::new_unchecked(&mut bytes[..]);
        packet.set_hop_limit(ttl);
        packet.set_ident(0x4711);
        packet.fill_checksum();
        bytes
    }

    #[test]
    fn every_kind_of_destination_has_its_hop() {
        let mut routes = routes();
        let hop = |routes: &Routes, a, b, c, d| routes.lookup(Ipv4Addr::new(a, b, c, d).into());
        assert_eq!(hop(&routes, 192, 168, 4, 1), Some((Hop::Local(0), 1500)));
        assert_eq!(hop(&routes, 192, 168, 4, 77), Some((Hop::Segment(0), 1500)));
        assert_eq!(hop(&routes, 203, 0, 113, 10), Some((Hop::Host(3), 1500)));
        assert_eq!(hop(&routes, 203, 0, 113, 11), None);
        for (a, b, c, d) in [(192, 168, 4, 255), (192, 168, 4, 0), (255, 255, 255, 255), (224, 0, 0, 251)] {
            assert_eq!(hop(&routes, a, b, c, d), Some((Hop::Nowhere, 1500)), "{a}.{b}.{c}.{d}");
        }
        routes.set_mtu(3, 900);
        assert_eq!(routes.lookup(WEB.into()), Some((Hop::Host(3), 900)));
    }

    #[test]
    fn a_forwarded_packet_has_one_hop_less_and_a_good_checksum() {
        let out = forwarded(&packet_with_ttl(64, b"hello"), 1500).unwrap();
        assert_eq!(out.len(), 1);
        let packet = Ipv4Packet::new_checked(&out[0][..]).unwrap();
        assert_eq!((packet.hop_limit(), packet.ident()), (63, 0x4711));
        assert!(packet.verify_checksum());
        assert_eq!(forwarded(&packet_with_ttl(1, b""), 1500), Err(Problem::TimeExceeded));
        assert_eq!(forwarded(&packet_with_ttl(0, b""), 1500), Err(Problem::TimeExceeded));
        assert!(forwarded(&packet_with_ttl(2, &[0; 556]), 576).is_ok());
        assert_eq!(forwarded(&packet_with_ttl(2, &[0; 557]), 576), Err(Problem::TooLarge(576)));
    }

    /// Where each piece begins in the whole, its bytes, and whether more follow.
    fn pieces(packets: &[Vec<u8>]) -> Vec<(u16, Vec<u8>, bool)> {
        let packets = packets.iter().map(|bytes| {
            let packet = Ipv4Packet::new_checked(&bytes[..]).unwrap();
            assert!(packet.verify_checksum());
            assert_eq!((packet.hop_limit(), packet.ident(), packet.dont_frag()), (8, 0x4711, false));
            (packet.frag_offset(), packet.payload().to_vec(), packet.more_frags())
        });
        packets.collect()
    }

    #[test]
    fn a_packet_that_may_be_cut_is_and_so_is_a_piece_of_one() {
        let payload: Vec<u8> = (0..1400u32).map(|i| i as u8).collect();
        let mut whole = packet_with_ttl(9, &payload);
        let mut packet = Ipv4Packet::new_unchecked(&mut whole[..]);
        packet.set_dont_frag(false);
        packet.fill_checksum();
        let cut = forwarded(&whole, 900).unwrap();
        let (first, rest) = (payload[..880].to_vec(), payload[880..].to_vec());
        assert_eq!(pieces(&cut), [(0, first, true), (880, rest, false)]);
        let mut first = cut[0].clone();
        let mut packet = Ipv4Packet::new_unchecked(&mut first[..]);
        packet.set_hop_limit(9);
        packet.fill_checksum();
        let again = pieces(&forwarded(&first, 576).unwrap());
        let expected = [(0, payload[..552].to_vec(), true), (552, payload[552..880].to_vec(), true)];
        assert_eq!(again, expected, "more follow behind the last piece of the first piece, too");
    }

    #[test]
    fn an_error_quotes_the_packet_and_names_the_mtu() {
        let original = packet_with_ttl(9, &[0xaa; 1400]);
        let bytes = icmp_error(Problem::TooLarge(900), GATEWAY.into(), &original).unwrap();
        assert_eq!(bytes.len(), 576);
        let ip = Ipv4Packet::new_checked(&bytes[..]).unwrap();
        assert_eq!((ip.src_addr(), ip.dst_addr()), (GATEWAY, MODULE));
        assert!(ip.verify_checksum());
        let icmp = Icmpv4Packet::new_checked(ip.payload()).unwrap();
        assert!(icmp.verify_checksum());
        assert_eq!((u8::from(icmp.msg_type()), icmp.msg_code()), (3, 4));
        assert_eq!(ip.payload()[4..8], [0, 0, 900u16.to_be_bytes()[0], 900u16.to_be_bytes()[1]]);
        assert_eq!(ip.payload()[8..], original[..548]);

        let code = |problem| {
            let bytes = icmp_error(problem, GATEWAY.into(), &original).unwrap();
            (bytes[20], bytes[21])
        };
        assert_eq!(code(Problem::NetUnreachable), (3, 0));
        assert_eq!(code(Problem::HostUnreachable), (3, 1));
        assert_eq!(code(Problem::TimeExceeded), (11, 0));
    }

    #[test]
    fn there_is_no_error_about_an_error_a_later_fragment_or_to_nobody() {
        let about_error = packet::ipv4(MODULE, WEB, IpProtocol::Icmp, &[3, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(icmp_error(Problem::TimeExceeded, GATEWAY.into(), &about_error), None);
        let about_ping = packet::ipv4(MODULE, WEB, IpProtocol::Icmp, &[8, 0, 0, 0, 0, 0, 0, 0]);
        assert!(icmp_error(Problem::TimeExceeded, GATEWAY.into(), &about_ping).is_some());
        let mut fragment = packet_with_ttl(5, b"rest");
        let mut packet = Ipv4Packet::new_unchecked(&mut fragment[..]);
        packet.set_frag_offset(1480);
        packet.fill_checksum();
        assert_eq!(icmp_error(Problem::TimeExceeded, GATEWAY.into(), &fragment), None);
        let nobody = packet::ipv4(Ipv4Addr::UNSPECIFIED, WEB, IpProtocol::Udp, b"");
        assert_eq!(icmp_error(Problem::NetUnreachable, GATEWAY.into(), &nobody), None);
    }
}
