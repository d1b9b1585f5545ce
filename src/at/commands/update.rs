//! Firmware updates: AT+CIUPDATE.

use super::super::clients::update::{Request, State};
use super::super::error::ErrorCode;
use super::super::job::{Job, Look, Work};
use super::super::schema::Args;
use super::super::versions::Versions;
use super::{Context, Outcome, Result, power};
use crate::at::OnceDrained;
use crate::net::firmware::OTA;
use crate::time::Instant;

/// The reply has the command's own name, other than in the specification.
pub fn state(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIUPDATE:{}\r\n", c.core.update.state() as i8);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// AT+CIUPDATE: the recommended version of the firmware.
pub fn begin_recommended(c: &mut Context<'_, '_>, _: &Args) -> Result {
    start(c, false, Request { version: None, name: OTA.to_owned(), nonblocking: false })
}

/// The versions that the server has, one a line.
pub fn versions(c: &mut Context<'_, '_>, _: &Args) -> Result {
    Ok(Outcome::Run(Job::work(Versions::begin(c.now, c.env))))
}

/// A version that is given as nothing counts as none only when the update does not block.
pub fn begin(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let text = |name| args.text(name).map(|text| String::from_utf8_lossy(text).into_owned());
    let nonblocking = args.is_on("nonblocking");
    let version = text("version").filter(|version| !(nonblocking && version.is_empty()));
    let name = text("firmware name").filter(|name| !name.is_empty()).unwrap_or_else(|| OTA.to_owned());
    start(c, args.is_on("ota mode"), Request { version, name, nonblocking })
}

/// One at a time.
fn start(c: &mut Context<'_, '_>, https: bool, request: Request) -> Result {
    if c.core.update.is_running() {
        c.core.out.log("ALREADY IN OTA");
        return Err(ErrorCode::FAILED);
    }
    let (firmware, nonblocking) = (request.name.starts_with(OTA), request.nonblocking);
    c.core.update.begin(c.now, https, request, &mut c.core.out, c.env);
    Ok(if nonblocking { Outcome::Ok } else { Outcome::Run(Job::work(Updating { restart: firmware })) })
}

/// An update that the command waits for.
#[derive(Debug)]
struct Updating {
    /// The module restarts when it is done.
    restart: bool,
}

impl Work for Updating {
    fn timer(&self) -> Option<Instant> {
        None
    }

    fn look(&mut self, c: &mut Context<'_, '_>) -> Look {
        if c.core.update.is_running() {
            return Look::Waiting;
        }
        Look::Over(match c.core.update.state() {
            State::Done if self.restart => {
                power::reset(c);
                Ok(Outcome::Run(Job::drained(OnceDrained::Restart)))
            }
            State::Done => Ok(Outcome::Ok),
            _ => Err(ErrorCode::FAILED),
        })
    }
}
