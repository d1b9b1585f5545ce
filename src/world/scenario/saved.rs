//! What a module has saved, as text: the file that a scenario names for it.
//!
//! The text is TOML with the version of its layout. What can't be read is refused with its place, never taken for a
//! module fresh out of the box.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::ScenarioError;
use super::report::Problems;
use crate::at::Nvs;
use crate::at::flash::Flash;
use crate::module::Saved;
use crate::profile::Profile;

/// The version of the layout.
const VERSION: u32 = 1;

/// What the text is before anything else is read.
#[derive(Deserialize)]
struct Head {
    version: Spanned<u32>,
}

/// The text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    version: u32,
    #[serde(default)]
    nvs: Nvs,
    #[serde(default)]
    flash: Flash,
}

/// Reads the text of the file `name` (for messages), for a module of this profile. An empty text is a module fresh
/// out of the box.
///
/// # Errors
/// What was expected, and where.
pub fn parse(name: &str, text: &str, profile: &Profile) -> Result<Saved, ScenarioError> {
    let mut problems = Problems::new(text);
    if text.trim().is_empty() {
        return Ok(Saved::default());
    }
    let mut saved = Saved::default();
    match read(text) {
        Ok(contents) => {
            if let Some(mistake) = contents.nvs.mistake() {
                let message = format!("expected {} in nvs.{}", mistake.expected, mistake.place);
                problems.add(line_of(text, mistake.place), message);
            }
            if let Some((place, message)) = contents.flash.mistake(profile) {
                problems.add(line_of(text, place), message);
            }
            saved = Saved { nvs: contents.nvs, flash: contents.flash };
        }
        Err((span, message)) => problems.add(span, message),
    }
    problems.check(name)?;
    Ok(saved)
}

/// The line that sets the last key of `place`, or the table of this name; the beginning when neither is found.
fn line_of(text: &str, place: &str) -> std::ops::Range<usize> {
    let key = place.rsplit('.').next().unwrap_or(place);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let sets = line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        if sets || line.trim_end().ends_with(&format!(".{key}]")) {
            return start..start + line.trim_end().len();
        }
        start += line.len();
    }
    0..0
}

fn read(text: &str) -> Result<Contents, (std::ops::Range<usize>, String)> {
    let wrong = |e: toml::de::Error| {
        (
            e.span().unwrap_or(0..0),
            format!("expected what a module has saved, found something else: {}", e.message()),
        )
    };
    let head: Head = toml::from_str(text).map_err(wrong)?;
    let version = *head.version.get_ref();
    if version != VERSION {
        let newer = if version > VERSION { ": it needs a newer espat-sim" } else { "" };
        return Err((head.version.span(), format!("expected version {VERSION}, found {version}{newer}")));
    }
    toml::from_str(text).map_err(wrong)
}

/// The text for what the module called `name` has saved.
pub fn text(name: &str, saved: &Saved) -> String {
    let contents = Contents { version: VERSION, nvs: saved.nvs.clone(), flash: saved.flash.clone() };
    // Everything in it is a table, a number, a truth value or a text, so TOML takes it.
    let body = toml::to_string(&contents).unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("# What the module {name} has saved. Written by espat-sim.\n{body}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at::nvs::{SavedJoin, UartSettings};
    use crate::profile::PROFILES;

    fn full() -> Saved {
        let mut saved = Saved::default();
        saved.nvs.basic.messages = 5;
        saved.nvs.basic.uart =
            Some(UartSettings { baud: 921_600, data_bits: 8, stop_bits: 1, parity: 0, flow: 3 });
        saved.nvs.wifi.mode = 1;
        saved.nvs.wifi.join = Some(SavedJoin {
            ssid: b"caf\xc3\xa9\0".to_vec(),
            password: b"\"'\\".to_vec(),
            bssid: Some([2, 0, 0, 0, 0, 1]),
            pci_en: true,
            listen_interval: 3,
            scan_mode: 1,
            pmf: 1,
        });
        saved.flash.write(PROFILES[0], "ble_data", 3, b"\x00\x01");
        saved.flash.firmware.install(1, "v2.4.0.0");
        saved
    }

    #[test]
    fn what_was_written_is_read_back() {
        for saved in [Saved::default(), full()] {
            let text = text("wifi", &saved);
            let back = parse("wifi.toml", &text, PROFILES[0]).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert!(back == saved, "{text}");
        }
        assert!(parse("empty.toml", "\n", PROFILES[0]).is_ok_and(|saved| saved == Saved::default()));
    }

    #[test]
    fn a_damaged_text_is_refused_with_its_place() {
        let good = text("wifi", &full());
        for (damaged, place, expected) in [
            (good.replace("version = 1", "version = 2"), "2:11", "expected version 1, found 2"),
            (good.replace("version = 1", "versio = 1"), "1:1", "version"),
            (good.replace("messages = 5", "messages = 9"), "5:1", "expected 0 to 7 in nvs.basic.messages"),
            (good.replace("messages = 5", "messages = 500"), "5:12", "found something else"),
            (good.replace("messages = 5", "mesages = 5"), "5:1", "mesages"),
            (
                good.replace("baud = 921600", "baud = 7"),
                ":1",
                "expected 80 to 5000000 in nvs.basic.uart.baud",
            ),
            (good.replace("ble_data", "no_data"), ":1", "expected a partition of esp32c3-v2.3"),
            (good.replace("0001\"", "000\""), ":", "two for each byte"),
            (good.replace("boot = 1", "boot = 2"), ":1", "expected 0 or 1 as the slot to start, found 2"),
            (
                good.replace("v2.4.0.0", "2 4"),
                ":1",
                "expected a version such as `v2.4.0.0` in a slot, found `2 4`",
            ),
            (
                good.replace("ota_1 = \"v2.4.0.0\"", "ota_0 = \"\"\nota_1 = \"\""),
                ":1",
                "expected a version in one of the slots, found both empty",
            ),
            (good.replace("[nvs.wifi]", "[nvs.wifi"), ":", "found something else"),
        ] {
            let Err(error) = parse("wifi.toml", &damaged, PROFILES[0]) else {
                panic!("accepted:\n{damaged}")
            };
            assert!(
                error.message.contains(place) && error.message.contains(expected),
                "{}\n{damaged}",
                error.message
            );
        }
    }
}
