//! A thread that writes bytes to a file, a pipe or standard output.
//!
//! The simulation hands over blocks through a bounded channel. When the writer is slow, handing over waits:
//! that costs wall time and never changes what the simulation does. An error of the writer is remembered and
//! comes back, with the file's name, from every later call.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

/// Blocks that may wait for the writer. The next one waits in the caller.
const WAITING: usize = 64;
/// How often a caller that waits for a flush looks whether the thread still lives (wall time).
const LOOK: std::time::Duration = std::time::Duration::from_millis(10);
/// Bytes that small blocks are collected into before they are written.
const BUFFER: usize = 64 * 1024;

/// Why bytes could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkError {
    /// The file's path, or the name of the stream.
    pub name: String,
    /// The kind of the error, to tell a closed pipe from a full disk.
    pub kind: io::ErrorKind,
    reason: String,
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {}: {}", self.name, self.reason)
    }
}

impl std::error::Error for SinkError {}

impl From<SinkError> for io::Error {
    fn from(error: SinkError) -> io::Error {
        io::Error::new(error.kind, error)
    }
}

/// What goes to the thread.
#[derive(Debug)]
enum Item {
    Block(Vec<u8>),
    /// Dropped once everything before it is written and flushed, which tells who waits at its other end.
    Flush(Sender<()>),
}

/// Bytes go in, a thread writes them. Dropping it finishes it, without a word about errors: call
/// [`Sink::finish`] to learn of them.
#[derive(Debug)]
pub struct Sink {
    name: String,
    /// `None` once finished.
    items: Option<Sender<Item>>,
    writer: Option<JoinHandle<()>>,
    error: Arc<OnceLock<SinkError>>,
    /// [`Sink::news`] has told it.
    told: bool,
}

impl Sink {
    /// Creates the file at `path`, or empties it. Never waits: a FIFO needs a reader already.
    ///
    /// # Errors
    /// What the system says, with the path in the sentence. [`NotConnected`](io::ErrorKind::NotConnected): nobody reads
    /// the FIFO.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Sink> {
        Sink::open(path.as_ref(), None)
    }

    /// As [`Sink::create`], but waits for the reader of a FIFO; `tell` gets the sentence that says so first.
    ///
    /// # Errors
    /// What the system says, with the path in the sentence.
    pub fn create_patiently(path: impl AsRef<Path>, tell: impl FnOnce(&str)) -> io::Result<Sink> {
        let mut tell = Some(tell);
        Sink::open(
            path.as_ref(),
            Some(&mut |sentence| tell.take().into_iter().for_each(|tell| tell(sentence))),
        )
    }

    fn open(path: &Path, tell: Option<&mut dyn FnMut(&str)>) -> io::Result<Sink> {
        let name = path.display().to_string();
        let file = create_file(path, tell)
            .map_err(|e| io::Error::new(e.kind(), format!("cannot write {name}: {e}")))?;
        Sink::from_writer(name, file)
    }

    /// Writes into `writer` (standard output, a pipe, a buffer), called `name` in errors.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn from_writer(name: impl Into<String>, writer: impl Write + Send + 'static) -> io::Result<Sink> {
        let name = name.into();
        let (items, incoming) = bounded(WAITING);
        let error = Arc::new(OnceLock::new());
        let writer = Builder::new().name("espat-sink".into()).spawn({
            let (name, error) = (name.clone(), Arc::clone(&error));
            move || {
                block_sigpipe();
                let mut who_waits = Vec::new();
                if let Err(e) = copy(&incoming, writer, &mut who_waits) {
                    let _ = error.set(SinkError { name, kind: e.kind(), reason: e.to_string() });
                }
                // Returning drops the receiver and `who_waits`, so that nobody waits for a writer that has
                // failed, and who waited finds the error.
            }
        })?;
        Ok(Sink { name, items: Some(items), writer: Some(writer), error, told: false })
    }

    /// Hands a block over. Waits while 64 blocks are still to be written.
    ///
    /// # Errors
    /// An earlier block could not be written. The blocks after it are lost.
    pub fn write(&mut self, block: Vec<u8>) -> Result<(), SinkError> {
        if block.is_empty() && self.items.is_some() {
            return Ok(());
        }
        self.hand_over(Item::Block(block))
    }

    /// Waits until everything handed over so far is written and flushed.
    ///
    /// # Errors
    /// Something could not be written.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        let (done, flushed) = bounded(0);
        self.hand_over(Item::Flush(done))?;
        // Nothing is ever sent: the other end goes when the thread has flushed. If the thread ended between the
        // hand-over and now, the item lies in the channel for good, so that is looked for as well.
        while let Err(RecvTimeoutError::Timeout) = flushed.recv_timeout(LOOK) {
            if self.writer.as_ref().is_none_or(JoinHandle::is_finished) {
                break;
            }
        }
        match self.error.get() {
            None => Ok(()),
            Some(error) => Err(error.clone()),
        }
    }

    /// The error of a block that could not be written, once, as soon as it is known. The other calls go on telling it.
    pub fn news(&mut self) -> Option<SinkError> {
        let error = self.error.get().filter(|_| !self.told)?;
        self.told = true;
        Some(error.clone())
    }

    fn hand_over(&mut self, item: Item) -> Result<(), SinkError> {
        match &self.items {
            Some(items) if items.send(item).is_ok() => Ok(()),
            _ => {
                self.join();
                Err(self.failure())
            }
        }
    }

    /// Waits until everything is written and flushed.
    ///
    /// # Errors
    /// Something could not be written; the name is in the sentence.
    pub fn finish(self) -> io::Result<()> {
        self.close().map_err(io::Error::from)
    }

    /// The same, with the error as it is.
    ///
    /// # Errors
    /// Something could not be written.
    pub fn close(mut self) -> Result<(), SinkError> {
        self.join();
        self.error.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Lets the thread write what waits, and waits for it.
    fn join(&mut self) {
        drop(self.items.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            let _ = self.error.set(self.failure());
        }
    }

    fn failure(&self) -> SinkError {
        self.error.get().cloned().unwrap_or_else(|| SinkError {
            name: self.name.clone(),
            kind: io::ErrorKind::Other,
            reason: "its writer panicked".into(),
        })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.join();
    }
}

/// Creates the file, or empties it. Of a FIFO that nobody reads it is an error, unless `tell` is there to be told that this
/// waits.
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "files are written here only")]
fn create_file(path: &Path, tell: Option<&mut dyn FnMut(&str)>) -> io::Result<std::fs::File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
        if std::fs::metadata(path).is_ok_and(|facts| facts.file_type().is_fifo()) {
            let mut options = std::fs::File::options();
            options.write(true);
            // Opened like this, a FIFO without a reader is an error at once.
            match options.clone().custom_flags(libc::O_NONBLOCK).open(path) {
                Ok(file) => {
                    // A reader that is slow makes the writer wait.
                    rustix::io::ioctl_fionbio(&file, false)?;
                    return Ok(file);
                }
                Err(e) if e.raw_os_error() == Some(libc::ENXIO) => {}
                Err(e) => return Err(e),
            }
            let reader = format!("such as `wireshark -k -i {}`", path.display());
            let Some(tell) = tell else {
                let why = format!("nobody reads this FIFO; start its reader before the run, {reader}");
                return Err(io::Error::new(io::ErrorKind::NotConnected, why));
            };
            tell(&format!("nobody reads the FIFO {} yet: waiting for its reader, {reader}", path.display()));
            return options.open(path);
        }
    }
    #[cfg(not(unix))]
    let _ = tell;
    std::fs::File::create(path)
}

/// A pipe whose reader has gone is an error of the write, for this thread. Otherwise it would end the process: a Rust
/// program ignores the signal, a C program that has loaded this library need not.
fn block_sigpipe() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        // It fails for an argument that is none of its own only.
        let _ = SigSet::from_iter([Signal::SIGPIPE]).thread_block();
    }
}

/// Writes until the other end hangs up. Flushes whenever nothing waits, so that whoever reads the other end
/// of a pipe sees the run as it happens.
fn copy(incoming: &Receiver<Item>, writer: impl Write, who_waits: &mut Vec<Sender<()>>) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(BUFFER, writer);
    while let Ok(first) = incoming.recv() {
        for item in std::iter::once(first).chain(incoming.try_iter()) {
            match item {
                Item::Block(block) => writer.write_all(&block)?,
                Item::Flush(done) => who_waits.push(done),
            }
        }
        writer.flush()?;
        who_waits.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A writer into shared memory that waits for a permit before each write.
    struct Gated {
        permits: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.permits.recv();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A writer that fails at once.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A writer that panics.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("expected by this test")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_handed_over_is_written_when_flush_returns() {
        let (permit, permits) = bounded(8);
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut sink = Sink::from_writer("slow", Gated { permits, written: Arc::clone(&written) }).unwrap();
        for block in [b"one ".to_vec(), b"two".to_vec()] {
            sink.write(block).unwrap();
            permit.send(()).unwrap();
        }
        sink.flush().unwrap();
        assert_eq!(&*written.lock().unwrap(), b"one two");
        let mut broken = Sink::from_writer("full", Full).unwrap();
        let outcome = broken.write(b"x".to_vec()).and_then(|()| broken.flush());
        assert_eq!(outcome.unwrap_err().kind, io::ErrorKind::StorageFull, "flush should tell what happened");
        assert!(broken.flush().is_err(), "a failed sink stays failed");
    }

    #[test]
    fn a_slow_writer_makes_the_caller_wait_and_loses_nothing() {
        let (permit, permits) = bounded(0);
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut sink = Sink::from_writer("slow", Gated { permits, written: Arc::clone(&written) }).unwrap();
        let (handed, progress) = crossbeam_channel::unbounded();
        // Big enough not to be collected, so that each block needs a permit.
        let blocks = WAITING as u64 + 10;
        let caller = Builder::new()
            .spawn(move || {
                for n in 0..blocks {
                    sink.write(vec![n as u8; BUFFER]).unwrap();
                    handed.send(n).unwrap();
                }
                sink.finish()
            })
            .unwrap();
        for _ in 0..=WAITING {
            progress.recv().unwrap();
        }
        // One block is in the writer's hands and the channel is full: no permit, no progress beyond this.
        assert!(progress.try_iter().count() <= 1, "the channel is not bounded");
        assert!(written.lock().unwrap().is_empty());
        for _ in 0..blocks {
            permit.send(()).unwrap();
        }
        caller.join().unwrap().unwrap();
        let expected: Vec<u8> = (0..blocks).flat_map(|n| vec![n as u8; BUFFER]).collect();
        assert!(*written.lock().unwrap() == expected, "bytes were lost or out of order");
    }

    #[test]
    fn an_error_of_the_writer_comes_back_with_the_name() {
        let mut sink = Sink::from_writer("run.pcapng", Full).unwrap();
        let error = (0..1_000).find_map(|_| sink.write(vec![0]).err()).expect("the error never came back");
        assert_eq!(error.to_string(), "cannot write run.pcapng: no space left");
        assert_eq!(error.kind, io::ErrorKind::StorageFull);
        assert_eq!(sink.write(vec![0]), Err(error.clone()), "it stays an error");
        let last = sink.finish().unwrap_err();
        assert_eq!(last.kind(), io::ErrorKind::StorageFull);
        assert_eq!(last.to_string(), error.to_string());
    }

    #[test]
    fn an_error_of_the_last_block_comes_back_from_finish() {
        let mut sink = Sink::from_writer("run.log", Full).unwrap();
        sink.write(b"x".to_vec()).unwrap();
        assert_eq!(sink.finish().unwrap_err().to_string(), "cannot write run.log: no space left");
    }

    #[test]
    fn a_panic_of_the_writer_is_an_error_of_the_sink() {
        let mut sink = Sink::from_writer("pipe", Broken).unwrap();
        sink.write(b"x".to_vec()).unwrap();
        assert_eq!(sink.finish().unwrap_err().to_string(), "cannot write pipe: its writer panicked");
    }

    #[test]
    fn dropping_it_writes_everything_first() {
        let (permit, permits) = bounded(1);
        permit.send(()).unwrap();
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut sink = Sink::from_writer("memory", Gated { permits, written: Arc::clone(&written) }).unwrap();
        sink.write(b"all of it".to_vec()).unwrap();
        drop(sink);
        assert_eq!(*written.lock().unwrap(), b"all of it");
    }

    #[test]
    fn a_file_that_cannot_be_created_is_named() {
        let error = Sink::create("/nonexistent/dir/run.pcapng").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().starts_with("cannot write /nonexistent/dir/run.pcapng: "), "{error}");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the file is read back")]
    fn a_file_holds_what_was_written() {
        let path = std::env::temp_dir().join(format!("espat-sink-{}", std::process::id()));
        let mut sink = Sink::create(&path).unwrap();
        sink.write(b"one ".to_vec()).unwrap();
        sink.write(Vec::new()).unwrap();
        sink.write(b"two".to_vec()).unwrap();
        sink.finish().unwrap();
        let read = std::fs::read(&path);
        let _ = std::fs::remove_file(&path);
        assert_eq!(read.unwrap(), b"one two");
    }
}
