//! The top of a scenario: its own keys, modules, capture and timeline.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::{Datetime, Offset};

use super::report::Problems;
use super::table::{Section, Value, found};
use super::{ModuleConfig, NamedFiles, Scenario, ScenarioError, Timed, TimelineEntry, Timing};
use super::{
    WireConfig, access_points, build, dns, expect, faults, files, hosts, link, network, schema, wire,
};
use crate::module::LogPort;
use crate::net::config::{DnsConfig, NetConfig};
use crate::profile::{self, Build, Profile};
use crate::time::Instant;
use crate::world::console::{self, Command};
use crate::world::spelling::{did_you_mean, one_of, shown};

/// 2026-01-01T00:00:00Z.
const DEFAULT_EPOCH: u64 = 1_767_225_600;

/// Longest text of a scenario, bytes. The mark for a mistake, the log and the capture hold it once more each, so that
/// a text without an end would take all memory.
pub(super) const LONGEST: usize = 16 << 20;

/// The name of a node that every world has.
pub(super) const GATEWAY: &str = "gateway";

/// Things that only one may have, each with the offset in the text where it was given.
pub(super) type Taken<K> = BTreeMap<K, usize>;

/// A module that is to have this profile, whatever the scenario says.
pub(super) type Override<'o> = Option<(&'o str, &'static Profile)>;

/// Reads a scenario.
pub(super) fn scenario(name: &str, text: &str, chosen: Override<'_>) -> Result<Scenario, ScenarioError> {
    if text.len() > LONGEST {
        let mut problems = Problems::new("");
        let long = text.len();
        problems.add(0..0, format!("a scenario has at most {LONGEST} bytes, this one has {long}"));
        problems.check(name)?;
    }
    let mut problems = Problems::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for e in errors {
        problems.add(e.span().unwrap_or(0..0), format!("this is not TOML: {}", e.message()));
    }
    problems.check(name)?;

    let p = &mut problems;
    let top = Section::of(p, String::new(), 0..0, document.get_ref(), schema::TOP);
    let mut macs = Taken::new();
    let mut named = NamedFiles::default();
    let mut modules = modules(p, &top, chosen, &mut macs, &mut named);
    wire::read(p, &top, &mut modules);
    let lans = access_points::read(p, &top, &mut macs);
    let module_names: Vec<&str> = modules.iter().map(|m| m.name.as_str()).collect();
    let mut dns_names = Taken::new();
    let (hosts, tls) = hosts::read(p, &top, &lans, &module_names, (&mut dns_names, &mut macs, &mut named));
    let dns = match top.value("dns") {
        Some(value) => dns::read(p, "[dns]", value, &mut dns_names),
        None => DnsConfig::default(),
    };
    let radio_links = link::read_modules(p, &top, &module_names, &hosts);
    let (aps, segments) = lans.into_iter().map(|lan| (lan.ap, lan.segment)).unzip();
    let epoch = epoch(p, &top);
    let mut scenario = Scenario {
        name: name.to_string(),
        text: text.to_string(),
        seed: top.integer(p, "seed", 0, i128::from(u64::MAX)),
        timing: timing(p, &top),
        epoch,
        modules,
        aps,
        net: NetConfig { epoch, segments, hosts, modules: radio_links, dns, tls },
        taps_all: taps_all(p, &top),
        timeline: Vec::new(),
        expect: Vec::new(),
        files: named,
    };
    scenario.timeline = timeline(p, &top, &scenario);
    scenario.expect = expect::read(p, &top, &scenario);
    problems.check(name)?;
    Ok(scenario)
}

fn timing(problems: &mut Problems, top: &Section) -> Timing {
    let choices = [("typical", Timing::Typical), ("fast", Timing::Fast), ("worst", Timing::Worst)];
    top.choice(problems, "timing", &choices).unwrap_or_default()
}

fn taps_all(problems: &mut Problems, top: &Section) -> bool {
    let Some(value) = top.value("capture") else { return false };
    let Some(capture) =
        Section::open(problems, "[capture]".to_string(), value.span(), value, schema::CAPTURE)
    else {
        return false;
    };
    capture.choice(problems, "taps", &[("modules", false), ("all", true)]).unwrap_or(false)
}

fn modules(
    problems: &mut Problems,
    top: &Section,
    chosen: Override<'_>,
    macs: &mut Taken<[u8; 6]>,
    named: &mut NamedFiles,
) -> Vec<ModuleConfig> {
    let chosen = |name: &str| chosen.filter(|(module, _)| *module == name).map(|(_, profile)| profile);
    let mut modules = Vec::new();
    let mut files = Taken::new();
    for (name, place, value) in top.named(problems, "module") {
        check_node_name(problems, name, &place);
        if let Some(module) =
            module(problems, name, place, value, chosen(name), (macs, &mut files, &mut *named))
        {
            modules.push(module);
        }
    }
    if modules.is_empty() {
        let profile = chosen("wifi").unwrap_or(profile::PROFILES[0]);
        modules.push(ModuleConfig {
            name: "wifi".to_string(),
            profile: profile.name.to_string(),
            build: Build::published(profile),
            mac: None,
            log_port: LogPort::default(),
            nvs: None,
            saved: None,
            faults: Vec::new(),
            wire: WireConfig::default(),
        });
    }
    modules
}

fn module<'a>(
    problems: &mut Problems,
    name: &str,
    place: Range<usize>,
    value: &'a Value<'a>,
    chosen: Option<&'static Profile>,
    (macs, files, named): (&mut Taken<[u8; 6]>, &mut Taken<String>, &mut NamedFiles),
) -> Option<ModuleConfig> {
    let section = Section::open(problems, format!("[module.{name}]"), place, value, schema::MODULE)?;
    let profile = section.parsed(problems, "profile", |name| {
        if let Some(profile) = profile::find(name) {
            return Ok(profile);
        }
        let names = || profile::PROFILES.iter().map(|p| p.name);
        let hint = did_you_mean(name, names());
        Err(format!("expected a profile ({}), found {}{hint}", one_of(names()), shown(name)))
    });
    let profile = chosen.or(profile).unwrap_or(profile::PROFILES[0]);
    let certificates = files::of_module(problems, name, &section, profile);
    if !certificates.is_empty() {
        named.modules.insert(name.to_owned(), certificates);
    }
    let log_ports = [("own", LogPort::Own), ("merged", LogPort::Merged)];
    Some(ModuleConfig {
        name: name.to_string(),
        profile: profile.name.to_string(),
        build: build::read(problems, name, &section, profile),
        mac: mac(problems, &section, "mac", macs),
        log_port: section.choice(problems, "log-port", &log_ports).unwrap_or_default(),
        nvs: nvs(problems, &section, files),
        saved: None,
        faults: faults::of_module(problems, &section),
        wire: WireConfig::default(),
    })
}

/// The file under `nvs`, which no other module may have.
fn nvs(problems: &mut Problems, section: &Section, files: &mut Taken<String>) -> Option<String> {
    let path = section.string_if(problems, "nvs", files::is_path)?.to_owned();
    take(problems, files, path.clone(), section.span("nvs"), &format!("the file {}", shown(&path)));
    Some(path)
}

/// The MAC address under `key`, which nobody else may have.
pub(super) fn mac(
    problems: &mut Problems,
    section: &Section,
    key: &str,
    macs: &mut Taken<[u8; 6]>,
) -> Option<[u8; 6]> {
    let text = section.string_if(problems, key, |s| network::mac(s).is_some())?;
    let mac = network::mac(text)?;
    take(problems, macs, mac, section.span(key), &format!("the MAC address {text}"));
    Some(mac)
}

/// Notes a mistake when `key` is taken already; takes it otherwise.
pub(super) fn take<K: Ord>(
    problems: &mut Problems,
    taken: &mut Taken<K>,
    key: K,
    span: Range<usize>,
    what: &str,
) {
    match taken.get(&key) {
        // Tables are read in the order of names: of two users, the later in the file is told.
        Some(&other) => {
            let (first, second) = if other < span.start { (other, span) } else { (span.start, other..other) };
            let line = problems.line(first);
            problems.add(second, format!("{what} is used twice; line {line} has it already"));
        }
        None => {
            taken.insert(key, span.start);
        }
    }
}

/// Notes a mistake when `name` can't be the name of an access point, a module or a host.
pub(super) fn check_name(problems: &mut Problems, name: &str, place: &Range<usize>) {
    if !(1..=32).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let message = format!(
            "expected a name of 1 to 32 characters without control characters, found {}",
            shown(name)
        );
        problems.add(place.clone(), message);
    }
}

/// The same for a module or a host: a node of the network.
pub(super) fn check_node_name(problems: &mut Problems, name: &str, place: &Range<usize>) {
    check_name(problems, name, place);
    if name == GATEWAY {
        let message =
            format!("expected another name than `{GATEWAY}`, which is the name of the gateway itself");
        problems.add(place.clone(), message);
    }
}

fn timeline(problems: &mut Problems, top: &Section, scenario: &Scenario) -> Vec<TimelineEntry> {
    let mut timeline = Vec::new();
    for (line, span) in top.strings(problems, "timeline").unwrap_or_default() {
        let place = problems.place(span.start);
        let mut entry = |at, what| timeline.push(TimelineEntry { at, what, place });
        match console::parse(line).and_then(|c| scenario.check(&c).map(|()| c)) {
            Ok(Command::At(at, change)) => entry(at, Timed::Change(change)),
            Ok(Command::RuleAt(at, rule)) => entry(at, Timed::Rule(rule)),
            Ok(Command::Rule(rule)) => entry(Instant::ZERO, Timed::Rule(rule)),
            Ok(other @ (Command::Change(_) | Command::Ask(_) | Command::Json(_))) => {
                problems.add(span, format!("expected a line such as `at 12s ap home down`, found `{other}`"));
            }
            Err(message) => problems.add(span, message),
        }
    }
    timeline.sort_by_key(|entry| entry.at);
    timeline
}

fn epoch(problems: &mut Problems, top: &Section) -> u64 {
    let Some(value) = top.value("epoch").map(Spanned::get_ref) else { return DEFAULT_EPOCH };
    let seconds = match value {
        DeValue::Datetime(d) => unix_seconds(d),
        DeValue::String(s) => s.parse().ok().and_then(|d| unix_seconds(&d)),
        _ => None,
    };
    seconds.unwrap_or_else(|| {
        top.mistake(problems, "epoch", &format!("found {}", found(value)));
        DEFAULT_EPOCH
    })
}

/// Seconds since 1970-01-01T00:00:00Z. `None` outside 1970 to 2105, without offset, or with a fraction.
pub(super) fn unix_seconds(d: &Datetime) -> Option<u64> {
    let (date, time, offset) = (d.date?, d.time?, d.offset?);
    let second = time.second.unwrap_or(0);
    if !(1970..=2105).contains(&date.year) || time.nanosecond.unwrap_or(0) != 0 || second > 59 {
        return None;
    }
    let offset_minutes = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let leap_years_before = |y: i64| (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400;
    let year = i64::from(date.year);
    let leap = leap_years_before(year + 1) - leap_years_before(year);
    let months = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months_before = months.get(..usize::from(date.month).checked_sub(1)?)?;
    let days = (year - 1970) * 365 + leap_years_before(year) - leap_years_before(1970)
        + months_before.iter().sum::<i64>()
        + i64::from(date.day)
        - 1;
    let minutes = (days * 24 + i64::from(time.hour)) * 60 + i64::from(time.minute) - offset_minutes;
    u64::try_from(minutes * 60 + i64::from(second)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_times_become_unix_seconds() {
        for (text, seconds) in [
            ("2026-01-01T00:00:00Z", Some(DEFAULT_EPOCH)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:34:56Z", Some(951_827_696)),
            ("2000-03-01T00:00:00+02:00", Some(951_861_600)),
            ("2100-03-01T00:00:00Z", Some(4_107_542_400)),
            ("2105-12-31T23:59:59Z", Some(4_291_747_199)),
            ("1970-01-01T00:00:00+01:00", None),
            ("2106-01-01T00:00:00Z", None),
            ("2026-01-01T00:00:00", None),
            ("2026-01-01", None),
            ("2026-01-01T00:00:00.5Z", None),
        ] {
            assert_eq!(unix_seconds(&text.parse().unwrap()), seconds, "{text}");
        }
    }
}
