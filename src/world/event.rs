//! What happens in a world: one [`Event`] for everything that a test may want to wait for.
//!
//! The rooms below tell values where something arises ([`crate::at::LinkEvent`],
//! [`UartEvent`], [`HostEvent`]); here they are joined. An event has
//! - a sentence for people and for texts that are looked for: its `Display`,
//! - a word that says what it is about, in `expect`, Robot keywords and transcripts: [`EventKind::word`],
//! - a number for programs that never changes and is never used again: [`EventKind`],
//! - its facts, one by one: [`Event::facts`].
//!
//! An event and when it happened, and to whom, is an [`Observation`].

mod facts;
mod kind;

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::console::Change;
use crate::at::faults::FaultEvent;
use crate::at::{AtEvent, LinkChange, LinkEvent, LinkProtocol, StationChange};
use crate::module::ModuleEvent;
use crate::net::event::{HostEvent, TcpEvent, UdpEvent};
use crate::time::Instant;
use crate::uart::{Deaf, McuLoss, UartEvent};
pub use kind::EventKind;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The MCU has sent a line of text: the line without its end.
    Command(Vec<u8>),
    /// The module has.
    Reply(Vec<u8>),
    /// To a module's station.
    Station(StationChange),
    /// To a link of a module.
    Link(LinkEvent),
    /// On a module's UART.
    Uart(UartEvent),
    /// The MCU's firmware has printed a line on its own console: the line without its end.
    Console(Vec<u8>),
    /// In a module's firmware, because it was made to go wrong.
    Fault(FaultEvent),
    /// To a host or one of its services.
    Host(HostEvent),
    /// A line of the console or of the timeline has taken effect.
    Changed(Change),
}

/// What an event consists of. A kind says which of these it has; the others are empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The number of the link.
    pub link: Option<usize>,
    /// What that carries its data over.
    pub protocol: Option<LinkProtocol>,
    /// The other end.
    pub peer: Option<SocketAddr>,
    /// The address that a station or a host has got.
    pub address: Option<IpAddr>,
    /// The access point, the module, what an HTTP request asks for, the name that a DNS question is about, the topic or
    /// the filter of an MQTT event, or the user of a client that has connected.
    pub name: &'a str,
    /// The method of an HTTP request, the type of a DNS question, the outcome of a TLS handshake, the id of an MQTT
    /// client, the line of [`EventKind::Changed`], the answer of [`EventKind::FaultAnswered`], or why something failed.
    pub detail: Cow<'a, str>,
    /// Bytes received, lost, waiting or needed, or up to the end that a toxic has made; of [`EventKind::SntpAnswered`] seconds since 1970; of
    /// [`EventKind::MqttConnected`] the keep-alive, seconds.
    pub count: u64,
    /// Bytes of an HTTP answer's body, or free, or sent by a source or by a real program; of [`EventKind::TcpTerminalEnded`] and
    /// [`EventKind::DiscardEnded`] the CRC-32 of what has come.
    pub sent: u64,
    /// An HTTP status; a pin's level, 0 or 1; [`EventKind::UartMcuOverrun`]: 1 the receiver was full, 2 off, 0 either;
    /// [`EventKind::UartUnheard`]: 0 the module is off, 1 boots, 3 waits for a download, 4 sleeps deeply; [`EventKind::TcpTerminalConnected`]: 1 when the host has dialled;
    /// [`EventKind::TcpTerminalEnded`] and [`EventKind::TcpEchoEnded`]: 0 closed by the host, 1 reset by it, 2 closed by
    /// the other end, 3 reset by it, 4 over for the reason in `detail`; [`EventKind::TcpTerminalNothing`]: 0 nothing was
    /// sent, 1 closed, 2 reset; [`EventKind::TlsSession`]: the number of the cipher suite; [`EventKind::MqttRefused`]: the return code of
    /// MQTT 3.1.1; [`EventKind::DiscardEnded`] and [`EventKind::SourceEnded`]: as [`EventKind::TcpEchoEnded`];
    /// [`EventKind::ScriptFailed`]: the number of the step, from 1; [`EventKind::MqttEnded`]: 0 by DISCONNECT, 1 otherwise; [`EventKind::MqttSubscribed`] and
    /// [`EventKind::MqttPublished`]: the QoS; of toxics the host's own port.
    pub code: u32,
    /// The line, the data that was received, or the byte that was lost.
    pub data: &'a [u8],
}

impl Event {
    /// What it is.
    pub fn kind(&self) -> EventKind {
        match self {
            Event::Command(_) => EventKind::Command,
            Event::Reply(_) => EventKind::Reply,
            Event::Station(StationChange::Associated(_)) => EventKind::StationAssociated,
            Event::Station(StationChange::Joined { .. }) => EventKind::StationJoined,
            Event::Station(StationChange::Address(_)) => EventKind::StationAddress,
            Event::Station(StationChange::Disconnected) => EventKind::StationDisconnected,
            Event::Link(link) => match link.change {
                LinkChange::Opened => EventKind::LinkOpened,
                LinkChange::Accepted => EventKind::LinkAccepted,
                LinkChange::Closed => EventKind::LinkClosed,
                LinkChange::GaveUp => EventKind::LinkGaveUp,
                LinkChange::Lost(_) => EventKind::LinkLost,
                LinkChange::Failed(_) => EventKind::LinkFailed,
            },
            Event::Uart(UartEvent::Rts { .. }) => EventKind::UartRts,
            Event::Uart(UartEvent::Cts { .. }) => EventKind::UartCts,
            Event::Uart(UartEvent::ModuleOverrun) => EventKind::UartModuleOverrun,
            Event::Uart(UartEvent::Asleep) => EventKind::UartAsleep,
            Event::Uart(UartEvent::EscapeSpoilt) => EventKind::UartEscapeSpoilt,
            Event::Uart(UartEvent::McuOverrun { .. }) => EventKind::UartMcuOverrun,
            Event::Uart(UartEvent::Unheard(_)) => EventKind::UartUnheard,
            Event::Console(_) => EventKind::Console,
            Event::Fault(event) => facts::kind_of_fault(event),
            Event::Host(event) => facts::kind_of_host(event),
            Event::Changed(_) => EventKind::Changed,
        }
    }

    /// Its facts.
    pub fn facts(&self) -> Facts<'_> {
        let none = Facts::default();
        match self {
            Event::Command(line) | Event::Reply(line) | Event::Console(line) => Facts { data: line, ..none },
            Event::Station(StationChange::Associated(ap)) => Facts { name: ap, ..none },
            Event::Station(StationChange::Joined { ap, address }) => {
                Facts { name: ap, address: Some(IpAddr::V4(*address)), ..none }
            }
            Event::Station(StationChange::Address(address)) => Facts { address: Some(*address), ..none },
            Event::Station(StationChange::Disconnected) => none,
            Event::Link(LinkEvent { id, protocol, peer, change }) => {
                let count = if let LinkChange::Lost(bytes) = change { *bytes as u64 } else { 0 };
                let detail = match change {
                    LinkChange::Failed(why) => why.to_string().into(),
                    _ => Cow::Borrowed(""),
                };
                Facts { link: Some(*id), protocol: Some(*protocol), peer: Some(*peer), count, detail, ..none }
            }
            Event::Uart(UartEvent::Rts { high, waiting } | UartEvent::Cts { high, waiting }) => {
                Facts { code: u32::from(*high), count: *waiting as u64, ..none }
            }
            Event::Uart(UartEvent::McuOverrun { byte, loss }) => {
                let code = match loss {
                    McuLoss::Unknown | McuLoss::Unused => 0,
                    McuLoss::Full => 1,
                    McuLoss::Off => 2,
                };
                Facts { data: std::slice::from_ref(byte), count: 1, code, ..none }
            }
            Event::Uart(UartEvent::Unheard(why)) => {
                let code = match why {
                    Deaf::Off | Deaf::Unpowered => 0,
                    Deaf::Booting => 1,
                    Deaf::Download => 3,
                    Deaf::Asleep => 4,
                };
                Facts { code, ..none }
            }
            Event::Uart(UartEvent::ModuleOverrun | UartEvent::Asleep | UartEvent::EscapeSpoilt) => none,
            Event::Fault(event) => facts::facts_of_fault(event),
            Event::Host(event) => facts::facts_of_host(event),
            Event::Changed(change) => Facts { detail: change.to_string().into(), ..none },
        }
    }

    /// What a host's terminal has received; true: over UDP.
    pub(super) fn received(&self) -> Option<(bool, &[u8])> {
        match self {
            Event::Host(HostEvent::TcpTerminal(TcpEvent::Received { data, .. })) => Some((false, data)),
            Event::Host(HostEvent::UdpTerminal(UdpEvent::Received { data, .. })) => Some((true, data)),
            _ => None,
        }
    }

    /// The event as a comment on a packet of the capture.
    pub(super) fn remark(&self) -> String {
        match self {
            Event::Station(_) | Event::Link(_) | Event::Fault(_) => format!("{} {self}", self.kind().word()),
            _ => self.to_string(),
        }
    }
}

/// The sentence, without the line's end: `AT+CWJAP="x","y"`, `joined home as 192.168.1.100`,
/// `GET /status from 192.168.1.100:49153 -> 200, 21 bytes`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Command(line) | Event::Reply(line) | Event::Console(line) => {
                f.write_str(&String::from_utf8_lossy(line))
            }
            Event::Station(event) => event.fmt(f),
            Event::Link(event) => event.fmt(f),
            Event::Uart(event) => event.fmt(f),
            Event::Fault(event) => event.fmt(f),
            Event::Host(event) => event.fmt(f),
            Event::Changed(change) => change.fmt(f),
        }
    }
}

impl From<ModuleEvent> for Event {
    fn from(event: ModuleEvent) -> Event {
        match event {
            ModuleEvent::Firmware(AtEvent::Link(event)) => Event::Link(event),
            ModuleEvent::Firmware(AtEvent::Station(event)) => Event::Station(event),
            ModuleEvent::Firmware(AtEvent::Fault(event)) => Event::Fault(event),
            ModuleEvent::Uart(event) => Event::Uart(event),
        }
    }
}

/// An event, when it happened, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Its number among those of its world, from 0, in the order in which they were made. Where drivers of several modules
    /// take turns, that depends on their turns within the lookahead; the time does not.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// A module's name, or a host's; of a change also an access point's, or `gateway`.
    pub subject: String,
    /// What has happened.
    pub event: Event,
}

impl Observation {
    /// What it is about: [`EventKind::word`].
    pub fn kind(&self) -> &'static str {
        self.event.kind().word()
    }

    /// The sentence.
    pub fn text(&self) -> String {
        self.event.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_kinds_go_up_and_are_those_that_were_given_out() {
        let numbers = EventKind::ALL.map(EventKind::number);
        assert!(numbers.is_sorted_by(|a, b| a < b), "a number is used twice, or out of order: {numbers:?}");
        // A program that was built with an older header knows them: a number here never changes.
        let given = [
            1, 2, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 30, 31, 32, 33, 34, 35, 36, 37, 40, 41, 42, 43,
            100, 101, 102, 103, 110, 111, 120, 121, 130, 131, 132, 133, 134, 135, 136, 140, 141, 150, 151,
            160, 161, 170, 180, 181, 190, 191, 200, 201, 202, 203, 204, 205, 206, 210, 211, 212, 213, 220,
            221, 222, 223, 224, 225, 226, 227, 228, 229, 230, 231, 232, 233, 240, 300,
        ];
        assert_eq!(numbers, given);
    }

    #[test]
    fn every_word_is_of_modules_or_of_hosts_and_stands_once() {
        assert_eq!(
            EventKind::words(true),
            ["command", "reply", "station", "link", "uart", "console", "fault", "change"]
        );
        let hosts = [
            "station",
            "http",
            "update",
            "tcp-terminal",
            "tcp-echo",
            "udp-terminal",
            "udp-echo",
            "dns",
            "sntp",
            "tls",
            "mqtt",
            "websocket",
            "discard",
            "source",
            "script",
            "external",
            "toxic",
            "change",
        ];
        assert_eq!(EventKind::words(false), hosts);
    }
}
