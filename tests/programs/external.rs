//! Hosts that lead to real programs: allowed by the command line alone, logged, and replayed without the program.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;

/// A program of this machine: answers each client's bytes in capitals, and closes when the client does.
fn shouter(clients: usize) -> (u16, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let thread = std::thread::spawn(move || {
        let mut heard = Vec::new();
        for _ in 0..clients {
            let (mut client, _) = listener.accept().expect("a client");
            client.write_all(b"hello\r\n").expect("a greeting is sent");
            let mut piece = [0; 4096];
            loop {
                let length = client.read(&mut piece).expect("the client sends");
                if length == 0 {
                    break;
                }
                heard.extend_from_slice(&piece[..length]);
                client.write_all(&piece[..length].to_ascii_uppercase()).expect("an answer is sent");
            }
            let _ = client.shutdown(Shutdown::Both);
        }
        heard
    });
    (port, thread)
}

/// A directory of this test's own, with a scenario whose host leads to `port`, and a transcript.
fn bench(name: &str, port: u16, transcript: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("external-{name}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    let lab = format!(
        "[ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\n\
         [host.outside]\naddress = \"203.0.113.30\"\nexternal = {{ \"7000\" = \"127.0.0.1:{port}\" }}\n"
    );
    std::fs::write(path.join("lab.toml"), lab).expect("a scenario");
    let head = "cites x\nscenario lab.toml\n<\n< ready\n> ATE0\n< ATE0\n<\n< OK\n> AT+CWMODE=1\n<\n< OK\n\
                > AT+CWJAP=\"espat-sim\",\"correct horse\"\n< WIFI CONNECTED\n< WIFI GOT IP\n<\n< OK\n";
    std::fs::write(path.join("it.at"), format!("{head}{transcript}")).expect("a transcript");
    path
}

fn espat_sim(at: &Path, line: &str) -> (Option<i32>, String) {
    let mut run = Command::new(env!("CARGO_BIN_EXE_espat-sim"));
    let Output { status, stdout, stderr } =
        run.args(line.split(' ')).current_dir(at).stdin(Stdio::null()).output().expect("espat-sim starts");
    (status.code(), [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat())
}

const TALK: &str = "> AT+CIPSTART=\"TCP\",\"203.0.113.30\",7000\n< CONNECT\n<\n< OK\n<\n<| +IPD,7:hello\\r\\n\\r\\n\n\
                    > AT+CIPSEND=4\n<\n< OK\n<\n<| >\n>| ping\n<\n< Recv 4 bytes\n<\n< SEND OK\n<\n< +IPD,4:PING\n\
                    > AT+CIPCLOSE\n< CLOSED\n<\n< OK\nwait 1 s\n";

#[test]
fn what_a_real_program_sends_is_in_the_log_and_a_replay_needs_no_program() {
    let (port, program) = shouter(1);
    let here = bench("talk", port, TALK);
    let (code, said) = espat_sim(&here, "run --external --input-log it.espat-log it.at");
    assert_eq!(code, Some(0), "{said}");
    let warned = "warning: host 'outside' reaches 127.0.0.1:";
    assert!(said.contains(warned) && said.contains("another run may differ"), "{said}");
    assert_eq!(program.join().expect("the program"), b"ping");
    let log = std::fs::read_to_string(here.join("it.espat-log")).expect("the log");
    for line in ["external 7000 1 open", "external 7000 1 data \\\"hello", "external 7000 1 data \\\"PING"] {
        let line = line.replace("\\\"", "\"");
        assert!(log.contains(&line), "`{line}` is not in the log:\n{log}");
    }
    // Nobody listens there any more.
    let (code, said) = espat_sim(&here, "replay it.espat-log");
    assert_eq!(code, Some(0), "the replay differs: {said}");
}

#[test]
fn nothing_is_reached_unless_the_command_line_allows_it() {
    let (port, _program) = shouter(1);
    let here = bench("refused", port, TALK);
    let (code, said) = espat_sim(&here, "run it.at");
    assert_ne!(code, Some(0));
    assert!(said.contains("host 'outside' has `external`") && said.contains("--external"), "{said}");
}

#[test]
fn a_program_that_does_not_run_is_a_reset_and_a_warning() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    drop(listener);
    let transcript = "> AT+CIPSTART=\"TCP\",\"203.0.113.30\",7000\n< CONNECT\n<\n< OK\n< CLOSED\nwait 1 s\n";
    let here = bench("absent", port, transcript);
    let (code, said) = espat_sim(&here, "run --external it.at");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("warning: host 'outside' does not reach 127.0.0.1:"), "{said}");
}
