//! Running an input log again.

use super::handle::{self, Handle};
use super::sized::{SizePrefixed, size_up_to};
use super::status::{Failure, espat_status};
use super::world::{Recordings, file_failure, in_room};
use super::{espat_world, espat_world_options};
use crate::edge::{Paths, Session};
use crate::world;

/// How a replay came out.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_replay_outcome {
    /// The log was not closed, so it has no digests to compare.
    Unknown = 0,
    /// The digests are those in the log.
    Same = 1,
    /// The digests differ from those in the log.
    Different = 2,
}

/// What came of a replay.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_replay_result {
    /// sizeof(espat_replay_result), set by the caller
    pub size: usize,
    /// The digest at the end.
    pub digest: u64,
    /// The digest without times.
    pub content_digest: u64,
    /// The digest that the log was closed with; 0 when it was not.
    pub logged_digest: u64,
    /// The same without times.
    pub logged_content_digest: u64,
    /// One of espat_replay_outcome.
    pub outcome: u32,
    /// Number of the log's last line when it is cut off and was left out; otherwise 0.
    pub cut_line: u32,
}

// SAFETY: repr(C), begins with its size, and zeros are values.
unsafe impl SizePrefixed for espat_replay_result {
    const NAME: &'static str = "espat_replay_result";
    const FIRST_SIZE: usize = size_up_to!(espat_replay_result, cut_line);
}

/// Runs an input log again (`length` bytes of text, without NUL): the same bytes, capture and digests, without MCU
/// or emulator. Fills in `*result`. `options` says what to record and may be NULL; scenario and seed are the log's.
/// If `world` is not NULL, the world at the log's end is stored there, finished, for reading; free it.
///
/// Errors: ESPAT_STATUS_INVALID_LOG when the log can't be read, was changed since it was written (the sentence says how to do that
/// on purpose), or an input in it is refused; ESPAT_STATUS_IO. A
/// different outcome is not an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_replay(
    log: *const u8,
    length: usize,
    options: *const espat_world_options,
    result: *mut espat_replay_result,
    world: *mut *mut espat_world,
) -> espat_status {
    boundary!(log: bytes(length), options: options, result: sized_out, world: optional_out => {
        if !options.scenario.is_null() || !options.scenario_path.is_null() || options.seed_given != 0 {
            return Err(Failure::argument("a replay takes scenario and seed from the log: leave them out"));
        }
        let recordings = Recordings::of(&options)?;
        recordings
            .name_files(&mut Paths::default())
            .map_err(|e| file_failure(&e, espat_status::InvalidArgument))?;
        let text = log_text(log, "log")?;
        let recording = recordings.recording();
        let replayed = in_room(|| {
            let replayed = world::replay(text, recording).map(Box::new);
            replayed.map_err(|e| Failure::new(espat_status::InvalidLog, e.to_string()))
        })?;
        let outcome = match replayed.is_same() {
            None => espat_replay_outcome::Unknown,
            Some(true) => espat_replay_outcome::Same,
            Some(false) => espat_replay_outcome::Different,
        };
        let cut_line = replayed.truncated.as_ref().map_or(0, |cut| cut.line);
        let found = espat_replay_result {
            size: 0,
            digest: replayed.world.digest(),
            content_digest: replayed.world.content_digest(),
            logged_digest: replayed.logged.map_or(0, |end| end.digest),
            logged_content_digest: replayed.logged.map_or(0, |end| end.content_digest),
            outcome: outcome as u32,
            cut_line: u32::try_from(cut_line).unwrap_or(u32::MAX),
        };
        let session = Session::of(replayed.world, recordings.outputs()?);
        let handle = Handle::new(session, recordings.pulled, true)?;
        handle.finish()?;
        if let Some(world) = world {
            world.write(handle::register(handle)?);
        }
        result.write(&found);
        Ok(())
    })
}

/// The text of an input log.
pub(super) fn log_text<'a>(log: &'a [u8], name: &str) -> Result<&'a str, Failure> {
    std::str::from_utf8(log).map_err(|e| {
        let sentence = format!("'{name}' is not UTF-8: byte {} is wrong", e.valid_up_to());
        Failure::new(espat_status::InvalidUtf8, sentence)
    })
}
