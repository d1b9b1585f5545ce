//! Programs, the files they work on, and the library beside this test program.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// How often a run is repeated to see that it is one run: three times, or `full` times in `make soak`.
pub fn times(full: usize) -> usize {
    if std::env::var_os("ESPAT_SOAK").is_some() { full } else { 3 }
}

/// The project's own directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty directory for the files of one test, or of one part of it.
pub fn directory(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    path
}

/// The text of a file of the project.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// `espat-sim WORD`, in the project's directory.
pub fn espat_sim(word: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_espat-sim"));
    command.arg(word).current_dir(root());
    command
}

/// The QEMU of the tests: the distribution's, or what QEMU_SYSTEM_ARM names.
pub fn qemu() -> String {
    std::env::var("QEMU_SYSTEM_ARM").unwrap_or_else(|_| "qemu-system-arm".to_owned())
}

/// A command that must be installed.
pub fn tool(name: &str, package: &str) -> Command {
    let found = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(
        found.is_ok(),
        "{name} is needed for this test: install the package '{package}' (apt install {package})"
    );
    Command::new(name)
}

/// Runs it, which must succeed; what it prints.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    out.into_owned()
}

/// The shared library that cargo built for these tests.
pub fn library() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let directory = test.parent().expect("its directory");
    let name = format!("{}espat_sim{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = directory.join(&name);
    assert!(library.exists(), "{name} is not beside this test in {}", directory.display());
    library
}

/// A firmware image that `make firmware` builds.
pub fn firmware(board: &str, image: &str) -> PathBuf {
    let elf = root().join(format!("build/firmware/{board}{image}.elf"));
    assert!(elf.exists(), "{} is missing: `make test` builds it (make firmware)", elf.display());
    elf
}

/// Sends a signal; whether there is such a process. The signal `0` only asks that.
pub fn signal(name: &str, pid: &str) -> bool {
    Command::new("kill").args(["-s", name, pid]).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Waits for the process number that a QEMU somewhere below `child` writes into `file` (`-pidfile`).
pub fn pid_of(child: &mut Child, file: &Path) -> String {
    loop {
        assert_eq!(child.try_wait().expect("ask"), None, "it has ended before QEMU began");
        match std::fs::read_to_string(file) {
            Ok(pid) if pid.ends_with('\n') => return pid.trim().to_owned(),
            _ => std::thread::yield_now(),
        }
    }
}
