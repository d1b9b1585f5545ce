//! What a chip prints on its log port while it starts: the ROM, the bootloader, the AT firmware.
//!
//! The texts are a few plausible lines of each, put together from logs of real modules; nothing depends on them.
//! A real bootloader prints dozens more.

/// Why a chip starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Power came, or EN went high.
    PowerOn,
    /// The firmware asked for it.
    Software,
    /// It slept, and its time was over.
    DeepSleep,
}

/// The texts of one chip and release. Lines end with CR LF.
#[derive(Clone, Copy, Debug)]
pub struct BootLog {
    /// Speed of the log port, baud.
    pub baud: u32,
    /// What the ROM prints first. `{reset}` stands for why it starts, `{mode}` for where it boots from.
    pub rom: &'static str,
    /// `{reset}` after [`Reset::PowerOn`], [`Reset::Software`] and [`Reset::DeepSleep`].
    pub resets: [&'static str; 3],
    /// `{mode}` when it boots from flash.
    pub flash: &'static str,
    /// `{mode}` in download mode.
    pub download: &'static str,
    /// What the ROM and the bootloader print on their way to the firmware.
    pub loading: &'static str,
    /// What the AT firmware prints before `ready`.
    pub firmware: &'static str,
}

impl BootLog {
    /// What is printed at once after a reset.
    pub fn start(&self, reset: Reset, download: bool) -> String {
        let cause = self.resets[reset as usize];
        let mode = if download { self.download } else { self.flash };
        let rom = self.rom.replace("{reset}", cause).replace("{mode}", mode);
        let then = if download { "waiting for download\r\n" } else { self.loading };
        format!("{rom}{then}")
    }
}
