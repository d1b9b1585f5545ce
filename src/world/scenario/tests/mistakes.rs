//! Mistakes in a scenario: each is told with its place, and no text panics.

use proptest::prelude::*;

use super::*;

pub(super) fn mistakes(text: &str) -> Vec<String> {
    match Scenario::parse("lab.toml", text) {
        Ok(_) => panic!("a bad scenario was accepted:\n{text}"),
        Err(e) => {
            e.problems.iter().map(|p| format!("{}:{}: {}", p.place.line, p.place.column, p.message)).collect()
        }
    }
}

#[test]
fn each_mistake_is_told_with_its_place_and_what_was_expected() {
    let two = "[module.a]\n[module.b]\n";
    let cases = [
        (
            "sede = 1",
            "1:1: unknown key `sede` at the top level, expected `seed`, `timing`, `epoch`, `timeline`, `expect`, `capture`, `module`, `ap`, `link`, `wire`, `host` or `dns`; did you mean `seed`?",
        ),
        (
            "[dns]\nttl = \"1500 ms\"",
            "2:7: `ttl` in [dns]: expected whole seconds from 0 to 7 d, found `1500 ms`",
        ),
        (
            "[dns]\nanswers = \"servfial\"",
            "2:11: `answers` in [dns]: expected `right`, `nxdomain`, `servfail`, `refused`, `truncated`, `wrong-id` or `none`, found `servfial`; did you mean `servfail`?",
        ),
        (
            "[dns.records]\n\"a.example\" = 1",
            "2:15: expected an IP address, a list of IP addresses, or a DNS name, found `1`",
        ),
        (
            "[dns.records]\n\"a.example\" = [\"b.example\"]",
            "2:15: expected an IP address, a list of IP addresses, or a DNS name, found a list",
        ),
        (
            "[dns.records]\n\"a.example\" = \"b example\"",
            "2:15: expected a DNS name such as `www.example.com`, found `b example`",
        ),
        (
            "[dns.records]\n\"a.example\" = \"1.2.3.4\"\n[host.h]\naddress = \"9.9.9.9\"\nnames = [\"A.example\"]",
            "5:10: the DNS name `a.example` is used twice; line 2 has it already",
        ),
        (
            "[host.h]\naddress = \"9.9.9.9\"\nudp-echo = 53\ndns.ttl = \"1 s\"",
            "4:1: UDP port 53 is used twice; line 3 has it already",
        ),
        (
            "[ap.x]\nssid = \"x\"\ndns = [\"8.8.8.8\", \"8.8.8.8\"]",
            "3:19: expected each DNS server once, found 8.8.8.8 again",
        ),
        (
            "[ap.x]\nssid = \"x\"\ndns = [\"1.1.1.1\", \"1.1.1.2\", \"1.1.1.3\", \"1.1.1.4\"]",
            "3:7: `dns` in [ap.x]: expected a list of up to three IPv4 addresses, such as [\"192.168.1.53\"], found a list of 4",
        ),
        (
            "seed = -1",
            "1:8: `seed` at the top level: expected an integer from 0 to 18446744073709551615, found `-1`",
        ),
        (
            "seed = 1.0",
            "1:8: `seed` at the top level: expected an integer from 0 to 18446744073709551615, found `1.0`",
        ),
        (
            "seed = 18446744073709551616",
            "1:8: `seed` at the top level: expected an integer from 0 to 18446744073709551615, found `18446744073709551616`",
        ),
        (
            "timing = \"fats\"",
            "1:10: `timing` at the top level: expected `typical`, `fast` or `worst`, found `fats`; did you mean `fast`?",
        ),
        ("timing = 3", "1:10: `timing` at the top level: expected `typical`, `fast` or `worst`, found `3`"),
        (
            "epoch = 2026-01-01",
            "1:9: `epoch` at the top level: expected a date-time in whole seconds with its offset, such as 2026-01-01T00:00:00Z, from 1970 to 2105, found the date-time `2026-01-01`",
        ),
        ("[capture]\ntaps = true", "2:8: `taps` in [capture]: expected `modules` or `all`, found `true`"),
        ("ap = 3", "1:6: `ap` at the top level: expected tables with names: [ap.NAME], found `3`"),
        ("[ap]\nhome = 3", "2:8: expected [ap.home] to be a table, found `3`"),
        ("[ap.home]", "1:5: [ap.home] lacks the key `ssid`, a string of 1 to 32 bytes"),
        (
            "[ap.\"\"]\nssid = \"x\"",
            "1:5: expected a name of 1 to 32 characters without control characters, found ``",
        ),
        (
            "[ap.home]\nssid = \"x\"\nencryption = \"wpa3\"",
            "3:14: `encryption` in [ap.home]: expected a password with this encryption, found none",
        ),
        (
            "[ap.home]\nssid = \"x\"\npassword = \"longenough\"\nencryption = \"open\"",
            "4:14: `encryption` in [ap.home]: expected no password with this encryption, found one",
        ),
        (
            "[ap.home]\nssid = \"x\"\npassword = \"longenough\"\nencryption = \"wep\"",
            "4:14: `encryption` in [ap.home]: expected a password of 13 characters with WEP",
        ),
        (
            "[ap.home]\nssid = \"x\"\npassword = \"short\"",
            "3:12: `password` in [ap.home]: expected a string of 8 to 63 printable ASCII characters, or \"\" for an open network, found the string `short`",
        ),
        (
            "[ap.home]\nssid = \"x\"\nchannel = 15",
            "3:11: `channel` in [ap.home]: expected an integer from 1 to 14, found `15`",
        ),
        (
            "[ap.home]\nssid = \"x\"\nup = \"yes\"",
            "3:6: `up` in [ap.home]: expected true or false, found the string `yes`",
        ),
        (
            "[ap.home]\nssid = \"x\"\nbssid = \"01:00:00:00:00:00\"",
            "3:9: `bssid` in [ap.home]: expected the MAC address of a station, such as \"24:0a:c4:00:00:01\", found the string `01:00:00:00:00:00`",
        ),
        (
            "[ap.home]\nssid = \"x\"\nsubnet = \"192.168.1.5/24\"",
            "3:10: `subnet` in [ap.home]: expected a network without bits behind its first 24, found `192.168.1.5/24`; did you mean `192.168.1.0/24`?",
        ),
        (
            "[ap.home]\nssid = \"x\"\nsubnet = \"192.168.1.0/31\"",
            "3:10: `subnet` in [ap.home]: expected a network of 8 to 30 bits, such as `192.168.1.0/24`, found `192.168.1.0/31`",
        ),
        (
            "[ap.home]\nssid = \"x\"\nsubnet = \"224.0.0.0/8\"",
            "3:10: `subnet` in [ap.home]: expected a network for hosts, found `224.0.0.0/8`, which is reserved",
        ),
        (
            "[ap.home]\nssid = \"x\"\ngateway = \"192.168.2.1\"",
            "3:11: `gateway` in [ap.home]: expected an address of a host within 192.168.1.0/24, found `192.168.2.1`",
        ),
        (
            "[ap.home]\nssid = \"x\"\ngateway = \"192.168.1.150\"",
            "3:11: `gateway` in [ap.home]: expected a gateway outside the addresses to lease, found 192.168.1.150 within 192.168.1.100 to 192.168.1.199",
        ),
        (
            "[ap.home]\nssid = \"x\"\ndhcp-range = [\"192.168.1.9\", \"192.168.1.8\"]",
            "3:14: `dhcp-range` in [ap.home]: expected the lower address first, found 192.168.1.9 before 192.168.1.8",
        ),
        (
            "[ap.home]\nssid = \"x\"\ndhcp-range = [\"192.168.1.9\"]",
            "3:14: `dhcp-range` in [ap.home]: expected the first and the last address to lease, such as [\"192.168.1.100\", \"192.168.1.199\"], found a list of 1",
        ),
        (
            "[ap.home]\nssid = \"x\"\ndhcp-range = [1, 2]",
            "3:14: `dhcp-range` in [ap.home]: expected the first and the last address to lease, such as [\"192.168.1.100\", \"192.168.1.199\"], found a list with a number",
        ),
        (
            "[ap.home]\nssid = \"x\"\nlease = \"5 s\"",
            "3:9: `lease` in [ap.home]: expected whole seconds from 10 s to 365 d, found `5 s`",
        ),
        (
            "[ap.a]\nssid = \"x\"\n[ap.b]\nssid = \"y\"\nsubnet = \"192.168.0.0/16\"",
            "5:10: expected subnets that do not overlap, found 192.168.0.0/16 here and 192.168.1.0/24 for the access point `a` (line 1)",
        ),
        (
            "[module.wifi]\nprofile = \"esp32c3-v2.4\"",
            "2:11: `profile` in [module.wifi]: expected a profile (`esp32c3-v2.3`, `esp32c3-v3.3`, `esp32c3-v4.1`, `esp32-v3.4`, `esp32c6-v4.1`, `esp8266-v2.2` or `esp8266-v2.3`), found `esp32c3-v2.4`; did you mean `esp32c3-v2.3`?",
        ),
        (
            "[module.gateway]",
            "1:9: expected another name than `gateway`, which is the name of the gateway itself",
        ),
        (
            "[module.b]\nmac = \"24:0a:c4:00:00:01\"\n[module.a]\nmac = \"24:0A:C4:00:00:01\"",
            "4:7: the MAC address 24:0a:c4:00:00:01 is used twice; line 2 has it already",
        ),
        ("[link.wfii]", "1:7: expected the name of a module (`wifi`), found `wfii`; did you mean `wifi`?"),
        (
            "[host.www]\naddress = \"1.2.3.4\"\n[link.www]",
            "3:7: expected the name of a module (`wifi`), found `www`; the link of a host is set with the key `link` of [host.www]",
        ),
        (
            "[link.wifi]\nlatency = 5",
            "2:11: `latency` in [link.wifi]: expected a duration from 0 to 1 h, such as \"2 ms\", found `5`",
        ),
        (
            "[link.wifi]\nlatency = \"2 mss\"",
            "2:11: `latency` in [link.wifi]: unknown unit `mss` in `2 mss`, expected `ns`, `us`, `ms`, `s`, `min`, `h` or `d`; did you mean `ms`?",
        ),
        (
            "[link.wifi]\nloss = 0.05",
            "2:8: `loss` in [link.wifi]: expected a chance from 0 to 100 %, such as \"0.5 %\", found `0.05`",
        ),
        (
            "[link.wifi]\nmtu = 1501",
            "2:7: `mtu` in [link.wifi]: expected an integer from 576 to 1500 (bytes), found `1501`",
        ),
        (
            "[host.www]\naddress = \"www\"",
            "2:11: `address` in [host.www]: expected the IPv4 address of one host, found `www`",
        ),
        (
            "[host.www]\naddress = \"1.2.3.4\"\nbacklog = 0",
            "3:11: `backlog` in [host.www]: expected an integer from 1 to 4096, found `0`",
        ),
        (
            "[host.www]\naddress = \"224.0.0.1\"",
            "2:11: `address` in [host.www]: expected the IPv4 address of one host, found `224.0.0.1`",
        ),
        (
            "[ap.a]\nssid = \"a\"\nipv6 = \"2001:db8::1/64\"",
            "3:8: `ipv6` in [ap.a]: expected an IPv6 network of 64 bits for hosts, such as `2001:db8:1::/64`, found `2001:db8::1/64`",
        ),
        (
            "[ap.a]\nssid = \"a\"\nipv6 = \"fe80::/64\"",
            "3:8: `ipv6` in [ap.a]: expected an IPv6 network of 64 bits for hosts, such as `2001:db8:1::/64`, found `fe80::/64`",
        ),
        (
            "[host.www]\naddress = \"1.2.3.4\"\naddress6 = \"ff02::1\"",
            "3:12: `address6` in [host.www]: expected the IPv6 address of one host, found `ff02::1`",
        ),
        (
            "[host.www]\naddress = \"1.2.3.4\"\naddress6 = \"2001:db8::1\"\nlink = { mtu = 1279 }",
            "3:12: `address6` in [host.www]: expected a link of at least 1280 bytes for a host with IPv6, found an MTU of 1279",
        ),
        (
            "[ap.a]\nssid = \"a\"\n[host.x]\naddress = \"192.168.1.5\"\naddress6 = \"2001:db8::5\"",
            "5:12: `address6` in [host.x]: expected no IPv6 address, because the access point `a` has no `ipv6`, found 2001:db8::5",
        ),
        (
            "[ap.a]\nssid = \"a\"\nipv6 = \"2001:db8::/64\"\n[host.x]\naddress = \"1.2.3.4\"\naddress6 = \"2001:db8::5\"",
            "6:12: `address6` in [host.x]: expected an address of no access point, because the host is beyond the gateway, found 2001:db8::5 of `a`",
        ),
        (
            "[ap.a]\nssid = \"a\"\nipv6 = \"2001:db8::/64\"\n[host.x]\naddress = \"192.168.1.5\"\naddress6 = \"2001:db8::1\"",
            "6:12: `address6` in [host.x]: expected another address than 2001:db8::1, which is the gateway's",
        ),
        (
            "[host.www]\nnames = [\"a\"]",
            "1:7: [host.www] lacks the key `address`, an IPv4 address of one host, such as \"192.168.1.10\"",
        ),
        (
            "[host.wifi]\naddress = \"1.2.3.4\"",
            "1:7: expected a name that no module has, found `wifi`: links are named after both",
        ),
        (
            "[host.b]\naddress = \"1.2.3.4\"\n[host.a]\naddress = \"1.2.3.4\"",
            "4:11: the address 1.2.3.4 is used twice; line 2 has it already",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\nnames = [\"x.y\", \"X.y\"]",
            "3:17: the DNS name `x.y` is used twice; line 3 has it already",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\nnames = [\"x y\"]",
            "3:10: expected a DNS name such as `www.example.com`, found `x y`",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\ntcp-echo = 0",
            "3:12: `tcp-echo` in [host.a]: expected a port from 1 to 65535, found `0`",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\ntcp-echo = 80\nhttp = {}",
            "4:8: TCP port 80 is used twice; line 3 has it already",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\ntcp-terminal = 7\nudp-echo = 7\nudp-terminal = 7",
            "5:16: UDP port 7 is used twice; line 4 has it already",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\ntimeline = []",
            "3:1: unknown key `timeline` in [host.a], expected `address`, `address6`, `names`, `ap`, `link`, `mac`, `groups`, `toxics`, `connections`, `backlog`, `http`, `dns`, `tcp-echo`, `udp-echo`, `tcp-terminal`, `udp-terminal`, `discard`, `source`, `script`, `external`, `sntp`, `update`, `mqtt` or `websocket`; `timeline` belongs to the top of the file, before the first [section]",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\n[host.a.http]\npages = { status = \"x\" }",
            "4:11: expected a path that begins with `/`, of printable ASCII without space and `#`, found `status`",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\n[host.a.http]\npages = { \"/\" = 5 }",
            "4:17: expected [host.a.http.pages.\"/\"] to be a table, found `5`",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\n[host.a.http]\npages = { \"/\" = { body = \"x\", file = \"x\" } }",
            "4:38: `file` in [host.a.http.pages.\"/\"]: expected none beside `body`, which says the body already",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\n[host.a.http]\npages = { \"/\" = { size = 16777217 } }",
            "4:26: `size` in [host.a.http.pages.\"/\"]: expected a number of bytes from 0 to 16777216, found \
             `16777217`",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\n[host.a.http]\npages = { \"/\" = [{ file = \"\" }] }",
            "4:27: `file` in [host.a.http.pages.\"/\"]: expected the path of a file, such as \"page.html\", found \
             the string ``",
        ),
        (
            "[host.a]\naddress = \"1.2.3.4\"\n[host.a.http]\npages = { \"/\" = { status = 100 } }",
            "4:28: `status` in [host.a.http.pages.\"/\"]: expected an integer from 200 to 599, found `100`",
        ),
        (
            "timeline = [\"ap home down\"]",
            "1:13: expected the name of an access point, but this scenario has none; found `home`",
        ),
        (
            "timeline = [\"at 1s link wfi down\"]",
            "1:13: expected the name of a link (`wifi`), found `wfi`; did you mean `wifi`?",
        ),
        (
            "timeline = [\"link wifi down\"]",
            "1:13: expected a line such as `at 12s ap home down`, found `link wifi down`",
        ),
        (
            "timeline = [\"at 1s link wifi dwon\"]",
            "1:13: expected a setting of the link (`latency`, `jitter`, `distribution`, `loss`, `gemodel`, `corrupt`, `duplicate`, `reorder`, `gap`, `rate`, `limit`, `mtu`, `down` or `up`), found `dwon`; did you mean `down`?",
        ),
        (
            "[dns.records]\n\"a.example\" = \"b.exampel\"\n\"b.example\" = \"1.2.3.4\"",
            "2:15: expected the address of `a.example`, or a name that this server knows, found `b.exampel`; did you mean `b.example`?",
        ),
        (
            "[dns.records]\n\"a.example\" = \"a.example\"",
            "2:15: expected aliases that lead to an address, found a circle: a.example -> a.example",
        ),
        (
            "[wire.wifi]\nmcu-line = \"\\n9600\"",
            "2:12: `mcu-line` in [wire.wifi]: expected 80 to 5000000 baud and a format, such as `9600 8n1` or `115200 7e1.5`, found `\\n9600`",
        ),
        ("seed = \"1", "1:10: this is not TOML: invalid basic string, expected `\"`"),
        ("seed = 1\nseed = 2\n", "2:1: this is not TOML: duplicate key"),
    ];
    for (text, expected) in cases {
        assert_eq!(mistakes(text), [expected], "in:\n{text}");
    }
    let on_home = [
        (
            "address = \"192.168.1.1\"",
            "4:11: `address` in [host.x]: expected another address than 192.168.1.1, which is the gateway of the access point `home`",
        ),
        (
            "address = \"192.168.1.255\"",
            "4:11: `address` in [host.x]: expected an address of a host within 192.168.1.0/24, found 192.168.1.255, which is the network's own or its broadcast address",
        ),
        (
            "address = \"192.168.1.120\"",
            "4:11: `address` in [host.x]: expected an address outside 192.168.1.100 to 192.168.1.199, which the access point `home` leases to stations, found 192.168.1.120",
        ),
        (
            "address = \"1.2.3.4\"\nap = \"home\"",
            "4:11: `address` in [host.x]: expected an address within 192.168.1.0/24, the subnet of the access point `home`, found 1.2.3.4",
        ),
        (
            "address = \"1.2.3.4\"\nap = \"hone\"",
            "5:6: `ap` in [host.x]: expected the name of an access point (`home`), found `hone`; did you mean `home`?",
        ),
    ];
    for (keys, expected) in on_home {
        assert_eq!(mistakes(&format!("{HOME}[host.x]\n{keys}")), [expected], "in:\n{keys}");
    }
    assert_eq!(
        mistakes(&format!("{two}[link.a]\nlatency = \"99 us\"")),
        [
            "3:7: expected a latency of at least 100 us on the link of a module, because there are several modules; found 99 us"
        ]
    );
    let timeline = "timeline = [\"at 1s link b latency 0\"]\n";
    assert_eq!(
        mistakes(&format!("{timeline}{two}")),
        [
            "1:13: expected a latency of at least 100 us on the link of a module, because there are several modules; found 0 ns"
        ]
    );
    parse(&timeline.replace("link b", "link wifi"));
}

#[test]
fn an_error_shows_every_mistake_under_its_line() {
    let error =
        Scenario::parse("lab.toml", "sede = 1\n[ap.home]\nssid = \"x\"\n\tchannel = 15\n").unwrap_err();
    assert_eq!(
        error.message,
        "lab.toml:1:1: unknown key `sede` at the top level, expected `seed`, `timing`, `epoch`, `timeline`, `expect`, \
         `capture`, `module`, `ap`, `link`, `wire`, `host` or `dns`; did you mean `seed`? (and 1 more mistake)"
    );
    assert_eq!(
        error.to_string(),
        "error: unknown key `sede` at the top level, expected `seed`, `timing`, `epoch`, `timeline`, `expect`, `capture`, \
         `module`, `ap`, `link`, `wire`, `host` or `dns`; did you mean `seed`?
 --> lab.toml:1:1
  |
1 | sede = 1
  | ^^^^

error: `channel` in [ap.home]: expected an integer from 1 to 14, found `15`
 --> lab.toml:4:12
  |
4 |     channel = 15
  |               ^^
"
    );
}

#[test]
fn a_flood_of_mistakes_is_cut_to_a_readable_report() {
    let text: String = (0..5_000).map(|n| format!("x{n} = 1\n")).collect();
    let error = Scenario::parse("lab.toml", &text).unwrap_err();
    assert_eq!(error.problems.len(), 20);
    assert!(error.message.ends_with("(and 4999 more mistakes)"), "{}", error.message);
    assert!(error.to_string().ends_with("\n4980 more mistakes are not shown\n"), "{error}");
}

#[test]
fn an_old_key_is_refused_with_what_is_written_today() {
    for (text, message) in [
        (
            "[module.a]\nmcu-tx = \"wire\"",
            "2:1: unknown key `mcu-tx` in [module.a]: it stands in [wire.NAME] now",
        ),
        (
            "[ap.home]\nssid = \"x\"\ndhcp = [\"192.168.1.9\", \"192.168.1.9\"]",
            "3:1: unknown key `dhcp` in [ap.home]: it is called `dhcp-range` now",
        ),
        ("[link.wifi]\ndown = true", "2:1: unknown key `down` in [link.wifi]: it is `up = false` now"),
        (
            "[wire.wifi]\nline = \"9600 8n1\"",
            "2:1: unknown key `line` in [wire.wifi]: it is called `mcu-line` now",
        ),
        ("[wire.wifi]\ndrop = \"1 %\"", "2:1: unknown key `drop` in [wire.wifi]: it is called `loss` now"),
        (
            "[host.pc]\naddress = \"203.0.113.1\"\nsntp = { silent = true }",
            "3:10: unknown key `silent` in [host.pc.sntp]: it is `answers = \"none\"` now",
        ),
    ] {
        assert_eq!(mistakes(text), [message], "in:\n{text}");
    }
    for (line, now) in [
        ("at 1s ap home dhcp nak", "`dhcp-answers`"),
        ("at 1s wire wifi drop 1%", "`loss`"),
        ("at 1s host pc sntp silent", "`answers none`"),
    ] {
        let [message] = &mistakes(&format!("timeline = [\"{line}\"]"))[..] else { panic!("{line}") };
        assert!(message.contains(&format!("which is {now} now")), "{message}");
    }
}

#[test]
fn a_text_that_nests_without_end_is_refused() {
    for text in [format!("{}b = 1", "a.".repeat(100_000)), format!("a = {}", "[".repeat(100_000))] {
        assert!(mistakes(&text)[0].contains("recurs"), "{}", mistakes(&text)[0]);
    }
}

#[cfg(feature = "tls")] // a build without it has another built-in scenario, and no certificates
#[test]
fn certificates_are_of_a_kind_that_the_profile_keeps_and_have_their_keys() {
    for (text, message) in [
        (
            "[module.a]\ncertificates = { https_ca = [\"a.pem\"] }\n",
            "`https_ca` in [module.a.certificates]: expected a kind that esp32c3-v2.3 keeps (`client_cert`, ",
        ),
        ("[module.a]\ncertificates = { client_ca = [\"\"] }\n", "expected the path of a PEM file, found"),
        (
            "[module.a]\ncertificates = { client_ca = \"a.pem\" }\n",
            "expected a list of paths of PEM files, such as [\"my.pem\"], found the string `a.pem`",
        ),
        (
            "[host.b]\naddress = \"203.0.113.1\"\nhttp = { tls = { certificate = \"a.pem\" } }\n",
            "`certificate` in [host.b.http.tls]: expected `private-key` beside it, found none",
        ),
        (
            "[host.b]\naddress = \"203.0.113.1\"\nhttp = { tls = { certificate = \"a.pem\", private-key = \"a.key\", \
             key = \"ec\" } }\n",
            "`key` in [host.b.http.tls]: expected none beside `certificate`",
        ),
        (
            "[host.b]\naddress = \"203.0.113.1\"\nhttp = { tls = { client-ca = \"a.pem\" } }\n",
            "`client-ca` in [host.b.http.tls]: expected `client-certificate` beside it",
        ),
    ] {
        let found = mistakes(text);
        assert!(found.len() == 1 && found[0].contains(message), "{text}: {found:?}");
    }
}

#[test]
fn a_build_option_must_be_one_of_the_releases_source() {
    for (profile, option, message) in [
        (
            "esp32c3-v2.3",
            "websocket = true",
            "`websocket` in [module.a.build]: expected an option that the source of esp32c3-v2.3 has; this one is in \
             `esp32c3-v3.3`, `esp32c3-v4.1`, `esp32-v3.4` or `esp32c6-v4.1`",
        ),
        ("esp8266-v2.2", "ssl-server = false", "that the source of esp8266-v2.2 has"),
        ("esp32-v3.4", "https-auth = true", "that the source of esp32-v3.4 has"),
        ("esp32-v3.4", "ssl-psk = 1", "`ssl-psk` in [module.a.build]: expected true or false, found `1`"),
        ("esp32-v3.4", "log-level = \"all\"", "expected `none`, `error`, `warning` or `info`, found `all`"),
        ("esp32-v3.4", "sslpsk = true", "unknown key `sslpsk` in [module.a.build]"),
    ] {
        let text = format!("[module.a]\nprofile = \"{profile}\"\nbuild = {{ {option} }}\n");
        let found = mistakes(&text);
        assert!(found.len() == 1 && found[0].contains(message), "{text}: {found:?}");
    }
    let text = "[module.a]\nprofile = \"esp32-v3.4\"\nbuild = { websocket = true, ssl-psk = false }\n";
    let scenario = Scenario::parse("lab.toml", text).unwrap_or_else(|e| panic!("{e}"));
    let build = scenario.modules[0].build;
    assert!(build.has(Feature::WebSocket) && !build.has(Feature::SslPsk) && build.has(Feature::Http));
}

#[cfg(feature = "tls")] // a build without it tells of that first
#[test]
fn versions_of_tls_with_a_gap_and_numbers_of_suites_with_a_sign_are_told() {
    let of = |tls: &str| {
        mistakes(&format!("[host.www]\naddress = \"203.0.113.1\"\nhttp = {{ tls = {{ {tls} }} }}\n"))
    };
    let gap = "3:29: `versions` in [host.www.http.tls]: expected versions without a gap (`1.0`, `1.1`, `1.2`), found none of `1.1`";
    assert_eq!(of("versions = [\"1.0\", \"1.2\"]"), [gap]);
    assert_eq!(of("versions = [\"1.3\", \"1.2\", \"1.0\"]"), [gap]);
    for suite in ["0x+030", "0x-030", "0xc03", "c030"] {
        let told = format!("3:28: expected a number of four digits such as `0xc030`, found `{suite}`");
        assert_eq!(of(&format!("suites = [\"{suite}\"]")), [told]);
    }
    for good in ["versions = [\"1.2\", \"1.1\"]", "versions = [\"1.1\", \"1.3\"]", "suites = [\"0xC030\"]"] {
        let text = format!("[host.www]\naddress = \"203.0.113.1\"\nhttp = {{ tls = {{ {good} }} }}\n");
        Scenario::parse("lab.toml", &text).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
}

#[test]
fn mistakes_in_time_and_update_servers_are_told() {
    let host = |rest: &str| format!("[host.pc]\naddress = \"203.0.113.1\"\n{rest}\n");
    for (rest, message) in [
        (
            "sntp = { stratum = 16 }",
            "`stratum` in [host.pc.sntp]: expected an integer from 0 to 15, found `16`",
        ),
        ("sntp = { offset = \"-5\" }", "`offset` in [host.pc.sntp]: "),
        ("sntp = {}\nudp-echo = 123", "UDP port 123 is used twice"),
        ("mqtt = {}\ntcp-echo = 1883", "TCP port 1883 is used twice"),
        ("mqtt = { users = { alice = 1 } }", "expected a string for `alice`, found `1`"),
        ("mqtt = { retained = { \"a/#\" = \"x\" } }", "expected a topic without `+` and `#`, found `a/#`"),
        ("mqtt = { acl = [\"alice publish\"] }", "expected a rule such as \"alice publish sensors/#\": "),
        (
            "mqtt = { acl = [\"* write a\"] }",
            "`publish`, `subscribe` or `both`, then a filter of topics, found `* write a`",
        ),
        ("mqtt = { acl = [\"* both a#\"] }", "then a filter of topics, found `* both a#`"),
        (
            "mqtt = { users = { alice = \"x\" }, acl = [\"bob both #\"] }",
            "expected a rule for one of `users` or `*`, found `bob`",
        ),
        (
            "mqtt = { denied = \"closed\" }",
            "expected `refuse` or `close`, found `closed`; did you mean `close`?",
        ),
        ("http = {}\nupdate = { versions = { v1 = {} } }", "TCP port 80 is used twice"),
        ("update = {}", "[host.pc.update] lacks the key `versions`"),
        ("update = { versions = {} }", "expected `latest`, because there are 0 versions"),
        ("update = { versions = { v1 = {}, v2 = {} } }", "expected `latest`, because there are 2 versions"),
        (
            "update = { versions = { v1 = {} }, latest = \"v2\" }",
            "`latest` in [host.pc.update]: expected one of the versions (`v1`), found `v2`",
        ),
        ("update = { versions = { \"v 1\" = {} } }", "expected a version of 1 to 31 letters"),
        ("update = { versions = { v1 = 5 } }", "expected a table of files and their sizes"),
        (
            "update = { versions = { v1 = { ota = 79 } } }",
            "expected the size of `ota`, 80 to 16777216 bytes, found `79`",
        ),
        (
            "update = { versions = { v1 = { fatfs = \"1 MB\" } } }",
            "expected the size of `fatfs`, 1 to 16777216 bytes, found the string `1 MB`",
        ),
    ] {
        let found = mistakes(&host(rest)).join("\n");
        assert!(found.contains(message), "{rest}: expected {message}, found {found}");
    }
}

/// The built-in scenario with some bytes cut out and others put in their place.
fn mutated() -> impl Strategy<Value = String> {
    let text = Scenario::default_text();
    let piece =
        prop_oneof!["[\\[\\]{}=\",.\\n#]{0,3}", "[a-z0-9 ]{0,6}", ".{0,4}", Just("\u{0}".to_string())];
    proptest::collection::vec((0..=text.len(), 0..8usize, piece), 1..5).prop_map(move |edits| {
        let mut out = text.to_string();
        for (at, cut, piece) in edits {
            let start = out.floor_char_boundary(at.min(out.len()));
            let end = out.ceil_char_boundary((start + cut).min(out.len()));
            out.replace_range(start..end, &piece);
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), mutated in mutated()) {
        for text in [String::from_utf8_lossy(&bytes).into_owned(), mutated] {
            if let Err(e) = Scenario::parse("lab.toml", &text) {
                prop_assert!(!e.problems.is_empty() && !e.message.contains('\n'), "{:?}", e);
            }
        }
    }
}

#[test]
fn a_scenario_without_an_end_is_refused_before_it_is_read() {
    let longest = "#".repeat(read::LONGEST);
    assert!(Scenario::parse("long.toml", &longest).is_ok(), "the longest scenario is read");
    let longer = longest + "#";
    let refused = Scenario::parse("long.toml", &longer).expect_err("a scenario that is too long was read");
    assert!(refused.message.contains("at most 16777216 bytes, this one has 16777217"), "{refused}");
}
