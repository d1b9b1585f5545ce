//! AT+MQTT...: the settings, the list of topics, and the client that keeps one connection with a broker.
//!
//! The client is a task: it goes on while the host types other commands. A command that waits for the broker is a job
//! that asks [`Mqtt::result`]. What esp-mqtt does is said where it is done; what differs between releases is in
//! [`Mqtt`](crate::profile::Mqtt) of the profile.

mod channel;
mod client;
mod outbox;
mod packets;
mod reader;
mod report;
mod settings;

use client::{Client, Stage};
pub use packets::publish_length;
use report::{Around, Reports};
pub use settings::{Settings, Topic, Will};

use crate::at::Env;
use crate::at::clock::Clock;
use crate::at::output::Output;
use crate::time::Instant;

/// Topics that are remembered.
const TOPICS: usize = 10;

/// Everything of AT+MQTT... .
#[derive(Debug, Default)]
pub struct Mqtt {
    settings: Option<Settings>,
    client: Option<Client>,
    topics: Vec<Topic>,
    /// There was a topic, and there is none any more.
    unsubscribed: bool,
    reports: Reports,
}

/// Why a command that wants a connection can't have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotConnected {
    /// There was none.
    Never,
    /// It is lost.
    Lost,
}

impl Mqtt {
    /// The settings, once there are some.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// The same, to be changed.
    pub fn settings_mut(&mut self) -> Option<&mut Settings> {
        self.settings.as_mut()
    }

    /// AT+MQTTUSERCFG.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = Some(settings);
    }

    /// There is a connection, or a client that is to have one again.
    pub fn has_client(&self) -> bool {
        self.client.is_some()
    }

    /// There is a connection.
    pub fn is_connected(&self) -> bool {
        self.client.as_ref().is_some_and(Client::is_up)
    }

    /// Whether something can be sent.
    ///
    /// # Errors
    /// Why not.
    pub fn connected(&self) -> Result<(), NotConnected> {
        match &self.client {
            None => Err(NotConnected::Never),
            Some(client) if client.is_up() => Ok(()),
            Some(_) => Err(NotConnected::Lost),
        }
    }

    /// The state as the queries show it. 4 is what a fresh connection shows in a log; 5 after the last topic has gone is
    /// a guess.
    pub fn state(&self) -> u8 {
        match (&self.client, &self.settings) {
            (Some(client), _) if !client.is_up() => 3,
            (Some(_), _) if !self.topics.is_empty() => 6,
            (Some(_), _) if self.unsubscribed => 5,
            (Some(_), _) => 4,
            (None, Some(settings)) => 1 + u8::from(settings.tuned),
            (None, None) => 0,
        }
    }

    /// Host, port, and whether it connects again by itself, of the connection that there is.
    pub fn broker(&self) -> Option<(&str, u16, bool)> {
        self.client.as_ref().filter(|client| client.is_up()).map(Client::broker)
    }

    /// What is subscribed to.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// AT+MQTTCONN: begins to connect.
    pub fn connect(&mut self, now: Instant, (host, port): (&str, u16), reconnect: bool, env: &mut Env<'_>) {
        self.client = Some(Client::new(now, host, port, reconnect, env));
    }

    /// AT+MQTTPUB: publishes. [`Mqtt::result`] says what becomes of it.
    pub fn publish(
        &mut self,
        now: Instant,
        topic: &[u8],
        data: &[u8],
        (qos, retain): (u8, bool),
        env: &mut Env<'_>,
    ) {
        if let Some(client) = &mut self.client {
            let id = if qos > 0 { client.new_id(env) } else { 0 };
            client.command(now, id, packets::publish(topic, data, id, qos, retain));
        }
    }

    /// AT+MQTTSUB: subscribes. Answers what the log port says of it.
    pub fn subscribe(
        &mut self,
        now: Instant,
        topic: &[u8],
        qos: u8,
        env: &mut Env<'_>,
    ) -> Option<&'static str> {
        let client = self.client.as_mut()?;
        let id = client.new_id(env);
        client.command(now, id, packets::subscribe(id, topic, qos));
        // The packet is on its way before the list is looked at.
        if let Some(known) = self.topics.iter_mut().find(|known| known.name == topic) {
            known.qos = qos;
            return Some("ALREADY SUBSCRIBE");
        }
        if self.topics.len() >= TOPICS {
            return Some("ALREADY FULL SUBSCRIBE");
        }
        self.topics.push(Topic { name: topic.to_vec(), qos });
        None
    }

    /// AT+MQTTUNSUB: unsubscribes. Answers what the log port says of it.
    pub fn unsubscribe(&mut self, now: Instant, topic: &[u8], env: &mut Env<'_>) -> Option<&'static str> {
        let client = self.client.as_mut()?;
        let id = client.new_id(env);
        client.command(now, id, packets::unsubscribe(id, topic));
        let before = self.topics.len();
        self.topics.retain(|known| known.name != topic);
        if self.topics.len() == before {
            return Some("NO UNSUBSCRIBE");
        }
        self.unsubscribed = self.topics.is_empty();
        Some("topic removed")
    }

    /// What has become of the last command that waits for the broker, once.
    pub fn result(&mut self) -> Option<bool> {
        self.client.as_mut()?.take_result()
    }

    /// AT+MQTTCLEAN, and a first connection that has failed: nothing is left. False: there was nothing.
    pub fn clean(&mut self, env: &mut Env<'_>) -> bool {
        let there = self.client.is_some() || self.settings.is_some();
        if let Some(client) = self.client.take() {
            client.release(env);
        }
        *self = Mqtt::default();
        there
    }

    /// When the client must do something: connect, give up a packet or the connection.
    pub fn deadline(&self) -> Option<Instant> {
        self.client.as_ref()?.deadline()
    }

    /// When it pings the broker, or has waited long enough for the answer.
    pub fn keep_alive_at(&self) -> Option<Instant> {
        let keep_alive = self.settings.as_ref()?.keep_alive;
        self.client.as_ref()?.keep_alive_at(keep_alive)
    }

    /// When it sends a packet again, or gives it up.
    pub fn resend_at(&self) -> Option<Instant> {
        self.client.as_ref()?.resend_at()
    }

    /// When it tries to connect again.
    pub fn reconnect_at(&self) -> Option<Instant> {
        match self.client.as_ref()?.stage() {
            Stage::Waiting(until) => Some(*until),
            Stage::Dialling(_) | Stage::Greeting(_) | Stage::Up | Stage::Stopped => None,
        }
    }

    /// AT+MQTTPUBRAW waits for its data.
    pub fn await_data(&mut self) {
        self.reports.hold();
    }

    /// The data of AT+MQTTPUBRAW are here: what was held back.
    pub fn take_held(&mut self) -> Vec<String> {
        self.reports.release()
    }

    /// Goes on with what is under way. True when something happened.
    pub fn poll(&mut self, now: Instant, out: &mut Output, clock: Clock, env: &mut Env<'_>) -> bool {
        let Some(client) = &mut self.client else { return false };
        let mut around = Around {
            settings: self.settings.as_ref(),
            topics: &self.topics,
            reports: &mut self.reports,
            out,
            clock,
        };
        client.poll(now, &mut around, env)
    }
}
