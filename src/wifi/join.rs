//! What a station is asked for, and what it has to say: plain data.

use super::Ap;
use super::config::{ApConfig, Pmf, Security};
use crate::net::stack::Ipv4Config;
use crate::time::Duration;

/// What AT+CWJAP asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// 1 to 32 bytes.
    pub ssid: Vec<u8>,
    /// Empty for an open network.
    pub password: Vec<u8>,
    /// Only this access point.
    pub bssid: Option<[u8; 6]>,
    /// How long to try.
    pub timeout: Duration,
    /// True: look on all channels and take the strongest. False: take the first one found.
    pub all_channels: bool,
    /// True: an open network, or one with WEP, will not do.
    pub secure_only: bool,
    /// Protected management frames: bit 0 can, bit 1 must.
    pub pmf: u8,
}

/// When the station tries again after a loss or a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// Pause before each attempt; zero: there is none.
    pub interval: Duration,
    /// Attempts until it gives up; 0: no limit.
    pub attempts: u32,
}

/// Where the station's address comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// DHCP.
    Dhcp,
    /// It is always this one.
    Static(Ipv4Config),
    /// Nowhere: DHCP is off and nothing else is set.
    None,
}

impl JoinRequest {
    /// Whether this access point is the one that is looked for.
    pub(super) fn fits(&self, ap: &Ap) -> bool {
        let ap = &ap.config;
        let secure = !matches!(ap.security, Security::Open | Security::Wep);
        // What asks for too much, or offers too little, counts as not found (a guess).
        let protected = match ap.pmf {
            Pmf::Off => self.pmf & 2 == 0,
            Pmf::Capable => true,
            Pmf::Required => self.pmf != 0,
        };
        ap.ssid == self.ssid
            && self.bssid.is_none_or(|b| b == ap.bssid)
            && (secure || !self.secure_only)
            && protected
    }
}

/// Why a join failed: the number that `+CWJAP:` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinFailure {
    /// 1: it took too long.
    Timeout = 1,
    /// 2: wrong password.
    WrongPassword = 2,
    /// 3: no such access point.
    NotFound = 3,
    /// 4: anything else.
    Failed = 4,
}

/// What happened to the station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StationEvent {
    /// Associated with an access point.
    Connected,
    /// It has an address.
    GotIp,
    /// It is no longer associated.
    Disconnected,
    /// The join that a command asked for has failed.
    JoinFailed(JoinFailure),
}

/// What the network must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RadioChange {
    /// Frames pass between the module and the segment of this access point.
    Attach(String),
    /// They no longer do.
    Detach,
    /// The softAP has let this host or module in.
    Admit(String),
    /// It has not; why.
    Refuse(String, &'static str),
    /// This host or module is no longer on the softAP.
    Dismiss(String),
    /// The module's own softAP is on the air like this, or no longer.
    OnAir(Option<Box<ApConfig>>),
    /// The station, with this MAC address, asks the softAP of this name to let it in.
    Knock(String, [u8; 6]),
    /// The softAP of this name has let the station in, which is no longer interested.
    TurnAway(String),
}

/// What one module's radio hears of another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RadioNews {
    /// The softAP of this name is on the air like this, or no longer.
    Beacon(String, Option<Box<ApConfig>>),
    /// The module of this name, with this MAC address, wants to join the softAP.
    Knock(String, [u8; 6]),
    /// The softAP of this name has let the station in, or not.
    Answer(String, bool),
    /// The module of this name has left the softAP.
    Gone(String),
    /// The softAP of this name has sent the station away.
    Dismissed(String),
}

/// AT+CWSTATE's view of the station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 0: no connection was started yet.
    NotStarted = 0,
    /// 1: associated, no address yet.
    NoIp = 1,
    /// 2: associated and with an address.
    GotIp = 2,
    /// 3: connecting or reconnecting.
    Connecting = 3,
    /// 4: disconnected.
    Disconnected = 4,
}
