//! Who stops a run, steps through it or ends it: the monitor, the debugger, signals. Stopping and stepping must
//! change nothing in the run.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::tools::{directory, espat_sim, firmware, qemu};

const BOARD: &str = "mps2-an385";

struct Run {
    folder: PathBuf,
    child: Child,
}

/// What is left of a run.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    exit: Option<i32>,
    console: String,
    report: String,
    log: String,
}

impl Run {
    /// Starts the demo firmware. `more` is the rest of QEMU's command line; the folder is for its sockets.
    fn start(test: &str, more: impl FnOnce(&Path) -> Vec<String>) -> Run {
        let folder = directory(test);
        let mut command = espat_sim("qemu");
        command.args(["--limit", "300s", "--report"]).arg(folder.join("report"));
        command.arg("--input-log").arg(folder.join("log"));
        command.args(["--", &qemu(), "-M", BOARD, "-nodefaults", "-serial"]);
        command.arg(format!("file:{}", folder.join("console").display()));
        command.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(firmware(BOARD, ""));
        command.args(more(&folder)).stdin(Stdio::null()).stderr(Stdio::piped());
        Run { child: command.spawn().expect("start espat-sim"), folder }
    }

    /// Waits until the run has ended. Its standard error stream is read, so that it cannot fill up.
    fn end(mut self) -> Outcome {
        if let Some(stderr) = self.child.stderr.take() {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            lines.filter(|l| l.contains("warning:")).for_each(|l| eprintln!("{l}"));
        }
        let exit = self.child.wait().expect("wait for espat-sim").code();
        let read = |name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        Outcome { exit, console: read("console"), report: read("report"), log: read("log") }
    }
}

fn undisturbed(test: &str) -> Outcome {
    let outcome = Run::start(&format!("{test}-undisturbed"), |_| Vec::new()).end();
    assert_eq!(outcome.exit, Some(0), "the firmware should pass:\n{}", outcome.console);
    outcome
}

/// Connects to a socket as soon as QEMU has made it. `None` when the run ended before.
fn connect(run: &mut Run, socket: &Path) -> Option<UnixStream> {
    loop {
        if let Ok(stream) = UnixStream::connect(socket) {
            return Some(stream);
        }
        if run.child.try_wait().expect("look at espat-sim").is_some() {
            return None;
        }
        std::thread::yield_now();
    }
}

#[test]
fn stops_and_continuations_by_the_monitor_change_nothing() {
    let expected = undisturbed("monitor");
    for round in 0..3 {
        let mut run = Run::start(&format!("monitor-{round}"), |folder| {
            let qmp = format!("unix:{},server=on,wait=off", folder.join("qmp").display());
            vec!["-qmp".into(), qmp, "-S".into()]
        });
        let socket = run.folder.join("qmp");
        let mut stream = connect(&mut run, &socket).expect("QEMU ended before it ran");
        let mut answers = BufReader::new(stream.try_clone().expect("clone a socket")).lines();
        let mut ask = |command: &str| {
            writeln!(stream, "{{\"execute\":\"{command}\"}}").ok()?;
            answers
                .by_ref()
                .map_while(Result::ok)
                .find(|l| l.contains("\"return\"") || l.contains("\"error\""))
        };
        ask("qmp_capabilities").expect("no answer from QEMU's monitor");
        ask("cont").expect("no answer from QEMU's monitor");
        let mut stops = 0;
        // The guest runs between two commands as long as they take, which is never the same.
        while ask("query-status").and_then(|_| ask("stop")).and_then(|_| ask("cont")).is_some() {
            stops += 1;
        }
        assert!(stops > 5, "the monitor stopped the guest {stops} times only");
        assert_eq!(run.end(), expected, "{stops} stops changed the run");
    }
}

#[test]
fn breakpoints_and_steps_in_gdb_change_nothing() {
    let expected = undisturbed("gdb");
    let mut run = Run::start("gdb", |folder| {
        let chardev = format!("socket,id=gdb,path={},server=on,wait=off", folder.join("gdb").display());
        vec!["-chardev".into(), chardev, "-gdb".into(), "chardev:gdb".into(), "-S".into()]
    });
    let socket = run.folder.join("gdb");
    // A connection that is given up at once: gdb itself does not wait for the socket.
    drop(connect(&mut run, &socket).expect("QEMU ended before it ran"));
    let mut gdb = Command::new("gdb-multiarch");
    gdb.args(["-nx", "-batch", "-ex", &format!("target remote {}", socket.display())]);
    for command in [
        "break systick_handler",
        "break at_command",
        "continue",
        "continue",
        "next",
        "next",
        "delete",
        "break at_join",
        "continue",
        "stepi",
        "stepi",
        "delete",
        "continue",
    ] {
        gdb.args(["-ex", command]);
    }
    let output = gdb.arg(firmware(BOARD, "")).output().expect("start gdb-multiarch");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.matches("Breakpoint").count() >= 6,
        "gdb should stop at three breakpoints; it said:\n{said}"
    );
    assert_eq!(run.end(), expected, "the debugger changed the run");
}

#[test]
fn a_signal_ends_the_run_in_order_and_is_no_success() {
    // SIGTERM only: the others may be ignored from the start, when the tests run in the background.
    let mut run = Run::start("signal", |_| Vec::new());
    let mut stderr = BufReader::new(run.child.stderr.take().expect("the pipe"));
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(stderr.read_line(&mut line).is_ok_and(|n| n > 0), "the module never got ready");
    }
    let pid = run.child.id().to_string();
    let killed = Command::new("kill").args(["-s", "TERM", &pid]).status().expect("run kill");
    assert!(killed.success(), "the run ended before the signal");
    // Nobody reads on: a closed stream must not stop the end either.
    drop(stderr);
    let outcome = run.end();
    assert_eq!(outcome.exit, Some(143), "the exit code should tell of SIGTERM");
    assert!(outcome.report.contains("digest "), "the report should be written:\n{}", outcome.report);
}
