//! WebSocket: AT+WSCFG, AT+WSHEAD, AT+WSOPEN, AT+WSSEND, AT+WSCLOSE.

use super::super::clients::http::{Header, Url};
use super::super::clients::websocket::{Config, Request, State};
use super::super::error::ErrorCode;
use super::super::input::Input;
use super::super::job::{Job, Look, Work};
use super::super::schema::Args;
use super::super::secure::Owner;
use super::super::upload::{Consumer, Upload};
use super::{Context, Outcome, Result, http};
use crate::time::{Duration, Instant};

/// AT+WSCFG: for the next AT+WSOPEN of the link.
pub fn config_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let tls = http::certificates(c, args, Owner::Wss)?;
    let config = Config {
        ping_interval: Duration::from_secs(args.number("ping interval")),
        ping_timeout: Duration::from_secs(args.number("ping timeout")),
        buffer: args.number("buffer size"),
        tls,
    };
    if let Some(place) = c.core.websockets.configs.get_mut(args.number::<usize>("link id")) {
        *place = config;
    }
    Ok(Outcome::Ok)
}

pub fn headers_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for (index, header) in c.core.websockets.headers.iter().enumerate() {
        let line = format!("+WSHEAD:{index},\"{}\"\r\n", header.typed);
        c.core.out.text(&line);
    }
    Ok(Outcome::Ok)
}

pub fn headers_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    match args.number::<usize>("req_header_len") {
        0 => {
            c.core.websockets.headers.clear();
            Ok(Outcome::Ok)
        }
        length if http::holds_header(c, |core| &core.websockets.headers, length) => {
            take(Purpose::Header, length, c)
        }
        _ => Err(ErrorCode::FAILED),
    }
}

pub fn open_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let lines: Vec<String> = c
        .core
        .websockets
        .all()
        .map(|(id, state, uri)| format!("+WSOPEN:{id},{},\"{uri}\"\r\n", state as u8))
        .collect();
    lines.iter().for_each(|line| c.core.out.text(line));
    Ok(Outcome::Ok)
}

pub fn open(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let id = args.number::<usize>("link id");
    if c.core.websockets.state(id).is_some() {
        c.core.out.log(&format!("ws:{id} already established"));
        return Err(ErrorCode::FAILED);
    }
    let uri = args.name("uri")?.unwrap_or_default();
    let url = Url::of_schemes(uri, ["ws", "wss"]).ok_or_else(|| args.invalid("uri"))?;
    let text = |name| Ok::<_, ErrorCode>(args.name(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
    let request =
        Request { uri: uri.to_owned(), url, protocol: text("subprotocol")?, authorization: text("auth")? };
    let until = c.now + Duration::from_millis(args.number("timeout"));
    c.core.websockets.open(c.now, id, request, c.core.system.clock, c.env).map_err(|why| {
        c.core.out.log(why);
        ErrorCode::FAILED
    })?;
    Ok(Outcome::Run(Job::work(Opening { id, until })))
}

/// A link that the command waits for.
#[derive(Debug)]
struct Opening {
    id: usize,
    until: Instant,
}

impl Work for Opening {
    fn timer(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn look(&mut self, c: &mut Context<'_, '_>) -> Look {
        match c.core.websockets.state(self.id) {
            None => Look::Over(Err(ErrorCode::FAILED)),
            Some(State::Connecting) if self.until <= c.now => {
                c.core.websockets.close(self.id, c.env);
                Look::Over(Err(ErrorCode::FAILED))
            }
            Some(State::Connecting) => Look::Waiting,
            Some(State::Connected | State::Waiting | State::Closing) => {
                c.core.websockets.let_go(self.id);
                Look::Over(Ok(Outcome::Ok))
            }
        }
    }
}

/// What the bytes of a data phase are for.
#[derive(Debug)]
enum Purpose {
    Header,
    Frame { id: usize, opcode: u8, timeout: Duration },
}

impl Consumer for Purpose {
    fn consume(self: Box<Self>, data: Vec<u8>, c: &mut Context<'_, '_>) -> Result {
        // Other than with AT+CIPSEND, only the log port hears of it.
        c.core.out.log(&format!("Recv {} bytes", data.len()));
        match *self {
            Purpose::Header => {
                if data.contains(&b'\r') || data.contains(&b'\n') {
                    c.core.out.log("req header shouldn't contain CR-LF");
                }
                let header = Header::parse(&data).ok_or(ErrorCode::FAILED)?;
                c.core.websockets.headers.push(header);
                Ok(Outcome::Ok)
            }
            Purpose::Frame { id, opcode, timeout } => {
                let at = c.now + c.env.draw(|p| &p.times.send);
                Ok(Outcome::Run(Job::until(at, move |c| {
                    let bytes = c.core.websockets.send(id, opcode, &data, c.env).ok_or(ErrorCode::FAILED)?;
                    let until = c.now + timeout;
                    Ok(Outcome::Run(Job::work(Sending { id, bytes, until })))
                })))
            }
        }
    }
}

fn take(purpose: Purpose, length: usize, c: &mut Context<'_, '_>) -> Result {
    // The bytes are kept on the heap.
    if !c.holds("what is to be sent", length) {
        return Err(ErrorCode::FAILED);
    }
    c.core.out.prompt();
    Ok(Outcome::Take(Input::Upload(Upload::new(purpose, length))))
}

pub fn send(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let id = args.number::<usize>("link id");
    if c.core.websockets.state(id) != Some(State::Connected) {
        c.core.out.log(&format!("no ws: {id}"));
        return Err(ErrorCode::FAILED);
    }
    let length = args.number::<usize>("length");
    if length > c.core.websockets.most(id) {
        return Err(args.invalid("length"));
    }
    let timeout = Duration::from_millis(args.number("timeout"));
    take(Purpose::Frame { id, opcode: args.number("opcode"), timeout }, length, c)
}

/// A frame on its way into the stack.
#[derive(Debug)]
struct Sending {
    id: usize,
    /// It is sent when so many bytes have been taken.
    bytes: u64,
    until: Instant,
}

impl Work for Sending {
    fn timer(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn look(&mut self, c: &mut Context<'_, '_>) -> Look {
        match c.core.websockets.is_sent(self.id, self.bytes) {
            Some(true) => {
                c.core.out.text("\r\nSEND OK\r\n");
                Look::Over(Ok(Outcome::Done))
            }
            Some(false) if self.until > c.now => Look::Waiting,
            Some(false) | None => Look::Over(Err(ErrorCode::FAILED)),
        }
    }
}

pub fn close(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let id = args.number::<usize>("link id");
    if !c.core.websockets.close(id, c.env) {
        c.core.out.log(&format!("no ws: {id}"));
        return Err(ErrorCode::FAILED);
    }
    Ok(Outcome::Ok)
}
