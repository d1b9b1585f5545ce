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
