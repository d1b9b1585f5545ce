//! Services that make load, scripted peers, and uploads that are checked by their checksums.

use crate::host::{Host, SECOND};
use espat_sim::world::{EventKind, Scenario};

fn joined(host: &str) -> Host {
    Host::joined_in(&format!("{}\n{host}", Scenario::default_text()), 1)
}

fn dial(host: &mut Host, port: u16) {
    host.ask(format!("AT+CIPSTART=\"TCP\",\"192.168.1.30\",{port}\r\n"), "CONNECT\r\n\r\nOK\r\n");
}

fn send(host: &mut Host, text: &str) {
    let length = text.len();
    host.ask(format!("AT+CIPSEND={length}\r\n"), "\r\nOK\r\n\r\n>");
    host.send(text);
    host.expect(format!("\r\nRecv {length} bytes\r\n\r\nSEND OK\r\n"));
}

/// CRC-32 bit by bit, as the standards have it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn a_discard_server_says_nothing_and_tells_what_came_whole() {
    let mut host = joined("[host.sink]\naddress = \"192.168.1.30\"\ndiscard = 9\n");
    dial(&mut host, 9);
    let upload: String = (0..2000u32).map(|i| char::from(b'a' + (i * i % 26) as u8)).collect();
    send(&mut host, &upload);
    send(&mut host, "end");
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.silent_for(SECOND);
    let seen = host.world.take_observations();
    let end = seen.iter().find(|o| o.event.kind() == EventKind::DiscardEnded).expect("its end");
    let whole = format!("{upload}end");
    let facts = end.event.facts();
    assert_eq!((facts.count, facts.sent, facts.code), (2003, u64::from(crc(whole.as_bytes())), 2));
    assert!(end.text().contains(&format!("closed after 2003 bytes, CRC-32 {:08x}", crc(whole.as_bytes()))));
}

#[test]
fn a_source_sends_its_pattern_at_its_rate_and_ends_where_it_is_told() {
    let mut host =
        joined("[host.gen]\naddress = \"192.168.1.30\"\nsource = { rate = \"16 kbit/s\", length = 6000 }\n");
    let start = host.now;
    dial(&mut host, 19);
    let all = host.until("CLOSED\r\n");
    let took = host.now - start;
    // 2000 bytes a second, the first segment at once.
    assert!((2 * SECOND..4 * SECOND).contains(&took), "6000 bytes took {took} ns");
    let mut got = String::new();
    let mut rest = all.as_str();
    while let Some((_, after)) = rest.split_once("+IPD,") {
        let (length, after) = after.split_once(':').expect("a length");
        let length: usize = length.parse().expect("a number");
        got += &after[..length];
        rest = &after[length..];
    }
    assert_eq!(got.len(), 6000);
    let line = |n: usize| -> String { (0..72).map(|i| char::from(b' ' + ((n + i) % 95) as u8)).collect() };
    for (n, found) in got.split("\r\n").take(81).enumerate() {
        assert_eq!(found, line(n), "line {n}");
    }
}

#[test]
fn a_scripted_peer_sends_expects_waits_and_closes() {
    let script = "[host.meter]\naddress = \"192.168.1.30\"\n[host.meter.script]\nport = 4059\nlines = '''\n\
                  > HELLO\n< LOGIN\nwithin 10 s\n<| \\x02READ\nwait 2 s\n>| \\x0242\nclose\n'''\n";
    let mut host = joined(script);
    dial(&mut host, 4059);
    host.expect("\r\n+IPD,7:HELLO\r\n\r\n");
    send(&mut host, "LOGIN\r\n");
    send(&mut host, "\x02READ");
    let asked = host.now;
    host.expect("\r\n+IPD,3:\x0242\r\n");
    assert!((2 * SECOND - SECOND / 10..3 * SECOND).contains(&(host.now - asked)), "it waits 2 s");
    host.expect("CLOSED\r\n");
    assert!(host.seen("meter").iter().any(|line| line.starts_with("script") && line.ends_with(" done")));

    // What is not expected, and what does not come in time, is told and ends the connection.
    dial(&mut host, 4059);
    host.expect("\r\n+IPD,7:HELLO\r\n\r\n");
    send(&mut host, "LOGOUT\r\n");
    host.expect("CLOSED\r\n");
    let seen = host.seen("meter");
    let failed = "failed at step 2: expected \"LOGIN\\r\\n\", found \"LOGOUT\\r\\n\"";
    assert!(seen.iter().any(|line| line.ends_with(failed)), "{seen:?}");
    dial(&mut host, 4059);
    host.expect("\r\n+IPD,7:HELLO\r\n\r\n");
    send(&mut host, "LOGIN\r\n");
    let logged_in = host.now;
    host.expect("CLOSED\r\n");
    assert!((9 * SECOND..11 * SECOND).contains(&(host.now - logged_in)), "READ may take 10 s");
    let seen = host.seen("meter");
    assert!(seen.iter().any(|line| line.contains("failed at step 3")), "{seen:?}");
}

#[test]
fn a_client_that_goes_before_the_script_is_at_its_end_is_told_with_the_step() {
    let script = "[host.meter]\naddress = \"192.168.1.30\"\n[host.meter.script]\nport = 4059\nlines = '''\n\
                  > HELLO\n< LOGIN\n> BYE\n'''\n";
    let mut host = joined(script);
    for (sent, told, bytes) in [
        ("", "failed at step 2: the peer is gone", 0),
        ("LOG", "failed at step 2: the peer is gone", 3),
        // After the last step nothing is wrong with a client that goes.
        ("LOGIN\r\n", "done", 7),
    ] {
        dial(&mut host, 4059);
        host.expect("\r\n+IPD,7:HELLO\r\n\r\n");
        if !sent.is_empty() {
            send(&mut host, sent);
        }
        if told == "done" {
            host.expect("\r\n+IPD,5:BYE\r\n\r\n");
        }
        host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
        host.wait(SECOND);
        let seen = host.seen("meter");
        let (last, before) = seen.split_last().expect("something was observed");
        assert!(last.contains(&format!("after {bytes} bytes")), "{sent:?}: {seen:?}");
        assert!(before.last().is_some_and(|line| line.ends_with(told)), "{sent:?}: {seen:?}");
    }
}

#[test]
fn a_script_goes_on_again_and_keeps_what_came_early() {
    let script = "[host.meter]\naddress = \"192.168.1.30\"\n[host.meter.script]\nport = 4059\n\
                  lines = '''\n< ping\n> pong\nagain\n'''\n";
    let mut host = joined(script);
    dial(&mut host, 4059);
    send(&mut host, "ping\r\nping\r\n");
    host.expect("\r\n+IPD,12:pong\r\npong\r\n\r\n");
    send(&mut host, "ping\r\n");
    host.expect("\r\n+IPD,6:pong\r\n\r\n");
}

#[test]
fn a_terminal_and_an_http_server_tell_the_checksum_of_what_came() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    send(&mut host, "123456789");
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.wait(SECOND);
    let seen = host.seen("pc");
    assert!(seen.iter().any(|line| line.ends_with("closed after 9 bytes, CRC-32 cbf43926")), "{seen:?}");
    host.ask("AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n", "CONNECT\r\n\r\nOK\r\n");
    send(
        &mut host,
        "POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\n123456789",
    );
    host.until("CLOSED\r\n");
    let seen = host.seen("www");
    assert!(seen.iter().any(|line| line.ends_with("CRC-32 cbf43926")), "{seen:?}");
}
