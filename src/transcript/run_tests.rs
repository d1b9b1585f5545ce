//! The runner on the default scenario: what passes, what fails, and how it says so.
use super::*;
use crate::transcript::parse;
use crate::world::Recording;

const READY: &str = "cites x\n<\n< ready\n> ATE0\n< ATE0\n<\n< OK\n";

fn run(lines: &str) -> Result<Instant, Box<Failure>> {
    let text = format!("{READY}{lines}");
    let transcript = parse("t.at", &text, &mut |_| Err("no files here".to_owned()))
        .unwrap_or_else(|e| panic!("{e}"))
        .remove(0);
    let mut world = World::new(&transcript.scenario, transcript.seed, Recording::default()).unwrap();
    let mut run = Run::new(&transcript, &mut world).unwrap();
    loop {
        match run.step(&mut world) {
            Ok(Progress::More) => {}
            Ok(Progress::Passed) => return Ok(run.now()),
            Err(failure) => return Err(failure),
        }
    }
}

/// The line that failed (of those behind the preamble, from 1) and the report.
fn failed(lines: &str) -> (usize, Failure) {
    match run(lines) {
        Ok(end) => panic!("passed at {end}: {lines}"),
        Err(failure) => (failure.place.line - READY.lines().count(), *failure),
    }
}

#[test]
fn what_comes_as_expected_passes() {
    run("> AT\n<\n< OK\n> AT+CIPMUX?\n< +CIPMUX:{n:0..1}\n<\n< OK\n> AT+CIPMUX={n}\n<\n< OK\n").unwrap();
}

#[test]
fn a_wrong_byte_is_shown_with_its_line_its_time_and_what_came() {
    let (line, failure) = failed("> AT+CIPMUX?\n< +CIPMUX:1\n<\n< OK\n");
    assert_eq!(line, 2);
    let Reason::Differs { expected, came, at } = &failure.reason else { panic!("{failure}") };
    assert_eq!(
        (expected.as_str(), came.escape_ascii().to_string().as_str(), *at),
        ("< +CIPMUX:1", r"+CIPMUX:0\r\n", 8)
    );
    let shown = failure.to_string();
    assert!(shown.starts_with("t.at:9: expected\n    < +CIPMUX:1\nbut at 0."), "{shown}");
    assert!(shown.contains("\n    < +CIPMUX:0\n              ^ differs from here on\n"), "{shown}");
    assert!(shown.contains("s  > AT+CIPMUX?\n"), "{shown}");
}

#[test]
fn what_does_not_come_is_waited_for_and_no_longer() {
    let (line, failure) = failed("> AT\n<\n< OK\nwithin 5 s\n< more\n");
    assert_eq!(line, 5);
    let Reason::Missing { came, limit, .. } = &failure.reason else { panic!("{failure}") };
    assert_eq!((came.len(), *limit), (0, Duration::from_secs(5)));
    assert!(failure.to_string().contains("expected within 5 s\n    < more\nbut by 5."), "{failure}");
    let (_, failure) = failed("> AT\n< \\r\\nOK\\r\\nmore\n");
    let Reason::Missing { came, limit, .. } = &failure.reason else { panic!("{failure}") };
    assert_eq!((came.as_slice(), *limit), (&b"\r\nOK\r\n"[..], Duration::from_secs(60)));
}

#[test]
fn bytes_that_nobody_expects_are_a_failure_where_silence_must_hold_and_at_the_end() {
    let (line, failure) = failed("> AT\nsilent 1 s\n<\n< OK\n");
    assert_eq!(line, 2);
    assert!(matches!(&failure.reason, Reason::Unexpected { came, .. } if came == b"\r\n"), "{failure}");
    let (line, failure) = failed("> AT\nwait 1 s\nsilent 1 s\n<\n< OK\n");
    assert_eq!(line, 3, "what waits is not silent either");
    assert!(matches!(&failure.reason, Reason::Unexpected { came, .. } if came == b"\r\nOK\r\n"), "{failure}");
    let (line, failure) = failed("> AT\n<\n");
    assert_eq!(line, 2);
    assert!(
        failure.to_string().contains("expected nothing more within 100 ms of the last line"),
        "{failure}"
    );
    run("> AT\nwait 1 s\n<\n< OK\nsilent 1 min\n").unwrap();
}

#[test]
fn times_count_from_the_end_of_the_last_host_byte_to_the_first_start_bit() {
    // The echo of a byte starts where the byte ended, to the nanosecond.
    run("> ATE1\n<\n< OK\n>| A\nafter 0\n<| A\n").unwrap();
    let (line, failure) = failed("> ATE1\n<\n< OK\n>| A\nafter 1 ns..\n<| A\n");
    assert_eq!(line, 6);
    let Reason::Untimely { after, .. } = failure.reason else { panic!("{failure}") };
    assert_eq!(after, Duration::ZERO);
    // Two bytes: the second one is echoed behind the first, which began before the host's last action ended.
    let (_, failure) = failed("> ATE1\n<\n< OK\n>| AT\nafter 0\n<| A\n");
    assert!(matches!(failure.reason, Reason::Untimely { .. }), "{failure}");
    run("> ATE1\n<\n< OK\n>| AT\n<| A\nafter 0\n<| T\n").unwrap();
    // The profile answers a command after 600 to 1800 us.
    run("> AT\nafter 600 us..1800 us\n<\n< OK\n").unwrap();
    failed("> AT\nafter 1801 us..\n<\n< OK\n");
    failed("> AT\nafter 0..599 us\n<\n< OK\n");
}

#[test]
fn a_host_line_is_over_when_its_last_stop_bit_has_ended() {
    let end = run("").unwrap();
    // Six bytes of ten bits at 115200 baud.
    assert_eq!(run("> ATXX\nwait 1 s\n<\n< ERROR\n").unwrap().since(end), {
        Duration::from_nanos(520_834) + Duration::from_secs(1)
    });
}

#[test]
fn console_and_pins_act_now() {
    run("pin en low\nsilent 1 s\npin en high\nafter 300 ms..450 ms\n<\n< ready\n").unwrap();
    let (line, failure) = failed("console at 10ms ap home down\n");
    assert_eq!(line, 1);
    assert!(
        matches!(&failure.reason, Reason::Refused(why) if why.contains("can't take effect")),
        "{failure}"
    );
}
