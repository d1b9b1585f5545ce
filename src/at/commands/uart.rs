//! The UART: AT+UART, AT+UART_CUR, AT+UART_DEF, and AT+TRANSINTVL.
//!
//! OK leaves with the old settings; the new ones hold from the end of its last stop bit.

use super::super::job::Job;
use super::super::nvs::UartSettings;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::at::OnceDrained;
use crate::time::{Duration, Instant};

/// What AT+UART answers: the settings in force.
pub fn plain_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    print(c, "+UART", c.core.system.uart)
}

/// The same under its own name.
pub fn current_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    print(c, "+UART_CUR", c.core.system.uart)
}

/// The saved settings.
pub fn default_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let saved = c.env.nvs.uart(c.env.profile);
    let line = format!("+UART_DEF:{},{}\r\n", saved.baud, format_of(saved));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// What the hardware says: its divider rounds the rate.
fn print(c: &mut Context<'_, '_>, name: &str, settings: UartSettings) -> Result {
    let baud = c.env.profile.uart_divider.rate(settings.baud);
    let line = format!("{name}:{baud},{}\r\n", format_of(settings));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

fn format_of(settings: UartSettings) -> String {
    let UartSettings { data_bits, stop_bits, parity, flow, .. } = settings;
    format!("{data_bits},{stop_bits},{parity},{flow}")
}

/// For now.
pub fn current_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    Ok(ok_then_line(c.now, settings(args)))
}

/// For now and ever, whatever AT+SYSSTORE says. OK comes behind the write to flash.
pub fn default_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let settings = settings(args);
    c.store_always(|nvs| nvs.basic.uart = Some(settings));
    let written = c.now + c.env.draw(|p| &p.times.flash);
    // The UART stays as it is when NVS says no, as the release's source has it.
    if c.core.system.unwritten {
        return Ok(Outcome::Run(Job::ok_at(written)));
    }
    Ok(ok_then_line(written, settings))
}

/// OK at its time, still with the old settings. The UART is set as soon as the wire is idle.
fn ok_then_line(at: Instant, settings: UartSettings) -> Outcome {
    Outcome::Run(Job::until(at, move |c| {
        c.core.out.ok();
        Ok(Outcome::Run(Job::drained(OnceDrained::Line(settings))))
    }))
}

fn settings(args: &Args) -> UartSettings {
    UartSettings {
        baud: args.number("baudrate"),
        data_bits: args.number("databits"),
        stop_bits: args.number("stopbits"),
        parity: args.number("parity"),
        flow: args.number("flow control"),
    }
}

pub fn interval_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+TRANSINTVL:{}\r\n", c.core.system.transmit_interval.as_millis());
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn interval_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.system.transmit_interval = Duration::from_millis(args.number("interval"));
    Ok(Outcome::Ok)
}
