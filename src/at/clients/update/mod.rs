//! A firmware update under way: what the release's own code for AT+CIUPDATE does on the network and in flash.
//!
//! The vendor's server is looked up; without a version it is asked for the one that it recommends, over a first
//! connection; the slot for the new firmware (or another partition) is erased; the file comes over a second connection
//! and is written while it comes. Each step that is done is a state, and a line for the host.
//!
//! Over HTTPS both connections are opened with an empty configuration: the server's name is sent, nothing is verified,
//! what AT+CIPSSLCCONF and its kin have set does not count, and there is no limit of time: the release's timer closes a
//! socket that is none then.

mod connection;
mod load;
mod progress;

use std::net::IpAddr;

use crate::at::output::Output;
use crate::at::system::System;
use crate::at::{Env, flash};
use crate::net::firmware::OTA;
use crate::net::stack::{DnsFamily, DnsState, Question};
use crate::time::{Duration, Instant};
use connection::{BUFFER, Connection, SERVER, Traffic, is_over, refused};
use load::{Load, Target};
pub use progress::State;
use progress::{Around, Looked, failed};

/// The whole update may take so long, over plain HTTP.
const TIMEOUT: Duration = Duration::from_secs(180);
/// Flash is erased in blocks of so many bytes.
const ERASE_BLOCK: u32 = 64 << 10;

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
                let target = *target;
                match Connection::dial(now, *server, self.https, &path, around, env) {
                    Some(connection) => self.go(Step::Loading(target, connection, Load::default()), env),
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
            Some(connection) => self.go(Step::Asking(server, connection), env),
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
            env.flash.erase(env.profile, &env.build, partition.name, 0, partition.bytes());
            (Target::Partition(partition.name), partition.size)
        };
        let until =
            (0..size.div_ceil(ERASE_BLOCK)).fold(now, |until, _| until + env.draw(|p| &p.times.erase_block));
        self.go(Step::Erasing(server, target, until), env)
    }

    /// The next step; what the one before has open is let go of.
    fn go(&mut self, step: Step, env: &mut Env<'_>) -> Looked {
        std::mem::replace(&mut self.step, step).release(env);
        Looked::Moved
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

/// The version in the server's answer; what the log port says when there is none.
fn recommended(answer: &[u8]) -> Result<String, &'static str> {
    let text = String::from_utf8_lossy(answer);
    let (_, rest) = text.split_once("rom_version\": \"").ok_or("rom_version error!")?;
    let (version, _) = rest.split_once("\",").ok_or("rom_version tail error!")?;
    Ok(version.to_owned())
}
