//! The wire: flow control and loss where the network is slower than the UART, mismatched settings, breaks, noise.
//! Where a rule is about time, it is looked at one nanosecond before, and at that nanosecond.

use crate::host::{Host, SECOND};
use espat_sim::time::Instant;
use espat_sim::uart::{LineSettings, heard};
use espat_sim::world::{Attachment, EventKind, Pin, Recording, Scenario, Statistics, World, replay};

const MS: u64 = 1_000_000;

/// A PC behind a slow radio link.
const SLOW: &str = r#"
timing = "fast"

[link.wifi]
rate = "200 kbit/s"

[ap.home]
ssid = "espat-sim"
password = "correct horse"
subnet = "192.168.1.0/24"

[host.pc]
address = "192.168.1.20"
tcp-terminal = 5000
"#;

fn scenario(wire: &str) -> String {
    format!("{SLOW}\n[wire.wifi]\n{wire}\n")
}

fn statistics(host: &Host) -> Statistics {
    host.world.statistics(host.module).expect("statistics")
}

fn rts(host: &Host) -> bool {
    host.world.module_rts(host.module).expect("the module exists")
}

/// In passthrough to the PC, at 921600 baud with this flow control.
fn passthrough(wire: &str, flow: u8) -> Host {
    let mut host = Host::joined_in(&scenario(wire), 1);
    host.ask(format!("AT+UART_CUR=921600,8,1,0,{flow}\r\n"), "\r\nOK\r\n");
    into_passthrough(&mut host);
    host
}

fn into_passthrough(host: &mut Host) {
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.20\",5000\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPMODE=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSEND\r\n", "\r\nOK\r\n\r\n>");
}

/// What the PC has received until now, bytes; and what was said about the UART, with its time.
fn seen(host: &mut Host) -> (u64, Vec<(u64, String)>) {
    let (mut bytes, mut uart) = (0, Vec::new());
    for seen in host.world.take_observations() {
        match seen.event.kind() {
            EventKind::TcpTerminalReceived if seen.subject == "pc" => bytes += seen.event.facts().count,
            kind if kind.word() == "uart" => uart.push((seen.at.as_nanos(), seen.text())),
            _ => {}
        }
    }
    (bytes, uart)
}

const STREAM: usize = 40_000;

#[test]
fn a_stream_faster_than_the_network_loses_nothing_with_flow_control() {
    let mut host = passthrough("obeys-rts = true", 1);
    host.world.take_observations();
    host.send(vec![b'x'; STREAM]);
    host.wait(20 * SECOND);
    let (received, uart) = seen(&mut host);
    let s = statistics(&host);
    assert_eq!((received, s.module_overruns), (STREAM as u64, 0), "{s:?}");
    assert!(s.mcu_queue_max >= STREAM as u64, "{s:?}");
    assert!(uart.iter().any(|(_, text)| text == "RTS high: 120 bytes in the receive FIFO"), "{uart:?}");
    assert!(!rts(&host), "everything has left");
    let (digest, capture, log) = host.finish();
    let comment = b"RTS high: 120 bytes in the receive FIFO";
    assert!(capture.windows(comment.len()).any(|w| w == comment), "the capture has no comment about RTS");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((replayed.is_same(), replayed.world.digest()), (Some(true), digest));
}

#[test]
fn the_same_stream_overruns_without_it() {
    for (wire, flow, why) in [
        ("obeys-rts = false", 1, "the MCU does not look at RTS"),
        ("obeys-rts = true", 0, "the module does not drive RTS"),
        ("obeys-rts = true", 2, "the module only looks at CTS"),
    ] {
        let mut host = passthrough(wire, flow);
        host.world.take_observations();
        host.send(vec![b'x'; STREAM]);
        host.wait(20 * SECOND);
        let (received, uart) = seen(&mut host);
        let s = statistics(&host);
        assert!(s.module_overruns > 1_000, "{why}: {s:?}");
        assert_eq!(received + s.module_overruns, STREAM as u64, "{why}: each byte arrives or is counted");
        let rts = uart.iter().any(|(_, text)| text.starts_with("RTS high"));
        assert_eq!(rts, flow & 1 != 0, "{why}: {uart:?}");
        let warnings = host.world.take_warnings();
        let text = "module 'wifi': receive FIFO full: bytes from the MCU are being lost";
        assert!(warnings.iter().any(|w| w.ends_with(text)), "{why}: {warnings:?}");
        host.send("\r\n");
        host.wait(SECOND);
        assert_eq!(seen(&mut host).0, 2, "{why}: it goes on afterwards");
    }
}

/// Passthrough to a PC that reads nothing, at 115200 baud; so many bytes stored that everything fills.
fn blocked(wire: &str, flow: Option<u8>) -> Host {
    let mut host = Host::joined_in(&scenario(wire), 1);
    if let Some(flow) = flow {
        host.ask(format!("AT+UART_CUR=115200,8,1,0,{flow}\r\n"), "\r\nOK\r\n");
    }
    into_passthrough(&mut host);
    host.console("host pc pause");
    host.wait(100 * MS);
    host.world.take_observations();
    host.send(vec![b'x'; STREAM]);
    host
}

/// Steps until `done`, and returns when that was.
fn until(host: &mut Host, done: impl Fn(&Host) -> bool) -> u64 {
    let end = host.now + 60 * SECOND;
    while !done(host) {
        assert!(host.step(end), "it never happened");
    }
    host.now
}

#[test]
fn rts_goes_high_with_the_byte_that_reaches_the_threshold_and_not_a_nanosecond_before() {
    for (flow, threshold) in [(None, 122), (Some(1), 120), (Some(3), 120)] {
        let at = until(&mut blocked("", flow), rts);
        let mut host = blocked("", flow);
        host.go(at - 1);
        let before = statistics(&host).module_received;
        assert!(!rts(&host), "flow control {flow:?}: high too early");
        host.go(at);
        assert!(rts(&host), "flow control {flow:?}: not high at {at} ns");
        assert_eq!(statistics(&host).module_received, before + 1, "a byte ended then");
        let (_, uart) = seen(&mut host);
        let text = format!("RTS high: {threshold} bytes in the receive FIFO");
        assert_eq!(uart, [(at, text)], "flow control {flow:?}");
    }
}

#[test]
fn the_fifo_loses_the_first_byte_beyond_its_size_when_that_ends() {
    let lost = |host: &Host| statistics(host).module_overruns > 0;
    let high = until(&mut blocked("", Some(1)), rts);
    let at = until(&mut blocked("", Some(1)), lost);
    // 120 bytes are in it then; eight more fit, and the ninth ends nine byte times later.
    let bytes = |n: u64| (n * 10 * SECOND).div_ceil(115_200);
    assert!((at - high).abs_diff(bytes(9)) <= 1, "RTS at {high}, the first loss at {at}");
    let mut host = blocked("", Some(1));
    host.go(at - 1);
    assert_eq!(statistics(&host).module_overruns, 0);
    host.go(at);
    assert_eq!(statistics(&host).module_overruns, 1);
}

#[test]
fn an_mcu_that_obeys_rts_ends_the_byte_that_it_has_begun() {
    let mut host = blocked("obeys-rts = true", Some(1));
    until(&mut host, rts);
    let (stored, before) = (STREAM as u64, statistics(&host));
    host.wait(10 * SECOND);
    let after = statistics(&host);
    assert_eq!(after.module_received, before.module_received + 1, "the byte that began at the same instant");
    assert_eq!(after.module_overruns, 0);
    assert_eq!(host.world.mcu_pending(host.module).unwrap() as u64, {
        let commands = after.mcu_bytes - stored;
        stored - (after.module_received - commands)
    });
    let status = host.console("status");
    assert!(status.contains("wire wifi: MCU 115200 8n1, module 115200 8n1, RTS high;"), "{status}");
    host.console("host pc resume");
    until(&mut host, |host| !rts(host));
    host.wait(20 * SECOND);
    let (received, _) = seen(&mut host);
    assert_eq!((received, statistics(&host).module_overruns), (stored, 0));
}

#[test]
fn an_escape_behind_bytes_that_wait_takes_effect_when_they_have_left() {
    let mut host = Host::joined_in(&scenario("obeys-rts = true"), 1);
    into_passthrough(&mut host);
    host.console("host pc pause");
    host.wait(100 * MS);
    host.world.take_observations();
    host.send(vec![b'x'; 17_000]);
    // All of it is in the module; part of it waits in the ring.
    host.wait(2 * SECOND);
    host.send("+++");
    host.wait(2 * SECOND);
    host.send("AT\r\n");
    host.silent_for(SECOND);
    host.console("host pc resume");
    host.expect("\r\nOK\r\n");
    host.wait(10 * SECOND);
    assert_eq!(seen(&mut host).0, 17_000, "what came before the escape");
    assert_eq!(statistics(&host).module_overruns, 0);
}

#[test]
fn a_driver_says_whether_its_mcu_obeys_rts() {
    let text = scenario("");
    let scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let recording = Recording { log: true, ..Recording::default() };
    let mut world = World::new(&scenario, None, recording).expect("a world");
    world.attach("wifi", Attachment { obeys_rts: Some(true), ..Attachment::default() }).expect("attach");
    let log = String::from_utf8(world.take_log()).expect("text");
    assert!(log.ends_with("0 wifi attach id=0 hz=1000000000 obeys-rts=true\n"), "{log}");
}

fn line(text: &str) -> LineSettings {
    LineSettings::parse(text).expect("settings")
}

fn set_line(host: &mut Host, text: &str) {
    host.world.set_mcu_line(host.module, host.now, line(text)).expect("set_mcu_line");
}

#[test]
fn an_mcu_at_another_rate_is_not_understood_and_does_not_understand() {
    let mut host = Host::ready(1);
    set_line(&mut host, "9600 8n1");
    // Each `U` is five breaks; the module's parser gets ten zeros.
    host.send("UU");
    host.silent_for(SECOND);
    let s = statistics(&host);
    assert_eq!((s.module_framing_errors, s.module_parity_errors), (10, 0));
    set_line(&mut host, "115200 8n1");
    host.ask("AT\r\n", "\r\nERROR\r\n");
    host.ask("AT\r\n", "\r\nOK\r\n");
    // The module's answers to a receiver at another rate are what sampling makes of them.
    host.send("AT\r\n");
    host.wait(400_000);
    set_line(&mut host, "38400 8n1");
    host.wait(SECOND);
    let expected = heard(line("115200 8n1"), line("38400 8n1"), b"\r\nOK\r\n");
    let bytes: Vec<u8> = expected.iter().map(|(byte, _)| *byte).collect();
    assert!(!bytes.is_empty() && bytes != b"\r\nOK\r\n");
    assert_eq!(std::mem::take(&mut host.pending), bytes);
    let errors = expected.iter().filter(|(_, flags)| flags & 1 != 0).count() as u64;
    assert_eq!(statistics(&host).mcu_framing_errors, errors);
    let (digest, _, log) = host.finish();
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((replayed.is_same(), replayed.world.digest()), (Some(true), digest));
}

#[test]
fn after_it_was_set_the_mcu_no_longer_follows_at_uart() {
    let mut host = Host::ready(1);
    set_line(&mut host, "115200 8n1");
    host.ask("AT+UART_CUR=9600,8,1,0,0\r\n", "\r\nOK\r\n");
    host.wait(10 * MS);
    assert_eq!(host.world.line_settings(host.module), Ok(line("9600 8n1")));
    assert_eq!(host.world.mcu_line_settings(host.module), Ok(line("115200 8n1")));
    host.send("AT\r\n");
    host.silent_for(SECOND);
    set_line(&mut host, "9600 8n1");
    // The garbage stands before it.
    host.ask("AT\r\n", "\r\nERROR\r\n");
    host.ask("AT\r\n", "\r\nOK\r\n");
}

#[test]
fn settings_that_no_uart_has_are_refused() {
    let mut host = Host::ready(1);
    let bad = LineSettings { data_bits: 9, ..LineSettings::eight_n_one(9_600) };
    for bad in [bad, LineSettings::eight_n_one(79), LineSettings::eight_n_one(5_000_001)] {
        let error = host.world.set_mcu_line(host.module, host.now, bad).expect_err("it was taken");
        assert_eq!(
            error.to_string(),
            format!("expected 80 to 5000000 baud and 5 to 8 data bits, found {bad}")
        );
    }
}

#[test]
fn a_new_rate_holds_from_the_last_stop_bit_of_ok_on() {
    // The module's next byte after OK is garbage to an MCU that stays, from the first one on; OK itself is not.
    let mut host = Host::ready(1);
    set_line(&mut host, "115200 8n1");
    host.send("AT+UART_CUR=57600,8,1,0,0\r\n");
    let settings = |host: &Host| host.world.line_settings(host.module) == Ok(line("57600 8n1"));
    let at = until(&mut host, settings);
    assert_eq!(host.received.last().map(|(end, byte)| (*end, *byte)), Some((at, b'\n')));
    let mut host = Host::ready(1);
    set_line(&mut host, "115200 8n1");
    host.send("AT+UART_CUR=57600,8,1,0,0\r\n");
    host.go(at - 1);
    assert!(!settings(&host), "one nanosecond early");
}

#[test]
fn cts_stops_the_module_in_the_middle_of_an_answer_and_the_capture_says_so() {
    let mut host = Host::ready(1);
    host.ask("AT+UART_CUR=115200,8,1,0,3\r\n", "\r\nOK\r\n");
    host.send("AT+GMR\r\n");
    host.until("AT version");
    host.pin(Pin::McuRts, true);
    let before = host.received.len();
    host.wait(SECOND);
    assert_eq!(host.received.len(), before + 1, "the byte on the wire, and no other");
    host.pin(Pin::McuRts, false);
    host.until("\r\nOK\r\n");
    host.world.finish();
    host.go(host.now);
    for comment in ["CTS high: the module stops with", "CTS low: the module goes on with"] {
        let found = host.capture.windows(comment.len()).any(|w| w == comment.as_bytes());
        assert!(found, "the capture does not say '{comment}'");
    }
}

#[test]
fn a_break_is_a_zero_for_the_parser_and_a_flag_for_the_mcu() {
    let mut host = Host::ready(1);
    host.console("wire wifi from-mcu break 1ms");
    host.wait(10 * MS);
    assert_eq!(statistics(&host).module_framing_errors, 1);
    host.ask("AT\r\n", "\r\nERROR\r\n");
    host.ask("AT\r\n", "\r\nOK\r\n");
    host.world.console("wire wifi to-mcu break 1ms").expect("a line of the console");
    let (byte, at) = loop {
        let next = host.world.next_event(host.module).expect("attached").expect("the break is an event");
        host.world.advance(host.module, next).expect("advance");
        if let Some(byte) = host.world.uart_read(host.module).expect("the module exists") {
            break (byte, host.now);
        }
    };
    assert_eq!((byte.byte, byte.flags), (0, 5), "framing error and break");
    assert_eq!(
        byte.at,
        Instant::from_nanos(at + 86_806),
        "by the receiver's count, while the line is still low"
    );
}

#[test]
fn noise_and_loss_come_from_the_scenario_and_are_the_same_every_time() {
    let run = |wire: &str, seed: u64| {
        let mut host = Host::new(&scenario(wire), seed);
        host.wait(SECOND);
        for _ in 0..50 {
            host.send("AT\r\n");
            host.wait(100 * MS);
        }
        let s = statistics(&host);
        (host.finish().0, s)
    };
    let (clean, s) = run("", 1);
    assert_eq!((s.wire_lost, s.module_framing_errors, s.mcu_framing_errors), (0, 0, 0));
    let (noisy, s) = run("noise = \"5 %\"\nloss = \"5 %\"", 1);
    assert!(s.wire_lost > 5 && s.module_received < s.mcu_bytes, "{s:?}");
    assert_ne!(noisy, clean);
    assert_eq!(run("noise = \"5 %\"\nloss = \"5 %\"", 1), (noisy, s), "the same again");
    assert_ne!(run("noise = \"5 %\"\nloss = \"5 %\"", 2).0, noisy, "another seed");
}

#[test]
fn an_esp8266_whose_log_comes_out_of_the_at_port_greets_with_garbage() {
    let text = "timing = \"fast\"\n[module.wifi]\nprofile = \"esp8266-v2.2\"\nlog-port = \"merged\"\n";
    let mut host = Host::new(text, 1);
    let greeting = host.until("\r\nready\r\n");
    let s = statistics(&host);
    assert!(s.mcu_framing_errors > 0, "{s:?}: {greeting:?}");
    assert!(!greeting.contains("ets Jan"), "115200 baud can't read 74880: {greeting:?}");
    // An MCU that is set to the boot loader's rate can.
    let mut host = Host::new(&format!("{text}[wire.wifi]\nmcu-line = \"74880 8n1\"\n"), 1);
    host.until("ets Jan  8 2013,rst cause:1, boot mode:(3,7)\r\n");
}

#[test]
fn gpio0_low_at_a_reset_keeps_the_firmware_from_starting() {
    let text = "timing = \"fast\"\n[module.wifi]\nlog-port = \"merged\"\n";
    let mut host = Host::new(text, 1);
    host.until("\r\nready\r\n");
    host.pin(Pin::Gpio0, false);
    host.pin(Pin::En, false);
    host.pin(Pin::En, true);
    let banner = host.until("waiting for download\r\n");
    assert!(banner.contains("DOWNLOAD"), "{banner}");
    host.send("AT\r\n");
    host.silent_for(SECOND);
    // With a log port of its own, the AT port says nothing at all.
    let mut host = Host::ready(1);
    host.pin(Pin::Gpio0, false);
    host.pin(Pin::En, false);
    host.pin(Pin::En, true);
    host.silent_for(5 * SECOND);
}

#[test]
fn a_full_block_leaves_when_its_last_byte_ends_whatever_the_interval() {
    let mut host = Host::joined_in(&SLOW.replace("200 kbit/s", "20 Mbit/s"), 1);
    host.ask("AT+UART_CUR=3000000,8,1,0,0\r\n", "\r\nOK\r\n");
    into_passthrough(&mut host);
    host.wait(100 * MS);
    let frames = |host: &Host| host.world.statistics(host.module).expect("statistics").frames_sent;
    let (start, before) = (host.now, frames(&host));
    host.send(vec![b'x'; 2920]);
    let full = start + (2920 * 10 * SECOND).div_ceil(3_000_000);
    assert!(full < start + 20 * MS, "the block is full before the interval is over");
    host.wait(full - 1 - start);
    assert_eq!(frames(&host), before, "one nanosecond before the last stop bit ends");
    host.go(full);
    assert!(frames(&host) > before, "the block did not leave at {full} ns");
}

/// What is sent at once at 115200 baud in passthrough: data, then after `pause` from the same instant on the escape.
fn data_and_escape(mcu_tx: &str, pause: u64) -> Host {
    let mut host = Host::joined_in(&format!("{SLOW}\n[wire.wifi]\nmcu-tx = \"{mcu_tx}\"\n"), 1);
    into_passthrough(&mut host);
    host.wait(SECOND);
    host.world.take_warnings();
    host.world.take_observations();
    // 1000 bytes take 87 ms on the wire.
    host.send(vec![b'x'; 1000]);
    host.wait(pause);
    host.send("+++");
    host
}

const SPOILT: &str = "`+++` is data: ";

#[test]
fn an_escape_that_the_mcus_queue_has_spoilt_is_a_warning_with_its_remedy_and_data() {
    let mut host = data_and_escape("wire", 25 * MS);
    let certain = host.now + 86_806 + 20 * MS + 1;
    host.go(certain - 1);
    assert!(host.world.take_warnings().is_empty(), "20 ms are not over");
    host.go(certain);
    let warnings = host.world.take_warnings();
    let [warning] = &warnings[..] else { panic!("one warning was to come: {warnings:?}") };
    let expected = format!("{}: module 'wifi': {SPOILT}", Instant::from_nanos(certain));
    assert!(warning.starts_with(&expected), "{warning}");
    for remedy in ["let the transmit queue run empty", "mcu-tx = \"as-stored\""] {
        assert!(warning.contains(remedy), "the warning does not say '{remedy}': {warning}");
    }
    host.wait(SECOND);
    let (received, uart) = seen(&mut host);
    assert_eq!(received, 1003, "the three are data");
    assert!(uart.iter().any(|(at, text)| *at == certain && text.starts_with(SPOILT)), "{uart:?}");
    host.send("AT\r\n");
    host.silent_for(SECOND);
    assert!(host.world.take_warnings().is_empty(), "it was told once");
    let (digest, capture, log) = host.finish();
    assert!(capture.windows(SPOILT.len()).any(|w| w == SPOILT.as_bytes()), "the capture does not say so");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((replayed.is_same(), replayed.world.digest()), (Some(true), digest));
}

#[test]
fn there_is_no_such_warning_where_the_queue_was_empty_or_bytes_are_paced_by_their_stores() {
    // 1000 bytes end after 86 805 556 ns; 20 ms later the silence is long enough.
    for (mcu_tx, pause, leaves) in
        [("wire", 86_805_556 + 20 * MS + 1, true), ("as-stored", 25 * MS, true), ("wire", 20 * MS, false)]
    {
        let mut host = data_and_escape(mcu_tx, pause);
        host.wait(SECOND);
        assert!(host.world.take_warnings().is_empty(), "{mcu_tx}, {pause} ns");
        host.send("AT\r\n");
        host.wait(SECOND);
        let answered = host.pending == b"\r\nOK\r\n";
        assert_eq!(answered, leaves, "{mcu_tx}, {pause} ns: {}", host.pending.escape_ascii());
    }
}

#[test]
fn a_byte_that_waited_for_room_leaves_when_it_gets_there_and_not_before() {
    // The PC reads nothing, so that bytes wait in the ring longer than the flush time. When it reads again, what the
    // module sends has the time of that moment.
    let mut host = blocked("obeys-rts = true", None);
    host.wait(20 * SECOND);
    let sent = |host: &Host| host.world.statistics(host.module).expect("statistics").frames_sent;
    let before = sent(&host);
    host.world.take_observations();
    let resumed = host.now;
    host.console("host pc resume");
    host.wait(20 * SECOND);
    assert!(sent(&host) > before);
    let early = host.world.take_observations().into_iter().find(|o| o.at.as_nanos() < resumed);
    assert!(early.is_none(), "it happened before anybody could read: {early:?}");
}

#[test]
fn power_lost_within_a_byte_takes_it_along_and_at_its_end_does_not() {
    let mut host = Host::ready(1);
    host.send("AT\r\n");
    let end = until(&mut host, |host| !host.pending.is_empty());
    for (off, received) in [(end - 1, 0), (end, 1), (end + 1, 1)] {
        let mut host = Host::ready(1);
        host.send("AT\r\n");
        host.go(off);
        host.pin(Pin::En, false);
        host.wait(SECOND);
        assert_eq!(host.pending.len(), received, "EN low at {off} ns, the first byte ends at {end} ns");
        assert!(!rts(&host));
        host.pin(Pin::En, true);
        host.until("\r\nready\r\n");
    }
    // The other way: what had not ended when the power went is nothing to the firmware that starts then.
    let mut host = Host::ready(1);
    host.send("AT+GMR");
    host.wait(300_000);
    host.pin(Pin::En, false);
    host.pin(Pin::En, true);
    host.until("\r\nready\r\n");
    host.ask("ATE0\r\n", "ATE0\r\n\r\nOK\r\n");
}

/// When the chip has started: `ready` is stored at that instant.
fn booted() -> u64 {
    let mut host = Host::new("timing = \"fast\"\n", 1);
    host.until("\r\nready\r\n");
    let (end, _) = host.received[0];
    end - 86_806
}

#[test]
fn what_ends_before_the_firmware_runs_is_not_heard_and_what_ends_one_nanosecond_later_is() {
    let start = booted();
    // A byte that ends with the start is received before it.
    for (end, heard) in [(start - 1, false), (start, false), (start + 1, true)] {
        let mut host = Host::new("timing = \"fast\"\n", 1);
        host.go(end - 86_806);
        host.send("A");
        host.until("\r\nready\r\n");
        host.send("T\r\n");
        let last = if heard { "OK" } else { "ERROR" };
        let answer = host.query("");
        assert!(
            answer.ends_with(&format!("\r\n{last}\r\n")),
            "`A` ends at {end}, start at {start}: {answer}"
        );
    }
}

#[test]
fn deep_sleep_ends_at_its_nanosecond() {
    let mut host = Host::ready(1);
    host.send("AT+GSLP=1500\r\n");
    host.until("\r\nOK\r\n");
    let slept = host.now;
    let asleep = |host: &mut Host| host.console("status").contains("asleep");
    assert!(asleep(&mut host), "OK has left: it sleeps");
    host.go(slept + 1_500 * MS - 1);
    assert!(asleep(&mut host), "one nanosecond early");
    host.go(slept + 1_500 * MS);
    assert!(!asleep(&mut host), "one nanosecond late");
    host.until("\r\nready\r\n");
}

#[test]
fn a_byte_that_begins_with_the_new_setting_is_heard_with_it_and_one_nanosecond_earlier_it_is_not() {
    // The MCU changes at the last stop bit of OK, and stores its first byte then.
    let settings = |host: &Host| host.world.line_settings(host.module) == Ok(line("57600 8n1"));
    let command = "AT+UART_CUR=57600,8,1,0,0\r\n";
    let at = {
        let mut host = Host::ready(1);
        host.send(command);
        until(&mut host, settings)
    };
    // What is garbled ends no line; of OK only the line feed is left.
    for (early, answer) in [(0, "\r\nOK\r\n"), (1, "\n")] {
        let mut host = Host::ready(1);
        set_line(&mut host, "115200 8n1");
        host.send(command);
        host.go(at - early);
        host.pending.clear();
        set_line(&mut host, "57600 8n1");
        host.send("AT\r\n");
        host.wait(SECOND);
        let got = std::mem::take(&mut host.pending);
        assert_eq!(got.escape_ascii().to_string(), answer.escape_default().to_string(), "{early} ns early");
    }
}
