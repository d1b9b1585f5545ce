//! What a UART is set to, and how long a byte takes then.

use std::fmt;
use std::ops::RangeInclusive;

use crate::time::{Duration, NANOS_PER_SEC};

/// Bits per second that a UART can be set to.
pub const BAUD: RangeInclusive<u32> = 80..=5_000_000;
/// Data bits that a UART can be set to.
pub const DATA_BITS: RangeInclusive<u32> = 5..=8;

/// The parity bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parity {
    /// No parity bit.
    #[default]
    None,
    /// An odd number of ones.
    Odd,
    /// An even number of ones.
    Even,
}

/// The stop bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopBits {
    /// One.
    #[default]
    One,
    /// One and a half.
    OneAndHalf,
    /// Two.
    Two,
}

/// Rate and format of one end of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSettings {
    /// Bits per second, within [`BAUD`].
    pub baud: u32,
    /// Data bits, within [`DATA_BITS`].
    pub data_bits: u8,
    /// Parity bit.
    pub parity: Parity,
    /// Stop bits.
    pub stop_bits: StopBits,
}

impl LineSettings {
    /// 8 data bits, no parity, one stop bit.
    pub const fn eight_n_one(baud: u32) -> Self {
        LineSettings { baud, data_bits: 8, parity: Parity::None, stop_bits: StopBits::One }
    }

    /// The bits of a byte that are sent: the low ones.
    pub fn data_mask(&self) -> u8 {
        0xff >> (8 - self.data_bits.clamp(5, 8))
    }

    /// Length of one byte on the wire, in half bit times (one and a half stop bits make the halves necessary).
    pub fn half_bits(&self) -> u64 {
        let parity = if self.parity == Parity::None { 0 } else { 2 };
        let stop = match self.stop_bits {
            StopBits::One => 2,
            StopBits::OneAndHalf => 3,
            StopBits::Two => 4,
        };
        2 + 2 * u64::from(self.data_bits) + parity + stop
    }

    /// Start bit, data bits and parity bit: what comes before the stop bits.
    pub(super) fn bits_before_stop(&self) -> u64 {
        1 + u64::from(self.data_bits.clamp(5, 8)) + u64::from(self.parity != Parity::None)
    }

    /// Whether the parity bit of `byte` is a one; `None` without parity.
    pub(super) fn parity_of(&self, byte: u8) -> Option<bool> {
        let odd = (byte & self.data_mask()).count_ones() % 2 == 1;
        match self.parity {
            Parity::None => None,
            Parity::Even => Some(odd),
            Parity::Odd => Some(!odd),
        }
    }

    /// Reads `9600 8n1`: baud, data bits, parity (`n`, `o` or `e`), stop bits (`1`, `1.5` or `2`).
    ///
    /// # Errors
    /// One sentence with what was expected.
    pub fn parse(text: &str) -> Result<LineSettings, String> {
        let wrong = || {
            format!(
                "expected {} to {} baud and a format, such as `9600 8n1` or `115200 7e1.5`, found `{:.60}`",
                BAUD.start(),
                BAUD.end(),
                text.escape_debug().to_string()
            )
        };
        let (baud, format) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let mut letters = format.trim_start().chars();
        let data_bits = letters.next().and_then(|c| c.to_digit(10)).ok_or_else(wrong)?;
        let parity = match letters.next() {
            Some('n') => Parity::None,
            Some('o') => Parity::Odd,
            Some('e') => Parity::Even,
            _ => return Err(wrong()),
        };
        let stop_bits = match letters.as_str() {
            "1" => StopBits::One,
            "1.5" => StopBits::OneAndHalf,
            "2" => StopBits::Two,
            _ => return Err(wrong()),
        };
        let digits = baud.bytes().all(|b| b.is_ascii_digit());
        let baud = baud.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
        let settings = LineSettings { baud, data_bits: data_bits as u8, parity, stop_bits };
        if settings.is_valid() { Ok(settings) } else { Err(wrong()) }
    }

    /// Whether a UART can be set to this.
    pub fn is_valid(&self) -> bool {
        BAUD.contains(&self.baud) && DATA_BITS.contains(&u32::from(self.data_bits))
    }

    /// How long `half_bits` half bit times take, rounded up to a nanosecond.
    pub fn span(&self, half_bits: u64) -> Duration {
        let half_baud = 2 * u64::from(self.baud.max(1));
        let ns = match half_bits.checked_mul(NANOS_PER_SEC) {
            Some(ns) => ns.div_ceil(half_baud),
            // A run of a gigabyte. The division of 128 bits is many times slower.
            None => {
                (u128::from(half_bits) * u128::from(NANOS_PER_SEC)).div_ceil(u128::from(half_baud)) as u64
            }
        };
        Duration::from_nanos(ns)
    }
}

/// `9600 8n1`, as [`LineSettings::parse`] reads it.
impl fmt::Display for LineSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parity = match self.parity {
            Parity::None => 'n',
            Parity::Odd => 'o',
            Parity::Even => 'e',
        };
        let stop = match self.stop_bits {
            StopBits::One => "1",
            StopBits::OneAndHalf => "1.5",
            StopBits::Two => "2",
        };
        write!(f, "{} {}{parity}{stop}", self.baud, self.data_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_takes_its_start_data_parity_and_stop_bits() {
        assert_eq!(LineSettings::eight_n_one(115_200).half_bits(), 20);
        let odd =
            LineSettings { baud: 9600, data_bits: 7, parity: Parity::Even, stop_bits: StopBits::OneAndHalf };
        assert_eq!(odd.half_bits(), 2 + 14 + 2 + 3);
        assert_eq!(LineSettings::eight_n_one(115_200).span(20).as_nanos(), 86_806);
        assert_eq!(LineSettings::eight_n_one(1_000_000).span(20).as_nanos(), 10_000);
    }

    #[test]
    fn settings_are_written_as_they_are_read() {
        for text in ["9600 8n1", "80 5o1.5", "5000000 7e2"] {
            assert_eq!(LineSettings::parse(text).map(|s| s.to_string()), Ok(text.to_owned()));
        }
        for bad in
            ["", "9600", "79 8n1", "5000001 8n1", "+960 8n1", "9600 9n1", "9600 8x1", "9600 8n3", "9600 8n1 "]
        {
            let read = LineSettings::parse(bad);
            assert_eq!(read.is_ok(), bad == "9600 8n1 ", "`{bad}`: {read:?}");
        }
    }
}
