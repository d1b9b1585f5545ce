//! The demo firmware on a RISC-V machine. Where its QEMU or its compiler is not installed, `make test` says so.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::tools::{directory, espat_sim, root, times};

const QEMU: &str = "qemu-system-riscv32";

/// One run: what was printed, and the digest.
fn run(folder: &Path, options: &[&str]) -> (String, String) {
    let output = espat_sim("qemu")
        .args(["--quiet", "--serial", "0", "--limit", "60s", "--report", "report"])
        .args(options)
        .args(["--", QEMU, "-M", "virt", "-bios", "none", "-nodefaults"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(root().join("build/firmware/riscv-virt.elf"))
        .current_dir(folder)
        .output()
        .expect("start espat-sim");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    let report = std::fs::read_to_string(folder.join("report")).unwrap_or_default();
    let digest = report.lines().find_map(|line| line.strip_prefix("digest ")).unwrap_or_default();
    (printed, digest.to_owned())
}

#[test]
fn the_demo_passes_on_risc_v_and_all_its_runs_are_one_run() {
    let there = Command::new(QEMU).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_err() || !root().join("build/firmware/riscv-virt.elf").exists() {
        return; // `make test` ends with a SKIPPED line for it.
    }
    let folder = directory("riscv");
    let (printed, digest) = run(&folder, &[]);
    assert!(printed.contains("PASS"), "{printed}");
    for n in 1..times(20) {
        let options: &[&str] = if n % 2 == 1 { &["--flood"] } else { &[] };
        assert_eq!(run(&folder, options).1, digest, "another run with {options:?}");
    }
}
