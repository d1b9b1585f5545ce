//! A scripted peer: each connection goes through the steps of a script, to be the other end of one's own protocol.

use std::net::SocketAddr;

use super::contract::{Events, Service, tcp_options};
use super::echo::make_room;
use crate::net::config::{ConnectionLimits, ScriptStep};
use crate::net::event::{HostEvent, ScriptEvent, ScriptNews, quoted};
use crate::net::stack::{self, ListenError, Listener, Stack, StreamState};
use crate::time::Instant;

/// Most bytes that wait to be expected.
const UNREAD: usize = 65_536;

struct Connection {
    stream: stack::Connection,
    peer: SocketAddr,
    /// What has come and no step has taken yet.
    input: Vec<u8>,
    /// What the stack has not taken yet.
    output: Vec<u8>,
    step: usize,
    /// When the present step is over, of those that take time.
    until: Option<Instant>,
    /// The script has come to its end, or to nothing.
    over: bool,
    received: u64,
    heard: Instant,
}

/// One port and its script.
pub(super) struct Server {
    listener: Listener,
    limits: ConnectionLimits,
    steps: Vec<ScriptStep>,
    connections: Vec<Connection>,
}

/// How a connection goes on.
#[derive(PartialEq, Eq)]
enum Onward {
    Stays,
    Ends,
}

impl Server {
    pub(super) fn new(
        stack: &mut Stack,
        limits: ConnectionLimits,
        port: u16,
        steps: &[ScriptStep],
    ) -> Result<Self, ListenError> {
        let listener = stack.stream_listen(port, limits.backlog, &tcp_options())?;
        Ok(Server { listener, limits, steps: steps.to_vec(), connections: Vec::new() })
    }
}

impl Service for Server {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some((stream, peer)) = stack.stream_accept(self.listener) {
            if let Some(gone) = make_room(stack, &mut self.connections, self.limits, |c| (c.heard, c.stream))
            {
                gone.tell_end(self.steps.len(), "another connection has taken its place", events);
            }
            tell(events, peer, ScriptNews::Connected);
            self.connections.push(Connection {
                stream,
                peer,
                input: Vec::new(),
                output: Vec::new(),
                step: 0,
                until: None,
                over: false,
                received: 0,
                heard: now,
            });
            moved = true;
        }
        let steps = &self.steps;
        self.connections.retain_mut(|connection| {
            let onward = connection.poll(now, steps, stack, events, &mut moved);
            if onward == Onward::Ends {
                moved = true;
                stack.stream_release(connection.stream);
            }
            onward == Onward::Stays
        });
        moved
    }

    fn next_timer(&self) -> Option<Instant> {
        self.connections.iter().filter_map(|c| c.until).min()
    }

    fn stop(self: Box<Self>, stack: &mut Stack) {
        stack.listener_release(self.listener);
        for connection in self.connections {
            stack.stream_release(connection.stream);
        }
    }
}

impl Connection {
    /// Goes through as many steps as it can.
    fn poll(
        &mut self,
        now: Instant,
        steps: &[ScriptStep],
        stack: &mut Stack,
        events: &mut Events,
        moved: &mut bool,
    ) -> Onward {
        let room = UNREAD.saturating_sub(self.input.len());
        let data = stack.stream_recv(self.stream, room);
        if !data.is_empty() {
            self.received += data.len() as u64;
            self.heard = now;
            *moved = true;
            if !self.over {
                self.input.extend(data);
            }
        }
        let onward = if self.over { Onward::Stays } else { self.walk(now, steps, stack, events) };
        let taken = stack.stream_send(self.stream, &self.output);
        self.output.drain(..taken);
        *moved |= taken > 0;
        let gone = match stack.stream_state(self.stream) {
            StreamState::Closed(_) => true,
            StreamState::PeerClosed => stack.stream_readable(self.stream) == 0 && self.output.is_empty(),
            _ => false,
        };
        if onward == Onward::Stays && !gone {
            return Onward::Stays;
        }
        // Only who is gone has left steps undone here.
        self.tell_end(if gone { steps.len() } else { 0 }, "the peer is gone", events);
        Onward::Ends
    }

    /// Tells that it is over, and first that the script of so many steps has not come to its end, if so, and why.
    fn tell_end(&self, steps: usize, why: &str, events: &mut Events) {
        if !self.over && self.step < steps {
            let failed = ScriptNews::Failed { step: self.step + 1, why: why.to_owned() };
            tell(events, self.peer, failed);
        }
        tell(events, self.peer, ScriptNews::Ended { received: self.received });
    }

    fn walk(&mut self, now: Instant, steps: &[ScriptStep], stack: &mut Stack, events: &mut Events) -> Onward {
        loop {
            let Some(step) = steps.get(self.step) else {
                self.over = true;
                tell(events, self.peer, ScriptNews::Done);
                return Onward::Stays;
            };
            match step {
                ScriptStep::Send(data) => self.output.extend(data),
                ScriptStep::Expect { data, within } => {
                    let until = *self.until.get_or_insert(now + *within);
                    let length = data.len().min(self.input.len());
                    if self.input[..length] != data[..length] || until <= now && length < data.len() {
                        let found = quoted(&self.input[..self.input.len().min(200)]);
                        let why = format!("expected {}, found {found}", quoted(data));
                        return self.fail(why, stack, events);
                    }
                    if length < data.len() {
                        return Onward::Stays;
                    }
                    self.input.drain(..length);
                }
                ScriptStep::Wait(time) => {
                    if *self.until.get_or_insert(now + *time) > now {
                        return Onward::Stays;
                    }
                }
                ScriptStep::Again => {
                    self.step = 0;
                    // What takes no time is not to go on for ever.
                    if self.output.len() > UNREAD {
                        return Onward::Stays;
                    }
                    self.until = None;
                    continue;
                }
                ScriptStep::Close | ScriptStep::Reset => {
                    if !self.output.is_empty() {
                        let taken = stack.stream_send(self.stream, &self.output);
                        self.output.drain(..taken);
                        if !self.output.is_empty() {
                            return Onward::Stays;
                        }
                    }
                    self.over = true;
                    tell(events, self.peer, ScriptNews::Done);
                    if *step == ScriptStep::Reset {
                        stack.tcp_abort(self.stream);
                    }
                    return Onward::Ends;
                }
            }
            self.step += 1;
            self.until = None;
        }
    }

    fn fail(&mut self, why: String, stack: &mut Stack, events: &mut Events) -> Onward {
        self.over = true;
        tell(events, self.peer, ScriptNews::Failed { step: self.step + 1, why });
        stack.tcp_abort(self.stream);
        Onward::Ends
    }
}

fn tell(events: &mut Events, peer: SocketAddr, news: ScriptNews) {
    events.add(HostEvent::Script(ScriptEvent { peer, news }));
}
