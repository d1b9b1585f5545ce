//! The paho-mqtt package of PyPI as a client of a host's broker, beside a module: both versions of the protocol, every QoS both
//! ways, retained messages, wills.

use std::process::Command;

use crate::bridge::{Bridge, Program};
use crate::host::{Host, SECOND};
use crate::tools::root;

/// Two ways in, and a broker.
const HOSTS: &str = "
[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.peer]
address = \"192.168.1.20\"
tcp-terminal = 1883

[host.other]
address = \"192.168.1.21\"
tcp-terminal = 1883

[host.broker]
address = \"203.0.113.30\"
names = [\"mqtt.example.com\"]

[host.broker.mqtt]
users = { paho = \"secret\", module = \"secret\" }
acl = [\"* both commands/#\", \"* both config/#\", \"* both status\", \"* subscribe #\", \"module publish sensors/#\"]
retained = { \"config/interval\" = \"60\" }
";

const OK: &str = "\r\nOK\r\n";

fn python(port: u16, version: &str, name: &str, password: &str) -> Command {
    let python = root().join("build/python/bin/python");
    let found = Command::new(&python).args(["-c", "import paho.mqtt"]).status().is_ok_and(|s| s.success());
    assert!(found, "the package `paho-mqtt` is needed for this test: run `make build/python/installed`");
    let mut command = Command::new(python);
    command.arg("tests/programs/mqtt_peer.py").arg(port.to_string());
    command.args([version, name, "paho", password]).current_dir(root());
    command
}

/// A module that is connected, has a will, and has subscribed to commands.
fn joined(profile: &str) -> Bridge {
    let text = format!("{HOSTS}[module.wifi]\nprofile = \"{profile}\"\n");
    let mut bridge = Bridge::new(Host::joined_in(&text, 1));
    for line in [
        "AT+MQTTUSERCFG=0,1,\"thermometer\",\"module\",\"secret\",0,0,\"\"",
        "AT+MQTTCONNCFG=0,0,0,\"status\",\"module gone\",2,1",
    ] {
        bridge.ask(format!("{line}\r\n"), OK);
    }
    bridge.send("AT+MQTTCONN=0,\"mqtt.example.com\",1883,1\r\n");
    bridge.until(OK);
    bridge.ask("AT+MQTTSUB=0,\"commands/#\",2\r\n", OK);
    bridge
}

/// A client of this id on a way in; it has connected, and subscribed to everything but what begins with `$`.
fn client(bridge: &mut Bridge, way: &str, version: &str, name: &str) -> Program {
    let port = bridge.from(way, "203.0.113.30", 1883).port();
    let client = bridge.start(&mut python(port, version, name, "secret"));
    bridge.printed(client, "connected False Success\n");
    bridge.type_at(client, "subscribe # 2\n");
    bridge.printed(client, "subscribed Granted QoS 2\n");
    client
}

#[test]
fn paho_and_a_module_talk_through_a_simulated_broker_in_both_versions() {
    for (version, profile) in [("3.1.1", "esp32c3-v2.3"), ("5", "esp32c6-v4.1")] {
        let mut bridge = joined(profile);
        let client = client(&mut bridge, "peer", version, "desk");
        bridge.printed(client, "got config/interval 2 1 b'60'\n");
        for qos in 0..=2 {
            let text = format!("{version} with QoS {qos}");
            bridge.ask(format!("AT+MQTTPUB=0,\"sensors/t\",\"{text}\",{qos},0\r\n"), OK);
            bridge.printed(client, &format!("got sensors/t {qos} 0 b'{text}'\n"));
            bridge.type_at(client, format!("publish commands/led {qos} 0 {text}\n"));
            bridge.expect(format!("+MQTTSUBRECV:0,\"commands/led\",{},{text}\r\n", text.len()));
            // Its own subscription has that topic, too; which of both it says first is its own affair.
            let said = bridge.printed(client, &format!("got commands/led {qos} 0 b'{text}'\n"));
            if !said.contains("sent Success\n") {
                bridge.printed(client, "sent Success\n");
            }
        }
        // Any bytes, and more than the module's buffer holds.
        let bytes: Vec<u8> = (0..3000u32).map(|i| (i * 7 + i / 256) as u8).collect();
        let escaped: String = bytes.iter().map(|b| format!("\\x{b:02x}")).collect();
        bridge.type_at(client, format!("publish commands/raw 1 0 {escaped}\n"));
        let mut received = Vec::new();
        while received.len() < bytes.len() {
            bridge.expect("+MQTTSUBRECV:0,\"commands/raw\",");
            let length = bridge.until(",");
            let length: usize = length.trim_end_matches(',').parse().expect("a length");
            bridge.run("the whole piece", |bridge| bridge.host.pending.len() >= length + 2);
            received.extend(bridge.host.pending.drain(..length));
            bridge.expect("\r\n");
        }
        assert!(received == bytes, "{version}: the module got other bytes");
        // What is retained is there for the module, which comes later.
        bridge.type_at(client, "publish config/mode 2 1 eco\n");
        bridge.printed(client, "got config/mode 2 0 b'eco'\n");
        bridge.ask(
            "AT+MQTTSUB=0,\"config/mode\",1\r\n",
            format!("+MQTTSUBRECV:0,\"config/mode\",3,eco\r\n{OK}"),
        );
        // What it may not is acknowledged, and thrown away; MQTT 5 says so.
        bridge.type_at(client, "publish sensors/t 1 0 forged\n");
        bridge.printed(client, if version == "5" { "sent Not authorized\n" } else { "sent Success\n" });
        if version == "5" {
            bridge.type_at(client, "properties commands/with text\n");
            bridge.expect("+MQTTSUBRECV:0,\"commands/with\",4,text\r\n");
            bridge.printed(client, "got commands/with 1 0 b'text'\n");
            bridge.printed(client, "with text/plain [('room', 'kitchen')] b'7'\n");
        }
        // The module's will, when its connection ends without a word.
        bridge.host.console("host broker mqtt drop thermometer");
        bridge.expect("+MQTTDISCONNECTED:0\r\n");
        bridge.printed(client, "got status 2 0 b'module gone'\n");
        assert!(!bridge.output(client).contains("forged"), "a message that was not allowed came through");
        bridge.type_at(client, "unsubscribe #\n");
        bridge.printed(client, "unsubscribed\n");
        bridge.type_at(client, "disconnect\n");
        assert!(bridge.ended(client), "{version}: {}", bridge.output(client));
    }
}

#[test]
fn the_will_of_a_paho_client_reaches_the_module_when_it_dies_and_not_when_it_says_goodbye() {
    for version in ["3.1.1", "5"] {
        let mut bridge = joined("esp32-v3.4");
        let polite = client(&mut bridge, "peer", version, "polite");
        bridge.type_at(polite, "disconnect\n");
        assert!(bridge.ended(polite), "{version}: {}", bridge.output(polite));
        bridge.pass(2 * SECOND);
        let pending = String::from_utf8_lossy(&bridge.host.pending).into_owned();
        assert!(pending.is_empty(), "{version}: after a goodbye came {pending}");
        let rude = client(&mut bridge, "other", version, "rude");
        bridge.type_at(rude, "die\n");
        bridge.expect("+MQTTSUBRECV:0,\"commands/last-will\",4,gone\r\n");
    }
}

#[test]
fn a_paho_client_with_a_wrong_password_is_told_so() {
    for (version, sentence) in [
        ("3.1.1", "connected False Bad user name or password"),
        ("5", "connected False Bad user name or password"),
    ] {
        let mut bridge = joined("esp32-v3.4");
        let port = bridge.from("peer", "203.0.113.30", 1883).port();
        let client = bridge.start(&mut python(port, version, "desk", "wrong"));
        bridge.printed(client, sentence);
        bridge.type_at(client, "die\n");
    }
}
