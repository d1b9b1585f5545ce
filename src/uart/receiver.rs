//! One end's receiver: finds start bits, and samples each bit in its middle at its own rate.
//!
//! With both ends set alike, and nothing disturbing the wire, a byte is what was sent and is there when its last stop
//! bit ends. Otherwise the receiver looks at the waveform as a UART does. A falling edge begins a start bit; when the
//! line is high again in the middle of it, it was none. Data bits, parity and the first stop bit are sampled in
//! their middles, counted from that edge, exactly. A stop bit that is low is a framing error. From its sample on, the
//! receiver looks for the next falling edge, so that a sender that is a little faster than it does not put it off.
//! All of it is integer arithmetic on the times at which the sender's bits begin.

use std::collections::VecDeque;

use super::{BREAK, FRAMING_ERROR, Frame, LineSettings, PARITY_ERROR};
use crate::time::{Duration, Instant};

/// A byte that a receiver has made of what it heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard<M> {
    /// Beginning of its start bit.
    pub start: Instant,
    /// End of its last stop bit, by the receiver's count.
    pub end: Instant,
    /// Its data bits.
    pub byte: u8,
    /// 0, or [`FRAMING_ERROR`], [`PARITY_ERROR`], [`BREAK`] added.
    pub flags: u8,
    /// That of the byte that was on the wire when it began; `None`: there was none.
    pub mark: Option<M>,
}

/// What is being received.
#[derive(Clone, Copy, Debug)]
struct Current {
    start: Instant,
    end: Instant,
    settings: LineSettings,
    /// Nothing can be heard but the first of the frames, as it was sent.
    clear: bool,
}

/// A receiver. It is told of each byte when that starts on the wire, and asked at the times that it names.
#[derive(Debug)]
pub struct Receiver<M> {
    settings: LineSettings,
    /// What is or was on the wire, as long as it matters.
    frames: VecDeque<Frame<M>>,
    /// When the line was, or will be, held low.
    lows: VecDeque<(Instant, Instant)>,
    /// Start bits up to here have been found; `None`: none of `frames` has been looked at.
    searched: Option<Instant>,
    current: Option<Current>,
}

impl<M: Copy> Receiver<M> {
    /// A receiver on an idle line.
    pub fn new(settings: LineSettings) -> Receiver<M> {
        Receiver { settings, frames: VecDeque::new(), lows: VecDeque::new(), searched: None, current: None }
    }

    /// What it is set to.
    pub fn settings(&self) -> LineSettings {
        self.settings
    }

    /// Sets it. What is being received ends as it began.
    pub fn set(&mut self, settings: LineSettings) {
        self.settings = settings;
    }

    /// A byte starts on the wire.
    pub fn hear(&mut self, mut frame: Frame<M>) {
        if let Some(last) = self.frames.back() {
            frame.queue_behind(last.over());
        }
        self.frames.push_back(frame);
        if self.current.is_none() {
            self.search();
        }
    }

    /// The line is held low from `from` on for `time`.
    pub fn hold_low(&mut self, from: Instant, time: Duration) {
        self.lows.push_back((from, from + time));
        match &mut self.current {
            // The start bit was foreseen; another one comes first.
            Some(current) if current.start >= from => self.current = None,
            Some(current) if current.clear => {
                current.clear = false;
                current.end = current.start + current.settings.span(current.settings.half_bits());
            }
            _ => {}
        }
        if self.current.is_none() {
            self.search();
        }
    }

    /// When [`Receiver::take`] has something to do.
    pub fn next_edge(&self) -> Option<Instant> {
        self.current.map(|c| c.end)
    }

    /// When the start bit of what is being received began.
    pub fn receiving_since(&self) -> Option<Instant> {
        self.current.map(|c| c.start)
    }

    /// Takes the byte that is complete by `now`. Everything that started on the wire by then must have been heard.
    pub fn take(&mut self, now: Instant) -> Option<Heard<M>> {
        while let Some(current) = self.current.filter(|c| c.end <= now) {
            self.current = None;
            let heard = if current.clear { self.clear(current) } else { self.sample(current) };
            self.search();
            if heard.is_some() {
                return heard;
            }
        }
        None
    }

    /// Forgets everything that is on the wire.
    pub fn cut(&mut self) {
        *self = Receiver::new(self.settings);
    }

    /// The byte as it was sent.
    fn clear(&mut self, current: Current) -> Option<Heard<M>> {
        let frame = self.frames.pop_front()?;
        let Current { start, end, .. } = current;
        Some(Heard { start, end, byte: frame.byte, flags: 0, mark: Some(frame.mark) })
    }

    /// What the samples say; `None`: there was no start bit.
    fn sample(&mut self, current: Current) -> Option<Heard<M>> {
        let Current { start, end, settings, .. } = current;
        let middle = |bit: u64| start + settings.span(2 * bit + 1);
        let stop = settings.bits_before_stop();
        let levels: Vec<bool> = (0..=stop).map(|bit| self.level(middle(bit))).collect();
        let mark = self.frames.iter().rev().find(|f| f.edge(0) <= start).map(|f| f.mark);
        let began = !levels[0];
        let searched = middle(if began { stop } else { 0 });
        self.searched = Some(searched);
        self.frames.retain(|f| f.over() > searched);
        self.lows.retain(|low| low.1 >= searched);
        if !began {
            return None;
        }
        let data = levels[1..=usize::from(settings.data_bits)].iter().rev();
        let byte = data.fold(0u8, |byte, level| byte << 1 | u8::from(*level));
        let mut flags = 0;
        if !levels.last().copied().unwrap_or(true) {
            flags |= FRAMING_ERROR;
        }
        if settings.parity_of(byte).is_some_and(|parity| parity != levels[stop as usize - 1]) {
            flags |= PARITY_ERROR;
        }
        if levels.iter().all(|level| !level) {
            flags |= BREAK;
        }
        Some(Heard { start, end, byte, flags, mark })
    }

    /// Finds the next start bit.
    fn search(&mut self) {
        if self.searched.is_none()
            && let Some(first) = self.frames.front()
            && self.is_clear(first)
        {
            let (start, end, settings) = (first.start, first.end, first.settings);
            // What was before it has been heard.
            self.lows.retain(|low| low.0 >= end);
            self.current = Some(Current { start, end, settings, clear: true });
            return;
        }
        let Some(start) = self.falling_edge() else { return };
        let settings = self.settings;
        if let Some(place) = self.frames.iter().position(|f| f.edge(0) == start)
            && self.is_clear(&self.frames[place])
        {
            self.frames.drain(..place);
            self.searched = None;
            return self.search();
        }
        let end = start + settings.span(settings.half_bits());
        self.current = Some(Current { start, end, settings, clear: false });
    }

    /// Whether a frame will be heard as it was sent.
    fn is_clear(&self, frame: &Frame<M>) -> bool {
        let disturbed = |low: &(Instant, Instant)| low.0 < frame.end && low.1 > frame.start;
        frame.settings == self.settings && frame.is_intact() && !self.lows.iter().any(disturbed)
    }

    /// The first falling edge after what has been searched.
    fn falling_edge(&self) -> Option<Instant> {
        let new = |at: &Instant| self.searched.is_none_or(|searched| *at > searched) && self.falls(*at);
        let of_breaks = self.lows.iter().map(|low| low.0).filter(new).min();
        let of_frames = self.frames.iter().find_map(|frame| {
            (0..frame.bits()).filter(|bit| !frame.level(*bit)).map(|bit| frame.edge(bit)).find(new)
        });
        of_breaks.into_iter().chain(of_frames).min()
    }

    fn falls(&self, at: Instant) -> bool {
        let before = at.as_nanos().checked_sub(1).map(Instant::from_nanos);
        !self.level(at) && before.is_none_or(|before| self.level(before))
    }

    /// Whether the line is high at `at`.
    fn level(&self, at: Instant) -> bool {
        if self.lows.iter().any(|low| low.0 <= at && at < low.1) {
            return false;
        }
        let after = self.frames.partition_point(|f| f.edge(0) <= at);
        let frame = after.checked_sub(1).and_then(|place| self.frames.get(place));
        frame.and_then(|f| f.level_at(at)).unwrap_or(true)
    }
}
