//! What a command's parameters may be, as data, and the check of a typed line against it.

use super::error::ErrorCode;
use super::params::Raw;
use crate::profile::{Availability, Chip, Profile};

/// What kind of value a parameter takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A number from `min` to `max`.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A string of `min` to `max` bytes.
    Text {
        /// Shortest, bytes.
        min: usize,
        /// Longest, bytes.
        max: usize,
    },
    /// One of these strings, in this case.
    Choice(&'static [&'static str]),
}

/// Whether a parameter may be left out.
#[derive(Clone, Copy, Debug)]
pub enum Presence {
    /// It must be there.
    Required,
    /// It may be left out; there is no value then.
    Optional,
    /// It may be left out and is this number then.
    Default(i64),
    /// It must be there with AT+CIPMUX=1, and must not with AT+CIPMUX=0.
    MultipleOnly,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name in the specification.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it may be left out.
    pub presence: Presence,
    /// Which profiles have it. Where the range changed with a release, one parameter stands behind the other, and
    /// a profile has one of them.
    pub on: Availability,
}

/// A required number.
pub const fn int(name: &'static str, min: i64, max: i64) -> Param {
    Param { name, kind: Kind::Int { min, max }, presence: Presence::Required, on: Availability::ALL }
}

/// A required string.
pub const fn text(name: &'static str, min: usize, max: usize) -> Param {
    Param { name, kind: Kind::Text { min, max }, presence: Presence::Required, on: Availability::ALL }
}

/// A required string out of a list.
pub const fn choice(name: &'static str, of: &'static [&'static str]) -> Param {
    Param { name, kind: Kind::Choice(of), presence: Presence::Required, on: Availability::ALL }
}

impl Param {
    /// The same, but it may be left out.
    pub const fn optional(self) -> Param {
        Param { presence: Presence::Optional, ..self }
    }

    /// The same, but left out it is `value`.
    pub const fn or(self, value: i64) -> Param {
        Param { presence: Presence::Default(value), ..self }
    }

    /// The same, but only with AT+CIPMUX=1.
    pub const fn multiple_only(self) -> Param {
        Param { presence: Presence::MultipleOnly, ..self }
    }

    /// The same, but only since this release.
    pub const fn since(self, major: u8, minor: u8) -> Param {
        Param { on: self.on.since(major, minor), ..self }
    }

    /// The same, but only before this release.
    pub const fn before(self, major: u8, minor: u8) -> Param {
        Param { on: self.on.before(major, minor), ..self }
    }

    /// The same, but only on these chips.
    pub const fn on(self, chips: &'static [Chip]) -> Param {
        Param { on: self.on.on(chips), ..self }
    }
}

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Int(i64),
    Text(Vec<u8>),
}

/// Parameters that have passed the check, by name.
#[derive(Clone, Debug, Default)]
pub struct Args {
    values: Vec<(&'static str, usize, Option<Value>)>,
}

impl Args {
    /// Checks `raw` against those of `params` that the profile has.
    pub fn check(
        params: &'static [Param],
        raw: &[Raw],
        multiple: bool,
        profile: &Profile,
    ) -> Result<Args, ErrorCode> {
        let expected = || {
            let present = params.iter().filter(|p| profile.has(&p.on));
            present.filter(|p| multiple || !matches!(p.presence, Presence::MultipleOnly))
        };
        let most = expected().count();
        let is_required = |p: &Param| matches!(p.presence, Presence::Required | Presence::MultipleOnly);
        let least =
            expected().enumerate().filter(|(_, p)| is_required(p)).map(|(i, _)| i + 1).last().unwrap_or(0);
        if raw.len() > most {
            return Err(ErrorCode::count(most, raw.len()));
        }
        if raw.len() < least {
            return Err(ErrorCode::count(least, raw.len()));
        }
        let mut values = Vec::with_capacity(most);
        for (i, param) in expected().enumerate() {
            let value = match (raw.get(i).unwrap_or(&Raw::Omitted), param.presence) {
                (Raw::Omitted, Presence::Default(n)) => Some(Value::Int(n)),
                (Raw::Omitted, Presence::Optional) => None,
                (Raw::Omitted, _) => return Err(ErrorCode::invalid(i)),
                (given, _) => Some(value(&param.kind, given, i)?),
            };
            values.push((param.name, i, value));
        }
        Ok(Args { values })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(n, ..)| *n == name).and_then(|(.., v)| v.as_ref())
    }

    /// True when `name` was not left out, or has a default.
    pub fn is_given(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The number called `name`; `None` when it was left out and has no default.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Int(n)) => Some(*n),
            _ => None,
        }
    }

    /// The string called `name`; `None` when it was left out.
    pub fn text(&self, name: &str) -> Option<&[u8]> {
        match self.get(name) {
            Some(Value::Text(t)) => Some(t),
            _ => None,
        }
    }

    /// The code that says the value of `name` is not allowed.
    pub fn invalid(&self, name: &str) -> ErrorCode {
        let index = self.values.iter().find(|(n, ..)| *n == name).map_or(0, |(_, i, _)| *i);
        ErrorCode::invalid(index)
    }
}

fn value(kind: &Kind, raw: &Raw, index: usize) -> Result<Value, ErrorCode> {
    match (kind, raw) {
        (_, Raw::Unreadable) => Err(ErrorCode::unreadable(index)),
        (Kind::Int { min, max }, Raw::Number(n)) => {
            if (min..=max).contains(&n) {
                Ok(Value::Int(*n))
            } else {
                Err(ErrorCode::invalid(index))
            }
        }
        (Kind::Text { min, max }, Raw::Text(t)) => {
            if (min..=max).contains(&&t.len()) {
                Ok(Value::Text(t.clone()))
            } else {
                Err(ErrorCode::length(index))
            }
        }
        (Kind::Choice(of), Raw::Text(t)) => {
            if of.iter().any(|c| c.as_bytes() == t) {
                Ok(Value::Text(t.clone()))
            } else {
                Err(ErrorCode::invalid(index))
            }
        }
        _ => Err(ErrorCode::wrong_type(index)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile;

    static PARAMS: [Param; 4] = [
        int("link ID", 0, 4).multiple_only(),
        text("host", 1, 8),
        int("port", 1, 65_535),
        int("keep alive", 0, 7200).or(0),
    ];

    fn check(line: &str, multiple: bool) -> Result<Args, u32> {
        let raw = super::super::params::CommandLine::parse(line.as_bytes()).unwrap().params;
        Args::check(&PARAMS, &raw, multiple, profile::PROFILES[0]).map_err(ErrorCode::value)
    }

    #[test]
    fn a_parameter_that_the_profile_lacks_is_not_expected() {
        static CHANGED: [Param; 3] = [
            int("length", 1, 2048).before(2, 3),
            int("length", 1, 8192).since(2, 3),
            int("new", 0, 1).or(0).since(4, 1),
        ];
        let check = |profile: &str, line: &str| {
            let raw = super::super::params::CommandLine::parse(line.as_bytes()).unwrap().params;
            let profile = profile::find(profile).expect(profile);
            Args::check(&CHANGED, &raw, false, profile)
                .map(|a| (a.int("length"), a.int("new")))
                .map_err(ErrorCode::value)
        };
        assert_eq!(check("esp8266-v2.2", "AT+X=2048"), Ok((Some(2048), None)));
        assert_eq!(check("esp8266-v2.2", "AT+X=2049"), Err(0x0107_0000));
        assert_eq!(check("esp32c3-v2.3", "AT+X=8192"), Ok((Some(8192), None)));
        assert_eq!(check("esp32c3-v2.3", "AT+X=1,1"), Err(0x0106_0102), "there is no second one yet");
        assert_eq!(check("esp32c6-v4.1", "AT+X=1,1"), Ok((Some(1), Some(1))));
    }

    #[test]
    fn the_link_id_is_there_in_multiple_mode_only() {
        let args = check(r#"AT+X=3,"h",80"#, true).unwrap();
        assert_eq!(
            (args.int("link ID"), args.int("port"), args.int("keep alive")),
            (Some(3), Some(80), Some(0))
        );
        let args = check(r#"AT+X="h",80,7200"#, false).unwrap();
        assert_eq!((args.int("link ID"), args.text("host")), (None, Some(&b"h"[..])));
        assert_eq!(
            check(r#"AT+X=3,"h",80"#, false).unwrap_err(),
            0x0105_0000,
            "a number where the host stands"
        );
        assert_eq!(check(r#"AT+X="h",80"#, true).unwrap_err(), 0x0106_0302);
    }

    #[test]
    fn counts_types_ranges_and_lengths_have_their_codes() {
        for (line, code) in [
            (r#"AT+X="h""#, 0x0106_0201),
            (r#"AT+X="h",1,2,3"#, 0x0106_0304),
            (r#"AT+X="h","80""#, 0x0105_0001),
            (r#"AT+X=h,80"#, 0x0108_0000),
            (r#"AT+X="h",65536"#, 0x0107_0001),
            (r#"AT+X="h",0"#, 0x0107_0001),
            (r#"AT+X="123456789",80"#, 0x0104_0000),
            (r#"AT+X=,80"#, 0x0107_0000),
        ] {
            assert_eq!(check(line, false).unwrap_err(), code, "{line}");
        }
    }
}
