//! What a host does to its connections in Toxiproxy's words, as a module meets it; hosts that come to listen, and that are
//! in groups; and firmware that is damaged on its way.

use crate::host::{Host, PC, SECOND, with_pc};
use espat_sim::world::{EventKind, Scenario};

const MS: u64 = SECOND / 1000;

/// A joined module with a link to the terminal of the host `pc`.
fn connected() -> Host {
    let mut host = Host::joined_with_pc(1);
    dial(&mut host, 23);
    host
}

fn dial(host: &mut Host, port: u16) {
    host.ask(format!("AT+CIPSTART=\"TCP\",\"pc.lan\",{port}\r\n"), "CONNECT\r\n\r\nOK\r\n");
}

fn send(host: &mut Host, text: &str) {
    let length = text.len();
    host.ask(format!("AT+CIPSEND={length}\r\n"), "\r\nOK\r\n\r\n>");
    host.ask(text, format!("\r\nRecv {length} bytes\r\n\r\nSEND OK\r\n"));
}

/// What toxics have done at `subject` since the last call: the kind, the bytes.
fn toxics(host: &mut Host, subject: &str) -> Vec<(EventKind, u64)> {
    let all = host.world.take_observations().into_iter().filter(|o| o.subject == subject);
    let toxics = all.filter(|o| o.kind() == "toxic");
    toxics.map(|o| (o.event.kind(), o.event.facts().count)).collect()
}

#[test]
fn a_port_that_refuses_or_ignores_has_its_service_back_afterwards() {
    let mut host = Host::joined_with_pc(1);
    host.console("host pc toxics 23 refuse");
    let started = host.now;
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "\r\nERROR\r\nCLOSED\r\n");
    assert!(host.now - started < SECOND, "a refusal comes at once");
    assert_eq!(toxics(&mut host, "pc"), [(EventKind::ToxicRefused, 0)]);
    host.console("host pc toxics ignore");
    host.console("host pc toxics 23 ignore");
    let started = host.now;
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "\r\nERROR\r\nCLOSED\r\n");
    assert!(host.now - started > 2 * SECOND, "silence takes the connect timeout");
    host.console("host pc toxics none");
    dial(&mut host, 23);
    assert!(host.refused("host pc toxics 81 refuse").contains("nothing listens on TCP port 81"));
}

#[test]
fn a_scenario_begins_with_toxics_and_they_spare_other_ports() {
    let toxics = "toxics = { all = \"refuse\", 23 = \"accept\" }\n";
    let scenario = with_pc().replace("udp-terminal = 5000\n", &format!("tcp-echo = 7\n{toxics}"));
    let mut host = Host::joined_in(&scenario, 1);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",7\r\n", "\r\nERROR\r\nCLOSED\r\n");
    dial(&mut host, 23);
}

#[test]
fn a_service_that_stalls_takes_everything_and_says_nothing_until_it_flows_again() {
    let mut host = Host::joined(1);
    host.console("host nas toxics 7 stall");
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.10\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    send(&mut host, "hello");
    host.silent_for(30 * SECOND);
    host.console("host nas toxics flow");
    host.console("host nas toxics 7 flow");
    host.expect("\r\n+IPD,5:hello\r\n");
    // Also an end is not told: neither the module's, nor the service's.
    host.console("host nas toxics 7 stall");
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.wait(5 * SECOND);
    assert!(host.seen("nas").iter().all(|line| !line.contains("closed")), "the service knows of the end");
    host.console("host nas toxics none");
    host.wait(5 * SECOND);
    assert!(
        host.seen("nas").iter().any(|line| line.contains("after 5 bytes")),
        "the service never learns of it"
    );
}

#[test]
fn a_connection_is_reset_or_closed_after_so_many_bytes_in_either_direction() {
    let mut host = connected();
    host.console("host pc toxics reset-after 6");
    host.console("host pc send hello");
    host.expect("\r\n+IPD,5:hello\r\n");
    host.console("host pc send \"and more\"");
    host.expect("\r\n+IPD,1:a\r\nCLOSED\r\n");
    assert_eq!(toxics(&mut host, "pc"), [(EventKind::ToxicReset, 6)]);
    dial(&mut host, 23);
    send(&mut host, "12345");
    send(&mut host, "6789");
    host.expect("CLOSED\r\n");
    assert_eq!(toxics(&mut host, "pc"), [(EventKind::ToxicReset, 6)]);
    host.console("host pc toxics none close-after 3");
    dial(&mut host, 23);
    host.console("host pc send hello");
    host.expect("\r\n+IPD,3:hel\r\nCLOSED\r\n");
    assert_eq!(toxics(&mut host, "pc"), [(EventKind::ToxicClosed, 3)]);
}

#[test]
fn a_slow_close_comes_late_and_behind_what_was_sent() {
    let mut host = connected();
    host.console("host pc toxics slow-close 3s");
    let closed = host.now;
    host.console("host pc send bye");
    host.console("host pc close");
    host.expect("\r\n+IPD,3:bye\r\n");
    assert!(host.now - closed < SECOND);
    host.expect("CLOSED\r\n");
    let late = host.now - closed;
    assert!((3 * SECOND..4 * SECOND).contains(&late), "closed after {late} ns");
}

#[test]
fn a_slicer_makes_small_segments_with_pauses() {
    let mut host = connected();
    host.console("host pc toxics slicer 2 50ms");
    let sent = host.now;
    host.console("host pc send hello");
    host.expect("\r\n+IPD,2:he\r\n\r\n+IPD,2:ll\r\n\r\n+IPD,1:o\r\n");
    assert!(
        (100 * MS..200 * MS).contains(&(host.now - sent)),
        "two pauses of 50 ms, not {} ns",
        host.now - sent
    );
    host.console("host pc toxics slicer none");
    host.console("host pc send hello");
    host.expect("\r\n+IPD,5:hello\r\n");
}

#[test]
fn a_bandwidth_paces_both_directions() {
    let mut host = connected();
    host.console("host pc toxics bandwidth 8kbit/s");
    let sent = host.now;
    host.console(&format!("host pc send {}", "x".repeat(4000)));
    let mut got = String::new();
    while got.matches('x').count() < 4000 {
        got += &host.until("x");
    }
    // A kilobyte a second, the first piece at once.
    let late = host.now - sent;
    assert!((2 * SECOND..5 * SECOND).contains(&late), "4000 bytes took {late} ns");
    host.wait(SECOND);
    host.pending.clear();
    let before = host.now;
    for _ in 0..7 {
        send(&mut host, &"y".repeat(2000));
    }
    // The module's own buffer and the host's window take 8000 at once.
    let late = host.now - before;
    assert!(late > 4 * SECOND, "14000 bytes at 1000 a second took {late} ns");
}

#[test]
fn a_bandwidth_loses_nothing_of_what_came_before_the_end() {
    let toxics = "discard = 9\ntoxics = { 9 = \"bandwidth 80kbit/s\" }\n";
    let mut host = Host::joined_in(&with_pc().replace("udp-terminal = 5000\n", toxics), 1);
    dial(&mut host, 9);
    send(&mut host, &"x".repeat(1500));
    send(&mut host, &"y".repeat(1500));
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.wait(10 * SECOND);
    let seen = host.seen("pc");
    assert!(seen.iter().any(|line| line.contains("closed after 3000 bytes")), "bytes are lost: {seen:?}");
}

#[test]
fn garbled_bytes_are_wrong_and_whole_ones_are_not() {
    let mut host = connected();
    host.console("host pc toxics garble 100%");
    host.console("host pc send aaaaaaaa");
    host.until("+IPD,8:");
    host.wait(SECOND / 10);
    let got: Vec<u8> = host.pending.drain(..).take(8).collect();
    let bits: Vec<u32> = got.iter().map(|byte| (byte ^ b'a').count_ones()).collect();
    assert_eq!(bits, [1; 8], "{}", got.escape_ascii());
    host.console("host pc toxics garble 0");
    host.console("host pc send aaaaaaaa");
    host.expect("\r\n+IPD,8:aaaaaaaa\r\n");
}

#[test]
fn a_half_open_connection_is_quiet_until_the_module_sends() {
    let mut host = connected();
    // Nothing is on its way any more.
    host.wait(SECOND);
    host.console("host pc half-open");
    host.silent_for(20 * SECOND);
    assert_eq!(toxics(&mut host, "pc"), [(EventKind::ToxicHalfOpen, 0)]);
    host.send("AT+CIPSEND=5\r\n");
    host.expect("\r\nOK\r\n\r\n>");
    host.send("hello");
    let end = host.until("CLOSED\r\n");
    assert!(end.contains("Recv 5 bytes"), "{end}");
    assert!(host.refused("host pc half-open").contains("it has no connection to forget"));
}

#[test]
fn one_connection_of_several_is_sent_to_closed_and_reset() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    for id in 0..4 {
        let line = format!("AT+CIPSTART={id},\"TCP\",\"pc.lan\",23\r\n");
        host.ask(line, format!("{id},CONNECT\r\n\r\nOK\r\n"));
    }
    let peers: Vec<String> =
        host.seen("pc").iter().filter_map(|line| Some(line.split_once("from ")?.1.to_owned())).collect();
    host.console("host pc send first to oldest");
    host.expect("\r\n+IPD,0,5:first\r\n");
    host.console(&format!("host pc send second to {}", peers[1]));
    host.expect("\r\n+IPD,1,6:second\r\n");
    host.console("host pc close newest");
    host.expect("3,CLOSED\r\n");
    host.console(&format!("host pc reset {}", peers[2]));
    host.expect("2,CLOSED\r\n");
    host.silent_for(SECOND);
    let nobody = host.refused(&format!("host pc close {}", peers[2]));
    assert!(nobody.contains(&format!("it has no connection with {}", peers[2])), "{nobody}");
}

#[test]
fn one_connection_of_a_server_is_closed() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.10\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.wait(SECOND);
    assert!(host.refused("host nas send x to newest").contains("only its terminal sends what a test says"));
    host.console("host nas close newest");
    host.expect("CLOSED\r\n");
}

#[test]
fn a_host_comes_to_listen_and_stops_while_the_world_runs() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",99\r\n", "\r\nERROR\r\nCLOSED\r\n");
    host.console("host pc listen 99");
    assert!(host.refused("host pc listen 99").contains("something listens on TCP port 99 already"));
    dial(&mut host, 99);
    host.console("host pc unlisten 99");
    host.console("host pc send still");
    host.expect("\r\n+IPD,5:still\r\n");
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",99\r\n", "\r\nERROR\r\nCLOSED\r\n");
    assert!(host.refused("host pc unlisten 99").contains("does not listen on TCP port 99"));
    host.console("host pc unlisten 5000 udp");
    host.console("host pc listen 5001 udp");
    host.ask("AT+CIPSTART=\"UDP\",\"pc.lan\",5001\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.wait(SECOND);
    host.seen("pc");
    send(&mut host, "ping");
    host.wait(SECOND);
    assert!(host.seen("pc").iter().any(|line| line.contains("udp-terminal received")), "nothing came");
}

#[test]
fn a_host_hears_a_group_while_it_is_in_it() {
    let mut host = Host::joined_in(
        &with_pc().replace("udp-terminal = 5000", "udp-terminal = 5000\ngroups = [\"239.1.2.3\"]"),
        1,
    );
    host.ask("AT+CIPSTART=\"UDP\",\"239.1.2.3\",5000\r\n", "CONNECT\r\n\r\nOK\r\n");
    let heard = |host: &mut Host| {
        host.seen("pc");
        send(host, "all");
        host.wait(SECOND);
        host.seen("pc").iter().filter(|line| line.contains("received")).count()
    };
    assert_eq!(heard(&mut host), 1);
    host.console("host pc group leave 239.1.2.3");
    assert_eq!(heard(&mut host), 0);
    host.console("host pc group join 239.1.2.3");
    assert_eq!(heard(&mut host), 1);
}

#[test]
fn a_host_has_the_mac_of_the_scenario() {
    let scenario = format!("{}{PC}mac = \"02:00:00:00:be:ef\"\n", Scenario::default_text());
    let mut host = Host::ready_in(&scenario, 1);
    host.ask("AT+CWMODE=2\r\n", "\r\nOK\r\n");
    host.console("host pc join wifi");
    host.until("+STA_CONNECTED:\"02:00:00:00:be:ef\"");
    host.until("+DIST_STA_IP:\"02:00:00:00:be:ef\"");
}

#[test]
fn a_damaged_image_is_refused_and_a_whole_one_is_taken() {
    let ota = "\n[host.ota]\naddress = \"203.0.113.20\"\nnames = [\"iot.espressif.cn\"]\n\
               update = { versions = { \"v9.0.0.0\" = { ota = 100_000 } } }\n";
    let mut host = Host::joined_in(&format!("{}{ota}", Scenario::default_text()), 1);
    for answers in ["damaged", "no-image"] {
        host.console(&format!("host ota update answers {answers}"));
        let end = host.query("AT+CIUPDATE\r\n");
        assert!(end.ends_with("\r\nERROR\r\n"), "{answers}: {end}");
    }
    host.console("host ota update answers right");
    let end = host.query("AT+CIUPDATE\r\n");
    assert!(end.ends_with("\r\nOK\r\n"), "{end}");
}
