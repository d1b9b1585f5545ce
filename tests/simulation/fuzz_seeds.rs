//! The fuzzer's core on a stable compiler: each transcript as a seed, through the same checks as in `make fuzz`.
//!
//! With `ESPAT_WRITE_SEEDS=1` the seeds, and the command table as a dictionary, are written for the fuzzer.
#![allow(clippy::disallowed_methods)] // a test has files; the simulation has not

#[path = "../../fuzz/src/mutate.rs"]
mod mutate;
#[path = "../../fuzz/src/peers.rs"]
mod peers;
#[cfg(feature = "tls")]
#[path = "../../fuzz/src/records.rs"]
mod records;

use std::path::{Path, PathBuf};

use espat_sim::at::schema::Shape;
use espat_sim::at::table;
use espat_sim::explore::{Session, Step};
use espat_sim::transcript::{self, Action, Element, Progress, Run, Transcript};
use espat_sim::world::{Recording, World};

const CORPUS: &str = "fuzz/corpus/transcripts";
const DICTIONARY: &str = "fuzz/dictionary";

fn transcripts() -> Vec<Transcript> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir("tests/transcripts")
        .expect("tests/transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "at"))
        .collect();
    paths.sort();
    let load = &mut |name: &str| std::fs::read_to_string(name).map_err(|e| e.to_string());
    // Of those for several profiles, each in another one.
    let parse = |(place, path): (usize, &PathBuf)| {
        let text = std::fs::read_to_string(path).expect("a transcript");
        let all = transcript::parse(&path.display().to_string(), &text, load);
        let mut all = all.unwrap_or_else(|e| panic!("{e}"));
        all.swap_remove(place % all.len())
    };
    paths.iter().enumerate().map(parse).collect()
}

/// What the host of a transcript sends, at the times at which it sends it. What its holes have taken is not known here; a `1` stands for it.
fn seed(transcript: &Transcript) -> Session {
    let mut world = World::new(&transcript.scenario, transcript.seed, Recording::default())
        .unwrap_or_else(|e| panic!("{}: {e}", transcript.name));
    let mut run = Run::new(transcript, &mut world).unwrap_or_else(|e| panic!("{}: {e}", transcript.name));
    let mut steps = Vec::new();
    for step in &transcript.steps {
        let before = run.now();
        let progress =
            run.step(&mut world).unwrap_or_else(|failure| panic!("{}: {failure}", transcript.name));
        assert_eq!(progress, Progress::More);
        steps.extend(match &step.action {
            Action::Send(text) => Some(Step::Send(bytes(text))),
            Action::Console(line) => Some(Step::Console(line.clone())),
            Action::Pin(pin, high) => Some(Step::Pin(*pin, *high)),
            Action::Uart(line) => Some(Step::Uart(*line)),
            Action::Expect { .. } | Action::Silent(_) | Action::Wait(_) => None,
        });
        let passed = run.now().since(before);
        match (steps.last_mut(), passed.as_nanos()) {
            (_, 0) => {}
            (Some(Step::Wait(pause)), _) => *pause = *pause + passed,
            _ => steps.push(Step::Wait(passed)),
        }
    }
    Session { scenario: Some(transcript.scenario.text.clone()), steps, ..Session::default() }
}

fn bytes(text: &[Element]) -> Vec<u8> {
    let pieces = text.iter().map(|element| match element {
        Element::Literal(bytes) => bytes.as_slice(),
        Element::Hole(_) => b"1",
    });
    pieces.collect::<Vec<_>>().concat()
}

/// The command table as a dictionary of libFuzzer.
fn words() -> String {
    let mut words: Vec<String> = Vec::new();
    for command in table::all() {
        words.extend(["", "=", "?", "=?"].map(|end| format!("> AT{}{end}", command.name)));
        for param in command.set.iter().flat_map(|set| set.syntaxes).flat_map(|syntax| syntax.params) {
            match param.kind.shape() {
                Shape::Choice(of) => words.extend(of.iter().map(|c| format!("\"{c}\""))),
                Shape::Number(min, max) => words.extend([min, max].map(|n| format!(",{n}"))),
                Shape::Text(..) => {}
            }
        }
    }
    words.sort();
    words.dedup();
    let quoted = |word: &String| format!("\"{}\"\n", word.replace('\\', "\\\\").replace('"', "\\\""));
    words.iter().map(quoted).collect()
}

#[test]
fn every_seed_reads_back_and_holds() {
    let transcripts = transcripts();
    assert!(transcripts.len() > 100, "tests/transcripts has {} transcripts only", transcripts.len());
    let write = std::env::var_os("ESPAT_WRITE_SEEDS").is_some();
    if write {
        std::fs::create_dir_all(CORPUS).expect("make a folder for the seeds");
        std::fs::write(DICTIONARY, words()).expect("write the dictionary");
    }
    for transcript in &transcripts {
        let seed = seed(transcript);
        let text = seed.write();
        if write {
            let name = Path::new(&transcript.name).file_stem().expect("a name");
            std::fs::write(Path::new(CORPUS).join(name), &text).expect("write a seed");
        }
        let read = Session::parse(text.as_bytes());
        let sent = |session: &Session| session.steps.iter().filter(|s| matches!(s, Step::Send(_))).count();
        assert!(sent(&read) > 0 || sent(&seed) == 0, "{}: nothing is left of the seed", transcript.name);
        peers::check_session(text.as_bytes());
    }
}

#[test]
fn seeds_hold_with_hostile_reports_and_a_module_that_fails() {
    // One of four: what is checked is that nothing depends on how a driver goes, whatever the module says and where.
    for transcript in transcripts().iter().step_by(4) {
        let mut seed = seed(transcript);
        let faults = [
            (0, "module wifi urcs hostile"),
            (2, "module wifi heap 60000"),
            (3, "module wifi answer AT+CIPSTART busy p... once after 300ms"),
            (4, "module wifi print \"+X\\r\\n\""),
            (5, "module wifi flash fail"),
            (6, "module wifi reset watchdog"),
        ];
        let count = seed.steps.len();
        for (part, line) in faults.into_iter().rev() {
            seed.steps.insert(count * part / 8, Step::Console(line.to_owned()));
        }
        peers::check_session(seed.write().as_bytes());
    }
}

/// Seeds of a target with raw bytes of a peer, without their first two bytes, in a folder of its own; `check` is run on
/// each, for both sides and with the bytes in one piece and in several.
fn raw_seeds(target: &str, seeds: &[&[u8]], sides: &[u8], check: impl Fn(&[u8])) {
    let folder = Path::new("fuzz/corpus").join(target);
    let write = std::env::var_os("ESPAT_WRITE_SEEDS").is_some();
    if write {
        std::fs::create_dir_all(&folder).expect("make a folder for the seeds");
    }
    for (number, seed) in seeds.iter().enumerate() {
        for side in sides {
            for size in [0, 7] {
                let input = [&[*side, size], *seed].concat();
                check(&input);
                if write {
                    std::fs::write(folder.join(format!("seed-{number}-{side}-{size}")), &input)
                        .expect("write a seed");
                }
            }
        }
    }
}

#[test]
fn raw_bytes_of_mqtt_hold_at_both_ends() {
    let seeds: [&[u8]; 4] = [
        // CONNACK, a message, SUBACK, PUBREC, PUBCOMP, PINGRESP.
        b"\x20\x02\0\0\x32\x08\0\x03a/b\0\x07x\x90\x03\0\x01\x01\x50\x02\0\x02\x70\x02\0\x02\xd0\0",
        // CONNECT, SUBSCRIBE, PUBLISH with QoS 2, PUBREL, PINGREQ, DISCONNECT.
        b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c\x82\x08\0\x01\0\x03a/#\x01\x34\x08\0\x03a/b\0\x02x\x62\x02\0\x02\xc0\0\xe0\0",
        // CONNECT of version 5.
        b"\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01c\x82\x09\0\x01\0\0\x03a/#\x01",
        b"\xff\xff\xff\xff\x7f",
    ];
    raw_seeds("mqtt", &seeds, &[0, 1, 6], |input| peers::check(peers::Reader::Mqtt, input));
}

#[test]
fn raw_bytes_of_http_hold_at_both_ends() {
    let seeds: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ];
    raw_seeds("http", &seeds, &[0, 1, 6], |input| peers::check(peers::Reader::Http, input));
}

#[test]
fn raw_bytes_of_websocket_hold_at_both_ends() {
    let seeds: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x01x",
        b"\x01\x03abc\x89\0\x80\x02de\x88\x02\x03\xe8",
        b"\x81\x83\x01\x02\x03\x04abc\x82\xfe\x00\x80\x01\x02\x03\x04",
    ];
    raw_seeds("websocket", &seeds, &[0, 1], peers::check_websocket);
}

#[cfg(feature = "tls")]
#[test]
fn raw_records_of_tls_hold_at_both_ends() {
    let [client, server] = records::streams();
    // What leads through the handshake is the other side's stream.
    raw_seeds("tls", &[&server, &server[..server.len() / 2]], &[0], records::check);
    raw_seeds(
        "tls",
        &[&client, &client[..client.len() / 2], b"GET / HTTP/1.1\r\n\r\n"],
        &[1],
        records::check,
    );
}

#[test]
fn what_the_mutator_makes_of_a_session_is_another_session() {
    let text = "scenario\n[module.wifi]\nprofile = \"esp32c3-v2.3\"\nend\n> AT+CWMODE=1\nwait 1 s\n> AT+GMR";
    let (mut whole, mut others) = (text.as_bytes().to_vec(), 0);
    for seed in 0..300 {
        let Some(mutated) = mutate::lines(&whole, 4096, seed) else { continue };
        let [before, after] = [&whole, &mutated].map(|text| Session::parse(text));
        others += usize::from(before.write() != after.write());
        whole = mutated;
    }
    assert!(others > 150, "only {others} of 300 mutations changed anything");
    let read = Session::parse(&whole);
    assert!(read.steps.len() > 20, "{} steps are left after 300 mutations", read.steps.len());
    assert!(read.steps.iter().any(|step| matches!(step, Step::Console(_))), "no line of the console came");
}

#[test]
fn what_the_fuzzer_has_found_holds_now() {
    let findings = std::fs::read_dir("fuzz/findings").into_iter().flatten();
    for path in findings.map(|entry| entry.expect("an entry").path()) {
        eprintln!("{}", path.display());
        peers::check_session(&std::fs::read(&path).expect("a finding"));
    }
}

#[test]
fn any_bytes_are_a_session() {
    for input in [
        &b""[..],
        b"\n\n\n",
        b"\xff\x00>| \xff\\x4",
        b"scenario\nseed = \nend\n> AT",
        b"scenario",
        b"wait 99999999999999999999 s\nwait 5 s\nwait\npin en\nuart 1 8n1\ndetach\noverrun\n> AT\nconsole",
        b"hz 32768\nwait 1 s\n> AT\nwait 1 s\npin en low\nwait 1 ms\npin en high\ndetach\nwait 1 s\n> AT+GMR\nwait 1 s",
    ] {
        peers::check_session(input);
    }
}
