//! Pings.

use std::net::IpAddr;

use super::lan::{Lan, address, ms};
use crate::net::stack::*;
use crate::time::{Duration, Instant};

#[test]
fn a_ping_says_how_long_it_took() {
    let mut lan = Lan::new(2, 1);
    let first = lan.nodes[0].ping_start(ms(0), IpAddr::V4(address(1)), 32, Duration::from_secs(1));
    lan.run_idle(ms(50));
    // Two ways for ARP and two for the echo.
    let after = Duration::from_nanos(4 * 1_000_137);
    assert_eq!(lan.nodes[0].ping_state(first), PingState::Reply { after });
    let second = lan.nodes[0].ping_start(ms(50), IpAddr::V4(address(1)), 32, Duration::from_secs(1));
    let own = lan.nodes[0].ping_start(ms(50), IpAddr::V4(address(0)), 32, Duration::from_secs(1));
    lan.run_idle(ms(100));
    let after = Duration::from_nanos(2 * 1_000_137);
    assert_eq!(lan.nodes[0].ping_state(second), PingState::Reply { after });
    assert_eq!(lan.nodes[0].ping_state(own), PingState::Reply { after: Duration::ZERO });
}

#[test]
fn a_ping_without_an_answer_ends_at_its_timeout_exactly() {
    let mut lan = Lan::new(1, 1);
    let ping =
        lan.nodes[0].ping_start(ms(0), IpAddr::V4(address(5)), 32, Duration::from_nanos(1_234_567_891));
    lan.run_idle(Instant::from_nanos(1_234_567_890));
    assert_eq!(lan.nodes[0].ping_state(ping), PingState::Pending);
    lan.run_idle(Instant::from_nanos(1_234_567_891));
    assert_eq!(lan.nodes[0].ping_state(ping), PingState::TimedOut);
    let elsewhere =
        lan.nodes[0].ping_start(ms(2_000), "192.0.2.1".parse().unwrap(), 8, Duration::from_secs(1));
    assert_eq!(lan.nodes[0].ping_state(elsewhere), PingState::Unreachable, "no gateway");
}

#[test]
fn a_routers_unreachable_ends_a_ping() {
    let mut lan = Lan::new(2, 1);
    let config = lan.nodes[0].ipv4().cloned().unwrap();
    lan.nodes[0].set_ipv4(Some(Ipv4Config { gateway: Some(address(1)), ..config }));
    let ping = lan.nodes[0].ping_start(ms(0), "192.0.2.1".parse().unwrap(), 8, Duration::from_secs(9));
    lan.run_idle(ms(5));
    let request = lan.log.iter().find(|(_, from, f)| *from == 0 && f[12..14] == [8, 0]).unwrap().2.clone();
    // The gateway's ICMP error: Ethernet header, IP header, type 3 code 1, the packet that could not go on.
    let mut error = Vec::new();
    error.extend_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
    let quoted = &request[14..14 + 28];
    let mut icmp = vec![3, 1, 0, 0, 0, 0, 0, 0];
    icmp.extend_from_slice(quoted);
    let sum = |b: &[u8]| {
        let words = b.chunks(2).map(|c| u32::from(c[0]) << 8 | u32::from(*c.get(1).unwrap_or(&0)));
        let total: u32 = words.sum();
        !(((total & 0xffff) + (total >> 16)) as u16)
    };
    let checksum = sum(&icmp).to_be_bytes();
    icmp[2..4].copy_from_slice(&checksum);
    let mut ip = vec![0x45, 0, 0, 20 + icmp.len() as u8, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1];
    let checksum = sum(&ip).to_be_bytes();
    ip[10..12].copy_from_slice(&checksum);
    error.extend_from_slice(&ip);
    error.extend_from_slice(&icmp);
    lan.nodes[0].receive(error);
    lan.run_idle(ms(6));
    assert_eq!(lan.nodes[0].ping_state(ping), PingState::Unreachable);
}
