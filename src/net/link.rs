//! Links: what happens to a frame between a node and the network.
//!
//! Each direction of a link has its own queue and its own random streams, one for each kind of fault, named
//! `link/<name>/<up or down>/<kind>`. Every frame that enters a direction draws once from each of them, so
//! turning one fault on shifts neither the other faults' draws nor another link's.

use std::collections::VecDeque;

use super::config::Faults;
use crate::rng::Stream;
use crate::time::{Duration, Instant, NANOS_PER_SEC};

/// Most frames that wait in one direction for the link's rate; one more is dropped.
const QUEUE_LIMIT: usize = 1000;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the node (module or host) into the network.
    Up,
    /// From the network to the node.
    Down,
}

/// What a link does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It arrives at `at`; twice when `twice`, after later ones when `held_back`.
    Arrives { at: Instant, twice: bool, held_back: bool },
    /// It is under way and never arrives; `at` is when it would have.
    Lost { at: Instant },
    /// It never gets under way.
    Dropped { reason: &'static str },
}

/// One link, both directions.
pub(super) struct Link {
    name: String,
    faults: Faults,
    /// Bytes of each frame that do not count for the MTU.
    header: usize,
    up: Direction,
    down: Direction,
}

impl Link {
    /// The link called `name`. `header`: bytes of link-layer header in front of each IP packet.
    pub(super) fn new(name: &str, seed: u64, faults: Faults, header: usize) -> Self {
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

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Frames under way keep what they drew.
    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Sends a frame of `bytes` bytes at `now`. Calls for one direction come in the order of time.
    pub(super) fn transmit(&mut self, way: Way, now: Instant, bytes: usize) -> Passage {
        if self.faults.down {
            return Passage::Dropped { reason: "the link is down" };
        }
        if bytes.saturating_sub(self.header) > usize::from(self.faults.mtu) {
            return Passage::Dropped { reason: "longer than the link's MTU" };
        }
        match way {
            Way::Up => self.up.transmit(&self.faults, now, bytes),
            Way::Down => self.down.transmit(&self.faults, now, bytes),
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
            run: None,
            waiting: VecDeque::new(),
            last_arrival: Instant::ZERO,
        }
    }

    fn transmit(&mut self, faults: &Faults, now: Instant, bytes: usize) -> Passage {
        let Some(sent) = self.serialize(faults.rate_bps, now, bytes) else {
            return Passage::Dropped { reason: "the link's queue is full" };
        };
        let lost = self.loss.chance(faults.loss_ppm);
        let twice = self.duplicate.chance(faults.duplicate_ppm);
        let held_back = self.reorder.chance(faults.reorder_ppm);
        let jitter = self.draw_jitter(faults.jitter);

        let mut at = sent + faults.latency + jitter;
        if held_back {
            at += faults.latency.max(Duration::from_millis(1));
        } else {
            at = at.max(self.last_arrival);
            self.last_arrival = at;
        }
        if lost { Passage::Lost { at } } else { Passage::Arrives { at, twice, held_back } }
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
    fn serialize(&mut self, rate_bps: Option<u64>, now: Instant, bytes: usize) -> Option<Instant> {
        while self.waiting.front().is_some_and(|end| *end <= now) {
            self.waiting.pop_front();
        }
        let Some(rate_bps) = rate_bps else {
            return Some(now);
        };
        if self.waiting.len() >= QUEUE_LIMIT {
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
mod tests {
    use super::*;
    use crate::net::addr::ETHERNET_HEADER;

    fn perfect() -> Faults {
        Faults::default()
    }

    fn link(faults: Faults) -> Link {
        Link::new("wifi", 1, faults, ETHERNET_HEADER)
    }

    fn at_ns(ns: u64) -> Passage {
        Passage::Arrives { at: Instant::from_nanos(ns), twice: false, held_back: false }
    }

    /// Arrival times of `n` frames of 100 bytes, one each microsecond; `None` for a lost one.
    fn arrivals(faults: Faults, n: u64) -> Vec<Option<Instant>> {
        let mut link = link(faults);
        (0..n)
            .map(|i| match link.transmit(Way::Up, Instant::from_nanos(i * 1_000), 100) {
                Passage::Arrives { at, .. } => Some(at),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn rate_and_latency_give_exact_arrivals_without_drift() {
        // 3 Mbit/s: 100 bytes take 266 666.66… ns. Three frames take 800 000 ns exactly.
        let mut link = link(Faults { rate_bps: Some(3_000_000), ..perfect() });
        let start = Instant::from_nanos(7);
        assert_eq!(link.transmit(Way::Up, start, 100), at_ns(7 + 266_667 + 1_000_000));
        assert_eq!(link.transmit(Way::Up, start, 100), at_ns(7 + 533_334 + 1_000_000));
        assert_eq!(link.transmit(Way::Up, start, 100), at_ns(7 + 800_000 + 1_000_000));
        // The other direction has its own queue.
        assert_eq!(link.transmit(Way::Down, start, 100), at_ns(7 + 266_667 + 1_000_000));
        // Idle again: a new run starts when the frame comes.
        let later = Instant::from_nanos(5_000_000);
        assert_eq!(link.transmit(Way::Up, later, 100), at_ns(5_000_000 + 266_667 + 1_000_000));
    }

    #[test]
    fn a_new_rate_counts_from_the_end_of_the_frames_already_queued() {
        let mut link = link(Faults { rate_bps: Some(8_000), ..perfect() });
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(100_000_000 + 1_000_000));
        link.set_faults(Faults { rate_bps: Some(80_000), ..perfect() });
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(110_000_000 + 1_000_000));
    }

    #[test]
    fn a_full_queue_drops_the_newest_frame_and_takes_frames_again_when_it_has_room() {
        let mut link = link(Faults { rate_bps: Some(800_000), ..perfect() });
        for i in 0..1000 {
            let passage = link.transmit(Way::Up, Instant::ZERO, 100);
            assert!(matches!(passage, Passage::Arrives { .. }), "frame {i}: {passage:?}");
        }
        let full = Passage::Dropped { reason: "the link's queue is full" };
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), full);
        let first_is_out = Instant::from_nanos(1_000_000);
        assert_eq!(link.transmit(Way::Up, first_is_out, 100), at_ns(1_001_000_000 + 1_000_000));
        assert_eq!(link.transmit(Way::Up, first_is_out, 100), full);
    }

    #[test]
    fn jitter_keeps_the_order_and_stays_inside_its_range() {
        let jitter = Duration::from_millis(5);
        let got = arrivals(Faults { jitter, ..perfect() }, 500);
        let mut last = Instant::ZERO;
        let mut seen = std::collections::BTreeSet::new();
        for (i, at) in got.iter().enumerate() {
            let at = at.expect("no frame is lost");
            assert!(at >= last, "frame {i} overtook the one before it");
            assert!(
                at >= Instant::from_nanos(i as u64 * 1_000) + Duration::from_millis(1),
                "frame {i} is early"
            );
            assert!(at <= Instant::from_nanos(499_000) + Duration::from_millis(6), "frame {i} is late");
            last = at;
            seen.insert(at);
        }
        assert!(seen.len() > 5, "jitter does not vary: {seen:?}");
    }

    #[test]
    fn turning_loss_on_does_not_shift_the_jitter() {
        let jitter = Duration::from_millis(5);
        let clean = arrivals(Faults { jitter, ..perfect() }, 500);
        let lossy = arrivals(Faults { jitter, loss_ppm: 200_000, ..perfect() }, 500);
        let lost = lossy.iter().filter(|a| a.is_none()).count();
        assert!((60..140).contains(&lost), "20 % of 500 frames should be lost, {lost} were");
        for (i, (a, b)) in clean.iter().zip(&lossy).enumerate() {
            assert!(b.is_none() || a == b, "frame {i} arrives at {b:?} instead of {a:?}");
        }
    }

    #[test]
    fn turning_jitter_on_late_gives_the_draws_of_its_frames() {
        let jitter = Duration::from_millis(5);
        let arrival = |late: bool| {
            let mut link = link(Faults { jitter: if late { Duration::ZERO } else { jitter }, ..perfect() });
            link.transmit(Way::Up, Instant::ZERO, 100);
            link.set_faults(Faults { jitter, ..perfect() });
            link.transmit(Way::Up, Instant::from_nanos(1_000_000_000), 100)
        };
        assert_eq!(arrival(true), arrival(false));
    }

    #[test]
    fn duplicated_and_held_back_frames_say_so() {
        let mut link = link(Faults { duplicate_ppm: 1_000_000, ..perfect() });
        let twice = Passage::Arrives { at: Instant::from_nanos(1_000_000), twice: true, held_back: false };
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), twice);

        // Held back by one extra latency; the next frame does not wait for it.
        let latency = Duration::from_millis(20);
        link.set_faults(Faults { latency, reorder_ppm: 1_000_000, ..perfect() });
        let late = Passage::Arrives { at: Instant::from_nanos(40_000_000), twice: false, held_back: true };
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), late);
        link.set_faults(Faults { latency, ..perfect() });
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(20_000_000));

        // At least a millisecond on a link without latency.
        link.set_faults(Faults { latency: Duration::ZERO, reorder_ppm: 1_000_000, ..perfect() });
        let late = Passage::Arrives { at: Instant::from_nanos(101_000_000), twice: false, held_back: true };
        assert_eq!(link.transmit(Way::Up, Instant::from_nanos(100_000_000), 100), late);
    }

    #[test]
    fn a_shorter_latency_does_not_let_later_frames_overtake() {
        let mut link = link(Faults { latency: Duration::from_millis(50), ..perfect() });
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(50_000_000));
        link.set_faults(perfect());
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(50_000_000));
        assert_eq!(link.transmit(Way::Up, Instant::from_nanos(60_000_000), 100), at_ns(61_000_000));
    }

    #[test]
    fn a_link_that_is_down_or_too_narrow_drops() {
        let mut link = link(Faults { mtu: 576, ..perfect() });
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 576 + 14), at_ns(1_000_000));
        let long = Passage::Dropped { reason: "longer than the link's MTU" };
        assert_eq!(link.transmit(Way::Up, Instant::ZERO, 577 + 14), long);
        link.set_faults(Faults { down: true, ..perfect() });
        assert_eq!(
            link.transmit(Way::Down, Instant::ZERO, 60),
            Passage::Dropped { reason: "the link is down" }
        );
    }
}
