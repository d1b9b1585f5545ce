//! What a host can be told to do: `host NAME ACTION`.

use std::fmt;
use std::net::IpAddr;

use super::words::{Word, Words};
use super::{Change, Command, Name, http, mqtt, one, renamed, setting, tls as secure, toxics, websocket};
use crate::net::config::{SntpAnswers, SntpChange};
use crate::net::network::{HostAction, HostTls, OneAction, Peer};
use crate::net::service::quoted;
use crate::net::stack::MAX_DATAGRAM;
use crate::time::Duration;
use crate::world::quantity::{self, duration_text};
use crate::world::spelling::{cut, did_you_mean, one_of};

/// One action.
struct Action {
    word: &'static str,
    /// What follows the word; empty when nothing does.
    arguments: &'static str,
    help: &'static str,
    /// Reads what follows. The text is the line so far, for messages.
    read: fn(&str, &mut Words) -> Result<HostAction, String>,
}

/// Every action, in the order of `help host`.
const ACTIONS: [Action; 23] = [
    Action {
        word: "send",
        arguments: "TEXT [to PEER]",
        help: "Sends on each of its connections, or on one, such as \"hello\\r\\n\" or \"\\x00\\xff\".",
        read: one::send,
    },
    Action {
        word: "close",
        arguments: "[PEER]",
        help: "Closes each of its connections (FIN), also those of its servers and its MQTT broker; or one of any service.",
        read: |so_far, words| one::end(so_far, words, HostAction::Close, OneAction::Close),
    },
    Action {
        word: "reset",
        arguments: "[PEER]",
        help: "Resets each of its connections (RST), also those of its servers and its MQTT broker; or one of any service.",
        read: |so_far, words| one::end(so_far, words, HostAction::Reset, OneAction::Reset),
    },
    Action {
        word: "half-open",
        arguments: "[PEER]",
        help: "Forgets its connections, or one, without a word: the next segment that comes on them gets a RST.",
        read: |so_far, words| one::end(so_far, words, HostAction::HalfOpen, OneAction::HalfOpen),
    },
    Action {
        word: "pause",
        arguments: "",
        help: "Reads nothing from its connections: their TCP windows close.",
        read: |_, _| Ok(HostAction::Pause),
    },
    Action { word: "resume", arguments: "", help: "Reads again.", read: |_, _| Ok(HostAction::Resume) },
    Action {
        word: "connect",
        arguments: "ADDRESS PORT [tls [certificate]]",
        help: "Dials an address, or a module by its name; with TLS, and with a client's certificate.",
        read: |so_far, words| {
            let (to, port) = far_end(so_far, words)?;
            let tls = tls(&format!("{so_far} {} {port}", cut(&To(&to).to_string())), words)?;
            Ok(HostAction::Connect { to, port, tls })
        },
    },
    Action {
        word: "listen",
        arguments: "PORT [udp]",
        help: "Its terminal listens there, too.",
        read: |so_far, words| one::port(so_far, words, true),
    },
    Action {
        word: "unlisten",
        arguments: "PORT [udp]",
        help: "Its terminal listens there no more; connections that are open go on.",
        read: |so_far, words| one::port(so_far, words, false),
    },
    Action {
        word: "group",
        arguments: "CHANGE",
        help: "join or leave ADDRESS: a multicast group, whose datagrams its UDP services get.",
        read: one::group,
    },
    Action {
        word: "toxics",
        arguments: "[PORT] SETTING...",
        help: "Does something to the connections of a TCP port, or of all; the settings are below.",
        read: toxics::read,
    },
    Action {
        word: "join",
        arguments: "MODULE",
        help: "Leaves its LAN for the softAP of a module.",
        read: |so_far, words| Ok(HostAction::Join(next("the name of a module", so_far, words)?.text)),
    },
    Action {
        word: "leave",
        arguments: "",
        help: "Goes back to its LAN.",
        read: |_, _| Ok(HostAction::Leave),
    },
    Action {
        word: "vanish",
        arguments: "",
        help: "The same without a word: the module misses it when AT+CWCONFIG's time for the softAP is over.",
        read: |_, _| Ok(HostAction::Vanish),
    },
    Action {
        word: "datagram",
        arguments: "ADDRESS PORT TEXT",
        help: "Sends a UDP datagram, from its udp-terminal port if it has one.",
        read: |so_far, words| {
            let (to, port) = far_end(so_far, words)?;
            let data = text(&format!("{so_far} {} {port}", cut(&To(&to).to_string())), words)?;
            Ok(HostAction::Datagram { to, port, data })
        },
    },
    Action {
        word: "sntp",
        arguments: "CHANGE",
        help: "Its time server: answers right or none, stratum N (0 refuses), offset DURATION.",
        read: |so_far, words| sntp(so_far, words).map(HostAction::Sntp),
    },
    Action {
        word: "http",
        arguments: "PATH ANSWER",
        help: "Its HTTP server answers a path with status N, body TEXT or size N, delay DURATION; or again as the scenario says: scenario.",
        read: |so_far, words| http::change(so_far, words).map(|change| HostAction::Http(Box::new(change))),
    },
    Action {
        word: "update",
        arguments: "CHANGE",
        help: "Its update server: answers right, damaged (one bit) or no-image.",
        read: one::update,
    },
    Action {
        word: "websocket",
        arguments: "CHANGE",
        help: "Its WebSocket server: send or binary TEXT, ping TEXT, close CODE [REASON] to all; answers right or none.",
        read: |so_far, words| websocket::change(so_far, words).map(HostAction::WebSocket),
    },
    Action {
        word: "publish",
        arguments: "TOPIC TEXT [qos N] [retain]",
        help: "Its MQTT broker publishes a message.",
        read: mqtt::publish,
    },
    Action {
        word: "mqtt",
        arguments: "CHANGE",
        help: "Its MQTT broker: answers right, pings or none; refuse CODE (0 nobody); drop or take-over CLIENT.",
        read: mqtt::change,
    },
    Action {
        word: "external",
        arguments: "PORT NUMBER EVENT",
        help: "What a real program did: open, data TEXT, close or reset. Input logs have it; nobody need say it.",
        read: one::external,
    },
    Action {
        word: "tls",
        arguments: "CHANGE",
        help: "Its TLS: certificate, version, suite, clients, keys, answers; alert N or cut end its sessions.",
        read: secure::change,
    },
];

/// What `help host` says of the actions.
pub(super) fn details() -> String {
    let row = |a: &Action| {
        let form = format!("{} {}", a.word, a.arguments);
        let form = form.trim_end();
        // A long one has its help on the next line.
        let gap = if form.len() < 28 { String::new() } else { format!("\n{:30}", "") };
        format!("  {form:<28}{gap}{}\n", a.help)
    };
    let toxics = setting::details(&toxics::SETTINGS, &[]);
    format!("Actions:\n{}Toxics. {toxics}", ACTIONS.iter().map(row).collect::<String>())
}

/// Reads what follows `host`.
pub(super) fn read(words: &mut Words) -> Result<Command, String> {
    let Some(name) = words.next() else {
        return Err("expected the name of a host after `host`, found nothing".to_string());
    };
    let name = name.text;
    let actions = || ACTIONS.iter().map(|a| a.word);
    let expected = || format!("expected {} after `host {}`", one_of(actions()), Name(&cut(&name)));
    let Some(word) = words.next() else {
        return Err(format!("{}, found nothing", expected()));
    };
    let Some(action) = ACTIONS.iter().find(|a| word.is(a.word)) else {
        return Err(format!("{}, found {}{}", expected(), word.shown(), did_you_mean(&word.text, actions())));
    };
    let action = (action.read)(&format!("host {} {}", Name(&cut(&name)), action.word), words)?;
    Ok(Command::Change(Change::Host { name, action }))
}

/// The next word, which must be there.
pub(super) fn next(what: &str, so_far: &str, words: &mut Words) -> Result<Word, String> {
    words.next().ok_or_else(|| format!("expected {what} after `{so_far}`, found nothing"))
}

fn far_end(so_far: &str, words: &mut Words) -> Result<(Peer, u16), String> {
    let to = next("an address or the name of a module", so_far, words)?;
    let to = match to.plain().and_then(|word| word.parse::<IpAddr>().ok()) {
        Some(address) => Peer::Address(address),
        None => Peer::Module(to.text),
    };
    let so_far = format!("{so_far} {}", cut(&To(&to).to_string()));
    const PORT: &str = "a port from 1 to 65535";
    let port = next(PORT, &so_far, words)?;
    let digits = port.plain().filter(|p| p.bytes().all(|b| b.is_ascii_digit()));
    match digits.and_then(|p| p.parse().ok()).filter(|&p| p > 0) {
        Some(number) => Ok((to, number)),
        None => Err(format!("expected {PORT} after `{so_far}`, found {}", port.shown())),
    }
}

fn tls(so_far: &str, words: &mut Words) -> Result<HostTls, String> {
    let Some(word) = words.next() else { return Ok(HostTls::None) };
    if !word.is("tls") {
        return Err(format!("expected `tls` or nothing after `{so_far}`, found {}", word.shown()));
    }
    match words.next() {
        None => Ok(HostTls::Anonymous),
        Some(word) if word.is("certificate") => Ok(HostTls::Certificate),
        Some(word) => {
            let found = word.shown();
            Err(format!("expected `certificate` or nothing after `{so_far} tls`, found {found}"))
        }
    }
}

fn sntp(so_far: &str, words: &mut Words) -> Result<SntpChange, String> {
    const CHANGES: [&str; 3] = ["answers", "stratum", "offset"];
    let word = next(&one_of(CHANGES), so_far, words)?;
    match word.plain() {
        Some("answers") => {
            let expected = || one_of(SntpAnswers::WORDS.map(|(word, _)| word));
            let so_far = format!("{so_far} answers");
            let answers = next(&expected(), &so_far, words)?;
            let found = SntpAnswers::WORDS.iter().find(|(word, _)| answers.is(word));
            found.map(|(_, answers)| SntpChange::Answers(*answers)).ok_or_else(|| {
                let hint = did_you_mean(&answers.text, SntpAnswers::WORDS.map(|(word, _)| word));
                format!("expected {} after `{so_far}`, found {}{hint}", expected(), answers.shown())
            })
        }
        Some("stratum") => {
            const STRATUM: &str = "a stratum from 0 to 15";
            let so_far = format!("{so_far} stratum");
            let stratum = next(STRATUM, &so_far, words)?;
            let number = stratum.plain().and_then(|s| s.parse().ok()).filter(|&n: &u8| n <= 15);
            number
                .map(SntpChange::Stratum)
                .ok_or_else(|| format!("expected {STRATUM} after `{so_far}`, found {}", stratum.shown()))
        }
        Some("offset") => {
            let offset = words.quantity().ok_or_else(|| {
                format!("expected a duration such as `-90 s` after `{so_far} offset`, found nothing")
            })?;
            let offset = quantity::signed_duration(&offset).map_err(|e| format!("`offset`: {e}"))?;
            Ok(SntpChange::Offset(offset))
        }
        _ => {
            let hint = renamed(&word, "sntp").unwrap_or_else(|| did_you_mean(&word.text, CHANGES));
            let (changes, found) = (one_of(CHANGES), word.shown());
            Err(format!("expected {changes} after `{so_far}`, found {found}{hint}"))
        }
    }
}

pub(super) fn text(so_far: &str, words: &mut Words) -> Result<Vec<u8>, String> {
    let data = next("a text in quotes", so_far, words)?.bytes;
    if data.len() > MAX_DATAGRAM {
        return Err(format!(
            "expected a text of at most {MAX_DATAGRAM} bytes after `{so_far}`, found {} bytes",
            data.len()
        ));
    }
    Ok(data)
}

/// A far end as the language writes it.
struct To<'a>(&'a Peer);

impl fmt::Display for To<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Peer::Address(address) => address.fmt(f),
            // In quotes it is a name, whatever it looks like.
            Peer::Module(name) if name.parse::<IpAddr>().is_ok() => write!(f, "\"{name}\""),
            Peer::Module(name) => Name(name).fmt(f),
        }
    }
}

/// An action as the language writes it.
pub(super) struct Shown<'a>(pub &'a HostAction);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            HostAction::Send(data) => write!(f, "send {}", quoted(data)),
            HostAction::Close => f.write_str("close"),
            HostAction::Reset => f.write_str("reset"),
            HostAction::Join(module) => write!(f, "join {}", Name(module)),
            HostAction::Leave => f.write_str("leave"),
            HostAction::Vanish => f.write_str("vanish"),
            HostAction::HalfOpen => f.write_str("half-open"),
            HostAction::One(which, action) => one::show(f, *which, action),
            HostAction::Listen { port, udp } => one::show_port(f, "listen", *port, *udp),
            HostAction::Unlisten { port, udp } => one::show_port(f, "unlisten", *port, *udp),
            HostAction::Group { group, join } => {
                write!(f, "group {} {group}", if *join { "join" } else { "leave" })
            }
            HostAction::Toxics { port, change } => toxics::show(f, *port, change),
            HostAction::External { port, number, input } => one::show_external(f, *port, *number, input),
            HostAction::Update(answers) => write!(f, "update answers {}", answers.word()),
            HostAction::Pause => f.write_str("pause"),
            HostAction::Resume => f.write_str("resume"),
            HostAction::Connect { to, port, tls } => {
                let tls = match tls {
                    HostTls::None => "",
                    HostTls::Anonymous => " tls",
                    HostTls::Certificate => " tls certificate",
                };
                write!(f, "connect {} {port}{tls}", To(to))
            }
            HostAction::Publish { topic, payload, qos, retain } => {
                mqtt::show_publish(f, topic, payload, *qos, *retain)
            }
            HostAction::Mqtt(change) => mqtt::show_change(f, change),
            HostAction::Tls(change) => secure::show(f, change),
            HostAction::Alert(alert) => write!(f, "tls alert {alert}"),
            HostAction::Cut => f.write_str("tls cut"),
            HostAction::Http(change) => http::show(f, change),
            HostAction::WebSocket(change) => websocket::show(f, change),
            HostAction::Sntp(SntpChange::Answers(answers)) => write!(f, "sntp answers {}", answers.word()),
            HostAction::Sntp(SntpChange::Stratum(stratum)) => write!(f, "sntp stratum {stratum}"),
            HostAction::Sntp(SntpChange::Offset(offset)) => {
                let sign = if *offset < 0 { "-" } else { "" };
                let size = duration_text(Duration::from_nanos(offset.unsigned_abs()));
                write!(f, "sntp offset {sign}{size}")
            }
            HostAction::Datagram { to, port, data } => {
                write!(f, "datagram {} {port} {}", To(to), quoted(data))
            }
        }
    }
}
