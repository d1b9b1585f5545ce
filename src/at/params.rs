//! Reads a command line: its name, its form, its parameters.
//!
//! Only strings and numbers exist. Strings stand in double quotes; `\\`, `\,` and `\"` are a backslash, a comma
//! and a quote, and `\x` is x for any other x. A bare comma inside quotes is taken as it is: the documentation
//! asks for an escape, but most host drivers send none.

use super::error::ErrorCode;

/// The four forms of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `AT+X=?`
    Test,
    /// `AT+X?`
    Query,
    /// `AT+X=...`
    Set,
    /// `AT+X`
    Execute,
}

/// One parameter as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// Nothing between two commas.
    Omitted,
    /// A string, unescaped.
    Text(Vec<u8>),
    /// A number.
    Number(i64),
    /// Neither: not quoted, not a number.
    Unreadable,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// What follows AT, in upper case: `""`, `E0`, `+GMR`.
    pub name: String,
    /// Its form.
    pub form: Form,
    /// Its parameters, for [`Form::Set`].
    pub params: Vec<Raw>,
    /// The first parameter with a comma inside its quotes that is not escaped. Some commands take it for the end.
    pub bare_comma: Option<usize>,
}

impl CommandLine {
    /// Reads `line` (without CR LF). Names are taken in any case, as observed on v1.3-dev.
    pub fn parse(line: &[u8]) -> Result<CommandLine, ErrorCode> {
        let rest = match line {
            [b'A' | b'a', b'T' | b't', rest @ ..] => rest,
            _ => return Err(ErrorCode::NO_AT),
        };
        let end = rest.iter().position(|b| matches!(b, b'?' | b'=')).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let name = match std::str::from_utf8(name) {
            Ok(name) => name.to_ascii_uppercase(),
            Err(_) => return Err(ErrorCode::UNSUPPORTED),
        };
        let mut bare_comma = None;
        let (form, params) = match tail {
            [] => (Form::Execute, Vec::new()),
            [b'?'] => (Form::Query, Vec::new()),
            [b'=', b'?'] => (Form::Test, Vec::new()),
            [b'=', params @ ..] => (Form::Set, split(params, &mut bare_comma)?),
            _ => return Err(ErrorCode::UNSUPPORTED),
        };
        Ok(CommandLine { name, form, params, bare_comma })
    }
}

fn split(mut bytes: &[u8], bare_comma: &mut Option<usize>) -> Result<Vec<Raw>, ErrorCode> {
    let mut params = Vec::new();
    if bytes.is_empty() {
        return Ok(params);
    }
    loop {
        let (raw, rest) = match bytes {
            [b'"', rest @ ..] => {
                let (raw, rest, bare) = text(rest).ok_or(ErrorCode::unreadable(params.len()))?;
                if bare {
                    bare_comma.get_or_insert(params.len());
                }
                (raw, rest)
            }
            _ => {
                let end = bytes.iter().position(|b| *b == b',').unwrap_or(bytes.len());
                let (word, rest) = bytes.split_at(end);
                (if word.is_empty() { Raw::Omitted } else { number(word) }, rest)
            }
        };
        params.push(raw);
        match rest {
            [] => return Ok(params),
            [b',', rest @ ..] => bytes = rest,
            // Something stands behind a closing quote.
            _ => return Err(ErrorCode::unreadable(params.len() - 1)),
        }
    }
}

/// A string from behind its opening quote, what follows its closing one, and whether it has a comma without an escape.
/// `None` when it never closes.
fn text(bytes: &[u8]) -> Option<(Raw, &[u8], bool)> {
    let mut value = Vec::new();
    let mut bare = false;
    let mut rest = bytes;
    loop {
        match rest {
            [b'\\', escaped, tail @ ..] => {
                value.push(*escaped);
                rest = tail;
            }
            [b'"', tail @ ..] => return Some((Raw::Text(value), tail, bare)),
            [byte, tail @ ..] => {
                bare |= *byte == b',';
                value.push(*byte);
                rest = tail;
            }
            [] => return None,
        }
    }
}

/// A decimal number with an optional sign, or a hexadecimal one with 0x. Leading zeros mean nothing.
fn number(word: &[u8]) -> Raw {
    let parsed =
        std::str::from_utf8(word).ok().and_then(|w| match w.strip_prefix("0x").or(w.strip_prefix("0X")) {
            Some(hex) if hex.starts_with(['+', '-']) => None,
            Some(hex) => i64::from_str_radix(hex, 16).ok(),
            None => w.parse().ok(),
        });
    parsed.map_or(Raw::Unreadable, Raw::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(line: &str) -> Result<Vec<Raw>, ErrorCode> {
        CommandLine::parse(line.as_bytes()).map(|c| c.params)
    }
    fn text(s: &str) -> Raw {
        Raw::Text(s.as_bytes().to_vec())
    }

    #[test]
    fn names_and_forms_are_told_apart() {
        let parse = |l: &str| CommandLine::parse(l.as_bytes()).map(|c| (c.name, c.form));
        assert_eq!(parse("AT"), Ok(("".into(), Form::Execute)));
        assert_eq!(parse("aTe0"), Ok(("E0".into(), Form::Execute)));
        assert_eq!(parse("AT+CIPMUX?"), Ok(("+CIPMUX".into(), Form::Query)));
        assert_eq!(parse("AT+CIPMUX=?"), Ok(("+CIPMUX".into(), Form::Test)));
        assert_eq!(parse("at+cwmode=1"), Ok(("+CWMODE".into(), Form::Set)));
        assert_eq!(parse("XY"), Err(ErrorCode::NO_AT));
        assert_eq!(parse("AT+CIPMUX? "), Err(ErrorCode::UNSUPPORTED), "trailing blank");
    }

    #[test]
    fn strings_lose_their_escapes_and_keep_bare_commas() {
        assert_eq!(set(r#"AT+X="a\"b\\c\,d\e""#), Ok(vec![text(r#"a"b\c,de"#)]));
        assert_eq!(set(r#"AT+X="a,b",1"#), Ok(vec![text("a,b"), Raw::Number(1)]));
        assert_eq!(set(r#"AT+X="a","b"#), Err(ErrorCode::unreadable(1)), "the second never closes");
        assert_eq!(set(r#"AT+X="a"b"#), Err(ErrorCode::unreadable(0)));
    }

    #[test]
    fn omitted_parameters_keep_their_commas() {
        assert_eq!(set("AT+X=,,1,"), Ok(vec![Raw::Omitted, Raw::Omitted, Raw::Number(1), Raw::Omitted]));
        assert_eq!(set("AT+X="), Ok(vec![]));
    }

    #[test]
    fn numbers_are_decimal_or_hexadecimal_and_zeros_lead_nowhere() {
        assert_eq!(set("AT+X=015,-100,0x7FF,+5"), Ok([15, -100, 0x7ff, 5].map(Raw::Number).to_vec()));
        let bad = ["abc", "1a", "0x", "0x-1", "99999999999999999999", " 1"];
        for word in bad {
            assert_eq!(set(&format!("AT+X={word}")), Ok(vec![Raw::Unreadable]), "{word}");
        }
    }
}
