//! IPv6 packets of routers and hosts: neighbour discovery (RFC 4861) and group membership (RFC 2710).

use std::net::Ipv6Addr;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, IPV6_HEADER_LEN, Icmpv6Message, Icmpv6Packet, Icmpv6Repr, IpProtocol, Ipv6Packet,
    Ipv6Repr, NdiscNeighborFlags, NdiscPrefixInfoFlags, NdiscPrefixInformation, NdiscRepr, NdiscRouterFlags,
    RawHardwareAddress,
};

use super::addr::{Mac, link_local};

/// Every node on the link.
pub(super) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// Every router on the link.
pub(super) const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// The smallest MTU that IPv6 runs on (RFC 8200 section 5).
pub const MIN_MTU: u16 = 1280;
/// Hops of messages that must come from the link itself.
const ON_LINK: u8 = 255;

/// An IPv6 packet.
pub(super) fn packet(
    src: Ipv6Addr,
    dst: Ipv6Addr,
    protocol: IpProtocol,
    hops: u8,
    payload: &[u8],
) -> Vec<u8> {
    let repr = Ipv6Repr {
        src_addr: src,
        dst_addr: dst,
        next_header: protocol,
        payload_len: payload.len(),
        hop_limit: hops,
    };
    let mut bytes = vec![0; IPV6_HEADER_LEN + payload.len()];
    let mut packet = Ipv6Packet::new_unchecked(&mut bytes[..]);
    repr.emit(&mut packet);
    packet.payload_mut().copy_from_slice(payload);
    bytes
}

/// An ICMPv6 message in its packet.
pub(super) fn message(src: Ipv6Addr, dst: Ipv6Addr, hops: u8, repr: &Icmpv6Repr<'_>) -> Vec<u8> {
    let mut payload = vec![0; repr.buffer_len()];
    let mut icmp = Icmpv6Packet::new_unchecked(&mut payload[..]);
    repr.emit(&src, &dst, &mut icmp, &ChecksumCapabilities::default());
    packet(src, dst, IpProtocol::Icmpv6, hops, &payload)
}

/// Asks for the neighbour `target`, whose group or own address is `to`. From the unspecified address it asks whether
/// somebody has `target` already.
pub(super) fn neighbor_solicit(mac: Mac, src: Ipv6Addr, target: Ipv6Addr, to: Ipv6Addr) -> Vec<u8> {
    let lladdr = (!src.is_unspecified()).then(|| link_layer(mac));
    let repr = NdiscRepr::NeighborSolicit { target_addr: target, lladdr };
    message(src, to, ON_LINK, &Icmpv6Repr::Ndisc(repr))
}

/// Says that `mac` has `target`: to the node that asked, or to everybody when it has no address yet.
pub(super) fn neighbor_advert(mac: Mac, target: Ipv6Addr, asker: Ipv6Addr, router: bool) -> Vec<u8> {
    let mut flags = NdiscNeighborFlags::OVERRIDE;
    let to = if asker.is_unspecified() { ALL_NODES } else { asker };
    flags.set(NdiscNeighborFlags::SOLICITED, to == asker);
    flags.set(NdiscNeighborFlags::ROUTER, router);
    let lladdr = Some(link_layer(mac));
    let repr = NdiscRepr::NeighborAdvert { flags, target_addr: target, lladdr };
    message(target, to, ON_LINK, &Icmpv6Repr::Ndisc(repr))
}

/// Asks routers to advertise themselves.
pub(super) fn router_solicit(mac: Mac, src: Ipv6Addr) -> Vec<u8> {
    let repr = NdiscRepr::RouterSolicit { lladdr: Some(link_layer(mac)) };
    message(src, ALL_ROUTERS, ON_LINK, &Icmpv6Repr::Ndisc(repr))
}

/// What a router advertises, seconds where they are times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Advertisement {
    /// How long it is a default router.
    pub(super) router_lifetime: u16,
    /// The /64 in which hosts choose their addresses.
    pub(super) prefix: Ipv6Addr,
    /// How long these are valid, and how long preferred.
    pub(super) lifetimes: (u32, u32),
    /// The link's MTU, bytes.
    pub(super) mtu: u16,
}

/// Advertises the router at `mac` to `to`.
pub(super) fn router_advert(mac: Mac, to: Ipv6Addr, what: &Advertisement) -> Vec<u8> {
    let seconds = |s: u32| smoltcp::time::Duration::from_secs(u64::from(s));
    let repr = NdiscRepr::RouterAdvert {
        hop_limit: super::packet::TTL,
        flags: NdiscRouterFlags::empty(),
        router_lifetime: seconds(u32::from(what.router_lifetime)),
        reachable_time: seconds(0),
        retrans_time: seconds(0),
        lladdr: Some(link_layer(mac)),
        mtu: Some(u32::from(what.mtu)),
        prefix_info: Some(NdiscPrefixInformation {
            prefix_len: 64,
            flags: NdiscPrefixInfoFlags::ON_LINK | NdiscPrefixInfoFlags::ADDRCONF,
            valid_lifetime: seconds(what.lifetimes.0),
            preferred_lifetime: seconds(what.lifetimes.1),
            prefix: what.prefix,
        }),
    };
    message(link_local(mac), to, ON_LINK, &Icmpv6Repr::Ndisc(repr))
}

/// Reports a membership in `group`, or its end, as version 1 of MLD does. `src` may be unspecified.
pub(super) fn group_report(src: Ipv6Addr, group: Ipv6Addr, member: bool) -> Vec<u8> {
    /// Multicast listener report and done; smoltcp only knows version 2.
    const REPORT: u8 = 131;
    const DONE: u8 = 132;
    /// A hop-by-hop header with the router alert for MLD, and padding.
    const ROUTER_ALERT: [u8; 8] = [58, 0, 5, 2, 0, 0, 1, 0];
    let to = if member { group } else { ALL_ROUTERS };
    let mut bytes = ROUTER_ALERT.to_vec();
    bytes.extend([if member { REPORT } else { DONE }, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(group.octets());
    Icmpv6Packet::new_unchecked(&mut bytes[ROUTER_ALERT.len()..]).fill_checksum(&src, &to);
    packet(src, to, IpProtocol::HopByHop, 1, &bytes)
}

/// The groups that a membership query asks for; `None` when the packet is none. The unspecified address: all of them.
pub(super) fn group_query(bytes: &[u8]) -> Option<Ipv6Addr> {
    let ip = Ipv6Packet::new_checked(bytes).ok()?;
    // Queries have exactly the one option header that reports have.
    let message = ip.payload().get(8..).filter(|_| ip.next_header() == IpProtocol::HopByHop)?;
    let group: [u8; 16] = message.get(8..24)?.try_into().ok()?;
    (Icmpv6Message::from(message[0]) == Icmpv6Message::MldQuery).then(|| group.into())
}

/// A message of neighbour discovery that came from the link itself: its source, its destination, what it says.
/// `None` when the packet is another one, or is malformed.
pub(super) fn discovery(bytes: &[u8]) -> Option<(Ipv6Addr, Ipv6Addr, NdiscRepr<'_>)> {
    let ip = Ipv6Packet::new_checked(bytes).ok()?;
    if ip.next_header() != IpProtocol::Icmpv6 || ip.hop_limit() != ON_LINK {
        return None;
    }
    let (src, dst) = (ip.src_addr(), ip.dst_addr());
    let icmp = Icmpv6Packet::new_checked(ip.payload()).ok()?;
    match Icmpv6Repr::parse(&src, &dst, &icmp, &ChecksumCapabilities::default()) {
        Ok(Icmpv6Repr::Ndisc(repr)) if icmp.msg_code() == 0 => Some((src, dst, repr)),
        _ => None,
    }
}

/// The Ethernet address in an option of neighbour discovery.
pub(super) fn ethernet_address(option: Option<RawHardwareAddress>) -> Option<Mac> {
    let mac: Mac = option?.as_bytes().try_into().ok()?;
    EthernetAddress(mac).is_unicast().then_some(mac)
}

fn link_layer(mac: Mac) -> RawHardwareAddress {
    EthernetAddress(mac).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = [0x24, 0x0a, 0xc4, 0x81, 0xd8, 0xd0];

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_messages_from_the_link_itself_count() {
        let mut bytes = neighbor_solicit(MAC, link_local(MAC), ip("fe80::1"), ip("ff02::1:ff00:1"));
        assert!(matches!(discovery(&bytes), Some((_, _, NdiscRepr::NeighborSolicit { .. }))));
        bytes[7] = 254;
        assert!(discovery(&bytes).is_none(), "a router was in between");
        bytes[7] = 255;
        bytes[50] ^= 1;
        assert!(discovery(&bytes).is_none(), "its checksum is wrong");
    }

    #[test]
    fn a_query_is_told_from_a_report() {
        let report = group_report(link_local(MAC), ip("ff02::fb"), true);
        assert_eq!(group_query(&report), None);
        let mut query = report.clone();
        query[48] = 130;
        assert_eq!(group_query(&query), Some(ip("ff02::fb")));
        assert_eq!(group_query(&query[..60]), None, "cut off");
    }
}
