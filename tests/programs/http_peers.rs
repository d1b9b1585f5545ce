//! HTTP and WebSocket against programs that nobody here wrote: Python's http.server, curl, and the `websockets` package.

use std::process::Command;

use crate::bridge::{Bridge, Program};
use crate::host::{Host, SECOND};
use crate::tools::{root, tool};

/// The module's way out (`peer.lan`, port 80), and hosts with servers of their own for the way in.
const HOSTS: &str = "
[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.peer]
address = \"192.168.1.20\"
names = [\"peer.lan\"]
tcp-terminal = 80

[host.www]
address = \"203.0.113.40\"

[host.www.http]
shows = [\"x-test\"]

[host.www.http.pages]
\"/list\" = [{ status = 503, body = \"later\" }, { body = \"now\", chunk = 2 }]
\"/old\" = { location = \"/list\" }

[host.chat]
address = \"203.0.113.41\"

[host.chat.websocket]
protocols = [\"chat\"]
greetings = [\"welcome\"]
";

/// A module of this profile that has joined, with this in its build.
fn joined(profile: &str, build: &str) -> Bridge {
    let module = format!("[module.wifi]\nprofile = \"{profile}\"\nbuild = {{ {build} }}\n");
    let mut bridge = Bridge::new(Host::joined_in(&format!("{HOSTS}{module}"), 1));
    // A read may take 5 s of virtual time, no more.
    bridge.quiet = SECOND;
    bridge
}

/// Starts a server in Python, and lets `peer.lan` stand for it.
fn serve(bridge: &mut Bridge, python: &mut Command) -> Program {
    let server = bridge.start(python.current_dir(root()));
    bridge.printed(server, "port ");
    let port = bridge.printed(server, "\n");
    bridge.to("peer", format!("127.0.0.1:{}", port.trim()).parse().expect("a port"));
    server
}

fn http_server(bridge: &mut Bridge) -> Program {
    serve(bridge, tool("python3", "python3").arg("tests/programs/http_server.py"))
}

/// The bodies of the pieces of an answer, and what follows them.
fn pieces(answer: &str, name: &str) -> (String, String) {
    let (mut body, mut rest) = (String::new(), answer);
    while let Some(piece) = rest.strip_prefix(&format!("{name}:")) {
        let (length, behind) = piece.split_once(',').expect("a comma behind the length");
        let length: usize = length.parse().expect("a length");
        body.push_str(&behind[..length]);
        rest = behind[length..].strip_prefix("\r\n").expect("a line end behind a piece");
    }
    (body, rest.to_owned())
}

#[test]
fn pythons_http_server_understands_every_command_of_every_release_that_has_it() {
    for profile in espat_sim::profile::PROFILES {
        let small = profile.name.starts_with("esp8266");
        let mut bridge = joined(profile.name, "http = true");
        http_server(&mut bridge);
        for (opt, method) in [(2, "GET"), (3, "POST"), (4, "PUT"), (5, "DELETE")] {
            let data = if method == "POST" { ",\"a=b\"" } else { "" };
            let line =
                format!("AT+HTTPCLIENT={opt},0,\"http://peer.lan/x?y=z\",,,1{data},\"X-Test: {method}\"\r\n");
            let answer = bridge.query(&line);
            let (body, end) = pieces(&answer, "+HTTPCLIENT");
            assert_eq!(end, "\r\nOK\r\n", "{} {method}: {answer}", profile.name);
            let asked = format!("{method} /x?y=z HTTP/1.1|User-Agent=ESP32 HTTP Client/1.0|Host=peer.lan|");
            assert!(body.starts_with(&asked), "{} {method}: {body}", profile.name);
            assert!(body.contains(&format!("|X-Test={method}|")), "{} {method}: {body}", profile.name);
            assert_eq!(body.ends_with("|a=b"), method == "POST", "{} {method}: {body}", profile.name);
        }
        let headers = bridge.query("AT+HTTPCLIENT=1,0,\"http://peer.lan/\",,,1\r\n");
        assert!(headers.contains("Content-Length: ") && headers.ends_with("\r\nOK\r\n"), "{headers}");
        let size = bridge.query("AT+HTTPGETSIZE=\"http://peer.lan/large\"\r\n");
        assert_eq!(size, "+HTTPGETSIZE:10240\r\n\r\nOK\r\n", "{}", profile.name);
        bridge.ask("AT+HTTPCPOST=\"http://peer.lan/in\",4,1,\"X-Test: 1\"\r\n", "\r\nOK\r\n\r\n>");
        bridge.send("test");
        let answer = bridge.until("SEND OK\r\n");
        let (body, _) = pieces(&answer, "+HTTPCPOST");
        assert!(
            body.starts_with("POST /in HTTP/1.1|") && body.ends_with("|test"),
            "{}: {body}",
            profile.name
        );
        assert!(body.contains("|Content-Length=4|") && body.contains("|X-Test=1|"), "{body}");
        if small {
            continue;
        }
        let (body, end) = pieces(&bridge.query("AT+HTTPCGET=\"http://peer.lan/chunked\"\r\n"), "+HTTPCGET");
        assert_eq!((&body[..], &end[..]), ("onetwo andthree", "\r\nOK\r\n"), "{}", profile.name);
        let (body, end) = pieces(&bridge.query("AT+HTTPCGET=\"http://peer.lan/missing\"\r\n"), "+HTTPCGET");
        assert!(
            body.contains("There is no such thing") && end == "\r\nERROR\r\n",
            "{}: {body}",
            profile.name
        );
    }
}

#[test]
fn a_binary_body_comes_whole_through_a_slow_uart() {
    let mut bridge = joined("esp32-v3.4", "http = true");
    http_server(&mut bridge);
    bridge.send("AT+HTTPCGET=\"http://peer.lan/large\",,,60000\r\n");
    let mut body = Vec::new();
    while body.len() < 10_240 {
        bridge.expect("+HTTPCGET:");
        bridge.run("a comma", |bridge| bridge.host.pending.contains(&b','));
        let comma = bridge.host.pending.iter().position(|b| *b == b',').expect("it is there");
        let digits: Vec<u8> = bridge.host.pending.drain(..=comma).collect();
        let length: usize =
            String::from_utf8_lossy(&digits[..comma]).parse().expect("a length before the comma");
        bridge.run("the whole piece", |bridge| bridge.host.pending.len() >= length + 2);
        body.extend(bridge.host.pending.drain(..length));
        bridge.expect("\r\n");
    }
    bridge.expect("\r\nOK\r\n");
    let expected: Vec<u8> = (0..40).flat_map(|_| 0..=255u8).collect();
    assert!(body == expected, "{} bytes, some of them wrong", body.len());
}

#[test]
fn curl_gets_what_the_scenario_serves_and_what_it_asks_is_observed() {
    let mut bridge = joined("esp32c3-v2.3", "http = true");
    let address = bridge.from("peer", "203.0.113.40", 80);
    let curl = |bridge: &mut Bridge, arguments: &[&str], path: &str| {
        let url = format!("http://{address}{path}");
        let show = ["-sS", "--max-time", "50", "-w", "|%{http_code}|%{redirect_url}|\n"];
        let program = bridge.start(tool("curl", "curl").args(show).args(arguments).arg(url));
        bridge.printed(program, "|\n")
    };
    assert_eq!(curl(&mut bridge, &["-d", "t=21", "-H", "X-Test: 1"], "/list?id=7"), "later|503||\n");
    assert_eq!(curl(&mut bridge, &[], "/list"), "now|200||\n", "the second answer, in chunks");
    let moved = curl(&mut bridge, &[], "/old");
    assert!(moved.starts_with("|302|http://") && moved.ends_with("/list|\n"), "{moved}");
    let seen: Vec<String> = bridge.observed.iter().filter(|o| o.kind() == "http").map(|o| o.text()).collect();
    let told = "-> 503, 5 bytes, body of 4 bytes read: \"t=21\", x-test: \"1\", CRC-32 5504ca5f";
    assert!(seen[0].starts_with("POST /list?id=7 from ") && seen[0].ends_with(told), "{seen:?}");
}

/// Python with the packages of `tests/programs/requirements.txt`.
fn python() -> Command {
    let python = root().join("build/python/bin/python");
    let found = Command::new(&python).args(["-c", "import websockets"]).status().is_ok_and(|s| s.success());
    assert!(found, "the package `websockets` is needed for this test: run `make build/python/installed`");
    let mut command = Command::new(python);
    command.arg("tests/programs/websocket_peer.py").current_dir(root());
    command
}

#[test]
fn the_websocket_client_talks_to_a_server_of_the_websockets_package() {
    for profile in ["esp32c3-v3.3", "esp32-v3.4", "esp32c3-v4.1", "esp32c6-v4.1"] {
        let mut bridge = joined(profile, "websocket = true");
        let server = serve(&mut bridge, python().arg("server"));
        bridge.ask("AT+WSHEAD=11\r\n", "\r\nOK\r\n\r\n>");
        bridge.ask("X-Test: yes", "\r\nOK\r\n");
        bridge.ask("AT+WSOPEN=0,\"ws://peer.lan/room?a=b\",\"chat\",60000\r\n", "+WS_CONNECTED:0\r\n");
        bridge.printed(server, "path /room?a=b yes\n");
        // The package ends a message of fragments with an empty one.
        let greeting = bridge.until("+WS_DATA:0,5,ments\r\n+WS_DATA:0,0,\r\n");
        for part in ["+WS_DATA:0,7,welcome\r\n", "+WS_DATA:0,4,frag\r\n"] {
            assert!(greeting.contains(part), "{profile}: {greeting}");
        }
        bridge.ask("AT+WSSEND=0,5\r\n", "\r\nOK\r\n\r\n>");
        bridge.ask("hello", "\r\nSEND OK\r\n+WS_DATA:0,5,hello\r\n");
        bridge.printed(server, "got 'hello'\n");
        bridge.ask("AT+WSSEND=0,4,2\r\n", "\r\nOK\r\n\r\n>");
        bridge.ask("\0\r\n\x7f", "\r\nSEND OK\r\n+WS_DATA:0,4,\0\r\n\x7f\r\n");
        bridge.printed(server, r"got b'\x00\r\n\x7f'");
        bridge.ask("AT+WSSEND=0,5\r\n", "\r\nOK\r\n\r\n>");
        bridge.ask("close", "\r\nSEND OK\r\n+WS_CLOSED:0\r\n");
        bridge.printed(server, "over\n");
    }
}

#[test]
fn a_client_of_the_websockets_package_talks_to_a_hosts_server() {
    let mut bridge = joined("esp32-v3.4", "http = true");
    let address = bridge.from("peer", "203.0.113.41", 80);
    let client = bridge.start(python().arg("client").arg(address.port().to_string()));
    bridge.printed(client, "protocol chat\n");
    bridge.printed(client, "echoed\n");
    bridge.host.console("host chat websocket close 4001 \"enough\"");
    bridge.printed(client, "closed 4001 enough\n");
    let seen: Vec<String> =
        bridge.observed.iter().filter(|o| o.kind() == "websocket").map(|o| o.text()).collect();
    assert!(seen.iter().any(|text| text.starts_with("received") && text.contains("\"hello\"")), "{seen:?}");
    assert!(seen.iter().any(|text| text.starts_with("connected /room from ")), "{seen:?}");
}
