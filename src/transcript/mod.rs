//! Transcripts: test files that say what a host sends and what must come back, byte for byte.
//!
//! A transcript (`.at`) is text, one line for each thing that happens. [`parse`] turns it into a [`Transcript`] for
//! each profile that it is meant for, plain data in which everything has been checked that can be checked before time
//! begins. [`Run`] carries one out on a [`World`](crate::world::World), one step at a time, and ends with a [`Failure`] that can be read.
//! Nothing here opens a file: the edge lends the parser a way to get at the files that a transcript names.
//! `docs/transcripts.md` is the language for those who write it.

pub mod coverage;
mod failure;
mod matching;
mod parse;
mod problem;
mod profiles;
mod run;
mod text;

use crate::time::Duration;
use crate::uart::LineSettings;
use crate::world::{Pin, Scenario};

pub use failure::Failure;
pub use parse::parse;
pub use problem::{Mistakes, Problem};
pub use run::{Between, Progress, Run};
pub use text::{Element, Hole, Kind};

/// How long an expectation waits unless `within` says otherwise.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(60);

/// A line of a transcript, or of a file that it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's path as it was reached.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// True: in the transcript itself, not in a file that it includes.
    pub own: bool,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Where an expectation's first start bit must lie, counted from the host's last action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Not before.
    pub from: Duration,
    /// Not after; `None`: no limit but the expectation's own.
    pub to: Option<Duration>,
}

/// What one step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The host sends this, and waits until its last stop bit has ended.
    Send(Vec<Element>),
    /// This must come next.
    Expect {
        /// What.
        pattern: Vec<Element>,
        /// How long it may take, from the end of the step before.
        limit: Duration,
        /// When it must begin.
        window: Option<Window>,
    },
    /// Nothing may come for so long, and nothing may be waiting.
    Silent(Duration),
    /// Time passes; what comes waits for the next expectation.
    Wait(Duration),
    /// A line of the console, now.
    Console(String),
    /// The host sets a pin of the module, now.
    Pin(Pin, bool),
    /// The host sets its UART, now.
    Uart(LineSettings),
}

/// One step and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub place: Place,
    /// What it does.
    pub action: Action,
}

/// A parsed transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// The file's path, as it was given.
    pub name: String,
    /// The sections that its expected bytes were typed from. Never empty.
    pub cites: Vec<String>,
    /// The world that it runs in.
    pub scenario: Scenario,
    /// The seed that it asks for.
    pub seed: Option<u64>,
    /// The module at whose UART the host is.
    pub module: String,
    /// That module's profile.
    pub profile: String,
    /// Whether the file is meant for other profiles, too.
    pub several: bool,
    /// What happens.
    pub steps: Vec<Step>,
}

impl Transcript {
    /// What it is called where others stand beside it: its file, and its profile where the file has several.
    pub fn title(&self) -> String {
        if self.several { format!("{} [{}]", self.name, self.profile) } else { self.name.clone() }
    }

    /// The sentences of the specification that it cites, by their ids: `CIPSEND.3` of `cites spec CIPSEND.3`.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        self.cites.iter().filter_map(|section| section.strip_prefix("spec ")).flat_map(str::split_whitespace)
    }
}
