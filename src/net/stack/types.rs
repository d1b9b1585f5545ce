//! What callers hand to a [`Stack`](super::Stack) and get back from it: plain data.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::net::tls::{Failure, SetupError};
use crate::time::Duration;

/// What a node's frames are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Ethernet II frames without checksum; ARP and neighbour discovery find the neighbours.
    Ethernet {
        /// The node's own address; must be unicast.
        mac: [u8; 6],
    },
    /// Bare IP packets on a point-to-point link; there are no neighbours and no DHCP.
    Ip,
}

/// How a stack is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackConfig {
    /// The node's name. Its random streams are called `node/<name>/...`.
    pub name: String,
    /// The world's seed.
    pub seed: u64,
    /// What its frames are.
    pub medium: Medium,
    /// Largest IP packet in bytes, header included (576 to 1500; other values are moved to the nearer end).
    /// 1480 gives the ESP's TCP segment of 1440 bytes.
    pub mtu: u16,
    /// Receive buffer of each TCP socket in bytes: the largest window. 5760 is the ESP's.
    pub tcp_rx: usize,
    /// Send buffer of each TCP socket in bytes.
    pub tcp_tx: usize,
}

/// A stream: a TCP connection, made or accepted. Like every handle it is a number that is not used again while the
/// stack lives, so a stale one is harmless: calls with it find nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection(pub(super) u64);

/// A port on which a stack takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener(pub(super) u64);

/// A UDP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port(pub(super) u64);

/// A question for the address of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question(pub(super) u64);

/// A ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Echo(pub(super) u64);

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamState {
    /// The SYN is on its way, or with TLS the handshake.
    Connecting,
    /// Both directions are open.
    Open,
    /// The peer has sent FIN, or with TLS `close_notify`: nothing more will come, unread data may remain, and we may still send.
    PeerClosed,
    /// We have closed; what is queued and the FIN are on their way, or the peer has not closed yet.
    Closing,
    /// It is over. Unread data may remain. A connection in TIME_WAIT counts as closed.
    Closed(CloseReason),
}

/// The two ends of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
}

/// Why a stream is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// We closed or aborted it. Also the answer for a handle that is not known.
    Local,
    /// The peer closed first, in good order.
    Peer,
    /// The peer sent RST.
    Reset,
    /// The peer answered our SYN with RST: nothing listens there.
    Refused,
    /// The peer did not answer in time (see [`TcpOptions`]). No frame is sent when this happens, except after
    /// keep-alive probes.
    TimedOut,
    /// The interface went down, or its address went away. No frame is sent when this happens.
    Unreachable,
    /// TLS failed. What it owes to the peer (an alert) still goes out.
    Tls(Failure),
    /// There is no TLS session with such settings. The peer sees a connection without a byte.
    TlsSetup(SetupError),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CloseReason::Local => "closed here",
            CloseReason::Peer => "closed by the peer",
            CloseReason::Reset => "reset by the peer",
            CloseReason::Refused => "refused",
            CloseReason::TimedOut => "no answer",
            CloseReason::Unreachable => "unreachable",
            CloseReason::Tls(failure) => return write!(f, "tls failed: {failure}"),
            CloseReason::TlsSetup(error) => return write!(f, "tls failed: {error}"),
        })
    }
}

/// How an idle connection is probed (TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT). A peer that answers no probe is
/// gone: the connection ends with an RST, as lwIP's does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Silence before the first probe, at least 1 ms.
    pub idle: Duration,
    /// From one probe to the next, and from the last one to the end; at least 1 ms.
    pub interval: Duration,
    /// Probes without an answer, at least 1.
    pub count: u32,
}

/// Settings of a TCP connection, or of all connections of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpOptions {
    /// How long the handshake may take.
    pub connect_timeout: Duration,
    /// How long the peer may be silent after a segment that wants an answer: data or a FIN. An idle connection has no
    /// timeout, and keep-alive probes have their own ([`KeepAlive::count`]). `None`: for ever, until the owner releases the connection (then one minute).
    pub data_timeout: Option<Duration>,
    /// How an idle connection is probed. `None`: never.
    pub keep_alive: Option<KeepAlive>,
    /// True: small segments are sent at once. False: Nagle's algorithm holds them back.
    pub nodelay: bool,
    /// Receive buffer in bytes, the largest window; at least 536. `None`: the stack's
    /// [`tcp_rx`](StackConfig::tcp_rx).
    pub receive_buffer: Option<usize>,
    /// The own address to connect from. `None`: the one that belongs to the way there.
    pub local_address: Option<IpAddr>,
}

impl Default for TcpOptions {
    /// 10 s to connect, one minute without progress, no keep-alive, Nagle on, the stack's buffers.
    fn default() -> Self {
        TcpOptions {
            connect_timeout: Duration::from_secs(10),
            data_timeout: Some(Duration::from_secs(60)),
            keep_alive: None,
            nodelay: false,
            receive_buffer: None,
            local_address: None,
        }
    }
}

/// A node's IPv4 configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv4Config {
    /// Its address; must be unicast.
    pub address: Ipv4Addr,
    /// Bits of the network mask, 0 to 32.
    pub prefix_len: u8,
    /// Where packets for other networks go.
    pub gateway: Option<Ipv4Addr>,
    /// DNS servers, in the order in which they are asked.
    pub dns: Vec<Ipv4Addr>,
    /// The DHCP server that gave it; `None` for a static configuration.
    pub server: Option<Ipv4Addr>,
    /// How long the lease lasts; `None` for a static configuration.
    pub lease: Option<Duration>,
}

/// A node's IPv6 configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv6Config {
    /// Its addresses; must be unicast.
    pub addresses: Vec<Ipv6Addr>,
    /// Bits of the networks of those that are not link-local, 0 to 128.
    pub prefix_len: u8,
    /// Where packets for other networks go.
    pub gateway: Option<Ipv6Addr>,
}

/// An address that a node has found by itself, and uses from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv6Event {
    /// The one of the link.
    LinkLocal(Ipv6Addr),
    /// One in the network that a router has advertised.
    Global(Ipv6Addr),
}

/// What the DHCP client has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DhcpEvent {
    /// An address was leased, or a renewal changed the configuration. The stack already uses it.
    Bound(Ipv4Config),
    /// The lease ran out or was taken back. The stack has dropped the address and asks for a new one.
    Lost,
}

/// One received UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub from: SocketAddr,
    /// The address it was sent to: the node's own, a broadcast or a multicast address.
    pub local: Option<IpAddr>,
    /// Its payload.
    pub data: Vec<u8>,
}

/// How a DNS question stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsState {
    /// No answer yet.
    Pending,
    /// An address.
    Resolved(IpAddr),
    /// No such name, no address of the family, no server answered, none is known, or too many questions are
    /// open. Also the answer for a handle that is not known.
    Failed,
}

/// Which address of a name is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsFamily {
    /// An IPv4 address (A record); an IPv6 address (AAAA record) when the name has none.
    PreferIpv4,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
}

/// How a ping stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingState {
    /// No answer yet.
    Pending,
    /// The answer came.
    Reply {
        /// Time from [`ping_start`](super::Stack::ping_start) to the answer.
        after: Duration,
    },
    /// No answer in time. Also the answer for a handle that is not known.
    TimedOut,
    /// A router said so, there is no way there, or the interface went down.
    Unreachable,
}

/// Why a connection cannot even be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// The node has no address (or is down).
    NoAddress,
    /// Not on our network, and there is no gateway.
    NoRoute,
    /// Address or port is not one that can be connected to (0, broadcast, multicast).
    BadRemote,
    /// The local port is in use, or all ephemeral ports are.
    PortInUse,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConnectError::NoAddress => "the node has no IP address",
            ConnectError::NoRoute => "no route to the host",
            ConnectError::BadRemote => "the remote address cannot be connected to",
            ConnectError::PortInUse => "the local port is in use",
        })
    }
}

impl std::error::Error for ConnectError {}

/// Why a port cannot be listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenError {
    /// Port 0.
    BadPort,
    /// Something listens on it already.
    PortInUse,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ListenError::BadPort => "port 0 cannot be listened on",
            ListenError::PortInUse => "the port is in use",
        })
    }
}

impl std::error::Error for ListenError {}

/// Why a UDP call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpError {
    /// The local port is 0 or in use, or all ephemeral ports are.
    PortInUse,
    /// The port has been released.
    NotOpen,
    /// The node has no address (or is down).
    NoAddress,
    /// Not on our network, and there is no gateway.
    NoRoute,
    /// The remote address is unspecified, or the port is 0.
    BadRemote,
    /// Longer than [`MAX_DATAGRAM`](super::MAX_DATAGRAM).
    TooLarge,
    /// [`UDP_QUEUE`](super::UDP_QUEUE) datagrams already wait for the next poll.
    QueueFull,
}

impl fmt::Display for UdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UdpError::PortInUse => "the local port is in use",
            UdpError::NotOpen => "the socket is not open",
            UdpError::NoAddress => "the node has no IP address",
            UdpError::NoRoute => "no route to the host",
            UdpError::BadRemote => "the remote address cannot be sent to",
            UdpError::TooLarge => "the datagram is too large",
            UdpError::QueueFull => "the send queue is full",
        })
    }
}

impl std::error::Error for UdpError {}
