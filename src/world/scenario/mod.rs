//! The scenario: a TOML file with the world at its start and a timeline.

/// A parsed scenario.
pub struct Scenario {}

/// What is wrong with a scenario, with its place.
#[derive(Clone, Debug)]
pub struct ScenarioError {
    /// One sentence with file, line, column and what was expected.
    pub message: String,
}

impl Scenario {
    /// Parses the TOML `text` of a file called `name` (for messages).
    pub fn parse(_name: &str, _text: &str) -> Result<Scenario, ScenarioError> {
        todo!()
    }

    /// The built-in scenario: one module, one access point, two hosts.
    pub fn default_text() -> &'static str {
        todo!()
    }
}
