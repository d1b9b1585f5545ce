//! The runs of a sweep that go on: a signal that ends the sweep ends them, so no process outlives it.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The processes that go on.
#[derive(Clone, Default)]
pub struct Running {
    ended: Arc<AtomicBool>,
    processes: Arc<Mutex<BTreeSet<u32>>>,
}

impl Running {
    /// None yet. From here on a signal that asks this process to end ends them in its place. For one sweep of a process.
    pub fn until_a_signal() -> Result<Running, String> {
        let running = Running::default();
        let all = running.clone();
        ctrlc::set_handler(move || all.end()).map_err(|e| format!("cannot wait for signals: {e}"))?;
        Ok(running)
    }

    /// Whether a signal has ended them.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Runs a command, without input, to its end; `None` when a signal came first.
    pub fn output(&self, command: &mut Command) -> Option<io::Result<Output>> {
        let output = self.carry_out(command);
        (!self.ended()).then_some(output)
    }

    fn carry_out(&self, command: &mut Command) -> io::Result<Output> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = {
            let mut processes = self.processes();
            if self.ended() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let child = command.spawn()?;
            processes.insert(child.id());
            child
        };
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = std::thread::scope(|scope| {
            let stderr = scope.spawn(|| whole(stderr));
            (whole(stdout), stderr.join().unwrap_or_default())
        });
        // Once it is waited for its number may be another process's.
        self.processes().remove(&child.id());
        Ok(Output { status: child.wait()?, stdout, stderr })
    }

    fn end(&self) {
        let processes = self.processes();
        self.ended.store(true, Ordering::Relaxed);
        // Elsewhere Ctrl-C goes to each process of the console.
        #[cfg(unix)]
        for &id in processes.iter() {
            let id = nix::unistd::Pid::from_raw(id.cast_signed());
            // It may have ended by now.
            let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM);
        }
        drop(processes);
    }

    fn processes(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes until the other end is closed, or cannot be read on.
fn whole(stream: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        let _ = stream.read_to_end(&mut bytes);
    }
    bytes
}
