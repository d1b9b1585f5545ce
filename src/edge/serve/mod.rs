//! `espat-sim serve`: a module on a real serial endpoint, in wall-clock time.
//!
//! An endpoint ([`Pty`], [`Listener`]) has a thread that reads from whoever is connected and one that writes to
//! it. Both talk to the [`Server`] through channels: what was read comes with the reading of the wall clock at
//! which it arrived ([`Event`]), what is to be written goes into an [`Outlet`]. The server alone has the world;
//! [`Pace`] tells it which virtual time it is.

mod clock;
mod outlet;
mod pace;
#[cfg(unix)]
mod pty;
mod server;
mod socket;

pub use clock::Clock;
pub use outlet::Outlet;
pub use pace::{Behind, Pace, Step, Wall};
#[cfg(unix)]
pub use pty::Pty;
pub use server::{Control, Happening, Server, State};
pub use socket::{Address, Listener};

/// What an endpoint tells.
#[derive(Debug)]
pub enum Event {
    /// Somebody has connected.
    Opened {
        /// Who, for messages.
        peer: String,
        /// Takes what the module says.
        outlet: Outlet,
        /// What it has set its end of the wire to, if the endpoint can tell.
        rate: Option<Box<dyn Rate>>,
    },
    /// Bytes for the module.
    Bytes {
        /// When they arrived.
        at: Wall,
        /// At least one.
        bytes: Vec<u8>,
    },
    /// Who was connected has gone.
    Closed,
    /// The endpoint is of no use any more; the sentence says why.
    Failed(String),
}

/// The rate of a client's end of the wire.
pub trait Rate: std::fmt::Debug + Send {
    /// What it is set to now, bits per second; `None`: nobody has set it.
    fn baud(&self) -> Option<u32>;
}

/// Most bytes that are read at once.
const CHUNK: usize = 1024;
/// Events that may wait for the server. While it takes none, the reader waits, and with it the client.
const WAITING: usize = 4;
