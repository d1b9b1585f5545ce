//! What listens on a host: HTTP, update, time and echo servers, and the terminal that a test types at; sans-IO on top
//! of a node's [`Stack`].
//!
//! The owner polls the stack, then the services, and both again while the services say that they moved
//! something. Extra polls change nothing.

pub(super) mod dns;
mod echo;
mod http;
mod sntp;
mod terminal;
#[cfg(test)]
mod tests;
mod update;

use std::collections::VecDeque;

use super::config::{DnsBehaviour, ServiceConfig, SntpChange};
use super::dns_server::DnsServer;
use super::event::HostEvent;
pub use super::event::quoted;
use super::stack::{KeepAlive, ListenError, Stack, TcpOptions};
use crate::time::{Duration, Instant};
pub(super) use terminal::Terminal;

/// Connections that wait to be accepted by a service.
const BACKLOG: usize = 16;
/// Connections that a service keeps; the one that was silent longest makes room for another.
const CONNECTIONS: usize = 128;
/// Events that wait to be taken; the oldest goes when another comes.
const EVENTS: usize = 4096;

/// What services have to tell, on its way to the owner.
#[derive(Default)]
pub(super) struct Events(VecDeque<HostEvent>);

impl Events {
    pub(super) fn add(&mut self, event: HostEvent) {
        if self.0.len() == EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }
}

/// What services set on their connections: Linux's keep-alive, and nothing held back.
fn tcp_options() -> TcpOptions {
    let keep_alive =
        KeepAlive { idle: Duration::from_secs(7200), interval: Duration::from_secs(75), count: 9 };
    TcpOptions { keep_alive: Some(keep_alive), nodelay: true, ..TcpOptions::default() }
}

enum Service {
    Http(http::Server),
    TcpEcho(echo::TcpServer),
    UdpEcho(echo::UdpServer),
    Dns(dns::Server, DnsServer),
    Sntp(sntp::Server),
}

/// The services of one host.
pub struct Services {
    list: Vec<Service>,
    /// Every host has one; it listens only where it is told to.
    terminal: Terminal,
    events: Events,
}

impl Services {
    /// Starts what `configs` name. `epoch`: calendar time of the world's start, in seconds since 1970.
    ///
    /// # Errors
    /// A port is 0 or named twice; nothing is started then.
    pub fn new(stack: &mut Stack, configs: &[ServiceConfig], epoch: u64) -> Result<Services, ListenError> {
        let mut services =
            Services { list: Vec::new(), terminal: Terminal::default(), events: Events::default() };
        for config in configs {
            let service = match config {
                ServiceConfig::TcpTerminal { port } => {
                    services.terminal.listen_tcp(stack, *port).map(|()| None)
                }
                ServiceConfig::UdpTerminal { port } => {
                    services.terminal.listen_udp(stack, *port).map(|()| None)
                }
                ServiceConfig::Http { port, pages } => {
                    let site = http::Site::Pages(pages.clone());
                    http::Server::new(stack, *port, site).map(|s| Some(Service::Http(s)))
                }
                ServiceConfig::Update { port, offer } => {
                    let site = http::Site::Update(offer.clone());
                    http::Server::new(stack, *port, site).map(|s| Some(Service::Http(s)))
                }
                ServiceConfig::Sntp(config) => {
                    sntp::Server::new(stack, config, epoch).map(|s| Some(Service::Sntp(s)))
                }
                ServiceConfig::TcpEcho { port } => {
                    echo::TcpServer::new(stack, *port).map(|s| Some(Service::TcpEcho(s)))
                }
                ServiceConfig::UdpEcho { port } => {
                    echo::UdpServer::new(stack, *port).map(|s| Some(Service::UdpEcho(s)))
                }
                ServiceConfig::Dns(config) => {
                    dns::Server::new(stack).map(|s| Some(Service::Dns(s, DnsServer::new(config))))
                }
            };
            match service {
                Ok(service) => services.list.extend(service),
                Err(error) => {
                    services.stop(stack);
                    return Err(error);
                }
            }
        }
        Ok(services)
    }

    /// Closes every port. Connections that are open end in good order.
    pub fn stop(self, stack: &mut Stack) {
        for service in self.list {
            match service {
                Service::Http(s) => s.stop(stack),
                Service::TcpEcho(s) => s.stop(stack),
                Service::UdpEcho(s) => s.stop(stack),
                Service::Dns(s, _) => s.stop(stack),
                Service::Sntp(s) => s.stop(stack),
            }
        }
        self.terminal.stop(stack);
    }

    /// How the DNS server behaves from now on; `None` when there is none.
    pub(super) fn dns_behaviour(&mut self) -> Option<&mut DnsBehaviour> {
        self.list.iter_mut().find_map(|service| match service {
            Service::Dns(_, dns) => Some(&mut dns.behaviour),
            _ => None,
        })
    }

    /// Closes each connection of the terminal and of HTTP and update servers (FIN): of the terminal when what is
    /// pending has been sent, of a server in the middle of an answer.
    pub(super) fn close(&mut self) {
        let connections: usize = self.http().map(http::Server::close).sum();
        if connections == 0 || self.terminal.has_connections() {
            self.terminal.close(&mut self.events);
        }
    }

    /// Resets each of them (RST).
    pub(super) fn reset(&mut self, stack: &mut Stack) {
        let connections: usize = self.http().map(|server| server.reset(stack)).sum();
        if connections == 0 || self.terminal.has_connections() {
            self.terminal.reset(stack, &mut self.events);
        }
    }

    /// The time server answers in another way from now on. False when there is none.
    pub(super) fn change_sntp(&mut self, change: &SntpChange) -> bool {
        let servers = self.list.iter_mut().filter_map(|service| match service {
            Service::Sntp(server) => Some(server),
            _ => None,
        });
        servers.map(|server| server.change(change)).count() > 0
    }

    fn http(&mut self) -> impl Iterator<Item = &mut http::Server> {
        self.list.iter_mut().filter_map(|service| match service {
            Service::Http(server) => Some(server),
            _ => None,
        })
    }

    /// The terminal, and where it tells what happens.
    pub(super) fn terminal(&mut self) -> (&mut Terminal, &mut Events) {
        (&mut self.terminal, &mut self.events)
    }

    /// Does what there is to do at `now`. True when something was: the stack must be polled again.
    pub fn poll(&mut self, now: Instant, stack: &mut Stack) -> bool {
        let moved = self.terminal.poll(now, stack, &mut self.events);
        self.list.iter_mut().fold(moved, |moved, service| {
            let more = match service {
                Service::Http(s) => s.poll(now, stack, &mut self.events),
                Service::TcpEcho(s) => s.poll(now, stack, &mut self.events),
                Service::UdpEcho(s) => s.poll(stack, &mut self.events),
                Service::Dns(s, dns) => s.poll(now, stack, dns, Some(&mut self.events)),
                Service::Sntp(s) => s.poll(now, stack, &mut self.events),
            };
            moved | more
        })
    }

    /// When `poll` must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        let timers = self.list.iter().filter_map(|service| match service {
            Service::Http(s) => s.next_timer(),
            Service::Dns(s, _) => s.next_timer(),
            Service::TcpEcho(_) | Service::UdpEcho(_) | Service::Sntp(_) => None,
        });
        timers.min()
    }

    /// Takes the next thing that a service has to tell, in order.
    pub fn take_event(&mut self) -> Option<HostEvent> {
        self.events.0.pop_front()
    }
}
