//! What the page's script reads: columns rather than rows, times as differences, each text once. A page of a long run stays
//! small by that.

use std::collections::BTreeMap;

use serde::Serialize;

/// All of it. Times are nanoseconds of virtual time; texts are places in `strings`.
#[derive(Debug, Default, Serialize)]
pub struct Data {
    /// The version of espat-sim that made the page.
    pub version: &'static str,
    /// What the log is called.
    pub source: String,
    /// What its scenario is called.
    pub scenario: String,
    pub seed: u64,
    pub digest: String,
    /// The digest is the log's; `None`: the log has none.
    pub same: Option<bool>,
    /// How far the run went.
    pub end: u64,
    pub strings: Vec<String>,
    pub modules: Vec<Module>,
    pub packets: Packets,
    pub events: Events,
    pub console: Lines,
    /// What is missing in the page, a sentence each.
    pub left_out: Vec<String>,
    /// The run's warnings.
    pub warnings: Vec<String>,
}

/// One module.
#[derive(Debug, Default, Serialize)]
pub struct Module {
    pub name: String,
    pub profile: String,
    /// What it was doing, from when on.
    pub states: Lines,
    pub commands: Commands,
    pub uart: Uart,
    pub log: Lines,
    pub links: Vec<Link>,
    pub pins: Vec<Pin>,
    pub queues: Vec<Queue>,
}

/// Times, each as the difference to the one before.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Times {
    differences: Vec<u64>,
    #[serde(skip)]
    last: u64,
}

impl Times {
    /// Adds one that is not before the last.
    pub fn push(&mut self, ns: u64) {
        let ns = ns.max(self.last);
        self.differences.push(ns - self.last);
        self.last = ns;
    }
}

/// Texts at their times.
#[derive(Debug, Default, Serialize)]
pub struct Lines {
    pub t: Times,
    pub text: Vec<usize>,
}

/// Commands with their answers.
#[derive(Debug, Default, Serialize)]
pub struct Commands {
    /// When the line began.
    pub t: Times,
    /// How long after that it ended, and how long after that the answer.
    pub line: Vec<u64>,
    pub wait: Vec<u64>,
    pub text: Vec<usize>,
    pub answer: Vec<usize>,
    /// 0 done, 1 failed, 2 busy, 3 unanswered.
    pub outcome: Vec<u8>,
    /// -1: it names none.
    pub link: Vec<i8>,
}

/// Lines, prompts and blocks on the UART.
#[derive(Debug, Default, Serialize)]
pub struct Uart {
    /// When the last byte ended.
    pub t: Times,
    /// How long before that the first one did.
    pub span: Vec<u64>,
    /// 0 line, 1 prompt, 2 data of the MCU; 3, 4, 5 of the module.
    pub kind: Vec<u8>,
    pub bytes: Vec<usize>,
    pub text: Vec<usize>,
    /// -1: none.
    pub comment: Vec<i64>,
}

/// A link while it was open.
#[derive(Debug, Serialize)]
pub struct Link {
    pub id: usize,
    pub protocol: &'static str,
    pub peer: String,
    pub port: u16,
    pub accepted: bool,
    pub from: u64,
    /// -1: it was open at the end.
    pub to: i64,
    pub how: &'static str,
}

/// A pin that has changed at least once.
#[derive(Debug, Serialize)]
pub struct Pin {
    pub name: &'static str,
    /// Its level before the first change.
    pub first: u8,
    pub t: Times,
    pub level: Vec<u8>,
}

/// How deep a queue was.
#[derive(Debug, Serialize)]
pub struct Queue {
    pub name: &'static str,
    pub peak: u64,
    pub t: Times,
    pub depth: Vec<u64>,
}

/// Packets at the radios of the modules, and at the taps of the network.
#[derive(Debug, Default, Serialize)]
pub struct Packets {
    pub t: Times,
    /// The module's place, or -1: a tap of the network.
    pub module: Vec<i64>,
    /// The interface's name.
    pub at: Vec<usize>,
    /// 1: towards the node that the interface belongs to.
    pub inbound: Vec<u8>,
    pub protocol: Vec<usize>,
    /// Who to whom; -1: below IP.
    pub ends: Vec<i64>,
    pub info: Vec<usize>,
    pub bytes: Vec<usize>,
    /// The beginning of what it carries; -1: nothing.
    pub data: Vec<i64>,
    pub comment: Vec<i64>,
    /// The place among its module's links; -1: of none.
    pub link: Vec<i64>,
    /// 1: sent again, 2: never arrived.
    pub fate: Vec<u8>,
}

/// What happened to modules, hosts and services, and what was changed from outside.
#[derive(Debug, Default, Serialize)]
pub struct Events {
    pub t: Times,
    /// The module's place, or -1: of something else.
    pub module: Vec<i64>,
    pub subject: Vec<usize>,
    pub word: Vec<usize>,
    pub text: Vec<usize>,
}

/// Texts, each once.
#[derive(Debug, Default)]
pub struct Strings {
    all: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Strings {
    /// The place of a text.
    pub fn place(&mut self, text: impl Into<String>) -> usize {
        let text = text.into();
        if let Some(place) = self.places.get(&text) {
            return *place;
        }
        self.all.push(text.clone());
        self.places.insert(text, self.all.len() - 1);
        self.all.len() - 1
    }

    /// The place of a text that may not be there.
    pub fn some(&mut self, text: Option<impl Into<String>>) -> i64 {
        text.map_or(-1, |text| self.place(text) as i64)
    }

    /// All of them, by their places.
    pub fn finish(self) -> Vec<String> {
        self.all
    }
}
