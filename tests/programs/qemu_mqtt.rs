//! The MQTT firmware in QEMU: a thermometer that reports over TLS, and goes on when its broker restarts and its access
//! point is gone. `scenarios/mqtt.toml` has the broker, the faults and what must happen; the capture is checked here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::qemu_run::{BOARDS, Run, Setting, assert_log_replays, assert_passed, capture, run};
use crate::tools::{directory, times};
use crate::wireshark::{self, tshark};

const SCENARIO: &str = include_str!("../../scenarios/mqtt.toml");
const MODULE: &str = "192.168.1.100";
const BROKER: &str = "203.0.113.30";

fn setting(board: &str) -> Setting<'_> {
    Setting { board, image: "-mqtt", scenario: Some(SCENARIO), ..Setting::default() }
}

fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| directory("mqtt"))
}

/// The run that all tests look at, with the files of the board's name; made once for each board.
fn reported(board: &str) -> &'static Run {
    static RUNS: [OnceLock<Run>; 2] = [OnceLock::new(), OnceLock::new()];
    let n = BOARDS.iter().position(|&b| b == board).expect("one of the boards");
    RUNS[n].get_or_init(|| run(folder(), board, setting(board)))
}

/// What tshark finds in the capture of the first board, for `test`, the fields of a packet joined by `|`.
fn found(test: &str, filter: &str, fields: &[&str]) -> Vec<String> {
    assert_passed(reported(BOARDS[0]));
    wireshark::fields(&format!("mqtt-{test}"), &capture(folder(), BOARDS[0]), filter, fields)
}

#[test]
fn the_thermometer_survives_its_brokers_restart_and_the_loss_of_its_access_point_on_each_board() {
    for board in BOARDS {
        let run = reported(board);
        assert_passed(run);
        for said in [
            "command: led on",
            "restart: connected again after",
            "outage: connected again after",
            "obeyed 3 commands",
            "retries 0, busy 0, time-outs 0, unknown lines 0",
        ] {
            assert!(run.console.contains(said), "{board}: '{said}' is missing:\n{}", run.console);
        }
        // Three connections, and more losses: the attempt that the broker refused is one.
        let count = |line: &str| run.console.lines().filter(|l| l.ends_with(line)).count();
        assert_eq!(count("MQTT connected"), 3, "{board}:\n{}", run.console);
        assert!(count("MQTT disconnected") >= 3, "{board}: no attempt was refused:\n{}", run.console);
        let met = |line: &&str| line.split(' ').nth(2).is_some_and(|how| how != "failed");
        let expectations: Vec<&str> = run.report.lines().filter(|l| l.starts_with("expect ")).collect();
        assert!(expectations.len() > 10 && expectations.iter().all(met), "{board}:\n{}", run.report);
    }
}

#[test]
fn all_runs_of_a_board_are_one_run() {
    for board in BOARDS {
        let first = reported(board);
        let first_capture = capture(folder(), board);
        for n in 1..times(20) {
            let name = format!("{board}-{n}");
            let again = run(folder(), &name, setting(board));
            assert_eq!(&again, first, "{name}: another run");
            assert!(capture(folder(), &name) == first_capture, "{name}: the capture differs");
        }
    }
}

#[test]
fn the_log_replays_to_the_same_digest_and_capture_without_qemu() {
    for board in BOARDS {
        assert_log_replays(folder(), board, reported(board));
    }
}

/// The numbers of the readings that reached the broker, in the order in which they were first there.
fn readings(test: &str) -> Vec<u32> {
    let filter = format!("tls && mqtt.topic == \"thermometer/reading\" && ip.dst == {BROKER}");
    // A segment may hold several messages: all of their payloads.
    let args = ["-Y", &filter, "-T", "fields", "-e", "mqtt.msg"];
    let lines = tshark(&format!("mqtt-{test}"), &capture(folder(), BOARDS[0]), &args);
    let mut seen = BTreeSet::new();
    let texts = lines.iter().flat_map(|line| line.split(',')).map(text);
    let number = |text: String| -> u32 {
        let digits = text.strip_prefix("{\"n\":").and_then(|t| t.split(',').next()).unwrap_or_default();
        digits.parse().unwrap_or_else(|e| panic!("'{text}' is no reading: {e}"))
    };
    texts.map(number).filter(|n| seen.insert(*n)).collect()
}

/// tshark shows a message in hexadecimal digits.
fn text(hex: &str) -> String {
    let digit = |at: usize| u8::from_str_radix(hex.get(at..at + 2).unwrap_or_default(), 16);
    let bytes = (0..hex.len()).step_by(2).map(digit).collect::<Result<Vec<u8>, _>>();
    String::from_utf8(bytes.unwrap_or_else(|e| panic!("'{hex}': {e}"))).expect("a text")
}

#[test]
fn no_reading_is_missing_whatever_happened_and_each_is_first_published_in_its_turn() {
    assert_passed(reported(BOARDS[0]));
    let readings = readings("readings");
    assert!(readings.len() > 20, "{readings:?}");
    let expected: Vec<u32> = (1..=readings.len() as u32).collect();
    assert_eq!(readings, expected);
}

#[test]
fn wireshark_decrypts_each_session_and_finds_logins_will_and_commands_in_it() {
    let from_module = format!("tls && ip.src == {MODULE}");
    let logins = found(
        "logins",
        &format!("{from_module} && mqtt.msgtype == 1"),
        &["mqtt.clientid", "mqtt.username", "mqtt.willtopic", "mqtt.willmsg"],
    );
    assert!(logins.len() > 3, "three connections and one that is refused: {logins:?}");
    let offline = "6f66666c696e65";
    let login = format!("thermometer|thermometer|thermometer/status|{offline}");
    assert!(logins.iter().all(|l| l.replace(':', "") == login), "{logins:?}");
    let answers = format!("tls && ip.src == {BROKER} && mqtt.msgtype == 2");
    let codes = found("logins", &answers, &["mqtt.conack.val"]);
    assert_eq!(codes.len(), logins.len(), "each login has its answer: {codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "0").count(), 3, "{codes:?}");
    assert!(
        codes[1..].iter().any(|code| code == "3"),
        "a restarting broker says that it is unavailable: {codes:?}"
    );
    let commands = format!("tls && ip.src == {BROKER} && mqtt.topic == \"thermometer/set/led\"");
    let commands: Vec<String> =
        found("commands", &commands, &["mqtt.msg"]).iter().map(|m| text(&m.replace(':', ""))).collect();
    assert_eq!(commands, ["on", "off", "on"], "each is there once");
}

#[test]
fn nothing_in_the_capture_is_wrong_but_what_the_faults_provoke() {
    let fields = ["frame.number", "_ws.col.Info"];
    let broken = "_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0";
    assert_eq!(found("broken", broken, &fields), Vec::<String>::new(), "broken packets");
    // The broker's reset, and the module's answer to what still comes for a connection that it has given up.
    let others = "_ws.expert.severity >= \"Warning\" && !(tcp.port == 8883 && tcp.flags.reset == 1)";
    assert_eq!(found("broken", others, &fields), Vec::<String>::new(), "warnings");
}

#[test]
fn a_broker_that_cannot_be_trusted_or_does_not_let_the_thermometer_in_makes_the_firmware_fail() {
    for (name, from, to) in [
        ("stranger", "tls = true", "tls = { names = [\"other.example.com\"] }"),
        ("password", "{ thermometer = \"correct horse\" }", "{ thermometer = \"another horse\" }"),
    ] {
        let changed = SCENARIO.replace(from, to);
        assert_ne!(changed, SCENARIO, "the scenario no longer has what the test changes: {from}");
        let setting = Setting { scenario: Some(&changed), ..setting(BOARDS[0]) };
        let run = run(folder(), name, setting);
        assert_eq!(run.exit, Some(1), "{name}: the firmware should fail:\n{}", run.console);
        let said = "FAIL: connect: expected OK to AT+MQTTCONN";
        assert!(run.console.contains(said), "{name}: '{said}' is missing:\n{}", run.console);
    }
}
