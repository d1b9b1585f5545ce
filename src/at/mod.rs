//! The AT firmware: collects lines, runs commands, prints what happens to the station and the links.
//!
//! Bytes go in with [`At::receive`], time with [`At::poll`]; what it wants to send is taken from
//! [`At::take_output`]. What stands below it (IP stack, station, saved settings) is lent to it as an [`Env`]
//! for each call.

pub mod commands;
mod datagrams;
pub mod error;
mod job;
mod line;
pub mod links;
mod long_send;
pub mod nvs;
mod output;
pub mod params;
mod payload;
mod receive;
pub mod schema;
mod server;
mod sockets;
pub mod table;

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use crate::capture::Mark;
use crate::net::stack::Stack;
use crate::profile::{Profile, Range, Timing};
use crate::rng::Stream;
use crate::time::{Duration, Instant, earliest};
use crate::wifi::{Air, JoinRequest, Station, StationEvent, Status, Surroundings};
use commands::{Context, Outcome};
use error::ErrorCode;
use job::{Job, Progress};
use line::{Completed, LineBuffer};
use links::Links;
use long_send::{BlockSizes, LongSend};
pub use nvs::Nvs;
use nvs::SavedJoin;
use output::Output;
use params::{CommandLine, Form, Raw};
use payload::Payload;
use schema::{Args, Presence};
use server::Server;
use table::{Command, Need, Syntax};

/// What stands below the AT firmware, lent for one call.
pub struct Env<'e> {
    /// The module's IP stack.
    pub stack: &'e mut Stack,
    /// Its station.
    pub station: &'e mut Station,
    /// What is on the air.
    pub air: &'e Air,
    /// Its saved settings.
    pub nvs: &'e mut Nvs,
    /// Its facts.
    pub profile: &'static Profile,
    /// How its times are drawn.
    pub timing: Timing,
    /// Where they are drawn from.
    pub rng: &'e mut Stream,
}

impl Env<'_> {
    /// The station's address, once `WIFI GOT IP` has been said.
    pub fn address(&self) -> Option<Ipv4Addr> {
        match self.station.status() {
            Status::GotIp => self.stack.ipv4().map(|c| c.address),
            _ => None,
        }
    }

    /// Draws how long something takes.
    pub fn draw(&mut self, pick: fn(&Profile) -> &Range) -> Duration {
        pick(self.profile).draw(self.timing, self.rng)
    }

    /// Lets the station do what is due.
    pub fn poll_station(&mut self, now: Instant) {
        let mut around =
            Surroundings { air: self.air, profile: self.profile, timing: self.timing, rng: self.rng };
        self.station.poll(now, self.stack, &mut around);
    }

    /// Lets the station join.
    pub fn start_join(&mut self, now: Instant, request: JoinRequest, commanded: bool) {
        let mut around =
            Surroundings { air: self.air, profile: self.profile, timing: self.timing, rng: self.rng };
        self.station.join(now, request, commanded, self.stack, &mut around);
    }
}

/// Something that happened to the station or a link, for people who look at a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// `station` or `link`.
    pub kind: &'static str,
    /// Such as `joined home as 192.168.1.100` or `0 opened TCP 203.0.113.10:80`.
    pub text: String,
}

/// Options of AT+CWJAP that are only shown again.
#[derive(Clone, Copy, Debug, Default)]
pub struct JoinOptions {
    pci_en: u8,
    listen_interval: u8,
    scan_mode: u8,
    pmf: u8,
}

/// The AT firmware's state, as far as commands see it. All of it is gone after a restart.
#[derive(Debug)]
pub struct Core {
    echo: bool,
    syslog: bool,
    multiple: bool,
    sender_info: bool,
    /// The settings in force. What AT+SYSSTORE=0 keeps out of flash is only here.
    settings: Nvs,
    /// AT+SYSSTORE: settings go into flash, too.
    store: bool,
    join_options: JoinOptions,
    last_join: Option<JoinRequest>,
    /// AT+CIPRECVMODE=1.
    passive: bool,
    /// AT+CIPMODE=1.
    passthrough: bool,
    links: Links,
    had_link: bool,
    server: Server,
    payload: Option<Payload>,
    long_send: Option<LongSend>,
    /// AT+CIPSENDLCFG.
    block_sizes: BlockSizes,
    out: Output,
    log: VecDeque<u8>,
    remarks: VecDeque<Remark>,
    starved: bool,
}

impl Core {
    fn station_on(&self) -> bool {
        self.settings.wifi.mode & 1 != 0
    }

    fn softap_on(&self) -> bool {
        self.settings.wifi.mode & 2 != 0
    }

    fn join_saved(&mut self, now: Instant, env: &mut Env<'_>) {
        if let Some(request) = self.settings.wifi.join.as_ref().map(SavedJoin::request) {
            self.last_join = Some(request.clone());
            env.start_join(now, request, false);
        }
    }

    fn remark(&mut self, kind: &'static str, text: String) {
        self.remarks.push_back(Remark { kind, text });
    }

    /// Prints a line on the log port (UART0), where the firmware says why something failed. The library's texts
    /// end in `\r`, and `puts` adds a converted newline.
    fn log(&mut self, text: &str) {
        self.log.extend(text.bytes().chain(*b"\r\r\n"));
    }
}

/// What the parser is doing.
#[derive(Debug)]
enum Phase {
    /// It waits for a line.
    Idle,
    /// A line is complete; its command runs at this time.
    Parsed(Instant, Completed),
    /// A command is under way.
    Running(Job),
}

/// The AT firmware of one module.
#[derive(Debug)]
pub struct At {
    core: Core,
    line: LineBuffer,
    phase: Phase,
    restart: bool,
}

impl At {
    /// The firmware right after its start: saved settings in force, nothing printed yet.
    pub fn boot(now: Instant, env: &mut Env<'_>) -> At {
        let mut core = Core {
            echo: true,
            syslog: false,
            multiple: false,
            sender_info: false,
            settings: env.nvs.clone(),
            store: true,
            join_options: JoinOptions { listen_interval: 3, ..JoinOptions::default() },
            last_join: None,
            passive: false,
            passthrough: false,
            links: Links::new(env.profile.links),
            had_link: false,
            server: Server::new(env.profile.links),
            payload: None,
            long_send: None,
            block_sizes: BlockSizes::default(),
            out: Output::default(),
            log: VecDeque::new(),
            remarks: VecDeque::new(),
            starved: false,
        };
        let on = core.station_on();
        env.station.enable(now, on, env.stack);
        // The Wi-Fi commands come up before `ready` is printed, so a saved access point is being joined by then.
        if on {
            core.join_saved(now, env);
        }
        core.out.text("\r\nready\r\n");
        At { core, line: LineBuffer::new(env.profile.line_max), phase: Phase::Idle, restart: false }
    }

    /// A byte has arrived. Returns what it is part of.
    pub fn receive(&mut self, now: Instant, byte: u8, env: &mut Env<'_>) -> Mark {
        if let Some(long) = &mut self.core.long_send {
            return if long.push(now, byte) { Mark::DataEnd } else { Mark::Data };
        }
        if let Some(payload) = &mut self.core.payload {
            if !payload.push(now, byte) {
                return Mark::Data;
            }
            if let Some(payload) = self.core.payload.take() {
                let at = now + env.draw(|p| &p.times.send);
                self.phase = Phase::Running(Job::Received(at, payload));
            }
            return Mark::DataEnd;
        }
        let completed = self.line.push(byte);
        let idle = matches!(self.phase, Phase::Idle);
        // What is typed while a command runs is not echoed (unless the command ends before the line does).
        if idle && self.core.echo {
            self.core.out.echo(self.line.unechoed());
        }
        let Some(completed) = completed else { return Mark::Text };
        self.line.clear();
        if idle {
            if completed != Completed::Line(Vec::new()) {
                let at = now + env.draw(|p| &p.times.command);
                self.phase = Phase::Parsed(at, completed);
            }
        } else if matches!(&completed, Completed::Line(line) if line.ends_with(b"AT+RST")) {
            self.core.out.text("\r\nWill force to restart!!!\r\n");
            self.restart = true;
        } else {
            self.core.out.busy(self.core.syslog);
        }
        Mark::TextEnd
    }

    /// When [`At::poll`] must be called at the latest, the stack and the station apart.
    pub fn next_timer(&self) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Idle => None,
            Phase::Parsed(at, _) => Some(*at),
            Phase::Running(job) => job.next_timer(),
        };
        // A chip that restarts serves no links any more.
        earliest([phase, self.core.next_timer().filter(|_| !self.restart)])
    }

    /// Does what is due, and looks at everything below that may have moved. `room`: bytes that fit into the
    /// UART's transmit ring. True when it did something to the stack: poll that again.
    pub fn poll(&mut self, now: Instant, env: &mut Env<'_>, room: usize) -> bool {
        let mut moved = false;
        while let Some(event) = env.station.take_event() {
            moved = true;
            self.station_event(event, env);
            self.progress(now, env, Some(event));
        }
        if let Phase::Parsed(at, _) = &self.phase
            && *at <= now
            && let Phase::Parsed(_, completed) = std::mem::replace(&mut self.phase, Phase::Idle)
        {
            moved = true;
            self.run(now, completed, env);
        }
        moved |= self.progress(now, env, None);
        if !self.restart {
            self.core.cancel_payload(now);
            moved |= long_send::progress(now, &mut self.core, env);
            moved |= server::serve(now, &mut self.core, env);
        }
        moved | receive::pump(&mut self.core, env, room)
    }

    /// True when the chip is to be reset as soon as everything printed has left the wire.
    pub fn wants_restart(&self) -> bool {
        self.restart
    }

    /// True when received data waits for room in the transmit ring.
    pub fn is_starved(&self) -> bool {
        self.core.starved
    }

    /// The next remark on what has happened to a link, for the capture.
    pub fn take_remark(&mut self) -> Option<Remark> {
        self.core.remarks.pop_front()
    }

    /// The next byte to send.
    pub fn take_output(&mut self) -> Option<(u8, Mark)> {
        self.core.out.take()
    }

    /// The next byte for the log port.
    pub fn take_log(&mut self) -> Option<u8> {
        self.core.log.pop_front()
    }

    fn station_event(&mut self, event: StationEvent, env: &mut Env<'_>) {
        match event {
            StationEvent::Connected => {
                let ap = env.station.ap().map_or("?", |ap| ap.name.as_str());
                self.core.remark("station", format!("associated with {ap}"));
                self.core.out.text("WIFI CONNECTED\r\n");
            }
            StationEvent::GotIp => {
                let ap = env.station.ap().map_or("?", |ap| ap.name.as_str());
                let address = env.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
                self.core.remark("station", format!("joined {ap} as {address}"));
                self.core.out.text("WIFI GOT IP\r\n");
            }
            StationEvent::Disconnected => {
                // The sockets are cleaned up before the text is printed (a guess from the library's order).
                for id in 0..self.core.links.count() {
                    self.core.close_link(id, env.stack);
                }
                self.core.had_link = false;
                self.core.remark("station", "disconnected".to_owned());
                self.core.out.text("WIFI DISCONNECT\r\n");
            }
            StationEvent::JoinFailed(_) => {}
        }
    }

    fn run(&mut self, now: Instant, completed: Completed, env: &mut Env<'_>) {
        let outcome = match completed {
            Completed::TooLong => Err(ErrorCode::NO_AT),
            Completed::Line(line) => CommandLine::parse(&line).and_then(|line| self.execute(now, &line, env)),
        };
        match outcome {
            Ok(Outcome::Ok) => self.core.out.ok(),
            Ok(Outcome::Done) => {}
            Ok(Outcome::Run(job)) => {
                if matches!(job, Job::Restart) {
                    self.restart = true;
                }
                self.phase = Phase::Running(job);
            }
            Err(code) => self.core.out.error(code, self.core.syslog),
        }
    }

    fn execute(&mut self, now: Instant, line: &CommandLine, env: &mut Env<'_>) -> Result<Outcome, ErrorCode> {
        let command = table::find(&line.name).ok_or(ErrorCode::UNSUPPORTED)?;
        let (handler, args) = match line.form {
            Form::Test => None,
            Form::Query => command.query.map(|h| (h, Args::default())),
            Form::Execute => command.execute.map(|h| (h, Args::default())),
            Form::Set => match &command.set {
                Some(set) => Some((set.handler, self.check(command, &line.params)?)),
                None => None,
            },
        }
        .ok_or(ErrorCode::WRONG_FORM)?;
        if matches!(line.form, Form::Set | Form::Execute) {
            self.require(command, env)?;
        }
        handler(&mut Context { now, core: &mut self.core, env }, &args)
    }

    fn check(&self, command: &Command, raw: &[Raw]) -> Result<Args, ErrorCode> {
        let Some(set) = &command.set else { return Err(ErrorCode::WRONG_FORM) };
        let multiple = self.core.multiple;
        let syntax = match set.selector {
            None => set.syntaxes.first(),
            Some(index) => {
                let id_first = |s: &Syntax| {
                    s.params.first().is_some_and(|p| matches!(p.presence, Presence::MultipleOnly))
                };
                let index = index + usize::from(multiple && set.syntaxes.iter().any(id_first));
                match raw.get(index) {
                    Some(Raw::Text(t)) => set.syntaxes.iter().find(|s| t.starts_with(s.when.as_bytes())),
                    // Wrong or missing: the first syntax has the code for it.
                    _ => set.syntaxes.first(),
                }
                .or(set.syntaxes.first())
            }
        };
        let syntax = syntax.ok_or(ErrorCode::WRONG_FORM)?;
        Args::check(syntax.params, raw, multiple)
    }

    fn require(&self, command: &Command, env: &Env<'_>) -> Result<(), ErrorCode> {
        let met = command.needs.iter().all(|need| match need {
            Need::Station => self.core.station_on(),
            Need::Address => env.address().is_some(),
        });
        if met { Ok(()) } else { Err(ErrorCode::FAILED) }
    }

    /// Looks at the running job until it waits. True when it went further.
    fn progress(&mut self, now: Instant, env: &mut Env<'_>, event: Option<StationEvent>) -> bool {
        let mut moved = false;
        while let Phase::Running(_) = self.phase {
            let Phase::Running(job) = std::mem::replace(&mut self.phase, Phase::Idle) else { break };
            match job.poll(now, &mut self.core, env, event) {
                Progress::Waiting(job) => {
                    self.phase = Phase::Running(job);
                    break;
                }
                Progress::Moved(job) => self.phase = Phase::Running(job),
                Progress::End(Ok(())) => self.core.out.ok(),
                Progress::End(Err(code)) => self.core.out.error(code, self.core.syslog),
                Progress::Quiet => {}
            }
            moved = true;
        }
        if let Phase::Idle = self.phase {
            self.core.links.release_reservation();
        }
        moved
    }
}
