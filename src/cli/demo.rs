//! `espat-sim demo`: the whole way from `ready` to an HTTP answer, with a built-in host and no emulator.

use std::path::PathBuf;

use super::dialogue::{self, Style};
use super::expect;
use super::files;
use super::host::Host;
use super::options::{DialogueArgs, RecordArgs, Terminal};
use crate::edge::{OnPacket, Outputs, Session};
use crate::time::Duration;

/// Talk to a module: a built-in host joins, fetches pages, exchanges datagrams, pings. No emulator needed.
///
/// Shows the AT dialogue with virtual times, then PASS or FAIL and the run's digest. What the scenario expects must come
/// true. The exit code is 0 for PASS, 1 for FAIL, 2 when it could not run.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// The scenario file; without it, the built-in one. It must have the built-in one's access point and hosts.
    #[arg(long, value_name = "FILE")]
    pub(super) scenario: Option<PathBuf>,
    /// The seed of all randomness; without it, the scenario's, or 1.
    #[arg(long, value_name = "N", value_parser = super::seed)]
    seed: Option<u64>,
    #[command(flatten)]
    record: RecordArgs,
    /// For `espat-sim sweep`: write what happens, a line for each event.
    #[arg(long, value_name = "FILE", hide = true)]
    events: Option<PathBuf>,
    #[command(flatten)]
    dialogue: DialogueArgs,
}

/// Runs the demo.
pub fn run(args: &DemoArgs) -> i32 {
    match start(args) {
        Ok(code) => code,
        Err(sentence) => super::fail(&sentence),
    }
}

fn start(args: &DemoArgs) -> Result<i32, String> {
    let scenario = files::scenario(args.scenario.as_deref())?;
    let written = [
        ("--input-log", args.record.input_log.as_deref()),
        ("--keylog", args.record.keylog.as_deref()),
        ("--events", args.events.as_deref()),
    ];
    files::of_run((args.scenario.as_deref(), &scenario), args.record.capture.as_deref(), &written)?;
    let capture = files::capture(args.record.capture.as_deref(), &args.record.capture_form)?;
    let style = Style { color: Terminal::standard().has_colour(args.dialogue.color) };
    let show: OnPacket = Box::new(move |_, packet| say!("{}", dialogue::format(packet, None, style)));
    let outputs = Outputs {
        capture,
        log: files::sink(args.record.input_log.as_deref())?,
        keylog: files::sink(args.record.keylog.as_deref())?,
        dialogue: args.dialogue.or(true).then_some(show),
        events: files::events(args.events.as_deref())?.map(|file| file.of("")),
        warnings: Some(Box::new(|sentence| say!("warning: {sentence}"))),
        ..Outputs::default()
    };
    let session = Session::new(&scenario, args.seed, outputs).map_err(|e| e.to_string())?;
    let mut host = Host::attach(&session, "wifi")?;
    let result = dialogue(&mut host);
    let end = host.now();
    let failures = session.finish();
    if let Some(first) = failures.into_iter().next() {
        return Err(first);
    }
    let (digest, verdicts) = session.with(|w| (w.digest(), w.verdicts())).map_err(|e| e.to_string())?;
    let not_met = expect::failures(&scenario.name, &verdicts);
    let whys: Vec<String> = result.err().into_iter().chain(not_met).collect();
    whys.iter().for_each(|why| say!("FAIL: {why}"));
    if whys.is_empty() {
        say!("PASS");
    }
    say!("virtual time {end}");
    let written = args.record.written();
    for (what, file) in written {
        if let Some(file) = file {
            say!("{what} {}", file.display());
        }
    }
    say!("digest {digest:016x}");
    Ok(i32::from(!whys.is_empty()))
}

/// What the firmware of `tests/firmware` does, too.
fn dialogue(host: &mut Host<'_>) -> Result<(), String> {
    let [short, long] = [Duration::from_secs(1), Duration::from_secs(30)];
    host.until("\r\nready\r\n", long)?;
    host.command("ATE0", short)?;
    host.command("AT+GMR", short)?;
    host.command("AT+CWMODE=1", short)?;
    host.command("AT+CWJAP=\"espat-sim\",\"correct horse\"", long)?;
    host.command("AT+CIFSR", short)?;
    // Its certificate is not valid in 1970.
    host.command("AT+CIPSNTPCFG=1,0", short)?;
    host.command("AT+CIPDOMAIN=\"www.example.com\"", long)?;
    fetch(host, "AT+CIPSTART=\"TCP\",\"www.example.com\",80", "/status HTTP/1.1\r\nHost: www.example.com")?;
    host.command("AT+CIPMUX=1", short)?;
    host.command("AT+CIPSTART=0,\"UDP\",\"echo.example.com\",7", long)?;
    host.command("AT+CIPSTART=1,\"TCP\",\"nas.lan\",7", long)?;
    host.command("AT+CIPSTATE?", short)?;
    for (link, data) in [(0, &b"a datagram"[..]), (1, b"a stream")] {
        host.send(Some(link), data)?;
        let mut echoed = Vec::new();
        while echoed.len() < data.len() {
            echoed.extend(host.incoming(long)?.data);
        }
        if echoed != data {
            return Err(format!("sent '{}', echoed '{}'", data.escape_ascii(), echoed.escape_ascii()));
        }
    }
    host.command("AT+CIPCLOSE=5", short)?;
    host.command("AT+PING=\"www.example.com\"", long)?;
    if cfg!(feature = "tls") {
        while host.command("AT+CIPSNTPTIME?", short)?.contains(" 1970") {
            host.wait(short)?;
        }
        host.command("AT+CIPMUX=0", short)?;
        host.command("AT+CIPSSLCCONF=2,0,0", short)?;
        host.command("AT+CIPSSLCSNI=\"api.example.com\"", short)?;
        let page = "/v1/status HTTP/1.1\r\nHost: api.example.com";
        fetch(host, "AT+CIPSTART=\"SSL\",\"api.example.com\",443", page)?;
    }
    host.command("AT+CWQAP", short)?;
    host.wait(short)
}

/// Connects, asks for a page, and compares it.
fn fetch(host: &mut Host<'_>, connect: &str, page: &str) -> Result<(), String> {
    const BODY: &[u8] = b"\r\n\r\nespat-sim says hello\n";
    let long = Duration::from_secs(30);
    host.command(connect, long)?;
    host.send(None, format!("GET {page}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    while !answer.ends_with(BODY) {
        let more = host.incoming(long).map_err(|e| {
            let got = answer.escape_ascii();
            format!("the HTTP answer should end in 'espat-sim says hello', got '{got}': {e}")
        })?;
        answer.extend(more.data);
    }
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return Err(format!("expected HTTP status 200, got '{}'", answer.escape_ascii()));
    }
    host.until("CLOSED\r\n", long).map(|_| ())
}
