//! What is typed on the guest's console: texts, each at a virtual time or after something that the guest has printed.
//!
//! [`Text::parse`] reads one; [`Typing`] is where a run has come with its list. The texts are typed one after the other, in
//! the order in which they were given: each waits for its own condition once the one before it has been typed.

use std::collections::VecDeque;

use crate::edge::ansi;
use crate::time::{Duration, Instant};
use crate::world::console::words::Words;
use crate::world::quantity;

/// When a text is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum When {
    /// As soon as the one before it has been typed.
    Next,
    /// At this time, nanoseconds, or when the one before has been typed, whichever is later.
    At(u64),
    /// So long, in nanoseconds, after the guest has printed this within one line.
    After(Vec<u8>, u64),
}

/// A text that is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// As it was written.
    source: String,
    bytes: Vec<u8>,
    when: When,
}

impl Text {
    /// Reads `"wifi scan\n" at 5s`, `"yes\r" after "[y/n]"`, `"yes\r" 100ms after "[y/n]"` or `"exit\n"` alone. Escapes are
    /// those of the console's lines: `\r`, `\n`, `\t`, `\"`, `\\`, `\xNN`.
    ///
    /// # Errors
    /// One sentence with what was expected.
    pub fn parse(source: &str) -> Result<Text, String> {
        const FORM: &str = "'\"TEXT\"', '\"TEXT\" at TIME', '\"TEXT\" after \"PRINTED\"' or '\"TEXT\" TIME after \"PRINTED\"'";
        let wrong = |found: &str| format!("expected {FORM}, found {found}");
        let mut words = Words::split(source)?;
        let text = words.next().ok_or_else(|| wrong("nothing"))?;
        if text.plain().is_some() {
            return Err(format!(
                "expected a text in quotes, such as '\"wifi scan\\n\" at 5s', found {}",
                text.shown()
            ));
        }
        if text.bytes.is_empty() {
            return Err("expected a text of at least one byte, found \"\"".to_owned());
        }
        let time = |text: &str| -> Result<u64, String> {
            let time = quantity::duration(text)?.as_nanos();
            // QEMU counts time in signed nanoseconds.
            if time > i64::MAX as u64 {
                Err(format!("'{text}' is past the end of time (292 years)"))
            } else {
                Ok(time)
            }
        };
        let when = if words.take("at") {
            When::At(time(&words.quantity().ok_or_else(|| wrong("nothing after 'at'"))?)?)
        } else {
            let delay = words.further_quantity().map(|text| time(&text)).transpose()?;
            if words.take("after") {
                let printed = words.next().ok_or_else(|| wrong("nothing after 'after'"))?;
                if printed.bytes.is_empty() || printed.bytes.contains(&b'\n') {
                    return Err(format!(
                        "expected what the guest prints within one line after 'after', found {}",
                        printed.shown()
                    ));
                }
                When::After(printed.bytes, delay.unwrap_or(0))
            } else if delay.is_some() {
                return Err(wrong("a time without 'at' before it or 'after' behind it"));
            } else {
                When::Next
            }
        };
        match words.next() {
            Some(extra) => Err(wrong(&format!("{} besides", extra.shown()))),
            None => Ok(Text { source: source.trim().to_owned(), bytes: text.bytes, when }),
        }
    }

    /// Reads a list, a text in each line; empty lines and those that begin with `#` are left out.
    ///
    /// # Errors
    /// One sentence that begins with the number of the line.
    pub fn list(source: &str) -> Result<Vec<Text>, String> {
        let lines = source.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        lines.map(|(n, line)| Text::parse(line).map_err(|e| format!("{n}: {e}"))).collect()
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// How long one typed byte takes: what a line of 115200 baud needs for 10 bits, rounded up.
const BYTE: u64 = 86_806;
/// How long to wait before a receiver that has no room is asked again, in nanoseconds.
const ASK_AGAIN: u64 = 1_000_000;
/// How long a receiver may have no room before the text is given up, in nanoseconds.
const PATIENCE: u64 = 10_000_000_000;

/// Bytes that are kept of an escape sequence: a window's title may be as long as it likes.
const KEPT_OF_ESCAPE: usize = 8;

/// What is to be done at a time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing until then; `None`: until the guest prints something.
    Wait(Option<u64>),
    /// This byte is due: [`Typing::typed`] says what came of it.
    Byte(u8),
}

/// A list of texts, and how far it has come.
#[derive(Debug, Default)]
pub(super) struct Typing {
    texts: VecDeque<Text>,
    /// When the next byte is due; `None`: what the first text waits for has not been printed.
    due: Option<u64>,
    /// Bytes of the first text that were typed.
    sent: usize,
    /// Since when the receiver has had no room.
    waiting: Option<u64>,
    /// The last of what the guest has printed of its present line since the last text, without escape sequences: as much
    /// as the text waits for.
    line: Vec<u8>,
    /// An escape sequence under way.
    escape: Vec<u8>,
}

impl Typing {
    pub fn new(texts: Vec<Text>) -> Typing {
        let mut typing = Typing { texts: texts.into(), ..Typing::default() };
        typing.prepare(0);
        typing
    }

    /// The first text's turn has come.
    fn prepare(&mut self, now: u64) {
        self.sent = 0;
        self.waiting = None;
        self.line.clear();
        self.escape.clear();
        self.due = match self.texts.front().map(|text| &text.when) {
            None | Some(When::After(..)) => None,
            Some(When::Next) => Some(now),
            Some(When::At(at)) => Some(now.max(*at)),
        };
    }

    /// The guest has printed a byte. True when a text is due because of it.
    pub fn printed(&mut self, now: u64, byte: u8) -> bool {
        let Some(Text { when: When::After(wanted, delay), .. }) = self.texts.front() else { return false };
        if self.due.is_some() {
            return false;
        }
        if byte == b'\n' {
            self.line.clear();
            self.escape.clear();
            return false;
        }
        if !self.escape.is_empty() || byte == ansi::ESC {
            // What kind it is stands at its beginning, whether it is over at its end.
            if self.escape.len() == KEPT_OF_ESCAPE {
                self.escape.remove(2);
            }
            self.escape.push(byte);
            if ansi::is_whole(&self.escape) {
                self.escape.clear();
            }
            return false;
        }
        if self.line.len() == wanted.len() {
            self.line.remove(0);
        }
        self.line.push(byte);
        let found = self.line == *wanted;
        if found {
            self.due = Some(now.saturating_add(*delay));
        }
        found
    }

    /// What is to be done now.
    pub fn step(&self, now: u64) -> Step {
        match (self.due, self.texts.front().and_then(|text| text.bytes.get(self.sent))) {
            (Some(due), Some(&byte)) if due <= now => Step::Byte(byte),
            (due, _) => Step::Wait(due),
        }
    }

    /// The byte of [`Typing::step`] has found room, or not. Returns the text with its end typed, or the sentence about one that
    /// was given up.
    pub fn typed(&mut self, now: u64, room: bool) -> Option<Result<Text, String>> {
        if room {
            self.sent += 1;
            self.waiting = None;
            self.due = Some(now + BYTE);
            if self.texts.front().is_some_and(|text| self.sent < text.bytes.len()) {
                return None;
            }
            let done = self.texts.pop_front();
            self.prepare(now + BYTE);
            return done.map(Ok);
        }
        self.due = Some(now + ASK_AGAIN);
        if now - *self.waiting.get_or_insert(now) < PATIENCE {
            return None;
        }
        let sent = self.sent;
        let given_up = self.texts.pop_front();
        self.prepare(now);
        given_up.map(|text| {
            Err(format!(
                "the guest's receiver on the console had no room for {}: of {} ({} bytes) {sent} were typed, the rest was \
                 given up at {}",
                Duration::from_nanos(PATIENCE),
                text.source,
                text.bytes.len(),
                Instant::from_nanos(now)
            ))
        })
    }

    /// What is still waiting at the end of a run: a sentence.
    pub fn left(&self) -> Option<String> {
        let first = self.texts.front()?;
        let more = match self.texts.len() {
            1 => String::new(),
            n => format!(", nor the {} behind it", n - 1),
        };
        Some(format!("{} was not typed before the run ended{more}", first.source))
    }
}

impl Text {
    /// What is typed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn typing(texts: &[&str]) -> Typing {
        Typing::new(texts.iter().map(|text| Text::parse(text).expect(text)).collect())
    }

    /// Types all that is due from `now` on; the bytes, and when the next is due.
    fn type_all(typing: &mut Typing, mut now: u64) -> (String, Option<u64>) {
        let mut typed = String::new();
        loop {
            match typing.step(now) {
                Step::Byte(byte) => {
                    typed.push(char::from(byte));
                    typing.typed(now, true);
                }
                Step::Wait(Some(due)) if due < now + SECOND => now = due,
                Step::Wait(due) => return (typed, due),
            }
        }
    }

    #[test]
    fn each_text_waits_for_its_own_time_or_line_in_the_order_given() {
        let mut typing = typing(&[r#""a\r" at 5s"#, r#""b" 2s after "$""#, r#""c""#, r#""d" at 1s"#]);
        assert_eq!(type_all(&mut typing, 0), (String::new(), Some(5 * SECOND)));
        assert!(!typing.printed(SECOND, b'$'), "what was printed before its turn counted");
        assert_eq!(type_all(&mut typing, 5 * SECOND), ("a\r".to_owned(), None));
        assert!(!typing.printed(6 * SECOND, b'x') && typing.printed(6 * SECOND, b'$'));
        let (typed, due) = type_all(&mut typing, 6 * SECOND);
        assert_eq!((typed.as_str(), due), ("", Some(8 * SECOND)));
        assert_eq!(type_all(&mut typing, 8 * SECOND), ("bcd".to_owned(), None));
        assert_eq!(typing.left(), None);
    }

    #[test]
    fn a_prompt_is_found_without_its_colours_and_within_one_line() {
        let mut typing = typing(&[r#""x" after "uart:~$""#]);
        for &byte in b"uart:~\n$\x1b[1;32muart:" {
            assert!(!typing.printed(0, byte));
        }
        let rest: Vec<bool> = b"~\x1b[m$".iter().map(|&byte| typing.printed(7, byte)).collect();
        assert_eq!(rest, [false, false, false, false, true]);
        assert_eq!(typing.step(7), Step::Byte(b'x'));
    }

    #[test]
    fn a_line_without_an_end_costs_no_more_than_what_is_waited_for() {
        let mut typing = typing(&[r#""x" after "uart:~$""#]);
        let endless = |typing: &mut Typing, bytes: &[u8]| {
            for &byte in bytes.iter().cycle().take(100_000) {
                assert!(!typing.printed(0, byte));
            }
            assert!(typing.line.len() <= 7 && typing.escape.len() <= 8, "what is kept grows without end");
        };
        endless(&mut typing, b"uart:~ \x1b[1m");
        typing.printed(0, b'\n');
        for &byte in b"ua\x1b]0;a title that is " {
            assert!(!typing.printed(0, byte));
        }
        endless(&mut typing, b"long ");
        let rest: Vec<bool> = b"\x1b\\rt:~$".iter().map(|&byte| typing.printed(7, byte)).collect();
        assert_eq!(rest, [false, false, false, false, false, false, true], "the sequence was never over");
    }

    #[test]
    fn a_receiver_without_room_is_asked_again_and_in_the_end_given_up_with_a_sentence() {
        let mut typing = typing(&[r#""xy""#, r#""z""#]);
        typing.typed(0, true);
        let mut now = BYTE;
        let said = loop {
            assert_eq!(typing.step(now), Step::Byte(b'y'), "at {now}");
            if let Some(said) = typing.typed(now, false) {
                break said.expect_err("it was not typed");
            }
            now += ASK_AGAIN;
        };
        assert!(said.contains("10 s") && said.contains("\"xy\" (2 bytes) 1 were typed"), "{said}");
        assert_eq!(typing.step(now), Step::Byte(b'z'), "the next text has its turn");
        assert!(typing.left().is_some_and(|left| left.contains("\"z\"")));
    }

    #[test]
    fn a_faulty_text_is_refused_with_what_was_expected() {
        for (source, part) in [
            ("", "found nothing"),
            ("wifi scan at 5s", "in quotes"),
            (r#""" at 5s"#, "at least one byte"),
            (r#""a" at"#, "nothing after 'at'"),
            (r#""a" at 5"#, "without a unit"),
            (r#""a" 5s"#, "a time without"),
            (r#""a" after"#, "nothing after 'after'"),
            (r#""a" after "b\n""#, "within one line"),
            (r#""a" at 5s "b""#, "besides"),
            (r#""a" when "b""#, "besides"),
        ] {
            let error = Text::parse(source).expect_err(source);
            assert!(error.contains(part), "{source}: {error}");
        }
        let list = Text::list("# what a user types\n\n\"a\" at 5s\n  \"b\"\n").expect("a list");
        assert_eq!(list.iter().map(Text::source).collect::<Vec<_>>(), [r#""a" at 5s"#, r#""b""#]);
        assert!(Text::list("\"a\"\nb\n").is_err_and(|e| e.starts_with("2: expected a text in quotes")));
    }
}
