//! `espat-sim explore`: worlds that a seed draws, with everything that goes wrong in them, and what must hold for each.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::files;
use super::options;
use super::progress::Progress;
use crate::at::table;
use crate::explore::{Answer, Failure, Run, check, drawn};
use crate::time::Duration;

/// Draw worlds from seeds and look for one that breaks a promise: modules of every profile, faults of every kind, hosts that
/// talk to them, and an MCU that sends commands of every form, good and bad.
///
/// For each must hold: nothing panics; no event is in the past, and none comes again and again; bytes come in the order of
/// time; how far a driver goes in one step changes nothing; the input log replays to the same digest. One seed is the same
/// world on every machine.
///
/// At the first seed that fails its input log is written to `explore-SEED.espat-log`. The exit code is 0 when all held, 1
/// when one failed, 2 when it could not be done.
#[derive(Debug, clap::Args)]
pub struct ExploreArgs {
    /// The first seed.
    #[arg(long, value_name = "N", value_parser = super::seed, default_value = "1")]
    seed: u64,
    /// How many seeds; without it, and without --for, 100.
    #[arg(long, value_name = "N", value_parser = super::at_least_one)]
    seeds: Option<NonZeroUsize>,
    /// Go on for so long, of wall-clock time: `60s`, `10min`.
    #[arg(long = "for", value_name = "TIME", value_parser = options::limit, conflicts_with = "seeds")]
    time: Option<Duration>,
    /// How many run at once; without it, as many as this machine has processors.
    #[arg(long, value_name = "N", value_parser = super::at_least_one)]
    jobs: Option<NonZeroUsize>,
}

/// How many seeds there are when nobody says.
const SEEDS: usize = 100;

/// Explores.
pub fn run(args: &ExploreArgs) -> i32 {
    match start(args) {
        Ok(code) => code,
        Err(sentence) => super::fail(&sentence),
    }
}

fn start(args: &ExploreArgs) -> Result<i32, String> {
    let count = match args.time {
        Some(_) => None,
        None => Some(args.seeds.map_or(SEEDS, NonZeroUsize::get)),
    };
    let last = match count {
        None => u64::MAX,
        Some(count) => u64::try_from(count - 1)
            .ok()
            .and_then(|more| args.seed.checked_add(more))
            .ok_or_else(|| format!("{count} seeds from {} on go beyond 18446744073709551615", args.seed))?,
    };
    let mut progress = Progress::new(count);
    let mut met = Met::default();
    let failure = explore(args, last, &mut progress, &mut met);
    progress.clear();
    let seeds = usize::try_from(met.seeds).unwrap_or(usize::MAX);
    eprintln!("espat-sim: {} seeds in {:.1} s", met.seeds, progress.elapsed().as_secs_f64());
    eprintln!("espat-sim: {:.1} a second", progress.rate(seeds));
    match failure {
        None => {
            met.say(args.seed);
            Ok(0)
        }
        Some((seed, failure)) => {
            fail(seed, &failure)?;
            Ok(1)
        }
    }
}

/// What seeds have met.
#[derive(Default)]
struct Met {
    seeds: u64,
    lines: usize,
    answered: BTreeSet<(&'static str, Answer)>,
}

impl Met {
    fn add(&mut self, run: Run) {
        self.seeds += 1;
        self.lines += run.lines;
        self.answered.extend(run.answered);
    }

    fn say(&self, first: u64) {
        let names: BTreeSet<&str> = table::all().into_iter().map(|command| command.name).collect();
        let with = |answer| names.iter().filter(|name| self.answered.contains(&(**name, answer))).count();
        let (ok, error, all) = (with(Answer::Ok), with(Answer::Error), names.len());
        match self.seeds.checked_sub(1) {
            None => say!("PASS: no seed was finished in that time"),
            Some(more) => say!("PASS: seeds {first} to {}", first + more),
        }
        say!(
            "{} command lines; of {all} commands {ok} were answered with OK, {error} with ERROR",
            self.lines
        );
    }
}

/// Runs the seeds up to `last`, or as long as there is time, and takes them in order. The first that fails, if one does.
fn explore(args: &ExploreArgs, last: u64, progress: &mut Progress, met: &mut Met) -> Option<(u64, Failure)> {
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (send, receive) = crossbeam_channel::unbounded();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (send, next, stop) = (send.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let drawn_before = next.fetch_add(1, Ordering::Relaxed);
                    let seed = args.seed.checked_add(drawn_before).filter(|seed| *seed <= last);
                    let Some(seed) = seed else { break };
                    // The other end lives as long as this scope.
                    let _ = send.send((seed, check(&drawn(seed))));
                }
            });
        }
        drop(send);
        let (mut waiting, mut expected, mut failed) = (BTreeMap::new(), args.seed, None);
        for (seed, result) in receive {
            waiting.insert(seed, result);
            while let Some(result) = waiting.remove(&expected).filter(|_| failed.is_none()) {
                match result {
                    Ok(run) => met.add(run),
                    Err(failure) => {
                        failed = Some((expected, failure));
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                expected = expected.saturating_add(1);
            }
            progress.show(usize::try_from(met.seeds).unwrap_or(usize::MAX), usize::from(failed.is_some()));
            let over = |time: Duration| progress.elapsed().as_nanos() >= u128::from(time.as_nanos());
            if args.time.is_some_and(over) {
                stop.store(true, Ordering::Relaxed);
            }
        }
        failed
    })
}

/// Says what has failed, and leaves its log.
fn fail(seed: u64, failure: &Failure) -> Result<(), String> {
    say!("FAIL seed {seed}");
    say!("  {}", failure.sentence);
    if !failure.log.is_empty() {
        let path = PathBuf::from(format!("explore-{seed}.espat-log"));
        files::write(&path, failure.log.clone().into_bytes())?;
        say!("  input log {}", path.display());
    }
    say!("  to run it again: espat-sim explore --seed {seed} --seeds 1");
    Ok(())
}
