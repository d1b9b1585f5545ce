//! Command lines out of the command table: every form, with parameters that fit and with some that do not.

use super::{in_cases, one_of};
use crate::at::schema::{Kind, Param, Presence, Shape};
use crate::at::table::{self, Command};
use crate::profile::Profile;
use crate::rng::Stream;

/// Texts for parameters: names and addresses that scenarios have, and some that nobody has.
const TEXTS: &[&str] = &[
    "pc.lan",
    "nas.lan",
    "www.example.com",
    "192.168.1.10",
    "192.168.1.20",
    "203.0.113.10",
    "198.51.100.7",
    "192.168.4.2",
    "2001:db8:1::20",
    "espat-sim",
    "correct horse",
    "http://www.example.com/",
    "https://api.example.com/v1/status",
    "ws://chat.example.com/",
    "a/b",
    "",
    "x",
    "224.0.0.1",
    "a\\,b\\\"c",
];
const IPV4: &[&str] = &["192.168.1.50", "192.168.4.1", "192.168.1.1", "255.255.255.0", "0.0.0.0", "1.2.3"];
const HOSTS: &[&str] =
    &["pc.lan", "nas.lan", "www.example.com", "192.168.1.20", "192.168.1.21", "203.0.113.10", "no.such.name"];
const URLS: &[&str] = &[
    "http://www.example.com/",
    "http://www.example.com/status",
    "http://192.168.1.20:23/a",
    "https://api.example.com/v1/status",
    "ws://chat.example.com/",
    "http://no.such.name/",
];
const MACS: &[&str] = &["02:00:00:00:00:01", "24:0a:c4:11:22:33", "ff:ff:ff:ff:ff:ff"];
/// Ports of the hosts, and one where nothing listens.
const PORTS: &[i64] = &[7, 9, 19, 23, 25, 80, 443, 1883, 4321, 8083, 12345];
/// Numbers that mean something somewhere, or nowhere.
const NUMBERS: &[&str] =
    &["0", "1", "2", "3", "4", "5", "7", "20", "80", "2048", "65535", "-1", "99999999999", "115200"];

/// A line for one form of a command of the table, without its end. With a profile mostly of one that it has.
pub fn line(profile: Option<&Profile>, stream: &mut Stream) -> String {
    let all = table::all();
    let own: Vec<&Command> = match profile {
        Some(profile) if !in_cases(1, 24, stream) => {
            all.iter().copied().filter(|command| profile.has(&command.on)).collect()
        }
        _ => all,
    };
    line_of(one_of(&own, stream), profile, stream)
}

/// Another line for the command of a line `AT+X…`, of whatever form: what was set is asked for, or set otherwise.
pub fn about_the_same(line: &[u8], profile: &Profile, stream: &mut Stream) -> Option<String> {
    let name = name(line)?;
    let command = table::all().into_iter().find(|c| c.name.as_bytes() == name && profile.has(&c.on))?;
    Some(line_of(command, Some(profile), stream))
}

/// The name of the command of a line, as the table has it: without AT, and without what is behind it.
pub fn name(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(b"AT")?.trim_ascii_end();
    line.split(|byte| matches!(byte, b'=' | b'?')).next()
}

/// A line for one form of this command: mostly one that it has.
fn line_of(command: &Command, profile: Option<&Profile>, stream: &mut Stream) -> String {
    let name = command.name;
    let syntaxes = command.set.as_ref().map_or(&[][..], |set| set.syntaxes);
    let form = stream.between(0, 19);
    if form == 0 {
        return format!("AT{name}=?");
    }
    if form <= 3 && (command.query.is_some() || form == 1) {
        return format!("AT{name}?");
    }
    if form <= 6 && (command.execute.is_some() || form == 4) || syntaxes.is_empty() {
        return format!("AT{name}");
    }
    let syntax = &syntaxes[stream.between(0, syntaxes.len() as u64 - 1) as usize];
    let has = |param: &&Param| profile.is_none_or(|profile| profile.has(&param.on));
    let params = || syntax.params.iter().filter(has).flat_map(|p| std::iter::repeat_n(p, p.times.min(3)));
    let needed =
        params().filter(|p| matches!(p.presence, Presence::Required | Presence::MultipleOnly)).count();
    let all = params().count() as u64;
    let count = match stream.between(0, 7) {
        0 => stream.between(0, all),
        1..=3 => stream.between(needed as u64, all),
        _ => all,
    };
    // Whether AT+CIPMUX is 1 nobody knows here.
    let links = params().next().is_some_and(|p| matches!(p.presence, Presence::MultipleOnly));
    let skip = usize::from(links && in_cases(1, 2, stream));
    let values: Vec<String> = params().skip(skip).take(count as usize).map(|p| value(p, stream)).collect();
    format!("AT{name}={}", values.join(","))
}

/// A value for a parameter: mostly one that it takes.
fn value(param: &Param, stream: &mut Stream) -> String {
    if in_cases(1, 16, stream) {
        return if in_cases(1, 2, stream) { String::new() } else { one_of(NUMBERS, stream).to_owned() };
    }
    let quoted = |text: &str| format!("\"{text}\"");
    match (param.kind, param.kind.shape()) {
        (Kind::Port { .. }, _) => one_of(PORTS, stream).to_string(),
        (_, Shape::Number(min, max)) => match stream.between(0, 9) {
            0 => max.to_string(),
            1 => max.saturating_add(1).to_string(),
            2 => min.saturating_sub(1).to_string(),
            3 => stream.between(0, max.abs_diff(min)).wrapping_add_signed(min).cast_signed().to_string(),
            // Most of what is long, late or large is no use to anybody.
            4 | 5 => (min + stream.between(0, max.abs_diff(min).min(16)).cast_signed()).to_string(),
            _ => min.to_string(),
        },
        (_, Shape::Choice(of)) => quoted(one_of(of, stream)),
        (Kind::Ipv4, _) => quoted(one_of(IPV4, stream)),
        (Kind::Address, _) => quoted(one_of(HOSTS, stream)),
        (Kind::Mac { .. }, _) => quoted(one_of(MACS, stream)),
        (_, Shape::Text(min, max)) => {
            let fitting = text(param.name, stream);
            let length = fitting.len().clamp(min, max.min(64).max(min));
            quoted(&format!("{fitting:x<length$}"))
        }
    }
}

/// A text for a parameter of this name.
fn text(name: &str, stream: &mut Stream) -> String {
    if in_cases(1, 6, stream) {
        return one_of(TEXTS, stream).to_owned();
    }
    let any = |part: &str| name.contains(part);
    match name {
        _ if any("ssid") => "espat-sim".to_owned(),
        _ if any("pwd") || any("password") => "correct horse".to_owned(),
        _ if any("url") || any("uri") => one_of(URLS, stream).to_owned(),
        _ if any("host") || any("domain") || any("server") || any("sni") => one_of(HOSTS, stream).to_owned(),
        _ if any("topic") => "a/b".to_owned(),
        _ => one_of(TEXTS, stream).to_owned(),
    }
}

/// Puts another value for one parameter of a line `AT+X=…`.
pub fn with_another_value(line: &str, stream: &mut Stream) -> Option<String> {
    let (name, given) = line.split_once('=').filter(|(name, _)| name.starts_with("AT"))?;
    let mut values: Vec<String> = given.split(',').map(str::to_owned).collect();
    let place = stream.between(0, values.len() as u64 - 1) as usize;
    values[place] = if in_cases(1, 2, stream) {
        one_of(NUMBERS, stream).to_owned()
    } else {
        format!("\"{}\"", one_of(TEXTS, stream))
    };
    Some(format!("{name}={}", values.join(",")))
}
