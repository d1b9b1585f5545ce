//! A host: a stack with services at the end of a link.

use std::sync::Arc;

use super::addr::{self, ETHERNET_HEADER, mac_address};
use super::check::NetError;
use super::config::{HostConfig, NetConfig};
use super::link::Link;
use super::service::Services;
use super::stack::{Ipv4Config, Ipv6Config, Medium, Secure, Stack, StackConfig};
use super::tls::Clock;
use crate::event::Rank;
use crate::time::Instant;

/// TCP buffers of hosts in bytes: a window that does not limit a module.
const TCP_BUFFER: usize = 65_535;

/// One host.
pub(super) struct Host {
    pub(super) name: String,
    pub(super) rank: Rank,
    /// Where it is now. `None`: beyond the gateway.
    pub(super) segment: Option<usize>,
    /// The LAN that it belongs to, and its address there; `None` beyond the gateway.
    pub(super) home: Option<(usize, Ipv4Config)>,
    /// Its IPv6 addresses where it belongs; `None`: it speaks IPv4 only.
    pub(super) ipv6: Option<Ipv6Config>,
    pub(super) link: Link,
    pub(super) stack: Stack,
    pub(super) services: Services,
    pub(super) timer: Timer,
}

/// The earliest event that is filed for a node's timers. It may come too early, which does no harm: the node
/// is asked again then.
#[derive(Default)]
pub(super) struct Timer(Option<Instant>);

impl Host {
    /// The host that `host` describes. `segment`: index of the one it is on.
    pub(super) fn new(
        host: &HostConfig,
        config: &NetConfig,
        segment: Option<usize>,
        rank: Rank,
        seed: u64,
    ) -> Result<Host, NetError> {
        let on = segment.map(|s| &config.segments[s]);
        let mut stack = Stack::new(&StackConfig {
            name: host.name.clone(),
            seed,
            medium: match on {
                Some(_) => Medium::Ethernet { mac: mac_address(&host.name) },
                None => Medium::Ip,
            },
            mtu: host.link.mtu,
            tcp_rx: TCP_BUFFER,
            tcp_tx: TCP_BUFFER,
        });
        let ipv4 = Ipv4Config {
            address: host.address,
            // Beyond the gateway a link has two ends: everybody is at the other one.
            prefix_len: on.map_or(0, |s| s.prefix_len),
            gateway: on.map(|s| s.gateway),
            dns: on.map(|s| s.gateway).into_iter().collect(),
            server: None,
            lease: None,
        };
        stack.set_ipv4(Some(ipv4.clone()));
        let ipv6 = host.address6.map(|address| Ipv6Config {
            addresses: stack.mac().map(addr::link_local).into_iter().chain([address]).collect(),
            prefix_len: 64,
            gateway: on.and_then(|s| s.ipv6).map(addr::gateway_in),
        });
        stack.set_ipv6(ipv6.as_ref());
        let services = Services::new(&mut stack, &host.services, config.epoch)
            .map_err(|e| NetError(format!("a service of host {:?} cannot start: {e}", host.name)))?;
        for port in config.tls.iter().filter(|port| port.host == host.name) {
            let clock = Clock { at: Instant::ZERO, shows: config.epoch };
            let secure = Secure { config: Arc::new(port.config.clone()), clock, most: None };
            if !stack.port_secure(port.port, &secure) {
                let (port, host) = (port.port, &host.name);
                return Err(NetError(format!(
                    "nothing listens on port {port} of host {host:?}, which is to have TLS"
                )));
            }
        }
        let header = if on.is_some() { ETHERNET_HEADER } else { 0 };
        Ok(Host {
            name: host.name.clone(),
            rank,
            segment,
            home: segment.map(|s| (s, ipv4)),
            ipv6,
            link: Link::new(&host.name, seed, host.link.clone(), header),
            stack,
            services,
            timer: Timer::default(),
        })
    }
}

impl Timer {
    /// A node wants to be woken at `next`. Returns when to file an event, if the one that is filed comes too
    /// late.
    pub(super) fn file(&mut self, next: Option<Instant>) -> Option<Instant> {
        let next = next?;
        if self.0.is_some_and(|filed| filed <= next) {
            return None;
        }
        self.0 = Some(next);
        self.0
    }

    /// The event of `time` is here. False when an earlier one has taken its place.
    pub(super) fn fires(&mut self, time: Instant) -> bool {
        if self.0.is_some_and(|filed| filed <= time) {
            self.0 = None;
            return true;
        }
        false
    }
}
