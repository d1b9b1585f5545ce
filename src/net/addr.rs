//! Addresses: how those of nodes are made, and what can be told from one. Everything else in the room may use this file,
//! and it uses nothing of theirs.

use std::net::{IpAddr, Ipv6Addr};

use crate::rng;

/// A MAC address.
pub type Mac = [u8; 6];

/// Bytes of an Ethernet header, which an IP packet's length does not count.
pub(super) const ETHERNET_HEADER: usize = 14;

/// A locally administered unicast address that depends on the name only.
pub(super) fn mac_address(name: &str) -> Mac {
    let [a, b, c, d, e, f, ..] = rng::derive(0, &format!("mac/{name}")).to_be_bytes();
    [(a & 0xfc) | 0x02, b, c, d, e, f]
}

/// True for an address that one node can have.
pub fn is_unicast(address: impl Into<IpAddr>) -> bool {
    match address.into() {
        IpAddr::V4(address) => {
            let first = address.octets()[0];
            first != 0 && first != 127 && first < 224
        }
        IpAddr::V6(address) => {
            !(address.is_unspecified() || address.is_loopback() || address.is_multicast())
                && address.to_ipv4_mapped().is_none()
        }
    }
}

/// The gateway's address in a /64.
pub(super) fn gateway_in(prefix: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(prefix.to_bits() | 1)
}

/// The address of `mac` in the /64 of `prefix` (modified EUI-64).
pub fn interface_address(prefix: Ipv6Addr, mac: Mac) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac;
    let id = u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    Ipv6Addr::from_bits(prefix.to_bits() >> 64 << 64 | u128::from(id))
}

/// The link-local address of `mac`.
pub fn link_local(mac: Mac) -> Ipv6Addr {
    interface_address(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), mac)
}

/// True when both are in the same network of `prefix_len` bits.
pub fn same_network(a: Ipv6Addr, b: Ipv6Addr, prefix_len: u8) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix_len.min(128))).unwrap_or(0);
    (a.to_bits() ^ b.to_bits()) & mask == 0
}

/// The first address of the network that `address` is in.
pub fn network(address: Ipv6Addr, prefix_len: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix_len.min(128))).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

/// True for a group that no router forwards to: of this interface or link.
pub(super) fn is_link_group(address: Ipv6Addr) -> bool {
    address.is_multicast() && address.octets()[1] & 0xf <= 2
}

/// The group in which the owner of `address` is asked for.
pub(super) fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]))
}

/// The Ethernet address of a group.
pub(super) fn group_mac(group: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = group.octets();
    [0x33, 0x33, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = [0x24, 0x0a, 0xc4, 0x81, 0xd8, 0xd0];

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().expect("an address")
    }

    #[test]
    fn addresses_are_made_from_the_mac_address_as_captured_on_a_module() {
        assert_eq!(link_local(MAC), ip("fe80::260a:c4ff:fe81:d8d0"));
        assert_eq!(interface_address(ip("2001:db8:1::"), MAC), ip("2001:db8:1:0:260a:c4ff:fe81:d8d0"));
        assert_eq!(solicited_node(link_local(MAC)), ip("ff02::1:ff81:d8d0"));
        assert_eq!(group_mac(solicited_node(link_local(MAC))), [0x33, 0x33, 0xff, 0x81, 0xd8, 0xd0]);
    }
}
