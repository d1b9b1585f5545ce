//! What a command's parameters may be, as data, and the check of a typed line against it.
//!
//! The table describes each parameter with a [`Param`]: its name, what [`Kind`] of value it takes, whether it may be left
//! out. A line that has passed the check is an [`Args`], which gives the values out by name, as what they are.

mod args;

pub use args::{Args, Given, WhichLinks};

use super::limits::Limits;
use crate::profile::{self, Availability, Chip};

/// What kind of value a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number from `min` to `max`.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A port of TCP or UDP from `min` to 65535. Where 0 is allowed, it means any.
    Port {
        /// 0 or 1.
        min: u16,
    },
    /// A link.
    Link,
    /// A link, or the number behind the last one for all of them.
    LinkOrAll,
    /// A string of `min` to `max` bytes.
    Text {
        /// Shortest, bytes.
        min: usize,
        /// Longest, bytes.
        max: usize,
    },
    /// The same, but one that is UTF-8: of a host, a partition.
    Name {
        /// Shortest, bytes.
        min: usize,
        /// Longest, bytes.
        max: usize,
    },
    /// An IPv4 address.
    Ipv4,
    /// An IPv4 or IPv6 address. It may be empty.
    Address,
    /// A MAC address: six pairs of hexadecimal digits with colons.
    Mac {
        /// It may also be empty.
        or_empty: bool,
    },
    /// One of these strings, in this case.
    Choice(&'static [&'static str]),
}

/// What is checked of a value before the command sees it, whatever it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number in this range, both ends included.
    Number(i64, i64),
    /// A string of so many bytes, both ends included.
    Text(usize, usize),
    /// One of these strings.
    Choice(&'static [&'static str]),
}

/// Links of a module.
const LINKS: i64 = profile::LINKS as i64; // wider: nothing is lost

impl Kind {
    /// What is checked of a value of this kind.
    pub const fn shape(self) -> Shape {
        match self {
            Kind::Int { min, max } => Shape::Number(min, max),
            Kind::Port { min } => Shape::Number(min as i64, u16::MAX as i64), // wider: nothing is lost
            Kind::Link => Shape::Number(0, LINKS - 1),
            Kind::LinkOrAll => Shape::Number(0, LINKS),
            Kind::Text { min, max } | Kind::Name { min, max } => Shape::Text(min, max),
            Kind::Ipv4 => Shape::Text(7, 15),
            Kind::Address => Shape::Text(0, 45),
            Kind::Mac { or_empty } => Shape::Text(if or_empty { 0 } else { 17 }, 17),
            Kind::Choice(of) => Shape::Choice(of),
        }
    }
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
    /// How many times it may stand, one behind the other.
    pub times: usize,
    /// Which profiles have it. Where the range changed with a release, one parameter stands behind the other, and
    /// a profile has one of them.
    pub on: Availability,
}

/// A required parameter.
const fn required(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, presence: Presence::Required, times: 1, on: Availability::ALL }
}

/// A required number.
pub const fn int(name: &'static str, min: i64, max: i64) -> Param {
    required(name, Kind::Int { min, max })
}

/// A required number that is also saved: [`Limits`] stand for both.
pub const fn within(name: &'static str, limits: Limits) -> Param {
    int(name, limits.min, limits.max)
}

/// A required port, 1 to 65535.
pub const fn port(name: &'static str) -> Param {
    required(name, Kind::Port { min: 1 })
}

/// A required port, or 0 for any.
pub const fn any_port(name: &'static str) -> Param {
    required(name, Kind::Port { min: 0 })
}

/// The link that a command is for.
pub const fn link() -> Param {
    required(Args::LINK, Kind::Link)
}

/// The link that a command is for, or all of them.
pub const fn links() -> Param {
    required(Args::LINK, Kind::LinkOrAll)
}

/// A required string.
pub const fn text(name: &'static str, min: usize, max: usize) -> Param {
    required(name, Kind::Text { min, max })
}

/// A required string that is saved, too.
pub const fn text_within(name: &'static str, limits: Limits) -> Param {
    // No length is negative, or larger than a usize.
    text(name, limits.min as usize, limits.max as usize)
}

/// A required string in UTF-8.
pub const fn name(name: &'static str, min: usize, max: usize) -> Param {
    required(name, Kind::Name { min, max })
}

/// A required IPv4 address.
pub const fn ipv4(name: &'static str) -> Param {
    required(name, Kind::Ipv4)
}

/// A required address of either family, or an empty string.
pub const fn address(name: &'static str) -> Param {
    required(name, Kind::Address)
}

/// A required MAC address.
pub const fn mac(name: &'static str) -> Param {
    required(name, Kind::Mac { or_empty: false })
}

/// A required MAC address, or an empty string.
pub const fn mac_or_empty(name: &'static str) -> Param {
    required(name, Kind::Mac { or_empty: true })
}

/// A required string out of a list.
pub const fn choice(name: &'static str, of: &'static [&'static str]) -> Param {
    required(name, Kind::Choice(of))
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

    /// The same, but up to `times` of it, or none at all.
    pub const fn repeated(self, times: usize) -> Param {
        Param { times, presence: Presence::Optional, ..self }
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
