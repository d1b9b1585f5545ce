//! A log runs again step by step: stops on the way, is looked at everywhere, and goes into another world.

use std::path::Path;

use espat_sim::capture::{InterfaceKind, UartPacket};
use espat_sim::net::dissect::dissect;
use espat_sim::time::{Instant, NANOS_PER_SEC};
use espat_sim::world::{Attachment, ModuleId, Recording, Replay, Scenario, Seen, World, compare, replay};

use crate::host::{Host, SECOND, with_pc};

#[allow(clippy::disallowed_methods)] // reads the golden logs
fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn whole(mut replay: Replay) -> Replay {
    while replay.feed().unwrap_or_else(|e| panic!("{e}")).is_some() {}
    replay
}

fn new(log: &str, recording: Recording) -> Replay {
    Replay::new(log, recording).unwrap_or_else(|e| panic!("{e}"))
}

/// What every module said up to now.
fn dialogue(replay: &mut Replay) -> Vec<(ModuleId, UartPacket)> {
    replay.world().finish();
    replay.world().take_dialogue()
}

fn dialogue_only() -> Recording {
    Recording { dialogue: true, ..Recording::default() }
}

#[test]
fn a_replay_that_stops_is_the_run_at_that_time() {
    let mut host = Host::joined(1);
    host.send("AT+CIFSR\r\n");
    host.wait(SECOND / 100);
    let (stop, there) = (host.now, host.world.digest());
    host.until("\r\nOK\r\n");
    host.query("AT+CWQAP\r\n");
    let (digest, _, log) = host.finish();
    let mut replay = new(&log, Recording::default());
    replay.stop_at(Instant::from_nanos(stop));
    let replay = whole(replay);
    assert!(replay.has_stopped(), "the log goes on after {stop} ns");
    assert_eq!(replay.reached(), Instant::from_nanos(stop));
    let stopped = replay.finish();
    assert_eq!(stopped.world.digest(), there, "the world at {stop} ns is another one than the run's was");
    assert_eq!(stopped.is_same(), None, "the log's digest is of its end, and no measure for the middle");
    let mut late = new(&log, Recording::default());
    late.stop_at(Instant::from_nanos(stop + 1000 * SECOND));
    let late = whole(late);
    assert!(!late.has_stopped(), "the log ends before that");
    assert_eq!(late.finish().world.digest(), digest);
}

#[test]
fn of_two_modules_both_stop_and_what_they_said_is_the_beginning_of_the_whole() {
    let log = golden("two-modules.espat-log");
    let mut replay = whole(new(&log, dialogue_only()));
    let (end, all) = (replay.reached().as_nanos(), dialogue(&mut replay));
    for tenth in 1..10 {
        let until = Instant::from_nanos(end / 10 * tenth);
        let mut replay = new(&log, dialogue_only());
        replay.stop_at(until);
        let mut replay = whole(replay);
        assert_eq!(replay.reached(), until, "both modules go so far");
        let said = dialogue(&mut replay);
        let before = all.iter().filter(|(_, packet)| packet.at <= until).count();
        assert!(said.len() >= before, "at {until} {} packets, of {before}", said.len());
        for packet in all.iter().filter(|(_, packet)| packet.at <= until) {
            assert!(said.contains(packet), "at {until} this is missing: {packet:?}");
        }
        assert!(said.iter().all(|(_, packet)| packet.at <= until), "at {until} something is from later");
    }
}

#[test]
fn who_looks_at_every_instant_of_a_replay_changes_nothing() {
    for name in ["tcp", "mqtt", "two-modules", "mqtt-modules", "wire"] {
        let log = golden(&format!("{name}.espat-log"));
        let mut replay = new(&log, Recording::default());
        let mut stops = 0;
        loop {
            while replay.approach().unwrap_or_else(|e| panic!("{name}: {e}")) {
                stops += 1;
            }
            if replay.feed().unwrap_or_else(|e| panic!("{name}: {e}")).is_none() {
                break;
            }
        }
        assert!(stops > 100, "{name}: only {stops} instants were shown");
        assert_eq!(replay.finish().is_same(), Some(true), "{name}: looking has changed the run");
    }
}

#[test]
fn packets_as_values_are_those_of_the_capture_and_each_says_what_it_is() {
    let log = golden("link-faults.espat-log");
    let recording = Recording { capture: true, packets: true, ..Recording::default() };
    let mut world = whole(new(&log, recording)).finish().world;
    let (capture, packets) = (world.take_capture(), world.take_packets());
    let interfaces = world.interfaces().to_vec();
    // Blocks of type 6, but for those of the console, which are observations.
    let is_value = |n: u32| interfaces.get(n as usize).is_some_and(|interface| interface.name != "console");
    let (mut place, mut captured) = (0, 0);
    while let Some([kind, length]) = capture
        .get(place..place + 8)
        .map(|head| [0, 4].map(|at| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"))))
    {
        let interface =
            capture[place + 8..place + 12].try_into().map(u32::from_le_bytes).expect("four bytes");
        captured += usize::from(kind == 6 && is_value(interface));
        place += length as usize;
    }
    assert!(captured > 100, "only {captured} packets in the capture");
    assert_eq!(packets.len(), captured, "as values there are others than in the capture");
    assert!(packets.is_sorted_by_key(|packet| packet.at), "they are not in the order of time");
    assert!(packets.iter().any(|packet| packet.comment.as_deref().is_some_and(|c| !c.is_empty())));
    let mut said = String::new();
    for packet in &packets {
        if let Seen::Frame { interface, bytes, .. } = &packet.seen {
            let what = dissect(bytes, interfaces[*interface].kind == InterfaceKind::RawIp);
            said.push_str(&format!("{what}\n"));
        }
    }
    for part in
        ["DHCP discover", "DHCP ACK 192.168.1.", "ARP who has 192.168.1.", "TCP SYN\n", "TCP SYN ACK\n"]
    {
        assert!(said.contains(part), "no packet says '{part}':\n{said}");
    }
    assert!(!said.contains("cut off"), "a packet was not understood:\n{said}");
}

#[test]
fn in_another_world_the_same_host_bytes_show_where_it_departs() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.wait(NANOS_PER_SEC);
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    let (_, _, log) = host.finish();
    let said = |mut replay: Replay| -> Vec<UartPacket> {
        dialogue(&mut replay).into_iter().map(|(_, packet)| packet).collect()
    };
    let recorded = said(whole(new(&log, dialogue_only())));
    let in_world = |text: &str| {
        let scenario = Scenario::parse("other.toml", text).unwrap_or_else(|e| panic!("{e}"));
        said(whole(Replay::in_world(&log, &scenario, dialogue_only()).unwrap_or_else(|e| panic!("{e}"))))
    };
    assert_eq!(
        compare(&recorded, &in_world(&with_pc())).departure,
        None,
        "the same world departs from itself"
    );
    let slow = format!("{}link = {{ latency = \"7 ms\" }}\n", with_pc());
    let slower = compare(&recorded, &in_world(&slow));
    assert_eq!(slower.departure, None, "the same bytes, later");
    let (expected, found) = slower.shifted.expect("the answer to AT+CIPSTART comes later");
    assert!(found.since > expected.since && found.bytes == b"CONNECT\r\n", "{found:?} at another time first");
    let elsewhere = with_pc().replace("pc.lan", "other.lan");
    let departure = compare(&recorded, &in_world(&elsewhere)).departure.expect("the name is not there");
    let text = |packet: &Option<UartPacket>| {
        packet.as_ref().map(|p| String::from_utf8_lossy(&p.bytes).trim().to_owned()).unwrap_or_default()
    };
    assert_eq!(text(&departure.after), "AT+CIPSTART=\"TCP\",\"pc.lan\",23");
    assert_eq!(text(&departure.expected), "CONNECT");
    assert!(["DNS Fail", "busy p...", "ERROR"].contains(&text(&departure.found).as_str()), "{departure:?}");
}

#[test]
fn what_another_world_refuses_is_told_with_the_line_of_the_log() {
    let mut host = Host::joined_with_pc(1);
    host.console("host pc listen 99");
    host.wait(SECOND);
    let (_, _, log) = host.finish();
    let scenario = Scenario::parse("other.toml", Scenario::default_text()).unwrap_or_else(|e| panic!("{e}"));
    let mut replay =
        Replay::in_world(&log, &scenario, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    let why = loop {
        match replay.feed() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the other world has no host `pc`, and takes an order to it"),
            Err(e) => break e.to_string(),
        }
    };
    let line = 1 + log.lines().position(|line| line.contains("console host pc listen")).expect("the line");
    assert!(why.contains(&format!("line {line}")) && why.contains("host pc listen 99"), "{why}");
}

#[test]
fn an_input_that_the_world_refuses_ends_a_replay_with_its_line() {
    let scenario = Scenario::parse("lab.toml", "[ap.home]\nssid = \"home\"\n[module.a]\n[module.b]\n");
    let scenario = scenario.unwrap_or_else(|e| panic!("{e}"));
    let recording = Recording { log: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(1), recording).expect("a world");
    world.attach("a", Attachment::default()).expect("attach");
    world.finish();
    let log = String::from_utf8(world.take_log()).expect("a text");
    let body: String =
        log.lines().take_while(|line| !line.starts_with("end ")).map(|line| format!("{line}\n")).collect();
    let number = body.lines().count() + 1;
    for (lines, at, why) in [
        ("0 a attach id=1 hz=1000000000", 0, "attached to another driver already"),
        ("0 c attach id=1 hz=1000000000", 0, "no module 'c'"),
        // The world's second module has the id 1.
        ("0 b attach id=2 hz=1000000000", 0, "belongs to no module of this world"),
        ("0 b attach id=1 hz=1\n18446744073709551615 b reach", 1, "past the end of time"),
        ("- a detach\n- a detach", 1, "not attached to a driver"),
        ("- a detach\n5 a uart \"A\"", 1, "not attached to a driver"),
        ("5 a line 7 9n1", 0, "expected 80 to 5000000 baud"),
        ("1000000 a reach\n5 a reach", 1, "time went backwards for module 'a'"),
        ("5 * console ap office down", 0, "`office`"),
        ("5 * lan 0 attach \"office\"", 0, "no access point 'office'"),
        ("5 * lan 1 attach \"home\"", 0, "the next cable is number 0"),
        ("5 * lan 0 detach", 0, "there is no cable 0"),
        ("5 * lan 0 frame AAAA", 0, "there is no cable 0"),
        ("0 * lan 0 attach \"home\"\n5 * lan 0 frame AAAA", 1, "14 to 1518 bytes"),
    ] {
        let text = format!("{body}{lines}\n");
        let error = replay(&text, Recording::default()).err().unwrap_or_else(|| panic!("accepted: {lines}"));
        let (sentence, line) = (error.to_string(), number + at);
        assert!(
            sentence.contains(&format!("line {line} of the input log")) && sentence.contains(why),
            "{lines}: {sentence}"
        );
        assert!(!sentence.contains('\n'), "more than a sentence: {sentence}");
    }
}
