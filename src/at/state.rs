//! What the AT firmware is doing, for those who ask from outside.

use std::net::SocketAddr;

use super::links::Kind;
use super::receive;
use super::{At, LinkProtocol};
use crate::net::stack::Stack;

/// An open link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Its number, 0 to 4.
    pub id: usize,
    /// What it carries its data over.
    pub protocol: LinkProtocol,
    /// The other end.
    pub peer: SocketAddr,
    /// Its own port.
    pub local_port: u16,
    /// A client of the module's own server has opened it, not the module.
    pub accepted: bool,
    /// Its data waits until the host reads it (AT+CIPRECVMODE=1).
    pub passive: bool,
    /// Bytes that have been received and not yet been handed to the host.
    pub waiting: usize,
    /// Bytes that the other end has not acknowledged yet; 0 for UDP.
    pub unsent: usize,
}

/// Modes of the AT firmware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// Several links may be open (AT+CIPMUX=1).
    pub multiple: bool,
    /// What link 0 receives waits until the host reads it (AT+CIPRECVMODE=1).
    pub passive: bool,
    /// Passthrough: what the MCU sends is data.
    pub passthrough: bool,
    /// The port of the module's own server, while it runs.
    pub server: Option<u16>,
    /// It sleeps lightly when it has nothing to do (AT+SLEEP=2).
    pub sleeps_lightly: bool,
}

impl At {
    /// The open links, in the order of their numbers.
    pub fn link_states(&self, stack: &Stack) -> Vec<LinkState> {
        let core = &self.core;
        let open = core.links.open_ids().filter_map(|id| Some((id, core.links.get(id)?)));
        open.map(|(id, link)| LinkState {
            id,
            protocol: link.protocol(),
            peer: link.remote,
            local_port: link.local_port,
            accepted: link.accepted,
            passive: core.is_passive(id),
            waiting: receive::waiting(core, stack, id).unwrap_or(0),
            unsent: match link.kind {
                Kind::Stream(stream) => stack.stream_unsent(stream),
                Kind::Datagrams(..) => 0,
            },
        })
        .collect()
    }

    /// Its modes.
    pub fn modes(&self) -> Modes {
        Modes {
            multiple: self.core.links.multiple,
            passive: self.core.links.passive.first() == Some(&true),
            passthrough: self.core.out.transparent,
            server: self.core.server.running().map(|server| server.port),
            sleeps_lightly: self.sleeps_lightly(),
        }
    }
}
