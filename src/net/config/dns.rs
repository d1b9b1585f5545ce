//! What a DNS server knows, and how it answers.

use std::net::IpAddr;

use crate::time::Duration;

/// What a DNS server knows, and how it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsConfig {
    /// Names with their addresses, or each with the name that it is an alias of.
    pub records: Vec<(String, DnsRecord)>,
    /// How long an answer may be kept, in seconds.
    pub ttl: u32,
    /// How it behaves.
    pub behaviour: DnsBehaviour,
}

impl Default for DnsConfig {
    /// Answers are right, come at once, and may be kept for a minute.
    fn default() -> Self {
        DnsConfig { records: Vec::new(), ttl: 60, behaviour: DnsBehaviour::default() }
    }
}

/// What a DNS server knows of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsRecord {
    /// A and AAAA records, in their order.
    Addresses(Vec<IpAddr>),
    /// A CNAME record.
    Alias(String),
}

/// How a DNS server behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DnsBehaviour {
    /// What it answers.
    pub answers: DnsAnswers,
    /// How long it thinks before.
    pub delay: Duration,
}

/// What a DNS server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DnsAnswers {
    /// What it knows.
    #[default]
    Right,
    /// There is no such name (NXDOMAIN), whatever the name.
    NoName,
    /// It has failed (SERVFAIL).
    Failure,
    /// It will not (REFUSED).
    Refusal,
    /// The answer did not fit: no records, and the bit that says so.
    Truncated,
    /// The right answer to another transaction.
    WrongId,
    /// Nothing.
    Silence,
}

impl DnsAnswers {
    /// Each with the word for it.
    pub const WORDS: [(&str, DnsAnswers); 7] = [
        ("right", DnsAnswers::Right),
        ("nxdomain", DnsAnswers::NoName),
        ("servfail", DnsAnswers::Failure),
        ("refused", DnsAnswers::Refusal),
        ("truncated", DnsAnswers::Truncated),
        ("wrong-id", DnsAnswers::WrongId),
        ("none", DnsAnswers::Silence),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, answers)| *answers == self).map_or("", |(word, _)| word)
    }
}
