//! The world of a transcript: its scenario, with the profile that it is read for.

use super::{DEFAULT_MODULE, Parser};
use crate::profile::{self, PROFILES, Profile};
use crate::transcript::problem::Problem;
use crate::world::Scenario;
use crate::world::scenario::{ModuleConfig, ScenarioError};

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
        let mistake = |e: ScenarioError| Problem::scenario(&name, &e);
        let parsed = Scenario::parse(&name, &text);
        let Some(profile) = self.chosen.or(self.settings.profiles.first().copied()) else {
            return parsed.map_err(mistake);
        };
        // What is a mistake in the profile that the scenario names may be none in this one: a build option.
        let driven = match &parsed {
            Ok(scenario) => self.driven(scenario).map(|module| module.name.clone()),
            Err(_) => Some(self.settings.module.clone().unwrap_or_else(|| DEFAULT_MODULE.to_owned())),
        };
        match (driven, parsed) {
            (Some(_), Ok(scenario)) if self.driven(&scenario).is_some_and(|m| m.profile == profile.name) => {
                Ok(scenario)
            }
            (Some(module), _) => {
                Scenario::parse_with_profile(&name, &text, &module, profile).map_err(mistake)
            }
            (None, parsed) => parsed.map_err(mistake),
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
