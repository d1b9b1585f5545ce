//! The wire: line settings, and transmitters that put bytes on it one after the other.
//!
//! Emulated UARTs do not pace what firmware sends; a whole buffer is stored in one instant. The wire does: each
//! byte takes its start bit, data bits, parity and stop bits, and the next one starts where it ended. Both
//! ends of the wire use the same [`Transmitter`].

mod line;
mod transmitter;

pub use line::{LineSettings, Parity, StopBits};
pub use transmitter::{Pace, Transmitter};
