//! The scenario: a TOML file with the world at its start and a timeline.
//!
//! [`Scenario::parse`] turns the text into plain data that the rooms below understand, and checks everything
//! that can be checked before time begins: a world made from a scenario has no dangling name, no two hosts
//! with one address, no subnet that overlaps another. `docs/scenario.md` lists every key; `schema` is that
//! list in code.

mod access_points;
mod build;
mod dns;
mod expect;
mod faults;
mod files;
mod hosts;
mod link;
mod mqtt;
mod network;
mod pages;
mod read;
mod report;
pub(crate) mod saved;
mod schema;
mod script;
mod servers;
mod table;
mod tls;
mod websocket;
mod wire;

use std::iter;

use crate::module::{LogPort, ModuleChange};
use crate::net::config::{HostConfig, NetConfig, ServiceConfig};
use crate::net::network::{HostAction, Peer};
pub use crate::profile::Timing;
use crate::profile::{Build, Profile};
use crate::time::{Duration, Instant};
use crate::wifi::config::ApConfig;
use crate::world::console::{Cause, Change, Command, Question, Rule};
use crate::world::expect::Expectation;
use crate::world::spelling::{did_you_mean, one_of, shown};
pub use files::{NamedFile, NamedFiles};
pub(in crate::world) use pages::is_path;
pub use report::{Place, Problem, ScenarioError};
pub use wire::WireConfig;

/// The least latency of a module's radio link in a world with several modules, whose clocks may run apart by
/// as much.
pub const LEAST_LATENCY_BETWEEN_MODULES: Duration = crate::net::config::SHORTEST_DRAWN;

/// A module of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleConfig {
    /// Its name, which drivers attach by. Also the name of its radio link.
    pub name: String,
    /// Chip and ESP-AT release, one of [`profile::PROFILES`](crate::profile::PROFILES) by name.
    pub profile: String,
    /// What its firmware was built with.
    pub build: Build,
    /// MAC address of its station; `None`: made from its name.
    pub mac: Option<[u8; 6]>,
    /// Its UART wire.
    pub wire: WireConfig,
    /// Where its log texts come out.
    pub log_port: LogPort,
    /// What is wrong with it at the start.
    pub faults: Vec<ModuleChange>,
    /// The file in which it keeps its saved settings between runs; `None`: in memory only.
    pub nvs: Option<String>,
    /// What was in that file: for whoever makes the world to put here. `None`: nothing yet.
    pub saved: Option<SavedText>,
}

/// What a module had saved before the world's start, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedText {
    /// What the file is called, for messages.
    pub name: String,
    /// Its contents.
    pub text: String,
}

/// What a line of the timeline says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timed {
    /// Something changes.
    Change(Change),
    /// Something is to change because of something else.
    Rule(Rule),
}

/// What the scenario does by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When it takes effect; a rule without a time holds from the start.
    pub at: Instant,
    /// What.
    pub what: Timed,
    /// Where the line stands in the scenario.
    pub place: Place,
}

/// A parsed scenario. Every name in it refers to something that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What the file is called, for messages.
    pub name: String,
    /// The text that was parsed, byte for byte.
    pub text: String,
    /// The seed that it asks for.
    pub seed: Option<u64>,
    /// How long the module's own work takes.
    pub timing: Timing,
    /// The calendar time of the world's start, in seconds since 1970-01-01T00:00:00Z (up to the year 2105).
    pub epoch: u64,
    /// Modules, at least one, in the order of their names.
    pub modules: Vec<ModuleConfig>,
    /// Access points, in the order of their names.
    pub aps: Vec<ApConfig>,
    /// Segments in the order of `aps`, hosts in the order of their names, radio links in the order of `modules`.
    pub net: NetConfig,
    /// True: the capture has a tap on every link. False: only on those of modules.
    pub taps_all: bool,
    /// Changes in the order of time; those of one instant in the order of the file.
    pub timeline: Vec<TimelineEntry>,
    /// What must happen, and what must not, in the order of the file.
    pub expect: Vec<Expectation>,
    /// The files that it names: certificates and keys, bodies of pages.
    pub files: NamedFiles,
}

impl Scenario {
    /// Parses the TOML `text` of a file called `name` (for messages).
    ///
    /// # Errors
    /// Every mistake in it, with its place. Where the text is no TOML, only those that make it none.
    pub fn parse(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
        read::scenario(name, text, None)
    }

    /// The same with this profile for the module `module`, whatever the text says of it. The text of the scenario is then
    /// not this one, but says so, too, because the input log keeps it.
    ///
    /// # Errors
    /// Those of [`Scenario::parse`], with their places in `text`.
    pub fn parse_with_profile(
        name: &str,
        text: &str,
        module: &str,
        profile: &'static Profile,
    ) -> Result<Scenario, ScenarioError> {
        let scenario = read::scenario(name, text, Some((module, profile)))?;
        Ok(Scenario { text: with_profile(text, module, profile.name), ..scenario })
    }

    /// What the built-in scenario is called, for messages.
    pub const DEFAULT_NAME: &str = "the built-in scenario";

    /// The built-in scenario: one module, one access point, a host behind it and four beyond the gateway. A build without
    /// TLS leaves the last one out, whose server has it.
    pub fn default_text() -> &'static str {
        let text = include_str!("../../../scenarios/default.toml");
        let plain = text.split("\n# The same over SSL").next().unwrap_or(text);
        if cfg!(feature = "tls") { text } else { plain }
    }

    /// Checks that the access point, link, host or module that `command` names exists, that a link's new latency
    /// leaves several modules room to run apart, and that a host dials an address that one node can have.
    ///
    /// # Errors
    /// One sentence with what was expected, such as the names that exist.
    pub fn check(&self, command: &Command) -> Result<(), String> {
        match command {
            Command::Ask(question) => self.check_question(question),
            Command::Change(change) | Command::At(_, change) => self.check_change(change),
            Command::Rule(rule) => self.check_rule(rule, Instant::ZERO),
            Command::RuleAt(at, rule) => self.check_rule(rule, *at),
            Command::Json(command) => self.check(command),
        }
    }

    /// `at`: since when it holds, or earlier.
    fn check_rule(&self, rule: &Rule, at: Instant) -> Result<(), String> {
        match &rule.cause {
            Cause::Observed { what, .. } => {
                what.iter().try_for_each(|pattern| self.check_observation(&pattern.subject, pattern.kind))?;
            }
            Cause::Every { from: Some(from), .. } if *from < at => {
                let [at, from] = [at, *from].map(|time| time.since(Instant::ZERO));
                return Err(format!("expected a time of {at} or later after `from`, found {from}"));
            }
            Cause::Every { period, from, until: Some(until) } if from.unwrap_or(at + *period) > *until => {
                let first = (at + *period).since(Instant::ZERO);
                let until = until.since(Instant::ZERO);
                return Err(format!("expected a time of {first} or later after `until`, found {until}"));
            }
            Cause::Every { .. } => {}
        }
        self.check_change(&rule.change)?;
        rule.is_its_own_cause().map_or(Ok(()), Err)
    }

    fn check_question(&self, question: &Question) -> Result<(), String> {
        match question {
            Question::Help(_) | Question::Status | Question::Expect | Question::Timeline => Ok(()),
            Question::Link(None) | Question::Wire(None) | Question::Dns(None) => Ok(()),
            Question::Observations { .. } | Question::Digest => Ok(()),
            Question::Links(name)
            | Question::Packets(name)
            | Question::Statistics(name)
            | Question::Module(name) => {
                name.as_ref().map_or(Ok(()), |name| exists("the name of a module", name, self.module_names()))
            }
            Question::Hosts(name) => {
                let hosts = || self.net.hosts.iter().map(|host| host.name.as_str());
                name.as_ref().map_or(Ok(()), |name| exists("the name of a host", name, hosts()))
            }
            Question::Dns(Some(name)) => exists("the name of a DNS server", name, self.name_servers()),
            Question::Link(Some(name)) => exists("the name of a link", name, self.link_names()),
            Question::Wire(Some(name)) => exists("the name of a module", name, self.module_names()),
        }
    }

    fn check_change(&self, change: &Change) -> Result<(), String> {
        match change {
            Change::ApRssi { name, module: Some(module), .. } => {
                exists("the name of an access point", name, self.aps.iter().map(|ap| ap.name.as_str()))?;
                exists("the name of a module", module, self.module_names())
            }
            Change::ApUp(name)
            | Change::ApDown(name)
            | Change::ApAssociation { name, .. }
            | Change::ApRssi { name, .. }
            | Change::ApFades { name, .. }
            | Change::ApRadio { name, .. }
            | Change::ApUplink { name, .. }
            | Change::ApCaptive { name, .. }
            | Change::ApDhcp { name, .. } => {
                exists("the name of an access point", name, self.aps.iter().map(|ap| ap.name.as_str()))
            }
            Change::Dns { name, .. } => exists("the name of a DNS server", name, self.name_servers()),
            Change::Link { name, change } => {
                exists("the name of a link", name, self.link_names())?;
                let of_module = self.module_names().any(|module| module == name);
                match change.latency {
                    Some(latency) if of_module => check_latency(latency, self.modules.len()),
                    _ => Ok(()),
                }
            }
            Change::Wire { name, .. } | Change::Pin { name, .. } | Change::Module { name, .. } => {
                exists("the name of a module", name, self.module_names())
            }
            Change::Host { name, action } => {
                exists("the name of a host", name, self.net.hosts.iter().map(|h| h.name.as_str()))?;
                if action.moves().is_some()
                    && self.net.hosts.iter().any(|h| h.name == *name && h.segment.is_none())
                {
                    let name = shown(name);
                    return Err(format!(
                        "expected a host behind an access point, found {name}, which is beyond the gateway"
                    ));
                }
                if let HostAction::Sntp(_) = action
                    && !self.net.hosts.iter().any(|h| h.name == *name && h.has_sntp())
                {
                    let name = shown(name);
                    return Err(format!("expected a host with a time server (`sntp`), found {name}"));
                }
                if let HostAction::Http(_) = action
                    && !self.net.hosts.iter().any(|h| h.name == *name && h.has_http())
                {
                    let name = shown(name);
                    return Err(format!("expected a host with an HTTP server (`http`), found {name}"));
                }
                if let HostAction::Update(_) = action
                    && !self.net.hosts.iter().any(|h| h.name == *name && h.has_update())
                {
                    let name = shown(name);
                    return Err(format!("expected a host with an update server (`update`), found {name}"));
                }
                if let HostAction::WebSocket(_) = action
                    && !self.net.hosts.iter().any(|h| h.name == *name && h.has_websocket())
                {
                    let name = shown(name);
                    return Err(format!(
                        "expected a host with a WebSocket server (`websocket`), found {name}"
                    ));
                }
                if let HostAction::Mqtt(_) | HostAction::Publish { .. } = action
                    && !self.net.hosts.iter().any(|h| h.name == *name && h.has_broker())
                {
                    let name = shown(name);
                    return Err(format!("expected a host with an MQTT broker (`mqtt`), found {name}"));
                }
                if let HostAction::Tls(_) | HostAction::Alert(_) | HostAction::Cut = action
                    && !self.net.tls.iter().any(|port| port.host == *name)
                {
                    let name = shown(name);
                    return Err(format!("expected a host with a service that has `tls`, found {name}"));
                }
                self.check_action(action)
            }
        }
    }

    fn check_action(&self, action: &HostAction) -> Result<(), String> {
        match action {
            HostAction::Connect { to: Peer::Address(address), .. } if !network::is_dialled(*address) => {
                Err(format!("expected the address of one host, found `{address}`"))
            }
            HostAction::Join(name) => exists("the name of a module", name, self.module_names()),
            HostAction::Connect { to: Peer::Module(name), .. }
            | HostAction::Datagram { to: Peer::Module(name), .. } => {
                exists("an address or the name of a module", name, self.module_names())
            }
            _ => Ok(()),
        }
    }

    /// Names of nodes with a DNS server: the gateway, then hosts.
    pub(super) fn name_servers(&self) -> impl Iterator<Item = &str> + Clone {
        let serves = |h: &&HostConfig| h.services.iter().any(|s| matches!(s, ServiceConfig::Dns(_)));
        iter::once(read::GATEWAY).chain(self.net.hosts.iter().filter(serves).map(|h| h.name.as_str()))
    }

    fn module_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.modules.iter().map(|m| m.name.as_str())
    }

    /// Names of links: those of modules, then those of hosts.
    fn link_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.module_names().chain(self.net.hosts.iter().map(|h| h.name.as_str()))
    }
}

/// An error when a module's link may not have this latency in a world of so many modules.
fn check_latency(latency: Duration, modules: usize) -> Result<(), String> {
    let least = LEAST_LATENCY_BETWEEN_MODULES;
    if modules < 2 || latency >= least {
        return Ok(());
    }
    Err(format!(
        "expected a latency of at least {least} on the link of a module, because there are several modules; \
         found {latency}"
    ))
}

/// An error unless `name` is one of `names`.
fn exists<'a>(what: &str, name: &str, names: impl Iterator<Item = &'a str> + Clone) -> Result<(), String> {
    if names.clone().any(|n| n == name) {
        return Ok(());
    }
    if names.clone().next().is_none() {
        return Err(format!("expected {what}, but this scenario has none; found {}", shown(name)));
    }
    let hint = did_you_mean(name, names.clone());
    Err(format!("expected {what} ({}), found {}{hint}", one_of(names), shown(name)))
}

/// A scenario with another profile for one module. The text stays a scenario, because the input log keeps it.
fn with_profile(scenario: &str, module: &str, profile: &str) -> String {
    let Ok(mut table) = scenario.parse::<toml::Table>() else { return scenario.to_owned() };
    let modules = table.entry("module").or_insert_with(|| toml::Table::new().into());
    if let Some(modules) = modules.as_table_mut() {
        let module = modules.entry(module).or_insert_with(|| toml::Table::new().into());
        if let Some(module) = module.as_table_mut() {
            module.insert("profile".to_owned(), profile.into());
        }
    }
    table.to_string()
}

#[cfg(test)]
mod tests;
