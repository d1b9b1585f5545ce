//! The whole network as the world sees it: modules' frames go in, frames for modules come out.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use super::addr::{ETHERNET_HEADER, mac_address};
use super::check::{NetError, check};
use super::config::{GATEWAY, HostConfig, LinkFaults, NetConfig};
use super::dns_server::DnsServer;
use super::event::{GuestEvent, HostEvent, TlsEvent, ToxicEvent};
use super::gateway::{Gateway, Output};
use super::host::{Host, Timer};
use super::link::Link;
use super::segment::{Port, Segment};
use super::stack::{DhcpEvent, Handshake};
use crate::event::{Key, Kind, Queue, Rank};
use crate::time::Instant;

mod act;
mod lan;
mod passage;
mod softap;

pub use super::types::*;

struct Module {
    rank: Rank,
    link: Link,
    /// The segment it has joined, as its own side sees it.
    joined: Option<usize>,
    /// The access point through which it has, by its segment.
    via: Option<usize>,
    /// How strong it hears access points, dBm, by their segments: where that is not as with the others.
    heard: BTreeMap<usize, i8>,
    /// The segment on which its frames are delivered.
    member: Option<usize>,
    /// Its station as that segment has seen it.
    station: Option<act::Station>,
    /// The address that it used last on its softAP.
    softap_address: Option<Ipv4Addr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Gateway,
    Host(usize),
}

enum Event {
    /// A frame comes out of a link at a segment's switch.
    AtSwitch { segment: usize, from: Port, frame: Vec<u8> },
    /// A packet comes out of a host's link at the gateway.
    AtGateway { packet: Vec<u8> },
    /// A frame comes out of its link at a host.
    AtHost { host: usize, frame: Vec<u8>, why: Option<&'static str> },
    /// A node's timer may have something to do.
    Timer(Node),
    /// A module is from now on a station of this segment, or of none.
    Membership { module: usize, segment: Option<usize> },
    /// A driver's cable is plugged in, or pulled out.
    Cable { port: usize, plugged: bool },
}

/// Who has something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Teller {
    /// A host.
    Host(usize),
    /// The captive portal of a segment.
    Portal(usize),
}

/// The simulated network: gateway, segments, hosts and links.
///
/// It moves only in [`Network::step`], one event at a time, and in order. Inputs come at the time to which it
/// has moved or later; those of one module come in the order of time.
pub struct Network {
    queue: Queue<Event>,
    /// Time of the last event.
    now: Instant,
    gateway: Gateway,
    gateway_rank: Rank,
    gateway_timer: Timer,
    segments: Vec<Segment>,
    hosts: Vec<Host>,
    modules: Vec<Module>,
    /// The first rank that no node has.
    ranks_end: Rank,
    deliveries: VecDeque<Delivery>,
    taps: Vec<TapInfo>,
    tapping: bool,
    tapped: VecDeque<TapRecord>,
    events: VecDeque<(Instant, Teller, HostEvent)>,
    secrets: VecDeque<(Instant, String)>,
    /// What real programs are to be told, if anybody carries it: host, port, number of the connection, and what.
    externals: VecDeque<(usize, u16, u32, ExternalOutput)>,
    reaches_out: bool,
    /// Cables of drivers, in the order in which they came: the segment of each.
    cables: Vec<usize>,
    /// What has passed at the segments' end of them.
    cable_frames: VecDeque<LanRecord>,
    addresses: Vec<(IpAddr, String)>,
    /// Calendar time of the world's start, in seconds since 1970.
    epoch: u64,
}

impl Network {
    /// The network that `config` describes, in a world of this `seed`.
    pub fn new(config: &NetConfig, seed: u64) -> Result<Network, NetError> {
        check(config)?;
        let ranks = ranks(config);
        let rank = |name: &str| ranks.binary_search(&name).unwrap_or(ranks.len()) as Rank;

        let mut dns = DnsServer::new(&config.dns);
        let mut addresses = Vec::new();
        for host in &config.hosts {
            let mut own = Vec::new();
            for name in &host.dns_names {
                if !host.addresses().all(|address| dns.add(name, address)) {
                    let host = &host.name;
                    return Err(NetError(format!(
                        "host {host:?} has the DNS name {name:?}, which is not one, or an alias"
                    )));
                }
                own.push(name.clone());
            }
            if own.is_empty() {
                own.push(host.name.clone());
            }
            for address in host.addresses() {
                addresses.extend(own.iter().map(|name| (address, name.clone())));
            }
        }

        let nodes = config.modules.len() + config.hosts.len();
        let mut gateway = Gateway::new(dns, config.segments.len(), nodes);
        let mut segments = Vec::new();
        let reserved: Vec<Ipv4Addr> = config.hosts.iter().map(|h| h.address).collect();
        for segment in &config.segments {
            let mac = mac_address(&format!("{}/{}", GATEWAY, segment.name));
            gateway.add_segment(segment, &reserved, mac, seed);
            let mut own = Segment::new(&segment.name);
            own.rssi = segment.rssi;
            let lan = segment.lan.as_ref();
            own.lan = lan.and_then(|lan| config.segments.iter().position(|other| other.name == *lan));
            segments.push(own);
            addresses.extend(segment.gateways().map(|address| (address, GATEWAY.to_owned())));
        }
        let mut hosts = Vec::new();
        let mut taps = Vec::new();
        for (i, host) in config.hosts.iter().enumerate() {
            let segment = host.segment.as_ref().and_then(|on| segments.iter().position(|s| s.name() == on));
            match segment {
                Some(s) => segments[s].join(Port::Host(i)),
                None => {
                    for address in host.addresses() {
                        gateway.routes_mut().add_host(address, i, host.link.down.mtu);
                    }
                }
            }
            taps.push(tap_info(host));
            hosts.push(Host::new(host, config, segment, rank(&host.name), seed)?);
        }
        let modules = config.modules.iter().map(|module| Module {
            rank: rank(&module.name),
            link: Link::new(&module.name, seed, module.link.clone(), ETHERNET_HEADER),
            joined: None,
            via: None,
            heard: BTreeMap::new(),
            member: None,
            station: None,
            softap_address: None,
        });
        let modules: Vec<Module> = modules.collect();
        // Behind the segments of the access points.
        for (index, module) in modules.iter().enumerate() {
            let mut segment = Segment::empty(module.link.name());
            segment.join(Port::Module(index));
            segments.push(segment);
        }
        let mut network = Network {
            queue: Queue::default(),
            now: Instant::ZERO,
            gateway,
            gateway_rank: rank(GATEWAY),
            gateway_timer: Timer::default(),
            segments,
            hosts,
            modules,
            ranks_end: ranks.len() as Rank,
            deliveries: VecDeque::new(),
            taps,
            tapping: false,
            tapped: VecDeque::new(),
            events: VecDeque::new(),
            secrets: VecDeque::new(),
            externals: VecDeque::new(),
            reaches_out: false,
            cables: Vec::new(),
            cable_frames: VecDeque::new(),
            addresses,
            epoch: config.epoch,
        };
        for host in 0..network.hosts.len() {
            network.run_host(host);
        }
        network.file_gateway_timer();
        Ok(network)
    }

    /// Where the next internal event stands. Nodes are ranked by their names.
    pub fn next_event(&self) -> Option<Key> {
        self.queue.peek()
    }

    /// Lets exactly the next event happen, at its own time.
    pub fn step(&mut self) {
        let Some((key, event)) = self.queue.pop() else {
            return;
        };
        self.now = self.now.max(key.time);
        match event {
            Event::AtSwitch { segment, from, frame } => {
                self.notice(segment, from, &frame);
                if let Port::Lan(port) = from {
                    self.note_cable(port, false, &frame);
                }
                self.switch(segment, from, frame);
                self.run_gateway();
            }
            Event::AtGateway { packet } => {
                self.gateway.receive_packet(self.now, &packet);
                self.run_gateway();
            }
            Event::AtHost { host, frame, why } => {
                self.tap(host, true, &frame, why);
                self.hosts[host].stack.receive(frame);
                self.run_host(host);
            }
            Event::Timer(Node::Gateway) => {
                if self.gateway_timer.fires(key.time) {
                    self.gateway.poll(self.now);
                    self.run_gateway();
                }
            }
            Event::Timer(Node::Host(host)) => {
                if self.hosts[host].timer.fires(key.time) {
                    self.run_host(host);
                }
            }
            Event::Membership { module, segment } => {
                if let Some(old) = self.modules[module].member.take() {
                    self.segments[old].leave(Port::Module(module));
                }
                if let Some(new) = segment {
                    self.segments[new].join(Port::Module(module));
                }
                self.modules[module].member = segment;
                self.modules[module].station = None;
            }
            Event::Cable { port, plugged } => self.plug_cable(port, plugged),
        }
    }

    /// The module becomes a station of `segment`. False when there is no such module or segment, or when the
    /// segment is down; the module then stays where it was.
    pub fn station_join(&mut self, now: Instant, module: usize, segment: &str) -> bool {
        let Some(index) = self.access_points().position(|s| s.name() == segment && s.is_up()) else {
            return false;
        };
        let lan = self.segments[index].lan.unwrap_or(index);
        let joins = self.set_station(now, module, Some(lan));
        if let Some(module) = self.modules.get_mut(module) {
            module.via = Some(index);
        }
        joins
    }

    /// The module becomes a station on the softAP of another one.
    pub fn station_join_softap(&mut self, now: Instant, module: usize, owner: usize) -> bool {
        owner < self.modules.len() && self.set_station(now, module, Some(self.softap_segment(owner)))
    }

    /// The module on whose softAP this one is a station.
    pub fn softap_of_station(&self, module: usize) -> Option<usize> {
        let segment = self.modules.get(module)?.joined?;
        segment.checked_sub(self.segments.len() - self.modules.len())
    }

    /// The module is no longer a station of any segment. Frames that are under way to it still come out of
    /// [`Network::take_delivery`]; its owner ignores them.
    pub fn station_leave(&mut self, now: Instant, module: usize) {
        self.set_station(now, module, None);
    }

    fn set_station(&mut self, now: Instant, module: usize, segment: Option<usize>) -> bool {
        let Some(m) = self.modules.get_mut(module) else {
            return false;
        };
        m.via = None;
        if m.joined != segment {
            m.joined = segment;
            // Behind everything else of this instant, whether the network has been there already or not.
            let rank = self.ranks_end + module as Rank;
            self.queue.push(now, Kind::Timer, rank, Event::Membership { module, segment });
        }
        true
    }

    /// The next frame for a module, in the order in which they were sent.
    pub fn take_delivery(&mut self) -> Option<Delivery> {
        self.deliveries.pop_front()
    }

    /// How the link of this module or host behaves; `None` when there is none of this name.
    pub fn faults(&self, link: &str) -> Option<&LinkFaults> {
        self.links().find(|l| l.name() == link).map(Link::faults)
    }

    /// Changes how a link behaves. Frames under way keep what they drew; a host's own stack keeps the MTU it
    /// began with. False when there is no such link or [`LinkFaults::check`] objects; nothing has changed then.
    pub fn set_faults(&mut self, link: &str, faults: impl Into<LinkFaults>) -> bool {
        let faults = faults.into();
        if faults.check().is_err() {
            return false;
        }
        if let Some(module) = self.modules.iter_mut().find(|m| m.link.name() == link) {
            module.link.set_faults(faults);
            return true;
        }
        let Some(index) = self.hosts.iter().position(|h| h.link.name() == link) else {
            return false;
        };
        self.gateway.routes_mut().set_mtu(index, faults.down.mtu);
        self.hosts[index].link.set_faults(faults);
        true
    }

    /// Names of all links: those of the modules and hosts, in alphabetical order.
    pub fn link_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.links().map(Link::name).collect();
        names.sort_unstable();
        names
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        self.modules.iter().map(|m| &m.link).chain(self.hosts.iter().map(|h| &h.link))
    }

    /// Where the hosts' links can be listened to, in the order of [`NetConfig::hosts`].
    pub fn taps(&self) -> &[TapInfo] {
        &self.taps
    }

    /// Starts or stops listening on all of them; off at the start. The modules' radio links are not among
    /// them: what passes there goes through [`Network::send`] and [`Network::take_delivery`].
    pub fn set_taps(&mut self, all: bool) {
        self.tapping = all;
    }

    /// The next frame that a tap heard.
    pub fn take_tap(&mut self) -> Option<TapRecord> {
        self.tapped.pop_front()
    }

    /// Addresses and their names: DNS names, or the host's own where it has none, and the gateway.
    pub fn host_names(&self) -> impl Iterator<Item = (IpAddr, &str)> {
        self.addresses.iter().map(|(address, name)| (*address, name.as_str()))
    }

    /// The next thing that a host or a captive portal has to tell: when it happened, and the name of the host or of the
    /// portal's access point.
    pub fn take_event(&mut self) -> Option<(Instant, &str, HostEvent)> {
        let (at, teller, event) = self.events.pop_front()?;
        let name = match teller {
            Teller::Host(host) => self.hosts[host].name.as_str(),
            Teller::Portal(segment) => self.segments[segment].name(),
        };
        Some((at, name, event))
    }

    /// Somebody carries what real programs are to be told.
    pub fn set_reaches_out(&mut self) {
        self.reaches_out = true;
    }

    /// How many bytes a real program may send on a connection that leads to it. None where there is no such connection.
    pub fn external_room(&self, host: &str, port: u16, number: u32) -> usize {
        let host = self.hosts.iter().find(|own| own.name == host);
        host.map_or(0, |host| host.services.external_room(port, number))
    }

    /// What a real program is to be told next: the host, its port, the number of the connection there, and what.
    pub fn take_external(&mut self) -> Option<(String, u16, u32, ExternalOutput)> {
        let (host, port, number, output) = self.externals.pop_front()?;
        Some((self.hosts[host].name.clone(), port, number, output))
    }

    /// The next line of the hosts' TLS key log (NSS's format), before the first frame that it opens.
    pub fn take_secret(&mut self) -> Option<(Instant, String)> {
        self.secrets.pop_front()
    }

    /// Sends what the gateway has to send, and files its timer.
    fn run_gateway(&mut self) {
        while let Some(output) = self.gateway.take_output() {
            match output {
                Output::Host { host, packet } => self.send_to_host(host, packet),
                Output::Segment { segment, frame } => self.switch(segment, Port::Gateway, frame),
                Output::Portal { segment, event } => {
                    self.events.push_back((self.now, Teller::Portal(segment), *event));
                }
            }
        }
        self.file_gateway_timer();
    }

    fn file_gateway_timer(&mut self) {
        if let Some(at) = self.gateway_timer.file(self.gateway.next_timer()) {
            self.queue.push(at.max(self.now), Kind::Timer, self.gateway_rank, Event::Timer(Node::Gateway));
        }
    }

    /// Lets a host's stack and services act, sends what they have to send, and files the host's timer.
    fn run_host(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        loop {
            host.stack.poll(self.now);
            if !host.services.poll(self.now, &mut host.stack) {
                break;
            }
        }
        let mut leased = None;
        while let Some(event) = host.stack.take_dhcp_event() {
            if let DhcpEvent::Bound(config) = event {
                leased = Some(config.address);
            }
        }
        while let Some(event) = host.services.take_event() {
            self.events.push_back((self.now, Teller::Host(index), event));
        }
        while let Some(Handshake { remote, outcome, .. }) = host.stack.take_handshake() {
            let event = HostEvent::Tls(TlsEvent { peer: remote, outcome });
            self.events.push_back((self.now, Teller::Host(index), event));
        }
        while let Some((port, number, output)) = host.services.take_external() {
            if self.reaches_out {
                self.externals.push_back((index, port, number, output));
            }
        }
        while let Some((port, peer, what)) = host.stack.take_poisoned() {
            let event = HostEvent::Toxic(ToxicEvent { port, peer, what });
            self.events.push_back((self.now, Teller::Host(index), event));
        }
        while let Some(line) = host.stack.take_secret() {
            self.secrets.push_back((self.now, line));
        }
        if let Some(address) = leased {
            self.tell(index, GuestEvent::Address(address));
        }
        while let Some(frame) = self.hosts[index].stack.take_frame() {
            self.send_from_host(index, frame);
        }
        let host = &mut self.hosts[index];
        let next = [host.stack.next_timer(), host.services.next_timer()].into_iter().flatten().min();
        if let Some(at) = host.timer.file(next) {
            self.queue.push(at.max(self.now), Kind::Timer, host.rank, Event::Timer(Node::Host(index)));
        }
    }
}

/// All nodes' names in order; a node's rank is its place here.
fn ranks(config: &NetConfig) -> Vec<&str> {
    let hosts = config.hosts.iter().map(|h| h.name.as_str());
    let modules = config.modules.iter().map(|m| m.name.as_str());
    let mut names: Vec<&str> = hosts.chain(modules).chain([GATEWAY]).collect();
    names.sort_unstable();
    names
}

fn tap_info(host: &HostConfig) -> TapInfo {
    let description = match &host.segment {
        Some(segment) => format!("{} {} on {segment}, at the host", host.name, host.address),
        None => format!("{} {} beyond the gateway, at the host", host.name, host.address),
    };
    TapInfo { name: host.name.clone(), description, raw_ip: host.segment.is_none() }
}

#[cfg(test)]
mod tests;
