//! TLS clients: AT+CIPSSLCCONF, AT+CIPSSLCCN, AT+CIPSSLCSNI, AT+CIPSSLCALPN, AT+CIPSSLCPSK,
//! AT+CIPSSLCPSKHEX, AT+CIPSSLCCIPHER.
//!
//! A query prints a line for every link, with AT+CIPMUX=0, too (a guess). Link ID 5 is all of them.

use super::super::error::ErrorCode;
use super::super::nvs::TlsConfig;
use super::super::options::TlsNames;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::profile::Feature;

pub fn config_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for id in 0..c.core.links.count() {
        let config = c.core.settings.tcpip.tls.get(id).copied().unwrap_or_default();
        let TlsConfig { auth_mode, pki_number, ca_number } = config;
        c.core.out.text(&format!("+CIPSSLCCONF:{id},{auth_mode},{pki_number},{ca_number}\r\n"));
    }
    Ok(Outcome::Ok)
}

/// What a mode asks for must be in flash; a number that is left out is 0. Which of certificate and key is missed first
/// is a guess.
pub fn config_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let auth_mode: u8 = args.number("auth mode");
    let [pki, ca]: [u8; 2] = ["pki number", "ca number"].map(|name| args.given(name).unwrap_or(0));
    // Said of all three, also where the mode has no need of them, as a log shows (esp-at issue 384).
    for kept in ["client_cert", "client_key", "client_ca"] {
        if let Some(complaint) = c.env.flash.complaint(c.env.profile, kept) {
            c.core.out.log(&complaint);
        }
    }
    for (wanted, number, kept, missing, name) in [
        (auth_mode & 1 != 0, pki, "client_cert", "NO CERT FOUND\r\n", "pki number"),
        (auth_mode & 1 != 0, pki, "client_key", "NO PRVT_KEY FOUND\r\n", "pki number"),
        (auth_mode & 2 != 0, ca, "client_ca", "NO CA FOUND\r\n", "ca number"),
    ] {
        if wanted && usize::from(number) >= c.env.flash.certificates(c.env.profile, kept) {
            c.core.out.text(missing);
            return Err(args.invalid(name));
        }
    }
    let config = TlsConfig { auth_mode, pki_number: pki, ca_number: ca };
    let count = c.core.links.count();
    // With AT+CIPMUX=0 all of them get it, as logs of the saved keys show.
    let ids = if c.core.links.multiple { args.links().ids(count) } else { 0..count };
    Ok(c.keep(|nvs| {
        nvs.tcpip.tls.resize(count, TlsConfig::default());
        nvs.tcpip.tls[ids.clone()].fill(config);
    }))
}

/// Changes the names of the links that a set form is for, all or none: not those of an open link.
fn change(c: &mut Context<'_, '_>, args: &Args, change: impl Fn(&mut TlsNames)) -> Result {
    let ids = args.links().ids(c.core.links.count());
    if ids.clone().any(|id| c.core.links.get(id).is_some()) {
        return Err(ErrorCode::FAILED);
    }
    c.core.links.tls[ids].iter_mut().for_each(change);
    Ok(Outcome::Ok)
}

/// Prints a line for every link. The values are not in quotes.
fn show(c: &mut Context<'_, '_>, name: &str, values: impl Fn(&TlsNames) -> Vec<&[u8]>) -> Result {
    for (id, names) in c.core.links.tls.iter().enumerate() {
        let mut line = format!("{name}:{id}").into_bytes();
        for value in values(names) {
            line.push(b',');
            line.extend_from_slice(value);
        }
        line.extend_from_slice(b"\r\n");
        c.core.out.text_bytes(&line);
    }
    Ok(Outcome::Ok)
}

pub fn common_name_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    show(c, "+CIPSSLCCN", |names| vec![&names.common_name])
}

pub fn common_name_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let name = args.text("common name").unwrap_or_default();
    change(c, args, |names| names.common_name = name.to_vec())
}

pub fn server_name_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    show(c, "+CIPSSLCSNI", |names| vec![&names.server_name])
}

pub fn server_name_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let name = args.text("sni").unwrap_or_default();
    change(c, args, |names| names.server_name = name.to_vec())
}

pub fn protocols_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    show(c, "+CIPSSLCALPN", |names| names.protocols.iter().map(Vec::as_slice).collect())
}

/// The count must be that of the names behind it (a guess).
pub fn protocols_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let given: Vec<Vec<u8>> = args.each("alpn").map_while(|name| name.text().map(<[u8]>::to_vec)).collect();
    if args.number::<usize>("counts") != given.len() {
        return Err(args.invalid("counts"));
    }
    change(c, args, |names| names.protocols = given.clone())
}

pub fn key_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    show(c, "+CIPSSLCPSK", |names| vec![&names.key, &names.hint])
}

pub fn key_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let [key, hint] = ["psk", "hint"].map(|name| args.text(name).unwrap_or_default());
    change(c, args, |names| (names.key, names.hint) = (key.to_vec(), hint.to_vec()))
}

/// The key in hexadecimal digits, lower case (a guess).
pub fn hex_key_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let keys: Vec<String> =
        c.core.links.tls.iter().map(|n| n.key.iter().map(|b| format!("{b:02x}")).collect()).collect();
    for (id, key) in keys.into_iter().enumerate() {
        let mut line = format!("+CIPSSLCPSKHEX:{id},{key},").into_bytes();
        line.extend_from_slice(&c.core.links.tls[id].hint);
        line.extend_from_slice(b"\r\n");
        c.core.out.text_bytes(&line);
    }
    Ok(Outcome::Ok)
}

/// The same key, typed as pairs of hexadecimal digits.
pub fn hex_key_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let digits = args.text("psk").unwrap_or_default();
    let pair = |pair: &[u8]| match pair {
        [a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
            std::str::from_utf8(pair).ok().and_then(|text| u8::from_str_radix(text, 16).ok())
        }
        _ => None,
    };
    let key: Vec<u8> =
        digits.chunks(2).map(pair).collect::<Option<_>>().ok_or_else(|| args.invalid("psk"))?;
    let hint = args.text("hint").unwrap_or_default();
    change(c, args, |names| (names.key, names.hint) = (key.clone(), hint.to_vec()))
}

/// All that the build has, whatever is set.
pub fn suites_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let suites = c.env.profile.tls.suites(c.env.build.has(Feature::SslPsk));
    for (index, suite) in suites.into_iter().enumerate() {
        c.core.out.text(&format!("+CIPSSLCCIPHER:{index},0x{suite:04X}\r\n"));
    }
    Ok(Outcome::Ok)
}

/// Numbers that the build does not have are left out; of nothing else it is an ERROR (both are guesses around the
/// library's texts). Not those of an open link, like the rest (a guess).
pub fn suites_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let given: Vec<i64> = args.each("ciphersuite").map_while(|suite| suite.int()).collect();
    if args.number::<usize>("ciphersuite count") != given.len() {
        return Err(args.invalid("ciphersuite count"));
    }
    let built = c.env.profile.tls.suites(c.env.build.has(Feature::SslPsk));
    let mut suites = Vec::new();
    for number in &given {
        match u16::try_from(*number).ok().filter(|suite| built.contains(suite)) {
            Some(suite) => suites.push(suite),
            None => c.core.out.log(&format!("invalid cipher: 0x{number:04x}")),
        }
    }
    if suites.is_empty() && !given.is_empty() {
        c.core.out.log("all ciphersuites are not supported");
        return Err(args.invalid("ciphersuite"));
    }
    change(c, args, |names| names.suites = suites.clone())
}
