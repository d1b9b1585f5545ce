//! What the module costs a guest in QEMU, as a multiple of the same QEMU alone: `cargo bench --bench qemu`.
//!
//! Three guests on one board ([`GUESTS`], `qemu_guest/guest.c`) run under the same QEMU with the same options, once as
//! `espat-sim qemu` starts it and once without the plugin, again and again in turn, so that both see the same machine. A guest
//! does a fixed number of things and then ends QEMU; what is compared is the processor time of all that ran for it, with
//! the start, and the wall time. Needs QEMU and the compiler of `make firmware`; without them it says so.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark measures time")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// How often each is run.
const ROUNDS: usize = 15;

/// What a guest does.
struct Guest {
    name: &'static str,
    /// How often it is woken a second, how often in all, and how many of these lie between two lines to the module.
    rate: u32,
    wakes: u32,
    wakes_per_line: u32,
    busy: bool,
}

/// The tickless ones have one command a minute to the module, the others one a second. A reply is work of the guest that it has not
/// alone: an interrupt for each byte.
const GUESTS: [Guest; 4] = [
    Guest { name: "tickless, 40 s", rate: 10, wakes: 400, wakes_per_line: 600, busy: false },
    Guest { name: "tickless, an hour", rate: 10, wakes: 36_000, wakes_per_line: 600, busy: false },
    Guest { name: "a tick of 1 kHz, 40 s", rate: 1000, wakes: 40_000, wakes_per_line: 1000, busy: false },
    Guest { name: "busy, 10 s", rate: 1000, wakes: 10_000, wakes_per_line: 1000, busy: true },
];

/// What a run took.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Cost {
    processor: f64,
    wall: f64,
}

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("qemu: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    let qemu = std::env::var("QEMU_SYSTEM_ARM").unwrap_or_else(|_| "qemu-system-arm".to_owned());
    for program in [qemu.as_str(), "arm-none-eabi-gcc"] {
        if Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            println!("qemu: skipped, {program} is not on PATH");
            return Ok(());
        }
    }
    println!("{:24} {:>12} {:>12} {:>8} {:>8}", "guest", "alone", "with module", "ratio", "wall");
    for guest in &GUESTS {
        let image = build(guest)?;
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            costs[0].push(run(&alone(&qemu, &image))?);
            costs[1].push(run(&with_module(&qemu, &image))?);
        }
        let [alone, coupled] = costs.map(|costs| Cost {
            processor: median(costs.iter().map(|cost| cost.processor)),
            wall: median(costs.iter().map(|cost| cost.wall)),
        });
        println!(
            "{:24} {:>9.1} ms {:>9.1} ms {:>8.2} {:>8.2}",
            guest.name,
            alone.processor * 1e3,
            coupled.processor * 1e3,
            coupled.processor / alone.processor,
            coupled.wall / alone.wall
        );
    }
    Ok(())
}

/// Compiles the guest.
fn build(guest: &Guest) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/qemu_guest");
    let image = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest.elf");
    let mut gcc = Command::new("arm-none-eabi-gcc");
    gcc.args([
        "-mcpu=cortex-m3",
        "-mthumb",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-nostdlib",
        "-nostartfiles",
    ]);
    gcc.arg(format!("-DTICKS_OF_25_MHZ={}u", 25_000_000 / guest.rate));
    gcc.arg(format!("-DWAKES={}u", guest.wakes)).arg(format!("-DWAKES_PER_LINE={}u", guest.wakes_per_line));
    gcc.args(guest.busy.then_some("-DBUSY"));
    gcc.arg("-T").arg(source.join("guest.ld")).arg("-o").arg(&image).arg(source.join("guest.c"));
    let status = gcc.status().map_err(|e| format!("arm-none-eabi-gcc: {e}"))?;
    status.success().then_some(image).ok_or_else(|| format!("arm-none-eabi-gcc: {status}"))
}

/// What both runs have in common.
fn board(image: &Path) -> Vec<OsString> {
    let options =
        "-M mps2-an385 -nodefaults -serial null -semihosting-config enable=on,target=native -kernel";
    words(options).chain([image.as_os_str().to_owned()]).collect()
}

/// QEMU without the plugin, and with everything else that `espat-sim qemu` adds.
fn alone(qemu: &str, image: &Path) -> Vec<OsString> {
    let added = "-icount shift=5,sleep=off -rtc base=2025-01-01T00:00:00,clock=vm -display none -chardev null,id=wifi";
    words(qemu).chain(words(added)).chain(board(image)).chain(words("-serial chardev:wifi")).collect()
}

fn with_module(qemu: &str, image: &Path) -> Vec<OsString> {
    let start = [OsString::from(env!("CARGO_BIN_EXE_espat-sim"))].into_iter();
    start.chain(words("qemu --quiet --")).chain(words(qemu)).chain(board(image)).collect()
}

fn words(text: &str) -> impl Iterator<Item = OsString> {
    text.split(' ').map(OsString::from)
}

/// Runs it to its end. The shell knows what its children took, to a millisecond.
fn run(command: &[OsString]) -> Result<Cost, String> {
    let start = Instant::now();
    let output = Command::new("bash")
        .args(["-c", r#"TIMEFORMAT="%U %S"; time "$@""#, "bash"])
        .args(command)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("bash: {e}"))?;
    let wall = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    let times = said.lines().last().and_then(|line| line.split_once(' '));
    let seconds = |text: &str| text.parse::<f64>().ok();
    match times.and_then(|(user, system)| Some(seconds(user)? + seconds(system)?)) {
        Some(processor) if output.status.success() => Ok(Cost { processor, wall }),
        _ => Err(format!("{command:?}: {}\n{said}", output.status)),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
