//! Why a transcript failed, as people want to read it.

use std::fmt;

use super::text;
use super::{Place, Window};
use crate::time::{Duration, Instant};

/// Why a transcript failed. Displayed, it shows what was expected, what came, and the lines before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line that was not fulfilled.
    pub place: Place,
    /// When that was certain.
    pub at: Instant,
    /// What went wrong.
    pub reason: Reason,
    /// The last lines before, with their times, as a transcript writes them.
    pub before: Vec<(Instant, String)>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Other bytes came.
    Differs {
        /// What was expected, as a transcript writes it.
        expected: String,
        /// What came.
        came: Vec<u8>,
        /// The first byte of it that is wrong.
        at: usize,
    },
    /// Not all of it came in time.
    Missing {
        /// What was expected, as a transcript writes it.
        expected: String,
        /// What came.
        came: Vec<u8>,
        /// How long it had.
        limit: Duration,
    },
    /// It came too early or too late.
    Untimely {
        /// What was expected, as a transcript writes it.
        expected: String,
        /// When its first start bit began, from the host's last action.
        after: Duration,
        /// When it should have.
        window: Window,
    },
    /// Something came where nothing should have.
    Unexpected {
        /// What the transcript says: `silent 1 s`, or its end.
        expected: String,
        /// What came.
        came: Vec<u8>,
    },
    /// The step could not be carried out.
    Refused(String),
}

impl Failure {
    /// In one line, without the place.
    pub fn summary(&self) -> String {
        match &self.reason {
            Reason::Differs { expected, came, .. } => {
                format!("expected {expected}, got {}", text::escape(came))
            }
            Reason::Missing { expected, limit, .. } => format!("expected {expected}, not within {limit}"),
            Reason::Untimely { expected, after, window } => {
                format!("{expected} came {after} after the host's last action, not {}", show_window(*window))
            }
            Reason::Unexpected { expected, came } => format!("{expected}: got {}", text::escape(came)),
            Reason::Refused(why) => why.clone(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, at) = (&self.place, self.at);
        match &self.reason {
            Reason::Differs { expected, came, at: wrong } => {
                writeln!(f, "{place}: expected")?;
                writeln!(f, "    {expected}")?;
                writeln!(f, "but at {at} came")?;
                show_bytes(f, came, Some(*wrong))?;
            }
            Reason::Missing { expected, came, limit } => {
                writeln!(f, "{place}: expected within {limit}")?;
                writeln!(f, "    {expected}")?;
                if came.is_empty() {
                    writeln!(f, "but by {at} nothing came")?;
                } else {
                    writeln!(f, "but by {at} only this came")?;
                    show_bytes(f, came, None)?;
                }
            }
            Reason::Untimely { expected, after, window } => {
                writeln!(f, "{place}: expected {} after the host's last action", show_window(*window))?;
                writeln!(f, "    {expected}")?;
                writeln!(f, "but its first start bit began {after} after it, at {at}")?;
            }
            Reason::Unexpected { expected, came } => {
                writeln!(f, "{place}: {expected}")?;
                writeln!(f, "but by {at} came")?;
                show_bytes(f, came, None)?;
            }
            Reason::Refused(why) => writeln!(f, "{place}: at {at}: {why}")?,
        }
        if !self.before.is_empty() {
            writeln!(f, "before that")?;
            for (at, line) in &self.before {
                writeln!(f, "    {:>14}  {}", at.to_string(), cut(line))?;
            }
        }
        Ok(())
    }
}

/// Most bytes of what came that are shown.
const MOST_SHOWN: usize = 400;
/// Most characters of a line that are shown.
const WIDEST: usize = 160;

/// `20 ms`, `19 ms to 21 ms`, `19 ms or more`.
fn show_window(window: Window) -> String {
    match window.to {
        None => format!("{} or more", window.from),
        Some(to) if to == window.from => format!("{to}"),
        Some(to) => format!("{} to {to}", window.from),
    }
}

/// The bytes as lines, with a mark under the wrong one.
fn show_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8], wrong: Option<usize>) -> fmt::Result {
    let shown = &bytes[..bytes.len().min(MOST_SHOWN.max(wrong.map_or(0, |at| at + 1)))];
    let mut start = 0;
    for (line, length) in text::lines('<', shown) {
        let end = start + length;
        writeln!(f, "    {}", if wrong.is_some() { line.clone() } else { cut(&line) })?;
        if let Some(at) = wrong.filter(|at| (start..end).contains(at)) {
            // The marker is `< ` or `<| `; a wrong line end is marked behind the text.
            let marker = if shown[..end].ends_with(b"\r\n") { 2 } else { 3 };
            let column = marker + text::escape(&bytes[start..at]).chars().count().min(line.chars().count());
            writeln!(f, "    {:column$}^ differs from here on", "")?;
        }
        start = end;
    }
    if shown.len() < bytes.len() {
        writeln!(f, "    and {} bytes more", bytes.len() - shown.len())?;
    }
    Ok(())
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(WIDEST) {
        None => line.to_owned(),
        Some((end, _)) => format!("{} ... ({} characters)", &line[..end], line.chars().count()),
    }
}
