//! The network as a module meets it. The module is a bare stack here.

mod act;
mod faults;
mod ipv6;
mod reach;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, SocketAddrV4};

use smoltcp::wire::{EthernetProtocol, IpProtocol, Ipv4Packet};

use super::*;
use crate::net::config::{
    ConnectionLimits, DhcpAnswers, DnsConfig, Faults, HttpAnswer, ModuleLinkConfig, Page, SegmentConfig,
    ServiceConfig,
};
use crate::net::packet;
use crate::net::stack::{
    CloseReason, Connection, DhcpEvent, DnsFamily, DnsState, Ipv4Config, Medium, PingState, Stack,
    StackConfig, StreamState, TcpOptions,
};
use crate::time::Duration;

const BODY_LENGTH: usize = 200_000;

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn segment(name: &str, net: u8) -> SegmentConfig {
    let at = |last| Ipv4Addr::new(192, 168, net, last);
    SegmentConfig {
        name: name.to_owned(),
        gateway: at(1),
        prefix_len: 24,
        dhcp_range: (at(100), at(199)),
        dhcp_answers: DhcpAnswers::default(),
        lease: Duration::from_secs(7200),
        ipv6: Some(std::net::Ipv6Addr::new(0x2001, 0xdb8, u16::from(net), 0, 0, 0, 0, 0)),
        dns: vec![at(1)],
        lan: None,
        rssi: -45,
        uplink: true,
        captive: false,
    }
}

fn host(name: &str, address: &str, segment: Option<&str>) -> HostConfig {
    let body = (0..BODY_LENGTH).map(|i| b'a' + (i % 26) as u8).collect();
    let page = Page::new("/big", HttpAnswer { body, ..HttpAnswer::default() });
    HostConfig {
        name: name.to_owned(),
        dns_names: vec![format!("{name}.example.com")],
        address: ip(address),
        address6: None,
        segment: segment.map(str::to_owned),
        link: LinkFaults::default(),
        mac: None,
        groups: Vec::new(),
        toxics: Vec::new(),
        limits: ConnectionLimits::default(),
        services: vec![
            ServiceConfig::Http { port: 80, pages: vec![page], shows: Vec::new() },
            ServiceConfig::UdpEcho { port: 7 },
        ],
    }
}

fn config() -> NetConfig {
    let module = |name: &str| ModuleLinkConfig { name: name.to_owned(), link: LinkFaults::default() };
    NetConfig {
        epoch: 0,
        segments: vec![segment("home", 4), segment("office", 5)],
        hosts: vec![
            host("web", "203.0.113.10", None),
            host("backup", "203.0.113.11", None),
            host("nas", "192.168.4.10", Some("home")),
            host("printer", "192.168.5.10", Some("office")),
        ],
        modules: vec![module("wifi"), module("wifi2")],
        dns: DnsConfig::default(),
        tls: Vec::new(),
    }
}

/// A frame at a module's end of its link.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    at: Instant,
    module: usize,
    inbound: bool,
    frame: Vec<u8>,
}

/// The stand-in for one module.
struct Station {
    stack: Stack,
    inbox: VecDeque<Delivery>,
    dhcp: VecDeque<DhcpEvent>,
}

/// A network with stations in virtual time.
struct Bench {
    net: Network,
    now: Instant,
    stations: Vec<Station>,
    seen: Vec<Seen>,
    fates: Vec<Fate>,
}

impl Bench {
    fn new(config: &NetConfig, seed: u64) -> Bench {
        let station = |m: &ModuleLinkConfig| Station {
            stack: Stack::new(&StackConfig {
                name: m.name.clone(),
                seed,
                medium: Medium::Ethernet { mac: mac_address(&m.name) },
                mtu: 1480,
                tcp_rx: 5760,
                tcp_tx: 5760,
            }),
            inbox: VecDeque::new(),
            dhcp: VecDeque::new(),
        };
        Bench {
            net: Network::new(config, seed).unwrap(),
            now: Instant::ZERO,
            stations: config.modules.iter().map(station).collect(),
            seen: Vec::new(),
            fates: Vec::new(),
        }
    }

    /// A bench whose first module is on "home" with an address.
    fn joined(config: &NetConfig, seed: u64) -> Bench {
        let mut bench = Bench::new(config, seed);
        bench.join(0, "home");
        bench
    }

    fn join(&mut self, module: usize, segment: &str) {
        assert!(self.net.station_join(self.now, module, segment));
        self.stations[module].stack.dhcp_start(self.now, Some("esp"));
        self.run(Duration::from_secs(30), |b| b.stations[module].stack.ipv4().is_some());
    }

    /// Polls a station and sends its frames.
    fn settle(&mut self, module: usize) {
        self.stations[module].stack.poll(self.now);
        while let Some(frame) = self.stations[module].stack.take_frame() {
            self.seen.push(Seen { at: self.now, module, inbound: false, frame: frame.clone() });
            self.fates.push(self.net.send(self.now, module, frame));
        }
        while let Some(event) = self.stations[module].stack.take_dhcp_event() {
            self.stations[module].dhcp.push_back(event);
        }
    }

    fn settle_all(&mut self) {
        for module in 0..self.stations.len() {
            self.settle(module);
        }
    }

    /// One thing happens: in the network, else a frame arrives, else a station's timer fires. False when
    /// nothing happens until `end`.
    fn step(&mut self, end: Instant) -> bool {
        self.settle_all();
        let network = self.net.next_event().map(|k| k.time);
        let frames = |s: &Station| s.inbox.iter().map(|d| d.at).min();
        let frame = (0..self.stations.len()).filter_map(|i| Some((frames(&self.stations[i])?, i))).min();
        let timer = self.stations.iter().filter_map(|s| s.stack.next_timer()).min();
        let times = [network, frame.map(|f| f.0), timer];
        let Some(next) = times.into_iter().flatten().min().map(|t| t.max(self.now)) else {
            return false;
        };
        if next > end {
            return false;
        }
        self.now = next;
        if network.is_some_and(|t| t <= next) {
            self.net.step();
            while let Some(delivery) = self.net.take_delivery() {
                assert!(delivery.at >= self.now, "a frame arrives in the past: {delivery:?}");
                self.stations[delivery.module].inbox.push_back(delivery);
            }
        } else if let Some((at, module)) = frame
            && at <= next
        {
            let inbox = &mut self.stations[module].inbox;
            let index = inbox.iter().position(|d| d.at == at).unwrap();
            let delivery = inbox.remove(index).unwrap();
            if !delivery.lost {
                self.seen.push(Seen { at, module, inbound: true, frame: delivery.frame.clone() });
                self.stations[module].stack.receive(delivery.frame);
            }
        }
        self.settle_all();
        true
    }

    /// Runs until `done`, for at most `limit`.
    fn run(&mut self, limit: Duration, done: impl Fn(&Bench) -> bool) {
        let end = self.now + limit;
        self.settle_all();
        while !done(self) {
            assert!(self.step(end), "still not done at {} after {limit}", self.now);
        }
    }

    /// The hosts that have something to tell, one for each thing.
    fn hosts_that_tell(&mut self) -> Vec<String> {
        let mut hosts = Vec::new();
        while let Some((_, host, _)) = self.net.take_event() {
            hosts.push(host.to_owned());
        }
        hosts
    }

    fn idle(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
        self.now = end;
    }

    fn resolve(&mut self, name: &str) -> Option<IpAddr> {
        let question = self.stations[0].stack.dns_start(self.now, name, DnsFamily::PreferIpv4);
        self.run(Duration::from_secs(60), |b| b.stations[0].stack.dns_state(question) != DnsState::Pending);
        match self.stations[0].stack.dns_state(question) {
            DnsState::Resolved(address) => Some(address),
            _ => None,
        }
    }

    fn ping(&mut self, address: &str) -> PingState {
        let timeout = Duration::from_secs(10);
        let stack = &mut self.stations[0].stack;
        let ping = stack.ping_start(self.now, address.parse().unwrap(), 32, timeout);
        self.run(Duration::from_secs(11), |b| b.stations[0].stack.ping_state(ping) != PingState::Pending);
        self.stations[0].stack.ping_state(ping)
    }

    /// Opens a connection to port 80 and asks for the big page.
    fn request(&mut self, module: usize, address: &str) -> Connection {
        let remote = SocketAddr::new(address.parse().unwrap(), 80);
        let stack = &mut self.stations[module].stack;
        let socket = stack.stream_connect(self.now, remote, None, &TcpOptions::default()).unwrap();
        self.run(Duration::from_secs(60), |b| {
            b.stations[module].stack.stream_state(socket) != StreamState::Connecting
        });
        assert_eq!(self.stations[module].stack.stream_state(socket), StreamState::Open, "{address}");
        let request = b"GET /big HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
        assert_eq!(self.stations[module].stack.stream_send(socket, request), request.len());
        socket
    }

    /// Fetches the big page and returns the whole answer.
    fn fetch(&mut self, module: usize, address: &str) -> Vec<u8> {
        let socket = self.request(module, address);
        let mut answer = Vec::new();
        loop {
            answer.extend(self.stations[module].stack.stream_recv(socket, usize::MAX));
            match self.stations[module].stack.stream_state(socket) {
                StreamState::Open => {}
                StreamState::PeerClosed | StreamState::Closed(CloseReason::Peer) => break,
                other => panic!("{other:?} after {} bytes", answer.len()),
            }
            assert!(self.step(self.now + Duration::from_secs(300)), "nothing comes any more");
        }
        answer.extend(self.stations[module].stack.stream_recv(socket, usize::MAX));
        self.stations[module].stack.stream_close(socket);
        answer
    }

    /// Sends a packet of the first module to the gateway, and returns what comes back within a second.
    fn exchange(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let gateway = mac_address("gateway/home");
        let frame = packet::frame(gateway, mac_address("wifi"), packet);
        assert!(matches!(self.net.send(self.now, 0, frame.clone()), Fate::Sent | Fate::Disturbed(_)));
        let before = self.seen.len();
        self.idle(Duration::from_secs(1));
        let packets = self.seen[before..].iter().filter(|s| s.inbound && s.frame[12..14] == frame[12..14]);
        packets.map(|s| s.frame[14..].to_vec()).collect()
    }
}

fn assert_whole(answer: &[u8]) {
    let text = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
    assert!(text.starts_with("HTTP/1.1 200"), "{text:?}");
    let body = &answer[answer.len().saturating_sub(BODY_LENGTH)..];
    assert!(body.iter().enumerate().all(|(i, b)| *b == b'a' + (i % 26) as u8), "the body is damaged");
}

fn socket(address: &str, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(ip(address), port)
}
