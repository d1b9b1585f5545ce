//! `espat-sim qemu --console-socket`: lines from outside while QEMU runs. The machine is stopped at first (`-S`), so that
//! they come at one and the same virtual time, and goes on by QEMU's monitor.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

use crate::qemu_run::{Run, assert_log_replays};
use crate::tools::{directory, espat_sim, firmware};

/// A client of the socket.
struct Client(BufReader<UnixStream>);

impl Client {
    fn new(socket: &Path) -> Client {
        Client(BufReader::new(UnixStream::connect(socket).expect("connect")))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).expect("an answer") > 0, "the socket was closed");
        line.trim_end_matches('\n').to_owned()
    }

    fn say(&mut self, line: &str) {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).expect("say it");
    }

    /// A line for programs: one line comes back.
    fn json(&mut self, line: &str) -> String {
        self.say(&format!("json {line}"));
        self.line()
    }

    /// A line for people: what comes back ends with an empty line.
    fn ask(&mut self, line: &str) -> String {
        self.say(line);
        let lines: Vec<String> =
            std::iter::from_fn(|| Some(self.line()).filter(|line| !line.is_empty())).collect();
        lines.join("\n")
    }
}

/// Runs the demo firmware; `talk` comes when the machine stands at time 0.
fn run(folder: &Path, name: &str, talk: impl FnOnce(&Path)) -> Run {
    let path = |ending: &str| folder.join(format!("{name}.{ending}"));
    let (socket, report) = (path("socket"), path("report"));
    let mut command = espat_sim("qemu");
    command.args(["--quiet", "--limit", "300s", "--seed", "1", "--console-socket"]).arg(&socket);
    command
        .arg("--capture")
        .arg(path("pcapng"))
        .arg("--input-log")
        .arg(path("log"))
        .arg("--report")
        .arg(&report);
    command.args(["--", "qemu-system-arm", "-M", "mps2-an385", "-display", "none", "-nodefaults", "-S"]);
    command.args(["-monitor", "stdio", "-semihosting-config", "enable=on,target=native", "-serial"]);
    command.arg(format!("file:{}", path("console").display())).arg("-kernel").arg(firmware("mps2-an385", ""));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("start espat-sim");
    let mut said = BufReader::new(running.stderr.take().expect("its words"));
    let mut line = String::new();
    let ready = format!("espat-sim: console {};", socket.display());
    while !line.starts_with(&ready) {
        line.clear();
        assert!(said.read_line(&mut line).expect("a line") > 0, "it ended before its console was there");
    }
    assert!(line.contains("the next run may differ") && line.contains("--input-log"), "{line}");
    talk(&socket);
    let mut monitor = running.stdin.take().expect("QEMU's monitor");
    monitor.write_all(b"cont\n").expect("let it go");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("its words");
    let exit = running.wait().expect("it ends").code();
    assert!(!socket.exists(), "the socket was left behind");
    let report = std::fs::read_to_string(report).expect("the report");
    let fact = |key: &str| {
        let line = report.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {key}: {rest}")).to_owned()
    };
    let console = std::fs::read_to_string(path("console")).unwrap_or_default();
    let (digest, content) = (fact("digest"), fact("content-digest"));
    Run { exit, console, digest, content, report }
}

#[test]
fn who_only_asks_changes_nothing_and_gets_answers_for_people_and_for_programs() {
    let folder = directory("qemu-console-asks");
    let silent = run(&folder, "silent", |_| {});
    let asked = run(&folder, "asked", |socket| {
        let mut client = Client::new(socket);
        assert!(client.json("status").starts_with("{\"at_ns\":0,\"status\":{\"seed\":1,"), "json status");
        assert!(client.ask("status").starts_with("seed 1\nmodule wifi: attached, at 0.000000 s, "), "status");
        assert_eq!(client.json("observations"), "{\"forgotten\":0,\"at_ns\":0,\"observations\":[]}");
        assert!(client.json("lnks").starts_with("{\"error\":\"expected a command"), "json lnks");
        assert!(client.ask("lnks").starts_with("error: expected a command"), "lnks");
        // The next client is served when the one before has gone.
        drop(client);
        assert_eq!(Client::new(socket).ask("links"), "no link is open");
    });
    assert_eq!((asked.exit, &asked.digest), (Some(0), &silent.digest), "questions have changed the run");
    assert_log_replays(&folder, "asked", &asked);
}

#[test]
fn what_is_changed_takes_effect_and_is_in_the_input_log() {
    let folder = directory("qemu-console-changes");
    let silent = run(&folder, "silent", |_| {});
    let changed = run(&folder, "changed", |socket| {
        let mut client = Client::new(socket);
        assert_eq!(
            client.json("link wifi latency 3ms"),
            "{\"at_ns\":0,\"change\":\"link wifi latency 3ms\"}"
        );
        assert_eq!(client.ask("at 900 ms link wifi loss 10%"), "0.900000 s: link wifi loss 10%");
    });
    assert_ne!(changed.digest, silent.digest, "nothing was changed");
    let log = std::fs::read_to_string(folder.join("changed.log")).expect("the log");
    assert!(log.contains("link wifi latency 3ms") && log.contains("link wifi loss 10%"), "{log}");
    assert_log_replays(&folder, "changed", &changed);
}
