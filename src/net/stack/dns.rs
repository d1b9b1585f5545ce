//! The DNS client, with lwIP's times and its table of names.
//!
//! A question goes out at 0, 1, 2 and 4 seconds; after 7 the next server is asked, or it has failed. A server
//! that answers with an error is not asked again. Of an answer the first address counts, whatever aliases lead
//! to it and whether it was cut off or not. The table holds [`TABLE`] names: those asked for now, and those
//! known for as long as their answers said.

use std::net::{IpAddr, SocketAddr};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question as Asked, RCODE, TYPE};

use super::{DnsFamily, DnsState, Port, Question, Stack, UdpError};
use crate::net::dns_message::parse_checked;
use crate::time::{Duration, Instant};

/// Names that are asked for or known.
const TABLE: usize = 4;
/// Longest time that an answer is kept, in seconds.
const MAX_TTL: u32 = 604_800;
/// Seconds to wait after each try.
const WAITS: [u64; 4] = [1, 1, 2, 3];
/// Where servers listen.
const SERVER_PORT: u16 = 53;
/// Lowest port that a question is sent from; each is drawn.
const LOWEST_PORT: u64 = 1024;

/// One question.
pub(super) struct Lookup {
    name: String,
    family: DnsFamily,
    /// What it asks for at present.
    ipv6: bool,
    state: DnsState,
    servers: Vec<IpAddr>,
    server: usize,
    tries: usize,
    at: Instant,
    id: u16,
    /// `None` once it is over.
    port: Option<Port>,
}

/// The names that need not be asked for.
#[derive(Default)]
pub(super) struct Known(Vec<Entry>);

struct Entry {
    /// The question that brought it. Later questions have greater handles.
    asked: Question,
    name: String,
    address: IpAddr,
    until: Instant,
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The first address, and for how many seconds it may be kept.
    Address(IpAddr, u32),
    /// The name has no address of this family.
    Nothing,
    /// This server cannot say.
    Error,
}

impl Stack {
    /// Asks for an address of `name` with the next poll. A literal address is its own answer, at once; so is a
    /// name that is known.
    pub fn dns_start(&mut self, now: Instant, name: &str, family: DnsFamily) -> Question {
        let name = name.strip_suffix('.').unwrap_or(name);
        let mut question = Lookup {
            name: name.to_owned(),
            family,
            ipv6: family == DnsFamily::Ipv6,
            state: DnsState::Failed,
            servers: self.dns_servers.clone(),
            server: 0,
            tries: 0,
            at: now,
            id: 0,
            port: None,
        };
        if let Ok(address) = name.parse::<IpAddr>() {
            if family.admits(address) {
                question.state = DnsState::Resolved(address);
            }
        } else if let Some(address) = self.known.lookup(now, name, family) {
            question.state = DnsState::Resolved(address);
        } else if question.message().is_some() && !question.servers.is_empty() && self.make_room() {
            question.id = self.dns_random.next_u64() as u16;
            let drawn = self.dns_random.between(LOWEST_PORT, u64::from(u16::MAX)) as u16;
            question.port = self.udp_open(Some(drawn)).or_else(|_| self.udp_open(None)).ok();
            if question.port.is_some() {
                question.state = DnsState::Pending;
            }
        }
        self.dirty = true;
        let id = Question(self.next_handle());
        self.questions.insert(id, question);
        id
    }

    /// How a question stands.
    pub fn dns_state(&self, question: Question) -> DnsState {
        self.questions.get(&question).map_or(DnsState::Failed, |q| q.state.clone())
    }

    /// The name that is asked for; empty for a handle that is not known.
    pub fn dns_name(&self, question: Question) -> &str {
        self.questions.get(&question).map_or("", |q| &q.name)
    }

    /// Makes room for one more question in the table. False when it is full of questions.
    fn make_room(&mut self) -> bool {
        let asking = self.questions.values().filter(|q| q.port.is_some()).count();
        self.known.shrink(TABLE.saturating_sub(asking + 1));
        asking < TABLE
    }

    /// Reads answers, sends what is due, ends what waited too long.
    pub(super) fn run_questions(&mut self) -> bool {
        let open: Vec<Question> =
            self.questions.iter().filter(|(_, q)| q.port.is_some()).map(|(id, _)| *id).collect();
        open.into_iter().fold(false, |moved, id| self.run_question(id) | moved)
    }

    fn run_question(&mut self, id: Question) -> bool {
        let Some(port) = self.questions.get(&id).and_then(|q| q.port) else { return false };
        let Some(mut question) = self.questions.remove(&id) else { return false };
        let mut moved = false;
        while let Some(datagram) = self.udp_recv(port) {
            // lwIP looks at the address alone.
            if question.state != DnsState::Pending || Some(datagram.from.ip()) != question.server() {
                continue;
            }
            match question.read(&datagram.data) {
                Some(Answer::Address(address, ttl)) => {
                    question.state = DnsState::Resolved(address);
                    self.known.learn(self.now, id, &question.name, address, ttl);
                }
                Some(Answer::Nothing) if question.family == DnsFamily::PreferIpv4 && !question.ipv6 => {
                    question.ipv6 = true;
                    question.id = self.dns_random.next_u64() as u16;
                    question.ask(0, self.now);
                }
                Some(Answer::Nothing) => question.state = DnsState::Failed,
                Some(Answer::Error) => question.ask(question.server + 1, self.now),
                None => {}
            }
        }
        if question.state == DnsState::Pending && question.at <= self.now {
            moved = true;
            if question.tries == WAITS.len() {
                question.ask(question.server + 1, self.now);
            }
            if let (Some(server), Some(message)) = (question.server(), question.message()) {
                // What does not get under way, such as a datagram to a server out of reach, is like one lost.
                let sent = self.udp_send(port, SocketAddr::new(server, SERVER_PORT), &message);
                if sent == Err(UdpError::NoAddress) {
                    question.state = DnsState::Failed;
                }
                question.at = self.now + Duration::from_secs(WAITS[question.tries]);
                question.tries += 1;
            }
        }
        if question.state != DnsState::Pending {
            self.udp_release(port);
            question.port = None;
        }
        self.questions.insert(id, question);
        moved
    }

    pub(super) fn next_question_timer(&self) -> Option<Instant> {
        self.questions.values().filter(|q| q.port.is_some()).map(|q| q.at).min()
    }

    pub(super) fn fail_questions(&mut self) {
        let open: Vec<Port> = self.questions.values().filter_map(|q| q.port).collect();
        for port in open {
            self.udp_release(port);
        }
        for question in self.questions.values_mut().filter(|q| q.port.is_some()) {
            question.port = None;
            question.state = DnsState::Failed;
        }
    }

    /// Forgets a question, answered or not.
    pub fn dns_release(&mut self, question: Question) {
        if let Some(port) = self.questions.remove(&question).and_then(|q| q.port) {
            self.udp_release(port);
        }
    }
}

impl DnsFamily {
    /// Whether an address of this family will do.
    fn admits(self, address: IpAddr) -> bool {
        match self {
            DnsFamily::PreferIpv4 => true,
            DnsFamily::Ipv4 => address.is_ipv4(),
            DnsFamily::Ipv6 => address.is_ipv6(),
        }
    }
}

impl Known {
    /// The address that is known of `name`, IPv4 first.
    fn lookup(&mut self, now: Instant, name: &str, family: DnsFamily) -> Option<IpAddr> {
        self.0.retain(|entry| entry.until > now);
        let fits = |e: &&Entry| e.name.eq_ignore_ascii_case(name) && family.admits(e.address);
        self.0.iter().filter(fits).map(|e| e.address).min_by_key(IpAddr::is_ipv6)
    }

    /// Forgets those that were asked for longest ago, until `most` are left.
    fn shrink(&mut self, most: usize) {
        self.0.sort_by_key(|entry| entry.asked);
        self.0.drain(..self.0.len().saturating_sub(most));
    }

    /// Keeps an answer for `ttl` seconds.
    fn learn(&mut self, now: Instant, asked: Question, name: &str, address: IpAddr, ttl: u32) {
        let until = now + Duration::from_secs(ttl.min(MAX_TTL).into());
        self.0.push(Entry { asked, name: name.to_owned(), address, until });
    }
}

impl Lookup {
    fn server(&self) -> Option<IpAddr> {
        self.servers.get(self.server).copied()
    }

    /// Goes on with this server, at once; fails when there is none.
    fn ask(&mut self, server: usize, now: Instant) {
        self.server = server;
        self.tries = 0;
        self.at = now;
        if server >= self.servers.len() {
            self.state = DnsState::Failed;
        }
    }

    fn kind(&self) -> TYPE {
        if self.ipv6 { TYPE::AAAA } else { TYPE::A }
    }

    /// The message to send; `None` when the name is not one that DNS can carry.
    fn message(&self) -> Option<Vec<u8>> {
        if self.name.split('.').any(str::is_empty) {
            return None;
        }
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let name = Name::new(&self.name).ok()?;
        packet.questions.push(Asked::new(name, self.kind().into(), CLASS::IN.into(), false));
        packet.build_bytes_vec().ok()
    }

    /// What a message from the server means; `None` when it is no answer to this question.
    fn read(&self, message: &[u8]) -> Option<Answer> {
        let packet = parse_checked(message).ok()?;
        if packet.id() != self.id || !packet.has_flags(PacketFlag::RESPONSE) {
            return None;
        }
        let [asked] = &packet.questions[..] else { return None };
        if !asked.qname.to_string().eq_ignore_ascii_case(&self.name) || asked.qtype != self.kind().into() {
            return None;
        }
        if packet.rcode() != RCODE::NoError {
            return Some(Answer::Error);
        }
        let address = packet.answers.iter().filter(|record| record.class == CLASS::IN).find_map(|record| {
            let address = match &record.rdata {
                RData::A(a) if !self.ipv6 => IpAddr::V4(a.address.into()),
                RData::AAAA(a) if self.ipv6 => IpAddr::V6(a.address.into()),
                _ => return None,
            };
            Some(Answer::Address(address, record.ttl))
        });
        Some(address.unwrap_or(Answer::Nothing))
    }
}
