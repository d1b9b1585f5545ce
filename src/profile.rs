//! Facts of a chip and an ESP-AT release: version texts, limits, and how long things take.
//!
//! A profile is data. Times are ranges from which each occurrence draws, from a stream of its own for each
//! module; a scenario's `timing` chooses how.

use crate::rng::Stream;
use crate::time::Duration;

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
}

/// In passthrough, what starts the time after which a block that is not full leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flush {
    /// Its first byte: nothing waits longer.
    #[default]
    AfterFirst,
    /// Its last byte: a pause ends the block.
    AfterLast,
}

/// Facts of a chip and a release.
#[derive(Debug)]
pub struct Profile {
    /// Its name in a scenario.
    pub name: &'static str,
    /// What AT+GMR prints, without its final OK.
    pub version: &'static str,
    /// UART speed after power-on, baud.
    pub baud: u32,
    /// Links (ids 0 to `links` - 1).
    pub links: usize,
    /// Longest command line, CR LF included, bytes.
    pub line_max: usize,
    /// Longest CIPSEND payload, bytes.
    pub send_max: usize,
    /// UART transmit ring, bytes: active receive stops while it is full.
    pub tx_ring: usize,
    /// Largest piece of a TCP stream in one active `+IPD`, bytes.
    pub ipd_max: usize,
    /// TCP receive window and send buffer, bytes.
    pub tcp_buffer: usize,
    /// Largest IP packet, bytes (1480 gives the module's MSS of 1440).
    pub mtu: u16,
    /// An unanswered SYN gives up after this (three retries at 1, 2 and 4 s).
    pub connect_timeout: Duration,
    /// Unacknowledged data closes the link after this.
    pub data_timeout: Duration,
    /// A ping without answer gives up after this.
    pub ping_timeout: Duration,
    /// Passthrough sends blocks of so many bytes at once.
    pub passthrough_block: usize,
    /// What the interval of a smaller block counts from.
    pub passthrough_flush: Flush,
    /// A smaller block leaves after this.
    pub passthrough_interval: Duration,
    /// How long things take.
    pub times: Times,
}

/// ESP32-C3, v2.3.0.0-dev: the release that the specification describes.
static ESP32C3_V2_3: Profile = Profile {
    name: "esp32c3-v2.3",
    // The four digits of the first line are a guess; hash, chip and date are the library's own.
    version: "AT version:2.3.0.0-dev(3f6a1cd - ESP32C3 - Oct 19 2021 09:32:17)\r\n\
              SDK version:v4.3.1\r\n\
              compile time(1903635):Oct 24 2021 12:00:00\r\n\
              Bin version:2.2.0(MINI-1)\r\n",
    baud: 115_200,
    links: 5,
    line_max: 256,
    send_max: 8192,
    tx_ring: 8192,
    ipd_max: 1460,
    tcp_buffer: 5760,
    mtu: 1480,
    connect_timeout: Duration::from_secs(10),
    data_timeout: Duration::from_secs(60),
    ping_timeout: Duration::from_secs(4),
    passthrough_block: 2920,
    passthrough_flush: Flush::AfterFirst,
    passthrough_interval: Duration::from_millis(20),
    times: Times {
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
    },
};

/// Every profile, by name.
pub static PROFILES: [&Profile; 1] = [&ESP32C3_V2_3];

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
