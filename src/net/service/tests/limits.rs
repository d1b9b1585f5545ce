//! What becomes of a connection that makes room for another one.

use super::*;
use crate::net::config::{Mqtt, ScriptStep, Source, WebSocket};

/// Node 0, and a service on node 1 that keeps one connection.
fn alone(config: ServiceConfig) -> (Lan, World) {
    let mut lan = Lan::new(2, 1);
    let limits = ConnectionLimits { connections: 1, ..ConnectionLimits::default() };
    let services = Services::new(&mut lan.nodes[1], limits, &[config], 0).unwrap();
    (lan, World { services, clients: Vec::new() })
}

fn chat() -> WebSocket {
    let protocols = Vec::new();
    WebSocket { port: 80, path: None, protocols, echo: true, greetings: Vec::new(), fragment: None }
}

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[test]
fn who_makes_room_for_another_is_told_of_as_any_connection_that_ends() {
    let wait = ScriptStep::Expect { data: b"never".to_vec(), within: Duration::from_secs(600) };
    let source = Source { rate_bps: Some(8), length: None };
    let cases = [
        (7, ServiceConfig::TcpEcho { port: 7 }, "ended after 2 bytes"),
        (9, ServiceConfig::Discard { port: 9 }, "ended after 2 bytes"),
        (19, ServiceConfig::Source { port: 19, source }, "ended after 2 bytes"),
        (99, ServiceConfig::Script { port: 99, steps: vec![wait] }, "ended after 0 bytes"),
        (23, ServiceConfig::TcpTerminal { port: 23 }, "after 2 bytes, CRC-32"),
        (80, ServiceConfig::WebSocket(chat()), "connection lost"),
    ];
    for (port, config, end) in cases {
        let (mut lan, mut world) = alone(config);
        let first = world.connect(&mut lan, port);
        let peer = lan.nodes[0].stream_local(world.clients[first].0).unwrap().to_string();
        match port {
            80 => world.exchange(&mut lan, first, UPGRADE),
            99 => String::new(),
            _ => world.exchange(&mut lan, first, b"hi"),
        };
        world.notes();
        world.connect(&mut lan, port);
        let notes = world.notes();
        let of_first: Vec<&String> = notes.iter().filter(|note| note.contains(&peer)).collect();
        assert!(
            of_first.last().is_some_and(|note| note.contains(end)),
            "port {port}: nothing says that {peer} is gone: {notes:?}"
        );
    }
}

#[test]
fn a_broker_publishes_the_will_of_a_client_that_makes_room_for_another() {
    let (mut lan, mut world) = alone(ServiceConfig::Mqtt(Mqtt::default()));
    let client = world.connect(&mut lan, 1883);
    // CONNECT of MQTT 3.1.1: clean session and a will, the client `c`, the topic `t`, the message `w`.
    let connect = b"\x10\x13\x00\x04MQTT\x04\x06\x00\x00\x00\x01c\x00\x01t\x00\x01w";
    assert_eq!(world.exchange(&mut lan, client, connect), "\x20\x02\x00\x00");
    world.notes();
    world.connect(&mut lan, 1883);
    let notes = world.notes().join("\n");
    assert!(notes.contains("disconnected c from 10.0.0.1:"), "the broker keeps its session: {notes}");
    assert!(notes.contains("published t \"w\" by c, QoS 0, its will"), "{notes}");
}

#[test]
fn a_real_program_learns_that_its_connection_has_made_room_for_another() {
    let (mut lan, mut world) = alone(ServiceConfig::External { port: 70, to: "127.0.0.1:70".to_owned() });
    world.connect(&mut lan, 70);
    world.services.external(70, 1, &ExternalInput::Open);
    world.connect(&mut lan, 70);
    let outputs: Vec<_> = std::iter::from_fn(|| world.services.take_external()).collect();
    let to = || ExternalOutput::Open("127.0.0.1:70".to_owned());
    assert_eq!(outputs, [(70, 1, to()), (70, 1, ExternalOutput::Reset), (70, 2, to())]);
    let notes = world.notes().join("\n");
    assert!(notes.contains("ended after 0 bytes"), "{notes}");
}

#[test]
fn nothing_of_a_message_that_is_too_large_is_told_as_a_message() {
    let (mut lan, mut world) = alone(ServiceConfig::WebSocket(chat()));
    let client = world.connect(&mut lan, 80);
    world.exchange(&mut lan, client, UPGRADE);
    world.notes();
    // One frame, its mask 0: a mebibyte, and as much again behind what was too much.
    let length: usize = (1 << 20) + 70_000;
    let mut bytes = vec![0x82, 0xff];
    bytes.extend((length as u64).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.resize(bytes.len() + length, b'x');
    // And another message, before the client knows.
    bytes.extend(b"\x82\x83\x00\x00\x00\x00abc");
    // Its answer to the server's close.
    bytes.extend(b"\x88\x82\x00\x00\x00\x00\x03\xf1");
    let (socket, mut rest) = (world.clients[client].0, &bytes[..]);
    while !rest.is_empty() {
        let taken = lan.nodes[0].stream_send(socket, rest);
        rest = &rest[taken..];
        let end = lan.now + Duration::from_millis(5);
        lan.run_app(end, &mut world);
        assert!(lan.now < ms(600_000), "{} bytes are left", rest.len());
    }
    lan.run_app(lan.now + Duration::from_secs(1), &mut world);
    let notes = world.notes();
    let closed = |note: &String| note.contains("closed") && note.contains("1009");
    assert!(notes.len() == 1 && closed(&notes[0]), "more than the end is told: {notes:?}");
}
