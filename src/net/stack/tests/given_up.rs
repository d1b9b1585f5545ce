//! When a connection is given up, and what must not put that off or bring it about.

use std::net::{IpAddr, SocketAddr};

use super::lan::{Lan, address, ms};
use crate::net::stack::*;
use crate::time::Duration;

const SYN: u8 = 2;

/// Node 0 connected to node 1's port 80: the client's end and the server's.
fn connected(lan: &mut Lan, client: &TcpOptions, server: &TcpOptions) -> (Connection, Connection) {
    let listener = lan.nodes[1].stream_listen(80, 4, server).unwrap();
    let to = SocketAddr::new(IpAddr::V4(address(1)), 80);
    let connection = lan.nodes[0].stream_connect(lan.now, to, None, client).unwrap();
    lan.run_idle(lan.now + Duration::from_millis(20));
    let (accepted, _) = lan.nodes[1].stream_accept(listener).expect("nothing to accept");
    (connection, accepted)
}

fn probed(idle: u64, interval: u64, count: u32) -> TcpOptions {
    let (idle, interval) = (Duration::from_secs(idle), Duration::from_secs(interval));
    TcpOptions { keep_alive: Some(KeepAlive { idle, interval, count }), ..TcpOptions::default() }
}

#[test]
fn a_silent_peer_is_probed_as_often_as_the_options_say_whatever_the_timeout_of_data() {
    let mut lan = Lan::new(2, 1);
    let plain = TcpOptions { data_timeout: Some(Duration::from_secs(10)), ..probed(100, 75, 9) };
    let (client, _) = connected(&mut lan, &plain, &TcpOptions::default());
    let heard = lan.now;
    lan.loss = Box::new(|_| true);
    let state = |lan: &Lan| lan.nodes[0].stream_state(client);
    lan.run_idle(heard + Duration::from_secs(100 + 9 * 75 - 1));
    assert_eq!(state(&lan), StreamState::Open, "it is given up before its last probe");
    lan.run_idle(heard + Duration::from_secs(100 + 9 * 75 + 1));
    assert_eq!(state(&lan), StreamState::Closed(CloseReason::TimedOut));
}

#[test]
fn data_among_the_probes_has_the_timeout_of_data() {
    let mut lan = Lan::new(2, 1);
    let plain = TcpOptions { data_timeout: Some(Duration::from_secs(10)), ..probed(100, 75, 9) };
    let (client, _) = connected(&mut lan, &plain, &TcpOptions::default());
    lan.loss = Box::new(|_| true);
    lan.run_idle(lan.now + Duration::from_secs(120));
    lan.nodes[0].stream_send(client, b"anybody there");
    lan.run_idle(lan.now + Duration::from_secs(11));
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Closed(CloseReason::TimedOut));
}

/// The last frame of node 0 with a TCP segment.
fn last_segment(lan: &Lan) -> Vec<u8> {
    let segment = |f: &Vec<u8>| f.len() >= 54 && f[12..14] == [8, 0] && f[23] == 6;
    lan.log.iter().rev().find(|(_, from, f)| *from == 0 && segment(f)).expect("a segment").2.clone()
}

#[test]
fn a_damaged_segment_is_no_sign_of_life() {
    let mut lan = Lan::new(2, 1);
    let (_, server) = connected(&mut lan, &TcpOptions::default(), &probed(5, 1, 3));
    let mut frame = last_segment(&lan);
    *frame.last_mut().unwrap() ^= 1;
    lan.loss = Box::new(|_| true);
    for _ in 0..20 {
        lan.nodes[1].receive(frame.clone());
        lan.run_idle(lan.now + Duration::from_secs(1));
    }
    assert_eq!(
        lan.nodes[1].stream_state(server),
        StreamState::Closed(CloseReason::TimedOut),
        "what a bad checksum says has kept the connection alive"
    );
}

#[test]
fn a_damaged_segment_ends_no_connection() {
    let mut lan = Lan::new(2, 1);
    let (_, server) = connected(&mut lan, &TcpOptions::default(), &TcpOptions::default());
    // As if the client had started anew; the checksum is that of the segment from before.
    let mut frame = last_segment(&lan);
    frame[47] = SYN;
    lan.nodes[1].receive(frame.clone());
    lan.run_idle(lan.now + Duration::from_millis(10));
    assert_eq!(lan.nodes[1].stream_state(server), StreamState::Open, "a bad TCP checksum was believed");
    let mut frame = last_segment(&lan);
    // The time to live: IP's own checksum alone is wrong.
    frame[22] ^= 1;
    frame[47] = SYN;
    let sum = u16::from_be_bytes([frame[50], frame[51]]);
    // ACK goes, SYN comes: the sum over the header's words has 14 less.
    frame[50..52].copy_from_slice(&(sum + 14).to_be_bytes());
    lan.nodes[1].receive(frame);
    lan.run_idle(lan.now + Duration::from_millis(10));
    assert_eq!(lan.nodes[1].stream_state(server), StreamState::Open, "a bad IP checksum was believed");
}

#[test]
fn a_released_connection_whose_peer_never_reads_is_given_up_after_a_minute() {
    for data_timeout in [None, Some(Duration::from_secs(60))] {
        let mut lan = Lan::new(2, 1);
        let options = TcpOptions { data_timeout, ..TcpOptions::default() };
        let (client, server) = connected(&mut lan, &options, &TcpOptions::default());
        // More than the peer's window takes.
        assert_eq!(lan.nodes[0].stream_send(client, &[7; 8192]), 8192);
        lan.run_idle(ms(200_000));
        lan.nodes[0].stream_release(client);
        lan.run_idle(ms(259_000));
        assert_eq!(lan.nodes[0].connections.len(), 1, "it is given up too early");
        lan.run_idle(ms(262_000));
        assert_eq!(lan.nodes[0].connections.len(), 0, "it waits for ever behind the closed window");
        assert_eq!(lan.nodes[1].stream_readable(server), 5760);
    }
}

#[test]
fn a_released_connection_sends_to_a_slow_reader_for_as_long_as_that_one_reads() {
    let mut lan = Lan::new(2, 1);
    let (client, server) = connected(&mut lan, &TcpOptions::default(), &TcpOptions::default());
    assert_eq!(lan.nodes[0].stream_send(client, &[7; 8192]), 8192);
    lan.nodes[0].stream_release(client);
    let mut read = 0;
    for _ in 0..6 {
        lan.run_idle(lan.now + Duration::from_secs(50));
        read += lan.nodes[1].stream_recv(server, 1440).len();
    }
    assert_eq!(read, 8192, "the rest was not sent");
    assert_eq!(lan.nodes[1].stream_state(server), StreamState::PeerClosed);
}
