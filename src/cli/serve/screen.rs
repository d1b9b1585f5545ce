//! What `serve` shows: lines on the standard output and error streams, and on a terminal one status line.
//!
//! The status line stands above the line in which the console is typed, so that it can change without
//! disturbing who types. Lines go above it. Where the error stream is no terminal there is no status line, and
//! no escape sequence either.

use std::io::{IsTerminal, Stderr, Write};

use crate::edge::serve::State;

/// Columns of the status line: what every terminal has, less one, so that it never wraps.
const WIDTH: usize = 79;

/// The screen.
pub struct Screen<O = Box<dyn Write + Send>, E = Stderr> {
    out: O,
    err: E,
    /// The error stream is a terminal.
    live: bool,
    /// The console is typed at a terminal, which echoes it.
    echo: bool,
    /// The status line that is shown.
    shown: Option<String>,
}

impl Screen {
    /// The program's own streams; `console` when lines are read from the standard input.
    pub fn new(console: bool) -> Screen {
        let err = std::io::stderr();
        let out: Box<dyn Write + Send> = if crate::cli::output::is_given_away() {
            Box::new(std::io::stderr())
        } else {
            Box::new(std::io::stdout())
        };
        let live = err.is_terminal();
        let echo = console && std::io::stdin().is_terminal();
        Screen { out, err, live, echo, shown: None }
    }
}

impl<O: Write, E: Write> Screen<O, E> {
    /// Whether there is a status line.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// A line of what the program is asked for, on the standard output.
    pub fn print(&mut self, text: &str) {
        let status = self.take_away(1);
        // A reader that has gone away is no reason to stop the run.
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
        self.put_back(status);
    }

    /// A sentence about the run, on the standard error stream.
    pub fn say(&mut self, sentence: &str) {
        let status = self.take_away(1);
        let _ = writeln!(self.err, "espat-sim: {sentence}");
        self.put_back(status);
    }

    /// The user has typed a line: the terminal shows it below the status line, and the cursor below that.
    pub fn entered(&mut self, line: &str) {
        if self.echo && self.live {
            let status = self.take_away(2);
            if !line.is_empty() {
                let _ = writeln!(self.err, "> {line}");
            }
            self.put_back(status);
        }
    }

    /// Shows this status line, if there is to be one and it is another one.
    pub fn status(&mut self, text: &str) {
        if !self.live || self.shown.as_deref() == Some(text) {
            return;
        }
        match &self.shown {
            None => self.put_back(Some(text.to_owned())),
            Some(_) => {
                // Up into the status line and back to where somebody may be typing.
                let _ = write!(self.err, "\x1b7\x1b[1A\r\x1b[2K{text}\x1b8");
                let _ = self.err.flush();
                self.shown = Some(text.to_owned());
            }
        }
    }

    /// Takes the status line away.
    pub fn clear(&mut self) {
        self.take_away(1);
    }

    /// Takes the status line away, which is so many lines above the cursor, and all below it.
    fn take_away(&mut self, above: usize) -> Option<String> {
        let status = self.shown.take()?;
        let _ = write!(self.err, "\x1b[{above}A\r\x1b[J");
        let _ = self.err.flush();
        Some(status)
    }

    fn put_back(&mut self, status: Option<String>) {
        if let Some(status) = status {
            let _ = writeln!(self.err, "{status}");
            let _ = self.err.flush();
            self.shown = Some(status);
        }
    }
}

/// The status line for a state.
pub fn status(state: &State) -> String {
    let mut parts = Vec::new();
    if state.started {
        parts.push(format!("{} s", state.now.as_nanos() / crate::time::NANOS_PER_SEC));
        parts.push(state.module.clone());
        if !state.links.is_empty() {
            let ids: Vec<String> = state.links.iter().map(usize::to_string).collect();
            parts.push(format!("links {}", ids.join(" ")));
        }
        parts.push(format!("{} B in, {} B out", state.statistics.mcu_bytes, state.statistics.module_bytes));
    } else {
        parts.push("switched off".to_owned());
    }
    parts.push(state.peer.clone().unwrap_or_else(|| "nobody connected".to_owned()));
    let line = parts.join(" | ");
    line.chars().map(|c| if c.is_control() { '?' } else { c }).take(WIDTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::serve::Behind;
    use crate::time::Instant;
    use crate::world::Statistics;

    fn screen(live: bool) -> Screen<Vec<u8>, Vec<u8>> {
        Screen { out: Vec::new(), err: Vec::new(), live, echo: true, shown: None }
    }

    fn shown(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn a_stream_that_is_no_terminal_gets_lines_only() {
        let mut screen = screen(false);
        screen.status("1 s");
        screen.print("endpoint 127.0.0.1:7000");
        screen.say("a client has gone");
        screen.entered("status");
        screen.clear();
        assert_eq!(shown(&screen.out), "endpoint 127.0.0.1:7000\n");
        assert_eq!(shown(&screen.err), "espat-sim: a client has gone\n");
    }

    #[test]
    fn lines_go_above_the_status_line_which_changes_in_its_place() {
        let mut screen = screen(true);
        screen.status("1 s");
        screen.status("1 s");
        screen.status("2 s");
        screen.say("a client has gone");
        assert_eq!(
            shown(&screen.err),
            "1 s\n\x1b7\x1b[1A\r\x1b[2K2 s\x1b8\x1b[1A\r\x1b[Jespat-sim: a client has gone\n2 s\n"
        );
        screen.err.clear();
        screen.entered("ap home down");
        screen.entered("");
        assert_eq!(shown(&screen.err), "\x1b[2A\r\x1b[J> ap home down\n2 s\n\x1b[2A\r\x1b[J2 s\n");
        screen.err.clear();
        screen.clear();
        screen.clear();
        assert_eq!(shown(&screen.err), "\x1b[1A\r\x1b[J");
    }

    #[test]
    fn the_status_line_says_what_matters_and_never_wraps() {
        let mut state = State {
            now: Instant::from_nanos(12_345_678_900),
            module: "joined 'home' as 192.168.1.100".to_owned(),
            links: [0, 3].into(),
            peer: Some("127.0.0.1:50000".to_owned()),
            started: true,
            dropped: 0,
            behind: Behind::default(),
            statistics: Statistics { mcu_bytes: 7, module_bytes: 99, ..Statistics::default() },
        };
        assert_eq!(
            status(&state),
            "12 s | joined 'home' as 192.168.1.100 | links 0 3 | 7 B in, 99 B out | 127.0.0.1:5000"
                .chars()
                .take(WIDTH)
                .collect::<String>()
        );
        state.module = format!("joined '\x1b[2J{}'", "x".repeat(100));
        assert_eq!(status(&state).chars().count(), WIDTH);
        assert!(!status(&state).contains('\x1b'), "an escape sequence reached the terminal");
        state.started = false;
        state.peer = None;
        assert_eq!(status(&state), "switched off | nobody connected");
    }
}
