//! Questions to the library itself.

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::LazyLock;

use super::status::{Failure, espat_status};
use super::{boundary, pointer};
use crate::world::{DEFAULT_SEED, Scenario};

/// Version of the binary interface that this header describes. What exists keeps its name, its number and its meaning.
/// Functions, values of enumerations and fields at the end of structures with a size are added under the same number, so
/// a program built with this header works with every later library of it.
pub const ESPAT_ABI_VERSION: u32 = 2;

/// Bytes that espat_digest_text() needs: 16 hex digits and a NUL.
pub const ESPAT_DIGEST_TEXT_SIZE: usize = 17;

static VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

static DEFAULT_SCENARIO: LazyLock<CString> =
    LazyLock::new(|| boundary::c_text(Scenario::default_text().to_owned()));

/// Version of the binary interface that the library has. Compare it with ESPAT_ABI_VERSION before anything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_abi_version() -> u32 {
    boundary!(value ESPAT_ABI_VERSION, or 0)
}

/// Version of the library, such as "0.1.0". Lives for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_version() -> *const c_char {
    boundary!(value VERSION.as_ptr(), or c"".as_ptr())
}

/// The seed of a world when neither the caller nor the scenario gives one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_default_seed() -> u64 {
    boundary!(value DEFAULT_SEED, or 0)
}

/// The built-in scenario as TOML text, to begin one's own with. Lives for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_default_scenario() -> *const c_char {
    boundary!(value DEFAULT_SCENARIO.as_ptr(), or c"".as_ptr())
}

/// What was wrong with this thread's last call that failed, usually one sentence; empty when none has. It stays
/// until this thread's next call that fails. Never NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_last_error() -> *const c_char {
    boundary!(value boundary::last_error(), or c"".as_ptr())
}

/// A few words for any status, also for numbers that this version does not know. Lives for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_status_text(status: u32) -> *const c_char {
    boundary!(value espat_status::words(status).as_ptr(), or ptr::null())
}

/// Writes a digest as it is shown everywhere: 16 hex digits, then NUL. `capacity` is the size of `buffer` in
/// bytes, at least ESPAT_DIGEST_TEXT_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_digest_text(
    digest: u64,
    buffer: *mut c_char,
    capacity: usize,
) -> espat_status {
    let buffer: *mut u8 = buffer.cast();
    boundary!(buffer: room(capacity) => {
        let Some(buffer) = buffer.get_mut(..ESPAT_DIGEST_TEXT_SIZE) else {
            let sentence = format!("'buffer' has {capacity} bytes, a digest needs {ESPAT_DIGEST_TEXT_SIZE}");
            return Err(Failure::new(espat_status::BufferTooSmall, sentence));
        };
        pointer::copy(format!("{digest:016x}\0").as_bytes(), buffer);
        Ok(())
    })
}
