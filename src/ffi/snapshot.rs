//! Snapshots: a world as it is, as bytes, and the world that goes on from them.
//!
//! A world is a pure function of its inputs, so a snapshot is an input log that is closed with the digests of its moment:
//! `espat-sim replay` reads it, too. To restore one takes as long as to run its inputs again.

use super::handle::{self, Handle};
use super::records::recorded;
use super::replay::log_text;
use super::status::{Failure, espat_status};
use super::world::{Recordings, file_failure, in_room};
use super::{espat_world, espat_world_options, pointer};
use crate::edge::{External, Outputs, Paths, SavedFiles, Session};
use crate::world;

/// Copies the world's snapshot, from `offset` on as much as there is room for, and stores in `*length` how long it is as a
/// whole. With `capacity` 0 it says only that. It is a text without NUL, the input log so far; while the world does not move
/// it stays the same.
///
/// What can be taken by now counts as taken: take the bytes for the MCU before, and keep those that it has not got yet.
///
/// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_SNAPSHOT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_snapshot(
    world: *mut espat_world,
    offset: u64,
    buffer: *mut u8,
    capacity: usize,
    length: *mut u64,
) -> espat_status {
    boundary!(world world; buffer: room(capacity), length: out => {
        recorded(world.pulled.snapshot, "snapshot", "ESPAT_RECORD_SNAPSHOT")?;
        let snapshot = world.look(|w| w.snapshot())?.unwrap_or_default();
        let rest = usize::try_from(offset).ok().and_then(|offset| snapshot.get(offset..));
        pointer::copy(rest.unwrap_or_default(), buffer);
        length.write(snapshot.len() as u64);
        Ok(())
    })
}

/// Makes the world of a snapshot (`length` bytes of text, without NUL), or of the input log of a world that was finished, as
/// it was at that moment, and stores its handle in `*world`. It goes on from there: modules that had a driver have it still,
/// with the same id, timebase and tick (espat_reached()), and from the same inputs come the same bytes and digests as if it
/// had never stopped. `options` says what to record and may be NULL; scenario and seed are the snapshot's.
///
/// What could be taken before is gone. Capture, key log and input log are those of the whole run, from time 0 on: give them
/// files of their own. What a module has saved goes into the file that the scenario names when it next saves something.
///
/// Errors: ESPAT_STATUS_INVALID_LOG when the snapshot can't be read, was cut off or damaged, or is of a version of espat-sim
/// that does other things; then no file was touched. ESPAT_STATUS_IO, and those of wrong arguments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_restore(
    snapshot: *const u8,
    length: usize,
    options: *const espat_world_options,
    world: *mut *mut espat_world,
) -> espat_status {
    boundary!(snapshot: bytes(length), options: options, world: out => {
        if !options.scenario.is_null() || !options.scenario_path.is_null() || options.seed_given != 0 {
            return Err(Failure::argument("a snapshot has its scenario and seed: leave them out"));
        }
        let recordings = Recordings::of(&options)?;
        let text = log_text(snapshot, "snapshot")?;
        let made = in_room(|| {
            let restored = world::restore(text, recordings.recording())
                .map_err(|e| Failure::new(espat_status::InvalidLog, e.to_string()))?;
            External::refuse(restored.scenario()).map_err(world::Error::Network)?;
            let wrong = |e| file_failure(&e, espat_status::InvalidArgument);
            let mut paths = Paths::default();
            let saved = SavedFiles::resume(restored.scenario(), &mut paths).map_err(wrong)?;
            recordings.name_files(&mut paths).map_err(wrong)?;
            let session = Session::of(restored, Outputs { saved, ..recordings.outputs()? });
            Handle::new(session, recordings.pulled, false).map(Box::new)
        })?;
        world.write(handle::register(*made)?);
        Ok(())
    })
}
