//! What goes wrong between a module and its servers, as a whole world has it: said on the console, in the scenario and in
//! its timeline, and told in events and capture.

use crate::host::{Host, SECOND};
use espat_sim::world::{EventKind, Scenario};

/// What was observed as `change` since the last call, with the subject in front.
fn changes(host: &mut Host) -> Vec<String> {
    let all = host.world.take_observations().into_iter();
    let changes = all.filter(|o| o.event.kind() == EventKind::Changed);
    changes.map(|o| format!("{} at {}: {}", o.subject, o.at, o.text())).collect()
}

/// The sentence that AT+PING ends with.
fn ping(host: &mut Host) -> String {
    let answer = host.query("AT+PING=\"203.0.113.10\"\r\n");
    if answer.contains("TIMEOUT") { "lost".to_owned() } else { answer }
}

#[test]
fn a_change_is_an_event_of_what_it_changes_and_a_packet_of_the_capture() {
    let timeline = "timeline = [\"at 30s link wifi upstream loss 1%\"]\n";
    let mut host = Host::joined_in(&format!("{timeline}{}", Scenario::default_text()), 1);
    host.console("link www gemodel 1% 25%");
    host.console("wire wifi noise 0");
    host.console("at 29s ap home down");
    host.console("dns gateway delay 1s");
    host.go(31 * SECOND);
    let seen = changes(&mut host);
    let at = |index: usize| seen[index].split(": ").next().unwrap_or_default().to_owned();
    let lines: Vec<&str> = seen.iter().map(|line| line.split_once(": ").expect("a time").1).collect();
    let expected = [
        "link www gemodel 1% 25% 100% 0%",
        "wire wifi noise 0%",
        "dns gateway delay 1s",
        "ap home down",
        "link wifi upstream loss 1%",
    ];
    assert_eq!(lines, expected);
    assert!(at(0).starts_with("www at ") && at(2).starts_with("gateway at "), "{seen:?}");
    assert_eq!((at(3), at(4)), ("home at 29.000000 s".to_owned(), "wifi at 30.000000 s".to_owned()));
    let (_, capture, _) = host.finish();
    let count = |text: &str| capture.windows(text.len()).filter(|w| *w == text.as_bytes()).count();
    for line in expected {
        assert_eq!(count(line), 2, "`{line}` is in the capture as a packet and as its comment");
    }
}

#[test]
fn a_link_that_is_down_in_one_direction_takes_what_the_module_sends_and_brings_nothing() {
    let mut host = Host::joined(1);
    assert!(ping(&mut host).contains("+PING:"), "the host does not answer");
    host.console("link wifi downstream down");
    assert_eq!(ping(&mut host), "lost");
    let (_, capture, _) = host.finish();
    let found = capture.windows(17).any(|w| w == b"the link is down\0" || &w[..16] == b"the link is down");
    assert!(found, "the capture does not say why no answer came");
}
