//! The scenario that a user names, or the built-in one: read here once for everybody at the edge.

use std::fmt;
use std::path::Path;

use super::{FileError, read_text};
use crate::world::Scenario;
use crate::world::scenario::ScenarioError;

/// Why there is no scenario.
#[derive(Clone, Debug)]
pub enum NoScenario {
    /// The file can't be read, or is no text.
    Unreadable(FileError),
    /// It has mistakes.
    Mistakes(ScenarioError),
}

/// All of it: each mistake under its line.
impl fmt::Display for NoScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoScenario::Unreadable(why) => why.fmt(f),
            NoScenario::Mistakes(mistakes) => mistakes.fmt(f),
        }
    }
}

impl std::error::Error for NoScenario {}

impl NoScenario {
    /// The same in one line.
    pub fn line(&self) -> &str {
        match self {
            NoScenario::Unreadable(FileError::Io(why) | FileError::Wrong(why)) => why,
            NoScenario::Mistakes(mistakes) => &mistakes.message,
        }
    }
}

/// The scenario in `path`, or the built-in one.
///
/// # Errors
/// [`NoScenario`].
pub fn load_scenario(path: Option<&Path>) -> Result<Scenario, NoScenario> {
    let Some(path) = path else {
        return Scenario::parse(Scenario::DEFAULT_NAME, Scenario::default_text())
            .map_err(NoScenario::Mistakes);
    };
    let name = path.display().to_string();
    let text = read_text(path).map_err(NoScenario::Unreadable)?;
    Scenario::parse(&name, &text).map_err(NoScenario::Mistakes)
}
