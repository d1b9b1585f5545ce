//! Mistakes in a transcript: collected while it is read, then shown with the line they are in.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::world::scenario::ScenarioError;

/// Most mistakes that are shown; more are only counted.
const MOST_SHOWN: usize = 20;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file that it is in.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What was expected and what was found, in one sentence.
    pub message: String,
    report: String,
}

/// What is wrong with a transcript, never empty. Displayed, it shows each mistake with its line and a mark under
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Problem>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().take(MOST_SHOWN).enumerate() {
            write!(f, "{}{}", if i > 0 { "\n" } else { "" }, problem.report)?;
        }
        match self.0.len() {
            n if n > MOST_SHOWN => write!(f, "\n{} more mistakes are not shown", n - MOST_SHOWN),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Mistakes {}

impl Problem {
    /// A mistake at this range of bytes of a file.
    pub(super) fn new(file: &str, text: &str, span: Range<usize>, message: String) -> Problem {
        let last = text.trim_end_matches(['\r', '\n']).len();
        let start = text.floor_char_boundary(span.start.min(last));
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let end = text.floor_char_boundary(span.end).clamp(start, line_end);
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let source = Snippet::source(text).path(file).annotation(AnnotationKind::Primary.span(start..end));
        let report = [Level::ERROR.primary_title(message.as_str()).element(source)];
        let report = format!("{}\n", Renderer::plain().render(&report));
        Problem {
            file: file.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            message,
            report,
        }
    }

    /// What is wrong with the scenario of a transcript.
    pub(super) fn scenario(file: &str, error: &ScenarioError) -> Problem {
        let (line, column) = error.problems.first().map_or((1, 1), |p| (p.place.line, p.place.column));
        let (message, report) = (error.message.clone(), error.to_string());
        Problem { file: file.to_owned(), line, column, message, report }
    }
}
