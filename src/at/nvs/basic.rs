//! Saved settings of the basic commands.

use serde::{Deserialize, Serialize};

use crate::profile::Profile;
use crate::uart::{LineSettings, Parity, StopBits};

/// Saved settings of the basic commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Basic {
    /// AT+SYSMSG: bit 0 `+QUITT`, bit 1 `+LINK_CONN`, bit 2 messages in passthrough.
    pub messages: u8,
    /// AT+UART_DEF; `None`: as the profile has it.
    pub uart: Option<UartSettings>,
}

/// The five numbers of AT+UART.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UartSettings {
    /// 80 to 5 000 000 baud.
    pub baud: u32,
    /// 5 to 8.
    pub data_bits: u8,
    /// 1: one, 2: one and a half, 3: two.
    pub stop_bits: u8,
    /// 0: none, 1: odd, 2: even.
    pub parity: u8,
    /// Bit 0: RTS, bit 1: CTS.
    pub flow: u8,
}

impl UartSettings {
    /// What holds with nothing saved: 8N1 with RTS, the build's default.
    pub fn of(profile: &Profile) -> UartSettings {
        UartSettings { baud: profile.baud, data_bits: 8, stop_bits: 1, parity: 0, flow: 1 }
    }

    /// Rate and format on the wire.
    pub fn line(&self) -> LineSettings {
        LineSettings {
            baud: self.baud,
            data_bits: self.data_bits,
            parity: match self.parity {
                1 => Parity::Odd,
                2 => Parity::Even,
                _ => Parity::None,
            },
            stop_bits: match self.stop_bits {
                2 => StopBits::OneAndHalf,
                3 => StopBits::Two,
                _ => StopBits::One,
            },
        }
    }

    /// Whether the module raises RTS when its receive FIFO fills.
    pub fn drives_rts(&self) -> bool {
        self.flow & 1 != 0
    }

    /// Whether the module stops sending while its CTS is high.
    pub fn obeys_cts(&self) -> bool {
        self.flow & 2 != 0
    }
}
