//! Build options: what a user's own build of a release has that the published one lacks, and the other way round.
//!
//! The published firmware is one choice among what its source can be built to. A profile says of each [`Feature`] whether
//! its release's source has it at all, and whether the published build does ([`Offer`]); a [`Build`] is the choice that
//! the firmware at hand was built with. Handlers ask [`Build::has`]; a command or a parameter that a feature brings
//! says so in the table ([`Availability::with`]).

use super::{Availability, Profile};

/// Something that a build may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Pre-shared keys of TLS clients (`CONFIG_ESP_TLS_PSK_VERIFICATION`).
    SslPsk,
    /// AT+CIPSERVER over TLS.
    SslServer,
    /// The HTTP client.
    Http,
    /// Certificates of the HTTP client (`AT_HTTPS_*_AUTH_*`).
    HttpsAuth,
    /// The WebSocket client.
    WebSocket,
}

impl Feature {
    /// All of them.
    pub const ALL: [Feature; 5] =
        [Feature::SslPsk, Feature::SslServer, Feature::Http, Feature::HttpsAuth, Feature::WebSocket];

    /// Its key in a scenario's `[module.NAME.build]`.
    pub const fn key(self) -> &'static str {
        match self {
            Feature::SslPsk => "ssl-psk",
            Feature::SslServer => "ssl-server",
            Feature::Http => "http",
            Feature::HttpsAuth => "https-auth",
            Feature::WebSocket => "websocket",
        }
    }
}

/// What a release has of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Its source does not have it.
    Absent,
    /// Its source has it, the published build does not.
    Off,
    /// The published build has it.
    On,
}

/// What a release has of each feature.
#[derive(Clone, Copy, Debug)]
pub struct Offers {
    pub(super) ssl_psk: Offer,
    pub(super) ssl_server: Offer,
    pub(super) http: Offer,
    pub(super) https_auth: Offer,
    pub(super) websocket: Offer,
}

impl Offers {
    /// v2.3 on the ESP32 family: keys are compiled out (the releases from v2.4 on have them), WebSocket is not written
    /// yet.
    pub(super) const V2_3: Offers = Offers {
        ssl_psk: Offer::Off,
        ssl_server: Offer::On,
        http: Offer::On,
        https_auth: Offer::Absent,
        websocket: Offer::Absent,
    };
    /// The ESP8266: no server over TLS is linked, and the HTTP client is left out for want of room.
    pub(super) const ESP8266: Offers =
        Offers { ssl_psk: Offer::On, ssl_server: Offer::Absent, http: Offer::Off, ..Offers::V2_3 };
    /// v3.1 to v4.0.
    pub(super) const V3: Offers = Offers { ssl_psk: Offer::On, websocket: Offer::Off, ..Offers::V2_3 };
    /// v4.1.
    pub(super) const V4_1: Offers = Offers { https_auth: Offer::Off, ..Offers::V3 };

    /// What it has of this one.
    pub const fn of(&self, feature: Feature) -> Offer {
        match feature {
            Feature::SslPsk => self.ssl_psk,
            Feature::SslServer => self.ssl_server,
            Feature::Http => self.http,
            Feature::HttpsAuth => self.https_auth,
            Feature::WebSocket => self.websocket,
        }
    }
}

/// From which severity on ESP-IDF's own texts come out of the log port. What AT prints by itself always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// None does: a "silence" build.
    None,
    /// Errors, as in the published builds.
    #[default]
    Error,
    /// Warnings, too.
    Warning,
    /// Everything short of what is for debugging.
    Info,
}

/// What the firmware at hand was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    features: [bool; Feature::ALL.len()],
    /// Which of ESP-IDF's texts come out of the log port.
    pub log_level: LogLevel,
}

impl Build {
    /// The published one.
    pub fn published(profile: &Profile) -> Build {
        let features = Feature::ALL.map(|feature| profile.offers.of(feature) == Offer::On);
        Build { features, log_level: LogLevel::default() }
    }

    /// The same with a feature, or without. Whether the release's source has it is the caller's to look at.
    pub fn with(mut self, feature: Feature, on: bool) -> Build {
        self.features[feature as usize] = on;
        self
    }

    /// Whether it has the feature.
    pub fn has(&self, feature: Feature) -> bool {
        self.features[feature as usize]
    }

    /// Whether it has what is available like that, for a module of this profile.
    pub fn includes(&self, profile: &Profile, what: &Availability) -> bool {
        profile.has(what) && what.feature().is_none_or(|feature| self.has(feature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{PROFILES, find};

    #[test]
    fn the_published_builds_have_what_their_documentation_says() {
        let has = |profile: &str, feature| Build::published(find(profile).expect(profile)).has(feature);
        assert!(!has("esp32c3-v2.3", Feature::SslPsk), "compiled out in 2021");
        assert!(has("esp32-v3.4", Feature::SslPsk) && has("esp8266-v2.2", Feature::SslPsk));
        assert!(!has("esp8266-v2.2", Feature::Http) && has("esp32c3-v2.3", Feature::Http));
        for profile in PROFILES {
            for feature in [Feature::WebSocket, Feature::HttpsAuth] {
                assert!(!has(profile.name, feature), "{}: {}", profile.name, feature.key());
            }
        }
    }

    #[test]
    fn what_a_feature_brings_is_there_with_it_alone() {
        let profile = find("esp32-v3.4").expect("it is there");
        let what = Availability::ALL.with(Feature::WebSocket);
        let published = Build::published(profile);
        assert!(!published.includes(profile, &what));
        assert!(published.with(Feature::WebSocket, true).includes(profile, &what));
        let none = find("esp8266-v2.2").expect("it is there");
        assert!(!none.has(&what), "its source has no WebSocket");
    }
}
