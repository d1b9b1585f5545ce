//! The demo firmware in the distribution's QEMU, with the module on its second UART. It is real firmware: an
//! interrupt-driven driver that parses what arrives, so what it says is what a product would say.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::qemu_run::{BOARDS, Run, Setting, assert_log_replays, assert_passed, capture, run};
use crate::tools::{directory, times};
use crate::wireshark;

fn flood_count(run: &Run) -> u64 {
    let line = run.report.lines().find_map(|l| l.strip_prefix("flood "));
    line.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Keeps every core busy while it lives, and counts how much it did.
pub struct Load {
    stop: &'static AtomicBool,
    rounds: &'static AtomicU64,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    pub fn start() -> Load {
        let stop: &'static AtomicBool = Box::leak(Box::default());
        let rounds: &'static AtomicU64 = Box::leak(Box::default());
        let spin = move || {
            let mut x = 1_u64;
            while !stop.load(Ordering::Relaxed) {
                for _ in 0..1_000_000 {
                    x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                }
                rounds.fetch_add(std::hint::black_box(x) | 1, Ordering::Relaxed);
            }
        };
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (0..cores * 2).map(|_| std::thread::spawn(spin)).collect();
        Load { stop, rounds, threads }
    }

    /// Ends it. True when it did run.
    pub fn stop(self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("join a load thread");
        }
        self.rounds.load(Ordering::Relaxed) > 0
    }
}

#[test]
fn all_runs_of_a_board_are_one_run_whatever_the_machine_is_doing() {
    let folder = directory("again");
    for board in BOARDS {
        let setting = Setting { board, ..Setting::default() };
        let first = run(&folder, &format!("{board}-0"), setting);
        assert_passed(&first);
        let first_capture = capture(&folder, &format!("{board}-0"));
        for n in 1..times(20) {
            let name = format!("{board}-{n}");
            let loaded = n % 2 == 1;
            let load = loaded.then(Load::start);
            let again = run(&folder, &name, Setting { flood: loaded, ..setting });
            if let Some(load) = load {
                assert!(load.stop(), "{name}: the CPU load did not run");
                assert!(flood_count(&again) > 0, "{name}: the flood thread did not run:\n{}", again.report);
            }
            assert_eq!(again.console, first.console, "{name}: the guest's console differs");
            assert_eq!(again.digest, first.digest, "{name}: the digest differs");
            assert!(capture(&folder, &name) == first_capture, "{name}: the capture differs");
        }
    }
}

#[test]
fn a_log_written_in_qemu_replays_to_the_same_digest_and_capture_without_it() {
    let folder = directory("replay");
    for board in BOARDS {
        let live = run(&folder, board, Setting { board, seed: 5, ..Setting::default() });
        assert_passed(&live);
        assert_log_replays(&folder, board, &live);
    }
}

#[test]
#[cfg(feature = "tls")]
fn the_page_over_ssl_is_verified_with_the_time_from_sntp_and_wireshark_reads_it() {
    let folder = directory("https");
    for board in BOARDS {
        let run = run(&folder, board, Setting { board, ..Setting::default() });
        assert_passed(&run);
        let capture = capture(&folder, board);
        let found = |filter: &str, field: &str| wireshark::fields(board, &capture, filter, &[field]);
        assert_eq!(found("at.cmd == \"+CIPSSLCCONF\"", "at.parameter"), ["2"], "{board}: auth mode 2");
        let frame = |filter: &str| -> u32 {
            let frames = found(filter, "frame.number");
            assert_eq!(frames.len(), 1, "{board}: one packet should match {filter}: {frames:?}");
            frames[0].parse().expect("a number")
        };
        let order = [
            "ntp.flags.mode == 4",
            "tls.handshake.type == 11",
            "tls && http.request.uri == \"/v1/status\" && http.host == \"api.example.com\"",
            "tls && http.response.code == 200",
        ]
        .map(frame);
        assert!(order.is_sorted(), "{board}: the time, the certificate, the request, the answer: {order:?}");
        let wrong = "_ws.malformed || _ws.expert.severity >= \"Warning\"";
        assert_eq!(
            found(wrong, "_ws.col.Info"),
            Vec::<String>::new(),
            "{board}: what Wireshark complains of"
        );
    }
}

#[test]
#[cfg(feature = "tls")]
fn a_server_that_cannot_be_trusted_makes_the_firmware_fail() {
    let folder = directory("untrusted");
    let default = espat_sim::world::Scenario::default_text();
    let scenario = default.replace("tls = true", "tls = { names = [\"www.example.com\"] }");
    assert_ne!(scenario, default, "the default scenario no longer has the server that the test changes");
    let run = run(&folder, "name", Setting { scenario: Some(&scenario), ..Setting::default() });
    assert_eq!(run.exit, Some(1), "exit code 1 says that the firmware noticed:\n{}", run.console);
    let said = "FAIL: https: expected OK to SSL to api.example.com:443";
    assert!(run.console.contains(said), "'{said}' is missing:\n{}", run.console);
}

#[test]
fn another_seed_gives_another_digest() {
    let folder = directory("seeds");
    let of = |seed: u64| {
        let run = run(&folder, &seed.to_string(), Setting { seed, ..Setting::default() });
        assert_passed(&run);
        run.digest
    };
    let digests = [of(1), of(2), of(3)];
    assert!(
        digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2],
        "three seeds should give three digests: {digests:?}"
    );
}

#[test]
fn another_http_body_makes_the_firmware_fail() {
    let folder = directory("body");
    let default = espat_sim::world::Scenario::default_text();
    let scenario = default.replace("espat-sim says hello", "espat-sim says hullo");
    assert_ne!(scenario, default, "the default scenario no longer holds the body that the test changes");
    for board in BOARDS {
        let run = run(&folder, board, Setting { board, scenario: Some(&scenario), ..Setting::default() });
        assert_eq!(
            run.exit,
            Some(1),
            "{board}: exit code 1 says that the firmware noticed:\n{}",
            run.console
        );
        assert!(run.console.contains("FAIL: http"), "{board}: the HTTP step should fail:\n{}", run.console);
    }
}

#[test]
fn on_a_link_with_five_percent_loss_the_exchange_completes_by_retransmission() {
    let folder = directory("loss");
    let default = espat_sim::world::Scenario::default_text();
    let scenario = format!("{default}\n");
    let scenario = scenario.replace("[link.wifi]\n", "[link.wifi]\nloss = \"5 %\"\n");
    assert!(scenario.contains("5 %"), "the default scenario no longer has a [link.wifi] to change");
    let mut retransmitted = 0;
    for seed in 1..=4 {
        let setting = Setting { seed, scenario: Some(&scenario), ..Setting::default() };
        let [first, again] = ["a", "b"].map(|n| run(&folder, &format!("{seed}{n}"), setting));
        assert_passed(&first);
        assert_eq!(first, again, "seed {seed}: the same lossy link, the same run");
        let lost = first
            .report
            .split("frames_lost=")
            .nth(1)
            .map_or("0", |l| l.split_whitespace().next().unwrap_or("0"));
        assert_ne!(lost, "0", "seed {seed}: nothing was lost, so nothing is proved");
        let capture = capture(&folder, &format!("{seed}a"));
        let again = wireshark::fields("loss", &capture, "tcp.analysis.retransmission", &["frame.number"]);
        retransmitted += again.len();
    }
    assert!(retransmitted > 0, "the captures should show retransmissions");
}
