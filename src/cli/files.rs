//! Files that the commands read, and the sinks that they write to.

use std::path::{Path, PathBuf};

use crate::edge::{Sink, load_scenario};
use crate::world::Scenario;

/// The scenario in `path`, or the built-in one. The error is ready to be shown.
pub fn scenario(path: Option<&Path>) -> Result<Scenario, String> {
    load_scenario(path).map_err(|e| e.to_string())
}

/// The text of `path`.
#[expect(clippy::disallowed_methods, reason = "the command line reads files; the simulation gets their text")]
pub fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

/// The files in `directory` whose names end in `.extension`, by name.
pub fn in_directory(directory: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let unreadable = |e: std::io::Error| format!("cannot read {}: {e}", directory.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == extension) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A sink for `path`, if there is one.
pub fn sink(path: Option<&Path>) -> Result<Option<Sink>, String> {
    path.map(|p| Sink::create(p).map_err(|e| format!("cannot write {}: {e}", p.display()))).transpose()
}
