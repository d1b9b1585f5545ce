//! Parameters that have passed the check, by name, as what they are.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::{Param, Presence, Shape};
use crate::at::address::mac_from_text;
use crate::at::error::ErrorCode;
use crate::at::params::Raw;
use crate::profile::Availability;

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Int(i64),
    Text(Vec<u8>),
}

/// Parameters that have passed the check, by name.
///
/// A name that the syntax does not have is a mistake of the handler, and so is a number asked for as something that
/// the parameter's range does not fit into: a debug build stops at both.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// All parameters of the syntax, whatever the profile and AT+CIPMUX.
    params: &'static [Param],
    /// Those that can stand here, with their names.
    values: Vec<(&'static str, Option<Value>)>,
}

/// The links that a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichLinks {
    /// This one.
    One(usize),
    /// Every one that there is.
    All,
}

impl WhichLinks {
    /// Their ids, of `count` links.
    pub fn ids(self, count: usize) -> Range<usize> {
        match self {
            WhichLinks::One(id) => id..id + 1,
            WhichLinks::All => 0..count,
        }
    }
}

impl Args {
    /// What the specification calls the link that a command is for.
    pub const LINK: &'static str = "link ID";

    /// Checks `raw` against those of `params` that there are, as `has` tells.
    pub fn check(
        params: &'static [Param],
        raw: &[Raw],
        multiple: bool,
        has: impl Fn(&Availability) -> bool,
    ) -> Result<Args, ErrorCode> {
        let expected = || {
            let present = params.iter().filter(|p| has(&p.on));
            let present = present.filter(|p| multiple || !matches!(p.presence, Presence::MultipleOnly));
            present.flat_map(|p| std::iter::repeat_n(p, p.times))
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
                (given, _) => Some(value(param.kind.shape(), given, i)?),
            };
            values.push((param.name, value));
        }
        Ok(Args { params, values })
    }

    /// Everything under `name`, which may be repeated, in order. Empty where the profile or AT+CIPMUX=0 has no such
    /// parameter.
    pub fn each(&self, name: &str) -> impl Iterator<Item = Given<'_>> {
        debug_assert!(self.params.iter().any(|p| p.name == name), "there is no parameter {name}");
        let values = self.values.iter().enumerate().filter(move |(_, (n, _))| *n == name);
        values.map(|(position, (_, value))| Given { position, value: value.as_ref() })
    }

    fn first(&self, name: &str) -> Given<'_> {
        self.each(name).next().unwrap_or(Given { position: 0, value: None })
    }

    /// True when `name` was not left out, or has a default.
    pub fn is_given(&self, name: &str) -> bool {
        self.first(name).value.is_some()
    }

    /// The number called `name`; `None` when it was left out and has no default.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.first(name).value {
            Some(Value::Int(n)) => Some(*n),
            _ => None,
        }
    }

    /// The same, as what it is used as.
    pub fn given<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        let number = T::try_from(self.int(name)?).ok();
        debug_assert!(number.is_some(), "the range of {name} is wider than what it is used as");
        number
    }

    /// The same, of a number that must be there or has a default.
    pub fn number<T: TryFrom<i64> + Default>(&self, name: &str) -> T {
        let number = self.given(name);
        debug_assert!(number.is_some(), "{name} may be left out");
        number.unwrap_or_default()
    }

    /// Whether the number called `name` is 1.
    pub fn is_on(&self, name: &str) -> bool {
        self.int(name) == Some(1)
    }

    /// The port called `name`; `None` when it was left out.
    pub fn port(&self, name: &str) -> Option<u16> {
        self.given(name)
    }

    /// The link that a command is for: with AT+CIPMUX=0 the only one, 0.
    pub fn link(&self) -> usize {
        self.given(Args::LINK).unwrap_or(0)
    }

    /// The link or links that a command is for: with AT+CIPMUX=0 the only one, 0.
    pub fn links(&self) -> WhichLinks {
        match self.int(Args::LINK) {
            Some(super::LINKS) => WhichLinks::All,
            _ => WhichLinks::One(self.link()),
        }
    }

    /// The string called `name`; `None` when it was left out.
    pub fn text(&self, name: &str) -> Option<&[u8]> {
        self.first(name).text()
    }

    /// The same in UTF-8.
    ///
    /// # Errors
    /// It is something else.
    pub fn name(&self, name: &str) -> Result<Option<&str>, ErrorCode> {
        self.first(name).name()
    }

    /// The IPv4 address called `name`; `None` when it was left out.
    ///
    /// # Errors
    /// It is something else.
    pub fn ipv4(&self, name: &str) -> Result<Option<Ipv4Addr>, ErrorCode> {
        self.first(name).parsed()
    }

    /// The address called `name`; `None` when it was left out.
    ///
    /// # Errors
    /// It is something else, an empty string for one.
    pub fn address(&self, name: &str) -> Result<Option<IpAddr>, ErrorCode> {
        self.first(name).parsed()
    }

    /// The MAC address called `name`; `None` when it was left out, or is empty where it may be.
    ///
    /// # Errors
    /// It is something else.
    pub fn mac(&self, name: &str) -> Result<Option<[u8; 6]>, ErrorCode> {
        let given = self.first(name);
        match given.text() {
            None | Some(b"") => Ok(None),
            Some(text) => mac_from_text(text).map(Some).ok_or(given.invalid()),
        }
    }

    /// The code that says the value of `name` is not allowed.
    pub fn invalid(&self, name: &str) -> ErrorCode {
        self.first(name).invalid()
    }
}

/// One parameter of a line, given or left out.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Its place in the line.
    position: usize,
    value: Option<&'a Value>,
}

impl<'a> Given<'a> {
    /// The string; `None` when it was left out.
    pub fn text(self) -> Option<&'a [u8]> {
        match self.value {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The number; `None` when it was left out.
    pub fn int(self) -> Option<i64> {
        match self.value {
            Some(Value::Int(n)) => Some(*n),
            _ => None,
        }
    }

    fn name(self) -> Result<Option<&'a str>, ErrorCode> {
        self.text().map(std::str::from_utf8).transpose().map_err(|_| self.invalid())
    }

    /// The string as the address that it stands for; `None` when it was left out.
    ///
    /// # Errors
    /// It stands for none.
    pub fn parsed<T: std::str::FromStr>(self) -> Result<Option<T>, ErrorCode> {
        self.name()?.map(str::parse).transpose().map_err(|_| self.invalid())
    }

    /// The code that says that its value is not allowed.
    pub fn invalid(self) -> ErrorCode {
        ErrorCode::invalid(self.position)
    }
}

fn value(shape: Shape, raw: &Raw, index: usize) -> Result<Value, ErrorCode> {
    match (shape, raw) {
        (_, Raw::Unreadable) => Err(ErrorCode::unreadable(index)),
        (Shape::Number(min, max), Raw::Number(n)) => {
            if (min..=max).contains(n) {
                Ok(Value::Int(*n))
            } else {
                Err(ErrorCode::invalid(index))
            }
        }
        (Shape::Text(min, max), Raw::Text(t)) => {
            if (min..=max).contains(&t.len()) {
                Ok(Value::Text(t.clone()))
            } else {
                Err(ErrorCode::length(index))
            }
        }
        (Shape::Choice(of), Raw::Text(t)) => {
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
    use crate::at::schema::{any_port, int, ipv4, links, mac, name, text};
    use crate::profile::{self, PROFILES};

    static PARAMS: [Param; 4] = [
        int("link ID", 0, 4).multiple_only(),
        text("host", 1, 8),
        int("port", 1, 65_535),
        int("keep alive", 0, 7200).or(0),
    ];

    fn check(line: &str, multiple: bool) -> Result<Args, u32> {
        let raw = crate::at::params::CommandLine::parse(line.as_bytes()).unwrap().params;
        Args::check(&PARAMS, &raw, multiple, |on| PROFILES[0].has(on)).map_err(ErrorCode::value)
    }

    #[test]
    fn a_parameter_that_the_profile_lacks_is_not_expected() {
        static CHANGED: [Param; 3] = [
            int("length", 1, 2048).before(2, 3),
            int("length", 1, 8192).since(2, 3),
            int("new", 0, 1).or(0).since(4, 1),
        ];
        let check = |profile: &str, line: &str| {
            let raw = crate::at::params::CommandLine::parse(line.as_bytes()).unwrap().params;
            let profile = profile::find(profile).expect(profile);
            Args::check(&CHANGED, &raw, false, |on| profile.has(on))
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

    #[test]
    fn values_come_out_as_what_they_are() {
        static SYNTAX: [Param; 5] = [
            links().multiple_only(),
            ipv4("ip").optional(),
            mac("mac").optional(),
            any_port("port").optional(),
            name("name", 0, 9).optional(),
        ];
        let read = |line: &str, multiple| {
            let raw = super::super::super::params::CommandLine::parse(line.as_bytes()).unwrap().params;
            Args::check(&SYNTAX, &raw, multiple, |on| PROFILES[0].has(on)).map_err(ErrorCode::value)
        };
        let args = read(r#"AT+X=5,"10.0.0.1","02:00:00:00:00:01",0,"n""#, true).unwrap();
        assert_eq!((args.links(), args.port("port")), (WhichLinks::All, Some(0)));
        assert_eq!(args.ipv4("ip"), Ok(Some(Ipv4Addr::new(10, 0, 0, 1))));
        assert_eq!(args.mac("mac"), Ok(Some([2, 0, 0, 0, 0, 1])));
        assert_eq!(args.name("name"), Ok(Some("n")));
        let args = read("AT+X=,", false).unwrap();
        assert_eq!(
            (args.links(), args.port("port")),
            (WhichLinks::One(0), None),
            "one link, and it has no number"
        );
        assert_eq!((args.ipv4("ip"), args.mac("mac"), args.name("name")), (Ok(None), Ok(None), Ok(None)));
        let args = read("AT+X=4,\"10.0.0.256\",\"02:00:00:00:00:0g\"", true).unwrap();
        assert_eq!(args.links(), WhichLinks::One(4));
        assert_eq!(args.ipv4("ip").map_err(ErrorCode::value), Err(0x0107_0001));
        assert_eq!(args.mac("mac").map_err(ErrorCode::value), Err(0x0107_0002));
        assert_eq!(read(r#"AT+X=6,"10.0.0.1""#, true).unwrap_err(), 0x0107_0000, "there is no such link");
        assert_eq!(read(r#"AT+X=0,"1.1.1""#, true).unwrap_err(), 0x0104_0001, "too short for any address");
    }

    #[test]
    fn a_repeated_parameter_stands_as_often_as_it_may() {
        static SYNTAX: [Param; 2] = [int("count", 0, 3), text("part", 1, 2).repeated(3)];
        let read = |line: &str| {
            let raw = super::super::super::params::CommandLine::parse(line.as_bytes()).unwrap().params;
            let args =
                Args::check(&SYNTAX, &raw, false, |on| PROFILES[0].has(on)).map_err(ErrorCode::value)?;
            Ok(args.each("part").map(|part| part.text().map(<[u8]>::to_vec)).collect::<Vec<_>>())
        };
        let some = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(read(r#"AT+X=2,"a","bc""#), Ok(vec![some("a"), some("bc"), None]));
        assert_eq!(read(r#"AT+X=2,"a",,"c""#), Ok(vec![some("a"), None, some("c")]));
        assert_eq!(read("AT+X=0"), Ok(vec![None; 3]));
        assert_eq!(read(r#"AT+X=4,"a","b","c","d""#), Err(0x0106_0405_u32), "four at most");
        assert_eq!(read(r#"AT+X=2,"a","bcd""#), Err(0x0104_0002), "each has its own place in the code");
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "there is no parameter prot")]
    fn a_name_that_the_syntax_does_not_have_stops_a_debug_build() {
        let _ = check(r#"AT+X="h",80"#, false).unwrap().port("prot");
    }
}
