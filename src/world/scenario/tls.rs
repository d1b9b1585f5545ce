//! TLS of a host's services: `tls = true`, or a table with what differs.

use std::net::IpAddr;

use toml::de::DeValue;

use super::files::{self, ServiceFiles};
use super::read::unix_seconds;
use super::report::Problems;
use super::schema;
use super::table::{Section, Value, found};
use crate::net::tls::{Config, Fault, HostCertificate, KeyKind, Psk, Verify, Version};
use crate::world::spelling::{one_of, shown, suite_number};

const VERSIONS: [(&str, Version); 4] =
    [("1.0", Version::Tls10), ("1.1", Version::Tls11), ("1.2", Version::Tls12), ("1.3", Version::Tls13)];

/// Who the certificate is for.
pub(super) struct Owner<'a> {
    pub names: &'a [String],
    pub addresses: Vec<IpAddr>,
}

/// What `tls` of a service says.
#[derive(Clone)]
pub(super) struct Tls {
    /// Its settings, but for what is in files.
    pub config: Config,
    /// Its files.
    pub files: ServiceFiles,
}

/// What `tls` of the service called `title` says. `None`: it has none, or a mistake was noted.
pub(super) fn read(problems: &mut Problems, title: &str, service: &Section, owner: &Owner) -> Option<Tls> {
    let value = service.value("tls")?;
    match value.get_ref() {
        DeValue::Boolean(false) => None,
        DeValue::Boolean(true) => {
            let config = finish(problems, service, Config::default(), certificate(owner))?;
            Some(Tls { config, files: ServiceFiles::default() })
        }
        _ => table(problems, title, service, value, owner),
    }
}

fn certificate(owner: &Owner) -> HostCertificate {
    HostCertificate {
        names: owner.names.to_vec(),
        addresses: owner.addresses.clone(),
        key: KeyKind::Rsa,
        valid_from: HostCertificate::FROM,
        valid_until: HostCertificate::UNTIL,
    }
}

fn table<'a>(
    problems: &mut Problems,
    title: &str,
    service: &Section,
    value: &'a Value<'a>,
    owner: &Owner,
) -> Option<Tls> {
    if !value.get_ref().is_table() {
        service.mistake(problems, "tls", &format!("found {}", found(value.get_ref())));
        return None;
    }
    let p = problems;
    let tls = Section::open(p, format!("[{title}.tls]"), value.span(), value, schema::TLS)?;
    let mut host = certificate(owner);
    host.key = tls.choice(p, "key", &[("rsa", KeyKind::Rsa), ("ec", KeyKind::Ec)]).unwrap_or_default();
    if let Some(names) = tls.strings(p, "names") {
        host.names = names.into_iter().map(|(name, _)| name.to_owned()).collect();
        host.addresses.clear();
    }
    host.valid_from = date(p, &tls, "valid-from").unwrap_or(host.valid_from);
    host.valid_until = date(p, &tls, "valid-until").unwrap_or(host.valid_until);
    let mut config = Config { tickets: tls.boolean(p, "tickets").unwrap_or(true), ..Config::default() };
    config.versions = versions(p, &tls).unwrap_or(config.versions);
    config.suites = suites(p, &tls);
    config.alpn =
        tls.strings(p, "alpn").unwrap_or_default().into_iter().map(|(name, _)| name.into()).collect();
    config.psk = keys(p, &tls);
    let asked = [("none", Verify::None), ("asked", Verify::Optional), ("required", Verify::Required)];
    config.verify = tls.choice(p, "client-certificate", &asked).unwrap_or_default();
    if config.verify != Verify::None {
        config.authorities = crate::net::tls::CLIENT_CA.into();
    }
    config.fault = tls.choice(p, "fault", &[("silent", Fault::Silent), ("half-flight", Fault::HalfFlight)]);
    let files = files(p, &tls, config.verify);
    // Checked all the same where there is a file.
    Some(Tls { config: finish(p, service, config, host)?, files })
}

/// The files that it names.
fn files(problems: &mut Problems, tls: &Section, verify: Verify) -> ServiceFiles {
    let mut file = |key| files::of_key(problems, tls, key, true);
    let [certificate, key, authorities] = ["certificate", "private-key", "client-ca"].map(&mut file);
    match (&certificate, &key) {
        (Some(_), None) => {
            tls.complain(problems, "certificate", "expected `private-key` beside it, found none");
        }
        (None, Some(_)) => {
            tls.complain(problems, "private-key", "expected `certificate` beside it, found none");
        }
        (Some(_), Some(_)) => {
            for other in ["key", "names", "valid-from", "valid-until"] {
                if tls.value(other).is_some() {
                    tls.complain(problems, other, "expected none beside `certificate`, which says it itself");
                }
            }
        }
        (None, None) => {}
    }
    if authorities.is_some() && verify == Verify::None {
        tls.complain(problems, "client-ca", "expected `client-certificate` beside it, found none");
    }
    ServiceFiles { certificate, key, authorities }
}

/// Checks that the certificate can be signed, which is done when somebody wants to see it.
fn finish(
    problems: &mut Problems,
    service: &Section,
    config: Config,
    host: HostCertificate,
) -> Option<Config> {
    match host.check() {
        Ok(()) => Some(Config { server: true, host: Some(host), ..config }),
        Err(error) => {
            service.complain(problems, "tls", &format!("expected TLS that is possible: {error}"));
            None
        }
    }
}

fn date(problems: &mut Problems, tls: &Section, key: &str) -> Option<u64> {
    let value = tls.value(key)?.get_ref();
    let seconds = match value {
        DeValue::Datetime(d) => unix_seconds(d),
        DeValue::String(s) => s.parse().ok().and_then(|d| unix_seconds(&d)),
        _ => None,
    };
    if seconds.is_none() {
        tls.mistake(problems, key, &format!("found {}", found(value)));
    }
    seconds
}

fn versions(problems: &mut Problems, tls: &Section) -> Option<(Version, Version)> {
    let mut list = Vec::new();
    for (word, place) in tls.strings(problems, "versions")? {
        match VERSIONS.iter().find(|(name, _)| *name == word) {
            Some((_, version)) => list.push(*version),
            None => {
                let names = one_of(VERSIONS.iter().map(|(name, _)| *name));
                problems.add(place, format!("expected {names}, found {}", shown(word)));
            }
        }
    }
    // A server that has 1.3 and others speaks the others here.
    let others: Vec<Version> = list.iter().copied().filter(|v| *v != Version::Tls13).collect();
    let list = if others.is_empty() { list } else { others };
    let (oldest, newest) = (*list.iter().min()?, *list.iter().max()?);
    let between = VERSIONS.iter().filter(|(_, version)| (oldest..=newest).contains(version));
    if let Some((missing, _)) = between.clone().find(|(_, version)| !list.contains(version)) {
        let all = between.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let message = format!("expected versions without a gap ({all}), found none of `{missing}`");
        tls.complain(problems, "versions", &message);
    }
    Some((oldest, newest))
}

fn suites(problems: &mut Problems, tls: &Section) -> Vec<u16> {
    let mut list = Vec::new();
    for (word, place) in tls.strings(problems, "suites").unwrap_or_default() {
        match suite_number(word) {
            Some(suite) => list.push(suite),
            None => {
                let message =
                    format!("expected a number of four digits such as `0xc030`, found {}", shown(word));
                problems.add(place, message);
            }
        }
    }
    list
}

fn keys(problems: &mut Problems, tls: &Section) -> Vec<Psk> {
    let mut keys = Vec::new();
    for (identity, place, value) in tls.named(problems, "psk") {
        match value.get_ref().as_str().filter(|key| (1..=32).contains(&key.len())) {
            Some(key) => {
                keys.push(Psk { identity: identity.as_bytes().to_vec(), key: key.as_bytes().to_vec() })
            }
            None => {
                let found = found(value.get_ref());
                problems.add(place, format!("expected a key of 1 to 32 bytes as a string, found {found}"));
            }
        }
    }
    keys
}
