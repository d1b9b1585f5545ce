//! The simulated network.
pub mod config;
