//! Saved settings of the TCP/IP commands.

use serde::{Deserialize, Serialize};

/// Saved settings of the TCP/IP commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tcpip {
    /// AT+CIPV6.
    pub ipv6: bool,
}
