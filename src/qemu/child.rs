//! QEMU as a child process: what `espat-sim qemu` needs of the operating system beyond the standard library.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicI32, Ordering};

/// Lets child processes inherit a descriptor, under the same number. Returns the number.
///
/// # Errors
/// What the system says.
pub fn make_inheritable(descriptor: BorrowedFd<'_>) -> io::Result<i32> {
    let fd = descriptor.as_raw_fd();
    // SAFETY: sets the flags of an open descriptor.
    if unsafe { libc::fcntl(fd, libc::F_SETFD, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(fd)
}

/// No child yet; a signal that arrives waits in [`PENDING`].
const NONE: i32 = 0;
static CHILD: AtomicI32 = AtomicI32::new(NONE);
static PENDING: AtomicI32 = AtomicI32::new(0);
static FORWARDED: AtomicI32 = AtomicI32::new(0);

/// The signals by which users end a run.
const ENDING: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

extern "C" fn forward(signal: i32) {
    match CHILD.load(Ordering::SeqCst) {
        NONE => PENDING.store(signal, Ordering::SeqCst),
        // SAFETY: kill may be called in a signal handler. The child has not been waited for, so the number is its.
        pid => unsafe {
            FORWARDED.store(signal, Ordering::SeqCst);
            libc::kill(pid, signal);
        },
    }
}

/// Starts `command`; from now on the signals by which users end a run go to it, so that it can end in order.
/// Meant for one child in the life of the process.
///
/// # Errors
/// The command could not be started.
pub fn spawn_and_forward(command: &mut Command) -> io::Result<Child> {
    for signal in ENDING {
        // SAFETY: the handler does only what is allowed in one. A signal that was ignored (nohup) stays so.
        unsafe {
            if libc::signal(signal, forward as *const () as libc::sighandler_t) == libc::SIG_IGN {
                libc::signal(signal, libc::SIG_IGN);
            }
        }
    }
    let child = command.spawn().inspect_err(|_| {
        for signal in ENDING {
            // SAFETY: sets the default action.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    })?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    CHILD.store(pid, Ordering::SeqCst);
    let pending = PENDING.swap(0, Ordering::SeqCst);
    if pending != 0 {
        forward(pending);
    }
    Ok(child)
}

/// The signal that was passed on to the child last, if any.
pub fn forwarded() -> Option<i32> {
    Some(FORWARDED.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
}
