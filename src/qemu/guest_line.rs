//! What the guest has set its UART to, where QEMU's model of it tells.

use crate::uart::{LineSettings, Parity, StopBits};

/// Rates that UARTs are meant to have.
const USUAL: [u32; 22] = [
    300, 600, 1200, 2400, 4800, 9600, 14_400, 19_200, 28_800, 38_400, 57_600, 74_880, 115_200, 230_400,
    250_000, 460_800, 500_000, 921_600, 1_000_000, 1_500_000, 2_000_000, 3_000_000,
];
/// A divider of a clock seldom gives a rate exactly. What is off by less than this, in parts of a thousand, is that rate: far
/// less than what makes a receiver miss a bit.
const OFF: u64 = 20;

/// What a UART model has told: bits per second, `N`, `E` or `O`, data bits, stop bits. `module`: the rate of the module's UART.
/// `None`: no UART can be set to this, such as half-written dividers.
pub(super) fn settings(
    speed: i32,
    parity: u8,
    data_bits: i32,
    stop_bits: i32,
    module: u32,
) -> Option<LineSettings> {
    let told = u32::try_from(speed).ok()?;
    let near = |rate: &u32| u64::from(told.abs_diff(*rate)) * 1000 < u64::from(*rate) * OFF;
    let baud = std::iter::once(module).chain(USUAL).find(near).unwrap_or(told);
    let settings = LineSettings {
        baud,
        data_bits: u8::try_from(data_bits).ok()?,
        parity: match parity {
            b'E' => Parity::Even,
            b'O' => Parity::Odd,
            _ => Parity::None,
        },
        stop_bits: if stop_bits == 2 { StopBits::Two } else { StopBits::One },
    };
    settings.is_valid().then_some(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(speed: i32, parity: u8, data_bits: i32, stop_bits: i32) -> Option<String> {
        settings(speed, parity, data_bits, stop_bits, 115_200).map(|line| line.to_string())
    }

    #[test]
    fn what_a_divider_gives_is_the_rate_that_was_meant() {
        // 25 MHz through 217, 27 and 434.
        assert_eq!(told(115_207, b'N', 8, 1).as_deref(), Some("115200 8n1"));
        assert_eq!(told(925_925, b'N', 8, 1).as_deref(), Some("921600 8n1"));
        assert_eq!(told(57_603, b'E', 7, 2).as_deref(), Some("57600 7e2"));
        assert_eq!(
            settings(80_100, b'O', 8, 1, 80_000).map(|line| line.baud),
            Some(80_000),
            "the module's own"
        );
    }

    #[test]
    fn another_rate_stays_what_it_is_and_none_is_none() {
        assert_eq!(told(107_000, b'N', 8, 1).as_deref(), Some("107000 8n1"));
        assert_eq!(told(0, b'N', 8, 1), None);
        assert_eq!(told(-1, b'N', 8, 1), None);
        assert_eq!(told(115_200, b'N', 9, 1), None);
    }
}
