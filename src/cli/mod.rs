//! The command line.

#[macro_use]
mod output;

mod ca;
mod check;
mod commands;
mod demo;
mod depart;
pub mod dialogue;
mod expect;
mod explore;
mod files;
mod host;
mod markdown;
mod options;
mod progress;
#[cfg(unix)]
mod qemu;
mod replay;
mod report;
mod run;
mod serve;
mod shell;
mod shrink;
mod specification;
mod sweep;
mod trace;
#[cfg(unix)]
mod world;

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::Parser;

use crate::ffi::ESPAT_ABI_VERSION;
use crate::profile::PROFILES;

/// An ESP-AT Wi-Fi module as a deterministic simulation model.
#[derive(Debug, Parser)]
#[command(name = "espat-sim", version, long_version = long_version(), max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    #[cfg(unix)]
    Qemu(Box<qemu::QemuArgs>),
    #[cfg(unix)]
    World(world::WorldArgs),
    Run(run::RunArgs),
    Sweep(sweep::SweepArgs),
    Explore(explore::ExploreArgs),
    Shrink(shrink::ShrinkArgs),
    Serve(serve::ServeArgs),
    Replay(replay::ReplayArgs),
    Report(report::ReportArgs),
    Commands(commands::CommandsArgs),
    Check(check::CheckArgs),
    Ca(ca::CaArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

#[expect(clippy::disallowed_methods, reason = "the command is its own host")]
/// Runs the command. 0: it worked. 1: what was tested failed. 2: it could not be done.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|e| match options::renamed(&e) {
        Some(sentence) => std::process::exit(fail(&sentence)),
        None => e.exit(),
    });
    let code = match cli.command {
        Command::Demo(args) => demo::run(&args),
        #[cfg(unix)]
        Command::Qemu(args) => qemu::run(*args),
        #[cfg(unix)]
        Command::World(args) => world::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Sweep(args) => sweep::run(&args),
        Command::Explore(args) => explore::run(&args),
        Command::Shrink(args) => shrink::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Replay(args) => replay::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Commands(args) => commands::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Ca(args) => ca::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    };
    let code = output::failure().map_or(code, |sentence| fail(&sentence));
    ExitCode::from(u8::try_from(code).unwrap_or(2))
}

/// What `--version` says: besides the version what a bug report should have. `-V` is the version alone.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let profiles: Vec<&str> = PROFILES.iter().map(|p| p.name).collect();
        let tls = if cfg!(feature = "tls") { "with" } else { "without" };
        let version = env!("CARGO_PKG_VERSION");
        format!("{version}\nABI {ESPAT_ABI_VERSION}, {tls} TLS\nprofiles: {}", profiles.join(", "))
    });
    &TEXT
}

/// A seed.
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number from 0 to 18446744073709551615".to_owned())
}

/// How many of something that there must be.
fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a whole number, at least 1".to_owned())
}

/// Prints one sentence about what went wrong, and gives the exit code for it.
fn fail(sentence: &str) -> i32 {
    eprintln!("espat-sim: {sentence}");
    2
}
