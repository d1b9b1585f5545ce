//! What the module keeps in flash: the settings that outlive a restart and a power cut.
//!
//! One file holds the settings of one chapter of the command reference. The firmware works on a copy in RAM,
//! [`Core::settings`](super::Core), which is taken from flash at boot; a command changes both with
//! [`Context::keep`](super::outcome::Context::keep), or only the copy after AT+SYSSTORE=0.

mod basic;
mod check;
mod tcpip;
mod text;
mod wifi;

pub use basic::{Basic, UartSettings};
pub use check::Mistake;
pub use tcpip::{PassthroughLink, SocketOptions, Tcpip, TlsConfig};
pub use wifi::{
    Inactive, Leases, SOFTAP_DHCP, STATION_DHCP, SavedJoin, SoftAp, StaticAddress, Wifi, are_modes,
    is_station_mac,
};

use serde::{Deserialize, Serialize};

use crate::profile::Profile;

/// Everything in flash. The default is what a module has out of the box.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nvs {
    /// Basic commands.
    pub basic: Basic,
    /// Wi-Fi commands.
    pub wifi: Wifi,
    /// TCP/IP commands.
    pub tcpip: Tcpip,
}

impl Nvs {
    /// What the UART is set to after a boot.
    pub fn uart(&self, profile: &Profile) -> UartSettings {
        self.basic.uart.unwrap_or_else(|| UartSettings::of(profile))
    }
}
