//! A device with Ethernet in the module's network: frames by hand, over a cable into the access point's LAN.

use espat_sim::report::Report;
use espat_sim::time::Instant;
use espat_sim::world::{
    Attachment, Error, LanFrame, LanPort, ModuleId, Packet, Recording, Scenario, World, replay, restore,
};

const MS: u64 = 1_000_000;
const US: u64 = 1_000;
const MAC: [u8; 6] = [0x02, 0x55, 0, 0, 0, 0x01];
const ADDRESS: [u8; 4] = [192, 168, 1, 77];
const MODULE: [u8; 4] = [192, 168, 1, 100];

fn recording() -> Recording {
    Recording { capture: true, log: true, snapshot: true, observations: true, ..Recording::default() }
}

/// A world whose module has joined, at 6 s, and a device on its LAN.
fn joined() -> (World, ModuleId, LanPort) {
    let scenario = Scenario::parse("test.toml", Scenario::default_text()).expect("the built-in scenario");
    let mut world = World::new(&scenario, Some(3), recording()).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("the module");
    let port = world.lan_attach("home").expect("a cable");
    say(&mut world, module, 1_000 * MS, "AT+CWMODE=1\r\n");
    say(&mut world, module, 1_100 * MS, "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n");
    world.advance(module, 6_000 * MS).expect("advance");
    let state = world.module_state(module).expect("a state").to_string();
    assert_eq!(state, "joined 'home' as 192.168.1.100");
    (world, module, port)
}

fn say(world: &mut World, module: ModuleId, tick: u64, text: &str) {
    world.uart_write_block(module, tick, text.as_bytes()).expect("a command");
}

fn received(world: &mut World, port: LanPort) -> Vec<LanFrame> {
    std::iter::from_fn(|| world.lan_read(port).expect("the cable")).collect()
}

fn ethernet(to: [u8; 6], kind: u16, payload: &[u8]) -> Vec<u8> {
    [&to[..], &MAC, &kind.to_be_bytes(), payload].concat()
}

/// Who has the module's address?
fn arp_request() -> Vec<u8> {
    let body = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &MAC, &ADDRESS, &[0; 6], &MODULE].concat();
    ethernet([0xff; 6], 0x0806, &body)
}

fn arp_answer(to: [u8; 6], address: [u8; 4]) -> Vec<u8> {
    let body = [&[0, 1, 8, 0, 6, 4, 0, 2][..], &MAC, &ADDRESS, &to, &address].concat();
    ethernet(to, 0x0806, &body)
}

fn checksum(bytes: &[u8]) -> [u8; 2] {
    let sum: u32 = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    (!(((sum & 0xffff) + (sum >> 16)) as u16)).to_be_bytes()
}

/// An ICMP echo, request (8) or reply (0).
fn echo(to: [u8; 6], address: [u8; 4], kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut icmp = [&[kind, 0, 0, 0], rest].concat();
    let sum = checksum(&icmp);
    icmp[2..4].copy_from_slice(&sum);
    let length = (20 + icmp.len() as u16).to_be_bytes();
    let mut ip = [&[0x45, 0][..], &length, &[0, 1, 0, 0, 64, 1, 0, 0], &ADDRESS, &address].concat();
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum);
    ethernet(to, 0x0800, &[ip, icmp].concat())
}

/// Asks for the module's MAC address and pings it. Returns the reply.
fn ping(world: &mut World, module: ModuleId, port: LanPort, at: u64) -> LanFrame {
    received(world, port);
    world.lan_send(port, Instant::from_nanos(at), &arp_request()).expect("a request");
    world.advance(module, at + 20 * MS).expect("advance");
    let answers = received(world, port);
    let answer =
        answers.iter().find(|f| f.bytes[12..14] == [8, 6]).expect("nobody answers who has the address");
    let mac: [u8; 6] = answer.bytes[6..12].try_into().expect("six bytes");
    world
        .lan_send(port, Instant::from_nanos(at + 20 * MS), &echo(mac, MODULE, 8, b"\x12\x34\x00\x01hello!"))
        .expect("a ping");
    world.advance(module, at + 40 * MS).expect("advance");
    received(world, port).into_iter().find(|f| f.bytes[12..14] == [8, 0]).expect("no reply to the ping")
}

#[test]
fn device_on_the_lan_pings_the_module_and_its_frames_take_100_us_through_the_cable() {
    let (mut world, module, port) = joined();
    let reply = ping(&mut world, module, port, 6_000 * MS);
    assert_eq!(reply.bytes[..6], MAC, "it goes to somebody else");
    assert_eq!(&reply.bytes[26..34], [MODULE, ADDRESS].concat(), "addresses of the reply");
    assert_eq!((reply.bytes[34], &reply.bytes[38..48]), (0, &b"\x12\x34\x00\x01hello!"[..]));
    // The request goes through the cable and over the air (2 ms by default), and the reply comes back.
    let round = reply.at.as_nanos() - 6_020 * MS;
    assert!((2 * 100 * US + 2 * MS..20 * MS).contains(&round), "the reply came after {round} ns");

    world.finish();
    let log = String::from_utf8(world.take_log()).expect("a text");
    assert!(log.contains("* lan 0 attach \"home\"") && log.contains("* lan 0 frame "), "{log}");
    let replayed = replay(&log, recording()).expect("the log can be replayed");
    assert_eq!(replayed.is_same(), Some(true), "a replay comes out differently");
    let mut again = replayed.world;
    let capture = world.take_capture();
    assert!(capture == again.take_capture(), "the capture of the replay differs");
    let reply = &reply.bytes[..];
    let times = capture.windows(reply.len()).filter(|w| *w == reply).count();
    assert_eq!(times, 2, "the reply is in the capture at the module's radio and at the cable");
}

#[test]
fn module_pings_a_device_on_its_lan_and_says_the_time_of_it() {
    let (mut world, module, port) = joined();
    while world.uart_read(module).expect("uart_read").is_some() {}
    say(&mut world, module, 6_000 * MS, "AT+PING=\"192.168.1.77\"\r\n");
    let mut said = Vec::new();
    for ms in 6_000..7_500 {
        world.advance(module, ms * MS).expect("advance");
        for frame in received(&mut world, port) {
            let from: [u8; 6] = frame.bytes[6..12].try_into().expect("six bytes");
            let address: [u8; 4] = MODULE;
            let answer = match (frame.bytes[12..14] == [8, 6], frame.bytes[..6] == MAC) {
                (true, _) if frame.bytes[38..42] == ADDRESS => arp_answer(from, address),
                (false, true) => echo(from, address, 0, &frame.bytes[38..]),
                _ => continue,
            };
            // It thinks for up to a millisecond.
            world.lan_send(port, frame.at.max(Instant::from_nanos(ms * MS)), &answer).expect("an answer");
        }
        said.extend(std::iter::from_fn(|| world.uart_read(module).expect("uart_read")).map(|b| b.byte));
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains("+PING:") && said.ends_with("OK\r\n"), "the module says: {said}");
}

#[test]
fn device_that_was_unplugged_hears_nothing_and_cables_keep_their_numbers() {
    let (mut world, module, port) = joined();
    world.lan_detach(port).expect("unplug");
    assert!(matches!(
        world.lan_send(port, Instant::from_nanos(6_000 * MS), &arp_request()),
        Err(Error::Lan(_))
    ));
    assert!(matches!(world.lan_read(port), Err(Error::Lan(_))));
    let other = world.lan_attach("home").expect("another cable");
    assert_eq!(other.index(), 1);
    ping(&mut world, module, other, 6_100 * MS);
    world.finish();
    let log = String::from_utf8(world.take_log()).expect("a text");
    assert_eq!(replay(&log, Recording::default()).expect("a replay").is_same(), Some(true));
}

#[test]
fn frames_that_come_too_late_or_are_none_are_refused_and_change_nothing() {
    let (mut world, module, port) = joined();
    let digest = world.digest();
    let at = |ns| Instant::from_nanos(ns);
    let late = world.lan_send(port, at(6_000 * MS - 101 * US), &arp_request());
    let late = late.expect_err("it has arrived before the module's present").to_string();
    assert!(late.contains("100 us later"), "{late}");
    for length in [0, 13, 1519] {
        let why = world.lan_send(port, at(6_000 * MS), &vec![0; length]).expect_err("no frame").to_string();
        assert!(why.contains("14 to 1518 bytes"), "{why}");
    }
    let why = world.lan_attach("hoem").expect_err("no access point").to_string();
    assert!(why.contains("this world has home") && why.contains("did you mean `home`"), "{why}");
    assert!(world.lan_send(port, at(u64::MAX), &arp_request()).is_err());
    assert_eq!(world.digest(), digest, "the refused ones did something");
    world.lan_send(port, at(6_000 * MS - 100 * US), &arp_request()).expect("just in time");
    world.advance(module, 6_010 * MS).expect("advance");
    assert_ne!(world.digest(), digest, "the one that was taken did nothing");
}

#[test]
fn world_with_a_device_is_restored_with_its_cable() {
    let (mut world, module, port) = joined();
    world.lan_send(port, Instant::from_nanos(6_000 * MS), &arp_request()).expect("a request");
    let saved = String::from_utf8(world.snapshot().expect("a snapshot")).expect("a text");
    let mut other = restore(&saved, recording()).expect("restored");
    let (one, two) = (ping(&mut world, module, port, 6_050 * MS), ping(&mut other, module, port, 6_050 * MS));
    assert_eq!((one, world.digest()), (two, other.digest()));
}

/// An answer of a DHCP server at the device's address: the message type, the address, the lease in seconds.
fn dhcp_answer(request: &[u8], kind: u8, address: [u8; 4], seconds: u32) -> Vec<u8> {
    let (mac, xid) = (&request[6..12], &request[46..50]);
    let mut bootp = [&[2, 1, 6, 0][..], xid, &[0; 8], &address, &[0; 8], mac, &[0; 10], &[0; 192]].concat();
    bootp.extend([0x63, 0x82, 0x53, 0x63, 53, 1, kind, 54, 4]);
    bootp.extend([&ADDRESS[..], &[51, 4], &seconds.to_be_bytes(), &[1, 4, 255, 255, 255, 0, 255]].concat());
    let udp = [&[0, 67, 0, 68][..], &(8 + bootp.len() as u16).to_be_bytes(), &[0, 0], &bootp].concat();
    let length = (20 + udp.len() as u16).to_be_bytes();
    let mut ip = [&[0x45, 0][..], &length, &[0, 1, 0, 0, 64, 17, 0, 0], &ADDRESS, &[255; 4]].concat();
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum);
    ethernet([0xff; 6], 0x0800, &[ip, udp].concat())
}

#[test]
fn an_address_that_the_server_takes_back_while_it_is_checked_is_never_told() {
    const FIRST: [u8; 4] = [192, 168, 1, 201];
    const SECOND: [u8; 4] = [192, 168, 1, 202];
    let text = Scenario::default_text().replacen("[ap.home]", "[ap.home]\ndhcp-answers = \"none\"", 1);
    let scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let mut world = World::new(&scenario, Some(3), recording()).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("the module");
    let port = world.lan_attach("home").expect("a cable");
    say(&mut world, module, 1_000 * MS, "AT+CWMODE=1\r\n");
    say(&mut world, module, 1_100 * MS, "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n");
    let (mut said, mut taken_back) = (Vec::new(), None);
    for ms in 1_100..9_000 {
        world.advance(module, ms * MS).expect("advance");
        for LanFrame { at, bytes } in received(&mut world, port) {
            let asks = bytes.len() > 285 && bytes[12..14] == [8, 0] && bytes[34..38] == [0, 68, 0, 67];
            if !asks {
                continue;
            }
            let at = at.max(Instant::from_nanos(ms * MS));
            // The option that comes first is the type of the message: 1 looks for servers, 3 asks for an address, and
            // says in `ciaddr` which one it has already.
            let (kind, has) = (bytes[284], bytes[54..58] == FIRST);
            let answer = match (kind, has, taken_back) {
                (1, _, None) => dhcp_answer(&bytes, 2, FIRST, 1),
                (3, false, None) => dhcp_answer(&bytes, 5, FIRST, 1),
                // A lease of a second is renewed at once, while the module still looks whether the address is free.
                (3, true, _) => {
                    taken_back = Some(at);
                    dhcp_answer(&bytes, 6, [0; 4], 0)
                }
                (1, _, Some(_)) => dhcp_answer(&bytes, 2, SECOND, 3600),
                (3, _, Some(_)) => dhcp_answer(&bytes, 5, SECOND, 3600),
                _ => continue,
            };
            world.lan_send(port, at, &answer).expect("an answer");
        }
        let bytes = std::iter::from_fn(|| world.uart_read(module).expect("uart_read"));
        said.extend(bytes.map(|byte| (byte.at, byte.byte)));
    }
    let text = String::from_utf8(said.iter().map(|(_, byte)| *byte).collect()).expect("text");
    let taken_back = taken_back.expect("the module renewed the lease of a second");
    assert_eq!(text.matches("WIFI GOT IP").count(), 1, "{text}");
    let (at, _) = said[text.find("WIFI GOT IP").expect("it got one")];
    assert!(at > taken_back, "it told of an address that was taken back at {taken_back}, at {at}: {text}");
    assert!(!text.contains("ERROR") && text.ends_with("OK\r\n"), "the join went on and worked out: {text}");
    let state = world.module_state(module).expect("a state").to_string();
    assert_eq!(state, "joined 'home' as 192.168.1.202");
}

/// A run with a line of the console, then a device that asks who has an address: its capture and packets, taken all along or
/// at the end, and the world at its end.
fn captured(all_along: bool) -> (Vec<u8>, Vec<Packet>, World) {
    let scenario = Scenario::parse("test.toml", Scenario::default_text()).expect("the built-in scenario");
    let recording = Recording { capture: true, packets: true, log: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(3), recording).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("the module");
    let (mut capture, mut packets) = (Vec::new(), Vec::new());
    for ms in (0..800).step_by(10) {
        world.advance(module, ms * MS).expect("advance");
        match ms {
            200 => drop(world.console("link wifi latency 3ms").expect("a change")),
            300 => assert_eq!(world.lan_attach("home").expect("a cable").index(), 0),
            500 => {
                let port = world.lan_attach("home").expect("another cable");
                world.lan_send(port, Instant::from_nanos(ms * MS), &arp_request()).expect("a request");
            }
            _ => {}
        }
        if all_along {
            capture.extend(world.take_capture());
            packets.extend(world.take_packets());
        }
    }
    world.finish();
    capture.extend(world.take_capture());
    packets.extend(world.take_packets());
    (capture, packets, world)
}

/// Names of the interfaces of a pcapng file, in its order.
fn interfaces_of(capture: &[u8]) -> Vec<String> {
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
    let (mut names, mut rest) = (Vec::new(), capture);
    while rest.len() >= 12 {
        let (block, after) = rest.split_at(number(&rest[4..]));
        if number(block) == 1 {
            // Behind type, length, link type and snapshot length: the option of the name, 2, and its length.
            assert_eq!(block[16..18], [2, 0], "an interface without a name");
            let length = usize::from(block[18]);
            names.push(String::from_utf8(block[20..20 + length].to_vec()).expect("a name"));
        }
        rest = after;
    }
    names
}

#[test]
fn each_packet_in_a_cable_is_of_an_interface_with_the_same_number_in_the_capture_and_as_a_value() {
    let (capture, packets, mut world) = captured(false);
    let names: Vec<String> = world.interfaces().iter().map(|interface| interface.name.clone()).collect();
    assert_eq!(names, interfaces_of(&capture));
    assert!(names.ends_with(&["console".to_owned(), "lan0".to_owned(), "lan1".to_owned()]), "{names:?}");
    let at = |packet: &Packet| world.interface(packet.seen.interface()).expect("it is there").name.clone();
    let in_cables: Vec<String> = packets.iter().map(at).filter(|name| name.starts_with("lan")).collect();
    assert_eq!(in_cables, ["lan0", "lan1"], "the request, which the other device gets, too");
    let error = world.interface(names.len()).expect_err("there is no more").to_string();
    assert!(error.contains("there is no interface "), "{error}");

    let (other, same, _) = captured(true);
    assert!(other == capture, "when the capture is taken changes it");
    assert_eq!(same, packets);

    let log = String::from_utf8(world.take_log()).expect("a text");
    let page = Report::of(&log, "lan.espat-log", Vec::new()).unwrap_or_else(|e| panic!("{e}"));
    let page = page.html().expect("a page");
    assert!(page.contains("\"lan0\"") && page.contains("\"lan1\""), "the report lacks what passed in cables");
}
