//! The sentences of the specification, and which of them a transcript cites: `docs/specification.md`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::{files, run};

const HEAD: &str = "\
# What no transcript proves

Sentences of Espressif's reference of the TCP/IP AT commands that no transcript cites: nothing would fail if the module did
something else. `scripts/specification.py` numbers them, `tests/transcripts/specification.txt` has all of them by the words
that they begin with, and `cites spec CIPSEND.3` in a transcript says that it proves one; `tests/transcripts/unproved.txt` says why
nothing does. Written by `espat-sim commands --unproved --markdown`; a test holds it against the transcripts.
";

/// The list, and how many transcripts cite each sentence.
pub struct Specification {
    /// Id and the sentence's beginning, in the order of the reference.
    sentences: Vec<(String, String)>,
    cited: BTreeMap<String, usize>,
    /// Why a sentence is not.
    reasons: BTreeMap<String, String>,
}

/// The lines of a list: what stands before a tab, and behind it. `what`: a line in words.
fn rows(list: &Path, what: &str) -> Result<Vec<(String, String)>, String> {
    let text = files::text(list)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    lines
        .map(|(number, line)| match line.split_once('\t') {
            Some((before, behind)) => Ok((before.to_owned(), behind.to_owned())),
            None => Err(format!("{}:{}: expected {what}", list.display(), number + 1)),
        })
        .collect()
}

impl Specification {
    /// Reads the list in `directory`, what its transcripts cite, and the reasons for what they do not. `None`: there is no
    /// list.
    ///
    /// # Errors
    /// A file cannot be read; a transcript cites a sentence that is not in the list; a reason is given for one that is cited,
    /// or is not in the list.
    pub fn read(directory: &Path) -> Result<Option<Specification>, String> {
        let list = directory.join("specification.txt");
        if !list.exists() {
            return Ok(None);
        }
        let sentences = rows(&list, "an id, a tab and a sentence")?;
        let mut cited: BTreeMap<String, usize> = BTreeMap::new();
        for path in run::transcripts(&[directory.to_owned()], None)? {
            let transcripts = run::read(&path)?;
            for id in transcripts.first().into_iter().flat_map(|transcript| transcript.sentences()) {
                if !sentences.iter().any(|(known, _)| known == id) {
                    return Err(format!("{}: {} has no sentence {id}", path.display(), list.display()));
                }
                *cited.entry(id.to_owned()).or_default() += 1;
            }
        }
        let given = directory.join("unproved.txt");
        let mut reasons = BTreeMap::new();
        let rows = if given.exists() { rows(&given, "ids, a tab and a reason")? } else { Vec::new() };
        for (id, reason) in rows.iter().flat_map(|(ids, reason)| ids.split(' ').map(move |id| (id, reason))) {
            if cited.contains_key(id) || !sentences.iter().any(|(known, _)| known == id) {
                let why = "it is cited, or no sentence has this id";
                return Err(format!("{}: {id} needs no reason: {why}", given.display()));
            }
            reasons.insert(id.to_owned(), reason.clone());
        }
        Ok(Some(Specification { sentences, cited, reasons }))
    }

    /// The sentences that no transcript cites.
    pub fn uncited(&self) -> impl Iterator<Item = &(String, String)> {
        self.sentences.iter().filter(|(id, _)| !self.cited.contains_key(id))
    }

    /// The document, with the forms of commands that are not proved in every profile.
    pub fn document(&self, forms: &[String]) -> String {
        let mut text = HEAD.to_owned();
        let (all, uncited) = (self.sentences.len(), self.uncited().count());
        let _ = write!(text, "\n{} of {all} sentences are cited; these {uncited} are not.\n", all - uncited);
        let mut command = "";
        for (id, sentence) in self.uncited() {
            let of = id.rsplit_once('.').map_or(id.as_str(), |(command, _)| command);
            if std::mem::replace(&mut command, of) != of {
                let name = if of == "+++" { "`+++`".to_owned() } else { format!("AT+{of}") };
                let _ = write!(
                    text,
                    "\n## {name}\n\n| Sentence | It begins | Why nothing proves it |\n|---|---|---|\n"
                );
            }
            let sentence = sentence.replace('|', "\\|").replace('<', "&lt;");
            let reason = self.reasons.get(id).map_or("nobody has tried", String::as_str);
            let _ = writeln!(text, "| {id} | {sentence} | {reason} |");
        }
        if !forms.is_empty() {
            text.push_str("\n## Forms in some profiles\n\nEach is proved in another profile.\n\n");
            for form in forms {
                let _ = writeln!(text, "- `{}`", form.replacen(" in ", "` in `", 1));
            }
        }
        text
    }
}
