//! Saved settings of the TCP/IP commands.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::at::request::{OpenRequest, Transport, UdpMode, keep_alive};
use crate::net::stack::DnsFamily;

/// Saved settings of the TCP/IP commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tcpip {
    /// AT+CIPV6.
    pub ipv6: bool,
    /// AT+CIPDNS=1: DNS servers that DHCP does not replace.
    pub dns: Option<[IpAddr; 3]>,
    /// AT+CIPRECONNINTV, in units of 100 ms: 1 to 36000.
    pub reconnect_interval: u32,
    /// AT+CIPSSLCCONF, by link. A link behind the end has the default.
    pub tls: Vec<TlsConfig>,
    /// AT+SAVETRANSLINK=1: the passthrough link of every start.
    pub passthrough: Option<PassthroughLink>,
    /// AT+CIPTCPOPT, by link id; links beyond the end have the defaults.
    pub socket_options: Vec<SocketOptions>,
}

impl Default for Tcpip {
    fn default() -> Self {
        Tcpip {
            ipv6: false,
            dns: None,
            reconnect_interval: 1,
            tls: Vec::new(),
            passthrough: None,
            socket_options: Vec::new(),
        }
    }
}

/// How a link's TLS client authenticates itself and its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// 0 neither, 1 the client shows a certificate, 2 the server's is verified, 3 both.
    pub auth_mode: u8,
    /// Which certificate and private key.
    pub pki_number: u8,
    /// Which certificate authority.
    pub ca_number: u8,
}

/// The link that is opened at every start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassthroughLink {
    /// The `<type>` of AT+CIPSTART.
    pub kind: String,
    /// Address or name of the other end.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TCP and TLS: seconds between keep-alive probes, 0 for none.
    pub keep_alive: u16,
    /// UDP: the module's port, 0 for any.
    pub local_port: u16,
}

impl PassthroughLink {
    /// Whether a literal address is of the family that the type has.
    pub fn has_usable_host(&self) -> bool {
        self.host.parse::<IpAddr>().ok().is_none_or(|a| a.is_ipv6() == self.kind.ends_with("v6"))
    }

    /// What opens it; `None` for a kind that is none.
    pub fn request(&self) -> Option<OpenRequest> {
        let (kind, family) = match self.kind.strip_suffix("v6") {
            Some(kind) => (kind, DnsFamily::Ipv6),
            None => (self.kind.as_str(), DnsFamily::Ipv4),
        };
        let transport = match kind {
            "TCP" | "SSL" => Transport::Stream {
                keep_alive: keep_alive(u64::from(self.keep_alive)),
                timeout: None,
                tls: kind == "SSL",
            },
            "UDP" => Transport::Datagrams {
                mode: UdpMode::Fixed,
                local_port: Some(self.local_port).filter(|port| *port != 0),
            },
            _ => return None,
        };
        Some(OpenRequest { id: 0, host: self.host.clone(), port: self.port, family, transport, local: None })
    }
}

impl Tcpip {
    /// The options of link `id`.
    pub fn options(&self, id: usize) -> SocketOptions {
        self.socket_options.get(id).copied().unwrap_or_default()
    }

    /// Sets the options of link `id`.
    pub fn set_options(&mut self, id: usize, options: SocketOptions) {
        if self.socket_options.len() <= id {
            self.socket_options.resize(id + 1, SocketOptions::default());
        }
        if let Some(slot) = self.socket_options.get_mut(id) {
            *slot = options;
        }
    }
}

/// What AT+CIPTCPOPT sets for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketOptions {
    /// SO_LINGER in seconds; -1: off.
    pub linger: i64,
    /// TCP_NODELAY.
    pub nodelay: bool,
    /// SO_SNDTIMEO in milliseconds; zero: for ever.
    pub send_timeout: u64,
    /// Seconds of silence before a peer is probed; zero: never. Of releases since v2.4.
    #[serde(default)]
    pub keep_alive: u64,
}

impl Default for SocketOptions {
    fn default() -> Self {
        SocketOptions { linger: -1, nodelay: false, send_timeout: 0, keep_alive: 0 }
    }
}
