//! How a station finds its access point and is let in: channel by channel, then the answer to its association.

use super::{ROUND, State, Station, Surroundings, UNANSWERED};
use crate::net::stack::Stack;
use crate::time::{Duration, Instant};
use crate::wifi::config::{Association, Security};
use crate::wifi::{Ap, JoinFailure, RadioChange, StationEvent, softap_owner};

impl Station {
    pub(super) fn scan(&mut self, now: Instant, around: &mut Surroundings<'_>) {
        let dwell = Duration::from_nanos(around.draw(|p| &p.times.scan).as_nanos() / ROUND);
        self.state = State::Scanning { until: now + dwell, channel: *self.channels.start(), dwell };
    }

    /// The time on one channel is over: what it brought, or on to the next one.
    pub(super) fn scanned(
        &mut self,
        now: Instant,
        (channel, dwell): (u8, Duration),
        stack: &mut Stack,
        around: &mut Surroundings<'_>,
    ) {
        let Some(request) = &self.request else {
            self.state = State::Idle;
            return;
        };
        let last = channel >= *self.channels.end();
        let heard = if request.all_channels { self.channels.clone() } else { channel..=channel };
        let found = around.air.on_air(&heard).into_iter().filter(|ap| request.fits(ap));
        let found = match request.all_channels {
            // Of equally strong ones the first.
            true if last => found.rev().max_by_key(|ap| ap.config.rssi),
            true => None,
            false => found.into_iter().next(),
        };
        let Some(ap) = found else {
            if last {
                return self.fail(now, JoinFailure::NotFound, stack);
            }
            self.state = State::Scanning { until: now + dwell, channel: channel + 1, dwell };
            return;
        };
        let admitted = match ap.config.security {
            // With a password configured the ESP joins an open network all the same.
            Security::Open => true,
            Security::Wpa2Enterprise => false,
            _ => ap.config.password == request.password,
        };
        let (name, association) = (ap.config.name.clone(), ap.config.association);
        self.state = match association {
            Association::Silence => State::Unanswered { until: now + UNANSWERED },
            Association::Refusal => {
                let until = now + around.draw(|p| &p.times.associate);
                State::RefusedAt { until, why: JoinFailure::Failed }
            }
            Association::Right if admitted => {
                State::Associating { until: now + around.draw(|p| &p.times.associate), ap: name }
            }
            Association::Right => {
                let until = now + around.draw(|p| &p.times.wrong_password);
                State::RefusedAt { until, why: JoinFailure::WrongPassword }
            }
        };
    }

    /// The access point may be joined. A module's softAP is asked whether it has room; a scenario's access point has.
    pub(super) fn associated(
        &mut self,
        now: Instant,
        name: &str,
        stack: &mut Stack,
        around: &mut Surroundings<'_>,
    ) {
        if around.air.get(name).is_some_and(Ap::is_heard)
            && softap_owner(name).is_some()
            && let Some(mac) = stack.mac()
        {
            self.changes.push_back(RadioChange::Knock(name.to_owned(), mac));
            self.state = State::Asking { until: now + UNANSWERED, ap: name.to_owned() };
            return;
        }
        self.let_in(now, name, stack, around);
    }

    /// Another module's softAP has answered.
    pub fn answered(
        &mut self,
        now: Instant,
        name: &str,
        admitted: bool,
        stack: &mut Stack,
        around: &mut Surroundings<'_>,
    ) {
        match &self.state {
            State::Asking { ap, .. } if ap == name && admitted => self.let_in(now, name, stack, around),
            State::Asking { ap, .. } if ap == name => self.fail(now, JoinFailure::Failed, stack),
            _ if admitted => self.changes.push_back(RadioChange::TurnAway(name.to_owned())),
            _ => {}
        }
    }

    fn let_in(&mut self, now: Instant, name: &str, stack: &mut Stack, around: &mut Surroundings<'_>) {
        match around.air.get(name) {
            Some(ap) if ap.is_heard() => {
                self.ap = Some((*ap.config).clone());
                self.events.push_back(StationEvent::Connected);
                self.changes.push_back(RadioChange::Attach(name.to_owned()));
                stack.set_up(now, true);
                self.get_address(now, stack);
            }
            // It went off the air meanwhile.
            _ => self.fail(now, JoinFailure::Failed, stack),
        }
    }
}
