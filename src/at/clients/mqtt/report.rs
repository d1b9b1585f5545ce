//! What the host is told of the connection, and what the client works with beside its own state.

use std::collections::VecDeque;

use super::settings::{Settings, Topic};
use crate::at::clock::Clock;
use crate::at::output::Output;
use crate::profile;

/// What is told of the connection.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// AT+MQTTPUBRAW waits for its data.
    awaits_data: bool,
    /// What has been held back meanwhile.
    held: VecDeque<String>,
}

impl Reports {
    /// AT+MQTTPUBRAW waits for its data from now on.
    pub(super) fn hold(&mut self) {
        self.awaits_data = true;
    }

    /// The data are here: what was held back.
    pub(super) fn release(&mut self) -> Vec<String> {
        self.awaits_data = false;
        self.held.drain(..).collect()
    }
}

/// What stands around the client: it has no hand in anything else.
pub(super) struct Around<'a> {
    pub(super) settings: Option<&'a Settings>,
    pub(super) topics: &'a [Topic],
    pub(super) reports: &'a mut Reports,
    /// The printer.
    pub(super) out: &'a mut Output,
    /// The time of day, for certificates.
    pub(super) clock: Clock,
}

impl Around<'_> {
    /// Says what has happened to the connection.
    pub(super) fn report(&mut self, text: &str, facts: &profile::Mqtt) {
        if self.reports.awaits_data && facts.holds_reports {
            self.reports.held.push_back(text.to_owned());
        } else if self.shows(facts) {
            self.out.text(text);
        }
    }

    /// Whether the host is told now of the connection, and of messages.
    pub(super) fn shows(&self, facts: &profile::Mqtt) -> bool {
        facts.always_reports || self.out.announces()
    }
}
