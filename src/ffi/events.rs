//! What happened, as events: their kinds, the observations that carry them, and what hosts have received.

use std::ffi::c_char;
use std::ptr;

use super::espat_world;
use super::records::recorded;
use super::sized::{SizePrefixed, size_up_to};
use super::state::espat_protocol;
use super::status::{Failure, espat_status};
use super::{boundary, pointer};
use crate::world::{Observation, Outcome};

/// `link` of an observation that concerns no link.
pub const ESPAT_NO_LINK: u32 = 0xffff_ffff;

/// What an event is, and which fields of espat_observation it has beside `number`, `ns`, `subject`, `kind`, `event` and
/// `text`, which all have. The others are 0 or empty then, `link` is ESPAT_NO_LINK.
///
/// Numbers never change and none is used again. Later versions add kinds: a program skips those that it does not know.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_event_kind {
    /// There is no observation now.
    None = 0,
    /// A line of text that the MCU sent: `data`, without the line's end.
    Command = 1,
    /// A line of text that the module sent: `data`, without the line's end.
    Reply = 2,
    /// The module's station is associated with an access point: `name`.
    StationAssociated = 10,
    /// The station has joined: `name` is the access point, `address` its IPv4 address.
    StationJoined = 11,
    /// The station uses a further address: `address`.
    StationAddress = 12,
    /// The station has lost its access point, or left it.
    StationDisconnected = 13,
    /// The module has opened a link: `link`, `protocol`, `peer`, as all kinds of links.
    LinkOpened = 20,
    /// A client of the module's own server has opened a link.
    LinkAccepted = 21,
    /// A link is closed, whoever wanted that. When the module restarts, sleeps deeply or loses its power, its links are
    /// gone and none of them is said to be closed; espat_links_read() knows.
    LinkClosed = 22,
    /// The other end of a link does not answer any more. ESPAT_EVENT_KIND_LINK_CLOSED follows.
    LinkGaveUp = 23,
    /// A link lost `count` bytes from `peer`, because there was no room. It stays open.
    LinkLost = 24,
    /// A link has not opened, because TLS failed: `detail` says why.
    LinkFailed = 25,
    /// The module's RTS has changed: `code` is its level, `count` how many bytes are in the module's receive FIFO.
    UartRts = 30,
    /// The module's CTS has changed: `code` 1: it stops, 0: it goes on; `count` bytes are still to be sent.
    UartCts = 31,
    /// The module's receive FIFO is full and it loses what the MCU sends. Said once until a byte fits again.
    UartModuleOverrun = 32,
    /// The module sleeps lightly and loses what the MCU sends. Said once for each sleep.
    UartAsleep = 33,
    /// `+++` was taken for data, because bytes were still queued in the MCU.
    UartEscapeSpoilt = 34,
    /// The MCU's receiver has lost a byte: `data`. `code` is one of espat_mcu_loss.
    UartMcuOverrun = 35,
    /// The MCU sends while the module does not run, and nobody hears it. Said once until it runs. `code` is one of
    /// espat_power.
    UartUnheard = 36,
    /// The MCU's firmware has printed a line on its own console: `data`, without the line's end. Only where the driver passes
    /// the console on, as `espat-sim qemu --console` does.
    Console = 37,
    /// A command was not carried out, but answered as `module NAME answer` has said: `data` is its line, `detail` the
    /// answer.
    FaultAnswered = 40,
    /// There was no memory for `name`: `count` bytes were needed, `sent` free (`module NAME heap`).
    FaultNoMemory = 41,
    /// Flash took no write: `name` says of what (`module NAME flash fail`).
    FaultNotWritten = 42,
    /// A hostile report was put somewhere: `data` is what was printed, `detail` says where (`module NAME urcs hostile`).
    FaultReported = 43,
    /// A host is on a module's softAP: `name` is the module.
    GuestJoined = 100,
    /// A module's softAP has not let a host in: `name` is the module, `detail` says why.
    GuestNotLetIn = 101,
    /// A host has left a module's softAP: `name` is the module.
    GuestLeft = 102,
    /// A host was leased an address: `address`.
    GuestAddress = 103,
    /// An HTTP server has answered a request of `peer`: `name` is what was asked for, with its query, `detail` the
    /// method, `code` the status, `count` the length of the request's body, `data` its first 64 KiB, `sent` the length of
    /// the answer's body.
    HttpRequest = 110,
    /// An HTTP server has refused a request of `peer` that it could not read, with the status `code`.
    HttpBadRequest = 111,
    /// As ESPAT_EVENT_KIND_HTTP_REQUEST, of an update server; `name` has the query behind its `?`.
    UpdateRequest = 120,
    /// As ESPAT_EVENT_KIND_HTTP_BAD_REQUEST, of an update server.
    UpdateBadRequest = 121,
    /// A host's terminal is connected with `peer`; `code` 0: which has dialled, 1: the host has.
    TcpTerminalConnected = 130,
    /// A host has dialled `peer` in vain: `detail` says why. `peer` is empty when that had no address.
    TcpTerminalNotConnected = 131,
    /// `peer` has dialled a host's terminal and was gone before the connection was there: `detail` says why.
    TcpTerminalNotAccepted = 132,
    /// A host's terminal has received `count` bytes from `peer`: `data`, all of them.
    TcpTerminalReceived = 133,
    /// A host's terminal had no room for `count` bytes that it was to send to `peer`.
    TcpTerminalDropped = 134,
    /// A connection of a host's terminal is over, after `count` bytes from `peer`. `code` 0: the host has closed it, 1:
    /// the host has reset it, 2: `peer` has closed it, 3: `peer` has reset it, 4: for the reason in `detail`. `sent` is the
    /// CRC-32 of what has come.
    TcpTerminalEnded = 135,
    /// A host's terminal was told to do something and has no connection. `code` 0: to send, 1: to close, 2: to reset.
    TcpTerminalNothing = 136,
    /// `peer` has connected to an echo server.
    TcpEchoConnected = 140,
    /// A connection to an echo server is over, after `count` bytes from `peer`. `code` 2: `peer` has closed it, 4: it
    /// ended otherwise.
    TcpEchoEnded = 141,
    /// A host's terminal has received a datagram of `count` bytes from `peer`: `data`, all of them.
    UdpTerminalReceived = 150,
    /// A host could not send a datagram to `peer`: `detail` says why. `peer` is empty when that had no address.
    UdpTerminalNotSent = 151,
    /// An echo server has sent a datagram of `count` bytes back to `peer`.
    UdpEchoEchoed = 160,
    /// An echo server could not: `detail` says why.
    UdpEchoLost = 161,
    /// `peer` has asked a DNS server for `name`; `detail` is the type of record, such as "A".
    DnsQuestion = 170,
    /// A time server has answered `peer`: `count` is the time, in seconds since 1970; 0 with `detail` "kiss-of-death".
    SntpAnswered = 180,
    /// A time server has got a datagram from `peer` and has not answered: `detail` says why.
    SntpUnanswered = 181,
    /// A host has a TLS session with `peer`: `code` is the number of the cipher suite, `detail` names both.
    TlsSession = 190,
    /// A handshake of TLS with `peer` has failed: `detail` says why.
    TlsFailed = 191,
    /// A client at `peer` has connected to an MQTT broker: `detail` is its id, as in all events of brokers, `name` its
    /// user, `count` its keep-alive in seconds.
    MqttConnected = 200,
    /// An MQTT broker has refused a client at `peer`: `code` is the return code of MQTT 3.1.1.
    MqttRefused = 201,
    /// The connection of an MQTT broker's client at `peer` is over. `code` 0: by DISCONNECT, 1: in another way.
    MqttEnded = 202,
    /// A client has subscribed: `name` is the filter, `code` the QoS.
    MqttSubscribed = 203,
    /// A client has unsubscribed: `name` is the filter.
    MqttUnsubscribed = 204,
    /// A client has published a message of `count` bytes: `name` is the topic, `code` the QoS, `data` the payload. `peer`
    /// is empty when it was the client's last will.
    MqttPublished = 205,
    /// A client may not publish to the topic `name` or subscribe to the filter `name`. Of a message `count` and `data` are
    /// as above.
    MqttDenied = 206,
    /// A client at `peer` has connected to a WebSocket server: `name` is what it asked for, `detail` the protocol.
    WebSocketConnected = 210,
    /// A WebSocket server has refused a client at `peer` with the HTTP status `code`.
    WebSocketRefused = 211,
    /// A WebSocket server has received `count` bytes from `peer`, all of a message, a ping or a pong: `code` is the
    /// opcode (1 text, 2 binary, 9 ping, 10 pong), `data` the content.
    WebSocketReceived = 212,
    /// The connection of a WebSocket client at `peer` is over: `code` is the code of its close frame, or 0, `data` its
    /// reason, `detail` another cause.
    WebSocketEnded = 213,
    /// `peer` has connected to a discard server.
    DiscardConnected = 220,
    /// A connection to a discard server is over, after `count` bytes from `peer`, whose CRC-32 is `sent`. `code` 2: `peer` has
    /// closed it, 4: it ended otherwise.
    DiscardEnded = 221,
    /// `peer` has connected to a source.
    SourceConnected = 222,
    /// A connection to a source is over, after `sent` bytes to `peer` and `count` bytes from it. `code` 2: `peer` has closed
    /// it, 4: it ended otherwise.
    SourceEnded = 223,
    /// `peer` has connected to a scripted peer.
    ScriptConnected = 224,
    /// The script of the connection with `peer` has come to its end.
    ScriptDone = 225,
    /// Step `code` of the script (from 1) has not come true: `detail` says what was expected, and what was found.
    ScriptFailed = 226,
    /// A connection to a scripted peer is over, after `count` bytes from `peer`.
    ScriptEnded = 227,
    /// A real program has accepted the connection of `peer` (`external`).
    ExternalConnected = 228,
    /// A real program was not reached; the connection of `peer` is reset.
    ExternalRefused = 229,
    /// A toxic has refused a connection from `peer`: `code` is the host's port, as in all kinds of toxics.
    ToxicRefused = 230,
    /// A toxic has reset the connection with `peer`, after `count` bytes in one direction.
    ToxicReset = 231,
    /// A toxic has closed the connection with `peer`, after `count` bytes in one direction.
    ToxicClosed = 232,
    /// A host has forgotten its connection with `peer`, which does not know.
    ToxicHalfOpen = 233,
    /// The connection of `peer` to a real program is over: `count` bytes went to it, `sent` came from it.
    ExternalEnded = 240,
    /// A line of the console or of the timeline has taken effect: `detail` is the line. `subject` is the module, host or
    /// access point that it changes, or "gateway". Of modules and of hosts.
    Changed = 300,
}

/// Something that happened, for tests that wait for it: who, what, and the facts one by one, with the sentence beside.
///
/// Texts and `data` belong to the library. They are never NULL but where it is said, and stay until this thread's next
/// call that hands out a text.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_observation {
    /// sizeof(espat_observation), set by the caller
    pub size: usize,
    /// Its number: that of the first in a world is 0, the next one has the next. Pass it plus one to
    /// espat_observation_read() for the one after it.
    pub number: u64,
    /// World time at which it happened, in ns.
    pub ns: u64,
    /// A module's name, or a host's; of "change" also that of an access point, or "gateway". NULL: there is no observation
    /// now.
    pub subject: *const c_char,
    /// What it is about, in the words of a scenario's `expect`. Of a module: "command", "reply", "station", "link",
    /// "change", "fault", "console",
    /// "uart". Of a host: "station", or the service: "http", "update", "tcp-terminal", "tcp-echo", "udp-terminal",
    /// "udp-echo", "dns", "sntp", "tls", "mqtt", "websocket", "discard", "source", "script", "external", "toxic",
    /// "change".
    /// NULL: there is no observation now.
    pub kind: *const c_char,
    /// The sentence: one line, without its end, such as "joined home as 192.168.1.100". NULL: there is no observation
    /// now.
    pub text: *const c_char,
    /// What it is: one of espat_event_kind, which says what the fields below are.
    pub event: u32,
    /// The number of the AT link, 0 to 4; otherwise ESPAT_NO_LINK.
    pub link: u32,
    /// One of espat_protocol.
    pub protocol: u32,
    /// A status, a level or a choice.
    pub code: u32,
    /// A number of bytes, or of seconds.
    pub count: u64,
    /// Bytes of an answer.
    pub sent: u64,
    /// The other end, such as "203.0.113.10:80" or "[2001:db8::10]:80".
    #[allow(rustdoc::broken_intra_doc_links)] // an address, not a link
    pub peer: *const c_char,
    /// An address without a port, such as "192.168.1.100".
    pub address: *const c_char,
    /// A name.
    pub name: *const c_char,
    /// What there is to say besides.
    pub detail: *const c_char,
    /// Bytes as they are, not text: `length` of them. NULL when there are none.
    pub data: *const u8,
    /// Bytes at `data`.
    pub length: usize,
}

// SAFETY: repr(C), begins with its size, and NULL pointers and zeros are values.
unsafe impl SizePrefixed for espat_observation {
    const NAME: &'static str = "espat_observation";
    const FIRST_SIZE: usize = size_up_to!(espat_observation, length);
}

/// What there is when there is no observation.
const NOTHING: espat_observation = espat_observation {
    size: 0,
    number: 0,
    ns: 0,
    subject: ptr::null(),
    kind: ptr::null(),
    text: ptr::null(),
    event: espat_event_kind::None as u32,
    link: ESPAT_NO_LINK,
    protocol: espat_protocol::None as u32,
    code: 0,
    count: 0,
    sent: 0,
    peer: ptr::null(),
    address: ptr::null(),
    name: ptr::null(),
    detail: ptr::null(),
    data: ptr::null(),
    length: 0,
};

/// For C, with its texts kept for this thread.
fn shown(observation: &Observation) -> espat_observation {
    let facts = observation.event.facts();
    let texts = [
        observation.subject.clone(),
        observation.kind().to_owned(),
        observation.text(),
        facts.peer.map(|peer| peer.to_string()).unwrap_or_default(),
        facts.address.map(|address| address.to_string()).unwrap_or_default(),
        facts.name.to_owned(),
        facts.detail.into_owned(),
    ];
    let ([subject, kind, text, peer, address, name, detail], data) = boundary::keep(texts, facts.data);
    espat_observation {
        size: 0,
        number: observation.number,
        ns: observation.at.as_nanos(),
        subject,
        kind,
        text,
        event: observation.event.kind().number(),
        link: facts.link.map_or(ESPAT_NO_LINK, |id| id as u32),
        protocol: espat_protocol::of(facts.protocol) as u32,
        code: facts.code,
        count: facts.count,
        sent: facts.sent,
        peer,
        address,
        name,
        detail,
        data,
        length: facts.data.len(),
    }
}

/// Checks that there is a `subject`, a module's or a host's name, of which `kind` can be observed: for whoever waits for
/// an observation, because one that can't come is a slip. Both may be empty, which stands for any.
///
/// Errors: ESPAT_STATUS_INVALID_ARGUMENT with what there is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_observation_check(
    world: *mut espat_world,
    subject: *const c_char,
    kind: *const c_char,
) -> espat_status {
    boundary!(world world; subject: text, kind: text => {
        world.look(|w| w.check_observation(subject, kind))?.map_err(Failure::argument)
    })
}

/// Takes the oldest observation that was not taken yet and fills in `*observation`; `event` is
/// ESPAT_EVENT_KIND_NONE when none waits. Observations wait until they are taken.
///
/// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_OBSERVATIONS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_observation_take(
    world: *mut espat_world,
    observation: *mut espat_observation,
) -> espat_status {
    boundary!(world world; observation: sized_out => {
        recorded(world.pulled.observations, "observations", "ESPAT_RECORD_OBSERVATIONS")?;
        let next = world.waiting()?.observations.pop_front();
        observation.write(&next.as_ref().map_or(NOTHING, shown));
        Ok(())
    })
}

/// Looks at the first observation whose `number` is `from` or more and fills in `*observation`; `event` is
/// ESPAT_EVENT_KIND_NONE when there is none yet. Nothing is taken, so several readers may each have a cursor of their own;
/// what espat_observation_take() has taken is passed over.
///
/// To wait for something after this point: ask espat_observation_count() for `from`, and go on from the `number` of what
/// was found plus one.
///
/// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_OBSERVATIONS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_observation_read(
    world: *mut espat_world,
    from: u64,
    observation: *mut espat_observation,
) -> espat_status {
    boundary!(world world; observation: sized_out => {
        recorded(world.pulled.observations, "observations", "ESPAT_RECORD_OBSERVATIONS")?;
        let waiting = world.waiting()?;
        // Their numbers follow each other.
        let first = waiting.observations.front().map_or(0, |first| first.number);
        let place = usize::try_from(from.saturating_sub(first)).ok();
        let found = place.and_then(|place| waiting.observations.get(place));
        observation.write(&found.map_or(NOTHING, shown));
        Ok(())
    })
}

/// Stores in `*count` how many observations were made so far: the `number` of the next one.
///
/// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_OBSERVATIONS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_observation_count(world: *mut espat_world, count: *mut u64) -> espat_status {
    boundary!(world world; count: out => {
        recorded(world.pulled.observations, "observations", "ESPAT_RECORD_OBSERVATIONS")?;
        count.write(world.look(|w| w.observation_count())?);
        Ok(())
    })
}

/// What has come of a line of the scenario's `expect`. Later versions may add values.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_outcome {
    /// It has not happened, and there is still time. Not after espat_world_finish().
    Open = 0,
    /// It has happened in time.
    Met = 1,
    /// What must not happen has not happened so far, or in the whole run.
    Absent = 2,
    /// It has failed.
    Failed = 3,
}

/// A line of the scenario's `expect`, and what has come of it.
///
/// Texts belong to the library. They are never NULL, and stay until this thread's next call that hands out a text.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_expectation {
    /// sizeof(espat_expectation), set by the caller
    pub size: usize,
    /// World time at which it was met, in ns; otherwise 0.
    pub ns: u64,
    /// Its line in the scenario, from 1.
    pub line: u32,
    /// One of espat_outcome.
    pub outcome: u32,
    /// The line as the scenario has it, such as "by 20s wifi station joined home".
    pub text: *const c_char,
    /// Why it has failed: what was expected, and what was seen instead. Empty unless it has.
    pub why: *const c_char,
}

// SAFETY: repr(C), begins with its size, and NULL pointers and zeros are values.
unsafe impl SizePrefixed for espat_expectation {
    const NAME: &'static str = "espat_expectation";
    const FIRST_SIZE: usize = size_up_to!(espat_expectation, why);
}

/// Stores in `*count` how many lines the scenario's `expect` has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_expectation_count(world: *mut espat_world, count: *mut usize) -> espat_status {
    boundary!(world world; count: out => {
        count.write(world.look(|w| w.verdicts().len())?);
        Ok(())
    })
}

/// Fills in the line at `index`, from 0, of the scenario's `expect`, with what has come of it by the time that all modules
/// have reached.
///
/// Errors: ESPAT_STATUS_INVALID_ARGUMENT when there is no such line.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_expectation_read(
    world: *mut espat_world,
    index: usize,
    expectation: *mut espat_expectation,
) -> espat_status {
    boundary!(world world; expectation: sized_out => {
        let verdicts = world.look(|w| w.verdicts())?;
        let Some(verdict) = verdicts.get(index) else {
            let sentence = format!("'index' is {index}; the scenario expects {} things", verdicts.len());
            return Err(Failure::argument(sentence));
        };
        let (outcome, ns, why) = match &verdict.outcome {
            Outcome::Open => (espat_outcome::Open, 0, ""),
            Outcome::Met(at) => (espat_outcome::Met, at.as_nanos(), ""),
            Outcome::Absent => (espat_outcome::Absent, 0, ""),
            Outcome::Failed(why) => (espat_outcome::Failed, 0, why.as_str()),
        };
        let ([text, why], _) = boundary::keep([verdict.text.clone(), why.to_owned()], &[]);
        let line = u32::try_from(verdict.line).unwrap_or(u32::MAX);
        expectation.write(&espat_expectation { size: 0, ns, line, outcome: outcome as u32, text, why });
        Ok(())
    })
}

/// Stores in `*length` how many bytes the terminal of the host called `host` has received since the world's start, and
/// copies those from `offset` on to `buffer`, as many as there are and as `capacity` has room for. With `capacity` 0 (and
/// `buffer` NULL) only `*length` is set. Nothing is taken. `protocol` is one of espat_protocol: TCP for its tcp-terminal,
/// with the bytes of all its connections in the order of their arrival; UDP for its udp-terminal, datagram after
/// datagram.
///
/// Errors: ESPAT_STATUS_UNKNOWN_HOST; ESPAT_STATUS_INVALID_ARGUMENT for another protocol; ESPAT_STATUS_NOT_RECORDED
/// without ESPAT_RECORD_HOST_RECEIVED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_host_received(
    world: *mut espat_world,
    host: *const c_char,
    protocol: u32,
    offset: u64,
    buffer: *mut u8,
    capacity: usize,
    length: *mut u64,
) -> espat_status {
    boundary!(world world; host: text, buffer: room(capacity), length: out => {
        recorded(world.pulled.host_received, "bytes that hosts received", "ESPAT_RECORD_HOST_RECEIVED")?;
        let udp = match protocol {
            n if n == espat_protocol::Tcp as u32 => false,
            n if n == espat_protocol::Udp as u32 => true,
            n => {
                let sentence = format!("'protocol' is {n}, expected that of TCP or UDP");
                return Err(Failure::argument(sentence));
            }
        };
        let all = world.look(|w| {
            let received = w.host_received(host, udp)?;
            let rest = usize::try_from(offset).ok().and_then(|offset| received.get(offset..));
            pointer::copy(rest.unwrap_or_default(), buffer);
            Ok::<usize, Failure>(received.len())
        })??;
        length.write(all as u64);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use crate::world::EventKind;

    /// The header's enum and the world's are the same list, as numbers and as names.
    #[test]
    fn the_kinds_that_c_sees_are_those_of_the_world() {
        let source = include_str!("events.rs");
        let body =
            source.split("pub enum espat_event_kind {").nth(1).and_then(|rest| rest.split("\n}").next());
        let listed: Vec<&str> =
            body.unwrap_or_default().lines().filter(|line| line.contains(" = ")).map(str::trim).collect();
        let none = std::iter::once("None = 0,".to_owned());
        let known = EventKind::ALL.iter().map(|kind| format!("{kind:?} = {},", kind.number()));
        assert_eq!(listed, none.chain(known).collect::<Vec<_>>());
    }
}
