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
    /// The supply was too low for a moment.
    BrownOut,
    /// The firmware hung, and a watchdog noticed.
    Watchdog,
}

impl Reset {
    /// Those that come from outside, each with the word for it.
    pub const WORDS: [(&str, Reset); 3] =
        [("brown-out", Reset::BrownOut), ("watchdog", Reset::Watchdog), ("power-on", Reset::PowerOn)];

    /// The word for it; empty for what the firmware does by itself.
    pub fn word(self) -> &'static str {
        Reset::WORDS.iter().find(|(_, reset)| *reset == self).map_or("", |(word, _)| word)
    }

    /// Whether what runs on through a reset of the firmware stops at this one: the clock.
    pub fn is_total(self) -> bool {
        matches!(self, Reset::PowerOn | Reset::BrownOut)
    }
}

/// The texts of one chip and release. Lines end with CR LF.
#[derive(Clone, Copy, Debug)]
pub struct BootLog {
    /// Speed of the log port, baud.
    pub baud: u32,
    /// What the ROM prints first. `{reset}` stands for why it starts, `{mode}` for where it boots from.
    pub rom: &'static str,
    /// `{reset}` after each [`Reset`], in their order.
    pub resets: [&'static str; 5],
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
