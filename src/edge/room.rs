//! A thread with room: making a world takes more stack than the threads of emulators and of ports of small operating
//! systems have.

use std::io;
use std::thread::{Builder, scope};

/// Bytes of stack, a multiple of what was ever needed.
const STACK: usize = 4 << 20;

/// Runs `f` on a thread of its own and waits for it. A panic of it goes on here.
///
/// # Errors
/// The system has no thread left.
pub fn with_room<R: Send>(f: impl FnOnce() -> R + Send) -> io::Result<R> {
    scope(|threads| {
        let thread = Builder::new().name("espat-room".into()).stack_size(STACK).spawn_scoped(threads, f)?;
        match thread.join() {
            Ok(result) => Ok(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
