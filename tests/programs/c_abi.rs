//! The C ABI from C: the programs in `tests/c` are compiled as C99 and as C++17 against the library that was just
//! built, run, run under valgrind, and compared with the same inputs through Rust.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tools::{directory, library, root, run, tool};
use espat_sim::time::{Instant, Timebase};
use espat_sim::uart::{LineSettings, McuLoss};
use espat_sim::world::{Attachment, McuTx, ModuleId, Pin, Recording, Scenario, World, replay};

const MS: u64 = 1_000_000;

/// A language: what it is called, the package and the compiler with its options.
struct Language {
    name: &'static str,
    package: &'static str,
    compiler: &'static [&'static str],
}

const C99: Language = Language { name: "c99", package: "gcc", compiler: &["gcc", "-x", "c", "-std=c99"] };
const CPP17: Language =
    Language { name: "c++17", package: "g++", compiler: &["g++", "-x", "c++", "-std=c++17"] };

/// Compiles `tests/c/<program>.c`, every warning an error.
fn compile(program: &str, language: &Language, directory: &Path) -> PathBuf {
    let source = root().join(format!("tests/c/{program}.c"));
    let binary = directory.join(format!("{program}-{}", language.name));
    build(&source, &root().join("include"), language, &binary);
    binary
}

/// Compiles `source` with the header in `include`, against the library that was just built.
fn build(source: &Path, include: &Path, language: &Language, binary: &Path) {
    let [compiler, options @ ..] = language.compiler else { unreachable!() };
    let library = library();
    let library = library.parent().expect("its directory");
    run(tool(compiler, language.package)
        .args(options)
        .args(["-g", "-Wall", "-Wextra", "-pedantic", "-Werror", "-pthread"])
        .arg(format!("-I{}", include.display()))
        .arg(source)
        .arg(format!("-L{}", library.display()))
        // Before LD_LIBRARY_PATH, which cargo sets, and in which an older build of the library may stand.
        .arg(format!("-Wl,--disable-new-dtags,-rpath,{}", library.display()))
        .arg("-lespat_sim")
        .arg("-o")
        .arg(binary));
}

/// The program under valgrind: any error or leak fails. `values`: also any use of a value that was never set.
///
/// In optimised code that is a false alarm here and there: of `a.is_some() && b < c` the compiler may look at both
/// sides at once. So it is asked only of the program that calls every function and has no network.
fn valgrind(binary: &Path, values: bool) -> Command {
    let mut command = tool("valgrind", "valgrind");
    command.args(["--quiet", "--error-exitcode=99", "--leak-check=full", "--fair-sched=yes"]);
    // What Rust's library keeps for the main thread it finds by a pointer into its middle: no definite leak.
    command.args(["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]);
    command.arg(if values { "--undef-value-errors=yes" } else { "--undef-value-errors=no" }).arg(binary);
    command
}

fn last_line(output: &str) -> &str {
    output.lines().last().unwrap_or_default()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_example_says_the_same_as_c_as_cpp_and_under_valgrind_and_its_log_replays() {
    let directory = directory("c_abi-dialogue");
    let (c, cpp) = (compile("dialogue", &C99, &directory), compile("dialogue", &CPP17, &directory));
    let files = |name: &str| [".pcapng", ".log"].map(|end| directory.join(format!("{name}{end}")));
    let printed = run(Command::new(&c).args(files("c")));
    assert!(last_line(&printed).starts_with("digest "), "{printed}");
    assert_eq!(run(Command::new(&cpp).args(files("cpp"))), printed, "C++ says something else than C");
    assert_eq!(run(valgrind(&c, false).args(files("valgrind"))), printed, "valgrind changes what happens");
    for name in ["cpp", "valgrind"] {
        for (one, other) in files("c").iter().zip(files(name)) {
            assert!(read(one) == read(&other), "{} and {} differ", one.display(), other.display());
        }
    }
    let other_seed = run(Command::new(&c).args(files("seed")).arg("2"));
    assert_ne!(last_line(&other_seed), last_line(&printed), "the seed does not reach the world");

    let [capture, log] = files("c");
    assert_eq!(read(&capture).get(..4), Some(&[0x0a, 0x0d, 0x0d, 0x0a][..]), "the capture is no pcapng");
    let replayed = replay(&String::from_utf8(read(&log)).expect("the log is text"), Recording::default());
    let replayed = replayed.unwrap_or_else(|e| panic!("the log that C wrote: {e}"));
    assert_eq!(replayed.is_same(), Some(true), "the replay of the log that C wrote came out differently");
    assert_eq!(format!("digest {:016x}", replayed.world.digest()), last_line(&printed));
    let again = directory.join("again.pcapng");
    run(Command::new(compile("replay", &C99, &directory)).args([&log, &again]));
    assert!(read(&again) == read(&capture), "the capture of the replay through C differs");
}

#[test]
fn world_that_one_process_saved_goes_on_in_another_and_its_capture_is_that_of_the_whole_run() {
    let directory = directory("c_abi-snapshot");
    let c = compile("snapshot", &C99, &directory);
    let [saved, whole, restored] =
        ["saved.espat-log", "whole.pcapng", "restored.pcapng"].map(|name| directory.join(name));
    let printed = run(Command::new(&c).arg("save").args([&saved, &whole]));
    assert!(printed.lines().count() > 100, "the module says too little after the middle: {printed}");
    let again = run(valgrind(&c, false).arg("restore").args([&saved, &restored]));
    assert_eq!(again, printed, "what was restored goes on in another way");
    assert!(read(&whole) == read(&restored), "the capture of what was restored is not that of the whole run");

    let first = read(&restored);
    std::fs::write(&saved, &read(&saved)[..1000]).expect("cut the snapshot off");
    let refused = Command::new(&c).arg("restore").args([&saved, &restored]).output().expect("run");
    let sentence = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && sentence.contains("cut off"), "{sentence}");
    assert!(read(&restored) == first, "a snapshot that is not whole has cost a capture");
}

#[test]
fn device_that_makes_its_frames_by_hand_pings_the_module_the_same_under_valgrind() {
    let directory = directory("c_abi-lan");
    let c = compile("lan", &C99, &directory);
    let [one, other] = ["one.pcapng", "other.pcapng"].map(|name| directory.join(name));
    let printed = run(Command::new(&c).arg(&one));
    assert!(last_line(&printed).starts_with("digest "), "{printed}");
    assert_eq!(run(valgrind(&c, false).arg(&other)), printed, "valgrind changes what happens");
    assert!(read(&one) == read(&other), "the captures differ");
}

#[test]
fn sessions_of_tls_leave_nothing_behind_and_touch_nothing_else_under_valgrind() {
    let directory = directory("c_abi-tls");
    let c = compile("replay", &C99, &directory);
    for name in ["tls", "tls-psk"] {
        let log = root().join(format!("tests/golden/{name}.espat-log"));
        let printed = run(valgrind(&c, false).arg(&log).arg(directory.join("capture.pcapng")));
        let text = String::from_utf8(read(&log)).expect("the log is text");
        let digest = printed.lines().next().and_then(|line| line.strip_prefix("digest ")).expect("a digest");
        assert!(text.contains(digest), "{name}: another digest under valgrind: {printed}");
    }
}

#[test]
fn wrong_arguments_to_every_function_get_a_status_and_change_nothing() {
    let directory = directory("c_abi-bad_input");
    let c = compile("bad_input", &C99, &directory);
    assert_eq!(last_line(&run(Command::new(&c).arg(&directory).arg("20"))), "PASS");
    assert_eq!(
        last_line(&run(Command::new(compile("bad_input", &CPP17, &directory)).arg(&directory))),
        "PASS"
    );
    assert_eq!(last_line(&run(valgrind(&c, true).arg(&directory).arg("2"))), "PASS");

    // Every function of the header is in that program.
    let functions = functions(&root().join("include/espat_sim.h"));
    let program = std::fs::read_to_string(root().join("tests/c/bad_input.c")).expect("the program");
    // Those that take nothing can't be called wrongly.
    let nothing = ["espat_abi_version", "espat_version"];
    for function in functions.iter().filter(|f| !nothing.contains(&f.as_str())) {
        assert!(program.contains(&format!("{function}(")), "tests/c/bad_input.c does not try {function}");
    }
}

/// The functions that a header declares.
fn functions(header: &Path) -> Vec<String> {
    let header = std::fs::read_to_string(header).expect("the header");
    let declared = header.lines().filter(|line| !line.starts_with([' ', '/', '#']));
    let functions: Vec<String> = declared
        .filter_map(|line| line.split_once('('))
        .filter_map(|(before, _)| before.rsplit([' ', '*']).next().map(str::to_owned))
        .collect();
    assert!(functions.len() >= 30, "only {} functions were found in the header", functions.len());
    functions
}

/// `tests/c/abi2` has the header of version 2 as it was first, with programs of that time. A program that was built then
/// goes on working: it compiles, finds each function and says the same as one that is built today.
#[test]
fn a_program_built_with_the_first_header_of_this_abi_runs_with_the_library_of_today() {
    let (then, today) = (root().join("tests/c/abi2"), root().join("include"));
    let directory = directory("abi2");
    let table = directory.join("functions.c");
    let addresses: String =
        functions(&then.join("espat_sim.h")).iter().map(|f| format!("    (void (*)(void)){f},\n")).collect();
    let source = format!(
        "#include <espat_sim.h>\n\nvoid (*const functions[])(void) = {{\n{addresses}}};\n\nint main(void)\n{{\n    return \
         espat_abi_version() == ESPAT_ABI_VERSION && functions[0] ? 0 : 1;\n}}\n"
    );
    std::fs::write(&table, source).expect("write a program");
    let binary = directory.join("functions");
    build(&table, &then, &C99, &binary);
    run(&mut Command::new(&binary));

    let scenario = directory.join("pc.toml");
    std::fs::write(&scenario, facts_scenario()).expect("write the scenario");
    for language in [&C99, &CPP17] {
        let said = |include: &Path, name: &str| {
            let file = |end: &str| directory.join(format!("{name}-{}{end}", language.name));
            build(&then.join("dialogue.c"), include, language, &file("-dialogue"));
            build(&then.join("links.c"), include, language, &file("-links"));
            let dialogue = run(Command::new(file("-dialogue")).args([file(".pcapng"), file(".log")]));
            dialogue + &run(Command::new(file("-links")).arg(&scenario))
        };
        let printed = said(&then, "then");
        assert_eq!(last_line(&printed), "PASS");
        assert_eq!(printed, said(&today, "today"), "the header has changed what a program of version 2 says");
    }
}

/// A PC that the module reaches without delay.
const PC: &str = r#"
timing = "fast"

[ap.home]
ssid = "espat-sim"
password = "correct horse"
subnet = "192.168.1.0/24"

[host.pc]
address = "192.168.1.20"
tcp-terminal = 5000
"#;

#[test]
fn each_change_of_the_modules_rts_comes_with_its_time_the_same_under_valgrind() {
    let directory = directory("c_abi-rts");
    let scenario = directory.join("pc.toml");
    std::fs::write(&scenario, PC).expect("write the scenario");
    let (c, cpp) = (compile("rts", &C99, &directory), compile("rts", &CPP17, &directory));
    let printed = run(Command::new(&c).arg(&scenario));
    let changes: Vec<&str> = printed.lines().filter(|line| line.starts_with("rts ")).collect();
    assert!(changes.len() == 2 && changes[0].ends_with(" 1") && changes[1].ends_with(" 0"), "{printed}");
    assert_eq!(run(Command::new(&cpp).arg(&scenario)), printed, "C++ says something else than C");
    assert_eq!(run(valgrind(&c, false).arg(&scenario)), printed, "valgrind changes what happens");
}

/// The scenario of `links.c`.
fn facts_scenario() -> String {
    let pc = PC.replace("tcp-terminal = 5000", "tcp-terminal = 23\nudp-terminal = 5000");
    let expected = "expect = [\"wifi station joined home\", \"never wifi reply ready\"]";
    format!("{expected}\n{pc}")
}

#[test]
fn links_and_events_are_facts_that_a_loss_a_reset_sleep_and_power_cuts_leave_true() {
    let directory = directory("links");
    let scenario = directory.join("pc.toml");
    std::fs::write(&scenario, facts_scenario()).expect("write the scenario");
    let (c, cpp) = (compile("links", &C99, &directory), compile("links", &CPP17, &directory));
    for command in [&mut Command::new(&c), &mut Command::new(&cpp), &mut valgrind(&c, false)] {
        assert_eq!(last_line(&run(command.arg(&scenario))), "PASS");
    }
}

#[test]
fn a_world_is_made_and_runs_in_64_kib_of_stack() {
    let directory = directory("small_stack");
    let program = compile("small_stack", &C99, &directory);
    let scenarios = ["scenarios/default.toml", "scenarios/services.toml", "tests/c/two_modules.toml"];
    let scenarios = scenarios.map(|file| root().join(file));
    assert_eq!(last_line(&run(Command::new(program).args(scenarios))), "PASS");
}

#[test]
fn a_pipe_whose_reader_has_gone_is_told_and_not_the_end_of_the_program() {
    let directory = directory("reader_gone");
    let program = compile("reader_gone", &C99, &directory);
    assert_eq!(last_line(&run(Command::new(program).arg(&directory))), "PASS");
}

#[test]
fn threads_change_no_digest() {
    let directory = directory("c_abi-threads");
    let scenario = root().join("tests/c/two_modules.toml");
    let c = compile("threads", &C99, &directory);
    let cpp = compile("threads", &CPP17, &directory);
    let first = run(Command::new(&c).arg(&scenario).arg("500"));
    for binary in [&c, &cpp, &c, &cpp] {
        assert_eq!(
            run(Command::new(binary).arg(&scenario).arg("500")),
            first,
            "the order of threads matters"
        );
    }
    assert_eq!(last_line(&run(valgrind(&c, false).arg(&scenario).arg("450"))), "PASS");
}

#[test]
fn two_modules_that_talk_to_each_other_say_the_same_from_one_thread_from_two_and_in_the_replay() {
    let directory = directory("talk");
    let scenario = root().join("tests/c/two_modules.toml");
    let talk = compile("talk", &C99, &directory);
    assert_eq!(last_line(&run(Command::new(&talk).arg(&scenario).arg("3"))), "PASS");
    let cpp = compile("talk", &CPP17, &directory);
    assert_eq!(last_line(&run(Command::new(&cpp).arg(&scenario).arg("1"))), "PASS");
}

#[test]
fn pkg_config_gives_what_a_program_needs() {
    let prefix = directory("c_abi-prefix").join("opt/espat");
    for sub in ["lib/pkgconfig", "include"] {
        std::fs::create_dir_all(prefix.join(sub)).expect("a prefix");
    }
    let template = std::fs::read_to_string(root().join("espat-sim.pc.in")).expect("espat-sim.pc.in");
    let filled = template
        .replace("@PREFIX@", &prefix.display().to_string())
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"));
    assert!(!filled.contains('@'), "a placeholder is left:\n{filled}");
    std::fs::write(prefix.join("lib/pkgconfig/espat-sim.pc"), filled).expect("espat-sim.pc");
    std::fs::copy(root().join("include/espat_sim.h"), prefix.join("include/espat_sim.h"))
        .expect("the header");
    std::fs::copy(library(), prefix.join("lib/libespat_sim.so")).expect("the library");
    let pkg_config = || {
        let mut command = tool("pkg-config", "pkg-config");
        command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
        command
    };
    let version = run(pkg_config().args(["--modversion", "espat-sim"]));
    assert_eq!(version.trim(), env!("CARGO_PKG_VERSION"));
    let flags = run(pkg_config().args(["--cflags", "--libs", "espat-sim"]));
    let binary = prefix.join("dialogue");
    let source = root().join("tests/c/dialogue.c");
    run(tool("gcc", "gcc").arg("-std=c99").arg(source).args(flags.split_whitespace()).arg("-o").arg(&binary));
    let printed = run(Command::new(&binary)
        .env("LD_LIBRARY_PATH", prefix.join("lib"))
        .args([prefix.join("a.pcapng"), prefix.join("a.log")]));
    assert!(last_line(&printed).starts_with("digest "), "{printed}");
}

/// Something that a driver does.
enum Input {
    Attach { name: &'static str, hz: u64, origin_ns: u64, mcu_tx: McuTx },
    Detach(u32),
    Uart(u32, u64, Vec<u8>),
    Set(u32, u64, Pin, bool),
    Line(u32, u64, &'static str),
    Overrun(u32, u64, u8),
    Advance(u32, u64),
    Console(&'static str),
}
use Input::{Advance, Attach, Console, Detach, Line, Overrun, Set, Uart};

fn line_settings(text: &str) -> LineSettings {
    LineSettings::parse(text).expect("settings of a line")
}

impl Input {
    /// Its line for `tests/c/drive.c`.
    fn line(&self) -> String {
        match self {
            Attach { name, hz, origin_ns, mcu_tx } => {
                format!("attach {name} {hz} {origin_ns} {}", 1 + u32::from(*mcu_tx == McuTx::AsStored))
            }
            Detach(module) => format!("detach {module}"),
            Uart(module, tick, bytes) => {
                let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                format!("uart {module} {tick} {hex}")
            }
            Set(module, tick, pin, high) => {
                let pin = match pin {
                    Pin::En => 0,
                    Pin::Gpio0 => 1,
                    Pin::Wake => 4,
                    Pin::McuRts => 2,
                };
                format!("pin {module} {tick} {pin} {}", u32::from(*high))
            }
            Line(module, tick, text) => {
                let LineSettings { baud, data_bits, parity, stop_bits } = line_settings(text);
                format!("line {module} {tick} {baud} {data_bits} {} {}", parity as u32, stop_bits as u32)
            }
            Overrun(module, tick, byte) => format!("overrun {module} {tick} {byte}"),
            Advance(module, tick) => format!("advance {module} {tick}"),
            Console(line) => format!("console {line}"),
        }
    }
}

/// What came of the same inputs: what `drive.c` prints, the capture and the log.
#[derive(PartialEq, Eq)]
struct Outcome {
    printed: String,
    capture: Vec<u8>,
    log: Vec<u8>,
}

fn through_c(name: &str, scenario: &Path, seed: u64, inputs: &[Input]) -> Outcome {
    let directory = directory(&format!("c_abi-{name}"));
    let [capture, log] = ["capture.pcapng", "run.log"].map(|file| directory.join(file));
    let mut child = Command::new(compile("drive", &C99, &directory))
        .args([scenario, Path::new(&seed.to_string()), &capture, &log])
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(directory.join("printed")).expect("a file for the output"))
        .spawn()
        .expect("drive runs");
    let lines: String = inputs.iter().map(|input| input.line() + "\n").collect();
    child.stdin.take().expect("its input").write_all(lines.as_bytes()).expect("drive reads its input");
    assert!(child.wait().expect("drive ends").success(), "drive failed; its sentence stands above");
    let printed = String::from_utf8(read(&directory.join("printed"))).expect("drive prints text");
    Outcome { printed, capture: read(&capture), log: read(&log) }
}

fn through_rust(scenario: &Path, seed: u64, inputs: &[Input]) -> Outcome {
    let text = std::fs::read_to_string(scenario).expect("the scenario");
    let scenario = Scenario::parse(&scenario.display().to_string(), &text).expect("a scenario");
    let recording = Recording { capture: true, log: true, observations: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(seed), recording).expect("a world");
    let mut ids = Vec::new();
    let mut printed = String::new();
    for input in inputs {
        // Ids come from attachments, in the order of the modules' names.
        let id = |module: &u32| -> ModuleId {
            *ids.iter().find(|id: &&ModuleId| id.index() == *module as usize).expect("an attached module")
        };
        match input {
            Attach { name, hz, origin_ns, mcu_tx } => {
                let timebase = Timebase::new(*hz, Instant::from_nanos(*origin_ns)).expect("a timebase");
                let obeys_rts = *mcu_tx == McuTx::Wire;
                let attachment = Attachment { timebase, mcu_tx: Some(*mcu_tx), obeys_rts: Some(obeys_rts) };
                let id = world.attach(name, attachment).expect("attach");
                let _ = writeln!(printed, "module {}", id.index());
                ids.push(id);
            }
            Detach(module) => world.detach(id(module)).expect("detach"),
            Uart(module, tick, bytes) => {
                for byte in bytes {
                    world.uart_write(id(module), *tick, *byte).expect("uart");
                }
            }
            Set(module, tick, pin, high) => world.set_pin(id(module), *tick, *pin, *high).expect("pin"),
            Line(module, tick, text) => {
                world.set_mcu_line(id(module), *tick, line_settings(text)).expect("line");
                let rts = world.module_rts(id(module)).expect("rts");
                let LineSettings { baud, data_bits, parity, stop_bits } =
                    world.line_settings(id(module)).expect("line settings");
                let (parity, stop_bits) = (parity as u32, stop_bits as u32);
                let rts = u32::from(rts);
                let _ = writeln!(printed, "rts {rts}, module {baud} {data_bits} {parity} {stop_bits}");
            }
            Overrun(module, tick, byte) => {
                world.mcu_overrun(id(module), *tick, *byte, McuLoss::Full).expect("overrun")
            }
            Advance(module, tick) => {
                world.advance(id(module), *tick).expect("advance");
                while let Some(byte) = world.uart_read(id(module)).expect("read") {
                    let ns = byte.at.as_nanos();
                    let _ =
                        writeln!(printed, "byte {module} {} {ns} {} {}", byte.tick, byte.byte, byte.flags);
                }
            }
            Console(line) => {
                let _ = writeln!(printed, "answer {}", world.console(line).expect("console"));
            }
        }
    }
    world.finish();
    for warning in world.take_warnings() {
        let _ = writeln!(printed, "warning {warning}");
    }
    for seen in world.take_observations() {
        // C shows a NUL inside a text.
        let (ns, text) = (seen.at.as_nanos(), seen.text().replace('\0', r"\0"));
        let _ = writeln!(printed, "observation {ns} {} {} {text}", seen.subject, seen.kind());
    }
    ids.sort();
    ids.dedup();
    for id in ids {
        let s = world.statistics(id).expect("statistics");
        let name = world.module_names()[id.index()].to_owned();
        let _ = writeln!(
            printed,
            "statistics {name} {} {} {} {} {} {} {} {}",
            s.mcu_bytes,
            s.module_bytes,
            s.mcu_queue_max,
            s.mcu_overruns,
            s.module_overruns,
            s.frames_sent,
            s.frames_received,
            s.frames_lost
        );
        let errors = [
            s.module_received,
            s.module_framing_errors,
            s.module_parity_errors,
            s.mcu_received,
            s.mcu_framing_errors,
            s.mcu_parity_errors,
            s.wire_lost,
        ];
        let _ = writeln!(printed, "errors {}", errors.map(|n| n.to_string()).join(" "));
        let _ = writeln!(printed, "digest of {name} {:016x}", world.module_digest(id).expect("digest"));
    }
    let _ = writeln!(printed, "digest {:016x}\ncontent {:016x}", world.digest(), world.content_digest());
    Outcome { printed, capture: world.take_capture(), log: world.take_log() }
}

/// The same inputs both ways, and their log again.
fn compare(name: &str, scenario: &Path, seed: u64, inputs: &[Input]) -> Outcome {
    let c = through_c(name, scenario, seed, inputs);
    let rust = through_rust(scenario, seed, inputs);
    let line = c.printed.lines().zip(rust.printed.lines()).find(|(a, b)| a != b);
    assert!(c.printed == rust.printed, "through C and through Rust differ: {line:?}");
    assert!(c.capture == rust.capture, "the captures differ");
    assert!(c.log == rust.log, "the logs differ");
    let log = String::from_utf8(c.log.clone()).expect("the log is text");
    let again = replay(&log, Recording { capture: true, ..Recording::default() });
    let mut again = again.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again.is_same(), Some(true), "the replay came out differently");
    assert!(again.world.take_capture() == c.capture, "the capture of the replay differs");
    c
}

#[test]
fn the_same_inputs_through_c_and_through_rust_give_one_digest_and_replay_to_it() {
    let hz = 168_000_000;
    let tick = |ms: u64| ms * 168_000;
    let mut inputs = vec![
        Attach { name: "wifi", hz, origin_ns: 12_345, mcu_tx: McuTx::Wire },
        Set(0, 0, Pin::En, false),
        Set(0, tick(10), Pin::En, true),
        Advance(0, tick(1_000)),
        Uart(0, tick(1_000), b"A".to_vec()),
        Uart(0, tick(1_000) + 3, b"TE0\r\n".to_vec()),
        Overrun(0, tick(1_005), b'\r'),
        Advance(0, tick(1_100)),
        // What comes of it ends with a line of its own.
        Line(0, tick(1_100), "9600 7e1.5"),
        Uart(0, tick(1_100), b"UUU".to_vec()),
        Advance(0, tick(1_180)),
        Line(0, tick(1_180), "115200 8n1"),
        Uart(0, tick(1_180), b"\r\n".to_vec()),
        Advance(0, tick(1_200)),
    ];
    let lines: [(&[u8], u64); 7] = [
        (b"AT+CWMODE=1\r\n", 1_300),
        (b"AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", 20_000),
        (b"AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n", 30_000),
        (b"AT+CIPSEND=60\r\n", 30_100),
        (b"GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n", 40_000),
        (b"AT+PING=\"nas.lan\"\r\n", 50_000),
        (b"AT\xff\0\r\n", 51_000),
    ];
    let mut now = 1_200;
    for (line, until) in lines {
        inputs.extend([Uart(0, tick(now), line.to_vec()), Advance(0, tick(until))]);
        now = until;
    }
    inputs.extend([
        Console("link wifi loss 20%"),
        Console("at 55s ap home down"),
        Uart(0, tick(51_000), b"AT+PING=\"192.168.1.10\"\r\n".to_vec()),
        Advance(0, tick(60_000)),
        Console("status"),
        Detach(0),
        Attach { name: "wifi", hz: 1_000_000, origin_ns: 60_000 * MS, mcu_tx: McuTx::AsStored },
        Uart(0, 50, b"AT+GMR\r\n".to_vec()),
        Advance(0, 5_000_000),
    ]);
    let scenario = root().join("scenarios/default.toml");
    let outcome = compare("digest", &scenario, 42, &inputs);
    // Otherwise the comparison would be of two worlds in which little happens.
    let said: Vec<u8> = outcome
        .printed
        .lines()
        .filter_map(|line| line.strip_prefix("byte "))
        .filter_map(|line| line.split(' ').nth(3)?.parse().ok())
        .collect();
    let said = String::from_utf8_lossy(&said);
    for expected in
        ["WIFI GOT IP", "espat-sim says hello", "CLOSED", "+PING:", "WIFI DISCONNECT", "AT version"]
    {
        assert!(said.contains(expected), "the module never said '{expected}':\n{said}");
    }
    let errors = outcome.printed.lines().find_map(|line| line.strip_prefix("errors ")).expect("errors");
    assert_ne!(errors.split(' ').nth(1), Some("0"), "no framing error came of the mismatch");
    assert!(outcome.printed.contains(" www http GET / "), "there is no observation of the request");
    assert!(outcome.printed.contains("warning "), "there is no warning of the overrun:\n{}", outcome.printed);
    assert!(
        compare("digest-seed", &scenario, 43, &inputs).printed != outcome.printed,
        "the seed does not reach the world"
    );
}

#[test]
fn two_modules_with_clocks_of_their_own_are_the_same_through_c_and_through_rust() {
    let mut inputs = vec![
        Attach { name: "right", hz: 25_000_000, origin_ns: 0, mcu_tx: McuTx::Wire },
        Attach { name: "left", hz: 1_000_000_000, origin_ns: 0, mcu_tx: McuTx::AsStored },
    ];
    // Steps of 100 us, the left one first.
    for step in 1..=5_000u64 {
        if step == 4_000 {
            inputs.push(Uart(0, step * 100_000, b"AT+GMR\r\n".to_vec()));
            inputs.push(Uart(1, step * 2_500, b"AT+CMD?\r\n".to_vec()));
        }
        inputs.extend([Advance(0, step * 100_000), Advance(1, step * 2_500)]);
    }
    let outcome = compare("two-modules", &root().join("tests/c/two_modules.toml"), 1, &inputs);
    for module in [0, 1] {
        let bytes = outcome.printed.lines().filter(|l| l.starts_with(&format!("byte {module} "))).count();
        assert!(bytes > 100, "module {module} said only {bytes} bytes");
    }
}
