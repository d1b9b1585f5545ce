//! The services of a host that have a table of their own: time and update servers.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::report::Problems;
use super::table::{Section, Value, found};
use super::{exists, schema};
use crate::net::config::{Sntp, SntpAnswers, UpdateAnswers, UpdateOffer};
use crate::net::firmware;
use crate::world::quantity;
use crate::world::spelling::shown;

/// Most bytes of a file: the flash of the largest module.
const LARGEST_FILE: i128 = 16 << 20;

/// Reads `[host.NAME.sntp]`.
pub(super) fn sntp(problems: &mut Problems, host: &Section, name: &str) -> Option<Sntp> {
    let value = host.value("sntp")?;
    let section = Section::open(problems, format!("[host.{name}.sntp]"), value.span(), value, schema::SNTP)?;
    let default = Sntp::default();
    Some(Sntp {
        offset: section.parsed(problems, "offset", quantity::signed_duration).unwrap_or(default.offset),
        stratum: section.integer(problems, "stratum", 0, 15).unwrap_or(default.stratum),
        answers: section.choice(problems, "answers", &SntpAnswers::WORDS).unwrap_or(default.answers),
    })
}

/// Opens `[host.NAME.update]`.
pub(super) fn open_update<'a>(
    problems: &mut Problems,
    host: &Section<'a>,
    name: &str,
) -> Option<Section<'a>> {
    let value = host.value("update")?;
    Section::open(problems, format!("[host.{name}.update]"), value.span(), value, schema::UPDATE)
}

/// What an update server has. `None` when a mistake was noted.
pub(super) fn offer(problems: &mut Problems, update: &Section) -> Option<UpdateOffer> {
    let mut versions = BTreeMap::new();
    for (version, place, value) in update.named(problems, "versions") {
        if !firmware::is_version(version) {
            let message = format!(
                "expected a version of 1 to {} letters, digits, `-`, `_` and `.`, found {}",
                firmware::LONGEST_VERSION,
                shown(version)
            );
            problems.add(place, message);
            continue;
        }
        versions.insert(version.to_owned(), files(problems, version, value));
    }
    let latest = update.parsed(problems, "latest", |latest| {
        exists("one of the versions", latest, versions.keys().map(String::as_str)).map(|()| latest.to_owned())
    });
    if latest.is_none() && update.value("latest").is_none() && versions.len() != 1 {
        let message = format!("expected `latest`, because there are {} versions", versions.len());
        update.complain(problems, "versions", &message);
    }
    let latest = latest.or_else(|| versions.keys().next().cloned())?;
    let answers = update.choice(problems, "answers", &UpdateAnswers::WORDS).unwrap_or_default();
    Some(UpdateOffer { latest, versions, answers })
}

/// The files of a version, and their sizes.
fn files(problems: &mut Problems, version: &str, value: &Value) -> BTreeMap<String, usize> {
    let mut files = BTreeMap::new();
    let Some(table) = value.get_ref().as_table() else {
        let message = format!(
            "expected a table of files and their sizes such as {{ ota = 1_200_000 }} for {}, found {}",
            shown(version),
            found(value.get_ref())
        );
        problems.add(value.span(), message);
        return files;
    };
    for (name, size) in table {
        let name = name.get_ref().as_ref();
        let least = if name == firmware::OTA { firmware::LEAST_IMAGE as i128 } else { 1 };
        match integer(size.get_ref()).filter(|size| (least..=LARGEST_FILE).contains(size)) {
            Some(size) => {
                files.insert(name.to_owned(), size as usize);
            }
            None => {
                let (name, found) = (shown(name), found(size.get_ref()));
                problems.add(
                    size.span(),
                    format!("expected the size of {name}, {least} to {LARGEST_FILE} bytes, found {found}"),
                );
            }
        }
    }
    files
}

fn integer(value: &DeValue) -> Option<i128> {
    let n = value.as_integer()?;
    i128::from_str_radix(n.as_str(), n.radix()).ok()
}
