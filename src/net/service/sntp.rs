//! A time server (SNTP, RFC 4330): answers every question with the world's calendar time.
//!
//! It can be wrong by some offset, claim any stratum (0 is a kiss-of-death: it refuses), or not answer at all.

use std::net::SocketAddr;

use super::contract::{Events, Service};
use crate::net::config::{Sntp, SntpAnswers, SntpChange};
use crate::net::event::{HostEvent, SntpAnswer, SntpEvent};
use crate::net::ntp::{self, Message, Timestamp};
use crate::net::stack::{ListenError, Port, Stack};
use crate::time::{Instant, NANOS_PER_SEC};

/// Its clock is set once in so many seconds.
const REFERENCE_SECONDS: i128 = 64;

/// The time server of a host.
pub(super) struct Server {
    port: Port,
    /// Nanoseconds since 1970 at the world's start.
    epoch: i128,
    config: Sntp,
}

impl Server {
    pub(super) fn new(stack: &mut Stack, config: &Sntp, epoch: u64) -> Result<Server, ListenError> {
        let port = stack.udp_open(Some(ntp::PORT)).map_err(|_| ListenError::PortInUse)?;
        Ok(Server { port, epoch: i128::from(epoch) * i128::from(NANOS_PER_SEC), config: config.clone() })
    }

    fn answer(&self, now: Instant, asked: &Message) -> Message {
        let unix = self.epoch + i128::from(now.as_nanos()) + i128::from(self.config.offset);
        let second = i128::from(NANOS_PER_SEC);
        let set = unix.div_euclid(second * REFERENCE_SECONDS) * second * REFERENCE_SECONDS;
        let time = Timestamp::from_unix(unix);
        let (reference_id, far) = match self.config.stratum {
            0 => (*b"RATE", 0),
            1 => (*b"GPS\0", 0),
            // The server that it is set by.
            _ => ([198, 51, 100, 123], 1),
        };
        Message {
            version: asked.version,
            mode: ntp::SERVER,
            stratum: self.config.stratum,
            poll: asked.poll,
            // About a microsecond.
            precision: -20,
            // About 10 ms, and 1 ms.
            root_delay: far * 655,
            root_dispersion: far * 66,
            reference_id,
            reference: Timestamp::from_unix(set),
            origin: asked.transmit,
            receive: time,
            transmit: time,
        }
    }
}

impl Service for Server {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some(question) = stack.udp_recv(self.port) {
            moved = true;
            let from = question.from;
            let Some(asked) = Message::parse(&question.data).filter(|m| m.mode == ntp::CLIENT) else {
                tell(events, from, SntpAnswer::NoQuestion(question.data.len()));
                continue;
            };
            if self.config.answers == SntpAnswers::Silence {
                tell(events, from, SntpAnswer::Silent);
                continue;
            }
            let answer = self.answer(now, &asked);
            let outcome = match stack.udp_send(self.port, from, &answer.to_bytes()) {
                Ok(()) if answer.stratum == 0 => SntpAnswer::KissOfDeath,
                Ok(()) => SntpAnswer::Time(answer.transmit.to_unix_micros() / 1_000_000),
                Err(error) => SntpAnswer::NotSent(error.to_string()),
            };
            tell(events, from, outcome);
        }
        moved
    }

    fn stop(self: Box<Self>, stack: &mut Stack) {
        stack.udp_release(self.port);
    }

    fn change_sntp(&mut self, change: &SntpChange) -> bool {
        match change {
            SntpChange::Answers(answers) => self.config.answers = *answers,
            SntpChange::Stratum(stratum) => self.config.stratum = *stratum,
            SntpChange::Offset(offset) => self.config.offset = *offset,
        }
        true
    }
}

fn tell(events: &mut Events, peer: SocketAddr, answer: SntpAnswer) {
    events.add(HostEvent::Sntp(SntpEvent { peer, answer }));
}
