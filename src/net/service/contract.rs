//! What every service is, and what services have in common.

use std::collections::VecDeque;

use crate::net::config::{DnsBehaviour, HttpChange, SntpChange, UpdateAnswers, WebSocketChange};
use crate::net::event::HostEvent;
use crate::net::stack::{KeepAlive, Stack, TcpOptions};
use crate::net::types::{ExternalInput, ExternalOutput, HostAction};
use crate::time::{Duration, Instant};

/// Events that wait to be taken; the oldest goes when another comes.
pub(super) const EVENTS: usize = 4096;

/// What services have to tell, on its way to the owner.
#[derive(Default)]
pub(in crate::net) struct Events(pub(super) VecDeque<HostEvent>);

impl Events {
    pub(in crate::net) fn add(&mut self, event: HostEvent) {
        if self.0.len() == EVENTS {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }
}

/// What services set on their connections: Linux's keep-alive, and nothing held back.
pub(super) fn tcp_options() -> TcpOptions {
    let keep_alive =
        KeepAlive { idle: Duration::from_secs(7200), interval: Duration::from_secs(75), count: 9 };
    TcpOptions { keep_alive: Some(keep_alive), nodelay: true, ..TcpOptions::default() }
}

/// What listens on ports of a host. A kind of service is a file that implements this, and a row of [`start`](super::start).
pub(super) trait Service: Send {
    /// Does what there is to do at `now`. True when something was: the stack must be polled again.
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool;

    /// When `poll` must be called at the latest, the stack apart.
    fn next_timer(&self) -> Option<Instant> {
        None
    }

    /// Closes its ports. Connections that are open end in good order.
    fn stop(self: Box<Self>, stack: &mut Stack);

    /// It has connections that a test may close or reset.
    fn has_connections(&self) -> bool {
        false
    }

    /// A test closes the host's connections (FIN), in the middle of an answer. Answers how many there were.
    fn close(&mut self) -> usize {
        0
    }

    /// A test resets them (RST).
    fn reset(&mut self, _stack: &mut Stack) -> usize {
        0
    }

    /// A test has a time server answer in another way. False: it is none.
    fn change_sntp(&mut self, _change: &SntpChange) -> bool {
        false
    }

    /// A real program does something on a connection that leads to it. False: this port leads to none.
    fn external(&mut self, _port: u16, _number: u32, _input: &ExternalInput, _events: &mut Events) -> bool {
        false
    }

    /// How many bytes a real program may send on a connection that leads to it; `None`: there is no such connection.
    fn external_room(&self, _port: u16, _number: u32) -> Option<usize> {
        None
    }

    /// What a real program is to be told next: the own port, the connection's number, and what.
    fn take_external(&mut self) -> Option<(u16, u32, ExternalOutput)> {
        None
    }

    /// A test has an update server hand out other files. False: it is none.
    fn change_update(&mut self, _answers: UpdateAnswers) -> bool {
        false
    }

    /// A test has a broker do something. False: it is none.
    fn act_as_broker(&mut self, _now: Instant, _action: &HostAction) -> bool {
        false
    }

    /// A test has an HTTP server answer a path in another way. False: it has no pages.
    fn change_http(&mut self, _change: &HttpChange) -> bool {
        false
    }

    /// A test has a WebSocket server do something. False: it is none.
    fn act_as_websocket(&mut self, _change: &WebSocketChange) -> bool {
        false
    }

    /// The sentence why a WebSocket server can't do that now; `None`: it can, or is none.
    fn websocket_cannot(&self, _action: &HostAction) -> Option<String> {
        None
    }

    /// The sentence why a broker can't do that now; `None`: it can, or is none.
    fn broker_cannot(&self, _action: &HostAction) -> Option<String> {
        None
    }

    /// How it behaves as a DNS server; `None`: it is none.
    fn dns_behaviour(&mut self) -> Option<&mut DnsBehaviour> {
        None
    }
}
