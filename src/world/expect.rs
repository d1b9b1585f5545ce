//! What a scenario expects to happen, and what has come of it.
//!
//! An [`Expectation`] is one line of the scenario's `expect`: when, and what must be observed, in the words of an
//! [`Observation`]. [`Expectations`] looks at the observations as they come, in the order of time, and keeps of each
//! line what its [`Verdict`] needs. It only looks on: nothing in the simulation depends on it.

use std::fmt;

use super::Observation;
use super::console::words::Word;
use super::scenario::Place;
use crate::event::{Kind, Queue, Rank};
use crate::net::service::quoted;
use crate::time::{Duration, Instant};

/// When something must happen. Both ends of a time belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At any time before the run's end.
    Anytime,
    /// At this instant or before.
    By(Instant),
    /// From the first instant to the second.
    Between(Instant, Instant),
    /// So long after the line before it was met.
    Within(Duration),
}

/// One word of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needle {
    /// A whole word of the observation; a `,` or `:` at its end there does not count.
    Word(String),
    /// Any part of the observation, these bytes as they are or as an observation shows data.
    Part(Vec<u8>),
}

/// What must be observed: `www http GET /status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The module or host.
    pub subject: String,
    /// What it is about, as in [`Observation::kind`].
    pub kind: &'static str,
    /// What must be in the text, in this order; others may stand between.
    pub needles: Vec<Needle>,
}

/// One line of the scenario's `expect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The line as it was written.
    pub text: String,
    /// Where it stands in the scenario.
    pub place: Place,
    /// Only what is observed after the line before it was met counts.
    pub then: bool,
    /// It must not happen.
    pub never: bool,
    /// When.
    pub when: When,
    /// What.
    pub what: Pattern,
}

/// What has come of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not happened, and there is still time. Not after the run's end.
    Open,
    /// It has happened in time: when.
    Met(Instant),
    /// What must not happen has not happened so far, or in the whole run.
    Absent,
    /// The sentence says what was expected, and what was seen instead.
    Failed(String),
}

/// An expectation and what has come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The line as it was written.
    pub text: String,
    /// Its line in the scenario, from 1.
    pub line: usize,
    /// What has come of it.
    pub outcome: Outcome,
}

impl Pattern {
    /// Whether it is about this kind of this subject.
    pub(super) fn is_of(&self, subject: &str, kind: &str) -> bool {
        self.kind == kind && self.subject == subject
    }

    /// Whether all of it is in `text`.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.found_in(text) == self.needles.len()
    }

    /// How many of the needles are in `text`, in order, up to the first that is missing.
    fn found_in(&self, text: &str) -> usize {
        let mut rest = text;
        self.needles.iter().take_while(|needle| needle.skip(&mut rest)).count()
    }
}

impl Needle {
    /// What a word of a line stands for.
    pub(super) fn of(word: &Word) -> Needle {
        match word.plain() {
            Some(plain) => Needle::Word(plain.to_owned()),
            None => Needle::Part(word.bytes.clone()),
        }
    }

    /// Moves `rest` behind the first place where this is found; false when it is nowhere.
    fn skip(&self, rest: &mut &str) -> bool {
        let end = match self {
            Needle::Word(word) => {
                let mut start = 0;
                rest.split_inclusive(char::is_whitespace).find_map(|piece| {
                    let found = piece.trim_end();
                    let end = start + found.len();
                    start += piece.len();
                    (found == word || found.trim_end_matches([',', ':']) == word).then_some(end)
                })
            }
            Needle::Part(bytes) => {
                let as_data = quoted(bytes);
                let as_data = &as_data[1..as_data.len() - 1];
                let raw = std::str::from_utf8(bytes).ok();
                let ends = [raw, Some(as_data)].into_iter().flatten();
                ends.filter_map(|part| Some(rest.find(part)? + part.len())).min()
            }
        };
        end.is_some_and(|end| {
            *rest = &rest[end..];
            true
        })
    }
}

/// An observation that an expectation remembers.
#[derive(Clone, Debug)]
struct Seen {
    at: Instant,
    text: String,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {}", self.text, self.at)
    }
}

/// One expectation on its way.
#[derive(Debug)]
struct Watch {
    expectation: Expectation,
    /// The first time that it happened when it counted, and how often it did.
    hit: Option<Seen>,
    hits: u64,
    /// The first time that it happened when it did not count.
    missed: Option<Seen>,
    /// How much else of the same subject and kind was seen, and what came nearest, with the needles found in it.
    others: u64,
    nearest: Option<(usize, Seen)>,
}

/// Every expectation of a scenario, and what has been seen of them.
#[derive(Default)]
pub(super) struct Expectations {
    watches: Vec<Watch>,
    /// In a world with several modules one may be ahead; what was observed waits for its turn.
    waiting: Queue<Observation>,
}

impl Expectations {
    pub fn new(list: &[Expectation]) -> Expectations {
        let watch = |expectation: &Expectation| Watch {
            expectation: expectation.clone(),
            hit: None,
            hits: 0,
            missed: None,
            others: 0,
            nearest: None,
        };
        Expectations { watches: list.iter().map(watch).collect(), waiting: Queue::default() }
    }

    /// True when nothing is expected.
    pub fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }

    /// Something was observed at `now`, of the node of this rank.
    pub fn observe(&mut self, now: Instant, node: Rank, observation: Observation) {
        let (subject, kind) = (&observation.subject, observation.kind());
        let wanted = |w: &Watch| w.expectation.what.is_of(subject, kind);
        if self.watches.iter().any(wanted) {
            self.waiting.push(now, Kind::Timer, node, observation);
        }
    }

    /// Looks at what was observed up to `limit`.
    pub fn settle(&mut self, limit: Instant) {
        while self.waiting.peek().is_some_and(|key| key.time <= limit) {
            let Some((_, observation)) = self.waiting.pop() else { return };
            let text = observation.text();
            // From the last, so that one observation is not both what comes first and what comes then.
            for index in (0..self.watches.len()).rev() {
                let before = index.checked_sub(1).and_then(|i| self.watches[i].met());
                self.watches[index].look(&observation, &text, before);
            }
        }
    }

    /// What has come of each, in the order of the scenario. `now`: everything up to there has been looked at.
    pub fn verdicts(&self, now: Instant, ended: bool) -> Vec<Verdict> {
        let mut before: Option<(&Watch, Outcome)> = None;
        let mut verdicts = Vec::new();
        for watch in &self.watches {
            let outcome = watch.outcome(now, ended, before.as_ref());
            let Expectation { text, place, .. } = &watch.expectation;
            verdicts.push(Verdict { text: text.clone(), line: place.line, outcome: outcome.clone() });
            before = Some((watch, outcome));
        }
        verdicts
    }
}

impl Watch {
    /// When it was met.
    fn met(&self) -> Option<Instant> {
        self.hit.as_ref().map(|seen| seen.at)
    }

    /// From when to when it counts; `before`: when the line before was met.
    fn window(&self, before: Option<Instant>) -> Option<(Instant, Instant)> {
        let start = if self.expectation.then { before? } else { Instant::ZERO };
        Some(match self.expectation.when {
            When::Anytime => (start, Instant::MAX),
            When::By(end) => (start, end),
            When::Between(from, to) => (start.max(from), to),
            When::Within(time) => (start, start + time),
        })
    }

    fn look(&mut self, observation: &Observation, text: &str, before: Option<Instant>) {
        let what = &self.expectation.what;
        if !what.is_of(&observation.subject, observation.kind()) {
            return;
        }
        let found = what.found_in(text);
        let seen = || Seen { at: observation.at, text: text.to_owned() };
        if found < what.needles.len() {
            self.others += 1;
            if self.nearest.as_ref().is_none_or(|(most, _)| found >= *most) {
                self.nearest = Some((found, seen()));
            }
        } else if self.window(before).is_some_and(|(from, to)| (from..=to).contains(&observation.at)) {
            self.hits += 1;
            self.hit.get_or_insert_with(seen);
        } else {
            self.missed.get_or_insert_with(seen);
        }
    }

    fn outcome(&self, now: Instant, ended: bool, before: Option<&(&Watch, Outcome)>) -> Outcome {
        let Expectation { then, never, what, .. } = &self.expectation;
        if let (true, Some((first, outcome @ (Outcome::Open | Outcome::Failed(_))))) = (then, before) {
            return match outcome {
                Outcome::Failed(_) => Outcome::Failed(format!(
                    "`{what}` was not looked for, because it comes after `{}`, which has failed{}",
                    first.expectation.what,
                    self.missed
                        .as_ref()
                        .map(|seen| format!("; it happened at {}", seen.at))
                        .unwrap_or_default()
                )),
                _ => Outcome::Open,
            };
        }
        let (from, to) = self.window(before.and_then(|(first, _)| first.met())).unwrap_or_default();
        match (&self.hit, never) {
            (Some(seen), true) => {
                let more = match self.hits {
                    1 => String::new(),
                    2 => ", and once more".to_owned(),
                    n => format!(", and {} more times", n - 1),
                };
                Outcome::Failed(format!(
                    "`{what}` happened, which it must not{}: {seen}{more}",
                    self.condition(from)
                ))
            }
            (Some(seen), false) => Outcome::Met(seen.at),
            (None, true) => Outcome::Absent,
            (None, false) if now > to => {
                Outcome::Failed(format!("`{what}` did not happen{}{}", self.condition(from), self.instead()))
            }
            (None, false) if ended => {
                let until = match self.expectation.when {
                    _ if to == Instant::MAX => String::new(),
                    // Counted from what was observed, so it has the decimals of that.
                    When::Within(_) => format!(", which had until {to}"),
                    _ => format!(", which had until {}", given(to)),
                };
                let instead = self.instead();
                Outcome::Failed(format!(
                    "the run ended at {now}, before `{what}` had happened{until}{instead}"
                ))
            }
            (None, false) => Outcome::Open,
        }
    }

    /// The expectation's time as a part of a sentence.
    fn condition(&self, from: Instant) -> String {
        let after = if self.expectation.then { format!(" after {from}") } else { String::new() };
        match self.expectation.when {
            When::Anytime => after,
            When::By(end) => format!("{after} by {}", given(end)),
            When::Between(from, to) => format!("{after} between {} and {}", given(from), given(to)),
            When::Within(time) => format!(" within {time} of {from}"),
        }
    }

    /// What was seen when it was not what was expected.
    fn instead(&self) -> String {
        let Pattern { subject, kind, .. } = &self.expectation.what;
        match (&self.missed, self.others, &self.nearest) {
            (Some(seen), ..) => format!("; it happened at {}", seen.at),
            (None, 1, Some((_, seen))) => format!("; the only `{subject} {kind}` was {seen}"),
            (None, n, Some((_, seen))) => format!("; the nearest of {n} `{subject} {kind}` was {seen}"),
            (None, _, None) => format!("; there was no `{subject} {kind}` at all"),
        }
    }
}

/// A time that the scenario gives, for a sentence: `12 s`. What is observed has its decimals.
fn given(at: Instant) -> Duration {
    at.since(Instant::ZERO)
}

/// The pattern as the scenario writes it.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", super::console::Name(&self.subject), self.kind)?;
        for needle in &self.needles {
            match needle {
                Needle::Word(word) => write!(f, " {word}")?,
                Needle::Part(bytes) => write!(f, " {}", quoted(bytes))?,
            }
        }
        Ok(())
    }
}

/// One line for people: what has come of it, and the line.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Open => write!(f, "open: {}", self.text),
            Outcome::Met(at) => write!(f, "met at {at}: {}", self.text),
            Outcome::Absent => write!(f, "kept: {}", self.text),
            Outcome::Failed(why) => write!(f, "failed: {}: {why}", self.text),
        }
    }
}
