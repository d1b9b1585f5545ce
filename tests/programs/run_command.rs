//! `espat-sim run` and `espat-sim commands`: what they print, what they write, and the code they end with.

use std::path::PathBuf;
use std::process::Output;

use crate::tools::{self, read};

fn espat_sim(args: &[&str]) -> Output {
    tools::espat_sim(args[0]).args(&args[1..]).output().expect("espat-sim starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn a_scenario_given_for_a_transcript_is_one_sentence() {
    let output = espat_sim(&["run", "scenarios/lossy.toml"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("lossy.toml is a scenario, and `run` takes transcripts"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn every_form_of_every_command_is_proved_by_a_transcript() {
    let output = espat_sim(&["commands", "--unproved"]);
    let forms = text(&output.stdout);
    assert!(output.status.success(), "no transcript proves\n{forms}{}", text(&output.stderr));
}

#[test]
fn the_document_of_the_commands_is_fresh() {
    let output = espat_sim(&["commands", "--markdown"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let kept = read("docs/commands.md");
    assert!(
        text(&output.stdout) == kept,
        "docs/commands.md is out of date: espat-sim commands --markdown >docs/commands.md"
    );
}

#[test]
fn the_document_of_what_no_transcript_cites_is_fresh() {
    let output = espat_sim(&["commands", "--unproved", "--markdown"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout) == read("docs/specification.md"),
        "docs/specification.md is out of date: espat-sim commands --unproved --markdown >docs/specification.md"
    );
}

#[test]
fn every_sentence_that_no_transcript_cites_has_its_reason() {
    let document = read("docs/specification.md");
    let without: Vec<&str> = document.lines().filter(|line| line.ends_with("| nobody has tried |")).collect();
    assert!(without.is_empty(), "cite them in a transcript, or say why not in unproved.txt: {without:#?}");
}

#[test]
fn a_reason_for_a_sentence_that_needs_none_is_refused() {
    let directory = std::env::temp_dir().join(format!("espat-reasons-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).expect("a file");
    write("specification.txt", "AT.1\tIt answers.\nAT.2\tIt answers OK.\n");
    write("at.at", "cites spec AT.1\n<\n< ready\n");
    let path = directory.to_str().expect("a path in UTF-8");
    let document = |reasons: &str| {
        write("unproved.txt", reasons);
        let output = espat_sim(&["commands", "--unproved", "--markdown", "--transcripts", path]);
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, shown) = document("# why\nAT.2\tToo early.\n");
    assert!(code == Some(0) && shown.contains("| AT.2 | It answers OK. | Too early. |"), "{shown}");
    let (code, shown) = document("");
    assert!(code == Some(0) && shown.contains("| AT.2 | It answers OK. | nobody has tried |"), "{shown}");
    for (reasons, expected) in [
        ("AT.1\tIt is cited.\n", "unproved.txt: AT.1 needs no reason"),
        ("AT.2 AT.3\tThere is no third.\n", "unproved.txt: AT.3 needs no reason"),
        ("\nAT.2\tToo early.\n", "unproved.txt:1: expected ids, a tab and a reason"),
    ] {
        let (code, shown) = document(reasons);
        assert!(code == Some(2) && shown.contains(expected), "{code:?}: {shown}");
    }
    std::fs::remove_dir_all(&directory).expect("it goes");
}

/// A file of this test's own.
struct Scratch(PathBuf);

impl Scratch {
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
    let xml = read(junit.path());
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
    let one = ["--profile", "esp32-v3.4", "--input-log", log.path()];
    let output = espat_sim(&[&["run", "tests/transcripts/cipdinfo.at"], &one[..]].concat());
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
    let xml = read(junit.path());
    assert!(xml.contains("tests=\"6\"") && xml.contains("failures=\"1\""), "{xml}");
    assert!(xml.contains("name=\"by 5s wifi command AT+GMR\"") && xml.contains("line=\"5\""), "{xml}");
}
