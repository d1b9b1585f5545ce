//! What is wrong with a module itself, as its MCU meets it: resets, a supply that goes, and what the console says of it.

use crate::host::{Host, SECOND, with_pc};
use espat_sim::world::{Pin, Recording, Scenario, replay};

/// What came out of the module's log port, from the log of its run; its digests must come again.
fn log_port(mut host: Host) -> String {
    host.wait(SECOND);
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

/// What was observed of the module that was made to go wrong.
fn faults(host: &mut Host) -> Vec<String> {
    let seen = host.seen("wifi").into_iter();
    seen.filter_map(|s| s.strip_prefix("fault ").map(str::to_owned)).collect()
}

#[test]
fn a_command_is_answered_as_told_and_not_carried_out_as_often_as_told() {
    let mut host = linked(1);
    faults(&mut host);
    host.console("module wifi answer AT+CIPSEND ERROR once");
    host.console("module wifi answer AT+CIPMUX OK 2 times");
    host.console("module wifi answer AT+CWLAP \"+CWLAP:(none)\\r\\n\"");
    host.ask("AT+CIPSEND=5\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPSEND=5\r\n", "\r\nOK\r\n\r\n>");
    host.ask("hello", "\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n");
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("at+cipmux?\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPMUX?\r\n", "+CIPMUX:0\r\n\r\nOK\r\n");
    host.ask("AT+CWLAP\r\n", "+CWLAP:(none)\r\n");
    host.silent_for(5 * SECOND);
    host.console("module wifi answer AT+CWLAP none");
    assert!(host.query("AT+CWLAP\r\n").contains("espat-sim"), "it is not carried out again");
    assert_eq!(
        faults(&mut host),
        [
            "answered AT+CIPSEND=5 with ERROR",
            "answered AT+CIPMUX=1 with OK",
            "answered at+cipmux? with OK",
            "answered AT+CWLAP with \"+CWLAP:(none)\\r\\n\"",
        ]
    );
    let capture = String::from_utf8_lossy(&host.capture).into_owned();
    assert!(capture.contains("fault answered AT+CIPSEND=5 with ERROR"), "the capture has no comment of it");
}

#[test]
fn the_console_shows_what_is_wrong_with_a_module() {
    let mut host = Host::ready(1);
    let well = "module wifi power on\nmodule wifi heap normal\nmodule wifi flash ok\nmodule wifi urcs normal";
    assert_eq!(host.console("module"), well);
    for line in
        ["heap 5000", "flash fail", "urcs hostile", "power off", "answer AT+GMR busy 2 times after 1s"]
    {
        host.console(&format!("module wifi {line}"));
    }
    assert_eq!(
        host.console("module wifi"),
        "module wifi power off\nmodule wifi heap 5000\nmodule wifi flash fail\nmodule wifi urcs hostile\n\
         module wifi answer AT+GMR busy p... 2 times after 1s"
    );
    assert!(host.refused("module lamp").contains("expected the name of a module (`wifi`)"));
}

#[test]
fn an_answer_can_be_late_silent_or_busy_and_outlives_a_reset() {
    let mut host = Host::ready(2);
    host.console("module wifi answer AT+GMR ERROR once after 2s");
    host.send("AT+GMR\r\n");
    let start = host.now;
    host.wait(SECOND);
    host.ask("AT\r\n", "\r\nbusy p...\r\n");
    host.expect("\r\nERROR\r\n");
    assert!(host.now - start >= 2 * SECOND, "it came after {} ns", host.now - start);
    host.console("module wifi answer AT+GMR \"\"");
    host.send("AT+GMR\r\n");
    host.silent_for(10 * SECOND);
    host.console("module wifi answer AT busy p... always");
    host.ask("AT\r\n", "\r\nbusy p...\r\n");
    host.console("module wifi reset");
    host.expect("\r\nready\r\n");
    host.ask("AT\r\n", "AT\r\n\r\nbusy p...\r\n");
    host.console("module wifi answer none");
    host.ask("AT\r\n", "AT\r\n\r\nOK\r\n");
}

#[test]
fn a_text_is_printed_between_two_writes_and_nothing_is_printed_while_no_firmware_runs() {
    let mut host = Host::new(Scenario::default_text(), 1);
    assert_eq!(
        host.refused("module wifi print \"x\""),
        "'module wifi print \"x\"' comes to nothing: wifi: its firmware does not run"
    );
    host.expect("\r\nready\r\n");
    host.send("ATE0\r\n");
    host.expect("ATE0\r\n\r\nOK\r\n");
    host.console("module wifi print \"\\r\\n+FOO:\\xff\\r\\n\"");
    host.expect(b"\r\n+FOO:\xff\r\n");
    host.send("AT+CIPMUX?\r\n");
    host.until("+CIPM");
    host.console("module wifi print \"+BAR\\r\\n\"");
    host.expect("UX:0\r\n\r\nOK\r\n+BAR\r\n");
}

#[test]
fn memory_that_is_gone_fails_what_needs_it_with_the_codes_of_the_module() {
    let mut host = Host::joined_in(&with_pc(), 1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+SYSLOG=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=0,\"TCP\",\"192.168.1.20\",23\r\n", "0,CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSERVER=1,80\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPRECVMODE=1\r\n", "\r\nOK\r\n");
    host.console("host pc send \"hello\"");
    host.expect("\r\n+IPD,0,5\r\n");
    faults(&mut host);
    host.console("module wifi heap 2400");
    host.ask("AT+SYSRAM?\r\n", "+SYSRAM:100,100\r\nOK\r\n");
    let failed = "ERR CODE:0x010a0000\r\n\r\nERROR\r\n";
    host.ask("AT+CIPSTART=1,\"TCP\",\"192.168.1.20\",23\r\n", failed);
    host.ask("AT+CIPSEND=0,101\r\n", failed);
    host.ask("AT+CIPRECVDATA=0,100\r\n", failed);
    host.ask("AT+MQTTUSERCFG=0,1,\"c\",\"\",\"\",0,0,\"\"\r\n", "ERR CODE:0x010a6005\r\n\r\nERROR\r\n");
    host.console("host pc connect wifi 80");
    host.wait(SECOND);
    // What is there goes on, and so does what is small enough.
    host.ask("AT+CIPSEND=0,5\r\n", "\r\nOK\r\n\r\n>");
    host.ask("hello", "\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n");
    assert_eq!(
        faults(&mut host),
        [
            "no memory for a link: 2300 bytes needed, 100 free",
            "no memory for what is to be sent: 101 bytes needed, 100 free",
            "no memory for what is to be read: 133 bytes needed, 100 free",
            "no memory for MQTT's settings: 600 bytes needed, 100 free",
            "no memory for a client: 2300 bytes needed, 100 free",
        ]
    );
    host.console("module wifi heap normal");
    host.ask("AT+CIPRECVDATA=0,100\r\n", "+CIPRECVDATA:5,hello\r\nOK\r\n");
    let ram = host.query("AT+SYSRAM?\r\n");
    assert!(ram.starts_with("+SYSRAM:14") && ram.contains(",100\r\n"), "the least that was seen: {ram}");
}

#[cfg(feature = "tls")]
#[test]
fn a_heap_without_room_for_a_session_fails_the_handshake() {
    let mut host = Host::joined(1);
    host.console("module wifi heap 38499");
    host.ask("AT+CIPSTART=\"SSL\",\"api.example.com\",443\r\n", "\r\nERROR\r\n");
    host.console("module wifi heap 38500");
    host.ask("AT+CIPSTART=\"SSL\",\"api.example.com\",443\r\n", "CONNECT\r\n\r\nOK\r\n");
    let log = log_port(host);
    assert!(log.contains("-0x7f00"), "{log}");
}

#[test]
fn flash_that_takes_no_writes_makes_what_saves_fail_and_nothing_is_kept() {
    let mut host = Host::joined(1);
    faults(&mut host);
    let line = host.query("AT+UART?\r\n");
    host.console("module wifi flash fail");
    let error = "\r\nERROR\r\n";
    host.ask("AT+CWAUTOCONN=0\r\n", error);
    host.ask("AT+UART_DEF=9600,8,1,0,0\r\n", error);
    host.ask("AT+UART?\r\n", line);
    host.ask("AT+CWJAP=\"elsewhere\",\"12345678\"\r\n", error);
    host.ask("AT+SYSFLASH=1,\"ble_data\",0,4\r\n", "\r\nOK\r\n>");
    host.ask("abcd", error);
    host.ask("AT+SYSFLASH=0,\"ble_data\",0,4096\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPRECONNINTV=500\r\n", error);
    // It is in force, though.
    host.ask("AT+CIPRECONNINTV?\r\n", "+CIPRECONNINTV:500\r\n\r\nOK\r\n");
    host.ask("AT+SYSSTORE=0\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPRECONNINTV=700\r\n", "\r\nOK\r\n");
    let seen = faults(&mut host);
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert_eq!(seen[0], "flash not written: NVS");
    assert_eq!(seen[3], "flash not written: the partition ble_data");
    host.console("module wifi reset power-on");
    host.expect("\r\nready\r\n");
    host.until("WIFI GOT IP\r\n");
    host.ask("ATE0\r\n", "ATE0\r\n\r\nOK\r\n");
    host.ask("AT+CWAUTOCONN?\r\n", "+CWAUTOCONN:1\r\nOK\r\n");
    host.ask("AT+CIPRECONNINTV?\r\n", "+CIPRECONNINTV:1\r\n\r\nOK\r\n");
    host.ask("AT+SYSFLASH=2,\"ble_data\",0,4\r\n", b"+SYSFLASH:4,\xff\xff\xff\xff\r\nOK\r\n");
    host.console("module wifi flash ok");
    host.ask("AT+CWAUTOCONN=0\r\n", "\r\nOK\r\n");
}

#[test]
fn an_update_fails_with_its_first_block_when_flash_takes_none() {
    let ota = "
[host.ota]
address = \"203.0.113.40\"
names = [\"iot.espressif.cn\"]
update = { latest = \"v2.4.0.0\", versions = { \"v2.4.0.0\" = { ota = 100_000 } } }
";
    let mut host = Host::joined_in(&format!("{}{ota}", Scenario::default_text()), 1);
    host.console("module wifi flash fail");
    host.ask("AT+CIUPDATE\r\n", "+CIPUPDATE:1\r\n+CIPUPDATE:2\r\n+CIPUPDATE:3\r\n\r\nERROR\r\n");
    assert_eq!(faults(&mut host), ["flash not written: the file ota"]);
    let log = log_port(host);
    assert!(log.contains("esp_ota_write failed!"), "{log}");
}

#[test]
fn what_is_wrong_from_the_start_stands_in_the_scenario_and_a_mistake_has_its_place() {
    let scenario =
        "[module.wifi]\nheap = 5000\nflash = \"fail\"\nanswers = [\"AT+GMR ERROR once\", \"AT+CIPMUX OK\"]\n";
    let mut host = Host::ready_in(scenario, 1);
    host.ask("AT+SYSRAM?\r\n", "+SYSRAM:5000,5000\r\nOK\r\n");
    host.ask("AT+CWAUTOCONN=0\r\n", "\r\nERROR\r\n");
    host.ask("AT+GMR\r\n", "\r\nERROR\r\n");
    assert!(host.query("AT+GMR\r\n").contains("AT version"), "once is once");
    host.ask("AT+CIPMUX?\r\n", "\r\nOK\r\n");
    let mistake = Scenario::parse("lab.toml", "[module.wifi]\nanswers = [\"AT+GMR EROR\"]\n");
    let text = mistake.expect_err("a mistake").to_string();
    assert!(text.contains("found `EROR`; did you mean `ERROR`?") && text.contains("lab.toml:2:12"), "{text}");
}
