//! NTP messages as SNTP uses them (RFC 5905, 7.3; RFC 4330): 48 bytes, the same form for question and answer.

/// The server's UDP port.
pub const PORT: u16 = 123;
/// Bytes of a message.
pub const LEN: usize = 48;
/// Mode of a question.
pub const CLIENT: u8 = 3;
/// Mode of an answer.
pub const SERVER: u8 = 4;
/// Seconds from 1900, where NTP begins to count, to 1970.
const UNIX_EPOCH: u64 = 2_208_988_800;

/// A point in time: seconds since 1900 in the upper 32 bits, their fraction in the lower. It wraps around in 2036.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// That of `nanos` since 1970-01-01T00:00:00Z, which may be before it.
    pub fn from_unix(nanos: i128) -> Timestamp {
        let seconds = nanos.div_euclid(1_000_000_000) + i128::from(UNIX_EPOCH);
        let fraction = (nanos.rem_euclid(1_000_000_000) << 32) / 1_000_000_000;
        // The wrap-around is NTP's own.
        Timestamp((seconds as u64) << 32 | fraction as u64)
    }

    /// Microseconds since 1970 as lwIP understands it: a time from 1968 to 2104, taken as positive.
    pub fn to_unix_micros(self) -> u64 {
        let seconds = ((self.0 >> 32) as u32).wrapping_sub(UNIX_EPOCH as u32);
        let micros = ((self.0 & 0xffff_ffff) * 1_000_000) >> 32;
        u64::from(seconds) * 1_000_000 + micros
    }
}

/// A message. Leap indicator and what it leaves out are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Version, 1 to 4.
    pub version: u8,
    /// [`CLIENT`], [`SERVER`] or another one.
    pub mode: u8,
    /// How far from a reference clock: 1 is one; 0 is a kiss-of-death.
    pub stratum: u8,
    /// Seconds between questions, as an exponent of 2.
    pub poll: u8,
    /// Precision of the server's clock in seconds, as an exponent of 2.
    pub precision: i8,
    /// Distance to the reference clock, in units of 2^-16 s.
    pub root_delay: u32,
    /// Its error, in the same units.
    pub root_dispersion: u32,
    /// The reference: four letters for strata 0 and 1, an IPv4 address for others.
    pub reference_id: [u8; 4],
    /// When the server's clock was last set.
    pub reference: Timestamp,
    /// What the client sent as `transmit`.
    pub origin: Timestamp,
    /// When the question arrived.
    pub receive: Timestamp,
    /// When this message was sent.
    pub transmit: Timestamp,
}

impl Message {
    /// Reads a message of exactly [`LEN`] bytes.
    pub fn parse(bytes: &[u8]) -> Option<Message> {
        let bytes: &[u8; LEN] = bytes.try_into().ok()?;
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let time = |at: usize| Timestamp(u64::from(word(at)) << 32 | u64::from(word(at + 4)));
        Some(Message {
            version: bytes[0] >> 3 & 7,
            mode: bytes[0] & 7,
            stratum: bytes[1],
            poll: bytes[2],
            precision: bytes[3] as i8,
            root_delay: word(4),
            root_dispersion: word(8),
            reference_id: word(12).to_be_bytes(),
            reference: time(16),
            origin: time(24),
            receive: time(32),
            transmit: time(40),
        })
    }

    /// Its bytes.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes =
            vec![(self.version & 7) << 3 | self.mode & 7, self.stratum, self.poll, self.precision as u8];
        bytes.extend(self.root_delay.to_be_bytes());
        bytes.extend(self.root_dispersion.to_be_bytes());
        bytes.extend(self.reference_id);
        for time in [self.reference, self.origin, self.receive, self.transmit] {
            bytes.extend(time.0.to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_back_to_the_microsecond_through_the_wrap_of_2036() {
        for seconds in [0u64, 1, 1_767_225_600, 2_085_978_495, 2_085_978_496, 4_291_747_199] {
            for micros in [0u64, 1, 499_999, 500_000, 999_999] {
                let sent = Timestamp::from_unix(
                    i128::from(seconds) * 1_000_000_000 + i128::from(micros) * 1_000 + 999,
                );
                assert_eq!(sent.to_unix_micros(), seconds * 1_000_000 + micros, "{seconds} s");
            }
        }
        // The seconds of RFC 868 for 1970, and those of a second before.
        assert_eq!(Timestamp::from_unix(0).0, 2_208_988_800 << 32);
        assert_eq!(Timestamp::from_unix(-500_000_000).0, 2_208_988_799 << 32 | 1 << 31);
    }

    #[test]
    fn a_message_is_read_back_and_nothing_longer_or_shorter_is_one() {
        let message = Message {
            version: 4,
            mode: SERVER,
            stratum: 2,
            poll: 6,
            precision: -20,
            root_delay: 0x0102_0304,
            root_dispersion: 0x0506_0708,
            reference_id: *b"GPS\0",
            reference: Timestamp(9),
            origin: Timestamp(10),
            receive: Timestamp(11),
            transmit: Timestamp(u64::MAX),
        };
        let bytes = message.to_bytes();
        assert_eq!(bytes[..4], [0x24, 2, 6, 0xec]);
        assert_eq!(Message::parse(&bytes), Some(message));
        assert_eq!(Message::parse(&bytes[..47]), None);
        assert_eq!(Message::parse(&[&bytes[..], &[0]].concat()), None);
    }
}
