//! Dialling: from the name of a host to an open stream, whoever wants it.
//!
//! A [`Dial`] is a value that its owner keeps and polls: a job, passthrough between two links, the updater, a client of
//! the firmware. What they do with the stream, what they print, and whether they try again is theirs; how a name becomes
//! a stream, plain or with TLS, how long that may take, and what the log port says of a failure stands here. With TLS the
//! stream is open when the handshake is over: [`Dial::with_tls`] takes what [`ClientTls::secure`] makes of the settings.
//! A [`LinkDial`] does the same for a link of AT+CIPSTART, which may be a UDP port instead of a stream.
//!
//! [`ClientTls::secure`]: super::secure::ClientTls::secure

use std::net::{IpAddr, SocketAddr};

use super::links::{Kind, Link};
use super::output::Output;
use super::request::{OpenRequest, Transport};
use super::{Env, tls_log};
use crate::net::stack::{
    CloseReason, Connection, DnsFamily, DnsState, Ends, Question, Secure, Stack, TcpOptions,
};
use crate::time::{Duration, Instant};

/// The settings of a TCP connection that the module dials.
pub fn tcp_options(env: &mut Env<'_>) -> TcpOptions {
    TcpOptions {
        connect_timeout: env.draw_dial(),
        data_timeout: Some(env.profile.data_timeout),
        ..TcpOptions::default()
    }
}

/// What the log port says of a name that has no address.
pub fn unknown_host(name: &str) -> String {
    format!("unknown host: {name}")
}

/// What a look at a dial comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialling<T> {
    /// Nothing yet.
    Waiting,
    /// It went a step further: the stack has something to send.
    Moved,
    /// It is open.
    Open(T),
    /// It failed, and has let go of everything.
    Failed(Failure),
}

impl<T> Dialling<T> {
    fn map<U>(self, open: impl FnOnce(T) -> U) -> Dialling<U> {
        match self {
            Dialling::Waiting => Dialling::Waiting,
            Dialling::Moved => Dialling::Moved,
            Dialling::Open(it) => Dialling::Open(open(it)),
            Dialling::Failed(failure) => Dialling::Failed(failure),
        }
    }
}

/// Why it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This name has no address.
    UnknownHost(String),
    /// There is no way there, or no port to go from: nothing was sent.
    NotTried,
    /// The connection ended before it was open.
    Closed(CloseReason),
    /// The same of one that was to have TLS, with its other end.
    Tls(CloseReason, SocketAddr),
    /// It was not open within the time that [`Dial::within`] gave it.
    Late(Duration),
}

impl Failure {
    /// Says on the log port what the firmware says of it; may be nothing.
    pub fn log(&self, now: Instant, out: &mut Output, env: &Env<'_>) {
        match self {
            Failure::UnknownHost(name) => out.log(&unknown_host(name)),
            Failure::NotTried | Failure::Closed(_) => {}
            Failure::Tls(reason, _) => out.say(now, &tls_log::of_client(env.profile, &env.build, *reason)),
            Failure::Late(within) => {
                let ms = within.as_millis();
                out.log(&format!("esp_tls_conn_new_sync() did not return within {ms}ms"));
            }
        }
    }
}

/// A stream on its way.
#[derive(Clone, Debug)]
pub struct Dial {
    port: u16,
    options: TcpOptions,
    secure: Option<Secure>,
    within: Option<Duration>,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The name is being looked up.
    Resolving(Question),
    /// The connection is being opened, until then at the latest.
    Connecting(Connection, Option<(Instant, Duration)>),
}

impl Dial {
    /// Looks up `host` (a name, or a literal address), and connects to `port` there.
    pub fn host(
        now: Instant,
        (host, port): (&str, u16),
        family: DnsFamily,
        options: TcpOptions,
        stack: &mut Stack,
    ) -> Dial {
        let step = Step::Resolving(stack.dns_start(now, host, family));
        Dial { port, options, secure: None, within: None, step }
    }

    /// The same with TLS, where `secure` says how. Only of a dial that has not been polled.
    pub fn with_tls(self, secure: Option<Secure>, stack: &mut Stack) -> Dial {
        if let (Step::Connecting(stream, _), Some(secure)) = (self.step, &secure) {
            stack.stream_secure(stream, secure);
        }
        Dial { secure, ..self }
    }

    /// The same, but what comes after the look-up may take no longer than this, the handshake included. `None`: as long
    /// as the stack tries, and as the peer is patiently waited for.
    pub fn within(self, within: Option<Duration>) -> Dial {
        Dial { within, ..self }
    }

    /// Connects to an address that is known.
    ///
    /// # Errors
    /// [`Failure::NotTried`].
    pub fn address(
        now: Instant,
        remote: SocketAddr,
        options: TcpOptions,
        stack: &mut Stack,
    ) -> Result<Dial, Failure> {
        let stream = stack.stream_connect(now, remote, None, &options).map_err(|_| Failure::NotTried)?;
        let step = Step::Connecting(stream, None);
        Ok(Dial { port: remote.port(), options, secure: None, within: None, step })
    }

    /// When it must be polled, whether the stack has moved or not.
    pub fn next_timer(&self) -> Option<Instant> {
        match self.step {
            Step::Connecting(_, late) => late.map(|(at, _)| at),
            Step::Resolving(_) => None,
        }
    }

    /// Looks at it. [`Dialling::Open`] hands the stream over, with its two ends: releasing it is the owner's from then
    /// on.
    pub fn poll(&mut self, now: Instant, stack: &mut Stack) -> Dialling<(Connection, Ends)> {
        match self.step {
            Step::Resolving(question) => match resolve(question, stack) {
                None => Dialling::Waiting,
                Some(Err(failure)) => Dialling::Failed(failure),
                Some(Ok(ip)) => {
                    match Dial::address(now, SocketAddr::new(ip, self.port), self.options, stack) {
                        Ok(Dial { step: Step::Connecting(stream, _), .. }) => {
                            if let Some(secure) = &self.secure {
                                stack.stream_secure(stream, secure);
                            }
                            self.step =
                                Step::Connecting(stream, self.within.map(|within| (now + within, within)));
                            Dialling::Moved
                        }
                        Ok(_) => Dialling::Waiting,
                        Err(failure) => Dialling::Failed(failure),
                    }
                }
            },
            Step::Connecting(stream, late) => match (stack.stream_outcome(stream), late) {
                (None, Some((at, within))) if at <= now => {
                    // The firmware's task goes on with the handshake for a while; here it ends at once.
                    stack.stream_release(stream);
                    Dialling::Failed(Failure::Late(within))
                }
                (None, _) => Dialling::Waiting,
                (Some(Ok(ends)), _) => Dialling::Open((stream, ends)),
                (Some(Err(reason)), _) => {
                    let remote = stack.stream_remote(stream);
                    stack.stream_release(stream);
                    Dialling::Failed(match remote.filter(|_| self.secure.is_some()) {
                        Some(remote) => Failure::Tls(reason, remote),
                        None => Failure::Closed(reason),
                    })
                }
            },
        }
    }

    /// Gives it up.
    pub fn release(self, stack: &mut Stack) {
        match self.step {
            Step::Resolving(question) => stack.dns_release(question),
            Step::Connecting(stream, _) => stack.stream_release(stream),
        }
    }
}

/// The answer to a question, once there is one; the question is released then.
fn resolve(question: Question, stack: &mut Stack) -> Option<Result<IpAddr, Failure>> {
    let answer = match stack.dns_state(question) {
        DnsState::Pending => return None,
        DnsState::Resolved(ip) => Ok(ip),
        DnsState::Failed => Err(Failure::UnknownHost(stack.dns_name(question).to_owned())),
    };
    stack.dns_release(question);
    Some(answer)
}

/// A link on its way.
#[derive(Clone, Debug)]
pub struct LinkDial {
    request: OpenRequest,
    step: LinkStep,
}

#[derive(Clone, Debug)]
enum LinkStep {
    /// Its stream is being dialled.
    Stream(Dial),
    /// It will be of datagrams; the name of the other end is being looked up.
    Resolving(Question),
}

impl LinkDial {
    /// Begins with what was asked for; with TLS where `secure` says how.
    pub fn new(now: Instant, request: OpenRequest, secure: Option<Secure>, env: &mut Env<'_>) -> LinkDial {
        let (host, family) = (&request.host[..], request.family);
        let step = match request.transport {
            Transport::Stream { keep_alive, timeout, .. } => {
                let base = tcp_options(env);
                let options = TcpOptions {
                    // With TLS the handshake counts, too.
                    connect_timeout: match timeout {
                        Some(timeout) if secure.is_none() => timeout.min(base.connect_timeout),
                        _ => base.connect_timeout,
                    },
                    keep_alive,
                    local_address: request.local,
                    ..base
                };
                let dial = Dial::host(now, (host, request.port), family, options, env.stack);
                let within = timeout.filter(|_| secure.is_some());
                LinkStep::Stream(dial.within(within).with_tls(secure, env.stack))
            }
            Transport::Datagrams { .. } => LinkStep::Resolving(env.stack.dns_start(now, host, family)),
        };
        LinkDial { request, step }
    }

    /// The id that the link is to have.
    pub fn id(&self) -> usize {
        self.request.id
    }

    /// When it must be polled, whether the stack has moved or not.
    pub fn next_timer(&self) -> Option<Instant> {
        match &self.step {
            LinkStep::Stream(dial) => dial.next_timer(),
            LinkStep::Resolving(_) => None,
        }
    }

    /// Looks at it.
    pub fn poll(&mut self, now: Instant, stack: &mut Stack) -> Dialling<Link> {
        let request = &self.request;
        match &mut self.step {
            LinkStep::Stream(dial) => dial.poll(now, stack).map(|(stream, ends)| {
                let link = Link::new(now, Kind::Stream(stream), ends.remote, ends.local.port(), false);
                link.opened_by(request.clone())
            }),
            LinkStep::Resolving(question) => match resolve(*question, stack) {
                None => Dialling::Waiting,
                Some(Err(failure)) => Dialling::Failed(failure),
                Some(Ok(ip)) => match open_port(request, ip, stack) {
                    Some((kind, local_port)) => {
                        let remote = SocketAddr::new(ip, request.port);
                        let link = Link::new(now, kind, remote, local_port, false);
                        Dialling::Open(link.opened_by(request.clone()))
                    }
                    None => Dialling::Failed(Failure::NotTried),
                },
            },
        }
    }

    /// Gives it up.
    pub fn release(self, stack: &mut Stack) {
        match self.step {
            LinkStep::Stream(dial) => dial.release(stack),
            LinkStep::Resolving(question) => stack.dns_release(question),
        }
    }
}

/// Opens the UDP port for datagrams to `remote`, and says its number. One for an IPv6 address that means something on
/// one link only stays on that link.
fn open_port(request: &OpenRequest, remote: IpAddr, stack: &mut Stack) -> Option<(Kind, u16)> {
    let Transport::Datagrams { mode, local_port } = request.transport else { return None };
    let port = stack.udp_open(local_port).ok()?;
    if let Some(own) = request.local.or_else(|| stack.link_source(remote)) {
        stack.udp_send_from(port, own);
    }
    Some((Kind::Datagrams(port, mode), stack.udp_local_port(port).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::stack::StreamState;
    use crate::net::stack::tests::lan::{Lan, address, ms};

    /// Dials from node 0 and polls until it is over.
    fn dial(lan: &mut Lan, host: &str, port: u16) -> Dialling<(Connection, Ends)> {
        let options = TcpOptions { connect_timeout: Duration::from_secs(5), ..TcpOptions::default() };
        let mut dial = Dial::host(lan.now, (host, port), DnsFamily::Ipv4, options, &mut lan.nodes[0]);
        let mut end = Dialling::Waiting;
        lan.run(ms(20_000), |now, nodes| {
            if !matches!(end, Dialling::Waiting | Dialling::Moved) {
                return false;
            }
            end = dial.poll(now, &mut nodes[0]);
            end != Dialling::Waiting
        });
        end
    }

    #[test]
    fn a_dial_ends_with_an_open_stream_and_its_two_ends() {
        let mut lan = Lan::new(2, 1);
        lan.nodes[1].stream_listen(80, 1, &TcpOptions::default()).expect("the port is free");
        let end = dial(&mut lan, "10.0.0.2", 80);
        let Dialling::Open((stream, ends)) = end else { panic!("not open: {end:?}") };
        assert_eq!(lan.nodes[0].stream_state(stream), StreamState::Open);
        assert_eq!(ends.remote, SocketAddr::from((address(1), 80)), "the end that was dialled");
        assert_eq!(ends.local.ip(), IpAddr::from(address(0)), "the end that dialled");
    }

    #[test]
    fn a_dial_says_why_it_failed() {
        let mut lan = Lan::new(2, 1);
        let closed = Dialling::Failed(Failure::Closed(CloseReason::Refused));
        assert_eq!(dial(&mut lan, "10.0.0.2", 81), closed, "nothing listens there");
        let mut lan = Lan::new(2, 1);
        let silent = Dialling::Failed(Failure::Closed(CloseReason::TimedOut));
        assert_eq!(dial(&mut lan, "10.0.0.77", 80), silent, "nobody has this address");
        let mut lan = Lan::new(2, 1);
        let far = dial(&mut lan, "203.0.113.1", 80);
        assert_eq!(far, Dialling::Failed(Failure::NotTried), "there is no gateway");
        let mut lan = Lan::new(2, 1);
        let Dialling::Failed(failure) = dial(&mut lan, "www.example.com", 80) else {
            panic!("there is no DNS server")
        };
        assert_eq!(failure, Failure::UnknownHost("www.example.com".to_owned()));
    }

    #[test]
    fn a_dial_that_is_given_up_sends_nothing_more() {
        let mut lan = Lan::new(2, 1);
        let options = TcpOptions::default();
        let remote = SocketAddr::from((address(1), 80));
        let dial = Dial::address(ms(0), remote, options, &mut lan.nodes[0]).expect("there is a way");
        dial.release(&mut lan.nodes[0]);
        lan.run_idle(ms(10_000));
        assert!(lan.tcp_flags().is_empty(), "segments of a connection that nobody wants");
    }
}
