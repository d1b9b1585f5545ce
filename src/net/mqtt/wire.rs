//! Packets on the wire: where one ends, what it says, and how an answer is written.
//!
//! A broker speaks three versions with its clients. What differs between them stays in this file: above it there is one
//! [`Incoming`] and one [`Outgoing`].

use mqtt_proto::v5::{self, PublishProperties};
use mqtt_proto::{Error, Pid, PollHeader, Protocol, QoS, QosPid, TopicName, v3};

use super::topic;

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

/// Reads a packet that is whole, of a version that the header stands for.
fn decode<H: PollHeader<Error = E>, E: From<Error>>(bytes: &[u8]) -> Result<H::Packet, E> {
    let Framed::Known { header, total } = frame(bytes) else { return Err(Error::InvalidHeader.into()) };
    let body = bytes.get(header..total).ok_or(Error::InvalidRemainingLength)?;
    // Nothing is longer than 256 MB.
    let parsed = H::new_with(bytes[0], body.len() as u32, total as u32)?;
    let mut read = 0;
    let packet = match parsed.build_empty_packet() {
        Some(packet) => packet,
        None => parsed.decode_buffer(body, &mut read)?,
    };
    if read == body.len() { Ok(packet) } else { Err(Error::InvalidRemainingLength.into()) }
}

/// Reads a packet of MQTT 3.1.1 that is whole.
///
/// # Errors
/// What is wrong with it.
pub fn decode_v3(bytes: &[u8]) -> Result<v3::Packet, Error> {
    decode::<v3::Header, _>(bytes)
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

/// Reads a packet from a client that is whole. `version`: what the client speaks; `None` before its CONNECT.
///
/// # Errors
/// See [`Mistake`].
pub fn read(version: Option<Version>, bytes: &[u8]) -> Result<Incoming, Mistake> {
    let packet = match version {
        Some(Version::V5) => from_v5(decode::<v5::Header, _>(bytes)?),
        Some(Version::V31 | Version::V311) => from_v3(decode_v3(bytes)?),
        None => match decode_v3(bytes) {
            Err(Error::UnexpectedProtocol(Protocol::V500)) => from_v5(decode::<v5::Header, _>(bytes)?),
            other => from_v3(other?),
        },
    }?;
    // The codec lets some pass that are none.
    let wrong = match &packet {
        Incoming::Connect(connect) => {
            connect.will.as_ref().map(|will| &will.message.topic).filter(|topic| !topic::is_name(topic))
        }
        Incoming::Publish(message, _) => Some(&message.topic).filter(|topic| !topic::is_name(topic)),
        Incoming::Subscribe(_, list) => {
            list.iter().map(|s| &s.filter).find(|filter| !topic::is_filter(filter))
        }
        Incoming::Unsubscribe(_, list) => list.iter().find(|filter| !topic::is_filter(filter)),
        _ => None,
    };
    match wrong {
        Some(topic) => Err(Mistake::Malformed(format!("{topic:?} is no topic"))),
        None => Ok(packet),
    }
}

fn unexpected<T>(what: impl std::fmt::Debug) -> Result<T, Mistake> {
    Err(Mistake::Malformed(format!("{what:?} from a client")))
}

fn qos(qos: QoS) -> u8 {
    qos as u8
}

fn from_v3(packet: v3::Packet) -> Result<Incoming, Mistake> {
    Ok(match packet {
        v3::Packet::Connect(c) => {
            let will = c.last_will.map(|will| {
                let message = Message {
                    topic: will.topic_name.to_string(),
                    payload: will.message.to_vec(),
                    qos: qos(will.qos),
                    retain: will.retain,
                    properties: PublishProperties::default(),
                };
                Will { message, delay: 0 }
            });
            Incoming::Connect(Box::new(Connect {
                version: if c.protocol == Protocol::V310 { Version::V31 } else { Version::V311 },
                client: c.client_id.to_string(),
                clean: c.clean_session,
                keep_alive: c.keep_alive,
                user: c.username.map(|user| user.to_string()),
                password: c.password.map(|password| password.to_vec()),
                will,
                session_expiry: if c.clean_session { 0 } else { u32::MAX },
                receive_max: u16::MAX,
                max_packet: None,
            }))
        }
        v3::Packet::Publish(p) => {
            let (qos, id) = level(p.qos_pid);
            let (topic, payload) = (p.topic_name.to_string(), p.payload.to_vec());
            let properties = PublishProperties::default();
            Incoming::Publish(Message { topic, payload, qos, retain: p.retain, properties }, id)
        }
        v3::Packet::Puback(id) => Incoming::Puback(id.value()),
        v3::Packet::Pubrec(id) => Incoming::Pubrec(id.value()),
        v3::Packet::Pubrel(id) => Incoming::Pubrel(id.value()),
        v3::Packet::Pubcomp(id) => Incoming::Pubcomp(id.value()),
        v3::Packet::Subscribe(s) => {
            let topics = s.topics.iter().map(|(filter, max)| Subscription {
                filter: filter.to_string(),
                qos: qos(*max),
                no_local: false,
                as_published: false,
                retained: (true, true),
                number: None,
            });
            Incoming::Subscribe(s.pid.value(), topics.collect())
        }
        v3::Packet::Unsubscribe(u) => {
            Incoming::Unsubscribe(u.pid.value(), u.topics.iter().map(|t| t.to_string()).collect())
        }
        v3::Packet::Pingreq => Incoming::Pingreq,
        v3::Packet::Disconnect => Incoming::Disconnect { with_will: false, session_expiry: None },
        other => return unexpected(other.get_type()),
    })
}

fn from_v5(packet: v5::Packet) -> Result<Incoming, Mistake> {
    Ok(match packet {
        v5::Packet::Connect(c) => {
            let will = c.last_will.map(|will| {
                let p = will.properties;
                let properties = PublishProperties {
                    payload_is_utf8: p.payload_is_utf8,
                    message_expiry_interval: p.message_expiry_interval,
                    response_topic: p.response_topic,
                    correlation_data: p.correlation_data,
                    user_properties: p.user_properties,
                    content_type: p.content_type,
                    ..PublishProperties::default()
                };
                let message = Message {
                    topic: will.topic_name.to_string(),
                    payload: will.payload.to_vec(),
                    qos: qos(will.qos),
                    retain: will.retain,
                    properties,
                };
                Will { message, delay: p.delay_interval.unwrap_or(0) }
            });
            Incoming::Connect(Box::new(Connect {
                version: Version::V5,
                client: c.client_id.to_string(),
                clean: c.clean_start,
                keep_alive: c.keep_alive,
                user: c.username.map(|user| user.to_string()),
                password: c.password.map(|password| password.to_vec()),
                will,
                session_expiry: c.properties.session_expiry_interval.unwrap_or(0),
                receive_max: c.properties.receive_max.unwrap_or(u16::MAX),
                max_packet: c.properties.max_packet_size,
            }))
        }
        v5::Packet::Publish(p) => {
            let (qos, id) = level(p.qos_pid);
            if p.properties.topic_alias.is_some() || p.properties.subscription_id.is_some() {
                return unexpected("a topic alias that was not offered, or the number of a subscription");
            }
            let (topic, payload) = (p.topic_name.to_string(), p.payload.to_vec());
            Incoming::Publish(Message { topic, payload, qos, retain: p.retain, properties: p.properties }, id)
        }
        v5::Packet::Puback(a) => Incoming::Puback(a.pid.value()),
        v5::Packet::Pubrec(a) if a.reason_code as u8 >= 0x80 => Incoming::Puback(a.pid.value()),
        v5::Packet::Pubrec(a) => Incoming::Pubrec(a.pid.value()),
        v5::Packet::Pubrel(a) => Incoming::Pubrel(a.pid.value()),
        v5::Packet::Pubcomp(a) => Incoming::Pubcomp(a.pid.value()),
        v5::Packet::Subscribe(s) => {
            let number = s.properties.subscription_id;
            let topics = s.topics.iter().map(|(filter, options)| Subscription {
                filter: filter.to_string(),
                qos: qos(options.max_qos),
                no_local: options.no_local,
                as_published: options.retain_as_published,
                retained: match options.retain_handling {
                    v5::RetainHandling::SendAtSubscribe => (true, true),
                    v5::RetainHandling::SendAtSubscribeIfNotExist => (false, true),
                    v5::RetainHandling::DoNotSend => (false, false),
                },
                number,
            });
            Incoming::Subscribe(s.pid.value(), topics.collect())
        }
        v5::Packet::Unsubscribe(u) => {
            Incoming::Unsubscribe(u.pid.value(), u.topics.iter().map(|t| t.to_string()).collect())
        }
        v5::Packet::Pingreq => Incoming::Pingreq,
        v5::Packet::Disconnect(d) => Incoming::Disconnect {
            with_will: d.reason_code != v5::DisconnectReasonCode::NormalDisconnect,
            session_expiry: d.properties.session_expiry_interval,
        },
        other => return unexpected(other.get_type()),
    })
}

fn level(qos: QosPid) -> (u8, u16) {
    match qos {
        QosPid::Level0 => (0, 0),
        QosPid::Level1(id) => (1, id.value()),
        QosPid::Level2(id) => (2, id.value()),
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

/// A packet for a client that speaks this version. Empty when that version has no such packet.
pub fn write(version: Version, packet: &Outgoing<'_>) -> Vec<u8> {
    let bytes = match (version, packet) {
        (Version::V5, _) => to_v5(packet).and_then(|packet| packet.encode().ok()),
        (_, Outgoing::Suback(id, granted)) => return suback(*id, granted),
        (Version::V31 | Version::V311, _) => to_v3(packet).and_then(|packet| packet.encode().ok()),
    };
    bytes.map(|bytes| bytes.as_ref().to_vec()).unwrap_or_default()
}

/// SUBACK of MQTT 3.1.1: the codec writes the code of a refusal as 3 instead of 0x80.
fn suback(id: u16, granted: &[Option<u8>]) -> Vec<u8> {
    let (mut bytes, mut length) = (vec![0x90], 2 + granted.len());
    while length > 0x7f {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(id.to_be_bytes());
    bytes.extend(granted.iter().map(|granted| granted.unwrap_or(0x80)));
    bytes
}

/// A QoS by its number; 2 is the highest.
pub fn quality(qos: u8) -> QoS {
    match qos {
        0 => QoS::Level0,
        1 => QoS::Level1,
        _ => QoS::Level2,
    }
}

/// A QoS with the packet's number. Brokers and clients count from 1.
pub fn numbered(qos: u8, id: u16) -> Option<QosPid> {
    Some(match qos {
        0 => QosPid::Level0,
        1 => QosPid::Level1(Pid::try_from(id).ok()?),
        _ => QosPid::Level2(Pid::try_from(id).ok()?),
    })
}

fn to_v3(packet: &Outgoing<'_>) -> Option<v3::Packet> {
    let pid = |id: &u16| Pid::try_from(*id).ok();
    Some(match packet {
        Outgoing::Accepted { present, .. } => {
            v3::Connack { session_present: *present, code: v3::ConnectReturnCode::Accepted }.into()
        }
        Outgoing::Refused(refusal) => v3::Connack { session_present: false, code: refusal.v3() }.into(),
        Outgoing::Publish { message, id, again, .. } => {
            let topic = TopicName::try_from(message.topic.as_str()).ok()?;
            let publish =
                v3::Publish::new(numbered(message.qos, *id)?, topic, message.payload.clone().into());
            v3::Publish { dup: *again, retain: message.retain, ..publish }.into()
        }
        Outgoing::Puback(id, _) => v3::Packet::Puback(pid(id)?),
        Outgoing::Pubrec(id, _) => v3::Packet::Pubrec(pid(id)?),
        Outgoing::Pubrel(id) => v3::Packet::Pubrel(pid(id)?),
        Outgoing::Pubcomp(id) => v3::Packet::Pubcomp(pid(id)?),
        Outgoing::Unsuback(id, _) => v3::Packet::Unsuback(pid(id)?),
        Outgoing::Pingresp => v3::Packet::Pingresp,
        Outgoing::Suback(..) | Outgoing::Disconnect(_) => return None,
    })
}

fn to_v5(packet: &Outgoing<'_>) -> Option<v5::Packet> {
    let pid = |id: &u16| Pid::try_from(*id).ok();
    Some(match packet {
        Outgoing::Accepted { present, assigned } => {
            let mut connack = v5::Connack::new(*present, v5::ConnectReasonCode::Success);
            connack.properties.shared_subscription_available = Some(false);
            connack.properties.assigned_client_id = assigned.map(Into::into);
            connack.into()
        }
        Outgoing::Refused(refusal) => v5::Connack::new(false, refusal.v5()).into(),
        Outgoing::Publish { message, id, again, number } => {
            let topic = TopicName::try_from(message.topic.as_str()).ok()?;
            let payload = message.payload.clone().into();
            let mut publish = v5::Publish::new(numbered(message.qos, *id)?, topic, payload);
            publish.dup = *again;
            publish.retain = message.retain;
            publish.properties = message.properties.clone();
            publish.properties.subscription_id = *number;
            publish.into()
        }
        Outgoing::Puback(id, allowed) => {
            let denied = v5::PubackReasonCode::NotAuthorized;
            v5::Puback::new(pid(id)?, if *allowed { v5::PubackReasonCode::Success } else { denied }).into()
        }
        Outgoing::Pubrec(id, allowed) => {
            let denied = v5::PubrecReasonCode::NotAuthorized;
            v5::Pubrec::new(pid(id)?, if *allowed { v5::PubrecReasonCode::Success } else { denied }).into()
        }
        Outgoing::Pubrel(id) => v5::Pubrel::new_success(pid(id)?).into(),
        Outgoing::Pubcomp(id) => v5::Pubcomp::new_success(pid(id)?).into(),
        Outgoing::Suback(id, granted) => {
            let code = |granted: &Option<u8>| match granted {
                Some(0) => v5::SubscribeReasonCode::GrantedQoS0,
                Some(1) => v5::SubscribeReasonCode::GrantedQoS1,
                Some(_) => v5::SubscribeReasonCode::GrantedQoS2,
                None => v5::SubscribeReasonCode::NotAuthorized,
            };
            v5::Suback::new(pid(id)?, granted.iter().map(code).collect()).into()
        }
        Outgoing::Unsuback(id, there) => {
            let code = |there: &bool| match there {
                true => v5::UnsubscribeReasonCode::Success,
                false => v5::UnsubscribeReasonCode::NoSubscriptionExisted,
            };
            v5::Unsuback::new(pid(id)?, there.iter().map(code).collect()).into()
        }
        Outgoing::Pingresp => v5::Packet::Pingresp,
        Outgoing::Disconnect(why) => v5::Disconnect::new(*why).into(),
    })
}
