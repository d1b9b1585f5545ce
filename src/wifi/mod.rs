//! Wi-Fi: what is on the air, and the module's station that joins it.
//!
//! There is no radio model, but for how strong an access point is heard. Access points are up or down, a station finds them, is let in or not, gets its
//! address by DHCP over the simulated network, and notices late when its access point falls silent. Frames
//! travel in [`crate::net`]. What one module's radio hears of another's softAP is [`RadioNews`].

pub mod config;
mod join;
mod softap;
mod station;

pub use join::{
    Addressing, JoinFailure, JoinRequest, RadioChange, RadioNews, Reconnect, StationEvent, Status,
};
pub use softap::{Guest, SoftAp, SoftApEvent};
pub use station::{Station, Surroundings};

use std::ops::RangeInclusive;
use std::sync::Arc;

use config::{ApChange, ApConfig, Association, EDGE};

/// What a module's softAP is called among the access points.
pub fn softap_name(module: &str) -> String {
    format!("{module}{SOFTAP}")
}

/// The module whose softAP has this name.
pub fn softap_owner(name: &str) -> Option<&str> {
    name.strip_suffix(SOFTAP)
}

/// Behind the module's name in that of its softAP.
const SOFTAP: &str = "/softap";

/// One access point as a module sees it.
#[derive(Clone, Debug)]
pub struct Ap {
    /// What it is; the same for all modules, until it changes for one of them.
    pub config: Arc<ApConfig>,
    /// Whether it is on the air now.
    pub up: bool,
}

impl Ap {
    /// Whether a module hears it.
    pub fn is_heard(&self) -> bool {
        self.up && self.config.rssi > EDGE
    }
}

/// What is on the air around one module.
#[derive(Clone, Debug, Default)]
pub struct Air {
    aps: Vec<Ap>,
}

impl Air {
    /// The air with these access points.
    pub fn new(configs: &[ApConfig]) -> Self {
        Air { aps: configs.iter().map(|c| Ap { config: Arc::new(c.clone()), up: c.up }).collect() }
    }

    /// Switches an access point on or off. False when there is none of this name.
    pub fn set_up(&mut self, name: &str, up: bool) -> bool {
        match self.aps.iter_mut().find(|ap| ap.config.name == name) {
            Some(ap) => {
                ap.up = up;
                true
            }
            None => false,
        }
    }

    /// Something happens to an access point. False when there is none of this name.
    pub fn change(&mut self, name: &str, change: &ApChange) -> bool {
        let Some(ap) = self.aps.iter_mut().find(|ap| ap.config.name == name) else { return false };
        match change {
            ApChange::Rssi(dbm) => Arc::make_mut(&mut ap.config).rssi = *dbm,
            ApChange::Channel(channel) => Arc::make_mut(&mut ap.config).channel = *channel,
            ApChange::Password(password) => Arc::make_mut(&mut ap.config).password.clone_from(password),
            ApChange::Deauth => {}
        }
        true
    }

    /// Changes how an access point answers stations. False when there is none of this name.
    pub fn set_association(&mut self, name: &str, association: Association) -> bool {
        match self.aps.iter_mut().find(|ap| ap.config.name == name) {
            Some(ap) => {
                Arc::make_mut(&mut ap.config).association = association;
                true
            }
            None => false,
        }
    }

    /// A module's softAP of this name is on the air like this, or no longer.
    pub fn set_softap(&mut self, name: &str, softap: Option<ApConfig>) {
        let place = self.aps.partition_point(|ap| ap.config.name.as_str() < name);
        let known = self.aps.get(place).is_some_and(|ap| ap.config.name == name);
        match softap {
            Some(config) if known => self.aps[place] = Ap { config: Arc::new(config), up: true },
            Some(config) => self.aps.insert(place, Ap { config: Arc::new(config), up: true }),
            None if known => {
                self.aps.remove(place);
            }
            None => {}
        }
    }

    /// The access point called `name`.
    pub fn get(&self, name: &str) -> Option<&Ap> {
        self.aps.iter().find(|ap| ap.config.name == name)
    }

    /// Every access point on the air on one of `channels`, in the order in which a scan comes across them: by
    /// channel, those of one channel by name.
    pub fn on_air(&self, channels: &RangeInclusive<u8>) -> Vec<&Ap> {
        let heard = |ap: &&Ap| ap.is_heard() && channels.contains(&ap.config.channel);
        let mut aps: Vec<&Ap> = self.aps.iter().filter(heard).collect();
        aps.sort_by_key(|ap| ap.config.channel);
        aps
    }
}
