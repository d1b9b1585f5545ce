//! Packets on the wire: where one ends, what it says, and how an answer is written.
//!
//! A broker speaks three versions with its clients. What differs between them stays in this module: above it there is one
//! [`Incoming`] and one [`Outgoing`].

mod incoming;
mod outgoing;

use mqtt_proto::v5::{self, PublishProperties};
use mqtt_proto::{Error, v3};

pub use incoming::{decode_v3, read};
pub use outgoing::{numbered, quality, write};

/// Longest fixed header: the packet's type, and four bytes of length.
const MAX_HEADER: usize = 5;

/// The version that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 3.1, from before the standard.
    V31,
    /// 3.1.1.
    V311,
    /// 5.
    V5,
}

impl Version {
    /// Such as `3.1.1`.
    pub fn text(self) -> &'static str {
        match self {
            Version::V31 => "3.1",
            Version::V311 => "3.1.1",
            Version::V5 => "5",
        }
    }
}

/// Where the packet ends that some bytes begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed {
    /// Its length can't be told yet.
    Partial,
    /// So many bytes are its fixed header, and it is so long in all.
    Known {
        /// Bytes of the fixed header, 2 to 5.
        header: usize,
        /// Bytes in all, the fixed header included.
        total: usize,
    },
    /// Its length is no length.
    Bad,
}

/// Where the first packet ends.
pub fn frame(bytes: &[u8]) -> Framed {
    let mut length = 0;
    for (place, byte) in bytes.iter().enumerate().skip(1).take(MAX_HEADER - 1) {
        length |= usize::from(byte & 0x7f) << (7 * (place - 1));
        if byte & 0x80 == 0 {
            return Framed::Known { header: place + 1, total: place + 1 + length };
        }
    }
    if bytes.len() >= MAX_HEADER { Framed::Bad } else { Framed::Partial }
}

/// A message, as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: Vec<u8>,
    /// 0, 1 or 2.
    pub qos: u8,
    /// It is kept for those who subscribe later; or was.
    pub retain: bool,
    /// What MQTT 5 says of it besides.
    pub properties: PublishProperties,
}

/// The last will of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// What is published then.
    pub message: Message,
    /// How long after the connection's end, seconds.
    pub delay: u32,
}

/// A client wants to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// The version that it speaks.
    pub version: Version,
    /// Its id; may be empty.
    pub client: String,
    /// What was left of an earlier session is forgotten.
    pub clean: bool,
    /// Seconds; 0 is for ever.
    pub keep_alive: u16,
    /// Its user.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Vec<u8>>,
    /// Its last will.
    pub will: Option<Will>,
    /// How long its session is kept after the connection's end, seconds; all bits: for ever.
    pub session_expiry: u32,
    /// How many messages of QoS 1 and 2 it takes before it has answered one.
    pub receive_max: u16,
    /// The longest packet that it takes.
    pub max_packet: Option<u32>,
}

/// One filter of a SUBSCRIBE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// What it names.
    pub filter: String,
    /// The most that messages come with.
    pub qos: u8,
    /// Not the subscriber's own messages.
    pub no_local: bool,
    /// The retain flag of messages stays as it was published.
    pub as_published: bool,
    /// Retained messages are sent: to a subscription that there was already, to one that is new.
    pub retained: (bool, bool),
    /// A number that comes back with the messages.
    pub number: Option<v5::VarByteInt>,
}

/// What a broker gets from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// CONNECT.
    Connect(Box<Connect>),
    /// PUBLISH. The number is 0 with QoS 0.
    Publish(Message, u16),
    /// PUBACK; PUBREC that refuses is one, too: the message is done with.
    Puback(u16),
    /// PUBREC.
    Pubrec(u16),
    /// PUBREL.
    Pubrel(u16),
    /// PUBCOMP.
    Pubcomp(u16),
    /// SUBSCRIBE.
    Subscribe(u16, Vec<Subscription>),
    /// UNSUBSCRIBE.
    Unsubscribe(u16, Vec<String>),
    /// PINGREQ.
    Pingreq,
    /// DISCONNECT.
    Disconnect {
        /// The last will is to be published all the same.
        with_will: bool,
        /// How long its session is kept, when it says that now.
        session_expiry: Option<u32>,
    },
}

/// Why a broker does not take a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// It is no packet, or not one that clients send.
    Malformed(String),
    /// It is a CONNECT of a version that there is not.
    Version,
}

impl From<Error> for Mistake {
    fn from(error: Error) -> Mistake {
        match error {
            Error::InvalidProtocol(..) => Mistake::Version,
            other => Mistake::Malformed(other.to_string()),
        }
    }
}

impl From<v5::ErrorV5> for Mistake {
    fn from(error: v5::ErrorV5) -> Mistake {
        match error {
            v5::ErrorV5::Common(error) => error.into(),
            other => Mistake::Malformed(other.to_string()),
        }
    }
}

/// Why a broker refuses a connection: the return codes of MQTT 3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 1: a version that it does not speak.
    Version,
    /// 2: the client's id.
    ClientId,
    /// 3: the server is not available.
    Unavailable,
    /// 4: user or password.
    Login,
    /// 5: not authorized.
    NotAuthorized,
}

impl Refusal {
    /// All of them, in the order of their codes.
    pub const ALL: [Refusal; 5] =
        [Refusal::Version, Refusal::ClientId, Refusal::Unavailable, Refusal::Login, Refusal::NotAuthorized];

    /// Its code in MQTT 3.1.1.
    pub fn code(self) -> u8 {
        match self {
            Refusal::Version => 1,
            Refusal::ClientId => 2,
            Refusal::Unavailable => 3,
            Refusal::Login => 4,
            Refusal::NotAuthorized => 5,
        }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Refusal::Version => "unacceptable protocol version",
            Refusal::ClientId => "identifier rejected",
            Refusal::Unavailable => "server unavailable",
            Refusal::Login => "bad user name or password",
            Refusal::NotAuthorized => "not authorized",
        }
    }

    fn v3(self) -> v3::ConnectReturnCode {
        match self {
            Refusal::Version => v3::ConnectReturnCode::UnacceptableProtocolVersion,
            Refusal::ClientId => v3::ConnectReturnCode::IdentifierRejected,
            Refusal::Unavailable => v3::ConnectReturnCode::ServerUnavailable,
            Refusal::Login => v3::ConnectReturnCode::BadUserNameOrPassword,
            Refusal::NotAuthorized => v3::ConnectReturnCode::NotAuthorized,
        }
    }

    fn v5(self) -> v5::ConnectReasonCode {
        match self {
            Refusal::Version => v5::ConnectReasonCode::UnsupportedProtocolVersion,
            Refusal::ClientId => v5::ConnectReasonCode::ClientIdentifierNotValid,
            Refusal::Unavailable => v5::ConnectReasonCode::ServerUnavailable,
            Refusal::Login => v5::ConnectReasonCode::BadUserNameOrPassword,
            Refusal::NotAuthorized => v5::ConnectReasonCode::NotAuthorized,
        }
    }
}

/// Why a broker ends a connection, for a client that is told (MQTT 5).
pub use v5::DisconnectReasonCode as Farewell;

/// What a broker sends to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing<'a> {
    /// CONNACK.
    Accepted {
        /// There is a session from before.
        present: bool,
        /// The id that the client has been given.
        assigned: Option<&'a str>,
    },
    /// CONNACK with a code.
    Refused(Refusal),
    /// PUBLISH. The number does not matter with QoS 0.
    Publish {
        /// The message, with the QoS and the retain flag that it goes with.
        message: &'a Message,
        /// Its number.
        id: u16,
        /// It is sent again.
        again: bool,
        /// The number of the subscription.
        number: Option<v5::VarByteInt>,
    },
    /// PUBACK; false: it was not allowed.
    Puback(u16, bool),
    /// PUBREC; false: it was not allowed.
    Pubrec(u16, bool),
    /// PUBREL.
    Pubrel(u16),
    /// PUBCOMP.
    Pubcomp(u16),
    /// SUBACK: for each filter the QoS, or that it was not allowed.
    Suback(u16, &'a [Option<u8>]),
    /// UNSUBACK: for each filter whether there was such a subscription.
    Unsuback(u16, &'a [bool]),
    /// PINGRESP.
    Pingresp,
    /// DISCONNECT: MQTT 5 alone has it.
    Disconnect(Farewell),
}
