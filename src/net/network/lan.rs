//! Devices of a driver that are plugged into an access point's LAN: a board with Ethernet, a computer in the emulator.
//!
//! All that the network knows of one is its cable. Frames come out of it at the segment's switch, and go into it there.

use super::{Event, LanRecord, Network, Port};
use crate::event::{Kind, Rank};
use crate::time::Instant;

impl Network {
    /// The segment on which an access point's stations are; `None` when there is no such access point.
    pub fn lan_of(&self, access_point: &str) -> Option<usize> {
        let index = self.access_points().position(|s| s.name() == access_point)?;
        Some(self.segments[index].lan.unwrap_or(index))
    }

    /// A cable is plugged into `segment` at `at`. Returns its number; they are given out in order.
    pub fn cable_attach(&mut self, at: Instant, segment: usize) -> usize {
        let port = self.cables.len();
        self.cables.push(segment);
        self.queue.push(at, Kind::Timer, self.cable_rank(port), Event::Cable { port, plugged: true });
        port
    }

    /// The cable is pulled out at `at`.
    pub fn cable_detach(&mut self, at: Instant, port: usize) {
        self.queue.push(at, Kind::Timer, self.cable_rank(port), Event::Cable { port, plugged: false });
    }

    /// A frame comes out of the cable at the switch at `at`.
    pub fn cable_send(&mut self, at: Instant, port: usize, frame: Vec<u8>) {
        let Some(&segment) = self.cables.get(port) else { return };
        let event = Event::AtSwitch { segment, from: Port::Lan(port), frame };
        self.queue.push(at, Kind::Frame, self.cable_rank(port), event);
    }

    /// The next frame that has passed at the segment's end of a cable.
    pub fn take_cable_frame(&mut self) -> Option<LanRecord> {
        self.cable_frames.pop_front()
    }

    pub(super) fn plug_cable(&mut self, port: usize, plugged: bool) {
        let Some(&segment) = self.cables.get(port) else { return };
        match plugged {
            true => self.segments[segment].join(Port::Lan(port)),
            false => self.segments[segment].leave(Port::Lan(port)),
        }
    }

    pub(super) fn note_cable(&mut self, port: usize, to_device: bool, frame: &[u8]) {
        let record = LanRecord { at: self.now, port, to_device, frame: frame.to_vec() };
        self.cable_frames.push_back(record);
    }

    /// Behind all nodes, in the order in which the cables came.
    fn cable_rank(&self, port: usize) -> Rank {
        self.ranks_end + (self.modules.len() + port) as Rank
    }
}
