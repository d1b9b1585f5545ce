//! AT+MQTT...: the settings, the list of topics, and the client that keeps one connection with a broker.
//!
//! The client is a task: it goes on while the host types other commands. A command that waits for the broker is a job
//! that asks [`Mqtt::result`]. What esp-mqtt does is said where it is done; what differs between releases is in
//! [`Mqtt`](crate::profile::Mqtt) of the profile.

mod channel;
mod client;
mod packets;
mod reader;

use std::collections::VecDeque;

use client::{Client, Stage};

use crate::at::Env;
use crate::at::clock::Clock;
use crate::at::output::Output;
use crate::at::secure::{ClientTls, Owner};
use crate::profile;
use crate::time::Instant;

/// Topics that are remembered.
const TOPICS: usize = 10;
/// AT+MQTTCONNCFG: the keep-alive when none is set, and what 0 stands for, seconds.
const KEEP_ALIVE: u16 = 120;

/// The last will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// Where it is published.
    pub topic: Vec<u8>,
    /// What.
    pub message: Vec<u8>,
    /// 0, 1 or 2.
    pub qos: u8,
    /// It is retained.
    pub retain: bool,
}

/// AT+MQTTUSERCFG and what is set after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// 1 TCP, 2 to 5 TLS, 6 WebSocket, 7 to 10 WebSocket over TLS.
    pub scheme: u8,
    /// The client's id.
    pub client: Vec<u8>,
    /// Empty: none.
    pub user: Vec<u8>,
    /// Empty: none.
    pub password: Vec<u8>,
    /// The number of the certificate and key.
    pub pki: u8,
    /// The number of the authority.
    pub ca: u8,
    /// The resource of WebSocket.
    pub path: Vec<u8>,
    /// Seconds, 1 to 7200.
    pub keep_alive: u16,
    /// The broker keeps the session.
    pub keep_session: bool,
    /// The last will.
    pub will: Option<Will>,
    /// AT+MQTTALPN.
    pub protocols: Vec<String>,
    /// AT+MQTTSNI; empty: the host's name.
    pub server_name: String,
    /// AT+MQTTCONNCFG has been used.
    pub tuned: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            scheme: 1,
            client: Vec::new(),
            user: Vec::new(),
            password: Vec::new(),
            pki: 0,
            ca: 0,
            path: Vec::new(),
            keep_alive: KEEP_ALIVE,
            keep_session: false,
            will: None,
            protocols: Vec::new(),
            server_name: String::new(),
            tuned: false,
        }
    }
}

impl Settings {
    /// AT+MQTTCONNCFG's keep-alive: 0 is the default.
    pub fn set_keep_alive(&mut self, seconds: u16) {
        self.keep_alive = if seconds == 0 { KEEP_ALIVE } else { seconds };
    }

    /// The path as reports and queries show it: of the URI that is made of it.
    pub fn shown_path(&self) -> String {
        if self.is_websocket() { format!("/{}", String::from_utf8_lossy(&self.path)) } else { String::new() }
    }

    /// Over WebSocket.
    pub fn is_websocket(&self) -> bool {
        self.scheme >= 6
    }

    /// What TLS is set up with, for this host; `None` without TLS.
    pub fn tls(&self, host: &str) -> Option<ClientTls> {
        let level = match self.scheme {
            1 | 6 => return None,
            scheme => (scheme - 2) % 5,
        };
        // No verification, the server, the client, both.
        let mode = [0, 2, 1, 3][usize::from(level.min(3))];
        let name = if self.server_name.is_empty() { host } else { &self.server_name };
        Some(ClientTls {
            name: Some(name.to_owned()),
            alpn: self.protocols.clone(),
            ..ClientTls::for_mode(Owner::Mqtt, mode, self.pki, self.ca)
        })
    }
}

/// A topic that is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: Vec<u8>,
    /// 0, 1 or 2.
    pub qos: u8,
}

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

/// What is told of the connection.
#[derive(Debug, Default)]
struct Reports {
    /// AT+MQTTPUBRAW waits for its data.
    awaits_data: bool,
    /// What has been held back meanwhile.
    held: VecDeque<String>,
}

/// What stands around the client: it has no hand in anything else.
struct Around<'a> {
    settings: Option<&'a Settings>,
    topics: &'a [Topic],
    reports: &'a mut Reports,
    /// The printer.
    out: &'a mut Output,
    /// The time of day, for certificates.
    clock: Clock,
}

impl Around<'_> {
    /// Says what has happened to the connection.
    fn report(&mut self, text: &str, facts: &profile::Mqtt) {
        if self.reports.awaits_data && facts.holds_reports {
            self.reports.held.push_back(text.to_owned());
        } else if facts.always_reports {
            self.out.text(text);
        } else {
            self.out.announce(text);
        }
    }
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
            _ => None,
        }
    }

    /// AT+MQTTPUBRAW waits for its data.
    pub fn await_data(&mut self) {
        self.reports.awaits_data = true;
    }

    /// The data of AT+MQTTPUBRAW are here: what was held back.
    pub fn take_held(&mut self) -> Vec<String> {
        self.reports.awaits_data = false;
        self.reports.held.drain(..).collect()
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
