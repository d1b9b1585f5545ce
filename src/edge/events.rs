//! What happens in a run, as a file: for who compares runs, as `espat-sim sweep` does.
//!
//! A line for each event: when (nanoseconds), to whom, [what it is about](crate::world::EventKind::word), the sentence; between
//! them a tab. The last line says that there is no more.
//!
//! ```text
//! 3214000000  wifi  reply  WIFI DISCONNECT
//! 3301000000  www  toxic  192.168.1.100:49153 at port 80 reset after 1000 bytes
//! end
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use super::{OnEvent, Sink};
use crate::world::Observation;
use crate::world::spelling::printable;

/// Most events of a run that are written. A file that has so many has no last line.
pub const MOST_EVENTS: usize = 10_000;
/// Most characters of a sentence that are written.
const LONGEST: usize = 200;
/// The last line.
pub const END: &str = "end";

/// The file. What is cloned is the same one; it ends with the last of them.
#[derive(Clone)]
pub struct EventFile(Arc<Mutex<File>>);

struct File {
    sink: Sink,
    left: usize,
}

impl EventFile {
    /// Writes into `sink`.
    pub fn new(sink: Sink) -> EventFile {
        EventFile(Arc::new(Mutex::new(File { sink, left: MOST_EVENTS })))
    }

    /// Takes events. `of`: whose they are, where several worlds share the file; empty where not.
    pub fn of(&self, of: &str) -> OnEvent {
        let file = Arc::clone(&self.0);
        let of = if of.is_empty() { String::new() } else { format!("{}: ", printable(of)) };
        Box::new(move |event| file.lock().unwrap_or_else(PoisonError::into_inner).write(&of, event))
    }
}

impl File {
    fn write(&mut self, of: &str, event: &Observation) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        let line = line(of, event);
        // A file that could not be written to its end has no last line.
        let _ = self.sink.write(line.into_bytes());
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if self.left > 0 {
            let _ = self.sink.write(format!("{END}\n").into_bytes());
        }
    }
}

fn line(of: &str, event: &Observation) -> String {
    let text = event.text();
    let text = text.char_indices().nth(LONGEST).map_or(text.as_str(), |(end, _)| &text[..end]);
    let (at, subject) = (event.at.as_nanos(), printable(&event.subject));
    format!("{at}\t{of}{subject}\t{}\t{}\n", event.kind(), printable(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;
    use crate::world::Event;

    fn reply(text: &str) -> Observation {
        let at = Instant::from_nanos(3_214_000_000);
        Observation { number: 0, at, subject: "wifi".into(), event: Event::Reply(text.into()) }
    }

    fn written(events: usize) -> String {
        let path = std::env::temp_dir().join(format!("espat-sim-events-{}-{events}", std::process::id()));
        let file = EventFile::new(Sink::create(&path).expect("a file"));
        let mut write = file.of("a.at");
        (0..events).for_each(|_| write(&reply("WIFI DISCONNECT")));
        drop((write, file));
        let text = crate::edge::read_text(&path).expect("the file");
        std::fs::remove_file(&path).expect("remove it");
        text
    }

    #[test]
    fn an_event_is_one_line_however_long_its_text() {
        assert_eq!(line("", &reply("WIFI DISCONNECT")), "3214000000\twifi\treply\tWIFI DISCONNECT\n");
        let long = line("", &reply(&format!("a\tb\n{}", "x".repeat(5000))));
        assert!(long.starts_with("3214000000\twifi\treply\ta\\tb\\nxxx"), "{long}");
        assert!(long.len() < 250 && long.matches('\n').count() == 1, "{} bytes: {long}", long.len());
    }

    #[test]
    fn a_file_says_whether_it_has_all_events() {
        let line = "3214000000\ta.at: wifi\treply\tWIFI DISCONNECT\n";
        assert_eq!(written(2), format!("{line}{line}end\n"));
        let full = written(MOST_EVENTS + 5);
        assert_eq!(full.lines().count(), MOST_EVENTS, "the bound does not hold");
        assert!(!full.ends_with("end\n"), "a file that lacks events says that it has them all");
    }
}
