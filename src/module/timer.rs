//! Every timer of a module that is not its wire: a row for each, with what it stands for.

use super::{Module, Power};
use crate::at::At;
use crate::time::{Instant, earliest};

/// A timer of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The bootloader and the start-up code are through: the AT firmware starts.
    Start,
    /// The last words of a restart, a sleep or a change of the UART have not left the wire: it goes on without them.
    Drain,
    /// The chip resets: its last words have left the wire.
    Reset,
    /// The chip wakes from deep sleep.
    WakeUp,
    /// It is certain that bytes which were still queued have spoilt an escape of the MCU.
    Escape,
    /// The station goes on with a scan, a join or an address, or tries to come back.
    Station,
    /// A host that has left the softAP without a word was silent for too long.
    SoftAp,
    /// The IP stack sends again, probes, or gives something up.
    Stack,
    /// The AT firmware has something to do: [`crate::at`] has a table of its own.
    Firmware,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Timer; 9] = [
        Timer::Start,
        Timer::Drain,
        Timer::Reset,
        Timer::WakeUp,
        Timer::Escape,
        Timer::Station,
        Timer::SoftAp,
        Timer::Stack,
        Timer::Firmware,
    ];
}

impl Module {
    /// When [`Module::timer`] must be called at the latest.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        earliest(Timer::ALL.map(|timer| self.fires_at(timer)))
    }

    /// When a timer fires, if it is set. Those of the firmware and what it uses stand still while it does not run.
    fn fires_at(&self, timer: Timer) -> Option<Instant> {
        match (timer, self.power) {
            (Timer::Start, Power::Booting(at))
            | (Timer::Reset, Power::Resetting(at))
            | (Timer::WakeUp, Power::Asleep(at)) => Some(at),
            (Timer::Start | Timer::Reset | Timer::WakeUp, _) => None,
            (Timer::Drain, Power::On) => self.drain_until,
            (Timer::Escape, Power::On) => self.wire.escape.due(),
            (Timer::Station, Power::On) => self.station.next_timer(),
            (Timer::SoftAp, Power::On) => self.softap.next_timer(),
            (Timer::Stack, Power::On) => self.stack.next_timer(),
            (Timer::Firmware, Power::On) => {
                let receiving = self.wire.receiving(&self.mcu);
                self.at.as_ref().and_then(|at: &At| at.next_timeout(receiving))
            }
            (
                Timer::Drain
                | Timer::Escape
                | Timer::Station
                | Timer::SoftAp
                | Timer::Stack
                | Timer::Firmware,
                _,
            ) => None,
        }
    }
}
