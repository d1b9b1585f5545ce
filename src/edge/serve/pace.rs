//! Virtual time that follows the wall clock.
//!
//! Pure arithmetic: the wall clock's readings are arguments. The world's start is tied to one reading; from
//! there on a nanosecond of one is a nanosecond of the other. An input gets the virtual time of its arrival, an
//! event happens when the wall clock has come to it. A machine that is too slow for that finds events that are
//! overdue: they happen in order, slice by slice, as fast as the machine can, and it is counted.

use crate::time::{Duration, Instant};

/// A reading of the wall clock: the span since some moment before the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(pub Duration);

/// Shortest time between two looks at the world while nothing comes in, so that a byte does not cost a wake-up
/// each. An output is late by at most this, as with a USB adapter.
const GRAIN: Duration = Duration::from_millis(1);
/// An event that is overdue by more than this counts as falling behind: the guard time of `+++`.
const TOLERANCE: Duration = Duration::from_millis(20);
/// Longest piece in which overdue time is made up for: between two pieces inputs are looked at.
const SLICE: Duration = Duration::from_millis(10);

/// How well the machine kept up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// How often the world fell behind the wall clock.
    pub times: u64,
    /// By how much at most.
    pub most: Duration,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Let everything up to this instant happen, then ask again.
    Advance(Instant),
    /// Nothing is due before this reading of the wall clock (`None`: at all), unless an input comes.
    Wait(Option<Wall>),
}

/// Ties a world to the wall clock.
#[derive(Debug, Default)]
pub struct Pace {
    /// The wall clock at the world's start; `None` while time stands still.
    start: Option<Wall>,
    /// No look at the world before this.
    rest_until: Wall,
    catching_up: bool,
    behind: Behind,
}

impl Pace {
    /// Lets time begin. A second call does nothing.
    pub fn start(&mut self, now: Wall) {
        self.start.get_or_insert(now);
    }

    /// Whether time has begun.
    pub fn is_started(&self) -> bool {
        self.start.is_some()
    }

    /// How well the machine has kept up so far.
    pub fn behind(&self) -> Behind {
        self.behind
    }

    /// The virtual time that corresponds to a reading; the world's start while time stands still.
    pub fn now(&self, wall: Wall) -> Instant {
        let since = self.start.map_or(0, |start| wall.0.as_nanos().saturating_sub(start.0.as_nanos()));
        Instant::from_nanos(since)
    }

    /// The virtual time of an input that arrived at `wall`, in a world that has come to `reached`: never
    /// before that. `event` is the world's next one: if it is overdue, that counts.
    pub fn stamp(&mut self, wall: Wall, reached: Instant, event: Option<Instant>) -> Instant {
        let now = self.now(wall);
        self.note(now, event);
        now.max(reached)
    }

    /// What to do at `wall` in a world that has come to `reached` and whose next event is `event`.
    pub fn next(&mut self, wall: Wall, reached: Instant, event: Option<Instant>) -> Step {
        let (Some(start), Some(event)) = (self.start, event) else {
            self.catching_up = false;
            return Step::Wait(None);
        };
        let now = self.now(wall);
        if event > now || (wall < self.rest_until && !self.catching_up) {
            self.catching_up = false;
            let due = Wall(start.0 + event.since(Instant::ZERO));
            return Step::Wait(Some(due.max(self.rest_until)));
        }
        self.note(now, Some(event));
        let to = now.min(event.max(reached) + SLICE).max(reached);
        if to >= now {
            self.catching_up = false;
            self.rest_until = Wall(wall.0 + GRAIN);
        }
        Step::Advance(to)
    }

    /// Counts an event that is overdue by too much.
    fn note(&mut self, now: Instant, event: Option<Instant>) {
        let overdue = event.map_or(Duration::ZERO, |event| now.since(event));
        if overdue > TOLERANCE {
            self.behind.times += u64::from(!self.catching_up);
            self.behind.most = self.behind.most.max(overdue);
            self.catching_up = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(us: u64) -> Wall {
        Wall(Duration::from_micros(us))
    }

    fn at(us: u64) -> Instant {
        Instant::from_nanos(us * 1_000)
    }

    fn started(us: u64) -> Pace {
        let mut pace = Pace::default();
        pace.start(wall(us));
        pace
    }

    #[test]
    fn time_stands_still_until_it_is_started_and_starts_once() {
        let mut pace = Pace::default();
        assert_eq!(pace.now(wall(7_000)), Instant::ZERO);
        assert_eq!(pace.next(wall(7_000), Instant::ZERO, Some(at(0))), Step::Wait(None));
        pace.start(wall(7_000));
        pace.start(wall(9_000));
        assert_eq!(pace.now(wall(9_000)), at(2_000), "the second start moved the origin");
        assert_eq!(pace.now(wall(6_999)), Instant::ZERO, "before the start there is nothing");
    }

    #[test]
    fn an_event_is_waited_for_and_never_happens_early() {
        let mut pace = started(1_000);
        let event = Some(at(5_000));
        assert_eq!(pace.next(wall(1_000), at(0), event), Step::Wait(Some(wall(6_000))));
        let just_before = Wall(Duration::from_nanos(5_999_999));
        assert_eq!(pace.next(just_before, at(0), event), Step::Wait(Some(wall(6_000))));
        assert_eq!(pace.next(wall(6_000), at(0), event), Step::Advance(at(5_000)));
        assert_eq!(
            pace.next(wall(6_000), at(5_000), None),
            Step::Wait(None),
            "nothing will happen by itself"
        );
    }

    #[test]
    fn events_close_together_share_a_look() {
        let mut pace = started(0);
        assert_eq!(pace.next(wall(500), at(0), Some(at(400))), Step::Advance(at(500)));
        // The next byte of a run ends 87 us later: it is looked at with the others of that millisecond.
        assert_eq!(pace.next(wall(510), at(500), Some(at(587))), Step::Wait(Some(wall(1_500))));
        assert_eq!(pace.next(wall(1_499), at(500), Some(at(587))), Step::Wait(Some(wall(1_500))));
        assert_eq!(pace.next(wall(1_500), at(500), Some(at(587))), Step::Advance(at(1_500)));
        assert_eq!(pace.behind(), Behind::default(), "a millisecond is not falling behind");
    }

    #[test]
    fn an_input_has_the_time_of_its_arrival_but_never_an_earlier_one_than_the_world() {
        let mut pace = started(1_000);
        assert_eq!(pace.stamp(wall(4_000), at(2_000), None), at(3_000));
        assert_eq!(pace.stamp(wall(4_000), at(3_500), None), at(3_500), "time went backwards");
        assert_eq!(pace.stamp(wall(500), at(0), None), at(0), "an input from before the start");
    }

    #[test]
    fn what_is_overdue_is_made_up_for_in_slices_and_counted_once() {
        let mut pace = started(0);
        let (mut reached, mut slices) = (at(0), 0);
        // 100 ms behind, with an event every 3 ms.
        let mut event = at(3_000);
        while let Step::Advance(to) = pace.next(wall(100_000), reached, Some(event)) {
            assert!(to > reached && to.since(event) <= SLICE, "from {reached} to {to} at once");
            reached = to;
            while event <= reached {
                event += Duration::from_millis(3);
            }
            slices += 1;
        }
        assert_eq!(reached, at(100_000), "it should have caught up");
        assert!(slices >= 8, "only {slices} slices");
        assert_eq!(pace.behind(), Behind { times: 1, most: Duration::from_millis(97) });
        // Caught up: the next time is another one, also when an input brings it to light.
        pace.next(wall(101_000), reached, Some(at(500_000)));
        pace.stamp(wall(530_000), reached, Some(at(500_000)));
        assert_eq!(pace.behind().times, 2);
    }

    #[test]
    fn an_event_at_the_instant_reached_does_not_keep_the_processor_busy() {
        let mut pace = started(0);
        let mut looks = 0;
        // The clock stands, and the event stays where it is.
        while let Step::Advance(to) = pace.next(wall(5_000), at(5_000), Some(at(5_000))) {
            assert_eq!(to, at(5_000));
            looks += 1;
            assert!(looks < 10, "it would never wait");
        }
    }
}
