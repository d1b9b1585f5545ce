//! An MQTT broker on a port of a host, and on another one over WebSocket: carries bytes between the connections and the
//! [`Broker`].

use super::contract::{Events, Service, tcp_options};
use super::echo::make_room;
use crate::net::config::{self, ConnectionLimits, MqttChange};
use crate::net::event::HostEvent;
use crate::net::mqtt::broker::Broker;
use crate::net::mqtt::wire::Message;
use crate::net::stack::{self, ListenError, Listener, Stack, StreamState};
use crate::net::types::HostAction;
use crate::net::websocket::handshake::{self, Asked};
use crate::net::websocket::{Event, Role, Socket, opcode};
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
    web: Web,
    /// Frames that the stack has not taken.
    frames: Vec<u8>,
}

/// WebSocket on a connection.
enum Web {
    /// There is none.
    None,
    /// The request is awaited; so much of it has come.
    Asked(Vec<u8>),
    /// Frames.
    Open(Box<Socket>),
    /// It was refused, or the client has closed.
    Over,
}

/// The broker of a host.
pub(super) struct Server {
    listener: Listener,
    limits: ConnectionLimits,
    /// For WebSocket.
    web_listener: Option<Listener>,
    broker: Broker,
    connections: Vec<Connection>,
}

impl Server {
    pub(super) fn new(
        stack: &mut Stack,
        limits: ConnectionLimits,
        config: &config::Mqtt,
    ) -> Result<Server, ListenError> {
        let listener = stack.stream_listen(config.port, limits.backlog, &tcp_options())?;
        let web = config.websocket.map(|port| stack.stream_listen(port, limits.backlog, &tcp_options()));
        let web_listener = match web.transpose() {
            Ok(web) => web,
            Err(error) => {
                stack.listener_release(listener);
                return Err(error);
            }
        };
        Ok(Server { listener, limits, web_listener, broker: Broker::new(config), connections: Vec::new() })
    }
}

impl Service for Server {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        let mut moved = false;
        for (listener, web) in [(Some(self.listener), false), (self.web_listener, true)] {
            let Some(listener) = listener else { continue };
            while let Some((stream, peer)) = stack.stream_accept(listener) {
                if let Some(gone) =
                    make_room(stack, &mut self.connections, self.limits, |c| (c.heard, c.stream))
                {
                    self.broker.closed(now, gone.number);
                }
                let number = self.broker.open(now, peer);
                let web = if web { Web::Asked(Vec::new()) } else { Web::None };
                let (frames, closing) = (Vec::new(), false);
                self.connections.push(Connection { stream, number, heard: now, closing, web, frames });
                moved = true;
            }
        }
        for connection in &mut self.connections {
            moved |= connection.read(now, stack, &mut self.broker);
        }
        moved |= self.broker.poll(now);
        let broker = &mut self.broker;
        self.connections.retain_mut(|connection| {
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
        if let Some(listener) = self.web_listener {
            stack.listener_release(listener);
        }
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
            let data = self.unframed(data);
            broker.receive(now, self.number, &data);
            self.heard = now;
            moved = true;
        }
        moved
    }

    /// What MQTT is in what has come.
    fn unframed(&mut self, data: Vec<u8>) -> Vec<u8> {
        let events = match &mut self.web {
            Web::None => return data,
            Web::Over => return Vec::new(),
            Web::Asked(head) => {
                head.extend(data);
                match handshake::request(head) {
                    Asked::Partial => return Vec::new(),
                    Asked::Bad(status) => {
                        self.frames = format!("HTTP/1.1 {status} \r\nConnection: close\r\n\r\n").into_bytes();
                        self.web = Web::Over;
                        return Vec::new();
                    }
                    Asked::Upgrade(upgrade, length) => {
                        let mqtt = upgrade.protocols.iter().find(|name| name.starts_with("mqtt"));
                        self.frames = handshake::accepted(&upgrade.key, mqtt.map(String::as_str));
                        let mut socket = Socket::new(Role::Server);
                        let events = socket.receive(&head[length..]);
                        self.web = Web::Open(Box::new(socket));
                        events
                    }
                }
            }
            Web::Open(socket) => socket.receive(&data),
        };
        let mut plain = Vec::new();
        for event in events {
            if let Event::Data { bytes, .. } = event {
                plain.extend(bytes);
            }
        }
        plain
    }

    /// Sends what the broker has for it. Answers whether the connection goes on, and whether something was sent.
    fn write(&mut self, stack: &mut Stack, broker: &mut Broker) -> (bool, bool) {
        if self.closing {
            return (false, true);
        }
        let over = broker.is_over(self.number);
        let Some(output) = broker.output(self.number) else { return (false, false) };
        if let Web::Open(socket) = &mut self.web {
            if self.frames.is_empty() && !output.is_empty() {
                socket.send(true, opcode::BINARY, output);
                output.clear();
            }
            self.frames.extend(socket.take_output());
        }
        let waiting = match self.web {
            Web::None => output,
            Web::Asked(_) | Web::Open(_) | Web::Over => &mut self.frames,
        };
        let sent = stack.stream_send(self.stream, waiting);
        waiting.drain(..sent);
        let over = over
            || match &self.web {
                Web::Over => true,
                Web::Open(socket) => socket.is_over(),
                Web::None | Web::Asked(_) => false,
            };
        let keep = match stack.stream_state(self.stream) {
            StreamState::Open | StreamState::Connecting => !(over && waiting.is_empty()),
            StreamState::PeerClosed => stack.stream_readable(self.stream) > 0 && !over,
            StreamState::Closing | StreamState::Closed(_) => false,
        };
        (keep, sent > 0)
    }
}
