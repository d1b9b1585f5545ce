//! Listeners. smoltcp has no backlog: a listening socket becomes the connection, and until another one
//! listens the next SYN is answered with RST. Here the next one listens before the next packet is looked at,
//! and a SYN beyond the backlog is dropped, as lwIP and Linux do.

use std::collections::VecDeque;
use std::net::SocketAddr;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{self, State};
use smoltcp::wire::TcpPacket;

use super::{SYN_LIFETIME, Tcb, endpoint};
use crate::net::stack::layer::Layer;
use crate::net::stack::{CloseReason, Connection, ListenError, Listener, Secure, Stack, TcpOptions, packet};
use crate::net::toxics::Dialled;

/// What belongs to a [`Listener`].
pub(in crate::net::stack) struct Listening {
    port: u16,
    backlog: usize,
    options: TcpOptions,
    /// What its connections have on top of TCP.
    pub(in crate::net::stack) secure: Option<Secure>,
    /// The socket that waits for a SYN; `None` while the backlog is full.
    listening: Option<SocketHandle>,
    /// Sequence number of the last SYN.
    syn: i32,
    /// Connections that were not handed out yet, half-open ones and those in TLS's handshake included, in the order of
    /// their SYNs.
    pending: VecDeque<Connection>,
}

impl Listening {
    pub(in crate::net::stack) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn forget(&mut self, connection: Connection) {
        self.pending.retain(|s| *s != connection);
    }
}

impl Stack {
    /// See [`stream_listen`](Stack::stream_listen).
    pub(in crate::net::stack) fn tcp_listen(
        &mut self,
        port: u16,
        backlog: usize,
        options: &TcpOptions,
    ) -> Result<Listener, ListenError> {
        if port == 0 {
            return Err(ListenError::BadPort);
        }
        if self.listeners.values().any(|l| l.port == port) {
            return Err(ListenError::PortInUse);
        }
        let id = Listener(self.next_handle());
        let listener = Listening {
            port,
            backlog: backlog.max(1),
            options: *options,
            secure: None,
            listening: None,
            syn: 0,
            pending: VecDeque::new(),
        };
        self.listeners.insert(id, listener);
        self.follow_listeners();
        Ok(id)
    }

    /// See [`stream_accept`](Stack::stream_accept).
    pub(in crate::net::stack) fn tcp_accept(
        &mut self,
        listener: Listener,
    ) -> Option<(Connection, SocketAddr)> {
        let open = |c: &Tcb| {
            !matches!(c.phase, State::SynSent | State::SynReceived)
                && c.tls.as_ref().is_none_or(|layer| layer.is_open())
        };
        self.accept_if(listener, open)
    }

    /// Takes the next connection as soon as its SYN is here, and who makes it. It is `Connecting` until the
    /// peer has answered our SYN, and, with TLS, until the handshake is over.
    pub fn tcp_accept_half_open(&mut self, listener: Listener) -> Option<(Connection, SocketAddr)> {
        self.accept_if(listener, |_| true)
    }

    fn accept_if(
        &mut self,
        listener: Listener,
        wanted: impl Fn(&Tcb) -> bool,
    ) -> Option<(Connection, SocketAddr)> {
        let wanted = |s: &Connection| self.connections.get(s).is_some_and(&wanted);
        let id = self.listeners.get(&listener)?.pending.iter().copied().find(wanted)?;
        self.listeners.get_mut(&listener)?.forget(id);
        let connection = self.connections.get_mut(&id)?;
        connection.listener = None;
        let remote = connection.remote;
        self.follow_listeners();
        Some((id, remote))
    }

    /// Stops listening and resets what was not accepted.
    pub(in crate::net::stack) fn tcp_unlisten(&mut self, id: Listener) {
        let Some(listener) = self.listeners.remove(&id) else { return };
        if let Some(handle) = listener.listening {
            self.sockets.remove(handle);
        }
        for id in listener.pending {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.listener = None;
                connection.released = true;
            }
            self.tcp_abort(id);
        }
    }

    /// Turns sockets that got a SYN into connections, and lets others listen.
    pub(super) fn follow_listeners(&mut self) {
        let listeners: Vec<Listener> = self.listeners.keys().copied().collect();
        for id in listeners {
            self.follow_listener(id);
        }
    }

    fn follow_listener(&mut self, id: Listener) {
        let Some(listener) = self.listeners.get(&id) else { return };
        let (options, port, syn) = (listener.options, listener.port, listener.syn);
        let secure = listener.secure.clone();
        if let Some(handle) = listener.listening {
            let socket = self.sockets.get::<tcp::Socket>(handle);
            let ends = socket.local_endpoint().zip(socket.remote_endpoint());
            if socket.state() == State::Listen {
                return;
            }
            let new = ends.map(|(l, r)| {
                let mut connection = Tcb::new(handle, (endpoint(l), endpoint(r)), options, self.now);
                connection.phase = State::SynReceived;
                connection.listener = Some(id);
                connection.syn = Some(syn);
                connection.tls = secure.map(Layer::new);
                let new = Connection(self.next_handle());
                self.connections.insert(new, connection);
                new
            });
            let Some(listener) = self.listeners.get_mut(&id) else { return };
            listener.listening = None;
            listener.pending.extend(new);
        }
        let Some(listener) = self.listeners.get(&id) else { return };
        // A server takes a connection when TCP is open, and shakes hands with TLS then.
        let shaking = |c: &Tcb| c.tls.is_some() && !matches!(c.phase, State::SynSent | State::SynReceived);
        let waits = |c: &&Connection| !self.connections.get(c).is_some_and(shaking);
        if listener.pending.iter().filter(waits).count() >= listener.backlog {
            return;
        }
        let mut socket = self.new_tcp_socket(&options);
        // A new socket and a port that is not 0: this cannot fail.
        if socket.listen(port).is_ok() {
            let handle = self.sockets.add(socket);
            if let Some(listener) = self.listeners.get_mut(&id) {
                listener.listening = Some(handle);
            }
        }
    }

    /// Looks at a TCP segment before smoltcp does; false: it is dropped.
    ///
    /// A listening socket would take a repeated SYN of a half-open connection for a new one. And a SYN of a
    /// peer that restarted, or whose last connection is in TIME_WAIT here, would get no new connection. What was damaged
    /// on its way is not believed, be it a sign of life.
    pub(in crate::net::stack) fn admit_segment(&mut self, packet: &[u8]) -> bool {
        let Some((from, to, _, payload)) = packet::parts(packet).filter(|_| packet::is_intact(packet)) else {
            return false;
        };
        let Ok(segment) = TcpPacket::new_checked(payload) else { return false };
        if !segment.verify_checksum(&from.into(), &to.into()) {
            return false;
        }
        let local = SocketAddr::new(to, segment.dst_port());
        let remote = SocketAddr::new(from, segment.src_port());
        let known = self.find_connection(local, remote);
        let opening = segment.syn() && !segment.ack() && !segment.rst();
        if !opening {
            if let Some(id) = known {
                self.hear(id);
            }
            return true;
        }
        let seq = segment.seq_number().0;
        if let Some(id) = known {
            match self.connections.get(&id) {
                Some(c) if c.phase == State::SynSent => return true,
                Some(c) if c.syn == Some(seq) && self.now < c.born + SYN_LIFETIME => return false,
                Some(c) if c.phase == State::TimeWait => self.finish(id, CloseReason::Local),
                _ => self.finish(id, CloseReason::Reset),
            }
            self.follow_listeners();
        }
        let dialled = self.answers_dial(local, remote);
        match self.listeners.values_mut().find(|l| l.port == local.port()) {
            Some(_) if dialled == Dialled::Ignored => false,
            // Nothing listens while smoltcp looks at it, so it answers with RST.
            Some(listener) if dialled == Dialled::Refused => {
                if let Some(handle) = listener.listening.take() {
                    self.sockets.remove(handle);
                }
                true
            }
            Some(listener) => {
                listener.syn = seq;
                listener.listening.is_some()
            }
            None => true,
        }
    }
}
