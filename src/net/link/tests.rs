//! What a link does to frames, one by one.

use super::*;
use crate::net::addr::ETHERNET_HEADER;

fn perfect() -> Faults {
    Faults::default()
}

fn link(faults: Faults) -> Link {
    Link::new("wifi", 1, faults.into(), ETHERNET_HEADER)
}

fn at_ns(ns: u64) -> Passage {
    Passage::Arrives { at: Instant::from_nanos(ns), twice: false, held_back: false, corrupt: None }
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
    link.set_faults(Faults { rate_bps: Some(80_000), ..perfect() }.into());
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
        assert!(at >= Instant::from_nanos(i as u64 * 1_000) + Duration::from_millis(1), "frame {i} is early");
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
        link.set_faults(Faults { jitter, ..perfect() }.into());
        link.transmit(Way::Up, Instant::from_nanos(1_000_000_000), 100)
    };
    assert_eq!(arrival(true), arrival(false));
}

#[test]
fn duplicated_and_held_back_frames_say_so() {
    let mut link = link(Faults { duplicate_ppm: 1_000_000, ..perfect() });
    let twice =
        Passage::Arrives { at: Instant::from_nanos(1_000_000), twice: true, held_back: false, corrupt: None };
    assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), twice);

    // Held back by one extra latency; the next frame does not wait for it.
    let latency = Duration::from_millis(20);
    link.set_faults(Faults { latency, reorder_ppm: 1_000_000, ..perfect() }.into());
    let late = Passage::Arrives {
        at: Instant::from_nanos(40_000_000),
        twice: false,
        held_back: true,
        corrupt: None,
    };
    assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), late);
    link.set_faults(Faults { latency, ..perfect() }.into());
    assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(20_000_000));

    // At least a millisecond on a link without latency.
    link.set_faults(Faults { latency: Duration::ZERO, reorder_ppm: 1_000_000, ..perfect() }.into());
    let late = Passage::Arrives {
        at: Instant::from_nanos(101_000_000),
        twice: false,
        held_back: true,
        corrupt: None,
    };
    assert_eq!(link.transmit(Way::Up, Instant::from_nanos(100_000_000), 100), late);
}

#[test]
fn a_shorter_latency_does_not_let_later_frames_overtake() {
    let mut link = link(Faults { latency: Duration::from_millis(50), ..perfect() });
    assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(50_000_000));
    link.set_faults(perfect().into());
    assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(50_000_000));
    assert_eq!(link.transmit(Way::Up, Instant::from_nanos(60_000_000), 100), at_ns(61_000_000));
}

#[test]
fn a_link_that_is_down_or_too_narrow_drops() {
    let mut link = link(Faults { mtu: 576, ..perfect() });
    assert_eq!(link.transmit(Way::Up, Instant::ZERO, 576 + 14), at_ns(1_000_000));
    let long = Passage::Dropped { reason: "longer than the link's MTU" };
    assert_eq!(link.transmit(Way::Up, Instant::ZERO, 577 + 14), long);
    link.set_faults(Faults { down: true, ..perfect() }.into());
    assert_eq!(link.transmit(Way::Down, Instant::ZERO, 60), Passage::Dropped { reason: "the link is down" });
}

/// Lengths of the runs of frames that were lost.
fn runs(got: &[Option<Instant>]) -> Vec<usize> {
    let lost: Vec<bool> = got.iter().map(Option::is_none).collect();
    lost.chunk_by(|a, b| a == b).filter(|run| run[0]).map(<[bool]>::len).collect()
}

#[test]
fn the_gilbert_elliott_model_loses_frames_in_bursts() {
    let model = GeModel::new(10_000, Some(250_000), None, None);
    let runs_of_bursts = runs(&arrivals(Faults { bursts: Some(model), ..perfect() }, 20_000));
    // p / (p + r) of all, in runs of 1 / r.
    let lost: usize = runs_of_bursts.iter().sum();
    assert!((600..950).contains(&lost), "3.8 % of 20000 frames should be lost, {lost} were");
    let mean = lost * 100 / runs_of_bursts.len();
    assert!((350..470).contains(&mean), "a burst should be 4 frames long, is {mean} / 100");
    let alone = runs(&arrivals(Faults { loss_ppm: 38_000, ..perfect() }, 20_000));
    let mean = alone.iter().sum::<usize>() * 100 / alone.len();
    assert!(mean < 115, "without the model frames are lost alone, not {mean} / 100 in a row");
    // Each state has its own chance; a model that is off leaves nothing behind.
    let always = Some(GeModel::new(0, None, None, Some(1_000_000)));
    assert!(arrivals(Faults { bursts: always, ..perfect() }, 50).iter().all(Option::is_none));
    let never = Some(GeModel::new(1_000_000, Some(0), Some(0), None));
    assert!(arrivals(Faults { bursts: never, ..perfect() }, 50).iter().all(Option::is_some));
}

#[test]
fn no_new_fault_moves_the_draws_of_another() {
    let old = Faults {
        jitter: Duration::from_millis(5),
        loss_ppm: 100_000,
        duplicate_ppm: 100_000,
        reorder_ppm: 100_000,
        ..perfect()
    };
    let draw = |faults: Faults| {
        let mut link = link(faults);
        let passages = (0..500).map(|i| link.transmit(Way::Down, Instant::from_nanos(i * 1_000), 100));
        passages.collect::<Vec<_>>()
    };
    let before = draw(old.clone());
    let with = |passage: &Passage, corrupt: Option<u64>| match *passage {
        Passage::Arrives { at, twice, held_back, .. } => Passage::Arrives { at, twice, held_back, corrupt },
        other => other,
    };
    let model = GeModel::new(10_000, Some(0), Some(0), None);
    let after = draw(Faults { corrupt_ppm: 500_000, bursts: Some(model), ..old });
    for (i, (a, b)) in before.iter().zip(&after).enumerate() {
        assert_eq!(with(a, None), with(b, None), "frame {i}");
    }
    let corrupted = after.iter().filter(|p| matches!(p, Passage::Arrives { corrupt: Some(_), .. })).count();
    assert!((180..280).contains(&corrupted), "half of 450 frames should be corrupted, {corrupted} were");
}

#[test]
fn corruption_inverts_any_one_bit() {
    let mut stream = Stream::new(1, "bits");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        let mut frame = [0u8; 8];
        damage(&mut frame, stream.next_u64());
        assert_eq!(frame.iter().map(|b| b.count_ones()).sum::<u32>(), 1, "{frame:?}");
        seen.insert(frame);
    }
    assert_eq!(seen.len(), 64, "some bits are never inverted");
    damage(&mut [], 7);
}

#[test]
fn a_distribution_has_the_latency_as_its_mean_and_the_jitter_as_its_deviation() {
    let latency = Duration::from_millis(50);
    let jitter = Duration::from_millis(5);
    for distribution in [Distribution::Normal, Distribution::Pareto, Distribution::ParetoNormal] {
        let faults = Faults { latency, jitter, distribution, ..perfect() };
        // Each frame alone, so that none waits for the one before it.
        let mut link = link(faults);
        let delays: Vec<u64> = (0..4000)
            .map(|i| {
                let sent = Instant::from_nanos(i * 1_000_000_000);
                let Passage::Arrives { at, .. } = link.transmit(Way::Up, sent, 100) else {
                    panic!("no frame is lost");
                };
                at.since(sent).as_nanos()
            })
            .collect();
        let mean = delays.iter().sum::<u64>() / 4000;
        assert!((49_000_000..51_000_000).contains(&mean), "{distribution}: a mean of {mean} ns");
        let spread = delays.iter().map(|d| d.abs_diff(mean).pow(2)).sum::<u64>() / 4000;
        assert!((3_000_000..5_300_000).contains(&spread.isqrt()), "{distribution}: {} ns", spread.isqrt());
        assert!(delays.iter().min() > Some(&30_000_000), "nothing is beyond four deviations");
        assert!(delays.iter().max() <= Some(&70_000_000), "nothing is beyond four deviations");
    }
    // However much it varies, a frame takes its 100 us.
    let wild = Faults { jitter: Duration::from_secs(1), distribution: Distribution::Normal, ..perfect() };
    for (i, at) in arrivals(wild, 200).iter().enumerate() {
        let least = Instant::from_nanos(i as u64 * 1_000) + SHORTEST_DRAWN;
        assert!(at.is_some_and(|at| at >= least), "frame {i} was faster than 100 us");
    }
}

#[test]
fn a_gap_lets_frames_pass_between_two_that_are_held_back() {
    let mut link = link(Faults { reorder_ppm: 1_000_000, gap: 5, ..perfect() });
    let held: Vec<bool> = (0..20)
        .map(|i| {
            let passage = link.transmit(Way::Up, Instant::from_nanos(i * 10_000_000), 100);
            matches!(passage, Passage::Arrives { held_back: true, .. })
        })
        .collect();
    let places: Vec<usize> = held.iter().enumerate().filter(|(_, held)| **held).map(|(i, _)| i).collect();
    assert_eq!(places, [4, 9, 14, 19]);
}

#[test]
fn a_limit_drops_what_does_not_fit_into_the_queue() {
    let mut link = link(Faults { rate_bps: Some(800_000), limit: 3, ..perfect() });
    let passages: Vec<Passage> = (0..5).map(|_| link.transmit(Way::Up, Instant::ZERO, 100)).collect();
    let full = Passage::Dropped { reason: "the link's queue is full" };
    assert_eq!(passages, [at_ns(2_000_000), at_ns(3_000_000), at_ns(4_000_000), full, full]);
}

#[test]
fn each_direction_has_its_own_rate_and_may_be_down_alone() {
    let slow = Faults { rate_bps: Some(800_000), ..perfect() };
    let dead = Faults { down: true, ..perfect() };
    let mut link = Link::new("adsl", 1, LinkFaults { up: slow, down: perfect() }, ETHERNET_HEADER);
    assert_eq!(link.transmit(Way::Up, Instant::ZERO, 100), at_ns(2_000_000));
    assert_eq!(link.transmit(Way::Down, Instant::ZERO, 100), at_ns(1_000_000));
    link.set_faults(LinkFaults { up: perfect(), down: dead });
    assert_eq!(link.transmit(Way::Down, Instant::ZERO, 60), Passage::Dropped { reason: "the link is down" });
    assert_eq!(link.transmit(Way::Up, Instant::from_nanos(9_000_000), 100), at_ns(10_000_000));
}
