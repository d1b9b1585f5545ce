//! AT+CIPFWVER?: asks the vendor's server which versions of the firmware it has, as the release's own code does in a build
//! that updates over plain HTTP.

use std::net::SocketAddr;

use super::error::ErrorCode;
use super::outcome::{Context, Look, Outcome, Work};
use super::{Core, Env};
use crate::net::stack::{Connection, DnsFamily, DnsState, Question, StreamState, TcpOptions};
use crate::time::{Duration, Instant};

/// Whom it asks, and the port.
const SERVER: &str = "iot.espressif.cn";
const PORT: u16 = 80;
/// The whole may take so long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What it keeps of the answer, bytes (a guess).
const MOST: usize = 8192;
/// What stands before a version in the answer, and behind it. Nothing else of the JSON is looked at.
const BEFORE: &str = "\"version\": ";
const BEHIND: &str = "\", ";

/// One under way.
#[derive(Clone, Debug)]
pub struct Versions {
    step: Step,
    /// It fails then.
    deadline: Instant,
}

#[derive(Clone, Debug)]
enum Step {
    /// The server's name is being resolved.
    Resolving(Question),
    /// The connection is being opened.
    Dialling(Connection),
    /// The answer comes.
    Reading(Connection, Vec<u8>),
}

impl Versions {
    /// Begins to ask.
    pub fn begin(now: Instant, env: &mut Env<'_>) -> Versions {
        let lookup = env.stack.dns_start(now, SERVER, DnsFamily::Ipv4);
        Versions { step: Step::Resolving(lookup), deadline: now + TIMEOUT }
    }

    fn on(&mut self, step: Step) -> Look {
        self.step = step;
        Look::Moved
    }

    fn end(&self, ok: bool, env: &mut Env<'_>) -> Look {
        self.step.release(env);
        Look::Over(if ok { Ok(Outcome::Ok) } else { Err(ErrorCode::FAILED) })
    }
}

impl Work for Versions {
    fn timer(&self) -> Option<Instant> {
        Some(self.deadline)
    }

    fn look(&mut self, c: &mut Context<'_, '_>) -> Look {
        let (now, core, env) = (c.now, &mut *c.core, &mut *c.env);
        if self.deadline <= now {
            return self.end(false, env);
        }
        match self.step {
            Step::Resolving(lookup) => match env.stack.dns_state(lookup) {
                DnsState::Pending => Look::Waiting,
                DnsState::Failed => self.end(false, env),
                DnsState::Resolved(server) => {
                    env.stack.dns_release(lookup);
                    let options = TcpOptions {
                        connect_timeout: env.draw_dial(),
                        data_timeout: Some(env.profile.data_timeout),
                        ..TcpOptions::default()
                    };
                    match env.stack.stream_connect(now, SocketAddr::new(server, PORT), None, &options) {
                        Ok(stream) => self.on(Step::Dialling(stream)),
                        Err(_) => Look::Over(Err(ErrorCode::FAILED)),
                    }
                }
            },
            Step::Dialling(stream) => match env.stack.stream_state(stream) {
                StreamState::Connecting => Look::Waiting,
                StreamState::Closed(_) => self.end(false, env),
                StreamState::Open | StreamState::PeerClosed | StreamState::Closing => {
                    let request = format!(
                        "GET /v1/device/rom HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: {SERVER}\r\n\
                         Authorization: token {}\r\nContent-Length: 0\r\n\r\n",
                        "0".repeat(40)
                    );
                    // A fresh connection takes more than a request has.
                    env.stack.stream_send(stream, request.as_bytes());
                    self.on(Step::Reading(stream, Vec::new()))
                }
            },
            Step::Reading(stream, ref mut answer) => {
                let data = env.stack.stream_recv(stream, MOST);
                let more = !data.is_empty();
                answer.extend(data.iter().take(MOST.saturating_sub(answer.len())));
                let open = env.stack.stream_state(stream) == StreamState::Open;
                match body(answer) {
                    Body::Whole(ok) => {
                        if ok {
                            print(core, answer);
                        }
                        self.end(ok, env)
                    }
                    Body::Part if more => Look::Moved,
                    Body::Part if open => Look::Waiting,
                    Body::Part => self.end(false, env),
                }
            }
        }
    }
}

impl Step {
    fn release(&self, env: &mut Env<'_>) {
        match self {
            Step::Resolving(lookup) => env.stack.dns_release(*lookup),
            Step::Dialling(stream) | Step::Reading(stream, _) => env.stack.stream_release(*stream),
        }
    }
}

/// How much of an answer has come.
enum Body {
    Part,
    /// All; true when its status says that it is one.
    Whole(bool),
}

fn body(answer: &[u8]) -> Body {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Body::Part };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0u16);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    if length.is_none_or(|length| body.len() < length) && answer.len() < MOST {
        return Body::Part;
    }
    Body::Whole((1..400).contains(&status))
}

fn print(core: &mut Core, answer: &[u8]) {
    let text = String::from_utf8_lossy(answer);
    let mut rest = &text[..];
    while let Some((_, behind)) = rest.split_once(BEFORE) {
        let Some((version, after)) = behind.split_once(BEHIND) else { break };
        core.out.text(&format!("+CIPFWVER:{version}\"\r\n"));
        rest = after;
    }
}
