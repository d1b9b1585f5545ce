//! The files of a run: none serves two purposes, and what can't be written is noticed before the run.
//!
//! Two names can be one file (`x` and `./x`, a symbolic link, a hard link), so files are compared by what the system
//! says they are. A device such as `/dev/null` may be named as often as anybody likes.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::CaptureSink;

/// Why files can't be used as they are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// One can't be read or written, a sentence.
    Io(String),
    /// One is named for two purposes, or says what it must not say; a sentence.
    Wrong(String),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Io(why) | FileError::Wrong(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for FileError {}

impl From<FileError> for String {
    fn from(error: FileError) -> String {
        error.to_string()
    }
}

/// What a file is, whatever it is called.
#[derive(PartialEq, Eq)]
struct Identity {
    /// Its path without detours; of a file that is not there yet, that of its directory with the name.
    path: PathBuf,
    /// The system's number for it, where there is one.
    number: Option<(u64, u64)>,
}

struct Named {
    what: String,
    path: PathBuf,
    identity: Identity,
    purpose: Purpose,
}

/// What a run does with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Written,
    /// Read and written, by one world after the other.
    Kept,
}

/// The files that a run has named so far.
#[derive(Default)]
pub struct Paths(Vec<Named>);

impl Paths {
    /// The run reads `path`; `what` it is for, such as `the scenario`.
    ///
    /// # Errors
    /// The run writes it, too.
    pub fn read(&mut self, what: &str, path: &Path) -> Result<(), FileError> {
        self.name(what, path, Purpose::Read)
    }

    /// The run writes `path`; `what` it is for, such as `--capture`.
    ///
    /// # Errors
    /// The run reads or writes it for another purpose, it is a directory, or its directory does not exist.
    pub fn write(&mut self, what: &str, path: &Path) -> Result<(), FileError> {
        self.write_as(what, path, Purpose::Written)
    }

    /// The run's worlds, one after the other, read and write `path`; `what` it is for. It may be named so several times.
    ///
    /// # Errors
    /// As [`Paths::write`].
    pub fn keep(&mut self, what: &str, path: &Path) -> Result<(), FileError> {
        self.write_as(what, path, Purpose::Kept)
    }

    fn write_as(&mut self, what: &str, path: &Path, purpose: Purpose) -> Result<(), FileError> {
        let shown = path.display();
        let cannot = |why: &str| FileError::Io(format!("cannot write {shown} ({what}): {why}"));
        if path.is_dir() {
            return Err(cannot("it is a directory"));
        }
        if path.file_name().is_none() {
            return Err(cannot("this is no name of a file"));
        }
        let directory = directory(path);
        if !directory.is_dir() {
            return Err(cannot(&format!("there is no directory {}", directory.display())));
        }
        self.name(what, path, purpose)
    }

    /// The run writes its capture to `path`, as [`Paths::write`] has it; `-` is the standard output and no file.
    ///
    /// # Errors
    /// As [`Paths::write`].
    pub fn capture(&mut self, what: &str, path: &Path) -> Result<(), FileError> {
        if CaptureSink::is_standard_output(path) { Ok(()) } else { self.write(what, path) }
    }

    fn name(&mut self, what: &str, path: &Path, purpose: Purpose) -> Result<(), FileError> {
        // What can't be looked at fails with the system's own word when it is opened.
        let Some(identity) = identity(path, 0) else { return Ok(()) };
        let same = |other: &&Named| {
            (purpose == Purpose::Written || other.purpose != purpose)
                && (other.identity.path == identity.path
                    || (identity.number.is_some() && other.identity.number == identity.number))
        };
        if let Some(other) = self.0.iter().find(same) {
            let shown = |what: &str, path: &Path| format!("{what} ({})", path.display());
            return Err(FileError::Wrong(format!(
                "{} and {} are the same file",
                shown(&other.what, &other.path),
                shown(what, path)
            )));
        }
        self.0.push(Named { what: what.to_owned(), path: path.to_owned(), identity, purpose });
        Ok(())
    }
}

/// Where the content of `path` is: behind symbolic links, also of one whose file is not there yet. `None` for a device.
pub(super) fn behind_links(path: &Path) -> Option<PathBuf> {
    identity(path, 0).map(|identity| identity.path)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// `None` for a device, and for what can't be looked at.
fn identity(path: &Path, links: u32) -> Option<Identity> {
    match path.canonicalize() {
        Ok(real) => {
            let facts = real.metadata().ok();
            if facts.as_ref().is_some_and(is_device) {
                return None;
            }
            Some(Identity { number: facts.as_ref().and_then(number), path: real })
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound && links < 40 => {
            // A link to a file that is yet to be made.
            if let Ok(to) = path.read_link() {
                return identity(&directory(path).join(to), links + 1);
            }
            let directory = directory(path).canonicalize().ok()?;
            Some(Identity { path: directory.join(path.file_name()?), number: None })
        }
        Err(_) => None,
    }
}

#[cfg(unix)]
fn is_device(facts: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_char_device(&facts.file_type())
}

#[cfg(unix)]
fn number(facts: &std::fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((facts.dev(), facts.ino()))
}

#[cfg(not(unix))]
#[expect(clippy::disallowed_types, reason = "the edge looks at files")]
fn is_device(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
#[expect(clippy::disallowed_types, reason = "the edge looks at files")]
fn number(_: &std::fs::Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "the tests make files")]
mod tests {
    use super::*;

    /// A directory with the file `old`, the link `link` to it and `hard`, another name of it, and `ahead`, a link to a
    /// file that is not there.
    fn directory(test: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("espat-paths-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("below")).unwrap();
        std::fs::write(path.join("old"), "x").unwrap();
        std::fs::hard_link(path.join("old"), path.join("hard")).unwrap();
        std::os::unix::fs::symlink("old", path.join("link")).unwrap();
        std::os::unix::fs::symlink("new", path.join("ahead")).unwrap();
        path
    }

    #[test]
    fn one_file_under_two_names_is_refused_unless_both_only_read_it() {
        let here = directory("twice");
        for (one, other, same) in [
            ("old", "old", true),
            ("old", "./old", true),
            ("old", "below/../old", true),
            ("old", "link", true),
            ("old", "hard", true),
            ("new", "./new", true),
            ("new", "ahead", true),
            ("new", "newer", false),
            ("old", "below/old", false),
        ] {
            let [one, other] = [one, other].map(|name| here.join(name));
            let mut paths = Paths::default();
            paths.write("--capture", &one).unwrap();
            let second = paths.write("--input-log", &other);
            assert_eq!(second.is_err(), same, "{} and {}: {second:?}", one.display(), other.display());
            let mut paths = Paths::default();
            paths.read("the log", &one).unwrap();
            assert_eq!(paths.write("--capture", &other).is_err(), same, "{} read", one.display());
            let mut paths = Paths::default();
            paths.read("the log", &one).unwrap();
            assert_eq!(paths.read("the scenario", &other), Ok(()), "reading twice harms nobody");
        }
        let mut paths = Paths::default();
        paths.write("--capture", Path::new("/dev/null")).unwrap();
        paths.write("--input-log", Path::new("/dev/null")).unwrap();
        std::fs::remove_dir_all(&here).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_said_before_anything_is() {
        let here = directory("where");
        for (name, why) in [("nowhere/x", "there is no directory"), ("below", "it is a directory")] {
            let refused = Paths::default().write("--report", &here.join(name)).unwrap_err();
            let FileError::Io(sentence) = &refused else { panic!("{refused:?}") };
            assert!(sentence.contains(why) && sentence.contains("--report"), "{sentence}");
        }
        std::fs::remove_dir_all(&here).unwrap();
    }
}
