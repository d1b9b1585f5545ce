//! Whether a run has passed: the firmware's exit code and the scenario's expectations.

use quick_junit::TestSuite;

use super::{QemuArgs, say};
use crate::cli::expect::{self, shell_word};
use crate::qemu::exit_code;
use crate::qemu::record::Record;
use crate::time::Instant;
use crate::world::quantity::duration_text;
use crate::world::{DEFAULT_SEED, Scenario, Verdict};

/// The exit code when something that the scenario expects has not happened.
const FAILED: i32 = 1;

/// Says what has failed, writes the JUnit XML, and gives the exit code of the run that ended with `code`.
pub fn judge(args: &QemuArgs, scenario: &Scenario, facts: &[Record], code: i32) -> Result<i32, String> {
    let verdicts: Vec<Verdict> = facts
        .iter()
        .filter_map(|fact| match fact {
            Record::Expect(verdict) => Some(verdict.clone()),
            _ => None,
        })
        .collect();
    let again = again(args, args.seed.or(scenario.seed).unwrap_or(DEFAULT_SEED));
    let (scenario, expected) = (scenario.name.as_str(), scenario.expect.len());
    let failures: Vec<String> = expect::failures(scenario, &verdicts).collect();
    for failure in &failures {
        say(failure);
    }
    if !failures.is_empty() {
        say(&format!("to run it again: {again}"));
    }
    if !args.quiet && !verdicts.is_empty() {
        let met = verdicts.len() - failures.len();
        say(&format!("{met} expectations met, {} failed", failures.len()));
    }
    let mut own = of_firmware(code, &verdicts);
    if own == 0 && verdicts.len() < expected {
        say("QEMU ended without a word about what the scenario expects");
        own = exit_code::BROKEN;
    }
    if let Some(path) = &args.junit {
        let ended = facts.iter().find_map(|fact| match fact {
            Record::Time(ns) => Some(Instant::from_nanos(*ns)),
            _ => None,
        });
        let report = (own != 0).then(|| format!("the run ended with exit code {own}"));
        let mut firmware = expect::case("firmware", report.as_deref(), &again);
        firmware.set_classname("espat-sim.qemu");
        if let Some(ended) = ended {
            firmware.set_time(expect::virtual_time(ended));
        }
        let mut suite = TestSuite::new("qemu");
        suite.add_test_case(firmware);
        expect::add_cases(&mut suite, scenario, &verdicts, &again);
        expect::write_junit(path, "espat-sim qemu", suite)?;
    }
    Ok(if own == 0 && !failures.is_empty() { FAILED } else { own })
}

/// The exit code without the expectations. With some, a run may end at its limit, or asleep: what has happened until
/// then counts.
fn of_firmware(code: i32, verdicts: &[Verdict]) -> i32 {
    match code {
        exit_code::LIMIT | exit_code::ASLEEP if !verdicts.is_empty() => 0,
        other => other,
    }
}

/// The command that repeats the run, for a POSIX shell.
fn again(args: &QemuArgs, seed: u64) -> String {
    let mut words = vec!["espat-sim".to_owned(), "qemu".to_owned()];
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), shell_word(&value)]));
    };
    option("--scenario", args.scenario.as_ref().map(|path| path.display().to_string()));
    option("--seed", Some(seed.to_string()));
    option("--limit", args.limit.map(duration_text));
    option("--module", Some(args.module.clone()).filter(|name| name != "wifi"));
    option("--serial", Some(args.serial.to_string()).filter(|n| n != "1"));
    option("--console", args.console.map(|n| n.to_string()));
    for (name, value) in args.guest.again() {
        option(name, Some(value));
    }
    option("--mcu-line", args.mcu_line.map(|line| line.to_string()));
    words.extend(args.mcu.words());
    words.push("--".to_owned());
    words.extend(args.command.iter().map(|word| shell_word(&word.to_string_lossy())));
    words.join(" ")
}
