//! A connection to the server, plain or with TLS, and the request that is sent over it.

use std::net::{IpAddr, SocketAddr};

use super::progress::{Around, Looked, failed};
use crate::at::Env;
use crate::at::dial::{self, Dial, Dialling, Failure};
use crate::at::secure::ClientTls;
use crate::net::stack::{self, DnsFamily, Stack, StreamState};
use crate::time::Instant;

/// Where the release asks for firmware, and the port.
pub(super) const SERVER: &str = "iot.espressif.cn";
const PORT: u16 = 80;
/// The port over HTTPS.
const TLS_PORT: u16 = 443;
/// Bytes that are read, and written to flash, at once.
pub(super) const BUFFER: usize = 1024;
/// What the requests have beside their first two lines. The token stands for that of the module's maker.
const HEADERS: &str = "Connection: keep-alive\r\nCache-Control: no-cache\r\nUser-Agent: ESP-AT\r\nAccept: */*\r\n\
                       Authorization: token 0000000000000000000000000000000000000000\r\n\r\n";

/// A connection to the server, and the request that is sent as soon as it is open.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    pub(super) request: String,
}

#[derive(Debug)]
enum Stream {
    Dialling(Dial),
    Open(stack::Connection),
}

/// How a connection stands.
pub(super) enum Traffic {
    Opening,
    /// It went a step further.
    Moved,
    Refused(Failure),
    /// It is open now, and the request is sent.
    Opened,
    Open(stack::Connection),
}

impl Connection {
    pub(super) fn dial(
        now: Instant,
        server: IpAddr,
        https: bool,
        path: &str,
        around: &Around<'_>,
        env: &mut Env<'_>,
    ) -> Option<Connection> {
        let options = dial::tcp_options(env);
        let port = if https { TLS_PORT } else { PORT };
        let dial = match https {
            // esp-tls looks the name up once more.
            true => {
                let tls = ClientTls { name: Some(SERVER.to_owned()), ..ClientTls::default() };
                let secure = tls.secure(now, around.system.clock, env).ok()?.patiently();
                let dial = Dial::host(now, (SERVER, port), DnsFamily::Ipv4, options, env.stack);
                dial.with_tls(Some(secure), env.stack)
            }
            false => Dial::address(now, SocketAddr::new(server, port), options, env.stack).ok()?,
        };
        let host =
            if env.profile.differences.update_host_name { SERVER.to_owned() } else { server.to_string() };
        let request = format!("GET /v1/device/rom/{path}\r\nHost: {host}:{port}\r\n{HEADERS}");
        Some(Connection { stream: Stream::Dialling(dial), request })
    }

    pub(super) fn poll(&mut self, now: Instant, env: &mut Env<'_>) -> Traffic {
        let dial = match &mut self.stream {
            Stream::Open(stream) => return Traffic::Open(*stream),
            Stream::Dialling(dial) => dial,
        };
        match dial.poll(now, env.stack) {
            Dialling::Waiting => Traffic::Opening,
            Dialling::Moved => Traffic::Moved,
            Dialling::Failed(failure) => Traffic::Refused(failure),
            Dialling::Open((stream, _)) => {
                // A fresh connection takes more than a request has.
                env.stack.stream_send(stream, self.request.as_bytes());
                self.stream = Stream::Open(stream);
                Traffic::Opened
            }
        }
    }

    pub(super) fn release(self, stack: &mut Stack) {
        match self.stream {
            Stream::Dialling(dial) => dial.release(stack),
            Stream::Open(stream) => stack.stream_release(stream),
        }
    }
}

/// A connection has not come about. `plain`: what the log port says of one without TLS.
pub(super) fn refused(
    now: Instant,
    failure: &Failure,
    plain: &str,
    around: &mut Around<'_>,
    env: &Env<'_>,
) -> Looked {
    match failure {
        Failure::Tls(..) | Failure::UnknownHost(_) => {
            failure.log(now, around.out, env);
            failed("Failed to open a new connection")
        }
        _ => failed(plain),
    }
}

/// Nothing more will come.
pub(super) fn is_over(stream: stack::Connection, stack: &Stack) -> bool {
    stack.stream_readable(stream) == 0
        && !matches!(stack.stream_state(stream), StreamState::Open | StreamState::Connecting)
}
