//! Devices with Ethernet in the modules' network: a driver plugs a cable into an access point's LAN and passes frames.
//!
//! The cable is what makes room between two clocks: a frame takes [`CABLE`] through it, either way. So a device may be as
//! far from the slowest module as that one from the others, and each frame is there before it is due. A device has no clock
//! in the world and holds nobody back. Frames are inputs like bytes: with their times, and in the input log.

use std::collections::VecDeque;

use super::spelling::{cut, did_you_mean};
use super::{Error, LOOKAHEAD, World};
use crate::net::network::LanRecord;
use crate::time::{Duration, Instant};

/// How long a frame takes through a cable: 100 us.
pub const CABLE: Duration = LOOKAHEAD;

/// The lengths of an Ethernet frame without its checksum, in bytes: from a bare header to a full one with a VLAN's tag.
pub const FRAME_BYTES: std::ops::RangeInclusive<usize> = 14..=1518;

/// A cable into the LAN of an access point, by its number from 0: they are given out in order, and never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LanPort(pub(crate) u32);

impl LanPort {
    /// Its number.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A frame for a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanFrame {
    /// When it comes out of the cable at the device.
    pub at: Instant,
    /// The Ethernet frame, without its checksum.
    pub bytes: Vec<u8>,
}

/// What the world knows of a cable.
#[derive(Default)]
pub(super) struct Cable {
    /// A driver has it.
    attached: bool,
    /// What is on its way to the device.
    out: VecDeque<LanFrame>,
}

impl World {
    /// Plugs a cable into the LAN of an access point, at the earliest instant that no module has passed.
    ///
    /// # Errors
    /// [`Error::Lan`] when there is no such access point, with what there is.
    pub fn lan_attach(&mut self, access_point: &str) -> Result<LanPort, Error> {
        let Some(segment) = self.network.lan_of(access_point) else {
            let known: Vec<&str> = self.scenario.aps.iter().map(|ap| ap.name.as_str()).collect();
            let hint = did_you_mean(access_point, known.iter().copied());
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Error::Lan(format!(
                "there is no access point '{}'; this world has {known}{hint}",
                cut(access_point)
            )));
        };
        let at = self.order.furthest();
        let port = LanPort(self.network.cable_attach(at, segment) as u32);
        self.cables.push(Cable { attached: true, out: VecDeque::new() });
        self.recorder.add_lan(access_point);
        if let Some(log) = &mut self.log {
            log.lan_attach(at, port.0, access_point);
        }
        self.run();
        Ok(port)
    }

    /// Pulls a cable out, at the earliest instant that no module has passed. What was under way to its device is gone.
    ///
    /// # Errors
    /// [`Error::Lan`] when there is no such cable, or not any more.
    pub fn lan_detach(&mut self, port: LanPort) -> Result<(), Error> {
        self.cable(port)?;
        let at = self.order.furthest();
        if let Some(log) = &mut self.log {
            log.lan_detach(at, port.0);
        }
        self.network.cable_detach(at, port.index());
        if let Some(cable) = self.cables.get_mut(port.index()) {
            *cable = Cable::default();
        }
        self.run();
        Ok(())
    }

    /// The device sends an Ethernet frame, without its checksum, at `at`: into the cable. It reaches the access point
    /// [`CABLE`] later.
    ///
    /// # Errors
    /// [`Error::Lan`] when there is no such cable, or the frame is shorter or longer than a frame is ([`FRAME_BYTES`]);
    /// [`Error::LanTooLate`] when the slowest module is further than [`CABLE`] behind `at` already.
    pub fn lan_send(&mut self, port: LanPort, at: Instant, frame: &[u8]) -> Result<(), Error> {
        self.cable(port)?;
        if !FRAME_BYTES.contains(&frame.len()) {
            let (least, most) = (FRAME_BYTES.start(), FRAME_BYTES.end());
            return Err(Error::Lan(format!(
                "an Ethernet frame has {least} to {most} bytes without its checksum, found {}",
                frame.len()
            )));
        }
        let arrives =
            at.as_nanos().checked_add(CABLE.as_nanos()).ok_or(Error::TimeOverflow(at.as_nanos()))?;
        let arrives = Instant::from_nanos(arrives);
        let reached = self.network_horizon();
        if arrives < reached {
            return Err(Error::LanTooLate { at, reached });
        }
        if let Some(log) = &mut self.log {
            log.lan_frame(at, port.0, frame);
        }
        self.network.cable_send(arrives, port.index(), frame.to_vec());
        self.run();
        Ok(())
    }

    /// The next frame for the device at the end of a cable. It is known up to [`CABLE`] before it comes out there, at
    /// [`LanFrame::at`]. A frame that is left unread stays.
    ///
    /// # Errors
    /// [`Error::Lan`] when there is no such cable.
    pub fn lan_read(&mut self, port: LanPort) -> Result<Option<LanFrame>, Error> {
        self.cable(port)?;
        Ok(self.cables.get_mut(port.index()).and_then(|cable| cable.out.pop_front()))
    }

    /// The next one, which stays where it is.
    ///
    /// # Errors
    /// Those of [`World::lan_read`].
    pub fn lan_peek(&self, port: LanPort) -> Result<Option<&LanFrame>, Error> {
        Ok(self.cable(port)?.out.front())
    }

    fn cable(&self, port: LanPort) -> Result<&Cable, Error> {
        self.cables.get(port.index()).filter(|cable| cable.attached).ok_or_else(|| {
            Error::Lan(format!("there is no cable {} in a LAN of this world, or not any more", port.0))
        })
    }

    /// Takes what has passed at the access points' ends of cables.
    pub(super) fn collect_cables(&mut self) {
        while let Some(record) = self.network.take_cable_frame() {
            self.recorder.lan_frame(&record);
            let LanRecord { at, port, to_device, frame } = record;
            if to_device && let Some(cable) = self.cables.get_mut(port).filter(|cable| cable.attached) {
                cable.out.push_back(LanFrame { at: at + CABLE, bytes: frame });
            }
        }
    }

    pub(super) fn forget_cables(&mut self) {
        self.cables.iter_mut().for_each(|cable| cable.out.clear());
    }
}
