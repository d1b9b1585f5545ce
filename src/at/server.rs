//! The module's own TCP server: listens, hands clients to free links, and closes those that stay silent.
//!
//! The listening socket is closed while no client could be served, so that the stack refuses others; it listens
//! again as soon as a slot is free.

use super::links::{Link, Transport};
use super::{Core, Env};
use crate::net::stack::{ListenError, Socket, Stack, TcpOptions};
use crate::time::{Duration, Instant};

/// Connections that wait to be accepted. They are accepted at once, so this only bounds half-open ones.
const BACKLOG: usize = 5;

/// The server, running or not. Everything here is gone after a restart.
#[derive(Debug)]
pub struct Server {
    /// The port, and the `<CA enable>` that means nothing for TCP; `None`: it does not run.
    running: Option<(u16, bool)>,
    /// `None` while no client could be served.
    listener: Option<Socket>,
    /// The `<netif>` that it was started for: shown again, while it listens on every interface that is up.
    pub interface: u8,
    /// AT+CIPSERVERMAXCONN: most clients.
    pub most: usize,
    /// AT+CIPSTO: seconds of silence after which a client is closed; zero: never.
    pub timeout: u64,
}

impl Server {
    /// No server, for up to `most` clients.
    pub fn new(most: usize) -> Self {
        Server { running: None, listener: None, interface: 0, most, timeout: 0 }
    }

    /// The port it listens on, and its `<CA enable>`; `None`: it does not run.
    pub fn running(&self) -> Option<(u16, bool)> {
        self.running
    }

    /// Runs on `port` from now on.
    ///
    /// # Errors
    /// The port can't be listened on.
    pub fn start(&mut self, port: u16, ca: bool, env: &mut Env<'_>) -> Result<(), ListenError> {
        self.listener = Some(listen(port, env)?);
        self.running = Some((port, ca));
        Ok(())
    }

    /// Runs no longer. Its clients stay.
    pub fn stop(&mut self, stack: &mut Stack) {
        self.running = None;
        self.stop_listening(stack);
    }

    fn stop_listening(&mut self, stack: &mut Stack) {
        if let Some(listener) = self.listener.take() {
            stack.release(listener);
        }
    }
}

fn listen(port: u16, env: &mut Env<'_>) -> Result<Socket, ListenError> {
    let options = TcpOptions {
        connect_timeout: env.profile.connect_timeout,
        data_timeout: Some(env.profile.data_timeout),
        ..TcpOptions::default()
    };
    env.stack.tcp_listen(port, BACKLOG, &options)
}

/// Accepts, closes silent clients, stops listening or listens again. True when anything moved.
pub fn serve(now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
    let mut moved = expire(now, core, env.stack);
    let Some((port, _)) = core.server.running else { return moved };
    loop {
        let id = core.links.free_id().filter(|_| core.links.accepted() < core.server.most);
        match (id, core.server.listener) {
            (Some(id), Some(listener)) => {
                let Some((socket, remote)) = env.stack.tcp_accept(listener) else { break };
                core.apply_socket_options(id, socket, env.stack);
                core.open_link(id, Link::new(now, Transport::Tcp, socket, remote, port, true), env.stack);
            }
            (Some(_), None) => match listen(port, env) {
                Ok(listener) => core.server.listener = Some(listener),
                Err(_) => break,
            },
            (None, Some(_)) => {
                core.log("connect reach max");
                core.server.stop_listening(env.stack);
            }
            (None, None) => break,
        }
        moved = true;
    }
    moved
}

/// Only what a client sends keeps it alive, not what it is sent.
fn expire(now: Instant, core: &mut Core, stack: &mut Stack) -> bool {
    let mut moved = false;
    let timeout = core.server.timeout;
    for id in 0..core.links.count() {
        let Some(link) = core.links.get_mut(id).filter(|l| l.accepted) else { continue };
        let received = stack.tcp_received(link.socket);
        if received != link.heard.1 {
            link.heard = (now, received);
        }
        if timeout > 0 && link.heard.0 + Duration::from_secs(timeout) <= now {
            core.close_link(id, stack);
            moved = true;
        }
    }
    moved
}

/// When [`serve`] must close a silent client.
pub fn next_timer(core: &Core) -> Option<Instant> {
    let timeout = Some(core.server.timeout).filter(|t| *t > 0).map(Duration::from_secs)?;
    let clients = core.links.open_ids().filter_map(|id| core.links.get(id)).filter(|l| l.accepted);
    clients.map(|l| l.heard.0 + timeout).min()
}
