//! Which forms of which commands a transcript proves, and which it shows to be refused.
//!
//! A form is proved by a line that is answered by something other than ERROR, for the profile of that run. What is
//! answered is read from the transcript: the module lines up to the host's next line.

use super::text::Element;
use super::{Action, Step, Transcript};
use crate::at::params::{CommandLine, Form, Raw};
use crate::at::table::{self, Command};
use crate::profile::{self, Build, Profile};
use crate::world::Pin;

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

/// What a transcript shows of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// It does something.
    Proved,
    /// It gets ERROR.
    Refused,
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

/// What the transcript's own host lines show, not those of files that it includes. Each once, in order.
pub fn exercised(transcript: &Transcript) -> Vec<(Exercised, Shown)> {
    let profile = profile::find(&transcript.profile).unwrap_or(profile::PROFILES[0]);
    let module = transcript.scenario.modules.iter().find(|module| module.name == transcript.module);
    let build = module.map_or_else(|| Build::published(profile), |module| module.build);
    let mut multiple = false;
    let mut found = Vec::new();
    for (place, step) in transcript.steps.iter().enumerate() {
        let text = match &step.action {
            Action::Send(text) => text,
            // The chip starts anew.
            Action::Pin(Pin::En, false) => {
                multiple = false;
                continue;
            }
            _ => continue,
        };
        let Some((line, command)) = command_of(text, profile, &build) else { continue };
        let Some(shown) = answer(&transcript.steps[place + 1..]) else { continue };
        let syntax = match &command.set {
            Some(set) if line.form == Form::Set => set.syntax(&line.params, multiple),
            _ => 0,
        };
        if shown == Shown::Proved {
            match (command.name, line.form, line.params.first()) {
                ("+CIPMUX", Form::Set, Some(Raw::Number(n))) => multiple = *n == 1,
                ("+RST" | "+RESTORE", ..) => multiple = false,
                _ => {}
            }
        }
        if step.place.own {
            found.push((Exercised { name: command.name, form: line.form, syntax }, shown));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether the host sends `+++` and nothing else in one of the transcript's own steps.
pub fn escapes(transcript: &Transcript) -> bool {
    let own = transcript.steps.iter().filter(|step| step.place.own);
    own.into_iter().any(|step| match &step.action {
        Action::Send(text) => {
            matches!(&text[..], [Element::Literal(bytes)] if bytes == table::ESCAPE.0.as_bytes())
        }
        _ => false,
    })
}

/// The command of a host line, where it is one that this build of the profile has in this form.
fn command_of(text: &[Element], profile: &Profile, build: &Build) -> Option<(CommandLine, &'static Command)> {
    let mut line = Vec::new();
    for element in text {
        match element {
            Element::Literal(bytes) => line.extend_from_slice(bytes),
            // What it stands for does not matter for the form.
            Element::Hole(_) => line.push(b'0'),
        }
    }
    let line = CommandLine::parse(line.strip_suffix(b"\r\n")?).ok()?;
    let command = table::find(&line.name, profile, build).filter(|c| c.has(line.form))?;
    Some((line, command))
}

/// What the module lines up to the host's next line say. `None`: there is none, or the module was busy.
fn answer(after: &[Step]) -> Option<Shown> {
    let mut shown = None;
    for step in after {
        let pattern = match &step.action {
            Action::Send(_) => break,
            Action::Expect { pattern, .. } => pattern,
            _ => continue,
        };
        let literal = pattern.iter().flat_map(|e| match e {
            Element::Literal(bytes) => &bytes[..],
            Element::Hole(_) => b"0",
        });
        let text: Vec<u8> = literal.copied().collect();
        for line in text.split(|b| *b == b'\n') {
            match line.strip_suffix(b"\r").unwrap_or(line) {
                b"ERROR" => return Some(Shown::Refused),
                line if line.starts_with(b"busy ") => return None,
                b"OK" => return Some(Shown::Proved),
                b"" => {}
                _ => shown = Some(Shown::Proved),
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// What a transcript with this dialogue shows.
    fn shows(dialogue: &str) -> Vec<(&'static str, Form, usize, Shown)> {
        let parsed = parse("t.at", &format!("cites x\n{dialogue}"), &mut |_| Err("no files".to_owned()));
        let transcripts = parsed.unwrap_or_else(|e| panic!("{e}"));
        exercised(&transcripts[0]).into_iter().map(|(e, s)| (e.name, e.form, e.syntax, s)).collect()
    }

    #[test]
    fn a_form_is_proved_by_an_answer_other_than_error() {
        use Form::{Execute, Query, Set};
        use Shown::{Proved, Refused};
        assert_eq!(shows("> at\n<\n< OK\n"), [("", Execute, 0, Proved)]);
        assert_eq!(shows("> at+cipmux?\n< +CIPMUX:0\n<\n< OK\n"), [("+CIPMUX", Query, 0, Proved)]);
        assert_eq!(shows("> AT+CIPMUX=9\n<\n< ERROR\n"), [("+CIPMUX", Set, 0, Refused)]);
        assert_eq!(
            shows("> AT+CIPMUX=1\n> AT\n<\n< OK\n"),
            [("", Execute, 0, Proved)],
            "no answer of its own"
        );
        assert_eq!(shows("> AT+CIPMUX?\n<| busy p...\\r\\n\n"), [], "it was not even read");
        assert_eq!(shows("> AT+CIPMUX=?\n<\n< ERROR\n"), [], "there is no test form");
        assert_eq!(shows("> AT+CIPMUX\n<\n< ERROR\n"), [], "nor an execute form");
        assert_eq!(shows("> XY\n<\n< ERROR\n"), []);
        let both = shows("> AT+CIPMUX=1\n<\n< OK\n> AT+CIPMUX=2\n<\n< ERROR\n");
        assert_eq!(both, [("+CIPMUX", Set, 0, Proved), ("+CIPMUX", Set, 0, Refused)]);
    }

    #[test]
    fn of_several_syntaxes_it_is_the_one_that_the_module_reads() {
        let syntax = |multiple: bool, line: &str| {
            let first = if multiple { "> AT+CIPMUX=1\n<\n< OK\n" } else { "" };
            let shown = shows(&format!("{first}> AT+CIPSTART={line}\n< CONNECT\n<\n< OK\n"));
            shown.iter().find(|s| s.0 == "+CIPSTART").map(|s| s.2)
        };
        assert_eq!(syntax(false, r#""TCP","UDP",7"#), Some(0));
        assert_eq!(syntax(true, r#"4,"UDP","h",7"#), Some(1));
        assert_eq!(syntax(false, r#""SSL","h",7"#), Some(2));
        assert_eq!(syntax(false, r#"4,"UDP","h",7"#), Some(0), "the type stands first with AT+CIPMUX=0");
    }
}
