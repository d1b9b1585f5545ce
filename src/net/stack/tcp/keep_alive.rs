//! Keep-alive: probes on connections that nobody was heard on for a while, and the end of those without an answer.
//!
//! smoltcp repeats probes, but knows no idle time of its own and never gives up. So its keep-alive is off until the
//! idle time is over; switching it on makes it send the first probe at once. Probes are counted by their times.

use smoltcp::socket::tcp::{self, State};

use super::{Tcb, smoltcp_duration};
use crate::net::stack::{CloseReason, Connection, KeepAlive, Stack};
use crate::time::{Duration, Instant};

/// Shortest time before and between probes: less would only flood the link.
const SHORTEST: Duration = Duration::from_millis(1);

impl Tcb {
    /// When the first keep-alive probe is due, and when its peer is gone if it answers none. smoltcp counts in
    /// microseconds: so do these, or one probe more would go out in the microsecond of the end.
    fn probe_times(&self) -> Option<(Instant, Instant)> {
        let keep_alive = self.options.keep_alive?;
        if !matches!(self.phase, State::Established | State::CloseWait) {
            return None;
        }
        let first = self.heard + keep_alive.idle.max(SHORTEST);
        let first = Instant::from_nanos(first.as_nanos() / 1_000 * 1_000);
        let interval = keep_alive.interval.max(SHORTEST).as_nanos();
        let all = Duration::from_nanos(interval.saturating_mul(u64::from(keep_alive.count.max(1))));
        Some((first, first + all))
    }

    /// When keep-alive has something to do next.
    pub(super) fn probe_timer(&self) -> Option<Instant> {
        self.probe_times().map(|(first, end)| if self.probing { end } else { first })
    }
}

impl Stack {
    /// True while what smoltcp sends on a connection with a byte in it can only be a probe: nothing waits to be sent or
    /// acknowledged, not even a FIN. A probe has its own end.
    pub(super) fn is_probe(&self, id: Connection) -> bool {
        let probing = self.connections.get(&id).is_some_and(|c| c.probing);
        let idle = |socket: &tcp::Socket<'_>| {
            matches!(socket.state(), State::Established | State::CloseWait) && socket.send_queue() == 0
        };
        probing && self.socket(id).is_some_and(idle)
    }

    /// Starts to probe connections that were idle long enough, and resets those whose peer has answered nothing.
    pub(super) fn run_keep_alive(&mut self) -> bool {
        let mut moved = false;
        for connection in self.connections.values_mut() {
            let (Some(handle), Some((first, end))) = (connection.handle, connection.probe_times()) else {
                continue;
            };
            let socket = self.sockets.get_mut::<tcp::Socket>(handle);
            if connection.probing && end <= self.now {
                connection.closed.get_or_insert(CloseReason::TimedOut);
                socket.abort();
                moved = true;
            } else if !connection.probing && first <= self.now {
                connection.probing = true;
                let interval = connection.options.keep_alive.map(|k| k.interval.max(SHORTEST));
                socket.set_keep_alive(interval.map(smoltcp_duration));
                moved = true;
            }
        }
        if moved {
            self.follow_tcp();
        }
        moved
    }

    /// Sets how a connection is probed. Silence counts from now (a guess: the connection is not given up for the
    /// silence that was allowed before).
    pub fn tcp_set_keep_alive(&mut self, now: Instant, id: Connection, keep_alive: Option<KeepAlive>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.options.keep_alive = keep_alive;
        connection.heard = now.max(connection.heard);
        if let (true, Some(handle)) = (connection.probing, connection.handle) {
            connection.probing = false;
            self.sockets.get_mut::<tcp::Socket>(handle).set_keep_alive(None);
        }
        self.dirty = true;
    }

    /// The peer of a connection was heard. Called before smoltcp looks at its segment.
    pub(super) fn hear(&mut self, id: Connection) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.heard = self.now;
        connection.waiting = None;
        if let (true, Some(handle)) = (connection.probing, connection.handle) {
            connection.probing = false;
            self.sockets.get_mut::<tcp::Socket>(handle).set_keep_alive(None);
        }
    }
}
