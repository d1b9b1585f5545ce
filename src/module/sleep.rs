//! Light sleep (AT+SLEEP=2) as the UART has it: while the CPU sleeps the UART's clock stands still, and what the MCU sends is
//! lost. A byte wakes nobody, as users found and the makers said.
//!
//! The pin of AT+SLEEPWKCFG wakes the chip, and keeps it awake for as long as it has that level; in releases before v3.1 a
//! timer does, too. What the module itself has to say wakes it by itself. How long it stays awake then, and how long it
//! takes to fall asleep, is a guess. In the modem sleeps (1 and 3) the CPU runs on: every byte is heard.

use crate::time::{Duration, Instant};

/// So long after it was last busy it falls asleep.
const AWAKE: Duration = Duration::from_millis(100);

/// Whether a UART in light sleep hears what comes.
#[derive(Debug, Default)]
pub struct LightSleep {
    /// When it was last busy with a byte, or with anything else.
    active: Instant,
    /// Somebody has been told that bytes are lost since.
    told: bool,
}

impl LightSleep {
    /// Something keeps it awake at `now`.
    pub fn stir(&mut self, now: Instant) {
        self.active = self.active.max(now);
        self.told = false;
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
            return false;
        }
        self.stir(end);
        true
    }

    /// True for the first byte that is lost since it fell asleep.
    pub fn is_news(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }
}
