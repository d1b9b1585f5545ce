//! What the simulation itself must not have: threads, files, sockets. The simulation makes bytes; [`Sink`] writes
//! them, and a [`Session`] carries them from a world to its sinks. [`SavedFiles`] keep what modules have saved
//! between runs, [`load_scenario`] reads the scenario that a user names. [`serve`] ties a world to the wall clock.

pub mod ansi;
mod capture;
pub mod events;
mod external;
#[cfg(unix)]
pub mod lockstep;
mod paths;
mod room;
mod saved;
mod scenario_file;
pub mod serve;
mod session;
mod sink;
mod text;

pub use capture::{CaptureError, CaptureForm, CaptureFormat, CaptureSink};
pub use external::External;
pub use paths::{FileError, Paths};
pub use room::with_room;
pub use saved::{SavedFiles, read_named};
pub use scenario_file::{NoScenario, load_scenario};
pub use session::{OnEvent, OnPacket, OnWarning, Outputs, Poisoned, Session};
pub use sink::{Sink, SinkError};
pub use text::{read_bytes, read_text};
