//! AT+SYSMSGFILTER and AT+SYSMSGFILTERCFG: what the host does not want to read.
//!
//! A filter has a regular expression for the head of a message, one for its tail, or both. Where a message matches what
//! the filter has, the matching parts are left out and the rest goes to the host. Messages are looked at one by one, as
//! they are written; echo, prompts and data alone are never touched (a guess).
//!
//! The expressions are POSIX basic ones over bytes. They are written anew for a matcher of another notation, with a
//! character for each byte; back references, which it does not have, are refused like a mistake.

use regex_lite::{Regex, RegexBuilder};

/// Most filters (a guess: the module's heap is the limit).
const MOST: usize = 32;
/// Most memory for one expression, bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// One filter.
#[derive(Clone, Debug)]
struct Filter {
    head: Vec<u8>,
    tail: Vec<u8>,
    expressions: [Option<Regex>; 2],
}

/// The filters, and whether they are in force. All of it is gone after a restart.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    enabled: bool,
    filters: Vec<Filter>,
}

impl Filters {
    /// Whether they are in force.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Puts them in force, or no longer.
    pub fn enable(&mut self, on: bool) {
        self.enabled = on;
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.filters.clear();
    }

    /// The expressions of each, in the order in which they came.
    pub fn expressions(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.filters.iter().map(|filter| (&filter.head[..], &filter.tail[..]))
    }

    /// Adds one. False when an expression is none, or when there are too many.
    pub fn add(&mut self, head: &[u8], tail: &[u8]) -> bool {
        if self.filters.len() >= MOST {
            return false;
        }
        let mut expressions = [None, None];
        for (place, text) in expressions.iter_mut().zip([head, tail]) {
            if text.is_empty() {
                continue;
            }
            let Some(expression) = compile(text) else { return false };
            *place = Some(expression);
        }
        self.filters.push(Filter { head: head.to_vec(), tail: tail.to_vec(), expressions });
        true
    }

    /// Removes one. False when there is none like it.
    pub fn remove(&mut self, head: &[u8], tail: &[u8]) -> bool {
        let place = self.filters.iter().position(|filter| filter.head == head && filter.tail == tail);
        place.map(|place| self.filters.remove(place)).is_some()
    }

    /// What of a message the host reads. `None`: all of it.
    pub fn strained(&self, message: &[u8]) -> Option<Vec<u8>> {
        if !self.enabled || self.filters.is_empty() {
            return None;
        }
        let text = characters(message);
        self.filters.iter().find_map(|filter| filter.strained(&text))
    }
}

impl Filter {
    fn strained(&self, text: &str) -> Option<Vec<u8>> {
        let [head, tail] = &self.expressions;
        let head = match head {
            Some(expression) => Some(expression.find(text)?.range()),
            None => None,
        };
        let from = head.as_ref().map_or(0, |head| head.end);
        let tail = match tail {
            // Behind the head: the two do not share a byte.
            Some(expression) => Some(expression.find_at(text, from)?.range()),
            None => None,
        };
        let kept = text
            .char_indices()
            .filter(|(at, _)| ![&head, &tail].into_iter().flatten().any(|range| range.contains(at)));
        // Each character stands for a byte.
        Some(kept.filter_map(|(_, c)| u8::try_from(c).ok()).collect())
    }
}

/// A character for each byte.
fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// A POSIX basic regular expression; `None` when it is none.
fn compile(text: &[u8]) -> Option<Regex> {
    let pattern = translated(&characters(text))?;
    RegexBuilder::new(&pattern).dot_matches_new_line(true).size_limit(SIZE_LIMIT).build().ok()
}

/// The same in the matcher's notation.
fn translated(basic: &str) -> Option<String> {
    let literal = |c: char| if is_plain(c) { c.to_string() } else { format!("\\{c}") };
    let mut pattern = String::new();
    let mut rest = basic.chars().peekable();
    // At the beginning of the whole, or of a group: `*` is a character there, and `^` an anchor.
    let mut first = true;
    while let Some(c) = rest.next() {
        let at_start = std::mem::replace(&mut first, false);
        match c {
            '^' if at_start => {
                pattern.push('^');
                first = true;
            }
            '$' if rest.peek().is_none() => pattern.push('$'),
            '.' => pattern.push('.'),
            '*' if !at_start => pattern.push('*'),
            '[' => pattern.push_str(&bracket(&mut rest)?),
            '\\' => match rest.next()? {
                '(' => {
                    pattern.push('(');
                    first = true;
                }
                ')' => pattern.push(')'),
                '{' => {
                    pattern.push('{');
                    loop {
                        match (rest.next()?, rest.peek()) {
                            ('\\', Some('}')) => break,
                            (c, _) if c.is_ascii_digit() || c == ',' => pattern.push(c),
                            _ => return None,
                        }
                    }
                    rest.next();
                    pattern.push('}');
                }
                c if c.is_ascii_digit() => return None,
                c => pattern.push_str(&literal(c)),
            },
            c => pattern.push_str(&literal(c)),
        }
    }
    Some(pattern)
}

/// Whether a character stands for itself in the matcher's notation. A backslash before `<` and `>` would make the beginning
/// and the end of a word of them.
fn is_plain(c: char) -> bool {
    !c.is_ascii_punctuation() || matches!(c, '<' | '>')
}

/// A bracket expression, from behind its `[`.
fn bracket(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut set = String::from("[");
    if rest.next_if_eq(&'^').is_some() {
        set.push('^');
    }
    let mut empty = true;
    loop {
        let c = rest.next()?;
        match c {
            ']' if !empty => break,
            '[' if rest.peek() == Some(&':') => {
                let mut class = String::from("[");
                for c in rest.by_ref() {
                    class.push(c);
                    if class.ends_with(":]") && class.len() > 3 {
                        break;
                    }
                }
                set.push_str(&class);
            }
            // A range, unless it stands first or last.
            '-' if !empty && rest.peek().is_some_and(|next| *next != ']') => set.push('-'),
            c if is_plain(c) => set.push(c),
            c => {
                set.push('\\');
                set.push(c);
            }
        }
        empty = false;
    }
    set.push(']');
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a message.
    fn left(head: &str, tail: &str, message: &str) -> Option<String> {
        let mut filters = Filters::default();
        assert!(filters.add(head.as_bytes(), tail.as_bytes()), "{head} {tail}");
        filters.enable(true);
        filters.strained(message.as_bytes()).map(|bytes| String::from_utf8(bytes).expect("text"))
    }

    #[test]
    fn what_matches_head_and_tail_is_left_out_and_the_rest_stays() {
        let get = |message: &str| left("^+HTTPCGET:[0-9]*,", "\r\n$", message);
        assert_eq!(get("+HTTPCGET:4,data\r\n"), Some("data".into()), "the documentation's example");
        assert_eq!(get("+HTTPCGET:4,data"), None, "the tail is not there");
        assert_eq!(get("data\r\n"), None, "the head is not there");
        assert_eq!(left("", "\r\nOK\r\n$", "\r\nOK\r\n"), Some(String::new()));
        assert_eq!(left("^WIFI CONNECTED\r\n", "", "WIFI CONNECTED\r\n"), Some(String::new()));
        assert_eq!(left("^WIFI CONNECTED\r\n", "", "WIFI GOT IP\r\n"), None);
    }

    #[test]
    fn the_notation_is_that_of_posix_basic_expressions() {
        for (expression, text, matches) in [
            ("a+b", "a+b", true),
            ("a+b", "aab", false),
            ("a\\{2,3\\}b", "aab", true),
            ("a\\{2,3\\}b", "ab", false),
            ("\\(ab\\)*c", "ababc", true),
            ("*a", "*a", true),
            ("a.b", "a\nb", true),
            ("[]x]", "]", true),
            ("[^a-c]", "b", false),
            ("[[:digit:]]x", "7x", true),
            ("a|b", "a", false),
            ("(a)", "(a)", true),
            ("a$b", "a$b", true),
            ("a<b>", "xa<b>y", true),
            ("<", "a b", false),
            ("\\<a\\>", "<a>", true),
            ("\\<a\\>", "a", false),
            ("[<>]", "<", true),
            ("[<>]", "a", false),
        ] {
            let found = compile(expression.as_bytes()).expect(expression).is_match(text);
            assert_eq!(found, matches, "{expression} in {text:?}");
        }
        for bad in ["[a", "\\(a", "a\\{2", "\\(a\\)\\1", "a\\"] {
            assert!(compile(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
