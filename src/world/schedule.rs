//! The order in which things happen.
//!
//! Every module, and the network between them, is a domain with a clock of its own. A domain's events happen
//! in order, up to its horizon: a module's is how far its driver has let it go, the network's is the slowest
//! module's. Domains meet only in frames, and a frame takes at least the lookahead from one module to the next,
//! so what a module can see at its time is already decided.

mod changes;
mod radio;

use super::slot::{Arrival, Step};
use super::{Error, Event, LOOKAHEAD, ModuleId, OutputPin, PinChange, UartByte, World};
use crate::event::Kind;
use crate::module::{ModuleEvent, Record};
use crate::time::{Instant, Timebase, earliest};
pub use radio::Uplink;

/// Who is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Domain {
    Module(usize),
    Uplink,
    Network,
}

impl World {
    /// Lets everything up to `tick` of this module happen. Returns that instant.
    pub(super) fn go_to(&mut self, module: ModuleId, tick: u64) -> Result<Instant, Error> {
        let slot = self.attached(module)?;
        let at = slot.instant(tick)?;
        if at > self.order.slowest() + LOOKAHEAD
            && let Some((least, slowest)) = self.order.slowest_but(module.index())
            && at > least + LOOKAHEAD
        {
            let timebase = slot.attachment.as_ref().map_or(Timebase::NANOS, |a| a.timebase);
            let limit = timebase.last_tick(least + LOOKAHEAD);
            let [module, slowest] = [slot, &self.slots[slowest]].map(|slot| slot.module.name().to_owned());
            return Err(Error::TooFarAhead { module, tick, limit, slowest });
        }
        if let Some(log) = &mut self.log {
            log.advance(module.0, tick);
        }
        self.reach(module.index(), at);
        self.run();
        Ok(at)
    }

    /// Lets everything up to `at` happen for all modules.
    pub(super) fn go_to_all(&mut self, at: Instant) -> Result<(), Error> {
        if let Some((reached, module)) = self.order.ahead_of(at, &self.slots) {
            let slot = &self.slots[module];
            let [tick, reached] = [at, reached].map(|at| slot.tick(at));
            return Err(Error::TimeBackwards { module: slot.module.name().to_owned(), tick, reached });
        }
        if let Some(log) = &mut self.log {
            log.advance_all(at);
        }
        self.bring_up(at);
        Ok(())
    }

    /// Lets everything up to `at` happen for those modules that have not come so far.
    pub(super) fn bring_up(&mut self, at: Instant) {
        let mut moved = false;
        while let Some(module) = self.order.behind(at) {
            self.reach(module, at);
            moved = true;
        }
        if self.order.drift(at) || moved {
            self.run();
        }
    }

    /// This module's driver has let it come so far.
    fn reach(&mut self, module: usize, at: Instant) {
        let Some(slot) = self.slots.get_mut(module) else { return };
        let begins = !slot.is_driven();
        slot.reached = slot.reached.max(at);
        if begins {
            self.file_next(module);
        } else {
            self.order.moved(module, at);
        }
    }

    /// The instant of a tick of this module's driver.
    pub(super) fn instant(&self, module: ModuleId, tick: u64) -> Result<Instant, Error> {
        let attachment = self.attached(module)?.attachment.as_ref();
        attachment.and_then(|a| a.timebase.instant(tick)).ok_or(Error::TimeOverflow(tick))
    }

    /// How far the network's clock may go: as far as the slowest module with a driver.
    pub(super) fn network_horizon(&self) -> Instant {
        self.order.slowest()
    }

    /// When a module's driver must come back.
    pub(super) fn next_instant(&self, module: usize) -> Option<Instant> {
        let slot = self.slots.get(module)?;
        let byte = slot.out.front().map(|b| b.at);
        let own = slot.next_for_driver();
        let uplink = self.uplink.peek().map(|k| k.time);
        let event = self.network.next_event().map(|k| k.time);
        let network = earliest([event, self.changes.next(), uplink]);
        // Behind this module's clock the network waits for a slower one; nothing of it can arrive here before
        // the lookahead is over.
        let network = network.map(|t| if t <= slot.reached { self.network_horizon() + LOOKAHEAD } else { t });
        earliest([byte, own, network, self.causes.earliest_effect()])
    }

    /// Lets everything happen that may happen now.
    pub(super) fn run(&mut self) {
        let horizon = self.order.follow();
        while let Some((now, step, domain)) = self.next_step(horizon) {
            match (step, domain) {
                (_, Domain::Module(index)) => {
                    self.module_step(index, now, step);
                    self.file_next(index);
                }
                (_, Domain::Uplink) => self.uplink_step(),
                (Step::Event(_), Domain::Network) => self.network.step(),
                (Step::Change, Domain::Network) => self.network_change(),
                (Step::Cause, Domain::Network) => self.cause_step(),
            }
            self.collect_network(now);
            self.causes.chain = 0;
        }
        if let Some(limit) = self.settled() {
            self.recorder.settle(limit);
        }
    }

    /// What happens next within the horizons, and whose it is.
    fn next_step(&self, horizon: Instant) -> Option<(Instant, Step, Domain)> {
        let uplink = self.uplink.peek().map(|k| (k.time, Step::Event(k.kind), Domain::Uplink));
        let event = self.network.next_event().map(|k| (k.time, Step::Event(k.kind), Domain::Network));
        let change = self.changes.next().map(|t| (t, Step::Change, Domain::Network));
        let network = earliest([uplink, event, change]).filter(|(t, ..)| *t <= horizon);
        // Nobody has anything more to tell of that instant when every clock has passed it.
        let cause =
            self.causes.next().map(|t| (t, Step::Cause, Domain::Network)).filter(|(t, ..)| *t < horizon);
        let module = self.order.next().map(|((time, step), index)| (time, step, Domain::Module(index)));
        earliest([network, module, cause])
    }

    /// Something about a module has changed: files anew how far it has come, and what it does next.
    pub(super) fn file_next(&mut self, index: usize) {
        if let Some(slot) = self.slots.get(index) {
            self.order.file(index, slot);
        }
    }

    fn module_step(&mut self, index: usize, now: Instant, step: Step) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        match step {
            Step::Event(Kind::WireEdge) => slot.module.wire_edge(now),
            Step::Event(Kind::Frame) => {
                let Some((_, arrival)) = slot.frames.pop() else { return };
                if let Arrival::Frame(frame) | Arrival::SoftApFrame(frame) = &arrival {
                    slot.statistics.frames_received += 1;
                    self.recorder.frame_received(index, now, frame);
                    self.recorder.capture_frame(index, now, true, frame, &mut slot.remarks);
                }
                match arrival {
                    Arrival::Frame(frame) => slot.module.frame(now, frame),
                    Arrival::SoftApFrame(frame) => slot.module.softap_frame(now, frame),
                    Arrival::News(news) => slot.module.radio_news(now, news),
                }
            }
            Step::Event(Kind::Timer) => slot.module.timer(now),
            Step::Change => self.module_change(index),
            Step::Cause => {}
        }
        self.collect(index, now);
    }

    /// Takes what a module has come out with.
    pub(super) fn collect(&mut self, index: usize, now: Instant) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        if slot.has_file {
            self.unsaved.insert(index);
        }
        while let Some((at, told)) = slot.module.take_event(now) {
            let name = slot.module.name();
            match &told {
                ModuleEvent::Firmware(_) => {}
                ModuleEvent::Uart(event) if event.is_warning() => {
                    self.warnings.push(format!("{at}: module '{name}': {event}"));
                }
                ModuleEvent::Uart(_) => {}
            }
            let event = Event::from(told);
            slot.remarks.push(event.remark());
            self.recorder.observe(at, name, event);
        }
        while let Some((at, high)) = slot.module.take_rts_change() {
            let pin = OutputPin::ModuleRts;
            self.recorder.pin(index, at, pin as u8, high);
            if self.keep_pins {
                let tick = slot.tick(at);
                slot.pins.push_back(PinChange { tick, at, pin, high });
            }
        }
        while let Some(record) = slot.module.take_record() {
            self.recorder.byte(index, record, &mut slot.remarks);
            if !record.from_mcu {
                let tick = slot.tick(record.at);
                let Record { at, byte, flags, .. } = record;
                slot.out.push_back(UartByte { tick, at, byte, flags });
            }
        }
        if slot.module.take_block_ended() {
            self.recorder.block_ended(index, now, &mut slot.remarks);
        }
        while let Some((at, byte)) = slot.module.take_logged() {
            self.recorder.log_byte(index, at, byte);
            if self.keep_log_port {
                let tick = slot.tick(at);
                slot.logged.push_back(UartByte { tick, at, byte, flags: 0 });
            }
        }
        while let Some(change) = slot.module.take_radio_change() {
            self.uplink.push(now, Kind::Frame, index as u32, Uplink::Radio(change));
        }
        while let Some(line) = slot.module.take_secret() {
            self.recorder.secret(now, line);
        }
        while let Some(frame) = slot.module.take_frame() {
            slot.statistics.frames_sent += 1;
            self.recorder.frame_sent(index, now, &frame);
            self.uplink.push(now, Kind::Frame, index as u32, Uplink::Frame(frame));
        }
        while let Some(frame) = slot.module.take_softap_frame() {
            slot.statistics.frames_sent += 1;
            self.recorder.frame_sent(index, now, &frame);
            self.uplink.push(now, Kind::Frame, index as u32, Uplink::SoftApFrame(frame));
        }
        self.hear(now, Some(index));
    }

    /// Takes what the network has come out with.
    fn collect_network(&mut self, now: Instant) {
        while let Some((at, line)) = self.network.take_secret() {
            self.recorder.secret(at, line);
        }
        while let Some(delivery) = self.network.take_delivery() {
            let Some(slot) = self.slots.get_mut(delivery.module) else { continue };
            if delivery.lost {
                slot.statistics.frames_lost += 1;
                let mut remarks = vec![format!("never arrived: {}", delivery.why.unwrap_or("lost"))];
                self.recorder.capture_frame(
                    delivery.module,
                    delivery.at,
                    true,
                    &delivery.frame,
                    &mut remarks,
                );
            } else {
                let kind = if delivery.softap { Arrival::SoftApFrame } else { Arrival::Frame };
                let arrival = kind(delivery.frame);
                slot.frames.push(delivery.at, Kind::Frame, delivery.module as u32, arrival);
                self.file_next(delivery.module);
            }
        }
        while let Some(tap) = self.network.take_tap() {
            self.recorder.capture_tap(tap.tap, tap.at, tap.inbound, tap.frame, tap.comment);
        }
        self.collect_cables();
        while let Some((at, host, event)) = self.network.take_event() {
            self.recorder.observe(at, host, Event::Host(event));
        }
        self.hear(now, None);
    }
}
