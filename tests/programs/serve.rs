//! `espat-sim serve`: clients at a real serial endpoint. Whatever the wall clock did, the log of a run replays to
//! the same bytes and digest.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::tools::{directory, espat_sim, root};
use espat_sim::capture::Side;
use espat_sim::world::{Recording, replay};

/// Nothing here takes longer, unless it hangs.
const HANGS: Duration = Duration::from_secs(120);

fn folder(test: &str) -> PathBuf {
    directory(&format!("serve-{test}"))
}

/// A running server.
struct Served {
    child: Child,
    console: Option<ChildStdin>,
    out: Receiver<String>,
    said: Receiver<String>,
    folder: PathBuf,
    endpoint: String,
}

/// What is left of a run.
struct Outcome {
    code: Option<i32>,
    out: Vec<String>,
    said: Vec<String>,
    log: String,
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (line, lines) = channel();
    std::thread::spawn(move || {
        BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|l| line.send(l)).ok()
    });
    lines
}

impl Served {
    fn start(folder: PathBuf, args: &[&str]) -> Served {
        let mut child = espat_sim("serve")
            .args(args)
            .arg("--input-log")
            .arg(folder.join("log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start espat-sim serve");
        let (out, said) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        let console = child.stdin.take();
        let mut served = Served { child, console, out, said, folder, endpoint: String::new() };
        served.endpoint = served.wait_for("endpoint ").split_once(' ').unwrap().1.to_owned();
        served
    }

    /// The next line on the standard output that contains `text`.
    fn wait_for(&self, text: &str) -> String {
        self.wait_in(&self.out, text)
    }

    fn wait_in(&self, lines: &Receiver<String>, text: &str) -> String {
        loop {
            match lines.recv_timeout(HANGS) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(e) => {
                    panic!("no line with '{text}': {e}; said: {:?}", self.said.try_iter().collect::<Vec<_>>())
                }
            }
        }
    }

    fn console(&mut self, line: &str) {
        writeln!(self.console.as_mut().expect("a console"), "{line}").expect("write to the console");
    }

    fn tcp(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(&self.endpoint).expect("connect");
        stream.set_read_timeout(Some(HANGS)).unwrap();
        Client { stream, received: Vec::new(), taken: 0 }
    }

    fn unix(&self) -> Client<UnixStream> {
        let stream = UnixStream::connect(&self.endpoint).expect("connect");
        stream.set_read_timeout(Some(HANGS)).unwrap();
        Client { stream, received: Vec::new(), taken: 0 }
    }

    /// Waits for the end.
    fn outcome(mut self) -> Outcome {
        let (out, said) = (self.out.iter().collect(), self.said.iter().collect());
        let code = self.child.wait().expect("wait for espat-sim").code();
        Outcome { code, out, said, log: std::fs::read_to_string(self.folder.join("log")).unwrap_or_default() }
    }

    fn quit(mut self) -> Outcome {
        self.console("quit");
        self.outcome()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Of a test that failed.
        let _ = self.child.kill();
    }
}

/// A program at the endpoint.
struct Client<S> {
    stream: S,
    received: Vec<u8>,
    /// How much of it has been looked at.
    taken: usize,
}

impl<S: Read + Write> Client<S> {
    fn more(&mut self, wanted: &str) {
        let mut buffer = [0; 4096];
        let count = self.stream.read(&mut buffer).unwrap_or_else(|e| self.missing(wanted, &e.to_string()));
        if count == 0 {
            self.missing::<()>(wanted, "the endpoint hung up");
        }
        self.received.extend_from_slice(&buffer[..count]);
    }

    fn missing<T>(&self, wanted: &str, why: &str) -> T {
        panic!("expected '{wanted}', got '{}': {why}", self.received[self.taken..].escape_ascii())
    }

    /// Reads up to the end of `text`.
    fn until(&mut self, text: &str) {
        loop {
            let fresh = &self.received[self.taken..];
            if let Some(at) = fresh.windows(text.len()).position(|w| w == text.as_bytes()) {
                self.taken += at + text.len();
                return;
            }
            self.more(text);
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("write to the endpoint");
    }

    fn command(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes());
        loop {
            let fresh = &self.received[self.taken..];
            let [ok, error] = ["\r\nOK\r\n", "\r\nERROR\r\n"]
                .map(|last| fresh.windows(last.len()).position(|w| w == last.as_bytes()));
            if let Some(at) = ok {
                self.taken += at + 6;
                return;
            }
            if error.is_some() {
                self.missing::<()>("OK", &format!("{line} failed"));
            }
            self.more("OK");
        }
    }

    /// Reads the next `+IPD` and returns its data.
    fn incoming(&mut self) -> Vec<u8> {
        self.until("+IPD,");
        let start = self.taken;
        self.until(":");
        let length = std::str::from_utf8(&self.received[start..self.taken - 1]).expect("a length");
        let end = self.taken + length.parse::<usize>().expect("a length");
        while self.received.len() < end {
            self.more("the data of +IPD");
        }
        let data = self.received[self.taken..end].to_vec();
        self.taken = end;
        data
    }
}

/// Runs the log again and compares the digest. Returns every byte that the module said.
fn replayed(outcome: &Outcome) -> Vec<u8> {
    assert_eq!(outcome.code, Some(0), "the run should end in order; said: {:?}", outcome.said);
    let recording = Recording { dialogue: true, ..Recording::default() };
    let mut replayed = replay(&outcome.log, recording).expect("the log replays");
    assert_eq!(replayed.is_same(), Some(true), "the replay has another digest than the log");
    let shown = format!("digest {:016x}", replayed.world.digest());
    assert!(outcome.out.contains(&shown), "the run should have shown '{shown}': {:?}", outcome.out);
    let dialogue = replayed.world.take_dialogue().into_iter().map(|(_, packet)| packet);
    dialogue.filter(|p| p.from == Side::Module).flat_map(|p| p.bytes).collect()
}

/// What a user's program does: from `ready` to data and back, more of it than the wire's two ends can hold.
fn dialogue<S: Read + Write>(served: &mut Served, client: &mut Client<S>) {
    client.until("\r\nready\r\n");
    client.command("AT");
    client.command("ATE0");
    client.command("AT+CWMODE=1");
    client.command(r#"AT+CWJAP="espat-sim","correct horse""#);
    client.command(r#"AT+CIPSTART="TCP","nas.lan",7"#);
    let data: Vec<u8> = (0..8192_u32).map(|n| (n % 251) as u8).collect();
    client.send(b"AT+CIPSEND=8192\r\n");
    client.until("\r\n>");
    client.send(&data);
    // The echo of the first segments comes before the last ones have gone.
    let mut echoed = Vec::new();
    while echoed.len() < data.len() {
        echoed.extend(client.incoming());
    }
    assert!(echoed == data, "the echo of {} bytes differs in its {} bytes", data.len(), echoed.len());
    served.console("ap home down");
    assert!(served.wait_for("ap home down").contains(" s: ap home down"), "the console's answer has a time");
    client.until("WIFI DISCONNECT\r\n");
}

fn assert_is_the_run<S>(client: &Client<S>, outcome: &Outcome) {
    let all = replayed(outcome);
    let got = &client.received;
    assert!(all == *got, "the replay says '{}', the client got '{}'", all.escape_ascii(), got.escape_ascii());
}

fn assert_is_the_dialogue<S>(client: &Client<S>, outcome: &Outcome) {
    assert_is_the_run(client, outcome);
    assert!(outcome.log.contains(" * console ap home down\n"), "the console line is missing in the log");
}

#[test]
fn a_program_talks_to_the_module_over_tcp_and_the_log_replays_to_the_same_bytes() {
    let mut served = Served::start(folder("tcp"), &["--tcp", "0"]);
    assert!(served.endpoint.starts_with("127.0.0.1:"), "not on the loopback interface: {}", served.endpoint);
    let mut client = served.tcp();
    dialogue(&mut served, &mut client);
    assert_is_the_dialogue(&client, &served.quit());
}

#[test]
fn a_program_talks_to_the_module_over_a_unix_socket_and_the_log_replays_to_the_same_bytes() {
    let folder = folder("unix");
    let socket = folder.join("uart");
    let mut served = Served::start(folder, &["--unix", socket.to_str().unwrap()]);
    let mut client = served.unix();
    dialogue(&mut served, &mut client);
    // Its end is as good as `quit`.
    drop(served.console.take());
    assert_is_the_dialogue(&client, &served.outcome());
    assert!(!socket.exists(), "the socket was left behind");
}

#[test]
fn the_next_client_finds_the_same_module_and_what_was_said_to_nobody_is_counted() {
    let served = Served::start(folder("second"), &["--tcp", "0", "--dialogue"]);
    let mut first = served.tcp();
    first.until("\r\nready\r\n");
    first.command("AT+CWMODE=1");
    first.send(b"AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n");
    first.until("horse\"\r\n");
    let seen = first.received;
    drop(first.stream);
    served.wait_for("WIFI GOT IP");
    served.wait_for("OK");
    let mut second = served.tcp();
    second.command("AT+CWSTATE?");
    assert!(
        second.received.windows(11).any(|w| w == b"+CWSTATE:2,"),
        "the module should be joined as the first client left it: '{}'",
        second.received.escape_ascii()
    );
    let outcome = served.quit();
    let all = replayed(&outcome);
    assert!(all.starts_with(&seen) && all.ends_with(&second.received), "'{}'", all.escape_ascii());
    let counts = outcome.said.iter().find(|l| l.contains(" of them dropped ")).expect("the counters");
    let dropped: usize = counts.split(' ').rev().nth(7).and_then(|n| n.parse().ok()).unwrap_or(0);
    let missed = all.len() - seen.len() - second.received.len();
    assert!(dropped > "WIFI GOT IP".len() && dropped <= missed, "{missed} bytes went to nobody: {counts}");
}

/// A Python that has pyserial. The distribution's, if another one comes first on the path.
fn python() -> &'static str {
    let has =
        |p: &&str| Command::new(p).args(["-c", "import serial"]).output().is_ok_and(|o| o.status.success());
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    found.expect("pyserial is missing: `make test` installs it (apt install python3-serial)")
}

/// Runs a program of `tests/serve` at the port. Returns what it received, and what `serve` said meanwhile.
fn visit(served: &Served, program: &str, what: &str) -> (Vec<u8>, Vec<String>) {
    let file = served.folder.join(what);
    let script = root().join("tests/serve").join(program);
    let run = Command::new(python()).arg(script).arg(&served.endpoint).arg(what).arg(&file).output();
    let run = run.expect("start Python");
    assert!(run.status.success(), "pyserial's side failed: {}", String::from_utf8_lossy(&run.stderr));
    let mut said = Vec::new();
    while !said.last().is_some_and(|line: &String| line.ends_with("a terminal has gone")) {
        said.push(served.wait_in(&served.said, ""));
    }
    (std::fs::read(file).expect("what pyserial received"), said)
}

/// What the visits received is what the module said according to the log, from its start and to its end.
fn assert_are_the_run(first: &[u8], last: &[u8], outcome: &Outcome) {
    let all = replayed(outcome);
    assert!(
        all.starts_with(first) && all.ends_with(last),
        "the replay says '{}', the program got '{}' and '{}'",
        all.escape_ascii(),
        first.escape_ascii(),
        last.escape_ascii()
    );
}

#[test]
fn pyserial_opens_the_pseudo_terminal_closes_it_and_opens_it_again() {
    let served = Served::start(folder("pty"), &["--pty"]);
    let [first, second] = ["first", "second"].map(|what| visit(&served, "terminal.py", what).0);
    assert_are_the_run(&first, &second, &served.quit());
}

const MISMATCH: &str = "the terminal is set to 9600 baud and the module to 115200";

#[test]
fn a_rate_that_a_terminal_sets_garbles_unless_it_is_the_modules() {
    let served = Served::start(folder("rates"), &["--pty"]);
    let (set, said) = visit(&served, "rates.py", "set");
    assert!(said.iter().any(|line| line.contains(MISMATCH)), "nobody is told of the rate: {said:?}");
    let (unset, _) = visit(&served, "rates.py", "unset");
    let outcome = served.quit();
    assert_are_the_run(&set, &unset, &outcome);
    for line in [" wifi line 9600 8n1\n", " wifi line 74880 8n1\n"] {
        assert!(outcome.log.contains(line), "no '{line}' in the log");
    }
}

#[test]
fn a_client_is_made_to_wait_where_the_scenario_lets_the_mcu_store_little() {
    let folder = folder("queue");
    let scenario = folder.join("lab.toml");
    std::fs::write(&scenario, "[wire.wifi]\nmcu-queue = 100\n").expect("a scenario");
    let scenario = scenario.to_str().expect("UTF-8").to_owned();
    let served = Served::start(folder, &["--tcp", "0", "--scenario", &scenario]);
    let mut client = served.tcp();
    client.until("ready\r\n");
    // One write of several commands' length: it goes out at line rate, whole.
    client.send(format!("{}\r\n", "x".repeat(800)).as_bytes());
    client.until("ERROR\r\n");
    client.command("AT");
    let outcome = served.quit();
    assert_eq!(outcome.code, Some(0), "{:?}", outcome.said);
    assert_is_the_run(&client, &outcome);
}

#[test]
fn with_any_rate_what_a_terminal_sets_does_not_count() {
    let served = Served::start(folder("any-rate"), &["--pty", "--any-rate"]);
    let (any, said) = visit(&served, "rates.py", "any");
    assert!(!said.iter().any(|line| line.contains(MISMATCH)), "there is no wrong rate: {said:?}");
    assert_are_the_run(&any, &any, &served.quit());
}

#[test]
fn a_signal_ends_a_run_in_the_background_in_order() {
    for signal in ["INT", "TERM", "HUP"] {
        let mut served =
            Served::start(folder("signal"), &["--tcp", "0", "--now", "--no-console", "--dialogue"]);
        // Nobody reads it, so its end is none.
        drop(served.console.take());
        served.wait_for("ready");
        let mut client = served.tcp();
        client.command("AT");
        let pid = served.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("start kill");
        assert!(sent.success());
        let outcome = served.outcome();
        let all = replayed(&outcome);
        assert!(all.ends_with(&client.received), "'{}'", all.escape_ascii());
        assert!(outcome.said.iter().any(|l| l.ends_with("ended by a signal")), "{:?}", outcome.said);
    }
}

#[test]
fn a_socket_that_was_left_behind_is_replaced_and_nothing_else_is() {
    let folder = folder("left");
    let refused = |path: &Path| {
        let run = espat_sim("serve")
            .arg("--unix")
            .arg(path)
            .stdin(Stdio::null())
            .output()
            .expect("start espat-sim serve");
        assert_eq!(run.status.code(), Some(2), "{} should be refused", path.display());
        String::from_utf8_lossy(&run.stderr).into_owned()
    };
    let (file, uart) = (folder.join("file"), folder.join("uart"));
    std::fs::write(&file, "precious").unwrap();
    assert!(refused(&file).contains("there is something else of this name"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    let listener = UnixListener::bind(&uart).unwrap();
    assert!(refused(&uart).contains("another program listens there"));
    drop(listener);
    assert!(uart.exists(), "the standard library leaves it behind");
    let served = Served::start(folder, &["--unix", uart.to_str().unwrap()]);
    served.unix().until("\r\nready\r\n");
    assert_eq!(served.quit().code, Some(0));
}

#[test]
fn what_cannot_be_served_is_refused_in_one_sentence() {
    for (args, sentence) in [
        (&["--tcp", "0", "--module", "wlan"][..], "there is no module 'wlan'"),
        (&["--tcp", "example.com:7000"], "expected a port such as 7000"),
        (&["--tcp", "192.0.2.1:7000"], "cannot listen on 192.0.2.1:7000"),
        (&["--tcp", "0", "--scenario", "/nonexistent"], "cannot read /nonexistent"),
        (&["--tcp", "0", "--input-log", "/nonexistent/log"], "cannot write /nonexistent/log"),
        (&["--tcp", "0", "--pty"], "cannot be used with"),
        (&[], "required"),
    ] {
        let run = espat_sim("serve").args(args).stdin(Stdio::null()).output().expect("start espat-sim serve");
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(sentence), "{args:?} should say '{sentence}', not: {said}");
    }
}
