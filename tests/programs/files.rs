//! The files of a run: none serves two purposes, under whatever names, and what can't be written is no success.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory of this test's own; the command runs in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Scratch {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{test}"));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("below")).expect("a directory");
        std::fs::write(path.join("ok.at"), "cites x\n<\n< ready\n").expect("a transcript");
        Scratch(path)
    }

    fn run(&self, command: &str) -> (Option<i32>, String) {
        let mut words = command.split(' ');
        let mut run = Command::new(env!("CARGO_BIN_EXE_espat-sim"));
        let Output { status, stdout, stderr } = run
            .args(&mut words)
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .expect("espat-sim starts");
        (status.code(), [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat())
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }
}

/// Words of a QEMU command line that would run, were it not for what stands before them.
const QEMU: &str = "-- qemu-system-arm -M mps2-an385 -nodefaults -kernel none.elf";

#[test]
fn one_file_for_two_purposes_is_refused_by_every_command_and_stays_as_it_was() {
    let here = Scratch::new("twice");
    std::fs::write(here.0.join("x"), "mine").expect("write");
    std::fs::write(here.0.join("lab.toml"), "[module.wifi]\nnvs = \"x\"\n").expect("write");
    for command in [
        "demo --capture x --input-log x".to_owned(),
        "demo --capture x --input-log below/../x".to_owned(),
        "run ok.at --capture x --input-log ./x".to_owned(),
        "run ok.at --input-log x --junit x".to_owned(),
        "run ok.at --capture ok.at".to_owned(),
        "serve --tcp 0 --capture x --input-log ./x".to_owned(),
        "demo --scenario lab.toml --capture x".to_owned(),
        "demo --scenario lab.toml --capture lab.toml".to_owned(),
        format!("qemu --capture x --input-log ./x {QEMU}"),
        format!("qemu --report x --junit ./x {QEMU}"),
        format!("qemu --input-log x --report ./x {QEMU}"),
    ] {
        let (code, said) = here.run(&command);
        assert_eq!(code, Some(2), "{command}: {said}");
        assert!(said.contains("are the same file"), "{command}: {said}");
        assert_eq!(said.lines().count(), 1, "{command}: one sentence: {said}");
    }
    assert_eq!(here.read("x"), b"mine", "a refused command writes nothing");
    std::fs::write(here.0.join("two.toml"), "[module.a]\nnvs = \"q\"\n[module.b]\nnvs = \"./q\"\n")
        .expect("write");
    let (code, said) = here.run("check two.toml");
    assert!(code == Some(1) && said.contains("'a'") && said.contains("'b'"), "the scenario is wrong: {said}");
}

#[test]
fn pages_come_from_files_beside_the_scenario_and_one_that_is_missing_is_told_with_its_place() {
    let here = Scratch::new("pages");
    let scenario =
        "[host.www]\naddress = \"203.0.113.10\"\n[host.www.http.pages]\n\"/\" = { file = \"below/page\" }\n";
    std::fs::write(here.0.join("lab.toml"), scenario).expect("write");
    for command in ["check lab.toml", "demo --scenario lab.toml", "serve --tcp 0 --scenario lab.toml"] {
        let (code, said) = here.run(command);
        assert!(code == Some(2), "{command}: {said}");
        assert!(said.contains("lab.toml:4:16: cannot read below/page: "), "{command}: {said}");
        assert_eq!(said.lines().count(), 1, "{command}: one sentence: {said}");
    }
    std::fs::write(here.0.join("below/page"), b"\xff\0\n").expect("write");
    let (code, said) = here.run("check lab.toml");
    assert_eq!(code, Some(0), "{said}");
    let text = "cites x\nscenario lab.toml\n<\n< ready\n";
    std::fs::write(here.0.join("page.at"), text).expect("write");
    let (code, said) = here.run("run page.at --input-log page.log");
    assert_eq!(code, Some(0), "{said}");
    std::fs::remove_file(here.0.join("below/page")).expect("it is there");
    let (code, said) = here.run("replay --no-dialogue page.log");
    assert!(code == Some(0), "a replay needs the file: {said}");
    let (code, said) = here.run("run page.at --capture below/page");
    assert!(code == Some(2) && said.contains("are the same file"), "{said}");
}

#[test]
fn what_a_transcript_reads_is_not_written_to() {
    let here = Scratch::new("transcript");
    let scenario = "[module.wifi]\nnvs = \"kept\"\n";
    std::fs::write(here.0.join("lab.toml"), scenario).expect("write");
    std::fs::write(here.0.join("start.at"), "<\n< ready\n").expect("write");
    for name in ["a.at", "b.at"] {
        let text = "cites x\nscenario lab.toml\ninclude start.at\n> ATE0\n< ATE0\n<\n< OK\n";
        std::fs::write(here.0.join(name), text).expect("write");
    }
    let (code, said) = here.run("run a.at b.at");
    assert_eq!(code, Some(0), "two transcripts, one after the other, have one file of settings: {said}");
    std::fs::write(here.0.join("kept"), "").expect("write");
    for file in ["lab.toml", "./lab.toml", "start.at", "below/../kept"] {
        for option in ["--capture", "--input-log", "--keylog", "--junit"] {
            let (code, said) = here.run(&format!("run a.at {option} {file}"));
            assert!(code == Some(2) && said.contains("are the same file"), "{option} {file}: {said}");
        }
    }
    assert_eq!(here.read("lab.toml"), scenario.as_bytes());
}

#[test]
fn a_log_that_cannot_be_replayed_costs_nobody_a_file() {
    let here = Scratch::new("no-replay");
    std::fs::write(here.0.join("bad.log"), "what is this\n").expect("write");
    std::fs::write(here.0.join("old"), "mine").expect("write");
    for command in ["replay bad.log --capture old", "replay bad.log --keylog old", "report bad.log -o old"] {
        let (code, said) = here.run(command);
        assert_eq!(code, Some(2), "{command}: {said}");
        assert_eq!(here.read("old"), b"mine", "{command}");
    }
}

#[test]
fn a_run_whose_output_nobody_reads_comes_to_its_end_with_whole_files() {
    let here = Scratch::new("unread");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = Command::new(env!("CARGO_BIN_EXE_espat-sim"))
        .args(["demo", "--input-log", "run.log", "--capture", "run.pcapng"])
        .current_dir(&here.0)
        .stdin(Stdio::null())
        .stdout(writer)
        .status()
        .expect("espat-sim starts");
    assert_eq!(ended.code(), Some(0), "the run's own exit code");
    let (code, said) = here.run("replay --no-dialogue run.log --capture again.pcapng");
    assert!(code == Some(0) && said.contains("the same as in the log"), "the log is not whole: {said}");
    assert!(here.read("again.pcapng") == here.read("run.pcapng"), "the capture is not whole");
}

#[test]
fn settings_are_saved_where_a_symbolic_link_leads() {
    let here = Scratch::new("linked");
    std::os::unix::fs::symlink("below/kept", here.0.join("link")).expect("a link");
    std::fs::write(here.0.join("lab.toml"), "[module.wifi]\nnvs = \"link\"\n").expect("write");
    let text = "cites x\nscenario lab.toml\n<\n< ready\n> AT+CWMODE=2\n< AT+CWMODE=2\n<\n< OK\n";
    std::fs::write(here.0.join("save.at"), text).expect("write");
    for what in ["a file that is not there yet", "one that is"] {
        let (code, said) = here.run("run save.at");
        assert_eq!(code, Some(0), "{said}");
        assert!(here.0.join("link").is_symlink(), "{what}: the link has become a file");
        assert!(!here.read("below/kept").is_empty(), "{what}");
    }
    let left: Vec<_> = std::fs::read_dir(here.0.join("below")).expect("a directory").collect();
    assert_eq!(left.len(), 1, "something is left beside it: {left:?}");
}

#[test]
fn a_replay_never_overwrites_its_log() {
    let here = Scratch::new("replay");
    let (code, said) = here.run("run ok.at --input-log run.log");
    assert_eq!(code, Some(0), "{said}");
    let log = here.read("run.log");
    for pcap in ["run.log", "./run.log", "below/../run.log"] {
        let (code, said) = here.run(&format!("replay --no-dialogue --capture {pcap} run.log"));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("are the same file"), "{said}");
    }
    assert!(here.read("run.log") == log, "the log has changed");
    let (code, said) = here.run("replay --no-dialogue --capture run.pcapng run.log");
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = here.run("replay run.pcapng");
    assert!(code == Some(2) && said.contains("run.pcapng is no input log"), "{said}");
}

#[test]
fn a_directory_that_is_not_there_is_noticed_before_the_run_in_one_sentence() {
    let here = Scratch::new("nowhere");
    std::fs::write(here.0.join("lab.toml"), "[module.wifi]\nnvs = \"nowhere/x\"\n").expect("write");
    for command in [
        "demo --input-log nowhere/x".to_owned(),
        "run ok.at --capture nowhere/x".to_owned(),
        "run ok.at --junit nowhere/x".to_owned(),
        "serve --tcp 0 --input-log nowhere/x".to_owned(),
        "demo --scenario lab.toml".to_owned(),
        format!("qemu --report nowhere/x {QEMU}"),
        format!("qemu --capture nowhere/x {QEMU}"),
        format!("qemu --junit below {QEMU}"),
    ] {
        let (code, said) = here.run(&command);
        assert_eq!(code, Some(2), "{command}: {said}");
        let why = if command.contains("below") { "it is a directory" } else { "there is no directory" };
        assert!(said.contains(why) && said.lines().count() == 1, "{command}: {said}");
        assert_eq!(said.matches("cannot write").count(), 1, "{command}: {said}");
    }
}

#[test]
fn a_wrong_option_is_refused_in_words_for_its_user() {
    let here = Scratch::new("options");
    for (command, words) in [
        ("demo --seed x".to_owned(), "expected a whole number from 0 to 18446744073709551615"),
        (
            "demo --seed 18446744073709551616".to_owned(),
            "expected a whole number from 0 to 18446744073709551615",
        ),
        (format!("qemu --serial 4294967296 {QEMU}"), "expected a serial port from 0 to 63"),
        (format!("qemu --console 64 {QEMU}"), "expected a serial port from 0 to 63"),
        (format!("qemu --module nobody {QEMU}"), "there is no module 'nobody'; this world has wifi"),
        (format!("qemu --library ok.at {QEMU}"), "ok.at is not libespat_sim.so"),
        (format!("qemu {QEMU} -rtc clock=host"), "-rtc base=2026-01-01T00:00:00,clock=vm"),
    ] {
        let (code, said) = here.run(&command);
        assert_eq!(code, Some(2), "{command}: {said}");
        assert!(said.contains(words), "{command}: {said}");
        assert!(!said.contains("Could not load plugin"), "{command}: {said}");
    }
}
