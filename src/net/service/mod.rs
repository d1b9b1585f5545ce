//! What listens on a host: HTTP and echo servers, sans-IO on top of a node's [`Stack`].
//!
//! The owner polls the stack, then the services, and both again while the services say that they moved
//! something. Extra polls change nothing.

mod echo;
mod http;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::config::ServiceConfig;
use super::stack::{ListenError, Stack, TcpOptions};
use crate::time::{Duration, Instant};

/// Connections that wait to be accepted by a service.
const BACKLOG: usize = 16;
/// Connections that a service keeps; the one that was silent longest makes room for another.
const CONNECTIONS: usize = 128;
/// Notes that wait to be taken; the oldest goes when another comes.
const NOTES: usize = 4096;

/// Something that a service did, for the world's observations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `http`, `tcp-echo` or `udp-echo`.
    pub service: &'static str,
    /// One line, such as `GET /status from 192.168.1.100:49153 -> 200, 17 bytes`.
    pub text: String,
}

/// Notes on their way to the owner.
#[derive(Default)]
struct Notes(VecDeque<Note>);

impl Notes {
    fn add(&mut self, service: &'static str, text: String) {
        if self.0.len() == NOTES {
            self.0.pop_front();
        }
        self.0.push_back(Note { service, text });
    }
}

/// What services set on their connections: Linux's keep-alive, and nothing held back.
fn tcp_options() -> TcpOptions {
    TcpOptions { keep_alive: Some(Duration::from_secs(7200)), nodelay: true, ..TcpOptions::default() }
}

enum Service {
    Http(http::Server),
    TcpEcho(echo::TcpServer),
    UdpEcho(echo::UdpServer),
}

/// The services of one host.
pub struct Services {
    list: Vec<Service>,
    notes: Notes,
}

impl Services {
    /// Starts what `configs` name.
    ///
    /// # Errors
    /// A port is 0 or named twice; nothing is started then.
    pub fn new(stack: &mut Stack, configs: &[ServiceConfig]) -> Result<Services, ListenError> {
        let mut services = Services { list: Vec::new(), notes: Notes::default() };
        for config in configs {
            let service = match config {
                ServiceConfig::Http { port, pages } => {
                    http::Server::new(stack, *port, pages).map(Service::Http)
                }
                ServiceConfig::TcpEcho { port } => echo::TcpServer::new(stack, *port).map(Service::TcpEcho),
                ServiceConfig::UdpEcho { port } => echo::UdpServer::new(stack, *port).map(Service::UdpEcho),
            };
            match service {
                Ok(service) => services.list.push(service),
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
            }
        }
    }

    /// Does what there is to do at `now`. True when something was: the stack must be polled again.
    pub fn poll(&mut self, now: Instant, stack: &mut Stack) -> bool {
        self.list.iter_mut().fold(false, |moved, service| {
            let more = match service {
                Service::Http(s) => s.poll(now, stack, &mut self.notes),
                Service::TcpEcho(s) => s.poll(now, stack, &mut self.notes),
                Service::UdpEcho(s) => s.poll(stack, &mut self.notes),
            };
            moved | more
        })
    }

    /// When `poll` must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        let timers = self.list.iter().filter_map(|service| match service {
            Service::Http(s) => s.next_timer(),
            Service::TcpEcho(_) | Service::UdpEcho(_) => None,
        });
        timers.min()
    }

    /// Takes the next note, in order.
    pub fn take_note(&mut self) -> Option<Note> {
        self.notes.0.pop_front()
    }
}
