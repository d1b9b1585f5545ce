//! Which profiles have a command or a parameter: releases from one to another, on all chips or on some.

use super::{Feature, PROFILES, Profile};

/// A chip that ESP-AT runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chip {
    /// ESP8266.
    Esp8266,
    /// ESP32.
    Esp32,
    /// ESP32-C3.
    Esp32c3,
    /// ESP32-C6.
    Esp32c6,
}

/// A release of ESP-AT: its first two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u8, pub u8);

/// Which profiles have something.
#[derive(Clone, Copy, Debug)]
pub struct Availability {
    from: Release,
    before: Release,
    /// Empty: all.
    chips: &'static [Chip],
    feature: Option<Feature>,
}

impl Availability {
    /// In every profile.
    pub const ALL: Availability =
        Availability { from: Release(0, 0), before: Release(u8::MAX, u8::MAX), chips: &[], feature: None };

    /// From this release on.
    pub const fn since(self, major: u8, minor: u8) -> Availability {
        Availability { from: Release(major, minor), ..self }
    }

    /// Up to this release, which does not have it any more.
    pub const fn before(self, major: u8, minor: u8) -> Availability {
        Availability { before: Release(major, minor), ..self }
    }

    /// On these chips only.
    pub const fn on(self, chips: &'static [Chip]) -> Availability {
        Availability { chips, ..self }
    }

    /// Where this is built in.
    pub const fn with(self, feature: Feature) -> Availability {
        Availability { feature: Some(feature), ..self }
    }

    /// What must be built in for it.
    pub const fn feature(&self) -> Option<Feature> {
        self.feature
    }

    /// Whether this chip has it with this release, as far as these tell.
    pub fn includes(&self, chip: Chip, release: Release) -> bool {
        (self.from..self.before).contains(&release) && (self.chips.is_empty() || self.chips.contains(&chip))
    }

    /// The profiles that have it; `None` when all do.
    pub fn names(&self) -> Option<Vec<&'static str>> {
        let having: Vec<&'static Profile> = PROFILES.into_iter().filter(|p| p.has(self)).collect();
        (having.len() < PROFILES.len()).then(|| having.iter().map(|p| p.name).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_included_from_its_first_to_before_its_last() {
        let some = Availability::ALL.since(2, 4).before(4, 1).on(&[Chip::Esp32, Chip::Esp32c3]);
        assert!(some.includes(Chip::Esp32, Release(2, 4)) && some.includes(Chip::Esp32c3, Release(3, 9)));
        assert!(!some.includes(Chip::Esp32, Release(2, 3)), "too old");
        assert!(!some.includes(Chip::Esp32, Release(4, 1)), "not any more");
        assert!(!some.includes(Chip::Esp8266, Release(3, 0)), "another chip");
        assert!(Availability::ALL.includes(Chip::Esp8266, Release(2, 2)));
        assert_eq!(Availability::ALL.names(), None);
        assert_eq!(
            Availability::ALL.since(3, 0).names(),
            Some(vec!["esp32c3-v3.3", "esp32c3-v4.1", "esp32-v3.4", "esp32c6-v4.1"])
        );
    }
}
