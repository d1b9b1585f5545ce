//! TLS on one connection: how it is set, what it keeps, how its handshake ended. What it does stands in
//! [`super::secure`].

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use super::CloseReason;
use crate::net::tls::{Clock, Config, Session, State, Version};

/// What TLS on a connection is set to.
#[derive(Clone, Debug)]
pub struct Secure {
    /// The session's settings.
    pub config: Arc<Config>,
    /// The node's clock.
    pub clock: Clock,
    /// The most sessions that the node has memory for, this one included; `None`: as many as there are.
    pub most: Option<usize>,
}

impl Secure {
    /// The same, but however long the peer is silent in the handshake.
    pub fn patiently(mut self) -> Secure {
        Arc::make_mut(&mut self.config).patience = None;
        self
    }
}

/// How a handshake ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Our end.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// True: we accepted the connection.
    pub server: bool,
    /// Version and number of the cipher suite; or why there is no session.
    pub outcome: Result<(Version, u16), CloseReason>,
}

/// What a connection with TLS has more than one without.
pub(super) struct Layer {
    pub(super) secure: Secure,
    /// Made when TCP is open.
    pub(super) session: Option<Session>,
    /// Bytes of the session that TCP had no room for yet.
    pub(super) pending: VecDeque<u8>,
    pub(super) read: u64,
    pub(super) written: u64,
    /// Our direction is to end, once `pending` is empty.
    pub(super) closing: bool,
    /// It has ended.
    pub(super) closed: bool,
    pub(super) failure: Option<CloseReason>,
    /// How the handshake ended has been noted.
    pub(super) noted: bool,
}

impl Layer {
    pub(super) fn new(secure: Secure) -> Box<Layer> {
        Box::new(Layer {
            secure,
            session: None,
            pending: VecDeque::new(),
            read: 0,
            written: 0,
            closing: false,
            closed: false,
            failure: None,
            noted: false,
        })
    }

    /// True when the handshake is over, and well.
    pub(super) fn is_open(&self) -> bool {
        self.failure.is_none()
            && self.session.as_ref().is_some_and(|s| matches!(s.state(), State::Open | State::PeerClosed))
    }

    /// Takes over what the session has come out with.
    pub(super) fn gather(&mut self, secrets: &mut VecDeque<String>) {
        let Some(session) = &mut self.session else { return };
        while let Some(line) = session.take_secret() {
            secrets.push_back(line);
        }
        if session.has_output() {
            self.pending.extend(session.take());
        }
        if let State::Failed(failure) = session.state() {
            self.failure.get_or_insert(CloseReason::Tls(failure));
        }
    }
}
