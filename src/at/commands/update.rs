//! Firmware updates: AT+CIUPDATE.
//!
//! The module looks for the vendor's server. No simulated network has one that hands out firmware, so that an
//! update fails as on a bench without a way to the internet.

use super::super::error::ErrorCode;
use super::super::job::Job;
use super::super::schema::Args;
use super::super::{Core, Env};
use super::{Context, Outcome};
use crate::net::stack::{DnsFamily, DnsState, Socket};

type Result = std::result::Result<Outcome, ErrorCode>;

/// Where the release asks for firmware.
const SERVER: &str = "iot.espressif.cn";

/// An update, if there is one, and how the last one stands.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// The `<state>` of AT+CIUPDATE?: 0 idle, -1 failed.
    state: i8,
    lookup: Option<Socket>,
    nonblocking: bool,
}

impl Update {
    /// True while one is under way.
    pub fn is_running(&self) -> bool {
        self.lookup.is_some()
    }
}

/// Carries an update on. True when it went further.
pub fn poll(core: &mut Core, env: &mut Env<'_>) -> bool {
    let Some(lookup) = core.update.lookup else { return false };
    if env.stack.dns_state(lookup) == DnsState::Pending {
        return false;
    }
    env.stack.release(lookup);
    core.update.lookup = None;
    core.update.state = -1;
    if core.update.nonblocking {
        core.out.text("+CIPUPDATE:-1\r\n");
    }
    true
}

/// The reply has the command's own name, other than in the specification.
pub fn state(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIUPDATE:{}\r\n", c.core.update.state);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// HTTPS needs a build with it, which releases are not.
pub fn begin(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if c.core.update.is_running() {
        c.core.log("ALREADY IN OTA");
        return Err(ErrorCode::FAILED);
    }
    if args.int("ota mode") == Some(1) || c.env.address().is_none() {
        return Err(ErrorCode::FAILED);
    }
    let nonblocking = args.int("nonblocking") == Some(1);
    let lookup = Some(c.env.stack.dns_start(c.now, SERVER, DnsFamily::Ipv4));
    c.core.update = Update { state: 0, lookup, nonblocking };
    Ok(if nonblocking { Outcome::Ok } else { Outcome::Run(Job::Update) })
}
