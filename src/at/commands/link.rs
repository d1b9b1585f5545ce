//! Links: AT+CIPSTART, AT+CIPCLOSE, AT+CIPSEND, AT+CIPDINFO, AT+CIPMUX.

use super::super::error::ErrorCode;
use super::super::job::{Job, Named, OpenRequest};
use super::super::links::{Transport, UdpMode};
use super::super::payload::Payload;
use super::super::schema::Args;
use super::{Context, Outcome};
use crate::time::Duration;

type Result = std::result::Result<Outcome, ErrorCode>;

pub fn multiple_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPMUX:{}\r\n", u8::from(c.core.multiple));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// Refused while a link is open, also when nothing would change: the check comes first in the library's list
/// of texts (a guess).
pub fn multiple_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if c.core.links.open_ids().next().is_some() {
        c.core.log("link is builded");
        return Err(ErrorCode::FAILED);
    }
    if c.core.passthrough {
        c.core.log("IPMODE must be 0");
        return Err(ErrorCode::FAILED);
    }
    c.core.multiple = args.int("mode") == Some(1);
    Ok(Outcome::Ok)
}

/// No blank line before OK here.
pub fn info_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPDINFO:{}", c.core.sender_info);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn info_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.sender_info = args.int("mode") == Some(1);
    Ok(Outcome::Ok)
}

pub fn start(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let id = args.int("link ID").unwrap_or(0) as usize;
    if c.core.links.get(id).is_some() {
        c.core.log("ALREADY CONNECTED");
        return Err(ErrorCode::FAILED);
    }
    let own = c.env.own_addresses();
    if own.is_empty() {
        c.core.log(if c.core.settings.wifi.mode == 0 { "mode:null" } else { "no ip" });
        return Err(ErrorCode::FAILED);
    }
    if let Some(text) = args.text("local IP")
        && !text.is_empty()
        && !own.iter().any(|own| own.to_string().as_bytes() == text)
    {
        return Err(args.invalid("local IP"));
    }
    let port = args.int("remote port").unwrap_or(0) as u16;
    let host = String::from_utf8_lossy(args.text("remote host").unwrap_or_default()).into_owned();
    let request = match args.text("type").unwrap_or_default() {
        b"TCP" => {
            let seconds = args.int("keep alive").unwrap_or(0) as u64;
            let keep_alive = (seconds > 0).then(|| Duration::from_secs(seconds));
            OpenRequest { id, host, port, transport: Transport::Tcp, keep_alive, local_port: None }
        }
        b"UDP" => {
            let local_port = args.int("local port").map(|p| p as u16);
            let mode = match args.int("mode") {
                // To use <mode>, <local port> must be set first.
                Some(_) if local_port.is_none() => return Err(args.invalid("local port")),
                Some(1) => UdpMode::FirstSender,
                Some(2) => UdpMode::LastSender,
                _ => UdpMode::Fixed,
            };
            // Port 0: any free one.
            let local_port = local_port.filter(|p| *p != 0);
            OpenRequest { id, host, port, transport: Transport::Udp(mode), keep_alive: None, local_port }
        }
        // IPv6 is off (AT+CIPV6=0), and there is no memory for TLS.
        _ => return Err(ErrorCode::FAILED),
    };
    let host = args.text("remote host").unwrap_or_default();
    Ok(Outcome::Run(Job::resolve(c.now, c.env, host, Named::Open(request))?))
}

/// AT+CIPCLOSE=<link ID>: with AT+CIPMUX=1 only.
pub fn close(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let Some(id) = args.int("link ID") else { return Err(ErrorCode::FAILED) };
    let ids: Vec<usize> = match id as usize {
        all if all == c.core.links.count() => c.core.links.open_ids().collect(),
        one => vec![one],
    };
    close_all(c, &ids)
}

/// AT+CIPCLOSE: with AT+CIPMUX=0 only.
pub fn close_single(c: &mut Context<'_, '_>, _: &Args) -> Result {
    if c.core.multiple { Err(ErrorCode::FAILED) } else { close_all(c, &[0]) }
}

fn close_all(c: &mut Context<'_, '_>, ids: &[usize]) -> Result {
    if ids.is_empty() || ids.iter().any(|id| c.core.links.get(*id).is_none()) {
        return Err(ErrorCode::FAILED);
    }
    for id in ids {
        c.core.close_link(*id, c.env.stack);
    }
    Ok(Outcome::Ok)
}

/// AT+CIPSEND: passthrough, with AT+CIPMODE=1 over the one link there is; UDP only with a fixed peer.
pub fn send_passthrough(c: &mut Context<'_, '_>, _: &Args) -> Result {
    if !c.core.passthrough {
        c.core.log("IPMODE=0");
        return Err(ErrorCode::FAILED);
    }
    let mut open = c.core.links.open_ids();
    let (Some(id), None) = (open.next(), open.next()) else { return Err(ErrorCode::FAILED) };
    drop(open);
    let link = c.core.links.get(id).filter(|link| match link.transport {
        Transport::Udp(mode) => mode == UdpMode::Fixed,
        Transport::Tcp => true,
    });
    let Some(target) = link.and_then(|link| link.target.clone()) else { return Err(ErrorCode::FAILED) };
    c.core.out.prompt();
    c.core.enter_passthrough(target, c.env.profile, true);
    Ok(Outcome::Done)
}

pub fn mode_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPMODE:{}\r\n", u8::from(c.core.passthrough));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn mode_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let on = args.int("mode") == Some(1);
    if on && c.core.multiple {
        c.core.log("CIPMUX must be 0");
        return Err(ErrorCode::FAILED);
    }
    // UDP must have a fixed peer (a guess that it is looked at here).
    let follows = |id| {
        let link = c.core.links.get(id);
        link.is_some_and(|l| {
            matches!(l.transport, Transport::Udp(UdpMode::FirstSender | UdpMode::LastSender))
        })
    };
    if on && c.core.links.open_ids().any(follows) {
        return Err(ErrorCode::FAILED);
    }
    c.core.passthrough = on;
    Ok(Outcome::Ok)
}

pub fn send(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let id = args.int("link ID").unwrap_or(0) as usize;
    let length = args.int("length").unwrap_or(0) as usize;
    if c.core.passthrough {
        c.core.log("IPMODE=1");
        return Err(ErrorCode::FAILED);
    }
    let Some(link) = c.core.links.get(id) else {
        c.core.log("link is not valid");
        return Err(ErrorCode::FAILED);
    };
    let (host, port) = (args.text("remote host"), args.int("remote port"));
    let payload = Payload::new(id, link.socket, length);
    match (host, port, link.transport) {
        (None, None, _) => {
            let to = link.remote;
            c.core.begin_payload(payload.to(to));
            Ok(Outcome::Done)
        }
        (Some(host), Some(port), Transport::Udp(_)) => {
            let named = Named::Payload(payload, port as u16);
            Ok(Outcome::Run(Job::resolve(c.now, c.env, host, named)?))
        }
        // A host for TCP, or half an address.
        (Some(_), _, _) => Err(args.invalid("remote host")),
        (None, Some(_), _) => Err(args.invalid("remote port")),
    }
}
