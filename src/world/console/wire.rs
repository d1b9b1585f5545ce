//! What can be done to a wire: `wire NAME SETTING...`.

use std::fmt;

use super::setting::{self, Setting, store};
use super::words::Words;
use super::{Change, Command, Question};
use crate::module::{Harm, Module};
use crate::time::Instant;
use crate::world::quantity::{self, chance_text, duration_text};

/// A direction of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireSide {
    /// What the MCU sends.
    FromMcu,
    /// What the module sends.
    ToMcu,
}

/// What changes about a wire; the rest stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireChange {
    /// Where; `None`: both directions.
    pub side: Option<WireSide>,
    /// What.
    pub harm: Harm,
}

impl WireChange {
    /// Makes the change.
    pub fn apply(&self, now: Instant, module: &mut Module) {
        for (side, from_mcu) in [(WireSide::FromMcu, true), (WireSide::ToMcu, false)] {
            if self.side.is_none_or(|only| only == side) {
                module.set_harm(now, from_mcu, self.harm);
            }
        }
    }
}

/// The directions: word, help, which.
pub(super) const SIDES: [(&str, &str, WireSide); 2] = [
    ("from-mcu", "Before the others: only what the MCU sends.", WireSide::FromMcu),
    ("to-mcu", "Before the others: only what the module sends.", WireSide::ToMcu),
];

/// Every setting, in the order in which a change is written.
pub(super) const SETTINGS: [Setting<Harm>; 3] = [
    Setting {
        word: "noise",
        argument: "CHANCE",
        help: "How often one bit of a byte is inverted, start and stop bits too.",
        set: |h, v| store(&mut h.noise_ppm, quantity::chance(v)),
    },
    Setting {
        word: "loss",
        argument: "CHANCE",
        help: "How often a byte is lost on its way.",
        set: |h, v| store(&mut h.loss_ppm, quantity::chance(v)),
    },
    Setting {
        word: "break",
        argument: "TIME",
        help: "Holds the line low for so long, once.",
        set: |h, v| store(&mut h.low, quantity::delay(v)),
    },
];

pub(super) fn read(words: &mut Words) -> Result<Command, String> {
    let Some(name) = words.next() else { return Ok(Command::Ask(Question::Wire(None))) };
    let (name, mut harm, mut side) = (name.text, Harm::default(), None);
    while let Some(word) = words.next() {
        let named = SIDES.iter().find(|(name, ..)| word.is(name));
        if let (Some((_, _, named)), None, true) = (named, side, harm == Harm::default()) {
            side = Some(*named);
            continue;
        }
        let sides = SIDES.iter().map(|(name, ..)| *name);
        let setting = setting::find(&SETTINGS, &word, "the wire", sides)?;
        setting.read(&mut harm, words)?;
    }
    match (side, harm == Harm::default()) {
        (None, true) => Ok(Command::Ask(Question::Wire(Some(name)))),
        (Some(_), true) => Err(format!("{}, found nothing", setting::expected(&SETTINGS, "the wire"))),
        (side, false) => Ok(Command::Change(Change::Wire { name, change: WireChange { side, harm } })),
    }
}

/// The settings as the language writes them: `from-mcu noise 1%`.
impl fmt::Display for WireChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side =
            SIDES.iter().find(|(.., side)| Some(*side) == self.side).map(|(name, ..)| (*name).to_owned());
        let settings = [
            side,
            self.harm.noise_ppm.map(|p| format!("noise {}", chance_text(p))),
            self.harm.loss_ppm.map(|p| format!("loss {}", chance_text(p))),
            self.harm.low.map(|d| format!("break {}", duration_text(d))),
        ];
        let settings: Vec<String> = settings.into_iter().flatten().collect();
        f.write_str(&settings.join(" "))
    }
}
