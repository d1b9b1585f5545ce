//! One direction of the wire, from one end's transmitter to the other end's receiver.

use super::{Disturbance, Heard, LineSettings, Pace, Receiver, Transmitter};
use crate::time::{Duration, Instant, earliest};

/// A transmitter, what disturbs the wire, and a receiver.
#[derive(Debug)]
pub struct Direction<M> {
    sender: Transmitter<M>,
    receiver: Receiver<M>,
    disturbance: Disturbance,
    /// Bytes may be stored to end at one instant, and each may stop the next: it is heard before that one starts.
    one_by_one: bool,
    sent: u64,
    lost: u64,
}

impl<M: Copy + PartialEq> Direction<M> {
    /// An idle wire with both ends set alike.
    pub fn new(settings: LineSettings, disturbance: Disturbance) -> Direction<M> {
        let sender = Transmitter::new(settings, Pace::Wire);
        Direction {
            sender,
            receiver: Receiver::new(settings),
            disturbance,
            one_by_one: false,
            sent: 0,
            lost: 0,
        }
    }

    /// Chooses how stored bytes are paced. `stops`: what the other end has heard may stop the sender. Only before the
    /// first one.
    pub fn set_pace(&mut self, pace: Pace, stops: bool) {
        self.one_by_one = stops && pace == Pace::AsStored;
        self.sender = Transmitter::new(self.sender.settings(), pace);
    }

    /// Sets the sending end. The byte on the wire ends as it began.
    pub fn set_sender(&mut self, settings: LineSettings) {
        self.sender.set(settings);
    }

    /// Sets the receiving end. The byte on the wire ends as it began.
    pub fn set_receiver(&mut self, settings: LineSettings) {
        self.receiver.set(settings);
    }

    /// What the sending end is set to.
    pub fn settings(&self) -> LineSettings {
        self.sender.settings()
    }

    /// What the receiving end is set to.
    pub fn receiver_settings(&self) -> LineSettings {
        self.receiver.settings()
    }

    /// Stores `byte` at `now`. Everything due until `now` must have been taken.
    pub fn store(&mut self, now: Instant, byte: u8, mark: M) {
        self.sender.store(now, byte, mark);
        self.started();
    }

    /// Bytes that have not ended on the wire yet.
    pub fn pending(&self) -> usize {
        self.sender.pending()
    }

    /// When its last byte ended; `None`: some have not ended yet.
    pub fn silent_since(&self) -> Option<Instant> {
        self.sender.silent_since()
    }

    /// Bytes that have ended on the wire.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Bytes that were lost on their way.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Stops the sender behind the byte on the wire, or lets it go on at `now`.
    pub fn hold(&mut self, now: Instant, held: bool) {
        self.sender.hold(now, held);
        self.started();
    }

    /// Holds the line low from `now` on: a break.
    pub fn hold_low(&mut self, now: Instant, time: Duration) {
        self.receiver.hold_low(now, time);
    }

    /// What disturbs it.
    pub fn disturbance(&self) -> &Disturbance {
        &self.disturbance
    }

    /// The same, to be changed.
    pub fn disturbance_mut(&mut self) -> &mut Disturbance {
        &mut self.disturbance
    }

    /// When a byte ends at the sender, or is complete at the receiver.
    pub fn next_edge(&self) -> Option<Instant> {
        earliest([self.sender.next_edge(), self.receiver.next_edge()])
    }

    /// When the byte that is being received started.
    pub fn receiving_since(&self) -> Option<Instant> {
        self.receiver.receiving_since()
    }

    /// Takes the next byte that has been received by `now`.
    pub fn take(&mut self, now: Instant) -> Option<Heard<M>> {
        loop {
            // The sender first: what starts where a byte ends is on the wire by then.
            let ends = self.sender.next_edge().filter(|end| *end <= now);
            let complete = self.receiver.next_edge().filter(|end| *end <= now);
            match (ends, complete) {
                (Some(end), complete)
                    if complete.is_none_or(|c| end < c || (end == c && !self.one_by_one)) =>
                {
                    self.sender.take(end);
                    self.sent += 1;
                    self.started();
                }
                (_, Some(complete)) => {
                    if let Some(heard) = self.receiver.take(complete) {
                        return Some(heard);
                    }
                }
                _ => return None,
            }
        }
    }

    /// Drops everything, the byte on the wire included: power is gone.
    pub fn cut(&mut self) {
        self.sender.cut();
        self.receiver.cut();
    }

    fn started(&mut self) {
        if let Some(frame) = self.sender.take_started() {
            match self.disturbance.pass(frame) {
                Some(frame) => self.receiver.hear(frame),
                None => self.lost += 1,
            }
        }
    }
}

/// What a receiver makes of bytes that come back to back from a sender with other settings: bytes with their flags.
pub fn heard(sender: LineSettings, receiver: LineSettings, bytes: &[u8]) -> Vec<(u8, u8)> {
    let mut wire = Direction::new(sender, Disturbance::new(0, ""));
    wire.set_receiver(receiver);
    bytes.iter().for_each(|byte| wire.store(Instant::ZERO, *byte, ()));
    std::iter::from_fn(|| wire.take(Instant::MAX)).map(|heard| (heard.byte, heard.flags)).collect()
}

#[cfg(test)]
#[path = "direction_tests.rs"]
mod tests;
