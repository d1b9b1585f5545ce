//! Links: the radio link of each module, and the keys that any link has.

use std::ops::Range;

use super::report::Problems;
use super::table::{Section, Value};
use super::{check_latency, schema};
use crate::net::config::{
    Distribution, Faults, GeModel, HostConfig, LARGEST_GAP, LONGEST_QUEUE, LinkFaults, ModuleLinkConfig,
};
use crate::time::Duration;
use crate::world::quantity;
use crate::world::spelling::{did_you_mean, one_of, printable, shown};

/// A module's radio link where the scenario says nothing else.
fn radio() -> Faults {
    Faults {
        latency: Duration::from_millis(2),
        jitter: Duration::from_micros(500),
        rate_bps: Some(20_000_000),
        ..Faults::default()
    }
}

/// Reads every `[link.NAME]`. Returns one link for each module, in their order.
pub(super) fn read_modules(
    problems: &mut Problems,
    top: &Section,
    modules: &[&str],
    hosts: &[HostConfig],
) -> Vec<ModuleLinkConfig> {
    let mut links: Vec<ModuleLinkConfig> = modules
        .iter()
        .map(|name| ModuleLinkConfig { name: (*name).to_string(), link: radio().into() })
        .collect();
    for (name, place, value) in top.named(problems, "link") {
        let Some(link) = links.iter_mut().find(|l| l.name == name) else {
            let modules = || modules.iter().copied();
            let hint = if hosts.iter().any(|h| h.name == name) {
                format!("; the link of a host is set with the key `link` of [host.{}]", printable(name))
            } else {
                did_you_mean(name, modules())
            };
            let message =
                format!("expected the name of a module ({}), found {}{hint}", one_of(modules()), shown(name));
            problems.add(place, message);
            continue;
        };
        link.link = read(problems, format!("[link.{name}]"), place.clone(), value, radio());
        if let Err(message) = check_latency(link.link.latency(), modules.len()) {
            problems.add(place, message);
        }
    }
    links
}

/// Reads one link; keys that are not there are as in `default`, those of a direction as in both.
pub(super) fn read<'a>(
    problems: &mut Problems,
    title: String,
    place: Range<usize>,
    value: &'a Value<'a>,
    default: Faults,
) -> LinkFaults {
    let Some(link) = Section::open(problems, title.clone(), place, value, schema::LINK) else {
        return default.into();
    };
    let both = way(problems, &link, &default);
    let title = title.trim_end_matches(']');
    let mut side = |key: &str| {
        let value = link.value(key)?;
        let section =
            Section::open(problems, format!("{title}.{key}]"), value.span(), value, schema::LINK_SIDE)?;
        Some(way(problems, &section, &both))
    };
    let (up, down) = (side("upstream"), side("downstream"));
    LinkFaults { up: up.unwrap_or_else(|| both.clone()), down: down.unwrap_or(both) }
}

/// The keys of a direction, or of both.
fn way(p: &mut Problems, link: &Section, default: &Faults) -> Faults {
    Faults {
        latency: link.parsed(p, "latency", quantity::delay).unwrap_or(default.latency),
        jitter: link.parsed(p, "jitter", quantity::delay).unwrap_or(default.jitter),
        distribution: link.choice(p, "distribution", &Distribution::WORDS).unwrap_or(default.distribution),
        loss_ppm: link.parsed(p, "loss", quantity::chance).unwrap_or(default.loss_ppm),
        bursts: bursts(p, link).or(default.bursts),
        corrupt_ppm: link.parsed(p, "corrupt", quantity::chance).unwrap_or(default.corrupt_ppm),
        duplicate_ppm: link.parsed(p, "duplicate", quantity::chance).unwrap_or(default.duplicate_ppm),
        reorder_ppm: link.parsed(p, "reorder", quantity::chance).unwrap_or(default.reorder_ppm),
        gap: link.integer(p, "gap", 1, LARGEST_GAP.into()).unwrap_or(default.gap),
        rate_bps: link.parsed(p, "rate", quantity::rate).unwrap_or(default.rate_bps),
        limit: link.integer(p, "limit", 1, LONGEST_QUEUE.into()).unwrap_or(default.limit),
        mtu: link.integer(p, "mtu", 576, 1500).unwrap_or(default.mtu),
        down: !link.boolean(p, "up").unwrap_or(!default.down),
    }
}

/// The chances under `gemodel`.
fn bursts(problems: &mut Problems, link: &Section) -> Option<GeModel> {
    let list = link.strings(problems, "gemodel")?;
    let texts: Vec<&str> = list.iter().map(|(text, _)| *text).collect();
    quantity::ge_model_of(&texts).map_err(|message| link.complain(problems, "gemodel", &message)).ok()
}
