//! What happens because something else has: `when CAUSE do CHANGE`, `after CAUSE TIME do CHANGE`, `every TIME do CHANGE`.
//!
//! A cause is in the words of `expect`. These have no end of their own, so `do` stands between cause and change, and a
//! `then` or `do` that belongs to the cause stands in quotes.

use std::fmt;

use super::words::{Word, Words};
use super::{COMMANDS, Change, Command, Name, duration, read_command};
use crate::time::{Duration, Instant};
use crate::world::causes::LATER;
use crate::world::event::EventKind;
use crate::world::expect::{Needle, Pattern};
use crate::world::quantity::{self, duration_text};
use crate::world::spelling::{did_you_mean, one_of, shown};

/// A change that the world makes by itself, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What brings it about.
    pub cause: Cause,
    /// What changes.
    pub change: Change,
}

/// What brings a change about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Something is observed.
    Observed {
        /// What, one after the other; at least one.
        what: Vec<Pattern>,
        /// Each time, and not only once.
        each: bool,
        /// The change takes effect so long after it, [`LATER`] or more; `None`: [`LATER`].
        after: Option<Duration>,
    },
    /// Time passes.
    Every {
        /// How long it is from one time to the next, [`LATER`] or more.
        period: Duration,
        /// The first time; `None`: when the period is over for the first time.
        from: Option<Instant>,
        /// The last time, or later; `None`: there is no last one.
        until: Option<Instant>,
    },
}

/// What `help when` and `help after` say of causes.
pub(super) fn details() -> String {
    "CAUSE is what `expect` looks for: NAME KIND [WORDS] [then CAUSE], such as `wifi station joined`.\n"
        .to_owned()
}

/// Reads what follows `when`.
pub(super) fn read_when(words: &mut Words) -> Result<Command, String> {
    let each = words.take("each");
    let (what, _) = read_cause("when", words)?;
    let cause = Cause::Observed { what, each, after: None };
    Ok(Command::Rule(Rule { cause, change: read_change(words)? }))
}

/// Reads what follows `after`.
pub(super) fn read_after(words: &mut Words) -> Result<Command, String> {
    let each = words.take("each");
    let (mut what, mut last) = read_cause("after", words)?;
    let time = trailing_time(&mut last)?;
    if let Some(pattern) = what.last_mut() {
        pattern.needles.truncate(last.len());
    }
    if time < LATER {
        return Err(format!("expected a time of at least {LATER} before `do`, found {time}"));
    }
    let cause = Cause::Observed { what, each, after: Some(time) };
    Ok(Command::Rule(Rule { cause, change: read_change(words)? }))
}

/// Reads what follows `every`.
pub(super) fn read_every(words: &mut Words) -> Result<Command, String> {
    let period = duration("every", words)?;
    if period < LATER {
        return Err(format!("expected a time of at least {LATER} after `every`, found {period}"));
    }
    let from = words.take("from").then(|| duration("from", words)).transpose()?;
    let until = words.take("until").then(|| duration("until", words)).transpose()?;
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        return Err(format!("expected a time of {from} or later after `until`, found {until}"));
    }
    if !words.take("do") {
        let found = words.next().map_or_else(|| "nothing".to_owned(), |word| word.shown());
        return Err(format!("expected `from`, `until` or `do` after `every {period}`, found {found}"));
    }
    let [from, until] = [from, until].map(|time| time.map(|time| Instant::ZERO + time));
    let cause = Cause::Every { period, from, until };
    Ok(Command::Rule(Rule { cause, change: read_change(words)? }))
}

/// Reads a cause and the `do` behind it. Also the words of the last one behind its kind, as they stand there.
fn read_cause(after: &str, words: &mut Words) -> Result<(Vec<Pattern>, Vec<Word>), String> {
    let mut what = Vec::new();
    let mut after = after.to_owned();
    loop {
        let subject = words.next().filter(|word| !word.text.is_empty());
        let Some(subject) = subject.filter(|word| !word.is("do") && !word.is("then")) else {
            return Err(format!(
                "expected what must happen after `{after}`, such as `wifi station joined`, found nothing"
            ));
        };
        let subject = subject.text;
        let known = || {
            let hosts = EventKind::words(false);
            let modules = EventKind::words(true).into_iter().filter(move |word| !hosts.contains(word));
            modules.chain(EventKind::words(false))
        };
        let word = words.next();
        let Some(kind) = known().find(|kind| word.as_ref().is_some_and(|word| word.is(kind))) else {
            let found = word.as_ref().map_or_else(|| "nothing".to_owned(), Word::shown);
            let hint = did_you_mean(word.as_ref().map_or("", |word| &word.text), known());
            return Err(format!(
                "expected what is observed ({}) after `{after} {}`, found {found}{hint}",
                one_of(known()),
                Name(&subject)
            ));
        };
        let mut rest = Vec::new();
        let ended = loop {
            match words.next() {
                Some(word) if word.is("do") || word.is("then") => break word,
                Some(word) => rest.push(word),
                None => return Err(no_do(&rest)),
            }
        };
        let needles = rest.iter().map(Needle::of).collect();
        what.push(Pattern { subject, kind, needles });
        if ended.is("do") {
            return Ok((what, rest));
        }
        "then".clone_into(&mut after);
    }
}

/// What a message says where the words end without a `do`.
fn no_do(rest: &[Word]) -> String {
    let change =
        rest.iter().find_map(|word| COMMANDS.iter().map(|row| row.word).find(|command| word.is(command)));
    let hint = change.map(|word| format!("; did you mean `do {word}`?")).unwrap_or_default();
    format!("expected `do` and a change behind what happens, found nothing{hint}")
}

/// Takes the time from the end of the words.
fn trailing_time(words: &mut Vec<Word>) -> Result<Duration, String> {
    let mut text = words.pop().and_then(|word| word.plain().map(str::to_owned)).unwrap_or_default();
    if quantity::is_unit(&text)
        && let Some(number) = words.pop_if(|word| word.plain().is_some())
    {
        text = format!("{} {text}", number.text);
    }
    quantity::duration(&text).map_err(|_| {
        let found = if text.is_empty() { "none".to_owned() } else { shown(&text) };
        format!("expected a time such as `2s` before `do`, found {found}")
    })
}

/// Reads the change behind `do`.
fn read_change(words: &mut Words) -> Result<Change, String> {
    match read_command(words).map_err(|e| format!("after `do`: {e}"))? {
        Command::Change(change) => Ok(change),
        Command::Ask(question) => {
            Err(format!("expected a change after `do`, found `{question}`, which only asks"))
        }
        Command::Json(_) => {
            Err("expected a change after `do`, found `json`, which stands before the line".to_owned())
        }
        other @ (Command::At(..) | Command::Rule(_) | Command::RuleAt(..)) => Err(format!(
            "expected a change after `do`, found `{other}`, which has a time or a cause of its own"
        )),
    }
}

impl Rule {
    /// Why the change would bring itself about again and again, at once; `None`: it does not.
    pub(in crate::world) fn is_its_own_cause(&self) -> Option<String> {
        let Cause::Observed { what, each: true, after: None } = &self.cause else { return None };
        let [pattern] = what.as_slice() else { return None };
        let (subject, line) = (self.change.subject(), self.change.to_string());
        (pattern.is_of(subject, EventKind::Changed.word()) && pattern.is_in(&line)).then(|| {
            format!("expected a change that is not its own cause, found `{line}`, which is observed as `{pattern}`")
        })
    }
}

/// The canonical line.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Observed { what, each, after } => {
                f.write_str(if after.is_some() { "after" } else { "when" })?;
                if *each {
                    f.write_str(" each")?;
                }
                for (index, pattern) in what.iter().enumerate() {
                    let then = if index > 0 { " then" } else { "" };
                    // In quotes a name is no word of the language.
                    match pattern.subject.as_str() {
                        "each" | "do" | "then" => {
                            let text = pattern.to_string();
                            let rest = text.strip_prefix(&pattern.subject).unwrap_or(&text);
                            write!(f, "{then} \"{}\"{rest}", pattern.subject)?;
                        }
                        _ => write!(f, "{then} {pattern}")?,
                    }
                }
                if let Some(after) = after {
                    write!(f, " {}", duration_text(*after))?;
                }
            }
            Cause::Every { period, from, until } => {
                write!(f, "every {}", duration_text(*period))?;
                for (word, time) in [("from", from), ("until", until)] {
                    if let Some(time) = time {
                        write!(f, " {word} {}", duration_text(time.since(Instant::ZERO)))?;
                    }
                }
            }
        }
        write!(f, " do {}", self.change)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse;
    use super::*;

    /// The canonical line of what a line says, or the sentence that says what is wrong with it.
    fn line(text: &str) -> String {
        match parse(text) {
            Ok(command) => command.to_string(),
            Err(message) => message,
        }
    }

    #[test]
    fn every_form_is_understood() {
        for text in [
            "when wifi station joined do ap home down",
            "when each www http GET /status 200 do host www reset newest",
            "when broker tcp-terminal received \"\\x10\" do host broker send \" \\x02\\x00\\x00\"",
            "when wifi link 0 opened then www http \"GET\" then wifi link closed do wire wifi break 1ms",
            "when home change do link wifi down",
            "when \"each\" station do ap home up",
            "when each \"each\" station \"do\" then \"do\" link do ap home up",
            "after wifi station joined 2s do ap home down",
            "after each wifi reply SEND OK 200us do ap home up",
            "after wifi command 5 2s do ap home up",
            "after a link then b link 1500ms do pin a en low",
            "every 10s do ap home deauth",
            "every 200us from 0ns until 2s do host pc send \"x\"",
            "every 1min until 1h do host pc send \"x\"",
            "at 5s when wifi station do ap home up",
            "at 5s every 10s do ap home up",
            "timeline",
        ] {
            assert_eq!(line(text), text);
        }
        let spaced = "after wifi reply 5 2 s do ap home up";
        assert_eq!(line(spaced), "after wifi reply 5 2s do ap home up", "a space before the unit");
    }

    #[test]
    fn a_mistake_says_what_was_expected() {
        for (text, message) in [
            ("when", "expected what must happen after `when`, such as `wifi station joined`, found nothing"),
            (
                "when do ap home up",
                "expected what must happen after `when`, such as `wifi station joined`, found nothing",
            ),
            (
                "when wifi station then do ap home up",
                "expected what must happen after `then`, such as `wifi station joined`, found nothing",
            ),
            ("when wifi staton do ap home up", "found `staton`; did you mean `station`?"),
            ("when wifi", "after `when wifi`, found nothing"),
            (
                "when wifi station joined ap home down",
                "expected `do` and a change behind what happens, found nothing; did you mean `do ap`?",
            ),
            ("when wifi station", "expected `do` and a change behind what happens, found nothing"),
            ("when wifi station do", "after `do`: expected a command ("),
            ("when wifi station do ap home dwon", "after `do`: expected `down`, `up`, "),
            ("when wifi station do status", "expected a change after `do`, found `status`, which only asks"),
            (
                "when wifi station do at 5s ap home up",
                "expected a change after `do`, found `at 5s ap home up`, which has a time or a cause of its own",
            ),
            (
                "after wifi station joined do ap home down",
                "expected a time such as `2s` before `do`, found `joined`",
            ),
            ("after wifi station do ap home down", "expected a time such as `2s` before `do`, found none"),
            (
                "after wifi station 100us do ap home down",
                "expected a time of at least 200 us before `do`, found 100 us",
            ),
            ("every 0 do ap home up", "expected a time of at least 200 us after `every`, found 0 ns"),
            ("every", "expected a time such as `1.5s` after `every`, found nothing"),
            ("every 1s ap home up", "expected `from`, `until` or `do` after `every 1 s`, found `ap`"),
            (
                "every 1s from 3s until 2s do ap home up",
                "expected a time of 3 s or later after `until`, found 2 s",
            ),
            (
                "at 5s at 6s when wifi station do ap home up",
                "expected one `at` in a line, found a second one",
            ),
            ("timeline all", "expected nothing after `timeline`, found `all`"),
        ] {
            let found = line(text);
            assert!(found.contains(message), "{text}\nexpected: {message}\nfound:    {found}");
        }
    }

    #[test]
    fn a_change_that_is_its_own_cause_is_told_from_one_that_is_not() {
        for (text, its_own) in [
            ("when each home change do ap home down", true),
            ("when each home change down do ap home down", true),
            ("when each home change up do ap home down", false),
            ("when each lab change down do ap home down", false),
            ("when home change down do ap home down", false),
            ("after each home change down 1s do ap home down", false),
        ] {
            let Ok(Command::Rule(rule)) = parse(text) else { panic!("{text}") };
            assert_eq!(rule.is_its_own_cause().is_some(), its_own, "{text}");
        }
    }

    fn pattern() -> impl Strategy<Value = Pattern> {
        let needle = prop_oneof![
            "[A-Z0-9/=+:.,]{1,8}".prop_map(Needle::Word),
            proptest::collection::vec(any::<u8>(), 0..8).prop_map(Needle::Part)
        ];
        let kind = proptest::sample::select(EventKind::words(false));
        ("[a-z]{1,5}|.{1,8}|each|do|then", kind, proptest::collection::vec(needle, 0..4))
            .prop_map(|(subject, kind, needles)| Pattern { subject, kind, needles })
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let time = || (LATER.as_nanos()..=u64::MAX).prop_map(Duration::from_nanos);
        let instant = || proptest::option::of(any::<u64>().prop_map(Instant::from_nanos));
        let observed =
            (proptest::collection::vec(pattern(), 1..4), any::<bool>(), proptest::option::of(time()));
        let cause = prop_oneof![
            observed.prop_map(|(what, each, after)| Cause::Observed { what, each, after }),
            (time(), instant(), instant())
                .prop_map(|(period, from, until)| Cause::Every { period, from, until })
                .prop_filter("it begins before it ends", |cause| {
                    !matches!(cause, Cause::Every { from: Some(from), until: Some(until), .. } if until < from)
                }),
        ];
        (cause, "[a-z]{1,8}").prop_map(|(cause, name)| Rule { cause, change: Change::ApUp(name) })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_canonical_line_is_read_back(rule in rule()) {
            prop_assert_eq!(parse(&rule.to_string()), Ok(Command::Rule(rule)));
        }

        #[test]
        fn no_line_panics(words in "((when|after|every|each|wifi|station|change|then|do|ap|home|up|from|until|1s|5|s|\"|\\\\x4) ){0,12}") {
            if let Ok(command) = parse(&words) {
                prop_assert_eq!(parse(&command.to_string()), Ok(command));
            }
        }
    }
}
