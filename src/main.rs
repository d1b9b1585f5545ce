//! The command `espat-sim`. Everything is in [`espat_sim::cli`].

fn main() -> std::process::ExitCode {
    espat_sim::cli::main()
}
