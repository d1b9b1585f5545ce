//! What happens because a test says so: access points go, servers fail, hosts act; and where hosts find a module.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::{HostAction, HostTls, Network, Peer, Port};
use crate::net::addr::Mac;
use crate::net::config::{DhcpAnswers, DnsBehaviour, GATEWAY};
use crate::net::event::{HostEvent, TcpEvent, UdpEvent};
use crate::net::packet;
use crate::net::stack::Secure;
use crate::net::tls::{self, Clock};
use crate::time::Instant;

/// What a host dials with.
fn secure(tls: HostTls, epoch: u64) -> Option<Secure> {
    let identity = match tls {
        HostTls::None => return None,
        HostTls::Anonymous => None,
        HostTls::Certificate => Some(tls::client_identity()),
    };
    let config = tls::Config { identity, ..tls::Config::default() };
    let clock = Clock { at: Instant::ZERO, shows: epoch };
    Some(Secure { config: Arc::new(config), clock, most: None })
}

/// A module's station, from the frames that it sent since it joined.
pub(super) struct Station {
    mac: Mac,
    /// The last address that it used.
    address: Option<Ipv4Addr>,
}

impl Network {
    /// A host does something at `now`. What comes of it are events, failures too. False when there is no host
    /// of this name, or it lacks the service that is to change.
    pub fn act(&mut self, now: Instant, host: &str, action: &HostAction) -> bool {
        let Some(index) = self.hosts.iter().position(|h| h.name == host) else {
            return false;
        };
        self.now = self.now.max(now);
        // What it starts goes there.
        let far_end = |to: &Peer, port: u16| self.resolve(index, to).map(|ip| SocketAddr::new(ip, port));
        match action {
            // The module's business.
            HostAction::Join(_) | HostAction::Leave => return true,
            HostAction::Vanish => {
                let host = self.hosts[index].name.clone();
                self.softap_vanish(now, &host);
                return true;
            }
            HostAction::Connect { to, port, tls } => {
                let (to, secure) = (far_end(to, *port), secure(*tls, self.epoch));
                let host = &mut self.hosts[index];
                let (terminal, events) = host.services.terminal();
                match to {
                    Ok(to) => terminal.connect(self.now, to, secure.as_ref(), &mut host.stack, events),
                    Err(why) => {
                        events.add(HostEvent::TcpTerminal(TcpEvent::NotConnected { peer: None, why }));
                    }
                }
            }
            HostAction::Datagram { to, port, data } => {
                let to = far_end(to, *port);
                let host = &mut self.hosts[index];
                let (terminal, events) = host.services.terminal();
                match to {
                    Ok(to) => terminal.send_datagram(to, data, &mut host.stack, events),
                    Err(why) => events.add(HostEvent::UdpTerminal(UdpEvent::NotSent { peer: None, why })),
                }
            }
            HostAction::Send(data) => {
                let (terminal, events) = self.hosts[index].services.terminal();
                terminal.send(data, events);
            }
            HostAction::Pause => self.hosts[index].services.terminal().0.set_paused(true),
            HostAction::Resume => self.hosts[index].services.terminal().0.set_paused(false),
            HostAction::Close => self.hosts[index].services.close(),
            HostAction::Reset => {
                let host = &mut self.hosts[index];
                host.services.reset(&mut host.stack);
            }
            HostAction::Sntp(change) => {
                if !self.hosts[index].services.change_sntp(change) {
                    return false;
                }
            }
            HostAction::Http(change) => {
                if !self.hosts[index].services.change_http(change) {
                    return false;
                }
            }
            HostAction::WebSocket(change) => {
                if !self.hosts[index].services.act_as_websocket(change) {
                    return false;
                }
            }
            HostAction::Mqtt(_) | HostAction::Publish { .. } => {
                if !self.hosts[index].services.act_as_broker(self.now, action) {
                    return false;
                }
            }
            HostAction::Tls(change) => self.hosts[index].change_tls(*change, self.epoch),
            HostAction::Update(answers) => {
                if !self.hosts[index].services.change_update(*answers) {
                    return false;
                }
            }
            HostAction::External { port, number, input } => {
                self.hosts[index].services.external(*port, *number, input);
            }
            HostAction::HalfOpen => {
                self.hosts[index].stack.forget_connections(|_| true);
            }
            HostAction::One(which, action) => self.hosts[index].act_on_one(*which, action),
            HostAction::Listen { port, udp } => {
                let host = &mut self.hosts[index];
                host.services.listen(&mut host.stack, *port, *udp);
            }
            HostAction::Unlisten { port, udp } => {
                let host = &mut self.hosts[index];
                host.services.unlisten(&mut host.stack, *port, *udp);
            }
            HostAction::Group { group, join: true } => self.hosts[index].stack.join_multicast(*group),
            HostAction::Group { group, join: false } => self.hosts[index].stack.leave_multicast(*group),
            HostAction::Toxics { port, change } => {
                let stack = &mut self.hosts[index].stack;
                let mut toxics = stack.toxics(*port);
                change.apply(&mut toxics);
                stack.set_toxics(*port, toxics);
            }
            HostAction::Alert(alert) => {
                self.hosts[index].stack.alert_sessions(*alert);
            }
            HostAction::Cut => {
                self.hosts[index].stack.cut_sessions();
            }
        }
        self.run_host(index);
        true
    }

    /// The sentence why a host can't do something now, such as send where nobody is connected; `None`: it can.
    pub fn cannot_act(&self, host: &str, action: &HostAction) -> Option<String> {
        let index = self.hosts.iter().position(|h| h.name == host)?;
        match action {
            HostAction::Connect { to, .. } | HostAction::Datagram { to, .. } => self.resolve(index, to).err(),
            HostAction::Tls(change) => self.hosts[index].cannot_change_tls(*change),
            HostAction::Alert(_) | HostAction::Cut => {
                let open = self.hosts[index].stack.has_sessions();
                (!open).then(|| "it has no TLS session".to_owned())
            }
            HostAction::Vanish => {
                let host = &self.hosts[index];
                let away = host.home.as_ref().is_some_and(|(home, _)| host.segment != Some(*home));
                (!away).then(|| "it is on no module's softAP".to_owned())
            }
            HostAction::HalfOpen => {
                let any = self.hosts[index].stack.owned_connections().next().is_some();
                (!any).then(|| "it has no connection to forget".to_owned())
            }
            HostAction::One(which, action) => self.hosts[index].cannot_act_on_one(*which, action),
            HostAction::Listen { port, udp } => self.hosts[index].cannot_listen(*port, *udp),
            HostAction::Unlisten { port, udp } => {
                let listens = self.hosts[index].services.listens_at(&self.hosts[index].stack, *port, *udp);
                let what = if *udp { "UDP" } else { "TCP" };
                (!listens).then(|| format!("its terminal does not listen on {what} port {port}"))
            }
            HostAction::Toxics { port: Some(port), .. } => {
                let listens = self.hosts[index].stack.listens(*port);
                (!listens).then(|| format!("nothing listens on TCP port {port}"))
            }
            _ => self.hosts[index].services.cannot(action),
        }
    }

    /// Turns a segment's switch on or off. Frames on their way to it are lost while it is off; its stations
    /// stay joined until they leave.
    pub fn set_segment_up(&mut self, now: Instant, segment: &str, up: bool) {
        self.now = self.now.max(now);
        let aps = self.segments.len() - self.modules.len();
        if let Some(segment) = self.segments[..aps].iter_mut().find(|s| s.name() == segment) {
            segment.set_up(up);
        }
    }

    /// How strong the access point of this segment is heard, in dBm: by this module, or by those of which nothing else is
    /// said. `None` when there is none.
    pub fn rssi(&self, segment: &str, module: Option<usize>) -> Option<i8> {
        let index = self.access_points().position(|s| s.name() == segment)?;
        Some(module.map_or(self.segments[index].rssi, |module| self.strength(index, module)))
    }

    /// Changes that.
    pub fn set_rssi(&mut self, segment: &str, module: Option<usize>, dbm: i8) {
        let Some(index) = self.access_points().position(|s| s.name() == segment) else { return };
        match module.and_then(|module| self.modules.get_mut(module)) {
            Some(module) => {
                module.heard.insert(index, dbm);
            }
            None => self.segments[index].rssi = dbm,
        }
    }

    /// Every module hears the access point of this segment as the others do.
    pub fn hear_alike(&mut self, segment: &str) {
        let index = self.access_points().position(|s| s.name() == segment);
        for module in &mut self.modules {
            index.map(|index| module.heard.remove(&index));
        }
    }

    /// How strong a module hears an access point, dBm.
    pub(super) fn strength(&self, segment: usize, module: usize) -> i8 {
        let own = self.modules.get(module).and_then(|module| module.heard.get(&segment));
        own.copied().unwrap_or(self.segments[segment].rssi)
    }

    /// Cuts the gateway's way from this segment to everything else, or opens it.
    pub fn set_uplink(&mut self, now: Instant, segment: &str, up: bool) {
        self.now = self.now.max(now);
        let index = self.access_points().position(|s| s.name() == segment);
        if let Some(index) = index {
            self.gateway.set_uplink(index, up);
        }
    }

    /// Makes the gateway a captive portal on this segment, or a router again.
    pub fn set_captive(&mut self, now: Instant, segment: &str, captive: bool) {
        self.now = self.now.max(now);
        let index = self.access_points().position(|s| s.name() == segment);
        if let Some(index) = index {
            self.gateway.set_captive(self.now, index, captive);
            self.run_gateway();
        }
    }

    /// What the DHCP server on this segment answers; it may be changed. `None` when there is no such segment.
    pub fn dhcp_answers(&mut self, segment: &str) -> Option<&mut DhcpAnswers> {
        let index = self.access_points().position(|s| s.name() == segment)?;
        self.gateway.dhcp_answers(index)
    }

    /// The TCP connections of this host that are its services' or were dialled by it, the oldest first: its own port, and the
    /// other end.
    pub fn connections(&self, host: &str) -> Vec<(u16, SocketAddr)> {
        let host = self.hosts.iter().find(|h| h.name == host);
        host.map_or_else(Vec::new, |host| host.stack.owned_ends().collect())
    }

    /// How the DNS server of this host, or of the `gateway`, behaves; it may be changed. `None` when there is no
    /// such server.
    pub fn dns_behaviour(&mut self, node: &str) -> Option<&mut DnsBehaviour> {
        if node == GATEWAY {
            return Some(self.gateway.dns_behaviour());
        }
        self.hosts.iter_mut().find(|h| h.name == node)?.services.dns_behaviour()
    }

    fn resolve(&self, host: usize, peer: &Peer) -> Result<IpAddr, String> {
        match peer {
            Peer::Address(address) => Ok(*address),
            Peer::Module(name) => {
                let address = self.module_address(host, name).map(IpAddr::V4);
                address.ok_or_else(|| format!("module '{name}' has no address now"))
            }
        }
    }

    /// The present address of a module's station: the one that it used last, or else the one that DHCP has
    /// leased to it. For a host on its softAP, that of its softAP.
    fn module_address(&self, host: usize, name: &str) -> Option<Ipv4Addr> {
        let index = self.modules.iter().position(|m| m.link.name() == name)?;
        let module = &self.modules[index];
        if self.hosts[host].segment == Some(self.softap_segment(index)) {
            return module.softap_address;
        }
        let (segment, station) = (module.member?, module.station.as_ref()?);
        station.address.or_else(|| self.gateway.leased(self.now, segment, station.mac))
    }

    /// A frame comes to a segment's switch: if a station there sent it, it shows the station's addresses.
    pub(super) fn notice(&mut self, segment: usize, from: Port, frame: &[u8]) {
        let Port::Module(module) = from else { return };
        if segment == self.softap_segment(module) {
            if let Some((_, Some(address))) = packet::sender(frame) {
                self.modules[module].softap_address = Some(address);
            }
            return;
        }
        let Some(module) = self.modules.get_mut(module).filter(|m| m.member == Some(segment)) else { return };
        let Some((mac, address)) = packet::sender(frame) else { return };
        let known = module.station.as_ref().filter(|s| s.mac == mac).and_then(|s| s.address);
        module.station = Some(Station { mac, address: address.or(known) });
    }
}
