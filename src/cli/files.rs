//! Files that the commands read, and the sinks that they write to.

use std::path::{Path, PathBuf};

use super::options::CaptureArgs;
use crate::edge::events::EventFile;
use crate::edge::{CaptureSink, FileError, Paths, SavedFiles, Sink, load_scenario, read_text};
use crate::world::Scenario;

/// The scenario in `path`, or the built-in one. The error is ready to be shown.
pub fn scenario(path: Option<&Path>) -> Result<Scenario, String> {
    load_scenario(path).map_err(|e| e.to_string())
}

/// The text of `path`. The error is ready to be shown.
pub fn text(path: &Path) -> Result<String, String> {
    Ok(read_text(path)?)
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

/// The files of a run: what it reads of `scenario`, and what it writes: the capture, and the others option by option. The
/// error is ready to be shown.
pub fn of_run(
    scenario: (Option<&Path>, &Scenario),
    capture: Option<&Path>,
    written: &[(&str, Option<&Path>)],
) -> Result<Paths, FileError> {
    let mut paths = Paths::default();
    let (path, scenario) = scenario;
    if let Some(path) = path {
        paths.read("the scenario", path)?;
    }
    SavedFiles::name(scenario, &mut paths)?;
    if let Some(path) = capture {
        paths.capture("--capture", path)?;
    }
    for (option, path) in written {
        if let Some(path) = path {
            paths.write(option, path)?;
        }
    }
    Ok(paths)
}

/// A sink for `path`, if there is one.
pub fn sink(path: Option<&Path>) -> Result<Option<Sink>, String> {
    path.map(|path| Sink::create_patiently(path, tell)).transpose().map_err(|e| e.to_string())
}

/// The file of events at `path`, if there is one.
pub fn events(path: Option<&Path>) -> Result<Option<EventFile>, String> {
    Ok(sink(path)?.map(EventFile::new))
}

/// A sink for the capture at `path`, if there is one. With `-` the standard output is the capture's from here on, and what
/// else would go there goes to the standard error stream.
pub fn capture(path: Option<&Path>, args: &CaptureArgs) -> Result<Option<CaptureSink>, String> {
    let Some(path) = path else { return Ok(None) };
    if CaptureSink::is_standard_output(path) {
        super::output::give_away();
    }
    CaptureSink::create_patiently(path, args.form(), tell).map(Some).map_err(|e| e.to_string())
}

fn tell(sentence: &str) {
    eprintln!("espat-sim: {sentence}");
}

/// Writes a whole file. The error is ready to be shown.
pub fn write(path: &Path, content: Vec<u8>) -> Result<(), String> {
    let mut sink = Sink::create(path).map_err(|e| e.to_string())?;
    sink.write(content).map_err(|e| e.to_string())?;
    sink.finish().map_err(|e| e.to_string())
}
