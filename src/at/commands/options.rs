//! What links need around them: AT+CIPV6, AT+CIPDNS, AT+CIPRECONNINTV, AT+SAVETRANSLINK.

use std::net::IpAddr;

use super::super::address::Shown;
use super::super::job::Job;
use super::super::limits;
use super::super::nvs::PassthroughLink;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::net::stack::DnsFamily;

pub fn ipv6_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPV6:{}\r\n", u8::from(c.core.settings.tcpip.ipv6));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// A station that is joined, and a softAP, look for their addresses at once. Switched off, the addresses are gone, and
/// so are the links that use them (a guess, both).
pub fn ipv6_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let on = args.is_on("enable");
    let outcome = c.keep(|nvs| nvs.tcpip.ipv6 = on);
    c.env.stack.enable_ipv6(c.now, on);
    let over_ipv6 = |id: &usize| !on && c.core.links.get(*id).is_some_and(|link| link.remote.is_ipv6());
    let closed: Vec<usize> = c.core.links.open_ids().filter(over_ipv6).collect();
    for id in closed {
        c.core.close_link(id, c.env.stack);
    }
    Ok(outcome)
}

/// With DHCP's servers: those in use, and before there are any the default one (a guess).
pub fn dns_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let manual = c.core.settings.tcpip.dns;
    let defaults = c.env.profile.differences.dns_servers;
    let mut servers: Vec<IpAddr> = match manual {
        Some(servers) => servers.to_vec(),
        None => c.env.stack.dns().to_vec(),
    };
    if servers.is_empty() {
        servers.extend(defaults.iter().copied().map(IpAddr::V4));
    }
    let mut line = format!("+CIPDNS:{}", u8::from(manual.is_some()));
    for server in servers.iter().take(3) {
        line += &format!(",\"{}\"", Shown(*server));
    }
    c.core.out.text(&(line + "\r\n"));
    Ok(Outcome::Ok)
}

/// The servers that are given must differ; those that are not given are the release's default ones, the last
/// of these for all that are missing.
pub fn dns_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let refuse = |c: &mut Context<'_, '_>, code| {
        c.core.out.log("set dns failed!");
        Err(code)
    };
    let defaults = c.env.profile.differences.dns_servers;
    let mut servers = None;
    if args.is_on("enable") {
        let mut given = Vec::new();
        let mut three = std::array::from_fn(|i| IpAddr::V4(defaults[i.min(defaults.len() - 1)]));
        let ipv6 = c.core.settings.tcpip.ipv6;
        for (server, parameter) in three.iter_mut().zip(args.each("DNS IP")) {
            let address: IpAddr = match parameter.parsed() {
                Ok(Some(address)) => address,
                Ok(None) => continue,
                Err(code) => return refuse(c, code),
            };
            let usable = !address.is_unspecified() && (address.is_ipv4() || ipv6);
            if !usable || given.contains(&address) {
                return refuse(c, parameter.invalid());
            }
            given.push(address);
            *server = address;
        }
        servers = Some(three);
    }
    let outcome = c.keep(|nvs| nvs.tcpip.dns = servers);
    c.env.use_dns(servers);
    if servers.is_none() {
        // DHCP's come back with its next answer.
        let defaults: Vec<IpAddr> = defaults.iter().copied().map(IpAddr::V4).collect();
        c.env.stack.set_dns(&defaults);
    }
    Ok(outcome)
}

pub fn reconnect_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPRECONNINTV:{}\r\n", c.core.settings.tcpip.reconnect_interval);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn reconnect_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let interval = args.number("interval");
    Ok(c.keep(|nvs| nvs.tcpip.reconnect_interval = interval))
}

/// Saved whatever AT+SYSSTORE says, for the starts to come. The host is looked up now: a name that does not
/// resolve is refused (a guess; the library calls its resolver here).
pub fn passthrough_at_start(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if args.int("mode") == Some(0) {
        c.store_always(|nvs| nvs.tcpip.passthrough = None);
        return Ok(c.written(true));
    }
    let host = args.name("remote host")?.ok_or_else(|| args.invalid("remote host"))?.to_owned();
    let port = args.port("remote port").ok_or_else(|| args.invalid("remote port"))?;
    let kind = args.text("type").map_or("TCP".into(), |t| String::from_utf8_lossy(t).into_owned());
    let number = args.port("keep alive or local port").unwrap_or(0);
    let (keep_alive, local_port) = match kind.starts_with("UDP") {
        true => (0, number),
        false if limits::KEEP_ALIVE.has(number) => (number, 0),
        false => return Err(args.invalid("keep alive or local port")),
    };
    let v6 = kind.ends_with("v6");
    let address = host.parse::<IpAddr>().ok();
    let link = PassthroughLink { kind, host, port, keep_alive, local_port };
    if !link.has_usable_host() || (v6 && !c.core.settings.tcpip.ipv6) {
        c.core.out.log("IP ERROR");
        return Err(args.invalid("remote host"));
    }
    if address.is_some() {
        c.store_always(|nvs| nvs.tcpip.passthrough = Some(link.clone()));
        return Ok(c.written(true));
    }
    let name = link.host.clone();
    let family = if v6 { DnsFamily::Ipv6 } else { DnsFamily::Ipv4 };
    let job = Job::address(c, name.as_bytes(), family, move |_, c| {
        c.store_always(|nvs| nvs.tcpip.passthrough = Some(link.clone()));
        Ok(c.written(true))
    });
    Ok(Outcome::Run(job?))
}
