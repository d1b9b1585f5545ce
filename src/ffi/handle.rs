//! Handles of worlds.
//!
//! A handle looks like a pointer to C and is a number to us: a place in a registry, never given out twice. A
//! world that one thread frees while another is inside a call goes away when that call returns.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::boundary::c_text;
use super::status::{Failure, espat_status};
use crate::capture::UartPacket;
use crate::edge::{Poisoned, Session};
use crate::world::{Error, ModuleId, Observation, Recording, World};

/// A simulated world: modules, their network, and time. Opaque; made by espat_world_new() or espat_world_replay(),
/// ended by espat_world_free().
pub struct espat_world {
    _opaque: [u8; 0],
}

/// What a handle stands for.
pub struct Handle {
    session: Session,
    /// What C may pull.
    pub pulled: Recording,
    /// What was taken out of the world and not yet pulled. Locked before the world, never after it.
    waiting: Mutex<Waiting>,
    /// Names of the modules; they live as long as the handle.
    pub names: Vec<CString>,
    /// Set while the world's lock is held, so that no input slips in behind it.
    finished: AtomicBool,
    /// A call panicked outside the world's lock, which would have been poisoned itself.
    poisoned: AtomicBool,
}

/// Records on their way to C.
#[derive(Default)]
pub struct Waiting {
    pub capture: VecDeque<u8>,
    pub log: VecDeque<u8>,
    pub keylog: VecDeque<u8>,
    pub dialogue: VecDeque<(ModuleId, UartPacket)>,
    pub observations: VecDeque<Observation>,
    pub warnings: VecDeque<String>,
}

impl Handle {
    pub fn new(session: Session, pulled: Recording, finished: bool) -> Result<Handle, Failure> {
        let names = session
            .peek(|w| w.module_names().into_iter().map(|name| c_text(name.to_owned())).collect::<Vec<_>>())?;
        Ok(Handle {
            session,
            pulled,
            waiting: Mutex::default(),
            names,
            finished: AtomicBool::new(finished),
            poisoned: AtomicBool::new(false),
        })
    }

    /// An input: moves the world and hands on what it records. Refused once the world is finished.
    pub fn input<R>(&self, f: impl FnOnce(&mut World) -> Result<R, Error>) -> Result<R, Failure> {
        self.session.with(|world| {
            if self.finished.load(Ordering::Relaxed) {
                let sentence = "this world was finished and takes no more inputs";
                return Err(Failure::new(espat_status::Finished, sentence));
            }
            f(world).map_err(Failure::from)
        })?
    }

    /// A question, or taking out what waits.
    pub fn look<R>(&self, f: impl FnOnce(&mut World) -> R) -> Result<R, Failure> {
        Ok(self.session.peek(f)?)
    }

    /// What waits for C, with what the world has made since added to it.
    pub fn waiting(&self) -> Result<MutexGuard<'_, Waiting>, Failure> {
        let mut waiting = self.waiting.lock().map_err(|_| Poisoned)?;
        self.look(|world| {
            if self.pulled.capture {
                waiting.capture.extend(world.take_capture());
            }
            if self.pulled.log {
                waiting.log.extend(world.take_log());
            }
            if self.pulled.keylog {
                waiting.keylog.extend(world.take_keylog());
            }
            if self.pulled.dialogue {
                waiting.dialogue.extend(world.take_dialogue());
            }
            if self.pulled.observations {
                waiting.observations.extend(world.take_observations());
            }
            waiting.warnings.extend(world.take_warnings());
        })?;
        Ok(waiting)
    }

    /// Brings what was recorded into the files.
    pub fn flush(&self) -> Result<(), Failure> {
        Handle::written(self.session.flush())
    }

    /// Ends the recordings and closes the files. The second call does nothing.
    pub fn finish(&self) -> Result<(), Failure> {
        self.session.peek(|world| {
            self.finished.store(true, Ordering::Relaxed);
            world.finish();
        })?;
        self.close()
    }

    /// Closes the files, whatever state the world is in.
    fn close(&self) -> Result<(), Failure> {
        Handle::written(self.session.finish())
    }

    /// An error when files could not be written.
    fn written(failures: Vec<String>) -> Result<(), Failure> {
        if failures.is_empty() {
            return Ok(());
        }
        Err(Failure::new(espat_status::Io, failures.join("; ")))
    }

    /// An error when an earlier call has panicked.
    pub fn intact(&self) -> Result<(), Failure> {
        if self.poisoned.load(Ordering::Relaxed) { Err(Poisoned.into()) } else { Ok(()) }
    }

    pub fn poison(&self) {
        self.poisoned.store(true, Ordering::Relaxed);
    }
}

struct Registry {
    handles: BTreeMap<usize, Arc<Handle>>,
    /// The number given out last.
    last: usize,
}

static REGISTRY: RwLock<Registry> = RwLock::new(Registry { handles: BTreeMap::new(), last: 0 });

/// Gives `handle` a number.
pub fn register(handle: Handle) -> Result<*mut espat_world, Failure> {
    // Nothing under this lock leaves the map half-changed.
    let mut registry = REGISTRY.write().unwrap_or_else(PoisonError::into_inner);
    let next = registry.last.checked_add(1);
    let number = next.ok_or_else(|| Failure::new(espat_status::Internal, "handles have run out"))?;
    registry.last = number;
    registry.handles.insert(number, Arc::new(handle));
    Ok(std::ptr::without_provenance_mut(number))
}

/// What `world` stands for.
pub fn find(world: *mut espat_world) -> Result<Arc<Handle>, Failure> {
    let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
    registry.handles.get(&world.addr()).cloned().ok_or_else(|| unknown(world))
}

/// Takes `world` out of the registry and ends it.
pub fn free(world: *mut espat_world) -> Result<(), Failure> {
    let taken = REGISTRY.write().unwrap_or_else(PoisonError::into_inner).handles.remove(&world.addr());
    let handle = taken.ok_or_else(|| unknown(world))?;
    let finished = handle.intact().and_then(|()| handle.finish());
    handle.close().and(finished)
}

fn unknown(world: *mut espat_world) -> Failure {
    if world.is_null() {
        return Failure::new(espat_status::NullPointer, "'world' is NULL");
    }
    Failure::new(espat_status::InvalidHandle, "'world' is not a world, or it was freed")
}
