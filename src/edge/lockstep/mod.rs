//! One world for several emulators, each a process of its own: boards that talk to each other.
//!
//! The world lives in one process (`espat-sim world`), each board in another (`espat-sim qemu --world`). They talk over a
//! Unix socket, in the lines of [`message`]. One board runs at a time: [`Turns`] says which one, and how far it may go
//! before it must ask again. That is as far as nothing that another does can reach it, the world's lookahead beyond the
//! time at which the next of the others may do anything; a board that sleeps has said until when it won't. So what the
//! world is told, and in which order, is a function of the boards alone, and boards that sleep cost one question for
//! each time that one of them wakes.
//!
//! [`Server`] is the world's side. The board's is in [`crate::qemu`].

pub mod message;
mod server;
mod turns;

pub use server::{Ended, Server, Stop};
pub use turns::{Turn, Turns};
