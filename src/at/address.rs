//! Addresses as hosts see them: IP addresses as lwIP prints them, IPv6 in capital letters, as captured; MAC addresses in
//! lower case.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An address on its way to the MCU. Every line that may hold an IPv6 address prints it through this.
#[derive(Clone, Copy, Debug)]
pub struct Shown(pub IpAddr);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => ip.fmt(f),
            IpAddr::V6(ip) => f.write_str(&ipv6_text(ip)),
        }
    }
}

/// The first run of two or more zero groups is left out, where RFC 5952 takes the longest one.
fn ipv6_text(ip: Ipv6Addr) -> String {
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return format!("::FFFF:{mapped}");
    }
    let groups = ip.segments();
    let join = |groups: &[u16]| groups.iter().map(|g| format!("{g:X}")).collect::<Vec<_>>().join(":");
    let Some(start) = groups.windows(2).position(|pair| pair == [0, 0]) else { return join(&groups) };
    let length = groups[start..].iter().take_while(|g| **g == 0).count();
    format!("{}::{}", join(&groups[..start]), join(&groups[start + length..]))
}

/// `02:00:00:00:00:01`, lower case.
pub fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|b| format!("{b:02x}")).join(":")
}

/// Six pairs of hexadecimal digits with colons.
pub fn mac_from_text(text: &[u8]) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = std::str::from_utf8(text).ok()?.split(':');
    for byte in &mut mac {
        let part = parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_is_printed_as_lwip_does() {
        for (address, text) in [
            ("fe80::260a:c4ff:fe81:d8d0", "FE80::260A:C4FF:FE81:D8D0"),
            ("2409:8762:efd:1a:3e61:5ff:fed0:9523", "2409:8762:EFD:1A:3E61:5FF:FED0:9523"),
            ("::", "::"),
            ("ff02::1", "FF02::1"),
            ("2001:db8::", "2001:DB8::"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("1:0:0:2:0:0:0:3", "1::2:0:0:0:3"),
            ("::ffff:192.168.1.10", "::FFFF:192.168.1.10"),
            ("192.168.1.10", "192.168.1.10"),
        ] {
            assert_eq!(Shown(address.parse().expect("an address")).to_string(), text);
        }
    }

    #[test]
    fn a_mac_address_is_six_pairs_of_hex_digits() {
        assert_eq!(mac_from_text(b"02:00:aB:00:00:01"), Some([2, 0, 0xab, 0, 0, 1]));
        for bad in ["02:00:ab:00:00", "02:00:ab:00:00:01:02", "02-00-ab-00-00-01", "+2:00:ab:00:00:01"] {
            assert_eq!(mac_from_text(bad.as_bytes()), None, "{bad}");
        }
    }
}
