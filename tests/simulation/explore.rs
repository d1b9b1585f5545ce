//! `espat-sim explore`, as a test: a fixed number of worlds that a seed draws, with everything that goes wrong in them.
//!
//! What must hold for each is in `espat_sim::explore`. The number is what takes about half a minute of one core; more are
//! for `espat-sim explore --for 10min`, and `make soak` takes twenty times as many.
#![allow(clippy::disallowed_methods)] // a test may ask whether it is to be thorough; the simulation may not

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use espat_sim::at::table;
use espat_sim::explore::{Answer, check, drawn};

/// The last seed; the first is 1. With ESPAT_SOAK it is twenty times that.
const SEEDS: u64 = 300;

#[test]
fn what_must_hold_for_every_world_holds_for_these() {
    let last = if std::env::var_os("ESPAT_SOAK").is_some() { 20 * SEEDS } else { SEEDS };
    let (next, met) = (AtomicU64::new(1), Mutex::new((0, BTreeSet::new())));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last {
                        break;
                    }
                    let run = check(&drawn(seed)).unwrap_or_else(|failure| {
                        panic!("seed {seed}: {failure}\nto run it again: espat-sim explore --seed {seed} --seeds 1")
                    });
                    let mut met = met.lock().expect("no other thread has failed");
                    met.0 += run.lines;
                    met.1.extend(run.answered);
                }
            });
        }
    });
    let (lines, answered) = met.into_inner().expect("no thread has failed");
    let names: BTreeSet<&str> = table::all().into_iter().map(|command| command.name).collect();
    let with = |answer| names.iter().filter(|name| answered.contains(&(**name, answer))).count();
    let (ok, error, all) = (with(Answer::Ok), with(Answer::Error), names.len());
    // What a draw leaves out nobody would miss otherwise.
    assert!(lines >= 6000, "only {lines} command lines in {last} worlds");
    assert!(ok >= 85, "only {ok} of {all} commands were ever answered with OK");
    assert!(error >= 110, "only {error} of {all} commands were ever answered with ERROR");
}
