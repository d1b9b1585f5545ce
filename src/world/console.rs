//! The console's language: one line, one [`Command`].
//!
//! A test changes the world with it, and the scenario's timeline, the C ABI, the Renode monitor and transcripts
//! all speak it. The language is in tables: `COMMANDS`, one row for a command; `SETTINGS` of [`link`], [`wire`] and
//! [`dns`], one row for each thing that can be set there; `host::ACTIONS`, one row for each thing that a host can be
//! told to do.
//! Parsing, `help` and the error messages come from them.
//! What a command does is the world's business; here it is only read and written.

mod ap;
mod dns;
mod host;
mod link;
mod setting;
mod wire;
pub(super) mod words;

use std::fmt;

use crate::net::config::DhcpAnswers;
use crate::net::network::HostAction;
use crate::time::{Duration, Instant};
use crate::world::quantity::{self, duration_text};
use crate::world::spelling::{did_you_mean, one_of, printable};
pub use dns::DnsChange;
pub use link::LinkChange;
pub use wire::{WireChange, WireSide};
use words::Words;

/// What one line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `help [command]`: the text is [`help`]'s.
    Help(Option<String>),
    /// `status`: what is up, what is set, who is where.
    Status,
    /// `expect`: what the scenario expects, and what has come of it.
    Expect,
    /// `ap NAME up`: the access point is on the air.
    ApUp(String),
    /// `ap NAME down`: the access point is gone, and every station with it.
    ApDown(String),
    /// `ap NAME dhcp WHAT`: what the DHCP server behind the access point answers.
    ApDhcp {
        /// The access point.
        name: String,
        /// What it answers from now on.
        answers: DhcpAnswers,
    },
    /// `dns [NAME]`: how this DNS server, or every one, behaves now.
    DnsShow(Option<String>),
    /// `dns NAME SETTING...`: changes how a DNS server behaves.
    Dns {
        /// A host with a DNS server, or the gateway.
        name: String,
        /// What changes; the rest stays.
        change: DnsChange,
    },
    /// `link [NAME]`: how this link, or every one, behaves now.
    LinkShow(Option<String>),
    /// `link NAME SETTING...`: changes a link, named after its module or host.
    Link {
        /// The module or host at the end of the link.
        name: String,
        /// What changes; the rest stays.
        change: LinkChange,
    },
    /// `wire [NAME]`: what this UART wire, or every one, does to bytes now.
    WireShow(Option<String>),
    /// `wire NAME SETTING...`: harms the bytes between a module and its MCU.
    Wire {
        /// The module.
        name: String,
        /// What changes; the rest stays.
        change: WireChange,
    },
    /// `host NAME ACTION`: a host does something by itself.
    Host {
        /// The host.
        name: String,
        /// What it does.
        action: HostAction,
    },
    /// `at TIME COMMAND`: the command takes effect at this instant. Only commands that change something.
    At(Instant, Box<Command>),
}

impl Command {
    /// True when the command changes the world, false when it only asks.
    pub fn is_change(&self) -> bool {
        match self {
            Command::Help(_) | Command::Status | Command::Expect => false,
            Command::LinkShow(_) | Command::WireShow(_) | Command::DnsShow(_) => false,
            Command::ApUp(_) | Command::ApDown(_) | Command::ApDhcp { .. } | Command::Dns { .. } => true,
            Command::Link { .. } | Command::Wire { .. } | Command::Host { .. } | Command::At(..) => true,
        }
    }
}

/// One command.
struct Row {
    word: &'static str,
    /// Every form that the command has.
    usage: &'static [&'static str],
    /// One sentence.
    help: &'static str,
    /// Reads what follows the word.
    read: fn(&mut Words) -> Result<Command, String>,
}

/// Every command, in the order of `help`.
const COMMANDS: [Row; 9] = [
    Row {
        word: "help",
        usage: &["help [COMMAND]"],
        help: "Lists the commands, or explains one.",
        read: read_help,
    },
    Row {
        word: "status",
        usage: &["status"],
        help: "Shows time, access points, modules and links.",
        read: |_| Ok(Command::Status),
    },
    Row {
        word: "expect",
        usage: &["expect"],
        help: "Shows what the scenario expects, and what has come of it.",
        read: |_| Ok(Command::Expect),
    },
    Row {
        word: "ap",
        usage: &["ap NAME down", "ap NAME up", "ap NAME dhcp WHAT"],
        help: "Takes an access point off the air, brings it back, or disturbs its DHCP.",
        read: ap::read,
    },
    Row {
        word: "link",
        usage: &["link [NAME]", "link NAME SETTING..."],
        help: "Shows a link, or changes it; a link has the name of its module or host.",
        read: link::read,
    },
    Row {
        word: "dns",
        usage: &["dns [NAME]", "dns NAME SETTING..."],
        help: "Shows a DNS server, or disturbs it: that of a host, or the gateway's.",
        read: dns::read,
    },
    Row {
        word: "wire",
        usage: &["wire [NAME]", "wire NAME SETTING..."],
        help: "Shows the UART wire of a module, or harms it, in one direction or in both.",
        read: wire::read,
    },
    Row {
        word: "host",
        usage: &["host NAME ACTION"],
        help: "Makes a host send, close, dial and more; what it gets is observed.",
        read: host::read,
    },
    Row {
        word: "at",
        usage: &["at TIME COMMAND"],
        help: "Makes a change at a virtual time, such as `at 1.5s ap home down`.",
        read: read_at,
    },
];

/// Reads one line.
///
/// # Errors
/// One sentence, on one line, that says what was expected and what was found.
pub fn parse(line: &str) -> Result<Command, String> {
    read_line(line).map_err(|message| printable(&message))
}

fn read_line(line: &str) -> Result<Command, String> {
    let mut words = Words::split(line)?;
    let command = read_command(&mut words)?;
    match words.next() {
        None => Ok(command),
        Some(extra) => Err(format!("expected nothing after `{command}`, found {}", extra.shown())),
    }
}

/// What `help` answers: the list of commands, or the forms and settings of the one called `topic`.
/// A topic that is no command gets the list.
pub fn help(topic: Option<&str>) -> String {
    let column = |left: &str, right: &str| format!("  {left:<22}{right}\n");
    let wide_column = |left: &str, right: &str| format!("  {left:<28}{right}\n");
    let Some(row) = topic.and_then(|t| COMMANDS.iter().find(|r| r.word == t)) else {
        return COMMANDS
            .iter()
            .map(|row| {
                let (last, first) = row.usage.split_last().unwrap_or((&row.word, &[]));
                let first: String = first.iter().map(|form| format!("  {form}\n")).collect();
                first + &column(last, row.help)
            })
            .collect();
    };
    let mut text = format!("{}\n", row.help);
    for form in row.usage {
        text.push_str(&format!("  {form}\n"));
    }
    if row.word == "ap" {
        text.push_str("What DHCP answers:\n");
        for (word, help) in ap::DHCP {
            text.push_str(&column(word, help));
        }
    }
    if row.word == "dns" {
        text.push_str("Settings, several in a line:\n");
        for (setting, help) in setting::help(&dns::SETTINGS) {
            text.push_str(&column(&setting, help));
        }
    }
    if row.word == "link" {
        text.push_str("Settings, several in a line:\n");
        for (setting, help) in setting::help(&link::SETTINGS) {
            text.push_str(&column(&setting, help));
        }
    }
    if row.word == "wire" {
        text.push_str("Settings, several in a line:\n");
        for (word, help, _) in wire::SIDES {
            text.push_str(&column(word, help));
        }
        for (setting, help) in setting::help(&wire::SETTINGS) {
            text.push_str(&column(&setting, help));
        }
    }
    if row.word == "host" {
        text.push_str("Actions:\n");
        for a in &host::ACTIONS {
            text.push_str(&wide_column(format!("{} {}", a.word, a.arguments).trim_end(), a.help));
        }
    }
    text
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
    let Some(topic) = words.next() else { return Ok(Command::Help(None)) };
    if commands().any(|c| c == topic.text) {
        return Ok(Command::Help(Some(topic.text)));
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
    let command = read_command(words)?;
    match command {
        Command::At(..) => Err("expected one `at` in a line, found a second one".to_string()),
        c if c.is_change() => Ok(Command::At(Instant::from_nanos(time.as_nanos()), Box::new(c))),
        c => Err(format!("expected a change after `at`, found `{c}`, which only asks")),
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
            Command::Help(None) => f.write_str("help"),
            Command::Help(Some(topic)) => write!(f, "help {}", Name(topic)),
            Command::Status => f.write_str("status"),
            Command::Expect => f.write_str("expect"),
            Command::ApUp(name) => write!(f, "ap {} up", Name(name)),
            Command::ApDown(name) => write!(f, "ap {} down", Name(name)),
            Command::ApDhcp { name, answers } => write!(f, "ap {} dhcp {}", Name(name), answers.word()),
            Command::DnsShow(None) => f.write_str("dns"),
            Command::DnsShow(Some(name)) => write!(f, "dns {}", Name(name)),
            Command::Dns { name, change } => write!(f, "dns {} {change}", Name(name)),
            Command::LinkShow(None) => f.write_str("link"),
            Command::LinkShow(Some(name)) => write!(f, "link {}", Name(name)),
            Command::Link { name, change } => write!(f, "link {} {change}", Name(name)),
            Command::WireShow(None) => f.write_str("wire"),
            Command::WireShow(Some(name)) => write!(f, "wire {}", Name(name)),
            Command::Wire { name, change } => write!(f, "wire {} {change}", Name(name)),
            Command::Host { name, action } => write!(f, "host {} {}", Name(name), host::Shown(action)),
            Command::At(time, command) => {
                write!(f, "at {} {command}", duration_text(time.since(Instant::ZERO)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
