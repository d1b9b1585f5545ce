//! The standard output: lines of the commands, unless a capture has it.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

/// `println!` for a reader that may have left: `espat-sim run … | head` goes on to its end without a word.
macro_rules! say {
    ($($argument:tt)*) => {
        $crate::cli::output::write_line(format_args!($($argument)*))
    };
}

/// The standard output is a capture's.
static IS_GIVEN_AWAY: AtomicBool = AtomicBool::new(false);

/// Nothing is written to it any more, because of this.
static CLOSED: Mutex<Option<ErrorKind>> = Mutex::new(None);

/// From here on the standard output is for a capture alone.
pub fn give_away() {
    IS_GIVEN_AWAY.store(true, Ordering::Relaxed);
}

/// Whether the standard output is for a capture alone.
pub fn is_given_away() -> bool {
    IS_GIVEN_AWAY.load(Ordering::Relaxed)
}

/// Writes a line to the standard output, or to the standard error stream where a capture has that. When it can't be written
/// no more is: the run goes on, and its files become whole.
pub fn write_line(line: Arguments<'_>) {
    if is_given_away() {
        // The run and its exit code matter more than what is said about it.
        let _ = writeln!(io::stderr(), "{line}");
    } else {
        write(|stdout| writeln!(stdout, "{line}"));
    }
}

/// Writes bytes to the standard output, as they are.
pub fn write_all(bytes: &[u8]) {
    write(|stdout| stdout.write_all(bytes));
}

fn write(lines: impl FnOnce(&mut io::Stdout) -> io::Result<()>) {
    let mut closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    if closed.is_none() {
        let mut stdout = io::stdout();
        *closed = lines(&mut stdout).and_then(|()| stdout.flush()).err().map(|e| e.kind());
    }
}

/// Why something could not be written, for who ends the command. A reader that has gone away is no reason: what a command
/// has found out is its own.
pub fn failure() -> Option<String> {
    let closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    let kind = closed.filter(|kind| *kind != ErrorKind::BrokenPipe)?;
    Some(format!("cannot write the standard output: {kind}"))
}
