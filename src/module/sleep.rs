//! Light sleep (AT+SLEEP=2) as the UART has it: while the CPU sleeps, the UART's clock stands still.
//!
//! The falling edge of a start bit wakes the chip, but bytes that begin before it is awake are lost, as Espressif's
//! documentation of the UART says: a host sends one byte, waits, and speaks then. A timer (AT+SLEEPWKCFG) wakes it,
//! too. What the module itself has to say wakes it by itself. How long it stays awake and how long waking takes are
//! guesses.

use crate::time::{Duration, Instant};

/// So long after the last byte it falls asleep.
const AWAKE: Duration = Duration::from_millis(100);
/// So long after the edge it hears again.
const WAKING: Duration = Duration::from_millis(1);

/// Whether a UART in light sleep hears what comes.
#[derive(Debug, Default)]
pub struct LightSleep {
    /// When it was last busy with a byte, or with anything else.
    active: Instant,
    awake: Instant,
}

impl LightSleep {
    /// Something keeps it awake at `now`.
    pub fn stir(&mut self, now: Instant) {
        self.active = self.active.max(now);
    }

    /// A byte from `start` to `end`, while nothing else keeps it awake. False when it is lost. `timer`: a sleep is
    /// interrupted after this.
    pub fn hears(&mut self, start: Instant, end: Instant, timer: Option<Duration>) -> bool {
        let idle = start.since(self.active).as_nanos();
        let idle = match timer {
            // Asleep for that long, awake, and again.
            Some(timer) => idle % (AWAKE + timer).as_nanos(),
            None => idle,
        };
        if idle >= AWAKE.as_nanos() {
            self.awake = start + WAKING;
        }
        self.active = end;
        start >= self.awake
    }

    /// True when it was the byte that started then that woke it.
    pub fn is_woken_at(&self, start: Instant) -> bool {
        self.awake == start + WAKING
    }
}
