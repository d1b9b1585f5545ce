//! Services on node 1 of a hub, asked by node 0.

use std::net::{IpAddr, SocketAddr};

use super::*;
use crate::net::config::{ConnectionLimits, HttpAnswer, HttpChange, Page};
use crate::net::stack::tests::lan::{App, Lan, address, ms};
use crate::net::stack::{CloseReason, Connection, StreamState, TcpOptions, UDP_QUEUE};
use crate::time::Duration;

mod limits;

fn at(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address(1)), port)
}

fn page(path: &str, status: u16, body: &[u8], delay: Duration) -> Page {
    Page::new(path, HttpAnswer { status, body: body.to_vec(), delay, ..HttpAnswer::default() })
}

fn answer(status: u16, body: &[u8]) -> HttpAnswer {
    HttpAnswer { status, body: body.to_vec(), ..HttpAnswer::default() }
}

fn configs() -> Vec<ServiceConfig> {
    let pages = vec![
        page("/", 200, b"hello", Duration::ZERO),
        page("/slow", 200, b"at last", Duration::from_millis(250)),
        page("/empty", 204, b"ignored", Duration::ZERO),
        page("/big", 200, &[b'x'; 30_000], Duration::ZERO),
        page("/?special", 200, b"special", Duration::ZERO),
        Page {
            methods: vec!["GET".to_owned(), "DELETE".to_owned()],
            answers: vec![answer(503, b"later"), answer(200, b"now"), answer(200, b"still")],
            ..page("/list", 200, b"", Duration::ZERO)
        },
        Page::new("/chunks", HttpAnswer { chunk: Some(2), keep_alive: false, ..answer(200, b"abc") }),
        Page::new(
            "/moved",
            HttpAnswer { headers: vec![("Location".to_owned(), "/new".to_owned())], ..answer(302, b"") },
        ),
    ];
    vec![
        ServiceConfig::Http { port: 80, pages, shows: vec!["x-one".to_owned()] },
        ServiceConfig::TcpEcho { port: 7 },
        ServiceConfig::UdpEcho { port: 7 },
    ]
}

/// The services, and what clients on node 0 received.
struct World {
    services: Services,
    clients: Vec<(Connection, Vec<u8>)>,
}

impl App for World {
    fn poll(&mut self, now: Instant, nodes: &mut [Stack]) -> bool {
        let mut moved = self.services.poll(now, &mut nodes[1]);
        for (socket, got) in &mut self.clients {
            let data = nodes[0].stream_recv(*socket, usize::MAX);
            moved |= !data.is_empty();
            got.extend_from_slice(&data);
        }
        moved
    }
    fn next_timer(&self) -> Option<Instant> {
        self.services.next_timer()
    }
}

fn world() -> (Lan, World) {
    world_with(ConnectionLimits::default())
}

fn world_with(limits: ConnectionLimits) -> (Lan, World) {
    let mut lan = Lan::new(2, 1);
    let services = Services::new(&mut lan.nodes[1], limits, &configs(), 0).unwrap();
    (lan, World { services, clients: Vec::new() })
}

impl World {
    fn connect(&mut self, lan: &mut Lan, port: u16) -> usize {
        let now = lan.now;
        let s = lan.nodes[0].stream_connect(now, at(port), None, &TcpOptions::default()).unwrap();
        self.clients.push((s, Vec::new()));
        lan.run_app(now + Duration::from_millis(10), self);
        assert_eq!(lan.nodes[0].stream_state(s), StreamState::Open);
        self.clients.len() - 1
    }

    /// Sends bytes and answers what came back within 200 ms.
    fn exchange(&mut self, lan: &mut Lan, client: usize, bytes: &[u8]) -> String {
        let (socket, got) = &mut self.clients[client];
        got.clear();
        let (mut rest, socket) = (bytes, *socket);
        for _ in 0..10 {
            rest = &rest[lan.nodes[0].stream_send(socket, rest)..];
            let end = lan.now + Duration::from_millis(20);
            lan.run_app(end, self);
        }
        String::from_utf8_lossy(&self.clients[client].1).into_owned()
    }

    fn notes(&mut self) -> Vec<String> {
        let name = |event: &HostEvent| match event {
            HostEvent::Http(_) => "http",
            HostEvent::TcpEcho(_) => "tcp-echo",
            HostEvent::UdpEcho(_) => "udp-echo",
            _ => "another service",
        };
        std::iter::from_fn(|| self.services.take_event())
            .map(|event| format!("{}: {event}", name(&event)))
            .collect()
    }
}

/// The answer to one request on a connection of its own, and whether the server closed it.
fn ask(request: &[u8]) -> (String, bool) {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    let answer = world.exchange(&mut lan, client, request);
    (answer, lan.nodes[0].stream_state(world.clients[client].0) == StreamState::PeerClosed)
}

const OK: &str = "HTTP/1.1 200 OK\r\nServer: espat-sim\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n";

#[test]
fn a_page_is_served_and_the_connection_stays_open() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    for _ in 0..2 {
        let answer = world.exchange(&mut lan, client, b"GET /?q=1 HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(answer, format!("{OK}\r\nhello"));
    }
    assert_eq!(lan.nodes[0].stream_state(world.clients[client].0), StreamState::Open);
    let from = lan.nodes[0].stream_local(world.clients[client].0).unwrap();
    let note = format!("http: GET /?q=1 from {from} -> 200, 5 bytes");
    assert_eq!(world.notes(), [note.clone(), note]);
}

#[test]
fn answers_of_a_list_come_one_behind_the_other_and_the_last_stays() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    let mut ask = |method: &str| {
        let request = format!("{method} /list HTTP/1.1\r\nHost: h\r\n\r\n");
        let answer = world.exchange(&mut lan, client, request.as_bytes());
        (answer[9..12].to_owned(), answer.rsplit("\r\n").next().unwrap_or_default().to_owned())
    };
    let is = |status: &str, body: &str| (status.to_owned(), body.to_owned());
    assert_eq!(ask("GET"), is("503", "later"));
    assert_eq!(ask("POST").0, "405", "the page has no POST");
    assert_eq!(ask("DELETE"), is("200", "now"));
    assert_eq!(ask("GET"), is("200", "still"));
    assert_eq!(ask("GET"), is("200", "still"));
}

#[test]
fn pages_by_query_chunks_and_redirects_are_answered_as_the_scenario_says() {
    let special = ask(b"GET /?special HTTP/1.1\r\nHost: h\r\n\r\n").0;
    assert!(special.ends_with("special"), "{special}");
    let (chunks, closed) = ask(b"GET /chunks HTTP/1.1\r\nHost: h\r\n\r\n");
    let head =
        "HTTP/1.1 200 OK\r\nServer: espat-sim\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(chunks, format!("{head}Connection: close\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"));
    assert!(closed, "the scenario says that the connection does not go on");
    let old = ask(b"GET /chunks HTTP/1.0\r\n\r\n").0;
    assert!(old.ends_with("Content-Length: 3\r\nConnection: close\r\n\r\nabc"), "HTTP/1.0: {old}");
    let moved = ask(b"GET /moved HTTP/1.1\r\nHost: h\r\n\r\n").0;
    assert!(
        moved.starts_with("HTTP/1.1 302 Found\r\n") && moved.contains("\r\nLocation: /new\r\n"),
        "{moved}"
    );
}

#[test]
fn a_request_is_told_with_its_body_and_the_headers_that_the_scenario_names() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    let request = b"POST /?a=b HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nX-Two: 2\r\nContent-Length: 4\r\n\r\nte\"t";
    world.exchange(&mut lan, client, request);
    let from = lan.nodes[0].stream_local(world.clients[client].0).unwrap();
    let told = r#"-> 200, 5 bytes, body of 4 bytes read: "te\"t", x-one: "1", CRC-32 7bdf1219"#;
    assert_eq!(world.notes(), [format!("http: POST /?a=b from {from} {told}")]);
}

#[test]
fn a_test_changes_what_a_path_is_answered_with_and_changes_it_back() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    let mut status = |world: &mut World, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        world.exchange(&mut lan, client, request.as_bytes())[9..12].to_owned()
    };
    let change = |path: &str, answer| HttpChange { path: path.to_owned(), answer };
    for path in ["/", "/new"] {
        assert!(world.services.change_http(&change(path, Some(answer(418, b"")))));
        assert_eq!(status(&mut world, path), "418");
    }
    for (path, before) in [("/", "200"), ("/new", "404")] {
        assert!(world.services.change_http(&change(path, None)));
        assert_eq!(status(&mut world, path), before, "{path} is not as it was");
    }
}

#[test]
fn connection_close_and_http_1_0_close_after_the_answer() {
    let close = ask(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(close, (format!("{OK}Connection: close\r\n\r\nhello"), true));
    let old = ask(b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(old, (format!("{OK}Connection: close\r\n\r\nhello"), true));
    let kept = ask(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    assert_eq!(kept, (format!("{OK}Connection: keep-alive\r\n\r\nhello"), false));
}

#[test]
fn head_has_the_length_and_no_body_and_204_has_neither() {
    assert_eq!(ask(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").0, format!("{OK}\r\n"));
    let empty = ask(b"GET /empty HTTP/1.1\r\nHost: h\r\n\r\n").0;
    assert_eq!(empty, "HTTP/1.1 204 No Content\r\nServer: espat-sim\r\n\r\n");
}

#[test]
fn errors_have_their_status() {
    let starts = |request: &[u8], status: &str, closed: bool| {
        let (answer, was_closed) = ask(request);
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{shown:?} got {answer:?}");
        assert_eq!(was_closed, closed, "{shown:?}: the connection's end");
        answer
    };
    starts(b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", "404 Not Found", false);
    let refused = starts(b"DELETE / HTTP/1.1\r\nHost: h\r\n\r\n", "405 Method Not Allowed", false);
    assert!(refused.contains("\r\nAllow: GET, HEAD, POST, PUT\r\n"), "{refused}");
    starts(b"nonsense\r\n\r\n", "400 Bad Request", true);
    starts(b"GET / HTTP/1.1\r\n\r\n", "400 Bad Request", true);
    starts(b"GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request", true);
    starts(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "400 Bad Request", true);
    starts(
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "400 Bad Request",
        true,
    );
    starts(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "411 Length Required", true);
    starts(b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505 HTTP Version Not Supported", true);
    let long = [&b"GET / HTTP/1.1\r\nHost: h\r\nX: "[..], &[b'a'; 9000]].concat();
    starts(&long, "431 Request Header Fields Too Large", true);
    let many = [&b"GET / HTTP/1.1\r\nHost: h\r\n"[..], &b"X: y\r\n".repeat(80), b"\r\n"].concat();
    starts(&many, "431 Request Header Fields Too Large", true);
}

#[test]
fn a_head_of_the_longest_length_is_read_and_one_byte_more_is_not() {
    let request = |len: usize| {
        let start = b"GET / HTTP/1.1\r\nHost: h\r\nX: ".to_vec();
        let fill = vec![b'a'; len - start.len() - 4];
        [start, fill, b"\r\n\r\n".to_vec()].concat()
    };
    assert!(ask(&request(request::MAX_HEAD)).0.starts_with("HTTP/1.1 200"));
    assert!(ask(&request(request::MAX_HEAD + 1)).0.starts_with("HTTP/1.1 431"));
}

#[test]
fn bodies_are_read_whole_before_the_answer() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    let head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n";
    assert_eq!(world.exchange(&mut lan, client, head), "");
    assert_eq!(world.exchange(&mut lan, client, &[b'd'; 19_999]), "");
    assert_eq!(world.exchange(&mut lan, client, b"d"), format!("{OK}\r\nhello"));
    let told = format!("-> 200, 5 bytes, body of 20000 bytes read: \"{}\"...", "d".repeat(200))
        + ", CRC-32 d5df5909";
    assert!(world.notes()[0].ends_with(&told));
    let expecting = b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(world.exchange(&mut lan, client, expecting), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(world.exchange(&mut lan, client, b"d"), format!("{OK}\r\nhello"));
}

#[test]
fn pipelined_and_split_requests_are_answered_in_order() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    let two = b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: h\r\n\r\nGET / HT";
    let answer = world.exchange(&mut lan, client, two);
    let (first, second) = answer.split_at(OK.len() + 7);
    assert_eq!(first, format!("{OK}\r\nhello"));
    assert!(second.starts_with("HTTP/1.1 404"), "{second}");
    assert_eq!(world.exchange(&mut lan, client, b"TP/1.1\r\nHost: h\r\n\r\n"), format!("{OK}\r\nhello"));
}

#[test]
fn a_slow_page_takes_its_time_in_virtual_time() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    let (socket, asked) = (world.clients[client].0, lan.now);
    lan.nodes[0].stream_send(socket, b"GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    lan.run_app(asked + Duration::from_millis(251), &mut world);
    assert_eq!(world.services.next_timer(), Some(asked + Duration::from_nanos(251_000_137)));
    assert!(world.clients[client].1.is_empty());
    lan.run_app(asked + Duration::from_millis(253), &mut world);
    assert!(world.clients[client].1.ends_with(b"at last"), "a way there, 250 ms, a way back");
    assert_eq!(world.services.next_timer(), None);
}

#[test]
fn a_large_page_survives_small_buffers() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 80);
    let answer = world.exchange(&mut lan, client, b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(answer.contains("Content-Length: 30000\r\n"));
    assert_eq!(answer.len() - answer.find("\r\n\r\n").unwrap() - 4, 30_000);
}

#[test]
fn tcp_echo_sends_everything_back_and_closes_when_the_peer_does() {
    let (mut lan, mut world) = world();
    let client = world.connect(&mut lan, 7);
    let data: Vec<u8> = (0..20_000u32).map(|i| b'a' + (i % 26) as u8).collect();
    let echoed = world.exchange(&mut lan, client, &data);
    assert!(echoed.as_bytes() == data, "{} bytes came back", echoed.len());
    let socket = world.clients[client].0;
    world.clients[client].1.clear();
    lan.nodes[0].stream_send(socket, b"last");
    lan.nodes[0].stream_close(socket);
    let end = lan.now + Duration::from_secs(1);
    lan.run_app(end, &mut world);
    assert_eq!(world.clients[client].1, b"last");
    assert_eq!(lan.nodes[0].stream_state(socket), StreamState::Closed(CloseReason::Local));
    let from = lan.nodes[0].stream_local(socket).unwrap();
    let expected =
        [format!("tcp-echo: connection from {from}"), format!("tcp-echo: {from} closed after 20004 bytes")];
    assert_eq!(world.notes(), expected);
}

#[test]
fn udp_echo_sends_every_datagram_back_even_more_than_fit_one_poll() {
    let (mut lan, mut world) = world();
    let s = lan.nodes[0].udp_open(None).unwrap();
    for i in 0..UDP_QUEUE as u8 {
        lan.nodes[0].udp_send(s, at(7), &[i; 10]).unwrap();
    }
    let first = lan.now + Duration::from_millis(10);
    lan.run_app(first, &mut world);
    // ARP keeps 16 datagrams; once the neighbour is known none is lost.
    while lan.nodes[0].udp_recv(s).is_some() {}
    for i in 0..UDP_QUEUE as u8 {
        lan.nodes[0].udp_send(s, at(7), &[i; 10]).unwrap();
    }
    lan.run_app(first + Duration::from_millis(10), &mut world);
    let back: Vec<u8> = std::iter::from_fn(|| lan.nodes[0].udp_recv(s)).map(|d| d.data[0]).collect();
    assert_eq!(back, (0..UDP_QUEUE as u8).collect::<Vec<_>>());
    assert!(world.notes().iter().all(|n| n.starts_with("udp-echo: 10 bytes from 10.0.0.1:")));
}

#[test]
fn a_service_keeps_as_many_connections_as_its_host_may_have() {
    for connections in [1, 3, ConnectionLimits::default().connections] {
        let limits = ConnectionLimits { connections, ..ConnectionLimits::default() };
        for port in [7, 80] {
            let (mut lan, mut world) = world_with(limits);
            let all: Vec<usize> = (0..connections + 1).map(|_| world.connect(&mut lan, port)).collect();
            let state = |client: usize| lan.nodes[0].stream_state(world.clients[all[client]].0);
            assert_eq!(
                (state(0), state(1)),
                (StreamState::Closed(CloseReason::Reset), StreamState::Open),
                "port {port}, {connections} connections: the oldest makes room, and no other"
            );
        }
    }
}

#[test]
fn a_syn_beyond_the_backlog_is_dropped_until_the_service_has_taken_one() {
    let open_at_once = |backlog| {
        let (mut lan, mut world) = world_with(ConnectionLimits { backlog, ..ConnectionLimits::default() });
        // So that nobody waits for ARP.
        world.connect(&mut lan, 80);
        for _ in 0..4 {
            let dialled = lan.nodes[0].stream_connect(lan.now, at(7), None, &TcpOptions::default());
            world.clients.push((dialled.unwrap(), Vec::new()));
        }
        let mut open = |ms| {
            let until = lan.now + Duration::from_millis(ms);
            lan.run_app(until, &mut world);
            let state = |(stream, _): &(Connection, _)| lan.nodes[0].stream_state(*stream);
            world.clients[1..].iter().filter(|client| state(client) == StreamState::Open).count()
        };
        (open(10), open(20_000))
    };
    assert_eq!(open_at_once(2), (2, 4), "two at once, and the others when their SYNs come again");
    assert_eq!(open_at_once(4), (4, 4), "all at once");
}

#[test]
fn a_client_that_restarted_with_the_same_port_is_served_again() {
    let (mut lan, mut world) = world();
    for _ in 0..2 {
        let now = lan.now;
        let s = lan.nodes[0].stream_connect(now, at(80), Some(5555), &TcpOptions::default()).unwrap();
        world.clients.push((s, Vec::new()));
        lan.run_app(now + Duration::from_millis(50), &mut world);
        assert_eq!(lan.nodes[0].stream_state(s), StreamState::Open);
        // Power goes: the server hears nothing of it.
        lan.nodes[0].set_up(now + Duration::from_millis(50), false);
        lan.nodes[0].set_up(now + Duration::from_millis(50), true);
        lan.nodes[0].set_ipv4(Some(crate::net::stack::tests::lan::static_ipv4(0)));
    }
}

#[test]
fn polls_that_nobody_needs_change_nothing() {
    let run = |extra_polls| {
        let (mut lan, mut world) = world();
        lan.extra_polls = extra_polls;
        let web = world.connect(&mut lan, 80);
        let echo = world.connect(&mut lan, 7);
        let requests = b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /big HTTP/1.0\r\n\r\n";
        world.exchange(&mut lan, echo, &[5; 9000]);
        world.exchange(&mut lan, web, requests);
        let end = lan.now + Duration::from_secs(2);
        lan.run_app(end, &mut world);
        assert!(world.clients[web].1.len() > 30_000);
        lan.log
    };
    let plain = run(None);
    assert!(plain == run(Some(Duration::from_micros(77))), "extra polls changed the frames");
}

#[test]
fn ports_named_twice_are_refused_and_nothing_stays_open() {
    let mut lan = Lan::new(1, 1);
    let twice = [
        ServiceConfig::TcpEcho { port: 7 },
        ServiceConfig::Http { port: 7, pages: Vec::new(), shows: Vec::new() },
    ];
    assert_eq!(
        Services::new(&mut lan.nodes[0], ConnectionLimits::default(), &twice, 0).err(),
        Some(ListenError::PortInUse)
    );
    let zero = [ServiceConfig::TcpEcho { port: 7 }, ServiceConfig::UdpEcho { port: 0 }];
    assert_eq!(
        Services::new(&mut lan.nodes[0], ConnectionLimits::default(), &zero, 0).err(),
        Some(ListenError::BadPort)
    );
    assert!(Services::new(&mut lan.nodes[0], ConnectionLimits::default(), &twice[..1], 0).is_ok());
    lan.run_idle(ms(1));
}

#[test]
fn closing_or_resetting_ends_an_http_connection_in_the_middle_of_an_answer() {
    for (reset, end) in [(false, StreamState::PeerClosed), (true, StreamState::Closed(CloseReason::Reset))] {
        let (mut lan, mut world) = world();
        let client = world.connect(&mut lan, 80);
        let socket = world.clients[client].0;
        lan.nodes[0].stream_send(socket, b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
        lan.run_app(lan.now + Duration::from_millis(3), &mut world);
        if reset {
            world.services.reset(&mut lan.nodes[1]);
        } else {
            world.services.close();
        }
        lan.run_app(lan.now + Duration::from_millis(100), &mut world);
        let got = world.clients[client].1.len();
        assert!((1..30_000).contains(&got), "a part of the answer came: {got} bytes");
        assert_eq!(lan.nodes[0].stream_state(socket), end);
        let another = world.connect(&mut lan, 80);
        let answer = world.exchange(&mut lan, another, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(answer.ends_with("hello"), "the server goes on");
    }
}
