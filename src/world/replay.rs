//! Replay: because a world is a pure function of its inputs, the list of inputs is a snapshot.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::inputlog::{self, End, Input, LogError, Truncated};
use super::scenario::Scenario;
use super::{Attachment, Error, LOOKAHEAD, ModuleId, Recording, World};
use crate::time::{Instant, Timebase};

/// A log that was run again.
pub struct Replayed {
    /// The world at the end of the log, finished.
    pub world: World,
    /// The digests that the log was closed with; `None` when it was not closed.
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
    let log = inputlog::parse(text).map_err(|e| Error::Replay(e.to_string()))?;
    let mut scenario =
        Scenario::parse(&log.scenario_name, &log.scenario_text).map_err(|e| Error::Replay(e.to_string()))?;
    log.equip(&mut scenario).map_err(Error::Replay)?;
    let mut world = World::new(&scenario, Some(log.seed), recording)?;
    let inputs: Vec<Numbered<'_>> = log.lines.iter().copied().zip(&log.inputs).collect();
    for group in inputs.chunk_by(|a, b| !is_for_all(a.1) && !is_for_all(b.1)) {
        let fed = match group {
            [(line, input)] if is_for_all(input) => feed(&mut world, input).map_err(|e| (*line, e)),
            group => Merge::of(&world, group).and_then(|merge| merge.feed(&mut world)),
        };
        fed.map_err(|(line, e)| {
            Error::Replay(LogError { line, message: format!("refused: {e}") }.to_string())
        })?;
    }
    Ok(Replayed { world, logged: log.end, truncated: log.truncated, version: log.crate_version })
}

/// An input and the number of its line.
type Numbered<'a> = (usize, &'a Input);

/// An input that was refused: its line, and why.
type Refused = (usize, Error);

/// Whose inputs these are: a module's, or all modules'.
type Lane = Option<u32>;

/// What was put in before stands before it in the log, what was put in afterwards behind it.
fn is_for_all(input: &Input) -> bool {
    matches!(input, Input::Attach { .. } | Input::Detach { .. } | Input::Console { .. })
}

/// Inputs of several modules, each module's in the order of its time, that are fed in the order of everybody's.
struct Merge<'a> {
    lanes: BTreeMap<Lane, VecDeque<Numbered<'a>>>,
    /// When the next one of each lane is, its tick, and how many bytes of it have been fed.
    next: BinaryHeap<Reverse<(Instant, Lane, u64, usize)>>,
}

impl<'a> Merge<'a> {
    fn of(world: &World, group: &[Numbered<'a>]) -> Result<Merge<'a>, Refused> {
        let mut merge = Merge { lanes: BTreeMap::new(), next: BinaryHeap::new() };
        for numbered in group {
            merge.lanes.entry(lane(numbered.1)).or_default().push_back(*numbered);
        }
        let lanes: Vec<Lane> = merge.lanes.keys().copied().collect();
        lanes.into_iter().try_for_each(|lane| merge.file(world, lane, 0, 0))?;
        Ok(merge)
    }

    /// Files when the next input of a lane is, of which `fed` bytes have been fed, the last one at `before`.
    fn file(&mut self, world: &World, lane: Lane, before: u64, fed: usize) -> Result<(), Refused> {
        let Some((line, input)) = self.lanes.get(&lane).and_then(VecDeque::front) else { return Ok(()) };
        let tick = match *input {
            Input::Uart { pace, .. } if fed > 0 => before.saturating_add(pace.gap(fed)),
            Input::Uart { tick, .. }
            | Input::Pin { tick, .. }
            | Input::Line { tick, .. }
            | Input::Overrun { tick, .. }
            | Input::Advance { tick, .. } => *tick,
            Input::AdvanceAll { at_ns } => *at_ns,
            Input::Attach { .. } | Input::Detach { .. } | Input::Console { .. } => return Ok(()),
        };
        let at = match lane {
            Some(module) => world.instant(ModuleId(module), tick).map_err(|e| (*line, e))?,
            None => Instant::from_nanos(tick),
        };
        self.next.push(Reverse((at, lane, tick, fed)));
        Ok(())
    }

    fn feed(mut self, world: &mut World) -> Result<(), Refused> {
        while let Some(Reverse((at, lane, tick, fed))) = self.next.pop() {
            let Some(&(line, input)) = self.lanes.get(&lane).and_then(VecDeque::front) else { continue };
            // Every module had come so far, or this one could not have been here.
            world.bring_up(at - LOOKAHEAD);
            let (fed_now, whole) = match input {
                Input::AdvanceAll { .. } => {
                    if let Some(log) = &mut world.log {
                        log.advance_all(at);
                    }
                    world.bring_up(at);
                    (Ok(()), true)
                }
                Input::Uart { module, bytes, .. } => {
                    let byte = bytes.get(fed).copied().unwrap_or_default();
                    (world.uart_write(ModuleId(*module), tick, byte), fed + 1 >= bytes.len())
                }
                other => (feed(world, other), true),
            };
            fed_now.map_err(|e| (line, e))?;
            if whole && let Some(lane) = self.lanes.get_mut(&lane) {
                lane.pop_front();
            }
            self.file(world, lane, tick, if whole { 0 } else { fed + 1 })?;
        }
        Ok(())
    }
}

/// Whose it is.
fn lane(input: &Input) -> Lane {
    match input {
        Input::Uart { module, .. }
        | Input::Pin { module, .. }
        | Input::Line { module, .. }
        | Input::Overrun { module, .. }
        | Input::Advance { module, .. } => Some(*module),
        Input::Attach { .. } | Input::Detach { .. } | Input::Console { .. } | Input::AdvanceAll { .. } => {
            None
        }
    }
}

fn feed(world: &mut World, input: &Input) -> Result<(), Error> {
    match input {
        Input::Attach { module, name, hz, origin_ns, mcu_tx, obeys_rts } => {
            let timebase = Timebase::new(*hz, Instant::from_nanos(*origin_ns))
                .ok_or_else(|| Error::Replay("a timebase of 0 Hz".to_owned()))?;
            let id = world.attach(name, Attachment { timebase, mcu_tx: *mcu_tx, obeys_rts: *obeys_rts })?;
            if id == ModuleId(*module) { Ok(()) } else { Err(Error::NoSuchModule) }
        }
        Input::Detach { module } => world.detach(ModuleId(*module)),
        Input::Pin { module, tick, pin, high } => world.set_pin(ModuleId(*module), *tick, *pin, *high),
        Input::Line { module, tick, line } => world.set_mcu_line(ModuleId(*module), *tick, *line),
        Input::Overrun { module, tick, byte, loss } => {
            world.mcu_overrun(ModuleId(*module), *tick, *byte, *loss)
        }
        Input::Console { at_ns, line } => {
            let at = crate::time::Duration::from_nanos(*at_ns);
            world.console(&format!("at {at} {line}")).map(|_| ())
        }
        Input::Advance { module, tick } => world.advance(ModuleId(*module), *tick),
        // Those are fed by the merge itself.
        Input::Uart { .. } | Input::AdvanceAll { .. } => Ok(()),
    }
}
