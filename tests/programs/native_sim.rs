//! `examples/native_sim`, the coupling to the runner under Zephyr's native_sim, with stand-ins for both (`tests/native_sim`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::tools::{directory, espat_sim, library, root, run, tool};

/// The demo firmware as embedded software of the runner, under the sanitizers.
static DEMO: LazyLock<PathBuf> = LazyLock::new(|| firmware("app"));

/// The compiler, with the sanitizers and what every program here includes.
fn compiler() -> Command {
    let stand_ins = root().join("tests/native_sim");
    let mut cc = tool("cc", "gcc");
    cc.args("-std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all".split(' '));
    cc.args("-Wall -Wextra -Wshadow -Wstrict-prototypes -Wformat=2 -Werror".split(' '));
    for include in [&stand_ins, &stand_ins.join("runner"), &root().join("include")] {
        cc.arg("-I").arg(include);
    }
    cc.arg("-I").arg(root().join("examples/native_sim"));
    for include in
        ["tests/firmware/driver", "tests/firmware/runner", "tests/firmware/platform", "examples/host"]
    {
        cc.arg("-I").arg(root().join(include));
    }
    cc
}

/// Builds `program` of the example, the stand-ins and `sources`.
fn link(program: PathBuf, sources: Vec<PathBuf>) -> PathBuf {
    let library = library();
    let library = library.parent().expect("its directory").display();
    run(compiler()
        .arg("-o")
        .arg(&program)
        .args(c_files("examples/native_sim"))
        .args(c_files("tests/native_sim/runner"))
        .arg(root().join("tests/native_sim/cpu.c"))
        .args(sources)
        .arg(format!("-L{library}"))
        .arg(format!("-Wl,--disable-new-dtags,-rpath,{library}"))
        .arg("-lespat_sim"));
    program
}

/// One of the applications of `tests/firmware`.
fn firmware(application: &str) -> PathBuf {
    let program = directory(&format!("native-sim-{application}")).join("firmware");
    let main = program.with_extension("main.o");
    let source = root().join("tests/firmware/runner/main.c");
    run(compiler().args(["-Dmain=firmware_main", "-c", "-o"]).arg(&main).arg(&source));
    let mut sources = vec![root().join("tests/native_sim/firmware.c"), main];
    for folder in ["driver", "runner", application] {
        let files = c_files(&format!("tests/firmware/{folder}"));
        sources.extend(files.into_iter().filter(|file| *file != source));
    }
    link(program, sources)
}

/// Those of a folder of the repository.
fn c_files(folder: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
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

#[test]
fn uart_of_native_sim_interrupts_for_as_long_as_there_is_a_reason_and_a_gpio_drives_en() {
    let program = directory("native-sim-interrupts").join("interrupts");
    let program = link(program, c_files("tests/native_sim/interrupts"));
    let said = run(&mut Command::new(program));
    assert!(said.contains("PASS\n"), "{said}");
}

#[test]
fn upload_on_native_sim_waits_while_the_modules_rts_is_high() {
    let scenario = root().join("scenarios/slow-uplink.toml");
    let program = firmware("bulk");
    let said = run(Command::new(program).arg(format!("--espat-scenario={}", scenario.display())));
    assert!(said.contains("\nPASS\n"), "a driver that obeys CTS should lose nothing:\n{said}");
}

#[test]
fn scenario_of_the_application_for_zephyr_has_no_mistake() {
    run(espat_sim("check").arg(root().join("examples/native_sim/app/lab.toml")));
}
