//! The softAP: a network of the module's own, and the hosts that have joined it.
//!
//! Hosts come and go when the console says so, other modules when their firmware joins; whether one is let in is decided
//! here. Addresses are given by the IP stack's DHCP server.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::RadioChange;
use super::config::ApConfig;
use crate::time::{Duration, Instant};

/// What happened to a host, by its MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoftApEvent {
    /// It has joined.
    Connected([u8; 6]),
    /// It got this address from the DHCP server.
    Leased([u8; 6], Ipv4Addr),
    /// It is gone.
    Disconnected([u8; 6]),
}

/// A host that has joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Its name in the scenario.
    pub host: String,
    /// Its MAC address.
    pub mac: [u8; 6],
    /// What the DHCP server has leased to it.
    pub address: Option<Ipv4Addr>,
}

/// A module's softAP interface.
#[derive(Debug, Default)]
pub struct SoftAp {
    /// How many hosts may be in at a time; `None`: it is off.
    limit: Option<u8>,
    /// In the order in which they came.
    guests: Vec<Guest>,
    events: VecDeque<SoftApEvent>,
    changes: VecDeque<RadioChange>,
    /// The silence after which a host counts as gone.
    inactive: Duration,
    /// Hosts that are out of reach, and when that is noticed.
    silent: Vec<(Instant, String)>,
}

impl SoftAp {
    /// On the air, for so many hosts at a time. Those of before must join again. `seen`: what stations see of it.
    pub fn start(&mut self, limit: u8, seen: ApConfig) {
        self.stop();
        self.limit = Some(limit);
        self.changes.push_back(RadioChange::OnAir(Some(Box::new(seen))));
    }

    /// Off the air: every host is gone.
    pub fn stop(&mut self) {
        self.dismiss(|_| true);
        if self.limit.take().is_some() {
            self.changes.push_back(RadioChange::OnAir(None));
        }
    }

    /// Power fails or the chip restarts: the same, and nobody is there to tell of it.
    pub fn cut(&mut self) {
        self.stop();
        self.events.clear();
    }

    /// True while it is on the air.
    pub fn is_on(&self) -> bool {
        self.limit.is_some()
    }

    /// A host wants to join. One that has vanished, and was not missed yet, begins anew.
    pub fn arrive(&mut self, host: &str, mac: [u8; 6]) {
        if self.silent.iter().any(|(_, silent)| silent == host) {
            self.dismiss(|guest| guest.host == host);
        }
        if self.guests.iter().any(|g| g.host == host) {
            return;
        }
        let refused = match self.limit {
            None => Some("its softAP is off"),
            Some(limit) if self.guests.len() >= usize::from(limit) => {
                Some("its softAP takes no more stations")
            }
            Some(_) => None,
        };
        if let Some(why) = refused {
            self.changes.push_back(RadioChange::Refuse(host.to_owned(), why));
            return;
        }
        self.guests.push(Guest { host: host.to_owned(), mac, address: None });
        self.events.push_back(SoftApEvent::Connected(mac));
        self.changes.push_back(RadioChange::Admit(host.to_owned()));
    }

    /// Sets the silence after which a host counts as gone, from the next one that vanishes on.
    pub fn set_inactive(&mut self, inactive: Duration) {
        self.inactive = inactive;
    }

    /// A host that is in has gone out of reach without a word.
    pub fn vanish(&mut self, now: Instant, host: &str) {
        if self.guests.iter().any(|g| g.host == host) && !self.silent.iter().any(|(_, h)| h == host) {
            self.silent.push((now + self.inactive, host.to_owned()));
        }
    }

    /// When [`SoftAp::poll`] must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        self.silent.iter().map(|(at, _)| *at).min()
    }

    /// Hosts that were silent for too long are gone.
    pub fn poll(&mut self, now: Instant) {
        if self.next_timer().is_some_and(|at| at <= now) {
            let (due, later) = self.silent.drain(..).partition(|(at, _)| *at <= now);
            self.silent = later;
            let due: Vec<(Instant, String)> = due;
            self.dismiss(|guest| due.iter().any(|(_, host)| *host == guest.host));
        }
    }

    /// Hosts that `goes` chooses are no longer in. Returns how many they were.
    pub fn dismiss(&mut self, goes: impl Fn(&Guest) -> bool) -> usize {
        let (gone, stay): (Vec<Guest>, Vec<Guest>) = self.guests.drain(..).partition(goes);
        self.guests = stay;
        self.silent.retain(|(_, host)| !gone.iter().any(|guest| guest.host == *host));
        for guest in &gone {
            self.events.push_back(SoftApEvent::Disconnected(guest.mac));
            self.changes.push_back(RadioChange::Dismiss(guest.host.clone()));
        }
        gone.len()
    }

    /// The DHCP server has leased an address. Only a new one is an event.
    pub fn leased(&mut self, mac: [u8; 6], address: Ipv4Addr) {
        if let Some(guest) = self.guests.iter_mut().find(|g| g.mac == mac && g.address != Some(address)) {
            guest.address = Some(address);
            self.events.push_back(SoftApEvent::Leased(mac, address));
        }
    }

    /// The hosts that are in.
    pub fn guests(&self) -> &[Guest] {
        &self.guests
    }

    /// The next thing that happened.
    pub fn take_event(&mut self) -> Option<SoftApEvent> {
        self.events.pop_front()
    }

    /// The next thing that the network must be told.
    pub fn take_change(&mut self) -> Option<RadioChange> {
        self.changes.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::config::{Association, Pmf, Security};

    fn seen() -> ApConfig {
        ApConfig {
            name: "wifi/softap".to_owned(),
            ssid: b"module".to_vec(),
            password: Vec::new(),
            bssid: [2, 0, 0, 0, 0, 9],
            channel: 1,
            rssi: -50,
            security: Security::Open,
            pmf: Pmf::Off,
            hidden: false,
            modes: 7,
            wps: false,
            association: Association::Right,
            up: true,
        }
    }

    const A: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const B: [u8; 6] = [2, 0, 0, 0, 0, 2];

    #[test]
    fn nobody_comes_in_while_it_is_off_or_full_and_nobody_twice() {
        let mut ap = SoftAp::default();
        ap.arrive("phone", A);
        assert_eq!(ap.take_change(), Some(RadioChange::Refuse("phone".to_owned(), "its softAP is off")));
        ap.start(1, seen());
        assert!(matches!(ap.take_change(), Some(RadioChange::OnAir(Some(_)))));
        ap.arrive("phone", A);
        ap.arrive("phone", A);
        ap.arrive("tablet", B);
        assert_eq!(ap.take_change(), Some(RadioChange::Admit("phone".to_owned())));
        let full = "its softAP takes no more stations";
        assert_eq!(ap.take_change(), Some(RadioChange::Refuse("tablet".to_owned(), full)));
        assert_eq!(ap.take_change(), None, "a host that is in came in again");
        assert_eq!((ap.take_event(), ap.take_event()), (Some(SoftApEvent::Connected(A)), None));
    }

    #[test]
    fn a_lease_is_told_once_and_only_of_a_guest() {
        let (mut ap, address) = (SoftAp::default(), Ipv4Addr::new(192, 168, 4, 2));
        ap.start(2, seen());
        ap.arrive("phone", A);
        ap.take_event();
        ap.leased(A, address);
        ap.leased(A, address);
        ap.leased(B, address);
        assert_eq!((ap.take_event(), ap.take_event()), (Some(SoftApEvent::Leased(A, address)), None));
    }
}
