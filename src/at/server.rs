//! The module's own TCP server: listens, hands clients to free links, and closes those that stay silent.
//!
//! The listening socket is closed while no client could be served, so that the stack refuses others; it listens
//! again as soon as a slot is free.
//!
//! With TLS a client is no link before its handshake is over. One after the other has its turn, as in the firmware, whose
//! one task accepts; the certificates are read from flash each time.

use std::net::{IpAddr, SocketAddr};

use super::links::{Kind, Link};
use super::{Core, Env, LinkChange, secure, tls_log};
use crate::net::stack::{CloseReason, Connection, ListenError, Listener, Stack, TcpOptions};
use crate::time::{Duration, Instant};

/// Connections that wait to be accepted. They are accepted at once, so this only bounds half-open ones.
const BACKLOG: usize = 5;

/// Where the server takes clients from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// From anywhere.
    All = 0,
    /// From the network that the station has joined.
    Station = 1,
    /// From the module's own network.
    SoftAp = 2,
}

/// What the server was started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its port.
    pub port: u16,
    /// It takes IPv6 clients, and no others (whether it takes both is not established).
    pub ipv6: bool,
    /// With TLS.
    pub tls: bool,
    /// `<CA enable>`: with TLS, clients must show a certificate. It means nothing for TCP.
    pub ca: bool,
    /// Its interface.
    pub interface: Interface,
}

impl Running {
    /// Whether it takes clients at this address of the module.
    fn takes(&self, local: IpAddr, env: &Env<'_>) -> bool {
        let lan = match local {
            IpAddr::V4(_) => env.stack.lan_address().map(IpAddr::V4),
            IpAddr::V6(_) => env.stack.lan_link_local().map(IpAddr::V6),
        };
        local.is_ipv6() == self.ipv6
            && match self.interface {
                Interface::All => true,
                Interface::Station => Some(local) != lan,
                Interface::SoftAp => Some(local) == lan,
            }
    }
}

/// The server, running or not. Everything here is gone after a restart.
#[derive(Debug)]
pub struct Server {
    running: Option<Running>,
    /// `None` while no client could be served.
    listener: Option<Listener>,
    /// A client in its handshake, with its address.
    guest: Option<(Connection, SocketAddr)>,
    /// AT+CIPSERVERMAXCONN: most clients.
    pub most: usize,
    /// AT+CIPSTO: seconds of silence after which a client is closed; zero: never.
    pub timeout: u64,
}

impl Server {
    /// No server, for up to `most` clients.
    pub fn new(most: usize) -> Self {
        Server { running: None, listener: None, guest: None, most, timeout: 0 }
    }

    /// What it was started with; `None`: it does not run.
    pub fn running(&self) -> Option<Running> {
        self.running
    }

    /// Runs from now on.
    ///
    /// # Errors
    /// The port can't be listened on.
    pub fn start(&mut self, running: Running, env: &mut Env<'_>) -> Result<(), ListenError> {
        self.listener = Some(listen(running.port, env)?);
        self.running = Some(running);
        Ok(())
    }

    /// Runs no longer. Its clients stay, but not one in its handshake.
    pub fn stop(&mut self, stack: &mut Stack) {
        self.running = None;
        self.dismiss(stack);
        self.stop_listening(stack);
    }

    /// Hangs up on a client in its handshake.
    fn dismiss(&mut self, stack: &mut Stack) {
        if let Some((stream, _)) = self.guest.take() {
            stack.stream_release(stream);
        }
    }

    fn stop_listening(&mut self, stack: &mut Stack) {
        if let Some(listener) = self.listener.take() {
            stack.listener_release(listener);
        }
    }
}

fn listen(port: u16, env: &mut Env<'_>) -> Result<Listener, ListenError> {
    let options = TcpOptions { data_timeout: Some(env.profile.data_timeout), ..TcpOptions::default() };
    env.stack.stream_listen(port, BACKLOG, &options)
}

/// Accepts, closes silent clients, stops listening or listens again. True when anything moved.
pub fn poll(now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
    let mut moved = expire(now, core, env);
    let Some(running) = core.server.running else { return moved };
    let port = running.port;
    loop {
        if core.server.guest.is_some() {
            match shake_hands(now, &running, core, env) {
                true => moved = true,
                false => break,
            }
        }
        let id = core.links.free_id().filter(|_| core.links.accepted() < core.server.most);
        match (id, core.server.listener) {
            (Some(id), Some(listener)) => {
                let Some((stream, remote)) = env.stack.stream_accept(listener) else { break };
                if env.stack.stream_local(stream).is_some_and(|local| !running.takes(local.ip(), env)) {
                    env.stack.tcp_abort(stream);
                    env.stack.stream_release(stream);
                    continue;
                }
                if running.tls {
                    receive(now, &running, (stream, remote), core, env);
                } else {
                    core.apply_keep_alive(now, id, stream, env.stack);
                    let link = Link::new(now, Kind::Stream(stream), remote, port, true);
                    core.open_link(id, link, env.stack);
                }
            }
            (Some(_), None) => match listen(port, env) {
                Ok(listener) => core.server.listener = Some(listener),
                Err(_) => break,
            },
            (None, Some(_)) => {
                core.out.log("connect reach max");
                core.server.stop_listening(env.stack);
            }
            (None, None) => break,
        }
        moved = true;
    }
    moved
}

/// Begins the handshake with a client whose connection is open.
fn receive(
    now: Instant,
    running: &Running,
    guest: (Connection, SocketAddr),
    core: &mut Core,
    env: &mut Env<'_>,
) {
    match secure::server(now, running.ca, core, env) {
        Ok(secure) => {
            env.stack.stream_secure(guest.0, &secure);
            core.server.guest = Some(guest);
        }
        Err(line) => {
            core.out.log(line);
            core.out.log(tls_log::no_server_session(env.profile));
            env.stack.stream_release(guest.0);
        }
    }
}

/// Looks at the handshake under way. True when it is over: the client is a link then, or gone, of which the AT port says
/// nothing.
fn shake_hands(now: Instant, running: &Running, core: &mut Core, env: &mut Env<'_>) -> bool {
    let Some((stream, remote)) = core.server.guest else { return false };
    let Some(outcome) = env.stack.stream_outcome(stream) else { return false };
    core.server.guest = None;
    let link = Link::new(now, Kind::Stream(stream), remote, running.port, true).secured(true);
    // A link that the host has opened meanwhile may have taken the last place.
    let id = core.links.free_id();
    match (outcome, id) {
        (Ok(_), Some(id)) => {
            core.apply_keep_alive(now, id, stream, env.stack);
            core.open_link(id, link, env.stack);
        }
        (Ok(_), None) => env.stack.stream_release(stream),
        (Err(reason), id) => {
            core.out.say(now, &tls_log::of_server(env.profile, reason));
            core.out.log(tls_log::no_server_session(env.profile));
            if let CloseReason::Tls(_) | CloseReason::TlsSetup(_) = reason {
                core.tell(link.event(id.unwrap_or_default(), LinkChange::Failed(reason)));
            }
            env.stack.stream_release(stream);
        }
    }
    true
}

/// What a client sends keeps it alive, and in later releases what it is sent.
fn expire(now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
    let mut moved = false;
    let (either_way, stack) = (env.profile.differences.server_timeout_either_way, &mut *env.stack);
    let timeout = core.server.timeout;
    for id in 0..core.links.count() {
        let Some(link) = core.links.get_mut(id).filter(|l| l.accepted) else { continue };
        let Kind::Stream(stream) = link.kind else { continue };
        let sent = if either_way { stack.stream_written(stream) } else { 0 };
        let bytes = stack.stream_received(stream) + sent;
        if bytes != link.heard.1 {
            link.heard = (now, bytes);
        }
        if timeout > 0 && link.heard.0 + Duration::from_secs(timeout) <= now {
            core.close_link(id, stack);
            moved = true;
        }
    }
    moved
}

/// When [`poll`] must close a silent client.
pub fn next_timer(core: &Core) -> Option<Instant> {
    let timeout = Some(core.server.timeout).filter(|t| *t > 0).map(Duration::from_secs)?;
    let clients = core.links.open_ids().filter_map(|id| core.links.get(id)).filter(|l| l.accepted);
    clients.map(|l| l.heard.0 + timeout).min()
}
