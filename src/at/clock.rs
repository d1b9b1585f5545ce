//! The module's clock: microseconds since 1970, counted from the start until something sets it.

use crate::time::Instant;

const MICROS_PER_SEC: u64 = 1_000_000;

/// The clock. On the ESP32 family it runs through resets and deep sleep, until the power goes; on the ESP8266 it
/// begins in 1970 again after each.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When it was set last.
    set_at: Instant,
    /// What it was set to, microseconds since 1970-01-01T00:00:00Z.
    unix_micros: u64,
    /// Something has set it since it started.
    is_set: bool,
}

impl Clock {
    /// A clock that begins to count in 1970.
    pub fn started(now: Instant) -> Clock {
        Clock { set_at: now, unix_micros: 0, is_set: false }
    }

    /// Sets it to `unix_micros` since 1970 (SNTP).
    pub fn set(&mut self, now: Instant, unix_micros: u64) {
        *self = Clock { set_at: now, unix_micros, is_set: true };
    }

    /// The same in whole seconds (AT+SYSTIMESTAMP).
    pub fn set_seconds(&mut self, now: Instant, unix: u64) {
        self.set(now, unix.saturating_mul(MICROS_PER_SEC));
    }

    /// Whether something has set it.
    pub fn is_set(&self) -> bool {
        self.is_set
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub fn unix(&self, now: Instant) -> i64 {
        let micros = self.unix_micros.saturating_add(now.since(self.set_at).as_nanos() / 1_000);
        i64::try_from(micros / MICROS_PER_SEC).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_whole_seconds_from_what_it_was_set_to() {
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let mut clock = Clock::started(at(300));
        assert_eq!((clock.unix(at(300)), clock.unix(at(1_299)), clock.unix(at(1_300))), (0, 0, 1));
        clock.set_seconds(at(2_000), 1_565_853_509);
        assert_eq!(clock.unix(at(2_999)), 1_565_853_509);
        assert_eq!(clock.unix(at(62_000)), 1_565_853_569);
        clock.set(at(70_000), 1_565_853_509_250_000);
        assert_eq!((clock.unix(at(70_749)), clock.unix(at(70_750))), (1_565_853_509, 1_565_853_510));
    }
}
