//! The DHCP server of one segment (RFC 2131). It serves whoever asks with an Ethernet address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress};

use super::addr::Mac;
use super::config::{DhcpAnswers, SegmentConfig};
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
            first: segment.dhcp_range.0,
            last: segment.dhcp_range.1,
            lease: segment.lease,
            dns: segment.dns.clone(),
            answers: segment.dhcp_answers,
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
            | (DhcpAnswers::NoOffer | DhcpAnswers::Nak, DhcpMessageType::Discover)
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
            // Whose it was before has it no more.
            self.bindings.retain(|other, b| *other == mac || b.address != address);
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
            // Two bindings may have one address: an old one, and another client's.
            let free =
                self.bindings.values().filter(|b| b.until <= now && self.may_have(now, mac, b.address));
            free.min_by_key(|b| (b.until, b.address)).map(|b| b.address)
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
mod tests;
