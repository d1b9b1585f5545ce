//! Commands that take time: small state machines, looked at whenever something below has moved.
//!
//! While a job runs, every other line is answered with `busy p...`.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use super::Core;
use super::Env;
use super::address::address_text;
use super::clients::update::State;
use super::commands::wifi_scan::{self, Scan};
use super::commands::{Context, power};
use super::dial::{Dialling, Failure, LinkDial, unknown_host};
use super::error::ErrorCode;
use super::input::Input;
use super::links::Kind;
use super::long_send::LongSend;
use super::nvs::PassthroughLink;
use super::nvs::UartSettings;
use super::payload::Payload;
use crate::net::stack::{DnsFamily, DnsState, Echo, PingState, Question, StreamState};
use crate::time::{Duration, Instant};
use crate::wifi::StationEvent;

/// What a name is resolved for.
#[derive(Clone, Debug)]
pub enum Named {
    /// AT+CIPDOMAIN; it fails at this time.
    Print(Option<Instant>),
    /// AT+CIPSEND or AT+CIPSENDEX with a host, and its port.
    Payload(Payload, u16),
    /// AT+CIPSENDL with a host, and its port.
    LongSend(Box<LongSend>, u16),
    /// AT+PING.
    Ping,
    /// AT+SAVETRANSLINK.
    Passthrough(PassthroughLink),
}

/// A command under way.
#[derive(Clone, Debug)]
pub enum Job {
    /// Prints OK at its time.
    OkAt(Instant),
    /// Prints OK at this time, still with the old settings; then [`Job::Line`].
    OkThenLine(Instant, UartSettings),
    /// The UART is set like this as soon as the wire is idle.
    Line(UartSettings),
    /// Waits for the reset: nothing else happens any more.
    Restart,
    /// The same, with all saved settings erased before it.
    Restore,
    /// The chip sleeps for so long, and starts again.
    Sleep(Duration),
    /// AT+CWJAP: until the station has an address, or has failed.
    Join,
    /// AT+CWLAP.
    Scan(Scan),
    /// A name is being resolved for something.
    Resolve(Question, Named),
    /// AT+CIPSTART: the link is being dialled.
    Open(Box<LinkDial>),
    /// AT+CIUPDATE, blocking; true: the module restarts when it is done.
    Update { restart: bool },
    /// A ping is under way.
    Ping(Echo),
    /// `Recv` is printed at this time, and the payload handed to the stack.
    Received(Instant, Payload),
    /// The stack takes the payload; so many bytes are in. It fails at this time.
    Sending(Payload, usize, Option<Instant>),
    /// AT+CIPCLOSE: these links close one after the other; the first one lingers until this time, if its peer has
    /// not got everything.
    Close(VecDeque<usize>, Option<Instant>),
}

/// What a look at a job comes to.
pub enum Progress {
    /// Nothing yet.
    Waiting(Job),
    /// It went a step further.
    Moved(Job),
    /// Over: OK, or an error.
    End(Result<(), ErrorCode>),
    /// Over, and everything is printed.
    Quiet,
    /// Over: the MCU's next bytes are not command lines. The prompt is printed.
    Take(Input),
}

impl Job {
    /// Starts to resolve `name`; a literal address is resolved at once.
    pub fn resolve(
        now: Instant,
        env: &mut Env<'_>,
        name: &[u8],
        family: DnsFamily,
        named: Named,
    ) -> Result<Job, ErrorCode> {
        let name = std::str::from_utf8(name).map_err(|_| ErrorCode::FAILED)?;
        Ok(Job::Resolve(env.stack.dns_start(now, name, family), named))
    }

    /// When it must be looked at, the stack and the station apart.
    pub fn next_timer(&self) -> Option<Instant> {
        match self {
            Job::OkAt(at) | Job::OkThenLine(at, _) | Job::Received(at, _) => Some(*at),
            Job::Scan(scan) => Some(scan.until),
            Job::Resolve(_, Named::Print(until)) => *until,
            Job::Sending(_, _, at) | Job::Close(_, at) => *at,
            _ => None,
        }
    }

    /// Looks at it.
    pub fn poll(
        self,
        now: Instant,
        core: &mut Core,
        env: &mut Env<'_>,
        event: Option<StationEvent>,
    ) -> Progress {
        match self {
            Job::OkAt(at) if at <= now => Progress::End(Ok(())),
            Job::OkThenLine(at, settings) if at <= now => {
                core.out.ok();
                Progress::Moved(Job::Line(settings))
            }
            Job::Join => match event {
                Some(StationEvent::JoinFailed(why)) => {
                    core.out.text(&format!("+CWJAP:{}\r\n", why as u8));
                    Progress::End(Err(ErrorCode::FAILED))
                }
                Some(StationEvent::GotIp) => Progress::End(Ok(())),
                _ => Progress::Waiting(self),
            },
            Job::Scan(scan) if scan.until <= now => {
                wifi_scan::print(core, env, &scan);
                Progress::End(Ok(()))
            }
            Job::Resolve(query, named) => match env.stack.dns_state(query) {
                DnsState::Pending if matches!(named, Named::Print(Some(until)) if until <= now) => {
                    unresolved(query, &named, core, env)
                }
                DnsState::Pending => Progress::Waiting(Job::Resolve(query, named)),
                DnsState::Resolved(ip) => {
                    env.stack.dns_release(query);
                    resolved(now, ip, named, core, env)
                }
                DnsState::Failed => unresolved(query, &named, core, env),
            },
            Job::Open(dial) => opening(now, dial, core, env),
            Job::Update { restart } if !core.update.is_running() => match core.update.state() {
                State::Done if restart => {
                    power::reset(&mut Context { now, core, env });
                    Progress::Moved(Job::Restart)
                }
                State::Done => Progress::End(Ok(())),
                _ => Progress::End(Err(ErrorCode::FAILED)),
            },
            Job::Ping(echo) => match env.stack.ping_state(echo) {
                PingState::Pending => Progress::Waiting(self),
                PingState::Reply { after } => {
                    env.stack.ping_release(echo);
                    core.out.text(&format!("+PING:{}\r\n", after.as_millis()));
                    Progress::End(Ok(()))
                }
                PingState::TimedOut | PingState::Unreachable => {
                    env.stack.ping_release(echo);
                    ping_timeout(core)
                }
            },
            Job::Received(at, payload) if at <= now => {
                core.out.text(&format!("\r\nRecv {} bytes\r\n", payload.data().len()));
                let until = core.send_timeout(payload.link.id).map(|timeout| now + timeout);
                Progress::Moved(Job::Sending(payload, 0, until))
            }
            Job::Sending(payload, sent, until) => sending(now, payload, sent, until, core, env),
            Job::Close(ids, until) => closing(now, ids, until, core, env),
            job @ (Job::OkAt(_)
            | Job::OkThenLine(..)
            | Job::Update { .. }
            | Job::Scan(_)
            | Job::Received(..)) => Progress::Waiting(job),
            job @ (Job::Line(_) | Job::Restart | Job::Restore | Job::Sleep(_)) => Progress::Waiting(job),
        }
    }
}

fn ping_timeout(core: &mut Core) -> Progress {
    core.out.text("+PING:TIMEOUT\r\n");
    Progress::End(Err(ErrorCode::FAILED))
}

fn unresolved(query: Question, named: &Named, core: &mut Core, env: &mut Env<'_>) -> Progress {
    core.log(&unknown_host(env.stack.dns_name(query)));
    env.stack.dns_release(query);
    match named {
        Named::Ping => ping_timeout(core),
        _ => Progress::End(Err(ErrorCode::FAILED)),
    }
}

fn resolved(now: Instant, ip: IpAddr, named: Named, core: &mut Core, env: &mut Env<'_>) -> Progress {
    match named {
        Named::Print(_) => {
            core.out.text(&format!("+CIPDOMAIN:\"{}\"\r\n", address_text(ip)));
            Progress::End(Ok(()))
        }
        Named::Ping => {
            let timeout = env.profile.ping_timeout;
            Progress::Moved(Job::Ping(env.stack.ping_start(now, ip, 32, timeout)))
        }
        Named::Payload(payload, port) => {
            core.out.prompt();
            Progress::Take(Input::Payload(payload.to(SocketAddr::new(ip, port))))
        }
        Named::Passthrough(link) => {
            core.settings.tcpip.passthrough = Some(link.clone());
            env.nvs.tcpip.passthrough = Some(link);
            Progress::Moved(Job::OkAt(now + env.draw(|p| &p.times.flash)))
        }
        Named::LongSend(mut long, port) => {
            long.to = SocketAddr::new(ip, port);
            core.out.prompt();
            Progress::Take(Input::LongSend(long))
        }
    }
}

fn opening(now: Instant, mut dial: Box<LinkDial>, core: &mut Core, env: &mut Env<'_>) -> Progress {
    match dial.poll(now, env.stack) {
        Dialling::Waiting => Progress::Waiting(Job::Open(dial)),
        Dialling::Moved => Progress::Moved(Job::Open(dial)),
        Dialling::Open(link) => {
            core.open_link(dial.id(), link, env.stack);
            Progress::End(Ok(()))
        }
        Dialling::Failed(Failure::Closed(_)) => {
            core.out.error(ErrorCode::FAILED, core.syslog);
            // ERROR first, then CLOSED, as captured with a logic analyser.
            core.print_closed(dial.id());
            Progress::Quiet
        }
        Dialling::Failed(failure) => {
            if let Some(text) = failure.log_text() {
                core.log(&text);
            }
            Progress::End(Err(ErrorCode::FAILED))
        }
    }
}

fn sending(
    now: Instant,
    payload: Payload,
    sent: usize,
    until: Option<Instant>,
    core: &mut Core,
    env: &mut Env<'_>,
) -> Progress {
    let failed = |core: &mut Core| {
        core.out.text("\r\nSEND FAIL\r\n");
        Progress::Quiet
    };
    // Otherwise the link was closed, and perhaps its id opened again by somebody else.
    let Some(link) = core.links.find(payload.link) else { return failed(core) };
    match link.kind {
        Kind::Datagrams(port, _) => {
            // Nothing but the marker of AT+CIPSENDEX: there is nothing to send (a guess).
            let data = payload.data();
            if !data.is_empty() && env.stack.udp_send(port, payload.to, data).is_err() {
                return failed(core);
            }
        }
        Kind::Stream(stream) => {
            if let StreamState::Closed(_) | StreamState::Closing = env.stack.stream_state(stream) {
                return failed(core);
            }
            let taken = env.stack.stream_send(stream, &payload.data()[sent..]);
            let sent = sent + taken;
            if sent < payload.data().len() {
                // What the stack has taken already is on its way; the stream is broken for the host.
                if taken == 0 && until.is_some_and(|until| until <= now) {
                    return failed(core);
                }
                let job = Job::Sending(payload, sent, until);
                return if taken > 0 { Progress::Moved(job) } else { Progress::Waiting(job) };
            }
        }
    }
    if env.profile.differences.server_timeout_either_way
        && let Some(link) = core.links.get_mut(payload.link.id)
    {
        link.heard.0 = now;
    }
    core.out.text("\r\nSEND OK\r\n");
    Progress::Quiet
}

/// Closes the links one after the other. One that lingers holds up the rest until its peer has everything or its time
/// is over, as `close` does in lwIP.
fn closing(
    now: Instant,
    mut ids: VecDeque<usize>,
    until: Option<Instant>,
    core: &mut Core,
    env: &mut Env<'_>,
) -> Progress {
    let Some(id) = ids.front().copied() else { return Progress::End(Ok(())) };
    // It may have been closed from the other end meanwhile.
    if let Some(link) = core.links.get(id) {
        let linger = core.settings.tcpip.options(id).linger;
        if let Kind::Stream(stream) = link.kind
            && linger > 0
            && env.stack.stream_unsent(stream) > 0
        {
            match until {
                None => {
                    let until = now + Duration::from_secs(linger.unsigned_abs());
                    return Progress::Moved(Job::Close(ids, Some(until)));
                }
                Some(at) if at > now => return Progress::Waiting(Job::Close(ids, until)),
                Some(_) => env.stack.tcp_abort(stream),
            }
        }
        core.close_link(id, env.stack);
    }
    ids.pop_front();
    Progress::Moved(Job::Close(ids, None))
}
