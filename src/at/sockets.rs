//! What the AT firmware does to the sockets of links, whoever wants it: opening, closing, options, data phases.

use super::address::address_text;
use super::links::{Kind, Link};
use super::long_send::LongSend;
use super::payload::Payload;
use super::{Core, LinkChange, request, server};
use crate::net::stack::{Connection, Stack};
use crate::time::{Duration, Instant, earliest};

/// Bit 1 of AT+SYSMSG: `+LINK_CONN` in place of `CONNECT`.
const DETAILED: u8 = 2;

impl Core {
    /// The data of a link stays in its socket until the host reads it. Passthrough knows no passive mode.
    pub(super) fn is_passive(&self, id: usize) -> bool {
        self.passive.get(id) == Some(&true) && !self.passthrough
    }

    /// How long a send on link `id` may wait for the stack.
    pub(super) fn send_timeout(&self, id: usize) -> Option<Duration> {
        let ms = self.settings.tcpip.options(id).send_timeout;
        (ms > 0).then(|| Duration::from_millis(ms))
    }

    /// Sets what AT+CIPTCPOPT says for link `id` and a TCP connection remembers by itself.
    pub(super) fn apply_socket_options(&self, id: usize, stream: Connection, stack: &mut Stack) {
        stack.tcp_set_nodelay(stream, self.settings.tcpip.options(id).nodelay);
    }

    /// Probes the peer of link `id` as AT+CIPTCPOPT says, whatever AT+CIPSTART said.
    pub(super) fn apply_keep_alive(&self, now: Instant, id: usize, stream: Connection, stack: &mut Stack) {
        let seconds = self.settings.tcpip.options(id).keep_alive;
        stack.tcp_set_keep_alive(now, stream, request::keep_alive(seconds));
    }

    /// A link is open: says so, sets its socket options, and joins its multicast group.
    pub(super) fn open_link(&mut self, id: usize, link: Link, stack: &mut Stack) {
        if let Kind::Stream(stream) = link.kind {
            self.apply_socket_options(id, stream, stack);
        }
        if let Some(group) = link.group {
            stack.join_multicast(group);
        }
        let (kind, remote, local_port) = (link.type_name(), link.remote, link.local_port);
        let change = if link.accepted { LinkChange::Accepted } else { LinkChange::Opened };
        self.tell(link.event(id, change));
        let terminal = u8::from(link.accepted);
        self.links.open(id, link);
        self.had_link = true;
        if self.settings.basic.messages & DETAILED == 0 {
            self.print_link(id, "CONNECT\r\n");
        } else {
            self.announce(&format!(
                "+LINK_CONN:0,{id},\"{kind}\",{terminal},\"{}\",{},{local_port}\r\n",
                address_text(remote.ip()),
                remote.port()
            ));
        }
    }

    /// Closes a link, whoever wanted it, and says so. Frees its socket.
    ///
    /// As in lwIP, the peer gets an RST when data is left that nobody has read, or when SO_LINGER is 0 and something
    /// has not reached it.
    pub(super) fn close_link(&mut self, id: usize, stack: &mut Stack) {
        let Some(link) = self.links.close(id) else { return };
        match link.kind {
            Kind::Stream(stream) => {
                let cut_off = self.settings.tcpip.options(id).linger == 0 && stack.stream_unsent(stream) > 0;
                if cut_off || stack.stream_readable(stream) > 0 {
                    stack.tcp_abort(stream);
                }
                stack.stream_release(stream);
            }
            Kind::Datagrams(port, _) => stack.udp_release(port),
        }
        if let Some(group) = link.group {
            let others = self.links.open_ids().filter_map(|id| self.links.get(id)?.group);
            if !others.into_iter().any(|other| other == group) {
                stack.leave_multicast(group);
            }
        }
        self.tell(link.event(id, LinkChange::Closed));
        self.print_closed(id);
    }

    pub(super) fn print_closed(&mut self, id: usize) {
        self.print_link(id, "CLOSED\r\n");
    }

    fn print_link(&mut self, id: usize, what: &str) {
        if self.multiple {
            self.announce(&format!("{id},{what}"));
        } else {
            self.announce(what);
        }
    }

    /// What comes from now on is payload.
    pub(super) fn begin_payload(&mut self, payload: Payload) {
        self.out.prompt();
        self.payload = Some(payload);
    }

    /// What comes from now on is payload that is sent while it comes.
    pub(super) fn begin_long_send(&mut self, long: LongSend) {
        self.out.prompt();
        self.long_send = Some(long);
    }

    /// Ends a data phase that the host has cancelled.
    pub(super) fn cancel_payload(&mut self, now: Instant, receiving: Option<Instant>) {
        if self.payload.as_ref().and_then(|p| p.cancelled_at(receiving)).is_some_and(|at| at <= now) {
            self.payload = None;
            self.block_ended = true;
            self.out.text("\r\nSEND Canceled\r\n");
        }
    }

    /// When something of the links is due, commands and the stack apart. `receiving`: when the byte that is on its way
    /// from the MCU started.
    pub(super) fn next_timer(&self, receiving: Option<Instant>) -> Option<Instant> {
        let cancelled = self.payload.as_ref().and_then(|payload| payload.cancelled_at(receiving));
        let long = self.long_send.as_ref();
        let long = long.and_then(|long| long.next_timer(receiving, self.send_timeout(long.link.id)));
        earliest([cancelled, long, server::next_timer(self)])
    }
}
