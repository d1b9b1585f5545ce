//! Who says whether a run fails, and still in the same way.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::dialogue::{self, Style};
use super::super::expect;
use super::super::files;
use crate::explore::{Case, Way, caught};
use crate::world::{Recording, replay};

/// Who says it.
pub struct Judge {
    by: By,
    /// Where a try is written, for a command to read.
    file: PathBuf,
}

enum By {
    /// The run itself; in which way, when that is known.
    Itself(Option<Way>),
    /// What is printed of it.
    Text(String),
    /// A command; its exit code, when that is known.
    Command(Vec<String>, Option<i32>),
}

impl Judge {
    pub fn new(text: Option<&str>, command: &[String], file: PathBuf) -> Judge {
        let by = match text {
            Some(text) => By::Text(text.to_owned()),
            None if command.is_empty() => By::Itself(None),
            None => By::Command(command.to_vec(), None),
        };
        Judge { by, file }
    }

    /// The text that it looks for in what is printed, if that is what it does.
    pub fn text(&self) -> Option<&str> {
        match &self.by {
            By::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Why a run that it has looked at does not fail, unless it is the run itself that says so.
    pub fn passes(&self) -> Option<String> {
        match &self.by {
            By::Itself(_) => None,
            By::Text(text) => Some(format!("'{text}' is not printed")),
            By::Command(..) => Some("the command ends with exit code 0".to_owned()),
        }
    }

    /// Whether it asks a command.
    pub fn asks(&self) -> bool {
        matches!(self.by, By::Command(..))
    }

    /// Looks at the whole run: how does it fail? `None`: it does not.
    pub fn learn(&mut self, case: &Case) -> Result<Option<String>, String> {
        if self.asks() {
            return self.learn_from_command(&case.text()?);
        }
        Ok(match &mut self.by {
            By::Itself(way) => {
                *way = Way::of(case);
                way.as_ref().map(Way::to_string)
            }
            By::Text(text) => printed(case).contains(text.as_str()).then(|| format!("'{text}' is printed")),
            By::Command(..) => None,
        })
    }

    /// Whether a smaller one fails in the same way.
    pub fn fails(&self, case: &Case) -> bool {
        match &self.by {
            By::Itself(way) => way.as_ref().is_some_and(|way| way.is_of(case)),
            By::Text(text) => printed(case).contains(text.as_str()),
            // Where an input is refused, a command would fail for another reason.
            By::Command(..) => case.text().is_ok_and(|text| can_run(&text) && self.fails_for_command(&text)),
        }
    }

    /// The same as [`Judge::learn`], of the text of a run, for a command.
    pub fn learn_from_command(&mut self, text: &str) -> Result<Option<String>, String> {
        let code = self.ask(text)?;
        let By::Command(command, known) = &mut self.by else { return Ok(None) };
        *known = Some(code);
        Ok((code != 0).then(|| format!("{} ends with exit code {code}", expect::shell_word(&command[0]))))
    }

    /// The same as [`Judge::fails`], of the text of a run, for a command.
    pub fn fails_for_command(&self, text: &str) -> bool {
        matches!(self.by, By::Command(_, known) if self.ask(text).ok() == known)
    }

    /// Runs the command. Its exit code; that of one that a signal has ended is -1.
    fn ask(&self, text: &str) -> Result<i32, String> {
        let By::Command(command, _) = &self.by else { return Ok(0) };
        files::write(&self.file, text.as_bytes().to_vec())?;
        let (program, arguments) = command.split_first().ok_or("there is no command")?;
        let file = self.file.display().to_string();
        let mut words: Vec<String> = arguments.iter().map(|word| word.replace("{}", &file)).collect();
        if words == arguments {
            words.push(file);
        }
        let status = Command::new(program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|e| format!("cannot start {program}: {e}"))?;
        Ok(status.code().unwrap_or(-1))
    }

    /// Takes away what it has written.
    pub fn clear(&self) {
        if self.asks() {
            // What is not there need not be taken away.
            let _ = remove(&self.file);
        }
    }
}

fn remove(file: &Path) -> std::io::Result<()> {
    std::fs::remove_file(file)
}

/// Whether a log can be replayed, or panics; not: is refused.
fn can_run(text: &str) -> bool {
    caught(|| Ok(replay(text, Recording::default()).is_ok())) != Ok(false)
}

/// What `espat-sim replay` prints of a log, and what a scenario's `expect` says.
fn printed(case: &Case) -> String {
    let recording = Recording { dialogue: true, ..Recording::default() };
    let lines = caught(|| {
        let text = case.text()?;
        let mut replayed = replay(&text, recording).map_err(|e| e.to_string())?;
        let world = &mut replayed.world;
        let plain = Style { color: false };
        let mut lines: Vec<String> =
            world.take_dialogue().iter().map(|(_, packet)| dialogue::format(packet, None, plain)).collect();
        lines.extend(world.take_warnings());
        lines.extend(expect::failures("the scenario", &world.verdicts()));
        Ok(lines.join("\n"))
    });
    match lines {
        Ok(lines) => lines,
        // A panic is printed, too; what can't be replayed has nothing to print.
        Err(why) => {
            if why.starts_with("panicked") {
                why
            } else {
                String::new()
            }
        }
    }
}
