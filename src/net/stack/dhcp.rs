//! The DHCP client: RFC 2131 with lwIP's times, as the IDF has shortened them.

use std::net::Ipv4Addr;

use smoltcp::wire::{
    DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpMessageType, DhcpOption, DhcpPacket, DhcpRepr, EthernetAddress,
    IpProtocol, Ipv4Packet, UdpPacket,
};

use super::Ipv4Config;
use crate::rng::Stream;
use crate::time::{Duration, Instant, NANOS_PER_SEC};

/// What the client asks for: mask, router, broadcast address, DNS servers.
const PARAMETERS: &[u8] = &[1, 3, 28, 6];
/// DHCP option 12.
const HOST_NAME: u8 = 12;
/// Shortest message: BOOTP's.
const MIN_MESSAGE: usize = 300;
/// Requests for an offer before the client starts over.
const REQUESTS: u32 = 6;
/// A lease whose length the server does not name, in seconds.
const DEFAULT_LEASE: u64 = 120;
/// Shortest wait that lwIP takes from halving the time that is left, in seconds.
const MIN_HALF: u64 = 3;
/// DNS servers of a lease that are used: the IDF keeps the third place for a fallback.
const DNS_SERVERS: usize = 2;

/// A lease in use.
struct Lease {
    config: Ipv4Config,
    server: Ipv4Addr,
    /// True while a renewal waits for its answer; other acknowledgements are duplicates.
    asked: bool,
    /// Requests to everybody.
    rebinds: u64,
    rebind_at: Instant,
    expires_at: Instant,
    /// It ran out, and the server was told.
    released: bool,
}

enum Phase {
    Discovering,
    Requesting { server: Ipv4Addr, address: Ipv4Addr },
    Bound(Box<Lease>),
}

/// What the stack has to do for the client.
pub(super) enum Action {
    /// Send this message from `source` to `to`.
    Send { source: Ipv4Addr, to: Ipv4Addr, message: Vec<u8> },
    /// Use this configuration from now on.
    Bind(Ipv4Config),
    /// Stop using the address.
    Drop,
}

/// A running client.
pub(super) struct Client {
    mac: [u8; 6],
    mtu: u16,
    host_name: Option<Vec<u8>>,
    random: Stream,
    xid: u32,
    phase: Phase,
    tries: u32,
    at: Instant,
}

impl Client {
    /// A client that sends its first message at `now`.
    pub(super) fn new(
        now: Instant,
        mac: [u8; 6],
        mtu: u16,
        host_name: Option<&str>,
        mut random: Stream,
    ) -> Self {
        let host_name = host_name.filter(|n| !n.is_empty()).map(|n| n.bytes().take(63).collect());
        let xid = random.next_u64() as u32;
        Client { mac, mtu, host_name, random, xid, phase: Phase::Discovering, tries: 0, at: now }
    }

    /// The stream goes on in the next client, so that a restart does not repeat transaction numbers.
    pub(super) fn into_stream(self) -> Stream {
        self.random
    }

    /// When [`run`](Self::run) has something to do.
    pub(super) fn next_timer(&self) -> Instant {
        match &self.phase {
            Phase::Bound(lease) => self.at.min(lease.expires_at),
            _ => self.at,
        }
    }

    fn start_over(&mut self, now: Instant) {
        self.phase = Phase::Discovering;
        self.tries = 0;
        self.at = now;
        self.xid = self.random.next_u64() as u32;
    }

    /// lwIP's wait after try number `tries`: 2, 4, 8, 16, 32, then 60 of these units. For an offer they are
    /// quarters of a second, for an acknowledgement seconds.
    fn backoff(&self, unit: Duration) -> Duration {
        Duration::from_nanos(unit.as_nanos() * if self.tries < 6 { 1 << self.tries } else { 60 })
    }

    /// Does what is due; `None` when nothing is (left).
    pub(super) fn run(&mut self, now: Instant) -> Option<Action> {
        if now < self.next_timer() {
            return None;
        }
        match &mut self.phase {
            Phase::Discovering => {
                self.tries += 1;
                self.at = now + self.backoff(Duration::from_millis(250));
                Some(self.broadcast(DhcpMessageType::Discover, None, None))
            }
            Phase::Requesting { .. } if self.tries >= REQUESTS => {
                self.start_over(now);
                self.run(now)
            }
            Phase::Requesting { server, address } => {
                let (server, address) = (*server, *address);
                self.tries += 1;
                self.at = now + self.backoff(Duration::from_secs(1));
                Some(self.broadcast(DhcpMessageType::Request, Some(address), Some(server)))
            }
            Phase::Bound(lease) if now >= lease.expires_at && lease.released => {
                self.start_over(now);
                Some(Action::Drop)
            }
            Phase::Bound(lease) if now >= lease.expires_at => {
                lease.released = true;
                self.release()
            }
            Phase::Bound(lease) => {
                lease.asked = true;
                let renewing = now < lease.rebind_at;
                let end = if renewing { lease.rebind_at } else { lease.expires_at };
                let half = end.since(now).as_nanos() / NANOS_PER_SEC / 2;
                let half = Some(half).filter(|half| *half >= MIN_HALF);
                let wait = if renewing {
                    half
                } else {
                    lease.rebinds += 1;
                    let again = lease.rebinds.min(10);
                    Some(half.map_or(again, |half| half.min(again)))
                };
                self.at = wait.map_or(end, |wait| (now + Duration::from_secs(wait)).min(end));
                let source = lease.config.address;
                let to = if renewing { lease.server } else { Ipv4Addr::BROADCAST };
                let message = self.message(DhcpMessageType::Request, source, None, None);
                Some(Action::Send { source, to, message })
            }
        }
    }

    /// Gives the lease back; `None` when there is none.
    pub(super) fn release(&self) -> Option<Action> {
        let Phase::Bound(lease) = &self.phase else { return None };
        let (source, to) = (lease.config.address, lease.server);
        let message = self.message(DhcpMessageType::Release, source, None, Some(to));
        Some(Action::Send { source, to, message })
    }

    fn broadcast(
        &self,
        kind: DhcpMessageType,
        address: Option<Ipv4Addr>,
        server: Option<Ipv4Addr>,
    ) -> Action {
        let message = self.message(kind, Ipv4Addr::UNSPECIFIED, address, server);
        Action::Send { source: Ipv4Addr::UNSPECIFIED, to: Ipv4Addr::BROADCAST, message }
    }

    fn message(
        &self,
        kind: DhcpMessageType,
        own: Ipv4Addr,
        requested: Option<Ipv4Addr>,
        server: Option<Ipv4Addr>,
    ) -> Vec<u8> {
        let asks = kind != DhcpMessageType::Release;
        let name = self.host_name.as_deref().filter(|_| asks);
        let name = name.map(|data| DhcpOption { kind: HOST_NAME, data });
        let repr = DhcpRepr {
            message_type: kind,
            transaction_id: self.xid,
            secs: 0,
            client_hardware_address: EthernetAddress(self.mac),
            client_ip: own,
            your_ip: Ipv4Addr::UNSPECIFIED,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: None,
            subnet_mask: None,
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: false,
            requested_ip: requested,
            client_identifier: Some(EthernetAddress(self.mac)),
            server_identifier: server,
            parameter_request_list: asks.then_some(PARAMETERS),
            dns_servers: None,
            max_size: asks.then_some(self.mtu),
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: name.as_slice(),
        };
        let mut bytes = vec![0; repr.buffer_len().max(MIN_MESSAGE)];
        // The buffer has the length the message asks for, which is the only way this can fail.
        let written = repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes[..]));
        debug_assert!(written.is_ok(), "the DHCP message does not fit the length it asked for");
        bytes
    }

    /// Looks at a received packet. `None`: not for a DHCP client. `Some`: it was, and this is to be done.
    pub(super) fn receive(&mut self, now: Instant, packet: &[u8]) -> Option<Option<Action>> {
        let ip = Ipv4Packet::new_checked(packet).ok()?;
        if ip.next_header() != IpProtocol::Udp || ip.more_frags() || ip.frag_offset() != 0 {
            return None;
        }
        let udp = UdpPacket::new_checked(ip.payload()).ok()?;
        if (udp.src_port(), udp.dst_port()) != (DHCP_SERVER_PORT, DHCP_CLIENT_PORT) {
            return None;
        }
        let (src, dst) = (ip.src_addr().into(), ip.dst_addr().into());
        if !ip.verify_checksum() || !udp.verify_checksum(&src, &dst) {
            return Some(None);
        }
        let action = DhcpPacket::new_checked(udp.payload())
            .ok()
            .and_then(|m| DhcpRepr::parse(&m).ok().and_then(|r| self.answer(now, &r)));
        Some(action)
    }

    fn answer(&mut self, now: Instant, reply: &DhcpRepr) -> Option<Action> {
        if reply.transaction_id != self.xid || reply.client_hardware_address.0 != self.mac {
            return None;
        }
        let server = reply.server_identifier?;
        match (&mut self.phase, reply.message_type) {
            (Phase::Discovering, DhcpMessageType::Offer) if super::is_unicast(reply.your_ip) => {
                self.phase = Phase::Requesting { server, address: reply.your_ip };
                self.tries = 0;
                self.at = now;
                None
            }
            (Phase::Requesting { .. }, DhcpMessageType::Ack) => self.bind(now, server, reply),
            (Phase::Bound(lease), DhcpMessageType::Ack) if lease.asked => self.bind(now, server, reply),
            (Phase::Requesting { .. }, DhcpMessageType::Nak) => {
                self.start_over(now);
                None
            }
            (Phase::Bound(lease), DhcpMessageType::Nak) if lease.asked => {
                self.start_over(now);
                Some(Action::Drop)
            }
            _ => None,
        }
    }

    fn bind(&mut self, now: Instant, server: Ipv4Addr, reply: &DhcpRepr) -> Option<Action> {
        let mask = u32::from(reply.subnet_mask?);
        let prefix_len = mask.leading_ones() as u8;
        if mask != super::ethernet::mask(prefix_len) || !super::is_unicast(reply.your_ip) {
            return None;
        }
        let lease = reply.lease_duration.filter(|s| *s > 0).map_or(DEFAULT_LEASE, u64::from);
        let named = [reply.renew_duration, reply.rebind_duration].map(|s| s.map(u64::from));
        let (renew, rebind) = match named {
            [Some(renew), Some(rebind)] if renew < rebind && rebind < lease => (renew, rebind),
            _ => (lease / 2, lease * 7 / 8),
        };
        let [lease, renew, rebind] = [lease, renew, rebind].map(Duration::from_secs);
        let config = Ipv4Config {
            address: reply.your_ip,
            prefix_len,
            gateway: reply.router,
            dns: reply
                .dns_servers
                .iter()
                .flatten()
                .copied()
                .filter(|s| super::is_unicast(*s))
                .take(DNS_SERVERS)
                .collect(),
            server: Some(server),
            lease: Some(lease),
        };
        let old = std::mem::replace(
            &mut self.phase,
            Phase::Bound(Box::new(Lease {
                config: config.clone(),
                server,
                asked: false,
                rebinds: 0,
                rebind_at: now + rebind,
                expires_at: now + lease,
                released: false,
            })),
        );
        self.at = now + renew;
        match old {
            Phase::Bound(lease) if lease.config == config => None,
            _ => Some(Action::Bind(config)),
        }
    }
}
