//! Access points as the scenario describes them.

/// How an access point lets stations in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// No password.
    Open,
    /// WPA2 with a pre-shared key.
    Wpa2,
}

/// One access point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApConfig {
    /// Its name in the scenario and in the console; also the name of the segment behind it.
    pub name: String,
    /// 1 to 32 bytes.
    pub ssid: Vec<u8>,
    /// 8 to 63 bytes, empty for an open network.
    pub password: Vec<u8>,
    /// Its MAC address.
    pub bssid: [u8; 6],
    /// 1 to 14.
    pub channel: u8,
    /// Signal strength at the module, in dBm (-100 to -1).
    pub rssi: i8,
    /// What it asks for.
    pub security: Security,
    /// Whether it is on the air at the start.
    pub up: bool,
}
