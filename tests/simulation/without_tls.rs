//! A build without TLS (`--no-default-features`): links over SSL fail as on a module without memory for them, and the log
//! port says why. `make soak` builds it.
#![cfg(not(feature = "tls"))]

use crate::host::{Host, SECOND, with_pc};
use espat_sim::world::Scenario;

#[test]
fn a_link_over_ssl_fails_and_the_log_port_says_that_there_is_no_tls() {
    let mut host = Host::joined_in(&with_pc(), 1);
    host.seen("wifi");
    host.ask("AT+CIPSTART=\"SSL\",\"pc.lan\",23\r\n", "\r\nERROR\r\n");
    let seen = host.seen("wifi");
    let failed = "link link 0 failed SSL 192.168.1.20:23: tls failed: this build of espat-sim has no TLS";
    assert!(seen.iter().any(|text| text.ends_with(failed.trim_start_matches("link "))), "{seen:#?}");
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    let merged = with_pc().replace("[module.wifi]\n", "[module.wifi]\nlog-port = \"merged\"\n");
    let mut host = Host::new(&merged, 1);
    host.until("\r\nready\r\n");
    for line in ["AT+CWMODE=1", "AT+CWJAP=\"espat-sim\",\"correct horse\""] {
        host.send(format!("{line}\r\n"));
        host.until("\r\nOK\r\n");
    }
    host.send("AT+CIPSTART=\"SSL\",\"pc.lan\",23\r\n");
    let said = host.until("\r\nERROR\r\n");
    assert!(
        said.contains("esp-tls-mbedtls: this build of espat-sim has no TLS"),
        "the log port says {said:?}"
    );
    assert!(said.contains("esp-tls: create_ssl_handle failed"), "as without memory: {said:?}");
}

#[test]
fn the_modules_own_server_over_ssl_lets_nobody_in_and_the_module_goes_on() {
    let mut host = Host::joined_in(&with_pc(), 1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSERVER=1,443,\"SSL\"\r\n", "\r\nOK\r\n");
    host.console("host pc connect wifi 443");
    host.silent_for(20 * SECOND);
    host.ask("AT+CIPSTART=0,\"TCP\",\"pc.lan\",23\r\n", "0,CONNECT\r\n\r\nOK\r\n");
}

#[test]
fn a_scenario_with_a_server_over_tls_is_a_mistake_with_its_line() {
    let text = "[host.www]\naddress = \"203.0.113.10\"\nhttp = { tls = true }\n";
    let error = Scenario::parse("lab.toml", text).expect_err("there is no TLS").message;
    assert!(error.starts_with("lab.toml:3:"), "{error}");
    assert!(error.contains("this build of espat-sim has no TLS"), "{error}");
}
