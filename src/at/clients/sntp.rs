//! AT+CIPSNTPCFG, and the client behind it: lwIP's, with the settings of the IDF.
//!
//! One question at a time to one server, whose name is looked up for each. No answer within 15 s, a kiss-of-death or a
//! name that is unknown: the next server is asked at once; where there is only one, the same after 15 s, and twice as
//! long each time up to 150 s. After an answer, a pause of an hour. Neither the sender of an answer nor its origin
//! timestamp is compared (`SNTP_CHECK_RESPONSE` is 0), and the way it took is not made up for.

use std::net::SocketAddr;

use crate::at::Env;
use crate::at::clock::Clock;
use crate::at::output::Output;
use crate::net::ntp::{self, Message};
use crate::net::stack::{DnsFamily, DnsState, Port, Question, Stack};
use crate::time::{Duration, Instant};

/// How long an answer may take.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(15);
/// The first pause before the same server is asked again, and before the next one where this one could not be asked.
const RETRY: Duration = RECEIVE_TIMEOUT;
/// The longest.
const LONGEST_RETRY: Duration = Duration::from_secs(150);

/// AT+CIPSNTPCFG and AT+CIPSNTPINTV.
#[derive(Debug)]
pub struct Sntp {
    /// Local time minus UTC, minutes.
    pub offset_minutes: i32,
    /// Up to three servers.
    pub servers: Vec<Vec<u8>>,
    /// Seconds from an answer to the next question, 15 to 4294967.
    pub interval: u32,
    /// `None`: switched off.
    client: Option<Client>,
}

impl Default for Sntp {
    fn default() -> Self {
        Sntp { offset_minutes: 0, servers: Vec::new(), interval: 3600, client: None }
    }
}

impl Sntp {
    /// Local time minus UTC, in minutes, from a `<timezone>`: hours from -12 to 14, or `[+-][hh]mm`. `None`
    /// when it is neither.
    pub fn offset(timezone: i64) -> Option<i32> {
        if (-12..=14).contains(&timezone) {
            return i32::try_from(timezone * 60).ok();
        }
        let (hours, minutes) = (timezone / 100, timezone % 100);
        let valid = (-12..=14).contains(&hours) && minutes.abs() <= 59;
        i32::try_from(hours * 60 + minutes).ok().filter(|_| valid)
    }

    /// Whether the clock is set by it.
    pub fn is_enabled(&self) -> bool {
        self.client.is_some()
    }

    /// Asks from now on, the first time at `first`.
    pub fn start(&mut self, first: Instant, stack: &mut Stack) {
        self.stop(stack);
        let servers = self.servers.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        self.client = Some(Client::new(servers, first, stack));
    }

    /// Asks no more.
    pub fn stop(&mut self, stack: &mut Stack) {
        if let Some(client) = self.client.take() {
            client.release(stack);
        }
    }

    /// Whether a server has set the clock since it is asked.
    pub fn is_set(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.answered)
    }

    /// When the current server is asked.
    pub fn question_at(&self) -> Option<Instant> {
        self.client.as_ref()?.request_at
    }

    /// When the next server is asked, because this one has not answered.
    pub fn next_server_at(&self) -> Option<Instant> {
        self.client.as_ref()?.next_server_at
    }

    /// Goes on with what is under way, and sets the clock. True when something happened.
    pub fn poll(&mut self, now: Instant, clock: &mut Clock, out: &mut Output, env: &mut Env<'_>) -> bool {
        let interval = Duration::from_secs(self.interval.into());
        let Some(client) = &mut self.client else { return false };
        let (mut moved, time) = client.poll(now, interval, env.stack);
        if let Some(unix_micros) = time {
            moved = true;
            // Said of the first answer alone (a reading of "only after AT+CIPSNTPCFG or power on").
            let first = !std::mem::replace(&mut client.answered, true);
            clock.set(now, unix_micros);
            if first && env.profile.differences.time_updated {
                out.announce("+TIME_UPDATED\r\n");
            }
        }
        moved
    }
}

/// The client.
#[derive(Debug)]
struct Client {
    servers: Vec<String>,
    current: usize,
    /// The next pause before the same server is asked again.
    retry: Duration,
    port: Option<Port>,
    /// The name of the current server is being looked up.
    lookup: Option<Question>,
    /// When a server was asked last.
    asked_at: Option<Instant>,
    /// When the current server is asked.
    request_at: Option<Instant>,
    /// When the next one is.
    next_server_at: Option<Instant>,
    answered: bool,
}

impl Client {
    fn new(servers: Vec<String>, first: Instant, stack: &mut Stack) -> Client {
        Client {
            servers,
            current: 0,
            retry: RETRY,
            port: stack.udp_open(None).ok(),
            lookup: None,
            asked_at: None,
            request_at: Some(first),
            next_server_at: None,
            answered: false,
        }
    }

    fn release(self, stack: &mut Stack) {
        if let Some(port) = self.port {
            stack.udp_release(port);
        }
        if let Some(lookup) = self.lookup {
            stack.dns_release(lookup);
        }
    }

    /// Whether something happened, and the time when an answer came: microseconds since 1970.
    fn poll(&mut self, now: Instant, interval: Duration, stack: &mut Stack) -> (bool, Option<u64>) {
        let due = |timer: &mut Option<Instant>| timer.take_if(|at| *at <= now).is_some();
        let mut moved = false;
        if due(&mut self.next_server_at) {
            moved = true;
            self.next_server(now, stack);
        }
        if due(&mut self.request_at) {
            moved = true;
            self.request(now, stack);
        }
        if let Some(lookup) = self.lookup {
            match stack.dns_state(lookup) {
                DnsState::Pending => {}
                DnsState::Resolved(address) => {
                    moved = true;
                    self.end_lookup(stack);
                    self.send(now, SocketAddr::new(address, ntp::PORT), stack);
                }
                DnsState::Failed => {
                    moved = true;
                    self.end_lookup(stack);
                    self.next_server(now, stack);
                }
            }
        }
        while let Some(datagram) = self.port.and_then(|port| stack.udp_recv(port)) {
            moved = true;
            // Other modes and lengths are waited out.
            let Some(answer) = Message::parse(&datagram.data).filter(|m| m.mode == ntp::SERVER) else {
                continue;
            };
            if answer.stratum == 0 {
                // The time for an answer goes on.
                self.request_at = None;
                self.next_server(now, stack);
                continue;
            }
            self.next_server_at = None;
            self.retry = RETRY;
            self.request_at = Some(now + interval);
            return (true, Some(answer.transmit.to_unix_micros()));
        }
        (moved, None)
    }

    /// Asks the current server, as soon as its name is resolved.
    fn request(&mut self, now: Instant, stack: &mut Stack) {
        self.end_lookup(stack);
        if let Some(name) = self.servers.get(self.current) {
            self.lookup = Some(stack.dns_start(now, name, DnsFamily::Ipv4));
            self.asked_at = Some(now);
        }
    }

    fn send(&mut self, now: Instant, to: SocketAddr, stack: &mut Stack) {
        let question = Message { version: 4, mode: ntp::CLIENT, ..Message::default() };
        if let Some(port) = self.port {
            // What can't be sent is waited out like what is lost.
            let _ = stack.udp_send(port, to, &question.to_bytes());
        }
        self.next_server_at = Some(now + RECEIVE_TIMEOUT);
    }

    /// Asks the next server at once; without another one the same later.
    fn next_server(&mut self, now: Instant, stack: &mut Stack) {
        if self.asked_at == Some(now) {
            // No time has passed since: there is no network to ask in, or one without any latency.
            self.next_server_at = Some(now + RETRY);
            return;
        }
        if self.servers.len() > 1 {
            self.current = (self.current + 1) % self.servers.len();
            self.retry = RETRY;
            self.request(now, stack);
            return;
        }
        self.request_at = Some(now + self.retry);
        let doubled = self.retry + self.retry;
        self.retry = if doubled > LONGEST_RETRY { LONGEST_RETRY } else { doubled };
    }

    fn end_lookup(&mut self, stack: &mut Stack) {
        if let Some(lookup) = self.lookup.take() {
            stack.dns_release(lookup);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_is_hours_or_hours_and_minutes() {
        for (typed, minutes) in [
            (8, 480),
            (800, 480),
            (-5, -300),
            (-500, -300),
            (1245, 765),
            (15, 15),
            (-12, -720),
            (14, 840),
            (-1130, -690),
            (-30, -30),
        ] {
            assert_eq!(Sntp::offset(typed), Some(minutes), "{typed}");
        }
        for bad in [60, 99, 160, 1500, -1300, -60] {
            assert_eq!(Sntp::offset(bad), None, "{bad}");
        }
    }

    use crate::net::stack::tests::lan::{Lan, address, ms};

    const HOUR: Duration = Duration::from_secs(3600);
    const HALF_PAST: i128 = 1_767_225_600_500_000_000;

    /// What the server sends for the question with this number.
    type Answer = fn(usize) -> Option<Vec<u8>>;

    fn good() -> Message {
        Message {
            version: 4,
            mode: ntp::SERVER,
            stratum: 1,
            transmit: ntp::Timestamp::from_unix(HALF_PAST),
            ..Message::default()
        }
    }

    /// A client on node 0 that asks nodes 1 and 2, which both answer like this: the times and servers of its
    /// questions until `end`, and the times of answers that it believed.
    fn ask(answer: Answer, end: u64) -> (Vec<(u64, usize)>, Vec<u64>) {
        let mut lan = Lan::new(3, 1);
        let servers = [1, 2].map(|i| address(i).to_string()).to_vec();
        let mut client = Client::new(servers, ms(0), &mut lan.nodes[0]);
        let ports = [1, 2].map(|i| lan.nodes[i].udp_open(Some(ntp::PORT)).unwrap());
        let (mut questions, mut believed) = (Vec::new(), Vec::new());
        let millis = |now: Instant| now.as_nanos() / 1_000_000;
        // Its timers are not the stack's: looked at every millisecond.
        for t in 0..end {
            lan.run(ms(t), |now, nodes| {
                let (mut moved, time) = client.poll(now, HOUR, &mut nodes[0]);
                if let Some(time) = time {
                    assert_eq!(time, 1_767_225_600_500_000, "half a second past the beginning of 2026");
                    believed.push(millis(now));
                }
                for (server, port) in [1, 2].into_iter().zip(ports) {
                    while let Some(question) = nodes[server].udp_recv(port) {
                        moved = true;
                        assert_eq!(question.data.len(), ntp::LEN);
                        assert_eq!(question.data[0], 0x23, "version 4, client");
                        assert!(
                            question.data[1..].iter().all(|b| *b == 0),
                            "no timestamps: nothing compares them"
                        );
                        questions.push((millis(now), server));
                        if let Some(bytes) = answer(questions.len()) {
                            nodes[server].udp_send(port, question.from, &bytes).unwrap();
                        }
                    }
                }
                moved | time.is_some()
            });
        }
        (questions, believed)
    }

    #[test]
    fn an_answer_is_believed_whatever_its_origin_timestamp_and_the_next_question_comes_an_hour_later() {
        let other_origin = |_| Some(Message { origin: ntp::Timestamp(12_345), ..good() }.to_bytes());
        let (questions, believed) = ask(other_origin, 3_600_100);
        assert_eq!(questions.iter().map(|q| q.1).collect::<Vec<_>>(), [1, 1], "the same server again");
        assert_eq!((questions.len(), believed.len()), (2, 2));
        let pause = questions[1].0 - believed[0];
        // ARP and the way there come on top.
        assert!((3_600_000..3_600_010).contains(&pause), "{pause} ms from the answer to the next question");
    }

    #[test]
    fn answers_of_another_mode_or_length_are_waited_out() {
        for (what, bad) in [
            ("a question", (|_| Some(Message { mode: ntp::CLIENT, ..good() }.to_bytes())) as Answer),
            ("a broadcast", |_| Some(Message { mode: 5, ..good() }.to_bytes())),
            ("47 bytes", |_| Some(good().to_bytes()[..47].to_vec())),
            ("49 bytes", |_| Some([good().to_bytes(), vec![0]].concat())),
            ("nothing", |_| None),
        ] {
            let (questions, believed) = ask(bad, 31_000);
            assert_eq!(
                questions.iter().map(|q| q.1).collect::<Vec<_>>(),
                [1, 2, 1],
                "{what}: the servers in turn"
            );
            assert!(questions[1].0.abs_diff(15_000) < 10 && questions[2].0.abs_diff(30_000) < 10, "{what}");
            assert!(believed.is_empty(), "{what} was believed");
        }
    }

    #[test]
    fn a_kiss_of_death_sends_it_to_the_next_server_at_once() {
        let (questions, believed) =
            ask(|n| Some(Message { stratum: u8::from(n > 1), ..good() }.to_bytes()), 20_000);
        assert_eq!(questions.iter().map(|q| q.1).collect::<Vec<_>>(), [1, 2]);
        assert!(questions[1].0 < 10, "{questions:?}");
        assert_eq!(believed.len(), 1);
    }
}
