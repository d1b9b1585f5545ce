//! What the simulation itself must not have: threads, files, sockets. The simulation makes bytes; [`Sink`] writes
//! them, and a [`Session`] carries them from a world to its sinks. [`SavedFiles`] keep what modules have saved
//! between runs. [`serve`] ties a world to the wall clock.

mod saved;
pub mod serve;
mod session;
mod sink;

pub use saved::SavedFiles;
pub use session::{OnPacket, OnWarning, Outputs, Poisoned, Session};
pub use sink::{Sink, SinkError};
