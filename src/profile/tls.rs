//! TLS of a chip and a release: what its mbedTLS was built with, and what a handshake costs.
//!
//! Lists are those of the modules' own mbedTLS releases with the modules' configuration, run on a PC; the order is what
//! goes into a hello. How long a handshake takes nobody has published for the clocks that ESP-AT sets: the ranges are
//! estimates around reports from other firmware on the same library.

use super::Range;
use crate::net::tls::Version;

/// TLS of a chip and a release.
#[derive(Clone, Copy, Debug)]
pub struct Tls {
    /// Lowest and highest version.
    pub versions: (Version, Version),
    /// Cipher suites by their numbers (IANA), best first, in a build with pre-shared keys. [`Tls::suites`] has those of the
    /// build at hand.
    all_suites: &'static [u16],
    /// Groups by their numbers (IANA), best first.
    pub groups: &'static [u16],
    /// Signatures over SHA-1 and SHA-224 are offered.
    pub short_hashes: bool,
    /// The dates of certificates are compared with the module's clock.
    pub dates: bool,
    /// Sessions that the heap has room for.
    pub most: usize,
    /// What a session takes of the heap, bytes: the figures of ESP-IDF's documentation for a client that verifies, with
    /// buffers that are there all the time, and on the ESP8266 with those that come and go.
    pub session_heap: u32,
    /// Lengths of data that waits are those of records that have been opened, where there are some. Otherwise they are
    /// always those of records as they came.
    pub opened_lengths: bool,
    /// mbedTLS's error codes on the log port have four capital digits.
    pub capital_codes: bool,
    /// How long the chip computes in a handshake: when it verifies nobody, when it verifies the server, and when it
    /// shows a certificate besides.
    pub handshake: [Range; 3],
}

/// Largest plaintext of a record that a module sends, bytes.
pub const RECORD: usize = 4096;

/// Groups of mbedTLS 2.16: secp521r1 first, which is slow.
const GROUPS_2_16: &[u16] = &[0x19, 0x1c, 0x18, 0x1b, 0x17, 0x16, 0x1a, 0x15, 0x14, 0x13, 0x12];
/// Groups of mbedTLS 3: x25519 first.
const GROUPS_3: &[u16] = &[0x1d, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c];

/// mbedTLS 2.16, with those for pre-shared keys.
const SUITES_2_16: &[u16] = &[
    0xc02c, 0xc030, 0x009f, 0xc0ad, 0xc09f, 0xc024, 0xc028, 0x006b, 0xc00a, 0xc014, 0x0039, 0xc0af, 0xc0a3,
    0xc02b, 0xc02f, 0x009e, 0xc0ac, 0xc09e, 0xc023, 0xc027, 0x0067, 0xc009, 0xc013, 0x0033, 0xc0ae, 0xc0a2,
    0x00ab, 0xc0a7, 0xc038, 0x00b3, 0xc036, 0x0091, 0xc0ab, 0x00aa, 0xc0a6, 0xc037, 0x00b2, 0xc035, 0x0090,
    0xc0aa, 0x009d, 0xc09d, 0x003d, 0x0035, 0xc032, 0xc02a, 0xc00f, 0xc02e, 0xc026, 0xc005, 0xc0a1, 0x009c,
    0xc09c, 0x003c, 0x002f, 0xc031, 0xc029, 0xc00e, 0xc02d, 0xc025, 0xc004, 0xc0a0, 0x00ad, 0x00b7, 0x0095,
    0x00ac, 0x00b6, 0x0094, 0x00a9, 0xc0a5, 0x00af, 0x008d, 0xc0a9, 0x00a8, 0xc0a4, 0x00ae, 0x008c, 0xc0a8,
];

/// mbedTLS 3, with those for pre-shared keys.
const SUITES_3: &[u16] = &[
    0xc02c, 0xc030, 0x009f, 0xc0ad, 0xc09f, 0xc024, 0xc028, 0x006b, 0xc00a, 0xc014, 0x0039, 0xc0af, 0xc0a3,
    0xc05d, 0xc061, 0xc053, 0xc049, 0xc04d, 0xc045, 0xc02b, 0xc02f, 0x009e, 0xc0ac, 0xc09e, 0xc023, 0xc027,
    0x0067, 0xc009, 0xc013, 0x0033, 0xc0ae, 0xc0a2, 0xc05c, 0xc060, 0xc052, 0xc048, 0xc04c, 0xc044, 0x00ab,
    0xc0a7, 0xc038, 0x00b3, 0xc036, 0x0091, 0xc0ab, 0xc06d, 0xc071, 0xc067, 0x00aa, 0xc0a6, 0xc037, 0x00b2,
    0xc035, 0x0090, 0xc0aa, 0xc06c, 0xc070, 0xc066, 0x009d, 0xc09d, 0x003d, 0x0035, 0xc032, 0xc02a, 0xc00f,
    0xc02e, 0xc026, 0xc005, 0xc0a1, 0xc05f, 0xc063, 0xc051, 0xc04b, 0xc04f, 0xc03d, 0x009c, 0xc09c, 0x003c,
    0x002f, 0xc031, 0xc029, 0xc00e, 0xc02d, 0xc025, 0xc004, 0xc0a0, 0xc05e, 0xc062, 0xc050, 0xc04a, 0xc04e,
    0xc03c, 0x00ad, 0x00b7, 0x0095, 0xc06f, 0xc069, 0x00ac, 0x00b6, 0x0094, 0xc06e, 0xc068, 0x00a9, 0xc0a5,
    0x00af, 0x008d, 0xc0a9, 0xc06b, 0xc065, 0x00a8, 0xc0a4, 0x00ae, 0x008c, 0xc0a8, 0xc06a, 0xc064,
];

/// Suites for pre-shared keys (IANA), from number to number.
const PSK_SUITES: [(u16, u16); 5] =
    [(0x008a, 0x0095), (0x00a8, 0x00b9), (0xc033, 0xc03b), (0xc064, 0xc071), (0xc0a4, 0xc0ab)];

impl Tls {
    /// The cipher suites of a build, best first. Those for pre-shared keys, in a build with them, are offered when there
    /// is one.
    pub fn suites(&self, psk: bool) -> Vec<u16> {
        let is_psk = |suite: u16| PSK_SUITES.iter().any(|(first, last)| (*first..=*last).contains(&suite));
        self.all_suites.iter().copied().filter(|suite| psk || !is_psk(*suite)).collect()
    }

    /// ESP32 and ESP32-C3, v2.3: mbedTLS 2.16.11.
    pub(super) const V2_3: Tls = Tls {
        versions: (Version::Tls10, Version::Tls12),
        all_suites: SUITES_2_16,
        groups: GROUPS_2_16,
        short_hashes: true,
        dates: true,
        most: 3,
        session_heap: 38_500,
        opened_lengths: false,
        capital_codes: false,
        handshake: [Range::millis(1_000, 1_400), Range::millis(1_500, 2_100), Range::millis(2_500, 3_500)],
    };
    /// ESP8266, v2.2: mbedTLS 2.16.5, without a calendar and with little memory.
    pub(super) const ESP8266_V2_2: Tls = Tls {
        dates: false,
        most: 1,
        session_heap: 22_000,
        handshake: [Range::millis(3_000, 4_500), Range::millis(3_500, 5_500), Range::millis(5_000, 7_000)],
        ..Tls::V2_3
    };
    /// ESP8266, v2.3: mbedTLS 3 (`CONFIG_MBEDTLS_V3` of the release), of which the SDK has ESP-IDF 5's configuration, still
    /// without a calendar; on the log port the SDK's esp-tls is the old one. That the fast curve makes handshakes no
    /// shorter is a guess.
    pub(super) const ESP8266_V2_3: Tls = Tls {
        versions: (Version::Tls12, Version::Tls12),
        all_suites: SUITES_3,
        groups: GROUPS_3,
        short_hashes: false,
        ..Tls::ESP8266_V2_2
    };
    /// ESP32, v3.4: mbedTLS 3.5.0.
    pub(super) const V3_4: Tls = Tls {
        versions: (Version::Tls12, Version::Tls12),
        all_suites: SUITES_3,
        groups: GROUPS_3,
        short_hashes: false,
        most: 5,
        opened_lengths: true,
        capital_codes: true,
        ..Tls::V2_3
    };
    /// ESP32-C6, v4.1: mbedTLS 3.6.3 on a chip with an unit for elliptic curves.
    pub(super) const V4_1: Tls = Tls {
        handshake: [Range::millis(300, 500), Range::millis(550, 850), Range::millis(800, 1_200)],
        ..Tls::V3_4
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_with_and_without_pre_shared_keys_have_the_suites_that_were_counted() {
        assert_eq!((Tls::V2_3.suites(false).len(), Tls::V2_3.suites(true).len()), (48, 78));
        assert_eq!((Tls::V3_4.suites(false).len(), Tls::V3_4.suites(true).len()), (72, 116));
        assert_eq!(Tls::V2_3.suites(false)[..3], [0xc02c, 0xc030, 0x009f]);
        assert!(Tls::V2_3.suites(true).contains(&0x00a8) && !Tls::V2_3.suites(false).contains(&0x00a8));
    }
}
