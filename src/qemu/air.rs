//! The world that the module is in: one of this process, or one that several boards share.

use super::exit_code;
use super::remote::{After, Ending, Remote};
use crate::edge::lockstep::message::Input;
use crate::edge::{Poisoned, Session};
use crate::uart::LineSettings;
use crate::world::{Error, ModuleId, World};

/// Where the module is.
pub(super) enum Air {
    /// In a world of this process.
    Own(Box<Session>, ModuleId),
    /// In another process's.
    Shared(Box<Remote>),
}

impl Air {
    /// The guest does something to the module.
    ///
    /// # Errors
    /// Why the run ends.
    pub fn input(&self, now: u64, input: Input) -> Result<After, Ending> {
        match self {
            Air::Own(session, module) => with(session, |w| {
                input.apply(w, *module, now.max(w.reached(*module)?))?;
                let lines = [w.mcu_line_settings(*module)?, w.line_settings(*module)?];
                Ok(After { next: w.next_event(*module)?, lines })
            }),
            Air::Shared(remote) => remote.input(now, input),
        }
    }

    /// What the MCU's UART is set to, and what the module's is.
    ///
    /// # Errors
    /// Why the run ends.
    pub fn lines(&self) -> Result<[LineSettings; 2], Ending> {
        match self {
            Air::Own(session, module) => {
                with(session, |w| Ok([w.mcu_line_settings(*module)?, w.line_settings(*module)?]))
            }
            Air::Shared(remote) => Ok(remote.lines()),
        }
    }

    /// The other process's world.
    pub fn shared(&self) -> Option<&Remote> {
        match self {
            Air::Own(..) => None,
            Air::Shared(remote) => Some(remote),
        }
    }
}

/// Uses a world of this process.
pub(super) fn with<T>(
    session: &Session,
    f: impl FnOnce(&mut World) -> Result<T, Error>,
) -> Result<T, Ending> {
    whole(session.with(f))
}

/// What the world gave, or why the run ends.
pub(super) fn whole<T>(result: Result<Result<T, Error>, Poisoned>) -> Result<T, Ending> {
    let message = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(e)) => e.to_string(),
        Err(e) => e.to_string(),
    };
    Err(Ending(exit_code::BROKEN, format!("the coupling failed: {message}")))
}
