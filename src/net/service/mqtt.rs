//! An MQTT broker on a port of a host: carries bytes between the connections and the [`Broker`].

use super::echo::drop_oldest;
use super::{BACKLOG, CONNECTIONS, Events, Service, tcp_options};
use crate::net::config::{self, MqttChange};
use crate::net::event::HostEvent;
use crate::net::mqtt::broker::Broker;
use crate::net::mqtt::wire::Message;
use crate::net::network::HostAction;
use crate::net::stack::{self, ListenError, Listener, Stack, StreamState};
use crate::time::Instant;

/// Bytes read at once.
const CHUNK: usize = 4096;

/// One connection.
struct Connection {
    stream: stack::Connection,
    /// Its number with the broker.
    number: u64,
    heard: Instant,
    /// A test closes it.
    closing: bool,
}

/// The broker of a host.
pub(super) struct Server {
    listener: Listener,
    broker: Broker,
    connections: Vec<Connection>,
}

impl Server {
    pub(super) fn new(stack: &mut Stack, config: &config::Mqtt) -> Result<Server, ListenError> {
        let listener = stack.stream_listen(config.port, BACKLOG, &tcp_options())?;
        Ok(Server { listener, broker: Broker::new(config), connections: Vec::new() })
    }
}

impl Service for Server {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        while let Some((stream, peer)) = stack.stream_accept(self.listener) {
            if self.connections.len() >= CONNECTIONS {
                drop_oldest(stack, &mut self.connections, |c| (c.heard, c.stream));
            }
            let number = self.broker.open(now, peer);
            self.connections.push(Connection { stream, number, heard: now, closing: false });
            moved = true;
        }
        for connection in &mut self.connections {
            moved |= connection.read(now, stack, &mut self.broker);
        }
        moved |= self.broker.poll(now);
        let broker = &mut self.broker;
        self.connections.retain(|connection| {
            let (keep, wrote) = connection.write(stack, broker);
            moved |= wrote | !keep;
            if !keep {
                broker.closed(now, connection.number);
                stack.stream_release(connection.stream);
            }
            keep
        });
        while let Some(event) = self.broker.take_event() {
            events.add(HostEvent::Mqtt(event));
        }
        moved
    }

    fn next_timer(&self) -> Option<Instant> {
        self.broker.next_timer()
    }

    fn stop(self: Box<Self>, stack: &mut Stack) {
        stack.listener_release(self.listener);
        for connection in self.connections {
            stack.stream_release(connection.stream);
        }
    }

    fn has_connections(&self) -> bool {
        !self.connections.is_empty()
    }

    /// Closes every connection, without a word of MQTT. Answers how many there were.
    fn close(&mut self) -> usize {
        for connection in &mut self.connections {
            connection.closing = true;
        }
        self.connections.len()
    }

    /// Resets every connection. Answers how many there were.
    fn reset(&mut self, stack: &mut Stack) -> usize {
        for connection in &mut self.connections {
            stack.tcp_abort(connection.stream);
            connection.closing = true;
        }
        self.connections.len()
    }

    fn act_as_broker(&mut self, now: Instant, action: &HostAction) -> bool {
        match action {
            HostAction::Mqtt(change) => self.broker.change(now, change),
            HostAction::Publish { topic, payload, qos, retain } => {
                let message = Message {
                    topic: topic.clone(),
                    payload: payload.clone(),
                    qos: *qos,
                    retain: *retain,
                    properties: Default::default(),
                };
                self.broker.publish(now, &message);
            }
            _ => return false,
        }
        true
    }

    fn broker_cannot(&self, action: &HostAction) -> Option<String> {
        match action {
            HostAction::Mqtt(MqttChange::Drop(id) | MqttChange::TakeOver(id)) => {
                (!self.broker.has_client(id))
                    .then(|| format!("its broker has no client with the id '{id}' now"))
            }
            _ => None,
        }
    }
}

impl Connection {
    /// Hands what has come to the broker. True when something had.
    fn read(&mut self, now: Instant, stack: &mut Stack, broker: &mut Broker) -> bool {
        let mut moved = false;
        while !self.closing && !broker.is_over(self.number) {
            let data = stack.stream_recv(self.stream, CHUNK);
            if data.is_empty() {
                break;
            }
            broker.receive(now, self.number, &data);
            self.heard = now;
            moved = true;
        }
        moved
    }

    /// Sends what the broker has for it. Answers whether the connection goes on, and whether something was sent.
    fn write(&self, stack: &mut Stack, broker: &mut Broker) -> (bool, bool) {
        if self.closing {
            return (false, true);
        }
        let over = broker.is_over(self.number);
        let Some(output) = broker.output(self.number) else { return (false, false) };
        let sent = stack.stream_send(self.stream, output);
        output.drain(..sent);
        let keep = match stack.stream_state(self.stream) {
            StreamState::Open | StreamState::Connecting => !(over && output.is_empty()),
            StreamState::PeerClosed => stack.stream_readable(self.stream) > 0 && !over,
            StreamState::Closing | StreamState::Closed(_) => false,
        };
        (keep, sent > 0)
    }
}
