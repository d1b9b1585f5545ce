//! The wire: line settings, transmitters that put bytes on it one after the other, and receivers that listen.
//!
//! Emulated UARTs do not pace what firmware sends; a whole buffer is stored in one instant. The wire does: each
//! byte takes its start bit, data bits, parity and stop bits, and the next one starts where it ended. Both
//! directions of the wire are a [`Direction`]: a [`Transmitter`], what disturbs the wire, and a [`Receiver`], which
//! need not be set to the same. What has reached the module waits in its [`ReceiveBuffer`].

mod buffer;
mod direction;
mod disturbance;
mod event;
mod frame;
mod line;
mod receiver;
mod stored;
mod transmitter;

pub use buffer::{ReceiveBuffer, Waiting};
pub use direction::{Direction, heard};
pub use disturbance::Disturbance;
pub use event::{Deaf, McuLoss, UartEvent};
pub use frame::Frame;
pub use line::{BAUD, DATA_BITS, LineSettings, Parity, StopBits};
pub use receiver::{Heard, Receiver};
pub use transmitter::{Pace, Transmitter};

/// A received byte's stop bit was low.
pub const FRAMING_ERROR: u8 = 1;
/// A received byte's parity bit was wrong.
pub const PARITY_ERROR: u8 = 2;
/// The line was low from the start bit to the stop bit.
pub const BREAK: u8 = 4;
