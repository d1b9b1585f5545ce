//! The ways in which an input log can fail, so that a smaller one can be asked whether it still fails in the same way.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Case, without_numbers};
use crate::time::Instant;
use crate::world::{ModuleId, Outcome, Recording, Replayed, World, replay};

/// A way to fail. Two failures of the same way may differ in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A panic with this message.
    Panic(String),
    /// This line of the scenario's `expect` was not met, with what was seen instead.
    Expectation(String, String),
    /// How far a driver goes in one step changes the digest.
    Steps,
    /// The log of the run replays to another digest.
    Replay,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Panic(message) => f.write_str(message),
            Way::Expectation(line, why) => write!(f, "`{line}`: {why}"),
            Way::Steps => f.write_str("how far a driver goes in one step changes the digest"),
            Way::Replay => f.write_str("the log of the run replays to another digest"),
        }
    }
}

impl Way {
    /// In which way a case fails first. `None`: it does not, or it can't be run at all.
    pub fn of(case: &Case) -> Option<Way> {
        let run = match run(case, &[]) {
            Run::Impossible => return None,
            Run::Panicked(message) => return Some(Way::Panic(message)),
            Run::Ended(run) => run,
        };
        let verdicts = run.world.verdicts();
        // A promise that is broken says more than an expectation that was written for another run.
        diverges(case, *run).or_else(|| {
            verdicts.into_iter().find_map(|verdict| match verdict.outcome {
                Outcome::Failed(why) => Some(Way::Expectation(verdict.text, why)),
                _ => None,
            })
        })
    }

    /// Whether a case fails in this way.
    pub fn is_of(&self, case: &Case) -> bool {
        match (self, run(case, &[])) {
            (Way::Panic(message), Run::Panicked(other)) => {
                without_numbers(message) == without_numbers(&other)
            }
            (Way::Expectation(line, _), Run::Ended(run)) => {
                let failed = |outcome| matches!(outcome, Outcome::Failed(_));
                run.world.verdicts().into_iter().any(|v| v.text == *line && failed(v.outcome))
            }
            (Way::Steps | Way::Replay, Run::Ended(run)) => diverges(case, *run).as_ref() == Some(self),
            _ => false,
        }
    }
}

/// What came of a run.
enum Run {
    /// The scenario is none, or an input is refused.
    Impossible,
    Panicked(String),
    Ended(Box<Replayed>),
}

fn run(case: &Case, stops: &[Instant]) -> Run {
    let Ok(text) = case.text_with(stops) else { return Run::Impossible };
    let recording = Recording { log: true, ..Recording::default() };
    match caught(|| Ok(replay(&text, recording).ok())) {
        Err(message) => Run::Panicked(message),
        Ok(None) => Run::Impossible,
        Ok(Some(replayed)) => Run::Ended(Box::new(replayed)),
    }
}

/// Whether a run comes out otherwise when its drivers stop at each byte, or when its own log is replayed.
fn diverges(case: &Case, mut run_once: Replayed) -> Option<Way> {
    let world = &mut run_once.world;
    let digest = world.digest();
    if let Run::Ended(other) = run(case, &bytes(world))
        && other.world.digest() != digest
    {
        return Some(Way::Steps);
    }
    let log = String::from_utf8(world.take_log()).ok()?;
    let again = caught(|| Ok(replay(&log, Recording::default()).ok().and_then(|again| again.is_same())));
    (again != Ok(Some(true))).then_some(Way::Replay)
}

/// When bytes came to the MCUs.
fn bytes(world: &mut World) -> Vec<Instant> {
    let mut times = Vec::new();
    for module in (0..).map(ModuleId).take(world.module_names().len()) {
        while let Ok(Some(byte)) = world.uart_read(module) {
            times.push(byte.at);
        }
    }
    times.sort_unstable();
    times.dedup();
    times
}

/// Does `what`; a panic is a sentence, too. What a panic leaves behind should be asked for little: what was written before
/// it.
///
/// # Errors
/// Those of `what`; the sentence of a panic begins with `panicked: `.
pub fn caught<R>(what: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(what)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Err(format!("panicked: {}", text.unwrap_or("without a word")))
    })
}
