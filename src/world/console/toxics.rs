//! What can be done to the connections of a host's services: `host NAME toxics [PORT] SETTING...`.

use std::fmt;

use super::setting::{self, Setting, store};
use super::words::Words;
use crate::net::network::HostAction;
use crate::net::toxics::{Dialled, ToxicsChange};
use crate::time::Duration;
use crate::world::quantity::{self, chance_text, duration_text, rate_text};
use crate::world::spelling::shown;

/// Every setting, in the order in which a change is written.
pub(super) const SETTINGS: [Setting<ToxicsChange>; 12] = [
    Setting {
        word: "none",
        argument: "",
        help: "Takes all of them away; before others.",
        set: |c, _| store(&mut c.none, Ok(())),
    },
    Setting {
        word: "accept",
        argument: "",
        help: "Who dials is accepted.",
        set: |c, _| store(&mut c.dialled, Ok(Dialled::Accepted)),
    },
    Setting {
        word: "refuse",
        argument: "",
        help: "Who dials gets a RST, as where nothing listens.",
        set: |c, _| store(&mut c.dialled, Ok(Dialled::Refused)),
    },
    Setting {
        word: "ignore",
        argument: "",
        help: "Who dials gets no answer, as behind a firewall.",
        set: |c, _| store(&mut c.dialled, Ok(Dialled::Ignored)),
    },
    Setting {
        word: "stall",
        argument: "",
        help: "Nothing passes in either direction, not even an end; who dials is accepted.",
        set: |c, _| store(&mut c.stall, Ok(true)),
    },
    Setting { word: "flow", argument: "", help: "Goes on.", set: |c, _| store(&mut c.stall, Ok(false)) },
    Setting {
        word: "slicer",
        argument: "BYTES TIME",
        help: "Sends pieces of so many bytes, a segment each, with pauses of so long; or none.",
        set: |c, v| store(&mut c.slice, slicer(v)),
    },
    Setting {
        word: "bandwidth",
        argument: "RATE",
        help: "Bits per second in each direction, such as 8kbit/s, or unlimited.",
        set: |c, v| store(&mut c.bandwidth_bps, quantity::rate(v)),
    },
    Setting {
        word: "reset-after",
        argument: "BYTES",
        help: "Resets (RST) after so many bytes in one direction, counted from now on.",
        set: |c, v| store(&mut c.reset_after, bytes(v)),
    },
    Setting {
        word: "close-after",
        argument: "BYTES",
        help: "Closes (FIN) after so many bytes in one direction, counted from now on.",
        set: |c, v| store(&mut c.close_after, bytes(v)),
    },
    Setting {
        word: "slow-close",
        argument: "TIME",
        help: "So long passes before its FIN, up to 1 h.",
        set: |c, v| store(&mut c.slow_close, quantity::delay(v)),
    },
    Setting {
        word: "garble",
        argument: "CHANCE",
        help: "How often a byte that it sends is wrong.",
        set: |c, v| store(&mut c.garble_ppm, quantity::chance(v)),
    },
];

/// Reads what follows `toxics`.
pub(super) fn read(so_far: &str, words: &mut Words) -> Result<HostAction, String> {
    let port = words.number();
    let port = match port {
        None => None,
        Some(text) => match text.parse().ok().filter(|&port: &u16| port > 0) {
            Some(port) => Some(port),
            None => {
                let found = shown(&text);
                return Err(format!("expected a port from 1 to 65535 after `{so_far}`, found {found}"));
            }
        },
    };
    settings(words).map(|change| HostAction::Toxics { port, change })
}

/// The settings alone, as a scenario has them.
pub(in crate::world) fn parse(text: &str) -> Result<ToxicsChange, String> {
    settings(&mut Words::split(text)?)
}

fn settings(words: &mut Words) -> Result<ToxicsChange, String> {
    let mut change = ToxicsChange::default();
    while let Some(word) = words.next() {
        setting::find(&SETTINGS, &word, "the toxics", [])?.read(&mut change, words)?;
    }
    if change == ToxicsChange::default() {
        return Err(format!("{}, found nothing", setting::expected(&SETTINGS, "the toxics")));
    }
    Ok(change)
}

fn slicer(text: &str) -> Result<Option<(u32, Duration)>, String> {
    if text == "none" {
        return Ok(None);
    }
    let (size, pause) = text.split_once(' ').unwrap_or((text, "0"));
    let size = size.parse().ok().filter(|size| (1..=65_535).contains(size));
    let size = size.ok_or_else(|| format!("expected 1 to 65535 (bytes), found {}", shown(text)))?;
    Ok(Some((size, quantity::delay(pause)?)))
}

fn bytes(text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|&n: &u64| digits && n > 0);
    number.ok_or_else(|| format!("expected a number of bytes from 1 on, found {}", shown(text)))
}

/// The settings as the language writes them.
pub(super) fn show(f: &mut fmt::Formatter<'_>, port: Option<u16>, change: &ToxicsChange) -> fmt::Result {
    f.write_str("toxics")?;
    if let Some(port) = port {
        write!(f, " {port}")?;
    }
    let slice = |slice: Option<(u32, Duration)>| match slice {
        None => "slicer none".to_owned(),
        Some((size, Duration::ZERO)) => format!("slicer {size}"),
        Some((size, pause)) => format!("slicer {size} {}", duration_text(pause)),
    };
    let settings = [
        change.none.map(|()| "none".to_owned()),
        change.dialled.map(|dialled| dialled.word().to_owned()),
        change.stall.map(|stall| if stall { "stall" } else { "flow" }.to_owned()),
        change.slice.map(slice),
        change.bandwidth_bps.map(|bps| format!("bandwidth {}", rate_text(bps))),
        change.reset_after.map(|n| format!("reset-after {n}")),
        change.close_after.map(|n| format!("close-after {n}")),
        change.slow_close.map(|time| format!("slow-close {}", duration_text(time))),
        change.garble_ppm.map(|ppm| format!("garble {}", chance_text(ppm))),
    ];
    settings.into_iter().flatten().try_for_each(|setting| write!(f, " {setting}"))
}
