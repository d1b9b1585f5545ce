//! The reporter: writes the records of a run where the user wants them.

use std::path::PathBuf;

use super::record::Record;
use crate::capture::{Side, UartPacket};
use crate::edge::Sink;
use crate::time::Instant;

/// Where records go, and the warnings so far.
pub(super) struct Reporter {
    live: Option<Sink>,
    report: Option<PathBuf>,
    warnings: Vec<Record>,
    /// What each side said last.
    last: [Option<UartPacket>; 2],
}

impl Reporter {
    /// `live` takes every record as it appears, the file `report` the warnings and facts at the end.
    pub fn new(live: Option<Sink>, report: Option<PathBuf>) -> Reporter {
        Reporter { live, report, warnings: Vec::new(), last: [None, None] }
    }

    /// True when somebody wants to see the dialogue.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// A packet of the dialogue.
    pub fn packet(&mut self, module: &str, packet: &UartPacket) {
        if !packet.bytes.trim_ascii().is_empty() {
            self.last[usize::from(packet.from == Side::Module)] = Some(packet.clone());
        }
        self.send(&Record::Dialogue(module.to_owned(), packet.clone()));
    }

    /// What each side of the wire said last, as a part of a sentence.
    pub fn last_words(&self) -> String {
        let [mcu, module] = self.last.each_ref().map(|packet| match packet {
            None => "nothing".to_owned(),
            Some(packet) => {
                let said = packet.bytes.trim_ascii();
                let shown = said[..said.len().min(80)].escape_ascii();
                format!("`{shown}` at {}", packet.at)
            }
        });
        format!("the MCU's last line was {mcu}, the module's {module}")
    }

    /// What was typed on the guest's console; `at`: the time of the last byte.
    pub fn typed(&mut self, at: Instant, bytes: &[u8]) {
        self.send(&Record::Typed(at, bytes.to_vec()));
    }

    /// A line of the guest's console, without its line end.
    pub fn console(&mut self, at: Instant, line: &[u8]) {
        self.send(&Record::Console(at, line.to_vec()));
    }

    /// A warning. With nobody listening it goes to the standard error stream.
    pub fn warning(&mut self, sentence: &str) {
        let record = Record::Warning(sentence.to_owned());
        if self.live.is_some() {
            self.send(&record);
        } else {
            super::coupling::say(&format!("warning: {sentence}"));
        }
        self.warnings.push(record);
    }

    /// The facts of the run, and the sentences about files of it that could not be written. Writes everything out. With
    /// nobody listening the sentences go to the standard error stream.
    pub fn finish(&mut self, facts: &[Record], unwritten: Vec<String>) {
        let mut unwritten: Vec<Record> = unwritten.into_iter().map(Record::Unwritten).collect();
        if let Some(path) = self.report.take() {
            let lines: String =
                self.warnings.iter().chain(facts).chain(&unwritten).map(Record::line).collect();
            #[expect(clippy::disallowed_methods, reason = "the edge writes files")]
            let written = std::fs::write(&path, lines);
            let failed = written.err().map(|e| format!("cannot write {}: {e}", path.display()));
            unwritten.extend(failed.map(Record::Unwritten));
        }
        for record in facts.iter().chain(&unwritten) {
            self.send(record);
        }
        match self.live.take().map(Sink::finish) {
            // Who listens says them.
            Some(Ok(())) => {}
            Some(Err(e)) => super::coupling::say(&e.to_string()),
            None => {
                for record in &unwritten {
                    if let Record::Unwritten(sentence) = record {
                        super::coupling::say(sentence);
                    }
                }
            }
        }
    }

    fn send(&mut self, record: &Record) {
        if let Some(sink) = &mut self.live {
            // An error is not lost: it comes back from `finish`.
            let _ = sink.write(record.line().into_bytes());
        }
    }
}
