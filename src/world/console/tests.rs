mod mistakes;
mod read_back;

use super::*;
use crate::at::faults::{Answer, Override};
use crate::module::{Harm, ModuleChange};
use crate::net::config::UpdateAnswers;
use crate::net::config::{
    DhcpAnswers, Distribution, DnsAnswers, Faults, GeModel, LinkFaults, MqttAnswers, MqttChange, SntpAnswers,
    SntpChange,
};
use crate::net::config::{HttpAnswer, HttpChange, WebSocketChange};
use crate::net::mqtt::wire::Refusal;
use crate::net::network::{ExternalInput, HostAction, HostTls, OneAction, Peer, Which};
use crate::net::toxics::{Dialled, ToxicsChange};
use crate::profile::Reset;
use crate::wifi::config::{ApChange, Association};
use crate::world::Pin;

fn at(ns: u64, command: Command) -> Command {
    let Command::Change(change) = command else { panic!("only a change has a time: {command}") };
    Command::At(Instant::from_nanos(ns), change)
}

fn up(name: &str, up: bool) -> Command {
    let name = name.to_string();
    Command::Change(if up { Change::ApUp(name) } else { Change::ApDown(name) })
}

fn link(name: &str, change: LinkChange) -> Command {
    Command::Change(Change::Link { name: name.to_string(), change })
}

fn wire(side: Option<WireSide>, harm: Harm) -> Command {
    Command::Change(Change::Wire { name: "wifi".to_string(), change: WireChange { side, harm } })
}

fn module(change: ModuleChange) -> Command {
    Command::Change(Change::Module { name: "wifi".to_string(), change })
}

fn dhcp(name: &str, answers: DhcpAnswers) -> Command {
    Command::Change(Change::ApDhcp { name: name.to_string(), answers })
}

fn dns(change: DnsChange) -> Command {
    Command::Change(Change::Dns { name: "ns".to_string(), change })
}

fn message(topic: &str, payload: &[u8], qos: u8, retain: bool) -> HostAction {
    HostAction::Publish { topic: topic.to_owned(), payload: payload.to_vec(), qos, retain }
}

fn host(action: HostAction) -> Command {
    Command::Change(Change::Host { name: "pc".to_string(), action })
}

#[test]
fn every_form_is_understood() {
    let none = LinkChange::default;
    let ms = Duration::from_millis;
    let cases = [
        ("help", Command::Ask(Question::Help(None))),
        ("help link", Command::Ask(Question::Help(Some("link".to_string())))),
        ("status", Command::Ask(Question::Status)),
        ("expect", Command::Ask(Question::Expect)),
        ("ap home down", up("home", false)),
        ("links", Command::Ask(Question::Links(None))),
        ("hosts pc", Command::Ask(Question::Hosts(Some("pc".to_string())))),
        ("packets wifi", Command::Ask(Question::Packets(Some("wifi".to_string())))),
        ("statistics", Command::Ask(Question::Statistics(None))),
        ("digest", Command::Ask(Question::Digest)),
        ("observations", Command::Ask(Question::Observations { kind: None, since: None })),
        (
            "observations http since 1.5 s",
            Command::Ask(Question::Observations {
                kind: Some("http"),
                since: Some(Instant::from_nanos(1_500_000_000)),
            }),
        ),
        ("json digest", Command::Json(Box::new(Command::Ask(Question::Digest)))),
        ("json at 1s ap home down", Command::Json(Box::new(at(1_000_000_000, up("home", false))))),
        ("  ap\thome   up ", up("home", true)),
        ("ap \"my \\\"ap\\\"\" up", up("my \"ap\"", true)),
        ("ap home dhcp-answers nak", dhcp("home", DhcpAnswers::Nak)),
        ("at 1s ap \"dhcp\" dhcp-answers no-offer", at(1_000_000_000, dhcp("dhcp", DhcpAnswers::NoOffer))),
        (
            "ap home association refused",
            Command::Change(Change::ApAssociation {
                name: "home".to_string(),
                association: Association::Refusal,
            }),
        ),
        ("module wifi reset", module(ModuleChange::Reset(Reset::BrownOut))),
        (
            "module wifi answer AT+CIPSEND busy p... 3 times after 2 s",
            module(ModuleChange::Answer(Override {
                command: b"AT+CIPSEND".to_vec(),
                answer: Answer::Busy,
                times: Some(3),
                delay: ms(2_000),
            })),
        ),
        (
            "module wifi answer \"AT+CWJAP=\\\"a b\\\"\" \"\"",
            module(ModuleChange::Answer(Override {
                command: b"AT+CWJAP=\"a b\"".to_vec(),
                answer: Answer::Text(Vec::new()),
                times: None,
                delay: Duration::ZERO,
            })),
        ),
        ("module wifi answer AT none", module(ModuleChange::NoAnswer(Some(b"AT".to_vec())))),
        ("module wifi answer none", module(ModuleChange::NoAnswer(None))),
        ("module wifi heap 0", module(ModuleChange::Heap(Some(0)))),
        ("module wifi heap normal", module(ModuleChange::Heap(None))),
        ("module wifi urcs hostile", module(ModuleChange::Urcs(true))),
        ("module wifi flash fail", module(ModuleChange::Flash(false))),
        ("module wifi print \"\\r\\n\"", module(ModuleChange::Print(b"\r\n".to_vec()))),
        ("module wifi reset watchdog", module(ModuleChange::Reset(Reset::Watchdog))),
        ("at 1s module wifi power off", at(1_000_000_000, module(ModuleChange::Power(false)))),
        (
            "pin wifi wake low",
            Command::Change(Change::Pin { name: "wifi".to_string(), pin: Pin::Wake, high: false }),
        ),
        ("dns", Command::Ask(Question::Dns(None))),
        ("dns gateway", Command::Ask(Question::Dns(Some("gateway".to_string())))),
        (
            "dns ns answers servfail delay 1.5 s",
            dns(DnsChange { answers: Some(DnsAnswers::Failure), delay: Some(ms(1_500)) }),
        ),
        ("dns ns delay 0", dns(DnsChange { answers: None, delay: Some(Duration::ZERO) })),
        ("link", Command::Ask(Question::Link(None))),
        ("link wifi", Command::Ask(Question::Link(Some("wifi".to_string())))),
        ("link wifi loss 5%", link("wifi", LinkChange { loss_ppm: Some(50_000), ..none() })),
        (
            "link wifi latency 20 ms jitter 5ms",
            link("wifi", LinkChange { latency: Some(ms(20)), jitter: Some(ms(5)), ..none() }),
        ),
        ("module", Command::Ask(Question::Module(None))),
        ("module wifi", Command::Ask(Question::Module(Some("wifi".to_string())))),
        ("wire", Command::Ask(Question::Wire(None))),
        ("wire wifi", Command::Ask(Question::Wire(Some("wifi".to_string())))),
        (
            "wire wifi noise 0.5 % loss 1%",
            wire(None, Harm { noise_ppm: Some(5_000), loss_ppm: Some(10_000), low: None }),
        ),
        (
            "wire wifi to-mcu break 20 ms",
            wire(Some(WireSide::ToMcu), Harm { low: Some(ms(20)), ..Harm::default() }),
        ),
        (
            "at 1s wire wifi from-mcu loss 0",
            at(1_000_000_000, wire(Some(WireSide::FromMcu), Harm { loss_ppm: Some(0), ..Harm::default() })),
        ),
        (
            "link wifi upstream distribution normal gemodel 1 % 25% corrupt 2% gap 5 limit 50",
            link(
                "wifi",
                LinkChange {
                    side: Some(LinkSide::Up),
                    distribution: Some(Distribution::Normal),
                    bursts: Some(Some(GeModel { p: 10_000, r: 250_000, bad: 1_000_000, good: 0 })),
                    corrupt_ppm: Some(20_000),
                    gap: Some(5),
                    limit: Some(50),
                    ..none()
                },
            ),
        ),
        ("link wifi gemodel 1 %", {
            let model = GeModel { p: 10_000, r: 990_000, bad: 1_000_000, good: 0 };
            link("wifi", LinkChange { bursts: Some(Some(model)), ..none() })
        }),
        (
            "link wifi downstream gemodel none down",
            link(
                "wifi",
                LinkChange { side: Some(LinkSide::Down), bursts: Some(None), down: Some(true), ..none() },
            ),
        ),
        ("link wifi down", link("wifi", LinkChange { down: Some(true), ..none() })),
        ("link down up", link("down", LinkChange { down: Some(false), ..none() })),
        ("link wifi rate unlimited", link("wifi", LinkChange { rate_bps: Some(None), ..none() })),
        (
            "link wifi duplicate 1% reorder 0.5 % rate 1 Mbit/s mtu 600 up",
            link(
                "wifi",
                LinkChange {
                    duplicate_ppm: Some(10_000),
                    reorder_ppm: Some(5_000),
                    rate_bps: Some(Some(1_000_000)),
                    mtu: Some(600),
                    down: Some(false),
                    ..none()
                },
            ),
        ),
        (
            "host pc send \"a b\\r\\n\\t\\x00\\xfF\\\\\\\"\"",
            host(HostAction::Send(b"a b\r\n\t\x00\xff\\\"".to_vec())),
        ),
        ("host pc send caf\u{e9}", host(HostAction::Send("caf\u{e9}".as_bytes().to_vec()))),
        ("host pc close", host(HostAction::Close)),
        ("host pc reset", host(HostAction::Reset)),
        ("host pc pause", host(HostAction::Pause)),
        ("host pc join wifi", host(HostAction::Join("wifi".to_string()))),
        ("host pc join \"my module\"", host(HostAction::Join("my module".to_string()))),
        ("host pc leave", host(HostAction::Leave)),
        ("host \"pc\" resume", host(HostAction::Resume)),
        (
            "host pc connect 192.168.1.100 80",
            host(HostAction::Connect {
                to: Peer::Address([192, 168, 1, 100].into()),
                port: 80,
                tls: HostTls::None,
            }),
        ),
        (
            "host pc connect \"192.168.1.100\" 80",
            host(HostAction::Connect {
                to: Peer::Module("192.168.1.100".to_string()),
                port: 80,
                tls: HostTls::None,
            }),
        ),
        (
            "host pc connect wifi 8443 tls certificate",
            host(HostAction::Connect {
                to: Peer::Module("wifi".to_string()),
                port: 8443,
                tls: HostTls::Certificate,
            }),
        ),
        (
            "host pc datagram wifi 65535 \"\"",
            host(HostAction::Datagram {
                to: Peer::Module("wifi".to_string()),
                port: 65_535,
                data: Vec::new(),
            }),
        ),
        ("host pc sntp answers right", host(HostAction::Sntp(SntpChange::Answers(SntpAnswers::Right)))),
        ("host pc sntp answers none", host(HostAction::Sntp(SntpChange::Answers(SntpAnswers::Silence)))),
        ("host pc sntp stratum 0", host(HostAction::Sntp(SntpChange::Stratum(0)))),
        ("host pc sntp offset 1.5 s", host(HostAction::Sntp(SntpChange::Offset(1_500_000_000)))),
        ("host pc sntp offset -2 h", host(HostAction::Sntp(SntpChange::Offset(-7_200_000_000_000)))),
        (
            "host pc http \"/status\" status 503 body \"later\" delay 2s",
            host(HostAction::Http(Box::new(HttpChange {
                path: "/status".into(),
                answer: Some(HttpAnswer {
                    status: 503,
                    body: b"later".to_vec(),
                    delay: Duration::from_secs(2),
                    ..HttpAnswer::default()
                }),
            }))),
        ),
        (
            "host pc http \"/large\" status 200 size 100",
            host(HostAction::Http(Box::new(HttpChange {
                path: "/large".into(),
                answer: Some(HttpAnswer { body: HttpAnswer::numbered(100), ..HttpAnswer::default() }),
            }))),
        ),
        (
            "host pc http \"/status\" scenario",
            host(HostAction::Http(Box::new(HttpChange { path: "/status".into(), answer: None }))),
        ),
        (
            "host pc websocket send \"x\\n\"",
            host(HostAction::WebSocket(WebSocketChange::Send(1, b"x\n".to_vec()))),
        ),
        (
            "host pc websocket binary \"\\x00\"",
            host(HostAction::WebSocket(WebSocketChange::Send(2, b"\0".to_vec()))),
        ),
        ("host pc websocket ping \"x\"", host(HostAction::WebSocket(WebSocketChange::Ping(b"x".to_vec())))),
        ("host pc websocket close 0", host(HostAction::WebSocket(WebSocketChange::Close(None, Vec::new())))),
        (
            "host pc websocket close 1001 \"bye\"",
            host(HostAction::WebSocket(WebSocketChange::Close(Some(1001), b"bye".to_vec()))),
        ),
        ("host pc websocket answers none", host(HostAction::WebSocket(WebSocketChange::Silent(true)))),
        ("host pc publish a/b \"x\\n\"", host(message("a/b", b"x\n", 0, false))),
        ("host pc publish \"a b\" \"\" qos 2 retain", host(message("a b", b"", 2, true))),
        ("host pc mqtt answers pings", host(HostAction::Mqtt(MqttChange::Answers(MqttAnswers::Pings)))),
        ("host pc mqtt refuse 5", host(HostAction::Mqtt(MqttChange::Refuse(Some(Refusal::NotAuthorized))))),
        ("host pc mqtt refuse 0", host(HostAction::Mqtt(MqttChange::Refuse(None)))),
        ("host pc mqtt drop thermometer", host(HostAction::Mqtt(MqttChange::Drop("thermometer".into())))),
        ("host pc mqtt take-over \"a b\"", host(HostAction::Mqtt(MqttChange::TakeOver("a b".into())))),
        ("at 3s host pc close", at(3_000_000_000, host(HostAction::Close))),
        ("at 1.5s ap home down", at(1_500_000_000, up("home", false))),
        ("at 2 min ap home up", at(120_000_000_000, up("home", true))),
        ("at 0 link wifi down", at(0, link("wifi", LinkChange { down: Some(true), ..none() }))),
    ];
    for (line, command) in cases {
        assert_eq!(parse(line), Ok(command), "{line}");
    }
}

const ESCAPES: &str = "expected `\\\"`, `\\\\`, `\\r`, `\\n`, `\\t` or `\\xNN` for a backslash within quotes";

#[test]
fn a_change_goes_to_those_whom_it_concerns() {
    let cases = [
        ("ap home down", Audience::Everybody),
        ("ap home up", Audience::Everybody),
        ("ap home dhcp-answers nak", Audience::Network),
        ("dns gateway delay 1s", Audience::Network),
        ("link wifi down", Audience::Network),
        ("wire wifi break 1ms", Audience::Module("wifi")),
        ("module wifi reset", Audience::Module("wifi")),
        ("host pc join wifi", Audience::Everybody),
        ("host pc leave", Audience::Everybody),
        ("host pc close", Audience::Network),
        ("host pc sntp stratum 0", Audience::Network),
        ("host pc http /a status 503", Audience::Network),
        ("host pc websocket answers none", Audience::Network),
        ("host pc publish a \"x\"", Audience::Network),
        ("host pc mqtt refuse 1", Audience::Network),
    ];
    for (line, audience) in cases {
        let Ok(Command::Change(change)) = parse(line) else { panic!("no change: {line}") };
        assert_eq!(change.audience(), audience, "{line}");
    }
}

#[test]
fn the_reference_shows_the_help_that_is_built_in() {
    let docs = include_str!("../../../docs/console.md");
    for topic in [None, Some("ap"), Some("link"), Some("dns"), Some("wire"), Some("module"), Some("host")] {
        let text = help(topic);
        assert!(
            docs.contains(&text),
            "docs/console.md lacks what `help {}` says:\n{text}",
            topic.unwrap_or("")
        );
    }
    for row in &COMMANDS {
        assert!(help(Some(row.word)).contains(row.help), "help {}", row.word);
    }
}

#[test]
fn a_change_leaves_what_it_does_not_name() {
    let mut faults = LinkFaults::default();
    let Ok(Command::Change(Change::Link { change, .. })) = parse("link wifi loss 5% rate 1Mbit/s down")
    else {
        panic!("a link line was not understood");
    };
    change.apply(&mut faults);
    let expected = Faults { loss_ppm: 50_000, rate_bps: Some(1_000_000), down: true, ..Faults::default() };
    assert_eq!(faults, expected.clone().into());
    let Ok(Command::Change(Change::Link { change, .. })) = parse("link wifi downstream up rate 9kbit/s")
    else {
        panic!("a direction of a link was not understood");
    };
    change.apply(&mut faults);
    let down = Faults { down: false, rate_bps: Some(9_000), ..expected.clone() };
    assert_eq!(faults, LinkFaults { up: expected, down });
}
