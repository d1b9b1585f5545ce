//! What a module's firmware was built with: `[module.NAME.build]`.

use super::report::Problems;
use super::schema;
use super::table::Section;
use crate::profile::{Build, Feature, LogLevel, Offer, PROFILES, Profile};
use crate::world::spelling::one_of;

/// The build of the module called `name`, whose table is `module`. A feature that the release's source lacks is a
/// mistake, whether it is switched on or off.
pub(super) fn read(problems: &mut Problems, name: &str, module: &Section, profile: &Profile) -> Build {
    let mut build = Build::published(profile);
    let Some(value) = module.value("build") else { return build };
    let title = format!("[module.{name}.build]");
    let Some(table) = Section::open(problems, title, value.span(), value, schema::BUILD) else {
        return build;
    };
    for feature in Feature::ALL {
        let Some(on) = table.boolean(problems, feature.key()) else { continue };
        if profile.offers.of(feature) == Offer::Absent {
            let having = PROFILES.iter().filter(|p| p.offers.of(feature) != Offer::Absent).map(|p| p.name);
            let message = format!(
                "expected an option that the source of {} has; this one is in {}",
                profile.name,
                one_of(having)
            );
            table.complain(problems, feature.key(), &message);
        }
        build = build.with(feature, on);
    }
    let levels = [
        ("none", LogLevel::None),
        ("error", LogLevel::Error),
        ("warning", LogLevel::Warning),
        ("info", LogLevel::Info),
    ];
    build.log_level = table.choice(problems, "log-level", &levels).unwrap_or_default();
    build
}
