//! DNS servers: the gateway's, and those on hosts.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;

use super::read::{Taken, take};
use super::report::Problems;
use super::table::{Section, Value, found};
use super::{network, schema};
use crate::net::config::{DnsAnswers, DnsBehaviour, DnsConfig, DnsRecord};
use crate::net::dns_server::ALIAS_LIMIT;
use crate::time::{Duration, NANOS_PER_SEC};
use crate::world::quantity;
use crate::world::spelling::{did_you_mean, shown};

/// Longest time that an answer may be kept: a week, which is also the longest that a module keeps one.
const LONGEST_TTL: u64 = 604_800;

/// Reads `[dns]` or `[host.NAME.dns]`. `taken`: names that the server knows already.
pub(super) fn read<'a>(
    problems: &mut Problems,
    title: &str,
    value: &'a Value<'a>,
    taken: &mut Taken<String>,
) -> DnsConfig {
    let Some(section) = Section::open(problems, title.to_owned(), value.span(), value, schema::DNS) else {
        return DnsConfig::default();
    };
    let behaviour = DnsBehaviour {
        answers: section.choice(problems, "answers", &DnsAnswers::WORDS).unwrap_or_default(),
        delay: section.parsed(problems, "delay", quantity::delay).unwrap_or_default(),
    };
    let default = DnsConfig::default();
    let ttl = section.parsed(problems, "ttl", ttl).unwrap_or(default.ttl);
    let mut records = BTreeMap::new();
    let mut aliases = BTreeMap::new();
    for (name, place, value) in section.named(problems, "records") {
        let Some(name) = dns_name(problems, name, &place) else { continue };
        take(problems, taken, name.clone(), place, &format!("the DNS name `{name}`"));
        let record = record(problems, value);
        if let Some(DnsRecord::Alias(target)) = &record {
            aliases.insert(name.clone(), (without_dot(target).to_owned(), value.span()));
        }
        records.extend(record.map(|record| (name, record)));
    }
    check_aliases(problems, &aliases, taken);
    DnsConfig { records: records.into_iter().collect(), ttl, behaviour }
}

/// Each alias must lead to a name that the server knows, and none back to itself.
fn check_aliases(
    problems: &mut Problems,
    aliases: &BTreeMap<String, (String, Range<usize>)>,
    taken: &Taken<String>,
) {
    let known = |name: &str| taken.contains_key(name) || taken.contains_key(&format!("{name}."));
    for (name, (target, place)) in aliases {
        if !known(target) {
            let names = taken.keys().map(String::as_str);
            let message = format!(
                "expected the address of `{name}`, or a name that this server knows, found {}{}",
                shown(target),
                did_you_mean(target, names)
            );
            problems.add(place.clone(), message);
            continue;
        }
        let mut chain = vec![without_dot(name)];
        let mut next = Some(target.as_str());
        while let Some(here) = next.filter(|here| !chain.contains(here)) {
            chain.push(here);
            let record = aliases.get(here).or_else(|| aliases.get(&format!("{here}.")));
            next = record.map(|(target, _)| target.as_str());
        }
        let message = match next {
            Some(again) => {
                chain.push(again);
                format!("expected aliases that lead to an address, found a circle: {}", chain.join(" -> "))
            }
            None if chain.len() > ALIAS_LIMIT + 1 => {
                format!(
                    "expected at most {ALIAS_LIMIT} aliases one after the other, found {}",
                    chain.len() - 1
                )
            }
            None => continue,
        };
        problems.add(place.clone(), message);
    }
}

/// A name may end with a dot.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// A DNS name in lower case.
pub(super) fn dns_name(problems: &mut Problems, name: &str, place: &Range<usize>) -> Option<String> {
    if network::is_dns_name(name) {
        return Some(name.to_ascii_lowercase());
    }
    let message = format!("expected a DNS name such as `www.example.com`, found {}", shown(name));
    problems.add(place.clone(), message);
    None
}

/// An address, several, or the name that it is an alias of.
fn record<'a>(problems: &mut Problems, value: &'a Value<'a>) -> Option<DnsRecord> {
    let value_place = value.span();
    if let Some(text) = value.get_ref().as_str() {
        return match text.parse::<IpAddr>() {
            Ok(address) => Some(DnsRecord::Addresses(vec![address])),
            Err(_) => dns_name(problems, text, &value_place).map(DnsRecord::Alias),
        };
    }
    let address = |v: &Value| v.get_ref().as_str()?.parse::<IpAddr>().ok();
    let addresses = value.get_ref().as_array().and_then(|list| list.iter().map(address).collect());
    if addresses.is_none() {
        let message = format!(
            "expected an IP address, a list of IP addresses, or a DNS name, found {}",
            found(value.get_ref())
        );
        problems.add(value_place, message);
    }
    addresses.map(DnsRecord::Addresses)
}

fn ttl(text: &str) -> Result<u32, String> {
    let ttl = quantity::duration(text)?;
    let seconds = ttl.as_nanos() / NANOS_PER_SEC;
    if seconds <= LONGEST_TTL && ttl == Duration::from_secs(seconds) {
        Ok(seconds as u32)
    } else {
        Err(format!("expected whole seconds from 0 to 7 d, found {}", shown(text)))
    }
}
