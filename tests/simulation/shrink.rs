//! A long run that fails is cut down to the few inputs that matter; one that does not fail has nothing to be cut down to.

use espat_sim::explore::{Case, Way};
use espat_sim::world::inputlog;
use espat_sim::world::{Attachment, Recording, Scenario, World, replay};

const MS: u64 = 1_000_000;

/// What the host of the long run sends, each line a second after the one before.
const LINES: [&str; 24] = [
    "AT",
    "ATE0",
    "AT+GMR",
    "AT+CWMODE?",
    "AT+CWMODE=1",
    "AT+CWLAPOPT=1,31",
    "AT+SYSRAM?",
    "AT+CWJAP=\"espat-sim\",\"correct horse\"",
    "",
    "",
    "",
    "",
    "AT+CIFSR",
    "AT+CIPSTA?",
    "AT+CIPMUX=1",
    "AT+CIPSTATE?",
    "AT+CIPSTART=0,\"TCP\",\"nas.lan\",7",
    "AT+CIPSEND=0,5",
    "hello",
    "AT+CIPSTART=1,\"TCP\",\"192.168.1.10\",7",
    "AT+CIPSTATE?",
    "AT+CIPCLOSE=5",
    "AT+CWQAP",
    "AT",
];
const CONSOLE: &str = "link wifi latency 3ms";

/// The log of that run in the built-in scenario, with this line in front.
fn log(first: &str) -> String {
    let text = format!("{first}\n{}", Scenario::default_text());
    let scenario = Scenario::parse("lab.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let recording = Recording { log: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(3), recording).expect("a world");
    let wifi = world.attach("wifi", Attachment::default()).expect("attach");
    for (second, line) in (2..).zip(LINES) {
        for (place, byte) in format!("{line}\r\n").bytes().enumerate() {
            // As an MCU's UART takes them.
            world.uart_write(wifi, second * 1_000 * MS + place as u64 * 86_805, byte).expect("uart_write");
        }
        if second % 5 == 0 {
            world.console(CONSOLE).expect("a line of the console");
        }
    }
    world.advance(wifi, 40_000 * MS).expect("advance");
    world.finish();
    String::from_utf8(world.take_log()).expect("the log is text")
}

fn case(log: &str) -> Case {
    Case::new(inputlog::parse(log).expect("a log")).expect("a case")
}

#[test]
fn a_long_run_with_an_expectation_that_fails_is_cut_down_to_the_lines_that_matter() {
    let whole =
        case(&log("expect = [\n\"by 30s wifi station joined home\",\n\"never wifi link 1 opened\",\n]"));
    let way = Way::of(&whole).expect("the second expectation fails");
    assert!(matches!(&way, Way::Expectation(line, _) if line == "never wifi link 1 opened"), "{way}");
    let before = whole.size();
    assert_eq!(before.inputs, LINES.len() + 5, "lines of the MCU and of the console");
    let small = whole.cut(&mut |case| way.is_of(case));
    let (after, text) = (small.size(), small.text().expect("a log"));
    // The mode, the access point, several links, and the one that should not open.
    assert_eq!(after.inputs, 4, "{text}");
    // The password may go with that of the access point.
    for needed in ["AT+CWMODE=1", "AT+CWJAP=", "AT+CIPMUX=1", "AT+CIPSTART=1,"] {
        assert!(text.contains(needed), "{needed} is missing:\n{text}");
    }
    assert!(!text.contains(CONSOLE) && !text.contains("[host.www]") && !text.contains("by 30s"), "{text}");
    assert!(after.time.as_nanos() < before.time.as_nanos() / 3, "{} of {}:\n{text}", after.time, before.time);
    // What is written is a log like any other, and fails in the same way.
    assert!(way.is_of(&case(&text)), "{text}");
}

#[test]
fn a_run_that_does_not_fail_has_no_way_to_fail() {
    assert_eq!(Way::of(&case(&log("expect = [\"by 30s wifi station joined home\"]"))), None);
}

#[test]
fn a_log_taken_to_pieces_and_written_again_has_the_same_digest() {
    let log = log("capture = { taps = \"all\" }");
    let again = case(&log).text().expect("a log");
    let replayed = |log: &str| {
        let recording = Recording { log: true, ..Recording::default() };
        let mut world = replay(log, recording).unwrap_or_else(|e| panic!("{e}\n{log}")).world;
        (world.digest(), String::from_utf8(world.take_log()).expect("the log is text"))
    };
    let (digest, _) = replayed(&log);
    let (same, recorded) = replayed(&again);
    assert_eq!(digest, same, "{again}");
    assert_eq!(replayed(&recorded).0, digest, "the log of a replay is that of another run:\n{recorded}");
}
