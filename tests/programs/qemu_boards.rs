//! The demo firmware on machines other than the two of `qemu_firmware`: Cortex-A, another Cortex-M, RISC-V. Where the QEMU
//! or the compiler of RISC-V is not installed, `make test` says so.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::tools::{directory, espat_sim, firmware, qemu, root, times};

/// A machine, and where its module is.
struct Board {
    image: &'static str,
    machine: &'static [&'static str],
    /// The module's serial port, and the console's where the board has one of its own.
    serial: &'static str,
    console: Option<&'static str>,
    /// What QEMU's model of the UART tells of the line at the end; `-`: nothing.
    line: &'static str,
}

const ARM: [Board; 4] = [
    Board {
        image: "arm-virt",
        machine: &["-M", "virt", "-cpu", "cortex-a15"],
        serial: "0",
        console: None,
        line: "-",
    },
    Board {
        image: "arm-virt",
        machine: &["-M", "virt", "-cpu", "cortex-a7"],
        serial: "0",
        console: None,
        line: "-",
    },
    Board {
        image: "xilinx-zynq-a9",
        machine: &["-M", "xilinx-zynq-a9"],
        serial: "1",
        console: Some("0"),
        line: "115200 8n1",
    },
    Board {
        image: "lm3s6965evb",
        machine: &["-M", "lm3s6965evb"],
        serial: "1",
        console: Some("0"),
        line: "-",
    },
];

const RISC_V: [Board; 2] = [
    Board {
        image: "riscv-virt",
        machine: &["-M", "virt", "-bios", "none"],
        serial: "0",
        console: None,
        line: "-",
    },
    Board { image: "hifive1", machine: &["-M", "sifive_e"], serial: "1", console: Some("0"), line: "-" },
];

/// One run: what was printed, and the report.
fn run(folder: &Path, qemu: &str, board: &Board, options: &[&str]) -> (String, String) {
    let mut command = espat_sim("qemu");
    command.args(["--quiet", "--serial", board.serial, "--limit", "60s", "--report", "report"]).args(options);
    if let Some(console) = board.console {
        command.args(["--console", console]);
    }
    command.args(["--", qemu]).args(board.machine).args(["-nodefaults", "-kernel"]);
    command.arg(firmware(board.image, "")).args(["-semihosting-config", "enable=on,target=native"]);
    let output = command.current_dir(folder).output().expect("start espat-sim");
    let printed = said(&output);
    assert_eq!(output.status.code(), Some(0), "{} {options:?}: {printed}", board.image);
    (printed, std::fs::read_to_string(folder.join("report")).unwrap_or_default())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn fact<'a>(report: &'a str, key: &str) -> &'a str {
    let line = report.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {key} in the report: {report}"))
}

/// The demo passes, and all runs of it are one run.
fn assert_passes(qemu: &str, board: &Board) {
    let folder = directory(&format!("board-{}-{}", board.image, board.machine.len()));
    let (printed, report) = run(&folder, qemu, board, &[]);
    assert!(printed.contains("PASS"), "{}: {printed}", board.image);
    assert_eq!(fact(&report, "mcu-line"), board.line, "{}: {report}", board.image);
    for n in 1..times(20) {
        let options: &[&str] = if n % 2 == 1 { &["--flood"] } else { &[] };
        let again = run(&folder, qemu, board, options).1;
        assert_eq!(fact(&again, "digest"), fact(&report, "digest"), "{}, {options:?}", board.image);
    }
}

#[test]
fn the_demo_passes_on_cortex_a_and_another_cortex_m_and_all_its_runs_are_one_run() {
    for board in &ARM {
        assert_passes(&qemu(), board);
    }
}

#[test]
fn the_demo_passes_on_risc_v_and_all_its_runs_are_one_run() {
    let qemu = "qemu-system-riscv32";
    let there = Command::new(qemu).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_err() || !root().join("build/firmware/riscv-virt.elf").exists() {
        return; // `make test` ends with a SKIPPED line for it.
    }
    for board in &RISC_V {
        assert_passes(qemu, board);
    }
}

#[test]
fn a_machine_with_several_cpus_is_refused_with_the_remedy() {
    let output = espat_sim("qemu")
        .args(["--", &qemu(), "-M", "vexpress-a9", "-smp", "2", "-nodefaults", "-S"])
        .output()
        .expect("start espat-sim");
    let said = said(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("more than one CPU"), "{said}");
}
