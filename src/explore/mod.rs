//! Exploring: what must hold for every world, whatever its hosts, its network and its test do.
//!
//! A [`Session`] is a world and what happens to it, as text. [`check`] runs one in several ways and says what does not
//! hold: no panic; no event in the past, and none that comes again and again; bytes in the order of time; the same
//! bytes, answers, counters and digest however far the drivers go in one step; the same digest from the input log.
//! [`drawn`] makes a session out of a seed: `espat-sim explore` runs one after the other, the fuzzer mutates those that
//! it has. What both choose from stands in [`commands`] and [`scene`].
//!
//! And what comes after: a [`Case`] is an input log that fails in some [`Way`], cut down to what that takes.

mod case;
mod check;
pub mod commands;
mod draw;
mod fewest;
mod scenario;
pub mod scene;
mod session;
mod way;

pub use case::{Case, Size};
pub use check::{Answer, Failure, Run, check};
pub use draw::drawn;
pub use fewest::fewest;
pub use session::{Session, Step};
pub use way::{Way, caught};

use crate::rng::Stream;

/// One of them, which are not empty.
pub fn one_of<T: Copy>(of: &[T], stream: &mut Stream) -> T {
    of[stream.between(0, of.len() as u64 - 1) as usize]
}

/// True in `part` of `whole` cases.
pub fn in_cases(part: u64, whole: u64, stream: &mut Stream) -> bool {
    stream.between(1, whole) <= part
}

/// A sentence without its numbers: what differs in them alone is one kind of failure.
pub fn without_numbers(sentence: &str) -> String {
    let mut kind = String::new();
    for c in sentence.chars() {
        match c {
            '0'..='9' if kind.ends_with('N') => {}
            '0'..='9' => kind.push('N'),
            c => kind.push(c),
        }
    }
    kind
}
