//! Pings: one ICMP echo request and its answer.

use std::net::IpAddr;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::icmp;
use smoltcp::wire::{
    IPV4_HEADER_LEN, IPV6_HEADER_LEN, Icmpv4Message, Icmpv4Packet, Icmpv6Message, Icmpv6Packet, IpProtocol,
    Ipv4Packet, Ipv6Packet,
};

use super::{Echo, MAX_DATAGRAM, PingState, Stack, packet};
use crate::time::{Duration, Instant};

/// One ping.
pub(super) struct Ping {
    to: IpAddr,
    state: PingState,
    started: Instant,
    deadline: Instant,
    ident: u16,
    /// True: `to` is a group or everybody, so the answer has another address.
    many: bool,
    /// `None` once it is over.
    handle: Option<SocketHandle>,
}

impl Stack {
    /// Sends an echo request with `payload_len` bytes (at most [`MAX_DATAGRAM`]) with the next poll.
    pub fn ping_start(&mut self, now: Instant, to: IpAddr, payload_len: usize, timeout: Duration) -> Echo {
        let mut ping = Ping {
            to,
            state: PingState::Unreachable,
            started: now,
            deadline: now,
            ident: 0,
            many: self.is_many(to),
            handle: None,
        };
        if !to.is_unspecified()
            && let Some(own) = self.source_for(to)
            && (ping.many || self.has_way(own, to))
        {
            let used = |i: u16| self.pings.values().any(|p| p.handle.is_some() && p.ident == i);
            let mut ident = self.ping_random.next_u64() as u16;
            while used(ident) {
                ident = ident.wrapping_add(1);
            }
            let data: Vec<u8> = (0..payload_len.min(MAX_DATAGRAM)).map(|i| i as u8).collect();
            // One more than the answer: the node's own request comes back when it pings itself.
            let room = 2 * (data.len() + 8);
            let received = icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; 4], vec![0; room]);
            let mut socket = icmp::Socket::new(received, icmp::PacketBuffer::new(Vec::new(), Vec::new()));
            // A new socket that is bound once: this cannot fail.
            let _ = socket.bind(icmp::Endpoint::Ident(ident));
            ping.handle = Some(self.sockets.add(socket));
            ping.state = PingState::Pending;
            ping.deadline = now + timeout;
            ping.ident = ident;
            let ip_ident = self.next_ident();
            self.outbox.push_back(packet::echo_request(own, to, ip_ident, ident, &data));
        }
        self.dirty = true;
        let id = Echo(self.next_handle());
        self.pings.insert(id, ping);
        id
    }

    /// How a ping stands.
    pub fn ping_state(&self, echo: Echo) -> PingState {
        self.pings.get(&echo).map_or(PingState::TimedOut, |p| p.state)
    }

    /// Reads answers and ends pings that waited too long.
    pub(super) fn run_pings(&mut self) {
        for ping in self.pings.values_mut() {
            let Some(handle) = ping.handle else { continue };
            let socket = self.sockets.get_mut::<icmp::Socket>(handle);
            while let Ok((message, from)) = socket.recv() {
                let kind = message.first().copied().unwrap_or_default();
                let reply = match ping.to {
                    IpAddr::V4(_) => Icmpv4Message::from(kind) == Icmpv4Message::EchoReply,
                    IpAddr::V6(_) => Icmpv6Message::from(kind) == Icmpv6Message::EchoReply,
                };
                if reply && (ping.many || IpAddr::from(from) == ping.to) {
                    ping.state = PingState::Reply { after: self.now.since(ping.started) };
                }
            }
            if ping.state == PingState::Pending && ping.deadline <= self.now {
                ping.state = PingState::TimedOut;
            }
            if ping.state != PingState::Pending {
                self.sockets.remove(handle);
                ping.handle = None;
            }
        }
    }

    /// A router's "unreachable" or "time exceeded" about one of our echo requests ends that ping.
    pub(super) fn read_icmp_error(&mut self, packet: &[u8]) {
        let Ok(ip) = Ipv4Packet::new_checked(packet) else { return };
        let Ok(message) = Icmpv4Packet::new_checked(ip.payload()) else { return };
        let error = matches!(message.msg_type(), Icmpv4Message::DstUnreachable | Icmpv4Message::TimeExceeded);
        // The quoted packet is cut off, which smoltcp's own reader does not accept.
        let quoted = message.data();
        if !error || !message.verify_checksum() || quoted.len() < IPV4_HEADER_LEN {
            return;
        }
        let header = Ipv4Packet::new_unchecked(quoted);
        let Some([_, _, _, _, high, low, ..]) = quoted.get(usize::from(header.header_len())..) else {
            return;
        };
        let ident = u16::from_be_bytes([*high, *low]);
        if header.next_header() != IpProtocol::Icmp {
            return;
        }
        self.end_ping(header.dst_addr().into(), ident);
    }

    /// The same in IPv6.
    pub(super) fn read_icmpv6_error(&mut self, packet: &[u8]) {
        let Ok(ip) = Ipv6Packet::new_checked(packet) else { return };
        let Ok(message) = Icmpv6Packet::new_checked(ip.payload()) else { return };
        let Some(quoted) = ip.payload().get(8..).filter(|q| q.len() >= IPV6_HEADER_LEN) else { return };
        if !message.verify_checksum(&ip.src_addr(), &ip.dst_addr()) {
            return;
        }
        let header = Ipv6Packet::new_unchecked(quoted);
        let Some([kind, _, _, _, high, low, ..]) = quoted.get(IPV6_HEADER_LEN..) else { return };
        let echo = Icmpv6Message::from(*kind) == Icmpv6Message::EchoRequest;
        if header.next_header() == IpProtocol::Icmpv6 && echo {
            self.end_ping(header.dst_addr().into(), u16::from_be_bytes([*high, *low]));
        }
    }

    fn end_ping(&mut self, to: IpAddr, ident: u16) {
        for ping in self.pings.values_mut() {
            if ping.state == PingState::Pending && ping.ident == ident && ping.to == to {
                ping.state = PingState::Unreachable;
            }
        }
    }

    pub(super) fn next_ping_timer(&self) -> Option<Instant> {
        self.pings.values().filter(|p| p.handle.is_some()).map(|p| p.deadline).min()
    }

    pub(super) fn fail_pings(&mut self) {
        for ping in self.pings.values_mut() {
            if let Some(handle) = ping.handle.take() {
                self.sockets.remove(handle);
                ping.state = PingState::Unreachable;
            }
        }
    }

    /// Forgets a ping, answered or not.
    pub fn ping_release(&mut self, echo: Echo) {
        if let Some(handle) = self.pings.remove(&echo).and_then(|p| p.handle) {
            self.sockets.remove(handle);
        }
    }
}
