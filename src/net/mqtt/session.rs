//! A client's session with a broker: what it has subscribed to, and the messages that are on their way to it.
//!
//! A session outlives its connection when the client wants that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mqtt_proto::v5::VarByteInt;

use super::topic;
use super::wire::{self, Message, Outgoing, Subscription, Version};
use crate::time::{Duration, Instant};

/// Messages of QoS 1 and 2 that are under way to a client at a time, as mosquitto has it.
const WINDOW: usize = 20;
/// Messages that wait for a client; the next ones are lost.
const WAITING: usize = 1000;
/// Bytes that wait for the connection: messages of QoS 0 beyond are lost.
const BACKLOG: usize = 256 * 1024;

/// A message for a client.
#[derive(Clone, Debug)]
struct Parcel {
    message: Message,
    /// The number of the subscription.
    number: Option<VarByteInt>,
    arrived: Instant,
}

/// A message of QoS 1 or 2 that the client has not answered.
#[derive(Clone, Debug)]
struct Flight {
    id: u16,
    parcel: Parcel,
    /// QoS 2: PUBREC has come, PUBREL has left.
    released: bool,
}

/// A client's session.
#[derive(Debug)]
pub struct Session {
    /// Its connection, while it has one.
    pub connection: Option<u64>,
    version: Version,
    subscriptions: BTreeMap<String, Subscription>,
    waiting: VecDeque<Parcel>,
    flights: Vec<Flight>,
    /// QoS 2: numbers of messages that have come and are not released.
    pub received: BTreeSet<u16>,
    last_id: u16,
    window: usize,
    max_packet: Option<u32>,
    /// How long it is kept after the connection's end, seconds; all bits: for ever.
    pub expiry: u32,
    /// When it is forgotten, if it is without a connection.
    pub expires: Option<Instant>,
    /// The last will of a connection that is over, and when it is published.
    pub will: Option<(Instant, Message)>,
}

impl Session {
    /// A session of a client that has connected.
    pub fn new(connection: u64, connect: &wire::Connect) -> Session {
        let mut session = Session {
            connection: None,
            version: connect.version,
            subscriptions: BTreeMap::new(),
            waiting: VecDeque::new(),
            flights: Vec::new(),
            received: BTreeSet::new(),
            last_id: 0,
            window: WINDOW,
            max_packet: None,
            expiry: 0,
            expires: None,
            will: None,
        };
        session.attach(connection, connect);
        session
    }

    /// The client is back.
    pub fn attach(&mut self, connection: u64, connect: &wire::Connect) {
        self.connection = Some(connection);
        self.version = connect.version;
        self.window = WINDOW.min(usize::from(connect.receive_max));
        self.max_packet = connect.max_packet;
        self.expiry = connect.session_expiry;
        self.expires = None;
        self.will = None;
    }

    /// Its connection is over at `now`.
    pub fn detach(&mut self, now: Instant) {
        self.connection = None;
        self.expires = (self.expiry != u32::MAX).then(|| now + Duration::from_secs(u64::from(self.expiry)));
    }

    /// Subscribes. True when there was such a subscription already.
    pub fn subscribe(&mut self, subscription: Subscription) -> bool {
        self.subscriptions.insert(subscription.filter.clone(), subscription).is_some()
    }

    /// Unsubscribes. True when there was such a subscription.
    pub fn unsubscribe(&mut self, filter: &str) -> bool {
        self.subscriptions.remove(filter).is_some()
    }

    /// What it has subscribed to that has this topic: the subscription with the highest QoS. A message comes once,
    /// however many have its topic. `own`: the message is its own.
    pub fn wants(&self, topic: &str, own: bool) -> Option<&Subscription> {
        let having =
            self.subscriptions.values().filter(|s| topic::has(&s.filter, topic) && !(own && s.no_local));
        having.max_by_key(|s| s.qos)
    }

    /// A message for it, with the QoS and the retain flag that it goes with. One of QoS 0 goes to `output` at once or is
    /// lost: `None` is a client that does not listen now.
    pub fn deliver(
        &mut self,
        now: Instant,
        message: Message,
        number: Option<VarByteInt>,
        output: Option<&mut Vec<u8>>,
    ) {
        let parcel = Parcel { message, number, arrived: now };
        if parcel.message.qos > 0 {
            if self.waiting.len() < WAITING {
                self.waiting.push_back(parcel);
            }
            if let Some(output) = output {
                self.send(now, output);
            }
        } else if let Some(output) = output.filter(|output| output.len() < BACKLOG)
            && let Some(bytes) = self.publish(now, &parcel, 0, false)
        {
            output.extend(bytes);
        }
    }

    /// Sends what waits, as far as the client takes it.
    pub fn send(&mut self, now: Instant, output: &mut Vec<u8>) {
        while self.flights.len() < self.window
            && let Some(parcel) = self.waiting.pop_front()
        {
            let Some(id) = self.free_id() else { return self.waiting.push_front(parcel) };
            if let Some(bytes) = self.publish(now, &parcel, id, false) {
                output.extend(bytes);
                self.flights.push(Flight { id, parcel, released: false });
            }
        }
    }

    /// Sends again what the client has not answered, then what waits: it is back.
    pub fn resume(&mut self, now: Instant, output: &mut Vec<u8>) {
        for flight in &self.flights {
            output.extend(match flight.released {
                true => wire::write(self.version, &Outgoing::Pubrel(flight.id)),
                false => self.publish(now, &flight.parcel, flight.id, true).unwrap_or_default(),
            });
        }
        self.send(now, output);
    }

    /// The packet; `None` when the message is out of date, or too long for the client.
    fn publish(&self, now: Instant, parcel: &Parcel, id: u16, again: bool) -> Option<Vec<u8>> {
        let mut message = parcel.message.clone();
        if let Some(left) = &mut message.properties.message_expiry_interval {
            let waited = now.since(parcel.arrived).as_nanos() / 1_000_000_000;
            *left = u32::try_from(u64::from(*left).checked_sub(waited)?).ok()?;
        }
        let packet = Outgoing::Publish { message: &message, id, again, number: parcel.number };
        let bytes = wire::write(self.version, &packet);
        let fits = self.max_packet.is_none_or(|max| bytes.len() <= max as usize);
        (fits && !bytes.is_empty()).then_some(bytes)
    }

    fn free_id(&mut self) -> Option<u16> {
        (0..=u16::MAX).find_map(|_| {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            let id = self.last_id;
            (!self.flights.iter().any(|flight| flight.id == id)).then_some(id)
        })
    }

    /// PUBACK or PUBCOMP: a message is done with.
    pub fn done(&mut self, id: u16) {
        self.flights.retain(|flight| flight.id != id);
    }

    /// PUBREC: PUBREL is to follow.
    pub fn release(&mut self, id: u16) {
        for flight in self.flights.iter_mut().filter(|flight| flight.id == id) {
            flight.released = true;
        }
    }
}
