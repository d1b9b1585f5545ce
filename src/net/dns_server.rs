//! A DNS server's records and replies (RFC 1035): A, AAAA and CNAME. Its socket is
//! [`service::dns`](super::service)'s.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use simple_dns::rdata::{A, AAAA, CNAME, RData};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE};
use simple_dns::{SimpleDnsError, header_buffer};

use super::config::{DnsAnswers, DnsBehaviour, DnsConfig, DnsRecord};
use super::dns_message::parse_checked;

/// Most records that a query may carry beside its question (EDNS needs one).
const ADDITIONAL_LIMIT: u16 = 4;
/// Most aliases that are followed from one name.
pub(crate) const ALIAS_LIMIT: usize = 8;

/// A name's labels in the wire's form, in lower case.
type Key = Vec<u8>;

/// Names, what is known of them, and how questions are answered.
pub(super) struct DnsServer {
    records: BTreeMap<Key, DnsRecord>,
    ttl: u32,
    pub(super) behaviour: DnsBehaviour,
}

impl DnsServer {
    /// A server with the records of `config`.
    pub(super) fn new(config: &DnsConfig) -> DnsServer {
        let named = |(name, record): &(String, DnsRecord)| Some((key(&parse(name)?), record.clone()));
        let records = config.records.iter().filter_map(named).collect();
        DnsServer { records, ttl: config.ttl, behaviour: config.behaviour }
    }

    /// The answer to a datagram of a server for which every name has this address.
    pub(super) fn of_everything(query: &[u8], address: Ipv4Addr) -> Option<Vec<u8>> {
        let name = parse_checked(query).ok()?.questions.first()?.qname.to_string();
        // Nobody is to keep it.
        let mut server = DnsServer::new(&DnsConfig { ttl: 0, ..DnsConfig::default() });
        server.add(&name, address);
        server.answer(query)
    }

    /// Adds an address of a name; a name may have several. False when `name` is no DNS name (labels of 1 to 63
    /// bytes of printable ASCII, 253 in all), or an alias.
    pub(super) fn add(&mut self, name: &str, address: impl Into<IpAddr>) -> bool {
        let Some(name) = parse(name) else { return false };
        let record = self.records.entry(key(&name)).or_insert(DnsRecord::Addresses(Vec::new()));
        let DnsRecord::Addresses(addresses) = record else { return false };
        addresses.push(address.into());
        true
    }

    /// The answer to a datagram; `None` when it deserves none.
    pub(super) fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let id = header_buffer::id(query).ok()?;
        if header_buffer::has_flags(query, PacketFlag::RESPONSE).ok()?
            || self.behaviour.answers == DnsAnswers::Silence
        {
            return None;
        }
        let plain = header_buffer::questions(query).ok()? == 1
            && header_buffer::answers(query).ok()? == 0
            && header_buffer::name_servers(query).ok()? == 0
            && header_buffer::additional_records(query).ok()? <= ADDITIONAL_LIMIT;
        if !plain {
            return refusal(id, RCODE::FormatError).build_bytes_vec().ok();
        }
        let reply = match parse_checked(query) {
            Ok(packet) if packet.opcode() != OPCODE::StandardQuery => refusal(id, RCODE::NotImplemented),
            Ok(packet) => return self.reply(packet).ok(),
            Err(_) => refusal(id, RCODE::FormatError),
        };
        reply.build_bytes_vec().ok()
    }

    fn reply(&self, query: Packet<'_>) -> Result<Vec<u8>, SimpleDnsError> {
        let mut reply = Packet::new_reply(query.id());
        reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
        if query.has_flags(PacketFlag::RECURSION_DESIRED) {
            reply.set_flags(PacketFlag::RECURSION_DESIRED);
        }
        reply.questions = query.questions;
        match self.behaviour.answers {
            DnsAnswers::NoName => *reply.rcode_mut() = RCODE::NameError,
            DnsAnswers::Failure => *reply.rcode_mut() = RCODE::ServerFailure,
            DnsAnswers::Refusal => *reply.rcode_mut() = RCODE::Refused,
            DnsAnswers::Truncated => reply.set_flags(PacketFlag::TRUNCATION),
            DnsAnswers::WrongId => {
                reply.set_id(reply.id() ^ 1);
                self.resolve(&mut reply);
            }
            DnsAnswers::Right | DnsAnswers::Silence => self.resolve(&mut reply),
        }
        reply.build_bytes_vec_compressed()
    }

    /// Answers the question in `reply` there.
    fn resolve(&self, reply: &mut Packet<'_>) {
        let Some(question) = reply.questions.first() else { return };
        let (qtype, qclass) = (question.qtype, question.qclass);
        let wanted = |kind| matches!(qtype, QTYPE::ANY) || qtype == QTYPE::TYPE(kind);
        let mut owner = question.qname.clone().into_owned();
        let internet = matches!(qclass, QCLASS::ANY | QCLASS::CLASS(CLASS::IN));
        for _ in 0..=ALIAS_LIMIT {
            let mut add = |data| {
                let record = ResourceRecord::new(owner.clone(), CLASS::IN, self.ttl, data);
                reply.answers.push(record);
            };
            match self.records.get(&key(&owner)).filter(|_| internet) {
                None => {
                    *reply.rcode_mut() = RCODE::NameError;
                    return;
                }
                Some(DnsRecord::Addresses(addresses)) => {
                    for address in addresses {
                        match address {
                            IpAddr::V4(a) if wanted(TYPE::A) => add(RData::A(A::from(*a))),
                            IpAddr::V6(a) if wanted(TYPE::AAAA) => add(RData::AAAA(AAAA::from(*a))),
                            _ => {}
                        }
                    }
                    return;
                }
                Some(DnsRecord::Alias(target)) => {
                    let Some(target) = parse(target).map(Name::into_owned) else { return };
                    add(RData::CNAME(CNAME(target.clone())));
                    if qtype == QTYPE::TYPE(TYPE::CNAME) {
                        return;
                    }
                    owner = target;
                }
            }
        }
        // Aliases that lead to each other.
        *reply.rcode_mut() = RCODE::ServerFailure;
    }
}

/// True for a name that DNS can carry.
pub(super) fn is_name(text: &str) -> bool {
    parse(text).is_some()
}

/// The name in `text`, with or without a dot at its end.
fn parse(text: &str) -> Option<Name<'_>> {
    let text = text.strip_suffix('.').unwrap_or(text);
    // The parser skips empty labels and reads backslashes as escapes.
    let plain = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    text.split('.').all(plain).then(|| Name::new(text).ok()).flatten()
}

fn refusal(id: u16, code: RCODE) -> Packet<'static> {
    let mut reply = Packet::new_reply(id);
    *reply.rcode_mut() = code;
    reply
}

fn key(name: &Name<'_>) -> Key {
    let mut key = Key::new();
    for label in name.as_bytes() {
        // A label has at most 63 bytes.
        key.push(label.len() as u8);
        key.extend(label.iter().map(u8::to_ascii_lowercase));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    use simple_dns::Question;

    const WEB: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
    const BACKUP: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 11);

    fn server() -> DnsServer {
        let mut server = DnsServer::new(&DnsConfig::default());
        assert!(server.add("www.example.com", WEB));
        assert!(server.add("two.example.com.", WEB));
        assert!(server.add("two.example.com", BACKUP));
        server
    }

    fn query(name: &str, kind: TYPE) -> Vec<u8> {
        let mut packet = Packet::new_query(0x1234);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let name = Name::new(name).unwrap();
        packet.questions.push(Question::new(name, kind.into(), CLASS::IN.into(), false));
        packet.build_bytes_vec().unwrap()
    }

    /// Response code and addresses of the answer.
    fn ask(query: &[u8]) -> (RCODE, Vec<Ipv4Addr>) {
        let bytes = server().answer(query).expect("an answer");
        let reply = parse_checked(&bytes).expect("a well-formed answer");
        assert_eq!(reply.id(), 0x1234);
        assert!(reply.has_flags(PacketFlag::RESPONSE));
        let addresses = reply.answers.iter().map(|r| match &r.rdata {
            RData::A(a) => Ipv4Addr::from(a.address),
            other => panic!("not an A record: {other:?}"),
        });
        (reply.rcode(), addresses.collect())
    }

    #[test]
    fn a_known_name_is_found_whatever_its_case() {
        assert_eq!(ask(&query("www.example.com", TYPE::A)), (RCODE::NoError, vec![WEB]));
        assert_eq!(ask(&query("WWW.Example.COM", TYPE::A)), (RCODE::NoError, vec![WEB]));
        assert_eq!(ask(&query("two.example.com", TYPE::A)), (RCODE::NoError, vec![WEB, BACKUP]));
    }

    #[test]
    fn the_question_comes_back_as_it_was_asked() {
        let bytes = server().answer(&query("WWW.example.com", TYPE::A)).unwrap();
        let reply = parse_checked(&bytes).unwrap();
        assert_eq!(reply.questions[0].qname.to_string(), "WWW.example.com");
        assert!(reply.has_flags(PacketFlag::RECURSION_DESIRED | PacketFlag::RECURSION_AVAILABLE));
    }

    #[test]
    fn an_unknown_name_does_not_exist_and_a_known_one_without_such_a_record_is_empty() {
        assert_eq!(ask(&query("nowhere.example.com", TYPE::A)), (RCODE::NameError, vec![]));
        assert_eq!(ask(&query("nowhere.example.com", TYPE::AAAA)), (RCODE::NameError, vec![]));
        assert_eq!(ask(&query("example.com", TYPE::A)), (RCODE::NameError, vec![]));
        assert_eq!(ask(&query("www.example.com", TYPE::AAAA)), (RCODE::NoError, vec![]));
        assert_eq!(ask(&query("www.example.com", TYPE::MX)), (RCODE::NoError, vec![]));
    }

    /// A server with addresses of both families, aliases, and aliases that lead nowhere.
    fn records(answers: DnsAnswers) -> DnsServer {
        let alias = |name: &str| DnsRecord::Alias(name.to_owned());
        let addresses = DnsRecord::Addresses(vec![WEB.into(), "2001:db8::10".parse().unwrap()]);
        let records = [
            ("host.example", addresses),
            ("www.example", alias("Web.Example")),
            ("web.example", alias("host.example")),
            ("lost.example", alias("nowhere.example")),
            ("a.loop.example", alias("b.loop.example")),
            ("b.loop.example", alias("a.loop.example")),
        ];
        let records = records.map(|(name, record)| (name.to_owned(), record)).to_vec();
        let behaviour = DnsBehaviour { answers, ..DnsBehaviour::default() };
        DnsServer::new(&DnsConfig { records, ttl: 300, behaviour })
    }

    /// Response code and records of the answer: `www.example CNAME`.
    fn look_up(name: &str, kind: TYPE) -> (RCODE, Vec<String>) {
        let bytes = records(DnsAnswers::Right).answer(&query(name, kind)).expect("an answer");
        let reply = parse_checked(&bytes).expect("a well-formed answer");
        assert!(reply.answers.iter().all(|r| r.ttl == 300), "a record has another time to live");
        let shown = |r: &ResourceRecord<'_>| format!("{} {:?}", r.name, r.rdata.type_code());
        (reply.rcode(), reply.answers.iter().map(shown).collect())
    }

    #[test]
    fn an_alias_comes_with_what_it_stands_for() {
        let chain = |last: &[&str]| {
            let chain = ["www.example CNAME", "Web.Example CNAME"].iter().chain(last);
            chain.map(|record| (*record).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(look_up("www.example", TYPE::A), (RCODE::NoError, chain(&["host.example A"])));
        assert_eq!(look_up("www.example", TYPE::AAAA), (RCODE::NoError, chain(&["host.example AAAA"])));
        assert_eq!(look_up("www.example", TYPE::MX), (RCODE::NoError, chain(&[])));
        assert_eq!(look_up("www.example", TYPE::CNAME).1, ["www.example CNAME"]);
        assert_eq!(look_up("lost.example", TYPE::A), (RCODE::NameError, vec!["lost.example CNAME".into()]));
        assert_eq!(look_up("a.loop.example", TYPE::A).0, RCODE::ServerFailure);
    }

    #[test]
    fn a_disturbed_server_answers_as_it_is_told() {
        let ask = |answers| records(answers).answer(&query("host.example", TYPE::A));
        for (answers, rcode) in [
            (DnsAnswers::NoName, RCODE::NameError),
            (DnsAnswers::Failure, RCODE::ServerFailure),
            (DnsAnswers::Refusal, RCODE::Refused),
        ] {
            let bytes = ask(answers).unwrap();
            let reply = parse_checked(&bytes).unwrap();
            assert_eq!((reply.id(), reply.rcode()), (0x1234, rcode));
            assert_eq!((reply.questions.len(), reply.answers.len()), (1, 0), "{answers:?}");
        }
        let bytes = ask(DnsAnswers::Truncated).unwrap();
        let cut = parse_checked(&bytes).unwrap();
        assert!(cut.has_flags(PacketFlag::TRUNCATION));
        assert_eq!((cut.rcode(), cut.answers.len()), (RCODE::NoError, 0));
        let bytes = ask(DnsAnswers::WrongId).unwrap();
        let wrong = parse_checked(&bytes).unwrap();
        assert_eq!((wrong.id(), wrong.answers.len()), (0x1235, 1));
        assert_eq!(ask(DnsAnswers::Silence), None);
    }

    #[test]
    fn malformed_queries_get_a_format_error_or_nothing_and_never_a_panic() {
        let good = query("www.example.com", TYPE::A);
        for end in 12..good.len() {
            assert_eq!(ask(&good[..end]).0, RCODE::FormatError, "{end} bytes of a query");
        }
        for end in 0..12 {
            // Too short for a header: no answer, or one without records.
            if let Some(bytes) = server().answer(&good[..end]) {
                assert!(parse_checked(&bytes).unwrap().answers.is_empty());
            }
        }
        let mut counts = good.clone();
        counts[4] = 0xff;
        assert_eq!(ask(&counts).0, RCODE::FormatError);
        let mut response = good.clone();
        response[2] |= 0x80;
        assert_eq!(server().answer(&response), None);
        let mut status = good.clone();
        status[2] |= 2 << 3;
        assert_eq!(ask(&status).0, RCODE::NotImplemented);
        for i in 0..good.len() {
            for value in [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff] {
                let mut mutated = good.clone();
                mutated[i] = value;
                server().answer(&mutated);
            }
        }
    }

    #[test]
    fn names_that_dns_cannot_carry_are_refused() {
        let mut server = DnsServer::new(&DnsConfig::default());
        let long_label = "a".repeat(64);
        let long_name = vec!["a".repeat(60); 5].join(".");
        for name in
            ["", ".", "a..b", ".a", "a b", "a\\.b", "\u{e4}.example", long_label.as_str(), long_name.as_str()]
        {
            assert!(!server.add(name, WEB), "{name:?} was accepted");
        }
    }
}
