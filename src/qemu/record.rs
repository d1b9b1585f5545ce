//! Records: the lines of text in which the plugin tells `espat-sim qemu`, or a test, what happened.
//!
//! One line for each record, a keyword first: the dialogue and warnings as they happen, then the facts of the
//! run. The report file holds the facts and the warnings only.
//!
//! ```text
//! dialogue 12345678 mcu line 41540d0a wifi
//! console 12345678 68656c6c6f
//! typed 12345678 776966690a
//! warning wifi: 3 bytes lost at 0.012345 s
//! end 124 the virtual-time limit of 20 s was reached
//! signal -
//! unwritten cannot write run.pcapng: No space left on device (os error 28)
//! time 20000000000
//! expect 3 met 2311000000 by 5s wifi station joined home
//! expect 4 absent never wifi uart lost
//! expect 5 failed by 12s www http GET /status<tab>`www http GET /status` did not happen by 12 s; …
//! mcu-line 115200 8n1
//! digest 0123456789abcdef
//! content-digest 0123456789abcdef
//! statistics mcu_bytes=12 module_bytes=34 …
//! flood 1234
//! ```

use std::fmt::Write as _;

use crate::capture::{PacketKind, Side, UartPacket};
use crate::time::Instant;
use crate::uart::LineSettings;
use crate::world::{Outcome, Statistics, Verdict};

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A packet of the dialogue, and the name of its module.
    Dialogue(String, UartPacket),
    /// A line of the guest's console, without its line end, and the time of that.
    Console(Instant, Vec<u8>),
    /// What was typed on the guest's console, and the time of the last byte.
    Typed(Instant, Vec<u8>),
    /// A warning: one sentence.
    Warning(String),
    /// Why the run ended when the coupling ended it: exit code and sentence.
    End(i32, String),
    /// A signal has asked QEMU to end.
    Signal,
    /// A file of the run could not be written: one sentence.
    Unwritten(String),
    /// The virtual time at the end, in nanoseconds.
    Time(u64),
    /// What came of one of the scenario's expectations.
    Expect(Verdict),
    /// What the guest's UART was set to in the end, where it is followed; `None`: its model has not told.
    McuLine(Option<LineSettings>),
    /// The world's digest.
    Digest(u64),
    /// The digest without times.
    ContentDigest(u64),
    /// The module's counters.
    Statistics(Statistics),
    /// How often the test aid woke QEMU's main loop.
    Flood(u64),
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

impl Record {
    /// The record as a line, with its line end.
    pub fn line(&self) -> String {
        let mut out = String::new();
        // Writing into a String cannot fail.
        let _ = match self {
            Record::Dialogue(module, p) => {
                let side = match p.from {
                    Side::Mcu => "mcu",
                    Side::Module => "module",
                };
                let kind = match p.kind {
                    PacketKind::Line => "line",
                    PacketKind::Prompt => "prompt",
                    PacketKind::Data => "data",
                };
                let _ = write!(out, "dialogue {} {side} {kind} ", p.at.as_nanos());
                push_hex(&mut out, &p.bytes);
                write!(out, " {}", one_line(module))
            }
            Record::Console(at, line) => {
                let _ = write!(out, "console {} ", at.as_nanos());
                push_hex(&mut out, line);
                Ok(())
            }
            Record::Typed(at, bytes) => {
                let _ = write!(out, "typed {} ", at.as_nanos());
                push_hex(&mut out, bytes);
                Ok(())
            }
            Record::McuLine(Some(line)) => write!(out, "mcu-line {line}"),
            Record::McuLine(None) => write!(out, "mcu-line -"),
            Record::Warning(text) => write!(out, "warning {}", one_line(text)),
            Record::End(code, text) => write!(out, "end {code} {}", one_line(text)),
            Record::Signal => write!(out, "signal -"),
            Record::Unwritten(text) => write!(out, "unwritten {}", one_line(text)),
            Record::Time(ns) => write!(out, "time {ns}"),
            Record::Expect(Verdict { text, line, outcome }) => {
                let text = one_line(text).replace('\t', " ");
                match outcome {
                    Outcome::Met(at) => write!(out, "expect {line} met {} {text}", at.as_nanos()),
                    Outcome::Absent => write!(out, "expect {line} absent {text}"),
                    Outcome::Failed(why) => write!(out, "expect {line} failed {text}\t{}", one_line(why)),
                    Outcome::Open => write!(out, "expect {line} open {text}"),
                }
            }
            Record::Digest(d) => write!(out, "digest {d:016x}"),
            Record::ContentDigest(d) => write!(out, "content-digest {d:016x}"),
            Record::Statistics(s) => {
                out.push_str("statistics");
                let mut s = *s;
                s.counters(|name, value| {
                    let _ = write!(out, " {name}={value}");
                });
                Ok(())
            }
            Record::Flood(n) => write!(out, "flood {n}"),
        };
        out.push('\n');
        out
    }

    /// Reads a line. `None` when it is not a record.
    pub fn parse(line: &str) -> Option<Record> {
        let line = line.trim_end_matches(['\n', '\r']);
        let (keyword, rest) = line.split_once(' ')?;
        Some(match keyword {
            "dialogue" => {
                let mut words = rest.splitn(5, ' ');
                let at = Instant::from_nanos(words.next()?.parse().ok()?);
                let from = match words.next()? {
                    "mcu" => Side::Mcu,
                    "module" => Side::Module,
                    _ => return None,
                };
                let kind = match words.next()? {
                    "line" => PacketKind::Line,
                    "prompt" => PacketKind::Prompt,
                    "data" => PacketKind::Data,
                    _ => return None,
                };
                let bytes = bytes_of_hex(words.next()?)?;
                Record::Dialogue(words.next()?.to_owned(), UartPacket { since: at, at, from, kind, bytes })
            }
            "console" => {
                let (at, line) = rest.split_once(' ')?;
                Record::Console(Instant::from_nanos(at.parse().ok()?), bytes_of_hex(line)?)
            }
            "typed" => {
                let (at, bytes) = rest.split_once(' ')?;
                Record::Typed(Instant::from_nanos(at.parse().ok()?), bytes_of_hex(bytes)?)
            }
            "mcu-line" if rest == "-" => Record::McuLine(None),
            "mcu-line" => Record::McuLine(Some(LineSettings::parse(rest).ok()?)),
            "warning" => Record::Warning(rest.to_owned()),
            "end" => {
                let (code, text) = rest.split_once(' ')?;
                Record::End(code.parse().ok()?, text.to_owned())
            }
            "signal" => Record::Signal,
            "unwritten" => Record::Unwritten(rest.to_owned()),
            "time" => Record::Time(rest.parse().ok()?),
            "expect" => {
                let (line, rest) = rest.split_once(' ')?;
                let (keyword, text) = rest.split_once(' ')?;
                let (text, outcome) = match keyword {
                    "met" => {
                        let (at, text) = text.split_once(' ')?;
                        (text, Outcome::Met(Instant::from_nanos(at.parse().ok()?)))
                    }
                    "absent" => (text, Outcome::Absent),
                    "failed" => {
                        let (text, why) = text.split_once('\t')?;
                        (text, Outcome::Failed(why.to_owned()))
                    }
                    "open" => (text, Outcome::Open),
                    _ => return None,
                };
                Record::Expect(Verdict { text: text.to_owned(), line: line.parse().ok()?, outcome })
            }
            "digest" => Record::Digest(u64::from_str_radix(rest, 16).ok()?),
            "content-digest" => Record::ContentDigest(u64::from_str_radix(rest, 16).ok()?),
            "statistics" => {
                let mut s = Statistics::default();
                s.counters(|name, value| {
                    let found = rest.split(' ').find_map(|w| w.strip_prefix(name)?.strip_prefix('='));
                    *value = found.and_then(|v| v.parse().ok()).unwrap_or(0);
                });
                Record::Statistics(s)
            }
            "flood" => Record::Flood(rest.parse().ok()?),
            _ => return None,
        })
    }
}

/// Two digits a byte; `-` for no bytes at all, so that the word is always there.
fn push_hex(out: &mut String, bytes: &[u8]) {
    if bytes.is_empty() {
        out.push('-');
    }
    for b in bytes {
        // Writing into a String cannot fail.
        let _ = write!(out, "{b:02x}");
    }
}

fn bytes_of_hex(hex: &str) -> Option<Vec<u8>> {
    if hex == "-" {
        return Some(Vec::new());
    }
    let digits: Option<Vec<u8>> = hex.chars().map(|c| Some(c.to_digit(16)? as u8)).collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    Some(digits.chunks_exact(2).map(|d| d[0] << 4 | d[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_reads_back_as_it_was_written() {
        let packet = |from, kind, bytes: &[u8]| {
            let at = Instant::from_nanos(12_345);
            Record::Dialogue(
                "my wifi".into(),
                UartPacket { since: at, at, from, kind, bytes: bytes.to_vec() },
            )
        };
        let expect = |outcome| Record::Expect(Verdict { text: "by 5s wifi reply".into(), line: 3, outcome });
        let statistics = Statistics { mcu_bytes: 1, module_bytes: 2, frames_lost: 9, ..Default::default() };
        for record in [
            packet(Side::Mcu, PacketKind::Line, b"AT\r\n"),
            packet(Side::Module, PacketKind::Prompt, b">"),
            packet(Side::Module, PacketKind::Data, &[0, 0x80, 0xff]),
            packet(Side::Module, PacketKind::Data, &[]),
            Record::Console(Instant::from_nanos(7), b"[ 12 ms] joined\x1b".to_vec()),
            Record::Console(Instant::from_nanos(8), Vec::new()),
            Record::Typed(Instant::from_nanos(9), b"wifi scan\n".to_vec()),
            Record::McuLine(None),
            Record::McuLine(Some(LineSettings::eight_n_one(921_600))),
            Record::Warning("one byte lost".into()),
            Record::End(124, "the limit was reached".into()),
            Record::Signal,
            Record::Unwritten("cannot write x: no space left".into()),
            Record::Time(u64::MAX),
            expect(Outcome::Met(Instant::from_nanos(7))),
            expect(Outcome::Absent),
            expect(Outcome::Open),
            expect(Outcome::Failed("`wifi reply` did not happen".into())),
            Record::Digest(0xab),
            Record::ContentDigest(u64::MAX),
            Record::Statistics(statistics),
            Record::Flood(7),
        ] {
            let line = record.line();
            assert_eq!(line.matches('\n').count(), 1, "not one line: {line:?}");
            assert_eq!(Record::parse(&line).as_ref(), Some(&record), "read back differently: {line:?}");
        }
    }

    #[test]
    fn a_line_that_is_no_record_is_refused() {
        for line in [
            "",
            "digest",
            "digest xyz",
            "dialogue 1 mcu line 4 wifi",
            "dialogue 1 mcu line +1 wifi",
            "dialogue 1 host line 41 wifi",
            "end now",
            "hello world",
        ] {
            assert_eq!(Record::parse(line), None, "taken for a record: {line:?}");
        }
    }

    #[test]
    fn a_line_end_inside_a_text_does_not_make_two_records() {
        assert_eq!(Record::Warning("a\r\nb".into()).line(), "warning a  b\n");
    }
}
