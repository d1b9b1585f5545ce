//! The first event in which a run that failed differs from every run that passed.
//!
//! Two seeds draw two interleavings, so events are not compared place by place, but counted: the first event of the failed
//! run that comes more often than in any run that passed is new. What every run that passed has, now more often, now less
//! (a poll, a part of a long answer), says nothing by its number.
//!
//! The firmware itself only follows from what happens to it: where the first new event is its own, a command or a line of
//! its console, then it has missed something, if every run that passed has an event of others that never came here. That
//! is also what sets a run apart that has nothing new and only stopped.

use std::collections::BTreeMap;

use super::events::{Events, Happened, kind};
use crate::time::Instant;

/// Most kinds of events that are counted. A run with which there would be more is not compared with.
const MOST_KINDS: usize = 100_000;

/// How often an event of one kind is in a run that passed.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    least: usize,
    most: usize,
}

/// What the runs that passed have.
#[derive(Default)]
pub struct Passed {
    counts: BTreeMap<String, Counts>,
    /// How many they are.
    runs: usize,
    /// The first of them, whose order counts.
    first: Option<(u64, Events)>,
}

/// What sets a run apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    which: Which,
    /// In the run that has it.
    at: Instant,
    text: String,
    /// How often it has come by then.
    times: usize,
    seed: u64,
    /// What the firmware has done for want of it, if that is new.
    instead: Option<Box<Difference>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    /// No run that passed has it.
    New,
    /// Every run that passed has it.
    Missing,
}

impl Passed {
    /// Counts a run that passed. False when there is no room.
    pub fn add(&mut self, seed: u64, events: Events) -> bool {
        let mut here = counted(&events.list);
        let new = here.keys().filter(|kind| !self.counts.contains_key(*kind)).count();
        if self.counts.len() + new > MOST_KINDS {
            return false;
        }
        for (kind, counts) in &mut self.counts {
            let n = here.remove(kind).unwrap_or(0);
            *counts = Counts { least: counts.least.min(n), most: counts.most.max(n) };
        }
        for (kind, n) in here {
            self.counts.insert(kind, Counts { least: if self.runs == 0 { n } else { 0 }, most: n });
        }
        self.runs += 1;
        self.first.get_or_insert((seed, events));
        true
    }

    /// True before the first run.
    pub fn is_empty(&self) -> bool {
        self.runs == 0
    }

    /// What sets the failed run of this seed apart from all of them.
    pub fn first_difference(&self, seed: u64, events: &Events) -> Option<Difference> {
        if self.is_empty() {
            return None;
        }
        let mut so_far: BTreeMap<String, usize> = BTreeMap::new();
        let (mut new, mut often) = (None, None);
        for event in &events.list {
            let kind = kind(&event.text);
            let counts = self.counts.get(&kind).copied().unwrap_or_default();
            let times = so_far.entry(kind).or_default();
            *times += 1;
            if *times <= counts.most {
                continue;
            }
            let varies = counts.least > 0 && counts.least < counts.most;
            let found = if varies { &mut often } else { &mut new };
            found.get_or_insert((event, *times));
            if new.is_some() {
                break;
            }
        }
        let new_here = |(event, times): (&Happened, usize)| Difference {
            which: Which::New,
            at: event.at,
            text: event.text.clone(),
            times,
            seed,
            instead: None,
        };
        if let Some((event, _)) = new
            && !event.own
        {
            return new.map(new_here);
        }
        let instead = || often.or(new).map(new_here).map(Box::new);
        let missing = |own| Some(Difference { instead: instead(), ..self.missing(events, own)? });
        missing(false).or_else(|| new.map(new_here)).or_else(|| missing(true)).or_else(|| often.map(new_here))
    }

    /// The first event, of the firmware's own or of others, that every run that passed has and this one has not.
    fn missing(&self, events: &Events, own: bool) -> Option<Difference> {
        let (seed, first) = self.first.as_ref().filter(|_| events.whole)?;
        let here = counted(&events.list);
        let mut so_far: BTreeMap<String, usize> = BTreeMap::new();
        for event in first.list.iter().filter(|event| event.own == own) {
            let kind = kind(&event.text);
            let (has, least) = (here.get(&kind), self.counts.get(&kind).map_or(0, |counts| counts.least));
            let times = so_far.entry(kind).or_default();
            *times += 1;
            if *times > has.copied().unwrap_or(0) && *times <= least {
                let (at, text) = (event.at, event.text.clone());
                let (times, seed) = (*times, *seed);
                return Some(Difference { which: Which::Missing, at, text, times, seed, instead: None });
            }
        }
        None
    }
}

impl Difference {
    /// Runs for which it is the same belong together.
    pub fn kind(&self) -> (bool, String) {
        (self.which == Which::New, kind(&self.text))
    }

    /// What sets them apart, in a line or two.
    pub fn lines(&self) -> String {
        let which = match self.which {
            Which::New => "first event that no run that passed has",
            Which::Missing => "first event of every run that passed that never came",
        };
        let instead = self.instead.as_ref().map(|event| format!("\ninstead: {}", event.place()));
        format!("{which}: {}{}", self.place(), instead.unwrap_or_default())
    }

    fn place(&self) -> String {
        let Difference { at, text, times, seed, .. } = self;
        let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
        format!("`{text}`{times}, with seed {seed} at {at}")
    }
}

fn counted(events: &[Happened]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for event in events {
        *counted.entry(kind(&event.text)).or_default() += 1;
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events one a line, a second apart; `>` before what is the firmware's own.
    fn events(text: &str) -> Events {
        let event = |(second, line): (usize, &str)| Happened {
            at: Instant::from_nanos(second as u64 * 1_000_000_000),
            own: line.starts_with('>'),
            text: line.to_owned(),
        };
        Events { list: text.split(' ').enumerate().map(event).collect(), whole: true }
    }

    fn passed(runs: &[&str]) -> Passed {
        let mut passed = Passed::default();
        for (seed, run) in runs.iter().enumerate() {
            assert!(passed.add(seed as u64, events(run)), "no room for {run}");
        }
        passed
    }

    /// What sets `failed`, which is seed 9, apart from `runs`, which are those from 0 on: the sentence, with whole seconds.
    fn apart(runs: &[&str], failed: &str) -> String {
        let difference = passed(runs).first_difference(9, &events(failed));
        difference.map_or("nothing".into(), |difference| {
            let sentence = difference.lines();
            sentence.replace(".000000 s", " s").strip_prefix("first event ").unwrap_or("?").to_owned()
        })
    }

    #[test]
    fn the_first_event_that_no_run_that_passed_has_sets_a_run_apart() {
        let runs = ["ready joined opened", "ready opened joined"];
        assert_eq!(
            apart(&runs, "ready joined lost reset"),
            "that no run that passed has: `lost`, with seed 9 at 2 s"
        );
        assert_eq!(
            apart(&runs, "joined opened ready joined"),
            "that no run that passed has: `joined` (2 times), with seed 9 at 3 s"
        );
        let order = "opened joined ready";
        assert_eq!(apart(&runs, order), "nothing", "another order is no difference");
    }

    #[test]
    fn a_run_that_only_stopped_lacks_what_comes_first_in_every_other() {
        let runs = ["ready joined rare opened closed", "ready opened joined closed"];
        let missing = "of every run that passed that never came: `joined`, with seed 0 at 1 s";
        assert_eq!(apart(&runs, "ready"), missing, "`rare` is not in every run");
        assert_eq!(apart(&["ok ok", "ok ok"], "ok"), missing.replace("`joined`", "`ok` (2 times)"));
        let mut cut = events("ready");
        cut.whole = false;
        assert_eq!(passed(&runs).first_difference(9, &cut), None, "what was not written may have come");
    }

    #[test]
    fn what_the_firmware_does_for_want_of_something_is_not_what_it_wanted() {
        let runs = ["ready >ask answer >end"];
        let missing = "of every run that passed that never came: `answer`, with seed 0 at 2 s";
        let instead = format!("{missing}\ninstead: `>FAIL`, with seed 9 at 2 s");
        assert_eq!(apart(&runs, "ready >ask >FAIL"), instead);
        assert_eq!(
            apart(&runs, "ready >ask answer >FAIL"),
            "that no run that passed has: `>FAIL`, with seed 9 at 3 s"
        );
        assert_eq!(
            apart(&runs, "ready >ask answer"),
            missing.replace("answer", ">end").replace("at 2 s", "at 3 s"),
            "the firmware stopped by itself"
        );
        assert_eq!(
            apart(&runs, "ready >ask lost >FAIL"),
            "that no run that passed has: `lost`, with seed 9 at 2 s"
        );
    }

    #[test]
    fn what_comes_now_more_often_now_less_says_nothing_by_its_number() {
        let runs = ["poll poll got", "poll got"];
        let missing = "of every run that passed that never came: `got`, with seed 0 at 2 s";
        let instead = format!("{missing}\ninstead: `poll` (3 times), with seed 9 at 2 s");
        assert_eq!(apart(&runs, "poll poll poll poll"), instead);
        assert_eq!(
            apart(&runs, "poll poll got poll"),
            "that no run that passed has: `poll` (3 times), with seed 9 at 3 s",
            "where there is nothing else, it is better than nothing"
        );
        // What some runs do not have at all is counted.
        let runs = ["ready lost end", "ready end"];
        let twice = "that no run that passed has: `lost` (2 times), with seed 9 at 2 s";
        assert_eq!(apart(&runs, "ready lost lost end"), twice);
    }

    #[test]
    fn numbers_make_no_kinds_of_their_own() {
        let passed = passed(&["link1"]);
        let kind = |text| passed.first_difference(9, &events(text)).expect("a difference").kind();
        assert_eq!(kind("link4 lost17"), kind("lost3 link2"));
        assert_ne!(kind("link4 lost17"), kind("link4 link5"), "that is the second link");
    }

    #[test]
    fn without_a_run_that_passed_nothing_sets_a_run_apart() {
        assert_eq!(Passed::default().first_difference(9, &events("ready")), None);
    }

    #[test]
    fn a_run_with_too_many_kinds_of_events_is_left_out_whole() {
        let mut passed = passed(&["ready"]);
        let at = Instant::ZERO;
        let name = |mut n: usize| {
            let mut name = String::from("x");
            while n > 0 {
                name.push(char::from(b'g' + (n % 16) as u8));
                n /= 16;
            }
            name
        };
        let list = (0..MOST_KINDS).map(|n| Happened { at, own: false, text: name(n) }).collect();
        assert!(!passed.add(1, Events { list, whole: true }), "more kinds than there is room for");
        assert_eq!((passed.counts.len(), passed.runs), (1, 1), "a part of it was counted");
        assert!(passed.add(2, events("ready lost")), "there is room for this one");
    }
}
