//! A firmware of tests/firmware in the distribution's QEMU, with the module on its second UART, and what is left of
//! the run: for the tests that are about firmware.

use std::path::Path;

use crate::tools::{espat_sim, firmware, qemu};

pub const BOARDS: [&str; 2] = ["mps2-an385", "netduinoplus2"];

/// What one run came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    pub exit: Option<i32>,
    pub console: String,
    pub digest: String,
    pub content: String,
    pub report: String,
}

/// How to run.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub board: &'a str,
    /// What stands behind the board in the name of the image: nothing for the demo.
    pub image: &'a str,
    pub seed: u64,
    pub scenario: Option<&'a str>,
    /// The MCU's UART obeys the module's RTS.
    pub obeys_rts: bool,
    /// What the MCU's UART stays set to, whatever the firmware does.
    pub mcu_line: Option<&'a str>,
    pub flood: bool,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        Setting {
            board: BOARDS[0],
            image: "",
            seed: 1,
            scenario: None,
            obeys_rts: false,
            mcu_line: None,
            flood: false,
        }
    }
}

impl Run {
    /// A counter of the report.
    #[track_caller]
    pub fn counter(&self, name: &str) -> u64 {
        let statistics = self.report.lines().find_map(|l| l.strip_prefix("statistics ")).unwrap_or_default();
        let value = statistics.split(' ').find_map(|w| w.strip_prefix(name)?.strip_prefix('='));
        let value = value.and_then(|v| v.parse().ok());
        value.unwrap_or_else(|| panic!("the report has no {name}:\n{}", self.report))
    }
}

pub fn run(folder: &Path, name: &str, setting: Setting<'_>) -> Run {
    let path = |ending: &str| folder.join(format!("{name}.{ending}"));
    let mut command = espat_sim("qemu");
    command.args(["--quiet", "--limit", "300s", "--seed", &setting.seed.to_string()]);
    command.arg("--capture").arg(path("pcapng")).arg("--input-log").arg(path("log"));
    command.arg("--report").arg(path("report"));
    if let Some(text) = setting.scenario {
        std::fs::write(path("toml"), text).expect("write the scenario");
        command.arg("--scenario").arg(path("toml"));
    }
    if setting.obeys_rts {
        command.arg("--obeys-rts");
    }
    if let Some(line) = setting.mcu_line {
        command.args(["--mcu-line", line]);
    }
    if setting.flood {
        command.arg("--flood");
    }
    let console = format!("file:{}", path("console").display());
    command.args(["--", &qemu(), "-M", setting.board, "-display", "none", "-nodefaults"]);
    command.args(["-serial", &console, "-semihosting-config", "enable=on,target=native", "-kernel"]);
    command.arg(firmware(setting.board, setting.image));
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
pub fn assert_passed(run: &Run) {
    assert_eq!(run.exit, Some(0), "the firmware should choose exit code 0; its console:\n{}", run.console);
    assert!(run.console.contains("PASS"), "the firmware should print PASS:\n{}", run.console);
}

/// The log of the run `name` comes to the same digest and capture without QEMU.
#[track_caller]
pub fn assert_log_replays(folder: &Path, name: &str, live: &Run) {
    let replayed = folder.join(format!("{name}-replayed.pcapng"));
    let output = espat_sim("replay")
        .arg(folder.join(format!("{name}.log")))
        .args(["--no-dialogue", "--capture"])
        .arg(&replayed)
        .output()
        .expect("start espat-sim replay");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(&format!("digest {}", live.digest)), "{name}: {said}, live {}", live.digest);
    assert!(said.contains("the same as in the log"), "{name}: {said}");
    let replayed = std::fs::read(replayed).expect("the replayed capture");
    assert!(replayed == capture(folder, name), "{name}: the replayed capture differs from the live one");
}

/// The capture of the run `name`.
pub fn capture(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(format!("{name}.pcapng"))).expect("the capture")
}
