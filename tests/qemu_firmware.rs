//! The demo firmware in the distribution's QEMU, with the module on its second UART. It is real firmware: an
//! interrupt-driven driver that parses what arrives, so what it says is what a product would say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const BOARDS: [&str; 2] = ["mps2-an385", "netduinoplus2"];

/// What one run came to.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    exit: Option<i32>,
    console: String,
    digest: String,
    content: String,
    report: String,
}

/// How to run.
#[derive(Clone, Copy)]
struct Setting<'a> {
    board: &'a str,
    seed: u64,
    scenario: Option<&'a str>,
    flood: bool,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        Setting { board: BOARDS[0], seed: 1, scenario: None, flood: false }
    }
}

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).expect("make a folder for the test");
    folder
}

fn firmware(board: &str) -> PathBuf {
    let elf = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("build/firmware/{board}.elf"));
    assert!(elf.exists(), "{} is missing: `make test` builds it (make firmware)", elf.display());
    elf
}

fn run(folder: &Path, name: &str, setting: Setting<'_>) -> Run {
    let path = |ending: &str| folder.join(format!("{name}.{ending}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_espat-sim"));
    command.args(["qemu", "--quiet", "--limit", "300s", "--seed", &setting.seed.to_string()]);
    command.arg("--pcap").arg(path("pcapng")).arg("--log").arg(path("log"));
    command.arg("--report").arg(path("report"));
    if let Some(text) = setting.scenario {
        std::fs::write(path("toml"), text).expect("write the scenario");
        command.arg("--scenario").arg(path("toml"));
    }
    if setting.flood {
        command.arg("--flood");
    }
    let console = format!("file:{}", path("console").display());
    command.args(["--", "qemu-system-arm", "-M", setting.board, "-display", "none", "-nodefaults"]);
    command.args(["-serial", &console, "-semihosting-config", "enable=on,target=native", "-kernel"]);
    command.arg(firmware(setting.board));
    let output = command.output().expect("start espat-sim");
    let read = |ending| std::fs::read_to_string(path(ending)).unwrap_or_default();
    let report = read("report");
    let fact = |key: &str| {
        let line = report.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(' '));
        line.unwrap_or_default().to_owned()
    };
    let run = Run {
        exit: output.status.code(),
        console: read("console"),
        digest: fact("digest"),
        content: fact("content-digest"),
        report: report.clone(),
    };
    assert!(
        !run.digest.is_empty(),
        "{name}: no digest in the report; espat-sim said: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    run
}

#[track_caller]
fn assert_passed(run: &Run) {
    assert_eq!(run.exit, Some(0), "the firmware should choose exit code 0; its console:\n{}", run.console);
    assert!(run.console.contains("PASS"), "the firmware should print PASS:\n{}", run.console);
}

fn flood_count(run: &Run) -> u64 {
    let line = run.report.lines().find_map(|l| l.strip_prefix("flood "));
    line.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Keeps every core busy while it lives, and counts how much it did.
struct Load {
    stop: &'static AtomicBool,
    rounds: &'static AtomicU64,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn start() -> Load {
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
        #[expect(clippy::disallowed_methods, reason = "the load must be threads")]
        let threads = (0..cores * 2).map(|_| std::thread::spawn(spin)).collect();
        Load { stop, rounds, threads }
    }

    /// Ends it. True when it did run.
    fn stop(self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("join a load thread");
        }
        self.rounds.load(Ordering::Relaxed) > 0
    }
}

#[test]
fn twenty_runs_of_each_board_are_one_run_whatever_the_machine_is_doing() {
    let folder = folder("twenty");
    for board in BOARDS {
        let setting = Setting { board, ..Setting::default() };
        let first = run(&folder, &format!("{board}-0"), setting);
        assert_passed(&first);
        let capture = std::fs::read(folder.join(format!("{board}-0.pcapng"))).expect("the capture");
        for n in 1..20 {
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
            let capture_again = std::fs::read(folder.join(format!("{name}.pcapng"))).expect("the capture");
            assert!(capture_again == capture, "{name}: the capture differs");
        }
    }
}

#[test]
fn a_log_written_in_qemu_replays_to_the_same_digest_and_capture_without_it() {
    let folder = folder("replay");
    for board in BOARDS {
        let live = run(&folder, board, Setting { board, seed: 5, ..Setting::default() });
        assert_passed(&live);
        let output = Command::new(env!("CARGO_BIN_EXE_espat-sim"))
            .arg("replay")
            .arg(folder.join(format!("{board}.log")))
            .args(["--no-dialogue", "--pcap"])
            .arg(folder.join("replayed.pcapng"))
            .output()
            .expect("start espat-sim replay");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{board}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("digest {}", live.digest)), "{board}: {said}, live {}", live.digest);
        assert!(said.contains("the same as in the log"), "{board}: {said}");
        let [a, b] = [format!("{board}.pcapng"), "replayed.pcapng".to_owned()]
            .map(|f| std::fs::read(folder.join(f)).expect("a capture"));
        assert!(a == b, "{board}: the replayed capture differs from the live one");
    }
}

#[test]
fn another_seed_gives_another_digest() {
    let folder = folder("seeds");
    let of = |seed| {
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
    let folder = folder("body");
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
    let folder = folder("loss");
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
        let output = Command::new("tshark")
            .arg("-r")
            .arg(folder.join(format!("{seed}a.pcapng")))
            .args(["-Y", "tcp.analysis.retransmission"])
            .output()
            .expect("tshark is missing: `make test` installs it (package tshark)");
        retransmitted += String::from_utf8_lossy(&output.stdout).lines().count();
    }
    assert!(retransmitted > 0, "the captures should show retransmissions");
}
