//! The time from SNTP and firmware updates, as tshark sees them: real NTP and HTTP on the module's radio link.
use crate::host::{Host, SECOND};
use crate::wireshark::fields;
use espat_sim::world::{Recording, Scenario, replay};

/// An access point without surprises, and whatever else there is.
fn lab(rest: &str) -> String {
    format!(
        "timing = \"fast\"\n[module.wifi]\nprofile = \"esp32c6-v4.1\"\n\
         [link.wifi]\nlatency = \"2 ms\"\njitter = \"0\"\nrate = \"unlimited\"\n\
         [ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\n{rest}"
    )
}

/// Packets that Wireshark takes for broken. A full window is none: the module writes more slowly than it could read.
fn broken(test: &str, capture: &[u8]) -> Vec<String> {
    let filter = "_ws.malformed || _ws.expert.severity >= \"Error\" || \
                  (_ws.expert.severity >= \"Warning\" && !tcp.analysis.flags)";
    fields(test, capture, filter, &["frame.number", "_ws.expert.message", "_ws.col.Info"])
}

/// Whole seconds after the first, of times since 1970.
fn seconds_after_the_first(times: &[String]) -> Vec<i64> {
    let at = |time: &String| time.split('.').next().and_then(|s| s.parse::<i64>().ok()).expect("a time");
    let nanos =
        |time: &String| time.split('.').nth(1).and_then(|s| s.parse::<i64>().ok()).expect("a fraction");
    let exact = |time: &String| at(time) * 1_000_000_000 + nanos(time);
    let first = exact(&times[0]);
    times.iter().map(|time| (exact(time) - first + 500_000_000).div_euclid(1_000_000_000)).collect()
}

#[test]
fn the_time_comes_in_ntp_messages_that_wireshark_reads() {
    let mut host = Host::joined(1);
    host.ask("AT+CIPSNTPCFG=1,8\r\n", "\r\nOK\r\n");
    host.wait(3_606 * SECOND);
    let (_, capture, log) = host.finish();
    assert_eq!(broken("ntp-broken", &capture), [""; 0]);
    let of = |filter, names: &[&str]| fields("ntp", &capture, filter, names);
    let questions = of("ntp.flags.mode == 3", &["ntp.flags.vn", "ip.dst", "udp.dstport", "ntp.xmt"]);
    assert_eq!(questions.len(), 2, "one at once, one an hour later: {questions:?}");
    assert!(questions.iter().all(|q| q.starts_with("4|203.0.113.123|123|")), "{questions:?}");
    let answers = of("ntp.flags.mode == 4", &["ntp.flags.vn", "ntp.stratum", "ip.src"]);
    assert_eq!(answers, ["4|2|203.0.113.123", "4|2|203.0.113.123"]);
    // Between the server's clock and the module lie 15 ms of network and 2 to 2.5 ms of radio.
    let first = of("ntp.flags.mode == 4", &["frame.time_epoch", "ntp.xmt"]).swap_remove(0);
    let (arrived, sent) = first.split_once('|').expect("two fields");
    let nanos = |seconds: &str| {
        let (whole, fraction) = seconds.split_once('.').expect("a fraction");
        whole.parse::<u64>().expect("seconds") % 60 * SECOND + fraction.parse::<u64>().expect("nanoseconds")
    };
    let sent = sent.rsplit(':').next().and_then(|rest| rest.split(' ').next()).expect("seconds");
    let took = nanos(arrived) - nanos(sent);
    assert!((16_999_000..17_600_000).contains(&took), "{first}: {took} ns");
    let asked = of("dns.flags.response == 0", &["dns.qry.name"]);
    assert_eq!(asked, ["cn.ntp.org.cn", "cn.ntp.org.cn"], "the name is resolved for each question");
    let again = replay(&log, Recording::default()).expect("the log replays");
    assert_eq!(again.is_same(), Some(true), "a replay gives the same");
}

#[test]
fn a_silent_server_is_asked_again_after_15_30_60_120_and_150_seconds() {
    let silent =
        "[host.time]\naddress = \"203.0.113.1\"\nnames = [\"ntp.lab\"]\nsntp = { answers = \"none\" }\n";
    let mut host = Host::joined_in(&lab(silent), 1);
    host.ask("AT+CIPSNTPCFG=1,8,\"ntp.lab\"\r\n", "\r\nOK\r\n");
    host.wait(700 * SECOND);
    let (_, capture, _) = host.finish();
    let times = fields("ntp-silent", &capture, "ntp", &["frame.time_epoch"]);
    // Each pause begins when 15 s for an answer are over.
    assert_eq!(seconds_after_the_first(&times), [0, 30, 75, 150, 285, 450, 615]);
}

#[test]
fn a_kiss_of_death_is_seen_and_the_next_server_asked() {
    let hosts = "[host.kiss]\naddress = \"203.0.113.1\"\nsntp = { stratum = 0 }\n\
                 [host.good]\naddress = \"203.0.113.2\"\nsntp = { stratum = 1 }\n";
    let mut host = Host::joined_in(&lab(hosts), 1);
    host.ask("AT+CIPSNTPCFG=1,8,\"203.0.113.1\",\"203.0.113.2\"\r\n", "\r\nOK\r\n+TIME_UPDATED\r\n");
    let (_, capture, _) = host.finish();
    assert_eq!(broken("ntp-kiss-broken", &capture), [""; 0]);
    let answers =
        fields("ntp-kiss", &capture, "ntp.flags.mode == 4", &["ip.src", "ntp.stratum", "_ws.col.Info"]);
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(
        answers[0].starts_with("203.0.113.1|0|") && answers[1].starts_with("203.0.113.2|1|"),
        "{answers:?}"
    );
}

#[test]
fn servers_that_refuse_in_a_network_without_latency_do_not_stop_the_time() {
    let hosts = "[host.a]\naddress = \"192.168.1.10\"\nsntp = { stratum = 0 }\nlink = { latency = \"0\" }\n\
                 [host.b]\naddress = \"192.168.1.11\"\nsntp = { stratum = 0 }\nlink = { latency = \"0\" }\n";
    let lab = lab(hosts).replace("latency = \"2 ms\"", "latency = \"0\"");
    for servers in ["\"192.168.1.10\",\"192.168.1.11\"", "\"192.168.1.10\"", "\"no.lab\",\"nor.lab\""] {
        let mut host = Host::joined_in(&lab, 1);
        host.ask(format!("AT+CIPSNTPCFG=1,8,{servers}\r\n"), "\r\nOK\r\n");
        host.wait(100 * SECOND);
        let (_, capture, _) = host.finish();
        let questions = fields(
            "ntp-at-once",
            &capture,
            "ntp.flags.mode == 3 || dns.flags.response == 0",
            &["frame.number"],
        );
        assert!((2..10).contains(&questions.len()), "{servers}: {} questions in 100 s", questions.len());
    }
}

#[test]
fn an_update_is_two_http_requests_and_the_image_comes_whole() {
    let ota = "[host.ota]\naddress = \"203.0.113.20\"\nnames = [\"iot.espressif.cn\"]\n\
               update = { versions = { \"v4.2.0.0\" = { ota = 300_000 } } }\n";
    let mut host = Host::joined_in(&lab(ota), 1);
    host.ask(
        "AT+CIUPDATE\r\n",
        "+CIPUPDATE:1\r\n+CIPUPDATE:2\r\n+CIPUPDATE:3\r\n+CIPUPDATE:4\r\n\r\nOK\r\nWIFI DISCONNECT\r\n\r\nready\r\n",
    );
    let (_, capture, log) = host.finish();
    assert_eq!(broken("ota-broken", &capture), [""; 0]);
    let requests =
        fields("ota", &capture, "http.request", &["http.request.version", "http.host", "http.request.uri"]);
    assert_eq!(
        requests,
        [
            "HTTP/1.0|iot.espressif.cn:80|/v1/device/rom/?is_format_simple=true",
            "HTTP/1.1|iot.espressif.cn:80|/v1/device/rom/?action=download_rom&version=v4.2.0.0&filename=ota.bin",
        ]
    );
    let answers = fields(
        "ota",
        &capture,
        "http.response",
        &["http.response.code", "http.content_type", "http.content_length"],
    );
    assert_eq!(answers, ["200|application/json|43", "200|application/octet-stream|300000"]);
    let again = replay(&log, Recording::default()).expect("the log replays");
    assert_eq!(again.is_same(), Some(true), "a replay gives the same");
}

#[test]
fn a_time_server_draws_from_no_stream_of_anybody_else() {
    // A host more, and everything else at the same nanosecond.
    let run = |scenario: &str| {
        let mut host = Host::joined_in(scenario, 7);
        let ping = host.query("AT+PING=\"www.example.com\"\r\n");
        (ping, host.finish().0)
    };
    let with = Scenario::default_text();
    let (without, _) = with.split_once("\n# What AT+CIPSNTPCFG asks").expect("the time server comes last");
    assert_eq!(run(with), run(without));
}
