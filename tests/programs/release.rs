//! What a release is made of: the archive that `make archive` packs, and the script that the GitHub action puts it in place with.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{directory, root, run, tool};

/// Packs the archive and lays it out as a release `v0.0.1` in a folder, with its checksums. Returns the folder.
fn release(folder: &Path) -> PathBuf {
    let mut make = tool("make", "make");
    make.args(["--no-print-directory", "archive"]).current_dir(root());
    // See readme.rs: the release build would be made anew.
    for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("CARGO_")) {
        if name != "CARGO_HOME" {
            make.env_remove(name);
        }
    }
    let said = run(&mut make);
    let archive = root().join(said.lines().last().expect("the archive's name").trim());
    let version = folder.join("v0.0.1");
    std::fs::create_dir_all(&version).expect("a folder of the test");
    // The name has the package's version; the release of this test is called otherwise.
    let name =
        archive.file_name().expect("a name").to_string_lossy().replace(env!("CARGO_PKG_VERSION"), "0.0.1");
    std::fs::copy(&archive, version.join(&name)).expect("copy the archive");
    let sums = run(tool("sha256sum", "coreutils").arg(&name).current_dir(&version));
    std::fs::write(version.join("SHA256SUMS"), sums).expect("write the checksums");
    version.join(name)
}

/// The script with a release of this folder.
fn install(folder: &Path, version: &str, into: &Path) -> Command {
    let mut command = Command::new(root().join("scripts/install-release.sh"));
    command.arg(format!("file://{}", folder.display())).arg(version).arg(into);
    command
}

#[test]
fn an_archive_is_put_in_place_by_the_action_and_works_wherever_it_is() {
    let folder = directory("release");
    let archive = release(&folder);
    let prefix = folder.join("prefix");
    run(&mut install(&folder, "v0.0.1", &prefix));
    let said = run(Command::new(prefix.join("bin/espat-sim")).arg("--version"));
    assert!(said.contains(env!("CARGO_PKG_VERSION")), "the command in the archive says: {said}");
    for part in [
        "include/espat_sim.h",
        "lib/libespat_sim.so",
        "LICENSE",
        "share/espat-sim/renode/EspAt.cs",
        "share/espat-sim/docs/console.md",
        "share/espat-sim/wireshark/espat-sim/colorfilters",
        "share/man/man1/espat-sim-qemu.1",
        "share/bash-completion/completions/espat-sim",
    ] {
        assert!(prefix.join(part).is_file(), "the archive has no {part}");
    }
    let flags = run(tool("pkg-config", "pkg-config")
        .args(["--cflags", "espat-sim"])
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    let include = flags.trim().trim_start_matches("-I");
    assert!(Path::new(include).join("espat_sim.h").is_file(), "pkg-config leads to '{include}'");

    // Twice is once.
    run(&mut install(&folder, "v0.0.1", &prefix));

    let mut bytes = std::fs::read(&archive).expect("the archive");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&archive, bytes).expect("damage the archive");
    for (version, part) in
        [("v0.0.1", "is not what the release's SHA256SUMS names"), ("v9.9.9", "there is no")]
    {
        let into = folder.join("refused");
        let output = install(&folder, version, &into).output().expect("sh");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(part), "{version}: {error}");
        assert!(!into.exists(), "{version}: something was unpacked");
    }
}
