//! What is written down while the world moves: digest, capture, dialogue. None of it changes what happens.

mod capture;
mod observations;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::answer::LastFrame;
use super::console::Change;
use super::digest::{ChannelId, ChannelKind, Digest};
use super::expect::Expectations;
use super::packets::{Interface, Packet};
use super::scenario::Scenario;
use super::{Event, ModuleId, Observation, Recording};
use crate::capture::{Capture, InterfaceKind, PacketKind, Packetizer, Side, UartPacket};
use crate::event::{Kind, Queue};
use crate::module::{Module, Record};
use crate::net::network::{LanRecord, Network};
use crate::time::Instant;
use crate::tournament::Tournament;
use crate::uart::{BREAK, FRAMING_ERROR, PARITY_ERROR};
use capture::Item;

/// Channels of one module.
struct Channels {
    mcu: ChannelId,
    own: ChannelId,
    errors: ChannelId,
    pins: ChannelId,
    frames_out: ChannelId,
    frames_in: ChannelId,
    from_mcu: Packetizer,
    /// How many bytes in a row the firmware has got of what the MCU sends.
    got: usize,
    from_module: Packetizer,
    from_log: Packetizer,
    last_sent: Option<LastFrame>,
    last_received: Option<LastFrame>,
    /// Interfaces in the capture.
    radio: usize,
    uart: usize,
    log: usize,
}

/// What is written down of a cable into a LAN.
struct Cable {
    /// What comes from the device.
    from: ChannelId,
    /// What goes to it.
    to: ChannelId,
    access_point: String,
    /// Its interface, from the first frame on.
    interface: Option<usize>,
}

/// Writes down what happens.
pub struct Recorder {
    digest: Digest,
    modules: Vec<Channels>,
    /// Where there is something to be captured, in the capture's order.
    interfaces: Vec<Interface>,
    capture: Option<Capture>,
    /// What the capture holds, as values; `None`: nobody wants them.
    packets: Option<Vec<Packet>>,
    /// The interface of changes, from the first one on.
    changes: Option<usize>,
    /// When a change took effect last.
    changed: Instant,
    /// Where the network's own taps begin among the interfaces.
    first_tap: usize,
    /// Where each module has a block open whose packet is still to come, in what the MCU sends.
    open_blocks: Tournament<Instant>,
    /// How many taps the network has of its own.
    taps: usize,
    /// Cables of drivers.
    lan: Vec<Cable>,
    waiting: Queue<Item>,
    /// Lines of the key log that have been written.
    secrets: BTreeSet<String>,
    /// The key log, as a file has it; `None`: nobody wants one.
    keylog: Option<Vec<u8>>,
    dialogue: Option<Vec<(ModuleId, UartPacket)>>,
    names: Vec<String>,
    by_name: BTreeMap<String, usize>,
    observations: Option<Vec<Observation>>,
    /// What was observed in the present step, for rules; `None`: there are none.
    heard: Option<Vec<Observation>>,
    /// How many were made.
    observed: u64,
    /// The last of them, for the console.
    history: Option<VecDeque<Observation>>,
    /// How many of them were too many.
    forgotten: u64,
    /// What terminals of hosts have received; true: over UDP.
    received: Option<BTreeMap<(String, bool), Vec<u8>>>,
    expectations: Expectations,
}

impl Recorder {
    pub fn new(
        scenario: &Scenario,
        modules: &[&Module],
        network: &Network,
        recording: Recording,
    ) -> Recorder {
        let mut digest = Digest::default();
        let mut capture = recording
            .capture
            .then(|| Capture::new(concat!("espat-sim ", env!("CARGO_PKG_VERSION")), scenario.epoch));
        let mut interfaces: Vec<Interface> = Vec::new();
        let mut interface = |capture: &mut Option<Capture>, module, name: &str, description: &str, kind| {
            if let Some(capture) = capture {
                capture.add_interface(name, description, kind);
            }
            interfaces.push(Interface { name: name.to_owned(), module, kind });
            interfaces.len() - 1
        };
        let names: Vec<String> = modules.iter().map(|m| m.name().to_owned()).collect();
        let modules: Vec<Channels> = modules
            .iter()
            .enumerate()
            .map(|(index, module)| {
                let name = module.name();
                let own = Some(ModuleId(index as u32));
                let mut interface = |what: &str, description: &str, kind| {
                    interface(&mut capture, own, &format!("{name}/{what}"), description, kind)
                };
                let radio = format!("Wi-Fi of module {name}, as the module sees it");
                let uart = format!("UART of module {name}: outbound from the MCU, inbound to it");
                let log = format!("Log port of module {name}: what its firmware says beside its answers");
                Channels {
                    mcu: digest.channel(&format!("{name}/uart/mcu"), ChannelKind::Bytes),
                    own: digest.channel(&format!("{name}/uart/module"), ChannelKind::Bytes),
                    errors: digest.channel(&format!("{name}/uart/errors"), ChannelKind::Records),
                    pins: digest.channel(&format!("{name}/pins"), ChannelKind::Records),
                    frames_out: digest.channel(&format!("{name}/frames/out"), ChannelKind::Records),
                    frames_in: digest.channel(&format!("{name}/frames/in"), ChannelKind::Records),
                    from_mcu: Packetizer::new(Side::Mcu),
                    got: 0,
                    from_module: Packetizer::new(Side::Module),
                    from_log: Packetizer::new(Side::Module),
                    last_sent: None,
                    last_received: None,
                    radio: interface("radio", &radio, InterfaceKind::Ethernet),
                    uart: interface("uart", &uart, InterfaceKind::Uart),
                    log: interface("log", &log, InterfaceKind::Uart),
                }
            })
            .collect();
        let mut first_tap = None;
        if scenario.taps_all {
            for tap in network.taps() {
                let kind = if tap.raw_ip { InterfaceKind::RawIp } else { InterfaceKind::Ethernet };
                let place = interface(&mut capture, None, &tap.name, &tap.description, kind);
                first_tap.get_or_insert(place);
            }
        }
        if let Some(capture) = &mut capture {
            capture.names(network.host_names().map(|(ip, name)| (ip, name.to_owned())));
        }
        Recorder {
            digest,
            open_blocks: Tournament::new(modules.len()),
            modules,
            interfaces,
            capture,
            packets: recording.packets.then(Vec::new),
            changes: None,
            changed: Instant::ZERO,
            first_tap: first_tap.unwrap_or(0),
            taps: network.taps().len(),
            lan: Vec::new(),
            waiting: Queue::default(),
            secrets: BTreeSet::new(),
            keylog: recording.keylog.then(Vec::new),
            dialogue: recording.dialogue.then(Vec::new),
            by_name: names.iter().enumerate().map(|(i, name)| (name.clone(), i)).collect(),
            names,
            observations: recording.observations.then(Vec::new),
            heard: None,
            observed: 0,
            history: recording.history.then(VecDeque::new),
            forgotten: 0,
            received: recording.host_received.then(BTreeMap::new),
            expectations: Expectations::new(&scenario.expect),
        }
    }

    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// A byte has ended on a wire. Gives the remarks back when no packet ended with it.
    pub fn byte(&mut self, module: usize, record: Record, remarks: &mut Vec<String>) {
        let Some(channels) = self.modules.get_mut(module) else { return };
        let channel = if record.from_mcu { channels.mcu } else { channels.own };
        self.digest.record(channel, record.at, &[record.byte]);
        if record.flags != 0 {
            self.digest.record(channels.errors, record.at, &[u8::from(record.from_mcu), record.flags]);
            let remark = errors_in_words(record.flags);
            if !remarks.iter().any(|r| r == remark) {
                remarks.push(remark.to_owned());
            }
        }
        let before = channels.got;
        if record.from_mcu {
            channels.got = if record.got { before.saturating_add(1) } else { 0 };
        }
        let after = channels.got;
        // Also where nobody looks: a rule may begin to listen within a line, and what it hears may not depend on that.
        let packetizer = if record.from_mcu { &mut channels.from_mcu } else { &mut channels.from_module };
        let packets = packetizer.push(record.at, record.byte, record.mark);
        self.open_blocks.set(module, channels.from_mcu.open_block());
        for packet in packets {
            let got = if packet.at == record.at { after } else { before };
            self.packet(module, record.at, packet, got, remarks);
        }
    }

    /// The MCU's payload so far is a whole block: its packet need not wait for the next byte.
    pub fn block_ended(&mut self, module: usize, at: Instant, remarks: &mut Vec<String>) {
        let Some(channels) = self.modules.get_mut(module) else { return };
        let got = channels.got;
        let packet = channels.from_mcu.flush(at);
        self.open_blocks.set(module, channels.from_mcu.open_block());
        if let Some(packet) = packet {
            self.packet(module, at, packet, got, remarks);
        }
    }

    /// A pin has changed.
    pub fn pin(&mut self, module: usize, at: Instant, pin: u8, high: bool) {
        if let Some(channels) = self.modules.get(module) {
            self.digest.record(channels.pins, at, &[pin, u8::from(high)]);
        }
    }

    /// The module has sent a frame.
    pub fn frame_sent(&mut self, module: usize, at: Instant, frame: &[u8]) {
        if let Some(channels) = self.modules.get_mut(module) {
            self.digest.record(channels.frames_out, at, frame);
            channels.last_sent = Some(LastFrame { at_ns: at.as_nanos(), length: frame.len() });
        }
    }

    /// A frame has reached the module.
    pub fn frame_received(&mut self, module: usize, at: Instant, frame: &[u8]) {
        if let Some(channels) = self.modules.get_mut(module) {
            self.digest.record(channels.frames_in, at, frame);
            channels.last_received = Some(LastFrame { at_ns: at.as_nanos(), length: frame.len() });
        }
    }

    /// The last frames that the module has sent and received.
    pub fn last_frames(&self, module: usize) -> [Option<LastFrame>; 2] {
        self.modules.get(module).map_or([None; 2], |m| [m.last_sent, m.last_received])
    }

    /// A line of the console or of the timeline takes effect.
    pub fn change(&mut self, at: Instant, change: &Change) {
        self.changed = self.changed.max(at);
        if self.is_capturing() {
            // Before the packets of this instant.
            self.waiting.push(at, Kind::WireEdge, 0, Item::Change { line: change.to_string() });
        }
        self.observe(at, change.subject(), Event::Changed(change.clone()));
    }

    /// A driver plugs a cable into the LAN of an access point.
    pub fn add_lan(&mut self, access_point: &str) {
        let name = format!("lan{}", self.lan.len());
        let from = self.digest.channel(&format!("{name}/frames/from"), ChannelKind::Records);
        let to = self.digest.channel(&format!("{name}/frames/to"), ChannelKind::Records);
        self.lan.push(Cable { from, to, access_point: access_point.to_owned(), interface: None });
    }

    /// A frame passes at a LAN's end of a cable.
    pub fn lan_frame(&mut self, record: &LanRecord) {
        let LanRecord { at, port, to_device, ref frame } = *record;
        let Some(cable) = self.lan.get(port) else { return };
        self.digest.record(if to_device { cable.to } else { cable.from }, at, frame);
        if self.is_capturing() {
            let item = Item::Cable { port, inbound: to_device, bytes: frame.clone() };
            let node = (self.modules.len() + self.taps + port) as u32;
            self.waiting.push(at, Kind::Frame, node, item);
        }
    }

    /// Ends the packets under way, at the end of a run.
    pub fn finish(&mut self, module: usize, at: Instant, remarks: &mut Vec<String>) {
        let Some(channels) = self.modules.get_mut(module) else { return };
        let open = [channels.from_mcu.flush(at), channels.from_module.flush(at)];
        self.open_blocks.set(module, channels.from_mcu.open_block());
        let (log, interface, got) = (channels.from_log.flush(at), channels.log, channels.got);
        for packet in open.into_iter().flatten() {
            self.packet(module, at, packet, got, remarks);
        }
        if let (true, Some(packet)) = (self.is_capturing(), log) {
            self.waiting.push(packet.at, Kind::WireEdge, module as u32, Item::Log { interface, packet });
        }
    }

    pub fn take_dialogue(&mut self) -> Vec<(ModuleId, UartPacket)> {
        self.dialogue.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// `got`: how many bytes up to the packet's end the firmware has got in a row, if the MCU has sent it. What it has not
    /// got is no command.
    fn packet(
        &mut self,
        module: usize,
        now: Instant,
        packet: UartPacket,
        got: usize,
        remarks: &mut Vec<String>,
    ) {
        if self.is_observing() && packet.kind == PacketKind::Line {
            let unheard = if packet.from == Side::Mcu { packet.bytes.len().saturating_sub(got) } else { 0 };
            let line = packet.bytes[unheard..].trim_ascii();
            let event = if packet.from == Side::Mcu { Event::Command } else { Event::Reply };
            if let (false, Some(subject)) = (line.is_empty(), self.names.get(module).cloned()) {
                self.file(now, packet.at, subject, event(line.to_owned()));
            }
        }
        if let Some(dialogue) = &mut self.dialogue {
            dialogue.push((ModuleId(module as u32), packet.clone()));
        }
        if let (true, Some(channels)) = (self.is_capturing(), self.modules.get(module)) {
            let item = Item::Uart { interface: channels.uart, comment: comment(remarks), packet };
            let at = match &item {
                Item::Uart { packet, .. } => packet.at,
                Item::Frame { .. }
                | Item::Cable { .. }
                | Item::Log { .. }
                | Item::Secret { .. }
                | Item::Change { .. } => return,
            };
            self.waiting.push(at, Kind::WireEdge, module as u32, item);
        }
    }
}

/// What was wrong with a byte.
fn errors_in_words(flags: u8) -> &'static str {
    match flags {
        f if f & BREAK != 0 => "break",
        f if f & (FRAMING_ERROR | PARITY_ERROR) == FRAMING_ERROR | PARITY_ERROR => {
            "framing and parity errors"
        }
        f if f & FRAMING_ERROR != 0 => "framing errors",
        _ => "parity errors",
    }
}

fn comment(remarks: &mut Vec<String>) -> Option<String> {
    let all = std::mem::take(remarks);
    (!all.is_empty()).then(|| all.join("; "))
}
