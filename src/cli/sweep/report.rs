//! What came of the runs of a sweep: a line for each, failures in groups, JUnit.
//!
//! A group has one sentence and one first difference from the runs that passed, numbers aside.

use std::collections::BTreeMap;
use std::io;
use std::process::Output;

use quick_junit::TestSuite;

use super::super::expect;
use super::difference::{Difference, Passed};
use super::events::Events;
use crate::explore::without_numbers;

/// Most seeds of a group that are listed.
const LISTED: usize = 20;
/// Most lines of a failed run's output that JUnit keeps: the last ones.
const KEPT: usize = 200;
/// Most events of failed runs that are kept. With more, the first runs are compared and the others not.
const MOST_EVENTS: usize = 500_000;

/// One run.
pub struct Run {
    pub seed: u64,
    /// The command that repeats it.
    pub again: String,
    /// The digest that it has printed; empty without one, as `run` has none.
    pub digest: String,
    /// Why it has failed.
    pub failure: Option<String>,
    /// What it has printed, when it has failed.
    output: Vec<String>,
    /// What has happened in it.
    events: Option<Events>,
    could_run: bool,
}

impl Run {
    pub fn new(seed: u64, again: String, output: io::Result<Output>, events: Option<Events>) -> Run {
        let (code, lines) = match output {
            Ok(output) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
                let [mut lines, err]: [Vec<String>; 2] = [text(&output.stdout), text(&output.stderr)];
                lines.extend(err);
                (output.status.code(), lines)
            }
            Err(e) => (Some(2), vec![format!("espat-sim: cannot start this program: {e}")]),
        };
        let digest = lines.iter().rev().find_map(|line| digest(line)).unwrap_or_default().to_owned();
        // QEMU's code is the firmware's, so 2 alone says nothing where a run has come to its end.
        let could_run = code != Some(2) || !digest.is_empty();
        let failure = (code != Some(0)).then(|| reason(code, &lines));
        let output = if failure.is_some() { lines } else { Vec::new() };
        Run { seed, again, digest, failure, output, events, could_run }
    }

    /// An error with its sentence when the command could not be carried out at all, whatever the seed.
    pub fn could_run(&self) -> Result<(), String> {
        if self.could_run {
            return Ok(());
        }
        Err(format!("{}\n{}", self.again, self.output.join("\n")))
    }
}

/// The digest in a line such as `espat-sim: digest ec63ae7c6eac985b`.
fn digest(line: &str) -> Option<&str> {
    let (before, digest) = line.rsplit_once("digest ")?;
    let right = digest.len() == 16 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    (right && (before.is_empty() || before == "espat-sim: ")).then_some(digest)
}

/// What `espat-sim qemu` says in every run.
const EVERY_RUN: [&str; 9] = [
    "the module is on",
    "virtual time",
    "exit code",
    "capture ",
    "input log ",
    "key log ",
    "digest ",
    "to run it again",
    "warning",
];

/// Why a run has failed: the first sentence that says so.
fn reason(code: Option<i32>, lines: &[String]) -> String {
    let mut after_fail = lines.iter().skip_while(|line| !line.contains("FAIL"));
    if let Some(fail) = after_fail.next() {
        // A transcript's reason is in the line below, indented.
        let below = after_fail.next().filter(|below| fail.starts_with("FAIL ") && below.starts_with("  "));
        return below.unwrap_or(fail).trim().to_owned();
    }
    let said = lines.iter().filter_map(|line| line.strip_prefix("espat-sim: "));
    let mut said = said.filter(|sentence| !EVERY_RUN.iter().any(|begin| sentence.starts_with(begin)));
    match (said.next(), code) {
        (Some(sentence), _) => sentence.to_owned(),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "ended by a signal".to_owned(),
    }
}

/// All runs so far.
#[derive(Default)]
pub struct Report {
    runs: Vec<Run>,
    failed: usize,
    passed: Passed,
    /// How many events of failed runs are kept.
    kept: usize,
    /// How many runs have left no events, or more than there was room for.
    not_compared: usize,
}

/// Failures that belong together.
pub struct Group<'r> {
    runs: Vec<(&'r Run, Option<Difference>)>,
}

impl Report {
    /// Adds a run and prints its line.
    pub fn add(&mut self, run: Run) {
        let seed = format!("seed {} {}", run.seed, run.digest);
        let seed = seed.trim_end(); // there may be no digest
        match &run.failure {
            None => say!("pass {seed}"),
            Some(why) => {
                say!("FAIL {seed}");
                say!("  {why}");
                say!("  to run it again: {}", run.again);
            }
        }
        self.file(run);
    }

    fn file(&mut self, mut run: Run) {
        self.failed += usize::from(run.failure.is_some());
        let compared = match (run.events.take(), &run.failure) {
            (None, _) => false,
            (Some(events), None) => self.passed.add(run.seed, events),
            (Some(events), Some(_)) => {
                let kept = self.kept + events.list.len();
                let room = kept <= MOST_EVENTS;
                if room {
                    self.kept = kept;
                    run.events = Some(events);
                }
                room
            }
        };
        self.not_compared += usize::from(!compared);
        self.runs.push(run);
    }

    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    pub fn failed(&self) -> usize {
        self.failed
    }

    /// The failures, kind by kind, the most frequent first.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: BTreeMap<(String, Option<(bool, String)>), Group<'_>> = BTreeMap::new();
        for run in &self.runs {
            let Some(why) = &run.failure else { continue };
            let events = run.events.as_ref();
            let difference = events.and_then(|events| self.passed.first_difference(run.seed, events));
            let kind = (without_numbers(why), difference.as_ref().map(Difference::kind));
            let group = groups.entry(kind).or_insert_with(|| Group { runs: Vec::new() });
            group.runs.push((run, difference));
        }
        let mut groups: Vec<Group<'_>> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.runs.len()));
        groups
    }

    /// Prints the groups and how many runs there are.
    pub fn summary(&self, groups: &[Group<'_>]) {
        for Group { runs } in groups {
            let Some((first, difference)) = runs.first() else { continue };
            say!("{} failed with: {}", runs.len(), first.failure.as_deref().unwrap_or_default());
            let lines = difference.as_ref().map(Difference::lines).unwrap_or_default();
            for line in lines.lines() {
                say!("  {line}");
            }
            let listed: Vec<String> = runs.iter().take(LISTED).map(|(run, _)| run.seed.to_string()).collect();
            let more = if runs.len() > LISTED { " ..." } else { "" };
            say!("  seeds {}{more}", listed.join(", "));
        }
        if self.failed > 0 && self.passed.is_empty() {
            say!("no run passed to compare with: the groups are those of the sentences alone");
        } else if self.failed > 0 && self.not_compared > 0 {
            say!("{} runs were not compared: they told no events, or too many", self.not_compared);
        }
        say!("{} passed, {} failed", self.runs.len() - self.failed, self.failed);
    }

    /// A test case for each seed.
    pub fn suite(&self, groups: &[Group<'_>]) -> TestSuite {
        let differences: BTreeMap<u64, &Difference> = groups
            .iter()
            .flat_map(|group| &group.runs)
            .filter_map(|(run, difference)| Some((run.seed, difference.as_ref()?)))
            .collect();
        let mut suite = TestSuite::new("sweep");
        for run in &self.runs {
            let failure = run.failure.as_ref().map(|why| {
                let last = &run.output[run.output.len().saturating_sub(KEPT)..];
                let difference = differences.get(&run.seed).map(|d| format!("{}\n", d.lines()));
                format!("{why}\n{}{}", difference.unwrap_or_default(), last.join("\n"))
            });
            let mut case = expect::case(&format!("seed {}", run.seed), failure.as_deref(), &run.again);
            case.set_classname("espat-sim.sweep");
            suite.add_test_case(case);
        }
        suite
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::Happened;
    use super::*;
    use crate::time::Instant;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_reason_is_the_first_sentence_that_says_so() {
        for (text, why) in [
            ("FAIL a.at (1.2 s virtual)\n  a.at:7: expected OK\n  to run it again: x", "a.at:7: expected OK"),
            ("ready\nFAIL: no answer\nvirtual time 3 s", "FAIL: no answer"),
            ("     5.6         | FAIL: link 0\nespat-sim: exit code 1", "5.6         | FAIL: link 0"),
            (
                "espat-sim: virtual time 3 s\nespat-sim: lab.toml:3: it did not happen",
                "lab.toml:3: it did not happen",
            ),
            ("espat-sim: digest 0123456789abcdef", "exit code 124"),
        ] {
            assert_eq!(reason(Some(124), &lines(text)), why, "{text}");
        }
        assert_eq!(reason(None, &[]), "ended by a signal");
    }

    /// A run with so many events of one kind.
    fn run(seed: u64, failure: Option<&str>, events: usize) -> Run {
        let event = Happened { at: Instant::ZERO, own: false, text: "wifi reply ready".into() };
        let events = Events { list: vec![event; events], whole: true };
        let failure = failure.map(str::to_owned);
        let (again, digest, output) = (String::new(), String::new(), Vec::new());
        Run { seed, again, digest, failure, output, events: Some(events), could_run: true }
    }

    #[test]
    fn a_failed_run_for_whose_events_there_is_no_room_is_grouped_by_its_sentence() {
        let mut report = Report::default();
        report.file(run(1, None, 1));
        report.file(run(2, Some("at 2 s: lost"), 2));
        report.file(run(3, Some("at 3 s: lost"), MOST_EVENTS));
        report.file(run(4, Some("at 4 s: lost"), 0));
        report.file(run(5, Some("at 5 s: lost"), 3));
        let groups = report.groups();
        let seeds = |group: &Group<'_>| group.runs.iter().map(|(run, _)| run.seed).collect::<Vec<u64>>();
        assert_eq!(groups.iter().map(seeds).collect::<Vec<_>>(), [vec![2, 5], vec![3], vec![4]]);
        assert_eq!((report.kept, report.not_compared), (5, 1), "seed 3 alone is too long");
    }

    #[test]
    fn failures_that_differ_in_numbers_alone_are_of_one_kind() {
        assert_eq!(without_numbers("at 3.21 s: link 0"), without_numbers("at 14.5 s: link 1"));
        assert_ne!(without_numbers("link 0 open"), without_numbers("link 0 closed"));
    }

    #[test]
    fn a_digest_is_found_where_the_commands_print_it() {
        assert_eq!(digest("digest 0123456789abcdef"), Some("0123456789abcdef"));
        assert_eq!(digest("espat-sim: digest 0123456789abcdef"), Some("0123456789abcdef"));
        assert_eq!(digest("  2.1 | my digest 0123456789abcdef"), None);
        assert_eq!(digest("digest 0123"), None);
    }
}
