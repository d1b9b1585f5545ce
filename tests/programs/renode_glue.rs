//! `renode/EspAt.cs` without Renode: compiled by Mono's compiler against our own declarations of Renode's interfaces
//! (`tests/renode/api`), and driven by a program (`tests/renode/harness`) that imitates Renode's virtual time and
//! threads, with the real library behind it. The Robot tests in `tests/renode` drive the same file in Renode.

use std::path::{Path, PathBuf};

use crate::tools::{directory, library, root, run, tool};

/// The C# files of a directory of `tests/renode`.
fn sources(name: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(root().join("tests/renode").join(name)).expect("a directory of tests/renode");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "cs"));
    files.sort();
    assert!(!files.is_empty(), "there is no C# in tests/renode/{name}");
    files
}

/// Compiles the harness with this `EspAt.cs`, which remembers the place that it was compiled from.
fn compile(peripheral: &Path, program: &Path) {
    run(tool("mcs", "mono-mcs")
        // What Renode's own compilers have in common.
        .args(["-langversion:7", "-warnaserror"])
        .arg(format!("-out:{}", program.display()))
        .args(sources("api"))
        .arg(peripheral)
        .args(sources("harness")));
}

#[test]
fn the_renode_peripheral_does_in_mono_what_it_does_in_renode() {
    let directory = directory("renode_glue");
    let program = directory.join("harness.exe");
    compile(&root().join("renode/EspAt.cs"), &program);
    let other = directory.join("libother.so");
    let source = directory.join("other.c");
    std::fs::write(&source, "unsigned espat_abi_version(void) { return 99; }\n").expect("write other.c");
    run(tool("gcc", "gcc").args(["-shared", "-fPIC", "-o"]).arg(&other).arg(&source));
    let said = run(tool("mono", "mono-runtime").arg(&program).arg(library()).arg(&other).arg(&directory));
    assert!(said.contains(" tests, 0 failed"), "the harness says:\n{said}");
    assert!(
        said.lines().filter(|l| l.starts_with("ok ")).count() >= 68,
        "fewer tests than there were:\n{said}"
    );
}

#[test]
fn the_library_is_found_where_make_install_puts_it() {
    let prefix = directory("renode_installed");
    for folder in ["lib", "share/espat-sim/renode"] {
        std::fs::create_dir_all(prefix.join(folder)).expect("a folder of the prefix");
    }
    let peripheral = prefix.join("share/espat-sim/renode/EspAt.cs");
    std::fs::copy(root().join("renode/EspAt.cs"), &peripheral).expect("install EspAt.cs");
    let installed = prefix.join("lib/libespat_sim.so");
    std::fs::copy(library(), &installed).expect("install the library");
    let program = prefix.join("harness.exe");
    compile(&peripheral, &program);
    // The first argument is the property Library: empty, so it is searched for.
    let said = run(tool("mono", "mono-runtime")
        .env_remove("ESPAT_SIM_LIBRARY")
        .arg(&program)
        .args(["", ""])
        .arg(&prefix)
        .arg("LibraryInUseIsTold"));
    assert!(said.contains("1 tests, 0 failed"), "the harness says:\n{said}");
    assert!(said.contains(&format!("library {}", installed.display())), "not the installed library:\n{said}");
}
