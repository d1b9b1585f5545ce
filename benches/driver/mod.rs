//! What the benchmarks drive a module with: it stores lines into the MCU's UART, and follows
//! `World::next_event` from one virtual instant to the next, as the emulators' drivers do.
#![allow(dead_code)] // each benchmark uses its own part

pub mod fleet;

use espat_sim::world::{Attachment, ModuleId, Recording, Scenario, World, drive};

/// A virtual second, ns.
pub const SECOND: u64 = 1_000_000_000;

/// What is recorded, as a benchmark's argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// The digest only, which is always kept.
    Digest,
    /// The capture too.
    Capture,
    /// The capture and the input log.
    CaptureAndLog,
}

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Record::Digest => "no capture",
            Record::Capture => "capture",
            Record::CaptureAndLog => "capture, log",
        })
    }
}

/// One module of a world, driven in nanoseconds.
pub struct Driver {
    pub world: World,
    pub module: ModuleId,
    /// The MCU's clock, ns.
    pub now: u64,
    /// The end of what the module has sent.
    tail: Vec<u8>,
    /// Bytes that the module has sent.
    pub received: u64,
    /// Bytes of capture and log so far.
    pub recorded: u64,
}

impl Driver {
    /// A world of this scenario, with the module just powered.
    pub fn new(scenario: &Scenario, record: Record) -> Driver {
        let recording = Recording {
            capture: record != Record::Digest,
            log: record == Record::CaptureAndLog,
            dialogue: false,
            ..Recording::default()
        };
        let mut world = World::new(scenario, Some(1), recording).expect("the scenario is sound");
        let module = world.attach("wifi", Attachment::default()).expect("attach");
        Driver { world, module, now: 0, tail: Vec::new(), received: 0, recorded: 0 }
    }

    /// The default scenario, booted, echo off.
    pub fn ready(record: Record) -> Driver {
        let mut driver = Driver::new(&default_scenario(), record);
        driver.until(b"\r\nready\r\n");
        driver.ask(b"ATE0\r\n");
        driver
    }

    /// The default scenario, joined.
    pub fn joined(record: Record) -> Driver {
        let mut driver = Driver::ready(record);
        driver.ask(b"AT+CWMODE=1\r\n");
        driver.ask(b"AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n");
        driver
    }

    /// Stores bytes at the present instant.
    pub fn store(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.world.uart_write(self.module, self.now, *byte).expect("uart_write");
        }
    }

    /// Goes to the next event, but not beyond `end`, and reads what has arrived. False when `end` has come.
    pub fn step(&mut self, end: u64) -> bool {
        let more = drive::step(&mut self.world, self.module, end).expect("drive::step");
        self.now = self.world.reached(self.module).expect("reached");
        self.read();
        more
    }

    fn read(&mut self) {
        while let Some(byte) = self.world.uart_read(self.module).expect("uart_read") {
            self.received += 1;
            self.tail.push(byte.byte);
        }
    }

    /// Takes what was recorded and throws it away, as a sink without cost would.
    pub fn drain(&mut self) {
        self.recorded += (self.world.take_capture().len() + self.world.take_log().len()) as u64;
    }

    /// Waits until this has arrived.
    pub fn until(&mut self, text: &[u8]) {
        let end = self.now + 120 * SECOND;
        while !self.tail.ends_with(text) {
            assert!(self.step(end), "{} never came", text.escape_ascii());
        }
        self.tail.clear();
        self.drain();
    }

    /// Sends a line and waits for its `OK`.
    pub fn ask(&mut self, line: &[u8]) {
        self.store(line);
        self.until(b"\r\nOK\r\n");
    }

    /// Sends `data` over the module's only link with one AT+CIPSEND (8192 bytes at most).
    pub fn send(&mut self, data: &[u8]) {
        self.store(format!("AT+CIPSEND={}\r\n", data.len()).as_bytes());
        self.until(b"\r\n>");
        self.store(data);
        self.until(b"\r\nSEND OK\r\n");
    }
}

/// The built-in scenario.
pub fn default_scenario() -> Scenario {
    Scenario::parse("default.toml", Scenario::default_text()).expect("the built-in scenario is sound")
}
