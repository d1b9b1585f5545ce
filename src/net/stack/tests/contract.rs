//! The contract: extra polls change nothing, and the same seed gives the same frames.

use std::net::{IpAddr, SocketAddr};

use super::lan::{Lan, Sent, address, ms};
use crate::net::stack::*;
use crate::time::{Duration, Instant};

/// Something of everything: a transfer with losses, keep-alive, refused and dead connections, UDP in
/// fragments, pings, DNS to a server that is not there, a multicast group.
fn busy_world(seed: u64, extra_polls: Option<Duration>, end: Instant) -> Vec<Sent> {
    let to = |i: usize, port| SocketAddr::new(IpAddr::V4(address(i)), port);
    let options = TcpOptions {
        keep_alive: Some(KeepAlive {
            idle: Duration::from_millis(700),
            interval: Duration::from_millis(700),
            count: 3,
        }),
        data_timeout: Some(Duration::from_secs(3)),
        ..TcpOptions::default()
    };
    let mut lan = Lan::new(3, seed);
    lan.extra_polls = extra_polls;
    let mut draws = crate::rng::Stream::new(seed, "loss");
    lan.loss = Box::new(move |_| draws.chance(30_000));
    let listener = lan.nodes[1].stream_listen(80, 4, &options).unwrap();
    let client = lan.nodes[0].stream_connect(ms(0), to(1, 80), None, &options).unwrap();
    lan.nodes[0].stream_connect(ms(0), to(2, 81), None, &options).unwrap();
    lan.nodes[2].stream_connect(ms(0), to(77, 81), None, &options).unwrap();
    let udp = lan.nodes[2].udp_open(Some(9)).unwrap();
    let echo = lan.nodes[1].udp_open(Some(7)).unwrap();
    lan.nodes[2].udp_send(udp, to(1, 7), &[5; 5000]).unwrap();
    lan.nodes[2].udp_send(udp, to(1, 7), &[6; 4000]).unwrap();
    lan.nodes[2].set_dns(&[address(60), address(1)].map(IpAddr::V4));
    lan.nodes[2].dns_start(ms(0), "example.com", DnsFamily::Ipv4);
    lan.nodes[1].ping_start(ms(0), IpAddr::V4(address(2)), 3000, Duration::from_secs(1));
    lan.nodes[1].join_multicast("239.1.2.3".parse().unwrap());
    lan.nodes[0].dhcp_start(ms(0), Some("probe"));
    let (mut server, mut sent) = (None, 0);
    lan.run(end, move |_, nodes| {
        server = server.or_else(|| nodes[1].stream_accept(listener).map(|(s, _)| s));
        let mut moved = 0;
        if let Some(server) = server {
            let data = nodes[1].stream_recv(server, 700);
            moved += data.len();
            moved += nodes[1].stream_send(server, &data);
        }
        if sent < 60_000 {
            let n = nodes[0].stream_send(client, &[9; 300]);
            sent += n;
            moved += n;
        }
        moved += nodes[0].stream_recv(client, 1000).len();
        if let Some(d) = nodes[1].udp_recv(echo) {
            moved += usize::from(nodes[1].udp_send(echo, d.from, &d.data).is_ok());
        }
        moved > 0
    });
    lan.log
}

fn same(a: &[Sent], b: &[Sent], what: &str) {
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        assert!(x == y, "{what}: frame {i} differs: node {} at {} / node {} at {}", x.1, x.0, y.1, y.0);
    }
    assert_eq!(a.len(), b.len(), "{what}: another number of frames");
}

#[test]
fn polls_that_nobody_needs_change_neither_frames_nor_times() {
    let plain = busy_world(3, None, ms(12_000));
    assert!(plain.len() > 200, "only {} frames: this proves little", plain.len());
    for step in [Duration::from_nanos(333_333), Duration::from_millis(1)] {
        same(&plain, &busy_world(3, Some(step), ms(12_000)), "over 12 s");
    }
    let short = busy_world(3, None, ms(40));
    same(&short, &busy_world(3, Some(Duration::from_micros(1)), ms(40)), "with a poll every microsecond");
    let start = Instant::from_nanos(2_100_000);
    let short = busy_world(3, None, start);
    same(&short, &busy_world(3, Some(Duration::from_nanos(7)), start), "with a poll every 7 ns");
}

#[test]
fn a_seed_decides_every_frame() {
    let first = busy_world(3, None, ms(5_000));
    same(&first, &busy_world(3, None, ms(5_000)), "the same seed");
    assert_ne!(first, busy_world(4, None, ms(5_000)), "another seed gave the same frames");
}

#[test]
fn a_poll_before_the_next_timer_does_nothing_and_the_timer_is_later_than_the_poll() {
    let mut lan = Lan::new(2, 1);
    lan.nodes[0].ping_start(ms(0), IpAddr::V4(address(9)), 8, Duration::from_nanos(1_500_000_001));
    lan.nodes[0].poll(ms(0));
    assert!(lan.nodes[0].take_frame().is_some(), "the ARP request");
    assert_eq!(lan.nodes[0].next_timer(), Some(ms(1_000)), "the ARP request is repeated");
    lan.nodes[0].poll(Instant::from_nanos(999_999_999));
    assert_eq!(lan.nodes[0].take_frame(), None);
    lan.nodes[0].poll(ms(1_000));
    assert!(lan.nodes[0].take_frame().is_some());
    assert_eq!(
        lan.nodes[0].next_timer(),
        Some(Instant::from_nanos(1_500_000_001)),
        "the ping's end, exactly"
    );
}
