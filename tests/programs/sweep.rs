//! `espat-sim sweep`: many seeds of one command are what they are one by one.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::tools::{directory, espat_sim, firmware, pid_of, qemu, signal};

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
    assert!(
        said.ends_with("\nno run passed to compare with: the groups are those of the sentences alone\n0 passed, 3 failed\n"),
        "{said}"
    );
    let xml = std::fs::read_to_string(&junit).expect("the JUnit file");
    assert!(xml.contains("tests=\"3\"") && xml.contains("failures=\"3\"") && xml.contains("seed 8"), "{xml}");
    let stopped = sweep(&["--stop", "--jobs", "1", "--seeds", "3", "--", "run", &transcript]);
    assert!(text(&stopped.stdout).ends_with("0 passed, 1 failed\n"), "{}", text(&stopped.stdout));
}

#[test]
fn more_seeds_than_fit_into_memory_are_no_matter() {
    let output = sweep(&["--seeds", "1000000000000000", "--", "demo", "--scenario", "there is none.toml"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot read there is none.toml"), "{said}");
}

#[test]
fn a_signal_ends_a_sweep_with_its_runs_and_what_was_done_is_told() {
    let folder = directory("sweep-signal");
    let (temporary, junit) = (folder.join("tmp"), folder.join("junit.xml"));
    std::fs::create_dir(&temporary).expect("make a folder");
    // Seed 2 goes on for ever: its QEMU is stopped, and waits for a debugger.
    let script = folder.join("qemu");
    let stopped = format!("exec {} -M mps2-an385 -display none -nodefaults -pidfile pid -S \"$@\"", qemu());
    let choice = format!("#!/bin/sh\ncase \"$*\" in *seed-1*) exit 0;; esac\n{stopped}\n");
    std::fs::write(&script, choice).expect("write a script");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("make it a program");
    let mut command = espat_sim("sweep");
    command
        .current_dir(&folder)
        .env("TMPDIR", &temporary)
        .args(["--seeds", "1000", "--jobs", "1", "--junit"]);
    command.arg(&junit).args(["--", "qemu", "--"]).arg(&script).args(["-name", "seed-{seed}-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start the sweep");
    let pid = pid_of(&mut child, &folder.join("pid"));
    assert!(signal("TERM", &child.id().to_string()), "the sweep is gone");
    let output = child.wait_with_output().expect("wait for the sweep");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(!signal("0", &pid), "QEMU goes on without the sweep");
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.starts_with("pass seed 1\n1 passed, 0 failed\n"), "{said}");
    assert!(said.ends_with("a signal ended the sweep after 1 of 1000 seeds\n"), "{said}");
    assert_eq!(std::fs::read_dir(&temporary).expect("list").count(), 0, "a folder was left behind");
    let xml = std::fs::read_to_string(&junit).expect("the JUnit file");
    assert!(xml.contains("tests=\"1\"") && xml.contains("seed 1"), "{xml}");
}

#[test]
fn the_demo_fails_with_what_its_scenario_expects() {
    let folder = directory("demo-expects");
    let scenario = folder.join("strict.toml");
    let strict = "expect = [\"wifi reply ready\", \"never wifi link 1 opened\"]\n";
    std::fs::write(&scenario, [strict, espat_sim::world::Scenario::default_text()].concat())
        .expect("write a scenario");
    let output =
        espat_sim("demo").arg("--no-dialogue").arg("--scenario").arg(&scenario).output().expect("start");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("FAIL: ") && said.contains("strict.toml:1: ") && !said.contains("PASS"), "{said}");
}

/// The built-in scenario with a web server that first resets each connection and then says nothing any more. What a run meets
/// is up to how long its module boots and joins, which the seed draws.
fn failing_server(folder: &Path) -> String {
    let timeline =
        "timeline = [\"at 2.46s host www toxics 80 reset-after 1\", \"at 2.55s host www toxics 80 stall\"]\n";
    let scenario = folder.join("lab.toml");
    let lab = [timeline, espat_sim::world::Scenario::default_text()].concat();
    std::fs::write(&scenario, lab).expect("write a scenario");
    scenario.display().to_string()
}

/// The groups at the end: their first lines, what sets them apart, their seeds.
fn groups(said: &str) -> Vec<[&str; 3]> {
    let lines: Vec<&str> = said.lines().collect();
    let of = |place: usize| lines[place + 1..].first().copied().unwrap_or_default();
    let begins = (0..lines.len()).filter(|&place| lines[place].contains(" failed with: "));
    begins.map(|place| [lines[place], of(place), of(place + 1)]).collect()
}

#[test]
fn one_sentence_with_two_causes_is_two_groups_whose_first_different_events_say_which() {
    let folder = directory("sweep-causes");
    let (scenario, junit) = (failing_server(&folder), folder.join("junit.xml").display().to_string());
    let all = |jobs| {
        let words =
            ["--jobs", jobs, "--seeds", "24", "--junit", &junit, "--", "demo", "--scenario", &scenario];
        text(&sweep(&words).stdout)
    };
    let said = all("4");
    assert_eq!(all("1"), said, "what is printed is up to how many run at once");
    let whys: BTreeSet<&str> = said.lines().filter(|line| line.starts_with("  FAIL: ")).collect();
    assert_eq!(whys.len(), 1, "there is to be one sentence for all failures:\n{said}");
    let groups = groups(&said);
    let of = |cause: &str| groups.iter().filter(|group| group[1].contains(cause)).collect::<Vec<_>>();
    let [reset] = of("that no run that passed has: `www toxic ")[..] else { panic!("no reset:\n{said}") };
    let [stall] = of("that never came: `www http GET /status ")[..] else { panic!("no stall:\n{said}") };
    assert_eq!(groups.len(), 2, "there are two causes:\n{said}");
    let xml = std::fs::read_to_string(&junit).expect("the JUnit file");
    for (group, event) in [(reset, "reset after 1 bytes"), (stall, "-&gt; 200, 21 bytes")] {
        let seeds = group[2].trim_start().strip_prefix("seeds ").expect("the seeds of a group");
        for seed in seeds.split(", ") {
            let case = xml.split("<testcase ").find(|case| case.contains(&format!("name=\"seed {seed}\"")));
            let case = case.unwrap_or_else(|| panic!("no seed {seed} in the JUnit file"));
            assert!(case.contains(event), "JUnit does not say what sets seed {seed} apart:\n{case}");
        }
        // The run that was watched is the run that is repeated.
        let seed = seeds.split(", ").next().expect("a seed");
        let alone =
            espat_sim("demo").args(["--seed", seed, "--scenario", &scenario]).output().expect("start");
        let digest = text(&alone.stdout);
        let digest = digest.lines().find_map(|line| line.strip_prefix("digest ")).expect("a digest");
        assert!(
            said.contains(&format!("FAIL seed {seed} {digest}\n")),
            "seed {seed} alone: {digest}\n{said}"
        );
    }
}

#[test]
fn a_sweep_that_stops_ends_with_the_first_seed_that_fails_however_many_run_at_once() {
    let folder = directory("sweep-stop");
    let scenario = failing_server(&folder);
    let stopped = |jobs| {
        let words = [
            "--stop",
            "--first",
            "3",
            "--seeds",
            "24",
            "--jobs",
            jobs,
            "--",
            "demo",
            "--scenario",
            &scenario,
        ];
        text(&sweep(&words).stdout)
    };
    let one = stopped("1");
    assert!(one.ends_with(", 1 failed\n"), "{one}");
    assert!(one.contains("\n  first event "), "it is compared with those before:\n{one}");
    assert_eq!(stopped("8"), one, "runs that were started beside it are counted");
}

#[test]
fn transcripts_are_compared_by_what_happened_in_each() {
    let folder = directory("sweep-transcripts");
    // Whether the module has joined within that time is up to its seed.
    let join = "cites x\n<\n< ready\n> AT+CWMODE=1\n< AT+CWMODE=1\n<\n< OK\n\
        > AT+CWJAP=\"espat-sim\",\"correct horse\"\n< AT+CWJAP=\"espat-sim\",\"correct horse\"\n\
        within 1 s\n< WIFI CONNECTED\n";
    for (name, transcript) in [("a.at", "cites x\n<\n< ready\n"), ("b.at", join)] {
        std::fs::write(folder.join(name), transcript).expect("write a transcript");
    }
    let said = text(&sweep(&["--seeds", "24", "--", "run", &folder.display().to_string()]).stdout);
    let groups = groups(&said);
    assert!(!groups.is_empty() && said.contains("pass seed "), "some are to pass and some to fail:\n{said}");
    for group in groups {
        let event = "b.at: wifi station associated with home`";
        assert!(group[1].contains("never came") && group[1].contains(event), "{group:?}\n{said}");
    }
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
fn firmware_that_only_ever_reaches_the_limit_is_grouped_by_what_has_happened_to_it() {
    let scenario = failing_server(&directory("sweep-limit"));
    let image = firmware("mps2-an385", "").display().to_string();
    let command =
        ["--scenario", &scenario, "--limit", "20s", "--", "qemu-system-arm", "-M", "mps2-an385", "-display"];
    let command = [&command[..], &["none", "-nodefaults", "-nic", "none", "-semihosting-config"]].concat();
    let command = [&command[..], &["enable=on,target=native", "-kernel", &image]].concat();
    let said = text(&sweep(&[&["--first", "3", "--seeds", "6", "--", "qemu"], &command[..]].concat()).stdout);
    let groups = groups(&said);
    assert!(
        said.contains("pass seed ") && groups.len() == 2,
        "some are to pass, and two causes to fail:\n{said}"
    );
    for cause in ["that no run that passed has: `www toxic ", "that never came: `www http GET /status "] {
        let group = groups.iter().find(|group| group[1].contains(cause));
        let group = group.unwrap_or_else(|| panic!("no group says '{cause}':\n{said}"));
        assert!(group[0].ends_with("the virtual-time limit of 20 s was reached"), "{group:?}");
    }
    let alone = espat_sim("qemu").args(["--seed", "3"]).args(&command).output().expect("start");
    let alone = text(&alone.stderr);
    let digest = alone.lines().find_map(|line| line.strip_prefix("espat-sim: digest ")).expect("a digest");
    assert!(said.contains(&format!(" seed 3 {digest}\n")), "seed 3 alone has the digest {digest}:\n{said}");
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
