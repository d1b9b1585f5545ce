//! What came of a scenario's expectations: as lines for people, and as JUnit XML.

use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::files;
use crate::time::Instant;
use crate::world::{Outcome, Verdict};

/// The failures of a run, a sentence each: `lab.toml:3: ...`.
pub fn failures<'v>(scenario: &'v str, verdicts: &'v [Verdict]) -> impl Iterator<Item = String> + 'v {
    verdicts.iter().filter_map(move |verdict| match &verdict.outcome {
        Outcome::Failed(why) => Some(format!("{scenario}:{}: {why}", verdict.line)),
        Outcome::Open | Outcome::Met(_) | Outcome::Absent => None,
    })
}

/// A test case for each expectation. `again`: the command that repeats the run.
pub fn add_cases(suite: &mut TestSuite, scenario: &str, verdicts: &[Verdict], again: &str) {
    for verdict in verdicts {
        let one = std::slice::from_ref(verdict);
        let mut case = case(&verdict.text, failures(scenario, one).next().as_deref(), again);
        case.set_classname(scenario);
        case.extra.insert("file".into(), scenario.into());
        case.extra.insert("line".into(), verdict.line.to_string().into());
        if let Outcome::Met(at) = verdict.outcome {
            case.set_time(virtual_time(at));
        }
        suite.add_test_case(case);
    }
}

/// A test case that passes, or fails with this report.
pub fn case(name: &str, failure: Option<&str>, again: &str) -> TestCase {
    let Some(report) = failure else { return TestCase::new(name, TestCaseStatus::success()) };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let summary = report.lines().next().unwrap_or_default();
    status.set_message(summary).set_description(format!("{}\nto run it again: {again}\n", report.trim_end()));
    TestCase::new(name, status)
}

/// Writes a suite as the report of `command`.
pub fn write_junit(path: &Path, command: &str, suite: TestSuite) -> Result<(), String> {
    let mut report = Report::new(command);
    report.add_test_suite(suite);
    let xml = report.to_string().map_err(|e| format!("cannot make {}: {e}", path.display()))?;
    files::write(path, xml.into_bytes())
}

/// A virtual time where JUnit wants a duration.
pub fn virtual_time(at: Instant) -> std::time::Duration {
    std::time::Duration::from_nanos(at.as_nanos())
}

/// A word of a command line, for a POSIX shell.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@%=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
