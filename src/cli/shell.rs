//! `espat-sim completions` and `espat-sim man`: what shells and `man` know of the command, made from the command line itself.

use std::path::PathBuf;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

/// Print the completions for a shell: which words may follow, and what they are for.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell to print them for.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Write the manual pages, one for each command.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The directory to write them to; it is made if it is not there. Pages of that name are written over.
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
}

/// Prints them.
pub fn completions(args: &CompletionsArgs) -> i32 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "espat-sim", &mut script);
    super::output::write_all(&script);
    0
}

/// Writes them.
#[expect(clippy::disallowed_methods, reason = "the command is its own host")]
pub fn man(args: &ManArgs) -> i32 {
    let write = || -> Result<(), String> {
        let directory = &args.directory;
        std::fs::create_dir_all(directory)
            .map_err(|e| format!("cannot make {}: {e}", directory.display()))?;
        for page in pages() {
            let mut text = Vec::new();
            let path = directory.join(page.get_filename());
            page.render(&mut text)
                .and_then(|()| std::fs::write(&path, text))
                .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        }
        Ok(())
    };
    match write() {
        Ok(()) => 0,
        Err(sentence) => super::fail(&sentence),
    }
}

/// The page of the command, and one for each of its commands.
fn pages() -> Vec<clap_mangen::Man> {
    let mut whole = super::Cli::command();
    whole.build();
    let version = format!("espat-sim {}", whole.get_version().unwrap_or_default());
    // A command of the command has no version of its own. An empty date would not be written, and what follows be taken
    // for it.
    let of = |command: &Command| {
        clap_mangen::Man::new(command.clone()).date(" ").source(&version).manual("espat-sim")
    };
    let parts = whole.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set());
    std::iter::once(of(&whole)).chain(parts.map(of)).collect()
}
