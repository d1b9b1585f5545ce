//! Passthrough under way.

use std::collections::VecDeque;

use super::{Action, Framing, Packing};
use crate::at::dial::{Dialling, Failure, LinkDial};
use crate::at::links::{Kind, Link};
use crate::at::mode::Looked;
use crate::at::request::OpenRequest;
use crate::at::{Core, Env};
use crate::time::{Duration, Instant};

/// Where an attempt to open the link again stands.
#[derive(Clone, Debug)]
enum Reopen {
    /// None is under way: the link is open, or has been lost just now.
    No,
    /// The next one begins then.
    At(Instant),
    /// It is under way; the name is looked up anew each time.
    Dialling(Box<LinkDial>),
}

/// Passthrough under way: every byte from the MCU is payload.
#[derive(Clone, Debug)]
pub struct Session {
    /// The link's id.
    id: usize,
    /// What opens the link again. `None` for a client of the module's server, where the next one takes its place, and
    /// for a saved link that this module cannot open (TLS).
    target: Option<OpenRequest>,
    framing: Framing,
    /// Bytes of blocks that the TCP socket had no room for.
    waiting: VecDeque<u8>,
    reopen: Reopen,
    /// The escape has come; what was before it leaves first.
    leaving: bool,
}

impl Session {
    /// Passthrough over link `id`, which is open, or is opened first (`open` is false), by `target` in both cases
    /// when it is lost. The last byte before it ended at `silent_since`.
    pub fn new(
        id: usize,
        target: Option<OpenRequest>,
        packing: Packing,
        silent_since: Instant,
        open: bool,
    ) -> Session {
        let unopenable = target.is_none();
        Session {
            id,
            target,
            framing: Framing::new(packing, silent_since),
            waiting: VecDeque::new(),
            reopen: if open || unopenable { Reopen::No } else { Reopen::At(silent_since) },
            leaving: false,
        }
    }

    /// A byte has arrived. True when it begins a block.
    pub fn byte(&mut self, start: Instant, end: Instant, byte: u8) -> bool {
        let first = self.framing.pending() == 0;
        self.framing.byte(start, end, byte);
        first
    }

    /// A byte that ended at `end` never came.
    pub fn lose(&mut self, end: Instant) {
        self.framing.lose(end);
    }

    /// Whether it takes a byte now whose start bit began at `start`. It does not while its buffer of `room` bytes is
    /// full, nor behind an escape, nor before it has been polled for what the silence before the byte decided.
    pub fn takes(&self, start: Instant, room: usize) -> bool {
        let full = self.framing.pending() + self.waiting.len() >= room;
        !full && !self.leaving && !self.framing.is_decided(start)
    }

    /// True when [`Session::poll`] has something to do at once for a byte that it has just got.
    pub fn is_due(&self, now: Instant, receiving: Option<Instant>) -> bool {
        self.framing.is_due(now, receiving)
    }

    /// When a block leaves, or silence has decided what a `+` is. `receiving`: when the byte that is on the wire now
    /// started.
    pub fn block_at(&self, receiving: Option<Instant>) -> Option<Instant> {
        self.framing.next_timer(receiving)
    }

    /// When it tries again to open its link, or gives up the attempt under way.
    pub fn reopen_at(&self) -> Option<Instant> {
        match &self.reopen {
            Reopen::At(at) => Some(*at),
            Reopen::Dialling(dial) => dial.next_timer(),
            Reopen::No => None,
        }
    }

    /// Carries it on.
    pub fn poll(&mut self, now: Instant, core: &mut Core, env: &mut Env<'_>) -> Looked {
        let mut looked = Looked::default();
        self.follow(core);
        while let Some(action) = self.framing.poll(now, env.receiving) {
            (looked.moved, looked.block_ended) = (true, true);
            match action {
                Action::Send(block) => send(self, core, env, &block),
                Action::Leave => {
                    if let Reopen::Dialling(dial) = std::mem::replace(&mut self.reopen, Reopen::No) {
                        dial.release(env.stack);
                    }
                    self.leaving = true;
                }
            }
        }
        looked.moved |= drain(self, core, env);
        if self.leaving && self.waiting.is_empty() {
            core.out.passthrough_left();
            return Looked { moved: true, over: true, ..looked };
        }
        if !self.leaving {
            looked.moved |= reopen(self, core, env, now);
        }
        looked
    }

    /// Over a client of the module's server it goes on with the next one, whatever id that has.
    fn follow(&mut self, core: &Core) {
        if self.target.is_none() && core.links.get(self.id).is_none() {
            let accepted = |id: &usize| core.links.get(*id).is_some_and(|link| link.accepted);
            self.id = core.links.open_ids().find(accepted).unwrap_or(self.id);
        }
    }
}

/// A block leaves. Without a link it is dropped, not kept for the next one (a guess).
fn send(session: &mut Session, core: &Core, env: &mut Env<'_>, block: &[u8]) {
    match core.links.get(session.id) {
        Some(Link { kind: Kind::Datagrams(port, _), remote, .. }) => {
            // What does not fit a datagram queue is lost, as on the air.
            let _ = env.stack.udp_send(*port, *remote, block);
        }
        Some(Link { kind: Kind::Stream(_), .. }) => session.waiting.extend(block),
        None => {}
    }
}

/// Hands the TCP socket what it takes. True when it took anything.
fn drain(session: &mut Session, core: &Core, env: &mut Env<'_>) -> bool {
    let Some(Kind::Stream(stream)) = core.links.get(session.id).map(|link| link.kind) else {
        session.waiting.clear();
        return false;
    };
    if session.waiting.is_empty() {
        return false;
    }
    let taken = env.stack.stream_send(stream, session.waiting.make_contiguous());
    session.waiting.drain(..taken);
    taken > 0
}

/// Opens a lost link again, every AT+CIPRECONNINTV until it works. True when anything moved.
fn reopen(session: &mut Session, core: &mut Core, env: &mut Env<'_>, now: Instant) -> bool {
    if core.links.get(session.id).is_some() {
        // It is open: also when a client of the server has taken the id meanwhile.
        return match std::mem::replace(&mut session.reopen, Reopen::No) {
            Reopen::No => false,
            Reopen::At(_) => true,
            Reopen::Dialling(dial) => {
                dial.release(env.stack);
                true
            }
        };
    }
    // The next client of the server comes by itself.
    let Some(target) = &session.target else { return false };
    let later = now + Duration::from_millis(100 * u64::from(core.settings.tcpip.reconnect_interval));
    match &mut session.reopen {
        Reopen::No => session.reopen = Reopen::At(later),
        Reopen::At(at) if *at > now => return false,
        // The station, or the softAP, comes first.
        Reopen::At(_) if env.own_addresses(target.family).is_empty() => session.reopen = Reopen::At(later),
        Reopen::At(_) => match core.secure_for(now, target, env) {
            Ok(secure) => {
                session.reopen = Reopen::Dialling(Box::new(LinkDial::new(now, target.clone(), secure, env)));
            }
            Err(line) => {
                core.out.log(line);
                session.reopen = Reopen::At(later);
            }
        },
        Reopen::Dialling(dial) => match dial.poll(now, env.stack) {
            Dialling::Waiting => return false,
            Dialling::Moved => {}
            Dialling::Open(link) => {
                session.reopen = Reopen::No;
                core.open_link(session.id, link, env.stack);
            }
            Dialling::Failed(failure) => {
                if let Failure::Tls(..) = failure {
                    failure.log(now, &mut core.out, env);
                }
                session.reopen = Reopen::At(later);
            }
        },
    }
    true
}
