//! DNS questions and pings.

use std::net::{IpAddr, Ipv4Addr};

use simple_dns::rdata::{A, CNAME, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord};

use super::lan::{Lan, address, ms};
use crate::net::stack::*;
use crate::time::{Duration, Instant};

/// Answers one DNS question: `www.example` is an alias of `host.example`, which has an address.
fn serve(node: &mut Stack, socket: Socket, rcode: RCODE) -> bool {
    let Some(datagram) = node.udp_recv(socket) else { return false };
    let asked = Packet::parse(&datagram.data).unwrap();
    let name = asked.questions[0].qname.clone();
    let mut reply = Packet::new_reply(asked.id());
    reply.set_flags(PacketFlag::RECURSION_DESIRED);
    reply.questions.push(asked.questions[0].clone());
    *reply.rcode_mut() = rcode;
    let host = Name::new("host.example").unwrap();
    if name.to_string() == "www.example" {
        let alias = RData::CNAME(CNAME(host.clone()));
        reply.answers.push(ResourceRecord::new(name.clone(), CLASS::IN, 60, alias));
    }
    if name.to_string() != "empty.example" {
        let a = RData::A(A { address: u32::from(Ipv4Addr::new(192, 0, 2, 7)) });
        reply.answers.push(ResourceRecord::new(host, CLASS::IN, 60, a));
    }
    let bytes = reply.build_bytes_vec_compressed().unwrap();
    node.udp_send(socket, datagram.from, &bytes).unwrap();
    true
}

fn world() -> (Lan, Socket) {
    let mut lan = Lan::new(2, 1);
    lan.nodes[0].set_dns(&[address(1)]);
    let socket = lan.nodes[1].udp_open(Some(53)).unwrap();
    (lan, socket)
}

#[test]
fn names_resolve_through_aliases_and_literals_at_once() {
    let (mut lan, socket) = world();
    let literal = lan.nodes[0].dns_start(ms(0), "192.0.2.9");
    assert_eq!(lan.nodes[0].dns_state(literal), DnsState::Resolved(vec!["192.0.2.9".parse().unwrap()]));
    let host = lan.nodes[0].dns_start(ms(0), "HOST.example.");
    let alias = lan.nodes[0].dns_start(ms(0), "www.example");
    let empty = lan.nodes[0].dns_start(ms(0), "empty.example");
    assert_eq!(lan.nodes[0].dns_state(host), DnsState::Pending);
    lan.run(ms(10), |_, nodes| serve(&mut nodes[1], socket, RCODE::NoError));
    let resolved = DnsState::Resolved(vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))]);
    assert_eq!(lan.nodes[0].dns_state(host), resolved, "case makes no difference");
    assert_eq!(lan.nodes[0].dns_state(alias), resolved);
    assert_eq!(lan.nodes[0].dns_state(empty), DnsState::Failed);
    lan.nodes[0].release(alias);
    assert_eq!(lan.nodes[0].dns_state(alias), DnsState::Failed);
    assert_eq!(lan.nodes[0].next_timer(), None, "nothing is left to wait for");
    assert!(lan.nodes[0].ports.is_empty(), "a question's port stays open");
}

#[test]
fn an_unknown_name_fails_at_once_and_a_failing_server_sends_to_the_next() {
    let (mut lan, socket) = world();
    let unknown = lan.nodes[0].dns_start(ms(0), "nobody.example");
    lan.run(ms(10), |_, nodes| serve(&mut nodes[1], socket, RCODE::NameError));
    assert_eq!(lan.nodes[0].dns_state(unknown), DnsState::Failed);
    lan.nodes[0].set_dns(&[address(1), address(1)]);
    let failing = lan.nodes[0].dns_start(ms(10), "host.example");
    let mut asked = 0;
    lan.run(ms(30), |_, nodes| {
        let code = if asked == 0 { RCODE::ServerFailure } else { RCODE::NoError };
        let served = serve(&mut nodes[1], socket, code);
        asked += usize::from(served);
        served
    });
    assert_eq!(asked, 2);
    assert!(matches!(lan.nodes[0].dns_state(failing), DnsState::Resolved(_)));
}

#[test]
fn a_silent_server_is_asked_four_times_then_the_next_one() {
    let (mut lan, socket) = world();
    lan.nodes[0].set_dns(&[address(1), address(1)]);
    let question = lan.nodes[0].dns_start(ms(0), "host.example");
    let mut times = Vec::new();
    lan.run(ms(13_999), |now, nodes| {
        let asked = nodes[1].udp_recv(socket).is_some();
        if asked {
            times.push(now.as_nanos() / 1_000_000_000);
        }
        asked
    });
    assert_eq!(times, [0, 1, 2, 4, 7, 8, 9, 11]);
    assert_eq!(lan.nodes[0].dns_state(question), DnsState::Pending);
    lan.run_idle(ms(14_000));
    assert_eq!(lan.nodes[0].dns_state(question), DnsState::Failed);
}

#[test]
fn names_that_cannot_be_asked_for_fail() {
    let (mut lan, _) = world();
    let long = "a".repeat(64) + ".example";
    for name in ["", ".", &long, "a..b"] {
        let s = lan.nodes[0].dns_start(ms(0), name);
        assert_eq!(lan.nodes[0].dns_state(s), DnsState::Failed, "{name:?}");
    }
    lan.nodes[0].set_dns(&[]);
    let s = lan.nodes[0].dns_start(ms(0), "host.example");
    assert_eq!(lan.nodes[0].dns_state(s), DnsState::Failed, "nobody to ask");
}

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
