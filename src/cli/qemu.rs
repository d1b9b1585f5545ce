//! `espat-sim qemu`: runs the user's QEMU command line with the module on one of the board's UARTs.

mod compose;
mod guest;
mod stderr;
mod verdict;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::dialogue::{self, Style};
use super::files;
use super::options::{self, DialogueArgs, McuArgs, RecordArgs, Terminal};
use crate::edge::CaptureSink;
use crate::qemu::record::Record;
use crate::qemu::{child, epoch_of_world};
use crate::time::{Duration, Instant};
use crate::uart::LineSettings;
use crate::world::Error;
use crate::world::quantity::duration_text;

/// Run firmware in QEMU with the module as the far end of a UART.
///
/// The QEMU command line after `--` is yours. What the coupling needs is added: the plugin, instruction counting
/// (-icount shift=5,sleep=off), a clock that follows the guest (-rtc clock=vm), and the serial port of the
/// module: the second one, unless your command line has `-serial chardev:wifi` or --serial says otherwise.
///
/// With `expect` in the scenario, the run passes when all of that has happened: the exit code is 1 when it has not,
/// and 0 when it has and the run ended with 0, at --limit, or with the firmware asleep.
///
/// Otherwise the exit code is QEMU's: what the firmware passes to semihosting, 0 at a line that --exit-on names, 124 when
/// --limit was reached, 123 when the firmware sleeps and nothing is left that could wake it, 122 when the coupling failed,
/// 121 when nothing has moved for as long as --stall says. A run that a signal
/// ends has 128 and the signal's number (130 for Ctrl-C; 143 when somebody sent one to QEMU itself). It is 2 when QEMU
/// could not be started, or a file that was asked for could not be written.
#[derive(Debug, clap::Args)]
pub struct QemuArgs {
    /// The socket of `espat-sim world`: the module is in that process's world, with other boards. That process has the
    /// scenario, the seed, the capture, the logs and the digest.
    #[arg(
        long, value_name = "SOCKET",
        conflicts_with_all = ["scenario", "seed", "capture", "input_log", "keylog", "console_socket", "junit", "events"]
    )]
    world: Option<PathBuf>,
    /// The scenario file; without it, the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(super) scenario: Option<PathBuf>,
    /// The seed of all randomness; without it, the scenario's, or 1.
    #[arg(long, value_name = "N", value_parser = super::seed)]
    seed: Option<u64>,
    #[command(flatten)]
    record: RecordArgs,
    /// End the run at this virtual time (20s, 1.5s, 300ms, "2 min").
    #[arg(long, value_name = "TIME", value_parser = options::limit)]
    limit: Option<Duration>,
    /// The module's name in the scenario.
    #[arg(long, value_name = "NAME", default_value = "wifi")]
    module: String,
    #[command(flatten)]
    mcu: McuArgs,
    /// What the MCU's UART is set to, such as "921600 8n1", for the whole run; without it, what the scenario says, or what the
    /// guest sets where QEMU's model of the UART tells, or always what the module's is.
    #[arg(long, value_name = "LINE", value_parser = LineSettings::parse)]
    mcu_line: Option<LineSettings>,
    /// The board's serial port that the module is on, counted from 0.
    #[arg(long, value_name = "N", default_value = "1", value_parser = serial_port)]
    serial: usize,
    /// Show what the firmware prints on this serial port, line by line with virtual times, in one stream with the
    /// dialogue, on the standard output. What is typed there comes from --type.
    #[arg(long, value_name = "N", value_parser = serial_port)]
    console: Option<usize>,
    /// Take lines of the console (`ap home down`, `json links`) from a Unix socket at this path while QEMU runs, and answer
    /// them there.
    #[arg(long, value_name = "PATH")]
    console_socket: Option<PathBuf>,
    #[command(flatten)]
    guest: guest::GuestArgs,
    #[command(flatten)]
    dialogue: DialogueArgs,
    /// Show warnings and errors only.
    #[arg(long, short)]
    quiet: bool,
    /// Write the facts of the run (digest, time, counters) to a file, one a line.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write what came of the scenario's `expect`, and of the firmware, as JUnit XML. Its times are virtual.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// For `espat-sim sweep`: write what happens, a line for each event.
    #[arg(long, value_name = "FILE", hide = true)]
    events: Option<PathBuf>,
    /// The library to load; without it, the one that belongs to this command.
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// For a program that starts this one and may be killed: end as SIGTERM would end it when the standard input ends.
    #[arg(long, hide = true)]
    ends_with_input: bool,
    /// Test aid: wake QEMU's main loop all the time.
    #[arg(long, hide = true)]
    flood: bool,
    /// The QEMU command line.
    #[arg(last = true, required = true, value_name = "QEMU COMMAND LINE")]
    command: Vec<OsString>,
}

/// Exit code when QEMU could not be started.
const NOT_STARTED: i32 = 2;
/// Exit code when a capture, a log or a report could not be written.
const UNWRITTEN: i32 = 2;
/// The highest serial port: more than any board has.
const LAST_PORT: usize = 63;

fn serial_port(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&n| n <= LAST_PORT);
    number.ok_or_else(|| format!("expected a serial port from 0 to {LAST_PORT}"))
}

/// Runs QEMU and returns the exit code of the command.
pub fn run(args: QemuArgs) -> i32 {
    match start(&args) {
        Ok(code) => code,
        Err(sentence) => {
            say(&sentence);
            NOT_STARTED
        }
    }
}

fn say(sentence: &str) {
    // In one piece: QEMU's own lines come by way of another thread.
    let _ = io::stderr().write_all(format!("espat-sim: {sentence}\n").as_bytes());
}

fn start(args: &QemuArgs) -> Result<i32, String> {
    let Some((program, user)) = args.command.split_first() else {
        return Err("no QEMU command line after --".into());
    };
    let scenario = files::scenario(args.scenario.as_deref())?;
    let written = [
        ("--console-socket", args.console_socket.as_deref()),
        ("--input-log", args.record.input_log.as_deref()),
        ("--keylog", args.record.keylog.as_deref()),
        ("--report", args.report.as_deref()),
        ("--junit", args.junit.as_deref()),
        ("--events", args.events.as_deref()),
    ];
    let mut paths =
        files::of_run((args.scenario.as_deref(), &scenario), args.record.capture.as_deref(), &written)?;
    if let Some(file) = args.guest.file() {
        paths.read("--type-file", file)?;
    }
    let output = output_for_capture(args)?;
    if args.world.is_none() && !scenario.modules.iter().any(|module| module.name == args.module) {
        let known = scenario.modules.iter().map(|module| module.name.clone()).collect();
        return Err(Error::UnknownModule(args.module.clone(), known).to_string());
    }
    let library = match &args.library {
        Some(path) => given_library(path)?,
        None => find_library()?,
    };
    let (reader, writer) = io::pipe().map_err(|e| format!("cannot make a pipe: {e}"))?;
    let fd = child::make_inheritable(writer.as_fd()).map_err(|e| format!("cannot pass a pipe on: {e}"))?;
    let epoch = args.world.as_deref().map(epoch_of_world).transpose()?.unwrap_or(scenario.epoch);
    let start = timestamp(epoch);
    let plan = compose::compose(
        user,
        args.serial,
        args.console,
        &start,
        &plugin(args, &library, fd, output.as_ref())?,
    )?;
    if !args.quiet {
        say(&plan.notice);
    }
    let mut command = Command::new(program);
    command.args(user).args(&plan.added).stderr(Stdio::piped());
    if output.is_some() {
        // What QEMU and the firmware print there must not get into the capture.
        command.stdout(io::stderr());
    }
    if args.ends_with_input {
        command.stdin(Stdio::null());
    }
    let spawned = child::spawn_and_forward(&mut command);
    drop((writer, output));
    let mut qemu = spawned.map_err(|e| cannot_start(program, &e))?;
    if args.ends_with_input {
        end_with_input().map_err(|e| format!("cannot start a thread: {e}"))?;
    }
    let said = qemu.stderr.take().map(|stream| stderr::pass_on(&own_name(program), stream));
    let said = said.transpose().map_err(|e| format!("cannot start a thread: {e}"))?;
    let (facts, shown) = follow(args, BufReader::new(reader));
    let status = child::wait(&mut qemu).map_err(|e| format!("lost QEMU: {e}"))?;
    // What QEMU said last comes before what is said of the run.
    let _ = said.map(std::thread::JoinHandle::join);
    if facts.is_empty() {
        // The plugin has not run. Asking first would cost each run as much as QEMU's own start.
        check_qemu(program)?;
    }
    let killed = std::os::unix::process::ExitStatusExt::signal(&status);
    if let Some(signal) = killed {
        say(&format!("QEMU was ended by signal {signal}"));
    }
    // QEMU calls it a success when a signal asks it to end; for whoever started this run it is none. QEMU does not tell
    // which one it was when it did not come by way of this process.
    let asked = facts.contains(&Record::Signal).then_some(libc::SIGTERM);
    if asked.is_some() && child::forwarded().is_none() {
        say("a signal to QEMU itself ended the run");
    }
    let passed_on = child::forwarded().filter(|_| status.success() || killed.is_some());
    let ended = passed_on.or(killed).or(asked.filter(|_| status.success()));
    let code = match ended {
        Some(signal) => 128 + signal,
        // Without a fact the plugin was not loaded, and the firmware has not run.
        None if facts.is_empty() && !status.success() => NOT_STARTED,
        None => status.code().unwrap_or(NOT_STARTED),
    };
    // In a world of its own process the scenario's expectations are that one's.
    let code = if args.world.is_some() { code } else { verdict::judge(args, &scenario, &facts, code)? };
    let mut lost: Vec<&str> = facts
        .iter()
        .filter_map(|fact| match fact {
            Record::Unwritten(sentence) => Some(sentence.as_str()),
            _ => None,
        })
        .collect();
    lost.extend(shown.as_ref().err().map(String::as_str));
    lost.iter().for_each(|sentence| say(sentence));
    let code = if lost.is_empty() || ended.is_some() { code } else { UNWRITTEN };
    conclude(args, &facts, &lost, code);
    Ok(code)
}

/// Lets a signal come, as from a user, when the standard input has ended: whoever held its other end has closed it or is gone.
fn end_with_input() -> io::Result<()> {
    std::thread::Builder::new().name("input".to_owned()).spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGTERM);
    })?;
    Ok(())
}

/// The standard output for `--capture -`, as QEMU inherits it.
fn output_for_capture(args: &QemuArgs) -> Result<Option<OwnedFd>, String> {
    if !args.record.capture.as_deref().is_some_and(CaptureSink::is_standard_output) {
        return Ok(None);
    }
    CaptureSink::check_standard_output().map_err(|e| e.to_string())?;
    super::output::give_away();
    let output = io::stdout().as_fd().try_clone_to_owned();
    let output = output.and_then(|fd| child::make_inheritable(fd.as_fd()).map(|_| fd));
    output.map(Some).map_err(|e| format!("cannot pass the standard output on: {e}"))
}

/// The name under which QEMU says something.
fn own_name(program: &OsString) -> String {
    Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned()
}

/// A time since 1970, as QEMU reads it.
fn timestamp(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|s| chrono::DateTime::from_timestamp(s, 0));
    at.unwrap_or_default().format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The value of `-plugin`.
fn plugin(args: &QemuArgs, library: &Path, fd: i32, output: Option<&OwnedFd>) -> Result<String, String> {
    let mut out = String::new();
    let mut add = |key: &str, value: &str| {
        if !out.is_empty() {
            out.push(',');
        }
        // QEMU's option syntax doubles a comma that is meant.
        out.push_str(&format!("{key}={}", value.replace(',', ",,")));
    };
    let path = |p: &Path| {
        p.to_str().map(str::to_owned).ok_or_else(|| format!("the path {} is not UTF-8", p.display()))
    };
    add("file", &path(library)?);
    add("chardev", compose::CHARDEV);
    if args.console.is_some() {
        add("console", compose::CONSOLE);
    }
    add("module", &args.module);
    add("dialogue", &format!("fd:{fd}"));
    if let Some(mcu_tx) = args.mcu.mcu_tx {
        add("mcu-tx", mcu_tx.word());
    }
    if let Some(obeys_rts) = args.mcu.obeys_rts {
        add("obeys-rts", if obeys_rts { "on" } else { "off" });
    }
    if let Some(line) = args.mcu_line {
        add("mcu-line", &line.to_string());
    }
    match (output, &args.record.capture) {
        (Some(output), _) => add("capture", &format!("fd:{}", output.as_raw_fd())),
        (None, Some(file)) => add("capture", &path(file)?),
        (None, None) => {}
    }
    let form = args.record.capture_form.form();
    if let Some(format) = form.format {
        add("capture-format", format.word());
    }
    if let Some(interface) = form.interface {
        add("capture-interface", &interface);
    }
    for (key, file) in [
        ("world", &args.world),
        ("scenario", &args.scenario),
        ("console-socket", &args.console_socket),
        ("input-log", &args.record.input_log),
        ("keylog", &args.record.keylog),
        ("report", &args.report),
        ("events", &args.events),
    ] {
        if let Some(file) = file {
            add(key, &path(file)?);
        }
    }
    if let Some(seed) = args.seed {
        add("seed", &seed.to_string());
    }
    if let Some(limit) = args.limit {
        add("limit", &duration_text(limit));
    }
    for (key, value) in args.guest.plugin()? {
        add(key, &value);
    }
    if args.flood {
        add("flood", "1");
    }
    Ok(out)
}

/// Shows the records as they come and keeps the facts. The second value: whether they could be shown.
fn follow(args: &QemuArgs, mut reader: impl BufRead) -> (Vec<Record>, Result<(), String>) {
    // With the console in the same stream, the standard output is free for it.
    let on_stdout = args.console.is_some() && !super::output::is_given_away();
    let terminal = if on_stdout { Terminal::standard() } else { Terminal::Err(io::stderr()) };
    let style = Style { color: terminal.has_colour(args.dialogue.color) };
    let mut shown = Ok(());
    let mut show = |line: String| {
        if !on_stdout {
            let _ = writeln!(io::stderr(), "{line}");
        } else if let Err(e) = writeln!(io::stdout(), "{line}")
            // A reader that has gone away is no reason to stop the run, nor to call it a failure.
            && e.kind() != io::ErrorKind::BrokenPipe
        {
            shown = Err(format!("cannot write the standard output: {e}"));
        }
    };
    let mut facts = Vec::new();
    let mut line = Vec::new();
    // QEMU may die in the middle of a line; what is no record is dropped.
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        match std::str::from_utf8(&line).ok().and_then(Record::parse) {
            Some(Record::Dialogue(_, packet)) if args.dialogue.or(true) && !args.quiet => {
                show(dialogue::format(&packet, None, style));
            }
            Some(Record::Console(at, line)) => show(dialogue::format_console(at, &line, style)),
            Some(Record::Typed(at, bytes)) => show(dialogue::format_typed(at, &bytes, style)),
            Some(Record::Dialogue(..)) | None => {}
            Some(Record::Warning(sentence)) => say(&format!("warning: {sentence}")),
            Some(fact) => {
                if let Record::End(_, sentence) = &fact {
                    say(sentence);
                }
                facts.push(fact);
            }
        }
        line.clear();
    }
    (facts, shown)
}

/// The last lines of a run.
fn conclude(args: &QemuArgs, facts: &[Record], lost: &[&str], code: i32) {
    let mut ended = None;
    for fact in facts {
        match fact {
            Record::Time(ns) => ended = Some(Instant::from_nanos(*ns)),
            // Where nothing ran at all, QEMU has said why.
            Record::Statistics(s) if s.mcu_bytes == 0 && ended == Some(Instant::ZERO) => {}
            Record::Statistics(s) if s.mcu_bytes == 0 => say(&format!(
                "warning: the firmware sent nothing to the module; is the module's UART serial port {} of this \
                 board? (--serial N)",
                args.serial
            )),
            Record::Statistics(s) => {
                if s.module_overruns > 0 {
                    say(&format!(
                        "warning: the module lost {} bytes of the MCU's because its buffers were full; an MCU that \
                         obeys its RTS waits (--obeys-rts, and flow control 1 or 3 in AT+UART)",
                        s.module_overruns
                    ));
                }
                if !args.quiet {
                    let time = ended.map_or_else(|| "?".into(), |t| t.to_string());
                    say(&format!(
                        "virtual time {time}, {} bytes from the MCU, {} bytes from the module",
                        s.mcu_bytes, s.module_bytes
                    ));
                }
            }
            _ => {}
        }
    }
    if args.quiet || ended.is_none() {
        return;
    }
    say(&format!("exit code {code}"));
    let written = args.record.written();
    for (what, file) in written {
        let Some(file) = file else { continue };
        let failed = format!("cannot write {}:", file.display());
        if !lost.iter().any(|sentence| sentence.starts_with(&failed)) {
            say(&format!("{what} {}", file.display()));
        }
    }
    let sent = facts.iter().any(|fact| matches!(fact, Record::Statistics(s) if s.mcu_bytes > 0));
    if sent && facts.contains(&Record::McuLine(None)) {
        say(
            "the guest's UART does not tell what it is set to, so a wrong rate goes unnoticed: give the right one with \
             --mcu-line \"115200 8n1\" where the firmware keeps it for the whole run",
        );
    }
    for fact in facts {
        if let Record::Digest(digest) = fact {
            say(&format!("digest {digest:016x}"));
        }
    }
}

const INSTALL: &str = "apt install qemu-system-arm, or qemu-system-misc for RISC-V";
/// The oldest version that the coupling was tried with.
const OLDEST: (u32, u32) = (7, 2);

fn cannot_start(program: &OsString, e: &io::Error) -> String {
    let program = program.to_string_lossy();
    if e.kind() == io::ErrorKind::NotFound {
        format!("there is no {program} here: install QEMU (Debian, Ubuntu: {INSTALL}) or give its path")
    } else {
        format!("cannot start {program}: {e}")
    }
}

/// Asks the program who it is. The error is one sentence with what to do.
fn check_qemu(program: &OsString) -> Result<(), String> {
    let output = Command::new(program).arg("-help").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.map_err(|e| cannot_start(program, &e))?;
    judge_help(&program.to_string_lossy(), &String::from_utf8_lossy(&output.stdout))
}

fn judge_help(program: &str, help: &str) -> Result<(), String> {
    let version = help.strip_prefix("QEMU emulator version ").and_then(|rest| {
        let mut parts = rest.split(|c: char| !c.is_ascii_digit());
        Some((parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?))
    });
    let Some((major, minor)) = version else {
        return Err(format!(
            "{program} does not say that it is a QEMU system emulator; give a command line like \
             -- qemu-system-arm -M mps2-an385 -kernel firmware.elf"
        ));
    };
    if (major, minor) < OLDEST {
        return Err(format!(
            "{program} is QEMU {major}.{minor}; the coupling needs {}.{} or later: upgrade your distribution's QEMU \
             ({INSTALL})",
            OLDEST.0, OLDEST.1
        ));
    }
    if !help.lines().any(|line| line.starts_with("-plugin ")) {
        return Err(format!("{program} was built without plugins: use your distribution's QEMU ({INSTALL})"));
    }
    Ok(())
}

const LIBRARY: &str = "libespat_sim.so";
/// What a library must have to be loaded by QEMU.
const ENTRY: &[u8] = b"qemu_plugin_install";

/// The library that the user gives.
#[expect(clippy::disallowed_methods, reason = "the edge reads files")]
fn given_library(path: &Path) -> Result<PathBuf, String> {
    if !path.is_file() {
        return Err(format!("there is no library {}", path.display()));
    }
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    if !bytes.windows(ENTRY.len()).any(|window| window == ENTRY) {
        return Err(format!("{} is not {LIBRARY}, nor another plugin of QEMU's", path.display()));
    }
    // With a slash, or the system looks for it elsewhere.
    path.canonicalize().map_err(|e| format!("cannot find {}: {e}", path.display()))
}

/// The library beside this command: in the build tree, or in lib beside its bin.
fn find_library() -> Result<PathBuf, String> {
    let command = std::env::current_exe().and_then(|p| p.canonicalize());
    let command = command.map_err(|e| format!("cannot find out where this command is: {e}"))?;
    let place = command.parent().unwrap_or(Path::new("/"));
    // Of the two in a build tree the newer is right: cargo may have built only one of them.
    let built = [place.join("deps").join(LIBRARY), place.join(LIBRARY)];
    let modified = |p: &PathBuf| p.metadata().and_then(|m| m.modified()).ok();
    let newest = built.into_iter().filter(|p| p.is_file()).max_by_key(modified);
    let installed = place.parent().map(|prefix| prefix.join("lib").join(LIBRARY));
    newest.or_else(|| installed.filter(|p| p.is_file())).ok_or_else(|| {
        format!(
            "{LIBRARY} is neither in {} nor in lib beside it: build it (cargo build) or give --library FILE",
            place.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_judged_by_its_help() {
        let help =
            |version: &str| format!("QEMU emulator version {version}\nusage:\n-plugin [file=]<file>\n");
        assert_eq!(judge_help("q", &help("7.2.22 (Debian 1:7.2)")), Ok(()));
        assert_eq!(judge_help("q", &help("10.0.2")), Ok(()));
        let old = judge_help("q", &help("7.1.0")).unwrap_err();
        assert!(old.contains("7.1") && old.contains("7.2") && old.contains(INSTALL), "{old}");
        let bare = judge_help("q", "QEMU emulator version 8.0.0\nusage:\n").unwrap_err();
        assert!(bare.contains("without plugins") && bare.contains(INSTALL), "{bare}");
        assert!(judge_help("ls", "Usage: ls [OPTION]").unwrap_err().contains("ls"));
        assert!(judge_help("ls", "").is_err());
    }
}
