//! What a user does with the guest in QEMU: types on its console, waits for a line of it, wires a pin, sets a rate.

use std::path::Path;
use std::process::Output;

use crate::tools::{directory, espat_sim, firmware, qemu, times};

const BOARD: &str = "mps2-an385";
/// Bit 3 of GPIO0: the shell firmware has the module's EN there.
const EN: [&str; 2] = ["--pin", "en=0x40010004.3"];

struct Run {
    exit: Option<i32>,
    shown: String,
    said: String,
    report: String,
}

impl Run {
    /// A fact of the report.
    fn fact(&self, key: &str) -> &str {
        let line = self.report.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {key} in the report: {}\n{}", self.report, self.said))
    }
}

/// An image with its console on serial port 0, and these options.
fn run(folder: &Path, image: &str, options: &[&str]) -> Run {
    run_on(BOARD, folder, image, options)
}

/// The same on another board.
fn run_on(board: &str, folder: &Path, image: &str, options: &[&str]) -> Run {
    let output: Output = espat_sim("qemu")
        .args(["--console", "0", "--limit", "60s", "--report", "report"])
        .args(options)
        .args(["--", &qemu(), "-M", board, "-nodefaults"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(firmware(board, image))
        .current_dir(folder)
        .output()
        .expect("start espat-sim");
    Run {
        exit: output.status.code(),
        shown: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
        report: std::fs::read_to_string(folder.join("report")).unwrap_or_default(),
    }
}

/// Runs the shell and types these.
fn shell(test: &str, options: &[&str], typed: &[&str]) -> Run {
    shell_on(BOARD, test, options, typed)
}

fn shell_on(board: &str, test: &str, options: &[&str], typed: &[&str]) -> Run {
    let typed: Vec<&str> = typed.iter().flat_map(|text| ["--type", *text]).collect();
    run_on(board, &directory(&format!("guest-{test}")), "-shell", &[options, &typed[..]].concat())
}

#[test]
fn what_is_typed_at_virtual_times_and_after_lines_gives_one_run() {
    let typed = [r#""at\n" at 2s"#, r#""at\n" 500ms after "shell> ""#, r#""exit\n" after "shell> ""#];
    let first = shell("typed", &[], &typed);
    assert_eq!(first.exit, Some(0), "{}{}", first.shown, first.said);
    assert_eq!(first.shown.matches("| the module answers").count(), 2, "{}", first.shown);
    let typed_at = first.shown.find(r"2.000434         > at\n").or(first.shown.find(r"         > at\n"));
    assert!(
        typed_at < first.shown.find("| shell> at"),
        "the echo comes behind what was typed: {}",
        first.shown
    );
    for (n, options) in [&[][..], &["--flood"], &["--pace"]].into_iter().cycle().take(times(20)).enumerate() {
        let again = shell(&format!("typed-{n}"), options, &typed);
        assert_eq!(again.shown, first.shown, "with {options:?}");
        assert_eq!(again.fact("digest"), first.fact("digest"), "with {options:?}");
    }
}

#[test]
fn a_file_of_what_is_typed_comes_before_the_options() {
    let folder = directory("guest-file");
    let text = "# a user\n\"at\\n\" at 1s\n\n\"\\n\"   after \"answers\"\n";
    std::fs::write(folder.join("typed"), text).expect("write the file");
    let typed =
        run(&folder, "-shell", &["--type-file", "typed", "--type", r#""exit\n" after "unknown command""#]);
    assert_eq!(typed.exit, Some(0), "{}{}", typed.shown, typed.said);
    assert!(typed.shown.contains("| unknown command"), "{}", typed.shown);
    std::fs::write(folder.join("typed"), "\"at\\n\" at 1s\nat\n").expect("write the file");
    let faulty = run(&folder, "-shell", &["--type-file", "typed"]);
    assert_eq!(faulty.exit, Some(2), "{}", faulty.said);
    assert!(faulty.said.contains("typed:2: expected a text in quotes"), "{}", faulty.said);
}

#[test]
fn what_nobody_reads_is_given_up_with_a_sentence() {
    // The receiver has room for one byte.
    let run = shell("unread", &[], &[r#""stop\n" at 1s"#, r#""hello" at 2s"#, r#""x" at 99s"#]);
    let sentence =
        "the guest's receiver on the console had no room for 10 s: of \"hello\" at 2s (5 bytes) 1 were";
    assert!(run.said.contains(sentence), "{}", run.said);
    assert!(run.said.contains("\"x\" at 99s was not typed before the run ended"), "{}", run.said);
}

#[test]
fn a_line_of_the_console_ends_the_run_and_meets_an_expectation() {
    let folder = directory("guest-line");
    let default = espat_sim::world::Scenario::default_text();
    let with = |expect: &str| {
        std::fs::write(folder.join("lab.toml"), format!("expect = ['{expect}']\n{default}")).expect("write");
        let options = ["--scenario", "lab.toml", "--exit-on", "address", "--input-log", "log"];
        run(&folder, "", &options)
    };
    let met = with(r#"by 10s wifi console "Wi-Fi connected""#);
    assert_eq!(met.exit, Some(0), "{}{}", met.shown, met.said);
    assert!(met.shown.trim_end().ends_with("Wi-Fi has an address"), "the line is the last: {}", met.shown);
    assert!(met.said.contains("the firmware printed a line with `address` at 2.5"), "{}", met.said);
    let log = std::fs::read_to_string(folder.join("log")).expect("the log");
    assert!(log.contains(" wifi printed \"[  "), "the log has no line of the console: {log}");
    let replayed =
        espat_sim("replay").arg("--no-dialogue").arg(folder.join("log")).output().expect("start it");
    let replayed = String::from_utf8_lossy(&replayed.stdout).into_owned();
    assert!(replayed.contains(met.fact("digest")), "the replay differs: {replayed}");
    let failed = with("wifi console PASS");
    assert_eq!(failed.exit, Some(1), "{}", failed.said);
    assert!(failed.said.contains("before `wifi console PASS` had happened"), "{}", failed.said);
    assert_eq!(failed.fact("digest"), met.fact("digest"), "what is expected of the console changes the run");
}

#[test]
fn a_run_in_which_nothing_moves_ends_with_the_last_line_of_each_side() {
    let run = shell("stall", &["--stall", "10s"], &[r#""at\n" at 1s"#, r#""stop\n" after "shell> ""#]);
    assert_eq!(run.exit, Some(121), "{}", run.said);
    let sentence =
        run.said.lines().find(|line| line.contains("stalled")).unwrap_or_else(|| panic!("{}", run.said));
    assert!(sentence.contains("has moved for 10 s"), "{sentence}");
    assert!(sentence.contains("the MCU's last line was `AT` at 1."), "{sentence}");
    assert!(sentence.contains("the module's `OK` at 1."), "{sentence}");
    // The last byte that was typed moved the run last.
    assert!(run.fact("time").starts_with("11"), "{}", run.fact("time"));
}

#[test]
fn what_the_scenario_does_is_no_stall() {
    let folder = directory("guest-busy");
    let default = espat_sim::world::Scenario::default_text();
    let timeline = "timeline = ['at 8s ap home rssi -60']";
    std::fs::write(folder.join("lab.toml"), format!("{timeline}\n{default}")).expect("write the scenario");
    let run = run(&folder, "-shell", &["--scenario", "lab.toml", "--stall", "10s"]);
    assert_eq!(run.exit, Some(121), "{}", run.said);
    assert!(run.fact("time").starts_with("18"), "10 s after the change at 8 s: {}", run.fact("time"));
}

#[test]
fn a_rate_that_only_the_firmware_has_is_garbage_and_is_said() {
    let typed =
        [r#""rate 57600\n" at 1s"#, r#""at\n" after "shell> ""#, r#""rate 115200\n" after "shell> ""#];
    let typed = [&typed[..], &[r#""at\n" after "shell> ""#, r#""exit\n" after "shell> ""#]].concat();
    let run = shell("rate", &[], &typed);
    assert_eq!(run.exit, Some(0), "{}{}", run.shown, run.said);
    let warning = "the MCU's UART is set to 57600 8n1 and sends to a module at 115200 8n1";
    assert!(run.said.contains(warning), "{}", run.said);
    assert!(run.shown.contains("| the module does not answer"), "{}", run.shown);
    assert_eq!(run.fact("mcu-line"), "115200 8n1");
    // The right rate again: what is left of the garbage is one line, and the next is heard.
    assert!(!run.said.contains("does not tell"), "this UART does: {}", run.said);
}

#[test]
fn the_guest_resets_the_module_over_a_pin() {
    let typed = [r#""reset\n" at 2s"#, r#""exit\n" 1s after "is ready""#];
    let wired = shell("pin", &EN, &typed);
    assert_eq!(wired.exit, Some(0), "{}{}", wired.shown, wired.said);
    assert_eq!(wired.shown.matches("ESP <- ready").count(), 2, "{}", wired.shown);
    let loose = shell("no-pin", &["--exit-on", "FAIL"], &typed);
    assert!(loose.shown.contains("expected ready after a pulse on EN"), "{}", loose.shown);
}

#[test]
fn the_guest_resets_the_module_over_a_gpio_that_qemu_models() {
    const MODELLED: &str = "lm3s6965evb";
    let typed = [r#""reset\n" at 2s"#, r#""exit\n" 1s after "is ready""#];
    let wired = |test: &str, options: &[&str]| {
        let run = shell_on(MODELLED, test, options, &typed);
        assert_eq!(run.exit, Some(0), "{options:?}: {}{}", run.shown, run.said);
        assert_eq!(run.shown.matches("ESP <- ready").count(), 2, "{options:?}: {}", run.shown);
        run
    };
    let first = wired("gpio", &["--pin", "en=@0x40005000.3"]);
    let again = wired("gpio-flood", &["--pin", "en=@0x40005000.3", "--flood"]);
    assert_eq!(again.fact("digest"), first.fact("digest"));
    // The same device by its place among QEMU's objects, which QEMU's version decides.
    let by_path = (6..14).find(|number| {
        let pin = format!("en=/machine/unattached/device[{number}].3");
        let run = shell_on(MODELLED, "gpio-path", &["--pin", &pin], &typed);
        run.exit == Some(0) && run.fact("digest") == first.fact("digest")
    });
    assert!(by_path.is_some(), "no path leads to the device");
    for (pin, sentence) in [
        ("en=@0x40005000.8", "this device has no output 8"),
        ("en=@0x40005004.3", "QEMU models no device whose registers begin at 0x40005004"),
        ("en=@0x40007000.0", "the board has something at output 0 already"),
    ] {
        let run = shell_on(MODELLED, "gpio-none", &["--pin", pin], &[]);
        assert_eq!(run.exit, Some(122), "{pin}: {}", run.said);
        assert!(run.said.contains(sentence), "{pin}: {}", run.said);
    }
}

#[test]
fn a_pin_of_a_device_that_is_not_there_is_refused_with_the_remedy() {
    let run = shell("no-device", &["--pin", "en=gpio0.3"], &[]);
    assert_eq!(run.exit, Some(122), "{}", run.said);
    assert!(run.said.contains("this machine has no device `gpio0`"), "{}", run.said);
    assert!(run.said.contains("--pin en=0xADDRESS.BIT"), "{}", run.said);
}

#[test]
fn colours_of_the_firmware_are_taken_out_of_a_file_and_passed_on_where_they_are_wanted() {
    let typed = [r#""exit\n" at 1s"#];
    let plain = shell("plain", &[], &typed);
    assert!(plain.shown.contains("| shell> exit\n"), "{}", plain.shown);
    assert!(!plain.shown.contains("x1B") && !plain.shown.contains('\x1b'), "{:?}", plain.shown);
    let coloured = shell("coloured", &["--color", "always"], &typed);
    assert!(coloured.shown.contains("\x1b[1;32mshell> \x1b[m"), "{:?}", coloured.shown);
    assert!(!coloured.shown.contains("x1B"), "{:?}", coloured.shown);
}

#[test]
fn the_first_line_is_not_qemus_about_a_network_that_nobody_wants() {
    let run = shell("noise", &[], &[r#""exit\n" at 1s"#]);
    assert!(!run.said.contains("has no peer"), "{}", run.said);
    assert!(run.said.starts_with("espat-sim: the module is on serial port 1"), "{}", run.said);
}

#[test]
fn an_error_of_ours_is_the_last_that_is_said_and_one_of_qemus_stays() {
    let folder = directory("guest-errors");
    let start = |library: &[&str], kernel: &str| {
        let output = espat_sim("qemu")
            .args(["--", &qemu(), "-M", BOARD, "-nodefaults", "-kernel", kernel])
            .args(library)
            .current_dir(&folder)
            .output()
            .expect("start espat-sim");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let image = firmware(BOARD, "");
    let ours = start(
        &["-smp", "1", "-icount", "shift=5,sleep=off,align=off", "-chardev", "null,id=other"],
        "missing.elf",
    );
    assert!(ours.contains("Could not load kernel"), "{ours}");
    let library = crate::tools::library();
    let plugin = format!("{},colour=red", library.display());
    let ours = start(&["-plugin", &plugin], image.to_str().expect("a path"));
    assert!(ours.contains("unknown plugin argument 'colour'"), "{ours}");
    assert!(!ours.contains("Could not load plugin"), "QEMU's own sentence looks like the cause: {ours}");
}

#[test]
fn a_snapshot_is_refused_with_what_serves_instead() {
    let folder = directory("guest-snapshot");
    let mut child = espat_sim("qemu")
        .args(["--no-dialogue", "--limit", "1000000s", "--", &qemu(), "-M", BOARD, "-nodefaults", "-S"])
        .args(["-monitor", "stdio", "-kernel"])
        .arg(firmware(BOARD, ""))
        .current_dir(&folder)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("start espat-sim");
    let mut monitor = child.stdin.take().expect("the monitor");
    std::io::Write::write_all(&mut monitor, b"savevm x\nmigrate exec:cat\nquit\n")
        .expect("write to the monitor");
    let output = child.wait_with_output().expect("wait for espat-sim");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let sentence = "Error: the ESP-AT module is no part of the machine's state";
    assert_eq!(said.matches(sentence).count(), 2, "savevm and migrate: {said}");
    drop(monitor);
}
