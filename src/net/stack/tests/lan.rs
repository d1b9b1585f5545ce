//! A hub for tests: every frame reaches every other node after a fixed latency.

use crate::event::{Kind, Queue};
use crate::net::stack::{Ipv4Config, Medium, Stack, StackConfig};
use crate::time::{Duration, Instant};

/// A frame on the hub: when it was sent, by which node, its bytes.
pub(crate) type Sent = (Instant, usize, Vec<u8>);

/// What becomes of a frame: `true` when it is lost.
pub(crate) type Loss = Box<dyn FnMut(&Sent) -> bool>;

/// Nodes on a hub.
pub(crate) struct Lan {
    pub(crate) nodes: Vec<Stack>,
    pub(crate) now: Instant,
    pub(crate) log: Vec<Sent>,
    pub(crate) loss: Loss,
    /// Polls that nobody needs, this far apart.
    pub(crate) extra_polls: Option<Duration>,
    queue: Queue<(usize, Vec<u8>)>,
    latency: Duration,
}

/// What runs on the nodes.
pub(crate) trait App {
    /// Called after the nodes were polled; answers whether it did something.
    fn poll(&mut self, now: Instant, nodes: &mut [Stack]) -> bool;
    /// When it must be called again at the latest.
    fn next_timer(&self) -> Option<Instant> {
        None
    }
}

/// A closure as an [`App`].
struct Call<F>(F);

impl<F: FnMut(Instant, &mut [Stack]) -> bool> App for Call<F> {
    fn poll(&mut self, now: Instant, nodes: &mut [Stack]) -> bool {
        (self.0)(now, nodes)
    }
}

pub(crate) fn ms(n: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(n)
}

/// The address of node `i`: 10.0.0.(i+1).
pub(crate) fn address(i: usize) -> std::net::Ipv4Addr {
    std::net::Ipv4Addr::new(10, 0, 0, i as u8 + 1)
}

pub(crate) fn node_config(i: usize, seed: u64) -> StackConfig {
    StackConfig {
        name: format!("n{i}"),
        seed,
        medium: Medium::Ethernet { mac: [2, 0, 0, 0, 0, i as u8 + 1] },
        mtu: 1500,
        tcp_rx: 5760,
        tcp_tx: 8192,
    }
}

pub(crate) fn static_ipv4(i: usize) -> Ipv4Config {
    Ipv4Config {
        address: address(i),
        prefix_len: 24,
        gateway: None,
        dns: Vec::new(),
        server: None,
        lease: None,
    }
}

impl Lan {
    /// `count` nodes with addresses, 1 ms apart.
    pub(crate) fn new(count: usize, seed: u64) -> Lan {
        let node = |i| {
            let mut stack = Stack::new(&node_config(i, seed));
            stack.set_ipv4(Some(static_ipv4(i)));
            stack
        };
        Lan {
            nodes: (0..count).map(node).collect(),
            now: Instant::ZERO,
            log: Vec::new(),
            loss: Box::new(|_| false),
            extra_polls: None,
            queue: Queue::default(),
            latency: Duration::from_nanos(1_000_137),
        }
    }

    /// Runs until `end`. `app` is called after the nodes were polled and answers whether it did something.
    pub(crate) fn run(&mut self, end: Instant, app: impl FnMut(Instant, &mut [Stack]) -> bool) {
        self.run_app(end, &mut Call(app));
    }

    /// Runs until `end` with an app that has timers.
    pub(crate) fn run_app(&mut self, end: Instant, app: &mut impl App) {
        loop {
            while self.settle() | app.poll(self.now, &mut self.nodes) || self.nodes.iter().any(|n| n.dirty) {}
            let timers = self.nodes.iter().filter_map(Stack::next_timer).min();
            let frame = self.queue.peek().map(|k| k.time);
            let extra = self.extra_polls.map(|step| {
                let step = step.as_nanos();
                Instant::from_nanos((self.now.as_nanos() / step + 1) * step)
            });
            let Some(next) =
                [timers, frame, extra, app.next_timer()].into_iter().flatten().min().filter(|t| *t <= end)
            else {
                break;
            };
            assert!(next > self.now, "time stands still at {}", self.now);
            self.now = next;
            if self.extra_polls.is_some() {
                self.settle();
            }
            while self.queue.peek().is_some_and(|k| k.time == self.now) {
                let Some((_, (to, frame))) = self.queue.pop() else { break };
                self.nodes[to].receive(frame);
                // With extra polls also between two frames of one instant.
                if self.extra_polls.is_some() {
                    self.settle();
                }
            }
        }
        self.now = end;
        self.settle();
    }

    /// Runs until `end` with nobody at the sockets.
    pub(crate) fn run_idle(&mut self, end: Instant) {
        self.run(end, |_, _| false);
    }

    fn settle(&mut self) -> bool {
        let mut moved = false;
        for from in 0..self.nodes.len() {
            self.nodes[from].poll(self.now);
            while let Some(frame) = self.nodes[from].take_frame() {
                moved = true;
                let sent = (self.now, from, frame);
                if !(self.loss)(&sent) {
                    for to in (0..self.nodes.len()).filter(|to| *to != from) {
                        let arrives = self.now + self.latency;
                        self.queue.push(arrives, Kind::Frame, to as u32, (to, sent.2.clone()));
                    }
                }
                self.log.push(sent);
            }
        }
        moved
    }

    /// How many ARP requests for node `i`'s address were sent.
    pub(crate) fn arp_requests(&self, i: usize) -> usize {
        let wanted = address(i).octets();
        let asks =
            |f: &[u8]| f.len() >= 42 && f[12..14] == [8, 6] && f[20..22] == [0, 1] && f[38..42] == wanted;
        self.log.iter().filter(|(_, _, f)| asks(f)).count()
    }

    /// The TCP flags of every segment sent, with time and node.
    pub(crate) fn tcp_flags(&self) -> Vec<(Instant, usize, u8)> {
        let segments = self.log.iter().filter(|(_, _, f)| f.len() >= 54 && f[12..14] == [8, 0] && f[23] == 6);
        segments.map(|(t, from, f)| (*t, *from, f[47])).collect()
    }
}
