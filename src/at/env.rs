//! What stands below the AT firmware: IP stack, station, softAP, flash, and the module's facts.

use std::net::{IpAddr, Ipv4Addr};

use super::faults::Faults;
use super::flash::Flash;
use super::nvs::Nvs;
use crate::net::stack::{DnsFamily, Stack};
use crate::profile::{Build, Profile, Range, Timing};
use crate::rng::Stream;
use crate::time::{Duration, Instant};
use crate::wifi::{Air, JoinRequest, SoftAp as SoftApRadio, Station, Status, Surroundings};

/// What stands below the AT firmware, lent for one call.
pub struct Env<'e> {
    /// The module's IP stack.
    pub stack: &'e mut Stack,
    /// Its station.
    pub station: &'e mut Station,
    /// Its softAP.
    pub softap: &'e mut SoftApRadio,
    /// What is on the air.
    pub air: &'e Air,
    /// Its saved settings.
    pub nvs: &'e mut Nvs,
    /// The chip's own MAC address.
    pub mac: [u8; 6],
    /// The rest of its flash.
    pub flash: &'e mut Flash,
    /// What a test makes go wrong.
    pub faults: &'e mut Faults,
    /// Its facts.
    pub profile: &'static Profile,
    /// What its firmware was built with.
    pub build: Build,
    /// How its times are drawn.
    pub timing: Timing,
    /// Where they are drawn from.
    pub rng: &'e mut Stream,
    /// Bytes that fit into the UART's transmit ring.
    pub room: usize,
    /// Where the times are drawn from that it takes to give up a host that does not answer: a stream of their own, so
    /// that a connection more or less moves nothing else.
    pub dials: &'e mut Stream,
    /// When the byte that is on its way from the MCU started.
    pub receiving: Option<Instant>,
}

impl Env<'_> {
    /// The station's address, once `WIFI GOT IP` has been said.
    pub fn address(&self) -> Option<Ipv4Addr> {
        match self.station.status() {
            Status::GotIp => self.stack.ipv4().map(|c| c.address),
            _ => None,
        }
    }

    /// Every address of a family that links may use: the station's, once it has one, and the softAP's.
    pub fn own_addresses(&self, family: DnsFamily) -> Vec<IpAddr> {
        let stack = &self.stack;
        match family {
            DnsFamily::Ipv6 => {
                let station = [stack.ipv6_link_local(), stack.ipv6_global()];
                station.into_iter().chain([stack.lan_link_local()]).flatten().map(IpAddr::V6).collect()
            }
            DnsFamily::Ipv4 | DnsFamily::PreferIpv4 => {
                self.address().into_iter().chain(stack.lan_address()).map(IpAddr::V4).collect()
            }
        }
    }

    /// Free heap while nothing uses it, bytes.
    pub fn heap(&self) -> u32 {
        self.faults.heap.unwrap_or(self.profile.heap)
    }

    /// TLS sessions that the heap has room for.
    pub fn tls_sessions(&self) -> usize {
        let tls = &self.profile.tls;
        let fit = self.faults.heap.map_or(tls.most, |heap| (heap / tls.session_heap) as usize);
        fit.min(tls.most)
    }

    /// Draws how long something takes.
    pub fn draw(&mut self, pick: fn(&Profile) -> &Range) -> Duration {
        pick(self.profile).draw(self.timing, self.rng)
    }

    /// Draws how long a connection is tried for.
    pub fn draw_dial(&mut self) -> Duration {
        self.profile.times.connect.draw(self.timing, self.dials)
    }

    /// Pins the DNS servers, or takes them from DHCP again.
    pub fn use_dns(&mut self, servers: Option<[IpAddr; 3]>) {
        self.stack.pin_dns(servers.map(Vec::from));
    }

    /// Lets the station do what is due.
    pub fn poll_station(&mut self, now: Instant) {
        let (station, stack, mut around) = self.split();
        station.poll(now, stack, &mut around);
    }

    /// Gives the station another MAC address.
    pub fn set_station_mac(&mut self, now: Instant, mac: [u8; 6]) {
        let (station, stack, mut around) = self.split();
        station.set_mac(now, mac, stack, &mut around);
    }

    /// Lets the station join.
    pub fn start_join(&mut self, now: Instant, request: JoinRequest, commanded: bool) {
        let (station, stack, mut around) = self.split();
        station.join(now, request, commanded, stack, &mut around);
    }

    /// The station, and what it needs to move.
    fn split(&mut self) -> (&mut Station, &mut Stack, Surroundings<'_>) {
        let around =
            Surroundings { air: self.air, profile: self.profile, timing: self.timing, rng: self.rng };
        (self.station, self.stack, around)
    }
}
