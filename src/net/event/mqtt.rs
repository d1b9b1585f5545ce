//! Events of a broker: its clients, and what they publish and ask for.

use std::fmt;
use std::net::SocketAddr;

use super::{excerpt, word};
use crate::net::mqtt::wire::{Message, Refusal, Version as MqttVersion};
use crate::time::Duration;

/// Something about a client of an MQTT broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttEvent {
    /// The client's id; empty when it has not said it.
    pub client: String,
    /// Its address; `None` for a will, which is published after the connection's end.
    pub peer: Option<SocketAddr>,
    /// What.
    pub news: MqttNews,
}

/// What there is to tell of a client of an MQTT broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MqttNews {
    /// It has connected.
    Connected {
        /// The version that it speaks.
        version: MqttVersion,
        /// Seconds; 0 is for ever.
        keep_alive: u16,
        /// Its user.
        user: Option<String>,
        /// There was a session from before.
        present: bool,
    },
    /// It was refused.
    Refused(Refusal),
    /// Its connection is over.
    Ended(MqttEnd),
    /// It has subscribed.
    Subscribed {
        /// To what.
        filter: String,
        /// The QoS that it was granted; `None`: it was refused.
        granted: Option<u8>,
    },
    /// It has unsubscribed from this filter.
    Unsubscribed(String),
    /// It has published a message.
    Published {
        /// The message.
        message: Message,
        /// It was its last will.
        will: bool,
    },
    /// It may not publish this: topic and payload.
    Denied(String, Vec<u8>),
}

/// How the connection of a client with its broker ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MqttEnd {
    /// The client says so.
    Disconnect,
    /// The connection is lost, or closed without a word.
    Lost,
    /// The client was silent for so long.
    Silent(Duration),
    /// Another client has come with its id.
    TakenOver,
    /// A test says so.
    Dropped,
    /// It has done what it may not do.
    Denied,
    /// It has sent what is no MQTT; the sentence says what.
    Mistake(String),
}

impl fmt::Display for MqttEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MqttEnd::Disconnect => f.write_str("by DISCONNECT"),
            MqttEnd::Lost => f.write_str("connection lost"),
            MqttEnd::Silent(time) => write!(f, "silent for {time}"),
            MqttEnd::TakenOver => f.write_str("taken over"),
            MqttEnd::Dropped => f.write_str("dropped"),
            MqttEnd::Denied => f.write_str("not allowed"),
            MqttEnd::Mistake(why) => write!(f, "bad packet: {why}"),
        }
    }
}

impl fmt::Display for MqttEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MqttEvent { client, peer, news } = self;
        let client = word(client);
        let peer = peer.map_or_else(|| "nowhere".to_owned(), |peer| peer.to_string());
        match news {
            MqttNews::Connected { version, keep_alive, user, present } => {
                write!(
                    f,
                    "connected {client} from {peer}: MQTT {}, keep-alive {keep_alive} s",
                    version.text()
                )?;
                if let Some(user) = user {
                    write!(f, ", user {}", word(user))?;
                }
                f.write_str(if *present { ", session from before" } else { "" })
            }
            MqttNews::Refused(why) => {
                write!(f, "refused {client} from {peer}: {} ({})", why.text(), why.code())
            }
            MqttNews::Ended(how) => write!(f, "disconnected {client} from {peer}: {how}"),
            MqttNews::Subscribed { filter, granted: Some(qos) } => {
                write!(f, "subscribed {} by {client}, QoS {qos}", word(filter))
            }
            MqttNews::Subscribed { filter, granted: None } => {
                write!(f, "denied subscription to {} by {client}", word(filter))
            }
            MqttNews::Unsubscribed(filter) => write!(f, "unsubscribed {} by {client}", word(filter)),
            MqttNews::Published { message, will } => {
                let Message { topic, payload, qos, retain, .. } = message;
                write!(f, "published {} {} by {client}, QoS {qos}", word(topic), excerpt(payload))?;
                f.write_str(if *retain { ", retained" } else { "" })?;
                f.write_str(if *will { ", its will" } else { "" })
            }
            MqttNews::Denied(topic, payload) => {
                write!(f, "denied {} {} by {client}", word(topic), excerpt(payload))
            }
        }
    }
}
