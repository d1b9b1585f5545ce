//! What a scenario expects, and the sentences about what did not happen.
use crate::host::{Host, SECOND, with_pc};
use espat_sim::uart::McuLoss;
use espat_sim::world::Outcome;

/// The built-in scenario with a terminal, and these expectations.
fn scenario(expect: &[&str]) -> String {
    let lines: Vec<String> = expect.iter().map(|line| format!("'{line}'")).collect();
    format!("expect = [{}]\n{}", lines.join(", "), with_pc())
}

/// Joins, fetches a page, and waits until `end` (seconds).
fn fetch(expect: &[&str], end: u64) -> Host {
    let mut host = Host::joined_in(&scenario(expect), 1);
    host.ask("AT+CIPSTART=\"TCP\",\"203.0.113.10\",80\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.send("AT+CIPSEND=24\r\n");
    host.wait(SECOND);
    host.send("GET /statos HTTP/1.0\r\n\r\n");
    host.wait(SECOND);
    host.wait(end * SECOND - host.now);
    host
}

/// The first expectation's sentence of failure.
#[track_caller]
fn why(host: &Host) -> String {
    match &host.world.verdicts()[0].outcome {
        Outcome::Failed(sentence) => sentence.clone(),
        other => panic!("expected a failure, found {other:?}"),
    }
}

#[test]
fn what_happens_in_time_is_met_and_what_is_absent_is_kept() {
    let mut host = fetch(
        &[
            "by 8s wifi station joined home",
            "then within 3s www http GET /statos 404",
            "then wifi link 0 closed",
            "never wifi uart lost",
        ],
        20,
    );
    host.world.finish();
    let outcomes: Vec<Outcome> = host.world.verdicts().into_iter().map(|v| v.outcome).collect();
    let [Outcome::Met(joined), Outcome::Met(asked), Outcome::Met(closed), Outcome::Absent] = outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert!(joined < asked && asked < closed, "in this order: {outcomes:?}");
}

#[test]
fn a_deadline_that_passes_says_what_came_nearest() {
    let host = fetch(&["by 12s www http GET /status"], 13);
    let sentence = why(&host);
    let start = "`www http GET /status` did not happen by 12 s; the only `www http` was `GET /statos from 192.168.1.100:";
    assert!(sentence.starts_with(start), "{sentence}");
    assert!(sentence.contains("-> 404"), "{sentence}");
}

#[test]
fn before_the_deadline_it_is_open_and_at_the_runs_end_it_has_failed() {
    let mut host = fetch(&["by 30s pc tcp-terminal received \"hello\\r\\n\""], 13);
    assert_eq!(host.world.verdicts()[0].outcome, Outcome::Open);
    host.world.finish();
    assert_eq!(
        why(&host),
        "the run ended at 13.000000 s, before `pc tcp-terminal received \"hello\\r\\n\"` had happened, which had until 30 s; \
         there was no `pc tcp-terminal` at all"
    );
}

#[test]
fn what_must_not_happen_fails_with_its_time_and_what_was_seen() {
    let host = fetch(&["never by 20s www http 404"], 13);
    let sentence = why(&host);
    assert!(
        sentence.starts_with("`www http 404` happened, which it must not by 20 s: `GET /statos from"),
        "{sentence}"
    );
    let host = fetch(&["never between 15s and 20s www http 404"], 13);
    assert_eq!(host.world.verdicts()[0].outcome, Outcome::Absent, "outside its time it may");
}

#[test]
fn what_happens_outside_its_time_is_named_with_its_time() {
    let host = fetch(&["between 15s and 16s wifi link 0 opened"], 17);
    let sentence = why(&host);
    let start = "`wifi link 0 opened` did not happen between 15 s and 16 s; it happened at ";
    assert!(sentence.starts_with(start), "{sentence}");
}

#[test]
fn then_counts_only_what_comes_after_the_line_before() {
    let mut host = fetch(&["wifi link 0 closed", "then wifi station joined", "then wifi link 0"], 13);
    host.world.finish();
    let verdicts = host.world.verdicts();
    assert!(matches!(verdicts[0].outcome, Outcome::Met(_)));
    let Outcome::Failed(second) = &verdicts[1].outcome else { panic!("{verdicts:?}") };
    assert!(second.starts_with(
        "the run ended at 13.000000 s, before `wifi station joined` had happened; it happened at "
    ));
    let Outcome::Failed(third) = &verdicts[2].outcome else { panic!("{verdicts:?}") };
    assert!(third.contains("was not looked for, because it comes after `wifi station joined`"), "{third}");
}

#[test]
fn one_observation_is_not_both_the_first_and_the_next() {
    let host = fetch(&["wifi link 0 opened", "then wifi link 0 opened"], 13);
    assert_eq!(host.world.verdicts()[1].outcome, Outcome::Open);
}

#[test]
fn a_byte_that_the_mcu_loses_is_observed() {
    let mut host = Host::ready_in(&scenario(&["never wifi uart lost"]), 1);
    host.world.mcu_overrun(host.module, host.now, b'x', McuLoss::Full).expect("mcu_overrun");
    let sentence = why(&host);
    assert!(sentence.contains("`MCU receiver overrun: lost 0x78` at"), "{sentence}");
}

#[test]
fn expectations_change_nothing_in_the_run() {
    let plain = fetch(&[], 13);
    let watched = fetch(&["by 1s wifi reply OK", "never wifi command \"AT\"", "www http"], 13);
    assert_eq!(plain.world.digest(), watched.world.digest());
    assert!(plain.capture == watched.capture, "the capture differs");
}

/// The blocks of docs/expect.md in this language.
fn documented(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let docs = include_str!("../../docs/expect.md");
    docs.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

/// Runs the documented scenario with a host that asks for this page; what came of its expectations.
fn documented_run(page: &str) -> Vec<Outcome> {
    let mut host = Host::joined_in(documented("toml")[0], 1);
    host.ask("AT+CIPSTART=\"TCP\",\"203.0.113.10\",80\r\n", "CONNECT\r\n\r\nOK\r\n");
    let request = format!("GET {page} HTTP/1.0\r\n\r\n");
    host.send(format!("AT+CIPSEND={}\r\n", request.len()));
    host.wait(SECOND);
    host.send(&request);
    host.wait(60 * SECOND - host.now);
    host.world.finish();
    host.world.verdicts().into_iter().map(|v| v.outcome).collect()
}

#[test]
fn the_documented_scenario_passes_and_fails_as_documented() {
    let passed = documented_run("/status");
    assert!(
        matches!(passed[..], [Outcome::Met(_), Outcome::Met(_), Outcome::Met(_), Outcome::Absent]),
        "{passed:?}"
    );
    let failed = documented_run("/statos");
    let Outcome::Failed(sentence) = &failed[1] else { panic!("{failed:?}") };
    let shown = documented("text")[1].lines().next().unwrap_or_default();
    let numbers_aside = |text: &str| {
        let mut out = String::new();
        for c in text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }) {
            if c != '0' || !out.ends_with('0') {
                out.push(c);
            }
        }
        out
    };
    assert_eq!(numbers_aside(&format!("espat-sim: lab.toml:3: {sentence}")), numbers_aside(shown));
}

#[test]
fn the_console_says_what_has_come_of_each_line() {
    let mut host = fetch(
        &["wifi station joined home", "never wifi uart lost", "by 1h pc udp-terminal", "by 5s www http 200"],
        13,
    );
    let lines: Vec<String> = host.console("expect").lines().map(str::to_owned).collect();
    let starts = [
        "met at ",
        "kept: never wifi uart lost",
        "open: by 1h pc udp-terminal",
        "failed: by 5s www http 200: `www",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "expected '{start}', found '{line}'");
    }
    assert_eq!(Host::new("", 1).console("expect"), "the scenario expects nothing");
}
