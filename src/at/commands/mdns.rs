//! AT+MDNS: a name and a service that others on the network find.

use super::super::error::ErrorCode;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::net::mdns::{Announced, Mdns};
use crate::profile::{Differences, Instance};

/// The keys and values of the TXT record, by their names in the command table.
pub const PAIRS: [(&str, &str); 10] = [
    ("key 1", "value 1"),
    ("key 2", "value 2"),
    ("key 3", "value 3"),
    ("key 4", "value 4"),
    ("key 5", "value 5"),
    ("key 6", "value 6"),
    ("key 7", "value 7"),
    ("key 8", "value 8"),
    ("key 9", "value 9"),
    ("key 10", "value 10"),
];

/// Not saved. Switched on once more, the new names take the place of the old ones.
pub fn set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let announced = match args.int("enable") {
        Some(1) => Some(announced(args, &c.env.profile.differences)?),
        _ => None,
    };
    if let Some(old) = c.core.radio.mdns.take() {
        old.stop(c.env.stack);
    }
    if let Some(announced) = announced {
        c.core.radio.mdns = Mdns::start(c.env.stack, &announced);
        if c.core.radio.mdns.is_none() {
            return Err(ErrorCode::FAILED);
        }
    }
    Ok(Outcome::Ok)
}

fn announced(args: &Args, differences: &Differences) -> std::result::Result<Announced, ErrorCode> {
    let given = |name| match args.text(name) {
        None => Ok(None),
        Some(text) => String::from_utf8(text.to_vec()).map(Some).map_err(|_| args.invalid(name)),
    };
    let label = |name, default: Option<&str>| {
        let text = given(name)?.or(default.map(str::to_owned));
        text.filter(|text| Mdns::is_label(text)).ok_or_else(|| args.invalid(name))
    };
    let (host, service) = (label("hostname", None)?, label("service_type", None)?);
    let port = args.given("port").ok_or_else(|| args.invalid("port"))?;
    let instance = given("instance")?.unwrap_or_else(|| match differences.mdns_instance {
        Instance::Host => host.clone(),
        Instance::Service => service.clone(),
    });
    if !Mdns::is_instance(&instance) {
        return Err(args.invalid("instance"));
    }
    let mut text = Vec::new();
    let pairs: usize = args.given("txt_number").unwrap_or(0);
    for (index, (key, value)) in PAIRS.into_iter().enumerate() {
        match (given(key)?, given(value)?) {
            (Some(key), Some(value)) if index < pairs => text.push((key, value)),
            (None, None) if index >= pairs => {}
            // As many pairs as were announced, no more and no less.
            _ => return Err(args.invalid("txt_number")),
        }
    }
    if text.is_empty() {
        let said = differences.mdns_text.iter();
        text = said.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    }
    Ok(Announced { host, service, instance, protocol: label("proto", Some("_tcp"))?, port, text })
}
