//! `espat-sim sweep`: one run with many seeds.
//!
//! A run is `espat-sim demo`, `run` or `qemu`, in a process of its own for each seed: what it is alone, it is here. Several go
//! at once, and what is printed is in the order of their seeds all the same.

mod difference;
mod events;
mod report;
mod running;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clap::Parser;

use super::progress::Progress;
use super::{Cli, expect, files};
use crate::edge::Paths;
use events::{Events, Folder};
use report::{Report, Run};
use running::Running;

/// Run one command with many seeds: which of them fail, in how many ways, and how to repeat each.
///
/// What stands after `--` is a command of this program without its name: `demo`, `run …` or `qemu … -- QEMU COMMAND LINE`.
/// Each run gets its own `--seed`, and `{seed}` anywhere in the command is replaced by it: `--capture run-{seed}.pcapng`.
///
/// Prints a line for each seed, then the failures in groups: by what they say, and by the first event in which they differ
/// from all runs that passed. The exit code is 0 when all passed, 1 when one failed, 2 when
/// the command could not be carried out. Ctrl-C ends the runs that go on, and with them the sweep; what stands below is of
/// those before them, and the exit code is 130.
#[derive(Debug, clap::Args)]
pub struct SweepArgs {
    /// How many seeds.
    #[arg(long, value_name = "N", value_parser = super::at_least_one, default_value = "100")]
    seeds: NonZeroUsize,
    /// The first of them.
    #[arg(long, value_name = "N", value_parser = super::seed, default_value = "1")]
    first: u64,
    /// Of these seeds only every Nth, from the Ith on: 1/4, 2/4, 3/4 and 4/4 together are the whole.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<Shard>,
    /// How many run at once; without it, as many as this machine has processors.
    #[arg(long, value_name = "N", value_parser = super::at_least_one)]
    jobs: Option<NonZeroUsize>,
    /// End with the first seed that fails.
    #[arg(long)]
    stop: bool,
    /// Write the results as JUnit XML, a test case for each seed.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// One part of a sweep: `index` of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    index: usize,
    count: usize,
}

fn shard(text: &str) -> Result<Shard, String> {
    let (index, count) = text.split_once('/').unwrap_or_default();
    match (index.parse(), count.parse()) {
        (Ok(index), Ok(count)) if 1 <= index && index <= count => Ok(Shard { index, count }),
        _ => Err("expected a part such as 1/4, from 1/4 to 4/4".to_owned()),
    }
}

/// Runs the sweep.
pub fn run(args: &SweepArgs) -> i32 {
    match start(args) {
        Ok(code) => code,
        Err(sentence) => super::fail(&sentence),
    }
}

fn start(args: &SweepArgs) -> Result<i32, String> {
    check(&args.command)?;
    shares_nothing(&args.command)?;
    let mut paths = Paths::default();
    args.junit.iter().try_for_each(|file| paths.write("--junit", file))?;
    let seeds = seeds(args.first, args.seeds.get(), args.shard)?;
    let program = std::env::current_exe().map_err(|e| format!("cannot find this program: {e}"))?;
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let (folder, running) = (Folder::new()?, Running::until_a_signal()?);
    let mut report = Report::default();
    let mut progress = Progress::new(Some(seeds.count));
    let start = Start { program: &program, command: &args.command, folder: &folder, running: &running };
    sweep(args.stop, &start, &seeds, jobs, &mut |run| {
        progress.clear();
        let could_run = run.could_run();
        report.add(run);
        progress.show(report.runs(), report.failed());
        could_run
    })?;
    progress.clear();
    if running.ended() {
        eprintln!("espat-sim: a signal ended the sweep after {} of {} seeds", report.runs(), seeds.count);
    }
    let groups = report.groups();
    report.summary(&groups);
    if let Some(path) = &args.junit {
        expect::write_junit(path, "espat-sim sweep", report.suite(&groups))?;
    }
    Ok(if running.ended() { INTERRUPTED } else { i32::from(report.failed() > 0) })
}

/// The exit code of a sweep that a signal has ended: a shell's for Ctrl-C.
const INTERRUPTED: i32 = 130;

/// What each run of a sweep is started with.
struct Start<'s> {
    program: &'s Path,
    command: &'s [String],
    folder: &'s Folder,
    running: &'s Running,
}

/// Carries out the runs, `jobs` at once, and hands each to `done` in the order of the seeds; an error when that says that the
/// command can't be carried out at all. `until_one_fails`: --stop.
fn sweep(
    until_one_fails: bool,
    start: &Start<'_>,
    seeds: &Seeds,
    jobs: usize,
    done: &mut dyn FnMut(Run) -> Result<(), String>,
) -> Result<(), String> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = crossbeam_channel::unbounded();
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(seeds.count) {
            let (send, next, stop) = (send.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = seeds.get(index).and_then(|seed| start.run(seed)) else { break };
                    if until_one_fails && run.failure.is_some() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    // The other end lives as long as this scope.
                    let _ = send.send((index, run));
                }
            });
        }
        drop(send);
        let (mut waiting, mut expected) = (BTreeMap::new(), 0);
        for (index, run) in receive {
            waiting.insert(index, run);
            while let Some(run) = waiting.remove(&expected) {
                expected += 1;
                // Which later ones were started by then is not for the seeds to say.
                let last = until_one_fails && run.failure.is_some();
                if let Err(sentence) = done(run) {
                    stop.store(true, Ordering::Relaxed);
                    return Err(sentence);
                }
                if last {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
}

impl Start<'_> {
    /// One run; `None` when a signal has ended it.
    fn run(&self, seed: u64) -> Option<Run> {
        let file = self.folder.file(seed);
        let output =
            self.running.output(Command::new(self.program).args(words(self.command, seed, Some(&file))))?;
        let again = words_again(self.command, seed).join(" ");
        Some(Run::new(seed, again, output, Events::take(&file)))
    }
}

/// The arguments of a run: its seed comes behind the command's name. `events`: where they go, for a run of the sweep, which
/// goes without the dialogue unless that is asked for.
fn words(command: &[String], seed: u64, events: Option<&Path>) -> Vec<String> {
    let with_seed = |word: &String| word.replace("{seed}", &seed.to_string());
    let mut words: Vec<String> = command.iter().take(1).cloned().collect();
    words.extend(["--seed".to_owned(), seed.to_string()]);
    if let Some(events) = events {
        words.extend(["--events".to_owned(), events.display().to_string()]);
        if words[0] != "run" {
            words.push("--no-dialogue".to_owned());
        }
    }
    words.extend(command.iter().skip(1).map(with_seed));
    words
}

/// The command that repeats a run, word by word, for a POSIX shell.
fn words_again(command: &[String], seed: u64) -> Vec<String> {
    let own = ["espat-sim".to_owned()].into_iter().chain(words(command, seed, None));
    own.map(|word| expect::shell_word(&word)).collect()
}

/// The seeds of a sweep, or of a part of it, in their order. They may be more than fit into memory.
struct Seeds {
    first: u64,
    step: u64,
    count: usize,
}

impl Seeds {
    fn get(&self, place: usize) -> Option<u64> {
        (place < self.count).then(|| self.first + place as u64 * self.step)
    }
}

/// The seeds of this part of a sweep.
fn seeds(first: u64, count: usize, shard: Option<Shard>) -> Result<Seeds, String> {
    let Shard { index, count: shards } = shard.unwrap_or(Shard { index: 1, count: 1 });
    if first.checked_add(count as u64 - 1).is_none() {
        return Err(format!("{count} seeds from {first} on go beyond 18446744073709551615"));
    }
    let count = count.saturating_sub(index - 1).div_ceil(shards);
    // Where it goes beyond the last seed there is none in this part.
    Ok(Seeds { first: first.saturating_add(index as u64 - 1), step: shards as u64, count })
}

/// The files of a run, which each seed must have for itself.
const WRITTEN: [&str; 6] =
    ["--capture", "--input-log", "--keylog", "--report", "--junit", "--console-socket"];

/// Checks what can be said of a command before it runs.
fn check(command: &[String]) -> Result<(), String> {
    match command.first().map(String::as_str) {
        Some("demo" | "run" | "qemu") => {}
        other => {
            let found = other.unwrap_or("nothing");
            return Err(format!("expected `demo`, `run` or `qemu` after --, found `{found}`"));
        }
    }
    let own: Vec<&str> =
        command.iter().skip(1).map(String::as_str).take_while(|word| *word != "--").collect();
    for (place, word) in own.iter().enumerate() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, value),
            None => (*word, own.get(place + 1).copied().unwrap_or_default()),
        };
        if name == "--seed" {
            return Err("the seeds are those of the sweep: --first and --seeds".to_owned());
        }
        if WRITTEN.contains(&name) && !value.contains("{seed}") {
            return Err(format!("each seed needs a file of its own: {name} {}", with_seed(value)));
        }
    }
    Ok(())
}

/// An error when the command's scenario keeps saved settings in a file, which every run would read and write. What can't be
/// read is the runs' own business: they say it.
fn shares_nothing(command: &[String]) -> Result<(), String> {
    let words = ["espat-sim".to_owned()].into_iter().chain(command.iter().cloned());
    let scenarios = match Cli::try_parse_from(words).map(|cli| cli.command) {
        Ok(super::Command::Demo(args)) => files::scenario(args.scenario.as_deref()).into_iter().collect(),
        #[cfg(unix)]
        Ok(super::Command::Qemu(args)) => files::scenario(args.scenario.as_deref()).into_iter().collect(),
        Ok(super::Command::Run(args)) => args.scenarios(),
        _ => Vec::new(),
    };
    for scenario in scenarios {
        if let Some((module, file)) = scenario.modules.iter().find_map(|m| Some((&m.name, m.nvs.as_ref()?))) {
            return Err(format!(
                "{}: module '{module}' keeps its saved settings in {file}, which the runs of a sweep would share; leave \
                 `nvs` out, or put `{{seed}}` into the scenario's name, with a scenario for each seed",
                scenario.name
            ));
        }
    }
    Ok(())
}

/// The name of a file with the seed in it: `out/a-{seed}.pcapng`.
fn with_seed(name: &str) -> String {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let end = name[file..].rfind('.').filter(|&dot| dot > 0).map_or(name.len(), |dot| file + dot);
    format!("{}-{{seed}}{}", &name[..end], &name[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_parts_of_a_sweep_are_the_whole_and_no_seed_is_in_two() {
        let list = |first, count, shard| {
            let seeds = seeds(first, count, shard).expect("seeds");
            (0..seeds.count).filter_map(|place| seeds.get(place)).collect::<Vec<u64>>()
        };
        let whole = list(5, 10, None);
        assert_eq!(whole, (5..15).collect::<Vec<u64>>());
        let mut parts: Vec<u64> =
            (1..=4).flat_map(|index| list(5, 10, Some(Shard { index, count: 4 }))).collect();
        parts.sort_unstable();
        assert_eq!(parts, whole);
        assert_eq!(list(u64::MAX, 1, None), [u64::MAX]);
        assert_eq!(list(u64::MAX - 1, 2, Some(Shard { index: 2, count: 2 })), [u64::MAX]);
        assert_eq!(list(u64::MAX - 1, 2, Some(Shard { index: 4, count: 4 })), [0; 0]);
        assert!(seeds(u64::MAX, 2, None).is_err());
        // As many as there are need no room.
        let all = seeds(0, usize::MAX, Some(Shard { index: 2, count: 3 })).expect("seeds");
        assert_eq!((all.get(0), all.get(1), all.get(all.count)), (Some(1), Some(4), None));
        for wrong in ["0/4", "5/4", "1", "a/b", "1/0", ""] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_run_is_the_command_with_its_seed() {
        let qemu = command("qemu --capture a-{seed}.pcapng -- qemu-system-arm -serial file:b-{seed}");
        assert_eq!(
            words(&qemu, 7, Some(Path::new("7.events"))).join(" "),
            "qemu --seed 7 --events 7.events --no-dialogue --capture a-7.pcapng -- qemu-system-arm -serial file:b-7"
        );
        assert_eq!(words_again(&command("run a.at"), 3).join(" "), "espat-sim run --seed 3 a.at");
    }

    #[test]
    fn one_file_for_all_seeds_and_a_seed_of_ones_own_are_refused() {
        for (line, part) in [
            ("demo --seed 3", "--first and --seeds"),
            ("demo --seed=3", "--first and --seeds"),
            ("demo --capture a.pcapng", "--capture a-{seed}.pcapng"),
            ("run --junit=out/a x.at", "--junit out/a-{seed}"),
            ("serve --pty", "found `serve`"),
        ] {
            let error = check(&command(line)).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
        assert_eq!(check(&command("qemu --capture {seed}.pcapng -- x --seed 3 --report y")), Ok(()));
    }
}
