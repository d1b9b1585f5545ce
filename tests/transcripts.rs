//! The transcripts in `tests/transcripts`: each passes, each fails when a byte of it is changed, and together they
//! exercise every form of every command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use espat_sim::transcript::{self, Failure, Progress, Run, Transcript};
use espat_sim::world::{Recording, World};

/// The project's own directory.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Transcripts in `directory`, by name.
#[allow(clippy::disallowed_methods)] // a test reads files
fn files(directory: &str) -> Vec<(String, String)> {
    let directory = root().join(directory);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&directory)
        .unwrap_or_else(|e| panic!("{}: {e}", directory.display()))
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "at"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| (path.display().to_string(), load(&path.display().to_string()).unwrap()))
        .collect()
}

#[allow(clippy::disallowed_methods)] // a test reads files
fn load(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {path}: {e}"))
}

fn parse(name: &str, text: &str) -> Transcript {
    transcript::parse(name, text, &mut load).unwrap_or_else(|e| panic!("{e}"))
}

fn run(transcript: &Transcript, seed: Option<u64>) -> Result<(), Box<Failure>> {
    let seed = seed.or(transcript.seed);
    let mut world = World::new(&transcript.scenario, seed, Recording::default()).expect("a world");
    let mut run = Run::new(transcript, &mut world).expect("the module exists");
    while run.step(&mut world)? == Progress::More {}
    Ok(())
}

#[test]
fn every_transcript_passes_with_any_seed() {
    let mut failures = Vec::new();
    let all = files("tests/transcripts");
    assert!(!all.is_empty(), "there are no transcripts");
    for (name, text) in all {
        let transcript = parse(&name, &text);
        for seed in [None, Some(2), Some(3)] {
            if let Err(failure) = run(&transcript, seed) {
                failures.push(format!("{failure}seed {seed:?}\n"));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// A module line with one byte changed: an expected byte, not one of the notation. `None` for other lines.
fn altered(line: &str) -> Option<String> {
    if line == "<" {
        // The empty line becomes one with a byte in it: what was CR is something else now.
        return Some("< ~".to_owned());
    }
    let start = line.strip_prefix("<| ").or(line.strip_prefix("< ")).map(|rest| line.len() - rest.len())?;
    let mut depth = 0;
    let mut candidates = Vec::new();
    let bytes = line.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            // Over the escape and whatever it escapes.
            b'\\' => at += if bytes.get(at + 1) == Some(&b'x') { 3 } else { 1 },
            b if depth == 0 && b.is_ascii_graphic() => candidates.push(at),
            _ => {}
        }
        at += 1;
    }
    // Not always the first: the place moves with the length of the line.
    let place = *candidates.get(line.len() % candidates.len().max(1))?;
    let mut bytes = bytes.to_vec();
    bytes[place] = if bytes[place] == b'~' { b'!' } else { b'~' };
    String::from_utf8(bytes).ok()
}

#[test]
fn a_changed_byte_in_any_expectation_makes_its_transcript_fail_at_that_line() {
    let mut tried = 0;
    for (name, text) in files("tests/transcripts") {
        let lines: Vec<&str> = text.lines().collect();
        let mut of_this = 0;
        for (number, line) in lines.iter().enumerate() {
            let Some(changed) = altered(line) else { continue };
            let mut copy = lines.clone();
            copy[number] = &changed;
            let transcript = parse(&name, &(copy.join("\n") + "\n"));
            match run(&transcript, None) {
                Ok(()) => panic!("{name}:{}: passes with '{changed}' in place of '{line}'", number + 1),
                Err(failure) => {
                    let place = (failure.place.own, failure.place.line);
                    assert_eq!(place, (true, number + 1), "'{changed}' fails elsewhere:\n{failure}");
                }
            }
            of_this += 1;
        }
        assert!(of_this > 0, "{name} expects nothing");
        tried += of_this;
    }
    println!("{tried} expectations, each changed once");
}

#[test]
fn a_changed_byte_in_a_preamble_makes_those_fail_that_include_it() {
    let files = files("tests/transcripts");
    let (name, text) = files.iter().find(|(name, _)| name.ends_with("cipmux.at")).expect("cipmux.at");
    for target in ["ready.at", "joined.at"] {
        let mut load = |path: &str| {
            let text = load(path)?;
            if !path.ends_with(target) {
                return Ok(text);
            }
            let changed = text.lines().rev().find_map(|line| altered(line).map(|new| (line.to_owned(), new)));
            let (line, new) = changed.expect("the preamble expects something");
            Ok(text.replacen(&format!("{line}\n"), &format!("{new}\n"), 1))
        };
        let transcript = transcript::parse(name, text, &mut load).unwrap_or_else(|e| panic!("{e}"));
        let failure = run(&transcript, None).expect_err("it passes with a changed preamble");
        assert!(failure.place.file.ends_with(target), "{failure}");
    }
}

fn espat_sim(args: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_espat-sim")).current_dir(root()).args(args).output();
    output.expect("espat-sim starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn every_form_of_every_command_has_a_transcript() {
    let output = espat_sim(&["commands", "--markdown", "--unproved"]);
    let forms = text(&output.stdout);
    assert!(output.status.success(), "no transcript has\n{forms}{}", text(&output.stderr));
}

#[test]
fn the_document_of_the_commands_is_fresh() {
    let output = espat_sim(&["commands", "--markdown"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let kept = load(&root().join("docs/commands.md").display().to_string()).unwrap_or_default();
    assert!(
        text(&output.stdout) == kept,
        "docs/commands.md is out of date: espat-sim commands --markdown >docs/commands.md"
    );
}

/// A file of this test's own.
struct Scratch(PathBuf);

impl Scratch {
    #[allow(clippy::disallowed_methods)] // a test writes files
    fn new(name: &str, text: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("espat-transcripts-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a temporary file");
        Scratch(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_command_says_what_failed_and_how_to_repeat_it() {
    let bad = Scratch::new("bad.at", "cites x\n<\n< ready\n> AT\n< AT\n<\n< 0K <&>\n");
    let good = Scratch::new("good.at", "cites x\n<\n< ready\n");
    let junit = Scratch::new("junit.xml", "");
    let output = espat_sim(&["run", bad.path(), good.path(), "--seed", "5", "--junit", junit.path()]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}{}", text(&output.stderr));
    assert!(
        shown.contains(&format!("FAIL {}", bad.path())) && shown.contains(&format!("pass {}", good.path())),
        "{shown}"
    );
    assert!(shown.contains(&format!("{}:7: expected", bad.path())), "{shown}");
    assert!(shown.contains(&format!("espat-sim run {} --seed 5", bad.path())), "{shown}");
    assert_eq!(shown.lines().last(), Some("1 passed, 1 failed"));
    let xml = load(junit.path()).unwrap();
    assert!(
        xml.contains("tests=\"2\"") && xml.contains("failures=\"1\"") && xml.contains("0K &lt;&amp;&gt;"),
        "{xml}"
    );
    let output = espat_sim(&["run", bad.path(), good.path(), "--filter", "good.at"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout).lines().last()),
        (Some(0), Some("1 passed, 0 failed"))
    );
}

#[test]
fn a_transcript_that_cannot_be_read_is_an_error_with_its_place() {
    let bad = Scratch::new("unreadable.at", "cites x\n> AT\nsilnt 1 s\n");
    let output = espat_sim(&["run", bad.path()]);
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output.stderr);
    assert!(
        shown.contains(&format!("{}:3:1", bad.path())) && shown.contains("did you mean `silent`"),
        "{shown}"
    );
    assert_eq!(espat_sim(&["run", "no-such-file.at"]).status.code(), Some(2));
    assert_eq!(espat_sim(&["run", "tests/transcripts", "--filter", "nothing"]).status.code(), Some(2));
}

#[test]
fn the_log_of_a_transcript_replays_to_the_same_digest() {
    let log = Scratch::new("log", "");
    let output = espat_sim(&["run", "tests/transcripts/cipdinfo.at", "--log", log.path()]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    let output = espat_sim(&["replay", log.path(), "--no-dialogue"]);
    assert!(text(&output.stdout).ends_with("the same as in the log\n"), "{}", text(&output.stdout));
}

#[test]
fn what_the_scenario_expects_makes_a_transcript_pass_or_fail() {
    let with = |expect: &str| {
        let head = "cites x\nscenario\nexpect = [\n    \"wifi reply ready\",\n";
        format!("{head}    \"{expect}\",\n]\nend\n<\n< ready\n> AT\n< AT\n<\n< OK\n")
    };
    let good = Scratch::new("expect-good.at", &with("never wifi reply ERROR"));
    let bad = Scratch::new("expect-bad.at", &with("by 5s wifi command AT+GMR"));
    let junit = Scratch::new("expect.xml", "");
    let output = espat_sim(&["run", good.path(), bad.path(), "--seed", "5", "--junit", junit.path()]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}{}", text(&output.stderr));
    assert!(shown.contains(&format!("pass {}", good.path())), "{shown}");
    assert!(shown.contains(&format!("{}:5: the run ended at ", bad.path())), "{shown}");
    assert!(shown.contains("the only `wifi command` was `AT` at "), "{shown}");
    assert!(shown.contains(&format!("espat-sim run {} --seed 5", bad.path())), "{shown}");
    assert_eq!(shown.lines().last(), Some("1 passed, 1 failed"));
    let xml = load(junit.path()).unwrap();
    assert!(xml.contains("tests=\"6\"") && xml.contains("failures=\"1\""), "{xml}");
    assert!(xml.contains("name=\"by 5s wifi command AT+GMR\"") && xml.contains("line=\"5\""), "{xml}");
}
