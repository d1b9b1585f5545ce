//! espat-sim.
pub mod capture;
pub mod cli;
pub mod edge;
pub mod event;
pub mod net;
pub mod rng;
pub mod time;
pub mod wifi;
pub mod world;
