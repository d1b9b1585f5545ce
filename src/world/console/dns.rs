//! How DNS servers behave: `dns NAME SETTING...`.

use std::fmt;

use super::setting::{self, Setting, store};
use super::words::Words;
use super::{Change, Command, Question};
use crate::net::config::{DnsAnswers, DnsBehaviour};
use crate::time::Duration;
use crate::world::quantity::{self, duration_text};
use crate::world::spelling::{did_you_mean, one_of, shown};

/// What changes about a DNS server; `None` leaves it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DnsChange {
    /// What it answers.
    pub answers: Option<DnsAnswers>,
    /// How long it thinks before, up to 1 h.
    pub delay: Option<Duration>,
}

impl DnsChange {
    /// Makes the change. Answers that wait for their time already go out as they are.
    pub fn apply(&self, behaviour: &mut DnsBehaviour) {
        behaviour.answers = self.answers.unwrap_or(behaviour.answers);
        behaviour.delay = self.delay.unwrap_or(behaviour.delay);
    }
}

impl From<DnsBehaviour> for DnsChange {
    /// The change that makes any server behave like this one.
    fn from(behaviour: DnsBehaviour) -> DnsChange {
        DnsChange { answers: Some(behaviour.answers), delay: Some(behaviour.delay) }
    }
}

/// Every setting, in the order in which a change is written.
pub(super) const SETTINGS: [Setting<DnsChange>; 2] = [
    Setting {
        word: "answers",
        argument: "WHAT",
        help: "right, nxdomain, servfail, refused, truncated, wrong-id or none.",
        set: |c, v| store(&mut c.answers, answers(v)),
    },
    Setting {
        word: "delay",
        argument: "TIME",
        help: "How long the server thinks before it answers, up to 1 h.",
        set: |c, v| store(&mut c.delay, quantity::delay(v)),
    },
];

fn answers(word: &str) -> Result<DnsAnswers, String> {
    let words = || DnsAnswers::WORDS.iter().map(|(word, _)| *word);
    let named = DnsAnswers::WORDS.iter().find(|(name, _)| *name == word);
    named.map(|(_, answers)| *answers).ok_or_else(|| {
        format!("expected {}, found {}{}", one_of(words()), shown(word), did_you_mean(word, words()))
    })
}

pub(super) fn read(words: &mut Words) -> Result<Command, String> {
    let Some(name) = words.next() else { return Ok(Command::Ask(Question::Dns(None))) };
    let (name, mut change) = (name.text, DnsChange::default());
    while let Some(word) = words.next() {
        let setting = setting::find(&SETTINGS, &word, "the DNS server", [])?;
        setting.read(&mut change, words)?;
    }
    if change == DnsChange::default() {
        return Ok(Command::Ask(Question::Dns(Some(name))));
    }
    Ok(Command::Change(Change::Dns { name, change }))
}

/// The settings as the language writes them: `answers servfail delay 20ms`.
impl fmt::Display for DnsChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = [
            self.answers.map(|a| format!("answers {}", a.word())),
            self.delay.map(|d| format!("delay {}", duration_text(d))),
        ];
        let settings: Vec<String> = settings.into_iter().flatten().collect();
        f.write_str(&settings.join(" "))
    }
}
