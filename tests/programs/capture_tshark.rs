//! The capture, read back by the real tshark: what Wireshark's users will see.
use std::net::IpAddr;

use crate::wireshark::{complaints, fields, run, tshark};
use espat_sim::capture::{Capture, InterfaceKind, Mark, PacketKind, Packetizer, Side, UartPacket};
use espat_sim::time::Instant;

/// 2026-01-01T00:00:00Z.
const EPOCH: u64 = 1_767_225_600;

/// A capture with one UART.
fn with_uart() -> (Capture, usize) {
    let mut capture = Capture::new("espat-sim test", EPOCH);
    let uart = capture.add_interface("wifi/uart", "UART between the MCU and wifi", InterfaceKind::Uart);
    (capture, uart)
}

/// A capture of the given packets, 1 ms apart.
fn uart_capture(packets: &[(Side, PacketKind, Vec<u8>)]) -> Vec<u8> {
    let (mut capture, uart) = with_uart();
    for (n, (from, kind, bytes)) in packets.iter().enumerate() {
        let at = Instant::from_nanos(n as u64 * 1_000_000);
        capture.uart(
            uart,
            &UartPacket { since: at, at, from: *from, kind: *kind, bytes: bytes.clone() },
            None,
        );
    }
    capture.take()
}

/// A session as a driver leads it, with echo, every kind of reply and both kinds of payload.
const SESSION: &[(Side, &str)] = &[
    (Side::Module, "\r\nready\r\n"),
    (Side::Mcu, "AT\r\n"),
    (Side::Module, "AT\r\n\r\nOK\r\n"),
    (Side::Mcu, "ATE0\r\n"),
    (Side::Module, "ATE0\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+GMR\r\n"),
    (Side::Module, "AT version:2.3.0.0-dev(3f6a1cd - ESP32C3 - Oct 19 2021 09:32:17)\r\n"),
    (Side::Module, "SDK version:v4.3.1\r\ncompile time(3f6a1cd):Oct 19 2021 09:32:17\r\n"),
    (Side::Module, "Bin version:2.3.0(MINI-1)\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+CMD?\r\n"),
    (Side::Module, "+CMD:0,\"AT\",0,0,0,1\r\n+CMD:1,\"ATE0\",0,0,0,1\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+SYSLOG=1\r\n"),
    (Side::Module, "\r\nOK\r\n"),
    (Side::Mcu, "AT+FAKE\r\n"),
    (Side::Module, "ERR CODE:0x01090000\r\n\r\nERROR\r\n"),
    (Side::Mcu, "AT+CWMODE=1\r\n"),
    (Side::Module, "\r\nOK\r\n"),
    (Side::Mcu, "AT+CWJAP=\"home, sweet \\\"home\\\"\",\"0123456789\"\r\n"),
    (Side::Mcu, "AT+CWLAP\r\n"),
    (Side::Module, "\r\nbusy p...\r\n"),
    (Side::Module, "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+CWSTATE?\r\n"),
    (Side::Module, "+CWSTATE:2,\"home, sweet \"home\"\"\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+CIPSTA?\r\n"),
    (Side::Module, "+CIPSTA:ip:\"192.168.4.2\"\r\n+CIPSTA:gateway:\"192.168.4.1\"\r\n"),
    (Side::Module, "+CIPSTA:netmask:\"255.255.255.0\"\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+CIFSR\r\n"),
    (Side::Module, "+CIFSR:STAIP,\"192.168.4.2\"\r\n+CIFSR:STAMAC,\"02:00:00:00:00:01\"\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+CIPDOMAIN=\"www.example.com\"\r\n"),
    (Side::Module, "+CIPDOMAIN:\"10.0.0.10\"\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+PING=\"10.0.0.10\"\r\n"),
    (Side::Module, "+PING:12\r\n\r\nOK\r\n+PING:TIMEOUT\r\n\r\nERROR\r\n"),
    (Side::Mcu, "AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n"),
    (Side::Module, "CONNECT\r\n\r\nOK\r\n"),
    (Side::Mcu, "at+cipsend=4\r\n"),
    (Side::Module, "\r\nOK\r\n\r\n>"),
    (Side::Mcu, "[data]AT\0;"),
    (Side::Module, "\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n"),
    (Side::Module, "\r\n+IPD,4:"),
    (Side::Module, "[data]OK\r\n"),
    (Side::Module, "\r\n"),
    (Side::Module, "CLOSED\r\n"),
    (Side::Mcu, "AT+CIPMUX=1\r\n"),
    (Side::Module, "\r\nOK\r\n"),
    (Side::Mcu, "AT+CIPSTART=4,\"UDP\",\"10.0.0.11\",7,1112,0\r\n"),
    (Side::Module, "4,CONNECT\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+CIPSTATE?\r\n"),
    (Side::Module, "+CIPSTATE:4,\"UDP\",\"10.0.0.11\",7,1112,0\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+CIPSTATUS\r\n"),
    (Side::Module, "STATUS:3\r\n+CIPSTATUS:4,\"UDP\",\"10.0.0.11\",7,1112,0\r\n\r\nOK\r\n"),
    (Side::Mcu, "AT+CIPDINFO?\r\n"),
    (Side::Module, "+CIPDINFO:true\r\nOK\r\n"),
    (Side::Module, "\r\nSEND FAIL\r\n\r\nSEND Canceled\r\n4,CLOSED\r\n"),
    (Side::Mcu, "AT+CIPCLOSE=4\r\n"),
    (Side::Module, "+LINK_CONN:0,0,\"TCP\",0,\"10.0.0.10\",80,50000\r\n\r\n+QUITT\r\n"),
    (Side::Module, "+STA_CONNECTED:\"02:00:00:00:00:02\"\r\nHave 5 Connections\r\nNO CA FOUND\r\n"),
    (Side::Mcu, "?\r\n"),
    (Side::Module, "\r\nERROR\r\n"),
    (Side::Mcu, "AT+CWQAP\r\n"),
    (Side::Module, "WIFI DISCONNECT\r\n\r\nOK\r\nWIFI GOT IPv6 LL\r\n"),
    (Side::Mcu, "AT+RST\r\n"),
    (Side::Module, "\r\nOK\r\n\r\nWill force to restart!!!\r\n"),
];

/// The session as the packetizers cut it, one byte every 86.806 us.
fn session() -> (Vec<u8>, Vec<UartPacket>) {
    let (mut capture, uart) = with_uart();
    let mut packets = Vec::new();
    let mut ns = 0;
    for (side, text) in SESSION {
        let mut packetizer = Packetizer::new(*side);
        let (text, data) = text.strip_prefix("[data]").map_or((*text, false), |data| (data, true));
        for (n, byte) in text.bytes().enumerate() {
            ns += 86_806;
            let mark = match (data, byte, n + 1 == text.len()) {
                (true, _, false) => Mark::Data,
                (true, _, true) => Mark::DataEnd,
                (false, b'>', _) => Mark::Prompt,
                (false, _, true) => Mark::TextEnd,
                (false, _, false) => Mark::Text,
            };
            packets.extend(packetizer.push(Instant::from_nanos(ns), byte, mark));
        }
    }
    for packet in &packets {
        capture.uart(uart, packet, None);
    }
    (capture.take(), packets)
}

#[test]
fn wireshark_finds_nothing_wrong_with_a_session() {
    let (capture, _) = session();
    assert_eq!(complaints("session", &capture), Vec::<String>::new());
}

#[test]
fn every_command_of_a_session_is_found_by_at_cmd() {
    let (capture, _) = session();
    let found = fields("commands", &capture, "at.cmd && frame.p2p_dir == 0", &["at.cmd"]);
    let expected: Vec<&str> = SESSION
        .iter()
        .filter(|(side, text)| *side == Side::Mcu && text.len() > 3 && text[..2].eq_ignore_ascii_case("AT"))
        .map(|(_, text)| {
            let name = text.trim_end().split(['=', '?']).next().unwrap_or_default();
            if name == "AT" { name } else { &name[2..] }
        })
        .collect();
    assert_eq!(found, expected);
    let filter = "at.cmd == \"+CIPSTART\" && at.parameter == \"\\\"www.example.com\\\"\"";
    assert_eq!(
        fields("parameter", &capture, filter, &["_ws.col.Info"]).len(),
        1,
        "{filter} finds the command"
    );
}

#[test]
fn replies_prompts_echoes_and_payload_are_told_apart() {
    let (capture, packets) = session();
    let count = |filter: &str| fields("kinds", &capture, filter, &["frame.number"]).len();
    let is = |text: &str| {
        packets.iter().filter(|p| p.kind == PacketKind::Line && p.bytes == text.as_bytes()).count()
    };
    assert_eq!(count("at.cmd == \"OK\""), is("\r\nOK\r\n") + is("OK\r\n"));
    assert_eq!(count("at.cmd == \"ERROR\""), is("\r\nERROR\r\n"));
    assert_eq!(count("at.cmd == \"+IPD,4\""), 1);
    assert_eq!(count("at.cmd == \">\""), 1, "the prompt");
    assert_eq!(
        count("data-text-lines contains \"AT\" && frame.p2p_dir == 1"),
        3,
        "two echoes and AT version"
    );
    let payload = fields("payload", &capture, "data", &["frame.p2p_dir", "data.data"]);
    assert_eq!(payload, ["0|4154003b", "1|4f4b0d0a", "1|0d0a"], "payload, and the CR LF after it");
    let mut protocols = fields("protocols", &capture, "frame", &["_ws.col.Protocol"]);
    assert_eq!(protocols.len(), packets.len());
    protocols.sort();
    protocols.dedup();
    assert_eq!(protocols, ["UART", "UART/AT"], "the protocol column");
}

#[test]
fn every_byte_of_a_session_is_in_the_capture_with_its_time_and_direction() {
    let (capture, packets) = session();
    let found = fields(
        "bytes",
        &capture,
        "frame",
        &["frame.time_epoch", "frame.p2p_dir", "frame.interface_name", "exported_pdu.exported_pdu"],
    );
    let expected: Vec<String> = packets
        .iter()
        .map(|p| {
            let (s, ns) = (p.at.as_nanos() / 1_000_000_000, p.at.as_nanos() % 1_000_000_000);
            let hex: String = p.bytes.iter().map(|b| format!("{b:02x}")).collect();
            format!("{}.{ns:09}|{}|wifi/uart|{hex}", EPOCH + s, u8::from(p.from == Side::Module))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn hostile_commands_are_found_and_make_nothing_malformed() {
    let mut state = 1u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let mut packets = Vec::new();
    for n in 0..1_500 {
        let mut bytes = b"AT+".to_vec();
        let length = random() % [4, 20, 300, 4_000][n % 4];
        bytes.extend((0..length).map(|_| random() as u8));
        bytes.extend(b"\r\n");
        packets.push((Side::Mcu, PacketKind::Line, bytes.clone()));
        // Whatever the module made of it comes back as a reply.
        packets.push((Side::Module, PacketKind::Line, bytes[3..].to_vec()));
        packets.push((Side::Module, PacketKind::Data, bytes));
    }
    let capture = uart_capture(&packets);
    let bad = fields(
        "hostile",
        &capture,
        "_ws.malformed || _ws.expert.severity == \"Error\"",
        &["frame.number", "_ws.col.Info"],
    );
    assert_eq!(bad, Vec::<String>::new());
    let lost = fields("hostile-cmd", &capture, "frame.p2p_dir == 0 && !at.cmd", &["frame.number"]);
    assert_eq!(lost, Vec::<String>::new(), "commands that at.cmd does not find");
    let warned = fields(
        "hostile-warn",
        &capture,
        "frame.p2p_dir == 1 && _ws.expert.severity >= \"Warning\"",
        &["frame.number", "_ws.col.Info"],
    );
    assert_eq!(warned, Vec::<String>::new(), "replies with a warning");
}

#[test]
fn a_string_with_a_semicolon_in_a_reply_starts_no_modem_command() {
    let lines: Vec<_> = ["+CWJAP:\"cat;dog\",\"x\"\r\n", "+CWSTATE:2,\"a;+CIMI: 1\"\r\n", "x;i\r\n"]
        .map(|line| (Side::Module, PacketKind::Line, line.as_bytes().to_vec()))
        .into();
    assert_eq!(complaints("semicolon", &uart_capture(&lines)), Vec::<String>::new());
}

/// A UDP datagram of 2 bytes from port 50000 to port 7, in IPv4 or IPv6 as the addresses are.
fn udp(from: &str, to: &str) -> Vec<u8> {
    let udp = [0xc3, 0x50, 0, 7, 0, 10, 0, 0, b'h', b'i'];
    let mut packet = Vec::new();
    match (from.parse().unwrap(), to.parse().unwrap()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            packet.extend([0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0]);
            packet.extend(from.octets());
            packet.extend(to.octets());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            packet.extend([0x60, 0, 0, 0, 0, 10, 17, 64]);
            packet.extend(from.octets());
            packet.extend(to.octets());
        }
        _ => panic!("{from} and {to} are of one family"),
    }
    packet.extend(udp);
    packet
}

/// The same with an Ethernet header.
fn ethernet(packet: &[u8]) -> Vec<u8> {
    let kind: [u8; 2] = if packet[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] };
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1][..], &kind, packet].concat()
}

#[test]
fn frames_show_interface_time_direction_and_comment() {
    let mut capture = Capture::new("espat-sim test", EPOCH);
    let station = capture.add_interface("wifi/sta", "station of wifi", InterfaceKind::Ethernet);
    let wan = capture.add_interface("gateway/wan", "far side of the gateway", InterfaceKind::RawIp);
    let packet = udp("192.168.4.2", "10.0.0.11");
    capture.frame(
        station,
        Instant::from_nanos(1_234_567_891),
        false,
        &ethernet(&packet),
        Some("link 0 opened"),
    );
    capture.frame(wan, Instant::from_nanos(1_234_567_892), true, &packet, None);
    capture.frame(99, Instant::ZERO, true, &packet, Some("an interface that is not there"));
    let capture = capture.take();
    let shown = fields(
        "frames",
        &capture,
        "udp.dstport == 7",
        &[
            "frame.time_epoch",
            "frame.interface_name",
            "frame.interface_description",
            "frame.packet_flags_direction",
            "frame.comment",
            "ip.dst",
        ],
    );
    assert_eq!(
        shown,
        [
            "1767225601.234567891|wifi/sta|station of wifi|0x00000002|link 0 opened|10.0.0.11",
            "1767225601.234567892|gateway/wan|far side of the gateway|0x00000001||10.0.0.11",
        ]
    );
    assert_eq!(fields("comments", &capture, "frame.comment", &["frame.number"]), ["1"]);
    assert_eq!(complaints("frames-clean", &capture), Vec::<String>::new());
}

#[test]
fn the_file_says_who_wrote_it_and_that_its_times_are_virtual() {
    let facts = run("capinfos", "header", &session().0, &[]);
    let fact =
        |name: &str| facts.iter().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    assert_eq!(fact("Capture application:"), "espat-sim test");
    assert!(fact("Capture comment:").starts_with("Times are virtual"), "{facts:#?}");
    assert_eq!(fact("File timestamp precision:"), "nanoseconds (9)");
    assert_eq!(fact("Strict time order:"), "True");
}

#[test]
fn hosts_are_shown_by_name() {
    let mut capture = Capture::new("espat-sim test", EPOCH);
    let link = capture.add_interface("wifi/sta", "station of wifi", InterfaceKind::Ethernet);
    let hosts = [
        ("10.0.0.11", "echo.example"),
        ("fd00::11", "echo6.example"),
        ("10.0.0.12", ""),
        ("10.0.0.13", "a\0b"),
        ("192.168.4.2", &"n".repeat(300)),
        ("192.168.4.2", "wifi"),
    ];
    capture.names(hosts.into_iter().map(|(address, name)| (address.parse().unwrap(), name.to_owned())));
    capture.frame(link, Instant::ZERO, false, &ethernet(&udp("192.168.4.2", "10.0.0.11")), None);
    capture.frame(link, Instant::ZERO, false, &ethernet(&udp("fd00::2", "fd00::11")), None);
    let args = ["-N", "n", "-T", "fields", "-e", "ip.src_host", "-e", "ip.dst_host", "-e", "ipv6.dst_host"];
    let shown = tshark("names", &capture.take(), &args);
    assert_eq!(shown, ["wifi\techo.example\t", "\t\techo6.example"]);
}

#[test]
fn texts_too_long_for_the_format_are_cut_and_nothing_else_is_lost() {
    let (mut capture, uart) = with_uart();
    let long = "\u{e9}".repeat(50_000);
    let at = Instant::MAX;
    let packet =
        UartPacket { since: at, at, from: Side::Mcu, kind: PacketKind::Line, bytes: b"AT\r\n".to_vec() };
    capture.uart(uart, &packet, Some(&long));
    let other = capture.add_interface(&long, &long, InterfaceKind::Uart);
    capture.uart(other, &packet, None);
    let found = fields("long", &capture.take(), "at.cmd", &["frame.interface_id", "at.cmd"]);
    assert_eq!(found, ["0|AT", "1|AT"]);
}

#[test]
fn taking_the_bytes_in_pieces_gives_the_same_file() {
    let (whole, packets) = session();
    let (mut capture, uart) = with_uart();
    let mut pieces = capture.take();
    for packet in &packets {
        capture.uart(uart, packet, None);
        pieces.extend(capture.take());
    }
    assert!(pieces == whole, "the file depends on when its bytes are taken");
    assert!(capture.take().is_empty());
}
