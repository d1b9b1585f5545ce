//! Raw pointers from C, turned into references of the right kind: what is read, what is written, and how much.
//!
//! All functions here are named by [`boundary!`](super::boundary). They check what can be checked: NULL,
//! alignment, length, UTF-8, the size of structures. The rest is the caller's promise, written down in the
//! header's first comment: a pointer that is not NULL points to as much as the function says for the time of
//! the call. The lifetimes that come out are for the boundary's body only.

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

pub use super::sized::{options, sized_in, sized_out, sized_room};
use super::status::{Failure, espat_status};

/// NULL and misaligned pointers are mistakes that can be told.
pub fn check<T>(pointer: *const T, name: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::new(espat_status::NullPointer, format!("'{name}' is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(Failure::argument(format!("'{name}' is not aligned to {} bytes", align_of::<T>())));
    }
    Ok(())
}

/// One value to write.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to room for a `T` that nobody else uses.
pub unsafe fn out<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut MaybeUninit<T>, Failure> {
    check(pointer, name)?;
    // SAFETY: not NULL and aligned; the room is the caller's promise. MaybeUninit asks for no contents.
    Ok(unsafe { &mut *pointer.cast() })
}

/// One value to write, if the caller wants it.
///
/// # Safety
/// As [`out`].
pub unsafe fn optional_out<'a, T>(
    pointer: *mut T,
    name: &str,
) -> Result<Option<&'a mut MaybeUninit<T>>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the same promise.
    unsafe { out(pointer, name) }.map(Some)
}

/// Room for `length` values. NULL is no room, and goes with a length of 0 only.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to room for `length` `T`s that nobody else uses.
pub unsafe fn room<'a, T>(
    pointer: *mut T,
    length: usize,
    name: &str,
) -> Result<&'a mut [MaybeUninit<T>], Failure> {
    if length == 0 {
        return Ok(&mut []);
    }
    check(pointer, name)?;
    fits::<T>(length, name)?;
    // SAFETY: not NULL, aligned, no longer than an object can be; the room is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer.cast(), length) })
}

/// Copies what fits into the caller's room.
pub fn copy(from: &[u8], to: &mut [MaybeUninit<u8>]) {
    for (place, byte) in to.iter_mut().zip(from) {
        place.write(*byte);
    }
}

/// `length` bytes to read. NULL is none, and goes with a length of 0 only.
///
/// # Safety
/// If not NULL, `pointer` points to `length` bytes that nobody writes meanwhile.
pub unsafe fn bytes<'a>(pointer: *const u8, length: usize, name: &str) -> Result<&'a [u8], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    check(pointer, name)?;
    fits::<u8>(length, name)?;
    // SAFETY: not NULL, no longer than an object can be; the bytes are the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// A text that ends with NUL.
///
/// # Safety
/// If not NULL, `pointer` points to bytes that end with a NUL and that nobody writes meanwhile.
pub unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Failure> {
    check(pointer, name)?;
    // SAFETY: not NULL; the NUL at its end is the caller's promise.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|e| {
        let sentence = format!("'{name}' is not UTF-8: byte {} is wrong", e.valid_up_to());
        Failure::new(espat_status::InvalidUtf8, sentence)
    })
}

/// A text that ends with NUL, if there is one.
///
/// # Safety
/// As [`text`].
pub unsafe fn optional_text<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the same promise.
    unsafe { text(pointer, name) }.map(Some)
}

/// No object is larger than `isize::MAX` bytes.
fn fits<T>(length: usize, name: &str) -> Result<(), Failure> {
    match length.checked_mul(size_of::<T>()) {
        Some(size) if isize::try_from(size).is_ok() => Ok(()),
        _ => Err(Failure::argument(format!("'{name}' can't have room for {length} items"))),
    }
}
