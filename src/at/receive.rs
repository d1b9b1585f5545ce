//! Received data on its way to the MCU, and links that the other end closes.
//!
//! In active mode everything goes out at once; in passive mode it stays where it is, and the host is told once.

use std::net::SocketAddr;

use super::address::Shown;
use super::links::{Kind, Link};
use super::output::FRAMING;
use super::{AtEvent, Core, Env, LinkChange, LinkEvent};
use crate::net::stack::{CloseReason, Connection, Port, Stack, StreamState};
use crate::time::{Duration, Instant};

/// Passive mode: a datagram on a link that was quiet to the notice of it (a guess): what comes meanwhile counts into the
/// notice, as a log shows.
const NOTICE: Duration = Duration::from_millis(1);

/// Moves what the sockets hold to the UART while there is room for it. True when anything moved.
pub fn pump(now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
    let mut moved = false;
    for id in 0..core.links.count() {
        while let Some(link) = core.links.get(id) {
            let passive = core.is_passive(id);
            let more = match link.kind {
                Kind::Stream(stream) => {
                    close_ended(core, env.stack, id, stream)
                        || (!passive && pump_stream(core, env, id, stream))
                }
                Kind::Datagrams(port, _) if passive => keep_datagram(now, core, env, id, port),
                Kind::Datagrams(port, _) => pump_datagram(core, env, id, port),
            };
            let more = more || (passive && announce(now, core, env.stack, id));
            if !more {
                break;
            }
            moved = true;
        }
    }
    moved
}

/// How many bytes wait on a link; `None` when it is not open.
pub fn waiting(core: &Core, stack: &Stack, id: usize) -> Option<usize> {
    let link = core.links.get(id)?;
    Some(match link.kind {
        Kind::Stream(stream) => {
            let (all, opened) = (stack.stream_readable(stream), stack.stream_opened(stream));
            match stack.stream_is_secure(stream) {
                true if core.links.opened_lengths && opened > 0 => opened,
                true => all - opened,
                false => all,
            }
        }
        Kind::Datagrams(..) => link.datagrams.len(),
    })
}

/// Takes up to `max` bytes that wait on a link, and says who sent them. `None` when there are none.
pub fn read(core: &mut Core, stack: &mut Stack, id: usize, max: usize) -> Option<(SocketAddr, Vec<u8>)> {
    let link = core.links.get_mut(id)?;
    // What remains is announced anew.
    link.noticed = false;
    link.notice_at = None;
    match link.kind {
        Kind::Stream(stream) => {
            let data = stack.stream_recv(stream, max);
            Some((link.remote, data)).filter(|(_, data)| !data.is_empty())
        }
        Kind::Datagrams(..) => link.datagrams.read(max),
    }
}

/// Whether a stream is over, and nothing is left to be read.
fn is_over(state: StreamState, readable: usize, passive: bool) -> bool {
    match state {
        // What a reset or a dead interface leaves unread is gone in active mode; passive mode promises it.
        StreamState::Closed(CloseReason::Reset | CloseReason::Unreachable | CloseReason::TimedOut) => {
            !passive || readable == 0
        }
        StreamState::Closed(_) | StreamState::PeerClosed => readable == 0,
        StreamState::Connecting | StreamState::Open | StreamState::Closing => false,
    }
}

fn close_ended(core: &mut Core, stack: &mut Stack, id: usize, stream: Connection) -> bool {
    let Some(link) = core.links.get(id) else { return false };
    let state = stack.stream_state(stream);
    if !is_over(state, stack.stream_readable(stream), core.is_passive(id)) {
        return false;
    }
    match state {
        StreamState::Closed(CloseReason::TimedOut) => {
            let event = link.event(id, LinkChange::GaveUp);
            core.tell(event);
        }
        StreamState::Closed(reason @ CloseReason::Tls(failure)) => {
            let event = link.event(id, LinkChange::Failed(reason));
            core.tell(event);
            // Its name for mbedtls_ssl_read's answer, in decimal digits.
            core.out.log(&format!("read error :{}:", failure.code));
        }
        // The host sees `CLOSED`, as of a link that it has closed itself.
        StreamState::Closed(
            CloseReason::Local
            | CloseReason::Peer
            | CloseReason::Reset
            | CloseReason::Refused
            | CloseReason::Unreachable
            | CloseReason::TlsSetup(_),
        )
        | StreamState::Connecting
        | StreamState::Open
        | StreamState::PeerClosed
        | StreamState::Closing => {}
    }
    core.close_link(id, stack);
    true
}

fn pump_stream(core: &mut Core, env: &mut Env<'_>, id: usize, stream: Connection) -> bool {
    let Some(remote) = core.links.get(id).map(|link| link.remote) else { return false };
    // As much as there is, as much as fits: a full ring makes the TCP window close.
    let readable = env.stack.stream_readable(stream);
    // A record that is whole gives more or less than what its bytes were counted for.
    let secure = env.stack.stream_is_secure(stream);
    let wanted = if secure { env.profile.ipd_max } else { readable.min(env.profile.ipd_max) };
    if readable == 0 || !core.out.has_room(env.room, wanted) {
        return false;
    }
    let data = env.stack.stream_recv(stream, wanted);
    print(core, id, remote, &data);
    // A part of a record is no data yet, and has made room for the next; a record that is none may have ended the
    // session.
    let taken = env.stack.stream_readable(stream) != readable;
    !data.is_empty() || (secure && (taken || !matches!(env.stack.stream_state(stream), StreamState::Open)))
}

fn pump_datagram(core: &mut Core, env: &mut Env<'_>, id: usize, port: Port) -> bool {
    let Some(link) = core.links.get_mut(id) else { return false };
    let Some(length) = link.datagrams.next_len().or_else(|| env.stack.udp_next_len(port)) else {
        return false;
    };
    // A datagram is one +IPD. One that is larger than the ring goes out when that is empty.
    if !core.out.has_room(env.room, length.min(env.profile.tx_ring.saturating_sub(FRAMING))) {
        return false;
    }
    // First what came in passive mode, of which nobody needs to be told any more.
    link.notice_at = None;
    let kept = link.datagrams.pop();
    let Some(datagram) = kept.or_else(|| env.stack.udp_recv(port)) else { return false };
    link.heard_from(datagram.from, false);
    print(core, id, datagram.from, &datagram.data);
    true
}

/// Passive mode: a datagram waits for the host, as long as the socket's window has room for it.
fn keep_datagram(now: Instant, core: &mut Core, env: &mut Env<'_>, id: usize, port: Port) -> bool {
    let Some(link) = core.links.get_mut(id) else { return false };
    let Some(datagram) = env.stack.udp_recv(port) else { return false };
    let (from, len) = (datagram.from, datagram.data.len());
    link.heard_from(from, true);
    let was_quiet = link.datagrams.len() == 0;
    let kept = link.datagrams.push(datagram, env.profile.tcp_buffer);
    // Of an empty one there is nothing to tell.
    if was_quiet && link.datagrams.len() > 0 {
        link.notice_at = Some(now + NOTICE);
    }
    if !kept {
        let event = LinkEvent { id, protocol: link.protocol(), peer: from, change: LinkChange::Lost(len) };
        core.tell(AtEvent::Link(event));
    }
    true
}

/// Passive mode: says how much waits, once until the host has read.
fn announce(now: Instant, core: &mut Core, stack: &Stack, id: usize) -> bool {
    let total = waiting(core, stack, id).unwrap_or(0);
    let due = |l: &&mut Link| total > 0 && !l.noticed && l.notice_at.is_none_or(|at| at <= now);
    let Some(link) = core.links.get_mut(id).filter(due) else { return false };
    link.noticed = true;
    link.notice_at = None;
    let id = if core.links.multiple { format!("{id},") } else { String::new() };
    core.out.announce_at_once(&format!("\r\n+IPD,{id}{total}\r\n"));
    true
}

/// When a notice is due.
pub fn next_timer(core: &Core) -> Option<Instant> {
    let passive = core.links.open_ids().filter(|id| core.is_passive(*id));
    let links = passive.filter_map(|id| core.links.get(id)).filter(|link| link.datagrams.len() > 0);
    links.filter_map(|link| link.notice_at).min()
}

fn print(core: &mut Core, id: usize, from: SocketAddr, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    if core.links.passthrough {
        return core.out.data(data);
    }
    let link = if core.links.multiple { format!("{id},") } else { String::new() };
    let sender = if core.links.sender_info {
        format!(",\"{}\",{}", Shown(from.ip()), from.port())
    } else {
        String::new()
    };
    core.out.framed(&format!("\r\n+IPD,{link}{}{sender}:", data.len()), data, "\r\n");
}
