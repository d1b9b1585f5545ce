//! The services firmware in QEMU: others call the module, and the network fails. `scenarios/services.toml` has the
//! callers; the firmware checks what it gets, and the capture is checked here.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::qemu_run::{BOARDS, Run, Setting, assert_log_replays, assert_passed, capture, run};
use crate::tools::directory;
use crate::wireshark;

const SCENARIO: &str = include_str!("../../scenarios/services.toml");
/// What the module sends comes from here.
const MODULE: &str = "192.168.1.100";
const VISITOR: &str = "192.168.1.22";
const LOGGER: &str = "192.168.1.23";

fn setting(board: &str) -> Setting<'_> {
    Setting { board, image: "-services", scenario: Some(SCENARIO), ..Setting::default() }
}

fn services() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| directory("services"))
}

/// The run that all tests look at, with the files of the board's name; made once for each board.
fn served(board: &str) -> &'static Run {
    static RUNS: [OnceLock<Run>; 2] = [OnceLock::new(), OnceLock::new()];
    let n = BOARDS.iter().position(|&b| b == board).expect("one of the boards");
    RUNS[n].get_or_init(|| run(services(), board, setting(board)))
}

/// What tshark finds in the capture of the first board, for `test`, the fields of a packet joined by `|`.
fn found(test: &str, filter: &str, fields: &[&str]) -> Vec<String> {
    assert_passed(served(BOARDS[0]));
    let test = format!("services-{test}");
    wireshark::fields(&test, &capture(services(), BOARDS[0]), filter, fields)
}

#[test]
fn the_firmware_serves_reads_answers_and_rejoins_on_each_board() {
    for board in BOARDS {
        let run = served(board);
        assert_passed(run);
        for said in [
            "served 3 clients, 2 at once",
            "5760 bytes wait, and no more come",
            "read 7200 bytes, each as expected",
            "the far end changed 6 times",
            "back after",
            "serving at port 8443 over SSL",
            "link 0: client 192.168.1.20:",
            "retries 0, busy 0, time-outs 0, unknown lines 0",
        ] {
            assert!(run.console.contains(said), "{board}: '{said}' is missing:\n{}", run.console);
        }
        let starts = run.console.matches("serving at port 8080").count();
        assert_eq!(starts, 2, "{board}: the server starts again after the join:\n{}", run.console);
    }
}

#[test]
fn three_runs_of_each_board_are_one_run() {
    for board in BOARDS {
        let first = served(board);
        let first_capture = capture(services(), board);
        for n in 1..3 {
            let name = format!("{board}-{n}");
            let again = run(services(), &name, setting(board));
            assert_eq!(&again, first, "{name}: another run");
            assert!(capture(services(), &name) == first_capture, "{name}: the capture differs");
        }
    }
}

#[test]
fn the_log_replays_to_the_same_digest_and_capture_without_qemu() {
    for board in BOARDS {
        assert_log_replays(services(), board, served(board));
    }
}

#[test]
fn the_window_closes_while_the_firmware_reads_nothing_and_opens_when_it_reads() {
    let to_logger = format!("ip.src == {MODULE} && ip.dst == {LOGGER}");
    let zero = format!("{to_logger} && tcp.analysis.zero_window");
    let closed = found("window", &zero, &["tcp.ack", "frame.number"]);
    let first = closed.first().expect("a zero window").split('|').collect::<Vec<_>>();
    assert_eq!(first[0], "5761", "the window closes after SYN and 5760 bytes: {closed:?}");
    let later = format!("{to_logger} && frame.number > {} && tcp.window_size > 0", first[1]);
    let opened = found("window", &later, &["frame.time_relative", "tcp.ack"]);
    assert!(opened.len() > 1, "the window opens again: {opened:?}");
    let last = opened.last().expect("a last segment");
    assert!(last.ends_with("|7202"), "SYN, 7200 bytes and FIN are acknowledged at last: {last}");
}

#[test]
fn the_third_client_is_refused_and_served_when_a_place_is_free() {
    let answers = format!("ip.dst == {VISITOR} && (tcp.flags.syn == 1 || tcp.flags.reset == 1)");
    assert_eq!(
        found("refused", &answers, &["tcp.flags"]),
        ["0x0014", "0x0012"],
        "RST to the visitor's first SYN, SYN and ACK to the second"
    );
    let resets = found("refused", "tcp.flags.reset == 1", &["frame.number", "ip.src", "ip.dst"]);
    assert_eq!(resets.len(), 1, "nobody else is refused: {resets:?}");
}

#[test]
fn each_datagram_is_answered_to_the_host_that_sent_it() {
    let from_module = format!("udp.srcport == 5000 && ip.src == {MODULE}");
    let answers = found("datagrams", &from_module, &["ip.dst", "udp.payload"]);
    let expected: Vec<String> = ["wind 3", "rain 0", "wind 4", "rain 1", "wind 5", "rain 2"]
        .iter()
        .map(|said| {
            let host = if said.starts_with("wind") { "192.168.1.24" } else { "192.168.1.25" };
            let hex: String = format!("ack: {said}").bytes().map(|b| format!("{b:02x}")).collect();
            format!("{host}|{hex}")
        })
        .collect();
    let answers: Vec<String> = answers.iter().map(|a| a.replace(':', "")).collect();
    assert_eq!(answers, expected);
}

#[test]
#[cfg(feature = "tls")]
fn the_client_over_ssl_gets_its_answer_and_wireshark_reads_both() {
    let session = "tls && tcp.port == 8443";
    let suite = format!("{session} && tls.handshake.type == 2");
    assert_eq!(found("ssl", &suite, &["ip.src", "tls.handshake.ciphersuite"]), [format!("{MODULE}|0xc030")]);
    let data = found("ssl", &format!("{session} && data"), &["ip.src", "data.data"]);
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let expected =
        [format!("192.168.1.20|{}", hex("lamp off\n")), format!("{MODULE}|{}", hex("echo: lamp off\n"))];
    assert_eq!(data, expected, "the line and its answer, decrypted");
}

#[test]
fn nothing_in_the_capture_is_wrong_but_what_the_callers_provoke() {
    let broken = "_ws.malformed || tcp.checksum.status == 0 || udp.checksum.status == 0 \
                  || ip.checksum.status == 0 || tcp.analysis.retransmission";
    let fields = ["frame.number", "_ws.col.Info"];
    assert_eq!(found("broken", broken, &fields), Vec::<String>::new(), "broken packets");
    let provoked = format!(
        "(ip.addr == {LOGGER} && (tcp.analysis.zero_window || tcp.analysis.window_full)) \
         || (ip.dst == {VISITOR} && tcp.flags.reset == 1)"
    );
    let others = format!("_ws.expert.severity >= \"Warning\" && !({provoked})");
    assert_eq!(found("broken", &others, &fields), Vec::<String>::new(), "warnings");
}

#[test]
fn a_changed_byte_of_the_upload_makes_the_firmware_fail() {
    let changed = SCENARIO.replace("0077 zabc", "0077 zabd");
    assert_ne!(changed, SCENARIO, "the scenario no longer holds the record that the test changes");
    let setting = Setting { scenario: Some(&changed), ..setting(BOARDS[0]) };
    let run = run(services(), "changed", setting);
    assert_eq!(run.exit, Some(1), "exit code 1 says that the firmware noticed:\n{}", run.console);
    let said = format!("FAIL: upload: expected 0x63 at {}, got 0x64", 77 * 80 + 8);
    assert!(run.console.contains(&said), "'{said}' is missing:\n{}", run.console);
}

#[test]
fn the_firmware_needs_no_exact_times() {
    for (board, timing, seed) in [(BOARDS[0], "fast", 2), (BOARDS[1], "worst", 3)] {
        let scenario = format!("timing = \"{timing}\"\n{SCENARIO}\n[link.wifi]\njitter = \"20 ms\"\n");
        let setting = Setting { seed, scenario: Some(&scenario), ..setting(board) };
        assert_passed(&run(services(), timing, setting));
    }
}
