//! espat-sim.
pub mod capture;
pub mod event;
pub mod net;
pub mod rng;
pub mod time;
pub mod uart;
pub mod wifi;
pub mod world;
