//! The broker, spoken to in packets.

use std::net::SocketAddr;

use mqtt_proto::v5::{self, VarByteInt};
use mqtt_proto::{Pid, QoS, QosPid, TopicFilter, TopicName, v3};
use proptest::prelude::*;

use super::broker::Broker;
use super::wire::{self, Message, Refusal};
use crate::net::config::{Mqtt, MqttAnswers, MqttChange, MqttRule};
use crate::time::{Duration, Instant};

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn pid(id: u16) -> Pid {
    Pid::try_from(id).expect("not 0")
}

fn filter(text: &str) -> TopicFilter {
    TopicFilter::try_from(text).expect("a filter")
}

fn name(text: &str) -> TopicName {
    TopicName::try_from(text).expect("a topic")
}

/// A broker, and the connections of a test.
struct Bench {
    broker: Broker,
    now: Instant,
}

impl Bench {
    fn new(config: Mqtt) -> Bench {
        Bench { broker: Broker::new(&config), now: Instant::ZERO }
    }

    fn open(&mut self) -> u64 {
        self.broker.open(self.now, SocketAddr::from(([192, 168, 1, 100], 50_000)))
    }

    fn send(&mut self, number: u64, packet: impl Into<v3::Packet>) {
        let bytes = packet.into().encode().expect("a packet");
        self.broker.receive(self.now, number, bytes.as_ref());
    }

    fn send5(&mut self, number: u64, packet: impl Into<v5::Packet>) {
        let bytes = packet.into().encode().expect("a packet");
        self.broker.receive(self.now, number, bytes.as_ref());
    }

    fn bytes(&mut self, number: u64) -> Vec<u8> {
        self.broker.output(number).map(std::mem::take).unwrap_or_default()
    }

    /// What the broker has sent on a connection.
    fn got(&mut self, number: u64) -> Vec<v3::Packet> {
        let (bytes, mut packets, mut rest) = (self.bytes(number), Vec::new(), 0);
        while rest < bytes.len() {
            let wire::Framed::Known { total, .. } = wire::frame(&bytes[rest..]) else {
                panic!("half a packet")
            };
            packets.push(wire::decode_v3(&bytes[rest..rest + total]).expect("a packet"));
            rest += total;
        }
        packets
    }

    fn got5(&mut self, number: u64) -> Vec<v5::Packet> {
        let (bytes, mut packets) = (self.bytes(number), Vec::new());
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let wire::Framed::Known { total, .. } = wire::frame(rest) else { panic!("half a packet") };
            packets.push(v5::Packet::decode(&rest[..total]).expect("a packet").expect("a whole one"));
            rest = &rest[total..];
        }
        packets
    }

    /// Connects a client and drops the CONNACK.
    fn connect(&mut self, client: &str, clean: bool) -> u64 {
        let number = self.open();
        self.send(number, v3::Connect { clean_session: clean, ..v3::Connect::new(client.into(), 60) });
        let answer = self.got(number);
        assert!(
            matches!(
                answer[0],
                v3::Packet::Connack(v3::Connack { code: v3::ConnectReturnCode::Accepted, .. })
            ),
            "{client} was not accepted: {answer:?}"
        );
        self.broker.output(number).expect("open").clear();
        number
    }

    fn subscribe(&mut self, number: u64, topic: &str, qos: QoS) -> Vec<v3::Packet> {
        self.send(number, v3::Subscribe::new(pid(7), vec![(filter(topic), qos)]));
        let mut answer = self.got(number);
        assert_eq!(answer.remove(0), v3::Suback::new(pid(7), vec![qos.into()]).into());
        answer
    }

    fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.broker.take_event()).map(|event| event.to_string()).collect()
    }
}

fn publish(qos: QosPid, topic: &str, payload: &[u8]) -> v3::Publish {
    v3::Publish::new(qos, name(topic), payload.to_vec().into())
}

#[test]
fn a_message_reaches_every_subscriber_once_with_the_lower_of_both_qualities() {
    let mut b = Bench::new(Mqtt::default());
    let (one, two, from) = (b.connect("one", true), b.connect("two", true), b.connect("from", true));
    assert_eq!(b.subscribe(one, "a/#", QoS::Level0), []);
    b.subscribe(two, "a/b", QoS::Level1);
    b.subscribe(two, "a/+", QoS::Level2);
    b.send(from, publish(QosPid::Level1(pid(9)), "a/b", b"x"));
    assert_eq!(b.got(from), [v3::Packet::Puback(pid(9))]);
    assert_eq!(b.got(one), [publish(QosPid::Level0, "a/b", b"x").into()]);
    let twice = "two subscriptions have the topic, and the message comes once";
    assert_eq!(b.got(two), [publish(QosPid::Level1(pid(1)), "a/b", b"x").into()], "{twice}");
    b.send(from, v3::Unsubscribe::new(pid(3), vec![filter("a/b")]));
    assert_eq!(b.got(from), [v3::Packet::Unsuback(pid(3))], "also of what was never subscribed");
}

#[test]
fn quality_2_hands_a_message_on_once_however_often_it_comes() {
    let mut b = Bench::new(Mqtt::default());
    let (to, from) = (b.connect("to", true), b.connect("from", true));
    b.subscribe(to, "t", QoS::Level2);
    let message = publish(QosPid::Level2(pid(5)), "t", b"once");
    b.send(from, message.clone());
    b.send(from, v3::Publish { dup: true, ..message });
    assert_eq!(b.got(from), [v3::Packet::Pubrec(pid(5)), v3::Packet::Pubrec(pid(5))]);
    b.send(from, v3::Packet::Pubrel(pid(5)));
    assert_eq!(b.got(from), [v3::Packet::Pubcomp(pid(5))]);
    assert_eq!(b.got(to), [publish(QosPid::Level2(pid(1)), "t", b"once").into()]);
    b.send(to, v3::Packet::Pubrec(pid(1)));
    assert_eq!(b.got(to), [v3::Packet::Pubrel(pid(1))]);
    b.send(to, v3::Packet::Pubcomp(pid(1)));
    b.send(from, publish(QosPid::Level2(pid(5)), "t", b"again"));
    assert_eq!(b.got(to), [publish(QosPid::Level2(pid(2)), "t", b"again").into()], "a number is free again");
}

#[test]
fn a_session_keeps_what_was_not_answered_and_what_came_meanwhile() {
    let mut b = Bench::new(Mqtt::default());
    let (to, from) = (b.connect("to", false), b.connect("from", true));
    b.subscribe(to, "t", QoS::Level1);
    b.send(from, publish(QosPid::Level1(pid(1)), "t", b"first"));
    assert_eq!(b.got(to).len(), 1);
    b.broker.closed(b.now, to);
    b.send(from, publish(QosPid::Level1(pid(2)), "t", b"second"));
    b.send(from, publish(QosPid::Level0, "t", b"lost: nobody keeps QoS 0"));
    let to = b.open();
    b.send(to, v3::Connect { clean_session: false, ..v3::Connect::new("to".into(), 0) });
    let again = v3::Publish { dup: true, ..publish(QosPid::Level1(pid(1)), "t", b"first") };
    let second = publish(QosPid::Level1(pid(2)), "t", b"second");
    let present = v3::Connack { session_present: true, code: v3::ConnectReturnCode::Accepted };
    assert_eq!(b.got(to), [present.into(), again.into(), second.into()]);
    // A clean session forgets it.
    let to = b.connect("to", true);
    b.send(from, publish(QosPid::Level1(pid(3)), "t", b"third"));
    assert_eq!(b.got(to), []);
}

#[test]
fn retained_messages_are_for_those_who_come_later_until_an_empty_one_takes_them_away() {
    let retained = vec![("config/interval".to_owned(), b"60".to_vec())];
    let mut b = Bench::new(Mqtt { retained, ..Mqtt::default() });
    let (from, to) = (b.connect("from", true), b.connect("to", true));
    let stay = v3::Publish { retain: true, ..publish(QosPid::Level0, "config/mode", b"eco") };
    b.send(from, stay.clone());
    let got = b.subscribe(to, "config/#", QoS::Level0);
    let given = v3::Publish { retain: true, ..publish(QosPid::Level0, "config/interval", b"60") };
    assert_eq!(got, [given.clone().into(), stay.into()]);
    let gone = v3::Publish { retain: true, ..publish(QosPid::Level0, "config/mode", b"") };
    b.send(from, gone);
    let live = publish(QosPid::Level0, "config/mode", b"");
    assert_eq!(b.got(to), [live.into()], "to those who are there it is a message as any");
    assert_eq!(b.subscribe(to, "config/#", QoS::Level0), [given.into()]);
}

#[test]
fn a_will_is_published_unless_the_client_says_goodbye() {
    let mut b = Bench::new(Mqtt::default());
    let watch = b.connect("watch", true);
    b.subscribe(watch, "status", QoS::Level0);
    let will = v3::LastWill::new(QoS::Level0, name("status"), b"gone".to_vec().into());
    let connect = v3::Connect { last_will: Some(will), ..v3::Connect::new("dying".into(), 10) };
    let one = b.open();
    b.send(one, connect.clone());
    b.send(one, v3::Packet::Disconnect);
    assert_eq!(b.got(watch), [], "it has said goodbye");
    let two = b.open();
    b.send(two, connect.clone());
    b.broker.closed(b.now, two);
    let gone: v3::Packet = publish(QosPid::Level0, "status", b"gone").into();
    assert_eq!(b.got(watch), std::slice::from_ref(&gone), "the connection was lost");
    // Silence for one and a half times the keep-alive is a loss.
    let three = b.open();
    b.send(three, connect);
    b.got(three);
    assert_eq!(b.broker.next_timer(), Some(at(15)));
    b.now = at(14);
    b.send(three, v3::Packet::Pingreq);
    assert_eq!(b.got(three), [v3::Packet::Pingresp]);
    assert_eq!(b.broker.next_timer(), Some(at(29)), "it was heard");
    b.broker.poll(at(29));
    assert!(b.broker.is_over(three));
    assert_eq!(b.got(watch), [gone]);
    assert!(b.events().contains(&"disconnected dying from 192.168.1.100:50000: silent for 15 s".to_owned()));
}

#[test]
fn a_second_client_with_the_same_id_takes_over() {
    let mut b = Bench::new(Mqtt::default());
    let (first, second) = (b.connect("same", true), b.connect("same", true));
    assert!(b.broker.is_over(first) && !b.broker.is_over(second));
    b.broker.change(b.now, &MqttChange::TakeOver("same".into()));
    assert!(b.broker.is_over(second), "a test takes over, too");
    assert!(!b.broker.has_client("same"));
}

#[test]
fn only_users_come_in_and_do_only_what_they_may() {
    let rule = |user: Option<&str>, publish, filter: &str| MqttRule {
        user: user.map(str::to_owned),
        publish,
        subscribe: !publish,
        filter: filter.to_owned(),
    };
    let config = Mqtt {
        users: vec![("alice".into(), "secret".into())],
        anonymous: false,
        rules: Some(vec![rule(Some("alice"), true, "sensors/#"), rule(None, false, "public/+")]),
        ..Mqtt::default()
    };
    let mut b = Bench::new(config.clone());
    let login = |user: Option<&str>, password: &str| v3::Connect {
        username: user.map(Into::into),
        password: user.map(|_| password.as_bytes().to_vec().into()),
        ..v3::Connect::new("c".into(), 0)
    };
    for (connect, code) in [
        (login(None, ""), v3::ConnectReturnCode::NotAuthorized),
        (login(Some("alice"), "wrong"), v3::ConnectReturnCode::BadUserNameOrPassword),
        (login(Some("bob"), "secret"), v3::ConnectReturnCode::BadUserNameOrPassword),
    ] {
        let number = b.open();
        b.send(number, connect);
        assert_eq!(b.got(number), [v3::Connack { session_present: false, code }.into()]);
        assert!(b.broker.is_over(number), "a refused client's connection is closed");
    }
    let alice = b.open();
    b.send(alice, login(Some("alice"), "secret"));
    b.got(alice);
    let topics = ["public/a", "public/#", "sensors/a"].map(|text| (filter(text), QoS::Level1));
    b.send(alice, v3::Subscribe::new(pid(1), topics.to_vec()));
    let codes = [
        v3::SubscribeReturnCode::MaxLevel1,
        v3::SubscribeReturnCode::Failure,
        v3::SubscribeReturnCode::Failure,
    ];
    assert_eq!(b.got(alice), [v3::Suback::new(pid(1), codes.to_vec()).into()]);
    b.send(alice, publish(QosPid::Level1(pid(2)), "public/a", b"x"));
    assert_eq!(b.got(alice), [v3::Packet::Puback(pid(2))], "acknowledged, and thrown away");
    assert!(b.events().contains(&"denied public/a \"x\" by c".to_owned()));

    let mut b = Bench::new(Mqtt { closes: true, ..config });
    let alice = b.open();
    b.send(alice, login(Some("alice"), "secret"));
    b.got(alice);
    b.send(alice, v3::Subscribe::new(pid(1), vec![(filter("forbidden"), QoS::Level0)]));
    assert_eq!(b.got(alice), []);
    assert!(b.broker.is_over(alice), "this broker closes the connection instead");
}

#[test]
fn a_test_makes_it_refuse_fall_silent_and_drop_clients() {
    let mut b = Bench::new(Mqtt::default());
    b.broker.change(b.now, &MqttChange::Refuse(Some(Refusal::Unavailable)));
    let number = b.open();
    b.send(number, v3::Connect::new("c".into(), 0));
    let code = v3::ConnectReturnCode::ServerUnavailable;
    assert_eq!(b.got(number), [v3::Connack { session_present: false, code }.into()]);
    b.broker.change(b.now, &MqttChange::Refuse(None));
    let client = b.connect("c", true);
    b.subscribe(client, "t", QoS::Level1);
    b.broker.change(b.now, &MqttChange::Answers(MqttAnswers::Pings));
    b.send(client, publish(QosPid::Level1(pid(1)), "t", b"into the void"));
    b.send(client, v3::Packet::Pingreq);
    assert_eq!(b.got(client), [v3::Packet::Pingresp]);
    let hello = Message {
        topic: "t".into(),
        payload: b"hello".to_vec(),
        qos: 1,
        retain: false,
        properties: Default::default(),
    };
    b.broker.publish(b.now, &hello);
    b.broker.change(b.now, &MqttChange::Answers(MqttAnswers::Silence));
    b.send(client, v3::Packet::Pingreq);
    assert_eq!(b.got(client), []);
    b.broker.change(b.now, &MqttChange::Answers(MqttAnswers::Right));
    let waited = publish(QosPid::Level1(pid(1)), "t", b"hello");
    assert_eq!(b.got(client), [waited.into()], "what came meanwhile has waited");
    b.broker.change(b.now, &MqttChange::Drop("c".into()));
    assert!(b.broker.is_over(client));
}

#[test]
fn mqtt_5_says_more() {
    let mut b = Bench::new(Mqtt::default());
    let (client, from) = (b.open(), b.connect("from", true));
    let mut connect = v5::Connect::new("".into(), 60);
    connect.properties.session_expiry_interval = Some(100);
    connect.properties.receive_max = Some(1);
    b.send5(client, connect);
    let v5::Packet::Connack(connack) = b.got5(client).remove(0) else { panic!("no CONNACK") };
    assert_eq!(connack.properties.assigned_client_id.as_deref(), Some("auto-1"));
    let mut subscribe = v5::Subscribe::new(
        pid(1),
        vec![(
            filter("t"),
            v5::SubscriptionOptions { no_local: true, ..v5::SubscriptionOptions::new(QoS::Level1) },
        )],
    );
    subscribe.properties.subscription_id = Some(VarByteInt::try_from(42).expect("a number"));
    b.send5(client, subscribe);
    assert_eq!(b.got5(client), [v5::Suback::new(pid(1), vec![v5::SubscribeReasonCode::GrantedQoS1]).into()]);
    let mut own = v5::Publish::new(QosPid::Level0, name("t"), b"own".to_vec().into());
    own.properties.content_type = Some("text".into());
    b.send5(client, own);
    assert_eq!(b.got5(client), [], "not its own messages");
    for text in ["one", "two"] {
        b.send(from, publish(QosPid::Level1(pid(1)), "t", text.as_bytes()));
    }
    let got = b.got5(client);
    assert_eq!(got.len(), 1, "it takes one message at a time: {got:?}");
    let v5::Packet::Publish(one) = &got[0] else { panic!("no message: {got:?}") };
    assert_eq!(one.properties.subscription_id.map(|id| id.value()), Some(42));
    b.send5(client, v5::Puback::new_success(pid(1)));
    assert_eq!(b.got5(client).len(), 1, "answered: the next one");
    // A session that is forgotten after its time.
    b.broker.closed(b.now, client);
    assert_eq!(b.broker.next_timer(), Some(at(90)), "the other client's keep-alive");
    b.broker.poll(at(100));
    let client = b.open();
    b.send5(client, v5::Connect { clean_start: false, ..v5::Connect::new("auto-1".into(), 0) });
    let v5::Packet::Connack(connack) = b.got5(client).remove(0) else { panic!("no CONNACK") };
    assert!(!connack.session_present, "100 s are over");
    b.broker.change(b.now, &MqttChange::Drop("auto-1".into()));
    let farewell = v5::Disconnect::new(v5::DisconnectReasonCode::AdministrativeAction);
    assert_eq!(b.got5(client), [farewell.into()], "it is told why");
}

#[test]
fn what_is_no_mqtt_ends_the_connection() {
    for (bytes, why) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "the length of a packet is none"),
        (b"\x10\xff\xff\xff\xff\x01", "the length of a packet is none"),
        (b"\xc0\x00", "something else than CONNECT first"),
        (b"\x20\x02\x00\x00", "Connack from a client"),
        (b"\x40\x03\x00\x01\x00", "invalid remaining length"),
        (b"\x82\x02\x00\x01", "empty subscription"),
        (b"\x30\xff\xff\xff\x7f", "a packet of more than 1 MB"),
    ] {
        let mut b = Bench::new(Mqtt::default());
        let number = b.open();
        b.broker.receive(b.now, number, bytes);
        if bytes.starts_with(b"GET") {
            // `E` is a length of 69: it waits for the rest of them.
            b.broker.receive(b.now, number, &[0; 69]);
            assert!(b.broker.is_over(number), "an HTTP request is taken for MQTT");
            continue;
        }
        assert!(b.broker.is_over(number), "{bytes:02x?} is taken");
        let said = b.events();
        assert_eq!(said, [format!("disconnected \"\" from 192.168.1.100:50000: bad packet: {why}")]);
    }
    let mut b = Bench::new(Mqtt::default());
    let number = b.open();
    b.broker.receive(b.now, number, b"\x10\x0e\x00\x04MQTT\x09\x02\x00\x3c\x00\x02ab");
    let code = v3::ConnectReturnCode::UnacceptableProtocolVersion;
    assert_eq!(b.got(number), [v3::Connack { session_present: false, code }.into()], "MQTT 9");
}

/// Packets that a client may send, one behind the other.
fn session() -> Vec<u8> {
    let will = v3::LastWill::new(QoS::Level1, name("will"), b"gone".to_vec().into());
    let packets: [v3::Packet; 7] = [
        v3::Connect { last_will: Some(will), ..v3::Connect::new("c".into(), 5) }.into(),
        v3::Subscribe::new(pid(1), vec![(filter("a/+"), QoS::Level2), (filter("#"), QoS::Level1)]).into(),
        publish(QosPid::Level2(pid(2)), "a/b", &[7; 200]).into(),
        v3::Packet::Pubrel(pid(2)),
        v3::Unsubscribe::new(pid(3), vec![filter("#")]).into(),
        v3::Packet::Pingreq,
        v3::Packet::Disconnect,
    ];
    packets.iter().flat_map(|p| p.encode().expect("a packet").as_ref().to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes, and in whatever pieces: no panic, and what it answers is whole packets.
    #[test]
    fn no_bytes_bring_it_down(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cuts in proptest::collection::vec(1usize..40, 1..20),
    ) {
        let mut bytes = session();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let mut b = Bench::new(Mqtt::default());
        let number = b.open();
        let mut rest = &bytes[..];
        let mut cuts = cuts.iter().cycle();
        while !rest.is_empty() {
            let cut = rest.len().min(*cuts.next().expect("endless"));
            b.broker.receive(b.now, number, &rest[..cut]);
            rest = &rest[cut..];
        }
        b.broker.poll(at(1000));
        b.broker.closed(b.now, number);
    }

    /// How the bytes are cut does not change what comes of them.
    #[test]
    fn pieces_do_not_matter(cuts in proptest::collection::vec(1usize..40, 1..20)) {
        let whole = {
            let mut b = Bench::new(Mqtt::default());
            let number = b.open();
            b.broker.receive(b.now, number, &session());
            (b.bytes(number), b.events())
        };
        let mut b = Bench::new(Mqtt::default());
        let number = b.open();
        let bytes = session();
        let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let cut = rest.len().min(*cuts.next().expect("endless"));
            b.broker.receive(b.now, number, &rest[..cut]);
            rest = &rest[cut..];
        }
        prop_assert_eq!((b.bytes(number), b.events()), whole);
    }
}
