//! The command table as a document: `docs/commands.md`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::commands::{describe, parameters};
use super::run;
use crate::at::params::Form;
use crate::at::table::{self, Command, Need};
use crate::profile::PROFILES;
use crate::transcript::coverage::{self, Exercised, Shown};

/// Where the last of the commands is specified whose data phases `+++` ends.
const ESCAPED: &str = "TCP/IP: AT+CIPSENDEX";
/// Transcripts that are named for one form; more are counted.
const MOST_NAMED: usize = 4;

const HEAD: &str = "\
# AT commands

Every command that the module has. Written by `espat-sim commands --markdown`, from the command table and the
transcripts in `tests/transcripts`; a test holds it against them.

The transcripts of a form are those in which the module answers it with something other than ERROR. *Refused in* are
those that show what gets ERROR. A form that is *not there yet* gets nothing else.

A form that is not listed is an error. *Saved* settings are kept in flash. Parameters in brackets may be left out;
those before a comma in brackets, `[<link ID>,]`, are there with AT+CIPMUX=1 and only then. Commands and parameters
that not every profile has name those that do.
";

/// Name of a transcript, without `.at`, a profile that it runs in, and what it shows there.
type Shows = (String, String, Vec<(Exercised, Shown)>);

/// The transcripts of one directory and what they exercise.
pub struct Transcripts {
    all: Vec<Shows>,
    /// Names of those that send `+++`, each once.
    escaping: Vec<String>,
    /// As the documents reach them.
    directory: String,
}

impl Transcripts {
    /// Reads the transcripts of `directory`.
    pub fn read(directory: &Path) -> Result<Transcripts, String> {
        let paths = run::transcripts(&[PathBuf::from(directory)], None)?;
        let (mut all, mut escaping) = (Vec::new(), Vec::new());
        for path in &paths {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            for transcript in run::read(path)? {
                let shown = coverage::exercised(&transcript);
                if coverage::escapes(&transcript) {
                    escaping.push(name.clone());
                }
                all.push((name.clone(), transcript.profile, shown));
            }
        }
        escaping.dedup();
        Ok(Transcripts { all, escaping, directory: format!("../{}", directory.display()) })
    }

    /// Names of those that show this of `form`, each once; those that are called after the command come first.
    fn of(&self, command: &Command, form: Exercised, what: Shown) -> Vec<&str> {
        let (_, documented) = command.section.split_once(": ").unwrap_or_default();
        let called = documented.trim_start_matches("AT+").to_ascii_lowercase();
        let showing = self.all.iter().filter(|(_, _, shown)| shown.contains(&(form, what)));
        let mut names: Vec<&str> = showing.map(|(name, ..)| name.as_str()).collect();
        names.sort_by_key(|name| (!name.starts_with(&called), *name));
        names.dedup();
        names
    }

    /// The profiles that have the form and in which no transcript proves it.
    fn unproved_in(&self, command: &Command, form: Exercised) -> Vec<&'static str> {
        let having = PROFILES.iter().filter(|profile| profile.has(&command.on)).map(|profile| profile.name);
        let proved = |name: &str| {
            self.all
                .iter()
                .any(|(_, profile, shown)| profile == name && shown.contains(&(form, Shown::Proved)))
        };
        having.filter(|name| !proved(name)).collect()
    }

    fn links(&self, command: &Command, form: Exercised, what: Shown) -> String {
        let names = self.of(command, form, what);
        self.list(&names)
    }

    /// Names of those in which the host sends `+++`; those that are called after it come first.
    fn escapes(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.escaping.iter().map(String::as_str).collect();
        names.sort_by_key(|name| (!name.contains("escape"), *name));
        names
    }

    fn list(&self, names: &[&str]) -> String {
        let named = names.iter().take(MOST_NAMED);
        let mut links: Vec<String> =
            named.map(|name| format!("[{name}]({}/{name}.at)", self.directory)).collect();
        match names.len().saturating_sub(MOST_NAMED) {
            0 => {}
            more => links.push(format!("{more} more")),
        }
        links.join(", ")
    }

    /// The cells of the table about one form: what proves it, and where it is refused.
    fn cells(&self, command: &Command, form: Exercised) -> String {
        let proved = match self.links(command, form, Shown::Proved) {
            none if none.is_empty() => "**none**".to_owned(),
            links => links,
        };
        format!("{proved} | {}", self.links(command, form, Shown::Refused))
    }
}

/// The document.
pub fn document(commands: &[&'static Command], transcripts: Option<&Transcripts>) -> String {
    let mut text = HEAD.to_owned();
    let mut chapter = "";
    for command in commands {
        let (of, _) = command.section.split_once(": ").unwrap_or((command.section, ""));
        if of != chapter {
            chapter = of;
            let _ = write!(text, "\n## {chapter} commands\n");
        }
        one(&mut text, command, transcripts);
        if command.section == ESCAPED {
            escape(&mut text, transcripts);
        }
    }
    text
}

/// `+++`, behind the commands whose data phases it ends.
fn escape(text: &mut String, transcripts: Option<&Transcripts>) {
    let (name, summary, _) = table::ESCAPE;
    let mut summary = summary.chars();
    let initial = summary.next().map(|c| c.to_ascii_uppercase()).into_iter();
    let summary: String = initial.chain(summary).collect();
    let links = transcripts.map(|t| t.list(&t.escapes())).unwrap_or_default();
    let _ = write!(
        text,
        "\n### {name}\n\n{summary}. Not a line: nothing follows it, and nothing answers.\n\n\
         | Form | Transcripts |\n|---|---|\n| `{name}` | {links} |\n"
    );
}

/// A form that no transcript proves in some profile that has it.
pub struct Unproved {
    /// The form as it is typed, and where it is not proved.
    pub shown: String,
    /// No transcript proves it in any profile.
    pub everywhere: bool,
}

/// The forms that are not proved in every profile that has them.
pub fn unproved(transcripts: &Transcripts) -> Vec<Unproved> {
    let forms = table::all().into_iter().flat_map(|c| coverage::forms(c).into_iter().map(move |f| (c, f)));
    forms
        .filter_map(|(command, form)| {
            let missing = transcripts.unproved_in(command, form);
            if missing.is_empty() {
                return None;
            }
            let shown = format!("{} in {}", typed(command, form), missing.join(", "));
            let everywhere = transcripts.of(command, form, Shown::Proved).is_empty();
            Some(Unproved { shown, everywhere })
        })
        .chain(
            transcripts
                .escapes()
                .is_empty()
                .then(|| Unproved { shown: table::ESCAPE.0.to_owned(), everywhere: true }),
        )
        .collect()
}

fn one(text: &mut String, command: &'static Command, transcripts: Option<&Transcripts>) {
    let saved = if command.saved { ", saved" } else { "" };
    let mut summary = command.summary.chars();
    let initial = summary.next().map(|c| c.to_ascii_uppercase()).into_iter();
    let summary: String = initial.chain(summary).collect();
    let _ = write!(text, "\n### AT{}\n\n{summary}{saved}.", command.name);
    if !command.needs.is_empty() {
        let needs: Vec<&str> = command.needs.iter().map(|need| describe_need(*need)).collect();
        let _ = write!(text, " Needs {}.", needs.join(" and "));
    }
    if !command.query_needs.is_empty() {
        let needs: Vec<&str> = command.query_needs.iter().map(|need| describe_need(*need)).collect();
        let _ = write!(text, " The query needs {}, too.", needs.join(" and "));
    }
    if let Some(names) = command.on.names() {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(text, " Profiles: {}.", names.join(", "));
    }
    if let Some(feature) = command.on.feature() {
        let _ = write!(text, " Only where `{}` is [built in](scenario.md#modulenamebuild).", feature.key());
    }
    text.push_str("\n\n| Form | Transcripts | Refused in |\n|---|---|---|\n");
    for form in coverage::forms(command) {
        let cells = transcripts.map_or(" | ".to_owned(), |t| t.cells(command, form));
        let _ = writeln!(text, "| `{}` | {cells} |", typed(command, form));
    }
    for syntax in command.set.iter().flat_map(|set| set.syntaxes) {
        let of = if syntax.when.is_empty() { String::new() } else { format!(" for {}", syntax.when) };
        let _ = write!(text, "\n| Parameter{of} | Values |\n|---|---|\n");
        for param in syntax.params {
            let _ = writeln!(text, "| {} | {} |", param.name, describe(param));
        }
    }
}

/// A form as it is typed, its parameters as in the specification.
fn typed(command: &Command, form: Exercised) -> String {
    let name = command.name;
    match (form.form, &command.set) {
        (Form::Query, _) => format!("AT{name}?"),
        (Form::Test, _) => format!("AT{name}=?"),
        (Form::Set, Some(set)) => {
            let params = set.syntaxes.get(form.syntax).map_or(&[][..], |syntax| syntax.params);
            format!("AT{name}={}", parameters(params))
        }
        _ => format!("AT{name}"),
    }
}

fn describe_need(need: Need) -> &'static str {
    match need {
        Need::Wifi => "Wi-Fi not switched off",
        Need::Station => "the station switched on",
        Need::SoftAp => "the softAP switched on",
        Need::Address => "an address",
    }
}
