//! Saved settings of the Wi-Fi commands.

use serde::{Deserialize, Serialize};

use crate::time::Duration;
use crate::wifi::JoinRequest;

/// Saved settings of the Wi-Fi commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wifi {
    /// AT+CWMODE. 0 out of the box (a guess: the IDF's default decides; hosts always set it).
    pub mode: u8,
    /// AT+CWJAP.
    pub join: Option<SavedJoin>,
}

/// An access point as it is kept in flash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedJoin {
    /// Its SSID.
    pub ssid: Vec<u8>,
    /// Its password.
    pub password: Vec<u8>,
    /// Only this access point of that SSID.
    pub bssid: Option<[u8; 6]>,
    /// Pause between attempts to come back after a loss, seconds; zero: never.
    pub reconnect: u32,
}

impl SavedJoin {
    /// The request that joins it again.
    pub fn request(&self) -> JoinRequest {
        JoinRequest {
            ssid: self.ssid.clone(),
            password: self.password.clone(),
            bssid: self.bssid,
            timeout: Duration::from_secs(15),
            reconnect: Duration::from_secs(u64::from(self.reconnect)),
        }
    }
}
