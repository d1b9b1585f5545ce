//! A firmware update under way: what the release's own code for AT+CIUPDATE does on the network and in flash.
//!
//! The vendor's server is looked up; without a version it is asked for the one that it recommends, over a first
//! connection; the slot for the new firmware (or another partition) is erased; the file comes over a second connection
//! and is written while it comes. Each step that is done is a state, and a line for the host.
//!
//! Over HTTPS both connections are opened with an empty configuration: the server's name is sent, nothing is verified,
//! what AT+CIPSSLCCONF and its kin have set does not count, and there is no limit of time: the release's timer closes a
//! socket that is none then.

use std::net::{IpAddr, SocketAddr};

use crate::at::dial::{self, Dial, Dialling, Failure};
use crate::at::output::Output;
use crate::at::secure::ClientTls;
use crate::at::system::System;
use crate::at::{Env, flash};
use crate::net::firmware::{self, OTA};
use crate::net::stack::{self, DnsFamily, DnsState, Question, Stack, StreamState};
use crate::time::{Duration, Instant};

/// Where the release asks for firmware, and the port.
const SERVER: &str = "iot.espressif.cn";
const PORT: u16 = 80;
/// The port over HTTPS.
const TLS_PORT: u16 = 443;
/// The whole update may take so long, over plain HTTP.
const TIMEOUT: Duration = Duration::from_secs(180);
/// Bytes that are read, and written to flash, at once.
const BUFFER: usize = 1024;
/// Flash is erased in blocks of so many bytes.
const ERASE_BLOCK: u32 = 64 << 10;
/// What the requests have beside their first two lines. The token stands for that of the module's maker.
const HEADERS: &str = "Connection: keep-alive\r\nCache-Control: no-cache\r\nUser-Agent: ESP-AT\r\nAccept: */*\r\n\
                       Authorization: token 0000000000000000000000000000000000000000\r\n\r\n";

/// The `<state>` of AT+CIUPDATE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// None since the start.
    #[default]
    Idle = 0,
    /// The server's name is resolved.
    Found = 1,
    /// A connection to it is open.
    Connected = 2,
    /// It has said which version it recommends.
    GotVersion = 3,
    /// Everything is written.
    Done = 4,
    /// It failed.
    Failed = -1,
}

/// What is to be updated.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which version; `None`: the recommended one.
    pub version: Option<String>,
    /// `ota`, or a partition.
    pub name: String,
    /// The host goes on meanwhile.
    pub nonblocking: bool,
}

/// An update, if there is one, and how the last one stands.
#[derive(Debug, Default)]
pub struct Update {
    state: State,
    run: Option<Run>,
}

/// One under way.
#[derive(Debug)]
struct Run {
    request: Request,
    https: bool,
    step: Step,
    /// When its time is over; `None`: that has been said already.
    deadline: Option<Instant>,
}

#[derive(Debug)]
enum Step {
    /// The server's name is being resolved.
    Resolving(Question),
    /// The recommended version is being asked for.
    Asking(IpAddr, Connection),
    /// Flash is erased until then.
    Erasing(IpAddr, Target, Instant),
    /// The file comes.
    Loading(Target, Connection, Load),
}

/// A connection to the server, and the request that is sent as soon as it is open.
#[derive(Debug)]
struct Connection {
    stream: Stream,
    request: String,
}

#[derive(Debug)]
enum Stream {
    Dialling(Dial),
    Open(stack::Connection),
}

/// Where the file goes.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// The slot of this number.
    Slot(usize),
    /// A partition.
    Partition(&'static str),
}

/// How far the file has come.
#[derive(Debug, Default)]
struct Load {
    /// What `Content-Length` said; `None` before the end of the head.
    total: Option<usize>,
    received: usize,
    /// The beginning of an image.
    head: Vec<u8>,
    /// The last block is being written until then.
    busy: Option<Instant>,
}

/// What a look at a step comes to.
enum Looked {
    Waiting,
    /// It went a bit further.
    Moved,
    Next(Box<Step>),
    /// Everything is written.
    Done,
    /// What the log port says of it; may be nothing.
    Failed(String),
}

fn failed(why: &str) -> Looked {
    Looked::Failed(why.to_owned())
}

impl Update {
    /// How it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// True while one is under way.
    pub fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// When the flash has erased or written what it is busy with.
    pub fn flash_until(&self) -> Option<Instant> {
        match &self.run.as_ref()?.step {
            Step::Erasing(_, _, until) => Some(*until),
            Step::Loading(_, _, load) => load.busy,
            Step::Resolving(_) | Step::Asking(..) => None,
        }
    }

    /// When it has taken too long as a whole.
    pub fn deadline(&self) -> Option<Instant> {
        self.run.as_ref()?.deadline
    }

    /// Begins one.
    pub fn begin(
        &mut self,
        now: Instant,
        https: bool,
        request: Request,
        out: &mut Output,
        env: &mut Env<'_>,
    ) {
        out.log(&format!("ota_mode:{}", u8::from(https)));
        let step = Step::Resolving(env.stack.dns_start(now, SERVER, DnsFamily::Ipv4));
        self.run = Some(Run { request, https, step, deadline: Some(now + TIMEOUT) });
    }

    /// The station has left its access point: connections are gone.
    pub fn disconnected(&mut self, out: &mut Output, env: &mut Env<'_>) {
        let connected = |run: &Run| matches!(run.step, Step::Asking(..) | Step::Loading(..));
        if self.run.as_ref().is_some_and(connected) {
            self.fail("receive data error!", out, env);
        }
    }

    /// Goes on with what is under way. True when something happened.
    pub fn poll(&mut self, now: Instant, out: &mut Output, system: &System, env: &mut Env<'_>) -> bool {
        let Some(run) = &mut self.run else { return false };
        let late = run.deadline.take_if(|deadline| *deadline <= now).is_some();
        if late && run.https {
            out.log("ota timeout!");
        }
        let mut around = Around { state: &mut self.state, out: &mut *out, system };
        let looked =
            if late && !run.https { failed("ota timeout!") } else { run.look(now, &mut around, env) };
        match looked {
            Looked::Waiting => return false,
            Looked::Moved => {}
            Looked::Next(step) => std::mem::replace(&mut run.step, *step).release(env),
            Looked::Done => {
                around.reach(State::Done);
                self.end(env);
            }
            Looked::Failed(why) => self.fail(&why, out, env),
        }
        true
    }

    fn fail(&mut self, why: &str, out: &mut Output, env: &mut Env<'_>) {
        if !why.is_empty() {
            out.log(why);
        }
        self.state = State::Failed;
        if self.end(env).is_some_and(|request| request.nonblocking) {
            out.text("+CIPUPDATE:-1\r\n");
        }
    }

    /// Lets go of everything of the one under way, and says what it was.
    fn end(&mut self, env: &mut Env<'_>) -> Option<Request> {
        let run = self.run.take()?;
        run.step.release(env);
        Some(run.request)
    }
}

/// What stands around an update: it has no hand in anything else.
struct Around<'a> {
    /// How it stands.
    state: &'a mut State,
    /// The printer.
    out: &'a mut Output,
    /// The firmware that runs, and the time of day for certificates.
    system: &'a System,
}

impl Around<'_> {
    /// A step is done: the host is told.
    fn reach(&mut self, state: State) {
        *self.state = state;
        self.out.text(&format!("+CIPUPDATE:{}\r\n", state as i8));
    }
}

impl Run {
    fn look(&mut self, now: Instant, around: &mut Around<'_>, env: &mut Env<'_>) -> Looked {
        match &mut self.step {
            Step::Resolving(lookup) => match env.stack.dns_state(*lookup) {
                DnsState::Pending => Looked::Waiting,
                DnsState::Failed => failed("gethostbyname fail"),
                DnsState::Resolved(server) => {
                    around.reach(State::Found);
                    self.found(now, server, around, env)
                }
            },
            Step::Asking(server, connection) => {
                let server = *server;
                match connection.poll(now, env) {
                    Traffic::Opening => Looked::Waiting,
                    Traffic::Moved => Looked::Moved,
                    Traffic::Refused(failure) => {
                        refused(now, &failure, "connect to server failed!", around, env)
                    }
                    Traffic::Opened => {
                        around.reach(State::Connected);
                        around.out.log(&format!("http request length {} bytes", connection.request.len()));
                        Looked::Moved
                    }
                    Traffic::Open(stream) => {
                        let answer = env.stack.stream_recv(stream, BUFFER);
                        if answer.is_empty() {
                            return if is_over(stream, env.stack) {
                                failed("rom_version error!")
                            } else {
                                Looked::Waiting
                            };
                        }
                        match recommended(&answer) {
                            Ok(version) => {
                                around.reach(State::GotVersion);
                                self.request.version = Some(version);
                                self.erase(now, server, around, env)
                            }
                            Err(why) => failed(why),
                        }
                    }
                }
            }
            Step::Erasing(_, _, until) if *until > now => Looked::Waiting,
            Step::Erasing(server, target, _) => {
                if let Target::Slot(_) = target {
                    around.out.log("ready to upgrade system firmware.");
                }
                let version = self.request.version.as_deref().unwrap_or_default();
                let path = format!(
                    "?action=download_rom&version={version}&filename={}.bin HTTP/1.1",
                    self.request.name
                );
                match Connection::dial(now, *server, self.https, &path, around, env) {
                    Some(connection) => {
                        Looked::Next(Box::new(Step::Loading(*target, connection, Load::default())))
                    }
                    None => failed("connect to server2 failed!"),
                }
            }
            Step::Loading(target, connection, load) => match connection.poll(now, env) {
                Traffic::Opening => Looked::Waiting,
                Traffic::Refused(failure) => {
                    refused(now, &failure, "connect to server2 failed!", around, env)
                }
                Traffic::Moved | Traffic::Opened => Looked::Moved,
                Traffic::Open(stream) => load.look(now, *target, &self.request.name, stream, around, env),
            },
        }
    }

    /// The server's address is known.
    fn found(&mut self, now: Instant, server: IpAddr, around: &mut Around<'_>, env: &mut Env<'_>) -> Looked {
        if self.request.version.is_some() {
            return self.erase(now, server, around, env);
        }
        match Connection::dial(now, server, self.https, "?is_format_simple=true HTTP/1.0", around, env) {
            Some(connection) => Looked::Next(Box::new(Step::Asking(server, connection))),
            None => failed("connect to server failed!"),
        }
    }

    /// The version is known: makes room for it.
    fn erase(&mut self, now: Instant, server: IpAddr, around: &mut Around<'_>, env: &mut Env<'_>) -> Looked {
        around.out.log(&format!("version:{}", self.request.version.as_deref().unwrap_or_default()));
        let name = &self.request.name;
        // Whatever begins like it is taken for the firmware; no file of another name passes as one, though.
        let (target, size) = if name.starts_with(OTA) {
            let slot = env.flash.firmware.next_slot();
            if slot == around.system.running {
                return failed("esp_ota_begin failed!");
            }
            env.flash.firmware.erase(slot);
            (Target::Slot(slot), env.profile.slot_size)
        } else {
            let Some(partition) = flash::find(env.profile, name) else {
                return Looked::Failed(format!("no custom partition: {name}"));
            };
            around.out.log(&format!(
                "ready to upgrade partition: \"{name}\" type:0x{:x} subtype:0x{:x} addr:0x{:x} size:0x{:x} encrypt:0",
                partition.kind, partition.subtype, partition.address, partition.size
            ));
            env.flash.erase(env.profile, partition.name, 0, partition.bytes());
            (Target::Partition(partition.name), partition.size)
        };
        let until =
            (0..size.div_ceil(ERASE_BLOCK)).fold(now, |until, _| until + env.draw(|p| &p.times.erase_block));
        Looked::Next(Box::new(Step::Erasing(server, target, until)))
    }
}

impl Step {
    fn release(self, env: &mut Env<'_>) {
        match self {
            Step::Resolving(lookup) => env.stack.dns_release(lookup),
            Step::Asking(_, connection) | Step::Loading(_, connection, _) => connection.release(env.stack),
            Step::Erasing(..) => {}
        }
    }
}

/// How a connection stands.
enum Traffic {
    Opening,
    /// It went a step further.
    Moved,
    Refused(Failure),
    /// It is open now, and the request is sent.
    Opened,
    Open(stack::Connection),
}

impl Connection {
    fn dial(
        now: Instant,
        server: IpAddr,
        https: bool,
        path: &str,
        around: &Around<'_>,
        env: &mut Env<'_>,
    ) -> Option<Connection> {
        let options = dial::tcp_options(env);
        let port = if https { TLS_PORT } else { PORT };
        let dial = match https {
            // esp-tls looks the name up once more.
            true => {
                let tls = ClientTls { name: Some(SERVER.to_owned()), ..ClientTls::default() };
                let secure = tls.secure(now, around.system.clock, env).ok()?.patiently();
                let dial = Dial::host(now, (SERVER, port), DnsFamily::Ipv4, options, env.stack);
                dial.with_tls(Some(secure), env.stack)
            }
            false => Dial::address(now, SocketAddr::new(server, port), options, env.stack).ok()?,
        };
        let host =
            if env.profile.differences.update_host_name { SERVER.to_owned() } else { server.to_string() };
        let request = format!("GET /v1/device/rom/{path}\r\nHost: {host}:{port}\r\n{HEADERS}");
        Some(Connection { stream: Stream::Dialling(dial), request })
    }

    fn poll(&mut self, now: Instant, env: &mut Env<'_>) -> Traffic {
        let dial = match &mut self.stream {
            Stream::Open(stream) => return Traffic::Open(*stream),
            Stream::Dialling(dial) => dial,
        };
        match dial.poll(now, env.stack) {
            Dialling::Waiting => Traffic::Opening,
            Dialling::Moved => Traffic::Moved,
            Dialling::Failed(failure) => Traffic::Refused(failure),
            Dialling::Open((stream, _)) => {
                // A fresh connection takes more than a request has.
                env.stack.stream_send(stream, self.request.as_bytes());
                self.stream = Stream::Open(stream);
                Traffic::Opened
            }
        }
    }

    fn release(self, stack: &mut Stack) {
        match self.stream {
            Stream::Dialling(dial) => dial.release(stack),
            Stream::Open(stream) => stack.stream_release(stream),
        }
    }
}

/// A connection has not come about. `plain`: what the log port says of one without TLS.
fn refused(now: Instant, failure: &Failure, plain: &str, around: &mut Around<'_>, env: &Env<'_>) -> Looked {
    match failure {
        Failure::Tls(..) | Failure::UnknownHost(_) => {
            failure.log(now, around.out, env);
            failed("Failed to open a new connection")
        }
        _ => failed(plain),
    }
}

/// Nothing more will come.
fn is_over(stream: stack::Connection, stack: &Stack) -> bool {
    stack.stream_readable(stream) == 0
        && !matches!(stack.stream_state(stream), StreamState::Open | StreamState::Connecting)
}

/// The version in the server's answer; what the log port says when there is none.
fn recommended(answer: &[u8]) -> Result<String, &'static str> {
    let text = String::from_utf8_lossy(answer);
    let (_, rest) = text.split_once("rom_version\": \"").ok_or("rom_version error!")?;
    let (version, _) = rest.split_once("\",").ok_or("rom_version tail error!")?;
    Ok(version.to_owned())
}

impl Load {
    fn look(
        &mut self,
        now: Instant,
        target: Target,
        name: &str,
        stream: stack::Connection,
        around: &mut Around<'_>,
        env: &mut Env<'_>,
    ) -> Looked {
        if self.busy.take_if(|until| *until <= now).is_some() {
            return if self.total == Some(self.received) { self.finish(target, env) } else { Looked::Moved };
        }
        if self.busy.is_some() {
            return Looked::Waiting;
        }
        let data = env.stack.stream_recv(stream, BUFFER);
        if data.is_empty() {
            return match env.stack.stream_state(stream) {
                _ if !is_over(stream, env.stack) => Looked::Waiting,
                StreamState::PeerClosed => failed("receive all packet over!"),
                _ => failed("receive data error!"),
            };
        }
        let mut block = &data[..];
        let total = match self.total {
            Some(total) => total,
            None => {
                let Some((total, body)) = head(block) else { return self.finish(target, env) };
                around.out.log(&format!("total_len={total}!"));
                if let Err(why) = verify(name, body) {
                    return Looked::Failed(why);
                }
                block = body;
                self.total = Some(total);
                total
            }
        };
        let (size, refused) = match target {
            Target::Slot(_) => (env.profile.slot_size, "esp_ota_write failed!"),
            Target::Partition(name) => {
                (flash::find(env.profile, name).map_or(0, |p| p.size), "esp_partition_write failed!")
            }
        };
        if u32::try_from(self.received + block.len()).map_or(true, |end| end > size) {
            return failed(refused);
        }
        match target {
            Target::Slot(_) => {
                let missing = firmware::LEAST_IMAGE.saturating_sub(self.head.len());
                self.head.extend(block.iter().take(missing));
            }
            Target::Partition(name) => env.flash.write(env.profile, name, self.received, block),
        }
        self.received += block.len();
        // Of a text: nothing is decided by it.
        let percent = self.received as f64 * 100.0 / total as f64;
        around.out.log(&format!("total_len={total}({}), {percent:.1}%!", self.received));
        self.busy = Some(now + env.draw(|p| &p.times.write_block));
        Looked::Moved
    }

    /// Nothing more is expected. An image must be one; of a partition nothing is checked.
    fn finish(&self, target: Target, env: &mut Env<'_>) -> Looked {
        match (target, firmware::version(&self.head)) {
            (Target::Slot(_), None) => failed("esp_ota_end failed!"),
            (Target::Slot(slot), Some(version)) => {
                env.flash.firmware.install(slot, version);
                Looked::Done
            }
            (Target::Partition(_), _) => Looked::Done,
        }
    }
}

/// The length that the head of an answer promises, and the body behind it. The firmware looks for both in its first
/// read alone; an answer without a length ends the download.
fn head(answer: &[u8]) -> Option<(usize, &[u8])> {
    let find =
        |what: &[u8]| answer.windows(what.len()).position(|w| w == what).map(|at| &answer[at + what.len()..]);
    let digits = find(b"Content-Length: ")?;
    let digits = digits.iter().take_while(|b| b.is_ascii_digit());
    let total =
        digits.fold(0usize, |n, digit| n.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    Some((total, find(b"\r\n\r\n")?))
}

/// Whether a file begins as the partition wants it; what the log port says when it does not.
fn verify(name: &str, body: &[u8]) -> Result<(), String> {
    let Some((at, mark)) = firmware::signature(name) else { return Err(String::new()) };
    for (index, expected) in mark.iter().enumerate() {
        let Some(saw) = body.get(at + index) else { return Err(String::new()) };
        if saw != expected {
            return Err(format!(
                "{name} partition has an invalid magic byte (index:{index} expected 0x{expected:02x}, saw 0x{saw:02x})"
            ));
        }
    }
    Ok(())
}
