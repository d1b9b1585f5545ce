//! How an update stands, what its steps work with, and what a look at one comes to.

use crate::at::output::Output;
use crate::at::system::System;

/// The `<state>` of AT+CIUPDATE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// None since the start.
    #[default]
    Idle = 0,
    /// The server's name is resolved.
    Found = 1,
    /// A connection to it is open.
    Connected = 2,
    /// It has said which version it recommends.
    GotVersion = 3,
    /// Everything is written.
    Done = 4,
    /// It failed.
    Failed = -1,
}

/// What stands around an update: it has no hand in anything else.
pub(super) struct Around<'a> {
    /// How it stands.
    pub(super) state: &'a mut State,
    /// The printer.
    pub(super) out: &'a mut Output,
    /// The firmware that runs, and the time of day for certificates.
    pub(super) system: &'a System,
}

impl Around<'_> {
    /// A step is done: the host is told.
    pub(super) fn reach(&mut self, state: State) {
        *self.state = state;
        self.out.text(&format!("+CIPUPDATE:{}\r\n", state as i8));
    }
}

/// What a look at a step comes to.
pub(super) enum Looked {
    Waiting,
    /// It went a bit further.
    Moved,
    /// Everything is written.
    Done,
    /// What the log port says of it; may be nothing.
    Failed(String),
}

pub(super) fn failed(why: &str) -> Looked {
    Looked::Failed(why.to_owned())
}
