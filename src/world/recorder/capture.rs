//! The capture, as bytes of a file and as values: what waits for its turn, and what is handed on.

use super::{Recorder, comment};
use crate::capture::{Capture, InterfaceKind, Mark, UartPacket};
use crate::event::Kind;
use crate::time::Instant;
use crate::world::packets::{Interface, Packet, Seen};

/// Something for the capture that waits for its turn: in a world with several modules one may be ahead, and
/// the file is in the order of time.
pub(super) enum Item {
    Frame { interface: usize, inbound: bool, bytes: Vec<u8>, comment: Option<String> },
    Uart { interface: usize, packet: UartPacket, comment: Option<String> },
    Log { interface: usize, packet: UartPacket },
    Secret { line: String },
    Change { line: String },
}

impl Recorder {
    /// A byte has ended on the log port's wire. It goes into the capture alone: what is printed there are words for
    /// people, and a better word must not change a digest.
    pub fn log_byte(&mut self, module: usize, at: Instant, byte: u8) {
        let (true, Some(channels)) = (self.is_capturing(), self.modules.get_mut(module)) else { return };
        let packets: Vec<UartPacket> = channels.from_log.push(at, byte, Mark::Text).collect();
        let interface = channels.log;
        for packet in packets {
            self.waiting.push(packet.at, Kind::WireEdge, module as u32, Item::Log { interface, packet });
        }
    }

    /// A frame for the capture, at the module's end of its radio link.
    pub fn capture_frame(
        &mut self,
        module: usize,
        at: Instant,
        inbound: bool,
        frame: &[u8],
        remarks: &mut Vec<String>,
    ) {
        let (true, Some(channels)) = (self.is_capturing(), self.modules.get(module)) else {
            remarks.clear();
            return;
        };
        let interface = channels.radio;
        let item = Item::Frame { interface, inbound, bytes: frame.to_vec(), comment: comment(remarks) };
        self.waiting.push(at, Kind::Frame, module as u32, item);
    }

    /// A line of a TLS key log. Both ends of a session have it; it is written when the first one does, before the frames
    /// of that instant.
    pub fn secret(&mut self, at: Instant, line: String) {
        if (self.capture.is_none() && self.keylog.is_none()) || !self.secrets.insert(line.clone()) {
            return;
        }
        if let Some(keylog) = &mut self.keylog {
            keylog.extend_from_slice(line.as_bytes());
            keylog.push(b'\n');
        }
        if self.capture.is_some() {
            self.waiting.push(at, Kind::WireEdge, 0, Item::Secret { line });
        }
    }

    pub fn take_keylog(&mut self) -> Vec<u8> {
        self.keylog.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A frame from one of the network's own taps.
    pub fn capture_tap(
        &mut self,
        tap: usize,
        at: Instant,
        inbound: bool,
        bytes: Vec<u8>,
        comment: Option<String>,
    ) {
        if self.is_capturing() {
            let item = Item::Frame { interface: self.first_tap + tap, inbound, bytes, comment };
            self.waiting.push(at, Kind::Frame, (self.modules.len() + tap) as u32, item);
        }
    }

    /// Capture bytes of everything up to `limit`, but not beyond a block whose packet is still open: the file is in the
    /// order of time.
    pub fn take_capture(&mut self, limit: Option<Instant>) -> Vec<u8> {
        self.hand_over(limit);
        self.capture.as_mut().map(Capture::take).unwrap_or_default()
    }

    /// The same as values.
    pub fn take_packets(&mut self, limit: Option<Instant>) -> Vec<Packet> {
        self.hand_over(limit);
        self.packets.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Where there is something to be captured.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Hands on to the capture, and to those who want values, what has waited for its turn up to `limit`.
    fn hand_over(&mut self, limit: Option<Instant>) {
        let limit = limit.map(|limit| limit.min(self.open_blocks.least().unwrap_or(limit)));
        while self.waiting.peek().is_some_and(|key| limit.is_some_and(|limit| key.time <= limit)) {
            let Some((key, item)) = self.waiting.pop() else { break };
            if let Some(capture) = &mut self.capture {
                match &item {
                    Item::Frame { interface, inbound, bytes, comment } => {
                        capture.frame(*interface, key.time, *inbound, bytes, comment.as_deref());
                    }
                    Item::Uart { interface, packet, comment } => {
                        capture.uart(*interface, packet, comment.as_deref());
                    }
                    Item::Log { interface, packet } => capture.log(*interface, packet),
                    Item::Secret { line } => capture.secrets(line),
                    Item::Change { line } => {
                        let interface = *self.changes.get_or_insert_with(|| {
                            let description =
                                "Lines of the console and of the timeline, when they take effect";
                            capture.add_interface("console", description, InterfaceKind::Uart)
                        });
                        capture.change(interface, key.time, line);
                    }
                }
            }
            if let Some(packets) = &mut self.packets {
                let (seen, comment) = match item {
                    Item::Frame { interface, inbound, bytes, comment } => {
                        (Seen::Frame { interface, inbound, bytes }, comment)
                    }
                    Item::Uart { interface, packet, comment } => (Seen::Uart { interface, packet }, comment),
                    Item::Log { interface, packet } => (Seen::Log { interface, packet }, None),
                    // Both have other ways: the key log, and observations.
                    Item::Secret { .. } | Item::Change { .. } => continue,
                };
                packets.push(Packet { at: key.time, seen, comment });
            }
        }
    }

    /// True when somebody wants the packets, as a capture or as values.
    pub(super) fn is_capturing(&self) -> bool {
        self.capture.is_some() || self.packets.is_some()
    }
}
