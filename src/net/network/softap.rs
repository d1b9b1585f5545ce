//! Hosts that leave their LAN for the softAP of a module, and come back.

use std::net::Ipv6Addr;

use super::{Fate, Network, Port, Teller};
use crate::net::addr::Mac;
use crate::net::event::{GuestEvent, HostEvent};
use crate::net::segment::Segment;
use crate::net::stack::Ipv6Config;
use crate::time::Instant;

impl Network {
    /// The MAC address of a host on a LAN; `None` for one beyond the gateway, or when there is none of this name.
    pub fn host_mac(&self, host: &str) -> Option<Mac> {
        let host = self.hosts.iter().find(|h| h.name == host)?;
        host.home.as_ref().and_then(|_| host.stack.mac())
    }

    /// The segment behind a module's softAP: there is one for each, behind those of the access points.
    pub(super) fn softap_segment(&self, module: usize) -> usize {
        self.segments.len() - self.modules.len() + module
    }

    /// The segments behind access points.
    pub(super) fn access_points(&self) -> impl Iterator<Item = &Segment> {
        self.segments[..self.segments.len() - self.modules.len()].iter()
    }

    /// A module's softAP has let a host in: it leaves its LAN, and asks for an address here.
    pub fn softap_admit(&mut self, now: Instant, module: usize, host: &str) {
        // It may still be on another module's, which then only finds it gone.
        let Some(index) = self.hosts.iter().position(|h| h.name == host && h.home.is_some()) else { return };
        let segment = self.softap_segment(module);
        self.plug(now, index, segment);
        let host = &mut self.hosts[index];
        let name = host.name.clone();
        host.stack.dhcp_start(self.now, Some(&name));
        if let Some(home) = &host.ipv6 {
            let link_local = home.addresses.iter().copied().filter(Ipv6Addr::is_unicast_link_local).collect();
            host.stack.set_ipv6(Some(&Ipv6Config { addresses: link_local, gateway: None, ..*home }));
        }
        let module = self.modules[module].link.name().to_owned();
        self.tell(index, GuestEvent::Joined(module));
        self.run_host(index);
    }

    /// A module's softAP has not let a host in.
    pub fn softap_refuse(&mut self, now: Instant, module: usize, host: &str, why: &str) {
        self.now = self.now.max(now);
        if let Some(index) = self.hosts.iter().position(|h| h.name == host) {
            let module = self.modules[module].link.name().to_owned();
            self.tell(index, GuestEvent::NotLetIn { module, why: why.to_owned() });
        }
    }

    /// A host is no longer on a module's softAP: it goes back to its LAN, with the address that it has there.
    pub fn softap_dismiss(&mut self, now: Instant, module: usize, host: &str) {
        let segment = self.softap_segment(module);
        let Some(index) = self.hosts.iter().position(|h| h.name == host && h.segment == Some(segment)) else {
            return;
        };
        let Some((home, config)) = self.hosts[index].home.clone() else { return };
        self.plug(now, index, home);
        let host = &mut self.hosts[index];
        host.stack.set_ipv4(Some(config));
        host.stack.set_ipv6(host.ipv6.as_ref());
        host.stack.announce();
        let module = self.modules[module].link.name().to_owned();
        self.tell(index, GuestEvent::Left(module));
        self.run_host(index);
    }

    /// A host on the softAP of some module goes home without a word.
    pub fn softap_vanish(&mut self, now: Instant, host: &str) {
        let on = self.hosts.iter().find(|h| h.name == host).and_then(|h| h.segment);
        let module = (0..self.modules.len()).find(|module| Some(self.softap_segment(*module)) == on);
        if let Some(module) = module {
            self.softap_dismiss(now, module, host);
        }
    }

    /// A module sends a frame on its softAP interface.
    pub fn send_softap(&mut self, now: Instant, module: usize, frame: Vec<u8>) -> Fate {
        let segment = self.softap_segment(module);
        self.transmit(now, module, segment, frame, 0)
    }

    /// Takes a host from its segment to another one. It has no address there yet, and its connections are gone.
    fn plug(&mut self, now: Instant, index: usize, segment: usize) {
        self.now = self.now.max(now);
        let host = &mut self.hosts[index];
        if let Some(old) = host.segment.replace(segment) {
            self.segments[old].leave(Port::Host(index));
        }
        self.segments[segment].join(Port::Host(index));
        host.stack.set_up(self.now, false);
        host.stack.set_up(self.now, true);
    }

    pub(super) fn tell(&mut self, index: usize, event: GuestEvent) {
        self.events.push_back((self.now, Teller::Host(index), HostEvent::Station(event)));
    }
}
