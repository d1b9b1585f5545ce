//! The station and the softAP as such: AT+CWINIT, AT+CWMODE, AT+CWSTATE, AT+CWQAP.

use super::super::job::Job;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::wifi::Status;

pub fn init_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CWINIT:{}\r\n", u8::from(!c.core.radio.off));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// Not saved. Switched on again, Wi-Fi has the mode that it had, and the station waits for AT+CWJAP (a guess).
pub fn init_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let off = args.int("init") == Some(0);
    if off == c.core.radio.off {
        return Ok(Outcome::Ok);
    }
    c.core.radio.off = off;
    let on = c.core.station_on();
    c.env.station.enable(c.now, on, c.env.stack);
    c.core.restart_softap(c.env);
    Ok(left(c))
}

pub fn mode_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CWMODE:{}\r\n", c.core.settings.wifi.mode);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// A station that is switched off leaves first: its links close, and `WIFI DISCONNECT` comes before OK.
pub fn mode_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let mode = args.number("mode");
    let (was_on, was_joined) = (c.env.station.is_enabled(), c.env.station.ap().is_some());
    let stored = c.store(|nvs| nvs.wifi.mode = mode);
    let on = c.core.station_on();
    if c.env.softap.is_on() != c.core.softap_on() {
        c.core.restart_softap(c.env);
    }
    c.env.station.enable(c.now, on, c.env.stack);
    if on && !was_on && args.is_on("auto_connect") {
        c.core.join_saved(c.now, c.env);
    }
    if was_joined && !on {
        return Ok(left(c));
    }
    Ok(c.written(stored))
}

pub fn state_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let status = c.env.station.status();
    let mut line = format!("+CWSTATE:{},\"", status as u8).into_bytes();
    if status != Status::NotStarted
        && let Some(saved) = &c.core.settings.wifi.join
    {
        line.extend_from_slice(&saved.ssid);
    }
    line.extend_from_slice(b"\"\r\n");
    c.core.out.text_bytes(&line);
    Ok(Outcome::Ok)
}

/// OK also when it is not joined.
pub fn leave(c: &mut Context<'_, '_>, _: &Args) -> Result {
    c.env.station.leave(c.now, c.env.stack);
    Ok(left(c))
}

/// OK when leaving is over.
pub(super) fn left(c: &mut Context<'_, '_>) -> Outcome {
    let until = c.now + c.env.draw(|p| &p.times.leave);
    Outcome::Run(Job::ok_at(until))
}
