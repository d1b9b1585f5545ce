//! The packets that the client sends, byte for byte as esp-mqtt writes them.
//!
//! They are written here and not by the codec, because the firmware looks at no text that it is given: a topic with
//! wildcards, or one that is no UTF-8, goes out, and the broker closes the connection.

use super::settings::{Settings, Will};

/// CONNECT, with clean session, will, user and password as they are set.
pub fn connect(settings: &Settings) -> Vec<u8> {
    let will = settings.will.as_ref();
    let mut flags = if settings.keep_session { 0 } else { 2 };
    if let Some(Will { qos, retain, .. }) = will {
        flags |= 4 | qos << 3 | if *retain { 0x20 } else { 0 };
    }
    let (user, password) = (&settings.user, &settings.password);
    if !password.is_empty() {
        // A password without a user has an empty one.
        flags |= 0xc0;
    } else if !user.is_empty() {
        flags |= 0x80;
    }
    let mut body = b"\x00\x04MQTT\x04".to_vec();
    body.push(flags);
    body.extend(settings.keep_alive.to_be_bytes());
    text(&mut body, &settings.client);
    if let Some(Will { topic, message, .. }) = will {
        text(&mut body, topic);
        text(&mut body, message);
    }
    if flags & 0x80 != 0 {
        text(&mut body, user);
    }
    if flags & 0x40 != 0 {
        text(&mut body, password);
    }
    packet(0x10, &body)
}

/// PUBLISH. `id` does not matter with QoS 0.
pub fn publish(topic: &[u8], data: &[u8], id: u16, qos: u8, retain: bool) -> Vec<u8> {
    let mut body = Vec::with_capacity(data.len() + topic.len() + 4);
    text(&mut body, topic);
    if qos > 0 {
        body.extend(id.to_be_bytes());
    }
    body.extend(data);
    packet(0x30 | qos << 1 | u8::from(retain), &body)
}

/// Bytes of a PUBLISH, from the lengths of its topic and of its data.
pub fn publish_length(topic: usize, data: usize, qos: u8) -> usize {
    let body = 2 + topic + if qos > 0 { 2 } else { 0 } + data;
    let length = match body {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => 4,
    };
    1 + length + body
}

/// A PUBLISH that is sent again says so.
pub fn mark_duplicate(packet: &mut [u8]) {
    if let Some(first) = packet.first_mut()
        && *first >> 4 == 3
    {
        *first |= 8;
    }
}

/// SUBSCRIBE.
pub fn subscribe(id: u16, topic: &[u8], qos: u8) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    text(&mut body, topic);
    body.push(qos);
    packet(0x82, &body)
}

/// UNSUBSCRIBE.
pub fn unsubscribe(id: u16, topic: &[u8]) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    text(&mut body, topic);
    packet(0xa2, &body)
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP, by their first byte.
pub fn acknowledge(first: u8, id: u16) -> Vec<u8> {
    packet(first, &id.to_be_bytes())
}

/// PUBACK.
pub const PUBACK: u8 = 0x40;
/// PUBREC.
pub const PUBREC: u8 = 0x50;
/// PUBREL.
pub const PUBREL: u8 = 0x62;
/// PUBCOMP.
pub const PUBCOMP: u8 = 0x70;
/// PINGREQ.
pub const PINGREQ: [u8; 2] = [0xc0, 0];
/// DISCONNECT.
pub const DISCONNECT: [u8; 2] = [0xe0, 0];

/// A text with its length before it. No parameter is longer than two bytes can count.
fn text(body: &mut Vec<u8>, text: &[u8]) {
    body.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    body.extend(text);
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    while length > 0x7f {
        bytes.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    bytes.push(length.to_le_bytes()[0]);
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::mqtt::wire::{self, Connect, Incoming, Message, Version};

    fn read(version: Option<Version>, bytes: &[u8]) -> Incoming {
        wire::read(version, bytes).expect("a broker reads it")
    }

    #[test]
    fn a_broker_reads_what_the_client_writes() {
        let settings = Settings {
            client: b"publisher".to_vec(),
            user: b"espressif".to_vec(),
            password: b"1234567890".to_vec(),
            keep_alive: 30,
            keep_session: true,
            will: Some(Will { topic: b"lwtt".to_vec(), message: b"lwtm".to_vec(), qos: 2, retain: true }),
            ..Settings::default()
        };
        let Incoming::Connect(connect) = read(None, &connect(&settings)) else { panic!("no CONNECT") };
        let Connect { client, clean, keep_alive, user, password, will, .. } = *connect;
        assert_eq!((client.as_str(), clean, keep_alive), ("publisher", false, 30));
        assert_eq!((user.as_deref(), password.as_deref()), (Some("espressif"), Some(&b"1234567890"[..])));
        let Message { topic, payload, qos, retain, .. } = will.expect("a will").message;
        assert_eq!((topic.as_str(), &payload[..], qos, retain), ("lwtt", &b"lwtm"[..], 2, true));
        let Incoming::Publish(message, id) =
            read(Some(Version::V311), &publish(b"a/b", &[7; 300], 9, 1, true))
        else {
            panic!("no PUBLISH")
        };
        assert_eq!(
            (message.topic.as_str(), message.payload.len(), message.retain, id),
            ("a/b", 300, true, 9)
        );
        for (bytes, wanted) in [
            (unsubscribe(3, b"a/#"), Incoming::Unsubscribe(3, vec!["a/#".into()])),
            (acknowledge(PUBACK, 4), Incoming::Puback(4)),
            (acknowledge(PUBREC, 4), Incoming::Pubrec(4)),
            (acknowledge(PUBREL, 4), Incoming::Pubrel(4)),
            (acknowledge(PUBCOMP, 4), Incoming::Pubcomp(4)),
            (PINGREQ.to_vec(), Incoming::Pingreq),
            (DISCONNECT.to_vec(), Incoming::Disconnect { with_will: false, session_expiry: None }),
        ] {
            assert_eq!(read(Some(Version::V311), &bytes), wanted);
        }
        let Incoming::Subscribe(5, list) = read(Some(Version::V311), &subscribe(5, b"a/+", 2)) else {
            panic!("no SUBSCRIBE")
        };
        assert_eq!((list[0].filter.as_str(), list[0].qos), ("a/+", 2));
    }

    #[test]
    fn the_length_of_a_message_is_known_before_its_data() {
        for (data, qos) in
            [(0, 0), (122, 0), (123, 0), (120, 1), (121, 2), (16_378, 0), (16_379, 0), (3_000_000, 1)]
        {
            let bytes = publish(b"a/b", &vec![0; data], 7, qos, false);
            assert_eq!(publish_length(3, data, qos), bytes.len(), "{data} bytes, QoS {qos}");
        }
    }

    #[test]
    fn a_password_without_a_user_has_an_empty_one_and_neither_is_sent_when_empty() {
        let with = Settings { password: b"secret".to_vec(), ..Settings::default() };
        let Incoming::Connect(c) = read(None, &connect(&with)) else { panic!("no CONNECT") };
        assert_eq!((c.user.as_deref(), c.password.as_deref()), (Some(""), Some(&b"secret"[..])));
        let Incoming::Connect(c) = read(None, &connect(&Settings::default())) else { panic!("no CONNECT") };
        assert_eq!((c.user, c.password, c.will), (None, None, None));
    }
}
