//! What can be done to an access point: `ap NAME down`, `ap NAME rssi DBM over TIME`, `ap NAME association WHAT` and more.

use std::ops::RangeInclusive;

use super::host::next;
use super::words::Words;
use super::{Change, Command, Name, column, pick};
use crate::net::config::DhcpAnswers;
use crate::time::Duration;
use crate::wifi::config::{ApChange, Association};
use crate::world::quantity;
use crate::world::spelling::cut;

/// What can be said of an access point.
const FORMS: [&str; 10] = [
    "down",
    "up",
    "rssi",
    "deauth",
    "channel",
    "password",
    "uplink",
    "captive",
    "association",
    "dhcp-answers",
];
/// A signal strength.
const DBM: &str = "a strength from -100 to -1 (dBm)";

/// A number that follows.
fn number<T: TryFrom<i64>>(
    words: &mut Words,
    so_far: &str,
    what: &str,
    range: RangeInclusive<i64>,
) -> Result<T, String> {
    let word = next(what, so_far, words)?;
    let found = word.plain().and_then(|word| word.parse().ok()).filter(|n: &i64| range.contains(n));
    let found = found.filter(|_| word.plain().is_some_and(|word| !word.starts_with('+')));
    let value = found.and_then(|n| T::try_from(n).ok());
    value.ok_or_else(|| format!("expected {what} after `{so_far}`, found {}", word.shown()))
}

/// A time of at most an hour.
pub(super) fn delay(after: &str, words: &mut Words) -> Result<Duration, String> {
    let text = words
        .quantity()
        .ok_or_else(|| format!("expected a time such as `30s` after `{after}`, found nothing"))?;
    quantity::delay(&text).map_err(|e| format!("`{after}`: {e}"))
}

/// What an access point can be made to answer a station that wants to associate.
const ASSOCIATION: [(&str, &str); 3] = [
    ("right", "What the protocol says."),
    ("none", "Nothing: AT+CWJAP ends with `+CWJAP:1` when its time is over."),
    ("refused", "No: AT+CWJAP ends with `+CWJAP:4`."),
];

/// What a DHCP server can be made to answer.
const DHCP: [(&str, &str); 5] = [
    ("right", "What the protocol says."),
    ("none", "Nothing."),
    ("no-offer", "No DISCOVER, as with no address left; leases are renewed."),
    ("no-ack", "No REQUEST, as with ACKs that are lost."),
    ("nak", "A NAK to every REQUEST, and no DISCOVER."),
];

/// What `help ap` says of answers.
pub(super) fn details() -> String {
    let rows = |of: &[(&str, &str)]| of.iter().map(|(word, help)| column(word, help)).collect::<String>();
    let (stations, dhcp) = (rows(&ASSOCIATION), rows(&DHCP));
    format!("What a station is answered that wants to associate:\n{stations}What DHCP answers:\n{dhcp}")
}

/// Reads what follows `ap`.
pub(super) fn read(words: &mut Words) -> Result<Command, String> {
    let Some(name) = words.next() else {
        return Err("expected the name of an access point after `ap`, found nothing".to_string());
    };
    let name = name.text;
    let so_far = format!("ap {}", Name(&cut(&name)));
    match pick(words, &so_far, FORMS)? {
        "down" => Ok(Command::Change(Change::ApDown(name))),
        "up" => Ok(Command::Change(Change::ApUp(name))),
        "rssi" => {
            let so_far = format!("{so_far} rssi");
            let dbm = number(words, &so_far, DBM, -100..=-1)?;
            let over = if words.take("over") { delay("over", words)? } else { Duration::ZERO };
            let module = match words.take("for") {
                false => None,
                true => Some(next("the name of a module", &format!("{so_far} {dbm} for"), words)?.text),
            };
            Ok(Command::Change(Change::ApRssi { name, dbm, over, module }))
        }
        "deauth" => Ok(Command::Change(Change::ApRadio { name, change: ApChange::Deauth })),
        "channel" => {
            let so_far = format!("{so_far} channel");
            let channel = number(words, &so_far, "a channel from 1 to 14", 1..=14)?;
            Ok(Command::Change(Change::ApRadio { name, change: ApChange::Channel(channel) }))
        }
        "password" => {
            const PASSWORD: &str = "a password of 8 to 63 printable ASCII characters";
            let so_far = format!("{so_far} password");
            let word = next(PASSWORD, &so_far, words)?;
            let fits =
                (8..=63).contains(&word.bytes.len()) && word.bytes.iter().all(|b| (32..=126).contains(b));
            if !fits {
                return Err(format!("expected {PASSWORD} after `{so_far}`, found {}", word.shown()));
            }
            Ok(Command::Change(Change::ApRadio { name, change: ApChange::Password(word.bytes) }))
        }
        "uplink" => {
            let up = pick(words, &format!("{so_far} uplink"), ["down", "up"])? == "up";
            Ok(Command::Change(Change::ApUplink { name, up }))
        }
        "captive" => {
            let on = pick(words, &format!("{so_far} captive"), ["on", "off"])? == "on";
            Ok(Command::Change(Change::ApCaptive { name, on }))
        }
        "association" => {
            let so_far = format!("{so_far} association");
            let word = pick(words, &so_far, Association::WORDS.map(|(word, _)| word))?;
            let association = Association::WORDS.iter().find(|(name, _)| *name == word);
            let association = association.map(|(_, association)| *association).unwrap_or_default();
            Ok(Command::Change(Change::ApAssociation { name, association }))
        }
        _ => {
            let so_far = format!("{so_far} dhcp-answers");
            let word = pick(words, &so_far, DhcpAnswers::WORDS.map(|(word, _)| word))?;
            let answers = DhcpAnswers::WORDS.iter().find(|(name, _)| *name == word);
            let answers = answers.map(|(_, answers)| *answers).unwrap_or_default();
            Ok(Command::Change(Change::ApDhcp { name, answers }))
        }
    }
}
