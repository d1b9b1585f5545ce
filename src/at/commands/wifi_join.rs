//! Joining an access point, and coming back to it: AT+CWJAP, AT+CWRECONNCFG, AT+CWAUTOCONN.

use super::super::address::mac_text;
use super::super::error::ErrorCode;
use super::super::job::Job;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::at::nvs::{Inactive, SavedJoin};
use crate::time::Duration;
use crate::wifi::StationEvent;

/// Nothing but OK when it is not joined.
pub fn join_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let wifi = &c.core.settings.wifi;
    let (Some(ap), Some(saved)) = (c.env.station.ap(), &wifi.join) else {
        c.core.out.log("No AP");
        return Ok(Outcome::Ok);
    };
    let mut line = b"+CWJAP:\"".to_vec();
    line.extend_from_slice(&ap.ssid);
    let rest = format!(
        "\",\"{}\",{},{},{},{},{},{},{}\r\n",
        mac_text(ap.bssid),
        ap.channel,
        c.env.air.get(&ap.name).map_or(ap.rssi, |seen| seen.config.rssi),
        u8::from(saved.pci_en),
        wifi.reconnect_interval,
        saved.listen_interval,
        saved.scan_mode,
        saved.pmf
    );
    line.extend_from_slice(rest.as_bytes());
    c.core.out.text_bytes(&line);
    Ok(Outcome::Ok)
}

pub fn join_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let last = c.core.settings.wifi.join.clone();
    // An omitted SSID or password is the one that was used last.
    let ssid = match (args.text("ssid"), &last) {
        (Some(ssid), _) => ssid.to_vec(),
        (None, Some(last)) => last.ssid.clone(),
        (None, None) => return Err(args.invalid("ssid")),
    };
    let password = match (args.text("pwd"), args.text("ssid"), last) {
        (Some(password), ..) => password.to_vec(),
        (None, None, Some(last)) => last.password,
        _ => Vec::new(),
    };
    let bssid = args.mac("bssid")?;
    let saved = SavedJoin {
        ssid,
        password,
        bssid,
        pci_en: args.is_on("pci_en"),
        listen_interval: args.number("listen_interval"),
        scan_mode: args.number("scan_mode"),
        pmf: args.number("pmf"),
    };
    // Left out, the interval is 1 s again, whatever AT+CWRECONNCFG has said.
    let interval = args.number("reconn_interval");
    c.store(|nvs| {
        nvs.wifi.join = Some(saved.clone());
        nvs.wifi.reconnect_interval = interval;
    });
    // ESP-IDF refuses a configuration that it can't save (a guess for how AT takes that).
    if c.core.system.unwritten {
        return Ok(c.written(true));
    }
    let timeout = Duration::from_secs(args.number("jap_timeout"));
    Ok(join(c, &saved, timeout))
}

/// The last configuration once more.
pub fn join_again(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let saved = c.core.settings.wifi.join.clone().ok_or(ErrorCode::FAILED)?;
    let timeout = saved.request().timeout;
    Ok(join(c, &saved, timeout))
}

fn join(c: &mut Context<'_, '_>, saved: &SavedJoin, timeout: Duration) -> Outcome {
    let mut request = saved.request();
    request.timeout = timeout;
    c.env.station.set_reconnect(c.core.settings.wifi.reconnect());
    c.env.start_join(c.now, request, true);
    // Until the station has an address, or has failed.
    Outcome::Run(Job::station(|event, c| match event {
        StationEvent::JoinFailed(why) => {
            c.core.out.text(&format!("+CWJAP:{}\r\n", why as u8));
            Some(Err(ErrorCode::FAILED))
        }
        StationEvent::GotIp => Some(Ok(Outcome::Ok)),
        StationEvent::Connected | StationEvent::Disconnected => None,
    }))
}

pub fn reconnect_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let wifi = &c.core.settings.wifi;
    let line = format!("+CWRECONNCFG:{},{}\r\n", wifi.reconnect_interval, wifi.reconnect_count);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// In force from the next loss or failure on.
pub fn reconnect_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let (interval, count) = (args.number("interval_second"), args.number("repeat_count"));
    let outcome = c.keep(|nvs| {
        nvs.wifi.reconnect_interval = interval;
        nvs.wifi.reconnect_count = count;
    });
    c.env.station.set_reconnect(c.core.settings.wifi.reconnect());
    Ok(outcome)
}

pub fn config_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let Inactive { softap, station, listen_interval } = c.core.settings.wifi.inactive;
    c.core.out.text(&format!("+CWCONFIG:{softap},{station},{listen_interval}\r\n"));
    Ok(Outcome::Ok)
}

/// What is left out stays. Both times are in force at once, for the silence that begins next.
pub fn config_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let (softap, station) = (args.given("ap_inactive_time"), args.given("sta_inactive_time"));
    let listen_interval = args.given("listen_interval");
    let outcome = c.keep(|nvs| {
        let kept = nvs.wifi.inactive;
        nvs.wifi.inactive = Inactive {
            softap: softap.unwrap_or(kept.softap),
            station: station.unwrap_or(kept.station),
            listen_interval: listen_interval.unwrap_or(kept.listen_interval),
        };
    });
    c.env.station.set_inactive(c.core.settings.wifi.inactive.station_time());
    c.env.softap.set_inactive(c.core.settings.wifi.inactive.softap_time());
    Ok(outcome)
}

/// No blank line before OK here.
pub fn auto_connect_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CWAUTOCONN:{}", u8::from(c.core.settings.wifi.auto_connect));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// Saved whatever AT+SYSSTORE says.
pub fn auto_connect_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let enable = args.is_on("enable");
    c.store_always(|nvs| nvs.wifi.auto_connect = enable);
    Ok(c.written(true))
}
