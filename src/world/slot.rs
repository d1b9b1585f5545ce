//! A module's place in the world: its driver, its clock, and what is on its way to it.

use std::collections::VecDeque;

use super::agenda::Agenda;
use super::{Attachment, Error, PinChange, Statistics, UartByte};
use crate::event::{Kind, Queue};
use crate::module::{Module, Saved};
use crate::time::{Instant, earliest};
use crate::uart::McuLoss;
use crate::wifi::RadioNews;

/// Inputs go last among what happens at one instant: everything up to it has happened by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// An event of the simulation.
    Event(Kind),
    /// A change that the console or the timeline makes.
    Change,
    /// What has happened is held against the rules.
    Cause,
}

/// What comes to a module's radio.
pub enum Arrival {
    /// A frame for its station.
    Frame(Vec<u8>),
    /// A frame for its softAP interface.
    SoftApFrame(Vec<u8>),
    /// Something of another module's softAP or station.
    News(RadioNews),
}

/// One module and what the world knows about it.
pub struct Slot {
    pub module: Module,
    pub attachment: Option<Attachment>,
    /// Everything up to here has happened, as far as this module is concerned. Without a driver, or while that is still to
    /// come, it follows the others, further than this ([`Order::reached`](super::order::Order::reached)).
    pub reached: Instant,
    /// What is on its way to the module's radio.
    pub frames: Queue<Arrival>,
    /// Console changes that the module must see.
    pub changes: Agenda,
    /// Bytes for the driver.
    pub out: VecDeque<UartByte>,
    /// Changes of its pins for the driver.
    pub pins: VecDeque<PinChange>,
    /// Bytes of the log port for whoever wants them.
    pub logged: VecDeque<UartByte>,
    /// What it saves has a file of its own.
    pub has_file: bool,
    /// What of its saved settings was handed over for its file.
    pub handed_over: Saved,
    /// What the world counts; [`Slot::statistics`] has the rest, too.
    pub statistics: Statistics,
    /// The MCU's receiver lost a byte then, and why.
    pub lost_last: Option<(Instant, McuLoss)>,
    /// Remarks for the next captured packet.
    pub remarks: Vec<String>,
    /// A warning says that the MCU stores too much ahead, since its queue was empty last.
    pub warned_of_queue: bool,
}

impl Slot {
    pub fn new(module: Module) -> Slot {
        Slot {
            handed_over: module.saved().clone(),
            module,
            attachment: None,
            has_file: false,
            reached: Instant::ZERO,
            frames: Queue::default(),
            changes: Agenda::default(),
            out: VecDeque::new(),
            pins: VecDeque::new(),
            logged: VecDeque::new(),
            statistics: Statistics::default(),
            lost_last: None,
            remarks: Vec::new(),
            warned_of_queue: false,
        }
    }

    /// Its counters.
    pub fn statistics(&self) -> Statistics {
        let wire = self.module.wire_statistics();
        Statistics {
            module_bytes: wire.module_sent,
            module_overruns: wire.overruns,
            module_received: wire.module.bytes,
            module_framing_errors: wire.module.framing_errors,
            module_parity_errors: wire.module.parity_errors,
            mcu_received: wire.mcu.bytes,
            mcu_framing_errors: wire.mcu.framing_errors,
            mcu_parity_errors: wire.mcu.parity_errors,
            wire_lost: wire.lost,
            module_unheard: wire.unheard,
            ..self.statistics
        }
    }

    /// Its driver is there and has begun: its tick 0 is not still to come.
    pub fn is_driven(&self) -> bool {
        self.attachment.as_ref().is_some_and(|a| a.timebase.origin() <= self.reached)
    }

    /// When this module's driver must come back. What the log port prints happens then, too, at its own time.
    pub fn next_for_driver(&self) -> Option<Instant> {
        let frame = self.frames.peek().map(|key| key.time);
        earliest([self.module.next_for_driver(), frame, self.changes.next()])
    }

    /// What happens to this module next.
    pub fn next(&self) -> Option<(Instant, Step)> {
        let module = self.module.next_event().map(|(t, kind)| (t, Step::Event(kind)));
        let frame = self.frames.peek().map(|key| (key.time, Step::Event(Kind::Frame)));
        let change = self.changes.next().map(|t| (t, Step::Change));
        earliest([module, frame, change])
    }

    /// The instant of a driver's tick; an error when it can't be reached from here.
    pub fn instant(&self, tick: u64) -> Result<Instant, Error> {
        let name = || self.module.name().to_owned();
        let attachment = self.attachment.as_ref().ok_or_else(|| Error::NotAttached(name()))?;
        let at = attachment.timebase.instant(tick).ok_or(Error::TimeOverflow(tick))?;
        if at < self.reached {
            let reached = attachment.timebase.tick(self.reached);
            return Err(Error::TimeBackwards { module: name(), tick, reached });
        }
        Ok(at)
    }

    /// The driver's tick at which `at` has been reached.
    pub fn tick(&self, at: Instant) -> u64 {
        self.attachment.as_ref().map_or(at.as_nanos(), |a| a.timebase.tick(at))
    }
}
