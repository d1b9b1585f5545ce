//! Passthrough as tshark sees it: the sizes and times of the packets follow from the flush rule.

use std::path::PathBuf;
use std::process::Command;

use crate::host::{Host, SECOND};

/// One byte at 115200 baud, ns.
const BYTE: u64 = 86_806;
const MS: u64 = 1_000_000;

/// An air without delays, and a PC that takes datagrams and connections.
const SCENARIO: &str = r#"
timing = "fast"

[ap.home]
ssid = "espat-sim"
password = "correct horse"
subnet = "192.168.1.0/24"

[host.pc]
address = "192.168.1.20"
tcp-terminal = 5000
udp-terminal = 6000
"#;

fn passthrough(open: &str) -> Host {
    into_passthrough(Host::joined_in(SCENARIO, 1), open)
}

fn into_passthrough(mut host: Host, open: &str) -> Host {
    host.ask(format!("AT+CIPSTART={open}\r\n"), "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPMODE=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSEND\r\n", "\r\nOK\r\n\r\n>");
    // The first block asks for the PC's MAC address.
    host.send("first");
    host.wait(100 * MS);
    host
}

/// What the module has sent to the PC's port since then: (ns, payload bytes).
fn sent(host: &mut Host, since: u64, name: &str, filter: &str, length: &str) -> Vec<(u64, usize)> {
    host.wait(SECOND);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pcapng"));
    std::fs::write(&path, &host.capture).expect("the target directory can be written");
    let output = Command::new("tshark")
        .args(["-n", "-Y", filter, "-T", "fields", "-e", "frame.time_epoch", "-e", length, "-r"])
        .arg(&path)
        .output()
        .unwrap_or_else(|e| panic!("tshark does not run ({e}): `make test` installs it"));
    assert!(output.status.success(), "tshark cannot read {}", path.display());
    let epoch = 1_767_225_600 * SECOND;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| {
            let (time, length) = line.split_once('\t').expect("two fields");
            let (seconds, ns) = time.split_once('.').expect("a time with nanoseconds");
            let time = seconds.parse::<u64>().unwrap() * SECOND + ns.parse::<u64>().unwrap();
            (time - epoch, length.parse().unwrap())
        })
        .filter(|(time, _)| *time >= since)
        .collect()
}

fn datagrams(host: &mut Host, since: u64, name: &str) -> Vec<(u64, usize)> {
    let datagrams = sent(
        host,
        since,
        name,
        "udp.dstport == 6000 && frame.interface_name contains \"wifi\"",
        "udp.length",
    );
    datagrams.into_iter().map(|(at, length)| (at, length - 8)).collect()
}

#[test]
fn a_block_leaves_twenty_milliseconds_after_its_first_byte_whatever_follows() {
    let mut host = passthrough(r#""UDP","192.168.1.20",6000,7000,0"#);
    let start = host.now;
    host.send("a");
    host.wait(15 * MS);
    host.send("b");
    host.wait(100 * MS);
    assert_eq!(datagrams(&mut host, start, "flush-first"), [(start + BYTE + 20 * MS, 2)]);
}

#[test]
fn a_byte_that_ends_one_nanosecond_late_begins_the_next_block() {
    let mut host = passthrough(r#""UDP","192.168.1.20",6000,7000,0"#);
    let begin = host.now;
    let mut expected = Vec::new();
    for late in [-1, 0, 1] {
        let start = host.now;
        host.send("a");
        // The second byte ends when the block leaves, or one nanosecond before or after that.
        host.wait((20 * MS).saturating_add_signed(late));
        host.send("b");
        host.wait(100 * MS);
        let first = start + BYTE + 20 * MS;
        match late {
            1 => expected.extend([(first, 1), (first + 1 + 20 * MS, 1)]),
            _ => expected.push((first, 2)),
        }
    }
    assert_eq!(datagrams(&mut host, begin, "flush-edge"), expected);
}

#[test]
fn a_stream_at_115200_baud_is_cut_every_twenty_milliseconds() {
    let mut host = passthrough(r#""TCP","192.168.1.20",5000"#);
    let start = host.now;
    host.send(vec![b'x'; 600]);
    let filter = "tcp.dstport == 5000 && tcp.len > 0 && frame.interface_name contains \"wifi\"";
    let segments = sent(&mut host, start, "stream", filter, "tcp.len");
    let end = |byte: u64| start + (byte * 10 * SECOND).div_ceil(115_200);
    // Byte 231 ends before the 20 ms of byte 1 are over, byte 232 after it.
    assert_eq!(segments, [(end(1) + 20 * MS, 231), (end(232) + 20 * MS, 231), (end(463) + 20 * MS, 138)]);
}

#[test]
fn at_transintvl_is_kept_to_the_nanosecond() {
    let scenario = format!("{SCENARIO}\n[module.wifi]\nprofile = \"esp32-v3.4\"\n");
    let mut host = Host::joined_in(&scenario, 1);
    host.ask("AT+TRANSINTVL=7\r\n", "\r\nOK\r\n");
    let mut host = into_passthrough(host, r#""UDP","192.168.1.20",6000,7000,0"#);
    let begin = host.now;
    let mut expected = Vec::new();
    for late in [-1, 0, 1] {
        let start = host.now;
        host.send("a");
        host.wait((7 * MS).saturating_add_signed(late));
        host.send("b");
        host.wait(100 * MS);
        let first = start + BYTE + 7 * MS;
        match late {
            1 => expected.extend([(first, 1), (first + 1 + 7 * MS, 1)]),
            _ => expected.push((first, 2)),
        }
    }
    assert_eq!(datagrams(&mut host, begin, "transintvl"), expected);
}

#[test]
fn what_is_known_to_be_data_when_its_time_is_over_leaves_at_once() {
    let mut host = passthrough(r#""UDP","192.168.1.20",6000,7000,0"#);
    let start = host.now;
    host.send("+++");
    // Exactly 20 ms behind the third: in time to make data of them, when their own 20 ms are over.
    host.wait((3 * 10 * SECOND).div_ceil(115_200) + 20 * MS);
    let end = host.now + BYTE;
    host.send("x");
    host.wait(100 * MS);
    assert_eq!(datagrams(&mut host, start, "overdue"), [(end, 4)]);
}

#[test]
fn the_name_is_resolved_again_each_time_a_lost_link_is_opened() {
    // What may not be kept is asked for anew.
    let scenario = SCENARIO.replace("tcp-terminal", "names = [\"pc.lan\"]\ntcp-terminal");
    let scenario = format!("{scenario}\n[dns]\nttl = \"0\"\n");
    let mut host = into_passthrough(Host::joined_in(&scenario, 1), r#""TCP","pc.lan",5000"#);
    let (start, mut expected) = (host.now, Vec::new());
    for _ in 0..3 {
        expected.push(host.now + 100 * MS);
        host.console("host pc close");
        host.wait(SECOND);
    }
    let filter =
        "dns.flags.response == 0 && dns.qry.name == \"pc.lan\" && frame.interface_name contains \"wifi\"";
    let questions: Vec<u64> =
        sent(&mut host, start, "again", filter, "frame.len").into_iter().map(|q| q.0).collect();
    assert_eq!(questions.len(), 3, "one question each time: {questions:?}");
    for (asked, earliest) in questions.iter().zip(expected) {
        assert!(*asked >= earliest && *asked < earliest + SECOND / 10, "asked at {asked}, due at {earliest}");
    }
}
