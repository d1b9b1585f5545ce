//! `espat-sim check`: reads scenarios and says what is wrong with them.

use std::path::{Path, PathBuf};

use super::files;
use crate::edge::{FileError, NoScenario, SavedFiles, load_scenario};
use crate::world::{Recording, World};

/// Check scenario files. Prints what is wrong with each, with its place.
///
/// The exit code is 0 when all are right, 1 when one is wrong, 2 when one cannot be read.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// The largest of the codes of its files.
pub fn run(args: &CheckArgs) -> i32 {
    let one = |path: &PathBuf| match check(path) {
        Ok(()) => {
            say!("{}: ok", path.display());
            0
        }
        Err((code, sentence)) => {
            super::fail(&sentence);
            code
        }
    };
    args.files.iter().map(one).max().unwrap_or(0)
}

/// The exit code for a scenario that is not right, and why it is not.
fn check(path: &Path) -> Result<(), (i32, String)> {
    let mut scenario = load_scenario(Some(path)).map_err(|e| {
        let code = match e {
            NoScenario::Unreadable(_) => 2,
            NoScenario::Mistakes(_) => 1,
        };
        (code, e.to_string())
    })?;
    let of_file = |e: FileError| {
        let code = match e {
            FileError::Io(_) => 2,
            FileError::Wrong(_) => 1,
        };
        (code, e.to_string())
    };
    files::of_run((Some(path), &scenario), None, &[]).map_err(of_file)?;
    SavedFiles::read(&mut scenario).map_err(of_file)?;
    World::new(&scenario, None, Recording::default()).map(drop).map_err(|e| (1, e.to_string()))
}
