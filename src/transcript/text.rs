//! What goes over the wire as a transcript writes it: escapes, holes, repetitions.
//!
//! The same notation stands in host lines and in module lines. A backslash begins an escape: `\r`, `\n`, `\t`,
//! `\\`, `\{` and `\xNN`. A brace begins a hole, `{name}` or `{name:kind}`, a repetition, `{"text"*n}`, or what differs
//! between profiles, `{by-profile esp8266 "1", all "2"}`.

use std::fmt::Write;
use std::ops::Range;

use super::profiles;
use crate::profile::Profile;

/// Begins what differs between profiles.
const BY_PROFILE: &str = "{by-profile ";
/// Longest text that one repetition makes, bytes.
const LONGEST_REPETITION: usize = 1 << 20;

/// What a hole takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One or more bytes, no CR or LF.
    Text,
    /// A decimal number from `min` to `max`.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// Six pairs of lower-case hex digits with colons.
    Mac,
    /// An IPv4 or IPv6 address.
    Ip,
}

/// A part of a line that may vary. The same name stands for the same bytes everywhere in a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Its name.
    pub name: String,
    /// What it takes; `None`: what the name took first, or text.
    pub kind: Option<Kind>,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// These bytes.
    Literal(Vec<u8>),
    /// A hole.
    Hole(Hole),
}

/// A mistake: where in the text (bytes), and what was expected.
pub(super) type Mistake = (Range<usize>, String);

/// Appends bytes, as one literal with those before.
pub(super) fn push(elements: &mut Vec<Element>, bytes: &[u8]) {
    match elements.last_mut() {
        Some(Element::Literal(literal)) => literal.extend_from_slice(bytes),
        _ => elements.push(Element::Literal(bytes.to_vec())),
    }
}

/// Reads `text` for a module of this profile. Holes come out with the ranges where they stand.
pub(super) fn read(text: &str, profile: &Profile) -> Result<(Vec<Element>, Vec<Range<usize>>), Mistake> {
    let mut reader = Reader { text, at: 0 };
    let (mut elements, mut holes) = (Vec::new(), Vec::new());
    while let Some(c) = reader.peek() {
        let start = reader.at;
        match c {
            '\\' => push(&mut elements, &[reader.escape()?]),
            '{' if reader.rest().starts_with("{\"") => push(&mut elements, &reader.repetition()?),
            '{' if reader.rest().starts_with(BY_PROFILE) => push(&mut elements, &reader.by_profile(profile)?),
            '{' => {
                elements.push(Element::Hole(reader.hole()?));
                holes.push(start..reader.at);
            }
            c if c.is_control() => {
                let expected = "expected printable characters; a tab is written `\\t`, any byte `\\xNN`";
                return Err((start..start + c.len_utf8(), expected.to_owned()));
            }
            c => {
                reader.at += c.len_utf8();
                push(&mut elements, &text.as_bytes()[start..reader.at]);
            }
        }
    }
    if text.ends_with(' ') {
        let end = text.trim_end_matches(' ').len();
        let expected = "expected no blanks at the end of the line, where nobody sees them; write `\\x20`";
        return Err((end..text.len(), expected.to_owned()));
    }
    Ok((elements, holes))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// From a backslash on.
    fn escape(&mut self) -> Result<u8, Mistake> {
        let (start, rest) = (self.at, self.rest());
        let (byte, length) = match rest.as_bytes() {
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', c @ (b'\\' | b'{' | b'"'), ..] => (*c, 2),
            [b'\\', b'x', h, l, ..] if h.is_ascii_hexdigit() && l.is_ascii_hexdigit() => {
                let byte = u8::from_str_radix(&rest[2..4], 16).unwrap_or_default();
                (byte, 4)
            }
            _ => {
                let next = rest.chars().nth(1).map_or(0, char::len_utf8);
                let expected = "expected `\\r`, `\\n`, `\\t`, `\\\\`, `\\{`, `\\\"` or `\\xNN`; a backslash is \
                                written `\\\\`";
                return Err((start..start + 1 + next, expected.to_owned()));
            }
        };
        self.at += length;
        Ok(byte)
    }

    /// From behind an opening quote to before the closing one. `None`: there is none.
    fn quoted(&mut self) -> Result<Option<Vec<u8>>, Mistake> {
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                Some('"') => return Ok(Some(bytes)),
                Some('\\') => bytes.push(self.escape()?),
                Some(c) => {
                    bytes.extend_from_slice(&self.rest().as_bytes()[..c.len_utf8()]);
                    self.at += c.len_utf8();
                }
                None => return Ok(None),
            }
        }
    }

    /// From `{by-profile ` on: the text of the first alternative that this profile has.
    fn by_profile(&mut self, profile: &Profile) -> Result<Vec<u8>, Mistake> {
        let start = self.at;
        let malformed = |end| {
            let expected = "expected texts for profiles such as `{by-profile esp8266 \"1\", all \"2\"}`";
            Err((start..end, expected.to_owned()))
        };
        self.at += BY_PROFILE.len();
        let mut chosen = None;
        loop {
            let words = self.at;
            let Some(length) = self.rest().find('"') else { return malformed(self.text.len()) };
            let names = self.rest()[..length].trim();
            let place = words..words + names.len().max(1);
            let named = profiles::select(names.split(' ')).map_err(|message| (place, message))?;
            self.at += length + 1;
            let Some(bytes) = self.quoted()? else { return malformed(self.at) };
            self.at += 1;
            if chosen.is_none() && named.iter().any(|p| p.name == profile.name) {
                chosen = Some(bytes);
            }
            match self.rest().strip_prefix(", ") {
                Some(_) => self.at += 2,
                None if self.rest().starts_with('}') => break,
                None => return malformed(self.at),
            }
        }
        self.at += 1;
        chosen.ok_or_else(|| (start..self.at, format!("expected a text for {}, or for `all`", profile.name)))
    }

    /// From `{"` on: `{"text"*n}`.
    fn repetition(&mut self) -> Result<Vec<u8>, Mistake> {
        let start = self.at;
        let expected = "expected a repetition such as `{\"ab\"*100}`";
        self.at += 2;
        let Some(bytes) = self.quoted()? else { return Err((start..self.at, expected.to_owned())) };
        let tail = self.rest();
        let end = tail.find('}').map_or(tail.len(), |i| i + 1);
        self.at += end;
        let count = tail[..end].strip_prefix("\"*").and_then(|t| t.strip_suffix('}'));
        let count =
            count.filter(|c| c.bytes().all(|b| b.is_ascii_digit())).and_then(|c| c.parse::<usize>().ok());
        let Some(count) = count.filter(|_| !bytes.is_empty()) else {
            return Err((start..self.at, expected.to_owned()));
        };
        match bytes.len().checked_mul(count) {
            Some(length) if (1..=LONGEST_REPETITION).contains(&length) => Ok(bytes.repeat(count)),
            _ => Err((start..self.at, format!("expected a repetition of 1 to {LONGEST_REPETITION} bytes"))),
        }
    }

    /// From `{` on: `{name}` or `{name:kind}`.
    fn hole(&mut self) -> Result<Hole, Mistake> {
        let (start, rest) = (self.at, self.rest());
        let Some(end) = rest.find('}') else {
            let expected = "expected `}` at the end of the hole; a brace of the text is written `\\{`";
            return Err((start..self.text.len(), expected.to_owned()));
        };
        self.at += end + 1;
        let place = start..self.at;
        let (name, kind) = match rest[1..end].split_once(':') {
            None => (&rest[1..end], None),
            Some((name, kind)) => (name, Some(kind)),
        };
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if !is_name {
            let expected = "expected a name of small letters, digits, `-` and `_`, as in `{local-port:int}`; \
                            a brace of the text is written `\\{`";
            return Err((place, expected.to_owned()));
        }
        let kind = match kind {
            None => None,
            Some(kind) => Some(read_kind(kind).ok_or_else(|| {
                let expected = "expected `int`, `mac`, `ip` or a range such as `34..40` after the colon";
                (place, expected.to_owned())
            })?),
        };
        Ok(Hole { name: name.to_owned(), kind })
    }
}

fn read_kind(kind: &str) -> Option<Kind> {
    match kind {
        "int" => Some(Kind::Int { min: i64::MIN, max: i64::MAX }),
        "mac" => Some(Kind::Mac),
        "ip" => Some(Kind::Ip),
        range => {
            let (min, max) = range.split_once("..")?;
            let (min, max) = (min.parse().ok()?, max.parse().ok()?);
            (min <= max).then_some(Kind::Int { min, max })
        }
    }
}

/// Bytes as a transcript writes them, on one line.
pub(super) fn escape(bytes: &[u8]) -> String {
    let mut text = escape_part(bytes);
    if text.ends_with(' ') {
        text.pop();
        text.push_str("\\x20");
    }
    text
}

/// Bytes with more behind them on the same line.
fn escape_part(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b'{' => text.push_str("\\{"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02X}");
            }
        }
    }
    text
}

/// A pattern as a transcript writes it, on one line.
pub(super) fn write(elements: &[Element]) -> String {
    elements
        .iter()
        .map(|element| match element {
            Element::Literal(bytes) => escape_part(bytes),
            Element::Hole(Hole { name, kind }) => match kind {
                None | Some(Kind::Text) => format!("{{{name}}}"),
                Some(Kind::Mac) => format!("{{{name}:mac}}"),
                Some(Kind::Ip) => format!("{{{name}:ip}}"),
                Some(Kind::Int { min: i64::MIN, max: i64::MAX }) => format!("{{{name}:int}}"),
                Some(Kind::Int { min, max }) => format!("{{{name}:{min}..{max}}}"),
            },
        })
        .collect()
}

/// Bytes as lines of a transcript: `< text` for one that ends in CR LF, `<| text` for what is left.
/// `marker` is `<` or `>`. With each line stands how many bytes it is made of.
pub(super) fn lines(marker: char, bytes: &[u8]) -> Vec<(String, usize)> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (line, length) = match rest.windows(2).position(|w| w == b"\r\n") {
            Some(0) => (marker.to_string(), 2),
            Some(end) => (format!("{marker} {}", escape(&rest[..end])), end + 2),
            None => (format!("{marker}| {}", escape(rest)), rest.len()),
        };
        lines.push((line, length));
        rest = &rest[length..];
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::PROFILES;

    #[test]
    fn texts_of_profiles_are_told_apart() {
        let of = |text: &str, profile: &str| {
            let (elements, _) = read(text, crate::profile::find(profile).expect("a profile"))?;
            let [Element::Literal(bytes)] = &elements[..] else { panic!("{elements:?}") };
            Ok::<_, Mistake>(String::from_utf8_lossy(bytes).into_owned())
        };
        let text = r#"+X:{by-profile esp8266 "0\"", esp32-v3.4 3.9.. "1}", all ""},2"#;
        assert_eq!(of(text, "esp8266-v2.2"), Ok("+X:0\",2".to_owned()));
        assert_eq!(of(text, "esp32-v3.4"), Ok("+X:1},2".to_owned()));
        assert_eq!(of(text, "esp32c6-v4.1"), Ok("+X:1},2".to_owned()));
        assert_eq!(of(text, "esp32c3-v2.3"), Ok("+X:,2".to_owned()));
        for (text, message) in [
            (r#"{by-profile esp8266 "0"}"#, "expected a text for esp32-v3.4, or for `all`"),
            (r#"{by-profile esp9 "0", all "1"}"#, "found `esp9`"),
            (r#"{by-profile all "0}"#, "expected texts for profiles such as"),
            (r#"{by-profile all "0" x}"#, "expected texts for profiles such as"),
            ("{by-profile all}", "expected texts for profiles such as"),
        ] {
            let (place, why) = of(text, "esp32-v3.4").expect_err(text);
            assert!(why.contains(message) && place.end <= text.len() && !place.is_empty(), "{text}: {why}");
        }
    }

    fn literal(text: &str) -> Vec<u8> {
        match read(text, PROFILES[0]) {
            Ok((elements, _)) => match elements.as_slice() {
                [] => Vec::new(),
                [Element::Literal(bytes)] => bytes.clone(),
                other => panic!("{text}: {other:?}"),
            },
            Err(mistake) => panic!("{text}: {mistake:?}"),
        }
    }

    #[test]
    fn escapes_and_repetitions_are_bytes() {
        assert_eq!(literal(r"a\r\n\t\\\{\x00\xfF"), b"a\r\n\t\\{\x00\xff");
        assert_eq!(literal(r#"x{"ab"*3}y"#), b"xabababy");
        assert_eq!(literal(r#"{"\"}\r"*2}"#), b"\"}\r\"}\r");
        assert_eq!(literal("caf\u{e9}"), "caf\u{e9}".as_bytes());
    }

    #[test]
    fn holes_have_names_and_kinds() {
        let (elements, places) = read("{a}-{b-2:int}{c:34..40}{m:mac}{i:ip}", PROFILES[0]).unwrap();
        assert_eq!(write(&elements), "{a}-{b-2:int}{c:34..40}{m:mac}{i:ip}");
        assert_eq!(places[1], 4..13);
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        for (text, at, expected) in [
            (r"ab\q", 2..4, "a backslash is written"),
            (r"\x1", 0..2, "`\\xNN`"),
            ("a {b", 2..4, "`}`"),
            ("a {B} c", 2..5, "a name"),
            ("{}", 0..2, "a name"),
            ("{a:float}", 0..9, "`int`, `mac`, `ip`"),
            ("{a:9..3}", 0..8, "a range"),
            (r#"{"a"}"#, 0..5, "a repetition"),
            (r#"{""*4}"#, 0..6, "a repetition"),
            (r#"{"a"*9999999}"#, 0..13, "bytes"),
            (r#"{"a"#, 0..3, "a repetition"),
            ("a  ", 1..3, "\\x20"),
            ("a\tb", 1..2, "\\t"),
        ] {
            let (place, message) = read(text, PROFILES[0]).expect_err(text);
            assert_eq!(place, at, "{text}");
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn what_is_shown_can_be_typed_again() {
        for bytes in [&b"\x00\xff\\{}\"\r\n\t x "[..], b"", b"AT+X=\"a\\,b\""] {
            assert_eq!(literal(&escape(bytes)), bytes);
        }
        let shown = |bytes: &[u8]| lines('<', bytes).into_iter().map(|(l, _)| l).collect::<Vec<_>>();
        assert_eq!(shown(b"\r\nOK\r\n\r\n>"), ["<", "< OK", "<", "<| >"]);
    }
}
