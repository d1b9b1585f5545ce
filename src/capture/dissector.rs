//! Which of Wireshark's dissectors shows a UART packet.
//!
//! Wireshark's `at` dissector was made for modems. It is good for every command of the MCU (filter `at.cmd`)
//! and for most replies. It has three habits that would put warnings where nothing is wrong, all measured
//! with tshark 4.0: a reply that begins with the name of a modem command without `+` (`A`, `D`, `E0`, `E1`,
//! `I`) is taken for that command, so an echoed `AT+GMR` becomes "A"; `;` starts another command, also
//! inside a string; and NUL ends the line. Such packets go to a plain dissector.

use super::{PacketKind, Side, UartPacket};

/// Wireshark's AT command dissector.
const AT: &str = "at";
/// Wireshark's dissector for lines of text.
pub(super) const TEXT: &str = "data-text-lines";
/// Wireshark's dissector for plain bytes.
const DATA: &str = "data";

/// The name under which Wireshark knows the dissector for `packet`.
pub(super) fn name(packet: &UartPacket) -> &'static str {
    let body = packet.bytes.trim_ascii();
    if packet.kind == PacketKind::Data || body.is_empty() {
        return DATA;
    }
    if packet.from == Side::Mcu {
        if body.get(..2).is_some_and(|two| two.eq_ignore_ascii_case(b"AT")) {
            return AT;
        }
    } else if is_plain(body) && !body.contains(&b';') && !looks_like_a_modem_command(body) {
        return AT;
    }
    if is_plain(body) { TEXT } else { DATA }
}

/// The same for a line of the log port.
pub(super) fn name_of_log(packet: &UartPacket) -> &'static str {
    let body = packet.bytes.trim_ascii();
    if !body.is_empty() && is_plain(body) { TEXT } else { DATA }
}

/// Only printable ASCII, tabs and line ends.
fn is_plain(body: &[u8]) -> bool {
    body.iter().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n'))
}

/// The `at` dissector would take this reply for a command of the Hayes set. It compares prefixes and ignores
/// case. `ERROR` and `ERR CODE` are not concerned: the names are `E0` and `E1`.
fn looks_like_a_modem_command(body: &[u8]) -> bool {
    matches!(body, [b'A' | b'a' | b'D' | b'd' | b'I' | b'i', ..] | [b'E' | b'e', b'0' | b'1', ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;

    fn of(from: Side, kind: PacketKind, bytes: &[u8]) -> &'static str {
        name(&UartPacket { since: Instant::ZERO, at: Instant::ZERO, from, kind, bytes: bytes.to_vec() })
    }

    #[test]
    fn every_command_of_the_mcu_goes_to_the_at_dissector() {
        for bytes in [
            "AT\r\n".as_bytes(),
            b"at+gmr\r\n",
            b"\r\nAT+CIPSTART=\"TCP\",\"a;b\",80\r\n",
            b"AT+CWJAP=\"caf\xc3\xa9\",\"x\"\r\n",
            b"AT+X\0Y\r\n",
            b"AT+GMR",
        ] {
            assert_eq!(of(Side::Mcu, PacketKind::Line, bytes), AT, "{}", bytes.escape_ascii());
        }
        assert_eq!(of(Side::Mcu, PacketKind::Line, b"STATUS\r\n"), TEXT);
        assert_eq!(of(Side::Mcu, PacketKind::Line, b"A"), TEXT);
        assert_eq!(of(Side::Mcu, PacketKind::Line, b"\x00\xff"), DATA);
    }

    #[test]
    fn replies_that_the_at_dissector_misreads_go_to_a_plain_one() {
        for bytes in ["\r\nOK\r\n", "\r\nERROR\r\n", "ERR CODE:0x01090000\r\n", "+CWJAP:3\r\n", "\r\n+IPD,4:"]
        {
            assert_eq!(of(Side::Module, PacketKind::Line, bytes.as_bytes()), AT, "{bytes:?}");
        }
        for bytes in ["AT+GMR\r\n", "AT version:2.3.0.0\r\n", "+CWJAP:\"a;d\",1\r\n", "e0\r\n", "index\r\n"] {
            assert_eq!(of(Side::Module, PacketKind::Line, bytes.as_bytes()), TEXT, "{bytes:?}");
        }
        assert_eq!(of(Side::Module, PacketKind::Line, b"+CWJAP:\"caf\xc3\xa9\"\r\n"), DATA);
        assert_eq!(of(Side::Module, PacketKind::Line, b"\r\n"), DATA);
        assert_eq!(of(Side::Module, PacketKind::Prompt, b"\r\n>"), AT);
        assert_eq!(of(Side::Module, PacketKind::Data, b"AT"), DATA);
        let log = |bytes: &[u8]| {
            let bytes = bytes.to_vec();
            name_of_log(&UartPacket {
                since: Instant::ZERO,
                at: Instant::ZERO,
                from: Side::Module,
                kind: PacketKind::Line,
                bytes,
            })
        };
        assert_eq!(log(b"AT cmd port:uart1\r\n"), TEXT, "no AT command");
        assert_eq!([log(b"\xf8\x00\r\n"), log(b"\r\r\n")], [DATA, DATA]);
    }
}
