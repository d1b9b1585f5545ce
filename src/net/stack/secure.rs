//! TLS on a connection: a session between the verbs of [`super::stream`] and TCP, as lwIP's altcp has it.
//!
//! To its owner such a connection is one that takes longer to open: it is `Connecting`, and is not handed out by its
//! listener, until the handshake is over. What the session owes to the peer (the rest of a record, `close_notify`, an
//! alert) goes out whether the owner has released the connection or not.

use super::layer::{Handshake, Layer, Secure};
use super::tcp::Tcb;
use super::{CloseReason, Connection, Listener, Stack, StreamState};
use crate::net::tls::{Failure, Reason, Session, SetupError, State};
use crate::rng::Stream;
use crate::time::Instant;

/// How a handshake fails that a RST ends (MBEDTLS_ERR_NET_CONN_RESET).
const RESET: Failure = Failure { reason: Reason::PeerClosed, code: -0x50, flags: 0, sent: None };

impl Stack {
    /// Puts TLS on a connection that has just been made with [`stream_connect`](Self::stream_connect).
    pub fn stream_secure(&mut self, connection: Connection, secure: &Secure) {
        if let Some(c) = self.connections.get_mut(&connection) {
            c.tls = Some(Layer::new(secure.clone()));
        }
    }

    /// Puts TLS on every connection that a listener gets from now on.
    pub fn listener_secure(&mut self, listener: Listener, secure: &Secure) {
        if let Some(l) = self.listeners.get_mut(&listener) {
            l.secure = Some(secure.clone());
        }
    }

    /// The same for whatever listens on a port. False when nothing does.
    pub fn port_secure(&mut self, port: u16, secure: &Secure) -> bool {
        let listener = self.listeners.iter().find(|(_, l)| l.port() == port).map(|(id, _)| *id);
        if let Some(listener) = listener {
            self.listener_secure(listener, secure);
        }
        listener.is_some()
    }

    /// True when a connection has TLS.
    pub fn stream_is_secure(&self, connection: Connection) -> bool {
        self.layer(connection).is_some()
    }

    /// How many bytes of [`stream_readable`](Self::stream_readable) are the rest of a record that has been opened. The
    /// others are records as they came. Without TLS all of them.
    pub fn stream_opened(&self, connection: Connection) -> usize {
        match self.layer(connection) {
            Some(layer) => layer.session.as_ref().map_or(0, Session::readable),
            None => self.tcp_readable(connection),
        }
    }

    /// Ends every session that is open by a fatal alert of this number. Answers how many there were.
    pub fn alert_sessions(&mut self, alert: u8) -> usize {
        let mut open = 0;
        for layer in self.connections.values_mut().filter_map(|c| c.tls.as_mut()) {
            let is_open = layer.is_open() && !layer.closing;
            if let Some(session) = layer.session.as_mut().filter(|_| is_open) {
                session.fail(alert);
                open += 1;
            }
        }
        self.dirty |= open > 0;
        open
    }

    /// Ends the connection below every session that is open (FIN), and says nothing of it in the session. Answers how many
    /// there were.
    pub fn cut_sessions(&mut self) -> usize {
        let mut open = 0;
        for layer in self.connections.values_mut().filter_map(|c| c.tls.as_mut()) {
            if layer.is_open() && !layer.closing {
                layer.closing = true;
                open += 1;
            }
        }
        self.dirty |= open > 0;
        open
    }

    /// True when a session is open.
    pub fn has_sessions(&self) -> bool {
        self.connections
            .values()
            .filter_map(|c| c.tls.as_ref())
            .any(|layer| layer.is_open() && !layer.closing)
    }

    /// How many sessions there are, in handshakes or open, that their owners have not released.
    pub fn tls_sessions(&self) -> usize {
        let live = self.connections.values().filter(|c| !c.is_over() && !c.is_released());
        live.filter(|c| c.tls.as_ref().is_some_and(|layer| layer.session.is_some())).count()
    }

    /// Takes how the next handshake ended, in order.
    pub fn take_handshake(&mut self) -> Option<Handshake> {
        self.handshakes.pop_front()
    }

    /// Takes the next line of the key log (NSS's format). It is there before the first frame that it opens.
    pub fn take_secret(&mut self) -> Option<String> {
        self.secrets.pop_front()
    }

    fn layer(&self, id: Connection) -> Option<&Layer> {
        self.connections.get(&id)?.tls.as_deref()
    }

    /// See [`stream_state`](Stack::stream_state).
    pub(super) fn tls_state(&self, id: Connection) -> Option<StreamState> {
        let layer = self.layer(id)?;
        if let Some(reason) = layer.failure {
            return Some(StreamState::Closed(reason));
        }
        let below = self.tcp_state(id);
        if !matches!(below, StreamState::Open | StreamState::PeerClosed) {
            return Some(below);
        }
        Some(match layer.session.as_ref().map(Session::state) {
            _ if layer.closing => StreamState::Closing,
            None | Some(State::Handshaking) => StreamState::Connecting,
            Some(State::Open) => below,
            Some(State::PeerClosed) => StreamState::PeerClosed,
            Some(State::Failed(failure)) => StreamState::Closed(CloseReason::Tls(failure)),
        })
    }

    /// See [`stream_readable`](Stack::stream_readable).
    pub(super) fn tls_readable(&self, id: Connection) -> Option<usize> {
        let layer = self.layer(id)?;
        let deaf = self.connections.get(&id).is_none_or(Tcb::is_deaf);
        let usable = layer.is_open() && !deaf;
        let opened = layer.session.as_ref().map_or(0, Session::readable);
        Some(if usable { opened + self.tcp_readable(id) } else { 0 })
    }

    /// See [`stream_recv`](Stack::stream_recv).
    pub(super) fn tls_recv(&mut self, id: Connection, max: usize) -> Option<Vec<u8>> {
        let mut layer = self.connections.get_mut(&id)?.tls.take()?;
        let deaf = self.connections.get(&id).is_none_or(Tcb::is_deaf);
        let before = (layer.pending.len(), layer.failure);
        let data = if deaf { Vec::new() } else { self.read_records(id, &mut layer, max) };
        layer.read += data.len() as u64;
        layer.gather(&mut self.secrets);
        // An answer of the session's, or its end; what waits for room in TCP does so without a poll.
        self.dirty |= (layer.pending.len(), layer.failure) != before;
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.tls = Some(layer);
        }
        Some(data)
    }

    /// Reads from the record that is open, or opens the next one that is complete.
    fn read_records(&mut self, id: Connection, layer: &mut Layer, max: usize) -> Vec<u8> {
        let Some(session) = &mut layer.session else { return Vec::new() };
        while session.state() == State::Open {
            let data = session.read(max);
            if !data.is_empty() || max == 0 {
                return data;
            }
            let wanted = session.wants();
            let records = self.tcp_recv(id, wanted);
            if !records.is_empty() {
                session.feed(self.now, &records);
            } else if wanted > 0 && self.is_at_end(id) {
                session.end(self.now);
                session.read(max);
            } else {
                break;
            }
        }
        Vec::new()
    }

    /// True when nothing more can come from the peer, and all that came has been read.
    fn is_at_end(&self, id: Connection) -> bool {
        let over = matches!(self.tcp_state(id), StreamState::PeerClosed | StreamState::Closed(_));
        over && self.tcp_readable(id) == 0
    }

    /// See [`stream_send`](Stack::stream_send). Records are as long as the owner's data and the configuration make them,
    /// whatever room TCP has: the rest of one waits here for it, and no other is begun before, as it is with a socket
    /// that blocks.
    pub(super) fn tls_send(&mut self, id: Connection, data: &[u8]) -> Option<usize> {
        self.layer(id)?;
        let mut taken = 0;
        while taken < data.len() {
            self.flush(id);
            let room = self.tls_send_free(id)?;
            let layer = self.connections.get_mut(&id)?.tls.as_mut()?;
            let rest = &data[taken..];
            let record = &rest[..rest.len().min(room)];
            let written = layer.session.as_mut().map_or(0, |session| session.write(record));
            layer.written += written as u64;
            layer.gather(&mut self.secrets);
            if written == 0 {
                break;
            }
            taken += written;
            self.dirty = true;
        }
        self.flush(id);
        Some(taken)
    }

    /// See [`stream_send_free`](Stack::stream_send_free).
    pub(super) fn tls_send_free(&self, id: Connection) -> Option<usize> {
        let layer = self.layer(id)?;
        let below = matches!(self.tcp_state(id), StreamState::Open | StreamState::PeerClosed);
        let takes = below && layer.is_open() && !layer.closing && layer.pending.is_empty();
        Some(if takes { layer.secure.config.record.max(1) } else { 0 })
    }

    /// See [`stream_held`](Stack::stream_held).
    pub(super) fn tls_held(&self, id: Connection) -> usize {
        self.layer(id).map_or(0, |layer| layer.pending.len())
    }

    /// See [`stream_unsent`](Stack::stream_unsent).
    pub(super) fn tls_unsent(&self, id: Connection) -> Option<usize> {
        Some(self.layer(id)?.pending.len() + self.tcp_unsent(id))
    }

    /// See [`stream_written`](Stack::stream_written).
    pub(super) fn tls_written(&self, id: Connection) -> Option<u64> {
        self.layer(id).map(|layer| layer.written)
    }

    /// See [`stream_received`](Stack::stream_received): with TLS, records that nobody has opened count as they came.
    pub(super) fn tls_received(&self, id: Connection) -> Option<u64> {
        Some(self.layer(id)?.read + self.tls_readable(id)? as u64)
    }

    /// See [`stream_close`](Stack::stream_close). False when the connection has no TLS.
    pub(super) fn tls_close(&mut self, id: Connection) -> bool {
        let Some(layer) = self.connections.get_mut(&id).and_then(|c| c.tls.as_mut()) else { return false };
        if !layer.closing {
            layer.closing = true;
            if let Some(session) = &mut layer.session {
                session.close();
            }
            layer.gather(&mut self.secrets);
            self.dirty = true;
        }
        if self.tcp_state(id) == StreamState::Connecting {
            self.tcp_close(id);
        }
        true
    }

    /// Hands to TCP what it has room for.
    fn flush(&mut self, id: Connection) -> bool {
        let Some(layer) = self.connections.get_mut(&id).and_then(|c| c.tls.as_mut()) else { return false };
        if layer.pending.is_empty() {
            return false;
        }
        let bytes = std::mem::take(&mut layer.pending);
        let (first, second) = bytes.as_slices();
        let mut sent = self.tcp_send(id, first);
        if sent == first.len() {
            sent += self.tcp_send(id, second);
        }
        let gone = self.tcp_state(id);
        if let Some(layer) = self.connections.get_mut(&id).and_then(|c| c.tls.as_mut()) {
            layer.pending = bytes;
            layer.pending.drain(..sent);
            if matches!(gone, StreamState::Closed(_)) {
                // There is no way left for it.
                layer.pending.clear();
            }
        }
        sent > 0
    }

    /// Goes on with handshakes, and with what sessions have to send. True when something was done.
    pub(super) fn run_tls(&mut self) -> bool {
        let secure = self.connections.iter().filter(|(_, c)| c.tls.is_some());
        let secure: Vec<Connection> = secure.map(|(id, _)| *id).collect();
        secure.into_iter().fold(false, |moved, id| self.run_session(id) | moved)
    }

    fn run_session(&mut self, id: Connection) -> bool {
        let Some(mut layer) = self.connections.get_mut(&id).and_then(|c| c.tls.take()) else { return false };
        let mut moved = self.shake(id, &mut layer);
        layer.gather(&mut self.secrets);
        self.note_handshake(id, &mut layer);
        let failed = layer.failure.is_some();
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.tls = Some(layer);
            if failed {
                connection.set_deaf();
            }
        }
        moved |= self.flush(id);
        let Some(layer) = self.connections.get_mut(&id).and_then(|c| c.tls.as_mut()) else { return moved };
        if (layer.closing || failed) && layer.pending.is_empty() && !layer.closed {
            layer.closed = true;
            moved = true;
            self.tcp_close(id);
        }
        if failed {
            self.forsake(id);
        }
        moved
    }

    /// The session's part in the handshake, as far as it goes now.
    fn shake(&mut self, id: Connection, layer: &mut Layer) -> bool {
        let below = self.tcp_state(id);
        if layer.session.is_none() {
            let open = matches!(below, StreamState::Open | StreamState::PeerClosed);
            if !open || layer.failure.is_some() || layer.closing {
                return false;
            }
            self.tls_count += 1;
            let random = Stream::new(self.seed, &format!("node/{}/tls/{}", self.name, self.tls_count));
            let full = layer.secure.most.is_some_and(|most| self.tls_sessions() >= most);
            let session = match full {
                true => Err(SetupError::Memory),
                false => Session::new(&layer.secure.config, random, layer.secure.clock, self.now),
            };
            match session {
                Ok(session) => layer.session = Some(session),
                Err(error) => layer.failure = Some(CloseReason::TlsSetup(error)),
            }
        }
        let Some(session) = &mut layer.session else { return true };
        let before = session.state();
        session.poll(self.now);
        let mut moved = session.state() != before;
        while session.state() == State::Handshaking {
            let wanted = session.wants();
            let records = self.tcp_recv(id, wanted);
            if records.is_empty() {
                if wanted > 0 && self.is_at_end(id) {
                    session.end(self.now);
                    if self.tcp_state(id) == StreamState::Closed(CloseReason::Reset) {
                        layer.failure = Some(CloseReason::Tls(RESET));
                    }
                    moved |= session.state() != State::Handshaking;
                }
                break;
            }
            session.feed(self.now, &records);
            moved = true;
        }
        moved
    }

    fn note_handshake(&mut self, id: Connection, layer: &mut Layer) {
        let Some(connection) = self.connections.get(&id) else { return };
        let session = layer.session.as_ref().filter(|_| layer.is_open());
        let outcome = match (layer.failure, session) {
            (Some(reason), _) => Err(reason),
            (None, Some(session)) => match (session.version(), session.suite()) {
                (Some(version), Some(suite)) => Ok((version, suite)),
                _ => return,
            },
            (None, None) => return,
        };
        if !std::mem::replace(&mut layer.noted, true) {
            let (local, remote, server) = (connection.local, connection.remote, layer.secure.config.server);
            self.handshakes.push_back(Handshake { local, remote, server, outcome });
        }
    }

    /// When a session has something to do.
    pub(super) fn next_tls_timer(&self) -> Option<Instant> {
        let live = self.connections.values().filter(|c| !c.is_over());
        live.filter_map(|c| c.tls.as_ref()?.session.as_ref()?.next_timer()).min()
    }
}
