//! Files that the commands read, and the sinks that they write to.

use std::path::Path;

use crate::edge::Sink;
use crate::world::Scenario;

/// The scenario in `path`, or the built-in one. The error is ready to be shown.
#[expect(clippy::disallowed_methods, reason = "the command line reads files; the simulation gets their text")]
pub fn scenario(path: Option<&Path>) -> Result<Scenario, String> {
    let Some(path) = path else {
        return Scenario::parse("the built-in scenario", Scenario::default_text()).map_err(|e| e.to_string());
    };
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Scenario::parse(&path.display().to_string(), &text).map_err(|e| e.to_string())
}

/// The text of `path`.
#[expect(clippy::disallowed_methods, reason = "the command line reads files; the simulation gets their text")]
pub fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

/// A sink for `path`, if there is one.
pub fn sink(path: Option<&Path>) -> Result<Option<Sink>, String> {
    path.map(|p| Sink::create(p).map_err(|e| format!("cannot write {}: {e}", p.display()))).transpose()
}
