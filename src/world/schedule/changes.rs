//! What a change of the console or of the timeline does when its time has come: to a module, or to the network.

use std::ops::RangeInclusive;

use crate::net::network::Move;
use crate::time::{Duration, Instant};
use crate::wifi::config::ApChange;
use crate::world::World;
use crate::world::agenda::{Agenda, Due, Filed};
use crate::world::console::{Audience, Change};
use crate::world::control::comes_to_nothing;

impl World {
    /// The next change that this module must see. What concerns the network alone is not filed here.
    pub(super) fn module_change(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let Some(Filed { at: now, due, chain }) = slot.changes.pop() else { return };
        self.causes.chain = chain.unwrap_or_default();
        let change = match due {
            Due::Change(change) => change,
            Due::Listens(rule) => return self.rule_listens(now, Some(index), rule),
        };
        if let Audience::Module(_) = change.audience() {
            self.recorder.change(now, &change);
        }
        if let Change::Module { change: what, .. } = &change
            && let Some(why) = slot.module.cannot(what)
        {
            self.warnings.push(format!("{now}: {}", comes_to_nothing(&change, why)));
        }
        match change {
            Change::ApUp(name) => slot.module.access_point(now, &name, true),
            Change::ApDown(name) => slot.module.access_point(now, &name, false),
            Change::ApAssociation { name, association } => slot.module.association(&name, association),
            Change::ApRssi { module: Some(only), .. } if only != slot.module.name() => {}
            Change::ApRssi { name, dbm, over, module } => {
                let from = slot.module.rssi(&name).unwrap_or(dbm);
                slot.changes.forget_fades(&name, None);
                if fade(&mut slot.changes, now, (&name, module), from..=dbm, over) {
                    slot.module.access_point_changes(now, &name, &ApChange::Rssi(dbm));
                }
            }
            Change::ApFades { name, dbm, .. } => {
                slot.module.access_point_changes(now, &name, &ApChange::Rssi(dbm));
            }
            Change::ApRadio { name, change } => slot.module.access_point_changes(now, &name, &change),
            Change::Pin { pin, high, .. } => {
                self.recorder.pin(index, now, pin as u8, high);
                pin.drive(now, high, &mut slot.module);
            }
            Change::Wire { change, .. } => change.apply(now, &mut slot.module),
            Change::Module { change, .. } => slot.module.change(now, &change),
            Change::Host { name, action } => match action.moves() {
                Some(Move::Joins(module)) if module == slot.module.name() => {
                    if let Some(mac) = self.network.host_mac(&name) {
                        slot.module.guest_arrives(now, &name, mac);
                    }
                }
                Some(Move::Joins(_) | Move::Leaves) => slot.module.guest_leaves(now, &name),
                Some(Move::Vanishes) => slot.module.guest_vanishes(now, &name),
                None => {}
            },
            Change::ApDhcp { .. } | Change::Dns { .. } | Change::Link { .. } => {}
            Change::ApUplink { .. } | Change::ApCaptive { .. } => {}
        }
    }

    /// The next change that the network must see. What concerns a module alone is not filed here.
    pub(super) fn network_change(&mut self) {
        let Some(Filed { at, due, chain }) = self.changes.pop() else { return };
        self.causes.chain = chain.unwrap_or_default();
        let change = match due {
            Due::Change(change) => change,
            Due::Listens(rule) => return self.rule_listens(at, None, rule),
        };
        if let Some(why) = self.cannot(&change) {
            self.warnings.push(format!("{at}: {why}"));
        }
        if change.is_from_outside() {
            self.recorder.change(at, &change);
        }
        match change {
            Change::ApUp(name) => self.network.set_segment_up(at, &name, true),
            Change::ApDown(name) => self.network.set_segment_up(at, &name, false),
            Change::Link { name, change } => {
                if let Some(mut faults) = self.network.faults(&name).cloned() {
                    change.apply(&mut faults);
                    self.network.set_faults(&name, faults);
                }
            }
            Change::Host { name, action } => {
                self.network.act(at, &name, &action);
            }
            Change::ApDhcp { name, answers } => {
                if let Some(current) = self.network.dhcp_answers(&name) {
                    *current = answers;
                }
            }
            Change::Dns { name, change } => {
                if let Some(behaviour) = self.network.dns_behaviour(&name) {
                    change.apply(behaviour);
                }
            }
            Change::ApRssi { name, dbm, over, module } => {
                let of = module.as_ref().and_then(|name| self.by_name.get(name)).copied();
                if of.is_none() {
                    self.network.hear_alike(&name);
                }
                let from = self.network.rssi(&name, of).unwrap_or(dbm);
                self.changes.forget_fades(&name, module.as_deref());
                if fade(&mut self.changes, at, (&name, module), from..=dbm, over) {
                    self.network.set_rssi(&name, of, dbm);
                }
            }
            Change::ApFades { name, dbm, module } => {
                let of = module.and_then(|name| self.by_name.get(&name).copied());
                self.network.set_rssi(&name, of, dbm);
            }
            Change::ApUplink { name, up } => self.network.set_uplink(at, &name, up),
            Change::ApCaptive { name, on } => self.network.set_captive(at, &name, on),
            Change::Wire { .. } | Change::Pin { .. } | Change::Module { .. } => {}
            Change::ApAssociation { .. } => {}
            Change::ApRadio { .. } => {}
        }
    }
}

/// Files the steps of an access point's strength from the range's start to its end, in place of those that are still
/// filed. True: there are none, it is to be set at once.
fn fade(
    queue: &mut Agenda,
    now: Instant,
    (ap, module): (&str, Option<String>),
    range: RangeInclusive<i8>,
    over: Duration,
) -> bool {
    let (from, to) = (i64::from(*range.start()), i64::from(*range.end()));
    let steps = (to - from).unsigned_abs();
    if over == Duration::ZERO || steps == 0 {
        return true;
    }
    for step in 1..=steps {
        let at = now + Duration::from_nanos(over.as_nanos() / steps * step);
        let dbm = (from + (to - from).signum() * step as i64) as i8;
        queue.file(Filed {
            at,
            due: Due::Change(Change::ApFades { name: ap.to_owned(), dbm, module: module.clone() }),
            chain: None,
        });
    }
    false
}
