//! What an event of a host, or of what a test makes go wrong, is: its kind, and its facts one by one.

use std::borrow::Cow;
use std::net::IpAddr;

use super::{EventKind, Facts};
use crate::at::faults::FaultEvent;
use crate::net::event::{
    Asked, Ending, ExternalEvent, ExternalNews, GuestEvent, HostEvent, LoadEvent, LoadNews, MqttEnd,
    MqttEvent, MqttNews, Order, QuestionEvent, RequestEvent, ScriptEvent, ScriptNews, SntpAnswer, SntpEvent,
    TcpEchoEvent, TcpEvent, TlsEvent, ToxicEvent, UdpEchoEvent, UdpEvent, WebSocketEnd, WebSocketEvent,
    WebSocketNews,
};
use crate::net::mqtt::wire::Message;
use crate::net::toxics::Poisoned;

pub(super) fn kind_of_host(event: &HostEvent) -> EventKind {
    match event {
        HostEvent::Station(GuestEvent::Joined(_)) => EventKind::GuestJoined,
        HostEvent::Station(GuestEvent::NotLetIn { .. }) => EventKind::GuestNotLetIn,
        HostEvent::Station(GuestEvent::Left(_)) => EventKind::GuestLeft,
        HostEvent::Station(GuestEvent::Address(_)) => EventKind::GuestAddress,
        HostEvent::Http(RequestEvent { request: Some(_), .. }) => EventKind::HttpRequest,
        HostEvent::Http(RequestEvent { request: None, .. }) => EventKind::HttpBadRequest,
        HostEvent::Update(RequestEvent { request: Some(_), .. }) => EventKind::UpdateRequest,
        HostEvent::Update(RequestEvent { request: None, .. }) => EventKind::UpdateBadRequest,
        HostEvent::TcpTerminal(event) => match event {
            TcpEvent::Connected { .. } => EventKind::TcpTerminalConnected,
            TcpEvent::NotConnected { .. } => EventKind::TcpTerminalNotConnected,
            TcpEvent::NotAccepted { .. } => EventKind::TcpTerminalNotAccepted,
            TcpEvent::Received { .. } => EventKind::TcpTerminalReceived,
            TcpEvent::Dropped { .. } => EventKind::TcpTerminalDropped,
            TcpEvent::Ended { .. } => EventKind::TcpTerminalEnded,
            TcpEvent::Nothing(_) => EventKind::TcpTerminalNothing,
        },
        HostEvent::TcpEcho(TcpEchoEvent::Connected { .. }) => EventKind::TcpEchoConnected,
        HostEvent::TcpEcho(TcpEchoEvent::Ended { .. }) => EventKind::TcpEchoEnded,
        HostEvent::UdpTerminal(UdpEvent::Received { .. }) => EventKind::UdpTerminalReceived,
        HostEvent::UdpTerminal(UdpEvent::NotSent { .. }) => EventKind::UdpTerminalNotSent,
        HostEvent::UdpEcho(UdpEchoEvent::Echoed { .. }) => EventKind::UdpEchoEchoed,
        HostEvent::UdpEcho(UdpEchoEvent::Lost { .. }) => EventKind::UdpEchoLost,
        HostEvent::Dns(_) => EventKind::DnsQuestion,
        HostEvent::Sntp(SntpEvent { answer: SntpAnswer::Time(_) | SntpAnswer::KissOfDeath, .. }) => {
            EventKind::SntpAnswered
        }
        HostEvent::Sntp(_) => EventKind::SntpUnanswered,
        HostEvent::Tls(TlsEvent { outcome: Ok(_), .. }) => EventKind::TlsSession,
        HostEvent::Tls(TlsEvent { outcome: Err(_), .. }) => EventKind::TlsFailed,
        HostEvent::Mqtt(event) => match event.news {
            MqttNews::Connected { .. } => EventKind::MqttConnected,
            MqttNews::Refused(_) => EventKind::MqttRefused,
            MqttNews::Ended(_) => EventKind::MqttEnded,
            MqttNews::Subscribed { granted: Some(_), .. } => EventKind::MqttSubscribed,
            MqttNews::Unsubscribed(_) => EventKind::MqttUnsubscribed,
            MqttNews::Published { .. } => EventKind::MqttPublished,
            MqttNews::Subscribed { granted: None, .. } | MqttNews::Denied(..) => EventKind::MqttDenied,
        },
        HostEvent::Discard(LoadEvent { news: LoadNews::Connected, .. }) => EventKind::DiscardConnected,
        HostEvent::Discard(_) => EventKind::DiscardEnded,
        HostEvent::Source(LoadEvent { news: LoadNews::Connected, .. }) => EventKind::SourceConnected,
        HostEvent::Source(_) => EventKind::SourceEnded,
        HostEvent::Script(event) => match event.news {
            ScriptNews::Connected => EventKind::ScriptConnected,
            ScriptNews::Done => EventKind::ScriptDone,
            ScriptNews::Failed { .. } => EventKind::ScriptFailed,
            ScriptNews::Ended { .. } => EventKind::ScriptEnded,
        },
        HostEvent::External(event) => match event.news {
            ExternalNews::Connected => EventKind::ExternalConnected,
            ExternalNews::Refused => EventKind::ExternalRefused,
            ExternalNews::Ended { .. } => EventKind::ExternalEnded,
        },
        HostEvent::Toxic(event) => match event.what {
            Poisoned::Refused => EventKind::ToxicRefused,
            Poisoned::Reset(_) => EventKind::ToxicReset,
            Poisoned::Closed(_) => EventKind::ToxicClosed,
            Poisoned::HalfOpen => EventKind::ToxicHalfOpen,
        },
        HostEvent::WebSocket(event) => match event.news {
            WebSocketNews::Connected { .. } => EventKind::WebSocketConnected,
            WebSocketNews::Refused(_) => EventKind::WebSocketRefused,
            WebSocketNews::Received(..) => EventKind::WebSocketReceived,
            WebSocketNews::Ended(_) => EventKind::WebSocketEnded,
        },
    }
}

pub(super) fn kind_of_fault(event: &FaultEvent) -> EventKind {
    match event {
        FaultEvent::Answered { .. } => EventKind::FaultAnswered,
        FaultEvent::NoMemory { .. } => EventKind::FaultNoMemory,
        FaultEvent::NotWritten(_) => EventKind::FaultNotWritten,
        FaultEvent::Reported { .. } => EventKind::FaultReported,
    }
}

pub(super) fn facts_of_fault(event: &FaultEvent) -> Facts<'_> {
    let none = Facts::default();
    match event {
        FaultEvent::Answered { line, answer } => {
            Facts { data: line, detail: answer.to_string().into(), ..none }
        }
        FaultEvent::NoMemory { what, needed, free } => {
            Facts { name: what, count: u64::from(*needed), sent: u64::from(*free), ..none }
        }
        FaultEvent::NotWritten(what) => Facts { name: what, ..none },
        FaultEvent::Reported { place, text } => {
            Facts { data: text, detail: place.to_string().into(), ..none }
        }
    }
}

pub(super) fn facts_of_host(event: &HostEvent) -> Facts<'_> {
    let none = Facts::default();
    match event {
        HostEvent::Station(GuestEvent::Joined(module) | GuestEvent::Left(module)) => {
            Facts { name: module, ..none }
        }
        HostEvent::Station(GuestEvent::NotLetIn { module, why }) => {
            Facts { name: module, detail: why.into(), ..none }
        }
        HostEvent::Station(GuestEvent::Address(address)) => {
            Facts { address: Some(IpAddr::V4(*address)), ..none }
        }
        HostEvent::Http(event) | HostEvent::Update(event) => {
            let facts = Facts { peer: Some(event.peer), code: u32::from(event.status), ..none };
            match &event.request {
                Some(Asked { method, target, body, content, sent, .. }) => Facts {
                    name: target,
                    detail: method.into(),
                    count: *body,
                    sent: *sent as u64,
                    data: content,
                    ..facts
                },
                None => facts,
            }
        }
        HostEvent::TcpTerminal(event) => facts_of_tcp(event),
        HostEvent::UdpTerminal(UdpEvent::Received { peer, data }) => {
            Facts { peer: Some(*peer), count: data.len() as u64, data, ..none }
        }
        HostEvent::UdpTerminal(UdpEvent::NotSent { peer, why }) => {
            Facts { peer: *peer, detail: why.into(), ..none }
        }
        HostEvent::TcpEcho(TcpEchoEvent::Connected { peer }) => Facts { peer: Some(*peer), ..none },
        HostEvent::TcpEcho(TcpEchoEvent::Ended { peer, closed, received }) => {
            Facts { peer: Some(*peer), count: *received, code: if *closed { 2 } else { 4 }, ..none }
        }
        HostEvent::UdpEcho(UdpEchoEvent::Echoed { peer, bytes }) => {
            Facts { peer: Some(*peer), count: *bytes as u64, ..none }
        }
        HostEvent::UdpEcho(UdpEchoEvent::Lost { peer, bytes, why }) => {
            Facts { peer: Some(*peer), count: *bytes as u64, detail: why.into(), ..none }
        }
        HostEvent::Dns(QuestionEvent { peer, name, record }) => {
            Facts { peer: Some(*peer), name, detail: record.into(), ..none }
        }
        HostEvent::Sntp(SntpEvent { peer, answer }) => {
            let (count, detail) = match answer {
                SntpAnswer::Time(seconds) => (*seconds, Cow::Borrowed("")),
                SntpAnswer::KissOfDeath => (0, "kiss-of-death".into()),
                SntpAnswer::Silent => (0, "silent".into()),
                SntpAnswer::NoQuestion(_) => (0, "no question".into()),
                SntpAnswer::NotSent(why) => (0, why.into()),
            };
            Facts { peer: Some(*peer), count, detail, ..none }
        }
        HostEvent::Tls(event) => Facts {
            peer: Some(event.peer),
            detail: event.outcome().into(),
            code: event.outcome.map_or(0, |(_, suite)| u32::from(suite)),
            ..none
        },
        HostEvent::Discard(event) => facts_of_load(event, true),
        HostEvent::Source(event) => facts_of_load(event, false),
        HostEvent::Script(ScriptEvent { peer, news }) => {
            let facts = Facts { peer: Some(*peer), ..none };
            match news {
                ScriptNews::Connected | ScriptNews::Done => facts,
                ScriptNews::Failed { step, why } => Facts { code: *step as u32, detail: why.into(), ..facts },
                ScriptNews::Ended { received } => Facts { count: *received, ..facts },
            }
        }
        HostEvent::External(ExternalEvent { peer, news }) => {
            let (count, sent) = match news {
                ExternalNews::Ended { received, sent } => (*received, *sent),
                ExternalNews::Connected | ExternalNews::Refused => (0, 0),
            };
            Facts { peer: Some(*peer), count, sent, ..none }
        }
        HostEvent::Toxic(ToxicEvent { port, peer, what }) => {
            let count = match what {
                Poisoned::Reset(bytes) | Poisoned::Closed(bytes) => *bytes,
                Poisoned::Refused | Poisoned::HalfOpen => 0,
            };
            Facts { peer: Some(*peer), code: u32::from(*port), count, ..none }
        }
        HostEvent::Mqtt(event) => facts_of_mqtt(event),
        HostEvent::WebSocket(WebSocketEvent { peer, news }) => {
            let facts = Facts { peer: Some(*peer), ..none };
            match news {
                WebSocketNews::Connected { path, protocol } => {
                    Facts { name: path, detail: protocol.as_deref().unwrap_or_default().into(), ..facts }
                }
                WebSocketNews::Refused(status) => Facts { code: u32::from(*status), ..facts },
                WebSocketNews::Received(opcode, data) => {
                    Facts { code: u32::from(*opcode), count: data.len() as u64, data, ..facts }
                }
                WebSocketNews::Ended(WebSocketEnd::Closed(code, reason)) => {
                    Facts { code: u32::from(code.unwrap_or_default()), data: reason, ..facts }
                }
                WebSocketNews::Ended(WebSocketEnd::Broken(code)) => {
                    Facts { code: u32::from(*code), detail: "bad frame".into(), ..facts }
                }
                WebSocketNews::Ended(WebSocketEnd::Lost) => {
                    Facts { detail: "connection lost".into(), ..facts }
                }
            }
        }
    }
}

fn facts_of_mqtt(MqttEvent { client, peer, news }: &MqttEvent) -> Facts<'_> {
    let facts = Facts { peer: *peer, detail: client.into(), ..Facts::default() };
    match news {
        MqttNews::Connected { keep_alive, user, .. } => {
            Facts { name: user.as_deref().unwrap_or_default(), count: u64::from(*keep_alive), ..facts }
        }
        MqttNews::Refused(why) => Facts { code: u32::from(why.code()), ..facts },
        MqttNews::Ended(how) => Facts { code: u32::from(*how != MqttEnd::Disconnect), ..facts },
        MqttNews::Subscribed { filter, granted } => {
            Facts { name: filter, code: u32::from(granted.unwrap_or(0)), ..facts }
        }
        MqttNews::Unsubscribed(filter) => Facts { name: filter, ..facts },
        MqttNews::Published { message, .. } => {
            let Message { topic, payload, qos, .. } = message;
            Facts { name: topic, count: payload.len() as u64, code: u32::from(*qos), data: payload, ..facts }
        }
        MqttNews::Denied(topic, payload) => {
            Facts { name: topic, count: payload.len() as u64, data: payload, ..facts }
        }
    }
}

fn facts_of_load(LoadEvent { peer, news }: &LoadEvent, checksum: bool) -> Facts<'_> {
    let facts = Facts { peer: Some(*peer), ..Facts::default() };
    match *news {
        LoadNews::Connected => facts,
        LoadNews::Ended { closed, received, crc, sent } => {
            let sent = if checksum { u64::from(crc) } else { sent };
            Facts { count: received, code: if closed { 2 } else { 4 }, sent, ..facts }
        }
    }
}

fn facts_of_tcp(event: &TcpEvent) -> Facts<'_> {
    let none = Facts::default();
    match event {
        TcpEvent::Connected { peer, dialled } => {
            Facts { peer: Some(*peer), code: u32::from(*dialled), ..none }
        }
        TcpEvent::NotConnected { peer, why } => Facts { peer: *peer, detail: why.into(), ..none },
        TcpEvent::NotAccepted { peer, why } => {
            Facts { peer: Some(*peer), detail: why.to_string().into(), ..none }
        }
        TcpEvent::Received { peer, data } => {
            Facts { peer: Some(*peer), count: data.len() as u64, data, ..none }
        }
        TcpEvent::Dropped { peer, bytes, .. } => Facts { peer: Some(*peer), count: *bytes as u64, ..none },
        TcpEvent::Ended { peer, how, received, crc } => {
            let (code, detail) = match how {
                Ending::Closed => (0, Cow::Borrowed("")),
                Ending::Reset => (1, "".into()),
                Ending::PeerClosed => (2, "".into()),
                Ending::PeerReset => (3, "".into()),
                Ending::Over(why) => (4, why.to_string().into()),
            };
            Facts { peer: Some(*peer), count: *received, code, detail, sent: u64::from(*crc), ..none }
        }
        TcpEvent::Nothing(order) => {
            let code = match order {
                Order::Send => 0,
                Order::Close => 1,
                Order::Reset => 2,
            };
            Facts { code, ..none }
        }
    }
}
