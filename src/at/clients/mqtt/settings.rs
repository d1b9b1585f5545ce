//! What AT+MQTTUSERCFG and the commands after it set, and the topics.

use crate::at::secure::{ClientTls, Owner};

/// AT+MQTTCONNCFG: the keep-alive when none is set, and what 0 stands for, seconds.
pub(super) const KEEP_ALIVE: u16 = 120;

/// The last will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// Where it is published.
    pub topic: Vec<u8>,
    /// What.
    pub message: Vec<u8>,
    /// 0, 1 or 2.
    pub qos: u8,
    /// It is retained.
    pub retain: bool,
}

/// AT+MQTTUSERCFG and what is set after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// 1 TCP, 2 to 5 TLS, 6 WebSocket, 7 to 10 WebSocket over TLS.
    pub scheme: u8,
    /// The client's id.
    pub client: Vec<u8>,
    /// Empty: none.
    pub user: Vec<u8>,
    /// Empty: none.
    pub password: Vec<u8>,
    /// The number of the certificate and key.
    pub pki: u8,
    /// The number of the authority.
    pub ca: u8,
    /// The resource of WebSocket.
    pub path: Vec<u8>,
    /// Seconds, 1 to 7200.
    pub keep_alive: u16,
    /// The broker keeps the session.
    pub keep_session: bool,
    /// The last will.
    pub will: Option<Will>,
    /// AT+MQTTALPN.
    pub protocols: Vec<String>,
    /// AT+MQTTSNI; empty: the host's name.
    pub server_name: String,
    /// AT+MQTTCONNCFG has been used.
    pub tuned: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            scheme: 1,
            client: Vec::new(),
            user: Vec::new(),
            password: Vec::new(),
            pki: 0,
            ca: 0,
            path: Vec::new(),
            keep_alive: KEEP_ALIVE,
            keep_session: false,
            will: None,
            protocols: Vec::new(),
            server_name: String::new(),
            tuned: false,
        }
    }
}

impl Settings {
    /// AT+MQTTCONNCFG's keep-alive: 0 is the default.
    pub fn set_keep_alive(&mut self, seconds: u16) {
        self.keep_alive = if seconds == 0 { KEEP_ALIVE } else { seconds };
    }

    /// The path as reports and queries show it: of the URI that is made of it.
    pub fn shown_path(&self) -> String {
        if self.is_websocket() { format!("/{}", String::from_utf8_lossy(&self.path)) } else { String::new() }
    }

    /// Over WebSocket.
    pub fn is_websocket(&self) -> bool {
        self.scheme >= 6
    }

    /// What TLS is set up with, for this host; `None` without TLS.
    pub fn tls(&self, host: &str) -> Option<ClientTls> {
        let level = match self.scheme {
            1 | 6 => return None,
            scheme => (scheme - 2) % 5,
        };
        // No verification, the server, the client, both.
        let mode = [0, 2, 1, 3][usize::from(level.min(3))];
        let name = if self.server_name.is_empty() { host } else { &self.server_name };
        Some(ClientTls {
            name: Some(name.to_owned()),
            alpn: self.protocols.clone(),
            ..ClientTls::for_mode(Owner::Mqtt, mode, self.pki, self.ca)
        })
    }
}

/// A topic that is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: Vec<u8>,
    /// 0, 1 or 2.
    pub qos: u8,
}
