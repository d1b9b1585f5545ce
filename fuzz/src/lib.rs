//! Fuzzing of the whole world: what an input of the target `session` is, and what must hold, is in the library, in
//! `espat_sim::explore`; `mutate` changes such inputs. `records` and `peers` have raw bytes of a peer, for TLS and for the
//! protocols of clients and servers.

pub mod mutate;
pub mod peers;
pub mod records;
