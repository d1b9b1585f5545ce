//! Writes an input log piece by piece.

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::BASE64;

use super::{
    End, FILE_BYTES_PER_LINE, MAGIC, Run, TextHash, VERSION, escaped, level_word, module_name, pin_word,
    quoted,
};
use crate::time::Instant;
use crate::uart::{LineSettings, McuLoss};
use crate::world::{Attachment, Pin, Scenario};

/// Writes a log piece by piece.
///
/// [`Writer::take`] hands out whole lines as they come to be. When it is called changes nothing in the bytes.
#[derive(Clone, Debug)]
pub struct Writer {
    out: Vec<u8>,
    /// The hash of all lines.
    hash: TextHash,
    /// What was handed out already, for [`Writer::whole`]; `None`: nobody will ask.
    kept: Option<Vec<u8>>,
    /// The `uart` line of each module that can still grow.
    open: BTreeMap<u32, Run>,
    names: BTreeMap<u32, String>,
    /// How far modules' clocks have come, where no line says so yet.
    pending: BTreeMap<u32, u64>,
    /// The same of all clocks together.
    all: Option<u64>,
}

impl Writer {
    /// A log with its header, for a world of this seed and scenario.
    pub fn new(seed: u64, scenario: &Scenario) -> Writer {
        let mut header = format!("{MAGIC}{VERSION}\ncrate {}\nseed {seed}\n", env!("CARGO_PKG_VERSION"));
        header.push_str(&block(&format!("scenario {}", quoted(&scenario.name)), &scenario.text));
        for module in &scenario.modules {
            if let Some(saved) = &module.saved {
                let title = format!("saved {} {}", quoted(&module.name), quoted(&saved.name));
                header.push_str(&block(&title, &saved.text));
            }
        }
        for (path, content) in scenario.supplied() {
            header.push_str(&file(path, content));
        }
        let mut hash = TextHash::default();
        hash.update(header.as_bytes());
        Writer {
            out: header.into_bytes(),
            hash,
            kept: None,
            open: BTreeMap::new(),
            names: BTreeMap::new(),
            pending: BTreeMap::new(),
            all: None,
        }
    }

    /// The same, which keeps what it hands out.
    pub fn keeping(self) -> Writer {
        Writer { kept: Some(Vec::new()), ..self }
    }

    /// A driver attaches to the module called `name`, whose id is `module`.
    pub fn attach(&mut self, module: u32, name: &str, attachment: &Attachment) {
        self.settle();
        let Attachment { timebase, mcu_tx, obeys_rts } = attachment;
        let name = module_name(name);
        let mut line =
            format!("{} {name} attach id={module} hz={}", timebase.origin().as_nanos(), timebase.hz());
        if let Some(mcu_tx) = mcu_tx {
            line.push_str(&format!(" mcu-tx={}", mcu_tx.word()));
        }
        if let Some(obeys_rts) = obeys_rts {
            line.push_str(&format!(" obeys-rts={obeys_rts}"));
        }
        self.names.insert(module, name);
        self.line(&line);
    }

    /// The driver leaves.
    pub fn detach(&mut self, module: u32) {
        self.settle();
        self.line(&format!("- {} detach", self.name(module)));
    }

    /// The MCU stores `byte` at `tick`.
    pub fn uart(&mut self, module: u32, tick: u64, byte: u8) {
        self.shows(module, tick);
        if !self.open.get_mut(&module).is_some_and(|run| run.push(tick, byte)) {
            self.close(module);
            self.open.insert(module, Run::new(tick, byte));
        }
    }

    /// A pin changes at `tick`.
    pub fn pin(&mut self, module: u32, tick: u64, pin: Pin, high: bool) {
        self.before(module, tick);
        self.line(&format!("{tick} {} pin {} {}", self.name(module), pin_word(pin), level_word(high)));
    }

    /// The MCU sets its UART at `tick`.
    pub fn line_settings(&mut self, module: u32, tick: u64, line: LineSettings) {
        self.before(module, tick);
        self.line(&format!("{tick} {} line {line}", self.name(module)));
    }

    /// The MCU's firmware printed `line` at `tick`.
    pub fn printed(&mut self, module: u32, tick: u64, line: &str) {
        self.before(module, tick);
        self.line(&format!("{tick} {} printed {}", self.name(module), quoted(line)));
    }

    /// The MCU's receiver lost `byte` at `tick`.
    pub fn overrun(&mut self, module: u32, tick: u64, byte: u8, loss: McuLoss) {
        self.before(module, tick);
        let why = match loss {
            McuLoss::Unknown | McuLoss::Unused => "",
            McuLoss::Full => " full",
            McuLoss::Off => " off",
        };
        self.line(&format!("{tick} {} overrun {byte:02x}{why}", self.name(module)));
    }

    /// A console line takes effect at `at`. Lines that only ask need not be logged.
    pub fn console(&mut self, at: Instant, line: &str) {
        self.settle();
        self.line(&format!("{} * console {}", at.as_nanos(), escaped(line)));
    }

    /// A cable is plugged into the LAN of `access_point` at `at`.
    pub fn lan_attach(&mut self, at: Instant, port: u32, access_point: &str) {
        self.settle();
        self.line(&format!("{} * lan {port} attach {}", at.as_nanos(), quoted(access_point)));
    }

    /// It is pulled out at `at`.
    pub fn lan_detach(&mut self, at: Instant, port: u32) {
        self.settle();
        self.line(&format!("{} * lan {port} detach", at.as_nanos()));
    }

    /// The device at its end sends a frame at `at`.
    pub fn lan_frame(&mut self, at: Instant, port: u32, frame: &[u8]) {
        self.settle();
        self.line(&format!("{} * lan {port} frame {}", at.as_nanos(), BASE64.encode(frame)));
    }

    /// The module's clock has come to `tick`. Written only where no later input of the module says as much.
    pub fn advance(&mut self, module: u32, tick: u64) {
        let reached = self.pending.entry(module).or_default();
        *reached = tick.max(*reached);
    }

    /// The clocks of all modules with a driver have come to `at`.
    pub fn advance_all(&mut self, at: Instant) {
        self.all = self.all.max(Some(at.as_nanos()));
    }

    /// Closes the log with the digests of the world.
    pub fn end(&mut self, end: End) {
        self.settle();
        let (digest, content, text) = (end.digest, end.content_digest, self.hash.value());
        self.line(&format!("end digest={digest:016x} content={content:016x} text={text:016x}"));
    }

    /// The whole lines since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        let lines = std::mem::take(&mut self.out);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(&lines);
        }
        lines
    }

    /// The log from its first line on, closed with `end` unless it was closed already (`None`). Changes nothing: what is
    /// written later goes on where it was. Nothing unless [`Writer::keeping`].
    pub fn whole(&self, end: Option<End>) -> Option<Vec<u8>> {
        let mut whole = self.kept.clone()?;
        let mut rest = Writer { kept: None, ..self.clone() };
        if let Some(end) = end {
            rest.end(end);
        }
        whole.append(&mut rest.out);
        Some(whole)
    }

    /// The whole lines since the last call, and those that might still grow as they are.
    pub fn take_to_here(&mut self) -> Vec<u8> {
        self.settle();
        self.take()
    }

    /// An input of `module` at `tick` is written next: it shows that the module's clock has come there.
    fn before(&mut self, module: u32, tick: u64) {
        self.close(module);
        self.shows(module, tick);
    }

    /// What is written of `module` shows that its clock has come to `tick`.
    fn shows(&mut self, module: u32, tick: u64) {
        if self.pending.get(&module).is_some_and(|reached| *reached <= tick) {
            self.pending.remove(&module);
        }
    }

    /// Closes the module's open line.
    fn close(&mut self, module: u32) {
        if let Some(run) = self.open.remove(&module) {
            self.line(&format!("{} {} uart {}", run.start(), self.name(module), run.text()));
        }
    }

    /// Closes all open lines, and writes how far clocks had come where nothing shows it.
    pub(super) fn settle(&mut self) {
        let open: Vec<u32> = self.open.keys().copied().collect();
        open.into_iter().for_each(|module| self.close(module));
        if let Some(at) = self.all.take() {
            self.line(&format!("{at} * reach"));
        }
        for (module, reached) in std::mem::take(&mut self.pending) {
            self.line(&format!("{reached} {} reach", self.name(module)));
        }
    }

    fn line(&mut self, text: &str) {
        let start = self.out.len();
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
        self.hash.update(&self.out[start..]);
    }

    /// The module's name as lines have it. An id without attachment gets one that no attachment can have, so
    /// that reading the log fails at this line instead of blaming another module.
    fn name(&self, module: u32) -> Cow<'_, str> {
        match self.names.get(&module) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("#{module}")),
        }
    }
}

/// A text of several lines below its title.
fn block(title: &str, text: &str) -> String {
    let lines = text.split('\n');
    let mut block = format!("{title} {} bytes {} lines\n", text.len(), lines.clone().count());
    for line in lines {
        block.push('|');
        block.push_str(line);
        block.push('\n');
    }
    block
}

/// A file below its title: the lines of a text, or Base64 of what is none.
fn file(path: &str, content: &[u8]) -> String {
    let title = format!("file {}", quoted(path));
    match std::str::from_utf8(content) {
        Ok(text) if !text.contains('\0') => block(&title, text),
        _ => {
            let lines = content.chunks(FILE_BYTES_PER_LINE).map(|line| format!("|{}\n", BASE64.encode(line)));
            let (bytes, count) = (content.len(), content.len().div_ceil(FILE_BYTES_PER_LINE));
            format!("{title} {bytes} bytes {count} lines base64\n{}", lines.collect::<String>())
        }
    }
}
