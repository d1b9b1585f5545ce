//! A node's addresses: the interface's state, static configuration, and what the DHCP client asks for.

use std::net::{IpAddr, Ipv4Addr};

use smoltcp::wire::{DHCP_CLIENT_PORT, DHCP_SERVER_PORT, IpCidr, Ipv4Cidr, Ipv6Cidr};

use super::dhcp::{Action, Client};
use super::ethernet::Ethernet;
use super::ipv6::Side;
use super::{CloseReason, DhcpEvent, Ipv4Config, Stack, is_unicast, packet};
use crate::rng::Stream;
use crate::time::Instant;

impl Stack {
    /// Takes the interface up or down. A new stack is up.
    ///
    /// Down: the addresses are dropped, the DHCP client stops, TCP connections are
    /// `Closed(`[`Unreachable`](CloseReason::Unreachable)`)` without a frame, DNS questions and pings fail,
    /// frames that have arrived are thrown away. Listeners, UDP sockets and group memberships stay.
    pub fn set_up(&mut self, now: Instant, up: bool) {
        self.up = up;
        self.now = self.now.max(now);
        if up {
            return self.start_ipv6(Side::First);
        }
        self.dhcp_stop();
        self.set_ipv4(None);
        self.stop_ipv6(Side::First);
        self.fail_pings();
        self.fail_questions();
        self.received.clear();
        self.outbox.clear();
        self.looped.clear();
        self.dirty = true;
    }

    /// True while the interface is up.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Gives the node another Ethernet address, and lets it forget its neighbours. Nothing happens on a
    /// point-to-point link. Only while the interface is down: a DHCP client goes on with the old one.
    pub fn set_mac(&mut self, mac: [u8; 6]) {
        if self.ethernet.is_some() {
            self.ethernet = Some(Ethernet::new(mac));
        }
    }

    /// Starts the DHCP client over, which asks for an address with the next poll. `hostname` is sent to the
    /// server. Nothing happens on a point-to-point link.
    pub fn dhcp_start(&mut self, now: Instant, hostname: Option<&str>) {
        self.dhcp_stop();
        let Some(mac) = self.mac() else { return };
        let stream = || Stream::new(self.seed, &format!("node/{}/dhcp", self.name));
        let random = self.dhcp_random.take().unwrap_or_else(stream);
        self.dhcp = Some(Client::new(now, mac, self.mtu, hostname, random));
        self.dirty = true;
    }

    /// Stops the DHCP client. An address that it leased is dropped, without a word to the server.
    pub fn dhcp_stop(&mut self) {
        let Some(client) = self.dhcp.take() else { return };
        self.dhcp_random = Some(client.into_stream());
        self.dhcp_events.clear();
        if self.ipv4.as_ref().is_some_and(|c| c.server.is_some()) {
            self.set_ipv4(None);
        }
    }

    /// Gives the address that the DHCP client has leased back to the server, and stops the client.
    pub fn dhcp_release(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if let Some(Action::Send { source, to, message }) = self.dhcp.as_ref().and_then(Client::release) {
            let ident = self.next_ident();
            let packet = packet::udp(
                (source.into(), DHCP_CLIENT_PORT),
                (to.into(), DHCP_SERVER_PORT),
                ident,
                &message,
            );
            // At once: the address is gone with the next poll.
            self.route(packet);
        }
        self.dhcp_stop();
    }

    /// Takes the next thing that the DHCP client has to say.
    pub fn take_dhcp_event(&mut self) -> Option<DhcpEvent> {
        self.dhcp_events.pop_front()
    }

    /// Sets or drops the address. The DNS servers become those of the configuration. TCP connections of
    /// another address are `Closed(`[`Unreachable`](CloseReason::Unreachable)`)` without a frame. An address
    /// that is not unicast counts as none.
    pub fn set_ipv4(&mut self, config: Option<Ipv4Config>) {
        let mut config = config.filter(|c| is_unicast(c.address));
        if let Some(config) = &mut config {
            config.prefix_len = config.prefix_len.min(32);
        }
        let address = config.as_ref().map(|c| c.address);
        let network = |c: &Option<Ipv4Config>| c.as_ref().map(|c| (c.address, c.prefix_len));
        let renewed = network(&config) == network(&self.ipv4);
        let moved = self.ipv4.as_ref().map(|c| c.address) != address;
        if !self.pinned_dns {
            self.dns_servers = config.iter().flat_map(|c| &c.dns).copied().map(IpAddr::V4).collect();
        }
        self.ipv4 = config;
        if !renewed {
            self.list_addresses();
            if let Some(ethernet) = &mut self.ethernet {
                ethernet.forget(IpAddr::is_ipv4);
            }
        }
        self.dirty = true;
        if moved {
            let kept = [address, self.lan_address()].map(|a| a.map(IpAddr::V4));
            let gone = |local: IpAddr| local.is_ipv4() && !kept.contains(&Some(local));
            self.fail_connections(gone, CloseReason::Unreachable);
            self.report_groups(|_| true);
        }
    }

    /// Tells smoltcp the node's addresses.
    pub(super) fn list_addresses(&mut self) {
        let station = self.ipv4.as_ref().map(|c| Ipv4Cidr::new(c.address, c.prefix_len));
        let lan = self.lan.as_ref().map(|lan| Ipv4Cidr::new(lan.address, lan.prefix_len));
        // What they are in the network of decides nothing here.
        let ipv6: Vec<IpCidr> = self.ipv6_addresses().map(|a| IpCidr::Ipv6(Ipv6Cidr::new(a, 128))).collect();
        self.iface.update_ip_addrs(|list| {
            list.clear();
            for address in [station, lan].into_iter().flatten().map(IpCidr::Ipv4).chain(ipv6) {
                // The list was just emptied, and there is room for all that a node can have.
                let _ = list.push(address);
            }
        });
    }

    /// The address in use.
    pub fn ipv4(&self) -> Option<&Ipv4Config> {
        self.ipv4.as_ref()
    }

    /// Sets the DNS servers until the next [`set_ipv4`](Self::set_ipv4) or new lease. Questions that are
    /// under way go on with those they started with.
    pub fn set_dns(&mut self, servers: &[IpAddr]) {
        self.dns_servers = servers.to_vec();
    }

    /// Sets DNS servers that stay whatever an address or a lease brings. `None`: those in use until the next one.
    pub fn pin_dns(&mut self, servers: Option<Vec<IpAddr>>) {
        if let Some(servers) = &servers {
            self.dns_servers.clone_from(servers);
        }
        self.pinned_dns = servers.is_some();
    }

    /// The DNS servers in use, in the order in which they are asked.
    pub fn dns(&self) -> &[IpAddr] {
        &self.dns_servers
    }

    /// Sends a gratuitous ARP request for the node's address with the next poll, as lwIP does for a new
    /// address. After a DHCP lease the stack does it by itself.
    pub fn announce(&mut self) {
        if let (Some(ethernet), Some(config), true) = (&self.ethernet, &self.ipv4, self.up) {
            self.frames.push_back(ethernet.request(config.address, config.address));
        }
    }

    /// Joins a multicast group: datagrams sent to it are received. Other addresses are ignored.
    pub fn join_multicast(&mut self, group: IpAddr) {
        match group {
            IpAddr::V4(group) if self.iface.join_multicast_group(group).is_ok() => {
                self.groups.insert(group);
                self.dirty = true;
            }
            IpAddr::V4(_) => {}
            IpAddr::V6(group) => self.join_ipv6(group),
        }
    }

    /// Leaves a multicast group.
    pub fn leave_multicast(&mut self, group: IpAddr) {
        match group {
            IpAddr::V4(group) if self.groups.remove(&group) => {
                // It was joined, so smoltcp knows it.
                let _ = self.iface.leave_multicast_group(group);
                self.dirty = true;
            }
            IpAddr::V4(_) => {}
            IpAddr::V6(group) => self.leave_ipv6(group),
        }
    }

    pub(super) fn run_dhcp(&mut self) -> bool {
        let Some(action) = self.dhcp.as_mut().and_then(|c| c.run(self.now)) else { return false };
        self.act(action);
        true
    }

    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Send { source, to, message } => {
                let ident = self.next_ident();
                let (from, to) = ((source, DHCP_CLIENT_PORT), (to, DHCP_SERVER_PORT));
                let with_port = |(address, port): (Ipv4Addr, u16)| (IpAddr::V4(address), port);
                self.outbox.push_back(packet::udp(with_port(from), with_port(to), ident, &message));
            }
            Action::Bind(config) => {
                self.set_ipv4(Some(config.clone()));
                self.announce();
                self.dhcp_events.push_back(DhcpEvent::Bound(config));
            }
            Action::Drop => {
                self.set_ipv4(None);
                self.dhcp_events.push_back(DhcpEvent::Lost);
            }
        }
    }

    /// The node's address, when it can send.
    pub(super) fn own_address(&self) -> Option<Ipv4Addr> {
        self.ipv4.as_ref().filter(|_| self.up).map(|c| c.address)
    }
}
