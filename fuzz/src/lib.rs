//! Fuzzing of the whole world: see `session` for what an input is and what must hold.

pub mod mutate;
pub mod session;
