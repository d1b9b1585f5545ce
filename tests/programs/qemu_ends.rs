//! How a run in QEMU ends when something goes wrong around it: files that can't be written, signals, a port that is not
//! there.

use crate::tools::{pid_of, qemu, signal};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("qemu-ends-{test}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("make a folder for the test");
    folder
}

/// `espat-sim qemu` with the demo firmware; QEMU's process number comes into `pid` in the folder.
fn command(folder: &Path, options: &[&str]) -> Command {
    let elf = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/firmware/mps2-an385.elf");
    assert!(elf.exists(), "{} is missing: `make test` builds it (make firmware)", elf.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_espat-sim"));
    command.args(["qemu"]).args(options).current_dir(folder);
    command.args(["--", &qemu(), "-M", "mps2-an385", "-nodefaults", "-pidfile", "pid"]);
    command.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(elf);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A run that can't go on for ever.
fn ended(folder: &Path, options: &[&str]) -> (Option<i32>, String) {
    let output = command(folder, options).output().expect("start espat-sim");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Starts it, and waits until the module has said `ready`. Gives QEMU's process number.
fn started(folder: &Path, options: &[&str]) -> (Child, String) {
    let mut child = command(folder, options).spawn().expect("start espat-sim");
    let mut stderr = BufReader::new(child.stderr.take().expect("the pipe"));
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(stderr.read_line(&mut line).is_ok_and(|n| n > 0), "the module never got ready");
    }
    // From here on nobody reads it, which must disturb nothing.
    let pid = std::fs::read_to_string(folder.join("pid")).expect("QEMU writes its process number");
    (child, pid.trim().to_owned())
}

#[test]
fn a_file_that_could_not_be_written_is_exit_code_2() {
    let here = folder("full");
    for option in ["--capture", "--input-log", "--report", "--junit"] {
        let (code, said) = ended(&here, &[option, "/dev/full", "--no-dialogue"]);
        assert_eq!(code, Some(2), "{option}: {said}");
        assert!(said.contains("cannot write /dev/full: "), "{option}: {said}");
        assert!(!said.contains("capture /dev/full") && !said.contains("log /dev/full"), "{option}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_that_is_full_is_exit_code_2() {
    let here = folder("stdout");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = command(&here, &["--console", "0"]).stdout(full).output().expect("start espat-sim");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot write the standard output"), "{said}");
}

#[test]
fn a_run_ends_with_its_input_when_it_is_told_so() {
    let here = folder("input");
    let mut command = Command::new(env!("CARGO_BIN_EXE_espat-sim"));
    command.current_dir(&here).args(["qemu", "--ends-with-input", "--"]);
    // This QEMU waits for a debugger.
    command.args([&qemu(), "-M", "mps2-an385", "-display", "none", "-nodefaults", "-pidfile", "pid", "-S"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start espat-sim");
    let pid = pid_of(&mut child, &here.join("pid"));
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("wait for the run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(143), "{said}");
    assert!(!signal("0", &pid), "QEMU goes on");
}

#[test]
fn a_signal_to_qemu_itself_is_no_success() {
    let here = folder("qemu-signal");
    let (mut child, qemu) = started(&here, &["--report", "report"]);
    assert!(signal("TERM", &qemu), "QEMU ended before the signal");
    assert_eq!(
        child.wait().expect("wait for espat-sim").code(),
        Some(143),
        "the exit code should tell of SIGTERM"
    );
    let report = std::fs::read_to_string(here.join("report")).expect("the report");
    assert!(report.contains("digest "), "the report should be whole:\n{report}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_command_takes_qemu_along() {
    let here = folder("killed");
    let (mut child, qemu) = started(&here, &[]);
    child.kill().expect("SIGKILL");
    child.wait().expect("wait for espat-sim");
    // Until the system has ended it; if it never does, the test's own time-out tells.
    let stat = format!("/proc/{qemu}/stat");
    let alive = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z"));
    while alive() {
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn when_qemu_does_not_answer_asking_again_ends_the_run_at_once() {
    let here = folder("again");
    let (mut child, qemu) = started(&here, &[]);
    assert!(signal("STOP", &qemu), "QEMU ended before the signal");
    let pid = child.id().to_string();
    let code = loop {
        // The first is passed on; later ones mean it.
        signal("TERM", &pid);
        if let Some(status) = child.try_wait().expect("look at espat-sim") {
            break status.code();
        }
    };
    assert_eq!(code, Some(143), "the exit code should tell of SIGTERM");
}

#[test]
fn a_serial_port_that_the_board_lacks_is_told() {
    let here = folder("port");
    let (code, said) = ended(&here, &["--console", "40", "--no-dialogue"]);
    assert_eq!(code, Some(0), "{said}");
    let told = |option: &str| said.contains(&format!("no such serial port ({option}, counted from 0)"));
    assert!(told("--console N") && !told("--serial N"), "{said}");
    let (_, said) = ended(&here, &["--serial", "40", "--limit", "1s", "--no-dialogue"]);
    assert!(said.contains("no such serial port (--serial N, counted from 0)"), "{said}");
}
