//! Captures read back by the real tshark.

use std::path::PathBuf;
use std::process::Command;

/// What `program`, a tool of the package tshark, prints about `capture`, line by line. The file's name comes
/// after `args`.
pub fn run(program: &str, test: &str, capture: &[u8], args: &[&str]) -> Vec<String> {
    // Each test has a thread of its own, named after it: two of them may call their captures the same.
    let thread = std::thread::current();
    let of = thread.name().unwrap_or_default().replace("::", "-");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{of}-{test}.pcapng"));
    std::fs::write(&path, capture).expect("the target directory can be written");
    let output =
        Command::new(program).args(args).arg(&path).env("TZ", "UTC").output().unwrap_or_else(|e| {
            panic!("{program} does not run ({e}): `make test` installs it (package tshark)")
        });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} cannot read {}: {errors}", path.display());
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// What tshark prints for `capture` with `args`.
pub fn tshark(test: &str, capture: &[u8], args: &[&str]) -> Vec<String> {
    run("tshark", test, capture, &[&["-n"], args, &["-r"]].concat())
}

/// The values of `fields` of every packet that passes `filter`, joined by `|`.
pub fn fields(test: &str, capture: &[u8], filter: &str, fields: &[&str]) -> Vec<String> {
    let mut args = vec!["-Y", filter, "-T", "fields", "-E", "separator=|", "-E", "occurrence=f"];
    args.extend(fields.iter().flat_map(|field| ["-e", field]));
    tshark(test, capture, &args)
}

/// Packets that Wireshark would mark as wrong: malformed, or an expert warning or error.
pub fn complaints(test: &str, capture: &[u8]) -> Vec<String> {
    let filter = "_ws.malformed || _ws.expert.severity >= \"Warning\"";
    fields(test, capture, filter, &["frame.number", "_ws.expert.message", "_ws.col.Info"])
}

/// Wireshark finds no mistake in any frame. `test`: of what the capture is.
#[track_caller]
pub fn nothing_is_wrong(test: &str, capture: &[u8]) {
    let complaints = complaints(&format!("{test}-wrong"), capture);
    assert!(complaints.is_empty(), "{test}: Wireshark complains of\n{}", complaints.join("\n"));
}
