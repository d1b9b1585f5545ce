//! Which forms of which commands a transcript exercises.

use super::text::Element;
use super::{Action, Transcript};
use crate::at::params::{CommandLine, Form, Raw};
use crate::at::table::{self, Command};
use crate::profile::{self, Profile};

/// One form of a command. A set form with several syntaxes (AT+CIPSTART for TCP, UDP, SSL) counts once for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exercised {
    /// The command's name, without AT.
    pub name: &'static str,
    /// The form.
    pub form: Form,
    /// The syntax of a set form, by its place in the table.
    pub syntax: usize,
}

/// Every form that `command` has, in the order of the documentation.
pub fn forms(command: &'static Command) -> Vec<Exercised> {
    let mut forms = Vec::new();
    for form in [Form::Query, Form::Set, Form::Execute].into_iter().filter(|f| command.has(*f)) {
        let syntaxes = match &command.set {
            Some(set) if form == Form::Set => set.syntaxes.len(),
            _ => 1,
        };
        forms.extend((0..syntaxes).map(|syntax| Exercised { name: command.name, form, syntax }));
    }
    forms
}

/// The forms in the transcript's own host lines, not in those of files that it includes. Each once, in order.
pub fn exercised(transcript: &Transcript) -> Vec<Exercised> {
    let module = transcript.scenario.modules.iter().find(|m| m.name == transcript.module);
    let profile = module.and_then(|m| profile::find(&m.profile)).unwrap_or(profile::PROFILES[0]);
    let mut found: Vec<Exercised> = transcript
        .steps
        .iter()
        .filter(|step| step.place.own)
        .filter_map(|step| match &step.action {
            Action::Send(text) => of_line(text, profile),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn of_line(text: &[Element], profile: &Profile) -> Option<Exercised> {
    let mut line = Vec::new();
    for element in text {
        match element {
            Element::Literal(bytes) => line.extend_from_slice(bytes),
            // What it stands for does not matter for the form.
            Element::Hole(_) => line.push(b'0'),
        }
    }
    let line = CommandLine::parse(line.strip_suffix(b"\r\n")?).ok()?;
    let command = table::find(&line.name, profile).filter(|c| c.has(line.form))?;
    let syntax = match &command.set {
        // The type is the first string: before it stands at most a link ID.
        Some(set) if line.form == Form::Set && set.selector.is_some() => {
            let kind = line.params.iter().find_map(|raw| match raw {
                Raw::Text(text) => Some(text),
                _ => None,
            })?;
            set.syntaxes.iter().position(|syntax| kind.starts_with(syntax.when.as_bytes()))?
        }
        _ => 0,
    };
    Some(Exercised { name: command.name, form: line.form, syntax })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_lines_are_assigned_to_forms() {
        let form = |line: &str| {
            of_line(&[Element::Literal(format!("{line}\r\n").into_bytes())], profile::PROFILES[0])
                .map(|e| (e.name, e.form, e.syntax))
        };
        assert_eq!(form("AT"), Some(("", Form::Execute, 0)));
        assert_eq!(form("at+cipmux?"), Some(("+CIPMUX", Form::Query, 0)));
        assert_eq!(form("AT+CIPSTART=\"TCP\",\"UDP\",7"), Some(("+CIPSTART", Form::Set, 0)));
        assert_eq!(form("AT+CIPSTART=4,\"UDP\",\"h\",7"), Some(("+CIPSTART", Form::Set, 1)));
        assert_eq!(form("AT+CIPSTART=\"SSL\",\"h\",7"), Some(("+CIPSTART", Form::Set, 2)));
        assert_eq!(form("AT+CIPMUX=?"), None, "there is no test form");
        assert_eq!(form("AT+CIPMUX"), None, "nor an execute form");
        assert_eq!(form("XY"), None);
    }
}
