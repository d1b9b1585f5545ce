//! The simulated network: everything between a module's radio and the servers it talks to.
//!
//! A [`Network`] has one gateway, LAN segments (one behind each access point), hosts with
//! services, and a link with faults for each module and host. A host is on a segment, by Ethernet, or beyond
//! the gateway, on a routed link of its own. Every node has its own [`stack`], so what passes is real ARP,
//! DHCP, DNS, ICMP, UDP and TCP. The room is sans-IO: time is an argument, frames go in and come out.
pub mod addr;
mod check;
pub mod config;
pub mod crc;
mod dhcp_server;
pub mod dissect;
mod dns_message;
pub(crate) mod dns_server;
pub mod event;
mod faults;
pub mod firmware;
mod forward;
mod gateway;
mod host;
pub mod icmpv6;
mod link;
pub mod mdns;
pub mod mqtt;
mod neighbours;
pub mod network;
pub mod ntp;
mod packet;
mod segment;
pub mod service;
pub mod stack;
pub mod tls;
pub mod toxics;
mod types;
pub mod websocket;

pub use check::NetError;
pub use network::{Delivery, Fate, Network, TapInfo, TapRecord};
