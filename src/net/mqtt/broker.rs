//! A broker: sessions, retained messages, last wills, users and what they may do.
//!
//! A connection is a number. Whoever owns the broker tells it of connections and hands their bytes in; it sends what it
//! finds in [`Broker::output`], and closes a connection whose output has gone and that [`Broker::is_over`].

mod admission;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use super::session::Session;
use super::topic;
use super::wire::{
    self, Farewell, Framed, Incoming, Message, Mistake, Outgoing, Refusal, Subscription, Version, Will,
};
use crate::net::config::{Mqtt, MqttAnswers, MqttChange};
use crate::net::event::{MqttEnd, MqttEvent, MqttNews};
use crate::time::{Duration, Instant};

/// The longest packet that it takes, bytes.
const LONGEST: usize = 1 << 20;
/// A connection without CONNECT is closed after this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Retained messages; another topic is not retained any more.
const RETAINED: usize = 10_000;

/// One connection.
#[derive(Debug)]
struct Link {
    peer: SocketAddr,
    input: Vec<u8>,
    output: Vec<u8>,
    /// What its CONNECT said, once it was accepted.
    client: Option<Client>,
    /// It is closed when the output has gone.
    over: bool,
    /// When the last packet came; at first, when it was opened.
    heard: Instant,
}

/// The client on a connection.
#[derive(Debug)]
struct Client {
    id: String,
    version: Version,
    user: Option<String>,
    will: Option<Will>,
    /// Longest silence.
    silence: Option<Duration>,
}

/// A broker.
#[derive(Debug)]
pub struct Broker {
    config: Mqtt,
    links: BTreeMap<u64, Link>,
    sessions: BTreeMap<String, Session>,
    retained: BTreeMap<String, (Message, Instant)>,
    /// Connections so far, which number them.
    opened: u64,
    refusal: Option<Refusal>,
    events: VecDeque<MqttEvent>,
}

impl Broker {
    /// A broker with these settings.
    pub fn new(config: &Mqtt) -> Broker {
        let retained = config.retained.iter().map(|(topic, payload)| {
            let message = Message {
                topic: topic.clone(),
                payload: payload.clone(),
                qos: 2,
                retain: true,
                properties: Default::default(),
            };
            (topic.clone(), (message, Instant::ZERO))
        });
        Broker {
            config: config.clone(),
            links: BTreeMap::new(),
            sessions: BTreeMap::new(),
            retained: retained.collect(),
            opened: 0,
            refusal: None,
            events: VecDeque::new(),
        }
    }

    /// Somebody has connected. Answers the connection's number.
    pub fn open(&mut self, now: Instant, peer: SocketAddr) -> u64 {
        self.opened += 1;
        let link =
            Link { peer, input: Vec::new(), output: Vec::new(), client: None, over: false, heard: now };
        self.links.insert(self.opened, link);
        self.opened
    }

    /// Bytes have come on a connection.
    pub fn receive(&mut self, now: Instant, number: u64, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&number) else { return };
        link.input.extend_from_slice(bytes);
        while let Some(link) = self.links.get_mut(&number)
            && !link.over
        {
            let total = match wire::frame(&link.input) {
                Framed::Partial => return,
                Framed::Bad => return self.mistake(now, number, "the length of a packet is none"),
                Framed::Known { total, .. } if total > LONGEST => {
                    return self.mistake(now, number, "a packet of more than 1 MB");
                }
                Framed::Known { total, .. } if total > link.input.len() => return,
                Framed::Known { total, .. } => total,
            };
            let packet: Vec<u8> = link.input.drain(..total).collect();
            link.heard = now;
            match wire::read(link.client.as_ref().map(|c| c.version), &packet) {
                Ok(packet) => self.packet(now, number, packet),
                Err(Mistake::Version) if link.client.is_none() => {
                    self.refuse(number, String::new(), Version::V311, Refusal::Version);
                }
                Err(Mistake::Version) => self.mistake(now, number, "a second CONNECT"),
                Err(Mistake::Malformed(why)) => self.mistake(now, number, &why),
            }
        }
    }

    /// What is to be sent on a connection: take from the front what was sent.
    pub fn output(&mut self, number: u64) -> Option<&mut Vec<u8>> {
        self.links.get_mut(&number).map(|link| &mut link.output)
    }

    /// A connection is to be closed when its output has gone.
    pub fn is_over(&self, number: u64) -> bool {
        self.links.get(&number).is_none_or(|link| link.over)
    }

    /// A connection is gone, or was closed as [`Broker::is_over`] said.
    pub fn closed(&mut self, now: Instant, number: u64) {
        self.end(now, number, MqttEnd::Lost, true);
        self.links.remove(&number);
    }

    /// Does what is due: silent clients, wills and sessions whose time has come. True when something was.
    pub fn poll(&mut self, now: Instant) -> bool {
        let silent: Vec<(u64, Option<Duration>)> = self
            .links
            .iter()
            .filter(|(_, link)| !link.over && link.deadline().is_some_and(|at| at <= now))
            .map(|(number, link)| (*number, link.client.as_ref().and_then(|c| c.silence)))
            .collect();
        let mut moved = !silent.is_empty();
        for (number, silence) in silent {
            self.farewell(number, Farewell::KeepAliveTimeout);
            self.end(now, number, MqttEnd::Silent(silence.unwrap_or(PATIENCE)), true);
        }
        let due = |(at, _): &mut (Instant, Message)| *at <= now;
        let wills: Vec<(String, Message)> = self
            .sessions
            .iter_mut()
            .filter_map(|(id, s)| Some((id.clone(), s.will.take_if(due)?.1)))
            .collect();
        moved |= !wills.is_empty();
        for (id, message) in wills {
            self.publish_will(now, id, message);
        }
        let before = self.sessions.len();
        self.sessions.retain(|_, s| s.expires.is_none_or(|at| at > now));
        moved | (self.sessions.len() < before)
    }

    /// When [`Broker::poll`] must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        let links = self.links.values().filter(|link| !link.over).map(Link::deadline);
        let sessions = self.sessions.values().flat_map(|s| [s.expires, s.will.as_ref().map(|(at, _)| *at)]);
        links.chain(sessions).flatten().min()
    }

    /// Takes the next thing that it has to tell.
    pub fn take_event(&mut self) -> Option<MqttEvent> {
        self.events.pop_front()
    }

    /// A test publishes a message.
    pub fn publish(&mut self, now: Instant, message: &Message) {
        self.route(now, message, None);
    }

    /// Whether a client of this id is connected.
    pub fn has_client(&self, id: &str) -> bool {
        self.sessions.get(id).is_some_and(|session| session.connection.is_some())
    }

    /// It behaves in another way from now on, or does something to a client.
    pub fn change(&mut self, now: Instant, change: &MqttChange) {
        match change {
            MqttChange::Answers(answers) => {
                self.config.answers = *answers;
                if *answers == MqttAnswers::Right {
                    self.send_waiting(now);
                }
            }
            MqttChange::Refuse(refusal) => self.refusal = *refusal,
            MqttChange::Drop(id) | MqttChange::TakeOver(id) => {
                let Some(number) = self.sessions.get(id).and_then(|s| s.connection) else { return };
                let (farewell, end) = match change {
                    MqttChange::Drop(_) => (Farewell::AdministrativeAction, MqttEnd::Dropped),
                    _ => (Farewell::SessionTakenOver, MqttEnd::TakenOver),
                };
                self.farewell(number, farewell);
                self.end(now, number, end, true);
            }
        }
    }

    /// Messages that have waited while it was silent.
    fn send_waiting(&mut self, now: Instant) {
        for session in self.sessions.values_mut() {
            if let Some(link) = session.connection.and_then(|number| self.links.get_mut(&number)) {
                session.send(now, &mut link.output);
            }
        }
    }

    fn packet(&mut self, now: Instant, number: u64, packet: Incoming) {
        match (self.config.answers, &packet) {
            (MqttAnswers::Right, _) | (MqttAnswers::Pings, Incoming::Pingreq) => {}
            // It takes everything and does nothing with it.
            (MqttAnswers::Pings | MqttAnswers::Silence, _) => return,
        }
        let Some(link) = self.links.get_mut(&number) else { return };
        let Some(client) = &link.client else {
            return match packet {
                Incoming::Connect(connect) => self.connect(now, number, *connect),
                _ => self.mistake(now, number, "something else than CONNECT first"),
            };
        };
        let (id, version) = (client.id.clone(), client.version);
        let mut answer = |packet: &Outgoing<'_>| link.output.extend(wire::write(version, packet));
        let Some(session) = self.sessions.get_mut(&id) else { return };
        match packet {
            Incoming::Connect(_) => self.mistake(now, number, "a second CONNECT"),
            Incoming::Publish(message, packet_id) => self.published(now, number, message, packet_id),
            Incoming::Puback(packet_id) | Incoming::Pubcomp(packet_id) => {
                session.done(packet_id);
                session.send(now, &mut link.output);
            }
            Incoming::Pubrec(packet_id) => {
                session.release(packet_id);
                answer(&Outgoing::Pubrel(packet_id));
            }
            Incoming::Pubrel(packet_id) => {
                session.received.remove(&packet_id);
                answer(&Outgoing::Pubcomp(packet_id));
            }
            Incoming::Subscribe(packet_id, list) => self.subscribe(now, number, packet_id, list),
            Incoming::Unsubscribe(packet_id, filters) => {
                let there: Vec<bool> = filters.iter().map(|filter| session.unsubscribe(filter)).collect();
                answer(&Outgoing::Unsuback(packet_id, &there));
                for filter in filters {
                    self.tell(number, MqttNews::Unsubscribed(filter));
                }
            }
            Incoming::Pingreq => answer(&Outgoing::Pingresp),
            Incoming::Disconnect { with_will, session_expiry } => {
                if let Some(expiry) = session_expiry {
                    session.expiry = expiry;
                }
                self.end(now, number, MqttEnd::Disconnect, with_will);
            }
        }
    }

    /// A client has published a message.
    fn published(&mut self, now: Instant, number: u64, message: Message, id: u16) {
        let Some(client) = self.links.get(&number).and_then(|link| link.client.as_ref()) else { return };
        let (name, version) = (client.id.clone(), client.version);
        let allowed = self.config.may(client.user.as_deref(), |rule| rule.publish, &message.topic);
        if !allowed && self.config.closes {
            self.tell(number, MqttNews::Denied(message.topic.clone(), message.payload));
            self.farewell(number, Farewell::NotAuthorized);
            return self.end(now, number, MqttEnd::Denied, true);
        }
        let (Some(link), Some(session)) = (self.links.get_mut(&number), self.sessions.get_mut(&name)) else {
            return;
        };
        let answer = match message.qos {
            0 => Vec::new(),
            1 => wire::write(version, &Outgoing::Puback(id, allowed)),
            _ => wire::write(version, &Outgoing::Pubrec(id, allowed)),
        };
        // QoS 2: what comes again is answered again, and that is all.
        let refused = version == Version::V5 && !allowed;
        let again = message.qos == 2 && !refused && !session.received.insert(id);
        link.output.extend(answer);
        if again {
            return;
        }
        if !allowed {
            return self.tell(number, MqttNews::Denied(message.topic, message.payload));
        }
        self.tell(number, MqttNews::Published { message: message.clone(), will: false });
        self.route(now, &message, Some(&name));
    }

    fn subscribe(&mut self, now: Instant, number: u64, packet_id: u16, list: Vec<Subscription>) {
        let Some(client) = self.links.get(&number).and_then(|link| link.client.as_ref()) else { return };
        let (name, version) = (client.id.clone(), client.version);
        let allowed: Vec<bool> = list
            .iter()
            .map(|s| {
                let shared = s.filter.starts_with("$share/");
                !shared && self.config.may(client.user.as_deref(), |rule| rule.subscribe, &s.filter)
            })
            .collect();
        let granted: Vec<Option<u8>> =
            list.iter().zip(&allowed).map(|(s, allowed)| allowed.then_some(s.qos)).collect();
        for (subscription, granted) in list.iter().zip(&granted) {
            let news = MqttNews::Subscribed { filter: subscription.filter.clone(), granted: *granted };
            self.tell(number, news);
        }
        if self.config.closes && allowed.contains(&false) {
            self.farewell(number, Farewell::NotAuthorized);
            return self.end(now, number, MqttEnd::Denied, true);
        }
        let (Some(link), Some(session)) = (self.links.get_mut(&number), self.sessions.get_mut(&name)) else {
            return;
        };
        link.output.extend(wire::write(version, &Outgoing::Suback(packet_id, &granted)));
        for (subscription, _) in list.into_iter().zip(allowed).filter(|(_, allowed)| *allowed) {
            let (filter, qos, number) = (subscription.filter.clone(), subscription.qos, subscription.number);
            let (known, new) = subscription.retained;
            let wanted = if session.subscribe(subscription) { known } else { new };
            for (message, arrived) in self.retained.values().filter(|_| wanted) {
                if topic::has(&filter, &message.topic) {
                    let message = Message { qos: message.qos.min(qos), retain: true, ..message.clone() };
                    if let Some(message) = aged(message, now.since(*arrived)) {
                        session.deliver(now, message, number, Some(&mut link.output));
                    }
                }
            }
        }
    }

    /// Hands a message to everybody who has subscribed to its topic. `from`: the client that has published it.
    fn route(&mut self, now: Instant, message: &Message, from: Option<&str>) {
        if message.retain {
            if message.payload.is_empty() {
                self.retained.remove(&message.topic);
            } else if self.retained.len() < RETAINED || self.retained.contains_key(&message.topic) {
                self.retained.insert(message.topic.clone(), (message.clone(), now));
            }
        }
        let listening = self.config.answers == MqttAnswers::Right;
        for (id, session) in &mut self.sessions {
            let Some(wanted) = session.wants(&message.topic, from == Some(id)) else { continue };
            let number = wanted.number;
            let copy = Message {
                qos: message.qos.min(wanted.qos),
                retain: message.retain && wanted.as_published,
                ..message.clone()
            };
            let link = session.connection.and_then(|number| self.links.get_mut(&number));
            let output = link.filter(|link| listening && !link.over).map(|link| &mut link.output);
            session.deliver(now, copy, number, output);
        }
    }

    fn publish_will(&mut self, now: Instant, client: String, message: Message) {
        let news = MqttNews::Published { message: message.clone(), will: true };
        self.events.push_back(MqttEvent { client: client.clone(), peer: None, news });
        self.route(now, &message, Some(&client));
    }

    /// A connection's end, for its session. `with_will`: its last will is published.
    fn end(&mut self, now: Instant, number: u64, how: MqttEnd, with_will: bool) {
        let Some(link) = self.links.get_mut(&number) else { return };
        if std::mem::replace(&mut link.over, true) && link.client.is_none() {
            return;
        }
        let peer = Some(link.peer);
        let Some(client) = link.client.take() else {
            let news = MqttNews::Ended(how);
            return self.events.push_back(MqttEvent { client: String::new(), peer, news });
        };
        self.events.push_back(MqttEvent { client: client.id.clone(), peer, news: MqttNews::Ended(how) });
        let Some(session) = self.sessions.get_mut(&client.id) else { return };
        session.detach(now);
        if let Some(will) = client.will.filter(|_| with_will) {
            // It waits no longer than the session lives.
            let delay = Duration::from_secs(u64::from(will.delay.min(session.expiry)));
            if delay > Duration::ZERO {
                session.will = Some((now + delay, will.message));
            } else {
                self.publish_will(now, client.id.clone(), will.message);
            }
        }
        if self.sessions.get(&client.id).is_some_and(|session| session.expiry == 0) {
            self.sessions.remove(&client.id);
        }
    }

    /// A client does what it must not: its connection ends.
    fn mistake(&mut self, now: Instant, number: u64, why: &str) {
        self.farewell(number, Farewell::MalformedPacket);
        self.end(now, number, MqttEnd::Mistake(why.to_owned()), true);
    }

    /// Says why a connection ends, to a client that can be told.
    fn farewell(&mut self, number: u64, why: Farewell) {
        if let Some(link) = self.links.get_mut(&number)
            && let Some(client) = &link.client
        {
            link.output.extend(wire::write(client.version, &Outgoing::Disconnect(why)));
        }
    }

    fn tell(&mut self, number: u64, news: MqttNews) {
        if let Some(link) = self.links.get(&number) {
            let client = link.client.as_ref().map(|client| client.id.clone()).unwrap_or_default();
            self.events.push_back(MqttEvent { client, peer: Some(link.peer), news });
        }
    }
}

impl Link {
    /// When it has been silent too long.
    fn deadline(&self) -> Option<Instant> {
        match &self.client {
            Some(client) => client.silence.map(|silence| self.heard + silence),
            None => Some(self.heard + PATIENCE),
        }
    }
}

/// A message that has been kept for so long; `None` when it is out of date.
fn aged(mut message: Message, age: Duration) -> Option<Message> {
    if let Some(left) = &mut message.properties.message_expiry_interval {
        let seconds = age.as_nanos() / 1_000_000_000;
        *left = u32::try_from(u64::from(*left).checked_sub(seconds)?).ok()?;
    }
    Some(message)
}
