//! Stacks on a hub.

mod address;
mod contract;
mod given_up;
mod ipv6;
pub(crate) mod lan;
mod names;
mod pings;
mod second_interface;
#[cfg(feature = "tls")]
mod secure;
mod tcp;
mod udp;
