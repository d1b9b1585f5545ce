//! What is wrong with a module itself at the start: keys of `[module.NAME]`, in the words of the console.

use super::report::Problems;
use super::table::Section;
use crate::module::ModuleChange;
use crate::world::console::module;

/// Reads them. What is as it should be is no change.
pub(super) fn of_module(problems: &mut Problems, section: &Section) -> Vec<ModuleChange> {
    let mut faults = Vec::new();
    if section.choice(problems, "power", &[("on", true), ("off", false)]) == Some(false) {
        faults.push(ModuleChange::Power(false));
    }
    if let Some(bytes) = section.integer(problems, "heap", 0, u32::MAX.into()) {
        faults.push(ModuleChange::Heap(Some(bytes)));
    }
    if section.choice(problems, "flash", &[("ok", true), ("fail", false)]) == Some(false) {
        faults.push(ModuleChange::Flash(false));
    }
    if section.choice(problems, "urcs", &[("normal", false), ("hostile", true)]) == Some(true) {
        faults.push(ModuleChange::Urcs(true));
    }
    for (line, place) in section.strings(problems, "answers").unwrap_or_default() {
        match module::parse_answer(line) {
            Ok(answer) => faults.push(answer),
            Err(message) => problems.add(place, message),
        }
    }
    faults
}
