//! What a network is made of: plain data, filled in by the scenario.

mod dns;
mod http;
mod mqtt;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::addr::gateway_in;
pub use super::faults::{Distribution, Faults, GeModel, LARGEST_GAP, LONGEST_QUEUE, LinkFaults};
pub(crate) use super::link::SHORTEST_DRAWN;
use super::tls;
use super::toxics::Toxics;
use crate::time::Duration;
pub use dns::{DnsAnswers, DnsBehaviour, DnsConfig, DnsRecord};
pub use http::{HttpAnswer, HttpChange, Page};
pub use mqtt::{Mqtt, MqttAnswers, MqttChange, MqttRule};

/// The gateway's name among the nodes.
pub(super) const GATEWAY: &str = "gateway";

/// One LAN: the broadcast domain behind an access point. The gateway is on each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentConfig {
    /// Its name: that of the access point.
    pub name: String,
    /// The gateway's address on it; the gateway is also its DHCP and DNS server.
    pub gateway: Ipv4Addr,
    /// Bits of the network mask (8 to 30).
    pub prefix_len: u8,
    /// First and last address that DHCP leases.
    pub dhcp_range: (Ipv4Addr, Ipv4Addr),
    /// What its DHCP server answers at the start.
    pub dhcp_answers: DhcpAnswers,
    /// How long a lease lasts.
    pub lease: Duration,
    /// The /64 that the gateway announces on it, as its first address; the gateway itself has ::1 there. `None`: there
    /// is no IPv6.
    pub ipv6: Option<Ipv6Addr>,
    /// The DNS servers that DHCP names, up to three.
    pub dns: Vec<Ipv4Addr>,
    /// The segment whose stations those of its access point are; `None`: its own.
    pub lan: Option<String>,
    /// How strong its access point is heard at the start, in dBm.
    pub rssi: i8,
    /// The gateway forwards between it and everything else, and answers questions for names.
    pub uplink: bool,
    /// Its gateway is a captive portal.
    pub captive: bool,
}

/// What a DHCP server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DhcpAnswers {
    /// What the protocol says.
    #[default]
    Right,
    /// Nothing.
    Silence,
    /// No DISCOVER, as one that has no address left: leases are renewed.
    NoOffer,
    /// No REQUEST, as one whose ACKs are lost. It takes no note of them either.
    NoAck,
    /// A NAK to every REQUEST, and no DISCOVER: it does not want its clients any more.
    Nak,
}

impl DhcpAnswers {
    /// Each with the word for it.
    pub const WORDS: [(&str, DhcpAnswers); 5] = [
        ("right", DhcpAnswers::Right),
        ("none", DhcpAnswers::Silence),
        ("no-offer", DhcpAnswers::NoOffer),
        ("no-ack", DhcpAnswers::NoAck),
        ("nak", DhcpAnswers::Nak),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, answers)| *answers == self).map_or("", |(word, _)| word)
    }
}

/// One host: a node with an address and services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostConfig {
    /// Its name in the scenario, and in the console.
    pub name: String,
    /// Names under which DNS knows it.
    pub dns_names: Vec<String>,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its IPv6 address; `None`: it speaks IPv4 only.
    pub address6: Option<Ipv6Addr>,
    /// The segment it is on; `None`: beyond the gateway, on a routed link of its own.
    pub segment: Option<String>,
    /// The link that joins it to its segment, or to the gateway. Its MTU at the start is also that of the host's
    /// own interface.
    pub link: LinkFaults,
    /// Its Ethernet address; `None`: made from its name. Beyond the gateway it has none.
    pub mac: Option<[u8; 6]>,
    /// The multicast groups that it is in.
    pub groups: Vec<IpAddr>,
    /// What is done at the start to the connections of its ports; `None`: of those that are not named.
    pub toxics: Vec<(Option<u16>, Toxics)>,
    /// How many connections each of its services has.
    pub limits: ConnectionLimits,
    /// What it offers.
    pub services: Vec<ServiceConfig>,
}

/// How many connections a service has, and how many more wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// So many at the same time (at least 1); the one that was silent longest is reset for another.
    pub connections: usize,
    /// So many (at least 1) wait to be accepted on a port, half-open ones included, those in a handshake of TLS not; a SYN
    /// beyond them is dropped.
    pub backlog: usize,
}

impl ConnectionLimits {
    /// Most of either.
    pub const MOST: u16 = 4096;
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits { connections: 128, backlog: 16 }
    }
}

impl HostConfig {
    /// Its addresses, of both families.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<> {
        [Some(IpAddr::V4(self.address)), self.address6.map(IpAddr::V6)].into_iter().flatten()
    }

    /// Whether it tells the time.
    pub fn has_sntp(&self) -> bool {
        self.services.iter().any(|s| matches!(s, ServiceConfig::Sntp(_)))
    }

    /// Whether it has an HTTP server.
    pub fn has_http(&self) -> bool {
        self.services.iter().any(|s| matches!(s, ServiceConfig::Http { .. }))
    }

    /// Whether it reaches a real program.
    pub fn has_external(&self) -> bool {
        self.services.iter().any(|s| matches!(s, ServiceConfig::External { .. }))
    }

    /// Whether it has an update server.
    pub fn has_update(&self) -> bool {
        self.services.iter().any(|s| matches!(s, ServiceConfig::Update { .. }))
    }

    /// Whether it has a WebSocket server.
    pub fn has_websocket(&self) -> bool {
        self.services.iter().any(|s| matches!(s, ServiceConfig::WebSocket(_)))
    }

    /// Whether it has an MQTT broker.
    pub fn has_broker(&self) -> bool {
        self.services.iter().any(|s| matches!(s, ServiceConfig::Mqtt(_)))
    }
}

impl SegmentConfig {
    /// The gateway's addresses on it, of both families: in IPv6 the first one of the /64.
    pub fn gateways(&self) -> impl Iterator<Item = IpAddr> + use<> {
        let ipv6 = self.ipv6.map(|prefix| IpAddr::V6(gateway_in(prefix)));
        [Some(IpAddr::V4(self.gateway)), ipv6].into_iter().flatten()
    }
}

/// Something that listens on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceConfig {
    /// An HTTP/1.1 server.
    Http {
        /// TCP port, 1 to 65535.
        port: u16,
        /// What it serves; anything else is a 404.
        pages: Vec<Page>,
        /// Names of headers of requests that are told of, in lower case.
        shows: Vec<String>,
    },
    /// Sends every byte back, and closes when the peer does (RFC 862).
    TcpEcho {
        /// TCP port, 1 to 65535.
        port: u16,
    },
    /// Sends every datagram back (RFC 862).
    UdpEcho {
        /// UDP port, 1 to 65535.
        port: u16,
    },
    /// Accepts connections and notes what comes; what it sends, a test says.
    TcpTerminal {
        /// TCP port, 1 to 65535.
        port: u16,
    },
    /// Notes what comes; what it sends, a test says.
    UdpTerminal {
        /// UDP port, 1 to 65535.
        port: u16,
    },
    /// Takes everything and says nothing (RFC 863).
    Discard {
        /// TCP port, 1 to 65535.
        port: u16,
    },
    /// Sends a pattern (RFC 864), and takes everything.
    Source {
        /// TCP port, 1 to 65535.
        port: u16,
        /// How much, and how fast.
        source: Source,
    },
    /// Each connection goes on to a real program.
    External {
        /// TCP port, 1 to 65535.
        port: u16,
        /// Where the program listens: an address or a name, a colon and a port.
        to: String,
    },
    /// Each connection goes through a script.
    Script {
        /// TCP port, 1 to 65535.
        port: u16,
        /// Its steps.
        steps: Vec<ScriptStep>,
    },
    /// A DNS server on UDP port 53.
    Dns(DnsConfig),
    /// Tells the time, on UDP port 123.
    Sntp(Sntp),
    /// A WebSocket server.
    WebSocket(WebSocket),
    /// An MQTT broker.
    Mqtt(Mqtt),
    /// An HTTP server that hands out firmware.
    Update {
        /// TCP port, 1 to 65535.
        port: u16,
        /// What it has.
        offer: UpdateOffer,
    },
}

impl ServiceConfig {
    /// Its word in the scenario, and its port.
    pub fn place(&self) -> (&'static str, u16) {
        match self {
            ServiceConfig::Http { port, .. } => ("http", *port),
            ServiceConfig::TcpEcho { port } => ("tcp-echo", *port),
            ServiceConfig::UdpEcho { port } => ("udp-echo", *port),
            ServiceConfig::TcpTerminal { port } => ("tcp-terminal", *port),
            ServiceConfig::UdpTerminal { port } => ("udp-terminal", *port),
            ServiceConfig::Discard { port } => ("discard", *port),
            ServiceConfig::Source { port, .. } => ("source", *port),
            ServiceConfig::External { port, .. } => ("external", *port),
            ServiceConfig::Script { port, .. } => ("script", *port),
            ServiceConfig::Dns(_) => ("dns", 53),
            ServiceConfig::Sntp(_) => ("sntp", 123),
            ServiceConfig::WebSocket(server) => ("websocket", server.port),
            ServiceConfig::Mqtt(broker) => ("mqtt", broker.port),
            ServiceConfig::Update { port, .. } => ("update", *port),
        }
    }
}

/// What a source sends on each connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Bits per second (at least 1); `None`: as fast as the peer takes it.
    pub rate_bps: Option<u64>,
    /// Bytes, after which it closes; `None`: it goes on until the peer closes.
    pub length: Option<u64>,
}

/// A step of a scripted peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptStep {
    /// It sends these bytes.
    Send(Vec<u8>),
    /// These bytes must come next, within this time.
    Expect {
        /// At least one.
        data: Vec<u8>,
        /// Counts from when the step before was over.
        within: Duration,
    },
    /// Time passes.
    Wait(Duration),
    /// It closes the connection (FIN).
    Close,
    /// It resets the connection (RST).
    Reset,
    /// It begins anew.
    Again,
}

/// How a time server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sntp {
    /// What it is ahead of the world's calendar, in nanoseconds.
    pub offset: i64,
    /// Its stratum, 0 to 15; 0 is a kiss-of-death.
    pub stratum: u8,
    /// What it answers.
    pub answers: SntpAnswers,
}

impl Default for Sntp {
    fn default() -> Self {
        Sntp { offset: 0, stratum: 2, answers: SntpAnswers::Right }
    }
}

/// What a time server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SntpAnswers {
    /// The time.
    #[default]
    Right,
    /// Nothing.
    Silence,
}

impl SntpAnswers {
    /// Each with the word for it.
    pub const WORDS: [(&str, SntpAnswers); 2] =
        [("right", SntpAnswers::Right), ("none", SntpAnswers::Silence)];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, answers)| *answers == self).map_or("", |(word, _)| word)
    }
}

/// A change of how a time server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SntpChange {
    /// [`Sntp::answers`].
    Answers(SntpAnswers),
    /// [`Sntp::stratum`].
    Stratum(u8),
    /// [`Sntp::offset`].
    Offset(i64),
}

/// A WebSocket server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocket {
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// The path, without a query; `None`: any.
    pub path: Option<String>,
    /// Names of protocols that it speaks, the best first.
    pub protocols: Vec<String>,
    /// Messages are sent back.
    pub echo: bool,
    /// What each client is sent first.
    pub greetings: Vec<String>,
    /// What it sends goes out in frames of at most so many bytes (at least 1); `None`: in one.
    pub fragment: Option<usize>,
}

/// Something that a WebSocket server does because a test says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSocketChange {
    /// Sends a message of this opcode to every client.
    Send(u8, Vec<u8>),
    /// Pings every client; at most 125 bytes.
    Ping(Vec<u8>),
    /// Closes every connection with a close frame: a code, if there is one, and a reason of at most 123 bytes.
    Close(Option<u16>, Vec<u8>),
    /// Answers nothing any more, or again.
    Silent(bool),
}

/// What an update server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateOffer {
    /// The version that it recommends.
    pub latest: String,
    /// For each version its files (`ota` is the firmware, others are named after partitions), and their sizes in bytes.
    pub versions: BTreeMap<String, BTreeMap<String, usize>>,
    /// How the files are that it hands out.
    pub answers: UpdateAnswers,
}

/// How the files of an update server are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateAnswers {
    /// Whole.
    #[default]
    Right,
    /// One bit in the middle is inverted, which the image's checksum tells.
    Damaged,
    /// The first byte is wrong: no image at all.
    NoImage,
}

impl UpdateAnswers {
    /// Each with the word for it.
    pub const WORDS: [(&str, UpdateAnswers); 3] = [
        ("right", UpdateAnswers::Right),
        ("damaged", UpdateAnswers::Damaged),
        ("no-image", UpdateAnswers::NoImage),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, answers)| *answers == self).map_or("", |(word, _)| word)
    }
}

/// TLS on a port of a host: every connection to what listens there has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsPort {
    /// The host's name.
    pub host: String,
    /// TCP port, 1 to 65535. Something of the host's services listens on it.
    pub port: u16,
    /// Its settings: those of a server.
    pub config: tls::Config,
}

/// The radio link of one module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleLinkConfig {
    /// The module's name, which is the link's name too.
    pub name: String,
    /// How it behaves.
    pub link: LinkFaults,
}

/// The whole network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetConfig {
    /// The calendar time of the world's start, in seconds since 1970-01-01T00:00:00Z.
    pub epoch: u64,
    /// LANs, one for each access point.
    pub segments: Vec<SegmentConfig>,
    /// Hosts on them and beyond.
    pub hosts: Vec<HostConfig>,
    /// Radio links, one for each module, in the order of the modules' names.
    pub modules: Vec<ModuleLinkConfig>,
    /// The gateway's DNS server, which knows the hosts' names besides.
    pub dns: DnsConfig,
    /// Ports of hosts with TLS.
    pub tls: Vec<TlsPort>,
}
