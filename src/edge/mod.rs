//! What the simulation itself must not have: threads and files. The simulation makes bytes; [`Sink`] writes
//! them, and a [`Session`] carries them from a world to its sinks. [`SavedFiles`] keep what modules have saved
//! between runs.

mod saved;
mod session;
mod sink;

pub use saved::SavedFiles;
pub use session::{OnPacket, OnWarning, Outputs, Poisoned, Session};
pub use sink::{Sink, SinkError};
