//! Ranges that stand for more than one thing: for the parameter of a command and for what it saves, which may come from
//! a file that anybody has edited; for the UART also what the wire can do.

use std::fmt;
use std::ops::RangeInclusive;

use crate::uart;

/// A range, both ends included: of a number, or of a string's length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Smallest.
    pub min: i64,
    /// Largest.
    pub max: i64,
}

impl Limits {
    /// From `min` to `max`.
    pub const fn of(min: i64, max: i64) -> Limits {
        Limits { min, max }
    }

    /// What the wire takes. `From` is no const function; nothing is lost in something wider.
    const fn of_wire(range: &RangeInclusive<u32>) -> Limits {
        Limits { min: *range.start() as i64, max: *range.end() as i64 }
    }

    /// Whether `number` is in the range.
    pub fn has(self, number: impl TryInto<i64>) -> bool {
        number.try_into().is_ok_and(|n| (self.min..=self.max).contains(&n))
    }
}

/// `80 to 5000000`.
impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}

/// AT+SYSMSG: its bits.
pub const MESSAGES: Limits = Limits::of(0, 7);
/// AT+UART.
pub const BAUD: Limits = Limits::of_wire(&uart::BAUD);
/// AT+UART.
pub const DATA_BITS: Limits = Limits::of_wire(&uart::DATA_BITS);
/// AT+UART: one, one and a half, two.
pub const STOP_BITS: Limits = Limits::of(1, 3);
/// AT+UART: none, odd, even.
pub const PARITY: Limits = Limits::of(0, 2);
/// AT+UART: bits of RTS and CTS.
pub const FLOW: Limits = Limits::of(0, 3);

/// AT+CWMODE: bits of station and softAP.
pub const WIFI_MODE: Limits = Limits::of(0, 3);
/// AT+CWJAP, AT+CWSAP: bytes of an SSID.
pub const SSID: Limits = Limits::of(1, 32);
/// AT+CWJAP, AT+CWSAP: bytes of a password.
pub const PASSWORD: Limits = Limits::of(0, 64);
/// AT+CWJAP: beacons.
pub const LISTEN_INTERVAL: Limits = Limits::of(1, 100);
/// AT+CWJAP: the first that is found, or the strongest.
pub const SCAN_MODE: Limits = Limits::of(0, 1);
/// AT+CWJAP: bits of protected management frames.
pub const PMF: Limits = Limits::of(0, 3);
/// AT+CWJAP, AT+CWRECONNCFG: seconds.
pub const RECONNECT_INTERVAL: Limits = Limits::of(0, 7200);
/// AT+CWRECONNCFG: attempts.
pub const RECONNECT_COUNT: Limits = Limits::of(0, 1000);
/// AT+CWSAP.
pub const CHANNEL: Limits = Limits::of(1, 14);
/// AT+CWSAP: stations at a time.
pub const STATIONS: Limits = Limits::of(1, 10);
/// AT+CWDHCPS: minutes of a lease.
pub const LEASE_MINUTES: Limits = Limits::of(1, 2880);

/// AT+CIPSTART, AT+SAVETRANSLINK: bytes of a host's name.
pub const HOST: Limits = Limits::of(1, 255);
/// AT+CIPSTART, AT+CIPTCPOPT, AT+SAVETRANSLINK: seconds of silence before a peer is probed.
pub const KEEP_ALIVE: Limits = Limits::of(0, 7200);
/// AT+CIPTCPOPT: SO_LINGER, seconds; -1 is off.
pub const LINGER: Limits = Limits::of(-1, 65_535);
/// AT+CIPTCPOPT: SO_SNDTIMEO, milliseconds.
pub const SEND_TIMEOUT: Limits = Limits::of(0, 0x7fff_ffff);
/// AT+CIPRECONNINTV, in units of 100 ms.
pub const REOPEN_PAUSE: Limits = Limits::of(1, 36_000);
/// AT+CIPSSLCCONF: bits of the client's certificate and the server's.
pub const AUTH_MODE: Limits = Limits::of(0, 3);
