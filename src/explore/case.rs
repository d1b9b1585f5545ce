//! An input log in pieces that can be left away: lines that an MCU sends, console lines, parts of the scenario, time.

use crate::explore::fewest;
use crate::time::{Duration, Instant, Timebase};
use crate::uart::{LineSettings, McuLoss};
use crate::world::inputlog::{Input, Log, Writer};
use crate::world::{Attachment, Pin, Scenario};

/// One input of a [`Case`].
#[derive(Clone, Debug)]
pub struct Piece {
    /// When, in the world's time.
    at: Instant,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Attach {
        module: u32,
        name: String,
        attachment: Attachment,
    },
    Detach {
        module: u32,
    },
    /// Bytes, up to the end of a line, each with how long after the first it is stored.
    Bytes {
        module: u32,
        bytes: Vec<(Duration, u8)>,
    },
    Pin {
        module: u32,
        pin: Pin,
        high: bool,
    },
    Line {
        module: u32,
        line: LineSettings,
    },
    Overrun {
        module: u32,
        byte: u8,
        loss: McuLoss,
    },
    Printed {
        module: u32,
        line: String,
    },
    /// A device with Ethernet: its cable, or a frame.
    Lan {
        input: Input,
    },
    Console {
        line: String,
    },
}

/// An input log that is being cut down.
#[derive(Clone, Debug)]
pub struct Case {
    log: Log,
    scenario: String,
    pieces: Vec<Piece>,
    end: Instant,
}

/// How much there is of a [`Case`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Inputs: lines of an MCU, and everything else that is put in.
    pub inputs: usize,
    /// Bytes that MCUs store.
    pub bytes: usize,
    /// Lines of the scenario that are neither empty nor comments.
    pub lines: usize,
    /// How long it takes.
    pub time: Duration,
}

/// Pauses that are tried, ns, the shortest first: those that people would write.
const PAUSES: [u64; 12] = [
    0,
    1_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
];

/// So long after a byte the next one begins a piece of its own.
const SILENCE: Duration = Duration::from_millis(20);

/// What is added to each pause at first.
const LOOSE: Duration = Duration::from_millis(300);

/// A cut goes on as long as each round takes something away, but not longer than this.
const MOST_ROUNDS: usize = 4;

impl Case {
    /// Takes a log to pieces.
    ///
    /// # Errors
    /// An input of a module without a driver, or past the end of time.
    pub fn new(log: Log) -> Result<Case, String> {
        let (mut pieces, mut timebases, mut end) = (Vec::new(), Timebases::default(), Instant::ZERO);
        for (input, line) in log.inputs.iter().zip(&log.lines) {
            let wrong =
                || format!("line {line}: an input of a module without a driver, or past the end of time");
            end = end.max(timebases.add(input, &mut pieces).ok_or_else(wrong)?);
        }
        Ok(Case { scenario: log.scenario_text.clone(), log, pieces, end })
    }

    /// How much there is of it.
    pub fn size(&self) -> Size {
        let bytes = self.pieces.iter().map(|piece| match &piece.what {
            What::Bytes { bytes, .. } => bytes.len(),
            _ => 0,
        });
        let told = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        Size {
            inputs: self.pieces.iter().filter(|p| !matches!(p.what, What::Attach { .. })).count(),
            bytes: bytes.sum(),
            lines: self.scenario.lines().filter(told).count(),
            time: self.end.since(Instant::ZERO),
        }
    }

    /// The log, with its end as far as the inputs tell it: without digests.
    ///
    /// # Errors
    /// The scenario is none.
    pub fn text(&self) -> Result<String, String> {
        self.text_with(&[])
    }

    /// The same, but all modules are brought to each of these times, which changes nothing in what happens.
    ///
    /// # Errors
    /// The scenario is none.
    pub fn text_with(&self, stops: &[Instant]) -> Result<String, String> {
        let mut scenario =
            Scenario::parse(&self.log.scenario_name, &self.scenario).map_err(|e| e.to_string())?;
        self.log.equip(&mut scenario)?;
        let mut writer = Writer::new(self.log.seed, &scenario);
        let (mut timebases, mut log) = (Timebases::default(), Vec::new());
        let mut reach = |writer: &mut Writer, timebases: &Timebases, at: Instant| {
            match timebases.0.iter().next() {
                // A module that is alone is brought there by its driver.
                Some((module, timebase)) if timebases.0.len() == 1 => {
                    writer.advance(*module, timebase.tick(at));
                }
                _ => writer.advance_all(at),
            }
            log.extend(writer.take_to_here());
        };
        let mut stops = stops.iter().copied().peekable();
        for (place, piece) in self.pieces.iter().enumerate() {
            // A line of the console may be for later than what follows it.
            let earliest = self.pieces[place..].iter().map(|piece| piece.at).min().unwrap_or_default();
            while let Some(stop) = stops.next_if(|stop| *stop < earliest) {
                reach(&mut writer, &timebases, stop);
            }
            timebases.write(piece, &mut writer);
        }
        for stop in stops.filter(|stop| *stop < self.end) {
            reach(&mut writer, &timebases, stop);
        }
        reach(&mut writer, &Timebases::default(), self.end);
        String::from_utf8(log).map_err(|e| e.to_string())
    }

    /// Cuts it down while `fails` stays true: inputs, the scenario, bytes, times.
    pub fn cut(mut self, fails: &mut dyn FnMut(&Case) -> bool) -> Case {
        self.cut_end(fails);
        self.loosen(fails);
        for _ in 0..MOST_ROUNDS {
            let before = self.size();
            self.cut_end(fails);
            self.cut_inputs(fails);
            self.cut_scenario(fails);
            self.cut_bytes(fails);
            self.cut_times(fails);
            if self.size() == before {
                break;
            }
        }
        self
    }

    /// Replaces the case when the other one fails, too.
    fn try_other(&mut self, other: Case, fails: &mut dyn FnMut(&Case) -> bool) -> bool {
        let failed = fails(&other);
        if failed {
            *self = other;
        }
        failed
    }

    /// What comes after the failure goes at once: half of the time, again and again.
    fn cut_end(&mut self, fails: &mut dyn FnMut(&Case) -> bool) {
        loop {
            let end = Instant::ZERO + Duration::from_nanos(self.end.as_nanos() / 2);
            let before = |piece: &&Piece| piece.last() <= end;
            let pieces: Vec<Piece> = self.pieces.iter().filter(before).cloned().collect();
            let shorter = pieces.len() < self.pieces.len();
            if !self.try_other(Case { pieces, end, ..self.clone() }, fails) || !shorter {
                break;
            }
        }
    }

    /// Gives every input some time, so that what is left does not depend on how long an answer took that is gone: a host
    /// that waits for each sends the next line at once. The pauses are cut down in the end.
    fn loosen(&mut self, fails: &mut dyn FnMut(&Case) -> bool) {
        let mut other = self.clone();
        let mut later = Duration::ZERO;
        for piece in &mut other.pieces {
            piece.at += later;
            later = later + LOOSE;
        }
        other.end += later;
        self.try_other(other, fails);
    }

    fn cut_inputs(&mut self, fails: &mut dyn FnMut(&Case) -> bool) {
        let mut modules: Vec<u32> = self.pieces.iter().filter_map(Piece::module).collect();
        modules.sort_unstable();
        modules.dedup();
        for module in modules {
            let others = self.pieces.iter().filter(|piece| piece.module() != Some(module));
            let pieces = others.cloned().collect();
            self.try_other(Case { pieces, ..self.clone() }, fails);
        }
        let base = self.clone();
        self.pieces = fewest(std::mem::take(&mut self.pieces), &mut |pieces| {
            fails(&Case { pieces: pieces.to_vec(), ..base.clone() })
        });
    }

    /// Whole tables first, then their lines.
    fn cut_scenario(&mut self, fails: &mut dyn FnMut(&Case) -> bool) {
        let mut tables: Vec<String> = vec![String::new()];
        for line in self.scenario.split_inclusive('\n') {
            match tables.last_mut() {
                Some(table) if !line.starts_with('[') => table.push_str(line),
                _ => tables.push(line.to_owned()),
            }
        }
        let lines = |text: &str| text.split_inclusive('\n').map(str::to_owned).collect();
        for parts in [tables, Vec::new()] {
            let parts = if parts.is_empty() { lines(&self.scenario) } else { parts };
            let base = self.clone();
            let left = fewest(parts, &mut |parts| fails(&Case { scenario: parts.concat(), ..base.clone() }));
            self.scenario = left.concat();
        }
    }

    fn cut_bytes(&mut self, fails: &mut dyn FnMut(&Case) -> bool) {
        for place in 0..self.pieces.len() {
            let What::Bytes { module, bytes } = self.pieces[place].what.clone() else { continue };
            let base = self.clone();
            let with = |bytes: &[(Duration, u8)]| {
                let mut other = base.clone();
                other.pieces[place].what = What::Bytes { module, bytes: bytes.to_vec() };
                other
            };
            *self = with(&fewest(bytes, &mut |bytes| fails(&with(bytes))));
        }
        self.pieces.retain(|piece| !matches!(&piece.what, What::Bytes { bytes, .. } if bytes.is_empty()));
    }

    /// Each pause becomes the shortest that will do.
    fn cut_times(&mut self, fails: &mut dyn FnMut(&Case) -> bool) {
        for place in 0..=self.pieces.len() {
            let before = place.checked_sub(1).map_or(Instant::ZERO, |before| self.pieces[before].last());
            let at = self.pieces.get(place).map_or(self.end, |piece| piece.at);
            // A line of the console may stand before what happens earlier.
            let Some(pause) = at.as_nanos().checked_sub(before.as_nanos()) else { continue };
            for shorter in PAUSES.into_iter().filter(|shorter| *shorter < pause) {
                let cut = Duration::from_nanos(pause - shorter);
                let mut other = self.clone();
                other.pieces[place..].iter_mut().for_each(|piece| piece.at = piece.at - cut);
                other.end = other.end - cut;
                if self.try_other(other, fails) {
                    break;
                }
            }
        }
    }
}

impl Piece {
    fn module(&self) -> Option<u32> {
        match self.what {
            What::Attach { module, .. }
            | What::Detach { module }
            | What::Bytes { module, .. }
            | What::Pin { module, .. }
            | What::Line { module, .. }
            | What::Printed { module, .. }
            | What::Overrun { module, .. } => Some(module),
            What::Console { .. } | What::Lan { .. } => None,
        }
    }

    /// When the last of it is.
    fn last(&self) -> Instant {
        match &self.what {
            What::Bytes { bytes, .. } => self.at + bytes.last().map_or(Duration::ZERO, |(after, _)| *after),
            _ => self.at,
        }
    }
}

/// The timebases of the drivers that there are.
#[derive(Default)]
struct Timebases(std::collections::BTreeMap<u32, Timebase>);

impl Timebases {
    fn instant(&self, module: u32, tick: u64) -> Option<Instant> {
        self.0.get(&module)?.instant(tick)
    }

    /// Adds an input to the pieces. Returns when the last of it is; `None`: it can't be.
    fn add(&mut self, input: &Input, pieces: &mut Vec<Piece>) -> Option<Instant> {
        let (at, what) = match input {
            Input::Attach { module, name, hz, origin_ns, mcu_tx, obeys_rts } => {
                let origin = Instant::from_nanos(*origin_ns);
                let timebase = Timebase::new(*hz, origin)?;
                self.0.insert(*module, timebase);
                let attachment = Attachment { timebase, mcu_tx: *mcu_tx, obeys_rts: *obeys_rts };
                // It comes when the inputs before it have been; a timebase may begin earlier.
                let at = pieces.last().map_or(Instant::ZERO, Piece::last);
                (at, What::Attach { module: *module, name: name.clone(), attachment })
            }
            Input::Detach { module } => {
                (pieces.last().map_or(Instant::ZERO, Piece::last), What::Detach { module: *module })
            }
            Input::Uart { module, tick, pace, bytes } => {
                for (tick, byte) in pace.ticks(*tick, bytes.len()).zip(bytes) {
                    let at = self.instant(*module, tick)?;
                    match pieces.last_mut() {
                        Some(Piece { at: start, what: What::Bytes { module: same, bytes } })
                            if same == module
                                && bytes.last().is_some_and(|(after, byte)| {
                                    *byte != b'\n' && at.since(*start + *after) < SILENCE
                                }) =>
                        {
                            bytes.push((at.since(*start), *byte));
                        }
                        _ => {
                            let bytes = vec![(Duration::ZERO, *byte)];
                            pieces.push(Piece { at, what: What::Bytes { module: *module, bytes } });
                        }
                    }
                }
                return pieces.last().map(Piece::last);
            }
            Input::Pin { module, tick, pin, high } => {
                (self.instant(*module, *tick)?, What::Pin { module: *module, pin: *pin, high: *high })
            }
            Input::Line { module, tick, line } => {
                (self.instant(*module, *tick)?, What::Line { module: *module, line: *line })
            }
            Input::Overrun { module, tick, byte, loss } => {
                (self.instant(*module, *tick)?, What::Overrun { module: *module, byte: *byte, loss: *loss })
            }
            Input::Printed { module, tick, line } => {
                (self.instant(*module, *tick)?, What::Printed { module: *module, line: line.clone() })
            }
            Input::Console { at_ns, line } => {
                (Instant::from_nanos(*at_ns), What::Console { line: line.clone() })
            }
            Input::LanAttach { at_ns, .. }
            | Input::LanDetach { at_ns, .. }
            | Input::LanFrame { at_ns, .. } => {
                (Instant::from_nanos(*at_ns), What::Lan { input: input.clone() })
            }
            // How far clocks come is the end's business.
            Input::Advance { module, tick } => return self.instant(*module, *tick),
            Input::AdvanceAll { at_ns } => return Some(Instant::from_nanos(*at_ns)),
        };
        pieces.push(Piece { at, what });
        Some(at)
    }

    /// Writes a piece. Of a module whose driver has been left away nothing is written that can be replayed.
    fn write(&mut self, piece: &Piece, writer: &mut Writer) {
        let tick = |timebases: &Timebases, module: &u32, at: Instant| {
            timebases.0.get(module).map_or(at.as_nanos(), |timebase| timebase.tick(at))
        };
        match &piece.what {
            What::Attach { module, name, attachment } => {
                self.0.insert(*module, attachment.timebase);
                writer.attach(*module, name, attachment);
            }
            What::Detach { module } => {
                self.0.remove(module);
                writer.detach(*module);
            }
            What::Bytes { module, bytes } => {
                for (after, byte) in bytes {
                    writer.uart(*module, tick(self, module, piece.at + *after), *byte);
                }
            }
            What::Pin { module, pin, high } => {
                writer.pin(*module, tick(self, module, piece.at), *pin, *high);
            }
            What::Line { module, line } => {
                writer.line_settings(*module, tick(self, module, piece.at), *line);
            }
            What::Overrun { module, byte, loss } => {
                writer.overrun(*module, tick(self, module, piece.at), *byte, *loss);
            }
            What::Printed { module, line } => {
                writer.printed(*module, tick(self, module, piece.at), line);
            }
            What::Console { line } => writer.console(piece.at, line),
            What::Lan { input } => match input {
                Input::LanAttach { port, access_point, .. } => {
                    writer.lan_attach(piece.at, *port, access_point);
                }
                Input::LanDetach { port, .. } => writer.lan_detach(piece.at, *port),
                Input::LanFrame { port, frame, .. } => writer.lan_frame(piece.at, *port, frame),
                _ => {}
            },
        }
    }
}
