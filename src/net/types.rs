//! What callers give a [`Network`](super::Network), and get from it: plain data.

use std::net::{IpAddr, SocketAddr};

use crate::net::config::{HttpChange, MqttChange, SntpChange, UpdateAnswers, WebSocketChange};
use crate::net::tls;
use crate::net::toxics::ToxicsChange;
use crate::time::Instant;

/// What became of a frame that a module sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is under way.
    Sent,
    /// It is under way, and something is done to it there: what, for a comment in the capture.
    Disturbed(&'static str),
    /// It was drawn for loss.
    Lost,
    /// It never got under way; why.
    Dropped(&'static str),
}

/// A frame for a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it arrives, or would have arrived. May lie in the future.
    pub at: Instant,
    /// The module's index in [`NetConfig::modules`](crate::net::config::NetConfig::modules).
    pub module: usize,
    /// True: on its softAP interface. False: at its station.
    pub softap: bool,
    /// The Ethernet frame.
    pub frame: Vec<u8>,
    /// True: it is here for the capture only, the module never gets it.
    pub lost: bool,
    /// What is special about it, for a comment in the capture.
    pub why: Option<&'static str>,
}

/// A frame that a host sent or got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapRecord {
    /// When it left or reached the host.
    pub at: Instant,
    /// Index into [`Network::taps`](super::Network::taps).
    pub tap: usize,
    /// True: it reached the host.
    pub inbound: bool,
    /// The frame (an IP packet when [`TapInfo::raw_ip`]).
    pub frame: Vec<u8>,
    /// What became of it, when something did.
    pub comment: Option<String>,
}

/// A frame at a segment's end of a driver's cable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanRecord {
    /// When it passed there.
    pub at: Instant,
    /// The cable's number.
    pub port: usize,
    /// True: on its way to the driver's device.
    pub to_device: bool,
    /// The Ethernet frame, without its checksum.
    pub frame: Vec<u8>,
}

/// One place where the network can be listened to: the host's end of its link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapInfo {
    /// The host's name.
    pub name: String,
    /// What is connected there.
    pub description: String,
    /// True: frames are IP packets without a link-layer header. False: Ethernet.
    pub raw_ip: bool,
}

/// Whether a host that dials speaks TLS. It trusts every server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostTls {
    /// It does not.
    #[default]
    None,
    /// It does, and has no certificate.
    Anonymous,
    /// It shows the certificate that modules come with as clients (`client_cert` 0), which modules trust as servers.
    Certificate,
}

/// Something that a host does because a test says so. "Its connections" are those that it accepted as a
/// `tcp-terminal`, and those that it dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostAction {
    /// Sends bytes on each of its connections.
    Send(Vec<u8>),
    /// Closes each of them, and of those to its HTTP, update and WebSocket servers and its MQTT broker (FIN).
    Close,
    /// Resets the same (RST).
    Reset,
    /// Reads nothing any more, so that TCP windows close.
    Pause,
    /// Reads again.
    Resume,
    /// Forgets each of its connections, and of those to its servers, without a word: they are half-open.
    HalfOpen,
    /// Does something with one connection alone, of whatever service.
    One(Which, OneAction),
    /// Listens on a port: of a terminal, over TCP or UDP (`udp`).
    Listen {
        /// 1 to 65535.
        port: u16,
        /// True: UDP.
        udp: bool,
    },
    /// Its terminal does not listen there any more; connections that are open go on.
    Unlisten {
        /// 1 to 65535.
        port: u16,
        /// True: UDP.
        udp: bool,
    },
    /// Joins a multicast group, or leaves it.
    Group {
        /// The group.
        group: IpAddr,
        /// True: joins.
        join: bool,
    },
    /// Something is done to the connections of a TCP port, or of every port.
    Toxics {
        /// The port; `None`: every one.
        port: Option<u16>,
        /// What changes; the rest stays.
        change: ToxicsChange,
    },
    /// A real program does something on a connection that leads to it.
    External {
        /// The host's port, 1 to 65535.
        port: u16,
        /// The connection's number on that port, from 1.
        number: u32,
        /// What.
        input: ExternalInput,
    },
    /// Its update server hands out other files.
    Update(UpdateAnswers),
    /// Leaves its LAN for the softAP of the module of this name, if that lets it in. The module decides, and
    /// [`Network::softap_admit`](super::Network::softap_admit) or another call tells the network.
    Join(String),
    /// Goes back to its LAN. The module is told, and tells the network.
    Leave,
    /// The same without a word: the module notices when the host was silent for too long.
    Vanish,
    /// Dials: opens a TCP connection.
    Connect {
        /// Whom.
        to: Peer,
        /// TCP port, 1 to 65535.
        port: u16,
        /// With or without TLS.
        tls: HostTls,
    },
    /// Its time server answers in another way.
    Sntp(SntpChange),
    /// Its servers' TLS is otherwise, from the next session on.
    Tls(tls::Change),
    /// Its open TLS sessions end with this fatal alert.
    Alert(u8),
    /// The connections below its open TLS sessions end (FIN), without `close_notify`.
    Cut,
    /// Its HTTP server answers a path in another way.
    Http(Box<HttpChange>),
    /// Its WebSocket server does something.
    WebSocket(WebSocketChange),
    /// Its MQTT broker behaves in another way, or does something to a client.
    Mqtt(MqttChange),
    /// Its MQTT broker publishes a message.
    Publish {
        /// The topic.
        topic: String,
        /// The payload.
        payload: Vec<u8>,
        /// 0, 1 or 2.
        qos: u8,
        /// It is kept for those who subscribe later.
        retain: bool,
    },
    /// Sends a UDP datagram, from the `udp-terminal` port or an ephemeral one.
    Datagram {
        /// To whom.
        to: Peer,
        /// UDP port, 1 to 65535.
        port: u16,
        /// Its payload, up to [`MAX_DATAGRAM`](crate::net::stack::MAX_DATAGRAM) bytes.
        data: Vec<u8>,
    },
}

/// How a host moves between its LAN and a module's softAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move<'a> {
    /// To the softAP of the module of this name.
    Joins(&'a str),
    /// Back, and says so.
    Leaves,
    /// Back, without a word.
    Vanishes,
}

impl HostAction {
    /// What this is to modules with a softAP; `None`: it stays where it is, and is the network's matter alone.
    pub fn moves(&self) -> Option<Move<'_>> {
        match self {
            HostAction::Join(module) => Some(Move::Joins(module)),
            HostAction::Leave => Some(Move::Leaves),
            HostAction::Vanish => Some(Move::Vanishes),
            HostAction::Send(_)
            | HostAction::Close
            | HostAction::Reset
            | HostAction::Pause
            | HostAction::Resume
            | HostAction::Connect { .. }
            | HostAction::Datagram { .. }
            | HostAction::Sntp(_)
            | HostAction::Tls(_)
            | HostAction::Alert(_)
            | HostAction::Cut
            | HostAction::Http(_)
            | HostAction::WebSocket(_)
            | HostAction::Mqtt(_)
            | HostAction::Publish { .. }
            | HostAction::HalfOpen
            | HostAction::One(..)
            | HostAction::Listen { .. }
            | HostAction::Unlisten { .. }
            | HostAction::Group { .. }
            | HostAction::Toxics { .. }
            | HostAction::Update(_)
            | HostAction::External { .. } => None,
        }
    }
}

/// What a real program does on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternalInput {
    /// It has accepted.
    Open,
    /// It sends, at most [`MAX_DATAGRAM`](crate::net::stack::MAX_DATAGRAM) bytes.
    Data(Vec<u8>),
    /// It closes.
    Close,
    /// It resets, or could not be reached.
    Reset,
}

/// What a real program is to be told of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternalOutput {
    /// There is one, to this place.
    Open(String),
    /// Bytes have come on it.
    Data(Vec<u8>),
    /// The other end has closed.
    Close,
    /// The other end is gone.
    Reset,
}

/// One connection of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// That with this peer.
    Peer(SocketAddr),
    /// The one that it has had for the shortest time.
    Newest,
    /// The one that it has had for the longest time.
    Oldest,
}

/// What a host does with one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneAction {
    /// Sends bytes; of a terminal alone.
    Send(Vec<u8>),
    /// Closes it (FIN).
    Close,
    /// Resets it (RST).
    Reset,
    /// Forgets it without a word.
    HalfOpen,
}

/// The far end of what a host starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// This address.
    Address(IpAddr),
    /// The station of the module of this name, at the address that it has then.
    Module(String),
}
