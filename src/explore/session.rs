//! A session: a world, and what its hosts and a test do to it, interleaved with time.
//!
//! It is text in the manner of a transcript, so that what fails can be read, cut down by hand and turned into a test.
//! Every text means something: a line that begins with none of the words below is sent as it stands.
//!
//! ```text
//! scenario            the scenario's text, up to a line `end`; without it, or with a bad one, the built-in one
//! hz 72000000         the drivers' timebase
//! origin 20 ms        the world's time at their tick 0
//! module NAME         what follows is done by the host of this module; before, by that of the first one
//! > AT+CIPMUX=1       the host sends a line, with CR LF
//! >| \x00+++          the host sends these bytes
//! wait 20 ms          time passes
//! console LINE        a line of the console
//! pin en low          the host sets a pin
//! uart 9600 8n1       the host sets its UART
//! overrun             the host loses a byte
//! print PASS          the host's firmware prints a line on its own console
//! detach              the driver goes, and another comes
//! lan home            a device with Ethernet comes, at the LAN of this access point
//! frame ffffffffffff… it sends a frame, in hexadecimal digits
//! snapshot            the world is saved, and goes on as it was restored
//! ```

use std::fmt;

use data_encoding::HEXLOWER;

use crate::time::Duration;
use crate::uart::LineSettings;
use crate::world::Pin;

/// Most bytes that the host sends.
const MOST_BYTES: usize = 16 * 1024;
/// Most lines of the console.
const MOST_LINES: usize = 64;
/// Most times that the world is saved.
const MOST_SNAPSHOTS: usize = 4;
/// Longest virtual time of a session, and of one pause.
const LONGEST: Duration = Duration::from_secs(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

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
    Uart(LineSettings),
    /// The host loses a byte.
    Overrun,
    /// The host's firmware prints a line.
    Print(String),
    /// The driver goes, and another comes.
    Detach,
    /// A device with Ethernet comes, at the LAN of this access point, if there is one.
    Lan(String),
    /// It sends a frame.
    Frame(Vec<u8>),
    /// The world is saved and restored.
    Snapshot,
    /// What follows is done by the host of this module, if there is one.
    Module(String),
}

/// A session.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The scenario's text.
    pub scenario: Option<String>,
    /// Ticks of the drivers in a second.
    pub hz: Option<u64>,
    /// The world's time at their tick 0.
    pub origin: Option<Duration>,
    /// What happens.
    pub steps: Vec<Step>,
}

impl Session {
    /// Reads a session. Every input is one.
    pub fn parse(input: &[u8]) -> Session {
        let mut session = Session::default();
        // The last line has an end like the others.
        let mut lines = input.strip_suffix(b"\n").unwrap_or(input).split(|b| *b == b'\n');
        let (mut bytes, mut console, mut snapshots, mut time) = (0, 0, 0, Duration::ZERO);
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
            if let ("origin", Some(origin)) = (word, pause(rest).filter(|origin| *origin <= LONGEST_PAUSE)) {
                session.origin = Some(origin);
                continue;
            }
            let step = step(word, rest).unwrap_or_else(|| Step::Send(unescaped(line)));
            match &step {
                Step::Send(sent) | Step::Frame(sent) => bytes += sent.len(),
                Step::Print(line) => bytes += line.len(),
                Step::Console(_) => console += 1,
                Step::Snapshot => snapshots += 1,
                Step::Wait(pause) => time = time + *pause,
                _ => {}
            }
            if bytes > MOST_BYTES || console > MOST_LINES || snapshots > MOST_SNAPSHOTS || time > LONGEST {
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
        if let Some(origin) = self.origin {
            out.push_str(&format!("origin {} ns\n", origin.as_nanos()));
        }
        for step in &self.steps {
            out.push_str(&format!("{step}\n"));
        }
        out
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Send(bytes) => match bytes.strip_suffix(b"\r\n") {
                Some(line) => write!(f, "> {}", escaped(line)),
                None => write!(f, ">| {}", escaped(bytes)),
            },
            Step::Wait(pause) => write!(f, "wait {} ns", pause.as_nanos()),
            Step::Console(line) => write!(f, "console {line}"),
            Step::Pin(pin, high) => write!(f, "pin {} {}", pin.word(), if *high { "high" } else { "low" }),
            Step::Uart(line) => write!(f, "uart {line}"),
            Step::Overrun => f.write_str("overrun"),
            Step::Print(line) => write!(f, "print {line}"),
            Step::Detach => f.write_str("detach"),
            Step::Lan(access_point) => write!(f, "lan {access_point}"),
            Step::Frame(bytes) => write!(f, "frame {}", HEXLOWER.encode(bytes)),
            Step::Snapshot => f.write_str("snapshot"),
            Step::Module(name) => write!(f, "module {name}"),
        }
    }
}

fn step(word: &str, rest: &str) -> Option<Step> {
    Some(match word {
        ">" => Step::Send([unescaped(rest.as_bytes()), b"\r\n".to_vec()].concat()),
        ">|" => Step::Send(unescaped(rest.as_bytes())),
        "wait" => Step::Wait(pause(rest)?.min(LONGEST_PAUSE)),
        "console" => Step::Console(rest.to_owned()),
        "uart" => Step::Uart(LineSettings::parse(rest).ok()?),
        "module" => Step::Module(rest.to_owned()),
        "overrun" => Step::Overrun,
        "print" => Step::Print(rest.to_owned()),
        "detach" => Step::Detach,
        "lan" => Step::Lan(rest.to_owned()),
        "frame" => Step::Frame(HEXLOWER.decode(rest.as_bytes()).ok()?),
        "snapshot" if rest.is_empty() => Step::Snapshot,
        "pin" => {
            let (name, level) = rest.split_once(' ')?;
            let (_, pin) = Pin::WORDS.iter().find(|(known, _)| *known == name)?;
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
