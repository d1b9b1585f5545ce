//! A WebSocket server: sends back what comes, greets, and does what a test says: sends, pings, closes with a code, or
//! falls silent.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::contract::{Events, Service, tcp_options};
use super::echo::make_room;
use crate::net::config::{ConnectionLimits, WebSocket, WebSocketChange};
use crate::net::event::{HostEvent, WebSocketEnd, WebSocketEvent, WebSocketNews};
use crate::net::service::pages::Content;
use crate::net::stack::{self, ListenError, Listener, Stack, StreamState};
use crate::net::types::HostAction;
use crate::net::websocket::handshake::{self, Asked, Upgrade};
use crate::net::websocket::{Event, Role, Socket, code, opcode};
use crate::time::Instant;

/// Bytes read at once.
const CHUNK: usize = 4096;
/// Largest message; a larger one ends the connection.
const MAX_MESSAGE: usize = 1 << 20;

struct Connection {
    stream: stack::Connection,
    peer: SocketAddr,
    /// What the stack has not taken yet.
    output: VecDeque<u8>,
    phase: Phase,
    /// A message was too large: until the client closes, what comes is none that it was to get through.
    overrun: bool,
    heard: Instant,
}

enum Phase {
    /// The request of the handshake comes.
    Shaking(Vec<u8>),
    /// Frames come, of a message so much.
    Open(Box<Socket>, Vec<u8>),
    /// Ends when everything was sent.
    Ending,
}

/// One port.
pub(super) struct Server {
    listener: Listener,
    limits: ConnectionLimits,
    config: WebSocket,
    silent: bool,
    connections: Vec<Connection>,
}

impl Server {
    pub(super) fn new(
        stack: &mut Stack,
        limits: ConnectionLimits,
        config: &WebSocket,
    ) -> Result<Self, ListenError> {
        let listener = stack.stream_listen(config.port, limits.backlog, &tcp_options())?;
        Ok(Server { listener, limits, config: config.clone(), silent: false, connections: Vec::new() })
    }

    fn sockets(&mut self) -> impl Iterator<Item = &mut Socket> {
        self.connections.iter_mut().filter_map(|connection| match &mut connection.phase {
            Phase::Open(socket, _) => Some(&mut **socket),
            Phase::Shaking(_) | Phase::Ending => None,
        })
    }
}

impl Service for Server {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some((stream, peer)) = stack.stream_accept(self.listener) {
            let gone = make_room(stack, &mut self.connections, self.limits, |c| (c.heard, c.stream));
            if let Some(gone) = gone.filter(|gone| matches!(gone.phase, Phase::Open(..))) {
                gone.tell(events, WebSocketNews::Ended(WebSocketEnd::Lost));
            }
            let phase = Phase::Shaking(Vec::new());
            let (output, overrun) = (VecDeque::new(), false);
            self.connections.push(Connection { stream, peer, output, phase, overrun, heard: now });
            moved = true;
        }
        let (config, silent) = (&self.config, self.silent);
        self.connections.retain_mut(|connection| {
            let mut worked = false;
            let keep = connection.poll(now, stack, config, silent, events, &mut worked);
            moved |= worked | !keep;
            if !keep {
                stack.stream_release(connection.stream);
            }
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

    fn has_connections(&self) -> bool {
        !self.connections.is_empty()
    }

    /// Closes every connection without a close frame.
    fn close(&mut self) -> usize {
        for connection in &mut self.connections {
            connection.output.clear();
            connection.phase = Phase::Ending;
        }
        self.connections.len()
    }

    fn reset(&mut self, stack: &mut Stack) -> usize {
        let connections = std::mem::take(&mut self.connections);
        for connection in &connections {
            stack.tcp_abort(connection.stream);
            stack.stream_release(connection.stream);
        }
        connections.len()
    }

    fn act_as_websocket(&mut self, change: &WebSocketChange) -> bool {
        let fragment = self.config.fragment;
        match change {
            WebSocketChange::Silent(silent) => self.silent = *silent,
            WebSocketChange::Send(opcode, data) => {
                self.sockets().for_each(|socket| message(socket, *opcode, data, fragment));
            }
            WebSocketChange::Ping(data) => {
                self.sockets().for_each(|socket| socket.send(true, opcode::PING, data));
            }
            WebSocketChange::Close(code, reason) => {
                self.sockets().for_each(|socket| socket.close(*code, reason));
            }
        }
        true
    }

    fn websocket_cannot(&self, action: &HostAction) -> Option<String> {
        let open = self.connections.iter().any(|c| matches!(c.phase, Phase::Open(..)));
        match action {
            HostAction::WebSocket(WebSocketChange::Silent(_)) => None,
            HostAction::WebSocket(_) if !open => Some("it has no WebSocket client".to_owned()),
            _ => None,
        }
    }
}

/// Sends a message, in frames of at most `fragment` bytes.
fn message(socket: &mut Socket, opcode: u8, data: &[u8], fragment: Option<usize>) {
    let size = fragment.unwrap_or(data.len()).max(1);
    let count = data.len().div_ceil(size).max(1);
    for part in 0..count {
        let opcode = if part == 0 { opcode } else { opcode::CONTINUATION };
        let content = data.get(part * size..data.len().min((part + 1) * size)).unwrap_or_default();
        socket.send(part + 1 == count, opcode, content);
    }
}

impl Connection {
    fn tell(&self, events: &mut Events, news: WebSocketNews) {
        events.add(HostEvent::WebSocket(WebSocketEvent { peer: self.peer, news }));
    }

    /// Goes on as far as possible; false when the connection is done with.
    fn poll(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        config: &WebSocket,
        silent: bool,
        events: &mut Events,
        worked: &mut bool,
    ) -> bool {
        loop {
            if let Phase::Open(socket, _) = &mut self.phase {
                let bytes = socket.take_output();
                // One that has fallen silent answers nothing; what it would have is lost.
                if !silent {
                    self.output.extend(bytes);
                }
            }
            let taken = stack.stream_send(self.stream, self.output.make_contiguous());
            self.output.drain(..taken);
            *worked |= taken > 0;
            let over = match &self.phase {
                Phase::Ending => true,
                Phase::Open(socket, _) => socket.is_over() && socket.is_closing(),
                Phase::Shaking(_) => false,
            };
            if over {
                return !self.output.is_empty()
                    && !matches!(stack.stream_state(self.stream), StreamState::Closed(_));
            }
            let data = stack.stream_recv(self.stream, CHUNK);
            if data.is_empty() {
                let open = stack.stream_state(self.stream) == StreamState::Open;
                if !open && matches!(self.phase, Phase::Open(..)) {
                    self.tell(events, WebSocketNews::Ended(WebSocketEnd::Lost));
                }
                return open;
            }
            self.heard = now;
            *worked = true;
            match &mut self.phase {
                Phase::Shaking(input) => {
                    input.extend(&data);
                    let input = std::mem::take(input);
                    self.shake(input, config, events);
                }
                Phase::Open(..) => self.receive(&data, config, silent, events),
                Phase::Ending => {}
            }
        }
    }

    fn shake(&mut self, mut input: Vec<u8>, config: &WebSocket, events: &mut Events) {
        let refused = match handshake::request(&input) {
            Asked::Partial => {
                self.phase = Phase::Shaking(input);
                return;
            }
            Asked::Bad(status) => status,
            Asked::Upgrade(Upgrade { path, .. }, _)
                if config.path.as_ref().is_some_and(|own| path.split('?').next() != Some(&own[..])) =>
            {
                404
            }
            Asked::Upgrade(Upgrade { path, key, protocols, .. }, length) => {
                let chosen = config.protocols.iter().find(|own| protocols.contains(own)).cloned();
                self.output.extend(handshake::accepted(&key, chosen.as_deref()));
                let mut socket = Socket::new(Role::Server);
                for greeting in &config.greetings {
                    message(&mut socket, opcode::TEXT, greeting.as_bytes(), config.fragment);
                }
                self.phase = Phase::Open(Box::new(socket), Vec::new());
                self.tell(events, WebSocketNews::Connected { path, protocol: chosen });
                let rest = input.split_off(length);
                self.receive(&rest, config, false, events);
                return;
            }
        };
        self.output.extend(Content::plain(refused).bytes("close", true, false));
        self.phase = Phase::Ending;
        self.tell(events, WebSocketNews::Refused(refused));
    }

    fn receive(&mut self, data: &[u8], config: &WebSocket, silent: bool, events: &mut Events) {
        let Phase::Open(socket, gathered) = &mut self.phase else { return };
        let mut told = Vec::new();
        for event in socket.receive(data) {
            match event {
                Event::Data { .. } if self.overrun => {}
                Event::Data { opcode, bytes, last } => {
                    gathered.extend(bytes);
                    if gathered.len() > MAX_MESSAGE {
                        socket.close(Some(code::TOO_BIG), &[]);
                        self.overrun = true;
                        *gathered = Vec::new();
                    } else if last {
                        let whole = std::mem::take(gathered);
                        if config.echo && !silent {
                            message(socket, opcode, &whole, config.fragment);
                        }
                        told.push(WebSocketNews::Received(opcode, whole));
                    }
                }
                Event::Ping(data) => told.push(WebSocketNews::Received(opcode::PING, data)),
                Event::Pong(data) => told.push(WebSocketNews::Received(opcode::PONG, data)),
                Event::Closed(code, reason) => {
                    told.push(WebSocketNews::Ended(WebSocketEnd::Closed(code, reason)));
                }
                Event::Broken(code) => told.push(WebSocketNews::Ended(WebSocketEnd::Broken(code))),
            }
        }
        told.into_iter().for_each(|news| self.tell(events, news));
    }
}
