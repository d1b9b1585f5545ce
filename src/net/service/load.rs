//! Services that make load: discard (RFC 863) takes everything, source sends a pattern that a receiver can check (the lines
//! of RFC 864's character generator), as fast as it may.

use std::net::SocketAddr;

use super::contract::{Events, Service, tcp_options};
use super::echo::make_room;
use crate::net::config::{ConnectionLimits, Source};
use crate::net::crc::Crc32;
use crate::net::event::{HostEvent, LoadEvent, LoadNews};
use crate::net::stack::{self, ListenError, Listener, Stack, StreamState};
use crate::time::{Duration, Instant, NANOS_PER_SEC};

/// Most bytes that a source hands over at once.
const PIECE: u64 = 1460;

/// One connection.
struct Connection {
    stream: stack::Connection,
    peer: SocketAddr,
    received: u64,
    crc: Crc32,
    sent: u64,
    since: Instant,
    heard: Instant,
}

/// Takes everything; with a source it sends, too.
pub(super) struct Server {
    listener: Listener,
    limits: ConnectionLimits,
    source: Option<Source>,
    connections: Vec<Connection>,
    /// When more may be sent.
    next: Option<Instant>,
}

/// Byte number `at` of the pattern: lines of 72 of the 95 printable characters and CR LF, each beginning one further.
pub(super) fn pattern(at: u64) -> u8 {
    let (line, column) = (at / 74, at % 74);
    match column {
        72 => b'\r',
        73 => b'\n',
        column => b' ' + ((line + column) % 95) as u8,
    }
}

impl Server {
    pub(super) fn new(
        stack: &mut Stack,
        limits: ConnectionLimits,
        port: u16,
        source: Option<Source>,
    ) -> Result<Self, ListenError> {
        let listener = stack.stream_listen(port, limits.backlog, &tcp_options())?;
        Ok(Server { listener, limits, source, connections: Vec::new(), next: None })
    }

    fn tell(&self, events: &mut Events, peer: SocketAddr, news: LoadNews) {
        let event = LoadEvent { peer, news };
        events.add(if self.source.is_some() { HostEvent::Source(event) } else { HostEvent::Discard(event) });
    }
}

impl Service for Server {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some((stream, peer)) = stack.stream_accept(self.listener) {
            if let Some(gone) = make_room(stack, &mut self.connections, self.limits, |c| (c.heard, c.stream))
            {
                self.tell(events, gone.peer, gone.ended(false));
            }
            self.tell(events, peer, LoadNews::Connected);
            let crc = Crc32::default();
            self.connections.push(Connection {
                stream,
                peer,
                received: 0,
                crc,
                sent: 0,
                since: now,
                heard: now,
            });
            moved = true;
        }
        self.next = None;
        let mut connections = std::mem::take(&mut self.connections);
        connections.retain_mut(|connection| {
            moved |= connection.read(now, stack);
            let (wrote, next) =
                self.source.map_or((false, None), |source| connection.write(now, source, stack));
            moved |= wrote;
            self.next = [self.next, next].into_iter().flatten().min();
            let all_sent = self.source.and_then(|s| s.length).is_some_and(|length| connection.sent >= length);
            let closed = match stack.stream_state(connection.stream) {
                StreamState::PeerClosed if stack.stream_readable(connection.stream) == 0 => true,
                StreamState::Closed(_) => false,
                _ if all_sent => false,
                _ => return true,
            };
            self.tell(events, connection.peer, connection.ended(closed));
            stack.stream_release(connection.stream);
            moved = true;
            false
        });
        self.connections = connections;
        moved
    }

    fn next_timer(&self) -> Option<Instant> {
        self.next
    }

    fn stop(self: Box<Self>, stack: &mut Stack) {
        stack.listener_release(self.listener);
        for connection in self.connections {
            stack.stream_release(connection.stream);
        }
    }
}

impl Connection {
    /// How it has ended; `closed`: the other end has closed it in good order.
    fn ended(&self, closed: bool) -> LoadNews {
        LoadNews::Ended { closed, received: self.received, crc: self.crc.value(), sent: self.sent }
    }

    /// Takes what has come.
    fn read(&mut self, now: Instant, stack: &mut Stack) -> bool {
        let data = stack.stream_recv(self.stream, usize::MAX);
        self.received += data.len() as u64;
        self.crc.add(&data);
        if !data.is_empty() {
            self.heard = now;
        }
        !data.is_empty()
    }

    /// Sends what the rate allows by now. Answers whether anything was sent, and when more may be.
    fn write(&mut self, now: Instant, source: Source, stack: &mut Stack) -> (bool, Option<Instant>) {
        let left = source.length.map_or(u64::MAX, |length| length.saturating_sub(self.sent));
        let allowed = match source.rate_bps {
            None => u64::MAX,
            Some(bps) => {
                let ns = u128::from(now.since(self.since).as_nanos());
                let bytes = ns * u128::from(bps) / (8 * u128::from(NANOS_PER_SEC));
                // One piece at the start.
                u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(PIECE).saturating_sub(self.sent)
            }
        };
        let room = stack.stream_send_free(self.stream) as u64;
        let count = left.min(allowed).min(room);
        let data: Vec<u8> = (self.sent..self.sent + count).map(pattern).collect();
        let taken = stack.stream_send(self.stream, &data) as u64;
        self.sent += taken;
        let next = source.rate_bps.filter(|_| left > taken && room > taken).map(|bps| {
            // When the next piece, or what is left, is due in full.
            let due = u128::from(self.sent + PIECE.min(left - taken)).saturating_sub(u128::from(PIECE));
            let ns = (due * 8 * u128::from(NANOS_PER_SEC)).div_ceil(u128::from(bps.max(1)));
            let at = self.since + Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX));
            at.max(now + Duration::from_nanos(1))
        });
        (taken > 0, next)
    }
}
