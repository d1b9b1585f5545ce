//! IPv6 on a link: addresses, neighbours, groups, and everything above them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::lan::{Lan, Sent, ms, node_config};
use crate::net::addr::{self, interface_address, link_local};
use crate::net::icmpv6::{self, Advertisement};
use crate::net::packet::frame;
use crate::net::stack::*;
use crate::time::{Duration, Instant};

const ROUTER: [u8; 6] = [2, 0, 0, 0, 0, 0xff];

fn ip(text: &str) -> Ipv6Addr {
    text.parse().expect("an IPv6 address")
}

fn mac(node: usize) -> [u8; 6] {
    [2, 0, 0, 0, 0, node as u8 + 1]
}

fn local(node: usize) -> Ipv6Addr {
    link_local(mac(node))
}

fn at(node: usize, port: u16) -> SocketAddr {
    (local(node), port).into()
}

/// Nodes that have their link-local addresses.
fn ready(count: usize, seed: u64) -> Lan {
    let mut lan = Lan::new(count, seed);
    for node in &mut lan.nodes {
        node.enable_ipv6(Instant::ZERO, true);
    }
    lan.run_idle(ms(2_000));
    for (i, node) in lan.nodes.iter().enumerate() {
        assert_eq!(node.ipv6_link_local(), Some(local(i)));
    }
    lan
}

/// The type and time of each ICMPv6 message that a node sent; a membership report is the one behind its option.
fn messages(log: &[Sent], node: usize) -> Vec<(u64, u8)> {
    let kind = |f: &[u8]| match f.get(12..14)? {
        [0x86, 0xdd] if f[20] == 58 => f.get(54).copied(),
        [0x86, 0xdd] if f[20] == 0 => f.get(62).copied(),
        _ => None,
    };
    let sent = log.iter().filter(|(_, from, _)| *from == node);
    sent.filter_map(|(t, _, f)| Some((t.as_nanos() / 1_000_000, kind(f)?))).collect()
}

fn advertise(lan: &mut Lan, prefix: &str, lifetimes: (u32, u32), router_lifetime: u16) {
    let what = Advertisement { router_lifetime, prefix: ip(prefix), lifetimes, mtu: 1500 };
    let packet = icmpv6::router_advert(ROUTER, icmpv6::ALL_NODES, &what);
    let frame = frame(addr::group_mac(icmpv6::ALL_NODES), ROUTER, &packet);
    for node in &mut lan.nodes {
        node.receive(frame.clone());
    }
}

#[test]
fn an_address_is_tried_for_a_second_and_routers_are_asked_for_three_times_then() {
    let mut lan = Lan::new(2, 1);
    lan.nodes[0].enable_ipv6(Instant::ZERO, true);
    lan.run_idle(ms(60_000));
    let sent = messages(&lan.log, 0);
    let tick = sent[1].0;
    assert!(tick < 1_000, "the first tick is at {tick} ms");
    let expected = [(0, 131), (tick, 135), (tick + 1_000, 133), (tick + 5_000, 133), (tick + 9_000, 133)];
    assert_eq!(sent, expected, "report, solicitation, three router solicitations");
    assert_eq!(lan.nodes[0].take_ipv6_event(), Some(Ipv6Event::LinkLocal(local(0))));
    assert_eq!(lan.nodes[0].next_timer(), None, "nothing is left to do");
    lan.nodes[0].enable_ipv6(lan.now, false);
    assert_eq!(lan.nodes[0].ipv6_link_local(), None);
}

#[test]
fn an_address_that_somebody_has_or_tries_too_is_not_used() {
    for holder_is_ready in [true, false] {
        let mut lan = Lan::new(2, 1);
        lan.nodes[1] =
            Stack::new(&StackConfig { medium: Medium::Ethernet { mac: mac(0) }, ..node_config(1, 1) });
        if holder_is_ready {
            let addresses = vec![local(0)];
            lan.nodes[1].set_ipv6(Some(&Ipv6Config { addresses, prefix_len: 64, gateway: None }));
        } else {
            lan.nodes[1].enable_ipv6(Instant::ZERO, true);
        }
        lan.nodes[0].enable_ipv6(Instant::ZERO, true);
        lan.run_idle(ms(10_000));
        let using = lan.nodes.iter().filter(|node| node.ipv6_link_local() == Some(local(0))).count();
        assert_eq!(using, 1, "both use it, or none; the holder is ready: {holder_is_ready}");
        if holder_is_ready {
            assert_eq!(lan.nodes[0].take_ipv6_event(), None);
        }
    }
}

#[test]
fn a_router_gives_a_global_address_and_the_way_out_for_as_long_as_it_says() {
    let mut lan = ready(2, 1);
    lan.nodes[0].take_ipv6_event();
    let far = SocketAddr::from((ip("2001:db8:9::1"), 80));
    let options = TcpOptions::default();
    assert_eq!(lan.nodes[0].stream_connect(lan.now, far, None, &options), Err(ConnectError::NoRoute));
    advertise(&mut lan, "2001:db8:1::", (7200, 7200), 30);
    lan.run_idle(ms(4_100));
    let own = interface_address(ip("2001:db8:1::"), mac(0));
    assert_eq!(lan.nodes[0].take_ipv6_event(), Some(Ipv6Event::Global(own)));
    assert_eq!(lan.nodes[0].ipv6_global(), Some(own));
    let socket = lan.nodes[0].stream_connect(lan.now, far, None, &options).expect("there is a router");
    assert_eq!(lan.nodes[0].stream_local(socket).map(|a| a.ip()), Some(own.into()));
    let solicitations = messages(&lan.log, 0).iter().filter(|(_, kind)| *kind == 133).count();
    assert_eq!(solicitations, 1, "it goes on asking for routers");

    lan.run_idle(ms(40_000));
    assert_eq!(
        lan.nodes[0].stream_connect(lan.now, far, None, &options),
        Err(ConnectError::NoRoute),
        "too old"
    );
    // A forged advertisement can't end an address sooner than in two hours.
    advertise(&mut lan, "2001:db8:1::", (1, 1), 0);
    lan.run_idle(ms(60_000));
    assert_eq!(lan.nodes[0].ipv6_global(), Some(own));
    lan.run_idle(ms(7_300_000));
    assert_eq!(lan.nodes[0].ipv6_global(), None, "its time is over");
    assert_eq!(lan.nodes[0].ipv6_link_local(), Some(local(0)));
}

#[test]
fn tcp_udp_and_pings_work_between_link_local_addresses() {
    let mut lan = ready(2, 1);
    let listener = lan.nodes[1].stream_listen(80, 1, &TcpOptions::default()).expect("a free port");
    let now = lan.now;
    let client = lan.nodes[0].stream_connect(now, at(1, 80), None, &TcpOptions::default()).expect("a way");
    let udp = lan.nodes[0].udp_open(None).expect("a free port");
    let echo = lan.nodes[1].udp_open(Some(7)).expect("a free port");
    let data: Vec<u8> = (0..8_000).map(|i| i as u8).collect();
    lan.nodes[0].udp_send(udp, at(1, 7), &data).expect("a way");
    let ping = lan.nodes[0].ping_start(now, local(1).into(), 3_000, Duration::from_secs(5));
    let refused = lan.nodes[0].stream_connect(now, at(1, 81), None, &TcpOptions::default()).expect("a way");
    lan.run_idle(now + Duration::from_millis(100));
    let (server, from) = lan.nodes[1].stream_accept(listener).expect("nobody connected");
    assert_eq!(from.ip(), IpAddr::V6(local(0)));
    lan.nodes[0].stream_send(client, b"hello");
    let datagram = lan.nodes[1].udp_recv(echo).expect("no datagram");
    assert!(datagram.data == data && datagram.from.ip() == local(0), "the datagram is damaged");
    lan.nodes[1].udp_send(echo, datagram.from, &datagram.data).expect("a way");
    lan.run_idle(now + Duration::from_millis(200));
    assert_eq!(lan.nodes[1].stream_recv(server, 16), b"hello");
    assert!(lan.nodes[0].udp_recv(udp).is_some_and(|d| d.data == data), "nothing came back");
    assert!(matches!(lan.nodes[0].ping_state(ping), PingState::Reply { .. }));
    assert_eq!(lan.nodes[0].stream_state(refused), StreamState::Closed(CloseReason::Refused));
    lan.nodes[0].enable_ipv6(lan.now, false);
    assert_eq!(lan.nodes[0].stream_state(client), StreamState::Closed(CloseReason::Unreachable));
}

#[test]
fn a_group_is_joined_reported_and_left() {
    let mut lan = ready(3, 1);
    let group = ip("ff02::fc");
    let (member, other) = (lan.nodes[1].udp_open(Some(9)).unwrap(), lan.nodes[2].udp_open(Some(9)).unwrap());
    lan.nodes[1].join_multicast(group.into());
    let sender = lan.nodes[0].udp_open(None).unwrap();
    let now = lan.now;
    lan.run_idle(now + Duration::from_millis(10));
    lan.nodes[0].udp_send(sender, (group, 9).into(), b"all").unwrap();
    // Nobody answers that nobody listens.
    lan.nodes[0].udp_send(sender, (icmpv6::ALL_NODES, 10).into(), b"none").unwrap();
    lan.run_idle(now + Duration::from_millis(20));
    assert_eq!(
        lan.nodes[1].udp_recv(member).map(|d| (d.data, d.local)),
        Some((b"all".to_vec(), Some(group.into())))
    );
    assert_eq!(lan.nodes[2].udp_recv(other), None, "it has not joined");
    lan.nodes[1].leave_multicast(group.into());
    lan.run_idle(now + Duration::from_millis(30));
    let kinds = |node| {
        let sent = messages(&lan.log, node).into_iter().filter(|(t, _)| *t >= 2_000);
        sent.map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(1), [131, 132], "report and done");
    assert_eq!(kinds(2), [0; 0], "it answered a datagram to everybody");
}

#[test]
fn a_neighbour_that_does_not_answer_is_asked_for_three_times_and_one_that_fell_silent_is_probed() {
    let mut lan = ready(2, 1);
    let nobody = ip("fe80::77");
    let udp = lan.nodes[0].udp_open(None).unwrap();
    let start = lan.now;
    lan.nodes[0].udp_send(udp, (nobody, 7).into(), b"x").unwrap();
    lan.run_idle(start + Duration::from_secs(10));
    let asked: Vec<u64> =
        messages(&lan.log, 0).iter().filter(|m| m.0 >= 2_000 && m.1 == 135).map(|m| m.0).collect();
    assert_eq!(asked, [2_000, 3_000, 4_000]);

    // A known neighbour is probed alone, and packets go to it meanwhile.
    lan.nodes[0].udp_send(udp, at(1, 7), b"x").unwrap();
    lan.run_idle(lan.now + Duration::from_secs(60));
    let before = lan.log.len();
    lan.nodes[0].udp_send(udp, at(1, 7), b"y").unwrap();
    let now = lan.now;
    lan.run_idle(now + Duration::from_secs(10));
    let sent = &lan.log[before..];
    assert!(sent[0].2.ends_with(b"y"), "the datagram waited");
    let probe = sent.iter().find(|(_, from, f)| *from == 0 && f[20] == 58 && f[54] == 135).expect("no probe");
    assert_eq!((probe.0, &probe.2[..6]), (now + Duration::from_secs(5), &mac(1)[..]), "five seconds later");
}

#[test]
fn polls_that_nobody_needs_change_neither_frames_nor_times_of_ipv6() {
    let log = |extra: Option<Duration>| {
        let mut lan = Lan::new(3, 7);
        lan.extra_polls = extra;
        let mut draws = crate::rng::Stream::new(7, "loss");
        lan.loss = Box::new(move |_| draws.chance(100_000));
        for node in &mut lan.nodes {
            node.enable_ipv6(Instant::ZERO, true);
        }
        lan.run_idle(ms(2_500));
        advertise(&mut lan, "2001:db8:1::", (300, 300), 60);
        lan.nodes[1].join_multicast(ip("ff02::fc").into());
        let echo = lan.nodes[1].udp_open(Some(7)).unwrap();
        let udp = lan.nodes[0].udp_open(None).unwrap();
        lan.nodes[0].udp_send(udp, at(1, 7), &[1; 5_000]).unwrap();
        let now = lan.now;
        lan.nodes[2].ping_start(now, local(0).into(), 2_000, Duration::from_secs(3));
        lan.nodes[2].stream_connect(now, at(1, 80), None, &TcpOptions::default()).unwrap();
        lan.run(ms(400_000), |_, nodes| {
            let Some(d) = nodes[1].udp_recv(echo) else { return false };
            nodes[1].udp_send(echo, d.from, &d.data).is_ok()
        });
        lan.log
    };
    let plain = log(None);
    assert!(plain.len() > 30, "{} frames", plain.len());
    assert!(plain == log(Some(Duration::from_millis(373))), "extra polls changed something");
    assert!(plain == log(None), "another run was different");
}
