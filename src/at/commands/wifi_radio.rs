//! What the radio may do, and the station's name: AT+CWSTAPROTO, AT+CWAPPROTO, AT+CWCOUNTRY, AT+CWHOSTNAME.

use super::super::error::ErrorCode;
use super::super::radio::Country;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::at::nvs::are_modes;

/// No blank line before OK here.
pub fn station_modes_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let modes = c.core.settings.wifi.station_modes.unwrap_or(c.env.profile.protocols);
    let line = format!("+CWSTAPROTO:{modes}");
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn station_modes_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let modes = modes(c, args)?;
    Ok(c.keep(|nvs| nvs.wifi.station_modes = Some(modes)))
}

/// No blank line before OK here.
pub fn softap_modes_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let modes = c.core.settings.wifi.softap_modes.unwrap_or(c.env.profile.protocols);
    let line = format!("+CWAPPROTO:{modes}");
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn softap_modes_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let modes = modes(c, args)?;
    Ok(c.keep(|nvs| nvs.wifi.softap_modes = Some(modes)))
}

fn modes(c: &Context<'_, '_>, args: &Args) -> std::result::Result<u8, ErrorCode> {
    let modes: u8 = args.number("protocol");
    if are_modes(modes, c.env.profile.protocols) { Ok(modes) } else { Err(args.invalid("protocol")) }
}

pub fn country_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let Country { policy, code, first, count } = c.core.radio.country.clone();
    let mut line = format!("+CWCOUNTRY:{policy},\"").into_bytes();
    line.extend_from_slice(&code);
    line.extend_from_slice(format!("\",{first},{count}\r\n").as_bytes());
    c.core.out.text_bytes(&line);
    Ok(Outcome::Ok)
}

/// From now on scans keep to these channels. There is no channel behind 14.
pub fn country_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let (first, count): (u8, u8) = (args.number("start_channel"), args.number("total_channel_count"));
    if first + count > 15 {
        return Err(args.invalid("total_channel_count"));
    }
    let code = args.text("country_code").unwrap_or_default().to_vec();
    c.core.radio.country = Country { policy: args.number("country_policy"), code, first, count };
    c.env.station.set_channels(first..=first + count - 1);
    Ok(Outcome::Ok)
}

pub fn hostname_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CWHOSTNAME:{}\r\n", c.env.station.hostname());
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// For the DHCP requests of the next join. Not saved.
pub fn hostname_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.env.station.set_hostname(args.name("hostname")?.unwrap_or_default());
    Ok(Outcome::Ok)
}
