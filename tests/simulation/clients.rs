//! The module's own clients (MQTT, HTTP, WebSocket) as a test sees them from outside: what it does to the hosts, what is
//! observed of it, and what goes over the wire.
use crate::host::{Host, SECOND};
use espat_sim::world::{Outcome, Recording, replay};

/// A module of this profile with WebSocket built in, joined, and these expectations.
fn joined(profile: &str, expect: &[&str], hosts: &str) -> Host {
    let lines: Vec<String> = expect.iter().map(|line| format!("'''{line}'''")).collect();
    Host::joined_in(
        &format!(
            "expect = [{}]\n[module.wifi]\nprofile = \"{profile}\"\n[ap.home]\nssid = \"espat-sim\"\n\
             password = \"correct horse\"\nsubnet = \"192.168.1.0/24\"\n{hosts}",
            lines.join(", ")
        ),
        1,
    )
}

/// Ends the run: every expectation must have come true.
#[track_caller]
fn all_met(mut host: Host) {
    host.world.finish();
    let missed: Vec<String> = host
        .world
        .verdicts()
        .into_iter()
        .filter_map(|verdict| match verdict.outcome {
            Outcome::Met(_) | Outcome::Absent => None,
            Outcome::Failed(why) => Some(why),
            other => Some(format!("{other:?}")),
        })
        .collect();
    let seen: Vec<String> = host
        .world
        .take_observations()
        .iter()
        .filter(|o| o.kind() != "command" && o.kind() != "reply")
        .map(|o| format!("{} {} {}", o.subject, o.kind(), o.text()))
        .collect();
    assert!(missed.is_empty(), "{}\nobserved:\n{}", missed.join("\n"), seen.join("\n"));
}

const OK: &str = "\r\nOK\r\n";

fn set(host: &mut Host, line: &str) {
    host.ask(format!("{line}\r\n"), OK);
}

fn connect(host: &mut Host, name: &str, port: u16) {
    host.ask(
        format!("AT+MQTTCONN=0,\"{name}\",{port},1\r\n"),
        format!("+MQTTCONNECTED:0,1,\"{name}\",\"{port}\",\"\",1\r\n\r\nOK\r\n"),
    );
}

const BROKER: &str = "
[host.broker]
address = \"192.168.1.30\"

[host.broker.mqtt]
users = { sensor = \"secret\" }
anonymous = true
acl = [\"* publish sensors/#\", \"* subscribe commands/#\", \"* publish status\"]
";

#[test]
fn what_a_test_does_to_a_broker_and_what_clients_do_there_is_expected_in_words() {
    let mut host = joined(
        "esp32c3-v2.3",
        &[
            r#"broker mqtt connected thermometer "MQTT 3.1.1" "keep-alive 60 s, user sensor""#,
            r#"then broker mqtt subscribed commands/# by thermometer, QoS 2"#,
            r#"then broker mqtt "denied subscription to secret by thermometer""#,
            r#"then broker mqtt published sensors/t "21.5" by thermometer, QoS 1, retained"#,
            r#"then broker mqtt "denied elsewhere \"x\" by thermometer""#,
            r#"then broker mqtt unsubscribed commands/# by thermometer"#,
            r#"then broker mqtt disconnected thermometer "dropped""#,
            r#"then broker mqtt published status "gone" by thermometer, QoS 1, "its will""#,
            r#"then broker mqtt connected thermometer"#,
            r#"then broker mqtt disconnected thermometer "taken over""#,
            r#"then broker mqtt refused thermometer "server unavailable (3)""#,
            r#"then broker mqtt connected thermometer"#,
            r#"then broker mqtt disconnected thermometer "connection lost""#,
            r#"then broker mqtt connected thermometer"#,
            r#"then broker mqtt disconnected thermometer "by DISCONNECT""#,
            r#"then broker mqtt refused thermometer "bad user name or password (4)""#,
            r#"then broker mqtt refused "not authorized (5)""#,
            r#"then broker mqtt connected thermometer"#,
            r#"then broker mqtt disconnected thermometer "silent for 7500 ms""#,
            r#"never broker mqtt published elsewhere"#,
        ],
        BROKER,
    );
    let configure = |host: &mut Host, password: &str, keep_alive: u16| {
        set(host, &format!("AT+MQTTUSERCFG=0,1,\"thermometer\",\"sensor\",\"{password}\",0,0,\"\""));
        set(host, &format!("AT+MQTTCONNCFG=0,{keep_alive},0,\"status\",\"gone\",1,0"));
    };
    configure(&mut host, "secret", 60);
    connect(&mut host, "192.168.1.30", 1883);
    for line in [
        "AT+MQTTSUB=0,\"commands/#\",2",
        "AT+MQTTSUB=0,\"secret\",0",
        "AT+MQTTPUB=0,\"sensors/t\",\"21.5\",1,1",
        "AT+MQTTPUB=0,\"elsewhere\",\"x\",2,0",
    ] {
        set(&mut host, line);
    }
    // Messages of a test: with each QoS; retained, for who comes later.
    for (end, qos) in [("", 0), (" qos 1", 1), (" qos 2", 2), (" qos 1 retain", 3)] {
        host.console(&format!("host broker publish commands/led \"{qos}\"{end}"));
        host.expect(format!("+MQTTSUBRECV:0,\"commands/led\",1,{qos}\r\n"));
    }
    set(&mut host, "AT+MQTTUNSUB=0,\"commands/#\"");
    host.console("host broker mqtt drop thermometer");
    host.expect("+MQTTDISCONNECTED:0\r\n");
    let again = "+MQTTCONNECTED:0,1,\"192.168.1.30\",\"1883\",\"\",1\r\n";
    host.expect(again);
    host.ask("AT+MQTTSUB=0,\"commands/+\",0\r\n", format!("+MQTTSUBRECV:0,\"commands/led\",1,3\r\n{OK}"));
    host.console("host broker mqtt take-over thermometer");
    host.console("host broker mqtt refuse 3");
    host.expect("+MQTTDISCONNECTED:0\r\n");
    host.expect("+MQTTDISCONNECTED:0\r\n");
    host.console("host broker mqtt refuse 0");
    host.until(again);
    // The subscription is made anew, and what is retained comes with it.
    host.expect("+MQTTSUBRECV:0,\"commands/led\",1,3\r\n");
    host.console("host broker publish commands/led \"\" retain");
    host.expect("+MQTTSUBRECV:0,\"commands/led\",0,\r\n");
    host.console("host broker reset");
    host.expect("+MQTTDISCONNECTED:0\r\n");
    host.expect(again);
    set(&mut host, "AT+MQTTCLEAN=0");
    let failed = "+MQTTDISCONNECTED:0\r\n\r\nERROR\r\n";
    configure(&mut host, "wrong", 60);
    host.ask("AT+MQTTCONN=0,\"192.168.1.30\",1883,0\r\n", failed);
    host.console("host broker mqtt refuse 5");
    configure(&mut host, "secret", 60);
    host.ask("AT+MQTTCONN=0,\"192.168.1.30\",1883,0\r\n", failed);
    host.console("host broker mqtt refuse 0");
    // Nothing is answered any more, or nothing but pings: the module is lost without a word, the broker hears its silence.
    configure(&mut host, "secret", 5);
    connect(&mut host, "192.168.1.30", 1883);
    host.console("host broker mqtt answers pings");
    host.silent_for(30 * SECOND);
    host.console("link wifi down");
    host.until("+MQTTDISCONNECTED:0\r\n");
    host.wait(20 * SECOND);
    host.refused("host broker mqtt drop thermometer");
    host.refused("host broker mqtt take-over somebody");
    all_met(host);
}

#[test]
fn a_broker_that_falls_silent_is_noticed_by_the_missing_answer_to_a_ping() {
    let mut host = joined("esp32-v3.4", &[], BROKER);
    set(&mut host, "AT+MQTTUSERCFG=0,1,\"a\",\"\",\"\",0,0,\"\"");
    set(&mut host, "AT+MQTTCONNCFG=0,10,0,\"\",\"\",0,0");
    connect(&mut host, "192.168.1.30", 1883);
    host.silent_for(60 * SECOND);
    host.console("host broker mqtt answers none");
    let start = host.now;
    host.expect("+MQTTDISCONNECTED:0\r\n");
    let took = host.now - start;
    assert!((5 * SECOND..15 * SECOND + SECOND / 10).contains(&took), "noticed after {took} ns");
}

/// A terminal that plays the broker: what it was sent is observed byte for byte.
const TERMINAL: &str = "
[host.pc]
address = \"192.168.1.20\"
tcp-terminal = 1883
";

/// Bytes that the terminal has got since the last call, as it shows them, with the times in seconds.
fn received(host: &mut Host) -> Vec<(u64, String)> {
    let all = host.world.take_observations();
    let of_it = all.iter().filter(|o| o.subject == "pc" && o.text().starts_with("received"));
    of_it.map(|o| (o.at.as_nanos() / (SECOND / 10), o.text().to_string())).collect()
}

/// Lets a module connect to the terminal.
fn at_terminal(profile: &str, settings: &[&str]) -> Host {
    let mut host = joined(profile, &[], TERMINAL);
    settings.iter().for_each(|line| set(&mut host, line));
    host.send("AT+MQTTCONN=0,\"192.168.1.20\",1883,0\r\n");
    host.wait(SECOND);
    host.console("host pc send \"\\x20\\x02\\x00\\x00\"");
    host.expect("+MQTTCONNECTED:0,1,\"192.168.1.20\",\"1883\",\"\",0\r\n\r\nOK\r\n");
    host
}

#[test]
fn connect_says_what_was_set_and_a_client_without_an_id_has_one_of_its_mac_address() {
    let settings = ["AT+MQTTUSERCFG=0,1,\"\",\"\",\"\",0,0,\"\""];
    let mut host = at_terminal("esp32c6-v4.1", &settings);
    let sent = received(&mut host);
    assert_eq!(sent.len(), 1, "{sent:?}");
    // 3.1.1, a clean session, 120 s, and 12 bytes of an id: ESP32_ with the last three bytes of the MAC address.
    let start = r#""\x10\x18\x00\x04MQTT\x04\x02\x00x\x00\x0cESP32_"#;
    assert!(sent[0].1.contains(start), "{sent:?}");
    let settings =
        ["AT+MQTTUSERCFG=0,1,\"me\",\"\",\"pw\",0,0,\"\"", "AT+MQTTCONNCFG=0,0,1,\"will\",\"gone\",2,1"];
    let mut host = at_terminal("esp8266-v2.2", &settings);
    let sent = received(&mut host);
    // Retained will of QoS 2, no clean session; a password without a user has an empty one.
    let whole = r#""\x10 \x00\x04MQTT\x04\xf4\x00x\x00\x02me\x00\x04will\x00\x04gone\x00\x00\x00\x02pw""#;
    assert!(sent[0].1.contains(whole), "{sent:?}");
}

#[test]
fn packets_are_numbered_and_sent_again_as_each_release_does_it() {
    for (profile, counts, again) in
        [("esp32c3-v2.3", false, 10), ("esp32-v3.4", false, 10), ("esp32c6-v4.1", true, 50)]
    {
        let mut host = at_terminal(profile, &["AT+MQTTUSERCFG=0,1,\"a\",\"\",\"\",0,0,\"\""]);
        received(&mut host);
        host.send("AT+MQTTPUB=0,\"t\",\"x\",2,0\r\n");
        host.wait(6 * SECOND);
        let sent = received(&mut host);
        assert!(sent.len() >= 2, "{profile}: never sent again: {sent:?}");
        assert!(sent[0].1.contains(r#""4\x06\x00\x01t"#), "{profile}: PUBLISH of QoS 2: {sent:?}");
        assert!(sent[1].1.contains(r#""<\x06\x00\x01t"#), "{profile}: the second one says so: {sent:?}");
        let gap = sent[1].0 - sent[0].0;
        assert!((again..=again + 1).contains(&gap), "{profile}: again after {gap} tenths of a second");
        assert_eq!(sent[0].1.contains(r#"t\x00\x01x""#), counts, "{profile}: the number: {sent:?}");
        if counts {
            // PUBREL is sent again in v4.1 alone.
            host.console("host pc send \"P\\x02\\x00\\x01\"");
            host.wait(6 * SECOND);
            let sent = received(&mut host);
            let released = sent.iter().filter(|(_, text)| text.contains(r#""b\x02\x00\x01""#)).count();
            assert_eq!(released, 2, "{profile}: {sent:?}");
            host.console("host pc send \"p\\x02\\x00\\x01\"");
            host.expect(OK);
        }
    }
}

#[test]
fn pings_go_out_after_half_the_keep_alive_in_v2_only_when_nothing_else_is_sent() {
    let ping = r#""\xc0\x00""#;
    for (profile, when_idle) in
        [("esp32c3-v2.3", true), ("esp8266-v2.2", true), ("esp32-v3.4", false), ("esp32c6-v4.1", false)]
    {
        let settings = ["AT+MQTTUSERCFG=0,1,\"a\",\"\",\"\",0,0,\"\"", "AT+MQTTCONNCFG=0,10,0,\"\",\"\",0,0"];
        let mut host = at_terminal(profile, &settings);
        let start = host.now;
        received(&mut host);
        for _ in 0..4 {
            host.wait(2 * SECOND);
            set(&mut host, "AT+MQTTPUB=0,\"t\",\"x\",0,0");
        }
        let busy = received(&mut host).into_iter().filter(|(_, text)| text.contains(ping)).count();
        assert_eq!(busy, usize::from(!when_idle), "{profile}: pings while messages go out");
        if when_idle {
            host.wait(6 * SECOND);
            let pings = received(&mut host).into_iter().filter(|(_, text)| text.contains(ping)).count();
            assert_eq!(pings, 1, "{profile}: pings in silence");
        }
        host.expect("+MQTTDISCONNECTED:0\r\n");
        let lost = (host.now - start) / SECOND;
        // v2: 5 s after the last message, and 5 s more; v3 and v4: 10 s after the connection.
        let expected = if when_idle { 17..=19 } else { 9..=10 };
        assert!(expected.contains(&lost), "{profile}: lost {lost} s after the connection");
    }
}

#[test]
fn what_a_test_does_to_an_http_server_and_what_it_is_asked_is_expected_in_words() {
    let hosts = "
[host.www]
address = \"192.168.1.30\"

[host.www.http]
shows = [\"x-id\"]

[host.www.http.pages]
\"/log\" = [{ status = 503, body = \"later\" }, \"ok\"]
";
    let mut host = joined(
        "esp32c6-v4.1",
        &[
            r#"www http "POST /log?id=7 from" 503, "body of 8 bytes read: \"{\\\"t\\\":21}\"" "x-id: \"9\"""#,
            r#"then www http GET /log 200"#,
            r#"then www http GET /log 418"#,
            r#"then www http GET /log 503"#,
            r#"then www http GET /new 200"#,
            r#"then www http GET /new 404"#,
            r#"then www http DELETE /log 405"#,
        ],
        hosts,
    );
    host.ask("AT+HTTPCPOST=\"http://192.168.1.30/log?id=7\",8,1,\"X-Id: 9\"\r\n", "\r\nOK\r\n\r\n>");
    host.ask("{\"t\":21}", "+HTTPCPOST:5,later\r\n\r\nERROR\r\n");
    let get = |path: &str| format!("AT+HTTPCGET=\"http://192.168.1.30{path}\"\r\n");
    host.ask(get("/log"), "+HTTPCGET:2,ok\r\n\r\nOK\r\n");
    host.console("host www http /log status 418 body \"teapot\" delay 2s");
    let start = host.now;
    host.ask(get("/log"), "+HTTPCGET:6,teapot\r\n\r\nERROR\r\n");
    assert!(host.now - start >= 2 * SECOND, "the delay is not kept");
    host.console("host www http /log scenario");
    host.ask(get("/log"), "+HTTPCGET:5,later\r\n\r\nERROR\r\n");
    host.console("host www http /new size 20");
    host.ask(get("/new"), "+HTTPCGET:20,000000000000000\n0000\r\n\r\nOK\r\n");
    host.console("host www http /new scenario");
    host.ask(get("/new"), "+HTTPCGET:9,Not Found\r\n\r\nERROR\r\n");
    host.send("AT+HTTPCLIENT=5,0,\"http://192.168.1.30/log\",,,1\r\n");
    host.until("\r\nERROR\r\n");
    // In the middle of an answer the connection ends: in good order or not, what has come is all.
    for end in ["close", "reset"] {
        host.console("link www rate 400kbit/s");
        host.console("host www http /new size 300000");
        host.send(get("/new"));
        host.wait(2 * SECOND);
        host.console(&format!("host www {end}"));
        host.wait(30 * SECOND);
        let all = std::mem::take(&mut host.pending);
        assert!(
            all.starts_with(b"+HTTPCGET:") && all.ends_with(b"\r\n\r\nOK\r\n"),
            "{end}: no end of the command"
        );
        assert!(all.len() < 200_000, "{end}: {} bytes came", all.len());
        host.console("link www rate unlimited");
    }
    all_met(host);
}

#[test]
fn what_a_test_does_to_a_websocket_server_and_what_comes_there_is_expected_in_words() {
    let hosts = "
[module.wifi.build]
websocket = true

[host.chat]
address = \"192.168.1.30\"
websocket = { path = \"/room\", protocols = [\"chat\"], echo = false }
";
    let mut host = joined(
        "esp32c6-v4.1",
        &[
            r#"chat websocket "connected /room?a=b from" "protocol chat""#,
            r#"then chat websocket "received from" "\"hello\", 5 bytes, text""#,
            r#"then chat websocket "received from" "3 bytes, binary""#,
            r#"then chat websocket "closed 192.168.1.100""#,
            r#"then chat websocket "connected /room""#,
            r#"then chat websocket closed "connection lost""#,
            r#"then chat websocket refused "404""#,
        ],
        hosts,
    );
    let open = |host: &mut Host, rest: &str| {
        host.ask(
            format!("AT+WSOPEN=0,\"ws://192.168.1.30/room{rest}\r\n"),
            format!("+WS_CONNECTED:0\r\n{OK}"),
        );
    };
    open(&mut host, "?a=b\",\"chat\"");
    host.console("host chat websocket send \"news\"");
    host.expect("+WS_DATA:0,4,news\r\n");
    host.console("host chat websocket binary \"\\x00\\xff\"");
    host.expect(b"+WS_DATA:0,2,\0\xff\r\n");
    host.console("host chat websocket ping \"?\"");
    host.ask("AT+WSSEND=0,5\r\n", "\r\nOK\r\n\r\n>");
    host.ask("hello", "\r\nSEND OK\r\n");
    host.ask("AT+WSSEND=0,3,2\r\n", "\r\nOK\r\n\r\n>");
    host.ask("\0\x01\x02", "\r\nSEND OK\r\n");
    host.wait(SECOND);
    host.console("host chat websocket close 1001 \"bye\"");
    host.expect("+WS_CLOSED:0\r\n");
    open(&mut host, "\"");
    host.console("host chat websocket answers none");
    host.ask("AT+WSCLOSE=0\r\n", OK);
    host.wait(5 * SECOND);
    host.console("host chat websocket answers right");
    host.ask("AT+WSOPEN=0,\"ws://192.168.1.30/attic\"\r\n", "+WS_DISCONNECTED:0\r\n\r\nERROR\r\n");
    host.wait(SECOND);
    all_met(host);
}

/// Every client at work over a link that loses frames: MQTT over TLS, HTTPS, WebSocket over TLS, side by side.
fn busy_run(seed: u64) -> (u64, Vec<u8>, String) {
    let scenario = "
[module.wifi]
profile = \"esp32c6-v4.1\"
build = { websocket = true }

[link.wifi]
latency = \"3 ms\"
jitter = \"2 ms\"
loss = \"2 %\"

[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.broker]
address = \"203.0.113.30\"
mqtt = { tls = true, websocket = 443 }

[host.www]
address = \"203.0.113.31\"
http = { tls = true, pages = { \"/large\" = { size = 20000, chunk = 700 } } }

[host.chat]
address = \"203.0.113.32\"
websocket = { tls = true, fragment = 100 }
";
    let mut host = Host::joined_in(scenario, seed);
    set(&mut host, "AT+MQTTUSERCFG=0,7,\"busy\",\"\",\"\",0,0,\"mqtt\"");
    host.send("AT+MQTTCONN=0,\"203.0.113.30\",443,1\r\n");
    host.until(OK);
    set(&mut host, "AT+MQTTSUB=0,\"#\",2");
    host.send("AT+WSOPEN=1,\"wss://203.0.113.32/\"\r\n");
    host.until(OK);
    for round in 0..3 {
        host.console(&format!("host broker publish news/{round} \"{}\" qos 2", "n".repeat(1500)));
        host.console(&format!("host chat websocket send \"{}\"", "w".repeat(500)));
        host.send("AT+HTTPCGET=\"https://203.0.113.31/large\",,,60000\r\n");
        host.until(OK);
        host.send(format!("AT+MQTTPUB=0,\"sensors/{round}\",\"21.5\",{round},1\r\n"));
        host.until(OK);
        host.send("AT+WSSEND=1,300\r\n");
        host.until("\r\n>");
        host.send("s".repeat(300));
        host.until("SEND OK\r\n");
        host.wait(5 * SECOND);
    }
    host.console("host broker mqtt drop busy");
    host.wait(40 * SECOND);
    host.finish()
}

/// How often a run is repeated: three times, twenty times in `make soak`.
#[expect(clippy::disallowed_methods, reason = "asks how many there shall be")]
fn times() -> usize {
    if std::env::var_os("ESPAT_SOAK").is_some() { 20 } else { 3 }
}

#[test]
fn a_run_with_every_client_has_one_digest_and_its_log_replays() {
    let (digest, capture, log) = busy_run(1);
    for again in 2..=times() {
        let (other, bytes, _) = busy_run(1);
        assert_eq!(other, digest, "run {again} has another digest");
        assert!(bytes == capture, "run {again} has another capture");
    }
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.is_same(), Some(true), "the replay came out differently");
    assert_ne!(busy_run(2).0, digest, "the seed does not reach the clients");
}
