//! Links over SSL as the module's MCU and a test meet them: reasons of failures, memory, one run like another.
use crate::host::{Host, SECOND};
use espat_sim::world::{Recording, Scenario, replay};

const SERVERS: &str = "
[host.secure]
address = \"203.0.113.40\"
names = [\"secure.example.com\"]
http = { tls = true, pages = { \"/\" = \"plain\" } }
tcp-terminal = { port = 7, tls = { key = \"ec\" } }

[host.old]
address = \"203.0.113.41\"
http = { tls = { valid-until = 2020-01-01T00:00:00Z } }

[host.new]
address = \"203.0.113.42\"
http = { tls = { versions = [\"1.3\"] } }
";

fn joined(seed: u64) -> Host {
    Host::joined_in(&format!("{}{SERVERS}", Scenario::default_text()), seed)
}

/// What was observed of links and sessions since the last call.
fn seen(host: &mut Host) -> Vec<String> {
    let observations = host.world.take_observations().into_iter();
    let of_tls = observations.filter(|o| o.kind() == "tls" || o.text().contains("failed"));
    of_tls.map(|o| format!("{} {} {}", o.subject, o.kind(), o.text())).collect()
}

/// Without the ports that change from link to link.
fn with_peer(texts: &[String], peer: &str) -> Vec<String> {
    let address = format!("{peer}:");
    let strip = |text: &String| match text.split_once(&address) {
        Some((before, after)) => {
            format!("{before}{peer}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => text.clone(),
    };
    texts.iter().map(strip).collect()
}

#[test]
fn each_failure_is_told_apart_at_both_ends() {
    let mut host = joined(1);
    host.ask("AT+SYSTIMESTAMP=1767225600\r\n", "\r\nOK\r\n");
    let mut fail = |setting: &str, server: &str| {
        host.ask(format!("{setting}\r\n"), "\r\nOK\r\n");
        seen(&mut host);
        host.ask(format!("AT+CIPSTART=\"SSL\",\"{server}\",443\r\n"), "\r\nERROR\r\n");
        host.wait(SECOND);
        let mut texts = with_peer(&seen(&mut host), "192.168.1.100");
        texts.sort();
        texts
    };
    assert_eq!(
        fail("AT+CIPSSLCCONF=2,0,1", "secure.example.com"),
        [
            "secure tls failed with 192.168.1.100: alert 48 received (unknown CA)",
            "wifi link 0 failed SSL 203.0.113.40:443: tls failed: unknown CA",
        ]
    );
    assert_eq!(
        fail("AT+CIPSSLCCONF=2,0,0", "203.0.113.41"),
        [
            "old tls failed with 192.168.1.100: alert 45 received (certificate expired)",
            "wifi link 0 failed SSL 203.0.113.41:443: tls failed: expired",
        ]
    );
    assert_eq!(
        fail("AT+CIPSSLCCN=\"other.example.com\"", "secure.example.com"),
        [
            "secure tls failed with 192.168.1.100: alert 42 received (bad certificate)",
            "wifi link 0 failed SSL 203.0.113.40:443: tls failed: wrong name",
        ]
    );
    assert_eq!(
        fail("AT+CIPSSLCCONF=0", "203.0.113.42"),
        [
            "new tls failed with 192.168.1.100: no common version",
            "wifi link 0 failed SSL 203.0.113.42:443: tls failed: alert 70 received (protocol version)",
        ]
    );
}

#[test]
fn a_fourth_session_finds_no_memory_and_a_closed_one_gives_its_own_back() {
    let mut host = joined(1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    let open = |id: usize| format!("AT+CIPSTART={id},\"SSL\",\"secure.example.com\",7\r\n");
    for id in 0..3 {
        host.ask(open(id), format!("{id},CONNECT\r\n\r\nOK\r\n"));
    }
    seen(&mut host);
    host.ask(open(3), "\r\nERROR\r\n");
    let failed = "wifi link 3 failed SSL 203.0.113.40:7: tls failed: no memory for another session";
    assert!(seen(&mut host).contains(&failed.to_owned()));
    host.ask("AT+CIPCLOSE=1\r\n", "1,CLOSED\r\n\r\nOK\r\n");
    host.ask(open(3), "3,CONNECT\r\n\r\nOK\r\n");
}

#[test]
fn passthrough_over_ssl_goes_both_ways() {
    let mut host = joined(1);
    host.ask("AT+CIPMODE=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"SSL\",\"secure.example.com\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND\r\n", "\r\nOK\r\n\r\n>");
    host.send("from the MCU");
    host.wait(SECOND);
    let received = host.world.take_observations().into_iter().map(|o| o.text());
    assert!(received.into_iter().any(|text| text.contains("\"from the MCU\"")), "the host has got it");
    host.console("host secure send \"from the host\"");
    host.expect(b"from the host");
}

#[test]
fn one_seed_gives_one_digest_and_the_replay_has_it() {
    let run = |seed: u64| {
        let mut host = joined(seed);
        host.ask("AT+CIPSTART=\"SSL\",\"secure.example.com\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
        host.ask("AT+CIPSEND=5\r\n", "\r\nOK\r\n\r\n>");
        host.ask("hello", "\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n");
        host.console("host secure close");
        host.expect(b"CLOSED\r\n");
        host.finish()
    };
    let (digest, capture, log) = run(1);
    assert_eq!((&run(1).0, &run(1).1), (&digest, &capture), "a second run is another");
    assert_ne!(run(2).0, digest, "the seed changes nothing");
    let recording = Recording { capture: true, ..Recording::default() };
    assert_eq!(replay(&log, recording).expect("the log").world.digest(), digest);
}

#[test]
fn a_fault_of_a_server_in_mid_run_is_told_apart_at_both_ends_and_goes_when_it_is_taken_back() {
    let mut host = joined(1);
    host.ask("AT+SYSTIMESTAMP=1767225600\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSSLCCONF=2,0,0\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSSLCSNI=\"secure.example.com\"\r\n", "\r\nOK\r\n");
    let dial = "AT+CIPSTART=\"SSL\",\"secure.example.com\",443\r\n";
    for (fault, cure, module, server) in [
        ("certificate expired", "certificate right", "expired", "alert 45 received (certificate expired)"),
        (
            "certificate not-yet-valid",
            "certificate right",
            "not yet valid",
            "alert 46 received (certificate unknown)",
        ),
        ("certificate wrong-name", "certificate right", "wrong name", "alert 42 received (bad certificate)"),
        ("certificate unknown-ca", "certificate right", "unknown CA", "alert 48 received (unknown CA)"),
        ("version 1.3", "version any", "alert 70 received (protocol version)", "no common version"),
        ("suite 0x00a8", "suite any", "alert 40 received (handshake failure)", "no common suite"),
        ("clients required", "clients none", "closed by the peer", "no certificate"),
        ("answers none", "answers right", "no answer", "closed by the peer"),
    ] {
        host.console(&format!("host secure tls {fault}"));
        seen(&mut host);
        host.ask(dial, "\r\nERROR\r\n");
        host.wait(SECOND);
        let texts = with_peer(&seen(&mut host), "192.168.1.100");
        let of_module = format!("wifi link 0 failed SSL 203.0.113.40:443: tls failed: {module}");
        assert!(texts.contains(&of_module), "{fault}: {texts:#?}");
        let of_server = format!("secure tls failed with 192.168.1.100: {server}");
        assert!(texts.contains(&of_server) || fault == "answers none", "{fault}: {texts:#?}");
        host.console(&format!("host secure tls {cure}"));
        host.ask(dial, "CONNECT\r\n\r\nOK\r\n");
        host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    }
}

#[test]
fn an_alert_in_mid_stream_is_told_with_its_number_and_a_cut_is_not() {
    let mut host = joined(1);
    let dial = "AT+CIPSTART=\"SSL\",\"secure.example.com\",7\r\n";
    assert!(host.refused("host secure tls alert 80").contains("it has no TLS session"));
    host.ask(dial, "CONNECT\r\n\r\nOK\r\n");
    host.console("host secure tls alert 80");
    host.expect("CLOSED\r\n");
    let texts = seen(&mut host);
    let failed = "wifi link 0 failed SSL 203.0.113.40:7: tls failed: alert 80 received (internal error)";
    assert!(texts.contains(&failed.to_owned()), "{texts:#?}");
    host.ask(dial, "CONNECT\r\n\r\nOK\r\n");
    host.console("host secure tls cut");
    host.expect("CLOSED\r\n");
    let texts = seen(&mut host);
    assert!(
        !texts.iter().any(|text| text.contains("failed")),
        "a bare FIN is an end like another: {texts:#?}"
    );
    for (line, sentence) in [
        (
            "host secure tls certificate old",
            "expected `right`, `expired`, `not-yet-valid`, `wrong-name` or `unknown-ca`",
        ),
        ("host secure tls alert 0", "expected the number of an alert from 1 to 255"),
        ("host www tls cut", "expected a host with a service that has `tls`, found `www`"),
    ] {
        let refused = host.refused(line);
        assert!(refused.contains(sentence), "{refused}");
    }
}

#[test]
fn a_server_gives_up_a_client_that_vanishes_in_the_handshake_after_a_minute() {
    let mut host = joined(1);
    host.console("host secure tls answers none");
    host.send("AT+CIPSTART=\"SSL\",\"203.0.113.40\",443\r\n");
    host.wait(SECOND);
    seen(&mut host);
    // Its power goes: nobody says that the connection is over.
    host.console("module wifi power off");
    host.wait(58 * SECOND);
    assert_eq!(seen(&mut host), [""; 0], "it is given up too early");
    host.wait(3 * SECOND);
    let told = with_peer(&seen(&mut host), "192.168.1.100");
    assert!(
        told.iter().any(|line| line.starts_with("secure tls failed with 192.168.1.100: ")),
        "the server waits for ever: {told:?}"
    );
}

#[test]
fn handshakes_that_hang_leave_room_for_the_next_one() {
    let servers = SERVERS.replace("[host.secure]\n", "[host.secure]\nbacklog = 2\n");
    let mut host = Host::joined_in(&format!("{}{servers}", Scenario::default_text()), 1);
    host.console("host secure tls answers none");
    for _ in 0..2 {
        host.ask("AT+CIPSTART=\"SSL\",\"203.0.113.40\",443\r\n", "\r\nERROR\r\n");
    }
    host.console("host secure tls answers right");
    host.wait(600 * SECOND);
    host.pending.clear();
    host.ask("AT+CIPSTART=\"SSL\",\"203.0.113.40\",443\r\n", "CONNECT\r\n\r\nOK\r\n");
}
