//! What is on the air: AT+CWLAP and AT+CWLAPOPT.

use std::ops::RangeInclusive;

use super::super::address::mac_text;
use super::super::job::Job;
use super::super::radio::ScanOptions;
use super::super::schema::Args;
use super::super::{Core, Env};
use super::{Context, Outcome, Result};
use crate::time::Duration;
use crate::wifi::config::ApConfig;

/// How long a scan listens on each channel when nobody has said otherwise, ms.
const ACTIVE: u64 = 120;
const PASSIVE: u64 = 360;

/// A scan under way.
#[derive(Clone, Debug)]
struct Scan {
    channels: RangeInclusive<u8>,
    ssid: Option<Vec<u8>>,
    bssid: Option<[u8; 6]>,
}

pub fn options_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.radio.scan_options = ScanOptions {
        sort: args.is_on("sort_enable"),
        mask: args.number("print mask"),
        rssi: args.number("rssi filter"),
        authmode: args.number("authmode mask"),
    };
    Ok(Outcome::Ok)
}

/// Everything on the channels that the country allows.
pub fn scan_all(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let channels = c.env.station.channels().clone();
    Ok(start(c, channels, None, None, ACTIVE))
}

pub fn scan(c: &mut Context<'_, '_>, args: &Args) -> Result {
    // An empty string is no filter (a guess).
    let ssid = args.text("ssid").filter(|s| !s.is_empty()).map(<[u8]>::to_vec);
    let bssid = args.mac("mac")?;
    // 0 is every channel, as in the IDF.
    let channels = match args.given("channel") {
        Some(channel) if channel > 0 => channel..=channel,
        _ => c.env.station.channels().clone(),
    };
    let [least, most] = ["scan_time_min", "scan_time_max"].map(|name| args.given(name).unwrap_or(0));
    let dwell = match (args.is_on("scan_type"), least, most) {
        (true, _, 0) => PASSIVE,
        (true, _, most) => most,
        (false, 0, 0) => ACTIVE,
        (false, least, most) if most > 0 && least > most => return Err(args.invalid("scan_time_max")),
        // It stays longer where somebody answers; with somebody on nearly every channel that is the maximum.
        (false, least, most) => most.max(least),
    };
    Ok(start(c, channels, ssid, bssid, dwell))
}

fn start(
    c: &mut Context<'_, '_>,
    channels: RangeInclusive<u8>,
    ssid: Option<Vec<u8>>,
    bssid: Option<[u8; 6]>,
    dwell: u64,
) -> Outcome {
    let allowed = c.env.station.channels();
    let visited = channels.clone().filter(|channel| allowed.contains(channel));
    let until = visited.fold(c.now, |until, _| until + Duration::from_millis(dwell));
    let channels = *channels.start().max(allowed.start())..=*channels.end().min(allowed.end());
    let scan = Scan { channels, ssid, bssid };
    Outcome::Run(Job::until(until, move |c| {
        print(c.core, c.env, &scan);
        Ok(Outcome::Ok)
    }))
}

/// Prints what a scan that is over has found.
fn print(core: &mut Core, env: &Env<'_>, scan: &Scan) {
    let options = core.radio.scan_options;
    let shown = |ap: &&ApConfig| {
        scan.ssid.as_ref().is_none_or(|ssid| *ssid == ap.ssid)
            && scan.bssid.is_none_or(|bssid| bssid == ap.bssid)
            && i16::from(ap.rssi) >= options.rssi
            && options.authmode & (1 << ap.security.ecn()) != 0
    };
    let found = env.air.on_air(&scan.channels);
    let mut aps: Vec<&ApConfig> = found.into_iter().map(|ap| &*ap.config).filter(shown).collect();
    if options.sort {
        aps.sort_by_key(|ap| std::cmp::Reverse(ap.rssi));
    }
    for ap in aps {
        // A hidden network answers who asks for it by name.
        let ssid: &[u8] = if ap.hidden && scan.ssid.is_none() { b"" } else { &ap.ssid };
        core.out.text_bytes(&line(ap, ssid, options.mask));
    }
}

fn line(ap: &ApConfig, ssid: &[u8], mask: u16) -> Vec<u8> {
    let number = |n: i32| n.to_string().into_bytes();
    let (pairwise, group) = ap.security.ciphers();
    let fields = [
        number(ap.security.ecn().into()),
        [b"\"", ssid, b"\""].concat(),
        number(ap.rssi.into()),
        format!("\"{}\"", mac_text(ap.bssid)).into_bytes(),
        number(ap.channel.into()),
        // Frequency offset and its calibration: modules print -1.
        number(-1),
        number(-1),
        number(pairwise.into()),
        number(group.into()),
        number(ap.modes.into()),
        number(ap.wps.into()),
    ];
    let shown = fields.into_iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0).map(|(_, f)| f);
    let shown: Vec<Vec<u8>> = shown.collect();
    [b"+CWLAP:(", &shown.join(&b","[..])[..], b")\r\n"].concat()
}
