//! Hosts on a module's softAP, as its MCU and a test meet them.
use crate::host::{Host, SECOND};
use espat_sim::world::{Pin, Recording, Scenario, replay};

const PHONE: &str = "
[host.phone]
address = \"192.168.1.20\"
tcp-terminal = 23
udp-terminal = 5000
";

/// A module with its softAP on.
fn softap(seed: u64) -> Host {
    let mut host = Host::ready_in(&format!("{}{PHONE}", Scenario::default_text()), seed);
    host.ask("AT+CWMODE=3\r\n", "\r\nOK\r\n");
    host
}

#[test]
fn a_host_joins_by_dhcp_and_goes_home_to_its_own_address() {
    let mut host = softap(1);
    host.console("host phone leave");
    host.console("host phone join wifi");
    host.until("+DIST_STA_IP:");
    host.wait(SECOND);
    host.console("host phone join wifi");
    host.wait(SECOND);
    host.console("host phone connect wifi 80");
    host.wait(SECOND);
    host.console("host phone leave");
    host.until("+STA_DISCONNECTED:");
    host.until("\r\n");
    host.wait(SECOND);
    assert_eq!(
        host.seen("phone"),
        [
            "station joined the softAP of module 'wifi'",
            "station has the address 192.168.4.2",
            "tcp-terminal not connected to 192.168.4.1:80: refused",
            "station left the softAP of module 'wifi'",
        ]
    );
    host.ask("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.20\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
}

#[test]
fn a_module_that_is_off_or_full_lets_nobody_in() {
    let mut host = softap(1);
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    host.console("host phone join wifi");
    host.ask("AT+CWMODE=2\r\n", "\r\nOK\r\n");
    host.ask("AT+CWSAP=\"lamp\",\"\",1,0,1\r\n", "\r\nOK\r\n");
    host.console("host nas join wifi");
    host.until("+DIST_STA_IP:");
    host.console("host phone join wifi");
    host.wait(SECOND);
    assert_eq!(
        host.seen("phone"),
        [
            "station not let in by module 'wifi': its softAP is off",
            "station not let in by module 'wifi': its softAP takes no more stations",
        ]
    );
}

#[test]
fn a_power_cut_sends_every_host_home() {
    let mut host = softap(1);
    host.console("host phone join wifi");
    host.until("+DIST_STA_IP:");
    host.pin(Pin::En, false);
    host.wait(SECOND);
    host.pin(Pin::En, true);
    host.expect("\r\nready\r\n");
    let seen = host.seen("phone");
    assert_eq!(seen.last().map(String::as_str), Some("station left the softAP of module 'wifi'"), "{seen:?}");
}

#[test]
fn joining_and_leaving_are_in_the_log_and_a_replay_ends_with_the_same_digest() {
    for seed in 1..=2 {
        let mut host = softap(seed);
        host.console("host phone join wifi");
        host.until("+DIST_STA_IP:");
        host.console("at 20s host phone leave");
        host.until("+STA_DISCONNECTED:");
        host.wait(SECOND);
        let (digest, _, log) = host.finish();
        let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((replayed.is_same(), replayed.world.digest()), (Some(true), digest), "seed {seed}");
    }
}

#[test]
fn a_name_that_cannot_be_meant_is_one_sentence() {
    let mut host = softap(1);
    let error = host.world.console("host www join wifi").unwrap_err().to_string();
    assert_eq!(error, "expected a host behind an access point, found `www`, which is beyond the gateway");
}
