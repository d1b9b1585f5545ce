//! The data phase of AT+CIPSEND and AT+CIPSENDEX: what the host types until it has typed enough.
//!
//! AT+CIPSEND takes exactly as many bytes as were announced, whatever they are. AT+CIPSENDEX ends earlier at `\0`,
//! and takes a backslash off what follows it. `+++` and nothing else ends both without sending.

use std::net::SocketAddr;

use crate::net::stack::Socket;
use crate::time::{Duration, Instant};

/// Silence behind `+++` after which it is no data (a guess: that of passthrough).
const CANCEL_AFTER: Duration = Duration::from_millis(20);

/// Payload under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The link it is for.
    pub id: usize,
    /// The link's socket when the command ran: another one later means that the link was closed meanwhile.
    pub socket: Socket,
    /// Where a datagram goes.
    pub to: Option<SocketAddr>,
    length: usize,
    /// Bytes typed so far. AT+CIPSENDEX counts these, not what they stand for (a guess).
    typed: usize,
    data: Vec<u8>,
    /// When the last one came.
    last: Option<Instant>,
    /// AT+CIPSENDEX: whether a backslash waits for what it stands before.
    escape: Option<bool>,
}

impl Payload {
    /// `length` bytes for link `id`.
    pub fn new(id: usize, socket: Socket, length: usize) -> Self {
        Payload { id, socket, to: None, length, typed: 0, data: Vec::new(), last: None, escape: None }
    }

    /// The same, with backslashes that mean something.
    pub fn escaped(self) -> Self {
        Payload { escape: Some(false), ..self }
    }

    /// The same, for a datagram to this address.
    pub fn to(self, to: SocketAddr) -> Self {
        Payload { to: Some(to), ..self }
    }

    /// Takes a byte. True when it was the last one.
    pub fn push(&mut self, now: Instant, byte: u8) -> bool {
        self.typed += 1;
        self.last = Some(now);
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

    /// When the host will have cancelled it, if nothing more comes.
    pub fn cancelled_at(&self) -> Option<Instant> {
        self.last.filter(|_| self.data == b"+++" && self.typed == 3).map(|last| last + CANCEL_AFTER)
    }

    /// What has come so far.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::stack::{Medium, Stack, StackConfig};

    fn payload(length: usize) -> Payload {
        let mut stack = Stack::new(&StackConfig {
            name: "module".to_owned(),
            seed: 1,
            medium: Medium::Ip,
            mtu: 1500,
            tcp_rx: 1,
            tcp_tx: 1,
        });
        Payload::new(0, stack.udp_open(None).expect("a port is free"), length)
    }

    /// What of `typed` is taken until it ends, and what it stands for.
    fn take(mut payload: Payload, typed: &[u8]) -> (Option<usize>, Vec<u8>) {
        let end = typed.iter().position(|b| payload.push(Instant::ZERO, *b));
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
        let at = |ms| Instant::ZERO + Duration::from_millis(ms);
        let mut payload = payload(10);
        let cancelled = [(b'+', 1), (b'+', 2), (b'+', 3), (b'+', 4)].map(|(byte, ms)| {
            payload.push(at(ms), byte);
            payload.cancelled_at()
        });
        assert_eq!(cancelled, [None, None, Some(at(23)), None]);
    }
}
