//! What a test does to a module itself: it resets it, or takes its supply away.

use super::{Module, Power};
use crate::profile::Reset;
use crate::time::Instant;

/// What changes about a module: `module NAME CHANGE` of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleChange {
    /// The chip resets at once, for a reason of [`Reset::WORDS`].
    Reset(Reset),
    /// The supply comes, or goes.
    Power(bool),
}

impl Module {
    /// The sentence why a change would come to nothing now; `None`: it won't.
    pub fn cannot(&self, change: &ModuleChange) -> Option<&'static str> {
        match change {
            ModuleChange::Reset(_) if !self.supplied => Some("it has no supply"),
            ModuleChange::Reset(_) if !self.enabled => Some("it is switched off (EN is low)"),
            ModuleChange::Reset(_) | ModuleChange::Power(_) => None,
        }
    }

    /// Makes a change. One that [`Module::cannot`] has a sentence for comes to nothing.
    pub fn change(&mut self, now: Instant, change: &ModuleChange) {
        match change {
            ModuleChange::Reset(reset) => self.reset(now, *reset),
            ModuleChange::Power(on) => {
                self.supplied = *on;
                self.powered(now);
            }
        }
    }

    /// EN or the supply has changed: the chip starts when it has both, and stops when it lacks one.
    pub(super) fn powered(&mut self, now: Instant) {
        match (self.power, self.enabled && self.supplied) {
            (Power::Off, true) => self.boot(now, Reset::PowerOn),
            (Power::Off, false) => {}
            (_, false) => {
                self.halt(now);
                self.power = Power::Off;
            }
            (_, true) => {}
        }
    }

    /// The chip resets from outside of its firmware: in the middle of a byte, and without a word to anybody.
    fn reset(&mut self, now: Instant, reset: Reset) {
        if self.power != Power::Off {
            self.halt(now);
            self.boot(now, reset);
        }
    }

    fn halt(&mut self, now: Instant) {
        self.stop(now);
        self.own.cut();
        self.log.cut();
    }
}
