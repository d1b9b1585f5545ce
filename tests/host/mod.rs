//! A host for tests: stores lines into the MCU's UART, and waits in virtual time for what comes back.
#![allow(dead_code)] // each test file uses its own part

use espat_sim::world::{Attachment, ModuleId, Pin, Recording, Scenario, World, drive};

/// One module of a world, driven in nanoseconds.
pub struct Host {
    pub world: World,
    pub module: ModuleId,
    pub now: u64,
    /// Everything the module has sent and nobody has consumed yet.
    pub pending: Vec<u8>,
    /// Everything the module has ever sent, with times.
    pub received: Vec<(u64, u8)>,
    pub capture: Vec<u8>,
    pub log: Vec<u8>,
}

pub const SECOND: u64 = 1_000_000_000;

/// A host of the default access point: `pc.lan`, with terminals for TCP at port 23 and for UDP at port 5000.
pub const PC: &str = "
[host.pc]
address = \"192.168.1.20\"
names = [\"pc.lan\"]
tcp-terminal = 23
udp-terminal = 5000
";

/// A log without the hash of its text, so that it may be changed.
pub fn without_hash(log: &str) -> String {
    log.rsplit_once(" text=").map_or(log, |(log, _)| log).to_owned() + "\n"
}

/// The built-in scenario with the host `pc`.
pub fn with_pc() -> String {
    format!("{}{PC}", Scenario::default_text())
}

impl Host {
    /// A world of this scenario, everything recorded.
    pub fn new(scenario: &str, seed: u64) -> Host {
        Host::of(&Scenario::parse("test.toml", scenario).unwrap_or_else(|e| panic!("{e}")), seed)
    }

    /// The same of a scenario that has been parsed.
    pub fn of(scenario: &Scenario, seed: u64) -> Host {
        let recording =
            Recording { capture: true, log: true, observations: true, history: true, ..Recording::default() };
        let mut world = World::new(scenario, Some(seed), recording).unwrap_or_else(|e| panic!("{e}"));
        let module = world.attach("wifi", Attachment::default()).expect("attach");
        Host {
            world,
            module,
            now: 0,
            pending: Vec::new(),
            received: Vec::new(),
            capture: Vec::new(),
            log: Vec::new(),
        }
    }

    /// The default scenario, booted, echo off.
    pub fn ready(seed: u64) -> Host {
        Host::ready_in(Scenario::default_text(), seed)
    }

    /// A scenario, booted, echo off.
    pub fn ready_in(scenario: &str, seed: u64) -> Host {
        Host::new(scenario, seed).into_ready()
    }

    fn into_ready(mut self) -> Host {
        self.expect("\r\nready\r\n");
        self.send("ATE0\r\n");
        self.expect("ATE0\r\n\r\nOK\r\n");
        self
    }

    /// The same host, when its module has started and joined the default access point.
    pub fn into_joined(self) -> Host {
        let mut host = self.into_ready();
        host.join();
        host
    }

    /// The default scenario, joined.
    pub fn joined(seed: u64) -> Host {
        Host::joined_in(Scenario::default_text(), seed)
    }

    /// A scenario with the default access point, joined.
    pub fn joined_in(scenario: &str, seed: u64) -> Host {
        Host::new(scenario, seed).into_joined()
    }

    fn join(&mut self) {
        self.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
        self.ask(
            "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n",
            "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n",
        );
    }

    /// The default scenario with the host `pc`, joined.
    pub fn joined_with_pc(seed: u64) -> Host {
        Host::joined_in(&with_pc(), seed)
    }

    /// What was observed about `subject` since the last call; its commands and replies, and what was changed from outside,
    /// are left out.
    pub fn seen(&mut self, subject: &str) -> Vec<String> {
        let observations = self.world.take_observations().into_iter();
        let of_it = observations
            .filter(|o| o.subject == subject && !["command", "reply", "change"].contains(&o.kind()));
        of_it.map(|o| format!("{} {}", o.kind(), o.text())).collect()
    }

    /// Stores bytes at the present instant.
    pub fn send(&mut self, text: impl AsRef<[u8]>) {
        for byte in text.as_ref() {
            self.world.uart_write(self.module, self.now, *byte).expect("uart_write");
        }
    }

    pub fn pin(&mut self, pin: Pin, high: bool) {
        self.world.set_pin(self.module, self.now, pin, high).expect("set_pin");
    }

    pub fn console(&mut self, line: &str) -> String {
        self.world.console(line).unwrap_or_else(|e| panic!("console '{line}': {e}"))
    }

    /// A line of the console that is refused: the sentence.
    pub fn refused(&mut self, line: &str) -> String {
        match self.world.console(line) {
            Ok(answer) => panic!("console '{line}' was taken: {answer}"),
            Err(e) => e.to_string(),
        }
    }

    /// Goes to `to`, collecting what arrives.
    pub fn go(&mut self, to: u64) {
        self.world.advance(self.module, to).expect("advance");
        self.now = to;
        self.collect();
    }

    /// Lets `ns` pass.
    pub fn wait(&mut self, ns: u64) {
        let end = self.now + ns;
        while self.step(end) {}
    }

    /// Goes to the next event, but not beyond `end`. False when `end` has come.
    pub fn step(&mut self, end: u64) -> bool {
        let more = drive::step(&mut self.world, self.module, end).expect("drive::step");
        self.now = self.world.reached(self.module).expect("reached");
        self.collect();
        more
    }

    fn collect(&mut self) {
        while let Some(byte) = self.world.uart_read(self.module).expect("uart_read") {
            self.pending.push(byte.byte);
            self.received.push((byte.at.as_nanos(), byte.byte));
        }
        self.capture.extend(self.world.take_capture());
        self.log.extend(self.world.take_log());
    }

    /// Waits until exactly `expected` has arrived next, byte for byte.
    #[track_caller]
    pub fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let end = self.now + 120 * SECOND;
        while self.pending.len() < expected.len() && self.step(end) {}
        let n = self.pending.len().min(expected.len());
        let got: Vec<u8> = self.pending.drain(..n).collect();
        assert_eq!(
            got.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "at {} ns (then: {})",
            self.now,
            self.pending.escape_ascii()
        );
    }

    /// Waits until `text` has arrived; returns everything up to its end.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        let end = self.now + 300 * SECOND;
        loop {
            let found = self.pending.windows(text.len()).position(|w| w == text.as_bytes());
            if let Some(at) = found {
                let taken: Vec<u8> = self.pending.drain(..at + text.len()).collect();
                return String::from_utf8_lossy(&taken).into_owned();
            }
            assert!(
                self.step(end),
                "'{}' never came; got '{}' by {} ns",
                text.escape_debug(),
                self.pending.escape_ascii(),
                self.now
            );
        }
    }

    /// Sends a line and checks the whole answer.
    #[track_caller]
    pub fn ask(&mut self, line: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) {
        self.send(line);
        self.expect(answer);
    }

    /// Sends a line and returns everything up to and including its final OK or ERROR.
    #[track_caller]
    pub fn query(&mut self, line: &str) -> String {
        self.send(line);
        let end = self.now + 120 * SECOND;
        loop {
            for last in ["\r\nOK\r\n", "\r\nERROR\r\n"] {
                if self.pending.ends_with(last.as_bytes()) {
                    return String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned();
                }
            }
            assert!(self.step(end), "no answer to {line:?}: {}", self.pending.escape_ascii());
        }
    }

    /// Asserts that nothing comes for `ns`.
    #[track_caller]
    pub fn silent_for(&mut self, ns: u64) {
        self.wait(ns);
        assert!(self.pending.is_empty(), "unexpected: {}", self.pending.escape_ascii());
    }

    /// Ends the run; returns its digest, capture and log.
    pub fn finish(mut self) -> (u64, Vec<u8>, String) {
        self.world.finish();
        self.collect();
        (self.world.digest(), self.capture, String::from_utf8(self.log).expect("the log is text"))
    }
}
