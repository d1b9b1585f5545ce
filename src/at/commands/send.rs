//! Sending: AT+CIPSEND, AT+CIPSENDEX, AT+CIPSENDL, AT+CIPSENDLCFG.

use std::net::SocketAddr;

use super::super::error::ErrorCode;
use super::super::input::Input;
use super::super::job::Job;
use super::super::links::{Kind, LinkKey};
use super::super::long_send::LongSend;
use super::super::options::BlockSizes;
use super::super::payload::Payload;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::net::stack::DnsFamily;

/// The link that a command sends on.
struct Target {
    link: LinkKey,
    remote: SocketAddr,
    /// The host and port that were given: for UDP only.
    other: Option<(Vec<u8>, u16)>,
}

impl Target {
    fn of(c: &mut Context<'_, '_>, args: &Args) -> std::result::Result<Target, ErrorCode> {
        if c.core.links.passthrough {
            c.core.out.log("IPMODE=1");
            return Err(ErrorCode::FAILED);
        }
        let id = args.link();
        let (Some(link), Some(key)) = (c.core.links.get(id), c.core.links.key(id)) else {
            c.core.out.log("link is not valid");
            return Err(ErrorCode::FAILED);
        };
        let other = match (args.text("remote host"), args.port("remote port"), link.kind) {
            (None, None, _) => None,
            (Some(host), Some(port), Kind::Datagrams(..)) => Some((host.to_vec(), port)),
            // Half an address, or one for TCP.
            (Some(_), None, Kind::Datagrams(..)) | (None, Some(_), _) => {
                return Err(args.invalid("remote port"));
            }
            (Some(_), _, _) => return Err(args.invalid("remote host")),
        };
        Ok(Target { link: key, remote: link.remote, other })
    }
}

pub fn send(c: &mut Context<'_, '_>, args: &Args) -> Result {
    begin(c, args, |payload| payload)
}

pub fn send_escaped(c: &mut Context<'_, '_>, args: &Args) -> Result {
    begin(c, args, Payload::escaped)
}

/// Of the addresses that a socket with this remote address can send to.
fn family(remote: SocketAddr) -> DnsFamily {
    if remote.is_ipv6() { DnsFamily::Ipv6 } else { DnsFamily::Ipv4 }
}

fn begin(c: &mut Context<'_, '_>, args: &Args, kind: fn(Payload) -> Payload) -> Result {
    let target = Target::of(c, args)?;
    let length = args.number("length");
    c.claim("what is to be sent", length)?;
    let payload = kind(Payload::new(target.link, target.remote, length));
    match target.other {
        None => {
            c.core.out.prompt();
            Ok(Outcome::Take(Input::Payload(payload)))
        }
        Some((host, port)) => {
            let job = Job::address(c, &host, family(target.remote), move |ip, c| {
                c.core.out.prompt();
                Ok(Outcome::Take(Input::Payload(payload.to(SocketAddr::new(ip, port)))))
            });
            Ok(Outcome::Run(job?))
        }
    }
}

pub fn send_long(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let target = Target::of(c, args)?;
    let length = args.number("length");
    let link = (target.link, target.remote);
    let long = LongSend::new(link, length, c.core.links.block_sizes, c.core.system.line_end);
    match target.other {
        None => {
            c.core.out.prompt();
            Ok(Outcome::Take(Input::LongSend(Box::new(long))))
        }
        Some((host, port)) => {
            let mut long = Box::new(long);
            let job = Job::address(c, &host, family(target.remote), move |ip, c| {
                long.to = SocketAddr::new(ip, port);
                c.core.out.prompt();
                Ok(Outcome::Take(Input::LongSend(long)))
            });
            Ok(Outcome::Run(job?))
        }
    }
}

pub fn long_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let BlockSizes { report, transmit } = c.core.links.block_sizes;
    c.core.out.text(&format!("+CIPSENDLCFG:{report},{transmit}\r\n"));
    Ok(Outcome::Ok)
}

/// A transmit size that is left out is the default, as everywhere.
pub fn long_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let default = BlockSizes::default();
    c.core.links.block_sizes = BlockSizes {
        report: args.number("report size"),
        transmit: args.given("transmit size").unwrap_or(default.transmit),
    };
    Ok(Outcome::Ok)
}

/// AT+CIPSEND: passthrough, with AT+CIPMODE=1 over the one link there is; UDP only with a fixed peer.
pub fn pass_through(c: &mut Context<'_, '_>, _: &Args) -> Result {
    if !c.core.links.passthrough {
        c.core.out.log("IPMODE=0");
        return Err(ErrorCode::FAILED);
    }
    let mut open = c.core.links.open_ids();
    let (Some(id), None) = (open.next(), open.next()) else {
        drop(open);
        c.core.out.log("link is not valid");
        return Err(ErrorCode::FAILED);
    };
    drop(open);
    let Some(link) = c.core.links.get(id).filter(|link| link.stays()) else {
        return Err(ErrorCode::FAILED);
    };
    let target = link.target.clone();
    c.core.out.prompt();
    let session = c.core.passthrough_over(id, target, c.env.profile, true);
    Ok(Outcome::Take(Input::Passthrough(Box::new(session))))
}
