//! `include/espat_sim.h` is what cbindgen makes of `src/ffi`, and is committed.
//!
//! After a change to the C ABI: `ESPAT_WRITE_HEADER=1 cargo test --test simulation header`, then look at the difference.
#![expect(clippy::disallowed_methods, reason = "reads and writes the header")]

use std::path::Path;

/// The files whose types and functions C sees, in the order of the header.
const FILES: [&str; 12] = [
    "status.rs",
    "handle.rs",
    "library.rs",
    "world.rs",
    "driver.rs",
    "line.rs",
    "state.rs",
    "events.rs",
    "records.rs",
    "replay.rs",
    "snapshot.rs",
    "lan.rs",
];

#[test]
fn the_committed_header_is_that_of_the_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(root.join("src/ffi").join(file));
    }
    let mut made = Vec::new();
    builder.generate().expect("cbindgen reads src/ffi").write(&mut made);
    let made = String::from_utf8(made).expect("cbindgen writes UTF-8");
    let path = root.join("include/espat_sim.h");
    if std::env::var_os("ESPAT_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("include/espat_sim.h can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let line = made.lines().zip(committed.lines()).take_while(|(a, b)| a == b).count() + 1;
    assert!(
        made == committed,
        "include/espat_sim.h is out of date from line {line}; run 'ESPAT_WRITE_HEADER=1 cargo test --test simulation header'"
    );
}

#[test]
fn every_exported_function_stands_behind_the_boundary_and_is_in_the_header() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = std::fs::read_to_string(root.join("include/espat_sim.h")).expect("include/espat_sim.h");
    let mut count = 0;
    for entry in std::fs::read_dir(root.join("src/ffi")).expect("src/ffi") {
        let path = entry.expect("an entry of src/ffi").path();
        let text = std::fs::read_to_string(&path).expect("a file of src/ffi");
        for function in text.split("#[unsafe(no_mangle)]").skip(1) {
            let signature = function.split('{').next().unwrap_or_default();
            let name = signature.split("fn ").nth(1).and_then(|s| s.split('(').next()).unwrap_or_default();
            // The body ends at the first line that closes it.
            let body = &function[signature.len()..function.find("\n}").unwrap_or(function.len())];
            let statements = body.trim_start_matches('{').trim();
            let first = statements.lines().find(|l| !l.trim_start().starts_with("let ")).unwrap_or_default();
            assert!(
                first.trim_start().starts_with("boundary!("),
                "{name} in {path:?} does not begin with boundary!"
            );
            assert!(header.contains(&format!("{name}(")), "{name} is not in include/espat_sim.h");
            count += 1;
        }
    }
    assert!(count >= 30, "only {count} exported functions were found: has the way they are marked changed?");
}

/// The comment in front of each declaration of the header, on one line, with the declaration.
fn declarations(header: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let (mut comment, mut declaration) = (String::new(), String::new());
    for line in header.lines() {
        if let (Some(said), true) = (line.strip_prefix("//"), declaration.is_empty()) {
            comment.push_str(said);
            continue;
        }
        declaration.push_str(line);
        // A structure ends with its brace, anything else with its first line that ends something.
        let is_structure = declaration.starts_with("typedef struct") && declaration.contains('{');
        if line.is_empty() || (if is_structure { line.starts_with('}') } else { line.ends_with(';') }) {
            let ended = std::mem::take(&mut declaration);
            all.push((std::mem::take(&mut comment), ended));
        }
    }
    all
}

#[test]
fn how_long_a_text_stays_is_one_rule_that_names_no_calls() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = std::fs::read_to_string(root.join("include/espat_sim.h")).expect("include/espat_sim.h");
    let rule = "until this thread's next call that hands out a text";
    let mut count = 0;
    for (comment, declaration) in declarations(&header) {
        let hands_out = declaration.contains("const char **")
            || (declaration.contains("const char *") && declaration.contains("set by the caller"));
        if hands_out && !comment.contains("lives as long as the world") {
            count += 1;
            let end = comment.split_once(rule).map(|(_, rest)| rest.chars().next().unwrap_or('.'));
            assert_eq!(end, Some('.'), "expected `{rule}` and nothing more of that: {comment}");
        }
        assert!(!comment.contains("gives a text"), "another rule: {comment}");
    }
    assert!(count >= 5, "only {count} declarations were found that hand out texts");
}
