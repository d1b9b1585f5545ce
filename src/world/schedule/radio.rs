//! What modules hand to the network: frames, and what their radios do that another module's hears.

use crate::event::Kind;
use crate::net::network::Fate;
use crate::time::{Duration, Instant};
use crate::wifi::{RadioChange, RadioNews, softap_name, softap_owner};
use crate::world::World;
use crate::world::slot::Arrival;

/// How long one module's radio takes to tell another's something: management frames and their answers. More than the
/// lookahead, so that nobody hears of what he should have known already.
const OVER_THE_AIR: Duration = Duration::from_millis(2);
/// How long it takes until a softAP that has come or gone is heard, or missed: the time between two beacons.
const BEACON: Duration = Duration::from_micros(102_400);

/// What a module hands to the network.
pub enum Uplink {
    /// A frame.
    Frame(Vec<u8>),
    /// A frame on its softAP interface.
    SoftApFrame(Vec<u8>),
    /// Its station associates or leaves.
    Radio(RadioChange),
}

impl World {
    pub(super) fn uplink_step(&mut self) {
        let Some((key, what)) = self.uplink.pop() else { return };
        let module = key.node as usize;
        let Some(slot) = self.slots.get_mut(module) else { return };
        match what {
            what @ (Uplink::Frame(_) | Uplink::SoftApFrame(_)) => {
                let (frame, fate) = match what {
                    Uplink::SoftApFrame(frame) => {
                        (frame.clone(), self.network.send_softap(key.time, module, frame))
                    }
                    Uplink::Frame(frame) => (frame.clone(), self.network.send(key.time, module, frame)),
                    Uplink::Radio(_) => return,
                };
                match fate {
                    Fate::Sent => {}
                    Fate::Disturbed(how) => slot.remarks.push(how.to_owned()),
                    Fate::Lost => slot.remarks.push("lost on the radio link".to_owned()),
                    Fate::Dropped(why) => slot.remarks.push(format!("dropped: {why}")),
                }
                if matches!(fate, Fate::Lost | Fate::Dropped(_)) {
                    slot.statistics.frames_lost += 1;
                }
                self.recorder.capture_frame(module, key.time, false, &frame, &mut slot.remarks);
            }
            Uplink::Radio(change) => self.radio_change(key.time, module, change),
        }
    }

    /// A module's radio has done something that the network must know, or another module.
    fn radio_change(&mut self, now: Instant, module: usize, change: RadioChange) {
        let own = self.slots[module].module.name().to_owned();
        let owner = |ap: &str| softap_owner(ap).and_then(|owner| self.by_name.get(owner).copied());
        // A scenario's access point goes before a softAP that happens to have its name.
        let owner = |ap: &str| owner(ap).filter(|_| !self.scenario.aps.iter().any(|known| known.name == ap));
        let station = |name: &str| self.by_name.get(name).copied();
        match change {
            RadioChange::Attach(ap) => match owner(&ap) {
                Some(owner) => {
                    self.network.station_join_softap(now, module, owner);
                }
                None => {
                    self.network.station_join(now, module, &ap);
                }
            },
            RadioChange::Detach => {
                let owner = self.network.softap_of_station(module);
                self.network.station_leave(now, module);
                if let Some(owner) = owner {
                    self.tell(now + OVER_THE_AIR, owner, RadioNews::Gone(own));
                }
            }
            RadioChange::OnAir(mut softap) => {
                let name = softap_name(&own);
                if let Some(softap) = &mut softap {
                    softap.name.clone_from(&name);
                }
                if self.scenario.aps.iter().any(|known| known.name == name) {
                    return;
                }
                for other in (0..self.slots.len()).filter(|other| *other != module) {
                    self.tell(now + BEACON, other, RadioNews::Beacon(name.clone(), softap.clone()));
                }
            }
            RadioChange::Knock(ap, mac) => {
                if let Some(owner) = owner(&ap) {
                    self.tell(now + OVER_THE_AIR, owner, RadioNews::Knock(own, mac));
                }
            }
            RadioChange::TurnAway(ap) => {
                if let Some(owner) = owner(&ap) {
                    self.tell(now + OVER_THE_AIR, owner, RadioNews::Gone(own));
                }
            }
            RadioChange::Admit(name) => match station(&name) {
                Some(to) => self.tell(now + OVER_THE_AIR, to, RadioNews::Answer(softap_name(&own), true)),
                None => self.network.softap_admit(now, module, &name),
            },
            RadioChange::Refuse(name, why) => match station(&name) {
                Some(to) => self.tell(now + OVER_THE_AIR, to, RadioNews::Answer(softap_name(&own), false)),
                None => self.network.softap_refuse(now, module, &name, why),
            },
            RadioChange::Dismiss(name) => match station(&name) {
                Some(to) => self.tell(now + OVER_THE_AIR, to, RadioNews::Dismissed(softap_name(&own))),
                None => self.network.softap_dismiss(now, module, &name),
            },
        }
    }

    /// A module's radio hears something of another's then.
    fn tell(&mut self, at: Instant, module: usize, news: RadioNews) {
        if let Some(slot) = self.slots.get_mut(module) {
            slot.frames.push(at, Kind::Frame, module as u32, Arrival::News(news));
            self.file_next(module);
        }
    }
}
