//! TCP connections: smoltcp's sockets, their states in the owner's words, and their timeouts.
//!
//! The timeouts are kept here because smoltcp's own ends a connection that is merely idle, and with an RST.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{self, State};
use smoltcp::wire::{IpEndpoint, IpListenEndpoint, IpProtocol, TcpPacket};

use super::layer::Layer;
use super::toxic::Held;
use super::udp::free_port;
use super::{
    CloseReason, ConnectError, Connection, Listener, Stack, StreamState, TcpOptions, is_unicast, packet,
    tcp_buffer,
};
use crate::net::addr;
use crate::time::{Duration, Instant, earliest};

mod keep_alive;
mod listen;
pub(super) use listen::Listening;

/// How long a released connection may wait for its peer to take a byte, or to close.
const ORPHAN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long another SYN with the same number counts as a duplicate, and not as a peer that restarted.
const SYN_LIFETIME: Duration = Duration::from_secs(10);

/// One connection: RFC 793's transmission control block, and what its owner may ask about it.
pub(super) struct Tcb {
    /// smoltcp's socket; `None` once nothing more is sent or expected.
    handle: Option<SocketHandle>,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    options: TcpOptions,
    /// smoltcp's state when it was looked at last.
    phase: State,
    /// When the connection was made.
    born: Instant,
    /// When it got into its state.
    since: Instant,
    /// When the peer was heard last.
    heard: Instant,
    /// When the first segment was sent that the peer has not reacted to.
    waiting: Option<Instant>,
    /// True while keep-alive probes go out: from the end of the idle time until the peer is heard.
    probing: bool,
    /// Received bytes that the owner has read.
    read: u64,
    /// So many of them still fill smoltcp's buffer, so that the window stays as it is.
    held: usize,
    /// Bytes that the owner has handed over to be sent.
    written: u64,
    closed: Option<CloseReason>,
    /// What was received and not yet read when the socket went.
    unread: Vec<u8>,
    /// True: nobody will read, what arrives is thrown away.
    deaf: bool,
    released: bool,
    /// Of a released one: bytes that wait for the peer, and since when they have been so many in this state.
    orphaned: Option<(usize, Instant)>,
    /// The listener that has not handed it out yet.
    listener: Option<Listener>,
    /// The sequence number of the peer's SYN, when the peer made the connection.
    syn: Option<i32>,
    /// What carries the stream on top of it.
    pub(super) tls: Option<Box<Layer>>,
    /// What waits in front of it.
    pub(super) toxic: Option<Box<Held>>,
}

impl Tcb {
    fn new(handle: SocketHandle, ends: (SocketAddr, SocketAddr), options: TcpOptions, now: Instant) -> Self {
        Tcb {
            handle: Some(handle),
            local: ends.0,
            remote: ends.1,
            options,
            phase: State::SynSent,
            born: now,
            since: now,
            heard: now,
            waiting: None,
            probing: false,
            read: 0,
            held: 0,
            written: 0,
            closed: None,
            unread: Vec::new(),
            deaf: false,
            released: false,
            orphaned: None,
            listener: None,
            syn: None,
            tls: None,
            toxic: None,
        }
    }

    /// True once nothing more is sent or expected.
    pub(super) fn is_over(&self) -> bool {
        self.handle.is_none()
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.deaf
    }

    pub(super) fn is_released(&self) -> bool {
        self.released
    }

    /// True while its owner has it: its listener has handed it out, or it was dialled, and it is neither over nor released.
    pub(super) fn is_owned(&self) -> bool {
        !self.is_over() && !self.released && self.listener.is_none()
    }

    /// Nobody will read any more.
    pub(super) fn set_deaf(&mut self) {
        self.deaf = true;
        self.unread = Vec::new();
    }

    /// When the connection is given up if nothing happens.
    fn deadline(&self) -> Option<Instant> {
        let data = match self.options.data_timeout {
            None if self.released => Some(ORPHAN_TIMEOUT),
            timeout => timeout,
        };
        // A peer that owes an answer has the other timeout. And where a toxic holds the FIN back, only bytes wait for it.
        let answered = self.orphaned.filter(|_| self.waiting.is_none());
        let stands = answered.filter(|(unsent, _)| *unsent > 0 || !self.closes_late());
        let orphan = stands.map(|(_, since)| since + ORPHAN_TIMEOUT);
        match self.phase {
            State::SynSent | State::SynReceived => Some(self.since + self.options.connect_timeout),
            State::Closed | State::Listen | State::TimeWait => None,
            _ => {
                let unanswered = self.waiting.zip(data).map(|(since, d)| since + d);
                [unanswered, orphan].into_iter().flatten().min()
            }
        }
    }
}

fn endpoint(address: IpEndpoint) -> SocketAddr {
    SocketAddr::new(address.addr.into(), address.port)
}

fn smoltcp_duration(d: Duration) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(d.as_nanos() / 1_000)
}

impl Stack {
    /// A closed smoltcp socket with this stack's buffers.
    fn new_tcp_socket(&self, options: &TcpOptions) -> tcp::Socket<'static> {
        let (rx, tx) = self.tcp_buffers;
        let rx = options.receive_buffer.map_or(rx, tcp_buffer);
        let mut socket =
            tcp::Socket::new(tcp::SocketBuffer::new(vec![0; rx]), tcp::SocketBuffer::new(vec![0; tx]));
        socket.set_nagle_enabled(!options.nodelay);
        socket
    }

    /// See [`stream_connect`](Stack::stream_connect).
    pub(super) fn tcp_connect(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local_port: Option<u16>,
        options: &TcpOptions,
    ) -> Result<Connection, ConnectError> {
        let address = remote.ip();
        let unicast = match address {
            IpAddr::V4(address) => is_unicast(address),
            IpAddr::V6(address) => addr::is_unicast(address),
        };
        if !unicast || remote.port() == 0 {
            return Err(ConnectError::BadRemote);
        }
        let bound = options.local_address.filter(|own| own.is_ipv4() == address.is_ipv4());
        let own = bound.or_else(|| self.source_for(address)).ok_or(ConnectError::NoAddress)?;
        if self.is_many(address) {
            return Err(ConnectError::BadRemote);
        }
        if !self.has_way(own, address) {
            return Err(ConnectError::NoRoute);
        }
        let port = self.local_tcp_port(local_port)?;
        let local = SocketAddr::new(own, port);
        if let Some(old) = self.find_connection(local, remote) {
            // Only one in TIME_WAIT can have the same ends now.
            self.finish(old, CloseReason::Local);
        }
        let mut socket = self.new_tcp_socket(options);
        let from = IpListenEndpoint { addr: Some(own.into()), port };
        socket
            .connect(self.iface.context(), IpEndpoint::new(address.into(), remote.port()), from)
            .map_err(|_| ConnectError::BadRemote)?;
        let handle = self.sockets.add(socket);
        let id = Connection(self.next_handle());
        self.connections.insert(id, Tcb::new(handle, (local, remote), *options, now));
        self.dirty = true;
        Ok(id)
    }

    /// The port to connect from.
    fn local_tcp_port(&mut self, wanted: Option<u16>) -> Result<u16, ConnectError> {
        let live = self.connections.values().filter(|c| c.handle.is_some());
        // A port that is only in TIME_WAIT may be chosen, but is not given out by itself.
        let live = live.filter(|c| wanted.is_none() || c.phase != State::TimeWait).map(|c| c.local.port());
        let used: BTreeSet<u16> = live.chain(self.listeners.values().map(Listening::port)).collect();
        match wanted {
            Some(port) if port != 0 && !used.contains(&port) => Ok(port),
            Some(_) => Err(ConnectError::PortInUse),
            None => {
                let port = free_port(self.last_tcp_port, &used).ok_or(ConnectError::PortInUse)?;
                self.last_tcp_port = port;
                Ok(port)
            }
        }
    }

    fn find_connection(&self, local: SocketAddr, remote: SocketAddr) -> Option<Connection> {
        let same = |c: &&Tcb| c.handle.is_some() && c.local == local && c.remote == remote;
        self.connections.iter().find(|(_, c)| same(c)).map(|(id, _)| *id)
    }

    fn socket(&self, id: Connection) -> Option<&tcp::Socket<'static>> {
        self.connections.get(&id)?.handle.map(|h| self.sockets.get::<tcp::Socket>(h))
    }

    /// See [`stream_state`](Stack::stream_state).
    pub(super) fn tcp_state(&self, id: Connection) -> StreamState {
        let Some(connection) = self.connections.get(&id) else {
            return StreamState::Closed(CloseReason::Local);
        };
        if let Some(reason) = connection.closed {
            return StreamState::Closed(reason);
        }
        if connection.closes_late() {
            return StreamState::Closing;
        }
        match self.socket(id).map_or(State::Closed, tcp::Socket::state) {
            State::CloseWait if self.hides_end(id, connection) => StreamState::Open,
            State::SynSent | State::SynReceived => StreamState::Connecting,
            State::Established => StreamState::Open,
            State::CloseWait => StreamState::PeerClosed,
            State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => StreamState::Closing,
            State::Listen | State::TimeWait | State::Closed => StreamState::Closed(CloseReason::Local),
        }
    }

    /// See [`stream_send`](Stack::stream_send).
    pub(super) fn tcp_send(&mut self, id: Connection, data: &[u8]) -> usize {
        match self.toxic_send(id, data) {
            Some(taken) => taken,
            None => self.raw_send(id, data),
        }
    }

    /// Hands bytes to smoltcp.
    pub(super) fn raw_send(&mut self, id: Connection, data: &[u8]) -> usize {
        let Some(connection) = self.connections.get_mut(&id) else { return 0 };
        let Some(handle) = connection.handle else { return 0 };
        let taken = self.sockets.get_mut::<tcp::Socket>(handle).send_slice(data).unwrap_or(0);
        connection.written += taken as u64;
        self.dirty |= taken > 0;
        taken
    }

    /// See [`stream_send_free`](Stack::stream_send_free).
    pub(super) fn tcp_send_free(&self, id: Connection) -> usize {
        self.toxic_send_free(id).unwrap_or_else(|| self.raw_send_free(id))
    }

    pub(super) fn raw_send_free(&self, id: Connection) -> usize {
        let open = self.socket(id).filter(|t| t.may_send());
        open.map_or(0, |t| t.send_capacity() - t.send_queue())
    }

    /// See [`stream_unsent`](Stack::stream_unsent).
    pub(super) fn tcp_unsent(&self, id: Connection) -> usize {
        self.toxic_unsent(id) + self.raw_unsent(id)
    }

    pub(super) fn raw_unsent(&self, id: Connection) -> usize {
        self.socket(id).map_or(0, tcp::Socket::send_queue)
    }

    /// Sends small segments at once from now on, or holds them back.
    pub fn tcp_set_nodelay(&mut self, id: Connection, nodelay: bool) {
        if let Some(handle) = self.connections.get(&id).and_then(|c| c.handle) {
            self.sockets.get_mut::<tcp::Socket>(handle).set_nagle_enabled(!nodelay);
            self.dirty = true;
        }
    }

    /// See [`stream_written`](Stack::stream_written).
    pub(super) fn tcp_written(&self, id: Connection) -> u64 {
        self.connections.get(&id).map_or(0, |c| c.written)
    }

    /// See [`stream_received`](Stack::stream_received).
    pub(super) fn tcp_received(&self, id: Connection) -> u64 {
        self.connections.get(&id).map_or(0, |c| c.read) + self.tcp_readable(id) as u64
    }

    /// See [`stream_readable`](Stack::stream_readable).
    pub(super) fn tcp_readable(&self, id: Connection) -> usize {
        self.toxic_readable(id, self.raw_readable(id))
    }

    /// The same, whatever the toxics of its port let through by now.
    pub(super) fn raw_readable(&self, id: Connection) -> usize {
        let Some(connection) = self.connections.get(&id).filter(|c| !c.deaf) else { return 0 };
        let queued = self.socket(id).map_or(0, tcp::Socket::recv_queue);
        connection.unread.len() + queued.saturating_sub(connection.held)
    }

    /// See [`stream_recv`](Stack::stream_recv).
    pub(super) fn tcp_recv(&mut self, id: Connection, max: usize) -> Vec<u8> {
        let mut data = vec![0; max.min(self.tcp_readable(id))];
        let Some(connection) = self.connections.get_mut(&id).filter(|_| !data.is_empty()) else {
            return Vec::new();
        };
        match connection.handle {
            Some(handle) => {
                let socket = self.sockets.get_mut::<tcp::Socket>(handle);
                let mut queued = vec![0; connection.held + data.len()];
                let read = socket.peek_slice(&mut queued).unwrap_or(0);
                data = queued.get(connection.held..read).unwrap_or_default().to_vec();
                connection.held += data.len();
                let step = socket.recv_capacity() / 4;
                if connection.held >= step || socket.recv_capacity() - socket.recv_queue() >= step {
                    queued.truncate(std::mem::take(&mut connection.held));
                    // What was looked at is there to be taken.
                    let _ = socket.recv_slice(&mut queued);
                    self.dirty = true;
                }
            }
            None => data = connection.unread.drain(..data.len()).collect(),
        }
        connection.read += data.len() as u64;
        self.toxic_read(id, data.len());
        data
    }

    /// See [`stream_close`](Stack::stream_close).
    pub(super) fn tcp_close(&mut self, id: Connection) {
        if !self.toxic_close(id) {
            self.raw_close(id);
        }
    }

    /// Has smoltcp send a FIN.
    pub(super) fn raw_close(&mut self, id: Connection) {
        let Some(handle) = self.connections.get(&id).and_then(|c| c.handle) else { return };
        let socket = self.sockets.get_mut::<tcp::Socket>(handle);
        let before = socket.state();
        if before == State::SynSent {
            self.finish(id, CloseReason::Local);
        } else {
            socket.close();
            self.dirty |= socket.state() != before;
        }
    }

    /// Ends a connection at once with RST; unread data is gone.
    pub fn tcp_abort(&mut self, id: Connection) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.set_deaf();
        connection.tls = None;
        let Some(handle) = connection.handle else { return };
        connection.closed.get_or_insert(CloseReason::Local);
        let socket = self.sockets.get_mut::<tcp::Socket>(handle);
        if matches!(socket.state(), State::SynSent | State::TimeWait) {
            self.finish(id, CloseReason::Local);
        } else {
            // The RST leaves with the next poll.
            socket.abort();
        }
        self.dirty = true;
    }

    /// See [`stream_release`](Stack::stream_release).
    pub(super) fn tcp_release(&mut self, id: Connection) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.released = true;
        connection.deaf = true;
        if connection.handle.is_some() {
            self.stream_close(id);
        } else {
            self.connections.remove(&id);
        }
    }

    /// A connection that its listener has not handed out, and will not: it ends by itself.
    pub(super) fn forsake(&mut self, id: Connection) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let Some(listener) = connection.listener.take() {
            connection.released = true;
            if let Some(listener) = self.listeners.get_mut(&listener) {
                listener.forget(id);
            }
            self.follow_tcp();
        }
    }

    /// The connection is over: smoltcp's socket goes, without a frame.
    pub(super) fn finish(&mut self, id: Connection, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.closed.get_or_insert(reason);
        if let Some(handle) = connection.handle.take() {
            let socket = self.sockets.get_mut::<tcp::Socket>(handle);
            if !connection.deaf {
                let mut unread = vec![0; socket.recv_queue()];
                // Everything that is queued, so nothing is cut off.
                let read = socket.recv_slice(&mut unread).unwrap_or(0);
                unread.truncate(read);
                connection.unread = unread.split_off(std::mem::take(&mut connection.held).min(read));
            }
            self.sockets.remove(handle);
        }
        if let Some(listener) = connection.listener {
            if let Some(listener) = self.listeners.get_mut(&listener) {
                listener.forget(id);
            }
            self.connections.remove(&id);
        } else if connection.released {
            self.connections.remove(&id);
        }
    }

    /// Ends, without a frame, the connections whose local address is `gone`.
    pub(super) fn fail_connections(&mut self, gone: impl Fn(IpAddr) -> bool, reason: CloseReason) {
        let live = self.connections.iter().filter(|(_, c)| c.handle.is_some() && gone(c.local.ip()));
        let failed: Vec<Connection> = live.map(|(id, _)| *id).collect();
        for id in failed {
            self.finish(id, reason);
        }
        self.follow_tcp();
    }

    /// Looks at what smoltcp did to the connections. Called after each packet, so that no state is missed.
    pub(super) fn follow_tcp(&mut self) {
        self.follow_listeners();
        let (mut over, mut moved) = (Vec::new(), false);
        for (id, connection) in &mut self.connections {
            let Some(handle) = connection.handle else { continue };
            let socket = self.sockets.get_mut::<tcp::Socket>(handle);
            if connection.deaf && socket.can_recv() {
                // Nothing can go wrong where something can be received.
                while socket.recv(|data| (data.len(), data.len())).is_ok_and(|n| n > 0) {}
            }
            if connection.released {
                let unsent = socket.send_queue();
                let same =
                    connection.orphaned.filter(|(n, _)| *n == unsent && socket.state() == connection.phase);
                connection.orphaned = same.or(Some((unsent, self.now)));
            }
            let (state, phase) = (socket.state(), connection.phase);
            if state != phase {
                connection.phase = state;
                connection.since = self.now;
                moved = true;
            }
            match state {
                State::TimeWait => {
                    connection.closed.get_or_insert(CloseReason::Local);
                }
                // While smoltcp knows the ends, an RST is still to be sent.
                State::Closed if socket.local_endpoint().is_some() => {}
                State::Closed => over.push((
                    *id,
                    match phase {
                        State::SynSent => CloseReason::Refused,
                        State::LastAck => CloseReason::Peer,
                        State::TimeWait => CloseReason::Local,
                        _ => CloseReason::Reset,
                    },
                )),
                // A half-open connection was reset; the listener has another socket.
                State::Listen => over.push((*id, CloseReason::Reset)),
                _ => {}
            }
        }
        moved |= !over.is_empty();
        for (id, reason) in over {
            self.finish(id, reason);
        }
        if moved {
            self.follow_listeners();
        }
    }

    /// Notes that smoltcp sends this segment: if it wants an answer, the peer's silence counts from now.
    pub(super) fn note_segment(&mut self, packet: &[u8]) {
        let Some((from, to, IpProtocol::Tcp, payload)) = packet::parts(packet) else { return };
        let Ok(segment) = TcpPacket::new_checked(payload) else { return };
        if segment.segment_len() == 0 {
            return;
        }
        let local = SocketAddr::new(from, segment.src_port());
        let remote = SocketAddr::new(to, segment.dst_port());
        let Some(id) = self.find_connection(local, remote) else { return };
        let probe = self.is_probe(id);
        if let Some(connection) = self.connections.get_mut(&id).filter(|_| !probe) {
            connection.waiting.get_or_insert(self.now);
        }
    }

    /// Gives up connections whose time has run out.
    pub(super) fn run_tcp(&mut self) -> bool {
        let live = self.connections.iter().filter(|(_, c)| c.handle.is_some());
        let late = live.filter(|(_, c)| c.deadline().is_some_and(|t| t <= self.now));
        let late: Vec<Connection> = late.map(|(id, _)| *id).collect();
        for id in &late {
            self.finish(*id, CloseReason::TimedOut);
        }
        if !late.is_empty() {
            self.follow_tcp();
        }
        !late.is_empty() | self.run_keep_alive()
    }

    pub(super) fn next_tcp_timer(&self) -> Option<Instant> {
        let live = self.connections.values().filter(|c| c.handle.is_some());
        live.filter_map(|c| earliest([c.deadline(), c.probe_timer()])).min()
    }
}
