//! tshark, which nobody here wrote, reads the capture of the demo.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{directory, espat_sim};

fn capture() -> PathBuf {
    // Each test has a thread, and so a directory, of its own.
    let of = std::thread::current().name().unwrap_or_default().replace("::", "-");
    let path = directory(&of).join("demo.pcapng");
    let output = espat_sim("demo").arg("--capture").arg(&path).output().expect("start espat-sim demo");
    assert!(output.status.success(), "the demo failed: {}", String::from_utf8_lossy(&output.stdout));
    path
}

/// The packets that a display filter finds, one field each.
fn tshark(capture: &Path, filter: &str, field: &str) -> Vec<String> {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(capture)
        .args(["-Y", filter, "-T", "fields", "-e", field])
        .output()
        .expect("tshark is missing: `make test` installs it (package tshark)");
    assert!(output.status.success(), "{filter}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn every_protocol_of_the_demo_is_there_and_nothing_is_malformed() {
    let capture = capture();
    for (what, filter, least) in [
        ("DHCP discover and request", "dhcp.option.dhcp == 1 || dhcp.option.dhcp == 3", 2),
        ("DHCP offer and ACK", "dhcp.option.dhcp == 2 || dhcp.option.dhcp == 5", 2),
        ("the announcement of the leased address", "arp.isannouncement", 1),
        ("DNS questions", "dns.flags.response == 0 && dns.qry.name == \"www.example.com\"", 1),
        ("DNS answers", "dns.a == 203.0.113.10", 1),
        ("SYN", "tcp.flags.syn == 1 && tcp.flags.ack == 0", 2),
        ("SYN-ACK", "tcp.flags.syn == 1 && tcp.flags.ack == 1", 2),
        ("FIN", "tcp.flags.fin == 1", 4),
        ("the HTTP request", "http.request.uri == \"/status\"", 1),
        ("the HTTP answer", "http.response.code == 200", 1),
        ("the time", "ntp.flags.mode == 4", 1),
        ("the name in the client's hello", "tls.handshake.extensions_server_name == \"api.example.com\"", 1),
        ("the server's certificate", "tls.handshake.type == 11", 1),
        ("the request over SSL, decrypted", "tls && http.request.uri == \"/v1/status\"", 1),
        ("its answer", "tls && http.response.code == 200", 1),
        ("UDP both ways", "udp.port == 7 && echo.data", 2),
        ("ping", "icmp.type == 8", 1),
        ("its answer", "icmp.type == 0", 1),
        ("AT commands", "at.cmd contains \"CWJAP\"", 1),
        ("the first boot message", "frame contains \"ready\"", 1),
        ("a remark on the join", "frame.comment contains \"station joined home as 192.168.1.100\"", 1),
        ("a remark on a link", "frame.comment contains \"link 1 opened TCP 192.168.1.10:7\"", 1),
    ] {
        let found = tshark(&capture, filter, "frame.number").len();
        assert!(found >= least, "{what}: {found} packets match '{filter}', expected at least {least}");
    }
    let broken = "_ws.malformed || _ws.expert.severity >= \"Warning\" || tcp.checksum.status == 0 || ip.checksum.status == 0";
    assert_eq!(
        tshark(&capture, broken, "frame.number"),
        Vec::<String>::new(),
        "malformed packets or warnings"
    );
}

#[test]
fn times_are_virtual_and_never_run_backwards() {
    let capture = capture();
    let times = tshark(&capture, "frame", "frame.time_epoch");
    assert!(times.len() > 50, "{} packets", times.len());
    assert!(times[0].starts_with("1767225600."), "the epoch is 2026-01-01T00:00:00Z, not {}", times[0]);
    let mut sorted = times.clone();
    sorted.sort();
    assert_eq!(times, sorted, "the file is in the order of time");
}

#[test]
fn interfaces_and_hosts_have_their_names() {
    let capture = capture();
    let names: std::collections::BTreeSet<String> =
        tshark(&capture, "frame", "frame.interface_name").into_iter().collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["wifi/log", "wifi/radio", "wifi/uart"]);
    let output = Command::new("tshark")
        .args(["-N", "n", "-r"])
        .arg(&capture)
        .args(["-Y", "http.request && !tls", "-T", "fields", "-e", "ip.dst_host"])
        .output()
        .expect("tshark");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "www.example.com");
}

#[test]
fn taps_on_every_link_are_there_when_the_scenario_asks() {
    let folder = directory("all-taps");
    let text = format!("capture = {{ taps = \"all\" }}\n{}", espat_sim::world::Scenario::default_text());
    std::fs::write(folder.join("all.toml"), text).expect("write the scenario");
    let output = espat_sim("demo")
        .arg("--capture")
        .arg(folder.join("all.pcapng"))
        .arg("--scenario")
        .arg(folder.join("all.toml"))
        .output()
        .expect("start espat-sim demo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names: std::collections::BTreeSet<String> =
        tshark(&folder.join("all.pcapng"), "frame", "frame.interface_name").into_iter().collect();
    assert!(names.len() >= 5, "modules' and hosts' links: {names:?}");
    let digest = |out: &[u8]| {
        String::from_utf8_lossy(out).lines().find(|l| l.starts_with("digest")).map(str::to_owned)
    };
    let plain = espat_sim("demo")
        .arg("--capture")
        .arg(folder.join("plain.pcapng"))
        .output()
        .expect("start espat-sim demo");
    assert_eq!(digest(&output.stdout), digest(&plain.stdout), "what is captured changes no digest");
}
