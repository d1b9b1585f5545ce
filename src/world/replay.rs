//! Replay: because a world is a pure function of its inputs, the list of inputs is a snapshot.

use super::inputlog::{self, End, Input, LogError, Truncated};
use super::scenario::Scenario;
use super::{Attachment, Error, ModuleId, Recording, World};
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
    let log = inputlog::parse(text).map_err(|e| Error::Replay(e.to_string()))?;
    let mut scenario =
        Scenario::parse(&log.scenario_name, &log.scenario_text).map_err(|e| Error::Replay(e.to_string()))?;
    for (name, saved) in &log.saved {
        let Some(module) = scenario.modules.iter_mut().find(|m| m.name == *name) else {
            return Err(Error::Replay(format!(
                "the log has saved settings of '{name}', which its scenario lacks"
            )));
        };
        module.saved = Some(saved.clone());
    }
    for (path, content) in &log.files {
        scenario.supply(path, content.clone());
    }
    let mut world = World::new(&scenario, Some(log.seed), recording)?;
    let mut number = 0;
    for group in log.inputs.chunk_by(|a, b| is_reach(a) && is_reach(b)) {
        let fed = if is_reach(&group[0]) { reach(&mut world, group) } else { feed(&mut world, &group[0]) };
        fed.map_err(|e| {
            let line = log.lines.get(number).copied().unwrap_or_default();
            Error::Replay(LogError { line, message: format!("refused: {e}") }.to_string())
        })?;
        number += group.len();
    }
    world.finish();
    Ok(Replayed { world, logged: log.end, truncated: log.truncated, version: log.crate_version })
}

fn is_reach(input: &Input) -> bool {
    matches!(input, Input::Advance { .. })
}

/// Moves clocks to where a group of `reach` lines has them. They had moved side by side, so each goes as far
/// as the others allow, in turn, until all are there.
fn reach(world: &mut World, group: &[Input]) -> Result<(), Error> {
    let mut waiting: Vec<(ModuleId, u64)> = group
        .iter()
        .filter_map(|input| match input {
            Input::Advance { module, tick } => Some((ModuleId(*module), *tick)),
            _ => None,
        })
        .collect();
    while !waiting.is_empty() {
        let (mut rest, mut moved, mut refused) = (Vec::new(), false, Ok(()));
        for (module, tick) in waiting {
            match world.advance(module, tick) {
                Ok(()) => moved = true,
                Err(Error::TooFarAhead { limit, .. }) if limit > world.reached(module)? => {
                    world.advance(module, limit)?;
                    moved = true;
                    rest.push((module, tick));
                }
                Err(ahead @ Error::TooFarAhead { .. }) => {
                    refused = Err(ahead);
                    rest.push((module, tick));
                }
                Err(other) => return Err(other),
            }
        }
        if !moved {
            return refused;
        }
        waiting = rest;
    }
    Ok(())
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
        Input::Uart { module, tick, bytes } => {
            bytes.iter().try_for_each(|byte| world.uart_write(ModuleId(*module), *tick, *byte))
        }
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
    }
}
