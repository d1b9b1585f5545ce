//! The station: scan, associate, get an address, stay joined, come back after a loss.

mod search;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

use super::config::ApConfig;
use super::{Addressing, Air, Ap, JoinFailure, JoinRequest, RadioChange, Reconnect, StationEvent, Status};
use crate::net::stack::{DhcpEvent, Stack};
use crate::profile::{Profile, Range, Timing};
use crate::rng::Stream;
use crate::time::{Duration, Instant, earliest};

/// The channels of a scan's whole round in the profiles' times.
const ROUND: u64 = 13;
/// How long a station waits for an answer to its association before it looks for the access point again (a guess).
const UNANSWERED: Duration = Duration::from_secs(1);
/// The silence of beacons that the profiles' times begin with: what the IDF waits for unless it is told otherwise.
const INACTIVE: Duration = Duration::from_secs(6);
/// The name that IDF gives to every station until it is told another.
const HOSTNAME: &str = "espressif";

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// It listens on `channel`, for `dwell` on each.
    Scanning {
        until: Instant,
        channel: u8,
        dwell: Duration,
    },
    Associating {
        until: Instant,
        ap: String,
    },
    /// Another module's softAP has been asked.
    Asking {
        until: Instant,
        ap: String,
    },
    /// The access point's answer, a refusal, comes then.
    RefusedAt {
        until: Instant,
        why: JoinFailure,
    },
    /// It does not answer.
    Unanswered {
        until: Instant,
    },
    Leasing,
    CheckingAddress {
        until: Instant,
    },
    Joined,
    Waiting {
        until: Instant,
    },
}

/// What a station needs to know of its surroundings while it moves.
pub struct Surroundings<'a> {
    /// What is on the air.
    pub air: &'a Air,
    /// How long things take.
    pub profile: &'static Profile,
    /// How to draw.
    pub timing: Timing,
    /// Where to draw from.
    pub rng: &'a mut Stream,
}

impl Surroundings<'_> {
    fn draw(&mut self, pick: fn(&Profile) -> &Range) -> Duration {
        pick(self.profile).draw(self.timing, self.rng)
    }
}

/// A module's station interface.
#[derive(Debug)]
pub struct Station {
    enabled: bool,
    state: State,
    request: Option<JoinRequest>,
    /// A command waits for this join until then.
    commanded: Option<Instant>,
    /// The access point it is associated with.
    ap: Option<ApConfig>,
    /// The address, prefix and gateway that it got last from this access point by DHCP.
    leased: Option<(Ipv4Addr, u8, Option<Ipv4Addr>)>,
    /// When the silence of the access point will be noticed.
    silent_until: Option<Instant>,
    ever_started: bool,
    /// The last attempt failed, or the access point was lost.
    in_trouble: bool,
    hostname: String,
    addressing: Addressing,
    /// Channels that the country allows.
    channels: RangeInclusive<u8>,
    reconnect: Reconnect,
    /// Attempts to come back since the last success.
    attempts: u32,
    /// The silence of beacons after which the access point is lost.
    inactive: Duration,
    events: VecDeque<StationEvent>,
    changes: VecDeque<RadioChange>,
}

impl Default for Station {
    /// A station that is switched off: DHCP, channels 1 to 13, no attempts to come back.
    fn default() -> Self {
        Station {
            enabled: false,
            state: State::Idle,
            request: None,
            commanded: None,
            ap: None,
            leased: None,
            silent_until: None,
            ever_started: false,
            in_trouble: false,
            hostname: HOSTNAME.to_owned(),
            addressing: Addressing::Dhcp,
            channels: 1..=13,
            reconnect: Reconnect { interval: Duration::ZERO, attempts: 0 },
            attempts: 0,
            inactive: INACTIVE,
            events: VecDeque::new(),
            changes: VecDeque::new(),
        }
    }
}

impl Station {
    /// Switches the station on or off (AT+CWMODE). Off leaves the access point.
    pub fn enable(&mut self, now: Instant, on: bool, stack: &mut Stack) {
        if self.enabled && !on {
            self.leave(now, stack);
            self.ever_started = false;
        }
        self.enabled = on;
    }

    /// True when it is switched on.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The name in its DHCP requests.
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// Sets the name for the DHCP requests of the next join.
    pub fn set_hostname(&mut self, hostname: &str) {
        hostname.clone_into(&mut self.hostname);
    }

    /// The channels on which it looks for access points.
    pub fn channels(&self) -> &RangeInclusive<u8> {
        &self.channels
    }

    /// Sets the channels of the next scan.
    pub fn set_channels(&mut self, channels: RangeInclusive<u8>) {
        self.channels = channels;
    }

    /// Sets when it tries again, from the next failure or loss on.
    pub fn set_reconnect(&mut self, reconnect: Reconnect) {
        self.reconnect = reconnect;
        self.attempts = 0;
    }

    /// Sets the silence of beacons after which the access point is lost, from the next silence on.
    pub fn set_inactive(&mut self, inactive: Duration) {
        self.inactive = inactive;
    }

    /// Sets where its address comes from, at once when it is associated: a static address is in force now, a
    /// leased one must come first.
    pub fn set_addressing(&mut self, now: Instant, addressing: Addressing, stack: &mut Stack) {
        if addressing == self.addressing {
            return;
        }
        self.addressing = addressing;
        if self.ap.is_some() {
            self.leased = None;
            stack.dhcp_release(now);
            stack.set_ipv4(None);
            self.get_address(now, stack);
        }
    }

    /// Takes another MAC address. A station that is associated leaves, and tries to come back with it.
    pub fn set_mac(&mut self, now: Instant, mac: [u8; 6], stack: &mut Stack, around: &mut Surroundings<'_>) {
        let was = self.disassociate(now, stack);
        stack.set_mac(mac);
        if was {
            self.scan(now, around);
        }
    }

    /// Starts a join, leaving the present access point first. `commanded`: a command waits for the outcome, and
    /// a failure ends the attempt; otherwise (saved configuration) it goes on trying.
    pub fn join(
        &mut self,
        now: Instant,
        request: JoinRequest,
        commanded: bool,
        stack: &mut Stack,
        around: &mut Surroundings<'_>,
    ) {
        self.leave(now, stack);
        self.ever_started = true;
        self.attempts = 0;
        self.commanded = commanded.then_some(now + request.timeout);
        self.request = Some(request);
        self.scan(now, around);
    }

    /// Leaves the access point and stops trying (AT+CWQAP). True when it was associated.
    pub fn leave(&mut self, now: Instant, stack: &mut Stack) -> bool {
        self.request = None;
        self.commanded = None;
        self.state = State::Idle;
        self.disassociate(now, stack)
    }

    /// Where the station stands.
    pub fn status(&self) -> Status {
        match self.state {
            State::Joined => Status::GotIp,
            State::Leasing | State::CheckingAddress { .. } => Status::NoIp,
            State::Scanning { .. }
            | State::Associating { .. }
            | State::Asking { .. }
            | State::RefusedAt { .. }
            | State::Unanswered { .. }
            | State::Waiting { .. } => Status::Connecting,
            State::Idle if self.ever_started => Status::Disconnected,
            State::Idle => Status::NotStarted,
        }
    }

    /// True when the last attempt failed or the access point was lost, and no address was got since.
    pub fn in_trouble(&self) -> bool {
        self.in_trouble
    }

    /// The access point it is associated with.
    pub fn ap(&self) -> Option<&ApConfig> {
        self.ap.as_ref()
    }

    /// What it joins, or tries to.
    pub fn request(&self) -> Option<&JoinRequest> {
        self.request.as_ref()
    }

    /// The next thing that happened.
    pub fn take_event(&mut self) -> Option<StationEvent> {
        self.events.pop_front()
    }

    /// The next thing that the network must be told.
    pub fn take_change(&mut self) -> Option<RadioChange> {
        self.changes.pop_front()
    }

    /// Takes over what `old` still has to tell the network.
    pub fn inherit_changes(&mut self, old: &mut Station) {
        self.changes.append(&mut old.changes);
    }

    /// When [`Station::poll`] must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        let state = match self.state {
            State::Scanning { until, .. }
            | State::Associating { until, .. }
            | State::Asking { until, .. }
            | State::RefusedAt { until, .. }
            | State::Unanswered { until }
            | State::CheckingAddress { until }
            | State::Waiting { until } => Some(until),
            State::Idle | State::Leasing | State::Joined => None,
        };
        earliest([state, self.commanded, self.silent_until])
    }

    /// The air has changed: an access point fell silent or came back.
    pub fn air_changed(&mut self, now: Instant, around: &mut Surroundings<'_>) {
        let Some(ap) = &self.ap else { return };
        let up = around.air.get(&ap.name).is_some_and(Ap::is_heard);
        match (up, self.silent_until) {
            (false, None) => {
                let drawn = around.draw(|p| &p.times.beacon_loss).as_nanos();
                let late = Duration::from_nanos(drawn.saturating_sub(INACTIVE.as_nanos()));
                self.silent_until = Some(now + self.inactive + late);
            }
            (true, Some(_)) => self.silent_until = None,
            _ => {}
        }
    }

    /// The access point called `name` sends its stations away.
    pub fn deauthenticated(&mut self, now: Instant, name: &str, stack: &mut Stack) {
        if self.ap.as_ref().is_some_and(|ap| ap.name == name) {
            self.lost(now, stack);
        }
    }

    /// Does what is due.
    pub fn poll(&mut self, now: Instant, stack: &mut Stack, around: &mut Surroundings<'_>) {
        if self.silent_until.is_some_and(|t| t <= now) {
            self.lost(now, stack);
        }
        if self.commanded.is_some_and(|t| t <= now) {
            self.fail(now, JoinFailure::Timeout, stack);
        }
        while let Some(event) = stack.take_dhcp_event() {
            match event {
                DhcpEvent::Bound(config) => {
                    let leased = Some((config.address, config.prefix_len, config.gateway));
                    // The IDF speaks of an address when it is another one than before.
                    let news = self.leased != leased;
                    self.leased = leased;
                    match self.state {
                        State::Leasing if news => {
                            let until = now + around.draw(|p| &p.times.address_check);
                            self.state = State::CheckingAddress { until };
                        }
                        State::Leasing => self.state = State::Joined,
                        State::Joined if news => self.events.push_back(StationEvent::GotIp),
                        _ => {}
                    }
                }
                // It stays associated, and the client asks for another address.
                DhcpEvent::Lost => match self.state {
                    State::Joined => self.state = State::Leasing,
                    State::CheckingAddress { .. } => {
                        self.leased = None;
                        self.state = State::Leasing;
                    }
                    _ => {}
                },
            }
        }
        loop {
            match &self.state {
                State::Scanning { until, channel, dwell } if *until <= now => {
                    let (channel, dwell) = (*channel, *dwell);
                    self.scanned(now, (channel, dwell), stack, around);
                }
                State::Associating { until, ap } if *until <= now => {
                    let ap = ap.clone();
                    self.associated(now, &ap, stack, around);
                }
                State::RefusedAt { until, why } if *until <= now => {
                    let why = *why;
                    self.fail(now, why, stack);
                }
                // A command goes on trying until its own time is over.
                State::Unanswered { until } | State::Asking { until, .. } if *until <= now => {
                    match self.commanded {
                        Some(_) => self.scan(now, around),
                        None => self.fail(now, JoinFailure::Timeout, stack),
                    }
                }
                State::CheckingAddress { until } if *until <= now => self.got_address(),
                State::Waiting { until } if *until <= now => self.scan(now, around),
                _ => break,
            }
        }
    }

    /// Another module's softAP has sent the station away.
    pub fn dismissed(&mut self, now: Instant, name: &str, stack: &mut Stack) {
        if self.ap.as_ref().is_some_and(|ap| ap.name == name) {
            self.lost(now, stack);
        }
    }

    fn get_address(&mut self, now: Instant, stack: &mut Stack) {
        self.state = State::Leasing;
        match &self.addressing {
            Addressing::Dhcp => stack.dhcp_start(now, Some(&self.hostname)),
            Addressing::Static(config) => {
                stack.set_ipv4(Some(config.clone()));
                stack.announce();
                self.got_address();
            }
            Addressing::None => {}
        }
    }

    fn got_address(&mut self) {
        self.state = State::Joined;
        self.commanded = None;
        self.in_trouble = false;
        self.attempts = 0;
        self.events.push_back(StationEvent::GotIp);
    }

    /// A join did not work out.
    fn fail(&mut self, now: Instant, why: JoinFailure, stack: &mut Stack) {
        self.in_trouble = true;
        if self.commanded.take().is_some() {
            self.leave(now, stack);
            self.events.push_back(StationEvent::JoinFailed(why));
        } else {
            self.disassociate(now, stack);
            self.retry(now);
        }
    }

    /// The access point is gone.
    fn lost(&mut self, now: Instant, stack: &mut Stack) {
        self.in_trouble = true;
        self.disassociate(now, stack);
        if self.commanded.is_some() {
            self.fail(now, JoinFailure::Failed, stack);
        } else {
            self.retry(now);
        }
    }

    fn retry(&mut self, now: Instant) {
        let Reconnect { interval, attempts } = self.reconnect;
        let again = interval > Duration::ZERO && (attempts == 0 || self.attempts < attempts);
        self.attempts = self.attempts.saturating_add(1);
        self.state = match &self.request {
            Some(_) if again => State::Waiting { until: now + interval },
            _ => State::Idle,
        };
    }

    fn disassociate(&mut self, now: Instant, stack: &mut Stack) -> bool {
        self.silent_until = None;
        self.leased = None;
        let was = self.ap.take().is_some();
        if was {
            stack.dhcp_stop();
            stack.set_up(now, false);
            self.changes.push_back(RadioChange::Detach);
            self.events.push_back(StationEvent::Disconnected);
        }
        was
    }
}
