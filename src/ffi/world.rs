//! Worlds: how they are made, asked and ended.

use std::ffi::c_char;
use std::path::Path;

use super::boundary;
use super::espat_world;
use super::handle::{self, Handle};
use super::sized::{SizePrefixed, size_up_to};
use super::status::{Failure, espat_status};
use crate::edge::{
    CaptureForm, CaptureSink, External, FileError, NoScenario, Outputs, Paths, SavedFiles, Session, Sink,
    load_scenario, with_room,
};
use crate::world::{Error, Recording, Scenario, World};

/// Keep the capture (pcapng) for espat_capture_take().
pub const ESPAT_RECORD_CAPTURE: u32 = 1;
/// Keep the input log (text) for espat_input_log_take().
pub const ESPAT_RECORD_INPUT_LOG: u32 = 2;
/// Keep the dialogue for espat_dialogue_take().
pub const ESPAT_RECORD_DIALOGUE: u32 = 4;
/// Keep what happened for espat_observation_take() and espat_observation_read().
pub const ESPAT_RECORD_OBSERVATIONS: u32 = 8;
/// Keep what comes out of the log ports for espat_log_port_take().
pub const ESPAT_RECORD_LOG_PORT: u32 = 16;
/// Keep how the pins change that modules drive for espat_pin_take().
pub const ESPAT_RECORD_PINS: u32 = 32;
/// Keep what the terminals of hosts receive for espat_host_received().
pub const ESPAT_RECORD_HOST_RECEIVED: u32 = 64;
/// Keep the TLS key log for espat_keylog_take().
pub const ESPAT_RECORD_KEYLOG: u32 = 128;

/// Keep what espat_world_snapshot() needs: the input log from the start, about as many bytes as the MCU stores.
pub const ESPAT_RECORD_SNAPSHOT: u32 = 256;

/// How a world is made. All zero except `size` gives the built-in scenario and nothing recorded.
///
/// What is recorded never changes what happens. What is kept for pulling stays in memory until it is pulled.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct espat_world_options {
    /// sizeof(espat_world_options)
    pub size: usize,
    /// The scenario's TOML text. NULL: see `scenario_path`.
    pub scenario: *const c_char,
    /// The scenario's file. NULL, and `scenario` NULL too: the built-in scenario. Give one of them at most.
    pub scenario_path: *const c_char,
    /// The seed of everything random, if `seed_given` is 1.
    pub seed: u64,
    /// 1: `seed` counts. 0: the scenario's seed does, or espat_default_seed() if it has none.
    pub seed_given: u32,
    /// What to keep for pulling: ESPAT_RECORD_CAPTURE, ESPAT_RECORD_INPUT_LOG, ESPAT_RECORD_DIALOGUE,
    /// ESPAT_RECORD_OBSERVATIONS, ESPAT_RECORD_LOG_PORT, ESPAT_RECORD_PINS, ESPAT_RECORD_HOST_RECEIVED,
    /// ESPAT_RECORD_KEYLOG, ESPAT_RECORD_SNAPSHOT, added together.
    pub record: u32,
    /// Write the capture to this file as it comes to be. NULL: don't. A record is written or kept, not both. A name that
    /// ends in `.pcap` gets the classic format, any other pcapng; `-` is the standard output. Into a FIFO goes what a
    /// Wireshark shows while the world goes on: it needs a reader already (ESPAT_STATUS_IO), and when the reader goes,
    /// the world goes on with a warning.
    pub capture_path: *const c_char,
    /// Write the input log to this file as it comes to be. NULL: don't.
    pub input_log_path: *const c_char,
    /// Write the TLS key log (NSS's format) to this file as it comes to be. NULL: don't. A capture has these secrets
    /// in it already.
    pub keylog_path: *const c_char,
}

// SAFETY: repr(C), begins with its size, and NULL pointers and zeros are values.
unsafe impl SizePrefixed for espat_world_options {
    const NAME: &'static str = "espat_world_options";
    const FIRST_SIZE: usize = size_up_to!(espat_world_options, input_log_path);
}

/// Makes a world at time 0 and stores its handle in `*world`. `options` may be NULL for defaults.
///
/// Errors: ESPAT_STATUS_INVALID_SCENARIO, ESPAT_STATUS_IO when a file can't be read or created, and those of
/// wrong arguments.
///
/// The work is done on a thread of the library's own for the time of the call, so that 64 KiB of stack are enough for
/// the caller; they are for every other function, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_new(
    options: *const espat_world_options,
    world: *mut *mut espat_world,
) -> espat_status {
    boundary!(options: options, world: out => {
        let recordings = Recordings::of(&options)?;
        let source = Source::of(&options)?;
        let seed = match options.seed_given {
            0 => None,
            1 => Some(options.seed),
            other => return Err(Failure::argument(format!("'seed_given' is {other}, expected 0 or 1"))),
        };
        let made = in_room(|| {
            let mut scenario = source.scenario()?;
            recordings.check_files(&source, &scenario)?;
            let saved = SavedFiles::read(&mut scenario)
                .map_err(|e| file_failure(&e, espat_status::InvalidScenario))?;
            External::refuse(&scenario).map_err(Error::Network)?;
            let made = World::new(&scenario, seed, recordings.recording())?;
            let session = Session::of(made, Outputs { saved, ..recordings.outputs()? });
            Handle::new(session, recordings.pulled, false).map(Box::new)
        })?;
        world.write(handle::register(*made)?);
        Ok(())
    })
}

/// Writes what has been recorded so far into the files and returns when it is there, so that other programs can read
/// them while the world goes on. Waits for the disk. Does nothing without files.
///
/// Errors: ESPAT_STATUS_IO when something could not be written, with a sentence for each file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_flush(world: *mut espat_world) -> espat_status {
    boundary!(world world; => world.flush())
}

/// Ends the recordings: what is under way is written out, the files are closed, the log gets its digests. What
/// waits to be pulled, statistics, digests and received bytes can still be read; inputs and the console answer
/// ESPAT_STATUS_FINISHED. The second call does nothing.
///
/// Errors: ESPAT_STATUS_IO when something could not be written, with a sentence for each file. The world is
/// finished all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_finish(world: *mut espat_world) -> espat_status {
    boundary!(world world; => world.finish())
}

/// Finishes the world if that was not done, and frees it. The handle means nothing afterwards, whatever the
/// answer is; names of modules go with it. NULL is fine and does nothing.
///
/// Errors: ESPAT_STATUS_INVALID_HANDLE; ESPAT_STATUS_IO and ESPAT_STATUS_POISONED, with the world freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_free(world: *mut espat_world) -> espat_status {
    boundary!(=> if world.is_null() { Ok(()) } else { handle::free(world) })
}

/// Stores the seed in force in `*seed`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_seed(world: *mut espat_world, seed: *mut u64) -> espat_status {
    boundary!(world world; seed: out => {
        seed.write(world.look(|w| w.seed())?);
        Ok(())
    })
}

/// Stores the number of modules in `*count`, at least 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_module_count(world: *mut espat_world, count: *mut usize) -> espat_status {
    boundary!(world world; count: out => {
        count.write(world.names.len());
        Ok(())
    })
}

/// Stores in `*name` the name of the module at `index`, from 0, in the order of their ids. The name lives as
/// long as the world.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_module_name(
    world: *mut espat_world,
    index: usize,
    name: *mut *const c_char,
) -> espat_status {
    boundary!(world world; name: out => {
        let Some(found) = world.names.get(index) else {
            let sentence = format!("there is no module {index}; this world has {}", world.names.len());
            return Err(Failure::new(espat_status::UnknownModule, sentence));
        };
        name.write(found.as_ptr());
        Ok(())
    })
}

/// Carries out a line of the console, such as "ap home down". A change takes effect at the earliest instant that
/// no module has passed, or at its own time: "at 1.5s ap home down". If `answer` is not NULL, what the line answers
/// is stored there; it stays until this thread's next call that hands out a text.
///
/// Errors: ESPAT_STATUS_INVALID_LINE with a sentence that says what was expected; ESPAT_STATUS_FINISHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_console(
    world: *mut espat_world,
    line: *const c_char,
    answer: *mut *const c_char,
) -> espat_status {
    boundary!(world world; line: text, answer: optional_out => {
        let said = world.input(|w| w.console(line))?;
        if let Some(answer) = answer {
            answer.write(boundary::keep([said], &[]).0[0]);
        }
        Ok(())
    })
}

/// What is written to files, and what is kept.
pub(super) struct Recordings<'a> {
    capture_path: Option<&'a str>,
    input_log_path: Option<&'a str>,
    keylog_path: Option<&'a str>,
    pub pulled: Recording,
}

impl<'a> Recordings<'a> {
    /// What `options` asks for. The texts live as long as the call.
    pub fn of(options: &'a espat_world_options) -> Result<Recordings<'a>, Failure> {
        let &espat_world_options { capture_path, input_log_path, keylog_path, record, .. } = options;
        let known = ESPAT_RECORD_CAPTURE
            | ESPAT_RECORD_INPUT_LOG
            | ESPAT_RECORD_DIALOGUE
            | ESPAT_RECORD_OBSERVATIONS
            | ESPAT_RECORD_LOG_PORT
            | ESPAT_RECORD_PINS
            | ESPAT_RECORD_HOST_RECEIVED
            | ESPAT_RECORD_KEYLOG
            | ESPAT_RECORD_SNAPSHOT;
        if record & !known != 0 {
            return Err(Failure::argument(format!(
                "'record' is {record:#x}, which has bits beyond {known:#x}"
            )));
        }
        let pulled = Recording {
            capture: record & ESPAT_RECORD_CAPTURE != 0,
            packets: false,
            log: record & ESPAT_RECORD_INPUT_LOG != 0,
            dialogue: record & ESPAT_RECORD_DIALOGUE != 0,
            observations: record & ESPAT_RECORD_OBSERVATIONS != 0,
            history: record & ESPAT_RECORD_OBSERVATIONS != 0,
            log_port: record & ESPAT_RECORD_LOG_PORT != 0,
            pins: record & ESPAT_RECORD_PINS != 0,
            host_received: record & ESPAT_RECORD_HOST_RECEIVED != 0,
            keylog: record & ESPAT_RECORD_KEYLOG != 0,
            external: false,
            snapshot: record & ESPAT_RECORD_SNAPSHOT != 0,
        };
        let capture_path = optional_text(options, capture_path, "capture_path")?;
        let input_log_path = optional_text(options, input_log_path, "input_log_path")?;
        let keylog_path = optional_text(options, keylog_path, "keylog_path")?;
        for (path, pulled, what, field) in [
            (capture_path, pulled.capture, "capture", "capture_path"),
            (input_log_path, pulled.log, "input log", "input_log_path"),
            (keylog_path, pulled.keylog, "key log", "keylog_path"),
        ] {
            if path.is_some() && pulled {
                let sentence = format!("the {what} is written to '{field}' or kept for pulling, not both");
                return Err(Failure::argument(sentence));
            }
        }
        Ok(Recordings { capture_path, input_log_path, keylog_path, pulled })
    }

    /// No file of the run serves two purposes, and all can be written.
    fn check_files(&self, source: &Source<'_>, scenario: &Scenario) -> Result<(), Failure> {
        let mut paths = Paths::default();
        SavedFiles::name(scenario, &mut paths)
            .map_err(|e| file_failure(&e, espat_status::InvalidScenario))?;
        let wrong = |e: FileError| file_failure(&e, espat_status::InvalidArgument);
        if let Source::Path(path) = source {
            paths.read("'scenario_path'", Path::new(path)).map_err(wrong)?;
        }
        self.name_files(&mut paths).map_err(wrong)
    }

    /// The files that are written, among those of a run.
    pub fn name_files(&self, paths: &mut Paths) -> Result<(), FileError> {
        if let Some(path) = self.capture_path {
            paths.capture("'capture_path'", Path::new(path))?;
        }
        let files = [("'input_log_path'", self.input_log_path), ("'keylog_path'", self.keylog_path)];
        for (what, path) in files.into_iter().filter_map(|(what, path)| Some((what, path?))) {
            paths.write(what, Path::new(path))?;
        }
        Ok(())
    }

    /// What the world must record.
    pub fn recording(&self) -> Recording {
        Recording {
            capture: self.pulled.capture || self.capture_path.is_some(),
            log: self.pulled.log || self.input_log_path.is_some(),
            keylog: self.pulled.keylog || self.keylog_path.is_some(),
            ..self.pulled
        }
    }

    /// Creates the files.
    pub fn outputs(&self) -> Result<Outputs, Failure> {
        let create = |path: Option<&str>| path.map(Sink::create).transpose();
        let to = |path| CaptureSink::create(Path::new(path), CaptureForm::default());
        let capture = self.capture_path.map(to).transpose();
        let failed = |e: std::io::Error| Failure::new(espat_status::Io, e.to_string());
        Ok(Outputs {
            capture: capture.map_err(|e| Failure::new(espat_status::Io, e.to_string()))?,
            log: create(self.input_log_path).map_err(failed)?,
            keylog: create(self.keylog_path).map_err(failed)?,
            pulled: self.pulled,
            ..Outputs::default()
        })
    }
}

/// What is wrong with a file; `wrong`: the status when it is not the system that says so.
pub(super) fn file_failure(error: &FileError, wrong: espat_status) -> Failure {
    let status = match error {
        FileError::Io(_) => espat_status::Io,
        FileError::Wrong(_) => wrong,
    };
    Failure::new(status, error.to_string())
}

/// Lets `f` work where there is stack enough.
pub(super) fn in_room<R: Send>(f: impl FnOnce() -> Result<R, Failure> + Send) -> Result<R, Failure> {
    let done = with_room(f);
    done.map_err(|e| Failure::new(espat_status::Internal, format!("cannot start a thread: {e}")))?
}

/// Where the scenario comes from. The texts live as long as the call.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Text(&'a str),
    Path(&'a str),
    BuiltIn,
}

impl<'a> Source<'a> {
    fn of(options: &'a espat_world_options) -> Result<Source<'a>, Failure> {
        let text = optional_text(options, options.scenario, "scenario")?;
        let path = optional_text(options, options.scenario_path, "scenario_path")?;
        match (text, path) {
            (Some(_), Some(_)) => Err(Failure::argument("give 'scenario' or 'scenario_path', not both")),
            (Some(text), None) => Ok(Source::Text(text)),
            (None, Some(path)) => Ok(Source::Path(path)),
            (None, None) => Ok(Source::BuiltIn),
        }
    }

    fn scenario(self) -> Result<Scenario, Failure> {
        let loaded = match self {
            Source::Text(text) => Scenario::parse("scenario", text).map_err(NoScenario::Mistakes),
            Source::Path(path) => load_scenario(Some(Path::new(path))),
            Source::BuiltIn => load_scenario(None),
        };
        loaded.map_err(|e| match e {
            NoScenario::Unreadable(e) => file_failure(&e, espat_status::InvalidScenario),
            NoScenario::Mistakes(_) => Failure::new(espat_status::InvalidScenario, e.to_string()),
        })
    }
}

/// A text in a field of `options`.
pub(super) fn optional_text<'a>(
    _options: &'a espat_world_options,
    field: *const c_char,
    name: &str,
) -> Result<Option<&'a str>, Failure> {
    // SAFETY: the header asks that a text is NULL or ends with NUL and lives for the time of the call; the
    // options live no longer than that.
    unsafe { super::pointer::optional_text(field, name) }
}
