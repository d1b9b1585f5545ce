//! Mistakes in a scenario: collected while it is read, then shown with the line they are in.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::world::spelling::printable;

/// Most mistakes that an error shows; more are only counted.
const MOST_SHOWN: usize = 20;

/// A place in a scenario's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What was expected and what was found, in one sentence.
    pub message: String,
}

/// What is wrong with a scenario. Displayed, it shows the mistakes, each with its line and a mark under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The first mistake in one line: `lab.toml:4:9: ...`, and how many more there are.
    pub message: String,
    /// The mistakes in the order of the text, at most 20, never empty.
    pub problems: Vec<Problem>,
    report: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}
impl std::error::Error for ScenarioError {}

/// The mistakes found so far in one text.
pub(super) struct Problems<'a> {
    text: &'a str,
    /// Where each line starts: a long text has many places.
    lines: Vec<usize>,
    list: Vec<(Range<usize>, String)>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Problems { text, lines, list: Vec::new() }
    }

    /// Notes a mistake at this range of bytes.
    pub(super) fn add(&mut self, span: Range<usize>, message: impl Into<String>) {
        // What is missing at the end is shown behind the last line, not on an empty one after it.
        let last = self.text.trim_end_matches(['\r', '\n']).len();
        self.list.push((span.start.min(last)..span.end.min(last), printable(&message.into())));
    }

    /// The line of a byte of the text, for messages that name a second place.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.place(offset).line
    }

    /// The place of the byte at `offset` of the text; its end when the offset lies beyond.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        Place { line, column: self.text[start..offset].chars().count() + 1 }
    }

    /// Everything noted so far, as the error for the file called `name`; `Ok` when there is nothing.
    pub(super) fn check(&mut self, name: &str) -> Result<(), ScenarioError> {
        self.list.sort_by_key(|(span, _)| (span.start, span.end));
        let total = self.list.len();
        self.list.truncate(MOST_SHOWN);
        let text = self.text;
        let problems: Vec<Problem> = self
            .list
            .iter()
            .map(|(span, message)| Problem { place: self.place(span.start), message: message.clone() })
            .collect();
        let Some(Problem { place: Place { line, column }, message: first }) = problems.first() else {
            return Ok(());
        };
        let mut message = format!("{name}:{line}:{column}: {first}");
        match total - 1 {
            0 => {}
            1 => message.push_str(" (and 1 more mistake)"),
            n => message.push_str(&format!(" (and {n} more mistakes)")),
        }
        let mut report: Vec<String> = self.list.iter().map(|p| show(name, text, p)).collect();
        if total > MOST_SHOWN {
            report.push(format!("{} more mistakes are not shown\n", total - MOST_SHOWN));
        }
        let report = report.join("\n");
        Err(ScenarioError { message, problems, report })
    }
}

/// One mistake with its line, as compilers show it.
fn show(name: &str, text: &str, (span, message): &(Range<usize>, String)) -> String {
    let start = text.floor_char_boundary(span.start);
    // The mark stays within the line: a table's range may cover many.
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let end = text.floor_char_boundary(span.end).clamp(start, line_end);
    let source = Snippet::source(text).path(name).annotation(AnnotationKind::Primary.span(start..end));
    let report = [Level::ERROR.primary_title(message.as_str()).element(source)];
    format!("{}\n", Renderer::plain().render(&report))
}
