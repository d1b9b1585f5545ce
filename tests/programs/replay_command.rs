//! `espat-sim replay`: stops on the way, tells what happens, and puts a log into another world.

use std::path::PathBuf;
use std::process::Output;

use espat_sim::time::Instant;
use espat_sim::world::{Attachment, Recording, Scenario, World};

use crate::tools::{directory, espat_sim, run};

/// The input log of the demo, in a directory of its own.
fn demo(test: &str) -> PathBuf {
    let log = directory(test).join("demo.espat-log");
    run(espat_sim("demo").arg("--no-dialogue").arg("--input-log").arg(&log));
    log
}

fn replay(log: &PathBuf, words: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        espat_sim("replay").args(words).arg(log).output().expect("espat-sim starts");
    (status.code(), [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat())
}

#[test]
fn a_replay_stops_where_it_is_told_and_shows_what_the_modules_are_doing() {
    let log = demo("replay-until");
    let (_, dialogue) = replay(&log, &[]);
    let sent =
        dialogue.lines().find(|line| line.ends_with("ESP <- SEND OK")).expect("the demo sends something");
    let at = sent.split_whitespace().next().expect("a time");
    // A microsecond later: the dialogue's times are cut.
    let until = format!("{} us", at.replace('.', "").trim_start_matches('0').parse::<u64>().expect("us") + 1);
    let (code, said) = replay(&log, &["--until", &until]);
    assert_eq!(code, Some(0), "{said}");
    let (shown, state) = said.split_once("seed 1\n").unwrap_or_else(|| panic!("no state:\n{said}"));
    assert!(shown.ends_with(&format!("{sent}\n")), "it stops behind '{sent}':\n{said}");
    for part in [
        "joined 'home' as 192.168.1.100",
        "links wifi: 0 TCP 203.0.113.10:80, own port ",
        "the log goes on",
        "ap home: up",
    ] {
        assert!(state.contains(part), "'{part}' is missing:\n{state}");
    }
    let (code, said) = replay(&log, &["--no-dialogue", "--until", "10min"]);
    assert!(
        code == Some(0) && said.contains("the log ends at ") && said.contains("the same as in the log"),
        "{said}"
    );
    let (code, said) = replay(&log, &["--until", "soon"]);
    assert!(code == Some(2) && said.contains("expected a duration"), "{said}");
}

#[test]
fn a_trace_has_the_packets_and_what_they_did_between_the_lines_of_the_dialogue() {
    let (code, said) = replay(&demo("replay-trace"), &["--trace"]);
    assert_eq!(code, Some(0), "{said}");
    let mut rest = said.lines();
    for part in [
        "MCU -> AT+CWJAP=\"espat-sim\",\"correct horse\"",
        "NET -> wifi/radio 0.0.0.0:68 > 255.255.255.255:67 DHCP discover",
        "  * wifi station joined home as 192.168.1.100",
        "DNS question www.example.com A",
        "MCU -> AT+CIPSTART=\"TCP\",\"www.example.com\",80",
        "TCP SYN",
        "NET <- wifi/radio 203.0.113.10:80 > 192.168.1.100:",
        "  * wifi link 0 opened TCP 203.0.113.10:80",
        "ESP <- CONNECT",
        "  * www http GET /status from 192.168.1.100:",
    ] {
        assert!(rest.any(|line| line.contains(part)), "'{part}' is not there, or not in its place:\n{said}");
    }
    let times: Vec<f64> =
        said.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    assert!(times.len() > 100 && times.is_sorted(), "the lines are not in the order of time:\n{said}");
}

#[test]
fn a_trace_and_a_classic_capture_have_what_passes_in_a_cable_into_a_lan() {
    let log = directory("replay-lan").join("lan.espat-log");
    let scenario = Scenario::parse("built-in", Scenario::default_text()).expect("the built-in scenario");
    let recording = Recording { log: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(1), recording).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("the module");
    world.console("link wifi latency 3ms").expect("a change");
    let port = world.lan_attach("home").expect("a cable");
    world.advance(module, 1_000_000).expect("advance");
    // Who has 192.168.1.1?
    let mut frame =
        [&[0xff; 6][..], &[2, 0, 0, 0, 0, 9], &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1], &[2, 0, 0, 0, 0, 9]].concat();
    frame.extend([192, 168, 1, 77, 0, 0, 0, 0, 0, 0, 192, 168, 1, 1]);
    world.lan_send(port, Instant::from_nanos(1_000_000), &frame).expect("a request");
    world.advance(module, 100_000_000).expect("advance");
    world.finish();
    std::fs::write(&log, world.take_log()).expect("write the log");
    let (code, said) = replay(&log, &["--trace"]);
    assert_eq!(code, Some(0), "{said}");
    for part in ["NET -> lan0 ", "NET <- lan0 "] {
        assert!(said.contains(part), "'{part}' is missing:\n{said}");
    }
    let pcap = log.with_extension("pcap");
    let words = ["--no-dialogue", "--capture-interface", "lan0", "--capture", pcap.to_str().expect("UTF-8")];
    let (code, said) = replay(&log, &words);
    assert_eq!(code, Some(0), "{said}");
    let file = std::fs::read(&pcap).expect("the capture");
    assert!(file.windows(frame.len()).any(|w| w == frame), "the request is not in the capture of its cable");
}

#[test]
fn the_same_host_bytes_in_another_world_say_where_its_module_departs() {
    let log = demo("replay-scenario");
    let (code, said) = replay(&log, &["--scenario", "scenarios/default.toml"]);
    assert!(code == Some(0) && said.contains("the same 1279 bytes at the same times"), "{code:?} {said}");
    let (code, said) = replay(&log, &["--scenario", "scenarios/slow-server.toml"]);
    assert_eq!(code, Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].starts_with("DEPARTS at 2.") && lines[0].contains("module wifi sends something else"),
        "{said}"
    );
    assert!(
        lines[1].ends_with("MCU -> AT+CIPSTART=\"TCP\",\"www.example.com\",80"),
        "the command before: {said}"
    );
    assert!(lines[2].starts_with("  expected") && lines[2].ends_with("ESP <- CONNECT"), "{said}");
    assert!(lines[3].starts_with("  found") && lines[3].ends_with("ESP <- busy p..."), "{said}");
    let other = log.with_file_name("other.toml");
    std::fs::write(&other, "[module.esp]\n").expect("write");
    let (code, said) = replay(&log, &["--scenario", &other.display().to_string()]);
    assert!(
        code == Some(2) && said.contains("in the world of ") && said.contains("'wifi'"),
        "{code:?} {said}"
    );
    let (code, said) = replay(&log, &["--scenario", "scenarios/none.toml"]);
    assert!(code == Some(2) && said.contains("cannot read scenarios/none.toml"), "{said}");
}
