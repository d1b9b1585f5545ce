//! What hosts and their services have to tell: values, and the sentences that they are for people.

mod mqtt;
mod service;
mod websocket;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use super::stack::CloseReason;
use super::tls::Version;
pub use mqtt::{MqttEnd, MqttEvent, MqttNews};
pub use service::{ExternalEvent, ExternalNews, LoadEvent, LoadNews, ScriptEvent, ScriptNews, ToxicEvent};
pub use websocket::{WebSocketEnd, WebSocketEvent, WebSocketNews};

/// Most bytes of what was received that a sentence shows.
const EXCERPT: usize = 200;

/// Something that a host or one of its services has done or met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostEvent {
    /// It has come to a module's softAP, left it, or has an address.
    Station(GuestEvent),
    /// Its HTTP server has answered.
    Http(RequestEvent),
    /// Its update server has.
    Update(RequestEvent),
    /// A connection that it accepted as a terminal, or dialled.
    TcpTerminal(TcpEvent),
    /// A datagram of its terminal.
    UdpTerminal(UdpEvent),
    /// A connection to its echo server.
    TcpEcho(TcpEchoEvent),
    /// A datagram to its echo server.
    UdpEcho(UdpEchoEvent),
    /// Its DNS server was asked.
    Dns(QuestionEvent),
    /// Its time server was asked.
    Sntp(SntpEvent),
    /// A handshake of TLS is over.
    Tls(TlsEvent),
    /// A connection to its discard server.
    Discard(LoadEvent),
    /// A connection to its source.
    Source(LoadEvent),
    /// A connection to its scripted peer.
    Script(ScriptEvent),
    /// A connection to a real program.
    External(ExternalEvent),
    /// A toxic has done something to a connection.
    Toxic(ToxicEvent),
    /// Something about a client of its MQTT broker.
    Mqtt(MqttEvent),
    /// Something about a client of its WebSocket server.
    WebSocket(WebSocketEvent),
}

impl fmt::Display for HostEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostEvent::Station(event) => event.fmt(f),
            HostEvent::Http(event) | HostEvent::Update(event) => event.fmt(f),
            HostEvent::TcpTerminal(event) => event.fmt(f),
            HostEvent::UdpTerminal(event) => event.fmt(f),
            HostEvent::TcpEcho(event) => event.fmt(f),
            HostEvent::UdpEcho(event) => event.fmt(f),
            HostEvent::Dns(event) => event.fmt(f),
            HostEvent::Sntp(event) => event.fmt(f),
            HostEvent::Tls(event) => event.fmt(f),
            HostEvent::Discard(event) | HostEvent::Source(event) => event.fmt(f),
            HostEvent::Script(event) => event.fmt(f),
            HostEvent::External(event) => event.fmt(f),
            HostEvent::Toxic(event) => event.fmt(f),
            HostEvent::Mqtt(event) => event.fmt(f),
            HostEvent::WebSocket(event) => event.fmt(f),
        }
    }
}

/// A host on its way between its LAN and the softAP of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestEvent {
    /// It is on the softAP of the module of this name.
    Joined(String),
    /// That has not let it in.
    NotLetIn {
        /// The module's name.
        module: String,
        /// Why, such as `wrong password`.
        why: String,
    },
    /// It is no longer there.
    Left(String),
    /// It was leased an address.
    Address(Ipv4Addr),
}

impl fmt::Display for GuestEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GuestEvent::Joined(module) => write!(f, "joined the softAP of module '{module}'"),
            GuestEvent::NotLetIn { module, why } => write!(f, "not let in by module '{module}': {why}"),
            GuestEvent::Left(module) => write!(f, "left the softAP of module '{module}'"),
            GuestEvent::Address(address) => write!(f, "has the address {address}"),
        }
    }
}

/// An HTTP request and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestEvent {
    /// Who asked.
    pub peer: SocketAddr,
    /// The status of the answer, such as 200.
    pub status: u16,
    /// What was asked for; `None`: that could not be read.
    pub request: Option<Asked>,
}

/// What an HTTP request asked for, and what it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Such as `GET`.
    pub method: String,
    /// Such as `/status`, with the query behind its `?`.
    pub target: String,
    /// Those of its headers that are told of: names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Bytes of the request's body.
    pub body: u64,
    /// The body's CRC-32.
    pub crc: u32,
    /// The body, or as much of it as is kept.
    pub content: Vec<u8>,
    /// Bytes of the answer's body.
    pub sent: usize,
}

impl fmt::Display for RequestEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RequestEvent { peer, status, request } = self;
        let Some(Asked { method, target, headers, body, crc, content, sent }) = request else {
            return write!(f, "bad request from {peer} -> {status}");
        };
        write!(f, "{method} {target} from {peer} -> {status}, {sent} bytes")?;
        if *body > 0 {
            write!(f, ", body of {body} bytes read")?;
        }
        if !content.is_empty() {
            write!(f, ": {}", excerpt(content))?;
        }
        for (name, value) in headers {
            write!(f, ", {name}: {}", excerpt(value.as_bytes()))?;
        }
        if *body > 0 { write!(f, ", {}", Crc(*crc)) } else { Ok(()) }
    }
}

/// Something about a TCP connection of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpEvent {
    /// It is open.
    Connected {
        /// The other end.
        peer: SocketAddr,
        /// True: this host has dialled. False: the other end has.
        dialled: bool,
    },
    /// This host has dialled in vain.
    NotConnected {
        /// Whom; `None` when that has no address.
        peer: Option<SocketAddr>,
        /// Why, such as `refused`.
        why: String,
    },
    /// The other end has dialled and was gone before the connection was there.
    NotAccepted {
        /// The other end.
        peer: SocketAddr,
        /// Why.
        why: CloseReason,
    },
    /// Data has arrived.
    Received {
        /// The other end.
        peer: SocketAddr,
        /// All of it.
        data: Vec<u8>,
    },
    /// Data that this host was to send has found no room.
    Dropped {
        /// The other end.
        peer: SocketAddr,
        /// Bytes.
        bytes: usize,
        /// How many wait already.
        waiting: usize,
    },
    /// It is over.
    Ended {
        /// The other end.
        peer: SocketAddr,
        /// How.
        how: Ending,
        /// Bytes that have arrived on it.
        received: u64,
        /// Their CRC-32.
        crc: u32,
    },
    /// This host was told to do something to its connections, and has none.
    Nothing(Order),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// This host closes it.
    Closed,
    /// This host resets it.
    Reset,
    /// The other end has closed it.
    PeerClosed,
    /// The other end has reset it.
    PeerReset,
    /// It is over for another reason.
    Over(CloseReason),
}

/// What a host can be told to do to its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// To send.
    Send,
    /// To close them.
    Close,
    /// To reset them.
    Reset,
}

impl fmt::Display for TcpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TcpEvent::Connected { peer, dialled: true } => write!(f, "connected to {peer}"),
            TcpEvent::Connected { peer, dialled: false } => write!(f, "connection from {peer}"),
            TcpEvent::NotConnected { peer: Some(peer), why } => write!(f, "not connected to {peer}: {why}"),
            TcpEvent::NotConnected { peer: None, why } => write!(f, "not connected: {why}"),
            TcpEvent::NotAccepted { peer, why } => {
                write!(f, "no connection after all from {peer}: {why}")
            }
            TcpEvent::Received { peer, data } => received(f, *peer, data),
            TcpEvent::Dropped { peer, bytes, waiting } => {
                write!(f, "{bytes} bytes for {peer} dropped: {waiting} bytes wait already")
            }
            TcpEvent::Ended { peer, how, received, crc } => {
                match how {
                    Ending::Closed => write!(f, "closed {peer} after {received} bytes")?,
                    Ending::Reset => write!(f, "reset {peer} after {received} bytes")?,
                    Ending::PeerClosed => write!(f, "{peer} closed after {received} bytes")?,
                    Ending::PeerReset => write!(f, "{peer} reset after {received} bytes")?,
                    Ending::Over(why) => write!(f, "{peer} ended after {received} bytes: {why}")?,
                }
                if *received > 0 { write!(f, ", {}", Crc(*crc)) } else { Ok(()) }
            }
            TcpEvent::Nothing(Order::Send) => f.write_str("nothing sent: no connection"),
            TcpEvent::Nothing(Order::Close) => f.write_str("nothing closed: no connection"),
            TcpEvent::Nothing(Order::Reset) => f.write_str("nothing reset: no connection"),
        }
    }
}

/// Something about a connection to an echo server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpEchoEvent {
    /// It is open.
    Connected {
        /// The other end.
        peer: SocketAddr,
    },
    /// It is over.
    Ended {
        /// The other end.
        peer: SocketAddr,
        /// True: the other end has closed it in good order.
        closed: bool,
        /// Bytes that have arrived and gone back.
        received: u64,
    },
}

impl fmt::Display for TcpEchoEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TcpEchoEvent::Connected { peer } => write!(f, "connection from {peer}"),
            TcpEchoEvent::Ended { peer, closed, received } => {
                let how = if *closed { "closed" } else { "ended" };
                write!(f, "{peer} {how} after {received} bytes")
            }
        }
    }
}

/// Something about datagrams of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UdpEvent {
    /// One has arrived.
    Received {
        /// Its sender.
        peer: SocketAddr,
        /// All of it.
        data: Vec<u8>,
    },
    /// One that this host was to send was not.
    NotSent {
        /// To whom; `None` when that has no address.
        peer: Option<SocketAddr>,
        /// Why.
        why: String,
    },
}

impl fmt::Display for UdpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UdpEvent::Received { peer, data } => received(f, *peer, data),
            UdpEvent::NotSent { peer: Some(peer), why } => write!(f, "nothing sent to {peer}: {why}"),
            UdpEvent::NotSent { peer: None, why } => write!(f, "nothing sent: {why}"),
        }
    }
}

/// Something about a datagram to an echo server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UdpEchoEvent {
    /// It was sent back.
    Echoed {
        /// Its sender.
        peer: SocketAddr,
        /// Its length.
        bytes: usize,
    },
    /// It could not be sent back.
    Lost {
        /// Its sender.
        peer: SocketAddr,
        /// Its length.
        bytes: usize,
        /// Why.
        why: String,
    },
}

impl fmt::Display for UdpEchoEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UdpEchoEvent::Echoed { peer, bytes } => write!(f, "{bytes} bytes from {peer}"),
            UdpEchoEvent::Lost { peer, bytes, why } => write!(f, "{bytes} bytes from {peer} lost: {why}"),
        }
    }
}

/// A question to a DNS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionEvent {
    /// Who asks.
    pub peer: SocketAddr,
    /// The name, such as `www.example.com`.
    pub name: String,
    /// The type of record, such as `AAAA`.
    pub record: String,
}

impl fmt::Display for QuestionEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} from {}", self.name, self.record, self.peer)
    }
}

/// A datagram to a time server, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SntpEvent {
    /// Who sent it.
    pub peer: SocketAddr,
    /// What came of it.
    pub answer: SntpAnswer,
}

/// How a time server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SntpAnswer {
    /// With the time, in seconds since 1970.
    Time(u64),
    /// With a kiss-of-death.
    KissOfDeath,
    /// Not, because it is silent.
    Silent,
    /// Not: a datagram of so many bytes is no question.
    NoQuestion(usize),
    /// Not, because the answer could not be sent.
    NotSent(String),
}

impl fmt::Display for SntpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer;
        match &self.answer {
            SntpAnswer::Time(seconds) => write!(f, "asked by {peer} -> {seconds} s since 1970"),
            SntpAnswer::KissOfDeath => write!(f, "asked by {peer} -> kiss-of-death"),
            SntpAnswer::Silent => write!(f, "asked by {peer}, silent"),
            SntpAnswer::NoQuestion(bytes) => write!(f, "{bytes} bytes from {peer} are no question"),
            SntpAnswer::NotSent(why) => write!(f, "asked by {peer}, not answered: {why}"),
        }
    }
}

/// The end of a handshake of TLS, with a client or a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsEvent {
    /// The other end.
    pub peer: SocketAddr,
    /// The version and the number (IANA) of the cipher suite; or why there is no session.
    pub outcome: Result<(Version, u16), CloseReason>,
}

impl TlsEvent {
    /// The outcome in words: `TLS 1.2, suite 0xc030`, or the reason of the failure.
    pub fn outcome(&self) -> String {
        match self.outcome {
            Ok((version, suite)) => format!("{version}, suite 0x{suite:04x}"),
            Err(CloseReason::Tls(failure)) => failure.to_string(),
            Err(CloseReason::TlsSetup(error)) => error.to_string(),
            Err(other) => other.to_string(),
        }
    }
}

impl fmt::Display for TlsEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.outcome.is_ok() { "session" } else { "failed" };
        write!(f, "{what} with {}: {}", self.peer, self.outcome())
    }
}

/// The beginning of some data.
fn excerpt(data: &[u8]) -> String {
    let more = if data.len() > EXCERPT { "..." } else { "" };
    format!("{}{more}", quoted(&data[..data.len().min(EXCERPT)]))
}

fn received(f: &mut fmt::Formatter<'_>, from: SocketAddr, data: &[u8]) -> fmt::Result {
    write!(f, "received from {from}: {}, {} bytes", excerpt(data), data.len())
}

/// A name as one word: as it is, or in quotes where that would be none.
fn word(name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if plain { name.to_owned() } else { quoted(name.as_bytes()) }
}

/// A checksum in a sentence.
struct Crc(u32);

impl fmt::Display for Crc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CRC-32 {:08x}", self.0)
    }
}

/// Bytes as one line of printable ASCII, in quotes: `"` and `\` behind a backslash, `\r`, `\n` and `\t`, other
/// bytes as `\xNN`.
pub fn quoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for byte in bytes {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => text.push_str(&format!("\\x{other:02x}")),
        }
    }
    text.push('"');
    text
}
