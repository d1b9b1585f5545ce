//! The gateway on a segment with IPv6: it announces the prefix and itself, finds its neighbours, and lets nothing
//! through whose address means something on its own link only.
//!
//! It advertises itself to whoever asks. To everybody it does so every ten minutes once it has been asked: a network in
//! which nobody speaks IPv6 hears nothing of it.

use std::net::{IpAddr, Ipv6Addr};

use smoltcp::wire::NdiscRepr;

use super::{Gateway, Output};
use crate::net::addr::{self, Mac};
use crate::net::forward::{Problem, icmp_error};
use crate::net::icmpv6::{self, Advertisement};
use crate::net::packet;
use crate::net::stack::{Ipv6Config, Stack};
use crate::time::{Duration, Instant};

/// Between two advertisements to everybody (RFC 4861: at most 1800 s, by default 600 s).
const INTERVAL: Duration = Duration::from_secs(600);
/// Three times the interval, as the RFC has it.
const ROUTER_LIFETIME: u16 = 1800;
/// How long the prefix is valid, and preferred, seconds: a day and four hours, as radvd has it.
const PREFIX_LIFETIMES: (u32, u32) = (86_400, 14_400);
const MTU: u16 = 1500;

/// What is announced on a segment.
pub(super) struct Announced {
    prefix: Ipv6Addr,
    /// When everybody is told next; `None` until somebody has asked.
    again: Option<Instant>,
}

impl Announced {
    /// Announces the /64 of `prefix`. Gives the gateway's own `stack` there its addresses.
    pub(super) fn new(prefix: Ipv6Addr, mac: Mac, stack: &mut Stack) -> Self {
        stack.set_ipv6(Some(&Ipv6Config {
            addresses: vec![addr::link_local(mac), addr::gateway_in(prefix)],
            prefix_len: 64,
            gateway: None,
        }));
        Announced { prefix, again: None }
    }

    pub(super) fn prefix(&self) -> Ipv6Addr {
        self.prefix
    }

    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.again
    }
}

impl Gateway {
    /// An IPv6 packet arrives from a segment. `mine`: its frame was for the gateway alone.
    pub(super) fn receive_ipv6(&mut self, now: Instant, leg: usize, mine: bool, bytes: &[u8]) {
        if self.legs[leg].ipv6.is_none() {
            return;
        }
        if let Some((source, _, message)) = icmpv6::discovery(bytes) {
            return self.discover(now, leg, source, &message);
        }
        if !mine {
            return;
        }
        let (src, dst) = packet::ends(bytes);
        let local = self.legs[leg].has(dst);
        let (IpAddr::V6(src), IpAddr::V6(dst)) = (src, dst) else { return };
        if local && addr::is_unicast(src) {
            self.legs[leg].stack.receive(bytes.to_vec());
            self.run_stack(now, leg);
        } else if src.is_unicast_link_local() && !dst.is_unicast_link_local() {
            let own = addr::link_local(self.legs[leg].mac);
            if let Some(packet) = icmp_error(Problem::BeyondScope, own.into(), bytes) {
                self.send_own(now, leg, packet);
            }
        } else {
            self.route(now, bytes);
        }
    }

    fn discover(&mut self, now: Instant, leg: usize, source: Ipv6Addr, message: &NdiscRepr<'_>) {
        match message {
            NdiscRepr::NeighborSolicit { target_addr, lladdr } => {
                self.learn_ipv6(leg, source, icmpv6::ethernet_address(*lladdr));
                if self.legs[leg].has((*target_addr).into()) {
                    let answer = icmpv6::neighbor_advert(self.legs[leg].mac, *target_addr, source, true);
                    self.answer(leg, source, icmpv6::ethernet_address(*lladdr), &answer);
                }
            }
            NdiscRepr::NeighborAdvert { target_addr, lladdr, .. } => {
                self.learn_ipv6(leg, *target_addr, icmpv6::ethernet_address(*lladdr));
            }
            NdiscRepr::RouterSolicit { lladdr } => {
                let mac = icmpv6::ethernet_address(*lladdr);
                self.learn_ipv6(leg, source, mac);
                let to = if mac.is_some() { source } else { icmpv6::ALL_NODES };
                let Some(answer) = self.advertisement(leg, to) else { return };
                self.answer(leg, source, mac, &answer);
                if let Some(ipv6) = &mut self.legs[leg].ipv6 {
                    ipv6.again.get_or_insert(now + INTERVAL);
                }
            }
            NdiscRepr::RouterAdvert { .. } | NdiscRepr::Redirect { .. } => {}
        }
    }

    /// Sends `packet` to the node that asked, or to everybody when it has not said who it is.
    fn answer(&mut self, leg: usize, asker: Ipv6Addr, mac: Option<Mac>, packet: &[u8]) {
        let everybody = addr::group_mac(icmpv6::ALL_NODES);
        let to = mac.filter(|_| !asker.is_unspecified()).unwrap_or(everybody);
        let frame = packet::frame(to, self.legs[leg].mac, packet);
        self.output.push_back(Output::Segment { segment: leg, frame });
    }

    fn advertisement(&self, leg: usize, to: Ipv6Addr) -> Option<Vec<u8>> {
        let leg = &self.legs[leg];
        let what = Advertisement {
            router_lifetime: ROUTER_LIFETIME,
            prefix: leg.ipv6.as_ref()?.prefix,
            lifetimes: PREFIX_LIFETIMES,
            mtu: MTU,
        };
        Some(icmpv6::router_advert(leg.mac, to, &what))
    }

    /// Advertises the gateway to everybody, when it is time.
    pub(super) fn advertise_when_due(&mut self, now: Instant, leg: usize) {
        let Some(ipv6) = self.legs[leg].ipv6.as_mut().filter(|i| i.again.is_some_and(|t| t <= now)) else {
            return;
        };
        ipv6.again = Some(now + INTERVAL);
        if let Some(packet) = self.advertisement(leg, icmpv6::ALL_NODES) {
            self.answer(leg, Ipv6Addr::UNSPECIFIED, None, &packet);
        }
    }

    /// `address` said that it is at `mac`: remembers it, and sends what waited for it.
    fn learn_ipv6(&mut self, leg: usize, address: Ipv6Addr, mac: Option<Mac>) {
        let Some(mac) = mac else { return };
        let on = &mut self.legs[leg];
        let Some(prefix) = on.ipv6.as_ref().map(Announced::prefix) else { return };
        let near = address.is_unicast_link_local() || addr::same_network(prefix, address, 64);
        if !near || on.has(address.into()) {
            return;
        }
        for packet in on.neighbours.learn(address.into(), mac) {
            let frame = packet::frame(mac, on.mac, &packet);
            self.output.push_back(Output::Segment { segment: leg, frame });
        }
    }
}
