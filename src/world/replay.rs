//! Replay: because a world is a pure function of its inputs, the list of inputs is a snapshot.

use super::inputlog::{self, End, Input, Truncated};
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
    let scenario =
        Scenario::parse(&log.scenario_name, &log.scenario_text).map_err(|e| Error::Replay(e.to_string()))?;
    let mut world = World::new(&scenario, Some(log.seed), recording)?;
    for (number, input) in log.inputs.iter().enumerate() {
        feed(&mut world, input)
            .map_err(|e| Error::Replay(format!("input {} of the log was refused: {e}", number + 1)))?;
    }
    world.finish();
    Ok(Replayed { world, logged: log.end, truncated: log.truncated, version: log.crate_version })
}

fn feed(world: &mut World, input: &Input) -> Result<(), Error> {
    match input {
        Input::Attach { module, name, hz, origin_ns, mcu_tx } => {
            let timebase = Timebase::new(*hz, Instant::from_nanos(*origin_ns))
                .ok_or_else(|| Error::Replay("a timebase of 0 Hz".to_owned()))?;
            let id = world.attach(name, Attachment { timebase, mcu_tx: *mcu_tx })?;
            if id == ModuleId(*module) { Ok(()) } else { Err(Error::NoSuchModule) }
        }
        Input::Detach { module } => world.detach(ModuleId(*module)),
        Input::Uart { module, tick, bytes } => {
            bytes.iter().try_for_each(|byte| world.uart_write(ModuleId(*module), *tick, *byte))
        }
        Input::Pin { module, tick, pin, high } => world.set_pin(ModuleId(*module), *tick, *pin, *high),
        Input::Overrun { module, tick, byte } => world.mcu_overrun(ModuleId(*module), *tick, *byte),
        Input::Console { at_ns, line } => {
            let at = crate::time::Duration::from_nanos(*at_ns);
            world.console(&format!("at {at} {line}")).map(|_| ())
        }
        Input::Advance { module, tick } => world.advance(ModuleId(*module), *tick),
    }
}
