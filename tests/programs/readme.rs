//! What the README tells people to copy and paste works: its blocks are run as they stand.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{directory, espat_sim, firmware, read, root};

/// The code blocks of this language below the heading that contains `heading`.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let text = read("README.md");
    let section = text
        .split("\n## ")
        .find(|s| s.lines().next().is_some_and(|l| l.contains(heading)))
        .unwrap_or_else(|| panic!("README.md has no section '{heading}'"));
    let fence = format!("```{language}\n");
    let found: Vec<String> = section
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect();
    assert!(!found.is_empty(), "section '{heading}' has no {language} block");
    found
}

fn home(test: &str) -> PathBuf {
    directory(&format!("readme-{test}"))
}

/// Runs a block in `folder`; the user's own prefix is a folder of the test. Returns what it printed.
fn sh(block: &str, folder: &Path, home: &Path) -> String {
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", block]).current_dir(folder).env("HOME", home);
    // What cargo tells this test of itself is not for the cargo that runs within: the build script of a dependency looks at
    // CARGO_PKG_VERSION, and half of the release build would be made anew, here and once more behind the tests.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO") {
            command.env_remove(name);
        }
    }
    // cargo and rustup live in the real home.
    for (name, default) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let real = std::env::var(name)
            .or_else(|_| std::env::var("HOME").map(|h| format!("{h}/{default}")))
            .expect("HOME");
        command.env(name, real);
    }
    let output = command.output().expect("start sh");
    let [out, err] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b).into_owned());
    assert!(output.status.success(), "this block of the README failed:\n{block}\n{out}{err}");
    out + &err
}

#[test]
fn the_two_commands_exist() {
    let makefile = read("Makefile");
    for target in ["demo", "test", "bench", "install"] {
        assert!(makefile.contains(&format!("\n{target}:")), "the Makefile has no target {target}");
    }
    let text = read("README.md");
    assert!(text.contains("make demo ") && text.contains("make test "));
}

#[test]
fn the_qemu_and_the_c_path_work_as_they_stand() {
    let home = home("install");
    let qemu = blocks("QEMU", "sh");
    let said = sh(&qemu[0], root(), &home);
    assert!(said.contains("PASS"), "the firmware should pass: {said}");
    assert!(said.contains("digest "), "{said}");
    // The page of that run, made beside the library that was installed.
    std::os::unix::fs::symlink(root().join("build"), home.join("build")).expect("a link to the firmware");
    let path = "export PATH=$HOME/.local/bin:$PATH\n";
    let said = sh(&format!("{path}{}", blocks("A run to look at", "sh")[0]), &home, &home);
    assert!(said.contains("report timeline.html, "), "{said}");
    let page = std::fs::read_to_string(home.join("timeline.html")).expect("the page");
    assert!(
        page.contains("PASS") && page.contains("AT+CIPSTART"),
        "the run and its console are not in the page"
    );
    std::fs::write(home.join("hello.c"), &blocks("C, and", "c")[0]).expect("write hello.c");
    let said = sh(&blocks("C, and", "sh")[0], &home, &home);
    assert!(said.contains("AT version:2.") && said.ends_with("\r\nOK\r\n"), "{said}");
}

#[test]
fn the_command_line_path_works_as_it_stands() {
    let said = sh(&blocks("Command line", "sh")[0], root(), &home("cli"));
    for expected in ["PASS", "the same as in the log", "AT+CIPSTART=[<link ID>,]", "scenarios/lossy.toml: ok"]
    {
        assert!(said.contains(expected), "'{expected}' is missing in:\n{said}");
    }
}

#[test]
fn the_scenario_in_the_readme_is_a_scenario() {
    for text in blocks("Change the world", "toml") {
        let parsed = espat_sim::world::Scenario::parse("README.md", &text);
        parsed.unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
#[cfg(all(unix, feature = "tls"))]
fn the_example_with_the_broker_works_as_it_stands_and_says_what_the_readme_shows() {
    let folder = home("mqtt");
    std::fs::write(folder.join("broker.toml"), &blocks("MQTT", "toml")[0]).expect("write broker.toml");
    std::os::unix::fs::symlink(root().join("build"), folder.join("build")).expect("link build");
    firmware("mps2-an385", "-mqtt");
    let program = Path::new(env!("CARGO_BIN_EXE_espat-sim")).parent().expect("its folder");
    let block = format!("export PATH={}:$PATH\n{}", program.display(), blocks("MQTT", "sh")[0]);
    let said = sh(&block, &folder, &folder);
    // Of the dialogue neither the times, nor what stands between.
    let text =
        |line: &'_ str| line.trim_start_matches(|c: char| c.is_ascii_digit() || " .".contains(c)).to_owned();
    let mut rest = said.lines().map(text);
    for shown in blocks("MQTT", "text")[0].lines().map(text).filter(|l| !l.is_empty()) {
        assert!(rest.any(|l| l == shown), "the README shows, in its turn, '{shown}'; the run says\n{said}");
    }
    for shown in ["Publish Message", "[thermometer/did]"] {
        assert!(said.contains(shown), "tshark should show '{shown}':\n{said}");
    }
}

#[test]
fn the_demo_in_the_readme_is_the_demo() {
    let text = read("README.md");
    let shown =
        text.split("<!-- demo -->\n```text\n").nth(1).and_then(|t| t.split("```").next()).unwrap_or("");
    let pcap = home("demo").join("demo.pcapng");
    let output = espat_sim("qemu")
        .args(["--console", "0", "--capture"])
        .arg(&pcap)
        .args([
            "--",
            "qemu-system-arm",
            "-M",
            "mps2-an385",
            "-display",
            "none",
            "-nodefaults",
            "-nic",
            "none",
        ])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(firmware("mps2-an385", ""))
        .output()
        .expect("start espat-sim qemu");
    // The firmware's own time measurements depend on the compiler that built it; the dialogue does not.
    let dialogue = |text: &str| -> Vec<String> {
        let said = |l: &&str| l.contains("MCU -> ") || l.contains("ESP <- ");
        text.lines().filter(said).map(|l| l.split_at(16).1.trim().to_owned()).collect()
    };
    let real = dialogue(&String::from_utf8_lossy(&output.stdout));
    let shown = dialogue(shown);
    assert!(!shown.is_empty(), "the README shows no dialogue");
    let found = real.windows(shown.len()).any(|w| w == shown);
    assert!(found, "the README shows\n{}\nbut the demo says\n{}", shown.join("\n"), real.join("\n"));
}
