//! `espat-sim explore` and `espat-sim shrink` as people call them: what they print, what they write, how they end.

use std::path::Path;
use std::process::Output;

use crate::tools::{directory, espat_sim};

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

fn shrink(run: &Path, words: &[&str]) -> Output {
    espat_sim("shrink").arg(run).args(words).output().expect("start espat-sim shrink")
}

#[test]
fn explore_takes_the_last_seed_there_is_once() {
    let words = ["--seed", "18446744073709551615", "--seeds", "1", "--jobs", "4"];
    let output = espat_sim("explore").args(words).output().expect("start espat-sim explore");
    let [said, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(said.starts_with("PASS: seeds 18446744073709551615 to 18446744073709551615\n"), "{said}{err}");
    assert!(err.contains(" 1 seeds in "), "{err}");
    let none = espat_sim("explore").args(["--seeds", "0"]).output().expect("start espat-sim explore");
    let err = String::from_utf8_lossy(&none.stderr);
    assert!(err.contains("expected a whole number, at least 1"), "{err}");
}

#[test]
fn explore_prints_the_same_for_the_same_seeds_however_many_run_at_once() {
    let explore = |jobs: &str| {
        let words = ["--seed", "3", "--seeds", "4", "--jobs", jobs];
        espat_sim("explore").args(words).output().expect("start espat-sim explore")
    };
    let [one, three] = ["1", "3"].map(explore);
    assert_eq!(one.status.code(), Some(0), "{}", text(&one));
    let said = String::from_utf8_lossy(&one.stdout).into_owned();
    assert!(said.starts_with("PASS: seeds 3 to 6\n"), "{said}");
    assert!(String::from_utf8_lossy(&one.stderr).contains(" a second"), "{}", text(&one));
    assert_eq!(one.stdout, three.stdout, "how many run at once changes what is printed");
}

#[test]
fn a_run_that_does_not_fail_is_refused_with_a_sentence() {
    let folder = directory("shrink-passes");
    let log = folder.join("demo.espat-log");
    let demo = espat_sim("demo").arg("--no-dialogue").arg("--input-log").arg(&log).output().expect("start");
    assert!(demo.status.success(), "{}", text(&demo));
    for (words, sentence) in [
        (&[][..], "does not fail: nothing panics"),
        (&["--fails-with", "no such text"], "does not fail: 'no such text' is not printed"),
        (&["--", "true"], "does not fail: the command ends with exit code 0"),
    ] {
        let refused = shrink(&log, words);
        assert_eq!(refused.status.code(), Some(2), "{words:?}: {}", text(&refused));
        assert!(text(&refused).contains(sentence), "{words:?}: {}", text(&refused));
    }
    assert!(!folder.join("demo-small.espat-log").exists(), "it has written a run that does not fail");
    assert!(!folder.join("demo-try.espat-log").exists(), "it has left a try behind");
}

#[test]
fn a_transcript_that_fails_is_cut_down_to_its_lines_that_matter() {
    let folder = directory("shrink-transcript");
    let transcript = folder.join("long.at");
    let lines = "cites x\n# Booted.\n<\n< ready\n> ATE0\n< ATE0\n<\n< OK\n> AT\n<\n< OK\n> AT+CIPMUX?\n\
                 < +CIPMUX:0\n<\n< OK\nwait 1 s\n> AT+CWMODE?\n< +CWMODE:7\n<\n< OK\n> AT\n<\n< OK\n";
    std::fs::write(&transcript, lines).expect("write a transcript");
    let small = folder.join("short.at");
    let output = shrink(&transcript, &["-o", small.to_str().expect("a name in UTF-8")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let left = std::fs::read_to_string(&small).expect("the small transcript");
    assert!(left.lines().any(|line| line == "> AT+CWMODE?"), "{left}");
    assert!(left.contains("< +CWMODE:7"), "{left}");
    assert!(!left.contains("CIPMUX") && !left.contains("wait") && !left.contains('#'), "{left}");
    let run = espat_sim("run").arg(&small).output().expect("start espat-sim run");
    assert_eq!(run.status.code(), Some(1), "what is left fails, too: {}", text(&run));
}

#[test]
fn a_command_says_what_fails_and_sees_each_try() {
    let folder = directory("shrink-command");
    let transcript = folder.join("any.at");
    std::fs::write(&transcript, "cites x\n<\n< ready\n> AT\n< AT\n<\n< OK\n> AT+GMR\n").expect("write");
    let output = shrink(&transcript, &["--", "sh", "-c", "! grep -q GMR {}"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let left = std::fs::read_to_string(folder.join("any-small.at")).expect("the small transcript");
    assert_eq!(left, "cites x\n> AT+GMR\n");
    assert!(!folder.join("any-try.at").exists(), "it has left a try behind");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_search_and_the_smallest_run_so_far_is_written() {
    let folder = directory("shrink-signal");
    let log = folder.join("demo.espat-log");
    let demo = espat_sim("demo").arg("--no-dialogue").arg("--input-log").arg(&log).output().expect("start");
    assert!(demo.status.success(), "{}", text(&demo));
    let count = folder.join("count").display().to_string();
    // The tenth try is the last one, whatever would come then.
    let script = format!(
        "echo >>{count}; [ $(wc -l <{count}) -lt 10 ] || {{ kill -INT $PPID; exit 0; }}; ! grep -q CIPMUX $0"
    );
    let output = shrink(&log, &["--", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("stopped before the end of the search"), "{}", text(&output));
    let size = |path: &Path| std::fs::read_to_string(path).expect("a log").matches("uart").count();
    let (small, whole) = (size(&folder.join("demo-small.espat-log")), size(&log));
    assert!(0 < small && small < whole, "{small} of {whole} records of the MCU are left");
}
