//! The scenario that a user names, or the built-in one: read here once for everybody at the edge.

use std::fmt;
use std::path::Path;

use crate::world::Scenario;
use crate::world::scenario::ScenarioError;

/// Why there is no scenario.
#[derive(Clone, Debug)]
pub enum NoScenario {
    /// The file can't be read; one sentence.
    Unreadable(String),
    /// It has mistakes.
    Mistakes(ScenarioError),
}

/// All of it: each mistake under its line.
impl fmt::Display for NoScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoScenario::Unreadable(why) => f.write_str(why),
            NoScenario::Mistakes(mistakes) => mistakes.fmt(f),
        }
    }
}

impl std::error::Error for NoScenario {}

impl NoScenario {
    /// The same in one line.
    pub fn line(&self) -> &str {
        match self {
            NoScenario::Unreadable(why) => why,
            NoScenario::Mistakes(mistakes) => &mistakes.message,
        }
    }
}

/// The scenario in `path`, or the built-in one.
///
/// # Errors
/// [`NoScenario`].
#[expect(clippy::disallowed_methods, reason = "the edge reads files; the simulation gets their text")]
pub fn load_scenario(path: Option<&Path>) -> Result<Scenario, NoScenario> {
    let Some(path) = path else {
        return Scenario::parse(Scenario::DEFAULT_NAME, Scenario::default_text())
            .map_err(NoScenario::Mistakes);
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|e| NoScenario::Unreadable(format!("cannot read {name}: {e}")))?;
    Scenario::parse(&name, &text).map_err(NoScenario::Mistakes)
}
