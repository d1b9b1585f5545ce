//! What happens because something else has happened: the rules of the timeline and of the console.
//!
//! Something is observed at an instant in one domain, a module or the network, and what it brings about may concern
//! every domain. Their clocks run apart by up to the lookahead, so the change takes effect a fixed time after its cause,
//! [`LATER`], which nobody can have passed when the cause is known. And it is looked at only when every clock has passed
//! its instant, in the order of time and domains, not of calls: how the drivers take turns changes nothing.

use super::agenda::{Due, Filed};
use super::console::{Cause, Change, Rule};
use super::expect::Pattern;
use super::{Error, LOOKAHEAD, Observation, World};
use crate::event::{Kind, Queue, Rank};
use crate::time::{Duration, Instant};

/// How long after its cause a change takes effect. More than the lookahead: when every clock has passed the cause, one
/// may stand a whole lookahead behind it, and an input may have been there.
pub const LATER: Duration = Duration::from_nanos(2 * LOOKAHEAD.as_nanos());

/// So many changes may bring each other about one after the other, each at once; what goes on would go on for ever.
const LONGEST_CHAIN: u32 = 100;

/// What waits until every clock has passed its instant.
enum News {
    /// From here on this rule listens to what happens in this domain.
    Listens(usize),
    /// Something was observed that this rule looks for.
    Observed {
        rule: usize,
        /// Which of its patterns it is.
        is: Vec<usize>,
        /// How many changes in a row have brought it about.
        chain: u32,
    },
    /// The time of this rule has come.
    Time(usize),
}

/// What has become of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It waits for its cause.
    Open,
    /// It has done what it had to.
    Done,
    /// It would have gone on for ever.
    GivenUp,
}

/// A rule on its way.
struct Watch {
    rule: Rule,
    /// What happens before does not count.
    since: Instant,
    /// The domains in which it listens.
    listens: Vec<Rank>,
    /// How many of its patterns have been seen, one after the other.
    seen: usize,
    /// How often its cause has come true, and when it was last.
    times: u64,
    last: Instant,
    state: State,
}

/// A change that has been brought about, and when it takes effect.
struct Effect {
    at: Instant,
    change: Change,
    chain: u32,
}

/// What comes of one piece of news.
enum Outcome {
    Nothing,
    Effect(Effect),
    /// The sentence says which rule was given up.
    GivenUp(String),
}

/// All rules, and what they have still to look at.
#[derive(Default)]
pub struct Causes {
    watches: Vec<Watch>,
    news: Queue<News>,
    /// How many changes in a row have brought about what happens in the present step.
    pub chain: u32,
}

/// A domain's place in the order: the network, then the modules.
fn rank(module: Option<usize>) -> Rank {
    module.map_or(0, |module| module as Rank + 1)
}

impl Causes {
    /// When the next news is.
    pub fn next(&self) -> Option<Instant> {
        self.news.peek().map(|key| key.time)
    }

    /// The earliest instant at which something may be brought about by what is known.
    pub fn earliest_effect(&self) -> Option<Instant> {
        self.next().map(|at| at + LATER)
    }

    /// From now on this rule listens in the domain of this module, or in the network.
    fn listens(&mut self, now: Instant, module: Option<usize>, rule: usize) {
        self.news.push(now, Kind::Timer, rank(module), News::Listens(rule));
    }

    /// Something was observed `now` in the domain of this module, or in the network.
    fn observe(&mut self, now: Instant, module: Option<usize>, observation: &Observation) {
        let (kind, mut text) = (observation.kind(), None);
        for (rule, watch) in self.watches.iter().enumerate() {
            let Cause::Observed { what, .. } = &watch.rule.cause else { continue };
            if watch.state != State::Open || now < watch.since {
                continue;
            }
            let mut is = Vec::new();
            for (index, pattern) in what.iter().enumerate() {
                if pattern.is_of(&observation.subject, kind)
                    && pattern.is_in(text.get_or_insert_with(|| observation.text()))
                {
                    is.push(index);
                }
            }
            if !is.is_empty() {
                let news = News::Observed { rule, is, chain: self.chain };
                self.news.push(now, Kind::Timer, rank(module), news);
            }
        }
    }

    /// Looks at the next news.
    fn step(&mut self) -> Outcome {
        let Some((key, news)) = self.news.pop() else { return Outcome::Nothing };
        let rule = match &news {
            News::Listens(rule) | News::Time(rule) | News::Observed { rule, .. } => *rule,
        };
        let Some(watch) = self.watches.get_mut(rule) else { return Outcome::Nothing };
        match news {
            News::Listens(_) => {
                watch.listens.push(key.node);
                Outcome::Nothing
            }
            News::Observed { is, chain, .. } if watch.listens.contains(&key.node) => {
                watch.observed(key.time, &is, chain)
            }
            News::Observed { .. } => Outcome::Nothing,
            News::Time(_) => {
                let effect = watch.time(key.time);
                if let Outcome::Effect(Effect { at, .. }) = &effect {
                    self.news.push(*at, Kind::Timer, rank(None), News::Time(rule));
                }
                effect
            }
        }
    }

    /// A line for each rule: what has come of it up to now.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.watches.iter().map(|watch| {
            let Watch { rule, times, last, seen, .. } = watch;
            let times = match times {
                0 => None,
                1 => Some(format!("once, at {last}")),
                n => Some(format!("{n} times, last at {last}")),
            };
            let seen = (*seen > 0).then(|| format!("{seen} seen"));
            let state = match watch.state {
                State::Open if times.is_some() => None,
                State::Open => Some("open"),
                State::Done => Some("done"),
                State::GivenUp => Some("given up"),
            };
            let parts = [state.map(str::to_owned), times, seen];
            format!("{}: {rule}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        })
    }
}

impl Watch {
    fn happened(&mut self, now: Instant) {
        self.times += 1;
        self.last = now;
    }

    /// One of these patterns was observed.
    fn observed(&mut self, now: Instant, is: &[usize], chain: u32) -> Outcome {
        let Cause::Observed { what, each, after } = &self.rule.cause else { return Outcome::Nothing };
        if self.state != State::Open || !is.contains(&self.seen) {
            return Outcome::Nothing;
        }
        self.seen += 1;
        if self.seen < what.len() {
            return Outcome::Nothing;
        }
        self.seen = 0;
        if !each {
            self.state = State::Done;
        }
        // Who says how long it is to take has said how often it may happen.
        let chain = if after.is_some() { 1 } else { chain + 1 };
        let at = now + after.unwrap_or(LATER);
        if chain > LONGEST_CHAIN {
            self.state = State::GivenUp;
            let rule = &self.rule;
            return Outcome::GivenUp(format!(
                "{now}: `{rule}` is given up: {LONGEST_CHAIN} changes in a row have brought each other about, each at once"
            ));
        }
        self.happened(now);
        Outcome::Effect(Effect { at, change: self.rule.change.clone(), chain })
    }

    /// One of its times has come: the next one.
    fn time(&mut self, now: Instant) -> Outcome {
        let Cause::Every { period, until, .. } = self.rule.cause else { return Outcome::Nothing };
        self.happened(now);
        let at = now + period;
        // At the end of time nothing comes next.
        if at == now || until.is_some_and(|until| at > until) {
            self.state = State::Done;
            return Outcome::Nothing;
        }
        Outcome::Effect(Effect { at, change: self.rule.change.clone(), chain: 1 })
    }
}

impl World {
    /// Files a rule, which holds from `at` on.
    ///
    /// # Errors
    /// A sentence when it has no time at all.
    pub(super) fn file_rule(&mut self, at: Instant, rule: &Rule) -> Result<(), Error> {
        let number = self.causes.watches.len();
        let first = match &rule.cause {
            Cause::Every { period, from, until } => {
                let first = from.unwrap_or(at + *period);
                if first < at {
                    return Err(Error::Console(format!(
                        "'{rule}' can't begin at {first}: a module has come to {at} already"
                    )));
                }
                if let Some(until) = until.filter(|until| *until < first) {
                    return Err(Error::Console(format!(
                        "'{rule}' comes to nothing: it would begin at {first}, and end at {until}"
                    )));
                }
                Some(first)
            }
            Cause::Observed { .. } => None,
        };
        self.causes.watches.push(Watch {
            rule: rule.clone(),
            since: at,
            listens: Vec::new(),
            seen: 0,
            times: 0,
            last: at,
            state: State::Open,
        });
        match &rule.cause {
            Cause::Every { .. } => {
                let at = first.unwrap_or(at);
                self.file(at, &rule.change, Some(1));
                self.causes.news.push(at, Kind::Timer, rank(None), News::Time(number));
            }
            Cause::Observed { what, .. } => {
                self.recorder.listen();
                let listens = Filed { at, due: Due::Listens(number), chain: None };
                self.changes.file(listens.clone());
                // What is observed of a module may arise in its own domain, or in the network: a change of its link.
                let module = |pattern: &Pattern| self.by_name.get(&pattern.subject).copied();
                let mut modules: Vec<usize> = what.iter().filter_map(module).collect();
                modules.sort_unstable();
                modules.dedup();
                for index in modules {
                    self.slots[index].changes.file(listens.clone());
                    self.file_next(index);
                }
            }
        }
        Ok(())
    }

    /// A rule begins to listen in the domain of this module, or in the network.
    pub(super) fn rule_listens(&mut self, now: Instant, module: Option<usize>, rule: usize) {
        self.causes.listens(now, module, rule);
    }

    /// What was observed in the present step, in the domain of this module, or in the network.
    pub(super) fn hear(&mut self, now: Instant, module: Option<usize>) {
        for observation in self.recorder.take_heard() {
            self.causes.observe(now, module, &observation);
        }
    }

    /// Something has come true, or may have.
    pub(super) fn cause_step(&mut self) {
        match self.causes.step() {
            Outcome::Nothing => {}
            Outcome::Effect(Effect { at, change, chain }) => self.file(at, &change, Some(chain)),
            Outcome::GivenUp(sentence) => self.warnings.push(sentence),
        }
    }
}
