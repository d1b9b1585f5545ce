//! Virtual time: instants and durations in nanoseconds, and a driver's own timebase.
//!
//! Nothing in the simulation reads a clock. An [`Instant`] is always an argument: nanoseconds since the
//! world's start. A driver that counts in something else (CPU cycles, microseconds) names its unit once, as a
//! [`Timebase`], and the conversion is exact rational arithmetic: down on the way in, up on the way out, so
//! that an event handed out at tick `n` has really happened when the driver comes back with `n`.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Nanoseconds in one second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// A point of virtual time: nanoseconds since the world's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A span of virtual time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Instant {
    /// The world's start.
    pub const ZERO: Instant = Instant(0);
    /// The end of time (about 584 years).
    pub const MAX: Instant = Instant(u64::MAX);

    /// The instant `ns` nanoseconds after the world's start.
    pub const fn from_nanos(ns: u64) -> Self {
        Instant(ns)
    }

    /// Nanoseconds since the world's start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The span from `earlier` to `self`; zero when `earlier` is later.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// A span of `ns` nanoseconds.
    pub const fn from_nanos(ns: u64) -> Self {
        Duration(ns)
    }

    /// A span of `us` microseconds.
    pub const fn from_micros(us: u64) -> Self {
        Duration(us.saturating_mul(1_000))
    }

    /// A span of `ms` milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Duration(ms.saturating_mul(1_000_000))
    }

    /// A span of `s` seconds.
    pub const fn from_secs(s: u64) -> Self {
        Duration(s.saturating_mul(NANOS_PER_SEC))
    }

    /// The span in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The span in whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    /// Saturates at [`Instant::MAX`].
    fn add(self, d: Duration) -> Instant {
        Instant(self.0.saturating_add(d.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, d: Duration) {
        *self = *self + d;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    /// Saturates at [`Instant::ZERO`].
    fn sub(self, d: Duration) -> Instant {
        Instant(self.0.saturating_sub(d.0))
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, d: Duration) -> Duration {
        Duration(self.0.saturating_add(d.0))
    }
}

/// The earliest of several, `None` standing for never. On the hot path: a plain loop, which compiles to
/// comparisons of registers where iterators over an array of options go through memory.
#[inline]
pub fn earliest<T: Copy + Ord, const N: usize>(times: [Option<T>; N]) -> Option<T> {
    let mut first: Option<T> = None;
    for time in &times {
        first = match (first, *time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    first
}

/// Seconds with six decimals: `12.345678 s`, the form of the dialogue and of messages.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} s", self.0 / NANOS_PER_SEC, self.0 % NANOS_PER_SEC / 1_000)
    }
}

/// The largest unit that shows the whole span: `20 ms`, `1500 us`, `7 ns`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (ns, unit) in [(NANOS_PER_SEC, "s"), (1_000_000, "ms"), (1_000, "us")] {
            if self.0 >= ns && self.0.is_multiple_of(ns) {
                return write!(f, "{} {unit}", self.0 / ns);
            }
        }
        write!(f, "{} ns", self.0)
    }
}

/// How one driver counts time: ticks per second, and the world's time at its tick 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timebase {
    hz: u64,
    origin: Instant,
}

impl Timebase {
    /// One tick is one nanosecond, starting with the world.
    pub const NANOS: Timebase = Timebase { hz: NANOS_PER_SEC, origin: Instant::ZERO };

    /// A timebase of `hz` ticks per second whose tick 0 is `origin`. `None` when `hz` is 0.
    pub const fn new(hz: u64, origin: Instant) -> Option<Self> {
        if hz == 0 { None } else { Some(Timebase { hz, origin }) }
    }

    /// Ticks per second.
    pub const fn hz(self) -> u64 {
        self.hz
    }

    /// The world's time at tick 0.
    pub const fn origin(self) -> Instant {
        self.origin
    }

    /// The instant of `tick`, rounded down to a nanosecond. `None` past the end of time.
    pub fn instant(self, tick: u64) -> Option<Instant> {
        let ns = u128::from(tick) * u128::from(NANOS_PER_SEC) / u128::from(self.hz);
        let ns = u64::try_from(ns).ok()?.checked_add(self.origin.0)?;
        Some(Instant(ns))
    }

    /// The first tick at which `t` has been reached; 0 for instants before the origin.
    /// Saturates at `u64::MAX`.
    pub fn tick(self, t: Instant) -> u64 {
        let ns = u128::from(t.since(self.origin).0);
        let ticks = (ns * u128::from(self.hz)).div_ceil(u128::from(NANOS_PER_SEC));
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// The last tick whose instant is `t` or before; `None` when `t` lies before tick 0. Saturates at `u64::MAX`.
    pub fn last_tick(self, t: Instant) -> Option<u64> {
        let ns = u128::from(t.0.checked_sub(self.origin.0)?) + 1;
        let ticks = (ns * u128::from(self.hz)).div_ceil(u128::from(NANOS_PER_SEC)) - 1;
        Some(u64::try_from(ticks).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_handed_out_has_reached_its_instant_in_every_timebase() {
        for hz in [1, 3, 32_768, 1_000_000, 16_000_000, 25_000_000, 84_000_000, 168_000_000, 1_000_000_000] {
            let base = Timebase::new(hz, Instant::from_nanos(17)).unwrap();
            for ns in [17, 18, 19, 1_000, 86_805, 1_000_000_016, 999_999_999_999, 123_456_789_012_345] {
                let t = Instant::from_nanos(ns);
                let tick = base.tick(t);
                if hz <= NANOS_PER_SEC {
                    assert!(base.instant(tick).unwrap() >= t, "{hz} Hz: tick {tick} comes before {ns} ns");
                }
                if tick > 0 {
                    assert!(base.instant(tick - 1).unwrap() < t, "{hz} Hz: tick {tick} is late for {ns} ns");
                }
            }
        }
    }

    #[test]
    fn the_last_tick_of_an_instant_is_the_one_before_the_first_that_is_later() {
        for hz in [1, 3, 32_768, 84_000_000, 1_000_000_000, 3_000_000_000] {
            let base = Timebase::new(hz, Instant::from_nanos(17)).unwrap();
            for ns in [17, 18, 19, 1_000, 86_805, 1_000_000_016, 123_456_789_012_345] {
                let t = Instant::from_nanos(ns);
                let tick = base.last_tick(t).unwrap();
                assert!(base.instant(tick).unwrap() <= t, "{hz} Hz: tick {tick} comes after {ns} ns");
                assert!(
                    base.instant(tick + 1).unwrap() > t,
                    "{hz} Hz: tick {tick} is not the last by {ns} ns"
                );
            }
            assert_eq!(base.last_tick(Instant::from_nanos(16)), None, "{hz} Hz: before tick 0 there is none");
            let end = base.last_tick(Instant::MAX).unwrap();
            assert!(hz > 1_000_000_000 || base.instant(end).unwrap() <= Instant::MAX);
        }
    }

    #[test]
    fn the_earliest_is_the_least_of_those_that_are_there() {
        assert_eq!(earliest([Some(3), None, Some(1), Some(2)]), Some(1));
        assert_eq!(earliest([None, Some(7)]), Some(7));
        assert_eq!(earliest::<u8, 2>([None, None]), None);
    }

    #[test]
    fn a_tick_past_the_end_of_time_is_refused() {
        assert_eq!(Timebase::new(1, Instant::ZERO).unwrap().instant(u64::MAX), None);
        assert_eq!(Timebase::new(0, Instant::ZERO), None);
    }
}
