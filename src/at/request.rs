//! A link to be opened, as AT+CIPSTART and AT+SAVETRANSLINK say it.

use std::net::IpAddr;

use crate::net::stack::{DnsFamily, KeepAlive};
use crate::time::Duration;

/// A link to be opened.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// Link id.
    pub id: usize,
    /// Address or name of the other end.
    pub host: String,
    /// Remote port.
    pub port: u16,
    /// IPv4 or IPv6.
    pub family: DnsFamily,
    /// What carries it.
    pub transport: Transport,
    /// IPv6: the own address that it goes out from, where AT+CIPSTART says one.
    pub local: Option<IpAddr>,
}

/// What is to carry a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A stream.
    Stream {
        /// How an idle connection is probed.
        keep_alive: Option<KeepAlive>,
        /// How long it may take to open; `None`: as long as the stack tries.
        timeout: Option<Duration>,
        /// With TLS.
        tls: bool,
    },
    /// Datagrams.
    Datagrams {
        /// What becomes of the remote address when one arrives.
        mode: UdpMode,
        /// The module's port; `None`: any free one.
        local_port: Option<u16>,
    },
}

/// What arriving datagrams do to a UDP link's remote address (the `<mode>` of AT+CIPSTART).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpMode {
    /// 0: it stays.
    Fixed,
    /// 1: the first sender that differs becomes it, once.
    FirstSender,
    /// 2: it is always the last sender.
    LastSender,
}

/// The keep-alive that `seconds` of AT+CIPSTART stand for (TCP_KEEPINTVL 1, TCP_KEEPCNT 3); 0 is none.
pub fn keep_alive(seconds: u64) -> Option<KeepAlive> {
    (seconds > 0).then(|| KeepAlive {
        idle: Duration::from_secs(seconds),
        interval: Duration::from_secs(1),
        count: 3,
    })
}
