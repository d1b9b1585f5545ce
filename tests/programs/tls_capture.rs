//! Links over SSL as Wireshark's users see them: in plain, without any set-up.
#![cfg(feature = "tls")]

use std::path::Path;
use std::process::Command;

use crate::host::{Host, SECOND};
use crate::tools::{directory, espat_sim, read, run};
use crate::wireshark::{fields, nothing_is_wrong, tshark};

const WORLD: &str = "
[module.wifi]
profile = \"PROFILE\"

[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.www]
address = \"203.0.113.40\"
names = [\"www.example.com\"]
http = { tls = true, pages = { \"/status\" = \"all is well\\n\" } }
tcp-terminal = { port = 4433, tls = { key = \"ec\", client-certificate = \"required\", tickets = false } }

[host.keys]
address = \"203.0.113.41\"
http = { port = 4434, tls = { psk = { id = \"0123\" }, suites = [\"0xc037\"] }, pages = { \"/key\" = \"open\\n\" } }
";

fn joined(profile: &str) -> Host {
    let mut host = Host::joined_in(&WORLD.replace("PROFILE", profile), 1);
    host.ask("AT+SYSTIMESTAMP=1767225600\r\n", "\r\nOK\r\n");
    host
}

/// Asks for a page over a link that is open, and waits for the end of it.
fn get(host: &mut Host, page: &str) {
    let request = format!("GET {page} HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n");
    host.ask(format!("AT+CIPSEND={}\r\n", request.len()), "\r\nOK\r\n\r\n>");
    host.send(&request);
    host.until("CLOSED\r\n");
    host.wait(5 * SECOND);
}

#[test]
fn wireshark_decrypts_the_capture_and_finds_the_http_in_it() {
    for profile in espat_sim::profile::PROFILES {
        let mut host = joined(profile.name);
        host.ask("AT+CIPSSLCCONF=2,0,0\r\n", "\r\nOK\r\n");
        host.ask("AT+CIPSSLCSNI=\"www.example.com\"\r\n", "\r\nOK\r\n");
        host.ask("AT+CIPSTART=\"SSL\",\"www.example.com\",443\r\n", "CONNECT\r\n\r\nOK\r\n");
        get(&mut host, "/status");
        let (_, capture, _) = host.finish();
        nothing_is_wrong("tls", &capture);
        let name = profile.name;
        let of_http =
            |filter: &str, field: &str| fields(name, &capture, &format!("tls && {filter}"), &[field]);
        assert_eq!(of_http("http.request", "http.request.uri"), ["/status"], "{name}: the request in plain");
        assert_eq!(of_http("http.response", "http.response.code"), ["200"], "{name}: the answer in plain");
        assert_eq!(
            of_http("tls.handshake.type == 1", "tls.handshake.extensions_server_name"),
            ["www.example.com"],
            "{name}: the name in the hello"
        );
        assert_eq!(of_http("tls.handshake.type == 20", "frame.number").len(), 2, "{name}: both are finished");
        assert_eq!(
            of_http("tls.alert_message.desc == 0", "ip.src"),
            ["203.0.113.40"],
            "{name}: one close_notify"
        );
    }
}

#[test]
fn wireshark_decrypts_mutual_authentication_and_data_of_both_directions() {
    let mut host = joined("esp32c3-v2.3");
    host.ask("AT+CIPSSLCCONF=3,1,0\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"SSL\",\"www.example.com\",4433\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND=8192\r\n", "\r\nOK\r\n\r\n>");
    host.send([b'm'; 8192]);
    host.until("SEND OK\r\n");
    host.console("host www send \"from the host\"");
    host.until("from the host");
    host.wait(SECOND);
    let (_, capture, _) = host.finish();
    nothing_is_wrong("tls", &capture);
    let certificates = "tls.handshake.type == 11 && ip.src == 192.168.1.100";
    assert_eq!(
        fields("mutual", &capture, certificates, &["ip.dst"]),
        ["203.0.113.40"],
        "the client's certificate"
    );
    let records = "tls.app_data && ip.src == 192.168.1.100";
    let args = ["-Y", records, "-T", "fields", "-e", "tls.record.length"];
    let lines = tshark("mutual", &capture, &args);
    let lengths = lines.iter().flat_map(|line| line.split([',', '\t'])).map(|n| n.parse().expect("a length"));
    // An explicit nonce and an authentication code.
    let data: Vec<u32> = lengths.map(|length: u32| length - 24).collect();
    assert_eq!(data.iter().sum::<u32>(), 8192, "the data of the records {data:?}");
    assert!(
        data.iter().all(|length| *length <= 4096),
        "the module's records have at most 4096 bytes: {data:?}"
    );
    let answer = fields("mutual", &capture, "data.data && ip.src == 203.0.113.40 && tls", &["data.data"]);
    assert_eq!(answer, ["66726f6d2074686520686f7374"], "the host's text in plain");
}

#[test]
fn wireshark_decrypts_a_session_with_a_pre_shared_key() {
    let mut host = joined("esp32-v3.4");
    host.ask("AT+CIPSSLCPSK=\"0123\",\"id\"\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"SSL\",\"203.0.113.41\",4434\r\n", "CONNECT\r\n\r\nOK\r\n");
    get(&mut host, "/key");
    let (_, capture, _) = host.finish();
    nothing_is_wrong("tls", &capture);
    // 4434 is nobody's port: Wireshark is told whose.
    let args =
        ["-d", "tcp.port==4434,tls", "-Y", "http.response", "-T", "fields", "-e", "http.response.code"];
    assert_eq!(tshark("psk", &capture, &args), ["200"]);
}

#[test]
fn the_key_log_opens_a_capture_that_has_lost_its_secrets() {
    let files = directory("keylog");
    let (capture, bare, keylog) = (files.join("a.pcapng"), files.join("bare.pcapng"), files.join("keys.txt"));
    let log = "tests/golden/tls.espat-log";
    run(espat_sim("replay").arg(log).arg("--capture").arg(&capture).arg("--keylog").arg(&keylog));
    run(Command::new("editcap").arg("--discard-all-secrets").args([&capture, &bare]));
    let responses = |with: &[&str]| {
        let shown = ["-Y", "http.response", "-T", "fields", "-e", "http.response.code", "-r"];
        run(Command::new("tshark").arg("-n").args(with).args(shown).arg(&bare))
    };
    assert_eq!(responses(&[]), "", "without secrets nothing is to be seen");
    let file = format!("tls.keylog_file:{}", keylog.display());
    assert_eq!(responses(&["-o", &file]).trim(), "200", "the key log does not open the session");
    // One line for a session, whichever of its two ends had it first; the refused one has one, too.
    let text = read(&keylog);
    let randoms: std::collections::BTreeSet<&str> =
        text.lines().filter_map(|l| l.split(' ').nth(1)).collect();
    assert_eq!(randoms.len(), text.lines().count(), "a session comes twice:\n{text}");
    assert!(
        text.lines().all(|line| line.starts_with("CLIENT_RANDOM ") && line.len() == 14 + 64 + 1 + 96),
        "{text}"
    );
}

#[test]
fn each_command_with_a_capture_writes_a_key_log() {
    let files = directory("keylog-run");
    let keylog = files.join("keys.txt");
    run(espat_sim("run").arg("tests/golden/tls-psk.at").arg("--keylog").arg(&keylog));
    assert!(read(&keylog).starts_with("CLIENT_RANDOM "), "the run of a transcript wrote no secret");
    let same = espat_sim("demo").arg("--keylog").arg(&keylog).arg("--capture").arg(&keylog).output();
    let same = same.expect("start espat-sim demo");
    let error = String::from_utf8_lossy(&same.stderr).into_owned();
    assert!(!same.status.success() && error.contains("are the same file"), "{error}");
    let nothing: &Path = &files.join("nothing.txt");
    run(espat_sim("run").arg("tests/golden/tcp.at").arg("--keylog").arg(nothing));
    assert_eq!(read(nothing), "", "nothing has TLS there, and the file is there and empty");
}
