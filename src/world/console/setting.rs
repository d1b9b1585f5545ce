//! Settings that a line changes, several in a line: each a word and what follows it.

use super::words::{Word, Words};
use super::{column, renamed};
use crate::world::spelling::{did_you_mean, one_of};

/// One thing that can be set. `T` collects what a line sets.
pub(super) struct Setting<T> {
    pub word: &'static str,
    /// What follows the word, a word for each value; empty when nothing does. All but the first may be left out.
    pub argument: &'static str,
    pub help: &'static str,
    pub set: fn(&mut T, &str) -> Result<(), String>,
}

impl<T> Setting<T> {
    /// Reads what follows the word into `change`.
    pub fn read(&self, change: &mut T, words: &mut Words) -> Result<(), String> {
        let Setting { word, argument, .. } = self;
        let most = argument.split(' ').filter(|name| !name.is_empty()).count();
        let mut value = match most {
            0 => String::new(),
            _ => words
                .quantity()
                .ok_or_else(|| format!("expected {argument} after `{word}`, found nothing"))?,
        };
        if most > 1 {
            // A space stands between values then, not before their units.
            value.retain(|c| c != ' ');
            for _ in 1..most {
                let Some(further) = words.further_quantity() else { break };
                value = format!("{value} {}", further.replace(' ', ""));
            }
        }
        (self.set)(change, &value).map_err(|e| format!("`{word}`: {e}"))
    }
}

/// What a setting does with its value.
pub(super) fn store<T>(field: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    if field.is_some() {
        return Err("set already in this line".to_owned());
    }
    *field = Some(value?);
    Ok(())
}

/// The setting of `what` that `word` names. `others`: further words that may stand there.
pub(super) fn find<'a, T>(
    settings: &'a [Setting<T>],
    word: &Word,
    what: &str,
    others: impl IntoIterator<Item = &'static str>,
) -> Result<&'a Setting<T>, String> {
    settings.iter().find(|s| word.is(s.word)).ok_or_else(|| {
        let words = settings.iter().map(|s| s.word).chain(others);
        let hint = renamed(word, "wire").unwrap_or_else(|| did_you_mean(&word.text, words));
        format!("{}, found {}{hint}", expected(settings, what), word.shown())
    })
}

/// The beginning of a message: what was expected.
pub(super) fn expected<T>(settings: &[Setting<T>], what: &str) -> String {
    format!("expected a setting of {what} ({})", one_of(settings.iter().map(|s| s.word)))
}

/// What `help` says of them. `before`: words that may stand before the settings, and what they do.
pub(super) fn details<T>(settings: &[Setting<T>], before: &[(&str, &str)]) -> String {
    let before = before.iter().map(|(word, help)| column(word, help));
    let settings = settings.iter().map(|s| column(format!("{} {}", s.word, s.argument).trim_end(), s.help));
    format!("Settings, several in a line:\n{}", before.chain(settings).collect::<String>())
}
