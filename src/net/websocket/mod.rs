//! WebSocket (RFC 6455), both roles, without I/O: bytes go in and come out, and what is random comes from a named stream.
//!
//! [`handshake`] turns an HTTP connection into one of frames; [`frame`] is a frame's head and its mask. A [`Socket`] is
//! what most owners want: it answers pings, keeps the rules, and hands out data and the end. The module's own client
//! does not keep all of the rules, and reads frames itself with a [`Reader`].
//!
//! Why not a crate: those that do no I/O and take a mask that is given to them are few, and the one that fits, after a
//! chunk whose length is no multiple of four, adds with an overflow that a debug build stops at.

pub mod frame;
pub mod handshake;
mod socket;
#[cfg(test)]
mod tests;

pub use frame::{Header, Piece, Reader, opcode};
pub use socket::{Event, Role, Socket};

/// Why a connection is closed (RFC 6455, 7.4.1).
pub mod code {
    /// What it was for is done.
    pub const NORMAL: u16 = 1000;
    /// The peer has not kept to the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// What was to be text is not UTF-8.
    pub const NOT_TEXT: u16 = 1007;
    /// A message is larger than its receiver takes.
    pub const TOO_BIG: u16 = 1009;
}
