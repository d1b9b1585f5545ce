//! Reads tables of a scenario against the rows that say which keys they may have.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::Problems;
use super::schema;
use crate::world::spelling::{did_you_mean, one_of, printable, shown};

/// One key that a table may have: a row of the reference, and of the messages.
pub(super) struct Key {
    pub name: &'static str,
    /// What its value must be: `expected ...`.
    pub expects: &'static str,
    /// What holds without it, as the reference says it; [`REQUIRED`] for a key that must be there.
    pub default: &'static str,
}

/// The default of a key that has none.
pub(super) const REQUIRED: &str = "required";

/// A value of the text.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// A table of the text that is read against its keys.
pub(super) struct Section<'a> {
    /// How messages call it: `[ap.home]`.
    title: String,
    /// Where its name stands.
    pub place: Range<usize>,
    table: &'a DeTable<'a>,
    keys: &'static [Key],
}

impl<'a> Section<'a> {
    /// The table in `value`, named at `place`. Notes keys that it may not have; `None` when it is no table.
    pub(super) fn open(
        problems: &mut Problems,
        title: String,
        place: Range<usize>,
        value: &'a Value<'a>,
        keys: &'static [Key],
    ) -> Option<Section<'a>> {
        let Some(table) = value.get_ref().as_table() else {
            let message =
                format!("expected {} to be a table, found {}", printable(&title), found(value.get_ref()));
            problems.add(value.span(), message);
            return None;
        };
        Some(Section::of(problems, title, place, table, keys))
    }

    /// The same for what is a table by nature, the whole file.
    pub(super) fn of(
        problems: &mut Problems,
        title: String,
        place: Range<usize>,
        table: &'a DeTable<'a>,
        keys: &'static [Key],
    ) -> Section<'a> {
        let title = printable(&title);
        let section = Section { title, place, table, keys };
        for key in table.keys().filter(|k| !keys.iter().any(|row| row.name == k.get_ref().as_ref())) {
            problems.add(key.span(), section.unknown(key.get_ref()));
        }
        for row in keys.iter().filter(|row| row.default == REQUIRED && section.value(row.name).is_none()) {
            let message = format!("{} lacks the key `{}`, {}", section.title, row.name, row.expects);
            problems.add(section.place.clone(), message);
        }
        section
    }

    fn unknown(&self, key: &str) -> String {
        let names = || self.keys.iter().map(|row| row.name);
        let old = schema::OLD.iter().find(|(old, beside, _)| *old == key && names().any(|n| n == *beside));
        if let Some((_, _, now)) = old {
            return format!("unknown key {} {}: {now}", shown(key), self.within());
        }
        let mut hint = did_you_mean(key, names());
        if hint.is_empty() && schema::TOP.iter().any(|row| row.name == key) {
            hint = format!("; `{key}` belongs to the top of the file, before the first [section]");
        }
        format!("unknown key {} {}, expected {}{hint}", shown(key), self.within(), one_of(names()))
    }

    fn within(&self) -> String {
        if self.title.is_empty() { "at the top level".to_string() } else { format!("in {}", self.title) }
    }

    /// The value of `key`.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value<'a>> {
        self.table.get(key)
    }

    /// Where the value of `key` stands; the section's name when it has none.
    pub(super) fn span(&self, key: &str) -> Range<usize> {
        self.value(key).map_or_else(|| self.place.clone(), Spanned::span)
    }

    /// The tables of names under `key`, such as every `[ap.NAME]`: name, its place, value.
    pub(super) fn named(
        &self,
        problems: &mut Problems,
        key: &str,
    ) -> Vec<(&'a str, Range<usize>, &'a Value<'a>)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.mistake(problems, key, &format!("found {}", found(value.get_ref())));
            return Vec::new();
        };
        table.iter().map(|(k, v)| (k.get_ref().as_ref(), k.span(), v)).collect()
    }

    /// Notes that `key` is not what its row expects; `rest` says what was found.
    pub(super) fn mistake(&self, problems: &mut Problems, key: &str, rest: &str) {
        let expects = self.keys.iter().find(|row| row.name == key).map_or("", |row| row.expects);
        problems.add(self.span(key), format!("`{key}` {}: expected {expects}, {rest}", self.within()));
    }

    /// Notes a mistake in the value of `key`, in words of its own.
    pub(super) fn complain(&self, problems: &mut Problems, key: &str, message: &str) {
        problems.add(self.span(key), format!("`{key}` {}: {message}", self.within()));
    }

    /// The value of `key` as `take` understands it; a mistake is noted when it does not.
    fn read<T>(
        &self,
        problems: &mut Problems,
        key: &str,
        take: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?.get_ref();
        let taken = take(value);
        if taken.is_none() {
            self.mistake(problems, key, &format!("found {}", found(value)));
        }
        taken
    }

    /// A string.
    pub(super) fn string(&self, problems: &mut Problems, key: &str) -> Option<&'a str> {
        self.read(problems, key, DeValue::as_str)
    }

    /// A string that `accept` lets pass.
    pub(super) fn string_if(
        &self,
        problems: &mut Problems,
        key: &str,
        accept: impl FnOnce(&str) -> bool,
    ) -> Option<&'a str> {
        self.read(problems, key, |v| v.as_str().filter(|s| accept(s)))
    }

    /// A string that `parse` understands; the mistake is what `parse` says.
    pub(super) fn parsed<T>(
        &self,
        problems: &mut Problems,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.string(problems, key)?;
        parse(text).map_err(|message| self.complain(problems, key, &message)).ok()
    }

    /// An integer from `low` to `high`.
    pub(super) fn integer<T: TryFrom<i128>>(
        &self,
        problems: &mut Problems,
        key: &str,
        low: i128,
        high: i128,
    ) -> Option<T> {
        self.read(problems, key, |v| {
            let n = v.as_integer()?;
            let n = i128::from_str_radix(n.as_str(), n.radix()).ok()?;
            T::try_from(n).ok().filter(|_| (low..=high).contains(&n))
        })
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, problems: &mut Problems, key: &str) -> Option<bool> {
        self.read(problems, key, DeValue::as_bool)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &self,
        problems: &mut Problems,
        key: &str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let word = self.string(problems, key)?;
        if let Some(&(_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Some(value);
        }
        let names = || choices.iter().map(|&(name, _)| name);
        let (one_of, hint) = (one_of(names()), did_you_mean(word, names()));
        self.complain(problems, key, &format!("expected {one_of}, found {}{hint}", shown(word)));
        None
    }

    /// A list of strings, each with its place.
    pub(super) fn strings(&self, problems: &mut Problems, key: &str) -> Option<Vec<(&'a str, Range<usize>)>> {
        self.read(problems, key, |v| {
            v.as_array()?.iter().map(|v| Some((v.get_ref().as_str()?, v.span()))).collect()
        })
    }
}

/// What a value is, for a message.
pub(super) fn found(value: &DeValue) -> String {
    match value {
        DeValue::String(s) => format!("the string {}", shown(s)),
        DeValue::Integer(n) => shown(&n.to_string()),
        DeValue::Float(n) => shown(&n.to_string()),
        DeValue::Boolean(b) => shown(&b.to_string()),
        DeValue::Datetime(d) => format!("the date-time {}", shown(&d.to_string())),
        DeValue::Array(a) if a.is_empty() => "an empty list".to_string(),
        DeValue::Array(a) => match a.iter().find(|v| !v.get_ref().is_str()) {
            Some(other) => format!("a list with {}", kind(other.get_ref())),
            None => "a list".to_string(),
        },
        DeValue::Table(_) => "a table".to_string(),
    }
}

fn kind(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date-time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
