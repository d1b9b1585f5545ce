//! Replay: because a world is a pure function of its inputs, the list of inputs is a snapshot.
//!
//! [`replay`] runs a log to its end. A [`Replay`] is the same step by step, for who wants to look on the way; it may stop
//! earlier, and it may put the log's inputs into another world than the one that they were recorded in.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use super::inputlog::{self, End, Input, Log, LogError, Truncated};
use super::scenario::Scenario;
use super::{Attachment, Error, LOOKAHEAD, LanPort, ModuleId, Recording, World};
use crate::time::{Instant, Timebase};

/// A log that was run again.
pub struct Replayed {
    /// The world at the end of the log, finished.
    pub world: World,
    /// The digests that the log was closed with; `None` when it was not closed, and when the run has stopped earlier.
    pub logged: Option<End>,
    /// The incomplete last line of a log that was cut off within one.
    pub truncated: Option<Truncated>,
    /// The version of espat-sim that wrote it.
    pub version: String,
}

impl Replayed {
    /// Whether the run came out the same; `None` when the log does not say.
    pub fn is_same(&self) -> Option<bool> {
        let now = End { digest: self.world.digest(), content_digest: self.world.content_digest() };
        self.logged.map(|logged| logged == now)
    }
}

/// Runs an input log again: the same bytes, capture and digest, without MCU or emulator.
///
/// # Errors
/// [`Error::Replay`] when the log can't be read or an input is refused, and where.
pub fn replay(text: &str, recording: Recording) -> Result<Replayed, Error> {
    let mut replayed = run_again(text, recording)?;
    replayed.world.finish();
    Ok(replayed)
}

/// Makes the world of a snapshot ([`World::snapshot`]), or of the log of a run that was finished, as it was at the log's
/// end, to go on from there: modules that had a driver have it still, with their ids and ticks, and inputs come at the
/// tick reached or later. What it does next, it would have done.
///
/// What was handed out by then is gone: bytes, pins, observations, the dialogue. Capture, key log and input log are those
/// of the whole run, from time 0 on.
///
/// # Errors
/// [`Error::Replay`] when the log can't be read, an input is refused, or its end is missing or has other digests: then it
/// was damaged, or another version of espat-sim made it.
pub fn restore(text: &str, recording: Recording) -> Result<World, Error> {
    let mut restored = run_again(text, recording)?;
    if let Some(Truncated { line, .. }) = restored.truncated {
        let message = "it is cut off here, and what came last is lost".to_owned();
        return Err(Error::Replay(LogError { line, message }.to_string()));
    }
    match restored.is_same() {
        Some(true) => {}
        None => {
            let sentence = "the input log has no `end`, so what came last may be lost";
            return Err(Error::Replay(sentence.to_owned()));
        }
        Some(false) => {
            let logged = restored.logged.map_or(0, |end| end.digest);
            return Err(Error::Replay(format!(
                "the input log gives the digest {:016x}, and at its end stands {logged:016x}: it was damaged, or espat-sim {} \
                 does other things than this one, {}",
                restored.world.digest(),
                restored.version,
                env!("CARGO_PKG_VERSION")
            )));
        }
    }
    restored.world.forget_outputs();
    Ok(restored.world)
}

/// Runs a log again, and leaves the world at its end.
fn run_again(text: &str, recording: Recording) -> Result<Replayed, Error> {
    let mut replay = Replay::new(text, recording)?;
    while replay.feed()?.is_some() {}
    Ok(replay.leave())
}

/// An input that was put in.
#[derive(Clone, Copy, Debug)]
pub struct Fed<'a> {
    /// When it takes effect; of what attaches or detaches a driver, where its module was.
    pub at: Instant,
    /// The module whose driver it came from, by its id in the log; `None`: it is everybody's.
    pub module: Option<u32>,
    /// What it was. Of a run of bytes each comes by itself, with the whole run here.
    pub input: &'a Input,
}

/// A log that runs again, step by step.
pub struct Replay {
    world: World,
    log: Log,
    /// The first of the log's inputs that neither was put in nor waits in `merge`.
    position: usize,
    merge: Merge,
    /// Where the run stops.
    until: Option<Instant>,
    /// Of whom something was left out, because it is later than that.
    past: BTreeSet<Lane>,
    /// The world's modules by their ids in the log: those of another world may have other ones.
    modules: BTreeMap<u32, ModuleId>,
    is_foreign: bool,
}

/// Whose inputs these are: a module's, by its id in the log, or all modules'.
type Lane = Option<u32>;

/// Inputs of several modules, each module's in the order of its time, that are fed in the order of everybody's.
#[derive(Default)]
struct Merge {
    /// Places in the log.
    lanes: BTreeMap<Lane, VecDeque<usize>>,
    /// When the next one of each lane is, its tick, and how many bytes of it have been fed.
    next: BinaryHeap<Reverse<(Instant, Lane, u64, usize)>>,
}

impl Replay {
    /// A world at time 0, as that of the log was.
    ///
    /// # Errors
    /// [`Error::Replay`] when the log can't be read; those of [`World::new`].
    pub fn new(text: &str, recording: Recording) -> Result<Replay, Error> {
        let log = inputlog::parse(text).map_err(|e| Error::Replay(e.to_string()))?;
        let mut scenario = Scenario::parse(&log.scenario_name, &log.scenario_text)
            .map_err(|e| Error::Replay(e.to_string()))?;
        log.equip(&mut scenario).map_err(Error::Replay)?;
        Replay::with(log, scenario, recording, false)
    }

    /// Another world than the log's, of `scenario` with the files that it names: the same seed, the same inputs, and what
    /// modules of the same names had saved before.
    ///
    /// # Errors
    /// Those of [`Replay::new`].
    pub fn in_world(text: &str, scenario: &Scenario, recording: Recording) -> Result<Replay, Error> {
        let log = inputlog::parse(text).map_err(|e| Error::Replay(e.to_string()))?;
        let mut scenario = scenario.clone();
        for (name, saved) in &log.saved {
            if let Some(module) = scenario.modules.iter_mut().find(|m| m.name == *name) {
                module.saved = Some(saved.clone());
            }
        }
        Replay::with(log, scenario, recording, true)
    }

    fn with(log: Log, scenario: Scenario, recording: Recording, is_foreign: bool) -> Result<Replay, Error> {
        let world = World::new(&scenario, Some(log.seed), recording)?;
        Ok(Replay {
            world,
            log,
            position: 0,
            merge: Merge::default(),
            until: None,
            past: BTreeSet::new(),
            modules: BTreeMap::new(),
            is_foreign,
        })
    }

    /// The run stops at `until`: later inputs are left out. To be said before the first one.
    pub fn stop_at(&mut self, until: Instant) {
        self.until = Some(until);
    }

    /// The world where it is now.
    pub fn world(&mut self) -> &mut World {
        &mut self.world
    }

    /// Goes to the next thing that happens before the next input, so that one can look at every instant at which something
    /// may have changed. What modules have sent is thrown away. False: there is nothing, and [`Replay::feed`] is next.
    ///
    /// # Errors
    /// Those of [`Replay::feed`].
    pub fn approach(&mut self) -> Result<bool, Error> {
        self.gather()?;
        let Some(&Reverse((at, lane, _, _))) = self.merge.next.peek() else { return Ok(false) };
        let own = lane.and_then(|lane| self.modules.get(&lane).copied());
        let of_all = if lane.is_some() { at - LOOKAHEAD } else { at };
        for slot in &mut self.world.slots {
            slot.out.clear();
        }
        let ahead = |world: &World, module: usize| {
            let reached = world.slots.get(module)?.reached;
            world.next_instant(module).filter(|next| *next > reached)
        };
        let driven = (0..self.world.slots.len()).filter(|m| self.world.slots[*m].attachment.is_some());
        let next = driven.filter_map(|module| ahead(&self.world, module)).min();
        if let Some(next) = next.filter(|next| *next <= of_all) {
            self.world.bring_up(next);
            return Ok(true);
        }
        let Some(module) = own else { return Ok(false) };
        let Some(next) = ahead(&self.world, module.index()).filter(|next| *next < at) else {
            return Ok(false);
        };
        // Not before the driver's tick 0, which may be later than that.
        let tick = self.world.slot(module)?.tick(next);
        let to = self.world.instant(module, tick)?;
        self.world.bring_up(to - LOOKAHEAD);
        self.world.advance(module, tick)?;
        Ok(true)
    }

    /// Puts the next input in; `None`: there is none any more.
    ///
    /// # Errors
    /// [`Error::Replay`] when it is refused, and its line in the log.
    pub fn feed(&mut self) -> Result<Option<Fed<'_>>, Error> {
        loop {
            self.gather()?;
            let fed = match self.merge.next.pop() {
                Some(Reverse((at, lane, tick, fed))) => {
                    self.feed_of_lane(at, lane, tick, fed)?.map(|number| (at, number))
                }
                None if self.position < self.log.inputs.len() => {
                    let number = self.position;
                    self.position += 1;
                    self.feed_for_all(number)?.map(|at| (at, number))
                }
                None => {
                    if let Some(until) = self.until.filter(|_| self.has_stopped()) {
                        self.world.bring_up(until);
                    }
                    return Ok(None);
                }
            };
            if let Some((at, number)) = fed {
                return Ok(self.log.inputs.get(number).map(|input| Fed { at, module: lane(input), input }));
            }
        }
    }

    /// The scenario of the world that it runs in.
    pub fn scenario(&self) -> &Scenario {
        &self.world.scenario
    }

    /// True when the log has inputs later than where the run stopped.
    pub fn has_stopped(&self) -> bool {
        !self.past.is_empty()
    }

    /// How far any module has come.
    pub fn reached(&self) -> Instant {
        self.world.order.furthest()
    }

    /// Ends the recordings.
    pub fn finish(self) -> Replayed {
        let mut replayed = self.leave();
        replayed.world.finish();
        replayed
    }

    /// The world as it is now.
    fn leave(self) -> Replayed {
        let logged = self.log.end.filter(|_| self.past.is_empty());
        Replayed { world: self.world, logged, truncated: self.log.truncated, version: self.log.crate_version }
    }

    /// When nothing waits any more, the inputs up to the next one that is for all.
    fn gather(&mut self) -> Result<(), Error> {
        if !self.merge.next.is_empty() {
            return Ok(());
        }
        self.merge.lanes.clear();
        while let Some(input) = self.log.inputs.get(self.position).filter(|input| !is_for_all(input)) {
            let lane = lane(input);
            if !self.past.contains(&lane) {
                self.merge.lanes.entry(lane).or_default().push_back(self.position);
            }
            self.position += 1;
        }
        let lanes: Vec<Lane> = self.merge.lanes.keys().copied().collect();
        lanes.into_iter().try_for_each(|lane| self.file(lane, 0, 0))
    }

    /// Files when the next input of a lane is, of which `fed` bytes have been fed, the last one at `before`.
    fn file(&mut self, lane: Lane, before: u64, fed: usize) -> Result<(), Error> {
        let Some(&number) = self.merge.lanes.get(&lane).and_then(VecDeque::front) else { return Ok(()) };
        let Some(input) = self.log.inputs.get(number) else { return Ok(()) };
        let tick = match input {
            Input::Uart { pace, .. } if fed > 0 => before.saturating_add(pace.gap(fed)),
            Input::Uart { tick, .. }
            | Input::Pin { tick, .. }
            | Input::Line { tick, .. }
            | Input::Printed { tick, .. }
            | Input::Overrun { tick, .. }
            | Input::Advance { tick, .. } => *tick,
            Input::AdvanceAll { at_ns } => *at_ns,
            _ => return Ok(()),
        };
        let at = match lane {
            Some(module) => {
                let at = self.module(module).and_then(|module| self.world.instant(module, tick));
                at.map_err(|e| self.refused(number, &e))?
            }
            None => Instant::from_nanos(tick),
        };
        if self.until.is_some_and(|until| at > until) {
            self.past.insert(lane);
            self.merge.lanes.remove(&lane);
        } else {
            self.merge.next.push(Reverse((at, lane, tick, fed)));
        }
        Ok(())
    }

    fn feed_of_lane(
        &mut self,
        at: Instant,
        lane: Lane,
        tick: u64,
        fed: usize,
    ) -> Result<Option<usize>, Error> {
        let Some(&number) = self.merge.lanes.get(&lane).and_then(VecDeque::front) else { return Ok(None) };
        // Every module had come so far, or this one could not have been here.
        self.world.bring_up(at - LOOKAHEAD);
        let module = lane.map(|lane| self.module(lane)).transpose();
        let (fed_now, whole) = match (self.log.inputs.get(number), module) {
            (None, _) => return Ok(None),
            (_, Err(e)) => (Err(e), true),
            (_, Ok(None)) => {
                if let Some(log) = &mut self.world.log {
                    log.advance_all(at);
                }
                self.world.bring_up(at);
                (Ok(()), true)
            }
            (Some(Input::Uart { bytes, .. }), Ok(Some(module))) => {
                let byte = bytes.get(fed).copied().unwrap_or_default();
                (self.world.uart_write(module, tick, byte), fed + 1 >= bytes.len())
            }
            (Some(input), Ok(Some(module))) => (feed(&mut self.world, module, input), true),
        };
        fed_now.map_err(|e| self.refused(number, &e))?;
        if whole && let Some(lane) = self.merge.lanes.get_mut(&lane) {
            lane.pop_front();
        }
        self.file(lane, tick, if whole { 0 } else { fed + 1 })?;
        Ok(Some(number))
    }

    /// What was put in before stands before it in the log, what was put in afterwards behind it.
    fn feed_for_all(&mut self, number: usize) -> Result<Option<Instant>, Error> {
        let Some(input) = self.log.inputs.get(number) else { return Ok(None) };
        let fed = match input {
            Input::Attach { module, .. } | Input::Detach { module } if self.past.contains(&Some(*module)) => {
                return Ok(None);
            }
            Input::Attach { module, name, hz, origin_ns, mcu_tx, obeys_rts } => {
                let timebase = Timebase::new(*hz, Instant::from_nanos(*origin_ns));
                let timebase = timebase.ok_or_else(|| Error::Replay("a timebase of 0 Hz".to_owned()));
                let attachment =
                    timebase.map(|timebase| Attachment { timebase, mcu_tx: *mcu_tx, obeys_rts: *obeys_rts });
                let id = attachment.and_then(|attachment| self.world.attach(name, attachment));
                match id {
                    Ok(id) if self.is_foreign || id == ModuleId(*module) => {
                        self.modules.insert(*module, id);
                        self.world.now(id)
                    }
                    Ok(_) => Err(Error::NoSuchModule),
                    Err(e) => Err(e),
                }
            }
            Input::Detach { module } => self
                .module(*module)
                .and_then(|id| self.world.now(id).and(self.world.detach(id)).and(Ok(self.reached()))),
            Input::Console { at_ns, .. }
            | Input::LanAttach { at_ns, .. }
            | Input::LanDetach { at_ns, .. }
            | Input::LanFrame { at_ns, .. }
                if self.until.is_some_and(|until| *at_ns > until.as_nanos()) =>
            {
                return Ok(None);
            }
            Input::LanAttach { at_ns, port, access_point } => match self.world.lan_attach(access_point) {
                Ok(given) if given == LanPort(*port) => Ok(Instant::from_nanos(*at_ns)),
                Ok(given) => Err(Error::Lan(format!("the next cable is number {}", given.index()))),
                Err(e) => Err(e),
            },
            Input::LanDetach { at_ns, port } => {
                self.world.lan_detach(LanPort(*port)).map(|()| Instant::from_nanos(*at_ns))
            }
            Input::LanFrame { at_ns, port, frame } => {
                let at = Instant::from_nanos(*at_ns);
                self.world.lan_send(LanPort(*port), at, frame).map(|()| at)
            }
            Input::Console { at_ns, line } => {
                let after = crate::time::Duration::from_nanos(*at_ns);
                self.world.console(&format!("at {after} {line}")).map(|_| Instant::from_nanos(*at_ns))
            }
            // Those are fed lane by lane.
            _ => return Ok(None),
        };
        fed.map(Some).map_err(|e| self.refused(number, &e))
    }

    /// The world's module that has this id in the log.
    fn module(&self, id: u32) -> Result<ModuleId, Error> {
        self.modules.get(&id).copied().ok_or(Error::NoSuchModule)
    }

    /// An input that was refused, with its line.
    fn refused(&self, number: usize, why: &Error) -> Error {
        let line = self.log.lines.get(number).copied().unwrap_or_default();
        let mut message = format!("refused: {why}");
        if let (true, Some(Input::Console { line, .. })) = (self.is_foreign, self.log.inputs.get(number)) {
            message = format!("`{line}` is refused in the other world: {why}");
        }
        Error::Replay(LogError { line, message }.to_string())
    }
}

fn is_for_all(input: &Input) -> bool {
    matches!(
        input,
        Input::Attach { .. }
            | Input::Detach { .. }
            | Input::Console { .. }
            | Input::LanAttach { .. }
            | Input::LanDetach { .. }
            | Input::LanFrame { .. }
    )
}

/// Whose it is.
fn lane(input: &Input) -> Lane {
    match input {
        Input::Uart { module, .. }
        | Input::Pin { module, .. }
        | Input::Line { module, .. }
        | Input::Printed { module, .. }
        | Input::Overrun { module, .. }
        | Input::Advance { module, .. } => Some(*module),
        _ => None,
    }
}

/// Feeds what one module's driver did, but for its bytes.
fn feed(world: &mut World, module: ModuleId, input: &Input) -> Result<(), Error> {
    match input {
        Input::Pin { tick, pin, high, .. } => world.set_pin(module, *tick, *pin, *high),
        Input::Line { tick, line, .. } => world.set_mcu_line(module, *tick, *line),
        Input::Printed { tick, line, .. } => world.mcu_printed(module, *tick, line),
        Input::Overrun { tick, byte, loss, .. } => world.mcu_overrun(module, *tick, *byte, *loss),
        Input::Advance { tick, .. } => world.advance(module, *tick),
        // Bytes come one by one, and the others are of nobody.
        _ => Ok(()),
    }
}
