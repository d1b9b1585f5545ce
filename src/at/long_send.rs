//! The data phase of AT+CIPSENDL: what comes in goes out in blocks while more comes in.
//!
//! It ends when as much has come in as was announced, also when the link is gone by then. `+++`, with 20 ms of
//! silence before and behind it, ends it earlier. The silence is measured from the end of one byte to the end of
//! the next.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::links::Transport;
use super::{Core, Env};
use crate::net::stack::{Socket, TcpState, UdpError};
use crate::time::{Duration, Instant, earliest};

/// How long less than a block waits for more, and the silence around `+++`.
const PAUSE: Duration = Duration::from_millis(20);

/// AT+CIPSENDLCFG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSizes {
    /// A report each time so many bytes have been sent.
    pub report: u64,
    /// Bytes handed to the stack at once.
    pub transmit: usize,
}

impl Default for BlockSizes {
    fn default() -> Self {
        BlockSizes { report: 1024, transmit: 2920 }
    }
}

/// A long send under way.
#[derive(Clone, Debug)]
pub struct LongSend {
    /// The link it is for.
    pub id: usize,
    /// The link's socket when the command ran.
    pub socket: Socket,
    /// Where datagrams go.
    pub to: SocketAddr,
    sizes: BlockSizes,
    length: u64,
    received: u64,
    sent: u64,
    reported: u64,
    waiting: VecDeque<u8>,
    /// When the oldest byte that waits has waited long enough.
    overdue: Option<Instant>,
    /// Everything that waits is to go, a full block or not.
    flush: bool,
    /// There may be something to send at once.
    fresh: bool,
    /// Since when the stack takes nothing.
    stuck: Option<Instant>,
    /// Plus signs that may still become `+++`.
    held: usize,
    /// When the last byte came.
    last: Instant,
    /// The link is gone, or has taken nothing for too long: what comes is thrown away.
    failed: bool,
}

impl LongSend {
    /// `length` bytes for link `id`, in blocks of these sizes.
    pub fn new(id: usize, socket: Socket, to: SocketAddr, length: u64, sizes: BlockSizes) -> Self {
        LongSend {
            id,
            socket,
            to,
            sizes,
            length,
            received: 0,
            sent: 0,
            reported: 0,
            waiting: VecDeque::new(),
            overdue: None,
            flush: false,
            fresh: false,
            stuck: None,
            held: 0,
            last: Instant::ZERO,
            failed: false,
        }
    }

    /// Whether it takes a byte now: its buffer has so many bytes of room, or everything is thrown away.
    pub fn takes(&self, room: usize) -> bool {
        self.failed || self.waiting.len() + self.held < room
    }

    /// Takes a byte. True when it was the last one.
    pub fn push(&mut self, now: Instant, byte: u8) -> bool {
        let silence = now.since(self.last) > PAUSE;
        let held = byte == b'+' && if self.held == 0 { silence } else { !silence && self.held < 3 };
        if held {
            self.held += 1;
            self.last = now;
        } else {
            self.release();
            self.last = now;
            self.keep(1, byte);
        }
        self.received += 1;
        let complete = self.received == self.length;
        if complete {
            self.release();
            self.flush = true;
        }
        self.fresh |= complete || self.waiting.len() >= self.sizes.transmit;
        complete
    }

    /// Plus signs that are data after all. They have waited since they came.
    fn release(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.keep(held, b'+');
    }

    fn keep(&mut self, count: usize, byte: u8) {
        if count > 0 && !self.failed {
            self.waiting.extend(std::iter::repeat_n(byte, count));
            self.overdue.get_or_insert(self.last + PAUSE);
        }
    }

    /// When [`progress`] must be called at the latest, the stack apart. `timeout`: the link's send time-out.
    pub fn next_timer(&self, timeout: Option<Duration>) -> Option<Instant> {
        if self.fresh {
            return Some(self.last);
        }
        let overdue = self.overdue.filter(|_| !self.flush);
        let held = Some(self.last + PAUSE).filter(|_| self.held > 0);
        earliest([overdue, held, self.stuck.zip(timeout).map(|(since, timeout)| since + timeout)])
    }

    /// Does what is due. The text that ends it, when it is over.
    fn advance(&mut self, now: Instant, core: &mut Core, env: &mut Env<'_>) -> (bool, Option<&'static str>) {
        self.fresh = false;
        if self.held > 0 && self.last + PAUSE <= now {
            if self.held == 3 {
                return (true, Some("\r\nSEND CANCELLED\r\n"));
            }
            self.release();
        }
        self.flush |= self.overdue.is_some_and(|at| at <= now);
        let link = core.links.get(self.id).filter(|l| l.socket == self.socket);
        let udp = link.is_some_and(|l| matches!(l.transport, Transport::Udp(_)));
        let over =
            !udp && matches!(env.stack.tcp_state(self.socket), TcpState::Closed(_) | TcpState::Closing);
        self.failed |= link.is_none() || over;
        let mut moved = false;
        while !self.failed {
            let length = if self.flush { self.waiting.len() } else { self.sizes.transmit };
            let length = length.min(self.sizes.transmit);
            let Some(block) = self.waiting.make_contiguous().get(..length).filter(|b| !b.is_empty()) else {
                break;
            };
            let taken = if udp {
                match env.stack.udp_send(self.socket, self.to, block) {
                    Ok(()) => length,
                    Err(UdpError::QueueFull) => 0,
                    Err(_) => {
                        self.failed = true;
                        break;
                    }
                }
            } else {
                env.stack.tcp_send(self.socket, block)
            };
            // The rest of a block goes with no more delay.
            self.flush |= taken < length;
            if taken == 0 {
                let since = *self.stuck.get_or_insert(now);
                self.failed = core.send_timeout(self.id).is_some_and(|timeout| since + timeout <= now);
                break;
            }
            moved = true;
            self.stuck = None;
            self.waiting.drain(..taken);
            self.sent += taken as u64;
            while self.reported + self.sizes.report <= self.sent {
                self.report(core, self.reported + self.sizes.report);
            }
        }
        if self.failed {
            self.waiting.clear();
            self.stuck = None;
        }
        if self.waiting.is_empty() {
            (self.overdue, self.flush) = (None, self.received == self.length);
        }
        if self.received < self.length || !self.waiting.is_empty() {
            return (moved, None);
        }
        if self.reported < self.sent {
            self.report(core, self.sent);
        }
        (true, Some(if self.failed { "\r\nSEND FAIL\r\n" } else { "\r\nSEND OK\r\n" }))
    }

    fn report(&mut self, core: &mut Core, sent: u64) {
        self.reported = sent;
        core.out.text(&format!("+CIPSENDL:{sent},{}\r\n", self.received));
    }
}

/// Moves a long send on. True when anything moved.
pub fn progress(now: Instant, core: &mut Core, env: &mut Env<'_>) -> bool {
    let Some(mut long) = core.long_send.take() else { return false };
    let (moved, end) = long.advance(now, core, env);
    match end {
        Some(text) => {
            core.out.text(text);
            core.block_ended = true;
        }
        None => core.long_send = Some(long),
    }
    moved
}
