//! What the Wi-Fi commands set and only RAM keeps: whether there is Wi-Fi, what a scan shows, the country, mDNS.

use crate::net::mdns::Mdns;

/// The state of the Wi-Fi commands. All of it is gone after a restart.
#[derive(Debug, Default)]
pub struct Radio {
    /// AT+CWINIT=0: there is no Wi-Fi until it is switched on again.
    pub off: bool,
    /// AT+CWLAPOPT.
    pub scan_options: ScanOptions,
    /// AT+CWCOUNTRY.
    pub country: Country,
    /// AT+MDNS.
    pub mdns: Option<Mdns>,
}

/// AT+CWLAPOPT: what AT+CWLAP prints. Not saved.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions {
    /// The strongest first. Otherwise in the order in which they were found.
    pub sort: bool,
    /// A bit for each field.
    pub mask: u16,
    /// Weaker ones are left out, dBm.
    pub rssi: i16,
    /// A bit for each encryption method.
    pub authmode: u16,
}

impl Default for ScanOptions {
    /// Sorted (as captures show it), all fields, everything.
    fn default() -> Self {
        ScanOptions { sort: true, mask: 0x7ff, rssi: -100, authmode: 0xffff }
    }
}

/// AT+CWCOUNTRY. Not saved: a restart brings the factory's back.
#[derive(Clone, Debug)]
pub struct Country {
    /// 0: that of the access point while joined. 1: always this one.
    pub policy: u8,
    /// Two letters, and perhaps a third.
    pub code: Vec<u8>,
    /// First channel.
    pub first: u8,
    /// How many channels there are from there on.
    pub count: u8,
}

impl Default for Country {
    /// What the factory sets: China, channels 1 to 13.
    fn default() -> Self {
        Country { policy: 0, code: b"CN".to_vec(), first: 1, count: 13 }
    }
}
