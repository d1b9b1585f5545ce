//! What a frame is, in a few words for people: for a trace, and for a page that shows a run.
//!
//! Wireshark knows more; this says who sends what to whom. What cannot be read is named as what it still is.

use std::net::{IpAddr, SocketAddr};

use simple_dns::rdata::RData;
use simple_dns::{PacketFlag, QTYPE, RCODE};
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, DhcpMessageType, DhcpPacket, DhcpRepr, EthernetFrame, EthernetProtocol,
    Icmpv4Message, Icmpv4Packet, Icmpv6Message, Icmpv6Packet, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket,
    UdpPacket,
};

use super::dns_message::parse_checked;

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dissected<'a> {
    /// The protocol, as Wireshark's column has it: `ARP`, `DHCP`, `DNS`, `TCP`, `TLS`.
    pub protocol: &'static str,
    /// Who sends it to whom, port 0 where there are none; `None` below IP.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// What it says: `SYN ACK`, `question www.example.com A`, `PSH ACK, 69 bytes`.
    pub info: String,
    /// What TCP or UDP carries.
    pub payload: &'a [u8],
    /// Of TCP the place of its first byte in the stream, and how many places it takes: a SYN and a FIN take one, too.
    pub places: Option<(u32, u32)>,
}

/// Who sends it to whom, and what: `192.168.1.100:49153 > 203.0.113.10:80 TCP SYN`.
impl std::fmt::Display for Dissected<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some((from, to)) = self.ends {
            write!(f, "{} > {} ", end(from), end(to))?;
        }
        f.write_str(self.protocol)?;
        if self.info.is_empty() { Ok(()) } else { write!(f, " {}", self.info) }
    }
}

/// An end without the port that it has none of.
pub fn end(of: SocketAddr) -> String {
    if of.port() == 0 { of.ip().to_string() } else { of.to_string() }
}

/// Says what `bytes` are: an Ethernet frame, or with `raw_ip` an IP packet.
pub fn dissect(bytes: &[u8], raw_ip: bool) -> Dissected<'_> {
    let cut = |protocol| plain(protocol, None, format!("{} bytes, cut off", bytes.len()));
    if raw_ip {
        return ip(bytes).unwrap_or_else(|| cut("IP"));
    }
    let Ok(frame) = EthernetFrame::new_checked(bytes) else { return cut("Ethernet") };
    match frame.ethertype() {
        EthernetProtocol::Arp => arp(frame.payload()).unwrap_or_else(|| cut("ARP")),
        EthernetProtocol::Ipv4 | EthernetProtocol::Ipv6 => ip(frame.payload()).unwrap_or_else(|| cut("IP")),
        EthernetProtocol::Unknown(kind) => plain("Ethernet", None, format!("type 0x{kind:04x}")),
    }
}

fn plain<'a>(protocol: &'static str, ends: Option<(SocketAddr, SocketAddr)>, info: String) -> Dissected<'a> {
    Dissected { protocol, ends, info, payload: &[], places: None }
}

fn arp(bytes: &[u8]) -> Option<Dissected<'_>> {
    let ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr,
        source_protocol_addr,
        target_protocol_addr,
        ..
    } = ArpRepr::parse(&ArpPacket::new_checked(bytes).ok()?).ok()?
    else {
        return None;
    };
    let mac = source_hardware_addr.0.map(|byte| format!("{byte:02x}")).join(":");
    let info = match operation {
        ArpOperation::Request if source_protocol_addr == target_protocol_addr => {
            format!("{source_protocol_addr} is at {mac} (announcement)")
        }
        ArpOperation::Request => format!("who has {target_protocol_addr}? {source_protocol_addr} asks"),
        _ => format!("{source_protocol_addr} is at {mac}"),
    };
    Some(plain("ARP", None, info))
}

fn ip(bytes: &[u8]) -> Option<Dissected<'_>> {
    let (from, to, protocol, payload): (IpAddr, IpAddr, _, _) = match bytes.first()? >> 4 {
        6 => {
            let packet = Ipv6Packet::new_checked(bytes).ok()?;
            (packet.src_addr().into(), packet.dst_addr().into(), packet.next_header(), packet.payload())
        }
        _ => {
            let packet = Ipv4Packet::new_checked(bytes).ok()?;
            let ends =
                (SocketAddr::new(packet.src_addr().into(), 0), SocketAddr::new(packet.dst_addr().into(), 0));
            if packet.frag_offset() > 0 {
                let info = format!("fragment from byte {} on", packet.frag_offset());
                return Some(plain("IPv4", Some(ends), info));
            }
            (packet.src_addr().into(), packet.dst_addr().into(), packet.next_header(), packet.payload())
        }
    };
    let ends = |from_port, to_port| Some((SocketAddr::new(from, from_port), SocketAddr::new(to, to_port)));
    match protocol {
        IpProtocol::Tcp => tcp(payload, ends),
        IpProtocol::Udp => udp(payload, ends),
        IpProtocol::Icmp => Some(plain("ICMP", ends(0, 0), icmp(payload)?)),
        IpProtocol::Icmpv6 => Some(plain("ICMPv6", ends(0, 0), icmpv6(payload)?)),
        IpProtocol::Igmp => Some(plain("IGMP", ends(0, 0), String::new())),
        other => Some(plain("IP", ends(0, 0), format!("{other}, {} bytes", payload.len()))),
    }
}

type Ends = Option<(SocketAddr, SocketAddr)>;

fn tcp(bytes: &[u8], ends: impl Fn(u16, u16) -> Ends) -> Option<Dissected<'_>> {
    let packet = TcpPacket::new_checked(bytes).ok()?;
    let flags = [
        (packet.syn(), "SYN"),
        (packet.fin(), "FIN"),
        (packet.rst(), "RST"),
        (packet.psh(), "PSH"),
        (packet.ack(), "ACK"),
    ];
    let flags: Vec<&str> = flags.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    let payload = packet.payload();
    let mut info = flags.join(" ");
    if !payload.is_empty() {
        info.push_str(&format!(", {}", count(payload.len())));
    } else if packet.window_len() == 0 && !packet.rst() {
        info.push_str(", window 0");
    }
    let record = tls_record(payload);
    if let Some(record) = record {
        info = format!("{record}, {}", count(payload.len()));
    }
    let places = payload.len() as u32 + u32::from(packet.syn()) + u32::from(packet.fin());
    Some(Dissected {
        protocol: if record.is_some() { "TLS" } else { "TCP" },
        ends: ends(packet.src_port(), packet.dst_port()),
        info,
        payload,
        // The number of a segment is 32 bits that wrap around.
        places: Some((packet.seq_number().0 as u32, places)),
    })
}

/// What record of TLS begins here (RFC 5246, 6.2.1 and 7.4).
fn tls_record(payload: &[u8]) -> Option<&'static str> {
    let (kind, rest) = match payload {
        [kind @ 20..=23, 3, 0..=4, _, _, rest @ ..] => (*kind, rest),
        _ => return None,
    };
    Some(match (kind, rest.first()?) {
        (20, _) => "Change Cipher Spec",
        (21, _) => "Alert",
        (22, 1) => "Client Hello",
        (22, 2) => "Server Hello",
        (22, 11) => "Certificate",
        (22, 12) => "Server Key Exchange",
        (22, 13) => "Certificate Request",
        (22, 14) => "Server Hello Done",
        (22, 16) => "Client Key Exchange",
        (22, _) => "Handshake",
        (_, _) => "Application Data",
    })
}

fn udp(bytes: &[u8], ends: impl Fn(u16, u16) -> Ends) -> Option<Dissected<'_>> {
    let packet = UdpPacket::new_checked(bytes).ok()?;
    let (from, to, payload) = (packet.src_port(), packet.dst_port(), packet.payload());
    let at = |port| from == port || to == port;
    let (protocol, info) = match payload {
        _ if at(53) => ("DNS", dns(payload)),
        _ if at(5353) => ("mDNS", dns(payload)),
        _ if at(67) || at(68) => ("DHCP", dhcp(payload)),
        [first, ..] if at(123) => {
            ("NTP", Some(if first & 7 == 4 { "answer" } else { "question" }.to_owned()))
        }
        _ => ("UDP", None),
    };
    let info = info.unwrap_or_else(|| count(payload.len()));
    Some(Dissected { protocol, ends: ends(from, to), info, payload, places: None })
}

fn count(bytes: usize) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

fn dhcp(payload: &[u8]) -> Option<String> {
    let packet = DhcpPacket::new_checked(payload).ok()?;
    let repr = DhcpRepr::parse(&packet).ok()?;
    Some(match repr.message_type {
        DhcpMessageType::Discover => "discover".to_owned(),
        DhcpMessageType::Offer => format!("offer {}", repr.your_ip),
        DhcpMessageType::Request => {
            repr.requested_ip.map_or("request".to_owned(), |address| format!("request {address}"))
        }
        DhcpMessageType::Decline => "decline".to_owned(),
        DhcpMessageType::Ack => format!("ACK {}", repr.your_ip),
        DhcpMessageType::Nak => "NAK".to_owned(),
        DhcpMessageType::Release => "release".to_owned(),
        DhcpMessageType::Inform => "inform".to_owned(),
        DhcpMessageType::Unknown(kind) => format!("message type {kind}"),
    })
}

fn dns(payload: &[u8]) -> Option<String> {
    let packet = parse_checked(payload).ok()?;
    let asked = packet.questions.iter().map(|question| match question.qtype {
        QTYPE::TYPE(kind) => format!("{} {kind:?}", question.qname),
        other => format!("{} {other:?}", question.qname),
    });
    let asked = asked.collect::<Vec<String>>().join(", ");
    if !packet.has_flags(PacketFlag::RESPONSE) {
        return Some(format!("question {asked}"));
    }
    let answers: Vec<String> = packet
        .answers
        .iter()
        .filter_map(|answer| match &answer.rdata {
            RData::A(a) => Some(std::net::Ipv4Addr::from(a.address).to_string()),
            RData::AAAA(a) => Some(std::net::Ipv6Addr::from(a.address).to_string()),
            RData::CNAME(name) => Some(name.0.to_string()),
            _ => None,
        })
        .collect();
    let outcome = match packet.rcode() {
        RCODE::NoError if answers.is_empty() => format!("{} records", packet.answers.len()),
        RCODE::NoError => answers.join(", "),
        other => format!("{other:?}"),
    };
    Some(if asked.is_empty() { format!("answer {outcome}") } else { format!("answer {asked}: {outcome}") })
}

fn icmp(bytes: &[u8]) -> Option<String> {
    let packet = Icmpv4Packet::new_checked(bytes).ok()?;
    Some(match packet.msg_type() {
        Icmpv4Message::EchoRequest => "echo request".to_owned(),
        Icmpv4Message::EchoReply => "echo reply".to_owned(),
        Icmpv4Message::DstUnreachable => format!("unreachable, code {}", packet.msg_code()),
        Icmpv4Message::TimeExceeded => "time exceeded".to_owned(),
        other => other.to_string(),
    })
}

fn icmpv6(bytes: &[u8]) -> Option<String> {
    let packet = Icmpv6Packet::new_checked(bytes).ok()?;
    Some(match packet.msg_type() {
        Icmpv6Message::EchoRequest => "echo request".to_owned(),
        Icmpv6Message::EchoReply => "echo reply".to_owned(),
        Icmpv6Message::DstUnreachable => format!("unreachable, code {}", packet.msg_code()),
        other => other.to_string(),
    })
}
