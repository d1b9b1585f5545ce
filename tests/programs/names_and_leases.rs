//! Names and leases on the wire: DNS questions and DHCP messages as the real tshark reads them in the capture.
use crate::host::{Host, SECOND};
use crate::wireshark::fields;
use espat_sim::world::scenario::SavedText;
use espat_sim::world::{Attachment, Recording, Scenario, World};

const SCENARIO: &str = r#"
[ap.home]
ssid = "espat-sim"
password = "correct horse"
lease = "60 s"
dns = ["192.168.1.53", "192.168.1.1"]

[host.ns]
address = "192.168.1.53"

[host.ns.dns]
answers = "none"
records = { "www.example" = "203.0.113.53" }

[dns.records]
"www.example" = "host.example"
"host.example" = ["203.0.113.10", "2001:db8::10"]
"new.example" = "2001:db8::11"
"#;

/// The values of `names` of the packets that pass `filter`, each with its time in tenths of a second since the first.
fn packets(test: &str, capture: &[u8], filter: &str, names: &[&str]) -> Vec<(u64, String)> {
    let all = [&["frame.time_epoch"], names].concat();
    let lines = fields(test, capture, filter, &all);
    let lines: Vec<(f64, String)> = lines
        .iter()
        .map(|line| line.split_once('|').expect("two fields"))
        .map(|(time, rest)| (time.parse().expect("a time"), rest.to_owned()))
        .collect();
    let first = lines.first().map_or(0.0, |(time, _)| *time);
    lines.into_iter().map(|(time, rest)| (((time - first) * 10.0).round() as u64, rest)).collect()
}

/// No packet is malformed or breaks its protocol.
#[track_caller]
fn assert_clean(test: &str, capture: &[u8]) {
    let filter = "_ws.malformed || _ws.expert.severity >= \"Error\"";
    let wrong = fields(test, capture, filter, &["frame.number", "_ws.expert.message", "_ws.col.Info"]);
    assert!(wrong.is_empty(), "tshark complains: {wrong:#?}");
}

#[test]
fn a_silent_name_server_is_asked_at_0_1_2_and_4_seconds_and_the_next_one_at_7() {
    let mut host = Host::joined_in(SCENARIO, 1);
    host.ask("AT+CIPDOMAIN=\"www.example\"\r\n", "+CIPDOMAIN:\"203.0.113.10\"\r\n\r\nOK\r\n");
    host.ask("AT+CIPDOMAIN=\"www.example\"\r\n", "+CIPDOMAIN:\"203.0.113.10\"\r\n\r\nOK\r\n");
    let observed = host.world.take_observations();
    let (_, capture, _) = host.finish();
    let test = "a_silent_name_server";
    assert_clean(test, &capture);

    let asked =
        packets(test, &capture, "dns.flags.response == 0", &["ip.dst", "dns.qry.name", "dns.qry.type"]);
    let ns = |tenths| (tenths, "192.168.1.53|www.example|1".to_owned());
    let gateway = (70, "192.168.1.1|www.example|1".to_owned());
    assert_eq!(asked, [ns(0), ns(10), ns(20), ns(40), gateway], "the second time the name is known");
    let transaction = packets(test, &capture, "dns.flags.response == 0", &["dns.id", "udp.srcport"]);
    assert!(
        transaction.iter().all(|(_, t)| *t == transaction[0].1),
        "retries have the id and port of the first"
    );
    let answer = fields(test, &capture, "dns.flags.response == 1", &["ip.src", "dns.a", "dns.count.answers"]);
    assert_eq!(answer, ["192.168.1.1|203.0.113.10|2"], "the alias and its address");

    let noted: Vec<String> =
        observed.iter().filter(|o| o.subject == "ns" && o.kind() == "dns").map(|o| o.text()).collect();
    assert_eq!(noted.len(), 4, "{noted:?}");
    assert!(noted[0].starts_with("www.example A from 192.168.1.100:"), "{noted:?}");
}

#[test]
fn a_name_without_ipv4_is_asked_for_again_with_another_id() {
    let mut host = Host::joined_in(SCENARIO, 1);
    host.ask("AT+CIPV6=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPDNS=1,\"192.168.1.1\"\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPDOMAIN=\"new.example\",1\r\n", "+CIPDOMAIN:\"2001:DB8::11\"\r\n\r\nOK\r\n");
    let (_, capture, _) = host.finish();
    let test = "a_name_without_ipv4";
    assert_clean(test, &capture);
    let kinds = fields(test, &capture, "dns.flags.response == 0", &["dns.qry.type", "udp.srcport", "dns.id"]);
    let [first, second] = &kinds[..] else { panic!("expected two questions: {kinds:?}") };
    let parts = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<_>>();
    let (first, second) = (parts(first), parts(second));
    assert_eq!((first[0].as_str(), second[0].as_str()), ("1", "28"), "A, then AAAA");
    assert_eq!(first[1], second[1], "from the same port");
    assert_ne!(first[2], second[2], "another transaction");
    let answers = fields(test, &capture, "dns.flags.response == 1", &["dns.count.answers", "dns.aaaa"]);
    assert_eq!(answers, ["0|", "1|2001:db8::11"]);
}

#[test]
fn every_failure_of_a_name_server_is_a_message_that_wireshark_understands() {
    let mut host = Host::joined_in(SCENARIO, 1);
    host.ask("AT+CIPDNS=1,\"192.168.1.1\"\r\n", "\r\nOK\r\n");
    for answers in ["nxdomain", "servfail", "refused", "truncated", "wrong-id"] {
        host.console(&format!("dns gateway answers {answers}"));
        host.send("AT+CIPDOMAIN=\"www.example\"\r\n");
        // The two default servers behind it do not exist.
        host.expect("\r\nERROR\r\n");
    }
    let (_, capture, _) = host.finish();
    let test = "every_failure_of_a_name_server";
    assert_clean(test, &capture);
    let filter = "dns.flags.response == 1";
    let seen =
        fields(test, &capture, filter, &["dns.flags.rcode", "dns.flags.truncated", "dns.count.answers"]);
    let wrong_ids = vec!["0|0|2"; 4];
    assert_eq!(seen, [vec!["3|0|0", "2|0|0", "5|0|0", "0|1|0"], wrong_ids].concat());
}

/// `1 discover`, `2 offer`, `3 request`, `5 ack`, `6 nak`, `7 release`, as tshark numbers them.
const KIND: [&str; 3] = ["dhcp.option.dhcp", "ip.src", "ip.dst"];

#[test]
fn a_lease_is_renewed_with_its_server_and_then_with_everybody_and_given_back() {
    let mut host = Host::joined_in(SCENARIO, 1);
    // One renewal, then silence.
    host.wait(40 * SECOND);
    host.console("ap home dhcp-answers none");
    host.wait(52 * SECOND);
    let (_, capture, _) = host.finish();
    let test = "a_lease_is_renewed";
    assert_clean(test, &capture);
    let (module, server) = ("192.168.1.100", "192.168.1.1");
    let (nobody, everybody) = ("0.0.0.0", "255.255.255.255");
    let expected = [
        (0, 1, nobody, everybody),
        (0, 2, server, module),
        (0, 3, nobody, everybody),
        (0, 5, server, module),
        (300, 3, module, server),
        (300, 5, server, module),
        (600, 3, module, server),
        (710, 3, module, server),
        (760, 3, module, server),
        (790, 3, module, server),
        (820, 3, module, everybody),
        (830, 3, module, everybody),
        (850, 3, module, everybody),
        (880, 3, module, everybody),
        (900, 7, module, server),
        (900, 1, nobody, everybody),
        (905, 1, nobody, everybody),
        (915, 1, nobody, everybody),
    ];
    let expected: Vec<(u64, String)> =
        expected.iter().map(|(at, kind, from, to)| (*at, format!("{kind}|{from}|{to}"))).collect();
    assert_eq!(packets(test, &capture, "dhcp", &KIND), expected);
    let ids = fields(test, &capture, "dhcp", &["dhcp.id"]);
    assert!(ids[..15].iter().all(|id| *id == ids[0]), "a lease keeps its transaction");
    assert!(ids[15..].iter().all(|id| *id == ids[15]) && ids[15] != ids[0], "a new discovery has its own");
}

#[test]
fn a_refused_renewal_starts_a_discovery_at_once() {
    let mut host = Host::joined_in(SCENARIO, 1);
    // The renewal is due within the next 30 s.
    host.console("ap home dhcp-answers nak");
    host.wait(30 * SECOND);
    host.console("ap home dhcp-answers right");
    host.wait(2 * SECOND);
    let (_, capture, _) = host.finish();
    let test = "a_refused_renewal";
    assert_clean(test, &capture);
    let seen = packets(test, &capture, "dhcp", &["dhcp.option.dhcp"]);
    let kinds: Vec<&str> = seen.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(kinds[..7], ["1", "2", "3", "5", "3", "6", "1"], "no discovery after the refusal");
    assert_eq!((seen[4].0, seen[6].0), (300, 300), "it waits after the refusal");
    assert_eq!(kinds[kinds.len() - 4..], ["1", "2", "3", "5"], "no lease in the end");
}

#[test]
fn a_second_join_asks_for_an_address_anew_and_dhcp_that_is_switched_off_gives_it_back() {
    let mut host = Host::joined_in(SCENARIO, 1);
    host.ask("AT+CWJAP\r\n", "WIFI DISCONNECT\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n");
    // The message finds its way once the gateway is a neighbour.
    assert!(host.query("AT+PING=\"192.168.1.1\"\r\n").starts_with("+PING:"));
    host.ask("AT+CWDHCP=0,1\r\n", "\r\nOK\r\n");
    let (_, capture, _) = host.finish();
    let test = "a_second_join";
    assert_clean(test, &capture);
    let kinds = fields(test, &capture, "dhcp", &["dhcp.option.dhcp"]);
    assert_eq!(kinds, ["1", "2", "3", "5", "1", "2", "3", "5", "7"], "a known address is not asked for");
}

/// A LAN with one address to lease, and a module `a` without a driver that joins by itself.
fn with_a_neighbour() -> Host {
    let pool = SCENARIO.replace("lease = ", "dhcp-range = [\"192.168.1.100\", \"192.168.1.100\"]\nlease = ");
    let mut first = Host::joined_in(&format!("{SCENARIO}[module.wifi]\nnvs = \"nvs.toml\"\n"), 1);
    let (_, saved) = first.world.take_saved().pop().expect("the module has saved its join");
    let text = format!("{pool}[module.a]\nnvs = \"nvs.toml\"\n[module.wifi]\n");
    let mut scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    scenario.modules[0].saved = Some(SavedText { name: "nvs.toml".to_owned(), text: saved });
    let recording = Recording { capture: true, log: true, observations: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(1), recording).unwrap_or_else(|e| panic!("{e}"));
    let module = world.attach("wifi", Attachment::default()).expect("attach");
    let (pending, received, capture, log) = Default::default();
    Host { world, module, now: 0, pending, received, capture, log }
}

#[test]
fn a_pool_that_another_station_has_used_up_gives_an_address_when_its_lease_is_over() {
    let mut host = with_a_neighbour();
    host.expect("\r\nready\r\n");
    host.send("ATE0\r\n");
    host.expect("ATE0\r\n\r\nOK\r\n");
    host.wait(10 * SECOND);
    assert!(host.console("status").contains("module a: no driver"), "{}", host.console("status"));
    assert!(host.console("status").contains("as 192.168.1.100"), "{}", host.console("status"));
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    let join = "AT+CWJAP=\"espat-sim\",\"correct horse\"";
    let failed = "WIFI CONNECTED\r\nWIFI DISCONNECT\r\n+CWJAP:1\r\n\r\nERROR\r\n";
    host.ask(format!("{join}\r\n"), failed);
    // The neighbour is out of reach: its lease of a minute runs out.
    host.console("link a down");
    let joined = "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n";
    host.ask(format!("{join},,,,,,120\r\n"), joined);
    let (_, capture, _) = host.finish();
    let test = "a_pool_that_another_station";
    assert_clean(test, &capture);
    let offers =
        fields(test, &capture, "dhcp.option.dhcp == 2 && ip.dst == 192.168.1.100", &["dhcp.ip.your"]);
    assert!(offers.len() >= 2, "the address is offered to one after the other: {offers:?}");
}
