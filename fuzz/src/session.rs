//! A fuzzed session: a world, what a host and a test do to it, and what must hold whatever that is.
//!
//! The input is text in the manner of a transcript, so a finding can be read, cut down by hand and turned into a test.
//! Every input means something: a line that begins with none of the words below is sent as it stands.
//!
//! ```text
//! scenario            the scenario's text, up to a line `end`; without it, or with a bad one, the built-in one
//! hz 72000000         the driver's timebase
//! > AT+CIPMUX=1       the host sends a line, with CR LF
//! >| \x00+++          the host sends these bytes
//! wait 20 ms          time passes
//! console LINE        a line of the console
//! pin en low          the host sets a pin
//! uart 9600 8n1       the host sets its UART
//! overrun             the host loses a byte
//! detach              the driver goes, and another comes
//! ```
//!
//! Nothing here needs more than the library, so that a test on stable Rust can run the seeds through it.

use espat_sim::time::{Duration, Instant, Timebase};
use espat_sim::uart::McuLoss;
use espat_sim::world::{
    Attachment, Error, ModuleId, Outcome, Pin, Recording, Scenario, Statistics, UartByte, World, drive,
    replay,
};

/// Most bytes that the host sends.
const MOST_BYTES: usize = 16 * 1024;
/// Most lines of the console.
const MOST_LINES: usize = 64;
/// Longest virtual time of a session, and of one pause.
const LONGEST: Duration = Duration::from_secs(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// More events than that in a session are taken for a world that does not get on.
const MOST_EVENTS: u64 = 4_000_000;
/// More events than that at one instant, too.
const MOST_AT_ONCE: u64 = 100_000;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The host sends bytes.
    Send(Vec<u8>),
    /// Time passes.
    Wait(Duration),
    /// A line of the console.
    Console(String),
    /// The host sets a pin.
    Pin(Pin, bool),
    /// The host sets its UART.
    Uart(espat_sim::uart::LineSettings),
    /// The host loses a byte.
    Overrun,
    /// The driver goes, and another comes.
    Detach,
}

/// A session.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The scenario's text.
    pub scenario: Option<String>,
    /// Ticks of the driver in a second.
    pub hz: Option<u64>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// The pins, as they are written.
pub const PINS: [(&str, Pin); 4] = Pin::WORDS;

impl Session {
    /// Reads a session. Every input is one.
    pub fn parse(input: &[u8]) -> Session {
        let mut session = Session::default();
        let mut lines = input.split(|b| *b == b'\n');
        let (mut bytes, mut console, mut time) = (0, 0, Duration::ZERO);
        while let Some(line) = lines.next() {
            let text = String::from_utf8_lossy(line);
            let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
            if word == "scenario" && session.scenario.is_none() {
                let block: Vec<&[u8]> = lines.by_ref().take_while(|line| *line != b"end").collect();
                session.scenario = Some(String::from_utf8_lossy(&block.join(&b'\n')).into_owned());
                continue;
            }
            if let ("hz", Ok(hz @ 1_000..=1_000_000_000)) = (word, rest.parse()) {
                session.hz = Some(hz);
                continue;
            }
            let step = step(word, rest).unwrap_or_else(|| Step::Send(unescaped(line)));
            match &step {
                Step::Send(sent) => bytes += sent.len(),
                Step::Console(_) => console += 1,
                Step::Wait(pause) => time = time + *pause,
                _ => {}
            }
            if bytes > MOST_BYTES || console > MOST_LINES || time > LONGEST {
                break;
            }
            session.steps.push(step);
        }
        session
    }

    /// The session as [`Session::parse`] reads it.
    pub fn write(&self) -> String {
        let mut out = String::new();
        if let Some(scenario) = &self.scenario {
            out.push_str(&format!("scenario\n{}\nend\n", scenario.trim_end()));
        }
        if let Some(hz) = self.hz {
            out.push_str(&format!("hz {hz}\n"));
        }
        for step in &self.steps {
            let line = match step {
                Step::Send(bytes) => match bytes.strip_suffix(b"\r\n") {
                    Some(line) => format!("> {}", escaped(line)),
                    None => format!(">| {}", escaped(bytes)),
                },
                Step::Wait(pause) => format!("wait {} ns", pause.as_nanos()),
                Step::Console(line) => format!("console {line}"),
                Step::Pin(pin, high) => {
                    let name = PINS.iter().find(|(_, p)| p == pin).map_or("en", |(name, _)| name);
                    format!("pin {name} {}", if *high { "high" } else { "low" })
                }
                Step::Uart(line) => format!("uart {line}"),
                Step::Overrun => "overrun".to_owned(),
                Step::Detach => "detach".to_owned(),
            };
            out.push_str(&line);
            out.push('\n');
        }
        out
    }
}

fn step(word: &str, rest: &str) -> Option<Step> {
    Some(match word {
        ">" => Step::Send([unescaped(rest.as_bytes()), b"\r\n".to_vec()].concat()),
        ">|" => Step::Send(unescaped(rest.as_bytes())),
        "wait" => Step::Wait(pause(rest)?.min(LONGEST_PAUSE)),
        "console" => Step::Console(rest.to_owned()),
        "uart" => Step::Uart(espat_sim::uart::LineSettings::parse(rest).ok()?),
        "overrun" => Step::Overrun,
        "detach" => Step::Detach,
        "pin" => {
            let (name, level) = rest.split_once(' ')?;
            let (_, pin) = PINS.iter().find(|(known, _)| *known == name)?;
            Step::Pin(
                *pin,
                match level {
                    "high" => true,
                    "low" => false,
                    _ => return None,
                },
            )
        }
        _ => return None,
    })
}

/// `20 ms`: a whole number and its unit.
fn pause(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let size: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(size).map(Duration::from_nanos)
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b' '..=b'~' => text.push(char::from(byte)),
            other => text.push_str(&format!("\\x{other:02x}")),
        }
    }
    text
}

/// Takes escapes out; a backslash that begins none is a backslash.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        let (byte, length) = match (first, after) {
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            (b'\\', [b'x', digits @ ..]) if digits.len() >= 2 => {
                hex(&digits[..2]).map_or((b'\\', 1), |byte| (byte, 4))
            }
            (byte, _) => (*byte, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}

/// How a driver moves through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gait {
    /// From event to event, reading at once.
    Eager,
    /// As far as it may, reading late.
    Lazy,
}

/// What a session came to. Must not depend on the gait.
#[derive(Debug, PartialEq)]
struct Result {
    digest: u64,
    content: u64,
    bytes: Vec<UartByte>,
    answers: Vec<String>,
    statistics: Statistics,
    verdicts: Vec<Outcome>,
}

/// Runs a session in several ways.
///
/// # Panics
/// When something does not hold that must hold for every input.
pub fn check(input: &[u8]) {
    let session = Session::parse(input);
    let default =
        || Scenario::parse("the built-in scenario", Scenario::default_text()).expect("the built-in scenario");
    let scenario = match session.scenario.as_deref().map(|text| Scenario::parse("fuzz.toml", text)) {
        None => default(),
        Some(Ok(scenario)) => scenario,
        Some(Err(error)) => {
            assert!(!error.problems.is_empty(), "an error without a mistake: {error}");
            assert!(error.to_string().contains("fuzz.toml"), "a report without a place: {error}");
            default()
        }
    };
    let Some((eager, log)) = Driver::run(&scenario, &session, Gait::Eager) else { return };
    let Some((lazy, _)) = Driver::run(&scenario, &session, Gait::Lazy) else {
        panic!("the same scenario makes a world once")
    };
    assert_eq!(eager, lazy, "how far a driver goes in one step changed what happened");
    let replayed = replay(&log, Recording::default())
        .unwrap_or_else(|e| panic!("the log can't be replayed: {e}\n{log}"));
    assert_eq!(replayed.is_same(), Some(true), "the replay of the log differs:\n{log}");
}

/// The driver of a world's first module.
struct Driver {
    world: World,
    name: String,
    module: ModuleId,
    timebase: Timebase,
    gait: Gait,
    tick: u64,
    /// The last byte that came, for times that run backwards.
    last: Instant,
    events: u64,
    bytes: Vec<UartByte>,
    answers: Vec<String>,
    log: Vec<u8>,
}

impl Driver {
    /// `None`: there is no such world.
    fn run(scenario: &Scenario, session: &Session, gait: Gait) -> Option<(Result, String)> {
        // The lazy one has nothing recorded: recording changes nothing.
        let on = gait == Gait::Eager;
        let recording = Recording {
            capture: on,
            log: on,
            dialogue: on,
            observations: on,
            // Questions are answered alike.
            history: true,
            log_port: on,
            pins: on,
            host_received: on,
            keylog: on,
            external: false,
            snapshot: false,
        };
        let mut world = match World::new(scenario, None, recording) {
            Ok(world) => world,
            // It names files of certificates, which nobody reads here.
            Err(Error::Network(why)) if !scenario.named_files().is_empty() && !why.is_empty() => return None,
            Err(error) => panic!("a good scenario makes no world: {error}"),
        };
        let name = world.module_names()[0].to_owned();
        let timebase = Timebase::new(session.hz.unwrap_or(1_000_000_000), Instant::ZERO).expect("a timebase");
        let module = attach(&mut world, &name, timebase);
        let mut driver = Driver {
            world,
            name,
            module,
            timebase,
            gait,
            tick: 0,
            last: Instant::ZERO,
            events: 0,
            bytes: Vec::new(),
            answers: Vec::new(),
            log: Vec::new(),
        };
        for step in &session.steps {
            driver.step(step);
            if gait == Gait::Eager {
                driver.collect();
            }
        }
        driver.collect();
        Some(driver.end())
    }

    fn step(&mut self, step: &Step) {
        let (module, tick) = (self.module, self.tick);
        match step {
            Step::Send(bytes) => {
                for byte in bytes {
                    self.world.uart_write(module, tick, *byte).expect("uart_write");
                }
            }
            Step::Wait(pause) => self.wait(*pause),
            Step::Console(line) => {
                let answer = match self.world.console(line) {
                    Ok(answer) => answer,
                    Err(Error::Console(why)) => {
                        assert!(!why.is_empty() && !why.contains('\n'), "no sentence for {line:?}: {why:?}");
                        why
                    }
                    Err(other) => panic!("the console answers {line:?} with {other}"),
                };
                self.answers.push(answer);
            }
            Step::Pin(pin, high) => self.world.set_pin(module, tick, *pin, *high).expect("set_pin"),
            Step::Uart(line) => match self.world.set_mcu_line(module, tick, *line) {
                Ok(()) | Err(Error::LineSettings(_)) => {}
                Err(other) => panic!("set_mcu_line: {other}"),
            },
            Step::Overrun => self.world.mcu_overrun(module, tick, b'x', McuLoss::Full).expect("mcu_overrun"),
            Step::Detach => {
                self.collect();
                self.world.detach(module).expect("detach");
                self.module = attach(&mut self.world, &self.name, self.timebase);
            }
        }
    }

    fn wait(&mut self, pause: Duration) {
        let now = self.timebase.instant(self.tick).expect("a time within 584 years");
        let end = self.timebase.tick(now + pause);
        if self.gait == Gait::Lazy {
            return self.go(end);
        }
        let mut at_once = 0;
        while drive::step(&mut self.world, self.module, end).expect("drive::step") {
            let now = self.world.reached(self.module).expect("reached");
            assert!(now >= self.tick, "the next event was in the past: tick {now}, reached {}", self.tick);
            at_once = if now == self.tick { at_once + 1 } else { 0 };
            self.tick = now;
            self.events += 1;
            let stuck = at_once > MOST_AT_ONCE || self.events > MOST_EVENTS;
            assert!(
                !stuck,
                "{} events, {at_once} of them at tick {now}: the world does not get on",
                self.events
            );
            self.collect();
        }
        self.tick = end;
    }

    fn go(&mut self, tick: u64) {
        self.world.advance(self.module, tick).expect("advance");
        self.tick = tick;
    }

    fn collect(&mut self) {
        while let Some(byte) = self.world.uart_read(self.module).expect("uart_read") {
            assert!(byte.at >= self.last, "a byte at {} comes after one at {}", byte.at, self.last);
            assert!(byte.tick <= self.tick, "a byte of tick {} is read at tick {}", byte.tick, self.tick);
            self.last = byte.at;
            self.bytes.push(byte);
        }
        self.log.extend(self.world.take_log());
        self.world.take_capture();
        self.world.take_dialogue();
        self.world.take_warnings();
        for seen in self.world.take_observations() {
            let now = self.timebase.tick(seen.at);
            assert!(now <= self.tick, "observed in the future: {seen:?} at tick {}", self.tick);
        }
    }

    fn end(mut self) -> (Result, String) {
        self.world.finish();
        self.collect();
        let verdicts: Vec<Outcome> = self.world.verdicts().into_iter().map(|v| v.outcome).collect();
        assert!(!verdicts.contains(&Outcome::Open), "an expectation is open after the end");
        let result = Result {
            digest: self.world.digest(),
            content: self.world.content_digest(),
            bytes: self.bytes,
            answers: self.answers,
            statistics: self.world.statistics(self.module).expect("statistics"),
            verdicts,
        };
        (result, String::from_utf8(self.log).expect("the log is text"))
    }
}

fn attach(world: &mut World, name: &str, timebase: Timebase) -> ModuleId {
    world.attach(name, Attachment { timebase, ..Attachment::default() }).expect("attach")
}
