//! What questions of the console are answered: facts, for people a line each, for programs JSON (`json links`).
//!
//! Each row of an answer is one type that is both: its `Display` is the line, its fields are those of the JSON object.
//! Fields keep their names; new ones may come. Times are nanoseconds since the world's start, chances parts in a
//! million, as whole numbers. docs/console.md has a table of them, which a test holds against what is answered.

mod network;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::console::{self, Change, Name, WireChange, WireSide};
use super::{Observation, Outcome, Statistics, Verdict};
use crate::module::{Harm, Module, ModuleChange};
use crate::time::Instant;
pub(super) use network::{DnsRow, HostRow, LastFrame, LinkRow, NetworkLinkRow, PacketsRow};

/// An answer: people get `text`, programs `json`.
pub(super) struct Answer {
    pub text: String,
    /// One line, an object.
    pub json: String,
}

impl Answer {
    /// Rows of the same kind: lines, or a list called `word`; `empty` for people when there is none.
    pub fn list<T: Serialize + fmt::Display>(at: Instant, word: &str, rows: &[T], empty: &str) -> Answer {
        let lines: Vec<String> = rows.iter().map(T::to_string).collect();
        let text = if lines.is_empty() { empty.to_owned() } else { lines.join("\n") };
        Answer::with_text(at, word, &rows, text)
    }

    /// One or several things, called `word`, and what people are told.
    pub fn with_text(at: Instant, word: &str, what: &impl Serialize, text: String) -> Answer {
        Answer { text, json: object(at, word, what) }
    }

    /// One thing: an object called `word`.
    pub fn one<T: Serialize + fmt::Display>(at: Instant, word: &str, what: &T) -> Answer {
        Answer::with_text(at, word, what, what.to_string())
    }

    /// The answer to a line that is not understood or comes to nothing.
    pub fn error(why: &str) -> String {
        format!("{{\"error\":{}}}", json(&why))
    }
}

fn object(at: Instant, word: &str, what: &impl Serialize) -> String {
    format!("{{\"at_ns\":{},{}:{}}}", at.as_nanos(), json(&word), json(what))
}

fn json(what: &impl Serialize) -> String {
    // Keys are texts and nothing here fails to be written: that is all that can go wrong.
    serde_json::to_string(what).unwrap_or_else(|_| "null".to_owned())
}

/// `help`: a command of the console.
#[derive(Serialize)]
pub(super) struct HelpRow {
    /// Its word.
    pub command: &'static str,
    /// Every form that it has.
    pub usage: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
    /// What may be set or asked for, a line each.
    pub details: String,
}

/// `status`.
#[derive(Serialize)]
pub(super) struct Status {
    pub seed: u64,
    pub modules: Vec<ModuleRow>,
    pub access_points: Vec<AccessPointRow>,
}

/// A module in `status`.
#[derive(Serialize)]
pub(super) struct ModuleRow {
    pub name: String,
    pub attached: bool,
    /// The virtual time that it has reached.
    pub at_ns: u64,
    #[serde(skip)]
    pub at: Instant,
    /// In words, such as `joined 'home' as 192.168.1.100`.
    pub state: String,
    /// What the MCU's UART is set to, such as `115200 8n1`.
    pub mcu_line: String,
    /// What the module's is.
    pub module_line: String,
    /// The module asks the MCU to stop.
    pub rts_high: bool,
    /// Bytes that the MCU has stored and that have not gone out yet.
    pub mcu_pending: usize,
    #[serde(skip)]
    pub statistics: Statistics,
}

/// An access point in `status`.
#[derive(Serialize)]
pub(super) struct AccessPointRow {
    pub name: String,
    pub up: bool,
    /// As UTF-8; what is none is replaced.
    pub ssid: String,
    /// The same for people, with escapes.
    #[serde(skip)]
    pub shown: String,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}", self.seed)?;
        for m in &self.modules {
            let driver = if m.attached { "attached" } else { "no driver" };
            write!(f, "\nmodule {}: {driver}, at {}, {}", m.name, m.at, m.state)?;
        }
        self.modules.iter().try_for_each(|m| write!(f, "\n{}", m.wire()))?;
        for ap in &self.access_points {
            write!(f, "\nap {}: {}, SSID {}", ap.name, if ap.up { "up" } else { "down" }, ap.shown)?;
        }
        Ok(())
    }
}

impl ModuleRow {
    /// What its UART wire has come to.
    fn wire(&self) -> String {
        let s = &self.statistics;
        let errors = |framing: u64, parity: u64| format!("{framing} framing errors, {parity} parity errors");
        format!(
            "wire {}: MCU {}, module {}, RTS {}; MCU stored {} bytes, {} still queued, at most {}; module received {}, {}, \
             {} overruns, {} not heard by its firmware, sent {}; MCU received {}, {}, {} lost by its receiver; {} lost on \
             the wire",
            self.name,
            self.mcu_line,
            self.module_line,
            if self.rts_high { "high" } else { "low" },
            s.mcu_bytes,
            self.mcu_pending,
            s.mcu_queue_max,
            s.module_received,
            errors(s.module_framing_errors, s.module_parity_errors),
            s.module_overruns,
            s.module_unheard,
            s.module_bytes,
            s.mcu_received,
            errors(s.mcu_framing_errors, s.mcu_parity_errors),
            s.mcu_overruns,
            s.wire_lost
        )
    }
}

/// `expect`: one of the scenario's expectations.
#[derive(Serialize)]
pub(super) struct ExpectRow {
    /// The line as it was written.
    text: String,
    /// Its line in the scenario, from 1.
    line: usize,
    /// `open`, `met`, `kept` or `failed`.
    outcome: &'static str,
    /// When it was met.
    met_at_ns: Option<u64>,
    /// What was expected, and what was seen instead.
    why: Option<String>,
    #[serde(skip)]
    shown: String,
}

impl From<Verdict> for ExpectRow {
    fn from(verdict: Verdict) -> ExpectRow {
        let shown = verdict.to_string();
        let (outcome, met, why) = match verdict.outcome {
            Outcome::Open => ("open", None, None),
            Outcome::Met(at) => ("met", Some(at.as_nanos()), None),
            Outcome::Absent => ("kept", None, None),
            Outcome::Failed(why) => ("failed", None, Some(why)),
        };
        ExpectRow { text: verdict.text, line: verdict.line, outcome, met_at_ns: met, why, shown }
    }
}

impl fmt::Display for ExpectRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// `wire`: the UART wire of a module.
#[derive(Serialize)]
pub(super) struct WireRow {
    /// The module's name.
    name: String,
    from_mcu: WireHarm,
    to_mcu: WireHarm,
}

/// What a direction of a wire does to bytes.
#[derive(Serialize)]
struct WireHarm {
    noise_ppm: u32,
    loss_ppm: u32,
}

impl WireRow {
    /// `harm`: noise and loss of what the MCU sends, and of what it is sent.
    pub fn new(name: &str, harm: [(u32, u32); 2]) -> WireRow {
        let [from_mcu, to_mcu] = harm.map(|(noise_ppm, loss_ppm)| WireHarm { noise_ppm, loss_ppm });
        WireRow { name: name.to_owned(), from_mcu, to_mcu }
    }
}

impl fmt::Display for WireRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (side, harm) in [(WireSide::FromMcu, &self.from_mcu), (WireSide::ToMcu, &self.to_mcu)] {
            let separator = if side == WireSide::FromMcu { "" } else { "\n" };
            let harm = Harm { noise_ppm: Some(harm.noise_ppm), loss_ppm: Some(harm.loss_ppm), low: None };
            let change = WireChange { side: Some(side), harm };
            write!(f, "{separator}{}", Change::Wire { name: self.name.clone(), change })?;
        }
        Ok(())
    }
}

/// `module`: what is wrong with a module itself, and what is not.
#[derive(Serialize)]
pub(super) struct FaultsRow {
    name: String,
    /// There is a supply.
    power: bool,
    /// Free while nothing uses it, bytes.
    heap: u32,
    flash_fails: bool,
    urcs_hostile: bool,
    /// What stands behind `answer`.
    answers: Vec<String>,
    #[serde(skip)]
    shown: String,
}

impl FaultsRow {
    pub fn new(module: &Module) -> FaultsRow {
        let (name, changes) = (module.name().to_owned(), module.faults());
        let line =
            |change: &ModuleChange| Change::Module { name: name.clone(), change: change.clone() }.to_string();
        let answer = |change: &ModuleChange| {
            let said = matches!(change, ModuleChange::Answer(_)).then(|| console::module::shown(change))?;
            said.strip_prefix("answer ").map(str::to_owned)
        };
        FaultsRow {
            power: changes.contains(&ModuleChange::Power(true)),
            heap: module.idle_heap(),
            flash_fails: changes.contains(&ModuleChange::Flash(false)),
            urcs_hostile: changes.contains(&ModuleChange::Urcs(true)),
            answers: changes.iter().filter_map(answer).collect(),
            shown: changes.iter().map(line).collect::<Vec<_>>().join("\n"),
            name,
        }
    }
}

impl fmt::Display for FaultsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// `observations`: something that has happened. What an event does not have is left out.
#[derive(Serialize)]
pub(super) struct ObservationRow<'a> {
    /// Its number among those of its world, from 0.
    number: u64,
    at_ns: u64,
    /// A module's or a host's name; of a change also an access point's.
    subject: &'a str,
    /// What it is about, as in `expect`.
    kind: &'static str,
    /// The number of the exact kind, as in the C header.
    kind_number: u32,
    /// The sentence.
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: std::borrow::Cow<'a, str>,
    count: u64,
    sent: u64,
    code: u32,
    /// The line, the data that was received, or the byte that was lost, two hex digits a byte.
    #[serde(skip_serializing_if = "String::is_empty")]
    data_hex: String,
    #[serde(skip)]
    at: Instant,
}

impl<'a> From<&'a Observation> for ObservationRow<'a> {
    fn from(seen: &'a Observation) -> ObservationRow<'a> {
        let (kind, facts) = (seen.event.kind(), seen.event.facts());
        ObservationRow {
            number: seen.number,
            at_ns: seen.at.as_nanos(),
            subject: &seen.subject,
            kind: kind.word(),
            kind_number: kind.number(),
            text: seen.text(),
            link: facts.link,
            peer: facts.peer,
            address: facts.address,
            name: facts.name,
            count: facts.count,
            sent: facts.sent,
            code: facts.code,
            data_hex: facts.data.iter().map(|byte| format!("{byte:02x}")).collect(),
            detail: facts.detail,
            at: seen.at,
        }
    }
}

impl fmt::Display for ObservationRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.at, self.subject, self.kind, self.text)
    }
}

/// `statistics`: a module's counters.
#[derive(Serialize)]
pub(super) struct StatisticsRow {
    pub module: String,
    #[serde(flatten)]
    pub statistics: Statistics,
}

impl fmt::Display for StatisticsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statistics {}:", Name(&self.module))?;
        let mut outcome = Ok(());
        self.statistics.clone().counters(|name, value| {
            outcome = outcome.and_then(|()| write!(f, " {name}={value}"));
        });
        outcome
    }
}

/// `digest`: of the run so far, 16 hex digits each.
#[derive(Serialize)]
pub(super) struct DigestAnswer {
    pub digest: String,
    /// Without times.
    pub content_digest: String,
    pub modules: Vec<ModuleDigest>,
}

/// The digest of one module.
#[derive(Serialize)]
pub(super) struct ModuleDigest {
    pub module: String,
    pub digest: String,
}

impl fmt::Display for DigestAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "digest {}\ncontent digest {}", self.digest, self.content_digest)?;
        self.modules.iter().try_for_each(|m| write!(f, "\ndigest {}: {}", Name(&m.module), m.digest))
    }
}

/// `timeline`: something that is to come, or a rule and what has come of it.
#[derive(Serialize)]
pub(super) struct TimelineRow {
    /// When it is to come; `null`: that is for its cause to say.
    pub at_ns: Option<u64>,
    /// What, as people are told.
    pub text: String,
}

impl fmt::Display for TimelineRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A change or a rule that was made, or will be.
pub(super) fn changed(at: Instant, line: &impl fmt::Display) -> Answer {
    let line = line.to_string();
    Answer::with_text(at, "change", &line, format!("{at}: {line}"))
}
