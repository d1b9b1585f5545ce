//! What listens on a host: HTTP, update, time and echo servers, MQTT brokers, and the terminal that a test types at; sans-IO on top
//! of a node's [`Stack`].
//!
//! Each kind is a [`Service`] in a file of its own. The terminal is not: every host has one, and tests give it orders.
//!
//! The owner polls the stack, then the services, and both again while the services say that they moved
//! something. Extra polls change nothing.

mod contract;
pub(super) mod dns;
mod echo;
mod http;
mod mqtt;
mod pages;
mod request;
mod sntp;
mod terminal;
#[cfg(test)]
mod tests;
mod update;
mod websocket;

use super::config::{DnsBehaviour, HttpChange, ServiceConfig, SntpChange, WebSocketChange};
use super::event::HostEvent;
pub use super::event::quoted;
use super::stack::{ListenError, Stack};
use super::types::HostAction;
use crate::time::Instant;
use contract::{Events, Service};
use pages::Site;
pub(super) use terminal::Terminal;

/// Starts the service that `config` names. `epoch`: calendar time of the world's start, in seconds since 1970.
/// `None`: it is a port of the host's terminal.
fn start(
    stack: &mut Stack,
    terminal: &mut Terminal,
    config: &ServiceConfig,
    epoch: u64,
) -> Result<Option<Box<dyn Service>>, ListenError> {
    Ok(Some(match config {
        ServiceConfig::Http { port, pages, shows } => {
            Box::new(http::Server::new(stack, *port, Site::of_pages(pages, shows))?)
        }
        ServiceConfig::Update { port, offer } => {
            Box::new(http::Server::new(stack, *port, Site::Update(offer.clone()))?)
        }
        ServiceConfig::Mqtt(config) => Box::new(mqtt::Server::new(stack, config)?),
        ServiceConfig::WebSocket(config) => Box::new(websocket::Server::new(stack, config)?),
        ServiceConfig::Sntp(config) => Box::new(sntp::Server::new(stack, config, epoch)?),
        ServiceConfig::TcpEcho { port } => Box::new(echo::TcpServer::new(stack, *port)?),
        ServiceConfig::UdpEcho { port } => Box::new(echo::UdpServer::new(stack, *port)?),
        ServiceConfig::Dns(config) => Box::new(dns::HostServer::new(stack, config)?),
        ServiceConfig::TcpTerminal { port } => return terminal.listen_tcp(stack, *port).map(|()| None),
        ServiceConfig::UdpTerminal { port } => return terminal.listen_udp(stack, *port).map(|()| None),
    }))
}

/// The services of one host.
pub struct Services {
    list: Vec<Box<dyn Service>>,
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
            match start(stack, &mut services.terminal, config, epoch) {
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
            service.stop(stack);
        }
        self.terminal.stop(stack);
    }

    /// How the DNS server behaves from now on; `None` when there is none.
    pub(super) fn dns_behaviour(&mut self) -> Option<&mut DnsBehaviour> {
        self.list.iter_mut().find_map(|service| service.dns_behaviour())
    }

    /// Closes each connection of the terminal, of HTTP and update servers and of brokers (FIN): of the terminal when what is
    /// pending has been sent, of a server in the middle of an answer.
    pub(super) fn close(&mut self) {
        let connections: usize = self.list.iter_mut().map(|service| service.close()).sum();
        if connections == 0 || self.terminal.has_connections() {
            self.terminal.close(&mut self.events);
        }
    }

    /// The sentence why the host can't do that now; `None`: it can.
    pub(super) fn cannot(&self, action: &HostAction) -> Option<String> {
        let served = self.list.iter().any(|service| service.has_connections());
        match action {
            HostAction::Send(data) => self.terminal.cannot_send(data),
            HostAction::Close if !served && !self.terminal.has_connections() => {
                Some("it has no connection to close".to_owned())
            }
            HostAction::Reset if !served && !self.terminal.has_connections() => {
                Some("it has no connection to reset".to_owned())
            }
            HostAction::WebSocket(_) => self.list.iter().find_map(|service| service.websocket_cannot(action)),
            HostAction::Mqtt(_) | HostAction::Publish { .. } => {
                self.list.iter().find_map(|service| service.broker_cannot(action))
            }
            // One that listens may be told beforehand.
            HostAction::Pause | HostAction::Resume
                if !self.terminal.listens() && !self.terminal.has_connections() =>
            {
                Some("it has no connection that it could stop reading, and no `tcp-terminal`".to_owned())
            }
            _ => None,
        }
    }

    /// Resets each of them (RST).
    pub(super) fn reset(&mut self, stack: &mut Stack) {
        let connections: usize = self.list.iter_mut().map(|service| service.reset(stack)).sum();
        if connections == 0 || self.terminal.has_connections() {
            self.terminal.reset(stack, &mut self.events);
        }
    }

    /// The HTTP server answers a path in another way from now on. False when there is none.
    pub(super) fn change_http(&mut self, change: &HttpChange) -> bool {
        self.list.iter_mut().fold(false, |any, service| service.change_http(change) | any)
    }

    /// The WebSocket server does something. False when there is none.
    pub(super) fn act_as_websocket(&mut self, change: &WebSocketChange) -> bool {
        self.list.iter_mut().fold(false, |any, service| service.act_as_websocket(change) | any)
    }

    /// The time server answers in another way from now on. False when there is none.
    pub(super) fn change_sntp(&mut self, change: &SntpChange) -> bool {
        self.list.iter_mut().fold(false, |any, service| service.change_sntp(change) | any)
    }

    /// The broker does something. False when there is none.
    pub(super) fn act_as_broker(&mut self, now: Instant, action: &HostAction) -> bool {
        self.list.iter_mut().fold(false, |any, service| service.act_as_broker(now, action) | any)
    }

    /// The terminal, and where it tells what happens.
    pub(super) fn terminal(&mut self) -> (&mut Terminal, &mut Events) {
        (&mut self.terminal, &mut self.events)
    }

    /// Does what there is to do at `now`. True when something was: the stack must be polled again.
    pub fn poll(&mut self, now: Instant, stack: &mut Stack) -> bool {
        let moved = self.terminal.poll(now, stack, &mut self.events);
        let poll = |moved, service: &mut Box<dyn Service>| service.poll(now, stack, &mut self.events) | moved;
        self.list.iter_mut().fold(moved, poll)
    }

    /// When `poll` must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        self.list.iter().filter_map(|service| service.next_timer()).min()
    }

    /// Takes the next thing that a service has to tell, in order.
    pub fn take_event(&mut self) -> Option<HostEvent> {
        self.events.0.pop_front()
    }
}
