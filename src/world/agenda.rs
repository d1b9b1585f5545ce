//! What is filed for its time with one domain: changes of the console and of the timeline, and where rules begin.
//!
//! Who files when depends on how far the modules' drivers happen to have come. So what the world files by itself,
//! because something else has happened, goes behind what was said from outside for that instant, whoever was first.

use std::collections::VecDeque;

use super::console::Change;
use crate::time::Instant;

/// What happens at its time.
#[derive(Clone, Debug)]
pub enum Due {
    /// A change takes effect.
    Change(Change),
    /// From here on the rule with this number listens to what happens here.
    Listens(usize),
}

/// Something filed for its time.
#[derive(Clone, Debug)]
pub struct Filed {
    /// When.
    pub at: Instant,
    /// What.
    pub due: Due,
    /// How many changes in a row have brought each other about, this one included; `None`: it was said from outside.
    pub chain: Option<u32>,
}

/// What is filed with one domain, in order.
#[derive(Default)]
pub struct Agenda(VecDeque<Filed>);

impl Agenda {
    /// Files something, behind what is there for that instant and was said by the same: from outside, or by the world.
    pub fn file(&mut self, filed: Filed) {
        let place = (filed.at, filed.chain.is_some());
        let place = self.0.partition_point(|other| (other.at, other.chain.is_some()) <= place);
        self.0.insert(place, filed);
    }

    /// When the next is due.
    pub fn next(&self) -> Option<Instant> {
        self.0.front().map(|filed| filed.at)
    }

    /// Takes the next.
    pub fn pop(&mut self) -> Option<Filed> {
        self.0.pop_front()
    }

    /// Throws away the steps of this access point's strength that are still to come: for this module, or all.
    pub fn forget_fades(&mut self, ap: &str, of: Option<&str>) {
        let is_step = |due: &Due| {
            matches!(due, Due::Change(Change::ApFades { name, module, .. })
                if name == ap && (of.is_none() || module.as_deref() == of))
        };
        self.0.retain(|filed| !is_step(&filed.due));
    }

    /// All changes that are still to come, in order.
    pub fn every_change(&self) -> impl Iterator<Item = &Change> {
        self.0.iter().filter_map(|filed| match &filed.due {
            Due::Change(change) => Some(change),
            Due::Listens(_) => None,
        })
    }

    /// The changes that are still to come and that somebody has said or will have, in order.
    pub fn changes(&self) -> impl Iterator<Item = (Instant, &Change)> {
        self.0.iter().filter_map(|filed| match &filed.due {
            Due::Change(change) if change.is_from_outside() => Some((filed.at, change)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_world_files_by_itself_goes_behind_what_was_said_for_that_instant() {
        let mut agenda = Agenda::default();
        for (at, name, chain) in
            [(5, "caused", Some(1)), (7, "later", None), (5, "said", None), (5, "caused too", Some(1))]
        {
            let due = Due::Change(Change::ApUp(name.to_owned()));
            agenda.file(Filed { at: Instant::from_nanos(at), due, chain });
        }
        let names: Vec<String> = agenda.changes().map(|(_, change)| change.subject().to_owned()).collect();
        assert_eq!(names, ["said", "caused", "caused too", "later"]);
    }
}
