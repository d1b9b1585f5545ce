//! `espat-sim check`: reads scenarios and says what is wrong with them.

use std::path::PathBuf;

use super::files;
use crate::edge::SavedFiles;
use crate::world::{Recording, World};

/// Check scenario files. Prints what is wrong with each, with its place.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// 0 when all are right, 2 otherwise.
pub fn run(args: &CheckArgs) -> i32 {
    let mut code = 0;
    for path in &args.files {
        let built = files::scenario(Some(path)).and_then(|mut scenario| {
            SavedFiles::read(&mut scenario)?;
            World::new(&scenario, None, Recording::default()).map_err(|e| e.to_string()).map(|_| ())
        });
        match built {
            Ok(()) => say!("{}: ok", path.display()),
            Err(sentence) => code = super::fail(&sentence),
        }
    }
    code
}
