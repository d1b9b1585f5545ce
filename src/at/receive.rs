//! Received data on its way to the MCU, and links that the other end closes (active receive mode).

use super::links::Transport;
use super::{Core, Env};
use crate::net::stack::Stack;

/// Room for the longest header and the line end behind the data, bytes.
const FRAMING: usize = 64;

/// Moves what the sockets hold to the UART while there is room for it. True when anything moved.
pub fn pump(core: &mut Core, env: &mut Env<'_>, room: usize) -> bool {
    let mut moved = false;
    core.starved = false;
    for id in 0..core.links.count() {
        while let Some(link) = core.links.get(id) {
            let room = room.saturating_sub(core.out.len());
            let more = match link.transport {
                Transport::Tcp => pump_tcp(core, env, id, room),
                Transport::Udp(_) => pump_udp(core, env.stack, id, room),
            };
            if !more {
                break;
            }
            moved = true;
        }
    }
    moved
}

fn pump_tcp(core: &mut Core, env: &mut Env<'_>, id: usize, room: usize) -> bool {
    let Some(link) = core.links.get(id) else { return false };
    let (socket, remote) = (link.socket, link.remote);
    if super::job::is_over(env.stack.tcp_state(socket), env.stack.tcp_readable(socket)) {
        core.close_link(id, env.stack);
        return true;
    }
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
    let Some(datagram) = stack.udp_recv(link.socket) else { return false };
    link.heard_from(datagram.from);
    print(core, id, datagram.from, &datagram.data);
    true
}

fn print(core: &mut Core, id: usize, from: std::net::SocketAddr, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    if core.passthrough {
        core.out.data(data);
        return;
    }
    let link = if core.multiple { format!("{id},") } else { String::new() };
    let sender = if core.sender_info { format!(",\"{}\",{}", from.ip(), from.port()) } else { String::new() };
    core.out.text(&format!("\r\n+IPD,{link}{}{sender}:", data.len()));
    core.out.data(data);
    core.out.text("\r\n");
}
