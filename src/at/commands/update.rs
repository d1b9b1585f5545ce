//! Firmware updates: AT+CIUPDATE.

use super::super::error::ErrorCode;
use super::super::job::Job;
use super::super::schema::Args;
use super::super::update::{self, Request};
use super::{Context, Outcome};
use crate::net::firmware::OTA;

type Result = std::result::Result<Outcome, ErrorCode>;

/// The reply has the command's own name, other than in the specification.
pub fn state(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIUPDATE:{}\r\n", c.core.update.state() as i8);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// One at a time. A version that is given as nothing counts as none only when the update does not block.
pub fn begin(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if c.core.update.is_running() {
        c.core.log("ALREADY IN OTA");
        return Err(ErrorCode::FAILED);
    }
    let text = |name| args.text(name).map(|text| String::from_utf8_lossy(text).into_owned());
    let nonblocking = args.int("nonblocking") == Some(1);
    let version = text("version").filter(|version| !(nonblocking && version.is_empty()));
    let name = text("firmware name").filter(|name| !name.is_empty()).unwrap_or_else(|| OTA.to_owned());
    let firmware = name.starts_with(OTA);
    let https = args.int("ota mode") == Some(1);
    update::begin(c.now, c.core, c.env, https, Request { version, name, nonblocking });
    Ok(if nonblocking { Outcome::Ok } else { Outcome::Run(Job::Update { restart: firmware }) })
}
