//! What the AT firmware prints: to the MCU, in whole pieces, and on the log port.

use std::collections::VecDeque;

use super::error::ErrorCode;
use super::filter::Filters;
use super::hostile::{Around, Hostile, Place};
use crate::capture::Mark;
use crate::profile::LogLevel;
use crate::time::Instant;

/// Room for the longest header and the line end behind data, bytes.
pub const FRAMING: usize = 64;

/// Bits of AT+SYSMSG: `+QUITT` when passthrough is left, `+LINK_CONN` in place of `CONNECT`, and what happens to station
/// and links is said in passthrough, too.
const LEFT: u8 = 1;
const DETAILED: u8 = 2;
const ALWAYS: u8 = 4;

/// Bytes on their way to the UART, each marked with what it is part of, and those for the log port. All of it is gone
/// after a restart.
#[derive(Debug, Default)]
pub struct Output {
    bytes: VecDeque<(u8, Mark)>,
    /// Bytes for the log port.
    pub log_port: VecDeque<u8>,
    /// A build whose log texts come out of the AT port.
    merged_log: bool,
    /// From which severity on ESP-IDF's texts come out of the log port.
    pub log_level: LogLevel,
    /// When the firmware started.
    pub started: Instant,
    /// AT+SYSLOG=1: an error's code has a line of its own.
    pub syslog: bool,
    /// Passthrough is under way: what happens to station and links is not said.
    pub transparent: bool,
    /// AT+SYSMSG as it is in force: see [`Output::announces`] and its neighbours.
    pub messages: u8,
    /// Data waits for room in the UART's transmit ring.
    pub starved: bool,
    /// What the host does not want to read.
    pub filters: Filters,
    /// What is printed waits here to be mixed, while reports are hostile.
    pub hostile: Option<Box<Hostile>>,
}

impl Output {
    /// Nothing printed. `merged_log`: log texts go to the AT port. `log_level`: from this severity on. `messages`:
    /// AT+SYSMSG.
    pub fn new(started: Instant, merged_log: bool, log_level: LogLevel, messages: u8) -> Self {
        Output { started, merged_log, log_level, messages, ..Output::default() }
    }

    /// Prints a line on the log port (UART0), where the firmware says why something failed. The library's texts
    /// end in `\r`, and `puts` adds a converted newline.
    pub fn log(&mut self, text: &str) {
        if self.merged_log {
            self.text(&format!("{text}\r\r\n"));
        } else {
            self.log_port.extend(text.bytes().chain(*b"\r\r\n"));
        }
    }

    /// Whether so much data fits into the UART's transmit ring now, which has `room` for so many bytes, with the line
    /// around it. Whatever prints data that nobody has asked for must ask first. Where there is no room, the module looks
    /// again as soon as bytes have left.
    pub fn has_room(&mut self, room: usize, data: usize) -> bool {
        let fits = data + FRAMING <= room.saturating_sub(self.len());
        self.starved |= !fits;
        fits
    }

    /// A piece of text that is complete: a reply line, a result, an unsolicited message.
    pub fn text(&mut self, text: &str) {
        self.text_bytes(text.as_bytes());
    }

    /// A complete piece of text that holds bytes of the user's (an SSID, say).
    pub fn text_bytes(&mut self, text: &[u8]) {
        match self.filters.strained(text) {
            Some(left) => self.push(&left, Mark::Text, Mark::TextEnd),
            None => self.push(text, Mark::Text, Mark::TextEnd),
        }
    }

    /// Says what happened to the station, a link or a client, unless passthrough keeps it to itself.
    pub fn announce(&mut self, text: &str) {
        if self.announces() {
            match self.filters.strained(text.as_bytes()) {
                Some(left) => self.piece(marked(&left, Mark::Text, Mark::TextEnd), true, false),
                None => self.piece(marked(text.as_bytes(), Mark::Text, Mark::TextEnd), true, false),
            }
        }
    }

    /// Says what is true now and may not be so later.
    pub fn announce_at_once(&mut self, text: &str) {
        let bytes = self.filters.strained(text.as_bytes()).unwrap_or_else(|| text.as_bytes().to_vec());
        self.piece(marked(&bytes, Mark::Text, Mark::TextEnd), true, true);
    }

    /// Reports are hostile from now on, or no longer.
    pub fn set_hostile(&mut self, hostile: bool) {
        if hostile && self.hostile.is_none() {
            self.hostile = Some(Box::default());
        } else if !hostile && let Some(mut ended) = self.hostile.take() {
            self.bytes.extend(ended.take_all());
        }
    }

    /// What is printed from now on is a report that nobody has asked for, which can wait if it is hostile, or not.
    pub fn reports(&mut self, can_wait: bool) {
        let can_wait = can_wait && !self.transparent;
        if let Some(hostile) = &mut self.hostile {
            hostile.hold(can_wait);
        }
    }

    /// What is printed from now on is an answer.
    pub fn answers(&mut self) {
        if let Some(hostile) = &mut self.hostile {
            hostile.answers();
        }
    }

    /// When hostile reports that are held back must be looked at.
    pub fn held_until(&self) -> Option<Instant> {
        self.hostile.as_ref()?.until()
    }

    /// Mixes what has been printed, while reports are hostile. Returns what was put where.
    pub fn interleave(&mut self, around: Around<'_>) -> Vec<(Place, Vec<u8>)> {
        let Some(hostile) = &mut self.hostile else { return Vec::new() };
        let mixed = hostile.interleave(around);
        self.bytes.extend(mixed.bytes);
        mixed.put
    }

    /// Whether [`Output::announce`] says so now.
    pub fn announces(&self) -> bool {
        !self.transparent || self.messages & ALWAYS != 0
    }

    /// Whether a link that opens is told of with `+LINK_CONN`.
    pub fn tells_links_in_detail(&self) -> bool {
        self.messages & DETAILED != 0
    }

    /// The MCU speaks commands again, and is told so if it wants to.
    pub fn passthrough_left(&mut self) {
        if self.messages & LEFT != 0 {
            self.text("\r\n+QUITT\r\n");
        }
    }

    /// Payload with what stands before it and behind it: one message for the filters.
    pub fn framed(&mut self, head: &str, payload: &[u8], tail: &str) {
        let whole = [head.as_bytes(), payload, tail.as_bytes()].concat();
        if let Some(left) = self.filters.strained(&whole) {
            return self.piece(marked(&left, Mark::Data, Mark::DataEnd), true, false);
        }
        let mut bytes = marked(head.as_bytes(), Mark::Text, Mark::TextEnd);
        bytes.extend(marked(payload, Mark::Data, Mark::DataEnd));
        bytes.extend(marked(tail.as_bytes(), Mark::Text, Mark::TextEnd));
        self.piece(bytes, true, false);
    }

    /// Echo: part of a line that goes on.
    pub fn echo(&mut self, bytes: &[u8]) {
        self.push(bytes, Mark::Text, Mark::Text);
    }

    /// A block of payload.
    pub fn data(&mut self, bytes: &[u8]) {
        self.push(bytes, Mark::Data, Mark::DataEnd);
    }

    /// The send prompt: one string, OK included.
    pub fn prompt(&mut self) {
        let first = self.hostile.as_ref().map_or(0, |hostile| hostile.count());
        self.ok();
        self.begin_passthrough();
        if let Some(hostile) = &mut self.hostile {
            hostile.join(first);
        }
    }

    /// The prompt of a passthrough that begins by itself.
    pub fn begin_passthrough(&mut self) {
        self.push(b"\r\n>", Mark::Text, Mark::Prompt);
    }

    /// The prompt of AT+SYSFLASH: the `>` follows OK at once.
    pub fn bare_prompt(&mut self) {
        self.ok();
        self.push(b">", Mark::Text, Mark::Prompt);
    }

    /// `OK`.
    pub fn ok(&mut self) {
        self.text("\r\nOK\r\n");
    }

    /// `ERROR`, after the code's line when AT+SYSLOG=1.
    pub fn error(&mut self, code: ErrorCode) {
        self.code(code);
        self.text("\r\nERROR\r\n");
    }

    /// `busy p...`, after the code's line when AT+SYSLOG=1.
    pub fn busy(&mut self) {
        self.code(ErrorCode::BUSY);
        self.text("\r\nbusy p...\r\n");
    }

    /// The next byte.
    pub fn take(&mut self) -> Option<(u8, Mark)> {
        self.bytes.pop_front()
    }

    /// True when bytes wait that the UART's transmit ring has no room for.
    pub fn is_waiting(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.hostile.as_ref().map_or(0, |hostile| hostile.len())
    }

    fn code(&mut self, code: ErrorCode) {
        let shown = self.syslog;
        for value in code.values().filter(|_| shown) {
            self.text(&format!("ERR CODE:0x{value:08x}\r\n"));
        }
    }

    fn push(&mut self, bytes: &[u8], mark: Mark, last: Mark) {
        self.piece(marked(bytes, mark, last), false, false);
    }

    /// What is printed in one go.
    fn piece(&mut self, bytes: Vec<(u8, Mark)>, report: bool, urgent: bool) {
        match &mut self.hostile {
            None => self.bytes.extend(bytes),
            Some(hostile) => hostile.push(bytes, report, urgent),
        }
    }
}

/// Bytes with what each is part of.
fn marked(bytes: &[u8], mark: Mark, last: Mark) -> Vec<(u8, Mark)> {
    let end = bytes.len().saturating_sub(1);
    bytes.iter().enumerate().map(|(i, b)| (*b, if i == end { last } else { mark })).collect()
}
