//! The gateway's DNS server (RFC 1035): A records of the hosts' names, over UDP.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use simple_dns::rdata::{A, RData, TYPE};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord};
use simple_dns::{SimpleDnsError, header_buffer};

/// The server's UDP port.
pub(super) const PORT: u16 = 53;
/// How long an answer may be kept, in seconds.
const TTL_SECONDS: u32 = 60;
/// Most records that a query may carry beside its question (EDNS needs one).
const ADDITIONAL_LIMIT: u16 = 4;

/// A name's labels in the wire's form, in lower case.
type Key = Vec<u8>;

/// Names and their addresses.
#[derive(Default)]
pub(super) struct DnsServer {
    records: BTreeMap<Key, Vec<Ipv4Addr>>,
}

impl DnsServer {
    /// Adds an A record; a name may have several. False when `name` is no DNS name (labels of 1 to 63 bytes of
    /// printable ASCII, 253 in all).
    pub(super) fn add(&mut self, name: &str, address: Ipv4Addr) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name);
        // The parser below skips empty labels and reads backslashes as escapes.
        let plain =
            |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if !name.split('.').all(plain) {
            return false;
        }
        let Ok(name) = Name::new(name) else {
            return false;
        };
        self.records.entry(key(&name)).or_default().push(address);
        true
    }

    /// The answer to a datagram; `None` when it deserves none.
    pub(super) fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let id = header_buffer::id(query).ok()?;
        if header_buffer::has_flags(query, PacketFlag::RESPONSE).ok()? {
            return None;
        }
        // The counts are checked first: the parser reserves room for as many records as they promise.
        let plain = header_buffer::questions(query).ok()? == 1
            && header_buffer::answers(query).ok()? == 0
            && header_buffer::name_servers(query).ok()? == 0
            && header_buffer::additional_records(query).ok()? <= ADDITIONAL_LIMIT;
        if !plain {
            return refusal(id, RCODE::FormatError).build_bytes_vec().ok();
        }
        let reply = match Packet::parse(query) {
            Ok(packet) if packet.opcode() != OPCODE::StandardQuery => refusal(id, RCODE::NotImplemented),
            Ok(packet) => return self.resolve(packet).ok(),
            Err(_) => refusal(id, RCODE::FormatError),
        };
        reply.build_bytes_vec().ok()
    }

    fn resolve(&self, query: Packet<'_>) -> Result<Vec<u8>, SimpleDnsError> {
        let mut reply = Packet::new_reply(query.id());
        reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
        if query.has_flags(PacketFlag::RECURSION_DESIRED) {
            reply.set_flags(PacketFlag::RECURSION_DESIRED);
        }
        for question in query.questions {
            let internet = matches!(question.qclass, QCLASS::ANY | QCLASS::CLASS(CLASS::IN));
            match self.records.get(&key(&question.qname)) {
                Some(addresses) if internet => {
                    if matches!(question.qtype, QTYPE::ANY | QTYPE::TYPE(TYPE::A)) {
                        reply.answers.extend(addresses.iter().map(|address| {
                            let data = RData::A(A::from(*address));
                            ResourceRecord::new(question.qname.clone(), CLASS::IN, TTL_SECONDS, data)
                        }));
                    }
                }
                _ => *reply.rcode_mut() = RCODE::NameError,
            }
            reply.questions.push(question);
        }
        reply.build_bytes_vec_compressed()
    }
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
    use simple_dns::Question;

    const WEB: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
    const BACKUP: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 11);

    fn server() -> DnsServer {
        let mut server = DnsServer::default();
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
        let reply = Packet::parse(&bytes).expect("a well-formed answer");
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
        let reply = Packet::parse(&bytes).unwrap();
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

    #[test]
    fn malformed_queries_get_a_format_error_or_nothing_and_never_a_panic() {
        let good = query("www.example.com", TYPE::A);
        for end in 12..good.len() {
            assert_eq!(ask(&good[..end]).0, RCODE::FormatError, "{end} bytes of a query");
        }
        for end in 0..12 {
            // Too short for a header: no answer, or one without records.
            if let Some(bytes) = server().answer(&good[..end]) {
                assert!(Packet::parse(&bytes).unwrap().answers.is_empty());
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
        let mut server = DnsServer::default();
        let long_label = "a".repeat(64);
        let long_name = vec!["a".repeat(60); 5].join(".");
        for name in
            ["", ".", "a..b", ".a", "a b", "a\\.b", "\u{e4}.example", long_label.as_str(), long_name.as_str()]
        {
            assert!(!server.add(name, WEB), "{name:?} was accepted");
        }
    }
}
