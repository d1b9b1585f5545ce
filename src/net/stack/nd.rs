//! Neighbour discovery on an Ethernet interface (RFC 4861): who has an address, and whether it is still there.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};

use smoltcp::wire::{NdiscNeighborFlags, NdiscRepr};

use super::ethernet::{Ethernet, Neighbour};
use crate::net::icmpv6;
use crate::time::{Duration, Instant};

/// How long an answer is believed (lwIP's `LWIP_ND6_REACHABLE_TIME`).
const REACHABLE: Duration = Duration::from_secs(30);

impl Ethernet {
    /// Somebody asks for the own address `target`. The answer goes to where the question came from.
    pub(super) fn solicited(
        &mut self,
        now: Instant,
        asker: (Ipv6Addr, Option<[u8; 6]>),
        target: Ipv6Addr,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        let answer = icmpv6::neighbor_advert(self.mac(), target, asker.0, false);
        if asker.0.is_unspecified() {
            return self.send_multicast(icmpv6::ALL_NODES.into(), &answer, frames);
        }
        self.heard_at(now, asker.0, asker.1, frames);
        self.send(now, target.into(), asker.0.into(), answer, frames);
    }

    /// A message of `address` said that it is at `mac`. That it hears us is not known yet.
    pub(super) fn heard_at(
        &mut self,
        now: Instant,
        address: Ipv6Addr,
        mac: Option<[u8; 6]>,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        let Some(mac) = mac.filter(|mac| *mac != self.mac()) else { return };
        let known = match self.neighbours.get(&address.into()) {
            Some(Neighbour::Known { mac: known, .. } | Neighbour::Probed { mac: known, .. }) => *known == mac,
            _ => false,
        };
        if !known {
            self.learn(address.into(), mac, now, frames);
        }
    }

    /// An advertisement. One that nobody asked for, of a neighbour that nobody wants, makes no entry.
    pub(super) fn advertised(
        &mut self,
        now: Instant,
        message: &NdiscRepr<'_>,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        let NdiscRepr::NeighborAdvert { flags, target_addr, lladdr } = message else { return };
        let mac = icmpv6::ethernet_address(*lladdr);
        let (mac, new) = match self.neighbours.get(&IpAddr::V6(*target_addr)) {
            None => return,
            Some(Neighbour::Wanted { .. }) => (mac, true),
            Some(Neighbour::Known { mac: known, .. } | Neighbour::Probed { mac: known, .. }) => {
                let replaced = mac.filter(|mac| mac != known && flags.contains(NdiscNeighborFlags::OVERRIDE));
                (replaced.or(Some(*known)), replaced.is_some())
            }
        };
        let Some(mac) = mac else { return };
        let solicited = flags.contains(NdiscNeighborFlags::SOLICITED);
        if new || solicited {
            let until = if solicited { now + REACHABLE } else { now };
            self.learn(IpAddr::V6(*target_addr), mac, until, frames);
        }
    }
}
