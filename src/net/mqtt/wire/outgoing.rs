//! What a broker sends: one [`Outgoing`], written in the version of the client.

use mqtt_proto::{Pid, QoS, QosPid, TopicName, v3, v5};

use super::{Outgoing, Version};

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
