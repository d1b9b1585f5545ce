//! The world of a transcript: its scenario, with the profile that it is read for.

use super::{DEFAULT_MODULE, Parser};
use crate::profile::{self, PROFILES, Profile};
use crate::transcript::problem::Problem;
use crate::world::Scenario;
use crate::world::scenario::ModuleConfig;

impl Parser<'_, '_> {
    /// The scenario in force. Nothing can change it afterwards.
    pub(super) fn world(&mut self) -> Option<&Scenario> {
        if self.world.is_none() {
            let made = self.make_world();
            let made = made.map_err(|problem| self.problems.push(problem)).ok();
            self.world = Some(made);
        }
        self.world.as_ref().and_then(Option::as_ref)
    }

    fn make_world(&self) -> Result<Scenario, Problem> {
        let default = || (Scenario::DEFAULT_NAME.to_owned(), Scenario::default_text().to_owned());
        let (name, text) = self.settings.scenario.clone().unwrap_or_else(default);
        let parse = |text: &str| Scenario::parse(&name, text).map_err(|e| Problem::scenario(&name, &e));
        let profile = self.chosen.or(self.settings.profiles.first().copied());
        let scenario = match (parse(&text), profile) {
            (Ok(scenario), _) => scenario,
            // What is a mistake in the profile that the scenario names may be none in this one: a build option.
            (Err(problem), Some(profile)) => {
                let named = self.settings.module.as_deref().unwrap_or("wifi");
                return parse(&with_profile(&text, named, profile.name)).map_err(|_| problem);
            }
            (Err(problem), None) => return Err(problem),
        };
        match (profile, self.driven(&scenario)) {
            (Some(profile), Some(module)) if module.profile != profile.name => {
                parse(&with_profile(&text, &module.name, profile.name))
            }
            _ => Ok(scenario),
        }
    }

    /// The profile of the module at whose UART the host is. Nothing can change it afterwards.
    pub(super) fn profile(&mut self) -> &'static Profile {
        self.world();
        let scenario = self.world.as_ref().and_then(Option::as_ref);
        let driven = scenario.and_then(|scenario| self.driven(scenario));
        // Without one, the transcript has a mistake already.
        driven.and_then(|module| profile::find(&module.profile)).unwrap_or(PROFILES[0])
    }

    /// The module at whose UART the host is.
    pub(super) fn driven<'s>(&self, scenario: &'s Scenario) -> Option<&'s ModuleConfig> {
        match (&self.settings.module, &scenario.modules[..]) {
            (None, [only]) => Some(only),
            (wanted, modules) => {
                let wanted = wanted.as_deref().unwrap_or(DEFAULT_MODULE);
                modules.iter().find(|m| m.name == wanted)
            }
        }
    }
}

/// A scenario with another profile for one module. The text stays a scenario, because the input log keeps it.
pub(super) fn with_profile(scenario: &str, module: &str, profile: &str) -> String {
    let Ok(mut table) = scenario.parse::<toml::Table>() else { return scenario.to_owned() };
    let modules = table.entry("module").or_insert_with(|| toml::Table::new().into());
    if let Some(modules) = modules.as_table_mut() {
        let module = modules.entry(module).or_insert_with(|| toml::Table::new().into());
        if let Some(module) = module.as_table_mut() {
            module.insert("profile".to_owned(), profile.into());
        }
    }
    table.to_string()
}
