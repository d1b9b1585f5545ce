//! What links carry, as their peers and the capture see it (reference, sections 3.5, 3.13, 3.28 to 3.33).
use crate::host::{Host, SECOND, with_pc};
use crate::wireshark::fields;
use espat_sim::world::{Recording, replay};

fn ask_all(host: &mut Host, lines: &[&str]) {
    for line in lines {
        host.ask(format!("{line}\r\n"), "\r\nOK\r\n");
    }
}

#[test]
fn an_unread_buffer_closes_the_tcp_window_and_reading_opens_it() {
    let mut host = Host::joined_with_pc(1);
    ask_all(&mut host, &["AT+CIPRECVMODE=1"]);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    let sent: String = (0..8000).map(|i| char::from(b'a' + (i % 23) as u8)).collect();
    host.console(&format!("host pc send {sent}"));
    assert!(host.until("\r\n").is_empty() || host.pending.is_empty(), "the notice begins with an empty line");
    let notice = host.until("\r\n");
    assert!(notice.starts_with("+IPD,"), "{notice}");
    // Probes of the closed window do not get in, and one notice is enough.
    host.silent_for(90 * SECOND);
    host.ask("AT+CIPRECVLEN?\r\n", "+CIPRECVLEN:5760\r\n\r\nOK\r\n");
    host.send("AT+CIPRECVDATA=4000\r\n");
    host.expect(format!("+CIPRECVDATA:4000,{}\r\nOK\r\n\r\n+IPD,1760\r\n", &sent[..4000]));
    host.wait(5 * SECOND);
    host.ask("AT+CIPRECVLEN?\r\n", "+CIPRECVLEN:4000\r\n\r\nOK\r\n");
    host.send("AT+CIPRECVDATA=9999\r\n");
    host.expect(format!("+CIPRECVDATA:4000,{}\r\nOK\r\n", &sent[4000..]));
    host.silent_for(SECOND);
    let (_, capture, _) = host.finish();
    let closed = "ip.src == 192.168.1.100 && tcp.window_size == 0";
    let closed = fields("window", &capture, closed, &["frame.time_relative"]);
    assert!(!closed.is_empty(), "the module never closed its window");
    let opened = "ip.src == 192.168.1.100 && tcp.analysis.window_update";
    let opened = fields("window", &capture, opened, &["frame.time_relative"]);
    assert!(!opened.is_empty(), "reading did not open the window");
    let beyond =
        fields("window", &capture, "tcp.window_size > 5760 && ip.src == 192.168.1.100", &["tcp.seq"]);
    assert!(beyond.is_empty(), "the window is never larger than the buffer: {beyond:?}");
}

#[test]
fn datagrams_beyond_the_passive_buffer_are_lost_and_observed() {
    let mut host = Host::joined_with_pc(1);
    ask_all(&mut host, &["AT+CIPRECVMODE=1", "AT+CIPDINFO=1"]);
    host.ask("AT+CIPSTART=\"UDP\",\"pc.lan\",5000,4321,0\r\n", "CONNECT\r\n\r\nOK\r\n");
    for (byte, length) in [("c", 5000), ("d", 761), ("e", 760), ("f", 1)] {
        host.console(&format!("host pc datagram wifi 4321 {}", byte.repeat(length)));
        host.wait(SECOND);
    }
    host.expect("\r\n+IPD,5000\r\n");
    host.ask("AT+CIPRECVLEN?\r\n", "+CIPRECVLEN:5760\r\n\r\nOK\r\n");
    host.send("AT+CIPRECVDATA=6000\r\n");
    let data = format!("{}{}", "c".repeat(5000), "e".repeat(760));
    host.expect(format!("+CIPRECVDATA:5760,\"192.168.1.20\",5000,{data}\r\nOK\r\n"));
    let lost: Vec<String> = host.seen("wifi").into_iter().filter(|o| o.contains("lost")).collect();
    let text = |n| format!("link 0 lost {n} bytes from 192.168.1.20:5000: the receive buffer is full");
    assert_eq!(lost, [text(761), text(1)]);
}

#[test]
fn at_the_limit_a_client_is_refused_and_a_free_place_is_served_again() {
    let mut host = Host::joined_with_pc(1);
    ask_all(&mut host, &["AT+CIPMUX=1", "AT+CIPSERVERMAXCONN=1", "AT+CIPSERVER=1,80"]);
    host.console("host pc connect wifi 80");
    host.expect("0,CONNECT\r\n");
    host.console("host pc connect wifi 80");
    host.silent_for(SECOND);
    host.ask("AT+CIPCLOSE=0\r\n", "0,CLOSED\r\n\r\nOK\r\n");
    host.wait(SECOND);
    host.console("host pc connect wifi 80");
    host.expect("0,CONNECT\r\n");
    ask_all(&mut host, &["AT+CIPSERVER=0"]);
    host.console("host pc connect wifi 80");
    host.silent_for(SECOND);
    let (connected, refused) = (
        "tcp-terminal connected to 192.168.1.100:80",
        "tcp-terminal not connected to 192.168.1.100:80: refused",
    );
    let closed = "tcp-terminal 192.168.1.100:80 closed after 0 bytes";
    assert_eq!(host.seen("pc"), [connected, refused, closed, connected, refused]);
}

#[test]
fn two_clients_at_once_and_one_place_give_one_connection_and_one_reset() {
    let mut host = Host::joined_with_pc(1);
    ask_all(&mut host, &["AT+CIPMUX=1", "AT+CIPSERVERMAXCONN=1", "AT+CIPSERVER=1,80"]);
    host.console("host pc connect wifi 80");
    host.console("host pc connect wifi 80");
    host.expect("0,CONNECT\r\n");
    host.silent_for(5 * SECOND);
    let seen = host.seen("pc");
    let connected = seen.iter().filter(|s| s.contains(" connected to")).count();
    let gone = seen.iter().filter(|s| s.contains("reset") || s.contains("refused")).count();
    assert!(gone == 1 && connected <= 2, "one is served, the other is told so: {seen:#?}");
}

#[test]
fn a_peer_without_an_answer_to_three_probes_is_given_up_with_a_reset() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23,60\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.silent_for(150 * SECOND);
    host.console("link pc down");
    host.expect("CLOSED\r\n");
    let seen = host.seen("wifi");
    let given_up = "link 0 gave up TCP 192.168.1.20:23: no answer";
    assert!(seen.iter().any(|s| s == given_up), "{seen:#?}");
    host.wait(SECOND);
    let (_, capture, _) = host.finish();
    let from_module = "ip.src == 192.168.1.100 && tcp.dstport == 23";
    let probes = format!("{from_module} && tcp.analysis.keep_alive");
    let times: Vec<f64> = fields("probes", &capture, &probes, &["frame.time_relative"])
        .iter()
        .map(|t| t.parse().expect("a time"))
        .collect();
    let gaps: Vec<u64> = times.windows(2).map(|w| (w[1] - w[0]).round() as u64).collect();
    assert_eq!(gaps, [60, 60, 1, 1], "two answered probes, then three a second apart, at {times:?}");
    let reset = fields("probes", &capture, &format!("{from_module} && tcp.flags.reset == 1"), &["tcp.seq"]);
    assert_eq!(reset.len(), 1, "the end of a connection whose peer is gone is an RST");
}

#[test]
fn closing_with_unread_data_resets_as_lwip_does() {
    let mut host = Host::joined_with_pc(1);
    ask_all(&mut host, &["AT+CIPRECVMODE=1"]);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.console("host pc send unread");
    host.expect("\r\n+IPD,6\r\n");
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.wait(SECOND);
    let seen = host.seen("pc");
    assert!(seen.last().is_some_and(|s| s.contains("reset after 0 bytes")), "{seen:#?}");
}

#[test]
fn linger_zero_cuts_off_what_is_left_to_be_sent() {
    for (linger, cut_off) in [(0, true), (-1, false)] {
        let mut host = Host::joined_with_pc(1);
        ask_all(&mut host, &[&format!("AT+CIPTCPOPT={linger},,")]);
        host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
        host.console("host pc pause");
        host.ask("AT+CIPSEND=5000\r\n", "\r\nOK\r\n\r\n>");
        host.send([b'd'; 5000]);
        host.expect("\r\nRecv 5000 bytes\r\n\r\nSEND OK\r\n");
        host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
        host.wait(SECOND);
        host.console("host pc resume");
        host.wait(5 * SECOND);
        let seen = host.seen("pc");
        let end = seen.last().map(String::as_str).unwrap_or_default();
        assert_eq!(end.contains(" reset after "), cut_off, "SO_LINGER {linger}: {end}");
        assert_eq!(end.contains(" closed after 5000 bytes"), !cut_off, "SO_LINGER {linger}: {end}");
    }
}

#[test]
fn nodelay_sends_small_segments_without_waiting_for_the_answer_to_the_last() {
    // A slow way back makes Nagle's algorithm hold the second segment.
    let sizes = |nodelay: u8| {
        let mut host = Host::joined_with_pc(1);
        host.console("link pc latency 200ms");
        host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
        ask_all(&mut host, &[&format!("AT+CIPTCPOPT=,{nodelay},")]);
        for byte in ["a", "b", "c"] {
            host.ask("AT+CIPSEND=1\r\n", "\r\nOK\r\n\r\n>");
            host.ask(byte, "\r\nRecv 1 bytes\r\n\r\nSEND OK\r\n");
        }
        host.wait(5 * SECOND);
        let (_, capture, _) = host.finish();
        let data = "ip.src == 192.168.1.100 && tcp.len > 0";
        fields(&format!("nodelay{nodelay}"), &capture, data, &["tcp.len"])
    };
    assert_eq!(sizes(0), ["1", "2"], "the second and third byte wait for the answer to the first");
    assert_eq!(sizes(1), ["1", "1", "1"]);
}

#[test]
fn a_multicast_link_reports_its_group_and_sends_to_its_members() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPSTART=\"UDP\",\"239.1.2.3\",5000,5000,0\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND=5\r\n", "\r\nOK\r\n\r\n>");
    host.ask("hello", "\r\nRecv 5 bytes\r\n\r\nSEND OK\r\n");
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"UDP\",\"255.255.255.255\",5000\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSEND=3\r\n", "\r\nOK\r\n\r\n>");
    host.ask("all", "\r\nRecv 3 bytes\r\n\r\nSEND OK\r\n");
    host.wait(SECOND);
    assert_eq!(
        host.seen("pc").last().map(|s| s.split(':').count()),
        Some(3),
        "a broadcast reaches the host's port"
    );
    let (_, capture, _) = host.finish();
    let igmp = fields("group", &capture, "igmp", &["igmp.type", "igmp.maddr", "eth.dst"]);
    assert!(
        igmp.iter().any(|l| l.starts_with("0x16|239.1.2.3|01:00:5e:01:02:03")),
        "no membership report: {igmp:?}"
    );
    assert!(igmp.iter().any(|l| l.starts_with("0x17|239.1.2.3|")), "no leave message: {igmp:?}");
    let sent =
        fields("group", &capture, "udp.dstport == 5000 && ip.src == 192.168.1.100", &["ip.dst", "eth.dst"]);
    assert_eq!(sent, ["239.1.2.3|01:00:5e:01:02:03", "255.255.255.255|ff:ff:ff:ff:ff:ff"]);
}

#[test]
fn a_long_send_arrives_whole_while_the_link_is_slower_than_the_uart() {
    let mut host = Host::joined_with_pc(1);
    host.console("link wifi rate 60kbit/s");
    ask_all(&mut host, &["AT+CIPSENDLCFG=1000,1460"]);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.ask("AT+CIPSENDL=20000\r\n", "\r\nOK\r\n\r\n>");
    // The host keeps to the reports, as without flow control it must.
    let mut reported = 0;
    for chunk in 0..10 {
        host.send([b'0' + chunk as u8; 2000]);
        while reported + 4000 < (chunk + 1) * 2000 {
            let line = host.until("\r\n");
            let number = line.strip_prefix("+CIPSENDL:").and_then(|l| l.split(',').next()).expect(&line);
            assert_eq!(number.parse(), Ok(reported + 1000), "{line}");
            reported += 1000;
        }
    }
    let rest = host.until("SEND OK\r\n");
    assert!(rest.ends_with("+CIPSENDL:20000,20000\r\n\r\nSEND OK\r\n"), "{rest}");
    host.wait(60 * SECOND);
    host.ask("AT+CIPCLOSE\r\n", "CLOSED\r\n\r\nOK\r\n");
    host.wait(SECOND);
    let seen = host.seen("pc");
    assert!(seen.last().is_some_and(|s| s.contains("closed after 20000 bytes")), "{:?}", seen.last());
}

#[test]
fn a_long_send_that_is_stuck_loses_what_it_cannot_keep_and_can_be_cancelled_when_it_goes_on() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.console("host pc pause");
    host.ask("AT+CIPSENDL=1000000\r\n", "\r\nOK\r\n\r\n>");
    host.send([b'x'; 60_000]);
    host.wait(20 * SECOND);
    let reports = String::from_utf8_lossy(&std::mem::take(&mut host.pending)).into_owned();
    // The peer's window, the send buffer, and what is kept without flow control: the rest is lost.
    let taken =
        reports.lines().last().and_then(|l| l.strip_prefix("+CIPSENDL:")?.split(',').next()?.parse().ok());
    assert!(taken.is_some_and(|n: u32| (5_760..9_000).contains(&n)), "{reports}");
    // Behind full buffers an escape is lost like anything else.
    host.send("+++");
    host.wait(SECOND);
    assert!(host.pending.is_empty(), "{}", host.pending.escape_ascii());
    host.console("host pc resume");
    host.wait(5 * SECOND);
    host.pending.clear();
    host.ask("+++", "\r\nSEND CANCELLED\r\n");
    host.ask("AT\r\n", "\r\nOK\r\n");
}

/// Servers, both receive modes, long sends, keep-alive and socket options, at fixed times. `eager`: the driver calls
/// more often than it must.
fn everything(seed: u64, eager: bool) -> (u64, Vec<u8>, String) {
    let mut host = Host::ready_in(&with_pc(), seed);
    let steps = [
        "AT+CWMODE=1",
        "AT+CWJAP=\"espat-sim\",\"correct horse\"",
        "AT+CIPMUX=1",
        "AT+CIPSERVER=1,80",
        "AT+CIPSTO=9",
        "host pc connect wifi 80",
        "host pc send hello",
        "AT+CIPRECVMODE=1",
        "host pc send again",
        "AT+CIPRECVDATA=0,3",
        "AT+CIPTCPOPT=1,2,1,900",
        "AT+CIPSTART=1,\"TCP\",\"pc.lan\",23,3",
        "AT+CIPSTART=2,\"UDP\",\"239.1.2.3\",5000,5000,2",
        "host pc datagram 239.1.2.3 5000 group",
        "AT+CIPSENDLCFG=100,200",
        "AT+CIPSENDL=1,700",
        &"x".repeat(698),
        "AT+CIPSENDEX=2,9",
        "+++",
        "link wifi down",
        "AT+CIPCLOSE=5",
    ];
    for step in steps {
        match step {
            console if console.starts_with("host") || console.starts_with("link") => {
                host.console(&format!("at {}ns {console}", host.now + 1));
            }
            "+++" => host.send(step),
            line => host.send(format!("{line}\r\n")),
        }
        let end = host.now + 5 * SECOND;
        while host.now < end {
            let next = host.world.next_event(host.module).unwrap().unwrap_or(end).clamp(host.now, end);
            if eager && next > host.now + 2_000 {
                for ns in [1, 1_001] {
                    let to = host.now + ns;
                    host.go(to);
                }
            }
            host.go(next.max(host.now));
        }
    }
    host.finish()
}

#[test]
fn how_often_a_driver_calls_changes_nothing_and_a_replay_is_the_same() {
    for seed in 1..=2 {
        let (digest, capture, log) = everything(seed, false);
        let eager = everything(seed, true);
        assert_eq!(digest, eager.0, "seed {seed}: the digest of a driver that calls more often");
        assert!(capture == eager.1, "seed {seed}: its capture");
        let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((replayed.is_same(), replayed.world.digest()), (Some(true), digest), "seed {seed}");
    }
}
