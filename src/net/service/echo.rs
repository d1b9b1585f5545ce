//! Echo services (RFC 862).

use std::net::SocketAddr;

use super::contract::{Events, Service, tcp_options};
use crate::net::config::ConnectionLimits;
use crate::net::event::{HostEvent, TcpEchoEvent, UdpEchoEvent};
use crate::net::stack::{self, Datagram, ListenError, Listener, Port, Stack, StreamState, UdpError};
use crate::time::Instant;

/// One connection to the TCP service.
struct Connection {
    stream: stack::Connection,
    peer: SocketAddr,
    bytes: u64,
    heard: Instant,
}

/// Sends every byte back, and closes when the peer does.
pub(super) struct TcpServer {
    listener: Listener,
    limits: ConnectionLimits,
    connections: Vec<Connection>,
}

impl TcpServer {
    pub(super) fn new(stack: &mut Stack, limits: ConnectionLimits, port: u16) -> Result<Self, ListenError> {
        let listener = stack.stream_listen(port, limits.backlog, &tcp_options())?;
        Ok(TcpServer { listener, limits, connections: Vec::new() })
    }
}

impl Service for TcpServer {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some((stream, peer)) = stack.stream_accept(self.listener) {
            if let Some(gone) = make_room(stack, &mut self.connections, self.limits, |c| (c.heard, c.stream))
            {
                gone.tell_end(false, events);
            }
            events.add(HostEvent::TcpEcho(TcpEchoEvent::Connected { peer }));
            self.connections.push(Connection { stream, peer, bytes: 0, heard: now });
            moved = true;
        }
        self.connections.retain_mut(|connection| {
            let (keep, did) = connection.poll(now, stack, events);
            moved |= did;
            keep
        });
        moved
    }

    fn stop(self: Box<Self>, stack: &mut Stack) {
        stack.listener_release(self.listener);
        for connection in self.connections {
            stack.stream_release(connection.stream);
        }
    }
}

impl Connection {
    /// Echoes what fits. Answers whether the connection goes on, and whether something was done.
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> (bool, bool) {
        let mut moved = false;
        loop {
            // No more is read than can be sent back, so a peer that does not read is held back by TCP.
            let data = stack.stream_recv(self.stream, stack.stream_send_free(self.stream));
            if data.is_empty() {
                break;
            }
            self.bytes += stack.stream_send(self.stream, &data) as u64;
            self.heard = now;
            moved = true;
        }
        let closed = match stack.stream_state(self.stream) {
            StreamState::PeerClosed if stack.stream_readable(self.stream) == 0 => true,
            StreamState::Closed(_) => false,
            _ => return (true, moved),
        };
        self.tell_end(closed, events);
        stack.stream_release(self.stream);
        (false, true)
    }

    fn tell_end(&self, closed: bool, events: &mut Events) {
        let end = TcpEchoEvent::Ended { peer: self.peer, closed, received: self.bytes };
        events.add(HostEvent::TcpEcho(end));
    }
}

/// Makes room for another connection: resets the one that was silent longest when there are as many as there may be, and
/// answers it. Its stream is released already; what else its end takes is its service's.
#[must_use]
pub(super) fn make_room<C>(
    stack: &mut Stack,
    connections: &mut Vec<C>,
    limits: ConnectionLimits,
    age: impl Fn(&C) -> (Instant, stack::Connection),
) -> Option<C> {
    if connections.len() < limits.connections {
        return None;
    }
    let oldest = connections.iter().enumerate().min_by_key(|(_, c)| age(c)).map(|(i, _)| i)?;
    let gone = connections.remove(oldest);
    let (_, stream) = age(&gone);
    stack.tcp_abort(stream);
    stack.stream_release(stream);
    Some(gone)
}

/// Sends every datagram back.
pub(super) struct UdpServer {
    port: Port,
    /// A datagram that the stack had no room for.
    waiting: Option<Datagram>,
}

impl UdpServer {
    pub(super) fn new(stack: &mut Stack, number: u16) -> Result<Self, ListenError> {
        if number == 0 {
            return Err(ListenError::BadPort);
        }
        let port = stack.udp_open(Some(number)).map_err(|_| ListenError::PortInUse)?;
        Ok(UdpServer { port, waiting: None })
    }
}

impl Service for UdpServer {
    fn poll(&mut self, _now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some(datagram) = self.waiting.take().or_else(|| stack.udp_recv(self.port)) {
            let (peer, bytes) = (datagram.from, datagram.data.len());
            match stack.udp_send(self.port, peer, &datagram.data) {
                Ok(()) => events.add(HostEvent::UdpEcho(UdpEchoEvent::Echoed { peer, bytes })),
                Err(UdpError::QueueFull) => {
                    // The next poll of the stack makes room.
                    self.waiting = Some(datagram);
                    return true;
                }
                Err(error) => {
                    let why = error.to_string();
                    events.add(HostEvent::UdpEcho(UdpEchoEvent::Lost { peer, bytes, why }));
                }
            }
            moved = true;
        }
        moved
    }

    fn stop(self: Box<Self>, stack: &mut Stack) {
        stack.udp_release(self.port);
    }
}
