//! Clients of the module's own server: accepts them, hands them to free links, and closes those that stay silent.
//!
//! The listening socket is closed while no client could be served, so that the stack refuses others; it listens
//! again as soon as a slot is free.
//!
//! With TLS a client is no link before its handshake is over. One after the other has its turn, as in the firmware, whose
//! one task accepts; the certificates are read from flash each time.

use std::net::SocketAddr;

use super::links::{Kind, Link};
use super::server::Running;
use super::system::LINK_HEAP;
use super::{Core, Env, LinkChange, secure, tls_log};
use crate::net::stack::{CloseReason, Connection};
use crate::time::{Duration, Instant};

/// Accepts, closes silent clients, stops listening or listens again. True when anything moved.
pub fn poll(now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
    let mut moved = expire(now, core, env);
    let Some(running) = core.server.running() else { return moved };
    let port = running.port;
    loop {
        if core.server.guest.is_some() {
            match shake_hands(now, &running, core, env) {
                true => moved = true,
                false => break,
            }
        }
        let id = core.links.free_id().filter(|_| core.links.accepted() < core.server.most);
        match (id, core.server.listener) {
            (Some(id), Some(listener)) => {
                let Some((stream, remote)) = env.stack.stream_accept(listener) else { break };
                if env.stack.stream_local(stream).is_some_and(|local| !running.takes(local.ip(), env)) {
                    env.stack.tcp_abort(stream);
                    env.stack.stream_release(stream);
                    continue;
                }
                if !core.has_memory("a client", LINK_HEAP as usize, env) {
                    env.stack.tcp_abort(stream);
                    env.stack.stream_release(stream);
                    continue;
                }
                if running.tls {
                    receive(now, &running, (stream, remote), core, env);
                } else {
                    core.apply_keep_alive(now, id, stream, env.stack);
                    let link = Link::new(now, Kind::Stream(stream), remote, port, true);
                    core.open_link(id, link, env.stack);
                }
            }
            (Some(_), None) => {
                if core.server.listen(port, env).is_err() {
                    break;
                }
            }
            (None, Some(_)) => {
                core.out.log("connect reach max");
                core.server.stop_listening(env.stack);
            }
            (None, None) => break,
        }
        moved = true;
    }
    moved
}

/// Begins the handshake with a client whose connection is open.
fn receive(
    now: Instant,
    running: &Running,
    guest: (Connection, SocketAddr),
    core: &mut Core,
    env: &mut Env<'_>,
) {
    match secure::server(now, running.ca, core.system.clock, env) {
        Ok(secure) => {
            env.stack.stream_secure(guest.0, &secure);
            core.server.guest = Some(guest);
        }
        Err(line) => {
            core.out.log(line);
            core.out.log(tls_log::no_server_session(env.profile));
            env.stack.stream_release(guest.0);
        }
    }
}

/// Looks at the handshake under way. True when it is over: the client is a link then, or gone, of which the AT port says
/// nothing.
fn shake_hands(now: Instant, running: &Running, core: &mut Core, env: &mut Env<'_>) -> bool {
    let Some((stream, remote)) = core.server.guest else { return false };
    let Some(outcome) = env.stack.stream_outcome(stream) else { return false };
    core.server.guest = None;
    let link = Link::new(now, Kind::Stream(stream), remote, running.port, true).secured(true);
    // A link that the host has opened meanwhile may have taken the last place.
    let id = core.links.free_id();
    match (outcome, id) {
        (Ok(_), Some(id)) => {
            core.apply_keep_alive(now, id, stream, env.stack);
            core.open_link(id, link, env.stack);
        }
        (Ok(_), None) => env.stack.stream_release(stream),
        (Err(reason), id) => {
            core.out.say(now, &tls_log::of_server(env.profile, reason));
            core.out.log(tls_log::no_server_session(env.profile));
            if let CloseReason::Tls(_) | CloseReason::TlsSetup(_) = reason {
                core.tell(link.event(id.unwrap_or_default(), LinkChange::Failed(reason)));
            }
            env.stack.stream_release(stream);
        }
    }
    true
}

/// What a client sends keeps it alive, and in later releases what it is sent.
fn expire(now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
    let mut moved = false;
    let (either_way, stack) = (env.profile.differences.server_timeout_either_way, &mut *env.stack);
    let timeout = core.server.timeout;
    for id in 0..core.links.count() {
        let Some(link) = core.links.get_mut(id).filter(|l| l.accepted) else { continue };
        let Kind::Stream(stream) = link.kind else { continue };
        let sent = if either_way { stack.stream_written(stream) } else { 0 };
        let bytes = stack.stream_received(stream) + sent;
        if bytes != link.heard.1 {
            link.heard = (now, bytes);
        }
        if timeout > 0 && link.heard.0 + Duration::from_secs(timeout) <= now {
            core.close_link(id, stack);
            moved = true;
        }
    }
    moved
}

/// When [`poll`] must close a silent client.
pub fn next_timer(core: &Core) -> Option<Instant> {
    let timeout = Some(core.server.timeout).filter(|t| *t > 0).map(Duration::from_secs)?;
    let clients = core.links.open_ids().filter_map(|id| core.links.get(id)).filter(|l| l.accepted);
    clients.map(|l| l.heard.0 + timeout).min()
}
