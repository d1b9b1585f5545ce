//! What Wi-Fi settings do to the frames that a module sends.
use crate::host::{Host, SECOND};

/// True when the capture of this run has these bytes in one piece.
fn captured(host: Host, bytes: &[u8]) -> bool {
    let (_, capture, _) = host.finish();
    capture.windows(bytes.len()).any(|w| w == bytes)
}

/// DHCP option 12 with this name.
fn option(name: &str) -> Vec<u8> {
    [&[12, name.len() as u8], name.as_bytes()].concat()
}

fn joined_as(name: Option<&str>) -> Host {
    let mut host = Host::ready(1);
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    if let Some(name) = name {
        host.ask(format!("AT+CWHOSTNAME=\"{name}\"\r\n"), "\r\nOK\r\n");
    }
    host.ask("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n");
    host
}

#[test]
fn dhcp_requests_carry_the_host_name() {
    assert!(captured(joined_as(Some("lamp-42")), &option("lamp-42")));
    assert!(captured(joined_as(None), &option("espressif")), "the IDF's name is sent when no other is set");
}

#[test]
fn frames_come_from_the_mac_address_that_was_set_and_a_static_address_asks_no_server() {
    let mut host = Host::ready(1);
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTAMAC=\"1a:fe:35:98:d3:7b\"\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTA=\"192.168.1.77\"\r\n", "\r\nOK\r\n");
    host.ask("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n");
    host.wait(SECOND);
    let (_, capture, _) = host.finish();
    let has = |bytes: &[u8]| capture.windows(bytes.len()).any(|w| w == bytes);
    let announcement = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1a, 0xfe, 0x35, 0x98, 0xd3, 0x7b, 0x08, 0x06];
    assert!(has(&announcement), "no ARP from the new MAC address");
    assert!(!has(&option("espressif")), "DHCP was asked");
}

#[test]
fn a_name_that_mdns_serves_is_announced() {
    let mut host = joined_as(None);
    host.ask("AT+MDNS=1,\"lamp\",\"_iot\",8080\r\n", "\r\nOK\r\n");
    host.wait(2 * SECOND);
    assert!(captured(host, b"\x04_iot\x04_tcp\x05local\x00"));
}
