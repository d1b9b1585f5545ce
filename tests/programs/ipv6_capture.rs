//! IPv6 from the air to the payload, as Wireshark's users will see it.
use std::collections::BTreeSet;

use crate::host::{Host, SECOND};
use crate::wireshark::{fields, tshark};
use espat_sim::world::{Recording, Scenario, replay};

/// Addresses, pings, TCP, datagrams in fragments, a group, a client of the module's server, and an error of the gateway.
fn session() -> Host {
    let scenario = Scenario::default_text().replacen(
        "[host.time]\n",
        "[host.time]\ntcp-terminal = 23\nudp-terminal = 5000\n",
        1,
    );
    let mut host = Host::ready_in(&scenario, 1);
    host.ask("AT+CIPV6=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n");
    host.expect("WIFI GOT IPv6 LL\r\nWIFI GOT IPv6 GL\r\n");
    for target in ["2001:db8:1::1", "2001:db8:1::10", "echo.example.com"] {
        assert!(host.query(&format!("AT+PING=\"{target}\"\r\n")).starts_with("+PING:"), "{target}");
    }
    host.ask("AT+CIPSTART=0,\"TCPv6\",\"www.example.com\",80\r\n", "0,CONNECT\r\n\r\nOK\r\n");
    let request = "GET / HTTP/1.1\r\nHost: www\r\nConnection: close\r\n\r\n";
    host.ask(format!("AT+CIPSEND=0,{}\r\n", request.len()), "\r\nOK\r\n\r\n>");
    host.send(request);
    host.until("espat-sim says hello");
    host.until("0,CLOSED\r\n");
    host.ask("AT+CIPSTART=1,\"UDPv6\",\"2001:db8:7::7\",7\r\n", "1,CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND=1,4000\r\n", "\r\nOK\r\n\r\n>");
    host.send([b'x'; 4000]);
    host.until("+IPD,1,4000:");
    host.until("xxx\r\n");
    host.ask("AT+CIPSTART=2,\"UDPv6\",\"ff02::fc\",1000,1002,0\r\n", "2,CONNECT\r\n\r\nOK\r\n");
    host.console("host echo datagram 2001:db8:1:0:0:0:0:99 9 \"nobody\"");
    host.wait(5 * SECOND);
    host.ask("AT+CIPCLOSE=2\r\n", "2,CLOSED\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTART=3,\"TCPv6\",\"2001:db8:99::1\",80\r\n", "\r\nERROR\r\n3,CLOSED\r\n");
    host
}

#[test]
fn wireshark_finds_nothing_wrong_with_ipv6_and_names_every_message() {
    let (_, capture, _) = session().finish();
    let checked = ["-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];
    let wrong = "ipv6 && (_ws.malformed || _ws.expert.severity >= \"Warning\")";
    let complaints = tshark("ipv6", &capture, &[&checked[..], &["-Y", wrong]].concat());
    assert!(complaints.is_empty(), "{complaints:#?}");
    let bad = tshark(
        "ipv6",
        &capture,
        &[&checked[..], &["-Y", "tcp.checksum_bad.expert || udp.checksum.bad"]].concat(),
    );
    assert!(bad.is_empty(), "bad checksums: {bad:#?}");

    let kinds: BTreeSet<String> = fields("ipv6", &capture, "icmpv6", &["icmpv6.type"]).into_iter().collect();
    let expected = ["1", "128", "129", "131", "132", "133", "134", "135", "136"];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(fields("ipv6", &capture, "http.request && ipv6", &["ipv6.dst"]), ["2001:db8:80::10"]);
    let whole = fields("ipv6", &capture, "udp.length == 4008 && ipv6", &["ipv6.fragment.count"]);
    assert_eq!(whole, ["3", "3"], "there and back in three fragments");
    let prefix = fields("ipv6", &capture, "icmpv6.type == 134", &["icmpv6.opt.prefix", "icmpv6.opt.mtu"]);
    assert!(prefix.iter().all(|p| p == "2001:db8:1::|1500") && !prefix.is_empty(), "{prefix:?}");
}

#[test]
fn a_run_with_ipv6_is_the_same_each_time_and_in_a_replay() {
    let (digest, capture, log) = session().finish();
    let (again, captured_again, _) = session().finish();
    assert_eq!(digest, again);
    assert!(capture == captured_again, "the captures differ");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.is_same(), Some(true), "the replay differs");
    assert_eq!(replayed.world.digest(), digest);
}

#[test]
fn without_cipv6_no_ipv6_frame_passes() {
    let mut host = Host::joined(1);
    host.ask("AT+PING=\"www.example.com\"\r\n", "");
    host.until("OK\r\n");
    host.wait(1_300 * SECOND);
    let (_, capture, _) = host.finish();
    let frames = fields("no-ipv6", &capture, "ipv6", &["frame.number"]);
    assert!(frames.is_empty(), "{} frames", frames.len());
}
