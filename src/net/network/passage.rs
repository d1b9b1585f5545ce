//! How frames pass links and switches: where they arrive, when, and what the link has done to them.

use super::{Delivery, Event, Fate, Network, TapRecord};
use crate::event::Kind;
use crate::net::faults::Way;
use crate::net::link::{Passage, damage};
use crate::net::segment::Port;
use crate::time::Instant;

impl Network {
    /// A module sends an Ethernet frame.
    pub fn send(&mut self, now: Instant, module: usize, frame: Vec<u8>) -> Fate {
        let Some(m) = self.modules.get(module) else {
            return Fate::Dropped("there is no such module");
        };
        let Some(segment) = m.joined else {
            return Fate::Dropped("not associated with an access point");
        };
        let via = m.via.unwrap_or(segment);
        if !self.segments[segment].is_up() || !self.segments[via].is_up() {
            return Fate::Dropped("the access point is down");
        }
        let weak = radio_loss(self.strength(via, module));
        self.transmit(now, module, segment, frame, weak)
    }

    /// A module's frame goes through its radio link to the switch of `segment`.
    pub(super) fn transmit(
        &mut self,
        now: Instant,
        module: usize,
        segment: usize,
        frame: Vec<u8>,
        weak_ppm: u32,
    ) -> Fate {
        let Some(m) = self.modules.get_mut(module) else {
            return Fate::Dropped("there is no such module");
        };
        let mut frame = frame;
        let passage = m.link.transmit_by_radio(Way::Up, now, frame.len(), weak_ppm);
        match passage {
            Passage::Arrives { at, twice, corrupt, .. } => {
                let from = Port::Module(module);
                corrupt.into_iter().for_each(|draw| damage(&mut frame, draw));
                if twice {
                    let frame = frame.clone();
                    self.queue.push(at, Kind::Frame, m.rank, Event::AtSwitch { segment, from, frame });
                }
                self.queue.push(at, Kind::Frame, m.rank, Event::AtSwitch { segment, from, frame });
                comment(&passage).map_or(Fate::Sent, Fate::Disturbed)
            }
            Passage::Lost { .. } => Fate::Lost,
            Passage::Dropped { reason } => Fate::Dropped(reason),
        }
    }

    /// A frame passes a segment's switch.
    pub(super) fn switch(&mut self, segment: usize, from: Port, frame: Vec<u8>) {
        for port in self.segments[segment].switch(from, &frame) {
            match port {
                Port::Gateway => self.gateway.receive_frame(self.now, segment, &frame),
                Port::Host(host) => self.send_to_host(host, frame.clone()),
                Port::Lan(port) => self.note_cable(port, true, &frame),
                Port::Module(module) => {
                    let softap = segment == self.softap_segment(module);
                    self.send_to_module(module, frame.clone(), softap);
                }
            }
        }
    }

    pub(super) fn send_from_host(&mut self, index: usize, frame: Vec<u8>) {
        let host = &mut self.hosts[index];
        let passage = host.link.transmit(Way::Up, self.now, frame.len());
        let (rank, segment) = (host.rank, host.segment);
        self.tap(index, false, &frame, comment(&passage));
        let mut frame = frame;
        if let Passage::Arrives { at, twice, corrupt, .. } = passage {
            corrupt.into_iter().for_each(|draw| damage(&mut frame, draw));
            let event = |frame| match segment {
                Some(segment) => Event::AtSwitch { segment, from: Port::Host(index), frame },
                None => Event::AtGateway { packet: frame },
            };
            if twice {
                self.queue.push(at, Kind::Frame, rank, event(frame.clone()));
            }
            self.queue.push(at, Kind::Frame, rank, event(frame));
        }
    }

    pub(super) fn send_to_host(&mut self, index: usize, frame: Vec<u8>) {
        let host = &mut self.hosts[index];
        let passage = host.link.transmit(Way::Down, self.now, frame.len());
        let mut frame = frame;
        if let Passage::Arrives { at, twice, corrupt, .. } = passage {
            corrupt.into_iter().for_each(|draw| damage(&mut frame, draw));
            let why = comment(&passage);
            if twice {
                let frame = frame.clone();
                self.queue.push(at, Kind::Frame, host.rank, Event::AtHost { host: index, frame, why });
            }
            self.queue.push(at, Kind::Frame, host.rank, Event::AtHost { host: index, frame, why });
        }
    }

    fn send_to_module(&mut self, module: usize, mut frame: Vec<u8>, softap: bool) {
        let via = self.modules[module].via.filter(|_| !softap);
        let radio = |via: usize| (radio_loss(self.strength(via, module)), !self.segments[via].is_up());
        let (weak, silent) = via.map_or((0, false), radio);
        let link = &mut self.modules[module].link;
        let passage = match silent {
            true => Passage::Dropped { reason: "the access point is down" },
            false => link.transmit_by_radio(Way::Down, self.now, frame.len(), weak),
        };
        let why = comment(&passage);
        let (at, lost) = match passage {
            Passage::Arrives { at, corrupt, .. } => {
                corrupt.into_iter().for_each(|draw| damage(&mut frame, draw));
                (at, false)
            }
            Passage::Lost { at } => (at, true),
            // Even what was never under way appears no sooner at the module's end than a frame could.
            Passage::Dropped { .. } => (self.now + link.faults().down.latency, true),
        };
        if matches!(passage, Passage::Arrives { twice: true, .. }) {
            self.deliveries.push_back(Delivery { at, module, softap, frame: frame.clone(), lost, why });
        }
        self.deliveries.push_back(Delivery { at, module, softap, frame, lost, why });
    }

    pub(super) fn tap(&mut self, host: usize, inbound: bool, frame: &[u8], comment: Option<&'static str>) {
        if self.tapping {
            self.tapped.push_back(TapRecord {
                at: self.now,
                tap: host,
                inbound,
                frame: frame.to_vec(),
                comment: comment.map(str::to_owned),
            });
        }
    }
}

/// How many frames in a million a radio loses at this strength, in dBm: none where it is good, all of them at the edge. A
/// guess: a real one slows down and sends again before it loses.
fn radio_loss(rssi: i8) -> u32 {
    const PERCENT: [u32; 16] = [1, 1, 1, 2, 3, 5, 8, 12, 18, 26, 36, 48, 62, 77, 90, 100];
    let below = -79 - i32::from(rssi);
    let percent = usize::try_from(below).map_or(0, |below| PERCENT.get(below).copied().unwrap_or(100));
    percent * 10_000
}

fn comment(passage: &Passage) -> Option<&'static str> {
    match passage {
        Passage::Arrives { held_back, twice, corrupt, .. } => match (held_back, twice, corrupt.is_some()) {
            (false, false, false) => None,
            (true, false, false) => Some("held back by the link"),
            (false, true, false) => Some("duplicated by the link"),
            (true, true, false) => Some("held back and duplicated by the link"),
            (false, false, true) => Some("corrupted by the link"),
            (true, false, true) => Some("held back and corrupted by the link"),
            (false, true, true) => Some("duplicated and corrupted by the link"),
            (true, true, true) => Some("held back, duplicated and corrupted by the link"),
        },
        Passage::Lost { .. } => Some("lost on the link"),
        Passage::Dropped { reason } => Some(reason),
    }
}
