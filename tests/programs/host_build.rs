//! Firmware built for this machine: `examples/host` puts the simulation in the place of a board, and the sanitizers watch.

use std::path::PathBuf;

use crate::tools::{directory, espat_sim, library, root, run, tool};

/// Builds one application of `examples/host` against the library that was just built.
fn build(app: &str) -> PathBuf {
    let out = directory(&format!("host-{app}"));
    let program = out.join(app);
    let library = library();
    let library = library.parent().expect("its directory").display();
    run(tool("make", "make")
        .args(["-s", "-C"])
        .arg(root().join("examples/host"))
        .arg(&program)
        .arg(format!("OUT={}", out.display()))
        .arg("CFLAGS=-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Werror")
        .arg(format!("ESPAT_CFLAGS=-I{}", root().join("include").display()))
        .arg(format!("ESPAT_LIBS=-L{library} -Wl,--disable-new-dtags,-rpath,{library} -lespat_sim")));
    program
}

#[test]
fn without_an_installed_library_the_build_says_how_to_have_one() {
    let nowhere = directory("host-nowhere");
    let mut make = tool("make", "make");
    make.args(["-s", "-C"]).arg(root().join("examples/host")).arg(format!("OUT={}", nowhere.display()));
    make.env("PKG_CONFIG_LIBDIR", &nowhere).env_remove("PKG_CONFIG_PATH");
    let output = make.output().expect("start make");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("make install PREFIX=$HOME/.local"), "{said}");
    assert!(!said.contains("fatal error"), "nothing is to be compiled:\n{said}");
}

#[test]
fn firmware_built_for_this_machine_passes_under_the_sanitizers_and_its_log_replays() {
    let program = build("demo");
    let folder = directory("host-demo-run");
    let said = |name: &str| {
        let mut command = std::process::Command::new(&program);
        command.arg("--input-log").arg(folder.join(format!("{name}.espat-log")));
        run(command.arg("--capture").arg(folder.join(format!("{name}.pcapng"))))
    };
    let (first, second) = (said("first"), said("second"));
    assert!(first.contains("\nPASS\n"), "the firmware should pass:\n{first}");
    assert_eq!(first, second, "two runs say different things");
    let digest = first.trim_end().rsplit(' ').next().expect("a digest").to_owned();
    let replayed = run(espat_sim("replay").arg("--no-dialogue").arg(folder.join("first.espat-log")));
    assert!(replayed.contains(&digest), "the replay should end with {digest}:\n{replayed}");
    for name in ["pcapng", "espat-log"] {
        let [a, b] =
            ["first", "second"].map(|run| std::fs::read(folder.join(format!("{run}.{name}"))).expect("read"));
        assert!(a == b, "two runs leave different files: {name}");
    }
}
