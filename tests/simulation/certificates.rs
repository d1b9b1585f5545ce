//! Certificates and keys of a user's own, from PEM files that the scenario names: of services, and in the module's flash.
use crate::host::{Host, SECOND};
use espat_sim::world::{Recording, Scenario, World, replay};

const SERVER: &str = include_str!("../../certificates/server_cert.0.pem");
const SERVER_KEY: &str = include_str!("../../certificates/server_cert.0.key");
const CLIENT_CA: &str = include_str!("../../certificates/server_ca.0.pem");
const WRONG_CA: &str = include_str!("../../certificates/client_ca.1.pem");
const CA: &str = include_str!("../../certificates/ca.pem");

const OTHER_KEY: &str = include_str!("../../certificates/client_cert.0.key");

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
    files.iter().for_each(|(path, text)| scenario.supply(path, *text));
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
    let wanted: Vec<String> = scenario.named_files().into_iter().map(|file| file.path).collect();
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
        FILES.iter().for_each(|(path, text)| scenario.supply(path, *text));
        scenario.supply("wrong.pem", WRONG_CA);
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
    let mut files = FILES;
    files[1].1 = OTHER_KEY;
    let error = make(&files);
    let places: Vec<usize> = error.split(':').filter_map(|part| part.parse().ok()).collect();
    let line = format!("{}{OWN}", Scenario::default_text()).lines().position(|l| l.starts_with("tls = {"));
    assert_eq!(places.first().copied(), line.map(|line| line + 1), "the line in {error}");
    assert!(error.contains("`pki/server.key`: the private key is not that of the certificate"), "{error}");
    let long = CA.repeat(9);
    let text = format!("[module.wifi]\ncertificates = {{ client_ca = [\"long.pem\"] }}\n{OWN}");
    let mut scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    FILES.iter().for_each(|(path, text)| scenario.supply(path, *text));
    scenario.supply("long.pem", long);
    let error = World::new(&scenario, None, Recording::default()).err().expect("no room").to_string();
    let sentence =
        "test.toml:2:31: `long.pem`: `client_ca` has room for 8192 bytes, and its files are longer";
    assert_eq!(error, sentence);
}

#[test]
fn a_module_that_is_given_a_damaged_file_or_half_a_pair_is_a_mistake_of_the_scenario() {
    let make = |certificates: &str, files: &[(&str, &str)]| {
        let text = format!("[module.wifi]\ncertificates = {{ {certificates} }}\n");
        let mut scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        files.iter().for_each(|(path, text)| scenario.supply(path, (*text).to_owned()));
        World::new(&scenario, None, Recording::default()).err().map(|error| error.to_string())
    };
    let both = "client_cert = [\"own.pem\"], client_key = [\"own.key\"]";
    assert_eq!(make(both, &[("own.pem", SERVER), ("own.key", SERVER_KEY)]), None);
    let error = make(both, &[("own.pem", SERVER), ("own.key", OTHER_KEY)]).expect("they are no pair");
    let sentence = "test.toml:2:33: `own.pem`: the private key is not that of the certificate of this number";
    assert!(error.starts_with(sentence), "a mistake in a module's file is none of the network's: {error}");
    let error = make("client_cert = [\"own.pem\"]", &[("own.pem", SERVER)]).expect("its key is another");
    assert!(error.contains("the private key is not that of the certificate"), "{error}");
    let half = &SERVER_KEY[..SERVER_KEY.len() / 2];
    let error = make(both, &[("own.pem", SERVER), ("own.key", half)]).expect("it is damaged");
    assert!(error.starts_with("test.toml:2:59: `own.key`: the private key cannot be read (-0x"), "{error}");
    let half = &CA[..CA.len() / 2];
    let error = make("client_ca = [\"my.pem\"]", &[("my.pem", half)]).expect("it is damaged");
    assert!(error.starts_with("test.toml:2:31: `my.pem`: the certificate cannot be read (-0x"), "{error}");
}

/// A server whose chain ends in a new root that an old one vouches for, which expired in 2021, and a module that trusts
/// `root`. simulation/chain/make.sh has made them.
fn cross_signed(profile: &str, root: &str) -> Host {
    let text = format!(
        "[module.wifi]\nprofile = \"{profile}\"\ncertificates = {{ client_ca = [\"root.pem\"] }}\n\
         [ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\n\
         [host.chain]\naddress = \"203.0.113.40\"\n\
         [host.chain.tcp-terminal]\nport = 443\n\
         tls = {{ certificate = \"chain.pem\", private-key = \"server.key\" }}\n"
    );
    let mut scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    scenario.supply("root.pem", root.to_owned());
    scenario.supply("chain.pem", include_str!("chain/chain.pem").to_owned());
    scenario.supply("server.key", include_str!("chain/server.key").to_owned());
    Host::of(&scenario, 1).into_joined()
}

#[test]
fn a_chain_whose_old_root_has_expired_needs_the_new_root_and_no_shorter_chain() {
    let (old, new) = (include_str!("chain/old-root.pem"), include_str!("chain/new-root.pem"));
    for profile in ["esp32c3-v2.3", "esp32-v3.4", "esp32c6-v4.1"] {
        assert_eq!(connect(&mut cross_signed(profile, old), "2,0,0"), "expired", "{profile}: the symptom");
        let cured = connect(&mut cross_signed(profile, new), "2,0,0");
        assert_eq!(cured, "CONNECT\r\n\r\nOK", "{profile}: the cure, whatever chain the server sends");
        let both = connect(&mut cross_signed(profile, &format!("{old}{new}")), "2,0,0");
        assert_eq!(both, "CONNECT\r\n\r\nOK", "{profile}: both in one file");
    }
    let dateless = connect(&mut cross_signed("esp8266-v2.2", old), "2,0,0");
    assert_eq!(dateless, "CONNECT\r\n\r\nOK", "the ESP8266 looks at no dates");
    assert_eq!(connect(&mut cross_signed("esp32c3-v2.3", CA), "2,0,0"), "unknown CA", "neither of them");
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
