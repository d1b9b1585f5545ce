//! Streams: what the owner of a connection does with it, whatever carries its bytes.
//!
//! TCP carries them, or TLS on TCP ([`super::secure`]). What is TCP's own, and would mean something else or nothing to
//! another carrier, keeps TCP's name: `tcp_set_nodelay`, `tcp_set_keep_alive`, `tcp_abort` (the RST) and
//! `tcp_accept_half_open`.

use std::net::SocketAddr;

use super::{
    CloseReason, ConnectError, Connection, Ends, ListenError, Listener, Stack, StreamState, TcpOptions,
};
use crate::time::Instant;

impl Stack {
    /// Connects to `remote`; the SYN leaves with the next poll. Without `local_port` an ephemeral port that
    /// is not in use is taken.
    ///
    /// # Errors
    /// See [`ConnectError`]; nothing was sent then.
    pub fn stream_connect(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local_port: Option<u16>,
        options: &TcpOptions,
    ) -> Result<Connection, ConnectError> {
        self.tcp_connect(now, remote, local_port, options)
    }

    /// Listens on a port, on every address of the node. Up to `backlog` (at least 1) connections wait to be
    /// accepted; SYNs beyond them are dropped. Those in TLS's handshake do not count. `options` are those of the connections;
    /// [`connect_timeout`](TcpOptions::connect_timeout) bounds half-open ones.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn stream_listen(
        &mut self,
        port: u16,
        backlog: usize,
        options: &TcpOptions,
    ) -> Result<Listener, ListenError> {
        self.tcp_listen(port, backlog, options)
    }

    /// Takes the next connection that is open, and who made it.
    pub fn stream_accept(&mut self, listener: Listener) -> Option<(Connection, SocketAddr)> {
        self.tcp_accept(listener)
    }

    /// Stops listening, and resets the connections that were not accepted.
    pub fn listener_release(&mut self, listener: Listener) {
        self.tcp_unlisten(listener);
    }

    /// Where a connection stands.
    pub fn stream_state(&self, connection: Connection) -> StreamState {
        match self.tls_state(connection) {
            Some(answer) => answer,
            None => self.tcp_state(connection),
        }
    }

    /// What has become of a connection that was being opened: `None` as long as it is, then its ends, or why it did
    /// not open, or is over already.
    pub fn stream_outcome(&self, connection: Connection) -> Option<Result<Ends, CloseReason>> {
        let ends = self.connections.get(&connection).map(|c| Ends { local: c.local, remote: c.remote });
        match self.stream_state(connection) {
            StreamState::Connecting => None,
            StreamState::Closed(reason) => Some(Err(reason)),
            StreamState::Open | StreamState::PeerClosed | StreamState::Closing => {
                Some(ends.ok_or(CloseReason::Local))
            }
        }
    }

    /// The peer's address and port.
    pub fn stream_remote(&self, connection: Connection) -> Option<SocketAddr> {
        self.connections.get(&connection).map(|c| c.remote)
    }

    /// Our address and port.
    pub fn stream_local(&self, connection: Connection) -> Option<SocketAddr> {
        self.connections.get(&connection).map(|c| c.local)
    }

    /// Queues `data` to be sent; answers how many bytes were taken (0 when the connection is not open to
    /// send, or its buffer is full).
    pub fn stream_send(&mut self, connection: Connection, data: &[u8]) -> usize {
        match self.tls_send(connection, data) {
            Some(answer) => answer,
            None => self.tcp_send(connection, data),
        }
    }

    /// How many bytes [`stream_send`](Self::stream_send) would take now; with TLS it may take more, a record at a time.
    pub fn stream_send_free(&self, connection: Connection) -> usize {
        match self.tls_send_free(connection) {
            Some(answer) => answer,
            None => self.tcp_send_free(connection),
        }
    }

    /// How many bytes of the records that were made of what was taken wait for room in TCP's buffer. 0 without TLS.
    pub fn stream_held(&self, connection: Connection) -> usize {
        self.tls_held(connection)
    }

    /// How many of the bytes taken are not yet acknowledged by the peer.
    pub fn stream_unsent(&self, connection: Connection) -> usize {
        match self.tls_unsent(connection) {
            Some(answer) => answer,
            None => self.tcp_unsent(connection),
        }
    }

    /// How many bytes have been taken to be sent in all.
    pub fn stream_written(&self, connection: Connection) -> u64 {
        match self.tls_written(connection) {
            Some(answer) => answer,
            None => self.tcp_written(connection),
        }
    }

    /// How many bytes have been received in all, read or not.
    pub fn stream_received(&self, connection: Connection) -> u64 {
        match self.tls_received(connection) {
            Some(answer) => answer,
            None => self.tcp_received(connection),
        }
    }

    /// How many received bytes wait to be read.
    pub fn stream_readable(&self, connection: Connection) -> usize {
        match self.tls_readable(connection) {
            Some(answer) => answer,
            None => self.tcp_readable(connection),
        }
    }

    /// Reads up to `max` bytes. Reading opens the receive window for the peer, but as in lwIP not by less than a
    /// quarter of it: many small reads behind a closed window would ask for many small segments (RFC 1122, 4.2.3.3).
    pub fn stream_recv(&mut self, connection: Connection, max: usize) -> Vec<u8> {
        match self.tls_recv(connection, max) {
            Some(answer) => answer,
            None => self.tcp_recv(connection, max),
        }
    }

    /// Closes our direction: FIN after what is queued. Received data can still be read. A connection whose
    /// SYN was not answered ends without a frame.
    pub fn stream_close(&mut self, connection: Connection) {
        if !self.tls_close(connection) {
            self.tcp_close(connection);
        }
    }

    /// The owner forgets the connection. It closes in good order first (see [`stream_close`](Self::stream_close)) and
    /// is removed when it has; what still arrives is thrown away, and a peer is given up that has taken nothing of what
    /// waits for it for a minute, or never closes.
    pub fn stream_release(&mut self, connection: Connection) {
        self.tcp_release(connection);
    }
}
