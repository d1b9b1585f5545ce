//! What a board and the world say to each other: lines of text, a word first. Times are nanoseconds of virtual time.
//!
//! ```text
//! anyone: ask 1 0.1.0                              protocol and version
//! world: epoch 1700000000                          the scenario's, for the board's own clock
//! board: hello 1 0.1.0 wire on 115200,8n1 lamp     protocol, version, --mcu-tx, --obeys-rts, --mcu-line, module
//! world: welcome open                              the scenario does not say what the MCU's UART is set to
//! board: reach 0                                   it has come so far
//! world: go 0 5000000 6000000 0 idle 115200,8n1 115200,8n1 -
//! board: write 1200000 41540d0a                    an input; the answer is a `go`, too
//! board: sleep 1300000 2000000                     nothing comes from it before 2 ms
//! board: bye 2000000                               it has ended
//! world: facts mcu_bytes=4 …                       the module's counters
//! world: end 124 the virtual-time limit of 20 s was reached
//! ```

use std::fmt::Write as _;

use data_encoding::HEXLOWER;

use crate::uart::{LineSettings, McuLoss};
use crate::world::{Error, McuTx, ModuleId, Pin, Statistics, World};

/// The version of this language. Both ends must have the same.
pub const PROTOCOL: u32 = 1;
/// The longest line, bytes.
pub const LONGEST: usize = 4 << 20;

/// How a board introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The version of its program.
    pub version: String,
    /// The name of its module in the scenario.
    pub module: String,
    /// How stored bytes are paced, if it says so.
    pub mcu_tx: Option<McuTx>,
    /// Whether its UART obeys the module's RTS, if it says so.
    pub obeys_rts: Option<bool>,
    /// What its UART is set to for the whole run, if it says so.
    pub mcu_line: Option<LineSettings>,
}

/// What a board does to its module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It stores bytes into its UART.
    Write(Vec<u8>),
    /// It drives a pin.
    Pin(Pin, bool),
    /// It sets its UART.
    Line(LineSettings),
    /// Its receiver lost a byte.
    Overrun(u8),
    /// Its firmware printed a line on its own console.
    Printed(String),
}

impl Input {
    /// Does it at this tick of the module's driver.
    ///
    /// # Errors
    /// Those of the world's calls.
    pub fn apply(&self, world: &mut World, module: ModuleId, tick: u64) -> Result<(), Error> {
        match self {
            Input::Write(bytes) => world.uart_write_block(module, tick, bytes),
            Input::Pin(pin, high) => world.set_pin(module, tick, *pin, *high),
            Input::Line(line) => world.set_mcu_line(module, tick, *line),
            // An emulator does not say which of the two it was.
            Input::Overrun(byte) => world.mcu_overrun(module, tick, *byte, McuLoss::Unknown),
            Input::Printed(line) => world.mcu_printed(module, tick, line),
        }
    }
}

/// What a board says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Is this a world that speaks to this version? Who starts a board asks it before.
    Ask(String),
    /// Who it is.
    Hello(Hello),
    /// It does something at this time.
    Input(u64, Input),
    /// It has come so far, and would go on.
    Reach(u64),
    /// It has come so far, and sleeps until the second time unless a byte comes; `None`: for ever.
    Sleep(u64, Option<u64>),
    /// It has ended at this time.
    Bye(u64),
}

/// How far a board may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Go {
    /// From this time on.
    pub at: u64,
    /// When it must ask again, whatever it does; `None`: nothing will come unless it does something.
    pub until: Option<u64>,
    /// The last time at which it may do something without having asked again.
    pub horizon: Option<u64>,
    /// When a line of the scenario's timeline has taken effect last.
    pub moved: u64,
    /// Bytes that it has stored are still on their way.
    pub is_sending: bool,
    /// What its UART is set to, and what the module's is.
    pub lines: [LineSettings; 2],
    /// What its UART receives at `at`.
    pub bytes: Vec<u8>,
}

/// What the world says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The scenario's epoch, seconds since 1970.
    Epoch(u64),
    /// The board is awaited. True: nobody but the board says what its UART is set to.
    Welcome(bool),
    /// The board goes on.
    Go(Go),
    /// Its module's counters: the answer to `bye`.
    Facts(Statistics),
    /// The run is over: exit code and sentence. To a `hello` it is a refusal.
    End(i32, String),
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn optional<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), text)
}

/// A line setting in one word.
fn line_word(line: LineSettings) -> String {
    line.to_string().replace(' ', ",")
}

fn read_line_word(word: &str) -> Option<LineSettings> {
    LineSettings::parse(&word.replace(',', " ")).ok()
}

/// What stands where something may be missing: the outer `None` is a mistake.
fn read_optional<T>(word: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if word == "-" { Some(None) } else { read(word).map(Some) }
}

fn bytes_word(bytes: &[u8]) -> String {
    if bytes.is_empty() { "-".to_owned() } else { HEXLOWER.encode(bytes) }
}

fn read_bytes_word(word: &str) -> Option<Vec<u8>> {
    read_optional(word, |hex| HEXLOWER.decode(hex.as_bytes()).ok()).map(Option::unwrap_or_default)
}

impl Request {
    /// The line, with its end.
    pub fn line(&self) -> String {
        match self {
            Request::Ask(version) => format!("ask {PROTOCOL} {version}\n"),
            Request::Hello(hello) => {
                let Hello { version, module, mcu_tx, obeys_rts, mcu_line } = hello;
                let mcu_tx = optional(*mcu_tx, |mcu_tx| mcu_tx.word().to_owned());
                let obeys_rts = optional(*obeys_rts, |obeys| if obeys { "on" } else { "off" }.to_owned());
                let mcu_line = optional(*mcu_line, line_word);
                let module = one_line(module);
                format!("hello {PROTOCOL} {version} {mcu_tx} {obeys_rts} {mcu_line} {module}\n")
            }
            Request::Input(at, Input::Write(bytes)) => format!("write {at} {}\n", bytes_word(bytes)),
            Request::Input(at, Input::Pin(pin, high)) => {
                format!("pin {at} {} {}\n", pin.word(), u8::from(*high))
            }
            Request::Input(at, Input::Line(line)) => format!("line {at} {}\n", line_word(*line)),
            Request::Input(at, Input::Overrun(byte)) => format!("overrun {at} {byte}\n"),
            Request::Input(at, Input::Printed(text)) => format!("printed {at} {}\n", one_line(text)),
            Request::Reach(at) => format!("reach {at}\n"),
            Request::Sleep(at, until) => format!("sleep {at} {}\n", optional(*until, |t| t.to_string())),
            Request::Bye(at) => format!("bye {at}\n"),
        }
    }

    /// Reads a line, without its end; `None`: it is none of these.
    pub fn parse(line: &str) -> Option<Request> {
        let (word, rest) = line.split_once(' ')?;
        if word == "hello" || word == "ask" {
            let mut words = rest.splitn(6, ' ');
            let protocol: u32 = words.next()?.parse().ok()?;
            let version = words.next()?.to_owned();
            // What comes behind may mean something else there.
            if protocol != PROTOCOL {
                return Some(Request::Ask(format!("{version} (protocol {protocol})")));
            } else if word == "ask" {
                return Some(Request::Ask(version));
            }
            return Some(Request::Hello(Hello {
                version,
                mcu_tx: read_optional(words.next()?, |word| McuTx::parse(word).ok())?,
                obeys_rts: read_optional(words.next()?, |word| match word {
                    "on" => Some(true),
                    "off" => Some(false),
                    _ => None,
                })?,
                mcu_line: read_optional(words.next()?, read_line_word)?,
                module: words.next()?.to_owned(),
            }));
        }
        let (at, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let at: u64 = at.parse().ok()?;
        let input = match word {
            "reach" => return Some(Request::Reach(at)),
            "sleep" => return Some(Request::Sleep(at, read_optional(rest, |t| t.parse().ok())?)),
            "bye" => return Some(Request::Bye(at)),
            "write" => Input::Write(read_bytes_word(rest)?),
            "pin" => {
                let (pin, level) = rest.split_once(' ')?;
                let pin = Pin::WORDS.iter().find(|(word, _)| *word == pin)?.1;
                let level = match level {
                    "0" => false,
                    "1" => true,
                    _ => return None,
                };
                Input::Pin(pin, level)
            }
            "line" => Input::Line(read_line_word(rest)?),
            "overrun" => Input::Overrun(rest.parse().ok()?),
            "printed" => Input::Printed(rest.to_owned()),
            _ => return None,
        };
        Some(Request::Input(at, input))
    }
}

impl Answer {
    /// The line, with its end.
    pub fn line(&self) -> String {
        match self {
            Answer::Epoch(seconds) => format!("epoch {seconds}\n"),
            Answer::Welcome(is_open) => {
                format!("welcome {}\n", if *is_open { "open" } else { "set" })
            }
            Answer::Go(go) => {
                let mut out = format!("go {} ", go.at);
                for time in [go.until, go.horizon] {
                    // Writing into a String cannot fail.
                    let _ = match time {
                        Some(time) => write!(out, "{time} "),
                        None => write!(out, "- "),
                    };
                }
                let [mcu, module] = go.lines.map(line_word);
                let wire = if go.is_sending { "busy" } else { "idle" };
                let _ = writeln!(out, "{} {wire} {mcu} {module} {}", go.moved, bytes_word(&go.bytes));
                out
            }
            Answer::Facts(statistics) => {
                let mut out = "facts".to_owned();
                let mut statistics = *statistics;
                statistics.counters(|name, value| {
                    let _ = write!(out, " {name}={value}");
                });
                out.push('\n');
                out
            }
            Answer::End(code, sentence) => format!("end {code} {}\n", one_line(sentence)),
        }
    }

    /// Reads a line, without its end; `None`: it is none of these.
    pub fn parse(line: &str) -> Option<Answer> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "epoch" => rest.parse().ok().map(Answer::Epoch),
            "welcome" => match rest {
                "open" => Some(Answer::Welcome(true)),
                "set" => Some(Answer::Welcome(false)),
                _ => None,
            },
            "go" => {
                let mut words = rest.split(' ');
                let mut next = || words.next();
                let time = |word: &str| word.parse().ok();
                let go = Go {
                    at: time(next()?)?,
                    until: read_optional(next()?, time)?,
                    horizon: read_optional(next()?, time)?,
                    moved: time(next()?)?,
                    is_sending: match next()? {
                        "busy" => true,
                        "idle" => false,
                        _ => return None,
                    },
                    lines: [read_line_word(next()?)?, read_line_word(next()?)?],
                    bytes: read_bytes_word(next()?)?,
                };
                next().is_none().then_some(Answer::Go(go))
            }
            "facts" => {
                let mut statistics = Statistics::default();
                statistics.counters(|name, value| {
                    let found = rest.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
                    if let Some(found) = found.and_then(|found| found.parse().ok()) {
                        *value = found;
                    }
                });
                Some(Answer::Facts(statistics))
            }
            "end" => {
                let (code, sentence) = rest.split_once(' ')?;
                Some(Answer::End(code.parse().ok()?, sentence.to_owned()))
            }
            _ => None,
        }
    }
}

/// Takes lines out of what has come so far, however it is cut.
#[derive(Debug, Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    /// More has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole line, without its end. The error: what comes is no line of this language.
    pub fn take(&mut self) -> Result<Option<String>, NoLine> {
        match self.0.iter().position(|&byte| byte == b'\n') {
            Some(end) => {
                let mut line: Vec<u8> = self.0.drain(..=end).collect();
                line.pop();
                String::from_utf8(line).map(Some).map_err(|_| NoLine)
            }
            None if self.0.len() > LONGEST => Err(NoLine),
            None => Ok(None),
        }
    }
}

/// What has come is not a line of text, or one without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLine;

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: LineSettings = LineSettings::eight_n_one(115_200);

    #[test]
    fn every_request_is_read_as_it_was_written() {
        let hello = Hello {
            version: "0.1.0".into(),
            module: "the lamp".into(),
            mcu_tx: Some(McuTx::AsStored),
            obeys_rts: Some(false),
            mcu_line: Some(LINE),
        };
        let bare =
            Hello { mcu_tx: None, obeys_rts: None, mcu_line: None, module: "m".into(), ..hello.clone() };
        for request in [
            Request::Ask("0.1.0".into()),
            Request::Hello(hello),
            Request::Hello(bare),
            Request::Input(7, Input::Write(b"AT\r\n".to_vec())),
            Request::Input(7, Input::Write(Vec::new())),
            Request::Input(8, Input::Pin(Pin::McuRts, true)),
            Request::Input(9, Input::Line(LINE)),
            Request::Input(10, Input::Overrun(255)),
            Request::Input(11, Input::Printed("a line, whatever".into())),
            Request::Input(12, Input::Printed(String::new())),
            Request::Reach(u64::MAX),
            Request::Sleep(1, Some(2)),
            Request::Sleep(1, None),
            Request::Bye(3),
        ] {
            let line = request.line();
            assert_eq!(Request::parse(line.trim_end_matches('\n')), Some(request), "{line}");
        }
    }

    #[test]
    fn every_answer_is_read_as_it_was_written() {
        let go = Go {
            at: 1,
            until: Some(2),
            horizon: None,
            moved: 3,
            is_sending: true,
            lines: [LINE, LineSettings::parse("9600 7e1.5").expect("right")],
            bytes: b"\r\nready\r\n".to_vec(),
        };
        let bare = Go { until: None, horizon: Some(9), is_sending: false, bytes: Vec::new(), ..go.clone() };
        let statistics = Statistics { mcu_bytes: 7, wire_lost: 9, ..Statistics::default() };
        for answer in [
            Answer::Epoch(1_700_000_000),
            Answer::Welcome(true),
            Answer::Welcome(false),
            Answer::Go(go),
            Answer::Go(bare),
            Answer::Facts(statistics),
            Answer::End(124, "it is over".into()),
        ] {
            let line = answer.line();
            assert_eq!(Answer::parse(line.trim_end_matches('\n')), Some(answer), "{line}");
        }
    }

    #[test]
    fn a_text_cannot_become_a_second_line() {
        let printed = Request::Input(1, Input::Printed("one\ntwo\r".into())).line();
        assert_eq!(printed, "printed 1 one two \n");
        assert_eq!(Answer::End(1, "a\nb".into()).line(), "end 1 a b\n");
    }

    #[test]
    fn what_is_no_message_is_none() {
        for line in [
            "",
            "reach",
            "reach x",
            "reach -1",
            "sleep 1",
            "sleep 1 x",
            "write 1 4",
            "write 1 zz",
            "pin 1 en",
            "pin 1 en 2",
            "pin 1 enable 1",
            "line 1 115200",
            "overrun 1 256",
            "jump 1",
            "hello 1 0.1.0 wire on",
            "hello x",
        ] {
            assert_eq!(Request::parse(line), None, "{line}");
        }
        for line in
            ["", "go", "go 1 2 3", "welcome", "welcome home", "end", "end x y", "go 1 - - 0 idle 1 2 -"]
        {
            assert_eq!(Answer::parse(line), None, "{line}");
        }
    }

    #[test]
    fn another_protocol_shows_in_the_version() {
        for line in ["hello 2 0.2.0 anything at all", "ask 2 0.2.0"] {
            assert_eq!(Request::parse(line), Some(Request::Ask("0.2.0 (protocol 2)".into())), "{line}");
        }
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let mut lines = Lines::default();
        lines.push(b"reach 1\nrea");
        assert_eq!(lines.take(), Ok(Some("reach 1".to_owned())));
        assert_eq!(lines.take(), Ok(None));
        lines.push(b"ch 2\n\n");
        assert_eq!(lines.take(), Ok(Some("reach 2".to_owned())));
        assert_eq!(lines.take(), Ok(Some(String::new())));
        lines.push(b"\xff\n");
        assert_eq!(lines.take(), Err(NoLine), "bytes that are no text");
        lines.push(&vec![b'x'; LONGEST + 1]);
        assert_eq!(lines.take(), Err(NoLine), "a line that never ends");
    }
}
