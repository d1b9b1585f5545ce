//! A test in one file: a scenario with `expect`, judged by `espat-sim qemu`.

use std::path::PathBuf;

use crate::tools::{directory, espat_sim, firmware, qemu};

const BOARD: &str = "mps2-an385";

struct Run {
    exit: Option<i32>,
    said: String,
    junit: String,
    report: String,
}

/// The demo firmware in the built-in scenario with these expectations.
fn run(test: &str, limit: &str, expect: &[&str]) -> Run {
    let folder = directory(&format!("expect-{test}"));
    let file = |name: &str| -> PathBuf { folder.join(name) };
    let lines: String = expect.iter().map(|line| format!("    '{line}',\n")).collect();
    let default = espat_sim::world::Scenario::default_text();
    std::fs::write(file("lab.toml"), format!("expect = [\n{lines}]\n{default}")).expect("write the scenario");
    let output = espat_sim("qemu")
        .args(["--no-dialogue", "--limit", limit, "--seed", "3", "--scenario", "lab.toml"])
        .args(["--junit", "junit.xml", "--report", "report", "--", &qemu(), "-M", BOARD])
        .args(["-display", "none", "-nodefaults", "-serial", "file:console"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(firmware(BOARD, ""))
        .current_dir(&folder)
        .output()
        .expect("start espat-sim");
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Run { exit: output.status.code(), said, junit: read("junit.xml"), report: read("report") }
}

#[test]
fn a_run_in_which_everything_happens_passes_and_its_junit_has_a_case_for_each() {
    let run = run(
        "passes",
        "300s",
        &[
            "by 20s wifi station joined home",
            "then www http GET /status 200",
            "then within 1min wifi link 0 closed",
            "never wifi uart lost",
        ],
    );
    assert_eq!(run.exit, Some(0), "{}", run.said);
    assert!(run.said.contains("4 expectations met, 0 failed"), "{}", run.said);
    assert!(run.junit.contains("tests=\"5\"") && run.junit.contains("failures=\"0\""), "{}", run.junit);
    for (line, text) in [(2, "by 20s wifi station joined home"), (5, "never wifi uart lost")] {
        let case = run.junit.lines().find(|l| l.contains(text)).unwrap_or_default();
        assert!(case.contains(&format!("line=\"{line}\"")) && case.contains("lab.toml"), "{}", run.junit);
    }
}

#[test]
fn a_run_in_which_something_did_not_happen_fails_with_the_sentence() {
    let run = run("fails", "300s", &["wifi station joined home", "by 200s www http GET /statos"]);
    assert_eq!(run.exit, Some(1), "{}", run.said);
    let sentence = "lab.toml:3: the run ended at ";
    let line = run.said.lines().find(|l| l.contains(sentence)).unwrap_or_else(|| panic!("{}", run.said));
    assert!(line.contains("before `www http GET /statos` had happened, which had until 200 s"), "{line}");
    assert!(line.contains("the only `www http` was `GET /status from 192.168.1.100:"), "{line}");
    assert!(
        run.said.contains("to run it again: espat-sim qemu --scenario lab.toml --seed 3 --limit 5min -- "),
        "{}",
        run.said
    );
    assert!(run.junit.contains("failures=\"1\"") && run.junit.contains("GET /statos"), "{}", run.junit);
    assert!(run.report.contains("\nexpect 3 failed by 200s www http GET /statos\t"), "{}", run.report);
}

#[test]
fn at_its_limit_a_run_has_passed_when_everything_has_happened() {
    let met = run("limit", "2500ms", &["wifi reply ready"]);
    assert_eq!(met.exit, Some(0), "{}", met.said);
    assert!(met.said.contains("limit of"), "the limit should end this run: {}", met.said);
    let without = run("limit-without", "2500ms", &[]);
    assert_eq!(without.exit, Some(124), "{}", without.said);
}
