//! Toxics: what a host does to the connections of its services, between them and TCP.
//!
//! A connection whose port has toxics hands what it is to send to [`Held`] first, from where [`Stack::run_toxics`] lets
//! it go, piece by piece; what it receives is counted, and shown as fast as the bandwidth says.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::tcp::Tcb;
use super::{CloseReason, Connection, Listener, Stack, StreamState};
use crate::net::toxics::{Dialled, Poisoned, Toxics};
use crate::time::{Duration, Instant, NANOS_PER_SEC};

/// Most bytes that wait in front of TCP.
const ROOM: usize = 65_535;
/// Most bytes that go at once where only the bandwidth limits them.
const PIECE: usize = 1460;

/// What waits between a service and TCP.
#[derive(Default)]
pub(super) struct Held {
    out: VecDeque<u8>,
    /// When the next piece may go.
    next_out: Instant,
    /// When the next bytes may be read.
    next_in: Instant,
    /// Bytes that went to TCP and that were read.
    sent: u64,
    read: u64,
    /// The service has closed: the FIN is due when `out` is empty, and then at this instant.
    closing: bool,
    close_at: Option<Instant>,
    /// It was closed or reset by a toxic.
    ended: bool,
}

/// How long so many bytes take.
fn time_for(bytes: usize, bandwidth_bps: u64) -> Duration {
    let ns = (bytes as u128 * 8 * u128::from(NANOS_PER_SEC)).div_ceil(u128::from(bandwidth_bps.max(1)));
    Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
}

impl Held {
    fn is_idle(&self) -> bool {
        self.out.is_empty() && !self.closing
    }

    /// The service waits for its FIN.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }
}

impl Stack {
    /// Sets what is done to the connections of a port, or of every port that has nothing of its own said of it.
    pub fn set_toxics(&mut self, port: Option<u16>, toxics: Toxics) {
        match port {
            Some(port) => {
                self.toxics.insert(port, toxics);
            }
            None => {
                self.toxics.clear();
                self.every_port = toxics;
            }
        }
        self.dirty = true;
    }

    /// What is done to the connections of a port; `None`: of those that have nothing of their own.
    pub fn toxics(&self, port: Option<u16>) -> Toxics {
        port.and_then(|port| self.toxics.get(&port)).copied().unwrap_or(self.every_port)
    }

    fn toxics_at(&self, port: u16) -> Toxics {
        self.toxics(Some(port))
    }

    /// The connections that their owners have, and their peers, the oldest first.
    pub fn owned_connections(&self) -> impl DoubleEndedIterator<Item = (Connection, SocketAddr)> {
        self.connections.iter().filter(|(_, c)| c.is_owned()).map(|(id, c)| (*id, c.remote))
    }

    /// Of those, the own ports and the peers.
    pub fn owned_ends(&self) -> impl Iterator<Item = (u16, SocketAddr)> {
        self.connections.values().filter(|c| c.is_owned()).map(|c| (c.local.port(), c.remote))
    }

    /// The port of a listener.
    pub fn listener_port(&self, listener: Listener) -> Option<u16> {
        self.listeners.get(&listener).map(|l| l.port())
    }

    /// True when something listens on this TCP port.
    pub fn listens(&self, port: u16) -> bool {
        self.listeners.values().any(|l| l.port() == port)
    }

    /// Takes the next thing that toxics have done: the own port, the peer, and what.
    pub fn take_poisoned(&mut self) -> Option<(u16, SocketAddr, Poisoned)> {
        self.poisoned.pop_front()
    }

    /// Forgets the connections of its owners that `which` chooses, without a frame: the peer still believes in them. Answers how many.
    pub fn forget_connections(&mut self, which: impl Fn(Connection) -> bool) -> usize {
        let gone: Vec<Connection> =
            self.owned_connections().map(|(id, _)| id).filter(|id| which(*id)).collect();
        for id in &gone {
            if let Some(c) = self.connections.get(id) {
                self.poisoned.push_back((c.local.port(), c.remote, Poisoned::HalfOpen));
            }
            self.finish(*id, CloseReason::Local);
        }
        self.follow_tcp();
        self.dirty = true;
        gone.len()
    }

    /// Whether somebody who dials this port is to be answered; a refusal is noted.
    pub(super) fn answers_dial(&mut self, local: SocketAddr, remote: SocketAddr) -> Dialled {
        let dialled = self.toxics_at(local.port()).dialled;
        if dialled == Dialled::Refused && self.listens(local.port()) {
            self.poisoned.push_back((local.port(), remote, Poisoned::Refused));
        }
        dialled
    }

    /// The toxics of a connection; `None` when nothing is, and nothing waits to be done.
    fn toxics_of(&self, id: Connection) -> Option<Toxics> {
        let c = self.connections.get(&id)?;
        let toxics = self.toxics_at(c.local.port());
        (!toxics.is_harmless() || c.toxic.is_some()).then_some(toxics)
    }

    /// Takes what a service sends; `None`: it goes to TCP.
    pub(super) fn toxic_send(&mut self, id: Connection, data: &[u8]) -> Option<usize> {
        let room = self.toxic_send_free(id)?;
        let held = self.held(id)?;
        let taken = room.min(data.len());
        held.out.extend(&data[..taken]);
        self.dirty |= taken > 0;
        Some(taken)
    }

    /// Room for what a service sends; `None`: TCP's own.
    pub(super) fn toxic_send_free(&self, id: Connection) -> Option<usize> {
        self.toxics_of(id)?;
        let held = self.connections.get(&id)?.toxic.as_deref();
        let open = matches!(self.tcp_state(id), StreamState::Open | StreamState::PeerClosed);
        let waiting = held.map_or(0, |held| held.out.len());
        Some(if open { ROOM.saturating_sub(waiting) } else { 0 })
    }

    /// Bytes that wait in front of TCP.
    pub(super) fn toxic_unsent(&self, id: Connection) -> usize {
        let held = self.connections.get(&id).and_then(|c| c.toxic.as_deref());
        held.map_or(0, |held| held.out.len())
    }

    /// The service does not learn yet that the peer has closed: nothing passes, or bytes that came before wait for their
    /// time. Every owner takes an end without readable bytes for the end of everything.
    pub(super) fn hides_end(&self, id: Connection, connection: &Tcb) -> bool {
        let readable = self.raw_readable(id);
        self.toxics_at(connection.local.port()).stall || self.toxic_readable(id, readable) < readable
    }

    /// How many of `readable` bytes the service may see now.
    pub(super) fn toxic_readable(&self, id: Connection, readable: usize) -> usize {
        let Some(toxics) = self.toxics_of(id) else { return readable };
        let Some(connection) = self.connections.get(&id).filter(|c| !c.is_over()) else { return readable };
        let held = connection.toxic.as_deref();
        if toxics.stall || held.is_some_and(|held| held.next_in > self.now) {
            return 0;
        }
        match toxics.bandwidth_bps {
            Some(_) => readable.min(PIECE),
            None => readable,
        }
    }

    /// A service has read so many bytes.
    pub(super) fn toxic_read(&mut self, id: Connection, bytes: usize) {
        let Some(toxics) = self.toxics_of(id).filter(|_| bytes > 0) else { return };
        let now = self.now;
        let Some(held) = self.held(id) else { return };
        held.read += bytes as u64;
        if let Some(bps) = toxics.bandwidth_bps {
            held.next_in = now + time_for(bytes, bps);
        }
        self.dirty = true;
    }

    /// The service closes; true: the FIN comes later.
    pub(super) fn toxic_close(&mut self, id: Connection) -> bool {
        let Some(toxics) = self.toxics_of(id) else { return false };
        if self.connections.get(&id).is_some_and(Tcb::closes_late) {
            return true;
        }
        if !matches!(self.tcp_state(id), StreamState::Open | StreamState::PeerClosed) {
            return false;
        }
        let waits = self.toxic_unsent(id) > 0 || toxics.stall || toxics.slow_close > Duration::ZERO;
        if let (true, Some(held)) = (waits, self.held(id)) {
            held.closing = true;
            self.dirty = true;
        }
        waits
    }

    fn held(&mut self, id: Connection) -> Option<&mut Held> {
        Some(self.connections.get_mut(&id)?.toxic.get_or_insert_default())
    }

    /// Lets go what may go now. True when something did.
    pub(super) fn run_toxics(&mut self) -> bool {
        if self.toxics.is_empty() && self.every_port.is_harmless() && self.held_count() == 0 {
            return false;
        }
        let live = self.connections.iter().filter(|(_, c)| !c.is_over());
        let live: Vec<Connection> = live.map(|(id, _)| *id).collect();
        live.into_iter().fold(false, |moved, id| self.run_toxic(id) | moved)
    }

    fn held_count(&self) -> usize {
        self.connections.values().filter(|c| c.toxic.is_some()).count()
    }

    fn run_toxic(&mut self, id: Connection) -> bool {
        let Some(toxics) = self.toxics_of(id) else { return false };
        if !matches!(self.tcp_state(id), StreamState::Open | StreamState::PeerClosed | StreamState::Closing) {
            return false;
        }
        if toxics.stall {
            return false;
        }
        let moved = self.let_go(id, toxics);
        let moved = moved | self.end_by_toxic(id, toxics) | self.close_late(id, toxics);
        if toxics.is_harmless()
            && let Some(connection) = self.connections.get_mut(&id)
            && connection.toxic.as_deref().is_some_and(Held::is_idle)
        {
            connection.toxic = None;
        }
        moved
    }

    /// One piece goes to TCP.
    fn let_go(&mut self, id: Connection, toxics: Toxics) -> bool {
        let free = self.raw_send_free(id);
        let now = self.now;
        let limit = [toxics.reset_after, toxics.close_after].into_iter().flatten().min();
        let Some(held) = self.connections.get_mut(&id).and_then(|c| c.toxic.as_mut()) else { return false };
        if held.out.is_empty() || held.next_out > now || held.ended {
            return false;
        }
        let most = limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit.saturating_sub(held.sent)).unwrap_or(usize::MAX)
        });
        let piece = match (toxics.slice, toxics.bandwidth_bps) {
            (Some(slice), _) => slice as usize,
            (None, Some(_)) => PIECE,
            (None, None) => usize::MAX,
        };
        let length = held.out.len().min(piece).min(most).min(free);
        if length == 0 {
            return false;
        }
        let mut bytes: Vec<u8> = held.out.drain(..length).collect();
        held.sent += length as u64;
        let pause = toxics.bandwidth_bps.map_or(Duration::ZERO, |bps| time_for(length, bps));
        let pause = if toxics.slice.is_some() { pause.max(toxics.slice_delay) } else { pause };
        held.next_out = now + pause;
        if toxics.garble_ppm > 0 {
            for byte in &mut bytes {
                let (hit, bit) = (self.garbling.chance(toxics.garble_ppm), self.garbling.between(0, 7));
                *byte ^= if hit { 1 << bit } else { 0 };
            }
        }
        self.raw_send(id, &bytes);
        true
    }

    /// The connection ends because enough bytes have passed.
    fn end_by_toxic(&mut self, id: Connection, toxics: Toxics) -> bool {
        let Some((ends, raw)) = self.connections.get(&id).map(|c| (c.remote, c.local.port())) else {
            return false;
        };
        let on_its_way = self.raw_unsent(id) > 0;
        let Some(held) = self.connections.get_mut(&id).and_then(|c| c.toxic.as_mut()) else { return false };
        let passed = |limit: u64| held.read >= limit || held.sent >= limit && !on_its_way;
        let what =
            match (toxics.reset_after.filter(|n| passed(*n)), toxics.close_after.filter(|n| passed(*n))) {
                _ if held.ended => return false,
                (Some(bytes), _) => Poisoned::Reset(bytes),
                (None, Some(bytes)) => Poisoned::Closed(bytes),
                (None, None) => return false,
            };
        held.ended = true;
        held.out.clear();
        self.poisoned.push_back((raw, ends, what));
        match what {
            Poisoned::Closed(_) => self.raw_close(id),
            _ => self.tcp_abort(id),
        }
        true
    }

    /// The FIN of a service that has closed.
    fn close_late(&mut self, id: Connection, toxics: Toxics) -> bool {
        let now = self.now;
        let Some(held) = self.connections.get_mut(&id).and_then(|c| c.toxic.as_mut()) else { return false };
        if !held.closing || !held.out.is_empty() {
            return false;
        }
        let at = *held.close_at.get_or_insert(now + toxics.slow_close);
        if at > now {
            return false;
        }
        held.closing = false;
        self.raw_close(id);
        true
    }

    /// When toxics let something go.
    pub(super) fn next_toxic_timer(&self) -> Option<Instant> {
        let live = self.connections.values().filter(|c| !c.is_over());
        live.filter_map(|c| {
            let held = c.toxic.as_deref()?;
            if self.toxics_at(c.local.port()).stall {
                return None;
            }
            let out = (!held.out.is_empty() && !held.ended).then_some(held.next_out);
            let read = Some(held.next_in);
            [out, read, held.close_at.filter(|_| held.closing)]
                .into_iter()
                .flatten()
                .filter(|t| *t > self.now)
                .min()
        })
        .min()
    }
}

impl Tcb {
    /// Closed by its service, which waits for the FIN.
    pub(super) fn closes_late(&self) -> bool {
        self.toxic.as_deref().is_some_and(Held::is_closing)
    }
}
