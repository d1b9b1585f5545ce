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
fn a_text_that_is_too_long_is_refused() {
    assert!(parse(&format!("host pc send {}", "x".repeat(16_376))).is_ok());
    let error = parse(&format!("host pc send {}", "x".repeat(16_377))).unwrap_err();
    let expected = "expected a text of at most 16376 bytes after `host pc send`, found 16377 bytes";
    assert_eq!(error, expected);
}

#[test]
fn a_line_that_is_not_understood_says_what_was_expected() {
    let settings = "`latency`, `jitter`, `distribution`, `loss`, `gemodel`, `corrupt`, `duplicate`, `reorder`, `gap`, \
         `rate`, `limit`, `mtu`, `down` or `up`";
    let actions = "`send`, `close`, `reset`, `half-open`, `pause`, `resume`, `connect`, `listen`, `unlisten`, `group`, `toxics`, \
         `join`, `leave`, `vanish`, `datagram`, `sntp`, `http`, `update`, `websocket`, `publish`, `mqtt`, `external` or `tls`";
    let commands = "`help`, `status`, `expect`, `links`, `hosts`, `observations`, `packets`, `statistics`, `digest`, `ap`, `link`, \
         `dns`, `wire`, `module`, `pin`, `host`, `at`, `when`, `after`, `every`, `timeline` or `json`";
    let cases = [
        ("", format!("expected a command ({commands}), found nothing")),
        (
            "module wifi rest",
            "expected `reset`, `power`, `answer`, `heap`, `flash`, `urcs` or `print` after `module wifi`, found `rest`; did you mean `reset`?".into(),
        ),
        (
            "module wifi reset brownout",
            "expected `brown-out`, `watchdog` or `power-on` after `module wifi reset`, found `brownout`; did you mean \
             `brown-out`?"
                .into(),
        ),
        (
            "module wifi answer CIPSEND ERROR",
            "expected a command that begins with `AT`, such as `AT+CIPSEND`, after `module wifi answer`, found `CIPSEND`"
                .into(),
        ),
        (
            "module wifi answer AT+CIPSEND error",
            "expected `OK`, `ERROR`, `busy`, `none` or a text in quotes after `module wifi answer AT+CIPSEND`, found \
             `error`; did you mean `ERROR`?"
                .into(),
        ),
        (
            "module wifi answer AT ERROR 0 times",
            "expected a number from 1 to 4294967295 and `times` after `module wifi answer AT ERROR`, found `0`".into(),
        ),
        (
            "module wifi heap 5k",
            "expected a number of bytes from 0 to 4294967295, or `normal`, after `module wifi heap`, found `5k`".into(),
        ),
        ("module wifi print \"\"", "expected at least one byte after `module wifi print`, found `\"\"`".into()),
        ("module wifi power", "expected `off` or `on` after `module wifi power`, found nothing".into()),
        ("lnik wifi", format!("expected a command ({commands}), found `lnik`; did you mean `link`?")),
        ("\"ap\" home up", format!("expected a command ({commands}), found `\"ap\"`")),
        (
            "help lnk",
            format!("expected a command ({commands}) after `help`, found `lnk`; did you mean `link`?"),
        ),
        (
            "host pc sntp",
            "expected `answers`, `stratum` or `offset` after `host pc sntp`, found nothing".to_string(),
        ),
        (
            "host pc sntp ofset",
            "expected `answers`, `stratum` or `offset` after `host pc sntp`, found `ofset`; did you mean \
             `offset`?"
                .to_string(),
        ),
        (
            "host pc sntp stratum 16",
            "expected a stratum from 0 to 15 after `host pc sntp stratum`, found `16`".to_string(),
        ),
        ("host pc http status", "expected a path that begins with `/` after `host pc http`, found `status`".into()),
        (
            "host pc http /a status 99",
            "expected a status from 200 to 599 after `status`, found `99`".to_string(),
        ),
        (
            "host pc http /a 503",
            "expected `status`, `body`, `size`, `delay` or `scenario` after `host pc http \"/a\"`, found `503`".to_string(),
        ),
        (
            "host pc websocket close 99",
            "expected a code from 1000 to 4999, or 0 for none after `host pc websocket close`, found `99`".to_string(),
        ),
        (
            "host pc websocket sent",
            "expected `send`, `binary`, `ping`, `close` or `answers` after `host pc websocket`, found `sent`; did you \
             mean `send`?"
                .to_string(),
        ),
        ("host pc publish a/+ \"x\"", "expected a topic without `+` and `#` after `host pc publish`, found `a/+`".into()),
        ("host pc publish a", "expected a text in quotes after `host pc publish a`, found nothing".to_string()),
        ("host pc publish a \"x\" qos 3", "expected 0, 1 or 2 after `qos`, found `3`".to_string()),
        (
            "host pc publish a \"x\" retained",
            "expected `qos` or `retain` behind the text of a message, found `retained`; did you mean `retain`?".into(),
        ),
        (
            "host pc mqtt refuse 6",
            "expected a return code from 1 to 5, or 0 for none after `host pc mqtt refuse`, found `6`".to_string(),
        ),
        ("host pc mqtt drop", "expected the id of a client after `host pc mqtt drop`, found nothing".to_string()),
        (
            "host pc mqtt silent",
            "expected `answers`, `refuse`, `drop` or `take-over` after `host pc mqtt`, found `silent`".to_string(),
        ),
        (
            "host pc sntp offset",
            "expected a duration such as `-90 s` after `host pc sntp offset`, found nothing".to_string(),
        ),
        ("pin", "expected the name of a module after `pin`, found nothing".to_string()),
        ("pin wifi rts high", "expected `en`, `gpio0` or `wake` after `pin wifi`, found `rts`".to_string()),
        ("pin wifi en", "expected `low` or `high` after `pin wifi en`, found nothing".to_string()),
        ("ap", "expected the name of an access point after `ap`, found nothing".to_string()),
        ("ap home", "expected `down`, `up`, `rssi`, `deauth`, `channel`, `password`, `uplink`, `captive`, `association` or `dhcp-answers` after `ap home`, found nothing".to_string()),
        (
            "ap home dwon",
            "expected `down`, `up`, `rssi`, `deauth`, `channel`, `password`, `uplink`, `captive`, `association` or `dhcp-answers` after `ap home`, found `dwon`; did you mean `down`?".to_string(),
        ),
        (
            "ap home dhcp-answers nack",
            "expected `right`, `none`, `no-offer`, `no-ack` or `nak` after `ap home dhcp-answers`, found `nack`; did you mean `nak`?".to_string(),
        ),
        (
            "dns ns answer servfail",
            "expected a setting of the DNS server (`answers` or `delay`), found `answer`; did you mean `answers`?".to_string(),
        ),
        (
            "dns ns answers servfial",
            "`answers`: expected `right`, `nxdomain`, `servfail`, `refused`, `truncated`, `wrong-id` or `none`, found `servfial`; did you mean `servfail`?".to_string(),
        ),
        ("dns ns delay", "expected TIME after `delay`, found nothing".to_string()),
        ("dns ns delay 1s delay 2s", "`delay`: set already in this line".to_string()),
        ("ap home down now", "expected nothing after `ap home down`, found `now`".to_string()),
        (
            "link wifi los 5%",
            format!("expected a setting of the link ({settings}), found `los`; did you mean `loss`?"),
        ),
        ("link wifi loss", "expected CHANCE after `loss`, found nothing".to_string()),
        (
            "link wifi loss 5",
            "`loss`: expected a chance such as `5 %`, found `5` without a unit (`%` or `ppm`)".to_string(),
        ),
        ("link wifi mtu 9000", "`mtu`: expected 576 to 1500 (bytes), found `9000`".to_string()),
        (
            "wire wifi nosie 1%",
            "expected a setting of the wire (`noise`, `loss` or `break`), found `nosie`; did you mean `noise`?"
                .to_string(),
        ),
        (
            "wire wifi to-mcu",
            "expected a setting of the wire (`noise`, `loss` or `break`), found nothing".to_string(),
        ),
        ("wire wifi loss", "expected CHANCE after `loss`, found nothing".to_string()),
        ("wire wifi break 1%", "`break`: unknown unit `%` in `1%`, expected `ns`, `us`, `ms`, `s`, `min`, `h` or `d`".to_string()),
        ("wire wifi loss 1% loss 2%", "`loss`: set already in this line".to_string()),
        ("link wifi down up", "`up`: set already in this line".to_string()),
        ("link wifi loss 1% loss 2%", "`loss`: set already in this line".to_string()),
        ("host", "expected the name of a host after `host`, found nothing".to_string()),
        ("host pc", format!("expected {actions} after `host pc`, found nothing")),
        (
            "host pc clsoe",
            format!("expected {actions} after `host pc`, found `clsoe`; did you mean `close`?"),
        ),
        ("host pc send", "expected a text in quotes after `host pc send`, found nothing".to_string()),
        ("host pc send \"\"", "expected at least one byte after `host pc send`, found `\"\"`".to_string()),
        ("host pc send a b", "expected nothing after `host pc send \"a\"`, found `b`".to_string()),
        (
            "host pc connect",
            "expected an address or the name of a module after `host pc connect`, found nothing"
                .to_string(),
        ),
        (
            "host pc connect wifi",
            "expected a port from 1 to 65535 after `host pc connect wifi`, found nothing".to_string(),
        ),
        (
            "host pc connect 1.2.3.4 65536",
            "expected a port from 1 to 65535 after `host pc connect 1.2.3.4`, found `65536`".to_string(),
        ),
        ("host pc join", "expected the name of a module after `host pc join`, found nothing".to_string()),
        (
            "host pc datagram wifi +1 x",
            "expected a port from 1 to 65535 after `host pc datagram wifi`, found `+1`".to_string(),
        ),
        (
            "host pc datagram wifi 1",
            "expected a text in quotes after `host pc datagram wifi 1`, found nothing".to_string(),
        ),
        ("at", "expected a time such as `1.5s` after `at`, found nothing".to_string()),
        ("at noon ap home up", "`at`: expected a duration such as `20 ms`, found `noon`".to_string()),
        ("at 1s status", "expected a change after `at`, found `status`, which only asks".to_string()),
        ("at 1s at 2s ap home up", "expected one `at` in a line, found a second one".to_string()),
        (
            "at 99999999999 s ap home up",
            "`at`: expected a duration such as `20 ms`, found `99999999999 s`, which is too large"
                .to_string(),
        ),
        ("ap \"home down", "expected a closing quote after `home down`".to_string()),
        ("ap \"home\"down", "expected a space after `\"home\"`".to_string()),
        ("ap \"ho\\me\" down", ESCAPES.to_string()),
        ("host pc send \"\\x0g\"", ESCAPES.to_string()),
        ("host pc send \"\\x0\"", ESCAPES.to_string()),
    ];
    for (line, message) in cases {
        assert_eq!(parse(line), Err(message), "{line}");
    }
}

#[test]
fn an_old_word_is_refused_with_what_is_written_today() {
    for (line, message) in [
        (
            "ap home dhcp nak",
            "expected `down`, `up`, `rssi`, `deauth`, `channel`, `password`, `uplink`, `captive`, `association` or `dhcp-answers` after `ap home`, found `dhcp`, which is `dhcp-answers` now",
        ),
        (
            "wire wifi to-mcu drop 1%",
            "expected a setting of the wire (`noise`, `loss` or `break`), found `drop`, which is `loss` now",
        ),
        (
            "host time sntp silent",
            "expected `answers`, `stratum` or `offset` after `host time sntp`, found `silent`, which is `answers none` now",
        ),
        (
            "host time sntp answer",
            "expected `answers`, `stratum` or `offset` after `host time sntp`, found `answer`, which is `answers right` now",
        ),
    ] {
        assert_eq!(parse(line), Err(message.to_string()), "{line}");
    }
}

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
