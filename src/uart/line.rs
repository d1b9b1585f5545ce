//! What a UART is set to, and how long a byte takes then.

use crate::time::{Duration, NANOS_PER_SEC};

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
    /// Bits per second (80 to 5 000 000).
    pub baud: u32,
    /// Data bits (5 to 8).
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

    /// How long `half_bits` half bit times take, rounded up to a nanosecond.
    pub fn span(&self, half_bits: u64) -> Duration {
        let ns = u128::from(half_bits) * u128::from(NANOS_PER_SEC);
        Duration::from_nanos(ns.div_ceil(2 * u128::from(self.baud.max(1))) as u64)
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
}
