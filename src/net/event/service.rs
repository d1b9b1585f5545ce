//! Events of what makes load, plays a script, reaches a real program, or is made to misbehave.

use std::fmt;
use std::net::SocketAddr;

use super::Crc;
use crate::net::toxics::Poisoned;

/// Something about a connection to a service that makes load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadEvent {
    /// The other end.
    pub peer: SocketAddr,
    /// What.
    pub news: LoadNews,
}

/// What there is to tell of such a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadNews {
    /// It is open.
    Connected,
    /// It is over.
    Ended {
        /// True: the other end has closed it in good order.
        closed: bool,
        /// Bytes that have come.
        received: u64,
        /// Their CRC-32.
        crc: u32,
        /// Bytes that were sent.
        sent: u64,
    },
}

impl fmt::Display for LoadEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer;
        match self.news {
            LoadNews::Connected => write!(f, "connection from {peer}"),
            LoadNews::Ended { closed, received, crc, sent } => {
                let how = if closed { "closed" } else { "ended" };
                write!(f, "{peer} {how} after {received} bytes, {}, {sent} bytes sent", Crc(crc))
            }
        }
    }
}

/// Something about a connection to a scripted peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptEvent {
    /// The other end.
    pub peer: SocketAddr,
    /// What.
    pub news: ScriptNews,
}

/// What there is to tell of such a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptNews {
    /// It is open.
    Connected,
    /// Its script has come to its end.
    Done,
    /// A step has not come true.
    Failed {
        /// Its number, from 1.
        step: usize,
        /// What was expected, and what was found.
        why: String,
    },
    /// It is over.
    Ended {
        /// Bytes that have come.
        received: u64,
    },
}

impl fmt::Display for ScriptEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer;
        match &self.news {
            ScriptNews::Connected => write!(f, "connection from {peer}"),
            ScriptNews::Done => write!(f, "{peer} done"),
            ScriptNews::Failed { step, why } => write!(f, "{peer} failed at step {step}: {why}"),
            ScriptNews::Ended { received } => write!(f, "{peer} ended after {received} bytes"),
        }
    }
}

/// Something about a connection to a real program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalEvent {
    /// The other end, in the simulation.
    pub peer: SocketAddr,
    /// What.
    pub news: ExternalNews,
}

/// What there is to tell of such a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalNews {
    /// The program has accepted it.
    Connected,
    /// It could not be reached.
    Refused,
    /// It is over.
    Ended {
        /// Bytes that the program was sent.
        received: u64,
        /// Bytes that it has sent.
        sent: u64,
    },
}

impl fmt::Display for ExternalEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer;
        match self.news {
            ExternalNews::Connected => write!(f, "connection from {peer}"),
            ExternalNews::Refused => write!(f, "refused {peer}: the program was not reached"),
            ExternalNews::Ended { received, sent } => {
                write!(f, "{peer} ended after {received} bytes, {sent} bytes sent")
            }
        }
    }
}

/// What a toxic has done to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToxicEvent {
    /// The host's own port.
    pub port: u16,
    /// The other end.
    pub peer: SocketAddr,
    /// What.
    pub what: Poisoned,
}

impl fmt::Display for ToxicEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ToxicEvent { port, peer, what } = self;
        write!(f, "{peer} at port {port} {what}")
    }
}
