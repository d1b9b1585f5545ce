//! The input log: everything that was ever put into a world, as text.
//!
//! A world is a pure function of its inputs, so this list is its snapshot: [`parse`] gives back what the world
//! needs to become the same again. One line is one input, in the order in which they were made:
//!
//! ```text
//! espat-sim input log 4
//! crate 0.1.0
//! seed 7
//! scenario "lab.toml" 29 bytes 3 lines
//! |[ap.home]
//! |ssid = "espat-sim"
//! |
//! 0 wifi attach id=0 hz=1000000000 mcu-tx=as-stored
//! 86805 wifi uart "AT\r\n"
//! 7000000 wifi uart every 86805 late 1:1:qoA "AT+CWJAP?\r\n"
//! 1500000000 * console ap home down
//! 1900000000 wifi printed "PASS"
//! 2000000000 wifi reach
//! end digest=0123456789abcdef content=fedcba9876543210 text=0011223344556677
//! ```
//!
//! Below the scenario stands what its modules had saved before, if it names files for that: `saved "wifi" "nvs.toml" 277
//! bytes 24 lines`, and the text in the same way; then the other files that it names: `file "my.pem" 1164 bytes 20 lines`, and
//! with `base64` behind that one that is no text, in lines of Base64.
//!
//! `attach` has what the driver gave, `mcu-tx` and `obeys-rts`, and leaves out what it left to the scenario.
//!
//! A line starts with a time: ticks of the attachment's own timebase for what a driver did (that of `attach` is
//! the origin in nanoseconds), nanoseconds of the world for `*`, the world itself. `uart` carries a run of bytes that the
//! MCU stored: all at one tick, or one `every` so many ticks. Where gaps differ, `late UNIT:WIDTH:BITS` says how many units
//! longer than that each is: a number of so many bits for each gap, most significant bit first, all in Base64 (RFC 4648, not
//! padded). The bytes are a text in quotes where they are one, otherwise `base64` and what they are in it. `overrun` has the byte that the MCU's receiver lost, with `full` or `off` where the driver knew why; `pin` a
//! pin's new level;
//! `line` what the MCU's UART was set to; `printed` a line that its firmware printed on its own console;
//! `* lan N attach "home"`, `* lan N frame BASE64` and `* lan N detach` are of a device with Ethernet: its cable into the LAN of
//! an access point, and each frame that it sent, at the time at which it sent it.
//! `reach` says how far the module's clock had come where no later input shows it, and for `*` those of all modules
//! with a driver.
//!
//! Each module's lines are in the order of its time. Those of several modules stand as they came to be whole, and who
//! reads them again goes by the time, each module no further behind than the world's lookahead lets it be. Before `attach`,
//! `detach`, `lan` and `console` everything has been written that was put in before.
//!
//! `end` has the digests of the run, and with `text` the hash of all lines above it (XXH3, 64 bits, of their bytes): a log that was
//! damaged, or changed, does not get the blame for what its run does then. Who changes one on purpose takes that word out.
//!
//! A log without its last line is cut off, not wrong: what was lost is in [`Log::truncated`].
//!
//! Format 1 was before any release, and no longer read; from 2 on every later espat-sim reads every format. Format 2
//! had bytes of one tick only, in hex (`uart 41 54 0d 0a`), and no `reach` for `*`; format 3 had no `text`.

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

use crate::uart::{LineSettings, McuLoss};
use crate::world::scenario::SavedText;
use crate::world::{McuTx, Pin, Scenario};
use read::{Body, Reader};
pub use run::Pace;
use run::Run;
pub use write::Writer;

mod read;
mod run;
mod write;

/// The version of the format, in its first line.
pub const VERSION: u32 = 4;

/// The first line, without the version.
const MAGIC: &str = "espat-sim input log ";

/// Bytes of a file in one line of Base64.
const FILE_BYTES_PER_LINE: usize = 57;

/// The oldest version that is read.
const OLDEST: u32 = 2;

/// A log that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The version of espat-sim that wrote it.
    pub crate_version: String,
    /// The seed that was in force.
    pub seed: u64,
    /// The scenario's name, for messages.
    pub scenario_name: String,
    /// The scenario's text, byte for byte.
    pub scenario_text: String,
    /// What modules had saved before the start: name of the module, name of the file, contents.
    pub saved: Vec<(String, SavedText)>,
    /// Files that the scenario names: path and contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// What was put in, in order.
    pub inputs: Vec<Input>,
    /// For each input the number of its line, from 1.
    pub lines: Vec<usize>,
    /// How it ended; `None` when the log was not closed.
    pub end: Option<End>,
    /// The incomplete last line, when the log is cut off within one.
    pub truncated: Option<Truncated>,
}

impl Log {
    /// Gives a scenario what its modules had saved and the files that it names, as the log has them.
    ///
    /// # Errors
    /// One sentence: the log has saved settings of a module that the scenario lacks.
    pub fn equip(&self, scenario: &mut Scenario) -> Result<(), String> {
        for (name, saved) in &self.saved {
            let Some(module) = scenario.modules.iter_mut().find(|m| m.name == *name) else {
                return Err(format!("the log has saved settings of '{name}', which its scenario lacks"));
            };
            module.saved = Some(saved.clone());
        }
        for (path, content) in &self.files {
            scenario.supply(path, content.clone());
        }
        Ok(())
    }
}

/// What is left of a line that the log's end cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncated {
    /// Its number, from 1.
    pub line: usize,
    /// What is there of it.
    pub rest: String,
}

/// The digests at the end, for a replay to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The world's digest.
    pub digest: u64,
    /// The world's content digest.
    pub content_digest: u64,
}

/// One input. Ticks are those of the module's attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A driver came.
    Attach {
        /// The module's id.
        module: u32,
        /// The module's name.
        name: String,
        /// Ticks in one second, not 0.
        hz: u64,
        /// The world's time at tick 0, in nanoseconds.
        origin_ns: u64,
        /// How stored bytes are paced, if the driver said it.
        mcu_tx: Option<McuTx>,
        /// Whether the MCU's UART obeys the module's RTS, if the driver said it.
        obeys_rts: Option<bool>,
    },
    /// The driver left.
    Detach {
        /// The module's id.
        module: u32,
    },
    /// The MCU stored bytes, all at one tick or at a steady pace.
    Uart {
        /// The module's id.
        module: u32,
        /// When it stored the first.
        tick: u64,
        /// How the others followed.
        pace: Pace,
        /// The bytes in order, at least one.
        bytes: Vec<u8>,
    },
    /// A pin's level changed.
    Pin {
        /// The module's id.
        module: u32,
        /// When.
        tick: u64,
        /// Which pin.
        pin: Pin,
        /// Its new level.
        high: bool,
    },
    /// The MCU set its UART.
    Line {
        /// The module's id.
        module: u32,
        /// When.
        tick: u64,
        /// What to.
        line: LineSettings,
    },
    /// The MCU's firmware printed a line on its own console.
    Printed {
        /// The module's id.
        module: u32,
        /// When.
        tick: u64,
        /// The line, without its end.
        line: String,
    },
    /// The MCU's receiver lost a byte.
    Overrun {
        /// The module's id.
        module: u32,
        /// When.
        tick: u64,
        /// The byte.
        byte: u8,
        /// Why, as far as the driver knows.
        loss: McuLoss,
    },
    /// A line of the console.
    Console {
        /// The world's time at which it took effect, in nanoseconds.
        at_ns: u64,
        /// The line.
        line: String,
    },
    /// A driver plugged a cable into a LAN.
    LanAttach {
        /// When it took effect, in nanoseconds of the world's time.
        at_ns: u64,
        /// The cable's number.
        port: u32,
        /// The access point whose LAN it is.
        access_point: String,
    },
    /// It pulled the cable out.
    LanDetach {
        /// When it took effect, in nanoseconds of the world's time.
        at_ns: u64,
        /// The cable's number.
        port: u32,
    },
    /// The device at a cable's end sent an Ethernet frame.
    LanFrame {
        /// When, in nanoseconds of the world's time.
        at_ns: u64,
        /// The cable's number.
        port: u32,
        /// The frame, without its checksum.
        frame: Vec<u8>,
    },
    /// The module's clock came as far as this.
    Advance {
        /// The module's id.
        module: u32,
        /// How far.
        tick: u64,
    },
    /// The clocks of all modules with a driver came as far as this.
    AdvanceAll {
        /// How far, in nanoseconds of the world's time.
        at_ns: u64,
    },
}

/// Reads a log, all of it.
///
/// # Errors
/// The first line that is not as it should be. A log that only lacks its end is no error.
pub fn parse(text: &str) -> Result<Log, LogError> {
    let mut reader = Reader::new(text);
    let crate_version = reader.header()?;
    let seed = reader.seed()?;
    let (scenario_name, scenario_text) = reader.scenario()?;
    let saved = reader.saved()?;
    let files = reader.files()?;
    let Body { inputs, lines, end, truncated } = reader.inputs()?;
    Ok(Log { crate_version, seed, scenario_name, scenario_text, saved, files, inputs, lines, end, truncated })
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogError {
    /// The line, from 1.
    pub line: usize,
    /// What was expected there, and what was found.
    pub message: String,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the input log: {}", self.line, self.message)
    }
}
impl std::error::Error for LogError {}

/// The hash of a log's text, piece by piece.
#[derive(Clone, Default)]
struct TextHash(Box<Xxh3>);

impl TextHash {
    fn update(&mut self, text: &[u8]) {
        self.0.update(text);
    }

    /// That of all so far.
    fn value(&self) -> u64 {
        self.0.digest()
    }
}

impl fmt::Debug for TextHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextHash({:016x})", self.value())
    }
}

fn pin_word(pin: Pin) -> &'static str {
    match pin {
        Pin::En => "en",
        Pin::Gpio0 => "gpio0",
        Pin::Wake => "wake",
        Pin::McuRts => "rts",
    }
}

fn level_word(high: bool) -> &'static str {
    if high { "high" } else { "low" }
}

/// A module's name as lines have it: in quotes unless it is one plain word.
fn module_name(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
    let inner = |b: u8| plain(b) || b == b'-';
    if name.bytes().next().is_some_and(plain) && name.bytes().all(inner) && name != "end" {
        name.to_string()
    } else {
        quoted(name)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "\\\""))
}

/// The text on one line: backslashes and control characters are escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
