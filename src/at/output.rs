//! What the AT firmware prints: to the MCU, in whole pieces, and on the log port.

use std::collections::VecDeque;

use super::error::ErrorCode;
use super::filter::Filters;
use crate::capture::Mark;
use crate::profile::LogLevel;
use crate::time::Instant;

/// Room for the longest header and the line end behind data, bytes.
const FRAMING: usize = 64;

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
            self.text(text);
        }
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
            return self.data(&left);
        }
        self.push(head.as_bytes(), Mark::Text, Mark::TextEnd);
        self.data(payload);
        self.push(tail.as_bytes(), Mark::Text, Mark::TextEnd);
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
        self.ok();
        self.begin_passthrough();
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

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    fn code(&mut self, code: ErrorCode) {
        let shown = self.syslog;
        for value in code.values().filter(|_| shown) {
            self.text(&format!("ERR CODE:0x{value:08x}\r\n"));
        }
    }

    fn push(&mut self, bytes: &[u8], mark: Mark, last: Mark) {
        let end = bytes.len().saturating_sub(1);
        self.bytes.extend(bytes.iter().enumerate().map(|(i, b)| (*b, if i == end { last } else { mark })));
    }
}
