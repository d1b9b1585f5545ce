//! The way to the broker: bytes over the stream, or over the frames of WebSocket on it.

use crate::at::Env;
use crate::net::stack::{Connection, Stack, StreamState};
use crate::net::websocket::handshake::{self, Answer, Request};
use crate::net::websocket::{Event, Role, Socket, opcode};
use crate::rng::Stream;

/// Bytes that are read at once behind the frames.
const CHUNK: usize = 1024;

/// A channel. MQTT's packets go through it; where they end does not matter to it.
#[derive(Debug)]
pub struct Channel {
    stream: Connection,
    web: Web,
    /// Of the frames, or of the request: bytes that the stack has not taken.
    pending: Vec<u8>,
    /// What the frames held that have come, and nobody has read.
    plain: Vec<u8>,
}

/// WebSocket's part of it.
#[derive(Debug)]
enum Web {
    /// There is none.
    None,
    /// The answer to the request with this key is awaited; so much of it has come.
    Asking(String, Vec<u8>),
    /// Frames.
    Open(Box<Socket>),
    /// The answer was no, or the peer has closed.
    Over,
}

impl Channel {
    /// Over a stream that is open. `path`: over WebSocket, to this resource.
    pub fn new(stream: Connection, host: (&str, u16), path: Option<&str>, env: &mut Env<'_>) -> Channel {
        let mut channel = Channel { stream, web: Web::None, pending: Vec::new(), plain: Vec::new() };
        if let Some(path) = path {
            let key = handshake::key(env.dials);
            let request =
                Request { host, path, key: &key, protocol: Some("mqtt"), authorization: None, headers: &[] };
            channel.pending = request.bytes();
            channel.web = Web::Asking(key, Vec::new());
        }
        channel
    }

    /// Packets can go through it.
    pub fn is_ready(&self) -> bool {
        matches!(self.web, Web::None | Web::Open(..))
    }

    /// Whether the stack has not taken everything.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Sends what the stack takes of `data`, which is drained. Answers whether it took something.
    pub fn send(&mut self, data: &mut Vec<u8>, stack: &mut Stack) -> bool {
        match &mut self.web {
            Web::None => {
                let taken = stack.stream_send(self.stream, data);
                data.drain(..taken);
                return taken > 0;
            }
            Web::Open(socket) if !data.is_empty() && self.pending.is_empty() => {
                socket.send(true, opcode::BINARY, data);
                data.clear();
            }
            Web::Open(..) | Web::Asking(..) | Web::Over => {}
        }
        if let Web::Open(socket) = &mut self.web {
            self.pending.extend(socket.take_output());
        }
        let taken = stack.stream_send(self.stream, &self.pending);
        self.pending.drain(..taken);
        taken > 0
    }

    /// Up to `most` bytes that have come.
    pub fn receive(&mut self, most: usize, stack: &mut Stack) -> Vec<u8> {
        if let Web::None = self.web {
            return stack.stream_recv(self.stream, most);
        }
        while self.plain.is_empty() {
            let bytes = stack.stream_recv(self.stream, CHUNK);
            if bytes.is_empty() {
                break;
            }
            self.take(&bytes);
        }
        let most = most.min(self.plain.len());
        self.plain.drain(..most).collect()
    }

    /// Takes the answer to the request, then frames.
    fn take(&mut self, bytes: &[u8]) {
        let events = match &mut self.web {
            Web::None | Web::Over => return,
            Web::Asking(key, head) => {
                head.extend_from_slice(bytes);
                match handshake::answer(head, key) {
                    Answer::Partial => return,
                    Answer::Refused(_) | Answer::Wrong => {
                        self.web = Web::Over;
                        return;
                    }
                    Answer::Accepted(length) => {
                        // Masks are drawn from a stream that the key names.
                        let masks = Stream::new(0, key);
                        let mut socket = Socket::new(Role::Client(Box::new(masks)));
                        let events = socket.receive(&head[length..]);
                        self.web = Web::Open(Box::new(socket));
                        events
                    }
                }
            }
            Web::Open(socket) => socket.receive(bytes),
        };
        for event in events {
            match event {
                Event::Data { bytes, .. } => self.plain.extend(bytes),
                Event::Ping(_) | Event::Pong(_) => {}
                Event::Closed(..) | Event::Broken(_) => self.web = Web::Over,
            }
        }
    }

    /// Nothing more will come.
    pub fn is_over(&self, stack: &Stack) -> bool {
        let open = matches!(stack.stream_state(self.stream), StreamState::Open);
        let ended = !open && stack.stream_readable(self.stream) == 0;
        self.plain.is_empty() && (ended || matches!(self.web, Web::Over))
    }

    /// Lets go of the stream, which closes in good order.
    pub fn release(self, stack: &mut Stack) {
        stack.stream_release(self.stream);
    }
}
