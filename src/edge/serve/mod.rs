//! `espat-sim serve`: a module on a real serial endpoint, in wall-clock time.
//!
//! An endpoint ([`Pty`], [`Listener`]) has a thread that reads from whoever is connected and one that writes to
//! it. Both talk to the [`Server`] through channels: what was read comes with the reading of the wall clock at
//! which it arrived ([`Event`]), what is to be written goes into an [`Outlet`]. The server alone has the world;
//! [`Pace`] tells it which virtual time it is.

mod outlet;
mod pace;
#[cfg(unix)]
mod pty;
mod server;
mod socket;

pub use outlet::Outlet;
pub use pace::{Behind, Pace, Step, Wall};
#[cfg(unix)]
pub use pty::Pty;
pub use server::{Control, Happening, Server, State};
pub use socket::{Address, Listener};

use crate::time::Duration;

/// What an endpoint tells.
#[derive(Debug)]
pub enum Event {
    /// Somebody has connected.
    Opened {
        /// Who, for messages.
        peer: String,
        /// Takes what the module says.
        outlet: Outlet,
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

/// Most bytes that are read at once.
const CHUNK: usize = 1024;
/// Events that may wait for the server. While it takes none, the reader waits, and with it the client.
const WAITING: usize = 4;

/// The wall clock.
#[allow(clippy::disallowed_types, reason = "`serve` follows the wall clock; the derives name the type, too")]
#[derive(Clone, Copy, Debug)]
pub struct Clock(std::time::Instant);

impl Clock {
    /// A clock whose readings count from now.
    #[must_use]
    #[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "`serve` follows the wall clock")]
    pub fn start() -> Clock {
        Clock(std::time::Instant::now())
    }

    /// What it shows.
    pub fn now(&self) -> Wall {
        Wall(Duration::from_nanos(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long it is until it shows `wall`.
    pub fn until(&self, wall: Wall) -> std::time::Duration {
        std::time::Duration::from_nanos(wall.0.as_nanos().saturating_sub(self.now().0.as_nanos()))
    }
}
