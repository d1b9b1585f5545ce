//! Questions that are no change's other half: `links`, `hosts`, `observations`, `packets`, `statistics`; and `json`, which
//! asks for the answer of any line in the form for programs.

use super::words::Words;
use super::{Command, Question, duration, one_of, read_command};
use crate::time::Instant;
use crate::world::event::EventKind;
use crate::world::spelling::did_you_mean;

/// The word that asks for JSON.
pub(super) const JSON: &str = "json";

/// Whether this line wants its answer, and what is wrong with it, as JSON.
pub fn wants_json(line: &str) -> bool {
    line.split_whitespace().next() == Some(JSON)
}

/// Whether this line changes nothing: it asks, or it is not understood.
pub fn only_asks(line: &str) -> bool {
    match super::parse(line) {
        Ok(Command::Json(command)) => matches!(*command, Command::Ask(_)),
        Ok(command) => matches!(command, Command::Ask(_)),
        Err(_) => true,
    }
}

/// A question about all of something, or about the one whose name follows.
pub(super) fn named(words: &mut Words, question: fn(Option<String>) -> Question) -> Result<Command, String> {
    Ok(Command::Ask(question(words.next().map(|word| word.text))))
}

/// Reads what follows `observations`.
pub(super) fn observations(words: &mut Words) -> Result<Command, String> {
    let (mut kind, mut since) = (None, None);
    while let Some(word) = words.next() {
        if word.is("since") && since.is_none() {
            since = Some(Instant::from_nanos(duration("since", words)?.as_nanos()));
            continue;
        }
        let mut kinds = EventKind::words(true);
        kinds.extend(
            EventKind::words(false).into_iter().filter(|word| !EventKind::words(true).contains(word)),
        );
        let found = kinds.iter().find(|kind| kind.eq_ignore_ascii_case(&word.text));
        match found.filter(|_| kind.is_none() && since.is_none()) {
            Some(found) => kind = Some(*found),
            None => {
                let words = kinds.into_iter().chain(["since"]);
                let hint = did_you_mean(&word.text, words.clone());
                let expected = one_of(words);
                let after = if since.is_some() { "nothing".to_owned() } else { expected };
                return Err(format!("expected {after} in `observations`, found {}{hint}", word.shown()));
            }
        }
    }
    Ok(Command::Ask(Question::Observations { kind, since }))
}

/// Reads what follows `json`.
pub(super) fn json(words: &mut Words) -> Result<Command, String> {
    match read_command(words)? {
        Command::Json(_) => Err("expected one `json` in a line, found a second one".to_string()),
        command => Ok(Command::Json(Box::new(command))),
    }
}
