//! What is wrong with a module itself, as its MCU meets it: resets, a supply that goes, and what the console says of it.

use crate::host::{Host, SECOND, with_pc};
use espat_sim::world::{Pin, Recording, replay};

/// What came out of the module's log port, from the log of its run; its digests must come again.
fn log_port(host: Host) -> String {
    let module = host.module;
    let (digest, _, log) = host.finish();
    let recording = Recording { log_port: true, ..Recording::default() };
    let mut again = replay(&log, recording).expect("the log replays");
    assert_eq!(again.world.digest(), digest, "the fault is not replayed as it was");
    let bytes: Vec<u8> = std::iter::from_fn(|| again.world.log_port_read(module).expect("log_port_read"))
        .map(|byte| byte.byte)
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A module that has joined, with a link to the terminal of `pc`.
fn linked(seed: u64) -> Host {
    let mut host = Host::joined_in(&with_pc(), seed);
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.20\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.wait(SECOND / 10);
    host.seen("pc");
    host
}

#[test]
fn a_brown_out_resets_the_chip_in_the_middle_of_a_byte_and_nobody_is_told() {
    let mut host = linked(1);
    host.send("AT+CIPSTATE?\r\n");
    host.until("+CIPS");
    host.console("module wifi reset");
    assert_eq!(host.world.links(host.module).expect("links"), [], "its links are gone");
    host.expect("\r\nready\r\n");
    // It joins by itself: that was saved. The echo is on again.
    host.expect("WIFI CONNECTED\r\nWIFI GOT IP\r\n");
    host.ask("AT+CIPSTATE?\r\n", "AT+CIPSTATE?\r\n\r\nOK\r\n");
    assert_eq!(host.seen("pc"), [] as [&str; 0], "the peer has been told of the link's end");
    // Only what it sends finds out.
    host.console("host pc send \"still there?\"");
    host.wait(5 * SECOND);
    let seen = host.seen("pc");
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].contains(" reset after "), "the module does not know the connection any more: {seen:?}");
    let log = log_port(host);
    assert!(log.contains("rst:0xf (BROWNOUT_RST),boot:0xc"), "{log}");
}

#[test]
fn each_reset_says_on_the_log_port_what_it_was_and_the_clock_runs_on_through_a_watchdog_alone() {
    for (why, profile, text, runs_on) in [
        ("brown-out", "esp32-v3.4", "rst:0xf (RTCWDT_BROWN_OUT_RESET)", false),
        ("watchdog", "esp32-v3.4", "rst:0x8 (TG1WDT_SYS_RESET)", true),
        ("power-on", "esp32c6-v4.1", "rst:0x1 (POWERON)", false),
        ("watchdog", "esp8266-v2.2", "rst cause:4", false),
    ] {
        let scenario = format!("[module.wifi]\nprofile = \"{profile}\"\n");
        let mut host = Host::ready_in(&scenario, 3);
        host.ask("AT+SYSTIMESTAMP=1700000000\r\n", "\r\nOK\r\n");
        host.console(&format!("module wifi reset {why}"));
        host.expect("\r\nready\r\n");
        let answer = host.query("AT+SYSTIMESTAMP?\r\n");
        assert_eq!(answer.contains("+SYSTIMESTAMP:17000000"), runs_on, "{profile}, {why}: {answer}");
        let log = log_port(host);
        let starts = log.matches("boot").count();
        assert!(starts >= 2 && log.contains(text), "{profile}, {why}: {log}");
    }
}

#[test]
fn without_a_supply_nothing_is_answered_and_with_one_it_starts_as_after_power_on() {
    let mut host = linked(2);
    host.send("AT+GMR\r\n");
    host.until("AT version:2.3");
    host.console("module wifi power off");
    host.silent_for(SECOND);
    host.send("AT\r\n");
    host.silent_for(10 * SECOND);
    let seen = host.seen("wifi");
    assert!(seen.iter().any(|s| s.contains("no supply")), "nobody says why it is silent: {seen:?}");
    assert_eq!(host.seen("pc"), [] as [&str; 0], "the peer has been told of the link's end");
    assert_eq!(
        host.refused("module wifi reset"),
        "'module wifi reset brown-out' comes to nothing: wifi: it has no supply"
    );
    host.console("module wifi power on");
    host.expect("\r\nready\r\n");
    host.expect("WIFI CONNECTED\r\nWIFI GOT IP\r\n");
    let log = log_port(host);
    assert_eq!(log.matches("rst:0x1 (POWERON)").count(), 2, "{log}");
}

#[test]
fn the_chip_runs_only_with_supply_and_enable_both() {
    let mut host = Host::ready(4);
    host.pin(Pin::En, false);
    host.console("module wifi power off");
    host.console("module wifi power on");
    host.silent_for(SECOND);
    host.console("module wifi power off");
    host.pin(Pin::En, true);
    host.silent_for(SECOND);
    host.console("module wifi power on");
    host.expect("\r\nready\r\n");
    host.pin(Pin::En, false);
    assert_eq!(
        host.refused("module wifi reset watchdog"),
        "'module wifi reset watchdog' comes to nothing: wifi: it is switched off (EN is low)"
    );
    host.pin(Pin::En, true);
    host.expect("\r\nready\r\n");
}

#[test]
fn the_supply_can_be_missing_at_the_start_and_come_by_the_timeline() {
    let scenario = "timeline = [\"at 2s module wifi power on\", \"at 5s module wifi reset\", \
                    \"at 7s module wifi power off\", \"at 8s module wifi reset\"]\n\
                    [module.wifi]\npower = \"off\"\n";
    let mut host = Host::new(scenario, 1);
    host.silent_for(2 * SECOND);
    host.expect("\r\nready\r\n");
    assert!(host.now < 3 * SECOND, "ready at {} ns", host.now);
    host.expect("\r\nready\r\n");
    assert!(host.now > 5 * SECOND, "it has not been reset at 5 s");
    host.silent_for(10 * SECOND);
    let warnings = host.world.take_warnings();
    assert_eq!(
        warnings,
        ["8.000000 s: 'module wifi reset brown-out' comes to nothing: wifi: it has no supply"]
    );
    let changes: Vec<String> =
        host.world.take_observations().iter().filter(|o| o.kind() == "change").map(|o| o.text()).collect();
    assert_eq!(changes.len(), 4, "{changes:?}");
    let capture = String::from_utf8_lossy(&host.capture).into_owned();
    assert!(capture.contains("module wifi power off"), "the capture has no comment of it");
}
