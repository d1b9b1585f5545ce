//! `espat-sim replay`: runs an input log again, without MCU or emulator.

use std::path::{Path, PathBuf};

use super::dialogue::Style;
use super::options::{self, CaptureArgs, DialogueArgs, Terminal};
use super::{depart, files, trace};
use crate::edge::{FileError, Paths, read_text};
use crate::time::{Duration, Instant};
use crate::world::{Recording, Replay, Replayed};

/// Run an input log again: the same UART bytes, capture and digest, without MCU or emulator.
///
/// The exit code is 0 when the digests are those of the log (or the log has none, or the run stops earlier), 1 when they
/// differ, 2 when the log cannot be replayed. With `--scenario` it is 0 when modules send the same bytes, 1 when they do not.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// The input log.
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// Stop at this virtual time, such as `1.5s`, and show what the modules are doing.
    #[arg(long, value_name = "TIME", value_parser = options::limit)]
    pub until: Option<Duration>,
    /// Show besides the dialogue what happens to modules, links and hosts, and the packets, in the order of time.
    #[arg(long, conflicts_with = "scenario")]
    trace: bool,
    /// Put the log's inputs into a world of another scenario, and say where its modules first send something else.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["capture", "keylog"])]
    pub scenario: Option<PathBuf>,
    /// Write a capture for Wireshark; `-`: to the standard output, and everything else to the standard error stream.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    #[command(flatten)]
    capture_form: CaptureArgs,
    /// Write the TLS key log (NSS's format), for whoever decrypts a capture made elsewhere. Captures hold these secrets.
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
    #[command(flatten)]
    pub dialogue: DialogueArgs,
}

/// Runs the log again.
pub fn run(args: &ReplayArgs) -> i32 {
    let run = if args.scenario.is_some() { depart::run } else { replay };
    match run(args) {
        Ok(code) => code,
        Err(sentence) => super::fail(&sentence),
    }
}

/// The text of an input log. The error is ready to be shown.
pub fn read_log(path: &Path) -> Result<String, String> {
    read_text(path).map_err(|e| match e {
        FileError::Wrong(why) => format!("{} is no input log: {why}", path.display()),
        FileError::Io(why) => why,
    })
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
    let text = read_log(&args.log)?;
    let recording = Recording {
        capture: args.capture.is_some(),
        keylog: args.keylog.is_some(),
        dialogue: args.dialogue.or(true),
        observations: args.trace,
        packets: args.trace,
        ..Recording::default()
    };
    let place = args.log.display();
    let mut replay = Replay::new(&text, recording).map_err(|e| format!("{place}: {e}"))?;
    let reached = run_until(&mut replay, args.until).map_err(|e| format!("{place}: {e}"))?;
    // A log that can't be replayed costs nobody the files of an earlier run.
    let capture = files::capture(args.capture.as_deref(), &args.capture_form)?;
    let keylog = files::sink(args.keylog.as_deref())?;
    let has_stopped = replay.has_stopped();
    let mut replayed = replay.finish();
    let style = Style { color: Terminal::standard().has_colour(args.dialogue.color) };
    for line in trace::lines(&mut replayed.world, style).map_err(|e| format!("{place}: {e}"))? {
        say!("{line}");
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
    if args.until.is_some() {
        for line in trace::state(&mut replayed.world)? {
            say!("{line}");
        }
    }
    say!("digest {:016x}", replayed.world.digest());
    if has_stopped {
        say!("stopped at {reached}: the log goes on");
        return Ok(0);
    }
    if args.until.is_some() {
        say!("the log ends at {reached}, before that");
    }
    Ok(judge(&replayed))
}

/// Feeds the inputs up to `until`, or all. How far the run has come.
pub fn run_until(replay: &mut Replay, until: Option<Duration>) -> Result<Instant, String> {
    if let Some(until) = until {
        replay.stop_at(Instant::ZERO + until);
    }
    while replay.feed().map_err(|e| e.to_string())?.is_some() {}
    Ok(replay.reached())
}

/// Says whether it came out the same, and gives the exit code for that.
fn judge(replayed: &Replayed) -> i32 {
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
            return 1;
        }
        None => say!("the log was not closed, so it has no digest to compare"),
    }
    0
}
