//! The two slots for the firmware: what is in them, and which of them starts.

use serde::{Deserialize, Serialize};

/// The two slots for the firmware, and which of them is to start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Firmware {
    /// 0 or 1.
    pub(super) boot: usize,
    /// The version in slot 0: the release that the module was shipped with when `None`, nothing when empty.
    pub(super) ota_0: Option<String>,
    /// The version in slot 1: nothing when `None` or empty.
    pub(super) ota_1: Option<String>,
}

impl Firmware {
    /// The version in a slot, or `shipped`; `None` when there is nothing.
    pub fn version<'a>(&'a self, slot: usize, shipped: &'a str) -> Option<&'a str> {
        let version = match slot {
            0 => self.ota_0.as_deref().unwrap_or(shipped),
            _ => self.ota_1.as_deref().unwrap_or_default(),
        };
        Some(version).filter(|version| !version.is_empty())
    }

    /// The slot that the bootloader starts: the one that is to start, or the other one when that is empty.
    pub fn running(&self) -> usize {
        if self.version(self.boot, "shipped").is_some() { self.boot } else { 1 - self.boot }
    }

    /// The slot that is written next: the one that is not to start.
    pub fn next_slot(&self) -> usize {
        1 - self.boot
    }

    /// Erases a slot.
    pub fn erase(&mut self, slot: usize) {
        *self.slot(slot) = Some(String::new());
    }

    /// A slot holds this version now, and is to start.
    pub fn install(&mut self, slot: usize, version: &str) {
        *self.slot(slot) = Some(version.to_owned());
        self.boot = slot;
    }

    /// The other slot is to start.
    pub fn roll_back(&mut self, running: usize) {
        self.boot = 1 - running;
    }

    fn slot(&mut self, slot: usize) -> &mut Option<String> {
        if slot == 0 { &mut self.ota_0 } else { &mut self.ota_1 }
    }
}
