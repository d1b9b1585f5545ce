//! Hosts that act by themselves.

use super::*;
use crate::net::network::HostAction::*;
use crate::net::network::HostTls;

/// A terminal on the LAN and one beyond the gateway.
fn terminals() -> NetConfig {
    let terminal = |name: &str, address: &str, segment: Option<&str>| HostConfig {
        address6: None,
        services: vec![ServiceConfig::TcpTerminal { port: 23 }, ServiceConfig::UdpTerminal { port: 5000 }],
        ..host(name, address, segment)
    };
    let mut config = config();
    config.hosts.push(terminal("pc", "192.168.4.20", Some("home")));
    config.hosts.push(terminal("far", "198.51.100.9", None));
    config
}

fn wifi() -> Peer {
    Peer::Module("wifi".to_owned())
}

impl Bench {
    /// A host acts, and half a second goes by.
    fn act(&mut self, host: &str, action: HostAction) {
        assert!(self.net.act(self.now, host, &action), "there is a host {host}");
        self.idle(Duration::from_millis(500));
    }

    fn notes(&mut self) -> Vec<String> {
        let mut notes = Vec::new();
        while let Some((_, host, event)) = self.net.take_event() {
            let service = match event {
                HostEvent::TcpTerminal(_) => "tcp-terminal",
                HostEvent::UdpTerminal(_) => "udp-terminal",
                _ => "another service",
            };
            notes.push(format!("{host} {service} {event}"));
        }
        notes
    }

    /// The first module connects to a terminal.
    fn dial(&mut self, address: &str) -> Connection {
        let stack = &mut self.stations[0].stack;
        let to = SocketAddr::new(IpAddr::V4(ip(address)), 23);
        let s = stack.stream_connect(self.now, to, None, &TcpOptions::default()).unwrap();
        self.idle(Duration::from_millis(500));
        assert_eq!(self.stations[0].stack.stream_state(s), StreamState::Open);
        s
    }
}

#[test]
fn a_terminal_sends_to_every_client_and_notes_what_they_do() {
    let mut b = Bench::joined(&terminals(), 1);
    let clients = [b.dial("192.168.4.20"), b.dial("192.168.4.20")];
    let [first, second] = clients.map(|s| b.stations[0].stack.stream_local(s).unwrap());
    b.act("pc", Send(b"hello".to_vec()));
    for s in clients {
        assert_eq!(b.stations[0].stack.stream_recv(s, 100), b"hello");
    }
    b.stations[0].stack.stream_send(clients[0], b"\x00\"a\\b\r\n");
    b.stations[0].stack.stream_send(clients[1], &[b'x'; 300]);
    b.idle(Duration::from_millis(500));
    b.stations[0].stack.stream_close(clients[0]);
    b.stations[0].stack.tcp_abort(clients[1]);
    b.idle(Duration::from_millis(500));
    assert_eq!(b.stations[0].stack.stream_state(clients[0]), StreamState::Closed(CloseReason::Local));
    let expected = [
        format!("pc tcp-terminal connection from {first}"),
        format!("pc tcp-terminal connection from {second}"),
        format!("pc tcp-terminal received from {first}: \"\\x00\\\"a\\\\b\\r\\n\", 7 bytes"),
        format!("pc tcp-terminal received from {second}: \"{}\"..., 300 bytes", "x".repeat(200)),
        format!("pc tcp-terminal {first} closed after 7 bytes, CRC-32 eca91db9"),
        format!("pc tcp-terminal {second} reset after 300 bytes, CRC-32 1b432d13"),
    ];
    assert_eq!(b.notes(), expected);
}

#[test]
fn a_terminal_closes_after_what_it_sent_and_resets_at_once() {
    let mut b = Bench::joined(&terminals(), 1);
    let (a, c) = (b.dial("192.168.4.20"), b.dial("198.51.100.9"));
    // The window is 5760 bytes, nobody reads.
    b.act("pc", Send(vec![b'd'; 16_000]));
    b.act("pc", Close);
    let mut got = 0;
    for _ in 0..20 {
        got += b.stations[0].stack.stream_recv(a, usize::MAX).len();
        b.idle(Duration::from_millis(100));
    }
    assert_eq!((got, b.stations[0].stack.stream_state(a)), (16_000, StreamState::PeerClosed));
    b.act("far", Send(b"lost?".to_vec()));
    b.act("far", Reset);
    assert_eq!(b.stations[0].stack.stream_state(c), StreamState::Closed(CloseReason::Reset));
    let notes = b.notes();
    assert!(notes.iter().any(|n| n.starts_with("pc tcp-terminal closed 192.168.4.")), "{notes:?}");
    assert!(notes.iter().any(|n| n.starts_with("far tcp-terminal reset 192.168.4.")), "{notes:?}");
}

#[test]
fn what_waits_for_a_client_is_bounded() {
    let mut b = Bench::joined(&terminals(), 1);
    let s = b.dial("192.168.4.20");
    for _ in 0..20 {
        b.act("pc", Send(vec![b'd'; 16_000]));
    }
    let dropped = b.notes().iter().filter(|n| n.ends_with("dropped: 65535 bytes wait already")).count();
    assert!((10..20).contains(&dropped), "{dropped} of 20 sends were cut");
    let mut got = 0;
    for _ in 0..500 {
        got += b.stations[0].stack.stream_recv(s, usize::MAX).len();
        b.idle(Duration::from_millis(20));
    }
    assert!((131_000..=137_000).contains(&got), "two buffers of 65535 bytes and a window, not {got} bytes");
}

#[test]
fn a_pause_closes_the_window_and_a_resume_opens_it() {
    let mut b = Bench::joined(&terminals(), 1);
    let s = b.dial("192.168.4.20");
    b.act("pc", Pause);
    assert_eq!(b.stations[0].stack.stream_send(s, &[b'p'; 5000]), 5000);
    b.idle(Duration::from_secs(200));
    assert_eq!(b.stations[0].stack.stream_unsent(s), 5000 - 2144, "a window of 2144 bytes, full");
    assert_eq!(b.stations[0].stack.stream_state(s), StreamState::Open, "probes are answered");
    assert_eq!(b.notes().len(), 1, "the connection, and nothing read");
    b.act("pc", Resume);
    assert_eq!(b.stations[0].stack.stream_unsent(s), 0);
    let notes = b.notes().join("\n");
    let lengths =
        notes.lines().filter_map(|n| n.split(", ").nth(1)?.strip_suffix(" bytes")?.parse::<usize>().ok());
    assert_eq!(lengths.sum::<usize>(), 5000, "{notes}");
}

#[test]
fn a_host_dials_a_module_by_its_name() {
    for from in ["pc", "far", "nas"] {
        let mut b = Bench::joined(&terminals(), 1);
        let listener = b.stations[0].stack.stream_listen(333, 2, &TcpOptions::default()).unwrap();
        // Said at the same instant: it waits for the connection.
        let connect = Connect { to: wifi(), port: 333, tls: HostTls::None };
        assert!(b.net.act(b.now, from, &connect) && b.net.act(b.now, from, &Send(b"GET".to_vec())));
        b.idle(Duration::from_millis(500));
        let (s, _) = b.stations[0].stack.stream_accept(listener).expect("a connection from the host");
        assert_eq!(b.stations[0].stack.stream_recv(s, 100), b"GET", "{from}");
        b.stations[0].stack.stream_send(s, b"200");
        b.idle(Duration::from_millis(500));
        b.act(from, Close);
        assert_eq!(b.stations[0].stack.stream_state(s), StreamState::PeerClosed, "{from}");
        let own = b.stations[0].stack.ipv4().unwrap().address;
        let expected = [
            format!("{from} tcp-terminal connected to {own}:333"),
            format!("{from} tcp-terminal received from {own}:333: \"200\", 3 bytes"),
            format!("{from} tcp-terminal closed {own}:333 after 3 bytes, CRC-32 2131eeb3"),
        ];
        assert_eq!(b.notes(), expected);
    }
}

#[test]
fn a_dial_that_fails_says_why() {
    let mut b = Bench::new(&terminals(), 1);
    let connect = |to| Connect { to, port: 333, tls: HostTls::None };
    b.act("pc", connect(wifi()));
    b.join(0, "home");
    b.act("pc", connect(wifi()));
    b.act("far", connect(Peer::Address(ip("10.9.9.9").into())));
    b.act("pc", connect(Peer::Address(ip("192.168.4.77").into())));
    b.idle(Duration::from_secs(20));
    b.act("pc", connect(Peer::Address(ip("192.168.4.78").into())));
    b.act("pc", Close);
    for action in [Close, Reset, Send(vec![1])] {
        b.act("pc", action);
    }
    assert!(!b.net.act(b.now, "nobody", &Close), "there is no such host");
    let own = b.stations[0].stack.ipv4().unwrap().address;
    let expected = [
        "pc tcp-terminal not connected: module 'wifi' has no address now".to_owned(),
        format!("pc tcp-terminal not connected to {own}:333: refused"),
        "pc tcp-terminal not connected to 192.168.4.77:333: no answer".to_owned(),
        "far tcp-terminal not connected to 10.9.9.9:333: no answer".to_owned(),
        "pc tcp-terminal closed 192.168.4.78:333 after 0 bytes".to_owned(),
        "pc tcp-terminal nothing closed: no connection".to_owned(),
        "pc tcp-terminal nothing reset: no connection".to_owned(),
        "pc tcp-terminal nothing sent: no connection".to_owned(),
    ];
    let mut notes = b.notes();
    notes[2..4].sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(notes, expected);
}

#[test]
fn a_module_is_found_at_the_address_that_it_has_now() {
    let mut b = Bench::joined(&terminals(), 1);
    let hello = |to| Datagram { to, port: 4000, data: b"hello".to_vec() };
    let s = b.stations[0].stack.udp_open(Some(4000)).unwrap();
    b.act("pc", hello(wifi()));
    let first = b.stations[0].stack.udp_recv(s).expect("a datagram to the leased address");
    assert_eq!((first.from.to_string().as_str(), &first.data[..]), ("192.168.4.20:5000", &b"hello"[..]));
    // A host without a terminal sends from a port of its own, and hears the answer there.
    b.act("nas", hello(wifi()));
    let second = b.stations[0].stack.udp_recv(s).expect("a datagram from nas");
    assert_eq!(second.from.ip().to_string(), "192.168.4.10");
    b.stations[0].stack.udp_send(s, second.from, b"back").unwrap();
    b.idle(Duration::from_millis(500));
    let leased = b.stations[0].stack.ipv4().unwrap().address;
    assert_eq!(b.notes(), [format!("nas udp-terminal received from {leased}:4000: \"back\", 4 bytes")]);
    // A static address takes the lease's place as soon as it is used.
    let fixed = Ipv4Config {
        address: ip("192.168.4.50"),
        prefix_len: 24,
        gateway: Some(ip("192.168.4.1")),
        dns: Vec::new(),
        server: None,
        lease: None,
    };
    b.stations[0].stack.dhcp_stop();
    b.stations[0].stack.set_ipv4(Some(fixed));
    b.stations[0].stack.announce();
    b.idle(Duration::from_millis(500));
    b.act("far", hello(wifi()));
    assert!(b.stations[0].stack.udp_recv(s).is_some(), "a datagram to the static address");
    // Off the air it has none.
    b.net.station_leave(b.now, 0);
    b.idle(Duration::from_millis(1));
    b.act("pc", hello(wifi()));
    assert_eq!(b.notes(), ["pc udp-terminal nothing sent: module 'wifi' has no address now"]);
}

#[test]
fn a_lost_announcement_does_not_hide_a_module() {
    let mut b = Bench::new(&terminals(), 1);
    assert!(b.net.station_join(b.now, 0, "home"));
    b.stations[0].stack.dhcp_start(b.now, None);
    // All that comes after the DHCP request is lost: what is known is the lease.
    let acked = |b: &Bench| b.stations[0].inbox.iter().any(|d| d.frame.len() > 300 && d.frame[284] == 5);
    b.run(Duration::from_secs(10), acked);
    assert!(b.net.set_faults("wifi", Faults { down: true, ..Faults::default() }));
    b.run(Duration::from_secs(10), |b| b.stations[0].stack.ipv4().is_some());
    assert!(b.net.set_faults("wifi", Faults::default()));
    b.idle(Duration::from_millis(100));
    let s = b.stations[0].stack.udp_open(Some(4000)).unwrap();
    b.act("pc", Datagram { to: wifi(), port: 4000, data: Vec::new() });
    assert!(b.stations[0].stack.udp_recv(s).is_some(), "{:?}", b.notes());
}
