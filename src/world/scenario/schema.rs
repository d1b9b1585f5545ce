//! Every key of a scenario, in tables: what it must be and what holds without it.
//!
//! Messages quote these rows, unknown keys are those without a row, and a test holds `docs/scenario.md` against
//! them.

use super::table::{Key, REQUIRED};

const fn key(name: &'static str, expects: &'static str, default: &'static str) -> Key {
    Key { name, expects, default }
}

pub(super) const TOP: &[Key] = &[
    key("seed", "an integer from 0 to 18446744073709551615", "1"),
    key("timing", "`typical`, `fast` or `worst`", "`typical`"),
    key(
        "epoch",
        "a date-time in whole seconds with its offset, such as 2026-01-01T00:00:00Z, from 1970 to 2105",
        "2026-01-01T00:00:00Z",
    ),
    key("timeline", "a list of strings such as \"at 12s ap home down\"", "empty"),
    key("expect", "a list of strings such as \"by 5s wifi station joined home\"", "empty"),
    key("capture", "a table: [capture]", "see below"),
    key("module", "tables with names: [module.NAME]", "one module, `wifi`"),
    key("ap", "tables with names: [ap.NAME]", "none"),
    key("link", "tables with the names of modules: [link.NAME]", "see below"),
    key("wire", "tables with the names of modules: [wire.NAME]", "see below"),
    key("host", "tables with names: [host.NAME]", "none"),
    key("dns", "a table: [dns]", "see below"),
];

/// Keys that had another name, each with a key of the table that it stood in, and what is written today.
pub(super) const OLD: [(&str, &str, &str); 6] = [
    ("mcu-tx", "log-port", "it stands in [wire.NAME] now"),
    ("dhcp", "dhcp-range", "it is called `dhcp-range` now"),
    ("down", "latency", "it is `up = false` now"),
    ("line", "noise", "it is called `mcu-line` now"),
    ("drop", "noise", "it is called `loss` now"),
    ("silent", "stratum", "it is `answers = \"none\"` now"),
];

pub(super) const CAPTURE: &[Key] = &[key("taps", "`modules` or `all`", "`modules`")];

pub(super) const MODULE: &[Key] = &[
    key("profile", "the name of a profile, such as \"esp32c3-v2.3\"", "`esp32c3-v2.3`"),
    key("mac", "the MAC address of a station, such as \"24:0a:c4:00:00:01\"", "made from the name"),
    key("log-port", "`own` or `merged`", "`own`"),
    key("nvs", "the path of a file, such as \"wifi-nvs.toml\"", "in memory"),
    key("power", "`on` or `off`", "`on`"),
    key("heap", "an integer from 0 to 4294967295 (bytes)", "the profile's"),
    key("flash", "`ok` or `fail`", "`ok`"),
    key("urcs", "`normal` or `hostile`", "`normal`"),
    key("answers", "a list of strings such as \"AT+CIPSEND ERROR once\"", "empty"),
    key("build", "a table: [module.NAME.build]", "the published build"),
    key("certificates", "a table: [module.NAME.certificates]", "the release's"),
];

pub(super) const CERTIFICATES: &[Key] = &[
    key("client_cert", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("client_key", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("client_ca", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("server_cert", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("server_key", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("server_ca", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("mqtt_cert", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("mqtt_key", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("mqtt_ca", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("https_cert", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("https_key", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("https_ca", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("wss_cert", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("wss_key", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
    key("wss_ca", "a list of paths of PEM files, such as [\"my.pem\"]", "the release's"),
];

pub(super) const BUILD: &[Key] = &[
    key("ssl-psk", "true or false", "the release's"),
    key("ssl-server", "true or false", "the release's"),
    key("http", "true or false", "the release's"),
    key("https-auth", "true or false", "the release's"),
    key("websocket", "true or false", "the release's"),
    key("log-level", "`none`, `error`, `warning` or `info`", "`error`"),
];

pub(super) const AP: &[Key] = &[
    key("ssid", "a string of 1 to 32 bytes", REQUIRED),
    key("password", "a string of 8 to 63 printable ASCII characters, or \"\" for an open network", "\"\""),
    key("bssid", "the MAC address of a station, such as \"24:0a:c4:00:00:01\"", "made from the name"),
    key("channel", "an integer from 1 to 14", "1"),
    key("rssi", "an integer from -100 to -1 (dBm)", "-45"),
    key(
        "encryption",
        "`open`, `wep`, `wpa`, `wpa2`, `wpa-wpa2`, `wpa2-enterprise`, `wpa3` or `wpa2-wpa3`",
        "`wpa2` with a password, `open` without",
    ),
    key("pmf", "`off`, `capable` or `required`", "what the encryption asks for"),
    key("hidden", "true or false", "false"),
    key("modes", "`b`, `g`, `bg`, `n`, `gn` or `bgn`", "`bgn`"),
    key("wps", "true or false", "false"),
    key("association", "`right`, `none` or `refused`", "`right`"),
    key("up", "true or false", "true"),
    key("subnet", "a network of 8 to 30 bits, such as \"192.168.1.0/24\"", "192.168.N.0/24"),
    key("gateway", "an IPv4 address within the subnet", "the subnet's first address"),
    key(
        "dhcp-range",
        "the first and the last address to lease, such as [\"192.168.1.100\", \"192.168.1.199\"]",
        "see below",
    ),
    key("dhcp-answers", "`right`, `none`, `no-offer`, `no-ack` or `nak`", "`right`"),
    key("ipv6", "an IPv6 network of 64 bits, such as \"2001:db8:1::/64\"", "no IPv6"),
    key("lease", "a duration of whole seconds from 10 s to 365 d, such as \"2 h\"", "\"2 h\""),
    key("dns", "a list of up to three IPv4 addresses, such as [\"192.168.1.53\"]", "the gateway"),
    key("lan", "the name of an access point with a LAN of its own", "its own LAN"),
    key("uplink", "true or false", "true"),
    key("captive", "true or false", "false"),
];

pub(super) const LINK: &[Key] = &[
    key("latency", "a duration from 0 to 1 h, such as \"2 ms\"", "\"1 ms\", \"2 ms\" for a module"),
    key("jitter", "a duration from 0 to 1 h, such as \"500 us\"", "0, \"500 us\" for a module"),
    key("distribution", "`uniform`, `normal`, `pareto` or `paretonormal`", "`uniform`"),
    key("loss", "a chance from 0 to 100 %, such as \"0.5 %\"", "0"),
    key("gemodel", "a list of one to four chances (p, r, 1-h, 1-k), such as [\"1 %\", \"25 %\"]", "none"),
    key("corrupt", "a chance from 0 to 100 %, such as \"0.5 %\"", "0"),
    key("duplicate", "a chance from 0 to 100 %, such as \"0.5 %\"", "0"),
    key("reorder", "a chance from 0 to 100 %, such as \"0.5 %\"", "0"),
    key("gap", "an integer from 1 to 1000000 (frames)", "1"),
    key(
        "rate",
        "a rate from 1 bit/s to 100 Gbit/s, such as \"10 Mbit/s\", or \"unlimited\"",
        "\"unlimited\", \"20 Mbit/s\" for a module",
    ),
    key("limit", "an integer from 1 to 1000000 (frames)", "1000"),
    key("mtu", "an integer from 576 to 1500 (bytes)", "1500"),
    key("up", "true or false", "true"),
    key("upstream", "a table with the keys above", "like the other direction"),
    key("downstream", "a table with the keys above", "like the other direction"),
];

/// Of one direction.
pub(super) const LINK_SIDE: &[Key] = LINK.split_at(LINK.len() - 2).0;

pub(super) const WIRE: &[Key] = &[
    key("mcu-tx", "`wire` or `as-stored`", "`wire`"),
    key("mcu-line", "what a UART can be set to, such as \"9600 8n1\"", "that of the module"),
    key("obeys-rts", "true or false", "false"),
    key("mcu-queue", "a number of bytes from 1 to 1073741824", "1048576"),
    key("noise", "a chance from 0 to 100 %, such as \"0.5 %\"", "0"),
    key("loss", "a chance from 0 to 100 %, such as \"0.5 %\"", "0"),
];

pub(super) const HOST: &[Key] = &[
    key("address", "an IPv4 address of one host, such as \"192.168.1.10\"", REQUIRED),
    key("address6", "an IPv6 address of one host, such as \"2001:db8:1::10\"", "no IPv6"),
    key("names", "a list of DNS names, such as [\"www.example.com\"]", "empty"),
    key("ap", "the name of the access point that the host stands behind", "where the address belongs"),
    key("link", "a table with the keys of [link.NAME]", "see [link.NAME]"),
    key("mac", "the MAC address of a station, such as \"24:0a:c4:00:00:01\"", "made from the name"),
    key("groups", "a list of multicast groups, such as [\"239.1.2.3\"]", "empty"),
    key("toxics", "a table of TCP ports, or `all`: { \"80\" = \"bandwidth 8kbit/s\" }", "none"),
    key("connections", "an integer from 1 to 4096", "128"),
    key("backlog", "an integer from 1 to 4096", "16"),
    key("http", "a table: [host.NAME.http]", "no HTTP server"),
    key("dns", "a table: [host.NAME.dns]", "no DNS server"),
    key("tcp-echo", "a port from 1 to 65535", "no TCP echo"),
    key("udp-echo", "a port from 1 to 65535", "no UDP echo"),
    key("tcp-terminal", "a port from 1 to 65535", "no TCP terminal"),
    key("udp-terminal", "a port from 1 to 65535", "no UDP terminal"),
    key("discard", "a port from 1 to 65535", "no discard server"),
    key("source", "a table: [host.NAME.source]", "no source"),
    key("script", "a table: [host.NAME.script]", "no scripted peer"),
    key("external", "a table of TCP ports: { \"1883\" = \"127.0.0.1:1883\" }", "none"),
    key("sntp", "a table: [host.NAME.sntp]", "no time server"),
    key("update", "a table: [host.NAME.update]", "no update server"),
    key("mqtt", "a table: [host.NAME.mqtt]", "no MQTT broker"),
    key("websocket", "a table: [host.NAME.websocket]", "no WebSocket server"),
];

pub(super) const MQTT: &[Key] = &[
    key("port", "a port from 1 to 65535", "1883, with TLS 8883"),
    key("websocket", "a port from 1 to 65535", "no WebSocket"),
    key("tls", "true or false, or a table: [host.NAME.http.tls]", "false"),
    key("users", "a table of users and their passwords: { alice = \"secret\" }", "empty"),
    key("anonymous", "true or false", "true without `users`, otherwise false"),
    key("acl", "a list of rules, such as [\"alice publish sensors/#\"]", "everything is allowed"),
    key("denied", "`refuse` or `close`", "`refuse`"),
    key("retained", "a table of topics: { \"config/interval\" = \"60\" }", "empty"),
    key("answers", "`right`, `pings` or `none`", "`right`"),
];

pub(super) const HTTP: &[Key] = &[
    key("port", "a port from 1 to 65535", "80, with TLS 443"),
    key("tls", "true or false, or a table: [host.NAME.http.tls]", "false"),
    key("pages", "a table of pages: { \"/path\" = \"body\" }", "empty"),
    key("shows", "a list of headers, such as [\"authorization\"]", "none"),
];

pub(super) const WEBSOCKET: &[Key] = &[
    key("port", "a port from 1 to 65535", "80, with TLS 443"),
    key("tls", "true or false, or a table: [host.NAME.http.tls]", "false"),
    key("path", "a path such as \"/chat\"", "any"),
    key("protocols", "a list of protocols, such as [\"mqtt\"]", "none"),
    key("echo", "true or false", "true"),
    key("greetings", "a list of texts", "none"),
    key("fragment", "an integer from 1 to 65535", "none"),
];

pub(super) const TCP_SERVICE: &[Key] = &[
    key("port", "a port from 1 to 65535", REQUIRED),
    key("tls", "true or false, or a table: [host.NAME.http.tls]", "false"),
];

pub(super) const SOURCE: &[Key] = &[
    key("port", "a port from 1 to 65535", "19"),
    key("tls", "true or false, or a table: [host.NAME.http.tls]", "false"),
    key(
        "rate",
        "a rate from 1 bit/s to 100 Gbit/s, such as \"10 Mbit/s\", or \"unlimited\"",
        "\"unlimited\"",
    ),
    key("length", "a number of bytes from 1 to 1000000000000", "no end"),
];

pub(super) const SCRIPT: &[Key] = &[
    key("port", "a port from 1 to 65535", REQUIRED),
    key("tls", "true or false, or a table: [host.NAME.http.tls]", "false"),
    key("lines", "a text of lines, such as \"> hello\\n< ok\\nclose\"", REQUIRED),
];

pub(super) const TLS: &[Key] = &[
    key("certificate", "the path of a PEM file, such as \"server.pem\"", "one that the project's CA signs"),
    key("private-key", "the path of a PEM file, such as \"server.key\"", "the project's"),
    key(
        "client-ca",
        "the path of a PEM file, such as \"ca.pem\"",
        "the authority of the modules' certificates",
    ),
    key("key", "`rsa` or `ec`", "`rsa`"),
    key("names", "a list of names, such as [\"www.example.com\"]", "the names and addresses of the host"),
    key(
        "valid-from",
        "a date and time with its offset, such as 2026-01-01T00:00:00Z",
        "2000-01-01T00:00:00Z",
    ),
    key(
        "valid-until",
        "a date and time with its offset, such as 2026-01-01T00:00:00Z",
        "2105-12-31T23:59:59Z",
    ),
    key("versions", "a list of `1.0`, `1.1`, `1.2` and `1.3` without a gap", "[\"1.0\", \"1.1\", \"1.2\"]"),
    key("suites", "a list of numbers of cipher suites, such as [\"0xc030\"]", "all that mbedTLS has"),
    key("alpn", "a list of application protocols, such as [\"http/1.1\"]", "empty"),
    key("psk", "a table of keys: { identity = \"key\" }", "empty"),
    key("client-certificate", "`none`, `asked` or `required`", "`none`"),
    key("tickets", "true or false", "true"),
    key("fault", "`silent` or `half-flight`", "no fault"),
];

pub(super) const DNS: &[Key] = &[
    key(
        "answers",
        "`right`, `nxdomain`, `servfail`, `refused`, `truncated`, `wrong-id` or `none`",
        "`right`",
    ),
    key("delay", "a duration from 0 to 1 h, such as \"20 ms\"", "0"),
    key("ttl", "a duration of whole seconds from 0 to 7 d, such as \"5 min\"", "\"60 s\""),
    key("records", "a table of names: { \"www.example.com\" = \"203.0.113.10\" }", "empty"),
];

pub(super) const PAGE: &[Key] = &[
    key("body", "a string", "\"\""),
    key("file", "the path of a file, such as \"page.html\"", "none"),
    key("size", "a number of bytes from 0 to 16777216", "none"),
    key("status", "an integer from 200 to 599", "200"),
    key("content-type", "a string of printable ASCII characters", "\"text/plain\""),
    key("delay", "a duration from 0 to 1 h, such as \"20 ms\"", "0"),
    key("headers", "a table of headers: { \"X-Id\" = \"7\" }", "empty"),
    key("location", "where it has moved to, such as \"/new\"", "none"),
    key("chunk", "an integer from 1 to 65535", "none"),
    key("keep-alive", "true or false", "true"),
    key(
        "methods",
        "a list of methods, such as [\"GET\", \"DELETE\"]",
        "[\"GET\", \"HEAD\", \"POST\", \"PUT\"]",
    ),
];

/// Of each of several answers.
pub(super) const ANSWER: &[Key] = PAGE.split_at(PAGE.len() - 1).0;

pub(super) const SNTP: &[Key] = &[
    key("offset", "a duration with or without a minus sign, such as \"-90 s\"", "0"),
    key("stratum", "an integer from 0 to 15", "2"),
    key("answers", "`right` or `none`", "`right`"),
];

pub(super) const UPDATE: &[Key] = &[
    key("port", "a port from 1 to 65535", "80, with TLS 443"),
    key("tls", "true or false, or a table: [host.NAME.http.tls]", "false"),
    key("versions", "a table of versions: { \"v2.4.0.0\" = { ota = 1_200_000 } }", REQUIRED),
    key("latest", "one of the versions", "the only version"),
    key("answers", "`right`, `damaged` or `no-image`", "`right`"),
];
