//! The module's own server: AT+CIPSERVER, AT+CIPSERVERMAXCONN, AT+CIPSTO.

use super::super::error::ErrorCode;
use super::super::schema::Args;
use super::super::server::{Interface, Running};
use super::{Context, Outcome, Result};
use crate::profile::{Feature, Offer};

/// The port when none is given.
const DEFAULT_PORT: u16 = 333;

pub fn query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    match c.core.server.running() {
        Some(Running { port, ipv6, tls, ca, interface }) => {
            let kind = match (tls, ipv6) {
                (false, false) => "TCP",
                (false, true) => "TCPv6",
                (true, false) => "SSL",
                (true, true) => "SSLv6",
            };
            let mut line = format!("+CIPSERVER:1,{port},\"{kind}\"");
            // Where no source has the server over TLS, nothing is said of its authority.
            if c.env.profile.offers.of(Feature::SslServer) != Offer::Absent {
                line.push_str(&format!(",{}", u8::from(ca)));
            }
            if c.env.profile.differences.server_interface {
                line.push_str(&format!(",{}", interface as u8));
            }
            c.core.out.text(&format!("{line}\r\n"));
        }
        None => c.core.out.text("+CIPSERVER:0\r\n"),
    }
    Ok(Outcome::Ok)
}

pub fn set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if !c.core.links.multiple {
        c.core.out.log("MUX=0");
        return Err(ErrorCode::FAILED);
    }
    if args.is_on("mode") { start(c, args) } else { stop(c, args) }
}

fn start(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let port = args.port("param2").unwrap_or(DEFAULT_PORT);
    if port == 0 {
        return Err(args.invalid("param2"));
    }
    let (tls, ipv6) = match args.text("type").unwrap_or(b"TCP") {
        b"TCP" => (false, false),
        b"TCPv6" => (false, true),
        b"SSL" => (true, false),
        _ => (true, true),
    };
    if (ipv6 && !c.core.settings.tcpip.ipv6) || (tls && !c.env.build.has(Feature::SslServer)) {
        return Err(ErrorCode::FAILED);
    }
    // There is one server at most; another port is no reason to restart it.
    if c.core.server.running().is_some() {
        c.core.out.log("no change");
        return Ok(Outcome::Ok);
    }
    let interface = match args.int("netif") {
        None | Some(0) => Interface::All,
        Some(1) => Interface::Station,
        Some(2) => Interface::SoftAp,
        // There is no Ethernet.
        Some(_) => return Err(ErrorCode::FAILED),
    };
    let running = Running { port, ipv6, tls, ca: args.is_on("CA enable"), interface };
    if c.core.server.start(running, c.env).is_err() {
        c.core.out.log("bind fail");
        return Err(ErrorCode::FAILED);
    }
    Ok(Outcome::Ok)
}

/// Without a server there is nothing to do, which is no error (a guess).
fn stop(c: &mut Context<'_, '_>, args: &Args) -> Result {
    for surplus in ["type", "CA enable", "netif"] {
        if args.is_given(surplus) {
            return Err(args.invalid(surplus));
        }
    }
    let close = match args.int("param2") {
        None | Some(0) => false,
        Some(1) => true,
        Some(_) => return Err(args.invalid("param2")),
    };
    if c.core.server.running().is_none() {
        c.core.out.log("no change");
    }
    c.core.server.stop(c.env.stack);
    let clients = |id: &usize| close && c.core.links.get(*id).is_some_and(|l| l.accepted);
    let clients: Vec<usize> = c.core.links.open_ids().filter(clients).collect();
    for id in clients {
        c.core.close_link(id, c.env.stack);
    }
    Ok(Outcome::Ok)
}

pub fn limit_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPSERVERMAXCONN:{}\r\n", c.core.server.most);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn limit_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if c.core.server.running().is_some() {
        c.core.out.log("Server has started");
        return Err(ErrorCode::FAILED);
    }
    let most = args.number("num");
    // Clients of a server that is gone; text, then ERROR (a guess).
    let clients = c.core.links.accepted();
    if clients > most {
        c.core.out.text(&format!("Have {clients} Connections\r\n"));
        return Err(ErrorCode::FAILED);
    }
    c.core.server.most = most;
    Ok(Outcome::Ok)
}

pub fn timeout_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPSTO:{}\r\n", c.core.server.timeout);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// Also without a server: whether that is an error is not established, and hosts set it before and after.
pub fn timeout_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let seconds = args.number("time");
    if seconds == c.core.server.timeout {
        c.core.out.log("not change");
    }
    c.core.server.timeout = seconds;
    Ok(Outcome::Ok)
}
