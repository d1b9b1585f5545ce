//! The packets that the gateway makes itself in IPv4, who sent one, and its pieces where it is too large for a link.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol,
    Ipv4Packet, Ipv4Repr, Ipv6Packet, UdpPacket, UdpRepr,
};

use super::addr::{ETHERNET_HEADER, Mac, is_unicast};

/// Time to live of packets that start here.
pub(super) const TTL: u8 = 64;

/// An Ethernet frame.
pub(super) fn ethernet(dst: Mac, src: Mac, protocol: EthernetProtocol, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; ETHERNET_HEADER + payload.len()];
    let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
    frame.set_dst_addr(EthernetAddress(dst));
    frame.set_src_addr(EthernetAddress(src));
    frame.set_ethertype(protocol);
    frame.payload_mut().copy_from_slice(payload);
    bytes
}

/// An IP packet in its Ethernet frame.
pub(super) fn frame(dst: Mac, src: Mac, packet: &[u8]) -> Vec<u8> {
    let protocol = if is_ipv6(packet) { EthernetProtocol::Ipv6 } else { EthernetProtocol::Ipv4 };
    ethernet(dst, src, protocol, packet)
}

/// True for an IPv6 packet.
pub(super) fn is_ipv6(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| first >> 4 == 6)
}

/// Source and destination of a well-formed packet.
pub(super) fn ends(packet: &[u8]) -> (IpAddr, IpAddr) {
    if is_ipv6(packet) {
        let ip = Ipv6Packet::new_unchecked(packet);
        return (ip.src_addr().into(), ip.dst_addr().into());
    }
    let ip = Ipv4Packet::new_unchecked(packet);
    (ip.src_addr().into(), ip.dst_addr().into())
}

/// An ARP message in its Ethernet frame, sent by `from` to `frame_to`.
pub(super) fn arp(
    operation: ArpOperation,
    from: (Mac, Ipv4Addr),
    to: (Mac, Ipv4Addr),
    frame_to: Mac,
) -> Vec<u8> {
    let repr = ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr: EthernetAddress(from.0),
        source_protocol_addr: from.1,
        target_hardware_addr: EthernetAddress(to.0),
        target_protocol_addr: to.1,
    };
    let mut payload = vec![0; repr.buffer_len()];
    repr.emit(&mut ArpPacket::new_unchecked(&mut payload[..]));
    ethernet(frame_to, from.0, EthernetProtocol::Arp, &payload)
}

/// An IPv4 packet without options.
pub(super) fn ipv4(src: Ipv4Addr, dst: Ipv4Addr, protocol: IpProtocol, payload: &[u8]) -> Vec<u8> {
    let repr = Ipv4Repr {
        src_addr: src,
        dst_addr: dst,
        next_header: protocol,
        payload_len: payload.len(),
        hop_limit: TTL,
    };
    let mut bytes = vec![0; repr.buffer_len() + payload.len()];
    let mut packet = Ipv4Packet::new_unchecked(&mut bytes[..]);
    repr.emit(&mut packet, &ChecksumCapabilities::default());
    packet.payload_mut().copy_from_slice(payload);
    bytes
}

/// A UDP datagram in its IPv4 packet.
pub(super) fn udp(src: SocketAddrV4, dst: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let repr = UdpRepr { src_port: src.port(), dst_port: dst.port() };
    let mut bytes = vec![0; repr.header_len() + payload.len()];
    repr.emit(
        &mut UdpPacket::new_unchecked(&mut bytes[..]),
        &(*src.ip()).into(),
        &(*dst.ip()).into(),
        payload.len(),
        |buffer| buffer.copy_from_slice(payload),
        &ChecksumCapabilities::default(),
    );
    ipv4(*src.ip(), *dst.ip(), IpProtocol::Udp, &bytes)
}

/// The IPv4 `packet` in pieces of at most `mtu` bytes, whether it is a piece itself or not (RFC 791, 3.2), its options in
/// each; the packet itself when it fits, or when it is not IPv4.
pub(super) fn fragments(packet: Vec<u8>, mtu: usize) -> Vec<Vec<u8>> {
    let Some(ip) = Ipv4Packet::new_checked(&packet[..]).ok().filter(|ip| ip.version() == 4) else {
        return vec![packet];
    };
    let header_len = usize::from(ip.header_len());
    if packet.len() <= mtu || mtu < header_len + 8 {
        return vec![packet];
    }
    let (begin, more) = (usize::from(ip.frag_offset()), ip.more_frags());
    let step = (mtu - header_len) / 8 * 8;
    let (header, payload) = packet.split_at(header_len);
    let pieces = payload.chunks(step).enumerate();
    pieces
        .map(|(i, piece)| {
            let mut bytes = [header, piece].concat();
            let total = bytes.len() as u16;
            let mut fragment = Ipv4Packet::new_unchecked(&mut bytes[..]);
            fragment.set_total_len(total);
            fragment.set_more_frags(more || (i + 1) * step < payload.len());
            fragment.set_frag_offset((begin + i * step) as u16);
            fragment.fill_checksum();
            bytes
        })
        .collect()
}

/// The IPv4 packet at the start of `bytes`, without what follows it; `None` when it is malformed.
pub(super) fn trim_ipv4(bytes: &[u8]) -> Option<&[u8]> {
    let packet = Ipv4Packet::new_checked(bytes).ok()?;
    if packet.version() != 4 || packet.header_len() < 20 || !packet.verify_checksum() {
        return None;
    }
    bytes.get(..usize::from(packet.total_len()))
}

/// The IPv6 packet at the start of `bytes`, without what follows it; `None` when it is malformed.
pub(super) fn trim_ipv6(bytes: &[u8]) -> Option<&[u8]> {
    let packet = Ipv6Packet::new_checked(bytes).ok()?;
    if packet.version() != 6 {
        return None;
    }
    bytes.get(..packet.total_len())
}

/// Who sent an Ethernet frame; `None` when it is too short. The address is that of its ARP message or IPv4
/// packet, when it has one.
pub(super) fn sender(frame: &[u8]) -> Option<(Mac, Option<Ipv4Addr>)> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let address = match frame.ethertype() {
        EthernetProtocol::Arp => {
            match ArpPacket::new_checked(frame.payload()).and_then(|p| ArpRepr::parse(&p)) {
                Ok(ArpRepr::EthernetIpv4 { source_protocol_addr, .. }) => Some(source_protocol_addr),
                _ => None,
            }
        }
        EthernetProtocol::Ipv4 => Ipv4Packet::new_checked(frame.payload()).ok().map(|p| p.src_addr()),
        _ => None,
    };
    Some((frame.src_addr().0, address.filter(|a| is_unicast(*a))))
}
