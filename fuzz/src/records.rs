//! Raw bytes for a TLS session of either role: records of a peer that keeps to no rule.
//!
//! The first byte of an input chooses the role, the second how many bytes come at once; what follows is what the peer
//! sends. [`streams`] is what an honest peer sends: as both sides draw from fixed streams, it leads through the whole
//! handshake when it is played back, and each change of it is met at its place.

use espat_sim::net::tls::{Clock, Config, HostCertificate, KeyKind, Session, State};
use espat_sim::rng::Stream;
use espat_sim::time::Instant;

/// What both sides send once the session is open.
const DATA: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

fn config(server: bool) -> Config {
    // The second one is that of the certificate.
    let groups = vec![0x1d, 0x17];
    let suites = vec![0xc02b];
    if !server {
        return Config { groups, suites, ..Config::default() };
    }
    let host = HostCertificate {
        names: vec!["www.example.com".to_owned()],
        addresses: Vec::new(),
        key: KeyKind::Ec,
        valid_from: HostCertificate::FROM,
        valid_until: HostCertificate::UNTIL,
    };
    let identity = Some(host.sign().expect("a certificate"));
    Config { server: true, identity, groups, suites, ..Config::default() }
}

fn session(server: bool) -> Session {
    let clock = Clock { at: Instant::ZERO, shows: 1_767_225_600 };
    let random = Stream::new(1, if server { "server" } else { "client" });
    Session::new(&config(server), random, clock, Instant::ZERO).expect("a session")
}

/// One side and what has come of it.
struct Side {
    session: Session,
    sent: Vec<u8>,
    read: Vec<u8>,
    spoken: bool,
}

impl Side {
    fn new(server: bool) -> Side {
        Side { session: session(server), sent: Vec::new(), read: Vec::new(), spoken: false }
    }

    /// Takes what it can use of what waits, and speaks when it is open. What a session does not take its connection keeps.
    fn take(&mut self, waiting: &mut Vec<u8>) {
        loop {
            let data = self.session.read(1000);
            self.read.extend(&data);
            if self.session.state() == State::Open && !std::mem::replace(&mut self.spoken, true) {
                self.session.write(DATA);
            }
            let wanted = self.session.wants().min(waiting.len());
            if wanted == 0 && data.is_empty() {
                break;
            }
            let part: Vec<u8> = waiting.drain(..wanted).collect();
            self.session.feed(Instant::ZERO, &part);
        }
        self.sent.extend(self.session.take());
    }
}

/// What an honest client sends, and what an honest server sends.
pub fn streams() -> [Vec<u8>; 2] {
    let mut sides = [Side::new(false), Side::new(true)];
    let mut inboxes = [Vec::new(), Vec::new()];
    let mut carried = [0, 0];
    loop {
        let mut moved = false;
        for from in 0..2 {
            sides[from].take(&mut inboxes[from]);
            let bytes = sides[from].sent[carried[from]..].to_vec();
            carried[from] += bytes.len();
            moved |= !bytes.is_empty();
            inboxes[1 - from].extend(bytes);
        }
        if !moved {
            break;
        }
    }
    for side in &sides {
        assert_eq!(side.read, DATA, "an honest session carries the data");
    }
    sides.map(|side| side.sent)
}

/// Runs an input.
///
/// # Panics
/// When something does not hold that must hold whatever the peer sends.
pub fn check(input: &[u8]) {
    let [role, size, stream @ ..] = input else { return };
    let run = |size: usize| {
        let mut side = Side::new(role & 1 == 1);
        let mut waiting = Vec::new();
        side.take(&mut waiting);
        for part in stream.chunks(size.max(1)) {
            waiting.extend_from_slice(part);
            side.take(&mut waiting);
        }
        side.session.end(Instant::ZERO);
        side.take(&mut waiting);
        assert!(
            !matches!(side.session.state(), State::Handshaking | State::Open),
            "it goes on without a peer"
        );
        assert!(!side.session.has_output(), "it never comes to rest");
        (side.sent, side.read, format!("{:?}", side.session.state()))
    };
    assert_eq!(run(usize::from(*size)), run(usize::MAX), "how the bytes come changes what is made of them");
}
