//! Stacks on a hub.

mod address;
mod contract;
pub(crate) mod lan;
mod names_and_pings;
mod tcp;
mod udp;
