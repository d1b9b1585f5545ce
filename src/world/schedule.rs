//! The order in which things happen.
//!
//! Every module, and the network between them, is a domain with a clock of its own. A domain's events happen
//! in order, up to its horizon: a module's is how far its driver has let it go, the network's is the slowest
//! module's. Domains meet only in frames, and a frame takes at least the lookahead from one module to the next,
//! so what a module can see at its time is already decided.

use std::ops::RangeInclusive;

use super::agenda::{Agenda, Due, Filed};
use super::console::{Audience, Change};
use super::control::comes_to_nothing;
use super::slot::{Arrival, Step};
use super::{Error, Event, LOOKAHEAD, ModuleId, OutputPin, PinChange, UartByte, World};
use crate::event::Kind;
use crate::module::{ModuleEvent, Record};
use crate::net::network::{Fate, HostAction};
use crate::time::{Duration, Instant, earliest};
use crate::wifi::config::ApChange;
use crate::wifi::{RadioChange, RadioNews, softap_name, softap_owner};

/// How long one module's radio takes to tell another's something: management frames and their answers. More than the
/// lookahead, so that nobody hears of what he should have known already.
const OVER_THE_AIR: Duration = Duration::from_millis(2);
/// How long it takes until a softAP that has come or gone is heard, or missed: the time between two beacons.
const BEACON: Duration = Duration::from_micros(102_400);

/// What a module hands to the network.
pub enum Uplink {
    /// A frame.
    Frame(Vec<u8>),
    /// A frame on its softAP interface.
    SoftApFrame(Vec<u8>),
    /// Its station associates or leaves.
    Radio(RadioChange),
}

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
            // The tick before the first one that is too late.
            let limit = slot.tick(least + LOOKAHEAD + Duration::from_nanos(1)) - 1;
            let [module, slowest] = [slot, &self.slots[slowest]].map(|slot| slot.module.name().to_owned());
            return Err(Error::TooFarAhead { module, tick, limit, slowest });
        }
        if at > slot.reached {
            self.slot_mut(module)?.reached = at;
        }
        if let Some(log) = &mut self.log {
            log.advance(module.0, tick);
        }
        self.order.moved(module.index(), at);
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
            self.slots[module].reached = at;
            self.order.moved(module, at);
            moved = true;
        }
        if self.order.drift(at) || moved {
            self.run();
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

    /// The next change that this module must see. What concerns the network alone is not filed here.
    fn module_change(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let Some(Filed { at: now, due, chain }) = slot.changes.pop() else { return };
        self.causes.chain = chain.unwrap_or_default();
        let change = match due {
            Due::Change(change) => change,
            Due::Listens(rule) => return self.rule_listens(now, Some(index), rule),
        };
        if let Audience::Module(_) = change.audience() {
            self.recorder.change(now, &change);
        }
        if let Change::Module { change: what, .. } = &change
            && let Some(why) = slot.module.cannot(what)
        {
            self.warnings.push(format!("{now}: {}", comes_to_nothing(&change, why)));
        }
        match change {
            Change::ApUp(name) => slot.module.access_point(now, &name, true),
            Change::ApDown(name) => slot.module.access_point(now, &name, false),
            Change::ApAssociation { name, association } => slot.module.association(&name, association),
            Change::ApRssi { module: Some(only), .. } if only != slot.module.name() => {}
            Change::ApRssi { name, dbm, over, module } => {
                let from = slot.module.rssi(&name).unwrap_or(dbm);
                slot.changes.forget_fades(&name, None);
                if fade(&mut slot.changes, now, (&name, module), from..=dbm, over) {
                    slot.module.access_point_changes(now, &name, &ApChange::Rssi(dbm));
                }
            }
            Change::ApFades { name, dbm, .. } => {
                slot.module.access_point_changes(now, &name, &ApChange::Rssi(dbm));
            }
            Change::ApRadio { name, change } => slot.module.access_point_changes(now, &name, &change),
            Change::Pin { pin, high, .. } => {
                self.recorder.pin(index, now, pin as u8, high);
                pin.drive(now, high, &mut slot.module);
            }
            Change::Wire { change, .. } => change.apply(now, &mut slot.module),
            Change::Module { change, .. } => slot.module.change(now, &change),
            Change::Host { name, action } => match action {
                HostAction::Join(module) if module == slot.module.name() => {
                    if let Some(mac) = self.network.host_mac(&name) {
                        slot.module.guest_arrives(now, &name, mac);
                    }
                }
                HostAction::Join(_) | HostAction::Leave => slot.module.guest_leaves(now, &name),
                HostAction::Vanish => slot.module.guest_vanishes(now, &name),
                HostAction::Send(_)
                | HostAction::Close
                | HostAction::Reset
                | HostAction::Pause
                | HostAction::Resume
                | HostAction::Connect { .. }
                | HostAction::Datagram { .. }
                | HostAction::Sntp(_)
                | HostAction::Tls(_)
                | HostAction::Alert(_)
                | HostAction::Cut
                | HostAction::Http(_)
                | HostAction::WebSocket(_)
                | HostAction::Mqtt(_)
                | HostAction::Publish { .. }
                | HostAction::HalfOpen
                | HostAction::One(..)
                | HostAction::Listen { .. }
                | HostAction::Unlisten { .. }
                | HostAction::Group { .. }
                | HostAction::Toxics { .. }
                | HostAction::Update(_)
                | HostAction::External { .. } => {}
            },
            Change::ApDhcp { .. } | Change::Dns { .. } | Change::Link { .. } => {}
            Change::ApUplink { .. } | Change::ApCaptive { .. } => {}
        }
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

    fn uplink_step(&mut self) {
        let Some((key, what)) = self.uplink.pop() else { return };
        let module = key.node as usize;
        let Some(slot) = self.slots.get_mut(module) else { return };
        match what {
            what @ (Uplink::Frame(_) | Uplink::SoftApFrame(_)) => {
                let (frame, fate) = match what {
                    Uplink::SoftApFrame(frame) => {
                        (frame.clone(), self.network.send_softap(key.time, module, frame))
                    }
                    Uplink::Frame(frame) => (frame.clone(), self.network.send(key.time, module, frame)),
                    Uplink::Radio(_) => return,
                };
                match fate {
                    Fate::Sent => {}
                    Fate::Disturbed(how) => slot.remarks.push(how.to_owned()),
                    Fate::Lost => slot.remarks.push("lost on the radio link".to_owned()),
                    Fate::Dropped(why) => slot.remarks.push(format!("dropped: {why}")),
                }
                if matches!(fate, Fate::Lost | Fate::Dropped(_)) {
                    slot.statistics.frames_lost += 1;
                }
                self.recorder.capture_frame(module, key.time, false, &frame, &mut slot.remarks);
            }
            Uplink::Radio(change) => self.radio_change(key.time, module, change),
        }
    }

    /// A module's radio has done something that the network must know, or another module.
    fn radio_change(&mut self, now: Instant, module: usize, change: RadioChange) {
        let own = self.slots[module].module.name().to_owned();
        let owner = |ap: &str| softap_owner(ap).and_then(|owner| self.by_name.get(owner).copied());
        // A scenario's access point goes before a softAP that happens to have its name.
        let owner = |ap: &str| owner(ap).filter(|_| !self.scenario.aps.iter().any(|known| known.name == ap));
        let station = |name: &str| self.by_name.get(name).copied();
        match change {
            RadioChange::Attach(ap) => match owner(&ap) {
                Some(owner) => {
                    self.network.station_join_softap(now, module, owner);
                }
                None => {
                    self.network.station_join(now, module, &ap);
                }
            },
            RadioChange::Detach => {
                let owner = self.network.softap_of_station(module);
                self.network.station_leave(now, module);
                if let Some(owner) = owner {
                    self.tell(now + OVER_THE_AIR, owner, RadioNews::Gone(own));
                }
            }
            RadioChange::OnAir(mut softap) => {
                let name = softap_name(&own);
                if let Some(softap) = &mut softap {
                    softap.name.clone_from(&name);
                }
                if self.scenario.aps.iter().any(|known| known.name == name) {
                    return;
                }
                for other in (0..self.slots.len()).filter(|other| *other != module) {
                    self.tell(now + BEACON, other, RadioNews::Beacon(name.clone(), softap.clone()));
                }
            }
            RadioChange::Knock(ap, mac) => {
                if let Some(owner) = owner(&ap) {
                    self.tell(now + OVER_THE_AIR, owner, RadioNews::Knock(own, mac));
                }
            }
            RadioChange::TurnAway(ap) => {
                if let Some(owner) = owner(&ap) {
                    self.tell(now + OVER_THE_AIR, owner, RadioNews::Gone(own));
                }
            }
            RadioChange::Admit(name) => match station(&name) {
                Some(to) => self.tell(now + OVER_THE_AIR, to, RadioNews::Answer(softap_name(&own), true)),
                None => self.network.softap_admit(now, module, &name),
            },
            RadioChange::Refuse(name, why) => match station(&name) {
                Some(to) => self.tell(now + OVER_THE_AIR, to, RadioNews::Answer(softap_name(&own), false)),
                None => self.network.softap_refuse(now, module, &name, why),
            },
            RadioChange::Dismiss(name) => match station(&name) {
                Some(to) => self.tell(now + OVER_THE_AIR, to, RadioNews::Dismissed(softap_name(&own))),
                None => self.network.softap_dismiss(now, module, &name),
            },
        }
    }

    /// A module's radio hears something of another's then.
    fn tell(&mut self, at: Instant, module: usize, news: RadioNews) {
        if let Some(slot) = self.slots.get_mut(module) {
            slot.frames.push(at, Kind::Frame, module as u32, Arrival::News(news));
            self.file_next(module);
        }
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

    /// The next change that the network must see. What concerns a module alone is not filed here.
    fn network_change(&mut self) {
        let Some(Filed { at, due, chain }) = self.changes.pop() else { return };
        self.causes.chain = chain.unwrap_or_default();
        let change = match due {
            Due::Change(change) => change,
            Due::Listens(rule) => return self.rule_listens(at, None, rule),
        };
        if let Some(why) = self.cannot(&change) {
            self.warnings.push(format!("{at}: {why}"));
        }
        if change.is_from_outside() {
            self.recorder.change(at, &change);
        }
        match change {
            Change::ApUp(name) => self.network.set_segment_up(at, &name, true),
            Change::ApDown(name) => self.network.set_segment_up(at, &name, false),
            Change::Link { name, change } => {
                if let Some(mut faults) = self.network.faults(&name).cloned() {
                    change.apply(&mut faults);
                    self.network.set_faults(&name, faults);
                }
            }
            Change::Host { name, action } => {
                self.network.act(at, &name, &action);
            }
            Change::ApDhcp { name, answers } => {
                if let Some(current) = self.network.dhcp_answers(&name) {
                    *current = answers;
                }
            }
            Change::Dns { name, change } => {
                if let Some(behaviour) = self.network.dns_behaviour(&name) {
                    change.apply(behaviour);
                }
            }
            Change::ApRssi { name, dbm, over, module } => {
                let of = module.as_ref().and_then(|name| self.by_name.get(name)).copied();
                if of.is_none() {
                    self.network.hear_alike(&name);
                }
                let from = self.network.rssi(&name, of).unwrap_or(dbm);
                self.changes.forget_fades(&name, module.as_deref());
                if fade(&mut self.changes, at, (&name, module), from..=dbm, over) {
                    self.network.set_rssi(&name, of, dbm);
                }
            }
            Change::ApFades { name, dbm, module } => {
                let of = module.and_then(|name| self.by_name.get(&name).copied());
                self.network.set_rssi(&name, of, dbm);
            }
            Change::ApUplink { name, up } => self.network.set_uplink(at, &name, up),
            Change::ApCaptive { name, on } => self.network.set_captive(at, &name, on),
            Change::Wire { .. } | Change::Pin { .. } | Change::Module { .. } => {}
            Change::ApAssociation { .. } => {}
            Change::ApRadio { .. } => {}
        }
    }
}

/// Files the steps of an access point's strength from the range's start to its end, in place of those that are still
/// filed. True: there are none, it is to be set at once.
fn fade(
    queue: &mut Agenda,
    now: Instant,
    (ap, module): (&str, Option<String>),
    range: RangeInclusive<i8>,
    over: Duration,
) -> bool {
    let (from, to) = (i64::from(*range.start()), i64::from(*range.end()));
    let steps = (to - from).unsigned_abs();
    if over == Duration::ZERO || steps == 0 {
        return true;
    }
    for step in 1..=steps {
        let at = now + Duration::from_nanos(over.as_nanos() / steps * step);
        let dbm = (from + (to - from).signum() * step as i64) as i8;
        queue.file(Filed {
            at,
            due: Due::Change(Change::ApFades { name: ap.to_owned(), dbm, module: module.clone() }),
            chain: None,
        });
    }
    false
}
