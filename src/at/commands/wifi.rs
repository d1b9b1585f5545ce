//! Wi-Fi commands: AT+CWMODE, AT+CWSTATE, AT+CWJAP, AT+CWQAP.

use super::super::error::ErrorCode;
use super::super::job::Job;
use super::super::schema::Args;
use super::{Context, Outcome};
use crate::at::nvs::SavedJoin;
use crate::time::Duration;
use crate::wifi::{JoinRequest, Status};

type Result = std::result::Result<Outcome, ErrorCode>;

/// `02:00:00:00:00:01`, lower case.
pub fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|b| format!("{b:02x}")).join(":")
}

fn mac_from_text(text: &[u8]) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = std::str::from_utf8(text).ok()?.split(':');
    for byte in &mut mac {
        let part = parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

pub fn mode_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CWMODE:{}\r\n", c.core.settings.wifi.mode);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn mode_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let mode = args.int("mode").unwrap_or(0) as u8;
    let was_on = c.env.station.is_enabled();
    let stored = c.store(|nvs| nvs.wifi.mode = mode);
    let on = c.core.station_on();
    c.env.station.enable(c.now, on, c.env.stack);
    if on && !was_on && args.int("auto_connect") == Some(1) {
        c.core.join_saved(c.now, c.env);
    }
    Ok(c.written(stored))
}

pub fn state_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let status = c.env.station.status();
    let mut line = format!("+CWSTATE:{},\"", status as u8).into_bytes();
    if status != Status::NotStarted
        && let Some(request) = c.env.station.request().or(c.core.last_join.as_ref())
    {
        line.extend_from_slice(&request.ssid);
    }
    line.extend_from_slice(b"\"\r\n");
    c.core.out.text_bytes(&line);
    Ok(Outcome::Ok)
}

/// Nothing but OK when it is not joined.
pub fn join_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    if let (Some(ap), Some(request)) = (c.env.station.ap(), c.env.station.request()) {
        let saved = c.core.join_options;
        let mut line = b"+CWJAP:\"".to_vec();
        line.extend_from_slice(&ap.ssid);
        line.extend_from_slice(
            format!(
                "\",\"{}\",{},{},{},{},{},{},{}\r\n",
                mac_text(ap.bssid),
                ap.channel,
                ap.rssi,
                saved.pci_en,
                request.reconnect.as_millis() / 1000,
                saved.listen_interval,
                saved.scan_mode,
                saved.pmf
            )
            .as_bytes(),
        );
        c.core.out.text_bytes(&line);
    }
    Ok(Outcome::Ok)
}

pub fn join_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let saved = c.core.settings.wifi.join.clone();
    // An omitted SSID or password is the one that was used last.
    let ssid = match (args.text("ssid"), &saved) {
        (Some(ssid), _) => ssid.to_vec(),
        (None, Some(saved)) => saved.ssid.clone(),
        (None, None) => return Err(args.invalid("ssid")),
    };
    let password = match (args.text("pwd"), args.text("ssid"), saved) {
        (Some(password), ..) => password.to_vec(),
        (None, None, Some(saved)) => saved.password,
        _ => Vec::new(),
    };
    let bssid = match args.text("bssid") {
        Some(text) => Some(mac_from_text(text).ok_or_else(|| args.invalid("bssid"))?),
        None => None,
    };
    let number = |name| args.int(name).unwrap_or(0) as u64;
    c.core.join_options = super::super::JoinOptions {
        pci_en: number("pci_en") as u8,
        listen_interval: number("listen_interval") as u8,
        scan_mode: number("scan_mode") as u8,
        pmf: number("pmf") as u8,
    };
    let request = JoinRequest {
        ssid,
        password,
        bssid,
        timeout: Duration::from_secs(number("jap_timeout")),
        reconnect: Duration::from_secs(number("reconn_interval")),
    };
    join(c, request)
}

pub fn join_again(c: &mut Context<'_, '_>, _: &Args) -> Result {
    match c.core.settings.wifi.join.as_ref().map(SavedJoin::request) {
        Some(request) => join(c, request),
        None => Err(ErrorCode::FAILED),
    }
}

fn join(c: &mut Context<'_, '_>, request: JoinRequest) -> Result {
    c.store(|nvs| {
        nvs.wifi.join = Some(SavedJoin {
            ssid: request.ssid.clone(),
            password: request.password.clone(),
            bssid: request.bssid,
            reconnect: (request.reconnect.as_millis() / 1000) as u32,
        });
    });
    c.core.last_join = Some(request.clone());
    c.env.start_join(c.now, request, true);
    Ok(Outcome::Run(Job::Join))
}

/// OK also when it is not joined.
pub fn leave(c: &mut Context<'_, '_>, _: &Args) -> Result {
    c.env.station.leave(c.now, c.env.stack);
    let until = c.now + c.env.draw(|p| &p.times.leave);
    Ok(Outcome::Run(Job::OkAt(until)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bssid_is_six_pairs_of_hex_digits() {
        assert_eq!(mac_from_text(b"02:00:aB:00:00:01"), Some([2, 0, 0xab, 0, 0, 1]));
        for bad in ["02:00:ab:00:00", "02:00:ab:00:00:01:02", "02-00-ab-00-00-01", "+2:00:ab:00:00:01"] {
            assert_eq!(mac_from_text(bad.as_bytes()), None, "{bad}");
        }
    }
}
