//! Runs a session in several ways, and says what does not hold that must hold for every session.

use std::collections::BTreeSet;
use std::fmt;

use super::commands;
use super::session::{Session, Step};
use super::way::caught;
use crate::at::table;
use crate::time::{Duration, Instant, Timebase};
use crate::uart::McuLoss;
use crate::world::scenario::LEAST_LATENCY_BETWEEN_MODULES;
use crate::world::{
    Attachment, Error, LanFrame, LanPort, ModuleId, Outcome, Recording, Scenario, Statistics, UartByte,
    World, replay, restore,
};

/// More events than that in a session are taken for a world that does not get on.
const MOST_EVENTS: u64 = 4_000_000;
/// More events than that at one instant, too.
const MOST_AT_ONCE: u64 = 100_000;

/// What did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In one sentence.
    pub sentence: String,
    /// The input log of the run up to there, scenario and all; empty when there was no world yet.
    pub log: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.sentence, self.log)
    }
}

/// How a command line was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// With OK.
    Ok,
    /// With ERROR.
    Error,
}

/// What a session came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The world's digest.
    pub digest: u64,
    /// How many command lines were sent.
    pub lines: usize,
    /// Which commands of the table were met, and how they were answered.
    pub answered: BTreeSet<(&'static str, Answer)>,
}

/// Runs a session: with drivers that go from event to event, with drivers that go as far as they may, and again from its
/// input log. A scenario that names files makes no world here, and nothing is run.
///
/// # Errors
/// What does not hold that must hold for every session. A panic is among it.
pub fn check(session: &Session) -> Result<Run, Failure> {
    let early = |sentence| Failure { sentence, log: String::new() };
    let scenario = caught(|| scenario(session)).map_err(early)?;
    let Some(eager) = run(&scenario, session, Gait::Eager)? else { return Ok(Run::default()) };
    let failed = |sentence: String| Failure { sentence, log: eager.log.clone() };
    let Some(lazy) = run(&scenario, session, Gait::Lazy)? else {
        return Err(failed("the same scenario makes a world once".to_owned()));
    };
    if let Some(what) = eager.differs(&lazy) {
        let again = run(&scenario, session, Gait::Eager)?;
        let same = again.is_some_and(|again| eager.differs(&again).is_none());
        let cause = if same { "how far a driver goes in one step" } else { "nothing but another run" };
        return Err(failed(format!("{cause} changed {what}")));
    }
    let again = || replay(&eager.log, Recording::default()).map_err(|error| error.to_string());
    match caught(|| again().map(|replayed| replayed.is_same())) {
        Ok(Some(true)) => Ok(eager.run),
        Ok(_) => Err(failed("the replay of the log has another digest".to_owned())),
        Err(why) => Err(failed(format!("the log can't be replayed: {why}"))),
    }
}

/// What a session's scenario is called, for messages.
const NAME: &str = "session.toml";

/// The session's scenario, or the built-in one where that is none.
fn scenario(session: &Session) -> Result<Scenario, String> {
    let built_in = || {
        Scenario::parse(Scenario::DEFAULT_NAME, Scenario::default_text()).map_err(|error| error.to_string())
    };
    match session.scenario.as_deref().map(|text| Scenario::parse(NAME, text)) {
        None => built_in(),
        Some(Ok(scenario)) => Ok(scenario),
        Some(Err(error)) if error.problems.is_empty() => Err(format!("an error without a mistake: {error}")),
        Some(Err(error)) if !error.to_string().contains(NAME) => {
            Err(format!("a report without a place: {error}"))
        }
        Some(Err(_)) => built_in(),
    }
}

/// An error unless it holds.
fn holds(it: bool, sentence: impl FnOnce() -> String) -> Result<(), String> {
    if it { Ok(()) } else { Err(sentence()) }
}

/// A refusal that no session should meet.
fn refused(error: Error) -> String {
    format!("refused: {error}")
}

/// How a driver moves through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gait {
    /// From event to event, reading at once; one module after the other.
    Eager,
    /// As far as it may, reading late; all modules together.
    Lazy,
}

/// What a run came to. Must not depend on the gait, but for the log.
struct Ran {
    run: Run,
    content: u64,
    bytes: Vec<Vec<UartByte>>,
    answers: Vec<String>,
    statistics: Vec<Statistics>,
    verdicts: Vec<Outcome>,
    frames: Vec<LanFrame>,
    log: String,
}

impl Ran {
    /// In what two runs differ, if they do.
    fn differs(&self, other: &Ran) -> Option<String> {
        let same = [
            ("the bytes that came", self.bytes == other.bytes),
            ("what the console answers", self.answers == other.answers),
            ("counters", self.statistics == other.statistics),
            ("what came of expectations", self.verdicts == other.verdicts),
            ("the frames for a device on the LAN", self.frames == other.frames),
            ("the digest", self.run.digest == other.run.digest),
            ("the content digest", self.content == other.content),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(what, _)| what.to_owned())
    }
}

/// One run. `None`: there is no such world.
fn run(scenario: &Scenario, session: &Session, gait: Gait) -> Result<Option<Ran>, Failure> {
    // The lazy one has nothing recorded: recording changes nothing.
    let on = gait == Gait::Eager;
    let recording = Recording {
        capture: on,
        packets: on,
        log: on,
        dialogue: on,
        observations: on,
        // Questions are answered alike.
        history: true,
        log_port: on,
        pins: on,
        host_received: on,
        keylog: on,
        external: false,
        snapshot: on,
    };
    let made = caught(|| match World::new(scenario, None, recording) {
        Ok(world) => Ok(Some(world)),
        // It names files of certificates, which nobody reads here.
        Err(Error::Network(why) | Error::ModuleFile(why))
            if !scenario.named_files().is_empty() && !why.is_empty() =>
        {
            Ok(None)
        }
        Err(error) => Err(format!("a good scenario makes no world: {error}")),
    });
    let Some(world) = made.map_err(|sentence| Failure { sentence, log: String::new() })? else {
        return Ok(None);
    };
    let origin = Instant::ZERO + session.origin.unwrap_or_default();
    let timebase = Timebase::new(session.hz.unwrap_or(1_000_000_000), origin);
    let mut driver = Driver {
        world,
        timebase: timebase.unwrap_or(Timebase::NANOS),
        gait,
        tick: 0,
        modules: Vec::new(),
        current: 0,
        events: 0,
        answers: Vec::new(),
        cable: None,
        frames: Vec::new(),
        recording,
        log: Vec::new(),
        run: Run::default(),
    };
    match caught(|| driver.session(session)) {
        Ok(()) => Ok(Some(driver.ran())),
        Err(sentence) => {
            driver.log.extend(driver.world.take_log_to_here());
            Err(Failure { sentence, log: String::from_utf8_lossy(&driver.log).into_owned() })
        }
    }
}

/// One module, and what its host has seen.
struct Driven {
    id: ModuleId,
    name: String,
    /// The last byte that came, for times that run backwards.
    last: Instant,
    bytes: Vec<UartByte>,
    /// The command that was sent last, and how many bytes had come before.
    asked: Option<(&'static str, usize)>,
}

/// The drivers of a world's modules.
struct Driver {
    world: World,
    timebase: Timebase,
    gait: Gait,
    tick: u64,
    modules: Vec<Driven>,
    /// Whose host acts.
    current: usize,
    events: u64,
    answers: Vec<String>,
    /// A device's cable into a LAN, and what has come out of it.
    cable: Option<LanPort>,
    frames: Vec<LanFrame>,
    recording: Recording,
    log: Vec<u8>,
    run: Run,
}

impl Driver {
    fn session(&mut self, session: &Session) -> Result<(), String> {
        let names: Vec<String> = self.world.module_names().into_iter().map(str::to_owned).collect();
        for name in names {
            let id = self.attach(&name)?;
            let (last, bytes, asked) = (Instant::ZERO, Vec::new(), None);
            self.modules.push(Driven { id, name, last, bytes, asked });
        }
        for step in &session.steps {
            self.step(step)?;
            if self.gait == Gait::Eager {
                self.collect()?;
            }
        }
        self.collect()?;
        self.world.finish();
        self.collect()?;
        (0..self.modules.len()).for_each(|module| self.answered(module));
        self.run.digest = self.world.digest();
        let open = self.world.verdicts().iter().any(|verdict| verdict.outcome == Outcome::Open);
        holds(!open, || "an expectation is open after the end".to_owned())
    }

    fn ran(self) -> Ran {
        let statistics = self.modules.iter().filter_map(|module| self.world.statistics(module.id).ok());
        Ran {
            content: self.world.content_digest(),
            statistics: statistics.collect(),
            verdicts: self.world.verdicts().into_iter().map(|verdict| verdict.outcome).collect(),
            bytes: self.modules.into_iter().map(|module| module.bytes).collect(),
            answers: self.answers,
            frames: self.frames,
            log: String::from_utf8_lossy(&self.log).into_owned(),
            run: self.run,
        }
    }

    fn attach(&mut self, name: &str) -> Result<ModuleId, String> {
        let attachment = Attachment { timebase: self.timebase, ..Attachment::default() };
        self.world.attach(name, attachment).map_err(refused)
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let (module, tick) = (self.modules[self.current].id, self.tick);
        match step {
            Step::Send(bytes) => {
                self.asked(bytes);
                for byte in bytes {
                    match self.world.uart_write(module, tick, *byte) {
                        Ok(()) | Err(Error::McuQueueFull { .. }) => {}
                        Err(other) => return Err(refused(other)),
                    }
                }
                Ok(())
            }
            Step::Wait(pause) => self.wait(*pause),
            Step::Console(line) => {
                let answer = match self.world.console(line) {
                    Ok(answer) => answer,
                    Err(Error::Console(why)) => {
                        holds(!why.is_empty() && !why.contains('\n'), || {
                            format!("no sentence for {line:?}: {why:?}")
                        })?;
                        why
                    }
                    Err(other) => return Err(format!("the console answers {line:?} with {other}")),
                };
                self.answers.push(answer);
                Ok(())
            }
            Step::Pin(pin, high) => self.world.set_pin(module, tick, *pin, *high).map_err(refused),
            Step::Uart(line) => match self.world.set_mcu_line(module, tick, *line) {
                Ok(()) | Err(Error::LineSettings(_)) => Ok(()),
                Err(other) => Err(refused(other)),
            },
            Step::Overrun => self.world.mcu_overrun(module, tick, b'x', McuLoss::Full).map_err(refused),
            Step::Print(line) => self.world.mcu_printed(module, tick, line).map_err(refused),
            Step::Lan(access_point) => match self.world.lan_attach(access_point) {
                Ok(port) => {
                    self.collect()?;
                    self.cable = Some(port);
                    Ok(())
                }
                Err(Error::Lan(_)) => Ok(()),
                Err(other) => Err(refused(other)),
            },
            Step::Frame(bytes) => {
                let Some(port) = self.cable else { return Ok(()) };
                match self.world.lan_send(port, self.instant(tick)?, bytes) {
                    Ok(()) | Err(Error::Lan(_)) => Ok(()),
                    Err(other) => Err(refused(other)),
                }
            }
            Step::Snapshot => self.save_and_restore(),
            Step::Detach => {
                self.collect()?;
                self.world.detach(module).map_err(refused)?;
                let name = self.modules[self.current].name.clone();
                self.modules[self.current].id = self.attach(&name)?;
                Ok(())
            }
            Step::Module(name) => {
                self.current = self.modules.iter().position(|m| m.name == *name).unwrap_or(self.current);
                Ok(())
            }
        }
    }

    /// The world goes on as it comes out of its snapshot: one of two drivers does so, and what comes of it is the same.
    fn save_and_restore(&mut self) -> Result<(), String> {
        if self.gait == Gait::Lazy {
            return Ok(());
        }
        self.collect()?;
        let snapshot = self.world.snapshot().unwrap_or_default();
        let snapshot = String::from_utf8(snapshot).map_err(|error| error.to_string())?;
        let restored = restore(&snapshot, self.recording);
        self.world = restored.map_err(|error| format!("a snapshot can't be restored: {error}"))?;
        // The log of the restored world begins at time 0.
        self.log.clear();
        Ok(())
    }

    fn wait(&mut self, pause: Duration) -> Result<(), String> {
        let now = self.instant(self.tick)?;
        let end = self.timebase.tick(now + pause);
        if self.gait == Gait::Lazy {
            return self.go(end);
        }
        let mut at_once = 0;
        loop {
            let next = self.modules.iter().filter_map(|m| self.world.next_event(m.id).transpose());
            let next = next.collect::<Result<Vec<u64>, Error>>().map_err(refused)?.into_iter().min();
            let next = next.filter(|next| *next <= end);
            let to = next.unwrap_or(end);
            holds(to >= self.tick, || {
                format!("the next event was in the past: tick {to}, reached {}", self.tick)
            })?;
            at_once = if to == self.tick { at_once + 1 } else { 0 };
            self.go(to)?;
            self.collect()?;
            if next.is_none() {
                return Ok(());
            }
            self.events += 1;
            holds(at_once <= MOST_AT_ONCE && self.events <= MOST_EVENTS, || {
                let events = self.events;
                format!("{events} events, {at_once} of them at tick {to}: the world does not get on")
            })?;
        }
    }

    /// Lets time pass for all modules.
    fn go(&mut self, tick: u64) -> Result<(), String> {
        let at = self.instant(tick)?;
        if let [only] = self.modules.as_slice() {
            self.world.advance(only.id, tick).map_err(refused)?;
        } else if self.gait == Gait::Lazy {
            self.world.advance_all(at).map_err(refused)?;
        } else {
            // Side by side until one may be there already while the others are not; then one after the other, each time
            // another one first.
            let near = self.timebase.tick(at - LEAST_LATENCY_BETWEEN_MODULES);
            if near > self.tick {
                self.world.advance_all(self.instant(near)?).map_err(refused)?;
            }
            let first = self.events as usize % self.modules.len();
            let (behind, before) = self.modules.split_at(first);
            for module in before.iter().chain(behind) {
                self.world.advance(module.id, tick).map_err(refused)?;
            }
        }
        self.tick = tick;
        Ok(())
    }

    fn instant(&self, tick: u64) -> Result<Instant, String> {
        self.timebase.instant(tick).ok_or_else(|| "a time beyond 584 years".to_owned())
    }

    fn collect(&mut self) -> Result<(), String> {
        for module in &mut self.modules {
            while let Some(byte) = self.world.uart_read(module.id).map_err(refused)? {
                holds(byte.at >= module.last, || {
                    format!("a byte at {} comes after one at {}", byte.at, module.last)
                })?;
                holds(byte.tick <= self.tick, || {
                    format!("a byte of tick {} is read at tick {}", byte.tick, self.tick)
                })?;
                module.last = byte.at;
                module.bytes.push(byte);
            }
        }
        while let Some(frame) =
            self.cable.map(|port| self.world.lan_read(port)).transpose().map_err(refused)?.flatten()
        {
            let last = self.frames.last().map_or(Instant::ZERO, |last| last.at);
            holds(frame.at >= last, || format!("a frame at {} comes after one at {last}", frame.at))?;
            self.frames.push(frame);
        }
        self.log.extend(self.world.take_log());
        self.world.take_capture();
        self.world.take_dialogue();
        self.world.take_warnings();
        for seen in self.world.take_observations() {
            let now = self.timebase.tick(seen.at);
            holds(now <= self.tick, || format!("observed in the future: {seen:?} at tick {}", self.tick))?;
        }
        Ok(())
    }

    /// The host of the current module sends this: what it is, if it is a command line.
    fn asked(&mut self, sent: &[u8]) {
        self.answered(self.current);
        let Some(name) = sent.strip_suffix(b"\r\n").and_then(commands::name) else { return };
        let command = table::all().into_iter().find(|command| command.name.as_bytes() == name);
        self.run.lines += 1;
        let module = &mut self.modules[self.current];
        module.asked = command.map(|command| (command.name, module.bytes.len()));
    }

    /// Notes how the command that a module was asked last has been answered.
    fn answered(&mut self, module: usize) {
        let module = &mut self.modules[module];
        let Some((name, before)) = module.asked.take() else { return };
        let came: Vec<u8> = module.bytes[before..].iter().map(|byte| byte.byte).collect();
        for (end, answer) in [(&b"\r\nOK\r\n"[..], Answer::Ok), (b"\r\nERROR\r\n", Answer::Error)] {
            if came.windows(end.len()).any(|window| window == end) {
                self.run.answered.insert((name, answer));
                break;
            }
        }
    }
}
