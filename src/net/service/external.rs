//! The way out: a port whose connections go on to a real program on the machine that runs the simulation.
//!
//! No socket is here. What the program is to be sent is handed out, and what it sends comes in as an action of the host,
//! with its virtual time: an input like any other, so that a replay needs no program.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::contract::{Events, Service, tcp_options};
use super::echo::make_room;
use crate::net::config::ConnectionLimits;
use crate::net::event::{ExternalEvent, ExternalNews, HostEvent};
use crate::net::stack::{self, ListenError, Listener, Stack, StreamState};
use crate::net::types::{ExternalInput, ExternalOutput};
use crate::time::Instant;

/// Most bytes that are read at once.
const PIECE: usize = 8192;
/// Most bytes of a program that wait for the stack to take them.
const ROOM: usize = 65_536;

/// One connection.
struct Connection {
    number: u32,
    stream: stack::Connection,
    peer: SocketAddr,
    /// The program has been reached.
    open: bool,
    /// What the program has sent and the stack has not taken yet.
    output: VecDeque<u8>,
    /// The program has closed.
    closing: bool,
    /// The module's end has been told to the program.
    told_end: bool,
    received: u64,
    sent: u64,
    heard: Instant,
}

/// One port, and where it leads.
pub(super) struct Server {
    listener: Listener,
    limits: ConnectionLimits,
    to: String,
    /// Numbers of connections that were given out.
    numbers: u32,
    connections: Vec<Connection>,
    outputs: VecDeque<(u32, ExternalOutput)>,
    /// Resets that the program has asked for.
    resets: Vec<u32>,
    port: u16,
}

impl Server {
    pub(super) fn new(
        stack: &mut Stack,
        limits: ConnectionLimits,
        port: u16,
        to: &str,
    ) -> Result<Self, ListenError> {
        let listener = stack.stream_listen(port, limits.backlog, &tcp_options())?;
        Ok(Server {
            listener,
            limits,
            to: to.to_owned(),
            numbers: 0,
            connections: Vec::new(),
            outputs: VecDeque::new(),
            resets: Vec::new(),
            port,
        })
    }
}

impl Service for Server {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some((stream, peer)) = stack.stream_accept(self.listener) {
            if let Some(gone) = make_room(stack, &mut self.connections, self.limits, |c| (c.heard, c.stream))
            {
                gone.drop_program(&mut self.outputs);
                tell(events, gone.peer, gone.broken());
            }
            self.numbers += 1;
            self.outputs.push_back((self.numbers, ExternalOutput::Open(self.to.clone())));
            self.connections.push(Connection {
                number: self.numbers,
                stream,
                peer,
                open: false,
                output: VecDeque::new(),
                closing: false,
                told_end: false,
                received: 0,
                sent: 0,
                heard: now,
            });
            moved = true;
        }
        let resets = std::mem::take(&mut self.resets);
        let outputs = &mut self.outputs;
        self.connections.retain_mut(|connection| {
            if resets.contains(&connection.number) {
                stack.tcp_abort(connection.stream);
                tell(events, connection.peer, connection.broken());
                stack.stream_release(connection.stream);
                moved = true;
                return false;
            }
            let (stays, did) = connection.poll(now, stack, outputs, events);
            moved |= did;
            stays
        });
        moved
    }

    fn stop(self: Box<Self>, stack: &mut Stack) {
        stack.listener_release(self.listener);
        for connection in self.connections {
            stack.stream_release(connection.stream);
        }
    }

    fn external(&mut self, port: u16, number: u32, input: &ExternalInput, events: &mut Events) -> bool {
        if port != self.port {
            return false;
        }
        // It may be gone by now.
        let Some(connection) = self.connections.iter_mut().find(|c| c.number == number) else { return true };
        match input {
            ExternalInput::Open => {
                connection.open = true;
                tell(events, connection.peer, ExternalNews::Connected);
            }
            ExternalInput::Data(data) => connection.output.extend(data),
            ExternalInput::Close => connection.closing = true,
            ExternalInput::Reset => self.resets.push(number),
        }
        true
    }

    fn external_room(&self, port: u16, number: u32) -> Option<usize> {
        let connection =
            self.connections.iter().find(|c| c.number == number).filter(|_| port == self.port)?;
        Some(if connection.closing { 0 } else { ROOM.saturating_sub(connection.output.len()) })
    }

    fn take_external(&mut self) -> Option<(u16, u32, ExternalOutput)> {
        self.outputs.pop_front().map(|(number, output)| (self.port, number, output))
    }
}

impl Connection {
    /// The program is to forget the connection, whose end here is gone.
    fn drop_program(&self, outputs: &mut VecDeque<(u32, ExternalOutput)>) {
        outputs.push_back((self.number, ExternalOutput::Reset));
    }

    /// How it has ended when it was reset: maybe before its program was reached.
    fn broken(&self) -> ExternalNews {
        if self.open { self.ended() } else { ExternalNews::Refused }
    }

    fn ended(&self) -> ExternalNews {
        ExternalNews::Ended { received: self.received, sent: self.sent }
    }

    /// Answers whether the connection goes on, and whether something was done.
    fn poll(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        outputs: &mut VecDeque<(u32, ExternalOutput)>,
        events: &mut Events,
    ) -> (bool, bool) {
        let mut moved = false;
        while self.open {
            let data = stack.stream_recv(self.stream, PIECE);
            if data.is_empty() {
                break;
            }
            self.received += data.len() as u64;
            self.heard = now;
            outputs.push_back((self.number, ExternalOutput::Data(data)));
            moved = true;
        }
        let taken = stack.stream_send(self.stream, self.output.make_contiguous());
        self.output.drain(..taken);
        self.sent += taken as u64;
        moved |= taken > 0;
        let state = stack.stream_state(self.stream);
        let peer_done = state == StreamState::PeerClosed && stack.stream_readable(self.stream) == 0;
        if peer_done && !self.told_end {
            self.told_end = true;
            outputs.push_back((self.number, ExternalOutput::Close));
            moved = true;
        }
        let over = matches!(state, StreamState::Closed(_));
        if over {
            // Also behind a `Close`: a program that goes on all the same is to learn of it.
            self.drop_program(outputs);
        }
        let program_done = self.closing && self.output.is_empty();
        if program_done && state == StreamState::Open {
            stack.stream_close(self.stream);
            moved = true;
        }
        if over || program_done && peer_done {
            tell(events, self.peer, self.ended());
            stack.stream_release(self.stream);
            return (false, true);
        }
        (true, moved)
    }
}

fn tell(events: &mut Events, peer: SocketAddr, news: ExternalNews) {
    events.add(HostEvent::External(ExternalEvent { peer, news }));
}
