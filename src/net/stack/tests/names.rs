//! DNS questions: who is asked when, what an answer means, what is remembered.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::{A, AAAA, CNAME, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};

use super::lan::{Lan, address, ms};
use crate::net::dns_message::parse_checked;
use crate::net::stack::*;
use crate::time::{Duration, Instant};

const V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
const V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);
const TTL: u32 = 60;

fn resolved(address: impl Into<IpAddr>) -> DnsState {
    DnsState::Resolved(address.into())
}

/// Node 0 asks; nodes 1 and up are servers.
struct World {
    lan: Lan,
    sockets: Vec<Port>,
    /// Seconds, server and type of every question.
    asked: Vec<(u64, usize, TYPE)>,
}

impl World {
    fn new(servers: usize) -> World {
        let mut lan = Lan::new(1 + servers, 1);
        let addresses: Vec<IpAddr> = (1..=servers).map(|i| address(i).into()).collect();
        lan.nodes[0].set_dns(&addresses);
        let sockets = (1..=servers).map(|i| lan.nodes[i].udp_open(Some(53)).unwrap()).collect();
        World { lan, sockets, asked: Vec::new() }
    }

    fn ask(&mut self, name: &str, family: DnsFamily) -> Question {
        self.lan.nodes[0].dns_start(self.lan.now, name, family)
    }

    fn state(&self, question: Question) -> DnsState {
        self.lan.nodes[0].dns_state(question)
    }

    /// Runs to `end`; `answer` makes the reply of server 1, 2, ... to a question, if it replies.
    fn run(&mut self, end: Instant, answer: impl Fn(usize, Packet<'_>) -> Option<Vec<u8>>) {
        let (sockets, asked) = (&self.sockets, &mut self.asked);
        self.lan.run(end, |now, nodes| {
            let mut moved = false;
            for (i, socket) in sockets.iter().enumerate() {
                while let Some(datagram) = nodes[i + 1].udp_recv(*socket) {
                    let question = parse_checked(&datagram.data).unwrap();
                    let QTYPE::TYPE(kind) = question.questions[0].qtype else { panic!("no type") };
                    asked.push((now.as_nanos() / 1_000_000_000, i + 1, kind));
                    if let Some(reply) = answer(i + 1, question) {
                        nodes[i + 1].udp_send(*socket, datagram.from, &reply).unwrap();
                    }
                    moved = true;
                }
            }
            moved
        });
    }

    /// One question, to its end.
    fn resolve(&mut self, name: &str, family: DnsFamily) -> DnsState {
        let question = self.ask(name, family);
        let end = self.lan.now + Duration::from_secs(1);
        self.run(end, |_, asked| Some(reply(asked, RCODE::NoError)));
        self.state(question)
    }

    /// How many questions were sent since the last time.
    fn sent(&mut self) -> usize {
        std::mem::take(&mut self.asked).len()
    }
}

/// A server's reply: www is an alias of host, which has both addresses; old has IPv4 alone, new IPv6 alone.
fn reply(asked: Packet<'_>, rcode: RCODE) -> Vec<u8> {
    let mut reply = Packet::new_reply(asked.id());
    reply.set_flags(PacketFlag::RECURSION_DESIRED);
    reply.questions.push(asked.questions[0].clone());
    *reply.rcode_mut() = rcode;
    let name = asked.questions[0].qname.clone();
    let first = name.to_string().to_ascii_lowercase();
    let record = |owner: &Name<'_>, data: RData<'static>| {
        ResourceRecord::new(owner.clone().into_owned(), CLASS::IN, TTL, data)
    };
    let mut owner = name.clone().into_owned();
    if first.starts_with("www.") {
        let host = Name::new_unchecked("host.example").into_owned();
        reply.answers.push(record(&owner, RData::CNAME(CNAME(host.clone()))));
        owner = host;
    }
    if asked.questions[0].qtype == TYPE::A.into() && !first.starts_with("new.") {
        reply.answers.push(record(&owner, RData::A(A { address: V4.into() })));
        reply.answers.push(record(&owner, RData::A(A { address: u32::from(V4) + 1 })));
    }
    if asked.questions[0].qtype == TYPE::AAAA.into() && !first.starts_with("old.") {
        reply.answers.push(record(&owner, RData::AAAA(AAAA { address: V6.into() })));
    }
    reply.build_bytes_vec_compressed().unwrap()
}

#[test]
fn the_first_address_counts_and_aliases_are_followed() {
    let mut world = World::new(1);
    assert_eq!(world.resolve("host.example", DnsFamily::Ipv4), resolved(V4));
    assert_eq!(world.resolve("www.example.", DnsFamily::Ipv4), resolved(V4));
    assert_eq!(world.resolve("www.example", DnsFamily::Ipv6), resolved(V6));
    assert_eq!(world.lan.nodes[0].next_timer(), None, "nothing is left to wait for");
    assert!(world.lan.nodes[0].ports.is_empty(), "a question's port stays open");
}

#[test]
fn the_family_says_what_is_asked_for_and_in_which_order() {
    for (name, family, asked, state) in [
        ("host.example", DnsFamily::PreferIpv4, &[TYPE::A][..], resolved(V4)),
        ("new.example", DnsFamily::PreferIpv4, &[TYPE::A, TYPE::AAAA], resolved(V6)),
        ("new.example", DnsFamily::Ipv4, &[TYPE::A], DnsState::Failed),
        ("old.example", DnsFamily::Ipv6, &[TYPE::AAAA], DnsState::Failed),
        ("host.example", DnsFamily::Ipv6, &[TYPE::AAAA], resolved(V6)),
    ] {
        let mut world = World::new(1);
        assert_eq!(world.resolve(name, family), state, "{name} {family:?}");
        let kinds: Vec<TYPE> = world.asked.iter().map(|(_, _, kind)| *kind).collect();
        assert_eq!(kinds, asked, "{name} {family:?}");
    }
}

#[test]
fn a_literal_address_of_the_family_is_its_own_answer() {
    let mut world = World::new(1);
    for (name, family, state) in [
        ("192.0.2.7", DnsFamily::PreferIpv4, resolved(V4)),
        ("192.0.2.7", DnsFamily::Ipv4, resolved(V4)),
        ("192.0.2.7", DnsFamily::Ipv6, DnsState::Failed),
        ("2001:db8::7", DnsFamily::PreferIpv4, resolved(V6)),
        ("2001:db8::7", DnsFamily::Ipv4, DnsState::Failed),
        ("2001:db8::7", DnsFamily::Ipv6, resolved(V6)),
    ] {
        let question = world.ask(name, family);
        assert_eq!(world.state(question), state, "{name} {family:?}");
    }
}

#[test]
fn a_silent_server_is_asked_four_times_then_the_next_one() {
    let mut world = World::new(2);
    let question = world.ask("host.example", DnsFamily::Ipv4);
    world.run(ms(13_999), |_, _| None);
    let times: Vec<_> = world.asked.iter().map(|(at, server, _)| (*at, *server)).collect();
    assert_eq!(times, [(0, 1), (1, 1), (2, 1), (4, 1), (7, 2), (8, 2), (9, 2), (11, 2)]);
    assert_eq!(world.state(question), DnsState::Pending);
    world.lan.run_idle(ms(14_000));
    assert_eq!(world.state(question), DnsState::Failed);
}

#[test]
fn a_server_that_answers_with_an_error_is_followed_by_the_next_one_at_once() {
    for rcode in [RCODE::NameError, RCODE::ServerFailure, RCODE::Refused, RCODE::FormatError] {
        let mut world = World::new(3);
        let question = world.ask("host.example", DnsFamily::PreferIpv4);
        world.run(ms(100), |server, asked| {
            Some(reply(asked, if server < 3 { rcode } else { RCODE::NoError }))
        });
        assert_eq!(world.state(question), resolved(V4), "{rcode:?}");
        assert_eq!(world.asked, [1, 2, 3].map(|server| (0, server, TYPE::A)), "{rcode:?}");
        let failing = world.ask("other.example", DnsFamily::PreferIpv4);
        world.run(ms(200), |_, asked| Some(reply(asked, rcode)));
        assert_eq!(world.state(failing), DnsState::Failed, "{rcode:?} of the last one");
    }
}

#[test]
fn what_is_no_answer_to_the_question_is_ignored() {
    let mut world = World::new(1);
    let question = world.ask("host.example", DnsFamily::Ipv4);
    world.run(ms(500), |_, asked| {
        let mut wrong = reply(asked, RCODE::NoError);
        wrong[1] ^= 1;
        Some(wrong)
    });
    assert_eq!(world.state(question), DnsState::Pending, "an answer of another id was taken");
    world.run(ms(1_500), |_, asked| {
        let mut other = Packet::new_query(asked.id());
        let mut question = asked.questions[0].clone();
        question.qname = Name::new_unchecked("evil.example");
        other.questions.push(question);
        Some(reply(other, RCODE::NoError))
    });
    assert_eq!(world.state(question), DnsState::Pending, "an answer to another question was taken");
    world.run(ms(2_500), |_, asked| Some(reply(asked, RCODE::NoError)));
    assert_eq!(world.state(question), resolved(V4));
}

#[test]
fn an_answer_that_was_cut_off_counts_as_far_as_it_goes() {
    let mut world = World::new(1);
    let question = world.ask("host.example", DnsFamily::Ipv4);
    world.run(ms(100), |_, asked| {
        let mut cut = reply(asked, RCODE::NoError);
        cut[2] |= 2;
        Some(cut)
    });
    assert_eq!(world.state(question), resolved(V4));
}

#[test]
fn a_known_name_is_not_asked_for_until_its_time_is_over() {
    let mut world = World::new(1);
    world.resolve("host.example", DnsFamily::Ipv4);
    assert_eq!(world.sent(), 1);
    assert_eq!(world.resolve("HOST.example.", DnsFamily::PreferIpv4), resolved(V4));
    assert_eq!(world.sent(), 0, "a known name was asked for");
    assert_eq!(world.resolve("host.example", DnsFamily::Ipv6), resolved(V6));
    assert_eq!(world.sent(), 1, "the other family is another answer");
    // The answer was here two links of 1 ms after the question, and ARP before it.
    let known = Instant::ZERO + Duration::from_secs(u64::from(TTL));
    world.lan.run_idle(known);
    let question = world.ask("host.example", DnsFamily::Ipv4);
    assert_eq!(world.state(question), resolved(V4));
    world.lan.run_idle(known + Duration::from_millis(5));
    world.resolve("host.example", DnsFamily::Ipv4);
    assert_eq!(world.sent(), 1, "a name was known for longer than its answer said");
}

#[test]
fn names_stay_known_while_the_interface_is_down() {
    let mut world = World::new(1);
    world.resolve("host.example", DnsFamily::Ipv4);
    let now = world.lan.now;
    world.lan.nodes[0].set_up(now, false);
    let question = world.ask("host.example", DnsFamily::Ipv4);
    assert_eq!(world.state(question), resolved(V4), "lwIP keeps its table");
}

#[test]
fn the_name_asked_for_longest_ago_makes_room_in_the_table_of_four() {
    let mut world = World::new(1);
    for name in ["a.example", "b.example", "c.example", "d.example", "a.example", "e.example"] {
        world.resolve(name, DnsFamily::Ipv4);
    }
    assert_eq!(world.sent(), 5, "the second a.example is known");
    for (name, sent) in
        [("b.example", 0), ("c.example", 0), ("d.example", 0), ("e.example", 0), ("a.example", 1)]
    {
        world.resolve(name, DnsFamily::Ipv4);
        assert_eq!(world.sent(), sent, "{name}");
    }
}

#[test]
fn a_fifth_question_at_a_time_fails() {
    let mut world = World::new(1);
    let questions: Vec<Question> =
        (0..5).map(|i| world.ask(&format!("{i}.example"), DnsFamily::Ipv4)).collect();
    let states: Vec<DnsState> = questions.into_iter().map(|q| world.state(q)).collect();
    assert_eq!(states[..4], [const { DnsState::Pending }; 4]);
    assert_eq!(states[4], DnsState::Failed);
}

#[test]
fn names_that_cannot_be_asked_for_fail() {
    let mut world = World::new(1);
    let long = "a".repeat(64) + ".example";
    for name in ["", ".", &long, "a..b"] {
        let question = world.ask(name, DnsFamily::Ipv4);
        assert_eq!(world.state(question), DnsState::Failed, "{name:?}");
    }
    world.lan.nodes[0].set_dns(&[]);
    let question = world.ask("host.example", DnsFamily::Ipv4);
    assert_eq!(world.state(question), DnsState::Failed, "nobody to ask");
}
