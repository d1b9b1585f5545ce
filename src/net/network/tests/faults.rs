//! What links do to frames, and that nothing else changes it.

use super::*;

#[test]
fn a_transfer_completes_over_a_lossy_link() {
    let mut config = config();
    let lossy = Faults { loss_ppm: 50_000, ..Faults::default() };
    config.modules[0].link = lossy.clone().into();
    config.hosts[0].link = lossy.into();
    let mut bench = Bench::joined(&config, 1);
    assert_whole(&bench.fetch(0, "203.0.113.10"));
    let lost = bench.fates.iter().filter(|f| **f == Fate::Lost).count();
    assert!(lost > 0, "no frame of the module was lost");
}

fn disturbed() -> NetConfig {
    let mut config = config();
    for link in [&mut config.modules[0].link, &mut config.hosts[0].link] {
        let faults = Faults {
            jitter: Duration::from_millis(3),
            loss_ppm: 20_000,
            duplicate_ppm: 20_000,
            reorder_ppm: 20_000,
            rate_bps: Some(2_000_000),
            ..Faults::default()
        };
        *link = faults.into();
    }
    config
}

fn frames_of_a_run(config: &NetConfig, seed: u64) -> Vec<Seen> {
    let mut bench = Bench::joined(config, seed);
    assert_whole(&bench.fetch(0, "203.0.113.10"));
    bench.seen
}

#[test]
fn two_runs_give_the_same_frames_at_the_same_times_and_another_seed_gives_others() {
    let first = frames_of_a_run(&disturbed(), 1);
    assert!(first.len() > 200, "{} frames are too few to prove anything", first.len());
    assert!(first == frames_of_a_run(&disturbed(), 1), "two runs differ");
    assert!(first != frames_of_a_run(&disturbed(), 2), "the seed changes nothing");
}

#[test]
fn loss_on_one_link_leaves_the_frames_of_another_unchanged() {
    let run = |loss_ppm| {
        let mut config = disturbed();
        config.modules[1].link = Faults { loss_ppm, ..Faults::default() }.into();
        let mut bench = Bench::joined(&config, 1);
        assert!(bench.net.station_join(bench.now, 1, "office"));
        bench.stations[1].stack.dhcp_start(bench.now, None);
        let start = Instant::ZERO + Duration::from_secs(60);
        bench.idle(start.since(bench.now));
        // Both transfers at once; the second module's suffers.
        let sockets = ["203.0.113.10", "203.0.113.11"].map(|a| SocketAddr::new(IpAddr::V4(ip(a)), 80));
        let sockets: Vec<Connection> = sockets
            .iter()
            .zip(&mut bench.stations)
            .map(|(to, s)| s.stack.stream_connect(start, *to, None, &TcpOptions::default()).unwrap())
            .collect();
        let mut asked = [false; 2];
        while bench.step(start + Duration::from_secs(60)) {
            for (i, socket) in sockets.iter().enumerate() {
                let stack = &mut bench.stations[i].stack;
                if !asked[i] && stack.stream_state(*socket) == StreamState::Open {
                    asked[i] = true;
                    stack.stream_send(
                        *socket,
                        b"GET /big HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
                    );
                }
                stack.stream_recv(*socket, usize::MAX);
            }
        }
        let frames = |module| bench.seen.iter().filter(|s| s.module == module).cloned().collect::<Vec<_>>();
        (frames(0), frames(1))
    };
    let (first, second) = run(0);
    let (first_lossy, second_lossy) = run(100_000);
    assert!(
        first.len() > 200 && second.len() > 200,
        "{} and {} frames are too few",
        first.len(),
        second.len()
    );
    assert!(second != second_lossy, "the loss changes nothing");
    let differ = first.iter().zip(&first_lossy).position(|(a, b)| a != b);
    assert_eq!((first.len(), differ), (first_lossy.len(), None), "the first module's frames changed");
}

#[test]
fn asking_for_the_next_event_changes_nothing() {
    let run = |extra: bool| {
        let mut bench = Bench::joined(&disturbed(), 5);
        let socket = bench.request(0, "203.0.113.10");
        let end = bench.now + Duration::from_secs(5);
        while bench.step(end) {
            if extra {
                bench.net.next_event();
                bench.settle(0);
                bench.settle(0);
            }
            bench.stations[0].stack.stream_recv(socket, usize::MAX);
        }
        bench.seen
    };
    assert!(run(false) == run(true), "extra polls change what happens");
}

#[test]
fn rate_and_latency_of_each_link_on_the_way_add_up_exactly() {
    let mut config = config();
    // 42 + 58 bytes of Ethernet at 1 Mbit/s: 800 us. The same packet without Ethernet at 3 Mbit/s: 86 bytes,
    // 229 333.3 ns.
    let link = |bps, ms| {
        LinkFaults::from(Faults {
            rate_bps: Some(bps),
            latency: Duration::from_millis(ms),
            ..Faults::default()
        })
    };
    config.modules[0].link = link(1_000_000, 2);
    config.hosts[0].link = link(3_000_000, 5);
    let mut bench = Bench::joined(&config, 1);
    bench.idle(Duration::from_secs(1));
    let socket = bench.stations[0].stack.udp_open(None).unwrap();
    let to = SocketAddr::new(IpAddr::V4(ip("203.0.113.10")), 7);
    let stack = &mut bench.stations[0].stack;
    stack.udp_send(socket, to, &[1; 58]).unwrap();
    bench.idle(Duration::from_secs(2));
    bench.stations[0].stack.udp_send(socket, to, &[1; 58]).unwrap();
    let start = bench.now;
    bench.idle(Duration::from_secs(1));
    let arrival = bench.seen.last().map(|s| s.at.since(start));
    let radio = 2 * (800_000 + 2_000_000);
    let wire = 2 * (229_334 + 5_000_000);
    assert_eq!(arrival, Some(Duration::from_nanos(radio + wire)));
}

#[test]
fn duplicated_frames_arrive_twice_and_held_back_ones_are_overtaken() {
    let mut bench = Bench::joined(&config(), 1);
    bench.idle(Duration::from_secs(1));
    let ping = |sequence| {
        let payload = [&[8, 0, 0, 0, 0, 1, 0, sequence][..], &[0; 8]].concat();
        let mut payload = payload;
        let mut icmp = smoltcp::wire::Icmpv4Packet::new_unchecked(&mut payload[..]);
        icmp.fill_checksum();
        packet::ipv4(ip("192.168.4.100"), ip("192.168.4.1"), IpProtocol::Icmp, &payload)
    };
    let faults = |change: fn(&mut Faults)| {
        let mut faults = Faults::default();
        change(&mut faults);
        faults
    };
    assert!(bench.net.set_faults("wifi", faults(|f| f.duplicate_ppm = 1_000_000)));
    // Twice up, and each answer twice down.
    assert_eq!(bench.exchange(&ping(1)).len(), 4);

    // The first is held back, the second is not.
    assert!(bench.net.set_faults("wifi", faults(|f| f.reorder_ppm = 1_000_000)));
    let gateway = mac_address("gateway/home");
    let frame = packet::frame(gateway, mac_address("wifi"), &ping(2));
    assert_eq!(bench.net.send(bench.now, 0, frame), Fate::Disturbed("held back by the link"));
    assert!(bench.net.set_faults("wifi", faults(|_| {})));
    let order: Vec<u8> = bench.exchange(&ping(3)).iter().map(|p| p[27]).collect();
    assert_eq!(order, [3, 2]);
}

#[test]
fn a_lost_frame_for_a_module_is_handed_out_for_the_capture_only() {
    let mut bench = Bench::joined(&config(), 1);
    bench.idle(Duration::from_secs(1));
    let lossy = Faults { loss_ppm: 1_000_000, ..Faults::default() };
    assert!(bench.net.set_faults("nas", lossy));
    assert_eq!(bench.net.faults("nas").map(|f| f.up.loss_ppm), Some(1_000_000));
    assert!(!bench.net.set_faults("nobody", Faults::default()));
    assert!(!bench.net.set_faults("nas", Faults { mtu: 3, ..Faults::default() }));
    assert_eq!(bench.net.link_names(), ["backup", "nas", "printer", "web", "wifi", "wifi2"]);

    let arp = packet::arp(
        smoltcp::wire::ArpOperation::Request,
        (mac_address("wifi"), ip("192.168.4.100")),
        ([0; 6], ip("192.168.4.1")),
        [0xff; 6],
    );
    assert_eq!(bench.net.send(bench.now, 0, arp), Fate::Sent);
    let lossy = Faults { loss_ppm: 1_000_000, ..Faults::default() };
    assert!(bench.net.set_faults("wifi", lossy));
    let mut deliveries = Vec::new();
    while bench.net.next_event().is_some_and(|k| k.time <= bench.now + Duration::from_millis(1)) {
        bench.net.step();
        deliveries.extend(std::iter::from_fn(|| bench.net.take_delivery()));
    }
    let expected = (bench.now + Duration::from_millis(2), 0, true, Some("lost on the link"));
    let got: Vec<_> = deliveries.iter().map(|d| (d.at, d.module, d.lost, d.why)).collect();
    assert_eq!(got, [expected]);
}

/// What the network hands out for modules within a second after the first one has sent this packet to the gateway.
fn deliveries(bench: &mut Bench, packet: &[u8]) -> Vec<Delivery> {
    let frame = packet::frame(mac_address("gateway/home"), mac_address("wifi"), packet);
    assert!(matches!(bench.net.send(bench.now, 0, frame), Fate::Sent | Fate::Disturbed(_)));
    bench.now += Duration::from_secs(1);
    let mut all = Vec::new();
    while bench.net.next_event().is_some_and(|k| k.time <= bench.now) {
        bench.net.step();
        all.extend(std::iter::from_fn(|| bench.net.take_delivery()));
    }
    all
}

#[test]
fn corrupted_frames_arrive_with_one_bit_inverted_and_their_receivers_throw_them_away() {
    let mut bench = Bench::joined(&config(), 1);
    bench.idle(Duration::from_secs(1));
    let ping = |sequence| {
        let mut payload = [&[8, 0, 0, 0, 0, 1, 0, sequence][..], &[0; 8]].concat();
        smoltcp::wire::Icmpv4Packet::new_unchecked(&mut payload[..]).fill_checksum();
        packet::ipv4(ip("192.168.4.100"), ip("192.168.4.1"), IpProtocol::Icmp, &payload)
    };
    let answer = bench.exchange(&ping(1));
    let mut link = LinkFaults::default();
    link.down.corrupt_ppm = 1_000_000;
    assert!(bench.net.set_faults("wifi", link.clone()));
    let damaged = deliveries(&mut bench, &ping(1));
    let [frame] = &damaged[..] else { panic!("one answer: {damaged:?}") };
    assert_eq!(frame.why, Some("corrupted by the link"));
    assert_eq!(answer.len(), 1);
    let whole = packet::frame(mac_address("wifi"), mac_address("gateway/home"), &answer[0]);
    let inverted = whole.iter().zip(&frame.frame).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
    assert_eq!((inverted, frame.lost), (1, false), "one bit differs");
    // Upstream the gateway finds a wrong checksum, or is not meant any more. Only the sender's MAC address may be wrong.
    link.up.corrupt_ppm = 1_000_000;
    assert!(bench.net.set_faults("wifi", link));
    let answered = (2..40).filter(|sequence| !deliveries(&mut bench, &ping(*sequence)).is_empty()).count();
    assert!(answered < 12, "{answered} of 38 corrupted pings were answered");
}

#[test]
fn a_link_may_be_down_in_one_direction() {
    let mut bench = Bench::joined(&config(), 1);
    bench.idle(Duration::from_secs(1));
    bench.net.set_taps(true);
    let mut link = LinkFaults::default();
    link.down.down = true;
    assert!(bench.net.set_faults("web", link));
    bench.ping("203.0.113.10");
    let web = bench.net.taps().iter().position(|t| t.name == "web").expect("a tap");
    let heard = |bench: &mut Bench| {
        let all = std::iter::from_fn(|| bench.net.take_tap()).filter(|t| t.tap == web);
        all.map(|t| (t.inbound, t.comment)).collect::<Vec<_>>()
    };
    assert_eq!(heard(&mut bench), [], "the ping has reached the host");
    link = LinkFaults::default();
    link.up.down = true;
    assert!(bench.net.set_faults("web", link));
    bench.ping("203.0.113.10");
    assert_eq!(heard(&mut bench), [(true, None), (false, Some("the link is down".to_owned()))]);
}

#[test]
fn taps_hear_the_hosts_ends_of_their_links_when_asked_to() {
    let mut bench = Bench::joined(&config(), 1);
    bench.ping("203.0.113.10");
    assert_eq!(bench.net.take_tap(), None);
    bench.net.set_taps(true);
    let start = bench.now;
    bench.ping("203.0.113.10");
    let records: Vec<_> = std::iter::from_fn(|| bench.net.take_tap()).collect();
    let tap = bench.net.taps().iter().position(|t| t.name == "web" && t.raw_ip).unwrap();
    let at = start + Duration::from_millis(2);
    let heard: Vec<_> = records.iter().map(|r| (r.at, r.tap, r.inbound, r.frame[0])).collect();
    assert_eq!(heard, [(at, tap, true, 0x45), (at, tap, false, 0x45)]);
}

#[test]
fn names_for_the_capture_cover_hosts_and_gateway() {
    let bench = Bench::new(&config(), 1);
    let names: Vec<_> = bench.net.host_names().collect();
    assert!(names.contains(&(ip("203.0.113.10").into(), "web.example.com")), "{names:?}");
    assert!(names.contains(&(ip("192.168.5.1").into(), "gateway")), "{names:?}");
}
