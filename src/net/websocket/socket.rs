//! One end of a connection behind the handshake.

use super::frame::{self, Piece, Reader};
use super::{code, opcode};
use crate::rng::Stream;

/// Most bytes of a control frame's content (RFC 6455, 5.5).
const MAX_CONTROL: u64 = 125;

/// True for a code that may stand in a close frame (RFC 6455, 7.4; 1012 to 1014 are IANA's).
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Text in UTF-8 that comes in pieces.
#[derive(Clone, Debug, Default)]
struct Text {
    /// The beginning of a character, at most 3 bytes.
    begun: Vec<u8>,
}

impl Text {
    /// Takes the next piece. Answers whole characters, and whether there is more that is none.
    fn go_on(&mut self, piece: Vec<u8>, last: bool) -> (Vec<u8>, bool) {
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend(piece);
        let Err(error) = std::str::from_utf8(&bytes) else { return (bytes, false) };
        let rest = bytes.split_off(error.valid_up_to());
        let bad = last || error.error_len().is_some();
        if !bad {
            self.begun = rest;
        }
        (bytes, bad)
    }
}

/// Which end it is.
#[derive(Clone, Debug)]
pub enum Role {
    /// Lays masks over what it sends, drawn from this stream.
    Client(Box<Stream>),
    /// Lays none.
    Server,
}

/// What has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Data of a message, as much of it as was there; at a server whole characters of a text.
    Data {
        /// [`opcode::TEXT`] or [`opcode::BINARY`], also of what continues the message.
        opcode: u8,
        /// The bytes; may be none.
        bytes: Vec<u8>,
        /// The message ends with them.
        last: bool,
    },
    /// A ping, which has been answered.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// The peer closes, with a code if it gave one, and a reason. The answer is on its way; nothing follows.
    Closed(Option<u16>, Vec<u8>),
    /// The peer has not kept to the protocol: it is told this code. Nothing follows.
    Broken(u16),
}

/// One end of a connection. What comes is given to [`receive`](Socket::receive); what it has to send is taken with
/// [`take_output`](Socket::take_output) and belongs on the stream.
#[derive(Clone, Debug)]
pub struct Socket {
    role: Role,
    reader: Reader,
    /// The message under way.
    message: Option<u8>,
    text: Text,
    /// Content of the control frame under way.
    control: Vec<u8>,
    output: Vec<u8>,
    /// It has sent its close frame, and sends nothing more.
    closing: bool,
    /// The peer has closed, or is not listened to any more.
    over: bool,
}

impl Socket {
    /// An end right behind the handshake.
    pub fn new(role: Role) -> Socket {
        Socket {
            role,
            reader: Reader::default(),
            message: None,
            text: Text::default(),
            control: Vec::new(),
            output: Vec::new(),
            closing: false,
            over: false,
        }
    }

    /// Takes what has come, and says what it means.
    pub fn receive(&mut self, mut bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        while !self.over {
            let Some(piece) = self.reader.take(&mut bytes, usize::MAX) else { break };
            events.extend(self.piece(piece));
        }
        events
    }

    /// Sends a frame. After [`close`](Socket::close) nothing is sent any more.
    pub fn send(&mut self, fin: bool, opcode: u8, content: &[u8]) {
        if self.closing {
            return;
        }
        self.closing |= opcode == opcode::CLOSE;
        let key = match &mut self.role {
            Role::Client(random) => {
                let [a, b, c, d, ..] = random.next_u64().to_le_bytes();
                Some([a, b, c, d])
            }
            Role::Server => None,
        };
        frame::write(&mut self.output, fin, opcode, key, content);
    }

    /// Sends a close frame, with a code and a reason, or with nothing.
    pub fn close(&mut self, code: Option<u16>, reason: &[u8]) {
        let content: Vec<u8> = code.map(u16::to_be_bytes).into_iter().flatten().collect();
        let reason = if content.is_empty() { &[] } else { reason };
        self.send(true, opcode::CLOSE, &[&content[..], reason].concat());
    }

    /// Takes what is to be sent.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// It has sent its close frame.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Nothing more comes: the peer has closed, or has broken the rules. With [`is_closing`](Socket::is_closing) the
    /// connection may go.
    pub fn is_over(&self) -> bool {
        self.over
    }

    fn broken(&mut self, code: u16) -> Vec<Event> {
        self.close(Some(code), &[]);
        self.over = true;
        vec![Event::Broken(code)]
    }

    fn piece(&mut self, piece: Piece) -> Vec<Event> {
        let header = piece.header;
        let masked = self.is_server();
        if piece.from == 0 && (header.reserved != 0 || header.mask.is_some() != masked) {
            return self.broken(code::PROTOCOL);
        }
        if opcode::is_control(header.opcode) {
            if header.length > MAX_CONTROL || !header.fin {
                return self.broken(code::PROTOCOL);
            }
            let whole = piece.is_last();
            self.control.extend(piece.content);
            return if whole { self.control_frame(header.opcode) } else { Vec::new() };
        }
        let last = header.fin && piece.is_last();
        let opcode = match (header.opcode, self.message) {
            (opcode::CONTINUATION, Some(opcode)) => opcode,
            (opcode::TEXT | opcode::BINARY, None) => header.opcode,
            // The rest of a frame that has begun a message.
            (opcode::TEXT | opcode::BINARY, Some(opcode)) if piece.from > 0 => opcode,
            _ => return self.broken(code::PROTOCOL),
        };
        self.message = (!last).then_some(opcode);
        if opcode != opcode::TEXT || !self.is_server() {
            return vec![Event::Data { opcode, bytes: piece.content, last }];
        }
        let (bytes, bad) = self.text.go_on(piece.content, last);
        let mut events = Vec::new();
        if !bytes.is_empty() || last && !bad {
            events.push(Event::Data { opcode, bytes, last: last && !bad });
        }
        if bad {
            events.extend(self.broken(code::NOT_TEXT));
        }
        events
    }

    /// A server holds its clients to the rules; the modules' client believes its server.
    fn is_server(&self) -> bool {
        matches!(self.role, Role::Server)
    }

    fn control_frame(&mut self, opcode: u8) -> Vec<Event> {
        let content = std::mem::take(&mut self.control);
        match opcode {
            opcode::PING => {
                self.send(true, opcode::PONG, &content);
                vec![Event::Ping(content)]
            }
            opcode::PONG => vec![Event::Pong(content)],
            opcode::CLOSE => match content[..] {
                [] => {
                    self.close(None, &[]);
                    self.over = true;
                    vec![Event::Closed(None, Vec::new())]
                }
                [high, low, ref reason @ ..] => {
                    let code = u16::from_be_bytes([high, low]);
                    if self.is_server() && !may_be_sent(code) {
                        return self.broken(code::PROTOCOL);
                    }
                    if self.is_server() && std::str::from_utf8(reason).is_err() {
                        return self.broken(code::NOT_TEXT);
                    }
                    self.close(Some(code), &[]);
                    self.over = true;
                    vec![Event::Closed(Some(code), reason.to_vec())]
                }
                [_] => self.broken(code::PROTOCOL),
            },
            _ => self.broken(code::PROTOCOL),
        }
    }
}
