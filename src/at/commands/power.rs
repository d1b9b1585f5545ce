//! Restart, factory settings and sleep: AT+RST, AT+RESTORE, AT+SYSROLLBACK, AT+GSLP, AT+SLEEP, AT+SLEEPWKCFG.

use super::super::error::ErrorCode;
use super::super::job::Job;
use super::super::nvs::Nvs;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::at::OnceDrained;
use crate::at::system::WakePin;
use crate::profile::Chip;
use crate::time::Duration;

pub fn restart(c: &mut Context<'_, '_>, _: &Args) -> Result {
    reset(c);
    Ok(Outcome::Run(Job::drained(OnceDrained::Restart)))
}

/// The firmware in the other slot is to start. When there is none, the bootloader starts the one that there is.
pub fn roll_back(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if !c.core.can_write("which firmware is to start", c.env) {
        return Ok(c.written(true));
    }
    c.env.flash.firmware.roll_back(c.core.system.running);
    restart(c, args)
}

/// OK first, then the station leaves (a joined one says so); the reset is up to a job.
pub fn reset(c: &mut Context<'_, '_>) {
    c.core.out.ok();
    // The sockets die with the chip: no CLOSED (a guess; the capture of a C3 shows none).
    c.core.links.forget();
    leave(c);
}

/// The saved settings are erased, the partitions of AT+SYSFLASH are not. Open links are closed before OK, as a
/// capture of v1.2 shows.
pub fn restore(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for id in 0..c.core.links.count() {
        c.core.close_link(id, c.env.stack);
    }
    c.core.out.ok();
    leave(c);
    *c.env.nvs = Nvs::default();
    Ok(Outcome::Run(Job::drained(OnceDrained::Restore)))
}

/// The station leaves; one that was joined says so.
fn leave(c: &mut Context<'_, '_>) {
    if c.env.station.leave(c.now, c.env.stack) {
        c.core.out.announce("WIFI DISCONNECT\r\n");
        while c.env.station.take_event().is_some() {}
    }
}

/// Deep sleep: OK, and nothing more until the chip starts again. The station goes without a word (a guess). The
/// documentation shows the time before OK; the library of the release prints OK alone.
pub fn deep_sleep(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let time = Duration::from_millis(args.number("time"));
    c.core.out.ok();
    c.core.links.forget();
    Ok(Outcome::Run(Job::drained(OnceDrained::Sleep(time))))
}

pub fn sleep_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+SLEEP:{}\r\n", c.core.system.sleep);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// Only the station can sleep: refused while the softAP is on (a guess for how). What the module saves in current is
/// not simulated, nor are later answers; but in light sleep the UART is deaf ([`crate::module`]).
pub fn sleep_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let mode = args.number("sleep mode");
    if mode != 0 && c.core.softap_on() {
        return Err(ErrorCode::FAILED);
    }
    c.core.system.sleep = mode;
    Ok(Outcome::Ok)
}

/// What wakes the module from light sleep: a pin and its level, and before v3.1 a timer. One takes the other's place (a
/// guess).
pub fn wake_up_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let (first, second): (u64, _) = (args.number("param1"), args.int("param2"));
    let system = &mut c.core.system;
    match (args.int("wakeup source"), second) {
        (Some(0), None) => {
            system.wake_after = Some(Duration::from_millis(first));
            system.wake_pin = None;
            Ok(Outcome::Ok)
        }
        (Some(2), Some(level)) => {
            // There is no module with more pins (a guess for the ERROR); GPIO16 of the ESP8266 belongs to its clock.
            let usable = first <= 48 && !(c.env.profile.chip == Chip::Esp8266 && first == 16);
            let gpio = u8::try_from(first).ok().filter(|_| usable).ok_or_else(|| args.invalid("param1"))?;
            system.wake_pin = Some(WakePin { gpio, high: level == 1 });
            system.wake_after = None;
            Ok(Outcome::Ok)
        }
        (Some(0), Some(_)) | (Some(2), None) => Err(args.invalid("param2")),
        // 1 is reserved.
        _ => Err(args.invalid("wakeup source")),
    }
}
