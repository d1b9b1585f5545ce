//! The module's own clients in the capture, as Wireshark's users see them: MQTT over TLS, over WebSocket and over both, HTTP and
//! WebSocket over TLS. Found, decrypted, and nothing to complain of.
#![cfg(feature = "tls")]

use std::process::Command;

use crate::host::{Host, SECOND};
use crate::tools::{directory, run};
use crate::wireshark::{fields, nothing_is_wrong, tshark};

const WORLD: &str = "
[module.wifi]
profile = \"PROFILE\"
build = { BUILD }

[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.secure]
address = \"203.0.113.30\"
names = [\"mqtt.example.com\"]
mqtt = { tls = true, websocket = 443 }

[host.plain]
address = \"203.0.113.31\"
names = [\"plain.example.com\"]
mqtt = { websocket = 80 }

[host.www]
address = \"203.0.113.40\"
names = [\"www.example.com\"]

[host.www.http]
tls = true
pages = { \"/status\" = { body = \"all is well\", chunk = 4 }, \"/large\" = { size = 3000 } }

[host.chat]
address = \"203.0.113.41\"
names = [\"chat.example.com\"]
websocket = { tls = true, greetings = [\"welcome\"], fragment = 4 }
";

const OK: &str = "\r\nOK\r\n";

/// A module of this profile, with everything in its build that its release's source has.
fn joined(profile: &espat_sim::profile::Profile) -> Host {
    let websocket = profile.release >= espat_sim::profile::Release(3, 1);
    let build = if websocket { "http = true, websocket = true" } else { "http = true" };
    let mut host = Host::joined_in(&WORLD.replace("PROFILE", profile.name).replace("BUILD", build), 1);
    host.ask("AT+SYSTIMESTAMP=1767225600\r\n", OK);
    host
}

#[test]
fn wireshark_finds_mqtt_over_tls_over_websocket_and_over_both() {
    for profile in espat_sim::profile::PROFILES {
        let mut host = joined(profile);
        for (scheme, server, port) in
            [(3, "mqtt.example.com", 8883), (6, "plain.example.com", 80), (8, "mqtt.example.com", 443)]
        {
            let path = if scheme > 5 { "mqtt" } else { "" };
            host.ask(format!("AT+MQTTUSERCFG=0,{scheme},\"thermometer\",\"\",\"\",0,0,\"{path}\"\r\n"), OK);
            host.ask("AT+MQTTCONNCFG=0,20,0,\"\",\"\",0,0\r\n", OK);
            host.send(format!("AT+MQTTCONN=0,\"{server}\",{port},0\r\n"));
            let said = host.until(OK);
            assert!(said.starts_with("+MQTTCONNECTED"), "{}, scheme {scheme}: {said}", profile.name);
            host.ask("AT+MQTTSUB=0,\"commands/#\",2\r\n", OK);
            host.send(format!("AT+MQTTPUB=0,\"sensors/{scheme}\",\"21.5\",2,0\r\n"));
            host.until(OK);
            host.send(format!("AT+MQTTPUBRAW=0,\"raw/{scheme}\",400,1,0\r\n"));
            host.until(">");
            host.send([b'r'; 400]);
            host.until("+MQTTPUB:OK\r\n");
            let named = if server.starts_with("plain") { "plain" } else { "secure" };
            // More than the module's buffer, and than a frame of a short length.
            let long = "y".repeat(1500);
            host.console(&format!("host {named} publish commands/{scheme} \"{long}\" qos 1"));
            host.wait(12 * SECOND);
            host.pending.clear();
            host.ask("AT+MQTTCLEAN=0\r\n", OK);
            host.wait(SECOND);
        }
        let (_, capture, _) = host.finish();
        nothing_is_wrong(profile.name, &capture);
        // One look at all of it: tshark takes its time to begin, and there are many profiles.
        let columns = ["frame.protocols", "mqtt.msgtype", "mqtt.topic", "http.sec_websocket_protocol"];
        let rows = fields(profile.name, &capture, "mqtt || http.response.code == 101", &columns);
        let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.split('|').collect()).collect();
        let over_tls = |kind: &str| {
            let is = |row: &&Vec<&str>| row[0].ends_with(":tls:mqtt") && row[1] == kind;
            rows.iter().filter(is).map(|row| row[2]).collect::<Vec<_>>()
        };
        assert_eq!(over_tls("3"), ["sensors/3", "raw/3", "commands/3"], "{}: over TLS", profile.name);
        assert!(!over_tls("12").is_empty(), "{}: no PINGREQ over TLS", profile.name);
        let agreed: Vec<&str> = rows.iter().map(|row| row[3]).filter(|name| !name.is_empty()).collect();
        assert_eq!(agreed, ["mqtt", "mqtt"], "{}: the protocol inside WebSocket", profile.name);
        for (scheme, filter) in [(6, "websocket && !tls"), (8, "websocket && tls")] {
            let inner = inside_websocket(profile.name, &capture, filter);
            nothing_is_wrong(profile.name, &inner);
            let rows = fields(profile.name, &inner, "mqtt", &["mqtt.msgtype", "mqtt.topic"]);
            let topics: Vec<&str> = rows.iter().filter_map(|row| row.strip_prefix("3|")).collect();
            let expected = ["sensors", "raw", "commands"].map(|topic| format!("{topic}/{scheme}"));
            assert_eq!(topics, expected, "{}: with {filter}", profile.name);
            let pings = rows.iter().filter(|row| row.starts_with("12|"));
            assert!(pings.count() > 0, "{}: no PINGREQ with {filter}", profile.name);
        }
    }
}

/// A capture of what is in the WebSocket frames that pass a filter, as if it were plain MQTT, first the module's, then the
/// broker's: not every Wireshark looks for MQTT there by itself.
fn inside_websocket(profile: &str, capture: &[u8], filter: &str) -> Vec<u8> {
    let shown = ["-Y", filter, "-T", "fields", "-E", "occurrence=a", "-e", "ip.src", "-e", "data.data"];
    let frames = tshark(profile, capture, &shown);
    let (out, back): (Vec<&str>, Vec<&str>) =
        frames.iter().map(String::as_str).partition(|line| line.starts_with("192.168.1.100"));
    let payloads = out.into_iter().chain(back).filter_map(|line| line.split('\t').nth(1));
    let mut dump = String::new();
    for payload in payloads.flat_map(|data| data.split(',')).filter(|payload| !payload.is_empty()) {
        dump.push_str("000000");
        for place in (0..payload.len()).step_by(2) {
            dump.push(' ');
            dump.push_str(&payload[place..place + 2]);
        }
        dump.push('\n');
    }
    let files = directory("inside-websocket");
    let (text, inner) = (files.join("dump.txt"), files.join("inner.pcap"));
    std::fs::write(&text, dump).expect("the target directory can be written");
    run(Command::new("text2pcap").args(["-q", "-T", "50000,1883"]).args([&text, &inner]));
    std::fs::read(&inner).expect("text2pcap has written it")
}

#[test]
fn wireshark_finds_http_and_websocket_over_tls() {
    for profile in espat_sim::profile::PROFILES {
        let mut host = joined(profile);
        host.send("AT+HTTPCLIENT=2,0,\"https://www.example.com/status\",,,2\r\n");
        host.until(OK);
        host.send("AT+HTTPCPOST=\"https://www.example.com/large\",9\r\n");
        host.until(">");
        host.send("from here");
        host.until("SEND OK\r\n");
        let websocket = profile.release >= espat_sim::profile::Release(3, 1);
        if websocket {
            host.send("AT+WSOPEN=0,\"wss://chat.example.com/room\"\r\n");
            host.until("+WS_DATA:0,3,ome\r\n");
            host.send("AT+WSSEND=0,5\r\n");
            host.until(">");
            host.send("hello");
            host.until("+WS_DATA:0,1,o\r\n");
            host.wait(15 * SECOND);
            host.console("host chat websocket close 1001 \"bye\"");
            host.until("+WS_CLOSED:0\r\n");
        }
        host.wait(5 * SECOND);
        let (_, capture, _) = host.finish();
        nothing_is_wrong(profile.name, &capture);
        let columns = [
            "http.request.uri",
            "http.response.code",
            "http.file_data",
            "websocket.opcode",
            "websocket.mask",
            "ip.src",
        ];
        let rows = fields(profile.name, &capture, "tls && (http || websocket)", &columns);
        let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.split('|').collect()).collect();
        let asked: Vec<&str> = rows.iter().map(|row| row[0]).filter(|uri| !uri.is_empty()).collect();
        let expected = &["/status", "/large", "/room"][..if websocket { 3 } else { 2 }];
        assert_eq!(asked, expected, "{}: the requests in plain", profile.name);
        let codes: Vec<&str> = rows.iter().map(|row| row[1]).filter(|code| !code.is_empty()).collect();
        assert_eq!(codes.len(), expected.len(), "{}: the answers in plain: {codes:?}", profile.name);
        let bodies = rows.iter().filter(|row| row[1] == "200" && !row[2].is_empty());
        assert_eq!(bodies.count(), 2, "{}: both bodies, chunks put together", profile.name);
        if websocket {
            let of = |opcode: &'static str| rows.iter().filter(move |row| row[3] == opcode);
            let texts = of("1").filter(|row| row[5] == "192.168.1.100").map(|row| row[4]).collect::<Vec<_>>();
            assert_eq!(texts, ["1"], "{}: what the module sends has a mask", profile.name);
            assert_eq!(of("8").count(), 2, "{}: a close frame each way", profile.name);
        }
    }
}
