//! What the AT firmware does to the sockets of links, whoever wants it: opening, closing, options.

use super::address::Shown;
use super::links::{Kind, Link};
use super::request::{OpenRequest, Transport, keep_alive};
use super::secure::ClientTls;
use super::{Core, Env, LinkChange};
use crate::net::stack::{Connection, Secure, Stack};
use crate::time::{Duration, Instant};

impl Core {
    /// The data of a link stays in its socket until the host reads it. Passthrough knows no passive mode.
    pub(super) fn is_passive(&self, id: usize) -> bool {
        self.links.passive.get(id) == Some(&true) && !self.links.passthrough
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
        stack.tcp_set_keep_alive(now, stream, keep_alive(seconds));
    }

    /// What the link of a request connects with; `None` without TLS.
    ///
    /// # Errors
    /// The line of the log port: a certificate or key that the mode asks for is not in flash.
    pub(super) fn secure_for(
        &self,
        now: Instant,
        request: &OpenRequest,
        env: &Env<'_>,
    ) -> Result<Option<Secure>, &'static str> {
        let Transport::Stream { tls: true, .. } = request.transport else { return Ok(None) };
        let config = self.settings.tcpip.tls.get(request.id).copied().unwrap_or_default();
        let names = self.links.tls.get(request.id).cloned().unwrap_or_default();
        ClientTls::of_link(config, &names).secure(now, self.system.clock, env).map(Some)
    }

    /// A link is open: says so, sets its socket options, and joins its multicast group. One whose id is in use comes to
    /// nothing.
    pub(super) fn open_link(&mut self, id: usize, link: Link, stack: &mut Stack) {
        if self.links.get(id).is_some() {
            return match link.kind {
                Kind::Stream(stream) => stack.stream_release(stream),
                Kind::Datagrams(port, _) => stack.udp_release(port),
            };
        }
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
        self.links.had_link = true;
        if self.out.tells_links_in_detail() {
            self.out.announce(&format!(
                "+LINK_CONN:0,{id},\"{kind}\",{terminal},\"{}\",{},{local_port}\r\n",
                Shown(remote.ip()),
                remote.port()
            ));
        } else {
            self.print_link(id, "CONNECT\r\n");
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
        if self.links.multiple {
            self.out.announce(&format!("{id},{what}"));
        } else {
            self.out.announce(what);
        }
    }
}
