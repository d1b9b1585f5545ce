//! What the basic commands set and only RAM keeps: clock, sleep mode, power, registers, the user's RAM.

use std::collections::BTreeMap;

use super::clock::Clock;
use super::nvs::UartSettings;
use crate::profile::Profile;
use crate::time::{Duration, Instant};

/// The state of the basic commands. All of it is gone after a restart.
#[derive(Debug)]
pub struct System {
    /// ATE1.
    pub echo: bool,
    /// AT+SYSSTORE: settings go into flash, too.
    pub store: bool,
    /// The slot of the firmware that runs.
    pub running: usize,
    /// End of the last byte of the last command line.
    pub line_end: Instant,
    /// Seconds since 1970.
    pub clock: Clock,
    /// What the UART is set to now.
    pub uart: UartSettings,
    /// AT+SLEEP.
    pub sleep: u8,
    /// AT+SLEEPWKCFG=0: light sleep is interrupted after this.
    pub wake_after: Option<Duration>,
    /// AT+SLEEPWKCFG=2: this pin wakes from light sleep.
    pub wake_pin: Option<WakePin>,
    /// AT+RFPOWER, in 0.25 dBm.
    pub tx_power: u8,
    /// AT+SYSREG: what was written, by address.
    pub registers: BTreeMap<u32, u32>,
    /// AT+USERRAM: what was allocated.
    pub user_ram: Vec<u8>,
    /// AT+TRANSINTVL.
    pub transmit_interval: Duration,
    /// Least free heap that was seen, bytes.
    least_free: u32,
    /// Flash has not taken what the command under way was to save: it ends in ERROR.
    pub unwritten: bool,
}

/// A pin that wakes from light sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WakePin {
    /// Its number.
    pub gpio: u8,
    /// The level at which the module is awake.
    pub high: bool,
}

/// Most power that the ESP32 family sends with out of the box (19.5 dBm), in 0.25 dBm.
const TX_POWER: u8 = 78;
/// The sleep mode in which the CPU sleeps, too.
pub const LIGHT_SLEEP: u8 = 2;
/// What an open link takes of the heap, bytes (an estimate).
pub const LINK_HEAP: u32 = 2_300;

impl System {
    /// Right after a boot out of the slot `running`, with the UART set like this.
    pub fn started(
        now: Instant,
        clock: Clock,
        uart: UartSettings,
        running: usize,
        profile: &Profile,
    ) -> System {
        System {
            echo: true,
            store: true,
            running,
            line_end: now,
            clock,
            uart,
            // Not established; 0 leaves the module awake, which every host survives (a guess).
            sleep: 0,
            wake_after: None,
            wake_pin: None,
            tx_power: TX_POWER,
            registers: BTreeMap::new(),
            user_ram: Vec::new(),
            transmit_interval: Duration::from_millis(20),
            least_free: profile.heap,
            unwritten: false,
        }
    }

    /// Free heap with so many open links, and the least that was seen, bytes. `heap`: what is free without any.
    pub fn heap(&mut self, heap: u32, links: usize) -> (u32, u32) {
        let links = LINK_HEAP.saturating_mul(u32::try_from(links).unwrap_or(u32::MAX));
        let user = u32::try_from(self.user_ram.len()).unwrap_or(u32::MAX);
        let free = heap.saturating_sub(links).saturating_sub(user);
        self.least_free = self.least_free.min(free);
        (free, self.least_free)
    }
}
