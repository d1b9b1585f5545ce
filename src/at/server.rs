//! The module's own TCP server: what it was started with, its listening socket, and a client in its handshake. Who takes
//! its clients stands in [`super::accept`].

use std::net::{IpAddr, SocketAddr};

use super::Env;
use crate::net::stack::{Connection, ListenError, Listener, Stack, TcpOptions};

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
    pub(super) fn takes(&self, local: IpAddr, env: &Env<'_>) -> bool {
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
    pub(super) listener: Option<Listener>,
    /// A client in its handshake, with its address.
    pub(super) guest: Option<(Connection, SocketAddr)>,
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
        self.listen(running.port, env)?;
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

    /// Listens on the port.
    ///
    /// # Errors
    /// It can't be listened on.
    pub(super) fn listen(&mut self, port: u16, env: &mut Env<'_>) -> Result<(), ListenError> {
        let options = TcpOptions { data_timeout: Some(env.profile.data_timeout), ..TcpOptions::default() };
        self.listener = Some(env.stack.stream_listen(port, BACKLOG, &options)?);
        Ok(())
    }

    /// The stack refuses whoever comes now.
    pub(super) fn stop_listening(&mut self, stack: &mut Stack) {
        if let Some(listener) = self.listener.take() {
            stack.listener_release(listener);
        }
    }
}
