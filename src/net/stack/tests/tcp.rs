//! TCP connections between two nodes.

use std::net::{IpAddr, SocketAddr};

use super::lan::{Lan, address, ms};
use crate::net::stack::*;
use crate::time::{Duration, Instant};

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;

fn at(i: usize, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address(i)), port)
}

/// Node 0 connected to node 1's port 80: (client, server, listener).
fn connected(lan: &mut Lan, options: &TcpOptions) -> (Connection, Connection, Listener) {
    let listener = lan.nodes[1].stream_listen(80, 4, options).unwrap();
    let now = lan.now;
    let client = lan.nodes[0].stream_connect(now, at(1, 80), None, options).unwrap();
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Connecting);
    lan.run_idle(now + Duration::from_millis(20));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Open);
    let (server, from) = lan.nodes[1].stream_accept(listener).expect("nothing to accept");
    assert_eq!(Some(from), lan.nodes[0].stream_local(client));
    assert!(from.port() >= 49_152, "{from} is no ephemeral port");
    (client, server, listener)
}

#[test]
fn data_goes_both_ways_and_closes_in_order() {
    let mut lan = Lan::new(2, 1);
    let (client, server, _) = connected(&mut lan, &TcpOptions::default());
    let up: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    let (mut sent, mut got, mut back) = (0, Vec::new(), Vec::new());
    lan.run(ms(5_000), |_, nodes| {
        let n = nodes[0].stream_send(client, &up[sent..]);
        sent += n;
        if sent == up.len() && nodes[0].stream_state(client) == StreamState::Open {
            nodes[0].stream_close(client);
        }
        let read = nodes[1].stream_recv(server, usize::MAX);
        got.extend_from_slice(&read);
        let answered = if nodes[1].stream_state(server) == StreamState::PeerClosed && back.is_empty() {
            nodes[1].stream_send(server, b"thanks")
        } else {
            0
        };
        if nodes[1].stream_unsent(server) == 0 && got.len() == up.len() && answered == 0 {
            nodes[1].stream_close(server);
        }
        let read_back = nodes[0].stream_recv(client, 100);
        back.extend_from_slice(&read_back);
        n + read.len() + answered + read_back.len() > 0
    });
    assert_eq!(got.len(), up.len());
    assert!(got == up, "the bytes changed on the way");
    assert!(back.starts_with(b"thanks"), "{back:?}");
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Closed(CloseReason::Local));
    assert_eq!(lan.nodes[1].stream_state(server), StreamState::Closed(CloseReason::Peer));
    assert!(lan.tcp_flags().iter().all(|(_, _, f)| f & RST == 0), "an orderly close has no RST");
}

#[test]
fn a_closed_port_refuses() {
    let mut lan = Lan::new(2, 1);
    let s = lan.nodes[0].stream_connect(Instant::ZERO, at(1, 81), None, &TcpOptions::default()).unwrap();
    lan.run_idle(ms(100));
    assert_eq!(lan.nodes[0].stream_state(s), StreamState::Closed(CloseReason::Refused));
}

#[test]
fn abort_sends_rst_and_the_peer_keeps_what_it_received() {
    let mut lan = Lan::new(2, 1);
    let (client, server, _) = connected(&mut lan, &TcpOptions::default());
    lan.nodes[0].stream_send(client, b"last words");
    lan.run_idle(ms(50));
    lan.nodes[0].tcp_abort(client);
    lan.run_idle(ms(100));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Closed(CloseReason::Local));
    assert_eq!(lan.nodes[1].stream_state(server), StreamState::Closed(CloseReason::Reset));
    assert_eq!(lan.nodes[1].stream_readable(server), 10);
    assert_eq!(lan.nodes[1].stream_recv(server, 4), b"last");
    assert_eq!(lan.nodes[1].stream_recv(server, 400), b" words");
    assert_eq!(lan.tcp_flags().iter().filter(|(_, _, f)| f & RST != 0).count(), 1);
}

#[test]
fn the_peers_fin_leaves_unread_data_and_our_direction_open() {
    let mut lan = Lan::new(2, 1);
    let (client, server, _) = connected(&mut lan, &TcpOptions::default());
    lan.nodes[1].stream_send(server, b"bye");
    lan.nodes[1].stream_close(server);
    lan.run_idle(ms(100));
    assert_eq!(lan.nodes[1].stream_state(server), StreamState::Closing);
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::PeerClosed);
    assert_eq!(lan.nodes[0].stream_recv(client, 10), b"bye");
    assert_eq!(lan.nodes[0].stream_send(client, b"more"), 4);
    lan.run_idle(ms(200));
    assert_eq!(lan.nodes[1].stream_recv(server, 10), b"more");
    lan.nodes[0].stream_release(client);
    lan.run_idle(ms(300));
    assert_eq!(lan.nodes[1].stream_state(server), StreamState::Closed(CloseReason::Local));
}

#[test]
fn a_host_that_is_not_there_is_given_up_after_the_connect_timeout() {
    let mut lan = Lan::new(1, 1);
    let s = lan.nodes[0].stream_connect(ms(0), at(1, 80), None, &TcpOptions::default()).unwrap();
    lan.run_idle(ms(9_999));
    assert_eq!(lan.nodes[0].stream_state(s), StreamState::Connecting);
    lan.run_idle(ms(10_000));
    assert_eq!(lan.nodes[0].stream_state(s), StreamState::Closed(CloseReason::TimedOut));
    let asked: Vec<u64> = lan.log.iter().map(|(t, _, _)| t.as_nanos() / 1_000_000).collect();
    // Five requests for the SYNs of 0, 1 and 3 s; at 5 s they are dropped; the SYN of 7 s starts over.
    assert_eq!(asked, [0, 1_000, 2_000, 3_000, 4_000, 7_000, 8_000, 9_000, 10_000]);
}

#[test]
fn a_peer_that_went_away_is_given_up_after_the_data_timeout_and_not_before() {
    let options = TcpOptions { data_timeout: Some(Duration::from_secs(12)), ..TcpOptions::default() };
    let mut lan = Lan::new(2, 1);
    let (client, server, _) = connected(&mut lan, &options);
    lan.run_idle(ms(100_000));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Open, "an idle connection has no timeout");
    assert_eq!(lan.nodes[1].stream_state(server), StreamState::Open);
    let gone = lan.now;
    lan.loss = Box::new(|_| true);
    lan.nodes[0].stream_send(client, b"hello?");
    lan.run_idle(gone + Duration::from_nanos(11_999_999_999));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Open);
    assert_eq!(lan.nodes[0].stream_unsent(client), 6);
    lan.run_idle(gone + Duration::from_secs(12));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Closed(CloseReason::TimedOut));
    let frames = lan.log.len();
    lan.run_idle(gone + Duration::from_secs(300));
    assert_eq!(lan.log.len(), frames, "nothing is sent after giving up");
    assert_eq!(lan.nodes[0].next_timer(), None);
}

#[test]
fn a_peer_that_does_not_read_is_not_a_peer_that_went_away() {
    let options = TcpOptions { data_timeout: Some(Duration::from_secs(10)), ..TcpOptions::default() };
    let mut lan = Lan::new(2, 1);
    let (client, server, _) = connected(&mut lan, &options);
    lan.nodes[0].stream_send(client, &[7; 8192]);
    lan.run_idle(ms(9_000));
    assert_eq!(lan.nodes[1].stream_readable(server), 5760, "the window is full");
    lan.run_idle(ms(200_000));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Open, "window probes are answered");
    assert_eq!(lan.nodes[1].stream_recv(server, 6000).len(), 5760);
    lan.run_idle(ms(201_000));
    assert_eq!(lan.nodes[1].stream_recv(server, 6000).len(), 8192 - 5760, "reading opens the window at once");
}

#[test]
fn small_reads_behind_a_closed_window_open_it_in_one_step() {
    let mut lan = Lan::new(2, 1);
    let (client, server, _) = connected(&mut lan, &TcpOptions::default());
    let sent: Vec<u8> = (0..8192u32).map(|n| n as u8).collect();
    lan.nodes[0].stream_send(client, &sent);
    lan.run_idle(ms(900));
    assert_eq!(lan.nodes[1].stream_readable(server), 5760, "the window is full");
    let mut read = Vec::new();
    let frames = lan.log.len();
    for n in [1, 79, 1359] {
        read.extend(lan.nodes[1].stream_recv(server, n));
        lan.run_idle(ms(900));
    }
    assert_eq!(lan.log.len(), frames, "less than a quarter of the window is not offered");
    assert_eq!(lan.nodes[1].stream_readable(server), 5760 - 1439);
    read.extend(lan.nodes[1].stream_recv(server, 1));
    lan.run_idle(ms(950));
    assert_eq!(lan.nodes[1].stream_readable(server), 5760, "a quarter of the window was filled again");
    while read.len() < sent.len() {
        let more = lan.nodes[1].stream_recv(server, 700);
        assert!(!more.is_empty(), "stuck after {} bytes", read.len());
        read.extend(more);
        let now = lan.now + Duration::from_millis(50);
        lan.run_idle(now);
    }
    assert!(read == sent, "the stream has other bytes");
}

#[test]
fn keep_alive_probes_an_idle_peer_and_notices_its_death() {
    let (idle, interval) = (Duration::from_secs(5), Duration::from_secs(1));
    let options =
        TcpOptions { keep_alive: Some(KeepAlive { idle, interval, count: 3 }), ..TcpOptions::default() };
    let mut lan = Lan::new(2, 1);
    let (client, _, _) = connected(&mut lan, &TcpOptions::default());
    let remote = lan.nodes[0].stream_remote(client).unwrap();
    lan.nodes[0].stream_release(client);
    let now = lan.now;
    let client = lan.nodes[0].stream_connect(now, remote, None, &options).unwrap();
    lan.run_idle(ms(1_000));
    let before = lan.log.len();
    lan.run_idle(ms(61_000));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Open);
    // A probe and its answer every 5 s, and nothing else.
    let seconds = |lan: &Lan, from: usize| -> Vec<u64> {
        let sent = lan.log[from..].iter().filter(|(_, node, _)| *node == 0);
        sent.map(|(at, ..)| (at.as_nanos() + 500_000_000) / 1_000_000_000).collect()
    };
    assert_eq!(seconds(&lan, before), (1..=12).map(|n| 5 * n).collect::<Vec<u64>>());
    assert_eq!(lan.log.len() - before, 24, "each probe has one answer");
    // The answers are lost from now on: three probes a second apart, and an RST a second after the last.
    let (from, last) = (lan.log.len(), lan.log.last().unwrap().0);
    lan.loss = Box::new(|_| true);
    lan.run_idle(ms(81_000));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Closed(CloseReason::TimedOut));
    // Rounded to the nearest: smoltcp counts in microseconds.
    let after: Vec<u64> = lan.log[from..]
        .iter()
        .map(|(at, ..)| (at.as_nanos() - last.as_nanos() + 500_000) / 1_000_000)
        .collect();
    assert_eq!(after, [5_001, 6_001, 7_001, 8_001], "three probes and the RST, ms after the last answer");
    let flags = lan.tcp_flags();
    assert!(flags.last().unwrap().2 & RST != 0, "the peer is told with an RST");
}

#[test]
fn an_interface_that_goes_down_ends_connections_without_a_frame() {
    let mut lan = Lan::new(2, 1);
    let (client, server, _) = connected(&mut lan, &TcpOptions::default());
    let frames = lan.log.len();
    let now = lan.now;
    lan.nodes[0].set_up(now, false);
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Closed(CloseReason::Unreachable));
    assert_eq!(lan.nodes[0].ipv4(), None);
    let again = lan.nodes[0].stream_connect(now, at(1, 80), None, &TcpOptions::default());
    assert_eq!(again, Err(ConnectError::NoAddress));
    lan.nodes[1].stream_send(server, b"anybody there");
    lan.run_idle(ms(100));
    assert!(lan.log[frames..].iter().all(|(_, from, _)| *from == 1), "a node that is down sent something");
}

#[test]
fn the_backlog_bounds_what_waits_and_later_syns_get_no_answer() {
    let mut lan = Lan::new(2, 1);
    let listener = lan.nodes[1].stream_listen(80, 2, &TcpOptions::default()).unwrap();
    assert_eq!(lan.nodes[1].stream_listen(80, 2, &TcpOptions::default()), Err(ListenError::PortInUse));
    let o = TcpOptions::default();
    let all: Vec<Connection> =
        (0..4).map(|_| lan.nodes[0].stream_connect(ms(0), at(1, 80), None, &o).unwrap()).collect();
    lan.run_idle(ms(500));
    let open = |lan: &Lan| all.iter().filter(|s| lan.nodes[0].stream_state(**s) == StreamState::Open).count();
    assert_eq!(open(&lan), 2, "two fit the backlog");
    assert!(lan.tcp_flags().iter().all(|(_, _, f)| f & RST == 0), "a full backlog answers nothing");
    let first = lan.nodes[1].stream_accept(listener).unwrap();
    let second = lan.nodes[1].stream_accept(listener).unwrap();
    assert_eq!(lan.nodes[1].stream_accept(listener), None);
    assert_eq!(Some(first.1), lan.nodes[0].stream_local(all[0]), "in the order of the SYNs");
    assert_eq!(Some(second.1), lan.nodes[0].stream_local(all[1]));
    lan.run_idle(ms(2_000));
    assert_eq!(open(&lan), 4, "the repeated SYNs found room");
    lan.nodes[1].listener_release(listener);
    lan.run_idle(ms(2_100));
    assert_eq!(open(&lan), 2, "what was not accepted is reset when the listener goes");
    assert_eq!(lan.nodes[0].stream_state(all[3]), StreamState::Closed(CloseReason::Reset));
}

#[test]
fn a_syn_that_arrives_twice_makes_one_connection() {
    let mut lan = Lan::new(2, 1);
    let listener = lan.nodes[1].stream_listen(80, 8, &TcpOptions::default()).unwrap();
    let client = lan.nodes[0].stream_connect(ms(0), at(1, 80), None, &TcpOptions::default()).unwrap();
    lan.run(ms(500), |_, _| false);
    let syn = lan.log.iter().find(|(_, from, f)| *from == 0 && f.len() > 53 && f[47] == SYN).unwrap().clone();
    lan.nodes[1].receive(syn.2);
    lan.run_idle(ms(1_000));
    assert!(lan.nodes[1].stream_accept(listener).is_some());
    assert_eq!(lan.nodes[1].stream_accept(listener), None);
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Open);
}

#[test]
fn a_client_may_come_back_from_its_old_port_while_the_server_is_in_time_wait() {
    let mut lan = Lan::new(2, 1);
    let listener = lan.nodes[1].stream_listen(80, 4, &TcpOptions::default()).unwrap();
    for round in 0..3 {
        let now = lan.now;
        let client = lan.nodes[0].stream_connect(now, at(1, 80), Some(5000), &TcpOptions::default()).unwrap();
        let busy = lan.nodes[0].stream_connect(now, at(1, 80), Some(5000), &TcpOptions::default());
        assert_eq!(busy, Err(ConnectError::PortInUse));
        lan.run_idle(now + Duration::from_millis(100));
        assert_eq!(lan.nodes[0].stream_state(client), StreamState::Open, "round {round}");
        let (server, _) = lan.nodes[1].stream_accept(listener).unwrap();
        // The server closes first, so TIME_WAIT is its.
        lan.nodes[1].stream_release(server);
        lan.run_idle(now + Duration::from_millis(200));
        lan.nodes[0].stream_release(client);
        lan.run_idle(now + Duration::from_millis(300));
    }
}

#[test]
fn released_sockets_leave_nothing_behind() {
    let mut lan = Lan::new(2, 1);
    let options = TcpOptions { data_timeout: None, ..TcpOptions::default() };
    let (client, server, _) = connected(&mut lan, &options);
    lan.nodes[1].stream_send(server, &[1; 8000]);
    lan.nodes[0].stream_release(client);
    lan.nodes[1].stream_release(server);
    lan.run_idle(ms(15_000));
    // The peer is gone while a FIN is under way: given up too.
    lan.nodes[1].stream_listen(81, 1, &options).unwrap();
    let second = lan.nodes[0].stream_connect(ms(15_000), at(1, 81), None, &options).unwrap();
    lan.run_idle(ms(15_100));
    lan.loss = Box::new(|_| true);
    lan.nodes[0].stream_release(second);
    lan.run_idle(ms(100_000));
    assert_eq!(lan.nodes[0].connections.len(), 0, "the client keeps a connection");
    assert_eq!(lan.nodes[0].sockets.iter().count(), 0, "a smoltcp socket was left");
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Closed(CloseReason::Local));
    assert_eq!(lan.nodes[0].stream_recv(client, 10), b"");
    assert_eq!(lan.nodes[0].stream_send(client, b"x"), 0);
    assert!(lan.tcp_flags().iter().any(|(_, _, f)| f & FIN != 0));
}

#[test]
fn a_lossy_link_delivers_every_byte() {
    let mut lan = Lan::new(2, 1);
    let (client, server, _) = connected(&mut lan, &TcpOptions::default());
    let mut draws = crate::rng::Stream::new(9, "loss");
    lan.loss = Box::new(move |_| draws.chance(50_000));
    let data: Vec<u8> = (0..60_000u32).map(|i| (i / 7) as u8).collect();
    let (mut sent, mut got) = (0, Vec::new());
    lan.run(ms(120_000), |_, nodes| {
        let n = nodes[0].stream_send(client, &data[sent..]);
        sent += n;
        let read = nodes[1].stream_recv(server, 1000);
        got.extend_from_slice(&read);
        n + read.len() > 0
    });
    assert!(got == data, "{} of {} bytes arrived", got.len(), data.len());
}

#[test]
fn a_node_reaches_its_own_server() {
    let mut lan = Lan::new(1, 1);
    let listener = lan.nodes[0].stream_listen(80, 1, &TcpOptions::default()).unwrap();
    let client = lan.nodes[0].stream_connect(ms(0), at(0, 80), None, &TcpOptions::default()).unwrap();
    lan.run_idle(ms(10));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Open);
    assert!(lan.nodes[0].stream_accept(listener).is_some());
    assert!(lan.log.is_empty(), "nothing of it is seen on the wire");
}

#[test]
fn what_cannot_be_connected_to_is_refused_with_a_reason() {
    let mut lan = Lan::new(1, 1);
    let node = &mut lan.nodes[0];
    let mut connect =
        |to: &str| node.stream_connect(ms(0), to.parse().unwrap(), None, &TcpOptions::default());
    assert_eq!(connect("10.0.0.255:80"), Err(ConnectError::BadRemote));
    assert_eq!(connect("224.0.0.1:80"), Err(ConnectError::BadRemote));
    assert_eq!(connect("0.0.0.0:80"), Err(ConnectError::BadRemote));
    assert_eq!(connect("10.0.0.2:0"), Err(ConnectError::BadRemote));
    assert_eq!(connect("[::1]:80"), Err(ConnectError::BadRemote));
    assert_eq!(connect("93.184.216.34:80"), Err(ConnectError::NoRoute));
}
