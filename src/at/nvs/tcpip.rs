//! Saved settings of the TCP/IP commands.

use serde::{Deserialize, Serialize};

/// Saved settings of the TCP/IP commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tcpip {
    /// AT+CIPV6.
    pub ipv6: bool,
    /// AT+CIPTCPOPT, by link id; links beyond the end have the defaults.
    pub socket_options: Vec<SocketOptions>,
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
}

impl Default for SocketOptions {
    fn default() -> Self {
        SocketOptions { linger: -1, nodelay: false, send_timeout: 0 }
    }
}
