//! Facts of a chip and an ESP-AT release: version texts, limits, differences, and how long things take.
//!
//! A profile is data: one file for each. What a release does differently is a value of [`Differences`] that a
//! handler reads; which commands and parameters a release has is said where they stand, in the command table, as
//! an [`Availability`]. Times are ranges from which each occurrence draws, from a stream of its own for each
//! module; a scenario's `timing` chooses how.

mod availability;
mod boot_log;
mod build;
mod differences;
mod divider;
mod esp32_v3_4;
mod esp32c3_v2_3;
mod esp32c3_v3_3;
mod esp32c3_v4_1;
mod esp32c6_v4_1;
mod esp8266_v2_2;
mod esp8266_v2_3;
mod flash;
mod http;
pub mod mqtt;
pub mod tls;

use crate::rng::Stream;
use crate::time::Duration;

pub use availability::{Availability, Chip, Release};
pub use boot_log::{BootLog, Reset};
pub use build::{Build, Feature, LogLevel, Offer, Offers};
pub use differences::{Differences, Instance};
pub use divider::Divider;
pub use flash::{Content, Holds, Namespace, Partition};
pub use http::Http;
pub use mqtt::Mqtt;
pub use tls::Tls;

/// How durations are drawn from a profile's ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// Evenly from the range.
    #[default]
    Typical,
    /// Always the shortest.
    Fast,
    /// Always the longest.
    Worst,
}

/// A range of durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    low: Duration,
    high: Duration,
}

impl Range {
    const fn micros(low: u64, high: u64) -> Self {
        Range { low: Duration::from_micros(low), high: Duration::from_micros(high) }
    }

    const fn millis(low: u64, high: u64) -> Self {
        Range { low: Duration::from_millis(low), high: Duration::from_millis(high) }
    }

    /// Its shortest and longest.
    pub const fn ends(&self) -> (Duration, Duration) {
        (self.low, self.high)
    }

    /// One duration of the range. Draws exactly once whatever `timing` is, so that changing it moves nothing else.
    pub fn draw(&self, timing: Timing, rng: &mut Stream) -> Duration {
        let drawn = rng.duration(self.low, self.high);
        match timing {
            Timing::Typical => drawn,
            Timing::Fast => self.low,
            Timing::Worst => self.high,
        }
    }
}

/// How long things take. No published figures exist for most of them: the ranges are estimates that keep a
/// host driver honest, wide enough that a driver with fixed delays fails.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Power-on or reset to `ready`.
    pub boot: Range,
    /// Last byte of a command line to the first byte of its answer.
    pub command: Range,
    /// OK of AT+RST on the wire to the reset itself.
    pub restart: Range,
    /// Scan for a known SSID before a join.
    pub scan: Range,
    /// Authentication, association and key handshake.
    pub associate: Range,
    /// A wrong password to the end of the join.
    pub wrong_password: Range,
    /// The last DHCP answer to `WIFI GOT IP` (LwIP probes the address with ARP first).
    pub address_check: Range,
    /// An access point that fell silent to `WIFI DISCONNECT`.
    pub beacon_loss: Range,
    /// Leaving an access point.
    pub leave: Range,
    /// Last byte of a CIPSEND payload to `Recv n bytes`.
    pub send: Range,
    /// A write to flash.
    pub flash: Range,
    /// Erasing all saved settings (AT+RESTORE).
    pub erase: Range,
    /// Erasing 64 KB of flash for an update.
    pub erase_block: Range,
    /// Writing up to 1 KB of an update.
    pub write_block: Range,
    /// AT+CIPSNTPCFG to the first question: lwIP waits for a random time.
    pub sntp_start: Range,
    /// A WebSocket link that is lost to the next attempt: after 10 s, looked at every 5 s.
    pub websocket_reopen: Range,
    /// A SYN to its end, when nobody answers it (three retries; users measured about 10 s).
    pub connect: Range,
}

impl Times {
    /// The ESP32 and its successors.
    const ESP32_FAMILY: Times = Times {
        boot: Range::millis(300, 450),
        command: Range::micros(600, 1_800),
        restart: Range::millis(10, 30),
        scan: Range::millis(1_200, 2_400),
        associate: Range::millis(150, 600),
        wrong_password: Range::millis(2_500, 4_000),
        address_check: Range::millis(500, 1_000),
        beacon_loss: Range::millis(6_000, 6_500),
        leave: Range::millis(5, 30),
        send: Range::millis(1, 4),
        flash: Range::millis(4, 40),
        erase: Range::millis(150, 400),
        erase_block: Range::millis(100, 250),
        write_block: Range::micros(2_500, 4_500),
        sntp_start: Range::millis(0, 4_999),
        websocket_reopen: Range::millis(10_000, 15_000),
        connect: Range::millis(9_000, 11_000),
    };
}

/// Facts of a chip and a release.
#[derive(Debug)]
pub struct Profile {
    /// Its name in a scenario.
    pub name: &'static str,
    /// The chip.
    pub chip: Chip,
    /// The release of the AT firmware.
    pub release: Release,
    /// What AT+GMR prints, without its final OK.
    pub version: &'static str,
    /// UART speed after power-on with nothing saved, baud.
    pub baud: u32,
    /// How the UART's rate is made: AT+UART? and AT+UART_CUR? show what comes of it.
    pub uart_divider: Divider,
    /// Links (ids 0 to `links` - 1).
    pub links: usize,
    /// Longest command line, CR LF included, bytes.
    pub line_max: usize,
    /// UART receive FIFO of the chip, bytes.
    pub rx_fifo: usize,
    /// UART receive ring of the driver, bytes.
    pub rx_ring: usize,
    /// What the AT core holds of a data phase, bytes.
    pub core_buffer: usize,
    /// UART transmit ring, bytes: active receive stops while it is full.
    pub tx_ring: usize,
    /// Largest piece of a TCP stream in one active `+IPD`, bytes.
    pub ipd_max: usize,
    /// TCP receive window, bytes.
    pub tcp_buffer: usize,
    /// TCP send buffer, bytes.
    pub tcp_send_buffer: usize,
    /// The largest block that passthrough sends at once, bytes.
    pub transmit_block: usize,
    /// Largest IP packet, bytes (1480 gives the module's MSS of 1440).
    pub mtu: u16,
    /// Unacknowledged data closes the link after this.
    pub data_timeout: Duration,
    /// A ping without answer gives up after this.
    pub ping_timeout: Duration,
    /// What AT+RFPOWER comes to, in steps of 0.25 dBm: a setting becomes the largest of these that it reaches.
    /// Empty: every setting is kept.
    pub tx_power_levels: &'static [u8],
    /// 802.11 standards out of the box, as AT+CWSTAPROTO counts them: bits b, g, n, long range, ax.
    pub protocols: u8,
    /// Free heap of an idle module, bytes (AT+SYSRAM).
    pub heap: u32,
    /// The partitions that AT+SYSFLASH knows.
    pub partitions: &'static [Partition],
    /// The namespaces of AT+SYSMFG; empty where there is none.
    pub namespaces: &'static [Namespace],
    /// The module's name, as its build has it.
    pub module: &'static str,
    /// The pins of its UART: TX, RX, CTS, RTS.
    pub uart_pins: [u8; 4],
    /// What the chip and its firmware print on the log port at a start.
    pub boot_log: BootLog,
    /// Whether the clock runs through a reset and deep sleep.
    pub clock_survives_reset: bool,
    /// The size of each of the two slots for the firmware, bytes.
    pub slot_size: u32,
    /// What this release does in another way than others.
    pub differences: Differences,
    /// How long things take.
    pub times: Times,
    /// Its TLS.
    pub tls: Tls,
    /// What its source can be built to.
    pub offers: Offers,
    /// Its HTTP client.
    pub http: Http,
    /// Its MQTT client.
    pub mqtt: Mqtt,
}

/// Links of a module, in every build that is published.
pub const LINKS: usize = 5;

impl Profile {
    /// Whether so many bytes fit into the free heap of an idle module.
    pub fn heap_holds(&self, bytes: usize) -> bool {
        u32::try_from(bytes).is_ok_and(|bytes| bytes <= self.heap)
    }

    /// Whether this profile has what is available like that, in the published build or in another one.
    pub fn has(&self, what: &Availability) -> bool {
        what.includes(self.chip, self.release)
            && what.feature().is_none_or(|feature| self.offers.of(feature) != Offer::Absent)
    }
}

/// Every profile. The first is what a module has that names none.
pub static PROFILES: [&Profile; 7] = [
    &esp32c3_v2_3::ESP32C3_V2_3,
    &esp32c3_v3_3::ESP32C3_V3_3,
    &esp32c3_v4_1::ESP32C3_V4_1,
    &esp32_v3_4::ESP32_V3_4,
    &esp32c6_v4_1::ESP32C6_V4_1,
    &esp8266_v2_2::ESP8266_V2_2,
    &esp8266_v2_3::ESP8266_V2_3,
];

/// The profile called `name`.
pub fn find(name: &str) -> Option<&'static Profile> {
    PROFILES.into_iter().find(|p| p.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_timing_draws_once_so_that_a_change_of_it_moves_nothing_else() {
        let range = Range::millis(5, 9);
        let next = |timing| {
            let mut rng = Stream::new(3, "x");
            let drawn = range.draw(timing, &mut rng);
            (drawn, rng.next_u64())
        };
        let (typical, after) = next(Timing::Typical);
        assert!(typical >= Duration::from_millis(5) && typical <= Duration::from_millis(9));
        assert_eq!(next(Timing::Fast), (Duration::from_millis(5), after));
        assert_eq!(next(Timing::Worst), (Duration::from_millis(9), after));
    }
}
