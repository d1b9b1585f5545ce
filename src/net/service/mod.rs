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
mod external;
mod http;
mod load;
mod mqtt;
mod pages;
mod request;
mod script;
mod sntp;
mod terminal;
#[cfg(test)]
mod tests;
mod update;
mod websocket;

use std::net::Ipv4Addr;

use super::config::{
    ConnectionLimits, DnsBehaviour, HttpChange, ServiceConfig, SntpChange, UpdateAnswers, WebSocketChange,
};
use super::event::HostEvent;
pub use super::event::quoted;
use super::stack::{self, ListenError, Stack};
use super::types::{ExternalInput, ExternalOutput, HostAction};
use crate::time::Instant;
use contract::{Events, Service};
use pages::Site;
pub(super) use terminal::Terminal;

/// Starts the service that `config` names. `epoch`: calendar time of the world's start, in seconds since 1970.
/// `None`: it is a port of the host's terminal.
fn start(
    stack: &mut Stack,
    terminal: &mut Terminal,
    limits: ConnectionLimits,
    config: &ServiceConfig,
    epoch: u64,
) -> Result<Option<Box<dyn Service>>, ListenError> {
    Ok(Some(match config {
        ServiceConfig::Http { port, pages, shows } => {
            Box::new(http::Server::new(stack, limits, *port, Site::of_pages(pages, shows))?)
        }
        ServiceConfig::Update { port, offer } => {
            Box::new(http::Server::new(stack, limits, *port, Site::Update(offer.clone()))?)
        }
        ServiceConfig::Mqtt(config) => Box::new(mqtt::Server::new(stack, limits, config)?),
        ServiceConfig::WebSocket(config) => Box::new(websocket::Server::new(stack, limits, config)?),
        ServiceConfig::Sntp(config) => Box::new(sntp::Server::new(stack, config, epoch)?),
        ServiceConfig::TcpEcho { port } => Box::new(echo::TcpServer::new(stack, limits, *port)?),
        ServiceConfig::UdpEcho { port } => Box::new(echo::UdpServer::new(stack, *port)?),
        ServiceConfig::Discard { port } => Box::new(load::Server::new(stack, limits, *port, None)?),
        ServiceConfig::Source { port, source } => {
            Box::new(load::Server::new(stack, limits, *port, Some(*source))?)
        }
        ServiceConfig::External { port, to } => Box::new(external::Server::new(stack, limits, *port, to)?),
        ServiceConfig::Script { port, steps } => Box::new(script::Server::new(stack, limits, *port, steps)?),
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
    /// Starts what `configs` name, each with these limits. `epoch`: calendar time of the world's start, in seconds since 1970.
    ///
    /// # Errors
    /// A port is 0 or named twice; nothing is started then.
    pub fn new(
        stack: &mut Stack,
        limits: ConnectionLimits,
        configs: &[ServiceConfig],
        epoch: u64,
    ) -> Result<Services, ListenError> {
        let terminal = Terminal::new(limits);
        let mut services = Services { list: Vec::new(), terminal, events: Events::default() };
        for config in configs {
            match start(stack, &mut services.terminal, limits, config, epoch) {
                Ok(service) => services.list.extend(service),
                Err(error) => {
                    services.stop(stack);
                    return Err(error);
                }
            }
        }
        Ok(services)
    }

    /// A captive portal at this address: an HTTP server that sends everybody to its own page.
    ///
    /// # Errors
    /// Port 80 is taken.
    pub fn portal(stack: &mut Stack, address: Ipv4Addr) -> Result<Services, ListenError> {
        let site = Site::Portal(format!("http://{address}{}", pages::LOGIN));
        let server = http::Server::new(stack, ConnectionLimits::default(), 80, site)?;
        Ok(Services {
            list: vec![Box::new(server)],
            terminal: Terminal::default(),
            events: Events::default(),
        })
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

    /// Closes each connection of the terminal, of HTTP, update and WebSocket servers and of brokers (FIN): of the terminal when
    /// what is pending has been sent, of a server in the middle of an answer.
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

    /// A real program does something on a connection that leads to it.
    pub(super) fn external(&mut self, port: u16, number: u32, input: &ExternalInput) {
        for service in &mut self.list {
            if service.external(port, number, input, &mut self.events) {
                return;
            }
        }
    }

    /// How many bytes a real program may send on a connection that leads to it: none where there is no such connection.
    pub(super) fn external_room(&self, port: u16, number: u32) -> usize {
        self.list.iter().find_map(|service| service.external_room(port, number)).unwrap_or_default()
    }

    /// What a real program is to be told next.
    pub(super) fn take_external(&mut self) -> Option<(u16, u32, ExternalOutput)> {
        self.list.iter_mut().find_map(|service| service.take_external())
    }

    /// The update server hands out other files from now on. False when there is none.
    pub(super) fn change_update(&mut self, answers: UpdateAnswers) -> bool {
        self.list.iter_mut().fold(false, |any, service| service.change_update(answers) | any)
    }

    /// The terminal listens on one more port. Where something listens already nothing happens.
    pub(super) fn listen(&mut self, stack: &mut Stack, port: u16, udp: bool) {
        let _ =
            if udp { self.terminal.listen_udp(stack, port) } else { self.terminal.listen_tcp(stack, port) };
    }

    /// The terminal does not listen on a port any more.
    pub(super) fn unlisten(&mut self, stack: &mut Stack, port: u16, udp: bool) {
        self.terminal.unlisten(stack, port, udp);
    }

    /// Whether the terminal listens on a port.
    pub(super) fn listens_at(&self, stack: &Stack, port: u16, udp: bool) -> bool {
        self.terminal.listens_at(stack, port, udp)
    }

    /// Whether a connection is the terminal's.
    pub(super) fn terminal_has(&self, stream: stack::Connection) -> bool {
        self.terminal.has(stream)
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
