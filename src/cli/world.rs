//! `espat-sim world`: one world for several boards, each in a QEMU of its own.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration as WallDuration;

use quick_junit::TestSuite;

use super::dialogue::{self, Style};
use super::expect::{self, shell_word};
use super::files;
use super::options::{self, DialogueArgs, RecordArgs, Terminal};
use crate::edge::lockstep::{Ended, Server, Stop};
use crate::edge::{OnPacket, Outputs, Session};
use crate::time::{Duration, Instant};
use crate::world::quantity::duration_text;
use crate::world::{ModuleId, Outcome, Verdict};

/// Let several boards, each in a QEMU of its own, share one network.
///
/// Start one `espat-sim qemu --world SOCKET --module NAME -- …` for each module of the scenario, before or after this. Virtual
/// time begins when all are there. A board that ends lets the others go on; its module stays where it is. The run is over when
/// the last board has ended.
///
/// The dialogue of all modules, the scenario's expectations, the capture, the logs and the digest are here; what a firmware
/// prints and its exit code are where its QEMU was started.
///
/// The exit code is 0 when all boards have ended and what the scenario expects has happened, 1 when something of that has
/// not, 124 at --limit and 123 when all boards sleep and nothing is left that could wake one (with expectations these count
/// instead), 2 when a board did not come or went without a word, when a signal ended the run, or a file could not be written.
#[derive(Debug, clap::Args)]
pub struct WorldArgs {
    /// The scenario file; without it, the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(super) scenario: Option<PathBuf>,
    /// The seed of all randomness; without it, the scenario's, or 1.
    #[arg(long, value_name = "N", value_parser = super::seed)]
    seed: Option<u64>,
    /// Listen for the boards on a Unix socket at this path.
    #[arg(long, value_name = "SOCKET")]
    listen: PathBuf,
    /// Wait for a board of this module only. May be given several times; without it, for one of each module of the scenario.
    #[arg(long, value_name = "NAME")]
    board: Vec<String>,
    /// Wait so long (wall time) for the boards before the run begins.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = options::limit)]
    patience: Duration,
    /// End the run at this virtual time (20s, 1.5s, 300ms, "2 min").
    #[arg(long, value_name = "TIME", value_parser = options::limit)]
    limit: Option<Duration>,
    #[command(flatten)]
    record: RecordArgs,
    /// Write what came of the scenario's `expect` as JUnit XML. Its times are virtual.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    dialogue: DialogueArgs,
    /// Show warnings and errors only.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the world.
pub fn run(args: &WorldArgs) -> i32 {
    match start(args) {
        Ok(code) => code,
        Err(sentence) => super::fail(&sentence),
    }
}

/// Says a sentence about the run, in one piece: boards talk on the same terminal.
fn tell(sentence: &str) {
    let _ = std::io::stderr().write_all(format!("espat-sim: {sentence}\n").as_bytes());
}

fn start(args: &WorldArgs) -> Result<i32, String> {
    let scenario = files::scenario(args.scenario.as_deref())?;
    let written = [
        ("--listen", Some(args.listen.as_path())),
        ("--input-log", args.record.input_log.as_deref()),
        ("--keylog", args.record.keylog.as_deref()),
        ("--junit", args.junit.as_deref()),
    ];
    files::of_run((args.scenario.as_deref(), &scenario), args.record.capture.as_deref(), &written)?;
    let stop = Stop::default();
    let end = stop.clone();
    ctrlc::set_handler(move || end.stop()).map_err(|e| format!("cannot take signals: {e}"))?;
    let quiet = args.quiet;
    let say = Box::new(move |sentence: &str| {
        if !quiet {
            tell(sentence);
        }
    });
    let mut server = Server::bind(&args.listen, &scenario, &args.board, stop, say)?;
    let style = Style { color: Terminal::standard().has_colour(args.dialogue.color) };
    let show: OnPacket =
        Box::new(move |module, packet| say!("{}", dialogue::format(packet, Some(module), style)));
    let outputs = Outputs {
        capture: files::capture(args.record.capture.as_deref(), &args.record.capture_form)?,
        log: files::sink(args.record.input_log.as_deref())?,
        keylog: files::sink(args.record.keylog.as_deref())?,
        dialogue: (args.dialogue.or(true) && !quiet).then_some(show),
        warnings: Some(Box::new(|sentence| tell(&format!("warning: {sentence}")))),
        ..Outputs::default()
    };
    let session = Session::new(&scenario, args.seed, outputs).map_err(|e| e.to_string())?;
    if !quiet {
        tell(&format!("the world listens at {}", args.listen.display()));
    }
    let patience = WallDuration::from_nanos(args.patience.as_nanos());
    let ended = server.run(&session, patience, args.limit.map(Duration::as_nanos));
    drop(server);
    let unwritten = session.finish();
    if let Ended::NotBegun(sentence) = ended {
        return Err(sentence);
    }
    let (verdicts, digest, end, seed) = session
        .with(|w| {
            let reached = (0..scenario.modules.len()).filter_map(|m| w.now(ModuleId(m as u32)).ok());
            let end = reached.max().unwrap_or(Instant::ZERO);
            (w.verdicts(), w.digest(), end, w.seed())
        })
        .map_err(|e| e.to_string())?;
    let again = again(args, seed);
    let failures: Vec<String> = expect::failures(&scenario.name, &verdicts).collect();
    let code = conclude(&ended, &verdicts, &failures, quiet);
    if code != 0 && !failures.is_empty() {
        tell(&format!("to run it again: {again}"));
    }
    if let Some(path) = &args.junit {
        let mut suite = TestSuite::new("world");
        let failed =
            (code != 0 && failures.is_empty()).then(|| format!("the run ended with exit code {code}"));
        let mut boards = expect::case("boards", failed.as_deref(), &again);
        boards.set_classname("espat-sim.world").set_time(expect::virtual_time(end));
        suite.add_test_case(boards);
        expect::add_cases(&mut suite, &scenario.name, &verdicts, &again);
        expect::write_junit(path, "espat-sim world", suite)?;
    }
    unwritten.iter().for_each(|sentence| tell(sentence));
    if !quiet {
        tell(&format!("virtual time {end}"));
        let written = args.record.written();
        for (what, file) in written {
            if let Some(file) = file {
                tell(&format!("{what} {}", file.display()));
            }
        }
    }
    tell(&format!("digest {digest:016x}"));
    Ok(if unwritten.is_empty() { code } else { 2 })
}

/// Says how it has ended and what has failed, and gives the exit code.
fn conclude(ended: &Ended, verdicts: &[Verdict], failures: &[String], quiet: bool) -> i32 {
    let code = match ended {
        Ended::Done => 0,
        Ended::Limit => {
            tell("the virtual-time limit was reached");
            if verdicts.is_empty() { 124 } else { 0 }
        }
        Ended::Asleep(sentence) => {
            tell(sentence);
            if verdicts.is_empty() { 123 } else { 0 }
        }
        Ended::NotBegun(sentence) | Ended::Lost(sentence) | Ended::Broken(sentence) => {
            tell(sentence);
            2
        }
        Ended::Stopped => {
            tell("a signal ended the run");
            2
        }
    };
    failures.iter().for_each(|failure| tell(failure));
    if !quiet && !verdicts.is_empty() {
        let met = verdicts.iter().filter(|v| !matches!(v.outcome, Outcome::Failed(_))).count();
        tell(&format!("{met} expectations met, {} failed", failures.len()));
    }
    if code == 0 && !failures.is_empty() { 1 } else { code }
}

/// The command that repeats the run, for a POSIX shell; each board has its own.
fn again(args: &WorldArgs, seed: u64) -> String {
    let mut words = vec!["espat-sim".to_owned(), "world".to_owned()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), shell_word(&value)]);
    if let Some(path) = &args.scenario {
        option("--scenario", path.display().to_string());
    }
    option("--seed", seed.to_string());
    for board in &args.board {
        option("--board", board.clone());
    }
    if let Some(limit) = args.limit {
        option("--limit", duration_text(limit));
    }
    option("--listen", args.listen.display().to_string());
    words.join(" ")
}
