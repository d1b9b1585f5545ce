//! Links, names, states: the TCP/IP commands over the simulated network (reference, sections 3, 9 and 10).
use crate::host::{Host, SECOND};
use espat_sim::world::{Pin, Scenario};

const GET: &str = "GET /status HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n";

/// The default scenario with these lines in place of others.
fn scenario(changes: &[(&str, &str)]) -> String {
    let mut text = Scenario::default_text().to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the default scenario no longer has {from:?}");
        text = text.replacen(from, to, 1);
    }
    text
}

#[test]
fn a_join_prints_its_two_lines_and_ok() {
    let mut host = Host::ready(1);
    host.ask("AT+CWSTATE?\r\n", "+CWSTATE:0,\"\"\r\n\r\nOK\r\n");
    host.ask("AT+CIFSR\r\n", "\r\nOK\r\n");
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CWMODE?\r\n", "+CWMODE:1\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTATUS\r\n", "STATUS:1\r\n\r\nOK\r\n");
    host.ask("AT+CWJAP?\r\n", "\r\nOK\r\n");
    let zero =
        "+CIPSTA:ip:\"0.0.0.0\"\r\n+CIPSTA:gateway:\"0.0.0.0\"\r\n+CIPSTA:netmask:\"0.0.0.0\"\r\n\r\nOK\r\n";
    host.ask("AT+CIPSTA?\r\n", zero);
    host.ask("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n");
    host.ask("AT+CWSTATE?\r\n", "+CWSTATE:2,\"espat-sim\"\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTATUS\r\n", "STATUS:2\r\n\r\nOK\r\n");
    let joined = host.query("AT+CWJAP?\r\n");
    assert!(
        joined.starts_with("+CWJAP:\"espat-sim\",\"") && joined.ends_with("\",6,-45,0,1,3,0,0\r\n\r\nOK\r\n"),
        "{joined}"
    );
    host.ask(
        "AT+CIPSTA?\r\n",
        "+CIPSTA:ip:\"192.168.1.100\"\r\n+CIPSTA:gateway:\"192.168.1.1\"\r\n+CIPSTA:netmask:\"255.255.255.0\"\r\n\r\nOK\r\n",
    );
    let own = host.query("AT+CIFSR\r\n");
    assert!(own.starts_with("+CIFSR:STAIP,\"192.168.1.100\"\r\n+CIFSR:STAMAC,\""), "{own}");
    host.ask("AT+CWQAP\r\n", "WIFI DISCONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CWQAP\r\n", "\r\nOK\r\n");
    host.ask("AT+CWSTATE?\r\n", "+CWSTATE:4,\"espat-sim\"\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTATUS\r\n", "STATUS:5\r\n\r\nOK\r\n");
}

#[test]
fn a_join_that_fails_says_why() {
    let mut host = Host::ready(1);
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CWJAP=\"nope\",\"0123456789\"\r\n", "+CWJAP:3\r\n\r\nERROR\r\n");
    host.ask("AT+CWJAP=\"espat-sim\",\"wrong horse\"\r\n", "+CWJAP:2\r\n\r\nERROR\r\n");
    host.ask("AT+CIPSTATUS\r\n", "STATUS:5\r\n\r\nOK\r\n");
    host.ask("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n");
    host.ask("AT+CWJAP=\"nope\",\"0123456789\"\r\n", "WIFI DISCONNECT\r\n+CWJAP:3\r\n\r\nERROR\r\n");
}

#[test]
fn a_join_without_an_answer_from_dhcp_times_out() {
    let text = scenario(&[("[link.wifi]\n", "[link.wifi]\nup = false\n")]);
    let mut host = Host::ready_in(&text, 1);
    host.ask("AT+CWMODE=1\r\n", "\r\nOK\r\n");
    host.send("AT+CWJAP=\"espat-sim\",\"correct horse\",,,,,,5\r\n");
    let start = host.now;
    host.expect("WIFI CONNECTED\r\nWIFI DISCONNECT\r\n+CWJAP:1\r\n\r\nERROR\r\n");
    let took = host.now - start;
    assert!((5 * SECOND..5 * SECOND + SECOND / 10).contains(&took), "jap_timeout is 5 s, it took {took} ns");
}

#[test]
fn a_page_is_fetched_and_the_link_closes() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTATUS\r\n", "STATUS:3\r\n");
    let line = host.query("");
    assert!(line.starts_with("+CIPSTATUS:0,\"TCP\",\"203.0.113.10\",80,"), "{line}");
    host.send(format!("AT+CIPSEND={}\r\n", GET.len()));
    host.expect("\r\nOK\r\n\r\n>");
    host.send(GET);
    host.expect(format!("\r\nRecv {} bytes\r\n\r\nSEND OK\r\n", GET.len()));
    let head = host.until("\r\n\r\n");
    assert!(head.starts_with("\r\n+IPD,") && head.contains(":HTTP/1.1 200 OK\r\n"), "{head}");
    let rest = host.until("CLOSED\r\n");
    assert_eq!(rest, "espat-sim says hello\n\r\nCLOSED\r\n");
    host.ask("AT+CIPSTATUS\r\n", "STATUS:4\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND=1\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPCLOSE\r\n", "\r\nERROR\r\n");
}

#[test]
fn ids_are_needed_in_multiple_mode_and_refused_in_single_mode() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=0,\"TCP\",\"nas.lan\",7\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPMUX?\r\n", "+CIPMUX:0\r\n\r\nOK\r\n");
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPMUX?\r\n", "+CIPMUX:1\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"TCP\",\"nas.lan\",7\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPSTART=5,\"TCP\",\"nas.lan\",7\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPSTART=2,\"TCP\",\"nas.lan\",7\r\n", "2,CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTART=2,\"TCP\",\"nas.lan\",7\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPMUX=0\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPCLOSE\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPCLOSE=1\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPSEND=2,4\r\n", "\r\nOK\r\n\r\n>");
    host.ask("ping", "\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n");
    host.expect("\r\n+IPD,2,4:ping\r\n");
    host.ask("AT+CIPDINFO?\r\n", "+CIPDINFO:false\r\nOK\r\n");
    host.ask("AT+CIPDINFO=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPDINFO?\r\n", "+CIPDINFO:true\r\nOK\r\n");
    host.ask("AT+CIPSEND=2,2\r\n", "\r\nOK\r\n\r\n>");
    host.ask("\r\n", "\r\nRecv 2 bytes\r\n\r\nSEND OK\r\n");
    host.expect("\r\n+IPD,2,2,\"192.168.1.10\",7:\r\n\r\n");
    host.ask("AT+CIPSTART=4,\"UDP\",\"echo.example.com\",7,4321\r\n", "4,CONNECT\r\n\r\nOK\r\n");
    let state = host.query("AT+CIPSTATE?\r\n");
    assert!(state.contains("+CIPSTATE:2,\"TCP\",\"192.168.1.10\",7,"), "{state}");
    assert!(state.contains("+CIPSTATE:4,\"UDP\",\"198.51.100.7\",7,4321,0\r\n"), "{state}");
    host.ask("AT+CIPCLOSE=5\r\n", "2,CLOSED\r\n4,CLOSED\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTATE?\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPCLOSE=5\r\n", "\r\nERROR\r\n");
}

#[test]
fn what_is_typed_beyond_the_length_meets_busy() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=\"TCP\",\"nas.lan\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND=4\r\n", "\r\nOK\r\n\r\n>");
    host.ask("test\r\n", "\r\nbusy p...\r\n\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n");
    host.expect("\r\n+IPD,4:test\r\n");
}

#[test]
fn a_refused_connection_is_error_and_then_closed() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=\"TCP\",\"nas.lan\",81\r\n", "\r\nERROR\r\nCLOSED\r\n");
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=3,\"TCP\",\"nas.lan\",81\r\n", "\r\nERROR\r\n3,CLOSED\r\n");
    // Nobody there: the SYN is repeated, then given up.
    host.send("AT+CIPSTART=3,\"TCP\",\"192.168.1.77\",80\r\n");
    let start = host.now;
    host.expect("\r\nERROR\r\n3,CLOSED\r\n");
    assert!(
        (9 * SECOND..11 * SECOND).contains(&(host.now - start)),
        "about 10 s, not {} ns",
        host.now - start
    );
    host.ask("AT+CIPSTART=3,\"TCP\",\"no.such.name\",80\r\n", "\r\nERROR\r\n");
    host.silent_for(SECOND);
}

#[test]
fn parameters_of_cipstart_are_checked() {
    let mut host = Host::joined(1);
    for line in [
        "AT+CIPSTART=\"TCP\",\"nas.lan\",0",
        "AT+CIPSTART=\"TCP\",\"nas.lan\",65536",
        "AT+CIPSTART=\"TCP\",\"\",7",
        "AT+CIPSTART=\"tcp\",\"nas.lan\",7",
        "AT+CIPSTART=\"ICMP\",\"nas.lan\",7",
        "AT+CIPSTART=\"TCP\",\"nas.lan\",7,7201",
        "AT+CIPSTART=\"TCP\",\"nas.lan\",7,-1",
        "AT+CIPSTART=\"TCP\",\"nas.lan\",7,0,\"192.168.1.99\"",
        "AT+CIPSTART=\"TCP\",\"nas.lan\",7,0,\"\",1",
        "AT+CIPSTART=\"TCPv6\",\"nas.lan\",7",
        "AT+CIPSTART=\"SSL\",\"www.example.com\",443",
        "AT+CIPSTART=\"UDP\",\"nas.lan\",7,,2",
        "AT+CIPSTART=\"UDP\",\"nas.lan\",7,70000",
        "AT+CIPSTART=\"UDP\",\"nas.lan\",7,1000,3",
    ] {
        host.ask(format!("{line}\r\n"), "\r\nERROR\r\n");
    }
    for (line, close) in [
        ("AT+CIPSTART=\"TCP\",\"nas.lan\",7,,\"192.168.1.100\"", "CLOSED\r\n"),
        ("AT+CIPSTART=\"TCP\",\"192.168.1.10\",7,7200", "CLOSED\r\n"),
        ("AT+CIPSTART=\"TCP\",\"nas.lan\",7,,\"\"", "CLOSED\r\n"),
        ("AT+CIPSTART=\"UDP\",\"nas.lan\",7,,,\"192.168.1.100\"", "CLOSED\r\n"),
        ("AT+CIPSTART=\"UDP\",\"nas.lan\",7,1002,2", "CLOSED\r\n"),
    ] {
        host.ask(format!("{line}\r\n"), "CONNECT\r\n\r\nOK\r\n");
        host.ask("AT+CIPCLOSE\r\n", format!("{close}\r\nOK\r\n"));
    }
}

#[test]
fn a_datagram_may_go_to_another_host_without_changing_the_link() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPDINFO=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"UDP\",\"nas.lan\",7,1002,0\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND=2,\"echo.example.com\",7\r\n", "\r\nOK\r\n\r\n>");
    host.ask("hi", "\r\nRecv 2 bytes\r\n\r\nSEND OK\r\n");
    host.expect("\r\n+IPD,2,\"198.51.100.7\",7:hi\r\n");
    host.ask("AT+CIPSEND=2\r\n", "\r\nOK\r\n\r\n>");
    host.ask("yo", "\r\nRecv 2 bytes\r\n\r\nSEND OK\r\n");
    host.expect("\r\n+IPD,2,\"192.168.1.10\",7:yo\r\n");
    host.ask("AT+CIPSEND=2,\"nas.lan\"\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPSEND=0\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPSEND=8193\r\n", "\r\nERROR\r\n");
}

#[test]
fn two_servers_on_two_addresses_answer_within_milliseconds() {
    // smoltcp alone asks for no second neighbour within a second of the first.
    let second = "[host.pc]\naddress = \"192.168.1.11\"\nnames = [\"pc.lan\"]\ntcp-echo = 7\n\n[host.nas]\n";
    let mut host = Host::joined_in(&scenario(&[("[host.nas]\n", second)]), 1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    for (id, address) in ["192.168.1.10", "192.168.1.11", "203.0.113.10"].iter().enumerate() {
        let port = if id == 2 { 80 } else { 7 };
        host.send(format!("AT+CIPSTART={id},\"TCP\",\"{address}\",{port}\r\n"));
        let start = host.now;
        host.expect(format!("{id},CONNECT\r\n\r\nOK\r\n"));
        assert!(host.now - start < SECOND / 10, "{address} took {} ns", host.now - start);
    }
}

#[test]
fn names_and_pings_answer_or_say_that_they_failed() {
    let mut host = Host::ready(1);
    host.ask("AT+CIPDOMAIN=\"nas.lan\"\r\n", "\r\nERROR\r\n");
    host.ask("AT+PING=\"nas.lan\"\r\n", "+PING:TIMEOUT\r\n\r\nERROR\r\n");
    let mut host = Host::joined(1);
    host.ask("AT+CIPDOMAIN=\"NAS.lan\"\r\n", "+CIPDOMAIN:\"192.168.1.10\"\r\n\r\nOK\r\n");
    host.ask("AT+CIPDOMAIN=\"nas.lan\",2\r\n", "+CIPDOMAIN:\"192.168.1.10\"\r\n\r\nOK\r\n");
    host.ask("AT+CIPDOMAIN=\"nas.lan\",3\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPDOMAIN=\"nas.lan\",4\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPDOMAIN=\"10.1.2.3\"\r\n", "+CIPDOMAIN:\"10.1.2.3\"\r\n\r\nOK\r\n");
    host.ask("AT+CIPDOMAIN=\"no.such.name\"\r\n", "\r\nERROR\r\n");
    let pinged = host.query("AT+PING=\"www.example.com\"\r\n");
    let ms: u64 =
        pinged.strip_prefix("+PING:").and_then(|p| p.split('\r').next()?.parse().ok()).expect(&pinged);
    assert!((34..=40).contains(&ms), "two ways of 2 to 2.5 ms and 15 ms: {pinged}");
    host.ask("AT+PING=\"192.168.1.77\"\r\n", "+PING:TIMEOUT\r\n\r\nERROR\r\n");
    host.ask("AT+PING=\"no.such.name\"\r\n", "+PING:TIMEOUT\r\n\r\nERROR\r\n");
}

#[test]
fn a_lost_access_point_closes_the_links_and_the_station_comes_back() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=0,\"TCP\",\"nas.lan\",7\r\n", "0,CONNECT\r\n\r\nOK\r\n");
    let start = host.now;
    host.console("ap home down");
    host.expect("0,CLOSED\r\nWIFI DISCONNECT\r\n");
    let took = host.now - start;
    assert!((6 * SECOND..7 * SECOND).contains(&took), "beacons are missed for 6 to 6.5 s, not {took} ns");
    host.ask("AT+CIPSTART=0,\"TCP\",\"nas.lan\",7\r\n", "\r\nERROR\r\n");
    host.ask("AT+CIPSTATUS\r\n", "STATUS:5\r\n\r\nOK\r\n");
    host.silent_for(10 * SECOND);
    host.console("ap home up");
    host.expect("WIFI CONNECTED\r\nWIFI GOT IP\r\n");
    host.ask("AT+CIPSTART=0,\"TCP\",\"nas.lan\",7\r\n", "0,CONNECT\r\n\r\nOK\r\n");
}

#[test]
fn a_short_outage_is_survived_by_retransmission() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=\"TCP\",\"nas.lan\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.console("ap home down");
    host.ask("AT+CIPSEND=5\r\n", "\r\nOK\r\n\r\n>");
    host.ask("hello", "\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n");
    host.silent_for(2 * SECOND);
    host.console("ap home up");
    host.expect("\r\n+IPD,5:hello\r\n");
}

#[test]
fn a_restart_leaves_the_access_point_and_joins_it_again_from_flash() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=\"TCP\",\"nas.lan\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+RST\r\n", "\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n");
    host.ask("AT+CIPSTATE?\r\n", "AT+CIPSTATE?\r\n\r\nOK\r\n");
    host.ask("AT+CWMODE?\r\n", "AT+CWMODE?\r\n+CWMODE:1\r\n\r\nOK\r\n");
}

#[test]
fn the_enable_pin_cuts_the_power_in_the_middle_of_a_byte() {
    let mut host = Host::joined(1);
    host.send("AT+GMR\r\n");
    host.until("AT ver");
    let received = host.received.len();
    host.pin(Pin::En, false);
    host.wait(SECOND);
    assert_eq!(host.received.len(), received, "nothing comes from a chip without power");
    host.send("AT\r\n");
    host.silent_for(SECOND);
    host.pin(Pin::En, true);
    host.expect("\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n");
    host.ask("AT\r\n", "AT\r\n\r\nOK\r\n");
}

#[test]
fn a_low_boot_strap_keeps_the_firmware_from_starting() {
    let mut host = Host::ready(1);
    host.pin(Pin::En, false);
    host.pin(Pin::Gpio0, false);
    host.pin(Pin::En, true);
    host.silent_for(5 * SECOND);
    host.send("AT\r\n");
    host.silent_for(SECOND);
    host.pin(Pin::En, false);
    host.pin(Pin::Gpio0, true);
    host.pin(Pin::En, true);
    host.expect("\r\nready\r\n");
}

#[test]
fn a_slow_uart_closes_the_tcp_window_and_nothing_is_lost() {
    let body = "0123456789abcdef".repeat(2048);
    let page = format!("\"/status\" = \"{body}\"");
    let mut host = Host::joined_in(&scenario(&[("\"/status\" = \"espat-sim says hello\\n\"", &page)]), 1);
    host.ask("AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask(format!("AT+CIPSEND={}\r\n", GET.len()), "\r\nOK\r\n\r\n>");
    host.send(GET);
    let all = host.until("CLOSED\r\n");
    let mut data = String::new();
    let mut rest = all.as_str();
    while let Some(at) = rest.find("+IPD,") {
        let (length, tail) = rest[at + 5..].split_once(':').expect("a colon");
        let length: usize = length.parse().expect("a length");
        assert!(length <= 1460, "+IPD of {length} bytes");
        data.push_str(&tail[..length]);
        assert!(tail[length..].starts_with("\r\n"), "every +IPD ends in CR LF");
        rest = &tail[length..];
    }
    let (head, got) = data.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains("Content-Length: 32768"), "{head}");
    assert!(got == body, "the body of {} bytes differs", got.len());
}

#[test]
fn eight_kilobytes_go_through_one_send() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=\"TCP\",\"nas.lan\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND=8192\r\n", "\r\nOK\r\n\r\n>");
    let data: Vec<u8> = (0..8192_u32).map(|i| (i * 7 % 251) as u8).collect();
    host.send(&data);
    let end = host.now + 60 * SECOND;
    let mut echoed = Vec::new();
    while echoed.len() < data.len() && host.step(end) {
        while let Some((n, length)) = ipd(&host.pending) {
            echoed.extend_from_slice(&host.pending[n..n + length]);
            host.pending.drain(..n + length);
        }
    }
    assert!(echoed == data, "{} bytes came back", echoed.len());
}

/// Where the data of the first complete `+IPD` begins, and how long it is.
fn ipd(bytes: &[u8]) -> Option<(usize, usize)> {
    let start = bytes.windows(5).position(|w| w == b"+IPD,")? + 5;
    let colon = start + bytes[start..].iter().position(|b| *b == b':')?;
    let length = std::str::from_utf8(&bytes[start..colon]).ok()?.parse().ok()?;
    (bytes.len() > colon + length).then_some((colon + 1, length))
}

#[test]
fn what_happened_can_be_asked_for_in_words() {
    use espat_sim::world::{Attachment, Recording, World};
    let scenario = Scenario::parse("test.toml", Scenario::default_text()).unwrap();
    let recording = Recording { observations: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(1), recording).unwrap();
    let module = world.attach("wifi", Attachment::default()).unwrap();
    let mut seen: Vec<(String, &str, String)> = Vec::new();
    let lines = [
        "AT+CWMODE=1\r\n",
        "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n",
        "AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n",
        "AT+CIPSEND=18\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ];
    for (i, line) in lines.iter().enumerate() {
        let now = (i as u64 + 1) * 10 * SECOND;
        line.bytes().for_each(|b| world.uart_write(module, now, b).unwrap());
        world.advance(module, now + 9 * SECOND).unwrap();
        seen.extend(world.take_observations().into_iter().map(|o| (o.subject.clone(), o.kind(), o.text())));
    }
    for (subject, kind, text) in [
        ("wifi", "command", "AT+CWJAP=\"espat-sim\",\"correct horse\""),
        ("wifi", "reply", "WIFI GOT IP"),
        ("wifi", "station", "joined home as 192.168.1.100"),
        ("wifi", "link", "0 opened TCP 203.0.113.10:80"),
        ("www", "http", "GET / from 192.168.1.100"),
        ("wifi", "link", "0 closed TCP 203.0.113.10:80"),
    ] {
        let found = seen.iter().any(|(s, k, t)| s == subject && *k == kind && t.starts_with(text));
        assert!(found, "{subject} {kind} '{text}' is not among {seen:#?}");
    }
}
