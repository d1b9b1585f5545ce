//! The contract of a world: time is an argument, inputs take effect at their time, and how often a driver
//! calls changes nothing.
use crate::host::{Host, SECOND, without_hash};
use espat_sim::time::{Instant, Timebase};
use espat_sim::uart::McuLoss;
use espat_sim::world::{Attachment, Error, Pin, Recording, Scenario, World, replay};

/// A run with commands, joins and traffic, with a driver that calls as `pace` says.
fn run(seed: u64, pace: fn(&mut Host)) -> (u64, Vec<u8>, String) {
    let mut host = Host::ready(seed);
    host.send("AT+CWMODE=1\r\n");
    host.expect("\r\nOK\r\n");
    for line in [
        "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n",
        "AT+CIPDOMAIN=\"nas.lan\"\r\n",
        "AT+PING=\"nas.lan\"\r\n",
    ] {
        host.send(line);
        // Everybody ends at the same instants; how they get there differs.
        for _ in 0..50 {
            let end = host.now + SECOND / 10;
            while host.now < end {
                pace(&mut host);
                if host.now >= end || !host.step(end) {
                    host.go(end);
                }
            }
        }
    }
    host.finish()
}

#[test]
fn calling_advance_more_often_changes_nothing() {
    let calm = run(3, |_| {});
    let eager = run(3, |host| {
        for ns in [1, 999, 7_001, 100_000] {
            let to = host.now + ns;
            if host.world.next_event(host.module).unwrap().is_none_or(|next| next > to) {
                host.go(to);
            }
        }
    });
    assert_eq!(calm.0, eager.0, "the digest");
    assert!(calm.1 == eager.1, "the capture");
}

#[test]
fn a_driver_that_is_late_gets_the_same_bytes_with_the_same_times() {
    let collect = |stride: u64| {
        let mut host = Host::new(Scenario::default_text(), 1);
        while host.now < SECOND {
            let to = host.now + stride;
            host.go(to);
        }
        host.received
    };
    let exact = collect(1000);
    assert_eq!(exact.iter().map(|(_, b)| *b).collect::<Vec<u8>>(), b"\r\nready\r\n");
    assert_eq!(exact, collect(333_333), "late by a third of a millisecond");
    assert_eq!(exact, collect(SECOND), "one call for everything");
}

#[test]
fn every_run_replays_to_the_same_digest_and_capture() {
    for seed in 1..=3 {
        let (digest, capture, log) = run(seed, |_| {});
        let recording = Recording { capture: true, ..Recording::default() };
        let mut replayed = replay(&log, recording).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(replayed.is_same(), Some(true), "seed {seed}");
        assert_eq!(replayed.world.digest(), digest, "seed {seed}");
        assert!(replayed.world.take_capture() == capture, "seed {seed}: the capture");
    }
}

#[test]
fn a_changed_log_is_told_apart() {
    let (_, _, log) = run(1, |_| {});
    let line = log.lines().find(|l| l.contains(" uart ")).expect("a uart line");
    let flipped = log.replacen(line, &line.replacen("\"A", "\"B", 1), 1);
    assert_ne!(flipped, log, "the first line should be a command with an A");
    let refused = replay(&flipped, Recording::default()).err().expect("it was changed").to_string();
    assert!(refused.contains("was damaged or changed since it was written"), "{refused}");
    let on_purpose = without_hash(&flipped);
    let replayed = replay(&on_purpose, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.is_same(), Some(false), "another byte, another digest");
}

#[test]
fn what_waits_to_be_read_is_there_now() {
    let scenario = Scenario::parse("test.toml", Scenario::default_text()).unwrap();
    let mut world = World::new(&scenario, Some(1), Recording::default()).unwrap();
    let module = world.attach("wifi", Attachment::default()).unwrap();
    world.advance(module, SECOND).unwrap();
    assert_eq!(world.next_event(module), Ok(Some(SECOND)), "`ready` came before, and nobody has read it");
    while world.uart_read(module).unwrap().is_some() {}
    assert_eq!(world.next_event(module), Ok(None), "an idle module needs nobody");
}

#[test]
fn time_backwards_is_an_error_that_changes_nothing() {
    let mut host = Host::ready(1);
    let before = (host.world.digest(), host.world.next_event(host.module));
    let now = host.now;
    let refused = [
        host.world.advance(host.module, now - 1),
        host.world.uart_write(host.module, now - 1, b'A'),
        host.world.set_pin(host.module, 0, Pin::En, false),
        host.world.mcu_overrun(host.module, 0, 0, McuLoss::Full),
    ];
    for error in refused {
        assert!(matches!(error, Err(Error::TimeBackwards { .. })), "{error:?}");
    }
    assert_eq!((host.world.digest(), host.world.next_event(host.module)), before);
    host.ask("AT\r\n", "\r\nOK\r\n");
    let message = host.world.advance(host.module, 5).unwrap_err().to_string();
    assert_eq!(message, format!("time went backwards for module 'wifi': tick 5 after tick {}", host.now));
}

#[test]
fn a_second_driver_and_an_unknown_module_are_refused() {
    let mut host = Host::ready(1);
    let error = host.world.attach("wifi", Attachment::default()).unwrap_err();
    assert_eq!(error.to_string(), "module 'wifi' is attached to another driver already");
    let error = host.world.attach("wlan", Attachment::default()).unwrap_err();
    assert_eq!(error.to_string(), "there is no module 'wlan'; this world has wifi");
    host.world.detach(host.module).expect("detach");
    let error = host.world.advance(host.module, host.now).unwrap_err();
    assert_eq!(error.to_string(), "module 'wifi' is not attached to a driver");
    host.world.attach("wifi", Attachment::default()).expect("a detached module can be attached again");
}

#[test]
fn a_driver_may_count_in_its_own_clock() {
    // 168 MHz: the MCU passes raw cycle counts.
    let scenario = Scenario::parse("test.toml", Scenario::default_text()).unwrap();
    let mut world = World::new(&scenario, Some(1), Recording::default()).unwrap();
    let timebase = Timebase::new(168_000_000, Instant::ZERO).unwrap();
    let module = world.attach("wifi", Attachment { timebase, ..Attachment::default() }).unwrap();
    let mut bytes = Vec::new();
    while let Some(tick) = world.next_event(module).unwrap().filter(|t| *t < 168_000_000) {
        world.advance(module, tick).unwrap();
        while let Some(byte) = world.uart_read(module).unwrap() {
            assert!(byte.tick <= tick, "a byte of tick {} was handed out at {tick}", byte.tick);
            assert_eq!(timebase.tick(byte.at), byte.tick);
            bytes.push(byte.byte);
        }
    }
    assert_eq!(bytes, b"\r\nready\r\n");
}

const TWO: &str = "[module.a]\n[module.b]\n[ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\n";

/// Two modules join, with drivers that take turns as `turn` says (0: a, 1: b).
fn two(turn: impl Fn(u64) -> usize) -> (u64, Vec<u8>, String) {
    let (mut world, log) = two_in(turn, Recording { capture: true, log: true, ..Recording::default() });
    (world.digest(), world.take_capture(), log)
}

/// The world of these two, finished, and its log.
fn two_in(turn: impl Fn(u64) -> usize, recording: Recording) -> (World, String) {
    let scenario = Scenario::parse("two.toml", TWO).unwrap_or_else(|e| panic!("{e}"));
    let mut world = World::new(&scenario, Some(1), recording).unwrap();
    let modules = ["a", "b"].map(|n| world.attach(n, Attachment::default()).unwrap());
    let lines: [&[u8]; 2] = [b"AT+CWMODE=1\r\n", b"AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n"];
    let mut now = [0_u64; 2];
    let mut told = [0_usize; 2];
    let (mut n, end) = (0, 6 * SECOND);
    while now.iter().any(|t| *t < end) {
        let i = turn(n);
        n += 1;
        let to = (now[i] + 50_000).min(end);
        let other = now[1 - i];
        if to > other + 100_000 || now[i] == end {
            // It may not go further before the other one has moved.
            continue;
        }
        world.advance(modules[i], to).unwrap();
        now[i] = to;
        let due = [SECOND + 7 * i as u64 * 50_000, 2 * SECOND];
        if told[i] < lines.len() && to >= due[told[i]] {
            for byte in lines[told[i]] {
                world.uart_write(modules[i], to, *byte).unwrap();
            }
            told[i] += 1;
        }
    }
    let error = world.advance(modules[0], end + 100_001).unwrap_err();
    assert!(matches!(error, Error::TooFarAhead { limit, .. } if limit == Some(end + 100_000)), "{error:?}");
    world.finish();
    let log = String::from_utf8(world.take_log()).unwrap();
    (world, log)
}

#[test]
fn in_the_order_of_time_what_is_handed_out_at_once_is_the_same_however_two_drivers_call() {
    let sorted = |turn: fn(u64) -> usize| {
        let recording = Recording { dialogue: true, observations: true, ..Recording::default() };
        let (mut world, _) = two_in(turn, recording);
        let mut dialogue = world.take_dialogue();
        let mut observations = world.take_observations();
        assert!(observations.iter().enumerate().all(|(place, seen)| seen.number == place as u64), "numbers");
        // Stable: each subject's own are in order, which no turn changes.
        dialogue.sort_by_key(|(module, packet)| (packet.at, *module));
        observations.sort_by_key(|seen| (seen.at, seen.subject.clone()));
        let observations = observations.into_iter().map(|seen| (seen.at, seen.subject, seen.event));
        (dialogue, observations.collect::<Vec<_>>())
    };
    let alternating = sorted(|n| (n % 2) as usize);
    assert!(alternating.0.len() > 10 && alternating.1.len() > 10, "hardly anything was recorded");
    for (what, turn) in [
        ("b calls rarely", (|n| usize::from(n % 5 == 4)) as fn(u64) -> usize),
        ("a does", |n| usize::from(n % 7 != 6)),
    ] {
        let other = sorted(turn);
        assert!(other.0 == alternating.0, "the dialogue, where {what}");
        assert_eq!(other.1, alternating.1, "observations, where {what}");
    }
}

#[test]
fn the_order_in_which_two_drivers_call_cannot_matter() {
    let alternating = two(|n| (n % 2) as usize);
    let lazy_b = two(|n| usize::from(n % 5 == 4));
    let lazy_a = two(|n| usize::from(n % 7 != 6));
    assert_eq!(alternating.0, lazy_b.0, "b calls rarely");
    assert_eq!(alternating.0, lazy_a.0, "a calls rarely");
    assert!(alternating.1 == lazy_b.1 && alternating.1 == lazy_a.1, "the captures");
    for (digest, capture, log) in [alternating, lazy_b, lazy_a] {
        let recording = Recording { capture: true, ..Recording::default() };
        let mut replayed = replay(&log, recording).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(replayed.world.digest(), digest);
        assert_eq!(replayed.is_same(), Some(true));
        assert!(replayed.world.take_capture() == capture, "the replayed capture");
    }
}

#[test]
fn a_driver_whose_tick_0_is_still_to_come_is_told_to_wait_for_the_others() {
    let scenario = Scenario::parse("two.toml", TWO).unwrap_or_else(|e| panic!("{e}"));
    let mut world = World::new(&scenario, Some(1), Recording::default()).unwrap();
    let a = world.attach("a", Attachment::default()).unwrap();
    let timebase = Timebase::new(1_000, Instant::from_nanos(SECOND)).unwrap();
    let b = world.attach("b", Attachment { timebase, ..Attachment::default() }).unwrap();
    for tick in [0, 5] {
        let error = world.advance(b, tick).unwrap_err();
        assert!(matches!(error, Error::TooFarAhead { limit: None, .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!(
                "module 'b' can't go to tick {tick}: even its tick 0 is too far ahead, until 'a' has caught up"
            )
        );
    }
    assert_eq!(
        (world.reached(b), world.now(b)),
        (Ok(0), Ok(Instant::ZERO)),
        "a refused call changes nothing"
    );
    world.advance(a, SECOND - 100_000).expect("who has not begun holds nobody back");
    assert_eq!(
        world.now(b),
        Ok(Instant::from_nanos(SECOND - 100_000)),
        "until it begins, it follows the others"
    );
    world.advance(b, 0).expect("its tick 0 is as far ahead as it may be");
    let error = world.advance(b, 1).unwrap_err();
    assert!(matches!(error, Error::TooFarAhead { limit: Some(0), .. }), "{error:?}");
    world.advance(a, SECOND + 100_000).unwrap();
    let error = world.advance(a, SECOND + 100_001).unwrap_err();
    assert!(matches!(error, Error::TooFarAhead { limit: Some(_), .. }), "from then on it holds others back");
}

#[test]
fn when_a_drivers_tick_0_is_changes_nothing_in_what_happens() {
    let scenario = Scenario::parse("two.toml", TWO).unwrap_or_else(|e| panic!("{e}"));
    let run = |origin: u64| {
        let recording = Recording { capture: true, log: true, ..Recording::default() };
        let mut world = World::new(&scenario, Some(1), recording).unwrap();
        let timebase = Timebase::new(1_000_000_000, Instant::from_nanos(origin)).unwrap();
        let a = world.attach("a", Attachment::default()).unwrap();
        let b = world.attach("b", Attachment { timebase, ..Attachment::default() }).unwrap();
        world.advance_all(Instant::from_nanos(SECOND / 2)).unwrap();
        world.uart_write_block(a, SECOND / 2, b"AT+CWMODE=1\r\n").unwrap();
        let mut now = SECOND / 2;
        while now < 2 * SECOND {
            now += 100_000;
            world.advance(a, now).unwrap_or_else(|e| panic!("a to {now}: {e}"));
            if now >= origin {
                world.advance(b, now - origin).unwrap_or_else(|e| panic!("b to {now}: {e}"));
            }
        }
        world.uart_write_block(b, now - origin, b"AT+CWMODE=1\r\n").unwrap();
        now += SECOND;
        world.advance_all(Instant::from_nanos(now)).unwrap();
        let join = b"AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n";
        world.uart_write_block(b, now - origin, join).unwrap();
        world.advance_all(Instant::from_nanos(8 * SECOND)).unwrap();
        let mut bytes = Vec::new();
        while let Some(byte) = world.uart_read(b).unwrap() {
            bytes.push((byte.at, byte.byte));
        }
        world.finish();
        (world.digest(), bytes, world.take_capture(), String::from_utf8(world.take_log()).unwrap())
    };
    let (digest, bytes, capture, _) = run(0);
    let text: Vec<u8> = bytes.iter().map(|(_, byte)| *byte).collect();
    assert!(text.ends_with(b"WIFI GOT IP\r\n\r\nOK\r\n"), "{}", text.escape_ascii());
    for origin in [1, SECOND / 4, SECOND / 2, SECOND] {
        let later = run(origin);
        assert_eq!((later.0, &later.1), (digest, &bytes), "tick 0 at {origin} ns");
        assert!(later.2 == capture, "tick 0 at {origin} ns: the capture");
        let replayed = replay(&later.3, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(replayed.is_same(), Some(true), "tick 0 at {origin} ns: the replay");
    }
}

#[test]
fn what_is_put_in_after_the_end_is_no_longer_logged_and_the_log_stays_whole() {
    let mut host = Host::ready(5);
    host.world.finish();
    let digest = host.world.digest();
    host.send("AT\r\n");
    host.console("ap home down");
    host.go(host.now + SECOND);
    let mut log = std::mem::take(&mut host.log);
    log.extend(host.world.take_log());
    log.extend(host.world.take_log_to_here());
    let log = String::from_utf8(log).expect("a log is text");
    let last = log.lines().last().unwrap_or_default();
    assert!(last.starts_with(&format!("end digest={digest:016x} ")), "behind the end stands: {last}");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.is_same(), Some(true));
}
