//! What the simulation itself must not have: threads and files. The simulation makes bytes; [`Sink`] writes
//! them.

mod sink;

pub use sink::{Sink, SinkError};
