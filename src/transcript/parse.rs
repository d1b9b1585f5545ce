//! Reads a transcript and the files that it names.

mod world;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::problem::{Mistakes, Problem};
use super::profiles;
use super::text::{self, Element, Kind};
use super::{Action, DEFAULT_LIMIT, Place, Step, Transcript, Window};
use crate::profile::{self, Profile};
use crate::time::Duration;
use crate::uart::LineSettings;
use crate::world::quantity::duration;
use crate::world::spelling::{did_you_mean, one_of, shown};
use crate::world::{Pin, Scenario, console};

/// The module that a driver attaches to when nobody says which.
const DEFAULT_MODULE: &str = "wifi";
/// How deep files may include each other.
const DEEPEST: usize = 16;
/// What a line can begin with.
const WORDS: [&str; 14] = [
    "cites", "profile", "profiles", "scenario", "seed", "module", "include", "silent", "wait", "within",
    "after", "console", "pin", "uart",
];
const PINS: [(&str, Pin); 4] = Pin::WORDS;

/// Gives the text of a file that a transcript names, or a sentence why not.
pub type Load<'l> = dyn FnMut(&str) -> Result<String, String> + 'l;

/// Reads the transcript `text` of the file `name`, once for each profile that it is meant for. Files that it includes,
/// and its scenario, come from `load`, with their paths relative to the file that names them.
///
/// # Errors
/// Every mistake, with its place; of several profiles, those of the first that has any.
pub fn parse(name: &str, text: &str, load: &mut Load<'_>) -> Result<Vec<Transcript>, Mistakes> {
    let (first, profiles) = parse_for(None, name, text, load)?;
    let mut all = vec![first];
    for profile in profiles.iter().skip(1).copied() {
        all.push(parse_for(Some(profile), name, text, load)?.0);
    }
    Ok(all)
}

/// Reads it for one of its profiles, `None`: for the first; and says which it has.
fn parse_for(
    profile: Option<&'static Profile>,
    name: &str,
    text: &str,
    load: &mut Load<'_>,
) -> Result<(Transcript, Vec<&'static Profile>), Mistakes> {
    let mut parser = Parser::new(load);
    parser.chosen = profile;
    parser.file(name, text, true);
    parser.finish(name, text)
}

/// What a transcript sets once, before its first step.
#[derive(Default)]
struct Settings {
    cites: Vec<String>,
    own_cites: bool,
    /// Empty: that of the scenario.
    profiles: Vec<&'static Profile>,
    /// What the file is called in messages, and its text.
    scenario: Option<(String, String)>,
    seed: Option<u64>,
    module: Option<String>,
    /// Where each was set.
    places: BTreeMap<&'static str, Place>,
}

/// What `within` and `after` say about the next expectation.
#[derive(Default)]
struct Modifiers {
    limit: Option<Duration>,
    window: Option<Window>,
    /// The line of the last of them.
    span: Option<Range<usize>>,
}

/// A file under way.
struct File<'t> {
    name: &'t str,
    text: &'t str,
    own: bool,
    /// The line under way, as a range of bytes.
    line: Range<usize>,
    number: usize,
}

struct Parser<'l, 'f> {
    load: &'l mut Load<'f>,
    /// The one of several profiles that the transcript is read for now; `None`: the first.
    chosen: Option<&'static Profile>,
    problems: Vec<Problem>,
    settings: Settings,
    /// Made from the settings when the first step comes. The inner `None`: it has mistakes.
    world: Option<Option<Scenario>>,
    steps: Vec<Step>,
    modifiers: Modifiers,
    holes: BTreeMap<String, Kind>,
    stack: Vec<String>,
}

type Checked<T> = Result<T, text::Mistake>;

impl<'l, 'f> Parser<'l, 'f> {
    fn new(load: &'l mut Load<'f>) -> Self {
        Parser {
            load,
            chosen: None,
            problems: Vec::new(),
            settings: Settings::default(),
            world: None,
            steps: Vec::new(),
            modifiers: Modifiers::default(),
            holes: BTreeMap::new(),
            stack: Vec::new(),
        }
    }

    fn file(&mut self, name: &str, text: &str, own: bool) {
        self.stack.push(name.to_owned());
        let mut file = File { name, text, own, line: 0..0, number: 0 };
        while file.next_line() {
            let line = &text[file.line.clone()];
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Err((span, message)) = self.line(&mut file, line) {
                self.problem(&file, span, message);
            }
        }
        if let Err((span, message)) = self.no_modifiers() {
            self.problem(&file, span, message);
        }
        self.stack.pop();
    }

    fn problem(&mut self, file: &File<'_>, span: Range<usize>, message: String) {
        self.problems.push(Problem::new(file.name, file.text, span, message));
    }

    /// One line. Ranges of mistakes count from the beginning of the file.
    fn line(&mut self, file: &mut File<'_>, line: &str) -> Checked<()> {
        let start = file.line.start;
        let first = line.chars().next().unwrap_or_default();
        if matches!(first, '>' | '<') {
            return self.wire(file, line, first == '>');
        }
        let word_end = line.find(' ').unwrap_or(line.len());
        let (word, rest) = line.split_at(word_end);
        let argument = rest.trim();
        let begin = start + word_end + (rest.len() - rest.trim_start().len());
        let place =
            if argument.is_empty() { start..start + line.len() } else { begin..begin + argument.len() };
        let wrong = |message: String| (place.clone(), message);
        if argument.is_empty() && word != "scenario" && WORDS.contains(&word) {
            return Err(wrong(format!("expected something after `{word}`")));
        }
        match word {
            "within" => {
                let limit = duration(argument).map_err(wrong)?;
                return self.modifier(start..file.line.end, |m| m.limit.replace(limit).is_none());
            }
            "after" => {
                let window = window(argument).map_err(wrong)?;
                return self.modifier(start..file.line.end, |m| m.window.replace(window).is_none());
            }
            _ => self.no_modifiers()?,
        }
        match word {
            "cites" => {
                self.settings.own_cites |= file.own;
                let sections = argument.split(',').map(str::trim);
                if sections.clone().any(str::is_empty) {
                    return Err(wrong("expected a section before and after each comma".to_owned()));
                }
                self.settings.cites.extend(sections.map(str::to_owned));
            }
            "profile" => {
                let names = || profile::PROFILES.iter().map(|p| p.name);
                if profile::find(argument).is_none() {
                    let hint = did_you_mean(argument, names());
                    let expected = one_of(names());
                    return Err(wrong(format!("expected {expected}, found {}{hint}", shown(argument))));
                }
                self.set(file, "profile")?;
                self.settings.profiles = profile::find(argument).into_iter().collect();
            }
            "profiles" => {
                let words = argument.split(',').map(str::trim);
                let profiles = profiles::select(words).map_err(wrong)?;
                self.set(file, "profile")?;
                self.settings.profiles = profiles;
            }
            "seed" => {
                let seed = argument.parse().map_err(|_| {
                    wrong(format!("expected an integer from 0 to {}, found {}", u64::MAX, shown(argument)))
                })?;
                self.set(file, "seed")?;
                self.settings.seed = Some(seed);
            }
            "module" => {
                self.set(file, "module")?;
                self.settings.module = Some(argument.to_owned());
            }
            "scenario" => {
                // First the text, so that the lines after a misplaced one are not taken for the dialogue.
                let scenario = match argument {
                    "" => (file.name.to_owned(), file.block(start..start + line.len())?),
                    "default" => (Scenario::DEFAULT_NAME.to_owned(), Scenario::default_text().to_owned()),
                    path => {
                        let path = beside(file.name, path);
                        let text = (self.load)(&path).map_err(wrong)?;
                        (path, text)
                    }
                };
                self.set(file, "scenario")?;
                self.settings.scenario = Some(scenario);
            }
            "include" => {
                let path = beside(file.name, argument);
                if self.stack.contains(&path) {
                    return Err(wrong(format!(
                        "expected a file that does not include this one, found `{path}`"
                    )));
                }
                if self.stack.len() >= DEEPEST {
                    return Err(wrong(format!(
                        "expected files that include each other at most {DEEPEST} deep"
                    )));
                }
                let text = (self.load)(&path).map_err(wrong)?;
                self.file(&path, &text, false);
            }
            "silent" => {
                let time = duration(argument).map_err(wrong)?;
                self.step(file, Action::Silent(time));
            }
            "wait" => {
                let time = duration(argument).map_err(wrong)?;
                self.step(file, Action::Wait(time));
            }
            "console" => {
                let command = console::parse(argument).map_err(wrong)?;
                if let Some(scenario) = self.world() {
                    scenario.check(&command).map_err(wrong)?;
                }
                self.step(file, Action::Console(argument.to_owned()));
            }
            "pin" => {
                let (name, level) = argument.split_once(' ').unwrap_or((argument, ""));
                let pin = PINS.iter().find(|(n, _)| *n == name);
                let level = ["low", "high"].iter().position(|l| *l == level.trim());
                let (Some((_, pin)), Some(level)) = (pin, level) else {
                    let pins = one_of(PINS.iter().map(|(n, _)| *n));
                    return Err(wrong(format!(
                        "expected {pins} and `low` or `high`, found {}",
                        shown(argument)
                    )));
                };
                self.step(file, Action::Pin(*pin, level == 1));
            }
            "uart" => {
                let line = LineSettings::parse(argument).map_err(wrong)?;
                self.step(file, Action::Uart(line));
            }
            _ => {
                let hint = did_you_mean(word, WORDS);
                let expected = one_of([">", ">|", "<", "<|", "#"].into_iter().chain(WORDS));
                return Err((start..start + word.len().max(1), format!("expected {expected}{hint}")));
            }
        }
        Ok(())
    }

    /// `> text`, `>| text`, `< text`, `<| text`.
    fn wire(&mut self, file: &File<'_>, line: &str, from_host: bool) -> Checked<()> {
        if from_host {
            self.no_modifiers()?;
        }
        let raw = line[1..].starts_with('|');
        let marker = 1 + usize::from(raw);
        let start = file.line.start + marker;
        let text = match &line[marker..] {
            "" if raw => {
                return Err((start - marker..start, "expected a blank and bytes after `|`".to_owned()));
            }
            "" => "",
            rest => rest
                .strip_prefix(' ')
                .ok_or((start..start + 1, format!("expected a blank after `{}`", &line[..marker])))?,
        };
        let start = start + usize::from(!line[marker..].is_empty());
        let moved = |(span, message): text::Mistake| (span.start + start..span.end + start, message);
        let (mut elements, places) = text::read(text, self.profile()).map_err(moved)?;
        self.holes(&elements, &places, from_host).map_err(moved)?;
        if raw && !from_host && matches!(elements.last(), Some(Element::Hole(_))) {
            let end = places.last().cloned().unwrap_or_default();
            return Err(moved((
                end,
                "expected bytes after the hole, because they tell where it ends".to_owned(),
            )));
        }
        if !raw {
            text::push(&mut elements, b"\r\n");
        }
        let action = if from_host {
            Action::Send(elements)
        } else {
            let Modifiers { limit, window, .. } = std::mem::take(&mut self.modifiers);
            Action::Expect { pattern: elements, limit: limit.unwrap_or(DEFAULT_LIMIT), window }
        };
        self.step(file, action);
        Ok(())
    }

    /// Checks the holes of a line against those before.
    fn holes(&mut self, elements: &[Element], places: &[Range<usize>], from_host: bool) -> Checked<()> {
        let adjacent = |pair: &[Element]| matches!(pair, [Element::Hole(_), Element::Hole(_)]);
        if !from_host && elements.windows(2).any(adjacent) {
            let place = places.windows(2).find(|p| p[0].end == p[1].start).map(|p| p[0].start..p[1].end);
            return Err((place.unwrap_or_default(), "expected text between two holes".to_owned()));
        }
        let holes = elements.iter().filter_map(|e| match e {
            Element::Hole(hole) => Some(hole),
            Element::Literal(_) => None,
        });
        for (hole, place) in holes.zip(places) {
            let wrong = |message: String| Err((place.clone(), message));
            match (self.holes.get(&hole.name), hole.kind) {
                (None, _) if from_host => {
                    let hint = did_you_mean(&hole.name, self.holes.keys().map(String::as_str));
                    return wrong(format!(
                        "expected the name of a hole in a module line before this one{hint}; a brace of the text is \
                         written `\\{{`"
                    ));
                }
                (None, kind) => {
                    self.holes.insert(hole.name.clone(), kind.unwrap_or(Kind::Text));
                }
                (Some(first), Some(kind)) if *first != kind => {
                    return wrong(format!(
                        "expected `{{{}}}`: it took another kind of text before",
                        hole.name
                    ));
                }
                (Some(_), _) => {}
            }
        }
        Ok(())
    }

    fn step(&mut self, file: &File<'_>, action: Action) {
        self.world();
        self.steps.push(Step { place: file.place(), action });
    }

    fn modifier(&mut self, span: Range<usize>, set: impl FnOnce(&mut Modifiers) -> bool) -> Checked<()> {
        if !set(&mut self.modifiers) {
            return Err((span, "expected it once for each module line".to_owned()));
        }
        self.modifiers.span = Some(span);
        Ok(())
    }

    fn no_modifiers(&mut self) -> Checked<()> {
        match std::mem::take(&mut self.modifiers).span {
            None => Ok(()),
            Some(span) => Err((span, "expected a module line (`<` or `<|`) after this".to_owned())),
        }
    }

    /// Notes that something is set here; an error when it was before, or comes too late.
    fn set(&mut self, file: &File<'_>, what: &'static str) -> Checked<()> {
        let span = file.line.clone();
        if let Some(place) = self.settings.places.get(what) {
            return Err((span, format!("expected `{what}` once; it stands in {place} already")));
        }
        if let Some(first) = self.steps.first() {
            let place = &first.place;
            return Err((span, format!("expected `{what}` before the dialogue, which begins in {place}")));
        }
        self.settings.places.insert(what, file.place());
        Ok(())
    }

    fn finish(mut self, name: &str, text: &str) -> Result<(Transcript, Vec<&'static Profile>), Mistakes> {
        let whole = File { name, text, own: true, line: 0..0, number: 0 };
        if !self.settings.own_cites {
            let expected =
                "expected a line such as `cites reference 3.12`: where the expected bytes come from";
            self.problem(&whole, 0..0, expected.to_owned());
        }
        if self.steps.is_empty() && self.problems.is_empty() {
            let expected = "expected a dialogue: lines that begin with `>` or `<`";
            self.problem(&whole, text.len()..text.len(), expected.to_owned());
        }
        self.world();
        let scenario = self.world.take().flatten();
        let module =
            scenario.as_ref().and_then(|s| self.driven(s)).map(|m| (m.name.clone(), m.profile.clone()));
        let Settings { cites, seed, profiles, .. } = self.settings;
        match (scenario, module) {
            (Some(scenario), Some((module, profile))) if self.problems.is_empty() => {
                let (name, several) = (name.to_owned(), profiles.len() > 1);
                let steps = self.steps;
                let transcript = Transcript { name, cites, scenario, seed, module, profile, several, steps };
                Ok((transcript, profiles))
            }
            (scenario, module) => {
                if let (Some(scenario), None) = (scenario, module) {
                    let names = one_of(scenario.modules.iter().map(|m| m.name.as_str()));
                    let message =
                        format!("expected a line `module NAME` with the name of a module ({names})");
                    self.problems.push(Problem::new(name, text, 0..0, message));
                }
                Err(Mistakes(self.problems))
            }
        }
    }
}

impl File<'_> {
    fn place(&self) -> Place {
        Place { file: self.name.to_owned(), line: self.number, own: self.own }
    }

    /// Goes to the next line. False at the end.
    fn next_line(&mut self) -> bool {
        let from = match self.number {
            // A byte order mark is no text.
            0 => self.text.len() - self.text.trim_start_matches('\u{feff}').len(),
            _ => self.line.end + self.text[self.line.end..].find('\n').map_or(1, |i| i + 1),
        };
        if from >= self.text.len() {
            return false;
        }
        let line = self.text[from..].split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        self.line = from..from + line.len();
        self.number += 1;
        true
    }

    /// The lines up to `end`. As many empty lines stand before them as in the file, so that places in messages
    /// are right.
    fn block(&mut self, opened: Range<usize>) -> Checked<String> {
        let mut block = "\n".repeat(self.number);
        while self.next_line() {
            let line = &self.text[self.line.clone()];
            if line == "end" {
                return Ok(block);
            }
            block.push_str(line);
            block.push('\n');
        }
        Err((opened, "expected a line `end` after the scenario".to_owned()))
    }
}

/// `path` as seen from the directory of `file`.
fn beside(file: &str, path: &str) -> String {
    let directory = Path::new(file).parent().unwrap_or(Path::new(""));
    directory.join(path).display().to_string()
}

/// `19 ms..21 ms`, `19 ms..`, `20 ms`.
fn window(text: &str) -> Result<Window, String> {
    let Some((from, to)) = text.split_once("..") else {
        let at = duration(text)?;
        return Ok(Window { from: at, to: Some(at) });
    };
    let from = duration(from)?;
    let to = if to.trim().is_empty() { None } else { Some(duration(to)?) };
    match to {
        Some(to) if to < from => Err(format!("expected the shorter time first, found {}", shown(text))),
        to => Ok(Window { from, to }),
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
