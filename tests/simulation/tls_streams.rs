//! Damaged streams of TLS records, against both roles. Whatever a peer or the network makes of them: nothing panics, a session
//! comes to an end of its own, and what it hands on as data is what the other side has sent, from the first byte on.
#![cfg(feature = "tls")]

use espat_sim::net::tls::{Clock, Config, HostCertificate, KeyKind, Psk, Session, State};
use espat_sim::rng::Stream;
use espat_sim::time::Instant;

/// Sessions for each kind of server; `make soak` has a hundred times as many.
const TURNS: u64 = 400;

#[expect(clippy::disallowed_methods, reason = "asks how many there shall be")]
fn turns(full: u64) -> u64 {
    if std::env::var_os("ESPAT_SOAK").is_some() { full * 100 } else { full }
}

/// How bytes on their way are changed: once in a stream, at a place of its own.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip(u8),
    Drop(usize),
    Repeat(usize),
    Insert(u8),
    End,
}

struct Wire {
    at: usize,
    damage: Damage,
    passed: usize,
}

impl Wire {
    fn new(random: &mut Stream, longest: u64) -> Wire {
        let length = random.between(1, 40) as usize;
        let damage = match random.between(0, 4) {
            0 => Damage::Flip(1 << random.between(0, 7)),
            1 => Damage::Drop(length),
            2 => Damage::Repeat(length),
            3 => Damage::Insert(random.between(0, 255) as u8),
            _ => Damage::End,
        };
        Wire { at: random.between(0, longest) as usize, damage, passed: 0 }
    }

    /// The bytes as they arrive, and whether more can come.
    fn carry(&mut self, mut bytes: Vec<u8>) -> (Vec<u8>, bool) {
        let start = self.passed;
        self.passed += bytes.len();
        let Some(at) = self.at.checked_sub(start).filter(|at| *at < bytes.len()) else {
            return (bytes, true);
        };
        match self.damage {
            Damage::Flip(bits) => bytes[at] ^= bits,
            Damage::Drop(length) => drop(bytes.drain(at..bytes.len().min(at + length))),
            Damage::Repeat(length) => {
                let part = bytes[at..bytes.len().min(at + length)].to_vec();
                bytes.splice(at..at, part);
            }
            Damage::Insert(byte) => bytes.insert(at, byte),
            Damage::End => {
                bytes.truncate(at);
                return (bytes, false);
            }
        }
        (bytes, true)
    }
}

/// One side: its session, what has arrived and is not taken yet, what it has read.
struct Side {
    session: Session,
    inbox: Vec<u8>,
    open: bool,
    told: bool,
    read: Vec<u8>,
}

impl Side {
    fn new(config: &Config, seed: u64, name: &str) -> Side {
        let clock = Clock { at: Instant::ZERO, shows: 1_767_225_600 };
        let session = Session::new(config, Stream::new(seed, name), clock, Instant::ZERO).expect("a session");
        Side { session, inbox: Vec::new(), open: true, told: false, read: Vec::new() }
    }

    /// Takes what it can use. True when something was done.
    fn work(&mut self) -> bool {
        let mut moved = false;
        loop {
            let data = self.session.read(1000);
            moved |= !data.is_empty();
            self.read.extend(&data);
            let wanted = self.session.wants().min(self.inbox.len());
            if wanted > 0 {
                let part: Vec<u8> = self.inbox.drain(..wanted).collect();
                self.session.feed(Instant::ZERO, &part);
                moved = true;
            } else if data.is_empty() {
                break;
            }
        }
        if self.inbox.is_empty() && !self.open && !std::mem::replace(&mut self.told, true) {
            self.session.end(Instant::ZERO);
            self.session.read(1);
            moved = true;
        }
        moved
    }
}

fn data(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7) as u8).collect()
}

/// A session from the first byte to the last, one direction of it damaged. Answers whether all data came through.
fn run(client: &Config, server: &Config, turn: u64) -> bool {
    let mut random = Stream::new(turn, "tls/streams");
    let mut sides = [Side::new(client, turn, "client"), Side::new(server, turn, "server")];
    let damaged = random.between(0, 1) as usize;
    let mut wire = Wire::new(&mut random, 9000);
    let (at, damage) = (wire.at, wire.damage);
    let mut written = false;
    // Each round moves something, and there are only so many bytes.
    for _ in 0..10_000 {
        let mut moved = false;
        for from in 0..2 {
            let bytes = sides[from].session.take();
            moved |= !bytes.is_empty();
            let to = &mut sides[1 - from];
            if !to.open {
                continue;
            }
            let (bytes, goes_on) = if from == damaged { wire.carry(bytes) } else { (bytes, true) };
            to.inbox.extend(bytes);
            to.open = goes_on;
        }
        for side in &mut sides {
            moved |= side.work();
        }
        if !written && sides.iter().all(|side| side.session.state() == State::Open) {
            written = true;
            for side in &mut sides {
                side.session.write(&data(5000));
            }
            continue;
        }
        if !moved {
            break;
        }
    }
    for side in &sides {
        let whole = data(5000);
        assert!(
            side.read.len() <= whole.len() && whole.starts_with(&side.read),
            "turn {turn}: {damage:?} at {at} made other data than was sent"
        );
        assert!(!side.session.has_output(), "turn {turn}: {damage:?} at {at}: a session never comes to rest");
    }
    sides.iter().all(|side| side.read.len() == data(5000).len())
}

/// So many sessions. Some are damaged behind their end, so all is well with them: else the others would prove nothing.
fn run_all(client: &Config, server: &Config, turns: std::ops::Range<u64>) {
    let whole = turns.clone().filter(|turn| run(client, server, *turn)).count();
    assert!(whole > 0 && whole < turns.count(), "{whole} sessions carried everything");
}

#[test]
fn damaged_sessions_with_pre_shared_keys_never_give_other_data_than_was_sent() {
    let psk = vec![Psk { identity: b"id".to_vec(), key: b"0123".to_vec() }];
    let client = Config { psk: psk.clone(), suites: vec![0x00a8], ..Config::default() };
    let server = Config { server: true, psk, suites: vec![0x00a8], ..Config::default() };
    run_all(&client, &server, 0..turns(TURNS));
}

#[test]
fn damaged_sessions_with_certificates_never_give_other_data_than_was_sent() {
    let host = HostCertificate {
        names: vec!["www.example.com".to_owned()],
        addresses: Vec::new(),
        key: KeyKind::Ec,
        valid_from: HostCertificate::FROM,
        valid_until: HostCertificate::UNTIL,
    };
    let identity = Some(host.sign().expect("a certificate"));
    // The second one is that of the certificate.
    let groups = vec![0x1d, 0x17];
    let client = Config { groups: groups.clone(), ..Config::default() };
    let server = Config { server: true, identity, groups, ..Config::default() };
    run_all(&client, &server, 1_000_000..1_000_000 + turns(TURNS / 10));
}
