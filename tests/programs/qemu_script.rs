//! A build system that starts QEMU itself, as Zephyr's does: the script of docs/zephyr.md in QEMU's place, with the command
//! lines that Zephyr and its test runner give it.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tools::{directory, firmware, qemu, read, run};

/// The script, with the QEMU of the tests.
fn script(folder: &Path) -> PathBuf {
    let page = read("docs/zephyr.md");
    let block = page
        .split("```sh\n")
        .find(|block| block.starts_with("#!/bin/sh"))
        .expect("a script in docs/zephyr.md");
    let text = block.split("```").next().unwrap_or_default();
    assert!(text.contains("/usr/bin/qemu-system-arm"), "{text}");
    let path = folder.join("qemu-system-arm");
    std::fs::write(&path, text.replace("/usr/bin/qemu-system-arm", &qemu())).expect("write the script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("make it a program");
    path
}

/// The command line of a build directory of Zephyr's, with the console on `console`.
fn zephyr(folder: &Path, console: &str, more: &[&str], image: &str) -> Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_espat-sim")).parent().expect("its directory");
    let path = format!("{}:{}", ours.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(script(folder));
    command.env("PATH", path).env("ESPAT_OPTIONS", "--limit 60s --report \"its report\"").current_dir(folder);
    command.args([
        "-cpu",
        "cortex-m3",
        "-machine",
        "mps2-an385",
        "-nographic",
        "-vga",
        "none",
        "-pidfile",
        "qemu.pid",
    ]);
    command.args(["-chardev", console, "-serial", "chardev:con", "-mon", "chardev=con,mode=readline"]);
    command.args(["-semihosting-config", "enable=on,target=auto,chardev=con"]).args(more);
    command.arg("-kernel").arg(firmware("mps2-an385", image)).stdin(Stdio::null());
    command
}

fn report(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("its report")).unwrap_or_default()
}

#[test]
fn a_build_system_that_starts_qemu_itself_gets_the_module_through_a_script() {
    let folder = directory("script");
    let mut digests = Vec::new();
    for icount in [&[][..], &["-icount", "shift=6,align=off,sleep=off", "-rtc", "clock=vm"]] {
        for _ in 0..2 {
            let console = "stdio,id=con,mux=on";
            let output = zephyr(&folder, console, icount, "").output().expect("start the script");
            let shown = String::from_utf8_lossy(&output.stdout).into_owned();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "{icount:?}: {shown}{said}");
            assert!(shown.contains("PASS"), "{icount:?}: {shown}{said}");
            let report = report(&folder);
            digests.push(report.lines().find(|line| line.starts_with("digest ")).map(str::to_owned));
        }
    }
    assert!(digests[0].is_some() && digests[0] == digests[1], "{digests:?}");
    assert_eq!(digests[2], digests[3], "with the build system's own counting of instructions");
}

#[test]
fn a_test_runner_reads_a_pipe_and_ends_qemu_by_its_number_with_the_records_whole() {
    let folder = directory("script-pipe");
    for end in ["fifo.in", "fifo.out"] {
        run(Command::new("mkfifo").arg(folder.join(end)));
    }
    let mut child = zephyr(&folder, "pipe,id=con,mux=on,path=fifo", &[], "-shell")
        .stderr(Stdio::null())
        .spawn()
        .expect("start the script");
    // QEMU opens both ends of both pipes, so this one waits until it has.
    let out =
        std::fs::OpenOptions::new().read(true).write(true).open(folder.join("fifo.out")).expect("the pipe");
    let prompt = BufReader::new(out).split(b'>').map_while(Result::ok).find(|text| text.ends_with(b"shell"));
    assert!(prompt.is_some(), "no prompt");
    let pid = std::fs::read_to_string(folder.join("qemu.pid")).expect("QEMU's number");
    run(Command::new("kill").args(["-s", "TERM", pid.trim()]));
    let exit = child.wait().expect("wait for the script").code();
    let report = report(&folder);
    assert_eq!(exit, Some(0), "the test runner takes anything else for a failure: {report}");
    assert!(
        report.contains("\ndigest ") && report.contains("\nstatistics "),
        "the records end early: {report}"
    );
}

#[test]
fn a_serial_port_that_is_taken_is_said() {
    let folder = directory("script-taken");
    let slip = ["-serial", "unix:/tmp/slip.sock"];
    let output = zephyr(&folder, "null,id=con", &slip, "").output().expect("start the script");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("your command line has '-serial unix:/tmp/slip.sock' there"), "{said}");
}
