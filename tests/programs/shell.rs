//! What shells, `man` and bug reports get from the command: completions, manual pages, the long version, colours.

use crate::tools::{directory, espat_sim, run, tool};

#[test]
fn bash_completes_commands_and_options_with_the_printed_script() {
    let directory = directory("completions");
    let script = directory.join("espat-sim.bash");
    let printed = espat_sim("completions").arg("bash").output().expect("espat-sim starts");
    std::fs::write(&script, printed.stdout).expect("write the script");
    // What bash does when Tab is pressed after these words.
    let complete = |words: &[&str]| {
        let list = words.iter().map(|w| format!("'{w}'")).collect::<Vec<_>>().join(" ");
        let last = words.len() - 1;
        let line = format!(
            "source {}; COMP_WORDS=({list}); COMP_CWORD={last}; \
             $(complete -p espat-sim | sed 's/.*-F \\([^ ]*\\).*/\\1/') espat-sim \"${{COMP_WORDS[{last}]}}\" \
             \"${{COMP_WORDS[{before}]}}\"; echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            before = last - 1,
        );
        run(tool("bash", "bash").arg("-c").arg(line))
    };
    let commands = complete(&["espat-sim", "re"]);
    assert!(commands.contains("replay"), "'espat-sim re' completes to: {commands}");
    let options = complete(&["espat-sim", "qemu", "--cap"]);
    assert!(options.contains("--capture"), "'espat-sim qemu --cap' completes to: {options}");
}

#[test]
fn every_shell_that_is_offered_has_a_script() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let printed = espat_sim("completions").arg(shell).output().expect("espat-sim starts");
        let script = String::from_utf8(printed.stdout).expect("text");
        assert!(printed.status.success() && script.contains("keylog"), "{shell} gets: {script}");
    }
}

#[test]
fn each_command_has_a_manual_page_with_its_options() {
    let directory = directory("man").join("man1");
    run(espat_sim("man").arg(&directory));
    let page =
        |name: &str| std::fs::read_to_string(directory.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(page("espat-sim.1").contains("espat\\-sim\\-replay(1)"), "the first page names the others");
    let help = run(&mut espat_sim("--help"));
    let commands =
        help.split("Commands:\n").nth(1).and_then(|t| t.split("\n\n").next()).expect("the commands");
    for line in commands.lines() {
        // A line that goes on begins further in.
        let name = line.strip_prefix("  ").and_then(|l| l.split(' ').next()).unwrap_or_default();
        if !matches!(name, "" | "help") {
            let title =
                format!(".TH espat-sim-{name} 1 \" \" \"espat-sim {}\" espat-sim", env!("CARGO_PKG_VERSION"));
            let text = page(&format!("espat-sim-{name}.1"));
            let found = text.lines().find(|line| line.starts_with(".TH")).map(str::trim_end);
            assert_eq!(found, Some(title.as_str()), "the page of {name} says of which version it is");
        }
    }
    assert!(page("espat-sim-qemu.1").contains("\\-\\-keylog"), "the page of qemu names its options");
}

#[test]
fn the_long_version_says_what_a_bug_report_needs() {
    let said = run(&mut espat_sim("--version"));
    for part in [env!("CARGO_PKG_VERSION"), "ABI 2", "TLS", "profiles: ", "esp32-v3.4"] {
        assert!(said.contains(part), "'{part}' is missing in: {said}");
    }
    let short = run(&mut espat_sim("-V"));
    assert_eq!(short, format!("espat-sim {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn colours_come_when_they_are_asked_for_and_never_into_a_file() {
    let demo = |args: &[&str]| run(espat_sim("demo").args(args));
    assert!(!demo(&[]).contains('\x1b'), "a pipe is no terminal, and has no colours");
    assert!(demo(&["--color", "always"]).contains('\x1b'), "--color always colours a pipe");
    let plain = run(espat_sim("demo").arg("--color=auto").env("NO_COLOR", "1"));
    assert!(!plain.contains('\x1b'), "NO_COLOR is obeyed");
}

#[cfg(target_os = "linux")]
#[test]
fn what_can_not_be_written_to_the_standard_output_is_exit_code_2_and_a_reader_that_has_left_is_none() {
    let transcript = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts/cipmux.at");
    for arguments in
        [&["completions", "bash"][..], &["commands", "--markdown"], &["demo"], &["run", transcript]]
    {
        let start =
            |to: std::process::Stdio| espat_sim(arguments[0]).args(&arguments[1..]).stdout(to).output();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = start(full.into()).expect("start");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        let sentence = "espat-sim: cannot write the standard output: no storage space\n";
        assert_eq!(said.matches(sentence).count(), 1, "{arguments:?}: {said}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = start(writer.into()).expect("start");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), said.as_ref()), (Some(0), ""), "{arguments:?}");
    }
}
