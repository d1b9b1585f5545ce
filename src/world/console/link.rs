//! How links behave: `link NAME SETTING...`.

use std::fmt;

use super::setting::{self, Setting, store};
use super::words::Words;
use super::{Change, Command, Question};
use crate::net::config::Faults;
use crate::time::Duration;
use crate::world::quantity::{self, chance_text, duration_text, rate_text};

/// Settings of a link that change; `None` leaves one as it is. Units and ranges are those of [`Faults`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// Time a frame is under way.
    pub latency: Option<Duration>,
    /// Largest addition to the latency.
    pub jitter: Option<Duration>,
    /// Chance of loss, parts per million.
    pub loss_ppm: Option<u32>,
    /// Chance of duplication, parts per million.
    pub duplicate_ppm: Option<u32>,
    /// Chance of reordering, parts per million.
    pub reorder_ppm: Option<u32>,
    /// Bits per second; the inner `None` lifts the limit.
    pub rate_bps: Option<Option<u64>>,
    /// Largest IP packet in bytes.
    pub mtu: Option<u16>,
    /// True: nothing passes.
    pub down: Option<bool>,
}

impl From<&Faults> for LinkChange {
    /// The change that makes any link behave like this one.
    fn from(link: &Faults) -> LinkChange {
        LinkChange {
            latency: Some(link.latency),
            jitter: Some(link.jitter),
            loss_ppm: Some(link.loss_ppm),
            duplicate_ppm: Some(link.duplicate_ppm),
            reorder_ppm: Some(link.reorder_ppm),
            rate_bps: Some(link.rate_bps),
            mtu: Some(link.mtu),
            down: Some(link.down),
        }
    }
}

impl LinkChange {
    /// Makes the change.
    pub fn apply(&self, link: &mut Faults) {
        fn set<T: Copy>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut link.latency, self.latency);
        set(&mut link.jitter, self.jitter);
        set(&mut link.loss_ppm, self.loss_ppm);
        set(&mut link.duplicate_ppm, self.duplicate_ppm);
        set(&mut link.reorder_ppm, self.reorder_ppm);
        set(&mut link.rate_bps, self.rate_bps);
        set(&mut link.mtu, self.mtu);
        set(&mut link.down, self.down);
    }
}

/// Every setting of a link, in the order in which a change is written.
pub(super) const SETTINGS: [Setting<LinkChange>; 9] = [
    Setting {
        word: "latency",
        argument: "TIME",
        help: "How long a frame is under way, up to 1 h.",
        set: |c, v| store(&mut c.latency, quantity::delay(v)),
    },
    Setting {
        word: "jitter",
        argument: "TIME",
        help: "Up to this much is added to the latency of each frame, up to 1 h.",
        set: |c, v| store(&mut c.jitter, quantity::delay(v)),
    },
    Setting {
        word: "loss",
        argument: "CHANCE",
        help: "How often a frame is lost, such as 0.5%.",
        set: |c, v| store(&mut c.loss_ppm, quantity::chance(v)),
    },
    Setting {
        word: "duplicate",
        argument: "CHANCE",
        help: "How often a frame arrives twice.",
        set: |c, v| store(&mut c.duplicate_ppm, quantity::chance(v)),
    },
    Setting {
        word: "reorder",
        argument: "CHANCE",
        help: "How often a frame is overtaken by later ones.",
        set: |c, v| store(&mut c.reorder_ppm, quantity::chance(v)),
    },
    Setting {
        word: "rate",
        argument: "RATE",
        help: "Bits per second in each direction, such as 10Mbit/s, or unlimited.",
        set: |c, v| store(&mut c.rate_bps, quantity::rate(v)),
    },
    Setting {
        word: "mtu",
        argument: "BYTES",
        help: "Largest IP packet, 576 to 1500.",
        set: |c, v| store(&mut c.mtu, quantity::mtu(v)),
    },
    Setting { word: "down", argument: "", help: "Nothing passes.", set: |c, _| store(&mut c.down, Ok(true)) },
    Setting {
        word: "up",
        argument: "",
        help: "Frames pass again.",
        set: |c, _| store(&mut c.down, Ok(false)),
    },
];

pub(super) fn read(words: &mut Words) -> Result<Command, String> {
    let Some(name) = words.next() else { return Ok(Command::Ask(Question::Link(None))) };
    let (name, mut change) = (name.text, LinkChange::default());
    while let Some(word) = words.next() {
        let setting = setting::find(&SETTINGS, &word, "the link", [])?;
        setting.read(&mut change, words)?;
    }
    if change == LinkChange::default() {
        return Ok(Command::Ask(Question::Link(Some(name))));
    }
    Ok(Command::Change(Change::Link { name, change }))
}

/// The settings as the language writes them: `latency 20ms loss 5%`.
impl fmt::Display for LinkChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = [
            self.latency.map(|d| format!("latency {}", duration_text(d))),
            self.jitter.map(|d| format!("jitter {}", duration_text(d))),
            self.loss_ppm.map(|p| format!("loss {}", chance_text(p))),
            self.duplicate_ppm.map(|p| format!("duplicate {}", chance_text(p))),
            self.reorder_ppm.map(|p| format!("reorder {}", chance_text(p))),
            self.rate_bps.map(|r| format!("rate {}", rate_text(r))),
            self.mtu.map(|n| format!("mtu {n}")),
            self.down.map(|d| if d { "down" } else { "up" }.to_string()),
        ];
        let settings: Vec<String> = settings.into_iter().flatten().collect();
        f.write_str(&settings.join(" "))
    }
}
