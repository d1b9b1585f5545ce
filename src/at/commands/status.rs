//! Names and states: AT+CIPDOMAIN, AT+CIPSTATUS, AT+CIPSTATE, AT+PING.

use super::super::address::Shown;
use super::super::error::ErrorCode;
use super::super::job::Job;
use super::super::links::{Kind, Link};
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::net::stack::{DnsFamily, PingState};
use crate::time::Duration;
use crate::wifi::Status;

/// Data of an echo request, bytes.
const PING_DATA: usize = 32;

pub fn resolve(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let family = match args.int("ip network") {
        // There is no IPv6 address to be had without AT+CIPV6=1.
        Some(3) if !c.core.settings.tcpip.ipv6 => return Err(ErrorCode::FAILED),
        Some(3) => DnsFamily::Ipv6,
        Some(2) => DnsFamily::Ipv4,
        _ => either(c),
    };
    let name = args.text("domain name").unwrap_or_default();
    // 0 leaves it to the stack.
    let timeout = args.given("timeout").filter(|ms| *ms > 0).map(|ms| c.now + Duration::from_millis(ms));
    let job = Job::name(c, name, family, timeout, |ip, c| {
        let ip = ip.ok_or(ErrorCode::FAILED)?;
        c.core.out.text(&format!("+CIPDOMAIN:\"{}\"\r\n", Shown(ip)));
        Ok(Outcome::Ok)
    });
    Ok(Outcome::Run(job?))
}

/// `STATUS:` and a line for each link.
pub fn status(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let is_stream = |link: &Link| matches!(link.kind, Kind::Stream(_));
    let tcp = c.core.links.open_ids().any(|id| c.core.links.get(id).is_some_and(is_stream));
    let number = match c.env.station.status() {
        _ if !c.core.station_on() => 0,
        Status::GotIp if tcp => 3,
        Status::GotIp if c.core.links.had_link => 4,
        Status::GotIp => 2,
        Status::NotStarted => 1,
        Status::NoIp => 1,
        Status::Connecting if !c.env.station.in_trouble() => 1,
        Status::Connecting | Status::Disconnected => 5,
    };
    c.core.out.text(&format!("STATUS:{number}\r\n"));
    link_lines(c, "+CIPSTATUS");
    Ok(Outcome::Ok)
}

pub fn links(c: &mut Context<'_, '_>, _: &Args) -> Result {
    link_lines(c, "+CIPSTATE");
    Ok(Outcome::Ok)
}

fn link_lines(c: &mut Context<'_, '_>, name: &str) {
    for id in 0..c.core.links.count() {
        if let Some(link) = c.core.links.get(id) {
            c.core.out.text(&format!(
                "{name}:{id},\"{}\",\"{}\",{},{},{}\r\n",
                link.type_name(),
                Shown(link.shown.ip()),
                link.shown.port(),
                link.local_port,
                u8::from(link.accepted)
            ));
        }
    }
}

/// A name that can't be resolved and an answer that does not come both are TIMEOUT; so is a missing address,
/// because the specification knows no other failure.
pub fn ping(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let name = args.text("host").unwrap_or_default();
    let family = either(c);
    let job = Job::name(c, name, family, None, |ip, c| {
        let Some(ip) = ip else { return ping_timeout(c) };
        let echo = c.env.stack.ping_start(c.now, ip, PING_DATA, c.env.profile.ping_timeout);
        Ok(Outcome::Run(Job::echo(echo, |state, c| match state {
            PingState::Reply { after } => {
                c.core.out.text(&format!("+PING:{}\r\n", after.as_millis()));
                Ok(Outcome::Ok)
            }
            PingState::Pending | PingState::TimedOut | PingState::Unreachable => ping_timeout(c),
        })))
    });
    Ok(Outcome::Run(job?))
}

fn ping_timeout(c: &mut Context<'_, '_>) -> Result {
    c.core.out.text("+PING:TIMEOUT\r\n");
    Err(ErrorCode::FAILED)
}

/// IPv4 before IPv6, which AT+CIPV6 must have switched on (a guess for names).
fn either(c: &Context<'_, '_>) -> DnsFamily {
    if c.core.settings.tcpip.ipv6 { DnsFamily::PreferIpv4 } else { DnsFamily::Ipv4 }
}
