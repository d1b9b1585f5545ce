//! Mosquitto as the other end: its broker for the module's client, its clients for the brokers of hosts. And MQTT in the
//! capture as Wireshark reads it.

use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::bridge::{Bridge, Program};
use crate::host::{Host, SECOND};
use crate::tools::{directory, tool};
use crate::wireshark::{fields, nothing_is_wrong, tshark};

/// The module's way out (`peer.lan`, port 1883), a broker, and two ways in for its clients.
const HOSTS: &str = "
[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.peer]
address = \"192.168.1.20\"
names = [\"peer.lan\"]
tcp-terminal = 1883

[host.other]
address = \"192.168.1.21\"
tcp-terminal = 1883

[host.broker]
address = \"203.0.113.30\"
names = [\"mqtt.example.com\"]

[host.broker.mqtt]
users = { espressif = \"123456789\" }
anonymous = true
retained = { \"config/interval\" = \"60\" }
";

fn joined(profile: &str) -> Host {
    Host::joined_in(&format!("{HOSTS}[module.wifi]\nprofile = \"{profile}\"\n"), 1)
}

const OK: &str = "\r\nOK\r\n";
const PROMPT: &str = "\r\nOK\r\n\r\n>";

fn set(bridge: &mut Bridge, line: &str) {
    bridge.ask(format!("{line}\r\n"), OK);
}

/// A port for a broker, below those that connections are given.
fn own_port() -> u16 {
    static BROKERS: AtomicU16 = AtomicU16::new(0);
    let process = std::process::id() % 1000;
    20_000 + process as u16 * 10 + BROKERS.fetch_add(1, Ordering::Relaxed)
}

/// How long the broker is given by virtual time until that stands still: the module would send again what is not answered
/// within a second.
const QUIET: u64 = 9 * SECOND / 10;

/// A broker of mosquitto's, and the module's way to it. Its own clients reach it at the port.
fn at_mosquitto(profile: &str, settings: &str) -> (Bridge, Program, u16) {
    let mut bridge = Bridge::new(joined(profile));
    bridge.quiet = QUIET;
    let port = own_port();
    let config = directory(&format!("mosquitto-{port}")).join("broker.conf");
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type all\n{settings}"
    );
    std::fs::write(&config, text).expect("the target directory can be written");
    let broker = bridge.start(tool("mosquitto", "mosquitto").arg("-v").arg("-c").arg(&config));
    bridge.printed(broker, "running\n");
    bridge.to("peer", format!("127.0.0.1:{port}").parse().expect("an address"));
    (bridge, broker, port)
}

fn connect(bridge: &mut Bridge, reconnect: u8) {
    bridge.ask(
        format!("AT+MQTTCONN=0,\"peer.lan\",1883,{reconnect}\r\n"),
        format!("+MQTTCONNECTED:0,1,\"peer.lan\",\"1883\",\"\",{reconnect}\r\n\r\nOK\r\n"),
    );
}

/// A client of mosquitto's.
fn client(name: &str, port: u16, arguments: &[&str]) -> Command {
    let mut command = tool(name, "mosquitto-clients");
    command.args(["-h", "127.0.0.1", "-p", &port.to_string()]).args(arguments);
    command
}

#[test]
fn mosquitto_serves_the_module_with_every_quality_both_ways() {
    for profile in ["esp32c3-v2.3", "esp32-v3.4", "esp32c6-v4.1", "esp8266-v2.2"] {
        let (mut bridge, broker, port) = at_mosquitto(profile, "");
        set(&mut bridge, "AT+MQTTUSERCFG=0,1,\"thermometer\",\"espressif\",\"123456789\",0,0,\"\"");
        set(&mut bridge, "AT+MQTTCONNCFG=0,60,0,\"status\",\"gone\",1,1");
        connect(&mut bridge, 1);
        bridge.printed(broker, "as thermometer (p2, c1, k60, u'espressif')");
        set(&mut bridge, "AT+MQTTSUB=0,\"commands/#\",2");
        let listener = bridge.start(&mut client("mosquitto_sub", port, &["-t", "#", "-q", "2", "-v"]));
        bridge.printed(broker, "\t# (QoS 2)\n");
        for qos in ["0", "1", "2"] {
            let text = format!("with QoS {qos}");
            set(&mut bridge, &format!("AT+MQTTPUB=0,\"sensors/t\",\"{text}\",{qos},0"));
            bridge.printed(listener, &format!("sensors/t {text}\n"));
            let sent =
                client("mosquitto_pub", port, &["-t", "commands/led", "-m", &text, "-q", qos]).status();
            assert!(sent.expect("it starts").success(), "mosquitto_pub with QoS {qos}");
            bridge.expect(format!("+MQTTSUBRECV:0,\"commands/led\",{},{text}\r\n", text.len()));
            bridge.printed(listener, &format!("commands/led {text}\n"));
        }
        // Longer than the module's buffer, and longer than a segment, both ways.
        for qos in ["0", "1", "2"] {
            // The ESP8266 takes no more than 512 bytes, topic and header included.
            let length = if profile.starts_with("esp8266") { 450 } else { 3000 };
            bridge.ask(format!("AT+MQTTPUBRAW=0,\"long\",{length},{qos},1\r\n"), PROMPT);
            bridge.ask("x".repeat(length), "+MQTTPUB:OK\r\n");
            bridge.printed(listener, &format!("long {}\n", "x".repeat(length)));
        }
        let long = "y".repeat(3000);
        let sent = client("mosquitto_pub", port, &["-t", "commands/long", "-m", &long, "-q", "1"]).status();
        assert!(sent.expect("it starts").success());
        let (mut received, mut pieces) = (0, 0);
        while received < long.len() {
            let head = bridge.until("+MQTTSUBRECV:0,\"commands/long\",");
            assert_eq!(head, "+MQTTSUBRECV:0,\"commands/long\",", "{profile}: something between the pieces");
            let length = bridge.until(",");
            let length: usize = length.trim_end_matches(',').parse().expect("a length");
            bridge.expect(format!("{}\r\n", "y".repeat(length)));
            received += length;
            pieces += 1;
        }
        assert!(received == 3000 && pieces >= 3, "{profile}: {received} bytes in {pieces} pieces");
        set(&mut bridge, "AT+MQTTUNSUB=0,\"commands/#\"");
        bridge.printed(broker, "thermometer commands/#\n");
        // Goodbye: no will.
        set(&mut bridge, "AT+MQTTCLEAN=0");
        bridge.printed(broker, "Received DISCONNECT from thermometer");
    }
}

#[test]
fn mosquitto_publishes_the_modules_will_when_its_connection_breaks_and_is_pinged() {
    let (mut bridge, broker, port) = at_mosquitto("esp32c3-v2.3", "");
    let listener = bridge.start(&mut client("mosquitto_sub", port, &["-t", "status", "-v"]));
    bridge.printed(broker, "\tstatus (QoS 0)\n");
    set(&mut bridge, "AT+MQTTUSERCFG=0,1,\"thermometer\",\"\",\"\",0,0,\"\"");
    set(&mut bridge, "AT+MQTTCONNCFG=0,60,0,\"status\",\"gone\",1,0");
    connect(&mut bridge, 1);
    bridge.pass(31 * SECOND);
    bridge.printed(broker, "Received PINGREQ from thermometer");
    bridge.host.console("host peer reset");
    bridge.expect("+MQTTDISCONNECTED:0\r\n");
    bridge.printed(listener, "status gone\n");
    // It dials again after 10 to 15 s; only from there on the broker owes an answer.
    let quiet = std::mem::replace(&mut bridge.quiet, 20 * SECOND);
    let dials = |bridge: &Bridge| {
        bridge.observed.iter().filter(|seen| seen.text().starts_with("connection from ")).count()
    };
    bridge.run("another dial", |bridge| dials(bridge) == 2);
    bridge.quiet = quiet;
    bridge.until("+MQTTCONNECTED:0,1,\"peer.lan\",\"1883\",\"\",1\r\n");
}

#[test]
fn mosquitto_refuses_a_client_without_a_user() {
    let (mut bridge, broker, _) =
        at_mosquitto("esp32c3-v2.3", "password_file /dev/null\nallow_anonymous false\n");
    set(&mut bridge, "AT+MQTTUSERCFG=0,1,\"thermometer\",\"\",\"\",0,0,\"\"");
    bridge.ask("AT+MQTTCONN=0,\"peer.lan\",1883,0\r\n", "+MQTTDISCONNECTED:0\r\n\r\nERROR\r\n");
    bridge.printed(broker, "Sending CONNACK to");
}

#[test]
fn mosquittos_clients_are_served_by_a_simulated_broker_in_every_version() {
    for version in ["mqttv31", "mqttv311", "mqttv5"] {
        let mut bridge = Bridge::new(joined("esp32c3-v2.3"));
        set(&mut bridge, "AT+MQTTUSERCFG=0,1,\"thermometer\",\"espressif\",\"123456789\",0,0,\"\"");
        bridge.send("AT+MQTTCONN=0,\"mqtt.example.com\",1883,1\r\n");
        bridge.until("\r\nOK\r\n");
        set(&mut bridge, "AT+MQTTSUB=0,\"commands/+\",1");
        let [first, second] = ["peer", "other"].map(|way| bridge.from(way, "203.0.113.30", 1883).port());
        let arguments = ["-V", version, "-i", "listener", "-t", "#", "-q", "2", "-v"];
        let listener = bridge.start(&mut client("mosquitto_sub", first, &arguments));
        bridge.printed(listener, "config/interval 60\n");
        set(&mut bridge, "AT+MQTTPUB=0,\"sensors/t\",\"21.5\",2,0");
        bridge.printed(listener, "sensors/t 21.5\n");
        for qos in ["0", "1", "2"] {
            let text = format!("{version} with QoS {qos}");
            let arguments = [
                "-V",
                version,
                "-u",
                "espressif",
                "-P",
                "123456789",
                "-t",
                "commands/led",
                "-q",
                qos,
                "-m",
                &text,
            ];
            let sender = bridge.start(&mut client("mosquitto_pub", second, &arguments));
            bridge.expect(format!("+MQTTSUBRECV:0,\"commands/led\",{},{text}\r\n", text.len()));
            bridge.printed(listener, &format!("commands/led {text}\n"));
            bridge.pass(2 * SECOND);
            assert!(bridge.ended(sender), "mosquitto_pub, {version}, QoS {qos}: {}", bridge.output(sender));
        }
        let wrong = ["-V", version, "-u", "espressif", "-P", "wrong", "-t", "commands/led", "-m", "x"];
        let sender = bridge.start(&mut client("mosquitto_pub", second, &wrong));
        bridge.printed(sender, "onnection");
        assert!(!bridge.ended(sender), "a wrong password, {version}: {}", bridge.output(sender));
    }
}

#[test]
fn wireshark_reads_mqtt_in_the_capture() {
    for profile in espat_sim::profile::PROFILES {
        let mut host = joined(profile.name);
        host.ask("AT+MQTTUSERCFG=0,1,\"thermometer\",\"espressif\",\"123456789\",0,0,\"\"\r\n", OK);
        host.ask("AT+MQTTCONNCFG=0,20,0,\"status\",\"gone\",1,1\r\n", OK);
        host.send("AT+MQTTCONN=0,\"mqtt.example.com\",1883,1\r\n");
        host.until("\r\nOK\r\n");
        host.ask("AT+MQTTSUB=0,\"sensors/#\",2\r\n", OK);
        host.send("AT+MQTTPUB=0,\"sensors/t\",\"21.5\",2,0\r\n");
        host.until("\r\nOK\r\n");
        host.wait(15 * SECOND);
        host.send("AT+MQTTUNSUB=0,\"sensors/#\"\r\n");
        host.until("\r\nOK\r\n");
        host.ask("AT+MQTTCLEAN=0\r\n", OK);
        host.wait(SECOND);
        let (_, capture, _) = host.finish();
        nothing_is_wrong("mqtt", &capture);
        let all = ["-Y", "mqtt", "-T", "fields", "-E", "occurrence=a", "-e", "mqtt.msgtype"];
        let kinds = tshark(profile.name, &capture, &all);
        let kinds: Vec<&str> = kinds.iter().flat_map(|line| line.split(',')).collect();
        // CONNECT to DISCONNECT but for PUBACK: QoS 2 has packets of its own.
        for kind in ["1", "2", "3", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"] {
            assert!(kinds.contains(&kind), "{}: no packet of type {kind} among {kinds:?}", profile.name);
        }
        let topics = fields(profile.name, &capture, "mqtt.msgtype == 3", &["mqtt.topic"]);
        assert!(topics.iter().all(|topic| topic == "sensors/t") && topics.len() >= 2, "{topics:?}");
    }
}
