//! What commands set for the links to come and nothing saves: the names that TLS uses, and SNTP.

/// Names and keys that a link's TLS client uses (AT+CIPSSLCCN, AT+CIPSSLCSNI, AT+CIPSSLCALPN, AT+CIPSSLCPSK).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsNames {
    /// The common name that the server's certificate must carry; empty: not looked at. Up to 64 bytes.
    pub common_name: Vec<u8>,
    /// The server name indication; empty: none. Up to 64 bytes.
    pub server_name: Vec<u8>,
    /// The application protocols offered, up to five.
    pub protocols: Vec<Vec<u8>>,
    /// The pre-shared key; empty: none. Up to 32 bytes.
    pub key: Vec<u8>,
    /// The hint of the pre-shared key. Up to 32 bytes.
    pub hint: Vec<u8>,
}

/// AT+CIPSNTPCFG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sntp {
    /// Whether the clock is set by it.
    pub enabled: bool,
    /// Local time minus UTC, minutes.
    pub offset_minutes: i32,
    /// Up to three servers.
    pub servers: Vec<Vec<u8>>,
    /// AT+CIPSNTPINTV: seconds between two questions, 15 to 4294967.
    pub interval: u32,
}

impl Default for Sntp {
    fn default() -> Self {
        Sntp { enabled: false, offset_minutes: 0, servers: Vec::new(), interval: 3600 }
    }
}

impl Sntp {
    /// Local time minus UTC, in minutes, from a `<timezone>`: hours from -12 to 14, or `[+-][hh]mm`. `None`
    /// when it is neither.
    pub fn offset(timezone: i64) -> Option<i32> {
        if (-12..=14).contains(&timezone) {
            return Some(timezone as i32 * 60);
        }
        let (hours, minutes) = (timezone / 100, timezone % 100);
        let valid = (-12..=14).contains(&hours) && minutes.abs() <= 59;
        valid.then_some((hours * 60 + minutes) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_is_hours_or_hours_and_minutes() {
        for (typed, minutes) in [
            (8, 480),
            (800, 480),
            (-5, -300),
            (-500, -300),
            (1245, 765),
            (15, 15),
            (-12, -720),
            (14, 840),
            (-1130, -690),
            (-30, -30),
        ] {
            assert_eq!(Sntp::offset(typed), Some(minutes), "{typed}");
        }
        for bad in [60, 99, 160, 1500, -1300, -60] {
            assert_eq!(Sntp::offset(bad), None, "{bad}");
        }
    }
}
