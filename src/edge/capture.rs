//! Where a capture goes: a file, a FIFO that Wireshark reads while the run goes on, or the standard output; as pcapng, or
//! as the classic format.
//!
//! Whoever looks at a live capture may go when he has seen enough. That is told once and is no failure: the run goes on
//! without the capture.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::{Sink, SinkError};
use crate::capture::{Classic, NoInterface};
use crate::world::spelling::{did_you_mean, one_of};

/// The path that stands for the standard output.
const STANDARD_OUTPUT: &str = "-";

/// The format of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFormat {
    /// With everything.
    Pcapng,
    /// The classic one: frames and times (nanoseconds), of one link type.
    Pcap,
}

impl CaptureFormat {
    /// Every format, by the word that names it.
    pub const WORDS: [(&str, CaptureFormat); 2] =
        [("pcapng", CaptureFormat::Pcapng), ("pcap", CaptureFormat::Pcap)];

    /// Reads `pcapng` or `pcap`.
    ///
    /// # Errors
    /// One sentence that says what was expected.
    pub fn parse(text: &str) -> Result<CaptureFormat, String> {
        let found = Self::WORDS.iter().find(|(word, _)| *word == text);
        let words = || Self::WORDS.iter().map(|(word, _)| *word);
        let expected = || format!("expected {}{}", one_of(words()), did_you_mean(text, words()));
        found.map(|(_, format)| *format).ok_or_else(expected)
    }

    /// Its word, which files of this format end in, too.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, format)| *format == self).map_or("", |(word, _)| word)
    }
}

/// What a capture is to be, as far as somebody has said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureForm {
    /// Without it, classic where the file's name ends in `.pcap`, otherwise pcapng.
    pub format: Option<CaptureFormat>,
    /// The one interface that a classic capture has; without it, all that carry Ethernet frames.
    pub interface: Option<String>,
}

/// Why a capture cannot be written as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureError {
    /// The file or the stream; what the system says.
    Io(String),
    /// What is asked for does not go together, or is not there; a sentence.
    Wrong(String),
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaptureError::Io(why) | CaptureError::Wrong(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for CaptureError {}

/// Takes a capture's bytes (pcapng) and writes them in its format.
pub struct CaptureSink {
    sink: Sink,
    classic: Option<Classic>,
    wanted: Option<String>,
    /// [`CaptureSink::news`] has told that the reader has gone.
    told: bool,
}

impl CaptureSink {
    /// True when `path` stands for the standard output.
    pub fn is_standard_output(path: &Path) -> bool {
        path == Path::new(STANDARD_OUTPUT)
    }

    /// Creates the file at `path`, or empties it; `-` is the standard output. Never waits: a FIFO needs a reader already.
    ///
    /// # Errors
    /// What the system says; the standard output is a terminal; an interface for pcapng.
    pub fn create(path: &Path, form: CaptureForm) -> Result<CaptureSink, CaptureError> {
        CaptureSink::with(path, form, |path| Sink::create(path))
    }

    /// As [`CaptureSink::create`], but waits for the reader of a FIFO; `tell` gets the sentence that says so first.
    ///
    /// # Errors
    /// As [`CaptureSink::create`].
    pub fn create_patiently(
        path: &Path,
        form: CaptureForm,
        tell: impl FnOnce(&str),
    ) -> Result<CaptureSink, CaptureError> {
        CaptureSink::with(path, form, |path| Sink::create_patiently(path, tell))
    }

    fn with(
        path: &Path,
        form: CaptureForm,
        open: impl FnOnce(&Path) -> io::Result<Sink>,
    ) -> Result<CaptureSink, CaptureError> {
        let classic = path.extension().is_some_and(|e| e == CaptureFormat::Pcap.word());
        let format = form.format.unwrap_or(if classic { CaptureFormat::Pcap } else { CaptureFormat::Pcapng });
        let form = CaptureForm { format: Some(format), ..form };
        if CaptureSink::is_standard_output(path) {
            CaptureSink::check_standard_output()?;
            return CaptureSink::from_writer("the standard output", io::stdout(), form);
        }
        CaptureSink::around(form, || open(path))
    }

    /// Whether a capture can go to the standard output.
    ///
    /// # Errors
    /// It is a terminal.
    pub fn check_standard_output() -> Result<(), CaptureError> {
        if io::stdout().is_terminal() {
            let why = "the standard output is a terminal, and a capture is no text; send it into a file or another \
                       program, such as `| wireshark -k -i -`";
            return Err(CaptureError::Wrong(why.to_owned()));
        }
        Ok(())
    }

    /// Writes into `writer`, called `name` in errors; without a format, pcapng.
    ///
    /// # Errors
    /// The system has no thread left; an interface for pcapng.
    pub fn from_writer(
        name: &str,
        writer: impl Write + Send + 'static,
        form: CaptureForm,
    ) -> Result<CaptureSink, CaptureError> {
        CaptureSink::around(form, || Sink::from_writer(name, writer))
    }

    fn around(
        form: CaptureForm,
        open: impl FnOnce() -> io::Result<Sink>,
    ) -> Result<CaptureSink, CaptureError> {
        let is_classic = form.format == Some(CaptureFormat::Pcap);
        if form.interface.is_some() && !is_classic {
            let why = "a pcapng capture has all interfaces; one can be chosen for the format `pcap` alone";
            return Err(CaptureError::Wrong(why.to_owned()));
        }
        let classic = is_classic.then(|| Classic::new(form.interface.clone()));
        let sink = open().map_err(|e| CaptureError::Io(e.to_string()))?;
        Ok(CaptureSink { sink, classic, wanted: form.interface, told: false })
    }

    /// Hands blocks of the capture over, the first time all interfaces with them. Waits while 64 pieces are still to be
    /// written. What could not be written comes from [`CaptureSink::news`] and the calls that end it.
    ///
    /// # Errors
    /// There is no such interface.
    pub fn write(&mut self, blocks: Vec<u8>) -> Result<(), CaptureError> {
        let bytes = match &mut self.classic {
            None => blocks,
            Some(classic) => classic.convert(&blocks).map_err(|NoInterface(names)| {
                let name = self.wanted.as_deref().unwrap_or_default();
                let names = || names.iter().map(String::as_str);
                let hint = did_you_mean(name, names());
                CaptureError::Wrong(format!(
                    "the capture has no interface '{name}', expected {}{hint}",
                    one_of(names())
                ))
            })?,
        };
        let _ = self.sink.write(bytes);
        Ok(())
    }

    /// What has gone wrong with writing, once, as soon as it is known; a sentence.
    pub fn news(&mut self) -> Option<String> {
        self.sink.news().map(|error| self.sentence(&error))
    }

    /// Waits until everything handed over so far is written and flushed.
    ///
    /// # Errors
    /// Something could not be written, and not because its reader has gone.
    pub fn flush(&mut self) -> Result<(), SinkError> {
        self.sink.flush().or_else(forgive)
    }

    /// Waits until everything is written. The first value: what has not been told yet.
    ///
    /// # Errors
    /// Something could not be written, and not because its reader has gone.
    pub fn close(self) -> (Option<String>, Result<(), SinkError>) {
        let told = self.told;
        let closed = self.sink.close();
        let gone = closed.as_ref().err().filter(|error| has_gone(error) && !told).map(gone);
        let cable = self.classic.as_ref().and_then(Classic::missing_cable);
        let missing = cable.map(|name| format!("the capture is empty: no frame has passed a cable '{name}'"));
        (gone.or(missing), closed.or_else(forgive))
    }

    fn sentence(&mut self, error: &SinkError) -> String {
        if has_gone(error) {
            self.told = true;
            return gone(error);
        }
        error.to_string()
    }
}

/// The error is a reader that has left.
fn has_gone(error: &SinkError) -> bool {
    error.kind == io::ErrorKind::BrokenPipe
}

fn gone(error: &SinkError) -> String {
    format!("nobody reads the capture any more ({}); the run goes on without it", error.name)
}

fn forgive(error: SinkError) -> Result<(), SinkError> {
    if has_gone(&error) { Ok(()) } else { Err(error) }
}
