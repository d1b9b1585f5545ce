//! Cuts a transcript down, line by line.

use std::path::Path;

use super::super::expect;
use super::Search;
use crate::edge::read_text;
use crate::explore::{caught, fewest, without_numbers};
use crate::transcript::{self, Progress, Run, Transcript};
use crate::world::{Outcome, Recording, World};

/// How a transcript has failed.
struct Failed {
    /// What is the same when it fails in the same way.
    way: String,
    /// For people.
    report: String,
}

/// Cuts it down.
pub fn cut(path: &Path, text: &str, search: &mut Search) -> Result<String, String> {
    let name = path.display().to_string();
    let all = read(&name, text)?;
    let (profile, mut failed) = (all.first().map(|t| t.profile.clone()), None);
    let mut profile = profile.unwrap_or_default();
    for transcript in &all {
        failed = run(transcript)?;
        if failed.is_some() {
            profile.clone_from(&transcript.profile);
            break;
        }
    }
    let (way, report) = match (search.judge.text().map(str::to_owned), failed) {
        _ if search.judge.asks() => match search.judge.learn_from_command(text)? {
            Some(sentence) => (String::new(), sentence),
            None => {
                let why = search.judge.passes().unwrap_or_default();
                return Err(format!("{name} does not fail: {why}"));
            }
        },
        (Some(text), failed) if failed.as_ref().is_none_or(|failed| !failed.report.contains(&text)) => {
            return Err(format!("{name} does not fail: '{text}' is not printed"));
        }
        (_, Some(failed)) => (failed.way, failed.report),
        (_, None) => return Err(format!("{name} does not fail")),
    };
    say!("{}", report.trim_end());
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    say!("  {} lines", lines.len());
    let mut fails = |lines: &[&str]| {
        let text = lines.concat();
        let fails = |judge: &super::Judge| {
            let all = read(&name, &text).unwrap_or_default();
            let Some(transcript) = all.iter().find(|transcript| transcript.profile == profile) else {
                return false;
            };
            if judge.asks() {
                return judge.fails_for_command(&text);
            }
            match (run(transcript), judge.text()) {
                (Ok(Some(failed)), Some(wanted)) => failed.report.contains(wanted),
                (Ok(Some(failed)), None) => failed.way == way,
                _ => false,
            }
        };
        search.tries(fails, || format!("{} lines", text.lines().count()))
    };
    // What a host does goes with what comes of it, as nothing that comes may be left out.
    let mut acts: Vec<Vec<&str>> = Vec::new();
    for line in lines {
        match acts.last_mut() {
            Some(act) if !ACTS.iter().any(|word| line.starts_with(word)) => act.push(line),
            _ => acts.push(vec![line]),
        }
    }
    let acts = fewest(acts, &mut |acts| fails(&acts.concat()));
    let small = fewest(acts.concat(), &mut fails);
    search.progress.clear();
    say!("  {} lines after {} tries", small.len(), search.count);
    Ok(small.concat())
}

/// With what a line begins in which a host or a test does something.
const ACTS: [&str; 7] = [">", "console", "pin", "uart", "wait", "silent", "include"];

fn read(name: &str, text: &str) -> Result<Vec<Transcript>, String> {
    let mut included = |name: &str| Ok(read_text(Path::new(name))?);
    transcript::parse(name, text, &mut included).map_err(|mistakes| mistakes.to_string())
}

/// Runs it. `None`: it has passed.
fn run(transcript: &Transcript) -> Result<Option<Failed>, String> {
    let ran = caught(|| {
        let mut world = World::new(&transcript.scenario, transcript.seed, Recording::default())
            .map_err(|e| e.to_string())?;
        let mut run = Run::new(transcript, &mut world).map_err(|e| e.to_string())?;
        loop {
            match run.step(&mut world) {
                Ok(Progress::More) => {}
                Ok(Progress::Passed) => break,
                Err(failure) => {
                    let way = without_numbers(&failure.summary());
                    return Ok(Some(Failed { way, report: failure.to_string() }));
                }
            }
        }
        world.finish();
        let verdicts = world.verdicts();
        let failure = expect::failures(&transcript.scenario.name, &verdicts).next();
        let missed = verdicts.iter().find(|v| matches!(v.outcome, Outcome::Failed(_)));
        Ok(missed.zip(failure).map(|(missed, report)| Failed { way: missed.text.clone(), report }))
    });
    match ran {
        Err(why) if why.starts_with("panicked") => {
            Ok(Some(Failed { way: without_numbers(&why), report: why }))
        }
        other => other,
    }
}
