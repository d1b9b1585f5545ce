//! What a host does to the connections of its TCP services, in Toxiproxy's words: plain data.

use std::fmt;

use crate::time::Duration;

/// What a host answers to those who dial one of its ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialled {
    /// What listens there accepts.
    #[default]
    Accepted,
    /// RST, as where nothing listens. Connections that are open go on.
    Refused,
    /// Nothing, as behind a firewall.
    Ignored,
}

impl Dialled {
    /// Each with the word for it.
    pub const WORDS: [(&str, Dialled); 3] =
        [("accept", Dialled::Accepted), ("refuse", Dialled::Refused), ("ignore", Dialled::Ignored)];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, dialled)| *dialled == self).map_or("", |(word, _)| word)
    }
}

/// What is done to the connections of a port, below TLS and below the service: it notices as it would notice a network
/// that does this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toxics {
    /// Who dials.
    pub dialled: Dialled,
    /// Nothing passes any more, in either direction, and nobody is told: also not that one end has closed.
    pub stall: bool,
    /// What the service sends goes out in pieces of at most so many bytes (at least 1), a segment each.
    pub slice: Option<u32>,
    /// Pause behind each piece.
    pub slice_delay: Duration,
    /// Bits per second in each direction (at least 1).
    pub bandwidth_bps: Option<u64>,
    /// The connection is reset when so many bytes have come from the peer, or so many have reached it.
    pub reset_after: Option<u64>,
    /// It is closed then.
    pub close_after: Option<u64>,
    /// So long passes before the service's FIN.
    pub slow_close: Duration,
    /// Chance that one bit of a byte that the service sends is inverted, in a million.
    pub garble_ppm: u32,
}

impl Toxics {
    /// True when nothing is done to connections that are open.
    pub fn is_harmless(&self) -> bool {
        *self == Toxics { dialled: self.dialled, ..Toxics::default() }
    }
}

/// Toxics that change; `None` leaves one as it is. Units and ranges are those of [`Toxics`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToxicsChange {
    /// Everything else is taken away first.
    pub none: Option<()>,
    /// Who dials.
    pub dialled: Option<Dialled>,
    /// Nothing passes, or again.
    pub stall: Option<bool>,
    /// Pieces of so many bytes, with this pause; the inner `None`: no pieces.
    pub slice: Option<Option<(u32, Duration)>>,
    /// Bits per second; the inner `None` lifts the limit.
    pub bandwidth_bps: Option<Option<u64>>,
    /// Bytes up to a RST.
    pub reset_after: Option<u64>,
    /// Bytes up to a FIN.
    pub close_after: Option<u64>,
    /// The FIN's delay.
    pub slow_close: Option<Duration>,
    /// Chance that a byte is wrong, parts per million.
    pub garble_ppm: Option<u32>,
}

impl ToxicsChange {
    /// Makes the change.
    pub fn apply(&self, toxics: &mut Toxics) {
        if self.none.is_some() {
            *toxics = Toxics::default();
        }
        let old = *toxics;
        let slice = self.slice.unwrap_or(old.slice.map(|bytes| (bytes, old.slice_delay)));
        *toxics = Toxics {
            dialled: self.dialled.unwrap_or(old.dialled),
            stall: self.stall.unwrap_or(old.stall),
            slice: slice.map(|(bytes, _)| bytes),
            slice_delay: slice.map_or(Duration::ZERO, |(_, delay)| delay),
            bandwidth_bps: self.bandwidth_bps.unwrap_or(old.bandwidth_bps),
            reset_after: self.reset_after.or(old.reset_after),
            close_after: self.close_after.or(old.close_after),
            slow_close: self.slow_close.unwrap_or(old.slow_close),
            garble_ppm: self.garble_ppm.unwrap_or(old.garble_ppm),
        };
    }
}

/// What toxics have done to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poisoned {
    /// Its first SYN was answered with RST.
    Refused,
    /// It was reset, after so many bytes in one direction.
    Reset(u64),
    /// It was closed, after so many bytes in one direction.
    Closed(u64),
    /// A test has made it half-open: this host does not know it any more, and its peer does.
    HalfOpen,
}

impl fmt::Display for Poisoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Poisoned::Refused => f.write_str("refused"),
            Poisoned::Reset(bytes) => write!(f, "reset after {bytes} bytes"),
            Poisoned::Closed(bytes) => write!(f, "closed after {bytes} bytes"),
            Poisoned::HalfOpen => f.write_str("half-open"),
        }
    }
}
