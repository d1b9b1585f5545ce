//! Mistakes in what a host has: its address, its toxics, the programs and pages behind it.

use super::*;

#[test]
fn each_mistake_in_a_host_is_told_with_its_place_and_what_was_expected() {
    let cases = [
        (
            "mac = \"02:00:00:00:00:01\"",
            "3:7: `mac` in [host.h]: expected a host behind an access point, found one beyond the gateway",
        ),
        ("groups = [\"10.0.0.1\"]", "3:11: expected the address of a multicast group, found `10.0.0.1`"),
        ("toxics = { \"0\" = \"stall\" }", "3:12: expected a port from 1 to 65535, or `all`, found `0`"),
        ("toxics = { all = 1 }", "3:18: expected a string such as \"bandwidth 8kbit/s\", found `1`"),
        (
            "toxics = { all = \"bandwith 8kbit/s\" }",
            "3:18: expected a setting of the toxics (`none`, `accept`, `refuse`, `ignore`, `stall`, `flow`, `slicer`, `bandwidth`, `reset-after`, `close-after`, `slow-close` or `garble`), found `bandwith`; did you mean `bandwidth`?",
        ),
        (
            "external = { \"1883\" = \"1883\" }",
            "3:14: expected a port with the place of a program, such as \"1883\" = \"127.0.0.1:1883\"",
        ),
        (
            "external = { \"x\" = \"127.0.0.1:1883\" }",
            "3:14: expected a port with the place of a program, such as \"1883\" = \"127.0.0.1:1883\"",
        ),
        (
            "http.pages = { \"/\" = { headers = { \"X Y\" = \"1\" } } }",
            "3:36: expected a header of printable ASCII characters, found `X Y`",
        ),
        ("http.pages = { \"/\" = { headers = { X = 1 } } }", "3:40: expected a string for `X`, found `1`"),
        (
            "http.pages = { \"/\" = { methods = [\"get\"] } }",
            "3:35: expected a method in capitals, found `get`",
        ),
        (
            "http.pages = { \"/\" = [] }",
            "3:16: expected at least one answer in [host.h.http.pages.\"/\"], found an empty list",
        ),
        ("http = { shows = [\"a b\"] }", "3:19: expected the name of a header, found `a b`"),
    ];
    for (line, expected) in cases {
        let text = format!("[host.h]\naddress = \"9.9.9.9\"\n{line}\n");
        assert_eq!(mistakes::mistakes(&text), [expected], "of {line}");
    }
}
