//! `espat-sim replay`: runs an input log again, without MCU or emulator.

use std::path::PathBuf;

use super::dialogue::{self, Style};
use super::files;
use super::options::{CaptureArgs, DialogueArgs, Terminal};
use crate::edge::{FileError, Paths, read_text};
use crate::world::{self, Recording};

/// Run an input log again: the same UART bytes, capture and digest, without MCU or emulator.
///
/// The exit code is 0 when the digests are those of the log (or the log has none), 1 when they differ, 2 when
/// the log cannot be replayed.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// The input log.
    #[arg(value_name = "LOG")]
    log: PathBuf,
    /// Write a capture for Wireshark; `-`: to the standard output, and everything else to the standard error stream.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    #[command(flatten)]
    capture_form: CaptureArgs,
    /// Write the TLS key log (NSS's format), for whoever decrypts a capture made elsewhere. Captures hold these secrets.
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
    #[command(flatten)]
    dialogue: DialogueArgs,
}

/// Runs the log again.
pub fn run(args: &ReplayArgs) -> i32 {
    match replay(args) {
        Ok(code) => code,
        Err(sentence) => super::fail(&sentence),
    }
}

fn replay(args: &ReplayArgs) -> Result<i32, String> {
    let mut paths = Paths::default();
    paths.read("the log", &args.log)?;
    if let Some(capture) = &args.capture {
        paths.capture("--capture", capture)?;
    }
    if let Some(keylog) = &args.keylog {
        paths.write("--keylog", keylog)?;
    }
    let text = read_text(&args.log).map_err(|e| match e {
        FileError::Wrong(why) => format!("{} is no input log: {why}", args.log.display()),
        FileError::Io(why) => why,
    })?;
    let capture = files::capture(args.capture.as_deref(), &args.capture_form)?;
    let keylog = files::sink(args.keylog.as_deref())?;
    let recording = Recording {
        capture: capture.is_some(),
        keylog: keylog.is_some(),
        log: false,
        dialogue: args.dialogue.or(true),
        ..Recording::default()
    };
    let place = args.log.display();
    let mut replayed = world::replay(&text, recording).map_err(|e| format!("{place}: {e}"))?;
    let style = Style { color: Terminal::standard().has_colour(args.dialogue.color) };
    let several = replayed.world.module_names().len() > 1;
    for (module, packet) in replayed.world.take_dialogue() {
        let name = replayed.world.module_names().get(module.index()).copied().unwrap_or_default().to_owned();
        say!("{}", dialogue::format(&packet, several.then_some(name.as_str()), style));
    }
    let mut warnings = replayed.world.take_warnings();
    if let Some(mut sink) = capture {
        sink.write(replayed.world.take_capture()).map_err(|e| e.to_string())?;
        let (news, closed) = sink.close();
        closed.map_err(|e| e.to_string())?;
        warnings.extend(news);
    }
    if let Some(mut sink) = keylog {
        sink.write(replayed.world.take_keylog()).map_err(|e| e.to_string())?;
        sink.finish().map_err(|e| e.to_string())?;
    }
    for warning in warnings {
        say!("warning: {warning}");
    }
    if let Some(cut) = &replayed.truncated {
        say!("warning: {place}: line {} is cut off and was left out: '{}'", cut.line, cut.rest);
    }
    say!("digest {:016x}", replayed.world.digest());
    let here = env!("CARGO_PKG_VERSION");
    let by = if replayed.version == here {
        String::new()
    } else {
        format!(" (written by espat-sim {}, this is {here})", replayed.version)
    };
    match replayed.is_same() {
        Some(true) => say!("the same as in the log"),
        Some(false) => {
            let logged = replayed.logged.map_or(0, |end| end.digest);
            say!("DIFFERENT: the log says {logged:016x}{by}");
            return Ok(1);
        }
        None => say!("the log was not closed, so it has no digest to compare"),
    }
    Ok(0)
}
