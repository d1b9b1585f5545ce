//! The C ABI: what Renode, other emulators and C programs load. `include/espat_sim.h` is made from here, and its
//! first comment is the contract; `docs/c-abi.md` is the tour.
//!
//! The house rules:
//! - An exported function does nothing outside the macro `boundary!`, which checks its pointers and stops panics.
//! - A world is a number that looks like a pointer, kept in `handle`. Nothing ever follows it, so a handle that
//!   was freed, or never was one, is an error and not a crash.
//! - Raw pointers become references in `pointer` and `sized`, and nowhere else.
//! - The lock of a world is [`Session`](crate::edge::Session)'s. Files are written by its sinks' own threads.
#![expect(non_camel_case_types, reason = "types have the names that C sees")]
#![expect(clippy::missing_safety_doc, reason = "the header's first comment is the contract of all functions")]

#[macro_use]
mod boundary;
mod driver;
mod events;
mod handle;
mod lan;
mod library;
mod line;
mod pointer;
mod records;
mod replay;
mod sized;
mod snapshot;
mod state;
mod status;
mod world;

#[cfg(test)]
mod tests;

pub use driver::*;
pub use events::*;
pub use handle::espat_world;
pub use lan::*;
pub use library::*;
pub use line::*;
pub use records::*;
pub use replay::*;
pub use snapshot::*;
pub use state::*;
pub use status::espat_status;
pub use world::*;
