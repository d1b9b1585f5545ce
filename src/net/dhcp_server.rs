//! The DHCP server of one segment (RFC 2131). It serves whoever asks with an Ethernet address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress};

use super::config::{DhcpAnswers, SegmentConfig};
use super::segment::Mac;
use crate::time::{Duration, Instant};

/// The server's UDP port.
pub(super) const SERVER_PORT: u16 = 67;
/// The clients' UDP port.
pub(super) const CLIENT_PORT: u16 = 68;
/// How long an address that was offered is kept for its client.
const OFFER_HOLD: Duration = Duration::from_secs(60);
/// Most clients that are remembered.
const BINDING_LIMIT: usize = 1024;
/// Most DNS servers in a message.
const DNS_SERVERS: usize = 3;
/// Shortest message, that of BOOTP (RFC 1542 section 2.1): some clients drop shorter ones.
const MESSAGE_MIN: usize = 300;

/// A server's answer and where it goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) mac: Mac,
    pub(super) ip: Ipv4Addr,
    pub(super) payload: Vec<u8>,
}

/// An address and until when it is a client's. Kept beyond that, so that a client gets its old one again.
struct Binding {
    address: Ipv4Addr,
    until: Instant,
}

/// The DHCP server of one segment.
pub(super) struct DhcpServer {
    server: Ipv4Addr,
    mask: Ipv4Addr,
    first: Ipv4Addr,
    last: Ipv4Addr,
    lease: Duration,
    dns: Vec<Ipv4Addr>,
    pub(super) answers: DhcpAnswers,
    /// Addresses in the range that belong to somebody else.
    reserved: BTreeSet<Ipv4Addr>,
    bindings: BTreeMap<Mac, Binding>,
}

impl DhcpServer {
    /// A server for `segment` that never leases an address in `reserved` (or the gateway's).
    pub(super) fn new(segment: &SegmentConfig, reserved: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        let mut reserved: BTreeSet<_> = reserved.into_iter().collect();
        reserved.insert(segment.gateway);
        DhcpServer {
            server: segment.gateway,
            mask: Ipv4Addr::from_bits(mask_bits(segment.prefix_len)),
            first: segment.dhcp.0,
            last: segment.dhcp.1,
            lease: segment.lease,
            dns: segment.dns.clone(),
            answers: DhcpAnswers::default(),
            reserved,
            bindings: BTreeMap::new(),
        }
    }

    /// The answer to the UDP payload of a client's message; `None` when it deserves none.
    pub(super) fn answer(&mut self, now: Instant, payload: &[u8]) -> Option<Reply> {
        let packet = DhcpPacket::new_checked(payload).ok()?;
        let message = DhcpRepr::parse(&packet).ok()?;
        let client = message.client_hardware_address;
        // There are no relays here, and a group address is nobody's.
        if !client.is_unicast() || !message.relay_agent_ip.is_unspecified() {
            return None;
        }
        if message.server_identifier.is_some_and(|server| server != self.server) {
            // Meant for, or won by, another server.
            return None;
        }
        match (self.answers, message.message_type) {
            (DhcpAnswers::Silence, _)
            | (DhcpAnswers::NoOffer, DhcpMessageType::Discover)
            | (DhcpAnswers::NoAck, DhcpMessageType::Request) => return None,
            (DhcpAnswers::Nak, DhcpMessageType::Request) => {
                self.bindings.remove(&client.0);
                return Some(self.reply(&message, DhcpMessageType::Nak, None));
            }
            _ => {}
        }
        match message.message_type {
            DhcpMessageType::Discover => self.offer(now, &message),
            DhcpMessageType::Request => Some(self.request(now, &message)),
            DhcpMessageType::Inform => Some(self.reply(&message, DhcpMessageType::Ack, None)),
            DhcpMessageType::Release => {
                self.give_back(now, client.0, message.client_ip);
                None
            }
            DhcpMessageType::Decline => {
                // Somebody answers for the address: never lease it again.
                if let Some(address) = message.requested_ip
                    && self.give_back(now, client.0, address)
                {
                    self.bindings.remove(&client.0);
                    self.reserved.insert(address);
                }
                None
            }
            _ => None,
        }
    }

    /// The address that is this client's now.
    pub(super) fn leased(&self, now: Instant, mac: Mac) -> Option<Ipv4Addr> {
        self.bindings.get(&mac).filter(|b| b.until > now).map(|b| b.address)
    }

    fn offer(&mut self, now: Instant, message: &DhcpRepr<'_>) -> Option<Reply> {
        let mac = message.client_hardware_address.0;
        let address = self.choose(now, mac, message.requested_ip)?;
        let until = match self.bindings.get(&mac) {
            Some(binding) if binding.address == address => binding.until.max(now + OFFER_HOLD),
            _ => now + OFFER_HOLD,
        };
        self.bindings.insert(mac, Binding { address, until });
        Some(self.reply(message, DhcpMessageType::Offer, Some(address)))
    }

    fn request(&mut self, now: Instant, message: &DhcpRepr<'_>) -> Reply {
        let mac = message.client_hardware_address.0;
        let address = message.requested_ip.unwrap_or(message.client_ip);
        let known = self.bindings.contains_key(&mac) || self.make_room(now);
        if known && self.may_have(now, mac, address) {
            self.bindings.insert(mac, Binding { address, until: now + self.lease });
            self.reply(message, DhcpMessageType::Ack, Some(address))
        } else {
            self.reply(message, DhcpMessageType::Nak, None)
        }
    }

    /// True when `address` was this client's.
    fn give_back(&mut self, now: Instant, mac: Mac, address: Ipv4Addr) -> bool {
        match self.bindings.get_mut(&mac) {
            Some(binding) if binding.address == address => {
                binding.until = now;
                true
            }
            _ => false,
        }
    }

    /// The address to offer: the one asked for, else the client's last one, else the first that nobody had,
    /// else the one that has been free for longest.
    fn choose(&mut self, now: Instant, mac: Mac, wish: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let last = self.bindings.get(&mac).map(|b| b.address);
        if last.is_none() && !self.make_room(now) {
            return None;
        }
        if let Some(address) = wish.into_iter().chain(last).find(|a| self.may_have(now, mac, *a)) {
            return Some(address);
        }
        let taken: BTreeSet<Ipv4Addr> = self.bindings.values().map(|b| b.address).collect();
        let range = self.first.to_bits()..=self.last.to_bits();
        let fresh = range.map(Ipv4Addr::from_bits).find(|a| !taken.contains(a) && !self.reserved.contains(a));
        fresh.or_else(|| {
            let free = self.bindings.values().filter(|b| b.until <= now);
            free.min_by_key(|b| (b.until, b.address))
                .map(|b| b.address)
                .filter(|a| self.may_have(now, mac, *a))
        })
    }

    /// True when the address may be leased and no other client has it now.
    fn may_have(&self, now: Instant, mac: Mac, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&address)
            && !self.reserved.contains(&address)
            && !self.bindings.iter().any(|(other, b)| *other != mac && b.address == address && b.until > now)
    }

    /// Forgets the client that has been away longest when too many are remembered. False when none is away.
    fn make_room(&mut self, now: Instant) -> bool {
        if self.bindings.len() < BINDING_LIMIT {
            return true;
        }
        let away = self.bindings.iter().filter(|(_, b)| b.until <= now);
        match away.min_by_key(|(mac, b)| (b.until, **mac)).map(|(mac, _)| *mac) {
            Some(mac) => self.bindings.remove(&mac).is_some(),
            None => false,
        }
    }

    fn reply(&self, to: &DhcpRepr<'_>, kind: DhcpMessageType, address: Option<Ipv4Addr>) -> Reply {
        let nak = kind == DhcpMessageType::Nak;
        let lease_seconds = u32::try_from(self.lease.as_millis() / 1_000).unwrap_or(u32::MAX).max(1);
        let repr = DhcpRepr {
            message_type: kind,
            transaction_id: to.transaction_id,
            secs: 0,
            client_hardware_address: to.client_hardware_address,
            client_ip: if nak { Ipv4Addr::UNSPECIFIED } else { to.client_ip },
            your_ip: address.unwrap_or(Ipv4Addr::UNSPECIFIED),
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: (!nak).then_some(self.server),
            subnet_mask: (!nak).then_some(self.mask),
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: to.broadcast,
            requested_ip: None,
            client_identifier: None,
            server_identifier: Some(self.server),
            parameter_request_list: None,
            dns_servers: (!nak && !self.dns.is_empty())
                .then(|| self.dns.iter().copied().take(DNS_SERVERS).collect()),
            max_size: None,
            lease_duration: address.map(|_| lease_seconds),
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        };
        let mut payload = vec![0; repr.buffer_len().max(MESSAGE_MIN)];
        // Cannot fail: the buffer is as long as the message says it needs.
        let _ = repr.emit(&mut DhcpPacket::new_unchecked(&mut payload[..]));
        // RFC 2131 section 4.1.
        let everybody = (EthernetAddress::BROADCAST.0, Ipv4Addr::BROADCAST);
        let (mac, ip) = if nak {
            everybody
        } else if !to.client_ip.is_unspecified() {
            (to.client_hardware_address.0, to.client_ip)
        } else if to.broadcast || repr.your_ip.is_unspecified() {
            everybody
        } else {
            (to.client_hardware_address.0, repr.your_ip)
        };
        Reply { mac, ip, payload }
    }
}

/// The bits of a network mask of `prefix_len` bits (0 to 32).
fn mask_bits(prefix_len: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix_len.min(32))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);
    const A: Mac = [2, 0, 0, 0, 0, 0xa];
    const B: Mac = [2, 0, 0, 0, 0, 0xb];

    fn ip(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(192, 168, 4, last)
    }

    fn second(s: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(s)
    }

    /// Leases .1 to .6, of which .1 is the gateway's and .3 a host's, for an hour.
    fn server() -> DhcpServer {
        let segment = SegmentConfig {
            name: "home".to_owned(),
            gateway: GATEWAY,
            prefix_len: 24,
            dhcp: (ip(1), ip(6)),
            lease: Duration::from_secs(3600),
            ipv6: None,
            dns: vec![GATEWAY],
        };
        DhcpServer::new(&segment, [ip(3)])
    }

    fn message(kind: DhcpMessageType, mac: Mac) -> DhcpRepr<'static> {
        DhcpRepr {
            message_type: kind,
            transaction_id: 0xabcd_ef01,
            secs: 0,
            client_hardware_address: EthernetAddress(mac),
            client_ip: Ipv4Addr::UNSPECIFIED,
            your_ip: Ipv4Addr::UNSPECIFIED,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: None,
            subnet_mask: None,
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: false,
            requested_ip: None,
            client_identifier: None,
            server_identifier: None,
            parameter_request_list: None,
            dns_servers: None,
            max_size: None,
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        }
    }

    fn bytes(repr: &DhcpRepr<'_>) -> Vec<u8> {
        let mut bytes = vec![0; repr.buffer_len()];
        repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes[..])).unwrap();
        bytes
    }

    /// Kind of the answer and the address in it.
    fn ask(s: &mut DhcpServer, now: Instant, repr: &DhcpRepr<'_>) -> Option<(DhcpMessageType, Ipv4Addr)> {
        let reply = s.answer(now, &bytes(repr))?;
        let packet = DhcpPacket::new_checked(&reply.payload[..]).unwrap();
        let repr = DhcpRepr::parse(&packet).unwrap();
        Some((repr.message_type, repr.your_ip))
    }

    fn discover(s: &mut DhcpServer, now: Instant, mac: Mac, wish: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let repr = DhcpRepr { requested_ip: wish, ..message(DhcpMessageType::Discover, mac) };
        ask(s, now, &repr).map(|(kind, address)| {
            assert_eq!(kind, DhcpMessageType::Offer);
            address
        })
    }

    /// True for an ACK.
    fn request(s: &mut DhcpServer, now: Instant, mac: Mac, address: Ipv4Addr) -> bool {
        let repr = DhcpRepr { requested_ip: Some(address), ..message(DhcpMessageType::Request, mac) };
        match ask(s, now, &repr) {
            Some((DhcpMessageType::Ack, got)) => {
                assert_eq!(got, address);
                true
            }
            other => {
                assert_eq!(other, Some((DhcpMessageType::Nak, Ipv4Addr::UNSPECIFIED)));
                false
            }
        }
    }

    #[test]
    fn an_answer_carries_mask_router_dns_and_lease_time() {
        let reply = server().answer(second(0), &bytes(&message(DhcpMessageType::Discover, A))).unwrap();
        assert_eq!((reply.mac, reply.ip), (A, ip(2)), "an offer goes straight to its client");
        assert_eq!(reply.payload.len(), MESSAGE_MIN);
        let packet = DhcpPacket::new_checked(&reply.payload[..]).unwrap();
        let repr = DhcpRepr::parse(&packet).unwrap();
        assert_eq!(repr.transaction_id, 0xabcd_ef01);
        assert_eq!(repr.subnet_mask, Some(Ipv4Addr::new(255, 255, 255, 0)));
        assert_eq!((repr.router, repr.server_identifier), (Some(GATEWAY), Some(GATEWAY)));
        assert_eq!(repr.dns_servers.as_deref(), Some(&[GATEWAY][..]));
        assert_eq!(repr.lease_duration, Some(3600));
    }

    #[test]
    fn a_client_gets_its_old_address_again_even_after_its_lease_ran_out() {
        let mut s = server();
        assert_eq!(discover(&mut s, second(0), A, None), Some(ip(2)));
        assert!(request(&mut s, second(0), A, ip(2)));
        assert_eq!(discover(&mut s, second(1), B, None), Some(ip(4)), ".3 is a host's");
        assert_eq!(discover(&mut s, second(100_000), A, None), Some(ip(2)));
    }

    #[test]
    fn the_address_asked_for_is_given_when_it_is_free_and_in_the_range() {
        let mut s = server();
        assert_eq!(discover(&mut s, second(0), A, Some(ip(5))), Some(ip(5)));
        assert_eq!(discover(&mut s, second(0), B, Some(ip(5))), Some(ip(2)), ".5 is offered to another");
        assert_eq!(discover(&mut s, second(0), B, Some(ip(9))), Some(ip(2)), ".9 is outside the range");
        assert_eq!(discover(&mut s, second(0), B, Some(ip(3))), Some(ip(2)), ".3 is a host's");
        assert_eq!(discover(&mut s, second(100), B, Some(ip(5))), Some(ip(5)), "the offer to A has run out");
    }

    #[test]
    fn a_request_for_what_the_client_may_not_have_is_refused_to_everybody() {
        let mut s = server();
        assert!(request(&mut s, second(0), A, ip(2)), "a reboot with a known address needs no discovery");
        assert!(!request(&mut s, second(0), B, ip(2)), ".2 is leased to another");
        assert!(!request(&mut s, second(0), B, ip(3)), ".3 is a host's");
        assert!(!request(&mut s, second(0), B, GATEWAY));
        assert!(!request(&mut s, second(0), B, Ipv4Addr::new(10, 0, 0, 7)));
        let repr = DhcpRepr { requested_ip: Some(ip(99)), ..message(DhcpMessageType::Request, B) };
        let nak = s.answer(second(0), &bytes(&repr)).unwrap();
        assert_eq!((nak.mac, nak.ip), ([0xff; 6], Ipv4Addr::BROADCAST));
        assert!(request(&mut s, second(3600), B, ip(2)), "the lease of A ended after an hour");
    }

    #[test]
    fn a_renewal_is_answered_to_the_address_renewed() {
        let mut s = server();
        assert!(request(&mut s, second(0), A, ip(2)));
        let repr = DhcpRepr { client_ip: ip(2), ..message(DhcpMessageType::Request, A) };
        let ack = s.answer(second(1800), &bytes(&repr)).unwrap();
        assert_eq!((ack.mac, ack.ip), (A, ip(2)));
        assert!(!request(&mut s, second(3700), B, ip(2)), "the renewal did not prolong the lease");
    }

    #[test]
    fn a_released_address_is_free_and_a_declined_one_is_never_leased_again() {
        let mut s = server();
        assert!(request(&mut s, second(0), A, ip(2)));
        let release = |mac| DhcpRepr { client_ip: ip(2), ..message(DhcpMessageType::Release, mac) };
        assert_eq!(ask(&mut s, second(1), &release(B)), None);
        assert!(!request(&mut s, second(1), B, ip(2)), "B cannot release what A has");
        assert_eq!(ask(&mut s, second(1), &release(A)), None);
        assert!(request(&mut s, second(1), B, ip(2)));
        let decline = DhcpRepr { requested_ip: Some(ip(2)), ..message(DhcpMessageType::Decline, B) };
        assert_eq!(ask(&mut s, second(2), &decline), None);
        assert!(!request(&mut s, second(2), B, ip(2)));
        assert_eq!(discover(&mut s, second(2), B, None), Some(ip(4)));
    }

    #[test]
    fn a_full_range_gives_no_offer_until_the_oldest_lease_ends() {
        let mut s = server();
        for (i, last) in [2, 4, 5, 6].into_iter().enumerate() {
            let mac = [2, 0, 0, 0, 1, last];
            assert_eq!(discover(&mut s, second(i as u64), mac, None), Some(ip(last)));
            assert!(request(&mut s, second(i as u64), mac, ip(last)));
        }
        assert_eq!(discover(&mut s, second(10), A, None), None);
        assert_eq!(discover(&mut s, second(3602), A, None), Some(ip(2)), ".2 has been free for longest");
    }

    #[test]
    fn a_flood_of_clients_does_not_grow_the_table_without_limit() {
        let mut s = server();
        s.last = Ipv4Addr::new(192, 168, 255, 254);
        for i in 0..3000u32 {
            let [_, _, c, d] = i.to_be_bytes();
            discover(&mut s, second(0), [2, 9, 9, 9, c, d], None);
            request(&mut s, second(0), [2, 8, 8, 8, c, d], ip(9));
        }
        assert_eq!(s.bindings.len(), BINDING_LIMIT);
        assert_eq!(
            discover(&mut s, second(61), A, None),
            Some(ip(2)),
            "offers that were not taken make room"
        );
    }

    #[test]
    fn messages_for_another_server_from_a_relay_or_malformed_get_no_answer() {
        let mut s = server();
        let other = DhcpRepr {
            server_identifier: Some(ip(200)),
            requested_ip: Some(ip(2)),
            ..message(DhcpMessageType::Request, A)
        };
        assert_eq!(ask(&mut s, second(0), &other), None);
        let relayed = DhcpRepr { relay_agent_ip: ip(9), ..message(DhcpMessageType::Discover, A) };
        assert_eq!(ask(&mut s, second(0), &relayed), None);
        assert_eq!(ask(&mut s, second(0), &message(DhcpMessageType::Discover, [0xff; 6])), None);
        let good = bytes(&message(DhcpMessageType::Discover, A));
        for end in 0..240 {
            assert_eq!(s.answer(second(0), &good[..end]), None, "{end} bytes of a message");
        }
        for i in 0..good.len() {
            for value in [0, 1, 2, 3, 50, 61, 0x7f, 0xff] {
                let mut mutated = good.clone();
                mutated[i] = value;
                s.answer(second(0), &mutated);
            }
        }
    }

    #[test]
    fn a_disturbed_server_answers_as_it_is_told() {
        let leased = || {
            let mut s = server();
            assert_eq!(discover(&mut s, second(0), A, None), Some(ip(2)));
            assert!(request(&mut s, second(0), A, ip(2)));
            s
        };
        let renewal = DhcpRepr { client_ip: ip(2), ..message(DhcpMessageType::Request, A) };
        for (answers, offers, renews) in [
            (DhcpAnswers::Right, true, Some(DhcpMessageType::Ack)),
            (DhcpAnswers::Silence, false, None),
            (DhcpAnswers::NoOffer, false, Some(DhcpMessageType::Ack)),
            (DhcpAnswers::NoAck, true, None),
            (DhcpAnswers::Nak, true, Some(DhcpMessageType::Nak)),
        ] {
            let mut s = leased();
            s.answers = answers;
            assert_eq!(discover(&mut s, second(1), B, None).is_some(), offers, "{answers:?}");
            assert_eq!(ask(&mut s, second(2), &renewal).map(|(kind, _)| kind), renews, "{answers:?}");
            let keeps = answers != DhcpAnswers::Nak;
            assert_eq!(s.leased(second(3), A).is_some(), keeps, "{answers:?}");
        }
    }

    #[test]
    fn the_dns_servers_are_those_of_the_segment() {
        for (dns, named) in [(vec![ip(5), ip(6)], Some(2)), (vec![], None), (vec![ip(5); 4], Some(3))] {
            let mut s = server();
            s.dns = dns;
            let reply = s.answer(second(0), &bytes(&message(DhcpMessageType::Discover, A))).unwrap();
            let packet = DhcpPacket::new_checked(&reply.payload[..]).unwrap();
            let servers = DhcpRepr::parse(&packet).unwrap().dns_servers;
            assert_eq!(servers.map(|list| list.len()), named);
        }
    }

    #[test]
    fn masks_have_as_many_bits_as_they_should() {
        let bits = |prefix_len| Ipv4Addr::from_bits(mask_bits(prefix_len)).octets();
        assert_eq!(bits(0), [0, 0, 0, 0]);
        assert_eq!(bits(8), [255, 0, 0, 0]);
        assert_eq!(bits(30), [255, 255, 255, 252]);
        assert_eq!(bits(32), [255; 4]);
    }
}
