//! Basic commands: AT, ATE, AT+GMR, AT+SYSLOG, AT+SYSSTORE, AT+SYSMSG.

use super::super::schema::Args;
use super::{Context, Outcome, Result};

pub fn nothing(_: &mut Context<'_, '_>, _: &Args) -> Result {
    Ok(Outcome::Ok)
}

pub fn echo_off(c: &mut Context<'_, '_>, _: &Args) -> Result {
    c.core.system.echo = false;
    Ok(Outcome::Ok)
}

pub fn echo_on(c: &mut Context<'_, '_>, _: &Args) -> Result {
    c.core.system.echo = true;
    Ok(Outcome::Ok)
}

pub fn version(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let updated = c.env.flash.firmware.version(c.core.system.running, "");
    for line in c.env.profile.version.split_inclusive('\n') {
        match updated {
            Some(version) => c.core.out.text(&with_version(line, version)),
            None => c.core.out.text(line),
        }
    }
    Ok(Outcome::Ok)
}

/// A line of AT+GMR after an update. What is known of the new firmware is its version: the rest stays.
fn with_version(line: &str, version: &str) -> String {
    let number = version.trim_start_matches(['v', 'V']);
    let renamed = line.split_once(':').and_then(|(what, rest)| {
        let (old, build) = rest.split_once('(')?;
        match what {
            "AT version" => Some(format!("{what}:{number}({build}")),
            // Up to v2.4 it has three numbers and no `v`.
            "Bin version" if old.starts_with('v') => Some(format!("{what}:v{number}({build}")),
            "Bin version" => {
                let three: Vec<&str> = number.splitn(4, '.').take(3).collect();
                Some(format!("{what}:{}({build}", three.join(".")))
            }
            _ => None,
        }
    });
    renamed.unwrap_or_else(|| line.to_owned())
}

pub fn syslog_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+SYSLOG:{}\r\n", u8::from(c.core.out.syslog));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn syslog_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.out.syslog = args.is_on("status");
    Ok(Outcome::Ok)
}

pub fn store_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+SYSSTORE:{}\r\n", u8::from(c.core.system.store));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn store_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.system.store = args.is_on("store_mode");
    Ok(Outcome::Ok)
}

/// No blank line before OK here.
pub fn messages_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+SYSMSG:{}", c.core.settings.basic.messages);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn messages_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let messages = args.number("state");
    c.core.out.messages = messages;
    Ok(c.keep(|nvs| nvs.basic.messages = messages))
}
