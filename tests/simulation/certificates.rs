//! Certificates and keys of a user's own, from PEM files that the scenario names: of services, and in the module's flash.
use crate::host::{Host, SECOND};
use espat_sim::world::{Recording, Scenario, World, replay};

const SERVER: &str = include_str!("../../certificates/server_cert.0.pem");
const SERVER_KEY: &str = include_str!("../../certificates/server_cert.0.key");
const CLIENT_CA: &str = include_str!("../../certificates/server_ca.0.pem");
const WRONG_CA: &str = include_str!("../../certificates/client_ca.1.pem");
const CA: &str = include_str!("../../certificates/ca.pem");

/// A server with a certificate of its own that wants one of the client.
const OWN: &str = "
[host.own]
address = \"203.0.113.40\"
[host.own.tcp-terminal]
port = 443
tls = { certificate = \"pki/server.pem\", private-key = \"pki/server.key\", client-ca = \"pki/clients.pem\", \
client-certificate = \"required\" }
";

fn scenario(module: &str, files: &[(&str, &str)]) -> Scenario {
    let text = format!("{module}{}{OWN}", Scenario::default_text());
    let mut scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    files.iter().for_each(|(path, text)| scenario.supply(path, (*text).to_owned()));
    scenario
}

const FILES: [(&str, &str); 3] =
    [("pki/server.pem", SERVER), ("pki/server.key", SERVER_KEY), ("pki/clients.pem", CLIENT_CA)];

/// What AT+CIPSTART comes to in this mode, when the clock is set.
fn connect(host: &mut Host, mode: &str) -> String {
    host.ask("AT+SYSTIMESTAMP=1767225600\r\n", "\r\nOK\r\n");
    host.ask(format!("AT+CIPSSLCCONF={mode}\r\n"), "\r\nOK\r\n");
    host.world.take_observations();
    host.send("AT+CIPSTART=\"SSL\",\"203.0.113.40\",443\r\n");
    host.wait(10 * SECOND);
    let failed = host.world.take_observations().into_iter().map(|o| o.text().to_string());
    let failed: Vec<String> = failed.filter(|text| text.contains("tls failed")).collect();
    let answer = String::from_utf8_lossy(&std::mem::take(&mut host.pending)).into_owned();
    match failed.first() {
        Some(text) => text.rsplit(": ").next().unwrap_or_default().to_owned(),
        None => answer.trim().to_owned(),
    }
}

#[test]
fn a_service_shows_and_trusts_what_is_in_the_files_that_the_scenario_names() {
    let scenario = scenario("", &FILES);
    let wanted: Vec<&str> = scenario.pem_files().into_iter().collect();
    assert_eq!(wanted, ["pki/clients.pem", "pki/server.key", "pki/server.pem"]);
    let mut host = Host::of(&scenario, 1).into_joined();
    assert_eq!(connect(&mut host, "3,0,0"), "CONNECT\r\n\r\nOK", "the project's CA has signed this server");
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    assert_ne!(connect(&mut host, "2,0,0"), "CONNECT\r\n\r\nOK", "it wants a certificate of the client");
}

#[test]
fn a_module_has_the_certificates_that_the_scenario_puts_into_its_flash() {
    for profile in ["esp32c3-v2.3", "esp32-v3.4", "esp8266-v2.2"] {
        let text = format!(
            "[module.wifi]\nprofile = \"{profile}\"\ncertificates = {{ client_ca = [\"wrong.pem\"] }}\n\
             [ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\n{OWN}"
        );
        let mut scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        FILES.iter().for_each(|(path, text)| scenario.supply(path, (*text).to_owned()));
        scenario.supply("wrong.pem", WRONG_CA.to_owned());
        let mut host = Host::of(&scenario, 1).into_joined();
        assert_eq!(connect(&mut host, "3,0,0"), "unknown CA", "{profile}: item 0 is another authority");
        host.ask("AT+CIPSSLCCONF=2,0,1\r\n", "NO CA FOUND\r\n\r\nERROR\r\n");
    }
}

#[test]
fn what_was_in_the_files_travels_in_the_input_log() {
    let mut host = Host::of(&scenario("", &FILES), 1).into_joined();
    assert_eq!(connect(&mut host, "3,0,0"), "CONNECT\r\n\r\nOK");
    let (digest, _, log) = host.finish();
    assert!(log.contains("file \"pki/server.key\" "), "the log names the file");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.world.digest(), digest, "the same run without the files");
    assert_eq!(replayed.is_same(), Some(true));
}

#[test]
fn files_that_nobody_read_or_that_cannot_be_what_they_are_named_for_are_told() {
    let make = |files: &[(&str, &str)]| {
        World::new(&scenario("", files), None, Recording::default()).err().expect("a mistake").to_string()
    };
    assert!(make(&FILES[..2]).contains("nobody has read `pki/clients.pem`"), "{}", make(&FILES[..2]));
    let mut files = FILES;
    files[1].1 = SERVER;
    assert!(make(&files).contains("the private key cannot be read"), "{}", make(&files));
    let mut files = FILES;
    files[0].1 = "no certificate";
    assert!(make(&files).contains("the certificate cannot be read"), "{}", make(&files));
    let long = CA.repeat(9);
    let text = format!("[module.wifi]\ncertificates = {{ client_ca = [\"long.pem\"] }}\n{OWN}");
    let mut scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    FILES.iter().for_each(|(path, text)| scenario.supply(path, (*text).to_owned()));
    scenario.supply("long.pem", long);
    let error = World::new(&scenario, None, Recording::default()).err().expect("no room").to_string();
    assert!(error.contains("`client_ca` has room for 8192 bytes"), "{error}");
}

/// A partition with one item, as its layout is documented: header, item, and FF up to four bytes.
fn partition(content: &str) -> Vec<u8> {
    let padded = content.len().next_multiple_of(4);
    let mut bytes = vec![0xf1, 0xf1, 1, 0];
    bytes.extend((padded as u32 + 4).to_le_bytes());
    bytes.extend([1, 0]);
    bytes.extend((content.len() as u16).to_le_bytes());
    bytes.extend(content.as_bytes());
    bytes.resize(12 + padded, 0xff);
    bytes
}

/// Has the firmware write its own authority into flash, in its release's way.
fn write_authority(host: &mut Host, profile: &str, content: &str) {
    let bytes = if profile.contains("-v2.") {
        host.ask("AT+SYSFLASH=0,\"client_ca\"\r\n", "\r\nOK\r\n");
        let bytes = partition(content);
        host.send(format!("AT+SYSFLASH=1,\"client_ca\",0,{}\r\n", bytes.len()));
        bytes
    } else {
        host.ask("AT+SYSMFG=0,\"client_ca\"\r\n", "\r\nOK\r\n");
        host.send(format!("AT+SYSMFG=2,\"client_ca\",\"client_ca\",8,{}\r\n", content.len()));
        content.as_bytes().to_vec()
    };
    host.wait(SECOND / 10);
    let prompt = std::mem::take(&mut host.pending);
    assert!(prompt.ends_with(b">"), "{profile} wants its bytes: {}", String::from_utf8_lossy(&prompt));
    host.send(bytes);
    host.expect("\r\nOK\r\n");
}

#[test]
fn what_the_firmware_writes_into_flash_is_what_the_next_handshake_uses() {
    for profile in ["esp32c3-v2.3", "esp32-v3.4", "esp8266-v2.2"] {
        let text = format!(
            "[module.wifi]\nprofile = \"{profile}\"\n\
             [ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\n\
             [host.own]\naddress = \"203.0.113.40\"\ntcp-terminal = {{ port = 443, tls = true }}\n"
        );
        let mut host = Host::new(&text, 1).into_joined();
        assert_eq!(connect(&mut host, "2,0,0"), "CONNECT\r\n\r\nOK", "{profile}: as it is shipped");
        host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
        write_authority(&mut host, profile, WRONG_CA);
        assert_eq!(connect(&mut host, "2,0,0"), "unknown CA", "{profile}: another authority");
        write_authority(&mut host, profile, CA);
        assert_eq!(connect(&mut host, "2,0,0"), "CONNECT\r\n\r\nOK", "{profile}: the right one, again");
        host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
        // A file that was cut off is noticed when it is used, and no earlier.
        write_authority(&mut host, profile, &CA[..CA.len() / 2]);
        let failed = connect(&mut host, "2,0,0");
        assert!(failed.starts_with("the certificates of authorities cannot be read"), "{profile}: {failed}");
    }
}
