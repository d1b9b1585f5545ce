//! The fuzzer's core on a stable compiler: each transcript as a seed, through the same checks as in `make fuzz`.
//!
//! With `ESPAT_WRITE_SEEDS=1` the seeds, and the command table as a dictionary, are written for the fuzzer.
#![allow(clippy::disallowed_methods)] // a test has files; the simulation has not

#[path = "../../fuzz/src/session.rs"]
mod session;

use std::path::{Path, PathBuf};

use espat_sim::at::schema::Shape;
use espat_sim::at::table;
use espat_sim::transcript::{self, Action, Element, Progress, Run, Transcript};
use espat_sim::world::{Recording, World};
use session::{Session, Step};

const CORPUS: &str = "fuzz/corpus/transcripts";
const DICTIONARY: &str = "fuzz/dictionary";

fn transcripts() -> Vec<Transcript> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir("tests/transcripts")
        .expect("tests/transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "at"))
        .collect();
    paths.sort();
    let load = &mut |name: &str| std::fs::read_to_string(name).map_err(|e| e.to_string());
    // Of those for several profiles, each in another one.
    let parse = |(place, path): (usize, &PathBuf)| {
        let text = std::fs::read_to_string(path).expect("a transcript");
        let all = transcript::parse(&path.display().to_string(), &text, load);
        let mut all = all.unwrap_or_else(|e| panic!("{e}"));
        all.swap_remove(place % all.len())
    };
    paths.iter().enumerate().map(parse).collect()
}

/// What the host of a transcript sends, at the times at which it sends it. What its holes have taken is not known here; a `1` stands for it.
fn seed(transcript: &Transcript) -> Session {
    let mut world = World::new(&transcript.scenario, transcript.seed, Recording::default())
        .unwrap_or_else(|e| panic!("{}: {e}", transcript.name));
    let mut run = Run::new(transcript, &mut world).unwrap_or_else(|e| panic!("{}: {e}", transcript.name));
    let mut steps = Vec::new();
    for step in &transcript.steps {
        let before = run.now();
        let progress =
            run.step(&mut world).unwrap_or_else(|failure| panic!("{}: {failure}", transcript.name));
        assert_eq!(progress, Progress::More);
        steps.extend(match &step.action {
            Action::Send(text) => Some(Step::Send(bytes(text))),
            Action::Console(line) => Some(Step::Console(line.clone())),
            Action::Pin(pin, high) => Some(Step::Pin(*pin, *high)),
            Action::Uart(line) => Some(Step::Uart(*line)),
            Action::Expect { .. } | Action::Silent(_) | Action::Wait(_) => None,
        });
        let passed = run.now().since(before);
        match (steps.last_mut(), passed.as_nanos()) {
            (_, 0) => {}
            (Some(Step::Wait(pause)), _) => *pause = *pause + passed,
            _ => steps.push(Step::Wait(passed)),
        }
    }
    Session { scenario: Some(transcript.scenario.text.clone()), hz: None, steps }
}

fn bytes(text: &[Element]) -> Vec<u8> {
    let pieces = text.iter().map(|element| match element {
        Element::Literal(bytes) => bytes.as_slice(),
        Element::Hole(_) => b"1",
    });
    pieces.collect::<Vec<_>>().concat()
}

/// The command table as a dictionary of libFuzzer.
fn words() -> String {
    let mut words: Vec<String> = Vec::new();
    for command in table::all() {
        words.extend(["", "=", "?", "=?"].map(|end| format!("> AT{}{end}", command.name)));
        for param in command.set.iter().flat_map(|set| set.syntaxes).flat_map(|syntax| syntax.params) {
            match param.kind.shape() {
                Shape::Choice(of) => words.extend(of.iter().map(|c| format!("\"{c}\""))),
                Shape::Number(min, max) => words.extend([min, max].map(|n| format!(",{n}"))),
                Shape::Text(..) => {}
            }
        }
    }
    words.sort();
    words.dedup();
    let quoted = |word: &String| format!("\"{}\"\n", word.replace('\\', "\\\\").replace('"', "\\\""));
    words.iter().map(quoted).collect()
}

#[test]
fn every_seed_reads_back_and_holds() {
    let transcripts = transcripts();
    assert!(transcripts.len() > 100, "tests/transcripts has {} transcripts only", transcripts.len());
    let write = std::env::var_os("ESPAT_WRITE_SEEDS").is_some();
    if write {
        std::fs::create_dir_all(CORPUS).expect("make a folder for the seeds");
        std::fs::write(DICTIONARY, words()).expect("write the dictionary");
    }
    for transcript in &transcripts {
        let seed = seed(transcript);
        let text = seed.write();
        if write {
            let name = Path::new(&transcript.name).file_stem().expect("a name");
            std::fs::write(Path::new(CORPUS).join(name), &text).expect("write a seed");
        }
        let read = Session::parse(text.as_bytes());
        let sent = |session: &Session| session.steps.iter().filter(|s| matches!(s, Step::Send(_))).count();
        assert!(sent(&read) > 0 || sent(&seed) == 0, "{}: nothing is left of the seed", transcript.name);
        session::check(text.as_bytes());
    }
}

#[test]
fn what_the_fuzzer_has_found_holds_now() {
    let findings = std::fs::read_dir("fuzz/findings").into_iter().flatten();
    for path in findings.map(|entry| entry.expect("an entry").path()) {
        eprintln!("{}", path.display());
        session::check(&std::fs::read(&path).expect("a finding"));
    }
}

#[test]
fn any_bytes_are_a_session() {
    for input in [
        &b""[..],
        b"\n\n\n",
        b"\xff\x00>| \xff\\x4",
        b"scenario\nseed = \nend\n> AT",
        b"scenario",
        b"wait 99999999999999999999 s\nwait 5 s\nwait\npin en\nuart 1 8n1\ndetach\noverrun\n> AT\nconsole",
        b"hz 32768\nwait 1 s\n> AT\nwait 1 s\npin en low\nwait 1 ms\npin en high\ndetach\nwait 1 s\n> AT+GMR\nwait 1 s",
    ] {
        session::check(input);
    }
}
