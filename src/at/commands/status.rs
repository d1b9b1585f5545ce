//! Names and states: AT+CIPDOMAIN, AT+CIPSTATUS, AT+CIPSTATE, AT+PING.

use super::super::address::address_text;
use super::super::error::ErrorCode;
use super::super::job::{Job, Named};
use super::super::links::{Kind, Link};
use super::super::schema::Args;
use super::{Context, Outcome};
use crate::net::stack::DnsFamily;
use crate::time::Duration;
use crate::wifi::Status;

type Result = std::result::Result<Outcome, ErrorCode>;

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
    Ok(Outcome::Run(Job::resolve(c.now, c.env, name, family, Named::Print(timeout))?))
}

/// `STATUS:` and a line for each link.
pub fn status(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let is_stream = |link: &Link| matches!(link.kind, Kind::Stream(_));
    let tcp = c.core.links.open_ids().any(|id| c.core.links.get(id).is_some_and(is_stream));
    let number = match c.env.station.status() {
        _ if !c.core.station_on() => 0,
        Status::GotIp if tcp => 3,
        Status::GotIp if c.core.had_link => 4,
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
                address_text(link.shown.ip()),
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
    Ok(Outcome::Run(Job::resolve(c.now, c.env, name, family, Named::Ping)?))
}

/// IPv4 before IPv6, which AT+CIPV6 must have switched on (a guess for names).
fn either(c: &Context<'_, '_>) -> DnsFamily {
    if c.core.settings.tcpip.ipv6 { DnsFamily::PreferIpv4 } else { DnsFamily::Ipv4 }
}
