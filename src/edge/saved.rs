//! The files in which modules keep their saved settings between runs.
//!
//! A scenario names them; here they are read before the world is made, and written whenever a module has saved
//! something. A file is written whole, beside the old one, and then takes its place: a run that is cut off leaves the
//! old contents or the new, never half of them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::paths::behind_links;
use super::{FileError, Paths, read_bytes, read_text};
use crate::net::config::HttpAnswer;
use crate::world::scenario::{NamedFile, SavedText};
use crate::world::{ModuleId, Scenario};

/// The files of one world's modules.
#[derive(Debug, Default)]
pub struct SavedFiles {
    /// By the place of the module.
    files: Vec<Option<PathBuf>>,
    failure: Option<String>,
    /// The failure is still to be told as a warning.
    untold: bool,
}

impl SavedFiles {
    /// Names the files of `scenario` among those of a run.
    ///
    /// # Errors
    /// Two modules have one file, or it is one that the run uses for something else; it can't be written.
    pub fn name(scenario: &Scenario, paths: &mut Paths) -> Result<(), FileError> {
        for (what, path) in kept(scenario) {
            paths.write(&what, &path)?;
        }
        SavedFiles::name_read(scenario, paths)
    }

    /// The same, where several worlds run one after the other: they may have one file.
    ///
    /// # Errors
    /// As [`SavedFiles::name`]; that two modules of one world have one file is not noticed.
    pub fn name_of_one_of_several(scenario: &Scenario, paths: &mut Paths) -> Result<(), FileError> {
        for (what, path) in kept(scenario) {
            paths.keep(&what, &path)?;
        }
        SavedFiles::name_read(scenario, paths)
    }

    /// Names those of them that are only read: of certificates, keys and pages.
    ///
    /// # Errors
    /// One is a file that the run writes.
    pub fn name_read(scenario: &Scenario, paths: &mut Paths) -> Result<(), FileError> {
        let directory = Path::new(&scenario.name).parent().unwrap_or(Path::new(""));
        for file in scenario.named_files() {
            let what =
                if file.is_pem { "a certificate or key of the scenario" } else { "a page of the scenario" };
            paths.read(what, &directory.join(&file.path))?;
        }
        Ok(())
    }

    /// Reads the files that `scenario` names, those of certificates, keys and pages, too, and puts what is in them into it.
    /// Paths count from the directory of the scenario's file. Saved settings that are not there are those of a module fresh
    /// out of the box.
    ///
    /// # Errors
    /// Those of [`SavedFiles::name`]; a file can't be read, is no text where it must be one, or is too long.
    pub fn read(scenario: &mut Scenario) -> Result<SavedFiles, FileError> {
        SavedFiles::name(scenario, &mut Paths::default())?;
        let files: Vec<Option<PathBuf>> = named(scenario).into_iter().map(|(_, path)| path).collect();
        for (module, path) in scenario.modules.iter_mut().zip(&files) {
            let Some(path) = path else { continue };
            let name = path.display().to_string();
            if path.exists() {
                module.saved = Some(SavedText { name, text: read_text(path)? });
            }
        }
        read_named(scenario)?;
        Ok(SavedFiles { files, ..SavedFiles::default() })
    }

    /// The files of a world that was restored, which has what is in them already. They are not read, and written when a
    /// module saves something.
    ///
    /// # Errors
    /// Those of [`SavedFiles::name`].
    pub fn resume(scenario: &Scenario, paths: &mut Paths) -> Result<SavedFiles, FileError> {
        SavedFiles::name(scenario, paths)?;
        let files = named(scenario).into_iter().map(|(_, path)| path).collect();
        Ok(SavedFiles { files, ..SavedFiles::default() })
    }

    /// Writes what modules have saved. The first failure comes back from [`SavedFiles::failure`].
    pub fn write(&mut self, contents: Vec<(ModuleId, String)>) {
        for (module, text) in contents {
            let Some(Some(path)) = self.files.get(module.index()) else { continue };
            if let Err(e) = replace(path, text.as_bytes())
                && self.failure.is_none()
            {
                self.failure = Some(format!("cannot write {}: {e}", path.display()));
                self.untold = true;
            }
        }
    }

    /// A sentence about what could not be written.
    pub fn failure(&self) -> Option<String> {
        self.failure.clone()
    }

    /// The same, once, for those who want to hear of it at once.
    pub(super) fn news(&mut self) -> Option<String> {
        if std::mem::take(&mut self.untold) { self.failure() } else { None }
    }
}

/// Reads the files of certificates, keys and pages that `scenario` names, and puts what is in them into it. Paths count from
/// the directory of the scenario's file.
///
/// # Errors
/// One can't be read, is no text where it must be one, or is too long; with its place in the scenario.
pub fn read_named(scenario: &mut Scenario) -> Result<(), FileError> {
    let directory = Path::new(&scenario.name).parent().unwrap_or(Path::new("")).to_owned();
    for NamedFile { path, place, is_pem } in scenario.named_files() {
        let file = directory.join(&path);
        let content = match is_pem {
            true => read_text(&file).map(String::into_bytes),
            false => read_bytes(&file, HttpAnswer::LARGEST_BODY),
        };
        let place = format!("{}:{}:{}", scenario.name, place.line, place.column);
        let content = content.map_err(|why| match why {
            FileError::Io(why) => FileError::Io(format!("{place}: {why}")),
            FileError::Wrong(why) => FileError::Wrong(format!("{place}: {why}")),
        })?;
        scenario.supply(&path, content);
    }
    Ok(())
}

/// The modules of `scenario` with their files.
fn named(scenario: &Scenario) -> Vec<(String, Option<PathBuf>)> {
    let directory = Path::new(&scenario.name).parent().unwrap_or(Path::new(""));
    let modules = scenario.modules.iter();
    modules.map(|m| (m.name.clone(), m.nvs.as_ref().map(|nvs| directory.join(nvs)))).collect()
}

/// The files of the modules of `scenario`, with what each is for.
fn kept(scenario: &Scenario) -> impl Iterator<Item = (String, PathBuf)> {
    let files = named(scenario).into_iter();
    files.filter_map(|(name, path)| Some((format!("`nvs` of module '{name}'"), path?)))
}

/// Files that this process has written beside others: two worlds may save at the same time.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Writes a file beside `path`, then lets it take its place. A symbolic link stays one, and a device what it is.
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the edge writes files")]
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let Some(path) = behind_links(path) else { return std::fs::write(path, bytes) };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}.new", std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed)));
    let beside = path.with_file_name(name);
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, &path));
    if written.is_err() {
        // What is left of it helps nobody; the error is the first one.
        let _ = std::fs::remove_file(&beside);
    }
    written
}
