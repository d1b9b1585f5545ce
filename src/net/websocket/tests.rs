use proptest::prelude::*;

use super::frame::{mask, write};
use super::handshake::{Answer, Asked, Request, accept, accepted, answer, key, request};
use super::*;
use crate::rng::Stream;

fn client() -> Socket {
    Socket::new(Role::Client(Box::new(Stream::new(1, "test/mask"))))
}

/// Everything that `bytes` mean to a reader that gets them in steps of `step`, with parts of at most `most`.
fn pieces(bytes: &[u8], step: usize, most: usize) -> Vec<Piece> {
    let (mut reader, mut all) = (Reader::default(), Vec::new());
    for mut chunk in bytes.chunks(step) {
        while let Some(piece) = reader.take(&mut chunk, most) {
            all.push(piece);
        }
        assert!(chunk.is_empty(), "bytes are left over");
    }
    all
}

#[test]
fn the_examples_of_the_rfc_are_read_and_written() {
    // RFC 6455, 5.7.
    type Frame = (&'static [u8], bool, u8, Option<[u8; 4]>, &'static [u8]);
    let frames: [Frame; 6] = [
        (b"\x81\x05Hello", true, opcode::TEXT, None, b"Hello"),
        (
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
            true,
            opcode::TEXT,
            Some([0x37, 0xfa, 0x21, 0x3d]),
            b"Hello",
        ),
        (b"\x01\x03Hel", false, opcode::TEXT, None, b"Hel"),
        (b"\x80\x02lo", true, opcode::CONTINUATION, None, b"lo"),
        (b"\x89\x05Hello", true, opcode::PING, None, b"Hello"),
        (
            b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
            true,
            opcode::PONG,
            Some([0x37, 0xfa, 0x21, 0x3d]),
            b"Hello",
        ),
    ];
    for (bytes, fin, opcode, mask, content) in frames {
        let mut written = Vec::new();
        write(&mut written, fin, opcode, mask, content);
        assert_eq!(written, bytes, "opcode {opcode} is written differently");
        let [piece] = &pieces(bytes, 64, 64)[..] else { panic!("not one piece of opcode {opcode}") };
        let Header { fin: read_fin, opcode: read_opcode, .. } = piece.header;
        assert_eq!((read_fin, read_opcode, &piece.content[..]), (fin, opcode, content));
    }
    for (length, head) in [(256u64, &b"\x82\x7e\x01\x00"[..]), (65_536, b"\x82\x7f\0\0\0\0\0\x01\0\0")] {
        let header = Header { fin: true, reserved: 0, opcode: opcode::BINARY, mask: None, length };
        let mut written = Vec::new();
        header.write(&mut written);
        assert_eq!(written, head, "the head of {length} bytes");
        assert_eq!(Header::read(head), Some((header, head.len())));
    }
    assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "RFC 6455, 1.3");
}

#[test]
fn a_handshake_of_both_roles_is_understood_by_the_other() {
    let key = key(&mut Stream::new(1, "test/key"));
    let bytes = Request {
        host: ("www.example.com", 80),
        path: "/chat?a=b",
        key: &key,
        protocol: Some("mqtt, echo"),
        authorization: Some("Basic Zm9v"),
        headers: &[("X-One".to_owned(), "1".to_owned())],
    }
    .bytes();
    for length in 0..bytes.len() {
        assert_eq!(request(&bytes[..length]), Asked::Partial, "{length} bytes of the request");
    }
    let Asked::Upgrade(upgrade, length) = request(&bytes) else { panic!("it is refused") };
    assert_eq!((length, &upgrade.path[..], &upgrade.key), (bytes.len(), "/chat?a=b", &key));
    assert_eq!(upgrade.protocols, ["mqtt", "echo"]);
    assert!(upgrade.headers.contains(&("X-One".to_owned(), "1".to_owned())));
    let reply = [accepted(&upgrade.key, Some("mqtt")), b"\x81\x00".to_vec()].concat();
    assert_eq!(answer(&reply, &key), Answer::Accepted(reply.len() - 2));
    assert_eq!(answer(&reply[..40], &key), Answer::Partial);
    assert_eq!(answer(&reply, "AAAAAAAAAAAAAAAAAAAAAA=="), Answer::Wrong, "the proof of another key");
    assert_eq!(answer(b"HTTP/1.1 404 Not Found\r\n\r\n", &key), Answer::Refused(404));
    assert_eq!(answer(b"SSH-2.0-OpenSSH\r\n", &key), Answer::Wrong);
}

#[test]
fn a_server_refuses_what_is_no_upgrade() {
    let with = |lines: &str| request(format!("{lines}\r\n\r\n").as_bytes());
    assert_eq!(with("GET / HTTP/1.1\r\nHost: a"), Asked::Bad(426));
    assert_eq!(with("POST / HTTP/1.1\r\nHost: a"), Asked::Bad(405));
    let upgrade = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13";
    assert_eq!(with(upgrade), Asked::Bad(400), "without a key");
    assert_eq!(with(&format!("{upgrade}\r\nSec-WebSocket-Key: short")), Asked::Bad(400));
    assert_eq!(request(&[b'x'; handshake::MAX_HEAD]), Asked::Bad(431));
}

#[test]
fn pings_are_answered_between_the_frames_of_a_message() {
    let (mut one, mut other) = (client(), Socket::new(Role::Server));
    one.send(false, opcode::TEXT, b"Hel");
    one.send(true, opcode::PING, b"?");
    one.send(true, opcode::CONTINUATION, b"lo");
    let data = |bytes: &[u8], last| Event::Data { opcode: opcode::TEXT, bytes: bytes.to_vec(), last };
    let expected = [data(b"Hel", false), Event::Ping(b"?".to_vec()), data(b"lo", true)];
    assert_eq!(other.receive(&one.take_output()), expected);
    assert_eq!(one.receive(&other.take_output()), [Event::Pong(b"?".to_vec())]);
}

#[test]
fn a_close_is_answered_once_and_ends_both() {
    let (mut one, mut other) = (client(), Socket::new(Role::Server));
    one.close(Some(4001), b"enough");
    one.send(true, opcode::TEXT, b"too late");
    assert_eq!(other.receive(&one.take_output()), [Event::Closed(Some(4001), b"enough".to_vec())]);
    assert_eq!(one.receive(&other.take_output()), [Event::Closed(Some(4001), Vec::new())]);
    assert_eq!(one.take_output(), b"", "a close frame is answered with another for ever");
    assert!(one.is_over() && one.is_closing() && other.is_over() && other.is_closing());
}

#[test]
fn what_breaks_the_rules_is_told_so() {
    let frame = |fin, opcode, masked: bool, content: &[u8]| {
        let mut bytes = Vec::new();
        write(&mut bytes, fin, opcode, masked.then_some([1, 2, 3, 4]), content);
        bytes
    };
    let wrong = [
        ("without a mask", frame(true, opcode::TEXT, false, b"a")),
        ("an opcode without meaning", frame(true, 3, true, b"a")),
        ("a control without meaning", frame(true, 11, true, b"a")),
        ("goes on with nothing", frame(true, opcode::CONTINUATION, true, b"a")),
        ("a ping in fragments", frame(false, opcode::PING, true, b"a")),
        ("a ping too long", frame(true, opcode::PING, true, &[0; 126])),
        ("half a code", frame(true, opcode::CLOSE, true, b"a")),
        ("a bit of an extension", [vec![0xc1], frame(true, opcode::TEXT, true, b"a")[1..].to_vec()].concat()),
    ];
    for (what, bytes) in wrong {
        let mut server = Socket::new(Role::Server);
        assert_eq!(server.receive(&bytes), [Event::Broken(code::PROTOCOL)], "{what}");
        assert_eq!(server.take_output(), b"\x88\x02\x03\xea", "{what}: close with 1002");
        assert!(server.is_over(), "{what}");
    }
}

#[test]
fn a_reader_wants_nothing_that_belongs_to_the_next_frame() {
    for length in [0usize, 1, 125, 126, 65_535, 65_536] {
        let mut bytes = Vec::new();
        write(&mut bytes, true, opcode::BINARY, Some([9, 8, 7, 6]), &vec![b'x'; length]);
        let (mut reader, mut at, mut got) = (Reader::default(), 0, 0);
        while at < bytes.len() {
            let wanted = reader.wants(1024);
            assert!((1..=1024).contains(&wanted), "it wants {wanted} of {length}");
            let mut next = bytes.get(at..at + wanted).expect("it wants more than the frame");
            if let Some(piece) = reader.take(&mut next, 1024) {
                got += piece.content.len();
            }
            at += wanted;
        }
        assert_eq!(got, length);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_survive_any_cut(
        frames in prop::collection::vec((any::<bool>(), 0u8..16, any::<Option<[u8; 4]>>(), prop::collection::vec(any::<u8>(), 0..400)), 0..6),
        step in 1usize..300,
        most in 1usize..300,
    ) {
        let mut bytes = Vec::new();
        for (fin, opcode, mask, content) in &frames {
            write(&mut bytes, *fin, *opcode, *mask, content);
        }
        let mut whole: Vec<(Header, Vec<u8>)> = Vec::new();
        for piece in pieces(&bytes, step, most) {
            prop_assert!(piece.content.len() <= most);
            if piece.from == 0 {
                whole.push((piece.header, Vec::new()));
            }
            let (_, content) = whole.last_mut().expect("a frame begins at its beginning");
            prop_assert_eq!(content.len() as u64, piece.from);
            content.extend(piece.content);
        }
        prop_assert_eq!(whole.len(), frames.len());
        for ((header, content), (fin, opcode, mask, sent)) in whole.iter().zip(&frames) {
            prop_assert_eq!((header.fin, header.opcode, header.mask), (*fin, *opcode, *mask));
            prop_assert_eq!(content, sent);
        }
    }

    #[test]
    fn no_bytes_make_a_socket_panic_and_how_they_are_cut_changes_nothing(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        step in 1usize..64,
    ) {
        for role in [Role::Server, Role::Client(Box::new(Stream::new(1, "test/mask")))] {
            let (mut at_once, mut in_steps) = (Socket::new(role.clone()), Socket::new(role));
            let merged = |events: Vec<Event>| {
                let mut all: Vec<Event> = Vec::new();
                for event in events {
                    match (all.last_mut(), event) {
                        (Some(Event::Data { opcode, bytes, last: last @ false }), Event::Data { opcode: o, bytes: b, last: l }) if *opcode == o => {
                            bytes.extend(b);
                            *last = l;
                        }
                        (_, event) => all.push(event),
                    }
                }
                all
            };
            let one = merged(at_once.receive(&bytes));
            let other = merged(bytes.chunks(step).flat_map(|chunk| in_steps.receive(chunk)).collect());
            prop_assert_eq!(one, other);
            prop_assert_eq!(at_once.take_output(), in_steps.take_output());
        }
    }

    #[test]
    fn no_bytes_make_a_handshake_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..200, byte: u8) {
        request(&bytes);
        answer(&bytes, "dGhlIHNhbXBsZSBub25jZQ==");
        let mut changed = accepted("dGhlIHNhbXBsZSBub25jZQ==", None);
        let at = at % changed.len();
        changed[at] = byte;
        answer(&changed, "dGhlIHNhbXBsZSBub25jZQ==");
    }
}

#[test]
fn a_mask_goes_on_where_it_was_left() {
    let (mut whole, mut parts) = (*b"abcdefghijk", *b"abcdefghijk");
    mask(&mut whole, [1, 2, 3, 4], 0);
    mask(&mut parts[..3], [1, 2, 3, 4], 0);
    mask(&mut parts[3..], [1, 2, 3, 4], 3);
    assert_eq!(whole, parts);
}

/// What a server makes of one frame of a client.
fn heard(opcode: u8, content: &[u8]) -> (Vec<Event>, Vec<u8>) {
    let mut socket = Socket::new(Role::Server);
    let mut bytes = Vec::new();
    write(&mut bytes, true, opcode, Some([1, 2, 3, 4]), content);
    (socket.receive(&bytes), socket.take_output())
}

#[test]
fn a_close_code_that_may_not_be_sent_is_a_breach_of_the_protocol() {
    // RFC 6455, 7.4.1 and 7.4.2.
    for code in [0u16, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let (events, sent) = heard(opcode::CLOSE, &code.to_be_bytes());
        assert_eq!(events, [Event::Broken(code::PROTOCOL)], "code {code} was taken");
        assert_eq!(sent, [0x88, 2, 3, 0xea], "code {code} is not answered with 1002");
    }
    for code in [1000u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1014, 3000, 4999] {
        let (events, sent) = heard(opcode::CLOSE, &[&code.to_be_bytes()[..], b"why"].concat());
        assert_eq!(events, [Event::Closed(Some(code), b"why".to_vec())]);
        assert_eq!(sent[2..], code.to_be_bytes(), "code {code} is not echoed");
    }
    assert_eq!(heard(opcode::CLOSE, b"\x03\xe8\xff").0, [Event::Broken(1007)], "a reason is text");
}

#[test]
fn text_that_is_no_utf_8_ends_the_connection_however_it_is_cut() {
    for bad in [&b"caf\xe9"[..], b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf", b"ok\xff"] {
        let (events, sent) = heard(opcode::TEXT, bad);
        assert_eq!(events.last(), Some(&Event::Broken(1007)), "{bad:?} was taken for text");
        assert_eq!(sent, [0x88, 2, 3, 0xef], "it is not told 1007");
        assert_eq!(
            heard(opcode::BINARY, bad).0.last(),
            Some(&Event::Data { opcode: opcode::BINARY, bytes: bad.to_vec(), last: true })
        );
    }
    // A character across two frames, and across two reads.
    let mut socket = Socket::new(Role::Server);
    let mut bytes = Vec::new();
    write(&mut bytes, false, opcode::TEXT, Some([1, 2, 3, 4]), b"caf\xc3");
    write(&mut bytes, true, opcode::CONTINUATION, Some([1, 2, 3, 4]), b"\xa9");
    let mut text = Vec::new();
    for byte in bytes {
        for event in socket.receive(&[byte]) {
            let Event::Data { bytes, .. } = event else { panic!("{event:?}") };
            text.extend(bytes);
        }
    }
    assert_eq!(text, "caf\u{e9}".as_bytes());
}
