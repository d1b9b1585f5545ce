//! Structures that may grow: each begins with its own size, as its user knew it.
//!
//! A program that was built against an older header passes a smaller structure: what it lacks has its default,
//! zero. One built against a newer header passes a larger one: what this library doesn't know must be zero on the
//! way in, and is set to zero on the way out.

use std::mem::MaybeUninit;

use super::pointer::check;
use super::status::{Failure, espat_status};

/// Larger than any version of any structure will be. Keeps a size that was never set from being believed.
const LARGEST: usize = 4096;

/// A structure that begins with its own size.
///
/// # Safety
/// `repr(C)`, the first field is `size: usize`, and all bytes zero is a value.
pub unsafe trait SizePrefixed: Copy {
    /// Its name in C.
    const NAME: &'static str;
    /// Its size in the first header that had it, by [`size_up_to!`]: never `size_of`, which grows with it.
    const FIRST_SIZE: usize;
}

/// The size of a structure whose last field is this one: what it was, whatever fields have come since.
macro_rules! size_up_to {
    ($structure:ty, $last:ident) => {{
        let end = std::mem::offset_of!($structure, $last)
            + $crate::ffi::sized::size_of_field(|structure: &$structure| &structure.$last);
        end.next_multiple_of(align_of::<$structure>())
    }};
}
pub(super) use size_up_to;

/// The size of the field that `_field` gives.
pub const fn size_of_field<T, F>(_field: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// Options to read; NULL stands for defaults.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to a `size` and as many bytes as it says (up to [`LARGEST`]).
pub unsafe fn options<T: SizePrefixed>(pointer: *const T, name: &str) -> Result<T, Failure> {
    if pointer.is_null() {
        // SAFETY: the trait says that zeros are a value.
        return Ok(unsafe { MaybeUninit::zeroed().assume_init() });
    }
    // SAFETY: the same promise.
    unsafe { sized_in(pointer, name) }
}

/// A structure to read.
///
/// # Safety
/// As [`options`].
pub unsafe fn sized_in<T: SizePrefixed>(pointer: *const T, name: &str) -> Result<T, Failure> {
    // SAFETY: the trait says that zeros are a value.
    let mut value: T = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: the size is there if the pointer is not NULL, the caller promises.
    let size = unsafe { size_of_theirs(pointer, name) }?;
    let known = size.min(size_of::<T>());
    // SAFETY: `known` bytes are there on both sides, and both are the first bytes of a T.
    unsafe {
        pointer.cast::<u8>().copy_to_nonoverlapping((&raw mut value).cast(), known);
    }
    // SAFETY: the caller promises `size` bytes, and it is larger than `known`, or the slice is empty.
    let beyond = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>().add(known), size - known) };
    if beyond.iter().any(|byte| *byte != 0) {
        let sentence = format!(
            "'{name}' sets a field that this library does not know: its size is {size}, here {} has {}",
            T::NAME,
            size_of::<T>()
        );
        return Err(Failure::new(espat_status::InvalidSize, sentence));
    }
    Ok(value)
}

/// A structure to fill in.
pub struct SizedOut<T> {
    place: *mut T,
    size: usize,
}

/// A structure to fill in.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to a `size` and to as many bytes as it says (up to [`LARGEST`]),
/// which nobody else uses while the result is in use.
pub unsafe fn sized_out<T: SizePrefixed>(pointer: *mut T, name: &str) -> Result<SizedOut<T>, Failure> {
    // SAFETY: the same promise.
    let size = unsafe { size_of_theirs(pointer, name) }?;
    Ok(SizedOut { place: pointer, size })
}

impl<T: SizePrefixed> SizedOut<T> {
    /// Fills in what the caller has room for. The `size` stays as it is; what only a newer caller knows is zero.
    pub fn write(&self, value: &T) {
        let known = self.size.min(size_of::<T>());
        let field = size_of::<usize>();
        let (from, to) = (std::ptr::from_ref(value).cast::<u8>(), self.place.cast::<u8>());
        // SAFETY: whoever made this promised `size` bytes at `place`; FIRST_SIZE, and so `known`, is at least
        // the size of the field.
        unsafe {
            from.add(field).copy_to_nonoverlapping(to.add(field), known - field);
            to.add(known).write_bytes(0, self.size - known);
        }
    }
}

/// An array of structures to fill in, each as large as the first says.
pub struct SizedRoom<T> {
    place: *mut T,
    size: usize,
    capacity: usize,
}

/// Room for `capacity` structures. NULL is no room, and goes with a capacity of 0 only.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to a `size` and to `capacity` times as many bytes as it says (up to
/// [`LARGEST`]), which nobody else uses while the result is in use.
pub unsafe fn sized_room<T: SizePrefixed>(
    pointer: *mut T,
    capacity: usize,
    name: &str,
) -> Result<SizedRoom<T>, Failure> {
    if capacity == 0 {
        return Ok(SizedRoom { place: pointer, size: 0, capacity });
    }
    // SAFETY: the same promise.
    let size = unsafe { size_of_theirs(pointer, name) }?;
    if !size.is_multiple_of(align_of::<T>()) {
        return Err(Failure::argument(format!("'{name}' has size {size}, which is not aligned")));
    }
    Ok(SizedRoom { place: pointer, size, capacity })
}

impl<T: SizePrefixed> SizedRoom<T> {
    /// Fills in the structure at `index`, if there is room for it; its `size`, too.
    pub fn write(&self, index: usize, value: &T) {
        if index >= self.capacity {
            return;
        }
        // SAFETY: whoever made this promised room for `capacity` structures of `size` bytes.
        let place = unsafe { self.place.cast::<u8>().add(index * self.size) }.cast::<T>();
        // SAFETY: `place` is within that room, and aligned as `size` is a multiple of the alignment.
        unsafe { place.cast::<usize>().write(self.size) };
        SizedOut { place, size: self.size }.write(value);
    }
}

/// Reads and checks the size with which a structure begins.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to a `usize`.
unsafe fn size_of_theirs<T: SizePrefixed>(pointer: *const T, name: &str) -> Result<usize, Failure> {
    const { assert!(size_of::<usize>() <= T::FIRST_SIZE && T::FIRST_SIZE <= size_of::<T>()) };
    check(pointer, name)?;
    // SAFETY: not NULL and aligned; the trait says that a usize comes first.
    let size = unsafe { pointer.cast::<usize>().read() };
    if (T::FIRST_SIZE..=LARGEST).contains(&size) {
        return Ok(size);
    }
    let sentence = format!("'{name}' has size {size}; set it to sizeof({}), {}", T::NAME, size_of::<T>());
    Err(Failure::new(espat_status::InvalidSize, sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second version of a structure: `b` came later.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Second {
        size: usize,
        a: u64,
        b: u64,
    }

    // SAFETY: repr(C), begins with its size, zeros are a value.
    unsafe impl SizePrefixed for Second {
        const NAME: &'static str = "second";
        const FIRST_SIZE: usize = 16;
    }

    /// What a newer program passes.
    #[repr(C)]
    struct Third {
        second: Second,
        c: u64,
    }

    fn read(from: *const Second) -> Result<Second, espat_status> {
        // SAFETY: the tests pass whole structures or NULL.
        unsafe { options(from, "it") }.map_err(|failure| failure.status)
    }

    #[test]
    fn the_size_up_to_a_field_does_not_grow_with_what_comes_behind_it() {
        assert_eq!([size_up_to!(Second, size), size_up_to!(Second, a), size_up_to!(Second, b)], [8, 16, 24]);
        assert_eq!(Second::FIRST_SIZE, size_up_to!(Second, a));
    }

    #[test]
    fn a_program_built_with_an_older_header_gets_defaults_for_later_fields() {
        let older: [u64; 3] = [16, 5, 0xdead];
        assert_eq!(read(older.as_ptr().cast()), Ok(Second { size: 16, a: 5, b: 0 }));
    }

    #[test]
    fn a_program_built_with_a_newer_header_may_not_set_what_is_unknown_here() {
        let mut newer = Third { second: Second { size: size_of::<Third>(), a: 5, b: 6 }, c: 0 };
        assert_eq!(read((&raw const newer).cast()), Ok(newer.second));
        newer.c = 1;
        assert_eq!(read((&raw const newer).cast()), Err(espat_status::InvalidSize));
    }

    #[test]
    fn null_is_the_default_and_a_size_that_no_version_has_is_refused() {
        assert_eq!(read(std::ptr::null()), Ok(Second { size: 0, a: 0, b: 0 }));
        for size in [0, 1, 15, LARGEST + 1, usize::MAX] {
            assert_eq!(read(&Second { size, a: 0, b: 0 }), Err(espat_status::InvalidSize), "size {size}");
        }
    }

    #[test]
    fn filling_in_stays_within_the_callers_size() {
        let value = Second { size: 0, a: 1, b: 2 };
        let fill = |place: *mut Second| {
            // SAFETY: the tests pass whole structures.
            unsafe { sized_out(place, "it") }.expect("a good size").write(&value);
        };
        let mut older: [u64; 3] = [16, 9, 9];
        fill(older.as_mut_ptr().cast());
        assert_eq!(older, [16, 1, 9], "wrote beyond what the caller has");
        let mut same = Second { size: 24, a: 9, b: 9 };
        fill(&raw mut same);
        assert_eq!(same, Second { size: 24, a: 1, b: 2 });
        let mut newer = Third { second: Second { size: 32, a: 9, b: 9 }, c: 9 };
        fill((&raw mut newer).cast());
        assert_eq!((newer.second.a, newer.second.b, newer.c), (1, 2, 0));
    }

    #[test]
    fn an_array_is_filled_in_with_the_size_of_its_first_and_not_beyond_its_end() {
        let value = Second { size: 0, a: 1, b: 2 };
        let fill = |place: *mut Second, capacity| {
            // SAFETY: the tests pass room for as many.
            let room = unsafe { sized_room(place, capacity, "it") }.map_err(|failure| failure.status)?;
            (0..3).for_each(|index| room.write(index, &value));
            Ok(())
        };
        let mut older: [u64; 5] = [16, 9, 9, 9, 9];
        assert_eq!(fill(older.as_mut_ptr().cast(), 2), Ok(()));
        assert_eq!(older, [16, 1, 16, 1, 9], "an older program's two structures of 16 bytes");
        let mut newer: [u64; 8] = [32, 9, 9, 9, 9, 9, 9, 9];
        assert_eq!(fill(newer.as_mut_ptr().cast(), 2), Ok(()));
        assert_eq!(newer, [32, 1, 2, 0, 32, 1, 2, 0], "a newer program's two structures of 32 bytes");
        assert_eq!(fill(std::ptr::null_mut(), 0), Ok(()));
        assert_eq!(fill(std::ptr::null_mut(), 1), Err(espat_status::NullPointer));
    }
}
