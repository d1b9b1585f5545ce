//! What the AT firmware wants to send to the MCU, in whole pieces.

use std::collections::VecDeque;

use super::error::ErrorCode;
use super::filter::Filters;
use crate::capture::Mark;

/// Bytes on their way to the UART, each marked with what it is part of.
#[derive(Debug, Default)]
pub struct Output {
    bytes: VecDeque<(u8, Mark)>,
    /// What the host does not want to read.
    pub filters: Filters,
}

impl Output {
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
    pub fn error(&mut self, code: ErrorCode, syslog: bool) {
        self.code(code, syslog);
        self.text("\r\nERROR\r\n");
    }

    /// `busy p...`, after the code's line when AT+SYSLOG=1.
    pub fn busy(&mut self, syslog: bool) {
        self.code(ErrorCode::BUSY, syslog);
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

    fn code(&mut self, code: ErrorCode, syslog: bool) {
        if syslog {
            self.text(&format!("ERR CODE:0x{:08x}\r\n", code.value()));
        }
    }

    fn push(&mut self, bytes: &[u8], mark: Mark, last: Mark) {
        let end = bytes.len().saturating_sub(1);
        self.bytes.extend(bytes.iter().enumerate().map(|(i, b)| (*b, if i == end { last } else { mark })));
    }
}
