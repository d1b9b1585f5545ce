//! The tutorials work as they stand: their files are written, their commands run one after the other in one shell, and what
//! they show as output comes.

use std::path::Path;
use std::process::Command;

use crate::tools::{directory, read, root};

/// A fenced block: its language, the file name behind it (empty: none), and the text.
struct Block<'a> {
    language: &'a str,
    file: &'a str,
    text: &'a str,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, block)) = rest.split_once("\n```") {
        let (heading, block) = block.split_once('\n').expect("a line behind the fence");
        let (text, after) = block.split_once("\n```").expect("the end of a block");
        let (language, file) = heading.split_once(' ').unwrap_or((heading, ""));
        found.push(Block { language, file, text });
        rest = after;
    }
    found
}

/// What a shell says to this script, in `folder`, with a home of its own.
fn sh(script: &str, folder: &Path, home: &Path) -> String {
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", script]).current_dir(folder).env("HOME", home);
    // See readme.rs: what cargo tells this test of itself is not for the cargo that runs within.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO") {
            command.env_remove(name);
        }
    }
    for (name, default) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let real = std::env::var(name).or_else(|_| std::env::var("HOME").map(|h| format!("{h}/{default}")));
        command.env(name, real.expect("HOME"));
    }
    let output = command.output().expect("start sh");
    let [out, err] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b).into_owned());
    assert!(output.status.success(), "this of the tutorial failed:\n{script}\n{out}{err}");
    out + &err
}

/// Runs a tutorial in a folder of its own, with links to what it needs of this repository. That of Python is run by
/// python/tests, where the wheel is.
fn follow(page: &str) {
    let name = page.trim_start_matches("docs/").trim_end_matches(".md");
    let (folder, home) = (directory(name), directory(&format!("{name}-home")));
    for entry in ["build", "examples", "scenarios"] {
        std::os::unix::fs::symlink(root().join(entry), folder.join(entry)).expect("link");
    }
    let text = read(page);
    // The command that is there already; a tutorial that installs one puts it before.
    let program = Path::new(env!("CARGO_BIN_EXE_espat-sim")).parent().expect("its folder");
    let (mut said, mut setup) = (String::new(), format!("export PATH={}:$PATH\n", program.display()));
    let mut shown = 0;
    for block in blocks(&text) {
        match block.language {
            _ if !block.file.is_empty() => {
                std::fs::write(folder.join(block.file), format!("{}\n", block.text)).expect("write a file");
            }
            "sh" => {
                // `make` works in the repository; what it exports counts for the blocks behind it.
                let make = format!("make() {{ command make -C {} \"$@\"; }}\n", root().display());
                said = sh(&format!("{make}{setup}{}", block.text), &folder, &home);
                for line in block.text.lines().filter(|l| l.starts_with("export ")) {
                    setup += &format!("{line}\n");
                }
            }
            "text" => {
                let mut rest = said.as_str();
                for line in block.text.lines().map(str::trim).filter(|l| !l.is_empty()) {
                    let at = rest.find(line);
                    let at =
                        at.unwrap_or_else(|| panic!("{page} shows '{line}' in its turn; what came:\n{said}"));
                    rest = &rest[at + line.len()..];
                    shown += 1;
                }
            }
            other => panic!("{page}: a block of '{other}' that is no file"),
        }
    }
    assert!(shown > 0, "{page} shows no output");
}

#[test]
fn the_tutorial_of_the_command_line_works_as_it_stands() {
    follow("docs/tutorial-command-line.md");
}

#[test]
fn the_page_of_several_boards_works_as_it_stands() {
    follow("docs/boards.md");
}

#[test]
fn the_tutorial_of_qemu_works_as_it_stands() {
    follow("docs/tutorial-qemu.md");
}

#[test]
fn the_tutorial_of_c_works_as_it_stands() {
    follow("docs/tutorial-c.md");
}
