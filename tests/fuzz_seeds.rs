//! The fuzzer's core on a stable compiler: each transcript as a seed, through the same checks as in `make fuzz`.
#![allow(clippy::disallowed_methods)] // a test has files; the simulation has not

#[path = "../fuzz/src/seed.rs"]
mod seed;
#[path = "../fuzz/src/session.rs"]
mod session;

use std::path::PathBuf;

use espat_sim::transcript::{self, Transcript};
use session::{Session, Step};

fn transcripts() -> Vec<Transcript> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir("tests/transcripts")
        .expect("tests/transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "at"))
        .collect();
    paths.sort();
    let load = &mut |name: &str| std::fs::read_to_string(name).map_err(|e| e.to_string());
    let parse = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a transcript");
        transcript::parse(&path.display().to_string(), &text, load).unwrap_or_else(|e| panic!("{e}"))
    };
    paths.iter().map(parse).collect()
}

#[test]
fn every_seed_reads_back_and_holds() {
    let transcripts = transcripts();
    assert!(transcripts.len() > 100, "tests/transcripts has {} transcripts only", transcripts.len());
    for transcript in &transcripts {
        let seed = seed::session(transcript);
        let text = seed.write();
        let read = Session::parse(text.as_bytes());
        let sent = |session: &Session| session.steps.iter().filter(|s| matches!(s, Step::Send(_))).count();
        assert!(sent(&read) > 0 || sent(&seed) == 0, "{}: nothing is left of the seed", transcript.name);
        session::check(text.as_bytes());
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
