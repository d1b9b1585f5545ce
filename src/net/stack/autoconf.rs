//! IPv6 addresses and routers of one interface, set by hand or found by itself: stateless autoconfiguration (RFC 4862)
//! with the times of lwIP.
//!
//! An address made from the MAC address is tried first: the node asks once whether somebody has it, at the next tick
//! of a timer of one second, and uses it a second later. Routers are asked for as soon as the link-local address is
//! in use, up to three times; the /64 that one of them advertises gives the global address.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv6Addr;

use smoltcp::wire::{NdiscPrefixInfoFlags, NdiscPrefixInformation, NdiscRepr};

use super::ethernet::Ethernet;
use super::{Ipv6Config, Ipv6Event};
use crate::net::{addr, icmpv6};
use crate::time::{Duration, Instant};

/// Between two looks at tentative addresses (lwIP's `ND6_TMR_INTERVAL`).
pub(super) const TICK: Duration = Duration::from_secs(1);
/// Questions after routers (`LWIP_ND6_MAX_MULTICAST_SOLICIT`), and the time between them.
const SOLICITATIONS: u8 = 3;
const SOLICIT_INTERVAL: Duration = Duration::from_secs(4);
/// Addresses of an interface (`LWIP_IPV6_NUM_ADDRESSES`), and routers that are remembered.
const ADDRESSES: usize = 3;
const ROUTERS: usize = 3;
/// An advertisement may not shorten the life of an address below this (RFC 4862 section 5.5.3).
const SHORTEST_LIFE: Duration = Duration::from_secs(7200);

/// One of the interface's own addresses.
struct Own {
    address: Ipv6Addr,
    /// While it is tried: questions sent, and when to look again.
    tried: Option<(u8, Instant)>,
    /// `None`: for ever.
    until: Option<Instant>,
}

/// The IPv6 side of one interface.
#[derive(Default)]
pub(super) struct Ipv6 {
    addresses: Vec<Own>,
    /// Networks whose nodes are on the link, with the bits of their prefixes.
    networks: BTreeMap<(Ipv6Addr, u8), Option<Instant>>,
    routers: BTreeMap<Ipv6Addr, Option<Instant>>,
    /// It asks for routers once it has an address.
    wants_routers: bool,
    /// Questions after routers that are left, and when the next one is due.
    soliciting: Option<(u8, Instant)>,
    /// The first tick.
    phase: Instant,
}

impl Ipv6 {
    /// Configured by hand: in use at once.
    pub(super) fn fixed(config: &Ipv6Config) -> Ipv6 {
        let mut addresses = config.addresses.clone();
        addresses.retain(|a| addr::is_unicast(*a));
        let global = addresses.iter().filter(|a| !a.is_unicast_link_local());
        Ipv6 {
            networks: global.map(|a| ((*a, config.prefix_len), None)).collect(),
            routers: config.gateway.map(|g| (g, None)).into_iter().collect(),
            addresses: addresses
                .into_iter()
                .map(|address| Own { address, tried: None, until: None })
                .collect(),
            ..Ipv6::default()
        }
    }

    /// Finds everything by itself, `first_tick` after `now`. Without `wants_routers` there is a link-local address only.
    pub(super) fn automatic(now: Instant, first_tick: Duration, wants_routers: bool) -> Ipv6 {
        Ipv6 { phase: now + first_tick, wants_routers, ..Ipv6::default() }
    }

    /// Tries `address` from the next tick on, and joins the group in which it is asked for.
    pub(super) fn try_address(
        &mut self,
        now: Instant,
        address: Ipv6Addr,
        until: Option<Instant>,
        ethernet: &Ethernet,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        let group = addr::solicited_node(address);
        let source = self.link_local().unwrap_or(Ipv6Addr::UNSPECIFIED);
        ethernet.send_multicast(group.into(), &icmpv6::group_report(source, group, true), frames);
        self.addresses.push(Own { address, tried: Some((0, self.tick_after(now))), until });
    }

    fn tick_after(&self, now: Instant) -> Instant {
        if now < self.phase {
            return self.phase;
        }
        let ticks = now.since(self.phase).as_nanos() / TICK.as_nanos() + 1;
        self.phase + Duration::from_nanos(ticks * TICK.as_nanos())
    }

    /// The addresses in use.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.addresses.iter().filter(|own| own.tried.is_none()).map(|own| own.address)
    }

    /// The link-local address, once it is in use.
    pub(super) fn link_local(&self) -> Option<Ipv6Addr> {
        self.addresses().find(Ipv6Addr::is_unicast_link_local)
    }

    /// The first global address, once it is in use.
    pub(super) fn global(&self) -> Option<Ipv6Addr> {
        self.addresses().find(|a| !a.is_unicast_link_local())
    }

    /// The address from which packets for `to` come.
    pub(super) fn source_for(&self, to: Ipv6Addr) -> Option<Ipv6Addr> {
        let link = to.is_unicast_link_local() || addr::is_link_group(to);
        let (first, second) =
            if link { (self.link_local(), self.global()) } else { (self.global(), self.link_local()) };
        first.or(second)
    }

    /// The neighbour to which packets for `to` go first; `None` when there is no way.
    pub(super) fn next_hop(&self, to: Ipv6Addr) -> Option<Ipv6Addr> {
        let near = |(network, bits): &(Ipv6Addr, u8)| addr::same_network(*network, to, *bits);
        if to.is_unicast_link_local() || self.networks.keys().any(near) {
            return Some(to);
        }
        self.routers.keys().next().copied()
    }

    /// True for an address that is being tried.
    pub(super) fn is_tried(&self, address: Ipv6Addr) -> bool {
        self.addresses.iter().any(|own| own.address == address && own.tried.is_some())
    }

    /// Somebody else has an address that is being tried: it is given up.
    pub(super) fn give_up(&mut self, address: Ipv6Addr) {
        self.addresses.retain(|own| own.address != address || own.tried.is_none());
    }

    /// A router advertises itself. Hosts that are configured by hand do not listen.
    pub(super) fn advertised(
        &mut self,
        now: Instant,
        router: Ipv6Addr,
        message: &NdiscRepr<'_>,
        ethernet: &Ethernet,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        let NdiscRepr::RouterAdvert { router_lifetime, prefix_info, .. } = message else { return };
        if !self.wants_routers || !router.is_unicast_link_local() {
            return;
        }
        self.soliciting = None;
        match router_lifetime.secs() {
            0 => {
                self.routers.remove(&router);
            }
            seconds if self.routers.len() < ROUTERS || self.routers.contains_key(&router) => {
                self.routers.insert(router, Some(now + Duration::from_secs(seconds)));
            }
            _ => {}
        }
        if let Some(prefix) = prefix_info.filter(|p| !p.prefix.is_unicast_link_local()) {
            self.prefix(now, &prefix, ethernet, frames);
        }
    }

    fn prefix(
        &mut self,
        now: Instant,
        info: &NdiscPrefixInformation,
        ethernet: &Ethernet,
        frames: &mut VecDeque<Vec<u8>>,
    ) {
        let (valid, preferred) = (info.valid_lifetime.secs(), info.preferred_lifetime.secs());
        // All bits set mean for ever.
        let until = (valid < u64::from(u32::MAX)).then(|| now + Duration::from_secs(valid));
        if info.flags.contains(NdiscPrefixInfoFlags::ON_LINK) {
            let network = (info.prefix, info.prefix_len);
            if valid == 0 {
                self.networks.remove(&network);
            } else if self.networks.len() < ROUTERS || self.networks.contains_key(&network) {
                self.networks.insert(network, until);
            }
        }
        let usable = info.flags.contains(NdiscPrefixInfoFlags::ADDRCONF) && info.prefix_len == 64;
        if !usable || preferred > valid {
            return;
        }
        let address = addr::interface_address(info.prefix, ethernet.mac());
        if let Some(own) = self.addresses.iter_mut().find(|own| own.address == address) {
            let least = own.until.map(|t| t.min(now + SHORTEST_LIFE));
            own.until = until.map(|t| least.map_or(t.max(now + SHORTEST_LIFE), |least| t.max(least)));
        } else if valid > 0 && preferred > 0 && self.addresses.len() < ADDRESSES {
            self.try_address(now, address, until, ethernet, frames);
        }
    }

    /// Does what is due. True when the addresses in use have changed.
    pub(super) fn run(
        &mut self,
        now: Instant,
        ethernet: &Ethernet,
        frames: &mut VecDeque<Vec<u8>>,
        events: &mut VecDeque<Ipv6Event>,
    ) -> bool {
        let expired = |until: &Option<Instant>| until.is_some_and(|t| t <= now);
        self.routers.retain(|_, until| !expired(until));
        self.networks.retain(|_, until| !expired(until));
        let before = self.addresses().count();
        self.addresses.retain(|own| !expired(&own.until));
        let mut changed = self.addresses().count() != before;
        for own in &mut self.addresses {
            match &mut own.tried {
                Some((asked, at)) if *at <= now && *asked == 0 => {
                    (*asked, *at) = (1, *at + TICK);
                    let group = addr::solicited_node(own.address);
                    let question =
                        icmpv6::neighbor_solicit(ethernet.mac(), Ipv6Addr::UNSPECIFIED, own.address, group);
                    ethernet.send_multicast(group.into(), &question, frames);
                }
                Some((_, at)) if *at <= now => {
                    own.tried = None;
                    changed = true;
                    if !own.address.is_unicast_link_local() {
                        events.push_back(Ipv6Event::Global(own.address));
                    } else {
                        events.push_back(Ipv6Event::LinkLocal(own.address));
                        self.soliciting = self.wants_routers.then_some((SOLICITATIONS, now));
                    }
                }
                _ => {}
            }
        }
        if let (Some((left, at)), Some(source)) = (self.soliciting, self.link_local())
            && at <= now
        {
            let question = icmpv6::router_solicit(ethernet.mac(), source);
            ethernet.send_multicast(icmpv6::ALL_ROUTERS.into(), &question, frames);
            self.soliciting = (left > 1).then_some((left - 1, now + SOLICIT_INTERVAL));
        }
        changed
    }

    /// When [`run`](Self::run) has something to do.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        let tried = self.addresses.iter().filter_map(|own| own.tried.map(|(_, at)| at));
        let ends = self.addresses.iter().filter_map(|own| own.until);
        let others = self.routers.values().chain(self.networks.values()).flatten().copied();
        tried.chain(ends).chain(others).chain(self.soliciting.map(|(_, at)| at)).min()
    }
}
