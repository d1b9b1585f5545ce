//! What a scenario's text means.

mod mistakes;
mod mistakes_of_hosts;
mod mistakes_of_services;

use std::net::Ipv4Addr;

use super::table::Key;
use super::*;
use crate::net::config::{
    ConnectionLimits, DhcpAnswers, Distribution, DnsAnswers, DnsBehaviour, DnsConfig, DnsRecord, Faults,
    GeModel, LinkFaults, ServiceConfig, Sntp, SntpAnswers, UpdateAnswers, UpdateOffer,
};
use crate::profile::Feature;
use crate::uart::LineSettings;
use crate::wifi::config::{Pmf, Security};
use crate::world::McuTx;
use crate::world::console::Change;

fn parse(text: &str) -> Scenario {
    Scenario::parse("lab.toml", text).unwrap_or_else(|e| panic!("a good scenario was refused:\n{e}"))
}

/// The mistakes in `text`, as `line:column: message`.
const HOME: &str = "[ap.home]\nssid = \"espat-sim\"\n";

#[cfg(feature = "tls")] // a build without it has another built-in scenario, and no certificates
#[test]
fn the_built_in_scenario_is_what_the_demo_needs() {
    let s = parse(Scenario::default_text());
    assert_eq!((s.seed, s.timing, s.epoch, s.taps_all), (Some(1), Timing::Typical, 1_767_225_600, false));
    assert_eq!(s.modules.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["wifi"]);
    let ap = &s.aps[0];
    assert_eq!((ap.name.as_str(), ap.ssid.as_slice(), ap.up), ("home", b"espat-sim".as_slice(), true));
    assert_eq!(ap.password, b"correct horse");
    let segment = &s.net.segments[0];
    assert_eq!((segment.name.as_str(), segment.gateway.to_string().as_str()), ("home", "192.168.1.1"));
    assert_eq!((segment.prefix_len, segment.lease), (24, Duration::from_secs(7200)));
    assert_eq!(segment.dhcp_range, ("192.168.1.100".parse().unwrap(), "192.168.1.199".parse().unwrap()));
    let hosts: Vec<_> =
        s.net.hosts.iter().map(|h| (h.name.as_str(), h.address.to_string(), h.segment.as_deref())).collect();
    assert_eq!(
        hosts,
        [
            ("api", "203.0.113.80".to_string(), None),
            ("echo", "198.51.100.7".to_string(), None),
            ("nas", "192.168.1.10".to_string(), Some("home")),
            ("time", "203.0.113.123".to_string(), None),
            ("www", "203.0.113.10".to_string(), None),
        ]
    );
    let www = &s.net.hosts[4];
    assert_eq!(www.link.latency(), Duration::from_millis(15));
    let ServiceConfig::Http { port: 80, pages, .. } = &www.services[0] else { panic!("{:?}", www.services) };
    assert_eq!(pages[1].path, "/status");
    assert_eq!(pages[1].answers[0].body, b"espat-sim says hello\n");
    let radio = &s.net.modules[0];
    assert_eq!(radio.name, "wifi");
    let expected = Faults {
        latency: Duration::from_millis(2),
        jitter: Duration::from_micros(500),
        rate_bps: Some(20_000_000),
        ..Faults::default()
    };
    assert_eq!(radio.link, expected.into());
}

#[test]
fn every_example_is_a_scenario() {
    let lossy = parse(include_str!("../../../scenarios/lossy.toml"));
    assert_eq!(lossy.net.modules[0].link.up.loss_ppm, 50_000);
    let slow = parse(include_str!("../../../scenarios/slow-server.toml"));
    let ServiceConfig::Http { pages, .. } = &slow.net.hosts[0].services[0] else {
        panic!("the slow server is no HTTP server");
    };
    assert_eq!(pages[2].answers[0].delay, Duration::from_secs(8));
    let two = parse(include_str!("../../../scenarios/two-aps.toml"));
    assert_eq!(two.timeline[0].what, Timed::Change(Change::ApDown("lab".to_string())));
}

#[test]
fn an_empty_file_is_a_world_with_one_module_and_no_network() {
    let s = parse("");
    assert_eq!((s.modules[0].name.as_str(), s.modules[0].profile.as_str()), ("wifi", "esp32c3-v2.3"));
    assert_eq!((s.aps.len(), s.net.hosts.len(), s.net.modules.len(), s.seed), (0, 0, 1, None));
}

#[test]
fn every_key_can_be_given() {
    let s = parse(
        r#"
        seed = 0xFFFF_FFFF_FFFF_FFFF
        timing = "worst"
        epoch = "2030-06-01T12:00:00+02:00"
        timeline = ["at 2 s link b down", "at 1s ap \"my ap\" up", "at 2s link www loss 1%"]
        expect = ["by 5 s b station joined", "then never within 1min www http \"GET /\" -> 404"]
        [capture]
        taps = "all"
        [module.b]
        profile = "esp32c3-v2.3"
        mac = "24:0A:C4:00:00:02"
        [module.a]
        [ap."my ap"]
        ssid = "x"
        password = ""
        bssid = "24-0a-c4-00-00-01"
        channel = 14
        rssi = -100
        encryption = "wpa2-enterprise"
        pmf = "capable"
        hidden = true
        modes = "bg"
        wps = true
        up = false
        subnet = "10.1.2.0/28"
        gateway = "10.1.2.14"
        dhcp-answers = "no-ack"
        dhcp-range = ["10.1.2.4", "10.1.2.4"]
        lease = "90 s"
        dns = ["10.1.2.5", "8.8.8.8"]
        [wire.b]
        mcu-tx = "as-stored"
        mcu-line = "9600 7e2"
        obeys-rts = true
        noise = "1 %"
        loss = "2 ppm"
        [link.b]
        latency = "1 ms"
        jitter = "0"
        loss = "0.5 %"
        duplicate = "1 ppm"
        reorder = "100 %"
        rate = "unlimited"
        mtu = 576
        up = false
        distribution = "pareto"
        gemodel = ["1 %", "25 %", "90 %"]
        corrupt = "3 ppm"
        gap = 5
        limit = 50
        downstream = { loss = "1 %", up = true }
        [host.www]
        address = "10.1.2.5"
        names = ["WWW.example.com"]
        ap = "my ap"
        tcp-echo = 7
        udp-echo = 80
        tcp-terminal = 80
        udp-terminal = 7
        connections = 2
        backlog = 4096
        link.rate = "64 kbit/s"
        [host.www.dns]
        answers = "servfail"
        delay = "20 ms"
        ttl = "0"
        records = { "A.example" = "10.0.0.1", "b.example" = ["10.0.0.2", "2001:db8::2"], "www.example.com" = "A.example" }
        [dns]
        ttl = "7 d"
        [host.www.http]
        port = 8080
        pages."/x" = { body = "b", status = 404, content-type = "text/html", delay = "1 s" }
        "#,
    );
    assert_eq!((s.seed, s.timing, s.epoch, s.taps_all), (Some(u64::MAX), Timing::Worst, 1_906_538_400, true));
    assert_eq!(s.modules[0].wire, WireConfig::default());
    let wire = WireConfig {
        mcu_queue: 1 << 20,
        mcu_tx: Some(McuTx::AsStored),
        mcu_line: LineSettings::parse("9600 7e2").ok(),
        obeys_rts: Some(true),
        noise_ppm: 10_000,
        loss_ppm: 2,
    };
    assert_eq!(s.modules[1].wire, wire);
    assert_eq!(s.modules[1].mac, Some([0x24, 0x0a, 0xc4, 0, 0, 2]));
    assert_eq!((s.aps[0].security, s.aps[0].pmf), (Security::Wpa2Enterprise, Pmf::Capable));
    assert_eq!((s.aps[0].hidden, s.aps[0].modes, s.aps[0].wps), (true, 3, true));
    assert_eq!(s.aps[0].bssid, [0x24, 0x0a, 0xc4, 0, 0, 1]);
    assert_eq!(s.net.segments[0].dhcp_answers, DhcpAnswers::NoAck);
    assert_eq!(s.net.segments[0].dhcp_range.0, s.net.segments[0].dhcp_range.1);
    let link = Faults {
        latency: Duration::from_millis(1),
        loss_ppm: 5_000,
        duplicate_ppm: 1,
        reorder_ppm: 1_000_000,
        mtu: 576,
        down: true,
        distribution: Distribution::Pareto,
        bursts: Some(GeModel { p: 10_000, r: 250_000, bad: 900_000, good: 0 }),
        corrupt_ppm: 3,
        gap: 5,
        limit: 50,
        ..Faults::default()
    };
    let down = Faults { loss_ppm: 10_000, down: false, ..link.clone() };
    assert_eq!(s.net.modules[1].link, LinkFaults { up: link, down });
    assert_eq!(s.net.hosts[0].dns_names, ["www.example.com"]);
    assert_eq!(s.net.hosts[0].limits, ConnectionLimits { connections: 2, backlog: 4096 });
    assert_eq!(s.net.hosts[0].link.up.rate_bps, Some(64_000));
    let terminals = [ServiceConfig::TcpTerminal { port: 80 }, ServiceConfig::UdpTerminal { port: 7 }];
    assert_eq!(s.net.hosts[0].services[4..], terminals);
    let addresses = |list: &[&str]| DnsRecord::Addresses(list.iter().map(|a| a.parse().unwrap()).collect());
    let dns = DnsConfig {
        records: vec![
            ("a.example".to_string(), addresses(&["10.0.0.1"])),
            ("b.example".to_string(), addresses(&["10.0.0.2", "2001:db8::2"])),
            ("www.example.com".to_string(), DnsRecord::Alias("a.example".to_string())),
        ],
        ttl: 0,
        behaviour: DnsBehaviour { answers: DnsAnswers::Failure, delay: Duration::from_millis(20) },
    };
    assert_eq!(s.net.hosts[0].services[1], ServiceConfig::Dns(dns));
    assert_eq!(s.net.dns, DnsConfig { ttl: 604_800, ..DnsConfig::default() });
    assert_eq!(s.net.segments[0].dns, [[10, 1, 2, 5].into(), Ipv4Addr::new(8, 8, 8, 8)]);
    let line = |what: &Timed| match what {
        Timed::Change(change) => change.to_string(),
        Timed::Rule(rule) => rule.to_string(),
    };
    let timeline: Vec<_> = s.timeline.iter().map(|e| (e.at.as_nanos(), line(&e.what))).collect();
    assert_eq!(
        timeline,
        [
            (1_000_000_000, "ap \"my ap\" up".to_string()),
            (2_000_000_000, "link b down".to_string()),
            (2_000_000_000, "link www loss 1%".to_string()),
        ]
    );
    assert_eq!(s.timeline[0].place, Place { line: 5, column: 43 });
}

#[test]
fn default_subnets_count_access_points_by_name() {
    let s =
        parse("[ap.b]\nssid = \"b\"\n[ap.a]\nssid = \"a\"\n[ap.c]\nssid = \"c\"\nsubnet = \"10.0.0.0/30\"\n");
    let lans: Vec<_> = s.net.segments.iter().map(|n| (n.name.as_str(), n.gateway.to_string())).collect();
    assert_eq!(
        lans,
        [("a", "192.168.1.1".to_string()), ("b", "192.168.2.1".to_string()), ("c", "10.0.0.1".to_string())]
    );
    assert_eq!(s.net.segments[2].dhcp_range, ("10.0.0.2".parse().unwrap(), "10.0.0.2".parse().unwrap()));
    assert_ne!(s.aps[0].bssid, s.aps[1].bssid);
    assert_eq!(s.aps[0].bssid[0] & 3, 2, "a made-up MAC address is a locally administered station's");
}

#[cfg(feature = "tls")] // a build without it has another built-in scenario, and no certificates
#[test]
fn a_command_is_checked_against_the_names_that_exist() {
    use crate::world::console::{LinkChange, Question};
    let s = parse(Scenario::default_text());
    assert_eq!(s.check(&Command::Change(Change::ApUp("home".to_string()))), Ok(()));
    assert_eq!(s.check(&Command::Ask(Question::Link(Some("www".to_string())))), Ok(()));
    let link = Change::Link { name: "nsa".to_string(), change: LinkChange::default() };
    assert_eq!(
        s.check(&Command::At(Instant::ZERO, link)),
        Err("expected the name of a link (`wifi`, `api`, `echo`, `nas`, `time` or `www`), found `nsa`; did you mean `nas`?"
            .to_string())
    );
    for (line, message) in [
        ("host nas close", ""),
        ("host www datagram 255.255.255.255 7 x", ""),
        ("host nas join wifi", ""),
        ("host nas join wfi", "expected the name of a module (`wifi`), found `wfi`; did you mean `wifi`?"),
        ("host nas leave", ""),
        ("host time sntp answers none", ""),
        ("host nas sntp answers none", "expected a host with a time server (`sntp`), found `nas`"),
        (
            "host www join wifi",
            "expected a host behind an access point, found `www`, which is beyond the gateway",
        ),
        (
            "host wifi close",
            "expected the name of a host (`api`, `echo`, `nas`, `time` or `www`), found `wifi`",
        ),
        (
            "at 1s host nas connect 192.168.1.300 7",
            "expected an address or the name of a module (`wifi`), found `192.168.1.300`",
        ),
        (
            "host nas datagram wfi 7 x",
            "expected an address or the name of a module (`wifi`), found `wfi`; did you mean `wifi`?",
        ),
        ("host nas connect 224.0.0.1 7", "expected the address of one host, found `224.0.0.1`"),
    ] {
        let checked = crate::world::console::parse(line).and_then(|c| s.check(&c));
        assert_eq!(checked.err().unwrap_or_default(), message, "{line}");
    }
}

#[test]
fn time_and_update_servers_are_read() {
    let s = parse(
        "[host.time]\naddress = \"203.0.113.1\"\nsntp = { offset = \"-90 s\", stratum = 1, answers = \"none\" }\n\
         [host.ota]\naddress = \"203.0.113.2\"\n\
         update = { versions = { \"v1\" = { ota = 1_000, client_ca = 1 }, v2 = {} }, latest = \"v2\" }\n\
         [host.both]\naddress = \"203.0.113.3\"\nsntp = {}\n\
         update = { port = 8080, versions = { \"v1\" = { ota = 1_000 } }, answers = \"damaged\" }\n",
    );
    let services = |name: &str| &s.net.hosts.iter().find(|h| h.name == name).unwrap().services[..];
    let sntp = Sntp { offset: -90_000_000_000, stratum: 1, answers: SntpAnswers::Silence };
    assert_eq!(services("time"), [ServiceConfig::Sntp(sntp)]);
    let files =
        |files: &[(&str, usize)]| files.iter().map(|(name, size)| (name.to_string(), *size)).collect();
    let first = ("v1".to_string(), files(&[("ota", 1_000), ("client_ca", 1)]));
    let offer = UpdateOffer {
        latest: "v2".to_string(),
        versions: [first, ("v2".to_string(), files(&[]))].into(),
        answers: UpdateAnswers::Right,
    };
    assert_eq!(services("ota"), [ServiceConfig::Update { port: 80, offer }]);
    let offer = UpdateOffer {
        latest: "v1".to_string(),
        versions: [("v1".to_string(), files(&[("ota", 1_000)]))].into(),
        answers: UpdateAnswers::Damaged,
    };
    assert_eq!(
        services("both"),
        [ServiceConfig::Sntp(Sntp::default()), ServiceConfig::Update { port: 8080, offer }]
    );
}

#[test]
fn the_reference_has_a_row_for_every_key() {
    let docs = include_str!("../../../docs/scenario.md");
    let sections: &[(&str, &[Key])] = &[
        ("## Top level", schema::TOP),
        ("## [capture]", schema::CAPTURE),
        ("## [module.NAME]", schema::MODULE),
        ("### [module.NAME.build]", schema::BUILD),
        ("### [module.NAME.certificates]", schema::CERTIFICATES),
        ("## [ap.NAME]", schema::AP),
        ("## [link.NAME]", schema::LINK),
        ("## [wire.NAME]", schema::WIRE),
        ("## [host.NAME]", schema::HOST),
        ("## [host.NAME.http]", schema::HTTP),
        ("A page is", schema::PAGE),
        ("## [host.NAME.http.tls]", schema::TLS),
        ("`tcp-echo` and `tcp-terminal`", schema::TCP_SERVICE),
        ("## DNS servers", schema::DNS),
        ("## [host.NAME.source]", schema::SOURCE),
        ("## [host.NAME.script]", schema::SCRIPT),
        ("## [host.NAME.sntp]", schema::SNTP),
        ("## [host.NAME.update]", schema::UPDATE),
        ("## [host.NAME.mqtt]", schema::MQTT),
        ("## [host.NAME.websocket]", schema::WEBSOCKET),
    ];
    let mut rows = 0;
    for (heading, keys) in sections {
        let (_, section) =
            docs.split_once(heading).unwrap_or_else(|| panic!("docs/scenario.md lacks {heading}"));
        let table: Vec<&str> = section
            .lines()
            .skip_while(|l| !l.starts_with("| `"))
            .take_while(|l| l.starts_with("| `"))
            .collect();
        for (index, Key { name, expects, default }) in keys.iter().enumerate() {
            let row = format!("| `{name}` | {expects} | {default} | ");
            let found = table.get(index).copied().unwrap_or_default();
            assert!(found.starts_with(&row), "docs/scenario.md, {heading}: expected {row}, found {found}");
        }
        rows += keys.len();
    }
    // What stands in the timeline is no key.
    let (docs, _) = docs.split_once("## Timeline").expect("a section about the timeline");
    let shown = docs.lines().filter(|l| l.starts_with("| `")).count();
    assert_eq!(shown, rows, "docs/scenario.md has rows for keys that do not exist");
}

#[test]
fn another_profile_goes_into_the_text_of_the_scenario() {
    let text = with_profile("seed = 3\n[module.wifi]\nprofile = \"a\"\n[ap.x]\nssid = \"s\"\n", "wifi", "b");
    let table: toml::Table = text.parse().expect("it is TOML");
    assert_eq!(table["module"]["wifi"]["profile"].as_str(), Some("b"));
    assert_eq!(table["ap"]["x"]["ssid"].as_str(), Some("s"));
    let text = with_profile("[ap.x]\nssid = \"s\"\n", "wifi", "b");
    assert!(text.contains("[module.wifi]\nprofile = \"b\""), "{text}");
}
