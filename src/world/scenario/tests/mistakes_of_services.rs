//! Mistakes about what a host must have: an order to a service that it lacks, and settings of one that can't be.

use super::mistakes::mistakes;

#[test]
fn an_order_to_a_service_that_the_host_lacks_is_a_mistake() {
    for (order, expected) in [
        ("http /x status 503", "an HTTP server (`http`)"),
        ("update answers damaged", "an update server (`update`)"),
        ("websocket ping x", "a WebSocket server (`websocket`)"),
        ("publish topic x", "an MQTT broker (`mqtt`)"),
        ("mqtt answers none", "an MQTT broker (`mqtt`)"),
        ("sntp answers none", "a time server (`sntp`)"),
        ("tls alert 40", "a service that has `tls`"),
    ] {
        let text = format!("timeline = [\"at 1s host a {order}\"]\n[host.a]\naddress = \"1.2.3.4\"\n");
        assert_eq!(mistakes(&text), [format!("1:13: expected a host with {expected}, found `a`")], "{order}");
    }
}

#[test]
fn an_access_point_in_the_lan_of_none_is_a_mistake() {
    let expected =
        "expected the name of an access point with a LAN of its own, but this scenario has none; found";
    assert_eq!(
        mistakes("[ap.one]\nssid = \"a\"\nlan = \"two\"\n[ap.two]\nssid = \"b\"\nlan = \"one\"\n"),
        [
            format!("1:5: `lan` in [ap.one]: {expected} `two`"),
            format!("4:5: `lan` in [ap.two]: {expected} `one`"),
        ]
    );
}

#[test]
fn settings_of_a_websocket_server_that_can_not_be_are_mistakes() {
    let path =
        "4:8: `path` in [host.a.websocket]: expected a path that begins with `/`, without a query, found";
    for (setting, expected) in [
        ("path = \"chat\"", format!("{path} `chat`")),
        ("path = \"/chat?x\"", format!("{path} `/chat?x`")),
        (
            "protocols = [\"a b\"]",
            "4:14: expected the name of a protocol such as `mqtt`, found `a b`".to_owned(),
        ),
    ] {
        let text = format!("[host.a]\naddress = \"1.2.3.4\"\n[host.a.websocket]\n{setting}\n");
        assert_eq!(mistakes(&text), [expected], "{setting}");
    }
}

#[cfg(feature = "tls")]
#[test]
fn settings_of_tls_that_can_not_be_are_mistakes() {
    for (setting, expected) in [
        ("suites = [\"c030\"]", "3:42: expected a number of four digits such as `0xc030`, found `c030`"),
        ("psk = { id = 5 }", "3:40: expected a key of 1 to 32 bytes as a string, found `5`"),
        ("psk = { id = \"\" }", "3:40: expected a key of 1 to 32 bytes as a string, found the string ``"),
    ] {
        let text =
            format!("[host.a]\naddress = \"1.2.3.4\"\ntcp-echo = {{ port = 7, tls = {{ {setting} }} }}\n");
        assert_eq!(mistakes(&text), [expected], "{setting}");
    }
}
