//! `espat-sim run`: transcripts as tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use quick_junit::TestSuite;

use super::options::{CaptureArgs, McuArgs};
use super::{expect, files};
use crate::edge::{External, FileError, Outputs, Paths, SavedFiles, Session, read_text};
use crate::time::Instant;
use crate::transcript::{self, Failure, Progress, Run, Transcript};
use crate::world::{Scenario, Verdict};

/// Run transcripts: what a host sends, and what must come back byte for byte.
///
/// Prints one line for each transcript, and for one that fails what was expected and what came. One fails, too, when
/// something that its scenario expects has not happened. The exit code
/// is 0 when all passed, 1 when one failed, 2 when one could not be read.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Transcripts, or directories: all `*.at` files in them, not in those below.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The seed of all randomness; without it, the transcript's, the scenario's, or 1.
    #[arg(long, value_name = "N", value_parser = super::seed)]
    seed: Option<u64>,
    /// Only transcripts with this text in their path.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Of transcripts for several profiles, only this one.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Write captures for Wireshark: a file for a single transcript (`-`: the standard output, and everything else goes to
    /// the standard error stream), or an existing directory.
    #[arg(long, value_name = "PATH")]
    capture: Option<PathBuf>,
    #[command(flatten)]
    capture_form: CaptureArgs,
    /// Write input logs, for `espat-sim replay`: a file for a single transcript, or an existing directory.
    #[arg(long, value_name = "PATH")]
    input_log: Option<PathBuf>,
    /// Write TLS key logs (NSS's format): a file for a single transcript, or an existing directory. Captures hold these
    /// secrets.
    #[arg(long, value_name = "PATH")]
    keylog: Option<PathBuf>,
    /// For `espat-sim sweep`: write what happens, a line for each event.
    #[arg(long, value_name = "FILE", hide = true)]
    events: Option<PathBuf>,
    /// Let the scenarios' hosts reach real programs on this machine, where they say so (`external`). Another run may
    /// differ then; a replay of its input log does not.
    #[arg(long)]
    external: bool,
    #[command(flatten)]
    mcu: McuArgs,
    /// Write the results as JUnit XML. Its times are virtual.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl RunArgs {
    /// The scenarios of those transcripts that can be read.
    pub fn scenarios(&self) -> Vec<Scenario> {
        let paths = transcripts(&self.files, self.filter.as_deref()).unwrap_or_default();
        paths.iter().flat_map(|path| read(path).unwrap_or_default()).map(|t| t.scenario).collect()
    }
}

/// What running a transcript came to.
struct Outcome {
    end: Instant,
    failure: Option<Box<Failure>>,
    verdicts: Vec<Verdict>,
    warnings: Vec<String>,
}

/// Runs the transcripts.
pub fn run(args: &RunArgs) -> i32 {
    match start(args) {
        Ok(code) => code,
        Err(sentence) => super::fail(&sentence),
    }
}

fn start(args: &RunArgs) -> Result<i32, String> {
    let paths = transcripts(&args.files, args.filter.as_deref())?;
    let (mut all, mut unreadable, mut named) = (Vec::new(), false, BTreeSet::new());
    for path in &paths {
        match read_naming(path, &mut named) {
            Ok(transcripts) => all.extend(transcripts),
            Err(why) => {
                unreadable = true;
                eprintln!("{}", why.trim_end());
            }
        }
    }
    if unreadable {
        return Ok(2);
    }
    if let Some(profile) = &args.profile {
        all.retain(|transcript| transcript.profile == *profile);
        if all.is_empty() {
            return Err(format!("no transcript is meant for the profile '{profile}'"));
        }
    }
    let captures = destinations(&all, args.capture.as_deref(), "--capture", args.capture_form.word())?;
    let logs = destinations(&all, args.input_log.as_deref(), "--input-log", "espat-log")?;
    let keylogs = destinations(&all, args.keylog.as_deref(), "--keylog", "keylog")?;
    check_files(args, (&all, &named), &captures, &[("--input-log", &logs), ("--keylog", &keylogs)])?;
    let events = files::events(args.events.as_deref())?;
    let mut suite = TestSuite::new("transcripts");
    let (mut passed, mut failed) = (0, 0);
    for (number, transcript) in all.iter().enumerate() {
        let to = |all: &[Option<PathBuf>]| files::sink(all.get(number).and_then(Option::as_deref));
        let capture = captures.get(number).and_then(Option::as_deref);
        let title = transcript.title();
        let outputs = Outputs {
            capture: files::capture(capture, &args.capture_form)?,
            log: to(&logs)?,
            keylog: to(&keylogs)?,
            events: events.as_ref().map(|file| file.of(if all.len() > 1 { &title } else { "" })),
            ..Outputs::default()
        };
        let outcome = one(transcript, args, outputs)?;
        let external = if args.external { " --external" } else { "" };
        let again = format!("{}{external}", again(transcript, args.seed, args.mcu));
        let Outcome { end, failure, verdicts, warnings } = &outcome;
        let mut report: Vec<String> = failure
            .iter()
            .flat_map(|f| f.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        report.extend(expect::failures(&transcript.scenario.name, verdicts));
        if report.is_empty() {
            passed += 1;
            say!("pass {} ({end} virtual)", transcript.title());
        } else {
            failed += 1;
            say!("FAIL {} ({end} virtual)", transcript.title());
            report.push(format!("to run it again: {again}"));
            if args.external {
                report.push("with real programs another run may differ".to_owned());
            }
        }
        for line in &report {
            say!("  {line}");
        }
        for warning in warnings {
            say!("  warning: {warning}");
        }
        let mut case =
            expect::case(&transcript.title(), failure.as_ref().map(|f| f.to_string()).as_deref(), &again);
        case.set_classname("espat-sim.transcripts").set_time(expect::virtual_time(*end));
        suite.add_test_case(case);
        expect::add_cases(&mut suite, &transcript.scenario.name, verdicts, &again);
    }
    say!("{passed} passed, {failed} failed");
    if let Some(path) = &args.junit {
        expect::write_junit(path, "espat-sim run", suite)?;
    }
    Ok(i32::from(failed > 0))
}

/// No file serves two purposes. What modules have saved may be that of several transcripts: they run one after the other.
/// `named` are the files that transcripts include, and their scenarios.
fn check_files(
    args: &RunArgs,
    (all, named): (&[Transcript], &BTreeSet<String>),
    captures: &[Option<PathBuf>],
    written: &[(&str, &Vec<Option<PathBuf>>)],
) -> Result<(), FileError> {
    let mut paths = Paths::default();
    named.iter().try_for_each(|file| paths.read("a file of a transcript", Path::new(file)))?;
    for transcript in all {
        paths.read("the transcript", Path::new(&transcript.name))?;
        SavedFiles::name(&transcript.scenario, &mut Paths::default())?;
        SavedFiles::name_of_one_of_several(&transcript.scenario, &mut paths)?;
    }
    captures.iter().flatten().try_for_each(|file| paths.capture("--capture", file))?;
    for (option, files) in written {
        files.iter().flatten().try_for_each(|file| paths.write(option, file))?;
    }
    args.events.iter().try_for_each(|file| paths.write("--events", file))?;
    args.junit.iter().try_for_each(|file| paths.write("--junit", file))
}

/// Runs one transcript to its end.
fn one(transcript: &Transcript, args: &RunArgs, outputs: Outputs) -> Result<Outcome, String> {
    let (warn, warnings) = crossbeam_channel::unbounded();
    let outputs = Outputs {
        warnings: Some(Box::new(move |sentence| {
            // The other end lives as long as the session.
            let _ = warn.send(sentence.to_owned());
        })),
        external: args.external.then(External::default),
        ..outputs
    };
    let seed = args.seed.or(transcript.seed);
    let session = Session::new(&transcript.scenario, seed, outputs).map_err(|e| e.to_string())?;
    let call = |e: crate::edge::Poisoned| e.to_string();
    let mut run = session
        .with(|w| Run::attached(transcript, w, args.mcu.attachment()))
        .map_err(call)?
        .map_err(|e| e.to_string())?;
    if args.external {
        run.between(Box::new(|world| session.carry(world)));
    }
    let failure = loop {
        match session.with(|w| run.step(w)).map_err(call)? {
            Ok(Progress::More) => {}
            Ok(Progress::Passed) => break None,
            Err(failure) => break Some(failure),
        }
    };
    match session.finish().into_iter().next() {
        Some(sentence) => Err(sentence),
        None => Ok(Outcome {
            end: run.now(),
            failure,
            verdicts: session.peek(|w| w.verdicts()).map_err(call)?,
            warnings: warnings.try_iter().collect(),
        }),
    }
}

/// Reads a transcript, for each profile that it is meant for, and what it names. The error is ready to be shown.
pub fn read(path: &Path) -> Result<Vec<Transcript>, String> {
    read_naming(path, &mut BTreeSet::new())
}

/// The same; what else it reads is added to `named`.
fn read_naming(path: &Path, named: &mut BTreeSet<String>) -> Result<Vec<Transcript>, String> {
    let text = read_text(path)?;
    let mut included = |name: &str| {
        named.insert(name.to_owned());
        Ok(read_text(Path::new(name))?)
    };
    transcript::parse(&path.display().to_string(), &text, &mut included)
        .map_err(|mistakes| mistakes.to_string())
}

/// The transcripts that are meant, directories in the order of their files' names.
pub fn transcripts(given: &[PathBuf], filter: Option<&str>) -> Result<Vec<PathBuf>, String> {
    let mut paths = Vec::new();
    for path in given {
        if path.is_dir() {
            let found = files::in_directory(path, "at")?;
            if found.is_empty() {
                return Err(format!("{} has no *.at file", path.display()));
            }
            paths.extend(found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            return Err(format!(
                "{} is a scenario, and `run` takes transcripts (.at), which name theirs in a line `scenario FILE`; \
                 `espat-sim check` says what is wrong with a scenario",
                path.display()
            ));
        } else {
            paths.push(path.clone());
        }
    }
    if let Some(filter) = filter {
        paths.retain(|path| path.display().to_string().contains(filter));
        if paths.is_empty() {
            return Err(format!("no transcript has '{filter}' in its path"));
        }
    }
    Ok(paths)
}

/// Where the records of each transcript go: into the one file, or each into its own in a directory.
fn destinations(
    all: &[Transcript],
    given: Option<&Path>,
    option: &str,
    extension: &str,
) -> Result<Vec<Option<PathBuf>>, String> {
    let Some(given) = given else { return Ok(vec![None; all.len()]) };
    if !given.is_dir() {
        return match all {
            [_] => Ok(vec![Some(given.to_owned())]),
            _ => Err(format!(
                "{option} takes an existing directory for {} transcripts; {} is none",
                all.len(),
                given.display()
            )),
        };
    }
    let mut taken: BTreeMap<PathBuf, String> = BTreeMap::new();
    all.iter()
        .map(|transcript| {
            let path = Path::new(&transcript.name);
            let mut name = path.file_stem().unwrap_or(path.as_os_str()).to_owned();
            if transcript.several {
                name.push(format!("-{}", transcript.profile));
            }
            name.push(format!(".{extension}"));
            let file = given.join(name);
            match taken.insert(file.clone(), transcript.title()) {
                None => Ok(Some(file)),
                Some(other) => {
                    let (file, title) = (file.display(), transcript.title());
                    Err(format!("{file} would be written by both {other} and {title}"))
                }
            }
        })
        .collect()
}

/// The command that runs one transcript again, for a POSIX shell.
fn again(transcript: &Transcript, seed: Option<u64>, mcu: McuArgs) -> String {
    let name = expect::shell_word(&transcript.name);
    let seed = seed.or(transcript.seed).or(transcript.scenario.seed).unwrap_or(crate::world::DEFAULT_SEED);
    let profile =
        if transcript.several { format!(" --profile {}", transcript.profile) } else { String::new() };
    let mcu: String = mcu.words().map(|word| format!(" {word}")).collect();
    format!("espat-sim run {name}{profile} --seed {seed}{mcu}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_several_transcripts_go_to_a_directory_each_to_its_own_file() {
        let read = |name: &str, profiles: &str| {
            let text = format!("cites x\nprofiles {profiles}\n> AT\n");
            transcript::parse(name, &text, &mut |_| Err(String::new())).unwrap()
        };
        let one = |name: &str| read(name, "esp32-v3.4").remove(0);
        let paths = ["a/x.at", "a/y.at"].map(one);
        let here = std::env::temp_dir();
        let got = destinations(&paths, Some(&here), "--capture", "pcapng").unwrap();
        assert_eq!(got, [Some(here.join("x.pcapng")), Some(here.join("y.pcapng"))]);
        let file = Path::new("no-such-directory/out.pcapng");
        assert_eq!(
            destinations(&paths[..1], Some(file), "--capture", "pcapng").unwrap(),
            [Some(file.to_owned())]
        );
        let refused = destinations(&paths, Some(file), "--capture", "pcapng").unwrap_err();
        assert!(refused.contains("--capture takes an existing directory for 2 transcripts"), "{refused}");
        let several = read("a/x.at", "esp32-v3.4, esp8266-v2.2");
        let got = destinations(&several, Some(&here), "--input-log", "espat-log").unwrap();
        let files = ["x-esp32-v3.4.espat-log", "x-esp8266-v2.2.espat-log"].map(|name| Some(here.join(name)));
        assert!(files.iter().all(|file| got.contains(file)), "{got:?}");
        let twice = ["a/x.at", "b/x.at"].map(one);
        let refused = destinations(&twice, Some(&here), "--capture", "pcapng").unwrap_err();
        assert!(refused.contains("both a/x.at and b/x.at"), "{refused}");
    }

    #[test]
    fn the_command_that_repeats_a_failure_has_path_and_seed() {
        let text = "cites x\nseed 7\n> AT\n";
        let read = |text| transcript::parse("my tests/it's.at", text, &mut |_| Err(String::new())).unwrap();
        let transcript = read(text).remove(0);
        let mcu = McuArgs { mcu_tx: None, obeys_rts: None };
        assert_eq!(again(&transcript, None, mcu), r"espat-sim run 'my tests/it'\''s.at' --seed 7");
        assert_eq!(again(&transcript, Some(3), mcu), r"espat-sim run 'my tests/it'\''s.at' --seed 3");
        let of_all = read("cites x\nprofiles all\nseed 7\n> AT\n");
        let with =
            |t: &Transcript| again(t, None, mcu).contains(&format!(" --profile {} --seed 7", t.profile));
        assert!(of_all.len() > 1 && of_all.iter().all(with));
    }
}
