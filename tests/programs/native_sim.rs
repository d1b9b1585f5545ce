//! `examples/native_sim`, the coupling to the runner under Zephyr's native_sim, with stand-ins for both (`tests/native_sim`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::tools::{directory, espat_sim, library, root, run, tool};

/// The demo firmware as embedded software of the runner, under the sanitizers.
static DEMO: LazyLock<PathBuf> = LazyLock::new(build);

fn build() -> PathBuf {
    let out = directory("native-sim");
    let program = out.join("demo");
    let (example, stand_ins) = (root().join("examples/native_sim"), root().join("tests/native_sim"));
    let firmware = root().join("tests/firmware");
    let compiler = || {
        let mut cc = tool("cc", "gcc");
        cc.args("-std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all".split(' '));
        cc.args("-Wall -Wextra -Wshadow -Wstrict-prototypes -Wformat=2 -Werror".split(' '));
        let host = root().join("examples/host");
        for include in [&stand_ins, &stand_ins.join("runner"), &example, &root().join("include"), &host] {
            cc.arg("-I").arg(include);
        }
        for include in ["driver", "runner", "platform"] {
            cc.arg("-I").arg(firmware.join(include));
        }
        cc
    };
    let main = out.join("main.o");
    let source = firmware.join("runner/main.c");
    run(compiler().args(["-Dmain=firmware_main", "-c", "-o"]).arg(&main).arg(&source));
    let mut sources = Vec::new();
    for folder in [&example, &stand_ins, &stand_ins.join("runner")] {
        sources.extend(c_files(folder));
    }
    for folder in ["driver", "runner", "app"] {
        sources.extend(c_files(&firmware.join(folder)).into_iter().filter(|file| *file != source));
    }
    let library = library();
    let library = library.parent().expect("its directory").display();
    run(compiler()
        .arg("-o")
        .arg(&program)
        .args(sources)
        .arg(main)
        .arg(format!("-L{library}"))
        .arg(format!("-Wl,--disable-new-dtags,-rpath,{library}"))
        .arg("-lespat_sim"));
    program
}

fn c_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "c"));
    files.sort();
    files
}

#[test]
fn firmware_on_native_sims_runner_passes_by_interrupts_and_its_log_replays() {
    let program = DEMO.as_path();
    let log = program.with_file_name("run.espat-log");
    let first = run(Command::new(program).arg(format!("--espat-input-log={}", log.display())));
    assert!(first.contains("\nPASS\n"), "the firmware should pass:\n{first}");
    let lossless = first.contains("lost 0 + 0");
    assert!(lossless, "a UART with an interrupt and flow control should lose nothing:\n{first}");
    let second = run(&mut Command::new(program));
    assert_eq!(first, second, "two runs say different things");
    let digest = first.trim_end().rsplit(' ').next().expect("a digest").to_owned();
    let replayed = run(espat_sim("replay").arg("--no-dialogue").arg(log));
    assert!(replayed.contains(&digest), "the replay should end with {digest}:\n{replayed}");
}

#[test]
fn a_run_on_native_sims_runner_ends_with_what_has_become_of_the_scenario() {
    let program = DEMO.as_path();
    let scenario = program.with_file_name("never.toml");
    let world =
        std::fs::read_to_string(root().join("scenarios/default.toml")).expect("the built-in scenario");
    std::fs::write(&scenario, format!("expect = [\"by 1s wifi station joined home\"]\n{world}"))
        .expect("written");
    let run_with = |scenario: &Path| {
        let output = Command::new(program)
            .arg(format!("--espat-scenario={}", scenario.display()))
            .output()
            .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run_with(&scenario);
    assert_eq!(code, Some(1), "an expectation that has failed is exit code 1:\n{said}");
    assert!(said.contains("line 1: by 1s wifi station joined home"), "it should say which:\n{said}");
    let (code, said) = run_with(Path::new("there-is-none.toml"));
    assert_eq!(code, Some(1), "a scenario that is not there should end the run:\n{said}");
    assert!(said.contains("there-is-none.toml"), "it should say which file:\n{said}");
}
