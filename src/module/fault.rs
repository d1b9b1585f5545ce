//! What a test does to a module itself: it resets it, takes its supply away, and makes its firmware fail.

use super::{Module, Power};
use crate::at::faults::{Faults, Override};
use crate::profile::Reset;
use crate::rng::Stream;
use crate::time::Instant;

/// What changes about a module: `module NAME CHANGE` of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleChange {
    /// The chip resets at once, for a reason of [`Reset::WORDS`].
    Reset(Reset),
    /// The supply comes, or goes.
    Power(bool),
    /// Lines of the MCU are answered so, and not carried out.
    Answer(Override),
    /// They are carried out again: those of one command, or all.
    NoAnswer(Option<Vec<u8>>),
    /// So much of the heap is free while nothing uses it, bytes; `None`: as much as the profile says.
    Heap(Option<u32>),
    /// Flash takes writes, or does not. Erasing works.
    Flash(bool),
    /// Reports come where they are least expected, or where they happen.
    Urcs(bool),
    /// The firmware prints these bytes at once, between two writes of its own.
    Print(Vec<u8>),
}

impl Module {
    /// The sentence why a change would come to nothing now; `None`: it won't.
    pub fn cannot(&self, change: &ModuleChange) -> Option<&'static str> {
        match change {
            ModuleChange::Reset(_) if !self.supplied => Some("it has no supply"),
            ModuleChange::Reset(_) if !self.enabled => Some("it is switched off (EN is low)"),
            ModuleChange::Print(_) if self.power != Power::On => Some("its firmware does not run"),
            ModuleChange::Reset(_)
            | ModuleChange::Power(_)
            | ModuleChange::Answer(_)
            | ModuleChange::NoAnswer(_)
            | ModuleChange::Heap(_)
            | ModuleChange::Flash(_)
            | ModuleChange::Urcs(_)
            | ModuleChange::Print(_) => None,
        }
    }

    /// What is wrong with it now, and what is not: the changes that lead here.
    pub fn faults(&self) -> Vec<ModuleChange> {
        let Faults { heap, flash_fails, hostile, .. } = &self.faults;
        let answers = self.faults.overrides().iter().cloned().map(ModuleChange::Answer);
        let settings = [
            ModuleChange::Power(self.supplied),
            ModuleChange::Heap(*heap),
            ModuleChange::Flash(!flash_fails),
            ModuleChange::Urcs(hostile.is_some()),
        ];
        settings.into_iter().chain(answers).collect()
    }

    /// Free heap while nothing uses it, bytes.
    pub fn idle_heap(&self) -> u32 {
        self.faults.heap.unwrap_or(self.config.profile.heap)
    }

    /// Makes a change. One that [`Module::cannot`] has a sentence for comes to nothing.
    pub fn change(&mut self, now: Instant, change: &ModuleChange) {
        match change {
            ModuleChange::Reset(reset) => self.reset(now, *reset),
            ModuleChange::Power(on) => {
                self.supplied = *on;
                self.powered(now);
            }
            ModuleChange::Answer(new) => self.faults.answer(new.clone()),
            ModuleChange::NoAnswer(command) => self.faults.forget(command.as_deref()),
            ModuleChange::Heap(heap) => self.faults.heap = *heap,
            ModuleChange::Flash(works) => self.faults.flash_fails = !works,
            ModuleChange::Urcs(hostile) => {
                let stream = || Stream::new(self.config.seed, &format!("module/{}/urcs", self.config.name));
                self.faults.hostile = hostile.then(|| self.faults.hostile.take().unwrap_or_else(stream));
                self.settle(now);
            }
            ModuleChange::Print(bytes) => {
                if let Some(firmware) = self.at.as_mut().filter(|_| self.power == Power::On) {
                    firmware.print(bytes);
                    self.settle(now);
                }
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
