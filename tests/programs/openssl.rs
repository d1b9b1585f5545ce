//! OpenSSL as the other end of links over SSL: servers that nobody here wrote for the module's client, and clients for
//! the simulated hosts' servers.
#![cfg(feature = "tls")]

use std::path::PathBuf;
use std::process::Command;

use crate::bridge::{Bridge, Program};
use crate::host::{Host, SECOND};
use crate::tools::{directory, root, run, tool};
use espat_sim::net::tls::{HostCertificate, KeyKind};

/// The module's way out (`peer.lan`, port 4433), and hosts with servers of their own for the way in.
const HOSTS: &str = "
[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"
subnet = \"192.168.1.0/24\"

[host.peer]
address = \"192.168.1.20\"
names = [\"peer.lan\"]
tcp-terminal = 4433

[host.www]
address = \"203.0.113.40\"
names = [\"www.example.com\"]
http = { tls = { alpn = [\"http/1.1\"] }, pages = { \"/\" = \"all is well\\n\" } }
tcp-echo = { port = 7, tls = { key = \"ec\", client-certificate = \"required\" } }

[host.keys]
address = \"203.0.113.41\"
tcp-echo = { port = 7, tls = { psk = { id = \"0123\" }, suites = [\"0xc037\", \"0x00a8\"] } }

[host.new]
address = \"203.0.113.42\"
tcp-echo = { port = 7, tls = { versions = [\"1.3\"] } }
";

/// A module of this profile that has joined and knows the date, 2026-01-01.
fn joined(profile: &str) -> Bridge {
    let module = format!("[module.wifi]\nprofile = \"{profile}\"\n");
    let mut host = Host::joined_in(&format!("{HOSTS}{module}"), 1);
    host.ask("AT+SYSTIMESTAMP=1767225600\r\n", "\r\nOK\r\n");
    Bridge::new(host)
}

fn openssl() -> Command {
    let mut command = tool("openssl", "openssl");
    command.current_dir(root());
    command
}

/// Files with a certificate of the project's authority for `peer.lan`, and its key.
fn leaf(test: &str, key: KeyKind) -> (PathBuf, PathBuf) {
    let leaf = HostCertificate {
        names: vec!["peer.lan".to_owned()],
        addresses: Vec::new(),
        key,
        valid_from: HostCertificate::FROM,
        valid_until: HostCertificate::UNTIL,
    };
    let leaf = leaf.sign().expect("a certificate");
    let directory = directory(test);
    let (certificate, key) = (directory.join("leaf.pem"), directory.join("leaf.key"));
    std::fs::write(&certificate, leaf.certificate).expect("the target directory can be written");
    std::fs::write(&key, leaf.key).expect("the target directory can be written");
    (certificate, key)
}

/// Starts `openssl s_server` with these arguments as `peer.lan`.
fn serve(bridge: &mut Bridge, arguments: &[&str]) -> Program {
    let server = bridge.start(openssl().args(["s_server", "-accept", "127.0.0.1:0"]).args(arguments));
    bridge.printed(server, "ACCEPT ");
    let address = bridge.printed(server, "\n");
    bridge.to("peer", address.trim().parse().unwrap_or_else(|e| panic!("{address}: {e}")));
    server
}

/// The same with a certificate of the project's authority.
fn serve_leaf(bridge: &mut Bridge, test: &str, key: KeyKind, arguments: &[&str]) -> Program {
    let (certificate, key) = leaf(test, key);
    let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
    serve(bridge, &[&["-cert", &certificate, "-key", &key], arguments].concat())
}

/// Starts `openssl s_client` with these arguments, to a host's server.
fn call(bridge: &mut Bridge, peer: &str, port: u16, arguments: &[&str]) -> Program {
    let address = bridge.from("peer", peer, port).to_string();
    bridge.start(openssl().args(["s_client", "-connect", &address]).args(arguments))
}

const DIAL: &str = "AT+CIPSTART=\"SSL\",\"peer.lan\",4433\r\n";
const CONNECTED: &str = "CONNECT\r\n\r\nOK\r\n";
const FAILED: &str = "\r\nERROR\r\n";

fn set(bridge: &mut Bridge, line: &str) {
    bridge.ask(format!("{line}\r\n"), "\r\nOK\r\n");
}

/// A line each way over a link that is open.
fn talk(bridge: &mut Bridge, server: Program) {
    bridge.ask("AT+CIPSEND=10\r\n", "\r\nOK\r\n\r\n>");
    bridge.ask("from here\n", "\r\nRecv 10 bytes\r\n\r\nSEND OK\r\n");
    bridge.printed(server, "from here\n");
    bridge.type_at(server, "from there\n");
    bridge.expect("\r\n+IPD,11:from there\n\r\n");
}

/// What the log port and the observations call the last failed link.
fn failure(bridge: &Bridge) -> String {
    let texts = bridge.observed.iter().map(|o| o.text());
    let failed: Vec<String> = texts.filter(|text| text.starts_with("0 failed SSL")).collect();
    failed
        .last()
        .and_then(|text| text.split_once("tls failed: "))
        .map_or_else(String::new, |(_, why)| why.into())
}

#[test]
fn every_profile_talks_to_openssl_with_rsa_and_with_p256() {
    for profile in espat_sim::profile::PROFILES {
        for (key, suite) in
            [(KeyKind::Rsa, "ECDHE-RSA-AES256-GCM-SHA384"), (KeyKind::Ec, "ECDHE-ECDSA-AES256-GCM-SHA384")]
        {
            let mut bridge = joined(profile.name);
            let server = serve_leaf(&mut bridge, "openssl-keys", key, &[]);
            bridge.ask(DIAL, CONNECTED);
            bridge.printed(server, &format!("CIPHER is {suite}\n"));
            talk(&mut bridge, server);
        }
    }
}

#[test]
fn what_is_not_to_be_verified_is_not_and_what_is_is() {
    let mut bridge = joined("esp32c3-v2.3");
    let files = directory("openssl-stranger");
    let (certificate, key) = (files.join("leaf.pem"), files.join("leaf.key"));
    let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=peer.lan", "-days", "36500"];
    run(openssl().args(made).arg("-keyout").arg(&key).arg("-out").arg(&certificate));
    let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
    let server = serve(&mut bridge, &["-cert", &certificate, "-key", &key]);
    bridge.ask(DIAL, CONNECTED);
    talk(&mut bridge, server);
    bridge.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    set(&mut bridge, "AT+CIPSSLCCONF=2,0,0");
    bridge.ask(DIAL, FAILED);
    assert_eq!(failure(&bridge), "unknown CA");
    bridge.printed(server, "alert unknown ca");
}

#[test]
fn mode_2_takes_what_the_projects_authority_has_signed_for_the_right_name_and_date() {
    for key in [KeyKind::Rsa, KeyKind::Ec] {
        let mut bridge = joined("esp32c3-v2.3");
        let server = serve_leaf(&mut bridge, &format!("openssl-mode-2-{key:?}"), key, &[]);
        set(&mut bridge, "AT+CIPSSLCCONF=2,0,0");
        set(&mut bridge, "AT+CIPSSLCCN=\"peer.lan\"");
        bridge.ask(DIAL, CONNECTED);
        talk(&mut bridge, server);
        bridge.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
        set(&mut bridge, "AT+CIPSSLCCN=\"other.lan\"");
        bridge.ask(DIAL, FAILED);
        assert_eq!(failure(&bridge), "wrong name");
        bridge.printed(server, "alert bad certificate");
        set(&mut bridge, "AT+CIPSSLCCN=\"\"");
        set(&mut bridge, "AT+SYSTIMESTAMP=100");
        bridge.ask(DIAL, FAILED);
        assert_eq!(failure(&bridge), "not yet valid");
    }
}

#[test]
fn a_server_that_requires_a_certificate_gets_it_with_modes_1_and_3() {
    let required =
        ["-Verify", "1", "-verify_return_error", "-CAfile", "certificates/server_ca.0.pem", "-tls1_2"];
    let mut bridge = joined("esp32c3-v2.3");
    let server = serve_leaf(&mut bridge, "openssl-mutual", KeyKind::Rsa, &required);
    bridge.ask(DIAL, FAILED);
    bridge.printed(server, "peer did not return a certificate");
    // OpenSSL hangs up with bytes unread, and the reset may overtake its alert.
    let why = failure(&bridge);
    assert!(["alert 40 received (handshake failure)", "closed by the peer"].contains(&why.as_str()), "{why}");
    for mode in ["1,0", "1,1", "3,0,0", "3,1,0"] {
        set(&mut bridge, &format!("AT+CIPSSLCCONF={mode}"));
        bridge.ask(DIAL, CONNECTED);
        bridge.printed(server, "Client certificate");
        bridge.printed(server, "issuer=");
        talk(&mut bridge, server);
        bridge.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    }
}

#[test]
fn the_name_of_the_server_is_sent_when_it_was_set_and_virtual_hosts_need_it() {
    let (certificate, key) = leaf("openssl-sni", KeyKind::Rsa);
    let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
    let named = [
        "-cert",
        &certificate,
        "-key",
        &key,
        "-cert2",
        &certificate,
        "-key2",
        &key,
        "-servername",
        "peer.lan",
        "-servername_fatal",
    ];
    let mut bridge = joined("esp32c3-v2.3");
    let server = serve(&mut bridge, &named);
    set(&mut bridge, "AT+CIPSSLCSNI=\"other.lan\"");
    bridge.ask(DIAL, FAILED);
    assert_eq!(failure(&bridge), "alert 112 received (unrecognized name)");
    set(&mut bridge, "AT+CIPSSLCSNI=\"peer.lan\"");
    bridge.ask(DIAL, CONNECTED);
    bridge.printed(server, "Hostname in TLS extension: \"peer.lan\"");
    talk(&mut bridge, server);
}

#[test]
fn without_a_name_that_was_set_none_is_sent() {
    let mut bridge = joined("esp32c3-v2.3");
    let server = serve_leaf(&mut bridge, "openssl-no-sni", KeyKind::Rsa, &["-tlsextdebug"]);
    bridge.ask(DIAL, CONNECTED);
    let hello = bridge.printed(server, "CIPHER is");
    assert!(hello.contains("\"extended master secret\""), "OpenSSL lists the extensions:\n{hello}");
    assert!(!hello.contains("\"server name\""), "a name was sent:\n{hello}");
}

#[test]
fn application_protocols_are_offered_in_their_order() {
    let mut bridge = joined("esp32c3-v2.3");
    let server = serve_leaf(&mut bridge, "openssl-alpn", KeyKind::Rsa, &["-alpn", "mqtt,http/1.1"]);
    set(&mut bridge, "AT+CIPSSLCALPN=2,\"http/1.1\",\"mqtt\"");
    bridge.ask(DIAL, CONNECTED);
    bridge.printed(server, "ALPN protocols advertised by the client: http/1.1, mqtt");
    bridge.printed(server, "ALPN protocols selected: mqtt");
    talk(&mut bridge, server);
    bridge.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    set(&mut bridge, "AT+CIPSSLCALPN=1,\"coap\"");
    bridge.ask(DIAL, FAILED);
    assert_eq!(failure(&bridge), "alert 120 received (no application protocol)");
}

#[test]
fn a_pre_shared_key_opens_a_server_without_certificates_and_another_does_not() {
    for profile in ["esp32-v3.4", "esp32c6-v4.1", "esp8266-v2.2"] {
        for suites in ["PSK-AES128-GCM-SHA256", "ECDHE-PSK-AES128-CBC-SHA256", "DHE-PSK-AES256-GCM-SHA384"] {
            let mut bridge = joined(profile);
            let key = ["-nocert", "-psk", "30313233", "-psk_identity", "id", "-cipher", suites, "-tls1_2"];
            let server = serve(&mut bridge, &key);
            set(&mut bridge, "AT+CIPSSLCPSK=\"0123\",\"id\"");
            bridge.ask(DIAL, CONNECTED);
            bridge.printed(server, &format!("CIPHER is {suites}\n"));
            talk(&mut bridge, server);
            bridge.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
            set(&mut bridge, "AT+CIPSSLCPSK=\"4567\",\"id\"");
            bridge.ask(DIAL, FAILED);
            assert_eq!(failure(&bridge), "alert 20 received (bad record MAC)", "{profile}, {suites}");
        }
    }
}

#[test]
fn a_server_of_tls_1_3_alone_refuses_and_one_of_1_0_serves_those_who_have_it() {
    let mut bridge = joined("esp32c3-v2.3");
    serve_leaf(&mut bridge, "openssl-1.3", KeyKind::Rsa, &["-tls1_3"]);
    bridge.ask(DIAL, FAILED);
    assert_eq!(failure(&bridge), "alert 70 received (protocol version)");
    let old = ["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"];
    let mut bridge = joined("esp32c3-v2.3");
    let server = serve_leaf(&mut bridge, "openssl-1.0-c3", KeyKind::Rsa, &old);
    bridge.ask(DIAL, CONNECTED);
    talk(&mut bridge, server);
    let mut bridge = joined("esp32-v3.4");
    serve_leaf(&mut bridge, "openssl-1.0-esp32", KeyKind::Rsa, &old);
    bridge.ask(DIAL, FAILED);
    assert_eq!(failure(&bridge), "no common version");
}

#[test]
fn the_module_hangs_up_without_a_word_and_hears_when_the_server_takes_leave() {
    let mut bridge = joined("esp32c3-v2.3");
    let server = serve_leaf(&mut bridge, "openssl-close", KeyKind::Rsa, &[]);
    bridge.ask(DIAL, CONNECTED);
    bridge.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    bridge.printed(server, "unexpected eof while reading");
    bridge.ask(DIAL, CONNECTED);
    bridge.printed(server, "CIPHER is");
    // `q`: the end of this connection, with close_notify.
    bridge.type_at(server, "q\n");
    bridge.expect("CLOSED\r\n");
}

/// Reads what +IPD carries until the link is closed.
fn received(bridge: &mut Bridge) -> Vec<u8> {
    bridge.run("the end of the link", |bridge| bridge.host.pending.ends_with(b"CLOSED\r\n"));
    let pending = std::mem::take(&mut bridge.host.pending);
    let mut data = Vec::new();
    let mut rest = &pending[..];
    while let Some(after) = rest.strip_prefix(b"\r\n+IPD,") {
        let colon = after.iter().position(|b| *b == b':').expect("the end of a length");
        let length: usize = String::from_utf8_lossy(&after[..colon]).parse().expect("a length");
        data.extend_from_slice(&after[colon + 1..][..length]);
        rest = after[colon + 1 + length..].strip_prefix(b"\r\n").expect("an end of data");
    }
    assert_eq!(rest.escape_ascii().to_string(), "CLOSED\\r\\n", "something else among the data");
    data
}

#[test]
fn a_file_in_records_of_sixteen_kilobytes_arrives_whole() {
    let mut bridge = joined("esp32c3-v2.3");
    let (certificate, key) = leaf("openssl-www", KeyKind::Rsa);
    let file: Vec<u8> = (0..100_000u32).map(|i| (i * 13 + i / 251) as u8).collect();
    let directory = certificate.parent().expect("a directory");
    std::fs::write(directory.join("file.bin"), &file).expect("the target directory can be written");
    let server = bridge.start(
        tool("openssl", "openssl")
            .current_dir(directory)
            .args(["s_server", "-accept", "127.0.0.1:0", "-WWW"])
            .arg("-cert")
            .arg(&certificate)
            .arg("-key")
            .arg(&key),
    );
    bridge.printed(server, "ACCEPT ");
    let address = bridge.printed(server, "\n");
    bridge.to("peer", address.trim().parse().expect("an address"));
    bridge.ask(DIAL, CONNECTED);
    let request = "GET /file.bin HTTP/1.0\r\n\r\n";
    bridge.ask(format!("AT+CIPSEND={}\r\n", request.len()), "\r\nOK\r\n\r\n>");
    bridge.ask(request, format!("\r\nRecv {} bytes\r\n\r\nSEND OK\r\n", request.len()));
    let answer = received(&mut bridge);
    let head = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("the end of a head") + 4;
    assert!(answer[head..] == file, "{} bytes came instead of {}", answer.len() - head, file.len());
}

#[test]
fn a_hosts_server_stands_before_openssls_checks() {
    let mut bridge = joined("esp32c3-v2.3");
    let client = call(
        &mut bridge,
        "203.0.113.40",
        443,
        &[
            "-CAfile",
            "certificates/ca.pem",
            "-verify_return_error",
            "-verify_hostname",
            "www.example.com",
            "-servername",
            "www.example.com",
            "-alpn",
            "h2,http/1.1",
            "-crlf",
            "-ign_eof",
        ],
    );
    bridge.printed(client, "Verify return code: 0 (ok)");
    bridge.type_at(client, "GET / HTTP/1.0\n\n");
    bridge.printed(client, "all is well\n");
    assert!(bridge.ended(client), "it closes with close_notify:\n{}", bridge.output(client));
    let output = bridge.output(client);
    for fact in
        ["New, TLSv1.2, Cipher is ECDHE-RSA-", "ALPN protocol: http/1.1", "Server public key is 2048 bit"]
    {
        assert!(output.contains(fact), "no '{fact}' in\n{output}");
    }
}

#[test]
fn a_host_on_p256_that_requires_a_certificate_refuses_those_without_one() {
    let mut bridge = joined("esp32c3-v2.3");
    let client = call(&mut bridge, "203.0.113.40", 7, &["-CAfile", "certificates/ca.pem"]);
    bridge.printed(client, "unexpected eof while reading");
    let certified = [
        "-CAfile",
        "certificates/ca.pem",
        "-verify_return_error",
        "-cert",
        "certificates/client_cert.1.pem",
        "-key",
        "certificates/client_cert.1.key",
        "-quiet",
        "-no_ign_eof",
    ];
    let mut bridge = joined("esp32c3-v2.3");
    let client = call(&mut bridge, "203.0.113.40", 7, &certified);
    bridge.type_at(client, "there and back\n");
    bridge.printed(client, "there and back\n");
}

#[test]
fn a_host_with_pre_shared_keys_and_one_of_tls_1_3_alone_answer_openssl_as_they_should() {
    for suite in ["PSK-AES128-GCM-SHA256", "ECDHE-PSK-AES128-CBC-SHA256"] {
        let mut bridge = joined("esp32c3-v2.3");
        let key = ["-psk", "30313233", "-psk_identity", "id", "-cipher", suite, "-tls1_2"];
        let client = call(&mut bridge, "203.0.113.41", 7, &key);
        bridge.printed(client, &format!("Cipher is {suite}\n"));
        bridge.type_at(client, "there and back\n");
        bridge.printed(client, "there and back\n");
        let mut bridge = joined("esp32c3-v2.3");
        let other = ["-psk", "34353637", "-psk_identity", "id", "-cipher", suite, "-tls1_2"];
        let client = call(&mut bridge, "203.0.113.41", 7, &other);
        bridge.printed(client, "alert bad record mac");
        let seen = |bridge: &Bridge| bridge.observed.iter().any(|o| o.text().ends_with("PSK mismatch"));
        bridge.run("the host's reason", seen);
    }
    let mut bridge = joined("esp32c3-v2.3");
    let client = call(&mut bridge, "203.0.113.42", 7, &["-tls1_2"]);
    bridge.printed(client, "alert protocol version");
    bridge.pass(SECOND);
}

#[test]
fn openssl_is_a_client_of_the_modules_own_server_with_and_without_a_certificate() {
    let mut bridge = joined("esp32c3-v2.3");
    set(&mut bridge, "AT+CIPMUX=1");
    set(&mut bridge, "AT+CIPSERVER=1,8443,\"SSL\",1");
    let trusting = ["-CAfile", "certificates/ca.pem", "-verify_return_error", "-tls1_2"];
    let address = bridge.from("peer", "wifi", 8443).to_string();
    let connect = ["s_client", "-connect", &address];
    let nobody = bridge.start(openssl().args(connect).args(trusting));
    bridge.printed(nobody, "SSL handshake has read");
    let shown = ["-cert", "certificates/client_cert.0.pem", "-key", "certificates/client_cert.0.key"];
    let mut command = openssl();
    command.args(connect).args(["-quiet", "-no_ign_eof"]).args(trusting).args(shown);
    let client = bridge.start(&mut command);
    bridge.expect("0,CONNECT\r\n");
    bridge.type_at(client, "from there\n");
    bridge.expect("\r\n+IPD,0,11:from there\n\r\n");
    bridge.ask("AT+CIPSEND=0,10\r\n", "\r\nOK\r\n\r\n>");
    bridge.ask("from here\n", "\r\nRecv 10 bytes\r\n\r\nSEND OK\r\n");
    bridge.printed(client, "from here\n");
}
