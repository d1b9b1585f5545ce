//! What a module is doing, for those who ask from outside: values, and the few words that they are for people.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Module, Power};
use crate::at::{At, LinkState, Modes};
use crate::uart::LineSettings;

/// Whether the chip runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerState {
    /// EN is low, or there is no supply.
    Off,
    /// It starts, or is about to start again; the firmware does not run.
    Booting,
    /// The firmware runs.
    On,
    /// It was started with GPIO0 low and waits for a download.
    Download,
    /// It sleeps deeply (AT+GSLP).
    Asleep,
}

/// What a module is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleState {
    /// Whether the chip runs.
    pub power: PowerState,
    /// The name of the access point that the station is associated with.
    pub ap: Option<String>,
    /// The station's IPv4 address, once it has joined.
    pub ipv4: Option<Ipv4Addr>,
    /// Its link-local IPv6 address.
    pub ipv6_link_local: Option<Ipv6Addr>,
    /// Its global IPv6 address.
    pub ipv6_global: Option<Ipv6Addr>,
    /// The address of its softAP, while that is on.
    pub softap: Option<Ipv4Addr>,
    /// The station's MAC address out of the box.
    pub mac: [u8; 6],
    /// Modes of the AT firmware; all off while that does not run.
    pub modes: Modes,
    /// What its UART is set to.
    pub line: LineSettings,
    /// What the MCU's UART is set to.
    pub mcu_line: LineSettings,
    /// Its RTS is high: the MCU is asked to stop.
    pub rts: bool,
    /// The MCU's bytes that have not ended on the wire yet.
    pub mcu_queued: usize,
    /// Bytes that have been received and wait for the firmware.
    pub rx_waiting: usize,
    /// Bytes that the firmware has printed and that have not ended on the wire yet.
    pub tx_waiting: usize,
}

impl Module {
    /// What it is doing.
    pub fn state(&self) -> ModuleState {
        let runs = self.power == Power::On;
        ModuleState {
            power: match self.power {
                Power::Off => PowerState::Off,
                Power::Booting(_) | Power::Resetting(_) => PowerState::Booting,
                Power::On => PowerState::On,
                Power::Download => PowerState::Download,
                Power::Asleep(_) => PowerState::Asleep,
            },
            ap: self.station.ap().filter(|_| runs).map(|ap| ap.name.clone()),
            ipv4: self.stack.ipv4().filter(|_| runs && self.station.ap().is_some()).map(|c| c.address),
            ipv6_link_local: self.stack.ipv6_link_local().filter(|_| runs),
            ipv6_global: self.stack.ipv6_global().filter(|_| runs),
            softap: self.stack.lan_address().filter(|_| runs),
            mac: self.mac,
            modes: self.firmware().map(At::modes).unwrap_or_default(),
            line: self.line_settings(),
            mcu_line: self.mcu_line_settings(),
            rts: self.rts(),
            mcu_queued: self.mcu.pending(),
            rx_waiting: self.wire.rx.len(),
            tx_waiting: self.own.pending(),
        }
    }

    /// The open links, in the order of their numbers. None is left when the chip does not run.
    pub fn links(&self) -> Vec<LinkState> {
        self.firmware().map(|at| at.link_states(&self.stack)).unwrap_or_default()
    }

    /// The AT firmware, while it runs.
    fn firmware(&self) -> Option<&At> {
        self.at.as_ref().filter(|_| self.power == Power::On)
    }
}

/// In a few words: `joined 'home' as 192.168.1.100`.
impl fmt::Display for ModuleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.power, &self.ap, self.ipv4) {
            (PowerState::Off, ..) => f.write_str("switched off"),
            (PowerState::Asleep, ..) => f.write_str("asleep"),
            (PowerState::Download, ..) => f.write_str("in download mode"),
            (PowerState::Booting, ..) => f.write_str("booting"),
            (PowerState::On, Some(ap), Some(address)) => write!(f, "joined '{ap}' as {address}"),
            (PowerState::On, Some(ap), None) => write!(f, "associated with '{ap}'"),
            (PowerState::On, None, _) => f.write_str("not joined"),
        }
    }
}
