//! `espat-sim shrink`: a run that fails, cut down to what it takes.

mod judge;
mod transcript;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::files;
use super::progress::Progress;
use crate::edge::{FileError, Paths, read_text};
use crate::explore::{Case, Size};
use crate::time::Instant;
use crate::world::{Recording, inputlog, replay};
use judge::Judge;

/// Cut a run that fails down to the fewest inputs, the smallest scenario and the shortest time that still fail in the same
/// way.
///
/// The run is an input log, or a transcript (`.at`). A log fails when its replay panics, when a line of the scenario's
/// `expect` is not met, or when how far a driver goes in one step changes its digest; a transcript when `espat-sim run` says
/// so. --fails-with, or a command after `--`, says otherwise.
///
/// Signals (Ctrl-C) end the search: the smallest run so far is written. The exit code is 0 when a smaller run was written, 2
/// when the run does not fail, or could not be read.
#[derive(Debug, clap::Args)]
pub struct ShrinkArgs {
    /// The input log, or the transcript.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Where the small one goes; without it beside the other: `lab-small.espat-log`.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// It fails when this is in what `espat-sim replay` prints of it, or `espat-sim run`.
    #[arg(long, value_name = "TEXT", conflicts_with = "command")]
    fails_with: Option<String>,
    /// A command that fails when the run does, always with the same exit code. `{}` stands for the file; without it the file
    /// is the last argument.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Cuts down.
pub fn run(args: &ShrinkArgs) -> i32 {
    match start(args) {
        Ok(()) => 0,
        Err(sentence) => super::fail(&sentence),
    }
}

fn start(args: &ShrinkArgs) -> Result<(), String> {
    let output = args.output.clone().unwrap_or_else(|| beside(&args.run, "small"));
    let mut paths = Paths::default();
    paths.read("the run", &args.run)?;
    paths.write("--output", &output)?;
    let text = read_text(&args.run).map_err(|e| match e {
        FileError::Wrong(why) => format!("{} is neither input log nor transcript: {why}", args.run.display()),
        FileError::Io(why) => why,
    })?;
    let judge = Judge::new(args.fails_with.as_deref(), &args.command, beside(&args.run, "try"));
    let mut search = Search::new(judge)?;
    let small = if args.run.extension().is_some_and(|extension| extension == "at") {
        transcript::cut(&args.run, &text, &mut search)
    } else {
        cut(&args.run, &text, &mut search)
    };
    let small = search.end(small)?;
    files::write(&output, small.into_bytes())?;
    say!("{}", output.display());
    Ok(())
}

/// `a/lab.toml` and `small` are `a/lab-small.toml`.
fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or(path.as_os_str()).to_owned();
    name.push(format!("-{what}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Cuts an input log down.
fn cut(path: &Path, text: &str, search: &mut Search) -> Result<String, String> {
    let place = path.display();
    let log = inputlog::parse(text).map_err(|e| format!("{place}: {e}"))?;
    let logged = log.end;
    let case = Case::new(log).map_err(|e| format!("{place}: {e}"))?;
    let Some(sentence) = search.judge.learn(&case)? else {
        if let Some(why) = search.judge.passes() {
            return Err(format!("{place} does not fail: {why}"));
        }
        let same = replay(text, Recording::default()).ok().and_then(|replayed| replayed.is_same());
        return Err(match (same, logged) {
            (Some(false), Some(_)) => format!(
                "{place}: its replay has another digest than the log says, as one of another version may have; only a run \
                 that fails by itself can be cut down"
            ),
            _ => format!(
                "{place} does not fail: nothing panics, every expectation is met, and its digest stays the same"
            ),
        });
    };
    say!("{place}: {sentence}");
    say!("  {}", shown(case.size()));
    let small = case.cut(&mut |case| search.tries(|judge| judge.fails(case), || shown(case.size())));
    search.progress.clear();
    say!("  {} after {} tries", shown(small.size()), search.count);
    let text = small.text()?;
    // As a run would have written it, with its digests, unless there is no end.
    let recording = Recording { log: true, ..Recording::default() };
    let whole = crate::explore::caught(|| replay(&text, recording).map_err(|e| e.to_string()));
    let whole = whole.ok().and_then(|mut whole| String::from_utf8(whole.world.take_log()).ok());
    Ok(whole.unwrap_or(text))
}

fn shown(size: Size) -> String {
    let Size { inputs, bytes, lines, time } = size;
    let end = Instant::ZERO + time;
    format!("{inputs} inputs with {bytes} bytes, {lines} lines of scenario, {end}")
}

/// A search for something small that fails: who judges, how far it has come, and whether a signal has ended it.
struct Search {
    judge: Judge,
    count: usize,
    stopped: Arc<AtomicBool>,
    progress: Progress,
}

impl Search {
    fn new(judge: Judge) -> Result<Search, String> {
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = stopped.clone();
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
            .map_err(|e| format!("cannot wait for signals: {e}"))?;
        // Each panic would be told of, and there will be many.
        std::panic::set_hook(Box::new(|_| {}));
        Ok(Search { judge, count: 0, stopped, progress: Progress::new(None) })
    }

    /// One try. `size`: what is shown when it fails, and so is the smallest so far.
    fn tries(&mut self, fails: impl FnOnce(&Judge) -> bool, size: impl FnOnce() -> String) -> bool {
        if self.stopped.load(Ordering::Relaxed) {
            return false;
        }
        self.count += 1;
        let failed = fails(&self.judge);
        if failed {
            self.progress.note(&format!("{} tries: {}", self.count, size()));
        }
        failed
    }

    fn end<R>(&mut self, result: R) -> R {
        self.progress.clear();
        self.judge.clear();
        drop(std::panic::take_hook());
        if self.stopped.load(Ordering::Relaxed) {
            say!("  stopped before the end of the search");
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_run_stands_beside_the_other() {
        assert_eq!(beside(Path::new("a.b/lab.espat-log"), "small"), Path::new("a.b/lab-small.espat-log"));
        assert_eq!(beside(Path::new("log"), "try"), Path::new("log-try"));
    }
}
