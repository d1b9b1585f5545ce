//! Hostile reports: what the firmware says without being asked comes where a driver expects it least, and still where a
//! real module may say it.
//!
//! A module's tasks print whole pieces: a report, a line of an answer, a prompt. Any task may come in between two of
//! them. Here reports are held back for a while, up to a second, and put between the pieces of the next answer; or into
//! the echo of the next line, which is printed byte by byte. Nothing is said that is not true. What has happened is told
//! later than it has happened, but in its order, and before a command ends that changes the same thing; what is added
//! besides is true at any time: the clock was set again, a stranger has come to the softAP and gone.
//!
//! Draws come from a stream of the module's own for this alone.

use std::collections::VecDeque;
use std::fmt;

use crate::capture::Mark;
use crate::rng::Stream;
use crate::time::{Duration, Instant};

/// How long reports are held back at most.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// How many of the places within an answer get a line that is true at any time, one in so many.
const FILLED: u64 = 8;
/// How many of the bytes of an echo have a report before them while one is held back, one in so many.
const SPLIT: u64 = 16;

/// Where a report was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Between two bytes of the echo.
    Echo,
    /// Behind the command's line, before anything of its answer.
    BeforeAnswer,
    /// Between two pieces of an answer.
    WithinAnswer,
    /// Behind a prompt, before the data.
    BehindPrompt,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Echo => "within the echo",
            Place::BeforeAnswer => "before the answer",
            Place::WithinAnswer => "within the answer",
            Place::BehindPrompt => "behind the prompt",
        })
    }
}

/// What is printed in one go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Piece {
    bytes: Vec<(u8, Mark)>,
    /// It tells of station, links or clients: what was held back before it may not come behind it.
    report: bool,
}

impl Piece {
    fn text(text: &[u8]) -> Piece {
        let end = text.len().saturating_sub(1);
        let mark = |i| if i == end { Mark::TextEnd } else { Mark::Text };
        Piece { bytes: text.iter().enumerate().map(|(i, b)| (*b, mark(i))).collect(), report: true }
    }

    fn ends_with(&self, mark: Mark) -> bool {
        self.bytes.last().is_some_and(|(_, last)| *last == mark)
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes.iter().map(|(byte, _)| *byte).collect()
    }
}

/// What has been printed since the firmware was last looked at, and what is held back.
#[derive(Debug, Default)]
pub struct Hostile {
    answer: Vec<Piece>,
    held: VecDeque<Piece>,
    /// So many of the held ones were there before the answer.
    before: usize,
    /// They are let go then.
    until: Option<Instant>,
    /// What is printed now is a report that can wait.
    holding: bool,
    /// One of the held ones can't wait.
    urgent: bool,
}

/// What the reports are put among.
pub struct Around<'s> {
    /// Now.
    pub now: Instant,
    /// Where draws come from.
    pub stream: &'s mut Stream,
    /// Lines that are true now. Each is one report, or several that belong together.
    pub neutral: Vec<Vec<Vec<u8>>>,
    /// What is printed is an echo.
    pub echo: bool,
    /// A command runs that has just begun.
    pub begun: bool,
    /// Passthrough has begun: nothing is said behind its prompt.
    pub transparent: bool,
}

impl Hostile {
    /// Reports that are printed from now on can wait, or not.
    pub fn hold(&mut self, holding: bool) {
        self.holding = holding;
    }

    /// What is printed from here on is an answer to what has come now.
    pub fn answers(&mut self) {
        self.holding = false;
        self.before = self.held.len();
    }

    /// When reports that are held back are let go.
    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Bytes that wait here.
    pub fn len(&self) -> usize {
        self.answer.iter().chain(&self.held).map(|piece| piece.bytes.len()).sum()
    }

    /// Takes what is printed in one go. `report`: it tells of something that nobody has asked for; `urgent`: at once.
    pub fn push(&mut self, bytes: Vec<(u8, Mark)>, report: bool, urgent: bool) {
        if self.holding {
            self.urgent |= urgent;
            self.held.push_back(Piece { bytes, report: true });
            return;
        }
        // Data is one piece with what stands before it, and with the end of its line.
        let data = |mark: &Mark| matches!(mark, Mark::Data | Mark::DataEnd);
        if let Some(last) = self.answer.last_mut() {
            let open = !last.bytes.iter().rev().map(|(byte, _)| *byte).take(2).eq(*b"\n\r");
            let tail = last.ends_with(Mark::DataEnd) && bytes.iter().map(|(byte, _)| *byte).eq(*b"\r\n");
            if tail || (open && !last.report && bytes.first().is_some_and(|(_, mark)| data(mark))) {
                last.bytes.extend(bytes);
                return;
            }
        }
        self.answer.push(Piece { bytes, report });
    }

    /// How many pieces of an answer there are.
    pub fn count(&self) -> usize {
        self.answer.len()
    }

    /// The pieces of an answer from this one on are one.
    pub fn join(&mut self, from: usize) {
        if self.holding || from >= self.answer.len() {
            return;
        }
        let rest = self.answer.split_off(from + 1);
        self.answer[from].bytes.extend(rest.into_iter().flat_map(|piece| piece.bytes));
    }

    /// Everything as it comes, when reports are hostile no longer.
    pub fn take_all(&mut self) -> Vec<(u8, Mark)> {
        let all = std::mem::take(self);
        all.held.into_iter().chain(all.answer).flat_map(|piece| piece.bytes).collect()
    }

    /// Puts reports among the pieces of the answer.
    pub fn interleave(&mut self, mut around: Around<'_>) -> Mixed {
        let answer = std::mem::take(&mut self.answer);
        let old: Vec<Piece> = self.held.drain(..self.before.min(self.held.len())).collect();
        self.before = 0;
        let mut mixed = Mixed::default();
        if around.echo {
            // Held back as before, or said between two bytes.
            let split = !old.is_empty() && around.stream.between(1, SPLIT) == 1;
            if split {
                old.iter().for_each(|piece| mixed.put(piece, Place::Echo));
            } else {
                self.hold_back(old);
            }
            answer.iter().for_each(|piece| mixed.add(piece));
        } else if answer.is_empty() && !around.begun {
            // Nothing is answered: they stay where they are.
            self.hold_back(old);
        } else {
            mix(&answer, &old, &mut around, &mut mixed);
        }
        self.let_go(&mut around, &mut mixed.bytes);
        mixed
    }

    /// These stay before those that have come since.
    fn hold_back(&mut self, old: Vec<Piece>) {
        let later = std::mem::take(&mut self.held);
        self.held = old.into_iter().chain(later).collect();
    }

    /// What is held back goes when its time has come, and what is new may be held back.
    fn let_go(&mut self, around: &mut Around<'_>, out: &mut Vec<(u8, Mark)>) {
        let Around { now, stream, .. } = around;
        if self.held.is_empty() {
            self.until = None;
            self.urgent = false;
            return;
        }
        if self.until.is_none() && !self.urgent && stream.between(0, 1) == 1 {
            self.until = Some(*now + stream.duration(Duration::from_millis(1), LONGEST_HOLD));
        }
        if self.urgent || self.until.is_none_or(|until| until <= *now) {
            out.extend(self.held.drain(..).flat_map(|piece| piece.bytes));
            self.until = None;
            self.urgent = false;
        }
    }
}

/// What comes out, and what was put where.
#[derive(Debug, Default)]
pub struct Mixed {
    /// The bytes, with what each is part of.
    pub bytes: Vec<(u8, Mark)>,
    /// Where a report was put, and its bytes.
    pub put: Vec<(Place, Vec<u8>)>,
}

impl Mixed {
    fn add(&mut self, piece: &Piece) {
        self.bytes.extend(&piece.bytes);
    }

    fn put(&mut self, piece: &Piece, place: Place) {
        self.add(piece);
        self.put.push((place, piece.bytes()));
    }
}

/// Reports that were held back, and lines that are true at any time, among the pieces of an answer: none behind its last
/// piece, unless that is a prompt, and the former none behind a report of the answer itself.
fn mix(answer: &[Piece], old: &[Piece], around: &mut Around<'_>, mixed: &mut Mixed) {
    let count = answer.len();
    let prompt = answer.last().is_some_and(|piece| piece.ends_with(Mark::Prompt)) && !around.transparent;
    let last = if prompt { count } else { count.saturating_sub(1) };
    let last = answer.iter().position(|piece| piece.report).map_or(last, |first| first.min(last));
    let mut at = 0;
    let mut draw = |piece| {
        at = around.stream.between(at, last as u64);
        (at as usize, piece)
    };
    let places: Vec<(usize, &Piece)> = old.iter().map(&mut draw).collect();
    let mut places = places.into_iter().peekable();
    for index in 0..=count {
        let place = match index {
            0 => Place::BeforeAnswer,
            index if index == count => Place::BehindPrompt,
            _ => Place::WithinAnswer,
        };
        while let Some((_, piece)) = places.next_if(|(at, _)| *at <= index) {
            mixed.put(piece, place);
        }
        let Some(piece) = answer.get(index) else { break };
        if !around.neutral.is_empty() && around.stream.between(1, FILLED) == 1 {
            let which = around.stream.between(0, around.neutral.len() as u64 - 1) as usize;
            around.neutral[which].iter().for_each(|line| mixed.put(&Piece::text(line), place));
        }
        mixed.add(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<(u8, Mark)> {
        Piece::text(text.as_bytes()).bytes
    }

    fn around<'s>(stream: &'s mut Stream) -> Around<'s> {
        let now = Instant::ZERO;
        Around { now, stream, neutral: Vec::new(), echo: false, begun: false, transparent: false }
    }

    fn string(bytes: &[(u8, Mark)]) -> String {
        bytes.iter().map(|(byte, _)| char::from(*byte)).collect()
    }

    /// What comes of reports that were held back before an answer of these pieces; the last one of it is marked so.
    fn mixed(seed: u64, reports: &[&str], answer: &[(&str, bool)], end: Mark) -> String {
        let mut hostile = Hostile::default();
        hostile.hold(true);
        reports.iter().for_each(|report| hostile.push(text(report), true, false));
        hostile.until = Some(Instant::MAX);
        hostile.answers();
        for (piece, report) in answer {
            hostile.push(text(piece), *report, false);
        }
        if let Some((_, mark)) = hostile.answer.last_mut().and_then(|piece| piece.bytes.last_mut()) {
            *mark = end;
        }
        string(&hostile.interleave(around(&mut Stream::new(seed, "test"))).bytes)
    }

    #[test]
    fn reports_come_at_every_place_before_the_end_of_an_answer_and_in_their_order() {
        let of = |seed| mixed(seed, &["A", "B"], &[("1", false), ("2", false), ("OK", false)], Mark::TextEnd);
        let mut all: Vec<String> = (0..200).map(of).collect();
        all.sort();
        all.dedup();
        let mut expected = ["AB12OK", "A1B2OK", "A12BOK", "1AB2OK", "1A2BOK", "12ABOK"];
        expected.sort_unstable();
        assert_eq!(all, expected);
    }

    #[test]
    fn a_report_never_overtakes_one_of_the_command_itself_and_may_stand_behind_a_prompt() {
        for seed in 0..50 {
            let closed = mixed(seed, &["0,CLOSED"], &[("0,CONNECT", true), ("OK", false)], Mark::TextEnd);
            assert_eq!(closed, "0,CLOSED0,CONNECTOK", "seed {seed}");
        }
        let behind = (0..50).any(|seed| mixed(seed, &["A"], &[("OK>", false)], Mark::Prompt) == "OK>A");
        assert!(behind, "no seed puts it behind the prompt");
    }

    #[test]
    fn data_is_one_piece_with_its_line() {
        for seed in 0..50 {
            let mut hostile = Hostile::default();
            hostile.hold(true);
            hostile.push(text("A"), true, false);
            hostile.answers();
            hostile.push(text("+CIPRECVDATA:2,"), false, false);
            hostile.push(vec![(b'x', Mark::Data), (b'y', Mark::DataEnd)], false, false);
            hostile.push(text("\r\n"), false, false);
            hostile.push(text("\r\nOK\r\n"), false, false);
            let mixed = string(&hostile.interleave(around(&mut Stream::new(seed, "test"))).bytes);
            assert!(mixed.contains("+CIPRECVDATA:2,xy\r\n"), "seed {seed}: {mixed}");
        }
    }

    #[test]
    fn what_is_urgent_takes_everything_before_it_along_and_time_does_too() {
        let mut hostile = Hostile::default();
        let mut stream = Stream::new(1, "test");
        hostile.hold(true);
        hostile.push(text("A"), true, false);
        hostile.until = Some(Instant::from_nanos(5));
        assert_eq!(string(&hostile.interleave(around(&mut stream)).bytes), "");
        hostile.push(text("B"), true, true);
        assert_eq!(string(&hostile.interleave(around(&mut stream)).bytes), "AB");
        hostile.push(text("C"), true, false);
        hostile.until = Some(Instant::from_nanos(5));
        let late = Around { now: Instant::from_nanos(5), ..around(&mut stream) };
        assert_eq!(string(&hostile.interleave(late).bytes), "C");
        assert_eq!(hostile.len(), 0);
    }
}
