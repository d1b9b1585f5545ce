//! What a module reaches, and what it is told when it does not.

use super::*;

#[test]
fn a_module_gets_its_address_mask_gateway_and_dns_from_dhcp() {
    let bench = Bench::joined(&config(), 1);
    let expected = Ipv4Config {
        address: ip("192.168.4.100"),
        prefix_len: 24,
        gateway: Some(ip("192.168.4.1")),
        dns: vec![ip("192.168.4.1")],
        server: Some(ip("192.168.4.1")),
        lease: Some(Duration::from_secs(7200)),
    };
    assert_eq!(bench.stations[0].dhcp, [DhcpEvent::Bound(expected)]);
}

#[test]
fn two_modules_get_different_addresses_and_reach_each_other() {
    let mut bench = Bench::joined(&config(), 1);
    bench.join(1, "home");
    assert_eq!(bench.stations[1].stack.ipv4().map(|c| c.address), Some(ip("192.168.4.101")));
    assert!(matches!(bench.ping("192.168.4.101"), PingState::Reply { .. }));
}

#[test]
fn names_of_hosts_resolve_and_others_do_not() {
    let mut bench = Bench::joined(&config(), 1);
    assert_eq!(bench.resolve("WEB.example.com"), Some(IpAddr::V4(ip("203.0.113.10"))));
    assert_eq!(bench.resolve("nas.example.com"), Some(IpAddr::V4(ip("192.168.4.10"))));
    assert_eq!(bench.resolve("nowhere.example.com"), None);
}

#[test]
fn hosts_on_the_segment_on_another_one_and_beyond_the_gateway_all_serve() {
    let mut bench = Bench::joined(&config(), 1);
    for address in ["203.0.113.10", "192.168.4.10", "192.168.5.10"] {
        assert_whole(&bench.fetch(0, address));
    }
    let hosts: Vec<_> = bench.hosts_that_tell();
    assert_eq!(hosts, ["web", "nas", "printer"]);
}

#[test]
fn two_servers_on_two_addresses_answer_within_milliseconds() {
    let mut bench = Bench::joined(&config(), 1);
    for address in ["203.0.113.10", "203.0.113.11", "192.168.4.10"] {
        let start = bench.now;
        bench.request(0, address);
        let took = bench.now.since(start);
        assert!(took <= Duration::from_millis(10), "{address} took {took} to connect");
    }
}

#[test]
fn pings_come_back_after_the_latency_of_the_links_they_pass() {
    let mut bench = Bench::joined(&config(), 1);
    bench.ping("192.168.4.1");
    let reply = |ms| PingState::Reply { after: Duration::from_millis(ms) };
    assert_eq!(bench.ping("192.168.4.1"), reply(2), "the gateway");
    assert_eq!(bench.ping("203.0.113.10"), reply(4), "a host beyond it");
    bench.ping("192.168.5.10");
    assert_eq!(bench.ping("192.168.5.10"), reply(4), "a host on another segment");
}

#[test]
fn pings_to_nobody_are_unreachable() {
    let mut bench = Bench::joined(&config(), 1);
    assert_eq!(bench.ping("198.51.100.1"), PingState::Unreachable, "no network has this address");
    let start = bench.now;
    assert_eq!(bench.ping("192.168.5.77"), PingState::Unreachable, "nobody on the other segment has it");
    let took = bench.now.since(start);
    assert_eq!(
        took,
        Duration::from_millis(3002),
        "three ARP requests, a second each, and the radio link twice"
    );
}

#[test]
fn a_packet_out_of_hops_or_too_large_gets_an_icmp_error_from_the_gateway() {
    let mut config = config();
    config.hosts[0].link = LinkFaults::from(Faults { mtu: 900, ..Faults::default() });
    let mut bench = Bench::joined(&config, 1);
    let probe = |ttl: u8, length: usize| {
        let (from, to) = (socket("192.168.4.100", 4000), socket("203.0.113.10", 7));
        let mut bytes = packet::udp(from, to, &vec![7; length]);
        let mut packet = Ipv4Packet::new_unchecked(&mut bytes[..]);
        packet.set_hop_limit(ttl);
        packet.fill_checksum();
        bytes
    };
    let error = |got: &[Vec<u8>], sent: &[u8]| {
        assert_eq!(got.len(), 1, "one answer was expected: {got:?}");
        let packet = Ipv4Packet::new_checked(&got[0][..]).unwrap();
        assert_eq!((packet.src_addr(), packet.next_header()), (ip("192.168.4.1"), IpProtocol::Icmp));
        assert_eq!(packet.payload()[8..36], sent[..28], "the packet is quoted");
        [packet.payload()[0], packet.payload()[1], packet.payload()[6], packet.payload()[7]]
    };
    let sent = probe(1, 10);
    assert_eq!(error(&bench.exchange(&sent), &sent), [11, 0, 0, 0], "time exceeded");
    let sent = probe(64, 1000);
    assert_eq!(error(&bench.exchange(&sent), &sent), [3, 4, 3, 132], "fragmentation needed, 900 bytes");

    // With a hop left it is echoed, and the answer has lost one too.
    let got = bench.exchange(&probe(2, 10));
    assert_eq!(got.len(), 1, "{got:?}");
    let packet = Ipv4Packet::new_checked(&got[0][..]).unwrap();
    assert_eq!((packet.next_header(), packet.hop_limit()), (IpProtocol::Udp, 63));
}

#[test]
fn a_packet_that_may_be_cut_up_is_and_comes_back_whole() {
    let mut config = config();
    config.hosts[0].link.down = Faults { mtu: 900, ..Faults::default() };
    let mut bench = Bench::joined(&config, 1);
    let (from, to) = (socket("192.168.4.100", 4000), socket("203.0.113.10", 7));
    for length in [873, 1000, 1452] {
        let mut sent = packet::udp(from, to, &(0..length).map(|i| i as u8).collect::<Vec<u8>>());
        let mut packet = Ipv4Packet::new_unchecked(&mut sent[..]);
        packet.set_dont_frag(false);
        packet.set_ident(length as u16);
        packet.fill_checksum();
        let got = bench.exchange(&sent);
        let [echoed] = &got[..] else { panic!("{length} bytes: one echo was expected: {got:?}") };
        let echoed = Ipv4Packet::new_checked(&echoed[..]).unwrap();
        assert_eq!(echoed.next_header(), IpProtocol::Udp, "{length} bytes: no echo, but an error");
        assert_eq!(echoed.payload()[8..], sent[28..], "{length} bytes are damaged");
    }
}

#[test]
fn the_order_in_which_modules_call_does_not_matter() {
    const WINDOW: u64 = 1_000_000;
    #[derive(Clone, Copy, Debug)]
    enum Input {
        Join,
        Leave,
        Broadcast(u8),
    }
    // Joining and leaving fall on instants at which the other module's frames reach the switch.
    let script: Vec<(u64, usize, Input)> = (0..40)
        .flat_map(|i| {
            let start = i * 2 * WINDOW;
            [
                (start, 0, Input::Join),
                (start + 300, 1, if i % 3 == 1 { Input::Leave } else { Input::Join }),
                (start + 500, 0, Input::Broadcast(i as u8)),
                (start + 500, 1, Input::Broadcast(100 + i as u8)),
                (start + WINDOW + 500, 1, if i % 2 == 0 { Input::Leave } else { Input::Join }),
                (start + WINDOW + 500, 0, if i % 5 == 0 { Input::Leave } else { Input::Join }),
            ]
        })
        .collect();
    let apply = |net: &mut Network, (at, module, input): (u64, usize, Input)| {
        let now = Instant::from_nanos(at);
        match input {
            Input::Join => assert!(net.station_join(now, module, "home")),
            Input::Leave => net.station_leave(now, module),
            Input::Broadcast(mark) => {
                let mac = mac_address(["wifi", "wifi2"][module]);
                let frame = packet::ethernet([0xff; 6], mac, EthernetProtocol::Unknown(0x88b5), &[mark]);
                net.send(now, module, frame);
            }
        }
    };
    let advance = |net: &mut Network, end: u64| {
        while net.next_event().is_some_and(|k| k.time < Instant::from_nanos(end)) {
            net.step();
        }
    };
    let deliveries = |net: &mut Network| {
        let all: Vec<_> = std::iter::from_fn(|| net.take_delivery()).collect();
        assert!(all.len() > 20, "{} deliveries are too few", all.len());
        all
    };
    // Within a window one module goes ahead of the other; the network follows the slower one.
    let in_windows = |first: usize| {
        let mut net = Network::new(&config(), 1).unwrap();
        for window in 0..82 {
            let span = window * WINDOW..(window + 1) * WINDOW;
            for module in [first, 1 - first] {
                let inputs = script.iter().filter(|(at, m, _)| *m == module && span.contains(at));
                inputs.for_each(|input| apply(&mut net, *input));
            }
            advance(&mut net, span.end);
        }
        deliveries(&mut net)
    };
    // Both in step with the network.
    let in_step = || {
        let mut net = Network::new(&config(), 1).unwrap();
        for input in &script {
            advance(&mut net, input.0 + 1);
            apply(&mut net, *input);
        }
        advance(&mut net, 82 * WINDOW);
        deliveries(&mut net)
    };
    assert_eq!(in_windows(0), in_windows(1));
    assert_eq!(in_windows(0), in_step());
}

#[test]
fn leaving_in_the_middle_of_a_transfer_drops_frames_and_coming_back_works() {
    let mut bench = Bench::joined(&config(), 1);
    let socket = bench.request(0, "203.0.113.10");
    bench.run(Duration::from_secs(5), |b| b.stations[0].stack.stream_readable(socket) > 2000);
    bench.net.station_leave(bench.now, 0);
    bench.stations[0].stack.stream_recv(socket, usize::MAX);
    bench.settle(0);
    assert_eq!(bench.fates.last(), Some(&Fate::Dropped("not associated with an access point")));
    bench.idle(Duration::from_secs(5));
    let before = bench.seen.len();
    bench.idle(Duration::from_secs(60));
    let inbound = bench.seen[before..].iter().filter(|s| s.inbound).count();
    assert_eq!(inbound, 0, "frames reach a module that has left");
    bench.stations[0].stack.tcp_abort(socket);
    assert!(bench.net.station_join(bench.now, 0, "home"));
    assert_whole(&bench.fetch(0, "203.0.113.10"));
}

#[test]
fn a_segment_that_is_down_takes_no_stations_and_no_frames() {
    let mut bench = Bench::joined(&config(), 1);
    bench.net.set_segment_up(bench.now, "home", false);
    let frame = packet::ethernet([0xff; 6], mac_address("wifi"), EthernetProtocol::Ipv4, &[]);
    assert_eq!(bench.net.send(bench.now, 0, frame), Fate::Dropped("the access point is down"));
    assert!(!bench.net.station_join(bench.now, 1, "home"));
    assert!(!bench.net.station_join(bench.now, 1, "attic"));
    assert!(!bench.net.station_join(bench.now, 7, "office"));
    bench.net.set_segment_up(bench.now, "home", true);
    assert!(matches!(bench.ping("192.168.4.10"), PingState::Reply { .. }));
}

#[test]
fn bad_frames_from_a_module_do_no_harm() {
    let mut bench = Bench::joined(&config(), 1);
    let good = packet::udp(socket("192.168.4.100", 5), socket("192.168.4.1", 53), &[0; 20]);
    let gateway = mac_address("gateway/home");
    let frame = packet::ethernet(gateway, mac_address("wifi"), EthernetProtocol::Ipv4, &good);
    let mut stream = crate::rng::Stream::new(1, "bad frames");
    for round in 0..3000 {
        let mut bad = frame.clone();
        bad.truncate(stream.between(0, frame.len() as u64) as usize);
        for _ in 0..stream.between(0, 4) {
            if !bad.is_empty() {
                let at = stream.between(0, bad.len() as u64 - 1) as usize;
                bad[at] = stream.next_u64() as u8;
            }
        }
        if round % 2 == 0
            && let Ok(mut packet) = Ipv4Packet::new_checked(bad.get_mut(14..).unwrap_or_default())
        {
            // Half of them get past the header's checksum.
            packet.fill_checksum();
        }
        bench.net.send(bench.now, 0, bad);
    }
    bench.idle(Duration::from_secs(10));
    assert!(matches!(bench.ping("192.168.4.1"), PingState::Reply { .. }));
}
