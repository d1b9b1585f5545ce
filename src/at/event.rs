//! What the AT firmware has to tell of its links and its station: values, and the sentences that they are for people.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::faults::FaultEvent;
use crate::net::stack::CloseReason;

/// What a link carries its data over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// TLS on TCP.
    Ssl,
}

impl LinkProtocol {
    /// Its name as AT+CIPSTATE has it, for a link to this address.
    pub fn name(self, peer: IpAddr) -> &'static str {
        match (self, peer) {
            (LinkProtocol::Tcp, IpAddr::V4(_)) => "TCP",
            (LinkProtocol::Tcp, IpAddr::V6(_)) => "TCPv6",
            (LinkProtocol::Udp, IpAddr::V4(_)) => "UDP",
            (LinkProtocol::Udp, IpAddr::V6(_)) => "UDPv6",
            (LinkProtocol::Ssl, IpAddr::V4(_)) => "SSL",
            (LinkProtocol::Ssl, IpAddr::V6(_)) => "SSLv6",
        }
    }
}

/// Something has happened to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkEvent {
    /// Its number, 0 to 4.
    pub id: usize,
    /// What it carries its data over.
    pub protocol: LinkProtocol,
    /// The other end; of [`LinkChange::Lost`] who sent what is lost.
    pub peer: SocketAddr,
    /// What has happened.
    pub change: LinkChange,
}

/// What has happened to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// The module has opened it.
    Opened,
    /// A client of the module's own server has.
    Accepted,
    /// It is closed, whoever wanted that. Of a module that restarts, sleeps deeply or loses its power no link is said to
    /// be closed: it is gone without a word.
    Closed,
    /// The other end does not answer any more; `Closed` follows.
    GaveUp,
    /// Passive receive mode: a datagram of so many bytes found no room. The link stays open.
    Lost(usize),
    /// TLS failed: it has not opened, or `Closed` follows.
    Failed(CloseReason),
}

impl fmt::Display for LinkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkEvent { id, peer, .. } = self;
        let protocol = self.protocol.name(peer.ip());
        match self.change {
            LinkChange::Opened => write!(f, "{id} opened {protocol} {peer}"),
            LinkChange::Accepted => write!(f, "{id} accepted {protocol} {peer}"),
            LinkChange::Closed => write!(f, "{id} closed {protocol} {peer}"),
            LinkChange::GaveUp => write!(f, "{id} gave up {protocol} {peer}: no answer"),
            LinkChange::Lost(bytes) => {
                write!(f, "{id} lost {bytes} bytes from {peer}: the receive buffer is full")
            }
            LinkChange::Failed(why) => write!(f, "{id} failed {protocol} {peer}: {why}"),
        }
    }
}

/// Something has happened to the module's station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StationChange {
    /// It is associated with the access point of this name.
    Associated(String),
    /// It has joined, with an IPv4 address.
    Joined {
        /// The access point's name.
        ap: String,
        /// Its address there.
        address: Ipv4Addr,
    },
    /// It uses a further address.
    Address(IpAddr),
    /// It has lost its access point, or left it.
    Disconnected,
}

impl fmt::Display for StationChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StationChange::Associated(ap) => write!(f, "associated with {ap}"),
            StationChange::Joined { ap, address } => write!(f, "joined {ap} as {address}"),
            StationChange::Address(address) => write!(f, "has the address {address}"),
            StationChange::Disconnected => f.write_str("disconnected"),
        }
    }
}

/// What the firmware has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtEvent {
    /// Of a link.
    Link(LinkEvent),
    /// Of the station.
    Station(StationChange),
    /// Of what a test makes go wrong.
    Fault(FaultEvent),
}
