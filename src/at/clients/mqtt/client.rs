//! The client of one broker: its connection, the packets on their way, keep-alive, and the time after a loss.

use super::channel::Channel;
use super::outbox::Outbox;
use super::packets::{self, PINGREQ, PUBACK, PUBCOMP, PUBREC, PUBREL};
use super::reader::{Arrival, Piece, Reader};
use super::report::Around;
use super::settings::{KEEP_ALIVE, Settings};
use crate::at::Env;
use crate::at::dial::{self, Dial, Dialling};
use crate::at::tls_log::Said;
use crate::net::mqtt::wire::{Framed, frame};
use crate::net::stack::{Connection, DnsFamily, TcpOptions};
use crate::profile;
use crate::time::{Duration, Instant, earliest};

/// What esp-mqtt's texts on the log port begin with.
const TAG: &str = "MQTT_CLIENT";
/// How long esp-mqtt waits for each step of a connection, and for a write to go on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the client stands.
#[derive(Debug)]
pub enum Stage {
    /// The connection is being opened.
    Dialling(Box<Dial>),
    /// CONNECT is on its way, or WebSocket's request before it; the answer must be here by then.
    Greeting(Instant),
    /// Connected.
    Up,
    /// Lost; it tries again then.
    Waiting(Instant),
    /// Lost, and it does not try again.
    Stopped,
}

/// What a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// CONNACK.
    Connection,
    /// Everything is written.
    Written,
    /// The answer to the packet of this number.
    Answer(u16),
}

/// The client.
#[derive(Debug)]
pub struct Client {
    host: String,
    port: u16,
    reconnect: bool,
    facts: profile::Mqtt,
    stage: Stage,
    /// While it greets, and while it is up.
    channel: Option<Channel>,
    /// CONNECT waits for WebSocket.
    greets_later: bool,
    reader: Reader,
    output: Vec<u8>,
    /// Since when nothing of it was taken.
    blocked: Option<Instant>,
    /// Since when the keep-alive counts.
    tick: Instant,
    /// PINGREQ was sent, and the answer is not here.
    pinged: bool,
    /// CONNACK has come, and was good.
    accepted: bool,
    outbox: Outbox,
    last_id: u16,
    awaited: Option<Awaited>,
    result: Option<bool>,
}

impl Client {
    /// One that connects for the first time.
    pub fn new(now: Instant, host: &str, port: u16, reconnect: bool, env: &mut Env<'_>) -> Client {
        let facts = env.profile.mqtt;
        Client {
            host: host.to_owned(),
            port,
            reconnect,
            facts,
            stage: Stage::Waiting(now),
            channel: None,
            greets_later: false,
            reader: Reader::new(facts.buffer),
            output: Vec::new(),
            blocked: None,
            tick: now,
            pinged: false,
            accepted: false,
            outbox: Outbox::new(facts),
            last_id: 0,
            awaited: Some(Awaited::Connection),
            result: None,
        }
    }

    /// Connected.
    pub fn is_up(&self) -> bool {
        matches!(self.stage, Stage::Up)
    }

    /// Where it stands.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Host, port, and whether it connects again by itself.
    pub fn broker(&self) -> (&str, u16, bool) {
        (&self.host, self.port, self.reconnect)
    }

    /// The next number of a packet.
    pub fn new_id(&mut self, env: &mut Env<'_>) -> u16 {
        self.last_id = match self.facts.counts_packets {
            true => self.last_id.checked_add(1).unwrap_or(1),
            false => u16::try_from(env.dials.between(1, u64::from(u16::MAX))).unwrap_or(u16::MAX),
        };
        self.last_id
    }

    /// Sends a packet for a command, which waits for its answer; for the packet to be written when its number is 0.
    pub fn command(&mut self, now: Instant, id: u16, bytes: Vec<u8>) {
        self.awaited = Some(if id == 0 { Awaited::Written } else { Awaited::Answer(id) });
        self.result = None;
        self.send(now, id, bytes);
    }

    fn send(&mut self, now: Instant, id: u16, bytes: Vec<u8>) {
        self.output.extend_from_slice(&bytes);
        if id > 0 {
            self.outbox.keep(now, id, bytes);
        }
    }

    /// What has become of the command, once.
    pub fn take_result(&mut self) -> Option<bool> {
        self.result.take()
    }

    /// The command's wait is over, if it is this that it waits for.
    fn settle(&mut self, what: Awaited, good: bool) {
        if self.awaited == Some(what) {
            self.awaited = None;
            self.result = Some(good);
        }
    }

    /// Ends it. A broker that it is connected with is told.
    pub fn release(mut self, env: &mut Env<'_>) {
        if self.is_up()
            && let Some(channel) = &mut self.channel
        {
            self.output.extend(packets::DISCONNECT);
            channel.send(&mut self.output, env.stack);
        }
        if let Some(channel) = self.channel.take() {
            channel.release(env.stack);
        }
        if let Stage::Dialling(dial) = self.stage {
            dial.release(env.stack);
        }
    }

    /// See [`Mqtt::deadline`](super::Mqtt::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        let step = match &self.stage {
            Stage::Dialling(dial) => dial.next_timer(),
            Stage::Greeting(until) => Some(*until),
            Stage::Up | Stage::Waiting(_) | Stage::Stopped => None,
        };
        earliest([step, self.blocked.map(|since| since + PATIENCE)])
    }

    /// See [`Mqtt::keep_alive_at`](super::Mqtt::keep_alive_at).
    pub fn keep_alive_at(&self, keep_alive: u16) -> Option<Instant> {
        let half = Duration::from_millis(500 * u64::from(keep_alive));
        let whole = Duration::from_secs(u64::from(keep_alive));
        self.is_up()
            .then(|| self.tick + if self.pinged && !self.facts.pings_when_idle { whole } else { half })
    }

    /// See [`Mqtt::resend_at`](super::Mqtt::resend_at).
    pub fn resend_at(&self) -> Option<Instant> {
        self.outbox.next_timer(self.is_up())
    }

    /// Goes on with what is under way. True when something happened.
    pub(super) fn poll(&mut self, now: Instant, around: &mut Around<'_>, env: &mut Env<'_>) -> bool {
        let mut moved = self.look_at_outbox(now, around);
        match &mut self.stage {
            Stage::Stopped => {}
            Stage::Waiting(until) if *until > now => {}
            Stage::Waiting(_) => {
                moved = true;
                self.dial(now, around, env);
            }
            Stage::Dialling(dial) => match dial.poll(now, env.stack) {
                Dialling::Waiting => {}
                Dialling::Moved => moved = true,
                Dialling::Open((stream, _)) => {
                    moved = true;
                    self.greet(now, stream, around, env);
                }
                Dialling::Failed(failure) => {
                    moved = true;
                    failure.log(now, around.out, env);
                    around.out.say(now, &[Said::error(TAG, "Error transport connect")]);
                    self.lose(now, around, env);
                }
            },
            Stage::Greeting(_) | Stage::Up => moved |= self.serve(now, around, env),
        }
        moved
    }

    fn dial(&mut self, now: Instant, around: &mut Around<'_>, env: &mut Env<'_>) {
        let options = TcpOptions { connect_timeout: PATIENCE, ..dial::tcp_options(env) };
        let tls = around.settings.and_then(|settings| settings.tls(&self.host));
        let secure = match tls.map(|tls| tls.secure(now, around.clock, env)).transpose() {
            Ok(secure) => secure,
            Err(text) => {
                around.out.log(text);
                return self.lose(now, around, env);
            }
        };
        let dial = Dial::host(now, (&self.host, self.port), DnsFamily::Ipv4, options, env.stack);
        self.stage = Stage::Dialling(Box::new(dial.with_tls(secure, env.stack)));
    }

    /// The stream is open: CONNECT, behind WebSocket's request where there is one.
    fn greet(&mut self, now: Instant, stream: Connection, around: &Around<'_>, env: &mut Env<'_>) {
        let path = around.settings.filter(|s| s.is_websocket()).map(Settings::shown_path);
        self.channel = Some(Channel::new(stream, (&self.host, self.port), path.as_deref(), env));
        self.greets_later = true;
        self.stage = Stage::Greeting(now + PATIENCE);
    }

    fn say_connect(&mut self, now: Instant, around: &Around<'_>, env: &Env<'_>) {
        let Some(settings) = around.settings else { return };
        let mut settings = settings.clone();
        if settings.client.is_empty() {
            // No id is given to esp-mqtt then, which makes one (a guess).
            let [_, _, _, a, b, c] = env.mac;
            settings.client = format!("ESP32_{a:02x}{b:02X}{c:02X}").into_bytes();
        }
        self.greets_later = false;
        self.stage = Stage::Greeting(now + PATIENCE);
        self.output = packets::connect(&settings);
    }

    /// Writes, reads, and looks at the clock.
    fn serve(&mut self, now: Instant, around: &mut Around<'_>, env: &mut Env<'_>) -> bool {
        let Some(mut channel) = self.channel.take() else { return false };
        let moved = self.look(now, &mut channel, around, env);
        let Err(said) = moved else {
            self.channel = Some(channel);
            return moved.unwrap_or(false);
        };
        around.out.say(now, &said);
        channel.release(env.stack);
        self.lose(now, around, env);
        true
    }

    /// Answers whether something happened; what the log port says of it when the connection is over.
    fn look(
        &mut self,
        now: Instant,
        channel: &mut Channel,
        around: &mut Around<'_>,
        env: &mut Env<'_>,
    ) -> Result<bool, Vec<Said>> {
        let mut moved = false;
        if self.greets_later && channel.is_ready() {
            self.say_connect(now, around, env);
            moved = true;
        }
        moved |= self.write(now, channel, env);
        moved |= self.read(now, channel, around, env).map_err(|said| vec![said])?;
        moved |= self.write(now, channel, env);
        if self.blocked.is_some_and(|since| since + PATIENCE <= now) {
            let text = "Writing didn't complete in specified timeout: errno=119";
            return Err(vec![Said::error(TAG, text)]);
        }
        let late = matches!(&self.stage, Stage::Greeting(until) if *until <= now);
        if late || channel.is_over(env.stack) {
            return Err(Vec::new());
        }
        if self.misses_the_broker(now, around) {
            return Err(vec![Said::error(TAG, "No PING_RESP, disconnected")]);
        }
        if matches!(self.stage, Stage::Greeting(_)) && self.accepted {
            self.come_up(now, around, env);
            moved = true;
        }
        Ok(moved | self.write(now, channel, env))
    }

    fn write(&mut self, now: Instant, channel: &mut Channel, env: &mut Env<'_>) -> bool {
        let nothing = self.output.is_empty();
        let took = channel.send(&mut self.output, env.stack);
        if took {
            self.blocked = None;
            if self.facts.pings_when_idle {
                self.tick = now;
            }
        }
        if !self.output.is_empty() || channel.is_pending() {
            self.blocked.get_or_insert(now);
        } else if took || !nothing {
            self.settle(Awaited::Written, true);
        }
        took
    }

    /// Reads packets as long as there are some, and room for what they say.
    fn read(
        &mut self,
        now: Instant,
        channel: &mut Channel,
        around: &mut Around<'_>,
        env: &mut Env<'_>,
    ) -> Result<bool, Said> {
        let mut moved = false;
        loop {
            // That the connection is there is said before what a kept session brings.
            if self.accepted {
                return Ok(moved);
            }
            let wants = self.reader.wants();
            if wants > 0 {
                let bytes = channel.receive(wants, env.stack);
                if bytes.is_empty() {
                    return Ok(moved);
                }
                self.reader.push(&bytes);
                moved = true;
                continue;
            }
            // A report has one piece whole: it waits until there is room for it.
            let shown = around.shows(&self.facts);
            if let Some(length) = self.reader.next_length()
                && shown
                && !around.out.has_room(env.room, length)
            {
                return Ok(moved);
            }
            moved = true;
            match self.reader.next().map_err(|text| Said::error(TAG, text))? {
                None => {}
                Some(Arrival::Packet(bytes)) => self.packet(now, &bytes)?,
                Some(Arrival::Piece(piece)) => self.message(&piece, shown, around),
            }
        }
    }

    /// A piece of a message has come. `shown`: the host is told.
    fn message(&mut self, piece: &Piece, shown: bool, around: &mut Around<'_>) {
        let Piece { topic, data, acknowledge } = piece;
        if shown {
            let head = format!("+MQTTSUBRECV:0,\"{}\",{},", String::from_utf8_lossy(topic), data.len());
            around.out.framed(&head, data, "\r\n");
        }
        match acknowledge {
            Some((1, id)) => self.output.extend(packets::acknowledge(PUBACK, *id)),
            Some((_, id)) => self.output.extend(packets::acknowledge(PUBREC, *id)),
            None => {}
        }
    }

    /// A packet that is no message. What nobody waits for is passed over.
    fn packet(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Said> {
        let body = match frame(bytes) {
            Framed::Known { header, .. } => &bytes[header..],
            Framed::Partial | Framed::Bad => return Ok(()),
        };
        let id = match body {
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => 0,
        };
        match (bytes[0] >> 4, &self.stage) {
            (2, Stage::Greeting(_)) => match body.get(1) {
                Some(0) => self.accepted = true,
                code => {
                    let text = match code {
                        Some(1) => "Connection refused, bad protocol",
                        Some(3) => "Connection refused, server unavailable",
                        Some(4) => "Connection refused, bad username or password",
                        Some(5) => "Connection refused, not authorized",
                        _ => "Connection refused, Unknown reason",
                    };
                    return Err(Said::warning(TAG, text));
                }
            },
            (_, Stage::Greeting(_)) => return Err(Said::error(TAG, "Invalid MSG_TYPE response")),
            // PUBACK, PUBCOMP, SUBACK, UNSUBACK. Whether the broker grants a subscription is not looked at.
            (4 | 7 | 9 | 11, _) => {
                let awaited = self.outbox.acknowledged(id);
                if awaited {
                    self.settle(Awaited::Answer(id), true);
                }
            }
            (5, _) => {
                self.output.extend(packets::acknowledge(PUBREL, id));
                self.outbox.received(now, id);
            }
            (6, _) => self.output.extend(packets::acknowledge(PUBCOMP, id)),
            (13, _) => {
                self.pinged = false;
                if !self.facts.pings_when_idle {
                    self.tick = now;
                }
            }
            // What a broker never sends is passed over.
            _ => {}
        }
        Ok(())
    }

    fn come_up(&mut self, now: Instant, around: &mut Around<'_>, env: &mut Env<'_>) {
        self.stage = Stage::Up;
        self.accepted = false;
        self.tick = now;
        let again = self.awaited != Some(Awaited::Connection);
        self.settle(Awaited::Connection, true);
        let (scheme, path) = match around.settings {
            Some(settings) => (settings.scheme, settings.shown_path()),
            None => (1, String::new()),
        };
        let report = format!(
            "+MQTTCONNECTED:0,{scheme},\"{}\",\"{}\",\"{path}\",{}\r\n",
            self.host,
            self.port,
            u8::from(self.reconnect)
        );
        around.report(&report, &self.facts);
        // The broker may have forgotten them.
        for topic in if again { around.topics.to_vec() } else { Vec::new() } {
            let id = self.new_id(env);
            self.send(now, id, packets::subscribe(id, &topic.name, topic.qos));
        }
    }

    /// The connection is lost, or was not to be had.
    fn lose(&mut self, now: Instant, around: &mut Around<'_>, env: &mut Env<'_>) {
        let first = self.awaited == Some(Awaited::Connection);
        // A dial that has failed has let go of everything, and so has who found the channel to be over.
        self.stage = match first || !self.reconnect {
            true => Stage::Stopped,
            false => Stage::Waiting(now + self.facts.pause.draw(env.timing, env.dials)),
        };
        self.reader = Reader::new(self.facts.buffer);
        self.output.clear();
        self.blocked = None;
        self.pinged = false;
        self.accepted = false;
        if self.awaited.take().is_some() {
            self.result = Some(false);
        }
        around.report("+MQTTDISCONNECTED:0\r\n", &self.facts);
    }

    /// Pings, or notices that the last ping was not answered: true.
    fn misses_the_broker(&mut self, now: Instant, around: &Around<'_>) -> bool {
        let keep_alive = around.settings.map_or(KEEP_ALIVE, |settings| settings.keep_alive);
        if self.keep_alive_at(keep_alive).is_none_or(|at| at > now) {
            return false;
        }
        if self.pinged {
            return true;
        }
        self.output.extend(PINGREQ);
        self.pinged = true;
        if self.facts.pings_when_idle {
            self.tick = now;
        }
        false
    }

    /// Sends again what was not acknowledged, and gives up what is too old.
    fn look_at_outbox(&mut self, now: Instant, around: &mut Around<'_>) -> bool {
        let given_up = self.outbox.give_up(now);
        for id in &given_up {
            if self.facts.tells_given_up {
                around.out.log(&format!("mqtt msg deleted, msg_id:{id}"));
                self.settle(Awaited::Answer(*id), false);
            }
        }
        let mut moved = !given_up.is_empty();
        if self.is_up() {
            moved |= self.outbox.resend(now, &mut self.output);
        }
        moved
    }
}
