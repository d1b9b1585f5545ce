//! A pseudo-terminal: what a terminal program or pyserial opens like any serial port.
//!
//! The slave is the port. It is open only while a terminal has it: that is how a terminal's coming and going is
//! seen, as the hang-up state of the master. While nobody is there the port is put back in order: raw, empty.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendError, Sender, bounded};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{FlushArg, SetArg, cfmakeraw, tcflush, tcgetattr, tcsetattr};

use super::{CHUNK, Clock, Event, Outlet, WAITING};

/// How often it is looked whether a terminal has come (wall time).
const LOOK: Duration = Duration::from_millis(20);

/// A pseudo-terminal.
#[derive(Debug)]
pub struct Pty {
    master: Arc<OwnedFd>,
    path: PathBuf,
}

impl Pty {
    /// Makes one, in raw mode.
    ///
    /// # Errors
    /// One sentence that says why not.
    pub fn open() -> Result<Pty, String> {
        let failed = |e: Errno| format!("cannot make a pseudo-terminal: {e}");
        let pair = nix::pty::openpty(None, None).map_err(failed)?;
        let path = nix::unistd::ttyname(&pair.slave).map_err(failed)?;
        put_in_order(&pair.slave).map_err(failed)?;
        Ok(Pty { master: Arc::new(pair.master), path })
    }

    /// The port that a terminal opens, such as `/dev/pts/7`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts the thread that serves one terminal after the other, as long as the events are taken.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn serve(&self, clock: Clock) -> io::Result<Receiver<Event>> {
        let (events, taken) = bounded(WAITING);
        let (master, path) = (Arc::clone(&self.master), self.path.clone());
        Builder::new().name("espat-serve-read".into()).spawn(move || {
            // The error is that nobody takes events any more.
            let _ = attend(&master, &path, clock, &events);
        })?;
        Ok(taken)
    }
}

/// Raw mode, and nothing left of what an earlier terminal has not read.
fn put_in_order(slave: impl AsFd) -> nix::Result<()> {
    tcflush(&slave, FlushArg::TCIOFLUSH)?;
    let mut settings = tcgetattr(&slave)?;
    cfmakeraw(&mut settings);
    tcsetattr(&slave, SetArg::TCSANOW, &settings)
}

fn attend(
    master: &Arc<OwnedFd>,
    path: &Path,
    clock: Clock,
    events: &Sender<Event>,
) -> Result<(), SendError<Event>> {
    loop {
        if let Err(e) = wait_for_terminal(master) {
            return events.send(Event::Failed(format!("{} can't be watched any more: {e}", path.display())));
        }
        let Ok(outlet) = Outlet::new(Master(Arc::clone(master)), || ()) else { continue };
        events.send(Event::Opened { peer: "a terminal".to_owned(), outlet })?;
        let mut buffer = [0; CHUNK];
        loop {
            match nix::unistd::read(master, &mut buffer) {
                Ok(count) if count > 0 => {
                    events.send(Event::Bytes { at: clock.now(), bytes: buffer[..count].to_vec() })?;
                }
                Err(Errno::EINTR) => {}
                // Linux says EIO when the last one has closed the slave, others that it is the end.
                Ok(_) | Err(_) => break,
            }
        }
        events.send(Event::Closed)?;
        // Best effort: a terminal sets what it wants, too.
        if let Ok(slave) = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(path) {
            let _ = put_in_order(&slave);
        }
    }
}

/// Waits until a terminal has the slave open, or has already left something to read.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge waits in wall time; the system has no event for this"
)]
fn wait_for_terminal(master: &OwnedFd) -> nix::Result<()> {
    loop {
        let mut ask = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ask, PollTimeout::ZERO) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(e),
        }
        let found = ask[0].revents().unwrap_or(PollFlags::empty());
        if found.contains(PollFlags::POLLIN) || !found.contains(PollFlags::POLLHUP) {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}

/// Writes into the master.
struct Master(Arc<OwnedFd>);

impl Write for Master {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(&self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
