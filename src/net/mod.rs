//! The simulated network.
pub mod config;
pub mod service;
pub mod stack;
