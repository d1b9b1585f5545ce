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
use crate::world::spelling::shown;

/// The version of the layout. In version 1 SSIDs and passwords were lists of numbers, which are still understood, and
/// there was no last line.
const VERSION: u32 = 2;

/// The last line of a text: without it, the file was cut off.
const LAST_LINE: &str = "# End of what was saved.";

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

/// Reads the text of the file `name` (for messages), for a module of this profile.
///
/// # Errors
/// What was expected, and where.
pub fn parse(name: &str, text: &str, profile: &Profile) -> Result<Saved, ScenarioError> {
    let mut problems = Problems::new(text);
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
    if text.trim().is_empty() {
        let message = "expected what a module has saved, found an empty file: it was cut off; without the file the \
                       module is fresh out of the box";
        return Err((0..0, message.to_owned()));
    }
    let version = match toml::from_str::<Head>(text) {
        Ok(head) if (1..=VERSION).contains(head.version.get_ref()) => *head.version.get_ref(),
        Ok(head) => {
            let version = *head.version.get_ref();
            let newer = if version > VERSION { ": it needs a newer espat-sim" } else { "" };
            return Err((head.version.span(), format!("expected version {VERSION}, found {version}{newer}")));
        }
        Err(e) if is_cut_off(text) => return Err((text.len()..text.len(), cut_off(Some(&e)))),
        Err(e) => return Err(wrong(text, &e)),
    };
    if version > 1 && is_cut_off(text) {
        return Err((text.len()..text.len(), cut_off(None)));
    }
    toml::from_str(text).map_err(|e| wrong(text, &e))
}

fn is_cut_off(text: &str) -> bool {
    text.trim_end().lines().next_back().is_none_or(|line| line.trim_end() != LAST_LINE)
}

fn cut_off(error: Option<&toml::de::Error>) -> String {
    let mut message = format!("expected `{LAST_LINE}` as the last line: the file was cut off");
    if let Some(error) = error {
        message.push_str(&format!(" ({})", in_words(error.message())));
    }
    message
}

/// A mistake that the TOML reader has found, with its place.
fn wrong(text: &str, error: &toml::de::Error) -> (std::ops::Range<usize>, String) {
    let span = error.span().unwrap_or(0..0);
    let there = text.get(span.clone()).unwrap_or_default().trim();
    let message = in_words(error.message());
    // A mistake of the notation has no value of its own.
    let found = if message.starts_with("expected") && !message.contains("found") && !there.is_empty() {
        format!("{message}, found {}", shown(there.lines().next().unwrap_or_default()))
    } else {
        message
    };
    (span, found)
}

/// What the TOML reader says, in the words of the file's reader.
fn in_words(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    let wanted = |what: &str| match what {
        "u8" => "a number from 0 to 255".to_owned(),
        "u16" => "a number from 0 to 65535".to_owned(),
        "u32" => "a number from 0 to 4294967295".to_owned(),
        "i32" => "a number from -2147483648 to 2147483647".to_owned(),
        "i8" => "a number from -128 to 127".to_owned(),
        "bool" | "a boolean" => "`true` or `false`".to_owned(),
        "a string" => "a text in quotes".to_owned(),
        "a sequence" => "a list in brackets".to_owned(),
        other => match other.strip_prefix("struct ") {
            Some(_) => "a table".to_owned(),
            None => other.to_owned(),
        },
    };
    let value = |found: &str| {
        let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
        let value = value.trim_matches('`');
        match kind {
            "integer" | "boolean" => format!("`{value}`"),
            "floating" => format!("`{}`", value.trim_start_matches("point `")),
            "string" => value.to_owned(),
            "map" => "a table".to_owned(),
            "sequence" => "a list".to_owned(),
            _ => found.to_owned(),
        }
    };
    for prefix in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((found, what)) =
            message.strip_prefix(prefix).and_then(|rest| rest.split_once(", expected "))
        {
            let found = if prefix == "invalid length " { format!("{found} of them") } else { value(found) };
            return format!("expected {}, found {found}", wanted(what));
        }
    }
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return match rest.split_once(", expected ") {
            Some((found, what)) => {
                format!("expected {}, found the key {found}", what.replacen("one of ", "", 1))
            }
            None => format!("found the key {rest}, which means nothing here"),
        };
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return format!("expected the key {key}, found none");
    }
    format!(
        "expected lines such as `mode = 1` below a line such as `[nvs.wifi]`; this is not TOML: {message}"
    )
}

/// The text for what the module called `name` has saved.
pub fn text(name: &str, saved: &Saved) -> String {
    let contents = Contents { version: VERSION, nvs: saved.nvs.clone(), flash: saved.flash.clone() };
    // Everything in it is a table, a number, a truth value or a text, so TOML takes it.
    let body = toml::to_string(&contents).unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("# What the module {name} has saved. Written by espat-sim.\n{body}{LAST_LINE}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at::nvs::{SavedJoin, UartSettings};
    use crate::profile::{Build, PROFILES};

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
        saved.flash.write(PROFILES[0], &Build::published(PROFILES[0]), "ble_data", 3, b"\x00\x01");
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
    }

    #[test]
    fn ssids_and_passwords_are_written_as_texts_and_were_lists_once() {
        let text = text("wifi", &full());
        assert!(text.contains("ssid = \"caf\u{e9}\\u0000\""), "{text}");
        let old = "version = 1\n[nvs.wifi.join]\nssid = [97, 255]\npassword = [98]\npci_en = false\n\
                   listen_interval = 3\nscan_mode = 0\npmf = 0\n";
        let saved = parse("old.toml", old, PROFILES[0]).unwrap_or_else(|e| panic!("{e}"));
        let join = saved.nvs.wifi.join.as_ref().map(|join| (join.ssid.clone(), join.password.clone()));
        assert_eq!(join, Some((vec![97, 255], vec![98])), "an SSID that is no text stays a list");
        let again =
            parse("new.toml", &super::text("wifi", &saved), PROFILES[0]).unwrap_or_else(|e| panic!("{e}"));
        assert!(again == saved);
    }

    #[test]
    fn a_text_that_was_cut_off_anywhere_is_refused() {
        let whole = text("wifi", &full());
        let end = whole.trim_end().len();
        for cut in (0..end).filter(|&cut| whole.is_char_boundary(cut)) {
            let refused = parse("wifi.toml", &whole[..cut], PROFILES[0]);
            let Err(error) = refused else { panic!("accepted:\n{}", &whole[..cut]) };
            assert!(error.message.contains("cut off"), "{}\n{}", error.message, &whole[..cut]);
        }
        assert!(parse("wifi.toml", &whole[..end], PROFILES[0]).is_ok(), "only the last line feed is missing");
    }

    #[test]
    fn a_damaged_text_is_refused_with_its_place() {
        let good = text("wifi", &full());
        for (damaged, place, expected) in [
            (good.replace("version = 2", "version = 3"), "2:11", "expected version 2, found 3"),
            (good.replace("version = 2", "versio = 2"), "1:1", "expected the key `version`"),
            (good.replace("messages = 5", "messages = 9"), "5:1", "expected 0 to 7 in nvs.basic.messages"),
            (
                good.replace("messages = 5", "messages = 500"),
                "5:12",
                "expected a number from 0 to 255, found `500`",
            ),
            (good.replace("messages = 5", "mesages = 5"), "5:1", "found the key `mesages`"),
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
            (good.replace("[nvs.wifi]", "[nvs.wifi"), ":", "this is not TOML"),
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
