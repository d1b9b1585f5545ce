//! What can be done to an access point: `ap NAME down`, `ap NAME up`, `ap NAME association WHAT`,
//! `ap NAME dhcp-answers WHAT`.

use super::words::Words;
use super::{Change, Command, Name, column, pick};
use crate::net::config::DhcpAnswers;
use crate::wifi::config::Association;
use crate::world::spelling::cut;

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
    match pick(words, &so_far, ["down", "up", "association", "dhcp-answers"])? {
        "down" => Ok(Command::Change(Change::ApDown(name))),
        "up" => Ok(Command::Change(Change::ApUp(name))),
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
