//! The HTTP client: one request and its answer, in the way of esp_http_client. It runs in the command: the parser is busy
//! until it is over, and what the answer brings is printed while it comes, as the UART has room for it.
//!
//! The stages are dialling, sending and reading, each with the same time-out: of a connection, of a write, of a read. One
//! read of the socket is one piece for the host, one for each chunk when the body is chunked.

pub mod request;
pub mod response;

use std::collections::VecDeque;

pub use request::{Header, Request, Url};
use response::{Head, Response};

use crate::at::Env;
use crate::at::clock::Clock;
use crate::at::dial::{self, Dial, Dialling};
use crate::at::error::ErrorCode;
use crate::at::output::Output;
use crate::at::secure::{ClientTls, Owner};
use crate::at::tls_log::Said;
use crate::net::stack::{Connection, DnsFamily, StreamState};
use crate::time::{Duration, Instant};

/// esp_http_client's own errors are counted from here; the codes of statuses are, too.
const BASE: u16 = 0x7000;
/// The connection could not be opened, as the documentation has it.
const NOT_CONNECTED: u16 = BASE;
/// An answer that points elsewhere, where that counts as too many.
const REDIRECT: u16 = BASE + 1;
/// The request could not be written.
const NOT_WRITTEN: u16 = BASE + 3;
/// There was no head of an answer.
const NO_HEAD: u16 = BASE + 4;

/// What AT+HTTPURLCFG, AT+HTTPCHEAD and AT+HTTPCFG have set. All of it is gone after a restart.
#[derive(Clone, Debug, Default)]
pub struct Http {
    /// The address for commands that give none.
    pub url: Option<String>,
    /// Headers of every request.
    pub headers: Vec<Header>,
    /// Authentication mode, certificate and authority of HTTPS.
    pub tls: (u8, u8, u8),
}

/// What the host sees of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its body, in pieces.
    Body,
    /// Its headers, one a line.
    Headers,
    /// The length of its body.
    Size,
}

/// How a command wants its request carried out.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// What stands before each piece, such as `+HTTPCGET`.
    pub name: &'static str,
    /// What is shown of the answer.
    pub shown: Shown,
    /// `SEND OK` at the end, not `OK`.
    pub send_ok: bool,
    /// The status is in the error code.
    pub with_code: bool,
    /// Buffers for sending and receiving, bytes.
    pub buffers: (usize, usize),
    /// Of each step.
    pub timeout: Duration,
}

/// What stands around a request: it has no hand in anything else.
pub struct Around<'a, 'e> {
    /// Now.
    pub now: Instant,
    /// The time of day, for certificates.
    pub clock: Clock,
    /// The printer.
    pub out: &'a mut Output,
    /// What stands below the firmware.
    pub env: &'a mut Env<'e>,
}

/// What a look at a request comes to.
#[derive(Debug)]
pub enum Looked {
    /// Nothing yet.
    Waiting,
    /// It went a step further.
    Moved,
    /// It is over, and everything is printed.
    Over(Result<(), ErrorCode>),
}

/// A request under way.
#[derive(Debug)]
pub struct Exchange {
    manner: Manner,
    step: Step,
    /// The step fails then.
    until: Option<Instant>,
    request: Vec<u8>,
    response: Response,
    /// What waits to be printed.
    pieces: VecDeque<Vec<u8>>,
    /// What the command comes to when everything is printed.
    end: Option<Result<(), ErrorCode>>,
}

#[derive(Debug)]
enum Step {
    Dialling(Dial),
    /// So many bytes of the request have been taken.
    Sending(Connection, usize),
    Reading(Connection),
    Over,
}

impl Exchange {
    /// Begins one.
    ///
    /// # Errors
    /// The request does not fit into its buffer, or a certificate that it needs is not in flash.
    pub fn begin(
        request: Request,
        manner: Manner,
        tls: (u8, u8, u8),
        c: &mut Around<'_, '_>,
    ) -> Result<Exchange, ErrorCode> {
        if request.line_len() > manner.buffers.0 {
            c.out.say(c.now, &[Said::error("HTTP_CLIENT", "Out of buffer")]);
            return Err(ErrorCode::FAILED);
        }
        let url = request.url().clone();
        let secure = if url.tls {
            let (mode, pki, ca) = tls;
            // The name is that of the server, whose certificate is not looked at without an authority.
            let tls = ClientTls {
                name: Some(url.host.clone()),
                ..ClientTls::for_mode(Owner::Https, mode, pki, ca)
            };
            Some(tls.secure(c.now, c.clock, c.env).map_err(|why| {
                c.out.log(why);
                ErrorCode::FAILED
            })?)
        } else {
            None
        };
        let mut options = dial::tcp_options(c.env);
        options.connect_timeout = options.connect_timeout.min(manner.timeout);
        let within = url.tls.then_some(manner.timeout);
        let dial = Dial::host(c.now, (&url.host, url.port), DnsFamily::PreferIpv4, options, c.env.stack)
            .within(within)
            .with_tls(secure, c.env.stack);
        let head_only = manner.shown == Shown::Headers;
        let says_no_length = c.env.profile.http.says_no_length;
        Ok(Exchange {
            manner,
            step: Step::Dialling(dial),
            until: None,
            request: request.bytes(says_no_length),
            response: Response::new(head_only),
            pieces: VecDeque::new(),
            end: None,
        })
    }

    /// Prints what there is room for. False: something still waits.
    fn print(&mut self, c: &mut Around<'_, '_>) -> bool {
        while let Some(piece) = self.pieces.front() {
            // A piece larger than the ring goes out when all of the ring is free.
            let most = c.env.profile.tx_ring / 2;
            if !c.out.has_room(c.env.room, piece.len().min(most)) {
                return false;
            }
            let Some(piece) = self.pieces.pop_front() else { break };
            match self.manner.shown {
                Shown::Size => c.out.text_bytes(&piece),
                Shown::Body => {
                    let head = format!("{}:{},", self.manner.name, piece.len());
                    c.out.framed(&head, &piece, "\r\n");
                }
                Shown::Headers => {
                    let blank = if c.env.profile.http.blank_before_header { " " } else { "" };
                    let head = format!("{}:{},{blank}", self.manner.name, piece.len());
                    c.out.framed(&head, &piece, "\r\n");
                }
            }
        }
        true
    }

    fn step(&mut self, step: Step, c: &Around<'_, '_>) -> Looked {
        self.step = step;
        self.until = Some(c.now + self.manner.timeout);
        Looked::Moved
    }

    /// The command comes to this as soon as everything is printed.
    fn over(&mut self, end: Result<(), u16>, c: &mut Around<'_, '_>) -> Looked {
        let code = |code| if self.manner.with_code { ErrorCode::failed(code) } else { ErrorCode::FAILED };
        self.end = Some(end.map_err(code));
        self.until = None;
        match std::mem::replace(&mut self.step, Step::Over) {
            Step::Dialling(dial) => dial.release(c.env.stack),
            Step::Sending(stream, _) | Step::Reading(stream) => c.env.stack.stream_release(stream),
            Step::Over => {}
        }
        Looked::Moved
    }

    /// The answer has come, or as much of it as will: a body that is cut short passes.
    fn answered(&mut self, c: &mut Around<'_, '_>) -> Looked {
        let Some(head) = self.response.head() else { return self.over(Err(NO_HEAD), c) };
        let end = match head.status {
            400.. => Err(BASE + head.status.min(0xfff)),
            300..400 if c.env.profile.http.redirect_fails => Err(REDIRECT),
            _ => Ok(()),
        };
        self.over(end, c)
    }

    /// One read has brought this.
    fn read(&mut self, data: &[u8], c: &mut Around<'_, '_>) -> Looked {
        let headed = self.response.head().is_some();
        let Ok(blocks) = self.response.take(data) else {
            // Of a body that can't be read what came before counts, as of one that is cut short.
            return if headed { self.answered(c) } else { self.over(Err(NO_HEAD), c) };
        };
        self.until = Some(c.now + self.manner.timeout);
        match (self.manner.shown, self.response.head()) {
            (Shown::Headers, Some(head)) if !headed => {
                self.pieces.extend(
                    head.headers.iter().map(|(name, value)| [name.as_bytes(), b": ", &value[..]].concat()),
                );
            }
            (Shown::Size, Some(head)) if head.status < 400 => {
                self.pieces.push_back(size(head));
                return self.answered(c);
            }
            (Shown::Size, Some(_)) => return self.answered(c),
            (Shown::Body, _) => self.pieces.extend(blocks),
            (Shown::Headers | Shown::Size, _) => {}
        }
        if self.response.is_complete() { self.answered(c) } else { Looked::Moved }
    }
}

/// The line of AT+HTTPGETSIZE. An answer that does not say its length counts as empty (a guess).
fn size(head: &Head) -> Vec<u8> {
    format!("+HTTPGETSIZE:{}\r\n", head.length.unwrap_or(0)).into_bytes()
}

impl Exchange {
    /// `SEND OK` at its end, not `OK`.
    pub fn sends(&self) -> bool {
        self.manner.send_ok
    }

    /// When it must be looked at, whether anything has moved or not.
    pub fn next_timer(&self) -> Option<Instant> {
        match &self.step {
            // A read begins when the pieces of the one before are printed.
            _ if !self.pieces.is_empty() => None,
            Step::Dialling(dial) => dial.next_timer(),
            Step::Sending(..) | Step::Reading(_) => self.until,
            Step::Over => None,
        }
    }

    /// Goes on with it.
    pub fn look(&mut self, c: &mut Around<'_, '_>) -> Looked {
        if !self.pieces.is_empty() {
            if !self.print(c) {
                return Looked::Waiting;
            }
            self.until = Some(c.now + self.manner.timeout);
        }
        if let Some(end) = self.end.take() {
            return Looked::Over(end);
        }
        let late = self.until.is_some_and(|until| until <= c.now);
        match &mut self.step {
            Step::Dialling(dial) => match dial.poll(c.now, c.env.stack) {
                Dialling::Waiting => Looked::Waiting,
                Dialling::Moved => Looked::Moved,
                Dialling::Open((stream, _)) => self.step(Step::Sending(stream, 0), c),
                Dialling::Failed(failure) => {
                    failure.log(c.now, c.out, c.env);
                    self.step = Step::Over;
                    self.over(Err(NOT_CONNECTED), c)
                }
            },
            Step::Sending(stream, sent) => {
                let (stream, before) = (*stream, *sent);
                if let StreamState::Closed(_) | StreamState::Closing = c.env.stack.stream_state(stream) {
                    return self.over(Err(NOT_WRITTEN), c);
                }
                let taken = c.env.stack.stream_send(stream, &self.request[before..]);
                let now_sent = before + taken;
                if now_sent == self.request.len() {
                    return self.step(Step::Reading(stream), c);
                }
                match taken {
                    0 if late => self.over(Err(NOT_WRITTEN), c),
                    0 => Looked::Waiting,
                    _ => self.step(Step::Sending(stream, now_sent), c),
                }
            }
            Step::Reading(stream) => {
                let stream = *stream;
                let data = c.env.stack.stream_recv(stream, self.manner.buffers.1);
                if !data.is_empty() {
                    return self.read(&data, c);
                }
                let ended = matches!(
                    c.env.stack.stream_state(stream),
                    StreamState::PeerClosed | StreamState::Closed(_)
                );
                if late || ended { self.answered(c) } else { Looked::Waiting }
            }
            Step::Over => Looked::Over(Err(ErrorCode::FAILED)),
        }
    }
}
