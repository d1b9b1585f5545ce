//! The data phase of AT+CIPSENDL: what comes in goes out in blocks while more comes in.
//!
//! It ends when as much has come in as was announced, also when the link is gone by then. `+++` ends it earlier. How
//! bytes become blocks, and which `+++` counts, is the same as in passthrough.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::links::{Kind, LinkKey};
use super::mode::Looked;
use super::options::BlockSizes;
use super::passthrough::{Action, Framing, Packing};
use super::{Core, Env};
use crate::net::stack::{StreamState, UdpError};
use crate::time::{Duration, Instant};

/// How long less than a block waits for more.
const PAUSE: Duration = Duration::from_millis(20);

/// A long send under way.
#[derive(Clone, Debug)]
pub struct LongSend {
    /// The link it is for.
    pub link: LinkKey,
    /// Where datagrams go.
    pub to: SocketAddr,
    sizes: BlockSizes,
    length: u64,
    received: u64,
    sent: u64,
    reported: u64,
    framing: Framing,
    /// Bytes of blocks that the stack had no room for.
    waiting: VecDeque<u8>,
    /// Since when the stack takes nothing.
    stuck: Option<Instant>,
    /// The link is gone, or has taken nothing for too long: what comes is thrown away.
    failed: bool,
}

impl LongSend {
    /// `length` bytes for a link, in blocks of these sizes; as datagrams they go to `to`. The last byte before them
    /// ended at `silent_since`.
    pub fn new(
        (link, to): (LinkKey, SocketAddr),
        length: u64,
        sizes: BlockSizes,
        silent_since: Instant,
    ) -> Self {
        let packing = Packing { block: sizes.transmit, interval: PAUSE };
        LongSend {
            link,
            to,
            sizes,
            length,
            received: 0,
            sent: 0,
            reported: 0,
            framing: Framing::new(packing, silent_since),
            waiting: VecDeque::new(),
            stuck: None,
            failed: false,
        }
    }

    /// Whether it takes a byte now whose start bit began at `start`. It does not while its buffer of `room` bytes is
    /// full, nor before it has been polled for what the silence before the byte decided.
    pub fn takes(&self, start: Instant, room: usize) -> bool {
        let full = !self.failed && self.waiting.len() + self.framing.pending() >= room;
        self.is_complete() || (!full && !self.framing.is_decided(start))
    }

    /// Takes a byte whose start bit began at `start` and whose last stop bit ended at `end`. True when it was the last
    /// one.
    pub fn byte(&mut self, start: Instant, end: Instant, byte: u8) -> bool {
        self.framing.byte(start, end, byte);
        self.received += 1;
        if self.is_complete() {
            self.framing.finish();
        }
        self.is_complete()
    }

    /// A byte that ended at `end` never came.
    pub fn lose(&mut self, end: Instant) {
        self.framing.lose(end);
    }

    /// As much has come as was announced.
    pub fn is_complete(&self) -> bool {
        self.received == self.length
    }

    /// True when [`LongSend::poll`] has something to do at once for a byte that it has just got.
    pub fn is_due(&self, now: Instant, receiving: Option<Instant>) -> bool {
        self.framing.is_due(now, receiving)
    }

    /// When a block leaves, or silence has decided what a `+` is. `receiving`: when the byte that is on the wire now
    /// started.
    pub fn block_at(&self, receiving: Option<Instant>) -> Option<Instant> {
        self.framing.next_timer(receiving)
    }

    /// When the stack has taken nothing for `timeout`, the link's.
    pub fn stuck_until(&self, timeout: Option<Duration>) -> Option<Instant> {
        self.stuck.zip(timeout).map(|(since, timeout)| since + timeout)
    }

    /// Moves it on.
    pub fn poll(&mut self, now: Instant, core: &mut Core, env: &mut Env<'_>) -> Looked {
        let (moved, end) = self.advance(now, core, env);
        if let Some(text) = end {
            core.out.text(text);
        }
        Looked { moved, block_ended: end.is_some(), over: end.is_some() }
    }

    /// Does what is due. The text that ends it, when it is over.
    fn advance(&mut self, now: Instant, core: &mut Core, env: &mut Env<'_>) -> (bool, Option<&'static str>) {
        let (mut moved, mut cancelled) = (false, false);
        while let Some(action) = self.framing.poll(now, env.receiving) {
            moved = true;
            match action {
                Action::Send(block) => self.waiting.extend(block),
                Action::Leave => cancelled = true,
            }
        }
        moved |= self.drain(now, core, env);
        if cancelled {
            return (true, Some("\r\nSEND CANCELLED\r\n"));
        }
        if !self.is_complete() || !self.waiting.is_empty() {
            return (moved, None);
        }
        if self.reported < self.sent {
            self.report(core, self.sent);
        }
        (true, Some(if self.failed { "\r\nSEND FAIL\r\n" } else { "\r\nSEND OK\r\n" }))
    }

    /// Hands the stack what it takes. True when it took anything.
    fn drain(&mut self, now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
        let kind = core.links.find(self.link).map(|link| link.kind);
        let over = match kind {
            Some(Kind::Stream(stream)) => {
                matches!(env.stack.stream_state(stream), StreamState::Closed(_) | StreamState::Closing)
            }
            Some(Kind::Datagrams(..)) => false,
            None => true,
        };
        self.failed |= over;
        let mut moved = false;
        while let Some(kind) = kind.filter(|_| !self.failed && !self.waiting.is_empty()) {
            let length = self.waiting.len().min(self.sizes.transmit);
            let block = &self.waiting.make_contiguous()[..length];
            let taken = match kind {
                Kind::Stream(stream) => env.stack.stream_send(stream, block),
                Kind::Datagrams(port, _) => match env.stack.udp_send(port, self.to, block) {
                    Ok(()) => length,
                    Err(UdpError::QueueFull) => 0,
                    Err(_) => {
                        self.failed = true;
                        break;
                    }
                },
            };
            if taken == 0 {
                let since = *self.stuck.get_or_insert(now);
                self.failed = core.send_timeout(self.link.id).is_some_and(|timeout| since + timeout <= now);
                break;
            }
            moved = true;
            self.stuck = None;
            self.waiting.drain(..taken);
            self.sent += u64::try_from(taken).unwrap_or(u64::MAX);
            while self.reported + self.sizes.report <= self.sent {
                self.report(core, self.reported + self.sizes.report);
            }
        }
        if self.failed {
            self.waiting.clear();
            self.stuck = None;
        }
        moved
    }

    fn report(&mut self, core: &mut Core, sent: u64) {
        self.reported = sent;
        core.out.text(&format!("+CIPSENDL:{sent},{}\r\n", self.received));
    }
}
