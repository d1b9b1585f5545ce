//! IPv6 fragments put together (RFC 8200 section 4.5). smoltcp does it for IPv4 only.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use smoltcp::wire::{IpProtocol, Ipv6Packet};

use super::packet::FRAGMENT_HEADER_LEN;
use crate::time::{Duration, Instant};

/// Datagrams whose fragments are kept; the oldest makes room.
const DATAGRAMS: usize = 4;
/// How long the rest of a datagram may take (lwIP's `IP_REASS_MAXAGE`).
const LIFETIME: Duration = Duration::from_secs(15);

/// Source, destination and identification of a datagram.
type Key = (Ipv6Addr, Ipv6Addr, u32);

/// What is there of one datagram.
struct Partial {
    /// By offset.
    pieces: BTreeMap<usize, Vec<u8>>,
    /// Its length, once the last fragment is here.
    length: Option<usize>,
    protocol: IpProtocol,
    since: Instant,
}

/// The fragments that wait for others.
#[derive(Default)]
pub(super) struct Reassembly {
    partials: BTreeMap<Key, Partial>,
}

impl Reassembly {
    /// The packet itself when it is no fragment; the whole datagram when this was the last fragment that lacked.
    pub(super) fn whole(&mut self, now: Instant, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let Ok(ip) = Ipv6Packet::new_checked(&bytes[..]) else { return None };
        if ip.next_header() != IpProtocol::Ipv6Frag {
            return Some(bytes);
        }
        let payload = ip.payload();
        let (header, data) = payload.split_at_checked(FRAGMENT_HEADER_LEN)?;
        let place = u16::from_be_bytes([header[2], header[3]]);
        let (offset, more) = (usize::from(place & !7), place & 1 == 1);
        if data.is_empty() || (more && data.len() % 8 != 0) || offset + data.len() > usize::from(u16::MAX) {
            return None;
        }
        let ident = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let key = (ip.src_addr(), ip.dst_addr(), ident);
        self.partials.retain(|_, partial| now < partial.since + LIFETIME);
        if self.partials.len() == DATAGRAMS && !self.partials.contains_key(&key) {
            let oldest = self.partials.iter().min_by_key(|(_, p)| p.since).map(|(key, _)| *key);
            self.partials.remove(&oldest?);
        }
        let partial = self.partials.entry(key).or_insert(Partial {
            pieces: BTreeMap::new(),
            length: None,
            protocol: IpProtocol::from(header[0]),
            since: now,
        });
        partial.pieces.insert(offset, data.to_vec());
        if !more {
            partial.length = Some(offset + data.len());
        }
        let data = partial.data()?;
        let protocol = partial.protocol;
        self.partials.remove(&key);
        Some(crate::net::icmpv6::packet(key.0, key.1, protocol, ip.hop_limit(), &data))
    }
}

impl Partial {
    /// The payload, once there is no gap in it. Fragments may not overlap (RFC 5722).
    fn data(&self) -> Option<Vec<u8>> {
        let length = self.length?;
        let mut data = Vec::with_capacity(length);
        for (offset, piece) in &self.pieces {
            if *offset != data.len() {
                return None;
            }
            data.extend_from_slice(piece);
        }
        (data.len() == length).then_some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{fragments6, udp};
    use super::*;
    use std::net::IpAddr;

    fn datagram(length: usize) -> Vec<u8> {
        let at = |text: &str| text.parse::<IpAddr>().expect("an address");
        let data: Vec<u8> = (0..length).map(|i| i as u8).collect();
        udp((at("fe80::1"), 7), (at("fe80::2"), 8), 0, &data)
    }

    #[test]
    fn fragments_in_any_order_make_the_datagram_again() {
        let whole = datagram(8_000);
        let mut pieces = fragments6(whole.clone(), 1280, 9);
        assert!(pieces.len() > 5 && pieces.iter().all(|p| p.len() <= 1280), "{}", pieces.len());
        pieces.reverse();
        let mut reassembly = Reassembly::default();
        let last = pieces.pop().expect("several");
        for piece in pieces {
            assert_eq!(reassembly.whole(Instant::ZERO, piece), None, "one is still lacking");
        }
        assert_eq!(reassembly.whole(Instant::ZERO, last), Some(whole));
        assert!(reassembly.partials.is_empty());
    }

    #[test]
    fn what_lacks_a_fragment_does_not_wait_for_ever_nor_grow_without_limit() {
        let mut reassembly = Reassembly::default();
        for ident in 0..100 {
            let first = fragments6(datagram(3_000), 1280, ident).swap_remove(0);
            assert_eq!(reassembly.whole(Instant::ZERO, first), None);
        }
        assert_eq!(reassembly.partials.len(), DATAGRAMS);
        let mut rest = fragments6(datagram(3_000), 1280, 99).split_off(1);
        let late = Instant::ZERO + LIFETIME;
        let last = rest.pop().expect("three fragments");
        assert_eq!(reassembly.whole(late, rest.swap_remove(0)), None);
        assert_eq!(reassembly.whole(late, last), None, "the first one is forgotten");
    }
}
