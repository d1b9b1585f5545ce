//! Reads `expect`: what must be observed, and when.

use super::read::GATEWAY;
use super::report::Problems;
use super::table::Section;
use super::{Place, Scenario};
use crate::net::config::{HostConfig, ServiceConfig};
use crate::time::Instant;
use crate::world::console::words::{Word, Words};
use crate::world::console::{Name, duration};
use crate::world::event::EventKind;
use crate::world::expect::{Expectation, Needle, Pattern, When};
use crate::world::spelling::{cut, did_you_mean, one_of, printable, shown};

/// What is observed of every host.
const OF_HOSTS: [EventKind; 5] = [
    EventKind::GuestJoined,
    EventKind::TcpTerminalReceived,
    EventKind::UdpTerminalReceived,
    EventKind::ToxicReset,
    EventKind::Changed,
];
/// The words that a line can begin with.
const FIRST: [&str; 5] = ["then", "never", "by", "between", "within"];

/// Reads the lines under `expect`.
pub(super) fn read(problems: &mut Problems, top: &Section, scenario: &Scenario) -> Vec<Expectation> {
    let mut list: Vec<Expectation> = Vec::new();
    for (text, span) in top.strings(problems, "expect").unwrap_or_default() {
        match line(text, problems.place(span.start), scenario, list.last()) {
            Ok(expectation) => list.push(expectation),
            Err(message) => problems.add(span, printable(&message)),
        }
    }
    list
}

fn line(
    text: &str,
    place: Place,
    scenario: &Scenario,
    before: Option<&Expectation>,
) -> Result<Expectation, String> {
    let mut words = Words::split(text)?;
    let mut word = words.next();
    let mut take = |keyword: &str, words: &mut Words| {
        let there = word.as_ref().is_some_and(|w| w.is(keyword));
        if there {
            word = words.next();
        }
        there
    };
    let then = take("then", &mut words);
    let never = take("never", &mut words);
    if then && before.is_none_or(|before| before.never) {
        return Err("expected a line before `then` that says what must happen first".to_owned());
    }
    let when = match &word {
        Some(w) if w.is("by") => When::By(Instant::ZERO + duration("by", &mut words)?),
        Some(w) if w.is("between") => {
            let from = duration("between", &mut words)?;
            match words.next() {
                Some(w) if w.is("and") => {}
                other => {
                    return Err(format!("expected `and` after `between {from}`, found {}", found(&other)));
                }
            }
            let to = duration("and", &mut words)?;
            if to < from {
                return Err(format!("expected a time of {from} or later after `and`, found {to}"));
            }
            When::Between(Instant::ZERO + from, Instant::ZERO + to)
        }
        Some(w) if w.is("within") => {
            let time = duration("within", &mut words)?;
            if !then {
                return Err(format!(
                    "expected `then` before `within {time}`, which counts from the line before"
                ));
            }
            When::Within(time)
        }
        _ => When::Anytime,
    };
    if when != When::Anytime {
        word = words.next();
    }
    let what = pattern(word, &mut words, scenario)?;
    Ok(Expectation { text: text.to_owned(), place, then, never, when, what })
}

fn pattern(subject: Option<Word>, words: &mut Words, scenario: &Scenario) -> Result<Pattern, String> {
    let modules = || scenario.modules.iter().map(|m| m.name.as_str());
    let hosts = || scenario.net.hosts.iter();
    let name = subject.as_ref().map_or("", |w| w.text.as_str());
    let place = scenario.places().find(|(place, _)| *place == name);
    let kinds = match (hosts().find(|host| host.name == name), place) {
        (Some(host), _) => of_host(host, scenario.has_tls(host)),
        (None, _) if modules().any(|module| module == name) => EventKind::words(true),
        (None, Some((_, kinds))) => kinds,
        (None, None) => {
            let names = || modules().chain(hosts().map(|host| host.name.as_str()));
            return Err(format!(
                "expected the name of a module or host ({}), or {} before it, found {}{}",
                one_of(names()),
                one_of(FIRST),
                found(&subject),
                did_you_mean(name, FIRST.into_iter().chain(names()))
            ));
        }
    };
    let kind = words.next();
    let kind = kinds.iter().find(|known| kind.as_ref().is_some_and(|w| w.is(known))).ok_or_else(|| {
        let hint = did_you_mean(kind.as_ref().map_or("", |w| &w.text), kinds.iter().copied());
        let (kinds, found) = (one_of(kinds.iter().copied()), found(&kind));
        format!("expected what is observed of {} ({kinds}), found {found}{hint}", Name(&cut(name)))
    })?;
    let mut needles = Vec::new();
    while let Some(word) = words.next() {
        needles.push(Needle::of(&word));
    }
    Ok(Pattern { subject: name.to_owned(), kind, needles })
}

impl Scenario {
    /// What can be changed besides modules and hosts, access points and the gateway, each with what is observed of it. An
    /// access point may have a captive portal.
    fn places(&self) -> impl Iterator<Item = (&str, Vec<&'static str>)> {
        let of_aps = vec![EventKind::HttpRequest.word(), EventKind::Changed.word()];
        let aps = self.aps.iter().map(move |ap| (ap.name.as_str(), of_aps.clone()));
        aps.chain([(GATEWAY, vec![EventKind::Changed.word()])])
    }

    /// Whether a port of this host has TLS.
    fn has_tls(&self, host: &HostConfig) -> bool {
        self.net.tls.iter().any(|port| port.host == host.name)
    }

    /// Checks that there is a subject of which this kind can be observed. Empty: any.
    pub(in crate::world) fn check_observation(&self, subject: &str, kind: &str) -> Result<(), String> {
        let modules = self.modules.iter().map(|m| (m.name.as_str(), EventKind::words(true)));
        let hosts = self.net.hosts.iter().map(|host| (host.name.as_str(), of_host(host, self.has_tls(host))));
        let all: Vec<(&str, Vec<&str>)> = modules.chain(hosts).chain(self.places()).collect();
        let names = || all.iter().map(|(name, _)| *name);
        if !subject.is_empty() && !names().any(|name| name == subject) {
            return Err(format!(
                "there is no module or host {}; there is {}{}",
                shown(subject),
                one_of(names()),
                did_you_mean(subject, names())
            ));
        }
        let of_subject = all.iter().filter(|(name, _)| subject.is_empty() || *name == subject);
        let mut kinds: Vec<&str> = Vec::new();
        for kind in of_subject.flat_map(|(_, kinds)| kinds) {
            if !kinds.contains(kind) {
                kinds.push(kind);
            }
        }
        if kind.is_empty() || kinds.contains(&kind) {
            return Ok(());
        }
        let whose = if subject.is_empty() { String::new() } else { format!(" of {}", shown(subject)) };
        let hint = did_you_mean(kind, kinds.iter().copied());
        Err(format!("nothing is observed{whose} as {}; there is {}{hint}", shown(kind), one_of(kinds)))
    }
}

/// What is observed of a host: what it serves, and what every host does.
fn of_host(host: &HostConfig, has_tls: bool) -> Vec<&'static str> {
    let served = host.services.iter().filter_map(|service| match service {
        ServiceConfig::Http { .. } => Some(EventKind::HttpRequest),
        ServiceConfig::Discard { .. } => Some(EventKind::DiscardConnected),
        ServiceConfig::Source { .. } => Some(EventKind::SourceConnected),
        ServiceConfig::External { .. } => Some(EventKind::ExternalConnected),
        ServiceConfig::Script { .. } => Some(EventKind::ScriptConnected),
        ServiceConfig::TcpEcho { .. } => Some(EventKind::TcpEchoConnected),
        ServiceConfig::UdpEcho { .. } => Some(EventKind::UdpEchoEchoed),
        ServiceConfig::Dns(_) => Some(EventKind::DnsQuestion),
        ServiceConfig::Mqtt(_) => Some(EventKind::MqttPublished),
        ServiceConfig::WebSocket(_) => Some(EventKind::WebSocketReceived),
        ServiceConfig::Sntp(_) => Some(EventKind::SntpAnswered),
        ServiceConfig::Update { .. } => Some(EventKind::UpdateRequest),
        ServiceConfig::TcpTerminal { .. } | ServiceConfig::UdpTerminal { .. } => None,
    });
    let secure = has_tls.then_some(EventKind::TlsSession);
    served.chain(secure).chain(OF_HOSTS).map(EventKind::word).collect()
}

fn found(word: &Option<Word>) -> String {
    word.as_ref().map_or_else(|| "nothing".to_owned(), Word::shown)
}

#[cfg(test)]
#[path = "expect_tests.rs"]
mod tests;
