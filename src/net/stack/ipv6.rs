//! A node's IPv6: its addresses, where packets go, and what of them smoltcp does not see.
//!
//! smoltcp gets whole packets for the node's own addresses and groups. Neighbour discovery, group membership,
//! fragments and errors about pings stay here. On the second interface a node has a link-local address only; which
//! interface a packet goes out on, its source address says.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{Icmpv6Message, Icmpv6Packet, Icmpv6Repr, IpProtocol, Ipv6Packet, NdiscRepr, UdpPacket};

use super::autoconf::{Ipv6, TICK};
use super::ethernet::Ethernet;
use super::{CloseReason, Ipv6Config, Ipv6Event, Stack, packet};
use crate::net::{addr, icmpv6};
use crate::time::{Duration, Instant};

/// One of the two interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    First,
    Lan,
}

/// What an interface is made of: its Ethernet, its IPv6, and the frames that it sends.
type Interface<'a> = (&'a mut Ethernet, &'a mut Option<Ipv6>, &'a mut VecDeque<Vec<u8>>);

impl Stack {
    /// Lets the node find its IPv6 addresses by itself whenever an Ethernet interface is up, or not any more. Switched
    /// off, its addresses go, and TCP connections with them, without a frame.
    pub fn enable_ipv6(&mut self, now: Instant, on: bool) {
        self.now = self.now.max(now);
        if on == self.ipv6_enabled {
            return;
        }
        self.ipv6_enabled = on;
        for side in [Side::First, Side::Lan] {
            if on { self.start_ipv6(side) } else { self.stop_ipv6(side) }
        }
    }

    /// Begins on an interface that has come up.
    pub(super) fn start_ipv6(&mut self, side: Side) {
        if !self.ipv6_enabled || (side == Side::First && !self.up) {
            return;
        }
        let first_tick = Duration::from_nanos(self.nd_random.between(0, TICK.as_nanos() - 1));
        let now = self.now;
        let mut ipv6 = Ipv6::automatic(now, first_tick, side == Side::First);
        let Some((ethernet, slot, frames)) = self.side(side) else { return };
        ipv6.try_address(now, addr::link_local(ethernet.mac()), None, ethernet, frames);
        *slot = Some(ipv6);
        self.dirty = true;
    }

    /// The addresses of an interface are gone.
    pub(super) fn stop_ipv6(&mut self, side: Side) {
        let Some((ethernet, slot, _)) = self.side(side) else { return };
        ethernet.forget(IpAddr::is_ipv6);
        if slot.take().is_some() {
            self.follow_ipv6_addresses();
        }
        if side == Side::First {
            self.ipv6_events.clear();
        }
    }

    /// Gives the node fixed IPv6 addresses, or none.
    pub fn set_ipv6(&mut self, config: Option<&Ipv6Config>) {
        self.ipv6 = config.map(Ipv6::fixed);
        if let Some(ethernet) = &mut self.ethernet {
            ethernet.forget(IpAddr::is_ipv6);
        }
        self.follow_ipv6_addresses();
    }

    /// The link-local address of the first interface, once it is in use.
    pub fn ipv6_link_local(&self) -> Option<Ipv6Addr> {
        self.ipv6.as_ref()?.link_local()
    }

    /// The global address of the first interface, once it is in use.
    pub fn ipv6_global(&self) -> Option<Ipv6Addr> {
        self.ipv6.as_ref()?.global()
    }

    /// The link-local address of the second interface, once it is in use.
    pub fn lan_link_local(&self) -> Option<Ipv6Addr> {
        self.lan.as_ref()?.ipv6.as_ref()?.link_local()
    }

    /// Takes the next address that the first interface has got.
    pub fn take_ipv6_event(&mut self) -> Option<Ipv6Event> {
        self.ipv6_events.pop_front()
    }

    /// An interface, when there is one.
    fn side(&mut self, side: Side) -> Option<Interface<'_>> {
        match side {
            Side::First => Some((self.ethernet.as_mut()?, &mut self.ipv6, &mut self.frames)),
            Side::Lan => self.lan.as_mut().map(|lan| (&mut lan.ethernet, &mut lan.ipv6, &mut lan.frames)),
        }
    }

    /// Every IPv6 address in use, those of the first interface first.
    pub(super) fn ipv6_addresses(&self) -> impl Iterator<Item = Ipv6Addr> {
        let lan = self.lan.as_ref().and_then(|lan| lan.ipv6.as_ref());
        self.ipv6.iter().chain(lan).flat_map(Ipv6::addresses)
    }

    fn follow_ipv6_addresses(&mut self) {
        self.list_addresses();
        let kept: Vec<Ipv6Addr> = self.ipv6_addresses().collect();
        let gone = |local: IpAddr| matches!(local, IpAddr::V6(a) if !kept.contains(&a));
        self.fail_connections(gone, CloseReason::Unreachable);
        self.dirty = true;
    }

    /// The interface that has this address.
    fn side_of(&self, own: Ipv6Addr) -> Side {
        if self.lan_link_local() == Some(own) { Side::Lan } else { Side::First }
    }

    /// The address from which packets for `to` come.
    pub(super) fn ipv6_source_for(&self, to: Ipv6Addr) -> Option<Ipv6Addr> {
        if self.ipv6_addresses().any(|own| own == to) {
            return Some(to);
        }
        let first = self.ipv6.as_ref().filter(|_| self.up).and_then(|ipv6| ipv6.source_for(to));
        let local = to.is_unicast_link_local() || to.is_multicast();
        first.or_else(|| self.lan_link_local().filter(|_| local))
    }

    /// The own address on the link of an IPv6 address that means something on one link only; `None` for others.
    pub fn link_source(&self, to: IpAddr) -> Option<IpAddr> {
        match to {
            IpAddr::V6(to) if to.is_unicast_link_local() || to.is_multicast() => {
                self.ipv6_source_for(to).map(IpAddr::V6)
            }
            _ => None,
        }
    }

    /// True when there is a way from the own address `from` to `to`.
    pub(super) fn has_ipv6_way(&self, from: Ipv6Addr, to: Ipv6Addr) -> bool {
        let known = |ipv6: &Ipv6| ipv6.next_hop(to).is_some();
        to.is_multicast()
            || self.ipv6_addresses().any(|own| own == to)
            || match self.side_of(from) {
                Side::First => self.ethernet.is_none() || self.ipv6.as_ref().is_some_and(known),
                Side::Lan => to.is_unicast_link_local(),
            }
    }

    /// Puts a packet, or its fragments, into frames and sends them, now or when its neighbour is known.
    pub(super) fn route_ipv6(&mut self, bytes: Vec<u8>) {
        let Ok(header) = Ipv6Packet::new_checked(&bytes[..]) else { return };
        let (from, to) = (header.src_addr(), header.dst_addr());
        // smoltcp reports groups by itself, with the version of MLD that lwIP does not speak.
        if header.next_header() == IpProtocol::HopByHop {
            return;
        }
        let side = self.side_of(from);
        if side == Side::First && !self.up {
            return;
        }
        if self.ipv6_addresses().any(|own| own == to) {
            self.looped.push_back(bytes);
            return;
        }
        let ident = if bytes.len() > usize::from(self.mtu) { self.next_ident() } else { 0 };
        let packets = packet::fragments6(bytes, usize::from(self.mtu), u32::from(ident));
        if self.ethernet.is_none() && side == Side::First {
            self.frames.extend(packets);
            return;
        }
        let now = self.now;
        let Some((ethernet, Some(ipv6), frames)) = self.side(side) else { return };
        let own = ipv6.link_local().unwrap_or(from);
        let hop = ipv6.next_hop(to);
        for packet in packets {
            if to.is_multicast() {
                ethernet.send_multicast(to.into(), &packet, frames);
            } else if let Some(hop) = hop {
                ethernet.send(now, own.into(), hop.into(), packet, frames);
            }
        }
    }

    /// Looks at one packet: what the stack handles itself stays here, the rest is smoltcp's.
    pub(super) fn open_ipv6(&mut self, bytes: Vec<u8>, side: Side) {
        let on = match side {
            Side::First => self.ipv6.is_some(),
            Side::Lan => self.lan.as_ref().is_some_and(|lan| lan.ipv6.is_some()),
        };
        if !on || self.discover(&bytes, side) {
            return;
        }
        if let Some(group) = icmpv6::group_query(&bytes) {
            return self.report_ipv6_groups(|own| group.is_unspecified() || group == own);
        }
        if self.drops_fragments && packet::is_fragment(&bytes) {
            return;
        }
        let Some(bytes) = self.reassembly.whole(self.now, bytes) else { return };
        let Ok(ip) = Ipv6Packet::new_checked(&bytes[..]) else { return };
        match ip.next_header() {
            IpProtocol::Icmpv6 => {
                let error = ip.payload().first().is_some_and(|kind| Icmpv6Message::from(*kind).is_error());
                if error {
                    return self.read_icmpv6_error(&bytes);
                }
                // smoltcp drops answers that it would have to send in fragments.
                if bytes.len() > usize::from(self.mtu) {
                    return self.answer_large_ping(&bytes);
                }
            }
            IpProtocol::Tcp if !self.admit_segment(&bytes) => return,
            // Nobody is told that nobody listens for a group.
            IpProtocol::Udp if ip.dst_addr().is_multicast() => {
                let port = UdpPacket::new_checked(ip.payload()).map(|udp| udp.dst_port());
                if !self.ports.values().any(|open| Ok(open.number()) == port) {
                    return;
                }
            }
            _ => {}
        }
        self.hand_to_smoltcp(bytes);
    }

    fn answer_large_ping(&mut self, bytes: &[u8]) {
        let Ok(ip) = Ipv6Packet::new_checked(bytes) else { return };
        let (from, to) = (ip.src_addr(), ip.dst_addr());
        let Ok(icmp) = Icmpv6Packet::new_checked(ip.payload()) else { return };
        let own = self.ipv6_addresses().any(|own| own == to);
        match Icmpv6Repr::parse(&from, &to, &icmp, &ChecksumCapabilities::default()) {
            Ok(Icmpv6Repr::EchoRequest { ident, seq_no, data }) if own => {
                let reply = Icmpv6Repr::EchoReply { ident, seq_no, data };
                self.outbox.push_back(icmpv6::message(to, from, packet::HOPS, &reply));
            }
            _ => self.hand_to_smoltcp(bytes.to_vec()),
        }
    }

    /// Handles a message of neighbour discovery. False when the packet is none.
    fn discover(&mut self, bytes: &[u8], side: Side) -> bool {
        let Some((source, _, message)) = icmpv6::discovery(bytes) else { return false };
        let now = self.now;
        let Some((ethernet, Some(ipv6), frames)) = self.side(side) else { return true };
        match message {
            NdiscRepr::NeighborSolicit { target_addr, lladdr } => {
                // Another node tries the same address.
                if source.is_unspecified() && ipv6.is_tried(target_addr) {
                    ipv6.give_up(target_addr);
                }
                if ipv6.addresses().any(|own| own == target_addr) {
                    let asker = (source, icmpv6::ethernet_address(lladdr));
                    ethernet.solicited(now, asker, target_addr, frames);
                }
            }
            NdiscRepr::NeighborAdvert { target_addr, .. } => {
                ipv6.give_up(target_addr);
                ethernet.advertised(now, &message, frames);
            }
            NdiscRepr::RouterAdvert { lladdr, .. } => {
                ethernet.heard_at(now, source, icmpv6::ethernet_address(lladdr), frames);
                ipv6.advertised(now, source, &message, ethernet, frames);
            }
            NdiscRepr::RouterSolicit { .. } | NdiscRepr::Redirect { .. } => {}
        }
        true
    }

    /// Lets the addresses of both interfaces go on.
    pub(super) fn run_ipv6(&mut self) {
        let now = self.now;
        let mut events = VecDeque::new();
        for side in [Side::First, Side::Lan] {
            let Some((ethernet, Some(ipv6), frames)) = self.side(side) else { continue };
            if ipv6.run(now, ethernet, frames, &mut events) {
                self.follow_ipv6_addresses();
            }
            let link_local = events.iter().any(|event| matches!(event, Ipv6Event::LinkLocal(_)));
            if link_local && side == Side::First {
                self.report_ipv6_groups(|_| true);
            }
            // Nobody waits for those of the second one.
            if side == Side::First {
                self.ipv6_events.append(&mut events);
            }
        }
    }

    pub(super) fn next_ipv6_timer(&self) -> Option<Instant> {
        let lan = self.lan.as_ref().and_then(|lan| lan.ipv6.as_ref());
        self.ipv6.iter().chain(lan).filter_map(Ipv6::next_timer).min()
    }

    /// Joins an IPv6 group.
    pub(super) fn join_ipv6(&mut self, group: Ipv6Addr) {
        if self.iface.join_multicast_group(group).is_ok() && self.ipv6_groups.insert(group) {
            self.report_ipv6_groups(|own| own == group);
            self.dirty = true;
        }
    }

    /// Leaves an IPv6 group.
    pub(super) fn leave_ipv6(&mut self, group: Ipv6Addr) {
        if self.ipv6_groups.remove(&group) {
            // It was joined, so smoltcp knows it.
            let _ = self.iface.leave_multicast_group(group);
            self.send_membership(group, false);
            self.dirty = true;
        }
    }

    fn report_ipv6_groups(&mut self, wanted: impl Fn(Ipv6Addr) -> bool) {
        let groups: Vec<Ipv6Addr> = self.ipv6_groups.iter().copied().filter(|g| wanted(*g)).collect();
        for group in groups {
            self.send_membership(group, true);
        }
    }

    fn send_membership(&mut self, group: Ipv6Addr, member: bool) {
        // lwIP has no groups on its loopback, and none without an address.
        let Some(own) = self.ipv6_link_local() else { return };
        let to = if member { group } else { icmpv6::ALL_ROUTERS };
        if let Some((ethernet, _, frames)) = self.side(Side::First) {
            ethernet.send_multicast(to.into(), &icmpv6::group_report(own, group, member), frames);
        }
    }
}
