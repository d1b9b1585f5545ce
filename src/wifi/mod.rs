//! Wi-Fi.
pub mod config;
