//! The packets that the broker has to acknowledge, until it does: sent again after a while, and given up in the end.

use super::packets::{self, PUBREL};
use crate::profile;
use crate::time::{Duration, Instant};

/// A packet that is not acknowledged is given up after this.
const EXPIRES: Duration = Duration::from_secs(30);

/// The packets that are to be acknowledged, in the order in which they were sent first.
#[derive(Debug)]
pub(super) struct Outbox {
    facts: profile::Mqtt,
    packets: Vec<Sent>,
}

/// One of them.
#[derive(Debug)]
struct Sent {
    id: u16,
    bytes: Vec<u8>,
    created: Instant,
    last: Instant,
    /// QoS 2: PUBREC has come, and PUBREL was sent.
    released: bool,
}

impl Sent {
    /// When it is sent again, if it is: a PUBREL is not in every release.
    fn again_at(&self, facts: &profile::Mqtt) -> Option<Instant> {
        (!self.released || facts.resends_release).then(|| self.last + facts.resend)
    }
}

impl Outbox {
    /// An empty one, of a release that does it like this.
    pub(super) fn new(facts: profile::Mqtt) -> Outbox {
        Outbox { facts, packets: Vec::new() }
    }

    /// A packet has been sent that the broker acknowledges.
    pub(super) fn keep(&mut self, now: Instant, id: u16, bytes: Vec<u8>) {
        self.packets.push(Sent { id, bytes, created: now, last: now, released: false });
    }

    /// The broker has acknowledged it for good. False: there is none of this number.
    pub(super) fn acknowledged(&mut self, id: u16) -> bool {
        let before = self.packets.len();
        self.packets.retain(|sent| sent.id != id);
        self.packets.len() < before
    }

    /// QoS 2: the broker has it, and PUBREL is what it has to acknowledge from now on.
    pub(super) fn received(&mut self, now: Instant, id: u16) {
        for sent in self.packets.iter_mut().filter(|sent| sent.id == id) {
            sent.released = true;
            sent.last = now;
            sent.bytes = packets::acknowledge(PUBREL, id);
        }
    }

    /// Gives up what is too old, and says their numbers.
    pub(super) fn give_up(&mut self, now: Instant) -> Vec<u16> {
        let old = |sent: &&Sent| sent.created + EXPIRES <= now;
        let ids: Vec<u16> = self.packets.iter().filter(old).map(|sent| sent.id).collect();
        self.packets.retain(|sent| !ids.contains(&sent.id));
        ids
    }

    /// Writes once more what is due. True when there was something.
    pub(super) fn resend(&mut self, now: Instant, output: &mut Vec<u8>) -> bool {
        let facts = self.facts;
        let mut moved = false;
        for sent in self.packets.iter_mut().filter(|sent| sent.again_at(&facts).is_some_and(|at| at <= now)) {
            packets::mark_duplicate(&mut sent.bytes);
            sent.last = now;
            output.extend_from_slice(&sent.bytes);
            moved = true;
        }
        moved
    }

    /// When something is due. `connected`: only then is anything sent again.
    pub(super) fn next_timer(&self, connected: bool) -> Option<Instant> {
        let again = |sent: &Sent| sent.again_at(&self.facts).filter(|_| connected);
        self.packets.iter().flat_map(|sent| [again(sent), Some(sent.created + EXPIRES)]).flatten().min()
    }
}
