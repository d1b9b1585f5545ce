//! A pseudo-terminal: what a terminal program or pyserial opens like any serial port.
//!
//! The slave is the port. It is open only while a terminal has it: that is how a terminal's coming and going is
//! seen, as the hang-up state of the master. While nobody is there the port is put back in order: raw, empty, and at a
//! rate that no module has, so that one which a program sets can be told from none. The kernel keeps the rate for
//! whoever asks, and nothing else: its pseudo-terminals have eight bits and no parity whatever they are told.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendError, Sender, bounded};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

use super::{CHUNK, Clock, Event, Outlet, Rate, WAITING};

/// How often it is looked whether a terminal has come (wall time).
const LOOK: Duration = Duration::from_millis(20);

/// The rate that the port has as long as nobody sets one: lower than any that a module can have.
const UNSET: u32 = 50;

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
        let make = || {
            let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
            grantpt(&master)?;
            unlockpt(&master)?;
            let path = PathBuf::from(OsString::from_vec(ptsname(&master, Vec::new())?.into_bytes()));
            put_in_order(&path)?;
            Ok(Pty { master: Arc::new(master), path })
        };
        make().map_err(|e: io::Error| format!("cannot make a pseudo-terminal: {e}"))
    }

    /// The port that a terminal opens, such as `/dev/pts/7`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts the thread that serves one terminal after the other, as long as the events are taken. `any_rate`: what a
    /// terminal sets does not count.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn serve(&self, clock: Clock, any_rate: bool) -> io::Result<Receiver<Event>> {
        let (events, taken) = bounded(WAITING);
        let (master, path) = (Arc::clone(&self.master), self.path.clone());
        Builder::new().name("espat-serve-read".into()).spawn(move || {
            // The error is that nobody takes events any more.
            let _ = attend(&master, &path, clock, any_rate, &events);
        })?;
        Ok(taken)
    }
}

/// Raw mode, no rate, and nothing left of what an earlier terminal has not read.
fn put_in_order(path: &Path) -> io::Result<()> {
    let slave = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(path)?;
    tcflush(&slave, QueueSelector::IOFlush)?;
    let mut settings = tcgetattr(&slave)?;
    settings.make_raw();
    settings.set_speed(UNSET)?;
    Ok(tcsetattr(&slave, OptionalActions::Now, &settings)?)
}

fn attend(
    master: &Arc<OwnedFd>,
    path: &Path,
    clock: Clock,
    any_rate: bool,
    events: &Sender<Event>,
) -> Result<(), SendError<Event>> {
    loop {
        if let Err(e) = wait_for_terminal(master) {
            return events.send(Event::Failed(format!("{} can't be watched any more: {e}", path.display())));
        }
        let outlet = match Outlet::new(Master(Arc::clone(master)), || ()) {
            Ok(outlet) => outlet,
            Err(e) => return events.send(Event::Failed(format!("cannot start a thread: {e}"))),
        };
        let rate = (!any_rate).then(|| Box::new(Master(Arc::clone(master))) as Box<dyn Rate>);
        events.send(Event::Opened { peer: "a terminal".to_owned(), outlet, rate })?;
        let mut buffer = [0; CHUNK];
        loop {
            match rustix::io::read(master, &mut buffer) {
                Ok(count) if count > 0 => {
                    events.send(Event::Bytes { at: clock.now(), bytes: buffer[..count].to_vec() })?;
                }
                Err(Errno::INTR) => {}
                // Linux says EIO when the last one has closed the slave, others that it is the end.
                Ok(_) | Err(_) => break,
            }
        }
        events.send(Event::Closed)?;
        // Best effort: a terminal sets what it wants, too.
        let _ = put_in_order(path);
    }
}

/// Waits until a terminal has the slave open, or has already left something to read.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge waits in wall time; the system has no event for this"
)]
fn wait_for_terminal(master: &OwnedFd) -> io::Result<()> {
    loop {
        let mut ask = [PollFd::new(master, PollFlags::IN)];
        match poll(&mut ask, Some(&Timespec::default())) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let found = ask[0].revents();
        if found.contains(PollFlags::IN) || !found.contains(PollFlags::HUP) {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}

/// The master, as what writes into it and what is asked for the port's settings.
#[derive(Debug)]
struct Master(Arc<OwnedFd>);

impl Write for Master {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Rate for Master {
    fn baud(&self) -> Option<u32> {
        tcgetattr(&self.0).map(|settings| settings.output_speed()).ok().filter(|baud| *baud != UNSET)
    }
}
