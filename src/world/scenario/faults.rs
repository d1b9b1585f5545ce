//! What is wrong with a module itself at the start: keys of `[module.NAME]`, in the words of the console.

use super::report::Problems;
use super::table::Section;
use crate::module::ModuleChange;

/// Reads them. What is as it should be is no change.
pub(super) fn of_module(problems: &mut Problems, module: &Section) -> Vec<ModuleChange> {
    let mut faults = Vec::new();
    if module.choice(problems, "power", &[("on", true), ("off", false)]) == Some(false) {
        faults.push(ModuleChange::Power(false));
    }
    faults
}
