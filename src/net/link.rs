//! Links: what happens to a frame between a node and the network.
//!
//! Each direction of a link has its own queue and its own random streams, one for each kind of fault, named
//! `link/<name>/<up or down>/<kind>`. Every frame that enters a direction draws once from each of them, so
//! turning one fault on shifts neither the other faults' draws nor another link's.

use std::collections::VecDeque;

use super::faults::{Distribution, Faults, GeModel, LinkFaults, Way};
use crate::rng::Stream;
use crate::time::{Duration, Instant, NANOS_PER_SEC};

mod deviate;

/// No distribution gives a shorter time under way than this, or than the latency where that is shorter: modules of one
/// world may be so far apart in time.
pub(crate) const SHORTEST_DRAWN: Duration = Duration::from_micros(100);

/// What a link does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It arrives at `at`; twice when `twice`, after later ones when `held_back`, with a bit inverted that [`damage`]
    /// finds with the draw `corrupt`.
    Arrives { at: Instant, twice: bool, held_back: bool, corrupt: Option<u64> },
    /// It is under way and never arrives; `at` is when it would have.
    Lost { at: Instant },
    /// It never gets under way.
    Dropped { reason: &'static str },
}

/// Inverts one bit of a frame, any of them as netem does.
pub(super) fn damage(frame: &mut [u8], draw: u64) {
    let bits = frame.len() as u128 * 8;
    let bit = ((u128::from(draw) * bits) >> 64) as usize;
    if let Some(byte) = frame.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

/// One link, both directions.
pub(super) struct Link {
    name: String,
    faults: LinkFaults,
    /// Bytes of each frame that do not count for the MTU.
    header: usize,
    up: Direction,
    down: Direction,
}

impl Link {
    /// The link called `name`. `header`: bytes of link-layer header in front of each IP packet.
    pub(super) fn new(name: &str, seed: u64, faults: LinkFaults, header: usize) -> Self {
        Link {
            name: name.to_owned(),
            faults,
            header,
            up: Direction::new(name, seed, "up"),
            down: Direction::new(name, seed, "down"),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn faults(&self) -> &LinkFaults {
        &self.faults
    }

    /// Frames under way keep what they drew.
    pub(super) fn set_faults(&mut self, faults: LinkFaults) {
        self.faults = faults;
    }

    /// Sends a frame of `bytes` bytes at `now`. Calls for one direction come in the order of time.
    pub(super) fn transmit(&mut self, way: Way, now: Instant, bytes: usize) -> Passage {
        self.transmit_by_radio(way, now, bytes, 0)
    }

    /// The same by a radio that loses so many frames in a million besides.
    pub(super) fn transmit_by_radio(
        &mut self,
        way: Way,
        now: Instant,
        bytes: usize,
        weak_ppm: u32,
    ) -> Passage {
        let faults = self.faults.way(way);
        if faults.down {
            return Passage::Dropped { reason: "the link is down" };
        }
        if bytes.saturating_sub(self.header) > usize::from(faults.mtu) {
            return Passage::Dropped { reason: "longer than the link's MTU" };
        }
        match way {
            Way::Up => self.up.transmit(faults, now, bytes, weak_ppm),
            Way::Down => self.down.transmit(faults, now, bytes, weak_ppm),
        }
    }
}

/// Frames that went out back to back at one rate.
struct Run {
    start: Instant,
    bits: u64,
    rate_bps: u64,
}

impl Run {
    /// When the last bit is out, computed from the run's start so that no rounding adds up.
    fn end(&self) -> Instant {
        let ns = (u128::from(self.bits) * u128::from(NANOS_PER_SEC)).div_ceil(u128::from(self.rate_bps));
        self.start + Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }
}

struct Direction {
    loss: Stream,
    jitter: Stream,
    duplicate: Stream,
    reorder: Stream,
    bursts: Stream,
    corrupt: Stream,
    distribution: Stream,
    weak: Stream,
    /// The state of the Gilbert-Elliott model: bad.
    bad: bool,
    /// Frames that passed since the last one that was held back.
    in_order: u32,
    run: Option<Run>,
    /// Ends of the frames that wait for the rate, the one being sent included.
    waiting: VecDeque<Instant>,
    last_arrival: Instant,
}

impl Direction {
    fn new(link: &str, seed: u64, way: &str) -> Self {
        let stream = |kind: &str| Stream::new(seed, &format!("link/{link}/{way}/{kind}"));
        Direction {
            loss: stream("loss"),
            jitter: stream("jitter"),
            duplicate: stream("duplicate"),
            reorder: stream("reorder"),
            bursts: stream("gemodel"),
            corrupt: stream("corrupt"),
            distribution: stream("distribution"),
            weak: stream("rssi"),
            bad: false,
            in_order: 0,
            run: None,
            waiting: VecDeque::new(),
            last_arrival: Instant::ZERO,
        }
    }

    fn transmit(&mut self, faults: &Faults, now: Instant, bytes: usize, weak_ppm: u32) -> Passage {
        let Some(sent) = self.serialize(faults, now, bytes) else {
            return Passage::Dropped { reason: "the link's queue is full" };
        };
        let lost =
            self.loss.chance(faults.loss_ppm) | self.burst_loses(faults.bursts) | self.weak.chance(weak_ppm);
        let twice = self.duplicate.chance(faults.duplicate_ppm);
        let held_back =
            self.reorder.chance(faults.reorder_ppm) && self.in_order >= faults.gap.saturating_sub(1);
        self.in_order = if held_back { 0 } else { self.in_order.saturating_add(1) };
        let (corrupt, bit) = (self.corrupt.chance(faults.corrupt_ppm), self.corrupt.next_u64());
        let corrupt = corrupt.then_some(bit);

        let mut at = sent + self.draw_delay(faults);
        if held_back {
            at += faults.latency.max(Duration::from_millis(1));
        } else {
            at = at.max(self.last_arrival);
            self.last_arrival = at;
        }
        if lost { Passage::Lost { at } } else { Passage::Arrives { at, twice, held_back, corrupt } }
    }

    /// Whether the Gilbert-Elliott model loses this frame. As in netem the state changes behind the frame. A model that
    /// is turned on finds a good state.
    fn burst_loses(&mut self, model: Option<GeModel>) -> bool {
        let (change, loss) = (self.bursts.between(0, 999_999), self.bursts.between(0, 999_999));
        let Some(model) = model else {
            self.bad = false;
            return false;
        };
        let (leaves, loses) = if self.bad { (model.r, model.bad) } else { (model.p, model.good) };
        if change < u64::from(leaves) {
            self.bad = !self.bad;
        }
        loss < u64::from(loses)
    }

    /// How long a frame is under way. Whatever the distribution, each stream draws as often.
    fn draw_delay(&mut self, faults: &Faults) -> Duration {
        let even = self.draw_jitter(faults.jitter);
        let deviates = deviate::Deviates::draw(&mut self.distribution);
        let deviate = match faults.distribution {
            Distribution::Uniform => return faults.latency + even,
            Distribution::Normal => deviates.normal(),
            Distribution::Pareto => deviates.pareto(),
            Distribution::ParetoNormal => deviates.pareto_normal(),
        };
        let drawn = i128::from(faults.latency.as_nanos())
            + i128::from(faults.jitter.as_nanos()) * i128::from(deviate) / i128::from(deviate::ONE);
        let drawn = Duration::from_nanos(u64::try_from(drawn.max(0)).unwrap_or(u64::MAX));
        drawn.max(faults.latency.min(SHORTEST_DRAWN))
    }

    /// A draw in `0..=most`. An empty range draws too, so that a link whose jitter is turned on later jitters
    /// its frames as if it had been on all the time.
    fn draw_jitter(&mut self, most: Duration) -> Duration {
        if most == Duration::ZERO {
            self.jitter.next_u64();
            return Duration::ZERO;
        }
        self.jitter.duration(Duration::ZERO, most)
    }

    /// When the frame's last bit leaves; `None` when the queue is full.
    fn serialize(&mut self, faults: &Faults, now: Instant, bytes: usize) -> Option<Instant> {
        while self.waiting.front().is_some_and(|end| *end <= now) {
            self.waiting.pop_front();
        }
        let Some(rate_bps) = faults.rate_bps else {
            return Some(now);
        };
        if self.waiting.len() >= faults.limit as usize {
            return None;
        }
        let bits = bytes as u64 * 8;
        // At least 1 bit/s: a rate of 0 is refused where it is set.
        let rate_bps = rate_bps.max(1);
        let run = match self.run.take() {
            Some(run) if run.end() > now && run.rate_bps == rate_bps => Run { bits: run.bits + bits, ..run },
            Some(run) if run.end() > now => Run { start: run.end(), bits, rate_bps },
            _ => Run { start: now, bits, rate_bps },
        };
        let end = run.end();
        self.run = Some(run);
        self.waiting.push_back(end);
        Some(end)
    }
}

#[cfg(test)]
mod tests;
