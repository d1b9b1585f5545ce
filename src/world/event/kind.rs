//! What an event is: its kind, which has a number for programs and a word for people.

/// What an event is. The numbers stay for ever: new kinds get new ones, and the number of one that goes is not used
/// again.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// A line of text that the MCU sent.
    Command = 1,
    /// A line of text that the module sent.
    Reply = 2,
    /// The station is associated with an access point.
    StationAssociated = 10,
    /// The station has joined and has an IPv4 address.
    StationJoined = 11,
    /// The station uses a further address.
    StationAddress = 12,
    /// The station has lost its access point or left it.
    StationDisconnected = 13,
    /// The module has opened a link.
    LinkOpened = 20,
    /// A client of the module's server has.
    LinkAccepted = 21,
    /// A link is closed.
    LinkClosed = 22,
    /// The other end of a link does not answer any more.
    LinkGaveUp = 23,
    /// A link lost data for which there was no room. It stays open.
    LinkLost = 24,
    /// A link has not opened, because TLS failed.
    LinkFailed = 25,
    /// The module's RTS has changed.
    UartRts = 30,
    /// The module stops sending, or goes on, because of its CTS.
    UartCts = 31,
    /// The module loses bytes, because its receive FIFO is full.
    UartModuleOverrun = 32,
    /// The module loses bytes, because it sleeps lightly.
    UartAsleep = 33,
    /// `+++` was taken for data, because bytes were still queued in the MCU.
    UartEscapeSpoilt = 34,
    /// The MCU's receiver has lost a byte.
    UartMcuOverrun = 35,
    /// The MCU sends while the module does not run.
    UartUnheard = 36,
    /// A line that the MCU's firmware printed on its own console.
    Console = 37,
    /// A command was not carried out, but answered as a test has said.
    FaultAnswered = 40,
    /// There was no memory.
    FaultNoMemory = 41,
    /// Flash took no write.
    FaultNotWritten = 42,
    /// A hostile report was put somewhere.
    FaultReported = 43,
    /// A host is on a module's softAP.
    GuestJoined = 100,
    /// A host was not let in there.
    GuestNotLetIn = 101,
    /// A host has left it.
    GuestLeft = 102,
    /// A host was leased an address.
    GuestAddress = 103,
    /// An HTTP server has answered a request.
    HttpRequest = 110,
    /// An HTTP server has refused a request that could not be read.
    HttpBadRequest = 111,
    /// The same of an update server.
    UpdateRequest = 120,
    /// The same of an update server.
    UpdateBadRequest = 121,
    /// A terminal has a connection.
    TcpTerminalConnected = 130,
    /// A host has dialled in vain.
    TcpTerminalNotConnected = 131,
    /// Somebody dialled a terminal and was gone before the connection was there.
    TcpTerminalNotAccepted = 132,
    /// A terminal has received data.
    TcpTerminalReceived = 133,
    /// A terminal had no room for what it was to send.
    TcpTerminalDropped = 134,
    /// A connection of a terminal is over.
    TcpTerminalEnded = 135,
    /// A terminal was told to do something and has no connection.
    TcpTerminalNothing = 136,
    /// An echo server has a connection.
    TcpEchoConnected = 140,
    /// A connection to an echo server is over.
    TcpEchoEnded = 141,
    /// A terminal has received a datagram.
    UdpTerminalReceived = 150,
    /// A host could not send a datagram.
    UdpTerminalNotSent = 151,
    /// An echo server has sent a datagram back.
    UdpEchoEchoed = 160,
    /// An echo server could not.
    UdpEchoLost = 161,
    /// A DNS server was asked.
    DnsQuestion = 170,
    /// A time server has answered.
    SntpAnswered = 180,
    /// A time server has got a datagram and has not answered.
    SntpUnanswered = 181,
    /// A host has a TLS session.
    TlsSession = 190,
    /// A handshake with a host has failed.
    TlsFailed = 191,
    /// A client has connected to an MQTT broker.
    MqttConnected = 200,
    /// A broker has refused a client.
    MqttRefused = 201,
    /// The connection of a broker's client is over.
    MqttEnded = 202,
    /// A client has subscribed.
    MqttSubscribed = 203,
    /// A client has unsubscribed.
    MqttUnsubscribed = 204,
    /// A client has published a message.
    MqttPublished = 205,
    /// A client may not publish or subscribe.
    MqttDenied = 206,
    /// A client has connected to a WebSocket server.
    WebSocketConnected = 210,
    /// A WebSocket server has refused a client.
    WebSocketRefused = 211,
    /// A WebSocket server has received a message, a ping or a pong.
    WebSocketReceived = 212,
    /// The connection of a WebSocket client is over.
    WebSocketEnded = 213,
    /// A discard server has a connection.
    DiscardConnected = 220,
    /// A connection to a discard server is over.
    DiscardEnded = 221,
    /// A source has a connection.
    SourceConnected = 222,
    /// A connection to a source is over.
    SourceEnded = 223,
    /// A scripted peer has a connection.
    ScriptConnected = 224,
    /// A script has come to its end.
    ScriptDone = 225,
    /// A step of a script has not come true.
    ScriptFailed = 226,
    /// A connection to a scripted peer is over.
    ScriptEnded = 227,
    /// A real program has accepted a connection.
    ExternalConnected = 228,
    /// A real program was not reached.
    ExternalRefused = 229,
    /// A toxic has refused a connection.
    ToxicRefused = 230,
    /// A toxic has reset a connection.
    ToxicReset = 231,
    /// A toxic has closed a connection.
    ToxicClosed = 232,
    /// A host has forgotten a connection without a word.
    ToxicHalfOpen = 233,
    /// A connection to a real program is over.
    ExternalEnded = 240,
    /// A line of the console or of the timeline has changed a module, a host, an access point or a link. Of modules, too.
    Changed = 300,
}

impl EventKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [EventKind; 77] = [
        EventKind::Command,
        EventKind::Reply,
        EventKind::StationAssociated,
        EventKind::StationJoined,
        EventKind::StationAddress,
        EventKind::StationDisconnected,
        EventKind::LinkOpened,
        EventKind::LinkAccepted,
        EventKind::LinkClosed,
        EventKind::LinkGaveUp,
        EventKind::LinkLost,
        EventKind::LinkFailed,
        EventKind::UartRts,
        EventKind::UartCts,
        EventKind::UartModuleOverrun,
        EventKind::UartAsleep,
        EventKind::UartEscapeSpoilt,
        EventKind::UartMcuOverrun,
        EventKind::UartUnheard,
        EventKind::Console,
        EventKind::FaultAnswered,
        EventKind::FaultNoMemory,
        EventKind::FaultNotWritten,
        EventKind::FaultReported,
        EventKind::GuestJoined,
        EventKind::GuestNotLetIn,
        EventKind::GuestLeft,
        EventKind::GuestAddress,
        EventKind::HttpRequest,
        EventKind::HttpBadRequest,
        EventKind::UpdateRequest,
        EventKind::UpdateBadRequest,
        EventKind::TcpTerminalConnected,
        EventKind::TcpTerminalNotConnected,
        EventKind::TcpTerminalNotAccepted,
        EventKind::TcpTerminalReceived,
        EventKind::TcpTerminalDropped,
        EventKind::TcpTerminalEnded,
        EventKind::TcpTerminalNothing,
        EventKind::TcpEchoConnected,
        EventKind::TcpEchoEnded,
        EventKind::UdpTerminalReceived,
        EventKind::UdpTerminalNotSent,
        EventKind::UdpEchoEchoed,
        EventKind::UdpEchoLost,
        EventKind::DnsQuestion,
        EventKind::SntpAnswered,
        EventKind::SntpUnanswered,
        EventKind::TlsSession,
        EventKind::TlsFailed,
        EventKind::MqttConnected,
        EventKind::MqttRefused,
        EventKind::MqttEnded,
        EventKind::MqttSubscribed,
        EventKind::MqttUnsubscribed,
        EventKind::MqttPublished,
        EventKind::MqttDenied,
        EventKind::WebSocketConnected,
        EventKind::WebSocketRefused,
        EventKind::WebSocketReceived,
        EventKind::WebSocketEnded,
        EventKind::DiscardConnected,
        EventKind::DiscardEnded,
        EventKind::SourceConnected,
        EventKind::SourceEnded,
        EventKind::ScriptConnected,
        EventKind::ScriptDone,
        EventKind::ScriptFailed,
        EventKind::ScriptEnded,
        EventKind::ExternalConnected,
        EventKind::ExternalRefused,
        EventKind::ToxicRefused,
        EventKind::ToxicReset,
        EventKind::ToxicClosed,
        EventKind::ToxicHalfOpen,
        EventKind::ExternalEnded,
        EventKind::Changed,
    ];

    /// Its number.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// What it is about, as `expect` and Robot keywords have it.
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Command => "command",
            EventKind::Reply => "reply",
            EventKind::StationAssociated
            | EventKind::StationJoined
            | EventKind::StationAddress
            | EventKind::StationDisconnected => "station",
            EventKind::LinkOpened
            | EventKind::LinkAccepted
            | EventKind::LinkClosed
            | EventKind::LinkGaveUp
            | EventKind::LinkLost
            | EventKind::LinkFailed => "link",
            EventKind::UartRts
            | EventKind::UartCts
            | EventKind::UartModuleOverrun
            | EventKind::UartAsleep
            | EventKind::UartEscapeSpoilt
            | EventKind::UartMcuOverrun
            | EventKind::UartUnheard => "uart",
            EventKind::Console => "console",
            EventKind::FaultAnswered
            | EventKind::FaultNoMemory
            | EventKind::FaultNotWritten
            | EventKind::FaultReported => "fault",
            EventKind::GuestJoined
            | EventKind::GuestNotLetIn
            | EventKind::GuestLeft
            | EventKind::GuestAddress => "station",
            EventKind::HttpRequest | EventKind::HttpBadRequest => "http",
            EventKind::UpdateRequest | EventKind::UpdateBadRequest => "update",
            EventKind::TcpTerminalConnected
            | EventKind::TcpTerminalNotConnected
            | EventKind::TcpTerminalNotAccepted
            | EventKind::TcpTerminalReceived
            | EventKind::TcpTerminalDropped
            | EventKind::TcpTerminalEnded
            | EventKind::TcpTerminalNothing => "tcp-terminal",
            EventKind::TcpEchoConnected | EventKind::TcpEchoEnded => "tcp-echo",
            EventKind::UdpTerminalReceived | EventKind::UdpTerminalNotSent => "udp-terminal",
            EventKind::UdpEchoEchoed | EventKind::UdpEchoLost => "udp-echo",
            EventKind::DnsQuestion => "dns",
            EventKind::SntpAnswered | EventKind::SntpUnanswered => "sntp",
            EventKind::TlsSession | EventKind::TlsFailed => "tls",
            EventKind::MqttConnected
            | EventKind::MqttRefused
            | EventKind::MqttEnded
            | EventKind::MqttSubscribed
            | EventKind::MqttUnsubscribed
            | EventKind::MqttPublished
            | EventKind::MqttDenied => "mqtt",
            EventKind::WebSocketConnected
            | EventKind::WebSocketRefused
            | EventKind::WebSocketReceived
            | EventKind::WebSocketEnded => "websocket",
            EventKind::DiscardConnected | EventKind::DiscardEnded => "discard",
            EventKind::SourceConnected | EventKind::SourceEnded => "source",
            EventKind::ScriptConnected
            | EventKind::ScriptDone
            | EventKind::ScriptFailed
            | EventKind::ScriptEnded => "script",
            EventKind::ExternalConnected | EventKind::ExternalRefused | EventKind::ExternalEnded => {
                "external"
            }
            EventKind::ToxicRefused
            | EventKind::ToxicReset
            | EventKind::ToxicClosed
            | EventKind::ToxicHalfOpen => "toxic",
            EventKind::Changed => "change",
        }
    }

    /// Whether modules have it, or else hosts: of [`EventKind::Changed`] both.
    fn is_of(self, modules: bool) -> bool {
        self == EventKind::Changed || (self < EventKind::GuestJoined) == modules
    }

    /// The words of what is observed of modules, or of hosts, each once.
    pub fn words(of_modules: bool) -> Vec<&'static str> {
        let kinds = EventKind::ALL.into_iter().filter(|kind| kind.is_of(of_modules));
        let mut words: Vec<&'static str> = Vec::new();
        for word in kinds.map(EventKind::word) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }
}
