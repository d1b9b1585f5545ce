//! What modules save, in files between runs; and their log port. Both belong to a module and not to its wire.
#![allow(clippy::disallowed_methods)] // the test looks at files

use std::path::PathBuf;

use crate::host::without_hash;
use espat_sim::edge::{Outputs, Session, Sink};
use espat_sim::world::{Attachment, ModuleId, Recording, Scenario, World, replay};

/// A directory of this test's own.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("espat-saved-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Scratch(path)
    }

    /// A scenario in this directory, whose module keeps its settings in `nvs.toml` beside it.
    fn scenario(&self) -> Scenario {
        let name = self.0.join("lab.toml").display().to_string();
        Scenario::parse(&name, "[module.wifi]\nnvs = \"nvs.toml\"\n").unwrap_or_else(|e| panic!("{e}"))
    }

    fn file(&self) -> PathBuf {
        self.0.join("nvs.toml")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SECOND: u64 = 1_000_000_000;

/// Stores `line` at `at`, and gives what has come by `end`.
fn talk(world: &mut World, module: ModuleId, at: u64, line: &str, end: u64) -> String {
    for byte in line.bytes() {
        world.uart_write(module, at, byte).expect("uart_write");
    }
    world.advance(module, end).expect("advance");
    let bytes = std::iter::from_fn(|| world.uart_read(module).expect("uart_read")).map(|b| b.byte);
    String::from_utf8(bytes.collect()).expect("text")
}

/// One run: the answer to `line`, and the failures of its end.
fn run(scenario: &Scenario, line: &str, outputs: Outputs) -> (String, Vec<String>) {
    let session = Session::new(scenario, Some(1), outputs).unwrap_or_else(|e| panic!("{e}"));
    let answer = session.with(|world| {
        let module = world.attach("wifi", Attachment::default()).expect("attach");
        talk(world, module, 0, "", SECOND);
        talk(world, module, SECOND, line, 2 * SECOND)
    });
    (answer.expect("no panic"), session.finish())
}

#[test]
fn a_later_run_begins_with_what_the_file_holds() {
    let scratch = Scratch::new("later");
    let scenario = scratch.scenario();
    assert!(!scratch.file().exists());
    let (first, failures) = run(&scenario, "AT+SYSMSG=3\r\n", Outputs::default());
    assert!(first.ends_with("OK\r\n") && failures.is_empty(), "{first} {failures:?}");
    let (second, _) = run(&scenario, "AT+SYSMSG?\r\n", Outputs::default());
    assert!(second.contains("+SYSMSG:3"), "{second}");
    let (third, _) = run(&scenario, "AT+RESTORE\r\n", Outputs::default());
    assert!(third.contains("ready"), "{third}");
    let (fourth, _) = run(&scenario, "AT+SYSMSG?\r\n", Outputs::default());
    assert!(fourth.contains("+SYSMSG:0"), "AT+RESTORE erases the file's contents, too: {fourth}");
    let names: Vec<_> =
        std::fs::read_dir(&scratch.0).expect("it is there").map(|e| e.expect("entry").file_name()).collect();
    assert_eq!(names, ["nvs.toml"], "nothing else is left beside it");
}

#[test]
fn an_update_is_in_the_file_and_a_later_run_begins_with_the_new_firmware() {
    let scratch = Scratch::new("update");
    let text = "timing = \"fast\"\n[module.wifi]\nnvs = \"nvs.toml\"\n\
         [ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\n\
         [host.ota]\naddress = \"203.0.113.20\"\nnames = [\"iot.espressif.cn\"]\n\
         update = { versions = { \"v2.4.0.0\" = { ota = 50_000 } } }\n";
    let scenario = Scenario::parse(&scratch.0.join("lab.toml").display().to_string(), text)
        .unwrap_or_else(|e| panic!("{e}"));
    let steps = [
        ("AT+CWMODE=1\r\n", 3),
        ("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", 6),
        ("AT+CIUPDATE\r\n", 20),
    ];
    let session = Session::new(&scenario, Some(1), Outputs::default()).unwrap_or_else(|e| panic!("{e}"));
    let said = session.with(|world| {
        let module = world.attach("wifi", Attachment::default()).expect("attach");
        let mut start = SECOND;
        steps.map(|(line, end)| {
            let said = talk(world, module, start, line, end * SECOND);
            start = end * SECOND;
            said
        })
    });
    let said = said.expect("no panic").concat();
    assert!(said.contains("+CIPUPDATE:4\r\n\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n"), "{said}");
    assert_eq!(session.finish(), [""; 0], "no failures");
    let file = std::fs::read_to_string(scratch.file()).expect("the file");
    assert!(file.contains("ota_1 = \"v2.4.0.0\"") && file.contains("boot = 1"), "{file}");
    let (version, _) = run(&scenario, "AT+GMR\r\n", Outputs::default());
    assert!(version.contains("AT version:2.4.0.0("), "{version}");
    let (restored, _) = run(&scenario, "AT+RESTORE\r\n", Outputs::default());
    assert!(restored.contains("ready"), "{restored}");
    let (version, _) = run(&scenario, "AT+GMR\r\n", Outputs::default());
    assert!(version.contains("AT version:2.4.0.0("), "AT+RESTORE leaves the firmware alone: {version}");
    let (back, _) = run(&scenario, "AT+SYSROLLBACK\r\n", Outputs::default());
    assert!(back.contains("ready"), "{back}");
    let (version, _) = run(&scenario, "AT+GMR\r\n", Outputs::default());
    assert!(version.contains("AT version:2.3.0.0-dev("), "{version}");
}

#[test]
fn a_run_that_saves_nothing_leaves_the_file_alone() {
    let scratch = Scratch::new("alone");
    let scenario = scratch.scenario();
    run(&scenario, "AT+SYSMSG?\r\n", Outputs::default());
    assert!(!scratch.file().exists(), "there is nothing to be kept");
    let text = "# mine\nversion = 1\n\n[nvs.basic]\nmessages = 2\n";
    std::fs::write(scratch.file(), text).expect("write");
    let (answer, _) = run(&scenario, "AT+SYSMSG?\r\n", Outputs::default());
    assert!(answer.contains("+SYSMSG:2"), "{answer}");
    assert_eq!(std::fs::read_to_string(scratch.file()).expect("read"), text);
}

#[test]
fn a_damaged_file_is_refused_and_stays_as_it_is() {
    let scratch = Scratch::new("damaged");
    for (damaged, expected) in [
        ("version = 1\n[nvs.basic]\nmessages = 9\n", "nvs.toml:3:1"),
        ("version = 9\n", "nvs.toml:1:11"),
        ("version = 1\n[nvs.bas", "nvs.toml:2"),
        ("what is this", "nvs.toml:1"),
        ("", "nvs.toml:1"),
    ] {
        std::fs::write(scratch.file(), damaged).expect("write");
        let Err(error) = Session::new(&scratch.scenario(), Some(1), Outputs::default()) else {
            panic!("accepted: {damaged}");
        };
        let sentence = error.to_string();
        assert!(sentence.contains(expected) && sentence.contains("expected"), "{sentence}");
        assert_eq!(std::fs::read_to_string(scratch.file()).expect("read"), damaged);
    }
    std::fs::write(scratch.file(), [0xff, 0xfe]).expect("write");
    let Err(error) = Session::new(&scratch.scenario(), Some(1), Outputs::default()) else {
        panic!("accepted")
    };
    assert!(
        error.to_string().contains("nvs.toml:1:1: expected a text in UTF-8, found the byte 0xff"),
        "{error}"
    );
}

#[test]
fn a_directory_that_is_not_there_is_noticed_at_the_start() {
    let scratch = Scratch::new("nowhere");
    let name = scratch.0.join("lab.toml").display().to_string();
    let scenario =
        Scenario::parse(&name, "[module.wifi]\nnvs = \"no-such-directory/nvs.toml\"\n").expect("fine");
    let Err(error) = Session::new(&scenario, Some(1), Outputs::default()) else { panic!("it was made") };
    let sentence = error.to_string();
    assert!(sentence.contains("no-such-directory") && sentence.contains("'wifi'"), "{sentence}");
}

#[test]
fn two_names_of_one_file_are_refused() {
    let scratch = Scratch::new("twice");
    let name = scratch.0.join("lab.toml").display().to_string();
    let text = "[module.a]\nnvs = \"q.toml\"\n[module.b]\nnvs = \"./q.toml\"\n";
    let scenario = Scenario::parse(&name, text).expect("the text alone is fine");
    let Err(error) = Session::new(&scenario, Some(1), Outputs::default()) else { panic!("it was made") };
    assert!(error.to_string().contains("are the same file"), "{error}");
}

#[test]
fn what_cannot_be_saved_is_a_warning_at_once_and_an_error_at_the_end() {
    let scratch = Scratch::new("unwritable");
    let (warn, warnings) = crossbeam_channel::unbounded();
    let outputs = Outputs {
        warnings: Some(Box::new(move |sentence| warn.send(sentence.to_owned()).expect("somebody reads"))),
        ..Outputs::default()
    };
    let session = Session::new(&scratch.scenario(), Some(1), outputs).expect("a session");
    let module = session.with(|world| world.attach("wifi", Attachment::default()).expect("attach"));
    let module = module.expect("no panic");
    session.with(|world| talk(world, module, 0, "", SECOND)).expect("no panic");
    std::fs::remove_dir_all(&scratch.0).expect("the disk goes");
    let answer = session.with(|world| talk(world, module, SECOND, "AT+SYSMSG=1\r\n", 2 * SECOND));
    let answer = answer.expect("no panic");
    assert!(answer.ends_with("OK\r\n"), "the module itself has saved it: {answer}");
    let told: Vec<String> = warnings.try_iter().collect();
    assert!(told.len() == 1 && told[0].contains("nvs.toml"), "{told:?}");
    session.with(|world| talk(world, module, 2 * SECOND, "AT+SYSMSG=2\r\n", 3 * SECOND)).expect("no panic");
    assert_eq!(warnings.try_iter().count(), 0, "once is enough");
    assert_eq!(session.finish(), told);
}

#[test]
fn a_full_disk_is_a_warning_before_the_end() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let scenario = Scenario::parse("test.toml", "[module.wifi]\n").expect("fine");
    let log = Some(Sink::from_writer("run.log", Full).expect("a thread"));
    let session = Session::new(&scenario, Some(1), Outputs { log, ..Outputs::default() }).expect("a session");
    assert_eq!(session.flush().len(), 1, "it is known by now");
    let warnings = session.with(|_| ()).and_then(|()| session.with(World::take_warnings)).expect("no panic");
    assert!(warnings.len() == 1 && warnings[0].contains("run.log"), "{warnings:?}");
}

#[test]
fn a_replay_has_the_settings_from_the_log_and_needs_no_file() {
    let scratch = Scratch::new("replay");
    let scenario = scratch.scenario();
    run(&scenario, "AT+SYSMSG=5\r\n", Outputs::default());
    let recording = Recording { log: true, ..Recording::default() };
    let outputs = Outputs { pulled: recording, ..Outputs::default() };
    let session = Session::new(&scenario, Some(1), outputs).expect("a session");
    let answer = session.with(|world| {
        let module = world.attach("wifi", Attachment::default()).expect("attach");
        talk(world, module, 0, "", SECOND);
        talk(world, module, SECOND, "AT+SYSMSG?\r\n", 2 * SECOND)
    });
    assert!(answer.expect("no panic").contains("+SYSMSG:5"));
    session.finish();
    let log = session.peek(World::take_log).expect("no panic");
    std::fs::remove_file(scratch.file()).expect("remove");
    let log = String::from_utf8(log).expect("text");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.is_same(), Some(true));
    assert!(!scratch.file().exists(), "a replay writes nothing");
    let changed = without_hash(&log.replacen("messages = 5", "messages = 4", 1));
    assert_eq!(replay(&changed, Recording::default()).expect("it can be read").is_same(), Some(false));
}

/// What comes out of the log port of a module with this profile in the first second, and the times of it.
fn logged(profile: &str, line: &str) -> (String, Vec<u64>, u64) {
    let text = format!("[module.wifi]\nprofile = \"{profile}\"\n");
    let scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let recording = Recording { log_port: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(1), recording).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("attach");
    talk(&mut world, module, 0, "", SECOND);
    talk(&mut world, module, SECOND, line, 2 * SECOND);
    let bytes: Vec<_> = std::iter::from_fn(|| world.log_port_read(module).expect("log_port_read")).collect();
    let times = bytes.iter().map(|b| b.at.as_nanos()).collect();
    let text = String::from_utf8(bytes.iter().map(|b| b.byte).collect()).expect("text");
    (text, times, world.digest())
}

#[test]
fn the_log_port_says_why_a_command_failed() {
    let (text, times, _) = logged("esp32c3-v2.3", "AT+CIPSEND=1\r\n");
    assert!(text.starts_with("ESP-ROM:esp32c3"), "{text}");
    assert!(text.ends_with("link is not valid\r\r\n"), "{text}");
    assert_eq!(&times[..3], &[86_806, 173_612, 260_417], "bytes leave at 115200 baud, from the start on");
    let (text, times, _) = logged("esp8266-v2.2", "");
    assert!(text.contains("ets Jan  8 2013"), "{text}");
    assert_eq!(times[0], 133_548, "74880 baud");
}

#[test]
fn what_is_kept_of_the_log_port_changes_no_digest() {
    let (_, _, kept) = logged("esp32c3-v2.3", "AT+CIPSEND=1\r\n");
    let scenario = Scenario::parse("test.toml", "[module.wifi]\n").expect("fine");
    let mut world = World::new(&scenario, Some(1), Recording::default()).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("attach");
    talk(&mut world, module, 0, "", SECOND);
    talk(&mut world, module, SECOND, "AT+CIPSEND=1\r\n", 2 * SECOND);
    assert_eq!(world.log_port_read(module), Ok(None), "nobody asked for it");
    assert_eq!(world.digest(), kept);
}
