//! Access points as the scenario describes them.

/// How an access point lets stations in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// No password.
    Open,
    /// WEP with a 104-bit key.
    Wep,
    /// WPA with a pre-shared key.
    Wpa,
    /// WPA2 with a pre-shared key.
    Wpa2,
    /// WPA or WPA2, as the station likes.
    WpaWpa2,
    /// WPA2 with a RADIUS server behind it: no password lets a station in.
    Wpa2Enterprise,
    /// WPA3 with a password.
    Wpa3,
    /// WPA2 or WPA3, as the station likes.
    Wpa2Wpa3,
}

impl Security {
    /// The `<ecn>` of AT+CWLAP.
    pub fn ecn(self) -> u8 {
        match self {
            Security::Open => 0,
            Security::Wep => 1,
            Security::Wpa => 2,
            Security::Wpa2 => 3,
            Security::WpaWpa2 => 4,
            Security::Wpa2Enterprise => 5,
            Security::Wpa3 => 6,
            Security::Wpa2Wpa3 => 7,
        }
    }

    /// The ciphers for one station and for all, as AT+CWLAP numbers them: 0 none, 2 WEP104, 3 TKIP, 4 CCMP,
    /// 5 both.
    pub fn ciphers(self) -> (u8, u8) {
        match self {
            Security::Open => (0, 0),
            Security::Wep => (2, 2),
            Security::Wpa => (3, 3),
            Security::WpaWpa2 => (5, 3),
            Security::Wpa2 | Security::Wpa2Enterprise | Security::Wpa3 | Security::Wpa2Wpa3 => (4, 4),
        }
    }
}

/// What an access point says about protected management frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pmf {
    /// It does not know them.
    Off,
    /// It uses them with stations that can.
    Capable,
    /// It lets no other station in.
    Required,
}

/// What an access point does when a station wants to associate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Association {
    /// What the protocol says.
    #[default]
    Right,
    /// Nothing: the station tries until its time is over.
    Silence,
    /// It refuses every station, as one does that has as many as it takes.
    Refusal,
}

impl Association {
    /// Each with the word for it.
    pub const WORDS: [(&str, Association); 3] =
        [("right", Association::Right), ("none", Association::Silence), ("refused", Association::Refusal)];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, association)| *association == self).map_or("", |(word, _)| word)
    }
}

/// What can happen to an access point's radio while a module hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApChange {
    /// It is heard with this strength, in dBm (-100 to -1).
    Rssi(i8),
    /// It starts anew on this channel (1 to 14); its stations are sent away before.
    Channel(u8),
    /// It starts anew with this password (8 to 63 bytes); its stations are sent away before.
    Password(Vec<u8>),
    /// It sends its stations away (deauthentication). They may come back.
    Deauth,
}

/// One access point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApConfig {
    /// Its name in the scenario and in the console; also the name of the segment behind it.
    pub name: String,
    /// 1 to 32 bytes.
    pub ssid: Vec<u8>,
    /// 8 to 63 bytes, empty for a network without.
    pub password: Vec<u8>,
    /// Its MAC address.
    pub bssid: [u8; 6],
    /// 1 to 14.
    pub channel: u8,
    /// Signal strength at the module, in dBm (-100 to -1).
    pub rssi: i8,
    /// What it asks for.
    pub security: Security,
    /// Protected management frames.
    pub pmf: Pmf,
    /// True: its beacons do not name the SSID.
    pub hidden: bool,
    /// 802.11 b (bit 0), g (bit 1) and n (bit 2).
    pub modes: u8,
    /// Whether it offers WPS.
    pub wps: bool,
    /// How it answers stations at the start.
    pub association: Association,
    /// Whether it is on the air at the start.
    pub up: bool,
}

/// What is not heard any more: a signal of this strength or a weaker one, in dBm (a guess: the least that an ESP32 is said
/// to receive is about -97 at the lowest rate; its beacons are lost before).
pub const EDGE: i8 = -94;
