//! IPv6 through the gateway.

use std::net::Ipv6Addr;

use smoltcp::wire::Icmpv6Message;

use super::*;
use crate::net::addr::{interface_address, link_local};
use crate::net::icmpv6;
use crate::net::stack::Ipv6Event;

fn ip6(text: &str) -> Ipv6Addr {
    text.parse().expect("an IPv6 address")
}

/// The segments have IPv6; so do a host beyond the gateway and one on each segment.
fn dual_stack() -> NetConfig {
    let mut config = config();
    for (host, address) in [(0, "2001:db8:80::10"), (2, "2001:db8:4::10"), (3, "2001:db8:5::10")] {
        config.hosts[host].address6 = Some(ip6(address));
    }
    config
}

/// The first module is on "home" with its addresses.
fn ready(config: &NetConfig) -> Bench {
    let mut bench = Bench::joined(config, 1);
    let now = bench.now;
    bench.stations[0].stack.enable_ipv6(now, true);
    bench.run(Duration::from_secs(10), |b| b.stations[0].stack.ipv6_global().is_some());
    bench
}

fn own() -> Ipv6Addr {
    interface_address(ip6("2001:db8:4::"), mac_address("wifi"))
}

#[test]
fn a_module_gets_its_addresses_and_reaches_hosts_everywhere() {
    let mut bench = ready(&dual_stack());
    let stack = &mut bench.stations[0].stack;
    assert_eq!(stack.take_ipv6_event(), Some(Ipv6Event::LinkLocal(link_local(mac_address("wifi")))));
    assert_eq!(stack.take_ipv6_event(), Some(Ipv6Event::Global(own())));
    for address in ["2001:db8:80::10", "2001:db8:4::10", "2001:db8:5::10"] {
        assert_whole(&bench.fetch(0, address));
    }
    let hosts: Vec<_> = bench.hosts_that_tell();
    assert_eq!(hosts, ["web", "nas", "printer"]);
    for gateway in [ip6("2001:db8:4::1"), ip6("2001:db8:5::1"), link_local(mac_address("gateway/home"))] {
        assert!(matches!(bench.ping(&gateway.to_string()), PingState::Reply { .. }), "{gateway}");
    }
}

#[test]
fn nobody_hears_of_ipv6_until_somebody_speaks_it() {
    let mut bench = Bench::joined(&dual_stack(), 1);
    bench.idle(Duration::from_secs(3_600));
    let heard = |b: &Bench| b.seen.iter().filter(|s| s.inbound && s.frame[12..14] == [0x86, 0xdd]).count();
    assert_eq!(heard(&bench), 0);
    let now = bench.now;
    bench.stations[0].stack.enable_ipv6(now, true);
    bench.idle(Duration::from_secs(10));
    let before = heard(&bench);
    bench.idle(Duration::from_secs(1_200));
    assert_eq!(heard(&bench) - before, 2, "an advertisement every ten minutes");
    assert_eq!(bench.stations[0].stack.ipv6_global(), Some(own()), "they keep the address alive");
}

#[test]
fn pings_to_nobody_are_unreachable() {
    let mut bench = ready(&dual_stack());
    assert_eq!(bench.ping("2001:db8:99::1"), PingState::Unreachable, "no network has this address");
    let start = bench.now;
    assert_eq!(bench.ping("2001:db8:5::77"), PingState::Unreachable, "nobody on the other segment has it");
    let took = bench.now.since(start);
    assert_eq!(took, Duration::from_millis(3002), "three solicitations, a second each");
}

#[test]
fn what_the_gateway_cannot_forward_it_says_in_icmpv6() {
    let mut config = dual_stack();
    config.hosts[0].link = Faults { mtu: 1280, ..Faults::default() }.into();
    let mut bench = ready(&config);
    let web = ip6("2001:db8:80::10");
    let probe = |from: Ipv6Addr, hops: u8, length: usize| {
        // Not UDP, so that the host does not answer by itself.
        icmpv6::packet(from, web, IpProtocol::Unknown(253), hops, &vec![7; length])
    };
    let local = link_local(mac_address("wifi"));
    let cases = [
        (probe(own(), 1, 10), Icmpv6Message::TimeExceeded, 0, 0),
        (probe(own(), 64, 1300), Icmpv6Message::PktTooBig, 0, 1280),
        (probe(local, 64, 10), Icmpv6Message::DstUnreachable, 2, 0),
    ];
    for (sent, kind, code, mtu) in cases {
        let got = bench.exchange(&sent);
        // The gateway may have to look for the module first.
        let error = got.iter().find(|p| p[6] == 58 && p[40] < 128).expect("no error came");
        assert_eq!((error[40], error[41]), (u8::from(kind), code));
        assert_eq!(error[44..48], u32::to_be_bytes(mtu));
        assert_eq!(error[48..], sent[..sent.len().min(1232)], "the packet is quoted");
        let (from, _) = packet::ends(error);
        let gateway = if code == 2 { link_local(mac_address("gateway/home")) } else { ip6("2001:db8:4::1") };
        assert_eq!(from, IpAddr::V6(gateway));
    }
}

#[test]
fn a_host_on_a_softap_has_its_link_local_address_there_and_its_own_back_home() {
    let mut bench = ready(&dual_stack());
    let (now, nas) = (bench.now, link_local(mac_address("nas")));
    bench.net.softap_admit(now, 0, "nas");
    bench.idle(Duration::from_secs(1));
    assert_eq!(bench.ping("2001:db8:4::10"), PingState::TimedOut, "it has left");
    let now = bench.now;
    bench.net.softap_dismiss(now, 0, "nas");
    assert!(matches!(bench.ping("2001:db8:4::10"), PingState::Reply { .. }));
    assert!(matches!(bench.ping(&nas.to_string()), PingState::Reply { .. }));
}
