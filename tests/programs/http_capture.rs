//! HTTP and WebSocket as Wireshark's users see them: requests, answers and frames, and nothing to complain of.

use crate::host::{Host, SECOND};
use crate::wireshark::{fields, nothing_is_wrong};

const WORLD: &str = "
[module.wifi]
profile = \"esp32c6-v4.1\"
build = { websocket = true }

[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.www]
address = \"203.0.113.40\"
http = { pages = { \"/chunks\" = { body = \"one two three\", chunk = 5 } } }

[host.chat]
address = \"203.0.113.41\"
websocket = { greetings = [\"welcome\"], fragment = 4 }
";

#[test]
fn wireshark_reads_the_clients_requests_and_frames_and_complains_of_nothing() {
    let mut host = Host::joined_in(WORLD, 1);
    host.send("AT+HTTPCGET=\"http://203.0.113.40/chunks\"\r\n");
    host.until("\r\nOK\r\n");
    host.ask("AT+HTTPCPUT=\"http://203.0.113.40/chunks\",4\r\n", "\r\nOK\r\n\r\n>");
    host.send("test");
    host.until("SEND OK\r\n");
    host.send("AT+WSOPEN=0,\"ws://203.0.113.41/room\"\r\n");
    host.until("+WS_DATA:0,3,ome\r\n");
    host.wait(SECOND);
    host.pending.clear();
    host.ask("AT+WSSEND=0,5\r\n", "\r\nOK\r\n\r\n>");
    host.send("hello");
    host.until("+WS_DATA:0,1,o\r\n");
    // A ping, and a close with its answer.
    host.wait(15 * SECOND);
    host.console("host chat websocket close 1001 \"bye\"");
    host.until("+WS_CLOSED:0\r\n");
    host.wait(5 * SECOND);
    let (_, capture, _) = host.finish();
    nothing_is_wrong("http", &capture);
    let of = |filter: &str, field: &str| fields("http", &capture, filter, &[field]);
    assert_eq!(of("http.request", "http.request.method"), ["GET", "PUT", "GET"]);
    assert_eq!(of("http.response", "http.response.code"), ["200", "200", "101"]);
    assert_eq!(of("http.request", "http.user_agent")[0], "ESP32 HTTP Client/1.0");
    assert_eq!(
        of("http.response.code == 200", "http.file_data").len(),
        2,
        "both bodies, chunks put together"
    );
    let sent = "websocket && ip.src == 192.168.1.100 && websocket.opcode == 1";
    assert_eq!(of(sent, "websocket.mask"), ["1"], "what the module sends has a mask");
    assert!(!of("websocket.opcode == 9 && ip.src == 192.168.1.100", "frame.number").is_empty(), "a ping");
    assert!(!of("websocket.opcode == 10 && ip.dst == 192.168.1.100", "frame.number").is_empty(), "its pong");
    assert_eq!(of("websocket.opcode == 8", "ip.src").len(), 2, "a close frame each way");
}
