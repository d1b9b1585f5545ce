//! The transcripts in `tests/transcripts`: each passes, each fails when a byte of it is changed, and together they
//! exercise every form of every command.

use std::path::{Path, PathBuf};

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

fn parse(name: &str, text: &str) -> Vec<Transcript> {
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
        for (place, transcript) in parse(&name, &text).into_iter().enumerate() {
            // Of a transcript for several profiles, the first with several seeds.
            let seeds = &[None, Some(2), Some(3)][..if place == 0 { 3 } else { 1 }];
            for seed in seeds.iter().copied() {
                if let Err(failure) = run(&transcript, seed) {
                    failures.push(format!("{failure}profile {}, seed {seed:?}\n", transcript.profile));
                }
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

/// Of so many expectations of a transcript one is changed, another one in each transcript; `make soak` changes all.
#[expect(clippy::disallowed_methods, reason = "asks how many there shall be")]
fn one_in() -> usize {
    if std::env::var_os("ESPAT_SOAK").is_some() { 1 } else { 8 }
}

#[test]
fn a_changed_byte_in_an_expectation_makes_its_transcript_fail_at_that_line() {
    let (mut tried, one_in) = (0, one_in());
    for (index, (name, text)) in files("tests/transcripts").into_iter().enumerate() {
        let lines: Vec<&str> = text.lines().collect();
        let expected = lines.iter().enumerate().filter_map(|(n, line)| Some((n, *line, altered(line)?)));
        let expected: Vec<_> = expected.collect();
        assert!(!expected.is_empty(), "{name} expects nothing");
        let first = (index % one_in).min(expected.len() - 1);
        for (number, line, changed) in expected.iter().skip(first).step_by(one_in) {
            let number = *number;
            let mut copy = lines.clone();
            copy[number] = changed;
            // Their bytes are the same in all profiles, but for alternatives, which are left alone.
            let transcript = parse(&name, &(copy.join("\n") + "\n")).remove(0);
            match run(&transcript, None) {
                Ok(()) => panic!("{name}:{}: passes with '{changed}' in place of '{line}'", number + 1),
                Err(failure) => {
                    let place = (failure.place.own, failure.place.line);
                    assert_eq!(place, (true, number + 1), "'{changed}' fails elsewhere:\n{failure}");
                }
            }
            tried += 1;
        }
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
        let failure = run(&transcript[0], None).expect_err("it passes with a changed preamble");
        assert!(failure.place.file.ends_with(target), "{failure}");
    }
}
