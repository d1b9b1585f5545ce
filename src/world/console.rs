//! The console's language: one line, one [`Command`], which asks a [`Question`] or makes a [`Change`].
//!
//! A test changes the world with it, and the scenario's timeline, the C ABI, the Renode monitor and transcripts
//! all speak it. The language is in tables: `COMMANDS`, one row for a command; `SETTINGS` of [`link`], [`wire`] and
//! [`dns`], one row for each thing that can be set there; `host::ACTIONS`, one row for each thing that a host can be
//! told to do. Parsing, `help` and the error messages come from them.
//! What a command does is the world's business; here it is only read and written. [`Change::audience`] says who must
//! see a change.

mod ap;
mod ask;
mod change;
mod dns;
mod host;
mod http;
mod link;
pub(super) mod module;
mod mqtt;
mod one;
mod pin;
mod question;
mod rule;
mod setting;
mod tls;
pub(super) mod toxics;
mod websocket;
mod wire;
pub(crate) mod words;

use std::fmt;

use crate::time::{Duration, Instant};
use crate::world::answer::HelpRow;
use crate::world::quantity::{self, duration_text};
use crate::world::spelling::{did_you_mean, one_of, printable, shown};
pub use ask::{only_asks, wants_json};
pub use change::{Audience, Change};
pub use dns::DnsChange;
pub use link::{LinkChange, LinkSide};
pub use question::Question;
pub use rule::{Cause, Rule};
pub use wire::{WireChange, WireSide};
use words::Words;

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// It asks.
    Ask(Question),
    /// It changes something, at the earliest instant that no module has passed.
    Change(Change),
    /// `at TIME CHANGE`: it changes something at this instant.
    At(Instant, Change),
    /// It says what is to happen because of something, from the earliest instant on that no module has passed.
    Rule(Rule),
    /// `at TIME RULE`: it says so, from this instant on.
    RuleAt(Instant, Rule),
    /// `json COMMAND`: the same, with an answer for programs.
    Json(Box<Command>),
}

/// One command.
struct Row {
    word: &'static str,
    /// Every form that the command has.
    usage: &'static [&'static str],
    /// One sentence.
    help: &'static str,
    /// What `help WORD` says below the forms: what may be set, or asked for.
    details: fn() -> String,
    /// Reads what follows the word.
    read: fn(&mut Words) -> Result<Command, String>,
}

/// Every command, in the order of `help`.
const COMMANDS: [Row; 22] = [
    Row {
        word: "help",
        usage: &["help [COMMAND]"],
        help: "Lists the commands, or explains one.",
        details: String::new,
        read: read_help,
    },
    Row {
        word: "status",
        usage: &["status"],
        help: "Shows time, modules, their wires, and access points.",
        details: String::new,
        read: |_| Ok(Command::Ask(Question::Status)),
    },
    Row {
        word: "expect",
        usage: &["expect"],
        help: "Shows what the scenario expects, and what has come of it.",
        details: String::new,
        read: |_| Ok(Command::Ask(Question::Expect)),
    },
    Row {
        word: "links",
        usage: &["links [MODULE]"],
        help: "Shows the open AT links of a module, or of all.",
        details: String::new,
        read: |words| ask::named(words, Question::Links),
    },
    Row {
        word: "hosts",
        usage: &["hosts [NAME]"],
        help: "Shows a host, or all: addresses, services, connections.",
        details: String::new,
        read: |words| ask::named(words, Question::Hosts),
    },
    Row {
        word: "observations",
        usage: &["observations [KIND] [since TIME]"],
        help: "Shows what has happened, such as `observations http since 12s`.",
        details: String::new,
        read: ask::observations,
    },
    Row {
        word: "packets",
        usage: &["packets [MODULE]"],
        help: "Counts the frames of a module, or of all.",
        details: String::new,
        read: |words| ask::named(words, Question::Packets),
    },
    Row {
        word: "statistics",
        usage: &["statistics [MODULE]"],
        help: "Shows the counters of a module, or of all.",
        details: String::new,
        read: |words| ask::named(words, Question::Statistics),
    },
    Row {
        word: "digest",
        usage: &["digest"],
        help: "Shows the digests of the run so far.",
        details: String::new,
        read: |_| Ok(Command::Ask(Question::Digest)),
    },
    Row {
        word: "ap",
        usage: &[
            "ap NAME down",
            "ap NAME up",
            "ap NAME rssi DBM [over TIME] [for MODULE]",
            "ap NAME deauth",
            "ap NAME channel N",
            "ap NAME password TEXT",
            "ap NAME uplink down|up",
            "ap NAME captive on|off",
            "ap NAME association WHAT",
            "ap NAME dhcp-answers WHAT",
        ],
        help: "Takes an access point off the air, brings it back, or disturbs its radio or its answers.",
        details: ap::details,
        read: ap::read,
    },
    Row {
        word: "link",
        usage: &["link [NAME]", "link NAME SETTING..."],
        help: "Shows a link, or changes it; a link has the name of its module or host.",
        details: || setting::details(&link::SETTINGS, &link::SIDES.map(|(word, help, _)| (word, help))),
        read: link::read,
    },
    Row {
        word: "dns",
        usage: &["dns [NAME]", "dns NAME SETTING..."],
        help: "Shows a DNS server, or disturbs it: that of a host, or the gateway's.",
        details: || setting::details(&dns::SETTINGS, &[]),
        read: dns::read,
    },
    Row {
        word: "wire",
        usage: &["wire [NAME]", "wire NAME SETTING..."],
        help: "Shows the UART wire of a module, or harms it, in one direction or in both.",
        details: || setting::details(&wire::SETTINGS, &wire::SIDES.map(|(word, help, _)| (word, help))),
        read: wire::read,
    },
    Row {
        word: "module",
        usage: &["module [NAME]", "module NAME CHANGE"],
        help: "Shows what is wrong with a module itself, or changes it: its supply, its memory, its answers.",
        details: module::details,
        read: module::read,
    },
    Row {
        word: "pin",
        usage: &["pin NAME PIN LEVEL"],
        help: "Drives a pin of a module (`en`, `gpio0` or `wake`) `low` or `high`.",
        details: String::new,
        read: pin::read,
    },
    Row {
        word: "host",
        usage: &["host NAME ACTION"],
        help: "Makes a host send, close, dial and more; what it gets is observed.",
        details: host::details,
        read: host::read,
    },
    Row {
        word: "at",
        usage: &["at TIME COMMAND"],
        help: "Makes a change at a virtual time, such as `at 1.5s ap home down`.",
        details: String::new,
        read: read_at,
    },
    Row {
        word: "when",
        usage: &["when [each] CAUSE do CHANGE"],
        help: "Makes a change when something is observed, once or each time.",
        details: rule::details,
        read: rule::read_when,
    },
    Row {
        word: "after",
        usage: &["after [each] CAUSE TIME do CHANGE"],
        help: "Makes a change so long after something was observed, once or each time.",
        details: rule::details,
        read: rule::read_after,
    },
    Row {
        word: "every",
        usage: &["every TIME [from TIME] [until TIME] do CHANGE"],
        help: "Makes a change again and again.",
        details: String::new,
        read: rule::read_every,
    },
    Row {
        word: "timeline",
        usage: &["timeline"],
        help: "Shows what is to come, and what has come of `when`, `after` and `every`.",
        details: String::new,
        read: |_| Ok(Command::Ask(Question::Timeline)),
    },
    Row {
        word: ask::JSON,
        usage: &["json COMMAND"],
        help: "Gives the answer of any command as JSON, such as `json links`.",
        details: String::new,
        read: ask::json,
    },
];

/// The longest line, bytes: a text of as many bytes as a datagram can have, each written as `\xNN`, and more.
const LONGEST_LINE: usize = 128 * 1024;

/// Reads one line.
///
/// # Errors
/// One sentence, on one line, that says what was expected and what was found.
pub fn parse(line: &str) -> Result<Command, String> {
    if line.len() > LONGEST_LINE {
        return Err(format!("expected a line of at most {LONGEST_LINE} bytes, found {}", line.len()));
    }
    read_line(line).map_err(|message| printable(&message))
}

fn read_line(line: &str) -> Result<Command, String> {
    let mut words = Words::split(line)?;
    let command = read_command(&mut words)?;
    match words.next() {
        None => Ok(command),
        Some(extra) => {
            Err(format!("expected nothing after {}, found {}", shown(&command.to_string()), extra.shown()))
        }
    }
}

/// What `help` answers: the list of commands, or the forms and settings of the one called `topic`.
/// A topic that is no command gets the list.
pub fn help(topic: Option<&str>) -> String {
    if let Some(row) = topic.and_then(|t| COMMANDS.iter().find(|r| r.word == t)) {
        let forms: String = row.usage.iter().map(|form| format!("  {form}\n")).collect();
        return format!("{}\n{forms}{}", row.help, (row.details)());
    }
    let row = |row: &Row| {
        let (last, first) = row.usage.split_last().unwrap_or((&row.word, &[]));
        let first: String = first.iter().map(|form| format!("  {form}\n")).collect();
        first + &column(last, row.help)
    };
    COMMANDS.iter().map(row).collect()
}

/// The same as facts: the command called `topic`, or each.
pub(super) fn help_rows(topic: Option<&str>) -> Vec<HelpRow> {
    let row =
        |row: &Row| HelpRow { command: row.word, usage: row.usage, help: row.help, details: (row.details)() };
    COMMANDS.iter().filter(|r| topic.is_none_or(|topic| topic == r.word)).map(row).collect()
}

/// Words that had another name: after which command, the word, and what is written today.
const OLD: [(&str, &str, &str); 4] = [
    ("ap", "dhcp", "dhcp-answers"),
    ("wire", "drop", "loss"),
    ("sntp", "silent", "answers none"),
    ("sntp", "answer", "answers right"),
];

/// What a message says of an old word that stands after `after`; `None` when it is none.
fn renamed(word: &words::Word, after: &str) -> Option<String> {
    let old = OLD.iter().find(|(command, old, _)| *command == after && word.is(old))?;
    Some(format!(", which is `{}` now", old.2))
}

/// The next word, which must be one of `choices`.
fn pick<const N: usize>(
    words: &mut Words,
    so_far: &str,
    choices: [&'static str; N],
) -> Result<&'static str, String> {
    let expected = || format!("expected {} after `{so_far}`", one_of(choices));
    let word = words.next().ok_or_else(|| format!("{}, found nothing", expected()))?;
    choices.into_iter().find(|choice| word.is(choice)).ok_or_else(|| {
        let hint = renamed(&word, so_far.split(' ').next().unwrap_or_default())
            .unwrap_or_else(|| did_you_mean(&word.text, choices));
        format!("{}, found {}{hint}", expected(), word.shown())
    })
}

/// A line of `help`, or two where the left column is too narrow.
fn column(left: &str, right: &str) -> String {
    const WIDTH: usize = 22;
    if left.len() < WIDTH {
        format!("  {left:<WIDTH$}{right}\n")
    } else {
        format!("  {left}\n{:width$}{right}\n", "", width = WIDTH + 2)
    }
}

fn read_command(words: &mut Words) -> Result<Command, String> {
    let commands = || COMMANDS.iter().map(|r| r.word);
    let Some(word) = words.next() else {
        return Err(format!("expected a command ({}), found nothing", one_of(commands())));
    };
    match COMMANDS.iter().find(|r| word.is(r.word)) {
        Some(row) => (row.read)(words),
        None => Err(format!(
            "expected a command ({}), found {}{}",
            one_of(commands()),
            word.shown(),
            did_you_mean(&word.text, commands())
        )),
    }
}

fn read_help(words: &mut Words) -> Result<Command, String> {
    let commands = || COMMANDS.iter().map(|r| r.word);
    let Some(topic) = words.next() else { return Ok(Command::Ask(Question::Help(None))) };
    if commands().any(|c| c == topic.text) {
        return Ok(Command::Ask(Question::Help(Some(topic.text))));
    }
    Err(format!(
        "expected a command ({}) after `help`, found {}{}",
        one_of(commands()),
        topic.shown(),
        did_you_mean(&topic.text, commands())
    ))
}

fn read_at(words: &mut Words) -> Result<Command, String> {
    let time = duration("at", words)?;
    match read_command(words)? {
        Command::Change(change) => Ok(Command::At(Instant::from_nanos(time.as_nanos()), change)),
        Command::Rule(rule) => Ok(Command::RuleAt(Instant::from_nanos(time.as_nanos()), rule)),
        Command::At(..) | Command::RuleAt(..) => {
            Err("expected one `at` in a line, found a second one".to_string())
        }
        Command::Json(_) => {
            Err("expected a change after `at`, found `json`, which stands before it".to_string())
        }
        Command::Ask(question) => {
            Err(format!("expected a change after `at`, found `{question}`, which only asks"))
        }
    }
}

/// The time that follows the word `after`.
pub(super) fn duration(after: &str, words: &mut Words) -> Result<Duration, String> {
    let Some(time) = words.quantity() else {
        return Err(format!("expected a time such as `1.5s` after `{after}`, found nothing"));
    };
    quantity::duration(&time).map_err(|e| format!("`{after}`: {e}"))
}

/// A name as the language writes it: in quotes where it would not be one plain word.
pub(crate) struct Name<'a>(pub &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if !self.0.is_empty() && self.0.bytes().all(plain) {
            return f.write_str(self.0);
        }
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// The canonical line; [`parse`] reads it back as the same command.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Ask(question) => question.fmt(f),
            Command::Change(change) => change.fmt(f),
            Command::Rule(rule) => rule.fmt(f),
            Command::Json(command) => write!(f, "{} {command}", ask::JSON),
            Command::At(time, change) => {
                write!(f, "at {} {change}", duration_text(time.since(Instant::ZERO)))
            }
            Command::RuleAt(time, rule) => {
                write!(f, "at {} {rule}", duration_text(time.since(Instant::ZERO)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
