//! Passthrough against a reference model that is written from the specification's sentences and imports
//! nothing of the crate: byte times in, events out.

use espat_sim::at::passthrough::{Action, Framing, Packing};
use espat_sim::time::{Duration, Instant};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Start of the start bit, end of the last stop bit (ns), and the byte.
type Byte = (u64, u64, u8);
/// When (ns), and the bytes that leave; `None`: passthrough ends.
type Event = (u64, Option<Vec<u8>>);

/// The reference model.
mod model {
    use super::{Byte, Event};

    /// Ways to get it wrong.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Mutant {
        None,
        SilenceOfExactlyTheGuardCounts,
        WithheldPlusIsLost,
        LaterByteRestartsTheFlush,
        SilenceFromTheStartBit,
        FourthPlusStillEscapes,
    }

    const GUARD: u64 = 20_000_000;

    /// The end of passthrough, if there is one, and each data byte as (known at, arrived at, byte).
    fn data(bytes: &[Byte], m: Mutant) -> (Option<u64>, Vec<(u64, u64, u8)>) {
        let from = |i: usize| if m == Mutant::SilenceFromTheStartBit { bytes[i].0 } else { bytes[i].1 };
        let gap = |i: usize| match i {
            0 => bytes[0].0,
            i if i == bytes.len() => u64::MAX,
            i => bytes[i].0 - from(i - 1),
        };
        let long = |gap: u64| gap > GUARD || (m == Mutant::SilenceOfExactlyTheGuardCounts && gap == GUARD);
        let (mut out, mut i) = (Vec::new(), 0);
        while i < bytes.len() {
            let mut n = 0;
            if bytes[i].2 == b'+' && long(gap(i)) {
                n = 1;
                while n < 3 && i + n < bytes.len() && bytes[i + n].2 == b'+' && gap(i + n) < GUARD {
                    n += 1;
                }
            }
            if n == 0 {
                out.push((bytes[i].1, bytes[i].1, bytes[i].2));
                i += 1;
                continue;
            }
            let (end, next) = (bytes[i + n - 1].1, gap(i + n));
            let ignored =
                m == Mutant::FourthPlusStillEscapes && bytes.get(i + n).is_some_and(|b| b.2 == b'+');
            if n == 3 && (long(next) || ignored) {
                return (Some(end + GUARD + 1), out);
            }
            // A byte that comes in time to belong to them decides, else the silence.
            let in_time = if n == 3 { next <= GUARD } else { next < GUARD };
            let known = if in_time { bytes[i + n].1 } else { end + GUARD };
            if m != Mutant::WithheldPlusIsLost {
                out.extend(bytes[i..i + n].iter().map(|b| (known, b.1, b.2)));
            }
            i += n;
        }
        (None, out)
    }

    pub fn run(bytes: &[Byte], size: usize, interval: u64, m: Mutant) -> Vec<Event> {
        let (leave, data) = data(bytes, m);
        let (mut events, mut block, mut due) = (Vec::new(), Vec::new(), u64::MAX);
        for (known, arrived, byte) in data {
            if !block.is_empty() && due < known {
                events.push((due, Some(std::mem::take(&mut block))));
            }
            if block.is_empty() || m == Mutant::LaterByteRestartsTheFlush {
                due = known.max(arrived + interval);
            }
            block.push(byte);
            if block.len() == size {
                events.push((known, Some(std::mem::take(&mut block))));
            }
        }
        if !block.is_empty() {
            events.push((due.min(leave.unwrap_or(u64::MAX)), Some(block)));
        }
        events.extend(leave.map(|at| (at, None)));
        events
    }
}

fn ns(t: u64) -> Instant {
    Instant::from_nanos(t)
}

/// The implementation, driven as the world drives it: at the same time the wire comes before the timers.
fn implementation(bytes: &[Byte], block: usize, interval: u64) -> Vec<Event> {
    let packing = Packing { block, interval: Duration::from_nanos(interval) };
    let mut framing = Framing::new(packing, ns(0));
    let mut events = Vec::new();
    let mut next = 0;
    let mut now = 0;
    loop {
        let byte = bytes.get(next);
        let receiving = byte.map(|b| b.0);
        let started = |t: u64| receiving.filter(|start| *start <= t).map(ns);
        // The timer that the world sees changes with the start bit; the earliest of both views is looked at.
        let timer = [framing.next_timer(None), receiving.and_then(|s| framing.next_timer(Some(ns(s))))];
        let timer = timer
            .into_iter()
            .flatten()
            .map(|t| t.as_nanos().max(now))
            .filter(|t| framing.next_timer(started(*t)).is_some_and(|due| due.as_nanos() <= *t));
        match (timer.min(), byte) {
            (Some(t), b) if b.is_none_or(|b| t < b.1) => {
                now = t;
                while let Some(action) = framing.poll(ns(t), started(t)) {
                    let Action::Send(data) = action else {
                        events.push((t, None));
                        return events;
                    };
                    events.push((t, Some(data)));
                }
            }
            (_, Some(&(start, end, byte))) => {
                now = end;
                framing.byte(ns(start), ns(end), byte);
                next += 1;
                // A full block leaves at once.
                while framing.next_timer(None) == Some(Instant::ZERO) {
                    let Some(Action::Send(data)) = framing.poll(ns(end), None) else { break };
                    events.push((end, Some(data)));
                }
            }
            (_, None) => return events,
        }
    }
}

/// Bytes with pauses near the times that matter, at any rate; the first numbers are baud and times.
fn wire() -> impl Strategy<Value = Vec<Byte>> {
    let pause = prop_oneof![
        6 => Just(0u64),
        3 => (0u64..5).prop_map(|off| 20_000_000 + off - 2),
        2 => 0u64..60_000_000,
        1 => (0u64..5).prop_map(|off| 40_000_000 + off - 2),
    ];
    let byte = prop_oneof![4 => Just(b'+'), 1 => any::<u8>()];
    (
        prop_oneof![9_600u64..5_000_000, Just(9_600), Just(115_200), Just(5_000_000)],
        proptest::collection::vec((pause, byte), 1..24),
    )
        .prop_map(|(baud, steps)| {
            let mut end = 0;
            let mut bytes = Vec::new();
            for (pause, byte) in steps {
                let start = end + pause;
                end = start + 10_000_000_000u64.div_ceil(baud);
                bytes.push((start, end, byte));
            }
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_leave_and_passthrough_ends_when_the_model_says_so(
        bytes in wire(),
        block in prop_oneof![Just(2920usize), 1usize..6],
        interval in prop_oneof![4 => Just(20_000_000u64), 1 => 0u64..50_000_000],
    ) {
        let expected = model::run(&bytes, block, interval, model::Mutant::None);
        prop_assert_eq!(implementation(&bytes, block, interval), expected);
    }
}

/// The inputs above are sharp enough to tell the implementation from every one of these.
#[test]
fn each_mutant_of_the_model_is_told_apart() {
    use model::Mutant::*;
    for mutant in [
        SilenceOfExactlyTheGuardCounts,
        WithheldPlusIsLost,
        LaterByteRestartsTheFlush,
        SilenceFromTheStartBit,
        FourthPlusStillEscapes,
    ] {
        let mut runner = TestRunner::deterministic();
        let caught = (0..4096).any(|_| {
            let bytes = wire().new_tree(&mut runner).expect("bytes").current();
            model::run(&bytes, 2920, 20_000_000, mutant) != implementation(&bytes, 2920, 20_000_000)
        });
        assert!(caught, "4096 inputs do not tell {mutant:?} from the implementation");
    }
}
