//! Echo services (RFC 862).

use std::net::SocketAddr;

use super::{BACKLOG, CONNECTIONS, Events, tcp_options};
use crate::net::event::{HostEvent, TcpEchoEvent, UdpEchoEvent};
use crate::net::stack::{Datagram, ListenError, Socket, Stack, TcpState, UdpError};
use crate::time::Instant;

/// One connection to the TCP service.
struct Connection {
    socket: Socket,
    peer: SocketAddr,
    bytes: u64,
    heard: Instant,
}

/// Sends every byte back, and closes when the peer does.
pub(super) struct TcpServer {
    listener: Socket,
    connections: Vec<Connection>,
}

impl TcpServer {
    pub(super) fn new(stack: &mut Stack, port: u16) -> Result<Self, ListenError> {
        let listener = stack.tcp_listen(port, BACKLOG, &tcp_options())?;
        Ok(TcpServer { listener, connections: Vec::new() })
    }

    pub(super) fn stop(self, stack: &mut Stack) {
        stack.release(self.listener);
        for connection in self.connections {
            stack.release(connection.socket);
        }
    }

    pub(super) fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some((socket, peer)) = stack.tcp_accept(self.listener) {
            events.add(HostEvent::TcpEcho(TcpEchoEvent::Connected { peer }));
            if self.connections.len() >= CONNECTIONS {
                drop_oldest(stack, &mut self.connections, |c| (c.heard, c.socket));
            }
            self.connections.push(Connection { socket, peer, bytes: 0, heard: now });
            moved = true;
        }
        self.connections.retain_mut(|connection| {
            let (keep, did) = connection.poll(now, stack, events);
            moved |= did;
            keep
        });
        moved
    }
}

impl Connection {
    /// Echoes what fits. Answers whether the connection goes on, and whether something was done.
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> (bool, bool) {
        let mut moved = false;
        loop {
            // No more is read than can be sent back, so a peer that does not read is held back by TCP.
            let data = stack.tcp_recv(self.socket, stack.tcp_send_free(self.socket));
            if data.is_empty() {
                break;
            }
            self.bytes += stack.tcp_send(self.socket, &data) as u64;
            self.heard = now;
            moved = true;
        }
        let closed = match stack.tcp_state(self.socket) {
            TcpState::PeerClosed if stack.tcp_readable(self.socket) == 0 => true,
            TcpState::Closed(_) => false,
            _ => return (true, moved),
        };
        let end = TcpEchoEvent::Ended { peer: self.peer, closed, received: self.bytes };
        events.add(HostEvent::TcpEcho(end));
        stack.release(self.socket);
        (false, true)
    }
}

/// Resets the connection that was silent longest, to make room for another.
pub(super) fn drop_oldest<C>(
    stack: &mut Stack,
    connections: &mut Vec<C>,
    age: impl Fn(&C) -> (Instant, Socket),
) {
    let oldest = connections.iter().enumerate().min_by_key(|(_, c)| age(c)).map(|(i, _)| i);
    if let Some(i) = oldest {
        let (_, socket) = age(&connections.remove(i));
        stack.tcp_abort(socket);
        stack.release(socket);
    }
}

/// Sends every datagram back.
pub(super) struct UdpServer {
    socket: Socket,
    /// A datagram that the stack had no room for.
    waiting: Option<Datagram>,
}

impl UdpServer {
    pub(super) fn new(stack: &mut Stack, port: u16) -> Result<Self, ListenError> {
        if port == 0 {
            return Err(ListenError::BadPort);
        }
        let socket = stack.udp_open(Some(port)).map_err(|_| ListenError::PortInUse)?;
        Ok(UdpServer { socket, waiting: None })
    }

    pub(super) fn stop(self, stack: &mut Stack) {
        stack.release(self.socket);
    }

    pub(super) fn poll(&mut self, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some(datagram) = self.waiting.take().or_else(|| stack.udp_recv(self.socket)) {
            let (peer, bytes) = (datagram.from, datagram.data.len());
            match stack.udp_send(self.socket, peer, &datagram.data) {
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
}
