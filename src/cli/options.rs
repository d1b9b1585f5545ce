//! Options that several commands have.

use std::io::{Stderr, Stdout};
use std::path::PathBuf;

use anstream::AutoStream;
use clap::ColorChoice;

use crate::edge::{CaptureForm, CaptureFormat};
use crate::time::Duration;
use crate::world::quantity;
use crate::world::{Attachment, McuTx};

/// What the MCU's UART is like. What is given here goes before the scenario.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct McuArgs {
    /// When the bytes that the MCU stores go out: one after the other at line rate (`wire`), or each one byte time after
    /// its store (`as-stored`). Without it, what the scenario says, or `wire`.
    #[arg(long, value_name = "WHEN", value_parser = McuTx::parse)]
    pub mcu_tx: Option<McuTx>,
    /// The module's RTS is connected and the MCU's UART obeys it: what is stored waits while it is high. Without it, what
    /// the scenario says, or false.
    #[arg(
        long, value_name = "TRUTH", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = clap::value_parser!(bool)
    )]
    pub obeys_rts: Option<bool>,
}

impl McuArgs {
    /// How to attach with them.
    pub fn attachment(self) -> Attachment {
        Attachment { mcu_tx: self.mcu_tx, obeys_rts: self.obeys_rts, ..Attachment::default() }
    }

    /// The options that say the same.
    pub fn words(self) -> impl Iterator<Item = String> {
        let mcu_tx = self.mcu_tx.map(|mcu_tx| format!("--mcu-tx={}", mcu_tx.word()));
        let obeys_rts = self.obeys_rts.map(|obeys| format!("--obeys-rts={obeys}"));
        mcu_tx.into_iter().chain(obeys_rts)
    }
}

/// What the capture is like.
#[derive(Clone, Debug, clap::Args)]
pub struct CaptureArgs {
    /// The capture's format: `pcapng`, or the classic `pcap`, which has frames and times alone. Without it, `pcap` where the
    /// file's name ends in `.pcap`.
    #[arg(long, value_name = "FORMAT", value_parser = CaptureFormat::parse, requires = "capture")]
    capture_format: Option<CaptureFormat>,
    /// The one interface whose packets a classic capture has, such as `wifi/radio`. Without it, those of all that carry
    /// Ethernet frames.
    #[arg(long, value_name = "NAME", requires = "capture")]
    capture_interface: Option<String>,
}

impl CaptureArgs {
    /// What a file that is named by the command ends in.
    pub fn word(&self) -> &'static str {
        self.capture_format.unwrap_or(CaptureFormat::Pcapng).word()
    }

    /// The same, for who makes the capture.
    pub fn form(&self) -> CaptureForm {
        CaptureForm { format: self.capture_format, interface: self.capture_interface.clone() }
    }
}

/// What is kept of a run.
#[derive(Clone, Debug, clap::Args)]
pub struct RecordArgs {
    /// Write a capture for Wireshark; `-`: to the standard output, and everything else to the standard error stream.
    #[arg(long, value_name = "FILE")]
    pub capture: Option<PathBuf>,
    #[command(flatten)]
    pub capture_form: CaptureArgs,
    /// Write the input log, for `espat-sim replay`.
    #[arg(long, value_name = "FILE")]
    pub input_log: Option<PathBuf>,
    /// Write the TLS key log (NSS's format), for whoever decrypts a capture made elsewhere. Captures hold these secrets.
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
}

impl RecordArgs {
    /// The files, each with what it is called when it is told that it was written.
    pub fn written(&self) -> [(&'static str, &Option<PathBuf>); 3] {
        [("capture", &self.capture), ("input log", &self.input_log), ("key log", &self.keylog)]
    }
}

/// Whether the dialogue is shown, and how.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct DialogueArgs {
    /// Show the dialogue between MCU and module, with virtual times.
    #[arg(long, overrides_with = "no_dialogue")]
    dialogue: bool,
    /// Do not show the dialogue.
    #[arg(long, overrides_with = "dialogue")]
    no_dialogue: bool,
    /// Colour the dialogue. `auto`: on a terminal that can show it, unless NO_COLOR is set.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

impl DialogueArgs {
    /// What is asked for, or `otherwise` where nothing is.
    pub fn or(self, otherwise: bool) -> bool {
        self.dialogue || otherwise && !self.no_dialogue
    }
}

/// A stream that may be a terminal.
pub enum Terminal {
    Out(Stdout),
    Err(Stderr),
}

impl Terminal {
    /// The standard output, or the standard error stream where a capture has that.
    pub fn standard() -> Terminal {
        if super::output::is_given_away() {
            Terminal::Err(std::io::stderr())
        } else {
            Terminal::Out(std::io::stdout())
        }
    }

    /// Whether colours go there: a terminal has them unless it can't show them, or `NO_COLOR` or `CLICOLOR` say otherwise.
    pub fn has_colour(&self, when: ColorChoice) -> bool {
        let choice = match (when, self) {
            (ColorChoice::Always, _) => return true,
            (ColorChoice::Never, _) => return false,
            (ColorChoice::Auto, Terminal::Out(stream)) => AutoStream::choice(stream),
            (ColorChoice::Auto, Terminal::Err(stream)) => AutoStream::choice(stream),
        };
        choice != anstream::ColorChoice::Never
    }
}

/// Reads the end of a run: a duration of more than nothing.
pub fn limit(text: &str) -> Result<Duration, String> {
    // QEMU counts time in signed nanoseconds.
    const LAST: u64 = i64::MAX as u64;
    match quantity::duration(text)? {
        limit if limit == Duration::ZERO => Err("the limit must be more than nothing".to_owned()),
        limit if limit.as_nanos() > LAST => Err(format!("'{text}' is past the end of time (292 years)")),
        limit => Ok(limit),
    }
}

/// Options that had another name, with that of today.
const OLD: [(&str, &str); 2] = [("--pcap", "--capture"), ("--log", "--input-log")];

/// The sentence about an option that had another name; `None` when `error` is about something else.
pub fn renamed(error: &clap::Error) -> Option<String> {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = given.split(['=', ' ']).next().unwrap_or(given);
    let (old, new) = OLD.iter().find(|(old, _)| *old == name)?;
    Some(format!("the option {old} is called {new} now"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        mcu: McuArgs,
        #[command(flatten)]
        dialogue: DialogueArgs,
        #[arg(long, value_parser = limit)]
        limit: Option<Duration>,
    }

    fn line(words: &[&str]) -> Result<Line, clap::Error> {
        Line::try_parse_from([&["espat-sim"], words].concat())
    }

    #[test]
    fn what_is_not_given_is_left_to_the_scenario() {
        let mcu = |words: &[&str]| line(words).map(|l| (l.mcu.mcu_tx, l.mcu.obeys_rts)).expect("right");
        assert_eq!(mcu(&[]), (None, None));
        assert_eq!(mcu(&["--obeys-rts"]), (None, Some(true)));
        assert_eq!(mcu(&["--obeys-rts=false"]), (None, Some(false)));
        assert_eq!(mcu(&["--mcu-tx", "as-stored"]), (Some(McuTx::AsStored), None));
        assert!(line(&["--mcu-tx", "fast"]).is_err());
        let words: Vec<String> =
            line(&["--obeys-rts", "--mcu-tx=wire"]).expect("right").mcu.words().collect();
        assert_eq!(words, ["--mcu-tx=wire", "--obeys-rts=true"]);
    }

    #[test]
    fn the_last_word_about_the_dialogue_counts() {
        let shown = |words: &[&str], otherwise| line(words).expect("right").dialogue.or(otherwise);
        assert_eq!((shown(&[], true), shown(&[], false)), (true, false));
        assert_eq!((shown(&["--dialogue"], false), shown(&["--no-dialogue"], true)), (true, false));
        assert!(shown(&["--no-dialogue", "--dialogue"], false));
    }

    #[test]
    fn a_limit_is_a_duration_as_scenarios_have_it() {
        for (text, ns) in
            [("20s", 20_000_000_000), ("1.5 s", 1_500_000_000), ("2min", 120_000_000_000), ("7ns", 7)]
        {
            assert_eq!(limit(text), Ok(Duration::from_nanos(ns)), "{text}");
        }
        for (text, part) in [
            ("20", "without a unit"),
            ("0s", "more than nothing"),
            ("0.5ns", "finer than a nanosecond"),
            ("213503 d", "past the end of time"),
            ("noon", "a duration such as"),
        ] {
            let error = limit(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn an_old_option_is_refused_with_its_new_name() {
        for (words, sentence) in [
            (["--pcap", "x"], "the option --pcap is called --capture now"),
            (["--log=x", "y"], "the option --log is called --input-log now"),
        ] {
            let Err(error) = line(&words) else { panic!("accepted: {words:?}") };
            assert_eq!(renamed(&error).as_deref(), Some(sentence));
        }
        let Err(error) = line(&["--colour"]) else { panic!("accepted") };
        assert_eq!(renamed(&error), None);
    }
}
