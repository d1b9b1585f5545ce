//! The network as a module meets it. The module is a bare stack here.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use smoltcp::wire::{EthernetProtocol, IpProtocol, Ipv4Packet};

use super::*;
use crate::net::config::{ModuleLinkConfig, Page, SegmentConfig, ServiceConfig};
use crate::net::packet;
use crate::net::stack::{
    CloseReason, DhcpEvent, DnsState, Ipv4Config, Medium, PingState, Socket, Stack, StackConfig, TcpOptions,
    TcpState,
};

const BODY_LENGTH: usize = 50_000;

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn segment(name: &str, net: u8) -> SegmentConfig {
    let at = |last| Ipv4Addr::new(192, 168, net, last);
    SegmentConfig {
        name: name.to_owned(),
        gateway: at(1),
        prefix_len: 24,
        dhcp: (at(100), at(199)),
        lease: Duration::from_secs(7200),
    }
}

fn host(name: &str, address: &str, segment: Option<&str>) -> HostConfig {
    let page = Page {
        path: "/big".to_owned(),
        status: 200,
        content_type: "text/plain".to_owned(),
        body: (0..BODY_LENGTH).map(|i| b'a' + (i % 26) as u8).collect(),
        delay: Duration::ZERO,
    };
    HostConfig {
        name: name.to_owned(),
        dns_names: vec![format!("{name}.example.com")],
        address: ip(address),
        segment: segment.map(str::to_owned),
        link: Faults::default(),
        services: vec![
            ServiceConfig::Http { port: 80, pages: vec![page] },
            ServiceConfig::UdpEcho { port: 7 },
        ],
    }
}

fn config() -> NetConfig {
    let module = |name: &str| ModuleLinkConfig { name: name.to_owned(), link: Faults::default() };
    NetConfig {
        segments: vec![segment("home", 4), segment("office", 5)],
        hosts: vec![
            host("web", "203.0.113.10", None),
            host("backup", "203.0.113.11", None),
            host("nas", "192.168.4.10", Some("home")),
            host("printer", "192.168.5.10", Some("office")),
        ],
        modules: vec![module("wifi"), module("wifi2")],
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

    /// One thing happens: in the network, else a frame arrives, else a station's timer fires. False when
    /// nothing happens until `end`.
    fn step(&mut self, end: Instant) -> bool {
        for module in 0..self.stations.len() {
            self.settle(module);
        }
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
        true
    }

    /// Runs until `done`, for at most `limit`.
    fn run(&mut self, limit: Duration, done: impl Fn(&Bench) -> bool) {
        let end = self.now + limit;
        while !done(self) {
            assert!(self.step(end), "still not done at {} after {limit}", self.now);
        }
    }

    fn idle(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
        self.now = end;
    }

    fn resolve(&mut self, name: &str) -> Option<IpAddr> {
        let question = self.stations[0].stack.dns_start(self.now, name);
        self.run(Duration::from_secs(60), |b| b.stations[0].stack.dns_state(question) != DnsState::Pending);
        match self.stations[0].stack.dns_state(question) {
            DnsState::Resolved(addresses) => addresses.first().copied(),
            _ => None,
        }
    }

    fn ping(&mut self, address: &str) -> PingState {
        let timeout = Duration::from_secs(10);
        let stack = &mut self.stations[0].stack;
        let ping = stack.ping_start(self.now, IpAddr::V4(ip(address)), 32, timeout);
        self.run(Duration::from_secs(11), |b| b.stations[0].stack.ping_state(ping) != PingState::Pending);
        self.stations[0].stack.ping_state(ping)
    }

    /// Opens a connection to port 80 and asks for the big page.
    fn request(&mut self, module: usize, address: &str) -> Socket {
        let remote = SocketAddr::new(IpAddr::V4(ip(address)), 80);
        let stack = &mut self.stations[module].stack;
        let socket = stack.tcp_connect(self.now, remote, None, &TcpOptions::default()).unwrap();
        self.run(Duration::from_secs(60), |b| {
            b.stations[module].stack.tcp_state(socket) != TcpState::Connecting
        });
        assert_eq!(self.stations[module].stack.tcp_state(socket), TcpState::Open, "{address}");
        let request = b"GET /big HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
        assert_eq!(self.stations[module].stack.tcp_send(socket, request), request.len());
        socket
    }

    /// Fetches the big page and returns the whole answer.
    fn fetch(&mut self, module: usize, address: &str) -> Vec<u8> {
        let socket = self.request(module, address);
        let mut answer = Vec::new();
        loop {
            answer.extend(self.stations[module].stack.tcp_recv(socket, usize::MAX));
            match self.stations[module].stack.tcp_state(socket) {
                TcpState::Open => {}
                TcpState::PeerClosed | TcpState::Closed(CloseReason::Peer) => break,
                other => panic!("{other:?} after {} bytes", answer.len()),
            }
            assert!(self.step(self.now + Duration::from_secs(300)), "nothing comes any more");
        }
        answer.extend(self.stations[module].stack.tcp_recv(socket, usize::MAX));
        self.stations[module].stack.tcp_close(socket);
        answer
    }

    /// Sends an IPv4 packet of the first module to the gateway, and returns what comes back within a second.
    fn exchange(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let gateway = mac_address("gateway/home");
        let frame = packet::ethernet(gateway, mac_address("wifi"), EthernetProtocol::Ipv4, packet);
        assert_eq!(self.net.send(self.now, 0, frame), Fate::Sent);
        let before = self.seen.len();
        self.idle(Duration::from_secs(1));
        self.seen[before..].iter().filter(|s| s.inbound).map(|s| s.frame[14..].to_vec()).collect()
    }
}

fn assert_whole(answer: &[u8]) {
    let text = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
    assert!(text.starts_with("HTTP/1.1 200"), "{text:?}");
    let body = &answer[answer.len().saturating_sub(BODY_LENGTH)..];
    assert!(body.iter().enumerate().all(|(i, b)| *b == b'a' + (i % 26) as u8), "the body is damaged");
}

#[test]
fn a_module_gets_its_address_mask_gateway_and_dns_from_dhcp() {
    let bench = Bench::joined(&config(), 1);
    let expected = Ipv4Config {
        address: ip("192.168.4.100"),
        prefix_len: 24,
        gateway: Some(ip("192.168.4.1")),
        dns: vec![ip("192.168.4.1")],
        server: Some(ip("192.168.4.1")),
        lease: Some(Duration::from_secs(7200)),
    };
    assert_eq!(bench.stations[0].dhcp, [DhcpEvent::Bound(expected)]);
}

#[test]
fn two_modules_get_different_addresses_and_reach_each_other() {
    let mut bench = Bench::joined(&config(), 1);
    bench.join(1, "home");
    assert_eq!(bench.stations[1].stack.ipv4().map(|c| c.address), Some(ip("192.168.4.101")));
    assert!(matches!(bench.ping("192.168.4.101"), PingState::Reply { .. }));
}

#[test]
fn names_of_hosts_resolve_and_others_do_not() {
    let mut bench = Bench::joined(&config(), 1);
    assert_eq!(bench.resolve("WEB.example.com"), Some(IpAddr::V4(ip("203.0.113.10"))));
    assert_eq!(bench.resolve("nas.example.com"), Some(IpAddr::V4(ip("192.168.4.10"))));
    assert_eq!(bench.resolve("nowhere.example.com"), None);
}

#[test]
fn hosts_on_the_segment_on_another_one_and_beyond_the_gateway_all_serve() {
    let mut bench = Bench::joined(&config(), 1);
    for address in ["203.0.113.10", "192.168.4.10", "192.168.5.10"] {
        assert_whole(&bench.fetch(0, address));
    }
    let hosts: Vec<_> = std::iter::from_fn(|| bench.net.take_note()).map(|n| n.host).collect();
    assert_eq!(hosts, ["web", "nas", "printer"]);
}

#[test]
fn two_servers_on_two_addresses_answer_within_milliseconds() {
    let mut bench = Bench::joined(&config(), 1);
    for address in ["203.0.113.10", "203.0.113.11", "192.168.4.10"] {
        let start = bench.now;
        bench.request(0, address);
        let took = bench.now.since(start);
        assert!(took <= Duration::from_millis(10), "{address} took {took} to connect");
    }
}

#[test]
fn pings_come_back_after_the_latency_of_the_links_they_pass() {
    let mut bench = Bench::joined(&config(), 1);
    bench.ping("192.168.4.1");
    let reply = |ms| PingState::Reply { after: Duration::from_millis(ms) };
    assert_eq!(bench.ping("192.168.4.1"), reply(2), "the gateway");
    assert_eq!(bench.ping("203.0.113.10"), reply(4), "a host beyond it");
    bench.ping("192.168.5.10");
    assert_eq!(bench.ping("192.168.5.10"), reply(4), "a host on another segment");
}

#[test]
fn pings_to_nobody_are_unreachable() {
    let mut bench = Bench::joined(&config(), 1);
    assert_eq!(bench.ping("198.51.100.1"), PingState::Unreachable, "no network has this address");
    let start = bench.now;
    assert_eq!(bench.ping("192.168.5.77"), PingState::Unreachable, "nobody on the other segment has it");
    let took = bench.now.since(start);
    assert_eq!(
        took,
        Duration::from_millis(3002),
        "three ARP requests, a second each, and the radio link twice"
    );
}

#[test]
fn a_packet_out_of_hops_or_too_large_gets_an_icmp_error_from_the_gateway() {
    let mut config = config();
    config.hosts[0].link.mtu = 900;
    let mut bench = Bench::joined(&config, 1);
    let probe = |ttl: u8, length: usize| {
        let (from, to) = (ip("192.168.4.100"), ip("203.0.113.10"));
        let mut bytes = packet::udp((from, 4000).into_v4(), (to, 7).into_v4(), &vec![7; length]);
        let mut packet = Ipv4Packet::new_unchecked(&mut bytes[..]);
        packet.set_hop_limit(ttl);
        packet.fill_checksum();
        bytes
    };
    let error = |got: &[Vec<u8>], sent: &[u8]| {
        assert_eq!(got.len(), 1, "one answer was expected: {got:?}");
        let packet = Ipv4Packet::new_checked(&got[0][..]).unwrap();
        assert_eq!((packet.src_addr(), packet.next_header()), (ip("192.168.4.1"), IpProtocol::Icmp));
        assert_eq!(packet.payload()[8..36], sent[..28], "the packet is quoted");
        [packet.payload()[0], packet.payload()[1], packet.payload()[6], packet.payload()[7]]
    };
    let sent = probe(1, 10);
    assert_eq!(error(&bench.exchange(&sent), &sent), [11, 0, 0, 0], "time exceeded");
    let sent = probe(64, 1000);
    assert_eq!(error(&bench.exchange(&sent), &sent), [3, 4, 3, 132], "fragmentation needed, 900 bytes");

    // With a hop left it is echoed, and the answer has lost one too.
    let got = bench.exchange(&probe(2, 10));
    assert_eq!(got.len(), 1);
    let packet = Ipv4Packet::new_checked(&got[0][..]).unwrap();
    assert_eq!((packet.next_header(), packet.hop_limit()), (IpProtocol::Udp, 63));
}

trait IntoV4 {
    fn into_v4(self) -> std::net::SocketAddrV4;
}
impl IntoV4 for (Ipv4Addr, u16) {
    fn into_v4(self) -> std::net::SocketAddrV4 {
        std::net::SocketAddrV4::new(self.0, self.1)
    }
}

#[test]
fn a_transfer_completes_over_a_lossy_link() {
    let mut config = config();
    config.modules[0].link.loss_ppm = 50_000;
    config.hosts[0].link.loss_ppm = 50_000;
    let mut bench = Bench::joined(&config, 1);
    assert_whole(&bench.fetch(0, "203.0.113.10"));
    let lost = bench.fates.iter().filter(|f| **f == Fate::Lost).count();
    assert!(lost > 0, "no frame of the module was lost");
}

fn disturbed() -> NetConfig {
    let mut config = config();
    for link in [&mut config.modules[0].link, &mut config.hosts[0].link] {
        link.jitter = Duration::from_millis(3);
        link.loss_ppm = 20_000;
        link.duplicate_ppm = 20_000;
        link.reorder_ppm = 20_000;
        link.rate_bps = Some(2_000_000);
    }
    config
}

fn frames_of_a_run(config: &NetConfig, seed: u64) -> Vec<Seen> {
    let mut bench = Bench::joined(config, seed);
    assert_whole(&bench.fetch(0, "203.0.113.10"));
    bench.seen
}

#[test]
fn two_runs_give_the_same_frames_at_the_same_times_and_another_seed_gives_others() {
    let first = frames_of_a_run(&disturbed(), 1);
    assert!(first.len() > 80, "{} frames are too few to prove anything", first.len());
    assert!(first == frames_of_a_run(&disturbed(), 1), "two runs differ");
    assert!(first != frames_of_a_run(&disturbed(), 2), "the seed changes nothing");
}

#[test]
fn loss_on_one_link_leaves_the_frames_of_another_unchanged() {
    let run = |loss_ppm| {
        let mut config = disturbed();
        config.modules[1].link.loss_ppm = loss_ppm;
        let mut bench = Bench::joined(&config, 1);
        assert!(bench.net.station_join(bench.now, 1, "office"));
        bench.stations[1].stack.dhcp_start(bench.now, None);
        let start = Instant::ZERO + Duration::from_secs(60);
        bench.idle(start.since(bench.now));
        // Both transfers at once; the second module's suffers.
        let sockets = ["203.0.113.10", "203.0.113.11"].map(|a| SocketAddr::new(IpAddr::V4(ip(a)), 80));
        let sockets: Vec<Socket> = sockets
            .iter()
            .zip(&mut bench.stations)
            .map(|(to, s)| s.stack.tcp_connect(start, *to, None, &TcpOptions::default()).unwrap())
            .collect();
        let mut asked = [false; 2];
        while bench.step(start + Duration::from_secs(60)) {
            for (i, socket) in sockets.iter().enumerate() {
                let stack = &mut bench.stations[i].stack;
                if !asked[i] && stack.tcp_state(*socket) == TcpState::Open {
                    asked[i] = true;
                    stack.tcp_send(*socket, b"GET /big HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
                }
                stack.tcp_recv(*socket, usize::MAX);
            }
        }
        let frames = |module| bench.seen.iter().filter(|s| s.module == module).cloned().collect::<Vec<_>>();
        (frames(0), frames(1))
    };
    let (first, second) = run(0);
    let (first_lossy, second_lossy) = run(100_000);
    assert!(first.len() > 80 && second.len() > 80, "{} and {} frames are too few", first.len(), second.len());
    assert!(second != second_lossy, "the loss changes nothing");
    let differ = first.iter().zip(&first_lossy).position(|(a, b)| a != b);
    assert_eq!((first.len(), differ), (first_lossy.len(), None), "the first module's frames changed");
}

#[test]
fn asking_for_the_next_event_changes_nothing() {
    let run = |extra: bool| {
        let mut bench = Bench::joined(&disturbed(), 5);
        let socket = bench.request(0, "203.0.113.10");
        let end = bench.now + Duration::from_secs(5);
        while bench.step(end) {
            if extra {
                bench.net.next_event();
                bench.settle(0);
                bench.settle(0);
            }
            bench.stations[0].stack.tcp_recv(socket, usize::MAX);
        }
        bench.seen
    };
    assert!(run(false) == run(true), "extra polls change what happens");
}

#[test]
fn rate_and_latency_of_each_link_on_the_way_add_up_exactly() {
    let mut config = config();
    // 42 + 58 bytes of Ethernet at 1 Mbit/s: 800 us. The same packet without Ethernet at 3 Mbit/s: 86 bytes,
    // 229 333.3 ns.
    config.modules[0].link.rate_bps = Some(1_000_000);
    config.modules[0].link.latency = Duration::from_millis(2);
    config.hosts[0].link.rate_bps = Some(3_000_000);
    config.hosts[0].link.latency = Duration::from_millis(5);
    let mut bench = Bench::joined(&config, 1);
    bench.idle(Duration::from_secs(1));
    let socket = bench.stations[0].stack.udp_open(None).unwrap();
    let to = SocketAddr::new(IpAddr::V4(ip("203.0.113.10")), 7);
    let stack = &mut bench.stations[0].stack;
    stack.udp_send(socket, to, &[1; 58]).unwrap();
    bench.idle(Duration::from_secs(2));
    bench.stations[0].stack.udp_send(socket, to, &[1; 58]).unwrap();
    let start = bench.now;
    bench.idle(Duration::from_secs(1));
    let arrival = bench.seen.last().map(|s| s.at.since(start));
    let radio = 2 * (800_000 + 2_000_000);
    let wire = 2 * (229_334 + 5_000_000);
    assert_eq!(arrival, Some(Duration::from_nanos(radio + wire)));
}

#[test]
fn duplicated_frames_arrive_twice_and_held_back_ones_are_overtaken() {
    let mut bench = Bench::joined(&config(), 1);
    bench.idle(Duration::from_secs(1));
    let ping = |sequence| {
        let payload = [&[8, 0, 0, 0, 0, 1, 0, sequence][..], &[0; 8]].concat();
        let mut payload = payload;
        let mut icmp = smoltcp::wire::Icmpv4Packet::new_unchecked(&mut payload[..]);
        icmp.fill_checksum();
        packet::ipv4(ip("192.168.4.100"), ip("192.168.4.1"), IpProtocol::Icmp, &payload)
    };
    let faults = |change: fn(&mut Faults)| {
        let mut faults = Faults::default();
        change(&mut faults);
        faults
    };
    assert!(bench.net.set_faults("wifi", faults(|f| f.duplicate_ppm = 1_000_000)));
    // Twice up, and each answer twice down.
    assert_eq!(bench.exchange(&ping(1)).len(), 4);

    // The first is held back, the second is not.
    assert!(bench.net.set_faults("wifi", faults(|f| f.reorder_ppm = 1_000_000)));
    let gateway = mac_address("gateway/home");
    let frame = packet::ethernet(gateway, mac_address("wifi"), EthernetProtocol::Ipv4, &ping(2));
    assert_eq!(bench.net.send(bench.now, 0, frame), Fate::Sent);
    assert!(bench.net.set_faults("wifi", faults(|_| {})));
    let order: Vec<u8> = bench.exchange(&ping(3)).iter().map(|p| p[27]).collect();
    assert_eq!(order, [3, 2]);
}

#[test]
fn leaving_in_the_middle_of_a_transfer_drops_frames_and_coming_back_works() {
    let mut bench = Bench::joined(&config(), 1);
    let socket = bench.request(0, "203.0.113.10");
    bench.run(Duration::from_secs(5), |b| b.stations[0].stack.tcp_readable(socket) > 2000);
    bench.net.station_leave(bench.now, 0);
    bench.stations[0].stack.tcp_recv(socket, usize::MAX);
    bench.settle(0);
    assert_eq!(bench.fates.last(), Some(&Fate::Dropped("not associated with an access point")));
    bench.idle(Duration::from_secs(5));
    let before = bench.seen.len();
    bench.idle(Duration::from_secs(60));
    let inbound = bench.seen[before..].iter().filter(|s| s.inbound).count();
    assert_eq!(inbound, 0, "frames reach a module that has left");
    bench.stations[0].stack.tcp_abort(socket);
    assert!(bench.net.station_join(bench.now, 0, "home"));
    assert_whole(&bench.fetch(0, "203.0.113.10"));
}

#[test]
fn a_segment_that_is_down_takes_no_stations_and_no_frames() {
    let mut bench = Bench::joined(&config(), 1);
    bench.net.set_segment_up(bench.now, "home", false);
    let frame = packet::ethernet([0xff; 6], mac_address("wifi"), EthernetProtocol::Ipv4, &[]);
    assert_eq!(bench.net.send(bench.now, 0, frame), Fate::Dropped("the access point is down"));
    assert!(!bench.net.station_join(bench.now, 1, "home"));
    assert!(!bench.net.station_join(bench.now, 1, "attic"));
    assert!(!bench.net.station_join(bench.now, 7, "office"));
    bench.net.set_segment_up(bench.now, "home", true);
    assert!(matches!(bench.ping("192.168.4.10"), PingState::Reply { .. }));
}

#[test]
fn a_lost_frame_for_a_module_is_handed_out_for_the_capture_only() {
    let mut bench = Bench::joined(&config(), 1);
    bench.idle(Duration::from_secs(1));
    let lossy = Faults { loss_ppm: 1_000_000, ..Faults::default() };
    assert!(bench.net.set_faults("nas", lossy));
    assert_eq!(bench.net.faults("nas").map(|f| f.loss_ppm), Some(1_000_000));
    assert!(!bench.net.set_faults("nobody", Faults::default()));
    assert!(!bench.net.set_faults("nas", Faults { mtu: 3, ..Faults::default() }));
    assert_eq!(bench.net.link_names(), ["backup", "nas", "printer", "web", "wifi", "wifi2"]);

    let arp = packet::arp(
        smoltcp::wire::ArpOperation::Request,
        (mac_address("wifi"), ip("192.168.4.100")),
        ([0; 6], ip("192.168.4.1")),
        [0xff; 6],
    );
    assert_eq!(bench.net.send(bench.now, 0, arp), Fate::Sent);
    let lossy = Faults { loss_ppm: 1_000_000, ..Faults::default() };
    assert!(bench.net.set_faults("wifi", lossy));
    let mut deliveries = Vec::new();
    while bench.net.next_event().is_some_and(|k| k.time <= bench.now + Duration::from_millis(1)) {
        bench.net.step();
        deliveries.extend(std::iter::from_fn(|| bench.net.take_delivery()));
    }
    let expected = (bench.now + Duration::from_millis(2), 0, true, Some("lost on the link"));
    let got: Vec<_> = deliveries.iter().map(|d| (d.at, d.module, d.lost, d.why)).collect();
    assert_eq!(got, [expected]);
}

#[test]
fn taps_hear_the_hosts_ends_of_their_links_when_asked_to() {
    let mut bench = Bench::joined(&config(), 1);
    bench.ping("203.0.113.10");
    assert_eq!(bench.net.take_tap(), None);
    bench.net.set_taps(true);
    let start = bench.now;
    bench.ping("203.0.113.10");
    let records: Vec<_> = std::iter::from_fn(|| bench.net.take_tap()).collect();
    let tap = bench.net.taps().iter().position(|t| t.name == "web" && t.raw_ip).unwrap();
    let at = start + Duration::from_millis(2);
    let heard: Vec<_> = records.iter().map(|r| (r.at, r.tap, r.inbound, r.frame[0])).collect();
    assert_eq!(heard, [(at, tap, true, 0x45), (at, tap, false, 0x45)]);
}

#[test]
fn names_for_the_capture_cover_hosts_and_gateway() {
    let bench = Bench::new(&config(), 1);
    let names: Vec<_> = bench.net.host_names().collect();
    assert!(names.contains(&(ip("203.0.113.10"), "web.example.com")), "{names:?}");
    assert!(names.contains(&(ip("192.168.5.1"), "gateway")), "{names:?}");
    assert_eq!(bench.net.min_module_latency(), Duration::from_millis(1));
}

#[test]
fn bad_frames_from_a_module_do_no_harm() {
    let mut bench = Bench::joined(&config(), 1);
    let good = packet::udp((ip("192.168.4.100"), 5).into_v4(), (ip("192.168.4.1"), 53).into_v4(), &[0; 20]);
    let gateway = mac_address("gateway/home");
    let frame = packet::ethernet(gateway, mac_address("wifi"), EthernetProtocol::Ipv4, &good);
    let mut stream = crate::rng::Stream::new(1, "bad frames");
    for round in 0..3000 {
        let mut bad = frame.clone();
        bad.truncate(stream.between(0, frame.len() as u64) as usize);
        for _ in 0..stream.between(0, 4) {
            if !bad.is_empty() {
                let at = stream.between(0, bad.len() as u64 - 1) as usize;
                bad[at] = stream.next_u64() as u8;
            }
        }
        if round % 2 == 0
            && let Ok(mut packet) = Ipv4Packet::new_checked(bad.get_mut(14..).unwrap_or_default())
        {
            // Half of them get past the header's checksum.
            packet.fill_checksum();
        }
        bench.net.send(bench.now, 0, bad);
    }
    bench.idle(Duration::from_secs(10));
    assert!(matches!(bench.ping("192.168.4.1"), PingState::Reply { .. }));
}
