//! One connection of a host, and what listens on it: `host NAME close PEER`, `listen PORT`, `group join ADDRESS`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::host::{next, text};
use super::words::Words;
use crate::net::config::UpdateAnswers;
use crate::net::network::{ExternalInput, HostAction, OneAction, Which};
use crate::net::service::quoted;
use crate::world::spelling::{did_you_mean, one_of};

/// What names a connection.
const PEER: &str = "the peer of a connection, such as `192.168.1.100:49153`, `newest` or `oldest`";

/// Reads what follows `send`.
pub(super) fn send(so_far: &str, words: &mut Words) -> Result<HostAction, String> {
    let data = text(so_far, words)?;
    if data.is_empty() {
        return Err(format!("expected at least one byte after `{so_far}`, found `\"\"`"));
    }
    if !words.take("to") {
        return Ok(HostAction::Send(data));
    }
    let so_far = format!("{so_far} {} to", quoted(&data[..data.len().min(20)]));
    let word = next(PEER, &so_far, words)?;
    let found = || format!("expected {PEER} after `{so_far}`, found {}", word.shown());
    which(word.plain().unwrap_or_default())
        .map(|at| HostAction::One(at, OneAction::Send(data)))
        .ok_or_else(found)
}

/// Reads what follows `close`, `reset` and `half-open`: a peer, or nothing.
pub(super) fn end(
    so_far: &str,
    words: &mut Words,
    all: HostAction,
    one: OneAction,
) -> Result<HostAction, String> {
    let Some(word) = words.next() else { return Ok(all) };
    let at = which(word.plain().unwrap_or_default());
    at.map(|at| HostAction::One(at, one))
        .ok_or_else(|| format!("expected {PEER}, or nothing, after `{so_far}`, found {}", word.shown()))
}

fn which(word: &str) -> Option<Which> {
    match word {
        "newest" => Some(Which::Newest),
        "oldest" => Some(Which::Oldest),
        peer => peer.parse::<SocketAddr>().ok().map(Which::Peer),
    }
}

fn number_of_port(so_far: &str, words: &mut Words) -> Result<u16, String> {
    const PORT: &str = "a port from 1 to 65535";
    let word = next(PORT, so_far, words)?;
    let digits = word.plain().filter(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let port = digits.and_then(|p| p.parse().ok()).filter(|&p| p > 0);
    port.ok_or_else(|| format!("expected {PORT} after `{so_far}`, found {}", word.shown()))
}

/// Reads what follows `listen` and `unlisten`.
pub(super) fn port(so_far: &str, words: &mut Words, listen: bool) -> Result<HostAction, String> {
    let port = number_of_port(so_far, words)?;
    let udp = words.take("udp");
    Ok(if listen { HostAction::Listen { port, udp } } else { HostAction::Unlisten { port, udp } })
}

/// Reads what follows `group`.
pub(super) fn group(so_far: &str, words: &mut Words) -> Result<HostAction, String> {
    const WHAT: [&str; 2] = ["join", "leave"];
    const GROUP: &str = "the address of a multicast group";
    let word = next(&one_of(WHAT), so_far, words)?;
    let Some(what) = WHAT.iter().find(|what| word.is(what)) else {
        let hint = did_you_mean(&word.text, WHAT);
        return Err(format!("expected {} after `{so_far}`, found {}{hint}", one_of(WHAT), word.shown()));
    };
    let so_far = format!("{so_far} {what}");
    let address = next(GROUP, &so_far, words)?;
    let group = address.plain().and_then(|word| word.parse::<IpAddr>().ok()).filter(IpAddr::is_multicast);
    let group =
        group.ok_or_else(|| format!("expected {GROUP} after `{so_far}`, found {}", address.shown()))?;
    Ok(HostAction::Group { group, join: *what == "join" })
}

/// Reads what follows `external`.
pub(super) fn external(so_far: &str, words: &mut Words) -> Result<HostAction, String> {
    const EVENTS: [&str; 4] = ["open", "data", "close", "reset"];
    let port = number_of_port(so_far, words)?;
    const NUMBER: &str = "the number of a connection, from 1";
    let so_far = format!("{so_far} {port}");
    let word = next(NUMBER, &so_far, words)?;
    let number = word.plain().and_then(|n| n.parse().ok()).filter(|&n: &u32| n > 0);
    let number =
        number.ok_or_else(|| format!("expected {NUMBER} after `{so_far}`, found {}", word.shown()))?;
    let so_far = format!("{so_far} {number}");
    let event = next(&one_of(EVENTS), &so_far, words)?;
    let input = match event.plain() {
        Some("open") => ExternalInput::Open,
        Some("data") => ExternalInput::Data(text(&format!("{so_far} data"), words)?),
        Some("close") => ExternalInput::Close,
        Some("reset") => ExternalInput::Reset,
        _ => {
            let hint = did_you_mean(&event.text, EVENTS);
            let (events, found) = (one_of(EVENTS), event.shown());
            return Err(format!("expected {events} after `{so_far}`, found {found}{hint}"));
        }
    };
    Ok(HostAction::External { port, number, input })
}

/// The same as the language writes it.
pub(super) fn show_external(
    f: &mut fmt::Formatter<'_>,
    port: u16,
    number: u32,
    input: &ExternalInput,
) -> fmt::Result {
    write!(f, "external {port} {number} ")?;
    match input {
        ExternalInput::Open => f.write_str("open"),
        ExternalInput::Data(data) => write!(f, "data {}", quoted(data)),
        ExternalInput::Close => f.write_str("close"),
        ExternalInput::Reset => f.write_str("reset"),
    }
}

/// Reads what follows `update`.
pub(super) fn update(so_far: &str, words: &mut Words) -> Result<HostAction, String> {
    if !words.take("answers") {
        let found = words.next().map_or_else(|| "nothing".to_owned(), |word| word.shown());
        return Err(format!("expected `answers` after `{so_far}`, found {found}"));
    }
    let names = || UpdateAnswers::WORDS.iter().map(|(word, _)| *word);
    let so_far = format!("{so_far} answers");
    let word = next(&one_of(names()), &so_far, words)?;
    let found = UpdateAnswers::WORDS.iter().find(|(name, _)| word.is(name));
    found.map(|(_, answers)| HostAction::Update(*answers)).ok_or_else(|| {
        let hint = did_you_mean(&word.text, names());
        format!("expected {} after `{so_far}`, found {}{hint}", one_of(names()), word.shown())
    })
}

/// A connection as the language writes it.
struct Shown(Which);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Which::Peer(peer) => peer.fmt(f),
            Which::Newest => f.write_str("newest"),
            Which::Oldest => f.write_str("oldest"),
        }
    }
}

/// An action on one connection as the language writes it.
pub(super) fn show(f: &mut fmt::Formatter<'_>, which: Which, action: &OneAction) -> fmt::Result {
    let which = Shown(which);
    match action {
        OneAction::Send(data) => write!(f, "send {} to {which}", quoted(data)),
        OneAction::Close => write!(f, "close {which}"),
        OneAction::Reset => write!(f, "reset {which}"),
        OneAction::HalfOpen => write!(f, "half-open {which}"),
    }
}

/// `listen 80`, `unlisten 5000 udp`.
pub(super) fn show_port(f: &mut fmt::Formatter<'_>, word: &str, port: u16, udp: bool) -> fmt::Result {
    write!(f, "{word} {port}{}", if udp { " udp" } else { "" })
}
