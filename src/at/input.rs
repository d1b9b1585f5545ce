//! Who owns the MCU's bytes: command lines, or what a command has asked for.
//!
//! A handler, or a job that ends, hands the bytes over with [`Outcome::Take`]; the mode gives them back when it is over.
//! [`At`](super::At) owns the mode, and asks it of every byte.

use super::mode::Looked;
pub use super::outcome::Input;
use super::outcome::{Context, Job, Outcome, Result};
use super::{Core, Env, sending};
use crate::capture::Mark;
use crate::time::Instant;

/// What has become of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing: it belongs to a command line.
    Not,
    /// It is payload.
    Data(Mark),
    /// It is the last one of the payload: [`Input::finish`] is next.
    Last,
}

impl Input {
    /// A byte that was on the wire from `start` to `end`.
    pub fn byte(&mut self, start: Instant, end: Instant, byte: u8) -> Taken {
        let counted = |last| if last { Taken::Last } else { Taken::Data(Mark::Data) };
        match self {
            Input::Lines => Taken::Not,
            Input::Payload(payload) => counted(payload.push(start, end, byte)),
            Input::LongSend(long) if long.is_complete() => Taken::Not,
            Input::LongSend(long) => {
                Taken::Data(if long.byte(start, end, byte) { Mark::DataEnd } else { Mark::Data })
            }
            Input::Upload(upload) => counted(upload.push(byte)),
            Input::Passthrough(session) => {
                Taken::Data(if session.byte(start, end, byte) { Mark::DataStart } else { Mark::Data })
            }
        }
    }

    /// Everything that was announced has come: what the command comes to.
    pub fn finish(self, c: &mut Context<'_, '_>) -> Result {
        match self {
            Input::Payload(payload) => {
                let at = c.now + c.env.draw(|p| &p.times.send);
                Ok(Outcome::Run(Job::until(at, |c| Ok(sending::begin(payload, c)))))
            }
            Input::Upload(upload) => upload.finish(c),
            // They say themselves when they are over.
            Input::Lines | Input::LongSend(_) | Input::Passthrough(_) => Ok(Outcome::Done),
        }
    }

    /// Whether it takes a byte out of the UART's ring now whose start bit began at `start`, with `room` bytes of buffer.
    pub fn takes(&self, start: Instant, room: usize) -> bool {
        match self {
            Input::LongSend(long) => long.takes(start, room),
            Input::Passthrough(session) => session.takes(start, room),
            Input::Lines | Input::Payload(_) | Input::Upload(_) => true,
        }
    }

    /// What a byte is part of that waits to be taken.
    pub fn mark_of_waiting(&self, byte: u8) -> Mark {
        match self {
            Input::LongSend(long) if !long.is_complete() => Mark::Data,
            Input::Lines | Input::LongSend(_) if byte == b'\n' => Mark::TextEnd,
            Input::Lines | Input::LongSend(_) => Mark::Text,
            Input::Payload(_) | Input::Upload(_) | Input::Passthrough(_) => Mark::Data,
        }
    }

    /// A byte that ended at `end` never came.
    pub fn lose(&mut self, end: Instant) {
        match self {
            Input::LongSend(long) => long.lose(end),
            Input::Passthrough(session) => session.lose(end),
            Input::Lines | Input::Payload(_) | Input::Upload(_) => {}
        }
    }

    /// True while `+++` between silences ends something that goes on with each byte.
    pub fn can_escape(&self) -> bool {
        matches!(self, Input::LongSend(_) | Input::Passthrough(_))
    }

    /// Whether a command waits for it.
    pub fn is_command(&self) -> bool {
        matches!(self, Input::LongSend(_))
    }

    /// True when [`Input::poll`] has something to do at once for a byte that it has just got. `receiving`: when the byte
    /// that is on its way from the MCU started.
    pub fn is_due(&self, now: Instant, receiving: Option<Instant>) -> bool {
        match self {
            Input::LongSend(long) => long.is_due(now, receiving),
            Input::Passthrough(session) => session.is_due(now, receiving),
            Input::Lines | Input::Payload(_) | Input::Upload(_) => false,
        }
    }

    /// When the silence behind `+++` will have cancelled it.
    pub fn cancelled_at(&self, receiving: Option<Instant>) -> Option<Instant> {
        match self {
            Input::Payload(payload) => payload.cancelled_at(receiving),
            Input::Lines | Input::LongSend(_) | Input::Upload(_) | Input::Passthrough(_) => None,
        }
    }

    /// When a block leaves, or silence has decided what a `+` is.
    pub fn block_at(&self, receiving: Option<Instant>) -> Option<Instant> {
        match self {
            Input::LongSend(long) => long.block_at(receiving),
            Input::Passthrough(session) => session.block_at(receiving),
            Input::Lines | Input::Payload(_) | Input::Upload(_) => None,
        }
    }

    /// When the stack has taken nothing for too long.
    pub fn stuck_until(&self, core: &Core) -> Option<Instant> {
        match self {
            Input::LongSend(long) => long.stuck_until(core.send_timeout(long.link.id)),
            Input::Lines | Input::Payload(_) | Input::Upload(_) | Input::Passthrough(_) => None,
        }
    }

    /// When passthrough tries again to open its link.
    pub fn reopen_at(&self) -> Option<Instant> {
        match self {
            Input::Passthrough(session) => session.reopen_at(),
            Input::Lines | Input::Payload(_) | Input::LongSend(_) | Input::Upload(_) => None,
        }
    }

    /// Carries it on.
    pub fn poll(&mut self, now: Instant, core: &mut Core, env: &mut Env<'_>) -> Looked {
        match self {
            Input::Payload(payload) => {
                let over = payload.cancelled_at(env.receiving).is_some_and(|at| at <= now);
                if over {
                    core.out.text("\r\nSEND Canceled\r\n");
                }
                Looked { moved: over, block_ended: over, over }
            }
            Input::LongSend(long) => long.poll(now, core, env),
            Input::Passthrough(session) => session.poll(now, core, env),
            Input::Lines | Input::Upload(_) => Looked::default(),
        }
    }
}
