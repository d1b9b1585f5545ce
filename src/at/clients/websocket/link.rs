//! One link of the WebSocket client, from its dial to its end.

use std::collections::VecDeque;

use crate::at::Env;
use crate::at::clients::http::{Header, Url};
use crate::at::clock::Clock;
use crate::at::dial::{self, Dial, Dialling};
use crate::at::output::Output;
use crate::at::secure::{ClientTls, Owner};
use crate::net::stack::{Connection, DnsFamily, StreamState};
use crate::net::websocket::frame::{self, Piece, Reader};
use crate::net::websocket::handshake::{self, Answer};
use crate::net::websocket::opcode;
use crate::time::{Duration, Instant};

/// Opening a connection, and each part of the handshake, may take so long.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(10);
/// The whole request of the handshake is shorter than this, bytes.
pub(super) const MOST_REQUEST: usize = 1024;
/// After the close frames the server may take so long to close the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// AT+WSCFG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Silence before a ping.
    pub ping_interval: Duration,
    /// A ping may stay without an answer for so long.
    pub ping_timeout: Duration,
    /// Bytes that are read at once, and most bytes of a frame that is sent, its head included.
    pub buffer: usize,
    /// Authentication mode, certificate and authority of wss.
    pub tls: (u8, u8, u8),
}

impl Default for Config {
    fn default() -> Self {
        Config {
            ping_interval: Duration::from_secs(10),
            ping_timeout: Duration::from_secs(120),
            buffer: 1024,
            tls: (0, 0, 0),
        }
    }
}

/// The `<state>` of AT+WSOPEN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being opened.
    Connecting = 1,
    /// It is open.
    Connected = 2,
    /// It was lost, and will be opened again.
    Waiting = 3,
    /// The server has closed it, and is expected to close the connection.
    Closing = 4,
}

/// What AT+WSOPEN asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to, as it was typed.
    pub uri: String,
    /// The same, taken apart.
    pub url: Url,
    /// Value of `Sec-WebSocket-Protocol`.
    pub protocol: Option<String>,
    /// Value of `Authorization`.
    pub authorization: Option<String>,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) request: Request,
    pub(super) config: Config,
    pub(super) step: Step,
    /// AT+WSOPEN waits for it: a failure ends it.
    pub(super) first: bool,
    /// Frames that the stack has not taken yet, and how many bytes have been queued and taken in all.
    output: VecDeque<u8>,
    pub(super) queued: u64,
    pub(super) taken: u64,
    /// When data came last, or the link was opened, or a ping was sent.
    quiet_since: Instant,
    /// A ping is without an answer: the link is lost then.
    pong_until: Option<Instant>,
    /// Data that the UART had no room for.
    unprinted: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) enum Step {
    Dialling(Dial),
    /// The request is sent, or its answer comes.
    Shaking {
        stream: Connection,
        key: String,
        request: Vec<u8>,
        sent: usize,
        input: Vec<u8>,
        until: Instant,
    },
    Open(Connection, Reader, Vec<u8>),
    Waiting(Instant),
    Closing(Connection, Instant),
}

/// What stands around a link: it has no hand in anything else.
pub(super) struct Around<'a> {
    pub(super) headers: &'a [Header],
    /// The printer.
    pub(super) out: &'a mut Output,
    /// The time of day, for certificates.
    pub(super) clock: Clock,
}

/// What a look at a link comes to.
pub(super) enum Looked {
    Waiting,
    Moved,
    /// The connection is lost, or was not to be had.
    Lost,
    /// It is over in good order.
    Closed,
}

impl Link {
    /// One that is to be opened at once; AT+WSOPEN waits for it.
    pub(super) fn new(now: Instant, request: Request, config: Config) -> Link {
        Link {
            request,
            config,
            step: Step::Waiting(now),
            first: true,
            output: VecDeque::new(),
            queued: 0,
            taken: 0,
            quiet_since: now,
            pong_until: None,
            unprinted: None,
        }
    }

    pub(super) fn state(&self) -> State {
        match self.step {
            Step::Dialling(_) | Step::Shaking { .. } => State::Connecting,
            Step::Open(..) => State::Connected,
            Step::Waiting(_) => State::Waiting,
            Step::Closing(..) => State::Closing,
        }
    }

    /// Lets go of the connection, and goes on with this step.
    pub(super) fn end(&mut self, then: Step, env: &mut Env<'_>) {
        std::mem::replace(&mut self.step, then).release(env);
    }

    /// Nothing of the connection before is left.
    pub(super) fn reset(&mut self, now: Instant) {
        self.output.clear();
        (self.queued, self.taken) = (0, 0);
        self.quiet_since = now;
        self.pong_until = None;
    }

    /// When a ping is due. While data waits for the UART, the task that would send it stands in its write.
    pub(super) fn ping_at(&self) -> Option<Instant> {
        let pings = matches!(self.step, Step::Open(..)) && self.unprinted.is_none();
        pings.then_some(self.quiet_since + self.config.ping_interval)
    }

    /// When a ping has stayed without an answer for too long. Nobody looks for one while data waits for the UART.
    pub(super) fn pong_at(&self) -> Option<Instant> {
        self.pong_until.filter(|_| self.unprinted.is_none())
    }

    /// The request of the handshake, as it stands now.
    pub(super) fn request_bytes(&self, key: &str, headers: &[Header]) -> Vec<u8> {
        let Request { url, protocol, authorization, .. } = &self.request;
        handshake::Request {
            host: (&url.host, url.port),
            path: &url.target,
            key,
            protocol: protocol.as_deref(),
            authorization: authorization.as_deref(),
            headers: &headers.iter().map(|h| (h.name.clone(), h.value.clone())).collect::<Vec<_>>(),
        }
        .bytes()
    }

    pub(super) fn dial(&mut self, now: Instant, clock: Clock, env: &mut Env<'_>) -> Result<(), &'static str> {
        let url = &self.request.url;
        let secure = if url.tls {
            let (mode, pki, ca) = self.config.tls;
            let tls =
                ClientTls { name: Some(url.host.clone()), ..ClientTls::for_mode(Owner::Wss, mode, pki, ca) };
            Some(tls.secure(now, clock, env)?)
        } else {
            None
        };
        let mut options = dial::tcp_options(env);
        options.connect_timeout = options.connect_timeout.min(NETWORK_TIMEOUT);
        let within = url.tls.then_some(NETWORK_TIMEOUT);
        let dial = Dial::host(now, (&url.host, url.port), DnsFamily::PreferIpv4, options, env.stack)
            .within(within)
            .with_tls(secure, env.stack);
        self.step = Step::Dialling(dial);
        Ok(())
    }

    /// Queues a frame; every one of a client has a mask.
    pub(super) fn frame(&mut self, opcode: u8, data: &[u8], env: &mut Env<'_>) {
        let [a, b, c, d, ..] = env.dials.next_u64().to_le_bytes();
        let mut bytes = Vec::new();
        frame::write(&mut bytes, true, opcode, Some([a, b, c, d]), data);
        self.queued += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.output.extend(bytes);
    }

    pub(super) fn look(
        &mut self,
        now: Instant,
        id: usize,
        around: &mut Around<'_>,
        env: &mut Env<'_>,
    ) -> Looked {
        match &mut self.step {
            Step::Waiting(at) if *at > now => Looked::Waiting,
            Step::Waiting(_) => match self.dial(now, around.clock, env) {
                Ok(()) => Looked::Moved,
                Err(why) => {
                    around.out.log(why);
                    Looked::Lost
                }
            },
            Step::Dialling(dial) => match dial.poll(now, env.stack) {
                Dialling::Waiting => Looked::Waiting,
                Dialling::Moved => Looked::Moved,
                Dialling::Failed(failure) => {
                    failure.log(now, around.out, env);
                    self.step = Step::Waiting(now);
                    Looked::Lost
                }
                Dialling::Open((stream, _)) => {
                    let key = handshake::key(env.dials);
                    let request = self.request_bytes(&key, around.headers);
                    let until = now + NETWORK_TIMEOUT;
                    self.step = Step::Shaking { stream, key, request, sent: 0, input: Vec::new(), until };
                    Looked::Moved
                }
            },
            Step::Shaking { stream, key, request, sent, input, until } => {
                let stream = *stream;
                let taken = env.stack.stream_send(stream, &request[*sent..]);
                *sent += taken;
                let data = env.stack.stream_recv(stream, MOST_REQUEST);
                input.extend(&data);
                match handshake::answer(input, key) {
                    Answer::Accepted(length) => {
                        let rest = input.split_off(length);
                        self.step = Step::Open(stream, Reader::default(), rest);
                        self.reset(now);
                        around.out.announce(&format!("+WS_CONNECTED:{id}\r\n"));
                        Looked::Moved
                    }
                    Answer::Refused(_) | Answer::Wrong => Looked::Lost,
                    Answer::Partial if taken > 0 || !data.is_empty() => Looked::Moved,
                    Answer::Partial if *until <= now || is_over(stream, env) => Looked::Lost,
                    Answer::Partial => Looked::Waiting,
                }
            }
            Step::Open(stream, ..) => {
                let stream = *stream;
                self.look_at_frames(now, id, stream, around.out, env)
            }
            Step::Closing(stream, until) => {
                let (stream, until) = (*stream, *until);
                let sent = self.push(stream, env);
                env.stack.stream_recv(stream, MOST_REQUEST);
                let closed = self.output.is_empty() && is_over(stream, env);
                if closed || until <= now {
                    Looked::Closed
                } else if sent {
                    Looked::Moved
                } else {
                    Looked::Waiting
                }
            }
        }
    }

    /// Hands the stack what it takes.
    fn push(&mut self, stream: Connection, env: &mut Env<'_>) -> bool {
        let taken = env.stack.stream_send(stream, self.output.make_contiguous());
        self.output.drain(..taken);
        self.taken += u64::try_from(taken).unwrap_or(u64::MAX);
        taken > 0
    }

    fn look_at_frames(
        &mut self,
        now: Instant,
        id: usize,
        stream: Connection,
        out: &mut Output,
        env: &mut Env<'_>,
    ) -> Looked {
        // The command ends right behind the report; data comes behind both.
        if self.first {
            return Looked::Waiting;
        }
        if let Some(data) = self.unprinted.take() {
            // One larger than the ring goes out when half of the ring is free.
            // Passthrough keeps it to itself, unless AT+SYSMSG says otherwise (a guess).
            let shown = out.announces();
            if shown && !out.has_room(env.room, data.len().min(env.profile.tx_ring / 2)) {
                self.unprinted = Some(data);
                self.push(stream, env);
                return Looked::Waiting;
            }
            if shown {
                out.framed(&format!("+WS_DATA:{id},{},", data.len()), &data, "\r\n");
            }
            return Looked::Moved;
        }
        if self.push(stream, env) {
            return Looked::Moved;
        }
        if let Some(piece) = self.read(stream, env) {
            self.quiet_since = now;
            return self.piece(now, piece, stream, env);
        }
        if is_over(stream, env) || self.pong_at().is_some_and(|until| until <= now) {
            return Looked::Lost;
        }
        if self.ping_at().is_some_and(|at| at <= now) {
            self.frame(opcode::PING, &[], env);
            self.quiet_since = now;
            self.pong_until.get_or_insert(now + self.config.ping_timeout);
            return Looked::Moved;
        }
        Looked::Waiting
    }

    /// The next part of a frame, as one read of the socket brings it.
    fn read(&mut self, stream: Connection, env: &mut Env<'_>) -> Option<Piece> {
        let most = self.config.buffer;
        let Step::Open(_, reader, rest) = &mut self.step else { return None };
        loop {
            let wanted = reader.wants(most);
            // What came behind the answer of the handshake goes first.
            let data = if rest.is_empty() {
                env.stack.stream_recv(stream, wanted)
            } else {
                rest.drain(..wanted.min(rest.len())).collect()
            };
            if data.is_empty() {
                return None;
            }
            if let Some(piece) = reader.take(&mut &data[..], most) {
                return Some(piece);
            }
        }
    }

    fn piece(&mut self, now: Instant, piece: Piece, stream: Connection, env: &mut Env<'_>) -> Looked {
        match piece.header.opcode {
            // Control frames are events of the component, too; that the host does not see them is a guess.
            opcode::PING => {
                self.frame(opcode::PONG, &piece.content, env);
                Looked::Moved
            }
            opcode::PONG => {
                self.pong_until = None;
                Looked::Moved
            }
            opcode::CLOSE => {
                self.frame(opcode::CLOSE, &[], env);
                self.step = Step::Closing(stream, now + CLOSE_TIMEOUT);
                Looked::Moved
            }
            _ => {
                self.unprinted = Some(piece.content);
                Looked::Moved
            }
        }
    }
}

impl Step {
    pub(super) fn release(self, env: &mut Env<'_>) {
        match self {
            Step::Dialling(dial) => dial.release(env.stack),
            Step::Shaking { stream, .. } | Step::Open(stream, ..) | Step::Closing(stream, _) => {
                env.stack.stream_release(stream);
            }
            Step::Waiting(_) => {}
        }
    }
}

/// Nothing more will come.
fn is_over(stream: Connection, env: &Env<'_>) -> bool {
    match env.stack.stream_state(stream) {
        StreamState::Closed(_) => true,
        StreamState::PeerClosed => env.stack.stream_readable(stream) == 0,
        StreamState::Connecting | StreamState::Open | StreamState::Closing => false,
    }
}
