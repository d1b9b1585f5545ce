//! Received data on its way to the MCU, and links that the other end closes.
//!
//! In active mode everything goes out at once; in passive mode it stays where it is, and the host is told once.

use std::net::SocketAddr;

use super::address::address_text;
use super::links::Transport;
use super::{AtEvent, Core, Env, LinkChange, LinkEvent};
use crate::net::stack::{CloseReason, Stack, TcpState};

/// Room for the longest header and the line end behind the data, bytes.
const FRAMING: usize = 64;

/// Moves what the sockets hold to the UART while there is room for it. True when anything moved.
pub fn pump(core: &mut Core, env: &mut Env<'_>, room: usize) -> bool {
    let mut moved = false;
    core.starved = false;
    for id in 0..core.links.count() {
        while let Some(link) = core.links.get(id) {
            let room = room.saturating_sub(core.out.len());
            let passive = core.is_passive(id);
            let more = match link.transport {
                Transport::Tcp => close_ended(core, env.stack, id) || pump_tcp(core, env, id, room, passive),
                Transport::Udp(_) if passive => keep_datagram(core, env, id),
                Transport::Udp(_) => pump_udp(core, env.stack, id, room),
            };
            let more = more || (passive && announce(core, env.stack, id));
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
    Some(match link.transport {
        Transport::Tcp => stack.tcp_readable(link.socket),
        Transport::Udp(_) => link.datagrams.len(),
    })
}

/// Takes up to `max` bytes that wait on a link, and says who sent them. `None` when there are none.
pub fn read(core: &mut Core, stack: &mut Stack, id: usize, max: usize) -> Option<(SocketAddr, Vec<u8>)> {
    let link = core.links.get_mut(id)?;
    // What remains is announced anew.
    link.noticed = false;
    match link.transport {
        Transport::Tcp => {
            let data = stack.tcp_recv(link.socket, max);
            Some((link.remote, data)).filter(|(_, data)| !data.is_empty())
        }
        Transport::Udp(_) => link.datagrams.read(max),
    }
}

/// Whether a TCP connection is over, and nothing is left to be read.
fn is_over(state: TcpState, readable: usize, passive: bool) -> bool {
    match state {
        // What a reset or a dead interface leaves unread is gone in active mode; passive mode promises it.
        TcpState::Closed(CloseReason::Reset | CloseReason::Unreachable | CloseReason::TimedOut) => {
            !passive || readable == 0
        }
        TcpState::Closed(_) | TcpState::PeerClosed => readable == 0,
        TcpState::Connecting | TcpState::Open | TcpState::Closing => false,
    }
}

fn close_ended(core: &mut Core, stack: &mut Stack, id: usize) -> bool {
    let Some(link) = core.links.get(id) else { return false };
    let state = stack.tcp_state(link.socket);
    if !is_over(state, stack.tcp_readable(link.socket), core.is_passive(id)) {
        return false;
    }
    if state == TcpState::Closed(CloseReason::TimedOut) {
        let event = link.event(id, LinkChange::GaveUp);
        core.tell(event);
    }
    core.close_link(id, stack);
    true
}

fn pump_tcp(core: &mut Core, env: &mut Env<'_>, id: usize, room: usize, passive: bool) -> bool {
    let Some(link) = core.links.get(id).filter(|_| !passive) else { return false };
    let (socket, remote) = (link.socket, link.remote);
    // As much as there is, as much as fits: a full ring makes the TCP window close.
    let most = env.profile.ipd_max.min(room.saturating_sub(FRAMING));
    let wanted = env.stack.tcp_readable(socket).min(env.profile.ipd_max);
    if wanted == 0 {
        return false;
    }
    if wanted > most {
        core.starved = true;
        return false;
    }
    let data = env.stack.tcp_recv(socket, wanted);
    print(core, id, remote, &data);
    !data.is_empty()
}

fn pump_udp(core: &mut Core, stack: &mut Stack, id: usize, room: usize) -> bool {
    // A datagram is one +IPD. Its length is not known ahead; the largest must fit an empty ring.
    if room < FRAMING + 1480 {
        core.starved = true;
        return false;
    }
    let Some(link) = core.links.get_mut(id) else { return false };
    // First what came in passive mode.
    let kept = link.datagrams.pop();
    let Some(datagram) = kept.or_else(|| stack.udp_recv(link.socket)) else { return false };
    link.heard_from(datagram.from, false);
    print(core, id, datagram.from, &datagram.data);
    true
}

/// Passive mode: a datagram waits for the host, as long as the socket's window has room for it.
fn keep_datagram(core: &mut Core, env: &mut Env<'_>, id: usize) -> bool {
    let Some(link) = core.links.get_mut(id) else { return false };
    let Some(datagram) = env.stack.udp_recv(link.socket) else { return false };
    let (from, len) = (datagram.from, datagram.data.len());
    link.heard_from(from, true);
    if !link.datagrams.push(datagram, env.profile.tcp_buffer) {
        let event = LinkEvent { id, protocol: link.protocol(), peer: from, change: LinkChange::Lost(len) };
        core.tell(AtEvent::Link(event));
    }
    true
}

/// Passive mode: says how much waits, once until the host has read.
fn announce(core: &mut Core, stack: &Stack, id: usize) -> bool {
    let total = waiting(core, stack, id).unwrap_or(0);
    let Some(link) = core.links.get_mut(id).filter(|l| total > 0 && !l.noticed) else { return false };
    link.noticed = true;
    let id = if core.multiple { format!("{id},") } else { String::new() };
    core.out.text(&format!("\r\n+IPD,{id}{total}\r\n"));
    true
}

fn print(core: &mut Core, id: usize, from: SocketAddr, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    if core.passthrough {
        return core.out.data(data);
    }
    let link = if core.multiple { format!("{id},") } else { String::new() };
    let sender = if core.sender_info {
        format!(",\"{}\",{}", address_text(from.ip()), from.port())
    } else {
        String::new()
    };
    core.out.text(&format!("\r\n+IPD,{link}{}{sender}:", data.len()));
    core.out.data(data);
    core.out.text("\r\n");
}
