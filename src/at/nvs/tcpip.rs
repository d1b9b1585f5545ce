//! Saved settings of the TCP/IP commands.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::at::job::OpenRequest;
use crate::at::links::{Transport, UdpMode};
use crate::time::Duration;

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
}

impl Default for Tcpip {
    fn default() -> Self {
        Tcpip { ipv6: false, dns: None, reconnect_interval: 1, tls: Vec::new(), passthrough: None }
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
    /// What opens it.
    pub fn request(&self) -> OpenRequest {
        let udp = self.kind.starts_with("UDP");
        OpenRequest {
            id: 0,
            host: self.host.clone(),
            port: self.port,
            transport: if udp { Transport::Udp(UdpMode::Fixed) } else { Transport::Tcp },
            keep_alive: (self.keep_alive > 0).then(|| Duration::from_secs(u64::from(self.keep_alive))),
            local_port: Some(self.local_port).filter(|port| *port != 0),
        }
    }
}
