//! What can be done to an access point: `ap NAME down`, `ap NAME up`, `ap NAME dhcp-answers WHAT`.

use super::words::Words;
use super::{Change, Command, Name, column, renamed};
use crate::net::config::DhcpAnswers;
use crate::world::spelling::{cut, did_you_mean, one_of};

/// What a DHCP server can be made to answer.
const DHCP: [(&str, &str); 5] = [
    ("right", "What the protocol says."),
    ("none", "Nothing."),
    ("no-offer", "No DISCOVER, as with no address left; leases are renewed."),
    ("no-ack", "No REQUEST, as with ACKs that are lost."),
    ("nak", "A NAK to every REQUEST, and no DISCOVER."),
];

/// What `help ap` says of DHCP.
pub(super) fn details() -> String {
    let rows: String = DHCP.iter().map(|(word, help)| column(word, help)).collect();
    format!("What DHCP answers:\n{rows}")
}

/// Reads what follows `ap`.
pub(super) fn read(words: &mut Words) -> Result<Command, String> {
    let Some(name) = words.next() else {
        return Err("expected the name of an access point after `ap`, found nothing".to_string());
    };
    let name = name.text;
    let so_far = format!("ap {}", Name(&cut(&name)));
    match pick(words, &so_far, ["down", "up", "dhcp-answers"])? {
        "down" => Ok(Command::Change(Change::ApDown(name))),
        "up" => Ok(Command::Change(Change::ApUp(name))),
        _ => {
            let so_far = format!("{so_far} dhcp-answers");
            let word = pick(words, &so_far, DhcpAnswers::WORDS.map(|(word, _)| word))?;
            let answers = DhcpAnswers::WORDS.iter().find(|(name, _)| *name == word);
            let answers = answers.map(|(_, answers)| *answers).unwrap_or_default();
            Ok(Command::Change(Change::ApDhcp { name, answers }))
        }
    }
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
        let hint = renamed(&word, "ap").unwrap_or_else(|| did_you_mean(&word.text, choices));
        format!("{}, found {}{hint}", expected(), word.shown())
    })
}
