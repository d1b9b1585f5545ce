//! Sessions that talk to each other, byte by byte, without a network.

use super::*;
use crate::rng::Stream;
use crate::time::earliest;

/// 2022-06-01 12:00:00.
const TODAY: u64 = 1_654_084_800;
const SECOND: Duration = Duration::from_secs(1);

/// RSA with ECDHE, AES-256 and GCM.
const RSA_GCM: u16 = 0xc030;

fn host(key: KeyKind) -> HostCertificate {
    HostCertificate {
        names: vec!["www.example.com".into()],
        addresses: vec!["93.184.216.34".parse().unwrap()],
        key,
        valid_from: HostCertificate::FROM,
        valid_until: HostCertificate::UNTIL,
    }
}

fn server() -> Config {
    Config { server: true, identity: Some(host(KeyKind::Rsa).sign().unwrap()), ..Config::default() }
}

/// A client that verifies.
fn client() -> Config {
    Config {
        authorities: CA.as_bytes().to_vec(),
        verify: Verify::Required,
        name: Some("www.example.com".into()),
        ..Config::default()
    }
}

fn module_identity() -> Identity {
    Identity {
        certificate: include_bytes!("../../../certificates/client_cert.0.pem").to_vec(),
        key: include_bytes!("../../../certificates/client_cert.0.key").to_vec(),
    }
}

fn client_ca() -> Vec<u8> {
    include_bytes!("../../../certificates/server_ca.0.pem").to_vec()
}

fn psk(identity: &str, key: &str) -> Psk {
    Psk { identity: identity.into(), key: key.into() }
}

/// A client, a server, and every byte between them.
struct Pair {
    client: Session,
    server: Session,
    now: Instant,
    /// Bytes that the client sent, and the server.
    sent: (Vec<u8>, Vec<u8>),
    unread: (Vec<u8>, Vec<u8>),
}

impl Pair {
    fn at(client: &Config, server: &Config, seed: u64, date: u64) -> Pair {
        let now = Instant::ZERO + SECOND;
        let clock = Clock { at: Instant::ZERO, shows: date };
        Pair {
            client: Session::new(client, Stream::new(seed, "client"), clock, now).unwrap(),
            server: Session::new(server, Stream::new(seed, "server"), clock, now).unwrap(),
            now,
            sent: Default::default(),
            unread: Default::default(),
        }
    }

    fn new(client: &Config, server: &Config) -> Pair {
        Pair::at(client, server, 1, TODAY)
    }

    /// Hands over what each has for the other, until nothing moves; then goes on to the next timer, until there is
    /// none.
    fn pump(&mut self) {
        loop {
            self.client.poll(self.now);
            self.server.poll(self.now);
            let (from_client, from_server) = (self.client.take(), self.server.take());
            let mut moved = !from_client.is_empty() || !from_server.is_empty();
            self.sent.0.extend(&from_client);
            self.sent.1.extend(&from_server);
            self.unread.1.extend(from_client);
            self.unread.0.extend(from_server);
            moved |= hand_over(&mut self.client, &mut self.unread.0, self.now);
            moved |= hand_over(&mut self.server, &mut self.unread.1, self.now);
            if moved {
                continue;
            }
            match earliest([self.client.next_timer(), self.server.next_timer()]) {
                Some(timer) => self.now = timer,
                None => break,
            }
        }
    }

    fn shaken(client: &Config, server: &Config) -> Pair {
        let mut pair = Pair::new(client, server);
        pair.pump();
        assert_eq!((pair.client.state(), pair.server.state()), (State::Open, State::Open));
        pair
    }

    fn ends(client: &Config, server: &Config, date: u64) -> (State, State) {
        let mut pair = Pair::at(client, server, 1, date);
        pair.pump();
        // A side that has failed ends the connection.
        let failed = |session: &Session| matches!(session.state(), State::Failed(_));
        let ended = (failed(&pair.client), failed(&pair.server));
        if ended.0 {
            pair.server.end(pair.now);
        }
        if ended.1 {
            pair.client.end(pair.now);
        }
        (pair.client.state(), pair.server.state())
    }
}

/// Feeds a session what it wants, and no more.
fn hand_over(session: &mut Session, unread: &mut Vec<u8>, now: Instant) -> bool {
    let n = session.wants().min(unread.len());
    let bytes: Vec<u8> = unread.drain(..n).collect();
    session.feed(now, &bytes);
    n > 0
}

/// All that one side can read of what the other has sent.
fn drain(pair: &mut Pair, from_server: bool) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    loop {
        pair.pump();
        let (session, unread) = if from_server {
            (&mut pair.client, &mut pair.unread.0)
        } else {
            (&mut pair.server, &mut pair.unread.1)
        };
        let data = session.read(MAX_RECORD);
        if !data.is_empty() {
            records.push(data);
        } else if !hand_over(session, unread, pair.now) {
            return records;
        }
    }
}

fn reason(state: State) -> Option<Reason> {
    match state {
        State::Failed(failure) => Some(failure.reason),
        _ => None,
    }
}

/// The content types and lengths of records.
fn records(mut bytes: &[u8]) -> Vec<(u8, usize)> {
    let mut list = Vec::new();
    while let [kind, _, _, high, low, ..] = *bytes {
        let len = usize::from(u16::from_be_bytes([high, low]));
        list.push((kind, len));
        bytes = &bytes[5 + len..];
    }
    list
}

#[test]
fn the_same_stream_gives_the_same_bytes_and_another_gives_others() {
    let with_psk = |config: Config| Config { psk: vec![psk("id", "0123")], ..config };
    let only = |suite: u16| move |config: Config| Config { suites: vec![suite], ..config };
    let at = |version: Version| move |config: Config| Config { versions: (version, version), ..config };
    let ec = Config { identity: Some(host(KeyKind::Ec).sign().unwrap()), ..server() };
    let mutual = Config { verify: Verify::Required, authorities: client_ca(), ..server() };
    let own = Config { identity: Some(module_identity()), ..client() };
    let anonymous = Config { identity: None, ..server() };
    let cases: Vec<(&str, Config, Config)> = vec![
        ("RSA", client(), server()),
        ("ECDSA", client(), ec),
        ("mutual", own, mutual),
        ("DHE", only(0x009f)(client()), server()),
        ("plain RSA", only(0x009d)(client()), server()),
        ("PSK", only(0x00a8)(with_psk(Config::default())), with_psk(anonymous.clone())),
        ("DHE-PSK", only(0x00aa)(with_psk(Config::default())), with_psk(anonymous.clone())),
        ("ECDHE-PSK", only(0xc037)(with_psk(Config::default())), with_psk(anonymous)),
        ("TLS 1.1", at(Version::Tls11)(client()), server()),
        ("TLS 1.0", at(Version::Tls10)(client()), server()),
        ("no tickets", Config { tickets: false, ..client() }, Config { tickets: false, ..server() }),
    ];
    for (name, client, server) in cases {
        let run = |seed: u64| {
            let mut pair = Pair::at(&client, &server, seed, TODAY);
            pair.pump();
            let states = (pair.client.state(), pair.server.state());
            assert_eq!(states, (State::Open, State::Open), "{name}: the handshake ends");
            pair.client.write(b"GET / HTTP/1.1\r\n\r\n");
            assert_eq!(drain(&mut pair, false).concat(), b"GET / HTTP/1.1\r\n\r\n", "{name}: data goes up");
            pair.server.write(&[7; 20_000]);
            assert_eq!(drain(&mut pair, true).concat(), [7; 20_000], "{name}: data comes down");
            pair.sent
        };
        let first = run(1);
        assert!(first == run(1), "{name}: the second run sends other bytes");
        assert!(first != run(2), "{name}: another seed sends the same bytes");
    }
}

#[test]
fn the_hello_of_the_c3_is_the_chips_but_for_its_random_part() {
    // tls.md 1.2 and 1.3 (built from the chip's own mbedTLS 2.16.11 with its configuration).
    let suites = [
        0xc02c, 0xc030, 0x009f, 0xc0ad, 0xc09f, 0xc024, 0xc028, 0x006b, 0xc00a, 0xc014, 0x0039, 0xc0af,
        0xc0a3, 0xc02b, 0xc02f, 0x009e, 0xc0ac, 0xc09e, 0xc023, 0xc027, 0x0067, 0xc009, 0xc013, 0x0033,
        0xc0ae, 0xc0a2, 0x009d, 0xc09d, 0x003d, 0x0035, 0xc032, 0xc02a, 0xc00f, 0xc02e, 0xc026, 0xc005,
        0xc0a1, 0x009c, 0xc09c, 0x003c, 0x002f, 0xc031, 0xc029, 0xc00e, 0xc02d, 0xc025, 0xc004, 0xc0a0,
    ];
    let groups = vec![0x19, 0x1c, 0x18, 0x1b, 0x17, 0x16, 0x1a, 0x15, 0x14, 0x13, 0x12];
    let config = Config { suites: suites.to_vec(), groups: groups.clone(), ..Config::default() };
    let clock = Clock { at: Instant::ZERO, shows: 3 };
    let hello = Session::new(&config, Stream::new(1, "hello"), clock, Instant::ZERO + SECOND).unwrap().take();
    assert_eq!(hello.len(), 220, "the record's length");
    assert_eq!(hello[..11], [0x16, 3, 1, 0, 215, 1, 0, 0, 211, 3, 3], "record and body version");
    assert_eq!(hello[11..15], [0, 0, 0, 4], "the clock's seconds begin the random part");
    let mut expected = vec![0, 0, 98];
    expected.extend(suites.iter().chain(&[0x00ff]).flat_map(|suite| suite.to_be_bytes()));
    expected.extend([1, 0]);
    let signatures = [0x0603u16, 0x0601, 0x0503, 0x0501, 0x0403, 0x0401, 0x0303, 0x0301, 0x0203, 0x0201];
    let mut extensions = vec![0, 13, 0, 22, 0, 20];
    extensions.extend(signatures.iter().flat_map(|s| s.to_be_bytes()));
    extensions.extend([0, 10, 0, 24, 0, 22]);
    extensions.extend(groups.iter().flat_map(|group| group.to_be_bytes()));
    extensions.extend([0, 11, 0, 2, 1, 0, 0, 22, 0, 0, 0, 23, 0, 0, 0, 35, 0, 0]);
    expected.extend((extensions.len() as u16).to_be_bytes());
    expected.extend(extensions);
    assert_eq!(hello[43..], expected, "session, suites, compression and extensions");
}

#[test]
fn a_failed_handshake_has_its_reason_at_both_ends() {
    let dated = |from: u64, until: u64| {
        let host = HostCertificate { valid_from: from, valid_until: until, ..host(KeyKind::Rsa) };
        Config { identity: Some(host.sign().unwrap()), ..server() }
    };
    let trusting = |file: &[u8]| Config { authorities: file.to_vec(), ..client() };
    let wrong_ca = trusting(include_bytes!("../../../certificates/client_ca.1.pem"));
    let mutual = Config { verify: Verify::Required, authorities: client_ca(), ..server() };
    let stranger = Config { authorities: CA.into(), ..mutual.clone() };
    let own = Config { identity: Some(module_identity()), ..client() };
    let key = |id: &str, key: &str| Config { psk: vec![psk(id, key)], ..Config::default() };
    // esp-tls leaves verification on where there is a key and no authority.
    let psk_client = Config { verify: Verify::Required, ..key("id", "0123") };
    let known = Config { server: true, identity: None, ..key("id", "0123") };
    let versions = |low, high, config: Config| Config { versions: (low, high), ..config };
    let suite = |suite, config: Config| Config { suites: vec![suite], ..config };
    let alpn = |name: &str, config: Config| Config { alpn: vec![name.into()], ..config };
    let named = Config { name: Some("other.example.com".into()), ..client() };
    let trusts_nobody = Config { verify: Verify::Required, ..Config::default() };
    let old = versions(Version::Tls10, Version::Tls11, server());
    let new = versions(Version::Tls12, Version::Tls12, client());
    use Reason::*;
    let cases = vec![
        ("another authority of the same name", wrong_ca, server(), TODAY, UnknownCa, Alert(48)),
        ("a date in the past", client(), dated(HostCertificate::FROM, TODAY - 1), TODAY, Expired, Alert(45)),
        ("a date to come", client(), dated(TODAY + 9, HostCertificate::UNTIL), TODAY, NotYetValid, Alert(46)),
        ("a clock of 1970", client(), server(), 12, NotYetValid, Alert(46)),
        ("another name", named, server(), TODAY, WrongName, Alert(42)),
        ("nobody to trust", trusts_nobody, server(), TODAY, NoAuthority, Alert(48)),
        ("no certificate of the client", client(), mutual, TODAY, PeerClosed, NoCertificate),
        ("a strange certificate of the client", own, stranger, TODAY, Alert(48), UnknownCa),
        ("TLS 1.1 at most", new, old, TODAY, NoCommonVersion, Alert(70)),
        (
            "TLS 1.3 alone",
            client(),
            versions(Version::Tls13, Version::Tls13, server()),
            TODAY,
            Alert(70),
            NoCommonVersion,
        ),
        ("suites apart", suite(0x009d, client()), suite(0x009c, server()), TODAY, Alert(40), NoCommonSuite),
        (
            "protocols apart",
            alpn("mqtt", client()),
            alpn("h2", server()),
            TODAY,
            Alert(120),
            NoCommonProtocol,
        ),
        (
            "an identity that is not known",
            key("other", "0123"),
            known.clone(),
            TODAY,
            Alert(115),
            PskMismatch,
        ),
        ("a key that differs", key("id", "4567"), known, TODAY, Alert(20), PskMismatch),
        ("a key, but a certificate comes", psk_client, server(), TODAY, NoAuthority, Alert(48)),
    ];
    for (name, client, server, date, at_client, at_server) in cases {
        let (client, server) = Pair::ends(&client, &server, date);
        assert_eq!((reason(client), reason(server)), (Some(at_client), Some(at_server)), "{name}");
    }
}

#[test]
fn what_the_log_port_prints_of_a_refusal_is_the_librarys_code_and_flags() {
    let expired = HostCertificate { valid_until: TODAY - 1, ..host(KeyKind::Rsa) };
    let server = Config { identity: Some(expired.sign().unwrap()), ..server() };
    let (State::Failed(failure), _) = Pair::ends(&client(), &server, TODAY) else { panic!("it must fail") };
    assert_eq!((failure.code, failure.flags, failure.sent), (-0x2700, 0x01, Some(45)));
    assert_eq!(failure.to_string(), "expired");
    assert_eq!(Reason::Alert(48).to_string(), "alert 48 received (unknown CA)");
}

#[test]
fn a_chip_without_a_calendar_takes_certificates_of_any_date() {
    let old = HostCertificate { valid_until: TODAY - 1, ..host(KeyKind::Rsa) };
    let server = Config { identity: Some(old.sign().unwrap()), ..server() };
    let client = Config { dates: false, ..client() };
    assert_eq!(Pair::ends(&client, &server, TODAY), (State::Open, State::Open));
}

#[test]
fn a_name_is_sent_but_not_compared_where_nothing_is_verified() {
    let config = Config { name: Some("other.example.com".into()), ..Config::default() };
    let pair = Pair::shaken(&config, &server());
    let name = b"other.example.com";
    assert!(pair.sent.0.windows(name.len()).any(|window| window == name), "the hello names the server");
    let silent = Pair::shaken(&Config::default(), &server());
    assert!(!silent.sent.0.windows(11).any(|window| window == b"example.com"), "a name that nobody set");
}

#[test]
fn both_ends_agree_on_suite_version_and_protocol() {
    let client = Config { alpn: vec!["mqtt".into(), "h2".into()], ..client() };
    let server = Config { alpn: vec!["h2".into()], suites: vec![0xc02c, RSA_GCM], ..server() };
    let pair = Pair::shaken(&client, &server);
    for session in [&pair.client, &pair.server] {
        assert_eq!(session.protocol().as_deref(), Some("h2"));
        assert_eq!(session.suite(), Some(RSA_GCM), "the first of the server's that its key allows");
        assert_eq!(session.version(), Some(Version::Tls12));
    }
}

#[test]
fn data_goes_out_in_records_of_the_size_that_is_set() {
    let client = Config { record: 4096, suites: vec![RSA_GCM], ..client() };
    let mut pair = Pair::shaken(&client, &server());
    pair.sent = Default::default();
    assert_eq!(pair.client.write(&[1; 9000]), 9000);
    assert_eq!(drain(&mut pair, false).iter().map(Vec::len).collect::<Vec<_>>(), [4096, 4096, 808]);
    // 24 bytes more in the record: explicit nonce and tag. With its header 29.
    assert_eq!(records(&pair.sent.0), [(23, 4120), (23, 4120), (23, 832)]);
}

#[test]
fn a_record_is_read_in_parts_and_the_next_one_stays_below() {
    let mut pair = Pair::shaken(&Config { suites: vec![RSA_GCM], ..client() }, &server());
    pair.server.write(&[1; 10_000]);
    pair.server.write(&[2; 100]);
    pair.pump();
    while pair.client.read(2920).is_empty() {
        assert!(hand_over(&mut pair.client, &mut pair.unread.0, pair.now), "the first record is there");
    }
    assert_eq!(pair.client.readable(), 10_000 - 2920);
    let rest: Vec<usize> = (0..3).map(|_| pair.client.read(2920).len()).collect();
    assert_eq!((rest, pair.client.readable()), (vec![2920, 2920, 1240], 0));
    assert_eq!(pair.unread.0.len(), 129, "the second record has not been touched");
}

#[test]
fn nothing_of_a_record_can_be_read_before_all_of_it_is_there() {
    let mut pair = Pair::shaken(&client(), &server());
    pair.server.write(&[1; 1000]);
    let record = pair.server.take();
    for byte in &record[..record.len() - 1] {
        assert_eq!(pair.client.read(100), b"");
        pair.client.feed(pair.now, &[*byte]);
    }
    assert_eq!(pair.client.read(100), b"");
    assert_eq!(pair.client.wants(), 1);
    pair.client.feed(pair.now, &record[record.len() - 1..]);
    assert_eq!(pair.client.read(100), [1; 100]);
}

#[test]
fn close_notify_is_a_record_of_31_bytes_and_ends_the_others_reading() {
    let mut pair = Pair::shaken(&Config { suites: vec![RSA_GCM], ..client() }, &server());
    pair.sent = Default::default();
    pair.server.write(b"last");
    pair.server.close();
    assert_eq!(drain(&mut pair, true), [b"last"]);
    assert_eq!(records(&pair.sent.1), [(23, 28), (21, 26)]);
    assert_eq!(pair.client.state(), State::PeerClosed);
    assert_eq!(pair.client.write(b"still"), 5, "the other direction is open");
    assert_eq!(pair.server.write(b"no more"), 0);
    assert_eq!(drain(&mut pair, false), [b"still"]);
}

#[test]
fn a_module_that_closes_says_nothing() {
    let mut pair = Pair::shaken(&Config { close_notify: false, ..client() }, &server());
    pair.client.close();
    assert!(!pair.client.has_output());
}

#[test]
fn an_end_without_close_notify_counts_as_an_end() {
    let mut pair = Pair::shaken(&client(), &server());
    pair.server.write(b"all");
    assert_eq!(drain(&mut pair, true), [b"all"]);
    pair.client.end(pair.now);
    assert_eq!(pair.client.read(100), b"");
    assert_eq!(pair.client.state(), State::PeerClosed);
}

#[test]
fn a_connection_that_ends_in_the_handshake_fails_it() {
    let mut pair = Pair::new(&client(), &server());
    pair.client.take();
    pair.client.end(pair.now);
    let State::Failed(failure) = pair.client.state() else { panic!("it must fail") };
    assert_eq!((failure.reason, failure.code), (Reason::PeerClosed, -0x7280));
}

#[test]
fn a_fatal_alert_and_a_changed_record_fail_an_open_session() {
    let mut pair = Pair::shaken(&client(), &server());
    pair.server.fail(80);
    drain(&mut pair, true);
    assert_eq!(reason(pair.client.state()), Some(Reason::Alert(80)));

    let mut pair = Pair::shaken(&client(), &server());
    pair.server.write(b"data");
    let mut record = pair.server.take();
    *record.last_mut().unwrap() ^= 1;
    pair.unread.0 = record;
    assert_eq!(drain(&mut pair, true), Vec::<Vec<u8>>::new());
    let State::Failed(failure) = pair.client.state() else { panic!("it must fail") };
    assert_eq!((failure.reason, failure.code), (Reason::BadRecord, -0x7180));
    drain(&mut pair, false);
    assert_eq!(reason(pair.server.state()), Some(Reason::Alert(20)), "the other side hears of it");
}

#[test]
fn the_key_log_has_the_hellos_random_and_both_ends_write_the_same() {
    let mut pair = Pair::shaken(&client(), &server());
    let line = pair.client.take_secret().expect("the client's secrets");
    assert_eq!(pair.server.take_secret().as_deref(), Some(&*line));
    assert_eq!(pair.client.take_secret(), None);
    let random: String = pair.sent.0[11..43].iter().map(|b| format!("{b:02x}")).collect();
    let [label, first, master] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
    assert_eq!((label, first, master.len()), ("CLIENT_RANDOM", &*random, 96));
}

#[test]
fn secrets_are_there_before_what_they_open() {
    let mut pair = Pair::new(&client(), &server());
    let hello = pair.client.take();
    pair.server.feed(pair.now, &hello);
    let flight = pair.server.take();
    for byte in flight {
        assert_eq!(pair.client.take_secret(), None);
        pair.client.feed(pair.now, &[byte]);
    }
    assert!(pair.client.take_secret().is_some(), "with the first encrypted record");
    assert!(pair.client.has_output());
}

#[test]
fn a_chip_computes_before_it_answers_a_flight() {
    let slow = Config { flight: (SECOND, SECOND), ..client() };
    let mut pair = Pair::new(&slow, &server());
    assert!(pair.client.has_output(), "the hello takes no time");
    pair.pump();
    assert_eq!(pair.client.state(), State::Open);
    assert_eq!(pair.now, Instant::ZERO + SECOND + SECOND, "one flight of the server is answered");
}

#[test]
fn a_peer_that_is_silent_for_too_long_is_given_up_and_each_byte_counts() {
    for fault in [Fault::Silent, Fault::HalfFlight] {
        let server = Config { fault: Some(fault), ..server() };
        let client = Config { patience: Some(Duration::from_secs(10)), ..client() };
        let mut pair = Pair::new(&client, &server);
        pair.pump();
        assert_eq!(reason(pair.client.state()), Some(Reason::Silent), "{fault:?}");
        assert_eq!(pair.now, Instant::ZERO + Duration::from_secs(11), "{fault:?}: at once, then nothing");
    }
    let client = Config { patience: Some(Duration::from_secs(10)), ..client() };
    let mut pair = Pair::new(&client, &server());
    pair.client.feed(Instant::ZERO + Duration::from_secs(10), &[0x16]);
    assert_eq!(pair.client.next_timer(), Some(Instant::ZERO + Duration::from_secs(20)));
}

#[test]
fn what_cannot_be_read_is_an_error_of_the_set_up() {
    let clock = Clock { at: Instant::ZERO, shows: TODAY };
    let made = |config: Config| Session::new(&config, Stream::new(1, "x"), clock, Instant::ZERO).err();
    let Identity { certificate, key } = module_identity();
    let identity = |certificate: &[u8], key: &[u8]| {
        Some(Identity { certificate: certificate.to_vec(), key: key.to_vec() })
    };
    let damaged = &certificate[..certificate.len() / 2];
    let bad = made(Config { identity: identity(damaged, &key), ..Config::default() });
    assert!(matches!(bad, Some(SetupError::Certificate(_))), "{bad:?}");
    let bad = made(Config { identity: identity(&certificate, b"none"), ..Config::default() });
    assert!(matches!(bad, Some(SetupError::Key(_))), "{bad:?}");
    let bad = made(Config { authorities: b"none".to_vec(), ..Config::default() });
    assert!(matches!(bad, Some(SetupError::Authorities(_))), "{bad:?}");
    let bad = made(Config { psk: vec![psk("id", "")], ..Config::default() });
    assert!(matches!(bad, Some(SetupError::Other(_))), "{bad:?}");
    assert!(bad.unwrap().to_string().starts_with("the settings of TLS"));
}

#[test]
fn a_hosts_certificate_depends_on_what_is_said_of_it_only() {
    let first = host(KeyKind::Ec).sign().unwrap();
    assert!(first == host(KeyKind::Ec).sign().unwrap(), "a second one is another");
    let until = HostCertificate { valid_until: TODAY, ..host(KeyKind::Ec) };
    assert!(first.certificate != until.sign().unwrap().certificate);
    let nameless = HostCertificate { names: vec![], addresses: vec![], ..host(KeyKind::Ec) };
    assert!(matches!(nameless.sign(), Err(SetupError::Certificate(_))));
    let odd = HostCertificate { names: vec!["a, CN=b".into()], ..host(KeyKind::Ec) };
    assert!(matches!(odd.sign(), Err(SetupError::Certificate(_))), "a name cannot bring others");
    for (host, what) in [(nameless, "no name"), (odd, "a name with others in it")] {
        assert!(matches!(host.check(), Err(SetupError::Certificate(_))), "{what} is found only by signing");
    }
    assert!(until.check().is_ok());
}

#[test]
fn a_server_without_a_certificate_shows_the_one_of_its_host_with_what_follows_it() {
    let signed = server();
    let named = Config { server: true, host: Some(host(KeyKind::Rsa)), ..Config::default() };
    let sent = |server: &Config| Pair::shaken(&client(), server).sent.1;
    assert!(sent(&named) == sent(&signed), "another certificate, or none");
    assert!(sent(&named.clone().for_mqtt()) == sent(&signed.clone().for_mqtt()), "another chain, or none");
    assert!(sent(&named.for_mqtt()) != sent(&signed), "a broker has no chain");
}

#[test]
fn any_bytes_at_all_end_a_session_in_order() {
    let mut noise = Stream::new(9, "noise");
    let configs = [client(), server()];
    for round in 0..100u32 {
        for config in &configs {
            let clock = Clock { at: Instant::ZERO, shows: TODAY };
            let mut session = Session::new(config, Stream::new(1, "x"), clock, Instant::ZERO).unwrap();
            session.take();
            let mut bytes = vec![0x16, 3, 3, 0, 40, 1 + (round % 16) as u8, 0, 0, 36];
            bytes.extend((0..64).map(|_| noise.next_u64() as u8));
            for byte in bytes {
                if session.wants() > 0 {
                    session.feed(Instant::ZERO, &[byte]);
                }
            }
            session.end(Instant::ZERO);
            assert!(reason(session.state()).is_some(), "round {round}: it goes on without a peer");
        }
    }
}

#[test]
fn a_broker_keeps_what_makes_it_one_whatever_is_changed_of_it() {
    let first = Config { host: Some(host(KeyKind::Rsa)), ..server() }.for_mqtt();
    let asking = Config {
        host: Some(host(KeyKind::Rsa)),
        verify: Verify::Optional,
        authorities: client_ca(),
        ..server()
    };
    let asking = asking.for_mqtt();
    let contains = |all: &[u8], part: &str| all.windows(part.len()).any(|w| w == part.as_bytes());
    for first in [&first, &asking] {
        for clients in [Clients::Asked, Clients::Required] {
            let config = first.changed(first, Change::Clients(clients)).unwrap();
            for authority in [MQTT_CLIENT_CA, CLIENT_CA] {
                assert!(contains(&config.authorities, authority), "{clients:?}: an authority is gone");
            }
            let none = config.changed(first, Change::Clients(Clients::None)).unwrap();
            assert_eq!(none.verify, Verify::None);
            let again = none.changed(first, Change::Clients(clients)).unwrap();
            assert_eq!(again, config);
        }
        for shows in [Shows::Expired, Shows::NotYetValid, Shows::WrongName, Shows::UnknownCa, Shows::Right] {
            let shown = first.changed(first, Change::Shows(shows)).unwrap().identity.unwrap();
            assert!(contains(&shown.certificate, MQTT_CHAIN), "{shows:?}: the chain is gone");
            let own = first.identity.as_ref().unwrap();
            assert_eq!(shown.certificate == own.certificate, shows == Shows::Right, "{shows:?}");
        }
    }
    // One whose certificate is signed when somebody wants to see it.
    let named = Config { server: true, host: Some(host(KeyKind::Rsa)), ..Config::default() }.for_mqtt();
    let expired = named.changed(&named, Change::Shows(Shows::Expired)).unwrap();
    assert!(contains(&expired.identity.as_ref().unwrap().certificate, MQTT_CHAIN), "the chain is gone");
    assert_eq!(expired.changed(&named, Change::Shows(Shows::Right)).unwrap(), named);
}

#[test]
fn a_server_with_authorities_of_its_own_asks_for_their_clients() {
    let own = Config { verify: Verify::Required, authorities: CA.into(), ..server() };
    for clients in [Clients::Asked, Clients::Required] {
        let config = own.changed(&own, Change::Clients(clients)).unwrap();
        assert_eq!(config.authorities, own.authorities, "{clients:?}: the scenario's authority is gone");
    }
}
