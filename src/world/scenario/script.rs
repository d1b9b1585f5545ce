//! The script of a scripted peer: `[host.NAME.script]`, in the words of transcripts.
//!
//! What `>` says the peer sends, what `<` says must come to it.

use super::report::Problems;
use super::table::Section;
use crate::net::config::ScriptStep;
use crate::time::Duration;
use crate::world::quantity;
use crate::world::spelling::{one_of, shown};

/// How long a line may take where nothing else is said, as in transcripts.
const PATIENCE: Duration = Duration::from_secs(60);
/// The words that a line can begin with.
const WORDS: [&str; 9] = [">", ">|", "<", "<|", "within", "wait", "close", "reset", "again"];

/// Reads the lines of a script.
pub(super) fn read(problems: &mut Problems, section: &Section) -> Vec<ScriptStep> {
    let Some(text) = section.string(problems, "lines") else { return Vec::new() };
    match parse(text) {
        Ok(steps) => steps,
        Err(message) => {
            section.complain(problems, "lines", &message);
            Vec::new()
        }
    }
}

fn parse(text: &str) -> Result<Vec<ScriptStep>, String> {
    let mut steps: Vec<ScriptStep> = Vec::new();
    let mut within = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |message: String| format!("line {}: {message}", index + 1);
        if matches!(steps.last(), Some(ScriptStep::Close | ScriptStep::Reset | ScriptStep::Again)) {
            return Err(at(format!(
                "expected nothing after `close`, `reset` or `again`, found {}",
                shown(line)
            )));
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let step = match word {
            ">" => ScriptStep::Send(bytes(rest, true).map_err(at)?),
            ">|" => ScriptStep::Send(bytes(rest, false).map_err(at)?),
            "<" | "<|" => {
                let data = bytes(rest, word == "<").map_err(at)?;
                if data.is_empty() {
                    return Err(at("expected at least one byte after `<|`, found none".to_owned()));
                }
                ScriptStep::Expect { data, within: within.take().unwrap_or(PATIENCE) }
            }
            "within" => {
                within = Some(quantity::delay(rest).map_err(at)?);
                continue;
            }
            "wait" => ScriptStep::Wait(quantity::delay(rest).map_err(at)?),
            "close" if rest.is_empty() => ScriptStep::Close,
            "reset" if rest.is_empty() => ScriptStep::Reset,
            "again" if rest.is_empty() => ScriptStep::Again,
            _ => {
                return Err(at(format!(
                    "expected a line that begins with {}, found {}",
                    one_of(WORDS),
                    shown(line)
                )));
            }
        };
        steps.push(step);
    }
    let waits = |step: &ScriptStep| match step {
        ScriptStep::Expect { .. } => true,
        ScriptStep::Wait(time) => *time > Duration::ZERO,
        _ => false,
    };
    if steps.last() == Some(&ScriptStep::Again) && !steps.iter().any(waits) {
        return Err("expected a line that takes time, such as `wait 1s`, in a script with `again`".to_owned());
    }
    Ok(steps)
}

/// What stands behind `>` or `<`, with the escapes of transcripts; a line has CR LF at its end.
fn bytes(text: &str, line: bool) -> Result<Vec<u8>, String> {
    const ESCAPES: &str = "expected `\\r`, `\\n`, `\\t`, `\\\\` or `\\xNN` for a backslash";
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let (byte, length) = match rest.as_bytes().first() {
            Some(b'r') => (b'\r', 1),
            Some(b'n') => (b'\n', 1),
            Some(b't') => (b'\t', 1),
            Some(b'\\') => (b'\\', 1),
            Some(b'x') => {
                let hex = rest.get(1..3).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                (hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).ok_or(ESCAPES)?, 3)
            }
            _ => return Err(format!("{ESCAPES}, found {}", shown(text))),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    if line {
        bytes.extend_from_slice(b"\r\n");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_transcripts_are_read() {
        let text = "# a greeting\n> hello\nwithin 5 s\n< \\x02ok\n\n>| a\\\\b\\r\nwait 1.5s\n<|x\nagain";
        let steps = parse(&text.replace("<|x", "<| x")).expect("a script");
        let expect = |data: &[u8], within| ScriptStep::Expect { data: data.to_vec(), within };
        let expected = [
            ScriptStep::Send(b"hello\r\n".to_vec()),
            expect(b"\x02ok\r\n", Duration::from_secs(5)),
            ScriptStep::Send(b"a\\b\r".to_vec()),
            ScriptStep::Wait(Duration::from_millis(1500)),
            expect(b"x", PATIENCE),
            ScriptStep::Again,
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, message) in [
            (
                "> a\nsend b",
                "line 2: expected a line that begins with `>`, `>|`, `<`, `<|`, `within`, `wait`, `close`, `reset` or `again`, found `send b`",
            ),
            ("> \\q", "line 1: expected `\\r`, `\\n`, `\\t`, `\\\\` or `\\xNN` for a backslash, found `\\q`"),
            ("close\n> a", "line 2: expected nothing after `close`, `reset` or `again`, found `> a`"),
            (
                "> a\nwait 0\nagain",
                "expected a line that takes time, such as `wait 1s`, in a script with `again`",
            ),
            ("<|", "line 1: expected at least one byte after `<|`, found none"),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
    }
}
