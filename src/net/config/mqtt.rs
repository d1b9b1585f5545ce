//! What an MQTT broker of a host is: where it listens, whom it lets in, and what a test has it do.

use crate::net::mqtt::wire::Refusal;

/// An MQTT broker: where it listens, whom it lets in, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mqtt {
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// TCP port where it speaks over WebSocket, 1 to 65535; `None`: nowhere.
    pub websocket: Option<u16>,
    /// Users and their passwords.
    pub users: Vec<(String, String)>,
    /// Clients without a user are let in. Where there are no users, any user is.
    pub anonymous: bool,
    /// What users may do; `None`: everything.
    pub rules: Option<Vec<MqttRule>>,
    /// The connection of a client that does what it may not is closed. Otherwise the message is thrown away, the
    /// subscription refused.
    pub closes: bool,
    /// Messages that are retained from the start: topic and payload.
    pub retained: Vec<(String, Vec<u8>)>,
    /// What it answers.
    pub answers: MqttAnswers,
}

impl Default for Mqtt {
    /// On port 1883, open to everybody.
    fn default() -> Self {
        Mqtt {
            port: 1883,
            websocket: None,
            users: Vec::new(),
            anonymous: true,
            rules: None,
            closes: false,
            retained: Vec::new(),
            answers: MqttAnswers::Right,
        }
    }
}

/// Something that users of a broker may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttRule {
    /// Who; `None`: everybody, with a user or without one.
    pub user: Option<String>,
    /// They may publish there.
    pub publish: bool,
    /// They may subscribe there.
    pub subscribe: bool,
    /// Where: a filter of topics.
    pub filter: String,
}

/// What a broker answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MqttAnswers {
    /// Everything.
    #[default]
    Right,
    /// PINGREQ. It takes everything else and does nothing with it.
    Pings,
    /// Nothing.
    Silence,
}

impl MqttAnswers {
    /// Each with the word for it.
    pub const WORDS: [(&str, MqttAnswers); 3] =
        [("right", MqttAnswers::Right), ("pings", MqttAnswers::Pings), ("none", MqttAnswers::Silence)];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, answers)| *answers == self).map_or("", |(word, _)| word)
    }
}

/// A change of how a broker behaves, or something that it does to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MqttChange {
    /// [`Mqtt::answers`].
    Answers(MqttAnswers),
    /// It refuses every client that connects with this code; `None`: not any more.
    Refuse(Option<Refusal>),
    /// It closes the connection of the client of this id.
    Drop(String),
    /// The same because another client has come with that id.
    TakeOver(String),
}
