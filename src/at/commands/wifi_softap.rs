//! The softAP and its stations: AT+CWSAP, AT+CWLIF, AT+CWQIF.

use super::super::address::mac_text;
use super::super::error::ErrorCode;
use super::super::schema::Args;
use super::wifi::left;
use super::{Context, Outcome, Result};
use crate::at::nvs::SoftAp;

pub fn softap_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let set = c.core.softap(c.env);
    let mut line = b"+CWSAP:\"".to_vec();
    line.extend_from_slice(&set.ssid);
    line.extend_from_slice(b"\",\"");
    line.extend_from_slice(&set.password);
    let rest = format!("\",{},{},{},{}\r\n", set.channel, set.ecn, set.max_stations, u8::from(set.hidden));
    line.extend_from_slice(rest.as_bytes());
    c.core.out.text_bytes(&line);
    Ok(Outcome::Ok)
}

/// The softAP starts anew: its stations must join again.
pub fn softap_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let set = SoftAp {
        ssid: args.text("ssid").unwrap_or_default().to_vec(),
        password: args.text("pwd").unwrap_or_default().to_vec(),
        channel: args.number("chl"),
        ecn: args.number("ecn"),
        max_stations: args.number("max conn"),
        hidden: args.is_on("ssid hidden"),
    };
    if !c.env.station.channels().contains(&set.channel) {
        return Err(args.invalid("chl"));
    }
    if set.ecn == 1 {
        return Err(args.invalid("ecn"));
    }
    if !set.has_usable_password() {
        return Err(ErrorCode::length(1));
    }
    let stored = c.store(|nvs| nvs.wifi.softap = Some(set.clone()));
    c.core.restart_softap(c.env);
    Ok(c.written(stored))
}

/// A line for each station that has an address from the softAP's DHCP server.
pub fn stations(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for guest in c.env.softap.guests() {
        if let Some(address) = guest.address {
            c.core.out.text(&format!("+CWLIF:{address},{}\r\n", mac_text(guest.mac)));
        }
    }
    Ok(Outcome::Ok)
}

/// One station must go. `+STA_DISCONNECTED` comes before OK.
pub fn dismiss(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let mac = args.mac("mac")?.ok_or_else(|| args.invalid("mac"))?;
    if c.env.softap.dismiss(|guest| guest.mac == mac) == 0 {
        return Err(ErrorCode::FAILED);
    }
    Ok(left(c))
}

/// All stations must go. OK also when there is none.
pub fn dismiss_all(c: &mut Context<'_, '_>, _: &Args) -> Result {
    c.env.softap.dismiss(|_| true);
    Ok(left(c))
}
