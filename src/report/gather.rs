//! Runs a log again and writes down what there is to see.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::commands::Commands;
use super::console::{Printed, without_colours};
use super::data::{self, Data, Strings, Times};
use super::series::Series;
use super::traffic::{Links, Sent};
use crate::capture::{InterfaceKind, PacketKind, Side, UartPacket};
use crate::module::PowerState;
use crate::net::dissect::{dissect, end};
use crate::time::Instant;
use crate::world::console::Change;
use crate::world::inputlog::Input;
use crate::world::spelling::{escaped, printable};
use crate::world::{Error, Event, Interface, ModuleId, Observation, Packet, Pin, Replay, Seen, World};

/// Most entries of each kind in a page: a browser draws so many without a pause.
const MOST: usize = 200_000;
/// With more modules than this, queues and states are looked at when something is put in only.
const LOOKED_AT: usize = 16;
/// Bytes of a line or a block that are shown, by how many entries there are: few are shown whole.
const SHOWN: [(usize, usize); 3] = [(5_000, 1_024), (50_000, 96), (usize::MAX, 32)];
/// The longest of them.
const LONGEST: usize = SHOWN[0].1;

/// The levels of a pin: at the start, and from each change on.
struct Levels {
    first: bool,
    changes: Vec<(Instant, bool)>,
}

/// What one module has shown.
struct Watched {
    states: Vec<(Instant, String)>,
    commands: Commands,
    uart: Vec<(UartPacket, usize, Option<String>)>,
    log: Vec<(Instant, String)>,
    pins: BTreeMap<&'static str, Levels>,
    queues: [Series; 5],
    runs: bool,
    multiple: bool,
}

/// What a queue is called, in the order of [`Watched::queues`].
const QUEUES: [&str; 5] = ["MCU to send", "module FIFO", "module to send", "links received", "links unacked"];

/// The pins, with their levels at the start.
const PINS: [(&str, bool); 5] =
    [("EN", true), ("GPIO0", true), ("MCU RTS", false), ("wake", false), ("module RTS", false)];

/// A packet that passed a tap: what it was, and no more of it than is shown.
struct Frame {
    at: Instant,
    interface: usize,
    inbound: bool,
    protocol: &'static str,
    ends: Option<(SocketAddr, SocketAddr)>,
    info: String,
    length: usize,
    /// The beginning of what it carries.
    payload: Vec<u8>,
    comment: Option<String>,
    /// Its bytes passed there before.
    is_again: bool,
}

/// Everything that was seen.
struct Gatherer {
    modules: Vec<Watched>,
    links: Links,
    packets: Vec<Frame>,
    /// How far each TCP stream has come.
    sent: Sent,
    events: Vec<Observation>,
    /// What the firmware printed, as the log has it.
    printed: Vec<Printed>,
    /// What the firmware has got of a line that the MCU sent.
    heard: BTreeMap<(usize, Instant), Vec<u8>>,
    names: BTreeMap<String, usize>,
    /// Entries that were too many, by what they are: the time of the first, and how many.
    too_many: BTreeMap<&'static str, (Instant, usize)>,
}

/// Runs the log to its end, and looks at every instant at which something happens.
pub fn gather(mut replay: Replay, source: &str, printed: Vec<Printed>) -> Result<Data, Error> {
    let names: Vec<String> = replay.world().module_names().iter().map(|name| (*name).to_owned()).collect();
    let mut gatherer = Gatherer::new(&names);
    let is_small = names.len() <= LOOKED_AT;
    loop {
        while replay.approach()? {
            gatherer.look(replay.world(), if is_small { 0..names.len() } else { 0..0 })?;
        }
        let Some(fed) = replay.feed()? else { break };
        let (at, module) = (fed.at, fed.module.map(|module| module as usize));
        if let Input::Pin { module, pin, high, .. } = fed.input {
            gatherer.pin(*module as usize, at, pin_name(*pin), *high);
        }
        let looked_at = match module {
            _ if is_small => 0..names.len(),
            Some(module) => module..module + 1,
            None => 0..0,
        };
        gatherer.look(replay.world(), looked_at)?;
    }
    let scenario = replay.scenario();
    let mut data = Data {
        version: env!("CARGO_PKG_VERSION"),
        source: printable(source),
        scenario: printable(&scenario.name),
        modules: scenario
            .modules
            .iter()
            .map(|module| data::Module {
                name: module.name.clone(),
                profile: module.profile.clone(),
                ..data::Module::default()
            })
            .collect(),
        end: replay.reached().as_nanos(),
        ..Data::default()
    };
    let end = replay.reached();
    let mut replayed = replay.finish();
    gatherer.look(&mut replayed.world, 0..names.len())?;
    data.seed = replayed.world.seed();
    data.digest = format!("{:016x}", replayed.world.digest());
    data.same = replayed.is_same();
    data.warnings = replayed.world.take_warnings().iter().map(|warning| printable(warning)).collect();
    if let Some(cut) = &replayed.truncated {
        data.left_out.push(format!("Line {} of the log is cut off and was left out.", cut.line));
    }
    if !is_small {
        data.left_out.push(format!(
            "With more than {LOOKED_AT} modules, queues are looked at when something is put in only."
        ));
    }
    gatherer.write(&replayed.world, &mut data, end, printed)?;
    Ok(data)
}

fn pin_name(pin: Pin) -> &'static str {
    match pin {
        Pin::En => "EN",
        Pin::Gpio0 => "GPIO0",
        Pin::McuRts => "MCU RTS",
        Pin::Wake => "wake",
    }
}

impl Gatherer {
    fn new(names: &[String]) -> Gatherer {
        let watched = || Watched {
            states: Vec::new(),
            commands: Commands::default(),
            uart: Vec::new(),
            log: Vec::new(),
            pins: PINS
                .iter()
                .map(|(name, first)| (*name, Levels { first: *first, changes: Vec::new() }))
                .collect(),
            queues: Default::default(),
            runs: false,
            multiple: false,
        };
        Gatherer {
            modules: names.iter().map(|_| watched()).collect(),
            links: Links::default(),
            packets: Vec::new(),
            sent: Sent::default(),
            events: Vec::new(),
            printed: Vec::new(),
            heard: BTreeMap::new(),
            names: names.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect(),
            too_many: BTreeMap::new(),
        }
    }

    /// Takes what the world has recorded, and looks at the modules in `looked_at`.
    fn look(&mut self, world: &mut World, looked_at: std::ops::Range<usize>) -> Result<(), Error> {
        for observation in world.take_observations() {
            self.observation(world, observation);
        }
        for packet in world.take_packets() {
            self.packet(world, packet)?;
        }
        for index in 0..self.modules.len() {
            while let Ok(Some(change)) = world.pin_read(ModuleId(index as u32)) {
                self.pin(index, change.at, "module RTS", change.high);
            }
        }
        for index in looked_at {
            self.sample(world, index);
        }
        Ok(())
    }

    fn observation(&mut self, world: &World, observation: Observation) {
        let module = self.names.get(&observation.subject).copied();
        match (&observation.event, module) {
            (Event::Command(line), Some(module)) => {
                self.heard.insert((module, observation.at), line.clone());
                return;
            }
            (Event::Command(_) | Event::Reply(_), _) => return,
            (Event::Console(line), _) => {
                self.printed.push(Printed {
                    at: observation.at,
                    text: printable(&without_colours(&String::from_utf8_lossy(line))),
                });
                return;
            }
            (Event::Link(event), Some(module)) => {
                let open = world.links(ModuleId(module as u32)).unwrap_or_default();
                let own_port = open.iter().find(|link| link.id == event.id).map_or(0, |link| link.local_port);
                self.links.event(module, observation.at, event, own_port);
            }
            (Event::Changed(Change::Pin { pin, high, .. }), Some(module)) => {
                self.pin(module, observation.at, pin_name(*pin), *high);
            }
            _ => {}
        }
        if self.events.len() < MOST {
            self.events.push(observation);
        } else {
            self.leave_out("events", observation.at);
        }
    }

    fn packet(&mut self, world: &World, packet: Packet) -> Result<(), Error> {
        let Interface { module, kind, .. } = *world.interface(packet.seen.interface())?;
        let module = module.map(ModuleId::index);
        match packet.seen {
            Seen::Frame { interface, inbound, bytes } => {
                if self.packets.len() >= MOST {
                    self.leave_out("packets", packet.at);
                    return Ok(());
                }
                let what = dissect(&bytes, kind == InterfaceKind::RawIp);
                let is_again = self.sent.again(interface, &what);
                self.packets.push(Frame {
                    at: packet.at,
                    interface,
                    inbound,
                    protocol: what.protocol,
                    ends: what.ends,
                    length: bytes.len(),
                    payload: what.payload.iter().take(LONGEST + 1).copied().collect(),
                    info: what.info,
                    comment: packet.comment,
                    is_again,
                });
            }
            Seen::Uart { packet: line, .. } => {
                let Some(module) = module else { return Ok(()) };
                let heard = self.heard.remove(&(module, line.at));
                let Some(watched) = self.modules.get_mut(module) else { return Ok(()) };
                watched.commands.packet(&line, heard.as_deref(), watched.multiple);
                if watched.uart.len() < MOST {
                    let length = line.bytes.len();
                    let bytes = line.bare().iter().take(LONGEST + 1).copied().collect();
                    watched.uart.push((UartPacket { bytes, ..line }, length, packet.comment));
                } else {
                    self.leave_out("lines on the UART", line.at);
                }
            }
            Seen::Log { packet: line, .. } => {
                let Some(watched) = module.and_then(|module| self.modules.get_mut(module)) else {
                    return Ok(());
                };
                if watched.log.len() < MOST {
                    watched.log.push((line.at, excerpt(line.bare(), LONGEST)));
                } else {
                    self.leave_out("lines of the log port", line.at);
                }
            }
        }
        Ok(())
    }

    fn sample(&mut self, world: &World, index: usize) {
        let module = ModuleId(index as u32);
        let (Ok(at), Ok(state), Some(watched)) =
            (world.now(module), world.module_state(module), self.modules.get_mut(index))
        else {
            return;
        };
        let words = state.to_string();
        if watched.states.last().is_none_or(|(_, last)| *last != words) && watched.states.len() < MOST {
            watched.states.push((at, words));
        }
        watched.multiple = state.modes.multiple;
        let links = world.links(module).unwrap_or_default();
        let depths = [
            state.mcu_queued,
            state.rx_waiting,
            state.tx_waiting,
            links.iter().map(|link| link.waiting).sum(),
            links.iter().map(|link| link.unsent).sum(),
        ];
        for (series, depth) in watched.queues.iter_mut().zip(depths) {
            series.push(at.as_nanos(), depth as u64);
        }
        let runs = state.power == PowerState::On;
        if std::mem::replace(&mut watched.runs, runs) && !runs {
            watched.commands.cut(at);
            self.links.gone(index, at);
        }
    }

    fn pin(&mut self, module: usize, at: Instant, name: &'static str, high: bool) {
        let pin = self.modules.get_mut(module).and_then(|watched| watched.pins.get_mut(name));
        let Some(Levels { first, changes }) = pin else { return };
        if changes.last().map_or(*first, |(_, level)| *level) != high && changes.len() < MOST {
            changes.push((at, high));
        }
    }

    fn leave_out(&mut self, what: &'static str, at: Instant) {
        self.too_many.entry(what).or_insert((at, 0)).1 += 1;
    }

    /// Writes all of it down as the page has it.
    fn write(
        mut self,
        world: &World,
        data: &mut Data,
        end: Instant,
        printed: Vec<Printed>,
    ) -> Result<(), Error> {
        let entries =
            self.packets.len() + self.modules.iter().map(|watched| watched.uart.len()).sum::<usize>();
        let shown = SHOWN.iter().find(|(most, _)| entries <= *most).map_or(LONGEST, |(_, shown)| *shown);
        let mut strings = Strings::default();
        self.write_packets(world, data, &mut strings, shown)?;
        for observation in &self.events {
            let events = &mut data.events;
            events.t.push(observation.at.as_nanos());
            events.module.push(self.names.get(&observation.subject).map_or(-1, |index| *index as i64));
            events.subject.push(strings.place(printable(&observation.subject)));
            events.word.push(strings.place(observation.kind()));
            events.text.push(strings.place(printable(&observation.text())));
        }
        for (module, watched) in data.modules.iter_mut().zip(self.modules) {
            write_module(module, watched, &mut strings, end, shown);
        }
        for link in &self.links.all {
            if let Some(module) = data.modules.get_mut(link.module) {
                module.links.push(data::Link {
                    id: link.id,
                    protocol: link.protocol.name(link.peer.ip()),
                    peer: link.peer.to_string(),
                    port: link.own_port,
                    accepted: link.accepted,
                    from: link.from.as_nanos(),
                    to: link.end.map_or(-1, |(at, _)| at.as_nanos() as i64),
                    how: link.end.map_or("open at the end", |(_, how)| how),
                });
            }
        }
        // What is given goes before the log.
        let printed = if printed.is_empty() { self.printed } else { printed };
        for line in printed.iter().take(MOST) {
            data.console.t.push(line.at.as_nanos());
            data.console.text.push(strings.place(line.text.chars().take(LONGEST).collect::<String>()));
        }
        if let Some(first) = printed.get(MOST) {
            self.too_many.insert("lines of the console", (first.at, printed.len() - MOST));
        }
        for (what, (at, count)) in &self.too_many {
            data.left_out
                .push(format!("{count} {what} from {at} on are left out: a page has at most {MOST}."));
        }
        data.strings = strings.finish();
        Ok(())
    }

    fn write_packets(
        &self,
        world: &World,
        data: &mut Data,
        strings: &mut Strings,
        shown: usize,
    ) -> Result<(), Error> {
        // The place of each link among those of its module.
        let mut counts: BTreeMap<usize, i64> = BTreeMap::new();
        let places: Vec<i64> = self
            .links
            .all
            .iter()
            .map(|link| {
                let count = counts.entry(link.module).or_insert(0);
                *count += 1;
                *count - 1
            })
            .collect();
        for frame in &self.packets {
            let at = world.interface(frame.interface)?;
            let module = at.module.map(ModuleId::index);
            let link = module.zip(frame.ends).and_then(|(module, ends)| {
                self.links.of(module, frame.at, frame.inbound, ends, frame.protocol)
            });
            let is_lost = frame.comment.as_deref().is_some_and(|comment| {
                comment.split("; ").any(|said| LOST.iter().any(|word| said.starts_with(word)))
            });
            let packets = &mut data.packets;
            packets.t.push(frame.at.as_nanos());
            packets.module.push(module.map_or(-1, |module| module as i64));
            packets.at.push(strings.place(printable(&at.name)));
            packets.inbound.push(u8::from(frame.inbound));
            packets.protocol.push(strings.place(frame.protocol));
            let ends = frame.ends.map(|(from, to)| format!("{} > {}", end(from), end(to)));
            packets.ends.push(strings.some(ends));
            packets.info.push(strings.place(printable(&frame.info)));
            packets.bytes.push(frame.length);
            let payload = (!frame.payload.is_empty()).then(|| excerpt(&frame.payload, shown));
            packets.data.push(strings.some(payload));
            packets.comment.push(strings.some(frame.comment.as_deref().map(printable)));
            packets.link.push(link.and_then(|link| places.get(link)).copied().unwrap_or(-1));
            packets.fate.push(if is_lost { 2 } else { u8::from(frame.is_again) });
        }
        Ok(())
    }
}

/// What is said of a packet that never arrives.
const LOST: [&str; 3] = ["lost", "dropped", "never arrived"];

/// The beginning of some bytes as a text.
fn excerpt(bytes: &[u8], shown: usize) -> String {
    let more = if bytes.len() > shown { " ..." } else { "" };
    format!("{}{more}", escaped(&bytes[..bytes.len().min(shown)]))
}

fn write_module(
    module: &mut data::Module,
    watched: Watched,
    strings: &mut Strings,
    end: Instant,
    shown: usize,
) {
    for (at, words) in watched.states {
        module.states.t.push(at.as_nanos());
        module.states.text.push(strings.place(printable(&words)));
    }
    for command in watched.commands.finish(end) {
        let commands = &mut module.commands;
        commands.t.push(command.since.as_nanos());
        commands.line.push(command.sent.as_nanos() - command.since.as_nanos());
        commands.wait.push(command.answered.as_nanos().saturating_sub(command.sent.as_nanos()));
        commands.text.push(strings.place(excerpt(&command.line, LONGEST)));
        commands.answer.push(strings.place(excerpt(&command.answer, LONGEST)));
        commands.outcome.push(command.outcome as u8);
        commands.link.push(command.link.map_or(-1, |link| link as i8));
    }
    for (packet, length, comment) in watched.uart {
        let uart = &mut module.uart;
        uart.t.push(packet.at.as_nanos());
        uart.span.push(packet.at.as_nanos() - packet.since.as_nanos());
        let kind = match packet.kind {
            PacketKind::Line => 0,
            PacketKind::Prompt => 1,
            PacketKind::Data => 2,
        };
        uart.kind.push(kind + if packet.from == Side::Module { 3 } else { 0 });
        uart.bytes.push(length);
        uart.text.push(strings.place(excerpt(&packet.bytes, shown)));
        uart.comment.push(strings.some(comment.as_deref().map(printable)));
    }
    for (at, text) in watched.log {
        module.log.t.push(at.as_nanos());
        module.log.text.push(strings.place(text));
    }
    for (name, Levels { first, changes }) in watched.pins {
        if !changes.is_empty() {
            let mut pin = data::Pin { name, first: u8::from(first), t: Times::default(), level: Vec::new() };
            for (at, high) in changes {
                pin.t.push(at.as_nanos());
                pin.level.push(u8::from(high));
            }
            module.pins.push(pin);
        }
    }
    for (name, series) in QUEUES.into_iter().zip(watched.queues) {
        let (points, peak) = series.finish();
        if peak > 0 {
            let mut queue = data::Queue { name, peak, t: Times::default(), depth: Vec::new() };
            for (at, depth) in points {
                queue.t.push(at);
                queue.depth.push(depth);
            }
            module.queues.push(queue);
        }
    }
}
