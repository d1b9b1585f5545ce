//! What can be wrong with a module itself: `module NAME CHANGE`.

use std::fmt;

use super::words::Words;
use super::{Change, Command, Name, column, pick};
use crate::module::ModuleChange;
use crate::profile::Reset;
use crate::world::spelling::{cut, did_you_mean, one_of};

/// One change.
struct Form {
    word: &'static str,
    /// What follows the word.
    arguments: &'static str,
    help: &'static str,
    /// Reads what follows. The text is the line so far, for messages.
    read: fn(&str, &mut Words) -> Result<ModuleChange, String>,
}

/// Every change, in the order of `help module`.
const FORMS: [Form; 2] = [
    Form {
        word: "reset",
        arguments: "[brown-out|watchdog|power-on]",
        help: "Resets the chip at once, in the middle of a byte; brown-out if nothing is said.",
        read: reset,
    },
    Form {
        word: "power",
        arguments: "off|on",
        help: "Takes the supply away, or gives it back; the chip runs while EN is high, too.",
        read: |so_far, words| Ok(ModuleChange::Power(pick(words, so_far, ["off", "on"])? == "on")),
    },
];

/// What `help module` says of the changes.
pub(super) fn details() -> String {
    let row = |form: &Form| column(format!("{} {}", form.word, form.arguments).trim_end(), form.help);
    format!("Changes:\n{}", FORMS.iter().map(row).collect::<String>())
}

/// Reads what follows `module`.
pub(super) fn read(words: &mut Words) -> Result<Command, String> {
    let Some(name) = words.next() else {
        return Err("expected the name of a module after `module`, found nothing".to_string());
    };
    let name = name.text;
    let so_far = format!("module {}", Name(&cut(&name)));
    let forms = || FORMS.iter().map(|form| form.word);
    let expected = || format!("expected {} after `{so_far}`", one_of(forms()));
    let word = words.next().ok_or_else(|| format!("{}, found nothing", expected()))?;
    let Some(form) = FORMS.iter().find(|form| word.is(form.word)) else {
        return Err(format!("{}, found {}{}", expected(), word.shown(), did_you_mean(&word.text, forms())));
    };
    let change = (form.read)(&format!("{so_far} {}", form.word), words)?;
    Ok(Command::Change(Change::Module { name, change }))
}

fn reset(so_far: &str, words: &mut Words) -> Result<ModuleChange, String> {
    if words.is_over() {
        return Ok(ModuleChange::Reset(Reset::BrownOut));
    }
    let word = pick(words, so_far, Reset::WORDS.map(|(word, _)| word))?;
    let reset = Reset::WORDS.iter().find(|(name, _)| *name == word);
    Ok(ModuleChange::Reset(reset.map_or(Reset::BrownOut, |(_, reset)| *reset)))
}

/// A change as the language writes it.
pub(super) struct Shown<'a>(pub &'a ModuleChange);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ModuleChange::Reset(reset) => write!(f, "reset {}", reset.word()),
            ModuleChange::Power(on) => write!(f, "power {}", if *on { "on" } else { "off" }),
        }
    }
}
