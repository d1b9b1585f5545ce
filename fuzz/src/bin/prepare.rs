//! Writes what the fuzzer starts from: a seed for each transcript, and the dictionary of the command table.
//!
//! `prepare CORPUS-DIRECTORY DICTIONARY-FILE`, in the root of the repository.

use std::path::Path;

use espat_sim::at::schema::Kind;
use espat_sim::at::table;
use espat_sim_fuzz::seed;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(corpus), Some(dictionary)) = (arguments.next(), arguments.next()) else {
        return Err("expected a directory for the seeds and a file for the dictionary".into());
    };
    std::fs::create_dir_all(&corpus)?;
    let mut count = 0;
    for entry in std::fs::read_dir("tests/transcripts")? {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "at") {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let load = &mut |name: &str| std::fs::read_to_string(name).map_err(|e| format!("{name}: {e}"));
        let transcript = espat_sim::transcript::parse(&path.display().to_string(), &text, load)?;
        let name = path.file_stem().unwrap_or_default();
        std::fs::write(Path::new(&corpus).join(name), seed::session(&transcript).write())?;
        count += 1;
    }
    std::fs::write(&dictionary, words())?;
    println!("{count} seeds in {corpus}");
    Ok(())
}

/// The command table as a dictionary of libFuzzer.
fn words() -> String {
    let mut words: Vec<String> = Vec::new();
    for command in table::all() {
        words.extend(["", "=", "?", "=?"].map(|end| format!("> AT{}{end}", command.name)));
        for param in command.set.iter().flat_map(|set| set.syntaxes).flat_map(|syntax| syntax.params) {
            match param.kind {
                Kind::Choice(of) => words.extend(of.iter().map(|c| format!("\"{c}\""))),
                Kind::Int { min, max } => words.extend([min, max].map(|n| format!(",{n}"))),
                Kind::Text { .. } => {}
            }
        }
    }
    words.sort();
    words.dedup();
    let quoted = |word: &String| format!("\"{}\"\n", word.replace('\\', "\\\\").replace('"', "\\\""));
    words.iter().map(quoted).collect()
}
