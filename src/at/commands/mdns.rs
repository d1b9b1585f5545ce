//! AT+MDNS: a name and a service that others on the network find.

use super::super::error::ErrorCode;
use super::super::schema::Args;
use super::{Context, Outcome};
use crate::net::mdns::Mdns;

type Result = std::result::Result<Outcome, ErrorCode>;

/// Not saved. Switched on once more, the new names take the place of the old ones.
pub fn set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let text = |name| args.name(name)?.ok_or(args.invalid(name));
    let names = match args.int("enable") {
        Some(1) => {
            let port = args.port("port").ok_or(args.invalid("port"))?;
            let (host, service) = (text("hostname")?, text("service_name")?);
            if !Mdns::is_label(host) {
                return Err(args.invalid("hostname"));
            }
            if !Mdns::is_label(service) {
                return Err(args.invalid("service_name"));
            }
            Some((host, service, port))
        }
        _ => None,
    };
    if let Some(old) = c.core.mdns.take() {
        old.stop(c.env.stack);
    }
    if let Some((host, service, port)) = names {
        c.core.mdns = Mdns::start(c.env.stack, host, service, port);
        if c.core.mdns.is_none() {
            return Err(ErrorCode::FAILED);
        }
    }
    Ok(Outcome::Ok)
}
