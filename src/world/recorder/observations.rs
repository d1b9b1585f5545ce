//! What was observed: kept for tests and the console, told to rules and to the scenario's expectations.
//!
//! It is handed out at once, as the dialogue and the key log are, not when every module has passed it, as the capture is: who
//! waits for something of one module must see it while the others stand still, and who goes on from a number must not meet
//! behind it what was there before. So with several modules numbers depend on how their drivers take turns. Rules and
//! expectations, which decide something, wait until it is settled.

use std::collections::VecDeque;

use super::Recorder;
use crate::time::Instant;
use crate::world::expect::Verdict;
use crate::world::{Event, HISTORY, Observation};

impl Recorder {
    /// Somebody may want to know.
    pub fn observe(&mut self, at: Instant, subject: &str, event: Event) {
        if let (Some(received), Some((udp, data))) = (&mut self.received, event.received()) {
            received.entry((subject.to_owned(), udp)).or_default().extend_from_slice(data);
        }
        if self.is_observing() {
            self.file(at, at, subject.to_owned(), event);
        }
    }

    /// When a line of the console or of the timeline took effect last.
    pub fn changed(&self) -> Instant {
        self.changed
    }

    /// How many observations were made.
    pub fn observation_count(&self) -> u64 {
        self.observed
    }

    /// What a host's terminal has received.
    pub fn host_received(&self, host: &str, udp: bool) -> &[u8] {
        let received = self.received.as_ref().and_then(|all| all.get(&(host.to_owned(), udp)));
        received.map_or(&[], Vec::as_slice)
    }

    /// The last observations, and how many were there before; `None`: they are not kept.
    pub fn history(&self) -> Option<(&VecDeque<Observation>, u64)> {
        self.history.as_ref().map(|history| (history, self.forgotten))
    }

    /// True when somebody wants to know.
    pub(super) fn is_observing(&self) -> bool {
        self.observations.is_some()
            || self.history.is_some()
            || self.heard.is_some()
            || !self.expectations.is_empty()
    }

    /// Files an observation that is made `now`.
    pub(super) fn file(&mut self, now: Instant, at: Instant, subject: String, event: Event) {
        let observation = Observation { number: self.observed, at, subject, event };
        self.observed += 1;
        if !self.expectations.is_empty() {
            let node = self.by_name.get(&observation.subject).copied();
            // Hosts are one domain: their observations come in order.
            let node = node.unwrap_or(self.names.len()) as u32;
            self.expectations.observe(now, node, observation.clone());
        }
        if let Some(heard) = &mut self.heard {
            heard.push(observation.clone());
        }
        if let Some(history) = &mut self.history {
            if history.len() == HISTORY {
                history.pop_front();
                self.forgotten += 1;
            }
            history.push_back(observation.clone());
        }
        if let Some(observations) = &mut self.observations {
            observations.push(observation);
        }
    }

    /// From now on there are rules, which must know what is observed.
    pub fn listen(&mut self) {
        self.heard.get_or_insert_default();
    }

    /// What was observed since the last call.
    pub fn take_heard(&mut self) -> Vec<Observation> {
        self.heard.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Everything up to `limit` has been observed.
    pub fn settle(&mut self, limit: Instant) {
        self.expectations.settle(limit);
    }

    /// What has come of the scenario's expectations.
    pub fn verdicts(&self, now: Instant, ended: bool) -> Vec<Verdict> {
        self.expectations.verdicts(now, ended)
    }

    pub fn take_observations(&mut self) -> Vec<Observation> {
        self.observations.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
