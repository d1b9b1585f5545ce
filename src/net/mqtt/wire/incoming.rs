//! What clients send: packets of each version, read as one [`Incoming`].

use mqtt_proto::v5::{self, PublishProperties};
use mqtt_proto::{Error, PollHeader, Protocol, QoS, QosPid, v3};

use super::super::topic;
use super::{Connect, Framed, Incoming, Message, Mistake, Subscription, Version, Will, frame};

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
