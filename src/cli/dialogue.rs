//! How the dialogue between MCU and module is shown: one line for each UART packet.
//!
//! ```text
//!      0.301562  MCU -> AT+CIPSEND=4
//!      0.301910  ESP <- OK
//!      0.302083  ESP <- >
//!      0.302430  MCU -> [4 bytes] test
//!      0.303000         | [   303 ms] sent
//!      0.500000         > exit\n
//! ```
//!
//! With `--trace` it shows what happens beside the dialogue, too, and the frames:
//!
//! ```text
//!      0.290114    * wifi link 0 opened TCP 203.0.113.10:80
//!      0.302950  NET -> wifi/radio 192.168.1.100:49153 > 203.0.113.10:80 TCP PSH ACK, 4 bytes
//! ```
//!
//! The CR LF before and after a line is left out, because every reply has it; whatever deviates is shown: a
//! lone `\r`, an empty line, a command without its line end.

use std::fmt::Write;

use crate::capture::{PacketKind, Side, UartPacket};
use crate::edge::ansi::{self, Piece};
use crate::time::{Instant, NANOS_PER_SEC};
use crate::world::spelling::{escaped, printable};

/// Most bytes of a data block that are shown.
const EXCERPT: usize = 48;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colour with ANSI escapes. Whether the output is a terminal is for the caller to know.
    pub color: bool,
}

const DIM: &str = "2";
const CYAN: &str = "36";
const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const MAGENTA: &str = "35";

impl Style {
    /// Appends `text` in a colour.
    fn paint(self, line: &mut String, color: Option<&str>, text: &str) {
        match color.filter(|_| self.color && !text.is_empty()) {
            Some(color) => {
                let _ = write!(line, "\x1b[{color}m{text}\x1b[0m");
            }
            None => line.push_str(text),
        }
    }
}

/// The line for `packet`, without a line end: virtual time in seconds, the module's name if there are
/// several to tell apart, who speaks, what was said. Bytes that are not printable ASCII appear as `\r`, `\n`,
/// `\t` or `\xNN`, a backslash as `\\`, so that nothing in them reaches the terminal.
pub fn format(packet: &UartPacket, module: Option<&str>, style: Style) -> String {
    let mut line = String::with_capacity(32 + packet.bytes.len());
    time(&mut line, packet.at, style);
    if let Some(module) = module {
        style.paint(&mut line, Some(DIM), &format!("{module}  "));
    }
    let (speaker, speaker_color) = match packet.from {
        Side::Mcu => ("MCU -> ", CYAN),
        Side::Module => ("ESP <- ", GREEN),
    };
    style.paint(&mut line, Some(speaker_color), speaker);
    match packet.kind {
        PacketKind::Data => data(&mut line, &packet.bytes, style),
        PacketKind::Line | PacketKind::Prompt => text(&mut line, packet, style),
    }
    line
}

/// The line for what the firmware printed on its console, without a line end. Its own colours are passed on or taken out;
/// other escape sequences are taken out.
pub fn format_console(at: Instant, printed: &[u8], style: Style) -> String {
    let mut line = String::with_capacity(32 + printed.len());
    time(&mut line, at, style);
    style.paint(&mut line, Some(DIM), "       | ");
    let printed = printed.strip_suffix(b"\r").unwrap_or(printed);
    let color = match printed {
        b"PASS" => Some(GREEN),
        _ if printed.starts_with(b"FAIL") => Some(RED),
        _ => None,
    };
    let mut painted = false;
    for piece in ansi::pieces(printed) {
        match piece {
            Piece::Text(text) => style.paint(&mut line, color, &escaped(text)),
            Piece::Colour(sequence) if style.color => {
                painted = true;
                line.push_str(&String::from_utf8_lossy(sequence));
            }
            Piece::Colour(_) | Piece::Other(_) => {}
        }
    }
    // Firmware may end its colour on the next line; here other lines come between.
    if painted {
        line.push_str("\x1b[0m");
    }
    line
}

/// The line for what was typed on the firmware's console, without a line end. `at`: when the last byte was.
pub fn format_typed(at: Instant, typed: &[u8], style: Style) -> String {
    let mut line = String::with_capacity(32 + typed.len());
    time(&mut line, at, style);
    style.paint(&mut line, Some(DIM), "       > ");
    style.paint(&mut line, Some(CYAN), &escaped(typed));
    line
}

/// The line for something that has happened, without a line end: whose it is, and the sentence.
pub fn format_event(at: Instant, text: &str, style: Style) -> String {
    let mut line = String::with_capacity(32 + text.len());
    time(&mut line, at, style);
    style.paint(&mut line, Some(DIM), "   * ");
    style.paint(&mut line, Some(YELLOW), &printable(text));
    line
}

/// The line for a frame on `interface`, without a line end: what it is, and what became of it. `inbound`: towards the node
/// that the interface belongs to.
pub fn format_frame(
    at: Instant,
    interface: &str,
    inbound: bool,
    what: &str,
    comment: Option<&str>,
    style: Style,
) -> String {
    let mut line = String::with_capacity(48 + what.len());
    time(&mut line, at, style);
    style.paint(&mut line, Some(DIM), if inbound { "NET <- " } else { "NET -> " });
    style.paint(&mut line, Some(DIM), &format!("{interface} {}", printable(what)));
    if let Some(comment) = comment {
        style.paint(&mut line, Some(YELLOW), &format!(" ({})", printable(comment)));
    }
    line
}

fn time(line: &mut String, at: Instant, style: Style) {
    let ns = at.as_nanos();
    let time = format!("{:>6}.{:06}  ", ns / NANOS_PER_SEC, ns % NANOS_PER_SEC / 1_000);
    style.paint(line, Some(DIM), &time);
}

fn data(line: &mut String, bytes: &[u8], style: Style) {
    let unit = if bytes.len() == 1 { "byte" } else { "bytes" };
    style.paint(line, Some(DIM), &format!("[{} {unit}] ", bytes.len()));
    style.paint(line, Some(MAGENTA), &escaped(&bytes[..bytes.len().min(EXCERPT)]));
    if bytes.len() > EXCERPT {
        style.paint(line, Some(DIM), " ...");
    }
}

fn text(line: &mut String, packet: &UartPacket, style: Style) {
    let bytes = packet.bytes.as_slice();
    let bare = packet.bare();
    if bare.is_empty() {
        style.paint(line, Some(DIM), &escaped(bytes));
        return;
    }
    style.paint(line, color_of(packet.from, bare), &escaped(bare));
    if packet.from == Side::Mcu && packet.kind == PacketKind::Line && !bytes.ends_with(b"\n") {
        style.paint(line, Some(DIM), " (no line end)");
    }
}

/// Success, failure and what nobody asked for can be told apart at a glance.
fn color_of(from: Side, bare: &[u8]) -> Option<&'static str> {
    if from == Side::Mcu {
        return Some(CYAN);
    }
    let after_link = match bare {
        [b'0'..=b'9', b',', rest @ ..] => rest,
        all => all,
    };
    match bare {
        b"OK" | b"SEND OK" | b"ready" | b">" => Some(GREEN),
        b"ERROR" | b"FAIL" | b"SEND FAIL" => Some(RED),
        _ if bare.starts_with(b"busy ") || bare.starts_with(b"ERR CODE:") => Some(RED),
        _ if bare.starts_with(b"WIFI ") || bare.starts_with(b"+IPD,") => Some(YELLOW),
        _ if matches!(after_link, b"CONNECT" | b"CLOSED") => Some(YELLOW),
        // An echo: the MCU's own words, in the background.
        _ if bare.get(..2).is_some_and(|two| two.eq_ignore_ascii_case(b"AT")) && !bare.contains(&b' ') => {
            Some(DIM)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(from: Side, kind: PacketKind, bytes: &[u8]) -> UartPacket {
        let at = Instant::from_nanos(12_345_678_901);
        UartPacket { since: at, at, from, kind, bytes: bytes.to_vec() }
    }

    fn plain(from: Side, kind: PacketKind, bytes: &[u8]) -> String {
        format(&packet(from, kind, bytes), None, Style::default())
    }

    /// What a terminal would show of `line`.
    fn without_ansi(line: &str) -> String {
        let mut parts = line.split('\x1b');
        let mut shown = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            shown.push_str(part.split_once('m').expect("an ANSI colour ends with m").1);
        }
        shown
    }

    #[test]
    fn what_the_firmware_prints_stands_in_the_same_column() {
        let at = Instant::from_nanos(1_500_000_000);
        let plain = Style::default();
        assert_eq!(format_console(at, b"PASS\r", plain), "     1.500000         | PASS");
        assert_eq!(format_typed(at, b"wifi scan\n", plain), r"     1.500000         > wifi scan\n");
        assert_eq!(format_console(at, b"a\x07b", plain), "     1.500000         | a\\x07b");
    }

    #[test]
    fn colours_of_the_firmware_are_passed_on_or_taken_out() {
        let at = Instant::from_nanos(1_500_000_000);
        let shown = |printed: &[u8], color| format_console(at, printed, Style { color });
        let printed = b"\x1b[1;31m<err>\x1b[0m lost\x1b[K\r";
        assert_eq!(shown(printed, false), "     1.500000         | <err> lost");
        assert!(
            shown(printed, true).ends_with("\x1b[1;31m<err>\x1b[0m lost\x1b[0m"),
            "{:?}",
            shown(printed, true)
        );
        assert!(!shown(b"\x1b", false).contains("x1B"), "a lone ESC is shown as text");
    }

    #[test]
    fn a_line_shows_time_speaker_and_text_without_its_line_ends() {
        assert_eq!(plain(Side::Mcu, PacketKind::Line, b"AT+GMR\r\n"), "    12.345678  MCU -> AT+GMR");
        assert_eq!(plain(Side::Module, PacketKind::Line, b"\r\nOK\r\n"), "    12.345678  ESP <- OK");
        assert_eq!(plain(Side::Module, PacketKind::Prompt, b"\r\n>"), "    12.345678  ESP <- >");
        assert_eq!(plain(Side::Module, PacketKind::Line, b"\r\n+IPD,4:"), "    12.345678  ESP <- +IPD,4:");
    }

    #[test]
    fn times_line_up_for_a_day() {
        for (ns, expected) in [(0, "     0.000000  "), (86_399_999_999_999, " 86399.999999  ")] {
            let mut packet = packet(Side::Mcu, PacketKind::Line, b"AT\r\n");
            packet.at = Instant::from_nanos(ns);
            let line = format(&packet, None, Style::default());
            assert_eq!(line.strip_suffix("MCU -> AT"), Some(expected));
        }
    }

    #[test]
    fn what_deviates_from_a_normal_line_is_shown() {
        for (bytes, shown) in [
            (&b"AT+GMR\r"[..], r"AT+GMR\r (no line end)"),
            (b"AT\n", r"AT\n"),
            (b"AT\r\r\n", r"AT\r"),
            (b"\r\n", r"\r\n"),
            (b"A\0\x1b[2J\xff\\\t\r\n", r"A\x00\x1B[2J\xFF\\\t"),
        ] {
            let line = plain(Side::Mcu, PacketKind::Line, bytes);
            assert_eq!(line.strip_prefix("    12.345678  MCU -> "), Some(shown), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn data_shows_its_length_and_a_short_excerpt() {
        assert_eq!(
            plain(Side::Mcu, PacketKind::Data, b"GET / HTTP/1.1\r\n\r\n"),
            r"    12.345678  MCU -> [18 bytes] GET / HTTP/1.1\r\n\r\n"
        );
        let long = plain(Side::Module, PacketKind::Data, &[b'x'; 1460]);
        assert_eq!(long, format!("    12.345678  ESP <- [1460 bytes] {} ...", "x".repeat(48)));
        assert!(plain(Side::Module, PacketKind::Data, b"x").ends_with("[1 byte] x"));
    }

    #[test]
    fn several_modules_are_told_apart() {
        let line = format(&packet(Side::Mcu, PacketKind::Line, b"AT\r\n"), Some("door"), Style::default());
        assert_eq!(line, "    12.345678  door  MCU -> AT");
    }

    #[test]
    fn colour_changes_the_look_and_not_the_text() {
        let color = Style { color: true };
        for (from, kind, bytes) in [
            (Side::Mcu, PacketKind::Line, &b"AT+CIPSEND=4\r"[..]),
            (Side::Module, PacketKind::Line, b"AT+CIPSEND=4\r\n"),
            (Side::Module, PacketKind::Line, b"\r\nOK\r\n"),
            (Side::Module, PacketKind::Line, b"0,CLOSED\r\n"),
            (Side::Module, PacketKind::Line, b"\r\n"),
            (Side::Module, PacketKind::Data, b"\x1b[31m"),
        ] {
            let packet = packet(from, kind, bytes);
            let coloured = format(&packet, Some("wifi"), color);
            assert!(coloured.contains("\x1b["), "{coloured:?} has no colour");
            assert_eq!(without_ansi(&coloured), format(&packet, Some("wifi"), Style::default()));
        }
        let ok = format(&packet(Side::Module, PacketKind::Line, b"\r\nOK\r\n"), None, color);
        let error = format(&packet(Side::Module, PacketKind::Line, b"\r\nERROR\r\n"), None, color);
        assert!(ok.ends_with("\x1b[32mOK\x1b[0m") && error.ends_with("\x1b[31mERROR\x1b[0m"), "{ok} {error}");
    }
}
