//! espat-sim.
pub mod at;
pub mod capture;
pub mod cli;
pub mod edge;
pub mod event;
pub mod module;
pub mod net;
pub mod profile;
pub mod rng;
pub mod time;
pub mod uart;
pub mod wifi;
pub mod world;
