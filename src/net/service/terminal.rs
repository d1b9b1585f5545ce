//! The terminal: a host that only does what a test tells it to.
//!
//! What reaches its ports becomes an event. What it sends, when it closes, and whom it dials is said from outside.
//! Nothing here fails aloud: by the time an order is carried out nobody waits for its answer, so a failure is an
//! event too.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::contract::{Events, tcp_options};
use super::echo::make_room;
use crate::net::config::ConnectionLimits;
use crate::net::crc::Crc32;
use crate::net::event::{Ending, HostEvent, Order, TcpEvent, UdpEvent};
use crate::net::stack::{
    self, CloseReason, ListenError, Listener, Port, Secure, Stack, StreamState, TcpOptions,
};
use crate::time::Instant;

/// Its TCP window in bytes, lwIP's default: so small that a sender soon notices when nobody reads.
const WINDOW: usize = 2144;
/// Most bytes that wait for a connection to take them; more are dropped, and that is told.
const PENDING: usize = 65_535;

fn options() -> TcpOptions {
    TcpOptions { receive_buffer: Some(WINDOW), ..tcp_options() }
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The peer's SYN is here, its answer to ours is not. The peer counts the connection as open already, so
    /// what is sent now must not be lost.
    Answering,
    /// Our SYN is not answered yet.
    Dialling,
    Open,
}

/// One TCP connection, accepted or dialled.
struct Connection {
    stream: stack::Connection,
    peer: SocketAddr,
    stage: Stage,
    /// What the stack has not taken yet.
    pending: VecDeque<u8>,
    /// True: closes once nothing is pending.
    closing: bool,
    received: u64,
    crc: Crc32,
    heard: Instant,
}

/// A host's terminal.
#[derive(Default)]
pub(in crate::net) struct Terminal {
    listeners: Vec<Listener>,
    connections: Vec<Connection>,
    /// UDP ports; datagrams leave from the first.
    ports: Vec<Port>,
    paused: bool,
    limits: ConnectionLimits,
}

impl Terminal {
    pub(super) fn new(limits: ConnectionLimits) -> Terminal {
        Terminal { limits, ..Terminal::default() }
    }

    pub(super) fn listen_tcp(&mut self, stack: &mut Stack, port: u16) -> Result<(), ListenError> {
        self.listeners.push(stack.stream_listen(port, self.limits.backlog, &options())?);
        Ok(())
    }

    pub(super) fn listen_udp(&mut self, stack: &mut Stack, port: u16) -> Result<(), ListenError> {
        if port == 0 {
            return Err(ListenError::BadPort);
        }
        self.ports.push(stack.udp_open(Some(port)).map_err(|_| ListenError::PortInUse)?);
        Ok(())
    }

    pub(super) fn stop(self, stack: &mut Stack) {
        for listener in self.listeners {
            stack.listener_release(listener);
        }
        for connection in self.connections {
            stack.stream_release(connection.stream);
        }
        for port in self.ports {
            stack.udp_release(port);
        }
    }

    /// Sends `data` on every connection, also on those that are not quite open.
    pub(in crate::net) fn send(&mut self, data: &[u8], events: &mut Events) {
        let mut open = self.connections.iter_mut().filter(|c| !c.closing).peekable();
        if open.peek().is_none() {
            tell(events, TcpEvent::Nothing(Order::Send));
        }
        for connection in open {
            connection.queue(data, events);
        }
    }

    /// True when this connection is its own.
    pub(in crate::net) fn has(&self, stream: stack::Connection) -> bool {
        self.connections.iter().any(|c| c.stream == stream)
    }

    /// Sends on one connection.
    pub(in crate::net) fn send_on(&mut self, stream: stack::Connection, data: &[u8], events: &mut Events) {
        match self.connections.iter_mut().find(|c| c.stream == stream && !c.closing) {
            Some(connection) => connection.queue(data, events),
            None => tell(events, TcpEvent::Nothing(Order::Send)),
        }
    }

    /// Closes one connection when what is pending there has been sent.
    pub(in crate::net) fn close_one(&mut self, stream: stack::Connection) {
        self.connections.iter_mut().filter(|c| c.stream == stream).for_each(|c| c.closing = true);
    }

    /// Resets one connection; what is pending is lost.
    pub(in crate::net) fn reset_one(
        &mut self,
        stream: stack::Connection,
        stack: &mut Stack,
        events: &mut Events,
    ) {
        let Some(at) = self.connections.iter().position(|c| c.stream == stream) else { return };
        self.connections.remove(at).reset(stack, events);
    }

    /// Listens on this port no more; connections that are open go on.
    pub(super) fn unlisten(&mut self, stack: &mut Stack, port: u16, udp: bool) {
        if udp {
            let (gone, stay) = self.ports.drain(..).partition(|own| stack.udp_local_port(*own) == Some(port));
            self.ports = stay;
            let gone: Vec<Port> = gone;
            gone.into_iter().for_each(|own| stack.udp_release(own));
        } else {
            let (gone, stay) =
                self.listeners.drain(..).partition(|own| stack.listener_port(*own) == Some(port));
            self.listeners = stay;
            let gone: Vec<Listener> = gone;
            gone.into_iter().for_each(|own| stack.listener_release(own));
        }
    }

    /// True when it listens on this port.
    pub(super) fn listens_at(&self, stack: &Stack, port: u16, udp: bool) -> bool {
        match udp {
            true => self.ports.iter().any(|own| stack.udp_local_port(*own) == Some(port)),
            false => self.listeners.iter().any(|own| stack.listener_port(*own) == Some(port)),
        }
    }

    /// The sentence why `data` could not be sent on some connection.
    pub(in crate::net) fn cannot_send(&self, data: &[u8]) -> Option<String> {
        let open = self.connections.iter().filter(|c| !c.closing);
        let full = open.clone().find(|c| c.pending.len() + data.len() > PENDING);
        match full {
            Some(full) => Some(format!(
                "{} bytes wait for {} already; with these they would be more than {PENDING}",
                full.pending.len(),
                full.peer
            )),
            None => open.count().eq(&0).then(|| "it has no connection to send on".to_owned()),
        }
    }

    /// True when it listens for TCP connections.
    pub(super) fn listens(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// True when it has a connection.
    pub(super) fn has_connections(&self) -> bool {
        !self.connections.is_empty()
    }

    /// Closes every connection when what is pending there has been sent.
    pub(in crate::net) fn close(&mut self, events: &mut Events) {
        if self.connections.is_empty() {
            tell(events, TcpEvent::Nothing(Order::Close));
        }
        self.connections.iter_mut().for_each(|c| c.closing = true);
    }

    /// Resets every connection; what is pending is lost.
    pub(in crate::net) fn reset(&mut self, stack: &mut Stack, events: &mut Events) {
        if self.connections.is_empty() {
            tell(events, TcpEvent::Nothing(Order::Reset));
        }
        for connection in self.connections.drain(..) {
            connection.reset(stack, events);
        }
    }

    /// Stops or starts reading from TCP connections.
    pub(in crate::net) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Dials `to`, with TLS where `secure` says how.
    pub(in crate::net) fn connect(
        &mut self,
        now: Instant,
        to: SocketAddr,
        secure: Option<&Secure>,
        stack: &mut Stack,
        events: &mut Events,
    ) {
        match stack.stream_connect(now, to, None, &options()) {
            Ok(stream) => {
                if let Some(secure) = secure {
                    stack.stream_secure(stream, secure);
                }
                self.keep(stack, Connection::new(stream, to, Stage::Dialling, now), events);
            }
            Err(why) => tell(events, TcpEvent::NotConnected { peer: Some(to), why: why.to_string() }),
        }
    }

    /// Sends a datagram.
    pub(in crate::net) fn send_datagram(
        &mut self,
        to: SocketAddr,
        data: &[u8],
        stack: &mut Stack,
        events: &mut Events,
    ) {
        let port = match self.ports.first() {
            Some(port) => Ok(*port),
            None => stack.udp_open(None).inspect(|port| self.ports.push(*port)),
        };
        if let Err(why) = port.and_then(|port| stack.udp_send(port, to, data)) {
            let why = why.to_string();
            events.add(HostEvent::UdpTerminal(UdpEvent::NotSent { peer: Some(to), why }));
        }
    }

    fn keep(&mut self, stack: &mut Stack, connection: Connection, events: &mut Events) {
        if let Some(gone) = make_room(stack, &mut self.connections, self.limits, |c| (c.heard, c.stream)) {
            match gone.stage {
                Stage::Open => gone.tell_end(Ending::Reset, events),
                Stage::Answering | Stage::Dialling => gone.tell_failure(CloseReason::Local, events),
            }
        }
        self.connections.push(connection);
    }

    pub(super) fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        for listener in self.listeners.clone() {
            while let Some((stream, peer)) = stack.tcp_accept_half_open(listener) {
                self.keep(stack, Connection::new(stream, peer, Stage::Answering, now), events);
                moved = true;
            }
        }
        let paused = self.paused;
        self.connections.retain_mut(|connection| {
            let (keep, did) = connection.poll(now, paused, stack, events);
            moved |= did;
            keep
        });
        for port in &self.ports {
            while let Some(datagram) = stack.udp_recv(*port) {
                let event = UdpEvent::Received { peer: datagram.from, data: datagram.data };
                events.add(HostEvent::UdpTerminal(event));
                moved = true;
            }
        }
        moved
    }
}

impl Connection {
    fn new(stream: stack::Connection, peer: SocketAddr, stage: Stage, now: Instant) -> Self {
        let pending = VecDeque::new();
        let crc = Crc32::default();
        Connection { stream, peer, stage, pending, closing: false, received: 0, crc, heard: now }
    }

    /// Takes what is to be sent, as much as there is room for.
    fn queue(&mut self, data: &[u8], events: &mut Events) {
        let room = PENDING.saturating_sub(self.pending.len()).min(data.len());
        self.pending.extend(&data[..room]);
        if room < data.len() {
            let bytes = data.len() - room;
            tell(events, TcpEvent::Dropped { peer: self.peer, bytes, waiting: PENDING });
        }
    }

    fn reset(self, stack: &mut Stack, events: &mut Events) {
        self.tell_end(Ending::Reset, events);
        stack.tcp_abort(self.stream);
        stack.stream_release(self.stream);
    }

    fn tell_end(&self, how: Ending, events: &mut Events) {
        let (peer, received, crc) = (self.peer, self.received, self.crc.value());
        tell(events, TcpEvent::Ended { peer, how, received, crc });
    }

    /// It has never been open.
    fn tell_failure(&self, reason: CloseReason, events: &mut Events) {
        let peer = self.peer;
        tell(
            events,
            match self.stage {
                Stage::Dialling => TcpEvent::NotConnected { peer: Some(peer), why: reason.to_string() },
                Stage::Answering | Stage::Open => TcpEvent::NotAccepted { peer, why: reason },
            },
        );
    }

    /// Answers whether the connection goes on, and whether something was done.
    fn poll(&mut self, now: Instant, paused: bool, stack: &mut Stack, events: &mut Events) -> (bool, bool) {
        let mut moved = false;
        if self.stage != Stage::Open {
            let dialling = self.stage == Stage::Dialling;
            let peer = self.peer;
            match stack.stream_outcome(self.stream) {
                // Nobody waits for what is not to be said; a text that waits goes out first.
                None if self.closing && dialling && self.pending.is_empty() => {}
                None => return (true, false),
                Some(Err(reason)) => {
                    self.tell_failure(reason, events);
                    stack.stream_release(self.stream);
                    return (false, true);
                }
                Some(Ok(_)) => {
                    tell(events, TcpEvent::Connected { peer, dialled: dialling });
                    self.stage = Stage::Open;
                    moved = true;
                }
            }
        }
        moved |= self.push(stack) | (!paused && self.read(now, stack, events));
        let how = match stack.stream_state(self.stream) {
            StreamState::Closed(CloseReason::Reset) => Ending::PeerReset,
            StreamState::Closed(reason) if stack.stream_readable(self.stream) == 0 => Ending::Over(reason),
            StreamState::PeerClosed if stack.stream_readable(self.stream) == 0 && self.pending.is_empty() => {
                Ending::PeerClosed
            }
            _ if self.closing && self.pending.is_empty() => Ending::Closed,
            _ => return (true, moved),
        };
        self.tell_end(how, events);
        stack.stream_release(self.stream);
        (false, true)
    }

    /// Hands the stack what it takes.
    fn push(&mut self, stack: &mut Stack) -> bool {
        let taken = stack.stream_send(self.stream, self.pending.make_contiguous());
        self.pending.drain(..taken);
        taken > 0
    }

    /// Takes everything that has come.
    fn read(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let data = stack.stream_recv(self.stream, usize::MAX);
        if data.is_empty() {
            return false;
        }
        self.received += data.len() as u64;
        self.crc.add(&data);
        tell(events, TcpEvent::Received { peer: self.peer, data });
        self.heard = now;
        true
    }
}

fn tell(events: &mut Events, event: TcpEvent) {
    events.add(HostEvent::TcpTerminal(event));
}
