//! Golden logs: runs whose digests are pinned, so that a change of what happens in a run cannot go unseen.
//!
//! `tests/golden/NAME.espat-log` ends with the digests of its run. Its source stands beside it: a transcript `NAME.at`,
//! or for several modules a scenario `NAME.toml` with `NAME.host`, what the hosts send and when. CONTRIBUTING.md says
//! how a log is renewed, and that only an entry in CHANGELOG.md allows it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use espat_sim::transcript::{self, Progress, Run};
use espat_sim::world::inputlog::{self, Input, Log};
use espat_sim::world::{Attachment, ModuleId, Recording, Scenario, World, replay};

/// Set to write those logs anew from their sources that are missing or another run.
const RENEW: &str = "ESPAT_WRITE_GOLDEN";
/// How far one module may be ahead of another, ns.
const LOOKAHEAD: u64 = 100_000;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The files with this extension, by name.
#[allow(clippy::disallowed_methods)] // a test reads files
fn files(extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory()).expect("tests/golden");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("a directory entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == extension));
    paths.sort();
    paths
}

#[allow(clippy::disallowed_methods)] // a test reads files
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn recording() -> Recording {
    Recording { log: true, ..Recording::default() }
}

fn log_of(mut world: World) -> String {
    world.finish();
    String::from_utf8(world.take_log()).expect("a log is text")
}

/// The log of a transcript that passes.
fn transcript_log(path: &Path) -> String {
    let name = path.file_name().and_then(|n| n.to_str()).expect("a name in UTF-8");
    let transcript = transcript::parse(name, &text(path), &mut |other| {
        Err(format!("a golden source stands alone; {other} is not read"))
    });
    let transcript = transcript.unwrap_or_else(|e| panic!("{e}")).remove(0);
    let mut world = World::new(&transcript.scenario, transcript.seed, recording()).expect("a world");
    let mut run = Run::new(&transcript, &mut world).expect("the module exists");
    while run.step(&mut world).unwrap_or_else(|e| panic!("{e}")) == Progress::More {}
    log_of(world)
}

/// The hosts of several modules, which go on side by side.
struct Hosts {
    world: World,
    modules: Vec<(String, ModuleId, Vec<u8>)>,
    now: u64,
}

impl Hosts {
    /// Lets time pass for all, none of them ahead of another by more than the lookahead.
    fn go(&mut self, to: u64) {
        while self.now < to {
            self.now = (self.now + LOOKAHEAD).min(to);
            for (_, module, received) in &mut self.modules {
                self.world.advance(*module, self.now).expect("advance");
                while let Some(byte) = self.world.uart_read(*module).expect("uart_read") {
                    received.push(byte.byte);
                }
            }
        }
    }
}

/// `\r` and `\n` are escapes, `{text*N}` is the text N times.
fn bytes(text: &str) -> Vec<u8> {
    let text = text.replace("\\r", "\r").replace("\\n", "\n");
    match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).and_then(|t| t.rsplit_once('*')) {
        Some((part, times)) => part.repeat(times.parse().expect("a number")).into_bytes(),
        None => text.into_bytes(),
    }
}

/// The log of several modules whose hosts follow a script.
fn hosts_log(path: &Path) -> String {
    let scenario = path.with_extension("toml");
    let name = scenario.file_name().and_then(|n| n.to_str()).expect("a name in UTF-8");
    let scenario = Scenario::parse(name, &text(&scenario)).unwrap_or_else(|e| panic!("{e}"));
    let mut world = World::new(&scenario, None, recording()).expect("a world");
    let names: Vec<String> = world.module_names().into_iter().map(str::to_owned).collect();
    let modules = names.into_iter().map(|name| {
        let id = world.attach(&name, Attachment::default()).expect("attach");
        (name, id, Vec::new())
    });
    let modules = modules.collect();
    let mut hosts = Hosts { world, modules, now: 0 };
    for (number, line) in text(path).lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let place = format!("{}:{}: {line}", path.display(), number + 1);
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_else(|| panic!("{place}: TIME MODULE WHAT TEXT"));
        let (time, who, what, rest) = (word(), word(), word(), word());
        hosts.go(time.parse::<u64>().unwrap_or_else(|e| panic!("{place}: {e}")) * 1_000_000);
        let now = hosts.now;
        if (who, what) == ("*", "console") {
            hosts.world.console(rest).unwrap_or_else(|e| panic!("{place}: {e}"));
            continue;
        }
        let Some(index) = hosts.modules.iter().position(|(name, ..)| name == who) else { panic!("{place}") };
        let (_, module, received) = &hosts.modules[index];
        let mut sent = bytes(rest);
        match what {
            ">" | ">|" => {
                sent.extend(if what == ">" { &b"\r\n"[..] } else { b"" });
                for byte in sent {
                    hosts.world.uart_write(*module, now, byte).expect("uart_write");
                }
            }
            "<" => {
                let all =
                    hosts.modules.iter().map(|(name, _, came)| format!("\n{name}: {}", came.escape_ascii()));
                let there = received.windows(sent.len()).any(|w| w == sent);
                assert!(there, "{place}: did not come. What came:{}", all.collect::<String>());
            }
            _ => panic!("{place}: expected >, >|, < or `* console`"),
        }
    }
    log_of(hosts.world)
}

/// Every source and the log that it gives today.
fn sources() -> Vec<(PathBuf, String)> {
    let transcripts =
        files("at").into_iter().map(|path| (path.with_extension("espat-log"), transcript_log(&path)));
    let hosts = files("host").into_iter().map(|path| (path.with_extension("espat-log"), hosts_log(&path)));
    transcripts.chain(hosts).collect()
}

/// The inputs of each module, and those for all, byte by byte: a log of an older format puts them together otherwise.
fn bytes_of(inputs: &[Input]) -> BTreeMap<Option<u32>, Vec<String>> {
    let mut each: BTreeMap<Option<u32>, Vec<String>> = BTreeMap::new();
    for input in inputs {
        let mut add = |whose, what| each.entry(whose).or_default().push(what);
        match input {
            Input::Uart { module, tick, pace, bytes } => {
                for (tick, byte) in pace.ticks(*tick, bytes.len()).zip(bytes) {
                    add(Some(*module), format!("{tick} {byte:02x}"));
                }
            }
            Input::Pin { module, .. }
            | Input::Line { module, .. }
            | Input::Printed { module, .. }
            | Input::Overrun { module, .. } => {
                add(Some(*module), format!("{input:?}"));
            }
            Input::Attach { .. }
            | Input::Detach { .. }
            | Input::Console { .. }
            | Input::LanAttach { .. }
            | Input::LanDetach { .. }
            | Input::LanFrame { .. } => add(None, format!("{input:?}")),
            // Formats differ in how many they need.
            Input::Advance { .. } | Input::AdvanceAll { .. } => {}
        }
    }
    each
}

#[test]
fn every_golden_log_replays_to_the_digests_that_are_pinned_in_it() {
    let logs = files("espat-log");
    assert!(logs.len() >= 12, "only {} golden logs", logs.len());
    let mut differ = Vec::new();
    for path in logs {
        let replayed =
            replay(&text(&path), Recording::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let logged = replayed.logged.unwrap_or_else(|| panic!("{} has no digests", path.display()));
        let now = (replayed.world.digest(), replayed.world.content_digest());
        if (logged.digest, logged.content_digest) != now {
            let (digest, content) = now;
            differ.push(format!("{}: digest={digest:016x} content={content:016x}", path.display()));
        }
    }
    assert!(
        differ.is_empty(),
        "the same inputs have other results than before. Is that meant? CONTRIBUTING.md, \"Golden logs\".\n{}",
        differ.join("\n")
    );
}

/// What a log that is kept has otherwise than the one that its source gives today; `None`: nothing that counts.
fn difference(kept: &Log, made: &Log) -> Option<&'static str> {
    if kept.end != made.end {
        return Some("another digest");
    }
    if bytes_of(&kept.inputs) != bytes_of(&made.inputs) {
        return Some("other inputs");
    }
    (kept.scenario_text != made.scenario_text).then_some("another scenario")
}

/// Whether a log is to be written anew: it is missing, or another one than its source gives. One of an older format that
/// is the same run stays as it is, as the proof that the format is still read.
fn is_to_be_renewed(kept: Option<&str>, made: &str) -> bool {
    let made = inputlog::parse(made).expect("what a run writes is a log");
    kept.and_then(|text| inputlog::parse(text).ok()).is_none_or(|kept| difference(&kept, &made).is_some())
}

#[test]
#[allow(clippy::disallowed_methods)] // writes the logs when it is asked to
fn every_golden_log_is_what_its_source_gives() {
    let sources = sources();
    if std::env::var_os(RENEW).is_some() {
        for (path, log) in &sources {
            if is_to_be_renewed(std::fs::read_to_string(path).ok().as_deref(), log) {
                std::fs::write(path, log).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            }
        }
    }
    assert_eq!(files("espat-log").len(), sources.len(), "a log without a source");
    for (path, log) in &sources {
        let parse = |text: &str| inputlog::parse(text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(difference(&parse(&text(path)), &parse(log)), None, "{}", path.display());
    }
}

#[test]
fn only_a_log_that_is_missing_or_another_run_is_written_anew() {
    let path = directory().join("tcp.espat-log");
    let (kept, made) = (text(&path), transcript_log(&path.with_extension("at")));
    assert!(kept.starts_with("espat-sim input log 2\n"), "it is here because its format is an older one");
    assert!(made.starts_with("espat-sim input log 4\n"), "what is written today has the newest format");
    assert!(!is_to_be_renewed(Some(&kept), &made), "the same run in an older format is to stay");
    let end = kept.rfind("end digest=").expect("the digests at its end");
    let digit = end + "end digest=".len();
    let other = if &kept[digit..=digit] == "0" { "1" } else { "0" };
    let moved = format!("{}{other}{}", &kept[..digit], &kept[digit + 1..]);
    let typed = kept.replacen("uart 41 54 45 30", "uart 41 54 45 31", 1);
    assert_ne!(typed, kept, "ATE0 is in it");
    for (kept, what) in [
        (None, "a log that is missing"),
        (Some(&kept[..end]), "a log that was cut off"),
        (Some("no log"), "a file that is no log"),
        (Some(&*moved), "another digest"),
        (Some(&*typed), "other inputs"),
    ] {
        assert!(is_to_be_renewed(kept, &made), "{what} is not written anew");
    }
}
