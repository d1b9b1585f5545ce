//! Links: AT+CIPSTART, AT+CIPSTARTEX, AT+CIPCLOSE, AT+CIPMUX, AT+CIPMODE, AT+CIPTCPOPT.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::super::dial::{Failure, LinkDial};
use super::super::error::ErrorCode;
use super::super::job::{Job, Look, Work};
use super::super::links::{Kind, Link};
use super::super::request::{OpenRequest, Transport, UdpMode, keep_alive};
use super::super::schema::{Args, WhichLinks};
use super::super::system::LINK_HEAP;
use super::super::{AtEvent, LinkChange, LinkEvent, LinkProtocol};
use super::{Context, Outcome, Result};
use crate::net::stack::{CloseReason, DnsFamily};
use crate::time::{Duration, Instant};

pub fn multiple_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPMUX:{}\r\n", u8::from(c.core.links.multiple));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// Refused while a link is open, also when nothing would change: the check comes first in the library's list
/// of texts (a guess).
pub fn multiple_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if c.core.links.open_ids().next().is_some() {
        c.core.out.log("link is builded");
        return Err(ErrorCode::FAILED);
    }
    let multiple = args.is_on("mode");
    if multiple && c.core.links.passthrough {
        c.core.out.log("IPMODE must be 0");
        return Err(ErrorCode::FAILED);
    }
    if !multiple && c.core.server.running().is_some() {
        c.core.out.log("CIPSERVER must be 0");
        return Err(ErrorCode::FAILED);
    }
    c.core.links.multiple = multiple;
    Ok(Outcome::Ok)
}

pub fn mode_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPMODE:{}\r\n", u8::from(c.core.links.passthrough));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// Passthrough is for one link, whose remote address stays. With AT+CIPMUX=1 that is the one link there is, or the one
/// client of a server for one, in the releases that allow it.
pub fn mode_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let passthrough = args.is_on("mode");
    let for_one = c.env.profile.differences.passthrough_server
        && (c.core.server.running().is_none() || c.core.server.most == 1)
        && c.core.links.open_ids().count() <= 1;
    if passthrough && c.core.links.multiple && !for_one {
        c.core.out.log("CIPMUX must be 0");
        return Err(ErrorCode::FAILED);
    }
    let follows = |id| c.core.links.get(id).is_some_and(|l| !l.stays());
    if passthrough && c.core.links.open_ids().any(follows) {
        return Err(ErrorCode::FAILED);
    }
    c.core.links.passthrough = passthrough;
    Ok(Outcome::Ok)
}

pub fn start(c: &mut Context<'_, '_>, args: &Args) -> Result {
    open(c, args, args.link())
}

/// The lowest free id (a guess). With AT+CIPMUX=0 it is AT+CIPSTART.
pub fn start_anywhere(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let id = if c.core.links.multiple { c.core.links.free_id() } else { Some(0) };
    open(c, args, id.ok_or(ErrorCode::FAILED)?)
}

fn open(c: &mut Context<'_, '_>, args: &Args, id: usize) -> Result {
    if c.core.links.get(id).is_some() {
        c.core.out.log("ALREADY CONNECTED");
        return Err(ErrorCode::FAILED);
    }
    // Passthrough is for one link: the server's client, or one that is there already. The log port's text is not known.
    if c.core.links.passthrough
        && (c.core.server.running().is_some() || c.core.links.open_ids().next().is_some())
    {
        return Err(ErrorCode::FAILED);
    }
    let (kind, family) = match args.text("type").unwrap_or_default() {
        [kind @ .., b'v', b'6'] => (kind, DnsFamily::Ipv6),
        kind => (kind, DnsFamily::Ipv4),
    };
    // AT+CIPV6=0 needs no word of its own: there is no address then.
    let own = c.env.own_addresses(family);
    if own.is_empty() {
        c.core.out.log(if c.core.settings.wifi.mode == 0 { "mode:null" } else { "no ip" });
        return Err(ErrorCode::FAILED);
    }
    // Empty, or zeros as Zephyr's driver sends them: any.
    let local = match args.text("local IP") {
        None | Some(b"" | b"0.0.0.0" | b"::") => None,
        Some(_) => {
            let address = args.address("local IP")?.filter(|address| own.contains(address));
            Some(address.ok_or_else(|| args.invalid("local IP"))?)
        }
    };
    let local = local.filter(IpAddr::is_ipv6);
    let port = args.number("remote port");
    let transport = match kind {
        b"TCP" | b"SSL" => {
            // Left out only where the release falls back to it.
            let seconds =
                args.given("keep alive").unwrap_or_else(|| c.core.settings.tcpip.options(id).keep_alive);
            let timeout = args.given("timeout").filter(|ms| *ms > 0).map(Duration::from_millis);
            Transport::Stream { keep_alive: keep_alive(seconds), timeout, tls: kind == b"SSL" }
        }
        b"UDP" => {
            let local_port = args.port("local port");
            let mode = match args.int("mode") {
                // To use <mode>, <local port> must be set first. 0 is no use of it: lwesp sends it without a port.
                Some(1 | 2) if local_port.is_none() => return Err(args.invalid("local port")),
                Some(1) => UdpMode::FirstSender,
                Some(2) => UdpMode::LastSender,
                _ => UdpMode::Fixed,
            };
            if c.core.links.passthrough && mode != UdpMode::Fixed {
                return Err(args.invalid("mode"));
            }
            // Port 0: any free one.
            Transport::Datagrams { mode, local_port: local_port.filter(|p| *p != 0) }
        }
        _ => return Err(ErrorCode::FAILED),
    };
    let host = args.text("remote host").unwrap_or_default();
    let host = std::str::from_utf8(host).map_err(|_| ErrorCode::FAILED)?.to_owned();
    let request = OpenRequest { id, host, port, family, transport, local };
    let secure = c.core.secure_for(c.now, &request, c.env).map_err(|line| {
        c.core.out.log(line);
        ErrorCode::FAILED
    })?;
    c.claim("a link", LINK_HEAP as usize)?;
    c.core.links.reserve(id);
    Ok(Outcome::Run(Job::link(LinkDial::new(c.now, request, secure, c.env), opened)))
}

/// What has become of AT+CIPSTART.
fn opened((id, dialled): (usize, std::result::Result<Link, Failure>), c: &mut Context<'_, '_>) -> Result {
    match dialled {
        Ok(link) => {
            c.core.open_link(id, link, c.env.stack);
            Ok(Outcome::Ok)
        }
        Err(Failure::Closed(_)) => {
            c.core.out.error(ErrorCode::FAILED);
            // ERROR first, then CLOSED, as captured with a logic analyser.
            c.core.print_closed(id);
            Ok(Outcome::Done)
        }
        // ERROR alone, as reported of a v2 module (issue 386 of esp-at); the log port says why.
        Err(failure @ Failure::Tls(reason, peer)) => {
            failure.log(c.now, &mut c.core.out, c.env);
            if let CloseReason::Tls(_) | CloseReason::TlsSetup(_) = reason {
                let (protocol, change) = (LinkProtocol::Ssl, LinkChange::Failed(reason));
                c.core.tell(AtEvent::Link(LinkEvent { id, protocol, peer, change }));
            }
            Err(ErrorCode::FAILED)
        }
        Err(failure) => {
            failure.log(c.now, &mut c.core.out, c.env);
            Err(ErrorCode::FAILED)
        }
    }
}

/// AT+CIPCLOSE=<link ID>: with AT+CIPMUX=1 only.
pub fn close(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if !c.core.links.multiple {
        c.core.out.log("MUX=0");
        return Err(ErrorCode::FAILED);
    }
    let ids = match args.links() {
        WhichLinks::All => c.core.links.open_ids().collect(),
        WhichLinks::One(id) => VecDeque::from([id]),
    };
    close_all(c, ids)
}

/// AT+CIPCLOSE: with AT+CIPMUX=0 only.
pub fn close_single(c: &mut Context<'_, '_>, _: &Args) -> Result {
    if c.core.links.multiple {
        c.core.out.log("MUX=1");
        return Err(ErrorCode::FAILED);
    }
    close_all(c, VecDeque::from([0]))
}

fn close_all(c: &mut Context<'_, '_>, ids: VecDeque<usize>) -> Result {
    if ids.is_empty() || ids.iter().any(|id| c.core.links.get(*id).is_none()) {
        return Err(ErrorCode::FAILED);
    }
    Ok(Outcome::Run(Job::work(Closing { ids, until: None })))
}

/// Closes links one after the other. One that lingers holds up the rest until its peer has everything or its time is
/// over, as `close` does in lwIP.
#[derive(Debug)]
struct Closing {
    ids: VecDeque<usize>,
    /// The first one lingers until then.
    until: Option<Instant>,
}

impl Work for Closing {
    fn timer(&self) -> Option<Instant> {
        self.until
    }

    fn look(&mut self, c: &mut Context<'_, '_>) -> Look {
        let Some(id) = self.ids.front().copied() else { return Look::Over(Ok(Outcome::Ok)) };
        // It may have been closed from the other end meanwhile.
        if let Some(link) = c.core.links.get(id) {
            let linger = c.core.settings.tcpip.options(id).linger;
            if let Kind::Stream(stream) = link.kind
                && linger > 0
                && c.env.stack.stream_unsent(stream) > 0
            {
                match self.until {
                    None => {
                        self.until = Some(c.now + Duration::from_secs(linger.unsigned_abs()));
                        return Look::Moved;
                    }
                    Some(at) if at > c.now => return Look::Waiting,
                    Some(_) => c.env.stack.tcp_abort(stream),
                }
            }
            c.core.close_link(id, c.env.stack);
        }
        self.ids.pop_front();
        self.until = None;
        Look::Moved
    }
}

/// A line for each link, whatever AT+CIPMUX says.
pub fn socket_options_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for id in 0..c.core.links.count() {
        let options = c.core.settings.tcpip.options(id);
        let (linger, nodelay) = (options.linger, u8::from(options.nodelay));
        let mut line = format!("+CIPTCPOPT:{id},{linger},{nodelay},{}", options.send_timeout);
        if c.env.profile.differences.tcp_keep_alive_option {
            line.push_str(&format!(",{}", options.keep_alive));
        }
        c.core.out.text(&format!("{line}\r\n"));
    }
    Ok(Outcome::Ok)
}

/// What is left out stays as it is (a guess). Open sockets obey at once.
pub fn socket_options_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let ids = args.links().ids(c.core.links.count());
    let stored = c.store(|nvs| {
        for id in ids.clone() {
            let mut options = nvs.tcpip.options(id);
            options.linger = args.given("so_linger").unwrap_or(options.linger);
            options.nodelay = args.int("tcp_nodelay").map_or(options.nodelay, |n| n == 1);
            options.send_timeout = args.given("so_sndtimeo").unwrap_or(options.send_timeout);
            options.keep_alive = args.given("keep_alive").unwrap_or(options.keep_alive);
            nvs.tcpip.set_options(id, options);
        }
    });
    for id in ids {
        if let Some(Kind::Stream(stream)) = c.core.links.get(id).map(|link| link.kind) {
            c.core.apply_socket_options(id, stream, c.env.stack);
            if args.is_given("keep_alive") {
                c.core.apply_keep_alive(c.now, id, stream, c.env.stack);
            }
        }
    }
    Ok(c.written(stored))
}
