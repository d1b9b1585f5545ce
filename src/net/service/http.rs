//! An HTTP/1.1 server (RFC 9110, RFC 9112) of pages, or of firmware; what it serves is [`Site`]'s.
//!
//! Connections persist, requests may be pipelined, of bodies with a `Content-Length` the beginning is kept to be told of.
//! The answer carries no `Date`: a node has no wall clock.

use std::net::SocketAddr;

use super::contract::{Events, Service, tcp_options};
use super::echo::make_room;
use super::pages::{Content, Site};
use super::request::{Head, Request};
use crate::net::config::{ConnectionLimits, HttpChange, UpdateAnswers};
use crate::net::crc::Crc32;
use crate::net::event::{Asked, RequestEvent};
use crate::net::stack::{self, ListenError, Listener, Stack, StreamState};
use crate::time::Instant;

/// Bytes read at once.
const CHUNK: usize = 4096;
/// Most bytes of a request's body that are kept.
const MAX_KEPT: usize = 64 << 10;

/// The body of a request: its beginning, and the checksum of all of it.
#[derive(Default)]
struct Body {
    kept: Vec<u8>,
    crc: Crc32,
}

/// What a connection does at the moment.
enum Phase {
    /// Waits for (the rest of) a head.
    Head,
    /// Waits for the rest of a body.
    Body { request: Request, left: u64, content: Body },
    /// Thinks until the page's delay is over.
    Thinking { until: Instant, answer: Vec<u8>, keep: bool },
    /// Ends when everything was sent.
    Closing,
}

struct Connection {
    stream: stack::Connection,
    peer: SocketAddr,
    input: Vec<u8>,
    /// The answer, and how much of it the stack has taken.
    output: Vec<u8>,
    sent: usize,
    phase: Phase,
    heard: Instant,
}

/// One port and what it serves.
pub(super) struct Server {
    listener: Listener,
    limits: ConnectionLimits,
    site: Site,
    connections: Vec<Connection>,
}

impl Server {
    pub(super) fn new(
        stack: &mut Stack,
        limits: ConnectionLimits,
        port: u16,
        site: Site,
    ) -> Result<Self, ListenError> {
        let listener = stack.stream_listen(port, limits.backlog, &tcp_options())?;
        Ok(Server { listener, limits, site, connections: Vec::new() })
    }
}

impl Service for Server {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some((stream, peer)) = stack.stream_accept(self.listener) {
            // Requests are told, connections are not.
            let _ = make_room(stack, &mut self.connections, self.limits, |c| (c.heard, c.stream));
            self.connections.push(Connection {
                stream,
                peer,
                input: Vec::new(),
                output: Vec::new(),
                sent: 0,
                phase: Phase::Head,
                heard: now,
            });
            moved = true;
        }
        let site = &mut self.site;
        self.connections.retain_mut(|connection| {
            let mut worked = false;
            let keep = connection.poll(now, stack, site, events, &mut worked);
            moved |= worked | !keep;
            if !keep {
                stack.stream_release(connection.stream);
            }
            keep
        });
        moved
    }

    fn change_http(&mut self, change: &HttpChange) -> bool {
        self.site.change(change)
    }

    fn change_update(&mut self, answers: UpdateAnswers) -> bool {
        let Site::Update(offer) = &mut self.site else { return false };
        offer.answers = answers;
        true
    }

    fn next_timer(&self) -> Option<Instant> {
        let times = self.connections.iter().filter_map(|c| match c.phase {
            Phase::Thinking { until, .. } => Some(until),
            _ => None,
        });
        times.min()
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

    /// Closes every connection; what the stack has not taken yet is not sent. Answers how many there were.
    fn close(&mut self) -> usize {
        for connection in &mut self.connections {
            connection.output.truncate(connection.sent);
            connection.phase = Phase::Closing;
        }
        self.connections.len()
    }

    /// Resets every connection. Answers how many there were.
    fn reset(&mut self, stack: &mut Stack) -> usize {
        let connections = std::mem::take(&mut self.connections);
        for connection in &connections {
            stack.tcp_abort(connection.stream);
            stack.stream_release(connection.stream);
        }
        connections.len()
    }
}

impl Connection {
    /// Goes on as far as possible; false when the connection is done with.
    fn poll(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        site: &mut Site,
        events: &mut Events,
        worked: &mut bool,
    ) -> bool {
        loop {
            if matches!(stack.stream_state(self.stream), StreamState::Closed(_)) {
                return false;
            }
            let sent = stack.stream_send(self.stream, &self.output[self.sent..]);
            *worked |= sent > 0;
            self.sent += sent;
            if self.sent < self.output.len() {
                return true;
            }
            self.output.clear();
            self.sent = 0;
            let wants_more = match std::mem::replace(&mut self.phase, Phase::Head) {
                Phase::Closing => return false,
                Phase::Thinking { until, answer, keep } if until <= now => {
                    self.output = answer;
                    self.phase = if keep { Phase::Head } else { Phase::Closing };
                    false
                }
                thinking @ Phase::Thinking { .. } => {
                    self.phase = thinking;
                    return true;
                }
                Phase::Body { request, left, mut content } => {
                    let take = left.min(self.input.len() as u64);
                    let part: Vec<u8> = self.input.drain(..take as usize).collect();
                    let room = MAX_KEPT.saturating_sub(content.kept.len());
                    content.crc.add(&part);
                    content.kept.extend(part.into_iter().take(room));
                    if left > take {
                        self.phase = Phase::Body { request, left: left - take, content };
                    } else {
                        self.answer(now, &request, content, site, events);
                    }
                    left > take
                }
                Phase::Head => self.read_head(site, events),
            };
            if !wants_more {
                *worked = true;
                continue;
            }
            let data = stack.stream_recv(self.stream, CHUNK);
            if data.is_empty() {
                // Nothing more will come after the peer's FIN: a request that is cut off is dropped.
                return stack.stream_state(self.stream) == StreamState::Open;
            }
            self.input.extend_from_slice(&data);
            self.heard = now;
            *worked = true;
        }
    }

    /// Tries to read a request's head; true when more bytes are needed.
    fn read_head(&mut self, site: &Site, events: &mut Events) -> bool {
        match Head::parse(&self.input) {
            Head::Partial => return true,
            Head::Bad(status) => {
                events.add(site.event(RequestEvent { peer: self.peer, status, request: None }));
                self.output = Content::plain(status).bytes("close", true, false);
                self.phase = Phase::Closing;
            }
            Head::Complete(request, len) => {
                self.input.drain(..len);
                if request.expects {
                    self.output = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
                }
                let left = request.body_len;
                self.phase = Phase::Body { request, left, content: Body::default() };
            }
        }
        false
    }

    /// The whole request was read: prepares the answer.
    fn answer(&mut self, now: Instant, request: &Request, body: Body, site: &mut Site, events: &mut Events) {
        let content = site.content(request);
        let keep = request.keep && content.keep_alive;
        let connection = match (keep, request.old) {
            (false, _) => "close",
            (true, true) => "keep-alive",
            (true, false) => "",
        };
        let with_body = request.method != "HEAD";
        let asked = Asked {
            method: request.method.clone(),
            target: site.target(request),
            headers: site.shown(request),
            body: request.body_len,
            crc: body.crc.value(),
            content: body.kept,
            sent: if with_body { content.sent() } else { 0 },
        };
        let event = RequestEvent { peer: self.peer, status: content.status, request: Some(asked) };
        events.add(site.event(event));
        self.phase = Phase::Thinking {
            until: now + content.delay,
            answer: content.bytes(connection, with_body, request.old),
            keep,
        };
    }
}
