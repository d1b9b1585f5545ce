//! The words of a console line, and what stands in quotes.

use crate::world::quantity;
use crate::world::spelling::shown;

/// A word of a line.
pub(crate) struct Word {
    /// What it says. Bytes that are no text are replaced; they belong into data, not into names.
    pub text: String,
    /// The same byte for byte.
    pub bytes: Vec<u8>,
    quoted: bool,
}

impl Word {
    /// True when this is the word `keyword` of the language; what stands in quotes is a name.
    pub fn is(&self, keyword: &str) -> bool {
        !self.quoted && self.text == keyword
    }

    /// The word, unless it stands in quotes.
    pub fn plain(&self) -> Option<&str> {
        (!self.quoted).then_some(self.text.as_str())
    }

    /// The word for a message, its quotes included.
    pub fn shown(&self) -> String {
        if self.quoted { shown(&format!("\"{}\"", self.text)) } else { shown(&self.text) }
    }
}

/// The words of a line, taken from left to right.
pub(crate) struct Words(std::iter::Peekable<std::vec::IntoIter<Word>>);

impl Words {
    pub fn split(line: &str) -> Result<Words, String> {
        let mut words = Vec::new();
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let (bytes, quoted, after) = match rest.strip_prefix('"') {
                Some(inside) => {
                    let (bytes, after) = unquoted(inside)?;
                    (bytes, true, after)
                }
                None => {
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    (rest[..end].into(), false, &rest[end..])
                }
            };
            words.push(Word { text: String::from_utf8_lossy(&bytes).into_owned(), bytes, quoted });
            rest = after.trim_start();
        }
        Ok(Words(words.into_iter().peekable()))
    }

    pub fn next(&mut self) -> Option<Word> {
        self.0.next()
    }

    /// No word is left.
    pub fn is_over(&mut self) -> bool {
        self.0.peek().is_none()
    }

    /// Takes the next word if it is `keyword`; answers whether it was.
    pub fn take(&mut self, keyword: &str) -> bool {
        self.0.next_if(|word| word.is(keyword)).is_some()
    }

    /// Takes the next word if it is a number.
    pub fn number(&mut self) -> Option<String> {
        let plain = |word: &Word| !word.quoted && word.text.bytes().all(|b| b.is_ascii_digit());
        self.0.next_if(plain).map(|word| word.text)
    }

    /// The next word; together with the one after it when that is its unit (`20 ms`).
    pub fn quantity(&mut self) -> Option<String> {
        let mut text = self.next()?.text;
        if text.ends_with(|c: char| c.is_ascii_digit())
            && let Some(unit) = self.0.next_if(|w| !w.quoted && quantity::is_unit(&w.text))
        {
            text = format!("{text} {}", unit.text);
        }
        Some(text)
    }

    /// The same when the next word begins with a digit, and no word of the language does.
    pub fn further_quantity(&mut self) -> Option<String> {
        let next = self.0.peek()?;
        if next.quoted || !next.text.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.quantity()
    }
}

/// Reads a quoted word after its opening quote. Returns it, and what follows the closing quote.
fn unquoted(inside: &str) -> Result<(Vec<u8>, &str), String> {
    const ESCAPES: &str =
        "expected `\\\"`, `\\\\`, `\\r`, `\\n`, `\\t` or `\\xNN` for a backslash within quotes";
    let mut bytes = Vec::new();
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '"' => {
                if after.starts_with(|c: char| !c.is_whitespace()) {
                    return Err(format!("expected a space after `\"{}\"`", String::from_utf8_lossy(&bytes)));
                }
                return Ok((bytes, after));
            }
            '\\' => {
                let (byte, length) = escape(after).ok_or(ESCAPES)?;
                bytes.push(byte);
                rest = &after[length..];
            }
            c => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
        }
    }
    Err(format!("expected a closing quote after {}", shown(&String::from_utf8_lossy(&bytes))))
}

/// The byte that an escape stands for, and the escape's length behind the backslash.
fn escape(text: &str) -> Option<(u8, usize)> {
    let byte = match text.as_bytes().first()? {
        b'"' => b'"',
        b'\\' => b'\\',
        b'r' => b'\r',
        b'n' => b'\n',
        b't' => b'\t',
        b'x' => {
            let hex = text.get(1..3).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
            return Some((u8::from_str_radix(hex, 16).ok()?, 3));
        }
        _ => return None,
    };
    Some((byte, 1))
}
