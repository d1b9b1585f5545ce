//! Captures that somebody reads while the run goes on, and classic ones: by the real tshark, from a FIFO, from a pipe,
//! and from a file.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::tools::{directory, espat_sim, firmware, run, tool};
use espat_sim::edge::{CaptureForm, CaptureSink};

/// Nothing here takes longer, unless it hangs.
const HANGS: Duration = Duration::from_secs(120);

fn fifo(folder: &Path) -> PathBuf {
    let path = folder.join("fifo");
    run(Command::new("mkfifo").arg(&path));
    path
}

/// The capture of the demo, as a file has it, and the run's digest.
fn demo(folder: &Path, name: &str, more: &[&str]) -> (Vec<u8>, String) {
    let path = folder.join(name);
    let said = run(espat_sim("demo").arg("--no-dialogue").arg("--capture").arg(&path).args(more));
    (std::fs::read(&path).expect("the capture"), digest(&said))
}

fn digest(said: &str) -> String {
    let line = said.lines().find(|line| line.starts_with("digest "));
    line.unwrap_or_else(|| panic!("no digest: {said}")).to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_capture_goes_to_the_standard_output_alone_and_what_is_said_to_the_standard_error_stream() {
    let folder = directory("live-output");
    let (file, expected) = demo(&folder, "file.pcapng", &[]);
    std::fs::write(folder.join("t.at"), "cites x\n> AT+GMR\n").expect("write");
    let transcript = folder.join("t.at");
    let transcript = transcript.to_str().expect("UTF-8");
    let Output { status, stdout, stderr } =
        espat_sim("demo").args(["--dialogue", "--capture", "-"]).output().expect("start");
    let said = text(&stderr);
    assert!(status.success(), "{said}");
    assert!(stdout == file, "the standard output has something else than the capture");
    assert!(said.contains("AT+CWJAP") && said.contains("\nPASS\n"), "dialogue and verdict are lost: {said}");
    assert_eq!(digest(&said), expected);
    // `run` and `replay` have the same option.
    let log = folder.join("log");
    let outcome = espat_sim("run").args([transcript, "--capture", "-", "--input-log"]).arg(&log).output();
    let ran = outcome.expect("start");
    assert!(ran.stdout.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]), "no capture: {}", text(&ran.stdout));
    assert!(text(&ran.stderr).contains("1 passed"), "{}", text(&ran.stderr));
    let replayed = espat_sim("replay").args(["--capture", "-"]).arg(&log).output().expect("start");
    assert!(replayed.stdout == ran.stdout, "the replay's capture differs: {}", text(&replayed.stderr));
    assert!(text(&replayed.stderr).contains("the same as in the log"), "{}", text(&replayed.stderr));
}

#[test]
fn tshark_reads_it_from_a_pipe_and_from_a_fifo() {
    let folder = directory("live-tshark");
    demo(&folder, "file.pcapng", &[]);
    let arguments = ["-n", "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.protocols"];
    let expected = run(tool("tshark", "tshark").args(arguments).arg("-r").arg(folder.join("file.pcapng")));
    assert!(expected.contains(":tcp") && expected.contains(":at"), "{expected}");
    let mut live = espat_sim("demo");
    let mut live =
        live.args(["--capture", "-"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start");
    let output = live.stdout.take().expect("its output");
    let seen = run(tool("tshark", "tshark").args(arguments).args(["-r", "-"]).stdin(output));
    assert!(live.wait().expect("it ends").success());
    assert_eq!(seen, expected, "from a pipe");
    // The simulation waits until tshark has opened the FIFO.
    let fifo = fifo(&folder);
    let mut live = espat_sim("demo");
    let live =
        live.arg("--capture").arg(&fifo).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start");
    let seen = run(tool("tshark", "tshark").args(arguments).arg("-i").arg(&fifo));
    let ended = live.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{}", text(&ended.stdout));
    assert_eq!(seen, expected, "from a FIFO");
}

#[test]
fn a_fifo_that_nobody_reads_is_waited_for_with_a_word() {
    let folder = directory("live-fifo");
    let (file, _) = demo(&folder, "file.pcapng", &[]);
    let fifo = fifo(&folder);
    let mut command = espat_sim("demo");
    command.arg("--no-dialogue").arg("--capture").arg(&fifo).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut live = command.spawn().expect("start");
    let mut said = String::new();
    BufReader::new(live.stderr.take().expect("its words")).read_line(&mut said).expect("a line");
    let expected = format!("espat-sim: nobody reads the FIFO {} yet: waiting for its reader", fifo.display());
    assert!(said.starts_with(&expected) && said.contains("wireshark -k -i"), "{said}");
    assert!(std::fs::read(&fifo).expect("read the FIFO") == file, "the FIFO had another capture");
    assert!(live.wait().expect("it ends").success());
    // A library does not let its caller wait.
    let Err(refused) = CaptureSink::create(&fifo, CaptureForm::default()) else { panic!("nobody reads it") };
    assert!(refused.to_string().contains("nobody reads this FIFO; start its reader before"), "{refused}");
}

#[test]
fn a_reader_that_goes_away_is_told_once_and_the_run_goes_on() {
    let folder = directory("live-gone");
    let (_, expected) = demo(&folder, "file.pcapng", &[]);
    let log = folder.join("log");
    run(espat_sim("demo").arg("--no-dialogue").arg("--input-log").arg(&log));
    for (word, more) in [("demo", None), ("replay", Some(&log))] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = espat_sim(word);
        command.args(["--no-dialogue", "--capture", "-"]).args(more).stdout(writer);
        let Output { status, stderr, .. } = command.output().expect("start");
        let said = text(&stderr);
        assert_eq!(status.code(), Some(0), "{word}: a reader that went made a failure of the run: {said}");
        let warnings = said.matches("nobody reads the capture any more (the standard output)").count();
        assert_eq!(warnings, 1, "{word}: {said}");
        assert_eq!(digest(&said), expected, "{word}");
    }
}

#[test]
fn packets_are_there_while_the_run_goes_on() {
    let folder = directory("live-serve");
    let (fifo, socket) = (fifo(&folder), folder.join("socket"));
    let mut command = espat_sim("serve");
    command.arg("--unix").arg(&socket).arg("--now").arg("--capture").arg(&fifo);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut served = command.spawn().expect("start");
    // Opening it waits for the writer, as the writer waits for its reader.
    let mut capture = std::fs::File::open(&fifo).expect("the FIFO");
    let (found, finds) = channel();
    std::thread::spawn(move || {
        let (mut all, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(count) = capture.read(&mut piece)
            && count > 0
        {
            all.extend_from_slice(&piece[..count]);
            if all.windows(7).any(|w| w == b"AT+GMR\r") {
                let _ = found.send(());
            }
        }
    });
    let mut out = BufReader::new(served.stdout.take().expect("its output"));
    let mut line = String::new();
    while !line.starts_with("endpoint ") {
        line.clear();
        assert!(out.read_line(&mut line).expect("a line") > 0, "it ended");
    }
    let mut client = UnixStream::connect(&socket).expect("connect");
    // What comes before `ready` is lost, so it is said until it is seen.
    let seen = (0..100).any(|_| {
        client.write_all(b"AT+GMR\r\n").expect("write");
        finds.recv_timeout(HANGS / 100).is_ok()
    });
    served.stdin.take().expect("its console").write_all(b"quit\n").expect("write");
    assert!(served.wait().expect("it ends").success());
    assert!(seen, "no packet came out of the FIFO before the run had ended");
}

#[test]
fn a_classic_file_has_the_frames_and_times_of_the_ethernet_interfaces() {
    let folder = directory("live-classic");
    let (_, ng) = demo(&folder, "file.pcapng", &[]);
    let (classic, same) = demo(&folder, "file.pcap", &[]);
    assert_eq!(ng, same, "the format has changed the run");
    assert_eq!(classic[..4], [0x4d, 0x3c, 0xb2, 0xa1], "nanoseconds, little-endian");
    let (again, _) = demo(&folder, "file.cap", &["--capture-format", "pcap"]);
    assert!(again == classic, "the option and the name's ending make two formats");
    let frames = |file: &str, more: &[&str]| {
        let mut tshark = tool("tshark", "tshark");
        tshark.args([
            "-n",
            "-T",
            "fields",
            "-e",
            "frame.time_epoch",
            "-e",
            "eth.src",
            "-e",
            "frame.len",
            "-r",
        ]);
        run(tshark.arg(folder.join(file)).args(more))
    };
    let seen = frames("file.pcap", &[]);
    assert!(seen.lines().count() > 40, "{seen}");
    assert_eq!(seen, frames("file.pcapng", &["-Y", "frame.interface_name == \"wifi/radio\""]));
    let (_, _) = demo(&folder, "uart.pcap", &["--capture-interface", "wifi/uart"]);
    let commands =
        run(tool("tshark", "tshark").arg("-r").arg(folder.join("uart.pcap")).args(["-Y", "at.cmd"]));
    assert!(commands.contains("+CWJAP"), "{commands}");
}

#[test]
fn what_does_not_go_together_is_refused_before_the_run() {
    let folder = directory("live-refused");
    let file = |name: &str| folder.join(name).display().to_string();
    for (arguments, part) in [
        (vec!["--capture", "-", "--capture-interface", "wifi/radio"], "a pcapng capture has all interfaces"),
        (vec!["--capture", "-", "--capture-format", "pcapn"], "did you mean `pcapng`?"),
        (vec!["--capture-format", "pcap"], "--capture <FILE>"),
        (
            vec!["--capture-interface", "wifi/radoi", "--capture-format", "pcap", "--capture", "-"],
            "no interface 'wifi/radoi', expected `wifi/radio`, `wifi/uart` or `wifi/log`; did you mean `wifi/radio`?",
        ),
    ] {
        let outcome = espat_sim("demo").args(&arguments).output().expect("start");
        let said = text(&outcome.stderr);
        assert_eq!(outcome.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    std::fs::write(folder.join("a.at"), "cites x\n> AT\n").expect("write");
    std::fs::write(folder.join("b.at"), "cites x\n> AT\n").expect("write");
    let outcome =
        espat_sim("run").args([&file("a.at"), &file("b.at"), "--capture", "-"]).output().expect("start");
    let said = text(&outcome.stderr);
    assert!(
        outcome.status.code() == Some(2) && said.contains("an existing directory for 2 transcripts"),
        "{said}"
    );
}

#[test]
fn a_capture_of_a_cable_that_nothing_has_passed_is_told_to_be_empty() {
    let folder = directory("live-no-cable");
    let told = |name: &str, interface: &str| {
        let path = folder.join(name);
        run(espat_sim("demo")
            .args(["--no-dialogue", "--capture-interface", interface, "--capture"])
            .arg(path))
    };
    let (cable, radio) = (told("cable.pcap", "lan7"), told("radio.pcap", "wifi/radio"));
    let sentence = "warning: the capture is empty: no frame has passed a cable 'lan7'";
    assert!(cable.lines().any(|line| line == sentence), "{cable}");
    assert!(!radio.contains("capture is empty"), "{radio}");
}

#[test]
fn under_qemu_the_capture_is_alone_on_the_standard_output_whatever_the_firmware_prints() {
    let folder = directory("live-qemu");
    let qemu = |capture: &Path, reader: Option<std::io::PipeWriter>| {
        let mut command = espat_sim("qemu");
        command.args(["--quiet", "--limit", "300s", "--capture"]).arg(capture);
        command.arg("--report").arg(folder.join("report"));
        command.args(["--", "qemu-system-arm", "-M", "mps2-an385", "-display", "none", "-nodefaults"]);
        command.args(["-serial", "stdio", "-semihosting-config", "enable=on,target=native", "-kernel"]);
        command.arg(firmware("mps2-an385", "")).stdin(Stdio::null());
        if let Some(reader) = reader {
            command.stdout(reader);
        }
        let outcome = command.output().expect("start");
        assert_eq!(outcome.status.code(), Some(0), "{}", text(&outcome.stderr));
        let report = std::fs::read_to_string(folder.join("report")).expect("the report");
        (outcome, digest(&report))
    };
    let (_, expected) = qemu(&folder.join("file.pcapng"), None);
    let file = std::fs::read(folder.join("file.pcapng")).expect("the capture");
    let (live, same) = qemu(Path::new("-"), None);
    assert_eq!(same, expected);
    assert!(live.stdout == file, "the standard output has something else than the capture");
    assert!(text(&live.stderr).contains("PASS"), "what the firmware prints is lost: {}", text(&live.stderr));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let (live, same) = qemu(Path::new("-"), Some(writer));
    assert_eq!(same, expected, "a reader that went has changed the run");
    assert_eq!(text(&live.stderr).matches("nobody reads the capture any more").count(), 1);
}
