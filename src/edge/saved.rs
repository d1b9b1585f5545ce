//! The files in which modules keep their saved settings between runs.
//!
//! A scenario names them; here they are read before the world is made, and written whenever a module has saved
//! something. A file is written whole, beside the old one, and then takes its place: a run that is cut off leaves the
//! old contents or the new, never half of them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::world::scenario::SavedText;
use crate::world::{ModuleId, Scenario};

/// The files of one world's modules.
#[derive(Debug, Default)]
pub struct SavedFiles {
    /// By the place of the module.
    files: Vec<Option<PathBuf>>,
    failure: Option<String>,
}

impl SavedFiles {
    /// Reads the files that `scenario` names, and puts their texts into it. Paths count from the directory of the
    /// scenario's file. A file that is not there is that of a module fresh out of the box.
    ///
    /// # Errors
    /// A sentence about a file that can't be read.
    pub fn read(scenario: &mut Scenario) -> Result<SavedFiles, String> {
        let directory = Path::new(&scenario.name).parent().unwrap_or(Path::new("")).to_owned();
        let mut files = Vec::new();
        for module in &mut scenario.modules {
            let path = module.nvs.as_ref().map(|nvs| directory.join(nvs));
            if let Some(path) = &path {
                let name = path.display().to_string();
                let text = text_of(path).map_err(|e| format!("cannot read {name}: {e}"))?;
                module.saved = text.map(|text| SavedText { name, text });
            }
            files.push(path);
        }
        Ok(SavedFiles { files, failure: None })
    }

    /// Writes what modules have saved. The first failure comes back from [`SavedFiles::failure`].
    pub fn write(&mut self, contents: Vec<(ModuleId, String)>) {
        for (module, text) in contents {
            let Some(Some(path)) = self.files.get(module.index()) else { continue };
            if let Err(e) = replace(path, text.as_bytes()) {
                self.failure.get_or_insert_with(|| format!("cannot write {}: {e}", path.display()));
            }
        }
    }

    /// A sentence about what could not be written.
    pub fn failure(&self) -> Option<String> {
        self.failure.clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge reads files; the simulation gets their text")]
fn text_of(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Writes a file beside `path`, then lets it take its place.
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the edge writes files")]
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What is left of it helps nobody; the error is the first one.
        let _ = std::fs::remove_file(&beside);
    }
    written
}
