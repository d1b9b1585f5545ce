//! Hosts of the scenario that act by themselves, as a module's MCU meets them.
use crate::host::{Host, SECOND, with_pc};
use espat_sim::world::{Recording, Scenario, replay};

/// A joined module with a link to the terminal of the host `pc`.
fn connected(seed: u64) -> Host {
    let mut host = Host::joined_with_pc(seed);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host
}

#[test]
fn what_a_host_sends_arrives_as_ipd_and_what_it_gets_is_observed() {
    let mut host = connected(1);
    host.console("host pc send \"hello\\r\\n\\x00\\xff\"");
    host.expect(b"\r\n+IPD,9:hello\r\n\x00\xff\r\n");
    host.ask("AT+CIPSEND=4\r\n", "\r\nOK\r\n\r\n>");
    host.ask("ping", "\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n");
    host.wait(SECOND);
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.wait(SECOND);
    let seen = host.seen("pc");
    let from = seen[0].strip_prefix("tcp-terminal connection from ").expect(&seen[0]);
    assert!(from.starts_with("192.168.1.100:"), "{from}");
    let rest = [
        format!("tcp-terminal received from {from}: \"ping\", 4 bytes"),
        format!("tcp-terminal {from} closed after 4 bytes, CRC-32 25d53dfd"),
    ];
    assert_eq!(seen[1..], rest);
}

#[test]
fn every_link_to_the_host_gets_what_it_sends() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=0,\"TCP\",\"pc.lan\",23\r\n", "0,CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTART=3,\"TCP\",\"pc.lan\",23\r\n", "3,CONNECT\r\n\r\nOK\r\n");
    host.console("host pc send all");
    let got = host.until("+IPD,3,3:all\r\n");
    assert_eq!(got, "\r\n+IPD,0,3:all\r\n\r\n+IPD,3,3:all\r\n");
}

#[test]
fn a_link_that_the_host_closes_or_resets_is_closed() {
    let mut host = connected(1);
    host.console("host pc send bye");
    host.console("host pc close");
    host.expect("\r\n+IPD,3:bye\r\nCLOSED\r\n");
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.wait(SECOND / 10);
    host.console("host pc reset");
    host.expect("CLOSED\r\n");
    for line in ["host pc send nobody", "host pc close", "host pc reset"] {
        let sentence = host.refused(line);
        assert!(sentence.contains("comes to nothing: pc: it has no connection"), "{line}: {sentence}");
    }
    host.silent_for(SECOND);
    let seen = host.seen("pc");
    for (index, text) in [(1, "tcp-terminal closed 192.168.1.100:"), (3, "tcp-terminal reset 192.168.1.100:")]
    {
        assert!(seen[index].starts_with(text), "{seen:?}");
    }
    assert_eq!(seen.len(), 4, "what is refused does nothing: {seen:?}");
}

#[test]
fn what_a_hosts_services_cannot_do_is_an_error() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.10\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    for line in ["host nas send x", "host nas close", "host nas reset", "host nas pause", "host nas resume"] {
        let sentence = host.refused(line);
        assert!(sentence.contains("nas: it has no connection"), "{line}: {sentence}");
    }
    // Somebody may still come to a terminal.
    host.console("host pc pause");
    host.console("host pc resume");
}

#[test]
fn more_than_a_connection_can_keep_is_refused_and_nothing_of_it_sent() {
    let mut host = connected(1);
    host.console("host pc pause");
    let text = "x".repeat(16_000);
    let line = format!("host pc send \"{text}\"");
    let sentence = loop {
        match host.world.console(&line) {
            Ok(_) => {}
            Err(e) => break e.to_string(),
        }
    };
    assert!(sentence.contains("more than 65535") && sentence.len() < 300, "{sentence}");
}

#[test]
fn a_circle_of_aliases_is_told_at_each_of_them() {
    let text = "[dns.records]\n\"a.example\" = \"b.example\"\n\"b.example\" = \"A.example\"\n\
                \"c.example\" = \"nas.lan\"\n[host.nas]\naddress = \"9.9.9.9\"\nnames = [\"nas.lan\"]\n";
    let Err(error) = Scenario::parse("lab.toml", text) else { panic!("accepted") };
    let lines: Vec<usize> = error.problems.iter().map(|problem| problem.place.line).collect();
    assert_eq!(lines, [2, 3], "{error}");
}

#[test]
fn a_short_lived_peer_dials_says_its_text_and_goes() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSERVER=1,8080\r\n", "\r\nOK\r\n");
    for line in ["host pc connect wifi 8080", "host pc send quick", "host pc close"] {
        host.console(line);
    }
    host.expect("0,CONNECT\r\n\r\n+IPD,0,5:quick\r\n0,CLOSED\r\n");
    // Without a text, `close` takes the dial back.
    for line in ["host pc connect wifi 8080", "host pc close"] {
        host.console(line);
    }
    host.wait(SECOND);
    let seen = host.seen("pc");
    assert_eq!(seen.last().map(String::as_str), Some("tcp-terminal closed 192.168.1.100:8080 after 0 bytes"));
}

#[test]
fn a_host_that_does_not_read_holds_a_send_back_until_it_reads_again() {
    let mut host = connected(1);
    host.console("host pc pause");
    host.ask("AT+CIPSEND=8192\r\n", "\r\nOK\r\n\r\n>");
    host.send([b'd'; 8192]);
    host.expect("\r\nRecv 8192 bytes\r\n");
    // Longer than the module waits for an answer to data: its probes of the closed window are answered.
    host.silent_for(100 * SECOND);
    host.console("host pc resume");
    host.expect("\r\nSEND OK\r\n");
    host.wait(5 * SECOND);
    let seen = host.seen("pc");
    let lengths =
        seen.iter().filter_map(|s| s.split(", ").nth(1)?.strip_suffix(" bytes")?.parse::<usize>().ok());
    assert_eq!(lengths.sum::<usize>(), 8192, "{seen:#?}");
}

#[test]
fn a_datagram_reaches_a_module_by_its_name() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPDINFO=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"UDP\",\"pc.lan\",5000,4321,0\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.console("host pc datagram wifi 4321 \"to you\"");
    host.expect("\r\n+IPD,6,\"192.168.1.20\",5000:to you\r\n");
    host.console("host pc datagram 192.168.1.100 4321 again");
    host.expect("\r\n+IPD,5,\"192.168.1.20\",5000:again\r\n");
    host.ask("AT+CIPSEND=2\r\n", "\r\nOK\r\n\r\n>");
    host.ask("hi", "\r\nRecv 2 bytes\r\n\r\nSEND OK\r\n");
    host.wait(SECOND);
    assert_eq!(host.seen("pc"), ["udp-terminal received from 192.168.1.100:4321: \"hi\", 2 bytes"]);
}

#[test]
fn a_host_dials_a_module_that_has_an_address() {
    let mut host = Host::ready_in(&with_pc(), 1);
    let nowhere = "module 'wifi' has no address now";
    assert!(host.refused("host pc connect wifi 333").ends_with(nowhere));
    assert!(host.refused("host pc datagram wifi 333 \"x\"").ends_with(nowhere));
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n");
    host.console("host pc connect wifi 333");
    host.silent_for(SECOND);
    host.ask("AT+CWQAP\r\n", "WIFI DISCONNECT\r\n\r\nOK\r\n");
    assert!(host.refused("host pc connect wifi 333").ends_with(nowhere));
    // At a later time nobody waits for the answer: it is an observation and a warning.
    let later = host.now + SECOND / 2;
    host.console(&format!("at {later}ns host pc connect wifi 333"));
    host.wait(SECOND);
    let warnings = host.world.take_warnings();
    assert!(warnings.len() == 1 && warnings[0].ends_with(nowhere), "{warnings:?}");
    let nowhere = "tcp-terminal not connected: module 'wifi' has no address now";
    let refused = "tcp-terminal not connected to 192.168.1.100:333: refused";
    assert_eq!(host.seen("pc"), [refused, nowhere], "nothing listens on the module's port");
}

#[test]
fn the_timeline_lets_hosts_act_and_a_replay_ends_with_the_same_digest() {
    let timeline = "timeline = [\"at 20s host pc send \\\"on time\\\"\"]\n";
    let text = format!("{timeline}{}", with_pc());
    for seed in 1..=2 {
        let mut host = Host::joined_in(&text, seed);
        host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
        host.expect("\r\n+IPD,7:on time\r\n");
        let came = host.now;
        assert!((20 * SECOND..20 * SECOND + SECOND / 10).contains(&came), "at 20 s, not {came} ns");
        host.console("host pc send \"a\\\\b \\\"c\\\"\\r\\n\\x00\"");
        host.expect(b"\r\n+IPD,10:a\\b \"c\"\r\n\x00\r\n");
        host.console("at 25s host pc datagram wifi 9 x");
        host.console("at 26s host pc reset");
        host.expect("CLOSED\r\n");
        host.wait(SECOND);
        let (digest, _, log) = host.finish();
        let logged = log.lines().filter(|l| l.contains(" * console host pc ")).count();
        assert_eq!(logged, 3, "{log}");
        let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((replayed.is_same(), replayed.world.digest()), (Some(true), digest), "seed {seed}");
    }
}

#[test]
fn a_line_about_a_host_that_cannot_be_meant_is_one_sentence() {
    let mut host = Host::ready_in(&with_pc(), 1);
    for (line, message) in [
        (
            "host pcc close",
            "expected the name of a host (`api`, `echo`, `nas`, `pc`, `time` or `www`), found `pcc`; did you mean `pc`?",
        ),
        (
            "host pc connect wfi 80",
            "expected an address or the name of a module (`wifi`), found `wfi`; did you mean `wifi`?",
        ),
        ("host pc send \"x", "expected a closing quote after `x`"),
    ] {
        let error = host.world.console(line).unwrap_err().to_string();
        assert_eq!(error, message, "{line}");
    }
}
