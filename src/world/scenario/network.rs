//! Addresses as a scenario writes them: MAC, IPv4 and IPv6 network, DNS name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::net::addr;
use crate::world::spelling::shown;

/// An IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    base: u32,
    prefix_len: u8,
}

impl Subnet {
    /// The default network of the access point of this number, from 0: 192.168.1.0/24 and so on. `None`: there are no more.
    pub(super) fn numbered(number: usize) -> Option<Subnet> {
        let third = u8::try_from(number + 1).ok()?;
        Some(Subnet { base: u32::from_be_bytes([192, 168, third, 0]), prefix_len: 24 })
    }

    /// A network for an access point that has no LAN of its own: nobody is ever on it.
    pub(super) fn unused(number: usize) -> Option<Subnet> {
        let third = u8::try_from(number).ok()?;
        Some(Subnet { base: u32::from_be_bytes([100, 127, third, 0]), prefix_len: 24 })
    }

    /// Reads `192.168.1.0/24`; 8 to 30 bits, no bits set behind them.
    pub(super) fn parse(text: &str) -> Result<Subnet, String> {
        let wrong =
            || format!("expected a network of 8 to 30 bits, such as `192.168.1.0/24`, found {}", shown(text));
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
        let prefix_len: u8 = bits.parse().map_err(|_| wrong())?;
        if !(8..=30).contains(&prefix_len) || bits.starts_with(['+', '0']) {
            return Err(wrong());
        }
        let subnet = Subnet { base: u32::from(address) & mask(prefix_len), prefix_len };
        if subnet.base != u32::from(address) {
            return Err(format!(
                "expected a network without bits behind its first {prefix_len}, found {}; did you mean `{subnet}`?",
                shown(text)
            ));
        }
        if !is_host(subnet.at(1)) {
            return Err(format!("expected a network for hosts, found {}, which is reserved", shown(text)));
        }
        Ok(subnet)
    }

    pub(super) fn prefix_len(self) -> u8 {
        self.prefix_len
    }

    /// How many addresses it has, the network's own and the broadcast address included.
    pub(super) fn size(self) -> u32 {
        1 << (32 - self.prefix_len)
    }

    /// The address at `offset`; 0 is the network's own.
    pub(super) fn at(self, offset: u32) -> Ipv4Addr {
        Ipv4Addr::from(self.base + offset.min(self.size() - 1))
    }

    pub(super) fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix_len) == self.base
    }

    /// True for an address of a host on it: within it, neither its own nor its broadcast address.
    pub(super) fn has_host(self, address: Ipv4Addr) -> bool {
        self.contains(address) && address != self.at(0) && address != self.at(u32::MAX)
    }

    pub(super) fn overlaps(self, other: Subnet) -> bool {
        self.contains(other.at(0)) || other.contains(self.at(0))
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.at(0), self.prefix_len)
    }
}

fn mask(prefix_len: u8) -> u32 {
    u32::MAX << (32 - prefix_len.clamp(1, 32))
}

/// Reads `2001:db8:1::/64`, of which the first address is the result.
pub(super) fn prefix6(text: &str) -> Result<Ipv6Addr, String> {
    let prefix = text.strip_suffix("/64").and_then(|address| address.parse().ok());
    let prefix = prefix.filter(|&prefix| is_host6(prefix) && Ipv6Addr::to_bits(prefix) as u64 == 0);
    prefix.ok_or_else(|| {
        format!(
            "expected an IPv6 network of 64 bits for hosts, such as `2001:db8:1::/64`, found {}",
            shown(text)
        )
    })
}

/// True for an IPv6 address that one host can have for everybody: not link-local, not a group's.
pub(super) fn is_host6(address: Ipv6Addr) -> bool {
    addr::is_unicast(address) && !address.is_unicast_link_local()
}

/// True for an address that one host can be dialled at; a link-local one is fine.
pub(super) fn is_dialled(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_host(address),
        IpAddr::V6(address) => addr::is_unicast(address),
    }
}

/// True for an address that one host can have: not 0/8, loopback, multicast, reserved or broadcast.
pub(super) fn is_host(address: Ipv4Addr) -> bool {
    (1..=223).contains(&address.octets()[0]) && !address.is_loopback()
}

/// Reads the MAC address of a station: six bytes in hex, not a group's, not zero.
pub(super) fn mac(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut mac {
        let part = parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    (parts.next().is_none() && mac[0] & 1 == 0 && mac != [0; 6]).then_some(mac)
}

/// A locally administered MAC address that depends on `name` alone.
pub(super) fn mac_of(name: &str) -> [u8; 6] {
    let [mut first, b, c, d, e, f, ..] = crate::rng::derive(0, name).to_be_bytes();
    first = first & !1 | 2;
    [first, b, c, d, e, f]
}

/// True for a name that DNS can carry: labels of 1 to 63 letters, digits, hyphens and underscores, 253 in all.
pub(super) fn is_dns_name(name: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label) && name.parse::<Ipv4Addr>().is_err()
}
