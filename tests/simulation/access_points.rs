//! Access points that fade, send their stations away, change, are captive or lead nowhere, as a module's MCU meets them;
//! and stations of the module's own that go without a word.

use crate::host::{Host, SECOND};
use espat_sim::world::{EventKind, Recording, Scenario, replay};

/// What AT+CWJAP? says of the access point: BSSID, channel, RSSI.
fn joined(host: &mut Host) -> (String, u8, i8) {
    let answer = host.query("AT+CWJAP?\r\n");
    let line = answer.split("+CWJAP:").nth(1).unwrap_or_else(|| panic!("not joined: {answer}"));
    let fields: Vec<&str> = line.split(',').collect();
    let number = |i: usize| fields[i].parse::<i32>().unwrap_or_else(|e| panic!("{line}: {e}"));
    (fields[1].trim_matches('"').to_owned(), number(2) as u8, number(3) as i8)
}

const BACK: &str = "WIFI CONNECTED\r\nWIFI GOT IP\r\n";

#[test]
fn a_signal_that_fades_is_shown_then_lost_at_the_edge_and_found_again() {
    let mut host = Host::joined(1);
    assert_eq!(joined(&mut host).2, -45);
    let start = host.now;
    host.console("ap home rssi -96 over 51s");
    host.wait(15 * SECOND);
    assert_eq!(joined(&mut host).2, -60, "a decibel a second");
    host.expect("WIFI DISCONNECT\r\n");
    let lost = (host.now - start) / SECOND;
    // -94 at 49 s, and the beacons' silence of 6 s and more.
    assert!((54..62).contains(&lost), "lost after {lost} s");
    host.silent_for(20 * SECOND);
    let scan = host.query("AT+CWLAP\r\n");
    assert!(!scan.contains("espat-sim"), "it is heard beyond the edge: {scan}");
    host.console("ap home rssi -50");
    host.expect(BACK);
    assert_eq!(joined(&mut host).2, -50);
    let changes = host.world.take_observations().into_iter().filter(|o| o.event.kind() == EventKind::Changed);
    let texts: Vec<String> = changes.map(|o| format!("{} {}", o.subject, o.text())).collect();
    assert_eq!(texts, ["home ap home rssi -96 over 51s", "home ap home rssi -50"], "steps are no events");
}

#[test]
fn a_later_strength_ends_a_fading() {
    let mut host = Host::joined(1);
    host.console("ap home rssi -96 over 60s");
    host.wait(5 * SECOND);
    host.console("ap home rssi -40");
    host.silent_for(100 * SECOND);
    assert_eq!(joined(&mut host).2, -40);
}

#[test]
fn one_module_of_several_can_hear_an_access_point_otherwise() {
    let scenario = format!("{}\n[module.lamp]\n", Scenario::default_text());
    let mut host = Host::joined_in(&scenario, 1);
    host.console("ap home rssi -95 for lamp");
    host.wait(20 * SECOND);
    assert_eq!(joined(&mut host).2, -45, "the other one hears it as before");
    assert!(!host.query("AT+PING=\"192.168.1.10\"\r\n").contains("TIMEOUT"), "and loses nothing");
    host.console("ap home rssi -75 over 10s for wifi");
    host.wait(5 * SECOND);
    assert!((-61..=-59).contains(&joined(&mut host).2), "half of the way");
    host.wait(10 * SECOND);
    assert_eq!(joined(&mut host).2, -75);
    host.console("ap home rssi -94 for wifi");
    host.until("WIFI DISCONNECT\r\n");
    host.console("ap home rssi -50");
    host.until(BACK);
    assert_eq!(joined(&mut host).2, -50, "all of them");
    assert!(
        !host.query("AT+PING=\"192.168.1.10\"\r\n").contains("TIMEOUT"),
        "what was said of it alone holds on"
    );
    assert!(host.refused("ap home rssi -50 for lmap").contains("did you mean `lamp`?"));
}

#[test]
fn a_weak_signal_loses_frames_and_a_good_one_does_not() {
    let lost = |dbm: i8| {
        let mut host = Host::joined(1);
        host.console(&format!("ap home rssi {dbm}"));
        (0..30).filter(|_| host.query("AT+PING=\"192.168.1.10\"\r\n").contains("TIMEOUT")).count()
    };
    assert_eq!(lost(-78), 0);
    let weak = lost(-88);
    assert!((5..25).contains(&weak), "26 % of both ways: {weak} of 30 pings were lost");
}

#[test]
fn a_station_that_is_sent_away_comes_back() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.10\",7\r\n", "CONNECT\r\n\r\nOK\r\n");
    let at = host.now;
    host.console("ap home deauth");
    let said = host.until("WIFI DISCONNECT\r\n");
    assert!(said.contains("CLOSED"), "{said}");
    assert!(host.now - at < SECOND, "it is told at once");
    host.until("WIFI GOT IP\r\n");
}

#[test]
fn an_access_point_on_another_channel_is_found_there_and_one_with_another_password_is_not() {
    let mut host = Host::joined(1);
    host.console("ap home channel 11");
    host.expect("WIFI DISCONNECT\r\n");
    host.expect(BACK);
    assert_eq!(joined(&mut host).1, 11);
    host.console("ap home password \"battery staple\"");
    host.expect("WIFI DISCONNECT\r\n");
    host.silent_for(60 * SECOND);
    host.ask("AT+CWRECONNCFG=0,0\r\n", "\r\nOK\r\n");
    host.wait(10 * SECOND);
    host.pending.clear();
    host.send("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n");
    assert!(host.until("\r\nERROR\r\n").contains("+CWJAP:2"), "the old password is wrong");
    host.ask("AT+CWJAP=\"espat-sim\",\"battery staple\"\r\n", format!("{BACK}\r\nOK\r\n"));
}

#[test]
fn without_an_uplink_only_the_lan_is_there() {
    let mut host = Host::joined(1);
    host.console("ap home uplink down");
    assert!(host.query("AT+PING=\"192.168.1.10\"\r\n").contains("+PING:"), "the LAN is gone, too");
    assert!(host.query("AT+PING=\"203.0.113.10\"\r\n").contains("TIMEOUT"));
    assert!(host.query("AT+CIPDOMAIN=\"www.example.com\"\r\n").ends_with("ERROR\r\n"), "a name is answered");
    host.console("ap home uplink up");
    assert!(!host.query("AT+PING=\"203.0.113.10\"\r\n").contains("TIMEOUT"));
    let scenario = Scenario::default_text().replacen("[ap.home]", "[ap.home]\nuplink = false", 1);
    let mut host = Host::joined_in(&scenario, 1);
    assert!(host.query("AT+PING=\"203.0.113.10\"\r\n").contains("TIMEOUT"));
}

#[test]
fn a_captive_portal_is_every_name_and_sends_everybody_to_its_page() {
    let scenario = Scenario::default_text().replacen("[ap.home]", "[ap.home]\ncaptive = true", 1);
    let mut host = Host::joined_in(&scenario, 1);
    host.ask("AT+CIPDOMAIN=\"www.example.com\"\r\n", "+CIPDOMAIN:\"192.168.1.1\"\r\n\r\nOK\r\n");
    host.ask("AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n", "CONNECT\r\n\r\nOK\r\n");
    let request = "GET /status HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    host.ask(format!("AT+CIPSEND={}\r\n", request.len()), "\r\nOK\r\n\r\n>");
    host.send(request);
    let answer = host.until("Location: http://192.168.1.1/login\r\n");
    assert!(answer.contains("HTTP/1.1 302"), "{answer}");
    host.wait(SECOND);
    let seen = host.seen("home");
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(
        seen[0].starts_with("http GET /status from 192.168.1.100:") && seen[0].contains("-> 302"),
        "{seen:?}"
    );
    host.world.check_observation("home", "http").expect("a test may wait for it");
    host.query("AT+CIPCLOSE\r\n");
    assert!(host.query("AT+PING=\"203.0.113.10\"\r\n").contains("TIMEOUT"), "it forwards");
    host.console("ap home captive off");
    assert!(!host.query("AT+PING=\"203.0.113.10\"\r\n").contains("TIMEOUT"));
    let answer = host.query("AT+CIPDOMAIN=\"www.example.com\"\r\n");
    assert!(answer.contains("203.0.113.10"), "{answer}");
}

#[test]
fn a_module_roams_to_the_other_access_point_of_its_lan() {
    let attic = "\n[ap.attic]\nssid = \"espat-sim\"\npassword = \"correct horse\"\nbssid = \"24:0a:c4:00:00:99\"\n\
                 channel = 13\nrssi = -70\nlan = \"home\"\n";
    let scenario = format!("{}{attic}", Scenario::default_text());
    let mut host = Host::joined_in(&scenario, 1);
    let (first, ..) = joined(&mut host);
    let address = host.query("AT+CIPSTA?\r\n");
    host.console("ap home rssi -97");
    host.expect("WIFI DISCONNECT\r\n");
    host.expect(BACK);
    let (second, channel, rssi) = joined(&mut host);
    assert_ne!(first, second);
    assert_eq!((second.as_str(), channel, rssi), ("24:0a:c4:00:00:99", 13, -70));
    assert_eq!(host.query("AT+CIPSTA?\r\n"), address, "the LAN is the same, and so is the lease");
    // Hosts of the LAN are there, and so is what is beyond.
    assert!(!host.query("AT+PING=\"192.168.1.10\"\r\n").contains("TIMEOUT"));
    assert!(!host.query("AT+PING=\"203.0.113.10\"\r\n").contains("TIMEOUT"));
    // The second one is unplugged: the first one, now in reach, has the module again.
    host.console("ap home rssi -60");
    host.console("ap attic down");
    host.expect("WIFI DISCONNECT\r\n");
    host.expect(BACK);
    assert_eq!(joined(&mut host).0, first);
    let digest = host.world.digest();
    let (end, _, log) = host.finish();
    assert_eq!(end, digest);
    let replayed = replay(&log, Recording::default()).expect("the log is replayed");
    assert_eq!(replayed.world.digest(), end, "a replay of changes that take their time");
}

#[test]
fn a_station_that_vanishes_from_the_softap_is_missed_when_its_time_is_over() {
    let phone = "\n[host.phone]\naddress = \"192.168.1.20\"\n";
    let scenario = format!("{}{phone}", Scenario::default_text()).replace("esp32c3-v2.3", "esp32c3-v4.1");
    let mut host = Host::ready_in(&scenario, 1);
    host.ask("AT+CWMODE=2\r\n", "\r\nOK\r\n");
    host.ask("AT+CWCONFIG=40\r\n", "\r\nOK\r\n");
    assert!(host.refused("host phone vanish").contains("it is on no module's softAP"));
    host.console("host phone join wifi");
    host.until("+DIST_STA_IP:");
    host.until("\r\n");
    let gone = host.now;
    host.console("host phone vanish");
    host.silent_for(39 * SECOND);
    assert!(host.query("AT+CWLIF\r\n").contains("192.168.4.2"), "it is listed while nobody has missed it");
    host.until("+STA_DISCONNECTED:");
    host.until("\r\n");
    let late = (host.now - gone) / SECOND;
    assert!((40..42).contains(&late), "missed after {late} s");
    // Who comes back before is let in anew.
    host.console("host phone join wifi");
    host.until("+DIST_STA_IP:");
    host.until("\r\n");
    host.console("host phone vanish");
    host.wait(SECOND);
    host.console("host phone join wifi");
    host.until("+STA_DISCONNECTED:");
    host.until("+STA_CONNECTED:");
    host.until("+DIST_STA_IP:");
    host.until("\r\n");
    host.silent_for(60 * SECOND);
}
