//! IPv4 packets that the stack builds itself: UDP datagrams, pings and group reports, in fragments when they
//! are larger than the MTU.
//!
//! smoltcp keeps one packet at a time under fragmentation and drops the rest of it when a second large one is
//! sent in the same poll; here every fragment is made at once.

use std::net::Ipv4Addr;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IPV4_HEADER_LEN, Icmpv4Packet, Icmpv4Repr, IgmpPacket, IgmpRepr, IgmpVersion, IpAddress, IpProtocol,
    Ipv4Packet, Ipv4Repr, UDP_HEADER_LEN, UdpPacket, UdpRepr,
};

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

/// A UDP datagram.
pub(super) fn udp(src: (Ipv4Addr, u16), dst: (Ipv4Addr, u16), ident: u16, data: &[u8]) -> Vec<u8> {
    let len = UDP_HEADER_LEN + data.len();
    ipv4(src.0, dst.0, IpProtocol::Udp, 64, ident, len, |payload| {
        UdpRepr { src_port: src.1, dst_port: dst.1 }.emit(
            &mut UdpPacket::new_unchecked(payload),
            &IpAddress::Ipv4(src.0),
            &IpAddress::Ipv4(dst.0),
            data.len(),
            |room| room.copy_from_slice(data),
            &ChecksumCapabilities::default(),
        );
    })
}

/// An ICMP echo request.
pub(super) fn echo_request(
    src: Ipv4Addr,
    dst: Ipv4Addr,
    ident: u16,
    echo_ident: u16,
    data: &[u8],
) -> Vec<u8> {
    let repr = Icmpv4Repr::EchoRequest { ident: echo_ident, seq_no: 1, data };
    ipv4(src, dst, IpProtocol::Icmp, 64, ident, repr.buffer_len(), |payload| {
        repr.emit(&mut Icmpv4Packet::new_unchecked(payload), &ChecksumCapabilities::default());
    })
}

/// An IGMP version 2 report: `src` is a member of `group`.
pub(super) fn group_report(src: Ipv4Addr, group: Ipv4Addr) -> Vec<u8> {
    let repr = IgmpRepr::MembershipReport { group_addr: group, version: IgmpVersion::Version2 };
    ipv4(src, group, IpProtocol::Igmp, 1, 0, repr.buffer_len(), |payload| {
        repr.emit(&mut IgmpPacket::new_unchecked(payload));
    })
}

/// `packet` cut into pieces of at most `mtu` bytes; the packet itself when it fits, or when it is not IPv4.
pub(super) fn fragments(packet: Vec<u8>, mtu: usize) -> Vec<Vec<u8>> {
    if packet.len() <= mtu || Ipv4Packet::new_checked(&packet[..]).is_err() || mtu < IPV4_HEADER_LEN + 8 {
        return vec![packet];
    }
    let step = (mtu - IPV4_HEADER_LEN) / 8 * 8;
    let (header, payload) = packet.split_at(IPV4_HEADER_LEN);
    let pieces = payload.chunks(step).enumerate();
    pieces
        .map(|(i, piece)| {
            let mut bytes = Vec::with_capacity(header.len() + piece.len());
            bytes.extend_from_slice(header);
            bytes.extend_from_slice(piece);
            let total = bytes.len() as u16;
            let mut fragment = Ipv4Packet::new_unchecked(&mut bytes);
            fragment.set_total_len(total);
            fragment.set_more_frags((i + 1) * step < payload.len());
            fragment.set_frag_offset((i * step) as u16);
            fragment.fill_checksum();
            bytes
        })
        .collect()
}
