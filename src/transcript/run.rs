//! Carries a transcript out on a world.

use std::collections::VecDeque;

use super::failure::{Failure, Reason};
use super::matching::{self, Bound, Outcome};
use super::text::{self, Element};
use super::{Action, Place, Step, Transcript, Window};
use crate::time::{Duration, Instant};
use crate::world::{Attachment, Error, ModuleId, World, drive};

/// Lines before a failure that are shown.
const REMEMBERED: usize = 12;
/// How long the module may go on after the last line: whatever comes then was not expected.
const DRAIN: Duration = Duration::from_millis(100);
/// After a mismatch: how long the rest of the line may take, so that it can be shown.
const REST: Duration = Duration::from_millis(20);
/// Flow control that holds the host's bytes back for so long has stopped it for ever.
const LONGEST_SENDING: Duration = Duration::from_secs(600);

/// What a step comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do.
    More,
    /// Everything came as expected.
    Passed,
}

/// A transcript on its way.
pub struct Run<'t> {
    transcript: &'t Transcript,
    module: ModuleId,
    next: usize,
    now: Instant,
    /// The end of the host's last action.
    origin: Instant,
    /// What came and no line has taken yet.
    pending: Vec<u8>,
    /// Start and end of each byte of `pending`.
    times: VecDeque<(Instant, Instant)>,
    /// End of the last byte that came.
    last_end: Instant,
    bound: Bound,
    before: VecDeque<(Instant, String)>,
    /// What the driver does between two events.
    between: Option<Between<'t>>,
}

/// What a driver does with the world between two events, such as to carry what a real program says.
pub type Between<'t> = Box<dyn FnMut(&mut World) + 't>;

impl<'t> Run<'t> {
    /// Attaches to the transcript's module.
    ///
    /// # Errors
    /// Those of [`World::attach`].
    pub fn new(transcript: &'t Transcript, world: &mut World) -> Result<Run<'t>, Error> {
        Run::attached(transcript, world, Attachment::default())
    }

    /// The same with an attachment of the caller's, whose ticks must be nanoseconds.
    ///
    /// # Errors
    /// Those of [`World::attach`].
    pub fn attached(
        transcript: &'t Transcript,
        world: &mut World,
        attachment: Attachment,
    ) -> Result<Run<'t>, Error> {
        let module = world.attach(&transcript.module, attachment)?;
        Ok(Run {
            transcript,
            module,
            next: 0,
            now: Instant::ZERO,
            origin: Instant::ZERO,
            pending: Vec::new(),
            times: VecDeque::new(),
            last_end: Instant::ZERO,
            bound: Bound::new(),
            before: VecDeque::new(),
            between: None,
        })
    }

    /// The time reached.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Carries out the next step. After [`Progress::Passed`] or a failure there is none.
    ///
    /// # Errors
    /// What went wrong.
    pub fn step(&mut self, world: &mut World) -> Result<Progress, Box<Failure>> {
        let transcript = self.transcript;
        let Some(step) = transcript.steps.get(self.next) else {
            return match transcript.steps.last() {
                Some(last) => {
                    let expected = format!("expected nothing more within {DRAIN} of the last line");
                    self.silence(world, &last.place, DRAIN, expected).map(|()| Progress::Passed)
                }
                None => Ok(Progress::Passed),
            };
        };
        self.next += 1;
        self.carry_out(world, step)?;
        Ok(Progress::More)
    }

    /// Has something done between two events.
    pub fn between(&mut self, between: Between<'t>) {
        self.between = Some(between);
    }

    fn carry_out(&mut self, world: &mut World, step: &Step) -> Result<(), Box<Failure>> {
        let place = &step.place;
        match &step.action {
            Action::Send(text) => self.send(world, place, text),
            Action::Expect { pattern, limit, window } => self.expect(world, place, pattern, *limit, *window),
            Action::Silent(time) => {
                self.silence(world, place, *time, format!("expected nothing for {time}"))?;
                self.remember(format!("silent {time}"));
                Ok(())
            }
            Action::Wait(time) => {
                let end = self.now + *time;
                while self.go(world, place, end)? {}
                self.remember(format!("wait {time}"));
                Ok(())
            }
            Action::Console(line) => {
                self.broken(place, world.console(line))?;
                self.origin = self.now;
                self.remember(format!("console {line}"));
                self.collect(world, place)
            }
            Action::Pin(pin, high) => {
                self.broken(place, world.set_pin(self.module, self.now.as_nanos(), *pin, *high))?;
                self.origin = self.now;
                self.remember(format!("pin {pin:?} {}", if *high { "high" } else { "low" }));
                self.collect(world, place)
            }
            Action::Uart(line) => {
                self.broken(place, world.set_mcu_line(self.module, self.now.as_nanos(), *line))?;
                self.origin = self.now;
                self.remember(format!("uart {line}"));
                self.collect(world, place)
            }
        }
    }

    fn send(&mut self, world: &mut World, place: &Place, text: &[Element]) -> Result<(), Box<Failure>> {
        let bytes = matching::fill(text, &self.bound);
        for byte in &bytes {
            self.broken(place, world.uart_write(self.module, self.now.as_nanos(), *byte))?;
        }
        let (mut left, mut end) = (usize::MAX, self.now);
        loop {
            let pending = self.broken(place, world.mcu_pending(self.module))?;
            if pending == 0 {
                break;
            }
            // A slow line takes its time; as long as bytes leave, nothing holds them back.
            if pending < left {
                (left, end) = (pending, self.now + LONGEST_SENDING);
            }
            if !self.go(world, place, end)? {
                let why = format!("flow control has held the host's bytes back for {LONGEST_SENDING}");
                return Err(self.failure(place, Reason::Refused(why)));
            }
        }
        self.origin = self.now;
        for (line, _) in text::lines('>', &bytes) {
            self.remember(line);
        }
        Ok(())
    }

    fn expect(
        &mut self,
        world: &mut World,
        place: &Place,
        pattern: &[Element],
        limit: Duration,
        window: Option<Window>,
    ) -> Result<(), Box<Failure>> {
        let end = self.now + limit;
        let (length, bound) = loop {
            match matching::compare(pattern, &self.pending, &self.bound) {
                Outcome::Matched { length, bound } => break (length, bound),
                Outcome::Differs { at } => {
                    let noticed = self.now;
                    let rest = self.now + REST;
                    while !self.pending[at..].ends_with(b"\n") && self.go(world, place, rest)? {}
                    let came = std::mem::take(&mut self.pending);
                    let expected = self.show(pattern);
                    let mut failure = self.failure(place, Reason::Differs { expected, came, at });
                    failure.at = noticed;
                    return Err(failure);
                }
                Outcome::Incomplete => {
                    if !self.go(world, place, end)? {
                        let came = std::mem::take(&mut self.pending);
                        let expected = self.show(pattern);
                        return Err(self.failure(place, Reason::Missing { expected, came, limit }));
                    }
                }
            }
        };
        self.bound.extend(bound);
        let bytes: Vec<u8> = self.pending.drain(..length).collect();
        let times: Vec<(Instant, Instant)> = self.times.drain(..length).collect();
        let (Some((started, _)), Some((_, ended))) = (times.first().copied(), times.last().copied()) else {
            return Ok(());
        };
        if let Some(window) = window {
            // A byte that began before the action is early by any measure.
            let after = started.since(self.origin);
            let early = started < self.origin || after < window.from;
            if early || window.to.is_some_and(|to| after > to) {
                let expected = self.show(pattern);
                let mut failure = self.failure(place, Reason::Untimely { expected, after, window });
                failure.at = started;
                return Err(failure);
            }
        }
        for (line, _) in text::lines('<', &bytes) {
            self.remember_at(ended, line);
        }
        Ok(())
    }

    /// Nothing waits, and nothing comes for `time`.
    fn silence(
        &mut self,
        world: &mut World,
        place: &Place,
        time: Duration,
        expected: String,
    ) -> Result<(), Box<Failure>> {
        let end = self.now + time;
        while self.pending.is_empty() && self.go(world, place, end)? {}
        if self.pending.is_empty() {
            return Ok(());
        }
        let rest = self.now + REST;
        while !self.pending.ends_with(b"\n") && self.go(world, place, rest)? {}
        let came = std::mem::take(&mut self.pending);
        Err(self.failure(place, Reason::Unexpected { expected, came }))
    }

    /// Goes to the next event, but not beyond `end`. False when `end` has come.
    fn go(&mut self, world: &mut World, place: &Place, end: Instant) -> Result<bool, Box<Failure>> {
        let more = self.broken(place, drive::step(world, self.module, end.as_nanos()))?;
        if let Some(between) = &mut self.between {
            between(world);
        }
        self.now = self.broken(place, world.now(self.module))?;
        self.collect(world, place)?;
        Ok(more)
    }

    fn collect(&mut self, world: &mut World, place: &Place) -> Result<(), Box<Failure>> {
        while let Some(byte) = self.broken(place, world.uart_read(self.module))? {
            let line = self.broken(place, world.mcu_line_settings(self.module))?;
            // Back to back, a byte starts where the one before it ended; otherwise it has its whole length.
            let start = (byte.at - line.span(line.half_bits())).max(self.last_end);
            self.last_end = byte.at;
            self.pending.push(byte.byte);
            self.times.push_back((start, byte.at));
        }
        Ok(())
    }

    fn remember(&mut self, line: String) {
        self.remember_at(self.now, line);
    }

    fn remember_at(&mut self, at: Instant, line: String) {
        if self.before.len() == REMEMBERED {
            self.before.pop_front();
        }
        self.before.push_back((at, line));
    }

    /// The pattern as the transcript writes it, and what its holes have taken before.
    fn show(&self, pattern: &[Element]) -> String {
        let line = match pattern.split_last() {
            Some((Element::Literal(bytes), rest)) if bytes.ends_with(b"\r\n") => {
                let line = text::write(rest) + &text::escape(&bytes[..bytes.len() - 2]);
                if line.is_empty() { "<".to_owned() } else { format!("< {line}") }
            }
            _ => format!("<| {}", text::write(pattern)),
        };
        let known = pattern.iter().filter_map(|e| match e {
            Element::Hole(hole) => self.bound.get(&hole.name).map(|bytes| (&hole.name, bytes)),
            Element::Literal(_) => None,
        });
        let known: Vec<String> =
            known.map(|(name, b)| format!("{{{name}}} is {}", text::escape(b))).collect();
        if known.is_empty() { line } else { format!("{line}    ({})", known.join(", ")) }
    }

    fn broken<T>(&self, place: &Place, result: Result<T, Error>) -> Result<T, Box<Failure>> {
        result.map_err(|e| self.failure(place, Reason::Refused(e.to_string())))
    }

    fn failure(&self, place: &Place, reason: Reason) -> Box<Failure> {
        let before = self.before.iter().cloned().collect();
        Box::new(Failure { place: place.clone(), at: self.now, reason, before })
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
