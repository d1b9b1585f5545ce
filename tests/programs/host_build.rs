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
