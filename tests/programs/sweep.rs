//! `espat-sim sweep`: many seeds of one command are what they are one by one.

use std::process::Output;

use crate::tools::{directory, espat_sim, firmware};

fn sweep(words: &[&str]) -> Output {
    espat_sim("sweep").args(words).output().expect("start espat-sim sweep")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The digest of the demo with this seed, alone.
fn alone(seed: u64) -> String {
    let output =
        espat_sim("demo").args(["--no-dialogue", "--seed", &seed.to_string()]).output().expect("start");
    let said = text(&output.stdout);
    let digest = said.lines().find_map(|line| line.strip_prefix("digest "));
    digest.unwrap_or_else(|| panic!("the demo prints no digest:\n{said}")).to_owned()
}

#[test]
fn each_seed_has_the_digest_of_its_single_run_and_the_shards_are_the_whole() {
    let count: usize = if std::env::var_os("ESPAT_SOAK").is_some() { 1000 } else { 20 };
    let seeds = count.to_string();
    let whole = sweep(&["--seeds", &seeds, "--jobs", "3", "--", "demo"]);
    let said = text(&whole.stdout);
    assert_eq!(whole.status.code(), Some(0), "{said}{}", text(&whole.stderr));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), count + 1, "a line for each seed, and one for all:\n{said}");
    for (line, seed) in lines[..count].iter().zip(1..) {
        assert_eq!(*line, format!("pass seed {seed} {}", alone(seed)));
    }
    assert_eq!(lines[count], format!("{count} passed, 0 failed"));
    let mut parts: Vec<String> = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let part = text(&sweep(&["--seeds", &seeds, "--shard", shard, "--", "demo"]).stdout);
        parts.extend(part.lines().filter(|line| line.starts_with("pass seed ")).map(str::to_owned));
    }
    parts.sort_by_key(|line| line.split(' ').nth(2).and_then(|seed| seed.parse::<u64>().ok()));
    assert_eq!(parts, lines[..count], "the shards together are not the whole");
}

#[test]
fn failures_are_grouped_and_each_has_the_command_that_repeats_it() {
    let folder = directory("sweep");
    let transcript = folder.join("bad.at");
    std::fs::write(&transcript, "cites x\n<\n< ready\n> AT\n< AT\n<\n< 0K <&>\n")
        .expect("write a transcript");
    let (transcript, junit) = (transcript.display().to_string(), folder.join("junit.xml"));
    let output = sweep(&[
        "--first",
        "7",
        "--seeds",
        "3",
        "--junit",
        &junit.display().to_string(),
        "--",
        "run",
        &transcript,
    ]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    assert!(said.contains(&format!("to run it again: espat-sim run --seed 8 {transcript}")), "{said}");
    assert!(
        said.starts_with("FAIL seed 7\n"),
        "`run` has no digest, and nothing stands in its place:\n{said}"
    );
    assert!(said.contains("3 failed with: ") && said.contains("  seeds 7, 8, 9\n"), "{said}");
    assert!(said.ends_with("0 passed, 3 failed\n"), "{said}");
    let xml = std::fs::read_to_string(&junit).expect("the JUnit file");
    assert!(xml.contains("tests=\"3\"") && xml.contains("failures=\"3\"") && xml.contains("seed 8"), "{xml}");
    let stopped = sweep(&["--stop", "--jobs", "1", "--seeds", "3", "--", "run", &transcript]);
    assert!(text(&stopped.stdout).ends_with("0 passed, 1 failed\n"), "{}", text(&stopped.stdout));
}

#[test]
fn firmware_runs_with_a_file_for_each_seed() {
    let folder = directory("sweep-qemu");
    let report = folder.join("{seed}.report").display().to_string();
    let image = firmware("mps2-an385", "").display().to_string();
    let output = sweep(&[
        "--seeds",
        "2",
        "--",
        "qemu",
        "--console",
        "0",
        "--report",
        &report,
        "--",
        "qemu-system-arm",
        "-M",
        "mps2-an385",
        "-display",
        "none",
        "-nodefaults",
        "-semihosting-config",
        "enable=on,target=native",
        "-kernel",
        &image,
    ]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    for (line, seed) in said.lines().zip(1..=2) {
        let report = std::fs::read_to_string(folder.join(format!("{seed}.report"))).expect("the report");
        let digest = report.lines().find_map(|line| line.strip_prefix("digest ")).expect("a digest");
        assert_eq!(line, format!("pass seed {seed} {digest}"));
    }
}

#[test]
fn a_command_that_can_not_be_carried_out_is_said_once() {
    let output = sweep(&["--seeds", "50", "--", "run", "no-such-file.at"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("no-such-file.at"), "{said}");
    let refused = sweep(&["--", "demo", "--capture", "all.pcapng"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("--capture all-{seed}.pcapng"), "{}", text(&refused.stderr));
}

#[test]
fn a_file_of_saved_settings_that_the_runs_would_share_is_refused() {
    let folder = directory("sweep-nvs");
    let scenario = folder.join("lab.toml");
    let lab = format!("{}\n[module.b]\nnvs = \"b-nvs.toml\"\n", espat_sim::world::Scenario::default_text());
    std::fs::write(&scenario, lab).expect("write a scenario");
    let transcript = folder.join("a.at");
    std::fs::write(&transcript, "cites x\nscenario lab.toml\n<\n< ready\n").expect("write a transcript");
    let (scenario, transcript) = (scenario.display().to_string(), transcript.display().to_string());
    for command in [&["demo", "--scenario", &scenario][..], &["run", &transcript]] {
        let refused = sweep(&[&["--seeds", "2", "--"], command].concat());
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{command:?}: {said}");
        assert!(said.contains("module 'b'") && said.contains("b-nvs.toml"), "{command:?}: {said}");
        assert!(refused.stdout.is_empty(), "{command:?}: a run was started");
    }
}
