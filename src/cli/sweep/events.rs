//! What happened in a run of a sweep.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::files;
use crate::edge::events::END;
use crate::explore::without_numbers;
use crate::time::Instant;

/// Answers that say nothing without the command that they are for.
const ANSWERS: [&str; 8] =
    ["OK", "ERROR", "FAIL", "SEND OK", "SEND FAIL", "SEND Canceled", "busy p...", "busy s..."];

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    pub at: Instant,
    /// The MCU's firmware has done it: it follows from what has happened to it.
    pub own: bool,
    /// To whom, what it is about, and the sentence: `wifi reply WIFI DISCONNECT`.
    pub text: String,
}

/// What happened in a run, in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    pub list: Vec<Happened>,
    /// Nothing was left out at the end.
    pub whole: bool,
}

impl Events {
    /// Takes them out of a file, which is removed; `None`: there is none.
    pub fn take(file: &Path) -> Option<Events> {
        let text = files::text(file).ok();
        // What stays is removed with its folder.
        let _ = std::fs::remove_file(file);
        text.map(|text| Events::parse(&text))
    }

    /// Reads what [`EventFile`](crate::edge::events::EventFile) writes.
    pub fn parse(text: &str) -> Events {
        let mut lines: Vec<(Instant, [&str; 3])> = text.lines().filter_map(fields).collect();
        // With several modules, what is told first need not be what happened first.
        lines.sort_by_key(|(at, _)| *at);
        let mut commands: BTreeMap<&str, &str> = BTreeMap::new();
        let mut list = Vec::with_capacity(lines.len());
        for (at, [subject, kind, sentence]) in lines {
            if kind == "command" {
                commands.insert(subject, sentence);
            }
            let mut text = format!("{subject} {kind} {sentence}");
            if let (true, Some(command)) = (ANSWERS.contains(&sentence), commands.get(subject))
                && kind == "reply"
            {
                text = format!("{text} to {command}");
            }
            list.push(Happened { at, own: matches!(kind, "command" | "console"), text });
        }
        Events { list, whole: text.lines().next_back() == Some(END) }
    }
}

fn fields(line: &str) -> Option<(Instant, [&str; 3])> {
    let mut fields = line.splitn(4, '\t');
    let at = Instant::from_nanos(fields.next()?.parse().ok()?);
    Some((at, [fields.next()?, fields.next()?, fields.next()?]))
}

/// A text without its numbers, hexadecimal ones among them.
pub fn kind(text: &str) -> String {
    let mut kind = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (letters, other) = rest.split_at(word);
        let digits = letters.strip_prefix("0x").unwrap_or(letters);
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
        if hexadecimal && digits.bytes().any(|b| b.is_ascii_digit()) {
            kind.push('N');
        } else {
            kind.push_str(&without_numbers(letters));
        }
        let next = other.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(other.len());
        kind.push_str(&other[..next]);
        rest = &other[next..];
    }
    kind
}

/// A folder for the files of runs, which goes with it.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one where the system keeps what is temporary. Nobody else may look into it: events have passwords.
    pub fn new() -> Result<Folder, String> {
        let (all, own) = (std::env::temp_dir(), std::process::id());
        // A process that had this number and was killed may have left one.
        for number in 0.. {
            let path = all.join(format!("espat-sim-sweep-{own}-{number}"));
            match make(&path) {
                Ok(()) => return Ok(Folder(path)),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(format!("cannot make the folder {}: {e}", path.display())),
            }
        }
        Err(format!("there is no name left in {}", all.display()))
    }

    /// The file of a run.
    pub fn file(&self, seed: u64) -> PathBuf {
        self.0.join(seed.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The system removes it some day.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn make(path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(path)
}

#[cfg(not(unix))]
fn make(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_the_order_of_time_and_answers_with_their_commands() {
        let text = "20\twifi\treply\tOK\n10\twifi\tcommand\tAT+CIPSEND=4\n20\tlamp\treply\tOK\n30\twifi\tconsole\tOK\nend\n";
        let events = Events::parse(text);
        let texts: Vec<&str> = events.list.iter().map(|event| event.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "wifi command AT+CIPSEND=4",
                "wifi reply OK to AT+CIPSEND=4",
                "lamp reply OK",
                "wifi console OK"
            ]
        );
        assert_eq!(events.list.iter().map(|event| event.own).collect::<Vec<_>>(), [true, false, false, true]);
        assert!(events.whole);
        assert!(!Events::parse("10\twifi\treply\tOK\n").whole, "a file without a last line is cut off");
        assert_eq!(Events::parse("10\twifi\treply\n1\n\nend\n"), Events { list: Vec::new(), whole: true });
    }

    #[test]
    fn numbers_are_set_aside_in_every_notation_and_words_are_not() {
        for (one, other) in [
            ("closed after 20000 bytes, CRC-32 5b8e7a10", "closed after 7 bytes, CRC-32 0012ff34"),
            ("joined home as 192.168.1.100", "joined home as 192.168.1.7"),
            ("cipher 0xc030", "cipher 0x1301"),
            ("3rd of link0", "12rd of link4"),
        ] {
            assert_eq!(kind(one), kind(other));
        }
        assert_eq!(kind("AT+CWJAP=\"a bad cafe\" ü 1é2"), "AT+CWJAP=\"a bad cafe\" ü NéN");
        assert_ne!(kind("WIFI DISCONNECT"), kind("WIFI CONNECTED"));
    }

    #[test]
    fn a_folder_is_new_and_goes_with_its_files() {
        let [one, other] = [(); 2].map(|()| Folder::new().expect("a folder"));
        assert_ne!(one.0, other.0);
        files::write(&one.file(7), b"5\twifi\treply\tready\nend\n".to_vec()).expect("write");
        let events = Events::take(&one.file(7)).expect("events");
        assert_eq!((events.list.len(), events.whole), (1, true));
        assert_eq!(Events::take(&one.file(7)), None, "the file is still there");
        let path = other.0.clone();
        files::write(&other.file(8), Vec::new()).expect("write");
        drop(other);
        assert!(!path.exists(), "the folder is still there");
    }
}
