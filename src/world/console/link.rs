//! How links behave: `link NAME SETTING...`.

use std::fmt;

use super::setting::{self, Setting, store};
use super::words::Words;
use super::{Change, Command, Question};
use crate::net::config::{Distribution, Faults, GeModel, LARGEST_GAP, LONGEST_QUEUE, LinkFaults};
use crate::time::Duration;
use crate::world::quantity::{self, chance_text, duration_text, ge_model_text, rate_text};

/// A direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkSide {
    /// What the module or host sends.
    Up,
    /// What it is sent.
    Down,
}

/// Settings of a link that change; `None` leaves one as it is. Units and ranges are those of [`Faults`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// Where; `None`: in both directions.
    pub side: Option<LinkSide>,
    /// Time a frame is under way.
    pub latency: Option<Duration>,
    /// How much the latency varies.
    pub jitter: Option<Duration>,
    /// How the latency varies.
    pub distribution: Option<Distribution>,
    /// Chance of loss, parts per million.
    pub loss_ppm: Option<u32>,
    /// Loss in bursts; the inner `None`: none.
    pub bursts: Option<Option<GeModel>>,
    /// Chance of corruption, parts per million.
    pub corrupt_ppm: Option<u32>,
    /// Chance of duplication, parts per million.
    pub duplicate_ppm: Option<u32>,
    /// Chance of reordering, parts per million.
    pub reorder_ppm: Option<u32>,
    /// Frames from one that is held back to the next.
    pub gap: Option<u32>,
    /// Bits per second; the inner `None` lifts the limit.
    pub rate_bps: Option<Option<u64>>,
    /// Frames that wait for the rate.
    pub limit: Option<u32>,
    /// Largest IP packet in bytes.
    pub mtu: Option<u16>,
    /// True: nothing passes.
    pub down: Option<bool>,
}

impl From<&Faults> for LinkChange {
    /// The change that makes any link behave like this one, in both directions.
    fn from(link: &Faults) -> LinkChange {
        LinkChange {
            side: None,
            latency: Some(link.latency),
            jitter: Some(link.jitter),
            distribution: Some(link.distribution),
            loss_ppm: Some(link.loss_ppm),
            bursts: Some(link.bursts),
            corrupt_ppm: Some(link.corrupt_ppm),
            duplicate_ppm: Some(link.duplicate_ppm),
            reorder_ppm: Some(link.reorder_ppm),
            gap: Some(link.gap),
            rate_bps: Some(link.rate_bps),
            limit: Some(link.limit),
            mtu: Some(link.mtu),
            down: Some(link.down),
        }
    }
}

impl LinkChange {
    /// The changes that make any link behave like this one: one, or one for each direction where they differ.
    pub fn of(link: &LinkFaults) -> Vec<LinkChange> {
        if link.up == link.down {
            return vec![LinkChange::from(&link.up)];
        }
        let ways = [(LinkSide::Up, &link.up), (LinkSide::Down, &link.down)];
        ways.map(|(side, faults)| LinkChange { side: Some(side), ..LinkChange::from(faults) }).to_vec()
    }

    /// Makes the change.
    pub fn apply(&self, link: &mut LinkFaults) {
        if self.side != Some(LinkSide::Down) {
            self.apply_to(&mut link.up);
        }
        if self.side != Some(LinkSide::Up) {
            self.apply_to(&mut link.down);
        }
    }

    fn apply_to(&self, way: &mut Faults) {
        fn set<T: Copy>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut way.latency, self.latency);
        set(&mut way.jitter, self.jitter);
        set(&mut way.distribution, self.distribution);
        set(&mut way.loss_ppm, self.loss_ppm);
        set(&mut way.bursts, self.bursts);
        set(&mut way.corrupt_ppm, self.corrupt_ppm);
        set(&mut way.duplicate_ppm, self.duplicate_ppm);
        set(&mut way.reorder_ppm, self.reorder_ppm);
        set(&mut way.gap, self.gap);
        set(&mut way.rate_bps, self.rate_bps);
        set(&mut way.limit, self.limit);
        set(&mut way.mtu, self.mtu);
        set(&mut way.down, self.down);
    }
}

/// The directions: word, help, which.
pub(super) const SIDES: [(&str, &str, LinkSide); 2] = [
    ("upstream", "Before the others: only what the module or host sends.", LinkSide::Up),
    ("downstream", "Before the others: only what it is sent.", LinkSide::Down),
];

/// Every setting of a link, in the order in which a change is written.
pub(super) const SETTINGS: [Setting<LinkChange>; 14] = [
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
        word: "distribution",
        argument: "WHAT",
        help: "uniform; normal, pareto or paretonormal: of mean `latency` and deviation `jitter`.",
        set: |c, v| store(&mut c.distribution, quantity::distribution(v)),
    },
    Setting {
        word: "loss",
        argument: "CHANCE",
        help: "How often a frame is lost, such as 0.5%.",
        set: |c, v| store(&mut c.loss_ppm, quantity::chance(v)),
    },
    Setting {
        word: "gemodel",
        argument: "P R 1-H 1-K",
        help: "Loss in bursts (Gilbert-Elliott), besides: chances, such as 1% 25%; or none.",
        set: |c, v| store(&mut c.bursts, quantity::ge_model(v)),
    },
    Setting {
        word: "corrupt",
        argument: "CHANCE",
        help: "How often one bit of a frame is inverted.",
        set: |c, v| store(&mut c.corrupt_ppm, quantity::chance(v)),
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
        word: "gap",
        argument: "FRAMES",
        help: "At most one of so many frames is overtaken.",
        set: |c, v| store(&mut c.gap, quantity::frames(v, LARGEST_GAP)),
    },
    Setting {
        word: "rate",
        argument: "RATE",
        help: "Bits per second in each direction, such as 10Mbit/s, or unlimited.",
        set: |c, v| store(&mut c.rate_bps, quantity::rate(v)),
    },
    Setting {
        word: "limit",
        argument: "FRAMES",
        help: "How many frames may wait for the rate; one more is dropped.",
        set: |c, v| store(&mut c.limit, quantity::frames(v, LONGEST_QUEUE)),
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
        let side = SIDES.iter().find(|(name, ..)| word.is(name));
        if let (Some((.., side)), true) = (side, change == LinkChange::default()) {
            change.side = Some(*side);
            continue;
        }
        let setting = setting::find(&SETTINGS, &word, "the link", SIDES.iter().map(|(name, ..)| *name))?;
        setting.read(&mut change, words)?;
    }
    if change == LinkChange::default() {
        return Ok(Command::Ask(Question::Link(Some(name))));
    }
    if change == (LinkChange { side: change.side, ..LinkChange::default() }) {
        return Err(format!("{}, found nothing", setting::expected(&SETTINGS, "the link")));
    }
    Ok(Command::Change(Change::Link { name, change }))
}

/// The settings as the language writes them: `upstream latency 20ms loss 5%`.
impl fmt::Display for LinkChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = SIDES.iter().find(|(.., side)| Some(*side) == self.side);
        let settings = [
            side.map(|(name, ..)| (*name).to_owned()),
            self.latency.map(|d| format!("latency {}", duration_text(d))),
            self.jitter.map(|d| format!("jitter {}", duration_text(d))),
            self.distribution.map(|d| format!("distribution {d}")),
            self.loss_ppm.map(|p| format!("loss {}", chance_text(p))),
            self.bursts.map(|model| format!("gemodel {}", ge_model_text(model))),
            self.corrupt_ppm.map(|p| format!("corrupt {}", chance_text(p))),
            self.duplicate_ppm.map(|p| format!("duplicate {}", chance_text(p))),
            self.reorder_ppm.map(|p| format!("reorder {}", chance_text(p))),
            self.gap.map(|n| format!("gap {n}")),
            self.rate_bps.map(|r| format!("rate {}", rate_text(r))),
            self.limit.map(|n| format!("limit {n}")),
            self.mtu.map(|n| format!("mtu {n}")),
            self.down.map(|d| if d { "down" } else { "up" }.to_string()),
        ];
        let settings: Vec<String> = settings.into_iter().flatten().collect();
        f.write_str(&settings.join(" "))
    }
}
