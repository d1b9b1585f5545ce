//! The way out: a thread writes to whoever is connected, so that a client that does not read stops nobody.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// Bytes that may wait for a client that does not read: more than a minute at 115200 baud. What comes beyond
/// them is lost, as in a computer's serial port.
const LIMIT: usize = 1024 * 1024;

/// How long the last write may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Takes bytes for one client. Dropping it forgets those that are still to be written.
#[derive(Debug)]
pub struct Outlet {
    blocks: Option<Sender<Vec<u8>>>,
    shared: Arc<Shared>,
    /// Hangs up when the writer has ended.
    ended: Receiver<()>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicUsize,
    forgotten: AtomicBool,
}

impl Outlet {
    /// Writes into `writer` on a thread of its own, and calls `close` when nothing comes any more.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn new(
        mut writer: impl Write + Send + 'static,
        close: impl FnOnce() + Send + 'static,
    ) -> io::Result<Outlet> {
        let (blocks, incoming) = unbounded::<Vec<u8>>();
        let (end, ended) = bounded(0);
        let shared = Arc::new(Shared::default());
        let thread = Builder::new().name("espat-serve-write".into());
        thread.spawn({
            let shared = Arc::clone(&shared);
            move || {
                for block in &incoming {
                    if shared.forgotten.load(Ordering::Relaxed) || writer.write_all(&block).is_err() {
                        break;
                    }
                    shared.waiting.fetch_sub(block.len(), Ordering::Relaxed);
                }
                close();
                drop::<Sender<()>>(end);
            }
        })?;
        Ok(Outlet { blocks: Some(blocks), shared, ended })
    }

    /// Hands bytes over. Returns how many are lost because the client has gone or does not read.
    #[must_use]
    pub fn send(&self, bytes: Vec<u8>) -> usize {
        let count = bytes.len();
        if self.shared.waiting.load(Ordering::Relaxed) + count > LIMIT {
            return count;
        }
        self.shared.waiting.fetch_add(count, Ordering::Relaxed);
        match &self.blocks {
            Some(blocks) if blocks.send(bytes).is_ok() => 0,
            _ => {
                self.shared.waiting.fetch_sub(count, Ordering::Relaxed);
                count
            }
        }
    }

    /// Waits until everything is written, but not for ever. Returns how many bytes are lost.
    pub fn finish(mut self) -> usize {
        drop(self.blocks.take());
        // A write that is under way may have reached the client already.
        let _ = self.ended.recv_timeout(PATIENCE);
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Forgets what is still to be written. Returns how many bytes that were.
    pub fn forget(self) -> usize {
        self.shared.forgotten.store(true, Ordering::Relaxed);
        self.finish()
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        // `finish` lets the thread write the rest.
        self.shared.forgotten.fetch_or(self.blocks.is_some(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A writer that waits for a permit before each write.
    struct Gated {
        permits: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().map_err(io::Error::other)?;
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_client_that_does_not_read_stops_nobody_and_the_surplus_is_counted() {
        let (permit, permits) = bounded(8);
        let written = Arc::new(Mutex::new(Vec::new()));
        let outlet = Outlet::new(Gated { permits, written: Arc::clone(&written) }, || ()).unwrap();
        assert_eq!(outlet.send(vec![1; LIMIT]), 0);
        assert_eq!(outlet.send(vec![2; 7]), 7, "the limit does not hold");
        permit.send(()).unwrap();
        assert_eq!(outlet.finish(), 0, "finish should wait for what fits");
        assert_eq!(written.lock().unwrap().len(), LIMIT);
    }

    #[test]
    fn bytes_for_a_client_that_has_gone_are_counted_as_lost() {
        let (permit, permits) = bounded::<()>(0);
        drop(permit);
        let (closed, seen) = bounded::<()>(1);
        let outlet =
            Outlet::new(Gated { permits, written: Arc::default() }, move || closed.send(()).unwrap())
                .unwrap();
        let first = outlet.send(b"one".to_vec());
        seen.recv().unwrap();
        assert_eq!(first + outlet.finish(), 3, "whether it was taken or not, it is lost");
    }
}
