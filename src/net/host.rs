//! A host: a stack with services at the end of a link.

use std::sync::Arc;

use super::addr::{self, ETHERNET_HEADER, mac_address};
use super::check::NetError;
use super::config::{HostConfig, NetConfig};
use super::link::Link;
use super::service::Services;
use super::stack::{Connection, Ipv4Config, Ipv6Config, Medium, Secure, Stack, StackConfig};
use super::tls::{self, Clock};
use super::types::{OneAction, Which};
use crate::event::Rank;
use crate::time::{Duration, Instant};

/// TCP buffers of hosts in bytes: a window that does not limit a module.
const TCP_BUFFER: usize = 65_535;

/// How long a server waits for a client that is silent in the handshake, as web servers do for a first request (a guess).
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(60);

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
    /// Its ports with TLS.
    secure: Vec<SecurePort>,
    pub(super) timer: Timer,
}

/// TLS on a port of a host.
struct SecurePort {
    port: u16,
    /// As the scenario has it.
    first: tls::Config,
    /// As it is now.
    config: tls::Config,
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
                Some(_) => Medium::Ethernet { mac: host.mac.unwrap_or_else(|| mac_address(&host.name)) },
                None => Medium::Ip,
            },
            mtu: host.link.up.mtu,
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
        let services = Services::new(&mut stack, host.limits, &host.services, config.epoch)
            .map_err(|e| NetError(format!("a service of host {:?} cannot start: {e}", host.name)))?;
        let mut secure = Vec::new();
        for port in config.tls.iter().filter(|port| port.host == host.name) {
            let tls = port.config.clone();
            let put = stack.port_secure(port.port, &server(&tls, config.epoch));
            secure.push(SecurePort { port: port.port, first: tls.clone(), config: tls });
            if !put {
                let (port, host) = (port.port, &host.name);
                return Err(NetError(format!(
                    "nothing listens on port {port} of host {host:?}, which is to have TLS"
                )));
            }
        }
        for group in &host.groups {
            stack.join_multicast(*group);
        }
        for (port, toxics) in &host.toxics {
            stack.set_toxics(*port, *toxics);
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
            secure,
            timer: Timer::default(),
        })
    }

    /// Its servers' TLS is otherwise from the next session on. `epoch`: calendar time of the world's start. What can't be
    /// changed so stays as it is.
    pub(super) fn change_tls(&mut self, change: tls::Change, epoch: u64) {
        for port in &mut self.secure {
            if let Ok(config) = port.config.changed(&port.first, change) {
                port.config = config;
                self.stack.port_secure(port.port, &server(&port.config, epoch));
            }
        }
    }

    /// Does something with one of its connections, if there is that one.
    pub(super) fn act_on_one(&mut self, which: Which, action: &OneAction) {
        let Some(stream) = self.one(which) else { return };
        let (terminal, events) = self.services.terminal();
        match action {
            OneAction::Send(data) => terminal.send_on(stream, data, events),
            OneAction::Close if terminal.has(stream) => terminal.close_one(stream),
            OneAction::Close => self.stack.stream_close(stream),
            OneAction::Reset if terminal.has(stream) => terminal.reset_one(stream, &mut self.stack, events),
            OneAction::Reset => self.stack.tcp_abort(stream),
            OneAction::HalfOpen => {
                self.stack.forget_connections(|connection| connection == stream);
            }
        }
    }

    /// The sentence why it can't do that now.
    pub(super) fn cannot_act_on_one(&self, which: Which, action: &OneAction) -> Option<String> {
        let Some(stream) = self.one(which) else {
            return Some(match which {
                Which::Peer(peer) => format!("it has no connection with {peer}"),
                Which::Newest | Which::Oldest => "it has no connection".to_owned(),
            });
        };
        let send = matches!(action, OneAction::Send(_));
        (send && !self.services.terminal_has(stream))
            .then(|| "only its terminal sends what a test says".to_owned())
    }

    /// The sentence why its terminal can't listen there.
    pub(super) fn cannot_listen(&self, port: u16, udp: bool) -> Option<String> {
        let taken = if udp { self.stack.udp_listens(port) } else { self.stack.listens(port) };
        let what = if udp { "UDP" } else { "TCP" };
        taken.then(|| format!("something listens on {what} port {port} already"))
    }

    fn one(&self, which: Which) -> Option<Connection> {
        let mut all = self.stack.owned_connections();
        let found = match which {
            Which::Peer(peer) => all.find(|(_, remote)| *remote == peer),
            Which::Oldest => all.next(),
            Which::Newest => all.next_back(),
        };
        found.map(|(stream, _)| stream)
    }

    /// The sentence why no server of it can change so; `None`: one can.
    pub(super) fn cannot_change_tls(&self, change: tls::Change) -> Option<String> {
        if self.secure.is_empty() {
            return Some("none of its services has TLS".to_owned());
        }
        let tried = self.secure.iter().map(|port| port.config.changed(&port.first, change));
        let failed = tried.map(|changed| changed.err()).collect::<Option<Vec<_>>>()?;
        failed.first().map(|_| "its certificate is not one of the project's authority".to_owned())
    }
}

/// A server's TLS on a host that knows the time.
fn server(config: &tls::Config, epoch: u64) -> Secure {
    let clock = Clock { at: Instant::ZERO, shows: epoch };
    let config = tls::Config { patience: config.patience.or(Some(HANDSHAKE_PATIENCE)), ..config.clone() };
    Secure { config: Arc::new(config), clock, most: None }
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
