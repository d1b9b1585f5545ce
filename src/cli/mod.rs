//! The command line.

pub mod dialogue;
