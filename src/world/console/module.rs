//! What can be wrong with a module itself: `module NAME CHANGE`.

use std::fmt;

use super::ap::delay;
use super::host::{next, text};
use super::words::Words;
use super::{Change, Name, Question, column, pick};
use crate::at::faults::{Answer, Override};
use crate::module::ModuleChange;
use crate::net::service::quoted;
use crate::profile::Reset;
use crate::time::Duration;
use crate::world::quantity::duration_text;
use crate::world::spelling::{cut, did_you_mean, one_of};

/// The longest command that can be answered for: no line of the firmware is longer, bytes.
const LONGEST_COMMAND: usize = 256;

/// One change.
struct Form {
    word: &'static str,
    /// What follows the word.
    arguments: &'static str,
    help: &'static str,
    /// Reads what follows. The text is the line so far, for messages.
    read: fn(&str, &mut Words) -> Result<ModuleChange, String>,
}

/// Every change, in the order of `help module`.
const FORMS: [Form; 7] = [
    Form {
        word: "reset",
        arguments: "[brown-out|watchdog|power-on]",
        help: "Resets the chip at once, in the middle of a byte; brown-out if nothing is said.",
        read: reset,
    },
    Form {
        word: "power",
        arguments: "off|on",
        help: "Takes the supply away, or gives it back; the chip runs while EN is high, too.",
        read: |so_far, words| Ok(ModuleChange::Power(pick(words, so_far, ["off", "on"])? == "on")),
    },
    Form {
        word: "answer",
        arguments: "COMMAND ANSWER [once|N times|always] [after TIME]",
        help: "Answers lines that begin with a command in its place: OK, ERROR, busy p..., TEXT; none: no longer.",
        read: answer,
    },
    Form {
        word: "heap",
        arguments: "BYTES|normal",
        help: "So much memory is free while nothing uses it; what needs more fails.",
        read: heap,
    },
    Form {
        word: "flash",
        arguments: "fail|ok",
        help: "Writes to flash fail, or no longer; erasing works.",
        read: |so_far, words| Ok(ModuleChange::Flash(pick(words, so_far, ["fail", "ok"])? == "ok")),
    },
    Form {
        word: "urcs",
        arguments: "hostile|normal",
        help: "What it says without being asked comes within answers and echoes; or where it happens.",
        read: |so_far, words| {
            Ok(ModuleChange::Urcs(pick(words, so_far, ["hostile", "normal"])? == "hostile"))
        },
    },
    Form {
        word: "print",
        arguments: "TEXT",
        help: "Prints a text at once, between two writes of the firmware, such as \"\\r\\n+X:1\\r\\n\".",
        read: print,
    },
];

/// What `help module` says of the changes.
pub(super) fn details() -> String {
    let row = |form: &Form| column(format!("{} {}", form.word, form.arguments).trim_end(), form.help);
    format!("Changes:\n{}", FORMS.iter().map(row).collect::<String>())
}

/// Reads what follows `module`.
pub(super) fn read(words: &mut Words) -> Result<super::Command, String> {
    let Some(name) = words.next() else { return Ok(super::Command::Ask(Question::Module(None))) };
    let name = name.text;
    if words.is_over() {
        return Ok(super::Command::Ask(Question::Module(Some(name))));
    }
    let so_far = format!("module {}", Name(&cut(&name)));
    let forms = || FORMS.iter().map(|form| form.word);
    let expected = || format!("expected {} after `{so_far}`", one_of(forms()));
    let word = words.next().ok_or_else(|| format!("{}, found nothing", expected()))?;
    let Some(form) = FORMS.iter().find(|form| word.is(form.word)) else {
        return Err(format!("{}, found {}{}", expected(), word.shown(), did_you_mean(&word.text, forms())));
    };
    let change = (form.read)(&format!("{so_far} {}", form.word), words)?;
    Ok(super::Command::Change(Change::Module { name, change }))
}

fn reset(so_far: &str, words: &mut Words) -> Result<ModuleChange, String> {
    if words.is_over() {
        return Ok(ModuleChange::Reset(Reset::BrownOut));
    }
    let word = pick(words, so_far, Reset::WORDS.map(|(word, _)| word))?;
    let reset = Reset::WORDS.iter().find(|(name, _)| *name == word);
    Ok(ModuleChange::Reset(reset.map_or(Reset::BrownOut, |(_, reset)| *reset)))
}

/// What can be answered in one word, and what else.
const ANSWERS: [&str; 4] = ["OK", "ERROR", "busy", "none"];
const ANSWER: &str = "`OK`, `ERROR`, `busy`, `none` or a text in quotes";

fn answer(so_far: &str, words: &mut Words) -> Result<ModuleChange, String> {
    const COMMAND: &str = "a command that begins with `AT`, such as `AT+CIPSEND`";
    let word = next(&format!("{COMMAND}, or `none`"), so_far, words)?;
    if word.is("none") {
        return Ok(ModuleChange::NoAnswer(None));
    }
    let command = word.bytes.clone();
    if !command.get(..2).is_some_and(|at| at.eq_ignore_ascii_case(b"AT")) || command.len() > LONGEST_COMMAND {
        return Err(format!("expected {COMMAND}, after `{so_far}`, found {}", word.shown()));
    }
    let so_far = format!("{so_far} {}", cut(&Command(&command).to_string()));
    let word = next(ANSWER, &so_far, words)?;
    let answer = match word.plain() {
        Some("none") => return Ok(ModuleChange::NoAnswer(Some(command))),
        Some("OK") => Answer::Ok,
        Some("ERROR") => Answer::Error,
        Some("busy") => {
            words.take("p...");
            Answer::Busy
        }
        Some(plain) => {
            let hint = did_you_mean(plain, ANSWERS);
            return Err(format!("expected {ANSWER} after `{so_far}`, found {}{hint}", word.shown()));
        }
        None => Answer::Text(word.bytes),
    };
    let times = if words.take("once") {
        Some(1)
    } else if let Some(number) = words.number() {
        const TIMES: &str = "a number from 1 to 4294967295 and `times`";
        let times = number.parse().ok().filter(|&n: &u32| n > 0);
        let times = times.filter(|_| words.take("times"));
        Some(times.ok_or_else(|| format!("expected {TIMES} after `{so_far} {answer}`, found `{number}`"))?)
    } else {
        words.take("always");
        None
    };
    let delay = if words.take("after") { delay("after", words)? } else { Duration::ZERO };
    Ok(ModuleChange::Answer(Override { command, answer, times, delay }))
}

/// Reads what stands behind `answer`, and nothing more.
pub(in crate::world) fn parse_answer(text: &str) -> Result<ModuleChange, String> {
    let mut words = Words::split(text)?;
    let change = answer("answer", &mut words)?;
    match words.next() {
        None => Ok(change),
        Some(extra) => Err(format!("expected nothing after `{}`, found {}", Shown(&change), extra.shown())),
    }
}

fn heap(so_far: &str, words: &mut Words) -> Result<ModuleChange, String> {
    const BYTES: &str = "a number of bytes from 0 to 4294967295, or `normal`,";
    let word = next(BYTES, so_far, words)?;
    if word.is("normal") {
        return Ok(ModuleChange::Heap(None));
    }
    let digits = word.plain().filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
    let bytes = digits.and_then(|digits| digits.parse().ok());
    let bytes = bytes.ok_or_else(|| format!("expected {BYTES} after `{so_far}`, found {}", word.shown()))?;
    Ok(ModuleChange::Heap(Some(bytes)))
}

fn print(so_far: &str, words: &mut Words) -> Result<ModuleChange, String> {
    let bytes = text(so_far, words)?;
    if bytes.is_empty() {
        return Err(format!("expected at least one byte after `{so_far}`, found `\"\"`"));
    }
    Ok(ModuleChange::Print(bytes))
}

/// A command as the language writes it.
struct Command<'a>(&'a [u8]);

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(plain) if plain.bytes().all(|b| b.is_ascii_graphic()) => f.write_str(plain),
            _ => f.write_str(&quoted(self.0)),
        }
    }
}

/// A change as the language writes it, behind the module's name.
pub(in crate::world) fn shown(change: &ModuleChange) -> String {
    Shown(change).to_string()
}

/// The same for where it is written.
pub(super) struct Shown<'a>(pub &'a ModuleChange);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ModuleChange::Reset(reset) => write!(f, "reset {}", reset.word()),
            ModuleChange::Power(on) => write!(f, "power {}", if *on { "on" } else { "off" }),
            ModuleChange::Answer(Override { command, answer, times, delay }) => {
                write!(f, "answer {} {answer} ", Command(command))?;
                match times {
                    None => f.write_str("always")?,
                    Some(1) => f.write_str("once")?,
                    Some(times) => write!(f, "{times} times")?,
                }
                if *delay > Duration::ZERO {
                    write!(f, " after {}", duration_text(*delay))?;
                }
                Ok(())
            }
            ModuleChange::NoAnswer(None) => f.write_str("answer none"),
            ModuleChange::NoAnswer(Some(command)) => write!(f, "answer {} none", Command(command)),
            ModuleChange::Heap(None) => f.write_str("heap normal"),
            ModuleChange::Heap(Some(bytes)) => write!(f, "heap {bytes}"),
            ModuleChange::Flash(works) => write!(f, "flash {}", if *works { "ok" } else { "fail" }),
            ModuleChange::Urcs(on) => write!(f, "urcs {}", if *on { "hostile" } else { "normal" }),
            ModuleChange::Print(bytes) => write!(f, "print {}", quoted(bytes)),
        }
    }
}
