//! Cuts the byte stream of one UART direction into lines, prompts and data blocks.
//!
//! The module knows whether a byte is text or payload, so it says so with each byte ([`Mark`]); nothing is
//! guessed here. A reply such as `\r\nOK\r\n` is one packet: a line end closes a packet only when something
//! else came before it.

use super::{PacketKind, Side, UartPacket};
use crate::time::Instant;

/// Longest packet in bytes. A longer line or block is split.
const MAX_BYTES: usize = 4096;

/// What a byte on the UART is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Text. Its packet ends with the line.
    Text,
    /// The last byte of a text that ends without a line end, such as `+IPD,4:`.
    TextEnd,
    /// The last byte of a prompt.
    Prompt,
    /// Payload.
    Data,
    /// The first byte of a block of payload, when nothing has marked the end of the one before.
    DataStart,
    /// The last byte of a block of payload.
    DataEnd,
}

/// Collects the bytes of one direction.
#[derive(Clone, Debug)]
pub struct Packetizer {
    side: Side,
    open: Vec<u8>,
    /// When the first byte in `open` ended.
    first: Instant,
    /// When the last byte in `open` ended.
    last: Instant,
    /// `open` holds payload.
    data: bool,
    /// `open` holds something besides CR and LF.
    content: bool,
}

impl Packetizer {
    /// A packetizer for what `side` sends.
    pub fn new(side: Side) -> Packetizer {
        Packetizer {
            side,
            open: Vec::new(),
            first: Instant::ZERO,
            last: Instant::ZERO,
            data: false,
            content: false,
        }
    }

    /// Takes a byte that ended at `at`. Returns the packets that this closes: at most two, the one that was
    /// open and the one of this byte (a block of one byte after a text without line end).
    #[must_use = "packets that are not taken are lost"]
    pub fn push(&mut self, at: Instant, byte: u8, mark: Mark) -> impl Iterator<Item = UartPacket> + use<> {
        let data = matches!(mark, Mark::Data | Mark::DataStart | Mark::DataEnd);
        let before = if data != self.data || mark == Mark::DataStart { self.close() } else { None };
        self.data = data;
        self.last = at;
        if self.open.is_empty() {
            self.first = at;
        }
        self.content |= !matches!(byte, b'\r' | b'\n');
        self.open.push(byte);
        let ends = match mark {
            Mark::TextEnd | Mark::Prompt | Mark::DataEnd => true,
            Mark::Text => byte == b'\n' && self.content,
            Mark::Data | Mark::DataStart => false,
        };
        let mut this = if ends || self.open.len() >= MAX_BYTES { self.close() } else { None };
        if let (Some(packet), Mark::Prompt) = (&mut this, mark) {
            packet.kind = PacketKind::Prompt;
        }
        before.into_iter().chain(this)
    }

    /// Closes the open packet if its last byte ended at `at` or before: for a pause in the stream, a reset,
    /// the end of the run.
    pub fn flush(&mut self, at: Instant) -> Option<UartPacket> {
        if self.last <= at { self.close() } else { None }
    }

    /// When the last byte of the open block of payload ended, if one is open. Its packet may come out later than what
    /// happens meanwhile.
    pub fn open_block(&self) -> Option<Instant> {
        (self.data && !self.open.is_empty()).then_some(self.last)
    }

    fn close(&mut self) -> Option<UartPacket> {
        self.content = false;
        if self.open.is_empty() {
            return None;
        }
        Some(UartPacket {
            since: self.first,
            at: self.last,
            from: self.side,
            kind: if self.data { PacketKind::Data } else { PacketKind::Line },
            bytes: std::mem::take(&mut self.open),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pushes `pieces` one byte per microsecond; the mark of a piece's last byte is its own.
    fn packets(pieces: &[(&[u8], Mark, Mark)]) -> Vec<UartPacket> {
        let mut packetizer = Packetizer::new(Side::Module);
        let mut packets = Vec::new();
        let mut ns = 0;
        for (bytes, mark, last) in pieces {
            for (i, &byte) in bytes.iter().enumerate() {
                ns += 1_000;
                let mark = if i + 1 == bytes.len() { *last } else { *mark };
                packets.extend(packetizer.push(Instant::from_nanos(ns), byte, mark));
            }
        }
        packets.extend(packetizer.flush(Instant::from_nanos(ns)));
        packets
    }

    fn shown(packets: &[UartPacket]) -> Vec<(PacketKind, String)> {
        packets.iter().map(|p| (p.kind, p.bytes.escape_ascii().to_string())).collect()
    }

    #[test]
    fn a_reply_with_its_leading_line_end_is_one_packet() {
        let all = packets(&[(b"WIFI GOT IP\r\n\r\nOK\r\n\r\nready\r\n", Mark::Text, Mark::Text)]);
        assert_eq!(
            shown(&all),
            [
                (PacketKind::Line, r"WIFI GOT IP\r\n".into()),
                (PacketKind::Line, r"\r\nOK\r\n".into()),
                (PacketKind::Line, r"\r\nready\r\n".into()),
            ]
        );
        assert_eq!(all[1].at, Instant::from_nanos(19_000), "stamped at its last byte");
        assert_eq!(all[1].since, Instant::from_nanos(14_000), "it began when its first byte ended");
    }

    #[test]
    fn the_prompt_closes_its_own_packet() {
        let all = packets(&[(b"\r\nOK\r\n\r\n>", Mark::Text, Mark::Prompt)]);
        assert_eq!(
            shown(&all),
            [(PacketKind::Line, r"\r\nOK\r\n".into()), (PacketKind::Prompt, r"\r\n>".into())]
        );
    }

    #[test]
    fn payload_stands_apart_from_the_text_around_it() {
        let all = packets(&[
            (b"\r\n+IPD,4:", Mark::Text, Mark::Text),
            (b"a\nb\n", Mark::Data, Mark::DataEnd),
            (b"\r\n", Mark::Text, Mark::TextEnd),
            (b"+CIPRECVDATA:1,", Mark::Text, Mark::TextEnd),
            (b"x", Mark::Data, Mark::Data),
            (b"\r\nOK\r\n", Mark::Text, Mark::Text),
        ]);
        assert_eq!(
            shown(&all),
            [
                (PacketKind::Line, r"\r\n+IPD,4:".into()),
                (PacketKind::Data, r"a\nb\n".into()),
                (PacketKind::Line, r"\r\n".into()),
                (PacketKind::Line, "+CIPRECVDATA:1,".into()),
                (PacketKind::Data, "x".into()),
                (PacketKind::Line, r"\r\nOK\r\n".into()),
            ]
        );
    }

    #[test]
    fn one_byte_may_close_the_open_text_and_its_own_block() {
        let all = packets(&[(b"+IPD,1:", Mark::Text, Mark::Text), (b"x", Mark::Data, Mark::DataEnd)]);
        assert_eq!(shown(&all), [(PacketKind::Line, "+IPD,1:".into()), (PacketKind::Data, "x".into())]);
    }

    #[test]
    fn an_endless_line_or_block_is_split_and_loses_nothing() {
        for mark in [Mark::Text, Mark::Data] {
            let all = packets(&[(&[b'x'; 10_000], mark, mark)]);
            let lengths: Vec<_> = all.iter().map(|p| p.bytes.len()).collect();
            assert_eq!(lengths, [4096, 4096, 1808], "{mark:?}");
        }
    }

    #[test]
    fn a_block_is_open_from_its_first_byte_until_its_packet_is_closed() {
        let mut packetizer = Packetizer::new(Side::Mcu);
        assert_eq!(packetizer.push(Instant::from_nanos(50), b'A', Mark::Text).count(), 0);
        assert_eq!(packetizer.open_block(), None, "a line");
        assert_eq!(packetizer.push(Instant::from_nanos(60), b'b', Mark::DataStart).count(), 1);
        assert_eq!(packetizer.push(Instant::from_nanos(70), b'c', Mark::Data).count(), 0);
        assert_eq!(packetizer.open_block(), Some(Instant::from_nanos(70)));
        assert!(packetizer.flush(Instant::from_nanos(90)).is_some());
        assert_eq!(packetizer.open_block(), None);
    }

    #[test]
    fn flush_leaves_a_packet_open_whose_last_byte_is_still_to_come() {
        let mut packetizer = Packetizer::new(Side::Mcu);
        assert_eq!(packetizer.push(Instant::from_nanos(50), b'+', Mark::Data).count(), 0);
        assert_eq!(packetizer.flush(Instant::from_nanos(49)), None);
        assert!(packetizer.flush(Instant::from_nanos(50)).is_some(), "the byte had ended");
        assert_eq!(packetizer.flush(Instant::MAX), None, "nothing is left");
    }
}
