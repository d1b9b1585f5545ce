//! The wall clock, the one place where `serve` reads it.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "`serve` follows the wall clock")]

use super::Wall;
use crate::time::Duration;

/// The wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock(std::time::Instant);

impl Clock {
    /// A clock whose readings count from now.
    #[must_use]
    pub fn start() -> Clock {
        Clock(std::time::Instant::now())
    }

    /// What it shows.
    pub fn now(&self) -> Wall {
        Wall(Duration::from_nanos(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long it is until it shows `wall`.
    pub fn until(&self, wall: Wall) -> std::time::Duration {
        std::time::Duration::from_nanos(wall.0.as_nanos().saturating_sub(self.now().0.as_nanos()))
    }
}
