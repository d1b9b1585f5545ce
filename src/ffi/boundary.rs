//! Where C ends and Rust begins: the one macro around every exported function, and the texts that this thread
//! gets back.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use super::espat_world;
use super::handle::{self, Handle};
use super::status::{Failure, espat_status};

/// The body of every exported function.
///
/// `boundary!(argument: kind, ... => body)` turns the raw pointers that are named into what the function of that
/// name in [`pointer`](super::pointer) or [`sized`](super::sized) makes of them, and only then runs the body, a
/// `Result<(), Failure>`. `boundary!(world w; argument: kind, ... => body)` finds the world first; in the body
/// `w` is its [`Handle`]. No panic gets out: it poisons the world, if there is one. The last form,
/// `boundary!(value expression, or other)`, is for functions that answer no status.
macro_rules! boundary {
    (value $value:expr, or $other:expr) => {
        $crate::ffi::boundary::value(|| $value, $other)
    };
    (world $world:ident; $($argument:ident: $kind:ident $(($length:ident))?),* => $body:expr) => {
        $crate::ffi::boundary::with_world($world, |$world| {
            $(boundary!(take $argument $kind $($length)?);)*
            $body
        })
    };
    (take $argument:ident $kind:ident $($length:ident)?) => {
        // SAFETY: what the header's first comment asks of a caller: a pointer that is not NULL points to as
        // much of its type as the function says, for the time of the call, and outputs do not overlap.
        let $argument =
            unsafe { $crate::ffi::pointer::$kind($argument, $($length,)? stringify!($argument)) }?;
    };
    ($($argument:ident: $kind:ident $(($length:ident))?),* => $body:expr) => {
        $crate::ffi::boundary::without_world(|| {
            $(boundary!(take $argument $kind $($length)?);)*
            $body
        })
    };
}

/// The answer of a call without status; `other` after a panic.
pub fn value<R>(f: impl FnOnce() -> R, other: R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or(other)
}

/// A call that concerns no world.
pub fn without_world(f: impl FnOnce() -> Result<(), Failure>) -> espat_status {
    let result = catch_unwind(AssertUnwindSafe(f));
    settle(result.unwrap_or_else(|panic| {
        Err(Failure::new(espat_status::Internal, format!("internal error: {}", said(&*panic))))
    }))
}

/// A call to a world.
pub fn with_world(world: *mut espat_world, f: impl FnOnce(&Handle) -> Result<(), Failure>) -> espat_status {
    without_world(|| {
        let handle = handle::find(world)?;
        handle.intact()?;
        catch_unwind(AssertUnwindSafe(|| f(&handle))).unwrap_or_else(|panic| {
            handle.poison();
            let sentence = format!("an internal error has stopped this world: {}", said(&*panic));
            Err(Failure::new(espat_status::Poisoned, sentence))
        })
    })
}

/// Remembers what was wrong.
fn settle(result: Result<(), Failure>) -> espat_status {
    match result {
        Ok(()) => espat_status::Ok,
        Err(failure) => {
            // Fails only while the thread ends; then nobody can ask any more.
            let _ = LAST_ERROR.try_with(|text| text.replace(c_text(failure.sentence)));
            failure.status
        }
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
    static KEPT: RefCell<(Vec<CString>, Vec<u8>)> = RefCell::default();
}

/// This thread's last error; stays until its next call that fails.
pub fn last_error() -> *const c_char {
    LAST_ERROR.try_with(|text| text.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Keeps `texts` and `data` for this thread's caller, until the next ones are kept. No data is NULL.
pub fn keep<const N: usize>(texts: [String; N], data: &[u8]) -> ([*const c_char; N], *const u8) {
    let (texts, data) = (texts.map(c_text), data.to_vec());
    // A text stays where it is when its CString moves, and so do bytes with their Vec.
    let pointers = texts.each_ref().map(|text| text.as_ptr());
    let place = if data.is_empty() { ptr::null() } else { data.as_ptr() };
    let kept = KEPT.try_with(|slot| slot.replace((texts.into(), data)));
    // Fails only while the thread ends.
    if kept.is_ok() { (pointers, place) } else { ([c"".as_ptr(); N], ptr::null()) }
}

/// `text` for C, which ends it at the first NUL: one inside is shown as `\0`.
pub fn c_text(text: String) -> CString {
    CString::new(text).unwrap_or_else(|e| {
        let shown = String::from_utf8_lossy(&e.into_vec()).replace('\0', r"\0");
        CString::new(shown).unwrap_or_default()
    })
}
