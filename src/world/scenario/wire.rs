//! UART wires: what is between a module and its MCU.

use super::ModuleConfig;
use super::report::Problems;
use super::schema;
use super::table::Section;
use crate::module::{Harm, Module};
use crate::time::Instant;
use crate::uart::LineSettings;
use crate::world::McuTx;
use crate::world::quantity;
use crate::world::spelling::{did_you_mean, one_of, shown};

/// The wire of a module at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireConfig {
    /// How stored bytes are paced where the driver does not say; `None`: at line rate.
    pub mcu_tx: Option<McuTx>,
    /// What the MCU's UART is set to until a driver sets it; `None`: it follows the module's.
    pub mcu_line: Option<LineSettings>,
    /// Whether the MCU's UART obeys the module's RTS where the driver does not say; `None`: it does not.
    pub obeys_rts: Option<bool>,
    /// Most bytes that the MCU may store ahead of the line.
    pub mcu_queue: usize,
    /// Chance that one bit of a byte is inverted, parts per million.
    pub noise_ppm: u32,
    /// Chance that a byte is lost, parts per million.
    pub loss_ppm: u32,
}

/// Most bytes that the MCU may store ahead of the line when nobody says: a minute and a half at 115200 baud, which is
/// more than a transmit buffer of any MCU holds.
const DEFAULT_MCU_QUEUE: usize = 1 << 20;

impl Default for WireConfig {
    fn default() -> Self {
        WireConfig {
            mcu_tx: None,
            mcu_line: None,
            obeys_rts: None,
            mcu_queue: DEFAULT_MCU_QUEUE,
            noise_ppm: 0,
            loss_ppm: 0,
        }
    }
}

impl WireConfig {
    /// Makes a module's wire like this.
    pub fn apply(&self, module: &mut Module) {
        if let Some(line) = self.mcu_line {
            module.set_mcu_line(line);
        }
        let harm = Harm { noise_ppm: Some(self.noise_ppm), loss_ppm: Some(self.loss_ppm), low: None };
        for from_mcu in [true, false] {
            module.set_harm(Instant::ZERO, from_mcu, harm);
        }
    }
}

/// Reads every `[wire.NAME]` into its module.
pub(super) fn read(problems: &mut Problems, top: &Section, modules: &mut [ModuleConfig]) {
    for (name, place, value) in top.named(problems, "wire") {
        let Some(place_of) = modules.iter().position(|m| m.name == name) else {
            let names = || modules.iter().map(|m| m.name.as_str());
            let hint = did_you_mean(name, names());
            let message =
                format!("expected the name of a module ({}), found {}{hint}", one_of(names()), shown(name));
            problems.add(place, message);
            continue;
        };
        let p = &mut *problems;
        let Some(wire) = Section::open(p, format!("[wire.{name}]"), place, value, schema::WIRE) else {
            continue;
        };
        modules[place_of].wire = WireConfig {
            mcu_tx: wire.choice(p, "mcu-tx", &McuTx::WORDS),
            mcu_line: wire.parsed(p, "mcu-line", LineSettings::parse),
            obeys_rts: wire.boolean(p, "obeys-rts"),
            mcu_queue: wire.integer(p, "mcu-queue", 1, 1 << 30).unwrap_or(DEFAULT_MCU_QUEUE),
            noise_ppm: wire.parsed(p, "noise", quantity::chance).unwrap_or(0),
            loss_ppm: wire.parsed(p, "loss", quantity::chance).unwrap_or(0),
        };
    }
}
