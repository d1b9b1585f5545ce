//! One node's IP stack: the module's, a host's, or the gateway's own addresses.
//!
//! What is made here has a handle of its own type: a [`Connection`] for `stream_*`, a [`Listener`], a [`Port`] for
//! `udp_*`, a [`Question`] for `dns_*`, an [`Echo`] for `ping_*`. Who has made one releases it.
//!
//! TCP, ICMP echo and IPv4's reassembly are smoltcp's; Ethernet, ARP and IPv6's neighbour discovery, the addresses
//! and groups of IPv6, the DHCP and DNS clients, UDP sending and every timeout of a connection are done here, the
//! way lwIP does them on the real module.
//!
//! The stack is sans-IO. Frames are pushed in with [`Stack::receive`], time with [`Stack::poll`], frames to
//! send are pulled out with [`Stack::take_frame`]. The contract with the owner:
//! - After every call that may have something to send (receive, connect, send, recv, close, ...) the owner
//!   calls `poll` at that same instant, then takes the frames.
//! - It calls `poll` at [`Stack::next_timer`] at the latest.
//!
//! Under this contract extra polls change nothing, neither what is sent nor when: a poll with nothing
//! received, nothing asked for and no timer due returns at once, and what is due at an instant happens before
//! frames of that instant are looked at, which are looked at one by one.

mod address;
mod autoconf;
mod device;
mod dhcp;
mod dns;
mod ethernet;
mod ipv6;
mod lan;
mod layer;
mod nd;
mod packet;
mod ping;
mod reassembly;
mod secure;
mod stream;
mod tcp;
#[cfg(test)]
pub(crate) mod tests;
mod toxic;
mod types;
mod udp;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use smoltcp::iface::{Interface, PollResult, SocketSet};
use smoltcp::wire::{HardwareAddress, IgmpPacket, IgmpRepr, IpProtocol, Ipv4Packet};

pub use self::lan::{LanConfig, LanLeases};
pub use self::layer::{Handshake, Secure};
pub use self::types::*;
use crate::net::toxics::{Poisoned, Toxics};
use crate::rng::{self, Stream};
use crate::time::{Duration, Instant};

/// Largest UDP or ping payload in bytes. What is larger than the MTU is sent in fragments.
pub const MAX_DATAGRAM: usize = 16_376;
/// How many datagrams may wait in a UDP socket, in each direction.
pub const UDP_QUEUE: usize = 32;
/// First ephemeral port; the last is 65535.
const EPHEMERAL: u16 = 49_152;

/// One node's IP stack. The module's documentation has the contract.
pub struct Stack {
    name: String,
    seed: u64,
    mtu: u16,
    tcp_buffers: (usize, usize),
    /// `None` on a point-to-point link.
    ethernet: Option<ethernet::Ethernet>,
    /// The second interface.
    lan: Option<lan::Lan>,
    up: bool,
    ipv4: Option<Ipv4Config>,
    dns_servers: Vec<IpAddr>,
    /// Set: leases and addresses leave the servers alone.
    pinned_dns: bool,
    groups: BTreeSet<Ipv4Addr>,
    /// IPv6 addresses are found by themselves.
    ipv6_enabled: bool,
    ipv6: Option<autoconf::Ipv6>,
    ipv6_groups: BTreeSet<Ipv6Addr>,
    ipv6_events: VecDeque<Ipv6Event>,
    reassembly: reassembly::Reassembly,
    /// Nothing is put together: see [`Stack::drop_fragments`].
    drops_fragments: bool,
    /// When ticks of neighbour discovery are.
    nd_random: Stream,
    dhcp: Option<dhcp::Client>,
    dhcp_events: VecDeque<DhcpEvent>,
    /// The stream of the DHCP client while none runs.
    dhcp_random: Option<Stream>,

    /// Boxed: smoltcp keeps its fragmentation buffer in it, and a world is to be made on a small stack.
    iface: Box<Interface>,
    sockets: SocketSet<'static>,
    device: device::Queues,

    last_handle: u64,
    connections: BTreeMap<Connection, tcp::Tcb>,
    listeners: BTreeMap<Listener, tcp::Listening>,
    ports: BTreeMap<Port, udp::Bound>,
    pings: BTreeMap<Echo, ping::Ping>,
    questions: BTreeMap<Question, dns::Lookup>,
    known: dns::Known,
    /// TLS sessions made so far: each draws from a stream of its own.
    tls_count: u64,
    handshakes: VecDeque<Handshake>,
    secrets: VecDeque<String>,
    /// What is done to the connections of ports that have something of their own, and of the others.
    toxics: BTreeMap<u16, Toxics>,
    every_port: Toxics,
    garbling: Stream,
    poisoned: VecDeque<(u16, SocketAddr, Poisoned)>,
    /// The ephemeral ports given out last.
    last_tcp_port: u16,
    last_udp_port: u16,
    ping_random: Stream,
    dns_random: Stream,
    ip_ident: u16,

    /// The instant of the poll that runs, or ran last.
    now: Instant,
    next: Option<Instant>,
    /// True when a call since the last poll may have made something to send.
    dirty: bool,
    /// Frames that arrived.
    received: VecDeque<Vec<u8>>,
    /// Packets that the stack made itself, before routing.
    outbox: VecDeque<Vec<u8>>,
    /// Packets that the node sent to its own address.
    looped: VecDeque<Vec<u8>>,
    /// Frames to send.
    frames: VecDeque<Vec<u8>>,
}

/// smoltcp counts microseconds: down, so that a timer fires at the first nanosecond of its microsecond.
fn micros(t: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros((t.as_nanos() / 1_000) as i64)
}

/// The size of a TCP buffer: at least one segment of the smallest MTU.
fn tcp_buffer(wanted: usize) -> usize {
    wanted.clamp(536, 1 << 24)
}

/// True for an address that one host can have.
fn is_unicast(address: Ipv4Addr) -> bool {
    !(address.is_unspecified() || address.is_multicast() || address.is_broadcast())
}

impl Stack {
    /// A stack that is up and has no address.
    ///
    /// A node keeps its stack for as long as the world lives; when its power goes that is
    /// [`set_up`](Self::set_up)`(now, false)`. A second stack of the same name and seed would draw the same
    /// ports and sequence numbers again.
    pub fn new(config: &StackConfig) -> Stack {
        let mtu = config.mtu.clamp(576, 1500);
        let mut device = device::Queues::new(usize::from(mtu));
        let stream = |what: &str| Stream::new(config.seed, &format!("node/{}/{what}", config.name));
        let mut interface = smoltcp::iface::Config::new(HardwareAddress::Ip);
        interface.random_seed = rng::derive(config.seed, &format!("node/{}/tcp", config.name));
        let iface = Box::new(Interface::new(interface, &mut device, micros(Instant::ZERO)));
        let mut ports = stream("ports");
        let mut port = || ports.between(u64::from(EPHEMERAL), u64::from(u16::MAX)) as u16;
        Stack {
            name: config.name.clone(),
            seed: config.seed,
            mtu,
            tcp_buffers: (tcp_buffer(config.tcp_rx), tcp_buffer(config.tcp_tx)),
            ethernet: match config.medium {
                Medium::Ethernet { mac } => Some(ethernet::Ethernet::new(mac)),
                Medium::Ip => None,
            },
            lan: None,
            up: true,
            ipv4: None,
            dns_servers: Vec::new(),
            pinned_dns: false,
            groups: BTreeSet::new(),
            ipv6_enabled: false,
            ipv6: None,
            ipv6_groups: BTreeSet::new(),
            ipv6_events: VecDeque::new(),
            reassembly: reassembly::Reassembly::default(),
            drops_fragments: false,
            nd_random: stream("nd"),
            dhcp: None,
            dhcp_events: VecDeque::new(),
            dhcp_random: Some(stream("dhcp")),
            iface,
            sockets: SocketSet::new(Vec::new()),
            device,
            last_handle: 0,
            connections: BTreeMap::new(),
            listeners: BTreeMap::new(),
            ports: BTreeMap::new(),
            pings: BTreeMap::new(),
            questions: BTreeMap::new(),
            known: dns::Known::default(),
            tls_count: 0,
            handshakes: VecDeque::new(),
            secrets: VecDeque::new(),
            toxics: BTreeMap::new(),
            every_port: Toxics::default(),
            garbling: stream("garble"),
            poisoned: VecDeque::new(),
            last_tcp_port: port(),
            last_udp_port: port(),
            ping_random: stream("ping"),
            dns_random: stream("dns"),
            ip_ident: stream("ip").next_u64() as u16,
            now: Instant::ZERO,
            next: None,
            dirty: false,
            received: VecDeque::new(),
            outbox: VecDeque::new(),
            looped: VecDeque::new(),
            frames: VecDeque::new(),
        }
    }

    /// Drops datagrams that come in fragments from now on, as lwIP does that was built without reassembly.
    pub fn drop_fragments(&mut self) {
        self.drops_fragments = true;
    }

    /// The node's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The node's Ethernet address; `None` on a point-to-point link.
    pub fn mac(&self) -> Option<[u8; 6]> {
        self.ethernet.as_ref().map(ethernet::Ethernet::mac)
    }

    /// The number of the next handle, of whatever kind.
    fn next_handle(&mut self) -> u64 {
        self.last_handle += 1;
        self.last_handle
    }

    /// A frame (Ethernet) or packet (point-to-point) has arrived. The next poll looks at it.
    pub fn receive(&mut self, frame: Vec<u8>) {
        if self.up {
            self.received.push_back(frame);
        }
    }

    /// Does everything that is to be done at `now`, until the stack is quiet.
    pub fn poll(&mut self, now: Instant) {
        if self.dirty || self.next.is_some_and(|t| t <= now) {
            self.settle(now);
        }
        while let Some(frame) = self.received.pop_front() {
            self.now = self.now.max(now);
            self.open_frame(frame);
            self.settle(now);
        }
        while let Some(frame) = self.lan.as_mut().and_then(|lan| lan.received.pop_front()) {
            self.now = self.now.max(now);
            self.open_lan_frame(frame);
            self.settle(now);
        }
    }

    /// When `poll` must be called at the latest; later than the last poll. `None`: not before something
    /// arrives or is asked for. Valid after a poll.
    pub fn next_timer(&self) -> Option<Instant> {
        self.next
    }

    /// Takes the next frame to send, in order. It leaves at the instant of the last poll.
    pub fn take_frame(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    /// Sends what is ready and runs what is due, until nothing is.
    fn settle(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.dirty = false;
        // Before smoltcp sends: it would probe a peer once more in the instant in which it is given up.
        self.run_tcp();
        loop {
            self.send_own();
            self.egress();
            if let Some(packet) = self.looped.pop_front() {
                self.open_packet(packet);
                continue;
            }
            let moved = self.run_dhcp() | self.run_tcp() | self.run_tls();
            self.run_pings();
            let moved = moved | self.run_questions() | self.run_toxics();
            self.run_ipv6();
            if let Some(ethernet) = &mut self.ethernet {
                ethernet.run(self.now, &mut self.frames);
            }
            if let Some(lan) = &mut self.lan {
                lan.ethernet.run(self.now, &mut lan.frames);
            }
            if !moved && self.outbox.is_empty() && self.looped.is_empty() {
                break;
            }
        }
        self.next = self.find_next_timer();
    }

    fn find_next_timer(&mut self) -> Option<Instant> {
        let us = micros(self.now);
        // smoltcp may name an instant at which it has nothing to do any more: then it is asked again one
        // microsecond later.
        let smoltcp = self.iface.poll_at(us, &self.sockets).map(|at| {
            let at = at.total_micros().max(us.total_micros() + 1);
            Instant::from_nanos((at as u64).saturating_mul(1_000))
        });
        let own = [
            smoltcp,
            self.dhcp.as_ref().map(dhcp::Client::next_timer),
            self.ethernet.as_ref().and_then(ethernet::Ethernet::next_timer),
            self.lan.as_ref().and_then(|lan| lan.ethernet.next_timer()),
            self.next_ipv6_timer(),
            self.next_tcp_timer(),
            self.next_tls_timer(),
            self.next_toxic_timer(),
            self.next_ping_timer(),
            self.next_question_timer(),
        ];
        let next = own.into_iter().flatten().min()?;
        Some(next.max(self.now + Duration::from_nanos(1)))
    }

    /// Lets smoltcp send all it can at this instant.
    fn egress(&mut self) {
        loop {
            let result = self.iface.poll_egress(micros(self.now), &mut self.device, &mut self.sockets);
            let sent = !self.device.tx.is_empty();
            while let Some(packet) = self.device.tx.pop_front() {
                self.note_segment(&packet);
                self.route(packet);
            }
            self.follow_tcp();
            // smoltcp reports nothing while it sends the fragments of one packet, one for each call.
            if result == PollResult::None && !sent {
                break;
            }
        }
    }

    /// Sends the packets that the stack made itself.
    fn send_own(&mut self) {
        for port in self.ports.values_mut() {
            port.queued = 0;
        }
        while let Some(packet) = self.outbox.pop_front() {
            for fragment in crate::net::packet::fragments(packet, usize::from(self.mtu)) {
                self.route(fragment);
            }
        }
    }

    fn next_ident(&mut self) -> u16 {
        self.ip_ident = self.ip_ident.wrapping_add(1);
        self.ip_ident
    }

    /// Where a packet for `to` goes first; `None` when there is no way.
    fn next_hop(&self, to: Ipv4Addr) -> Option<Ipv4Addr> {
        if self.is_on_lan(to) {
            return Some(to);
        }
        let config = self.ipv4.as_ref()?;
        if self.ethernet.is_none() || ethernet::on_link((config.address, config.prefix_len), to) {
            return Some(to);
        }
        config.gateway
    }

    /// True for 255.255.255.255 and the broadcast addresses of the node's own networks.
    fn is_broadcast(&self, to: Ipv4Addr) -> bool {
        to.is_broadcast()
            || self.lan.as_ref().is_some_and(|lan| lan.is_broadcast(to))
            || self.ipv4.as_ref().is_some_and(|c| {
                let host_bits = !ethernet::mask(c.prefix_len);
                c.prefix_len < 31
                    && ethernet::on_link((c.address, c.prefix_len), to)
                    && u32::from(to) & host_bits == host_bits
            })
    }

    /// True when there is a way from the own address `from` to `to`.
    fn has_way(&self, from: IpAddr, to: IpAddr) -> bool {
        match (from, to) {
            (IpAddr::V4(_), IpAddr::V4(to)) => self.next_hop(to).is_some(),
            (IpAddr::V6(from), IpAddr::V6(to)) => self.has_ipv6_way(from, to),
            _ => false,
        }
    }

    /// The address from which packets for `to` come.
    fn source_for(&self, to: IpAddr) -> Option<IpAddr> {
        match to {
            IpAddr::V4(to) => self.ipv4_source_for(to).map(IpAddr::V4),
            IpAddr::V6(to) => self.ipv6_source_for(to).map(IpAddr::V6),
        }
    }

    /// True for a group, and for everybody in a network.
    fn is_many(&self, to: IpAddr) -> bool {
        to.is_multicast() || matches!(to, IpAddr::V4(to) if self.is_broadcast(to))
    }

    /// Puts a packet into a frame and sends it, now or when its neighbour is known.
    fn route(&mut self, packet: Vec<u8>) {
        if packet.first().is_some_and(|first| first >> 4 == 6) {
            return self.route_ipv6(packet);
        }
        let Ok(header) = Ipv4Packet::new_checked(&packet[..]) else { return };
        let (from, to) = (header.src_addr(), header.dst_addr());
        if let Some(lan) = &mut self.lan
            && lan.carries(from, to)
        {
            if lan.address == to {
                self.looped.push_back(packet);
            } else {
                lan.send(self.now, to, packet);
            }
            return;
        }
        if !self.up {
            return;
        }
        if self.ipv4.as_ref().is_some_and(|c| c.address == to) {
            self.looped.push_back(packet);
            return;
        }
        let broadcast = self.is_broadcast(to);
        let hop = self.next_hop(to);
        let own = self.ipv4.as_ref().map(|c| c.address);
        let Some(ethernet) = &mut self.ethernet else {
            self.frames.push_back(packet);
            return;
        };
        if broadcast {
            ethernet.send_broadcast(&packet, &mut self.frames);
        } else if to.is_multicast() {
            ethernet.send_multicast(to.into(), &packet, &mut self.frames);
        } else if let (Some(hop), Some(own)) = (hop, own) {
            ethernet.send(self.now, own.into(), hop.into(), packet, &mut self.frames);
        }
    }

    fn open_frame(&mut self, frame: Vec<u8>) {
        let Some(ethernet) = &mut self.ethernet else { return self.open_packet(frame) };
        match ethernet.open(frame) {
            Some(ethernet::Frame::Ipv4(packet) | ethernet::Frame::Ipv6(packet)) => self.open_packet(packet),
            Some(ethernet::Frame::Arp(message)) => {
                let own = self.ipv4.as_ref().map(|c| (c.address, c.prefix_len));
                ethernet.arp(self.now, own, &message, &mut self.frames);
            }
            None => {}
        }
    }

    /// Looks at one packet: what the stack handles itself stays here, the rest is smoltcp's.
    fn open_packet(&mut self, packet: Vec<u8>) {
        if packet.first().is_some_and(|first| first >> 4 == 6) {
            return self.open_ipv6(packet, ipv6::Side::First);
        }
        if let Some(action) = self.dhcp.as_mut().and_then(|c| c.receive(self.now, &packet)) {
            if let Some(action) = action {
                self.act(action);
            }
            return;
        }
        let Ok(ip) = Ipv4Packet::new_checked(&packet[..]) else { return };
        if ip.version() != 4 {
            return;
        }
        let whole = !ip.more_frags() && ip.frag_offset() == 0;
        match ip.next_header() {
            IpProtocol::Igmp => return self.answer_group_query(&packet),
            IpProtocol::Icmp if whole => self.read_icmp_error(&packet),
            IpProtocol::Tcp if whole && !self.admit_segment(&packet) => return,
            _ => {}
        }
        self.hand_to_smoltcp(packet);
    }

    fn hand_to_smoltcp(&mut self, packet: Vec<u8>) {
        if self.drops_fragments && packet::is_fragment(&packet) {
            return;
        }
        self.device.rx.push_back(packet);
        self.iface.poll_ingress_single(micros(self.now), &mut self.device, &mut self.sockets);
        self.follow_tcp();
    }

    /// Answers a membership query at once. smoltcp would answer after a delay that its timer does not name.
    fn answer_group_query(&mut self, packet: &[u8]) {
        let Ok(ip) = Ipv4Packet::new_checked(packet) else { return };
        let Ok(message) = IgmpPacket::new_checked(ip.payload()) else { return };
        if let Ok(IgmpRepr::MembershipQuery { group_addr, .. }) = IgmpRepr::parse(&message) {
            self.report_groups(|group| group_addr.is_unspecified() || group_addr == group);
        }
    }

    fn report_groups(&mut self, wanted: impl Fn(Ipv4Addr) -> bool) {
        let Some(own) = self.ipv4.as_ref().map(|c| c.address) else { return };
        let reports = self.groups.iter().filter(|g| wanted(**g)).map(|g| packet::group_report(own, *g));
        self.outbox.extend(reports);
    }
}
