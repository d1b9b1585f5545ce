//! Addresses, names and states: AT+CIFSR, AT+CIPSTA, AT+CIPDOMAIN, AT+CIPSTATUS, AT+CIPSTATE, AT+PING.

use std::net::Ipv4Addr;

use super::super::error::ErrorCode;
use super::super::job::{Job, Named};
use super::super::links::Transport;
use super::super::schema::Args;
use super::wifi::mac_text;
use super::{Context, Outcome};
use crate::wifi::Status;

type Result = std::result::Result<Outcome, ErrorCode>;

/// Lines for the interfaces that are switched on. A station without an address shows 0.0.0.0.
pub fn own_addresses(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let mac = c.env.stack.mac().unwrap_or_default();
    if c.core.softap_on() {
        // The softAP's MAC is the station's plus one, as on the ESP32 family.
        let mut ap = mac;
        ap[5] = ap[5].wrapping_add(1);
        c.core.out.text("+CIFSR:APIP,\"192.168.4.1\"\r\n");
        c.core.out.text(&format!("+CIFSR:APMAC,\"{}\"\r\n", mac_text(ap)));
    }
    if c.core.station_on() {
        let ip = c.env.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
        c.core.out.text(&format!("+CIFSR:STAIP,\"{ip}\"\r\n"));
        c.core.out.text(&format!("+CIFSR:STAMAC,\"{}\"\r\n", mac_text(mac)));
    }
    Ok(Outcome::Ok)
}

pub fn station_address(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let none = Ipv4Addr::UNSPECIFIED;
    let (ip, gateway, mask) = match c.env.address().and(c.env.stack.ipv4()) {
        Some(config) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(config.prefix_len)).unwrap_or(0);
            (config.address, config.gateway.unwrap_or(none), Ipv4Addr::from(mask))
        }
        None => (none, none, none),
    };
    for (what, value) in [("ip", ip), ("gateway", gateway), ("netmask", mask)] {
        c.core.out.text(&format!("+CIPSTA:{what}:\"{value}\"\r\n"));
    }
    Ok(Outcome::Ok)
}

pub fn resolve(c: &mut Context<'_, '_>, args: &Args) -> Result {
    // 3 asks for IPv6 only, and there is no IPv6 address to be had without AT+CIPV6=1.
    if args.int("ip network") == Some(3) {
        return Err(ErrorCode::FAILED);
    }
    let name = args.text("domain name").unwrap_or_default();
    Ok(Outcome::Run(Job::resolve(c.now, c.env, name, Named::Print)?))
}

/// `STATUS:` and a line for each link.
pub fn status(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let tcp =
        c.core.links.open_ids().any(|id| c.core.links.get(id).is_some_and(|l| l.transport == Transport::Tcp));
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
                link.shown.ip(),
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
    Ok(Outcome::Run(Job::resolve(c.now, c.env, name, Named::Ping)?))
}
