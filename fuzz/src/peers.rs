//! Raw bytes of a peer, for what the module's clients and the servers of hosts make of them.
//!
//! The first byte of an input chooses the side and the profile, the second how many bytes come at once; what follows is
//! what the peer sends. It becomes a session, for which must hold what holds for every session.

use espat_sim::explore::{self, Session, Step};
use espat_sim::net::event::quoted;
use espat_sim::net::websocket::{Role, Socket, handshake};
use espat_sim::rng::Stream;
use espat_sim::time::Duration;

/// Most parts that a peer's bytes come in: each is a line of the console, or two of the host's.
const MOST_PARTS: usize = 24;
/// Most bytes of a peer.
const MOST_BYTES: usize = 8192;

/// Who is to read the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The MQTT client, or a broker.
    Mqtt,
    /// The HTTP client, or a server.
    Http,
}

/// A terminal that speaks for a server, and servers that a raw client of the module's asks.
const SCENARIO: &str = "
timing = \"fast\"

[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.pc]
address = \"192.168.1.20\"
tcp-terminal = 23

[host.broker]
address = \"192.168.1.21\"
mqtt = { users = { u = \"p\" }, anonymous = true, retained = { \"a/b\" = \"60\" } }
http = { pages = { \"/\" = \"hello\", \"/a\" = [{ status = 503 }, \"later\"] } }
";

const PROFILES: [&str; 4] = ["esp32c3-v2.3", "esp32-v3.4", "esp32c6-v4.1", "esp8266-v2.2"];

fn line(steps: &mut Vec<Step>, line: &str, ms: u64) {
    steps.push(Step::Send(format!("{line}\r\n").into_bytes()));
    steps.push(Step::Wait(Duration::from_millis(ms)));
}

/// The session of an input.
pub fn session_of(reader: Reader, input: &[u8]) -> Option<Session> {
    let [choice, size, stream @ ..] = input else { return None };
    let stream = &stream[..stream.len().min(MOST_BYTES)];
    let profile = PROFILES[usize::from(choice >> 1) % PROFILES.len()];
    let build = if profile.starts_with("esp8266") { "build = { http = true }\n" } else { "" };
    let scenario = format!("{SCENARIO}\n[module.wifi]\nprofile = \"{profile}\"\n{build}");
    let mut steps = vec![Step::Wait(Duration::from_secs(1))];
    line(&mut steps, "AT+CWMODE=1", 20);
    line(&mut steps, "AT+CWJAP=\"espat-sim\",\"correct horse\"", 3000);
    let size = usize::from(*size).max(stream.len().div_ceil(MOST_PARTS)).clamp(1, 2048);
    if choice & 1 == 0 {
        match reader {
            Reader::Mqtt => {
                line(&mut steps, "AT+MQTTUSERCFG=0,1,\"c\",\"u\",\"p\",0,0,\"\"", 20);
                line(&mut steps, "AT+MQTTCONN=0,\"192.168.1.20\",23,1", 50);
            }
            Reader::Http => line(
                &mut steps,
                "AT+HTTPCLIENT=2,0,\"http://192.168.1.20:23/a\",\"192.168.1.20\",\"/a\",1",
                50,
            ),
        }
        for part in stream.chunks(size) {
            steps.push(Step::Console(format!("host pc send {}", quoted(part))));
            steps.push(Step::Wait(Duration::from_millis(100)));
        }
        if reader == Reader::Mqtt {
            line(&mut steps, "AT+MQTTSUB=0,\"a/b\",1", 100);
            line(&mut steps, "AT+MQTTPUB=0,\"a/b\",\"x\",2,0", 100);
        }
        steps.push(Step::Console("host pc close".to_owned()));
    } else {
        let port = if reader == Reader::Mqtt { 1883 } else { 80 };
        line(&mut steps, &format!("AT+CIPSTART=\"TCP\",\"192.168.1.21\",{port}"), 100);
        for part in stream.chunks(size) {
            line(&mut steps, &format!("AT+CIPSEND={}", part.len()), 20);
            steps.push(Step::Send(part.to_vec()));
            steps.push(Step::Wait(Duration::from_millis(400)));
        }
        if reader == Reader::Mqtt {
            steps.push(Step::Console("host broker publish a/b \"x\" qos 1".to_owned()));
        }
    }
    steps.push(Step::Wait(Duration::from_secs(12)));
    Some(Session { scenario: Some(scenario), steps, ..Session::default() })
}

/// Runs an input.
///
/// # Panics
/// When something does not hold that must hold for every session.
pub fn check(reader: Reader, input: &[u8]) {
    if let Some(session) = session_of(reader, input) {
        check_session(session.write().as_bytes());
    }
}

/// Runs a session.
///
/// # Panics
/// When something does not hold that must hold for every session.
pub fn check_session(text: &[u8]) {
    if let Err(failure) = explore::check(&Session::parse(text)) {
        panic!("{failure}");
    }
}

/// Raw bytes for both ends of WebSocket: the requests and answers that open it, then its frames.
///
/// # Panics
/// When how the bytes come changes what is made of them.
pub fn check_websocket(input: &[u8]) {
    let [role, size, stream @ ..] = input else { return };
    let _ = handshake::request(stream);
    let _ = handshake::answer(stream, "dGhlIHNhbXBsZSBub25jZQ==");
    let run = |size: usize| {
        let role = if role & 1 == 1 { Role::Server } else { Role::Client(Box::new(Stream::new(1, "masks"))) };
        let mut socket = Socket::new(role);
        let events: Vec<_> = stream.chunks(size.max(1)).flat_map(|part| socket.receive(part)).collect();
        (format!("{:?}", merged(events)), socket.take_output(), socket.is_over())
    };
    assert_eq!(run(usize::from(*size)), run(usize::MAX), "how the bytes come changes what is made of them");
}

/// Data that comes in several events of one message as one.
fn merged(events: Vec<espat_sim::net::websocket::Event>) -> (Vec<u8>, Vec<String>) {
    use espat_sim::net::websocket::Event;
    let (mut data, mut others) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Data { bytes, .. } => data.extend(bytes),
            other => others.push(format!("{other:?}")),
        }
    }
    (data, others)
}
