//! Draws a scenario: modules with their profiles and builds, an access point, hosts, and what is wrong with them.

use std::fmt::Write;

use super::{in_cases, one_of, scene};
use crate::profile::{Feature, Offer, PROFILES, Profile};
use crate::rng::Stream;

/// Names of modules. The first is always there.
const MODULES: [&str; 3] = ["wifi", "left", "right"];

/// Settings of a link. Each stands for itself.
const LINK: &[&str] = &[
    "latency = \"200 us\"",
    "latency = \"150 ms\"",
    "jitter = \"30 ms\"",
    "distribution = \"paretonormal\"",
    "loss = \"4 %\"",
    "loss = \"25 %\"",
    "gemodel = [\"2 %\", \"30 %\"]",
    "corrupt = \"1 %\"",
    "duplicate = \"10 %\"",
    "reorder = \"20 %\"",
    "gap = 5",
    "rate = \"64 kbit/s\"",
    "rate = \"unlimited\"",
    "limit = 4",
    "mtu = 600",
    "downstream = { loss = \"10 %\" }",
    "upstream = { rate = \"9600 bit/s\" }",
];
/// Settings of a module's UART wire.
const WIRE: &[&str] = &[
    "mcu-tx = \"as-stored\"",
    "mcu-line = \"115200 8n1\"",
    "mcu-line = \"9600 8e1\"",
    "obeys-rts = true",
    "mcu-queue = 64",
    "noise = \"0.1 %\"",
    "loss = \"0.5 %\"",
];
/// Settings of the access point.
const AP: &[&str] = &[
    "channel = 11",
    "rssi = -84",
    "hidden = true",
    "encryption = \"wpa3\"",
    "encryption = \"wpa-wpa2\"",
    "pmf = \"required\"",
    "modes = \"bg\"",
    "association = \"none\"",
    "association = \"refused\"",
    "dhcp-answers = \"none\"",
    "dhcp-answers = \"no-ack\"",
    "dhcp-answers = \"nak\"",
    "ipv6 = \"2001:db8:1::/64\"",
    "lease = \"12 s\"",
    "dhcp-range = [\"192.168.1.100\", \"192.168.1.100\"]",
    "uplink = false",
    "captive = true",
];
/// What the gateway's DNS server does.
const DNS: &[&str] = &[
    "answers = \"nxdomain\"",
    "answers = \"servfail\"",
    "answers = \"truncated\"",
    "answers = \"wrong-id\"",
    "answers = \"none\"",
    "delay = \"1500 ms\"",
    "ttl = \"1 s\"",
];
/// What is done to the TCP services of a host.
const TOXICS: &[&str] = &[
    "slicer 7 5ms",
    "bandwidth 8kbit/s",
    "reset-after 200",
    "close-after 40",
    "slow-close 3s",
    "garble 1%",
    "refuse",
    "ignore",
    "stall",
];
/// What the world may be expected to do; whether it does is no matter here.
const EXPECT: &[&str] = &[
    "\"by 10s wifi station joined home\"",
    "\"by 60s wifi link 0 opened\"",
    "\"never wifi station disconnected\"",
];

/// A host: its table, and a part that stands there in a build with TLS only.
const HOSTS: &[(&str, &str)] = &[
    (
        "[host.pc]\naddress = \"192.168.1.20\"\nnames = [\"pc.lan\"]\ntcp-terminal = 23\nudp-terminal = 4321\ndiscard = 9\n\
         source = { port = 19, length = 4000 }\n\
         script = { port = 25, lines = \"< LOGIN\\n> HELLO\\nwait 500 ms\\nclose\" }\n",
        "",
    ),
    ("[host.nas]\naddress = \"192.168.1.10\"\nnames = [\"nas.lan\"]\ntcp-echo = 7\nudp-echo = 7\n", ""),
    (
        "[host.www]\naddress = \"203.0.113.10\"\nnames = [\"www.example.com\"]\n\
         http = { pages = { \"/\" = \"hello\\n\", \"/status\" = [{ status = 503 }, { size = 3000, chunk = 700 }] } }\n",
        "",
    ),
    (
        "[host.broker]\naddress = \"192.168.1.21\"\n\
         mqtt = { users = { u = \"p\" }, anonymous = true, retained = { \"a/b\" = \"60\" } }\n",
        "",
    ),
    (
        "[host.chat]\naddress = \"203.0.113.11\"\nnames = [\"chat.example.com\"]\nwebsocket = { greetings = [\"hi\"] }\n",
        "",
    ),
    ("[host.time]\naddress = \"203.0.113.123\"\nnames = [\"cn.ntp.org.cn\"]\nsntp = {}\n", ""),
    (
        "[host.ota]\naddress = \"203.0.113.20\"\nnames = [\"iot.espressif.cn\"]\n\
         update = { versions = { \"v2.4.0.0\" = { ota = 20000 } } }\n",
        "",
    ),
    ("[host.api]\naddress = \"203.0.113.80\"\nnames = [\"api.example.com\"]\n", "http = { tls = true }\n"),
];

/// A scenario's text, and the names and profiles of its modules.
pub fn drawn(seed: u64, stream: &mut Stream) -> (String, Vec<(&'static str, &'static Profile)>) {
    let count = one_of(&[1, 1, 1, 1, 1, 2, 2, 3], stream);
    let timing = one_of(&["typical", "typical", "fast", "worst"], stream);
    let mut text = format!("seed = {seed}\ntiming = \"{timing}\"\n");
    if in_cases(1, 4, stream) {
        add(&mut text, &format!("expect = [{}]", one_of(EXPECT, stream)));
    }
    if in_cases(1, 2, stream) {
        let changes = some(scene::CONSOLE, 3, stream).into_iter().filter(|line| line.contains(' '));
        let changes: Vec<String> = changes
            .filter(|line| !line.starts_with("help") && (cfg!(feature = "tls") || !line.contains(" tls")))
            .map(|line| format!("'at {}s {line}'", stream.between(1, 90)))
            .collect();
        add(&mut text, &format!("timeline = [{}]", changes.join(", ")));
    }
    if in_cases(1, 3, stream) {
        add(&mut text, "capture = { taps = \"all\" }");
    }
    let modules: Vec<(&str, &Profile)> =
        MODULES.into_iter().take(count).map(|name| (name, one_of(&PROFILES, stream))).collect();
    for (name, profile) in &modules {
        module(&mut text, name, profile, stream);
    }
    add(&mut text, "\n[ap.home]\nssid = \"espat-sim\"\nsubnet = \"192.168.1.0/24\"");
    if !in_cases(1, 12, stream) {
        add(&mut text, "password = \"correct horse\"");
        settings(&mut text, AP, 3, stream);
    }
    if in_cases(1, 4, stream) {
        add(&mut text, "\n[dns]");
        settings(&mut text, DNS, 2, stream);
    }
    for (host, with_tls) in HOSTS {
        add(&mut text, &format!("\n{}", host.trim_end()));
        if cfg!(feature = "tls") {
            text.push_str(with_tls);
        }
        if host.contains("203.0.113") && in_cases(1, 2, stream) {
            add(&mut text, "link = { latency = \"15 ms\", loss = \"1 %\" }");
        }
        if in_cases(1, 8, stream) {
            add(&mut text, &format!("toxics = {{ all = \"{}\" }}", one_of(TOXICS, stream)));
        }
    }
    (text, modules)
}

fn module(text: &mut String, name: &str, profile: &Profile, stream: &mut Stream) {
    add(text, &format!("\n[module.{name}]\nprofile = \"{}\"", profile.name));
    if in_cases(1, 6, stream) {
        add(text, "log-port = \"merged\"");
    }
    add(text, &format!("\n[module.{name}.build]"));
    for feature in Feature::ALL.into_iter().filter(|f| profile.offers.of(*f) != Offer::Absent) {
        if in_cases(1, 3, stream) {
            add(text, &format!("{} = {}", feature.key(), in_cases(2, 3, stream)));
        }
    }
    let level = one_of(&["none", "error", "error", "warning", "info"], stream);
    add(text, &format!("log-level = \"{level}\""));
    if in_cases(1, 3, stream) {
        add(text, &format!("\n[link.{name}]"));
        settings(text, LINK, 4, stream);
    }
    if in_cases(1, 4, stream) {
        add(text, &format!("\n[wire.{name}]"));
        settings(text, WIRE, 2, stream);
    }
}

/// Up to so many settings, each key once.
fn settings(text: &mut String, of: &[&str], most: u64, stream: &mut Stream) {
    let key = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let mut keys: Vec<String> = Vec::new();
    for line in some(of, most, stream) {
        if !keys.contains(&key(line)) {
            keys.push(key(line));
            add(text, line);
        }
    }
}

/// Up to so many of them.
fn some<'a>(of: &[&'a str], most: u64, stream: &mut Stream) -> Vec<&'a str> {
    (0..stream.between(0, most)).map(|_| one_of(of, stream)).collect()
}

fn add(text: &mut String, line: &str) {
    // A String takes all that is written to it.
    let _ = writeln!(text, "{line}");
}
