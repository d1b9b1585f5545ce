//! What a module's radio hears: access points that come, go and change, frames, stations of its softAP.

use super::{Module, Power};
use crate::time::Instant;
use crate::wifi::config::{ApChange, Association};
use crate::wifi::{RadioNews, Surroundings};

impl Module {
    /// Whether an access point is on the air around it.
    pub fn sees(&self, ap: &str) -> bool {
        self.air.get(ap).is_some_and(|ap| ap.up)
    }

    /// An access point appears or falls silent.
    pub fn access_point(&mut self, now: Instant, name: &str, up: bool) {
        self.air.set_up(name, up);
        let mut around = Surroundings {
            air: &self.air,
            profile: self.config.profile,
            timing: self.config.timing,
            rng: &mut self.rng,
        };
        self.station.air_changed(now, &mut around);
    }

    /// Something happens to an access point.
    pub fn access_point_changes(&mut self, now: Instant, name: &str, change: &ApChange) {
        self.air.change(name, change);
        match change {
            ApChange::Rssi(_) => {
                let up = self.air.get(name).is_some_and(|ap| ap.up);
                self.access_point(now, name, up);
            }
            ApChange::Channel(_) | ApChange::Password(_) | ApChange::Deauth => {
                self.station.deauthenticated(now, name, &mut self.stack);
            }
        }
        self.settle(now);
    }

    /// How strong it hears an access point, in dBm.
    pub fn rssi(&self, ap: &str) -> Option<i8> {
        self.air.get(ap).map(|ap| ap.config.rssi)
    }

    /// An access point answers stations differently from now on.
    pub fn association(&mut self, name: &str, association: Association) {
        self.air.set_association(name, association);
    }

    /// A frame arrives.
    pub fn frame(&mut self, now: Instant, frame: Vec<u8>) {
        if self.power == Power::On {
            self.stack.receive(frame);
            self.settle(now);
        }
    }

    /// A frame arrives on its softAP interface.
    pub fn softap_frame(&mut self, now: Instant, frame: Vec<u8>) {
        if self.power == Power::On {
            self.stack.receive_lan(frame);
            self.settle(now);
        }
    }

    /// A host wants to join the softAP.
    pub fn guest_arrives(&mut self, now: Instant, host: &str, mac: [u8; 6]) {
        self.softap.arrive(host, mac);
        self.settle(now);
    }

    /// A host leaves the softAP, if it is there.
    pub fn guest_leaves(&mut self, now: Instant, host: &str) {
        self.softap.dismiss(|guest| guest.host == host);
        self.settle(now);
    }

    /// A host on the softAP has gone out of reach without a word.
    pub fn guest_vanishes(&mut self, now: Instant, host: &str) {
        self.softap.vanish(now, host);
        self.settle(now);
    }

    /// Its radio hears something of another module's.
    pub fn radio_news(&mut self, now: Instant, news: RadioNews) {
        if let RadioNews::Beacon(name, softap) = &news {
            self.air.set_softap(name, softap.as_deref().cloned());
        }
        let mut around = Surroundings {
            air: &self.air,
            profile: self.config.profile,
            timing: self.config.timing,
            rng: &mut self.rng,
        };
        match news {
            RadioNews::Beacon(..) => self.station.air_changed(now, &mut around),
            RadioNews::Answer(name, admitted) => {
                self.station.answered(now, &name, admitted, &mut self.stack, &mut around);
            }
            RadioNews::Dismissed(name) => self.station.dismissed(now, &name, &mut self.stack),
            RadioNews::Knock(station, mac) => self.softap.arrive(&station, mac),
            RadioNews::Gone(station) => {
                self.softap.dismiss(|guest| guest.host == station);
            }
        }
        self.settle(now);
    }
}
