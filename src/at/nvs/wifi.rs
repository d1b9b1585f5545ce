//! Saved settings of the Wi-Fi commands.

use std::net::Ipv4Addr;

use super::text;
use serde::{Deserialize, Serialize};

use crate::net::stack::Ipv4Config;
use crate::time::Duration;
use crate::wifi::{Addressing, JoinRequest, Reconnect};

/// Bit of AT+CWDHCP for the station.
pub const STATION_DHCP: u8 = 1;
/// Bit of AT+CWDHCP for the softAP's server.
pub const SOFTAP_DHCP: u8 = 2;

/// Whether it is the MAC address of one station: no group's, not zero.
pub fn is_station_mac(mac: [u8; 6]) -> bool {
    mac[0] & 1 == 0 && mac != [0; 6]
}

/// Whether a radio can be set to these modes, which has those of `chip` out of the box (AT+CWSTAPROTO, AT+CWAPPROTO). It
/// does b, bg and bgn; with ax where the chip has it; each of the last two and long range alone with long range since v3.0.
pub fn are_modes(modes: u8, chip: u8) -> bool {
    const LONG_RANGE: u8 = 8;
    let standards = modes & !LONG_RANGE;
    let known =
        if modes & LONG_RANGE == 0 { [1, 3, 7].contains(&standards) } else { [0, 7].contains(&standards) };
    known || standards == chip
}

/// Saved settings of the Wi-Fi commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wifi {
    /// AT+CWMODE. 0 out of the box (a guess: the IDF's default decides; hosts always set it).
    pub mode: u8,
    /// AT+CWJAP.
    pub join: Option<SavedJoin>,
    /// AT+CWAUTOCONN: join it at boot.
    pub auto_connect: bool,
    /// AT+CWRECONNCFG and AT+CWJAP: pause between attempts to come back, seconds; zero: never.
    pub reconnect_interval: u16,
    /// AT+CWRECONNCFG: attempts to come back; zero: no limit.
    pub reconnect_count: u16,
    /// AT+CWDHCP: bit 0 the station's client, bit 1 the softAP's server.
    pub dhcp: u8,
    /// AT+CIPSTA.
    pub station_address: Option<StaticAddress>,
    /// AT+CIPSTAMAC; `None`: the chip's own.
    pub station_mac: Option<[u8; 6]>,
    /// AT+CWSTAPROTO: bits of 802.11 standards; `None`: what the chip has out of the box.
    pub station_modes: Option<u8>,
    /// AT+CWSAP; `None`: what the chip has out of the box.
    pub softap: Option<SoftAp>,
    /// AT+CIPAP.
    pub softap_address: StaticAddress,
    /// AT+CIPAPMAC; `None`: the chip's own.
    pub softap_mac: Option<[u8; 6]>,
    /// AT+CWAPPROTO: bits of 802.11 standards; `None`: what the chip has out of the box.
    pub softap_modes: Option<u8>,
    /// AT+CWDHCPS; `None`: the range that follows from the softAP's address.
    pub leases: Option<Leases>,
    /// AT+CWCONFIG.
    pub inactive: Inactive,
}

impl Default for Wifi {
    fn default() -> Self {
        Wifi {
            mode: 0,
            join: None,
            auto_connect: true,
            reconnect_interval: 0,
            reconnect_count: 0,
            dhcp: STATION_DHCP | SOFTAP_DHCP,
            station_address: None,
            station_mac: None,
            station_modes: None,
            softap: None,
            softap_address: StaticAddress {
                address: Ipv4Addr::new(192, 168, 4, 1),
                gateway: Ipv4Addr::new(192, 168, 4, 1),
                prefix_len: 24,
            },
            softap_mac: None,
            softap_modes: None,
            leases: None,
            inactive: Inactive::default(),
        }
    }
}

impl Wifi {
    /// Where the station gets its address from. `dns`: whom it asks for names when no DHCP server has told it.
    pub fn addressing(&self, dns: &[Ipv4Addr]) -> Addressing {
        match &self.station_address {
            _ if self.dhcp & STATION_DHCP != 0 => Addressing::Dhcp,
            Some(address) => Addressing::Static(address.config(dns)),
            None => Addressing::None,
        }
    }

    /// When the station tries again.
    pub fn reconnect(&self) -> Reconnect {
        Reconnect {
            interval: Duration::from_secs(u64::from(self.reconnect_interval)),
            attempts: u32::from(self.reconnect_count),
        }
    }

    /// What the softAP's DHCP server leases.
    pub fn leases(&self) -> Leases {
        self.leases.unwrap_or_else(|| Leases::beside(&self.softap_address))
    }
}

/// An access point as it is kept in flash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedJoin {
    /// Its SSID.
    #[serde(with = "text")]
    pub ssid: Vec<u8>,
    /// Its password.
    #[serde(with = "text")]
    pub password: Vec<u8>,
    /// Only this access point of that SSID.
    pub bssid: Option<[u8; 6]>,
    /// Neither open nor WEP.
    pub pci_en: bool,
    /// Beacons between two that the station listens to.
    pub listen_interval: u8,
    /// 0: the first that is found, 1: the strongest.
    pub scan_mode: u8,
    /// Protected management frames: bit 0 can, bit 1 must.
    pub pmf: u8,
}

impl SavedJoin {
    /// The request that joins it. The execute form of AT+CWJAP has no time of its own: 15 s.
    pub fn request(&self) -> JoinRequest {
        JoinRequest {
            ssid: self.ssid.clone(),
            password: self.password.clone(),
            bssid: self.bssid,
            timeout: Duration::from_secs(15),
            all_channels: self.scan_mode == 1,
            secure_only: self.pci_en,
            pmf: self.pmf,
        }
    }
}

/// An address that does not come from DHCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticAddress {
    /// The address.
    pub address: Ipv4Addr,
    /// The way out; 0.0.0.0 for none.
    pub gateway: Ipv4Addr,
    /// Bits of the network mask.
    pub prefix_len: u8,
}

impl StaticAddress {
    /// The network mask.
    pub fn mask(&self) -> Ipv4Addr {
        // A file may have any number here: `check` refuses it, after it has looked at the mask.
        let zeros = 32_u32.saturating_sub(self.prefix_len.into());
        Ipv4Addr::from_bits(u32::MAX.checked_shl(zeros).unwrap_or(0))
    }

    /// Bits of this network mask; `None` when it is none.
    pub fn prefix_len(mask: Ipv4Addr) -> Option<u8> {
        let bits = mask.to_bits().leading_ones();
        u8::try_from(bits).ok().filter(|_| mask.to_bits().count_ones() == bits)
    }

    /// True for an address of the same network that one host can have.
    pub fn has_host(&self, address: Ipv4Addr) -> bool {
        let (mask, bits) = (self.mask().to_bits(), address.to_bits());
        bits & mask == self.address.to_bits() & mask && bits & !mask != 0 && bits | mask != u32::MAX
    }

    /// Whether an interface can have it: the address is one host's, in a network of 1 to 30 bits.
    pub fn has_own_host(&self) -> bool {
        let first = self.address.octets()[0];
        (1..=30).contains(&self.prefix_len)
            && (1..=223).contains(&first)
            && first != 127
            && self.has_host(self.address)
    }

    /// Whether the way out is no group's address.
    pub fn has_usable_gateway(&self) -> bool {
        !(self.gateway.is_multicast() || self.gateway.is_broadcast())
    }

    /// For the IP stack.
    pub fn config(&self, dns: &[Ipv4Addr]) -> Ipv4Config {
        Ipv4Config {
            address: self.address,
            prefix_len: self.prefix_len,
            gateway: Some(self.gateway).filter(|g| !g.is_unspecified()),
            dns: dns.to_vec(),
            server: None,
            lease: None,
        }
    }
}

/// The softAP as AT+CWSAP sets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftAp {
    /// 1 to 32 bytes.
    #[serde(with = "text")]
    pub ssid: Vec<u8>,
    /// Up to 64 bytes.
    #[serde(with = "text")]
    pub password: Vec<u8>,
    /// 1 to 14.
    pub channel: u8,
    /// 0 open, 2 WPA, 3 WPA2, 4 both.
    pub ecn: u8,
    /// Stations at a time, 1 to 10.
    pub max_stations: u8,
    /// Beacons do not name the SSID.
    pub hidden: bool,
}

/// The shortest password of an access point that has one, bytes (WPA).
const SHORTEST_PASSWORD: usize = 8;

impl SoftAp {
    /// Whether the password is long enough for the encryption.
    pub fn has_usable_password(&self) -> bool {
        self.ecn == 0 || self.password.len() >= SHORTEST_PASSWORD
    }

    /// What a chip has out of the box: an open network named after its MAC address, for four stations.
    pub fn out_of_the_box(mac: [u8; 6]) -> SoftAp {
        let [.., a, b, c] = mac;
        SoftAp {
            ssid: format!("ESP_{a:02X}{b:02X}{c:02X}").into_bytes(),
            password: Vec::new(),
            channel: 1,
            ecn: 0,
            max_stations: SoftAp::STATIONS,
            hidden: false,
        }
    }

    /// Stations that are let in when nobody has said how many (the IDF's number: a guess for the set form).
    pub const STATIONS: u8 = 4;
}

/// How long a silence may be: AT+CWCONFIG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inactive {
    /// Of a station of the softAP, seconds, 10 to 3600.
    pub softap: u16,
    /// Of the access point's beacons, seconds, 3 to 600.
    pub station: u16,
    /// Beacons between two that the station listens to, 1 to 100. AT+CWJAP has its own.
    pub listen_interval: u8,
}

impl Default for Inactive {
    fn default() -> Self {
        Inactive { softap: 300, station: 6, listen_interval: 3 }
    }
}

impl Inactive {
    /// The silence after which a station of the softAP is gone.
    pub fn softap_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.softap))
    }

    /// The silence after which the station gives its access point up.
    pub fn station_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.station))
    }
}

/// What the softAP's DHCP server leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leases {
    /// 1 to 2880.
    pub minutes: u16,
    /// First address.
    pub first: Ipv4Addr,
    /// Last address.
    pub last: Ipv4Addr,
}

impl Leases {
    /// Most addresses that the server keeps.
    pub const MOST: u32 = 100;

    /// Whether a softAP of this address can lease these: hosts of its network, in order, without its own, and no
    /// more than the server keeps.
    pub fn fit(&self, softap: &StaticAddress) -> bool {
        let (first, last) = (self.first, self.last);
        softap.has_host(first)
            && softap.has_host(last)
            && first <= last
            && !(first..=last).contains(&softap.address)
            && last.to_bits() - first.to_bits() < Leases::MOST
    }

    /// The range of a softAP that nobody has set one for: two hours, the addresses behind its own, or in front
    /// of it where there are not as many.
    pub fn beside(softap: &StaticAddress) -> Leases {
        let (mask, own) = (softap.mask().to_bits(), softap.address.to_bits());
        let (first, last) = ((own & mask).saturating_add(1), (own | !mask).saturating_sub(1));
        let behind = (own.saturating_add(1), last.min(own.saturating_add(Self::MOST)));
        let before = (first.max(own.saturating_sub(Self::MOST)), own.saturating_sub(1));
        let size = |(a, b): (u32, u32)| b.saturating_add(1).saturating_sub(a);
        let (first, last) = if size(behind) >= size(before) { behind } else { before };
        Leases { minutes: 120, first: Ipv4Addr::from_bits(first), last: Ipv4Addr::from_bits(last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_softap_leases_the_larger_side_of_its_network() {
        let range = |d: u8, prefix_len| {
            let address = Ipv4Addr::new(192, 168, 4, d);
            let leases = Leases::beside(&StaticAddress { address, gateway: address, prefix_len });
            (leases.first.octets()[3], leases.last.octets()[3])
        };
        assert_eq!(range(1, 24), (2, 101));
        assert_eq!(range(200, 24), (100, 199));
        assert_eq!(range(250, 30), (249, 249));
        assert_eq!(range(249, 30), (250, 250));
    }
}
