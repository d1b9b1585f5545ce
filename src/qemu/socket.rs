//! The console's socket: lines from outside while QEMU runs, answers back.
//!
//! A thread of its own reads them. What they do happens in QEMU's main loop, under its big lock, where the clock stands
//! still: the thread hands a line over, wakes the main loop, and waits for the answer.

use std::path::Path;
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::air::{Air, with};
use super::coupling::Coupling;
use crate::edge::serve::{Address, Clock, Event, Listener, Outlet};
use crate::world::Error;
use crate::world::console::{self, only_asks};

/// The longest line, bytes; what is longer is answered with an error.
const LONGEST: usize = 256 * 1024;

/// A line, and where its answer goes.
pub(super) struct Line {
    text: String,
    answer: Sender<String>,
}

/// The socket, and the lines that have come from it.
pub(super) struct Socket {
    /// Its file goes with it.
    listener: Listener,
    hand_over: Sender<Line>,
    pub lines: Receiver<Line>,
}

impl Socket {
    /// Listens at this path.
    ///
    /// # Errors
    /// One sentence that says why not.
    pub fn bind(path: &Path) -> Result<Socket, String> {
        let listener = Listener::bind(&Address::Unix(path.to_owned()))?;
        // One client is served at a time, and waits for its answer.
        let (hand_over, lines) = bounded(1);
        Ok(Socket { listener, hand_over, lines })
    }

    /// Starts the thread that reads.
    ///
    /// # Errors
    /// One sentence: the system has no thread left.
    pub fn start(&self, coupling: &'static Coupling) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("cannot start a thread: {e}");
        let events = self.listener.serve(Clock::start()).map_err(failed)?;
        let hand_over = self.hand_over.clone();
        let read = move || {
            let mut client: Option<Outlet> = None;
            let mut cutter = Cutter::default();
            for event in events {
                match event {
                    Event::Opened { outlet, .. } => {
                        cutter = Cutter::default();
                        client = Some(outlet);
                    }
                    Event::Bytes { bytes, .. } => {
                        cutter.bytes.extend(bytes);
                        while let Some(line) = cutter.next_line() {
                            let answer = match line {
                                Ok(text) => ask(coupling, &hand_over, text),
                                Err(why) => Some(shown("", Err(why))),
                            };
                            let Some(answer) = answer else { return };
                            // A client that has gone does not need it.
                            let _ = client.as_ref().map(|client| client.send(answer.into_bytes()));
                        }
                    }
                    Event::Closed => drop(client.take().map(Outlet::finish)),
                    Event::Failed(_) => return,
                }
            }
        };
        Builder::new().name("espat-console".into()).spawn(read).map(drop).map_err(failed)
    }
}

/// Hands a line over and waits for its answer; `None`: the run has ended.
fn ask(coupling: &Coupling, hand_over: &Sender<Line>, text: String) -> Option<String> {
    let (answer, answered) = bounded(1);
    hand_over.send(Line { text, answer }).ok()?;
    // SAFETY: may be called from any thread at any time.
    unsafe { (coupling.qemu.qemu_notify_event)() };
    answered.recv().ok()
}

/// Cuts what a client sends into lines.
#[derive(Default)]
struct Cutter {
    bytes: Vec<u8>,
    /// The line under way was too long: what comes up to its end belongs to it.
    is_too_long: bool,
}

impl Cutter {
    /// The next whole line, without its end; or a sentence about one that is too long, once.
    fn next_line(&mut self) -> Option<Result<String, String>> {
        loop {
            let end = self.bytes.iter().position(|&byte| byte == b'\n');
            if self.is_too_long {
                self.bytes.drain(..end.map_or(self.bytes.len(), |end| end + 1));
                end?;
                self.is_too_long = false;
                continue;
            }
            if end.unwrap_or(self.bytes.len()) > LONGEST {
                self.is_too_long = true;
                return Some(Err(format!("expected a line of at most {LONGEST} bytes, found a longer one")));
            }
            let line: Vec<u8> = self.bytes.drain(..=end?).collect();
            return Some(Ok(String::from_utf8_lossy(&line).trim_end().to_owned()));
        }
    }
}

/// An answer as the socket has it: JSON is one line; a text for people ends with an empty line.
fn shown(line: &str, answer: Result<String, String>) -> String {
    match answer {
        Ok(json) | Err(json) if console::wants_json(line) => json + "\n",
        Ok(text) => format!("{}\n\n", text.trim_end()),
        Err(why) => format!("error: {why}\n\n"),
    }
}

impl Coupling {
    /// Does what has come through the socket. Called under the big lock.
    ///
    /// A question looks at the world as it is: between its events nothing changes there. A change takes effect now.
    pub(super) fn take_lines(&self) {
        let (Some(socket), Air::Own(session, _)) = (&self.socket, &self.air) else { return };
        let lines = match socket.lock() {
            Ok(socket) => socket.as_ref().map(|socket| socket.lines.clone()),
            Err(_) => None,
        };
        for Line { text, answer } in lines.iter().flat_map(Receiver::try_iter) {
            let said = if only_asks(&text) {
                session.peek(|w| w.console(&text)).map_err(|e| e.to_string())
            } else {
                self.carry_out(&text)
            };
            let said = match said {
                Ok(Ok(said)) => Ok(said),
                Ok(Err(Error::Console(why))) => Err(why),
                Ok(Err(e)) => Err(e.to_string()),
                Err(why) => Err(why),
            };
            let _ = answer.send(shown(&text, said));
        }
    }

    fn carry_out(&self, line: &str) -> Result<Result<String, Error>, String> {
        let now = self.qemu.now();
        let Air::Own(session, module) = &self.air else { return Err("the world is elsewhere".to_owned()) };
        let done = with(session, |w| {
            w.advance(*module, now.max(w.reached(*module)?))?;
            let said = w.console(line);
            Ok((said, w.next_event(*module)?))
        });
        let Some((said, next)) = self.check(done) else { return Err("the run has ended".to_owned()) };
        self.arm(next);
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let mut cutter = Cutter { bytes: b"digest\r\nap ho".to_vec(), ..Cutter::default() };
        assert_eq!(cutter.next_line(), Some(Ok("digest".to_owned())));
        assert_eq!(cutter.next_line(), None);
        cutter.bytes.extend(b"me down\n");
        assert_eq!(cutter.next_line(), Some(Ok("ap home down".to_owned())));
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_whole() {
        let mut cutter = Cutter { bytes: vec![b'x'; LONGEST + 1], ..Cutter::default() };
        assert!(cutter.next_line().is_some_and(|line| line.is_err_and(|e| e.contains("262144 bytes"))));
        assert_eq!(cutter.next_line(), None);
        assert!(cutter.bytes.is_empty(), "it grows without end");
        cutter.bytes.extend(b"ap home down\nap home up\n");
        assert_eq!(
            cutter.next_line(),
            Some(Ok("ap home up".to_owned())),
            "the rest of it was taken for a line"
        );
        assert_eq!(cutter.next_line(), None);
    }

    #[test]
    fn who_reads_an_answer_knows_where_it_ends() {
        let said = |line: &str, answer: Result<&str, &str>| {
            shown(line, answer.map(str::to_owned).map_err(str::to_owned))
        };
        assert_eq!(said("status", Ok("seed 1\nmodule wifi\n")), "seed 1\nmodule wifi\n\n");
        assert_eq!(said("stats", Err("expected")), "error: expected\n\n");
        assert_eq!(said("json digest", Ok("{}")), "{}\n");
        assert_eq!(said("json digst", Err("{}")), "{}\n");
    }
}
