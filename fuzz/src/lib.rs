//! Fuzzing of the whole world: see `session` for what an input is and what must hold. `records` and `peers` have raw bytes
//! of a peer, for TLS and for the protocols of clients and servers.

pub mod mutate;
pub mod peers;
pub mod records;
pub mod session;
