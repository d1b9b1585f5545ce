//! Passthrough: the UART and one link as if they were one wire.
//!
//! [`Framing`] turns the MCU's bytes into blocks and finds the `+++` that ends it. [`Session`] is passthrough
//! under way: it hands the blocks to the link, and opens the link again when it breaks. Received data goes to
//! the UART raw for as long as AT+CIPMODE=1, with or without a session.

mod framing;
mod session;

pub use framing::{Action, Framing, GUARD, Packing};
pub use session::{Session, poll};

/// A block leaves as soon as it has so many bytes: two full segments.
pub const BLOCK: usize = 2920;
