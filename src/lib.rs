//! espat-sim: an ESP-AT Wi-Fi module as a deterministic simulation model.
//!
//! The simulation is sans-IO: it never asks what time it is, never sleeps, opens no file or socket and draws no
//! OS randomness. Inputs are pushed in with the virtual time at which they happen, outputs are pulled out with
//! the virtual time at which they happened, and the same inputs give the same bytes at the same nanosecond on
//! every machine. See [`world`] for the contract.
//!
//! Arrows point down only; a room may use what stands below it:
//!
//! | room | what it is |
//! |---|---|
//! | [`cli`], `qemu`, [`ffi`], [`edge`] | the edge: threads, files, the operating system |
//! | [`explore`] | what must hold for every world, and sessions drawn from a seed to try it |
//! | [`report`] | a run as one page to look at |
//! | [`transcript`] | test files: what a host sends, what must come back |
//! | [`world`] | event order, scenario, console, input log and replay |
//! | [`module`] | one ESP module: power, boot; joins uart + at + wifi |
//! | [`at`] | the AT firmware: line parser, command table, links |
//! | [`wifi`] | access points, scan, join |
//! | [`net`] | the simulated network: nodes, links with faults, gateway, services |
//! | [`capture`] | pcapng blocks from taps on links and UARTs |
//! | [`uart`] | the wire: bit timing |
//! | [`profile`], [`event`], [`time`], [`rng`] | facts of chips, event order, virtual time, seeded streams |

// Introductions of modules name what is private in them, too: they are read by people who work on it.
#![allow(rustdoc::private_intra_doc_links)]

pub mod at;
pub mod capture;
pub mod cli;
pub mod edge;
pub mod event;
pub mod explore;
pub mod ffi;
pub mod module;
pub mod net;
pub mod profile;
#[cfg(unix)]
pub mod qemu;
pub mod report;
pub mod rng;
pub mod time;
pub mod tournament;
pub mod transcript;
pub mod uart;
pub mod wifi;
pub mod world;
