//! How a UART makes its rate from a clock: what the queries of AT+UART show is the rate that the divider makes.

/// A chip's divider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divider {
    /// A whole number of this clock, Hz (ESP8266).
    Whole(u32),
    /// Sixteenths of a whole number of this clock, Hz (ESP32).
    Sixteenths(u32),
    /// The same behind a second divider, that keeps the whole number within 12 bits (ESP32-C3 and its successors).
    Prescaled(u32),
}

/// The largest whole number of [`Divider::Prescaled`].
const MOST: u64 = 0xfff;

impl Divider {
    /// The rate that comes of asking for `baud`, rounded down as the driver does. Where the clock can't be divided
    /// like that it is the nearest the divider has.
    pub fn rate(self, baud: u32) -> u32 {
        let wanted = u64::from(baud.max(1));
        let rate = match self {
            Divider::Whole(clock) => u64::from(clock) / (u64::from(clock) / wanted).max(1),
            Divider::Sixteenths(clock) => {
                let sixteenths = u64::from(clock) * 16;
                sixteenths / (sixteenths / wanted).max(16)
            }
            Divider::Prescaled(clock) => {
                let before = u64::from(clock).div_ceil(MOST * wanted);
                let sixteenths = u64::from(clock) * 16;
                sixteenths / ((sixteenths / (wanted * before)).max(16) * before)
            }
        };
        u32::try_from(rate).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rates_are_those_that_modules_show() {
        const APB: u32 = 80_000_000;
        for (divider, baud, shown) in [
            (Divider::Whole(APB), 115_200, 115_273),
            (Divider::Sixteenths(APB), 115_200, 115_201),
            (Divider::Sixteenths(APB), 921_600, 922_190),
            (Divider::Prescaled(APB), 115_200, 115_201),
            (Divider::Prescaled(APB), 921_600, 922_190),
            // Behind the second divider.
            (Divider::Prescaled(APB), 9_600, 9_600),
            (Divider::Prescaled(40_000_000), 115_200, 115_211),
            (Divider::Sixteenths(APB), 80, 80),
            (Divider::Sixteenths(APB), 5_000_000, 5_000_000),
        ] {
            assert_eq!(divider.rate(baud), shown, "{divider:?} asked for {baud}");
        }
    }
}
