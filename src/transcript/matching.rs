//! Holds what came against what was expected.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::text::{Element, Kind};

/// What holes have taken, by name.
pub type Bound = BTreeMap<String, Vec<u8>>;

/// What a comparison comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The first `length` bytes are what was expected, and these holes took these bytes.
    Matched { length: usize, bound: Vec<(String, Vec<u8>)> },
    /// Right so far.
    Incomplete,
    /// The byte at this place is the first that cannot be right.
    Differs { at: usize },
}

/// Compares the beginning of `input` with `pattern`. A hole takes as few bytes as the rest allows.
pub fn compare(pattern: &[Element], input: &[u8], known: &Bound) -> Outcome {
    let mut bound = Vec::new();
    match attempt(pattern, input, 0, known, &mut bound) {
        Attempt::Matched(length) => Outcome::Matched { length, bound },
        Attempt::Incomplete => Outcome::Incomplete,
        Attempt::Differs { at, .. } => Outcome::Differs { at },
    }
}

/// The bytes that a host line sends; a hole is what it took before.
pub fn fill(text: &[Element], known: &Bound) -> Vec<u8> {
    let mut bytes = Vec::new();
    for element in text {
        match element {
            Element::Literal(literal) => bytes.extend_from_slice(literal),
            Element::Hole(hole) => bytes.extend(known.get(&hole.name).into_iter().flatten()),
        }
    }
    bytes
}

enum Attempt {
    Matched(usize),
    Incomplete,
    /// Where, and how many literal bytes were right behind the last hole that could have ended elsewhere. The
    /// place after the most of them is the most telling.
    Differs {
        right: usize,
        at: usize,
    },
}

fn attempt(
    pattern: &[Element],
    input: &[u8],
    at: usize,
    known: &Bound,
    bound: &mut Vec<(String, Vec<u8>)>,
) -> Attempt {
    let Some((first, rest)) = pattern.split_first() else { return Attempt::Matched(at) };
    let hole = match first {
        Element::Literal(bytes) => return literal(bytes, rest, input, at, known, bound),
        Element::Hole(hole) => hole,
    };
    let taken = bound.iter().find(|(name, _)| *name == hole.name).map(|(_, bytes)| bytes);
    if let Some(bytes) = taken.or(known.get(&hole.name)).cloned() {
        return literal(&bytes, rest, input, at, known, bound);
    }
    let kind = hole.kind.unwrap_or(Kind::Text);
    let mut outcome = Attempt::Differs { right: 0, at };
    for end in at + 1.. {
        match input.get(end - 1) {
            None => return Attempt::Incomplete,
            Some(byte) if !may_hold(kind, *byte) || end - at > longest(kind) => return outcome,
            Some(_) => {}
        }
        let bytes = &input[at..end];
        if !holds(kind, bytes) {
            continue;
        }
        bound.push((hole.name.clone(), bytes.to_vec()));
        let mark = bound.len();
        match (attempt(rest, input, end, known, bound), &outcome) {
            (Attempt::Matched(length), _) => return Attempt::Matched(length),
            (Attempt::Incomplete, _) => outcome = Attempt::Incomplete,
            (Attempt::Differs { right, at }, Attempt::Differs { right: r, at: a }) => {
                let (right, at) = (right, at).max((*r, *a));
                outcome = Attempt::Differs { right, at };
            }
            (Attempt::Differs { .. }, _) => {}
        }
        bound.truncate(mark - 1);
    }
    outcome
}

fn literal(
    bytes: &[u8],
    rest: &[Element],
    input: &[u8],
    at: usize,
    known: &Bound,
    bound: &mut Vec<(String, Vec<u8>)>,
) -> Attempt {
    let there = &input[at.min(input.len())..];
    match bytes.iter().zip(there).position(|(expected, came)| expected != came) {
        Some(offset) => Attempt::Differs { right: offset, at: at + offset },
        None if there.len() < bytes.len() => Attempt::Incomplete,
        None => match attempt(rest, input, at + bytes.len(), known, bound) {
            Attempt::Differs { right, at } => Attempt::Differs { right: right + bytes.len(), at },
            other => other,
        },
    }
}

/// Most bytes of a hole.
fn longest(kind: Kind) -> usize {
    match kind {
        Kind::Text => usize::MAX,
        Kind::Int { .. } => 20,
        Kind::Mac => 17,
        Kind::Ip => 45,
    }
}

/// Whether a hole can have this byte in it.
fn may_hold(kind: Kind, byte: u8) -> bool {
    match kind {
        Kind::Text => byte != b'\r' && byte != b'\n',
        Kind::Int { .. } => byte.is_ascii_digit() || byte == b'-',
        Kind::Mac => matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':'),
        Kind::Ip => byte.is_ascii_hexdigit() || byte == b'.' || byte == b':',
    }
}

/// Whether a hole can take these bytes.
fn holds(kind: Kind, bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    match kind {
        Kind::Text => true,
        Kind::Int { min, max } => {
            text.ok().and_then(|t| t.parse::<i64>().ok()).is_some_and(|n| (min..=max).contains(&n))
        }
        Kind::Mac => bytes.len() == 17 && bytes.iter().enumerate().all(|(i, b)| (i % 3 == 2) == (*b == b':')),
        Kind::Ip => text.is_ok_and(|t| t.parse::<IpAddr>().is_ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::read;
    use super::*;

    fn against(pattern: &str, input: &str) -> Outcome {
        let (pattern, _) = read(pattern, crate::profile::PROFILES[0]).unwrap();
        compare(&pattern, input.as_bytes(), &Bound::from([("known".to_owned(), b"80".to_vec())]))
    }

    fn taken(pattern: &str, input: &str) -> Vec<String> {
        match against(pattern, input) {
            Outcome::Matched { bound, length } => {
                assert_eq!(length, input.len(), "{pattern} on {input}");
                bound.into_iter().map(|(n, b)| format!("{n}={}", b.escape_ascii())).collect()
            }
            other => panic!("{pattern} on {input}: {other:?}"),
        }
    }

    #[test]
    fn a_hole_takes_as_few_bytes_as_the_rest_allows() {
        assert_eq!(taken(r"{a},{b}\r\n", "1,2,3\r\n"), ["a=1", "b=2,3"]);
        assert_eq!(taken(r"+P:{a:int},{b:int}\r\n", "+P:-15,7\r\n"), ["a=-15", "b=7"]);
        assert_eq!(taken(r#""{ip:ip}",{m:mac};"#, r#""192.168.1.100",02:00:0a:ff:00:01;"#).len(), 2);
        assert_eq!(taken(r#""{ip:ip}""#, r#""fe80::1""#), ["ip=fe80::1"]);
        assert_eq!(taken("{a}-{a};", "x-y-x-y;"), ["a=x-y"], "the first try is wrong");
    }

    #[test]
    fn the_same_name_takes_the_same_bytes() {
        assert_eq!(taken(r"{a}={a}\r\n", "xy=xy\r\n"), ["a=xy"]);
        assert_eq!(against(r"{a}={a}\r\n", "xy=xz\r\n"), Outcome::Differs { at: 4 });
        assert_eq!(against("{known}!", "81!"), Outcome::Differs { at: 1 });
    }

    #[test]
    fn right_so_far_is_not_wrong() {
        for input in ["", "+A", "+A:1", "+A:12", "+A:12\r"] {
            assert_eq!(against(r"+A:{n:int}\r\n", input), Outcome::Incomplete, "{input}");
        }
        assert_eq!(against(r"{a},B\r\n", "a,"), Outcome::Incomplete);
    }

    #[test]
    fn the_first_wrong_byte_is_found() {
        assert_eq!(against(r"+A:1\r\n", "+A:2\r\n"), Outcome::Differs { at: 3 });
        assert_eq!(against(r"+A:{n:int}\r\n", "+A:x\r\n"), Outcome::Differs { at: 3 });
        assert_eq!(against(r"+A:{n:34..40}\r\n", "+A:41\r\n"), Outcome::Differs { at: 3 });
        assert_eq!(against(r"+A:{n}\r\n", "+A:\r\n"), Outcome::Differs { at: 3 }, "a hole is never empty");
        assert_eq!(against(r"{m:mac}\r\n", "02:00:0A:00:00:01\r\n"), Outcome::Differs { at: 0 });
        assert_eq!(against(r"{i:ip}\r\n", "1.2.3\r\n"), Outcome::Differs { at: 0 });
    }
}
