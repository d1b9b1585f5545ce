//! What a host's TLS can be told: `host NAME tls CHANGE`.

use std::fmt;

use super::host::next;
use super::words::Words;
use crate::net::network::HostAction;
use crate::net::tls::{Change, Clients, Shows, Version};
use crate::world::spelling::{cut, did_you_mean, one_of, suite_number};

/// What can be said.
const CHANGES: [&str; 8] = ["certificate", "version", "suite", "clients", "keys", "answers", "alert", "cut"];
/// Versions with their words; `any` are those of the scenario.
const VERSIONS: [(&str, Option<Version>); 5] = [
    ("1.0", Some(Version::Tls10)),
    ("1.1", Some(Version::Tls11)),
    ("1.2", Some(Version::Tls12)),
    ("1.3", Some(Version::Tls13)),
    ("any", None),
];
const KEYS: [(&str, bool); 2] = [("right", false), ("other", true)];

/// Reads what follows `tls`.
pub(super) fn change(so_far: &str, words: &mut Words) -> Result<HostAction, String> {
    let word = next(&one_of(CHANGES), so_far, words)?;
    let before = so_far;
    let so_far = format!("{so_far} {}", cut(&word.text));
    Ok(match word.plain() {
        Some("certificate") => HostAction::Tls(Change::Shows(choice(&Shows::WORDS, &so_far, words)?)),
        Some("version") => HostAction::Tls(Change::Version(choice(&VERSIONS, &so_far, words)?)),
        Some("suite") => HostAction::Tls(Change::Suite(suite(&so_far, words)?)),
        Some("clients") => HostAction::Tls(Change::Clients(choice(&Clients::WORDS, &so_far, words)?)),
        Some("keys") => HostAction::Tls(Change::OtherKeys(choice(&KEYS, &so_far, words)?)),
        Some("answers") => HostAction::Tls(Change::Fault(choice(&Change::ANSWERS, &so_far, words)?)),
        Some("alert") => {
            const ALERT: &str = "the number of an alert from 1 to 255";
            let number = next(ALERT, &so_far, words)?;
            let found = number.plain().and_then(|n| n.parse().ok()).filter(|&n: &u8| n > 0);
            HostAction::Alert(
                found
                    .ok_or_else(|| format!("expected {ALERT} after `{so_far}`, found {}", number.shown()))?,
            )
        }
        Some("cut") => HostAction::Cut,
        _ => {
            let hint = did_you_mean(&word.text, CHANGES);
            let found = word.shown();
            return Err(format!("expected {} after `{before}`, found {found}{hint}", one_of(CHANGES)));
        }
    })
}

/// One of these words.
fn choice<T: Copy>(table: &[(&str, T)], so_far: &str, words: &mut Words) -> Result<T, String> {
    let names = || table.iter().map(|(word, _)| *word);
    let word = next(&one_of(names()), so_far, words)?;
    let found = table.iter().find(|(name, _)| word.is(name));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let hint = did_you_mean(&word.text, names());
        format!("expected {} after `{so_far}`, found {}{hint}", one_of(names()), word.shown())
    })
}

fn suite(so_far: &str, words: &mut Words) -> Result<Option<u16>, String> {
    const SUITE: &str = "a number of four digits such as `0xc030`, or `any`";
    let word = next(SUITE, so_far, words)?;
    if word.is("any") {
        return Ok(None);
    }
    let number = word.plain().and_then(suite_number);
    number.map(Some).ok_or_else(|| format!("expected {SUITE} after `{so_far}`, found {}", word.shown()))
}

/// The word for a value of a table.
fn word<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, v)| v == value).map_or("", |(word, _)| word)
}

/// A change as the language writes it.
pub(super) fn show(f: &mut fmt::Formatter<'_>, change: &Change) -> fmt::Result {
    match change {
        Change::Shows(shows) => write!(f, "tls certificate {}", word(&Shows::WORDS, shows)),
        Change::Version(version) => write!(f, "tls version {}", word(&VERSIONS, version)),
        Change::Suite(Some(suite)) => write!(f, "tls suite 0x{suite:04x}"),
        Change::Suite(None) => f.write_str("tls suite any"),
        Change::Clients(clients) => write!(f, "tls clients {}", word(&Clients::WORDS, clients)),
        Change::OtherKeys(other) => write!(f, "tls keys {}", word(&KEYS, other)),
        Change::Fault(fault) => write!(f, "tls answers {}", word(&Change::ANSWERS, fault)),
    }
}
