//! UDP, neighbours and groups.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::lan::{Lan, address, ms};
use crate::net::stack::*;
use crate::time::{Duration, Instant};

fn at(i: usize, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address(i)), port)
}

#[test]
fn two_new_neighbours_are_found_at_once_with_one_request_each() {
    let mut lan = Lan::new(3, 1);
    let options = TcpOptions::default();
    for i in [1, 2] {
        lan.nodes[i].stream_listen(80, 2, &options).unwrap();
    }
    let first = lan.nodes[0].stream_connect(ms(0), at(1, 80), None, &options).unwrap();
    lan.run_idle(Instant::from_nanos(300));
    let now = lan.now;
    let second = lan.nodes[0].stream_connect(now, at(2, 80), None, &options).unwrap();
    lan.run_idle(ms(10));
    assert_eq!(lan.nodes[0].stream_state(first), StreamState::Open);
    assert_eq!(lan.nodes[0].stream_state(second), StreamState::Open, "the second neighbour had to wait");
    assert_eq!((lan.arp_requests(1), lan.arp_requests(2)), (1, 1));
}

#[test]
fn datagrams_and_pings_find_new_neighbours_at_once_too() {
    let mut lan = Lan::new(4, 1);
    let sockets: Vec<Port> = lan.nodes.iter_mut().map(|n| n.udp_open(Some(7)).unwrap()).collect();
    lan.nodes[0].udp_send(sockets[0], at(9, 7), b"to nobody").unwrap();
    lan.nodes[0].udp_send(sockets[0], at(1, 7), b"one").unwrap();
    lan.nodes[0].udp_send(sockets[0], at(2, 7), b"two").unwrap();
    lan.nodes[0].udp_send(sockets[0], at(2, 7), b"three").unwrap();
    let ping = lan.nodes[0].ping_start(ms(0), IpAddr::V4(address(3)), 32, Duration::from_secs(1));
    lan.run_idle(ms(10));
    assert_eq!(lan.nodes[1].udp_recv(sockets[1]).unwrap().data, b"one");
    assert_eq!(lan.nodes[2].udp_recv(sockets[2]).unwrap().data, b"two");
    let third = lan.nodes[2].udp_recv(sockets[2]).unwrap();
    assert_eq!((third.data.as_slice(), third.from), (&b"three"[..], at(0, 7)));
    assert_eq!(third.local, Some(IpAddr::V4(address(2))));
    assert!(matches!(lan.nodes[0].ping_state(ping), PingState::Reply { .. }));
    assert_eq!([1, 2, 3].map(|i| lan.arp_requests(i)), [1, 1, 1]);
    lan.run_idle(ms(60_000));
    assert_eq!(lan.arp_requests(9), 5, "five requests, one a second, then silence");
}

#[test]
fn large_datagrams_travel_in_fragments_even_two_in_one_poll() {
    let mut lan = Lan::new(2, 1);
    let a = lan.nodes[0].udp_open(None).unwrap();
    let b = lan.nodes[1].udp_open(Some(7)).unwrap();
    let big: Vec<u8> = (0..MAX_DATAGRAM).map(|i| (i % 253) as u8).collect();
    lan.nodes[0].udp_send(a, at(1, 7), &big).unwrap();
    lan.nodes[0].udp_send(a, at(1, 7), &[4; 3000]).unwrap();
    lan.run_idle(ms(100));
    assert!(lan.nodes[1].udp_recv(b).expect("the large one is lost").data == big);
    assert_eq!(lan.nodes[1].udp_recv(b).expect("the second is lost").data, [4; 3000]);
    assert!(lan.log.iter().all(|(_, _, f)| f.len() <= 1514), "a frame is larger than the MTU");
}

#[test]
fn a_large_ping_is_answered_in_fragments() {
    let mut lan = Lan::new(2, 1);
    let pings = [5000, 6000]
        .map(|n| lan.nodes[0].ping_start(ms(0), IpAddr::V4(address(1)), n, Duration::from_secs(1)));
    lan.run_idle(ms(100));
    for ping in pings {
        assert!(matches!(lan.nodes[0].ping_state(ping), PingState::Reply { .. }));
    }
}

#[test]
fn what_cannot_be_sent_is_an_error_and_never_silent() {
    let mut lan = Lan::new(1, 1);
    let node = &mut lan.nodes[0];
    let s = node.udp_open(None).unwrap();
    assert_eq!(node.udp_open(Some(0)), Err(UdpError::PortInUse));
    let port = node.udp_local_port(s).unwrap();
    assert_eq!(node.udp_open(Some(port)), Err(UdpError::PortInUse));
    assert_eq!(node.udp_send(s, at(1, 7), &vec![0; MAX_DATAGRAM + 1]), Err(UdpError::TooLarge));
    assert_eq!(node.udp_send(s, "93.184.216.34:7".parse().unwrap(), b""), Err(UdpError::NoRoute));
    assert_eq!(node.udp_send(s, at(1, 0), b""), Err(UdpError::BadRemote));
    assert_eq!(node.udp_send(s, "[fe80::1]:7".parse().unwrap(), b""), Err(UdpError::NoAddress));
    for _ in 0..UDP_QUEUE {
        assert_eq!(node.udp_send(s, at(1, 7), b"x"), Ok(()));
    }
    assert_eq!(node.udp_send(s, at(1, 7), b"x"), Err(UdpError::QueueFull));
    node.poll(ms(0));
    assert_eq!(node.udp_send(s, at(1, 7), b"x"), Ok(()));
    node.set_ipv4(None);
    assert_eq!(node.udp_send(s, at(1, 7), b"x"), Err(UdpError::NoAddress));
    node.udp_release(s);
    assert_eq!(node.udp_send(s, at(1, 7), b"x"), Err(UdpError::NotOpen));
    assert_eq!(node.udp_recv(s), None);
}

#[test]
fn a_socket_that_nobody_reads_keeps_a_bounded_number_of_datagrams() {
    let mut lan = Lan::new(2, 1);
    let a = lan.nodes[0].udp_open(None).unwrap();
    let b = lan.nodes[1].udp_open(Some(7)).unwrap();
    for i in 0..200u8 {
        lan.nodes[0].udp_send(a, at(1, 7), &[i]).unwrap();
        let now = lan.now;
        lan.run_idle(now + Duration::from_millis(5));
    }
    let read: Vec<u8> = std::iter::from_fn(|| lan.nodes[1].udp_recv(b)).map(|d| d.data[0]).collect();
    assert_eq!(read, (0..UDP_QUEUE as u8).collect::<Vec<_>>(), "the first ones are kept");
}

#[test]
fn broadcasts_reach_everybody_and_groups_their_members() {
    let mut lan = Lan::new(3, 1);
    let sockets: Vec<Port> = lan.nodes.iter_mut().map(|n| n.udp_open(Some(5353)).unwrap()).collect();
    let group = Ipv4Addr::new(224, 0, 0, 251);
    lan.nodes[1].join_multicast(IpAddr::V4(group));
    lan.run_idle(ms(10));
    let report = lan.log.iter().find(|(_, from, f)| *from == 1 && f[12..14] == [8, 0] && f[23] == 2);
    assert!(report.is_some(), "joining is reported with IGMP");
    for to in ["255.255.255.255:5353", "10.0.0.255:5353", "224.0.0.251:5353"] {
        lan.nodes[0].udp_send(sockets[0], to.parse().unwrap(), to.as_bytes()).unwrap();
    }
    lan.run_idle(ms(20));
    let mut read = |i: usize| std::iter::from_fn(|| lan.nodes[i].udp_recv(sockets[i])).count();
    assert_eq!((read(1), read(2)), (3, 2));
    lan.nodes[1].leave_multicast(IpAddr::V4(group));
    lan.nodes[0].udp_send(sockets[0], SocketAddr::new(group.into(), 5353), b"late").unwrap();
    lan.run_idle(ms(30));
    assert_eq!(lan.nodes[1].udp_recv(sockets[1]), None, "the group was left");
}

#[test]
fn a_point_to_point_link_carries_bare_ip() {
    let mut ends = [1u8, 2].map(|i| {
        let config = StackConfig {
            name: format!("p{i}"),
            seed: 1,
            medium: Medium::Ip,
            mtu: 1500,
            tcp_rx: 1000,
            tcp_tx: 1000,
        };
        let mut stack = Stack::new(&config);
        stack.set_ipv4(Some(Ipv4Config {
            address: Ipv4Addr::new(192, 0, 2, i),
            prefix_len: 32,
            gateway: None,
            dns: Vec::new(),
            server: None,
            lease: None,
        }));
        stack
    });
    let to = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    let ping = ends[0].ping_start(ms(0), to, 8, Duration::from_secs(1));
    for (now, from, to) in [(0, 0, 1), (1, 1, 0)] {
        ends[from].poll(ms(now));
        let frame = ends[from].take_frame().expect("nothing was sent");
        assert_eq!(frame[0], 0x45, "not a bare IP packet");
        ends[to].receive(frame);
        ends[to].poll(ms(now + 1));
    }
    assert_eq!(ends[0].ping_state(ping), PingState::Reply { after: Duration::from_millis(2) });
    assert_eq!(ends[0].mac(), None);
}
