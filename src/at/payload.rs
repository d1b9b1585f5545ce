//! The data phase of AT+CIPSEND and AT+CIPSENDEX: what the host types until it has typed enough.
//!
//! AT+CIPSEND takes exactly as many bytes as were announced, whatever they are. AT+CIPSENDEX ends earlier at `\0`,
//! and takes a backslash off what follows it. `+++` and nothing else ends both without sending; the silence between
//! and behind the three is that of passthrough, and none is asked for before them (a guess).

use std::net::SocketAddr;

use super::links::LinkKey;
use super::passthrough::GUARD;
use crate::time::{Duration, Instant};

/// Payload under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The link it is for.
    pub link: LinkKey,
    /// Where a datagram goes.
    pub to: SocketAddr,
    length: usize,
    /// Bytes typed so far. AT+CIPSENDEX counts these, not what they stand for (a guess).
    typed: usize,
    data: Vec<u8>,
    /// When the last one ended.
    last: Option<Instant>,
    /// There was a pause too long for `+++`.
    paused: bool,
    /// AT+CIPSENDEX: whether a backslash waits for what it stands before.
    escape: Option<bool>,
}

impl Payload {
    /// `length` bytes for a link; as a datagram they go to `to`.
    pub fn new(link: LinkKey, to: SocketAddr, length: usize) -> Self {
        Payload { link, to, length, typed: 0, data: Vec::new(), last: None, paused: false, escape: None }
    }

    /// The same, with backslashes that mean something.
    pub fn escaped(self) -> Self {
        Payload { escape: Some(false), ..self }
    }

    /// The same, but a datagram goes to this address.
    pub fn to(self, to: SocketAddr) -> Self {
        Payload { to, ..self }
    }

    /// Takes a byte whose start bit began at `start` and whose last stop bit ended at `end`. True when it was the last
    /// one.
    pub fn push(&mut self, start: Instant, end: Instant, byte: u8) -> bool {
        self.typed += 1;
        self.paused |= self.last.is_some_and(|last| start.since(last) >= GUARD);
        self.last = Some(end);
        match self.escape {
            Some(true) if byte == b'0' => return true,
            Some(false) if byte == b'\\' => self.escape = Some(true),
            Some(true) => {
                self.escape = Some(false);
                self.data.push(byte);
            }
            Some(false) | None => self.data.push(byte),
        }
        self.typed >= self.length
    }

    /// When the host will have cancelled it, if nothing more comes. `receiving`: when the byte that is on the wire now
    /// started; one that started in time is data, and makes data of the others.
    pub fn cancelled_at(&self, receiving: Option<Instant>) -> Option<Instant> {
        let last = self.last.filter(|_| self.data == b"+++" && self.typed == 3 && !self.paused)?;
        let at = last + GUARD + Duration::from_nanos(1);
        receiving.is_none_or(|start| start >= at).then_some(at)
    }

    /// What has come so far.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at::links::tests::key;

    fn payload(length: usize) -> Payload {
        Payload::new(key(), SocketAddr::from(([192, 168, 1, 1], 80)), length)
    }

    /// What of `typed` is taken until it ends, and what it stands for.
    fn take(mut payload: Payload, typed: &[u8]) -> (Option<usize>, Vec<u8>) {
        let end = typed.iter().position(|b| payload.push(Instant::ZERO, Instant::ZERO, *b));
        (end.map(|last| last + 1), payload.data)
    }

    #[test]
    fn cipsendex_ends_at_its_marker_or_its_length() {
        let take = |length, typed: &[u8]| take(payload(length).escaped(), typed);
        assert_eq!(take(10, b"ab\\0cd"), (Some(4), b"ab".to_vec()));
        assert_eq!(take(3, b"abcd"), (Some(3), b"abc".to_vec()));
        assert_eq!(take(10, b"\\0"), (Some(2), b"".to_vec()));
        assert_eq!(
            take(10, b"a\\\\0b\\0"),
            (Some(7), b"a\\0b".to_vec()),
            "an escaped backslash, then a zero"
        );
        assert_eq!(take(10, b"a\\b\\\\\\0"), (Some(7), b"ab\\".to_vec()), "the marker behind a backslash");
        assert_eq!(take(3, b"a\\bc"), (Some(3), b"ab".to_vec()), "the length counts what is typed");
        assert_eq!(take(4, b"ab\\0"), (Some(4), b"ab".to_vec()));
    }

    #[test]
    fn cipsend_takes_everything_as_it_is() {
        assert_eq!(take(payload(6), b"a\\0\\\\b!"), (Some(6), b"a\\0\\\\b".to_vec()));
    }

    #[test]
    fn three_plus_signs_alone_cancel_after_silence() {
        let at = |ns: u64| Instant::from_nanos(1_000_000_000 + ns);
        let guard = GUARD.as_nanos();
        // Bytes of 1 us, each `gap` behind the one before.
        let typed = |bytes: &[(u8, u64)]| {
            let (mut payload, mut end) = (payload(10), 0);
            for (byte, gap) in bytes {
                payload.push(at(end + gap), at(end + gap + 1_000), *byte);
                end += gap + 1_000;
            }
            (payload, end)
        };
        let (payload, end) = typed(&[(b'+', 0), (b'+', guard - 1), (b'+', guard - 1)]);
        assert_eq!(payload.cancelled_at(None), Some(at(end + guard + 1)), "more than the guard time");
        assert_eq!(payload.cancelled_at(Some(at(end + guard))), None, "a byte has started in time");
        let late = Some(at(end + guard + 1));
        assert_eq!(payload.cancelled_at(late), late, "a byte has started one nanosecond too late");
        for data in [
            &[(b'+', 0), (b'+', guard), (b'+', 0)][..],
            &[(b'+', 0), (b'+', 0)],
            &[(b'+', 0), (b'+', 0), (b'+', 0), (b'+', 0)],
            &[(b'x', 0), (b'+', 0), (b'+', 0)],
        ] {
            assert_eq!(typed(data).0.cancelled_at(None), None, "{data:?}");
        }
    }
}
