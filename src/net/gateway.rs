//! The gateway: router, DHCP server and DNS server of every segment.
//!
//! It has an address on each segment. What is sent to one of its addresses goes to a stack of its own, which
//! answers ping and DNS and refuses TCP; everything else is forwarded. Where a segment has IPv6, [`ipv6`] announces
//! its prefix.

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Cidr,
    Ipv4Packet, UdpPacket,
};

use super::addr::{self, Mac};
use super::config::{DhcpAnswers, DnsBehaviour, GATEWAY, SegmentConfig};
use super::dhcp_server::{self, DhcpServer};
use super::dns_server::DnsServer;
use super::event::HostEvent;
use super::forward::{Hop, Problem, Routes, forwarded, icmp_error};
use super::neighbours::{Neighbours, Resolution};
use super::service::{Services, dns};
use super::stack::{Ipv4Config, Medium, Stack, StackConfig};
use super::{icmpv6, packet};
use crate::time::{Instant, earliest};
use crate::tournament::Tournament;

mod ipv6;

/// Something that the gateway sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// An Ethernet frame on a segment.
    Segment { segment: usize, frame: Vec<u8> },
    /// An IP packet on the link of a host beyond it.
    Host { host: usize, packet: Vec<u8> },
    /// What a captive portal has to tell.
    Portal { segment: usize, event: Box<HostEvent> },
}

/// The gateway's end of one segment.
struct Leg {
    address: Ipv4Cidr,
    ipv6: Option<ipv6::Announced>,
    mac: Mac,
    neighbours: Neighbours,
    dhcp: DhcpServer,
    /// Handles what is sent to the gateway's addresses.
    stack: Stack,
    dns: Option<dns::Server>,
    /// It forwards between this one and everything else.
    uplink: bool,
    /// It is a captive portal here: what it serves.
    portal: Option<Services>,
}

impl Leg {
    /// When anything here has something to do.
    fn due(&self) -> Option<Instant> {
        earliest([self.next_timer(), self.neighbours.next_timer()])
    }

    /// When its own stack, the DNS server and the advertisements have something to do.
    fn next_timer(&self) -> Option<Instant> {
        let dns = self.dns.as_ref().and_then(dns::Server::next_timer);
        let portal = self.portal.as_ref().and_then(Services::next_timer);
        earliest([
            self.stack.next_timer(),
            dns,
            portal,
            self.ipv6.as_ref().and_then(ipv6::Announced::next_timer),
        ])
    }

    /// True for an address of the gateway on it.
    fn has(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => address == self.address.address(),
            IpAddr::V6(address) => {
                self.ipv6.as_ref().is_some_and(|ipv6| address == addr::gateway_in(ipv6.prefix()))
                    || address == addr::link_local(self.mac)
            }
        }
    }
}

/// The gateway.
pub(super) struct Gateway {
    legs: Vec<Leg>,
    /// Modules and hosts of the world.
    nodes: usize,
    /// When each leg has something to do. Who changes that notes it ([`Gateway::note`]).
    timers: Tournament<Instant>,
    /// Its own addresses, on all legs.
    addresses: BTreeSet<IpAddr>,
    routes: Routes,
    dns: DnsServer,
    output: VecDeque<Output>,
}

impl Gateway {
    /// A gateway that is on no segment and knows no host yet, and may be on so many segments with so many nodes.
    pub(super) fn new(dns: DnsServer, segments: usize, nodes: usize) -> Self {
        let (timers, addresses) = (Tournament::new(segments), BTreeSet::new());
        Gateway {
            legs: Vec::new(),
            nodes,
            timers,
            addresses,
            routes: Routes::default(),
            dns,
            output: VecDeque::new(),
        }
    }

    /// Puts it on the next segment (they are counted from 0). DHCP never leases what is `reserved`.
    pub(super) fn add_segment(&mut self, config: &SegmentConfig, reserved: &[Ipv4Addr], mac: Mac, seed: u64) {
        let mut stack = Stack::new(&StackConfig {
            name: format!("{GATEWAY}/{}", config.name),
            seed,
            medium: Medium::Ip,
            mtu: 1500,
            // Nothing listens on TCP here.
            tcp_rx: 1024,
            tcp_tx: 1024,
        });
        stack.set_ipv4(Some(Ipv4Config {
            address: config.gateway,
            // What it sends goes through the routing table below: for the stack, everybody is at hand.
            prefix_len: 0,
            gateway: None,
            dns: Vec::new(),
            server: None,
            lease: None,
        }));
        let address = Ipv4Cidr::new(config.gateway, config.prefix_len);
        self.routes.add_segment(address, config.ipv6);
        self.addresses.insert(config.gateway.into());
        self.addresses.insert(addr::link_local(mac).into());
        self.addresses.extend(config.ipv6.map(|prefix| IpAddr::V6(addr::gateway_in(prefix))));
        let ipv6 = config.ipv6.map(|prefix| ipv6::Announced::new(prefix, mac, &mut stack));
        self.legs.push(Leg {
            address,
            ipv6,
            mac,
            neighbours: Neighbours::new(self.nodes),
            dhcp: DhcpServer::new(config, reserved.iter().copied().filter(|own| address.contains_addr(own))),
            dns: dns::Server::new(&mut stack).ok(),
            stack,
            uplink: true,
            portal: None,
        });
        let leg = self.legs.len() - 1;
        self.set_uplink(leg, config.uplink);
        self.set_captive(Instant::ZERO, leg, config.captive);
        self.note(leg);
    }

    /// What this leg has to do, or when, may have changed.
    fn note(&mut self, leg: usize) {
        self.timers.set(leg, self.legs[leg].due());
    }

    /// What its DHCP server on this segment answers from now on.
    pub(super) fn dhcp_answers(&mut self, segment: usize) -> Option<&mut DhcpAnswers> {
        self.legs.get_mut(segment).map(|leg| &mut leg.dhcp.answers)
    }

    /// How its DNS server behaves from now on.
    pub(super) fn dns_behaviour(&mut self) -> &mut DnsBehaviour {
        &mut self.dns.behaviour
    }

    /// Cuts the way from a segment to everything else, or opens it. Without it names have no answer either.
    pub(super) fn set_uplink(&mut self, leg: usize, up: bool) {
        if let Some(leg) = self.legs.get_mut(leg) {
            leg.uplink = up;
        }
        self.choose_names(leg);
    }

    /// Begins or ends to be a captive portal on a segment: every name is the gateway, where an HTTP server sends
    /// everybody to its own page, and nothing is forwarded.
    pub(super) fn set_captive(&mut self, now: Instant, leg: usize, captive: bool) {
        let Some(own) = self.legs.get_mut(leg) else { return };
        match (captive, own.portal.take()) {
            (true, None) => own.portal = Services::portal(&mut own.stack, own.address.address()).ok(),
            (true, portal) => own.portal = portal,
            (false, Some(portal)) => portal.stop(&mut own.stack),
            (false, None) => {}
        }
        self.choose_names(leg);
        self.run_stack(now, leg);
    }

    fn choose_names(&mut self, leg: usize) {
        let Some(Leg { dns: Some(dns), uplink, portal, address, .. }) = self.legs.get_mut(leg) else {
            return;
        };
        dns.names = match (portal, *uplink) {
            (Some(_), _) => dns::Names::All(address.address()),
            (None, true) => dns::Names::Own,
            (None, false) => dns::Names::Silent,
        };
    }

    /// Whether the gateway carries nothing between two of its sides.
    fn is_cut(&self, src: IpAddr, to: Hop) -> bool {
        let from = match self.routes.lookup(src) {
            Some((Hop::Segment(leg), _)) => Some(leg),
            _ => None,
        };
        let to = if let Hop::Segment(leg) = to { Some(leg) } else { None };
        let cut = |leg: &usize| self.legs.get(*leg).is_some_and(|leg| !leg.uplink || leg.portal.is_some());
        from != to && (from.iter().any(cut) || to.iter().any(cut))
    }

    /// The routing table.
    pub(super) fn routes_mut(&mut self) -> &mut Routes {
        &mut self.routes
    }

    /// The address that DHCP has leased to `mac` on this segment.
    pub(super) fn leased(&self, now: Instant, segment: usize, mac: Mac) -> Option<Ipv4Addr> {
        self.legs.get(segment)?.dhcp.leased(now, mac)
    }

    /// The next thing to send, until there is none.
    pub(super) fn take_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// When [`Gateway::poll`] has something to do.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.timers.least()
    }

    /// Lets timers up to `now` fire.
    pub(super) fn poll(&mut self, now: Instant) {
        let mut due = BTreeSet::new();
        while let Some((_, leg)) = self.timers.first().filter(|(time, _)| *time <= now) {
            self.timers.set(leg, None);
            due.insert(leg);
        }
        for leg in due {
            let overdue = self.legs[leg].neighbours.overdue(now);
            for address in overdue.ask {
                self.ask(leg, address);
            }
            for packet in overdue.undeliverable {
                self.complain(now, Problem::HostUnreachable, &packet);
            }
            self.advertise_when_due(now, leg);
            if self.legs[leg].next_timer().is_some_and(|t| t <= now) {
                self.run_stack(now, leg);
            }
            self.note(leg);
        }
    }

    /// A frame arrives from a segment.
    pub(super) fn receive_frame(&mut self, now: Instant, leg: usize, frame: &[u8]) {
        self.open_frame(now, leg, frame);
        self.note(leg);
    }

    fn open_frame(&mut self, now: Instant, leg: usize, frame: &[u8]) {
        let Ok(frame) = EthernetFrame::new_checked(frame) else {
            return;
        };
        match frame.ethertype() {
            EthernetProtocol::Arp => self.receive_arp(leg, frame.payload()),
            EthernetProtocol::Ipv4 => {
                let mine = frame.dst_addr() == EthernetAddress(self.legs[leg].mac);
                if !mine && frame.dst_addr().is_unicast() {
                    return;
                }
                if let Some(bytes) = packet::trim_ipv4(frame.payload()) {
                    self.receive_on_segment(now, leg, frame.src_addr(), mine, bytes);
                }
            }
            EthernetProtocol::Ipv6 => {
                if let Some(bytes) = packet::trim_ipv6(frame.payload()) {
                    let mine = frame.dst_addr() == EthernetAddress(self.legs[leg].mac);
                    self.receive_ipv6(now, leg, mine, bytes);
                }
            }
            _ => {}
        }
    }

    /// An IP packet arrives from a host beyond the gateway.
    pub(super) fn receive_packet(&mut self, now: Instant, bytes: &[u8]) {
        let whole = if packet::is_ipv6(bytes) { packet::trim_ipv6(bytes) } else { packet::trim_ipv4(bytes) };
        if let Some(bytes) = whole {
            self.route(now, bytes);
        }
    }

    fn receive_arp(&mut self, leg: usize, payload: &[u8]) {
        let Ok(arp) = ArpPacket::new_checked(payload).and_then(|p| ArpRepr::parse(&p)) else {
            return;
        };
        let ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr: mac,
            source_protocol_addr: sender,
            target_protocol_addr: target,
            ..
        } = arp
        else {
            return;
        };
        self.learn(leg, sender, mac);
        let Leg { address, mac: own, .. } = self.legs[leg];
        if operation == ArpOperation::Request && target == address.address() && mac.is_unicast() {
            let frame = packet::arp(ArpOperation::Reply, (own, target), (mac.0, sender), mac.0);
            self.output.push_back(Output::Segment { segment: leg, frame });
        }
    }

    fn receive_on_segment(
        &mut self,
        now: Instant,
        leg: usize,
        from: EthernetAddress,
        mine: bool,
        bytes: &[u8],
    ) {
        let packet = Ipv4Packet::new_unchecked(bytes);
        let (src, dst) = (packet.src_addr(), packet.dst_addr());
        self.learn(leg, src, from);
        let address = self.legs[leg].address.address();
        let to_server = dst == address || dst == Ipv4Addr::BROADCAST;
        if to_server
            && packet.next_header() == IpProtocol::Udp
            && packet.frag_offset() == 0
            && let Ok(udp) = UdpPacket::new_checked(packet.payload())
            && udp.dst_port() == dhcp_server::SERVER_PORT
        {
            if udp.verify_checksum(&src.into(), &dst.into()) {
                self.serve_dhcp(now, leg, udp.payload());
            }
        } else if mine {
            self.route(now, bytes);
        }
    }

    fn serve_dhcp(&mut self, now: Instant, leg: usize, payload: &[u8]) {
        let Leg { address, mac, dhcp, .. } = &mut self.legs[leg];
        if let Some(reply) = dhcp.answer(now, payload) {
            let server = SocketAddrV4::new(address.address(), dhcp_server::SERVER_PORT);
            let client = SocketAddrV4::new(reply.ip, dhcp_server::CLIENT_PORT);
            let bytes = packet::udp(server, client, &reply.payload);
            let frame = packet::ethernet(reply.mac, *mac, EthernetProtocol::Ipv4, &bytes);
            self.output.push_back(Output::Segment { segment: leg, frame });
        }
    }

    /// `address` was seen at `mac`: remembers it, and sends what waited for it.
    fn learn(&mut self, leg: usize, address: Ipv4Addr, mac: EthernetAddress) {
        let Leg { address: own, neighbours, mac: from, .. } = &mut self.legs[leg];
        let neighbour = own.contains_addr(&address)
            && address != own.address()
            && Some(address) != own.broadcast()
            && address != own.network().address();
        if !neighbour || !mac.is_unicast() {
            return;
        }
        for packet in neighbours.learn(address.into(), mac.0) {
            let frame = packet::frame(mac.0, *from, &packet);
            self.output.push_back(Output::Segment { segment: leg, frame });
        }
    }

    /// Sends a well-formed packet that came from somewhere on to where it belongs.
    fn route(&mut self, now: Instant, bytes: &[u8]) {
        let (src, dst) = packet::ends(bytes);
        if !addr::is_unicast(src) || self.addresses.contains(&src) {
            return;
        }
        match self.routes.lookup(dst) {
            None => self.complain(now, Problem::NetUnreachable, bytes),
            Some((Hop::Nowhere, _)) => {}
            Some((Hop::Local(leg), _)) => {
                self.legs[leg].stack.receive(bytes.to_vec());
                self.run_stack(now, leg);
            }
            Some((hop, _)) if self.is_cut(src, hop) => {}
            Some((hop, mtu)) => match forwarded(bytes, mtu) {
                Ok(packets) => packets.into_iter().for_each(|packet| self.emit(now, hop, dst, packet)),
                Err(problem) => self.complain(now, problem, bytes),
            },
        }
    }

    /// Tells the sender of `original` why it goes no further.
    fn complain(&mut self, now: Instant, problem: Problem, original: &[u8]) {
        let (sender, _) = packet::ends(original);
        // It speaks with its address on the sender's side. Links to hosts beyond it have none, so there it
        // uses its first one.
        let leg = match self.routes.lookup(sender) {
            Some((Hop::Segment(leg), _)) => leg,
            _ => 0,
        };
        let own = self.legs.get(leg).and_then(|l| match sender {
            IpAddr::V4(_) => Some(IpAddr::V4(l.address.address())),
            IpAddr::V6(_) => l.ipv6.as_ref().map(|ipv6| IpAddr::V6(addr::gateway_in(ipv6.prefix()))),
        });
        if let Some(packet) = own.and_then(|own| icmp_error(problem, own, original)) {
            self.send_own(now, leg, packet);
        }
    }

    /// Sends a packet that the gateway made on this leg. It leaves there when its destination belongs to a link.
    fn send_own(&mut self, now: Instant, leg: usize, bytes: Vec<u8>) {
        let (_, dst) = packet::ends(&bytes);
        let hop = match dst {
            IpAddr::V6(dst) if dst.is_unicast_link_local() => Some(Hop::Segment(leg)),
            _ => self.routes.lookup(dst).map(|(hop, _)| hop),
        };
        if let Some(hop) = hop {
            self.emit(now, hop, dst, bytes);
        }
    }

    fn emit(&mut self, now: Instant, hop: Hop, dst: IpAddr, packet: Vec<u8>) {
        match hop {
            Hop::Host(host) => self.output.push_back(Output::Host { host, packet }),
            Hop::Segment(segment) => {
                let leg = &mut self.legs[segment];
                match leg.neighbours.resolve(now, dst, packet) {
                    Resolution::Known(mac, packet) => {
                        let frame = packet::frame(mac, leg.mac, &packet);
                        self.output.push_back(Output::Segment { segment, frame });
                    }
                    Resolution::Ask => self.ask(segment, dst),
                    Resolution::Asked => {}
                    // Its sender learns of it, and so does who looks at the capture.
                    Resolution::Full(packet) => self.complain(now, Problem::HostUnreachable, &packet),
                }
                self.note(segment);
            }
            // The gateway has nothing to say to itself.
            Hop::Local(_) | Hop::Nowhere => {}
        }
    }

    fn ask(&mut self, leg: usize, address: IpAddr) {
        let Leg { address: own, mac, .. } = self.legs[leg];
        let frame = match address {
            IpAddr::V4(address) => {
                let everybody = EthernetAddress::BROADCAST.0;
                packet::arp(ArpOperation::Request, (mac, own.address()), ([0; 6], address), everybody)
            }
            IpAddr::V6(address) => {
                let group = addr::solicited_node(address);
                let question = icmpv6::neighbor_solicit(mac, addr::link_local(mac), address, group);
                packet::frame(addr::group_mac(group), mac, &question)
            }
        };
        self.output.push_back(Output::Segment { segment: leg, frame });
    }

    /// Lets a leg's own stack and the DNS server act, and sends what they have to say.
    fn run_stack(&mut self, now: Instant, leg: usize) {
        let Leg { stack, dns, portal, .. } = &mut self.legs[leg];
        stack.poll(now);
        if let Some(server) = dns
            && server.poll(now, stack, &self.dns, None)
        {
            stack.poll(now);
        }
        if let Some(portal) = portal {
            while portal.poll(now, stack) {
                stack.poll(now);
            }
            while let Some(event) = portal.take_event() {
                self.output.push_back(Output::Portal { segment: leg, event: Box::new(event) });
            }
        }
        while let Some(packet) = self.legs[leg].stack.take_frame() {
            self.send_own(now, leg, packet);
        }
        self.note(leg);
    }
}
