//! Whether the MCU's transmit queue has spoilt an escape.
//!
//! Emulated UARTs take a whole buffer in one instant. Firmware that stores data, waits for 25 ms, stores `+++` and
//! waits again has kept the silence by its own clock; but what was stored before may still be on its way by then, and
//! the module sees no silence. This looks at the same bytes twice, as they were stored and as they go out, and finds
//! the `+++` that counts in the first way only. It changes nothing.

use crate::at::passthrough::GUARD;
use crate::time::{Duration, Instant};
use crate::uart::LineSettings;

/// Looks for an escape that the transmit queue has spoilt.
#[derive(Debug, Default)]
pub struct EscapeWatch {
    /// When the last byte was stored.
    stored: Instant,
    stores: Pluses,
    wire: Pluses,
    due: Option<Instant>,
}

impl EscapeWatch {
    /// The MCU stores `byte` at `now`; a byte takes as long as `line` says. `silent_since`: when the last byte on the
    /// wire ended; `None`: something still waits to go out.
    pub fn store(&mut self, now: Instant, byte: u8, line: LineSettings, silent_since: Option<Instant>) {
        let last = std::mem::replace(&mut self.stored, now);
        self.due = None;
        if byte != b'+' && self.stores.0 == 0 {
            self.wire.0 = 0;
            return;
        }
        let length = line.span(line.half_bits());
        let counts = self.stores.push(now.since(last + length), byte);
        let left = self.wire.push(silent_since.map_or(Duration::ZERO, |since| now.since(since)), byte);
        if counts && !left {
            self.due = Some(now);
        } else if self.stores.0 == 3 && self.wire.0 < 3 {
            self.due = Some(now + length + GUARD + Duration::from_nanos(1));
        }
    }

    /// When it is certain that an escape was spoilt, if nothing is stored before.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// True, once, when an escape was spoilt.
    pub fn take(&mut self, now: Instant) -> bool {
        let spoilt = self.due.take_if(|due| *due <= now).is_some();
        if spoilt {
            // The next byte does not tell of it again.
            self.stores = Pluses::default();
        }
        spoilt
    }
}

/// The `+` of an escape that have come so far.
#[derive(Debug, Default)]
struct Pluses(u8);

impl Pluses {
    /// A byte behind so much silence. True when that completes an escape that came before it.
    fn push(&mut self, silence: Duration, byte: u8) -> bool {
        let complete = self.0 == 3 && silence > GUARD;
        self.0 = match self.0 {
            1 | 2 if byte == b'+' && silence < GUARD => self.0 + 1,
            _ => u8::from(byte == b'+' && silence > GUARD),
        };
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: LineSettings = LineSettings::eight_n_one(1_000_000);
    /// One byte, ns.
    const BYTE: u64 = 10_000;

    /// When it says that an escape was spoilt. Each step: after so many ns these bytes are stored.
    fn spoilt(steps: &[(u64, &[u8])]) -> Option<u64> {
        let (mut watch, mut now, mut over) = (EscapeWatch::default(), 1_000_000_000, 0);
        for (pause, bytes) in steps {
            now += pause;
            for byte in *bytes {
                if watch.take(Instant::from_nanos(now)) {
                    return Some(now);
                }
                let silent_since = (over <= now).then_some(Instant::from_nanos(over));
                watch.store(Instant::from_nanos(now), *byte, LINE, silent_since);
                over = over.max(now) + BYTE;
            }
        }
        watch.due().map(Instant::as_nanos)
    }

    #[test]
    fn an_escape_behind_bytes_that_still_go_out_is_spoilt_and_any_other_is_not() {
        let guard = GUARD.as_nanos();
        let burst = &[b'x'; 1_000][..];
        // The burst takes 10 ms to go out.
        let spaced = |pause| spoilt(&[(0, burst), (pause, b"+++")]);
        let certain = |pause| Some(1_000_000_000 + pause + BYTE + guard + 1);
        let drained = 1_000 * BYTE + guard;
        assert_eq!(spaced(BYTE + guard), None, "20 ms of silence are not enough by the stores either");
        assert_eq!(spaced(BYTE + guard + 1), certain(BYTE + guard + 1));
        assert_eq!(spaced(drained), certain(drained), "there are exactly 20 ms of silence on the wire");
        assert_eq!(spaced(drained + 1), None, "there is enough silence on the wire");
        for more in [b"+".as_slice(), b"AT\r\n"] {
            let behind = |pause| spoilt(&[(0, burst), (guard + 2 * BYTE, b"+++"), (pause, more)]);
            assert_eq!(behind(BYTE + guard), None, "what comes within 20 ms makes data of it anyhow");
            assert!(behind(BYTE + guard + 1).is_some());
        }
    }

    #[test]
    fn the_plus_signs_themselves_can_eat_the_silence_behind_them() {
        let guard = GUARD.as_nanos();
        // Stored at once, the third ends two byte times later than it was meant to.
        let behind = |pause| spoilt(&[(0, b"x"), (30_000_000, b"+++"), (pause, b"A")]);
        assert_eq!(behind(BYTE + guard), None);
        assert_eq!(behind(BYTE + guard + 1), Some(1_030_000_000 + BYTE + guard + 1));
        assert_eq!(behind(3 * BYTE + guard), Some(1_030_000_000 + 3 * BYTE + guard));
        assert_eq!(behind(3 * BYTE + guard + 1), None, "it has left by then");
    }
}
