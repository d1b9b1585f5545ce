//! MQTT: its packets on the wire, the names of topics, and a broker. The module's client and the brokers of hosts share
//! the first two.
//!
//! All of it is sans-IO: bytes go in, bytes come out, time is an argument. The bytes of packets are read and written by
//! the mqtt-proto crate; what clients and brokers do with them stands here and in the client of the AT firmware.

pub mod broker;
mod session;
pub mod topic;
pub mod wire;

#[cfg(test)]
mod tests;
