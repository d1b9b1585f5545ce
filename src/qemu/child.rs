//! QEMU as a child process: what `espat-sim qemu` needs of the operating system beyond the standard library.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};

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
/// The child has ended; what is left is to say so, and to close the records.
const ENDED: i32 = -1;
/// How long that may take before a signal ends this process, milliseconds of wall time.
const LAST_WORDS_MS: i64 = 5000;
static CHILD: AtomicI32 = AtomicI32::new(NONE);
static PENDING: AtomicI32 = AtomicI32::new(0);
static FORWARDED: AtomicI32 = AtomicI32::new(0);
/// When the first of them was passed on, milliseconds on the system's clock.
static FIRST: AtomicI64 = AtomicI64::new(0);
/// When the child had ended, milliseconds on the system's clock.
static END: AtomicI64 = AtomicI64::new(0);

/// The signals by which users end a run.
const ENDING: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Signals so soon after the first (wall time) are the same wish: `timeout` sends to the process and to its group.
const SAME_WISH_MS: i64 = 250;

fn milliseconds() -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills in the structure; allowed in a signal handler.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    #[allow(clippy::useless_conversion, reason = "32 bits on some systems")]
    let (seconds, nanoseconds) = (i64::from(now.tv_sec), i64::from(now.tv_nsec));
    seconds * 1000 + nanoseconds / 1_000_000
}

extern "C" fn forward(signal: i32) {
    let pid = CHILD.load(Ordering::SeqCst);
    if pid == NONE {
        PENDING.store(signal, Ordering::SeqCst);
        return;
    }
    let now = milliseconds();
    if pid == ENDED {
        if now - END.load(Ordering::SeqCst) > LAST_WORDS_MS {
            // SAFETY: may be called in a signal handler.
            unsafe { libc::_exit(128 + signal) };
        }
        return;
    }
    let first = FORWARDED.swap(signal, Ordering::SeqCst) == 0;
    if first {
        FIRST.store(now, Ordering::SeqCst);
    }
    let patience_is_over = !first && now - FIRST.load(Ordering::SeqCst) > SAME_WISH_MS;
    // SAFETY: kill may be called in a signal handler. The child has not been reaped, so the number is its: `wait` takes it out
    // of `CHILD` before.
    unsafe { libc::kill(pid, if patience_is_over { libc::SIGKILL } else { signal }) };
}

/// Starts `command`; from now on, and until [`wait`] has seen its end, the signals by which users end a run go to it, so that
/// it can end in order. When they ask again, it ends at once. When this process ends without a word (SIGKILL), the child is killed by the system, on
/// Linux. Meant for one child in the life of the process, from its main thread.
///
/// # Errors
/// The command could not be started.
pub fn spawn_and_forward(command: &mut Command) -> io::Result<Child> {
    let before = ENDING.map(|signal| {
        // SAFETY: the handler does only what is allowed in one. A signal that was ignored (nohup) stays so.
        unsafe {
            let before = libc::signal(signal, forward as *const () as libc::sighandler_t);
            if before == libc::SIG_IGN {
                libc::signal(signal, libc::SIG_IGN);
            }
            // The system refuses none of these; if it did, the default would be right.
            if before == libc::SIG_ERR { libc::SIG_DFL } else { before }
        }
    });
    #[cfg(target_os = "linux")]
    {
        let parent = std::process::id();
        let die_with_it = move || {
            // SAFETY: two system calls, both allowed between fork and exec.
            let still_there = unsafe {
                if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                    return Err(io::Error::last_os_error());
                }
                u32::try_from(libc::getppid()) == Ok(parent)
            };
            // Otherwise it ended before it could be said.
            if still_there { Ok(()) } else { Err(io::Error::from(io::ErrorKind::Interrupted)) }
        };
        // SAFETY: the closure allocates nothing and takes no lock.
        unsafe { std::os::unix::process::CommandExt::pre_exec(command, die_with_it) };
    }
    let child = command.spawn().inspect_err(|_| {
        for (signal, handler) in ENDING.into_iter().zip(before) {
            // SAFETY: sets what the system returned for this signal.
            unsafe { libc::signal(signal, handler) };
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

/// Waits for the child of [`spawn_and_forward`] to end. From then on signals go nowhere, before the system may give the
/// child's number to another one: this process is about to end by itself. One that comes when that takes too long ends it.
///
/// # Errors
/// What the system says.
pub fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    // SAFETY: the structure is plain data, and the system fills it in.
    let looked = unsafe {
        let mut facts: libc::siginfo_t = std::mem::zeroed();
        loop {
            let looked = libc::waitid(libc::P_PID, child.id(), &mut facts, libc::WEXITED | libc::WNOWAIT);
            if looked == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                break looked;
            }
        }
    };
    let error = io::Error::last_os_error();
    END.store(milliseconds(), Ordering::SeqCst);
    CHILD.store(ENDED, Ordering::SeqCst);
    if looked == 0 { child.wait() } else { Err(error) }
}

/// The signal that was passed on to the child last, if any.
pub fn forwarded() -> Option<i32> {
    Some(FORWARDED.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
}
