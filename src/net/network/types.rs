//! What callers get from a [`Network`](super::Network): plain data.

use crate::time::Instant;

/// What became of a frame that a module sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is under way.
    Sent,
    /// It was drawn for loss.
    Lost,
    /// It never got under way; why.
    Dropped(&'static str),
}

/// A frame for a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it arrives, or would have arrived. May lie in the future.
    pub at: Instant,
    /// The module's index in [`NetConfig::modules`](crate::net::config::NetConfig::modules).
    pub module: usize,
    /// The Ethernet frame.
    pub frame: Vec<u8>,
    /// True: it is here for the capture only, the module never gets it.
    pub lost: bool,
    /// What is special about it, for a comment in the capture.
    pub why: Option<&'static str>,
}

/// A frame that a host sent or got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapRecord {
    /// When it left or reached the host.
    pub at: Instant,
    /// Index into [`Network::taps`](super::Network::taps).
    pub tap: usize,
    /// True: it reached the host.
    pub inbound: bool,
    /// The frame (an IP packet when [`TapInfo::raw_ip`]).
    pub frame: Vec<u8>,
    /// What became of it, when something did.
    pub comment: Option<String>,
}

/// One place where the network can be listened to: the host's end of its link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapInfo {
    /// The host's name.
    pub name: String,
    /// What is connected there.
    pub description: String,
    /// True: frames are IP packets without a link-layer header. False: Ethernet.
    pub raw_ip: bool,
}

/// Something that a host has observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeNote {
    /// When.
    pub at: Instant,
    /// The host's name.
    pub host: String,
    /// The service: `http`, `tcp-echo`, `udp-echo`.
    pub service: &'static str,
    /// One line, such as `GET /status from 192.168.4.2:49153 -> 200, 17 bytes`.
    pub text: String,
}
