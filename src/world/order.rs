//! How far the modules have come, and which of them does something next.
//!
//! Every call moves one module, and asks who is slowest and what is due: with a thousand modules too, so both are
//! kept in order instead of looked for. Who changes what a module does next, or how far it may go, files it again.

use super::slot::{Slot, Step};
use crate::time::{Instant, earliest};
use crate::tournament::Tournament;

/// Clocks and next steps of all modules.
pub struct Order {
    /// What each module does next. Kept here, side by side: a call that only lets time pass does not have to look at the
    /// module itself, which is nowhere near in memory when there are many.
    next: Vec<Option<(Instant, Step)>>,
    /// How far each module with a driver has come.
    driven: Tournament<Instant>,
    /// Where the drivers begin whose tick 0 is still to come. Until then their modules follow the others.
    to_come: Tournament<Instant>,
    /// What each module with a driver does next, if its driver has let it go so far.
    due: Tournament<(Instant, Step)>,
    /// What each module does next that follows the others.
    adrift: Tournament<(Instant, Step)>,
    /// How far the modules have come that follow: as far as the slowest of the others.
    followed: Instant,
    /// How far any module has come.
    furthest: Instant,
}

impl Order {
    /// So many modules, none of which has a driver or anything to do.
    pub fn new(modules: usize) -> Order {
        Order {
            next: vec![None; modules],
            driven: Tournament::new(modules),
            to_come: Tournament::new(modules),
            due: Tournament::new(modules),
            adrift: Tournament::new(modules),
            followed: Instant::ZERO,
            furthest: Instant::ZERO,
        }
    }

    /// How far the slowest module with a driver has come, a driver that is still to come counted as being where it begins;
    /// if no module has one, how far any has.
    pub fn slowest(&self) -> Instant {
        let driven = self.driven.least().unwrap_or(self.furthest);
        self.to_come.least().map_or(driven, |begins| begins.min(driven))
    }

    /// The slowest of the modules with drivers but this one, and how far it has come or where its driver begins.
    pub fn slowest_but(&self, module: usize) -> Option<(Instant, usize)> {
        earliest([self.driven.first_but(module), self.to_come.first_but(module)])
    }

    /// A module with a driver that has not come so far, or one whose driver begins before; the slowest.
    pub fn behind(&self, at: Instant) -> Option<usize> {
        let slowest = earliest([self.driven.first(), self.to_come.first()]);
        slowest.filter(|(reached, _)| *reached < at).map(|(_, module)| module)
    }

    /// A module with a driver that has come further, and how far.
    pub fn ahead_of(&self, at: Instant, slots: &[Slot]) -> Option<(Instant, usize)> {
        if self.furthest <= at {
            return None;
        }
        let modules = slots.iter().enumerate().filter(|(_, slot)| slot.attachment.is_some());
        modules.map(|(module, slot)| (slot.reached, module)).find(|(reached, _)| *reached > at)
    }

    /// Where no module has a driver, all have come so far. False when one has, or they were there.
    pub fn drift(&mut self, at: Instant) -> bool {
        let drifts = self.driven.least().is_none() && self.furthest < at;
        if drifts {
            self.furthest = at;
        }
        drifts
    }

    /// How far any module has come.
    pub fn furthest(&self) -> Instant {
        self.furthest
    }

    /// How far this module has come.
    pub fn reached(&self, slot: &Slot) -> Instant {
        if slot.is_driven() { slot.reached } else { slot.reached.max(self.followed) }
    }

    /// The modules that follow do so. Returns how far the slowest of those has come.
    pub fn follow(&mut self) -> Instant {
        let horizon = self.slowest();
        self.followed = self.followed.max(horizon);
        horizon
    }

    /// What is to be known of a module has changed: its driver, how far that has let it go, or what it does next.
    pub fn file(&mut self, module: usize, slot: &Slot) {
        let next = slot.next();
        if let Some(kept) = self.next.get_mut(module) {
            *kept = next;
        }
        let begins = slot.attachment.as_ref().map(|attachment| attachment.timebase.origin());
        if slot.is_driven() {
            self.adrift.set(module, None);
            self.to_come.set(module, None);
            self.moved(module, slot.reached);
        } else {
            self.driven.set(module, None);
            self.to_come.set(module, begins);
            self.due.set(module, None);
            self.adrift.set(module, next);
        }
    }

    /// The driver of this module has let it go so far. What it does next is what was filed.
    pub fn moved(&mut self, module: usize, reached: Instant) {
        self.furthest = self.furthest.max(reached);
        self.driven.set(module, Some(reached));
        let next = self.next.get(module).copied().flatten();
        self.due.set(module, next.filter(|(time, _)| *time <= reached));
    }

    /// What modules do next within what they may do now: what, and which one.
    pub fn next(&self) -> Option<((Instant, Step), usize)> {
        let adrift = self.adrift.first().filter(|((time, _), _)| *time <= self.followed);
        earliest([self.due.first(), adrift])
    }
}
