//! The DNS client: A records, with lwIP's times. A question goes out at 0, 1, 2 and 4 seconds; after 7 the
//! next server is asked, or it has failed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question as Asked, RCODE, TYPE};

use super::{DnsState, EPHEMERAL, Socket, Stack};
use crate::time::{Duration, Instant};

/// Seconds to wait after each try.
const WAITS: [u64; 4] = [1, 1, 2, 3];
/// Where servers listen.
const SERVER_PORT: u16 = 53;

/// One question.
pub(super) struct Question {
    name: String,
    state: DnsState,
    servers: Vec<Ipv4Addr>,
    server: usize,
    tries: usize,
    at: Instant,
    id: u16,
    /// `None` once it is over.
    port: Option<Socket>,
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Addresses(Vec<IpAddr>),
    /// The name has no address.
    Nothing,
    /// This server cannot say.
    NextServer,
}

impl Stack {
    /// Asks for the IPv4 addresses of `name` with the next poll. A literal address is its own answer, at
    /// once.
    pub fn dns_start(&mut self, now: Instant, name: &str) -> Socket {
        let name = name.strip_suffix('.').unwrap_or(name);
        let mut question = Question {
            name: name.to_owned(),
            state: DnsState::Failed,
            servers: self.dns_servers.clone(),
            server: 0,
            tries: 0,
            at: now,
            id: 0,
            port: None,
        };
        if let Ok(address) = name.parse::<IpAddr>() {
            question.state = DnsState::Resolved(vec![address]);
        } else if question.message().is_some() && !question.servers.is_empty() {
            question.id = self.dns_random.next_u64() as u16;
            let drawn = self.dns_random.between(u64::from(EPHEMERAL), u64::from(u16::MAX)) as u16;
            question.port = self.udp_open(Some(drawn)).or_else(|_| self.udp_open(None)).ok();
            if question.port.is_some() {
                question.state = DnsState::Pending;
            }
        }
        self.dirty = true;
        let id = self.new_socket();
        self.questions.insert(id, question);
        id
    }

    /// How a question stands.
    pub fn dns_state(&self, s: Socket) -> DnsState {
        self.questions.get(&s).map_or(DnsState::Failed, |q| q.state.clone())
    }

    /// Reads answers, sends what is due, ends what waited too long.
    pub(super) fn run_questions(&mut self) -> bool {
        let open: Vec<Socket> =
            self.questions.iter().filter(|(_, q)| q.port.is_some()).map(|(id, _)| *id).collect();
        open.into_iter().fold(false, |moved, id| self.run_question(id) | moved)
    }

    fn run_question(&mut self, id: Socket) -> bool {
        let Some(port) = self.questions.get(&id).and_then(|q| q.port) else { return false };
        let Some(mut question) = self.questions.remove(&id) else { return false };
        let mut moved = false;
        while let Some(datagram) = self.udp_recv(port) {
            if question.state != DnsState::Pending || Some(datagram.from) != question.server_address() {
                continue;
            }
            match question.read(&datagram.data) {
                Some(Answer::Addresses(list)) => question.state = DnsState::Resolved(list),
                Some(Answer::Nothing) => question.state = DnsState::Failed,
                Some(Answer::NextServer) => question.next_server(self.now),
                None => {}
            }
        }
        if question.state == DnsState::Pending && question.at <= self.now {
            if question.tries == WAITS.len() {
                question.next_server(self.now);
            }
            let sent = match (question.server_address(), question.message()) {
                (Some(to), Some(message)) => self.udp_send(port, to, &message).is_ok(),
                _ => false,
            };
            if sent {
                question.at = self.now + Duration::from_secs(WAITS[question.tries]);
                question.tries += 1;
            } else {
                question.state = DnsState::Failed;
            }
            moved = true;
        }
        if question.state != DnsState::Pending {
            self.close_port(port);
            question.port = None;
        }
        self.questions.insert(id, question);
        moved
    }

    pub(super) fn next_question_timer(&self) -> Option<Instant> {
        self.questions.values().filter(|q| q.port.is_some()).map(|q| q.at).min()
    }

    pub(super) fn fail_questions(&mut self) {
        let open: Vec<Socket> = self.questions.values().filter_map(|q| q.port).collect();
        for port in open {
            self.close_port(port);
        }
        for question in self.questions.values_mut().filter(|q| q.port.is_some()) {
            question.port = None;
            question.state = DnsState::Failed;
        }
    }

    pub(super) fn release_question(&mut self, s: Socket) {
        if let Some(port) = self.questions.remove(&s).and_then(|q| q.port) {
            self.close_port(port);
        }
    }
}

impl Question {
    fn server_address(&self) -> Option<SocketAddr> {
        self.servers.get(self.server).map(|s| SocketAddr::new(IpAddr::V4(*s), SERVER_PORT))
    }

    fn next_server(&mut self, now: Instant) {
        self.server += 1;
        self.tries = 0;
        self.at = now;
    }

    /// The message to send; `None` when the name is not one that DNS can carry.
    fn message(&self) -> Option<Vec<u8>> {
        if self.name.split('.').any(str::is_empty) {
            return None;
        }
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let name = Name::new(&self.name).ok()?;
        packet.questions.push(Asked::new(name, TYPE::A.into(), CLASS::IN.into(), false));
        packet.build_bytes_vec().ok()
    }

    /// What a message from the server means; `None` when it is no answer to this question.
    fn read(&self, message: &[u8]) -> Option<Answer> {
        let packet = Packet::parse(message).ok()?;
        let same = |a: &Name, b: &str| a.to_string().eq_ignore_ascii_case(b);
        if packet.id() != self.id || !packet.has_flags(PacketFlag::RESPONSE) {
            return None;
        }
        let [asked] = &packet.questions[..] else { return None };
        if !same(&asked.qname, &self.name) || asked.qtype != TYPE::A.into() {
            return None;
        }
        match packet.rcode() {
            RCODE::NoError => {}
            RCODE::NameError => return Some(Answer::Nothing),
            _ => return Some(Answer::NextServer),
        }
        // Aliases come before what they stand for (RFC 1034, 4.3.2).
        let mut wanted = self.name.clone();
        let mut addresses = Vec::new();
        for record in &packet.answers {
            if record.class != CLASS::IN || !same(&record.name, &wanted) {
                continue;
            }
            match &record.rdata {
                RData::A(a) => addresses.push(IpAddr::V4(Ipv4Addr::from(a.address))),
                RData::CNAME(alias) => wanted = alias.0.to_string(),
                _ => {}
            }
        }
        Some(if addresses.is_empty() { Answer::Nothing } else { Answer::Addresses(addresses) })
    }
}
