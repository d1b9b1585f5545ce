//! Packets that the stack builds itself: UDP datagrams, pings and IPv4's group reports. And what stands in a packet.
//!
//! Those that are larger than the MTU go out in fragments, IPv4's made by [`crate::net::packet`]. smoltcp keeps one packet at
//! a time under fragmentation and drops the rest of it when a second large one is sent in the same poll; here every fragment
//! is made at once.

use std::net::{IpAddr, Ipv4Addr};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IPV4_HEADER_LEN, IPV6_HEADER_LEN, Icmpv4Packet, Icmpv4Repr, Icmpv6Repr, IgmpPacket, IgmpRepr,
    IgmpVersion, IpProtocol, IpVersion, Ipv4Packet, Ipv4Repr, Ipv6Packet, UDP_HEADER_LEN, UdpPacket, UdpRepr,
};

use crate::net::icmpv6;

/// Hops of packets that start here.
pub(super) const HOPS: u8 = 64;
/// Bytes of IPv6's fragment header.
pub(super) const FRAGMENT_HEADER_LEN: usize = 8;

/// An IPv4 packet with room for `payload_len` bytes, filled by `fill`. May be fragmented on its way.
fn ipv4(
    src: Ipv4Addr,
    dst: Ipv4Addr,
    protocol: IpProtocol,
    ttl: u8,
    ident: u16,
    payload_len: usize,
    fill: impl FnOnce(&mut [u8]),
) -> Vec<u8> {
    let repr = Ipv4Repr { src_addr: src, dst_addr: dst, next_header: protocol, payload_len, hop_limit: ttl };
    let mut bytes = vec![0; IPV4_HEADER_LEN + payload_len];
    let mut packet = Ipv4Packet::new_unchecked(&mut bytes);
    repr.emit(&mut packet, &ChecksumCapabilities::default());
    packet.set_dont_frag(false);
    packet.set_ident(ident);
    packet.fill_checksum();
    fill(packet.payload_mut());
    bytes
}

/// True for a part of an IP packet that was cut up on its way.
pub(super) fn is_fragment(packet: &[u8]) -> bool {
    if packet.first().is_some_and(|first| first >> 4 == 6) {
        return Ipv6Packet::new_checked(packet).is_ok_and(|ip| ip.next_header() == IpProtocol::Ipv6Frag);
    }
    Ipv4Packet::new_checked(packet).is_ok_and(|ip| ip.more_frags() || ip.frag_offset() != 0)
}

/// A UDP datagram between two addresses of one family.
pub(super) fn udp(src: (IpAddr, u16), dst: (IpAddr, u16), ident: u16, data: &[u8]) -> Vec<u8> {
    udp_with_hops(src, dst, ident, HOPS, data)
}

/// The same, that may pass so many routers.
pub(super) fn udp_with_hops(
    src: (IpAddr, u16),
    dst: (IpAddr, u16),
    ident: u16,
    hops: u8,
    data: &[u8],
) -> Vec<u8> {
    let len = UDP_HEADER_LEN + data.len();
    let fill = |payload: &mut [u8]| {
        UdpRepr { src_port: src.1, dst_port: dst.1 }.emit(
            &mut UdpPacket::new_unchecked(payload),
            &src.0.into(),
            &dst.0.into(),
            data.len(),
            |room| room.copy_from_slice(data),
            &ChecksumCapabilities::default(),
        );
    };
    match (src.0, dst.0) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => ipv4(src, dst, IpProtocol::Udp, hops, ident, len, fill),
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let mut payload = vec![0; len];
            fill(&mut payload);
            icmpv6::packet(src, dst, IpProtocol::Udp, hops, &payload)
        }
        _ => Vec::new(),
    }
}

/// An ICMP echo request between two addresses of one family.
pub(super) fn echo_request(src: IpAddr, dst: IpAddr, ident: u16, echo_ident: u16, data: &[u8]) -> Vec<u8> {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let repr = Icmpv4Repr::EchoRequest { ident: echo_ident, seq_no: 1, data };
            ipv4(src, dst, IpProtocol::Icmp, HOPS, ident, repr.buffer_len(), |payload| {
                repr.emit(&mut Icmpv4Packet::new_unchecked(payload), &ChecksumCapabilities::default());
            })
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            icmpv6::message(src, dst, HOPS, &Icmpv6Repr::EchoRequest { ident: echo_ident, seq_no: 1, data })
        }
        _ => Vec::new(),
    }
}

/// Source, destination, protocol and payload of a packet without extension headers.
pub(super) fn parts(packet: &[u8]) -> Option<(IpAddr, IpAddr, IpProtocol, &[u8])> {
    match IpVersion::of_packet(packet).ok()? {
        IpVersion::Ipv4 => {
            let ip = Ipv4Packet::new_checked(packet).ok()?;
            Some((ip.src_addr().into(), ip.dst_addr().into(), ip.next_header(), ip.payload()))
        }
        IpVersion::Ipv6 => {
            let ip = Ipv6Packet::new_checked(packet).ok()?;
            Some((ip.src_addr().into(), ip.dst_addr().into(), ip.next_header(), ip.payload()))
        }
    }
}

/// False for an IPv4 packet whose header's checksum is wrong; IPv6 has none.
pub(super) fn is_intact(packet: &[u8]) -> bool {
    !Ipv4Packet::new_checked(packet).is_ok_and(|ip| ip.version() == 4 && !ip.verify_checksum())
}

/// An IGMP version 2 report: `src` is a member of `group`.
pub(super) fn group_report(src: Ipv4Addr, group: Ipv4Addr) -> Vec<u8> {
    let repr = IgmpRepr::MembershipReport { group_addr: group, version: IgmpVersion::Version2 };
    ipv4(src, group, IpProtocol::Igmp, 1, 0, repr.buffer_len(), |payload| {
        repr.emit(&mut IgmpPacket::new_unchecked(payload));
    })
}

/// The IPv6 `packet` cut into pieces of at most `mtu` bytes; the packet itself when it fits.
pub(super) fn fragments6(packet: Vec<u8>, mtu: usize, ident: u32) -> Vec<Vec<u8>> {
    let headers = IPV6_HEADER_LEN + FRAGMENT_HEADER_LEN;
    if packet.len() <= mtu || mtu < headers + 8 {
        return vec![packet];
    }
    let step = (mtu - headers) / 8 * 8;
    let ip = Ipv6Packet::new_unchecked(&packet[..]);
    let (payload, protocol) = (&packet[IPV6_HEADER_LEN..], u8::from(ip.next_header()));
    let pieces = payload.chunks(step).enumerate();
    pieces
        .map(|(i, piece)| {
            let more = (i + 1) * step < payload.len();
            let place = (i * step) as u16 | u16::from(more);
            let mut bytes = vec![protocol, 0];
            bytes.extend(place.to_be_bytes());
            bytes.extend(ident.to_be_bytes());
            bytes.extend_from_slice(piece);
            icmpv6::packet(ip.src_addr(), ip.dst_addr(), IpProtocol::Ipv6Frag, ip.hop_limit(), &bytes)
        })
        .collect()
}
