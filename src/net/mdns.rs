//! The mDNS responder of AT+MDNS (RFC 6762, RFC 6763): one host name and one service on it.
//!
//! Its datagrams have the hop limit 255, as the IDF's component sends them: who gets one knows that it has passed no
//! router.
//!
//! It announces them twice, a second apart, when the node gets an address, says goodbye when it is stopped, and
//! answers what is asked in between. It does not probe for conflicts first.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use simple_dns::rdata::{A, PTR, RData, SRV, TXT};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, SimpleDnsError};

use super::dns_message::parse_checked;
use super::stack::{Port, Stack};
use crate::time::{Duration, Instant};

/// Where everybody listens.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;
/// How long records with a host's name or address are believed, seconds.
const HOST_TTL: u32 = 120;
/// How long the others are.
const OTHER_TTL: u32 = 4500;
/// The longest for a resolver that knows only DNS.
const LEGACY_TTL: u32 = 10;
/// Announcements, a second apart.
const ANNOUNCEMENTS: u8 = 2;
/// The hop limit of everything it sends (RFC 6762, section 11).
const HOPS: u8 = 255;
/// The name that lists all kinds of services.
const ALL_SERVICES: &str = "_services._dns-sd._udp.local";

/// What is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The host's name, without `.local`.
    pub host: String,
    /// The kind of service, such as `_http`.
    pub service: String,
    /// What this one is called, 1 to 63 bytes.
    pub instance: String,
    /// `_tcp` or `_udp`.
    pub protocol: String,
    /// Its port.
    pub port: u16,
    /// What is said of it: keys and their values, together at most 255 bytes each.
    pub text: Vec<(String, String)>,
}

/// A running responder.
#[derive(Debug)]
pub struct Mdns {
    socket: Port,
    host: String,
    service: String,
    instance: String,
    port: u16,
    text: Vec<String>,
    /// The address that was announced last.
    address: Option<Ipv4Addr>,
    /// When the next announcement is due, and how many are left.
    announce: Option<(Instant, u8)>,
}

impl Mdns {
    /// True for 1 to 63 letters, digits, `-` and `_`: what a host or a service can be called here.
    pub fn is_label(name: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&name.len()) && name.bytes().all(plain)
    }

    /// True for what a service can be called: 1 to 63 printable characters. A dot would end the name here.
    pub fn is_instance(name: &str) -> bool {
        (1..=63).contains(&name.len()) && !name.contains(|c: char| c == '.' || c.is_control())
    }

    /// Starts it. `None` when a name is not a label, or when the port of mDNS is in use.
    pub fn start(stack: &mut Stack, announced: &Announced) -> Option<Mdns> {
        let Announced { host, service, instance, protocol, port, text } = announced;
        let labels = [host, service, protocol].into_iter().all(|name| Mdns::is_label(name));
        if !labels || !Mdns::is_instance(instance) {
            return None;
        }
        let socket = stack.udp_open(Some(PORT)).ok()?;
        stack.udp_set_hops(socket, HOPS);
        stack.join_multicast(GROUP.into());
        Some(Mdns {
            socket,
            host: format!("{host}.local"),
            service: format!("{service}.{protocol}.local"),
            instance: format!("{instance}.{service}.{protocol}.local"),
            port: *port,
            text: text.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            address: None,
            announce: None,
        })
    }

    /// Stops it: everybody is told to forget what was announced.
    pub fn stop(self, stack: &mut Stack) {
        if let Some(address) = self.address {
            self.send_all(stack, address, |_| 0);
        }
        stack.leave_multicast(GROUP.into());
        stack.udp_release(self.socket);
    }

    /// When [`Mdns::poll`] must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        self.announce.map(|(at, _)| at)
    }

    /// Announces what is due and answers what was asked. True when something was sent.
    pub fn poll(&mut self, now: Instant, stack: &mut Stack) -> bool {
        let mut sent = false;
        let address = stack.ipv4().map(|c| c.address).or(stack.lan_address());
        if address != self.address {
            self.address = address;
            self.announce = address.map(|_| (now, ANNOUNCEMENTS));
        }
        if let (Some(address), Some((at, left))) = (address, self.announce)
            && at <= now
        {
            self.announce = (left > 1).then(|| (now + Duration::from_secs(1), left - 1));
            sent = self.send_all(stack, address, |ttl| ttl);
        }
        while let Some(datagram) = stack.udp_recv(self.socket) {
            let Some(address) = address else { continue };
            if let Some((to, answer)) = self.answer(address, datagram.from, &datagram.data) {
                sent |= stack.udp_send(self.socket, to, &answer).is_ok();
            }
        }
        sent
    }

    /// Sends every record to everybody.
    fn send_all(&self, stack: &mut Stack, address: Ipv4Addr, ttl: fn(u32) -> u32) -> bool {
        let message = || {
            let mut packet = reply(0);
            packet.answers = self.records(address)?;
            packet.answers.iter_mut().for_each(|r| r.ttl = ttl(r.ttl));
            packet.build_bytes_vec_compressed()
        };
        message().is_ok_and(|m| stack.udp_send(self.socket, everybody(), &m).is_ok())
    }

    /// The answer to a message from `from`, and where it goes; `None` when there is nothing to say.
    fn answer(&self, address: Ipv4Addr, from: SocketAddr, message: &[u8]) -> Option<(SocketAddr, Vec<u8>)> {
        let query = parse_checked(message).ok()?;
        if query.has_flags(PacketFlag::RESPONSE) {
            return None;
        }
        let records = self.records(address).ok()?;
        let asked = |record: &ResourceRecord<'_>| query.questions.iter().any(|q| asks_for(q, record));
        // Who asks says what it knows already.
        let known = |record: &ResourceRecord<'_>| {
            query
                .answers
                .iter()
                .any(|k| same(&k.name, &record.name) && k.rdata == record.rdata && k.ttl >= record.ttl / 2)
        };
        let (mut answers, others): (Vec<_>, Vec<_>) = records.into_iter().partition(asked);
        answers.retain(|record| !known(record));
        if answers.is_empty() {
            return None;
        }
        // What leads to a host comes with the way there.
        let leads = |r: &ResourceRecord<'_>| matches!(r.rdata, RData::PTR(_) | RData::SRV(_));
        let more = if answers.iter().any(leads) { others } else { Vec::new() };
        let legacy = from.port() != PORT;
        let mut packet = reply(if legacy { query.id() } else { 0 });
        packet.answers = answers;
        packet.additional_records = more.into_iter().filter(|r| !matches!(r.rdata, RData::PTR(_))).collect();
        if legacy {
            for record in packet.answers.iter_mut().chain(&mut packet.additional_records) {
                record.ttl = record.ttl.min(LEGACY_TTL);
                record.cache_flush = false;
            }
            packet.questions = query.questions.clone();
        }
        let alone = legacy || query.questions.iter().all(|q| q.unicast_response);
        Some((if alone { from } else { everybody() }, packet.build_bytes_vec_compressed().ok()?))
    }

    /// Everything that is known here.
    fn records(&self, address: Ipv4Addr) -> Result<Vec<ResourceRecord<'_>>, SimpleDnsError> {
        let target = Name::new(&self.host)?;
        let way = SRV { priority: 0, weight: 0, port: self.port, target };
        let mut text = TXT::new();
        for pair in &self.text {
            text.add_string(pair)?;
        }
        if self.text.is_empty() {
            text.add_string("")?;
        }
        Ok(vec![
            record(&self.service, OTHER_TTL, RData::PTR(PTR(Name::new(&self.instance)?)))?,
            unique(&self.instance, HOST_TTL, RData::SRV(way))?,
            unique(&self.instance, OTHER_TTL, RData::TXT(text))?,
            unique(&self.host, HOST_TTL, RData::A(A::from(address)))?,
            record(ALL_SERVICES, OTHER_TTL, RData::PTR(PTR(Name::new(&self.service)?)))?,
        ])
    }
}

fn record<'a>(name: &'a str, ttl: u32, data: RData<'a>) -> Result<ResourceRecord<'a>, SimpleDnsError> {
    Ok(ResourceRecord::new(Name::new(name)?, CLASS::IN, ttl, data))
}

/// A record that nobody else can have: it takes the place of those that a listener remembers.
fn unique<'a>(name: &'a str, ttl: u32, data: RData<'a>) -> Result<ResourceRecord<'a>, SimpleDnsError> {
    record(name, ttl, data).map(|r| r.with_cache_flush(true))
}

fn everybody() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(GROUP), PORT)
}

fn reply(id: u16) -> Packet<'static> {
    let mut packet = Packet::new_reply(id);
    packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    packet
}

fn asks_for(question: &Question<'_>, record: &ResourceRecord<'_>) -> bool {
    let kind = match question.qtype {
        QTYPE::ANY => true,
        QTYPE::TYPE(kind) => kind == record.rdata.type_code(),
        _ => false,
    };
    let class = matches!(question.qclass, QCLASS::ANY | QCLASS::CLASS(CLASS::IN));
    kind && class && same(&question.qname, &record.name)
}

fn same(a: &Name<'_>, b: &Name<'_>) -> bool {
    a.to_string().eq_ignore_ascii_case(&b.to_string())
}

#[cfg(test)]
mod tests {
    use simple_dns::TYPE;

    use super::*;
    use crate::net::stack::tests::lan::{Lan, address, ms};

    fn query(name: &str, kind: TYPE, id: u16) -> Vec<u8> {
        let mut packet = Packet::new_query(id);
        let name = Name::new(name).unwrap();
        packet.questions.push(Question::new(name, kind.into(), CLASS::IN.into(), false));
        packet.build_bytes_vec().unwrap()
    }

    fn lamp() -> Announced {
        Announced {
            host: "lamp".to_owned(),
            service: "_iot".to_owned(),
            instance: "lamp".to_owned(),
            protocol: "_tcp".to_owned(),
            port: 8080,
            text: Vec::new(),
        }
    }

    /// A responder on node 0, node 1 as a resolver on this port, until `end`. Returns what the resolver got.
    fn resolve(port: u16, ask: &[u8], end: u64) -> Vec<Vec<u8>> {
        let mut lan = Lan::new(2, 1);
        let mut mdns = Mdns::start(&mut lan.nodes[0], &lamp()).expect("a free port");
        let socket = lan.nodes[1].udp_open(Some(port)).expect("a free port");
        lan.nodes[1].join_multicast(GROUP.into());
        let (mut got, mut asked) = (Vec::new(), false);
        lan.run(ms(end), |now, nodes| {
            let mut moved = mdns.poll(now, &mut nodes[0]);
            if !asked && !ask.is_empty() {
                asked = true;
                moved = nodes[1].udp_send(socket, everybody(), ask).is_ok();
            }
            while let Some(datagram) = nodes[1].udp_recv(socket) {
                got.push(datagram.data);
            }
            moved
        });
        got
    }

    #[test]
    fn a_new_address_is_announced_and_goodbye_is_said() {
        let got = resolve(PORT, b"", 500);
        let [first] = &got[..] else { panic!("{} announcements within 500 ms, not 1", got.len()) };
        let packet = parse_checked(first).expect("a well-formed announcement");
        assert!(packet.has_flags(PacketFlag::RESPONSE | PacketFlag::AUTHORITATIVE_ANSWER));
        let names: Vec<String> = packet.answers.iter().map(|r| r.name.to_string()).collect();
        let expected =
            ["_iot._tcp.local", "lamp._iot._tcp.local", "lamp._iot._tcp.local", "lamp.local", ALL_SERVICES];
        assert_eq!(names, expected);
        let a = packet.answers.iter().find_map(|r| match &r.rdata {
            RData::A(a) => Some(Ipv4Addr::from(a.address)),
            _ => None,
        });
        assert_eq!(a, Some(address(0)));
    }

    #[test]
    fn a_plain_resolver_gets_the_service_with_the_way_there_and_its_own_question() {
        let got = resolve(40_000, &query("_IOT._tcp.local", TYPE::PTR, 0x4711), 500);
        let [answer] = &got[..] else { panic!("{} answers, not 1", got.len()) };
        let packet = parse_checked(answer).expect("a well-formed answer");
        assert_eq!((packet.id(), packet.questions.len()), (0x4711, 1));
        assert!(matches!(&packet.answers[..], [r] if matches!(&r.rdata, RData::PTR(PTR(n))
            if n.to_string() == "lamp._iot._tcp.local") && r.ttl <= LEGACY_TTL));
        let port = packet.additional_records.iter().find_map(|r| match &r.rdata {
            RData::SRV(srv) => Some(srv.port),
            _ => None,
        });
        assert_eq!((port, packet.additional_records.len()), (Some(8080), 3));
    }

    #[test]
    fn other_names_known_answers_and_answers_of_others_get_no_answer() {
        let mut stack = Lan::new(1, 1).nodes.remove(0);
        let mdns = Mdns::start(&mut stack, &lamp()).expect("a free port");
        let ask = |message: &[u8]| mdns.answer(address(0), SocketAddr::new(address(1).into(), PORT), message);
        assert_eq!(ask(&query("lamp.local", TYPE::A, 0)).expect("an answer").0, everybody());
        for (name, kind) in [("lamp.local", TYPE::AAAA), ("lam.local", TYPE::A), ("local", TYPE::PTR)] {
            assert_eq!(ask(&query(name, kind, 0)), None, "{name} {kind:?}");
        }
        let mut knows = Packet::new_query(0);
        knows.questions.push(Question::new(Name::new("lamp.local").unwrap(), QTYPE::ANY, QCLASS::ANY, false));
        knows.answers = mdns.records(address(0)).unwrap();
        assert_eq!(ask(&knows.build_bytes_vec().unwrap()), None, "the resolver knows it all");
        let (_, answer) = ask(&query("lamp.local", TYPE::A, 0)).expect("an answer");
        assert_eq!(ask(&answer), None, "an answer was answered");
        for end in 0..answer.len() {
            ask(&answer[..end]);
        }
    }
}
