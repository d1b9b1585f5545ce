//! The capture, as bytes of a file and as values: what waits for its turn, and what is handed on.

use super::{Recorder, comment};
use crate::capture::{Capture, InterfaceKind, Mark, UartPacket};
use crate::event::Kind;
use crate::time::Instant;
use crate::world::packets::{Interface, Packet, Seen};

/// Something for the capture that waits for its turn: in a world with several modules one may be ahead, and
/// the file is in the order of time.
pub(super) enum Item {
    Frame {
        interface: usize,
        inbound: bool,
        bytes: Vec<u8>,
        comment: Option<String>,
    },
    /// A frame in a cable into a LAN.
    Cable {
        port: usize,
        inbound: bool,
        bytes: Vec<u8>,
    },
    Uart {
        interface: usize,
        packet: UartPacket,
        comment: Option<String>,
    },
    Log {
        interface: usize,
        packet: UartPacket,
    },
    Secret {
        line: String,
    },
    Change {
        line: String,
    },
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

    /// Hands on to the capture, and to those who want values, what has waited for its turn up to `limit`. What has an interface
    /// from the first time on gets it here, in the order of time: when somebody asks changes nothing.
    fn hand_over(&mut self, limit: Option<Instant>) {
        let limit = limit.map(|limit| limit.min(self.open_blocks.least().unwrap_or(limit)));
        while self.waiting.peek().is_some_and(|key| limit.is_some_and(|limit| key.time <= limit)) {
            let Some((key, item)) = self.waiting.pop() else { break };
            match item {
                Item::Frame { interface, inbound, bytes, comment } => {
                    self.frame(key.time, interface, inbound, bytes, comment);
                }
                Item::Cable { port, inbound, bytes } => {
                    let interface = self.interface_of_cable(port);
                    self.frame(key.time, interface, inbound, bytes, None);
                }
                Item::Uart { interface, packet, comment } => {
                    if let Some(capture) = &mut self.capture {
                        capture.uart(interface, &packet, comment.as_deref());
                    }
                    self.value(key.time, Seen::Uart { interface, packet }, comment);
                }
                Item::Log { interface, packet } => {
                    if let Some(capture) = &mut self.capture {
                        capture.log(interface, &packet);
                    }
                    self.value(key.time, Seen::Log { interface, packet }, None);
                }
                // As values, both have other ways: the key log, and observations.
                Item::Secret { line } => {
                    if let Some(capture) = &mut self.capture {
                        capture.secrets(&line);
                    }
                }
                Item::Change { line } => {
                    let interface = self.interface_of_changes();
                    if let Some(capture) = &mut self.capture {
                        capture.change(interface, key.time, &line);
                    }
                }
            }
        }
    }

    fn frame(
        &mut self,
        at: Instant,
        interface: usize,
        inbound: bool,
        bytes: Vec<u8>,
        comment: Option<String>,
    ) {
        if let Some(capture) = &mut self.capture {
            capture.frame(interface, at, inbound, &bytes, comment.as_deref());
        }
        self.value(at, Seen::Frame { interface, inbound, bytes }, comment);
    }

    fn value(&mut self, at: Instant, seen: Seen, comment: Option<String>) {
        if let Some(packets) = &mut self.packets {
            packets.push(Packet { at, seen, comment });
        }
    }

    fn interface_of_cable(&mut self, port: usize) -> usize {
        let known = self.lan.get(port).map(|cable| (cable.interface, cable.access_point.clone()));
        let (known, access_point) = known.unwrap_or_default();
        known.unwrap_or_else(|| {
            let description =
                format!("Cable into the LAN of {access_point}, at its end there: inbound to the device");
            let interface = self.add_interface(&format!("lan{port}"), &description, InterfaceKind::Ethernet);
            if let Some(cable) = self.lan.get_mut(port) {
                cable.interface = Some(interface);
            }
            interface
        })
    }

    fn interface_of_changes(&mut self) -> usize {
        self.changes.unwrap_or_else(|| {
            let description = "Lines of the console and of the timeline, when they take effect";
            let interface = self.add_interface("console", description, InterfaceKind::Uart);
            self.changes = Some(interface);
            interface
        })
    }

    /// One more interface of the network's, with the same number in the capture and among the values.
    fn add_interface(&mut self, name: &str, description: &str, kind: InterfaceKind) -> usize {
        if let Some(capture) = &mut self.capture {
            capture.add_interface(name, description, kind);
        }
        self.interfaces.push(Interface { name: name.to_owned(), module: None, kind });
        self.interfaces.len() - 1
    }

    /// True when somebody wants the packets, as a capture or as values.
    pub(super) fn is_capturing(&self) -> bool {
        self.capture.is_some() || self.packets.is_some()
    }
}
