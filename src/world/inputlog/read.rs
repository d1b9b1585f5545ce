//! Reads a log line by line.

use std::collections::BTreeMap;

use data_encoding::{BASE64, BASE64_NOPAD};

use super::{
    End, Input, LogError, MAGIC, OLDEST, Pace, TextHash, Truncated, VERSION, level_word, module_name,
    pin_word, run,
};
use crate::uart::{LineSettings, McuLoss};
use crate::world::scenario::SavedText;
use crate::world::spelling::{one_of, shown};
use crate::world::{McuTx, Pin};

const VERBS: [&str; 10] =
    ["attach", "detach", "uart", "pin", "line", "printed", "overrun", "lan", "console", "reach"];

/// What the body of a log holds.
#[derive(Default)]
pub(super) struct Body {
    pub inputs: Vec<Input>,
    /// The number of the line of each.
    pub lines: Vec<usize>,
    pub end: Option<End>,
    pub truncated: Option<Truncated>,
}

/// A log while it is read.
pub(super) struct Reader<'a> {
    all: &'a str,
    rest: &'a str,
    /// Number of the line read last, from 1.
    line: usize,
    /// Modules attached so far: name and id.
    modules: BTreeMap<String, u32>,
}

/// A line, and whether its line feed is there.
struct Line<'a> {
    text: &'a str,
    whole: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Reader { all: text, rest: text, line: 0, modules: BTreeMap::new() }
    }

    /// The first two lines. Returns the version of espat-sim that wrote the log.
    pub(super) fn header(&mut self) -> Result<String, LogError> {
        let expected = format!("`{MAGIC}{VERSION}`");
        let text = self.header_line(&expected)?;
        if text.ends_with('\r') {
            return Err(self.wrong("expected lines that end in a line feed alone, found a carriage return before it: the log's line endings were changed"));
        }
        let Some(version) = text.strip_prefix(MAGIC) else {
            return Err(self.expected(&expected, text));
        };
        match version.parse::<u32>() {
            Ok(OLDEST..=VERSION) => {}
            Ok(1) => {
                return Err(self.wrong(&format!(
                    "the log has version 1 of the format, which was before any release; this espat-sim reads version {OLDEST} and later: make the run again"
                )));
            }
            Ok(newer) if newer > VERSION => {
                return Err(self.wrong(&format!(
                    "the log has version {newer} of the format, this espat-sim reads versions up to {VERSION}: expected an espat-sim that is newer"
                )));
            }
            _ => return Err(self.expected(&expected, text)),
        }
        let text = self.header_line("`crate VERSION`")?;
        match text.strip_prefix("crate ") {
            Some(version) if !version.is_empty() => Ok(version.to_string()),
            _ => Err(self.expected("`crate VERSION`", text)),
        }
    }

    pub(super) fn seed(&mut self) -> Result<u64, LogError> {
        let text = self.header_line("`seed NUMBER`")?;
        text.strip_prefix("seed ").and_then(number).ok_or_else(|| self.expected("`seed NUMBER`", text))
    }

    /// Name and text of the scenario.
    pub(super) fn scenario(&mut self) -> Result<(String, String), LogError> {
        let expected = "`scenario \"NAME\" N bytes M lines`";
        let text = self.header_line(expected)?;
        let parsed = text.strip_prefix("scenario ").and_then(|rest| {
            let (name, rest) = unquoted(rest).ok()?;
            let (bytes, rest) = rest.strip_prefix(' ')?.split_once(" bytes ")?;
            Some((name, number(bytes)?, number(rest.strip_suffix(" lines")?)?))
        });
        let Some((name, bytes, lines)) = parsed else { return Err(self.expected(expected, text)) };
        Ok((name, self.block("scenario", bytes, lines)?))
    }

    /// Files that the scenario names: any number of texts, each with its path.
    pub(super) fn files(&mut self) -> Result<Vec<(String, Vec<u8>)>, LogError> {
        let mut files = Vec::new();
        while self.rest.starts_with("file ") {
            let expected = "`file \"FILE\" N bytes M lines`, or `base64` behind that";
            let text = self.header_line(expected)?;
            let parsed = text.strip_prefix("file ").and_then(|rest| {
                let (path, rest) = unquoted(rest).ok()?;
                let (bytes, rest) = rest.strip_prefix(' ')?.split_once(" bytes ")?;
                let (lines, rest) = rest.split_once(" lines")?;
                let encoded = matches!(rest, " base64");
                (encoded || rest.is_empty()).then_some((path, number(bytes)?, number(lines)?, encoded))
            });
            let Some((path, bytes, lines, encoded)) = parsed else {
                return Err(self.expected(expected, text));
            };
            let content = match encoded {
                true => self.encoded_block(bytes, lines)?,
                false => self.block("file", bytes, lines)?.into_bytes(),
            };
            files.push((path, content));
        }
        Ok(files)
    }

    /// The lines of a file in Base64, each after a `|`.
    fn encoded_block(&mut self, bytes: u64, lines: u64) -> Result<Vec<u8>, LogError> {
        let mut content = Vec::new();
        for n in 1..=lines {
            let expected = format!("line {n} of the file's {lines}, Base64 after a `|`");
            let text = self.header_line(&expected)?;
            let line = text.strip_prefix('|').and_then(|line| BASE64.decode(line.as_bytes()).ok());
            content.extend(line.ok_or_else(|| self.expected(&expected, text))?);
        }
        if u64::try_from(content.len()) != Ok(bytes) {
            let found = content.len();
            return Err(self.wrong(&format!(
                "expected a file of {bytes} bytes, found {found}: the text above was changed"
            )));
        }
        Ok(content)
    }

    /// What modules had saved: any number of texts, each with the names of its module and its file.
    pub(super) fn saved(&mut self) -> Result<Vec<(String, SavedText)>, LogError> {
        let mut saved = Vec::new();
        while self.rest.starts_with("saved ") {
            let expected = "`saved \"MODULE\" \"FILE\" N bytes M lines`";
            let text = self.header_line(expected)?;
            let parsed = text.strip_prefix("saved ").and_then(|rest| {
                let (module, rest) = unquoted(rest).ok()?;
                let (name, rest) = unquoted(rest.strip_prefix(' ')?).ok()?;
                let (bytes, rest) = rest.strip_prefix(' ')?.split_once(" bytes ")?;
                Some((module, name, number(bytes)?, number(rest.strip_suffix(" lines")?)?))
            });
            let Some((module, name, bytes, lines)) = parsed else {
                return Err(self.expected(expected, text));
            };
            let text = self.block("saved text", bytes, lines)?;
            saved.push((module, SavedText { name, text }));
        }
        Ok(saved)
    }

    /// The lines of a text, each after a `|`.
    fn block(&mut self, what: &str, bytes: u64, lines: u64) -> Result<String, LogError> {
        let mut block = String::new();
        for n in 1..=lines {
            let expected = format!("line {n} of the {what}'s {lines}, after a `|`");
            let text = self.header_line(&expected)?;
            let Some(text) = text.strip_prefix('|') else { return Err(self.expected(&expected, text)) };
            if n > 1 {
                block.push('\n');
            }
            block.push_str(text);
        }
        if u64::try_from(block.len()) != Ok(bytes) {
            let found = block.len();
            return Err(self.wrong(&format!(
                "expected a {what} of {bytes} bytes, found {found}: the text above was changed"
            )));
        }
        Ok(block)
    }

    pub(super) fn inputs(&mut self) -> Result<Body, LogError> {
        let mut body = Body::default();
        loop {
            let above = &self.all[..self.all.len() - self.rest.len()];
            let Some(line) = self.next() else { break };
            // Nothing is missing in an `end` line with both digests, even where an editor took its line feed.
            if line.text.starts_with("end ") && (line.whole || end(line.text).is_some()) {
                let Some((end, hash)) = end(line.text) else {
                    let form = "`end digest=X content=X text=X`, each X of 16 hex digits";
                    return Err(self.expected(form, line.text));
                };
                if let Some(written) = hash {
                    self.is_as_written(above, written)?;
                }
                return match self.next() {
                    None => Ok(Body { end: Some(end), ..body }),
                    Some(extra) => Err(self.expected("nothing after the `end` line", extra.text)),
                };
            }
            if !line.whole {
                let truncated = Truncated { line: self.line, rest: line.text.to_string() };
                return Ok(Body { truncated: Some(truncated), ..body });
            }
            let input = self.input(line.text)?;
            body.inputs.push(input);
            body.lines.push(self.line);
        }
        Ok(body)
    }

    /// An error unless the text above the `end` line has the hash that it had when it was written.
    fn is_as_written(&self, above: &str, written: u64) -> Result<(), LogError> {
        let mut hash = TextHash::default();
        hash.update(above.as_bytes());
        let found = hash.value();
        if found == written {
            return Ok(());
        }
        Err(self.wrong(&format!(
            "the text above was damaged or changed since it was written: its hash was {written:016x}, and is {found:016x}; if \
             it was changed on purpose, take ` text={written:016x}` out of this line"
        )))
    }

    fn input(&mut self, line: &str) -> Result<Input, LogError> {
        let form = "`TIME MODULE WHAT ...`";
        let (time, rest) = line.split_once(' ').ok_or_else(|| self.expected(form, line))?;
        let (who, quoted, rest) = if rest.starts_with('"') {
            let (name, rest) = unquoted(rest).map_err(|e| self.wrong(&e))?;
            (name, true, rest.strip_prefix(' ').ok_or_else(|| self.expected(form, line))?)
        } else {
            let (name, rest) = rest.split_once(' ').ok_or_else(|| self.expected(form, line))?;
            (name.to_string(), false, rest)
        };
        let (verb, rest) = match rest.split_once(' ') {
            Some((verb, rest)) => (verb, Some(rest)),
            None => (rest, None),
        };
        let who = Who { name: who, quoted };
        match (verb, rest) {
            ("attach", Some(rest)) => {
                let origin_ns = self.time(time)?;
                self.attach(who, origin_ns, rest)
            }
            ("detach", None) if time == "-" => Ok(Input::Detach { module: self.module(&who)? }),
            ("detach", None) => Err(self.expected("`-` as the time of `detach`", time)),
            ("console", Some(rest)) => {
                if who.quoted || who.name != "*" {
                    return Err(self.expected("`*` before `console`", &who.name));
                }
                let line = unescaped(rest).map_err(|e| self.wrong(&e))?;
                Ok(Input::Console { at_ns: self.time(time)?, line })
            }
            ("lan", Some(rest)) => {
                if who.quoted || who.name != "*" {
                    return Err(self.expected("`*` before `lan`", &who.name));
                }
                self.lan(self.time(time)?, rest)
            }
            ("uart", Some(rest)) => {
                let (module, tick) = (self.module(&who)?, self.time(time)?);
                let (pace, rest) = self.pace(rest)?;
                let bytes = self.bytes(rest)?;
                Ok(Input::Uart { module, tick, pace, bytes })
            }
            ("pin", Some(rest)) => {
                let (module, tick) = (self.module(&who)?, self.time(time)?);
                let (pin, level) = rest.split_once(' ').unwrap_or((rest, ""));
                let pin = self.choice(pin, [Pin::En, Pin::Gpio0, Pin::McuRts, Pin::Wake], pin_word)?;
                let high = self.choice(level, [false, true], level_word)?;
                Ok(Input::Pin { module, tick, pin, high })
            }
            ("line", Some(rest)) => {
                let (module, tick) = (self.module(&who)?, self.time(time)?);
                let line = LineSettings::parse(rest).map_err(|e| self.wrong(&e))?;
                Ok(Input::Line { module, tick, line })
            }
            ("printed", Some(rest)) => {
                let (module, tick) = (self.module(&who)?, self.time(time)?);
                let (line, rest) = unquoted(rest).map_err(|e| self.wrong(&e))?;
                if !rest.is_empty() {
                    return Err(self.expected("nothing after the line", rest));
                }
                Ok(Input::Printed { module, tick, line })
            }
            ("overrun", Some(rest)) => {
                let (module, tick) = (self.module(&who)?, self.time(time)?);
                let (byte, loss) = match rest.split_once(' ') {
                    None => (rest, McuLoss::Unknown),
                    Some((byte, "full")) => (byte, McuLoss::Full),
                    Some((byte, "off")) => (byte, McuLoss::Off),
                    Some((_, other)) => {
                        return Err(self.expected("`full`, `off` or nothing behind the byte", other));
                    }
                };
                Ok(Input::Overrun { module, tick, byte: self.byte(byte)?, loss })
            }
            ("reach", None) if !who.quoted && who.name == "*" => {
                Ok(Input::AdvanceAll { at_ns: self.time(time)? })
            }
            ("reach", None) => Ok(Input::Advance { module: self.module(&who)?, tick: self.time(time)? }),
            ("detach" | "reach", Some(extra)) => {
                Err(self.expected(&format!("nothing after `{verb}`"), extra))
            }
            (known, None) if VERBS.contains(&known) => {
                Err(self.wrong(&format!("expected more after `{known}`, found the end of the line")))
            }
            _ => Err(self.expected(&one_of(VERBS), verb)),
        }
    }

    fn attach(&mut self, who: Who, origin_ns: u64, rest: &str) -> Result<Input, LogError> {
        let expected =
            "`id=NUMBER hz=NUMBER` after `attach`, and `mcu-tx=` or `obeys-rts=` if the driver said it";
        let wrong = || self.expected(expected, rest);
        let mut fields = rest.split(' ').map(|field| field.split_once('=').unwrap_or((field, ""))).peekable();
        let mut field = |key: &str| fields.next_if(|(found, _)| *found == key).map(|(_, value)| value);
        let id =
            field("id").and_then(|v| v.parse().ok().filter(|_| number(v).is_some())).ok_or_else(wrong)?;
        let hz = field("hz").and_then(number).filter(|&hz| hz > 0).ok_or_else(wrong)?;
        let mcu_tx = field("mcu-tx");
        let mcu_tx =
            mcu_tx.map(|word| self.choice(word, [McuTx::Wire, McuTx::AsStored], McuTx::word)).transpose()?;
        let obeys_rts = field("obeys-rts");
        let obeys_rts = obeys_rts.map(|word| self.choice(word, [false, true], truth_word)).transpose()?;
        if fields.next().is_some() || !who.is_name() {
            return Err(wrong());
        }
        self.modules.insert(who.name.clone(), id);
        Ok(Input::Attach { module: id, name: who.name, hz, origin_ns, mcu_tx, obeys_rts })
    }

    fn lan(&self, at_ns: u64, rest: &str) -> Result<Input, LogError> {
        let expected = "`lan NUMBER` and `attach \"NAME\"`, `frame BASE64` or `detach`";
        let wrong = || self.expected(expected, rest);
        let (port, what) = rest.split_once(' ').ok_or_else(wrong)?;
        let port = number(port).and_then(|port| u32::try_from(port).ok()).ok_or_else(wrong)?;
        match what.split_once(' ').unwrap_or((what, "")) {
            ("attach", name) => match unquoted(name) {
                Ok((access_point, "")) => Ok(Input::LanAttach { at_ns, port, access_point }),
                _ => Err(wrong()),
            },
            ("frame", frame) => match BASE64.decode(frame.as_bytes()) {
                Ok(frame) => Ok(Input::LanFrame { at_ns, port, frame }),
                Err(_) => Err(wrong()),
            },
            ("detach", "") => Ok(Input::LanDetach { at_ns, port }),
            _ => Err(wrong()),
        }
    }

    fn module(&self, who: &Who) -> Result<u32, LogError> {
        match self.modules.get(&who.name) {
            Some(&id) if who.is_name() => Ok(id),
            _ => Err(self.expected("a module that an earlier line attached", &who.name)),
        }
    }

    fn time(&self, text: &str) -> Result<u64, LogError> {
        number(text).ok_or_else(|| self.expected("a time, a whole number below 2^64", text))
    }

    /// The pace of a run of bytes, and what follows it.
    fn pace<'t>(&self, text: &'t str) -> Result<(Pace, &'t str), LogError> {
        let Some(text) = text.strip_prefix("every ") else { return Ok((Pace::NONE, text)) };
        let (ticks, rest) = text.split_once(' ').unwrap_or((text, ""));
        let ticks =
            number(ticks).ok_or_else(|| self.expected("`every TICKS`, a whole number below 2^64", ticks))?;
        let Some(text) = rest.strip_prefix("late ") else { return Ok((Pace { ticks, ..Pace::NONE }, rest)) };
        let (late, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (unit, late) =
            run::late(late).ok_or_else(|| self.expected("`late UNIT:WIDTH:BITS`, BITS in Base64", late))?;
        Ok((Pace { ticks, unit, late }, rest))
    }

    /// The bytes of a run, at least one.
    fn bytes(&self, text: &str) -> Result<Vec<u8>, LogError> {
        if text.starts_with('"') {
            let (bytes, rest) = unquoted(text).map_err(|e| self.wrong(&e))?;
            return match (bytes.is_empty(), rest) {
                (false, "") => Ok(bytes.into_bytes()),
                (true, _) => Err(self.expected("at least one byte", text)),
                (_, rest) => Err(self.expected("nothing after the bytes", rest)),
            };
        }
        if let Some(base64) = text.strip_prefix("base64 ") {
            let bytes = BASE64_NOPAD.decode(base64.as_bytes()).ok().filter(|bytes| !bytes.is_empty());
            return bytes.ok_or_else(|| self.expected("bytes in Base64 without padding", base64));
        }
        // Format 2.
        text.split(' ').map(|b| self.byte(b)).collect()
    }

    fn byte(&self, text: &str) -> Result<u8, LogError> {
        let hex = text.len() == 2 && text.bytes().all(|b| b.is_ascii_hexdigit());
        match u8::from_str_radix(text, 16) {
            Ok(byte) if hex => Ok(byte),
            _ => Err(self.expected("a byte of two hex digits", text)),
        }
    }

    /// The value whose word `text` is.
    fn choice<T: Copy, const N: usize>(
        &self,
        text: &str,
        values: [T; N],
        word: fn(T) -> &'static str,
    ) -> Result<T, LogError> {
        values
            .into_iter()
            .find(|&v| word(v) == text)
            .ok_or_else(|| self.expected(&one_of(values.map(word)), text))
    }

    /// A line of the header, which can't be missing.
    fn header_line(&mut self, expected: &str) -> Result<&'a str, LogError> {
        match self.next() {
            Some(Line { text, whole: true }) => Ok(text),
            Some(Line { text, whole: false }) if !text.is_empty() => {
                Err(self
                    .wrong(&format!("expected {expected}, found {}, where the log is cut off", shown(text))))
            }
            _ => {
                self.line += 1;
                Err(self.wrong(&format!("expected {expected}, found the end of the log")))
            }
        }
    }

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (text, rest, whole) = match self.rest.split_once('\n') {
            Some((text, rest)) => (text, rest, true),
            None => (self.rest, "", false),
        };
        self.rest = rest;
        Some(Line { text, whole })
    }

    fn wrong(&self, message: &str) -> LogError {
        LogError { line: self.line, message: message.to_string() }
    }

    fn expected(&self, expected: &str, found: &str) -> LogError {
        self.wrong(&format!("expected {expected}, found {}", shown(found)))
    }
}

fn truth_word(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}

/// Who a line is about.
struct Who {
    name: String,
    quoted: bool,
}

impl Who {
    /// True when a module can be written like this.
    fn is_name(&self) -> bool {
        self.quoted || module_name(&self.name) == self.name
    }
}

/// `end digest=X content=X text=X`, complete; without `text` in older formats, and where somebody took it out.
fn end(line: &str) -> Option<(End, Option<u64>)> {
    let (digest, rest) = line.strip_prefix("end digest=")?.split_once(" content=")?;
    let (content, hash) = match rest.split_once(" text=") {
        Some((content, hash)) => (content, Some(digest_value(hash)?)),
        None => (rest, None),
    };
    Some((End { digest: digest_value(digest)?, content_digest: digest_value(content)? }, hash))
}

fn digest_value(text: &str) -> Option<u64> {
    let hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| hex)
}

/// Decimal digits and nothing else.
pub(super) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A text in quotes, and what follows it.
fn unquoted(text: &str) -> Result<(String, &str), String> {
    let no_quote = || format!("expected a text in quotes, found {}", shown(text));
    let inside = text.strip_prefix('"').ok_or_else(no_quote)?;
    let mut escape = false;
    for (at, c) in inside.char_indices() {
        if c == '"' && !escape {
            return Ok((unescaped(&inside[..at])?, &inside[at + 1..]));
        }
        escape = c == '\\' && !escape;
    }
    Err(no_quote())
}

/// Undoes the escapes that the writer made.
fn unescaped(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\\');
    out.push_str(parts.next().unwrap_or_default());
    while let Some(part) = parts.next() {
        let mut chars = part.chars();
        let c = match chars.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('"') => '"',
            // An escaped backslash leaves an empty part, and what follows it is plain.
            None => match parts.next() {
                Some(plain) => {
                    out.push('\\');
                    out.push_str(plain);
                    continue;
                }
                None => return Err("expected an escape after the last `\\`".to_string()),
            },
            Some('u') => {
                let code = chars.as_str().strip_prefix('{').and_then(|r| r.split_once('}'));
                let c = code.and_then(|(hex, after)| {
                    chars = after.chars();
                    let digits = Some(hex).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                    digits.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32)
                });
                c.ok_or_else(|| format!("expected `\\u{{HEX}}`, found {}", shown(&format!("\\{part}"))))?
            }
            Some(_) => {
                let found = shown(&format!("\\{part}"));
                return Err(format!(
                    "expected `\\\\`, `\\\"`, `\\n`, `\\r`, `\\t` or `\\u{{HEX}}`, found {found}"
                ));
            }
        };
        out.push(c);
        out.push_str(chars.as_str());
    }
    Ok(out)
}
