//! A session: one world and the places to which its records go.
//!
//! Whoever drives a world with files (the QEMU plugin, the command line) does so through a [`Session`]. After
//! each step it moves what the world has recorded (capture, input log, dialogue, warnings) on to the outputs, and
//! what modules have saved into their files.
//!
//! Two locks keep threads apart. The world's is held only while the world moves. The outputs' is taken
//! afterwards, and the world's again only to take the records out, so records keep their order, and a slow
//! output makes nobody wait for the world who has nothing to write.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{CaptureSink, External, SavedFiles, Sink, with_room};
use crate::capture::UartPacket;
use crate::world::{Error, Observation, Recording, Scenario, World};

/// Takes one packet of the dialogue, with the name of its module.
pub type OnPacket = Box<dyn FnMut(&str, &UartPacket) + Send>;
/// Takes one thing that has happened.
pub type OnEvent = Box<dyn FnMut(&Observation) + Send>;
/// Takes one warning, a sentence.
pub type OnWarning = Box<dyn FnMut(&str) + Send>;

/// Where a world's records go. What has no output is not recorded unless `pulled` asks for it.
#[derive(Default)]
pub struct Outputs {
    /// The capture.
    pub capture: Option<CaptureSink>,
    /// The input log (text).
    pub log: Option<Sink>,
    /// The TLS key log (text).
    pub keylog: Option<Sink>,
    /// The dialogue.
    pub dialogue: Option<OnPacket>,
    /// What happens.
    pub events: Option<OnEvent>,
    /// Warnings. Without an output they wait in the world.
    pub warnings: Option<OnWarning>,
    /// The files of what modules have saved.
    pub saved: SavedFiles,
    /// The way to real programs; without it a scenario that has `external` is refused.
    pub external: Option<External>,
    /// What is recorded without an output: it waits in the world until [`Session::peek`] takes it out.
    pub pulled: Recording,
}

impl Outputs {
    /// What a world must record for them.
    pub fn recording(&self) -> Recording {
        Recording {
            capture: self.capture.is_some() || self.pulled.capture,
            log: self.log.is_some() || self.pulled.log,
            keylog: self.keylog.is_some() || self.pulled.keylog,
            dialogue: self.dialogue.is_some() || self.pulled.dialogue,
            observations: self.events.is_some() || self.pulled.observations,
            external: self.external.is_some(),
            ..self.pulled
        }
    }
}

/// The world panicked in an earlier call: what it would say now means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poisoned;

impl std::fmt::Display for Poisoned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an internal error stopped this world; see the message that was printed with it")
    }
}

impl std::error::Error for Poisoned {}

/// One world and its outputs. Any thread may call.
pub struct Session {
    world: Mutex<World>,
    outputs: Mutex<Outputs>,
    external: Option<Mutex<External>>,
    names: Vec<String>,
}

impl Session {
    /// A world at time 0 that records what `outputs` wants, its modules with what their files hold. `seed` goes
    /// before the scenario's.
    pub fn new(scenario: &Scenario, seed: Option<u64>, mut outputs: Outputs) -> Result<Session, Error> {
        let mut scenario = scenario.clone();
        outputs.saved = SavedFiles::read(&mut scenario).map_err(|e| Error::Saved(e.to_string()))?;
        if outputs.external.is_none() {
            External::refuse(&scenario).map_err(Error::Network)?;
        }
        let recording = outputs.recording();
        let made = with_room(|| World::new(&scenario, seed, recording).map(Box::new));
        let mut world =
            made.map_err(|e| Error::Network(format!("there is no thread to build it: {e}")))??;
        if let Some(capture) = &mut outputs.capture {
            // Whether it can be made as it is asked for shows with its first bytes, which have the interfaces.
            capture.write(world.take_capture()).map_err(|e| Error::Capture(e.to_string()))?;
        }
        Ok(Session::of(*world, outputs))
    }

    /// A session of a world that exists, recording what `outputs` wants ([`Outputs::recording`]).
    pub fn of(world: World, mut outputs: Outputs) -> Session {
        let names = world.module_names().iter().map(|n| (*n).to_owned()).collect();
        let external = outputs.external.take().map(Mutex::new);
        let session = Session { world: Mutex::new(world), outputs: Mutex::new(outputs), external, names };
        session.pass_on();
        session
    }

    /// Lets `f` use the world, then hands on what it recorded.
    pub fn with<R>(&self, f: impl FnOnce(&mut World) -> R) -> Result<R, Poisoned> {
        let mut world = self.world.lock().map_err(|_| Poisoned)?;
        let result = f(&mut world);
        if let Some(external) = &self.external {
            external.lock().unwrap_or_else(PoisonError::into_inner).carry(&mut world);
        }
        drop(world);
        self.pass_on();
        Ok(result)
    }

    /// Lets `f` use the world and hands nothing on: for questions, and to take out what has no output. Never
    /// waits for an output.
    pub fn peek<R>(&self, f: impl FnOnce(&mut World) -> R) -> Result<R, Poisoned> {
        self.world.lock().map(|mut world| f(&mut world)).map_err(|_| Poisoned)
    }

    /// Carries what there is between real programs and the world, which is locked already.
    pub fn carry(&self, world: &mut World) {
        if let Some(external) = &self.external {
            external.lock().unwrap_or_else(PoisonError::into_inner).carry(world);
        }
    }

    /// True while a real program may send something by itself.
    pub fn reaches_out(&self) -> bool {
        let external = self.external.as_ref();
        external.is_some_and(|external| external.lock().unwrap_or_else(PoisonError::into_inner).is_open())
    }

    /// Hands on what is recorded and waits until the sinks have written it. Returns a sentence for each that
    /// failed.
    pub fn flush(&self) -> Vec<String> {
        self.pass_on();
        let mut outputs = self.outputs();
        let Outputs { capture, log, keylog, saved, .. } = &mut *outputs;
        let capture = capture.as_mut().map(CaptureSink::flush);
        let sinks = [log, keylog].into_iter().flatten().map(Sink::flush);
        let failures = capture.into_iter().chain(sinks).filter_map(Result::err).map(|e| e.to_string());
        failures.chain(saved.failure()).collect()
    }

    /// Writes out what is left and closes the outputs. Returns a sentence for each that failed. Nothing is
    /// recorded afterwards; a second call does nothing.
    pub fn finish(&self) -> Vec<String> {
        if let Ok(mut world) = self.world.lock() {
            world.finish();
        }
        self.pass_on();
        let Outputs { capture, log, keylog, saved, mut warnings, .. } = std::mem::take(&mut *self.outputs());
        let (news, capture) = capture.map_or((None, Ok(())), CaptureSink::close);
        self.warn(&mut warnings, news);
        let sinks = [log, keylog].into_iter().flatten().map(Sink::close);
        let failures = std::iter::once(capture).chain(sinks).filter_map(Result::err).map(|e| e.to_string());
        failures.chain(saved.failure()).collect()
    }

    /// Tells what the world has not said: to who takes warnings, otherwise in the world.
    fn warn(&self, warnings: &mut Option<OnWarning>, news: impl IntoIterator<Item = String>) {
        for sentence in news {
            match warnings {
                Some(on_warning) => on_warning(&sentence),
                None => {
                    if let Ok(mut world) = self.world.lock() {
                        world.warn(sentence);
                    }
                }
            }
        }
    }

    fn outputs(&self) -> MutexGuard<'_, Outputs> {
        // An output that panicked leaves no half-made state that another could trip over.
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_on(&self) {
        let mut outputs = self.outputs();
        let (capture, log, keylog, dialogue, events, warnings, saved) = match self.world.lock() {
            Ok(mut world) => (
                outputs.capture.as_ref().map(|_| world.take_capture()).unwrap_or_default(),
                outputs.log.as_ref().map(|_| world.take_log()).unwrap_or_default(),
                outputs.keylog.as_ref().map(|_| world.take_keylog()).unwrap_or_default(),
                outputs.dialogue.as_ref().map(|_| world.take_dialogue()).unwrap_or_default(),
                outputs.events.as_ref().map(|_| world.take_observations()).unwrap_or_default(),
                outputs.warnings.as_ref().map(|_| world.take_warnings()).unwrap_or_default(),
                world.take_saved(),
            ),
            Err(_) => return,
        };
        outputs.saved.write(saved);
        // An error comes back from `finish`, too; but that may be hours away.
        let mut news: Vec<String> = outputs.saved.news().into_iter().collect();
        let Outputs { capture: capture_sink, log: log_sink, keylog: keylog_sink, .. } = &mut *outputs;
        if let Some(sink) = capture_sink {
            news.extend(sink.write(capture).err().map(|error| error.to_string()));
            news.extend(sink.news());
        }
        for (sink, block) in [(log_sink, log), (keylog_sink, keylog)] {
            let Some(sink) = sink else { continue };
            let _ = sink.write(block);
            news.extend(sink.news().map(|error| error.to_string()));
        }
        if let Some(on_packet) = &mut outputs.dialogue {
            for (module, packet) in &dialogue {
                on_packet(self.names.get(module.0 as usize).map_or("?", String::as_str), packet);
            }
        }
        if let Some(on_event) = &mut outputs.events {
            events.iter().for_each(on_event);
        }
        if let Some(on_warning) = &mut outputs.warnings {
            warnings.iter().for_each(|warning| on_warning(warning));
        }
        self.warn(&mut outputs.warnings, news);
    }
}
