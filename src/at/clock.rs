//! The module's clock: seconds since 1970, counted from the boot until something sets it.

use crate::time::{Instant, NANOS_PER_SEC};

/// The clock. A restart sets it back to 1970: a module has no battery.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When it was set last.
    set_at: Instant,
    /// What it was set to, seconds since 1970-01-01T00:00:00Z.
    unix: i64,
}

impl Clock {
    /// A clock that begins to count in 1970.
    pub fn started(now: Instant) -> Clock {
        Clock { set_at: now, unix: 0 }
    }

    /// Sets it to `unix` seconds since 1970 (AT+SYSTIMESTAMP, SNTP).
    pub fn set(&mut self, now: Instant, unix: i64) {
        *self = Clock { set_at: now, unix };
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub fn unix(&self, now: Instant) -> i64 {
        let passed = now.since(self.set_at).as_nanos() / NANOS_PER_SEC;
        self.unix.saturating_add_unsigned(passed)
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
        clock.set(at(2_000), 1_565_853_509);
        assert_eq!(clock.unix(at(2_999)), 1_565_853_509);
        assert_eq!(clock.unix(at(62_000)), 1_565_853_569);
    }
}
